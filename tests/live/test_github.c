/* The GitHub client against a scripted GitHub: parsers, permissions, limits, pages, the App. */
#include "live/github/github.h"
#include "live/github/github_app.h"
#include "tests/support/helpers.h"
#include "tests/support/scripted_server.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TOKEN "ghp_TheTokenThatNobodyMaySee1234"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define JSON_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

static struct github_client *client;
static struct script *script;
static struct und_err err;

static void set_up(void)
{
    err = (struct und_err){0};
    client = NULL;
    script = NULL;
    setenv("TEST_GITHUB_TOKEN", TOKEN, 1);
}

static void tear_down(void)
{
    github_close(client);
    if (script)
        script_close(script);
}

static const struct http_config base = {
    .connect_ms = 500, .total_ms = 2000, .stall_ms = 1000, .backoff_ms = 1, .patience_ms = 1000};

/* Seconds of 10 ms, so that the spacing of writes is there but short. */
static struct live fleet(void)
{
    struct live live = {.present = true, .time_factor = 100};
    strcpy(live.github.owner, "rpalermodrums");
    strcpy(live.github.repository, "PAWS360");
    strcpy(live.github.service.token, "env:TEST_GITHUB_TOKEN");
    if (script)
        snprintf(live.github.service.url, sizeof live.github.service.url, "%s", script_url(script));
    return live;
}

static void serve(const struct script_reply *replies, size_t n)
{
    struct live live;
    script = script_open_list(replies, n, NULL);
    live = fleet();
    ck_assert_msg(github_open(&client, &live, &base, &err) == UND_OK, "%s", err.text);
}

static void check_refused(const char *says)
{
    ck_assert_msg(strstr(err.text, says) != NULL, "want '%s' in: %s", says, err.text);
    ck_assert_msg(strstr(err.text, TOKEN) == NULL, "credential in: %s", err.text);
    ck_assert_ptr_null(strchr(err.text, '\n'));
}

static json_t *load(const char *name)
{
    char path[128];
    json_t *body;
    snprintf(path, sizeof path, "tests/data/live/%s.json", name);
    body = json_load_file(path, 0, NULL);
    ck_assert_ptr_nonnull(body);
    return body;
}

START_TEST(runners_as_github_lists_them)
{
    struct github_runners runners = {0};
    int64_t total;
    json_t *body = load("github_runners");
    ck_assert_msg(github_parse_runners(body, &runners, &total, "x", &err) == UND_OK, "%s",
                  err.text);
    ck_assert_int_eq(total, 3);
    ck_assert_uint_eq(runners.n, 3);
    ck_assert_int_eq(runners.item[0].id, 23);
    ck_assert(runners.item[0].online && runners.item[0].busy);
    ck_assert(!runners.item[1].online && !runners.item[1].busy);
    ck_assert_int_eq(runners.item[0].labels.n, 5);
    ck_assert(!runners.item[0].labels.custom[0]);
    ck_assert(runners.item[0].labels.custom[4]);
    ck_assert_str_eq(runners.item[0].labels.name[4], "ci-active");
    ck_assert_str_eq(runners.item[2].name, "Serotonin-paws360-1");
    github_runners_fini(&runners);
    json_decref(body);
}
END_TEST

