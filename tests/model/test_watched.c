/* What monitoring saw of a fleet: the file, outages, jobs out of busy slots. */
#include "model/fit/fit.h"
#include "tests/support/helpers.h"
#include "tests/support/scenario_text.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static struct watched watched;
static struct history history;
static struct und_err err;

static enum und_code read_text(const char *text)
{
    char path[] = "/tmp/understudy-watched-XXXXXX";
    int fd = mkstemp(path);
    enum und_code code;
    ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
    close(fd);
    err = (struct und_err){0};
    code = watched_read(&watched, path, &err);
    unlink(path);
    return code;
}

/* Seconds: up from 0, down 100..160, up, nothing known from 500, down at 600 when it is known
 * again, up at 700, down at 900 until the end. */
START_TEST(outages_count_where_their_beginning_was_seen)
{
    struct outages outages;
    ck_assert_msg(read_text("at,host,up\n0,a,1\n100,a,0\n160,a,1\n500,a,\n600,a,0\n700,a,1\n"
                            "900,a,0\n1000,a,\n") == UND_OK,
                  "%s", err.text);
    watched_outages(&watched.host[0], &outages);
    ck_assert_int_eq(outages.n, 2);
    ck_assert_int_eq(outages.unseen, 1);
    ck_assert_uint_eq(outages.n_repairs, 1);
    ck_assert_double_eq_tol(outages.repair[0], 60000, 1e-9);
    ck_assert_uint_eq(outages.n_censored, 1);
    ck_assert_double_eq_tol(outages.censored[0], 100000, 1e-9);
    ck_assert_int_eq(outages.up_ms, (100 + 340 + 200) * SECOND);
    ck_assert_int_eq(outages.known_ms, (500 + 400) * SECOND);
    outages_fini(&outages);
    watched_fini(&watched);
}
END_TEST

/* Two slots and a queue: jobs begin at 60 and 120 s, a third comes at 180 and begins at 300, when
 * the first ends; the second is still running where nothing more is known. */
START_TEST(jobs_come_out_of_busy_slots)
{
    ck_assert_msg(
        read_text("at,host,busy,queued\n0,a,0,\n0,,,0\n60,a,1,\n60,,,0\n120,a,2,\n120,,,0\n"
                  "180,a,2,\n180,,,1\n240,a,2,\n240,,,1\n300,a,2,\n300,,,1\n360,a,1,\n360,,,1\n"
                  "420,a,2,\n420,,,0\n480,a,1,\n540,a,,\n") == UND_OK,
        "%s", err.text);
    ck_assert_msg(watched_jobs(&watched, &history, &err) == UND_OK, "%s", err.text);
    ck_assert_uint_eq(history.n, 3);
    ck_assert_int_eq(history.row[0].duration_ms, 300 * SECOND);
    ck_assert_int_eq(history.row[1].duration_ms, 360 * SECOND);
    ck_assert_int_eq(history.row[2].duration_ms, -1);
    ck_assert_int_eq(history.row[2].created_ms, 180 * SECOND);
    ck_assert_int_eq(history.row[2].started_ms, 420 * SECOND);
    ck_assert_int_eq(watched.cut, 1);
    ck_assert_int_eq(watched.seen, 2);
    ck_assert(watched.queued);
    history_fini(&history);
    watched_fini(&watched);
}
END_TEST

/* What runs at the first row began nobody knows when: it is no job. */
START_TEST(jobs_of_before_are_none)
{
    ck_assert_msg(read_text("at,host,busy\n0,a,2\n60,a,1\n120,a,2\n180,a,0\n") == UND_OK, "%s",
                  err.text);
    ck_assert_msg(watched_jobs(&watched, &history, &err) == UND_OK, "%s", err.text);
    ck_assert_uint_eq(history.n, 1);
    ck_assert_int_eq(history.row[0].duration_ms, 60 * SECOND);
    history_fini(&history);
    watched_fini(&watched);
}
END_TEST

