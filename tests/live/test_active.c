/* The active monitor: what it writes, when it keeps still, and one controller at a time. Judged by
 * what the world's GitHub was told. */
#include "live/http/http.h"
#include "live/watch/hand.h"
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

static int start_with(const char *set)
{
    char *const arguments[] = {"monitor",
                               "--active",
                               "--journal",
                               world.journal,
                               world.scenario,
                               set ? "--set" : NULL,
                               (char *)(uintptr_t)set,
                               NULL};
    return live_fixture_run(&world, arguments, 0);
}

static int end(int pid, int signal)
{
    kill(pid, signal);
    return live_fixture_wait(&world, pid);
}

static bool in_rotation(int from, int to)
{
    bool all = true;
    for (; from <= to; from++)
        all = all && atomic_load(&world.active[from]);
    return all;
}

static bool out_of_rotation(void)
{
    return !atomic_load(&world.active[0]) && !atomic_load(&world.active[1]);
}

/* Within 20 s. */
static bool await(bool wanted, bool (*holds)(void))
{
    int i;
    for (i = 0; i < 1000 && holds() != wanted; i++)
        live_fixture_pause(20);
    return holds() == wanted;
}

static bool all_in(void)
{
    return in_rotation(0, 2);
}

static bool is_leased(void)
{
    bool leased;
    pthread_mutex_lock(&world.lease_lock);
    leased = strstr(world.lease, "\"fence\"") != NULL;
    pthread_mutex_unlock(&world.lease_lock);
    return leased;
}

static void lease_to_another(int64_t for_ms)
{
    char text[200];
    snprintf(text, sizeof text, "{\"holder\":\"elsewhere/1/0\",\"until_ms\":%lld,\"fence\":7}",
             (long long)(http_wall_ms() + for_ms));
    live_fixture_lease(&world, text);
}

START_TEST(a_host_is_drained_and_comes_back)
{
    int pid = start_with(NULL);
    ck_assert(live_fixture_await(&world, "big: serving"));
    live_fixture_touch(world.broken);
    ck_assert(await(true, out_of_rotation));
    ck_assert(in_rotation(2, 2)); /* the backup is left alone */
    unlink(world.broken);
    ck_assert(await(true, all_in));
    ck_assert(live_fixture_await(&world, "big: restored"));
    ck_assert_int_eq(end(pid, SIGTERM), 0);
    /* Each write of the world's was in the journal before it: two labels off, two on. */
    ck_assert_int_eq(atomic_load(&world.writes), 4);
    ck_assert_int_eq(sql_number(world.journal, "SELECT count(*) FROM step"), 4);
    ck_assert_int_eq(sql_number(world.journal, "SELECT count(*) FROM step_event WHERE event = 1"),
                     4);
    ck_assert(live_fixture_is_closed(&world)); /* nothing is left to be undone */
}
END_TEST

START_TEST(the_fleet_file_has_to_allow_it)
{
    ck_assert_int_eq(live_fixture_wait(&world, start_with("fleet.live.allow_actions=false")), 2);
    ck_assert(live_fixture_said(&world, "live.allow_actions: got false, want true for --active"));
    ck_assert_int_eq(atomic_load(&world.writes), 0);
}
END_TEST

START_TEST(a_second_controller_stays_in_shadow_and_says_so)
{
    int pid;
    lease_to_another(45000);
    pid = start_with(NULL);
    ck_assert(live_fixture_await(&world, "another controller leads: elsewhere/1/0"));
    live_fixture_touch(world.broken);
    ck_assert(live_fixture_await(&world, "big: drained"));
    live_fixture_pause(500);
    ck_assert_int_eq(atomic_load(&world.writes), 0);
    ck_assert(all_in());
    lease_to_another(-1); /* it died, and its time is over */
    ck_assert(await(true, out_of_rotation));
    pthread_mutex_lock(&world.lease_lock);
    ck_assert_ptr_nonnull(strstr(world.lease, "\"fence\":8"));
    pthread_mutex_unlock(&world.lease_lock);
    ck_assert_int_eq(end(pid, SIGTERM), 0);
}
END_TEST

