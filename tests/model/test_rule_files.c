/* Prometheus' and Alertmanager's own files: what is taken, what is noted, what is refused. */
#include "model/load/loader.h"
#include "model/rules/alertmanager_file.h"
#include "model/rules/prometheus_file.h"
#include "model/rules/rule_file.h"
#include "tests/support/helpers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

/* Each test has a folder of its own to write its files to, and is there. */
static void setup(void)
{
    strcpy(folder, "/tmp/understudy-rules-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static const char *const one_path[] = {"rules.yml"};

static void check_note(const json_t *notes, size_t i, int line, const char *text)
{
    const json_t *note = json_array_get(notes, i);
    ck_assert_ptr_nonnull(note);
    ck_assert_str_eq(json_string_value(json_object_get(note, "text")), text);
    ck_assert_int_eq(json_integer_value(json_object_get(note, "line")), line);
}

/* --- rule files ------------------------------------------------------------------------------ */

START_TEST(takes_what_a_rule_says)
{
    struct rule_set *set = rule_set_new();
    struct und_err err = {0};
    write_file("rules.yml", "groups:\n"
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
    check_note(set->notes, 0, 16,
               "Full: severity P1 is none of info, warning, critical, page: taken as warning");
    check_note(set->notes, 1, 17, "Full: the threshold is rounded to 87.7%");
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
    write_file("rules.yml", "groups:\n- name: a\n  rules:\n"
                            "  - {alert: Odd, expr: node_load1 > 5}\n"
                            "  - {alert: Bad, expr: 'up =='}\n"
                            "  - {alert: Down, expr: up == 0}\n");
    set->ignored = json_pack("[s]", "Bad");
    ck_assert_msg(rule_set_read(set, one_path, 1, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(set->n, 2);
    ck_assert(!set->sources[0].mapped && set->sources[1].mapped);
    ck_assert_ptr_nonnull(strstr(set->sources[0].why, "node_load1"));
    check_note(set->notes, 0, 5, "Bad is left out, as asked for");
    json_decref(set->ignored);
    rule_set_free(set);
}
END_TEST

/* Every bad rule is a problem, and the good ones are there. */
START_TEST(all_bad_rules_are_said_at_once)
{
    struct rule_set *set = rule_set_new();
    struct und_err err = {0};
    write_file("rules.yml", "groups:\n- name: a\n  rules:\n"
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
    write_file("rules.yml",
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
    check_note(set->notes, 0, 12, "Prometheus reads only the first document of a file");
    rule_set_free(set);
}
END_TEST

START_TEST(group_labels_are_the_rules_that_have_no_own)
{
    struct rule_set *set = rule_set_new();
    struct und_err err = {0};
    write_file("rules.yml", "groups:\n- name: a\n  labels: {severity: critical, team: ci}\n"
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
    write_file("rules.yml",
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
    check_note(set->notes, 0, 1, "a ConfigMap is no PrometheusRule: passed over");
    rule_set_free(set);
}
END_TEST

#define RULE(text) "groups:\n- name: a\n  rules:\n  - " text "\n"

static const struct {
    const char *text, *message;
} bad_rules[] = {
    {"groups: [", "rules.yml:2: not YAML"},
    {"- 1\n", "rules.yml:1: got "},
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
    write_file("rules.yml", bad_rules[_i].text);
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

/* --- prometheus.yml -------------------------------------------------------------------------- */

static const char prometheus_text[] = "global:\n"
                                      "  scrape_interval: 30s\n"
                                      "  evaluation_interval: 20s\n"
                                      "  external_labels: {site: a}\n"
                                      "rule_files: [r*.yml]\n"
                                      "remote_write: []\n"
                                      "scrape_configs:\n"
                                      "  - job_name: prometheus\n"
                                      "    static_configs: [{targets: ['localhost:9090']}]\n"
                                      "  - job_name: node\n"
                                      "    scrape_interval: 5s\n"
                                      "    static_configs:\n"
                                      "      - targets: ['10.0.0.1:9100', '10.0.0.2:9100']\n"
                                      "  - job_name: runner\n"
                                      "    scrape_timeout: 7s\n"
                                      "    static_configs: [{targets: ['10.0.0.1:9252']}]\n";

static const char fleet_text[] =
    "fleet:\n"
    "  hosts:\n"
    "    - {name: one, tier: primary, slots: 2, probe: '10.0.0.1:9100'}\n"
    "    - {name: two, tier: backup, slots: 2, probe: '10.0.0.2:9100'}\n"
    "  workload: {arrivals: {rate: 1/h}, classes: [{name: a, duration: 1min}]}\n"
    "  monitoring: {config: prometheus.yml}\n"
    "  alertmanager: {config: alertmanager.yml}\n";

static const char rules_text[] =
    "groups:\n"
    "- name: a\n"
    "  rules:\n"
    "  - {alert: Down, expr: 'up{job=\"node\"} == 0', for: 2m, labels: {severity: critical}}\n"
    "  - {alert: RunnerGone, expr: 'up{job=\"runner\",instance=~\"10.0.0.1:.*\"} == 0'}\n"
    "  - {alert: Busy, for: 5m, labels: {severity: critical},\n"
    "     expr: 'avg by (instance) (rate(node_cpu_seconds_total{mode=\"idle\"}[5m])) < 0.15'}\n";

static const char alertmanager_text[] =
    "global: {smtp_from: a@b}\n"
    "route:\n"
    "  receiver: mail\n"
    "  group_by: [alertname]\n"
    "  group_interval: 2m\n"
    "  routes:\n"
    "    - matchers: ['severity=\"critical\"']\n"
    "      receiver: hook\n"
    "      group_wait: 10s\n"
    "      group_by: [instance]\n"
    "      routes:\n"
    "        - match: {alertname: Busy}\n"
    "          group_wait: 1m\n"
    "          continue: true\n"
    "        - matchers: ['alertname=~\"B.*\"']\n"
    "          receiver: mail\n"
    "receivers:\n"
    "  - {name: mail, email_configs: [{to: a@b}]}\n"
    "  - {name: hook, webhook_configs: [{url: 'http://localhost/'}]}\n"
    "inhibit_rules:\n"
    "  - source_matchers: [alertname=Down]\n"
    "    target_match_re: {alertname: 'Busy|Other'}\n"
    "    equal: [instance]\n"
    "  - source_match: {alertname: RunnerGone}\n"
    "    target_match: {severity: critical}\n";

static void write_all(void)
{
    write_file("prometheus.yml", prometheus_text);
    write_file("rules.yml", rules_text);
    write_file("alertmanager.yml", alertmanager_text);
    write_file("fleet.yaml", fleet_text);
}

START_TEST(prometheus_file_gives_jobs_and_rule_files)
{
    static struct prometheus_file file;
    struct und_err err = {0};
    write_all();
    ck_assert_msg(prometheus_file_read(&file, "prometheus.yml", &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(file.scrape_interval_ms, 30000);
    ck_assert_int_eq(file.scrape_timeout_ms, 10000);
    ck_assert_int_eq(file.evaluation_interval_ms, 20000);
    ck_assert_int_eq(file.n_jobs, 3);
    ck_assert_int_eq(file.jobs[1].job.interval_ms, 5000);
    ck_assert_int_eq(file.jobs[1].job.timeout_ms, 5000); /* the default is cut to the interval */
    ck_assert_int_eq(file.jobs[2].job.timeout_ms, 7000);
    ck_assert_uint_eq(json_array_size(file.rule_files), 1);
    ck_assert_str_eq(json_string_value(json_array_get(file.rule_files, 0)), "rules.yml");
    ck_assert_str_eq(json_string_value(json_object_get(file.external_labels, "site")), "a");
    check_note(file.notes, 0, 6, "remote_write is not used");
    prometheus_file_fini(&file);
}
END_TEST

static const struct {
    const char *text, *message;
} bad_prometheus[] = {
    {"global: {scrape_interval: 5s, scrape_timeout: 6s}\n",
     "p.yml:1: scrape_timeout: got more than scrape_interval"},
    {"global: {scrape_intervall: 5s}\n",
     "p.yml:1: scrape_intervall: unknown key, did you mean scrape_interval?"},
    {"scrape_configs: [{scrape_interval: 1m}]\n",
     "p.yml:1: scrape_configs[0]: job_name is missing, or empty"},
    {"scrape_configs: [{job_name: a}, {job_name: a}]\n",
     "p.yml:1: scrape_configs[1]: a second scrape job of the name 'a'"},
    {"scrape_configs: [{job_name: a, consul_sd_configs: [{servr: x}]}]\n",
     "p.yml:1: servr: unknown key, did you mean server?"},
    {"scrape_configs: [{job_name: a, dns_sd_configs: [{port: 5}]}]\n",
     "p.yml:1: dns_sd_configs[0]: names is missing, or empty"},
    {"scrape_configs: [{job_name: a, bearer_token: b, basic_auth: {username: c}}]\n",
     "p.yml:1: bearer_token: beside basic_auth, want one of them"},
    {"scrape_configs: [{job_name: a, honor_labels: perhaps}]\n",
     "p.yml:1: honor_labels: got perhaps, want true or false"},
    {"scrape_configs: [{job_name: a, static_configs: [{targets: ['http://b:1/']}]}]\n",
     "p.yml:1: targets[0]: got 'http://b:1/', want host:port, no URL"},
    {"scrape_configs: [{job_name: a, relabel_configs: [{action: hide}]}]\n",
     "p.yml:1: action: got 'hide', want an action of relabeling"},
    {"scrape_configs: [{job_name: a, relabel_configs: [{action: hashmod, target_label: b}]}]\n",
     "p.yml:1: relabel_configs[0]: hashmod without a modulus"},
    {"scrape_configs: [{job_name: a, file_sd_configs: [{files: [b.txt]}]}]\n",
     "p.yml:1: files[0]: got 'b.txt', want *.json, *.yml or *.yaml"},
    {"rule_files: [[a]]\n", "p.yml:1: rule_files[0]: got "},
    {"rule_files: ['a/*/b.yml']\n", "p.yml:1: rule_files[0]: got 'a/*/b.yml', want a path"},
};

START_TEST(bad_prometheus_file_is_one_placed_line)
{
    static struct prometheus_file file;
    struct und_err err = {0};
    write_file("p.yml", bad_prometheus[_i].text);
    ck_assert_int_eq(prometheus_file_read(&file, "p.yml", &err), UND_USAGE);
    ck_assert_msg(
        strncmp(err.text, bad_prometheus[_i].message, strlen(bad_prometheus[_i].message)) == 0,
        "got:  %s\nwant: %s", err.text, bad_prometheus[_i].message);
    prometheus_file_fini(&file);
}
END_TEST

/* A container's path is no error of the file's. */
START_TEST(a_rule_file_that_is_not_here_is_kept_in_mind)
{
    static struct prometheus_file file;
    struct und_err err = {0};
    write_file("p.yml", "rule_files: [/etc/prometheus/none.yml, 'none-*.yml']\n");
    ck_assert_msg(prometheus_file_read(&file, "p.yml", &err) == UND_OK, "%s", err.text);
    ck_assert_uint_eq(json_array_size(file.missing), 1);
    ck_assert_str_eq(json_string_value(json_array_get(file.missing, 0)),
                     "p.yml:1: rule_files[0]: /etc/prometheus/none.yml: cannot be read");
    prometheus_file_fini(&file);
}
END_TEST

static void check_target(const struct prometheus_job *job, int i, const char *address,
                         const char *labels)
{
    char *shown;
    ck_assert_int_lt(i, job->n_targets);
    ck_assert_str_eq(job->targets[i].address, address);
    shown = json_dumps(job->targets[i].labels, JSON_COMPACT | JSON_SORT_KEYS);
    ck_assert_str_eq(shown, labels);
    free(shown);
}

/* Port forwarding: what tells the hosts apart is the port, the rest of the address's are the
 * first one's. */
START_TEST(hosts_behind_one_address_are_told_apart_by_port)
{
    static const struct {
        char address[20];
        int host;
    } want[] = {{"Gate:9101", 0}, {"gate:9102", 1}, {"gate:9252", 0},         {"gate", 0},
                {"two:9100", 1},  {"gate2:1", -1},  {"two.example.org:1", 1}, {"gate:91020", 0}};
    static struct fleet fleet = {.n_hosts = 2};
    struct host hosts[2] = {{.name = "one", .probe = "http://gate:9101/metrics"},
                            {.name = "two", .probe = "gate:9102"}};
    memcpy(fleet.hosts, hosts, sizeof hosts);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        char address[sizeof want->address];
        struct prometheus_target target = {.address = strcpy(address, want[i].address)};
        ck_assert_msg(prometheus_target_host(&target, &fleet) == want[i].host, "%s: got %d",
                      want[i].address, prometheus_target_host(&target, &fleet));
    }
}
END_TEST

START_TEST(relabeling_decides_what_a_target_is)
{
    static struct prometheus_file file;
    struct und_err err = {0};
    write_file("hosts.json", "[{\"targets\": [\"a:9100\", \"b\"], \"labels\": {\"env\": \"ci\"}}]");
    write_file("extra.yml", "scrape_configs:\n- job_name: extra\n  scheme: https\n"
                            "  static_configs: [{targets: [c]}]\n");
    write_file(
        "p.yml",
        "scrape_config_files: [extra.yml]\n"
        "scrape_configs:\n"
        "- job_name: node\n"
        "  file_sd_configs: [{files: ['host*.json']}]\n"
        "  relabel_configs:\n"
        "  - {source_labels: [__address__], regex: '([^:]+)(:\\d+)?', target_label: instance}\n"
        "  - {source_labels: [env, instance], target_label: job, replacement: 'x-$1'}\n"
        "  - {source_labels: [__address__], regex: 'b.*', action: drop}\n"
        "- job_name: probe\n"
        "  params: {module: [icmp]}\n"
        "  static_configs: [{targets: ['http://d/x']}]\n"
        "  relabel_configs:\n"
        "  - {source_labels: [__address__], target_label: __param_target}\n"
        "  - {source_labels: [__param_target], target_label: instance}\n"
        "  - {source_labels: [__param_module], target_label: module, action: uppercase}\n"
        "  - {target_label: __address__, replacement: 'box:9115'}\n"
        "- job_name: shard\n"
        "  static_configs: [{targets: ['e:1', 'f:1', 'g:1', 'h:1'], labels: {a_b: c}}]\n"
        "  relabel_configs:\n"
        "  - {source_labels: [__address__], modulus: 2, target_label: __tmp, action: hashmod}\n"
        "  - {source_labels: [__tmp], regex: '1', action: keep}\n"
        "  - {regex: 'a_(.*)', action: labelmap}\n"
        "  - {regex: 'a_.*', action: labeldrop}\n"
        "- job_name: found\n"
        "  ec2_sd_configs: [{region: x}]\n");
    ck_assert_msg(prometheus_file_read(&file, "p.yml", &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(file.n_jobs, 5);
    ck_assert_int_eq(file.jobs[0].n_dropped, 1);
    check_target(&file.jobs[0], 0, "a:9100",
                 "{\"env\":\"ci\",\"instance\":\"a\",\"job\":\"x-ci;a\"}");
    check_target(&file.jobs[1], 0, "box:9115",
                 "{\"instance\":\"http://d/x\",\"job\":\"probe\",\"module\":\"ICMP\"}");
    /* By Prometheus 2.42: MD5 of "e:1" ... modulo 2. */
    ck_assert_int_eq(file.jobs[2].n_targets + file.jobs[2].n_dropped, 4);
    ck_assert_ptr_null(json_object_get(file.jobs[2].targets[0].labels, "a_b"));
    ck_assert_ptr_nonnull(json_object_get(file.jobs[2].targets[0].labels, "b"));
    ck_assert_str_eq(file.jobs[3].discovers, "ec2_sd_configs");
    check_target(&file.jobs[4], 0, "c:443", "{\"instance\":\"c:443\",\"job\":\"extra\"}");
    prometheus_file_fini(&file);
}
END_TEST

/* --- a fleet with all of them ---------------------------------------------------------------- */

static struct fleet fleet;

static void load(const char *const *sets, int n)
{
    struct und_err err = {0};
    write_all();
    ck_assert_msg(fleet_load(&fleet, "fleet.yaml", sets, n, &err) == UND_OK, "%s", err.text);
}

START_TEST(fleet_takes_its_real_files)
{
    load(NULL, 0);
    ck_assert_int_eq(fleet.monitoring.n_rules, 3);
    ck_assert_int_eq(fleet.monitoring.scrape_interval_ms, 30000);
    ck_assert_int_eq(fleet.monitoring.evaluation_interval_ms, 20000);
    ck_assert_int_eq(fleet.monitoring.n_jobs, 2);
    ck_assert_str_eq(fleet.monitoring.jobs[0].name, "node");
    ck_assert_int_eq(fleet.monitoring.jobs[0].interval_ms, 5000);
    ck_assert_int_eq(fleet.monitoring.jobs[0].timeout_ms, 5000);
    ck_assert_str_eq(fleet.monitoring.jobs[1].name, "runner");
    ck_assert_int_eq(fleet.monitoring.jobs[1].interval_ms, 30000);
    ck_assert_int_eq(fleet.monitoring.jobs[1].timeout_ms, 7000);
    ck_assert_int_eq(fleet.monitoring.rules[0].job, 0);
    ck_assert_int_eq(fleet.monitoring.rules[1].job, 1);
    ck_assert_int_eq(fleet.monitoring.rules[2].job, 0); /* the node exporter's */
    ck_assert_uint_eq(fleet.monitoring.rules[0].hosts, 0);
    ck_assert_uint_eq(fleet.monitoring.rules[1].hosts, 1);
    fleet_fini(&fleet);
}
END_TEST

START_TEST(routes_are_those_that_tell_the_controller)
{
    const struct alertmanager_config *config = &fleet.alertmanager;
    load(NULL, 0);
    ck_assert_int_eq(config->n_routes, 2);
    ck_assert_int_eq(config->routes[0].group_wait_ms, 10000);
    ck_assert_int_eq(config->routes[0].group_interval_ms, 120000);
    ck_assert_int_ne(config->group_of[0][0], config->group_of[0][1]); /* by instance */
    ck_assert_int_eq(config->routes[1].group_wait_ms, 60000);
    for (int host = 0; host < 2; host++) {
        ck_assert_int_eq(config->route_of[0][host], 0);
        ck_assert_int_eq(config->route_of[1][host], -1); /* to the mail only */
        ck_assert_int_eq(config->route_of[2][host], 1);
    }
    ck_assert_int_eq(config->n_inhibitions, 2);
    ck_assert(config->inhibitions[0].alert[0][1].source &&
              config->inhibitions[0].alert[2][1].target);
    ck_assert_int_eq(config->inhibitions[0].alert[0][1].key,
                     config->inhibitions[0].alert[2][1].key);
    ck_assert_int_ne(config->inhibitions[0].alert[0][0].key,
                     config->inhibitions[0].alert[2][1].key);
    ck_assert(config->inhibitions[1].alert[1][0].source);
    ck_assert(!config->inhibitions[1].alert[1][1].source); /* no such alert */
    ck_assert(config->inhibitions[1].alert[0][1].target &&
              !config->inhibitions[1].alert[1][0].target);
    ck_assert_int_eq(config->inhibitions[1].alert[1][0].key,
                     config->inhibitions[1].alert[0][1].key);
    fleet_fini(&fleet);
}
END_TEST

/* The first child that takes an alert keeps it, unless it says `continue`. */
START_TEST(a_route_without_continue_ends_the_search)
{
    struct und_err err = {0};
    write_all();
    write_file("alertmanager.yml",
               "route:\n"
               "  receiver: mail\n"
               "  routes:\n"
               "    - {match: {alertname: Down}, receiver: mail}\n"
               "    - {match: {alertname: Busy}, receiver: mail, continue: true}\n"
               "    - {match: {severity: critical}, receiver: hook}\n"
               "receivers:\n"
               "  - {name: mail}\n"
               "  - {name: hook, webhook_configs: [{url: 'http://localhost/'}]}\n");
    ck_assert_msg(fleet_load(&fleet, "fleet.yaml", NULL, 0, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(fleet.alertmanager.route_of[0][0], -1);
    ck_assert_int_eq(fleet.alertmanager.route_of[2][0], 0);
    fleet_fini(&fleet);
}
END_TEST

START_TEST(matchers_choose_hosts_and_jobs)
{
    struct und_err err = {0};
    write_all();
    write_file("prometheus.yml",
               "scrape_configs:\n"
               "  - {job_name: node-other, static_configs: [{targets: ['10.9.9.9:9100']}]}\n"
               "  - {job_name: ours, scrape_interval: 20s,\n"
               "     static_configs: [{targets: ['10.0.0.2:9100', '10.0.0.1:9100']}]}\n"
               "rule_files: [rules.yml]\n");
    write_file("rules.yml",
               "groups:\n- name: a\n  rules:\n"
               "  - {alert: A, expr: 'up{instance!=\"10.0.0.1:9100\"} == 0'}\n"
               "  - {alert: B, expr: 'up{instance=\"two\"} == 0', labels: {severity: critical}}\n"
               "  - {alert: C, expr: 'up{instance!~\"10.0.0.1:.*\"} == 0'}\n"
               "  - {alert: D, expr: 'up{job!=\"ours\"} == 0'}\n"
               "  - {alert: E, expr: 'up{cluster=\"x\"} == 0', labels: {severity: critical}}\n");
    ck_assert_msg(fleet_load(&fleet, "fleet.yaml", NULL, 0, &err) == UND_OK, "%s", err.text);
    /* A and C read host two; B's instance has no port, D's target is another machine, E's label
     * no target has. */
    ck_assert_int_eq(fleet.monitoring.n_rules, 2);
    ck_assert_str_eq(fleet.monitoring.rules[0].name, "A");
    ck_assert_str_eq(fleet.monitoring.rules[1].name, "C");
    for (int i = 0; i < 2; i++)
        ck_assert_uint_eq(fleet.monitoring.rules[i].hosts, 2);
    ck_assert_str_eq(fleet.monitoring.jobs[fleet.monitoring.rules[0].job].name, "ours");
    /* Of those that nobody exports, B would go to the mail. */
    ck_assert_int_eq(fleet.monitoring.left_out[SEVERITY_CRITICAL].n, 1);
    ck_assert_str_eq(fleet.monitoring.left_out[SEVERITY_CRITICAL].names, "E");
    fleet_fini(&fleet);
}
END_TEST

/* A target that is no host of the fleet is another machine, and healthy: its alerts are not there,
 * and nothing is missing. */
START_TEST(alerts_about_other_machines_are_not_about_hosts)
{
    struct und_err err = {0};
    write_all();
    write_file("prometheus.yml",
               "scrape_configs:\n"
               "  - {job_name: grafana, static_configs: [{targets: ['10.9.9.9:3000']}]}\n"
               "  - job_name: node\n"
               "    static_configs:\n"
               "      - {targets: ['10.0.0.1:9100', '10.0.0.2:9100'], labels: {env: ci}}\n"
               "      - {targets: ['10.9.9.9:9100'], labels: {env: staging}}\n"
               "  - job_name: runner\n"
               "    scrape_interval: 7s\n"
               "    file_sd_configs: [{files: [runners.yml]}]\n"
               "rule_files: [rules.yml]\n");
    write_file("runners.yml", "- targets: ['10.0.0.1:9252']\n");
    write_file("rules.yml", "groups:\n- name: a\n  rules:\n"
                            "  - {alert: A, expr: 'up{job=\"grafana\"} == 0'}\n"
                            "  - {alert: B, expr: 'up{job=\"node\",env=\"staging\"} == 0'}\n"
                            "  - {alert: C, expr: 'up{env=\"ci\"} == 0'}\n"
                            "  - {alert: D, expr: 'up{instance=~\".*:9252\"} == 0'}\n"
                            "  - {alert: E, expr: 'up == 0'}\n");
    ck_assert_msg(fleet_load(&fleet, "fleet.yaml", NULL, 0, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(fleet.monitoring.n_rules, 4);
    ck_assert_str_eq(fleet.monitoring.rules[0].name, "C");
    ck_assert_str_eq(fleet.monitoring.rules[1].name, "D");
    /* A host that a file names has the times of that job. */
    ck_assert_int_eq(fleet.monitoring.jobs[fleet.monitoring.rules[1].job].interval_ms, 7000);
    ck_assert_uint_eq(fleet.monitoring.rules[1].hosts, 1);
    /* E is one alert a job. */
    ck_assert_str_eq(fleet.monitoring.rules[2].name, "E");
    ck_assert_str_eq(fleet.monitoring.rules[3].name, "E");
    ck_assert_int_ne(fleet.monitoring.rules[2].job, fleet.monitoring.rules[3].job);
    ck_assert_int_eq(fleet.monitoring.left_out[SEVERITY_WARNING].n, 0);
    fleet_fini(&fleet);
}
END_TEST

/* Without a prometheus.yml a job's name decides whose it is, and a host has no other labels. */
START_TEST(without_a_configuration_names_decide)
{
    struct und_err err = {0};
    write_all();
    write_file("fleet.yaml",
               "fleet:\n  hosts: [{name: one, tier: primary, slots: 2}]\n"
               "  workload: {arrivals: {rate: 1/h}, classes: [{name: a, duration: 1min}]}\n"
               "  monitoring: {rules: rules.yml}\n");
    write_file("rules.yml", "groups:\n- name: a\n  rules:\n"
                            "  - {alert: A, expr: 'up{job=\"grafana\"} == 0'}\n"
                            "  - {alert: B, expr: 'up{job=\"node\",env=\"staging\"} == 0'}\n"
                            "  - {alert: C, expr: 'up{job=\"github-runner-health\"} == 0'}\n"
                            "  - {alert: D, expr: 'up{job!=\"grafana\"} == 0'}\n"
                            "  - {alert: E, expr: 'up{job=~\"node.*\"} == 0'}\n"
                            "  - {alert: F, expr: 'up{job=~\"redis|kafka\"} == 0'}\n");
    ck_assert_msg(fleet_load(&fleet, "fleet.yaml", NULL, 0, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(fleet.monitoring.n_rules, 3);
    ck_assert_str_eq(fleet.monitoring.rules[0].name, "C");
    ck_assert_str_eq(fleet.monitoring.rules[1].name, "D");
    ck_assert_str_eq(fleet.monitoring.rules[2].name, "E");
    ck_assert_str_eq(fleet.monitoring.left_out[SEVERITY_WARNING].names, "B");
    fleet_fini(&fleet);
}
END_TEST

/* Routes see the labels that Prometheus sends, and no others. */
static const struct {
    const char *matcher;
    int route[3]; /* of Down, Busy and Soft on host one: 0 or more where the route takes it */
} labels_seen[] = {
    {"instance=\"10.0.0.1:9100\"", {0, 0, 0}},
    {"instance=\"10.0.0.1\"", {-1, -1, -1}},
    {"instance=\"one\"", {-1, -1, -1}},
    {"host=\"one\"", {-1, -1, -1}},
    {"job=\"node\"", {0, -1, 0}}, /* by (instance) leaves no job */
    {"env=\"ci\"", {0, -1, 0}},
    {"site=\"a\"", {0, 0, 0}},                   /* an external label */
    {"where=\"10.0.0.1:9100/ci\"", {0, -1, -1}}, /* a template */
    {"severity=\"soft\"", {-1, -1, 0}},          /* alert_relabel_configs */
    {"severity=~\"(?i)CRIT.*\"", {0, 0, -1}},
};

START_TEST(routes_see_the_labels_that_are_sent)
{
    struct und_err err = {0};
    char text[1024];
    write_all();
    write_file("prometheus.yml",
               "global: {external_labels: {site: a}}\n"
               "alerting:\n"
               "  alert_relabel_configs:\n"
               "  - {source_labels: [alertname], regex: Soft, target_label: severity,\n"
               "     replacement: soft}\n"
               "  - {source_labels: [alertname], regex: Hidden, action: drop}\n"
               "scrape_configs:\n"
               "  - {job_name: node, static_configs: [{targets: ['10.0.0.1:9100'],\n"
               "     labels: {env: ci}}]}\n"
               "rule_files: [rules.yml]\n");
    write_file("rules.yml",
               "groups:\n- name: a\n  labels: {severity: critical}\n  rules:\n"
               "  - {alert: Down, expr: up == 0, labels: {where: '{{ $labels.instance }}/{{ "
               "$labels.env | toLower }}'}}\n"
               "  - {alert: Busy, expr: 'avg by (instance) "
               "(rate(node_cpu_seconds_total{mode=\"idle\"}[5m])) < 0.15'}\n"
               "  - {alert: Soft, expr: up == 0}\n"
               "  - {alert: Hidden, expr: up == 0}\n");
    snprintf(text, sizeof text,
             "route:\n  receiver: mail\n  routes: [{receiver: hook, matchers: ['%s']}]\n"
             "receivers: [{name: mail}, {name: hook, webhook_configs: [{url: 'http://h/'}]}]\n",
             labels_seen[_i].matcher);
    write_file("alertmanager.yml", text);
    ck_assert_msg(fleet_load(&fleet, "fleet.yaml", NULL, 0, &err) == UND_OK, "%s", err.text);
    for (int rule = 0; rule < 3; rule++)
        ck_assert_int_eq(fleet.alertmanager.route_of[rule][0], labels_seen[_i].route[rule]);
    ck_assert_int_eq(fleet.alertmanager.route_of[3][0], -1); /* dropped */
    fleet_fini(&fleet);
}
END_TEST

/* What nobody exports counts where a route takes it to the controller, by what is known of it. */
START_TEST(what_no_route_takes_would_move_nobody)
{
    struct und_err err = {0};
    write_all();
    write_file("rules.yml",
               "groups:\n- name: a\n  rules:\n"
               "  - {alert: Told, expr: 'a_thing > 1', labels: {team: ci}}\n"
               "  - {alert: Unrouted, expr: 'a_thing > 1', labels: {team: web}}\n"
               "  - {alert: AboutHost, expr: 'a_thing > 1', labels: {team: hosts}}\n"
               "  - {alert: Dropped, expr: 'a_thing > 1', labels: {team: ci, severity: info}}\n");
    write_file("prometheus.yml",
               "alerting: {alert_relabel_configs: [{source_labels: [severity], regex: info, "
               "action: drop}]}\nrule_files: [rules.yml]\n");
    write_file(
        "alertmanager.yml",
        "route:\n  receiver: mail\n  routes:\n  - {receiver: hook, matchers: ['team=\"ci\"']}\n"
        "  - {receiver: hook, matchers: ['team=\"hosts\"', 'instance=\"10.0.0.2:9100\"']}\n"
        "receivers: [{name: mail}, {name: hook, webhook_configs: [{url: 'http://c/'}]}]\n");
    write_file(
        "fleet.yaml",
        "fleet:\n  hosts: [{name: one, tier: primary, slots: 1, probe: '10.0.0.1:9100'}, "
        "{name: two, tier: backup, slots: 1, probe: '10.0.0.2:9100'}]\n"
        "  workload: {arrivals: {rate: 1/d}, classes: [{name: a, duration: 1min}]}\n"
        "  monitoring: {config: prometheus.yml}\n  alertmanager: {config: alertmanager.yml}\n");
    ck_assert_msg(fleet_load(&fleet, "fleet.yaml", NULL, 0, &err) == UND_OK, "%s", err.text);
    ck_assert_str_eq(fleet.monitoring.left_out[SEVERITY_WARNING].names, "Told, AboutHost");
    ck_assert_int_eq(fleet.monitoring.left_out[SEVERITY_WARNING].n, 2);
    ck_assert_int_eq(fleet.monitoring.left_out[SEVERITY_INFO].n, 0);
    fleet_fini(&fleet);
}
END_TEST

START_TEST(more_signals_than_the_simulation_holds_are_said)
{
    struct und_err err = {0};
    FILE *file;
    write_all();
    file = fopen("rules.yml", "w");
    ck_assert_ptr_nonnull(file);
    fputs("groups:\n- name: a\n  rules:\n", file);
    for (int i = 0; i < FLEET_RULES + 44; i++)
        fprintf(file,
                "  - {alert: A%d, expr: 'up{job=\"node\"} == 0', labels: {severity: critical}}\n",
                i);
    fclose(file);
    ck_assert_msg(fleet_load(&fleet, "fleet.yaml", NULL, 0, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(fleet.monitoring.n_rules, FLEET_RULES);
    ck_assert_int_eq(fleet.monitoring.left_out[SEVERITY_CRITICAL].n, 44);
    fleet_fini(&fleet);
}
END_TEST

/* Of signals and of others: each of 10,000 is about its hosts. */
START_TEST(ten_thousand_rules_are_all_in_force)
{
    struct und_err err = {0};
    FILE *file;
    write_all();
    file = fopen("rules.yml", "w");
    ck_assert_ptr_nonnull(file);
    fputs("groups:\n- name: a\n  rules:\n", file);
    for (int i = 0; i < 5000; i++)
        fprintf(file,
                "  - {alert: A%d, expr: 'up{job=\"node\"} == 0'}\n"
                "  - {alert: B%d, expr: 'node_load1{job=\"node\"} > %d'}\n",
                i, i, i % 7);
    fclose(file);
    ck_assert_msg(fleet_load(&fleet, "fleet.yaml", NULL, 0, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(fleet.monitoring.n_rules, 10000);
    ck_assert_int_eq(fleet.monitoring.n_series, 5000);
    ck_assert_str_eq(fleet.monitoring.rules[9999].name, "B4999");
    ck_assert_uint_ne(fleet.monitoring.rules[9999].hosts, 0);
    ck_assert_int_eq(fleet.monitoring.left_out[SEVERITY_WARNING].n, 0);
    fleet_fini(&fleet);
}
END_TEST

START_TEST(sets_reach_into_the_files)
{
    static const char *const sets[] = {
        "fleet.monitoring.rules.Down.for=5min", "fleet.monitoring.jobs.node.scrape_interval=10s",
        "fleet.alertmanager.group_wait=1s", "fleet.alertmanager.receiver=mail"};
    load(sets, 4);
    ck_assert_int_eq(fleet.monitoring.rules[0].for_ms, 300000);
    ck_assert_int_eq(fleet.monitoring.jobs[0].interval_ms, 10000);
    ck_assert_int_eq(fleet.alertmanager.routes[0].group_wait_ms, 1000);
    ck_assert_int_eq(fleet.alertmanager.route_of[0][0], -1);
    ck_assert_int_ge(fleet.alertmanager.route_of[1][0], 0);
    fleet_fini(&fleet);
}
END_TEST

START_TEST(the_fleet_s_own_interval_wins)
{
    static const char *const sets[] = {"fleet.monitoring.scrape_interval=8s"};
    load(sets, 1);
    ck_assert_int_eq(fleet.monitoring.scrape_interval_ms, 8000);
    ck_assert_int_eq(fleet.monitoring.jobs[1].interval_ms, 8000);
    ck_assert_int_eq(fleet.monitoring.jobs[0].interval_ms, 5000); /* its own */
    fleet_fini(&fleet);
}
END_TEST

static const struct {
    const char *set, *message;
} bad_fleets[] = {
    {"fleet.monitoring.rules=none.yml", "--set fleet.monitoring.rules=none.yml: rules: none.yml: "},
    {"fleet.monitoring.config=none.yml",
     "--set fleet.monitoring.config=none.yml: config: none.yml: "},
    {"fleet.monitoring.config=5",
     "--set fleet.monitoring.config=5: config: got 5, want the path of"},
    {"fleet.monitoring.rules.Nobody.for=1s", "--set fleet.monitoring.rules.Nobody.for=1s: no item"},
    {"fleet.monitoring.ignore=[Nobody]",
     "--set fleet.monitoring.ignore=[Nobody]: ignore[0]: got Nobody, want an alert of the rule"},
    {"fleet.alertmanager.receiver=nobody", "alertmanager.yml: receivers: none is called 'nobody'"},
    {"fleet.alertmanager.config=rules.yml", "rules.yml:1: groups: unknown key"},
};

START_TEST(bad_reference_is_one_placed_line)
{
    struct und_err err = {0};
    write_all();
    ck_assert_int_eq(fleet_load(&fleet, "fleet.yaml", &bad_fleets[_i].set, 1, &err), UND_USAGE);
    ck_assert_msg(strncmp(err.text, bad_fleets[_i].message, strlen(bad_fleets[_i].message)) == 0,
                  "got:  %s\nwant: %s", err.text, bad_fleets[_i].message);
}
END_TEST

/* --- alertmanager.yml ------------------------------------------------------------------------ */

#define RECEIVER "receivers: [{name: a}]\n"

static const struct {
    const char *text, *message;
} bad_alertmanager[] = {
    {RECEIVER, "a.yml:1: no route"},
    {RECEIVER "route: {receiver: b}\n",
     "a.yml:2: route: receiver: got 'b', want one of the receivers"},
    {RECEIVER "route: {receiver: a, group_waite: 5s}\n",
     "a.yml:2: group_waite: unknown key, did you mean group_wait?"},
    {RECEIVER "route: {receiver: a, group_wait: 5}\n",
     "a.yml:2: group_wait: got 5, want a duration"},
    {RECEIVER "route: {receiver: a, group_interval: 0s}\n", "a.yml:2: group_interval: got 0"},
    {RECEIVER "route: {receiver: a, matchers: [a=b]}\n",
     "a.yml:2: route: the first route takes every alert, it has no matchers"},
    {RECEIVER "route: {receiver: a, routes: [{matchers: ['a b']}]}\n",
     "a.yml:2: matchers[0]: got 'a b': want =, !=, =~ or !~"},
    {RECEIVER "route: {receiver: a, routes: [{match_re: {a: '('}}]}\n",
     "a.yml:2: a: got '(', want a regular expression"},
    {RECEIVER "route: {receiver: a, group_by: ['a b']}\n",
     "a.yml:2: group_by[0]: want the name of a label"},
    {RECEIVER "route: {receiver: a}\ninhibit_rules: [{source: x}]\n",
     "a.yml:3: source: unknown key"},
    {"receivers: [{name: a}, {name: a}]\nroute: {receiver: a}\n",
     "a.yml:1: receivers[1]: a second receiver of the name 'a'"},
    {RECEIVER "route: {receiver: a, continue: true}\n",
     "a.yml:2: route: the first route cannot have continue"},
    {RECEIVER "route: {receiver: a, group_by: [b, b]}\n",
     "a.yml:2: group_by[1]: the label b is there twice"},
    {RECEIVER "route: {receiver: a, group_by: [b, '...']}\n",
     "a.yml:2: group_by: '...' stands for"},
    {RECEIVER "route: {receiver: a, routes: [{mute_time_intervals: [n]}]}\n",
     "a.yml:2: mute_time_intervals[0]: got 'n', want one of the time intervals"},
    {RECEIVER "route: {group_by: [b]}\n", "a.yml:2: route: the first route has no receiver"},
    {RECEIVER "route: {receiver: a}\ntime_intervals: [{name: n}, {name: n}]\n",
     "a.yml:3: time_intervals[1]: a second time interval of the name 'n'"},
    {RECEIVER "route: {receiver: a}\ntime_intervals: [{name: n, time_intervals: [{times: "
              "[{start_time: '9:00', end_time: '17:00'}]}]}]\n",
     "a.yml:3: times[0]: want start_time and end_time as HH:MM"},
    {RECEIVER "route: {receiver: a}\ntime_intervals: [{name: n, time_intervals: [{times: "
              "[{start_time: '17:00', end_time: '09:00'}]}]}]\n",
     "a.yml:3: times[0]: start_time is not before end_time"},
    {RECEIVER "route: {receiver: a}\ntime_intervals: [{name: n, time_intervals: [{weekdays: "
              "['friday:monday']}]}]\n",
     "a.yml:3: weekdays[0]: got 'friday:monday', want a value"},
    {RECEIVER "route: {receiver: a}\ntime_intervals: [{name: n, time_intervals: [{days_of_month: "
              "['32']}]}]\n",
     "a.yml:3: days_of_month[0]: got '32', want a value"},
    {"receivers: [{name: a, slack_configs: [{chanel: b}]}]\nroute: {receiver: a}\n",
     "a.yml:1: chanel: unknown key, did you mean channel?"},
};

START_TEST(bad_alertmanager_file_is_one_placed_line)
{
    struct und_err err = {0};
    write_file("a.yml", bad_alertmanager[_i].text);
    ck_assert_ptr_null(alertmanager_file_read("a.yml", &err));
    ck_assert_msg(
        strncmp(err.text, bad_alertmanager[_i].message, strlen(bad_alertmanager[_i].message)) == 0,
        "got:  %s\nwant: %s", err.text, bad_alertmanager[_i].message);
}
END_TEST

#define LOOP(tcase, test, table)                                                                   \
    tcase_add_loop_test(tcase, test, 0, sizeof(table) / sizeof *(table))

Suite *suite(void)
{
    Suite *suite = suite_create("rule files");
    TCase *files = tcase_create("files");
    tcase_add_checked_fixture(files, setup, teardown);
    tcase_add_test(files, takes_what_a_rule_says);
    tcase_add_test(files, unmapped_alerts_are_kept_with_the_reason);
    tcase_add_test(files, all_bad_rules_are_said_at_once);
    tcase_add_test(files, yaml_is_read_as_prometheus_reads_it);
    tcase_add_test(files, group_labels_are_the_rules_that_have_no_own);
    tcase_add_test(files, kubernetes_objects_are_read);
    LOOP(files, bad_rule_file_is_one_placed_line, bad_rules);
    tcase_add_test(files, there_is_no_ceiling_that_a_team_meets);
    tcase_add_test(files, what_is_far_too_large_is_refused_at_once);
    tcase_add_test(files, prometheus_file_gives_jobs_and_rule_files);
    LOOP(files, bad_prometheus_file_is_one_placed_line, bad_prometheus);
    tcase_add_test(files, a_rule_file_that_is_not_here_is_kept_in_mind);
    tcase_add_test(files, hosts_behind_one_address_are_told_apart_by_port);
    tcase_add_test(files, relabeling_decides_what_a_target_is);
    tcase_add_test(files, fleet_takes_its_real_files);
    tcase_add_test(files, routes_are_those_that_tell_the_controller);
    tcase_add_test(files, a_route_without_continue_ends_the_search);
    tcase_add_test(files, matchers_choose_hosts_and_jobs);
    tcase_add_test(files, alerts_about_other_machines_are_not_about_hosts);
    tcase_add_test(files, without_a_configuration_names_decide);
    LOOP(files, routes_see_the_labels_that_are_sent, labels_seen);
    tcase_add_test(files, what_no_route_takes_would_move_nobody);
    tcase_add_test(files, more_signals_than_the_simulation_holds_are_said);
    tcase_add_test(files, ten_thousand_rules_are_all_in_force);
    tcase_add_test(files, sets_reach_into_the_files);
    tcase_add_test(files, the_fleet_s_own_interval_wins);
    LOOP(files, bad_reference_is_one_placed_line, bad_fleets);
    LOOP(files, bad_alertmanager_file_is_one_placed_line, bad_alertmanager);
    suite_add_tcase(suite, files);
    return suite;
}
