/* Prometheus, Alertmanager and the webhooks: parsers on real captures, errors on made-up ones. */
#include "live/base/wire.h"
#include "live/monitoring/alertmanager_client.h"
#include "live/monitoring/prometheus_client.h"
#include "live/secret/signature.h"
#include "tests/support/helpers.h"
#include "tests/support/scripted_server.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PASSWORD "TheProbesPassword"

static struct und_err err;
static json_t *body;
static struct script *script;
static struct prometheus_client *client;

static void set_up(void)
{
    err = (struct und_err){0};
    body = NULL;
    script = NULL;
    client = NULL;
}

static void tear_down(void)
{
    json_decref(body);
    prometheus_client_close(client);
    if (script)
        script_close(script);
}

static void load(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "tests/data/live/%s.json", name);
    body = json_load_file(path, 0, NULL);
    ck_assert_ptr_nonnull(body);
}

static void check_refused(const char *says)
{
    ck_assert_msg(strstr(err.text, says) != NULL, "want '%s' in: %s", says, err.text);
    ck_assert_msg(strstr(err.text, PASSWORD) == NULL, "credential in: %s", err.text);
    ck_assert_ptr_null(strchr(err.text, '\n'));
    ck_assert_int_eq(err.code, UND_SERVICE);
}

#define OK(call) ck_assert_msg((call) == UND_OK, "%s", err.text)

START_TEST(alerts_of_a_real_server)
{
    struct prometheus_alerts alerts = {0};
    load("prometheus_alerts");
    OK(prometheus_parse_alerts(body, &alerts, "x", &err));
    ck_assert_uint_eq(alerts.n, 4);
    ck_assert(!alerts.item[0].firing);
    ck_assert(alerts.item[3].firing);
    ck_assert_str_eq(alerts.item[0].name, "RunnerOffline_gc");
    ck_assert_str_eq(alerts.item[0].severity, "critical");
    ck_assert_str_eq(alerts.item[0].instance, "127.0.0.1:9333");
    ck_assert_int_eq(alerts.item[0].active_ms, 1795429426902);
    prometheus_alerts_fini(&alerts);
}
END_TEST

START_TEST(rules_of_a_real_server)
{
    struct prometheus_rules rules = {0};
    load("prometheus_rules");
    OK(prometheus_parse_rules(body, &rules, "x", &err));
    ck_assert_uint_ge(rules.n, 3);
    ck_assert_str_eq(rules.item[0].name, "CpuRate");
    ck_assert_str_eq(rules.item[0].group, "cpu");
    ck_assert_int_eq(rules.item[0].for_ms, 10000);
    ck_assert_int_eq(rules.item[0].interval_ms, 2000);
    ck_assert_str_eq(rules.item[0].health, "ok");
    prometheus_rules_fini(&rules);
}
END_TEST

START_TEST(vector_and_matrix_of_a_real_server)
{
    struct prometheus_matrix matrix = {0};
    load("prometheus_query");
    OK(prometheus_parse_matrix(body, &matrix, "x", &err));
    ck_assert_uint_eq(matrix.n, 3);
    ck_assert_uint_eq(matrix.item[0].n, 1);
    ck_assert_double_eq(matrix.item[0].point[0].value, 1);
    prometheus_matrix_fini(&matrix);
    json_decref(body);
    load("prometheus_query_range");
    OK(prometheus_parse_matrix(body, &matrix, "x", &err));
    ck_assert_uint_eq(matrix.n, 2);
    ck_assert_uint_gt(matrix.item[0].n, 1);
    ck_assert_int_gt(matrix.item[0].point[1].at_ms, matrix.item[0].point[0].at_ms);
    prometheus_matrix_fini(&matrix);
}
END_TEST

