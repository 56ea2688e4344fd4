/* What GitHub lists, as it is read: runners, runs, jobs and events in its own words, wrong types,
 * pages, and lists that never end or end early. */
#include "tests/support/github_fixture.h"
#include "tests/support/helpers.h"

#include <stdio.h>
#include <stdlib.h>
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
    ck_assert_msg(github_parse_runners(body, &runners, &total, "x", &github.err) == UND_OK, "%s",
                  github.err.text);
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
    ck_assert_msg(github_parse_runs(body, &runs, &total, "x", &github.err) == UND_OK, "%s",
                  github.err.text);
    ck_assert_str_eq(runs.item[0].conclusion, "");
    ck_assert_str_eq(runs.item[1].conclusion, "failure");
    ck_assert_int_eq(runs.item[1].attempt, 2);
    ck_assert_int_eq(runs.item[0].created_ms, 1769110388000);
    json_decref(body);
    body = load("github_jobs");
    ck_assert_msg(github_parse_jobs(body, &jobs, &total, "x", &github.err) == UND_OK, "%s",
                  github.err.text);
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
    ck_assert_msg(github_parse_event(body, &event, "x", &github.err) == UND_OK, "%s",
                  github.err.text);
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
    json_t *body = payload_parse(wrong[_i].body, strlen(wrong[_i].body), "GET x", &github.err);
    ck_assert_int_eq(github_parse_runners(body, &runners, &total, "GET x", &github.err),
                     UND_SERVICE);
    github_fixture_refused(&github, wrong[_i].says);
    github_runners_fini(&runners);
    json_decref(body);
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
                 script_url(github.script), page + 1);
    json_t *answer = json_pack("{s:i, s:o}", "total_count", total, "runners", runners);
    body = json_dumps(answer, 0);
    reply->text = script_response("200 OK", link, body);
    free(body);
    json_decref(answer);
}

static void serve_pages(int *total)
{
    struct live live;
    github.script = script_open(paged, total, NULL);
    live = github_fixture_fleet(&github);
    ck_assert_int_eq(github_open(&github.client, &live, &github_fixture_base, &github.err), UND_OK);
}

START_TEST(all_pages_are_read)
{
    struct github_runners runners = {0};
    int total = 250;
    serve_pages(&total);
    ck_assert_msg(github_runners(github.client, &runners, &github.err) == UND_OK, "%s",
                  github.err.text);
    ck_assert_uint_eq(runners.n, 250);
    ck_assert_int_eq(runners.item[249].id, 249);
    ck_assert_uint_eq(script_requests(github.script), 3);
    github_runners_fini(&runners);
}
END_TEST

/* A list of 150 whose first readings shift between the pages: one comes forward, and the second
 * page begins with whom the first ended with; or the first one goes away, so that nobody is there
 * twice and only the length tells. */
struct shifting {
    int readings;       /* so many shift */
    int moved, removed; /* by how many the second page is moved, and the list is shorter there */
};

static void shift_pages(void *context, const char *request, struct script_reply *reply)
{
    struct shifting *shifting = context;
    bool second = strstr(request, "&page=2") != NULL, shifts = shifting->readings > 0;
    int first = second ? 100 + (shifts ? shifting->moved : 0) : 0, end = second ? 150 : 100, i;
    int total = second && shifts ? 150 - shifting->removed : 150;
    char link[256] = "";
    json_t *runners = json_array(), *answer;
    char *body;
    for (i = first; i < end; i++)
        json_array_append_new(runners, json_pack("{s:i, s:s, s:s, s:b, s:[]}", "id", i, "name", "r",
                                                 "status", "online", "busy", 0, "labels"));
    if (!second)
        snprintf(link, sizeof link,
                 "Link: <%s/repos/o/r/actions/runners?per_page=100&page=2>; rel=\"next\"\r\n",
                 script_url(github.script));
    shifting->readings -= second;
    answer = json_pack("{s:i, s:o}", "total_count", total, "runners", runners);
    body = json_dumps(answer, 0);
    reply->text = script_response("200 OK", link, body);
    free(body);
    json_decref(answer);
}

