/* A repository's jobs into a CSV file, from a GitHub that answers by what it is asked; and on from
 * where it stopped. */
#include "live/command/fetch_jobs.h"
#include "model/fit/history.h"
#include "tests/support/github_fixture.h"
#include "tests/support/helpers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 2026-03-01 00:00:00 UTC */
#define SINCE 1772323200000LL

static struct github_fixture github;
static struct fetched fetched;
static char folder[] = "/tmp/understudy-fetch-XXXXXX", file[64];
static int attempts;      /* of run 12 */
static long long failing; /* the run whose jobs cannot be read; 0: none */
static bool crowded;      /* a stretch of more than six hours has as many runs as are ever listed */

static char *answer(const char *body)
{
    return script_response("200 OK", "Content-Type: application/json\r\n", body);
}

static void put_run(FILE *out, long long id, const char *created, const char *status, int attempt)
{
    fprintf(out,
            "{\"id\":%lld,\"name\":\"ci\",\"path\":\"x\",\"event\":\"push\",\"head_branch\":\"m\","
            "\"status\":\"%s\",\"conclusion\":null,\"run_attempt\":%d,\"created_at\":\"%s\","
            "\"updated_at\":\"%s\"}",
            id, status, attempt, created, created);
}

/* The first day has 11 and 12 and, still running, 13; the second none; the third 14. */
static void put_runs(FILE *out, const char *request)
{
    int i;
    if (crowded && strstr(request, "2026-03-01T00:00:00Z..2026-03-01T23:59:59Z")) {
        fprintf(out, "{\"total_count\":1001,\"workflow_runs\":[");
        for (i = 0; i < 1000; i++) {
            fputs(i ? "," : "", out);
            put_run(out, 1000 + i, "2026-03-01T09:00:00Z", "completed", 1);
        }
        fputs("]}", out);
        return;
    }
    fprintf(out, "{\"total_count\":3,\"workflow_runs\":[");
    if (strstr(request, "created=2026-03-01T00")) {
        put_run(out, 13, "2026-03-01T11:00:00Z", "in_progress", 1);
        fputc(',', out);
        put_run(out, 12, "2026-03-01T10:00:00Z", "completed", attempts);
        fputc(',', out);
        put_run(out, 11, "2026-03-01T09:00:00Z", "completed", 1);
    } else if (strstr(request, "created=2026-03-03T00")) {
        put_run(out, 14, "2026-03-03T10:00:00Z", "completed", 1);
    }
    fputs("]}", out);
}

/* Each attempt has a job of ours, named to try the CSV, and one of GitHub's own machines. */
static void put_jobs(FILE *out, long long run)
{
    int n = run == 12 ? attempts : 1, i;
    fprintf(out, "{\"total_count\":%d,\"jobs\":[", 2 * n);
    for (i = 0; i < 2 * n; i++)
        fprintf(
            out,
            "%s{\"id\":%lld,\"run_id\":%lld,\"run_attempt\":%d,\"status\":\"completed\","
            "\"conclusion\":\"success\",\"created_at\":\"2026-03-0%dT10:00:00Z\","
            "\"started_at\":\"2026-03-0%dT10:00:05Z\",\"completed_at\":\"2026-03-0%dT10:01:35Z\","
            "\"name\":\"build \\\"a\\\", b\",\"labels\":[\"%s\"],\"runner_id\":1,"
            "\"runner_name\":\"r1\"}",
            i ? "," : "", run * 10 + i, run, i / 2 + 1, run == 14 ? 3 : 1, run == 14 ? 3 : 1,
            run == 14 ? 3 : 1, i % 2 ? "ubuntu-latest" : "self-hosted");
    fputs("]}", out);
}

static void serve(void *context, const char *request, struct script_reply *reply)
{
    const char *run = strstr(request, "/actions/runs/");
    char *text = NULL;
    size_t length = 0;
    FILE *out;
    (void)context;
    if (run && failing && atoll(run + strlen("/actions/runs/")) == failing) {
        reply->text = script_response("404 Not Found", "", "{\"message\":\"Not Found\"}");
        return;
    }
    out = open_memstream(&text, &length);
    if (run)
        put_jobs(out, atoll(run + strlen("/actions/runs/")));
    else
        put_runs(out, request);
    fclose(out);
    reply->text = answer(text);
    free(text);
}

static void set_up(void)
{
    struct live live;
    strcpy(folder, "/tmp/understudy-fetch-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/jobs.csv", folder);
    attempts = 1;
    failing = 0;
    crowded = false;
    github_fixture_open(&github);
    github.script = script_open(serve, NULL, NULL);
    live = github_fixture_fleet(&github);
    ck_assert_int_eq(github_open(&github.client, &live, &github_fixture_base, &github.err), UND_OK);
}

static void tear_down(void)
{
    github_fixture_close(&github);
    unlink(file);
    rmdir(folder);
}

static enum und_code fetch(int days)
{
    const struct fetch_wish wish = {.file = file,
                                    .since_ms = SINCE,
                                    .now_ms = SINCE + days * 86400000LL - 1,
                                    .repository = "rpalermodrums/PAWS360",
                                    .label = "ci-active"};
    github.err = (struct und_err){0};
    return fetch_jobs(github.client, &wish, &fetched, &github.err);
}

static void fetch_good(int days)
{
    ck_assert_msg(fetch(days) == UND_OK, "%s", github.err.text);
}

static size_t jobs_asked(void)
{
    size_t i, n = 0;
    for (i = 0; i < script_requests(github.script); i++)
        n += strstr(script_request(github.script, i), "/jobs?") != NULL;
    return n;
}

