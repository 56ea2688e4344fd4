/* Detection delays: exact against section 9, against closed forms, against the simulation. */
#include "sim/monitoring/delay.h"
#include "sim/rules/alerts_delay.h"
#include "tests/support/helpers.h"
#include "tests/support/monitoring_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fleet fleet;

static const struct {
    enum signal signal;
    int64_t for_ms;
    struct delay_fault fault;
    double firing_s[3], webhook_s[3];
} rows[] = {
    {SIGNAL_UP, 120000, {TARGET_REFUSED, 0, 0, SIGNAL_UP}, {120, 165, 210}, {150, 195, 240}},
    {SIGNAL_UP,
     120000,
     {TARGET_ABSENT, 0, 0, SIGNAL_UP},
     {123.07, 168.07, 213.07},
     {153.07, 198.07, 243.07}},
    {SIGNAL_UP, 120000, {TARGET_BLACKHOLE, 0, 0, SIGNAL_UP}, {130, 175, 220}, {160, 205, 250}},
    {SIGNAL_CPU_RATE, 300000, {TARGET_UP, 100, 1000, SIGNAL_UP}, {525, 570, 615}, {555, 600, 645}},
    {SIGNAL_CPU_RATE, 300000, {TARGET_UP, 500, 1000, SIGNAL_UP}, {489, 534, 579}, {519, 564, 609}},
    {SIGNAL_CPU_IRATE, 300000, {TARGET_UP, 100, 1000, SIGNAL_UP}, {325, 370, 415}, {355, 400, 445}},
    {SIGNAL_MEMORY, 300000, {TARGET_UP, 100, 1000, SIGNAL_UP}, {300, 345, 390}, {330, 375, 420}},
};

static void check_row(const struct delay_dist *dist, const double want_s[3])
{
    /* One stratum of the phase is 20 ms; the latency of a good scrape 1 ms. */
    ck_assert_double_eq_tol(dist->min / 1000, want_s[0], 0.022);
    ck_assert_double_eq_tol(delay_mean(dist) / 1000, want_s[1], 0.022);
    ck_assert_double_eq_tol(dist->max / 1000, want_s[2], 0.022);
}

START_TEST(exact_delays_are_those_of_section_9)
{
    struct delay_dist dists[DELAY_STAGES];
    monitoring_fixture_configure(&fleet, 1);
    monitoring_fixture_add_rule(&fleet, rows[_i].signal, rows[_i].for_ms);
    delay_exact(&fleet, 0, 0, &rows[_i].fault, dists);
    check_row(&dists[DELAY_FIRING], rows[_i].firing_s);
    check_row(&dists[DELAY_WEBHOOK], rows[_i].webhook_s);
    ck_assert_double_eq_tol(delay_bound(&fleet, 0, 0, &rows[_i].fault) / 1000,
                            rows[_i].webhook_s[2], 0.03);
    delay_fini(dists);
}
END_TEST

/* The sum of U(0, 30) and U(0, 60), in seconds. */
static double trapezoid(double x)
{
    if (x <= 0)
        return 0;
    if (x <= 30)
        return x * x / 3600;
    if (x <= 60)
        return 0.25 + (x - 30) / 60;
    return x < 90 ? 1 - (90 - x) * (90 - x) / 3600 : 1;
}

START_TEST(pending_is_the_convolution_of_two_uniforms)
{
    struct delay_fault fault = {TARGET_BLACKHOLE, 0, 0, SIGNAL_UP};
    struct delay_dist dists[DELAY_STAGES];
    monitoring_fixture_configure(&fleet, 1);
    monitoring_fixture_add_rule(&fleet, SIGNAL_UP, 120000);
    delay_exact(&fleet, 0, 0, &fault, dists);
    for (int tenths = -10; tenths < 950; tenths += 7) {
        double s = tenths / 10.0;
        ck_assert_double_eq_tol(delay_cdf(&dists[DELAY_PENDING], 1000 * (s + 10)), trapezoid(s),
                                1e-3);
    }
    ck_assert_double_eq_tol(delay_quantile(&dists[DELAY_PENDING], 0.25), 40000, 50);
    ck_assert_double_eq(dists[DELAY_PENDING].never, 0);
    delay_fini(dists);
}
END_TEST

