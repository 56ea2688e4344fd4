/* What simulated hosts export, and what expressions over it can give at all. */
#include "tests/support/helpers.h"

#include "model/series/reach.h"

#include <check.h>
#include <string.h>

static struct fleet fleet;

static void setup(void)
{
    memset(&fleet, 0, sizeof fleet);
    fleet.n_hosts = 2;
    for (int i = 0; i < 2; i++) {
        struct host *host = &fleet.hosts[i];
        strcpy(host->name, i ? "two" : "one");
        strcpy(host->probe, i ? "http://10.0.0.2:9100/metrics" : "10.0.0.1:9100");
        host->slots = 4;
        host->cores = 8;
        host->memory_bytes = 32000000000LL;
    }
    fleet.workload.n_classes = 1;
    fleet.workload.classes[0].cores = 1; /* four of them: half the CPU */
    fleet.workload.classes[0].memory_bytes = 1000000000LL;
}

static const struct {
    const char *expr;
    enum reach_verdict verdict;
    uint64_t hosts;
    int n;
} reached[] = {
    {"made_up > 1", REACH_NO_SERIES, 0, 0},
    {"up{job=\"elsewhere\"} == 0", REACH_NO_SERIES, 0, 0},
    {"node_hwmon_temp_celsius > node_hwmon_temp_max_celsius", REACH_NEVER, 3, 2},
    {"rate(node_cpu_seconds_total{mode=\"steal\"}[5m]) > 0.1", REACH_NEVER, 3, 16},
    {"increase(node_vmstat_oom_kill[1h]) > 0", REACH_NEVER, 3, 2},
    {"1 - avg by (instance) (rate(node_cpu_seconds_total{mode=\"idle\"}[5m])) > 0.6",
     REACH_BY_FAULT, 3, 2},
    {"1 - avg by (instance) (rate(node_cpu_seconds_total{mode=\"idle\"}[5m])) > 0.4", REACH_BY_JOBS,
     3, 2},
    {"node_load5 / count without (cpu, mode) (node_cpu_seconds_total{mode=\"idle\"}) > 2",
     REACH_BY_FAULT, 3, 2},
    {"node_filesystem_avail_bytes{mountpoint=\"/\"} / node_filesystem_size_bytes < 0.1",
     REACH_BY_FAULT, 3, 2},
    {"node_filesystem_files_free / node_filesystem_files < 0.05", REACH_NEVER, 3, 4},
    {"probe_success == 0", REACH_BY_FAULT, 3, 2},
    {"up{job=\"node\"} == 0 and on (instance) probe_success == 1", REACH_BY_FAULT, 3, 2},
    {"up{instance=\"10.0.0.2:9100\", job=\"node\"} == 0", REACH_BY_FAULT, 2, 1},
    {"runner_status == 0", REACH_BY_FAULT, 3, 2},
    {"github_runner_status == 0", REACH_BY_FAULT, 3, 2},
    {"gha_pending_jobs > 5", REACH_BY_JOBS, 0, 1},
    {"absent(up{job=\"prometheus\"})", REACH_BY_FAULT, 0, 1},
    {"sum by (job) (up) == 0", REACH_BY_FAULT, 0, 6},
    {"vector(1)", REACH_BY_JOBS, 0, 1},
    /* What only filters keep apart: a host is taken to have a result. */
    {"probe_success * on (instance) probe_http_duration_seconds > 1", REACH_NEVER, 3, 2},
};

START_TEST(an_expression_reaches_what_is_exported)
{
    struct reach_world *world;
    struct promql *promql;
    struct reach reach;
    struct und_err err = {0};
    setup();
    world = reach_open(&fleet, NULL, 0);
    promql = promql_parse(reached[_i].expr, PROMQL_2, "", &err);
    ck_assert_msg(promql != NULL, "%s", err.text);
    reach_find(world, promql, &reach);
    ck_assert_msg(reach.verdict == reached[_i].verdict && reach.hosts == reached[_i].hosts &&
                      reach.n == reached[_i].n,
                  "%s: got verdict %d, hosts %lx, %d results", reached[_i].expr, reach.verdict,
                  (unsigned long)reach.hosts, reach.n);
    ck_assert_int_eq(reach.verdict == REACH_NO_SERIES, reach.missing[0] != '\0');
    promql_free(promql);
    reach_close(world);
}
END_TEST

/* The labels of a result are Prometheus' own: what matching and grouping leave. */
START_TEST(results_have_the_labels_that_prometheus_gives)
{
    struct reach_world *world;
    struct promql *promql;
    struct reach reach;
    struct und_err err = {0};
    setup();
    world = reach_open(&fleet, NULL, 0);
    promql = promql_parse("node_filesystem_avail_bytes / node_filesystem_size_bytes < 0.1",
                          PROMQL_2, "", &err);
    reach_find(world, promql, &reach);
    ck_assert_str_eq(labels_get(reach.of_host[1], "instance"), "10.0.0.2:9100");
    ck_assert_str_eq(labels_get(reach.of_host[1], "mountpoint"), "/");
    ck_assert_str_eq(labels_get(reach.of_host[1], "job"), "node");
    ck_assert_str_eq(labels_get(reach.of_host[1], "__name__"), "");
    promql_free(promql);
    reach_close(world);
}
END_TEST

