/*
 * What differs in how two fleets watch themselves, besides the rules' own texts: intervals, the
 * hosts that a rule watches, and how its alerts reach the controller (route, times, group,
 * inhibition).
 */
#ifndef SIM_RULES_FLEET_COMPARE_H
#define SIM_RULES_FLEET_COMPARE_H

#include "model/fleet/fleet.h"

#include <jansson.h>

/* Appends texts. Rules are paired by name, scrape job and order. */
void fleet_compare(json_t *texts, const struct fleet *before, const struct fleet *after);

/* Is an alert of this name simulated in the fleet? (Names are cut as in struct rule.) */
bool fleet_has_alert(const struct fleet *fleet, const char *name);

#endif
