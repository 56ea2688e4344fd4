/* prometheus.yml and alertmanager.yml: what is taken, what is noted, what is refused. */
#include "model/rules/alertmanager_file.h"
#include "model/rules/prometheus_file.h"
#include "tests/support/helpers.h"
#include "tests/support/rule_folder.h"

#include <stdlib.h>
#include <string.h>

START_TEST(prometheus_file_gives_jobs_and_rule_files)
{
    static struct prometheus_file file;
    struct und_err err = {0};
    rule_folder_write_all();
    ck_assert_msg(prometheus_file_read(&file, "prometheus.yml", PROMQL_2, &err) == UND_OK, "%s",
                  err.text);
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
    rule_folder_noted(file.notes, 0, 6, "remote_write is not used");
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
    {"scrape_configs: [{job_name: a, static_configs: [{targets: [b], labels: {c.d: e}}]}]\n",
     "p.yml:1: c.d: no valid name of a label"},
    {"scrape_configs: [{job_name: a, sample_limit: -1}]\n",
     "p.yml:1: sample_limit: got -1, want a number from 0 on"},
    {"scrape_configs: [{job_name: a, body_size_limit: 5}]\n",
     "p.yml:1: body_size_limit: got 5, want a size such as 10MB"},
    {"scrape_configs: [{job_name: a, tls_config: {min_version: TLS14}}]\n",
     "p.yml:1: min_version: got TLS14, want one of TLS10|"},
    {"scrape_configs: [{job_name: a, relabel_configs: [{target_label: 'a$1-b'}]}]\n",
     "p.yml:1: relabel_configs[0]: target_label: got 'a$1-b', want a label's name"},
    {"scrape_configs: [{job_name: a, relabel_configs: [{action: labelmap, replacement: 'b-c'}]}]\n",
     "p.yml:1: relabel_configs[0]: replacement: got 'b-c', want a label's name"},
    {"scrape_configs: [{job_name: a, file_sd_configs: [{files: ['a*/b.json']}]}]\n",
     "p.yml:1: files[0]: got 'a*/b.json', want * in its last part alone"},
    {"alerting: {alertmanagers: [{api_version: v3}]}\n",
     "p.yml:1: api_version: got v3, want one of v1|v2"},
    {"alerting: {alertmanagers: [{static_configs: [{targets: ['http://x/y']}]}]}\n",
     "p.yml:1: targets[0]: got 'http://x/y', want host:port, no URL"},
    {"remote_write: [{url: 'http://x', name: a}, {url: 'http://y', name: a}]\n",
     "p.yml:1: remote_write[1]: a second one of the name 'a'"},
    {"rule_files: [[a]]\n", "p.yml:1: rule_files[0]: got "},
    {"rule_files: ['a/*/b.yml']\n", "p.yml:1: rule_files[0]: got 'a/*/b.yml', want a path"},
};

START_TEST(bad_prometheus_file_is_one_placed_line)
{
    static struct prometheus_file file;
    struct und_err err = {0};
    rule_folder_write("p.yml", bad_prometheus[_i].text);
    ck_assert_int_eq(prometheus_file_read(&file, "p.yml", PROMQL_2, &err), UND_USAGE);
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
    rule_folder_write("p.yml", "rule_files: [/etc/prometheus/none.yml, 'none-*.yml']\n");
    ck_assert_msg(prometheus_file_read(&file, "p.yml", PROMQL_2, &err) == UND_OK, "%s", err.text);
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

/* As long as it is: nothing is cut. */
START_TEST(relabeling_joins_long_values)
{
    static struct prometheus_file file;
    static char text[40000], value[10001];
    struct und_err err = {0};
    const json_t *labels;
    memset(value, 'v', sizeof value - 1);
    snprintf(text, sizeof text,
             "scrape_configs:\n- job_name: j\n"
             "  static_configs: [{targets: ['h:1'], labels: {a: %s}}]\n"
             "  relabel_configs:\n"
             "  - {source_labels: [a, a], separator: '-', target_label: b}\n",
             value);
    rule_folder_write("p.yml", text);
    ck_assert_msg(prometheus_file_read(&file, "p.yml", PROMQL_2, &err) == UND_OK, "%s", err.text);
    labels = file.jobs[0].targets[0].labels;
    snprintf(text, sizeof text, "%s-%s", value, value);
    ck_assert_str_eq(json_string_value(json_object_get(labels, "b")), text);
    prometheus_file_fini(&file);
}
END_TEST

START_TEST(relabeling_decides_what_a_target_is)
{
    static struct prometheus_file file;
    struct und_err err = {0};
    rule_folder_write("hosts.json",
                      "[{\"targets\": [\"a:9100\", \"b\"], \"labels\": {\"env\": \"ci\"}}]");
    rule_folder_write("extra.yml", "scrape_configs:\n- job_name: extra\n  scheme: https\n"
                                   "  static_configs: [{targets: [c]}]\n");
    rule_folder_write(
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
    ck_assert_msg(prometheus_file_read(&file, "p.yml", PROMQL_2, &err) == UND_OK, "%s", err.text);
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
    {RECEIVER "route: {receiver: a}\ntime_intervals: [{name: n, time_intervals: [{location: "
              "../etc}]}]\n",
     "a.yml:3: location: got '../etc', want a time zone"},
    {"receivers: [{name: a, slack_configs: [{chanel: b}]}]\nroute: {receiver: a}\n",
     "a.yml:1: chanel: unknown key, did you mean channel?"},
};

START_TEST(bad_alertmanager_file_is_one_placed_line)
{
    struct und_err err = {0};
    rule_folder_write("a.yml", bad_alertmanager[_i].text);
    ck_assert_ptr_null(alertmanager_file_read("a.yml", PROMQL_2, &err));
    ck_assert_msg(
        strncmp(err.text, bad_alertmanager[_i].message, strlen(bad_alertmanager[_i].message)) == 0,
        "got:  %s\nwant: %s", err.text, bad_alertmanager[_i].message);
}
END_TEST

#define LOOP(tcase, test, table)                                                                   \
    tcase_add_loop_test(tcase, test, 0, sizeof(table) / sizeof *(table))

#define LOOP(tcase, test, table)                                                                   \
    tcase_add_loop_test(tcase, test, 0, sizeof(table) / sizeof *(table))

Suite *suite(void)
{
    Suite *suite = suite_create("server files");
    TCase *files = tcase_create("files");
    tcase_add_checked_fixture(files, rule_folder_make, rule_folder_remove);
    tcase_add_test(files, prometheus_file_gives_jobs_and_rule_files);
    LOOP(files, bad_prometheus_file_is_one_placed_line, bad_prometheus);
    tcase_add_test(files, a_rule_file_that_is_not_here_is_kept_in_mind);
    tcase_add_test(files, hosts_behind_one_address_are_told_apart_by_port);
    tcase_add_test(files, relabeling_joins_long_values);
    tcase_add_test(files, relabeling_decides_what_a_target_is);
    LOOP(files, bad_alertmanager_file_is_one_placed_line, bad_alertmanager);
    suite_add_tcase(suite, files);
    return suite;
}
