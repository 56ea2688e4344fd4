/*
 * Intervals for quantiles of values that come in clusters: the waits of all jobs of a replication
 * are correlated, those of different replications are not. So the unit of the estimate is the
 * replication. The share of values up to a place is a ratio of sums over replications; its interval
 * follows from the replications' residuals, and is mapped back to values (Woodruff, "Confidence
 * intervals for medians and other position measures", JASA 47 (1952); Francisco and Fuller, Annals
 * of Statistics 19 (1991)).
 *
 * A cluster set keeps, for each bucket of sketch.h, what the residuals' sum of squares needs, in
 * integers: sets of parts merge to the set of the whole, in any order. Memory is allocated by
 * cluster_init alone: 720 KiB, touched as far as values reach.
 */
#ifndef SIM_STATS_CLUSTER_H
#define SIM_STATS_CLUSTER_H

#include "model/stats/sketch.h"
#include "model/stats/stats.h"

struct cluster_set {
    int64_t n;           /* clusters that hold values */
    int128 size_squares; /* sum over clusters of N^2 */
    int128 *squares;     /* owned; by bucket b: sum of C(b)^2 - C(b - 1)^2, where C(b) of the */
    int128 *products;    /* N values are up to b; sum of (C(b) - C(b - 1)) N */
    int32_t last;        /* bucket in use, -1: none */
};

/* The struct is the caller's; clear forgets what was added and keeps the memory. */
void cluster_init(struct cluster_set *set);
void cluster_fini(struct cluster_set *set);
void cluster_clear(struct cluster_set *set);
struct level;
/* All values of one cluster; or all its time at each value of a level (level.h). */
void cluster_add(struct cluster_set *set, const struct sketch *values);
void cluster_add_level(struct cluster_set *set, const struct level *level);
/* Adds what `part` holds; the part stays as it is. */
void cluster_merge(struct cluster_set *set, const struct cluster_set *part);

/* Of the p-quantile of `whole`, the values of all clusters together; NAN where the clusters are too
 * few to tell. */
struct interval cluster_quantile(const struct cluster_set *set, struct sketch *whole, double p,
                                 double confidence);

/* The same of a level's quantile over time. */
struct interval cluster_level_quantile(const struct cluster_set *set, const struct level *whole,
                                       double p, double confidence);

/* Half the width of the interval of a share of `total` values in n clusters, by the sum of squares
 * of the clusters' residuals C - share N. NAN for n < 2. */
double cluster_share_half_width(double squares, double total, int64_t n, double confidence);

#endif