static int64_t any_of(struct stream *random, int n, const int64_t *choices)
{
    return choices[stream_below(random, (uint32_t)n)];
}
#define ANY_OF(random, ...)                                                                        \
    any_of(random, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__})

static struct delay_fault draw(struct stream *random)
{
    static const enum signal signals[] = {SIGNAL_UP,        SIGNAL_CPU_RATE, SIGNAL_CPU_RATE,
                                          SIGNAL_CPU_IRATE, SIGNAL_MEMORY,   SIGNAL_DISK};
    struct delay_fault fault = {TARGET_UP, ANY_OF(random, 0, 100, 500, 800), 1000, SIGNAL_UP};
    enum signal signal = signals[stream_below(random, 6)];
    struct rule *rule;
    monitoring_fixture_configure(&fleet, 1);
    rule = monitoring_fixture_add_rule(&fleet, signal,
                                       ANY_OF(random, 0, 60000, 100000, 120000, 300000));
    fleet.monitoring.scrape_interval_ms = ANY_OF(random, 10000, 15000, 30000, 37000, 45000, 60000);
    fleet.monitoring.evaluation_interval_ms = ANY_OF(random, 15000, 30000, 50000, 60000, 61000);
    rule->window_ms = ANY_OF(random, 60000, 100000, 120000, 300000);
    rule->threshold_pm = ANY_OF(random, 850, 900, 990);
    fleet.alertmanager.group_wait_ms = ANY_OF(random, 0, 10000, 30000);
    if (signal == SIGNAL_UP)
        fault.state =
            (enum target_state)ANY_OF(random, TARGET_REFUSED, TARGET_ABSENT, TARGET_BLACKHOLE);
    return fault;
}

/* 80 configurations, most of them with intervals that do not divide each other or the window, three
 * distributions each; the limit is Kolmogorov's 1e-6 point: a new seed fails once in 4,000 runs. */
START_TEST(simulation_follows_the_exact_distribution)
{
    enum { TRIALS = 4000 };
    double *samples[DELAY_STAGES];
    struct stream random;
    int with_never = 0;
    stream_seed(&random, 33);
    for (int i = 0; i < DELAY_STAGES; i++)
        samples[i] = calloc(TRIALS, sizeof *samples[i]);
    for (int i = 0; i < 80; i++) {
        struct delay_dist dists[DELAY_STAGES];
        struct delay_fault fault = draw(&random);
        delay_exact(&fleet, 0, 0, &fault, dists);
        delay_simulate(&fleet, 0, 0, &fault, (uint64_t)i, TRIALS, samples);
        for (int stage = 0; stage < DELAY_STAGES; stage++) {
            double distance = delay_distance(&dists[stage], samples[stage], TRIALS);
            ck_assert_msg(distance < ALERTS_DELAY_KS / sqrt(TRIALS) + 2e-3,
                          "configuration %d, stage %d: distance %g (signal %u, scrape %ld, "
                          "evaluation %ld, window %ld, never %g)",
                          i, stage, distance, fleet.monitoring.rules[0].signal,
                          (long)fleet.monitoring.scrape_interval_ms,
                          (long)fleet.monitoring.evaluation_interval_ms,
                          (long)fleet.monitoring.rules[0].window_ms, dists[stage].never);
            if (isfinite(samples[stage][TRIALS - 1]) && dists[stage].never == 0)
                ck_assert_double_le(samples[stage][TRIALS - 1],
                                    delay_bound(&fleet, 0, 0, &fault) + 1);
        }
        with_never += dists[DELAY_FIRING].never > 0 && dists[DELAY_FIRING].never < 1;
        delay_fini(dists);
    }
    for (int i = 0; i < DELAY_STAGES; i++)
        free(samples[i]);
    ck_assert_int_ge(with_never, 1); /* alerts that drop in some phases are among them */
}
END_TEST

