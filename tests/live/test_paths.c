/*
 * What holds along every sample path, not only on average: a day whose arrivals end in time for
 * everything to be done by midnight, in many replications, under settings that must not matter or
 * can only matter one way.
 */
#include "tests/support/helpers.h"
#include "tests/support/scenario_text.h"

#include <math.h>

#define REPLICATIONS 50

#define CLASSES                                                                                    \
    "{name: a, weight: 3, duration: {kind: lognormal, p50: 4min, p95: 15min}},"                    \
    "{name: b, priority: %d, duration: {kind: exponential, mean: 10min}}"

/* Runs of three jobs from 8:00 to 16:00. */
static void simulate(struct scenario_text *staged, const char *hosts, int priority)
{
    scenario_text_load(
        staged,
        "{name: day, duration: 24h, fleet: {github: ideal, hosts: [%s], workload: {arrivals: "
        "{rate: 60/d,"
        " profile: [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 3, 2, 3, 4, 1, 0, 0, 0, 0, 0, 0, 0,"
        " 0]}, fan_out: {mean: 3}, on_failure: resume, classes: [" CLASSES "]}}}",
        hosts, priority);
    scenario_text_run(staged, (struct experiment){.seed = 7, .replications = REPLICATIONS});
}

static double value(const struct scenario_text *staged, enum metric metric, int replication)
{
    return staged->result.by_replication[metric][replication];
}

/* Slot times ms: whole, as work is. */
static int64_t work(const struct scenario_text *staged, int replication)
{
    return llround(value(staged, METRIC_UTILIZATION, replication) *
                   fleet_slots(&staged->scenario.fleet) * DAY);
}

/* All jobs done, and the same ones. */
static void ck_same_jobs(const struct scenario_text *a, const struct scenario_text *b)
{
    int r;
    for (r = 0; r < REPLICATIONS; r++) {
        ck_assert_double_gt(value(a, METRIC_JOBS_DONE, r), 60);
        ck_assert_double_eq(value(a, METRIC_JOBS_DONE, r), value(b, METRIC_JOBS_DONE, r));
        ck_assert_int_eq(work(a, r), work(b, r));
    }
}

/* Little's law, to the millisecond: who waits is in the queue. */
START_TEST(waits_add_up_to_the_queue)
{
    struct scenario_text day;
    int r;
    simulate(&day, "{name: A, slots: 2}, {name: B, slots: 1, speed: 0.7}", 1);
    for (r = 0; r < REPLICATIONS; r++) {
        double waits = value(&day, METRIC_QUEUE_WAIT, r) * value(&day, METRIC_JOBS_DONE, r);
        ck_assert_double_gt(waits, MINUTE);
        ck_assert_double_eq_tol(value(&day, METRIC_QUEUE_LENGTH, r) * DAY, waits, 1e-3);
    }
    scenario_text_fini(&day);
}
END_TEST

START_TEST(two_hosts_are_one_cut_in_two)
{
    struct scenario_text one, two;
    const struct quantity *a, *b;
    simulate(&one, "{name: A, slots: 5}", 0);
    simulate(&two, "{name: A, slots: 3}, {name: B, tier: backup, slots: 2}", 0);
    ck_same_jobs(&one, &two);
    a = &one.result.metric[METRIC_QUEUE_WAIT];
    b = &two.result.metric[METRIC_QUEUE_WAIT];
    ck_assert_int_eq(a->n, b->n);
    ck_assert_double_eq(a->mean, b->mean);
    ck_assert_double_eq(a->half_width, b->half_width);
    ck_assert_double_eq(a->p50, b->p50);
    ck_assert_double_eq(a->p99, b->p99);
    ck_assert_double_eq(a->max, b->max);
    scenario_text_fini(&one);
    scenario_text_fini(&two);
}
END_TEST

/* Common random numbers: on no day does one slot more make anyone wait longer on average. */
START_TEST(one_more_slot_makes_no_day_worse)
{
    struct scenario_text few, more;
    int r;
    simulate(&few, "{name: A, slots: 3}", 0);
    simulate(&more, "{name: A, slots: 4}", 0);
    ck_same_jobs(&few, &more);
    for (r = 0; r < REPLICATIONS; r++)
        ck_assert_double_lt(value(&more, METRIC_QUEUE_WAIT, r), value(&few, METRIC_QUEUE_WAIT, r));
    scenario_text_fini(&few);
    scenario_text_fini(&more);
}
END_TEST

/* Work is resumed, not lost or done twice, however often its host fails; and who goes first does
 * not change how much there is. */
START_TEST(failures_and_priorities_conserve_work)
{
    struct scenario_text sound, failing, ranked;
    simulate(&sound, "{name: A, slots: 4}", 0);
    simulate(&failing, "{name: A, slots: 4, mtbf: 1h, mttr: 5min}", 0);
    simulate(&ranked, "{name: A, slots: 4}", 1);
    ck_same_jobs(&sound, &failing);
    ck_same_jobs(&sound, &ranked);
    ck_assert_double_lt(scenario_text_mean(&failing, METRIC_AVAILABILITY), 0.95);
    ck_assert_double_ne(scenario_text_mean(&sound, METRIC_QUEUE_WAIT),
                        scenario_text_mean(&ranked, METRIC_QUEUE_WAIT));
    scenario_text_fini(&sound);
    scenario_text_fini(&failing);
    scenario_text_fini(&ranked);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("paths");
    TCase *c = tcase_create("day");
    tcase_add_test(c, waits_add_up_to_the_queue);
    tcase_add_test(c, two_hosts_are_one_cut_in_two);
    tcase_add_test(c, one_more_slot_makes_no_day_worse);
    tcase_add_test(c, failures_and_priorities_conserve_work);
    suite_add_tcase(s, c);
    return s;
}
