/* Alertmanager as simulated: prometheus-semantics.md, section 7. Prometheus is asleep in these
 * tests, or is the one that sends in the last ones. */
#include "tests/support/helpers.h"
#include "tests/support/monitoring_fixture.h"

#include <math.h>
#include <stdlib.h>

static struct monitoring_fixture world;

/* Two hosts, two rules, and the documented times; by_instance as alertmanager.yml's group_by. */
static void setup_grouped(bool by_instance)
{
    struct stream phases;
    stream_seed(&phases, 7);
    world = (struct monitoring_fixture){.n = 0};
    monitoring_fixture_configure(&world.fleet, 2);
    monitoring_fixture_add_rule(&world.fleet, SIGNAL_UP, 2 * MINUTE);
    monitoring_fixture_add_rule(&world.fleet, SIGNAL_CPU_RATE, 5 * MINUTE);
    world.fleet.alertmanager.group_by_instance = by_instance;
    monitoring_fixture_open(&world);
    monitoring_fixture_reset(&world, &phases);
}

static void setup(void)
{
    setup_grouped(true);
}

static void teardown(void)
{
    monitoring_fixture_close(&world);
}

static void fire(int64_t at_ms, int64_t since_ms, int rule, int host)
{
    monitoring_fixture_run(&world, at_ms);
    alertmanager_receive(world.alertmanager, at_ms, rule, host, since_ms, at_ms + 4 * MINUTE);
}

static void resolve(int64_t at_ms, int64_t since_ms, int rule, int host)
{
    monitoring_fixture_run(&world, at_ms);
    alertmanager_receive(world.alertmanager, at_ms, rule, host, since_ms, at_ms);
}

/* The notifications until then: each at these seconds, with this host's firing rules. */
struct expected {
    int64_t at_s;
    uint32_t firing;
};

static void check_host(int64_t until_s, int host, int n, const struct expected *expected)
{
    int found = 0;
    monitoring_fixture_run(&world, until_s * SECOND);
    for (int i = 0; i < world.n; i++) {
        const struct observed *seen = &world.log[i];
        if (seen->what != OBSERVED_NOTIFICATION || !seen->notification.member[host].word[0])
            continue;
        ck_assert_msg(found < n, "unexpected notification at %ld ms", (long)seen->at_ms);
        ck_assert_int_eq(seen->at_ms, expected[found].at_s * SECOND);
        ck_assert_uint_eq(seen->notification.firing[host].word[0], expected[found].firing);
        found++;
    }
    ck_assert_int_eq(found, n);
}
#define CHECK(until_s, host, ...)                                                                  \
    check_host(until_s, host, sizeof((struct expected[]){__VA_ARGS__}) / sizeof(struct expected),  \
               (struct expected[]){__VA_ARGS__})

static void keep_firing(int64_t from_s, int64_t to_s, int64_t since_s, int rule, int host)
{
    for (int64_t at_s = from_s; at_s <= to_s; at_s += 120)
        fire(at_s * SECOND, since_s * SECOND, rule, host);
}

START_TEST(first_notification_after_group_wait)
{
    fire(60 * SECOND, 60 * SECOND, 0, 0);
    CHECK(200, 0, {90, 1});
}
END_TEST

START_TEST(resolution_is_told_at_the_next_tick)
{
    keep_firing(60, 300, 60, 0, 0);
    resolve(400 * SECOND, 60 * SECOND, 0, 0);
    CHECK(1000, 0, {90, 1}, {690, 0}); /* ticks at 390, 690 */
}
END_TEST

START_TEST(resolved_before_group_wait_is_never_told)
{
    fire(60 * SECOND, 60 * SECOND, 0, 0);
    resolve(80 * SECOND, 60 * SECOND, 0, 0);
    monitoring_fixture_run(&world, 30 * MINUTE);
    ck_assert_int_eq(world.n, 0);
}
END_TEST

/* The last post said that the alert ends 4 minutes later; nothing else comes. */
START_TEST(alert_without_updates_expires)
{
    fire(60 * SECOND, 60 * SECOND, 0, 0);
    CHECK(1000, 0, {90, 1}, {390, 0});
}
END_TEST

START_TEST(resolve_and_refire_between_ticks_is_never_told)
{
    fire(60 * SECOND, 60 * SECOND, 0, 0);
    resolve(120 * SECOND, 60 * SECOND, 0, 0);
    keep_firing(300, 900, 300, 0, 0);
    CHECK(900, 0, {90, 1});
}
END_TEST