static const struct {
    struct shifting shifting;
    unsigned requests;
    const char *refused; /* NULL: all 150 are read in the end */
} shifts[] = {
    {{1, -1, 0}, 4, NULL},
    {{2, -1, 0}, 6, NULL},
    {{2, 1, 1}, 6, NULL},
    {{3, -1, 0}, 6, "its order shifted between the pages in each of 3 readings"},
    {{3, 1, 1}, 6, "its order shifted between the pages in each of 3 readings"},
};

START_TEST(a_list_whose_order_shifts_between_pages_is_read_again)
{
    struct shifting shifting = shifts[_i].shifting;
    struct github_runners runners = {0};
    struct live live;
    size_t i;
    github.script = script_open(shift_pages, &shifting, NULL);
    live = github_fixture_fleet(&github);
    ck_assert_int_eq(github_open(&github.client, &live, &github_fixture_base, &github.err), UND_OK);
    ck_assert_int_eq(github_runners(github.client, &runners, &github.err),
                     shifts[_i].refused ? UND_SERVICE : UND_OK);
    ck_assert_uint_eq(script_requests(github.script), shifts[_i].requests);
    if (shifts[_i].refused) {
        github_fixture_refused(&github, shifts[_i].refused);
    } else {
        ck_assert_uint_eq(runners.n, 150);
        for (i = 0; i < runners.n; i++)
            ck_assert_int_eq(runners.item[i].id, (int64_t)i);
    }
    github_runners_fini(&runners);
}
END_TEST

START_TEST(a_hundred_thousand_runners_are_refused_at_the_first_page)
{
    struct github_runners runners = {0};
    int total = 100000;
    serve_pages(&total);
    ck_assert_int_eq(github_runners(github.client, &runners, &github.err), UND_SERVICE);
    github_fixture_refused(&github, ".total_count: got 100000, want 0..16384");
    ck_assert_uint_eq(script_requests(github.script), 1);
    github_runners_fini(&runners);
}
END_TEST

/* A service that says 1 and gives pages for ever. */
static void endless(void *context, const char *request, struct script_reply *reply)
{
    char link[256];
    (void)context, (void)request;
    snprintf(link, sizeof link, "Link: <%s/again>; rel=\"next\"\r\n", script_url(github.script));
    reply->text = script_response("200 OK", link, "{\"total_count\":0,\"runners\":[]}");
}

START_TEST(endless_pages_end)
{
    struct github_runners runners = {0};
    struct live live;
    github.script = script_open(endless, NULL, NULL);
    live = github_fixture_fleet(&github);
    live.time_factor = 1000; /* 900 requests a minute are the client's own limit: a short minute */
    ck_assert_int_eq(github_open(&github.client, &live, &github_fixture_base, &github.err), UND_OK);
    ck_assert_int_eq(github_runners(github.client, &runners, &github.err), UND_SERVICE);
    github_fixture_refused(&github, "got a next page after all 0 entries");
    ck_assert_uint_eq(script_requests(github.script), 1);
    github_runners_fini(&runners);
}
END_TEST

static void own_next(void *context, const char *request, struct script_reply *reply)
{
    char link[256];
    (void)context, (void)request;
    snprintf(link, sizeof link, "Link: <%s/again>; rel=\"next\"\r\n", script_url(github.script));
    reply->text = script_response("200 OK", link,
                                  "{\"total_count\":500,\"runners\":[{\"id\":1,\"name\":\"a\","
                                  "\"status\":\"online\",\"busy\":false,\"labels\":[]}]}");
}

/* Each poll would otherwise cost 165 requests of GitHub's 5,000 an hour. */
START_TEST(a_page_that_is_its_own_next_ends)
{
    struct github_runners runners = {0};
    struct live live;
    github.script = script_open(own_next, NULL, NULL);
    live = github_fixture_fleet(&github);
    ck_assert_int_eq(github_open(&github.client, &live, &github_fixture_base, &github.err), UND_OK);
    ck_assert_int_eq(github_runners(github.client, &runners, &github.err), UND_SERVICE);
    github_fixture_refused(&github, "got itself as its next page");
    ck_assert_uint_le(script_requests(github.script), 2);
    github_runners_fini(&runners);
}
END_TEST

