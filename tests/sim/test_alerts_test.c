/* Unit tests of rules: promtool's format, promtool's verdict (asked where it is installed). */
#include "sim/rules/alerts_test.h"
#include "tests/support/helpers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RULES                                                                                      \
    "groups:\n"                                                                                    \
    "- name: late\n"                                                                               \
    "  rules:\n"                                                                                   \
    "  - alert: Few\n"                                                                             \
    "    expr: job:up:sum < 2\n"                                                                   \
    "    for: 2m\n"                                                                                \
    "    keep_firing_for: 3m\n"                                                                    \
    "    labels: {severity: '{{ if gt $value 0.5 }}low{{ else }}high{{ end }}'}\n"                 \
    "    annotations:\n"                                                                           \
    "      text: '{{ $labels.job }} has {{ $value | humanize }} of {{ with query \"count(up)\" }}" \
    "{{ . | first | value }}{{ end }} in {{ $externalLabels.site }}'\n"                            \
    "- name: early\n"                                                                              \
    "  rules:\n"                                                                                   \
    "  - record: job:up:sum\n"                                                                     \
    "    expr: sum by (job) (up)\n"                                                                \
    "  - alert: Down\n"                                                                            \
    "    expr: up == 0\n"

#define SERIES                                                                                     \
    "rule_files: [rules.yml]\n"                                                                    \
    "group_eval_order: [early, late]\n"                                                            \
    "tests:\n"                                                                                     \
    "- interval: 1m\n"                                                                             \
    "  external_labels: {site: s1}\n"                                                              \
    "  input_series:\n"                                                                            \
    "  - {series: 'up{job=\"n\",instance=\"a\"}', values: '1x2 0x4 1x9'}\n"                        \
    "  - {series: 'up{job=\"n\",instance=\"b\"}', values: '1x20'}\n"                               \
    "  - {series: 'm', values: '1+0.1x3 _ stale 5'}\n"

#define EXPR(expr, time, samples)                                                                  \
    SERIES "  promql_expr_test:\n  - {expr: '" expr "', eval_time: " time                          \
           ", exp_samples: [" samples "]}\n"
#define ALERT(name, time, alerts)                                                                  \
    SERIES "  alert_rule_test:\n  - {alertname: " name ", eval_time: " time                        \
           ", exp_alerts: [" alerts "]}\n"
#define FEW "{exp_labels: {job: n, severity: low}, exp_annotations: {text: 'n has 1 of 2 in s1'}}"
#define DOWN "{exp_labels: {job: n, instance: a}}"