START_TEST(a_fault_that_does_not_concern_the_rule_is_none)
{
    struct delay_fault load = {TARGET_UP, 100, 1000, SIGNAL_UP},
                       gone = {TARGET_ABSENT, 0, 0, SIGNAL_UP};
    struct rule rule = {.signal = SIGNAL_UP, .threshold_pm = 850};
    ck_assert(delay_applies(&rule, &gone));
    ck_assert(!delay_applies(&rule, &load));
    rule.signal = SIGNAL_ABSENT;
    ck_assert(!delay_applies(&rule, &gone));
    rule.signal = SIGNAL_MEMORY;
    ck_assert(delay_applies(&rule, &load));
    ck_assert(!delay_applies(&rule, &gone));
    load.from_pm = 900;
    ck_assert(!delay_applies(&rule, &load)); /* true without it */
    rule.below = true;
    load = (struct delay_fault){TARGET_UP, 1000, 0, SIGNAL_UP};
    ck_assert(delay_applies(&rule, &load));
}
END_TEST

/* The documents' advice, and that what is advised is enough. */
START_TEST(advice_meets_the_claim)
{
    struct delay_fault faults[] = {{TARGET_REFUSED, 0, 0, SIGNAL_UP},
                                   {TARGET_ABSENT, 0, 0, SIGNAL_UP},
                                   {TARGET_BLACKHOLE, 0, 0, SIGNAL_UP}};
    char text[512];
    monitoring_fixture_configure(&fleet, 1);
    monitoring_fixture_add_rule(&fleet, SIGNAL_UP, 120000);
    alerts_advice(&fleet, 0, 0, faults, 3, 55000, text, sizeof text);
    ck_assert_str_eq(text, "to be told within 55s always: scrape every 10s (timeout 5s), evaluate "
                           "every 10s, for 20s, group_wait 10s: at most 55 s");
    alerts_advice(&fleet, 0, 0, faults, 3, 250000, text, sizeof text);
    ck_assert_str_eq(text, "meets 4min10s always");
    alerts_advice(&fleet, 0, 0, faults, 3, 1000, text, sizeof text);
    ck_assert_str_eq(text, "no scrape and evaluation every second or slower meets 1s always");
}
END_TEST

START_TEST(no_alertmanager_no_webhook)
{
    struct delay_fault fault = {TARGET_REFUSED, 0, 0, SIGNAL_UP};
    struct delay_dist dists[DELAY_STAGES];
    monitoring_fixture_configure(&fleet, 1);
    monitoring_fixture_add_rule(&fleet, SIGNAL_UP, 120000);
    fleet.alertmanager.present = false;
    delay_exact(&fleet, 0, 0, &fault, dists);
    ck_assert_double_eq_tol(dists[DELAY_WEBHOOK].never, 1, 1e-9);
    ck_assert_double_eq(dists[DELAY_FIRING].never, 0);
    delay_fini(dists);
}
END_TEST

enum { ENDS = 20000 };
static double *ends[DELAY_END_STAGES];

static void simulate_ends(int second)
{
    struct delay_fault fault = {TARGET_REFUSED, 0, 0, SIGNAL_UP};
    for (int i = 0; i < DELAY_END_STAGES; i++) {
        ends[i] = calloc(ENDS, sizeof *ends[i]);
        ck_assert_ptr_nonnull(ends[i]);
    }
    delay_simulate_end(&fleet, 0, 0, second, &fault, 7, ENDS, ends);
}

static void free_ends(void)
{
    for (int i = 0; i < DELAY_END_STAGES; i++)
        free(ends[i]);
}

/* Least, mean and greatest, in seconds; the mean within 4 of its standard errors (at most 100 s /
 * sqrt(20000) each): of fresh seeds, one in 16,000 would fail. */
