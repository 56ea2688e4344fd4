/* What the live feeds make of GitHub's jobs: who runs, who waits, who is quiet, who fails;
 * canaries. */
#include "live/act/canary.h"
#include "live/act/job_signs.h"
#include "live/base/wire.h"
#include "tests/support/helpers.h"
#include "tests/support/scripted_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* GitHub's books: a job each run. Times are seconds before now; -1: not yet. */
struct row {
    int id; /* of the run; the job's is ten times that */
    const char *path, *status, *conclusion, *runner, *label;
    int created_s, started_s, completed_s;
};

static struct row rows[16];
static int n_rows, deleted, job_reads, cancelled;
static char dispatched[512];

static struct script *script;
static struct github_client *client;
static struct fleet fleet;
static struct fleet_clock pace;
static struct github_runners runners;
static struct job_reader reader;
static struct job_signs signs;
static struct canary canary;
static struct host_reading host[FLEET_HOSTS];
static struct und_err err;

/* ---- GitHub ---- */

static json_t *ago(int seconds)
{
    char text[WIRE_TIME];
    return seconds < 0 ? json_null()
                       : json_string(wire_time(text, http_wall_ms() - 1000 * seconds));
}

static json_t *run_json(const struct row *row)
{
    return json_pack("{s:i, s:i, s:s, s:s, s:o, s:o}", "id", row->id, "run_attempt", 1, "path",
                     row->path, "status", row->status, "created_at", ago(row->created_s),
                     "updated_at", ago(0));
}

static json_t *job_json(const struct row *row)
{
    return json_pack("{s:i, s:i, s:i, s:s, s:s, s:s?, s:o, s:o, s:o, s:s?, s:[s, s]}", "id",
                     10 * row->id, "run_id", row->id, "run_attempt", 1, "name", "job", "status",
                     row->status, "conclusion", row->conclusion, "created_at", ago(row->created_s),
                     "started_at", ago(row->started_s), "completed_at", ago(row->completed_s),
                     "runner_name", row->runner, "labels", "self-hosted", row->label);
}

static json_t *list_runs(const char *request)
{
    json_t *list = json_array();
    int i;
    for (i = 0; i < n_rows; i++) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, "status=%s", rows[i].status);
        if (!strstr(request, "status=") || strstr(request, wanted))
            json_array_append_new(list, run_json(&rows[i]));
    }
    return json_pack("{s:i, s:o}", "total_count", (int)json_array_size(list), "workflow_runs",
                     list);
}

static json_t *list_jobs(const char *request)
{
    int run = atoi(strstr(request, "/actions/runs/") + 14), i;
    job_reads++;
    for (i = 0; i < n_rows; i++)
        if (rows[i].id == run && run != deleted)
            return json_pack("{s:i, s:[o]}", "total_count", 1, "jobs", job_json(&rows[i]));
    return NULL;
}

static void serve(void *context, const char *request, struct script_reply *reply)
{
    const char *status = "200 OK";
    json_t *body = NULL;
    char *text;
    (void)context;
    if (strstr(request, "/dispatches")) {
        snprintf(dispatched, sizeof dispatched, "%s", strstr(request, "\r\n\r\n") + 4);
        status = "204 No Content";
        body = json_object();
    } else if (strstr(request, "/cancel ")) {
        cancelled++;
        status = "202 Accepted";
        body = json_object();
    } else if (strstr(request, "/jobs?")) {
        body = list_jobs(request);
    } else if (strstr(request, "/actions/runs")) {
        body = list_runs(request);
    }
    text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    reply->text = script_response(body ? status : "404 Not Found", "", text ? text : "{}");
    free(text);
    json_decref(body);
}

/* ---- the fleet: two hosts of two registrations ---- */

static void add_runner(const char *name, const char *label)
{
    struct github_runner *runner = &runners.item[runners.n++];
    *runner = (struct github_runner){.id = (int64_t)runners.n, .online = true};
    strcpy(runner->name, name);
    strcpy(runner->labels.name[0], "self-hosted");
    strcpy(runner->labels.name[1], label);
    strcpy(runner->labels.name[2], "ci-active");
    runner->labels.n = 3;
}

