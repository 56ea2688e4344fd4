/* The texts of every report against golden files, and the promises that no golden file states. */
#include "tests/support/helpers.h"
#include "tests/support/sample_result.h"

#include "reports/text/json.h"
#include "reports/text/junit.h"
#include "reports/text/table.h"
#include "reports/text/text.h"
#include "reports/text/trace.h"
#include "sim/experiment/baseline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N 5
#define NASTY "a\"b'c\n<d>&\x01`id`@e_f^g{h}\xff"

static struct sample_result made[N - 1];
static struct report reports[N];
static char *text;
static size_t size;

static void setup(void)
{
    int i;
    sample_result_failure(&made[0], "primary-hardware-failure");
    sample_result_mixed(&made[1]);
    sample_result_year(&made[2]);
    sample_result_steady(&made[3]);
    for (i = 0; i < N - 1; i++)
        reports[i] = made[i].report;
    reports[N - 1] = (struct report){
        .path = "scenarios/broken.yaml",
        .error = "scenarios/broken.yaml:3: hosts: got \"none\", want a list",
        .elapsed_s = NAN,
    };
    text = NULL;
}

static void teardown(void)
{
    int i;
    for (i = 0; i < N - 1; i++)
        sample_result_fini(&made[i]);
    free(text);
}

START_TEST(the_table_is_the_golden_one)
{
    HELPER_CAPTURE(text, size, table_print(out, reports, N, false));
    helper_golden("table.txt", text);
}
END_TEST

START_TEST(the_quiet_table_is_the_golden_one)
{
    HELPER_CAPTURE(text, size, table_print(out, reports, N, true));
    helper_golden("table-quiet.txt", text);
}
END_TEST

START_TEST(the_json_is_the_golden_one)
{
    HELPER_CAPTURE(text, size, json_print_list(out, reports, N, 3, NULL));
    helper_golden("sim.json", text);
}
END_TEST

START_TEST(the_junit_file_is_the_golden_one)
{
    HELPER_CAPTURE(text, size, junit_print(out, reports, N));
    helper_golden("junit.xml", text);
}
END_TEST

START_TEST(the_trace_is_the_golden_one)
{
    HELPER_CAPTURE(text, size, trace_print(out, &made[0].result.timeline, &made[0].scenario.fleet));
    helper_golden("trace.txt", text);
}
END_TEST

/* Only the line to be pasted may be longer, since a break would make it another command. */
static void check_columns(void)
{
    char *line, *rest = text;
    while ((line = strsep(&rest, "\n")) != NULL)
        if (strstr(line, "reproduce: ") == NULL)
            ck_assert_msg(text_columns(line) <= TABLE_COLUMNS, "%d columns: %s", text_columns(line),
                          line);
}

START_TEST(no_line_of_the_table_is_wider_than_100_columns)
{
    memset(made[0].scenario.name, 'n', sizeof made[0].scenario.name - 1);
    memset(made[0].scenario.about, 'a', sizeof made[0].scenario.about - 1);
    for (size_t i = 7; i < sizeof made[0].scenario.about - 1; i += 8)
        made[0].scenario.about[i] = ' ';
    made[0].result.metric[METRIC_RTO].p95 = 1e12;
    made[0].result.seed = UINT64_MAX;
    HELPER_CAPTURE(text, size, table_print(out, reports, N, false));
    check_columns();
}
END_TEST

START_TEST(one_scenario_is_an_object_and_a_list_has_results)
{
    json_error_t error;
    json_t *value;
    HELPER_CAPTURE(text, size, json_print(out, reports, NULL));
    value = json_loads(text, 0, &error);
    ck_assert_msg(json_is_object(value), "%s", error.text);
    ck_assert_str_eq(json_string_value(json_object_get(value, "digest")), "00c0ffee12345678");
    json_decref(value);
    free(text);
    HELPER_CAPTURE(text, size, json_print_list(out, reports, 1, 0, NULL));
    value = json_loads(text, 0, &error);
    ck_assert_int_eq(json_integer_value(json_object_get(value, "version")), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(value, "results")), 1);
    json_decref(value);
}
END_TEST

START_TEST(what_was_not_observed_is_null_and_never_0)
{
    struct quantity zeroed = {0}, one = {.n = 1,
                                         .mean = 5,
                                         .half_width = NAN,
                                         .min = 5,
                                         .p5 = 5,
                                         .p50 = 5,
                                         .p95 = 5,
                                         .p99 = 5,
                                         .max = INFINITY,
                                         .p50_low = NAN,
                                         .p50_high = NAN,
                                         .p95_low = NAN,
                                         .p95_high = NAN,
                                         .known_to = NAN};
    static const char *const fields[] = {"mean", "half_width", "min", "p5",
                                         "p50",  "p95",        "p99", "max"};
    json_t *value = json_quantity(&zeroed);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        ck_assert_msg(json_is_null(json_object_get(value, fields[i])), "%s", fields[i]);
    ck_assert_int_eq(json_integer_value(json_object_get(value, "n")), 0);
    json_decref(value);
    value = json_quantity(&one);
    ck_assert(json_is_integer(json_object_get(value, "mean")));
    ck_assert(json_is_null(json_object_get(value, "half_width")));
    ck_assert(json_is_null(json_object_get(value, "max")));
    json_decref(value);
}
END_TEST

