#include "sample_result.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000.0
#define MINUTE (60 * SECOND)

/* Weyl's sequence: evenly spread, different for every `step`, the same everywhere. */
static double uniform(int i, double step)
{
    double x = (i + 1) * step;
    return x - floor(x);
}

static struct quantity unseen(void)
{
    struct quantity q;
    quantity_void(&q);
    return q;
}

static struct quantity summary(const double *sorted, size_t n)
{
    struct quantity q = unseen();
    double sd = gsl_stats_sd(sorted, 1, n);
    q.n = (int64_t)n;
    q.mean = round(gsl_stats_mean(sorted, 1, n));
    q.half_width = round(1.96 * sd / sqrt((double)n));
    q.min = sorted[0];
    q.p5 = round(gsl_stats_quantile_from_sorted_data(sorted, 1, n, 0.05));
    q.p50 = round(gsl_stats_quantile_from_sorted_data(sorted, 1, n, 0.50));
    q.p95 = round(gsl_stats_quantile_from_sorted_data(sorted, 1, n, 0.95));
    q.p99 = round(gsl_stats_quantile_from_sorted_data(sorted, 1, n, 0.99));
    q.max = sorted[n - 1];
    q.p50_low = q.p50 - 1000;
    q.p50_high = q.p50 + 1000;
    q.p95_low = q.p95 - 2000;
    q.p95_high = q.p95 + 3000;
    return q;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void observe(struct result *result, enum metric metric, double base, double spread_a,
                    double spread_b, size_t n)
{
    double *value = calloc(n, sizeof *value);
    size_t i;
    for (i = 0; i < n; i++)
        value[i] = round(base + spread_a * uniform((int)i, 0.6180339887) +
                         spread_b * uniform((int)i, 0.7548776662));
    qsort(value, n, sizeof *value, ascending);
    result->metric[metric] = summary(value, n);
    result->samples[metric] =
        (struct samples){.value = value, .n = n, .never = result->replications - (int64_t)n};
}

static struct quantity around(double mean, double half_width, int64_t n)
{
    struct quantity q = unseen();
    q.n = n;
    q.mean = q.p50 = mean;
    q.half_width = half_width;
    q.min = mean * 0.5;
    q.p5 = mean * 0.75;
    q.p95 = mean * 1.25;
    q.p99 = mean * 1.375;
    q.max = mean * 1.5;
    return q;
}

static void begin(struct sample_result *made, const char *name, const char *about)
{
    int i;
    *made = (struct sample_result){0};
    snprintf(made->scenario.name, sizeof made->scenario.name, "%s", name);
    snprintf(made->scenario.about, sizeof made->scenario.about, "%s", about);
    snprintf(made->scenario.path, sizeof made->scenario.path, "scenarios/made-up.yaml");
    made->scenario.duration_ms = 6 * 3600 * 1000;
    made->scenario.documented =
        (struct documented){-1, -1, -1, "", "", -1, -1, -1, -1, .n_measures = 0};
    made->scenario.fleet.objectives = (struct objectives){NAN, NAN, NAN, -1, -1};
    made->scenario.fleet.n_hosts = 2;
    strcpy(made->scenario.fleet.hosts[0].name, "dell-r640-01-runner");
    strcpy(made->scenario.fleet.hosts[1].name, "Serotonin-paws360");
    made->scenario.fleet.hosts[0].slots = 8;
    made->scenario.fleet.hosts[1].slots = 4;
    for (i = 0; i < METRIC_COUNT; i++)
        made->result.metric[i] = unseen();
    made->result.seed = 1;
    made->result.replications = SAMPLE_RESULT_N;
    made->result.digest = 0x00c0ffee12345678;
    made->result.simulated_ms = SAMPLE_RESULT_N * made->scenario.duration_ms;
    made->result.events = 1234567;
    made->report.scenario = &made->scenario;
    made->report.result = &made->result;
    made->report.path = made->scenario.path;
    made->report.elapsed_s = 1.25;
}

static void load(struct result *result)
{
    result->metric[METRIC_QUEUE_WAIT] = around(135 * SECOND, 4 * SECOND, 52000);
    result->metric[METRIC_QUEUE_LENGTH] = around(1.5, 0.25, SAMPLE_RESULT_N);
    result->metric[METRIC_UTILIZATION] = around(0.4375, 0.0078125, SAMPLE_RESULT_N);
    result->metric[METRIC_WAIT_PROBABILITY] = around(0.25, 0.015625, 52000);
    result->metric[METRIC_AVAILABILITY] = around(0.5, 0.0078125, SAMPLE_RESULT_N);
    result->metric[METRIC_JOBS_DONE] = around(175, 2, SAMPLE_RESULT_N);
    result->metric[METRIC_JOBS_FAILED] = around(4.25, 0.125, SAMPLE_RESULT_N);
}

static void hosts(struct sample_result *made)
{
    int i;
    made->result.n_hosts = 2;
    made->result.hosts = calloc(2, sizeof *made->result.hosts);
    for (i = 0; i < 2; i++) {
        struct host_result *host = &made->result.hosts[i];
        snprintf(host->name, sizeof host->name, "%s", made->scenario.fleet.hosts[i].name);
        host->utilization = around(i ? 0.25 : 0.5, 0.0078125, SAMPLE_RESULT_N);
        host->availability = i ? unseen() : around(0.5, 0.015625, SAMPLE_RESULT_N);
        host->jobs_done = around(i ? 50 : 125, 1, SAMPLE_RESULT_N);
        host->jobs_failed = around(i ? 0.5 : 3.75, 0.0625, SAMPLE_RESULT_N);
    }
}

static void verdicts(struct result *result)
{
    result->n_verdicts = 2;
    result->verdicts = calloc(2, sizeof *result->verdicts);
    result->verdicts[0] = (struct verdict){
        METRIC_DETECTION, "p95", "<=", 240 * SECOND, 225300, 1800, true, 31, .n = SAMPLE_RESULT_N};
    result->verdicts[1] = (struct verdict){
        METRIC_JOB_SUCCESS, "mean", ">=", 0.99, 0.96875, NAN, false, 32, .n = SAMPLE_RESULT_N};
}

static void state(struct timeline *timeline, double minute, int host, int phase, int admitted,
                  int queue, int pending, int firing)
{
    timeline_point(timeline, (struct timeline_point){.at_ms = (int64_t)(minute * MINUTE),
                                                     .host = host,
                                                     .phase = phase,
                                                     .admitted = admitted,
                                                     .online = 8,
                                                     .queue = queue,
                                                     .alerts_pending = pending,
                                                     .alerts_firing = firing});
}

/* Fault at 60 min, detected at 63, drained at 68, back at 95, full at 110. */
static void story(struct timeline *t)
{
    int fault, pending, firing, seen, drained, routed, back, i;
    timeline_init(t);
    state(t, 0, 0, PHASE_SERVING, 8, 0, 0, 0);
    state(t, 0, 1, PHASE_SERVING, 4, 0, 0, 0);
    state(t, 0, -1, -1, 12, 0, 0, 0);
    fault = timeline_add(t, 3600000, -1, 0, MARK_FAULT, "host-power-loss");
    timeline_add(t, 3600004, fault, 0, MARK_NONE, "5 running jobs are lost");
    for (i = 0; i < 6; i++)
        state(t, 60.5 + 1.3 * i, -1, -1, 12, i * i / 3, 0, 0);
    pending = timeline_add(t, 3643217, fault, 0, MARK_PENDING, "RunnerOffline pending");
    state(t, 60.72, -1, -1, 12, 1, 1, 0);
    firing = timeline_add(t, 3763217, pending, 0, MARK_FIRING, "RunnerOffline firing");
    state(t, 62.72, -1, -1, 12, 2, 0, 1);
    seen = timeline_add(t, 3793400, firing, 0, MARK_DETECTION, "the controller knows");
    state(t, 63.22, 0, PHASE_SUSPECT, 8, 0, 0, 0);
    drained = timeline_add(t, 4093400, seen, 0, MARK_DECISION, "drained: 8 slots -> 0");
    state(t, 68.22, 0, PHASE_DRAINED, 0, 0, 0, 0);
    state(t, 68.22, -1, -1, 4, 9, 0, 1);
    routed = timeline_add(t, 4101900, drained, 0, MARK_ROUTING, "8 of 8 labels removed");
    timeline_add(t, 4105250, routed, 1, MARK_FIRST_JOB, "job 117 starts");
    for (i = 0; i < 9; i++)
        state(t, 69 + 1.7 * i, -1, -1, 4, 9 - i, 0, 1);
    timeline_add(t, 5400000, -1, 0, MARK_FAULT_END, "power is back");
    state(t, 92, -1, -1, 4, 0, 0, 0);
    back = timeline_add(t, 5700000, -1, 0, MARK_FAILBACK, "alert cleared, 3 health checks passed");
    for (i = 1; i <= 8; i++) {
        state(t, 95 + 10.0 * (i - 1) / 7, 0, i < 8 ? PHASE_RAMPING : PHASE_SERVING, i, 0, 0, 0);
        state(t, 95 + 10.0 * (i - 1) / 7, -1, -1, 4 + i, 0, 0, 0);
    }
    timeline_add(t, 6300000, back, 0, MARK_FULL, "full capacity");
    state(t, 360, -1, -1, 12, 0, 0, 0);
}

void sample_result_failure(struct sample_result *made, const char *name)
{
    static struct rule rule = {.severity = SEVERITY_CRITICAL};
    begin(made, name, "The primary loses its power at a random moment of the day's busiest hours.");
    made->scenario.n_faults = 1;
    made->scenario.documented = (struct documented){
        120000, 300000, 420000, "Jobs queue briefly", "architecture document", -1,
        -1,     -1,     -1,     .n_measures = 0};
    made->scenario.fleet.has_policy = true;
    made->scenario.fleet.policy.persist_ms = 300000;
    made->scenario.fleet.policy.severities = 1u << SEVERITY_CRITICAL;
    made->scenario.fleet.monitoring.n_rules = 1;
    made->scenario.fleet.monitoring.rules = &rule;
    made->scenario.fleet.github =
        (struct github){.present = true, .lock_ms = 600000, .renewal_ms = 60000};
    observe(&made->result, METRIC_PENDING, 3 * SECOND, 30 * SECOND, 60 * SECOND, SAMPLE_RESULT_N);
    observe(&made->result, METRIC_FIRING, 123 * SECOND, 30 * SECOND, 60 * SECOND, SAMPLE_RESULT_N);
    observe(&made->result, METRIC_WEBHOOK, 153 * SECOND, 30 * SECOND, 60 * SECOND, SAMPLE_RESULT_N);
    observe(&made->result, METRIC_DETECTION, 123 * SECOND, 30 * SECOND, 60 * SECOND,
            SAMPLE_RESULT_N);
    observe(&made->result, METRIC_FAILOVER, 304 * SECOND, 5 * SECOND, 12 * SECOND, SAMPLE_RESULT_N);
    observe(&made->result, METRIC_RTO, 380 * SECOND, 100 * SECOND, 20 * SECOND,
            SAMPLE_RESULT_N - 12);
    observe(&made->result, METRIC_JOB_RECOVERY, 900 * SECOND, 300 * SECOND, 900 * SECOND,
            SAMPLE_RESULT_N);
    observe(&made->result, METRIC_MTTR, 40 * MINUTE, 20 * MINUTE, 30 * MINUTE, SAMPLE_RESULT_N);
    load(&made->result);
    hosts(made);
    verdicts(&made->result);
    story(&made->result.timeline);
    memcpy(made->documented.metric, made->result.metric, sizeof made->documented.metric);
    made->documented.metric[METRIC_QUEUE_WAIT].mean = 60 * SECOND;
    made->documented.digest = 0xfeed;
    made->report.documented = &made->documented;
    strcpy(made->scenario.fleet.github.documented, "primary before backup, routing at once");
}

void sample_result_mixed(struct sample_result *made)
{
    begin(made, "both-runners-down", "Both hosts lose their power at once; a human repairs them.");
    made->scenario.n_faults = 2;
    made->scenario.documented = (struct documented){240000, -2, 1800000, "All jobs queue", "", -1,
                                                    -1,     -1, -1,      .n_measures = 0};
    observe(&made->result, METRIC_DETECTION, 123 * SECOND, 30 * SECOND, 60 * SECOND,
            SAMPLE_RESULT_N);
    load(&made->result);
}

void sample_result_year(struct sample_result *made)
{
    begin(made, "year", "A year with failures of both hosts, monthly windows, token rotation.");
    made->scenario.n_faults = 3;
    made->scenario.duration_ms = 365LL * 24 * 3600 * 1000;
    made->scenario.fleet.objectives = (struct objectives){0.99, 0.95, 0.99, 300000, 900000};
    made->result.replications = 40;
    made->result.simulated_ms = 40 * made->scenario.duration_ms;
    made->result.metric[METRIC_AVAILABILITY] = around(0.9990234375, 0.0001220703125, 40);
    made->result.metric[METRIC_JOB_SUCCESS] = around(0.953125, 0.0078125, 40);
    made->result.metric[METRIC_FAILOVER_SUCCESS] = around(1, 0, 40);
    observe(&made->result, METRIC_DETECTION, 150 * SECOND, 30 * SECOND, 60 * SECOND, 180);
    observe(&made->result, METRIC_MTTR, 40 * MINUTE, 20 * MINUTE, 30 * MINUTE, 180);
}

void sample_result_steady(struct sample_result *made)
{
    begin(made, "steady-state", "");
    load(&made->result);
    made->result.unstable = true;
}

void sample_result_fini(struct sample_result *made)
{
    result_fini(&made->result);
}
