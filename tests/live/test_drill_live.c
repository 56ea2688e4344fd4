/* Whole drills by the program itself, in the smallest world that has one; crashes at every step. */
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"
#include "tests/support/sql.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct live_fixture world;

static void set_up(void)
{
    live_fixture_open(&world, NULL, "");
}

static void tear_down(void)
{
    live_fixture_close(&world);
}

static bool all_active(void)
{
    return world.active[0] && world.active[1] && world.active[2];
}

/* Waits until the file is (or is not) there; false after so many ms. */
static bool await_broken(bool broken, int ms)
{
    for (; ms > 0; ms -= 20) {
        if (live_fixture_is_broken(&world) == broken)
            return true;
        live_fixture_pause(20);
    }
    return live_fixture_is_broken(&world) == broken;
}

/* Of the journal, that fit. */
static int64_t rows(const char *what)
{
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", what);
    return sql_number(world.journal, sql);
}

START_TEST(drill_fails_over_and_back_and_leaves_nothing)
{
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 0);
    ck_assert(live_fixture_said(&world, "policy: failover"));
    ck_assert(live_fixture_said(&world, "full capacity again"));
    ck_assert(!live_fixture_is_broken(&world));
    ck_assert(all_active());
    ck_assert_int_ge(world.writes, 4); /* two labels off, two on */
    ck_assert_int_eq(rows("step_event WHERE note = 'by the policy'"), 2);
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

START_TEST(observing_changes_nothing_at_github)
{
    int pid = live_fixture_start(&world, "--observe", 0);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 4); /* asks, and gets no answer */
    ck_assert_int_eq(world.writes, 0);
}
END_TEST

/* Without the fleet's leave to act, nothing is injected at all, --yes or not; and that is said. */
START_TEST(without_the_fleets_leave_nothing_is_injected)
{
    live_fixture_forbid(&world);
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 0);
    ck_assert(live_fixture_said(&world, "Mode: watch, nothing is injected"));
    ck_assert(live_fixture_said(&world, "every precondition holds; nothing was injected"));
    ck_assert(!live_fixture_said_quietly(&world, "policy: failover"));
    ck_assert_int_eq(rows("step"), 0);
    ck_assert_int_eq(world.writes, 0);
    ck_assert(!live_fixture_is_broken(&world));
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

START_TEST(without_consent_nothing_is_injected)
{
    ck_assert_int_eq(live_fixture_drill(&world, "--quiet", 0), 4);
    ck_assert(live_fixture_said(&world, "not confirmed: want big typed, or --yes"));
    ck_assert(!live_fixture_is_broken(&world));
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

START_TEST(unmet_precondition_is_a_refusal)
{
    live_fixture_touch(world.broken); /* big is down already */
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 4);
    ck_assert(live_fixture_said(&world, "big: got 0 registrations online, want 2"));
    ck_assert(live_fixture_is_broken(&world)); /* not ours: not undone */
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

START_TEST(stop_file_rolls_back_at_once)
{
    int pid = live_fixture_start(&world, "--yes", 0);
    ck_assert(await_broken(true, 10000));
    live_fixture_touch(world.stop);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 4);
    ck_assert(live_fixture_said(&world, "stop"));
    ck_assert(!live_fixture_is_broken(&world));
    ck_assert(all_active());
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

START_TEST(signal_rolls_back_at_once)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    int pid = live_fixture_start(&world, "--yes", 0);
    ck_assert(await_broken(true, 10000));
    live_fixture_pause(40 * _i);
    kill(pid, signals[_i]);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 130);
    ck_assert(!live_fixture_is_broken(&world));
    ck_assert(all_active());
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

START_TEST(two_drills_at_once_are_one_too_many)
{
    int pid = live_fixture_start(&world, "--yes", 0);
    ck_assert(await_broken(true, 10000));
    kill(pid, SIGSTOP); /* or it might be over before the second one has begun */
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 3);
    ck_assert(live_fixture_said(&world, "(drill small); one at a time may act"));
    kill(pid, SIGCONT);
    kill(pid, SIGTERM);
    live_fixture_wait(&world, pid);
}
END_TEST

/* Whatever GitHub answers while the drill runs: it comes to its end, and everything is undone. */
static const char *const mischiefs[] = {
    "HTTP/1.1 401 No\r\n\r\n{\"message\":\"Bad credentials " LIVE_FIXTURE_TOKEN "\"}",
    "HTTP/1.1 403 No\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1\r\n\r\n{}",
    "HTTP/1.1 404 No\r\n\r\n{}",
    "HTTP/1.1 500 No\r\n\r\n" LIVE_FIXTURE_TOKEN,
    "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n\r\n<html>" LIVE_FIXTURE_TOKEN,
    "HTTP/1.1 200 OK\r\n\r\n{\"total_count\":",
    "HTTP/1.1 200 OK\r\n\r\n{\"total_count\":100000,\"runners\":[]}",
    "HTTP/1.1 200 OK\r\n\r\n{\"total_count\":1,\"runners\":[{\"id\":\"" LIVE_FIXTURE_TOKEN "\"}]}",
    "HTTP/1.1 302 Found\r\nLocation: https://evil.example/?t=" LIVE_FIXTURE_TOKEN "\r\n\r\n",
    "HTTP/1.1 200 OK\r\nLink: <https://evil.example/>; rel=\"next\"\r\n\r\n"
    "{\"total_count\":0,\"runners\":[]}",
    "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nshort",
    "",
};

