/* Prometheus' rule files: what is taken, what is noted, what is refused. */
#include "model/rules/prom_kind.h"
#include "model/rules/rule_file.h"
#include "tests/support/helpers.h"
#include "tests/support/rule_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const one_path[] = {"rules.yml"};

START_TEST(takes_what_a_rule_says)
{
    struct rule_set *set = rule_set_new();
    struct und_err err = {0};
    rule_folder_write("rules.yml", "groups:\n"
                                   "  - name: a\n"
                                   "    interval: 15s\n"
                                   "    limit: 10\n"
                                   "    rules:\n"
                                   "      - record: instance:cpu:ratio\n"
                                   "        expr: avg by (instance) (rate(node_cpu_seconds_total"
                                   "{mode!=\"idle\"}[1m]))\n"
                                   "      - alert: Down\n"
                                   "        expr: up{job=\"node\"} == 0\n"
                                   "        for: 1h30m\n"
                                   "        keep_firing_for: 10m\n"
                                   "        labels: {severity: Page, team: ci, level: 3}\n"
                                   "        annotations: {summary: '{{ $labels.instance }}'}\n"
                                   "  - name: b\n"
                                   "    rules:\n"
                                   "      - alert: Full\n"
                                   "        expr: |\n"
                                   "          node_memory_MemAvailable_bytes\n"
                                   "          / node_memory_MemTotal_bytes < 0.1234\n"
                                   "        labels: {severity: P1}\n");
    ck_assert_msg(rule_set_read(set, one_path, 1, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(set->n, 2);
    ck_assert_int_eq(set->n_records, 1);
    ck_assert_str_eq(set->rules[0].name, "Down");
    ck_assert_str_eq(set->rules[0].group, "a");
    ck_assert_int_eq(set->rules[0].interval_ms, 15000);
    ck_assert_int_eq(set->rules[0].for_ms, 5400000);
    ck_assert_int_eq(set->rules[0].keep_firing_ms, 600000);
    ck_assert_int_eq(set->rules[0].severity, SEVERITY_PAGE);
    ck_assert_int_eq(set->sources[0].line, 8);
    ck_assert_int_eq(set->sources[0].expr_line, 9);
    ck_assert_str_eq(set->sources[0].matchers.list[0].value, "node");
    ck_assert_str_eq(json_string_value(json_object_get(set->sources[0].labels, "team")), "ci");
    ck_assert_str_eq(json_string_value(json_object_get(set->sources[0].labels, "level")), "3");
    ck_assert_int_eq(set->rules[1].interval_ms, 0);
    ck_assert_int_eq(set->rules[1].severity, SEVERITY_WARNING);
    ck_assert_int_eq(set->rules[1].threshold_pm, 877);
    ck_assert_int_eq(set->sources[0].limit, 10);
    rule_folder_noted(
        set->notes, 0, 16,
        "Full: severity P1 is none of info, warning, critical, page: taken as warning");
    rule_folder_noted(set->notes, 1, 17, "Full: the threshold is rounded to 87.7%");
    ck_assert_uint_eq(json_array_size(set->notes), 2);
    rule_set_free(set);
}
END_TEST

/* What is no signal is no error: it is kept, with the reason. What is to be left out need not even
 * parse. */
START_TEST(unmapped_alerts_are_kept_with_the_reason)
{
    struct rule_set *set = rule_set_new();
    struct und_err err = {0};
    rule_folder_write("rules.yml", "groups:\n- name: a\n  rules:\n"
                                   "  - {alert: Odd, expr: node_load1 > 5}\n"
                                   "  - {alert: Bad, expr: 'up =='}\n"
                                   "  - {alert: Down, expr: up == 0}\n");
    set->ignored = json_pack("[s]", "Bad");
    ck_assert_msg(rule_set_read(set, one_path, 1, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(set->n, 2);
    ck_assert(!set->sources[0].mapped && set->sources[1].mapped);
    ck_assert_ptr_nonnull(strstr(set->sources[0].why, "node_load1"));
    rule_folder_noted(set->notes, 0, 5, "Bad is left out, as asked for");
    json_decref(set->ignored);
    rule_set_free(set);
}
END_TEST

/* Every bad rule is a problem, and the good ones are there. */
START_TEST(all_bad_rules_are_said_at_once)
{
    struct rule_set *set = rule_set_new();
    struct und_err err = {0};
    rule_folder_write("rules.yml", "groups:\n- name: a\n  rules:\n"
                                   "  - {alert: A, expr: 'up =='}\n"
                                   "  - {record: b c, expr: up}\n"
                                   "  - {alert: Down, expr: up == 0}\n"
                                   "  - {alert: D, expr: up == 0, for: x}\n"
                                   "- name: a\n"
                                   "- name: b\n"
                                   "  rules: [{alert: E, expr: up == 0}]\n");
    ck_assert_int_eq(rule_set_read(set, one_path, 1, &err), UND_USAGE);
    ck_assert_uint_eq(json_array_size(set->problems), 4);
    ck_assert_int_eq(set->n, 2);
    ck_assert_ptr_nonnull(strstr(err.text, "rules.yml:5: record"));
    ck_assert_ptr_nonnull(strstr(err.text, "(and 3 more: `understudy alerts check` lists them)"));
    rule_set_free(set);
}
END_TEST

/* As Go reads YAML: texts stay as written, << merges, several documents of which one counts. */
START_TEST(yaml_is_read_as_prometheus_reads_it)
{
    struct rule_set *set = rule_set_new();
    struct und_err err = {0};
    const json_t *labels;
    rule_folder_write("rules.yml",
                      "groups:\n- name: a\n  rules:\n"
                      "  - &first\n"
                      "    alert: A\n"
                      "    expr: up == 0\n"
                      "    labels: &labels {version: 1.10, team: 007, on: yes, severity: page}\n"
                      "  - <<: *first\n"
                      "    alert: B\n"
                      "    labels: {<<: *labels, severity: info}\n"
                      "---\n"
                      "groups: []\n");
    ck_assert_msg(rule_set_read(set, one_path, 1, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(set->n, 2);
    labels = set->sources[1].labels;
    ck_assert_str_eq(json_string_value(json_object_get(labels, "version")), "1.10");
    ck_assert_str_eq(json_string_value(json_object_get(labels, "team")), "007");
    ck_assert_str_eq(json_string_value(json_object_get(labels, "on")), "yes");
    ck_assert_int_eq(set->rules[0].severity, SEVERITY_PAGE);
    ck_assert_int_eq(set->rules[1].severity, SEVERITY_INFO);
    ck_assert_str_eq(set->sources[1].expr, "up == 0");
    rule_folder_noted(set->notes, 0, 12, "Prometheus reads only the first document of a file");
    rule_set_free(set);
}
END_TEST

START_TEST(group_labels_are_the_rules_that_have_no_own)
{
    struct rule_set *set = rule_set_new();
    struct und_err err = {0};
    rule_folder_write("rules.yml",
                      "groups:\n- name: a\n  labels: {severity: critical, team: ci}\n"
                      "  query_offset: 1m\n"
                      "  rules:\n"
                      "  - {alert: A, expr: up == 0}\n"
                      "  - {alert: A, expr: up == 0, for: 5m, labels: {severity: info}}\n");
    ck_assert_msg(rule_set_read(set, one_path, 1, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(set->n, 2); /* a name may be there twice in a group */
    ck_assert_int_eq(set->rules[0].severity, SEVERITY_CRITICAL);
    ck_assert_int_eq(set->rules[1].severity, SEVERITY_INFO);
    ck_assert_str_eq(json_string_value(json_object_get(set->sources[1].labels, "team")), "ci");
    rule_set_free(set);
}
END_TEST

START_TEST(kubernetes_objects_are_read)
{
    struct rule_set *set = rule_set_new();
    struct und_err err = {0};
    rule_folder_write(
        "rules.yml",
        "apiVersion: v1\nkind: ConfigMap\ndata: {}\n"
        "---\n"
        "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: x}\n"
        "spec:\n  groups:\n  - name: a\n    rules: [{alert: A, expr: up == 0}]\n"
        "---\n"
        "apiVersion: v1\nkind: List\nitems:\n"
        "- apiVersion: monitoring.coreos.com/v1\n  kind: PrometheusRule\n"
        "  spec: {groups: [{name: b, rules: [{alert: B, expr: up == 0}]}]}\n");
    ck_assert_msg(rule_set_read(set, one_path, 1, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(set->n, 2);
    ck_assert_str_eq(set->rules[1].name, "B");
    rule_folder_noted(set->notes, 0, 1, "a ConfigMap is no PrometheusRule: passed over");
    rule_set_free(set);
}
END_TEST

#define RULE(text) "groups:\n- name: a\n  rules:\n  - " text "\n"

static const struct {
    const char *text, *message;
} bad_rules[] = {
    {"groups: [", "rules.yml:2: not YAML"},
    {"- 1\n", "rules.yml:1: got "},
    {"a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
     "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]\n",
     "rules.yml:4: document contains excessive aliasing"},
    {"group: []\n", "rules.yml:1: group: unknown key, did you mean groups?"},
    {"groups: 5\n", "rules.yml:1: groups: got 5, want a list"},
    {"groups:\n- rules: []\n", "rules.yml:2: groups[0]: a group without a name"},
    {"groups:\n- name: ''\n", "rules.yml:2: groups[0]: a group without a name"},
    {"groups:\n- name: a\n- name: a\n",
     "rules.yml:3: name: a group of the name 'a' stands there already"},
    {"groups:\n- name: a\n  interval: 5\n",
     "rules.yml:3: interval: got 5, want a duration as Prometheus writes it: 30s, 5m, 1h30m"},
    {"groups:\n- name: a\n  intervall: 5s\n",
     "rules.yml:3: intervall: unknown key, did you mean interval?"},
    {RULE("alert: A"), "rules.yml:4: alert: A has no expr"},
    {RULE("record: a:b"), "rules.yml:4: record: a:b has no expr"},
    {RULE("expr: up == 0"), "rules.yml:4: rules[0]: got neither alert nor record"},
    {RULE("{alert: A, record: b, expr: up}"), "rules.yml:4: rules[0]: got both alert and record"},
    {RULE("{alert: A, expr: up ==}"),
     "rules.yml:4: expr: character 6: got 'the end', want an expression"},
    {RULE("{record: a b, expr: up}"), "rules.yml:4: record: got 'a b', want a metric's name"},
    {RULE("{record: a, expr: up, for: 1m}"),
     "rules.yml:4: record: a recording rule has no for, keep_firing_for or annotations"},
    {RULE("{alert: A, expr: up == 0, for: 2min}"),
     "rules.yml:4: for: got 2min, want a duration as Prometheus writes it"},
    {RULE("{alert: A, expr: up == 0, for: 120}"),
     "rules.yml:4: for: got 120, want a duration as Prometheus writes it"},
    {RULE("{alert: A, expr: up == 0, for: -1m}"),
     "rules.yml:4: for: got -1m, want a duration as Prometheus writes it"},
    {RULE("{alert: A, expr: up == 0, keep_firing: 1m}"),
     "rules.yml:4: keep_firing: unknown key, did you mean keep_firing_for?"},
    {RULE("{alert: A, expr: up == 0, annotations: {a: '{{ $labels.x } down'}}"),
     "rules.yml:4: a: its template does not parse: unclosed action"},
    {RULE("{alert: A, expr: up == 0, annotations: {a: '{{ humanise $value }}'}}"),
     "rules.yml:4: a: its template does not parse: function \"humanise\" not defined"},
    {RULE("{alert: A, expr: up == 0, labels: {a: '{{ if $value }}x'}}"),
     "rules.yml:4: a: its template does not parse: unexpected EOF"},
    {RULE("{alert: A, expr: up == 0, labels: {a-b: x}}"),
     "rules.yml:4: a-b: no valid name of a label"},
    {RULE("{alert: A, expr: up == 0, labels: [a]}"), "rules.yml:4: labels: got "},
    {RULE("{alert: A, expr: [up]}"), "rules.yml:4: expr: got "},
};

START_TEST(bad_rule_file_is_one_placed_line)
{
    struct rule_set *set = rule_set_new();
    struct und_err err = {0};
    rule_folder_write("rules.yml", bad_rules[_i].text);
    ck_assert_int_eq(rule_set_read(set, one_path, 1, &err), UND_USAGE);
    ck_assert_msg(strncmp(err.text, bad_rules[_i].message, strlen(bad_rules[_i].message)) == 0,
                  "got:  %s\nwant: %s", err.text, bad_rules[_i].message);
    ck_assert_ptr_null(strchr(err.text, '\n'));
    rule_set_free(set);
}
END_TEST

/* 20,000 rules in 200 groups, and 300 that watch hosts: as many as the simulation holds are in the
 * fleet, the others are said to be left out. */
START_TEST(there_is_no_ceiling_that_a_team_meets)
{
    struct rule_set *set = rule_set_new();
    struct und_err err = {0};
    FILE *file = fopen("rules.yml", "w");
    ck_assert_ptr_nonnull(file);
    fputs("groups:\n", file);
    for (int i = 0; i < 20000; i++) {
        if (i % 100 == 0)
            fprintf(file, "- name: g%d\n  rules:\n", i);
        fprintf(file, "  - {alert: A%d, expr: 'rate(foo_total[5m]) > %d', labels: {n: '%d'}}\n", i,
                i, i);
    }
    fclose(file);
    ck_assert_msg(rule_set_read(set, one_path, 1, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(set->n, 20000);
    ck_assert_str_eq(set->sources[19999].name, "A19999");
    ck_assert_str_eq(set->sources[19999].group, "g19900");
    ck_assert_int_eq(set->sources[19999].line, 1 + 2 * 200 + 20000);
    rule_set_free(set);
}
END_TEST

START_TEST(what_is_far_too_large_is_refused_at_once)
{
    struct rule_set *set = rule_set_new();
    struct und_err err = {0};
    FILE *file = fopen("rules.yml", "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < 150 * 1024; i++)
        fprintf(file, "# %-1021s\n", "x");
    fclose(file);
    ck_assert_int_eq(rule_set_read(set, one_path, 1, &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "rules.yml"));
    rule_set_free(set);
}
END_TEST

static const struct {
    const char *text;
    enum prom_kind kind;
} kinds[] = {
    {"groups: []\n", PROM_RULES},
    {"groups:\n  - {name: a, rules: [{route: x}]}\n", PROM_RULES},
    {"global: {scrape_interval: 15s}\n", PROM_CONFIG},
    {"a: &a {route: x}\nrule_files: [*a, {<<: *a}]\n", PROM_CONFIG},
    {"receivers:\n  - {name: r}\nroute: {receiver: r}\n", PROM_ALERTMANAGER},
    {"name: x\nfleet: {route: y, groups: []}\n", PROM_OTHER},
    {"a: &a [x, x]\nb: [*a, *a]\n", PROM_OTHER},
    {"", PROM_RULES},
    {"[]\n", PROM_RULES},
    {"just text\n", PROM_RULES},
    {"global: {\n", PROM_RULES},
    {"global: 1\nglobal: 2\n", PROM_RULES},
};

/* By the keys of its first document alone: what they hold is not built for that. */
START_TEST(kind_is_told_by_the_keys)
{
    rule_folder_write("rules.yml", kinds[_i].text);
    ck_assert_int_eq(prom_kind_of("rules.yml"), kinds[_i].kind);
}
END_TEST

#define LOOP(tcase, test, table)                                                                   \
    tcase_add_loop_test(tcase, test, 0, sizeof(table) / sizeof *(table))

Suite *suite(void)
{
    Suite *suite = suite_create("rule files");
    TCase *files = tcase_create("files");
    tcase_add_checked_fixture(files, rule_folder_make, rule_folder_remove);
    tcase_add_test(files, takes_what_a_rule_says);
    tcase_add_test(files, unmapped_alerts_are_kept_with_the_reason);
    tcase_add_test(files, all_bad_rules_are_said_at_once);
    tcase_add_test(files, yaml_is_read_as_prometheus_reads_it);
    tcase_add_test(files, group_labels_are_the_rules_that_have_no_own);
    tcase_add_test(files, kubernetes_objects_are_read);
    LOOP(files, bad_rule_file_is_one_placed_line, bad_rules);
    LOOP(files, kind_is_told_by_the_keys, kinds);
    tcase_add_test(files, there_is_no_ceiling_that_a_team_meets);
    tcase_add_test(files, what_is_far_too_large_is_refused_at_once);
    suite_add_tcase(suite, files);
    return suite;
}
