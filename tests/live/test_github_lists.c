/* Lists that GitHub changes while they are being read, and what they tell of registrations. */
#include "live/github/github.h"
#include "tests/support/helpers.h"
#include "tests/support/scripted_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOTAL 250

static struct github_client *client;
static struct script *script;
static struct und_err err;

/* What happens to the list between two pages, for so many readings of it (a reading begins with its
 * first page). */
static enum { TURNS, SHRINKS, GROWS } change;
static int restless, readings;

static void set_up(void)
{
    err = (struct und_err){0};
    client = NULL;
    script = NULL;
    readings = 0;
    setenv("TEST_GITHUB_TOKEN", "ghp_TheTokenThatNobodyMaySee1234", 1);
}

static void tear_down(void)
{
    github_close(client);
    script_close(script);
}

/* The id at place i of the list as it stands for this page. */
static int id_at(int i, int page)
{
    if (readings > restless || page == 1)
        return i;
    switch (change) {
    case TURNS: /* the last has come to the front */
        return i == 0 ? TOTAL - 1 : i - 1;
    case SHRINKS: /* the first has gone */
        return i + 1;
    case GROWS: /* a new one stands at the end */
        return i;
    }
    return i;
}

static void shifting(void *context, const char *request, struct script_reply *reply)
{
    const char *at = strstr(request, "&page=");
    int page = at ? atoi(at + 6) : 1, total = TOTAL, i;
    json_t *runners = json_array(), *answer;
    char link[256] = "", *body;
    (void)context;
    readings += page == 1;
    if (page > 1 && readings <= restless)
        total += change == SHRINKS ? -1 : change == GROWS ? 1 : 0;
    for (i = 100 * (page - 1); i < 100 * page && i < total; i++)
        json_array_append_new(runners,
                              json_pack("{s:i, s:s, s:s, s:b, s:[]}", "id", id_at(i, page), "name",
                                        "r", "status", "online", "busy", 0, "labels"));
    if (100 * page < total)
        snprintf(link, sizeof link,
                 "Link: <%s/repos/o/r/actions/runners?per_page=100&page=%d>; rel=\"next\"\r\n",
                 script_url(script), page + 1);
    answer = json_pack("{s:i, s:o}", "total_count", total, "runners", runners);
    body = json_dumps(answer, 0);
    reply->text = script_response("200 OK", link, body);
    free(body);
    json_decref(answer);
}

static void begin(script_handler *handler, bool organisation)
{
    static const struct http_config base = {.connect_ms = 500,
                                            .total_ms = 2000,
                                            .stall_ms = 1000,
                                            .backoff_ms = 1,
                                            .patience_ms = 1000};
    struct live live = {.present = true, .time_factor = 100};
    script = script_open(handler, NULL, NULL);
    strcpy(live.github.owner, "o");
    strcpy(live.github.repository, "r");
    strcpy(live.github.service.token, "env:TEST_GITHUB_TOKEN");
    live.github.organisation = organisation;
    snprintf(live.github.service.url, sizeof live.github.service.url, "%s", script_url(script));
    ck_assert_msg(github_open(&client, &live, &base, &err) == UND_OK, "%s", err.text);
}

/* ---- order and length ---- */

