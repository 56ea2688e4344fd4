/*
 * How long the start shows: `warmup: auto`. A few pilot replications, on random numbers of their
 * own, are averaged over equal stretches of time (Welch), and MSER-5 (model/stats/stats.h) finds
 * the truncation at which the mean of the rest is known best; at most half of the duration. A load
 * that follows the day is spread like any other: its nights are no warm-up.
 *
 * MSER-5 weighs bias against variance, so that at 90% load the few per mille that it leaves make
 * intervals miss. So at least four times what the pilots' own memory is (their integrated
 * autocorrelation time) is dropped too, be it of the jobs in the system or of hosts that break
 * down: whichever is slower.
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
