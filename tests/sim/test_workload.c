/* What arrives: its rate, when, of which classes. Seeds are fixed; each bound is five standard
 * deviations, so that a right program fails one test in a million seeds. */
#include "tests/support/helpers.h"
#include "tests/support/scenario_text.h"
#include "tests/support/theory_exact.h"

#include <math.h>

static struct scenario_text s;

static void run(const char *arrivals, const char *classes)
{
    scenario_text_load(&s,
                       "name: workload\nduration: 10d\nfleet:\n  github: ideal\n"
                       "  hosts: [{name: a, slots: 8}]\n"
                       "  workload: {arrivals: %s, classes: %s}\n",
                       arrivals, classes);
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 4});
}

/* A job a minute for ten days, four times. */
#define JOBS 14400.0

static void jobs_come_at_their_rate(void)
{
    double tolerance = 5 * sqrt(JOBS / 4);
    ck_assert_double_eq_tol(scenario_text_mean(&s, METRIC_JOBS_DONE), JOBS, tolerance);
}

/* Weights say when, not how many: whatever they add up to. */
START_TEST(profile_of_any_scale_keeps_the_rate)
{
    static const char *const profiles[] = {
        "[7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7]",
        "[0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 4, 3, 2, 2, 1, 1, 1, 0, 0, 0, 0, 0, 0]",
        "[0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1,"
        " 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]"};
    char arrivals[256];
    snprintf(arrivals, sizeof arrivals, "{rate: 1/min, profile: %s}", profiles[_i]);
    run(arrivals, "[{duration: 1min}]");
    jobs_come_at_their_rate();
    scenario_text_fini(&s);
}
END_TEST

/* Of 720 hours a job an hour, and factors of cv2 2 that last three hours: a replication's count has
 * the mean 720 and, its 240 stretches being negative binomial (3, 3 + 9 * 2), the variance 5040. Of
 * 2,000 replications the mean is within five standard errors, and so is the variance (of a nearly
 * normal count: 2 / 2000). A factor that lasted an hour would give 2160, a Poisson process 720. */
START_TEST(a_modulated_rate_gives_negative_binomial_counts)
{
    double sum = 0, squares = 0;
    int i;
    scenario_text_load(&s, "name: spells\nduration: 30d\nfleet:\n  github: ideal\n"
                           "  hosts: [{name: a, slots: 8}]\n  workload:\n"
                           "    arrivals: {rate: 1/h, modulation: {cv2: 2, every: 3h}}\n"
                           "    classes: [{duration: 1s}]\n");
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 2000});
    for (i = 0; i < 2000; i++) {
        double n = s.result.by_replication[METRIC_JOBS_DONE][i];
        sum += n;
        squares += (n - 720) * (n - 720);
    }
    ck_assert_double_eq_tol(sum / 2000, 720, 5 * sqrt(5040.0 / 2000));
    ck_assert_double_eq_tol(squares / 2000, 5040, 5 * 5040 * sqrt(2.0 / 2000));
    scenario_text_fini(&s);
}
END_TEST

/* Jobs of 1 min and of 5 min, one to three: 4 min on average, so that half of the slots are busy.
 * The share of long ones has a standard deviation of sqrt(0.75 * 0.25 / n), the number of jobs one
 * of sqrt(n). */
START_TEST(classes_come_by_their_weights)
{
    double n = 4 * JOBS, of_share = 4 * sqrt(0.75 * 0.25 / n), of_number = 4 / sqrt(n);
    run("{rate: 1/min}",
        "[{name: short, duration: 1min}, {name: long, duration: 5min, weight: 3}]");
    jobs_come_at_their_rate();
    ck_assert_double_eq_tol(scenario_text_mean(&s, METRIC_UTILIZATION), 4.0 / 8,
                            5 * (of_share + of_number) / 8);
    scenario_text_fini(&s);
}
END_TEST

/* One slot that is busy for an hour, a job a minute for ten minutes: one runs, two wait, and the
 * six that come then, before the end, find the queue full. */
START_TEST(no_more_jobs_wait_than_the_queue_holds)
{
    scenario_text_load(&s, "name: full\nduration: 10min\nfleet:\n  github: ideal\n"
                           "  hosts: [{name: a, slots: 1}]\n  workload:\n"
                           "    arrivals: {kind: renewal, interval: 1min}\n"
                           "    queue: {capacity: 2}\n"
                           "    classes: [{name: j, duration: 1h}]\n");
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1, .trace = true});
    ck_assert_int_eq(scenario_text_count(&s, "arrives"), 9);
    ck_assert_int_eq(scenario_text_count(&s, "queue is full"), 6);
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_JOBS_FAILED), 6);
    scenario_text_fini(&s);
}
END_TEST

/* A job every 10 min, of 25 min, on one slot: those that start after the first hour came within it,
 * and those that came later are still waiting. */
