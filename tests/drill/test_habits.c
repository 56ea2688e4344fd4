/*
 * GitHub's habits, as people report them, and what a drill makes of each: `busy` false over a
 * running job, a queue beside idle runners, registrations that go after one job, runner groups that
 * do not serve the repository.
 */
#include "live/base/wire.h"
#include "live/http/http.h"
#include "live/journal/journal.h"
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct live_fixture world;

static void set_up(void)
{
    live_fixture_open(&world, NULL, LIVE_FIXTURE_PATIENT);
    world.with_job = true;
}

static void tear_down(void)
{
    live_fixture_close(&world);
}

struct seen {
    int busy, running; /* the most, on the first host */
};

static enum und_code look(void *context, int64_t number, int64_t now_ms, int64_t wall_ms,
                          const struct view *view, const struct plan *plan, struct und_err *err)
{
    struct seen *seen = context;
    (void)number, (void)now_ms, (void)wall_ms, (void)plan;
    if (view->host[0].busy > seen->busy)
        seen->busy = view->host[0].busy;
    if (view->host[0].running > seen->running)
        seen->running = view->host[0].running;
    return err->code;
}

static struct seen journalled(void)
{
    struct journal *journal = NULL;
    struct und_err err = {0};
    struct seen seen = {0, 0};
    ck_assert_int_eq(journal_open_readonly(&journal, world.journal, &err), UND_OK);
    ck_assert_msg(journal_decisions(journal, 1, look, &seen, &err) == UND_OK, "%s", err.text);
    journal_close(journal);
    return seen;
}

/* The list of runners says idle throughout; the list of jobs knows better, and the policy sees
 * it. */
START_TEST(a_host_that_github_calls_idle_over_a_running_job_is_not_empty)
{
    struct seen seen;
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 0);
    seen = journalled();
    ck_assert_int_eq(seen.busy, 0);
    ck_assert_int_eq(seen.running, 1);
}
END_TEST

START_TEST(a_queue_beside_idle_runners_is_told)
{
    world.waiting = true;
    wire_time(world.began, http_wall_ms() - 10000); /* 1,000 s of the drill's */
    live_fixture_drill(&world, "--yes", 0);
    ck_assert(live_fixture_said(&world, "a job (build) has waited for "));
    ck_assert(live_fixture_said(&world, " is online and idle: its listener may be dead, or the job "
                                        "may not use its runner group"));
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

/* One that was made anew brings its label with it, in the middle of the failover. */
START_TEST(a_label_that_an_ephemeral_registration_brings_back_is_taken_off_again)
{
    int pid, i;
    world.ephemeral = true;
    pid = live_fixture_start(&world, "--yes", 0);
    for (i = 0; i < 12000 && (world.active[0] || world.active[1]); i++)
        live_fixture_pause(5);
    ck_assert(!world.active[0]);
    world.id[0] = 11;
    world.active[0] = true;
    for (i = 0; i < 12000 && world.active[0]; i++)
        live_fixture_pause(5);
    ck_assert_msg(!world.active[0], "the new registration of the drained host takes jobs");
    ck_assert_int_eq(live_fixture_wait(&world, pid), 0);
    ck_assert(live_fixture_said(&world, "3 registrations are ephemeral"));
    ck_assert(world.active[0] && world.active[1] && world.active[2]);
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

/* The organisation's registrations are in a group that is not for this repository. */
START_TEST(a_runner_group_that_does_not_serve_the_repository_is_named)
{
    char command[400];
    world.foreign_group = true;
    snprintf(command, sizeof command, "sed -i 's/owner: o,/owner: o, organisation: true,/' %s",
             world.scenario);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 0);
    ck_assert(live_fixture_said(
        &world, "the runner group elsewhere does not serve the repository r: none of its jobs"));
}
END_TEST

/* A drill's own jobs: submitted after the injection, only by a drill that acts. */
START_TEST(a_drills_own_jobs_are_dispatched_where_the_fleet_names_their_workflow)
{
    static const char *const arguments[] = {"--yes", "--observe", "--yes"};
    char command[300];
    live_fixture_with_canaries(&world, 3);
    snprintf(command, sizeof command, "sed -i '/canary: {workflow/d' %s", world.scenario);
    if (_i == 2)
        ck_assert_int_eq(system(command), 0);
    if (_i == 1) { /* consent is asked for: nobody answers */
        ck_assert_int_eq(live_fixture_drill(&world, arguments[_i], 0), 4);
        ck_assert_int_eq(world.canaries, 0);
        return;
    }
    ck_assert_int_eq(live_fixture_drill(&world, arguments[_i], 0), 0);
    ck_assert_int_eq(world.canaries, _i == 0 ? 3 : 0);
    ck_assert_int_eq(live_fixture_queued(&world), 0); /* taken back, since none has started */
    ck_assert(live_fixture_said(&world, _i == 0 ? "3 canaries are submitted (canary.yml)"
                                                : "the fleet has no live.canary, want one"));
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("habits");
    TCase *habits = tcase_create("habits");
    tcase_add_checked_fixture(habits, set_up, tear_down);
    tcase_set_timeout(habits, 60);
    tcase_add_test(habits, a_host_that_github_calls_idle_over_a_running_job_is_not_empty);
    tcase_add_test(habits, a_queue_beside_idle_runners_is_told);
    tcase_add_test(habits, a_label_that_an_ephemeral_registration_brings_back_is_taken_off_again);
    tcase_add_test(habits, a_runner_group_that_does_not_serve_the_repository_is_named);
    tcase_add_loop_test(
        habits, a_drills_own_jobs_are_dispatched_where_the_fleet_names_their_workflow, 0, 3);
    suite_add_tcase(all, habits);
    return all;
}
