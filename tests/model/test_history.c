/* Exports of jobs as CI systems write them, and as they should not be. */
#include "model/fit/history.h"
#include "tests/support/helpers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct history h;
static struct und_err err;

static enum und_code read_columns(const char *text, const char *const *columns, int n)
{
    char path[] = "/tmp/understudy-history-XXXXXX";
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    err = (struct und_err){0};
    history_read(&h, path, columns, n, &err);
    unlink(path);
    return err.code;
}

static void read_good(const char *text)
{
    ck_assert_msg(read_columns(text, NULL, 0) == UND_OK, "%s", err.text);
}

/* 2026-03-02 10:00:00 UTC, a Monday. */
#define TEN 1772445600000LL

/* Every shape tells of the same job: created at ten (or started, where that is all there is), 30 s
 * in the queue, 90 s long, a success. */
static const struct {
    const char *text;
    bool waits, runs;
    const char *job; /* NULL: no class */
} shapes[] = {
    /* GitHub's REST API through jq. */
    {"id,run_id,workflow_name,head_branch,run_attempt,status,conclusion,created_at,started_at,"
     "completed_at,name,labels,runner_name\n"
     "1,7,CI,main,1,completed,success,2026-03-02T10:00:00Z,2026-03-02T10:00:30Z,"
     "2026-03-02T10:02:00Z,\"build (a, b)\",\"self-hosted,x64\",r1\n",
     true, true, "build (a, b)"},
    /* A script of theirs: job-level times only. */
    {"run_id,job_id,job_name,status,conclusion,started,ended,duration_s,html_url\n"
     "7,1,build,completed,success,2026-03-02T10:00:00Z,2026-03-02T10:01:30Z,90,https://x/1\n",
     false, true, "build"},
    /* gh run list --json: runs, no jobs. */
    {"databaseId,workflowName,createdAt,startedAt,updatedAt,conclusion,status,attempt\r\n"
     "7,CI,2026-03-02T10:00:00Z,2026-03-02T10:00:30Z,2026-03-02T10:02:00Z,success,completed,1\r\n",
     true, false, "CI"},
    /* GitLab's jobs API. */
    {"id,status,stage,name,ref,created_at,started_at,finished_at,duration,queued_duration,"
     "pipeline.id,runner.description\n"
     "1,success,test,build,main,2026-03-02T11:00:00.000+01:00,2026-03-02T11:00:30.000+01:00,"
     "2026-03-02T11:02:00.000+01:00,90.0,30.0,7,r1\n",
     true, true, "build"},
    /* Jenkins through jq: tabs, ms. */
    {"job_id\tresult\tduration\tbranch\trev\ttimestamp\n"
     "1\tSUCCESS\t90000\tmain\tabc\t2026-03-02T10:00:00Z\n"
     "2\tSUCCESS\t91000\tmain\tabc\t2026-03-02T10:10:00Z\n",
     false, false, NULL},
    {"jobName,buildNumber,result,timestamp,duration,queuingDurationMillis\n"
     "build,7,SUCCESS,1772445630000,90000,30000\n",
     true, true, "build"},
    /* Buildkite's REST API. */
    {"id,name,state,exit_status,created_at,scheduled_at,runnable_at,started_at,finished_at,"
     "build_id,agent_name\n"
     "u-1,build,passed,0,2026-03-02T10:00:00.000Z,2026-03-02T10:00:01.000Z,"
     "2026-03-02T10:00:02.000Z,2026-03-02T10:00:30.000Z,2026-03-02T10:02:00.000Z,7,r1\n",
     true, true, "build"},
    /* CircleCI's insights, and its jobs. */
    {"id,branch,duration,created_at,stopped_at,credits_used,status\n"
     "1,main,90,2026-03-02T10:00:00Z,2026-03-02T10:01:30Z,5,success\n",
     false, false, NULL},
    {"job_number,workflow_id,name,queued_at,started_at,stopped_at,status\n"
     "1,7,build,2026-03-02T10:00:00Z,2026-03-02T10:00:30Z,2026-03-02T10:02:00Z,success\n",
     true, true, "build"},
    /* Cirrus CI. */
    {"id,buildId,name,status,creationTimestamp,scheduledTimestamp,executingTimestamp,"
     "finalStatusTimestamp,durationInSeconds\n"
     "1,7,build,COMPLETED,1772445600000,1772445601000,1772445630000,1772445720000,90\n",
     true, true, "build"},
    /* Azure DevOps. */
    {"Id;buildNumber;result;definition.name;queueTime;startTime;finishTime;totalTime\n"
     "1;7;succeeded;build;2026-03-02T10:00:00.0000000Z;2026-03-02T10:00:30.0000000Z;"
     "2026-03-02T10:02:00.0000000Z;00:01:30.0000000\n",
     true, true, "build"},
    /* TravisTorrent: when a build began, how long it took. */
    {"\"tr_build_id\",\"tr_job_id\",\"gh_build_started_at\",\"tr_duration\",\"tr_status\"\n"
     "\"7\",\"1\",\"2026-03-02 10:00:00 UTC\",\"90\",\"passed\"\n",
     false, true, NULL},
    /* TeamCity. */
    {"id,buildTypeId,status,queuedDate,startDate,finishDate\n"
     "1,build,SUCCESS,20260302T100000+0000,20260302T100030+0000,20260302T100200+0000\n",
     true, false, "build"},
    /* Slurm: sacct -P. */
    {"JobID|JobName|Submit|Start|End|State|Elapsed\n"
     "1|build|2026-03-02T10:00:00|2026-03-02T10:00:30|2026-03-02T10:02:00|COMPLETED|00:01:30\n",
     true, false, "build"},
    /* A table of a data warehouse. */
    {"repo_id,run_id,job_id,job_name,stage,status,started_at,finished_at,duration_seconds,"
     "runner_type,retry_attempt\n"
     "1,7,1,build,test,success,2026-03-02 10:00:00+00:00,2026-03-02 10:01:30+00:00,90,x,0\n",
     false, true, "build"},
    /* dsari: seconds, an exit code. */
    {"job_name,run_id,start_time,stop_time,exit_code\nbuild,7,1772445600.25,1772445690.25,0\n",
     false, true, "build"},
    /* Excel: a byte order mark, semicolons. */
    {"\xef\xbb\xbf"
     "Job name;Created at;Started at;Finished at;Status\r\n"
     "build;2026-03-02 10:00;2026-03-02 10:00:30;2026-03-02 10:02:00;success\r\n",
     true, false, "build"},
    /* Excel where commas are decimal, with the line that tells it the delimiter. */
    {"sep=;\r\nJob;Created at;Started at;Duration (s);Result\r\n"
     "build;02.03.2026 10:00:00;02.03.2026 10:00:30;90,0;success\r\n",
     true, false, "build"},
    /* Excel on old Macs: CR alone. */
    {"job,created_at,started_at,completed_at,result\r"
     "build,3/2/2026 10:00:00 AM,3/2/2026 10:00:30 AM,3/2/2026 10:02:00 AM,success\r",
     true, false, "build"},
    /* Jenkins: a time to be in the queue, which is no time of day. */
    {"jobName,number,startTimeInMillis,duration,result,queueTime\n"
     "build,7,1772445630000,90000,SUCCESS,30000\n",
     true, false, "build"},
    /* Jenkins' table of builds. */
    {"Job Name,Start Time,Duration,Result\nbuild,2026-03-02 10:00:00,1 min 30 sec,SUCCESS\n", false,
     false, "build"},
    /* A webhook's objects made flat. */
    {"job.id,job.run_id,job.name,job.created_at,job.started_at,job.completed_at,job.conclusion\n"
     "1,7,build,2026-03-02T10:00:00Z,2026-03-02T10:00:30Z,2026-03-02T10:02:00Z,success\n",
     true, true, "build"},
    /* pandas: a timedelta; and ns, with and without saying so. */
    {",name,created_at,duration,status\n0,build,2026-03-02 10:00:00+00:00,0 days "
     "00:01:30,success\n",
     false, false, "build"},
    {"name,started_at,duration_ns,status\nbuild,2026-03-02T10:00:00Z,90000000000,success\n", false,
     false, "build"},
    {"Job Name,Start Time,Duration,Status\nbuild,2026-03-02T10:00:00.000Z,90000000000,success\n",
     false, false, "build"},
    /* psql's table with bars, Go's times, a line of sums at the end. */
    {"name|created_at|started_at|finished_at|status\n"
     "build|2026-03-02 10:00:00+00|2026-03-02 10:00:30 +0000 UTC|2026-03-02 10:02:00+00|success\n"
     "Total||||\n",
     true, false, "build"},
};
#define SHAPES ((int)(sizeof shapes / sizeof *shapes))

