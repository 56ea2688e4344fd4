/* Durations by maximum likelihood: closed forms, known values, what is censored, and a test that
 * rejects as often as it says. */
#include "model/fit/lifetime.h"
#include "tests/support/helpers.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sf_psi.h>
#include <math.h>
#include <stdlib.h>

/* Nelson's electrical insulating fluid at 34 kV (Applied Life Data Analysis, table 4.1): minutes to
 * breakdown. */
static const double fluid[] = {0.19, 0.78, 0.96, 1.31,  2.78,  3.16,  4.15,  4.67,  4.85, 6.50,
                               7.35, 8.01, 8.27, 12.06, 31.75, 32.52, 33.91, 36.71, 72.89};
enum { FLUID = sizeof fluid / sizeof *fluid };

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double draw(enum dist_kind kind, double p)
{
    struct dist dist;
    dist_init(&dist);
    dist.kind = kind;
    dist.a = kind == DIST_LOGNORMAL ? log(60000) : 60000;
    dist.b = kind == DIST_LOGNORMAL ? 0.7 : 1.6;
    return dist_quantile(&dist, p);
}

/* Mean and standard deviation (over n, not n - 1) of the logarithms, and the information n / s^2
 * and 2 n. */
START_TEST(a_lognormal_fit_is_the_moments_of_the_logarithms)
{
    const struct lifetimes data = {fluid, FLUID, NULL, 0};
    struct lifetime_fit fit;
    double sum = 0, squares = 0;
    size_t i;
    for (i = 0; i < FLUID; i++)
        sum += log(fluid[i]) / FLUID;
    for (i = 0; i < FLUID; i++)
        squares += (log(fluid[i]) - sum) * (log(fluid[i]) - sum) / FLUID;
    lifetime_fit(&fit, DIST_LOGNORMAL, &data);
    ck_assert(fit.good);
    ck_assert_double_eq_tol(fit.theta[0], sum, 1e-9);
    ck_assert_double_eq_tol(exp(fit.theta[1]), sqrt(squares), 1e-9);
    ck_assert_double_eq_tol(fit.covariance[0], squares / FLUID, 1e-9);
    ck_assert_double_eq_tol(fit.covariance[1], 0, 1e-9);
    ck_assert_double_eq_tol(fit.covariance[2], 0.5 / FLUID, 1e-9);
}
END_TEST

/* The book has a shape of 0.7708 and a scale of 12.2 min for these. */
START_TEST(a_weibull_fit_is_the_one_of_the_book)
{
    const struct lifetimes data = {fluid, FLUID, NULL, 0};
    struct lifetime_fit fit;
    struct dist dist;
    double k, above = 0, below = 0, logs = 0;
    size_t i;
    lifetime_fit(&fit, DIST_WEIBULL, &data);
    dist = lifetime_dist(&fit);
    ck_assert_double_eq_tol(dist.b, 0.7708, 0.0001);
    ck_assert_double_eq_tol(dist.a, 12.2, 0.1);
    /* And it solves the likelihood's equation: sum t^k ln t / sum t^k - 1/k = mean ln t. */
    k = dist.b;
    for (i = 0; i < FLUID; i++) {
        above += pow(fluid[i], k) * log(fluid[i]);
        below += pow(fluid[i], k);
        logs += log(fluid[i]) / FLUID;
    }
    ck_assert_double_eq_tol(above / below - 1 / k, logs, 1e-7);
    ck_assert_double_eq_tol(dist.a, pow(below / FLUID, 1 / k), 1e-6);
}
END_TEST

