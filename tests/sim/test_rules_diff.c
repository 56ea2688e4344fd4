/* An edit of the shipped rule file, from the command line to the verdict. */
#include "tests/support/helpers.h"
#include "tests/support/shell.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RULES "scenarios/paws360-rules.yml"

static char folder[64], edited[96], comment[96];

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 65536);
    ck_assert(file && text);
    ck_assert_uint_gt(fread(text, 1, 65535, file), 0);
    fclose(file);
    return text;
}

/* The shipped file with one `for` longer. */
static void write_edited(void)
{
    char *text = read_file(RULES), *at = strstr(text, "RunnerHighCPU");
    FILE *file = fopen(edited, "w");
    ck_assert(file && at && (at = strstr(at, "for: 5m")));
    fprintf(file, "%.*sfor: 15m%s", (int)(at - text), text, at + strlen("for: 5m"));
    fclose(file);
    free(text);
}

static void setup(void)
{
    strcpy(folder, "/tmp/understudy-diff-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(edited, sizeof edited, "%s/rules.yml", folder);
    snprintf(comment, sizeof comment, "%s/comment.md", folder);
    write_edited();
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* Runs `understudy` and returns its exit code; *output is the caller's to free. */
static int run(const char *arguments, char **output)
{
    return shell_run(output, "$PROGRAM %s 2>&1", arguments);
}

START_TEST(an_edit_changes_the_rto_and_fails_the_test)
{
    char arguments[512], *output, *reason;
    json_t *json, *scenario;
    snprintf(arguments, sizeof arguments,
             "test --rules-diff " RULES " %s scenarios/cpu-degradation.yaml --replications 100 "
             "--format json --markdown %s",
             edited, comment);
    ck_assert_int_eq(run(arguments, &output), 1);
    json = json_loads(output, 0, NULL);
    ck_assert_msg(json != NULL, "%s", output);
    free(output);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "newly_failed")), 1);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(json, "changes"), 0)),
                     "RunnerHighCPU: for 5min -> 15min");
    scenario = json_array_get(json_object_get(json, "scenarios"), 0);
    scenario = json_object_get(json_object_get(scenario, "metrics"), "rto_ms");
    /* Ten minutes of waiting more; the interval is that of the pairs. */
    scenario = json_object_get(scenario, "difference");
    ck_assert_double_gt(json_number_value(json_object_get(scenario, "mean")), 300000);
    ck_assert_double_lt(json_number_value(json_object_get(scenario, "half_width")), 200000);
    json_decref(json);
    output = read_file(comment);
    reason = strstr(output, "- :x: cpu-degradation: detection p95 goes from ");
    ck_assert_ptr_nonnull(reason);
    ck_assert_ptr_nonnull(strstr(reason, "because of RunnerHighCPU: for 5min -\\> 15min\n"));
    free(output);
}
END_TEST

START_TEST(test_alone_fails_with_the_edited_file)
{
    char arguments[512], *output;
    snprintf(arguments, sizeof arguments,
             "test scenarios/cpu-degradation.yaml --replications 100 --quiet");
    ck_assert_int_eq(run(arguments, &output), 0);
    free(output);
    snprintf(arguments, sizeof arguments,
             "test scenarios/cpu-degradation.yaml --replications 100 --quiet "
             "--set fleet.monitoring.rules=%s",
             edited);
    ck_assert_int_eq(run(arguments, &output), 1);
    free(output);
}
END_TEST

START_TEST(the_same_file_changes_nothing)
{
    char *output;
    ck_assert_int_eq(run("test --rules-diff " RULES " " RULES
                         " scenarios/cpu-degradation.yaml --replications 100",
                         &output),
                     0);
    ck_assert_ptr_nonnull(strstr(output, "no change of behaviour"));
    ck_assert_ptr_nonnull(strstr(output, "cpu-degradation: no change, event by event"));
    free(output);
}
END_TEST

/* --- what an edit is called ------------------------------------------------------------------ */