START_TEST(waits_of_jobs_that_came_in_the_warm_up_do_not_count)
{
    scenario_text_load(&s, "name: late\nduration: 2h\nwarmup: 1h\nfleet:\n  github: ideal\n"
                           "  hosts: [{name: a, slots: 1}]\n  workload:\n"
                           "    arrivals: {kind: renewal, interval: 10min}\n"
                           "    queue: {capacity: 100}\n"
                           "    classes: [{name: j, duration: 25min}]\n");
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1, .trace = true});
    ck_assert_int_gt(scenario_text_when(&s, HOUR + 1, " starts"), HOUR);
    ck_assert_int_eq(s.result.metric[METRIC_QUEUE_WAIT].n, 0);
    scenario_text_fini(&s);
}
END_TEST

static void gives_up(const char *queue, double want)
{
    const struct quantity *q = &s.result.metric[METRIC_GIVEN_UP];
    scenario_text_load(&s,
                       "name: lost\nduration: 30d\nwarmup: 1d\nfleet:\n  github: ideal\n  hosts: "
                       "[{name: a, slots: 4}]\n  workload: {arrivals: {rate: 1/min}, queue: {%s}, "
                       "classes: [{duration: {kind: exponential, mean: 4min}}]}\n",
                       queue);
    scenario_text_run(&s, (struct experiment){.seed = 2, .replications = 20});
    ck_assert_msg(fabs(q->mean - want) < 3.3 / 1.96 * q->half_width, "got %g +- %g, want %g",
                  q->mean, q->half_width, want);
    ck_assert_double_lt(q->half_width, 0.02 * want);
    ck_assert_double_eq_tol(scenario_text_mean(&s, METRIC_JOB_SUCCESS), 1 - q->mean, 1e-9);
    scenario_text_fini(&s);
}

/* Erlang's B, a queue of three, and Palm's impatient customers: within 3.3 standard errors, 1 in
 * 1,000 of fresh seeds each would not be. */
START_TEST(what_gives_up_is_counted)
{
    gives_up("capacity: 0", exact_erlang_b(4, 4));
    gives_up("capacity: 3", exact_mmck(4, 3, 1, 0.25).lost);
    gives_up("patience: {kind: exponential, mean: 6min}", exact_erlang_a(4, 1, 0.25, 1 / 6.0).lost);
}
END_TEST

/* A job of 59:00 that is lost with its host at an hour, is run again when its lock has run out, and
 * then waits too long: nobody who came gave up. */
START_TEST(what_is_run_again_does_not_give_up_a_second_time)
{
    scenario_text_load(&s, "name: again\nduration: 115min\nfleet:\n  github: {pickup: 2s}\n"
                           "  hosts: [{name: P, tier: primary, slots: 1}]\n  workload:\n"
                           "    arrivals: {kind: renewal, interval: 59min}\n"
                           "    queue: {patience: 30min}\n    on_failure: rerun\n"
                           "    classes: [{duration: 30min}]\n"
                           "faults: [{kind: host-power-loss, target: P, at: 1h}]\n");
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1, .trace = true});
    ck_assert_int_eq(scenario_text_count(&s, "waited too long"), 1);
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_GIVEN_UP), 0);
    scenario_text_fini(&s);
}
END_TEST

/* All of the day's work comes between ten and eleven: a run that starts then has it, the same run
 * that starts at nine has none in its hour. */
START_TEST(a_run_begins_at_its_hour_of_the_profile)
{
    static const char *const text =
        "name: hour\nstart: %s\nduration: 1h\nfleet:\n  hosts: [{name: A, slots: 4}]\n  workload:\n"
        "    arrivals: {kind: poisson, rate: 100/d, profile: [0,0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,"
        "0,0,0,0,0,0]}\n    classes: [{name: x, weight: 1, duration: 10s}]\n";
    const struct quantity *done = &s.result.metric[METRIC_JOBS_DONE];
    scenario_text_load(&s, text, "2d9h");
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 20});
    ck_assert_double_eq(done->mean, 0);
    scenario_text_fini(&s);
    scenario_text_load(&s, text, "2d10h");
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 20});
    ck_assert_double_eq_tol(done->mean, 100, 12); /* 5 standard errors of 2.2 */
    scenario_text_fini(&s);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("workload");
    TCase *arrivals = tcase_create("arrivals");
    tcase_add_loop_test(arrivals, profile_of_any_scale_keeps_the_rate, 0, 3);
    tcase_add_test(arrivals, classes_come_by_their_weights);
    tcase_add_test(arrivals, a_modulated_rate_gives_negative_binomial_counts);
    tcase_add_test(arrivals, no_more_jobs_wait_than_the_queue_holds);
    tcase_add_test(arrivals, waits_of_jobs_that_came_in_the_warm_up_do_not_count);
    tcase_add_test(arrivals, what_gives_up_is_counted);
    tcase_add_test(arrivals, what_is_run_again_does_not_give_up_a_second_time);
    tcase_add_test(arrivals, a_run_begins_at_its_hour_of_the_profile);
    suite_add_tcase(all, arrivals);
    return all;
}
