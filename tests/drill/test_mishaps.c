/* What befell drills from outside, and what must become of it: GitHub refuses, is lost, or has its
 * registrations changed; a credential that may too little or shows too much. Each was met once. */
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

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

#define NO(status) "HTTP/1.1 " status "\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"

/* ---- stopping after a run was cancelled ---- */

START_TEST(a_run_that_was_cancelled_is_run_again_after_a_stop)
{
    int pid = live_fixture_start(&world, "--yes", 0), code;
    time_t began;
    LIVE_FIXTURE_AWAIT(world.cancelled, 30000);
    began = time(NULL);
    if (_i == 0)
        live_fixture_touch(world.stop);
    else
        kill(pid, SIGINT);
    code = live_fixture_wait(&world, pid);
    ck_assert_int_eq(code, _i == 0 ? 4 : 130);
    ck_assert_int_le(time(NULL) - began, 5);
    ck_assert_int_eq(world.attempt, 2);
    ck_assert(live_fixture_labels_on(&world));
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

/* The run has a job that runs well on the backup: it is let be. */
START_TEST(a_run_with_a_job_that_runs_well_is_not_cancelled)
{
    world.neighbour = true;
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 0);
    ck_assert(!world.cancelled);
    ck_assert(live_fixture_said(&world, "run 7 is not cancelled, since its job lint runs on "
                                        "small-1"));
}
END_TEST

START_TEST(a_rerun_that_is_refused_is_tried_a_few_times_and_left_to_the_operator)
{
    world.refuse_reruns = true;
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 5);
    ck_assert_int_ge(world.reruns, 2);
    ck_assert_int_le(world.reruns, 10); /* five by the policy, five by the rollback */
    ck_assert(live_fixture_said(&world, "gh run rerun 7 --failed --repo o/r"));
    ck_assert(live_fixture_said(&world, "NOT everything could be undone"));
    ck_assert(live_fixture_labels_on(&world));
    world.refuse_reruns = false;
    live_fixture_rolls_back(&world);
    ck_assert_int_eq(world.attempt, 2);
}
END_TEST

/* The mechanism variable: one write moves what is created from now on; what is queued for the
 * drained host is cancelled and run again. Everything is put back. */
START_TEST(the_variable_is_switched_and_what_was_queued_for_the_dead_host_is_run_again)
{
    char command[900];
    world.stranded = true;
    snprintf(command, sizeof command,
             "sed -i -e \"s/name: big, /name: big, labels: [self-hosted, primary], /\""
             " -e \"s/name: small, /name: small, labels: [self-hosted, backup], /\""
             " -e \"s/fast_recovery: true/fast_recovery: true, mechanism: variable/\""
             " -e \"s/owner: o,/owner: o, variable: CI_HOST,/\" %s",
             world.scenario);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 0);
    ck_assert(live_fixture_said(&world, "routing has changed"));
    ck_assert(world.cancelled);
    ck_assert_int_eq(world.attempt, 2);
    ck_assert(!world.on_backup);
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

/* Stopped or killed after the switch: the variable goes back as well. */
START_TEST(the_variable_goes_back_after_a_stop_and_after_a_kill)
{
    char command[900];
    int pid;
    snprintf(command, sizeof command,
             "sed -i -e \"s/name: big, /name: big, labels: [self-hosted, primary], /\""
             " -e \"s/name: small, /name: small, labels: [self-hosted, backup], /\""
             " -e \"s/fast_recovery: true/fast_recovery: true, mechanism: variable/\""
             " -e \"s/owner: o,/owner: o, variable: CI_HOST,/\" %s",
             world.scenario);
    ck_assert_int_eq(system(command), 0);
    pid = live_fixture_start(&world, "--yes", 0);
    LIVE_FIXTURE_AWAIT(world.on_backup, 10000);
    if (_i == 0)
        live_fixture_touch(world.stop);
    else
        kill(pid, SIGKILL);
    ck_assert_int_eq(live_fixture_wait(&world, pid), _i == 0 ? 4 : 128 + SIGKILL);
    LIVE_FIXTURE_AWAIT(!world.on_backup, 20000);
    LIVE_FIXTURE_AWAIT(live_fixture_is_closed(&world), 5000);
}
END_TEST

/* ---- putting back ---- */

static const struct {
    const char *answer;
    int times;
} refusals[] = {{NO("502 Bad Gateway"), 4},
                {NO("500 Internal Server Error"), 2},
                {NO("401 Unauthorized"), 3},
                {NO("403 Forbidden"), 2},
                {"", 5}};

