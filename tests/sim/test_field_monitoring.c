/* What fleets report: faults of hosts and of monitoring itself, what Prometheus and Alertmanager
 * make of them, and what the policy's evidence makes of that. */
#include "tests/support/field_fixture.h"
#include "tests/support/helpers.h"

#include <string.h>

static struct scenario_text s;

static void teardown(void)
{
    scenario_text_fini(&s);
}

static const char crash_loop[] = "{kind: crash-loop, target: P, at: 1h, lasts: 1h, up: 70s, down: "
                                 "130s}";

START_TEST(a_crash_loop_destroys_jobs_and_is_dismissed_each_time)
{
    field_play(&s, "", crash_loop);
    ck_assert_int_gt(field_count(&s, 0, HOUR, 2 * HOUR, "the host is back"), 15);
    ck_assert_double_gt(scenario_text_mean(&s, METRIC_JOBS_FAILED), 20);
    ck_assert_int_gt(scenario_text_count(&s, "policy: detected"), 3);
    ck_assert_int_eq(scenario_text_count(&s, "policy: failover"), 0);
}
END_TEST

START_TEST(trouble_that_returns_drains_a_crash_loop)
{
    double without;
    field_play(&s, "", crash_loop);
    without = scenario_text_mean(&s, METRIC_JOBS_FAILED);
    teardown();
    field_play(&s, "returns: {}", crash_loop);
    ck_assert_int_eq(field_count(&s, 0, HOUR, HOUR + 30 * MINUTE, "policy: failover"), 1);
    ck_assert_int_eq(
        field_count(&s, 0, HOUR, HOUR + 30 * MINUTE, "policy: trouble keeps coming back"), 1);
    ck_assert_double_lt(scenario_text_mean(&s, METRIC_JOBS_FAILED), without / 2);
}
END_TEST

/* Half of the scrapes fail: `for: 2min` needs five in a row at least, and the host serves on. */
START_TEST(a_target_that_flaps_is_pending_again_and_again)
{
    field_play(&s, "", "{kind: scrape-flap, target: P, share: 50%, at: 1h, lasts: 1h}");
    ck_assert_int_gt(scenario_text_count(&s, "Offline pending"), 5);
    ck_assert_int_gt(scenario_text_count(&s, "Offline dropped"), 5);
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_JOBS_FAILED), 0);
    ck_assert_int_eq(field_count(&s, -1, 2 * HOUR + 2 * MINUTE, 3 * HOUR, "pending"), 0);
}
END_TEST

/* `up` is not 0, it is not there: the alert of a dead host resolves. */
START_TEST(a_lost_target_silences_the_alert_of_a_dead_host)
{
    field_play(&s, "",
               "{kind: host-power-loss, target: P, at: 1h, lasts: 90min},"
               "{kind: target-lost, target: P, at: 70min, lasts: 1h}");
    ck_assert_int_gt(field_count(&s, 0, HOUR, 70 * MINUTE, "Offline firing"), 0);
    ck_assert_int_gt(field_count(&s, 0, 70 * MINUTE, 73 * MINUTE, "Offline resolved"), 0);
}
END_TEST

START_TEST(a_lost_target_is_seen_by_absent_alone)
{
    scenario_text_load(
        &s,
        "name: stage\nduration: 3h\nfleet:\n%s%s  monitoring: {scrape_interval: 30s, "
        "rules: [{alert: Down, signal: up, for: 1min}, {alert: Gone, signal: "
        "absent, for: 1min}]}\nfaults: [{kind: target-lost, target: P, at: 1h, "
        "lasts: 1h}]\n",
        scenario_text_hosts, field_workload);
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1, .trace = true});
    ck_assert_int_eq(scenario_text_count(&s, "alert Down"), 0);
    ck_assert_int_eq(scenario_text_count(&s, "alert Gone firing"), 1);
    ck_assert_int_eq(scenario_text_count(&s, "alert Gone resolved"), 1);
}
END_TEST

/* Alertmanager believes an alert that nobody renews until EndsAt: then it gives a false all-clear.
 * The controller reads Prometheus itself, goes blind, and is not fooled. */
START_TEST(without_prometheus_alertmanager_gives_a_false_all_clear)
{
    field_play(&s, "",
               "{kind: host-power-loss, target: P, at: 1h, lasts: 90min},"
               "{kind: prometheus-down, at: 70min, lasts: 40min}");
    ck_assert_int_gt(field_count(&s, 0, HOUR, 70 * MINUTE, "notification: firing"), 0);
    ck_assert_int_gt(field_count(&s, 0, 71 * MINUTE, 90 * MINUTE, "notification: resolved"), 0);
    ck_assert_int_eq(field_count(&s, 0, 71 * MINUTE, 90 * MINUTE, "policy: failback"), 0);
    ck_assert_int_eq(field_count(&s, -1, 71 * MINUTE, 75 * MINUTE, "policy: blind"), 1);
}
END_TEST

