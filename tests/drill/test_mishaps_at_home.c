/* What befell drills where they run, and what must become of it: the program sleeps, is stopped or
 * killed; its journal is full, cut or gone; the disk is full. Each was met once. */
#include "live/journal/journal.h"
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* ---- a program that sleeps, and one that is gone ---- */

START_TEST(a_lease_that_fired_while_the_program_slept_is_told)
{
    int pid;
    live_fixture_lease_for(&world, LIVE_FIXTURE_SHORT);
    pid = live_fixture_start(&world, "--yes", 0);
    LIVE_FIXTURE_AWAIT(live_fixture_is_broken(&world), 10000);
    kill(pid, SIGSTOP);
    LIVE_FIXTURE_AWAIT(!live_fixture_is_broken(&world), 10000);
    live_fixture_pause(1000);
    kill(pid, SIGCONT);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 4);
    ck_assert(
        live_fixture_said(&world, "its lease ended the fault while this program did not run"));
    ck_assert(live_fixture_labels_on(&world));
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

/* Stopped for good, and nobody starts anything: the guardian ends it, and puts back. */
START_TEST(a_guardian_finishes_for_a_program_that_is_stopped_or_killed)
{
    int pid = live_fixture_start(&world, "--yes", 0);
    LIVE_FIXTURE_AWAIT(live_fixture_labels_off(&world), 30000);
    kill(pid, _i == 0 ? SIGSTOP : SIGKILL);
    LIVE_FIXTURE_AWAIT(live_fixture_labels_on(&world) && !live_fixture_is_broken(&world), 60000);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 128 + SIGKILL);
    LIVE_FIXTURE_AWAIT(live_fixture_is_closed(&world), 5000);
}
END_TEST

/* ---- the journal ---- */

START_TEST(more_steps_than_are_given_out_at_once_are_all_undone)
{
    static const char undo[] =
        "{\"command\":{\"on\":\"\",\"argv\":[\"true\"],\"timeout_ms\":5000}}";
    struct journal *journal;
    struct journal_step step = {.lease_until_ms = -1, .name = "x"};
    struct und_err err = {0};
    json_t *about = json_object();
    int i;
    ck_assert_int_eq(journal_open(&journal, world.journal, &err), UND_OK);
    ck_assert_int_eq(journal_begin(journal, JOURNAL_DRILL, "many", about, &step.run, &err), UND_OK);
    strcpy(step.undo, undo);
    for (i = 0; i < JOURNAL_STEPS + 3; i++)
        ck_assert_int_eq(journal_intend(journal, &step, &err), UND_OK);
    journal_close(journal);
    json_decref(about);
    live_fixture_rolls_back(&world);
}
END_TEST

static void lose_journal(int how)
{
    char side[200];
    if (how == 0)
        ck_assert_int_eq(truncate(world.journal, 0), 0);
    else
        ck_assert_int_eq(unlink(world.journal), 0);
    snprintf(side, sizeof side, "%s-wal", world.journal);
    unlink(side);
    snprintf(side, sizeof side, "%s-shm", world.journal);
    unlink(side);
}

START_TEST(a_journal_that_is_gone_after_a_kill_is_not_taken_for_a_new_one)
{
    int pid, i;
    world.alone = true;
    pid = live_fixture_start(&world, "--yes", 0);
    LIVE_FIXTURE_AWAIT(live_fixture_labels_off(&world), 30000);
    kill(pid, SIGKILL);
    live_fixture_wait(&world, pid);
    lose_journal(_i);
    for (i = 0; i < 2; i++) {
        ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 5);
        ck_assert(live_fixture_said(&world, "the journal was removed or cut"));
        ck_assert(live_fixture_said(&world, "each runner big-* that lacks its label"));
        ck_assert(live_fixture_said(&world, "rm -f "));
    }
}
END_TEST

START_TEST(a_journal_that_goes_away_under_a_drill_ends_it_and_everything_is_put_back)
{
    int pid = live_fixture_start(&world, "--yes", 0);
    LIVE_FIXTURE_AWAIT(live_fixture_labels_off(&world), 30000);
    ck_assert_int_eq(unlink(world.journal), 0);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 3);
    ck_assert(live_fixture_said(&world, "was removed or replaced while in use"));
    ck_assert(live_fixture_labels_on(&world));
    ck_assert(!live_fixture_is_broken(&world));
}
END_TEST

START_TEST(a_full_disk_keeps_nobody_from_the_undo)
{
    char side[200];
    int pid;
    world.alone = true;
    pid = live_fixture_start(&world, "--yes", 0);
    LIVE_FIXTURE_AWAIT(live_fixture_labels_off(&world), 30000);
    kill(pid, SIGKILL);
    live_fixture_wait(&world, pid);
    snprintf(side, sizeof side, "%s-shm", world.journal);
    unlink(side);
    world.full_disk = true;
    ck_assert_int_eq(live_fixture_drill(&world, "--rollback", 0), 3);
    ck_assert(live_fixture_labels_on(&world));
    ck_assert(!live_fixture_is_broken(&world));
    world.full_disk = false;
    live_fixture_rolls_back(&world);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("mishaps at home");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 90);
    tcase_add_test(tcase, a_lease_that_fired_while_the_program_slept_is_told);
    tcase_add_loop_test(tcase, a_guardian_finishes_for_a_program_that_is_stopped_or_killed, 0, 2);
    tcase_add_test(tcase, more_steps_than_are_given_out_at_once_are_all_undone);
    tcase_add_loop_test(tcase, a_journal_that_is_gone_after_a_kill_is_not_taken_for_a_new_one, 0,
                        2);
    tcase_add_test(tcase,
                   a_journal_that_goes_away_under_a_drill_ends_it_and_everything_is_put_back);
    tcase_add_test(tcase, a_full_disk_keeps_nobody_from_the_undo);
    suite_add_tcase(all, tcase);
    return all;
}
