/* What the journal keeps: every row that was acknowledged, whatever ends the process; history that
 * nobody changes; which steps are open; decisions and settings that come back to the bit. */
#include "live/journal/record.h"
#include "tests/support/helpers.h"
#include "tests/support/journal_fixture.h"
#include "tests/support/sql.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int syncs; /* of any file by this process */

/* SQLite calls these: nobody else can see whether it does, for the setting is the connection's. */
int fsync(int file)
{
    syncs++;
    return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file)
{
    syncs++;
    return (int)syscall(SYS_fdatasync, file);
}

static struct journal_fixture kept;

static void set_up(void)
{
    journal_fixture_open(&kept);
}

static void tear_down(void)
{
    journal_fixture_close(&kept);
}

/* Whatever is acknowledged must outlive a loss of power, not only the process. */
START_TEST(every_acknowledged_row_is_on_the_disk)
{
    struct journal_step step;
    int64_t run;
    int before;
    journal_fixture_reopen(&kept);
    before = syncs;
    run = journal_fixture_begin(&kept);
    ck_assert_int_gt(syncs, before);
    before = syncs;
    step = journal_fixture_intend(&kept, run, "first", "{\"undo\":1}");
    ck_assert_int_gt(syncs, before);
    before = syncs;
    JOURNAL_OK(kept, journal_event(kept.journal, step.id, JOURNAL_DONE, "", &kept.err));
    ck_assert_int_gt(syncs, before);
}
END_TEST

/* Of a newer version, or a damaged row: undoing what is undone already does no harm. */
START_TEST(an_event_that_nobody_knows_leaves_its_step_open)
{
    struct journal_step *steps;
    size_t n;
    journal_fixture_reopen(&kept);
    journal_fixture_intend(&kept, journal_fixture_begin(&kept), "first", "{\"undo\":1}");
    journal_fixture_sql(&kept,
                        "INSERT INTO step_event (step, at_ms, event, note) VALUES (1, 0, 99, '')",
                        SQLITE_OK);
    JOURNAL_OK(kept, journal_open_steps(kept.journal, 0, &steps, &n, &kept.err));
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(steps[0].last, JOURNAL_INTENDED);
    free(steps);
}
END_TEST

START_TEST(settling_ends_every_open_step_with_that_undo_and_no_other)
{
    static const char *const other[] = {"other"};
    struct journal_step undone;
    int64_t run;
    journal_fixture_reopen(&kept);
    run = journal_fixture_begin(&kept);
    journal_fixture_intend(&kept, run, "one", "{\"undo\":1}");
    journal_fixture_intend(&kept, run, "other", "{\"undo\":2}");
    journal_fixture_intend(&kept, run, "another one", "{\"undo\":1}");
    undone = journal_fixture_intend(&kept, run, "undone already", "{\"undo\":1}");
    JOURNAL_OK(kept, journal_event(kept.journal, undone.id, JOURNAL_DONE, "", &kept.err));
    JOURNAL_OK(kept,
               journal_event(kept.journal, undone.id, JOURNAL_UNDONE, "by itself", &kept.err));
    JOURNAL_OK(kept, journal_settle(kept.journal, "{\"undo\":1}", "done by another", &kept.err));
    ck_assert_uint_eq(journal_fixture_open_steps(&kept, other, 1), 1);
    ck_assert_int_eq(
        sql_number(kept.path, "SELECT count(*) FROM step_event WHERE note = 'done by another'"), 2);
}
END_TEST

START_TEST(step_is_open_from_its_intention_to_its_undoing)
{
    static const char *const both[] = {"second", "first"}, *const first[] = {"first"};
    struct journal_step a, b, c;
    int64_t run;
    journal_fixture_reopen(&kept);
    run = journal_fixture_begin(&kept);
    a = journal_fixture_intend(&kept, run, "first", "{\"undo\":1}");
    ck_assert_uint_eq(journal_fixture_open_steps(&kept, first, 1),
                      1); /* the crash may come before we know */
    JOURNAL_OK(kept, journal_event(kept.journal, a.id, JOURNAL_DONE, "", &kept.err));
    b = journal_fixture_intend(&kept, run, "second", "{\"undo\":2}");
    JOURNAL_OK(kept, journal_event(kept.journal, b.id, JOURNAL_FAILED, "exit 1", &kept.err));
    c = journal_fixture_intend(&kept, run, "look only", "");
    JOURNAL_OK(kept, journal_event(kept.journal, c.id, JOURNAL_DONE, "", &kept.err));
    ck_assert_uint_eq(journal_fixture_open_steps(&kept, both, 2),
                      2); /* the last one first; failed counts; c has no undo */
    JOURNAL_OK(kept, journal_event(kept.journal, b.id, JOURNAL_UNDOING, "", &kept.err));
    JOURNAL_OK(kept,
               journal_event(kept.journal, b.id, JOURNAL_STUCK, "host unreachable", &kept.err));
    ck_assert_uint_eq(journal_fixture_open_steps(&kept, both, 2), 2);
    JOURNAL_OK(kept, journal_event(kept.journal, b.id, JOURNAL_UNDONE, "", &kept.err));
    ck_assert_uint_eq(journal_fixture_open_steps(&kept, first, 1), 1);
    journal_fixture_reopen(&kept);
    ck_assert_uint_eq(journal_fixture_open_steps(&kept, first, 1), 1);
    JOURNAL_OK(kept, journal_event(kept.journal, a.id, JOURNAL_UNDONE, "", &kept.err));
    ck_assert_uint_eq(journal_fixture_open_steps(&kept, NULL, 0), 0);
}
END_TEST

