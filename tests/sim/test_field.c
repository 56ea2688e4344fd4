/* What fleets report: each kind of fault, what GitHub and the jobs then show, and what the policy's
 * evidence makes of it. What monitoring shows is in test_field_monitoring.c. */
#include "tests/support/field_fixture.h"
#include "tests/support/helpers.h"

#include <stdlib.h>
#include <string.h>

static struct scenario_text s;

static void teardown(void)
{
    scenario_text_fini(&s);
}

/* --- registrations --------------------------------------------------------------------------- */

/* Ten minutes to the millisecond after it was taken, and GitHub drops the runner. */
START_TEST(a_job_of_a_hung_runner_fails_after_ten_minutes)
{
    int64_t taken_ms, failed_ms;
    field_play(&s, "", "{kind: runner-hung, target: P, at: 1h}");
    taken_ms = scenario_text_when(&s, HOUR, "was taken by a runner that hangs");
    failed_ms = scenario_text_when(&s, HOUR, "its lock ran out");
    ck_assert_int_ge(taken_ms, HOUR);
    ck_assert_int_eq(failed_ms - taken_ms, 10 * MINUTE);
    ck_assert_int_eq(field_count(&s, 0, HOUR + 4 * MINUTE, 3 * HOUR, " starts"), 0);
    ck_assert_int_eq(field_count(&s, 0, HOUR, 3 * HOUR, "was taken by"),
                     8); /* one each, then dropped */
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_JOBS_FAILED), 8);
    ck_assert_int_eq(s.result.metric[METRIC_DETECTION].n, 0); /* and nobody notices */
}
END_TEST

START_TEST(a_job_of_a_deaf_runner_goes_back_to_the_queue)
{
    int64_t at_ms, back_ms;
    field_play(&s, "", "{kind: runner-hung, target: P, at: 1h, acknowledges: false}");
    at_ms = scenario_text_when(&s, HOUR, "was assigned to a runner that is gone");
    back_ms = scenario_text_when(&s, HOUR, "is requeued");
    ck_assert_int_eq(back_ms - at_ms, MINUTE);
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_JOBS_FAILED), 0);
    ck_assert_int_eq(s.result.metric[METRIC_DETECTION].n, 0);
}
END_TEST

START_TEST(hung_runners_come_back_when_the_fault_ends)
{
    field_play(&s, "", "{kind: runner-hung, target: P, at: 1h, lasts: 30min}");
    ck_assert_int_eq(field_count(&s, 0, HOUR + 4 * MINUTE, HOUR + 30 * MINUTE, " starts"), 0);
    ck_assert_int_gt(field_count(&s, 0, HOUR + 30 * MINUTE, 3 * HOUR, " starts"), 10);
    ck_assert_int_eq(s.result.metric[METRIC_MTTR].n, 1);
}
END_TEST

/* Each of 8 registrations with 2/h: none left after three hours but for e^-4 of them. */
START_TEST(runners_hang_one_by_one_at_their_rate)
{
    field_play(&s, "", "{kind: runner-hung, target: P, at: 1h, rate: 2/h}");
    ck_assert_int_gt(field_count(&s, 0, HOUR, HOUR + 30 * MINUTE, " starts"), 20);
    ck_assert_int_gt(field_count(&s, 0, HOUR, 3 * HOUR, "was taken by"), 4);
    ck_assert_int_le(field_count(&s, 0, HOUR, 3 * HOUR, "was taken by"), 8);
}
END_TEST

START_TEST(missing_registrations_page_a_human_who_repairs_them)
{
    field_play(&s, "partial: {lasts: 10min}", "{kind: runner-hung, target: P, slots: 5, at: 1h}");
    ck_assert_int_eq(scenario_text_count(&s, "policy: registrations are missing"), 1);
    ck_assert_int_eq(scenario_text_count(&s, "policy: page"), 1);
    ck_assert_int_eq(scenario_text_count(&s, "runner-hung ends"), 1);
    ck_assert_int_eq(s.result.metric[METRIC_DETECTION].n, 1);
    ck_assert_int_eq(s.result.metric[METRIC_FAILOVERS].n, 1);
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_FAILOVERS), 0);
}
END_TEST

START_TEST(what_nothing_sees_is_counted_as_undetected)
{
    static const char faults[] = "{kind: slots-lost, target: P, slots: 7, at: 1h, lasts: 1h},"
                                 "{kind: target-lost, target: B, at: 1h}"; /* holds up nobody */
    field_play(&s, "", faults);
    ck_assert_int_eq(s.result.n_undetected, 1);
    ck_assert_int_eq(s.result.undetected[0].fault, 0);
    ck_assert_int_eq(s.result.undetected[0].n, 1);
    ck_assert_double_eq(s.result.undetected[0].mean_ms, HOUR);
    teardown();
    field_play(&s, "partial: {}", faults);
    ck_assert_int_eq(s.result.n_undetected, 0);
}
END_TEST

