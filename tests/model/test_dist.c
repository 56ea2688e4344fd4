#include "model/stats/dist.h"
#include "tests/support/dist_moments.h"
#include "tests/support/helpers.h"

#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a file gives, NAN where it gives nothing. */
#define NO NAN
struct given {
    enum dist_kind kind;
    double mean, cv2, p50, p95, k, min, max;
};

static struct dist make(struct given given)
{
    struct dist dist;
    dist_init(&dist);
    dist.kind = given.kind;
    dist.mean_ms = given.mean;
    dist.cv2 = given.cv2;
    dist.p50_ms = given.p50;
    dist.p95_ms = given.p95;
    dist.k = given.k;
    dist.min_ms = given.min;
    dist.max_ms = given.max;
    return dist;
}

static struct dist resolved(struct given given)
{
    struct und_err err = {0};
    struct dist dist = make(given);
    ck_assert_msg(dist_resolve(&dist, "here", &err) == UND_OK, "%s", err.text);
    return dist;
}

static const struct given by_moments[] = {
    {DIST_UNIFORM, 1000, 0.2, NO, NO, NO, NO, NO},
    {DIST_UNIFORM, 1000, 1.0 / 3, NO, NO, NO, NO, NO},
    {DIST_EXPONENTIAL, 1000, 1, NO, NO, NO, NO, NO},
    {DIST_ERLANG, 1000, 0.25, NO, NO, NO, NO, NO},
    {DIST_HYPEREXPONENTIAL, 1000, 1, NO, NO, NO, NO, NO},
    {DIST_HYPEREXPONENTIAL, 1000, 9, NO, NO, NO, NO, NO},
    {DIST_LOGNORMAL, 1000, 0.01, NO, NO, NO, NO, NO},
    {DIST_LOGNORMAL, 1000, 40, NO, NO, NO, NO, NO},
    {DIST_LOGLOGISTIC, 1000, 0.01, NO, NO, NO, NO, NO},
    {DIST_LOGLOGISTIC, 1000, 40, NO, NO, NO, NO, NO},
    {DIST_WEIBULL, 1000, 0.01, NO, NO, NO, NO, NO},
    {DIST_WEIBULL, 1000, 1, NO, NO, NO, NO, NO},
    {DIST_WEIBULL, 1000, 40, NO, NO, NO, NO, NO},
    {DIST_GAMMA, 1000, 0.01, NO, NO, NO, NO, NO},
    {DIST_GAMMA, 1000, 1, NO, NO, NO, NO, NO},
    {DIST_GAMMA, 1000, 8, NO, NO, NO, NO, NO},
};

START_TEST(moments_given_are_moments_had)
{
    struct dist dist = resolved(by_moments[_i]);
    ck_assert_double_eq_tol(dist_mean(&dist), 1000, 1e-7);
    ck_assert_double_eq_tol(dist_moments_cv2(&dist) / by_moments[_i].cv2, 1, 1e-9);
}
END_TEST

struct moment {
    const struct dist *dist;
    int order;
};

static double quantile_power(double p, void *params)
{
    const struct moment *moment = params;
    return pow(dist_quantile(moment->dist, p), moment->order);
}

/* E[X^order] as the integral of the quantile function, apart from the closed forms. */
static double integrated(const struct dist *dist, int order)
{
    gsl_integration_workspace *work = gsl_integration_workspace_alloc(2000);
    struct moment moment = {dist, order};
    gsl_function f = {quantile_power, &moment};
    double result, error;
    gsl_integration_qags(&f, 0, 1, 0, 1e-7, 2000, work, &result, &error);
    gsl_integration_workspace_free(work);
    return result;
}

START_TEST(moments_agree_with_integrals_of_the_quantiles)
{
    struct dist dist = resolved(by_moments[_i]);
    double mean = integrated(&dist, 1);
    ck_assert_double_eq_tol(mean, 1000, 0.01);
    if (by_moments[_i].cv2 < 10) /* heavier tails converge too slowly */
        ck_assert_double_eq_tol(integrated(&dist, 2) / (mean * mean) - 1, by_moments[_i].cv2,
                                1e-4 * (1 + by_moments[_i].cv2));
}
END_TEST