START_TEST(exports_of_every_kind_are_understood)
{
    const struct job_row *row;
    read_good(shapes[_i].text);
    row = h.row;
    ck_assert_uint_ge(h.n, 1);
    ck_assert_int_eq(h.waits, shapes[_i].waits);
    ck_assert_int_eq(h.runs, shapes[_i].runs);
    ck_assert(h.clocked);
    ck_assert_int_eq(row->created_ms / 1000, TEN / 1000);
    ck_assert_int_eq(row->duration_ms, 90000);
    ck_assert_int_eq(row->end, END_SUCCESS);
    ck_assert_int_eq(row->attempt, 1);
    ck_assert(!row->censored);
    if (shapes[_i].waits)
        ck_assert_int_eq(row->started_ms - row->created_ms, 30000);
    if (shapes[_i].job)
        ck_assert_str_eq(h.classes.name[row->job_class], shapes[_i].job);
    else
        ck_assert_int_eq(row->job_class, -1);
    history_fini(&h);
}
END_TEST

/* One row of each flaw between two good ones, which are all that is left of the first kinds. */
START_TEST(rows_that_cannot_be_used_are_counted)
{
    static const struct {
        enum flaw flaw;
        const char *row;
    } rows[] = {
        {FLAW_FIELDS, "3,b,success,2026-03-02T10:00:00Z\n"},
        {FLAW_NO_TIME, "3,b,success,,,2026-03-02T10:01:00Z\n"},
        {FLAW_BAD_TIME, "3,b,success,yesterday,2026-03-02T10:00:00Z,2026-03-02T10:01:00Z\n"},
        {FLAW_BAD_TIME, "3,b,success,2026-13-02T10:00:00Z,,2026-03-02T10:01:00Z\n"},
        {FLAW_NEVER_RAN, "3,b,skipped,2026-03-02T10:00:00Z,,\n"},
        {FLAW_NEVER_RAN,
         "3,b,cancelled,2026-03-02T10:00:00Z,2026-03-02T10:01:00Z,2026-03-02T10:01:00Z\n"},
        {FLAW_DUPLICATE,
         "1,a,success,2026-03-02T10:00:00Z,2026-03-02T10:00:10Z,2026-03-02T10:01:00Z\n"},
        {FLAW_NEGATIVE,
         "3,b,success,2026-03-02T10:00:00Z,2026-03-02T10:05:00Z,2026-03-02T10:04:00Z\n"},
        {FLAW_TOO_LONG,
         "3,b,success,2026-03-02T10:00:00Z,2026-03-02T10:05:00Z,2026-04-02T10:04:00Z\n"},
        {FLAW_LOST, "3,b,in_progress,2026-02-20T10:00:00Z,2026-02-20T10:05:00Z,\n"},
        {FLAW_OPEN, "3,b,in_progress,2026-03-02T10:00:00Z,2026-03-02T10:05:00Z,\n"},
        {FLAW_ZERO, "3,b,success,2026-03-02T10:00:00Z,2026-03-02T10:05:00Z,2026-03-02T10:05:00Z\n"},
        {FLAW_EARLY,
         "3,b,success,2026-03-02T10:06:00Z,2026-03-02T10:05:00Z,2026-03-02T10:05:30Z\n"},
    };
    char text[1024];
    int flaw;
    snprintf(text, sizeof text,
             "id,name,status,created_at,started_at,finished_at\n"
             "1,a,success,2026-03-02T10:00:00Z,2026-03-02T10:00:10Z,2026-03-02T10:01:00Z\n%s"
             "2,a,success,2026-03-02T11:00:00Z,2026-03-02T11:00:10Z,2026-03-02T11:01:00Z\n",
             rows[_i].row);
    read_good(text);
    ck_assert_uint_eq(h.read, 3);
    ck_assert_uint_eq(h.n, rows[_i].flaw < FLAW_KEPT ? 2 : 3);
    for (flaw = 0; flaw < FLAW_COUNT; flaw++)
        ck_assert_msg(h.flaw[flaw] == (flaw == (int)rows[_i].flaw), "flaw %d: got %lld", flaw,
                      (long long)h.flaw[flaw]);
    ck_assert_int_eq(h.flaw_line[rows[_i].flaw], 3);
    ck_assert_ptr_nonnull(flaw_text(rows[_i].flaw));
    history_fini(&h);
}
END_TEST

