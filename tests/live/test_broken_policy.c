/* A policy without the guard of the last healthy host, as everybody who decides by it meets it: the
 * linker puts __wrap_policy_step in its place (Makefile). */
#include "tests/support/drill_fixture.h"
#include "tests/support/helpers.h"

#include "model/load/loader.h"
#include "sim/experiment/experiment.h"
#include "sim/rehearsal/rehearsal.h"

#include <stdlib.h>
#include <string.h>

static struct scenario scenario;
static struct spy spy;
static bool unguarded = true;

void __real_policy_step(const struct policy_config *config, struct policy_state *state,
                        int64_t now_ms, const struct view *view, struct plan *plan);
void __wrap_policy_step(const struct policy_config *config, struct policy_state *state,
                        int64_t now_ms, const struct view *view, struct plan *plan);

void __wrap_policy_step(const struct policy_config *config, struct policy_state *state,
                        int64_t now_ms, const struct view *view, struct plan *plan)
{
    int i;
    __real_policy_step(config, state, now_ms, view, plan);
    for (i = 0; unguarded && i < state->n; i++) {
        if (!(plan->host[i].notices & 1u << NOTICE_HELD_LAST))
            continue;
        state->host[i].phase = PHASE_DRAINED;
        state->host[i].admitted = plan->host[i].admitted = 0;
    }
}

static void load(const char *path)
{
    struct und_err err = {0};
    memset(&scenario, 0, sizeof scenario);
    ck_assert_msg(scenario_load(&scenario, path, NULL, 0, &err) == UND_OK, "%s", err.text);
}

static void teardown(void)
{
    scenario_fini(&scenario);
}

START_TEST(a_simulation_fails_and_shows_how_to_reproduce_it)
{
    struct experiment experiment = {.seed = 3, .replications = 10};
    struct result result;
    struct und_err err = {0};
    load("scenarios/both-runners-down.yaml");
    ck_assert_int_eq(experiment_run(&scenario, &experiment, &result, &err), UND_FAILED);
    ck_assert_ptr_nonnull(strstr(err.text, "invariant last-healthy broken"));
    ck_assert_ptr_nonnull(
        strstr(err.text, "reproduce: understudy sim scenarios/both-runners-down.yaml --seed 3"));
}
END_TEST

START_TEST(a_rehearsal_fails_and_shows_how_to_reproduce_it)
{
    struct rehearsal rehearsal = {.seed = 3, .replications = 10};
    struct prediction prediction;
    struct und_err err = {0};
    load("scenarios/both-runners-down.yaml");
    ck_assert_int_eq(rehearsal_run(&scenario, &rehearsal, &prediction, &err), UND_FAILED);
    ck_assert_ptr_nonnull(strstr(err.text, "invariant last-healthy broken"));
    ck_assert_ptr_nonnull(strstr(err.text, "reproduce: understudy drill "
                                           "scenarios/both-runners-down.yaml --rehearse --seed 3 "
                                           "--replications "));
}
END_TEST

/* A drill that hits both hosts, so that the second one to be drained is the last. */
static void open_drill(void)
{
    int host;
    drill_fixture_scenario(&scenario, NULL);
    for (host = 0; host < 2; host++)
        scenario.faults[0].targets[host] = host;
    scenario.faults[0].n_targets = 2;
    spy_open(&spy, &scenario);
}

static int restored(const struct spy *played)
{
    const struct world *world = played->below->world;
    return (int)(world->github.host[0].labelled + world->github.host[1].labelled);
}

START_TEST(a_drill_stops_carries_out_no_plan_any_more_and_undoes)
{
    struct drill_report report;
    open_drill();
    spy_run(&spy, &scenario, false, &report);
    ck_assert_int_eq(report.end, DRILL_BROKEN);
    ck_assert_ptr_nonnull(strstr(report.why, "policy: invariant last-healthy broken"));
    ck_assert_int_eq(drill_exit_code(&report), UND_FAILED);
    ck_assert(report.injected && report.reverted);
    ck_assert(!spy.emptied);
    ck_assert_int_eq(spy.call[spy.n - 1].kind, SPY_RECORD);
    ck_assert_int_eq(spy.call[spy.n - 1].event, STAGE_UNDONE);
    ck_assert_int_eq(restored(&spy), 4); /* everybody is back in the rotation */
    drill_report_fini(&report);
    spy_close(&spy);
}
END_TEST

START_TEST(what_cannot_be_undone_outweighs_it)
{
    struct drill_report report;
    open_drill();
    spy.fail_reverts = 100;
    spy_run(&spy, &scenario, false, &report);
    ck_assert_int_eq(report.end, DRILL_STUCK);
    ck_assert_int_eq(drill_exit_code(&report), UND_STUCK);
    drill_report_fini(&report);
    spy_close(&spy);
}
END_TEST

/* The same drill with the guard is none of that. */
START_TEST(with_the_guard_it_is_completed)
{
    struct drill_report report;
    unguarded = false;
    open_drill();
    spy_run(&spy, &scenario, false, &report);
    ck_assert_msg(report.end == DRILL_COMPLETED, "%s", report.why);
    drill_report_fini(&report);
    spy_close(&spy);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("broken policy");
    TCase *c = tcase_create("broken policy");
    tcase_add_checked_fixture(c, NULL, teardown);
    tcase_add_test(c, a_simulation_fails_and_shows_how_to_reproduce_it);
    tcase_add_test(c, a_rehearsal_fails_and_shows_how_to_reproduce_it);
    tcase_add_test(c, a_drill_stops_carries_out_no_plan_any_more_and_undoes);
    tcase_add_test(c, what_cannot_be_undone_outweighs_it);
    tcase_add_test(c, with_the_guard_it_is_completed);
    suite_add_tcase(s, c);
    return s;
}
