#include "model/stats/survival.h"
#include "sim/engine/stream.h"
#include "tests/support/helpers.h"

#include <gsl/gsl_sort.h>
#include <math.h>

/* Freireich et al., Blood 21 (1963): weeks in remission of children with leukaemia under 6-MP and
 * under placebo; the estimates as Kalbfleisch and Prentice (table 1.1, section 1.4) and most
 * textbooks print them. */
static const double relapsed[] = {6, 6, 6, 7, 10, 13, 16, 22, 23};
static const double in_remission[] = {6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35};
static const double placebo[] = {1, 1, 2,  2,  3,  4,  4,  5,  5,  8, 8,
                                 8, 8, 11, 11, 12, 12, 15, 17, 22, 23};
#define N(array) (sizeof(array) / sizeof *(array))

static struct survival freireich(void)
{
    struct survival survival;
    survival_of_values(&survival, relapsed, N(relapsed), in_remission, N(in_remission));
    return survival;
}

START_TEST(the_curve_is_the_published_one)
{
    static const struct {
        double weeks, s, error; /* Greenwood's */
        double low, high;       /* of log(-log S), as Stata lists them */
    } published[] = {{6, .8571, .0764, .6197, .9516},  {7, .8067, .0869, .5631, .9228},
                     {10, .7529, .0963, .5032, .8894}, {13, .6902, .1068, .4316, .8491},
                     {16, .6275, .1141, .3675, .8049}, {22, .5378, .1282, .2678, .7468},
                     {23, .4482, .1346, .1881, .6801}};
    struct survival survival = freireich();
    size_t i, at = 0;
    ck_assert_int_eq(survival.events, 9);
    ck_assert_int_eq(survival.censored, 12);
    for (i = 0; i < N(published); i++) {
        struct survival_share over = survival_share(&survival, published[i].weeks, 0.95);
        while (survival.step[at].at < published[i].weeks)
            at++;
        ck_assert_double_eq_tol(1 - over.share, published[i].s, 5e-5);
        ck_assert_double_eq_tol(survival.step[at].s * sqrt(survival.step[at].variance),
                                published[i].error, 5e-5);
        ck_assert_double_eq_tol(1 - over.high, published[i].low, 6e-5);
        ck_assert_double_eq_tol(1 - over.low, published[i].high, 6e-5);
    }
    survival_fini(&survival);
}
END_TEST

/* Median 23 weeks, from 13 on; the 90% quantile is not reached in 35 weeks. */
START_TEST(quantiles_end_where_the_curve_does)
{
    struct survival survival = freireich();
    struct interval interval = survival_quantile_interval(&survival, 0.5, 0.95);
    ck_assert_double_eq(survival_quantile(&survival, 0.5), 23);
    ck_assert_double_eq(interval.low, 13);
    ck_assert(isinf(interval.high));
    ck_assert(isnan(survival_quantile(&survival, 0.9)));
    ck_assert(isnan(survival_quantile_interval(&survival, 0.9, 0.95).low));
    ck_assert_double_eq(survival_known_to(&survival), 35);
    ck_assert(isnan(survival_share(&survival, 36, 0.95).share));
    ck_assert_double_eq(survival_share(&survival, 5, 0.95).share, 0);
    survival_fini(&survival);
}
END_TEST

/* Mean up to 35 weeks 23.29, as survfit prints it (standard error 2.83). */
START_TEST(a_mean_of_what_is_not_over_is_a_lower_bound)
{
    struct survival survival = freireich();
    struct survival_mean mean = survival_mean(&survival, 0.95);
    ck_assert(mean.bound);
    ck_assert_double_eq_tol(mean.mean, 23.287, 0.001);
    ck_assert_double_eq_tol(mean.half_width / 1.95996, 2.827, 0.002);
    survival_fini(&survival);
}
END_TEST

/* All 21 relapsed: plain shares and the plain mean; median 8, from 4 to 11. */
START_TEST(without_censoring_it_counts)
{
    struct survival survival;
    struct survival_mean mean;
    double sum = 0;
    size_t i;
    survival_of_values(&survival, placebo, N(placebo), NULL, 0);
    for (i = 0; i < N(placebo); i++)
        sum += placebo[i];
    mean = survival_mean(&survival, 0.95);
    ck_assert_double_eq_tol(mean.mean, sum / 21, 1e-12);
    ck_assert(!mean.bound);
    ck_assert_double_eq(survival_quantile(&survival, 0.5), 8);
    ck_assert_double_eq(survival_quantile_interval(&survival, 0.5, 0.95).low, 4);
    ck_assert_double_eq(survival_quantile_interval(&survival, 0.5, 0.95).high, 11);
    ck_assert_double_eq_tol(survival_share(&survival, 8, 0.95).share, 13 / 21.0, 1e-12);
    ck_assert_double_eq_tol(survival_share(&survival, 99, 0.95).share, 1, 1e-12);
    survival_fini(&survival);
}
END_TEST

START_TEST(nothing_and_nothing_over)
{
    static const double ages[] = {3, 5};
    struct survival survival;
    survival_of_values(&survival, NULL, 0, NULL, 0);
    ck_assert(isnan(survival_known_to(&survival)) && isnan(survival_quantile(&survival, 0.5)));
    ck_assert(isnan(survival_share(&survival, 1, 0.95).share));
    ck_assert(isnan(survival_mean(&survival, 0.95).mean));
    survival_fini(&survival);
    ck_assert(isnan(survival_least(&survival, 0.5)));
    survival_of_values(&survival, NULL, 0, ages, 2);
    ck_assert(isnan(survival_quantile(&survival, 0.01)));
    ck_assert_double_eq(survival_share(&survival, 4, 0.95).share, 0);
    ck_assert_double_eq(survival_mean(&survival, 0.95).mean, 4); /* the first: 3 at least */
    ck_assert(survival_mean(&survival, 0.95).bound);
    survival_fini(&survival);
}
END_TEST

