/* PromQL: trees, canonical text, durations, and the signal behind an alert's expression. */
#include "model/rules/promql_signal.h"
#include "tests/support/helpers.h"

#include <stdio.h>
#include <string.h>

static struct promql *parse(const char *text)
{
    struct und_err err = {0};
    struct promql *promql = promql_parse(text, PROMQL_2, "x", &err);
    ck_assert_msg(promql != NULL, "%s", err.text);
    return promql;
}

/* --- parsing --------------------------------------------------------------------------------- */

static const char *const same_text[] = {
    "up == 0",
    "1 + 2 * 3 ^ 2 ^ 2",
    "(1 + 2) * 3",
    "-up ^ 2",
    "a - (b - c)",
    "a - b - c",
    "sum by (instance, job) (rate(x{a=\"b\",c!~\"d|e\"}[1h30m]))",
    "avg without (cpu) (x offset 1d)",
    "a / on (instance) b",
    "a > bool 1",
    "a or b and c",
    "(a or b) and c",
    "{__name__=~\"x\"}",
    "x @ 1.500 offset -5m",
    "x[5m] @ start()",
    "(a + b)[1h:5m] @ end() offset 1h",
    "topk by (a) (3, x)",
    "count_values(\"a\", x)",
    "a * on (x) group_left (y, z) b",
    "a / ignoring (x) group_right () b",
    "(-2) ^ 2",
    "label_replace(x, \"a\", \"$1\", \"b\", \"(.*)\\n\")",
    "a unless b atan2 c",
    "histogram_quantile(0.95, x)",
    "quantile(0.5, x)",
};

START_TEST(prints_what_it_read)
{
    char text[PROMQL_TEXT];
    struct promql *promql = parse(same_text[_i]);
    ck_assert_str_eq(promql_print(promql->root, text, sizeof text), same_text[_i]);
    promql_free(promql);
}
END_TEST

static const struct {
    const char *text, *printed;
} other_text[] = {
    {"  up==0 # dead", "up == 0"},
    {"sum(x) by (a)", "sum by (a) (x)"},
    {"SUM BY(a)(x)", "sum by (a) (x)"},
    {"{__name__=\"x\"}", "x"},
    {"x{a=\"\\u00e9\\x41\\101\"}", "x{a=\"\u00e9AA\"}"},
    {"0755", "493"},
    {"x{a=\"\\202\\x00\"}", "x{a=\"\\x82\\x00\"}"},
    {"((a))[5m : ]", "a[5m:]"},
    {"x[1w]", "x[7d]"},
    {"rate(x[90s])", "rate(x[1m30s])"},
    {"x{a='b', c=`d`,}", "x{a=\"b\",c=\"d\"}"},
    {"a * on(x) group_left(y,) b", "a * on (x) group_left (y) b"},
    {"+1", "1"},
    {".5e2", "50"},
    {"0x1F", "31"},
    {"x offset -5m", "x offset -5m"},
    {"2 - -3", "2 - -3"},
    {"---(1)", "-1"},
};

START_TEST(prints_one_form)
{
    char text[PROMQL_TEXT];
    struct promql *promql = parse(other_text[_i].text);
    ck_assert_str_eq(promql_print(promql->root, text, sizeof text), other_text[_i].printed);
    promql_free(promql);
}
END_TEST

static const struct {
    const char *text, *message;
} broken_text[] = {
    {"", "x: character 1: got 'the end', want an expression"},
    {"up ==", "x: character 6: got 'the end', want an expression"},
    {"up == 0)", "x: character 8: got ')', want an operator or the end"},
    {"rate(x[5m)", "x: character 10: got ')', want ']'"},
    {"rate(x[5])", "x: character 8: got '5', want a duration"},
    {"rate(x[5min])", "x: character 8: got '5min', want a number or a duration"},
    {"x{a}", "x: character 4: got '}', want = != =~ or !~"},
    {"x{a=b}", "x: character 5: got 'b', want a quoted value"},
    {"x{a=\"b}", "x: character 5: a string without its end"},
    {"x{a=\"\\q\"}",
     "x: character 5: got the escape \\q, want one of \\\\ \\\" \\n \\t \\x41 \\u00e9 ..."},
    {"{}", "x: character 1: an empty selector: want a name, or a matcher that does not match \"\""},
    {"a ? b", "x: character 3: got '?', want an expression"},
    {"sum(a", "x: character 6: got 'the end', want ','"},
    {"1 2", "x: character 3: got '2', want an operator or the end"},
    {"x offset y", "x: character 10: got 'y', want a duration"},
    {"1 == 1", "x: character 3: a comparison of two scalars wants 'bool' behind the '=='"},
    {"x +\n y[5m]", "x: line 2, character 2: got a range vector beside '+', want a scalar or an "
                    "instant vector"},
    {"rate(x)", "x: character 6: got instant vector, want range vector in rate()"},
    {"rate(x[5m], 1)", "x: character 1: got 2 arguments in rate(), want 1"},
    {"rates(x[5m])",
     "x: character 1: got the function 'rates', which there is not; did you mean rate?"},
    {"x{a=~\"(?=b)\"}",
     "x: character 6: no regular expression: invalid or unsupported Perl syntax: `(?=`"},
    {"a and on (b) group_left (c) d", "x: character 1: no grouping is allowed for 'and'"},
};

