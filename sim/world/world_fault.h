/*
 * Faults: when they come, what they do to the world, how they end. What each takes is the table in
 * model/fleet/fault.c; what the faults that fleets report do is world_field.c.
 *
 * Anyone may read which are on.
 */
#ifndef SIM_WORLD_WORLD_FAULT_H
#define SIM_WORLD_WORLD_FAULT_H

#include "model/fleet/scenario.h"

#include <stdbool.h>
#include <stdint.h>

struct world;

struct world_faults {
    bool active[SCENARIO_FAULTS];
    uint64_t struck[SCENARIO_FAULTS]; /* hosts; bit set */
    int to_come;
    int github_down, token_bad, pauses; /* counts of causes; pauses: of the policy */
    int maintenances[FLEET_HOSTS];
    double api_error_rate;
    bool human_called;
};

/* The scenario's fault i if it goes on, takes one of `takes` (fault.h) and, where it strikes hosts,
 * has struck this one (host -1: whichever); else NULL. */
const struct fault *world_fault_on(const struct world *world, int i, unsigned takes, int host);

void world_fault_start(struct world *world); /* a replication; all are to come */
/* EV_FAULT, EV_FAULT_END; and a drill that brings one about. Ending one that is not on is nothing.
 */
void world_fault_begin(struct world *world, uint32_t fault);
void world_fault_end(struct world *world, uint32_t fault);
/* EV_BREAKDOWN, EV_REPAIR: of a host, by its MTBF and MTTR. */
void world_fault_breakdown(struct world *world, int host);
void world_fault_repair(struct world *world, int host);
/* A human is paged, once until the one who was called has come; EV_HUMAN: repairs what has no end
 * of its own. */
void world_fault_call_human(struct world *world);
void world_fault_human(struct world *world);
bool world_fault_over(const struct world *world); /* none goes on, none is to come */

#endif