/* `gh run list` has a time of the last change, and no conclusion yet. */
START_TEST(what_is_still_running_has_no_end)
{
    read_good(
        "databaseId,createdAt,startedAt,updatedAt,conclusion,status\n"
        "1,2026-03-02T10:00:00Z,2026-03-02T10:00:30Z,2026-03-02T10:02:00Z,,in_progress\n"
        "2,2026-03-02T10:30:00Z,2026-03-02T10:30:00Z,2026-03-02T10:40:30Z,failure,completed\n");
    ck_assert(h.row[0].censored && !h.row[1].censored);
    ck_assert_int_eq(h.row[0].duration_ms, 40 * 60000);
    ck_assert_int_eq(h.row[0].end, END_OPEN);
    ck_assert_int_eq(h.row[1].end, END_FAILURE);
    history_fini(&h);
}
END_TEST

/* Thirty jobs of a month, one of 1970, and one of 2038: no fifty years of quiet. */
START_TEST(what_was_created_years_apart_is_left_out)
{
    char text[4096];
    int i, used = snprintf(text, sizeof text, "id,created_at,duration_s\n98,1970-01-02,60\n");
    for (i = 1; i <= 30; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, "%d,2026-03-%02dT10:00:00Z,60\n",
                         i, i);
    snprintf(text + used, sizeof text - (size_t)used, "99,2038-01-19T03:14:07Z,60\n");
    read_good(text);
    ck_assert_uint_eq(h.n, 30);
    ck_assert_int_eq(h.flaw[FLAW_FAR], 2);
    ck_assert_int_eq(h.flaw_line[FLAW_FAR], 2);
    ck_assert_int_eq(h.to_ms - h.from_ms, 29 * 86400000LL);
    history_fini(&h);
}
END_TEST