START_TEST(cdf_inverts_quantile)
{
    static const double p[] = {1e-9, 1e-3, 0.05, 0.3, 0.5, 0.77, 0.95, 0.999, 1 - 1e-9};
    struct dist dist = resolved(by_moments[_i]);
    size_t i;
    for (i = 0; i < sizeof p / sizeof *p; i++)
        ck_assert_double_eq_tol(dist_cdf(&dist, dist_quantile(&dist, p[i])), p[i],
                                1e-9 * p[i] + 1e-15);
    ck_assert_double_eq(dist_cdf(&dist, -1), 0);
    ck_assert_double_eq(dist_cdf(&dist, 0), 0);
    ck_assert_double_eq_tol(dist_cdf(&dist, 1e15), 1, 1e-9);
}
END_TEST

static const struct given by_quantiles[] = {
    {DIST_UNIFORM, NO, NO, 600, 900, NO, NO, NO},
    {DIST_LOGNORMAL, NO, NO, 600, 9000, NO, NO, NO},
    {DIST_LOGLOGISTIC, NO, NO, 600, 9000, NO, NO, NO},
    {DIST_WEIBULL, NO, NO, 600, 9000, NO, NO, NO},
    {DIST_EXPONENTIAL, NO, NO, 600, NO, NO, NO, NO},
    {DIST_EXPONENTIAL, NO, NO, NO, 9000, NO, NO, NO},
    {DIST_LOGLOGISTIC, NO, NO, 600, NO, 1.5, NO, NO},
};

START_TEST(quantiles_given_are_met_exactly)
{
    const struct given *given = &by_quantiles[_i];
    struct dist dist = resolved(*given);
    if (!isnan(given->p50))
        ck_assert_double_eq_tol(dist_quantile(&dist, 0.5), given->p50, 1e-9);
    if (!isnan(given->p95))
        ck_assert_double_eq_tol(dist_quantile(&dist, 0.95), given->p95, 1e-8);
}
END_TEST

START_TEST(own_parameters_mean_what_they_say)
{
    struct dist uniform = resolved((struct given){DIST_UNIFORM, NO, NO, NO, NO, NO, 2, 8});
    struct dist erlang = resolved((struct given){DIST_ERLANG, 90, NO, NO, NO, 3, NO, NO});
    struct dist weibull = resolved((struct given){DIST_WEIBULL, 90, NO, NO, NO, 2, NO, NO});
    struct dist loglogistic = resolved((struct given){DIST_LOGLOGISTIC, 90, NO, NO, NO, 3, NO, NO});
    struct dist gamma = resolved((struct given){DIST_GAMMA, 90, NO, NO, NO, 0.5, NO, NO});
    struct dist fixed = dist_fixed(1234);
    ck_assert_double_eq_tol(dist_mean(&uniform), 5, 1e-12);
    ck_assert_double_eq_tol(dist_moments_cv2(&uniform), 36.0 / 12 / 25, 1e-12);
    ck_assert_double_eq_tol(dist_mean(&erlang), 90, 1e-12);
    ck_assert_double_eq_tol(dist_moments_cv2(&erlang), 1.0 / 3, 1e-12);
    /* Rayleigh: cv2 = 4 / pi - 1. */
    ck_assert_double_eq_tol(dist_mean(&weibull), 90, 1e-9);
    ck_assert_double_eq_tol(dist_moments_cv2(&weibull), 4 / M_PI - 1, 1e-12);
    /* Shape 3: E[X] = 2 pi / (3 sqrt 3) scales, E[X^2] = 4 pi / (3 sqrt 3) scales^2. */
    ck_assert_double_eq_tol(dist_mean(&loglogistic), 90, 1e-9);
    ck_assert_double_eq_tol(dist_moments_cv2(&loglogistic), 3 * sqrt(3) / M_PI - 1, 1e-12);
    /* Shape 1/2: half a chi-squared variate of one degree, which is below 1 in 68.27%. */
    ck_assert_double_eq_tol(dist_mean(&gamma), 90, 1e-12);
    ck_assert_double_eq_tol(dist_moments_cv2(&gamma), 2, 1e-12);
    ck_assert_double_eq_tol(dist_cdf(&gamma, 90), 0.682689492137086, 1e-12);
    ck_assert_double_eq(dist_quantile(&fixed, 0.01), 1234);
    ck_assert_double_eq(dist_moments_cv2(&fixed), 0);
}
END_TEST

