/*
 * What holds of incidents whatever the scenario: the counts at any time, each incident when its
 * replication is over. Asserted: only a bug in world_incident.c, or in whoever tells it news,
 * breaks it.
 */
#ifndef SIM_WORLD_WORLD_INCIDENT_CHECK_H
#define SIM_WORLD_WORLD_INCIDENT_CHECK_H

#include "world_incident.h"

/* Wherever incidents are opened or closed: no more than there is room for, and no failover done
 * that was not due. */
void world_incident_check_counts(const struct world_incidents *incidents);
/* At the end, now_ms: no delay is longer than it was watched, and all came in their order. */
void world_incident_check(const struct incident *incident, int64_t now_ms);

#endif
