/* The promises of a drill: recorded before done, undone whatever happens, measured within error. */
#include "model/load/loader.h"
#include "tests/support/drill_fixture.h"
#include "tests/support/helpers.h"

#include <math.h>
#include <string.h>

static struct scenario scenario;
static struct spy spy;
static struct drill_report report;

static void setup(void)
{
    drill_fixture_scenario(&scenario, NULL);
    spy_open(&spy, &scenario);
}

static void teardown(void)
{
    drill_report_fini(&report);
    spy_close(&spy);
    scenario_fini(&scenario);
}

static void run(void)
{
    spy_run(&spy, &scenario, false, &report);
}

static void setup_again(const char *drill)
{
    spy_close(&spy);
    scenario_fini(&scenario);
    drill_fixture_scenario(&scenario, drill);
    spy_open(&spy, &scenario);
}

/* Where it stands among the calls; -1: never. */
static int call(enum spy_kind kind, enum stage_event event, int action)
{
    int i;
    for (i = 0; i < spy.n; i++)
        if (spy.call[i].kind == kind && spy.call[i].event == event && spy.call[i].action == action)
            return i;
    return -1;
}

/* Whatever was injected, or may have been, is in effect no more. */
static void nothing_is_left(void)
{
    int i;
    for (i = 0; i < DRILL_ACTIONS; i++)
        ck_assert(!spy.below->injected[i]);
    for (i = 0; i < 2; i++)
        ck_assert_int_eq((int)spy.below->world->github.host[i].labelled, 2);
}

START_TEST(every_action_is_recorded_before_it_is_done_and_undone_in_the_opposite_order)
{
    int a;
    run();
    ck_assert_int_eq(report.end, DRILL_COMPLETED);
    ck_assert_int_eq(drill_exit_code(&report), UND_OK);
    for (a = 0; a < 2; a++) {
        int intended = call(SPY_RECORD, STAGE_INTENDED, a);
        int injected = call(SPY_INJECT, STAGE_EVENTS, a);
        int undoing = call(SPY_RECORD, STAGE_UNDOING, a);
        ck_assert_int_ge(intended, 0);
        ck_assert_int_eq(injected, intended + 1);
        ck_assert_int_eq(call(SPY_RECORD, STAGE_DONE, a), injected + 1);
        ck_assert_int_eq(call(SPY_REVERT, STAGE_EVENTS, a), undoing + 1);
        ck_assert_int_eq(call(SPY_RECORD, STAGE_UNDONE, a), undoing + 2);
        ck_assert_int_eq(report.action[a].last, STAGE_UNDONE);
    }
    ck_assert_int_lt(call(SPY_REVERT, STAGE_EVENTS, 1), call(SPY_REVERT, STAGE_EVENTS, 0));
    ck_assert_int_eq(spy.confirmed, 1);
    nothing_is_left();
}
END_TEST

START_TEST(what_cannot_be_recorded_is_not_done)
{
    spy.fail_record = 0;
    run();
    ck_assert_int_eq(report.end, DRILL_FAILED);
    ck_assert_int_eq(drill_exit_code(&report), UND_SERVICE);
    ck_assert_int_eq(call(SPY_INJECT, STAGE_EVENTS, 0), -1);
    ck_assert(!report.injected);
    ck_assert(isnan(report.measure[MEASURE_MTTR].value_ms));
    nothing_is_left();
}
END_TEST

/* n = 0, 1, 2 ...: the journal fails at every record that a drill makes. */
START_TEST(a_journal_that_fails_leaves_nothing_behind)
{
    spy.fail_record = _i;
    run();
    if (_i < 4) /* intended and done of both: before the undoing */
        ck_assert_int_eq(report.end, DRILL_FAILED);
    else
        ck_assert_int_eq(report.end, DRILL_COMPLETED);
    ck_assert(report.reverted);
    nothing_is_left();
}
END_TEST

START_TEST(a_failed_injection_is_undone_as_well)
{
    spy.fail_inject = _i;
    run();
    ck_assert_int_eq(report.end, DRILL_FAILED);
    ck_assert_ptr_nonnull(strstr(report.why, "perhaps in part"));
    ck_assert_int_ge(call(SPY_RECORD, STAGE_FAILED, _i), 0);
    ck_assert_int_ge(call(SPY_REVERT, STAGE_EVENTS, _i), 0);
    ck_assert_int_eq(call(SPY_INJECT, STAGE_EVENTS, 1),
                     _i == 1 ? call(SPY_RECORD, STAGE_INTENDED, 1) + 1 : -1);
    nothing_is_left();
}
END_TEST

START_TEST(an_undo_is_tried_again)
{
    spy.fail_reverts = 4;
    run();
    ck_assert_int_eq(report.end, DRILL_COMPLETED);
    nothing_is_left();
}
END_TEST

