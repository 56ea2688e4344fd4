/* How jobs are moved away from a host and back to it, and what keeps the controller from it. */
#include "tests/support/helpers.h"
#include "tests/support/scenario_text.h"

#include <stdio.h>
#include <string.h>

static struct scenario_text s;

START_TEST(eight_labels_take_eight_writes_a_second_apart)
{
    int64_t decided_ms, routed_ms;
    int left;
    scenario_text_play(&s, scenario_text_calm,
                       "  github: {api_latency: 100ms, write_spacing: 1s}\n", scenario_text_dies);
    decided_ms = scenario_text_when(&s, HOUR, "policy: failover");
    routed_ms = scenario_text_when(&s, HOUR, "routing has changed");
    ck_assert_int_eq(routed_ms - decided_ms, 7 * SECOND + 8 * 100);
    for (left = 7; left >= 0; left--)
        ck_assert_int_eq(scenario_text_admits(&s, 0, HOUR, left) - decided_ms,
                         (7 - left) * 1100 + 100);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(labels_change_only_by_the_plan)
{
    scenario_text_play(
        &s, scenario_text_calm, scenario_text_github,
        "faults: [{kind: host-power-loss, target: P, at: 1h, lasts: 2min}, {kind: cpu-stress, "
        "target: B, at: 2h, lasts: 5min}]\n");
    ck_assert_int_eq(scenario_text_count(&s, "policy: failover"), 0);
    ck_assert_int_eq(scenario_text_admits(&s, 0, 0, 7), -1);
    ck_assert_int_eq(scenario_text_admits(&s, 1, 0, 3), -1);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(two_plans_in_a_second_keep_the_spacing)
{
    int64_t at_ms = 0, previous_ms = -1;
    size_t i;
    scenario_text_play(&s, scenario_text_calm, "  github: {api_latency: 0s, write_spacing: 10s}\n",
                       scenario_text_dies);
    for (i = 0; i < s.result.timeline.n_points; i++) {
        static int admitted[2] = {8, 4};
        const struct timeline_point *point = &s.result.timeline.point[i];
        if (point->host < 0 || point->admitted == admitted[point->host])
            continue;
        admitted[point->host] = point->admitted;
        at_ms = point->at_ms;
        ck_assert(previous_ms < 0 || at_ms - previous_ms >= 10 * SECOND);
        previous_ms = at_ms;
    }
    ck_assert_int_gt(at_ms, 90 * MINUTE); /* the ramp was among them */
    scenario_text_fini(&s);
}
END_TEST

/* A stressed primary, with long queues: jobs wait when it is drained. */
static const char stressed[] =
    "faults: [{kind: cpu-stress, target: P, at: 1h, lasts: 90min, load: 99%}]\n";

START_TEST(label_moves_queued_jobs_at_once)
{
    int64_t routed_ms;
    scenario_text_play(&s, scenario_text_crowded, "  github: {pickup: 0s}\n", stressed);
    routed_ms = scenario_text_when(&s, HOUR, "routing has changed");
    ck_assert_int_ge(routed_ms, 0);
    ck_assert_int_eq(
        scenario_text_starts(&s, 0, routed_ms + 1, scenario_text_when(&s, routed_ms, "failback")),
        0);
    ck_assert_int_eq(scenario_text_starts(&s, 1, routed_ms, routed_ms + 20 * MINUTE),
                     8); /* 2 rounds of 4 */
    scenario_text_fini(&s);
}
END_TEST

/* 90 jobs or so wait for either host when the variable is switched; each must be cancelled and run
 * again, two writes a job. Meanwhile the primary, though drained, takes those not yet moved. */
START_TEST(variable_leaves_queued_jobs_until_they_are_run_again)
{
    int64_t routed_ms;
    int waiting, late;
    scenario_text_play(&s, scenario_text_crowded,
                       "  github: {pickup: 0s, mechanism: variable, write_spacing: 5s}\n",
                       stressed);
    routed_ms = scenario_text_when(&s, HOUR, "routing has changed");
    ck_assert_int_ge(routed_ms, 0);
    waiting = (int)(routed_ms / 20000) - scenario_text_starts(&s, 0, 0, routed_ms) -
              scenario_text_starts(&s, 1, 0, routed_ms);
    ck_assert_int_gt(waiting, 40);
    late = scenario_text_starts(&s, 0, routed_ms + 1, routed_ms + waiting * 11 * SECOND);
    ck_assert_int_gt(late, 0);
    ck_assert_int_eq(scenario_text_starts(&s, 0, routed_ms + waiting * 11 * SECOND,
                                          scenario_text_when(&s, routed_ms, "failback")),
                     0);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(hook_drains_without_github_but_not_without_the_host)
{
    static const char outage[] =
        "faults: [{kind: cpu-stress, target: P, at: 1h, lasts: 90min}, {kind: %s, at: 76min20s, "
        "lasts: 20min}]\n";
    char text[256];
    snprintf(text, sizeof text, outage, "token-expired");
    scenario_text_play(&s, scenario_text_calm, "  github: {mechanism: hook, write_spacing: 60s}\n",
                       text);
    ck_assert_int_ge(scenario_text_when(&s, HOUR, "policy: failover"), HOUR + 13 * MINUTE);
    ck_assert_int_lt(scenario_text_when(&s, HOUR, "policy: failover"), HOUR + 16 * MINUTE);
    ck_assert_int_lt(scenario_text_when(&s, HOUR, "routing has changed"), HOUR + 26 * MINUTE);
    scenario_text_fini(&s);
    scenario_text_play(&s, scenario_text_calm, "  github: {mechanism: label, write_spacing: 60s}\n",
                       text);
    ck_assert_int_gt(scenario_text_when(&s, HOUR, "routing has changed"), HOUR + 36 * MINUTE);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(selection_is_random_or_by_priority)
{
    int primary, backup;
    scenario_text_play(&s, scenario_text_calm, "  github: {selection: priority}\n", "");
    ck_assert_int_eq(scenario_text_starts(&s, 1, 0, 3 * HOUR), 0);
    scenario_text_fini(&s);
    scenario_text_play(&s, scenario_text_calm, "  github: {selection: random}\n", "");
    primary = scenario_text_starts(&s, 0, 0, 3 * HOUR);
    backup = scenario_text_starts(&s, 1, 0, 3 * HOUR);
    ck_assert_int_ge(primary + backup, 355);
    /* About two to one: P keeps about 2 of its 8 slots idle more than B. */
    ck_assert_int_gt(backup, 60);
    ck_assert_int_gt(primary, 180);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(without_overflow_the_backup_begins_outside_the_rotation)
{
    scenario_text_load(&s,
                       "name: stage\nduration: 3h\nfleet:\n%s%s%s%s  policy: {overflow: false}\n%s",
                       scenario_text_hosts, scenario_text_calm, scenario_text_github,
                       scenario_text_monitoring, scenario_text_dies);
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1, .trace = true});
    ck_assert_int_eq(scenario_text_starts(&s, 1, 0, HOUR), 0);
    ck_assert_int_gt(scenario_text_starts(&s, 1, HOUR, 2 * HOUR), 0);
    ck_assert_int_eq(scenario_text_admits(&s, 1, 0, 0), 0);
    ck_assert_int_gt(scenario_text_admits(&s, 1, 0, 1),
                     scenario_text_when(&s, HOUR, "policy: failover"));
    ck_assert(scenario_text_mean(&s, METRIC_FAILOVER_SUCCESS) == 1);
    scenario_text_fini(&s);
}
END_TEST

/* --- the controller's troubles and remedies -------------------------------------------------- */

START_TEST(fast_recovery_runs_lost_jobs_again_after_the_failover)
{
    static const char workload[] = "  workload:\n    arrivals: {kind: renewal, interval: 30s}\n"
                                   "    on_failure: rerun\n"
                                   "    classes: [{name: j, duration: 3min, cores: 0.1}]\n";
    scenario_text_play(&s, workload, scenario_text_github, scenario_text_dies);
    ck_assert_int_gt(scenario_text_count(&s, "force-cancelled"), 0);
    ck_assert_int_eq(scenario_text_count(&s, "its lock ran out"), 0);
    ck_assert_int_gt(scenario_text_when(&s, HOUR, "force-cancelled"),
                     scenario_text_when(&s, HOUR, "routing has changed"));
    ck_assert(s.result.metric[METRIC_JOB_RECOVERY].n == 1);
    scenario_text_fini(&s);
    scenario_text_play(&s, workload, "  github: {fast_recovery: false}\n", scenario_text_dies);
    ck_assert_int_eq(scenario_text_count(&s, "force-cancelled"), 0);
    ck_assert_int_gt(scenario_text_count(&s, "its lock ran out"), 0);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(without_token_or_github_nothing_is_flipped)
{
    static const char *const kinds[] = {"token-expired", "github-outage"};
    char text[256];
    snprintf(text, sizeof text,
             "faults: [{kind: %s, at: 50min, lasts: 60min}, {kind: host-power-loss, target: P, at: "
             "1h, lasts: 90min}]\n",
             kinds[_i]);
    scenario_text_play(&s, scenario_text_calm, scenario_text_github, text);
    ck_assert_int_ge(scenario_text_when(&s, 0, "policy: blind"), 52 * MINUTE - 20 * SECOND);
    ck_assert_int_eq(scenario_text_admits(&s, 0, 0, 7),
                     scenario_text_admits(&s, 0, 110 * MINUTE, 7));
    ck_assert_int_gt(scenario_text_when(&s, 0, "policy: failover"), 110 * MINUTE);
    ck_assert(scenario_text_mean(&s, METRIC_FAILOVER_SUCCESS) == 0); /* due, and far too late */
    ck_assert(scenario_text_mean(&s, METRIC_FAILOVERS) == 1);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(a_paged_human_repairs_both_hosts)
{
    int64_t page_ms;
    scenario_text_play(&s, scenario_text_calm, scenario_text_github,
                       "faults: [{kind: host-power-loss, target: all, at: 1h}]\n");
    page_ms = scenario_text_when(&s, 0, "policy: page");
    ck_assert_int_gt(page_ms, HOUR + 5 * MINUTE);
    ck_assert_int_eq(scenario_text_when(&s, 0, "host-power-loss ends"), page_ms + 30 * MINUTE);
    ck_assert_int_eq(scenario_text_count(&s, "policy: failover"), 0);
    ck_assert(s.result.metric[METRIC_MTTR].n == 1);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(maintenance_drains_and_waits_for_the_last_job)
{
    int64_t asked_ms, empty_ms;
    scenario_text_play(&s,
                       "  workload:\n    arrivals: {kind: renewal, interval: 1min}\n"
                       "    classes: [{name: j, duration: 8min, cores: 0.1}]\n",
                       "  github: {pickup: 2s, selection: priority}\n",
                       "faults: [{kind: maintenance, target: P, at: 1h, lasts: 1h}]\n");
    asked_ms = scenario_text_when(&s, 0, "policy: maintenance");
    empty_ms = scenario_text_when(&s, 0, "policy: empty");
    ck_assert_int_lt(asked_ms, HOUR + MINUTE);
    ck_assert_int_gt(empty_ms, HOUR + 6 * MINUTE);
    ck_assert_int_lt(empty_ms, HOUR + 10 * MINUTE);
    ck_assert_int_eq(scenario_text_starts(&s, 0, empty_ms, 2 * HOUR), 0);
    ck_assert(scenario_text_mean(&s, METRIC_JOBS_FAILED) == 0);
    ck_assert(scenario_text_mean(&s, METRIC_FAILOVERS) == 0);
    scenario_text_fini(&s);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("routing");
    TCase *routing = tcase_create("routing");
    tcase_add_test(routing, eight_labels_take_eight_writes_a_second_apart);
    tcase_add_test(routing, labels_change_only_by_the_plan);
    tcase_add_test(routing, two_plans_in_a_second_keep_the_spacing);
    tcase_add_test(routing, label_moves_queued_jobs_at_once);
    tcase_add_test(routing, variable_leaves_queued_jobs_until_they_are_run_again);
    tcase_add_test(routing, hook_drains_without_github_but_not_without_the_host);
    tcase_add_test(routing, selection_is_random_or_by_priority);
    tcase_add_test(routing, without_overflow_the_backup_begins_outside_the_rotation);
    tcase_add_test(routing, fast_recovery_runs_lost_jobs_again_after_the_failover);
    tcase_add_loop_test(routing, without_token_or_github_nothing_is_flipped, 0, 2);
    tcase_add_test(routing, a_paged_human_repairs_both_hosts);
    tcase_add_test(routing, maintenance_drains_and_waits_for_the_last_job);
    suite_add_tcase(suite, routing);
    return suite;
}