START_TEST(second_alert_of_a_group_waits_for_the_tick)
{
    teardown();
    setup_grouped(false);
    keep_firing(60, 420, 60, 0, 0);
    /* Out of order on purpose: the next post of host 1 comes after the last of host 0. */
    fire(430 * SECOND, 430 * SECOND, 0, 1);
    fire(540 * SECOND, 60 * SECOND, 0, 0);
    fire(550 * SECOND, 430 * SECOND, 0, 1);
    fire(660 * SECOND, 60 * SECOND, 0, 0);
    CHECK(700, 1, {90, 0}, {690, 1});
    ck_assert_uint_eq(world.log[1].notification.firing[0].word[0], 1);
}
END_TEST

START_TEST(hosts_have_their_own_groups)
{
    fire(60 * SECOND, 60 * SECOND, 0, 0);
    fire(100 * SECOND, 100 * SECOND, 0, 1);
    fire(105 * SECOND, 105 * SECOND, 1, 1);
    CHECK(200, 0, {90, 1});
    CHECK(200, 1, {130, 1}, {135, 2});
}
END_TEST

START_TEST(unchanged_group_repeats_after_repeat_interval)
{
    keep_firing(60, 60 + 9 * 3600, 60, 0, 0);
    /* Strictly older than 4 h: the tick at exactly 4 h does not repeat. */
    CHECK(60 + 9 * 3600, 0, {90, 1}, {90 + 14700, 1}, {90 + 29400, 1});
}
END_TEST

/* Told resolved at 375; empty; deleted at the sweep of 390: group_wait applies again. */
START_TEST(empty_group_is_swept)
{
    fire(45 * SECOND, 45 * SECOND, 0, 0);
    resolve(120 * SECOND, 45 * SECOND, 0, 0);
    fire(400 * SECOND, 400 * SECOND, 0, 0);
    CHECK(500, 0, {75, 1}, {375, 0}, {430, 1});
}
END_TEST

START_TEST(a_new_group_is_unflushed_whatever_was_before)
{
    fire(45 * SECOND, 45 * SECOND, 0, 0);
    resolve(120 * SECOND, 45 * SECOND, 0, 0);
    fire(400 * SECOND, 360 * SECOND, 0, 0);
    CHECK(500, 0, {75, 1}, {375, 0}, {400, 1});
}
END_TEST

START_TEST(fired_and_resolved_within_a_tick_is_never_told)
{
    teardown();
    setup_grouped(false);
    fire(45 * SECOND, 45 * SECOND, 0, 0);
    resolve(120 * SECOND, 45 * SECOND, 0, 0);
    fire(600 * SECOND, 600 * SECOND, 0, 1);
    resolve(620 * SECOND, 600 * SECOND, 0, 1);
    CHECK(1500, 0, {75, 1}, {375, 0});
}
END_TEST

START_TEST(one_of_two_resolved_is_told_once)
{
    teardown();
    setup_grouped(false);
    fire(60 * SECOND, 60 * SECOND, 0, 0);
    fire(60 * SECOND, 60 * SECOND, 0, 1);
    resolve(100 * SECOND, 60 * SECOND, 0, 0);
    for (int64_t at_s = 180; at_s < 1000; at_s += 120) {
        fire(at_s * SECOND, 60 * SECOND, 0, 1);
        monitoring_fixture_run(&world, at_s * SECOND);
        alertmanager_receive(world.alertmanager, at_s * SECOND, 0, 0, 60 * SECOND, 100 * SECOND);
    }
    CHECK(1000, 0, {90, 1}, {390, 0});
}
END_TEST

START_TEST(empty_group_not_yet_swept_ticks_on)
{
    fire(60 * SECOND, 60 * SECOND, 0, 0);
    resolve(120 * SECOND, 60 * SECOND, 0, 0);
    keep_firing(400, 760, 400, 0, 0);
    CHECK(800, 0, {90, 1}, {390, 0}, {690, 1});
}
END_TEST

START_TEST(an_old_alert_does_not_wait_in_a_new_group)
{
    fire(60 * SECOND, 29 * SECOND, 0, 0);
    CHECK(100, 0, {60, 1});
}
END_TEST

START_TEST(exactly_group_wait_old_waits)
{
    fire(60 * SECOND, 30 * SECOND, 0, 0);
    CHECK(100, 0, {90, 1});
}
END_TEST