START_TEST(labels_are_put_back_although_it_fails_at_first)
{
    int pid = live_fixture_start(&world, "--yes", 0);
    LIVE_FIXTURE_AWAIT(live_fixture_labels_off(&world), 30000);
    world.refusal = refusals[_i].answer;
    world.refusals = refusals[_i].times;
    live_fixture_touch(world.stop);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 4);
    ck_assert_int_eq(world.refusals, 0);
    ck_assert(live_fixture_labels_on(&world));
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

START_TEST(a_second_signal_does_not_leave_a_label_off)
{
    int pid = live_fixture_start(&world, "--yes", 0);
    LIVE_FIXTURE_AWAIT(live_fixture_labels_off(&world), 30000);
    world.refusal = refusals[0].answer;
    world.refusals = 6;
    kill(pid, SIGINT);
    live_fixture_pause(30);
    kill(pid, SIGINT);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 130);
    ck_assert(live_fixture_labels_on(&world));
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

START_TEST(a_github_that_is_gone_for_good_ends_with_the_list_and_the_commands)
{
    int pid = live_fixture_start(&world, "--yes", 0);
    LIVE_FIXTURE_AWAIT(live_fixture_labels_off(&world), 30000);
    world.refusal = refusals[0].answer;
    world.refusals = -1;
    live_fixture_touch(world.stop);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 5);
    ck_assert(live_fixture_said(&world, "take label ci-active off big-1"));
    ck_assert(live_fixture_said(&world, "take label ci-active off big-2"));
    ck_assert(live_fixture_said(&world, "gh api -X POST repos/o/r/actions/runners/$(gh api"));
    ck_assert(!live_fixture_said_quietly(&world, "has been undone"));
    ck_assert(!live_fixture_is_broken(&world)); /* the other steps were taken back all the same */
    world.refusals = 0;
    live_fixture_rolls_back(&world);
    ck_assert(live_fixture_labels_on(&world));
}
END_TEST

/* ---- registrations ---- */

START_TEST(a_registration_that_was_made_anew_gets_its_label_back)
{
    int pid;
    pid = live_fixture_start(&world, "--yes", 0);
    LIVE_FIXTURE_AWAIT(live_fixture_labels_off(&world), 30000);
    world.id[0] = 11;
    ck_assert_int_eq(live_fixture_wait(&world, pid), 0);
    ck_assert(live_fixture_labels_on(&world));
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

START_TEST(made_anew_after_the_drill_died_it_gets_its_label_back)
{
    int pid;
    world.alone = true;
    pid = live_fixture_start(&world, "--yes", 0);
    LIVE_FIXTURE_AWAIT(live_fixture_labels_off(&world), 30000);
    kill(pid, SIGKILL);
    live_fixture_wait(&world, pid);
    world.id[0] = 11;
    world.id[1] = 0; /* and one is gone */
    live_fixture_rolls_back(&world);
    ck_assert(world.active[0]);
    live_fixture_rolls_back(&world); /* and for ever */
}
END_TEST

START_TEST(a_step_can_be_settled_by_hand_with_a_name_and_a_reason)
{
    char *close[] = {"drill", "--journal", world.journal, "--close", "3", world.scenario, NULL};
    char *by[] = {"drill",  "--journal", world.journal,   "--close",      "3", "--by",
                  "Ada L.", "--reason",  "it was pulled", world.scenario, NULL};
    live_fixture_close(&world);
    live_fixture_open(&world, "run: ['true'], undo: [sh, -c, 'exit 7']", LIVE_FIXTURE_PATIENT);
    close[5] = by[9] = world.scenario;
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 5);
    ck_assert(live_fixture_said(&world, "step 3, break it on net"));
    ck_assert_int_eq(live_fixture_wait(&world, live_fixture_run(&world, close, 0)), 2);
    ck_assert(live_fixture_said(&world, "want --by NAME and --reason TEXT"));
    ck_assert_int_eq(live_fixture_wait(&world, live_fixture_run(&world, by, 0)), 0);
    ck_assert(live_fixture_said(&world, "closed: step 3, break it (by Ada L.: it was pulled)"));
    live_fixture_rolls_back(&world);
    ck_assert_int_eq(live_fixture_wait(&world, live_fixture_run(&world, by, 0)), 2);
    ck_assert(live_fixture_said(&world, "step 3 (break it) is not open"));
}
END_TEST

/* ---- permissions and credentials ---- */

START_TEST(a_token_that_may_not_write_is_noticed_before_anything_is_injected)
{
    world.refuse_posts = true;
    world.refusal = NO("403 Forbidden");
    world.refusals = -1;
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 3);
    ck_assert(live_fixture_said(&world, "\"Administration\" read and write"));
    ck_assert(!world.was_broken);
    ck_assert(live_fixture_said(&world, "Nothing was injected"));
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

