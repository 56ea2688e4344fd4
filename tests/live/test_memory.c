/* The policy's memory: it outlives the monitor, whatever ends it, and is refused where it is not to
 * be trusted. */
#include "live/http/http.h"
#include "live/journal/record.h"
#include "live/watch/memory.h"
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"
#include "tests/support/policy_fixture.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- as text ---- */

static struct fleet fleet;
static struct memory memory;

static void two_hosts(void)
{
    memset(&fleet, 0, sizeof fleet);
    fleet.n_hosts = 2;
    strcpy(fleet.hosts[0].name, "big");
    strcpy(fleet.hosts[1].name, "small");
    fleet.hosts[0].slots = 3;
    fleet.hosts[1].slots = 2;
    fleet.hosts[1].tier = TIER_BACKUP;
    fleet.policy = policy_fixture_config();
    fleet.has_policy = true;
    fleet.controller.probe_misses = 1;
    fleet.live.time_factor = 1;
}

static unsigned next(unsigned *seed, unsigned n)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % n;
}

static void look(struct view *view, unsigned *seed)
{
    int i;
    for (i = 0; i < 2; i++) {
        struct view_host *host = &view->host[i];
        bool bad = next(seed, 3) == 0;
        *host = (struct view_host){.slots = fleet.hosts[i].slots,
                                   .online = bad ? 0 : fleet.hosts[i].slots,
                                   .offline_readings = bad ? 3 : 0,
                                   .health_passes = bad ? 0 : 1,
                                   .alerts = bad && next(seed, 2) ? 1u << SEVERITY_CRITICAL : 0,
                                   .probe = bad ? PROBE_DOWN : PROBE_UP,
                                   .tier = fleet.hosts[i].tier,
                                   .maintenance = next(seed, 12) == 0};
    }
}

static void begin(struct driver *driver, int64_t now_ms)
{
    struct readings_setup setup = fleet_readings(&fleet);
    driver_init(driver, &fleet.policy, &setup, now_ms);
}

static char *text_of(const struct policy_state *state, int64_t now_ms)
{
    return memory_text(&fleet, state, now_ms);
}

/* What goes on from the text decides as what was restarted and never left: 400 restarts. */
START_TEST(what_comes_back_is_what_the_simulator_restarts)
{
    static struct driver stays, comes_back;
    struct view view = {.n = 2};
    unsigned seed = 13;
    int64_t now_ms = 1000;
    int step;
    two_hosts();
    fleet.policy.grace_ms = 2 * MINUTE;
    begin(&stays, now_ms);
    for (step = 0; step < 4000; step++) {
        if (step % 10 == 0)
            look(&view, &seed);
        now_ms += next(&seed, 2) ? SECOND : MINUTE;
        ck_assert(driver_decide(&stays, now_ms, &view));
        if (step % 10 == 9) {
            char *text = text_of(&stays.state, now_ms), *again;
            memory_read(&memory, &fleet, text, 0, "", 0);
            ck_assert_msg(memory.kind == MEMORY_KEPT, "%s", memory.said);
            ck_assert_int_eq(memory.fleet_ms, now_ms);
            driver_restart(&stays, now_ms, true);
            begin(&comes_back, now_ms);
            driver_resume(&comes_back, &memory.state, now_ms);
            again = text_of(&comes_back.state, now_ms);
            free(text);
            text = text_of(&stays.state, now_ms);
            ck_assert_str_eq(strstr(text, "\"state\""), strstr(again, "\"state\""));
            free(text);
            free(again);
            now_ms += SECOND;
            ck_assert(driver_decide(&stays, now_ms, &view));
            ck_assert(driver_decide(&comes_back, now_ms, &view));
            ck_assert_int_eq(memcmp(&stays.plan, &comes_back.plan, sizeof(struct plan_host) * 2),
                             0);
            ck_assert_int_eq(comes_back.state.host[0].phase, stays.state.host[0].phase);
            stays = comes_back;
        }
    }
    ck_assert_int_gt(stays.state.host[0].failover_count, 10); /* there was something to forget */
}
END_TEST

