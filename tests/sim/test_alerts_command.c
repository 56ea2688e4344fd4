/* `understudy alerts` from the command line: exit codes, one clear line, what is printed. */
#include "tests/support/helpers.h"
#include "tests/support/shell.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RULES "scenarios/paws360-rules.yml"

static int run(const char *arguments, char **output)
{
    return shell_run(output, "$PROGRAM alerts %s 2>&1", arguments);
}

static json_t *run_json(const char *arguments)
{
    char *output;
    json_t *json;
    ck_assert_int_eq(run(arguments, &output), 0);
    json = json_loads(output, 0, NULL);
    ck_assert_msg(json != NULL, "%s", output);
    free(output);
    return json;
}

static const struct {
    const char *arguments, *message;
} misuses[] = {
    {"", "alerts: got no command, want one of `understudy alerts --help`"},
    {"chek", "alerts: got command 'chek', did you mean check?"},
    {"--rulez x check", "alerts check: got option '--rulez', want one of"},
    {"check", "alerts check: got no file"},
    {"delay --strict x", "alerts delay: got option '--strict', want one of"},
    {"check none.yml", "none.yml: cannot be read: No such file or directory"},
    {"check scenarios", "scenarios: is a folder, want a file"},
    {"check README.md", "README.md"},
    {"check scenarios/paws360.yaml", "want a rule file (groups), a prometheus.yml"},
    {"explain", "alerts explain: got no file"},
    {"eval", "alerts eval: --series FILE is missing"},
    {"eval --series none.json", "none.json: cannot read: No such file or directory"},
    {"eval --series README.md", "README.md:1: not JSON"},
    {"eval --series x --format xml", "alerts eval: --format: got 'xml', want text or json"},
    {"eval --series README.md more", "alerts eval: got 'more', want nothing but options"},
    {"delay", "alerts delay: got 0 files, want one"},
    {"delay scenarios/paws360.yaml --rule Nobody", "--rule: got 'Nobody', want the name of one"},
    {"delay scenarios/paws360.yaml --claim soon",
     "alerts delay: --claim: got 'soon', want a duration"},
    {"delay scenarios/paws360.yaml --from 120%",
     "alerts delay: --from: got '120%', want a share, 0%..100%"},
    {"delay scenarios/paws360.yaml --simulations 1",
     "alerts delay: --simulations: got '1', want a whole number 100.."},
    {"delay scenarios/paws360.yaml --set a", "--set a: want path=value"},
    {"delay scenarios/paws360.yaml --set fleet.monitoring=null",
     "scenarios/paws360.yaml: the fleet has no alert rules"},
};

START_TEST(misuse_is_told_in_one_line)
{
    char *output;
    ck_assert_int_eq(run(misuses[_i].arguments, &output), 2);
    ck_assert_msg(strstr(output, misuses[_i].message) != NULL, "%s", output);
    ck_assert_msg(strchr(output, '\n') == output + strlen(output) - 1, "%s", output);
    free(output);
}
END_TEST

/* Without a fleet that much is known: what it reads of, and what no fleet has. */
START_TEST(check_says_what_is_true_without_a_fleet)
{
    char *output, path[] = "/tmp/understudy-check-XXXXXX", arguments[96];
    FILE *file = fdopen(mkstemp(path), "w");
    ck_assert_ptr_nonnull(file);
    fputs("groups:\n- name: a\n  limit: 3\n  rules:\n  - {alert: Odd, expr: node_load1 > 5}\n",
          file);
    fclose(file);
    snprintf(arguments, sizeof arguments, "check --strict %s", path);
    ck_assert_int_eq(run(arguments, &output), 0);
    ck_assert_ptr_nonnull(strstr(output,
                                 "Odd                          on simulated series, of cores in "
                                 "use, averaged over 1 min (node_exporter on the host): "
                                 "--fleet says what it does; for 0s; warning"));
    free(output);
    file = fopen(path, "a");
    ck_assert_ptr_nonnull(file);
    fputs("  - {alert: Other, expr: made_up > 5}\n", file);
    fclose(file);
    snprintf(arguments, sizeof arguments, "check --strict %s", path);
    ck_assert_int_eq(run(arguments, &output), 2);
    ck_assert_ptr_nonnull(strstr(output,
                                 "no series: never fires, unless a fleet's monitoring.metrics "
                                 "export made_up"));
    ck_assert_ptr_nonnull(strstr(output, "1 of 2 alerts read what nobody exports"));
    free(output);
    snprintf(arguments, sizeof arguments, "explain %s", path);
    ck_assert_int_eq(run(arguments, &output), 0);
    ck_assert_ptr_nonnull(strstr(output, "  meaning   as it stands, on simulated series"));
    ck_assert_ptr_nonnull(strstr(output, "  verdict   a fleet decides: --fleet"));
    ck_assert_ptr_null(strstr(output, "NO SIGNAL"));
    free(output);
    remove(path);
}
END_TEST

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