/* Somebody took the lease in between: seen before the next write. */
START_TEST(a_lease_that_is_lost_ends_the_writing)
{
    int pid = start_with(NULL), writes;
    ck_assert(live_fixture_await(&world, "big: serving"));
    ck_assert(await(true, is_leased));
    live_fixture_pause(3000); /* until it is settled */
    lease_to_another(45000);
    writes = atomic_load(&world.writes);
    live_fixture_touch(world.broken);
    ck_assert(live_fixture_await(&world, "another controller leads: elsewhere/1/0"));
    ck_assert(live_fixture_await(&world, "big: drained"));
    live_fixture_pause(500);
    ck_assert_int_eq(atomic_load(&world.writes), writes);
    ck_assert_int_eq(end(pid, SIGTERM), 0);
    pthread_mutex_lock(&world.lease_lock);
    ck_assert_ptr_nonnull(strstr(world.lease, "elsewhere")); /* and it is not given back for them */
    pthread_mutex_unlock(&world.lease_lock);
}
END_TEST

START_TEST(what_others_change_is_put_right)
{
    int pid = start_with(NULL);
    ck_assert(live_fixture_await(&world, "big: serving"));
    atomic_store(&world.active[1], false); /* by hand, or by a write that was half done */
    ck_assert(await(true, all_in));
    ck_assert_int_eq(end(pid, SIGTERM), 0);
}
END_TEST

START_TEST(a_write_that_fails_is_done_again)
{
    int pid = start_with(NULL);
    ck_assert(live_fixture_await(&world, "big: serving"));
    live_fixture_touch(world.broken);
    ck_assert(await(true, out_of_rotation));
    world.refusal = "HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}";
    atomic_store(&world.refusals, 2);
    unlink(world.broken);
    ck_assert(await(true, all_in));
    ck_assert_int_eq(end(pid, SIGTERM), 0);
    ck_assert_int_gt(sql_number(world.journal, "SELECT count(*) FROM note WHERE topic = 'held'"),
                     0);
}
END_TEST

/* kill -9 while the host is out: neither the dead nor the next one puts jobs back on it. */
START_TEST(death_puts_nobody_back)
{
    int pid = start_with(NULL), i;
    ck_assert(live_fixture_await(&world, "big: serving"));
    live_fixture_touch(world.broken);
    ck_assert(await(true, out_of_rotation));
    ck_assert_int_eq(end(pid, SIGKILL), 128 + SIGKILL);
    live_fixture_lease(&world, ""); /* as if its time were over */
    live_fixture_turn_away(&world);
    pid = start_with(NULL);
    ck_assert(live_fixture_await(&world, "big: drained"));
    for (i = 0; i < 100; i++) {
        ck_assert(out_of_rotation());
        live_fixture_pause(20);
    }
    unlink(world.broken);
    ck_assert(await(true, all_in));
    ck_assert_int_eq(end(pid, SIGTERM), 0);
    ck_assert_int_eq(sql_number(world.journal, "SELECT count(*) FROM step WHERE undo <> ''"), 0);
}
END_TEST

START_TEST(while_paused_nothing_is_written)
{
    char set[300], pause[200];
    int pid;
    snprintf(pause, sizeof pause, "%s/pause", world.folder);
    snprintf(set, sizeof set, "fleet.live.pause_file=%s", pause);
    live_fixture_touch(pause);
    pid = start_with(set);
    ck_assert(live_fixture_await(&world, "nothing is written: paused"));
    atomic_store(&world.active[1], false);
    live_fixture_pause(1000);
    ck_assert_int_eq(atomic_load(&world.writes), 0);
    unlink(pause);
    ck_assert(await(true, all_in));
    ck_assert_int_eq(end(pid, SIGTERM), 0);
}
END_TEST

START_TEST(too_many_writes_within_an_hour_are_too_many)
{
    int pid = start_with("fleet.live.writes_per_hour=1");
    ck_assert(live_fixture_await(&world, "big: serving"));
    live_fixture_touch(world.broken);
    ck_assert(live_fixture_await(&world, "nothing is written: too many writes within an hour"));
    live_fixture_pause(500);
    ck_assert_int_eq(atomic_load(&world.writes), 1);
    ck_assert_int_eq(end(pid, SIGTERM), 0);
}
END_TEST