START_TEST(broken_text_is_placed)
{
    struct und_err err = {0};
    ck_assert_ptr_null(promql_parse(broken_text[_i].text, PROMQL_2, "x", &err));
    ck_assert_str_eq(err.text, broken_text[_i].message);
}
END_TEST

/* What version 3 has only behind a feature flag is refused with the flag's name. */
static const struct {
    const char *text, *flag;
} flagged[] = {
    {"x[5m + 1m]", "promql-duration-expr"},
    {"x[2 * 5m]", "promql-duration-expr"},
    {"x[(5m)]", "promql-duration-expr"},
    {"x[-5m + 10m]", "promql-duration-expr"},
    {"max_over_time(x[5m:1m * 2])", "promql-duration-expr"},
    {"x offset (5m)", "promql-duration-expr"},
    {"increase(x[5m] anchored)", "promql-extended-range-selectors"},
    {"x smoothed", "promql-extended-range-selectors"},
    {"x + fill(0) y", "promql-binop-fill-modifiers"},
    {"x + on (a) fill_left(0) y", "promql-binop-fill-modifiers"},
    {"vector(step())", "promql-experimental-functions"},
    {"max_of(1, 2)", "promql-experimental-functions"},
};

/* What is printed reads back as what prints the same. */
static void prints_again(const struct promql *promql)
{
    char text[PROMQL_TEXT], again[PROMQL_TEXT];
    struct und_err err = {0};
    struct promql *second =
        promql_parse(promql_print(promql->root, text, sizeof text), PROMQL_3_ALL, "x", &err);
    ck_assert_msg(second != NULL, "%s: %s", text, err.text);
    ck_assert_str_eq(promql_print(second->root, again, sizeof again), text);
    promql_free(second);
}

static const struct {
    const char *text, *printed;
} flagged_forms[] = {
    {"x[step()]", "x[step()]"},
    {"x[min(step(),1m)+1] offset -range()", "x[min_of(step(), 60) + 1] offset (-range())"},
    {"info(x, {__name__=\"y\",a=~\".*\"})", "info(x, {__name__=\"y\",a=~\".*\"})"},
    {"info(x, {})", "info(x, {})"},
    {"sum_over_time(x[range():step()*2])", "sum_over_time(x[range():step() * 2])"},
    {"rate(x[60] smoothed @ 0 offset (2*1m))", "rate(x[1m] smoothed @ 0.000 offset 2m)"},
    {"a + on(b) group_left() fill(-1) c",
     "a + on (b) group_left () fill_left(-1) fill_right(-1) c"},
};

static const struct {
    const char *text, *printed;
} since_2_54[] = {
    {"x @ 90s", "x @ 90.000"},
    {"x @ -1m30s offset 5m", "x @ -90.000 offset 5m"},
    {"x[5m] @ +250ms", "x[5m] @ 0.250"},
    {"x[90]", "x[1m30s]"},
    {"x[90:0.5]", "x[1m30s:500ms]"},
    {"x offset 90", "x offset 1m30s"},
    {"x offset -0.25", "x offset -250ms"},
    {"x > 1m30s", "x > 90"},
    {"1_000 * x", "1000 * x"},
    {"limitk by (a) (2, x)", "limitk by (a) (2, x)"},
};

/* Durations and numbers were two things before. */
START_TEST(durations_are_numbers)
{
    struct und_err err = {0};
    char text[PROMQL_TEXT];
    for (int version = PROMQL_2_LAST; version <= PROMQL_3_ALL; version++) {
        struct promql *promql =
            promql_parse(since_2_54[_i].text, (enum promql_version)version, "x", &err);
        ck_assert_msg(promql != NULL, "%s", err.text);
        ck_assert_str_eq(promql_print(promql->root, text, sizeof text), since_2_54[_i].printed);
        promql_free(promql);
    }
    ck_assert_ptr_null(promql_parse(since_2_54[_i].text, PROMQL_2, "x", &err));
    ck_assert_int_eq(strncmp(err.text, "x: character ", 13), 0);
}
END_TEST

START_TEST(flagged_forms_are_printed)
{
    struct und_err err = {0};
    struct promql *promql = promql_parse(flagged_forms[_i].text, PROMQL_3_ALL, "x", &err);
    char text[PROMQL_TEXT];
    ck_assert_msg(promql != NULL, "%s", err.text);
    ck_assert_str_eq(promql_print(promql->root, text, sizeof text), flagged_forms[_i].printed);
    prints_again(promql);
    promql_free(promql);
}
END_TEST