/* log k - digamma(k) = log of the mean less mean of the logs; the mean is the mean. */
START_TEST(a_gamma_fit_solves_its_equation)
{
    const struct lifetimes data = {fluid, FLUID, NULL, 0};
    struct lifetime_fit fit;
    double mean = 0, logs = 0, k;
    size_t i;
    for (i = 0; i < FLUID; i++) {
        mean += fluid[i] / FLUID;
        logs += log(fluid[i]) / FLUID;
    }
    lifetime_fit(&fit, DIST_GAMMA, &data);
    k = exp(fit.theta[1]);
    ck_assert_double_eq_tol(exp(fit.theta[0]), mean, 1e-9);
    ck_assert_double_eq_tol(log(k) - gsl_sf_psi(k), log(mean) - logs, 1e-9);
    /* The information of log mean is n k; of log k, n k (k trigamma(k) - 1). */
    ck_assert_double_eq_tol(fit.covariance[0] * FLUID * k, 1, 1e-4);
    ck_assert_double_eq_tol(fit.covariance[2] * FLUID * k * (k * gsl_sf_psi_1(k) - 1), 1, 1e-4);
}
END_TEST

/* Of exponential times with n seen to end, the mean is the whole time over n, and the error of its
 * logarithm 1 / sqrt(n): a Weibull fit of shape nearly 1 has it, within the shape's own say. Here
 * exactly: all derivatives of the likelihood at the fit vanish, censored or not. */
START_TEST(censored_times_are_neither_lost_nor_taken_for_over)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    static double event[5000], censored[5000];
    const enum dist_kind kind = lifetime_kinds[_i];
    struct lifetimes data = {event, 0, censored, 0};
    struct lifetime_fit fit, naive;
    struct interval interval;
    int i;
    gsl_rng_set(random, 7);
    for (i = 0; i < 5000; i++) {
        double t = draw(kind, gsl_rng_uniform_pos(random)),
               limit = 100000 * gsl_rng_uniform(random);
        if (t <= limit)
            event[data.n++] = t;
        else
            censored[data.n_censored++] = limit;
    }
    ck_assert_uint_gt(data.n_censored, 1500);
    qsort(event, data.n, sizeof *event, compare);
    lifetime_fit(&fit, kind, &data);
    ck_assert(fit.good);
    /* Of four fixed seeds, 3.3 standard errors: 1 in 1,000 each. */
    lifetime_value(&fit, LIFETIME_P50, 0.999, &interval);
    ck_assert_double_lt(interval.low, draw(kind, 0.5));
    ck_assert_double_gt(interval.high, draw(kind, 0.5));
    data.n_censored = 0;
    lifetime_fit(&naive, kind, &data);
    ck_assert_double_lt(lifetime_value(&naive, LIFETIME_P50, 0.999, &interval),
                        0.75 * draw(kind, 0.5));
    gsl_rng_free(random);
}
END_TEST

/* Intervals of median, p95, mean and shape: of 400 samples of 60, those that hold the truth. The
 * normal approximation at n = 60 loses about a point of 95%: with 94%, fewer than 363 of 400 have a
 * chance of 1e-3 (binomial). */
START_TEST(intervals_hold_the_truth_as_often_as_they_say)
{
    const enum dist_kind kind = lifetime_kinds[_i];
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    double value[60], truth[2] = {draw(kind, 0.5), draw(kind, 0.95)};
    const struct lifetimes data = {value, 60, NULL, 0};
    int hits[2] = {0}, i, k;
    gsl_rng_set(random, 11);
    for (i = 0; i < 400; i++) {
        struct lifetime_fit fit;
        for (k = 0; k < 60; k++)
            value[k] = draw(kind, gsl_rng_uniform_pos(random));
        qsort(value, 60, sizeof *value, compare);
        lifetime_fit(&fit, kind, &data);
        ck_assert(fit.good);
        for (k = 0; k < 2; k++) {
            struct interval interval;
            lifetime_value(&fit, k ? LIFETIME_P95 : LIFETIME_P50, 0.95, &interval);
            hits[k] += interval.low <= truth[k] && truth[k] <= interval.high;
        }
    }
    ck_assert_int_ge(hits[0], 363);
    ck_assert_int_ge(hits[1], 363);
    gsl_rng_free(random);
}
END_TEST