static const struct {
    const char *test;
    bool passes;
} cases[] = {
    {EXPR("job:up:sum", "4m", "{labels: 'job:up:sum{job=\"n\"}', value: 1}"), true},
    {EXPR("job:up:sum", "4m", "{labels: 'job:up:sum{job=\"n\"}', value: 2}"), false},
    {EXPR("job:up:sum", "4m", "{labels: '{job=\"n\"}', value: 1}"), false},
    {EXPR("job:up:sum", "4m", ""), false},
    {EXPR("nothing", "4m", ""), true},
    {EXPR("m", "3m", "{labels: m, value: 1.3000000000000003}"), true},
    {EXPR("m", "3m", "{labels: m, value: 1.3}"), false},
    {EXPR("m", "5m", ""), true},
    {EXPR("1 + 1", "5m", "{labels: '{}', value: 2}"), true},
    {EXPR("m[5m]", "5m", ""), false},
    {EXPR("m +", "5m", ""), false},
    {EXPR("m offset -1m", "5m", "{labels: m, value: 5}"), false}, /* not loaded yet */
    {EXPR("sum_over_time((m * 1)[3m:])", "3m", "{labels: '{}', value: 4.6000000000000005}"), true},
    {EXPR("ALERTS{alertname=\"Few\"}", "3m30s",
          "{labels: 'ALERTS{alertname=\"Few\",alertstate=\"pending\",job=\"n\",severity=\"low\"}', "
          "value: 1}"),
     true},
    {EXPR("ALERTS_FOR_STATE{alertname=\"Few\"}", "5m",
          "{labels: 'ALERTS_FOR_STATE{alertname=\"Few\",job=\"n\",severity=\"low\"}', value: 180}"),
     true},
    {ALERT("Few", "4m", ""), true},
    {ALERT("Few", "5m", FEW), true},
    {ALERT("Few", "5m59s", FEW), true},
    {ALERT("Few", "5m", ""), false},
    {ALERT("Few", "10m", FEW), true}, /* kept firing: up again at 8m */
    {ALERT("Few", "11m", ""), true},
    {ALERT("Few", "5m", "{exp_labels: {job: n, severity: low}}"), false},
    {ALERT("Few", "5m",
           "{exp_labels: {job: n, severity: high}, exp_annotations: {text: 'n has 1 "
           "of 2 in s1'}}"),
     false},
    {ALERT("Down", "3m", DOWN), true},
    {ALERT("Down", "8m", DOWN), false},
    {ALERT("Unknown", "8m", ""), true},
    {ALERT("Unknown", "8m", DOWN), false},
    {"rule_files: [none.yml]\ntests: []\n", true},
    {"rule_files: [rules.yml]\n", true},
    {"rule_files: [bad.yml]\ntests:\n- promql_expr_test: []\n", false},
    {"rulefiles: [rules.yml]\n", false},
    {"tests:\n- input_series: [{series: 'm{', values: '1'}]\n  promql_expr_test: []\n", false},
    {"tests:\n- input_series: [{series: 'm', values: '1 a'}]\n  promql_expr_test: []\n", false},
    {"tests:\n- alert_rule_test: [{eval_time: 1m}]\n", false},
    {"group_eval_order: [a, a]\n", false},
    {EXPR("m", "3m", "{label: m, value: 1}"), false},
    {EXPR("31", "3m", "{value: 0x1_f}"), true}, /* numbers are YAML's */
    {EXPR("-3", "3m", "{value: -0b11}"), true},
    {EXPR("15", "3m", "{value: 017}"), true},
    {EXPR("15", "3m", "{value: 0o17}"), true},
    {EXPR("8", "3m", "{value: 08}"), true},
    {EXPR("1000", "3m", "{value: 1_000}"), true},
    {EXPR("1.05e3", "3m", "{value: +1_0.5E+2}"), true},
    {EXPR("0.5", "3m", "{value: .5}"), true},
    {EXPR("-1/0", "3m", "{value: -.inf}"), true},
    {EXPR("1/0", "3m", "{value: +Inf}"), false},
    {EXPR("5", "3m", "{value: 0x}"), false},
    {EXPR("1", "3m", "{value: _1}"), false},
    {"fuzzy_compare: true\n", false},          /* version 3's */
    {EXPR("1 + 1", "5m", "{value: 2}"), true}, /* no labels */
    {EXPR("m", "3m", "{value: 1.3000000000000003}"), false},
    {"evaluation_interval: 30s\ntests:\n- input_series: [{series: m, values: '1 2 3'}]\n"
     "  promql_expr_test:\n  - {expr: m, eval_time: 1m, exp_samples: [{labels: m, value: 1}]}\n",
     true}, /* without an interval all samples stand at 0 */
};

static char folder[] = "/tmp/understudy-alerts-XXXXXX";

static void write_file(const char *name, const char *text)
{
    char path[100];
    FILE *out;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
}

static void make_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    write_file("rules.yml", RULES);
    write_file("bad.yml", "groups:\n- name: a\n  rules:\n  - alert: b\n    expr: up ==\n");
}

