/*
 * What a scenario asks for beyond the metrics (model/fleet/facet.h): waits of a part of the jobs,
 * levels over a part of the time, shares beyond a limit; of one replication, and gathered over all
 * of one worker's. Part of world_measure.c, which calls it where there is any facet: a scenario
 * that asks for none pays a comparison.
 *
 * Anyone may read; sim/experiment/measure_facet.c does.
 */
#ifndef SIM_WORLD_WORLD_FACET_H
#define SIM_WORLD_WORLD_FACET_H

#include "model/fleet/facet.h"
#include "sim/stats/cluster.h"
#include "sim/stats/level.h"
#include "sim/stats/waits.h"

#include <stdint.h>

struct rep_facet;
struct job;
struct news;
struct world;

struct facet_gather {
    const struct facet *facet; /* the scenario's */
    /* Of all replications: waits of jobs, or a level over time. */
    struct waits waits;
    struct level level;
    struct cluster_set clusters;
    /* Of this one. */
    struct level rep_level;
    int64_t beyond, within; /* jobs, or ms; jobs that still wait and are not beyond */
    double limit;           /* of the level, in its own unit */
};

struct world_facets {
    struct facet_gather *of; /* owned; n of them, in the scenario's order */
    int n;
};

bool world_facet_of_jobs(const struct facet *facet); /* else of time */

/* For the world's whole life, from the scenario alone; close frees. */
void world_facet_open(struct world *world);
void world_facet_close(struct world *world);
void world_facet_start(struct world *world); /* a replication */
/* Fills in what it found; `group` is the replication's of the cohort. */
void world_facet_finish(struct world *world, int group, struct rep_facet *found);
void world_facet_merge(struct world *world, const struct world *part);
void world_facet_forget(struct world *world);

/* So many ms have passed in which nothing changed. */
void world_facet_hold(struct world *world, int64_t ms);
/* A job that counts has started on the host; or still waits at the end (host -1). */
void world_facet_wait(struct world *world, const struct job *job, int host, int64_t wait_ms);

#endif