/* Nine of nine were not over, at 1, 2 ... 9: of 5% nothing is known but that they take longer than
 * 1, and not than 9, which one alone was watched for. With some over it is what it would be if the
 * others had ended at once (6-MP: a fifth of 21 by 7 weeks, nine tenths by 32). */
START_TEST(a_quantile_is_beyond_what_all_of_its_share_were_watched_for)
{
    static const double ages[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    struct survival survival;
    survival_of_values(&survival, NULL, 0, ages, N(ages));
    ck_assert_double_eq(survival_least(&survival, 0.05), 1);
    ck_assert_double_eq(survival_least(&survival, 0.5), 5);
    ck_assert_double_eq(survival_least(&survival, 0.95), 9);
    ck_assert_double_eq(survival_least(&survival, 1), 9);
    ck_assert_double_eq(survival_mean(&survival, 0.95).mean, 5);
    survival_fini(&survival);
    survival = freireich();
    ck_assert_double_eq(survival_least(&survival, 0.2), 7);
    ck_assert_double_eq(survival_least(&survival, 0.9), 32);
    ck_assert_double_eq(survival_least(&survival, 1), 35);
    survival_fini(&survival);
}
END_TEST

/* The same from sketches: exactly while they hold every value, within 0.1% beyond. */
START_TEST(sketches_give_the_same_curve)
{
    struct sketch event, censored;
    struct survival survival, exact = freireich();
    size_t i;
    int times;
    sketch_init(&event);
    sketch_init(&censored);
    for (times = 1; times <= SKETCH_EXACT; times = times == 1 ? SKETCH_EXACT : times + 1) {
        sketch_clear(&event);
        sketch_clear(&censored);
        for (i = 0; i < N(relapsed) * (size_t)times; i++)
            sketch_add(&event, (int64_t)relapsed[i % N(relapsed)] * 1000000);
        for (i = 0; i < N(in_remission) * (size_t)times; i++)
            sketch_add(&censored, (int64_t)in_remission[i % N(in_remission)] * 1000000);
        survival_of_sketches(&survival, &event, &censored);
        ck_assert_double_eq_tol(survival_quantile(&survival, 0.5), 23e6, times > 1 ? 23e3 : 1e-6);
        ck_assert_double_eq_tol(survival_share(&survival, 22.5e6, 0.95).share, 1 - .5378, 5e-5);
        ck_assert_double_eq_tol(survival_mean(&survival, 0.95).mean,
                                1e6 * survival_mean(&exact, 0.95).mean, times > 1 ? 23e3 : 1e-3);
        survival_fini(&survival);
    }
    survival_fini(&exact);
    sketch_fini(&event);
    sketch_fini(&censored);
}
END_TEST

static double exponential(struct stream *stream, double mean)
{
    return -mean * log(stream_uniform(stream));
}

/* 1,000 experiments of 100 exponential times of mean 1, seen for an exponential time of mean 2: a
 * third is censored. The median is log 2; of 95% intervals 936 to 963 hold it in 95% of the seeds,
 * this one among them (Brookmeyer and Crowley's err on the wide side: up to 970). */
START_TEST(intervals_cover_what_was_censored)
{
    struct stream stream;
    int experiment, medians = 0, shares = 0;
    stream_seed(&stream, 7);
    for (experiment = 0; experiment < 1000; experiment++) {
        double event[100], censored[100];
        size_t n = 0, m = 0;
        struct survival survival;
        struct interval median;
        struct survival_share share;
        while (n + m < 100) {
            double t = exponential(&stream, 1), end = exponential(&stream, 2);
            if (t <= end)
                event[n++] = t;
            else
                censored[m++] = end;
        }
        gsl_sort(event, 1, n);
        gsl_sort(censored, 1, m);
        survival_of_values(&survival, event, n, censored, m);
        median = survival_quantile_interval(&survival, 0.5, 0.95);
        share = survival_share(&survival, 1, 0.95);
        medians += median.low <= log(2) && log(2) <= median.high;
        shares += share.low <= 1 - exp(-1) && 1 - exp(-1) <= share.high;
        survival_fini(&survival);
    }
    ck_assert_int_ge(medians, 936);
    ck_assert_int_le(medians, 970);
    ck_assert_int_ge(shares, 936);
    ck_assert_int_le(shares, 963);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("survival");
    TCase *tests = tcase_create("survival");
    tcase_add_test(tests, the_curve_is_the_published_one);
    tcase_add_test(tests, quantiles_end_where_the_curve_does);
    tcase_add_test(tests, a_mean_of_what_is_not_over_is_a_lower_bound);
    tcase_add_test(tests, without_censoring_it_counts);
    tcase_add_test(tests, nothing_and_nothing_over);
    tcase_add_test(tests, a_quantile_is_beyond_what_all_of_its_share_were_watched_for);
    tcase_add_test(tests, sketches_give_the_same_curve);
    tcase_add_test(tests, intervals_cover_what_was_censored);
    suite_add_tcase(suite, tests);
    return suite;
}
