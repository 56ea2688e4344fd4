/* Jobs of a drill's own, and what an undo takes: both are rehearsed as they are carried out. */
#include "model/load/loader.h"
#include "tests/support/drill_fixture.h"
#include "tests/support/helpers.h"

#include <math.h>
#include <string.h>

#define INJECT "  inject: [{name: first, run: [a], undo: [b]%s}]\n"
#define MINUTE 60000.0

static struct scenario scenario;
static struct spy spy;
static struct drill_report report;

/* A fleet that hardly has a job of its own. */
static void play(const char *canary, const char *undo, bool observe)
{
    char drill[512];
    snprintf(drill, sizeof drill,
             "drill:\n  lease: 40min\n%s  revert: {after: routing, hold: 4min, at_the_latest: "
             "20min}\n" INJECT,
             canary, undo);
    drill_fixture_scenario(&scenario, drill);
    scenario.fleet.workload.arrivals.rate_per_ms = 1e-15;
    spy_open(&spy, &scenario);
    spy_run(&spy, &scenario, observe, &report);
}

static void over(void)
{
    drill_report_fini(&report);
    spy_close(&spy);
    scenario_fini(&scenario);
}

static double measured(enum drill_measure_kind kind)
{
    return report.measure[kind].value_ms;
}

START_TEST(with_as_many_canaries_as_slots_a_quiet_fleet_measures_its_rto)
{
    play("", "", false);
    ck_assert_int_eq(report.end, DRILL_COMPLETED);
    ck_assert(isnan(measured(MEASURE_RTO)));
    over();
    play("  canary: {jobs: 4, takes: 10s}\n", "", false);
    ck_assert_int_eq(report.end, DRILL_COMPLETED);
    ck_assert_int_eq(spy.canaries, 4);
    /* Handed to a dead listener they go back to the queue after a minute. */
    ck_assert_double_gt(measured(MEASURE_RTO), MINUTE);
    ck_assert_double_lt(measured(MEASURE_RTO), 6 * MINUTE);
    over();
}
END_TEST

START_TEST(whoever_only_observes_submits_none)
{
    play("  canary: {jobs: 4}\n", "", true);
    ck_assert_int_eq(spy.canaries, 0);
    over();
}
END_TEST

/* The fault lasts until its undo has ended, in the rehearsal as in reality. */
START_TEST(capacity_comes_back_as_much_later_as_the_undo_takes)
{
    double at_once_ms;
    play("", "", false);
    at_once_ms = measured(MEASURE_MTTR);
    over();
    play("", ", undo_takes: 7min", false);
    ck_assert_int_eq(report.end, DRILL_COMPLETED);
    ck_assert_double_eq_tol(measured(MEASURE_MTTR) - at_once_ms, 7 * MINUTE, MINUTE);
    over();
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("drill canary");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, with_as_many_canaries_as_slots_a_quiet_fleet_measures_its_rto);
    tcase_add_test(tcase, whoever_only_observes_submits_none);
    tcase_add_test(tcase, capacity_comes_back_as_much_later_as_the_undo_takes);
    suite_add_tcase(all, tcase);
    return all;
}
