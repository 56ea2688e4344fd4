#include "model/base/assert.h"
#include "sim/engine/draw.h"
#include "sim/engine/source.h"
#include "tests/support/helpers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NO NAN
#define N 100000

static const struct {
    enum dist_kind kind;
    double mean, cv2;
    int uniforms; /* that one draw takes */
} drawn[] = {
    {DIST_UNIFORM, 1e7, 0.3, 1},        {DIST_EXPONENTIAL, 1e7, NO, 1},
    {DIST_ERLANG, 1e7, 0.5, 2},         {DIST_ERLANG, 1e7, 0.001, 1000},
    {DIST_HYPEREXPONENTIAL, 1e7, 5, 1}, {DIST_LOGNORMAL, 1e7, 0.5, 1},
    {DIST_LOGNORMAL, 1e7, 20, 1},       {DIST_LOGLOGISTIC, 1e7, 2, 1},
    {DIST_WEIBULL, 1e7, 3, 1},          {DIST_WEIBULL, 1e7, 0.1, 1},
    {DIST_GAMMA, 1e7, 0.3, 1},          {DIST_GAMMA, 1e7, 1.5, 1},
    {DIST_FIXED, 1e7, NO, 0},
};
#define KINDS ((int)(sizeof drawn / sizeof *drawn))