START_TEST(restart_forgets_groups_but_not_what_was_told)
{
    fire(60 * SECOND, 60 * SECOND, 0, 0);
    monitoring_fixture_run(&world, 100 * SECOND);
    alertmanager_stop(world.alertmanager, 100 * SECOND);
    fire(180 * SECOND, 60 * SECOND, 0, 0); /* lost */
    alertmanager_start(world.alertmanager, 200 * SECOND);
    fire(300 * SECOND, 60 * SECOND, 0, 0); /* flushed at once, told already */
    resolve(420 * SECOND, 60 * SECOND, 0, 0);
    CHECK(1000, 0, {90, 1}, {600, 0});
}
END_TEST

START_TEST(overlapping_update_keeps_the_earlier_start)
{
    fire(60 * SECOND, 60 * SECOND, 0, 0);
    monitoring_fixture_run(&world, 100 * SECOND);
    alertmanager_stop(world.alertmanager, 100 * SECOND);
    alertmanager_start(world.alertmanager, 100 * SECOND);
    fire(200 * SECOND, 180 * SECOND, 1, 0); /* group of rule 1: 20 s old, would wait until 230 */
    fire(210 * SECOND, 210 * SECOND, 1, 0); /* overlaps: still started at 180, so 30 s are over */
    fire(211 * SECOND, 211 * SECOND, 1, 0);
    CHECK(215, 0, {90, 1}, {211, 2});
}
END_TEST

/* --- routes and inhibition ------------------------------------------------------------------- */

/* Rule 0 of host 0 by a quick route, of host 1 by none; rule 1 by a slow route shared by hosts. */
static void setup_routed(void)
{
    static int16_t route_of[2][FLEET_HOSTS];
    static uint32_t group_of[2][FLEET_HOSTS];
    static struct alert_route routes[2];
    struct stream phases;
    struct alertmanager_config *config = &world.fleet.alertmanager;
    stream_seed(&phases, 7);
    world = (struct monitoring_fixture){.n = 0};
    monitoring_fixture_configure(&world.fleet, 2);
    monitoring_fixture_add_rule(&world.fleet, SIGNAL_UP, 2 * MINUTE);
    monitoring_fixture_add_rule(&world.fleet, SIGNAL_CPU_RATE, 5 * MINUTE);
    config->n_routes = 2;
    config->routes = routes;
    config->route_of = route_of;
    config->group_of = group_of;
    config->routes[0] = (struct alert_route){.group_wait_ms = 10 * SECOND,
                                             .group_interval_ms = 60 * SECOND,
                                             .repeat_interval_ms = 240 * MINUTE};
    config->routes[1] = (struct alert_route){.group_wait_ms = 50 * SECOND,
                                             .group_interval_ms = 100 * SECOND,
                                             .repeat_interval_ms = 240 * MINUTE};
    config->group_of[0][1] = 1;                          /* one group a host */
    config->group_of[1][0] = config->group_of[1][1] = 2; /* one for both */
    config->route_of[0][1] = -1;
    config->route_of[1][0] = config->route_of[1][1] = 1;
}

START_TEST(routes_have_their_own_times)
{
    teardown();
    setup_routed();
    monitoring_fixture_open(&world);
    monitoring_fixture_reset(&world, &(struct stream){{1, 2, 3, 4}});
    fire(60 * SECOND, 60 * SECOND, 0, 0);
    fire(60 * SECOND, 60 * SECOND, 0, 1); /* nobody tells the controller */
    fire(60 * SECOND, 60 * SECOND, 1, 0);
    fire(130 * SECOND, 130 * SECOND, 1, 1); /* joins the shared group, told at its tick */
    resolve(131 * SECOND, 60 * SECOND, 0, 0);
    monitoring_fixture_run(&world, 215 * SECOND);
    ck_assert_int_eq(world.n, 4);
    ck_assert_int_eq(world.log[0].at_ms, 70 * SECOND);
    ck_assert_uint_eq(world.log[0].notification.firing[0].word[0], 1);
    ck_assert_uint_eq(world.log[0].notification.member[0].word[0], 1);
    ck_assert_uint_eq(world.log[0].notification.member[1].word[0], 0);
    ck_assert_int_eq(world.log[1].at_ms, 110 * SECOND);
    ck_assert_uint_eq(world.log[1].notification.firing[0].word[0], 2);
    ck_assert_uint_eq(world.log[1].notification.member[1].word[0], 2);
    ck_assert_int_eq(world.log[2].at_ms, 190 * SECOND); /* ticks of 60 s from 70 */
    ck_assert_uint_eq(world.log[2].notification.firing[0].word[0], 0);
    ck_assert_int_eq(world.log[3].at_ms, 210 * SECOND);
    ck_assert_uint_eq(world.log[3].notification.firing[1].word[0], 2);
}
END_TEST

