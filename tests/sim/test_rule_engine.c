/*
 * Rules that are no signals, in the simulation: as if every one were evaluated at every evaluation,
 * and in a closed loop with the jobs that they move.
 */
#include "tests/support/helpers.h"
#include "tests/support/scenario_text.h"

#include "sim/monitoring/rule_engine.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RULES "tests/bench/host-rules.yml"

static const char fleet[] =
    "fleet:\n"
    "  hosts:\n"
    "    - {name: P, tier: primary, slots: 4, cores: 8, memory: 32GB, probe: 10.0.0.1:9100}\n"
    "    - {name: B, tier: backup, slots: 2, cores: 8, memory: 16GB, probe: 10.0.0.2:9100}\n"
    "  workload:\n"
    "    arrivals: {kind: poisson, rate: 12/h, amplitude: 80%%}\n"
    "    classes:\n"
    "      - {name: a, duration: {kind: lognormal, p50: 6min, p95: 20min}, cores: 2, memory: 4GB}\n"
    "    on_failure: rerun\n"
    "  monitoring: {scrape_interval: %s, evaluation_interval: %s, rules: [%s]}\n"
    "  alertmanager: {group_wait: 30s, group_interval: 5min, group_by: [alertname, instance]}\n"
    "  policy: {persist: 1min, severities: [warning, critical]}\n"
    "  controller: {webhook: true}\n";

static const struct {
    const char *scrape, *evaluate, *faults;
} worlds[] = {
    {"30s", "1min", "[]"},
    {"30s", "1min",
     "[{kind: os-crash, target: P, at: 9h, lasts: 4min}, {kind: cpu-stress, target: B, at: 12h, "
     "lasts: 40min}]"},
    {"15s", "1min",
     "[{kind: disk-fill, target: P, at: 6h, size: 20GB, per: 10min}, {kind: disk-stress, target: "
     "P, at: 8h, lasts: 30min}]"},
    {"60s", "30s",
     "[{kind: monitoring-down, at: 7h, lasts: 20min}, {kind: memory-stress, target: P, at: 6h, "
     "lasts: 3h}]"},
    {"7s", "40s",
     "[{kind: network-partition, target: P, from: both, at: 10h, lasts: 15min}, {kind: "
     "scrape-flap, target: B, at: 3h, lasts: 2h, share: 40%}]"},
    {"30s", "1min",
     "[{kind: os-crash, target: any, at: 3h, every: {kind: uniform, min: 1h, max: 3h}, lasts: "
     "{kind: uniform, min: 30s, max: 20min}}, {kind: network-partition, target: any, from: "
     "monitoring, at: 5h, every: {kind: uniform, min: 1h, max: 4h}, lasts: {kind: uniform, min: "
     "30s, max: 9min}}]"},
    {"20s", "1min",
     "[{kind: target-lost, target: B, at: 5h, lasts: 1h}, {kind: service-stop, target: P, at: 15h, "
     "lasts: 10min}, {kind: crash-loop, target: P, at: 20h, lasts: 30min}]"},
};

/* The rules' path from wherever the scenario's own file stands. */
static void write_head(char *head, size_t size, const char *scrape, const char *evaluate)
{
    char *path = realpath(RULES, NULL);
    ck_assert_ptr_nonnull(path);
    snprintf(head, size, fleet, scrape, evaluate, path);
    free(path);
}

START_TEST(sparing_gives_what_evaluating_always_gives)
{
    struct scenario_text spared, always;
    char text[4096], head[2048];
    write_head(head, sizeof head, worlds[_i].scrape, worlds[_i].evaluate);
    snprintf(text, sizeof text, "name: s\nduration: 26h\n%sfaults: %s\n", head, worlds[_i].faults);
    scenario_text_load(&spared, "%s", text);
    scenario_text_load(&always, "%s", text);
    scenario_text_run(&spared, (struct experiment){.seed = 3, .replications = 2, .threads = 1});
    scenario_text_run(
        &always,
        (struct experiment){.seed = 3, .replications = 2, .threads = 1, .always_tick = true});
    ck_assert_msg(spared.result.digest == always.result.digest,
                  "scrapes every %s, evaluation every %s, %s: spared and evaluated differ",
                  worlds[_i].scrape, worlds[_i].evaluate, worlds[_i].faults);
    scenario_text_fini(&spared);
    scenario_text_fini(&always);
}
END_TEST

/* A disk that fills up fires, moves the jobs away, and is cleaned up at midnight. */
START_TEST(a_full_disk_moves_jobs_until_it_is_cleaned_up)
{
    struct scenario_text s;
    char head[2048];
    int64_t fired_ms, moved_ms, resolved_ms;
    write_head(head, sizeof head, "30s", "1min");
    scenario_text_load(&s,
                       "name: s\nduration: 30h\n%sfaults: [{kind: disk-fill, target: P, at: 20h, "
                       "size: 300GB}]\n",
                       head);
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1, .trace = true});
    fired_ms = scenario_text_when(&s, 20 * HOUR, "alert DiskSpace firing");
    /* for: 2m, plus a scrape and an evaluation at most */
    ck_assert_int_ge(fired_ms, 20 * HOUR + 2 * MINUTE);
    ck_assert_int_le(fired_ms, 20 * HOUR + 4 * MINUTE);
    moved_ms = scenario_text_when(&s, fired_ms, "routing has changed");
    ck_assert_int_ge(moved_ms, fired_ms);
    resolved_ms = scenario_text_when(&s, fired_ms, "alert DiskSpace resolved");
    ck_assert_int_gt(resolved_ms, 24 * HOUR);
    ck_assert_int_le(resolved_ms, 24 * HOUR + 2 * MINUTE);
    scenario_text_fini(&s);
}
END_TEST