START_TEST(an_undo_that_never_works_is_said_and_the_rest_is_undone)
{
    spy.fail_reverts = 5; /* of the last action, which is undone first */
    run();
    ck_assert_int_eq(report.end, DRILL_STUCK);
    ck_assert_int_eq(drill_exit_code(&report), UND_STUCK);
    ck_assert_ptr_nonnull(strstr(report.why, "no route to host"));
    ck_assert(!report.reverted);
    ck_assert_int_eq(report.action[1].last, STAGE_STUCK);
    ck_assert_int_eq(report.action[0].last, STAGE_UNDONE);
    ck_assert_int_ge(call(SPY_RECORD, STAGE_STUCK, 1), 0);
    ck_assert(!spy.below->injected[0]);
    ck_assert_int_eq((int)spy.below->world->github.host[0].labelled, 2);
}
END_TEST

/* ---- stops, at many moments ---- */

static void stopped_at(enum stage_wake how, int minute, enum drill_end want)
{
    struct drill_report whole;
    spy_run(&spy, &scenario, false, &whole);
    spy.n = 0;
    spy.stop = how;
    spy.stop_at_ms = whole.began_ms + minute * 60000;
    run();
    ck_assert_int_eq(report.end, want);
    ck_assert_int_le(report.ended_ms, whole.began_ms + (minute + 1) * 60000);
    ck_assert_int_eq(report.injected, minute >= 1);
    drill_report_fini(&whole);
    nothing_is_left();
}

START_TEST(the_emergency_stop_undoes_everything_at_once)
{
    stopped_at(STAGE_STOP, _i, DRILL_STOPPED);
    ck_assert_int_eq(drill_exit_code(&report), UND_STOPPED);
}
END_TEST

START_TEST(a_signal_undoes_everything_at_once)
{
    stopped_at(STAGE_INTERRUPT, _i, DRILL_INTERRUPTED);
    ck_assert_int_eq(drill_exit_code(&report), UND_INTERRUPTED);
}
END_TEST

static void beta_goes_offline(struct stage_state *state, struct stage_reading *reading)
{
    (void)state;
    if (reading)
        reading->host[1].online = 0;
}

static void beta_gets_busy(struct stage_state *state, struct stage_reading *reading)
{
    (void)reading;
    if (state)
        state->host[1].memory = 0.97;
}

START_TEST(trouble_elsewhere_stops_the_drill)
{
    static void (*const alter[])(struct stage_state *, struct stage_reading *) = {beta_goes_offline,
                                                                                  beta_gets_busy};
    static const char *const why[] = {"beta is not part of the drill and went offline",
                                      "beta: memory: got 97%, want below 95%"};
    run();
    drill_report_fini(&report);
    spy.alter = alter[_i];
    spy.alter_from_ms = report.injected_ms + 60000;
    run();
    ck_assert_int_eq(report.end, DRILL_STOPPED);
    ck_assert_str_eq(report.why, why[_i]);
    ck_assert(report.injected);
    ck_assert(report.reverted);
    ck_assert_int_lt(report.reverted_ms, spy.alter_from_ms + 60000);
}
END_TEST

/* Who is lost on purpose is not missed: ten minutes without are held on. */
START_TEST(a_service_that_the_fault_takes_away_is_not_missed)
{
    static const enum fault_kind kinds[] = {FAULT_MONITORING_DOWN, FAULT_PROMETHEUS_DOWN,
                                            FAULT_GITHUB_OUTAGE};
    setup_again("drill:\n  lease: 40min\n  target: none\n"
                "  revert: {after: time, at_the_latest: 10min}\n"
                "  inject: [{name: first, run: [a], undo: [b]}]\n");
    spy_close(&spy);
    scenario.faults[0].kind = kinds[_i];
    scenario.faults[0].n_targets = 0;
    spy_open(&spy, &scenario);
    run();
    ck_assert_msg(report.end == DRILL_COMPLETED, "%s", report.why);
    ck_assert_int_ge(report.reverted_ms - report.injected_ms, 10 * 60000);
}
END_TEST

START_TEST(too_long_a_queue_stops_the_drill)
{
    setup_again("drill:\n  lease: 40min\n  stop_when: {queue: 1}\n"
                "  inject: [{name: first, run: [a], undo: [b]}]\n");
    run();
    ck_assert_int_eq(report.end, DRILL_STOPPED);
    ck_assert_ptr_nonnull(strstr(report.why, "jobs are waiting, more than 1"));
    ck_assert(report.reverted);
}
END_TEST

/* ---- preconditions ---- */

