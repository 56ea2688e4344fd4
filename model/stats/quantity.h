/*
 * What is said of a quantity that was observed many times: mean with its interval, quantiles with
 * theirs. Plain data; NAN where nothing was observed, never 0.
 */
#ifndef MODEL_STATS_QUANTITY_H
#define MODEL_STATS_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

struct interval {
    double low, high;
};

/* What stands behind the half width of a mean. */
enum method {
    METHOD_REPLICATIONS,    /* independent replications, Student's t */
    METHOD_BATCH_MEANS,     /* batches over the time of a few long runs */
    METHOD_CLOPPER_PEARSON, /* a share of which every trial came out alike */
    METHOD_KAPLAN_MEIER,    /* some were not over when the run ended */
    METHOD_COUNT
};

const char *method_name(enum method method); /* "batch-means" */

/* NAN where nothing was observed. Times in ms. */
struct quantity {
    int64_t n; /* observations; for time averages the replications */
    double mean, half_width, min, p5, p50, p95, p99, max;
    double p50_low, p50_high, p95_low, p95_high; /* 95% intervals of these; NAN: unknown */
    double p99_low, p99_high;
    enum method method;
    int64_t censored; /* beside the n: not over when the run ended (survival.h) */
    double known_to;  /* with such: the last time that anything is known of; else NAN */
    double p5_least, p50_least, p95_least, p99_least; /* then: what a quantile is beyond if NAN */
    bool mean_is_bound; /* the mean is a lower bound: too much was not over */
};

/* Of which nothing was observed. */
void quantity_void(struct quantity *quantity);
/* That quantile (0.05, 0.5, 0.95, 0.99, or 1 for the greatest), and what it is beyond where it is
 * NAN because too much was not over; NAN: no case. */
double quantity_quantile(const struct quantity *quantity, double p);
double quantity_beyond(const struct quantity *quantity, double p);
/* Its 95% interval; NAN where there is none. */
struct interval quantity_around(const struct quantity *quantity, double p);

/* A mean and its 95% interval, NAN where there is none. */
struct bounded {
    double mean, low, high;
};

#endif
