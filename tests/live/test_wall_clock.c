/* The wall's clock is set while the monitor runs, ahead and back. Judged by what the world's GitHub
 * was told, and by the journal; GitHub's own clock goes on as it was. */
#include "live/http/clock_skew.h"
#include "live/http/wall_step.h"
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"
#include "tests/support/sql.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_S 86400L

static struct live_fixture world;
static char clock_path[200];

static void set_clock(long ahead_s)
{
    char next[220];
    FILE *file;
    snprintf(next, sizeof next, "%s.next", clock_path);
    file = fopen(next, "w");
    fprintf(file, "%ld\n", ahead_s);
    fclose(file);
    ck_assert_int_eq(rename(next, clock_path), 0);
}

static void set_up(void)
{
    live_fixture_open(&world, NULL, "");
    snprintf(clock_path, sizeof clock_path, "%s/clock", world.folder);
    set_clock(0);
}

static void tear_down(void)
{
    live_fixture_close(&world);
}

static int start_limited(const char *grace, const char *limit)
{
    const char *build = getenv("BUILD") ? getenv("BUILD") : "build";
    char library[300], set[80], most[80];
    char *const arguments[] = {"monitor", "--active", "--journal", world.journal, world.scenario,
                               "--set",   set,        "--set",     most,          NULL};
    int pid;
    snprintf(set, sizeof set, "fleet.policy.guard.grace=%s", grace);
    snprintf(most, sizeof most, "fleet.live.writes_per_hour=%s", limit);
    snprintf(library, sizeof library, "%s/tests/preload/wall_clock.so", build);
    ck_assert_int_eq(access(library, R_OK), 0);
    setenv("WALL_CLOCK", clock_path, 1);
    setenv("LD_PRELOAD", library, 1);
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
    pid = live_fixture_run(&world, arguments, 0);
    unsetenv("LD_PRELOAD");
    unsetenv("ASAN_OPTIONS");
    ck_assert(live_fixture_await(&world, "big: serving"));
    return pid;
}

static int start(const char *grace)
{
    return start_limited(grace, "200");
}

static void end(int pid)
{
    char *const arguments[] = {"replay", world.journal, NULL};
    kill(pid, SIGTERM);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 0);
    ck_assert_int_eq(live_fixture_wait(&world, live_fixture_run(&world, arguments, 0)), 0);
}

static bool is_out(void)
{
    return !atomic_load(&world.active[0]) && !atomic_load(&world.active[1]);
}

static bool is_in(void)
{
    return atomic_load(&world.active[0]) && atomic_load(&world.active[1]);
}

static const struct {
    long by_s;
    const char *said;
} settings[] = {{DAY_S, "the wall's was set ahead by "}, {-DAY_S, "the wall's was set back by "}};

/* Grace is 4 s of the wall's. */
START_TEST(nobody_is_drained_in_the_grace_after_it)
{
    int pid = start("400s");
    live_fixture_pause(4000);
    set_clock(settings[_i].by_s);
    ck_assert(live_fixture_await(&world, settings[_i].said));
    live_fixture_touch(world.broken);
    live_fixture_pause(2500);
    ck_assert_int_eq(atomic_load(&world.writes), 0);
    ck_assert(!is_out());
    LIVE_FIXTURE_AWAIT(is_out(), 20000); /* and then he is */
    unlink(world.broken);
    LIVE_FIXTURE_AWAIT(is_in(), 20000);
    end(pid);
}
END_TEST

/* The two writes that took the host out are of this hour, and no clock makes them older. */
START_TEST(the_hour_of_the_write_limit_is_an_hour)
{
    int pid = start_limited("0s", "2");
    live_fixture_touch(world.broken);
    LIVE_FIXTURE_AWAIT(is_out(), 20000);
    live_fixture_pause(1000);
    set_clock(settings[_i].by_s);
    ck_assert(live_fixture_await(&world, settings[_i].said));
    unlink(world.broken);
    ck_assert(live_fixture_await(&world, "nothing is written: too many writes within an hour"));
    ck_assert(live_fixture_await(&world, "big: restored"));
    live_fixture_pause(1000);
    ck_assert_int_eq(atomic_load(&world.writes), 2);
    ck_assert(is_out());
    end(pid);
}
END_TEST

