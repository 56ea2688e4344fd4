/*
 * From what each replication found to a struct result: pooled quantiles, intervals over the
 * replications. judge.h has the verdicts, steady.h what is special about the long run.
 */
#ifndef SIM_EXPERIMENT_MEASURE_H
#define SIM_EXPERIMENT_MEASURE_H

#include "model/stats/stats.h"
#include "sim/world/world.h"

struct findings { /* in the order of the replications */
    struct rep *rep;
    struct rep_host *hosts;     /* n_hosts a replication */
    struct rep_facet *facets;   /* n_facets a replication */
    struct incident *incidents; /* max_incidents a replication */
    struct stretch *stretch;    /* slices.n a replication */
    struct time_slices slices;  /* how all of them are divided */
    int64_t n;
    int max_incidents, n_hosts, n_facets;
};

/* `world` holds the merged sketch and levels of all workers. */
void measure_result(const struct scenario *scenario, uint64_t seed, const struct findings *findings,
                    struct world *world, struct result *result);

/* Of each replication a value such that their mean is the metric's and the interval of their mean
 * is the metric's interval; NAN where nothing was observed. The caller frees. */
double *measure_each(const struct findings *findings, enum metric metric);

/* undetected.c */
void measure_undetected(const struct scenario *scenario, const struct findings *findings,
                        struct result *result);

/* measure_delay.c */
bool measure_is_delay(enum metric metric); /* of incidents; all others are of jobs or of time */
/* Of each replication, added to the arrays. */
void measure_delay_parts(const struct findings *findings, enum metric metric, double *sum,
                         double *count);
void measure_delays(const struct findings *findings, enum metric metric, struct result *result);
/* Of the delays, whose samples are in `result`; NAN where it is beyond what was seen. */
double measure_delay_quantile(const struct findings *findings, const struct result *result,
                              enum metric metric, double p, struct interval *interval);
/* All that a curve says but for the intervals of the quantiles. */
struct survival;
void measure_survival(const struct survival *survival, struct quantity *q);

/* Sum of a over sum of b, and each replication's ratio; `proportion`: b counts trials, a successes.
 * The array at `by_replication` is the caller's to free. */
void measure_ratio(const double *a, const double *b, int64_t n, bool proportion, struct quantity *q,
                   double **by_replication);
double *measure_new(int64_t n); /* zeros; the caller frees */
/* Mean and interval by replications (of the ratio of sums), the distribution from the jobs of all
 * of them. */
void measure_waits_quantity(struct waits *waits, const struct quantity *by_replication,
                            struct quantity *quantity);

#endif