static char *content(void)
{
    static char text[200000];
    FILE *in = fopen(file, "r");
    ck_assert_ptr_nonnull(in);
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    return text;
}

START_TEST(what_is_fetched_is_a_history)
{
    struct history history;
    fetch_good(3);
    ck_assert_int_eq(fetched.runs, 3);
    ck_assert_int_eq(fetched.jobs, 3);
    ck_assert_int_eq(fetched.hosted, 3);
    ck_assert_int_eq(fetched.open, 1);
    ck_assert_msg(history_read(&history, file, NULL, 0, &github.err) == UND_OK, "%s",
                  github.err.text);
    ck_assert_uint_eq(history.n, 3);
    ck_assert_int_eq(history.n_runs, 3);
    ck_assert_int_eq(history.row[0].duration_ms, 90000);
    ck_assert_int_eq(history.row[0].started_ms - history.row[0].created_ms, 5000);
    ck_assert_str_eq(history.classes.name[0], "build \"a\", b");
    ck_assert_str_eq(history.runners.name[0], "r1");
    history_fini(&history);
}
END_TEST

/* All but the file's last run, which may be half there. */
START_TEST(what_is_known_is_not_asked_for_again)
{
    static char before[200000];
    fetch_good(3);
    strcpy(before, content());
    ck_assert_uint_eq(jobs_asked(), 3);
    fetch_good(3);
    ck_assert_uint_eq(jobs_asked(), 4);
    ck_assert_int_eq(fetched.known, 2);
    ck_assert_str_eq(content(), before);
}
END_TEST

START_TEST(a_new_attempt_is_added)
{
    struct history history;
    fetch_good(3);
    attempts = 2;
    fetch_good(3);
    ck_assert_int_eq(history_read(&history, file, NULL, 0, &github.err), UND_OK);
    ck_assert_uint_eq(history.n, 4);
    ck_assert_int_eq(history.flaw[FLAW_DUPLICATE], 0);
    history_fini(&history);
}
END_TEST

/* Killed within a line, or between the lines of a run: nothing is missing, nothing twice. */
START_TEST(what_was_cut_off_is_made_whole)
{
    static char before[200000];
    fetch_good(3);
    strcpy(before, content());
    ck_assert_int_eq(truncate(file, (off_t)strlen(before) - _i), 0);
    fetch_good(3);
    ck_assert_str_eq(content(), before);
}
END_TEST

START_TEST(after_an_error_it_goes_on)
{
    failing = 14;
    ck_assert_int_eq(fetch(3), UND_SERVICE);
    github_fixture_refused(&github, "/actions/runs/14/jobs: got 404");
    ck_assert_ptr_nonnull(strstr(content(), "\n120,12,1,"));
    failing = 0;
    fetch_good(3);
    ck_assert_int_eq(fetched.known, 1);
    ck_assert_ptr_nonnull(strstr(content(), "\n140,14,1,"));
    failing = 14; /* the last one, of which nobody knows whether it is whole */
    ck_assert_int_eq(fetch(3), UND_SERVICE);
    ck_assert_ptr_null(strstr(content(), "140,14,1,"));
    failing = 0;
    fetch_good(3);
    ck_assert_ptr_nonnull(strstr(content(), "\n140,14,1,"));
}
END_TEST

/* 1,000 runs are as many as GitHub lists: halves of the day are asked for. */
START_TEST(a_crowded_day_is_read_by_halves)
{
    crowded = true;
    fetch_good(1);
    ck_assert_int_eq(fetched.runs, 2);
    ck_assert_ptr_nonnull(
        strstr(script_request(github.script, 1), "2026-03-01T00:00:00Z..2026-03-01T11:59:59Z"));
    ck_assert_ptr_nonnull(strstr(script_request(github.script, script_requests(github.script) - 1),
                                 "2026-03-01T12:00:00Z..2026-03-01T23:59:59Z"));
}
END_TEST

START_TEST(another_file_is_left_alone)
{
    static const struct {
        const char *text, *want;
    } bad[] = {
        {"id,name\n1,x\n", ":1: want a file that fit --github has written"},
        {"id,run_id,run_attempt,repository,workflow_name,name,status,conclusion,created_at,"
         "started_at,completed_at,runner_name\n1,2,1,other/one,\"\",\"\",,,,,,\"\"\n",
         ":2: want jobs of the fleet's repository"},
        {"id,run_id,run_attempt,repository,workflow_name,name,status,conclusion,created_at,"
         "started_at,completed_at,runner_name\nhello\n",
         ":2: want a row that fit --github has written"},
    };
    FILE *out = fopen(file, "w");
    fputs(bad[_i].text, out);
    fclose(out);
    ck_assert_int_eq(fetch(3), UND_USAGE);
    ck_assert_msg(strstr(github.err.text, bad[_i].want) != NULL, "%s", github.err.text);
    ck_assert_str_eq(content(), bad[_i].text);
    ck_assert_uint_eq(script_requests(github.script), 0);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("fetch_jobs");
    TCase *fetches = tcase_create("fetches");
    tcase_add_checked_fixture(fetches, set_up, tear_down);
    tcase_set_timeout(fetches, 60);
    tcase_add_test(fetches, what_is_fetched_is_a_history);
    tcase_add_test(fetches, what_is_known_is_not_asked_for_again);
    tcase_add_test(fetches, a_new_attempt_is_added);
    tcase_add_loop_test(fetches, what_was_cut_off_is_made_whole, 0, 40);
    tcase_add_test(fetches, after_an_error_it_goes_on);
    tcase_add_test(fetches, a_crowded_day_is_read_by_halves);
    tcase_add_loop_test(fetches, another_file_is_left_alone, 0, 3);
    suite_add_tcase(all, fetches);
    return all;
}