static struct dist make(int i)
{
    struct und_err err = {0};
    struct dist dist;
    dist_init(&dist);
    dist.kind = drawn[i].kind;
    dist.mean_ms = drawn[i].mean;
    dist.cv2 = drawn[i].cv2;
    ck_assert_msg(dist_resolve(&dist, "here", &err) == UND_OK, "%s", err.text);
    return dist;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov against the exact distribution. The limit 2.225 / sqrt(n) has a false
 * alarm rate of 1e-4 (2 exp(-2 x^2)): the 12 kinds above together one seed in 800. A draw is
 * a millisecond wide, so the distribution is taken at its upper edge. */
START_TEST(draws_follow_the_distribution)
{
    static int64_t value[N];
    struct dist dist = make(_i);
    struct stream stream;
    double worst = 0;
    int i;
    stream_seed(&stream, 300 + (uint64_t)_i);
    for (i = 0; i < N; i++)
        value[i] = draw_ms(&dist, &stream);
    qsort(value, N, sizeof *value, compare);
    for (i = 0; i < N; i++) {
        double cdf = dist_cdf(&dist, (double)value[i] + 0.5);
        worst = fmax(worst, fmax(cdf - (double)i / N, (double)(i + 1) / N - cdf));
    }
    ck_assert_double_lt(worst, 2.225 / sqrt(N));
}
END_TEST

START_TEST(every_draw_takes_the_same_number_of_uniforms)
{
    struct dist dist = make(_i);
    struct stream stream, steps;
    int i, k;
    stream_seed(&stream, 17);
    steps = stream;
    for (i = 0; i < 20000; i++) {
        draw_ms(&dist, &stream);
        for (k = 0; k < drawn[_i].uniforms; k++)
            stream_next(&steps);
        ck_assert_mem_eq(&stream, &steps, sizeof stream);
    }
}
END_TEST

/* The same uniforms make a longer draw of a longer distribution: common random numbers work. */
START_TEST(a_longer_mean_lengthens_every_draw)
{
    struct dist shorter = make(_i), longer = make(_i);
    struct und_err err = {0};
    struct stream a, b;
    int i;
    longer.mean_ms *= 1.5;
    ck_assert_int_eq(dist_resolve(&longer, "here", &err), UND_OK);
    stream_seed(&a, 18);
    b = a;
    for (i = 0; i < 20000; i++) {
        int64_t less = draw_ms(&shorter, &a), more = draw_ms(&longer, &b);
        ck_assert_int_ge(more, less);
        ck_assert_double_eq_tol((double)more, 1.5 * (double)less, 1.5 + 1e-9 * (double)more);
    }
}
END_TEST

START_TEST(a_source_hands_out_the_same_draws)
{
    struct dist dist = make(_i);
    struct stream stream;
    struct source source;
    int i;
    stream_seed(&stream, 21);
    source_init(&source, &dist, &stream);
    for (i = 0; i < 1000; i++)
        ck_assert_int_eq(source_next_ms(&source), draw_ms(&dist, &stream));
}
END_TEST

START_TEST(fixed_values_are_drawn_as_they_are)
{
    struct dist dist = dist_fixed(1234567);
    struct stream stream = {{1, 2, 3, 4}};
    ck_assert_int_eq(draw_ms(&dist, &stream), 1234567);
}
END_TEST

/* Chi-square on 4 cells at 1e-4: one seed in 10,000 would fail. */
START_TEST(empirical_values_come_equally_often)
{
    static const int64_t values[] = {1, 20, 300, 4000};
    struct und_err err = {0};
    struct stream stream;
    struct dist dist;
    double x = 0;
    int i, k, count[4] = {0};
    dist_init(&dist);
    dist.kind = DIST_EMPIRICAL;
    dist.values = malloc(sizeof values);
    memcpy(dist.values, values, sizeof values);
    dist.n_values = 4;
    ck_assert_int_eq(dist_resolve(&dist, "here", &err), UND_OK);
    stream_seed(&stream, 19);
    for (i = 0; i < N; i++) {
        int64_t ms = draw_ms(&dist, &stream);
        for (k = 0; k < 4 && values[k] != ms; k++)
            continue;
        ck_assert_int_lt(k, 4);
        count[k]++;
    }
    for (k = 0; k < 4; k++)
        x += pow(count[k] - N / 4.0, 2) / (N / 4.0);
    ck_assert_double_lt(x, 21.11);
    dist_fini(&dist);
}
END_TEST

/* Uniforms at both ends of the range, through every kind: the extremes stay within bounds. */
START_TEST(extreme_uniforms_stay_within_bounds)
{
    static const struct stream ends[] = {{{0, 1, 1, 0}}, {{UINT64_MAX, 1, 1, 1}}};
    struct dist dist = make(_i);
    size_t i;
    for (i = 0; i < 2; i++) {
        struct stream stream = ends[i];
        int64_t ms = draw_ms(&dist, &stream);
        ck_assert_int_ge(ms, 0);
        ck_assert_int_le(ms, (int64_t)DIST_MAX_MS);
    }
}
END_TEST

START_TEST(a_draw_past_the_ceiling_is_the_ceiling)
{
    struct stream lowest = {{0, 1, 1, 0}};
    struct und_err err = {0};
    struct dist dist;
    dist_init(&dist);
    dist.kind = DIST_EXPONENTIAL;
    dist.mean_ms = DIST_MAX_MS;
    ck_assert_int_eq(dist_resolve(&dist, "here", &err), UND_OK);
    ck_assert_int_eq(draw_ms(&dist, &lowest), (int64_t)DIST_MAX_MS);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("draw");
    TCase *law = tcase_create("law"), *alignment = tcase_create("alignment");
    tcase_add_loop_test(law, draws_follow_the_distribution, 0, KINDS - 1);
    tcase_add_test(law, fixed_values_are_drawn_as_they_are);
    tcase_add_test(law, empirical_values_come_equally_often);
    tcase_add_loop_test(law, extreme_uniforms_stay_within_bounds, 0, KINDS);
    tcase_add_test(law, a_draw_past_the_ceiling_is_the_ceiling);
    tcase_add_loop_test(alignment, every_draw_takes_the_same_number_of_uniforms, 0, KINDS);
    tcase_add_loop_test(alignment, a_longer_mean_lengthens_every_draw, 0, KINDS);
    tcase_add_loop_test(alignment, a_source_hands_out_the_same_draws, 0, KINDS);
    suite_add_tcase(s, law);
    suite_add_tcase(s, alignment);
    return s;
}
