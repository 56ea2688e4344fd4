/* What a scenario leaves out that its own policy, claims or expectations need. */
#include "tests/support/helpers.h"

#include "reports/text/advice.h"

#include <math.h>
#include <string.h>

static struct result result;
static struct scenario scenario;
static struct rule rule;
static char line[ADVICE_LINES][ADVICE_TEXT];

/* A fleet that lacks nothing. */
static void setup(void)
{
    memset(&result, 0, sizeof result);
    memset(&scenario, 0, sizeof scenario);
    scenario.documented =
        (struct documented){60000, 60000, 60000, "", "", -1, -1, -1, -1, .n_measures = 0};
    scenario.n_faults = 1;
    scenario.fleet.has_policy = true;
    scenario.fleet.policy.severities = 1u << SEVERITY_CRITICAL;
    scenario.fleet.monitoring.n_rules = 1;
    rule.severity = SEVERITY_CRITICAL;
    scenario.fleet.monitoring.rules = &rule;
    scenario.fleet.alertmanager.present = true;
    scenario.fleet.workload.arrivals.kind = ARRIVALS_POISSON;
    scenario.fleet.workload.on_failure = ON_FAILURE_RERUN;
}

static void expect(enum metric metric, int64_t observed)
{
    scenario.expects[scenario.n_expects].metric = metric;
    scenario.expects[scenario.n_expects++].line = 7;
    result.metric[metric].n = observed;
}

static int advise(void)
{
    struct report report = {.scenario = &scenario, .result = &result};
    return advice_lines(&report, line);
}

static void ck_only(const char *want)
{
    ck_assert_int_eq(advise(), 1);
    ck_assert_msg(strstr(line[0], want) != NULL, "got: %s", line[0]);
}

START_TEST(a_scenario_that_lacks_nothing_gets_no_advice)
{
    int metric;
    for (metric = 0; metric < METRIC_COUNT; metric++)
        expect((enum metric)metric, 1);
    ck_assert_int_eq(advise(), 0);
}
END_TEST

START_TEST(a_policy_whose_alerts_do_not_exist_is_told_which)
{
    rule.severity = SEVERITY_WARNING;
    ck_only("the policy acts on critical, the rules are warning; set fleet.policy.severities");
    scenario.fleet.monitoring.n_rules = 0;
    ck_only("the fleet has no alert rule");
    scenario.fleet.has_policy = false;
    scenario.documented = (struct documented){-1, -1, -1, "", "", -1, -1, -1, -1, .n_measures = 0};
    ck_assert_int_eq(advise(), 0);
}
END_TEST

START_TEST(a_claim_that_cannot_come_about_is_told_why)
{
    scenario.fleet.has_policy = false;
    ck_assert_int_eq(advise(), 2);
    ck_assert_ptr_nonnull(strstr(line[0], "documented.detection cannot come about"));
    ck_assert_ptr_nonnull(strstr(line[0], "set fleet.policy"));
    ck_assert_ptr_nonnull(strstr(line[1], "documented.failover cannot come about"));
    scenario.fleet.has_policy = true;
    scenario.n_faults = 0;
    ck_assert_int_eq(advise(), 3);
    ck_assert_ptr_nonnull(strstr(line[2], "documented.rto cannot come about: nothing goes wrong"));
    scenario.fleet.hosts[0].has_mtbf = true;
    scenario.fleet.n_hosts = 1;
    ck_assert_int_eq(advise(), 0);
    scenario.n_faults = 0;
    scenario.fleet.n_hosts = 0;
    scenario.documented = (struct documented){
        -2, -1, -2, "", "", -1, -1, -1, -1, .n_measures = 0}; /* N/A claims nothing */
    ck_assert_int_eq(advise(), 0);
}
END_TEST

