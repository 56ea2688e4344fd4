/* Webhooks: what is believed, and what is not. */
#include "live/drill/listen.h"
#include "live/http/http.h"
#include "tests/support/helpers.h"

#include <openssl/hmac.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN "TheWebhooksToken"
#define SECRET "TheSigningSecret"

static struct fleet *fleet;
static struct listener *listener;
static struct und_err err;

static void set_up(void)
{
    err = (struct und_err){0};
    fleet = calloc(1, sizeof *fleet);
    fleet->n_hosts = 2;
    strcpy(fleet->hosts[0].name, "big");
    strcpy(fleet->hosts[0].probe, "192.168.0.201:9100");
    strcpy(fleet->hosts[1].name, "small");
    strcpy(fleet->hosts[1].probe, "192.168.0.202:9100");
    setenv("LISTEN_TOKEN", TOKEN, 1);
    setenv("LISTEN_SECRET", SECRET, 1);
    strcpy(fleet->live.listen.address, "127.0.0.1:0");
    strcpy(fleet->live.listen.alertmanager_token, "env:LISTEN_TOKEN");
    strcpy(fleet->live.listen.github_secret, "env:LISTEN_SECRET");
    listener = NULL;
}

static void tear_down(void)
{
    listen_close(listener);
    free(fleet);
}

static char *slurp(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 65536);
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_gt(fread(text, 1, 65535, file), 0);
    fclose(file);
    return text;
}

static const char *id_of_delivery; /* a second header; NULL: none */

/* POSTs and gives the status. */
static int post(const char *path, const char *body, const char *header)
{
    const char *headers[] = {header, id_of_delivery, NULL};
    struct http_config config = {.headers = headers, .total_ms = 3000, .attempts = 1};
    struct http_request request = {.method = HTTP_POST, .path = path, .body = body};
    struct http_response response = {0};
    struct http *http;
    int status;
    snprintf(config.url, sizeof config.url, "http://127.0.0.1:%d", listen_port(listener));
    ck_assert_int_eq(http_open(&http, &config, &err), UND_OK);
    ck_assert_msg(http_send(http, &request, &response, &err) == UND_OK, "%s", err.text);
    status = response.status;
    http_response_fini(&response);
    http_close(http);
    return status;
}

static void open_it(void)
{
    ck_assert_msg(listen_open(&listener, fleet, &err) == UND_OK, "%s", err.text);
}

static const char *signature(const char *body)
{
    static char header[128];
    unsigned char digest[32];
    int i, n = sprintf(header, "X-Hub-Signature-256: sha256=");
    HMAC(EVP_sha256(), SECRET, (int)strlen(SECRET), (const unsigned char *)body, strlen(body),
         digest, NULL);
    for (i = 0; i < 32; i++)
        n += sprintf(header + n, "%02x", digest[i]);
    return header;
}

START_TEST(alerts_become_hints_by_host)
{
    char *body = slurp("tests/data/live/alertmanager_webhook.json");
    struct stage_hint hint;
    open_it();
    ck_assert_int_eq(post("/alertmanager", body, "Authorization: Bearer " TOKEN), 200);
    ck_assert(listen_take(listener, 1000, &hint));
    ck_assert_int_eq(hint.host, 0);
    ck_assert_uint_eq(hint.severities, 1u << SEVERITY_CRITICAL);
    ck_assert(listen_take(listener, 1000, &hint));
    ck_assert_int_eq(hint.host, 1);
    ck_assert_uint_eq(hint.severities, 0); /* resolved */
    ck_assert(!listen_take(listener, 10, &hint));
    free(body);
}
END_TEST

START_TEST(signed_deliveries_are_a_reason_to_look)
{
    char *body = slurp("tests/data/live/github_workflow_job.json");
    struct stage_hint hint;
    open_it();
    ck_assert_int_eq(post("/github", body, signature(body)), 200);
    ck_assert(listen_take(listener, 1000, &hint));
    ck_assert_int_eq(hint.host, -1);
    free(body);
}
END_TEST

START_TEST(what_is_not_authenticated_is_not_believed)
{
    char *alerts = slurp("tests/data/live/alertmanager_webhook.json");
    char *event = slurp("tests/data/live/github_workflow_job.json");
    struct stage_hint hint;
    open_it();
    ck_assert_int_eq(post("/alertmanager", alerts, "X: y"), 401);
    ck_assert_int_eq(post("/alertmanager", alerts, "Authorization: Bearer TheWebhooksTokem"), 401);
    ck_assert_int_eq(post("/alertmanager", alerts, "Authorization: Bearer"), 401);
    ck_assert_int_eq(post("/github", event, "X: y"), 401);
    ck_assert_int_eq(post("/github", event, signature("another body")), 401);
    ck_assert_int_eq(post("/elsewhere", event, signature(event)), 404);
    ck_assert(!listen_take(listener, 10, &hint));
    free(alerts);
    free(event);
}
END_TEST

