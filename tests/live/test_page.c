/* The monitor's page as a client meets it: what is shown to whom, and what words are taken. */
#include "live/http/http.h"
#include "live/page/page.h"
#include "tests/support/helpers.h"
#include "tests/support/scripted_server.h"
#include "tests/support/status_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKEN "TheTokenOfThePage"
#define WORD                                                                                       \
    "{\"word\":\"maintenance\",\"host\":\"big\",\"lasts\":\"2h\",\"who\":\"Ada\","                 \
    "\"why\":\"new <b>disk</b>\"}"

static struct status_fixture *world;
static struct page *page;
static struct word heard;
static int n_heard;
static struct und_err err;

static enum und_code hear(void *context, const struct word *word, struct und_err *refusal)
{
    (void)context;
    if (strcmp(word->why, "the disk is full") == 0)
        return und_fail(refusal, UND_SERVICE, "journal: disk full");
    heard = *word;
    n_heard++;
    return UND_OK;
}

static void set_up(void)
{
    err = (struct und_err){0};
    n_heard = 0;
    page = NULL;
    world = status_fixture_open();
    setenv("PAGE_TOKEN", TOKEN, 1);
    strcpy(world->fleet.live.page.address, "127.0.0.1:0");
    strcpy(world->fleet.live.page.token, "env:PAGE_TOKEN");
}

static void tear_down(void)
{
    page_close(page);
    status_fixture_close(world);
}

static enum und_code try_open(void)
{
    const struct page_config config = {.fleet = &world->fleet, .hear = hear};
    return page_open(&page, &config, &err);
}

static void open_it(void)
{
    ck_assert_msg(try_open() == UND_OK, "%s", err.text);
    page_publish(page, world->status);
}

/* The status of the answer; its body goes to `body` (may be NULL), NULL-ended headers with it. */
static int ask(enum http_method method, const char *path, const char *text,
               const char *const *headers, char **body)
{
    struct http_config config = {.headers = headers, .total_ms = 5000, .attempts = 1};
    struct http_request request = {.method = method, .path = path, .body = text};
    struct http_response response = {0};
    struct http *http;
    int status;
    snprintf(config.url, sizeof config.url, "http://127.0.0.1:%d", page_port(page));
    ck_assert_int_eq(http_open(&http, &config, &err), UND_OK);
    ck_assert_msg(http_send(http, &request, &response, &err) == UND_OK, "%s", err.text);
    status = response.status;
    if (body)
        *body = strdup(response.body);
    http_response_fini(&response);
    http_close(http);
    return status;
}

static int get(const char *path, char **body)
{
    return ask(HTTP_GET, path, NULL, NULL, body);
}

/* A word with the token and one more header. */
static int post(const char *text, const char *more)
{
    const char *headers[] = {"Authorization: Bearer " TOKEN, "Content-Type: application/json", more,
                             NULL};
    return ask(HTTP_POST, "/api/v1/words", text, headers, NULL);
}

static void check_contains(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "want '%s' in:\n%.2000s", part, text);
}

START_TEST(the_page_and_its_parts_are_served)
{
    static const char *const paths[] = {"/", "/page.css", "/page.js"};
    static const char *const parts[] = {"<title>understudy</title>", "prefers-color-scheme",
                                        "/api/v1/events"};
    char *body;
    open_it();
    ck_assert_int_eq(get(paths[_i], &body), 200);
    check_contains(body, parts[_i]);
    /* Nothing from elsewhere, nothing inline. */
    ck_assert_ptr_null(strstr(body, "https://"));
    ck_assert_ptr_null(strstr(body, "<style"));
    ck_assert_ptr_null(strstr(body, "style="));
    ck_assert_ptr_null(strstr(body, "onclick"));
    free(body);
    ck_assert_int_eq(get("/favicon.ico", NULL), 404);
}
END_TEST

START_TEST(health_follows_the_feeds)
{
    char *body;
    ck_assert_int_eq(try_open(), UND_OK);
    ck_assert_int_eq(get("/healthz", NULL), 503);
    ck_assert_int_eq(get("/api/v1/state", NULL), 503);
    ck_assert_int_eq(get("/metrics", NULL), 503);
    page_publish(page, world->status);
    ck_assert_int_eq(get("/healthz", NULL), 200);
    ck_assert_int_eq(get("/readyz", NULL), 200);
    world->status->view.age_ms[FEED_GITHUB] = world->fleet.policy.stale_after_ms + 1;
    page_publish(page, world->status);
    ck_assert_int_eq(get("/healthz", NULL), 200);
    ck_assert_int_eq(get("/readyz", &body), 503);
    ck_assert_str_eq(body, "github is stale\n");
    free(body);
}
END_TEST