/* All registrations of P are deaf: jobs go round until they meet the backup. */
START_TEST(a_canary_that_does_not_start_drains_a_deaf_host)
{
    field_play(&s, "canary: {every: 5min, late: 2min, then: [page, drain]}",
               "{kind: runner-hung, target: P, at: 1h, acknowledges: false}");
    ck_assert_int_eq(scenario_text_count(&s, "policy: its canary does not start") > 0, 1);
    ck_assert_int_eq(field_count(&s, 0, HOUR, 3 * HOUR, "policy: failover"), 1);
    ck_assert_int_eq(field_count(&s, 0, HOUR, 3 * HOUR, "policy: restored"),
                     1); /* the human came */
}
END_TEST

/* GitHub is away when the host goes deaf: it hands out no canary, so that the first one waits from
 * its return on, whatever would have become of those before. */
START_TEST(a_canary_waits_from_githubs_return_on)
{
    field_play(&s, "canary: {every: 5min, late: 8min, then: [page, drain]}",
               "{kind: github-outage, at: 50min, lasts: 70min},"
               "{kind: runner-hung, target: P, at: 1h, acknowledges: false}");
    ck_assert_int_ge(scenario_text_when(&s, 0, "its canary does not start"), 2 * HOUR + 8 * MINUTE);
}
END_TEST

/* Sent just before all listeners went to update, it is handed out again when they are back, and
 * every slot works off what has come in meanwhile: a canary that waits for a slot accuses nobody,
 * nor does one whose listeners GitHub knows to be away. */
START_TEST(a_canary_that_waits_for_a_slot_accuses_nobody)
{
    field_play(&s, "canary: {every: 3min, late: 4min, then: [page, drain]}",
               "{kind: runner-update, target: all, at: 1h, lasts: 6min, every: 7min}");
    ck_assert_int_gt(scenario_text_count(&s, "runner-update ends"), 5);
    ck_assert_int_eq(scenario_text_count(&s, "its canary does not start"), 0);
    ck_assert_int_eq(scenario_text_count(&s, "policy: failover"), 0);
}
END_TEST

START_TEST(a_replaced_registration_loses_its_job_and_its_label_for_a_while)
{
    field_play(&s, "", "{kind: registration-replaced, target: P, at: 1h}");
    ck_assert_int_gt(field_count(&s, 0, HOUR, HOUR + 1, "is lost from GitHub's sight"), 0);
    ck_assert_int_gt(field_count(&s, 0, HOUR + MINUTE, 3 * HOUR, " starts"),
                     20); /* it was put back */
    ck_assert_int_eq(scenario_text_count(&s, "registration-replaced ends"), 1);
    ck_assert_int_eq(s.result.metric[METRIC_MTTR].n, 1);
}
END_TEST

START_TEST(an_update_takes_idle_listeners_away_and_kills_no_job)
{
    field_play(&s, "", "{kind: runner-update, target: all, at: 1h, lasts: 40s}");
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_JOBS_FAILED), 0);
    ck_assert_int_gt(field_count(&s, -1, HOUR, HOUR + 40 * SECOND, "a runner that is gone"), 0);
    ck_assert_int_gt(field_count(&s, -1, HOUR + 40 * SECOND, HOUR + 3 * MINUTE, " starts"), 0);
}
END_TEST

/* --- jobs ------------------------------------------------------------------------------------ */

START_TEST(a_hung_job_holds_its_slot_for_six_hours_or_its_time_out)
{
    scenario_text_load(&s,
                       "name: stage\nduration: 12h\nfleet:\n%s  workload: {arrivals: {kind: "
                       "renewal, interval: 30min}, classes: [{name: j, duration: 1min}]}\n"
                       "faults: [{kind: job-hung, target: all, share: 100%%, lasts: 70min}]\n",
                       scenario_text_hosts);
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1, .trace = true});
    ck_assert_int_eq(scenario_text_count(&s, "it ran longer than its time-out"), 2);
    ck_assert_int_ge(scenario_text_when(&s, 0, "it ran longer"), 6 * HOUR);
    ck_assert_int_lt(scenario_text_when(&s, 0, "it ran longer"), 7 * HOUR);
    teardown();
    scenario_text_load(&s,
                       "name: stage\nduration: 12h\nfleet:\n%s  workload: {arrivals: {kind: "
                       "renewal, interval: 30min}, classes: [{name: j, duration: 1min, "
                       "timeout: 45min}]}\n"
                       "faults: [{kind: job-hung, target: all, share: 100%%, lasts: 70min}]\n",
                       scenario_text_hosts);
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1, .trace = true});
    ck_assert_int_lt(scenario_text_when(&s, 0, "it ran longer"), 80 * MINUTE);
}
END_TEST

