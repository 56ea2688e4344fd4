/* A fleet over time into a CSV file: out of a Prometheus that answers by what it is asked, and out
 * of a journal. */
#include "live/base/wire.h"
#include "live/command/fetch_samples.h"
#include "model/fit/watched.h"
#include "tests/support/helpers.h"
#include "tests/support/journal_fixture.h"
#include "tests/support/scripted_server.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* 2026-03-01 00:00:00 UTC */
#define FROM 1772323200000LL
#define MINUTE_MS 60000LL

static struct fleet fleet;
static struct watched watched;
static struct samples_found found;
static struct und_err err;
static struct script *script;
static struct prometheus_client *client;
static char file[] = "/tmp/understudy-samples-XXXXXX";
static bool failing;

static long long parameter(const char *request, const char *name)
{
    const char *at = strstr(request, name);
    return at ? atoll(at + strlen(name)) : 0;
}

/* A series from `from` to `to` minutes after FROM, as far as they are asked for. */
static void series(FILE *out, const char *request, const char *labels, int from, int to, int value)
{
    long long start = parameter(request, "&start="), end = parameter(request, "&end=");
    long long step = parameter(request, "&step="), at;
    bool first = true;
    fprintf(out, "{\"metric\":{%s},\"values\":[", labels);
    for (at = start; at <= end; at += step)
        if (at >= FROM / 1000 + from * 60 && at < FROM / 1000 + to * 60) {
            fprintf(out, "%s[%lld,\"%d\"]", first ? "" : ",", at, value);
            first = false;
        }
    fputs("]}", out);
}

/* a is down in minutes 3 and 4, b is not known from minute 8 on, other machines are nobody's. */
static void serve(void *context, const char *request, struct script_reply *reply)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    bool up = strstr(request, "query=up&") != NULL;
    (void)context;
    fputs("{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[", out);
    if (up) {
        series(out, request, "\"instance\":\"10.0.0.1:9100\",\"job\":\"node\"", 0, 3, 1);
        fputc(',', out);
        series(out, request, "\"instance\":\"10.0.0.1:9100\",\"job\":\"node\",\"x\":\"1\"", 3, 5,
               0);
        fputc(',', out);
        series(out, request, "\"instance\":\"10.0.0.1:9200\",\"job\":\"runner\"", 5, 10, 1);
        fputc(',', out);
        series(out, request, "\"instance\":\"b:9100\"", 0, 8, 1);
        fputc(',', out);
        series(out, request, "\"instance\":\"10.0.0.17:9100\"", 0, 10, 0);
    } else if (strstr(request, "query=github_runner_busy&")) {
        series(out, request, "\"name\":\"a-1\"", 1, 3, 1);
        fputc(',', out);
        series(out, request, "\"name\":\"a-2\"", 2, 3, 1);
    } else if (strstr(request, "query=gha_pending_jobs&")) {
        series(out, request, "\"instance\":\"x\"", 0, 10, 4);
    }
    fputs("]}}", out);
    fclose(out);
    reply->text = failing ? script_response("503 Service Unavailable", "", "starting")
                          : script_response("200 OK", "Content-Type: application/json\r\n", text);
    free(text);
}

static void set_up(void)
{
    const struct http_config base = {.patience_ms = 200};
    struct live_service from = {.url = ""};
    int fd;
    err = (struct und_err){0};
    failing = false;
    memset(&fleet, 0, sizeof fleet);
    fleet.n_hosts = 2;
    strcpy(fleet.hosts[0].name, "a");
    strcpy(fleet.hosts[0].probe, "10.0.0.1:9100");
    strcpy(fleet.hosts[1].name, "b");
    strcpy(file, "/tmp/understudy-samples-XXXXXX");
    fd = mkstemp(file);
    close(fd);
    script = script_open(serve, NULL, NULL);
    snprintf(from.url, sizeof from.url, "%s", script_url(script));
    ck_assert_msg(prometheus_client_open(&client, &from, &base, &err) == UND_OK, "%s", err.text);
}

static void tear_down(void)
{
    prometheus_client_close(client);
    script_close(script);
    unlink(file);
}

static enum und_code fetch(int minutes)
{
    const struct samples_wish wish = {&fleet, file, FROM, FROM + minutes * MINUTE_MS, NULL};
    return fetch_samples(client, &wish, &found, &err);
}