/* Names that are no identifiers, in every kind of file: version 3 has them, version 2 has not. */
static const char *const newer[] = {
    "groups:\n- name: a\n  rules:\n  - {alert: A, expr: '{\"my.metric\"} > 1', labels: {a.b: c}}\n",
    "groups:\n- name: a\n  rules:\n  - {record: my.metric, expr: up}\n",
    "global: {external_labels: {a.b: c}}\nscrape_configs: []\n",
    "scrape_configs:\n- job_name: j\n  static_configs: [{targets: ['h:1']}]\n"
    "  relabel_configs: [{source_labels: [a.b], target_label: c.d}]\n",
    "route: {receiver: a, group_by: [a.b]}\nreceivers: [{name: a}]\n",
    "route: {receiver: a}\nreceivers: [{name: a}]\ninhibit_rules:\n"
    "- {source_matchers: [a=b], target_matchers: [c=d], equal: [a.b]}\n",
};

START_TEST(version_3_has_any_name)
{
    char *output, path[] = "/tmp/understudy-check-XXXXXX", arguments[96];
    close(mkstemp(path));
    write_text(path, newer[_i]);
    snprintf(arguments, sizeof arguments, "check %s", path);
    ck_assert_int_eq(run(arguments, &output), 2);
    free(output);
    snprintf(arguments, sizeof arguments, "check --prometheus 3 %s", path);
    ck_assert_msg(run(arguments, &output) == 0, "%s", output);
    free(output);
    remove(path);
}
END_TEST

/* The fleet's version is that of the files that take the place of its own. */
START_TEST(a_fleet_of_version_3_reads_as_that)
{
    char *output, path[] = "/tmp/understudy-check-XXXXXX", arguments[160];
    close(mkstemp(path));
    write_text(path, newer[0]);
    snprintf(arguments, sizeof arguments, "check --prometheus 3 %s --fleet scenarios/paws360.yaml",
             path);
    ck_assert_msg(run(arguments, &output) == 0, "%s", output);
    ck_assert_ptr_nonnull(strstr(output, "no series here: never fires"));
    free(output);
    snprintf(arguments, sizeof arguments, "check %s --fleet scenarios/paws360.yaml", path);
    ck_assert_int_eq(run(arguments, &output), 2);
    free(output);
    remove(path);
}
END_TEST

/* What cannot be read hides nothing of the rest. */
START_TEST(check_goes_on_after_what_is_bad)
{
    char *output, path[] = "/tmp/understudy-check-XXXXXX", arguments[64];
    FILE *file = fdopen(mkstemp(path), "w");
    ck_assert_ptr_nonnull(file);
    fputs("groups:\n- name: a\n  rules:\n  - {alert: A, expr: up ==}\n"
          "  - {alert: Down, expr: up == 0}\n  - {alert: B, expr: up == 0, for: x}\n",
          file);
    fclose(file);
    snprintf(arguments, sizeof arguments, "explain %s", path);
    ck_assert_int_eq(run(arguments, &output), 2);
    ck_assert_ptr_nonnull(strstr(output, ":4: expr: "));
    ck_assert_ptr_nonnull(strstr(output, ":6: for: got x"));
    ck_assert_ptr_nonnull(strstr(output, "Down  ("));
    ck_assert_ptr_nonnull(strstr(output, "(and 1 more)"));
    free(output);
    remove(path);
}
END_TEST

/* Two alerts of one fault in one group: the second waits for the group's next flush, of which no
 * exact distribution knows. Down fires first, at about 2:45; Late at 5:45, after a flush at 3:15.
 */
START_TEST(a_webhook_that_others_decide_is_simulated)
{
    char folder[] = "/tmp/understudy-delay-XXXXXX", path[96], arguments[160], command[96];
    json_t *json, *rule, *fault, *hook;
    FILE *file;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/fleet.yaml", folder);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("fleet:\n  hosts: [{name: one, tier: primary, slots: 2}]\n"
          "  workload: {arrivals: {rate: 1/h}, classes: [{name: a, duration: 1min}]}\n"
          "  monitoring:\n    scrape_interval: 30s\n    rules:\n"
          "    - {alert: Down, signal: up, for: 2min}\n"
          "    - {alert: Late, signal: up, for: 5min}\n"
          "  alertmanager: {group_by: [instance]}\n",
          file);
    fclose(file);
    snprintf(arguments, sizeof arguments, "delay %s --rule Late --simulations 2000 --format json",
             path);
    json = run_json(arguments);
    rule = json_array_get(json_object_get(json, "rules"), 0);
    fault = json_array_get(json_object_get(rule, "faults"), 0);
    hook = json_object_get(fault, "webhook_ms");
    ck_assert(json_is_true(json_object_get(hook, "only_simulated")));
    ck_assert(json_is_null(json_object_get(hook, "exact")));
    hook = json_object_get(hook, "simulated");
    ck_assert_double_gt(json_number_value(json_object_get(hook, "min")), 450e3); /* 2:30 + 5:00 */
    fault = json_object_get(fault, "firing_ms");
    ck_assert(json_is_false(json_object_get(fault, "only_simulated")));
    json_decref(json);
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(check_shows_jobs_routes_and_signals)
{
    char *output;
    json_t *json;
    ck_assert_int_eq(
        run("check tests/data/alerts/rules.yml tests/data/alerts/alertmanager.yml", &output), 0);
    ck_assert_ptr_nonnull(
        strstr(output, "RunnerOffline                up == 0; for 2min; critical"));
    ck_assert_ptr_nonnull(strstr(output, "to hook (webhook); group_wait 10s"));
    ck_assert_ptr_nonnull(strstr(output, "alertmanager.yml:1: global is not used"));
    free(output);
    json = run_json("check tests/data/alerts/prometheus.yml --format json");
    ck_assert_uint_eq(json_array_size(json_object_get(json, "alerts")), 4);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "jobs")), 3);
    json_decref(json);
}
END_TEST

