/*
 * Distributions of durations by maximum likelihood: lognormal, log-logistic, Weibull, gamma; some
 * durations only known to be longer than what was seen (right-censored).
 *
 * Parameters are theta[0] and theta[1], in which the likelihood is nearly quadratic: mu and log
 * sigma of a location-scale family of ln t (log-logistic, Weibull: scale exp(mu), shape 1/sigma);
 * log mean and log shape of a gamma distribution. Their covariance is the inverse of the observed
 * information; intervals of anything else are of its logarithm, by the delta method. How well a
 * family fits is Anderson and Darling's A^2, judged by a parametric bootstrap: as parameters are
 * fitted to the same values, tables of A^2 for known ones would pass what they should not.
 *
 * Pure: the same values give the same numbers; the bootstrap's seed is fixed. Times in ms, above 0.
 *
 * Sources: Lawless, Statistical Models and Methods for Lifetime Data (2nd ed., ch. 5);
 * D'Agostino and Stephens, Goodness-of-Fit Techniques (ch. 4); Stute, Gonzalez Manteiga and
 * Presedo Quindimil, "Bootstrap based goodness-of-fit tests", Metrika 40 (1993); Besag and
 * Clifford, "Sequential Monte Carlo p-values", Biometrika 78 (1991).
 */
#ifndef MODEL_FIT_LIFETIME_H
#define MODEL_FIT_LIFETIME_H

#include "model/stats/dist.h"
#include "model/stats/stats.h"

#define LIFETIME_KINDS 4
#define LIFETIME_LEAST 20    /* durations that a family is fitted to */
#define LIFETIME_TESTED 2000 /* the test looks at no more of them, taken at random */
#define LIFETIME_BOOTSTRAP 199
#define LIFETIME_REJECTED 0.05

struct lifetimes {
    const double *event; /* sorted */
    size_t n;
    const double *censored;
    size_t n_censored;
};

struct lifetime_fit {
    enum dist_kind kind;
    bool good; /* there is one, and a fleet can have it */
    double theta[2];
    double covariance[3]; /* of theta: 00, 01, 11 */
    double log_likelihood, aic, bic;
    double a2, p; /* of the test; NAN: not made */
};

extern const enum dist_kind lifetime_kinds[LIFETIME_KINDS];

void lifetime_fit(struct lifetime_fit *fit, enum dist_kind kind, const struct lifetimes *data);
/* Sets a2 and p. */
void lifetime_test(struct lifetime_fit *fit, const struct lifetimes *data);

/* Resolved; owns nothing. */
struct dist lifetime_dist(const struct lifetime_fit *fit);

enum lifetime_of { LIFETIME_MEAN, LIFETIME_P50, LIFETIME_P95, LIFETIME_SHAPE };
/* The value, and its interval in *interval. */
double lifetime_value(const struct lifetime_fit *fit, enum lifetime_of of, double confidence,
                      struct interval *interval);

#endif