static void set_up(void)
{
    static const struct http_config base = {.connect_ms = 500,
                                            .total_ms = 2000,
                                            .stall_ms = 1000,
                                            .backoff_ms = 1,
                                            .patience_ms = 1000};
    const char *const names[] = {"big", "small"};
    int i;
    fleet = (struct fleet){.n_hosts = 2, .has_policy = true};
    for (i = 0; i < 2; i++) {
        snprintf(fleet.hosts[i].name, sizeof fleet.hosts[i].name, "%s", names[i]);
        snprintf(fleet.hosts[i].registrations, sizeof fleet.hosts[i].registrations, "%s-*",
                 names[i]);
        fleet.hosts[i].slots = 2;
        strcpy(fleet.hosts[i].labels[0], "self-hosted");
        strcpy(fleet.hosts[i].labels[1], names[i]);
        fleet.hosts[i].n_labels = 2;
    }
    fleet.policy.canary_every_ms = 100000;
    fleet.live.present = true;
    fleet.live.time_factor = 100;
    strcpy(fleet.live.canary.workflow, "canary.yml");
    strcpy(fleet.live.canary.ref, "main");
    strcpy(fleet.live.canary.input, "runner");
    strcpy(fleet.live.github.owner, "o");
    strcpy(fleet.live.github.repository, "r");
    strcpy(fleet.live.github.service.token, "env:TEST_GITHUB_TOKEN");
    setenv("TEST_GITHUB_TOKEN", "ghp_x", 1);
    n_rows = deleted = job_reads = cancelled = 0;
    dispatched[0] = '\0';
    err = (struct und_err){0};
    script = script_open(serve, NULL, NULL);
    strcpy(fleet.live.github.service.url, script_url(script));
    runners = (struct github_runners){.item = calloc(4, sizeof *runners.item), .capacity = 4};
    add_runner("big-1", "big");
    add_runner("big-2", "big");
    add_runner("small-1", "small");
    add_runner("small-2", "small");
    ck_assert_msg(github_open(&client, &fleet.live, &base, &err) == UND_OK, "%s", err.text);
    fleet_clock_start(&pace, fleet.live.time_factor);
    pace.origin_us -= 60000000; /* the watch began a minute ago: 6,000 s of the fleet's */
    job_reader_init(&reader, client, fleet.live.canary.workflow);
    job_signs_init(&signs, &fleet, &pace);
    signs.began_ms = 0;
    signs.started_ms[0] = signs.started_ms[1] = 0;
    canary_open(&canary, &fleet, &pace, client, NULL, 0);
}

static void tear_down(void)
{
    job_reader_fini(&reader);
    github_runners_fini(&runners);
    github_close(client);
    script_close(script);
}

static void look(void)
{
    ck_assert_msg(job_reader_look(&reader, 0, NULL, 0, &err) == UND_OK, "%s", err.text);
    job_signs_note(&signs, &reader);
    attribution_count(&fleet, &runners, host);
    job_signs_fill(&signs, &reader, &runners, host);
    canary_note(&canary, &reader, host);
}

#define CI ".github/workflows/ci.yml"
#define CANARY ".github/workflows/canary.yml"

/* ---- jobs ---- */

START_TEST(jobs_in_progress_count_whatever_the_runners_say)
{
    rows[n_rows++] = (struct row){1, CI, "in_progress", NULL, "big-1", "ci-active", 20, 10, -1};
    look();
    ck_assert_int_eq(host[0].busy, 0);
    ck_assert_int_eq(host[0].running, 1);
    ck_assert_int_eq(host[1].running, 0);
    ck_assert_int_ge(host[0].quiet_ms, 1000 * 1000); /* 10 s at a hundred times the pace */
    ck_assert_int_le(host[0].quiet_ms, 1400 * 1000);
    ck_assert_int_ge(host[1].quiet_ms, 6000 * 1000); /* since the watch began */
}
END_TEST

START_TEST(a_job_waits_for_who_could_run_it)
{
    rows[n_rows++] = (struct row){1, CI, "queued", NULL, NULL, "ci-active", 5, -1, -1};
    rows[n_rows++] = (struct row){2, CI, "queued", NULL, NULL, "big", 9, -1, -1};
    rows[n_rows++] = (struct row){3, CI, "queued", NULL, NULL, "gpu", 50, -1, -1};
    rows[n_rows++] = (struct row){4, CANARY, "queued", NULL, NULL, "small", 40, -1, -1};
    look();
    ck_assert_int_ge(host[0].waiting_ms, 900 * 1000);
    ck_assert_int_le(host[0].waiting_ms, 1300 * 1000);
    ck_assert_int_ge(host[1].waiting_ms, 500 * 1000);
    ck_assert_int_le(host[1].waiting_ms, 890 * 1000);
    runners.item[2].busy = true; /* one says so, on the other a job runs */
    rows[n_rows++] = (struct row){5, CI, "in_progress", NULL, "small-2", "small", 60, 55, -1};
    runners.item[0].online = runners.item[1].online = false;
    look();
    ck_assert_int_eq(host[0].waiting_ms, 0);
    ck_assert_int_eq(host[1].waiting_ms, 0);
}
END_TEST

START_TEST(an_end_is_told_once_and_only_good_or_bad_ones)
{
    rows[n_rows++] = (struct row){1, CI, "completed", "success", "big-1", "x", 20, 10, 5};
    rows[n_rows++] = (struct row){2, CI, "completed", "failure", "big-2", "x", 20, 10, 4};
    rows[n_rows++] = (struct row){3, CI, "completed", "timed_out", "small-1", "x", 20, 10, 3};
    rows[n_rows++] = (struct row){4, CI, "completed", "cancelled", "small-1", "x", 20, 10, 3};
    rows[n_rows++] = (struct row){5, CI, "completed", "failure", "else-1", "x", 20, 10, 3};
    rows[n_rows++] = (struct row){6, CI, "completed", "failure", "big-1", "x", 900, 80, 70};
    rows[n_rows++] = (struct row){7, CANARY, "completed", "success", "big-1", "big", 9, 8, 7};
    look();
    ck_assert_int_eq(host[0].done, 1);
    ck_assert_int_eq(host[0].failed, 1); /* the other failed before the watch began */
    ck_assert_int_eq(host[1].done, 0);
    ck_assert_int_eq(host[1].failed, 1);
    job_reads = 0;
    look();
    ck_assert_int_eq(host[0].done + host[0].failed + host[1].failed, 0);
    ck_assert_int_eq(job_reads, 0); /* what is over is not asked for again */
    reader.run[0].closed = false;   /* unless another job of its run is not */
    look();
    ck_assert_int_eq(job_reads, 1);
    ck_assert_int_eq(host[0].done + host[0].failed + host[1].failed, 0);
}
END_TEST

