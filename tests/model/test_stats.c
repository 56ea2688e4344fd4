#include "model/stats/stats.h"
#include "sim/engine/stream.h"
#include "tests/support/helpers.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

static double exponential(struct stream *stream)
{
    return -log(stream_uniform(stream));
}

/* ---- intervals ---- */

/* Law, Simulation Modeling and Analysis, example 4.26: 90% interval 1.34 +- 0.24. */
START_TEST(t_interval_is_the_textbook_one)
{
    static const double value[] = {1.20, 1.50, 1.68, NAN, 1.89, 0.95, 1.49, 1.58, 1.55, 0.50, 1.09};
    struct estimate mean = stats_mean(value, 11, 0.90);
    ck_assert_int_eq(mean.n, 10);
    ck_assert_double_eq_tol(mean.mean, 1.343, 1e-12);
    ck_assert_double_eq_tol(mean.variance, 0.17, 0.005);
    ck_assert_double_eq_tol(mean.half_width, 1.8331 * sqrt(mean.variance / 10), 1e-4);
    ck_assert_double_eq_tol(mean.half_width, 0.24, 0.005);
}
END_TEST

START_TEST(nothing_observed_is_nan_and_one_value_has_no_width)
{
    static const double value[] = {NAN, 7, NAN};
    struct estimate none = stats_mean(value, 1, 0.95), one = stats_mean(value, 3, 0.95);
    ck_assert(none.n == 0 && isnan(none.mean) && isnan(none.half_width));
    ck_assert(one.n == 1 && one.mean == 7 && isnan(one.half_width));
}
END_TEST

/* 1,000 experiments, each the t interval over 30 means of 20 exponentials (near normal). The number
 * of hits is binomial(1000, 0.95): 936 to 963 holds 95% of the seeds, this one among them. */
START_TEST(t_intervals_cover_as_often_as_they_say)
{
    struct stream stream;
    int experiment, i, k, hits = 0;
    stream_seed(&stream, 41);
    for (experiment = 0; experiment < 1000; experiment++) {
        double value[30] = {0};
        struct estimate mean;
        for (i = 0; i < 30; i++) {
            for (k = 0; k < 20; k++)
                value[i] += exponential(&stream) / 20;
        }
        mean = stats_mean(value, 30, 0.95);
        hits += fabs(mean.mean - 1) <= mean.half_width;
    }
    ck_assert_int_ge(hits, 936);
    ck_assert_int_le(hits, 963);
}
END_TEST

/* 20,000 experiments of 20 exponential values: Student's interval holds the mean in 91.8% (92.6%
 * would be 4 standard errors off), the wider one in 94.4%. */
START_TEST(skewed_values_get_wider_intervals)
{
    struct stream stream;
    int experiment, i, plain = 0, wider = 0;
    stream_seed(&stream, 48);
    for (experiment = 0; experiment < 20000; experiment++) {
        double value[20];
        struct estimate mean;
        for (i = 0; i < 20; i++)
            value[i] = exponential(&stream);
        mean = stats_mean(value, 20, 0.95);
        plain += fabs(mean.mean - 1) <= mean.half_width;
        mean = stats_skewed_mean(value, 20, 0.95);
        wider += fabs(mean.mean - 1) <= mean.half_width;
    }
    ck_assert_int_lt(plain, 18520);
    ck_assert_int_gt(wider, 18740);
    ck_assert_int_lt(wider, 19010);
}
END_TEST

/* Of 1, 1, 1, 1, 6 the variance is 5 and the third powers add up to 60, so that G1 is 60 / 5^1.5 *
 * 5 / (4 * 3) = sqrt(5); t of four degrees is 2.776445 and the factor 1 + 1.5 * 5 / 5 * (t^4 + 2
 * t^2 - 3) / 18. */
START_TEST(skewness_is_fishers_and_too_few_values_have_no_interval)
{
    static const double value[] = {1, 1, NAN, 1, 1, 6}, same[] = {2, 2};
    double t = 2.7764451, factor = 1 + 1.5 * (pow(t, 4) + 2 * t * t - 3) / 18;
    struct estimate plain = stats_mean(value, 6, 0.95), wide = stats_skewed_mean(value, 6, 0.95);
    ck_assert_double_eq_tol(wide.half_width, plain.half_width * factor, 1e-6);
    ck_assert_double_eq_tol(stats_wider_for_skewness(sqrt(5), 5, t), factor, 1e-12);
    ck_assert(isnan(stats_skewed_mean(value + 1, 5, 0.95).half_width));
    ck_assert_double_eq(stats_skewed_mean(same, 2, 0.95).half_width, 0);
}
END_TEST

