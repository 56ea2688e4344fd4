/*
 * Expectations decided sequentially: more replications, twice as many at each look, until each is
 * known to hold or to fail, or the most that is allowed is reached; then it is "not decided", with
 * the number of replications that would about tell.
 *
 * Looking again and again at an interval of 95% would in the end find it wrong. So the error is
 * spent: look k uses an interval of confidence 1 - error * 6 / (pi^2 k^2), and these shares add up
 * to `error` over any number of looks (a confidence sequence by the union bound; Robbins,
 * "Statistical methods related to the law of the iterated logarithm", 1970). An expectation is
 * therefore decided wrongly with a probability of at most `error`, whenever one stops:
 *   a quantile of a delay, one a replication   is a share of them below the limit: Clopper and
 *                                              Pearson, exact; those not over count both ways
 *   a mean                                     Student's t, as good as that is; of a share of which
 *                                              all trials came out alike Clopper and Pearson; of
 *                                              what was the same in every replication: taken as it
 *                                              is
 *   any other quantile                         its interval, widened as a normal one would be
 */
#ifndef SIM_EXPERIMENT_SEQUENTIAL_H
#define SIM_EXPERIMENT_SEQUENTIAL_H

#include "experiment.h"
#include "model/stats/stats.h"

#define SEQUENTIAL_ERROR 0.01
#define SEQUENTIAL_FIRST 100  /* replications at the first look */
#define SEQUENTIAL_MOST 12800 /* and at the last, unless asked otherwise */

struct sequential {
    double error;  /* of one expectation */
    int64_t first; /* 0: SEQUENTIAL_FIRST */
    int64_t most;  /* 0: SEQUENTIAL_MOST */
};

enum decision { DECISION_OPEN, DECISION_HOLDS, DECISION_FAILS };

/* Of look 1, 2, ... */
double sequential_confidence(double error, int look);

/* What an interval says of `value op limit`; open while the limit is inside. */
enum decision sequential_decide(struct interval interval, enum op op, double limit);

/* Does a share of at least `least` and at most `most` of n trials say that the p-quantile is `op`
 * a limit, below which (for < and <=; else strictly below which) these trials were? */
enum decision sequential_quantile(int64_t least, int64_t most, int64_t n, double p, enum op op,
                                  double confidence);

/* As experiment_run; the verdicts say pass, fail or undecided. */
enum und_code sequential_run(const struct scenario *scenario, const struct experiment *experiment,
                             const struct sequential *sequential, struct result *result,
                             struct und_err *err);

#endif
