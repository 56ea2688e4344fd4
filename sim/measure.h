/*
 * From what each replication found to a struct result: pooled quantiles, intervals over the
 * replications, verdicts on the scenario's expectations.
 */
#ifndef SIM_MEASURE_H
#define SIM_MEASURE_H

#include "world.h"

struct findings { /* in the order of the replications */
    struct rep *rep;
    struct incident *incidents; /* max_incidents a replication */
    int64_t n;
    int max_incidents;
};

/* Of each replication, NAN where no job started; the caller frees. */
double *measure_mean_waits(const struct findings *findings);

/* `world` holds the merged sketch and levels of all workers. */
void measure_result(const struct scenario *scenario, uint64_t seed, const struct findings *findings,
                    struct world *world, struct result *result);

#endif