/* live_fixture_wait looks for the token in whatever was printed and stored. */
START_TEST(an_undo_that_prints_the_token_is_shown_without_it)
{
    char *monitor[] = {"monitor", "--for", "1s", "--journal", world.journal, world.scenario, NULL};
    live_fixture_close(&world);
    live_fixture_open(&world, "run: ['true'], undo: [sh, -c, 'cat $TMPDIR/token; exit 7']",
                      LIVE_FIXTURE_PATIENT);
    monitor[4] = world.journal;
    monitor[5] = world.scenario;
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 5);
    ck_assert_int_eq(live_fixture_drill(&world, "--rollback", 0), 5);
    ck_assert(live_fixture_said(&world, "***"));
    ck_assert_int_eq(live_fixture_wait(&world, live_fixture_run(&world, monitor, 0)), 5);
    ck_assert(live_fixture_said(&world, "***"));
}
END_TEST

/* ---- what is said beforehand, and what ends it ---- */

START_TEST(an_old_registration_that_carries_the_label_is_named_with_the_way_to_remove_it)
{
    char command[300]; /* it is never ready: the patience is waited out */
    snprintf(command, sizeof command, "sed -i 's/{wait: 3h}/{wait: 15min}/' %s", world.scenario);
    ck_assert_int_eq(system(command), 0);
    world.leftover = true;
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 4);
    ck_assert(live_fixture_said(&world, "big: the registration big-old is offline, one too many"));
    ck_assert(live_fixture_said(&world, "gh api -X DELETE repos/o/r/actions/runners/99"));
    ck_assert(!world.was_broken);
}
END_TEST

/* The fault is not held on blindly: 100 s of it are planned, 20 s without an answer end it. */
START_TEST(a_service_that_is_lost_ends_the_drill)
{
    char command[500];
    live_fixture_close(&world);
    live_fixture_open(&world, NULL,
                      LIVE_FIXTURE_PATIENT
                      "  stop_when: {github_lost: 20s, monitoring_lost: 20s}\n");
    snprintf(command, sizeof command, "sed -i 's/after: routing/after: full/' %s", world.scenario);
    ck_assert_int_eq(system(command), 0);
    world.mute_monitoring = _i == 1;
    atomic_store(&world.mischief, NO("503 Unavailable"));
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 4);
    ck_assert(live_fixture_said(&world, _i == 0 ? "stopped: GitHub has not answered for more than "
                                                  "20s"
                                                : "stopped: Prometheus has not answered for more "
                                                  "than 20s"));
    ck_assert(!live_fixture_is_broken(&world));
    ck_assert(live_fixture_labels_on(&world));
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

/* ---- a fleet without a policy ---- */

START_TEST(a_fleet_without_a_policy_can_be_drilled)
{
    char command[400];
    snprintf(command, sizeof command, "sed -i '/^  policy:/,/severities/d' %s", world.scenario);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 0);
    ck_assert(!live_fixture_said_quietly(&world, "policy:"));
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("mishaps");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 90);
    tcase_add_loop_test(tcase, a_run_that_was_cancelled_is_run_again_after_a_stop, 0, 2);
    tcase_add_test(tcase, a_run_with_a_job_that_runs_well_is_not_cancelled);
    tcase_add_test(tcase, a_rerun_that_is_refused_is_tried_a_few_times_and_left_to_the_operator);
    tcase_add_test(tcase,
                   the_variable_is_switched_and_what_was_queued_for_the_dead_host_is_run_again);
    tcase_add_loop_test(tcase, the_variable_goes_back_after_a_stop_and_after_a_kill, 0, 2);
    tcase_add_loop_test(tcase, labels_are_put_back_although_it_fails_at_first, 0,
                        sizeof refusals / sizeof refusals[0]);
    tcase_add_test(tcase, a_second_signal_does_not_leave_a_label_off);
    tcase_add_test(tcase, a_github_that_is_gone_for_good_ends_with_the_list_and_the_commands);
    tcase_add_test(tcase, a_registration_that_was_made_anew_gets_its_label_back);
    tcase_add_test(tcase, made_anew_after_the_drill_died_it_gets_its_label_back);
    tcase_add_test(tcase, a_step_can_be_settled_by_hand_with_a_name_and_a_reason);
    tcase_add_test(tcase, a_token_that_may_not_write_is_noticed_before_anything_is_injected);
    tcase_add_test(tcase, an_undo_that_prints_the_token_is_shown_without_it);
    tcase_add_test(tcase,
                   an_old_registration_that_carries_the_label_is_named_with_the_way_to_remove_it);
    tcase_add_loop_test(tcase, a_service_that_is_lost_ends_the_drill, 0, 2);
    tcase_add_test(tcase, a_fleet_without_a_policy_can_be_drilled);
    suite_add_tcase(all, tcase);
    return all;
}
