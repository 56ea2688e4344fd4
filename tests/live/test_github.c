/* What the GitHub client asks for and what it makes of a no: refusals with advice, rate limits, and
 * writes that keep their distance and are read back. */
#include "tests/support/github_fixture.h"
#include "tests/support/helpers.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct github_fixture github;

static void set_up(void)
{
    github_fixture_open(&github);
}

static void tear_down(void)
{
    github_fixture_close(&github);
}

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
    {"HTTP/1.1 502 No\r\nContent-Type: text/html\r\n\r\n<html><h1>" GITHUB_FIXTURE_TOKEN
     "</h1></html>",
     "bytes of text/html, want 200"},
    {GITHUB_FIXTURE_JSON "\r\n{\"total_count\": 1, \"runners\": [{\"id\"", "want JSON"},
    {GITHUB_FIXTURE_JSON "\r\n<html>" GITHUB_FIXTURE_TOKEN "</html>", "got something else at byte"},
    {GITHUB_FIXTURE_JSON "\r\n", "got an empty body"},
    {GITHUB_FIXTURE_JSON "\r\n[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
     "got JSON nested 33 deep, want at most 32"},
    {GITHUB_FIXTURE_JSON "\r\n{\"total_count\":1,\"total_count\":2,\"runners\":[]}", "want JSON"},
    {"HTTP/1.1 301 Moved\r\nLocation: https://evil.example/repositories/1\r\n\r\n{}",
     "got a redirect to another origin"},
    {GITHUB_FIXTURE_JSON "Link: <https://evil.example/?page=2>; rel=\"next\"\r\n\r\n"
                         "{\"total_count\":0,\"runners\":[]}",
     "got a next page to another origin"},
};