/* Alerts of rule 0 mute those of rule 1, of the same host or of any. */
static void inhibit(bool same_host)
{
    static struct inhibited alert[2][FLEET_HOSTS];
    static struct inhibition inhibition = {alert};
    memset(alert, 0, sizeof alert);
    for (int host = 0; host < 2; host++) {
        inhibition.alert[0][host].source = inhibition.alert[1][host].target = true;
        inhibition.alert[0][host].key = inhibition.alert[1][host].key =
            (uint32_t)(same_host ? host : 0);
    }
    world.fleet.alertmanager.inhibitions = &inhibition;
    world.fleet.alertmanager.n_inhibitions = 1;
}

START_TEST(a_firing_alert_mutes_another)
{
    inhibit(true);
    fire(60 * SECOND, 60 * SECOND, 0, 0);
    fire(70 * SECOND, 70 * SECOND, 1, 0); /* muted at its flush of 100 */
    fire(70 * SECOND, 70 * SECOND, 1, 1); /* the other host's is not */
    resolve(150 * SECOND, 60 * SECOND, 0, 0);
    fire(190 * SECOND, 70 * SECOND, 1, 0);
    fire(310 * SECOND, 70 * SECOND, 1, 0);
    CHECK(395, 0, {90, 1}, {390, 0});
    CHECK(450, 0, {90, 1}, {390, 0}, {400, 2}); /* told once it is muted no longer */
    ck_assert_int_eq(world.log[1].at_ms, 100 * SECOND);
    ck_assert_uint_eq(world.log[1].notification.firing[1].word[0], 2);
}
END_TEST

START_TEST(a_muted_alert_is_left_out_of_its_group)
{
    teardown();
    setup_grouped(true);
    monitoring_fixture_close(&world);
    world.fleet.alertmanager.group_by_alertname = false;
    inhibit(true);
    monitoring_fixture_open(&world);
    monitoring_fixture_reset(&world, &(struct stream){{1, 2, 3, 4}});
    fire(60 * SECOND, 60 * SECOND, 0, 0);
    fire(70 * SECOND, 70 * SECOND, 1, 0);
    CHECK(200, 0, {90, 1});
}
END_TEST

START_TEST(an_alert_of_any_host_can_mute)
{
    inhibit(false);
    fire(60 * SECOND, 60 * SECOND, 0, 1);
    fire(70 * SECOND, 70 * SECOND, 1, 0);
    monitoring_fixture_run(&world, 200 * SECOND);
    ck_assert_int_eq(world.n, 1);
    ck_assert_uint_eq(world.log[0].notification.firing[1].word[0], 1);
}
END_TEST

/* Alerts that are on both sides of a rule do not mute each other. */
START_TEST(both_sides_of_an_inhibition_mute_nobody)
{
    inhibit(false);
    for (int rule = 0; rule < 2; rule++) {
        world.fleet.alertmanager.inhibitions[0].alert[rule][0].source = true;
        world.fleet.alertmanager.inhibitions[0].alert[rule][0].target = true;
    }
    fire(60 * SECOND, 60 * SECOND, 0, 0);
    fire(70 * SECOND, 70 * SECOND, 1, 0);
    CHECK(200, 0, {90, 1}, {100, 2});
}
END_TEST

/* A route that is mute from Monday 0:01 to 0:05 says nothing then; the flush of 6:30 does. */
START_TEST(a_mute_time_says_nothing_until_it_is_over)
{
    static int16_t route_of[2][FLEET_HOSTS];
    static uint32_t group_of[2][FLEET_HOSTS];
    static struct alert_route route;
    monitoring_fixture_close(&world);
    world.fleet.alertmanager.n_routes = 1;
    world.fleet.alertmanager.routes = &route;
    world.fleet.alertmanager.route_of = route_of;
    world.fleet.alertmanager.group_of = group_of;
    world.fleet.alertmanager.routes[0] = (struct alert_route){.group_wait_ms = 30 * SECOND,
                                                              .group_interval_ms = 300 * SECOND,
                                                              .repeat_interval_ms = 3600 * SECOND,
                                                              .has_mute = true,
                                                              .mute = {{0x1e}}};
    monitoring_fixture_open(&world);
    alertmanager_clock(world.alertmanager, 0);
    monitoring_fixture_reset(&world, &(struct stream){{1, 2, 3, 4}});
    fire(60 * SECOND, 60 * SECOND, 0, 0);
    keep_firing(180, 380, 60, 0, 0);
    CHECK(400, 0, {390, 1});
}
END_TEST