START_TEST(runs_and_jobs_as_github_lists_them)
{
    struct github_runs runs = {0};
    struct github_jobs jobs = {0};
    int64_t total;
    json_t *body = load("github_runs");
    ck_assert_msg(github_parse_runs(body, &runs, &total, "x", &err) == UND_OK, "%s", err.text);
    ck_assert_str_eq(runs.item[0].conclusion, "");
    ck_assert_str_eq(runs.item[1].conclusion, "failure");
    ck_assert_int_eq(runs.item[1].attempt, 2);
    ck_assert_int_eq(runs.item[0].created_ms, 1769110388000);
    json_decref(body);
    body = load("github_jobs");
    ck_assert_msg(github_parse_jobs(body, &jobs, &total, "x", &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(jobs.item[0].started_ms, jobs.item[0].created_ms); /* clamped: 4 s before */
    ck_assert_int_eq(jobs.item[1].started_ms - jobs.item[1].created_ms, 5000);
    ck_assert_int_eq(jobs.item[1].completed_ms, -1);
    ck_assert_int_eq(jobs.item[2].started_ms, -1); /* queued: its started_at means nothing */
    ck_assert_int_eq(jobs.item[2].runner_id, 0);
    ck_assert_str_eq(jobs.item[1].labels.name[1], "ci-active");
    github_runs_fini(&runs);
    github_jobs_fini(&jobs);
    json_decref(body);
}
END_TEST

START_TEST(webhook_event_of_a_job)
{
    struct github_event event;
    json_t *body = load("github_workflow_job");
    ck_assert_msg(github_parse_event(body, &event, "x", &err) == UND_OK, "%s", err.text);
    ck_assert(event.is_job);
    ck_assert_str_eq(event.action, "queued");
    ck_assert_int_eq(event.job.id, 3);
    json_decref(body);
}
END_TEST

static const struct {
    const char *body, *says;
} wrong[] = {
    {"[]", "got array, want object"},
    {"{}", ".total_count: got nothing, want integer"},
    {"{\"total_count\":\"3\",\"runners\":[]}", ".total_count: got string, want integer"},
    {"{\"total_count\":-1,\"runners\":[]}", ".total_count: got -1, want 0..16384"},
    {"{\"total_count\":100000,\"runners\":[]}", ".total_count: got 100000, want 0..16384"},
    {"{\"total_count\":1,\"runners\":{}}", ".runners: got object, want array"},
    {"{\"total_count\":1,\"runners\":[7]}", "runners[0]: got integer, want object"},
    {"{\"total_count\":1,\"runners\":[{\"id\":1.5,\"name\":\"a\",\"busy\":false}]}",
     "runners[0].id: got number, want integer"},
    {"{\"total_count\":1,\"runners\":[{\"id\":1,\"name\":\"a\",\"busy\":\"no\"}]}",
     "runners[0].busy: got string, want boolean"},
    {"{\"total_count\":1,\"runners\":[{\"id\":1,\"name\":\"a\",\"busy\":true,\"status\":\"gone\"}]"
     "}",
     "runners[0].status: got \"gone\", want online or offline"},
    {"{\"total_count\":1,\"runners\":[{\"id\":1,\"name\":\"a\",\"busy\":true,\"status\":\"online\"}"
     "]}",
     "runners[0].labels: got nothing, want array"},
    {"{\"total_count\":1,\"runners\":[{\"id\":1,\"name\":\"a\",\"busy\":true,\"status\":\"online\","
     "\"labels\":[{\"name\":5}]}]}",
     "runners[0].labels[0].name: got integer, want string"},
};

START_TEST(wrong_types_say_where)
{
    struct github_runners runners = {0};
    int64_t total;
    json_t *body = payload_parse(wrong[_i].body, strlen(wrong[_i].body), "GET x", &err);
    ck_assert_int_eq(github_parse_runners(body, &runners, &total, "GET x", &err), UND_SERVICE);
    check_refused(wrong[_i].says);
    github_runners_fini(&runners);
    json_decref(body);
}
END_TEST

/* Statuses, and the advice that each must come with. */
static const struct {
    const char *reply, *says;
} refusals[] = {
    {"HTTP/1.1 401 No\r\n\r\n{\"message\":\"Bad credentials\"}",
     "got 401 \"Bad credentials\", want 200; the token is wrong, expired or revoked"},
    {"HTTP/1.1 403 No\r\n\r\n{\"message\":\"Resource not accessible by personal access token\"}",
     "repository permission \"Administration\" read and write (classic token: repo"},
    {"HTTP/1.1 403 No\r\nX-Accepted-GitHub-Permissions: administration=read\r\n\r\n{}",
     "GitHub accepts: administration=read"},
    {"HTTP/1.1 403 No\r\nX-RateLimit-Limit: 5000\r\nX-RateLimit-Remaining: 0\r\n"
     "X-RateLimit-Reset: 1420074000\r\nDate: Thu, 01 Jan 2015 00:00:00 GMT\r\n\r\n"
     "{\"message\":\"API rate limit exceeded\"}",
     "a rate limit (0 of 5000 left); free again in 60 min 00 s"},
    {"HTTP/1.1 403 No\r\nRetry-After: 120\r\n\r\n{\"message\":\"secondary rate limit\"}",
     "it asks to wait 2 min 00 s; a rate limit"},
    {"HTTP/1.1 404 No\r\n\r\n{\"message\":\"Not Found\"}",
     "there is no such thing, or the token may not see it: it needs the repository permission"},
    {"HTTP/1.1 422 No\r\n\r\n{\"message\":\"Validation Failed\"}", "got 422 \"Validation Failed\""},
    {"HTTP/1.1 429 No\r\n\r\n{\"message\":\"Too many requests\"}", "got 429 \"Too many requests\""},
    {"HTTP/1.1 500 No\r\n\r\n", "got 500, want 200"},
    {"HTTP/1.1 502 No\r\nContent-Type: text/html\r\n\r\n<html><h1>" TOKEN "</h1></html>",
     "bytes of text/html, want 200"},
    {JSON_HEAD "\r\n{\"total_count\": 1, \"runners\": [{\"id\"", "want JSON"},
    {JSON_HEAD "\r\n<html>" TOKEN "</html>", "got something else at byte"},
    {JSON_HEAD "\r\n", "got an empty body"},
    {JSON_HEAD "\r\n[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
     "got JSON nested 33 deep, want at most 32"},
    {JSON_HEAD "\r\n{\"total_count\":1,\"total_count\":2,\"runners\":[]}", "want JSON"},
    {"HTTP/1.1 301 Moved\r\nLocation: https://evil.example/repositories/1\r\n\r\n{}",
     "got a redirect to another origin"},
    {JSON_HEAD "Link: <https://evil.example/?page=2>; rel=\"next\"\r\n\r\n"
               "{\"total_count\":0,\"runners\":[]}",
     "got a next page to another origin"},
};

START_TEST(bad_answers_say_what_to_do)
{
    struct script_reply reply = {.text = (char *)(uintptr_t)refusals[_i].reply};
    struct github_runners runners = {0};
    serve(&reply, 1);
    ck_assert_int_eq(github_runners(client, &runners, &err), UND_SERVICE);
    check_refused(refusals[_i].says);
    ck_assert_ptr_nonnull(strstr(err.text, "/repos/rpalermodrums/PAWS360/actions/runners"));
    github_runners_fini(&runners);
}
END_TEST

/* `context` is how many runners there are; pages of 100, with GitHub's Link headers. */
static void paged(void *context, const char *request, struct script_reply *reply)
{
    int total = *(const int *)context, page = 1, i;
    char link[256] = "";
    json_t *runners = json_array();
    char *body;
    const char *at = strstr(request, "&page=");
    if (at)
        page = atoi(at + 6);
    for (i = 100 * (page - 1); i < 100 * page && i < total; i++)
        json_array_append_new(runners, json_pack("{s:i, s:s, s:s, s:b, s:[]}", "id", i, "name", "r",
                                                 "status", "online", "busy", 0, "labels"));
    if (100 * page < total)
        snprintf(link, sizeof link,
                 "Link: <%s/repos/o/r/actions/runners?per_page=100&page=%d>; rel=\"next\"\r\n",
                 script_url(script), page + 1);
    json_t *answer = json_pack("{s:i, s:o}", "total_count", total, "runners", runners);
    body = json_dumps(answer, 0);
    reply->text = script_response("200 OK", link, body);
    free(body);
    json_decref(answer);
}

static void serve_pages(int *total)
{
    struct live live;
    script = script_open(paged, total, NULL);
    live = fleet();
    ck_assert_int_eq(github_open(&client, &live, &base, &err), UND_OK);
}

START_TEST(all_pages_are_read)
{
    struct github_runners runners = {0};
    int total = 250;
    serve_pages(&total);
    ck_assert_msg(github_runners(client, &runners, &err) == UND_OK, "%s", err.text);
    ck_assert_uint_eq(runners.n, 250);
    ck_assert_int_eq(runners.item[249].id, 249);
    ck_assert_uint_eq(script_requests(script), 3);
    github_runners_fini(&runners);
}
END_TEST

START_TEST(a_hundred_thousand_runners_are_refused_at_the_first_page)
{
    struct github_runners runners = {0};
    int total = 100000;
    serve_pages(&total);
    ck_assert_int_eq(github_runners(client, &runners, &err), UND_SERVICE);
    check_refused(".total_count: got 100000, want 0..16384");
    ck_assert_uint_eq(script_requests(script), 1);
    github_runners_fini(&runners);
}
END_TEST

/* A service that says 1 and gives pages for ever. */
static void endless(void *context, const char *request, struct script_reply *reply)
{
    char link[256];
    (void)context, (void)request;
    snprintf(link, sizeof link, "Link: <%s/again>; rel=\"next\"\r\n", script_url(script));
    reply->text = script_response("200 OK", link, "{\"total_count\":0,\"runners\":[]}");
}

START_TEST(endless_pages_end)
{
    struct github_runners runners = {0};
    struct live live;
    script = script_open(endless, NULL, NULL);
    live = fleet();
    live.time_factor = 1000; /* 900 requests a minute are the client's own limit: a short minute */
    ck_assert_int_eq(github_open(&client, &live, &base, &err), UND_OK);
    ck_assert_int_eq(github_runners(client, &runners, &err), UND_SERVICE);
    check_refused("got a next page after all 0 entries");
    ck_assert_uint_eq(script_requests(script), 1);
    github_runners_fini(&runners);
}
END_TEST

static void own_next(void *context, const char *request, struct script_reply *reply)
{
    char link[256];
    (void)context, (void)request;
    snprintf(link, sizeof link, "Link: <%s/again>; rel=\"next\"\r\n", script_url(script));
    reply->text = script_response("200 OK", link,
                                  "{\"total_count\":500,\"runners\":[{\"id\":1,\"name\":\"a\","
                                  "\"status\":\"online\",\"busy\":false,\"labels\":[]}]}");
}

/* Each poll would otherwise cost 165 requests of GitHub's 5,000 an hour. */
START_TEST(a_page_that_is_its_own_next_ends)
{
    struct github_runners runners = {0};
    struct live live;
    script = script_open(own_next, NULL, NULL);
    live = fleet();
    ck_assert_int_eq(github_open(&client, &live, &base, &err), UND_OK);
    ck_assert_int_eq(github_runners(client, &runners, &err), UND_SERVICE);
    check_refused("got itself as its next page");
    ck_assert_uint_le(script_requests(script), 2);
    github_runners_fini(&runners);
}
END_TEST

/* Too few, and no next page: acting on it would take the missing ones for offline. */
START_TEST(a_list_that_ends_early_is_an_error)
{
    struct script_reply reply = {.text = JSON_HEAD
                                 "\r\n{\"total_count\":2,\"runners\":[{\"id\":1,\"name\":\"a\","
                                 "\"status\":\"online\",\"busy\":false,\"labels\":[]}]}"};
    struct github_runners runners = {0};
    serve(&reply, 1);
    ck_assert_int_eq(github_runners(client, &runners, &err), UND_SERVICE);
    check_refused("got 1 of 2 entries and no next page");
    github_runners_fini(&runners);
}
END_TEST

/* Without a word about the limit, or with an absurd one, the wait is neither absurd nor endless. */
static const struct {
    const char *headers;
    int64_t most_ms; /* a minute less at the least */
} absurd[] = {
    {"Retry-After: 99999999999999999999\r\n", 600}, /* a minute of seconds of 10 ms */
    {"Retry-After: 999999999999\r\n", 24 * 3600 * 1000},
    {"X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1900000000000\r\n", 600},
    {"X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 99999999999\r\n", 61 * 60 * 1000},
    {"X-RateLimit-Remaining: -7\r\nX-RateLimit-Reset: -1\r\n", 600},
};

START_TEST(absurd_limits_do_not_block_for_ever)
{
    struct script_reply reply = {0};
    struct github_run run;
    int64_t wait_ms;
    char text[300];
    snprintf(text, sizeof text, "HTTP/1.1 403 No\r\n%s\r\n{\"message\":\"rate limit\"}",
             absurd[_i].headers);
    reply.text = text;
    serve(&reply, 1);
    ck_assert_int_eq(github_run(client, 7, &run, &err), UND_SERVICE);
    check_refused("want 200; ");
    check_refused("a rate limit; free again in ");
    wait_ms = github_limits(client)->blocked_until_ms - http_monotonic_ms();
    ck_assert_int_le(wait_ms, absurd[_i].most_ms);
    ck_assert_int_ge(wait_ms, absurd[_i].most_ms - 60000);
}
END_TEST

static struct github_labels labels_of(const char *a, const char *b)
{
    struct github_labels labels = {.n = b ? 2 : 1, .custom = {true, true}};
    strcpy(labels.name[0], a);
    if (b)
        strcpy(labels.name[1], b);
    return labels;
}

#define LABELS(custom)                                                                             \
    JSON_HEAD "\r\n{\"total_count\":2,\"labels\":[{\"name\":\"Linux\",\"type\":\"read-only\"}"     \
              "," custom "]}"
#define ACTIVE "{\"name\":\"ci-active\",\"type\":\"custom\"}"
#define OTHER "{\"name\":\"other\",\"type\":\"custom\"}"

START_TEST(labels_are_written_whole_and_read_back)
{
    struct script_reply replies[] = {{.text = LABELS(ACTIVE)}, {.text = LABELS(ACTIVE)}};
    struct github_labels wanted = labels_of("ci-active", NULL);
    serve(replies, 2);
    ck_assert_msg(github_labels_set(client, 23, &wanted, &err) == UND_OK, "%s", err.text);
    ck_assert_uint_eq(script_requests(script), 2);
    ck_assert_ptr_nonnull(strstr(script_request(script, 0),
                                 "PUT /repos/rpalermodrums/PAWS360/actions/runners/23/labels "));
    ck_assert_ptr_nonnull(strstr(script_request(script, 0), "{\"labels\":[\"ci-active\"]}"));
    ck_assert_ptr_nonnull(strstr(script_request(script, 1), "GET "));
}
END_TEST

START_TEST(label_write_that_answers_500_may_have_worked)
{
    struct script_reply replies[] = {{.text = "HTTP/1.1 500 Oops\r\n\r\n"},
                                     {.text = LABELS(ACTIVE)}};
    struct github_labels wanted = labels_of("ci-active", NULL);
    serve(replies, 2);
    ck_assert_msg(github_labels_set(client, 23, &wanted, &err) == UND_OK, "%s", err.text);
    ck_assert_uint_eq(script_requests(script), 2);
}
END_TEST

START_TEST(label_write_that_did_not_take_is_repeated_once)
{
    struct script_reply replies[] = {{.text = LABELS(ACTIVE)},
                                     {.text = LABELS(OTHER)},
                                     {.text = LABELS(ACTIVE)},
                                     {.text = LABELS(OTHER)}};
    struct github_labels wanted = labels_of("ci-active", NULL);
    serve(replies, 4);
    ck_assert_int_eq(github_labels_set(client, 23, &wanted, &err), UND_SERVICE);
    check_refused("accepted the labels and then shows others");
    ck_assert_uint_eq(script_requests(script), 4);
}
END_TEST

START_TEST(a_label_too_many_is_no_success)
{
    struct script_reply replies[] = {{.text = LABELS(ACTIVE)}, {.text = LABELS(ACTIVE "," OTHER)}};
    struct github_labels wanted = labels_of("ci-active", NULL);
    serve(replies, 2);
    ck_assert_int_eq(github_labels_set(client, 23, &wanted, &err), UND_SERVICE);
    check_refused("accepted the labels and then shows others");
}
END_TEST

START_TEST(writes_keep_their_distance)
{
    struct script_reply replies[] = {{.text = "HTTP/1.1 202 Accepted\r\n\r\n{}"}};
    int64_t before_ms;
    struct live live;
    int i;
    script = script_open_list(replies, 1, NULL);
    live = fleet();
    live.time_factor = 10; /* 100 ms between writes */
    ck_assert_int_eq(github_open(&client, &live, &base, &err), UND_OK);
    before_ms = http_monotonic_ms();
    for (i = 0; i < 4; i++)
        ck_assert_int_eq(github_cancel(client, 7, &err), UND_OK);
    ck_assert_int_ge(http_monotonic_ms() - before_ms, 300);
}
END_TEST

START_TEST(after_a_limit_nothing_is_sent_until_it_is_over)
{
    struct script_reply replies[] = {
        {.text = "HTTP/1.1 403 No\r\nRetry-After: 3600\r\n\r\n{\"message\":\"abuse\"}"}};
    struct github_run run;
    serve(replies, 1);
    ck_assert_int_eq(github_run(client, 7, &run, &err), UND_SERVICE);
    err = (struct und_err){0};
    ck_assert_int_eq(github_run(client, 7, &run, &err), UND_SERVICE);
    check_refused("not sent, since GitHub's rate limit is used up; free again in ");
    ck_assert_uint_eq(script_requests(script), 1);
}
END_TEST

START_TEST(limits_by_the_book)
{
    struct github_limit limit;
    struct http_response response = {.status = 200, .retry_after_ms = -1, .rate_remaining = -1};
    int i;
    github_limit_init(&limit, 1000);
    ck_assert_int_eq(github_limit_wait_ms(&limit, 5000, true), 0);
    github_limit_sent(&limit, 5000, true, 1);
    ck_assert_int_eq(github_limit_wait_ms(&limit, 5100, true), 900);
    ck_assert_int_eq(github_limit_wait_ms(&limit, 5100, false), 0);
    /* 80 writes a minute */
    for (i = 1; i < GITHUB_WRITES_A_MINUTE; i++)
        github_limit_sent(&limit, 5000, true, 1);
    ck_assert_int_gt(github_limit_wait_ms(&limit, 7000, true), 0);
    ck_assert_int_eq(github_limit_wait_ms(&limit, 7000, false), 0);
    /* 900 points a minute: 80 writes of 5 and 500 reads */
    github_limit_sent(&limit, 7000, false, 500);
    ck_assert_int_gt(github_limit_wait_ms(&limit, 7000, false), 0);
    ck_assert_int_eq(github_limit_wait_ms(&limit, 65000, false), 0); /* the writes have aged */
    ck_assert_int_eq(github_limit_wait_ms(&limit, 65000, true), 0);
    /* a refusal without a time: a minute, then two */
    response.status = 429;
    response.body = (char *)(uintptr_t) "";
    ck_assert(github_limit_answer(&limit, 100000, &response));
    ck_assert_int_eq(github_limit_wait_ms(&limit, 100000, false), 60000);
    ck_assert(github_limit_answer(&limit, 200000, &response));
    ck_assert_int_eq(github_limit_wait_ms(&limit, 200000, false), 120000);
    response.status = 200;
    ck_assert(!github_limit_answer(&limit, 400000, &response));
    response.status = 403; /* a permission, no limit */
    ck_assert(!github_limit_answer(&limit, 400000, &response));
    ck_assert_int_eq(github_limit_wait_ms(&limit, 400000, false), 0);
}
END_TEST

START_TEST(run_that_is_over_already_need_not_be_cancelled)
{
    struct script_reply replies[] = {{.text = "HTTP/1.1 409 Conflict\r\n\r\n{}"}};
    serve(replies, 1);
    ck_assert_int_eq(github_force_cancel(client, 7, &err), UND_OK);
    ck_assert_int_eq(github_status(client), 409);
    ck_assert_ptr_nonnull(strstr(script_request(script, 0), "/actions/runs/7/force-cancel "));
}
END_TEST

START_TEST(rerun_before_the_run_has_concluded_is_refused)
{
    struct script_reply replies[] = {
        {.text = "HTTP/1.1 403 No\r\n\r\n{\"message\":\"This workflow is already running\"}"}};
    serve(replies, 1);
    ck_assert_int_eq(github_rerun_failed(client, 7, &err), UND_SERVICE);
    check_refused("\"This workflow is already running\"");
    check_refused("\"Actions\" read and write");
    ck_assert_int_eq(github_status(client), 403);
}
END_TEST

START_TEST(variable_is_created_where_there_is_none)
{
    struct script_reply replies[] = {{.text = "HTTP/1.1 404 No\r\n\r\n{}"},
                                     {.text = "HTTP/1.1 201 Created\r\n\r\n{}"}};
    serve(replies, 2);
    ck_assert_msg(github_variable_set(client, "CI_RUNNER", "[\"backup\"]", &err) == UND_OK, "%s",
                  err.text);
    ck_assert_ptr_nonnull(strstr(script_request(script, 0), "PATCH /repos/"));
    ck_assert_ptr_nonnull(strstr(script_request(script, 1), "/actions/variables HTTP/1.1"));
    ck_assert_ptr_nonnull(strstr(script_request(script, 1),
                                 "{\"name\":\"CI_RUNNER\",\"value\":\"[\\\"backup\\\"]\"}"));
}
END_TEST

START_TEST(dispatch_tells_the_run_where_github_does)
{
    struct script_reply replies[] = {{.text = JSON_HEAD "\r\n{\"workflow_run_id\":99}"},
                                     {.text = "HTTP/1.1 204 Nothing\r\n\r\n"}};
    int64_t id;
    serve(replies, 2);
    ck_assert_int_eq(github_dispatch(client, "probe.yml", "main", NULL, &id, &err), UND_OK);
    ck_assert_int_eq(id, 99);
    ck_assert_int_eq(github_dispatch(client, "probe.yml", "main", NULL, &id, &err), UND_OK);
    ck_assert_int_eq(id, 0);
    ck_assert_ptr_nonnull(strstr(script_request(script, 0), "\"ref\":\"main\""));
}
END_TEST

START_TEST(unchanged_lists_cost_nothing)
{
    struct script_reply replies[] = {
        {.text = JSON_HEAD "ETag: \"v1\"\r\n\r\n{\"total_count\":0,\"runners\":[]}"},
        {.text = "HTTP/1.1 304 Not Modified\r\n\r\n"}};
    struct github_runners runners = {0};
    serve(replies, 2);
    ck_assert_int_eq(github_runners(client, &runners, &err), UND_OK);
    ck_assert_msg(github_runners(client, &runners, &err) == UND_OK, "%s", err.text);
    ck_assert_ptr_nonnull(strstr(script_request(script, 1), "If-None-Match: \"v1\""));
    github_runners_fini(&runners);
}
END_TEST

START_TEST(organisation_level)
{
    struct script_reply replies[] = {{.text = JSON_HEAD "\r\n{\"total_count\":0,\"runners\":[]}"}};
    struct github_runners runners = {0};
    struct github_runs runs = {0};
    struct live live;
    script = script_open_list(replies, 1, NULL);
    live = fleet();
    live.github.organisation = true;
    live.github.repository[0] = '\0';
    ck_assert_int_eq(github_open(&client, &live, &base, &err), UND_OK);
    ck_assert_int_eq(github_runners(client, &runners, &err), UND_OK);
    ck_assert_ptr_nonnull(
        strstr(script_request(script, 0), "GET /orgs/rpalermodrums/actions/runners?"));
    ck_assert_int_eq(github_runs(client, NULL, 10, &runs, &err), UND_USAGE);
    check_refused("live.github.repository: got nothing");
}
END_TEST

START_TEST(names_that_would_change_the_path_are_refused)
{
    static const char *const names[] = {"..", "a/b", "a?b", "", "a%2fb", "a b"};
    struct live live = fleet();
    strcpy(live.github.repository, names[_i]);
    ck_assert_int_eq(github_open(&client, &live, &base, &err), UND_USAGE);
    check_refused("live.github.repository: got \"");
}
END_TEST

/* GitHub App: the script plays GitHub and checks the JWT with the public half of the key. */
static EVP_PKEY *app_key;
static int tokens_given;
static const char *token_life;

static size_t unbase64url(const char *from, size_t n, unsigned char *out)
{
    char padded[2048];
    size_t i;
    int size;
    ck_assert_uint_lt(n, sizeof padded - 4);
    for (i = 0; i < n; i++)
        padded[i] = from[i] == '-' ? '+' : from[i] == '_' ? '/' : from[i];
    for (; i % 4; i++)
        padded[i] = '=';
    size = EVP_DecodeBlock(out, (unsigned char *)padded, (int)i);
    ck_assert_int_gt(size, 0);
    return (size_t)size - (4 - n % 4) % 4;
}

static bool jwt_is_ours(const char *jwt, size_t size)
{
    unsigned char text[2048];
    const char *first = memchr(jwt, '.', size);
    const char *last = memrchr(jwt, '.', size);
    size_t n = unbase64url(first + 1, (size_t)(last - first - 1), text);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool valid;
    text[n] = '\0';
    ck_assert_ptr_nonnull(strstr((char *)text, "\"iss\":\"12345\""));
    n = unbase64url(last + 1, (size_t)(jwt + size - last - 1), text);
    EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, app_key);
    valid =
        EVP_DigestVerify(context, text, n, (const unsigned char *)jwt, (size_t)(last - jwt)) == 1;
    EVP_MD_CTX_free(context);
    return valid;
}

static void app_service(void *context, const char *request, struct script_reply *reply)
{
    const char *bearer = strstr(request, "Authorization: Bearer ") + 22;
    char body[256];
    (void)context;
    if (strncmp(request, "POST /app/installations/77/access_tokens ", 41) == 0) {
        ck_assert(jwt_is_ours(bearer, strcspn(bearer, "\r")));
        tokens_given++;
        snprintf(body, sizeof body, "{\"token\":\"ghs_installation%d\",\"expires_at\":\"%s\"}",
                 tokens_given, token_life);
        reply->text = script_response("201 Created", "", body);
        return;
    }
    snprintf(body, sizeof body, "ghs_installation%d\r", tokens_given);
    ck_assert(strncmp(bearer, body, strlen(body)) == 0);
    reply->text = script_response("200 OK", "", "{\"total_count\":0,\"runners\":[]}");
}

static void app_calls(const char *life, int expected_tokens)
{
    const char *folder = script_folder();
    struct github_runners runners = {0};
    struct live live;
    char path[128];
    FILE *file;
    int i;
    snprintf(path, sizeof path, "%s/app.pem", folder);
    file = fopen(path, "w");
    app_key = EVP_RSA_gen(2048);
    PEM_write_PrivateKey(file, app_key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    ck_assert_int_eq(chmod(path, 0600), 0);
    token_life = life;
    tokens_given = 0;
    script = script_open(app_service, NULL, NULL);
    live = fleet();
    strcpy(live.github.app_id, "12345");
    live.github.installation = 77;
    snprintf(live.github.service.token, sizeof live.github.service.token, "file:%s", path);
    ck_assert_msg(github_open(&client, &live, &base, &err) == UND_OK, "%s", err.text);
    for (i = 0; i < 3; i++)
        ck_assert_msg(github_runners(client, &runners, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(tokens_given, expected_tokens);
    EVP_PKEY_free(app_key);
    script_remove_folder(folder);
}

START_TEST(app_token_is_fetched_once_and_kept)
{
    app_calls("2099-01-01T00:00:00Z", 1);
}
END_TEST

START_TEST(app_token_is_renewed_before_it_ends)
{
    app_calls("2020-01-01T00:00:00Z", 3);
}
END_TEST

START_TEST(app_key_that_is_none_is_not_quoted)
{
    struct live live;
    struct github_runners runners = {0};
    script = script_open(app_service, NULL, NULL);
    live = fleet();
    strcpy(live.github.app_id, "12345");
    ck_assert_int_eq(github_open(&client, &live, &base, &err), UND_OK);
    ck_assert_int_eq(github_runners(client, &runners, &err), UND_USAGE);
    check_refused("want an RSA key in PEM as GitHub gave it");
    ck_assert_uint_eq(script_requests(script), 0);
}
END_TEST

static TCase *parsing(void)
{
    TCase *tcase = tcase_create("parsing");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, runners_as_github_lists_them);
    tcase_add_test(tcase, runs_and_jobs_as_github_lists_them);
    tcase_add_test(tcase, webhook_event_of_a_job);
    tcase_add_loop_test(tcase, wrong_types_say_where, 0, COUNT(wrong));
    tcase_add_test(tcase, limits_by_the_book);
    return tcase;
}

static TCase *calling(void)
{
    TCase *tcase = tcase_create("calling");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, bad_answers_say_what_to_do, 0, COUNT(refusals));
    tcase_add_test(tcase, all_pages_are_read);
    tcase_add_test(tcase, a_hundred_thousand_runners_are_refused_at_the_first_page);
    tcase_add_test(tcase, endless_pages_end);
    tcase_add_test(tcase, a_page_that_is_its_own_next_ends);
    tcase_add_test(tcase, a_list_that_ends_early_is_an_error);
    tcase_add_loop_test(tcase, absurd_limits_do_not_block_for_ever, 0, COUNT(absurd));
    tcase_add_test(tcase, labels_are_written_whole_and_read_back);
    tcase_add_test(tcase, label_write_that_answers_500_may_have_worked);
    tcase_add_test(tcase, label_write_that_did_not_take_is_repeated_once);
    tcase_add_test(tcase, a_label_too_many_is_no_success);
    tcase_add_test(tcase, writes_keep_their_distance);
    tcase_add_test(tcase, after_a_limit_nothing_is_sent_until_it_is_over);
    tcase_add_test(tcase, run_that_is_over_already_need_not_be_cancelled);
    tcase_add_test(tcase, rerun_before_the_run_has_concluded_is_refused);
    tcase_add_test(tcase, variable_is_created_where_there_is_none);
    tcase_add_test(tcase, dispatch_tells_the_run_where_github_does);
    tcase_add_test(tcase, unchanged_lists_cost_nothing);
    tcase_add_test(tcase, organisation_level);
    tcase_add_loop_test(tcase, names_that_would_change_the_path_are_refused, 0, 6);
    tcase_add_test(tcase, app_token_is_fetched_once_and_kept);
    tcase_add_test(tcase, app_token_is_renewed_before_it_ends);
    tcase_add_test(tcase, app_key_that_is_none_is_not_quoted);
    return tcase;
}

Suite *suite(void)
{
    Suite *all = suite_create("github");
    suite_add_tcase(all, parsing());
    suite_add_tcase(all, calling());
    return all;
}