START_TEST(a_run_that_was_deleted_is_forgotten)
{
    rows[n_rows++] = (struct row){1, CI, "in_progress", NULL, "big-1", "x", 20, 10, -1};
    look();
    deleted = 1;
    look();
    ck_assert_int_eq(reader.n_gone, 1);
    ck_assert_int_eq(reader.gone[0], 1);
    ck_assert_int_eq(host[0].running, 0);
    n_rows = 0;
    job_reads = 0;
    look();
    ck_assert_int_eq(job_reads, 0);
    ck_assert_int_eq(reader.n_gone, 0);
}
END_TEST

/* ---- canaries ---- */

static void send(char said[200])
{
    ck_assert_msg(canary_send(&canary, host, said, &err) == UND_OK, "%s", err.text);
}

START_TEST(a_canary_is_pinned_by_labels_and_late_until_it_starts)
{
    char said[200];
    look();
    send(said);
    ck_assert_str_eq(said, "a canary is sent to big (canary.yml)");
    ck_assert_ptr_nonnull(strstr(dispatched, "{\"runner\":\"[\\\"self-hosted\\\",\\\"big\\\"]\"}"));
    ck_assert_ptr_nonnull(strstr(dispatched, "\"ref\":\"main\""));
    send(said);
    ck_assert_str_eq(said, ""); /* the other's is due half an interval later */
    pace.origin_us -= 700000;   /* 70 s */
    look();
    ck_assert_int_ge(host[0].canary_ms, 70000); /* not even in the list */
    rows[n_rows++] = (struct row){1, CANARY, "queued", NULL, NULL, "big", 0, -1, -1};
    look();
    ck_assert_int_ge(host[0].canary_ms, 70000);
    send(said);
    ck_assert_str_eq(said, "a canary is sent to small (canary.yml)");
    rows[0] = (struct row){1, CANARY, "in_progress", NULL, "big-2", "big", 0, 0, -1};
    look();
    ck_assert_int_eq(host[0].canary_ms, 0);
}
END_TEST

START_TEST(no_canary_is_late_where_every_slot_is_taken)
{
    char said[200];
    look();
    send(said);
    pace.origin_us -= 700000;
    rows[n_rows++] = (struct row){1, CI, "in_progress", NULL, "big-1", "ci-active", 1, 1, -1};
    rows[n_rows++] = (struct row){2, CI, "in_progress", NULL, "big-2", "ci-active", 1, 1, -1};
    look();
    ck_assert_int_le(host[0].canary_ms, 20000);
    canary.host[0].waiting_ms = -1;
    canary.host[0].due_ms = 0;
    canary.host[1].due_ms = INT64_MAX;
    send(said); /* nor is one sent */
    ck_assert_str_eq(said, "");
}
END_TEST

/* Another host's, or an older one, proves nothing of this one. */
START_TEST(the_canary_of_another_host_or_day_does_not_count)
{
    char said[200];
    look();
    send(said);
    rows[n_rows++] = (struct row){1, CANARY, "completed", "success", "big-1", "big", 60, 55, 50};
    rows[n_rows++] = (struct row){2, CANARY, "in_progress", NULL, "small-1", "small", 0, 0, -1};
    pace.origin_us -= 700000;
    look();
    ck_assert_int_ge(host[0].canary_ms, 70000);
}
END_TEST

START_TEST(what_still_waits_in_the_end_is_cancelled)
{
    char said[200];
    look();
    send(said);
    rows[n_rows++] = (struct row){1, CANARY, "queued", NULL, NULL, "big", 0, -1, -1};
    look();
    canary_close(&canary);
    ck_assert_int_eq(cancelled, 1);
    canary_close(&canary);
    ck_assert_int_eq(cancelled, 1);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("job signs");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, jobs_in_progress_count_whatever_the_runners_say);
    tcase_add_test(tcase, a_job_waits_for_who_could_run_it);
    tcase_add_test(tcase, an_end_is_told_once_and_only_good_or_bad_ones);
    tcase_add_test(tcase, a_run_that_was_deleted_is_forgotten);
    tcase_add_test(tcase, a_canary_is_pinned_by_labels_and_late_until_it_starts);
    tcase_add_test(tcase, no_canary_is_late_where_every_slot_is_taken);
    tcase_add_test(tcase, the_canary_of_another_host_or_day_does_not_count);
    tcase_add_test(tcase, what_still_waits_in_the_end_is_cancelled);
    suite_add_tcase(all, tcase);
    return all;
}
