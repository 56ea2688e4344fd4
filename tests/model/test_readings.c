/* Readings into views: what counts as consecutive, what a hint may do, how old a feed is. */
#include "model/fleet/readings.h"
#include "tests/support/helpers.h"

#include <string.h>

static struct readings r;

static void begin(void)
{
    static struct fleet fleet;
    memset(&fleet, 0, sizeof fleet);
    fleet.n_hosts = 2;
    fleet.hosts[0] = (struct host){.slots = 8, .tier = TIER_PRIMARY};
    fleet.hosts[1] = (struct host){.slots = 4, .tier = TIER_BACKUP};
    fleet.policy.confirm = 3;
    fleet.policy.health_checks = 2;
    fleet.controller.probe_misses = 3;
    fleet.monitoring.present = true;
    readings_init(&r, &fleet, 1000);
    r.changed = false;
}

static void github(int64_t now_ms, int online)
{
    struct host_reading hosts[2] = {{.online = online, .busy = 1, .routed = 8},
                                    {.online = 4, .routed = 4}};
    readings_github(&r, now_ms, hosts);
}

START_TEST(a_new_controller_assumes_that_all_is_well)
{
    const struct view *view;
    begin();
    view = readings_view(&r, 1500);
    ck_assert_int_eq(view->n, 2);
    ck_assert_int_eq(view->host[0].online, 8);
    ck_assert_int_eq(view->host[0].routed, 8);
    ck_assert_int_eq(view->host[1].slots, 4);
    ck_assert_int_eq(view->host[1].tier, TIER_BACKUP);
    ck_assert_int_eq(view->host[0].health_passes, 2);
    ck_assert_int_eq(view->age_ms[FEED_GITHUB], 500);
}
END_TEST

START_TEST(one_online_reading_ends_a_row_of_offline_ones)
{
    const int online[] = {0, 0, 1, 0, 0, 0, 0, 8}, want[] = {1, 2, 0, 1, 2, 3, 3, 0};
    size_t i;
    begin();
    for (i = 0; i < sizeof online / sizeof *online; i++) {
        github(2000, online[i]);
        ck_assert_int_eq(r.view.host[0].offline_readings, want[i]);
        ck_assert_int_eq(r.view.host[1].offline_readings, 0);
    }
}
END_TEST

START_TEST(third_miss_makes_down_and_one_answer_makes_up)
{
    const bool answers[] = {false, false, false, false, true, false};
    const enum probe want[] = {PROBE_UNKNOWN, PROBE_UNKNOWN, PROBE_DOWN,
                               PROBE_DOWN,    PROBE_UP,      PROBE_UNKNOWN};
    size_t i;
    begin();
    for (i = 0; i < sizeof answers / sizeof *answers; i++) {
        readings_probe(&r, 2000, (bool[]){answers[i], true});
        ck_assert_int_eq(r.view.host[0].probe, want[i]);
        ck_assert_int_eq(r.view.host[1].probe, PROBE_UP);
    }
}
END_TEST

START_TEST(health_checks_count_up_to_what_is_wanted_and_fall_to_none)
{
    const bool passed[] = {false, true, true, true, false, true};
    const int want[] = {0, 1, 2, 2, 0, 1};
    size_t i;
    begin();
    for (i = 0; i < sizeof passed / sizeof *passed; i++) {
        readings_health(&r, 1, passed[i]);
        ck_assert_int_eq(r.view.host[1].health_passes, want[i]);
    }
}
END_TEST

START_TEST(a_hint_is_corrected_by_the_next_poll_and_freshens_nothing)
{
    begin();
    readings_alert_hint(&r, 0, 1u << SEVERITY_CRITICAL);
    ck_assert_uint_eq(readings_view(&r, 9000)->host[0].alerts, 1u << SEVERITY_CRITICAL);
    ck_assert_int_eq(r.view.age_ms[FEED_ALERTS], 8000);
    readings_alerts(&r, 9000, (unsigned[]){0, 1u << SEVERITY_WARNING});
    ck_assert_uint_eq(readings_view(&r, 9000)->host[0].alerts, 0);
    ck_assert_uint_eq(r.view.host[1].alerts, 1u << SEVERITY_WARNING);
    ck_assert_int_eq(r.view.age_ms[FEED_ALERTS], 0);
}
END_TEST

START_TEST(each_feed_ages_by_itself)
{
    const struct view *view;
    begin();
    github(5000, 8);
    readings_probe(&r, 7000, (bool[]){true, true});
    view = readings_view(&r, 10000);
    ck_assert_int_eq(view->age_ms[FEED_GITHUB], 5000);
    ck_assert_int_eq(view->age_ms[FEED_PROBE], 3000);
    ck_assert_int_eq(view->age_ms[FEED_ALERTS], 9000);
    r.no_alerts = true; /* a fleet without monitoring is not blind for that */
    ck_assert_int_eq(readings_view(&r, 10000)->age_ms[FEED_ALERTS], 0);
}
END_TEST

START_TEST(a_quiet_world_changes_nothing_and_busy_counts_are_no_change)
{
    int i;
    begin();
    for (i = 0; i < 5; i++) {
        github(2000 + i, 8);
        readings_alerts(&r, 2000 + i, (unsigned[]){0, 0});
        readings_probe(&r, 2000 + i, (bool[]){true, true});
        readings_health(&r, 0, true);
    }
    ck_assert(!r.changed);
    ck_assert_int_eq(r.view.host[0].busy, 1);
    github(3000, 7);
    ck_assert(r.changed);
}
END_TEST

/* A dead world as well: counters stop where the policy stops caring. */
START_TEST(counters_saturate)
{
    int i;
    begin();
    for (i = 0; i < 5; i++) {
        r.changed = false;
        github(2000 + i, 0);
        readings_probe(&r, 2000 + i, (bool[]){false, true});
        readings_health(&r, 0, false);
    }
    ck_assert(!r.changed);
}
END_TEST

/* The miss that does not yet change the probe's word brings the next one nearer. */
START_TEST(a_counted_miss_is_a_change)
{
    begin();
    readings_probe(&r, 2000, (bool[]){false, true});
    r.changed = false;
    readings_probe(&r, 3000, (bool[]){false, true});
    ck_assert_int_eq(r.view.host[0].probe, PROBE_UNKNOWN);
    ck_assert(r.changed);
}
END_TEST

START_TEST(what_is_done_by_hand_is_seen_at_once)
{
    begin();
    readings_pause(&r, true);
    ck_assert(r.changed && r.view.paused);
    r.changed = false;
    readings_maintenance(&r, 1, true);
    ck_assert(r.changed && r.view.host[1].maintenance && !r.view.host[0].maintenance);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("readings");
    TCase *views = tcase_create("views");
    tcase_add_test(views, a_new_controller_assumes_that_all_is_well);
    tcase_add_test(views, one_online_reading_ends_a_row_of_offline_ones);
    tcase_add_test(views, third_miss_makes_down_and_one_answer_makes_up);
    tcase_add_test(views, health_checks_count_up_to_what_is_wanted_and_fall_to_none);
    tcase_add_test(views, a_hint_is_corrected_by_the_next_poll_and_freshens_nothing);
    tcase_add_test(views, each_feed_ages_by_itself);
    tcase_add_test(views, a_quiet_world_changes_nothing_and_busy_counts_are_no_change);
    tcase_add_test(views, counters_saturate);
    tcase_add_test(views, a_counted_miss_is_a_change);
    tcase_add_test(views, what_is_done_by_hand_is_seen_at_once);
    suite_add_tcase(suite, views);
    return suite;
}
