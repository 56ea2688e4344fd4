/*
 * Classes bound to labels, and classes that need others: against closed forms (two separate
 * M/M/c; a tandem of two, whose second station sees a Poisson stream by Burke's theorem) and
 * against fixed times.
 */
#include "tests/support/helpers.h"
#include "tests/support/scenario_text.h"
#include "tests/support/theory_exact.h"

#include "reports/text/advice.h"

#include <math.h>
#include <string.h>

static struct scenario_text s;

/* Of a mean: within 3.3 of its standard errors, 1 in 1,000 of fresh seeds would not be; the seeds
 * are fixed. */
static void check_mean(const struct quantity *q, double want_ms)
{
    ck_assert_msg(fabs(q->mean - want_ms) <= 3.3 / 1.96 * q->half_width,
                  "got %.0f +- %.0f ms, want %.0f", q->mean, q->half_width, want_ms);
    ck_assert_double_lt(q->half_width, 0.08 * want_ms);
}

static void check_wait(double want_ms)
{
    check_mean(&s.result.metric[METRIC_QUEUE_WAIT], want_ms);
}

static double mmc_wait_ms(int servers, double arrivals_a_minute, double minutes)
{
    return 60000 * exact_mmc(servers, arrivals_a_minute, 1 / minutes).mean_wait;
}

#define TWO_HOSTS                                                                                  \
    "hosts: [{name: A, slots: 4, labels: [linux, big]}, {name: B, slots: 2, labels: [linux, "      \
    "gpu]}], github: ideal"

/* 0.9 jobs a minute of each: each host has its own queue, whatever the other's length. */
START_TEST(disjoint_labels_are_separate_queues)
{
    scenario_text_load(
        &s, "name: labels\nfleet: {" TWO_HOSTS ", workload: {arrivals: {rate: "
            "1.8/min}, classes: [{name: a, runs_on: [BIG, self-hosted], duration: {kind: "
            "exponential, mean: 4min}}, {name: b, runs_on: gpu, duration: {kind: "
            "exponential, mean: 2min}}]}}\nduration: 60d\nwarmup: 1d\n");
    scenario_text_run(&s, (struct experiment){.seed = 3, .replications = 20});
    check_wait((mmc_wait_ms(4, 0.9, 4) + mmc_wait_ms(2, 0.9, 2)) / 2);
    ck_assert_double_eq_tol(scenario_text_mean(&s, METRIC_WAIT_PROBABILITY),
                            (exact_erlang_c(4, 3.6) + exact_erlang_c(2, 1.8)) / 2, 0.01);
    ck_assert_int_eq(s.result.n_classes, 2);
    check_mean(&s.result.classes[0].queue_wait, mmc_wait_ms(4, 0.9, 4));
    check_mean(&s.result.classes[1].queue_wait, mmc_wait_ms(2, 0.9, 2));
    check_mean(&s.result.hosts[0].queue_wait, mmc_wait_ms(4, 0.9, 4));
    check_mean(&s.result.hosts[1].queue_wait, mmc_wait_ms(2, 0.9, 2));
    ck_assert_double_eq_tol(s.result.hosts[0].utilization.mean, 0.9, 0.005);
    ck_assert_double_eq_tol(s.result.hosts[1].utilization.mean, 0.9, 0.005);
    scenario_text_fini(&s);
}
END_TEST

/* A build on A for each run, then a test on B: by Burke's theorem B's arrivals are Poisson too. */
START_TEST(what_needs_a_build_is_a_tandem)
{
    scenario_text_load(&s, "name: tandem\nfleet: {" TWO_HOSTS ", workload: {arrivals: {rate: "
                           "0.8/min}, classes: [{name: test, jobs: 1, needs: build, runs_on: gpu, "
                           "duration: {kind: exponential, mean: 2min}}, {name: build, jobs: 1, "
                           "runs_on: big, duration: {kind: exponential, mean: 4min}}]}}\n"
                           "duration: 60d\nwarmup: 1d\n");
    scenario_text_run(&s, (struct experiment){.seed = 4, .replications = 20});
    check_wait((mmc_wait_ms(4, 0.8, 4) + mmc_wait_ms(2, 0.8, 2)) / 2);
    ck_assert_double_eq_tol(s.result.hosts[1].utilization.mean, 0.8, 0.005);
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_JOB_SUCCESS), 1);
    scenario_text_fini(&s);
}
END_TEST

/* One run: a build of 5 min, three tests of 10, 1 slot, a shipment of 1 min when all are over. */
#define ONE_RUN                                                                                    \
    "arrivals: {kind: renewal, interval: {kind: fixed, mean: 2h}}, classes: [{name: ship, jobs: "  \
    "1, needs: [build, test], duration: 1min}, {name: build, jobs: 1, duration: 5min%s}, {name: "  \
    "test, jobs: 3, needs: build, duration: 10min%s}]"