START_TEST(every_claim_that_cannot_come_about_is_told)
{
    scenario.documented = (struct documented){-1, -1, -1, "", "", 1, 1, 1, 1, .n_measures = 1};
    scenario.documented.measures[0] = (struct expect){.metric = METRIC_JOB_RECOVERY, .line = 9};
    ck_assert_int_eq(advise(), 0);
    scenario.fleet.workload.on_failure = ON_FAILURE_FAIL;
    ck_only("documented job_recovery_ms (line 9) cannot come about: with on_failure: fail");
    scenario.n_faults = 0;
    ck_assert_int_eq(advise(), 5);
    ck_assert_ptr_nonnull(strstr(line[0], "documented.wait cannot come about"));
    ck_assert_ptr_nonnull(strstr(line[3], "documented.jobs_lost cannot come about"));
}
END_TEST

START_TEST(a_recovery_with_on_failure_fail_is_told_what_to_set)
{
    expect(METRIC_JOB_RECOVERY, 0);
    scenario.fleet.workload.on_failure = ON_FAILURE_FAIL;
    ck_only("expect job_recovery_ms (line 7) cannot come about: with on_failure: fail no lost job");
    ck_assert_ptr_nonnull(strstr(line[0], "set fleet.workload.on_failure to rerun or resume"));
}
END_TEST

START_TEST(an_expectation_of_what_was_never_seen_is_told_once)
{
    expect(METRIC_WEBHOOK, 0);
    expect(METRIC_WEBHOOK, 0);
    ck_only("expect webhook_ms (line 7) was never observed");
    scenario.fleet.alertmanager.present = false;
    ck_only("expect webhook_ms (line 7) cannot come about: nobody is notified");
}
END_TEST

START_TEST(what_was_never_detected_is_said_in_words)
{
    struct report report = {.scenario = &scenario, .result = &result};
    struct undetected found = {.fault = 0, .n = 50, .of = 50, .mean_ms = 72000000};
    char text[256];
    scenario.faults[0] = (struct fault){.kind = FAULT_SLOTS_LOST, .slots = 7, .role = "primary"};
    advice_undetected(&report, &found, text, sizeof text);
    ck_assert_str_eq(text, "UNDETECTED: 7 slots lost on primary for 20:00:00: no rule and no "
                           "evidence sees it");
    found.of = 100;
    scenario.faults[0] = (struct fault){.kind = FAULT_CRASH_LOOP, .n_targets = 2};
    strcpy(scenario.fleet.hosts[0].name, "dell");
    advice_undetected(&report, &found, text, sizeof text);
    ck_assert_str_eq(text, "UNDETECTED: crash-loop of dell and others for 20:00:00: no rule and no "
                           "evidence sees it (in 50 of 100)");
    found.of = 101; /* most were detected */
    advice_undetected(&report, &found, text, sizeof text);
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(more_lines_than_there_is_room_for_are_left_out)
{
    int i;
    scenario.fleet.has_policy = false;
    scenario.fleet.workload.arrivals.kind = ARRIVALS_NONE;
    scenario.fleet.monitoring.n_rules = 0;
    scenario.fleet.workload.on_failure = ON_FAILURE_FAIL;
    for (i = 0; i < METRIC_COUNT; i++)
        expect((enum metric)i, 0);
    ck_assert_int_eq(advise(), ADVICE_LINES);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("advice");
    TCase *tests = tcase_create("advice");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, a_scenario_that_lacks_nothing_gets_no_advice);
    tcase_add_test(tests, a_policy_whose_alerts_do_not_exist_is_told_which);
    tcase_add_test(tests, a_claim_that_cannot_come_about_is_told_why);
    tcase_add_test(tests, every_claim_that_cannot_come_about_is_told);
    tcase_add_test(tests, a_recovery_with_on_failure_fail_is_told_what_to_set);
    tcase_add_test(tests, an_expectation_of_what_was_never_seen_is_told_once);
    tcase_add_test(tests, what_was_never_detected_is_said_in_words);
    tcase_add_test(tests, more_lines_than_there_is_room_for_are_left_out);
    suite_add_tcase(suite, tests);
    return suite;
}
