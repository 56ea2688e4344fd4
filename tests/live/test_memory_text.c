/* The policy's memory as text: what comes back from it is what was in it, by a clock that can be
 * trusted, and it is refused where it is not to be believed. */
#include "live/watch/memory.h"
#include "tests/support/helpers.h"
#include "tests/support/policy_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
        {"\"failover_count\":2", "\"failover_count\":2147483647",
         "memory.host[0].failover_count: got 2147483647, want 0..1073741823"}, /* it counts on */
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

Suite *suite(void)
{
    Suite *all = suite_create("memory text");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, what_comes_back_is_what_the_simulator_restarts);
    tcase_add_test(tcase, what_cannot_be_trusted_is_refused);
    tcase_add_test(tcase, hosts_go_by_their_names);
    tcase_add_test(tcase, a_ramp_fits_the_slots_that_there_are);
    tcase_add_test(tcase, time_passes_by_a_clock_that_can_be_trusted);
    suite_add_tcase(all, tcase);
    return all;
}