START_TEST(nonsense_is_refused)
{
    static char huge[LISTEN_BYTES + 100];
    struct stage_hint hint;
    memset(huge, ' ', sizeof huge - 1);
    open_it();
    ck_assert_int_eq(post("/alertmanager", "{", "Authorization: Bearer " TOKEN), 400);
    ck_assert_int_eq(post("/alertmanager", "{\"version\":\"3\"}", "Authorization: Bearer " TOKEN),
                     400);
    ck_assert_int_eq(post("/github", "{}", signature("{}")), 400);
    ck_assert_int_eq(post("/alertmanager", huge, "Authorization: Bearer " TOKEN), 413);
    ck_assert(!listen_take(listener, 10, &hint));
}
END_TEST

/* Alternating, so that no hint is like the one before it. */
START_TEST(a_flood_is_dropped_not_stored)
{
    char *event = slurp("tests/data/live/github_workflow_job.json");
    char *alerts = slurp("tests/data/live/alertmanager_webhook.json");
    struct stage_hint hint;
    int i, n = 0;
    open_it();
    for (i = 0; i < LISTEN_HINTS; i++) {
        ck_assert_int_eq(post("/github", event, signature(event)), 200);
        ck_assert_int_eq(post("/alertmanager", alerts, "Authorization: Bearer " TOKEN), 200);
    }
    while (listen_take(listener, 10, &hint))
        n++;
    ck_assert_int_eq(n, LISTEN_HINTS);
    free(event);
    free(alerts);
}
END_TEST

/* What says nothing new is one hint, however often it comes. */
START_TEST(a_storm_of_the_same_is_one_hint)
{
    char *body = slurp("tests/data/live/github_workflow_job.json");
    struct stage_hint hint;
    int i;
    open_it();
    for (i = 0; i < LISTEN_HINTS + 20; i++)
        ck_assert_int_eq(post("/github", body, signature(body)), 200);
    ck_assert(listen_take(listener, 10, &hint));
    ck_assert(!listen_take(listener, 10, &hint));
    free(body);
}
END_TEST

START_TEST(a_delivery_that_comes_again_is_no_hint)
{
    char *body = slurp("tests/data/live/github_workflow_job.json");
    char headers[300];
    struct stage_hint hint;
    open_it();
    snprintf(headers, sizeof headers, "%s", signature(body));
    id_of_delivery = "X-GitHub-Delivery: 72d3162e-cc78-11e3-81ab-4c9367dc0958";
    ck_assert_int_eq(post("/github", body, headers), 200);
    ck_assert(listen_take(listener, 1000, &hint));
    ck_assert_int_eq(post("/github", body, headers), 200);
    ck_assert(!listen_take(listener, 10, &hint));
    id_of_delivery = "X-GitHub-Delivery: 72d3162e-cc78-11e3-81ab-4c9367dc0959";
    ck_assert_int_eq(post("/github", body, headers), 200);
    ck_assert(listen_take(listener, 1000, &hint));
    id_of_delivery = NULL;
    free(body);
}
END_TEST

static void note_call(void *context)
{
    atomic_fetch_add((atomic_int *)context, 1);
}

START_TEST(whoever_waits_is_told)
{
    char *body = slurp("tests/data/live/github_workflow_job.json");
    atomic_int calls = 0;
    open_it();
    listen_tell(listener, note_call, &calls);
    ck_assert_int_eq(post("/github", body, signature(body)), 200);
    ck_assert_int_eq(atomic_load(&calls), 1);
    ck_assert_int_eq(post("/github", body, signature("another")), 401);
    ck_assert_int_eq(atomic_load(&calls), 1);
    free(body);
}
END_TEST

START_TEST(addresses_that_cannot_be_are_usage_errors)
{
    static const char *const addresses[] = {"here", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000",
                                            "localhost:80"};
    strcpy(fleet->live.listen.address, addresses[_i]);
    ck_assert_int_eq(listen_open(&listener, fleet, &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "want ADDRESS:PORT"));
}
END_TEST

START_TEST(open_to_others_means_a_token)
{
    strcpy(fleet->live.listen.address, "0.0.0.0:0");
    fleet->live.listen.alertmanager_token[0] = '\0';
    ck_assert_int_eq(listen_open(&listener, fleet, &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "live.listen.alertmanager_token: got nothing"));
}
END_TEST

START_TEST(no_address_no_listener)
{
    struct stage_hint hint;
    fleet->live.listen.address[0] = '\0';
    open_it();
    ck_assert_ptr_null(listener);
    ck_assert(!listen_take(NULL, 1, &hint));
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("listen");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, alerts_become_hints_by_host);
    tcase_add_test(tcase, signed_deliveries_are_a_reason_to_look);
    tcase_add_test(tcase, what_is_not_authenticated_is_not_believed);
    tcase_add_test(tcase, nonsense_is_refused);
    tcase_add_test(tcase, a_flood_is_dropped_not_stored);
    tcase_add_test(tcase, a_storm_of_the_same_is_one_hint);
    tcase_add_test(tcase, a_delivery_that_comes_again_is_no_hint);
    tcase_add_test(tcase, whoever_waits_is_told);
    tcase_add_loop_test(tcase, addresses_that_cannot_be_are_usage_errors, 0, 5);
    tcase_add_test(tcase, open_to_others_means_a_token);
    tcase_add_test(tcase, no_address_no_listener);
    suite_add_tcase(all, tcase);
    return all;
}