START_TEST(the_state_is_json_as_the_contract_has_it)
{
    static const char *const keys[] = {"version", "mode",      "now",     "hosts", "feeds",
                                       "queue",   "incidents", "notices", "slos",  "drills"};
    json_t *state, *host;
    char *body;
    size_t i;
    open_it();
    ck_assert_int_eq(get("/api/v1/state", &body), 200);
    state = json_loads(body, 0, NULL);
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++)
        ck_assert_msg(json_object_get(state, keys[i]) != NULL, "%s in %s", keys[i], body);
    host = json_array_get(json_object_get(state, "hosts"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(host, "name")), "big");
    ck_assert_str_eq(json_string_value(json_object_get(host, "phase")), "serving");
    ck_assert_int_eq(json_integer_value(json_object_get(host, "slots")), 2);
    json_decref(state);
    free(body);
}
END_TEST

START_TEST(a_word_with_the_token_is_heard)
{
    open_it();
    ck_assert_int_eq(post(WORD, NULL), 200);
    ck_assert_int_eq(n_heard, 1);
    ck_assert_int_eq(heard.kind, WORD_MAINTENANCE);
    ck_assert_int_eq(heard.host, 0);
    ck_assert_int_eq(heard.until_ms - heard.said_ms, 7200000);
    ck_assert_str_eq(heard.who, "Ada");
    ck_assert_str_eq(heard.why, "new <b>disk</b>");
}
END_TEST

/* What a page of another site can make a browser send, and what it cannot. */
START_TEST(words_survive_csrf)
{
    char ours[64];
    const char *no_token[] = {"Content-Type: application/json", NULL};
    const char *wrong[] = {"Authorization: Bearer TheTokenOfThePagf",
                           "Content-Type: application/json", NULL};
    const char *form[] = {"Authorization: Bearer " TOKEN, "Content-Type: text/plain", NULL};
    open_it();
    ck_assert_int_eq(ask(HTTP_POST, "/api/v1/words", WORD, no_token, NULL), 401);
    ck_assert_int_eq(ask(HTTP_POST, "/api/v1/words", WORD, wrong, NULL), 401);
    ck_assert_int_eq(ask(HTTP_POST, "/api/v1/words", WORD, form, NULL), 415);
    ck_assert_int_eq(post(WORD, "Origin: http://evil.example"), 403);
    ck_assert_int_eq(post(WORD, "Sec-Fetch-Site: cross-site"), 403);
    ck_assert_int_eq(post(WORD, "Host: evil.example"), 421);
    ck_assert_int_eq(n_heard, 0);
    snprintf(ours, sizeof ours, "Origin: http://127.0.0.1:%d", page_port(page));
    ck_assert_int_eq(post(WORD, ours), 200);
    ck_assert_int_eq(n_heard, 1);
}
END_TEST

START_TEST(a_rebound_name_reads_nothing)
{
    const char *evil[] = {"Host: evil.example", NULL};
    const char *named[] = {"Host: localhost:80", NULL};
    open_it();
    ck_assert_int_eq(ask(HTTP_GET, "/api/v1/state", NULL, evil, NULL), 421);
    ck_assert_int_eq(ask(HTTP_GET, "/api/v1/state", NULL, named, NULL), 200);
}
END_TEST

START_TEST(without_a_token_in_the_file_nobody_acts)
{
    world->fleet.live.page.token[0] = '\0';
    open_it();
    ck_assert_int_eq(post(WORD, NULL), 403);
    ck_assert_int_eq(get("/api/v1/state", NULL), 200);
}
END_TEST

