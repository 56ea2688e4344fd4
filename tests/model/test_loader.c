/* What fleet and scenario files mean. What the loader refuses is in test_invalid.c. */
#include "model/base/units.h"
#include "model/load/loader.h"
#include "tests/support/helpers.h"
#include "tests/support/temporary.h"

#include <glob.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct scenario scenario; /* too large for the stack of a thread */

static enum und_code load_text(const char *text, size_t length, struct und_err *err)
{
    const char *path = temporary_file(text, length);
    enum und_code code;
    *err = (struct und_err){0};
    code = scenario_load(&scenario, path, NULL, 0, err);
    unlink(path);
    return code;
}

#define HOSTS "hosts: [{name: a, slots: 8}, {name: b.x, tier: backup, slots: 4}]"
#define WORKLOAD "workload: {arrivals: {rate: 1/min}, classes: [{duration: 10min}]}"
#define FLEET "fleet:\n  " HOSTS "\n  " WORKLOAD "\n"

static void load(const char *text)
{
    struct und_err err;
    ck_assert_msg(load_text(text, strlen(text), &err) == UND_OK, "%s", err.text);
}

START_TEST(least_fleet_has_the_documented_defaults)
{
    const struct fleet *fleet = &scenario.fleet;
    load(FLEET);
    ck_assert_int_eq(fleet->n_hosts, 2);
    ck_assert_int_eq(fleet_slots(fleet), 12);
    ck_assert_int_eq(fleet_host_index(fleet, "b.x"), 1);
    ck_assert_int_eq(fleet_host_index(fleet, "c"), -1);
    ck_assert_int_eq(fleet->hosts[0].tier, TIER_PRIMARY);
    ck_assert_double_eq(fleet->hosts[0].speed, 1);
    ck_assert_int_eq(fleet->hosts[0].cores, 8);
    ck_assert_int_eq(fleet->hosts[0].memory_bytes, 32000000000);
    ck_assert(!fleet->hosts[0].has_mtbf);
    ck_assert_int_eq(fleet->workload.arrivals.kind, ARRIVALS_POISSON);
    ck_assert_double_eq_tol(fleet->workload.arrivals.rate_per_ms, 1.0 / 60000, 1e-15);
    ck_assert_int_eq(fleet->workload.fan_out.kind, FAN_OUT_FIXED);
    ck_assert_double_eq(fleet->workload.fan_out.mean, 1);
    ck_assert_int_eq(fleet->workload.queue.capacity, -1);
    ck_assert(!fleet->workload.queue.has_patience);
    ck_assert_int_eq(fleet->workload.on_failure, ON_FAILURE_FAIL);
    ck_assert_int_eq(fleet->workload.classes[0].duration.kind, DIST_FIXED);
    ck_assert_double_eq(dist_mean(&fleet->workload.classes[0].duration), 600000);
    ck_assert(!fleet->monitoring.present && !fleet->alertmanager.present && !fleet->has_policy);
    ck_assert_int_eq(fleet->controller.github_poll_ms, 20000);
    ck_assert(fleet->controller.webhook);
    ck_assert_double_eq(dist_mean(&fleet->controller.manual_repair), 1800000);
    ck_assert(isnan(fleet->objectives.availability));
    ck_assert_int_eq(fleet->objectives.mttd_ms, -1);
    ck_assert_int_eq(scenario.duration_ms, UNITS_DAY);
    ck_assert_int_eq(scenario.n_faults, 0);
    ck_assert_int_eq(scenario.documented.rto_ms, -1);
    ck_assert_int_eq(strncmp(scenario.name, "understudy-test-", 16), 0);
    scenario_fini(&scenario);
}
END_TEST

static void ck_refused_github(const char *value, const char *got)
{
    struct und_err err;
    char text[256], want[128];
    snprintf(text, sizeof text, FLEET "  github: %s\n", value);
    snprintf(want, sizeof want, "github: %s, want a mapping (key: value), or ideal", got);
    ck_assert_int_eq(load_text(text, strlen(text), &err), UND_USAGE);
    ck_assert_msg(strstr(err.text, want) != NULL, "%s", err.text);
}