START_TEST(values_beyond_numbers)
{
    struct prometheus_matrix matrix = {0};
    const char *text = "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":["
                       "{\"metric\":{},\"value\":[1.5,\"NaN\"]},"
                       "{\"metric\":{},\"value\":[1.5,\"-Inf\"]}]}}";
    body = payload_parse(text, strlen(text), "x", &err);
    OK(prometheus_parse_matrix(body, &matrix, "x", &err));
    ck_assert(isnan(matrix.item[0].point[0].value));
    ck_assert(isinf(matrix.item[1].point[0].value));
    ck_assert_int_eq(matrix.item[0].point[0].at_ms, 1500);
    prometheus_matrix_fini(&matrix);
}
END_TEST

START_TEST(scalar_is_one_series)
{
    struct prometheus_matrix matrix = {0};
    const char *text =
        "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[2,\"42\"]}}";
    body = payload_parse(text, strlen(text), "x", &err);
    OK(prometheus_parse_matrix(body, &matrix, "x", &err));
    ck_assert_uint_eq(matrix.n, 1);
    ck_assert_double_eq(matrix.item[0].point[0].value, 42);
    prometheus_matrix_fini(&matrix);
}
END_TEST

START_TEST(errors_come_with_prometheus_own_words)
{
    struct prometheus_matrix matrix = {0};
    load("prometheus_error");
    ck_assert_int_eq(prometheus_parse_matrix(body, &matrix, "GET x", &err), UND_SERVICE);
    check_refused("GET x: got error (bad_data: ");
}
END_TEST

#define VECTOR(series)                                                                             \
    "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[" series "]}}"

static const struct {
    const char *text, *says;
} wrong[] = {
    {"[]", "got array, want object"},
    {"{\"data\":{}}", ".status: got nothing, want string"},
    {"{\"status\":\"success\"}", ".data: got nothing, want object"},
    {"{\"status\":\"success\",\"data\":{\"result\":[]}}", ".resultType: got nothing"},
    {"{\"status\":\"success\",\"data\":{\"resultType\":\"string\",\"result\":[]}}",
     ".resultType: got another type"},
    {VECTOR("1"), "result[0].metric: got nothing, want object"},
    {VECTOR("{\"metric\":{\"a\":1},\"value\":[1,\"1\"]}"), "result[0].a: got integer, want string"},
    {VECTOR("{\"metric\":{}}"), "result[0]: got nothing of 0, want [time, \"value\"]"},
    {VECTOR("{\"metric\":{},\"value\":[1,2]}"), "want [time, \"value\"]"},
    {VECTOR("{\"metric\":{},\"value\":[1,\"x\"]}"), "got a value that is no number"},
    {VECTOR("{\"metric\":{},\"values\":7}"), "result[0].values: got integer, want array"},
    {VECTOR("{\"metric\":{},\"value\":[1e300,\"1\"]}"), "want [time, \"value\"]"},
};

START_TEST(wrong_types_say_where)
{
    struct prometheus_matrix matrix = {0};
    body = payload_parse(wrong[_i].text, strlen(wrong[_i].text), "x", &err);
    ck_assert_int_eq(prometheus_parse_matrix(body, &matrix, "x", &err), UND_SERVICE);
    check_refused(wrong[_i].says);
    prometheus_matrix_fini(&matrix);
}
END_TEST

START_TEST(times_with_and_without_fractions)
{
    int64_t ms;
    ck_assert(wire_time_ms("1970-01-01T00:00:01Z", &ms));
    ck_assert_int_eq(ms, 1000);
    ck_assert(wire_time_ms("2026-11-23T10:23:46.902386869Z", &ms));
    ck_assert_int_eq(ms, 1795429426902);
    ck_assert(wire_time_ms("2026-11-23T11:23:46.9+01:00", &ms));
    ck_assert_int_eq(ms, 1795429426900);
    ck_assert(wire_time_ms("0001-01-01T00:00:00Z", &ms));
    ck_assert_int_lt(ms, 0);
    ck_assert(wire_time_ms("2016-12-31T23:59:60Z", &ms)); /* a leap second */
    ck_assert_int_eq(ms, 1483228800000);
    ck_assert(wire_time_ms("2000-02-29T00:00:00-23:59", &ms));
    ck_assert(wire_time_ms("9999-12-31T23:59:59.999999999999999999Z", &ms));
    ck_assert_int_eq(ms, 253402300799999);
    ck_assert(!wire_time_ms("10000-01-01T00:00:00Z", &ms));
    ck_assert(!wire_time_ms("-001-01-01T00:00:00Z", &ms));
    ck_assert(!wire_time_ms("2026-02-29T00:00:00Z", &ms));
    ck_assert(!wire_time_ms("1900-02-29T00:00:00Z", &ms));
    ck_assert(!wire_time_ms("2026-04-31T00:00:00Z", &ms));
    ck_assert(!wire_time_ms("2026-11-23T24:00:00Z", &ms));
    ck_assert(!wire_time_ms("2026-11-23T10:23:46+24:00", &ms));
    ck_assert(!wire_time_ms("2026-13-01T00:00:00Z", &ms));
    ck_assert(!wire_time_ms("2026-11-23T10:23:46", &ms));
    ck_assert(!wire_time_ms("2026-11-23T10:23:46.Z", &ms));
    ck_assert(!wire_time_ms("2026-11-23 10:23:46Z", &ms));
    ck_assert(!wire_time_ms("2026-11-23T10:23:46Zx", &ms));
}
END_TEST

START_TEST(alertmanager_alerts_of_a_real_server)
{
    struct alertmanager_alerts alerts = {0};
    load("alertmanager_alerts");
    OK(alertmanager_parse_alerts(body, &alerts, "x", &err));
    ck_assert_uint_eq(alerts.n, 4);
    ck_assert_str_eq(alerts.item[0].name, "Offline0");
    ck_assert(alerts.item[0].firing && !alerts.item[0].suppressed);
    ck_assert_int_eq(alerts.item[0].ends_ms - alerts.item[0].starts_ms, 8000);
    alertmanager_alerts_fini(&alerts);
}
END_TEST

START_TEST(webhook_version_4)
{
    struct alertmanager_webhook webhook;
    load("alertmanager_webhook");
    OK(alertmanager_parse_webhook(body, &webhook, "x", &err));
    ck_assert(webhook.firing);
    ck_assert_uint_eq(webhook.alerts.n, 2);
    ck_assert(webhook.alerts.item[0].firing);
    ck_assert_int_eq(webhook.alerts.item[0].ends_ms, -1);
    ck_assert(!webhook.alerts.item[1].firing);
    ck_assert_str_eq(webhook.alerts.item[1].instance, "192.168.0.202:9100");
    alertmanager_webhook_fini(&webhook);
    json_object_set_new(body, "version", json_string("5"));
    ck_assert_int_eq(alertmanager_parse_webhook(body, &webhook, "x", &err), UND_SERVICE);
    check_refused(".version: got \"5\", want \"4\"");
}
END_TEST

/* GitHub's own example (github-semantics.md, "Webhooks"). */
START_TEST(signature_of_githubs_example)
{
    struct secret *secret;
    const char *key = "It's a Secret to Everybody";
    char header[] = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    OK(secret_open_copy(&secret, key, strlen(key), &err));
    ck_assert(signature_valid(secret, "Hello, World!", 13, header));
    ck_assert(!signature_valid(secret, "Hello, World?", 13, header));
    ck_assert(!signature_valid(secret, "Hello, World!", 13, NULL));
    ck_assert(!signature_valid(secret, "Hello, World!", 13, "sha256="));
    ck_assert(!signature_valid(secret, "Hello, World!", 13, header + 7));
    header[70] = '8';
    ck_assert(!signature_valid(secret, "Hello, World!", 13, header));
    secret_close(secret);
}
END_TEST

static void serve(const struct script_reply *replies, size_t n)
{
    const struct http_config base = {
        .connect_ms = 500, .total_ms = 1500, .stall_ms = 1000, .backoff_ms = 1};
    struct live_service from = {.user = "prom", .token = "env:TEST_PASSWORD"};
    setenv("TEST_PASSWORD", PASSWORD, 1);
    script = script_open_list(replies, n, NULL);
    snprintf(from.url, sizeof from.url, "%s", script_url(script));
    OK(prometheus_client_open(&client, &from, &base, &err));
}

START_TEST(queries_are_escaped_and_times_exact)
{
    struct script_reply replies[] = {{.text = "HTTP/1.1 200 OK\r\n\r\n" VECTOR("")}};
    struct prometheus_matrix matrix = {0};
    serve(replies, 1);
    OK(prometheus_client_query(client, "up{job=\"a b\"}", 1500, &matrix, &err));
    ck_assert_ptr_nonnull(
        strstr(script_request(script, 0),
               "GET /api/v1/query?query=up%7Bjob%3D%22a%20b%22%7D&time=1.500 HTTP/1.1"));
}
END_TEST

static const struct {
    const char *reply, *says;
} refusals[] = {
    {"HTTP/1.1 401 No\r\n\r\n" PASSWORD, "got 401"},
    {"HTTP/1.1 404 No\r\nContent-Type: text/plain\r\n\r\n404 page not found",
     "got 404 with 18 bytes of text/plain, want 200; is this URL a Prometheus server's?"},
    {"HTTP/1.1 400 No\r\n\r\n{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"x\"}",
     "got error (bad_data: x), want success"},
    {"HTTP/1.1 422 No\r\n\r\n{\"status\":\"error\",\"errorType\":\"execution\",\"error\":\"y\"}",
     "got error (execution: y)"},
    {"HTTP/1.1 503 No\r\n\r\nService Unavailable", "it is still starting"},
    {"HTTP/1.1 400 No\r\nContent-Type: text/html\r\n\r\n<h1>Bad Request</h1>",
     "got 400 with 20 bytes of text/html, want 200; is this URL"},
    {"HTTP/1.1 400 No\r\n\r\n{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":"
     "\"\\u009b31mred " PASSWORD "\"}",
     "got error (bad_data: ?\?31mred ***), want success"},
    {"HTTP/1.1 200 "
     "OK\r\n\r\n{\"status\":\"success\",\"data\":{\"alerts\":[{\"labels\":{},\"state\":"
     "\"gone\",\"activeAt\":\"2026-11-23T10:23:46Z\"}]}}",
     "alerts[0].state: got \"gone\", want pending or firing"},
    {"HTTP/1.1 200 "
     "OK\r\n\r\n{\"status\":\"success\",\"data\":{\"alerts\":[{\"labels\":{},\"state\":"
     "\"firing\",\"activeAt\":\"yesterday\"}]}}",
     "alerts[0].activeAt: got string, want a time (RFC 3339)"},
};

START_TEST(bad_answers_say_what_to_do)
{
    struct script_reply reply = {.text = (char *)(uintptr_t)refusals[_i].reply};
    struct prometheus_alerts alerts = {0};
    serve(&reply, 1);
    ck_assert_int_eq(prometheus_client_alerts(client, &alerts, &err), UND_SERVICE);
    check_refused(refusals[_i].says);
    check_refused("/api/v1/alerts: ");
    prometheus_alerts_fini(&alerts);
}
END_TEST

START_TEST(health_is_asked_once)
{
    struct script_reply replies[] = {{.text = "HTTP/1.1 503 No\r\n\r\nService Unavailable"}};
    serve(replies, 1);
    ck_assert_int_eq(prometheus_client_ready(client, &err), UND_SERVICE);
    check_refused("/-/ready: got 503");
    ck_assert_uint_eq(script_requests(script), 1);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("prometheus client");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, alerts_of_a_real_server);
    tcase_add_test(tcase, rules_of_a_real_server);
    tcase_add_test(tcase, vector_and_matrix_of_a_real_server);
    tcase_add_test(tcase, values_beyond_numbers);
    tcase_add_test(tcase, scalar_is_one_series);
    tcase_add_test(tcase, errors_come_with_prometheus_own_words);
    tcase_add_loop_test(tcase, wrong_types_say_where, 0, COUNT(wrong));
    tcase_add_test(tcase, times_with_and_without_fractions);
    tcase_add_test(tcase, alertmanager_alerts_of_a_real_server);
    tcase_add_test(tcase, webhook_version_4);
    tcase_add_test(tcase, signature_of_githubs_example);
    tcase_add_test(tcase, queries_are_escaped_and_times_exact);
    tcase_add_loop_test(tcase, bad_answers_say_what_to_do, 0, COUNT(refusals));
    tcase_add_test(tcase, health_is_asked_once);
    suite_add_tcase(all, tcase);
    return all;
}