static void check_end(enum delay_end stage, double least_s, double mean_s, double most_s)
{
    double sum = 0;
    for (int i = 0; i < ENDS; i++)
        sum += ends[stage][i];
    ck_assert_double_eq_tol(sum / ENDS / 1000, mean_s, 4 * 100 / sqrt(ENDS));
    ck_assert(ends[stage][0] / 1000 >= least_s && ends[stage][0] / 1000 < least_s + 6);
    ck_assert(ends[stage][ENDS - 1] / 1000 <= most_s && ends[stage][ENDS - 1] / 1000 > most_s - 6);
}

/* A scrape every 30 s, an evaluation every 60 s, flushes 30 s after a fifth evaluation: resolved
 * after U(0, 30) + U(0, 60); the flush comes 30, 90 ... 270 s later, each as likely. */
START_TEST(a_resolved_alert_waits_for_its_group)
{
    monitoring_fixture_configure(&fleet, 1);
    monitoring_fixture_add_rule(&fleet, SIGNAL_UP, 120000);
    ck_assert_int_eq(delay_second_host(&fleet, 0, 0), -1);
    simulate_ends(-1);
    check_end(DELAY_RESOLVED, 0, 45, 90);
    check_end(DELAY_TOLD_RESOLVED, 30, 45 + 150, 90 + 270);
    ck_assert(isinf(ends[DELAY_SECOND_HOST][0]));
    free_ends();
    fleet.monitoring.rules[0].keep_firing_ms = 180000; /* three evaluations more */
    fleet.alertmanager.silent_resolved = true;
    simulate_ends(-1);
    check_end(DELAY_RESOLVED, 180, 225, 270);
    ck_assert(isinf(ends[DELAY_TOLD_RESOLVED][0]));
    free_ends();
}
END_TEST

/* Its alert fires after 120 s + U(0, 30) + U(0, 60), and waits for the group's flush as above, not
 * for a group_wait of 30 s: two minutes more. */
START_TEST(a_second_host_waits_for_the_group_of_the_first)
{
    monitoring_fixture_configure(&fleet, 3);
    monitoring_fixture_add_rule(&fleet, SIGNAL_UP, 120000)->hosts = 5;
    ck_assert_int_eq(delay_second_host(&fleet, 0, 0), -1);
    fleet.alertmanager.group_by_instance = false;
    ck_assert_int_eq(delay_second_host(&fleet, 0, 0), 2);
    simulate_ends(2);
    check_end(DELAY_SECOND_HOST, 150, 165 + 150, 210 + 270);
    free_ends();
}
END_TEST

START_TEST(without_an_alertmanager_there_is_only_the_alert)
{
    monitoring_fixture_configure(&fleet, 2);
    monitoring_fixture_add_rule(&fleet, SIGNAL_UP, 120000);
    fleet.alertmanager.present = fleet.alertmanager.group_by_instance = false;
    simulate_ends(1);
    check_end(DELAY_RESOLVED, 0, 45, 90);
    ck_assert(isinf(ends[DELAY_TOLD_RESOLVED][0]) && isinf(ends[DELAY_SECOND_HOST][0]));
    free_ends();
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("delay");
    TCase *exact = tcase_create("exact");
    TCase *both = tcase_create("both");
    tcase_add_loop_test(exact, exact_delays_are_those_of_section_9, 0, sizeof rows / sizeof *rows);
    tcase_add_test(exact, pending_is_the_convolution_of_two_uniforms);
    tcase_add_test(exact, a_fault_that_does_not_concern_the_rule_is_none);
    tcase_add_test(exact, advice_meets_the_claim);
    tcase_add_test(exact, no_alertmanager_no_webhook);
    suite_add_tcase(suite, exact);
    tcase_add_test(both, simulation_follows_the_exact_distribution);
    tcase_add_test(both, a_resolved_alert_waits_for_its_group);
    tcase_add_test(both, a_second_host_waits_for_the_group_of_the_first);
    tcase_add_test(both, without_an_alertmanager_there_is_only_the_alert);
    tcase_set_timeout(both, 60);
    suite_add_tcase(suite, both);
    return suite;
}
