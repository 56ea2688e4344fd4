/*
 * The best of k systems with a stated probability: ranking and selection by the fully sequential
 * procedure KN of Kim and Nelson ("A fully sequential procedure for indifference-zone selection in
 * simulation", ACM Transactions on Modeling and Computer Simulation 11 (2001)).
 *
 * Systems are compared pair by pair under common random numbers; one that is worse than another by
 * more than a triangle allows is dropped, and the rest get more replications. Where the best one is
 * better than all others by at least `indifference`, it is chosen with at least `confidence`; else
 * one that is not worse than the best by more. Values of replications are taken to be near normal,
 * as means of many jobs are. Looking less often than after each replication, as here, keeps the
 * probability (Jennison, Johnstone and Turnbull, 1982).
 */
#ifndef SIM_PLANNING_BEST_H
#define SIM_PLANNING_BEST_H

#include "model/base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define BEST_FIRST 50   /* replications from which variances are estimated */
#define BEST_MOST 12800 /* of one system, unless asked otherwise */
#define BEST_CONFIDENCE 0.95
#define BEST_GROWTH 1.5 /* and so many times as many at each look */

struct best {
    int k;
    double indifference, confidence;
    int64_t most; /* replications of one system */
    /* Values 0..n-1 of a system; more of the same ones when asked for more. */
    enum und_code (*sample)(void *context, int system, int64_t n, double *value,
                            struct und_err *err);
    void *context;
};

struct best_system {
    bool out;
    int64_t replications; /* when it fell out; of those that are left, all */
    double mean;
};

/* The system with the least mean, in `chosen`; of->out says which fell out on the way. `sure`:
 * false where `most` came first, so that the least mean of those left was taken without the
 * probability. `of` has k places. A system whose values are NAN falls out. */
enum und_code best_of(const struct best *best, struct best_system *of, int *chosen, bool *sure,
                      struct und_err *err);

#endif