/* The alert of the power loss is resolved, and told to be, after the second fault has struck, of
 * which no rule knows. */
START_TEST(an_incident_has_the_alerts_of_its_host_and_no_resolved_webhook)
{
    const struct quantity *metric = s.result.metric;
    field_play(&s, "",
               "{kind: host-power-loss, target: P, at: 1h, lasts: 20min},"
               "{kind: slow-host, target: P, slowdown: 1.1, at: 4801s, lasts: 90min}");
    ck_assert_int_gt(field_count(&s, 0, 4801 * SECOND, 100 * MINUTE, "notification: resolved"), 0);
    ck_assert_int_eq(field_count(&s, 0, 4801 * SECOND, 3 * HOUR, "notification: firing"), 0);
    ck_assert_int_eq(metric[METRIC_WEBHOOK].n, 1);
    ck_assert_int_eq(metric[METRIC_PENDING].n, 1);
    ck_assert_int_eq(metric[METRIC_FIRING].n, 1);
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_FIRING),
                        (double)(scenario_text_when(&s, HOUR, " firing") - HOUR));
}
END_TEST

/* Monitoring that goes down as a whole says nothing at all. */
START_TEST(without_either_server_nobody_is_told_anything)
{
    field_play(&s, "",
               "{kind: host-power-loss, target: P, at: 1h, lasts: 90min},"
               "{kind: monitoring-down, at: 70min, lasts: 40min}");
    ck_assert_int_gt(field_count(&s, 0, HOUR, 70 * MINUTE, "notification: firing"), 0);
    ck_assert_int_eq(field_count(&s, -1, 70 * MINUTE, 110 * MINUTE, "notification:"), 0);
    ck_assert_int_eq(field_count(&s, -1, 71 * MINUTE, 75 * MINUTE, "policy: blind"), 1);
}
END_TEST

/* One group for both hosts: what fires for P says nothing of B, and is told of P's own alert. */
static void play_shared_group(const char *more)
{
    scenario_text_load(
        &s,
        "name: stage\nduration: 3h\nfleet:\n%s%s  monitoring: {scrape_interval: 30s, "
        "rules: [{alert: Down, signal: up, for: 1min, severity: critical}]}\n  "
        "alertmanager: {group_by: [alertname]%s}\n  policy: {}\nfaults: [{kind: "
        "host-power-loss, target: P, at: 1h, lasts: 20min}]\n",
        scenario_text_hosts, field_workload, more);
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1, .trace = true});
}

START_TEST(a_notification_names_the_alert_that_it_bears)
{
    const struct timeline *timeline = &s.result.timeline;
    size_t i;
    play_shared_group("");
    ck_assert_int_eq(field_count(&s, 0, 0, 3 * HOUR, "notification: firing"), 1);
    ck_assert_int_eq(field_count(&s, 0, 0, 3 * HOUR, "notification: resolved"), 1);
    ck_assert_int_eq(field_count(&s, 1, 0, 3 * HOUR, "notification"), 0); /* it never fired */
    for (i = 0; i < timeline->n; i++) {
        const struct timeline_entry *entry = &timeline->entry[i];
        if (strstr(entry->what, "notification: firing"))
            ck_assert_str_eq(timeline->entry[entry->cause].what, "alert Down firing");
        if (strstr(entry->what, "notification: resolved"))
            ck_assert_str_eq(timeline->entry[entry->cause].what, "alert Down resolved");
    }
}
END_TEST

START_TEST(without_send_resolved_nobody_is_told_of_the_end)
{
    play_shared_group(", send_resolved: false");
    ck_assert_int_eq(field_count(&s, -1, 0, 3 * HOUR, "notification: firing"), 1);
    ck_assert_int_eq(field_count(&s, -1, 0, 3 * HOUR, "notification: resolved"), 0);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("field monitoring");
    TCase *monitoring = tcase_create("monitoring");
    tcase_add_checked_fixture(monitoring, NULL, teardown);
    tcase_add_test(monitoring, a_crash_loop_destroys_jobs_and_is_dismissed_each_time);
    tcase_add_test(monitoring, trouble_that_returns_drains_a_crash_loop);
    tcase_add_test(monitoring, a_target_that_flaps_is_pending_again_and_again);
    tcase_add_test(monitoring, a_lost_target_silences_the_alert_of_a_dead_host);
    tcase_add_test(monitoring, a_lost_target_is_seen_by_absent_alone);
    tcase_add_test(monitoring, without_prometheus_alertmanager_gives_a_false_all_clear);
    tcase_add_test(monitoring, without_either_server_nobody_is_told_anything);
    tcase_add_test(monitoring, an_incident_has_the_alerts_of_its_host_and_no_resolved_webhook);
    tcase_add_test(monitoring, a_notification_names_the_alert_that_it_bears);
    tcase_add_test(monitoring, without_send_resolved_nobody_is_told_of_the_end);
    suite_add_tcase(suite, monitoring);
    return suite;
}