START_TEST(flags_are_named)
{
    struct und_err err = {0};
    struct promql *promql = promql_parse(flagged[_i].text, PROMQL_3_ALL, "x", &err);
    ck_assert_msg(promql != NULL, "%s", err.text);
    prints_again(promql);
    promql_free(promql);
    ck_assert_ptr_null(promql_parse(flagged[_i].text, PROMQL_2, "x", &err));
    ck_assert_ptr_null(promql_parse(flagged[_i].text, PROMQL_2_LAST, "x", &err));
    err = (struct und_err){0};
    ck_assert_ptr_null(promql_parse(flagged[_i].text, PROMQL_3, "x", &err));
    ck_assert_msg(strstr(err.text, flagged[_i].flag) != NULL, "%s", err.text);
}
END_TEST

/* Refused with all flags, too; metrics may have the words as names. */
static const char *const refused_text[] = {
    "x[5m - 5m]",
    "x[5m / 0]",
    "x[2 / 1h]",
    "x[5m % 0]",
    "x[foo()]",
    "x[min(1m)]",
    "x[5m +]",
    "x offset (5m",
    "x anchored",
    "(x) smoothed",
    "x[5m] anchored smoothed",
    "x and fill(0) y",
    "x + fill() y",
    "x + fill(y) z",
    "1 + fill(0) x",
    "info(x, y)",
    "info(x, 1)",
    "info(x, {a=\"b\"} offset 5m)",
    "x[1e30]",
};

START_TEST(flags_do_not_take_everything)
{
    struct und_err err = {0};
    ck_assert_msg(!promql_parse(refused_text[_i], PROMQL_3_ALL, "x", &err), "%s", refused_text[_i]);
    ck_assert_int_eq(strncmp(err.text, "x: character ", 13), 0);
}
END_TEST

static const char *const words_as_names[] = {
    "fill + fill_left * fill_right", "anchored", "smoothed + anchored", "start + end", "step",
};

START_TEST(words_may_be_names)
{
    for (int version = PROMQL_2; version <= PROMQL_3_ALL; version++) {
        struct und_err err = {0};
        struct promql *promql =
            promql_parse(words_as_names[_i], (enum promql_version)version, "x", &err);
        ck_assert_msg(promql != NULL, "%s", err.text);
        promql_free(promql);
    }
}
END_TEST

/* 100,000 open brackets, a sum of 300,000 ones: one line each, and no stack that overflows. */
START_TEST(nesting_has_a_ceiling)
{
    static char text[1200002];
    struct und_err err = {0};
    memset(text, '(', 100000);
    ck_assert_ptr_null(promql_parse(text, PROMQL_2, "x", &err));
    ck_assert_str_eq(err.text, "x: character 1001: nested more than 1000 deep");
    err = (struct und_err){0};
    for (int i = 0; i < 250000; i++)
        memcpy(text + 4 * i, "1 + ", 4);
    text[1000000] = '1';
    ck_assert_ptr_null(promql_parse(text, PROMQL_2, "x", &err));
    ck_assert_ptr_nonnull(strstr(err.text, "nested more than 1000 deep"));
    err = (struct und_err){0};
    memset(text, ' ', sizeof text - 1);
    ck_assert_ptr_null(promql_parse(text, PROMQL_2, "x", &err));
    ck_assert_str_eq(err.text, "x: an expression of over 1048576 bytes");
}
END_TEST

START_TEST(durations_are_prometheus_s)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"0", 0},       {"5m", 300000},       {"1h30m", 5400000},
                {"250ms", 250}, {"1d12h", 129600000}, {"1y2w", 32745600000}};
    static const char *const bad[] = {"",     "5",   "5min", "m",    "1m1h", "-5m",
                                      "1.5h", "5m ", " 5m",  "5m5m", "1e3s", "99999999999y"};
    int64_t ms;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert_msg(promql_duration(good[i].text, &ms), "%s", good[i].text);
        ck_assert_int_eq(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!promql_duration(bad[i], &ms), "'%s' is %ld ms", bad[i], (long)ms);
}
END_TEST

/* --- signals --------------------------------------------------------------------------------- */

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
    Suite *suite = suite_create("promql");
    TCase *parse = tcase_create("parse");
    TCase *signal = tcase_create("signal");
    LOOP(parse, prints_what_it_read, same_text);
    LOOP(parse, prints_one_form, other_text);
    LOOP(parse, broken_text_is_placed, broken_text);
    LOOP(parse, durations_are_numbers, since_2_54);
    LOOP(parse, flagged_forms_are_printed, flagged_forms);
    LOOP(parse, flags_are_named, flagged);
    LOOP(parse, flags_do_not_take_everything, refused_text);
    LOOP(parse, words_may_be_names, words_as_names);
    tcase_add_test(parse, nesting_has_a_ceiling);
    tcase_add_test(parse, durations_are_prometheus_s);
    suite_add_tcase(suite, parse);
    LOOP(signal, expression_is_a_signal, mapped);
    LOOP(signal, expression_is_no_signal, unmapped);
    tcase_add_test(signal, recorded_metrics_are_looked_up);
    tcase_add_test(signal, matchers_and_roundings_are_kept);
    suite_add_tcase(suite, signal);
    return suite;
}
