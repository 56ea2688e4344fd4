/*
 * What is measured of jobs and of time: waits, how many wait and how many slots are busy over time,
 * availability, what was done; of one replication, and gathered over all of one worker's.
 *
 * Anyone may read; the quantiles of sim/experiment come from here.
 */
#ifndef SIM_WORLD_WORLD_MEASURE_H
#define SIM_WORLD_WORLD_MEASURE_H

#include "model/fleet/fleet.h"
#include "sim/stats/level.h"
#include "sim/stats/time_slices.h"
#include "sim/stats/wait_sums.h"
#include "sim/stats/waits.h"
#include "world_news.h"

#include <stdint.h>

struct rep;
struct world;

struct measure_host {
    int64_t busy_ms, able_ms; /* integrals */
    int64_t done, failed;
};

struct world_measures {
    /* Of all replications. */
    struct waits waits;       /* of all jobs */
    struct waits fault_waits; /* of those created while a fault's capacity was missing */
    struct wait_sums class_waits[FLEET_CLASSES], host_waits[FLEET_HOSTS];
    struct level queue_level; /* jobs waiting over time */
    struct level busy_level;  /* occupied slots over time */
    struct cluster_set queue_clusters, busy_clusters;
    /* Of this one. */
    int group;
    struct time_slices *slices; /* the caller's; NULL: not wanted */
    struct level rep_queue_level, rep_busy_level;
    int64_t since_ms; /* the integrals go up to there */
    int64_t available_ms;
    int64_t jobs_done, jobs_failed, first_done, first_failed, given_up;
    int64_t waited, started, wait_sum_ms;
    int64_t n_fault_waits, fault_wait_sum_ms;
    struct measure_host host[FLEET_HOSTS];
};

/* For the world's whole life, from the scenario alone; close frees. */
void world_measure_open(struct world *world);
void world_measure_close(struct world *world);
/* A replication of that group; `slices` may be NULL and outlives it. */
void world_measure_start(struct world *world, int group, struct time_slices *slices);
/* Fills in what it found, of jobs that still wait as well. */
void world_measure_finish(struct world *world, struct rep *rep);
void world_measure_merge(struct world *world, const struct world *part);
void world_measure_forget(struct world *world);
/* Use world_account (world.h): adds the time since the last change to every integral. */
void world_measure_account(struct world *world);

world_listener world_measure_job_started;
world_listener world_measure_job_succeeded;
world_listener world_measure_job_failed;

#endif
