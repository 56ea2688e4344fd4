/* Readings into views: what counts as consecutive, what a hint may do, how old a feed is. */
#include "model/policy/readings.h"
#include "tests/support/helpers.h"

static struct readings r;
static struct policy_config config;

static void begin(void)
{
    const struct readings_setup setup = {
        .n = 2, .host = {{8, TIER_PRIMARY}, {4, TIER_BACKUP}}, .probe_misses = 3};
    config = (struct policy_config){.confirm = 3,
                                    .health_checks = 2,
                                    .stale_after_ms = 60000,
                                    .severities = 1u << SEVERITY_CRITICAL};
    readings_init(&r, &config, &setup, 1000);
    r.changed = false;
}

static void github(int64_t now_ms, int online)
{
    const struct host_reading hosts[2] = {{.online = online, .busy = 1, .routed = 8},
                                          {.online = 4, .routed = 4}};
    readings_take(&r, POLL_GITHUB, now_ms, hosts);
}

static void alerts(int64_t now_ms, unsigned first, unsigned second)
{
    const struct host_reading hosts[2] = {{.severities = first}, {.severities = second}};
    readings_take(&r, POLL_ALERTS, now_ms, hosts);
}

static void probe(int64_t now_ms, bool answered)
{
    const struct host_reading hosts[2] = {{.answered = answered}, {.answered = true}};
    readings_take(&r, POLL_PROBE, now_ms, hosts);
}

static void check(int64_t now_ms)
{
    readings_take(&r, POLL_HEALTH, now_ms, NULL);
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
        probe(2000, answers[i]);
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
        probe(2000, passed[i]);
        check(2000);
        ck_assert_int_eq(r.view.host[0].health_passes, want[i]);
        ck_assert_int_eq(r.view.host[1].health_passes, 2);
    }
}
END_TEST

/* What a controller can know, all of it: each sign of trouble alone fails the check. */
START_TEST(a_host_is_healthy_by_what_was_read_of_it)
{
    begin();
    check(2000);
    ck_assert_int_eq(r.view.host[0].health_passes, 2);
    github(2000, 0);
    check(2000);
    ck_assert_int_eq(r.view.host[0].health_passes, 0);
    github(3000, 1); /* one registration is enough */
    check(3000);
    ck_assert_int_eq(r.view.host[0].health_passes, 1);
    probe(4000, false); /* the first miss: not yet down, but no answer */
    check(4000);
    ck_assert_int_eq(r.view.host[0].health_passes, 0);
    probe(5000, true);
    alerts(5000, 1u << SEVERITY_WARNING, 0); /* not one that moves jobs */
    check(5000);
    ck_assert_int_eq(r.view.host[0].health_passes, 1);
    readings_hint(&r, 0, 1u << SEVERITY_CRITICAL);
    check(6000);
    ck_assert_int_eq(r.view.host[0].health_passes, 0);
    ck_assert_int_eq(r.view.host[1].health_passes, 2);
}
END_TEST

START_TEST(what_cannot_be_seen_is_not_passed)
{
    const enum poll silent = (enum poll)_i;
    begin();
    if (silent != POLL_GITHUB)
        github(50000, 8);
    if (silent != POLL_ALERTS)
        alerts(50000, 0, 0);
    if (silent != POLL_PROBE)
        probe(50000, true);
    check(61000); /* as old as it may be */
    ck_assert_int_eq(r.view.host[0].health_passes, 2);
    check(61001);
    ck_assert_int_eq(r.view.host[0].health_passes, 0);
    ck_assert_int_eq(r.view.host[1].health_passes, 0);
}
END_TEST

START_TEST(a_hint_is_corrected_by_the_next_poll_and_freshens_nothing)
{
    begin();
    readings_hint(&r, 0, 1u << SEVERITY_CRITICAL);
    readings_hint(&r, 0, 1u << SEVERITY_PAGE);
    readings_hint(&r, 0, 0); /* resolved: for its own group of alerts only */
    ck_assert_uint_eq(readings_view(&r, 9000)->host[0].alerts,
                      1u << SEVERITY_CRITICAL | 1u << SEVERITY_PAGE);
    ck_assert_int_eq(r.view.age_ms[FEED_ALERTS], 8000);
    alerts(9000, 0, 1u << SEVERITY_WARNING);
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
    probe(7000, true);
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
        alerts(2000 + i, 0, 0);
        probe(2000 + i, true);
        check(2000 + i);
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
        probe(2000 + i, false);
        check(2000 + i);
    }
    ck_assert(!r.changed);
}
END_TEST