/* Everyone is there once: none twice in the place of another that is missing. */
START_TEST(a_list_that_shifts_between_its_pages_is_read_again)
{
    struct github_runners runners = {0};
    bool seen[TOTAL] = {false};
    size_t i;
    change = _i;
    restless = 1;
    begin(shifting, false);
    ck_assert_msg(github_runners(client, &runners, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(readings, 2);
    ck_assert_uint_eq(runners.n, TOTAL);
    for (i = 0; i < runners.n; i++) {
        ck_assert(!seen[runners.item[i].id]);
        seen[runners.item[i].id] = true;
    }
    github_runners_fini(&runners);
}
END_TEST

START_TEST(a_list_that_never_holds_still_is_no_reading)
{
    struct github_runners runners = {0};
    change = _i;
    restless = 100;
    begin(shifting, false);
    ck_assert_int_eq(github_runners(client, &runners, &err), UND_SERVICE);
    ck_assert_ptr_nonnull(
        strstr(err.text, "order shifted between the pages in each of 3 readings"));
    ck_assert_int_eq(readings, 3);
    github_runners_fini(&runners);
}
END_TEST

/* ---- runner groups ---- */

static const char *group_visibility;

static void organisation(void *context, const char *request, struct script_reply *reply)
{
    char body[512];
    (void)context;
    if (strstr(request, "GET /orgs/o/actions/runner-groups/2/repositories?"))
        snprintf(body, sizeof body,
                 "{\"total_count\":2,\"repositories\":[{\"id\":1,\"name\":\"other\"},"
                 "{\"id\":2,\"name\":\"R\"}]}");
    else if (strstr(request, "GET /orgs/o/actions/runner-groups/3/repositories?"))
        snprintf(body, sizeof body, "{\"total_count\":0,\"repositories\":[]}");
    else if (strstr(request, "GET /orgs/o/actions/runner-groups?"))
        snprintf(body, sizeof body,
                 "{\"total_count\":2,\"runner_groups\":[{\"id\":1,\"name\":\"Default\","
                 "\"visibility\":\"all\",\"default\":true},{\"id\":2,\"name\":\"ci\","
                 "\"visibility\":%s,\"default\":false}]}",
                 group_visibility);
    else
        snprintf(body, sizeof body, "{\"message\":\"Not Found\"}");
    reply->text = script_response(strstr(body, "Not Found") ? "404 Not Found" : "200 OK", "", body);
}

START_TEST(groups_of_an_organisation_and_whom_they_serve)
{
    struct github_groups groups = {0};
    bool serves = false;
    group_visibility = "\"selected\"";
    begin(organisation, true);
    ck_assert_msg(github_groups(client, &groups, &err) == UND_OK, "%s", err.text);
    ck_assert_uint_eq(groups.n, 2);
    ck_assert_int_eq(groups.item[1].id, 2);
    ck_assert_str_eq(groups.item[1].name, "ci");
    ck_assert_str_eq(groups.item[1].visibility, "selected");
    ck_assert_int_eq(github_group_serves(client, 2, &serves, &err), UND_OK);
    ck_assert(serves); /* GitHub's names know no case */
    ck_assert_int_eq(github_group_serves(client, 3, &serves, &err), UND_OK);
    ck_assert(!serves);
    github_groups_fini(&groups);
}
END_TEST

START_TEST(groups_that_are_none)
{
    struct github_groups groups = {0};
    bool serves;
    group_visibility = "7";
    begin(organisation, true);
    ck_assert_int_eq(github_groups(client, &groups, &err), UND_SERVICE);
    ck_assert_ptr_nonnull(strstr(err.text, "runner_groups[1].visibility: got integer"));
    err = (struct und_err){0};
    ck_assert_int_eq(github_group_serves(client, 4, &serves, &err), UND_SERVICE);
    github_groups_fini(&groups);
}
END_TEST

START_TEST(a_repository_has_no_groups)
{
    struct github_groups groups = {0};
    begin(organisation, false);
    ck_assert_int_eq(github_groups(client, &groups, &err), UND_USAGE);
    ck_assert_uint_eq(script_requests(script), 0);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("github lists");
    TCase *lists = tcase_create("lists");
    tcase_add_checked_fixture(lists, set_up, tear_down);
    tcase_set_timeout(lists, 30);
    tcase_add_loop_test(lists, a_list_that_shifts_between_its_pages_is_read_again, 0, GROWS + 1);
    tcase_add_loop_test(lists, a_list_that_never_holds_still_is_no_reading, 0, GROWS + 1);
    tcase_add_test(lists, groups_of_an_organisation_and_whom_they_serve);
    tcase_add_test(lists, groups_that_are_none);
    tcase_add_test(lists, a_repository_has_no_groups);
    suite_add_tcase(all, lists);
    return all;
}
