/* The monitor and the replay, by the program itself, in the smallest world. */
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"

#include <signal.h>
#include <sqlite3.h>
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

static int start_monitor(const char *span)
{
    char *const arguments[] = {
        "monitor",      "--journal", world.journal, "--for", (char *)(uintptr_t)span,
        world.scenario, NULL};
    return live_fixture_run(&world, arguments, 0);
}

/* One that decides, until it is told to end. */
static int start_watching(void)
{
    int pid = start_monitor("5min");
    ck_assert(live_fixture_await(&world, "big: serving"));
    return pid;
}

static int end(int pid, int signal)
{
    kill(pid, signal);
    return live_fixture_wait(&world, pid);
}

static int replay(char *option)
{
    char *const arguments[] = {"replay", option ? option : "--plans", world.journal, NULL};
    return live_fixture_wait(&world, live_fixture_run(&world, arguments, 0));
}

static void sql(const char *text)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(world.journal, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

START_TEST(monitor_decides_in_shadow_and_replay_agrees)
{
    int pid = start_watching();
    live_fixture_touch(world.broken);
    ck_assert(live_fixture_await(&world, "big: drained, 0 of 2 admitted"));
    unlink(world.broken);
    ck_assert(live_fixture_await(&world, "big: restored"));
    ck_assert_int_eq(end(pid, SIGTERM), 0);
    ck_assert(live_fixture_said(&world, "big: detected"));
    ck_assert(live_fixture_said(&world, "big: failover"));
    ck_assert(live_fixture_said(&world, "big: failback"));
    ck_assert_int_eq(world.writes, 0);
    ck_assert_int_eq(replay(NULL), 0);
    ck_assert(live_fixture_said(&world, "every plan the same"));
    ck_assert(live_fixture_said(&world, "big: failover"));
    ck_assert_int_eq(replay("--format=json"), 0);
    ck_assert(live_fixture_said(&world, "\"same\": true"));
    ck_assert(live_fixture_said(&world, "\"kind\": \"monitor\""));
}
END_TEST

/* `touch` pauses it by hand; a failover that is due waits until the file is gone. */
START_TEST(the_pause_file_holds_what_is_due)
{
    char path[200], set[256];
    char *const arguments[] = {"monitor", "--journal", world.journal,  "--for", "5min",
                               "--set",   set,         world.scenario, NULL};
    int pid;
    snprintf(path, sizeof path, "%s/pause", world.folder);
    snprintf(set, sizeof set, "fleet.live.pause_file=%s", path);
    live_fixture_touch(path);
    pid = live_fixture_run(&world, arguments, 0);
    ck_assert(live_fixture_await(&world, "big: serving"));
    live_fixture_touch(world.broken);
    ck_assert(live_fixture_await(&world, "big: held: paused"));
    ck_assert(!live_fixture_said_quietly(&world, "big: drained"));
    unlink(path);
    ck_assert(live_fixture_await(&world, "big: drained, 0 of 2 admitted"));
    ck_assert_int_eq(end(pid, SIGTERM), 0);
    ck_assert_int_eq(replay(NULL), 0);
}
END_TEST

START_TEST(replay_names_the_first_difference)
{
    int pid = start_monitor("1s");
    ck_assert_int_eq(live_fixture_wait(&world, pid), 0);
    sql("DROP TRIGGER decision_kept; UPDATE decision SET plan ="
        " replace(plan, '\"admitted\":2', '\"admitted\":1') WHERE number = 1");
    ck_assert_int_eq(replay(NULL), 1);
    ck_assert(live_fixture_said(&world, "decision 1 ("));
    ck_assert(live_fixture_said(&world, "first difference, for big: admitted 1 then, 2 now"));
}
END_TEST

START_TEST(replay_says_what_it_cannot_read)
{
    int pid = start_monitor("1s");
    ck_assert_int_eq(live_fixture_wait(&world, pid), 0);
    sql("DROP TRIGGER decision_kept; UPDATE decision SET view = '{}' WHERE number = 1");
    ck_assert_int_eq(replay("--quiet"), 2);
    ck_assert(live_fixture_said(&world, "run 1, decision 1: view.paused: want true or false"));
    unlink(world.journal);
    ck_assert_int_eq(replay(NULL), 2);
}
END_TEST

START_TEST(a_service_that_fails_is_told_once_and_the_policy_stands_still)
{
    int pid;
    atomic_store(&world.mischief,
                 "HTTP/1.1 401 No\r\n\r\n{\"message\":\"Bad credentials " LIVE_FIXTURE_TOKEN "\"}");
    pid = start_watching();
    live_fixture_touch(world.broken); /* GitHub is gone, and with it the sight */
    ck_assert(live_fixture_await(&world, "fleet: blind"));
    unlink(world.broken);
    ck_assert(live_fixture_await(&world, "fleet: sighted"));
    ck_assert_int_eq(end(pid, SIGTERM), 0);
    ck_assert(live_fixture_said(&world, "github cannot be read: GET "));
    ck_assert(live_fixture_said(&world, "the token is wrong, expired or revoked"));
    ck_assert(live_fixture_said(&world, "github can be read again"));
    ck_assert_int_eq(replay(NULL), 0);
}
END_TEST

/* Monitors with evidence beyond the document until `says` is said. */
static void watch_with(const char *evidence, const char *says)
{
    char set[300];
    char *const arguments[] = {"monitor",
                               "--journal",
                               world.journal,
                               "--for",
                               "5min",
                               "--set",
                               set,
                               "--set",
                               "fleet.live.canary={workflow: canary.yml}",
                               "--set",
                               "fleet.hosts.0.labels=[self-hosted, big]",
                               "--set",
                               "fleet.hosts.1.labels=[self-hosted, small]",
                               world.scenario,
                               NULL};
    int pid;
    snprintf(set, sizeof set, "fleet.policy.evidence=%s", evidence);
    pid = live_fixture_run(&world, arguments, 0);
    ck_assert(live_fixture_await(&world, says));
    ck_assert_int_eq(end(pid, SIGTERM), 0);
    ck_assert_int_eq(replay(NULL), 0);
    ck_assert(live_fixture_said(&world, "every plan the same"));
}

START_TEST(a_queue_beside_idle_slots_makes_a_host_deaf)
{
    world.with_job = world.waiting = true;
    watch_with("{deaf: {waits: 30s, lasts: 0s, then: page}}", "big: jobs wait");
    ck_assert_int_eq(world.canaries, 0);
}
END_TEST

#define CANARIES "{canary: {every: 30s, late: 20s, lasts: 0s, then: page}}"

START_TEST(a_canary_that_does_not_start_is_noticed)
{
    watch_with(CANARIES, "big: its canary does not start");
    ck_assert_int_ge(world.canaries, 1);
}
END_TEST

/* In shadow nothing is sent, and the evidence that is missing for that is named. */
START_TEST(without_the_fleets_leave_no_canary_is_sent)
{
    char command[300];
    snprintf(command, sizeof command, "sed -i 's/allow_actions: true/allow_actions: false/' %s",
             world.scenario);
    ck_assert_int_eq(system(command), 0);
    watch_with(CANARIES, "no canary is sent, since live.allow_actions is false");
    ck_assert_int_eq(world.canaries, 0);
}
END_TEST

START_TEST(sigterm_is_no_failure)
{
    ck_assert_int_eq(end(start_watching(), SIGTERM), 0);
    live_fixture_turn_away(&world);
    ck_assert_int_eq(end(start_watching(), SIGINT), 130);
}
END_TEST

START_TEST(monitor_finishes_what_a_dead_drill_left)
{
    int pid, i;
    world.alone = true;
    pid = live_fixture_start(&world, "--yes", 0);
    for (i = 0; i < 500 && !live_fixture_is_broken(&world); i++)
        live_fixture_pause(20);
    kill(pid, SIGKILL);
    live_fixture_wait(&world, pid);
    ck_assert_int_eq(live_fixture_wait(&world, start_monitor("1s")), 0);
    ck_assert(live_fixture_said(&world, "undone: break it on net"));
    ck_assert(!live_fixture_is_broken(&world));
}
END_TEST

START_TEST(monitor_beside_a_drill_lets_it_be)
{
    int drill = live_fixture_start(&world, "--yes", 0), i;
    for (i = 0; i < 500 && !live_fixture_is_broken(&world); i++)
        live_fixture_pause(20);
    live_fixture_turn_away(&world); /* the drill undoes what is its own */
    ck_assert_int_eq(live_fixture_wait(&world, start_monitor("1s")), 0);
    ck_assert(!live_fixture_said_quietly(&world, "undone"));
    ck_assert_int_eq(live_fixture_wait(&world, drill), 0);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("monitor");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, monitor_decides_in_shadow_and_replay_agrees);
    tcase_add_test(tcase, the_pause_file_holds_what_is_due);
    tcase_add_test(tcase, replay_names_the_first_difference);
    tcase_add_test(tcase, replay_says_what_it_cannot_read);
    tcase_add_test(tcase, a_service_that_fails_is_told_once_and_the_policy_stands_still);
    tcase_add_test(tcase, a_queue_beside_idle_slots_makes_a_host_deaf);
    tcase_add_test(tcase, a_canary_that_does_not_start_is_noticed);
    tcase_add_test(tcase, without_the_fleets_leave_no_canary_is_sent);
    tcase_add_test(tcase, sigterm_is_no_failure);
    tcase_add_test(tcase, monitor_finishes_what_a_dead_drill_left);
    tcase_add_test(tcase, monitor_beside_a_drill_lets_it_be);
    suite_add_tcase(all, tcase);
    return all;
}
