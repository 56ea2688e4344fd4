/* The canaries of a monitor that dies: in the journal before they are made, and taken back or
 * closed by whoever starts next. Judged by what the world's GitHub was told. */
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
    live_fixture_with_canaries(&world, 1);
    world.canary_jobs = true;
}

static void tear_down(void)
{
    live_fixture_close(&world);
}

/* In shadow: then a canary is all that is written. */
static int start(int failpoint)
{
    char *const arguments[] = {
        "monitor",     "--journal",
        world.journal, world.scenario,
        "--set",       "fleet.policy.evidence={canary: {every: 1h, late: 10min, then: page}}",
        NULL};
    return live_fixture_run(&world, arguments, failpoint);
}

static void die(int failpoint)
{
    ck_assert_int_eq(live_fixture_wait(&world, start(failpoint)), 128 + SIGKILL);
    ck_assert(live_fixture_said(&world, "understudy: failpoint "));
    world.failcall[0] = '\0';
    live_fixture_turn_away(&world);
}

static int end(int pid)
{
    kill(pid, SIGTERM);
    return live_fixture_wait(&world, pid);
}

static bool is_cancelled(int canary)
{
    return atomic_load(&world.cancelled_canaries) >> canary & 1;
}

/* Within 10 s. */
static bool await_canaries(int n)
{
    int i;
    for (i = 0; i < 500 && atomic_load(&world.canaries) < n; i++)
        live_fixture_pause(20);
    return atomic_load(&world.canaries) >= n;
}

#define OPEN                                                                                       \
    "SELECT count(*) FROM step s WHERE undo <> '' AND NOT EXISTS (SELECT 1 FROM step_event e "     \
    "WHERE e.step = s.id AND e.event = 4)"

/* Nothing of a dead monitor's is open, and each dispatch of GitHub's record has its step. What a
 * monitor sent just before it was ended is the next one's. */
static void check_books(int dead_runs)
{
    ck_assert_int_eq(sql_number(world.journal, OPEN " AND s.run NOT IN (SELECT run FROM run_end)"),
                     0);
    ck_assert_int_ge(sql_number(world.journal, "SELECT count(*) FROM step"),
                     atomic_load(&world.canaries));
    ck_assert_int_eq(sql_number(world.journal,
                                "SELECT count(*) FROM run WHERE id NOT IN (SELECT run FROM "
                                "run_end)"),
                     dead_runs);
}

START_TEST(killed_between_the_write_and_its_answer_it_is_taken_back)
{
    int pid;
    strcpy(world.failcall, "kill:1");
    die(0);
    ck_assert_int_eq(atomic_load(&world.canaries), 1);
    ck_assert_int_eq(sql_number(world.journal, "SELECT count(*) FROM step"), 1);
    pid = start(0);
    ck_assert(live_fixture_await(&world, "a canary that was left is taken back"));
    ck_assert(is_cancelled(0));
    ck_assert(await_canaries(2)); /* and only then is the next one sent */
    ck_assert(live_fixture_await(&world, "a canary is sent to big"));
    ck_assert(!is_cancelled(1));
    live_fixture_pause(500); /* its run is listed, and known */
    ck_assert_int_eq(end(pid), 0);
    ck_assert(is_cancelled(1));
    ck_assert_int_eq(sql_number(world.journal, OPEN), 0);
    check_books(1);
}
END_TEST

/* In the journal, and not made; or made, and not noted. */
START_TEST(killed_around_the_write_it_leaves_nothing)
{
    int pid, failpoint = _i + 1;
    die(failpoint);
    ck_assert_int_eq(atomic_load(&world.canaries), failpoint == 1 ? 0 : 1);
    ck_assert_int_eq(sql_number(world.journal, "SELECT count(*) FROM step"), 1);
    pid = start(0);
    ck_assert(live_fixture_await(&world, "a canary that was left is taken back"));
    ck_assert(failpoint == 1 || is_cancelled(0));
    ck_assert_int_eq(end(pid), 0);
    check_books(1);
}
END_TEST

START_TEST(one_that_ended_is_closed_and_cancelled_by_nobody)
{
    int pid = start(0), i;
    ck_assert(await_canaries(1));
    atomic_store(&world.canaries_run, true);
    for (i = 0; i < 500 && sql_number(world.journal, "SELECT count(*) FROM step_event WHERE event "
                                                     "= 4 AND note = 'it has ended'") < 1;
         i++)
        live_fixture_pause(20);
    ck_assert_int_eq(end(pid), 0);
    ck_assert_int_eq((int)atomic_load(&world.cancelled_canaries), 0);
    ck_assert_int_eq(sql_number(world.journal, OPEN " AND s.id = 1"), 0);
    check_books(0);
}
END_TEST

START_TEST(one_that_waits_is_cancelled_in_the_end)
{
    int pid = start(0);
    ck_assert(live_fixture_await(&world, "a canary is sent to big"));
    live_fixture_pause(500); /* its run is listed, and known */
    ck_assert_int_eq(end(pid), 0);
    ck_assert(is_cancelled(0));
    ck_assert_int_eq(sql_number(world.journal, OPEN), 0);
    check_books(0);
}
END_TEST

/* The write was made and its answer never came: the monitor itself finds out, and goes on. */
START_TEST(a_lost_answer_is_made_up_for_by_the_monitor_that_lives)
{
    int pid;
    strcpy(world.failcall, "cut:1");
    pid = start(0);
    ck_assert(live_fixture_await(&world, "a canary that was left is taken back"));
    ck_assert(is_cancelled(0));
    ck_assert_int_eq(end(pid), 0);
    ck_assert_int_eq(sql_number(world.journal, OPEN " AND s.id = 1"), 0);
    check_books(0);
}
END_TEST

/* A start must not wait for what was left: GitHub may be away for hours. */
START_TEST(with_github_away_the_next_one_starts_all_the_same)
{
    int pid;
    strcpy(world.failcall, "kill:1");
    die(0);
    atomic_store(&world.mischief, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    live_fixture_touch(world.broken);
    pid = start(0);
    ck_assert(live_fixture_await(&world, "502"));
    ck_assert(!is_cancelled(0));
    unlink(world.broken);
    ck_assert(live_fixture_await(&world, "a canary that was left is taken back"));
    ck_assert_int_eq(end(pid), 0);
    check_books(1);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("monitor canary");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, killed_between_the_write_and_its_answer_it_is_taken_back);
    tcase_add_loop_test(tcase, killed_around_the_write_it_leaves_nothing, 0, 2);
    tcase_add_test(tcase, one_that_ended_is_closed_and_cancelled_by_nobody);
    tcase_add_test(tcase, one_that_waits_is_cancelled_in_the_end);
    tcase_add_test(tcase, a_lost_answer_is_made_up_for_by_the_monitor_that_lives);
    tcase_add_test(tcase, with_github_away_the_next_one_starts_all_the_same);
    suite_add_tcase(all, tcase);
    return all;
}