START_TEST(a_loglogistic_tail_may_have_no_variance)
{
    struct dist dist = resolved((struct given){DIST_LOGLOGISTIC, NO, NO, 100, 700, NO, NO, NO});
    ck_assert(isfinite(dist_mean(&dist)));
    ck_assert(isinf(dist_moments_cv2(&dist)));
}
END_TEST

START_TEST(empirical_values_are_sorted_and_equally_likely)
{
    static const int64_t values[] = {30, 10, 10, 50};
    struct und_err err = {0};
    struct dist dist = make((struct given){DIST_EMPIRICAL, NO, NO, NO, NO, NO, NO, NO});
    dist.values = malloc(sizeof values);
    memcpy(dist.values, values, sizeof values);
    dist.n_values = 4;
    ck_assert_int_eq(dist_resolve(&dist, "here", &err), UND_OK);
    ck_assert_double_eq_tol(dist_mean(&dist), 25, 1e-12);
    ck_assert_double_eq_tol(dist_moments_cv2(&dist), (25 + 225 + 225 + 625) / 4.0 / 625, 1e-12);
    ck_assert_double_eq(dist_cdf(&dist, 9.9), 0);
    ck_assert_double_eq(dist_cdf(&dist, 10), 0.5);
    ck_assert_double_eq(dist_cdf(&dist, 49.9), 0.75);
    ck_assert_double_eq(dist_cdf(&dist, 50), 1);
    ck_assert_double_eq(dist_quantile(&dist, 0.5), 10);
    ck_assert_double_eq(dist_quantile(&dist, 0.51), 30);
    ck_assert_double_eq(dist_quantile(&dist, 0.999), 50);
    dist_fini(&dist);
    ck_assert_ptr_null(dist.values);
}
END_TEST

static const struct {
    struct given given;
    const char *message;
} impossible[] = {
    {{DIST_LOGNORMAL, NO, NO, 600, 500, NO, NO, NO},
     "here: p95: got 500ms, want more than p50 (600ms)"},
    {{DIST_LOGNORMAL, NO, NO, 600, 600, NO, NO, NO},
     "here: p95: got 600ms, want more than p50 (600ms)"},
    {{DIST_LOGNORMAL, 600, -1, NO, NO, NO, NO, NO},
     "here: cv2: got -1, want more than 0 and at most 1e+06"},
    {{DIST_LOGNORMAL, -5, 1, NO, NO, NO, NO, NO},
     "here: mean: got -5ms, want more than 0 and at most 1e+15ms"},
    {{DIST_EXPONENTIAL, INFINITY, NO, NO, NO, NO, NO, NO},
     "here: mean: got infms, want more than 0 and at most 1e+15ms"},
    {{DIST_LOGNORMAL, 600, NO, NO, NO, NO, NO, NO},
     "here: lognormal distribution: got mean, want mean and cv2, or p50 and p95"},
    {{DIST_LOGNORMAL, 600, 1, 500, 900, NO, NO, NO},
     "here: lognormal distribution: got mean and cv2 and p50 and p95, want mean and cv2, or p50 "
     "and p95"},
    {{DIST_FIXED, NO, NO, NO, NO, NO, NO, NO}, "here: fixed distribution: got nothing, want mean"},
    {{DIST_LOGNORMAL, NO, NO, 1, 1e12, NO, NO, NO}, "here: mean: got "},
    {{DIST_UNIFORM, NO, NO, NO, NO, NO, 8, 8}, "here: max: got 8ms, want more than min (8ms)"},
    {{DIST_UNIFORM, 600, 0.34, NO, NO, NO, NO, NO}, "here: cv2: got 0.34, want at most 1/3 "},
    {{DIST_UNIFORM, NO, NO, 100, 191, NO, NO, NO}, "here: p95: got 191ms, want at most 1.9 times"},
    {{DIST_EXPONENTIAL, 600, 2, NO, NO, NO, NO, NO}, "here: cv2: got 2, want 1 "},
    {{DIST_HYPEREXPONENTIAL, 600, 0.9, NO, NO, NO, NO, NO}, "here: cv2: got 0.9, want at least 1 "},
    {{DIST_ERLANG, 600, NO, NO, NO, 2.5, NO, NO}, "here: k: got 2.5, want a whole number 1..1000"},
    {{DIST_ERLANG, 600, 0.4, NO, NO, NO, NO, NO}, "here: cv2: got 0.4, want 1/k "},
    {{DIST_ERLANG, 600, 2, NO, NO, NO, NO, NO}, "here: cv2: got 2, want 1/k "},
    {{DIST_LOGNORMAL, NO, NO, 300000, 240000, NO, NO, NO},
     "here: p95: got 4min, want more than p50 (5min)"},
    {{DIST_LOGLOGISTIC, NO, NO, 100, 1900, NO, NO, NO},
     "here: p95: got 1s900ms, want less than 19"},
    {{DIST_LOGLOGISTIC, 600, NO, NO, NO, 1, NO, NO}, "here: k: got 1, want more than 1 "},
    {{DIST_LOGLOGISTIC, 600, 1e-9, NO, NO, NO, NO, NO}, "here: cv2: got 1e-09, want at least"},
    {{DIST_GAMMA, 600, 1e-5, NO, NO, NO, NO, NO}, "here: cv2: got 1e-05, want 0.0001..100"},
    {{DIST_GAMMA, 600, NO, NO, NO, 0.001, NO, NO}, "here: k: got 0.001, want 0.01..10000"},
    {{DIST_WEIBULL, 600, 1e-5, NO, NO, NO, NO, NO}, "here: cv2: got 1e-05, want 0.00016..1.8e+05"},
    {{DIST_WEIBULL, 600, NO, NO, NO, 0.05, NO, NO}, "here: k: got 0.05, want 0.1..100"},
    {{DIST_EMPIRICAL, NO, NO, NO, NO, NO, NO, NO}, "here: empirical distribution: got nothing, "},
};