/* From its start to the last time in the file: 11:01:00. */
START_TEST(a_job_without_an_end_is_known_to_last_so_long)
{
    read_good("id,status,created_at,started_at,finished_at\n"
              "1,in_progress,2026-03-02T10:00:00Z,2026-03-02T10:01:00Z,\n"
              "2,success,2026-03-02T11:00:00Z,2026-03-02T11:00:10Z,2026-03-02T11:01:00Z\n"
              "3,queued,2026-03-02T11:00:30Z,,\n");
    ck_assert(h.row[0].censored);
    ck_assert_int_eq(h.row[0].duration_ms, 3600000);
    ck_assert_int_eq(h.row[2].duration_ms, -1);
    ck_assert_int_eq(h.flaw[FLAW_OPEN], 1);
    history_fini(&h);
}
END_TEST

START_TEST(jobs_of_one_runner_at_the_same_time_are_counted)
{
    read_good("id,runner,started_at,finished_at\n"
              "1,r1,2026-03-02T10:00:00Z,2026-03-02T10:10:00Z\n"
              "2,r1,2026-03-02T10:05:00Z,2026-03-02T10:06:00Z\n"
              "3,r2,2026-03-02T10:05:00Z,2026-03-02T10:06:00Z\n"
              "4,r1,2026-03-02T10:10:00Z,2026-03-02T10:11:00Z\n");
    ck_assert_int_eq(h.flaw[FLAW_OVERLAP], 1);
    ck_assert_int_eq(h.flaw_line[FLAW_OVERLAP], 3);
    ck_assert_uint_eq(h.n, 4);
    history_fini(&h);
}
END_TEST

