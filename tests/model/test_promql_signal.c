/* The signal behind an alert's expression. */
#include "model/rules/promql_signal.h"
#include "tests/support/helpers.h"

#include <string.h>

static struct promql *parse(const char *text)
{
    struct und_err err = {0};
    struct promql *promql = promql_parse(text, PROMQL_2, "x", &err);
    ck_assert_msg(promql != NULL, "%s", err.text);
    return promql;
}

#define IDLE "rate(node_cpu_seconds_total{mode=\"idle\"}[5m])"
#define BUSY "rate(node_cpu_seconds_total{mode!=\"idle\"}[5m])"
#define AVAILABLE "node_memory_MemAvailable_bytes"
#define TOTAL "node_memory_MemTotal_bytes"
#define DURATION "runner_job_duration_seconds"

static const struct {
    const char *text;
    enum signal signal;
    bool below;
    int64_t threshold_pm, window_ms;
} mapped[] = {
    {"up == 0", SIGNAL_UP, false, 0, 0},
    {"up != 1", SIGNAL_UP, false, 0, 0},
    {"up{job=\"node\"} < 1", SIGNAL_UP, false, 0, 0},
    {"0 == up", SIGNAL_UP, false, 0, 0},
    {"1 - up > 0.5", SIGNAL_UP, false, 0, 0},
    {"max by (instance) (up) == 0", SIGNAL_UP, false, 0, 0},
    {"absent(up{job=\"node\"})", SIGNAL_ABSENT, false, 0, 0},
    {"100 - avg by (instance) (" IDLE ") * 100 > 85", SIGNAL_CPU_RATE, false, 850, 300000},
    {"100 - (avg by (instance) (" IDLE ") * 100) > 85", SIGNAL_CPU_RATE, false, 850, 300000},
    {"(1 - avg(" IDLE ") by (instance)) * 100 > 85", SIGNAL_CPU_RATE, false, 850, 300000},
    {"avg without (cpu, mode) (" IDLE ") < 0.15", SIGNAL_CPU_RATE, false, 850, 300000},
    {"avg by (instance) (1 - " IDLE ") >= 0.85", SIGNAL_CPU_RATE, false, 850, 300000},
    {"85 < 100 - 100 * avg by (instance) (" IDLE ")", SIGNAL_CPU_RATE, false, 850, 300000},
    {"avg by (instance) (sum by (instance, cpu) (" BUSY ")) > 0.85", SIGNAL_CPU_RATE, false, 850,
     300000},
    {"sum by (instance) (" BUSY ") / on (instance) count by (instance) "
     "(node_cpu_seconds_total{mode=\"idle\"}) > 0.85",
     SIGNAL_CPU_RATE, false, 850, 300000},
    {"sum by (instance) (" BUSY ") / count by (instance) (count by (instance, cpu) "
     "(node_cpu_seconds_total)) * 100 > 85",
     SIGNAL_CPU_RATE, false, 850, 300000},
    {"avg by (instance) (increase(node_cpu_seconds_total{mode=\"idle\"}[2m])) / 120 < 0.1",
     SIGNAL_CPU_RATE, false, 900, 120000},
    {"100 - avg by (instance) (irate(node_cpu_seconds_total{mode=\"idle\"}[5m])) * 100 > 85",
     SIGNAL_CPU_IRATE, false, 850, 300000},
    {"avg by (instance) (" IDLE ") * 100 > 95", SIGNAL_CPU_RATE, true, 50, 300000},
    {"runner_cpu_usage_percent > 85", SIGNAL_CPU_RATE, false, 850, 0},
    {"(1 - " AVAILABLE " / " TOTAL ") * 100 > 85", SIGNAL_MEMORY, false, 850, 0},
    {"(" TOTAL " - " AVAILABLE ") / " TOTAL " > 0.85", SIGNAL_MEMORY, false, 850, 0},
    {AVAILABLE " / " TOTAL " * 100 < 15", SIGNAL_MEMORY, false, 850, 0},
    {"100 * (" TOTAL " - node_memory_MemFree_bytes - node_memory_Buffers_bytes - "
     "node_memory_Cached_bytes) / " TOTAL " > 85",
     SIGNAL_MEMORY, false, 850, 0},
    {"instance:node_memory_utilisation:ratio > 0.9", SIGNAL_MEMORY, false, 900, 0},
    {"instance:node_cpu_utilisation:rate5m > 0.85", SIGNAL_CPU_RATE, false, 850, 300000},
    {"rate(node_disk_io_time_seconds_total[2m]) > 0.8", SIGNAL_DISK, false, 800, 120000},
    {"max by (instance) (rate(node_disk_io_time_seconds_total{device=\"sda\"}[5m])) * 100 > 80",
     SIGNAL_DISK, false, 800, 300000},
    {"instance_device:node_disk_io_time_seconds:rate5m > 0.8", SIGNAL_DISK, false, 800, 300000},
    {DURATION " > 2 * runner_job_duration_baseline_seconds", SIGNAL_JOB_DURATION, false, 2000, 0},
    {"avg_over_time(" DURATION "[1h]) / avg_over_time(" DURATION "[7d] offset 1d) > 2",
     SIGNAL_JOB_DURATION, false, 2000, 0},
    {"1.5 * avg_over_time(" DURATION "[1h] offset 1w) < avg_over_time(" DURATION "[1h])",
     SIGNAL_JOB_DURATION, false, 1500, 0},
    {"rate(job_duration_seconds_sum[1h]) / rate(job_duration_seconds_count[1h]) > 2 * "
     "(rate(job_duration_seconds_sum[7d]) / rate(job_duration_seconds_count[7d]))",
     SIGNAL_JOB_DURATION, false, 2000, 0},
    {"histogram_quantile(0.9, sum by (le) (rate(job_duration_seconds_bucket[1h]))) > 2 * "
     "histogram_quantile(0.9, sum by (le) (rate(job_duration_seconds_bucket[7d])))",
     SIGNAL_JOB_DURATION, false, 2000, 0},
};