/* Which of the contract's keys a report lacks: none. */
START_TEST(the_json_has_every_key_of_the_contract)
{
    static const char *const keys[] = {"version",  "scenario",     "seed",    "replications",
                                       "digest",   "simulated_ms", "events",  "metrics",
                                       "per_host", "documented",   "verdicts"};
    static const char *const metrics[] = {
        "detection_ms",  "failover_ms",      "rto_ms",      "job_recovery_ms",  "mttr_ms",
        "queue_wait_ms", "queue_length",     "utilization", "wait_probability", "availability",
        "job_success",   "failover_success", "jobs_done",   "jobs_failed"};
    json_t *value = json_report(&reports[0]), *inner = json_object_get(value, "metrics");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        ck_assert_msg(json_object_get(value, keys[i]) != NULL, "%s", keys[i]);
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
        ck_assert_msg(json_object_get(inner, metrics[i]) != NULL, "%s", metrics[i]);
    ck_assert(json_is_integer(json_object_get(inner, "jobs_done")));
    json_decref(value);
}
END_TEST

static void make_nasty(void)
{
    strcpy(made[0].scenario.name, NASTY);
    strcpy(made[0].scenario.about, NASTY);
    strcpy(made[0].scenario.fleet.hosts[0].name, NASTY);
    strcpy(made[0].result.hosts[0].name, NASTY);
    strcpy(made[0].result.timeline.entry[0].what, NASTY);
    reports[0].path = NASTY;
    reports[N - 1].error = NASTY;
}

/* The command's exit code; xmllint says nothing about a good file. */
static int run_on(const char *command, const char *content)
{
    char path[] = "/tmp/understudy-test-XXXXXX", line[256];
    int file = mkstemp(path), code;
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, content, strlen(content)), (ssize_t)strlen(content));
    close(file);
    snprintf(line, sizeof line, "%s %s", command, path);
    code = system(line);
    unlink(path);
    return code;
}

START_TEST(nasty_names_keep_the_junit_file_valid)
{
    make_nasty();
    HELPER_CAPTURE(text, size, junit_print(out, reports, N));
    ck_assert_int_eq(run_on("xmllint --noout", text), 0);
    ck_assert_ptr_nonnull(strstr(text, "name=\"a&quot;b&#39;c &lt;d&gt;&amp; `id`@e_f^g{h}"));
}
END_TEST

START_TEST(nasty_names_survive_json)
{
    json_t *value;
    make_nasty();
    HELPER_CAPTURE(text, size, json_print_list(out, reports, N, 3, NULL));
    value = json_loads(text, 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(
                         json_array_get(json_object_get(value, "results"), 0), "scenario")),
                     "a\"b'c <d>& `id`@e_f^g{h}\xEF\xBF\xBD");
    json_decref(value);
}
END_TEST

/* Names in it are cut at a byte, and may be anything. */
START_TEST(what_a_baseline_says_is_part_of_the_json)
{
    static const struct baseline_changes changes = {
        .change = {{"mttr: worse \"\xC3", true}, {"rto: better", false}},
        .n = 2,
        .regressions = 1,
        .compared = 17,
        .more = true};
    json_t *against = baseline_changes_json(NASTY, &changes), *value, *first;
    int list;
    for (list = 0; list < 2; list++) {
        if (list)
            HELPER_CAPTURE(text, size, json_print_list(out, reports, 1, 0, against));
        else
            HELPER_CAPTURE(text, size, json_print(out, reports, against));
        value = json_loads(text, 0, NULL);
        ck_assert_ptr_nonnull(value);
        ck_assert(json_equal(json_object_get(value, "baseline"), against));
        json_decref(value);
        free(text);
        text = NULL;
    }
    ck_assert_int_eq(json_integer_value(json_object_get(against, "compared")), 17);
    ck_assert_int_eq(json_integer_value(json_object_get(against, "regressions")), 1);
    ck_assert(json_is_true(json_object_get(against, "more")));
    ck_assert_uint_eq(json_array_size(json_object_get(against, "changes")), 2);
    first = json_array_get(json_object_get(against, "changes"), 0);
    ck_assert(json_is_true(json_object_get(first, "regression")));
    ck_assert_str_eq(json_string_value(json_object_get(first, "text")),
                     "mttr: worse \"\xEF\xBF\xBD");
    json_decref(against);
}
END_TEST