/* Too few, and no next page: acting on it would take the missing ones for offline. */
START_TEST(a_list_that_ends_early_is_an_error)
{
    struct script_reply reply = {.text = GITHUB_FIXTURE_JSON
                                 "\r\n{\"total_count\":2,\"runners\":[{\"id\":1,\"name\":\"a\","
                                 "\"status\":\"online\",\"busy\":false,\"labels\":[]}]}"};
    struct github_runners runners = {0};
    github_fixture_serve(&github, &reply, 1);
    ck_assert_int_eq(github_runners(github.client, &runners, &github.err), UND_SERVICE);
    github_fixture_refused(&github, "got 1 of 2 entries and no next page");
    github_runners_fini(&runners);
}
END_TEST

START_TEST(unchanged_lists_cost_nothing)
{
    struct script_reply replies[] = {
        {.text = GITHUB_FIXTURE_JSON "ETag: \"v1\"\r\n\r\n{\"total_count\":0,\"runners\":[]}"},
        {.text = "HTTP/1.1 304 Not Modified\r\n\r\n"}};
    struct github_runners runners = {0};
    github_fixture_serve(&github, replies, 2);
    ck_assert_int_eq(github_runners(github.client, &runners, &github.err), UND_OK);
    ck_assert_msg(github_runners(github.client, &runners, &github.err) == UND_OK, "%s",
                  github.err.text);
    ck_assert_ptr_nonnull(strstr(script_request(github.script, 1), "If-None-Match: \"v1\""));
    github_runners_fini(&runners);
}
END_TEST

START_TEST(organisation_level)
{
    struct script_reply replies[] = {
        {.text = GITHUB_FIXTURE_JSON "\r\n{\"total_count\":0,\"runners\":[]}"}};
    struct github_runners runners = {0};
    struct github_runs runs = {0};
    struct live live;
    github.script = script_open_list(replies, 1, NULL);
    live = github_fixture_fleet(&github);
    live.github.organisation = true;
    live.github.repository[0] = '\0';
    ck_assert_int_eq(github_open(&github.client, &live, &github_fixture_base, &github.err), UND_OK);
    ck_assert_int_eq(github_runners(github.client, &runners, &github.err), UND_OK);
    ck_assert_ptr_nonnull(
        strstr(script_request(github.script, 0), "GET /orgs/rpalermodrums/actions/runners?"));
    ck_assert_int_eq(github_runs(github.client, NULL, 10, &runs, &github.err), UND_USAGE);
    github_fixture_refused(&github, "live.github.repository: got nothing");
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("github lists");
    TCase *parsing = tcase_create("parsing");
    TCase *calling = tcase_create("calling");
    tcase_add_checked_fixture(parsing, set_up, tear_down);
    tcase_add_test(parsing, runners_as_github_lists_them);
    tcase_add_test(parsing, runs_and_jobs_as_github_lists_them);
    tcase_add_test(parsing, webhook_event_of_a_job);
    tcase_add_loop_test(parsing, wrong_types_say_where, 0, COUNT(wrong));
    suite_add_tcase(all, parsing);
    tcase_add_checked_fixture(calling, set_up, tear_down);
    tcase_set_timeout(calling, 30);
    tcase_add_test(calling, all_pages_are_read);
    tcase_add_loop_test(calling, a_list_whose_order_shifts_between_pages_is_read_again, 0,
                        COUNT(shifts));
    tcase_add_test(calling, a_hundred_thousand_runners_are_refused_at_the_first_page);
    tcase_add_test(calling, endless_pages_end);
    tcase_add_test(calling, a_page_that_is_its_own_next_ends);
    tcase_add_test(calling, a_list_that_ends_early_is_an_error);
    tcase_add_test(calling, unchanged_lists_cost_nothing);
    tcase_add_test(calling, organisation_level);
    suite_add_tcase(all, calling);
    return all;
}
