/* The policy's memory outlives the monitor, whatever ends it: programs that are stopped, killed and
 * started again. */
#include "live/http/http.h"
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

/* Thirty times as fast as the fleet's durations; the second failover within an hour is flapping. */
static int start(const char *block)
{
    static char guard[80];
    char *const arguments[] = {"monitor",
                               "--active",
                               "--journal",
                               world.journal,
                               world.scenario,
                               "--set",
                               guard,
                               "--set",
                               "fleet.policy.guard.max_failovers_per_hour=1",
                               "--set",
                               "fleet.live.time_factor=30",
                               "--set",
                               "fleet.live.page={address: '127.0.0.1:0', token: env:PAGE}",
                               NULL};
    setenv("PAGE", "PageToken", 1);
    snprintf(guard, sizeof guard, "fleet.policy.guard.block=%s", block);
    live_fixture_lease(&world, ""); /* whoever had it is gone */
    return live_fixture_run(&world, arguments, 0);
}

static void end(int pid, int signal)
{
    int code;
    kill(pid, signal);
    code = live_fixture_wait(&world, pid);
    ck_assert_int_eq(code, signal == SIGKILL ? 128 + SIGKILL : 0);
}

static bool is_out(void)
{
    return !atomic_load(&world.active[0]) && !atomic_load(&world.active[1]);
}

static bool await_out(bool wanted)
{
    int i;
    for (i = 0; i < 1000; i++) {
        bool in = atomic_load(&world.active[0]) && atomic_load(&world.active[1]);
        if (wanted ? is_out() : in)
            return true;
        live_fixture_pause(20);
    }
    return false;
}

static void stays_out(int ms)
{
    for (; ms > 0; ms -= 20) {
        ck_assert(is_out());
        live_fixture_pause(20);
    }
}

static void fail_over(void)
{
    live_fixture_touch(world.broken);
    ck_assert(await_out(true));
}

static void fail_back(void)
{
    unlink(world.broken);
    ck_assert(await_out(false));
}

static int start_flapping(const char *block)
{
    int pid = start(block);
    ck_assert(live_fixture_await(&world, "big: serving"));
    fail_over();
    fail_back();
    fail_over();
    ck_assert(live_fixture_await(&world, "big: flapping"));
    return pid;
}

static void replay_agrees(void)
{
    char *const arguments[] = {"replay", world.journal, NULL};
    ck_assert_int_eq(live_fixture_wait(&world, live_fixture_run(&world, arguments, 0)), 0);
}

START_TEST(a_flap_block_outlives_the_monitor)
{
    static const int signals[] = {SIGKILL, SIGTERM};
    int pid = start_flapping("5h");
    end(pid, signals[_i]);
    unlink(world.broken); /* it is well when the next one comes */
    pid = start("5h");
    ck_assert(live_fixture_await(&world, "the policy goes on from what it knew"));
    ck_assert(live_fixture_await(&world, "big: drained, 0 of 2 admitted, 2 online"));
    stays_out(3000);
    end(pid, SIGTERM);
    replay_agrees();
}
END_TEST

START_TEST(a_block_ends_in_the_next_monitor_when_it_would_have)
{
    int pid = start_flapping("120s"); /* 4 s here */
    end(pid, SIGKILL);
    unlink(world.broken);
    pid = start("120s");
    ck_assert(live_fixture_await(&world, "the policy goes on from what it knew"));
    ck_assert(await_out(false));
    end(pid, SIGTERM);
    replay_agrees();
}
END_TEST

START_TEST(failovers_of_the_hour_are_counted_across_a_restart)
{
    int pid = start("5h");
    ck_assert(live_fixture_await(&world, "big: serving"));
    fail_over();
    fail_back();
    ck_assert(live_fixture_await(&world, "big: restored"));
    end(pid, SIGKILL);
    pid = start("5h");
    ck_assert(live_fixture_await(&world, "big: serving"));
    fail_over();
    ck_assert(live_fixture_await(&world, "big: flapping"));
    end(pid, SIGTERM);
}
END_TEST