static void offline(struct stage_state *s, struct stage_reading *r)
{
    (void)s;
    if (r)
        r->host[0].online = 1;
}
static void unrouted(struct stage_state *s, struct stage_reading *r)
{
    (void)s;
    if (r)
        r->host[1].routed = 1;
}
static void silent(struct stage_state *s, struct stage_reading *r)
{
    (void)s;
    if (r)
        r->host[1].answered = false;
}
static void pending(struct stage_state *s, struct stage_reading *r)
{
    (void)s;
    if (r)
        r->alerts[0].pending = true;
}
static void sick(struct stage_state *s, struct stage_reading *r)
{
    (void)r;
    if (s) {
        s->monitoring_healthy = false;
        snprintf(s->monitoring_why, sizeof s->monitoring_why, "a rule fails");
    }
}
static void cpu(struct stage_state *s, struct stage_reading *r)
{
    (void)r;
    if (s)
        s->host[1].cpu = 0.5;
}
static void disk_unknown(struct stage_state *s, struct stage_reading *r)
{
    (void)r;
    if (s)
        s->host[1].disk = NAN;
}
static void protected_workflow(struct stage_state *s, struct stage_reading *r)
{
    (void)r;
    if (s)
        snprintf(s->protected_workflow, sizeof s->protected_workflow, "release.yml");
}

static const struct {
    void (*alter)(struct stage_state *, struct stage_reading *);
    const char *why;
} refusals[] = {
    {offline, "alpha: got 1 registrations online, want 2"},
    {unrouted, "beta: got 1 registrations in the rotation, want 2"},
    {silent, "beta: does not answer the probe"},
    {pending, "alpha: an alert is pending"},
    {sick, "monitoring is not healthy: a rule fails"},
    {cpu, "beta: CPU: got 50%, want below 50%"},
    {disk_unknown, "beta: disk is not known, want below 70%"},
    {protected_workflow, "the protected workflow release.yml is running"},
};

START_TEST(each_precondition_refuses_the_drill)
{
    spy.alter = refusals[_i].alter;
    run();
    ck_assert_int_eq(report.end, DRILL_REFUSED);
    ck_assert_str_eq(report.why, refusals[_i].why);
    ck_assert_int_eq(drill_exit_code(&report), UND_STOPPED);
    ck_assert_int_eq(spy.n, 0);
    ck_assert_int_eq(spy.confirmed, 0);
}
END_TEST

START_TEST(what_fails_during_the_baseline_refuses_the_drill)
{
    run();
    drill_report_fini(&report);
    spy.n = spy.confirmed = 0;
    spy.alter = pending;
    spy.alter_from_ms = report.began_ms + 30000;
    run();
    ck_assert_int_eq(report.end, DRILL_REFUSED);
    ck_assert_int_eq(spy.confirmed, 1);
    ck_assert_int_eq(spy.n, 0);
    ck_assert(!report.injected);
}
END_TEST

START_TEST(without_consent_nothing_is_done)
{
    spy.refuse = true;
    run();
    ck_assert_int_eq(report.end, DRILL_REFUSED);
    ck_assert_str_eq(report.why, "no consent");
    ck_assert_int_eq(spy.n, 0);
}
END_TEST

START_TEST(a_window_that_is_closed_refuses_the_drill)
{
    setup_again("drill:\n  lease: 40min\n  preconditions: {window: 'Tue-Sun 09:00-16:00'}\n"
                "  inject: [{name: first, run: [a], undo: [b]}]\n");
    run();
    ck_assert_int_eq(report.end, DRILL_REFUSED);
    ck_assert_ptr_nonnull(strstr(report.why, "outside the permitted window"));
}
END_TEST

START_TEST(preconditions_are_waited_for)
{
    setup_again("drill:\n  lease: 40min\n  preconditions: {wait: 3h, window: '00:45-16:00'}\n"
                "  inject: [{name: first, run: [a], undo: [b]}]\n");
    run();
    ck_assert_int_eq(report.end, DRILL_COMPLETED);
    ck_assert_int_ge(report.injected_ms, 45 * 60000);
    ck_assert_int_eq(spy.confirmed, 1);
}
END_TEST

/* ---- observing ---- */

START_TEST(a_drill_that_observes_changes_no_routing)
{
    spy_run(&spy, &scenario, true, &report);
    ck_assert_int_eq(report.end, DRILL_COMPLETED);
    ck_assert_int_eq(spy.reconciled, 0);
    ck_assert_int_gt(spy.decided, 0);
    ck_assert_int_eq(report.failovers, 1);
    ck_assert(!isnan(report.measure[MEASURE_DECISION].value_ms));
    ck_assert(isnan(report.measure[MEASURE_ROUTING].value_ms));
    nothing_is_left();
}
END_TEST

