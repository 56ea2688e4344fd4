/*
 * Which registrations are a host's: those whose name its `registrations` pattern matches
 * (fnmatch(3):
 * `*`, `?`, `[a-z]`). A host without a pattern has the registration of its own name, and those of
 * its name, a dash and a number: ci-1 has ci-1 and ci-1-7, but not ci-10. Pure.
 */
#ifndef MODEL_FLEET_REGISTRATION_H
#define MODEL_FLEET_REGISTRATION_H

#include "fleet.h"

/* Is the registration of this name one of the host's? */
bool registration_is_of(const struct host *host, const char *name);

/* Is there a name that both would have? Exact: it runs both patterns against each other. */
bool registration_shared(const struct host *a, const struct host *b);

#endif
