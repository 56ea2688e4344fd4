/*
 * All hosts down at once: too rare to be met by simulating years of the fleet. This simulates the
 * hosts and what takes them down alone (breakdowns by MTBF; faults of the scenario that make hosts
 * unreachable), without jobs, and makes failures more likely: at a rate `bias` times theirs while
 * nothing is down (first) and while something is (next). Every outcome counts with its likelihood
 * ratio up to the moment at which all are down, so that the estimates are unbiased (importance
 * sampling by failure biasing: Heidelberger, "Fast simulation of rare events in queueing and
 * reliability models", ACM TOMACS 5 (1995)).
 *
 * Only exponential times to failure are biased, because they have no memory; others happen as they
 * are. The biases are chosen such that about one replication in two or three sees the event. All
 * hosts are up at the start; maintenance does not count, a drained host can be taken back.
 */
#ifndef SIM_EXPERIMENT_RARE_H
#define SIM_EXPERIMENT_RARE_H

#include "model/base/err.h"
#include "model/fleet/result.h"
#include "model/fleet/scenario.h"

#define RARE_REPLICATIONS 100000
#define RARE_HITS 100 /* fewer replications with the event are no basis for an interval */

/* UND_USAGE where the scenario cannot be asked: no duration, a host that nothing takes down, a
 * fault that only a human ends. Depends on scenario and seed alone. */
enum und_code rare_run(const struct scenario *scenario, uint64_t seed, int64_t replications,
                       struct rare_result *result, struct und_err *err);

#endif
