/*
 * What holds along every sample path, not only on average: a day whose arrivals end in time for
 * everything to be done by midnight, in many replications, under settings that must not matter or
 * can only matter one way.
 */
#include "helpers.h"
#include "staged.h"

#include <math.h>

#define REPLICATIONS 50

#define CLASSES                                                                                    \
    "{name: a, weight: 3, duration: {kind: lognormal, p50: 4min, p95: 15min}},"                    \
    "{name: b, priority: %d, duration: {kind: exponential, mean: 10min}}"

/* Runs of three jobs from 8:00 to 16:00. */
static void simulate(struct staged *staged, const char *hosts, int priority)
{
    staged_load(staged,
                "{name: day, duration: 24h, fleet: {hosts: [%s], workload: {arrivals: {rate: 60/d,"
                " profile: [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 3, 2, 3, 4, 1, 0, 0, 0, 0, 0, 0, 0,"
                " 0]}, fan_out: {mean: 3}, on_failure: resume, classes: [" CLASSES "]}}}",
                hosts, priority);
    staged_run(staged, (struct experiment){.seed = 7, .replications = REPLICATIONS});
}

static double value(const struct staged *staged, enum metric metric, int replication)
{
    return staged->result.by_replication[metric][replication];
}

/* Slot times ms: whole, as work is. */
static int64_t work(const struct staged *staged, int replication)
{
    return llround(value(staged, METRIC_UTILIZATION, replication) *
                   fleet_slots(&staged->scenario.fleet) * DAY);
}

/* All jobs done, and the same ones. */
static void ck_same_jobs(const struct staged *a, const struct staged *b)
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
    struct staged day;
    int r;
    simulate(&day, "{name: A, slots: 2}, {name: B, slots: 1, speed: 0.7}", 1);
    for (r = 0; r < REPLICATIONS; r++) {
        double waits = value(&day, METRIC_QUEUE_WAIT, r) * value(&day, METRIC_JOBS_DONE, r);
        ck_assert_double_gt(waits, MINUTE);
        ck_assert_double_eq_tol(value(&day, METRIC_QUEUE_LENGTH, r) * DAY, waits, 1e-3);
    }
    staged_fini(&day);
}
END_TEST

START_TEST(two_hosts_are_one_cut_in_two)
{
    struct staged one, two;
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
    staged_fini(&one);
    staged_fini(&two);
}
END_TEST

/* Common random numbers: on no day does one slot more make anyone wait longer on average. */
START_TEST(one_more_slot_makes_no_day_worse)
{
    struct staged few, more;
    int r;
    simulate(&few, "{name: A, slots: 3}", 0);
    simulate(&more, "{name: A, slots: 4}", 0);
    ck_same_jobs(&few, &more);
    for (r = 0; r < REPLICATIONS; r++)
        ck_assert_double_lt(value(&more, METRIC_QUEUE_WAIT, r), value(&few, METRIC_QUEUE_WAIT, r));
    staged_fini(&few);
    staged_fini(&more);
}
END_TEST

/* Work is resumed, not lost or done twice, however often its host fails; and who goes first does
 * not change how much there is. */
START_TEST(failures_and_priorities_conserve_work)
{
    struct staged sound, failing, ranked;
    simulate(&sound, "{name: A, slots: 4}", 0);
    simulate(&failing, "{name: A, slots: 4, mtbf: 1h, mttr: 5min}", 0);
    simulate(&ranked, "{name: A, slots: 4}", 1);
    ck_same_jobs(&sound, &failing);
    ck_same_jobs(&sound, &ranked);
    ck_assert_double_lt(staged_mean(&failing, METRIC_AVAILABILITY), 0.95);
    ck_assert_double_ne(staged_mean(&sound, METRIC_QUEUE_WAIT),
                        staged_mean(&ranked, METRIC_QUEUE_WAIT));
    staged_fini(&sound);
    staged_fini(&failing);
    staged_fini(&ranked);
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
