/* A fleet whose Prometheus and Alertmanager have thousands of rules, scrape jobs and routes. */
#include "model/load/loader.h"
#include "tests/support/helpers.h"
#include "tests/support/rule_folder.h"

#include <stdio.h>

static struct fleet fleet;

START_TEST(more_signals_than_the_simulation_holds_are_said)
{
    struct und_err err = {0};
    FILE *file;
    rule_folder_write_all();
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
    rule_folder_write_all();
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

#define MANY 10000

static void write_many(const char *path, const char *head, const char *each, int n)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(head, file);
    for (int i = 0; i < n; i++)
        fprintf(file, each, i, i % 50 + 1);
    ck_assert_int_eq(fclose(file), 0);
}

static void load_many(void)
{
    struct und_err err = {0};
    ck_assert_msg(fleet_load(&fleet, "fleet.yaml", NULL, 0, &err) == UND_OK, "%s", err.text);
}

/* Names that differ behind their first 64 bytes are two, as operators write them. */
#define LONG_JOB "serviceMonitor/monitoring/kube-prometheus-stack-kube-controller-manager/"

START_TEST(ten_thousand_jobs_are_all_there)
{
    rule_folder_write_all();
    write_many("prometheus.yml", "rule_files: [rules.yml]\nscrape_configs:\n",
               "- job_name: " LONG_JOB "%d\n  scrape_interval: %ds\n  scrape_timeout: 1s\n"
               "  static_configs: [{targets: ['10.0.0.1:9100']}]\n",
               MANY);
    rule_folder_write("rules.yml", "groups:\n- name: a\n  rules:\n"
                                   "  - {alert: A, expr: 'up{job=\"" LONG_JOB "9998\"} == 0'}\n"
                                   "  - {alert: B, expr: 'up{job=~\".*\"} == 0'}\n");
    load_many();
    ck_assert_int_eq(fleet.monitoring.n_jobs, MANY);
    ck_assert_int_eq(fleet.monitoring.n_rules, 1 + MANY);
    ck_assert_str_eq(fleet.monitoring.jobs[fleet.monitoring.rules[0].job].name, LONG_JOB "9998");
    ck_assert_int_eq(fleet.monitoring.jobs[fleet.monitoring.rules[0].job].interval_ms, 49000);
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(fleet.monitoring.jobs[fleet.monitoring.rules[1 + i].job].interval_ms,
                         (i % 50 + 1) * 1000);
    fleet_fini(&fleet);
}
END_TEST

START_TEST(ten_thousand_routes_are_all_in_force)
{
    const struct alertmanager_config *config = &fleet.alertmanager;
    rule_folder_write_all();
    write_many("rules.yml", "groups:\n- name: a\n  rules:\n",
               "  - {alert: A%d, expr: 'up{job=\"node\"} == 0', labels: {wait: '%d'}}\n", MANY);
    write_many("alertmanager.yml",
               "receivers:\n- name: hook\n  webhook_configs: [{url: 'http://localhost/'}]\n"
               "- name: other\nroute:\n  receiver: other\n  routes:\n",
               "  - {receiver: hook, matchers: ['alertname=A%d'], group_wait: %ds}\n", MANY);
    load_many();
    ck_assert_int_eq(config->n_routes, MANY);
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(config->routes[config->route_of[i][0]].group_wait_ms, (i % 50 + 1) * 1000);
    fleet_fini(&fleet);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("many rules");
    TCase *many = tcase_create("many");
    tcase_set_timeout(many, 120);
    tcase_add_checked_fixture(many, rule_folder_make, rule_folder_remove);
    tcase_add_test(many, more_signals_than_the_simulation_holds_are_said);
    tcase_add_test(many, ten_thousand_rules_are_all_in_force);
    tcase_add_test(many, ten_thousand_jobs_are_all_there);
    tcase_add_test(many, ten_thousand_routes_are_all_in_force);
    suite_add_tcase(suite, many);
    return suite;
}