START_TEST(expression_is_a_signal)
{
    struct promql *promql = parse(mapped[_i].text);
    struct promql_signal signal;
    struct und_err err = {0};
    ck_assert_msg(promql_signal(&signal, promql, NULL, 0, mapped[_i].text, &err) == UND_OK, "%s",
                  err.text);
    ck_assert_int_eq(signal.signal, mapped[_i].signal);
    ck_assert_int_eq(signal.below, mapped[_i].below);
    ck_assert_int_eq(signal.threshold_pm, mapped[_i].threshold_pm);
    ck_assert_int_eq(signal.window_ms, mapped[_i].window_ms);
    ck_assert(!signal.rounded);
    promql_free(promql);
}
END_TEST

static const struct {
    const char *text, *message;
} unmapped[] = {
    /* Words in a name are no quantity. */
    {"runner_disk_usage_percent > 85",
     "x: runner_disk_usage_percent is none of the metrics that have one"},
    {"redis_memory_used_ratio > 0.9",
     "x: redis_memory_used_ratio is none of the metrics that have one"},
    {"container_cpu_usage_percent > 80",
     "x: container_cpu_usage_percent is none of the metrics that have one"},
    {"backup_job_duration_seconds > 2 * backup_job_duration_baseline_seconds",
     "x: backup_job_duration_seconds is none of the metrics that have one"},
    {"up", "x: no comparison: the alert fires whatever the values are"},
    {"up > 0", "x: a comparison of up that is not the same as up == 0"},
    {"up == bool 0", "x: 'bool' makes the alert fire whatever the values are"},
    {"0 * up == 0 * up", "x: up cancels out"},
    {"sum(up) == 0", "x: sum puts all hosts together; want it by (instance)"},
    {"avg(" IDLE ") < 0.15", "x: avg puts all hosts together; want it by (instance)"},
    {"avg by (job) (" IDLE ") < 0.15", "x: avg puts all hosts together; want it by (instance)"},
    {"max by (instance) (" IDLE ") < 0.15", "x: max over CPUs; want their mean"},
    {"avg by (instance) (" BUSY ") > 0.85",
     "x: avg over the modes that are not idle; want their sum"},
    {"sum by (instance) (" IDLE ") < 2",
     "x: sum by (instance) (rate(node_cpu_seconds_total{mode=\"idle\"}[5m])) alone is no share of "
     "anything"},
    {"rate(node_cpu_seconds_total[5m]) > 0.85",
     "x: want the CPU counter with mode=\"idle\" or mode!=\"idle\""},
    {"node_cpu_seconds_total > 5", "x: node_cpu_seconds_total is a counter, want its rate"},
    {"node_load1 > 5", "x: node_load1 is none of the metrics that have one"},
    {"rate(http_requests_total[5m]) > 5",
     "x: rate of http_requests_total is nothing that the model has"},
    {"up == 0 and on (instance) x == 1", "x: 'and' of two conditions is beyond the model"},
    {AVAILABLE " < 1e9", "x: node_memory_MemAvailable_bytes alone is no share of anything"},
    {AVAILABLE " / " TOTAL " == 0.5", "x: '==' of a measured value; want > or <"},
    {AVAILABLE " / " TOTAL " < -1", "x: a threshold of 200%, which is out of reach"},
    {DURATION " > 1200", "x: a job duration against a constant; want it against a baseline"},
    {"predict_linear(node_filesystem_avail_bytes[1h], 3600) < 0",
     "x: predict_linear() is beyond the model"},
    {"absent(foo)", "x: absent() of something that is not up"},
    {"up * up == 0", "x: '*' between metrics is beyond the model"},
    {"up / 0 == 0", "x: division by zero"},
    {"max_over_time(up[5m:]) == 0", "x: max_over_time() is beyond the model"},
    {"up @ 5 == 0", "x: up with an @"},
    {"up - up == 0", "x: up cancels out"},
    {"up == " AVAILABLE " / " TOTAL,
     "x: up and node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes in one comparison"},
};