static int count_rejected(enum dist_kind kind, gsl_rng *random, int samples)
{
    double value[40];
    const struct lifetimes data = {value, 40, NULL, 0};
    int rejected = 0, i, k;
    for (i = 0; i < samples; i++) {
        struct lifetime_fit fit;
        for (k = 0; k < 40; k++)
            value[k] = draw(kind, gsl_rng_uniform_pos(random));
        qsort(value, 40, sizeof *value, compare);
        lifetime_fit(&fit, kind, &data);
        lifetime_test(&fit, &data);
        rejected += fit.p < LIFETIME_REJECTED;
    }
    return rejected;
}

/* Of 60 samples of each family itself about 5% are rejected: 12 of 240; fewer than 3 or more than
 * 26 have a chance of 1e-3 together (Poisson). An ordinary p-value of known parameters would reject
 * none. */
START_TEST(the_test_rejects_the_right_family_as_often_as_it_says)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    int rejected = 0, i;
    gsl_rng_set(random, 13);
    for (i = 0; i < LIFETIME_KINDS; i++)
        rejected += count_rejected(lifetime_kinds[i], random, 60);
    ck_assert_int_ge(rejected, 3);
    ck_assert_int_le(rejected, 26);
    gsl_rng_free(random);
}
END_TEST

/* Two kinds of jobs in one: a minute and an hour. */
START_TEST(what_no_family_has_is_rejected)
{
    double value[400];
    const struct lifetimes data = {value, 400, NULL, 0};
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    struct lifetime_fit fit;
    int i;
    gsl_rng_set(random, 17);
    for (i = 0; i < 400; i++)
        value[i] = (i % 2 ? 60000 : 3600000) * exp(0.1 * gsl_ran_ugaussian(random));
    qsort(value, 400, sizeof *value, compare);
    for (i = 0; i < LIFETIME_KINDS; i++) {
        lifetime_fit(&fit, lifetime_kinds[i], &data);
        if (fit.good)
            lifetime_test(&fit, &data);
        ck_assert(!fit.good || fit.p < LIFETIME_REJECTED);
    }
    gsl_rng_free(random);
}
END_TEST

START_TEST(what_cannot_be_fitted_is_not)
{
    static const double same[] = {5, 5, 5, 5}, one[] = {5};
    const struct lifetimes alike = {same, 4, NULL, 0}, single = {one, 1, NULL, 0},
                           none = {one, 0, one, 1};
    struct lifetime_fit fit;
    int i;
    for (i = 0; i < LIFETIME_KINDS; i++) {
        lifetime_fit(&fit, lifetime_kinds[i], &alike);
        ck_assert(!fit.good);
        lifetime_fit(&fit, lifetime_kinds[i], &single);
        ck_assert(!fit.good);
        lifetime_fit(&fit, lifetime_kinds[i], &none);
        ck_assert(!fit.good);
    }
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("lifetime");
    TCase *fits = tcase_create("fits");
    tcase_set_timeout(fits, 120);
    tcase_add_test(fits, a_lognormal_fit_is_the_moments_of_the_logarithms);
    tcase_add_test(fits, a_weibull_fit_is_the_one_of_the_book);
    tcase_add_test(fits, a_gamma_fit_solves_its_equation);
    tcase_add_loop_test(fits, censored_times_are_neither_lost_nor_taken_for_over, 0,
                        LIFETIME_KINDS);
    tcase_add_loop_test(fits, intervals_hold_the_truth_as_often_as_they_say, 0, LIFETIME_KINDS);
    tcase_add_test(fits, the_test_rejects_the_right_family_as_often_as_it_says);
    tcase_add_test(fits, what_no_family_has_is_rejected);
    tcase_add_test(fits, what_cannot_be_fitted_is_not);
    suite_add_tcase(all, fits);
    return all;
}
