/*
 * The load: arrivals of runs, their fan-out into jobs, classes and durations.
 *
 * Anyone may read the classes' figures; the rest is its own.
 */
#ifndef SIM_WORLD_WORLD_WORKLOAD_H
#define SIM_WORLD_WORLD_WORKLOAD_H

#include "model/fleet/fleet.h"
#include "sim/engine/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct world;

struct world_workload {
    double class_pm_a_ms[FLEET_CLASSES]; /* per mille of the mean duration, a ms of a job */
    int64_t class_mcores[FLEET_CLASSES];
    struct source duration[FLEET_CLASSES];
    struct source interval; /* of renewal arrivals */
    size_t next_trace;      /* entry of the trace */
    double next_arrival_ms; /* not rounded, so that rounding does not add up */
    double class_weight_sum, rate_peak, profile_scale, fan_out_scale;
    double spell_factor; /* of the rate, up to spell_end_ms */
    double spell_end_ms;
    double rate_below[24], rate_above[24]; /* around the rate in each hour of the day */
};

/* For the world's whole life, from the scenario alone. */
void world_workload_open(struct world *world);
void world_workload_start(struct world *world); /* a replication, with its first arrival */
/* EV_ARRIVAL: its jobs are submitted, and the next arrival is awaited. */
void world_workload_arrival(struct world *world);
/* One job of a drill's own, now. */
void world_workload_canary(struct world *world, int64_t work_ms);
/* The next attempt of a job that failed, not submitted yet; NONE: there is no room. */
uint32_t world_workload_rerun(struct world *world, uint32_t job);
/* Is a job that GitHub has lost run again when its lock has run out? */
bool world_workload_reruns(const struct world *world);
/* A new duration for the next attempt. */
int64_t world_workload_redraw(struct world *world, uint32_t job);
/* Has the last job of a trace been done? Without a duration the replication is over then. */
bool world_workload_over(const struct world *world);

#endif