START_TEST(steps_come_back_as_they_were_written)
{
    struct journal_step *steps = NULL;
    struct journal_step step = {.lease_until_ms = 123456};
    bool open;
    journal_fixture_reopen(&kept);
    step.run = journal_fixture_begin(&kept);
    strcpy(step.name, "stop 'the' service; DROP TABLE step");
    strcpy(step.host, "dell-r640-01-runner");
    strcpy(step.action, "{\"argv\":[\"ssh\",\"\\u00e9\"]}");
    strcpy(step.undo, "{\"argv\":[\"start\"]}");
    JOURNAL_OK(kept, journal_intend(kept.journal, &step, &kept.err));
    JOURNAL_OK(kept, journal_event(kept.journal, step.id, JOURNAL_DONE, "", &kept.err));
    JOURNAL_OK(kept, journal_step(kept.journal, step.id, &steps, &open, &kept.err));
    ck_assert(open);
    ck_assert_str_eq(steps[0].name, step.name);
    ck_assert_str_eq(steps[0].host, step.host);
    ck_assert_str_eq(steps[0].action, step.action);
    ck_assert_str_eq(steps[0].undo, step.undo);
    ck_assert_int_eq(steps[0].lease_until_ms, 123456);
    ck_assert_int_eq(steps[0].at_ms, step.at_ms);
    ck_assert_int_eq(steps[0].last, JOURNAL_DONE);
    free(steps);
}
END_TEST

START_TEST(history_cannot_be_changed)
{
    struct journal_step step;
    int64_t run;
    journal_fixture_reopen(&kept);
    run = journal_fixture_begin(&kept);
    step = journal_fixture_intend(&kept, run, "first", "{\"undo\":1}");
    JOURNAL_OK(kept, journal_event(kept.journal, step.id, JOURNAL_DONE, "", &kept.err));
    JOURNAL_OK(kept, journal_note(kept.journal, run, "t", "x", &kept.err));
    JOURNAL_OK(kept, journal_end(kept.journal, run, 0, "held", &kept.err));
    journal_fixture_sql(&kept, "UPDATE step SET undo = ''", SQLITE_CONSTRAINT);
    journal_fixture_sql(&kept, "DELETE FROM step", SQLITE_CONSTRAINT);
    journal_fixture_sql(&kept, "UPDATE step_event SET event = 4", SQLITE_CONSTRAINT);
    journal_fixture_sql(&kept, "DELETE FROM step_event", SQLITE_CONSTRAINT);
    journal_fixture_sql(&kept, "DELETE FROM note", SQLITE_CONSTRAINT);
    journal_fixture_sql(&kept, "DELETE FROM run_end", SQLITE_CONSTRAINT);
    journal_fixture_sql(&kept, "DELETE FROM run", SQLITE_CONSTRAINT);
}
END_TEST

START_TEST(runs_tell_how_they_ended)
{
    struct journal_run runs[4];
    size_t n = 4;
    int64_t first, second;
    journal_fixture_reopen(&kept);
    first = journal_fixture_begin(&kept);
    JOURNAL_OK(kept, journal_end(kept.journal, first, 4, "stopped and rolled back", &kept.err));
    second = journal_fixture_begin(&kept); /* died */
    JOURNAL_OK(kept, journal_runs(kept.journal, runs, &n, &kept.err));
    ck_assert_uint_eq(n, 2);
    ck_assert_int_eq(runs[0].id, second);
    ck_assert_int_eq(runs[0].ended_ms, -1);
    ck_assert_int_eq(runs[1].exit_code, 4);
    ck_assert_str_eq(runs[1].outcome, "stopped and rolled back");
    ck_assert_int_eq(journal_end(kept.journal, first, 0, "no: it held", &kept.err), UND_SERVICE);
}
END_TEST