/* A fleet that says nothing of GitHub has the real one: the ideal one has to be asked for. */
START_TEST(github_is_the_real_one_unless_the_file_says_ideal)
{
    const struct fleet *fleet = &scenario.fleet;
    load(FLEET);
    ck_assert(fleet->github.present);
    ck_assert_double_eq_tol(dist_quantile(&fleet->github.pickup, 0.5), 4000, 1e-6);
    ck_assert_int_eq(fleet->github.lock_ms, 600000);
    ck_assert(fleet->github.fast_recovery);
    scenario_fini(&scenario);
    load(FLEET "  github: ideal\n");
    ck_assert(!fleet->github.present);
    ck_assert_double_eq(dist_mean(&fleet->github.pickup), 0);
    scenario_fini(&scenario);
    ck_refused_github("idle", "got idle");
    ck_refused_github("[ideal]", "got a list");
    ck_refused_github("true", "got true");
}
END_TEST

START_TEST(evidence_beyond_the_document_is_off_unless_asked_for)
{
    const struct policy_config *policy = &scenario.fleet.policy;
    load(FLEET "  policy: {}\n");
    ck_assert_uint_eq(policy->signs[SIGN_PARTIAL].then, 0);
    ck_assert_int_eq(policy->returns_within_ms, 0);
    scenario_fini(&scenario);
    load(FLEET "  policy: {evidence: {partial: {}, returns: {}}}\n");
    ck_assert_uint_eq(policy->signs[SIGN_PARTIAL].then, 1u << REMEDY_PAGE);
    ck_assert_int_eq(policy->signs[SIGN_PARTIAL].lasts_ms, 600000);
    ck_assert_int_eq(policy->partial_pm, 600);
    ck_assert_int_eq(policy->returns, 3);
    ck_assert_int_eq(policy->returns_within_ms, 1800000);
    ck_assert_int_eq(policy->hold_ms, 3600000);
    scenario_fini(&scenario);
    load(FLEET "  policy: {evidence: {partial: {below: 80%, lasts: 0s, then: [page, drain]}}}\n");
    ck_assert_uint_eq(policy->signs[SIGN_PARTIAL].then, 1u << REMEDY_PAGE | 1u << REMEDY_DRAIN);
    ck_assert_int_eq(policy->partial_pm, 800);
    ck_assert_int_eq(policy->signs[SIGN_PARTIAL].lasts_ms, 0);
    ck_assert_int_eq(policy->returns_within_ms, 0);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(sections_that_are_there_bring_the_real_defaults)
{
    const struct fleet *fleet = &scenario.fleet;
    load(FLEET "  github:\n  monitoring: {}\n  alertmanager: {}\n  policy: {}\n");
    ck_assert(fleet->github.present);
    ck_assert_double_eq_tol(dist_quantile(&fleet->github.pickup, 0.5), 4000, 1e-6);
    ck_assert_double_eq_tol(dist_quantile(&fleet->github.pickup, 0.95), 8000, 1e-6);
    ck_assert_double_eq_tol(dist_quantile(&fleet->github.offline_after, 0.5), 105000, 1e-6);
    ck_assert_int_eq(fleet->github.lock_ms, 600000);
    ck_assert_int_eq(fleet->github.queue_limit_ms, UNITS_DAY);
    ck_assert_int_eq(fleet->github.selection, SELECTION_RANDOM);
    ck_assert(fleet->github.fast_recovery);
    ck_assert_int_eq(fleet->monitoring.scrape_interval_ms, 60000);
    ck_assert_int_eq(fleet->monitoring.scrape_timeout_ms, 10000);
    ck_assert_int_eq(fleet->monitoring.lookback_ms, 300000);
    ck_assert_int_eq(fleet->alertmanager.group_wait_ms, 30000);
    ck_assert(fleet->alertmanager.group_by_instance && fleet->alertmanager.group_by_alertname);
    ck_assert(fleet->has_policy);
    ck_assert_int_eq(fleet->policy.persist_ms, 300000);
    ck_assert_int_eq(fleet->policy.ramp_ms, 600000);
    ck_assert_int_eq(fleet->policy.max_failovers, 3);
    ck_assert_int_eq(fleet->policy.confirm, 3);
    ck_assert_uint_eq(fleet->policy.severities, 1u << SEVERITY_CRITICAL);
    ck_assert(fleet->policy.overflow);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(short_scrape_interval_cuts_the_default_timeout)
{
    load(FLEET "  monitoring: {scrape_interval: 5s}\n");
    ck_assert_int_eq(scenario.fleet.monitoring.scrape_timeout_ms, 5000);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(faults_and_claims_and_expectations_are_read)
{
    const struct fault *fault = scenario.faults;
    load(FLEET
         "duration: 6h\nstart: 9h\nwarmup: auto\n"
         "faults:\n"
         "  - {kind: network-partition, target: all, from: both, at: {kind: uniform, min: 1h, "
         "max: 2h}, lasts: 5min, every: 1d, chance: 50%}\n"
         "  - {kind: cpu-stress, target: b.x, load: 90%, slowdown: 2}\n"
         "  - {kind: clock-jump, target: backup, jump: -90s}\n"
         "  - {kind: service-stop, target: [primary, b.x], graceful: false}\n"
         "documented: {detection: 2min, failover: N/A, impact: Jobs queue}\n"
         "expect:\n"
         "  - {metric: detection_ms, quantile: p99.9, op: <, value: 5min}\n"
         "  - {metric: rto, quantile: 0.5, op: <=, value: 90s}\n"
         "  - {metric: availability, mean: true, op: '>=', value: 99%}\n"
         "  - {metric: jobs_done, statistic: p5, op: '>', value: 10}\n"
         "drill: {target: b.x, lease: 1h, inject: [{name: stop it, run: [stop, '{id}'], undo: "
         "[go]}]}\n");
    ck_assert_int_eq(scenario.n_faults, 4);
    ck_assert_int_eq(fault[0].n_targets, 2);
    ck_assert_uint_eq(fault[0].from, FROM_GITHUB | FROM_MONITORING);
    ck_assert_int_eq(fault[0].at.kind, DIST_UNIFORM);
    ck_assert(fault[0].has_lasts && fault[0].has_every);
    ck_assert_double_eq(fault[0].chance, 0.5);
    ck_assert_int_eq(fault[0].line, 8);
    ck_assert_int_eq(fault[1].targets[0], 1);
    ck_assert_int_eq(fault[1].load_pm, 900);
    ck_assert_double_eq(fault[1].slowdown, 2);
    ck_assert(!fault[1].has_lasts);
    ck_assert_double_eq(dist_mean(&fault[1].at), 0);
    ck_assert_double_eq(fault[1].chance, 1);
    ck_assert_int_eq(fault[2].jump_ms, -90000);
    ck_assert_int_eq(fault[3].n_targets, 2);
    ck_assert(!fault[3].graceful);
    ck_assert(scenario.warmup_auto);
    ck_assert_int_eq(scenario.start_ms, 9 * UNITS_HOUR);
    ck_assert_int_eq(scenario.documented.detection_ms, 120000);
    ck_assert_int_eq(scenario.documented.failover_ms, -2);
    ck_assert_int_eq(scenario.documented.rto_ms, -1);
    ck_assert_int_eq(scenario.expects[0].metric, METRIC_DETECTION);
    ck_assert_int_eq(scenario.expects[0].statistic, STATISTIC_QUANTILE);
    ck_assert_double_eq_tol(scenario.expects[0].quantile, 0.999, 1e-12);
    ck_assert_double_eq(scenario.expects[0].value, 300000);
    ck_assert_int_eq(scenario.expects[0].line, 14);
    ck_assert_int_eq(scenario.expects[1].op, OP_LE);
    ck_assert_int_eq(scenario.expects[2].statistic, STATISTIC_MEAN);
    ck_assert_double_eq(scenario.expects[2].value, 0.99);
    ck_assert_double_eq(scenario.expects[3].quantile, 0.05);
    ck_assert(scenario.drill.present);
    ck_assert_int_eq(scenario.drill.target, 1);
    ck_assert_int_eq(scenario.drill.lease_ms, UNITS_HOUR);
    ck_assert_int_eq(scenario.drill.inject[0].run.n, 2);
    ck_assert_str_eq(scenario.drill.inject[0].run.arg[1], "{id}");
    ck_assert_int_eq(scenario.drill.inject[0].lease, DRILL_LEASE_SYSTEMD);
    ck_assert_double_eq(scenario.drill.preconditions.cpu, 0.5);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(every_name_of_a_kind_reads_as_that_kind)
{
    int i;
    for (i = 0; i < DIST_KINDS; i++) {
        struct und_err err = {0};
        char text[400];
        snprintf(text, sizeof text,
                 "fleet: {" HOSTS ", workload: {arrivals: {rate: 1/min}, classes: [{duration: "
                 "{kind: %s, cv2: 1e6}}]}}\n",
                 dist_kind_name((enum dist_kind)i));
        /* None of them takes just that; the message says which kind was understood. */
        ck_assert_int_eq(load_text(text, strlen(text), &err), UND_USAGE);
        ck_assert_ptr_null(strstr(err.text, "want one of"));
        if (i != DIST_EMPIRICAL) {
            snprintf(text, sizeof text, "%s distribution", dist_kind_name((enum dist_kind)i));
            ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
        }
    }
    for (i = 0; i < FAULT_KINDS; i++)
        ck_assert_ptr_nonnull(fault_kind_name((enum fault_kind)i));
    ck_assert_str_eq(fault_kind_name(FAULT_MAINTENANCE), "maintenance");
    ck_assert_str_eq(fault_kind_name(FAULT_GITHUB_API_ERRORS), "github-api-errors");
    ck_assert_str_eq(op_name(OP_GE), ">=");
}
END_TEST

START_TEST(plain_mtbf_is_an_exponential_mean)
{
    load("fleet: {hosts: [{name: a, slots: 1, mtbf: 30d, mttr: {kind: fixed, mean: 2h}}], " WORKLOAD
         "}\n");
    ck_assert(scenario.fleet.hosts[0].has_mtbf);
    ck_assert_int_eq(scenario.fleet.hosts[0].mtbf.kind, DIST_EXPONENTIAL);
    ck_assert_double_eq(dist_mean(&scenario.fleet.hosts[0].mtbf), 30.0 * UNITS_DAY);
    ck_assert_int_eq(scenario.fleet.hosts[0].mttr.kind, DIST_FIXED);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(core_schema_not_yaml_1_1)
{
    load("fleet: {hosts: [{name: no, slots: 010}, {name: on, slots: 0x10}], " WORKLOAD "}\n");
    ck_assert_str_eq(scenario.fleet.hosts[0].name, "no");
    ck_assert_int_eq(scenario.fleet.hosts[0].slots, 10);
    ck_assert_str_eq(scenario.fleet.hosts[1].name, "on");
    ck_assert_int_eq(scenario.fleet.hosts[1].slots, 16);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(json_is_read_too)
{
    load("{\"fleet\":{\"hosts\":[{\"name\":\"a\\u00e9\",\"slots\":2}],"
         "\t\"workload\":{\"arrivals\":{\"rate\":\"3\\/s\"},"
         "\"classes\":[{\"duration\":\"1s\"}]}}}");
    ck_assert_str_eq(scenario.fleet.hosts[0].name, "a\xc3\xa9");
    ck_assert_double_eq_tol(scenario.fleet.workload.arrivals.rate_per_ms, 0.003, 1e-15);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(aliases_are_copies)
{
    static const char *const sets[] = {"fleet.hosts.b.slots=3"};
    struct und_err err = {0};
    const char *path = temporary_file("fleet:\n  hosts:\n"
                                      "    - name: a\n      slots: &n 2\n"
                                      "    - {name: b, slots: *n}\n  " WORKLOAD "\n",
                                      sizeof "fleet:\n  hosts:\n"
                                             "    - name: a\n      slots: &n 2\n"
                                             "    - {name: b, slots: *n}\n  " WORKLOAD "\n" -
                                          1);
    ck_assert_int_eq(scenario_load(&scenario, path, sets, 1, &err), UND_OK);
    unlink(path);
    ck_assert_int_eq(scenario.fleet.hosts[0].slots, 2);
    ck_assert_int_eq(scenario.fleet.hosts[1].slots, 3);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(trace_is_exact)
{
    static const char *const sets[] = {
        "fleet.workload={arrivals: {kind: trace, file: tests/invalid/trace.csv}}"};
    const struct trace *trace = &scenario.fleet.workload.arrivals.trace;
    struct und_err err = {0};
    ck_assert_msg(scenario_load(&scenario, "tests/invalid/good.yaml", sets, 1, &err) == UND_OK,
                  "%s", err.text);
    ck_assert_uint_eq(trace->n, 2);
    ck_assert_int_eq(trace->submit_ms[1], 5250);
    ck_assert_int_eq(trace->duration_ms[1], 300125);
    ck_assert_int_eq(trace->job_class[1], 0);
    ck_assert_int_eq(scenario.fleet.workload.n_classes, 1);
    ck_assert_int_eq(scenario.duration_ms, 0);
    scenario_fini(&scenario);
}
END_TEST

/* With the mark that spreadsheets begin a file with. */
START_TEST(trace_starts_with_its_first_job)
{
    static const char csv[] = "\xEF\xBB\xBF"
                              "submit_s,duration_s,class\r\n100.5,60,ci\r\n\r\n101,0,ci\r\n";
    const struct trace *trace = &scenario.fleet.workload.arrivals.trace;
    const char *path = temporary_file(csv, sizeof csv - 1);
    struct und_err err = {0};
    char set[200];
    const char *sets[] = {set};
    snprintf(set, sizeof set, "fleet.workload.arrivals={kind: trace, file: %s}", path);
    ck_assert_msg(scenario_load(&scenario, "tests/invalid/good.yaml", sets, 1, &err) == UND_OK,
                  "%s", err.text);
    unlink(path);
    ck_assert_uint_eq(trace->n, 2);
    ck_assert_int_eq(trace->submit_ms[0], 0);
    ck_assert_int_eq(trace->submit_ms[1], 500);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(empirical_fan_out_has_the_mean_of_its_weights)
{
    load("fleet: {" HOSTS ", workload: {arrivals: {rate: 1/min}, fan_out: {kind: empirical, "
         "weights: [1, 0, 3]}, classes: [{duration: 1min}]}}\n");
    ck_assert_int_eq(scenario.fleet.workload.fan_out.n_weights, 3);
    ck_assert_double_eq(scenario.fleet.workload.fan_out.mean, 2.5);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(empirical_values_come_sorted_from_their_column)
{
    static const char *const sets[] = {
        "fleet.workload.classes.ci.duration={kind: empirical, file: tests/invalid/unsorted.csv, "
        "column: submit_s}"};
    const struct dist *dist = &scenario.fleet.workload.classes[0].duration;
    struct und_err err = {0};
    ck_assert_msg(scenario_load(&scenario, "tests/invalid/good.yaml", sets, 1, &err) == UND_OK,
                  "%s", err.text);
    ck_assert_uint_eq(dist->n_values, 3);
    ck_assert_int_eq(dist->values[0], 10000);
    ck_assert_int_eq(dist->values[1], 15000);
    ck_assert_int_eq(dist->values[2], 20000);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(fleet_file_alone_is_a_fleet_and_a_scenario)
{
    static struct fleet fleet;
    struct und_err err = {0};
    ck_assert_int_eq(fleet_load(&fleet, "tests/invalid/chain-2.yaml", NULL, 0, &err), UND_OK);
    ck_assert_int_eq(fleet.n_hosts, 2);
    ck_assert_str_eq(fleet.path, "tests/invalid/good.yaml");
    fleet_fini(&fleet);
    ck_assert_int_eq(scenario_load(&scenario, "tests/invalid/good.yaml", NULL, 0, &err), UND_OK);
    ck_assert_str_eq(scenario.name, "good");
    scenario_fini(&scenario);
}

START_TEST(shipped_scenario_loads)
{
    glob_t found;
    size_t i;
    ck_assert_int_eq(glob("scenarios/*.yaml", 0, NULL, &found), 0);
    ck_assert_uint_ge(found.gl_pathc, 17);
    for (i = 0; i < found.gl_pathc; i++) {
        struct und_err err = {0};
        ck_assert_msg(scenario_load(&scenario, found.gl_pathv[i], NULL, 0, &err) == UND_OK, "%s",
                      err.text);
        ck_assert_int_eq(scenario.fleet.hosts[0].slots, 8);
        scenario_fini(&scenario);
    }
    globfree(&found);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("loader");
    TCase *files = tcase_create("files");
    tcase_add_test(files, least_fleet_has_the_documented_defaults);
    tcase_add_test(files, github_is_the_real_one_unless_the_file_says_ideal);
    tcase_add_test(files, evidence_beyond_the_document_is_off_unless_asked_for);
    tcase_add_test(files, sections_that_are_there_bring_the_real_defaults);
    tcase_add_test(files, short_scrape_interval_cuts_the_default_timeout);
    tcase_add_test(files, faults_and_claims_and_expectations_are_read);
    tcase_add_test(files, every_name_of_a_kind_reads_as_that_kind);
    tcase_add_test(files, plain_mtbf_is_an_exponential_mean);
    tcase_add_test(files, core_schema_not_yaml_1_1);
    tcase_add_test(files, json_is_read_too);
    tcase_add_test(files, aliases_are_copies);
    tcase_add_test(files, trace_is_exact);
    tcase_add_test(files, trace_starts_with_its_first_job);
    tcase_add_test(files, empirical_fan_out_has_the_mean_of_its_weights);
    tcase_add_test(files, empirical_values_come_sorted_from_their_column);
    tcase_add_test(files, fleet_file_alone_is_a_fleet_and_a_scenario);
    tcase_add_test(files, shipped_scenario_loads);
    suite_add_tcase(suite, files);
    return suite;
}