START_TEST(prometheus_tells_when_hosts_were_up_and_busy)
{
    struct outages outages;
    ck_assert_msg(fetch(10) == UND_OK, "%s", err.text);
    ck_assert_msg(watched_read(&watched, file, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(watched.n_hosts, 2);
    ck_assert_int_eq(watched.step_ms, MINUTE_MS);
    ck_assert_str_eq(found.metric[WATCHED_BUSY], "github_runner_busy");
    ck_assert_str_eq(found.metric[WATCHED_QUEUED], "gha_pending_jobs");
    ck_assert_str_eq(found.metric[WATCHED_ONLINE], "");
    watched_outages(&watched.host[0], &outages);
    ck_assert_int_eq(outages.n, 1);
    ck_assert_double_eq_tol(outages.repair[0], 2.0 * MINUTE_MS, 1e-9);
    outages_fini(&outages);
    watched_outages(&watched.host[1], &outages);
    ck_assert_int_eq(outages.n, 0);
    ck_assert_int_eq(outages.known_ms, 8 * MINUTE_MS);
    outages_fini(&outages);
    ck_assert_int_eq(watched_slots(&watched.host[0]), 2);
    ck_assert_int_eq(watched.fleet.row[3].value[WATCHED_QUEUED], 4);
    watched_fini(&watched);
}
END_TEST

/* Two days are asked for in two stretches that meet. */
START_TEST(days_are_asked_for_one_by_one)
{
    ck_assert_msg(fetch(2 * 1440) == UND_OK, "%s", err.text);
    ck_assert_msg(watched_read(&watched, file, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(watched.host[0].row[0].at_ms, FROM);
    ck_assert_uint_eq(watched.host[0].n, 11); /* what is not known is said once */
    watched_fini(&watched);
}
END_TEST

START_TEST(a_server_that_does_not_answer_is_said)
{
    failing = true;
    ck_assert_int_eq(fetch(10), UND_SERVICE);
    ck_assert_ptr_nonnull(strstr(err.text, "/api/v1/query_range"));
}
END_TEST

/* ---- journals ---- */

static void see(struct journal_fixture *kept, int64_t run, bool online)
{
    const struct timespec apart = {0, 3000000};
    struct view view = {.n = 1};
    struct plan plan = {.n = 1};
    view.host[0] = (struct view_host){.slots = 2, .probe = online ? PROBE_UP : PROBE_DOWN};
    view.host[0].online = online ? 2 : 0;
    view.host[0].busy = online ? 1 : 0;
    JOURNAL_OK(*kept, journal_decision(kept->journal, run, 1, &view, &plan, &kept->err));
    nanosleep(&apart, NULL);
}

START_TEST(a_journal_tells_when_hosts_were_up)
{
    struct journal_fixture kept;
    struct outages outages;
    json_t *about = json_pack("{s:[s]}", "hosts", "big");
    int64_t run;
    journal_fixture_open(&kept);
    journal_fixture_reopen(&kept);
    JOURNAL_OK(kept, journal_begin(kept.journal, JOURNAL_MONITOR, "m", about, &run, &kept.err));
    json_decref(about);
    see(&kept, run, true);
    see(&kept, run, false);
    see(&kept, run, true);
    ck_assert_msg(fetch_samples_journal(kept.path, 0, file, true, &err) == UND_OK, "%s", err.text);
    ck_assert_msg(watched_read(&watched, file, &err) == UND_OK, "%s", err.text);
    ck_assert_str_eq(watched.host[0].name, "big");
    ck_assert_uint_eq(watched.host[0].n, 4);
    ck_assert_int_eq(watched.host[0].row[0].value[WATCHED_BUSY], 1);
    watched_outages(&watched.host[0], &outages);
    ck_assert_int_eq(outages.n, 1);
    ck_assert_uint_eq(outages.n_repairs, 1);
    outages_fini(&outages);
    watched_fini(&watched);
    journal_fixture_close(&kept);
}
END_TEST

/* Views that were trimmed are gone; incidents stay: up but for these. The last word on one counts,
 * one that was dismissed does not. */
START_TEST(incidents_stand_in_for_views_that_are_forgotten)
{
    static const char *const told[] = {
        "{\"id\":1,\"host\":\"big\",\"began\":\"%s\",\"open\":true}",
        "{\"id\":2,\"host\":\"big\",\"began\":\"%s\",\"full\":\"%s\",\"dismissed\":true}",
        "{\"id\":1,\"host\":\"big\",\"began\":\"%s\",\"full\":\"%s\"}"};
    const struct timespec apart = {1, 100000000}; /* incidents are told to the second */
    struct journal_fixture kept;
    struct outages outages;
    json_t *about = json_pack("{s:[s]}", "hosts", "big");
    char line[300], began[40], full[40];
    struct timespec now;
    int64_t run;
    int i;
    journal_fixture_open(&kept);
    journal_fixture_reopen(&kept);
    JOURNAL_OK(kept, journal_begin(kept.journal, JOURNAL_MONITOR, "m", about, &run, &kept.err));
    json_decref(about);
    nanosleep(&apart, NULL);
    clock_gettime(CLOCK_REALTIME, &now);
    wire_time(began, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    nanosleep(&apart, NULL);
    clock_gettime(CLOCK_REALTIME, &now);
    wire_time(full, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    for (i = 0; i < 3; i++) {
        snprintf(line, sizeof line, told[i], began, full);
        JOURNAL_OK(kept, journal_note(kept.journal, run, "incident", line, &kept.err));
    }
    nanosleep(&apart, NULL);
    JOURNAL_OK(kept, journal_end(kept.journal, run, 0, "over", &kept.err));
    ck_assert_msg(fetch_samples_journal(kept.path, 0, file, true, &err) == UND_OK, "%s", err.text);
    ck_assert_msg(watched_read(&watched, file, &err) == UND_OK, "%s", err.text);
    watched_outages(&watched.host[0], &outages);
    ck_assert_int_eq(outages.n, 1);
    ck_assert_uint_eq(outages.n_repairs, 1);
    outages_fini(&outages);
    watched_fini(&watched);
    journal_fixture_close(&kept);
}
END_TEST

START_TEST(a_journal_without_a_monitor_says_so)
{
    struct journal_fixture kept;
    journal_fixture_open(&kept);
    journal_fixture_reopen(&kept);
    journal_fixture_begin(&kept);
    ck_assert_int_eq(fetch_samples_journal(kept.path, 0, file, true, &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "views of a monitor: got none"));
    journal_fixture_close(&kept);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("fetch_samples");
    TCase *tcase = tcase_create("samples");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, prometheus_tells_when_hosts_were_up_and_busy);
    tcase_add_test(tcase, days_are_asked_for_one_by_one);
    tcase_add_test(tcase, a_server_that_does_not_answer_is_said);
    tcase_add_test(tcase, a_journal_tells_when_hosts_were_up);
    tcase_add_test(tcase, incidents_stand_in_for_views_that_are_forgotten);
    tcase_add_test(tcase, a_journal_without_a_monitor_says_so);
    suite_add_tcase(all, tcase);
    return all;
}