START_TEST(drill_survives_a_github_that_misbehaves)
{
    live_fixture_close(&world);
    live_fixture_open(&world, NULL, LIVE_FIXTURE_PATIENT);
    atomic_store(&world.mischief, mischiefs[_i]);
    /* Observed for 100 s of fleet time, then undone; GitHub then recovers, with the host. */
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 0);
    ck_assert(live_fixture_said(&world, "no answer"));
    ck_assert(!live_fixture_is_broken(&world));
    ck_assert(all_active());
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

START_TEST(injection_that_fails_is_rolled_back)
{
    live_fixture_close(&world);
    live_fixture_open(&world, "run: ['false'], undo: ['true']", LIVE_FIXTURE_PATIENT);
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 3);
    ck_assert(live_fixture_said(&world, "got exit 1, want 0"));
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

/* It says that it failed, and yet it did its work. */
START_TEST(injection_that_half_worked_is_undone)
{
    char action[512];
    snprintf(action, sizeof action,
             "run: [sh, -c, 'touch \"$0\"; exit 1', '{host}-half'], undo: [rm, -f, '{host}-half']");
    live_fixture_close(&world);
    live_fixture_open(&world, action, LIVE_FIXTURE_PATIENT);
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 3);
    ck_assert_int_ne(access("big-half", F_OK), 0);
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

START_TEST(undo_that_fails_is_told_with_the_way_by_hand)
{
    live_fixture_close(&world);
    live_fixture_open(&world, "run: ['true'], undo: [sh, -c, 'echo no; exit 7']",
                      LIVE_FIXTURE_PATIENT);
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 5);
    ck_assert(live_fixture_said(&world, "left undone: break it on net"));
    ck_assert(live_fixture_said(&world, "by hand: "));
    ck_assert(live_fixture_said(&world, "echo no; exit 7"));
    ck_assert(!live_fixture_is_closed(&world)); /* the next start will try again */
}
END_TEST

/* Kill -9 at every step. At odd ones the guardian dies as well and nobody comes back for a while:
 * the lease alone must undo it. */
START_TEST(kill_9_at_every_step)
{
    int n, code, outlasted = 0;
    for (n = 1; n < 200; n++) {
        world.alone = n % 2 == 1;
        live_fixture_lease_for(&world, world.alone ? LIVE_FIXTURE_SHORT : 2000);
        code = live_fixture_drill(&world, "--yes", n);
        if (code != 128 + SIGKILL && !world.alone)
            break;
        outlasted += code != 128 + SIGKILL; /* its end, or a lease that a slow machine outlasts */
        if (n % 2 == 1)
            ck_assert_msg(await_broken(false, 8000), "failpoint %d: still broken", n);
        ck_assert_msg(live_fixture_drill(&world, "--rollback", 0) == 0, "failpoint %d", n);
        ck_assert_msg(!live_fixture_is_broken(&world), "failpoint %d: still broken", n);
        ck_assert_msg(all_active(), "failpoint %d: a label is missing", n);
        ck_assert_msg(live_fixture_is_closed(&world), "failpoint %d: the journal is open", n);
        ck_assert(await_broken(false, 1));
    }
    ck_assert_int_eq(code, 0);
    ck_assert_int_le(outlasted, 3);
    ck_assert_int_gt(n, 20); /* the loop has seen the drill from its beginning to its end */
}
END_TEST

/* The program dies and the network with it: only the target itself can help. */
START_TEST(kill_9_and_no_network)
{
    int pid;
    world.alone = true;
    live_fixture_lease_for(&world, LIVE_FIXTURE_SHORT);
    pid = live_fixture_start(&world, "--yes", 0);
    ck_assert(await_broken(true, 10000));
    live_fixture_touch(world.severed);
    kill(pid, SIGKILL);
    live_fixture_wait(&world, pid);
    ck_assert_int_eq(live_fixture_drill(&world, "--rollback", 0), 5);
    ck_assert(live_fixture_said(&world, "left undone: break it on net"));
    ck_assert_msg(await_broken(false, 8000), "the lease did not undo it");
    unlink(world.severed);
    ck_assert_int_eq(live_fixture_drill(&world, "--rollback", 0), 0);
    ck_assert(live_fixture_said(&world, "had died before its end; nothing of it is left"));
    ck_assert(all_active());
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("drill_live");
    TCase *tcase = tcase_create("whole"), *crash = tcase_create("crash");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 90);
    tcase_add_test(tcase, drill_fails_over_and_back_and_leaves_nothing);
    tcase_add_test(tcase, observing_changes_nothing_at_github);
    tcase_add_test(tcase, without_the_fleets_leave_nothing_is_injected);
    tcase_add_test(tcase, without_consent_nothing_is_injected);
    tcase_add_test(tcase, unmet_precondition_is_a_refusal);
    tcase_add_test(tcase, stop_file_rolls_back_at_once);
    tcase_add_loop_test(tcase, signal_rolls_back_at_once, 0, 3);
    tcase_add_test(tcase, two_drills_at_once_are_one_too_many);
    tcase_add_loop_test(tcase, drill_survives_a_github_that_misbehaves, 0,
                        sizeof mischiefs / sizeof mischiefs[0]);
    tcase_add_test(tcase, injection_that_fails_is_rolled_back);
    tcase_add_test(tcase, injection_that_half_worked_is_undone);
    tcase_add_test(tcase, undo_that_fails_is_told_with_the_way_by_hand);
    tcase_add_test(tcase, kill_9_and_no_network);
    suite_add_tcase(all, tcase);
    tcase_add_checked_fixture(crash, set_up, tear_down);
    tcase_set_timeout(crash, 600);
    tcase_add_test(crash, kill_9_at_every_step);
    suite_add_tcase(all, crash);
    return all;
}
