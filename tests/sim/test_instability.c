/* A fleet that cannot do its load: refused where arithmetic shows it, found out elsewhere. */
#include "tests/support/helpers.h"
#include "tests/support/scenario_text.h"

#include <math.h>
#include <string.h>

static struct scenario_text s;

static void refused(const char *words)
{
    struct und_err err = {0};
    struct experiment experiment = {.seed = 1, .replications = 2};
    ck_assert_int_eq(experiment_run(&s.scenario, &experiment, &s.result, &err), UND_USAGE);
    ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
    scenario_text_fini(&s);
}

START_TEST(a_load_over_the_capacity_is_refused)
{
    scenario_text_load(&s, SCENARIO_TEXT_MM1, "10.1/h", "duration: 30d\n");
    refused("workload: unstable: got an offered load of 101.0% of the capacity");
    /* Up two thirds of the time: 7/h would do for a host that never breaks. */
    scenario_text_load(
        &s, "name: breaks\nduration: 30d\nfleet:\n"
            "  hosts: [{name: P, tier: primary, slots: 1, mtbf: 20h, mttr: 10h}]\n"
            "  workload:\n    arrivals: {kind: poisson, rate: 7/h}\n"
            "    classes: [{name: x, weight: 1, duration: {kind: exponential, mean: 6min}}]\n");
    refused("105.0%");
}
END_TEST

START_TEST(a_peak_over_the_capacity_is_no_harm)
{
    scenario_text_load(&s, SCENARIO_TEXT_MM1, "6/h, amplitude: 100%", "duration: 10d\n");
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 20});
    ck_assert(!s.result.unstable);
    scenario_text_fini(&s);
}
END_TEST

#define DOWN_HALF_THE_TIME                                                                         \
    "duration: 30d\nfaults:\n"                                                                     \
    "  - {kind: host-power-loss, target: P, at: 10h, every: 10h, lasts: 10h}\n"

/* Faults are not part of the load's arithmetic: here the simulation has to find out. */
START_TEST(a_queue_that_grows_is_unstable_and_has_no_means)
{
    int replications[] = {1, 20};
    size_t i;
    for (i = 0; i < 2; i++) {
        scenario_text_load(&s, SCENARIO_TEXT_MM1, "9/h", DOWN_HALF_THE_TIME);
        scenario_text_run(&s, (struct experiment){.seed = 1, .replications = replications[i]});
        ck_assert(s.result.unstable);
        ck_assert_int_eq(s.result.metric[METRIC_QUEUE_WAIT].n, 0);
        ck_assert(isnan(scenario_text_mean(&s, METRIC_QUEUE_WAIT)));
        ck_assert(isnan(scenario_text_mean(&s, METRIC_QUEUE_LENGTH)));
        ck_assert(isnan(s.result.by_replication[METRIC_QUEUE_WAIT][0]));
        ck_assert_double_gt(scenario_text_mean(&s, METRIC_JOBS_DONE), 0);
        scenario_text_fini(&s);
    }
}
END_TEST

/* 100 experiments at 90% of the capacity from an empty start: by the stated rate 0.013 of them
 * would be false alarms. */
START_TEST(a_stable_queue_is_not_called_unstable)
{
    int seed;
    for (seed = 1; seed <= 100; seed++) {
        scenario_text_load(&s, SCENARIO_TEXT_MM1, "9/h", "duration: 20d\n");
        scenario_text_run(&s, (struct experiment){.seed = (uint64_t)seed,
                                                  .replications = 5 + seed % 3,
                                                  .threads = 1});
        ck_assert_msg(!s.result.unstable, "seed %d", seed);
        scenario_text_fini(&s);
    }
}
END_TEST

/* More jobs than the world has room for: 2,000 a second for 10 minutes, and the host is gone. */
START_TEST(a_queue_at_its_ceiling_is_unstable)
{
    scenario_text_load(
        &s, SCENARIO_TEXT_MM1, "7200000/h",
        "duration: 10min\nfaults:\n  - {kind: host-power-loss, target: P, at: 0s}\n");
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1});
    ck_assert(s.result.unstable);
    ck_assert(isnan(scenario_text_mean(&s, METRIC_QUEUE_LENGTH)));
    scenario_text_fini(&s);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("instability");
    TCase *unstable = tcase_create("unstable");
    tcase_set_timeout(unstable, 120);
    tcase_add_test(unstable, a_load_over_the_capacity_is_refused);
    tcase_add_test(unstable, a_peak_over_the_capacity_is_no_harm);
    tcase_add_test(unstable, a_queue_that_grows_is_unstable_and_has_no_means);
    tcase_add_test(unstable, a_stable_queue_is_not_called_unstable);
    tcase_add_test(unstable, a_queue_at_its_ceiling_is_unstable);
    suite_add_tcase(suite, unstable);
    return suite;
}