static int64_t seen;

static enum und_code check_decision(void *context, int64_t number, int64_t now_ms, int64_t wall_ms,
                                    const struct view *view, const struct plan *plan,
                                    struct und_err *e)
{
    const struct view *expected = context;
    (void)wall_ms, (void)e;
    seen++;
    ck_assert_int_eq(number, seen);
    ck_assert_int_eq(now_ms, 1000 * seen);
    ck_assert_int_eq(view->n, expected->n);
    ck_assert_int_eq(view->paused, expected->paused);
    ck_assert_mem_eq(view->age_ms, expected->age_ms, sizeof view->age_ms);
    ck_assert_mem_eq(view->host, expected->host, 2 * sizeof view->host[0]);
    ck_assert_int_eq(plan->host[1].admitted, 4);
    ck_assert_uint_eq(plan->host[0].notices, 1u << NOTICE_FAILOVER);
    return UND_OK;
}

START_TEST(decisions_come_back_to_the_bit)
{
    struct view view;
    struct plan plan;
    int64_t run, i;
    memset(&view, 0, sizeof view);
    memset(&plan, 0, sizeof plan);
    view.n = plan.n = 2;
    view.age_ms[FEED_PROBE] = 1LL << 40;
    view.paused = true;
    view.host[0].slots = 8, view.host[0].offline_readings = 3, view.host[0].alerts = 5;
    view.host[1].slots = 4, view.host[1].online = 4, view.host[1].busy = 2;
    view.host[1].routed = 3;
    view.host[1].tier = TIER_BACKUP, view.host[1].probe = PROBE_UP, view.host[1].maintenance = true;
    plan.host[0].notices = 1u << NOTICE_FAILOVER;
    plan.host[1].admitted = 4;
    journal_fixture_reopen(&kept);
    run = journal_fixture_begin(&kept);
    for (i = 1; i <= 3; i++)
        JOURNAL_OK(kept, journal_decision(kept.journal, run, 1000 * i, &view, &plan, &kept.err));
    seen = 0;
    JOURNAL_OK(kept, journal_decisions(kept.journal, run, check_decision, &view, &kept.err));
    ck_assert_int_eq(seen, 3);
}
END_TEST

START_TEST(edited_decisions_are_named)
{
    static const char *const edits[][2] = {
        {"'{}'", "view.paused: want true or false"},
        {"'{\"paused\":true,\"age_ms\":[1,2]}'", "view.age_ms: got 2 ages, want 3"},
        {"'{\"paused\":true,\"age_ms\":[1,2,-3]}'", "view.age_ms[2]: want an age of at least 0"},
        {"'{\"paused\":true,\"age_ms\":[1,2,3],\"host\":[]}'", "host: got 0 entries, want 1..64"},
        {"'{\"paused\":true,\"age_ms\":[1,2,3],\"host\":[{\"slots\":0}]}'",
         "view.host[0].slots: got 0, want 1..256"},
        {"'no JSON'", "view.paused: want"}};
    char sql[256];
    int64_t run;
    journal_fixture_reopen(&kept);
    run = journal_fixture_begin(&kept);
    snprintf(sql, sizeof sql, "INSERT INTO decision VALUES (%d, 7, 0, 0, %s, '{}')", (int)run,
             edits[_i][0]);
    journal_fixture_sql(&kept, sql, SQLITE_OK);
    ck_assert_int_eq(journal_decisions(kept.journal, run, check_decision, NULL, &kept.err),
                     UND_USAGE);
    ck_assert_ptr_nonnull(strstr(kept.err.text, "run 1, decision 7: "));
    ck_assert_msg(strstr(kept.err.text, edits[_i][1]) != NULL, "%s", kept.err.text);
}
END_TEST

/* The child says on the pipe what it has been told is on disk; whatever it said must be there. */
static void write_until_killed(int out)
{
    struct journal_step step = {.lease_until_ms = -1, .undo = "{\"undo\":1}"};
    unsigned char one = 1;
    if (journal_open(&kept.journal, kept.path, &kept.err) != UND_OK)
        _exit(1);
    step.run = journal_fixture_begin(&kept);
    for (;;) {
        if (journal_intend(kept.journal, &step, &kept.err) != UND_OK || write(out, &one, 1) != 1)
            _exit(1);
    }
}