START_TEST(jobs_on_a_full_disk_fail_within_a_minute_and_only_there)
{
    field_play(&s, "", "{kind: disk-full, target: P, at: 1h, lasts: 1h}");
    ck_assert_int_gt(field_count(&s, 0, HOUR, 2 * HOUR + MINUTE, "what it needs is not there"), 30);
    ck_assert_int_eq(field_count(&s, 1, 0, 3 * HOUR, "what it needs is not there"), 0);
    ck_assert_int_eq(field_count(&s, 0, HOUR + MINUTE, 2 * HOUR, "succeeds"), 0);
    ck_assert_int_gt(field_count(&s, 0, 2 * HOUR + MINUTE, 3 * HOUR, "succeeds"), 10);
    ck_assert_int_eq(s.result.metric[METRIC_DETECTION].n, 0);
}
END_TEST

START_TEST(jobs_that_fail_on_one_host_alone_drain_it)
{
    field_play(&s, "failures: {then: drain}", "{kind: disk-full, target: P, at: 1h}");
    ck_assert_int_eq(
        field_count(&s, 0, HOUR, 3 * HOUR, "policy: jobs fail on it and not elsewhere") > 0, 1);
    ck_assert_int_eq(field_count(&s, 0, HOUR, HOUR + 15 * MINUTE, "policy: failover"), 1);
    ck_assert_int_eq(field_count(&s, 0, HOUR + 16 * MINUTE, 2 * HOUR, " starts"), 0);
}
END_TEST

/* Failing over would not help, and must not happen. */
START_TEST(a_registry_that_is_away_fails_jobs_everywhere_and_drains_nobody)
{
    field_play(&s, "failures: {then: [page, drain]}, partial: {then: drain}, returns: {}",
               "{kind: dependency-down, at: 1h, lasts: 1h}");
    ck_assert_int_gt(field_count(&s, 0, HOUR, 2 * HOUR, "what it needs is not there"), 20);
    ck_assert_int_gt(field_count(&s, 1, HOUR, 2 * HOUR, "what it needs is not there"), 10);
    ck_assert_int_eq(scenario_text_count(&s, "policy:"), 0);
}
END_TEST

/* --- GitHub ---------------------------------------------------------------------------------- */

START_TEST(a_slow_github_hands_jobs_out_late_over_idle_runners)
{
    field_play(&s, "", "{kind: github-slow, delay: 7min, at: 1h, lasts: 1h}");
    ck_assert_int_eq(field_count(&s, -1, HOUR + 3 * SECOND, HOUR + 7 * MINUTE, " starts"), 0);
    ck_assert_int_gt(field_count(&s, -1, HOUR + 8 * MINUTE, 2 * HOUR, " starts"), 50);
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_JOBS_FAILED), 0);
    ck_assert_double_gt(scenario_text_mean(&s, METRIC_QUEUE_WAIT), 2 * MINUTE);
}
END_TEST

/* Jobs are told apart by the order in which they came, whoever tells: each arrives, then is spoken
 * of, then succeeds or fails, and is never heard of again. */
START_TEST(every_story_of_a_job_is_between_its_arrival_and_its_end)
{
    enum { UNHEARD, HERE, OVER, JOBS = 2000 };
    static char fate[JOBS];
    const struct timeline *timeline = &s.result.timeline;
    int told = 0;
    size_t i;
    field_play(&s, "",
               "{kind: github-slow, delay: 7min, at: 1h, lasts: 20min}, "
               "{kind: runner-hung, target: P, at: 2h, lasts: 30min}");
    memset(fate, UNHEARD, sizeof fate);
    for (i = 0; i < timeline->n; i++) {
        const char *what = timeline->entry[i].what, *name = strstr(what, "job ");
        bool begins = strstr(what, " arrives") || strstr(what, " is run again");
        int number;
        if (!name || sscanf(name, "job %d", &number) != 1)
            continue;
        ck_assert_int_lt(number, JOBS);
        ck_assert_msg(fate[number] == (begins ? UNHEARD : HERE), "%s", what);
        fate[number] = strstr(what, " succeeds") || strstr(what, " fails") ? OVER : HERE;
        told += strstr(what, "slow to hand out") || strstr(what, "taken by a runner that hangs");
    }
    ck_assert_int_gt(told, 40);
}
END_TEST

/* Every host shows idle slots: it is GitHub, not a host. */
START_TEST(a_slow_github_makes_no_host_deaf_enough_to_be_drained)
{
    field_play(&s, "deaf: {waits: 5min, then: drain}",
               "{kind: github-slow, delay: 20min, at: 1h, lasts: 1h}");
    ck_assert_int_ge(scenario_text_count(&s, "policy: jobs wait although it shows idle slots"), 2);
    ck_assert_int_eq(scenario_text_count(&s, "policy: failover"), 0);
}
END_TEST