/* --- with Prometheus: what a re-fire t after the resolution is worth -------------------------- */

/* One host, evaluation and resend delay 60 s: an alert that fires again t seconds after it resolved
 * is not notified with probability 1 - t/300 (no tick in between); otherwise after group_wait, or,
 * where the re-sent resolution keeps a silent group alive (up to 30 s of every 120 s), at a tick.
 * 20,000 trials, limits at 5 standard errors: false alarms 1 in a million a row. */
START_TEST(refire_is_silent_with_the_documented_probability)
{
    const int64_t refire_s = 60 * (int64_t)_i;
    const int trials = 20000;
    double expected = fmax(0, 1 - (double)refire_s / 300), silent = 0, se;
    struct stream random;
    stream_seed(&random, 77 + (uint64_t)_i);
    for (int trial = 0; trial < trials; trial++) {
        int64_t resolved_ms = 600 * SECOND + stream_below(&random, 300000), refired_ms;
        bool told = false;
        refired_ms = resolved_ms + refire_s * SECOND;
        monitoring_fixture_reset(&world, &random);
        for (int64_t at_ms = 60 * SECOND; at_ms < resolved_ms; at_ms += 2 * MINUTE)
            fire(at_ms, 60 * SECOND, 0, 0);
        for (int64_t at_ms = resolved_ms; at_ms < refired_ms; at_ms += 2 * MINUTE) {
            monitoring_fixture_run(&world, at_ms);
            alertmanager_receive(world.alertmanager, at_ms, 0, 0, 60 * SECOND, resolved_ms);
        }
        for (int64_t at_ms = refired_ms; at_ms < refired_ms + 10 * MINUTE; at_ms += 2 * MINUTE)
            fire(at_ms, refired_ms, 0, 0);
        for (int i = 0; i < world.n; i++)
            told |= world.log[i].at_ms >= refired_ms && world.log[i].notification.firing[0].word[0];
        silent += !told;
    }
    se = sqrt(expected * (1 - expected) / trials);
    ck_assert_double_le(fabs(silent / trials - expected), 5 * se + 1e-12);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("alertmanager");
    TCase *groups = tcase_create("groups");
    TCase *refire = tcase_create("refire");
    tcase_add_checked_fixture(groups, setup, teardown);
    tcase_add_test(groups, first_notification_after_group_wait);
    tcase_add_test(groups, resolution_is_told_at_the_next_tick);
    tcase_add_test(groups, resolved_before_group_wait_is_never_told);
    tcase_add_test(groups, alert_without_updates_expires);
    tcase_add_test(groups, resolve_and_refire_between_ticks_is_never_told);
    tcase_add_test(groups, second_alert_of_a_group_waits_for_the_tick);
    tcase_add_test(groups, hosts_have_their_own_groups);
    tcase_add_test(groups, unchanged_group_repeats_after_repeat_interval);
    tcase_add_test(groups, empty_group_is_swept);
    tcase_add_test(groups, a_new_group_is_unflushed_whatever_was_before);
    tcase_add_test(groups, fired_and_resolved_within_a_tick_is_never_told);
    tcase_add_test(groups, one_of_two_resolved_is_told_once);
    tcase_add_test(groups, empty_group_not_yet_swept_ticks_on);
    tcase_add_test(groups, an_old_alert_does_not_wait_in_a_new_group);
    tcase_add_test(groups, exactly_group_wait_old_waits);
    tcase_add_test(groups, restart_forgets_groups_but_not_what_was_told);
    tcase_add_test(groups, overlapping_update_keeps_the_earlier_start);
    tcase_add_test(groups, routes_have_their_own_times);
    tcase_add_test(groups, a_firing_alert_mutes_another);
    tcase_add_test(groups, a_muted_alert_is_left_out_of_its_group);
    tcase_add_test(groups, an_alert_of_any_host_can_mute);
    tcase_add_test(groups, both_sides_of_an_inhibition_mute_nobody);
    tcase_add_test(groups, a_mute_time_says_nothing_until_it_is_over);
    suite_add_tcase(suite, groups);
    tcase_add_checked_fixture(refire, setup, teardown);
    tcase_add_loop_test(refire, refire_is_silent_with_the_documented_probability, 1, 7);
    suite_add_tcase(suite, refire);
    return suite;
}
