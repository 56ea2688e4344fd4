/* When runs come: closed forms, what a gap does, a trend, and a test that finds spells where there
 * are some and none where there are none. Seeds are fixed. */
#include "model/base/units.h"
#include "model/fit/arrival.h"
#include "tests/support/helpers.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <string.h>

#define MONDAY 1772409600000LL /* 2026-03-02 0:00 */
#define MOST 20000

static int64_t at[MOST];
static size_t n;
static struct arrivals arrivals;

/* Runs of so many days at so many a day, more by the month; thinned where `weight` says. */
static void draw(unsigned long seed, int days, double a_day, double growth_a_month,
                 double (*weight)(int64_t ms))
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    double ms = 0, end = days * (double)UNITS_DAY, month = 30 * (double)UNITS_DAY;
    double peak = 2 * a_day * fmax(1, exp(growth_a_month * end / month)) / (double)UNITS_DAY;
    gsl_rng_set(random, seed);
    for (n = 0; n < MOST;) {
        double rate;
        ms += gsl_ran_exponential(random, 1 / peak);
        if (ms >= end)
            break;
        rate = a_day * exp(growth_a_month * ms / month) / (double)UNITS_DAY *
               (weight ? weight(MONDAY + (int64_t)ms) : 1);
        if (gsl_rng_uniform(random) < rate / peak)
            at[n++] = MONDAY + (int64_t)ms;
    }
    ck_assert_uint_lt(n, MOST);
    gsl_rng_free(random);
}

/* Nothing but a rate: runs over the time, and its error 1 / sqrt(n). */
START_TEST(a_steady_rate_is_runs_over_time)
{
    draw(1, 40, 50, 0, NULL);
    arrivals_fit(&arrivals, at, n);
    ck_assert_int_eq(arrivals.kind, PROFILE_NONE);
    ck_assert(!arrivals.modulation.present && !arrivals.trended);
    ck_assert_int_eq(arrivals.n_gaps, 0);
    ck_assert_double_eq_tol(arrivals.rate.value * (double)arrivals.observed_ms, (double)n, 1e-6);
    ck_assert_double_eq_tol(log(arrivals.rate.interval.high / arrivals.rate.value),
                            1.959964 / sqrt((double)n), 1e-5);
}
END_TEST

static double office(int64_t ms)
{
    int64_t hour = ms / UNITS_HOUR % 24, day = (ms - MONDAY) / UNITS_DAY % 7;
    return day < 5 && hour >= 8 && hour < 18 ? 2 : 0.1;
}

/* Ten hours of five days at 2, the rest at 0.1: mean 0.6655. */
START_TEST(a_week_is_seen_as_a_week)
{
    int i, inside = 0;
    draw(2, 70, 60, 0, office);
    arrivals_fit(&arrivals, at, n);
    ck_assert_int_ge(arrivals.kind, PROFILE_DAYS);
    ck_assert_int_eq(arrivals.n_profile, 168);
    ck_assert(!arrivals.modulation.present);
    ck_assert_double_gt(arrivals.profile[34].value, 1.5); /* Tuesday 10:00 */
    ck_assert_double_lt(arrivals.profile[3].value, 0.5);  /* Monday 3:00 */
    ck_assert_double_lt(arrivals.profile[5 * 24 + 10].value, 1);
    for (i = 0; i < 7; i++)
        inside += arrivals.profile[i * 24 + 10].interval.low <= (i < 5 ? 2 : 0.1) / 0.6655;
    ck_assert_int_ge(inside, 4);
    ck_assert_double_eq_tol(arrivals.rate.value * (double)UNITS_DAY, 60 * 0.6655,
                            5 * 60 * 0.6655 / sqrt((double)n));
}
END_TEST

/* 20% a month over four months: within 3.3 standard errors, and told from chance; the rate is that
 * of the end. */
START_TEST(a_trend_is_found_and_its_end_is_the_rate)
{
    double z = 3.3 / 1.959964, width;
    draw(3, 120, 40, log(1.2), NULL);
    arrivals_fit(&arrivals, at, n);
    ck_assert(arrivals.trended);
    width = z * (arrivals.growth.interval.high - arrivals.growth.value);
    ck_assert_double_eq_tol(arrivals.growth.value, 0.2, width);
    width = z * (arrivals.rate.interval.high - arrivals.rate.value);
    ck_assert_double_eq_tol(arrivals.rate.value * (double)UNITS_DAY, 40 * pow(1.2, 4),
                            width * (double)UNITS_DAY);
    /* What is not known of the level, and of the slope over half of the time. */
    ck_assert(!arrivals.modulation.present);
    width = arrivals.growth_error * (double)(arrivals.to_ms - arrivals.middle_ms);
    ck_assert_double_eq_tol(log(arrivals.rate.interval.high / arrivals.rate.value) / 1.959964,
                            hypot(1 / sqrt((double)n), width), 1e-4);
    ck_assert_double_gt(width, 1 / sqrt((double)n));
    ck_assert_double_eq_tol(arrivals_rate(&arrivals, arrivals.to_ms) / arrivals.rate.value, 1,
                            1e-6);
}
END_TEST

