/*
 * Output analysis: what a handful of replications, or one long run, says about the truth.
 *
 * Values come as arrays in the order of the replications, whichever thread made them, so that
 * sums of floats never depend on scheduling. NAN stands for "nothing observed" and is left out.
 * Confidence is a share (0.95); intervals are two-sided. What cannot be said (the half width of
 * one value) is NAN, never 0. Nothing here allocates.
 *
 * Files: stats.c has the intervals, stats_run.c the questions of how long and from where.
 * Sources: Law, Simulation Modeling and Analysis (5th ed., ch. 9 and 10); Glynn and Whitt, "The
 * asymptotic validity of sequential stopping rules for stochastic simulations", Annals of Applied
 * Probability 2 (1992); White, Cobb and Spratt, "A comparison of five steady-state truncation
 * heuristics", WSC 2000 (MSER-5); Brown, Cai and DasGupta, "Interval estimation for a binomial
 * proportion", Statistical Science 16 (2001); David and Nagaraja, Order Statistics, ch. 7.
 */
#ifndef MODEL_STATS_STATS_H
#define MODEL_STATS_STATS_H

#include "quantity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATS_CONFIDENCE 0.95

struct estimate {
    int64_t n; /* values that went in */
    double mean, half_width;
    double variance; /* of one value (of one batch mean); NAN of fewer than two */
};

/* Student's t interval over independent values. */
struct estimate stats_mean(const double *value, size_t n, double confidence);

/*
 * The same, wide enough for skewed values, of which Student's covers too little: the second term of
 * the Edgeworth expansion of P(|t| <= x) puts (x^4 + 2 x^2 - 3) skewness^2 / 18 n times x back
 * (Hall, The Bootstrap and Edgeworth Expansion, section 2.6; as Johnson, "Modified t tests and
 * confidence intervals for asymmetrical populations", JASA 73 (1978), but symmetric); half as much
 * again, since a small sample shows too little of its skewness. Of exponential values 20 then cover
 * 94.5% instead of 91.8%, 50 94.8% instead of 93.4%. Of fewer than STATS_FEWEST that differ nothing
 * can be said of their skewness, and there is no interval.
 */
#define STATS_FEWEST 5
struct estimate stats_skewed_mean(const double *value, size_t n, double confidence);
/* The factor, for whoever has the skewness; t: Student's, of that confidence. */
double stats_wider_for_skewness(double skewness, double n, double t);

/* Sorts the values, the NANs last, and says all that a result says of a metric, of independent
 * values. Returns how many are not NAN. */
size_t stats_quantity(double *value, size_t n, struct quantity *quantity);

/* By interpolation between neighbours, as sketch_quantile; NAN for n = 0. */
double stats_quantile(const double *sorted, size_t n, double p);

/* Ranks (1..n) of the order statistics that hold the p-quantile between them with at least this
 * confidence, whatever the distribution; false: too few values for that. */
bool stats_quantile_ranks(int64_t n, double p, double confidence, int64_t *low, int64_t *high);
/* The same as values; NAN at both ends where there are too few. */
struct interval stats_quantile_interval(const double *sorted, size_t n, double p,
                                        double confidence);

/* `hits` of n independent trials, 0 <= hits <= n: Clopper and Pearson's, which never covers less
 * than it says. Never empty; 0..1 for n = 0. */
/* Likewise of a share that is worth so many trials, which need not be a whole number. */
struct interval stats_share_interval(double hits, double n, double confidence);
struct interval stats_clopper_pearson(int64_t hits, int64_t n, double confidence);

/* Two systems under common random numbers: x[i] and y[i] are of the same replication. */
struct comparison {
    struct estimate difference; /* of y - x; pairs with a NAN are left out */
    double correlation;         /* what common random numbers brought; NAN if there is no spread */
};
struct comparison stats_compare(const double *x, const double *y, size_t n, double confidence);

/*
 * Sequential stopping to a relative precision. Valid as the precision goes to 0 (Glynn and Whitt,
 * theorem 1): the variance estimate is consistent, because the number of replications grows (never
 * a fixed number of batches); and it cannot stop too early, because at least
 * max(minimum, 1 / precision) replications are asked for.
 */
struct stopping {
    double precision; /* half width over |mean|: 0.01 */
    double confidence;
    int64_t minimum, maximum; /* replications */
};

enum stop { STOP_CONTINUE, STOP_PRECISE, STOP_MAXIMUM };

/* May it end with these n values? Not before `minimum`, and in any case at `maximum`. */
enum stop stats_stop(const struct stopping *stopping, const double *value, size_t n);
/* How many replications there should be at the next look: what the spread so far asks for, but
 * at least a tenth more and at most twice as many. */
int64_t stats_next_look(const struct stopping *stopping, const double *value, size_t n);

/* Warm-up by MSER-5: how many values to drop from the front of a run so that the mean of the rest
 * has the least standard error, in steps of five. At most half; false: the best truncation is not
 * within the first half, so that the run is too short to tell. */
bool stats_warmup(const double *value, size_t n, size_t *drop);

/* The integrated autocorrelation time, in steps, of what is left of `runs` runs of n values each
 * when their common course is taken off: 0.5 for independent values. Sokal's window of five times
 * itself ("Monte Carlo methods in statistical mechanics", 1997, section 3). */
double stats_memory(const double *residual, size_t runs, size_t n);

/* Batch means of one long run of at least STATS_BATCHED values (no NANs): floor(sqrt(n)) batches
 * of equal size, from the end, so that number and size both grow. The half width makes up for the
 * skewness of the batches, and for what is left of their correlation, as that of an autoregression:
 * sqrt((1 + r) / (1 - r)) (Tafazzoli, Wilson, Lada and Steiger, "Skart: a skewness- and
 * autocorrelation-adjusted batch-means procedure", INFORMS Journal on Computing 23 (2011)). */
#define STATS_BATCHED 100
struct batches {
    struct estimate estimate; /* of the mean, over the batches */
    size_t size;              /* values a batch */
    double correlation;       /* of neighbours; far from 0 says the batches are too short */
};
struct batches stats_batch_means(const double *value, size_t n, double confidence);

#endif