static void load_run(const char *slots, const char *build, const char *test)
{
    scenario_text_load(&s,
                       "name: run\nfleet: {hosts: [{name: A, slots: %s}], github: ideal, workload: "
                       "{" ONE_RUN "}}\nduration: 3h\n",
                       slots, build, test);
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1, .trace = true});
}

START_TEST(each_begins_when_all_that_it_needs_are_over)
{
    load_run("2", "", "");
    ck_assert_int_eq(scenario_text_when(&s, 0, "job 0 starts"), 2 * HOUR);
    ck_assert_int_eq(scenario_text_when(&s, 0, "job 1 arrives"), 2 * HOUR + 5 * MINUTE);
    ck_assert_int_eq(scenario_text_when(&s, 0, "job 3 starts"), 2 * HOUR + 15 * MINUTE);
    ck_assert_int_eq(scenario_text_when(&s, 0, "job 4 arrives"), 2 * HOUR + 25 * MINUTE);
    ck_assert_int_eq(scenario_text_when(&s, 0, "job 4 succeeds"), 2 * HOUR + 26 * MINUTE);
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_JOBS_DONE), 5);
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_QUEUE_WAIT), 10 * MINUTE / 5.0);
    scenario_text_fini(&s);
}
END_TEST

/* A time-out below the duration fails it: then nothing that needs it runs. */
START_TEST(what_needs_a_job_that_failed_fails)
{
    load_run("4", ", timeout: 3min", "");
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_JOBS_DONE), 0);
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_JOBS_FAILED), 5);
    ck_assert_int_eq(scenario_text_count(&s, "a job that it needs failed"), 4);
    ck_assert_int_eq(scenario_text_when(&s, 0, "job 4 fails"), 2 * HOUR + 3 * MINUTE);
    scenario_text_fini(&s);
    load_run("4", "",
             ", timeout: 3min"); /* the build is done, its tests and the shipment are not */
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_JOBS_DONE), 1);
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_JOBS_FAILED), 4);
    scenario_text_fini(&s);
}
END_TEST

/* A host dies under the build, which is run again: its run goes on when that is done. */
START_TEST(a_rerun_is_waited_for)
{
    scenario_text_load(&s,
                       "name: rerun\nfleet: {hosts: [{name: A, slots: 4}], workload: {" ONE_RUN
                       ", on_failure: rerun}}\nfaults: [{kind: host-power-loss, target: A, at: "
                       "2h2min, lasts: 1min}]\nduration: 3h30min\n",
                       "", "");
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1, .trace = true});
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_JOBS_DONE), 5);
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_JOBS_FAILED), 1);
    scenario_text_fini(&s);
}
END_TEST

/* Refused at once, every one of them, while the run is being laid out. */
START_TEST(a_run_that_fails_at_once_is_over)
{
    scenario_text_load(&s,
                       "name: full\nfleet: {hosts: [{name: A, slots: 1}], github: ideal, "
                       "workload: {arrivals: {kind: renewal, interval: {kind: fixed, mean: "
                       "1min}}, queue: {capacity: 0}, classes: [{name: a, jobs: 500, duration: "
                       "59min}, {name: b, jobs: 500, needs: a, duration: 1s}]}}\nduration: 10h\n");
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1});
    ck_assert(!s.result.unstable);
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_JOBS_DONE), 10);
    ck_assert_double_gt(scenario_text_mean(&s, METRIC_JOBS_FAILED), 590 * 1000);
    scenario_text_fini(&s);
}
END_TEST

/* No host has the label: those jobs wait until GitHub gives them up, and hold nobody up. */
START_TEST(labels_that_no_host_has_wait_for_ever_and_are_said)
{
    static char line[ADVICE_LINES][ADVICE_TEXT];
    struct report report = {.scenario = &s.scenario, .result = &s.result};
    scenario_text_load(&s,
                       "name: nowhere\nfleet: {hosts: [{name: A, slots: 2}], workload: {arrivals: "
                       "{kind: renewal, interval: {kind: fixed, mean: 1h}}, classes: [{name: mac, "
                       "jobs: 1, runs_on: macos, duration: 1min}, {name: any, jobs: 1, duration: "
                       "1min}]}}\nduration: 20h30min\n");
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1});
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_JOBS_DONE), 20);
    ck_assert(s.result.unstable); /* their queue grows */
    ck_assert_int_ge(advice_lines(&report, line), 1);
    ck_assert_ptr_nonnull(strstr(line[0], "class mac: no host has the labels macos"));
    scenario_text_fini(&s);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("workflow");
    TCase *c = tcase_create("workflow");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, disjoint_labels_are_separate_queues);
    tcase_add_test(c, what_needs_a_build_is_a_tandem);
    tcase_add_test(c, each_begins_when_all_that_it_needs_are_over);
    tcase_add_test(c, what_needs_a_job_that_failed_fails);
    tcase_add_test(c, a_rerun_is_waited_for);
    tcase_add_test(c, a_run_that_fails_at_once_is_over);
    tcase_add_test(c, labels_that_no_host_has_wait_for_ever_and_are_said);
    suite_add_tcase(suite, c);
    return suite;
}
