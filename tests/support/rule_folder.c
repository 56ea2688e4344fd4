#include "rule_folder.h"

#include "helpers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

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

void rule_folder_make(void)
{
    strcpy(folder, "/tmp/understudy-rules-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
}

void rule_folder_remove(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

void rule_folder_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

void rule_folder_write_all(void)
{
    rule_folder_write("prometheus.yml", prometheus_text);
    rule_folder_write("rules.yml", rules_text);
    rule_folder_write("alertmanager.yml", alertmanager_text);
    rule_folder_write("fleet.yaml", fleet_text);
}

void rule_folder_noted(const json_t *notes, size_t i, int line, const char *text)
{
    const json_t *note = json_array_get(notes, i);
    ck_assert_ptr_nonnull(note);
    ck_assert_str_eq(json_string_value(json_object_get(note, "text")), text);
    ck_assert_int_eq(json_integer_value(json_object_get(note, "line")), line);
}