/* The miss that does not yet change the probe's word brings the next one nearer. */
START_TEST(a_counted_miss_is_a_change)
{
    begin();
    probe(2000, false);
    r.changed = false;
    probe(3000, false);
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

/* --- signs beyond the document --------------------------------------------------------------- */

static void look_for_signs(void)
{
    begin();
    config.deaf_after_ms = 600000;
    config.canary_late_ms = 300000;
    config.failure_pm = 800;
    config.failure_jobs = 5;
    config.failure_within_ms = 3600000;
}

/* The first host at `now_ms`; the second is busy with all its slots. */
static unsigned signs(int64_t now_ms, struct host_reading first)
{
    struct host_reading hosts[2] = {first, {.online = 4, .routed = 4, .busy = 4, .running = 4}};
    hosts[1].waiting_ms = first.waiting_ms;
    readings_take(&r, POLL_GITHUB, now_ms, hosts);
    ck_assert_uint_eq(r.view.host[1].signs, 0);
    return r.view.host[0].signs;
}

START_TEST(a_job_that_waits_over_idle_slots_makes_a_host_deaf)
{
    struct host_reading host = {
        .online = 8, .routed = 8, .busy = 7, .waiting_ms = 600000, .quiet_ms = 600000};
    look_for_signs();
    ck_assert_uint_eq(signs(2000, host), 1u << SIGN_DEAF);
    ck_assert(r.changed);
    host.waiting_ms--;
    ck_assert_uint_eq(signs(3000, host), 0);
    host.waiting_ms++;
    host.quiet_ms--; /* it does start jobs: GitHub is slow, or the queue long */
    ck_assert_uint_eq(signs(3500, host), 0);
    host.quiet_ms++;
    host.running = 8; /* the list of runners says idle, that of the jobs does not */
    ck_assert_uint_eq(signs(4000, host), 0);
    host.running = 0;
    host.routed = 0; /* nobody can wait for what is out of the rotation */
    ck_assert_uint_eq(signs(5000, host), 0);
    host.routed = 8;
    host.online = 7;
    ck_assert_uint_eq(signs(6000, host), 0);
}
END_TEST

START_TEST(a_canary_that_waits_too_long_is_a_sign)
{
    struct host_reading host = {.online = 8, .busy = 7, .canary_ms = 300000};
    look_for_signs();
    ck_assert_uint_eq(signs(2000, host), 1u << SIGN_CANARY); /* whether routed or not */
    host.canary_ms--;
    ck_assert_uint_eq(signs(3000, host), 0);
    host.canary_ms++;
    host.busy = 8; /* meanwhile: one was free when it was sent */
    ck_assert_uint_eq(signs(4000, host), 1u << SIGN_CANARY);
    host.online = host.busy = 0; /* nobody is there to take it, as GitHub says itself */
    ck_assert_uint_eq(signs(5000, host), 0);
}
END_TEST

static unsigned ends(int64_t now_ms, int done, int failed, int others_done, int others_failed)
{
    const struct host_reading hosts[2] = {
        {.online = 8, .routed = 8, .done = done, .failed = failed},
        {.online = 4, .routed = 4, .done = others_done, .failed = others_failed}};
    readings_take(&r, POLL_GITHUB, now_ms, hosts);
    return r.view.host[0].signs | r.view.host[1].signs << 16;
}

START_TEST(jobs_that_fail_on_one_host_alone_are_a_sign)
{
    look_for_signs();
    ck_assert_uint_eq(ends(10000, 0, 4, 0, 0), 0); /* fewer than five */
    ck_assert_uint_eq(ends(20000, 0, 1, 2, 0), 0); /* hardly anything from elsewhere */
    ck_assert_uint_eq(ends(30000, 0, 0, 1, 0), 1u << SIGN_FAILURES);
    ck_assert_uint_eq(ends(40000, 1, 0, 0, 0), 1u << SIGN_FAILURES); /* four of the last five */
    ck_assert_uint_eq(ends(50000, 1, 0, 0, 0), 0);                   /* three of them */
}
END_TEST

/* The second host shows idle slots as well, and starts jobs: GitHub is slow. */
START_TEST(a_host_that_starts_jobs_over_idle_slots_acquits_the_other)
{
    struct host_reading hosts[2] = {
        {.online = 8, .routed = 8, .waiting_ms = 600000, .quiet_ms = 600000},
        {.online = 4, .routed = 4, .busy = 3, .waiting_ms = 600000, .quiet_ms = 599999}};
    look_for_signs();
    readings_take(&r, POLL_GITHUB, 2000, hosts);
    ck_assert_uint_eq(r.view.host[0].signs, 0);
    hosts[1].quiet_ms++;
    readings_take(&r, POLL_GITHUB, 3000, hosts);
    ck_assert_uint_eq(r.view.host[0].signs, 1u << SIGN_DEAF);
    ck_assert_uint_eq(r.view.host[1].signs, 1u << SIGN_DEAF);
}
END_TEST

/* A registry is away: the successes from before say nothing of now. */
START_TEST(jobs_that_fail_everywhere_are_no_sign)
{
    look_for_signs();
    ck_assert_uint_eq(ends(10000, 20, 0, 10, 0), 0);
    ck_assert_uint_eq(ends(600000, 0, 5, 0, 0), 0);
    ck_assert_uint_eq(ends(700000, 0, 5, 0, 1), 0);
    ck_assert_uint_eq(ends(800000, 0, 5, 1, 3), 0);
}
END_TEST

START_TEST(failures_are_forgotten_in_their_time)
{
    look_for_signs();
    ck_assert_uint_eq(ends(10000, 0, 5, 3, 0), 1u << SIGN_FAILURES);
    ck_assert_uint_eq(ends(3610000, 0, 0, 0, 0), 1u << SIGN_FAILURES);
    ck_assert_uint_eq(ends(3610001, 0, 0, 0, 0), 0);
    ck_assert_uint_eq(ends(3620000, 0, 300, 3, 0), 1u << SIGN_FAILURES); /* more than the ring */
}
END_TEST

START_TEST(whoever_does_not_look_for_signs_sees_none)
{
    struct host_reading host = {.online = 8,
                                .routed = 8,
                                .waiting_ms = 3600000,
                                .canary_ms = 3600000,
                                .failed = 20,
                                .running = 3};
    begin();
    ck_assert_uint_eq(signs(2000, host), 0);
    ck_assert_int_eq(r.view.host[0].running, 3);
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
    tcase_add_test(views, a_host_is_healthy_by_what_was_read_of_it);
    tcase_add_loop_test(views, what_cannot_be_seen_is_not_passed, 0, FEED_COUNT);
    tcase_add_test(views, a_hint_is_corrected_by_the_next_poll_and_freshens_nothing);
    tcase_add_test(views, each_feed_ages_by_itself);
    tcase_add_test(views, a_quiet_world_changes_nothing_and_busy_counts_are_no_change);
    tcase_add_test(views, counters_saturate);
    tcase_add_test(views, a_job_that_waits_over_idle_slots_makes_a_host_deaf);
    tcase_add_test(views, a_host_that_starts_jobs_over_idle_slots_acquits_the_other);
    tcase_add_test(views, a_canary_that_waits_too_long_is_a_sign);
    tcase_add_test(views, jobs_that_fail_on_one_host_alone_are_a_sign);
    tcase_add_test(views, jobs_that_fail_everywhere_are_no_sign);
    tcase_add_test(views, failures_are_forgotten_in_their_time);
    tcase_add_test(views, whoever_does_not_look_for_signs_sees_none);
    tcase_add_test(views, a_counted_miss_is_a_change);
    tcase_add_test(views, what_is_done_by_hand_is_seen_at_once);
    suite_add_tcase(suite, views);
    return suite;
}