static void write_at(const char *name, const char *text)
{
    char path[160];
    FILE *file;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

#define DOWN "  - {alert: Down, expr: up == 0, for: 2m, labels: {severity: critical, team: ci}}\n"
#define BUSY                                                                                       \
    "  - {alert: Busy, expr: 'avg by (instance) "                                                  \
    "(rate(node_cpu_seconds_total{mode=\"idle\"}[5m])) < "                                         \
    "0.15', labels: {severity: info}}\n"
#define OLD "groups:\n- name: a\n  rules:\n" DOWN BUSY

/* A small fleet with its files, and a scenario of a lost host. */
static void write_small(const char *new_rules)
{
    write_at("old.yml", OLD);
    write_at("new.yml", new_rules);
    write_at("more.yml",
             "groups:\n- name: c\n  rules:\n  - {alert: Other, expr: up == 0, for: 1h}\n");
    write_at("am.yml",
             "route:\n  receiver: hook\n  routes:\n"
             "  - {receiver: nobody, matchers: ['team!=\"ci\"', 'severity=\"critical\"']}\n"
             "receivers:\n- {name: hook, webhook_configs: [{url: 'http://h/'}]}\n"
             "- {name: nobody}\n");
    write_at(
        "fleet.yaml",
        "fleet:\n  hosts:\n"
        "    - {name: one, tier: primary, slots: 2}\n    - {name: two, tier: backup, slots: 2}\n"
        "  workload: {arrivals: {rate: 1/h}, classes: [{name: a, duration: 1min}]}\n"
        "  monitoring: {rules: [new.yml, more.yml], ignore: [Quiet]}\n"
        "  alertmanager: {config: am.yml}\n"
        "  policy: {}\n  github: {}\n");
    write_at("s.yaml", "fleet: fleet.yaml\nduration: 1h\n"
                       "faults: [{at: 10min, kind: host-power-loss, target: one, lasts: 30min}]\n"
                       "expect: [{metric: detection, quantile: 95%, op: '<=', value: 10min}]\n");
}

/* The differences, one a line, by `test --rules-diff OLD NEW`. */
static int diff(const char *old, const char *new, json_t **json)
{
    char arguments[512], *output, *start;
    int code;
    snprintf(
        arguments, sizeof arguments,
        "test --rules-diff %s/%s %s/%s %s/s.yaml --replications 100 --format json --markdown %s",
        folder, old, folder, new, folder, comment);
    code = run(arguments, &output);
    start = strchr(output, '{');
    *json = start ? json_loads(start, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
    ck_assert_msg(*json != NULL, "%.2000s", output);
    free(output);
    return code;
}

static const struct {
    const char *rules, *changes[3];
    int code;
} edits[] = {
    /* Comments, annotations and order are no change. */
    {"# new\ngroups:\n- name: a\n  rules:\n" BUSY
     "  - {alert: Down, expr: 'up==0', for: 120s, labels: {severity: critical, team: ci},\n"
     "     annotations: {summary: new}}\n",
     {NULL},
     0},
    {"groups:\n- name: a\n  rules:\n" BUSY "- name: b\n  rules:\n" DOWN, {"Down: group a -> b"}, 0},
    {"groups:\n- name: a\n  rules:\n" DOWN, {"Busy: gone"}, 0},
    {OLD "  - {alert: Down, expr: up == 0, labels: {severity: page}}\n", {"Down: new"}, 0},
    {"groups:\n- name: a\n  rules:\n" BUSY
     "  - {alert: Gone, expr: up == 0, for: 2m, labels: {severity: critical, team: ci}}\n",
     {"Gone: renamed Down -> Gone"},
     0},
    /* A label that unroutes the alert. */
    {"groups:\n- name: a\n  rules:\n" BUSY
     "  - {alert: Down, expr: up == 0, for: 2m, labels: {severity: critical, team: web}}\n",
     {"Down: label team ci -> web", "Down: the controller is told of it on 2 hosts -> 0"},
     0},
    {OLD "  - {record: a:b, expr: up}\n", {"recording rule a:b: new"}, 0},
    /* One that the fleet leaves out, and one that is no signal. */
    {OLD "  - {alert: Quiet, expr: up == 0}\n", {"Quiet: new"}, 0},
    {OLD "  - {alert: Odd, expr: made_up > 5, labels: {severity: info}}\n", {"Odd: new"}, 0},
};

START_TEST(an_edit_is_called_what_it_is)
{
    json_t *json, *changes;
    size_t n = 0;
    write_small(edits[_i].rules);
    ck_assert_int_eq(diff("old.yml", "new.yml", &json), edits[_i].code);
    changes = json_object_get(json, "changes");
    for (; n < 3 && edits[_i].changes[n]; n++)
        ck_assert_msg(
            n < json_array_size(changes) &&
                strcmp(json_string_value(json_array_get(changes, n)), edits[_i].changes[n]) == 0,
            "got '%s', want '%s'", json_string_value(json_array_get(changes, n)),
            edits[_i].changes[n]);
    ck_assert_uint_eq(json_array_size(changes), n);
    ck_assert(json_is_true(json_object_get(json, "judged")));
    json_decref(json);
}
END_TEST

/* What the fleet leaves out, or cannot simulate, is said beside the change. */
START_TEST(what_no_scenario_shows_is_said)
{
    json_t *json;
    write_small(OLD "  - {alert: Quiet, expr: up == 0}\n"
                    "  - {alert: Odd, expr: made_up > 5, labels: {severity: info}}\n");
    ck_assert_int_eq(diff("old.yml", "new.yml", &json), 0);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(json, "asides"), 0)),
                     "left out by these fleets, or about other machines");
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(json, "asides"), 1)),
                     "no series here: never fires");
    json_decref(json);
}
END_TEST