START_TEST(a_list_that_lies_moves_nobody_without_a_second_witness)
{
    static const char *const lies[] = {"offline", "idle", "missing"};
    char fault[120];
    snprintf(fault, sizeof fault, "{kind: github-lies, lie: %s, target: P, at: 1h, lasts: 30min}",
             lies[_i]);
    field_play(&s, "", fault);
    ck_assert_int_eq(scenario_text_count(&s, "policy: detected"), 0);
    ck_assert_int_eq(scenario_text_count(&s, "policy: failover"), 0);
}
END_TEST

/* The list of runners says idle over running jobs: work must not begin. */
START_TEST(maintenance_waits_for_jobs_that_the_list_of_runners_denies)
{
    static const char lie[] = "{kind: github-lies, lie: idle, target: P},"
                              "{kind: maintenance, target: P, at: 1h, lasts: 1h}";
    int64_t drained_ms, empty_ms;
    field_play(&s, "", lie);
    drained_ms = scenario_text_when(&s, HOUR, "no new job can reach the host");
    empty_ms = scenario_text_when(&s, HOUR, "policy: empty");
    ck_assert_int_lt(empty_ms - drained_ms, MINUTE); /* believed: and three jobs are running */
    ck_assert_int_gt(field_count(&s, 0, empty_ms, empty_ms + 3 * MINUTE, "succeeds"), 0);
    teardown();
    field_play(&s, "deaf: {}", lie);
    empty_ms = scenario_text_when(&s, HOUR, "policy: empty");
    ck_assert_int_gt(empty_ms, 0);
    ck_assert_int_eq(field_count(&s, 0, empty_ms, 2 * HOUR, "succeeds"), 0);
}
END_TEST

START_TEST(an_ideal_dispatcher_has_no_runners_that_hang)
{
    static const char text[] =
        "{name: x, fleet: {github: ideal, hosts: [{name: P, slots: 1}], workload: {arrivals: "
        "{kind: "
        "none}, classes: [{duration: 1min}]}}, faults: [{kind: runner-hung, target: P}]}";
    struct und_err err = {0};
    ck_assert_int_eq(scenario_parse(&s.scenario, "x.yaml", text, strlen(text), &err), UND_USAGE);
    ck_assert_msg(strstr(err.text, "runner-hung needs GitHub as it is") != NULL, "%s", err.text);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("field");
    TCase *github = tcase_create("github");
    TCase *others = tcase_create("others");
    tcase_add_checked_fixture(github, NULL, teardown);
    tcase_add_test(github, a_job_of_a_hung_runner_fails_after_ten_minutes);
    tcase_add_test(github, a_job_of_a_deaf_runner_goes_back_to_the_queue);
    tcase_add_test(github, hung_runners_come_back_when_the_fault_ends);
    tcase_add_test(github, runners_hang_one_by_one_at_their_rate);
    tcase_add_test(github, missing_registrations_page_a_human_who_repairs_them);
    tcase_add_test(github, what_nothing_sees_is_counted_as_undetected);
    tcase_add_test(github, a_canary_that_does_not_start_drains_a_deaf_host);
    tcase_add_test(github, a_canary_waits_from_githubs_return_on);
    tcase_add_test(github, a_canary_that_waits_for_a_slot_accuses_nobody);
    tcase_add_test(github, a_replaced_registration_loses_its_job_and_its_label_for_a_while);
    tcase_add_test(github, an_update_takes_idle_listeners_away_and_kills_no_job);
    tcase_add_test(github, a_slow_github_hands_jobs_out_late_over_idle_runners);
    tcase_add_test(github, every_story_of_a_job_is_between_its_arrival_and_its_end);
    tcase_add_test(github, a_slow_github_makes_no_host_deaf_enough_to_be_drained);
    tcase_add_loop_test(github, a_list_that_lies_moves_nobody_without_a_second_witness, 0, 3);
    tcase_add_test(github, maintenance_waits_for_jobs_that_the_list_of_runners_denies);
    suite_add_tcase(suite, github);
    tcase_add_checked_fixture(others, NULL, teardown);
    tcase_add_test(others, a_hung_job_holds_its_slot_for_six_hours_or_its_time_out);
    tcase_add_test(others, jobs_on_a_full_disk_fail_within_a_minute_and_only_there);
    tcase_add_test(others, jobs_that_fail_on_one_host_alone_drain_it);
    tcase_add_test(others, a_registry_that_is_away_fails_jobs_everywhere_and_drains_nobody);
    tcase_add_test(others, an_ideal_dispatcher_has_no_runners_that_hang);
    suite_add_tcase(suite, others);
    return suite;
}
