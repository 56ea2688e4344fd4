#include "sim/engine/stream.h"
#include "tests/support/helpers.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

#define assert_state(stream, a, b, c, d)                                                           \
    do {                                                                                           \
        static const uint64_t want[4] = {a, b, c, d};                                              \
        ck_assert_mem_eq((stream).s, want, sizeof want);                                           \
    } while (0)

/* 2^128 draws further: the second of two streams. */
static void jump(struct stream *stream)
{
    struct stream streams[2];
    stream_split(stream, streams, 2);
    *stream = streams[1];
}

/* Published with several libraries as made by the authors' reference implementation. */
START_TEST(outputs_are_those_of_the_reference_implementation)
{
    static const uint64_t want[] = {41943041,
                                    58720359,
                                    3588806011781223,
                                    3591011842654386,
                                    9228616714210784205u,
                                    9973669472204895162u,
                                    14011001112246962877u,
                                    12406186145184390807u,
                                    15849039046786891736u,
                                    10450023813501588000u};
    struct stream stream = {{1, 2, 3, 4}};
    size_t i;
    for (i = 0; i < sizeof want / sizeof *want; i++)
        ck_assert_uint_eq(stream_next(&stream), want[i]);
}
END_TEST

/* Test data of the xoshiro-fortran project: states after jumps from {0, 0, 0, 1}, and what comes
 * next. */
START_TEST(jumps_are_those_of_the_reference_implementation)
{
    struct stream stream = {{0, 0, 0, 1}}, far = stream;
    jump(&stream);
    assert_state(stream, 0x934d05e8b2076310, 0xeabdd0bf76a1be51, 0x75dd6a992accb1e8,
                 0xc660c602a7330187);
    ck_assert_uint_eq(stream_next(&stream), 0x88f9a31afdb439f5);
    ck_assert_uint_eq(stream_next(&stream), 0x38134a20dfa1a232);
    stream_long_jump(&far);
    assert_state(far, 0x4aa11f0b3241cdbf, 0xb6a17239b35b197f, 0x504952572e3f844b,
                 0x2628df68616fd3a0);
    ck_assert_uint_eq(stream_next(&far), 0x846af7dbe1fa32be);
    ck_assert_uint_eq(stream_next(&far), 0x1033c1fbb3aec9b2);
}
END_TEST

/* SplitMix64 from the state 1234567, as published with its reference implementation. */
START_TEST(seeds_expand_by_splitmix64)
{
    struct stream stream;
    stream_seed(&stream, 1234567);
    assert_state(stream, 6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                 4593380528125082431u);
}
END_TEST

/* The polynomials commute: 2^128 and 2^192 draws further in either order is the same place. So the
 * table behind stream_split is linear where a single published state would not show it. */
START_TEST(jumps_commute_with_each_other_and_with_drawing)
{
    struct stream a, b;
    uint64_t seed;
    for (seed = 0; seed < 100; seed++) {
        stream_seed(&a, seed);
        b = a;
        jump(&a);
        stream_long_jump(&a);
        stream_next(&a);
        stream_next(&b);
        stream_long_jump(&b);
        jump(&b);
        ck_assert_mem_eq(&a, &b, sizeof a);
    }
}
END_TEST

START_TEST(split_streams_do_not_depend_on_how_many_there_are)
{
    struct stream base, few[3], many[100], walk;
    size_t i;
    stream_seed(&base, 9);
    stream_split(&base, few, 3);
    stream_split(&base, many, 100);
    ck_assert_mem_eq(few, many, sizeof few);
    walk = base;
    for (i = 0; i < 100; i++, jump(&walk))
        ck_assert_mem_eq(&many[i], &walk, sizeof walk);
}
END_TEST

START_TEST(uniforms_keep_off_the_ends_and_fill_the_middle)
{
    /* The state before an output of 0 and of 2^64 - 1: s0 + s3 = x, rotate(x, 23) + s0. */
    struct stream lowest = {{0, 1, 1, 0}}, highest = {{UINT64_MAX, 1, 1, 1}}, stream;
    double u, sum = 0;
    int i, n = 1000000;
    ck_assert(stream_uniform(&lowest) == 0x1p-53);
    ck_assert(stream_uniform(&highest) == 1 - 0x1p-53);
    stream_seed(&stream, 5);
    for (i = 0; i < n; i++) {
        u = stream_uniform(&stream);
        ck_assert(u > 0 && u < 1 && 1 - (1 - u) == u);
        sum += u;
    }
    /* |z| < 4: one seed in 16,000 would fail. */
    ck_assert_double_lt(fabs(sum / n - 0.5) * sqrt(12.0 * n), 4);
}
END_TEST

/* Chi-square at 1e-4: one seed in 10,000 would fail. */
START_TEST(below_is_even)
{
    enum { CELLS = 24, N = 240000 };
    int count[CELLS] = {0}, i;
    double x = 0;
    struct stream stream;
    stream_seed(&stream, 6);
    for (i = 0; i < N; i++) {
        uint32_t cell = stream_below(&stream, CELLS);
        ck_assert_uint_lt(cell, CELLS);
        count[cell]++;
    }
    for (i = 0; i < CELLS; i++)
        x += pow(count[i] - (double)N / CELLS, 2) / ((double)N / CELLS);
    ck_assert_double_lt(x, gsl_cdf_chisq_Pinv(1 - 1e-4, CELLS - 1));
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("stream");
    TCase *known = tcase_create("known answers"), *use = tcase_create("use");
    tcase_add_test(known, outputs_are_those_of_the_reference_implementation);
    tcase_add_test(known, jumps_are_those_of_the_reference_implementation);
    tcase_add_test(known, seeds_expand_by_splitmix64);
    tcase_add_test(known, jumps_commute_with_each_other_and_with_drawing);
    tcase_add_test(use, split_streams_do_not_depend_on_how_many_there_are);
    tcase_add_test(use, uniforms_keep_off_the_ends_and_fill_the_middle);
    tcase_add_test(use, below_is_even);
    suite_add_tcase(s, known);
    suite_add_tcase(s, use);
    return s;
}