static const struct {
    const char *rules, *says;
} unjudged[] = {
    {"groups: [", "not YAML"},
    {"groups:\n- name: a\n  rules: [{alert: A, expr: 'up =='}]\n", "new.yml:3: expr: "},
    {OLD "  - {alert: Odd, expr: made_up > 5, labels: {severity: critical}}\n",
     "would move jobs, and is not simulated: Odd"},
    /* one that could fire, and now reads what nobody exports */
    {"groups:\n- name: a\n  rules:\n"
     "  - {alert: Down, expr: made_up == 0, for: 2m, labels: {severity: critical, team: "
     "ci}}\n" BUSY,
     "would move jobs, and is not simulated: Down"},
};

/* A new file that is broken, or whose effect nobody can tell, is never "no difference". */
START_TEST(what_cannot_be_judged_is_no_green)
{
    json_t *json;
    char *text;
    write_small(unjudged[_i].rules);
    ck_assert_int_eq(diff("old.yml", "new.yml", &json), 2);
    ck_assert(json_is_false(json_object_get(json, "judged")));
    json_decref(json);
    text = read_file(comment);
    ck_assert_ptr_nonnull(strstr(text, "This could not be judged"));
    ck_assert_ptr_nonnull(strstr(text, unjudged[_i].says));
    ck_assert_ptr_null(strstr(text, "still holds"));
    ck_assert_ptr_null(strstr(text, "No change"));
    free(text);
}
END_TEST

/* The other files of the fleet stay; configurations and folders compare as wholes. */
START_TEST(whole_configurations_compare)
{
    static const char config[] = "global: {evaluation_interval: %s}\nrule_files: [%s]\n"
                                 "scrape_configs: [{job_name: node, static_configs: "
                                 "[{targets: ['one:9100', 'two:9100']}]}]\n";
    char text[512], command[256];
    json_t *json, *changes;
    write_small(OLD);
    snprintf(command, sizeof command, "mkdir %s/p %s/q", folder, folder);
    ck_assert_int_eq(system(command), 0);
    snprintf(text, sizeof text, config, "30s", "r.yml");
    write_at("p/prometheus.yml", text);
    write_at("p/r.yml", OLD);
    snprintf(text, sizeof text, config, "1m", "r.yml");
    write_at("q/prometheus.yml", text);
    write_at("q/r.yml", "groups:\n- name: a\n  rules:\n" DOWN);
    ck_assert_int_eq(diff("p", "q", &json), 0);
    changes = json_object_get(json, "changes");
    ck_assert_uint_eq(json_array_size(changes), 2);
    ck_assert_str_eq(json_string_value(json_array_get(changes, 0)), "Busy: gone");
    ck_assert_str_eq(json_string_value(json_array_get(changes, 1)),
                     "evaluation_interval: 30s -> 1min");
    json_decref(json);
    ck_assert_int_eq(diff("p/prometheus.yml", "p", &json), 0);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "changes")), 0);
    json_decref(json);
}
END_TEST

