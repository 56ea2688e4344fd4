/*
 * When runs come: a rate with a profile over the day or the week, a trend, and what a Poisson
 * process with these leaves unexplained.
 *
 * Counts of quarters of an hour on the team's clock. The profile is one of four: none; 24 hours;
 * 24 hours times 7 days, by a quasi-likelihood ratio test each (over the dispersion of counts of 1
 * to 8 hours, and of days); 168 hours, by a quasi-BIC. The trend is log-linear. Whether counts are
 * Poisson given both is a likelihood ratio test against a rate that is itself random: a gamma
 * variate of mean 1 for each stretch of time, so that counts are negative binomial; how long a
 * stretch is, the likelihood says too, which for a given length is closed form. Intervals count
 * that spread in.
 *
 * A silence in which more than ARRIVAL_SILENT runs were to be expected (over the dispersion) is a
 * gap: a holiday, or data that is missing. It is left out of the time observed, and said.
 *
 * Sources: McCullagh and Nelder, Generalized Linear Models (2nd ed., ch. 6 and 9); Cameron and
 * Trivedi, Regression Analysis of Count Data (2nd ed., ch. 3); for a test on the boundary, Self
 * and Liang, JASA 82 (1987).
 */
#ifndef MODEL_FIT_ARRIVAL_H
#define MODEL_FIT_ARRIVAL_H

#include "model/stats/stats.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRIVAL_SILENT 20
#define ARRIVAL_GAPS 16
#define ARRIVAL_LEAST 50   /* runs for a profile, a trend, a test */
#define ARRIVAL_ERROR 0.01 /* of the test of Poisson, and of the trend's */
#define ARRIVAL_WINDOWS 5

enum profile_kind { PROFILE_NONE, PROFILE_DAY, PROFILE_DAYS, PROFILE_WEEK };

struct measured {
    double value;
    struct interval interval;
};

struct arrival_gap {
    int64_t from_ms, to_ms;
    double expected; /* runs */
};

struct arrivals {
    size_t n;
    int64_t from_ms, to_ms; /* on the team's clock; whole quarters of an hour */
    int64_t observed_ms;    /* without gaps */
    struct measured rate;   /* per ms, on average over the profile; at the end of a trend */
    bool trended;           /* the rate is that at the end */
    struct measured growth; /* a month of 30 d, as a share; NAN: too short a time to tell */
    double growth_per_ms, growth_error; /* of the logarithm, and its standard error */
    double middle_rate;                 /* per ms, without trend: at middle_ms */
    int64_t middle_ms;
    enum profile_kind kind;
    int n_profile;
    struct measured profile[168]; /* mean 1; by hour of the day, or of the week from Monday 0:00 */
    struct {
        bool present; /* Poisson is rejected */
        double p;     /* of Poisson; NAN: too few runs to test */
        struct measured cv2;
        int64_t every_ms;
    } modulation;
    double regular_p; /* that a Poisson process is as even as this; NAN: too few to tell */
    struct {
        int64_t window_ms;
        double measured, fitted; /* variance over mean of counts; of Poisson 1; NAN: too few */
    } dispersion[ARRIVAL_WINDOWS];
    struct arrival_gap gap[ARRIVAL_GAPS];
    int n_gaps;
};

/* `at_ms` are n > 0 sorted times on the team's clock, ms since a Thursday 0:00. */
void arrivals_fit(struct arrivals *arrivals, const int64_t *at_ms, size_t n);

/* The rate at that time of the team's clock, trend and profile included; per ms. */
double arrivals_rate(const struct arrivals *arrivals, int64_t at_ms);

#endif
