/*
 * Times of which some are only known to be longer than what was seen: the run ended first. Those
 * are right-censored, and neither left out (the mean of the short ones) nor taken for over.
 *
 * The curve is Kaplan and Meier's: S(t), the share that takes longer than t. Its variance is
 * Greenwood's, its intervals are of log(-log S), so that they stay within 0 and 1. Quantiles are
 * the first time by which a share is over, as R's survfit has them; their intervals are Brookmeyer
 * and Crowley's. A mean is the area under the curve: known where the curve goes down to 0, else (up
 * to the last time that anything is known of) a lower bound; where nothing is over there is no
 * curve, and the bound is the mean of what was seen.
 *
 * Where the curve does not reach a quantile it is NAN, and survival_least says what it is beyond.
 * Times in ms, or in any other unit.
 *
 * Sources: Kaplan and Meier, "Nonparametric estimation from incomplete observations", JASA 53
 * (1958); Brookmeyer and Crowley, "A confidence interval for the median survival time", Biometrics
 * 38 (1982); Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data (2nd ed.,
 * section 1.4).
 */
#ifndef MODEL_STATS_SURVIVAL_H
#define MODEL_STATS_SURVIVAL_H

#include "sketch.h"
#include "stats.h"

#include <stddef.h>
#include <stdint.h>

/* At one time: how many were over then, and of how many the run ended then. */
struct survival_step {
    double at;
    int64_t events, censored;
    int64_t at_risk; /* not over before */
    double s;        /* S after this step */
    double variance; /* of log S, by Greenwood; INFINITY where S is 0 */
};

struct survival {
    struct survival_step *step; /* owned; n of them, in order of time */
    size_t n;
    int64_t events, censored;
};

/* Both arrays sorted, no NANs. */
void survival_of_values(struct survival *survival, const double *event, size_t n_events,
                        const double *censored, size_t n_censored);
/* The same of sketches, exact where both are. */
void survival_of_sketches(struct survival *survival, struct sketch *event, struct sketch *censored);
/* The two curves between which it would be if all had been seen to the end: what was not over ends
 * at once, or lasts longer than all else. */
void survival_bounds_of_values(struct survival *at_once, struct survival *never,
                               const double *event, size_t n_events, const double *censored,
                               size_t n_censored);
void survival_bounds_of_sketches(struct survival *at_once, struct survival *never,
                                 struct sketch *event, struct sketch *censored);
void survival_fini(struct survival *survival); /* frees the steps; a zeroed one is fine */

double survival_known_to(const struct survival *survival); /* the last time seen; NAN: none */

struct survival_share {
    double share, low, high; /* over by that time; NAN beyond what is known */
};
/* S at that time, as the share that is over; 0 < confidence < 1. */
struct survival_share survival_share(const struct survival *survival, double t, double confidence);

/* The first time by which p of all are over, 0 < p < 1; NAN beyond what is known. */
double survival_quantile(const struct survival *survival, double p);
/* The least that it can be, whatever becomes of those that are not over: of all times, over or not;
 * 0 < p <= 1. Where the curve does not go so far this is what is known. NAN: nothing was seen. */
double survival_least(const struct survival *survival, double p);
/* The upper end is INFINITY where the curve's does not go that far down. */
struct interval survival_quantile_interval(const struct survival *survival, double p,
                                           double confidence);
/* The same where the variance of log S at the quantile is known better, as of clusters. */
struct interval survival_quantile_between(const struct survival *survival, double p,
                                          double variance, double confidence);

/* A mass of at most this may rest on the longest time, or the mean is a lower bound. */
#define SURVIVAL_REST 0.001

struct survival_mean {
    double mean, half_width;
    bool bound; /* a lower bound */
};
/* The area under the curve; NAN where nothing was seen. */
struct survival_mean survival_mean(const struct survival *survival, double confidence);

#endif