/* Newcombe, Statistics in Medicine 17 (1998), table I: 95% intervals by method 5. */
static const struct {
    int64_t hits, n;
    double exact[2];
} proportions[] = {
    {81, 263, {0.2527, 0.3676}}, {15, 148, {0.0578, 0.1617}}, {0, 20, {0.0000, 0.1684}},
    {1, 29, {0.0009, 0.1776}},   {20, 20, {0.8316, 1.0000}}, /* the mirror image of 0 of 20 */
};

START_TEST(proportions_have_the_published_intervals)
{
    struct interval exact = stats_clopper_pearson(proportions[_i].hits, proportions[_i].n, 0.95);
    ck_assert_double_eq_tol(exact.low, proportions[_i].exact[0], 5e-5);
    ck_assert_double_eq_tol(exact.high, proportions[_i].exact[1], 5e-5);
}
END_TEST

START_TEST(proportions_are_never_zero_plus_minus_zero)
{
    int64_t n;
    for (n = 0; n <= 1000000; n = 10 * n + 1) {
        struct interval none = stats_clopper_pearson(0, n, 0.95);
        struct interval all = stats_clopper_pearson(n, n, 0.95);
        ck_assert(none.low == 0 && none.high > 0);
        ck_assert(all.high == 1 && (n == 0 || all.low > 0) && all.low < 1);
        /* No hit in n: high = 1 - 0.025^(1 / n), "the rule of 3.7". */
        if (n > 0)
            ck_assert_double_eq_tol(none.high, 1 - pow(0.025, 1.0 / (double)n), 1e-9);
    }
}
END_TEST

/* Of 16,376 trials, as many as a history has jobs: each end is where its tail is 2.5%. */
START_TEST(proportions_of_many_have_both_ends)
{
    int64_t n = 16376, k;
    for (k = 1; k < n; k += 4) {
        struct interval interval = stats_clopper_pearson(k, n, 0.95);
        double a = (double)k, b = (double)(n - k);
        ck_assert_double_eq_tol(gsl_cdf_beta_P(interval.low, a, b + 1), 0.025, 1e-8);
        ck_assert_double_eq_tol(gsl_cdf_beta_Q(interval.high, a + 1, b), 0.025, 1e-8);
    }
}
END_TEST

/* Clopper and Pearson's promise, by enumeration: at every p the covered outcomes have at least 95%.
 */
START_TEST(clopper_pearson_never_covers_less)
{
    enum { TRIALS = 23 };
    int step;
    unsigned k;
    for (step = 1; step < 200; step++) {
        double p = step / 200.0, covered = 0;
        for (k = 0; k <= TRIALS; k++) {
            struct interval interval = stats_clopper_pearson(k, TRIALS, 0.95);
            if (interval.low <= p && p <= interval.high)
                covered += gsl_cdf_binomial_P(k, p, TRIALS) -
                           (k > 0 ? gsl_cdf_binomial_P(k - 1, p, TRIALS) : 0);
        }
        ck_assert_double_ge(covered, 0.95 - 1e-12);
    }
}
END_TEST

/* ---- quantiles ---- */

/* Conover, Practical Nonparametric Statistics: a median's 95% interval from 10 values is the 2nd to
 * the 9th (97.85%), from 20 the 6th to the 15th (95.86%); from 5 there is none. */
START_TEST(median_intervals_are_the_tabled_ranks)
{
    int64_t low, high;
    ck_assert(stats_quantile_ranks(10, 0.5, 0.95, &low, &high) && low == 2 && high == 9);
    ck_assert(stats_quantile_ranks(20, 0.5, 0.95, &low, &high) && low == 6 && high == 15);
    ck_assert(stats_quantile_ranks(6, 0.5, 0.95, &low, &high) && low == 1 && high == 6);
    ck_assert(!stats_quantile_ranks(5, 0.5, 0.95, &low, &high));
    ck_assert(!stats_quantile_ranks(0, 0.5, 0.95, &low, &high));
    ck_assert(!stats_quantile_ranks(20, 0.05, 0.95, &low, &high)); /* the other rank is there */
}
END_TEST

/* By enumeration of the binomial: the coverage of the ranks, and of any tighter choice. */
START_TEST(quantile_ranks_are_the_tightest_that_cover)
{
    static const double shares[] = {0.05, 0.5, 0.95, 0.99};
    unsigned n = 800;
    int64_t low, high;
    size_t i;
    for (i = 0; i < 4; i++) {
        double p = shares[i], tail = 0.025;
        ck_assert(stats_quantile_ranks(n, p, 0.95, &low, &high));
        ck_assert_double_le(gsl_cdf_binomial_P((unsigned)low - 1, p, n), tail);
        ck_assert_double_gt(gsl_cdf_binomial_P((unsigned)low, p, n), tail);
        ck_assert_double_le(gsl_cdf_binomial_Q((unsigned)high - 1, p, n), tail);
        ck_assert_double_gt(gsl_cdf_binomial_Q((unsigned)high - 2, p, n), tail);
    }
}
END_TEST