START_TEST(nasty_names_stay_on_their_line)
{
    make_nasty();
    HELPER_CAPTURE(text, size, trace_print(out, &made[0].result.timeline, &made[0].scenario.fleet));
    ck_assert_ptr_null(strchr(text, '\x01'));
    ck_assert_uint_eq(made[0].result.timeline.n, (size_t)11);
    size_t lines = 0;
    for (const char *s = text; (s = strchr(s, '\n')) != NULL; s++)
        lines++;
    ck_assert_uint_eq(lines, 11);
}
END_TEST

START_TEST(the_reproducing_line_is_one_shell_command)
{
    static const char *const sets[] = {"fleet.policy.persist=2min", "name=it's; rm -rf /"};
    reports[0].sets = sets;
    reports[0].n_sets = 2;
    reports[0].path = "my scenarios/a.yaml";
    reports[0].version = "1.0";
    HELPER_CAPTURE(text, size, report_reproduce(out, &reports[0]));
    ck_assert_str_eq(text, "understudy sim 'my scenarios/a.yaml' --seed 1 --replications 1000 "
                           "--set fleet.policy.persist=2min --set 'name=it'\\''s; rm -rf /'"
                           "  # understudy 1.0");
}
END_TEST

START_TEST(the_difference_names_only_what_changes_beyond_its_interval)
{
    char line[512];
    table_difference(&reports[0], line, sizeof line);
    ck_assert_ptr_nonnull(strstr(line, "queue wait mean 1:00 instead of 2:15"));
    ck_assert_ptr_null(strstr(line, "detection"));
    made[0].documented.metric[METRIC_QUEUE_WAIT] = made[0].result.metric[METRIC_QUEUE_WAIT];
    table_difference(&reports[0], line, sizeof line);
    ck_assert_ptr_nonnull(strstr(line, "no row would change"));
    table_difference(&reports[1], line, sizeof line);
    ck_assert_str_eq(line, "");
}
END_TEST

START_TEST(the_summary_counts_verdicts_expectations_and_failures)
{
    struct table_summary summary = table_summarise(reports, N);
    char line[256];
    table_summary_text(&summary, line, sizeof line);
    ck_assert_str_eq(line, "5 scenarios, 10 claims: 3 met, 2 not met, 2 impossible, 2 not shown, "
                           "1 without a case. "
                           "1 of 2 expectations held. 1 could not run.");
    summary = table_summarise(&reports[3], 1);
    table_summary_text(&summary, line, sizeof line);
    ck_assert_str_eq(line, "1 scenario, no claims.");
}
END_TEST

START_TEST(an_expectation_missed_by_little_shows_all_digits)
{
    struct verdict verdict = {.metric = METRIC_RTO,
                              .statistic = "p95",
                              .op = "<=",
                              .limit = 240000,
                              .value = 240001,
                              .half_width = NAN,
                              .line = 1};
    char line[256];
    table_expectation(&verdict, line, sizeof line);
    ck_assert_str_eq(line, "p95 rto_ms <= 240.000s: got 240.001s");
    verdict.value = NAN;
    table_expectation(&verdict, line, sizeof line);
    ck_assert_str_eq(line, "p95 rto_ms <= 4:00: got nothing observed");
}
END_TEST

static void add_golden(Suite *s)
{
    TCase *c = tcase_create("golden");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, the_table_is_the_golden_one);
    tcase_add_test(c, the_quiet_table_is_the_golden_one);
    tcase_add_test(c, the_json_is_the_golden_one);
    tcase_add_test(c, the_junit_file_is_the_golden_one);
    tcase_add_test(c, the_trace_is_the_golden_one);
    suite_add_tcase(s, c);
}

Suite *suite(void)
{
    Suite *s = suite_create("reports");
    TCase *c = tcase_create("promises");
    add_golden(s);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, no_line_of_the_table_is_wider_than_100_columns);
    tcase_add_test(c, one_scenario_is_an_object_and_a_list_has_results);
    tcase_add_test(c, what_was_not_observed_is_null_and_never_0);
    tcase_add_test(c, the_json_has_every_key_of_the_contract);
    tcase_add_test(c, nasty_names_keep_the_junit_file_valid);
    tcase_add_test(c, nasty_names_survive_json);
    tcase_add_test(c, what_a_baseline_says_is_part_of_the_json);
    tcase_add_test(c, nasty_names_stay_on_their_line);
    tcase_add_test(c, the_reproducing_line_is_one_shell_command);
    tcase_add_test(c, the_difference_names_only_what_changes_beyond_its_interval);
    tcase_add_test(c, the_summary_counts_verdicts_expectations_and_failures);
    tcase_add_test(c, an_expectation_missed_by_little_shows_all_digits);
    suite_add_tcase(s, c);
    return s;
}
