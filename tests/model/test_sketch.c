/* Both collectors: values (sketch) and quantities over time (level). */
#include "model/stats/sketch.h"
#include "sim/engine/stream.h"
#include "sim/stats/level.h"
#include "tests/support/helpers.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Values over ten decades. */
static int64_t wide(struct stream *stream)
{
    return (int64_t)exp(23 * stream_uniform(stream));
}

/* At, below and above the limit, whole and in parts that merge in either order. */
START_TEST(sketches_of_parts_merge_to_the_sketch_of_the_whole)
{
    static const int64_t sizes[] = {1,     2, 777, SKETCH_EXACT - 1, SKETCH_EXACT, SKETCH_EXACT + 1,
                                    100000};
    struct sketch whole, part[3], forward, backward;
    struct stream stream;
    int64_t i;
    int k;
    sketch_init(&whole);
    sketch_init(&forward);
    sketch_init(&backward);
    for (k = 0; k < 3; k++)
        sketch_init(&part[k]);
    stream_seed(&stream, 48);
    for (i = 0; i < sizes[_i]; i++) {
        int64_t value = wide(&stream);
        sketch_add(&whole, value);
        sketch_add(&part[stream_below(&stream, 2) * (1 + stream_below(&stream, 2))], value);
    }
    for (k = 0; k < 3; k++) {
        sketch_merge(&forward, &part[k]);
        sketch_merge(&backward, &part[2 - k]);
    }
    for (k = 0; k <= 100; k++) {
        double want = sketch_quantile(&whole, k / 100.0);
        ck_assert_double_eq(sketch_quantile(&forward, k / 100.0), want);
        ck_assert_double_eq(sketch_quantile(&backward, k / 100.0), want);
    }
    ck_assert(forward.n == whole.n && forward.sum == whole.sum && backward.sum == whole.sum);
    ck_assert(forward.min == whole.min && forward.max == whole.max);
    ck_assert_mem_eq(forward.count, whole.count, SKETCH_BUCKETS * sizeof *whole.count);
    ck_assert_mem_eq(backward.count, whole.count, SKETCH_BUCKETS * sizeof *whole.count);
    for (k = 0; k < 3; k++)
        sketch_fini(&part[k]);
    sketch_fini(&whole);
    sketch_fini(&forward);
    sketch_fini(&backward);
}
END_TEST

START_TEST(ranks_are_exact_up_to_the_limit_and_within_a_thousandth_beyond)
{
    static int64_t value[SKETCH_EXACT + 1];
    struct sketch sketch;
    struct stream stream;
    int64_t n = SKETCH_EXACT, i;
    sketch_init(&sketch);
    stream_seed(&stream, 49);
    for (i = 0; i < n; i++)
        sketch_add(&sketch, value[i] = wide(&stream));
    qsort(value, (size_t)n, sizeof *value, compare);
    for (i = 1; i <= n; i += 13)
        ck_assert_double_eq(sketch_rank(&sketch, i), (double)value[i - 1]);
    sketch_add(&sketch, value[n] = wide(&stream));
    qsort(value, (size_t)n + 1, sizeof *value, compare);
    for (i = 1; i <= n + 1; i += 13)
        ck_assert_double_eq_tol(sketch_rank(&sketch, i) / (double)value[i - 1], 1, 0.001);
    ck_assert_double_eq_tol(sketch_rank(&sketch, n + 1) / (double)value[n], 1, 0.001);
    sketch_fini(&sketch);
}
END_TEST

START_TEST(buckets_are_in_order_without_gaps_and_narrow)
{
    int64_t value;
    int shift;
    for (value = 0; value < 100000; value++) {
        int32_t step = sketch_bucket(value + 1) - sketch_bucket(value);
        ck_assert(step == 0 || step == 1);
    }
    for (shift = 10; shift < SKETCH_BITS; shift++) {
        for (value = (int64_t)1 << shift; value < (int64_t)1 << (shift + 1);
             value += ((int64_t)1 << shift) / 1000 + 1) {
            double middle = sketch_bucket_value(sketch_bucket(value));
            ck_assert_double_le(fabs(middle / (double)value - 1), 0.001);
        }
        value = ((int64_t)1 << shift) - 1;
        ck_assert_int_eq(sketch_bucket(value + 1), sketch_bucket(value) + 1);
    }
    ck_assert_int_eq(sketch_bucket(((int64_t)1 << SKETCH_BITS) - 1), SKETCH_BUCKETS - 1);
    ck_assert_int_eq(sketch_bucket(INT64_MAX), SKETCH_BUCKETS - 1);
}
END_TEST