START_TEST(stages_end_the_observation_with_their_hold)
{
    setup_again("drill:\n  lease: 40min\n  revert: {after: detection, hold: 30s}\n"
                "  inject: [{name: first, run: [a], undo: [b]}]\n");
    run();
    ck_assert_int_eq(report.end, DRILL_COMPLETED);
    ck_assert_double_eq_tol((double)(report.reverted_ms - report.injected_ms),
                            report.measure[MEASURE_DETECTION].value_ms + 30000, 1500);
}
END_TEST

START_TEST(what_ends_by_itself_is_seen_to_end)
{
    setup_again("drill:\n  lease: 40min\n  revert: {at_the_latest: 1min}\n"
                "  inject: [{name: crash, run: [a]}]\n");
    run();
    ck_assert_int_eq(report.end, DRILL_COMPLETED);
    /* The fault lasts 10 minutes, whatever the drill thinks it has undone after one. */
    ck_assert_double_ge(report.measure[MEASURE_MTTR].value_ms, 600000);
    ck_assert_int_ge(report.ended_ms - report.injected_ms, 600000);
}
END_TEST

/* The host is rebuilt for longer than the drill waits for it. */
START_TEST(a_drill_whose_time_is_up_knows_how_long_it_has_waited)
{
    setup_again("drill:\n  lease: 40min\n  revert: {at_the_latest: 1min, recovery: 2min}\n"
                "  inject: [{name: crash, run: [a]}]\n");
    run();
    ck_assert_int_eq(report.end, DRILL_UNSTEADY);
    ck_assert(isnan(report.measure[MEASURE_MTTR].value_ms));
    ck_assert_double_eq_tol(report.measure[MEASURE_MTTR].open_ms, 180000, 3000);
    ck_assert(!isnan(report.measure[MEASURE_PENDING].value_ms));
    ck_assert_double_eq(report.measure[MEASURE_PENDING].open_ms, 0);
}
END_TEST

/* Nobody moves anybody then, and nothing is detected; what breaks is measured all the same. */
START_TEST(a_fleet_without_a_policy_can_be_drilled)
{
    scenario.fleet.has_policy = false;
    scenario.fleet.policy = (struct policy_config){0};
    spy_run(&spy, &scenario, false, &report);
    ck_assert_msg(report.end == DRILL_COMPLETED, "%s", report.why);
    ck_assert_int_eq(report.failovers, 0);
    ck_assert(isnan(report.measure[MEASURE_DETECTION].value_ms));
    ck_assert(!isnan(report.measure[MEASURE_MTTR].value_ms));
    ck_assert_int_eq(spy.decided, 0);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("drill");
    TCase *tcase = tcase_create("drill");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase,
                   every_action_is_recorded_before_it_is_done_and_undone_in_the_opposite_order);
    tcase_add_test(tcase, what_cannot_be_recorded_is_not_done);
    tcase_add_loop_test(tcase, a_journal_that_fails_leaves_nothing_behind, 0, 9);
    tcase_add_loop_test(tcase, a_failed_injection_is_undone_as_well, 0, 2);
    tcase_add_test(tcase, an_undo_is_tried_again);
    tcase_add_test(tcase, an_undo_that_never_works_is_said_and_the_rest_is_undone);
    tcase_add_loop_test(tcase, the_emergency_stop_undoes_everything_at_once, 0, 14);
    tcase_add_loop_test(tcase, a_signal_undoes_everything_at_once, 0, 14);
    tcase_add_loop_test(tcase, trouble_elsewhere_stops_the_drill, 0, 2);
    tcase_add_loop_test(tcase, a_service_that_the_fault_takes_away_is_not_missed, 0, 3);
    tcase_add_test(tcase, too_long_a_queue_stops_the_drill);
    tcase_add_loop_test(tcase, each_precondition_refuses_the_drill, 0,
                        (int)(sizeof refusals / sizeof *refusals));
    tcase_add_test(tcase, what_fails_during_the_baseline_refuses_the_drill);
    tcase_add_test(tcase, without_consent_nothing_is_done);
    tcase_add_test(tcase, a_window_that_is_closed_refuses_the_drill);
    tcase_add_test(tcase, preconditions_are_waited_for);
    tcase_add_test(tcase, a_drill_that_observes_changes_no_routing);
    tcase_add_test(tcase, stages_end_the_observation_with_their_hold);
    tcase_add_test(tcase, what_ends_by_itself_is_seen_to_end);
    tcase_add_test(tcase, a_drill_whose_time_is_up_knows_how_long_it_has_waited);
    tcase_add_test(tcase, a_fleet_without_a_policy_can_be_drilled);
    suite_add_tcase(all, tcase);
    return all;
}
