/* Rolling back what a dead drill left: written down before it is tried, tried until it works, told
 * truly when it does not. */
#include "live/act/action.h"
#include "live/act/rollback.h"
#include "live/http/http.h"
#include "tests/support/helpers.h"
#include "tests/support/scripted_server.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OK(call) ck_assert_msg((call) == UND_OK, "%s", err.text)

static const char *folder;
static struct journal *journal;
static struct und_err err;
static struct fleet fleet;
static int64_t run;
static char told[4096];

static int64_t begin(enum journal_kind kind, const char *name)
{
    json_t *about = json_object();
    int64_t id;
    OK(journal_begin(journal, kind, name, about, &id, &err));
    json_decref(about);
    return id;
}

static const char *path_of(const char *name)
{
    static char path[4][160];
    static int next;
    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
    return path[next];
}

static void set_up(void)
{
    folder = script_folder();
    err = (struct und_err){0};
    told[0] = '\0';
    OK(journal_open(&journal, path_of("journal.db"), &err));
    run = begin(JOURNAL_DRILL, "dead");
}

static void tear_down(void)
{
    journal_close(journal);
    script_remove_folder(folder);
}

static void listen_to(void *context, const char *line)
{
    size_t n = strlen(told);
    (void)context;
    snprintf(told + n, sizeof told - n, "%s\n", line);
}

/* A step of the dead drill whose undo is this shell script, run in the test's folder. */
static void leave(const char *name, const char *script, int64_t lease_until_ms)
{
    struct journal_step step = {.run = run, .lease_until_ms = lease_until_ms};
    struct action_command undo = {.timeout_ms = 5000, .argv = {.n = 3}};
    strcpy(step.name, name);
    strcpy(undo.argv.arg[0], "sh");
    strcpy(undo.argv.arg[1], "-c");
    snprintf(undo.argv.arg[2], sizeof undo.argv.arg[2], "cd %s && %s", folder, script);
    OK(action_command(step.undo, &undo, NULL, &err));
    OK(journal_intend(journal, &step, &err));
}

/* The events of a step so far, in order, as the file has them. */
static const char *history(const char *file, int64_t step)
{
    static const char *const words[JOURNAL_EVENTS] = {"intended", "done",  "failed", "undoing",
                                                      "undone",   "stuck", "closed"};
    static char text[512];
    sqlite3 *db;
    sqlite3_stmt *query;
    text[0] = '\0';
    ck_assert_int_eq(sqlite3_open(path_of(file), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db,
                                        "SELECT event FROM step_event WHERE step = ? ORDER BY id",
                                        -1, &query, NULL),
                     SQLITE_OK);
    sqlite3_bind_int64(query, 1, step);
    while (sqlite3_step(query) == SQLITE_ROW) {
        int event = sqlite3_column_int(query, 0);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", text[0] ? " " : "",
                 words[event]);
    }
    sqlite3_finalize(query);
    sqlite3_close(db);
    return text;
}

static enum und_code roll_back(int64_t patience_ms)
{
    return rollback_all(journal, &fleet, patience_ms, listen_to, NULL, &err);
}

/* The undo itself sees in the journal that it is about to be tried. */
START_TEST(an_undo_is_written_down_before_it_is_tried)
{
    leave("a", "cp journal.db seen.db && cp journal.db-wal seen.db-wal", -1);
    ck_assert_msg(roll_back(2000) == UND_OK, "%s", err.text);
    ck_assert_str_eq(history("journal.db", 1), "undoing undone");
    ck_assert_str_eq(history("seen.db", 1), "undoing");
}
END_TEST

START_TEST(what_fails_once_is_tried_again_and_both_are_written_down)
{
    leave("a", "echo x >>tries; [ $(wc -l <tries) -eq 3 ]", -1);
    ck_assert_msg(roll_back(20000) == UND_OK, "%s", err.text);
    ck_assert_str_eq(history("journal.db", 1), "undoing stuck undoing stuck undoing undone");
    ck_assert_str_eq(told, "undone: a\n");
}
END_TEST

START_TEST(one_that_stays_keeps_no_other_from_being_undone)
{
    leave("first", "touch first", -1);
    leave("stays", "exit 7", -1);
    leave("last", "touch last", -1);
    ck_assert_int_eq(roll_back(300), UND_STUCK);
    ck_assert_int_eq(access(path_of("first"), F_OK), 0);
    ck_assert_int_eq(access(path_of("last"), F_OK), 0);
    ck_assert_ptr_nonnull(strstr(err.text, "left undone: stays"));
    ck_assert_ptr_nonnull(strstr(err.text, "exit 7"));
    ck_assert_ptr_nonnull(strstr(told, "left undone: step 2, stays"));
    ck_assert_ptr_nonnull(strstr(told, "by hand: sh -c 'cd "));
}
END_TEST

START_TEST(only_a_lease_that_still_runs_is_promised)
{
    leave("a", "false", http_wall_ms() + (_i == 0 ? -1000 : 600000));
    ck_assert_int_eq(roll_back(100), UND_STUCK);
    ck_assert_int_eq(strstr(err.text, "its lease undoes it at") != NULL, _i);
}
END_TEST

/* A start ends the books of drills that died; those of a monitor, or of a drill that ended itself,
 * are not its own. */
START_TEST(only_the_books_of_dead_drills_are_closed)
{
    int64_t watching = begin(JOURNAL_MONITOR, "watching"), over = begin(JOURNAL_DRILL, "over");
    struct journal_run runs[4];
    size_t n = 4;
    OK(journal_end(journal, over, 0, "as it ended itself", &err));
    OK(rollback_finish(journal, &fleet, 1000, listen_to, NULL, &err));
    OK(journal_runs(journal, runs, &n, &err));
    ck_assert_uint_eq(n, 3);
    ck_assert_str_eq(runs[0].outcome, "as it ended itself");
    ck_assert_int_eq(runs[1].id, watching);
    ck_assert_int_eq(runs[1].ended_ms, -1);
    ck_assert_int_eq(runs[2].id, run);
    ck_assert_int_ge(runs[2].ended_ms, runs[2].began_ms);
    ck_assert_int_eq(runs[2].exit_code, UND_STOPPED);
    ck_assert_ptr_nonnull(strstr(told, "run 1 (dead) had died before its end"));
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("rollback");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, an_undo_is_written_down_before_it_is_tried);
    tcase_add_test(tcase, what_fails_once_is_tried_again_and_both_are_written_down);
    tcase_add_test(tcase, one_that_stays_keeps_no_other_from_being_undone);
    tcase_add_loop_test(tcase, only_a_lease_that_still_runs_is_promised, 0, 2);
    tcase_add_test(tcase, only_the_books_of_dead_drills_are_closed);
    suite_add_tcase(all, tcase);
    return all;
}