/* The same instant before and after; the hours are an hour apart. */
START_TEST(a_change_of_the_zone_is_noticed)
{
    read_good("created_at,duration_s\n2026-03-28T12:00:00+01:00,5\n2026-03-29T12:00:00+02:00,5\n");
    ck_assert_int_eq(h.row[1].created_ms - h.row[0].created_ms, 23 * 3600000LL);
    ck_assert_int_eq(h.row[0].offset_min, 60);
    ck_assert_int_eq(h.row[1].offset_min, 120);
    ck_assert_int_eq(h.offset_changed, h.row[1].created_ms);
    history_fini(&h);
    read_good("created_at,duration_s\n2026-03-28T12:00:00Z,5\n2026-03-29T12:00:00Z,5\n");
    ck_assert_int_eq(h.offset_changed, HISTORY_NONE);
    history_fini(&h);
}
END_TEST

/* Two readings of 3/4/2026, and which one holds is said. */
START_TEST(the_order_of_a_date_is_that_of_all)
{
    read_good("created_at,duration_s\n3/2/2026 10:00,5\n3/4/2026 10:00,5\n");
    ck_assert(h.slashed && !h.day_first && !h.order_known);
    ck_assert_int_eq(h.row[0].created_ms, TEN);
    history_fini(&h);
    read_good("created_at,duration_s\n2/3/2026 10:00,5\n13/3/2026 10:00,5\n");
    ck_assert(h.slashed && h.day_first && h.order_known);
    ck_assert_uint_eq(h.n, 2);
    ck_assert_int_eq(h.row[0].created_ms, TEN);
    history_fini(&h);
    read_good("created_at,duration_s\n3/2/2026 10:00,5\n3/13/2026 10:00,5\n13/3/2026 10:00,5\n");
    ck_assert(!h.day_first && h.order_known);
    ck_assert_int_eq(h.flaw[FLAW_BAD_TIME], 1); /* one of the other order is no reason to turn */
    ck_assert_str_eq(h.flaw_seen[FLAW_BAD_TIME], "13/3/2026 10:00");
    history_fini(&h);
}
END_TEST

/* Exports that overlap: of a job that was running in the first its end is in the second. Without
 * ids nobody knows, so that both are kept, and said. */