/* One's own: where it is exported, under which labels, of what state. */
static const struct {
    const char *expr;
    enum reach_verdict verdict;
    uint64_t hosts;
    int n;
    const char *sources;
} own[] = {
    {"ci_queue{team=\"core\",job=\"ci-exporter\"} > 5", REACH_BY_JOBS, 0, 1,
     "jobs that wait (monitoring.metrics: of the fleet)"},
    {"ci_queue{team=\"other\"} > 5", REACH_NO_SERIES, 0, 0, ""},
    {"ci_up{job=\"mine\",instance=\"10.0.0.2:9100\"} == 0", REACH_BY_FAULT, 2, 1,
     "whether a probe reaches the host (monitoring.metrics: blackbox probe of the host)"},
    {"ci_busy{job=\"node\"} >= 4", REACH_BY_JOBS, 3, 2,
     "jobs that run (monitoring.metrics: node_exporter on the host)"},
    {"ci_busy > 4", REACH_NEVER, 3, 2, "jobs that run"},
    {"ci_fixed > 2", REACH_BY_JOBS, 3, 2, "a constant"},
    {"ci_fixed > 3", REACH_NEVER, 3, 2, "a constant"},
    /* In place of the model's own. */
    {"runner_health == 7", REACH_BY_JOBS, 3, 2, "a constant (monitoring.metrics"},
    {"up{job=\"ci-exporter\"} == 0", REACH_BY_FAULT, 0, 1, "whether scrapes succeed"},
};

START_TEST(metrics_of_ones_own_are_exported)
{
    static const struct own_metric metrics[] = {
        {.name = "ci_queue",
         .from = FROM_QUEUE_LENGTH,
         .on = METRIC_ON_FLEET,
         .n_labels = 1,
         .labels = {{"team", "core"}}},
        {.name = "ci_up",
         .from = FROM_HOST_UP,
         .on = METRIC_ON_PROBE,
         .n_labels = 1,
         .labels = {{"job", "mine"}}},
        {.name = "ci_busy", .from = FROM_BUSY_SLOTS, .on = METRIC_ON_HOST},
        {.name = "ci_fixed", .constant = true, .value = 3, .on = METRIC_ON_HOST},
        {.name = "runner_health", .constant = true, .value = 7, .on = METRIC_ON_HOST},
    };
    struct reach_world *world;
    struct promql *promql;
    struct reach reach;
    struct und_err err = {0};
    setup();
    memcpy(fleet.monitoring.metrics, metrics, sizeof metrics);
    fleet.monitoring.n_metrics = sizeof metrics / sizeof *metrics;
    world = reach_open(&fleet, NULL, 0);
    promql = promql_parse(own[_i].expr, PROMQL_2, "", &err);
    ck_assert_msg(promql != NULL, "%s", err.text);
    reach_find(world, promql, &reach);
    ck_assert_msg(reach.verdict == own[_i].verdict && reach.hosts == own[_i].hosts &&
                      reach.n == own[_i].n && strstr(reach.sources, own[_i].sources),
                  "%s: got verdict %d, hosts %lx, %d results, of %s", own[_i].expr, reach.verdict,
                  (unsigned long)reach.hosts, reach.n, reach.sources);
    promql_free(promql);
    reach_close(world);
}
END_TEST

/* What prometheus.yml says of a target is in its series: by labels that relabeling set too. */
START_TEST(series_have_the_labels_of_their_targets)
{
    struct scrape_target targets[] = {
        {0, 0, "{\"instance\":\"build-1\",\"job\":\"ci node\",\"env\":\"prod\"}"},
        {0, 1, NULL},
        {1, -1, "{\"instance\":\"mon:9090\",\"job\":\"prometheus\",\"version\":\"x\"}"}};
    static const struct {
        const char *expr;
        uint64_t hosts;
        int n;
    } reads[] = {
        {"node_load1{job=\"ci node\",env=\"prod\"} >= 0", 1, 1},
        {"node_load1{env!=\"prod\"} >= 0", 0, 0},
        {"node_load1 >= 0", 1, 1}, /* the other host is not scraped */
        {"node_load1{instance=\"build-1\"} >= 0", 1, 1},
        {"node_load1{instance=\"10.0.0.1:9100\"} >= 0", 0, 0},
        {"up{instance=\"mon:9090\"} >= 0", 0, 1},
        {"prometheus_build_info{version=\"x\",exported_version=\"2.42.0\"} == 1", 0, 1},
        {"probe_success >= 0", 3, 2}, /* of a job that the file does not have */
    };
    static struct scrape_job jobs[2];
    struct reach_world *world;
    setup();
    fleet.monitoring.n_jobs = 2;
    fleet.monitoring.jobs = jobs;
    strcpy(fleet.monitoring.jobs[0].name, "ci node");
    strcpy(fleet.monitoring.jobs[1].name, "prometheus");
    fleet.monitoring.targets = targets;
    fleet.monitoring.n_targets = 3;
    world = reach_open(&fleet, NULL, 0);
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
        struct und_err err = {0};
        struct promql *promql = promql_parse(reads[i].expr, PROMQL_2, "", &err);
        struct reach reach;
        ck_assert_msg(promql != NULL, "%s", err.text);
        reach_find(world, promql, &reach);
        ck_assert_msg(reach.hosts == reads[i].hosts && reach.n == reads[i].n,
                      "%s: got hosts %lx, %d results", reads[i].expr, (unsigned long)reach.hosts,
                      reach.n);
        promql_free(promql);
    }
    reach_close(world);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("series");
    TCase *tests = tcase_create("series");
    tcase_add_loop_test(tests, an_expression_reaches_what_is_exported, 0,
                        (int)(sizeof reached / sizeof *reached));
    tcase_add_loop_test(tests, metrics_of_ones_own_are_exported, 0,
                        (int)(sizeof own / sizeof *own));
    tcase_add_test(tests, series_have_the_labels_of_their_targets);
    tcase_add_test(tests, results_have_the_labels_that_prometheus_gives);
    suite_add_tcase(suite, tests);
    return suite;
}
