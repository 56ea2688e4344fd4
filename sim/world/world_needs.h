/*
 * Runs whose jobs need one another: what of a run has not begun waits here, and becomes jobs when
 * all jobs of the classes that it needs are over. As at GitHub it is created then, so that its wait
 * begins then; and where one of those failed it fails as well, without having begun.
 *
 * All its own. Ceilings: WORLD_JOBS runs and steps; more is an unstable queue.
 */
#ifndef SIM_WORLD_WORLD_NEEDS_H
#define SIM_WORLD_WORLD_NEEDS_H

#include "model/fleet/fleet.h"

#include <stdbool.h>
#include <stdint.h>

struct world;
struct run;
struct step;

struct world_needs {
    struct run *run; /* owned; NULL: no class needs another */
    struct step *step;
    uint32_t free_run, n_runs, free_step, n_steps;
};

/* For the life of the world: nothing is allocated where no class needs another; close frees. */
void world_needs_open(struct world *world);
void world_needs_close(struct world *world);
void world_needs_start(struct world *world); /* a replication: no run */

/* Does any class need another? Only then is there anything to do here. */
bool world_needs_any(const struct world *world);
/* A new run, its jobs one after the other, and that these are all: what needs nothing is submitted.
 * NONE and false where there is no room. */
uint32_t world_needs_begin(struct world *world);
bool world_needs_add(struct world *world, uint32_t run, int job_class, int64_t work_ms);
void world_needs_go(struct world *world, uint32_t run);
/* A job of the run has concluded, and is not run again. */
void world_needs_over(struct world *world, uint32_t run, int job_class, bool success);

#endif