static void remove_folder(void)
{
    static const char *const names[] = {"rules.yml", "bad.yml", "test.yml"};
    char path[100];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

/* What the real one says; as expected where there is none. */
static bool promtool_passes(const char *path, bool expected)
{
    char command[200];
    if (access("/usr/bin/promtool", X_OK) != 0)
        return expected;
    snprintf(command, sizeof command, "promtool test rules %s >/dev/null 2>&1", path);
    return system(command) == 0;
}

START_TEST(verdict_is_promtool_s)
{
    char path[100];
    json_t *failures = json_array(), *warnings = json_array();
    char *text;
    snprintf(path, sizeof path, "%s/test.yml", folder);
    write_file("test.yml", cases[_i].test);
    alerts_test_file(path, PROMQL_2, failures, warnings);
    text = json_dumps(failures, 0);
    ck_assert_msg((json_array_size(failures) == 0) == cases[_i].passes, "%s\n%s", cases[_i].test,
                  text);
    ck_assert_msg(promtool_passes(path, cases[_i].passes) == cases[_i].passes,
                  "promtool says otherwise:\n%s", cases[_i].test);
    free(text);
    json_decref(failures);
    json_decref(warnings);
}
END_TEST

#define BEGUN(start, expr, time, value)                                                            \
    "tests:\n- interval: 1m\n  start_timestamp: " start "\n"                                       \
    "  input_series:\n  - {series: m, values: '10+10x15'}\n"                                       \
    "  promql_expr_test:\n"                                                                        \
    "  - {expr: '" expr "', eval_time: " time ", exp_samples: [{value: " value "}]}\n"

/* As the real one of version 3 has it: all times count from there. */
static const struct {
    const char *test;
    bool passes;
} begun[] = {
    {BEGUN("2024-01-01T00:00:00Z", "time()", "5m", "1704067500"), true},
    {BEGUN("'2024-01-01T01:00:00+01:00'", "time()", "0", "1704067200"), true},
    {BEGUN("2023-12-31T22:29:59.5-01:30", "time()", "0", "1704067199.5"), true},
    {BEGUN("1609459200", "time()", "10m", "1609459800"), true},
    {BEGUN("1609459200", "sum(m @ 1609459320)", "5m", "30"), true},
    {BEGUN("1609459200", "sum(m)", "5m", "60"), true},
    {BEGUN("1609459200", "sum(timestamp(m))", "5m", "1609459500"), true},
    {BEGUN("1609459200", "sum(m @ 120)", "5m", "30"), false},
    {BEGUN("yesterday", "time()", "0", "0"), false},
    {BEGUN("2024-01-01", "time()", "0", "1704067200"), false},
    {BEGUN("2024-01-01T00:00:00", "time()", "0", "1704067200"), false},
};

START_TEST(a_test_may_begin_at_any_time)
{
    char path[100];
    json_t *failures = json_array(), *warnings = json_array();
    snprintf(path, sizeof path, "%s/test.yml", folder);
    write_file("test.yml", begun[_i].test);
    ck_assert_msg(alerts_test_file(path, PROMQL_3, failures, warnings) == begun[_i].passes,
                  "%s\n%s", begun[_i].test, json_string_value(json_array_get(failures, 0)));
    ck_assert(!alerts_test_file(path, PROMQL_2, failures, warnings));
    json_decref(failures);
    json_decref(warnings);
}
END_TEST

#define NATIVE(samples)                                                                            \
    "tests:\n- interval: 1m\n  input_series:\n"                                                    \
    "  - {series: h, values: '{{schema:1 sum:5 count:4 offset:-1 buckets:[1 0 3]}}+{{sum:1 "       \
    "count:1 buckets:[1] schema:1}}x3'}\n"                                                         \
    "  - {series: c, values: '{{schema:-53 sum:2 count:2 custom_values:[5 10] buckets:[0 2]}}'}\n" \
    "  promql_expr_test:\n  - {eval_time: 1m, " samples "}\n"
#define SAMPLE(labels, histogram)                                                                  \
    "exp_samples: [{labels: '" labels "', histogram: '" histogram "'}]"

/* Version 3 compares native histograms by their whole notation, the hint with it, but neither by
 * its order nor by empty buckets at its ends. Version 2.42 has none. */
static const struct {
    const char *test, *failure;
} native_cases[] = {
    {NATIVE("expr: h, " SAMPLE("h", "{{schema:1 count:5 sum:6 counter_reset_hint:not_reset "
                                    "offset:-2 buckets:[0 1 1 3 0]}}")),
     NULL},
    {NATIVE("expr: h, " SAMPLE("h", "{{schema:1 count:5 sum:6 offset:-1 buckets:[1 1 3]}}")),
     "exp: {__name__=\"h\"} {{schema:1 count:5 sum:6 offset:-1 buckets:[1 1 3]}}\n        got: "
     "{__name__=\"h\"} {{schema:1 count:5 sum:6 counter_reset_hint:not_reset offset:-1 buckets:[1 "
     "1 3]}}"},
    {NATIVE("expr: c, " SAMPLE("c", "{{schema:-53 sum:2 count:2 custom_values:[5 10] buckets:[0 "
                                    "2]}}")),
     NULL},
    {NATIVE("expr: c, " SAMPLE("c", "{{schema:-53 sum:2 count:2 custom_values:[5 11] buckets:[0 "
                                    "2]}}")),
     "custom_values:[5 11]"},
    {NATIVE("expr: -c, " SAMPLE("{}", "{{schema:-53 sum:-2 count:-2 custom_values:[5 10] "
                                      "buckets:[0 -2] counter_reset_hint:gauge}}")),
     NULL},
    {NATIVE("expr: c, exp_samples: [{labels: c, value: 2}]"), "exp: {__name__=\"c\"} 2E+00"},
    {NATIVE("expr: histogram_count(c), " SAMPLE("{}", "{{count:2}}")), "got: {} 2E+00"},
    {NATIVE("expr: histogram_count(c), exp_samples: [{labels: '{}', value: 2}]"), NULL},
    {NATIVE("expr: c, " SAMPLE("c", "{{count:2}} {{count:2}}")), "want one as"},
    {NATIVE("expr: c, " SAMPLE("c", "2")), "want one as"},
    {NATIVE("expr: c, " SAMPLE("c", "{{cuont:2}}")), "cuont"},
    {NATIVE("expr: c, exp_samples: [{label: c, value: 2}]"), "label: unknown key"},
};

START_TEST(native_histograms_are_compared_by_their_notation)
{
    char path[100];
    json_t *failures = json_array(), *warnings = json_array();
    const char *want = native_cases[_i].failure, *got;
    snprintf(path, sizeof path, "%s/test.yml", folder);
    write_file("test.yml", native_cases[_i].test);
    alerts_test_file(path, PROMQL_3, failures, warnings);
    got = json_string_value(json_array_get(failures, 0));
    ck_assert_msg(want ? got && strstr(got, want) : !got, "%s\n%s", native_cases[_i].test, got);
    json_array_clear(failures);
    ck_assert(!alerts_test_file(path, PROMQL_2, failures, warnings));
    ck_assert(!promtool_passes(path, false));
    json_decref(failures);
    json_decref(warnings);
}
END_TEST

START_TEST(missing_file_fails)
{
    json_t *failures = json_array(), *warnings = json_array();
    ck_assert(!alerts_test_file("/nonexistent.yml", PROMQL_2, failures, warnings));
    ck_assert_uint_eq(json_array_size(failures), 1);
    json_decref(failures);
    json_decref(warnings);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("alerts test");
    TCase *tcase = tcase_create("alerts test");
    tcase_add_unchecked_fixture(tcase, make_folder, remove_folder);
    tcase_add_loop_test(tcase, verdict_is_promtool_s, 0, sizeof cases / sizeof *cases);
    tcase_add_loop_test(tcase, native_histograms_are_compared_by_their_notation, 0,
                        sizeof native_cases / sizeof *native_cases);
    tcase_add_loop_test(tcase, a_test_may_begin_at_any_time, 0, sizeof begun / sizeof *begun);
    tcase_add_test(tcase, missing_file_fails);
    suite_add_tcase(suite, tcase);
    return suite;
}