START_TEST(words_that_are_none_are_refused)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "{",
        "\"pause\"",
        "{\"word\":\"stop\",\"host\":\"\",\"lasts\":\"1h\",\"who\":\"a\",\"why\":\"b\"}",
        "{\"word\":\"pause\",\"host\":\"big\",\"lasts\":\"1h\",\"who\":\"a\",\"why\":\"b\"}",
        "{\"word\":\"downtime\",\"host\":\"huge\",\"lasts\":\"1h\",\"who\":\"a\",\"why\":\"b\"}",
        "{\"word\":\"downtime\",\"lasts\":\"1h\",\"who\":\"a\",\"why\":\"b\"}",
        "{\"word\":\"pause\",\"lasts\":\"forever\",\"who\":\"a\",\"why\":\"b\"}",
        "{\"word\":\"pause\",\"lasts\":\"91d\",\"who\":\"a\",\"why\":\"b\"}",
        "{\"word\":\"pause\",\"lasts\":\"1h\",\"who\":\" \",\"why\":\"b\"}",
        "{\"word\":\"pause\",\"lasts\":\"1h\",\"who\":\"a\"}",
        "{\"word\":\"pause\",\"lasts\":\"1h\",\"who\":7,\"why\":\"b\"}",
        "{\"word\":\"pause\",\"lasts\":\"1h\",\"who\":\"a\",\"why\":\"b\",\"wyh\":\"c\"}",
    };
    size_t i;
    char huge[6000];
    open_it();
    for (i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        ck_assert_msg(post(bodies[i], NULL) == 400, "%s", bodies[i]);
    memset(huge, ' ', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    ck_assert_int_eq(post(huge, NULL), 413);
    ck_assert_int_eq(n_heard, 0);
}
END_TEST

START_TEST(a_word_that_cannot_be_recorded_does_not_count)
{
    open_it();
    ck_assert_int_eq(post("{\"word\":\"pause\",\"lasts\":\"1h\",\"who\":\"a\","
                          "\"why\":\"the disk is full\"}",
                          NULL),
                     503);
    ck_assert_int_eq(n_heard, 0);
}
END_TEST

START_TEST(beyond_loopback_there_is_tls_and_a_token)
{
    const char *folder = script_folder();
    char path[300];
    strcpy(world->fleet.live.page.address, "0.0.0.0:0");
    ck_assert_int_eq(try_open(), UND_USAGE);
    check_contains(err.text, "want token, cert_file and key_file");
    err = (struct und_err){0};
    script_certificate(folder, "ca", NULL, "ca", -1, 1);
    script_certificate(folder, "ours", "ca", "127.0.0.1", -1, 1);
    snprintf(path, sizeof path, "%s/ours.key", folder);
    ck_assert_int_eq(chmod(path, 0600), 0);
    strcpy(world->fleet.live.page.key_file, path);
    snprintf(world->fleet.live.page.cert_file, sizeof path, "%s/ours.crt", folder);
    open_it();
    {
        struct http_config config = {.total_ms = 5000, .attempts = 1};
        struct http_request request = {.method = HTTP_GET, .path = "/api/v1/state"};
        struct http_response response = {0};
        struct secret *token;
        struct http *http;
        snprintf(config.url, sizeof config.url, "https://127.0.0.1:%d", page_port(page));
        snprintf(config.ca_file, sizeof config.ca_file, "%s/ca.crt", folder);
        ck_assert_int_eq(http_open(&http, &config, &err), UND_OK);
        ck_assert_msg(http_send(http, &request, &response, &err) == UND_OK, "%s", err.text);
        ck_assert_int_eq(response.status, 401);
        http_response_fini(&response);
        request.path = "/metrics";
        ck_assert_int_eq(http_send(http, &request, &response, &err), UND_OK);
        ck_assert_int_eq(response.status, 401);
        http_response_fini(&response);
        request.path = "/healthz";
        ck_assert_int_eq(http_send(http, &request, &response, &err), UND_OK);
        ck_assert_int_eq(response.status, 200);
        http_response_fini(&response);
        ck_assert_int_eq(secret_open_copy(&token, TOKEN, strlen(TOKEN), &err), UND_OK);
        http_set_bearer(http, token);
        request.path = "/api/v1/state";
        ck_assert_int_eq(http_send(http, &request, &response, &err), UND_OK);
        ck_assert_int_eq(response.status, 200);
        http_response_fini(&response);
        http_close(http);
        secret_close(token);
    }
    script_remove_folder(folder);
}
END_TEST

START_TEST(events_bring_the_state_and_each_change)
{
    char command[200], line[65536];
    FILE *stream;
    int n = 0;
    open_it();
    snprintf(command, sizeof command, "timeout 10 curl -sN http://127.0.0.1:%d/api/v1/events",
             page_port(page));
    stream = popen(command, "r");
    while (n < 3 && fgets(line, sizeof line, stream)) {
        if (strncmp(line, "data: {", 7) != 0)
            continue;
        if (n > 0)
            check_contains(line, n == 1 ? "\"phase\":\"drained\"" : "\"phase\":\"ramping\"");
        n++;
        usleep(2 * PAGE_PACE_MS * 1000);
        world->status->policy.host[0].phase = n == 1 ? PHASE_DRAINED : PHASE_RAMPING;
        page_publish(page, world->status);
    }
    ck_assert_int_eq(n, 3);
    page_close(page); /* ends the stream */
    page = NULL;
    while (fgets(line, sizeof line, stream))
        ;
    ck_assert_int_ne(WEXITSTATUS(pclose(stream)), 124); /* timeout's */
}
END_TEST

START_TEST(other_methods_are_no_way_in)
{
    open_it();
    ck_assert_int_eq(ask(HTTP_PUT, "/api/v1/words", WORD, NULL, NULL), 405);
    ck_assert_int_eq(ask(HTTP_DELETE, "/", NULL, NULL, NULL), 405);
    ck_assert_int_eq(ask(HTTP_POST, "/api/v1/state", WORD, NULL, NULL), 404);
    ck_assert_int_eq(get("/../etc/passwd", NULL), 404);
}
END_TEST

/* ---- the picture ---- */

/* An hour in which a queue came and went, with one incident. */
static void live_through_an_hour(void)
{
    struct incident *incident = &world->status->incidents.item[0];
    int64_t now_ms = world->status->now_ms;
    int i;
    for (i = 0; i < 240; i++)
        world->status->moment[i] = (struct status_moment){now_ms - (240 - i) * STATUS_MOMENT_MS,
                                                          i < 10 ? -1 : i / 8, 2, 3};
    world->status->n_moments = 240;
    *incident = (struct incident){.id = 1,
                                  .open = true,
                                  .began_ms = now_ms - 1800000,
                                  .detected_ms = -1,
                                  .decided_ms = -1,
                                  .routed_ms = -1,
                                  .restored_ms = -1,
                                  .full_ms = -1};
    world->status->incidents.last = 1;
    strcpy(world->fleet.hosts[0].name, "big \" ' <&> $x`");
}

/* Within 10 s. */
static int await_plot(const char *path, const char *instead, char **body)
{
    int i, status = 0;
    for (i = 0; i < 200; i++) {
        status = get(path, body);
        if (status == 200 || strcmp(*body, instead) == 0)
            break;
        free(*body);
        usleep(50000);
    }
    ck_assert_int_lt(i, 200);
    return status;
}

START_TEST(the_last_hours_are_drawn_light_and_dark)
{
    static const char *const paths[] = {"/api/v1/plot.svg", "/api/v1/plot.svg?theme=dark"};
    static const char *const paper[] = {"fill=\"#ffffff\"", "fill=\"#1d2026\""};
    char *body;
    live_through_an_hour();
    open_it();
    ck_assert_int_eq(await_plot(paths[_i], "", &body), 200);
    check_contains(body, "<svg");
    check_contains(body, "<title>Queue and slots</title>");
    check_contains(body, "At most 29 jobs waited and 2 were busy");
    check_contains(body, paper[_i]);
    check_contains(body, "&lt;&amp;> $x");      /* the incident's host, as text */
    ck_assert_ptr_null(strstr(body, "<style")); /* the page's policy would refuse them */
    ck_assert_ptr_null(strstr(body, "style="));
    ck_assert_ptr_null(strstr(body, "<script"));
    free(body);
}
END_TEST

START_TEST(without_gnuplot_the_page_says_so_and_works)
{
    char *path = strdup(getenv("PATH")), *body;
    live_through_an_hour();
    setenv("PATH", "/nonexistent", 1);
    open_it();
    ck_assert_int_eq(await_plot("/api/v1/plot.svg", "no picture: gnuplot: not found", &body), 404);
    free(body);
    ck_assert_int_eq(get("/api/v1/state", NULL), 200);
    setenv("PATH", path, 1);
    free(path);
}
END_TEST

START_TEST(a_new_page_has_no_picture_yet)
{
    char *body;
    open_it();
    ck_assert_int_eq(
        await_plot("/api/v1/plot.svg", "no picture yet: too little has been seen", &body), 404);
    free(body);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("page");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, the_page_and_its_parts_are_served, 0, 3);
    tcase_add_test(tcase, health_follows_the_feeds);
    tcase_add_test(tcase, the_state_is_json_as_the_contract_has_it);
    tcase_add_test(tcase, a_word_with_the_token_is_heard);
    tcase_add_test(tcase, words_survive_csrf);
    tcase_add_test(tcase, a_rebound_name_reads_nothing);
    tcase_add_test(tcase, without_a_token_in_the_file_nobody_acts);
    tcase_add_test(tcase, words_that_are_none_are_refused);
    tcase_add_test(tcase, a_word_that_cannot_be_recorded_does_not_count);
    tcase_add_test(tcase, beyond_loopback_there_is_tls_and_a_token);
    tcase_add_test(tcase, events_bring_the_state_and_each_change);
    tcase_add_test(tcase, other_methods_are_no_way_in);
    tcase_add_loop_test(tcase, the_last_hours_are_drawn_light_and_dark, 0, 2);
    tcase_add_test(tcase, without_gnuplot_the_page_says_so_and_works);
    tcase_add_test(tcase, a_new_page_has_no_picture_yet);
    suite_add_tcase(all, tcase);
    return all;
}