/* Coverage of at least 95%, simulated: fewer than 930 of 1,000 would be one seed in 300. */
START_TEST(quantile_intervals_cover)
{
    double value[200], truth = -log(0.1);
    struct stream stream;
    struct quantity quantity;
    int experiment, i, hits = 0;
    stream_seed(&stream, 42);
    for (experiment = 0; experiment < 1000; experiment++) {
        struct interval interval;
        for (i = 0; i < 200; i++)
            value[i] = exponential(&stream);
        stats_quantity(value, 200, &quantity);
        interval = stats_quantile_interval(value, 200, 0.9, 0.95);
        hits += interval.low <= truth && truth <= interval.high;
    }
    ck_assert_int_ge(hits, 930);
}
END_TEST

START_TEST(quantity_says_all_and_leaves_out_nothing_observed)
{
    double value[103];
    struct quantity quantity;
    size_t i;
    for (i = 0; i < 101; i++)
        value[i] = (double)((i * 37) % 101);
    value[101] = value[50];
    value[50] = value[102] = NAN;
    ck_assert_uint_eq(stats_quantity(value, 103, &quantity), 101);
    ck_assert(isnan(value[101]) && isnan(value[102]) && value[100] == 100);
    ck_assert_int_eq(quantity.n, 101);
    ck_assert_double_eq(quantity.min, 0);
    ck_assert_double_eq(quantity.max, 100);
    ck_assert_double_eq_tol(quantity.mean, 50, 1e-12);
    ck_assert_double_eq_tol(quantity.p5, 5, 1e-12);
    ck_assert_double_eq_tol(quantity.p50, 50, 1e-12);
    ck_assert_double_eq_tol(quantity.p95, 95, 1e-12);
    ck_assert_double_eq_tol(quantity.p99, 99, 1e-12);
    ck_assert_double_eq_tol(quantity.half_width, 1.98397 * sqrt(858.5 / 101), 1e-3);
    ck_assert_uint_eq(stats_quantity(value, 0, &quantity), 0);
    ck_assert(quantity.n == 0 && isnan(quantity.mean) && isnan(quantity.p99) &&
              isnan(quantity.max));
}
END_TEST

/* ---- two systems ---- */

START_TEST(common_random_numbers_narrow_a_difference)
{
    enum { PAIRS = 200 };
    double x[PAIRS], y[PAIRS], apart[PAIRS];
    struct comparison paired, unpaired;
    struct stream stream;
    int i;
    stream_seed(&stream, 43);
    for (i = 0; i < PAIRS; i++) {
        x[i] = exponential(&stream);
        y[i] = 1.1 * x[i] + 0.01 * stream_uniform(&stream);
        apart[i] = 1.1 * exponential(&stream);
    }
    y[17] = NAN;
    paired = stats_compare(x, y, PAIRS, 0.95);
    unpaired = stats_compare(x, apart, PAIRS, 0.95);
    ck_assert_int_eq(paired.difference.n, PAIRS - 1);
    ck_assert_double_gt(paired.correlation, 0.999);
    ck_assert_double_lt(fabs(unpaired.correlation), 0.3);
    ck_assert_double_lt(paired.difference.half_width, unpaired.difference.half_width / 5);
    ck_assert_double_eq_tol(paired.difference.mean, 0.105, paired.difference.half_width);
}
END_TEST

START_TEST(identical_systems_differ_by_nothing)
{
    static const double x[] = {1, 5, 2, 8};
    struct comparison same = stats_compare(x, x, 4, 0.95);
    ck_assert(same.difference.mean == 0 && same.difference.half_width == 0);
    ck_assert_double_eq_tol(same.correlation, 1, 1e-12);
}
END_TEST

/* ---- how long ---- */

static const struct stopping five_percent = {0.05, 0.95, 30, 20000};

/* A whole sequential experiment; returns the number of replications. */
static size_t run_until_precise(struct stream *stream, double *value, enum stop *stop)
{
    size_t n = 0;
    int64_t next = 30;
    do {
        while ((int64_t)n < next)
            value[n++] = exponential(stream);
        *stop = stats_stop(&five_percent, value, n);
        next = stats_next_look(&five_percent, value, n);
    } while (*stop == STOP_CONTINUE);
    return n;
}

/* Sequential 95% intervals of the skewest case one meets: exponential values. Glynn and Whitt
 * promise 95% as the precision goes to 0; at 5% (1,540 values) at least 930 hits of 1,000 are
 * wanted (at a true coverage of 94.5% one seed in 50 has fewer; this one has not). */
