/*
 * Steady-state questions: what the long run is like. Which scenarios ask one, whether it has an
 * answer, and what can be said of a queue that grows.
 */
#ifndef SIM_EXPERIMENT_STEADY_H
#define SIM_EXPERIMENT_STEADY_H

#include "measure.h"
#include "model/base/err.h"
#include "model/fleet/scenario.h"

#define STEADY_FEW 5         /* fewer replications: batch means are the better interval */
#define STEADY_LONG_RUN 4096 /* stretches of each of those few */

/* UND_USAGE where the answer is known to be infinite: jobs come faster than the hosts, broken down
 * as often as their MTBF says, can serve them. Peaks above the capacity are no harm, and neither is
 * a queue with a ceiling or impatient jobs; traces are finite. */
enum und_code steady_check(const struct scenario *scenario, struct und_err *err);

/* How to divide the course of each of n replications, for the two below; n == 0: not at all. */
void steady_lay_out(const struct scenario *scenario, int64_t warmup_ms, int64_t replications,
                    struct time_slices *slices);

/*
 * Does the queue grow without end? The time observed is cut into sections (3; 8 of fewer than
 * STEADY_FEW replications); a replication grows when its mean queue is longer in each than in the
 * one before. True if at least nine in ten replications grow, and in sum the second half adds at
 * least three quarters of what the first half does: linear, not settling. In a stable queue, whose
 * memory is short against a section, every order of the sections is as likely: a false alarm
 * happens with at most (1/3!)^5 = 1.3e-4.
 */
bool steady_grows(const struct findings *findings);

/* Intervals of the long-run means from batches over time, where replications are few. */
void steady_batch_means(const struct findings *findings, int64_t slots, struct result *result);

#endif