START_TEST(impossible_ones_say_why)
{
    struct und_err err = {0};
    struct dist dist = make(impossible[_i].given);
    const char *want = impossible[_i].message;
    ck_assert_int_eq(dist_resolve(&dist, "here", &err), UND_USAGE);
    ck_assert_msg(strncmp(err.text, want, strlen(want)) == 0, "got: %s\nwant: %s", err.text, want);
}
END_TEST

START_TEST(empirical_values_below_zero_are_refused)
{
    struct und_err err = {0};
    struct dist dist = make((struct given){DIST_EMPIRICAL, NO, NO, NO, NO, NO, NO, NO});
    dist.values = malloc(sizeof *dist.values);
    dist.values[0] = -1;
    dist.n_values = 1;
    ck_assert_int_eq(dist_resolve(&dist, "here", &err), UND_USAGE);
    ck_assert_str_eq(err.text, "here: values: got -1ms, want none below 0");
    dist_fini(&dist);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

Suite *suite(void)
{
    Suite *s = suite_create("dist");
    TCase *valid = tcase_create("valid"), *invalid = tcase_create("invalid");
    tcase_add_loop_test(valid, moments_given_are_moments_had, 0, COUNT(by_moments));
    tcase_add_loop_test(valid, moments_agree_with_integrals_of_the_quantiles, 0, COUNT(by_moments));
    tcase_add_loop_test(valid, cdf_inverts_quantile, 0, COUNT(by_moments));
    tcase_add_loop_test(valid, quantiles_given_are_met_exactly, 0, COUNT(by_quantiles));
    tcase_add_test(valid, own_parameters_mean_what_they_say);
    tcase_add_test(valid, a_loglogistic_tail_may_have_no_variance);
    tcase_add_test(valid, empirical_values_are_sorted_and_equally_likely);
    tcase_add_loop_test(invalid, impossible_ones_say_why, 0, COUNT(impossible));
    tcase_add_test(invalid, empirical_values_below_zero_are_refused);
    suite_add_tcase(s, valid);
    suite_add_tcase(s, invalid);
    return s;
}