START_TEST(bad_answers_say_what_to_do)
{
    struct script_reply reply = {.text = (char *)(uintptr_t)refusals[_i].reply};
    struct github_runners runners = {0};
    github_fixture_serve(&github, &reply, 1);
    ck_assert_int_eq(github_runners(github.client, &runners, &github.err), UND_SERVICE);
    github_fixture_refused(&github, refusals[_i].says);
    ck_assert_ptr_nonnull(strstr(github.err.text, "/repos/rpalermodrums/PAWS360/actions/runners"));
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
    github_fixture_serve(&github, &reply, 1);
    ck_assert_int_eq(github_run(github.client, 7, &run, &github.err), UND_SERVICE);
    github_fixture_refused(&github, "want 200; ");
    github_fixture_refused(&github, "a rate limit; free again in ");
    wait_ms = github_limits(github.client)->blocked_until_ms - http_monotonic_ms();
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
    GITHUB_FIXTURE_JSON                                                                            \
    "\r\n{\"total_count\":2,\"labels\":[{\"name\":\"Linux\",\"type\":\"read-only\"}"               \
    "," custom "]}"
#define ACTIVE "{\"name\":\"ci-active\",\"type\":\"custom\"}"
#define OTHER "{\"name\":\"other\",\"type\":\"custom\"}"

START_TEST(labels_are_written_whole_and_read_back)
{
    struct script_reply replies[] = {{.text = LABELS(ACTIVE)}, {.text = LABELS(ACTIVE)}};
    struct github_labels wanted = labels_of("ci-active", NULL);
    github_fixture_serve(&github, replies, 2);
    ck_assert_msg(github_labels_set(github.client, 23, &wanted, &github.err) == UND_OK, "%s",
                  github.err.text);
    ck_assert_uint_eq(script_requests(github.script), 2);
    ck_assert_ptr_nonnull(strstr(script_request(github.script, 0),
                                 "PUT /repos/rpalermodrums/PAWS360/actions/runners/23/labels "));
    ck_assert_ptr_nonnull(strstr(script_request(github.script, 0), "{\"labels\":[\"ci-active\"]}"));
    ck_assert_ptr_nonnull(strstr(script_request(github.script, 1), "GET "));
}
END_TEST

START_TEST(label_write_that_answers_500_may_have_worked)
{
    struct script_reply replies[] = {{.text = "HTTP/1.1 500 Oops\r\n\r\n"},
                                     {.text = LABELS(ACTIVE)}};
    struct github_labels wanted = labels_of("ci-active", NULL);
    github_fixture_serve(&github, replies, 2);
    ck_assert_msg(github_labels_set(github.client, 23, &wanted, &github.err) == UND_OK, "%s",
                  github.err.text);
    ck_assert_uint_eq(script_requests(github.script), 2);
}
END_TEST

START_TEST(label_write_that_did_not_take_is_repeated_once)
{
    struct script_reply replies[] = {{.text = LABELS(ACTIVE)},
                                     {.text = LABELS(OTHER)},
                                     {.text = LABELS(ACTIVE)},
                                     {.text = LABELS(OTHER)}};
    struct github_labels wanted = labels_of("ci-active", NULL);
    github_fixture_serve(&github, replies, 4);
    ck_assert_int_eq(github_labels_set(github.client, 23, &wanted, &github.err), UND_SERVICE);
    github_fixture_refused(&github, "accepted the labels and then shows others");
    ck_assert_uint_eq(script_requests(github.script), 4);
}
END_TEST

START_TEST(a_label_too_many_is_no_success)
{
    struct script_reply replies[] = {{.text = LABELS(ACTIVE)}, {.text = LABELS(ACTIVE "," OTHER)}};
    struct github_labels wanted = labels_of("ci-active", NULL);
    github_fixture_serve(&github, replies, 2);
    ck_assert_int_eq(github_labels_set(github.client, 23, &wanted, &github.err), UND_SERVICE);
    github_fixture_refused(&github, "accepted the labels and then shows others");
}
END_TEST

START_TEST(writes_keep_their_distance)
{
    struct script_reply replies[] = {{.text = "HTTP/1.1 202 Accepted\r\n\r\n{}"}};
    int64_t before_ms;
    struct live live;
    int i;
    github.script = script_open_list(replies, 1, NULL);
    live = github_fixture_fleet(&github);
    live.time_factor = 10; /* 100 ms between writes */
    ck_assert_int_eq(github_open(&github.client, &live, &github_fixture_base, &github.err), UND_OK);
    before_ms = http_monotonic_ms();
    for (i = 0; i < 4; i++)
        ck_assert_int_eq(github_cancel(github.client, 7, &github.err), UND_OK);
    ck_assert_int_ge(http_monotonic_ms() - before_ms, 300);
}
END_TEST

START_TEST(after_a_limit_nothing_is_sent_until_it_is_over)
{
    struct script_reply replies[] = {
        {.text = "HTTP/1.1 403 No\r\nRetry-After: 3600\r\n\r\n{\"message\":\"abuse\"}"}};
    struct github_run run;
    github_fixture_serve(&github, replies, 1);
    ck_assert_int_eq(github_run(github.client, 7, &run, &github.err), UND_SERVICE);
    github.err = (struct und_err){0};
    ck_assert_int_eq(github_run(github.client, 7, &run, &github.err), UND_SERVICE);
    github_fixture_refused(&github,
                           "not sent, since GitHub's rate limit is used up; free again in ");
    ck_assert_uint_eq(script_requests(github.script), 1);
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
    github_fixture_serve(&github, replies, 1);
    ck_assert_int_eq(github_force_cancel(github.client, 7, &github.err), UND_OK);
    ck_assert_int_eq(github_status(github.client), 409);
    ck_assert_ptr_nonnull(
        strstr(script_request(github.script, 0), "/actions/runs/7/force-cancel "));
}
END_TEST

START_TEST(rerun_before_the_run_has_concluded_is_refused)
{
    struct script_reply replies[] = {
        {.text = "HTTP/1.1 403 No\r\n\r\n{\"message\":\"This workflow is already running\"}"}};
    github_fixture_serve(&github, replies, 1);
    ck_assert_int_eq(github_rerun_failed(github.client, 7, &github.err), UND_SERVICE);
    github_fixture_refused(&github, "\"This workflow is already running\"");
    github_fixture_refused(&github, "\"Actions\" read and write");
    ck_assert_int_eq(github_status(github.client), 403);
}
END_TEST

START_TEST(variable_is_created_where_there_is_none)
{
    struct script_reply replies[] = {{.text = "HTTP/1.1 404 No\r\n\r\n{}"},
                                     {.text = "HTTP/1.1 201 Created\r\n\r\n{}"}};
    github_fixture_serve(&github, replies, 2);
    ck_assert_msg(github_variable_set(github.client, "CI_RUNNER", "[\"backup\"]", &github.err) ==
                      UND_OK,
                  "%s", github.err.text);
    ck_assert_ptr_nonnull(strstr(script_request(github.script, 0), "PATCH /repos/"));
    ck_assert_ptr_nonnull(strstr(script_request(github.script, 1), "/actions/variables HTTP/1.1"));
    ck_assert_ptr_nonnull(strstr(script_request(github.script, 1),
                                 "{\"name\":\"CI_RUNNER\",\"value\":\"[\\\"backup\\\"]\"}"));
}
END_TEST

START_TEST(dispatch_tells_the_run_where_github_does)
{
    struct script_reply replies[] = {{.text = GITHUB_FIXTURE_JSON "\r\n{\"workflow_run_id\":99}"},
                                     {.text = "HTTP/1.1 204 Nothing\r\n\r\n"}};
    int64_t id;
    github_fixture_serve(&github, replies, 2);
    ck_assert_int_eq(github_dispatch(github.client, "probe.yml", "main", NULL, &id, &github.err),
                     UND_OK);
    ck_assert_int_eq(id, 99);
    ck_assert_int_eq(github_dispatch(github.client, "probe.yml", "main", NULL, &id, &github.err),
                     UND_OK);
    ck_assert_int_eq(id, 0);
    ck_assert_ptr_nonnull(strstr(script_request(github.script, 0), "\"ref\":\"main\""));
}
END_TEST

START_TEST(names_that_would_change_the_path_are_refused)
{
    static const char *const names[] = {"..", "a/b", "a?b", "", "a%2fb", "a b"};
    struct live live = github_fixture_fleet(&github);
    strcpy(live.github.repository, names[_i]);
    ck_assert_int_eq(github_open(&github.client, &live, &github_fixture_base, &github.err),
                     UND_USAGE);
    github_fixture_refused(&github, "live.github.repository: got \"");
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("github");
    TCase *tcase = tcase_create("calling");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, bad_answers_say_what_to_do, 0, COUNT(refusals));
    tcase_add_loop_test(tcase, absurd_limits_do_not_block_for_ever, 0, COUNT(absurd));
    tcase_add_test(tcase, labels_are_written_whole_and_read_back);
    tcase_add_test(tcase, label_write_that_answers_500_may_have_worked);
    tcase_add_test(tcase, label_write_that_did_not_take_is_repeated_once);
    tcase_add_test(tcase, a_label_too_many_is_no_success);
    tcase_add_test(tcase, writes_keep_their_distance);
    tcase_add_test(tcase, after_a_limit_nothing_is_sent_until_it_is_over);
    tcase_add_test(tcase, limits_by_the_book);
    tcase_add_test(tcase, run_that_is_over_already_need_not_be_cancelled);
    tcase_add_test(tcase, rerun_before_the_run_has_concluded_is_refused);
    tcase_add_test(tcase, variable_is_created_where_there_is_none);
    tcase_add_test(tcase, dispatch_tells_the_run_where_github_does);
    tcase_add_loop_test(tcase, names_that_would_change_the_path_are_refused, 0, 6);
    suite_add_tcase(all, tcase);
    return all;
}
