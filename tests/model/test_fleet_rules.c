/* A fleet with the files of its Prometheus and its Alertmanager: which alerts about which hosts it
 * has by them, and which of those reach the controller. */
#include "model/load/loader.h"
#include "tests/support/helpers.h"
#include "tests/support/rule_folder.h"

#include <stdio.h>
#include <string.h>

static struct fleet fleet;

static void load(const char *const *sets, int n)
{
    struct und_err err = {0};
    rule_folder_write_all();
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
    rule_folder_write_all();
    rule_folder_write("alertmanager.yml",
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
    rule_folder_write_all();
    rule_folder_write("prometheus.yml",
                      "scrape_configs:\n"
                      "  - {job_name: node-other, static_configs: [{targets: ['10.9.9.9:9100']}]}\n"
                      "  - {job_name: ours, scrape_interval: 20s,\n"
                      "     static_configs: [{targets: ['10.0.0.2:9100', '10.0.0.1:9100']}]}\n"
                      "rule_files: [rules.yml]\n");
    rule_folder_write(
        "rules.yml",
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
    rule_folder_write_all();
    rule_folder_write("prometheus.yml",
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
    rule_folder_write("runners.yml", "- targets: ['10.0.0.1:9252']\n");
    rule_folder_write("rules.yml", "groups:\n- name: a\n  rules:\n"
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
    rule_folder_write_all();
    rule_folder_write("fleet.yaml",
                      "fleet:\n  hosts: [{name: one, tier: primary, slots: 2}]\n"
                      "  workload: {arrivals: {rate: 1/h}, classes: [{name: a, duration: 1min}]}\n"
                      "  monitoring: {rules: rules.yml}\n");
    rule_folder_write("rules.yml", "groups:\n- name: a\n  rules:\n"
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

/* Without a prometheus.yml `instance` and its like mean a host by its name, or by its probe with or
 * without the port. */
static const struct {
    const char *matcher;
    uint64_t hosts; /* a bit each */
} hosts_meant[] = {
    {"instance=\"one\"", 1},          {"instance=\"10.0.0.1:9100\"", 1},
    {"instance=\"10.0.0.1\"", 1},     {"instance!=\"one\"", 2},
    {"instance!=\"10.0.0.1\"", 2},    {"instance!~\"10.0.0.1:.*\"", 2},
    {"instance=~\".*[.]2:9100\"", 2}, {"nodename=\"two\"", 2},
};

START_TEST(hosts_go_by_their_names_where_no_target_is_known)
{
    struct und_err err = {0};
    char text[256];
    rule_folder_write_all();
    rule_folder_write("fleet.yaml",
                      "fleet:\n"
                      "  hosts:\n"
                      "    - {name: one, tier: primary, slots: 2, probe: '10.0.0.1:9100'}\n"
                      "    - {name: two, tier: backup, slots: 2, probe: '10.0.0.2:9100'}\n"
                      "  workload: {arrivals: {rate: 1/h}, classes: [{name: a, duration: 1min}]}\n"
                      "  monitoring: {rules: rules.yml}\n");
    snprintf(text, sizeof text,
             "groups:\n- name: a\n  rules:\n  - {alert: A, expr: 'up{%s} == 0'}\n",
             hosts_meant[_i].matcher);
    rule_folder_write("rules.yml", text);
    ck_assert_msg(fleet_load(&fleet, "fleet.yaml", NULL, 0, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(fleet.monitoring.n_rules, 1);
    ck_assert_uint_eq(fleet.monitoring.rules[0].hosts, hosts_meant[_i].hosts);
    fleet_fini(&fleet);
}
END_TEST

/* A file whose routes tell nobody is in force: the fleet's own route does not come back. */
START_TEST(routes_that_tell_nobody_leave_the_controller_untold)
{
    struct und_err err = {0};
    rule_folder_write_all();
    rule_folder_write("alertmanager.yml", "route: {receiver: mail}\nreceivers: [{name: mail}]\n");
    ck_assert_msg(fleet_load(&fleet, "fleet.yaml", NULL, 0, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(fleet.alertmanager.n_routes, 1); /* 0: the fleet's own */
    for (int rule = 0; rule < fleet.monitoring.n_rules; rule++)
        ck_assert_int_eq(fleet.alertmanager.route_of[rule][0], -1);
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
    {"severity=\"critical\"', 'alertname=\"Busy\"", {-1, 0, -1}}, /* each has to hold */
    {"rack=\"rule\"", {0, -1, -1}},                               /* the rule's own label wins */
    {"rack=\"target\"", {-1, -1, 0}},
};

START_TEST(routes_see_the_labels_that_are_sent)
{
    struct und_err err = {0};
    char text[1024];
    rule_folder_write_all();
    rule_folder_write("prometheus.yml",
                      "global: {external_labels: {site: a}}\n"
                      "alerting:\n"
                      "  alert_relabel_configs:\n"
                      "  - {source_labels: [alertname], regex: Soft, target_label: severity,\n"
                      "     replacement: soft}\n"
                      "  - {source_labels: [alertname], regex: Hidden, action: drop}\n"
                      "scrape_configs:\n"
                      "  - {job_name: node, static_configs: [{targets: ['10.0.0.1:9100'],\n"
                      "     labels: {env: ci, rack: target}}]}\n"
                      "rule_files: [rules.yml]\n");
    rule_folder_write("rules.yml",
                      "groups:\n- name: a\n  labels: {severity: critical}\n  rules:\n"
                      "  - {alert: Down, expr: up == 0, labels: {where: '{{ $labels.instance }}/{{ "
                      "$labels.env | toLower }}', rack: rule}}\n"
                      "  - {alert: Busy, expr: 'avg by (instance) "
                      "(rate(node_cpu_seconds_total{mode=\"idle\"}[5m])) < 0.15'}\n"
                      "  - {alert: Soft, expr: up == 0}\n"
                      "  - {alert: Hidden, expr: up == 0}\n");
    snprintf(text, sizeof text,
             "route:\n  receiver: mail\n  routes: [{receiver: hook, matchers: ['%s']}]\n"
             "receivers: [{name: mail}, {name: hook, webhook_configs: [{url: 'http://h/'}]}]\n",
             labels_seen[_i].matcher);
    rule_folder_write("alertmanager.yml", text);
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
    rule_folder_write_all();
    rule_folder_write(
        "rules.yml",
        "groups:\n- name: a\n  rules:\n"
        "  - {alert: Told, expr: 'a_thing > 1', labels: {team: ci}}\n"
        "  - {alert: Unrouted, expr: 'a_thing > 1', labels: {team: web}}\n"
        "  - {alert: AboutHost, expr: 'a_thing > 1', labels: {team: hosts}}\n"
        "  - {alert: Dropped, expr: 'a_thing > 1', labels: {team: ci, severity: info}}\n");
    rule_folder_write("prometheus.yml",
                      "alerting: {alert_relabel_configs: [{source_labels: [severity], regex: info, "
                      "action: drop}]}\nrule_files: [rules.yml]\n");
    rule_folder_write(
        "alertmanager.yml",
        "route:\n  receiver: mail\n  routes:\n  - {receiver: hook, matchers: ['team=\"ci\"']}\n"
        "  - {receiver: hook, matchers: ['team=\"hosts\"', 'instance=\"10.0.0.2:9100\"']}\n"
        "receivers: [{name: mail}, {name: hook, webhook_configs: [{url: 'http://c/'}]}]\n");
    rule_folder_write(
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
    rule_folder_write_all();
    ck_assert_int_eq(fleet_load(&fleet, "fleet.yaml", &bad_fleets[_i].set, 1, &err), UND_USAGE);
    ck_assert_msg(strncmp(err.text, bad_fleets[_i].message, strlen(bad_fleets[_i].message)) == 0,
                  "got:  %s\nwant: %s", err.text, bad_fleets[_i].message);
}
END_TEST

#define LOOP(tcase, test, table)                                                                   \
    tcase_add_loop_test(tcase, test, 0, sizeof(table) / sizeof *(table))

Suite *suite(void)
{
    Suite *suite = suite_create("fleet rules");
    TCase *files = tcase_create("files");
    tcase_add_checked_fixture(files, rule_folder_make, rule_folder_remove);
    tcase_add_test(files, fleet_takes_its_real_files);
    tcase_add_test(files, routes_are_those_that_tell_the_controller);
    tcase_add_test(files, a_route_without_continue_ends_the_search);
    tcase_add_test(files, matchers_choose_hosts_and_jobs);
    tcase_add_test(files, alerts_about_other_machines_are_not_about_hosts);
    tcase_add_test(files, without_a_configuration_names_decide);
    LOOP(files, hosts_go_by_their_names_where_no_target_is_known, hosts_meant);
    tcase_add_test(files, routes_that_tell_nobody_leave_the_controller_untold);
    LOOP(files, routes_see_the_labels_that_are_sent, labels_seen);
    tcase_add_test(files, what_no_route_takes_would_move_nobody);
    tcase_add_test(files, sets_reach_into_the_files);
    tcase_add_test(files, the_fleet_s_own_interval_wins);
    LOOP(files, bad_reference_is_one_placed_line, bad_fleets);
    suite_add_tcase(suite, files);
    return suite;
}