/* big drained and blocked, small serving, at 1,000,000 ms of fleet time. */
static char *blocked(void)
{
    static struct driver driver;
    two_hosts();
    begin(&driver, 0);
    driver_begin(&driver, 0, (const bool[POLICY_HOSTS]){true}, HOUR * 2);
    driver.state.host[0].failovers[0] = driver.state.host[0].failovers[1] = 900000;
    driver.state.host[0].failover_count = 2;
    return text_of(&driver.state, 1000000);
}

static char *with(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    char *out = malloc(strlen(text) + strlen(to) + 1);
    ck_assert_msg(at != NULL, "no %s in %s", from, text);
    sprintf(out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

START_TEST(what_cannot_be_trusted_is_refused)
{
    static const char *const lies[][3] = {
        {"\"version\":1", "\"version\":2", "another version"},
        {"\"version\":1,", "", "another version"},
        {"\"fleet_ms\":1000000", "\"fleet_ms\":\"now\"", "when it is from"},
        {"\"fleet_ms\":1000000", "\"fleet_ms\":-5", "when it is from"},
        {"[\"big\",\"small\"]", "[\"mine\",\"yours\"]", "another fleet"},
        {"[\"big\",\"small\"]", "7", "another fleet"},
        {"\"phase\":2", "\"phase\":9", "memory.host[0].phase: got 9, want 0..4"},
        {"\"phase\":2", "\"phase\":0.5", "memory.host[0].phase: want an integer"},
        {"\"admitted\":0", "\"admitted\":2", "admits what its phase does not"},
        {"\"failovers\":[900000,900000]", "\"failovers\":[900000]", "got 1 times, want 2"},
        {"\"failovers\":[900000,900000]", "\"failovers\":[900000,99900000]", "have not come yet"},
        {"\"state\":", "\"stat\":", "memory.started_ms: want an integer"},
    };
    char *text = blocked(), *lie;
    size_t i;
    for (i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        memory = (struct memory){0};
        lie = with(text, lies[i][0], lies[i][1]);
        memory_read(&memory, &fleet, lie, 0, "", 0);
        ck_assert_int_eq(memory.kind, MEMORY_REFUSED);
        ck_assert_int_eq(memory.fleet_ms, 0);
        ck_assert_msg(strstr(memory.said, lies[i][2]) != NULL, "%s: %s", lies[i][1], memory.said);
        free(lie);
    }
    for (i = 0; i < strlen(text); i += 7) { /* cut anywhere */
        lie = strndup(text, i);
        memory_read(&memory, &fleet, lie, 0, "", 0);
        ck_assert_int_eq(memory.kind, MEMORY_REFUSED);
        free(lie);
    }
    free(text);
}
END_TEST

START_TEST(hosts_go_by_their_names)
{
    char *text = blocked();
    fleet.hosts[2] = fleet.hosts[0]; /* new, old, changed */
    strcpy(fleet.hosts[0].name, "new");
    fleet.hosts[2].slots = 5;
    fleet.n_hosts = 3;
    memory_read(&memory, &fleet, text, 0, "", 0);
    ck_assert_msg(memory.kind == MEMORY_KEPT, "%s", memory.said);
    ck_assert_ptr_nonnull(strstr(memory.said, "new hosts apart"));
    ck_assert_int_eq(memory.state.host[0].phase, PHASE_SERVING);
    ck_assert_int_eq(memory.state.host[0].admitted, 3);
    ck_assert_int_eq(memory.state.host[1].phase, PHASE_SERVING);
    ck_assert_int_eq(memory.state.host[2].phase, PHASE_DRAINED);
    ck_assert_int_eq(memory.state.host[2].blocked_until_ms, 2 * HOUR);
    ck_assert_int_eq(memory.state.host[2].failover_count, 2);
    free(text);
}
END_TEST

START_TEST(a_ramp_fits_the_slots_that_there_are)
{
    static struct driver driver;
    char *text;
    int slots;
    two_hosts();
    fleet.hosts[0].slots = 8;
    begin(&driver, 0);
    driver_begin(&driver, 0, (const bool[POLICY_HOSTS]){true}, 0);
    driver.state.host[0].phase = PHASE_RAMPING;
    driver.state.host[0].admitted = 5;
    text = text_of(&driver.state, 1000);
    for (slots = 9; slots > 0; slots--) {
        fleet.hosts[0].slots = slots;
        memory_read(&memory, &fleet, text, 0, "", 0);
        ck_assert_msg(memory.kind == MEMORY_KEPT, "%d: %s", slots, memory.said);
        ck_assert_int_eq(memory.state.host[0].phase, slots > 1 ? PHASE_RAMPING : PHASE_DRAINED);
        ck_assert_int_eq(memory.state.host[0].admitted, slots > 5 ? 5 : slots - 1);
    }
    free(text);
}
END_TEST

/* Of the same boot the clock that nobody sets; otherwise the wall, which is never believed to have
 * gone back. */
START_TEST(time_passes_by_a_clock_that_can_be_trusted)
{
    char *text = blocked(), dated[4096];
    sprintf(dated,
            "{\"version\":1,\"fleet_ms\":1000000,\"wall_ms\":5000000,\"boot\":\"b1\","
            "\"boot_ms\":700,%s",
            strstr(text, "\"hosts\""));
    memory_read(&memory, &fleet, dated, 5009000, "b1", 1700);
    ck_assert_int_eq(memory.fleet_ms, 1000000 + 1000);
    memory_read(&memory, &fleet, dated, 5009000, "b2", 1700);
    ck_assert_int_eq(memory.fleet_ms, 1000000 + 9000);
    memory_read(&memory, &fleet, dated, 5009000, "", 1700);
    ck_assert_int_eq(memory.fleet_ms, 1000000 + 9000);
    memory_read(&memory, &fleet, dated, 4000000, "b2", 1700); /* set back */
    ck_assert_int_eq(memory.fleet_ms, 1000000);
    fleet.live.time_factor = 30;
    memory_read(&memory, &fleet, dated, 5009000, "b1", 1700);
    ck_assert_int_eq(memory.fleet_ms, 1000000 + 30000);
    ck_assert_int_eq(memory.state.host[0].blocked_until_ms, 2 * HOUR);
    free(text);
}
END_TEST

/* ---- by the program ---- */

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
    TCase *pure = tcase_create("as text"), *live = tcase_create("by the program");
    tcase_add_test(pure, what_comes_back_is_what_the_simulator_restarts);
    tcase_add_test(pure, what_cannot_be_trusted_is_refused);
    tcase_add_test(pure, hosts_go_by_their_names);
    tcase_add_test(pure, a_ramp_fits_the_slots_that_there_are);
    tcase_add_test(pure, time_passes_by_a_clock_that_can_be_trusted);
    suite_add_tcase(all, pure);
    tcase_add_checked_fixture(live, set_up, tear_down);
    tcase_set_timeout(live, 90);
    tcase_add_loop_test(live, a_flap_block_outlives_the_monitor, 0, 2);
    tcase_add_test(live, a_block_ends_in_the_next_monitor_when_it_would_have);
    tcase_add_test(live, failovers_of_the_hour_are_counted_across_a_restart);
    tcase_add_test(live, a_reload_forgets_nothing);
    tcase_add_test(live, a_flap_block_ends_when_somebody_sees_to_it);
    tcase_add_test(live, without_its_memory_it_readmits_nobody);
    tcase_add_test(live, at_a_first_start_what_is_out_has_to_recover);
    suite_add_tcase(all, live);
    return all;
}