/* A job that its host took with it: its duration is not its own. */
START_TEST(jobs_that_a_host_took_with_it_have_no_duration)
{
    const char *const jobs = "run_id,created_at,started_at,finished_at,runner\n"
                             "1,0,10,90,a-1\n2,0,95,200,a-1\n3,0,95,200,b\n4,300,310,400,a\n";
    char path[] = "/tmp/understudy-watched-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, jobs, strlen(jobs)), (int)strlen(jobs));
    close(fd);
    ck_assert_int_eq(read_text("at,host,up\n0,a,1\n0,b,1\n100,a,0\n160,a,1\n1000,a,\n"), UND_OK);
    ck_assert_msg(history_read(&history, path, NULL, 0, &err) == UND_OK, "%s", err.text);
    unlink(path);
    watched_cut(&watched, &history);
    ck_assert_int_eq(history.flaw[FLAW_OUTAGE], 1);
    ck_assert_int_eq(history.flaw_line[FLAW_OUTAGE], 3);
    ck_assert_int_eq(history.row[1].duration_ms, -1);
    ck_assert_int_eq(history.row[2].duration_ms, 105 * SECOND);
    history_fini(&history);
    watched_fini(&watched);
}
END_TEST

static const struct {
    const char *text, *says;
} bad[] = {
    {"", "1: "},
    {"host,up\na,1\n", "columns: got nothing, want one named at"},
    {"at,up\n0,1\n", "columns: got nothing, want one named host"},
    {"at,host,bussy\n0,a,1\n", "want maybe busy"},
    {"at,host,up,up\n0,a,1,1\n", "want each column once"},
    {"at,host,up\n", "hosts: got none"},
    {"at,host,queued\n0,,3\n", "hosts: got none"},
    {"at,host,up\n0,a,2\n", ":2: up: got 2, want 0, 1 or nothing"},
    {"at,host,busy\n0,a,-1\n", ":2: busy: got -1"},
    {"at,host,busy\n0,a,1.5\n", ":2: busy: got 1.5"},
    {"at,host,up\nsoon,a,1\n", ":2: at: got soon, want a time"},
    {"at,host,up\n10,a,1\n10,a,1\n", ":3: at: got 10, want a time after"},
    {"at,host,up\n0,a\n", "as many as the header has"},
};

START_TEST(bad_files_are_refused)
{
    ck_assert_int_eq(read_text(bad[_i].text), UND_USAGE);
    ck_assert_msg(strstr(err.text, bad[_i].says) != NULL, "%s", err.text);
    watched_fini(&watched);
}
END_TEST

START_TEST(nothing_that_becomes_busy_is_said)
{
    ck_assert_int_eq(read_text("at,host,up,busy\n0,a,1,0\n60,a,1,0\n"), UND_OK);
    ck_assert_int_eq(watched_jobs(&watched, &history, &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "busy: got no slot that becomes busy"));
    history_fini(&history);
    watched_fini(&watched);
}
END_TEST

/* Half of the runs fail with all of their four jobs: 100 runs are worth about 100 jobs and not 400,
 * so that the interval is that of 50 of 100. */
START_TEST(jobs_of_a_run_fail_together)
{
    char path[] = "/tmp/understudy-watched-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    static struct fit fit;
    struct fit_wish wish = {.untested = true};
    int run, job;
    fputs("id,run_id,status,created_at,started_at,finished_at\n", file);
    for (run = 0; run < 100; run++)
        for (job = 0; job < 4; job++)
            fprintf(file, "%d,%d,%s,%d,%d,%d\n", run * 4 + job, run,
                    run % 2 ? "failure" : "success", run * 1000, run * 1000 + 5,
                    run * 1000 + 100 + job);
    fclose(file);
    err = (struct und_err){0};
    ck_assert_msg(history_read(&history, path, NULL, 0, &err) == UND_OK, "%s", err.text);
    unlink(path);
    ck_assert_msg(fit_history(&fit, &history, &wish, &err) == UND_OK, "%s", err.text);
    ck_assert_double_eq_tol(fit.failed.value, 0.5, 1e-9);
    ck_assert_double_eq_tol(fit.failed.interval.low, 0.398, 0.005);
    ck_assert_double_eq_tol(fit.failed.interval.high, 0.602, 0.005);
    fit_fini(&fit);
    history_fini(&history);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("watched");
    TCase *tcase = tcase_create("watched");
    tcase_add_test(tcase, outages_count_where_their_beginning_was_seen);
    tcase_add_test(tcase, jobs_come_out_of_busy_slots);
    tcase_add_test(tcase, jobs_of_before_are_none);
    tcase_add_test(tcase, jobs_that_a_host_took_with_it_have_no_duration);
    tcase_add_loop_test(tcase, bad_files_are_refused, 0, (int)(sizeof bad / sizeof *bad));
    tcase_add_test(tcase, nothing_that_becomes_busy_is_said);
    tcase_add_test(tcase, jobs_of_a_run_fail_together);
    suite_add_tcase(all, tcase);
    return all;
}