START_TEST(what_was_acknowledged_survives_kill_9)
{
    int pipes[2], said = 0, status;
    unsigned char one;
    pid_t child;
    ck_assert_int_eq(pipe(pipes), 0);
    child = fork();
    if (child == 0)
        write_until_killed(pipes[1]);
    close(pipes[1]);
    for (said = 0; said < 5 + 7 * _i; said++)
        ck_assert_int_eq(read(pipes[0], &one, 1), 1);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    ck_assert(WIFSIGNALED(status));
    while (read(pipes[0], &one, 1) == 1)
        said++;
    close(pipes[0]);
    journal_fixture_reopen(&kept);
    ck_assert_uint_ge(journal_fixture_open_steps(&kept, NULL, 0), (size_t)said);
    ck_assert_uint_le(journal_fixture_open_steps(&kept, NULL, 0), (size_t)said + 1);
}
END_TEST

/* A journal from before there were signs has none of their keys, and one without signs neither. */
START_TEST(evidence_beyond_the_document_comes_back_and_may_be_missing)
{
    struct policy_config config = {.confirm = 3, .partial_pm = 600, .returns = 3};
    struct policy_config back;
    struct view view = {.n = 1, .host[0] = {.slots = 8, .signs = 1u << SIGN_DEAF, .running = 2}};
    json_t *value, *again;
    config.signs[SIGN_PARTIAL] = (struct policy_sign){1u << REMEDY_DRAIN, 600000};
    config.returns_within_ms = 1800000;
    config.hold_ms = 3600000;
    value = record_config(&config);
    JOURNAL_OK(kept, record_read_config(&back, value, "policy", &kept.err));
    again = record_config(&back);
    ck_assert(json_equal(again, value));
    json_decref(again);
    ck_assert_int_eq(back.signs[SIGN_PARTIAL].lasts_ms, 600000);
    ck_assert_int_eq(back.hold_ms, 3600000);
    ck_assert_ptr_null(json_object_get(value, "deaf_then"));
    json_object_set_new(value, "partial_then", json_integer(4));
    ck_assert_int_eq(record_read_config(&back, value, "policy", &kept.err), UND_USAGE);
    json_decref(value);
    value = record_view(&view);
    JOURNAL_OK(kept, record_read_view(&view, value, "view", &kept.err));
    ck_assert_uint_eq(view.host[0].signs, 1u << SIGN_DEAF);
    ck_assert_int_eq(view.host[0].running, 2);
    json_object_del(json_array_get(json_object_get(value, "host"), 0), "signs");
    JOURNAL_OK(kept, record_read_view(&view, value, "view", &kept.err));
    ck_assert_uint_eq(view.host[0].signs, 0);
    json_decref(value);
}
END_TEST

START_TEST(policy_settings_come_back)
{
    struct policy_config config = {.persist_ms = 300000,
                                   .ramp_ms = 600000,
                                   .stale_after_ms = 90000,
                                   .max_failovers = 3,
                                   .health_checks = 2,
                                   .confirm = 3,
                                   .severities = 0xc,
                                   .overflow = true};
    struct policy_config back;
    json_t *value = record_config(&config);
    JOURNAL_OK(kept, record_read_config(&back, value, "policy", &kept.err));
    ck_assert_int_eq(back.persist_ms, 300000);
    ck_assert_int_eq(back.stale_after_ms, 90000);
    ck_assert_int_eq(back.confirm, 3);
    ck_assert_uint_eq(back.severities, 0xc);
    ck_assert(back.overflow);
    json_object_set_new(value, "confirm", json_string("3"));
    ck_assert_int_eq(record_read_config(&back, value, "policy", &kept.err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(kept.err.text, "policy.confirm: want an integer"));
    json_decref(value);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("journal");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, every_acknowledged_row_is_on_the_disk);
    tcase_add_test(tcase, an_event_that_nobody_knows_leaves_its_step_open);
    tcase_add_test(tcase, settling_ends_every_open_step_with_that_undo_and_no_other);
    tcase_add_test(tcase, step_is_open_from_its_intention_to_its_undoing);
    tcase_add_test(tcase, steps_come_back_as_they_were_written);
    tcase_add_test(tcase, history_cannot_be_changed);
    tcase_add_test(tcase, runs_tell_how_they_ended);
    tcase_add_test(tcase, decisions_come_back_to_the_bit);
    tcase_add_loop_test(tcase, edited_decisions_are_named, 0, 6);
    tcase_add_loop_test(tcase, what_was_acknowledged_survives_kill_9, 0, 5);
    tcase_add_test(tcase, evidence_beyond_the_document_comes_back_and_may_be_missing);
    tcase_add_test(tcase, policy_settings_come_back);
    suite_add_tcase(all, tcase);
    return all;
}