/* Seconds from one moment of the newest incident to another. */
static int64_t between(const char *from, const char *to)
{
    char query[400];
    snprintf(query, sizeof query,
             "SELECT strftime('%%s', json_extract(text, '$.%s')) - "
             "strftime('%%s', json_extract(text, '$.%s')) FROM note"
             " WHERE topic = 'incident' ORDER BY id DESC LIMIT 1",
             to, from);
    return sql_number(world.journal, query);
}

START_TEST(an_incident_lasts_as_long_as_it_does)
{
    static const char *const keys[] = {"began", "detected", "decided", "routed", "full"};
    int pid = start("0s"), i;
    live_fixture_touch(world.broken);
    LIVE_FIXTURE_AWAIT(is_out(), 20000);
    live_fixture_pause(1000);
    set_clock(settings[_i].by_s);
    ck_assert(live_fixture_await(&world, settings[_i].said));
    unlink(world.broken);
    LIVE_FIXTURE_AWAIT(is_in(), 20000);
    ck_assert(live_fixture_await(&world, "big: restored"));
    live_fixture_pause(1000);
    end(pid);
    ck_assert_int_eq(sql_number(world.journal,
                                "SELECT json_extract(text, '$.open') FROM note WHERE "
                                "topic = 'incident' ORDER BY id DESC LIMIT 1"),
                     0);
    for (i = 1; i < 5; i++)
        ck_assert_int_ge(between(keys[i - 1], keys[i]), 0);
    ck_assert_int_lt(between("began", "full"), 60);
}
END_TEST

/* Two years: more than live.journal_keep. */
START_TEST(a_clock_set_far_ahead_ages_no_journal)
{
    end(start("0s"));
    live_fixture_turn_away(&world);
    int pid = start("0s");
    set_clock(730 * DAY_S);
    ck_assert(live_fixture_await(&world, "the wall's was set ahead by "));
    LIVE_FIXTURE_AWAIT(sql_number(world.journal, "SELECT count(*) FROM run") >= 3, 20000);
    ck_assert_int_eq(sql_number(world.journal, "SELECT min(id) FROM run"), 1);
    end(pid);
}
END_TEST

/* ---- pure ---- */

START_TEST(a_step_is_told_once_and_a_busy_machine_is_none)
{
    struct wall_step step = {0};
    ck_assert_int_eq(wall_step_judge(&step, 1000, 500000, 1001), 0);   /* the first look */
    ck_assert_int_eq(wall_step_judge(&step, 2000, 501000, 2001), 0);   /* goes on */
    ck_assert_int_eq(wall_step_judge(&step, 3000, 510000, 12000), 0);  /* stopped in between */
    ck_assert_int_eq(wall_step_judge(&step, 13000, 511999, 13000), 0); /* a leap second */
    ck_assert_int_eq(wall_step_judge(&step, 14000, 572999, 14000), 60000);
    ck_assert_int_eq(wall_step_judge(&step, 15000, 573999, 15000), 0);
    ck_assert_int_eq(wall_step_judge(&step, 16000, 514999, 16000), -60000);
    ck_assert_int_eq(wall_step_judge(&step, 17000, 517999, 17000), WALL_STEP_MS);
}
END_TEST

START_TEST(what_is_known_of_another_clock_outlives_a_step_of_ours)
{
    struct clock_skew skew;
    clock_skew_init(&skew);
    clock_skew_note(&skew, 10000, 10000, 15000); /* 5 to 6 s ahead of ours */
    clock_skew_set(&skew, 60000);
    ck_assert_int_eq(clock_skew_offset_ms(&skew), -54500);
    clock_skew_note(&skew, 71000, 71000, 16000);
    ck_assert_int_eq(skew.steps, 0); /* no contradiction */
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("wall_clock");
    TCase *tcase = tcase_create("set"), *pure = tcase_create("pure");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, nobody_is_drained_in_the_grace_after_it, 0, 2);
    tcase_add_loop_test(tcase, an_incident_lasts_as_long_as_it_does, 0, 2);
    tcase_add_loop_test(tcase, the_hour_of_the_write_limit_is_an_hour, 0, 2);
    tcase_add_test(tcase, a_clock_set_far_ahead_ages_no_journal);
    tcase_add_test(pure, a_step_is_told_once_and_a_busy_machine_is_none);
    tcase_add_test(pure, what_is_known_of_another_clock_outlives_a_step_of_ours);
    suite_add_tcase(all, tcase);
    suite_add_tcase(all, pure);
    return all;
}