START_TEST(sequential_stopping_covers)
{
    static double value[20000];
    struct stream stream;
    int experiment, hits = 0;
    stream_seed(&stream, 44);
    for (experiment = 0; experiment < 1000; experiment++) {
        enum stop stop;
        size_t n = run_until_precise(&stream, value, &stop);
        struct estimate mean = stats_mean(value, n, 0.95);
        ck_assert_int_eq(stop, STOP_PRECISE);
        ck_assert_double_le(mean.half_width, 0.05 * mean.mean);
        hits += fabs(mean.mean - 1) <= mean.half_width;
    }
    ck_assert_int_ge(hits, 930);
}
END_TEST

START_TEST(stopping_waits_for_the_minimum_that_the_precision_asks_for)
{
    double value[200];
    struct stopping loose = {0.5, 0.95, 30, 1000}, tight = {0.01, 0.95, 30, 1000};
    size_t i;
    for (i = 0; i < 200; i++)
        value[i] = 10 + (double)(i % 2) * 1e-6;
    ck_assert_int_eq(stats_stop(&loose, value, 29), STOP_CONTINUE);
    ck_assert_int_eq(stats_stop(&loose, value, 30), STOP_PRECISE);
    ck_assert_int_eq(stats_stop(&tight, value, 99), STOP_CONTINUE);
    ck_assert_int_eq(stats_stop(&tight, value, 100), STOP_PRECISE);
    ck_assert_int_eq(stats_next_look(&tight, value, 30), 100);
}
END_TEST

START_TEST(stopping_ends_at_the_maximum)
{
    double value[100];
    struct stopping stopping = {0.01, 0.95, 30, 90};
    size_t i;
    for (i = 0; i < 100; i++)
        value[i] = (double)(i % 2);
    ck_assert_int_eq(stats_stop(&stopping, value, 89), STOP_CONTINUE);
    ck_assert_int_eq(stats_stop(&stopping, value, 90), STOP_MAXIMUM);
    ck_assert_int_eq(stats_next_look(&stopping, value, 80), 90);
    for (i = 0; i < 100; i++)
        value[i] = NAN; /* nothing is ever observed */
    ck_assert_int_eq(stats_stop(&stopping, value, 89), STOP_CONTINUE);
    ck_assert_int_eq(stats_stop(&stopping, value, 90), STOP_MAXIMUM);
}
END_TEST

START_TEST(looks_grow_by_a_tenth_to_a_factor_of_two)
{
    double value[1000];
    struct stopping stopping = {0.01, 0.95, 30, 1000000};
    struct stream stream;
    size_t i;
    stream_seed(&stream, 45);
    for (i = 0; i < 1000; i++)
        value[i] = exponential(&stream);
    ck_assert_int_eq(stats_next_look(&stopping, value, 1000), 2000);
    for (i = 0; i < 1000; i++)
        value[i] = 10 + stream_uniform(&stream);
    ck_assert_int_eq(stats_next_look(&stopping, value, 1000), 1100);
}
END_TEST

static void add_intervals(Suite *s)
{
    TCase *c = tcase_create("intervals");
    tcase_add_test(c, t_interval_is_the_textbook_one);
    tcase_add_test(c, nothing_observed_is_nan_and_one_value_has_no_width);
    tcase_add_test(c, t_intervals_cover_as_often_as_they_say);
    tcase_add_loop_test(c, proportions_have_the_published_intervals, 0,
                        (int)(sizeof proportions / sizeof *proportions));
    tcase_add_test(c, proportions_are_never_zero_plus_minus_zero);
    tcase_add_test(c, proportions_of_many_have_both_ends);
    tcase_add_test(c, clopper_pearson_never_covers_less);
    tcase_add_test(c, median_intervals_are_the_tabled_ranks);
    tcase_add_test(c, quantile_ranks_are_the_tightest_that_cover);
    tcase_add_test(c, quantile_intervals_cover);
    tcase_add_test(c, quantity_says_all_and_leaves_out_nothing_observed);
    tcase_add_test(c, common_random_numbers_narrow_a_difference);
    tcase_add_test(c, identical_systems_differ_by_nothing);
    suite_add_tcase(s, c);
}

static void add_runs(Suite *s)
{
    TCase *c = tcase_create("runs");
    tcase_add_test(c, sequential_stopping_covers);
    tcase_add_test(c, stopping_waits_for_the_minimum_that_the_precision_asks_for);
    tcase_add_test(c, stopping_ends_at_the_maximum);
    tcase_add_test(c, looks_grow_by_a_tenth_to_a_factor_of_two);
    tcase_add_test(c, skewed_values_get_wider_intervals);
    tcase_add_test(c, skewness_is_fishers_and_too_few_values_have_no_interval);
    suite_add_tcase(s, c);
}

Suite *suite(void)
{
    Suite *s = suite_create("stats");
    add_intervals(s);
    add_runs(s);
    return s;
}