/* Two weeks of nothing are left out of the time observed: the rate is that of the rest. */
START_TEST(a_gap_is_no_quiet_time)
{
    size_t i, kept = 0;
    draw(4, 60, 50, 0, NULL);
    for (i = 0; i < n; i++)
        if (at[i] < MONDAY + 20 * UNITS_DAY || at[i] >= MONDAY + 34 * UNITS_DAY)
            at[kept++] = at[i];
    arrivals_fit(&arrivals, at, kept);
    ck_assert_int_eq(arrivals.n_gaps, 1);
    ck_assert_int_le(llabs(arrivals.gap[0].from_ms - (MONDAY + 20 * UNITS_DAY)), 3 * UNITS_HOUR);
    ck_assert_int_le(llabs(arrivals.gap[0].to_ms - (MONDAY + 34 * UNITS_DAY)), 3 * UNITS_HOUR);
    ck_assert(arrivals.gap[0].expected > 400);
    ck_assert_double_eq_tol(arrivals.rate.value * (double)UNITS_DAY, 50,
                            5 * 50 / sqrt((double)kept));
    ck_assert(!arrivals.modulation.present);
}
END_TEST

/* One row of ten years ago is no ten years of quiet. */
START_TEST(an_outlier_of_years_is_a_gap)
{
    draw(5, 40, 50, 0, NULL);
    memmove(at + 1, at, n * sizeof *at);
    at[0] = MONDAY - 3650 * UNITS_DAY;
    arrivals_fit(&arrivals, at, n + 1);
    ck_assert_int_ge(arrivals.n_gaps, 1);
    ck_assert_double_eq_tol(arrivals.rate.value * (double)UNITS_DAY, 50, 5 * 50 / sqrt((double)n));
}
END_TEST

/* One run every half an hour: a schedule. */
START_TEST(a_schedule_is_told_from_chance)
{
    for (n = 0; n < 2000; n++)
        at[n] = MONDAY + (int64_t)n * 30 * UNITS_MINUTE;
    arrivals_fit(&arrivals, at, n);
    ck_assert(!arrivals.modulation.present);
    ck_assert_double_lt(arrivals.regular_p, 1e-6);
    draw(7, 40, 50, 0, NULL);
    arrivals_fit(&arrivals, at, n);
    ck_assert_double_gt(arrivals.regular_p, 0.001);
}
END_TEST

START_TEST(few_runs_tell_a_rate_and_no_more)
{
    int few;
    for (few = 1; few < 5; few++) {
        draw(6, 40, 1, 0, NULL);
        arrivals_fit(&arrivals, at, (size_t)few);
        ck_assert_int_eq(arrivals.kind, PROFILE_NONE);
        ck_assert(isnan(arrivals.modulation.p) && isnan(arrivals.growth.value));
        ck_assert(arrivals.rate.value > 0);
    }
}
END_TEST

/* Less than two weeks tell no trend, but that nothing is known of it; the rate stays their mean. */
START_TEST(a_short_history_knows_that_it_knows_no_trend)
{
    draw(3, 12, 50, 0, NULL);
    arrivals_fit(&arrivals, at, n);
    ck_assert(isnan(arrivals.growth.value) && !arrivals.trended);
    ck_assert_double_eq(arrivals.growth_per_ms, 0);
    /* Of n times that are even over a span the slope has the error sqrt(12 / n) / span. */
    ck_assert_double_eq_tol(arrivals.growth_error * 12 * (double)UNITS_DAY, sqrt(12 / (double)n),
                            0.005);
}
END_TEST

/* A day that is only half as high again is seen in six weeks. */
static double slope(int64_t ms)
{
    return 1 + 0.5 * sin(2 * M_PI * (double)(ms % UNITS_DAY) / (double)UNITS_DAY);
}

START_TEST(a_gentle_day_is_seen)
{
    draw(5, 42, 30, 0, slope);
    arrivals_fit(&arrivals, at, n);
    ck_assert_int_eq(arrivals.kind, PROFILE_DAY);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("arrival");
    TCase *fits = tcase_create("fits");
    tcase_set_timeout(fits, 60);
    tcase_add_test(fits, a_steady_rate_is_runs_over_time);
    tcase_add_test(fits, a_week_is_seen_as_a_week);
    tcase_add_test(fits, a_trend_is_found_and_its_end_is_the_rate);
    tcase_add_test(fits, a_gap_is_no_quiet_time);
    tcase_add_test(fits, an_outlier_of_years_is_a_gap);
    tcase_add_test(fits, a_schedule_is_told_from_chance);
    tcase_add_test(fits, few_runs_tell_a_rate_and_no_more);
    tcase_add_test(fits, a_short_history_knows_that_it_knows_no_trend);
    tcase_add_test(fits, a_gentle_day_is_seen);
    suite_add_tcase(all, fits);
    return all;
}
