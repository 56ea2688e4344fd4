/* What to drop from the front of a run, and what one long run says. */
#include "model/stats/stats.h"
#include "sim/engine/stream.h"
#include "tests/support/helpers.h"

#include <math.h>

START_TEST(warmup_drops_the_transient)
{
    double value[4000];
    struct stream stream;
    size_t i, drop;
    stream_seed(&stream, 46);
    for (i = 0; i < 4000; i++)
        value[i] = 10 + stream_uniform(&stream) - (i < 400 ? 8 * (1 - (double)i / 400) : 0);
    ck_assert(stats_warmup(value, 4000, &drop));
    ck_assert_uint_eq(drop % 5, 0);
    ck_assert_uint_ge(drop, 350);
    ck_assert_uint_le(drop, 450);
}
END_TEST

START_TEST(warmup_drops_nothing_without_a_transient)
{
    double value[1000];
    size_t i, drop;
    for (i = 0; i < 1000; i++)
        value[i] = (double)(i % 2);
    ck_assert(stats_warmup(value, 1000, &drop));
    ck_assert_uint_eq(drop, 0);
    for (i = 0; i < 1000; i++)
        value[i] = 3;
    ck_assert(stats_warmup(value, 1000, &drop));
    ck_assert_uint_eq(drop, 0);
}
END_TEST

START_TEST(warmup_never_drops_more_than_half_and_says_so)
{
    double value[1000];
    size_t i, drop;
    for (i = 0; i < 1000; i++)
        value[i] = i < 700 ? 100 - (double)i / 10 : 30 + (double)(i % 2);
    ck_assert(!stats_warmup(value, 1000, &drop));
    ck_assert_uint_eq(drop, 500);
    ck_assert(!stats_warmup(value, 20, &drop));
    ck_assert_uint_eq(drop, 0);
}
END_TEST

/* An autoregression with correlation 0.8: the naive interval covers about half the time, batch
 * means of 10,000 values (100 batches) nearly 95%. Fewer than 910 of 1,000 at a true coverage of
 * 93.5% would be one seed in 1,000. */
START_TEST(batch_means_cover_where_values_are_correlated)
{
    static double value[10000];
    struct stream stream;
    int experiment, i, hits = 0, naive = 0;
    stream_seed(&stream, 47);
    for (experiment = 0; experiment < 1000; experiment++) {
        double x = 0;
        struct batches batches;
        for (i = 0; i < 10000; i++) {
            x = 0.8 * x + stream_uniform(&stream) - 0.5;
            value[i] = x;
        }
        batches = stats_batch_means(value, 10000, 0.95);
        ck_assert_int_eq(batches.estimate.n, 100);
        ck_assert_uint_eq(batches.size, 100);
        hits += fabs(batches.estimate.mean) <= batches.estimate.half_width;
        naive += fabs(batches.estimate.mean) <= stats_mean(value, 10000, 0.95).half_width;
    }
    ck_assert_int_ge(hits, 910);
    ck_assert_int_le(naive, 600);
}
END_TEST

START_TEST(batch_means_end_with_the_run)
{
    double value[107];
    struct batches batches;
    size_t i;
    for (i = 0; i < 107; i++)
        value[i] = i < 7 ? 1e9 : floor((double)(i - 7) / 10);
    batches = stats_batch_means(value, 107, 0.95);
    ck_assert_int_eq(batches.estimate.n, 10);
    ck_assert_uint_eq(batches.size, 10);
    ck_assert_double_eq_tol(batches.estimate.mean, 4.5, 1e-12);
    ck_assert_double_eq_tol(batches.estimate.variance, 55.0 / 6, 1e-12);
    ck_assert_double_eq_tol(batches.correlation, 57.75 / 82.5, 1e-12);
}
END_TEST

/* Of an autoregression with r = 0.8 it is 0.5 + 0.8 / 0.2 = 4.5; its estimate from 20 runs of 1,000
 * has a standard error of 4.5 sqrt(2 (2 * 22 + 1) / 20,000) = 0.3 (Sokal, 3.19). */
START_TEST(memory_of_an_autoregression)
{
    static double value[20000];
    struct stream stream;
    int i;
    stream_seed(&stream, 49);
    for (i = 0; i < 20000; i++)
        value[i] = (i % 1000 ? 0.8 * value[i - 1] : 0) + stream_uniform(&stream) - 0.5;
    ck_assert_double_eq_tol(stats_memory(value, 20, 1000), 4.5, 0.9);
    for (i = 0; i < 20000; i++)
        value[i] = stream_uniform(&stream) - 0.5;
    ck_assert_double_eq_tol(stats_memory(value, 20, 1000), 0.5, 0.1);
    for (i = 0; i < 20000; i++)
        value[i] = 0;
    ck_assert_double_eq(stats_memory(value, 20, 1000), 0);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("stats_run");
    TCase *c = tcase_create("runs");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, warmup_drops_the_transient);
    tcase_add_test(c, warmup_drops_nothing_without_a_transient);
    tcase_add_test(c, warmup_never_drops_more_than_half_and_says_so);
    tcase_add_test(c, memory_of_an_autoregression);
    tcase_add_test(c, batch_means_cover_where_values_are_correlated);
    tcase_add_test(c, batch_means_end_with_the_run);
    suite_add_tcase(s, c);
    return s;
}
