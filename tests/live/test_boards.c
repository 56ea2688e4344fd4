/*
 * Alert rules and dashboards over the monitor's metrics: each query parses, and names only what the
 * monitor, node_exporter or Prometheus itself exports. promtool has the last word on the rules.
 */
#include "live/status/metrics.h"
#include "model/file/doc.h"
#include "model/promql/promql.h"
#include "tests/support/helpers.h"
#include "tests/support/status_fixture.h"

#include <stdlib.h>
#include <string.h>

static const char *const others[] = {"up",
                                     "ALERTS",
                                     "node_cpu_seconds_total",
                                     "node_memory_MemAvailable_bytes",
                                     "node_memory_MemTotal_bytes",
                                     "node_disk_io_time_seconds_total",
                                     "node_network_receive_bytes_total",
                                     "node_network_transmit_bytes_total"};

static int queries; /* checked so far */

static char *exported; /* what the monitor prints, of whatever fleet */

static void print_exported(void)
{
    struct status_fixture *fixture = status_fixture_open();
    size_t size;
    HELPER_CAPTURE(exported, size, metrics_print(out, fixture->status, false));
    status_fixture_close(fixture);
}

static void free_exported(void)
{
    free(exported);
}

static bool is_exported(const char *name)
{
    char type[128];
    size_t k;
    snprintf(type, sizeof type, "\n# TYPE %s ", name);
    if (strstr(exported, type))
        return true;
    for (k = 0; k < sizeof others / sizeof others[0]; k++)
        if (strcmp(others[k], name) == 0)
            return true;
    return false;
}

static void check_names(const struct promql_node *node, const char *text)
{
    int i;
    if (node->kind == PROMQL_SELECTOR)
        ck_assert_msg(is_exported(node->name), "%s: nobody exports %s", text, node->name);
    for (i = 0; i < node->n_args; i++)
        check_names(node->args[i], text);
}

static void check_query(const char *text)
{
    struct und_err err = {0};
    struct promql *query = promql_parse(text, PROMQL_2, text, &err);
    ck_assert_msg(query != NULL, "%s", err.text);
    check_names(query->root, text);
    promql_free(query);
    queries++;
}

/* Every "expr" below the value. */
static void check_all(const json_t *value)
{
    const char *key;
    json_t *item;
    size_t i;
    json_array_foreach (value, i, item)
        check_all(item);
    if (!json_is_object(value))
        return;
    json_object_foreach ((json_t *)(uintptr_t)value, key, item) {
        if (strcmp(key, "expr") == 0)
            check_query(json_string_value(item));
        check_all(item);
    }
}

static json_t *load(const char *path)
{
    struct und_err err = {0};
    struct doc doc;
    json_t *root = NULL;
    doc_init(&doc);
    doc.foreign = true;
    ck_assert_msg(doc_load(&doc, path, &root, &err) == UND_OK, "%s", err.text);
    doc_fini(&doc);
    return root;
}

START_TEST(dashboards_ask_for_what_is_exported)
{
    static const struct {
        const char *uid;
        int queries;
    } boards[] = {{"sre-overview", 15}, {"runner-metrics", 9}, {"capacity", 9}};
    char path[80];
    json_t *board, *panel, *panels;
    size_t i;
    snprintf(path, sizeof path, "scenarios/grafana/%s.json", boards[_i].uid);
    board = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(board != NULL, "%s", path);
    ck_assert_str_eq(json_string_value(json_object_get(board, "uid")), boards[_i].uid);
    queries = 0;
    check_all(board);
    ck_assert_int_eq(queries, boards[_i].queries);
    panels = json_object_get(board, "panels");
    json_array_foreach (panels, i, panel) {
        ck_assert_int_eq(json_integer_value(json_object_get(panel, "id")), (json_int_t)i + 1);
        ck_assert_ptr_nonnull(json_string_value(json_object_get(panel, "title")));
    }
    json_decref(board);
}
END_TEST

START_TEST(rules_ask_for_what_is_exported)
{
    json_t *rules = load("scenarios/understudy-rules.yml");
    queries = 0;
    check_all(rules);
    ck_assert_int_eq(queries, 17);
    json_decref(rules);
}
END_TEST

/* An alert that names a host by these would be evidence for the monitor's next decision. */
START_TEST(no_rule_feeds_the_policy)
{
    static const char *const names[] = {"host", "hostname", "nodename", "runner", "instance"};
    json_t *file = load("scenarios/understudy-rules.yml"), *group, *rule;
    size_t i, k, n;
    json_array_foreach (json_object_get(file, "groups"), i, group) {
        json_array_foreach (json_object_get(group, "rules"), k, rule) {
            struct und_err err = {0};
            const char *text = json_string_value(json_object_get(rule, "expr"));
            struct promql *query = promql_parse(text, PROMQL_2, text, &err);
            const struct promql_node *top = query->root;
            int label;
            while (top->kind == PROMQL_BINARY)
                top = top->args[0];
            /* An aggregate keeps the labels that it is grouped by, absent() those it is given. */
            ck_assert_msg(top->kind == PROMQL_AGGREGATE || strcmp(top->name, "absent") == 0, "%s",
                          text);
            for (label = 0; label < top->n_labels; label++)
                for (n = 0; n < sizeof names / sizeof names[0]; n++)
                    ck_assert_str_ne(top->labels[label], names[n]);
            promql_free(query);
        }
    }
    json_decref(file);
}
END_TEST

static int run(const char *command)
{
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(the_rules_pass_their_tests)
{
    char command[200];
    const char *build = getenv("BUILD") ? getenv("BUILD") : "build";
    snprintf(command, sizeof command,
             "%s/understudy alerts test scenarios/understudy-rules-test.yml >/dev/null", build);
    ck_assert_int_eq(run(command), 0);
    if (run("command -v promtool >/dev/null") != 0)
        return;
    ck_assert_int_eq(run("promtool check rules scenarios/understudy-rules.yml >/dev/null"), 0);
    ck_assert_int_eq(run("promtool test rules scenarios/understudy-rules-test.yml >/dev/null"), 0);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("boards");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, print_exported, free_exported);
    tcase_add_loop_test(tcase, dashboards_ask_for_what_is_exported, 0, 3);
    tcase_add_test(tcase, rules_ask_for_what_is_exported);
    tcase_add_test(tcase, no_rule_feeds_the_policy);
    tcase_add_test(tcase, the_rules_pass_their_tests);
    suite_add_tcase(all, tcase);
    return all;
}