START_TEST(of_a_job_that_is_there_twice_its_end_is_kept)
{
    read_good("id,status,created_at,started_at,finished_at\n"
              "1,in_progress,2026-03-02T10:00:00Z,2026-03-02T10:00:30Z,\n"
              "1,success,2026-03-02T10:00:00Z,2026-03-02T10:00:30Z,2026-03-02T10:02:00Z\n"
              "1,in_progress,2026-03-02T10:00:00Z,2026-03-02T10:00:30Z,\n");
    ck_assert_uint_eq(h.n, 1);
    ck_assert_int_eq(h.row[0].duration_ms, 90000);
    ck_assert_int_eq(h.row[0].end, END_SUCCESS);
    ck_assert_int_eq(h.flaw[FLAW_DUPLICATE], 2);
    history_fini(&h);
    read_good("created_at,duration_s\n2026-03-02T10:00:00Z,5\n2026-03-02T10:00:00Z,5\n"
              "2026-03-02T10:00:00Z,6\n");
    ck_assert_uint_eq(h.n, 3);
    ck_assert_int_eq(h.flaw[FLAW_SAME], 1);
    ck_assert_int_eq(h.flaw_line[FLAW_SAME], 3);
    history_fini(&h);
}
END_TEST

/* A re-run of a run is an arrival of its own. */
START_TEST(attempts_are_runs_of_their_own)
{
    read_good("run_id,run_attempt,name,created_at,duration_s\n"
              "7,1,a,2026-03-02T10:00:00Z,5\n7,1,b,2026-03-02T10:00:00Z,5\n"
              "7,2,a,2026-03-02T12:00:00Z,5\n8,1,a,2026-03-02T12:00:00Z,5\n");
    ck_assert_int_eq(h.n_runs, 3);
    ck_assert_int_eq(h.row[0].run, h.row[1].run);
    ck_assert_int_ne(h.row[0].run, h.row[2].run);
    ck_assert_int_eq(h.row[2].attempt, 2);
    history_fini(&h);
}
END_TEST

START_TEST(columns_may_be_named)
{
    static const char *const named[] = {"created=when", "duration=took", "job="};
    const char *text = "when,took,name\n2026-03-02T10:00:00Z,1m30s,x\n";
    ck_assert_msg(read_columns(text, named, 3) == UND_OK, "%s", err.text);
    ck_assert_int_eq(h.row[0].duration_ms, 90000);
    ck_assert_int_eq(h.row[0].job_class, -1);
    history_fini(&h);
}
END_TEST

START_TEST(what_cannot_be_a_history_is_refused)
{
    static const struct {
        const char *text, *named, *want;
    } bad[] = {
        {"", NULL, ":1: nothing is in it, want a line of column names"},
        {"created_at,duration_s\n", NULL, "jobs: got none that ran in 0 rows"},
        {"created_at,duration_s\nx,5\n", NULL, "jobs: got none that ran in 1 rows"},
        {"Date,Product,Quantity,Unit Type\n", NULL,
         ":1: columns: got Date, Product, Quantity, Unit Type, want one of when a job was "
         "created or started; say which with --column created=NAME"},
        /* GitHub's bill: minutes a day. */
        {"date,product,sku,quantity,unit_type,workflow_path\n2026-03-02,actions,linux,5,minutes,"
         "x\n",
         NULL,
         ":1: columns: got a usage report, which has minutes a day, want jobs with the times"},
        {"[{\"createdAt\":\"2026-03-02T10:00:00Z\"}]\n", NULL,
         ":1: got JSON, want CSV: gh run list"},
        {"\xff\xfe"
         "created_at",
         NULL, ":1: is UTF-16, want UTF-8: iconv"},
        {"created_at,duration_s\n1.77E+09,5\nx,5\n", NULL,
         "in 2 rows, want at least one; 2 rows with a time that cannot be read: left out (the "
         "first: line 2, '1.77E+09')"},
        {"created_at,name\n", NULL, "want one of when a job finished, or of its duration"},
        {"when,took\n1,2\n", "created=whne",
         "got 'whne', want a column of the file; did you mean "
         "when?"},
        {"when,took\n1,2\n", "kreated=when", "--column: got 'kreated=when', want ROLE=NAME"},
        {"created_at,duration_s\n\"2026,5\n", NULL, ":2: a quote is not closed"},
    };
    const char *named[] = {bad[_i].named};
    ck_assert_int_eq(read_columns(bad[_i].text, named, bad[_i].named != NULL), UND_USAGE);
    ck_assert_msg(strstr(err.text, bad[_i].want) != NULL, "got %s, want %s", err.text,
                  bad[_i].want);
    history_fini(&h);
}
END_TEST