/* Of one's own series: the host's, and the queue that grows while it is gone and then ends. */
START_TEST(ones_own_metric_fires_by_the_state_that_it_is_of)
{
    static const char metrics[] = "], metrics: [{name: ci_up, labels: {job: mine}, from: host_up}, "
                                  "{name: ci_queue, labels: {team: core}, from: queue_length}";
    struct scenario_text s;
    char rules[512] = "/tmp/understudy-own-XXXXXX", head[2048];
    int64_t fired_ms;
    FILE *file = fdopen(mkstemp(rules), "w");
    char *path = strdup(rules);
    ck_assert(file && path);
    fputs("groups: [{name: own, rules: [{alert: Gone, expr: 'ci_up{job=\"mine\"} == 0', for: 1m, "
          "labels: {severity: critical}}, {alert: Backlog, expr: 'label_replace("
          "ci_queue{team=\"core\"} > 3, \"instance\", \"P\", \"\", \"\")'}]}]\n",
          file);
    fclose(file);
    strcat(rules, metrics);
    snprintf(head, sizeof head, fleet, "30s", "1min", rules);
    scenario_text_load(&s,
                       "name: s\nduration: 9h\n%sfaults: [{kind: host-power-loss, target: all, at: "
                       "2h, lasts: 2h}]\n",
                       head);
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1, .trace = true});
    fired_ms = scenario_text_when(&s, 2 * HOUR, "alert Gone firing");
    /* for: 1m, and at most a scrape and an evaluation */
    ck_assert_int_ge(fired_ms, 2 * HOUR + MINUTE);
    ck_assert_int_le(fired_ms, 2 * HOUR + 3 * MINUTE + 30 * SECOND);
    fired_ms = scenario_text_when(&s, 2 * HOUR, "alert Backlog firing");
    ck_assert_int_gt(fired_ms, 2 * HOUR);
    ck_assert_int_lt(fired_ms, 4 * HOUR);
    ck_assert_int_gt(scenario_text_when(&s, fired_ms, "alert Backlog resolved"), 4 * HOUR);
    scenario_text_fini(&s);
    remove(path);
    free(path);
}
END_TEST

/* `for` across restarts of the server: a rule on series waits as the same one in closed form does,
 * whose waiting is held to Prometheus' elsewhere. */
START_TEST(a_restart_is_outlived_by_what_waits_to_fire)
{
    static const struct {
        const char *hold, *down, *lasts, *again;
    } restarts[] = {
        {"30m", "2h10min", "4min", "4h"},     {"30m", "2h25min", "4min", "4h"},
        {"30m", "2h40min", "9min", "4h"},     {"30m", "2h5min", "70min", "5h"},
        {"12m", "2h6min", "3min", "4h"},      {"5m", "2h3min", "3min", "4h"},
        {"40m", "2h8min", "3min", "2h12min"}, {"2h", "2h30min", "20min", "3h40min"},
    };
    struct scenario_text s;
    char rules[64] = "/tmp/understudy-wait-XXXXXX", head[2048];
    int64_t ours_ms, theirs_ms;
    FILE *file = fdopen(mkstemp(rules), "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file,
            "groups: [{name: g, rules: [{alert: Closed, expr: 'up{job=\"node\"} == 0', for: %s}, "
            "{alert: Open, expr: 'up{job=\"node\"} == 0 and on () vector(1)', for: %s}]}]\n",
            restarts[_i].hold, restarts[_i].hold);
    fclose(file);
    snprintf(head, sizeof head, fleet, "30s", "1min", rules);
    scenario_text_load(&s,
                       "name: s\nduration: 8h\n%sfaults: [{kind: host-power-loss, target: P, at: "
                       "2h, lasts: 5h}, {kind: monitoring-down, at: %s, lasts: %s}, {kind: "
                       "monitoring-down, at: %s, lasts: 2min}]\n",
                       head, restarts[_i].down, restarts[_i].lasts, restarts[_i].again);
    ck_assert_int_eq(s.scenario.fleet.monitoring.n_series, 1);
    scenario_text_run(&s, (struct experiment){.seed = 2, .replications = 1, .trace = true});
    theirs_ms = ours_ms = 2 * HOUR;
    for (int firings = 0; theirs_ms >= 0; firings++) {
        theirs_ms = scenario_text_when(&s, theirs_ms + 1, "alert Closed firing");
        ours_ms = scenario_text_when(&s, ours_ms + 1, "alert Open firing");
        ck_assert_int_eq(ours_ms, theirs_ms);
        ck_assert(theirs_ms >= 0 || firings > 0);
    }
    scenario_text_fini(&s);
    remove(rules);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("rule engine");
    TCase *tests = tcase_create("world");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, sparing_gives_what_evaluating_always_gives, 0,
                        (int)(sizeof worlds / sizeof *worlds));
    tcase_add_loop_test(tests, a_restart_is_outlived_by_what_waits_to_fire, 0, 8);
    tcase_add_test(tests, ones_own_metric_fires_by_the_state_that_it_is_of);
    tcase_add_test(tests, a_full_disk_moves_jobs_until_it_is_cleaned_up);
    suite_add_tcase(suite, tests);
    return suite;
}