START_TEST(expression_is_no_signal)
{
    struct promql *promql = parse(unmapped[_i].text);
    struct promql_signal signal;
    struct und_err err = {0};
    if (promql_signal(&signal, promql, NULL, 0, "x", &err) == UND_OK)
        ck_abort_msg("%s is signal %u above %ld", unmapped[_i].text, signal.signal,
                     (long)signal.threshold_pm);
    ck_assert_str_eq(err.text, unmapped[_i].message);
    promql_free(promql);
}
END_TEST

START_TEST(recorded_metrics_are_looked_up)
{
    struct promql *record = parse("1 - avg by (instance) (" IDLE ")"), *loop = parse("loop + 1");
    struct promql *alert = parse("instance:cpu_busy:ratio * 100 > 90"), *round = parse("loop > 1");
    struct promql_record records[2] = {{"instance:cpu_busy:ratio", record}, {"loop", loop}};
    struct promql_signal signal;
    struct und_err err = {0};
    ck_assert_int_eq(promql_signal(&signal, alert, records, 2, "x", &err), UND_OK);
    ck_assert_int_eq(signal.signal, SIGNAL_CPU_RATE);
    ck_assert_int_eq(signal.threshold_pm, 900);
    ck_assert_int_eq(signal.window_ms, 300000);
    ck_assert_int_eq(promql_signal(&signal, round, records, 2, "x", &err), UND_USAGE);
    ck_assert_str_eq(err.text, "x: recording rules that refer to each other, by way of loop");
    promql_free(record);
    promql_free(loop);
    promql_free(alert);
    promql_free(round);
}
END_TEST

START_TEST(matchers_and_roundings_are_kept)
{
    struct promql *promql = parse("rate(node_cpu_seconds_total{mode=\"idle\",job=\"node\","
                                  "instance=~\"a.*\"}[5m]) < 0.1234");
    struct promql_signal signal;
    struct und_err err = {0};
    ck_assert_int_eq(promql_signal(&signal, promql, NULL, 0, "x", &err), UND_OK);
    ck_assert_int_eq(signal.threshold_pm, 877);
    ck_assert(signal.rounded);
    ck_assert(signal.per_cpu);
    ck_assert_int_eq(signal.n_matchers, 2);
    ck_assert_str_eq(signal.matchers[0]->name, "job");
    ck_assert_str_eq(signal.matchers[1]->value, "a.*");
    ck_assert_int_eq(signal.matchers[1]->match, PROMQL_LIKE);
    promql_free(promql);
}
END_TEST

#define LOOP(tcase, test, table)                                                                   \
    tcase_add_loop_test(tcase, test, 0, sizeof(table) / sizeof *(table))

Suite *suite(void)
{
    Suite *suite = suite_create("promql signal");
    TCase *signal = tcase_create("signal");
    LOOP(signal, expression_is_a_signal, mapped);
    LOOP(signal, expression_is_no_signal, unmapped);
    tcase_add_test(signal, recorded_metrics_are_looked_up);
    tcase_add_test(signal, matchers_and_roundings_are_kept);
    suite_add_tcase(suite, signal);
    return suite;
}