START_TEST(quotes_hold_delimiters_quotes_and_lines)
{
    read_good("name,created_at,duration_s\n\"a \"\"b\"\", c\nd\",2026-03-02T10:00:00Z,5\n"
              "5\" disk,2026-03-02T10:00:01Z,5\n\"\",2026-03-02T10:00:02Z,5\n");
    ck_assert_uint_eq(h.n, 3);
    ck_assert_str_eq(h.classes.name[0], "a \"b\", c\nd");
    ck_assert_str_eq(h.classes.name[1], "5\" disk");
    ck_assert_int_eq(h.row[1].line, 4);
    ck_assert_int_eq(h.row[2].job_class, -1);
    history_fini(&h);
}
END_TEST

/* 500 files of 20 rows, each with up to 30 characters changed for ones that mean something: read,
 * or refused in one line. */
START_TEST(whatever_is_in_the_file_is_read_or_refused)
{
    static const char strange[] = "\",;|\n\r-9.T: ez\x01\xc3";
    char whole[4096], text[4096];
    int i, k, n, used;
    used = snprintf(whole, sizeof whole, "id,run_id,name,status,created_at,started_at,duration\n");
    for (i = 0; i < 20; i++)
        used += snprintf(whole + used, sizeof whole - (size_t)used,
                         "%d,%d,\"job, %d\",success,2026-03-%02dT10:00:00Z,2026-03-%02d 10:01,%d\n",
                         i, i / 3, i % 4, i + 1, i + 1, 60 + i);
    srand(1);
    for (k = 0; k < 500; k++) {
        memcpy(text, whole, sizeof text);
        for (n = rand() % 30; n >= 0; n--)
            text[rand() % used] = strange[(size_t)rand() % (sizeof strange - 1)];
        if (read_columns(text, NULL, 0) != UND_OK) {
            ck_assert_int_eq(err.code, UND_USAGE);
            ck_assert_uint_gt(strlen(err.text), 0);
            ck_assert_ptr_null(strchr(err.text, '\n'));
        } else {
            int64_t gone = 0;
            for (i = 0; i < FLAW_KEPT; i++)
                gone += h.flaw[i];
            ck_assert_int_eq((int64_t)h.n + gone, (int64_t)h.read); /* nothing is dropped unsaid */
        }
        history_fini(&h);
    }
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("history");
    TCase *reading = tcase_create("reading");
    tcase_add_loop_test(reading, exports_of_every_kind_are_understood, 0, SHAPES);
    tcase_add_loop_test(reading, rows_that_cannot_be_used_are_counted, 0, 13);
    tcase_add_test(reading, what_was_created_years_apart_is_left_out);
    tcase_add_test(reading, a_job_without_an_end_is_known_to_last_so_long);
    tcase_add_test(reading, jobs_of_one_runner_at_the_same_time_are_counted);
    tcase_add_test(reading, a_change_of_the_zone_is_noticed);
    tcase_add_test(reading, the_order_of_a_date_is_that_of_all);
    tcase_add_test(reading, of_a_job_that_is_there_twice_its_end_is_kept);
    tcase_add_test(reading, attempts_are_runs_of_their_own);
    tcase_add_test(reading, what_is_still_running_has_no_end);
    tcase_add_test(reading, columns_may_be_named);
    tcase_add_test(reading, whatever_is_in_the_file_is_read_or_refused);
    tcase_add_loop_test(reading, what_cannot_be_a_history_is_refused, 0, 12);
    tcase_add_test(reading, quotes_hold_delimiters_quotes_and_lines);
    suite_add_tcase(all, reading);
    return all;
}
