/*
 * How long the start shows: `warmup: auto`. A few pilot replications, on random numbers of their
 * own, are averaged over equal stretches of time (Welch), and MSER-5 (model/stats/stats.h) finds
 * the truncation at which the mean of the rest is known best; at most half of the duration. A load
 * that follows the day is spread like any other: its nights are no warm-up.
 */
#ifndef SIM_EXPERIMENT_WARMUP_H
#define SIM_EXPERIMENT_WARMUP_H

#include "model/base/err.h"
#include "sim/world/world.h"

/* Runs the pilots in `world`, whose sketches it leaves as they were new. `settled`: false when the
 * runs are still warming up after half of their duration. Depends on scenario and seed alone. */
int64_t warmup_find(struct world *world, uint64_t seed, bool *settled);
/* UND_USAGE where there is nothing to find: no duration. */
enum und_code warmup_check(const struct scenario *scenario, struct und_err *err);

#endif