/* Of every rule, what it does to this fleet: in the comment, as JSON, and by `alerts check`. */
START_TEST(every_rule_says_what_it_does_here)
{
    static const char *const effects[] = {
        "moves jobs: up == 0 for 2min, on 2 of 2 hosts",
        "moves no jobs: CPU in use above 85%, rate over 5min, on 2 of 2 hosts, severity info",
        "watches no host of this fleet, or is left out: does nothing",
        "no series here: never fires (nobody exports made_up)",
        "moves no jobs: its expression, which faults and load can make true, for 5min, on 2 of 2 "
        "hosts, severity info",
        "moves no jobs: its expression, which only faults can make true, on 2 of 2 hosts, severity "
        "info"};
    char arguments[256], *output;
    json_t *json, *rules;
    write_small(
        OLD
        "  - {alert: Quiet, expr: up == 0}\n"
        "  - {alert: Odd, expr: made_up > 5, labels: {severity: info}}\n"
        "  - {alert: Jobs, expr: runner_concurrent_jobs > 1, for: 5m, labels: {severity: info}}\n"
        "  - {alert: Gone, expr: runner_status == 0, labels: {severity: info}}\n");
    ck_assert_int_eq(diff("old.yml", "new.yml", &json), 0);
    rules = json_object_get(json, "rules");
    ck_assert_uint_eq(json_array_size(rules), 6);
    for (size_t i = 0; i < 6; i++)
        ck_assert_str_eq(json_string_value(json_object_get(json_array_get(rules, i), "effect")),
                         effects[i]);
    json_decref(json);
    output = read_file(comment);
    ck_assert_ptr_nonnull(strstr(output, "What each of the 6 alerts does to this fleet"));
    ck_assert_ptr_nonnull(
        strstr(output, "| Down | moves jobs: up == 0 for 2min, on 2 of 2 hosts |"));
    free(output);
    snprintf(arguments, sizeof arguments, "alerts check %s/new.yml --fleet %s/fleet.yaml", folder,
             folder);
    ck_assert_int_eq(run(arguments, &output), 0);
    for (size_t i = 0; i < 6; i++)
        ck_assert_msg(strstr(output, effects[i]) != NULL, "%s", output);
    free(output);
    snprintf(arguments, sizeof arguments, "test %s/s.yaml --strict --replications 100", folder);
    ck_assert_int_eq(run(arguments, &output), 0); /* nothing that moves jobs is left out */
    free(output);
    write_small(OLD "  - {alert: Odd, expr: made_up > 5, labels: {severity: critical}}\n"
                    "  - {alert: Quiet, expr: up == 0}\n");
    ck_assert_int_eq(run(arguments, &output), 0); /* no route takes it to the controller */
    free(output);
    write_small(OLD "  - {alert: Odd, expr: made_up > 5, labels: {severity: critical, team: ci}}\n"
                    "  - {alert: Quiet, expr: up == 0}\n");
    ck_assert_int_eq(run(arguments, &output), 2);
    ck_assert_ptr_nonnull(strstr(output, "1 alert of severity critical would move jobs"));
    ck_assert_ptr_nonnull(strstr(output, "1 alert that would move jobs has no series here: Odd"));
    free(output);
}
END_TEST

START_TEST(junit_is_written_beside_it)
{
    char arguments[512], *output, path[128];
    write_small(OLD);
    snprintf(path, sizeof path, "%s/j.xml", folder);
    snprintf(arguments, sizeof arguments,
             "test --rules-diff %s/old.yml %s/new.yml %s/s.yaml --replications 100 --junit %s",
             folder, folder, folder, path);
    ck_assert_int_eq(run(arguments, &output), 0);
    free(output);
    output = read_file(path);
    ck_assert_ptr_nonnull(strstr(output, "<testsuite "));
    free(output);
}
END_TEST

static const struct {
    const char *arguments, *message;
} misuses[] = {
    {"test --rules-diff a.yml", "test: --rules-diff: got 'a.yml' alone, want OLD NEW"},
    {"sim --rules-diff a.yml b.yml scenarios/cpu-degradation.yaml",
     "sim: got option '--rules-diff', want one of `understudy sim --help`"},
    {"test --error 5% scenarios/cpu-degradation.yaml", "test: --error: want --decide with it"},
    {"test --decide --rules-diff " RULES " " RULES " scenarios/cpu-degradation.yaml",
     "test: got --rules-diff and --decide, want one of them"},
    {"test --rules-diff " RULES " none.yml scenarios/cpu-degradation.yaml",
     "understudy: none.yml: cannot be read: No such file or directory"},
    {"test --html x --rules-diff " RULES " " RULES " scenarios/cpu-degradation.yaml",
     "test: got --rules-diff and --html, want one of them: the other would do nothing"},
    {"test --strict --rules-diff " RULES " " RULES " scenarios/cpu-degradation.yaml",
     "test: got --rules-diff and --strict, want one of them"},
};

START_TEST(misuse_is_told_in_one_line)
{
    char *output;
    ck_assert_int_eq(run(misuses[_i].arguments, &output), 2);
    ck_assert_msg(strstr(output, misuses[_i].message) != NULL, "%s", output);
    free(output);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("rules diff");
    TCase *diff = tcase_create("diff");
    tcase_add_checked_fixture(diff, setup, teardown);
    tcase_add_test(diff, an_edit_changes_the_rto_and_fails_the_test);
    tcase_add_test(diff, test_alone_fails_with_the_edited_file);
    tcase_add_test(diff, the_same_file_changes_nothing);
    tcase_add_loop_test(diff, an_edit_is_called_what_it_is, 0, sizeof edits / sizeof *edits);
    tcase_add_test(diff, what_no_scenario_shows_is_said);
    tcase_add_loop_test(diff, what_cannot_be_judged_is_no_green, 0,
                        sizeof unjudged / sizeof *unjudged);
    tcase_add_test(diff, whole_configurations_compare);
    tcase_add_test(diff, every_rule_says_what_it_does_here);
    tcase_add_test(diff, junit_is_written_beside_it);
    tcase_add_loop_test(diff, misuse_is_told_in_one_line, 0, sizeof misuses / sizeof *misuses);
    tcase_set_timeout(diff, 120);
    suite_add_tcase(suite, diff);
    return suite;
}