START_TEST(writes_of_the_hour_are_counted_across_a_restart)
{
    int pid = start_with("fleet.live.writes_per_hour=2");
    ck_assert(live_fixture_await(&world, "big: serving"));
    live_fixture_touch(world.broken);
    ck_assert(await(true, out_of_rotation));
    ck_assert_int_eq(end(pid, SIGKILL), 128 + SIGKILL);
    live_fixture_lease(&world, "");
    unlink(world.broken);
    pid = start_with("fleet.live.writes_per_hour=2");
    ck_assert(live_fixture_await(&world, "nothing is written: too many writes within an hour"));
    live_fixture_pause(500);
    ck_assert_int_eq(atomic_load(&world.writes), 2);
    ck_assert_int_eq(end(pid, SIGTERM), 0);
}
END_TEST

START_TEST(the_lease_is_given_back_within_two_seconds)
{
    int64_t began_ms;
    const char *at;
    int pid = start_with(NULL);
    ck_assert(live_fixture_await(&world, "big: serving"));
    ck_assert(await(true, is_leased));
    live_fixture_pause(3000);
    began_ms = http_monotonic_ms();
    ck_assert_int_eq(end(pid, SIGTERM), 0);
    ck_assert_int_lt(http_monotonic_ms() - began_ms, 2000);
    at = strstr(world.lease, "\"until_ms\":");
    ck_assert_ptr_nonnull(at);
    ck_assert_int_le(atoll(at + 11), http_wall_ms() + 1500);
}
END_TEST

/* ---- pure ---- */

static struct hand_wish wish(void)
{
    struct hand_wish out = {.plan = {.n = 2}, .fit = {true, true}};
    out.plan.host[0].admitted = 2;
    out.plan.host[1].admitted = 1;
    return out;
}

START_TEST(what_looks_bad_is_admitted_no_further)
{
    struct hand_wish well = wish(), bad = wish();
    const int routed[FLEET_HOSTS] = {1, 0};
    struct plan plan = hand_limit(&well, routed);
    ck_assert_int_eq(plan.host[0].admitted, 2);
    ck_assert_int_eq(plan.host[1].admitted, 1);
    bad.fit[0] = false;
    plan = hand_limit(&bad, routed);
    ck_assert_int_eq(plan.host[0].admitted, 1);
    ck_assert_int_eq(plan.host[1].admitted, 1);
    bad.plan.host[0].admitted = 0; /* but out it may go */
    ck_assert_int_eq(hand_limit(&bad, routed).host[0].admitted, 0);
}
END_TEST

START_TEST(all_bad_at_once_is_not_the_hosts)
{
    struct hand_wish seen = wish();
    ck_assert_str_eq(hand_forbids(&seen), "");
    seen.fit[0] = false;
    ck_assert_str_eq(hand_forbids(&seen), "");
    seen.fit[1] = false;
    ck_assert_ptr_nonnull(strstr(hand_forbids(&seen), "every host looks bad at once"));
    seen = wish();
    seen.blind = true;
    ck_assert_str_eq(hand_forbids(&seen), "a feed is stale");
    seen.paused = true;
    ck_assert_str_eq(hand_forbids(&seen), "paused");
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("active");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 90);
    tcase_add_test(tcase, a_host_is_drained_and_comes_back);
    tcase_add_test(tcase, the_fleet_file_has_to_allow_it);
    tcase_add_test(tcase, a_second_controller_stays_in_shadow_and_says_so);
    tcase_add_test(tcase, a_lease_that_is_lost_ends_the_writing);
    tcase_add_test(tcase, what_others_change_is_put_right);
    tcase_add_test(tcase, a_write_that_fails_is_done_again);
    tcase_add_test(tcase, death_puts_nobody_back);
    tcase_add_test(tcase, while_paused_nothing_is_written);
    tcase_add_test(tcase, too_many_writes_within_an_hour_are_too_many);
    tcase_add_test(tcase, writes_of_the_hour_are_counted_across_a_restart);
    tcase_add_test(tcase, the_lease_is_given_back_within_two_seconds);
    tcase_add_test(tcase, what_looks_bad_is_admitted_no_further);
    tcase_add_test(tcase, all_bad_at_once_is_not_the_hosts);
    suite_add_tcase(all, tcase);
    return all;
}