START_TEST(a_cleared_sketch_is_new)
{
    struct sketch sketch, fresh;
    int i;
    sketch_init(&sketch);
    sketch_init(&fresh);
    for (i = 0; i < 2 * SKETCH_EXACT; i++)
        sketch_add(&sketch, 100 + 3 * i);
    sketch_clear(&sketch);
    ck_assert(isnan(sketch_mean(&sketch)) && isnan(sketch_quantile(&sketch, 0.5)));
    ck_assert_mem_eq(sketch.count, fresh.count, SKETCH_BUCKETS * sizeof *fresh.count);
    sketch_add(&sketch, 5);
    sketch_add(&sketch, 8);
    ck_assert_double_eq(sketch_quantile(&sketch, 0.5), 6.5);
    ck_assert_double_eq(sketch_quantile(&sketch, 0), 5);
    ck_assert_double_eq(sketch_quantile(&sketch, 1), 8);
    ck_assert_double_eq(sketch_mean(&sketch), 6.5);
    sketch_merge(&fresh, &sketch);
    sketch_add(&sketch, 1); /* after a question: what it sorted is no longer sorted */
    ck_assert_double_eq(sketch_quantile(&sketch, 0), 1);
    sketch_merge(&sketch, &fresh);
    ck_assert_double_eq(sketch_quantile(&sketch, 0.5), 5);
    sketch_fini(&sketch);
    sketch_fini(&fresh);
}
END_TEST

START_TEST(sums_do_not_overflow)
{
    struct sketch sketch;
    struct quantity quantity;
    int i;
    sketch_init(&sketch);
    for (i = 0; i < 1000; i++)
        sketch_add(&sketch, INT64_MAX);
    sketch_quantity(&sketch, &quantity);
    ck_assert_double_eq(quantity.mean, (double)INT64_MAX);
    ck_assert_int_eq(quantity.n, 1000);
    ck_assert(isnan(quantity.half_width));
    sketch_fini(&sketch);
}
END_TEST

START_TEST(levels_are_weighted_by_time)
{
    struct level level;
    struct quantity quantity;
    level_init(&level);
    ck_assert(isnan(level_mean(&level)) && isnan(level_quantile(&level, 0.5)));
    level_hold(&level, 2, 900);
    level_hold(&level, 9, 90);
    level_hold(&level, 0, 10);
    ck_assert_double_eq(level_mean(&level), (2 * 900 + 9 * 90) / 1000.0);
    level_quantity(&level, 0.5, &quantity);
    ck_assert_double_eq(quantity.mean, 0.5 * level_mean(&level));
    ck_assert_double_eq(quantity.min, 0);
    ck_assert_double_eq(quantity.p5, 1);
    ck_assert_double_eq(quantity.p50, 1);
    ck_assert_double_eq(quantity.p95, 4.5);
    ck_assert_double_eq(quantity.max, 4.5);
    ck_assert_double_eq(level_quantile(&level, 0.01), 0);
    ck_assert_double_eq(level_quantile(&level, 0.91), 2);
    ck_assert_double_eq(level_quantile(&level, 0.911), 9);
    level_fini(&level);
}
END_TEST

START_TEST(levels_merge_and_clear)
{
    struct level a, b, both;
    level_init(&a);
    level_init(&b);
    level_init(&both);
    level_hold(&a, 5000000, 10);
    level_hold(&a, 1, 10);
    level_hold(&b, 3, 20);
    level_merge(&both, &b);
    level_merge(&both, &a);
    ck_assert_int_eq(both.total_ms, 40);
    ck_assert_double_eq(level_mean(&both), (50000000 + 10 + 60) / 40.0);
    ck_assert(both.min == 1 && both.max == 5000000);
    ck_assert_double_eq(level_quantile(&both, 0.75), 3);
    ck_assert_double_eq_tol(level_quantile(&both, 0.76), 5e6, 5e3);
    level_clear(&a);
    ck_assert_mem_eq(a.held_ms, (int64_t[SKETCH_BUCKETS]){0}, SKETCH_BUCKETS * sizeof *a.held_ms);
    ck_assert(isnan(level_mean(&a)));
    level_fini(&a);
    level_fini(&b);
    level_fini(&both);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("sketch");
    TCase *c = tcase_create("sketch and level");
    tcase_add_loop_test(c, sketches_of_parts_merge_to_the_sketch_of_the_whole, 0, 7);
    tcase_add_test(c, ranks_are_exact_up_to_the_limit_and_within_a_thousandth_beyond);
    tcase_add_test(c, buckets_are_in_order_without_gaps_and_narrow);
    tcase_add_test(c, a_cleared_sketch_is_new);
    tcase_add_test(c, sums_do_not_overflow);
    tcase_add_test(c, levels_are_weighted_by_time);
    tcase_add_test(c, levels_merge_and_clear);
    suite_add_tcase(s, c);
    return s;
}