START_TEST(a_reload_forgets_nothing)
{
    int pid = start_flapping("5h");
    unlink(world.broken);
    kill(pid, SIGHUP);
    ck_assert(live_fixture_await(&world, "fleet: the file has been read again"));
    ck_assert(live_fixture_await(&world, "the policy goes on from what it knew"));
    stays_out(3000);
    end(pid, SIGTERM);
    replay_agrees();
}
END_TEST

/* As the page sends it. */
static void acknowledge(void)
{
    static const char *const headers[] = {"Authorization: Bearer PageToken",
                                          "Content-Type: application/json", NULL};
    const struct http_request request = {
        .method = HTTP_POST,
        .path = "/api/v1/words",
        .body = "{\"word\":\"acknowledge\",\"host\":\"big\",\"lasts\":\"2h\",\"who\":\"Ada\","
                "\"why\":\"new cable\"}"};
    struct http_config config = {.headers = headers, .total_ms = 5000, .attempts = 1};
    struct http_response response = {0};
    struct und_err err = {0};
    struct http *http;
    char text[4096] = "", *at;
    FILE *output = fopen(world.output, "r");
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, output), 0);
    fclose(output);
    ck_assert_ptr_nonnull(at = strstr(text, "page: port "));
    snprintf(config.url, sizeof config.url, "http://127.0.0.1:%d", atoi(at + 11));
    ck_assert_int_eq(http_open(&http, &config, &err), UND_OK);
    ck_assert_msg(http_send(http, &request, &response, &err) == UND_OK, "%s", err.text);
    ck_assert_int_lt(response.status, 300);
    http_response_fini(&response);
    http_close(http);
}

/* It ends the block; the host then comes back as after any failure. What it says is kept, but
 * whoever flaps again after it is blocked again. */
START_TEST(a_flap_block_ends_when_somebody_sees_to_it)
{
    int pid = start_flapping("5h");
    unlink(world.broken);
    ck_assert(live_fixture_await(&world, "big: drained, 0 of 2 admitted, 2 online"));
    stays_out(1500);
    acknowledge();
    ck_assert(await_out(false));
    fail_over();
    unlink(world.broken);
    live_fixture_pause(1000);
    end(pid, SIGKILL);
    pid = start("5h");
    ck_assert(live_fixture_await(&world, "the policy goes on from what it knew"));
    stays_out(3000);
    end(pid, SIGTERM);
    replay_agrees();
}
END_TEST

static void sql(const char *text)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(world.journal, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* The memory is spoilt while nobody runs: it is refused in one line, and what is out stays out, for
 * a block's time. */
START_TEST(without_its_memory_it_readmits_nobody)
{
    int pid = start("5h");
    ck_assert(live_fixture_await(&world, "big: serving"));
    fail_over();
    end(pid, SIGKILL);
    unlink(world.broken);
    sql("DROP TRIGGER note_kept; UPDATE note SET text = 'nonsense' WHERE topic = 'memory/active'");
    pid = start("5h");
    ck_assert(live_fixture_await(&world, "the policy's memory is not used: it is no JSON object"));
    ck_assert(live_fixture_await(&world, "big: drained, 0 of 2 admitted, 2 online"));
    stays_out(3000);
    end(pid, SIGTERM);
    replay_agrees();
}
END_TEST

/* A first start, beside hosts that somebody else has taken out: they come back as after a
 * failure. */
START_TEST(at_a_first_start_what_is_out_has_to_recover)
{
    int pid;
    atomic_store(&world.active[0], false);
    atomic_store(&world.active[1], false);
    pid = start("5h");
    ck_assert(live_fixture_await(&world, "big: failback"));
    ck_assert(await_out(false));
    end(pid, SIGTERM);
    replay_agrees();
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("memory");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 90);
    tcase_add_loop_test(tcase, a_flap_block_outlives_the_monitor, 0, 2);
    tcase_add_test(tcase, a_block_ends_in_the_next_monitor_when_it_would_have);
    tcase_add_test(tcase, failovers_of_the_hour_are_counted_across_a_restart);
    tcase_add_test(tcase, a_reload_forgets_nothing);
    tcase_add_test(tcase, a_flap_block_ends_when_somebody_sees_to_it);
    tcase_add_test(tcase, without_its_memory_it_readmits_nobody);
    tcase_add_test(tcase, at_a_first_start_what_is_out_has_to_recover);
    suite_add_tcase(all, tcase);
    return all;
}