START_TEST(explain_derives_the_signal)
{
    char *output;
    ck_assert_int_eq(run("explain " RULES, &output), 0);
    ck_assert_ptr_nonnull(strstr(output, "is the share of CPU time that is idle; the comparison is "
                                         "true where it is below 15%, so where what is in use is "
                                         "above 85%"));
    free(output);
}
END_TEST

START_TEST(eval_takes_the_rules_of_a_file)
{
    json_t *json, *rows;
    char path[] = "/tmp/understudy-series-XXXXXX", arguments[128];
    FILE *file = fdopen(mkstemp(path), "w");
    ck_assert_ptr_nonnull(file);
    fputs("{\"cases\":[{\"id\":\"a\",\"kind\":\"up\",\"eval_s\":60,\"end_s\":120,\"series\":"
          "[{\"instance\":\"x\",\"samples\":[[0,0]]}]}]}",
          file);
    fclose(file);
    snprintf(arguments, sizeof arguments, "eval --rules " RULES " --series %s --format json", path);
    json = run_json(arguments);
    remove(path);
    rows = json_object_get(json, "a");
    ck_assert_uint_eq(json_array_size(rows), 3);
    ck_assert_str_eq(json_string_value(json_array_get(json_array_get(rows, 1), 2)), "pending");
    ck_assert_str_eq(json_string_value(json_array_get(json_array_get(rows, 2), 2)), "firing");
    json_decref(json);
}
END_TEST

/* The documented configuration cannot do what the document says of a dead host. */
START_TEST(delay_judges_the_scenario_s_claim)
{
    json_t *json = run_json("delay scenarios/primary-hardware-failure.yaml --rule RunnerOffline "
                            "--simulations 1000 --format json");
    json_t *stage,
        *fault = json_object_get(json_array_get(json_object_get(json, "rules"), 0), "faults");
    ck_assert_double_eq(json_number_value(json_object_get(json, "claim_ms")), 120000);
    ck_assert_uint_eq(json_array_size(fault), 3);
    stage = json_object_get(json_array_get(fault, 1), "firing_ms");
    ck_assert_double_eq(json_number_value(json_object_get(stage, "meets_claim")), 0);
    stage = json_object_get(stage, "exact");
    ck_assert_double_eq_tol(json_number_value(json_object_get(stage, "min")), 123070, 20);
    ck_assert_double_eq_tol(json_number_value(json_object_get(stage, "max")), 213070, 20);
    stage = json_object_get(json_array_get(fault, 1), "told_resolved_ms");
    ck_assert(json_is_true(json_object_get(stage, "only_simulated")));
    stage = json_object_get(stage, "simulated");
    ck_assert_double_ge(json_number_value(json_object_get(stage, "min")), 30000);
    stage = json_object_get(json_array_get(fault, 1), "second_host_webhook_ms");
    ck_assert_double_eq(json_number_value(json_object_get(stage, "never")), 1); /* own groups */
    json_decref(json);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("alerts command");
    TCase *command = tcase_create("command");
    tcase_add_loop_test(command, misuse_is_told_in_one_line, 0, sizeof misuses / sizeof *misuses);
    tcase_add_loop_test(command, version_3_has_any_name, 0, sizeof newer / sizeof *newer);
    tcase_add_test(command, a_fleet_of_version_3_reads_as_that);
    tcase_add_test(command, check_says_what_is_true_without_a_fleet);
    tcase_add_test(command, check_goes_on_after_what_is_bad);
    tcase_add_test(command, a_webhook_that_others_decide_is_simulated);
    tcase_add_test(command, check_shows_jobs_routes_and_signals);
    tcase_add_test(command, explain_derives_the_signal);
    tcase_add_test(command, eval_takes_the_rules_of_a_file);
    tcase_add_test(command, delay_judges_the_scenario_s_claim);
    tcase_set_timeout(command, 60);
    suite_add_tcase(suite, command);
    return suite;
}
