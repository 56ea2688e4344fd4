/* The journal: durable, append-only, one writer that acts, and what is open after a crash. */
#include "live/http/http.h"
#include "live/journal/journal.h"
#include "live/journal/record.h"
#include "tests/support/helpers.h"
#include "tests/support/scripted_server.h"
#include "tests/support/sql.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
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

static const char *folder;
static char path[128];
static struct journal *journal;
static struct und_err err;

static void set_up(void)
{
    folder = script_folder();
    snprintf(path, sizeof path, "%s/journal.db", folder);
    err = (struct und_err){0};
    journal = NULL;
}

static void tear_down(void)
{
    journal_close(journal);
    script_remove_folder(folder);
}

#define OK(call) ck_assert_msg((call) == UND_OK, "%s", err.text)

static void reopen(void)
{
    journal_close(journal);
    journal = NULL;
    err = (struct und_err){0};
    OK(journal_open(&journal, path, &err));
}

static int64_t begin(void)
{
    json_t *about = json_pack("{s:s}", "plan", "none");
    int64_t run;
    OK(journal_begin(journal, JOURNAL_DRILL, "primary-hard-stop", about, &run, &err));
    json_decref(about);
    return run;
}

static struct journal_step intend(int64_t run, const char *name, const char *undo)
{
    struct journal_step step = {.run = run, .lease_until_ms = -1, .action = "{\"do\":1}"};
    strcpy(step.name, name);
    strcpy(step.undo, undo);
    OK(journal_intend(journal, &step, &err));
    return step;
}

static size_t open_steps(const char *const *names, size_t n)
{
    struct journal_step *steps;
    size_t got, i;
    OK(journal_open_steps(journal, 0, &steps, &got, &err));
    for (i = 0; i < n && i < got; i++)
        ck_assert_str_eq(steps[i].name, names[i]);
    free(steps);
    return got;
}

static void run_sql(const char *sql, int expected)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), expected);
    sqlite3_close(db);
}

static int64_t count(const char *sql)
{
    return sql_number(path, sql);
}

START_TEST(new_journal_is_private_and_read_beside_its_writer)
{
    struct stat status;
    sqlite3 *db;
    reopen();
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_stmt *statement;
    sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &statement, NULL);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    ck_assert_str_eq((const char *)sqlite3_column_text(statement, 0), "wal");
    sqlite3_finalize(statement);
    sqlite3_close(db);
}
END_TEST

/* Whatever is acknowledged must outlive a loss of power, not only the process. */
START_TEST(every_acknowledged_row_is_on_the_disk)
{
    struct journal_step step;
    int64_t run;
    int before;
    reopen();
    before = syncs;
    run = begin();
    ck_assert_int_gt(syncs, before);
    before = syncs;
    step = intend(run, "first", "{\"undo\":1}");
    ck_assert_int_gt(syncs, before);
    before = syncs;
    OK(journal_event(journal, step.id, JOURNAL_DONE, "", &err));
    ck_assert_int_gt(syncs, before);
}
END_TEST

/* Of a newer version, or a damaged row: undoing what is undone already does no harm. */
START_TEST(an_event_that_nobody_knows_leaves_its_step_open)
{
    struct journal_step *steps;
    size_t n;
    reopen();
    intend(begin(), "first", "{\"undo\":1}");
    run_sql("INSERT INTO step_event (step, at_ms, event, note) VALUES (1, 0, 99, '')", SQLITE_OK);
    OK(journal_open_steps(journal, 0, &steps, &n, &err));
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
    reopen();
    run = begin();
    intend(run, "one", "{\"undo\":1}");
    intend(run, "other", "{\"undo\":2}");
    intend(run, "another one", "{\"undo\":1}");
    undone = intend(run, "undone already", "{\"undo\":1}");
    OK(journal_event(journal, undone.id, JOURNAL_DONE, "", &err));
    OK(journal_event(journal, undone.id, JOURNAL_UNDONE, "by itself", &err));
    OK(journal_settle(journal, "{\"undo\":1}", "done by another", &err));
    ck_assert_uint_eq(open_steps(other, 1), 1);
    ck_assert_int_eq(count("SELECT count(*) FROM step_event WHERE note = 'done by another'"), 2);
}
END_TEST

START_TEST(step_is_open_from_its_intention_to_its_undoing)
{
    static const char *const both[] = {"second", "first"}, *const first[] = {"first"};
    struct journal_step a, b, c;
    int64_t run;
    reopen();
    run = begin();
    a = intend(run, "first", "{\"undo\":1}");
    ck_assert_uint_eq(open_steps(first, 1), 1); /* the crash may come before we know */
    OK(journal_event(journal, a.id, JOURNAL_DONE, "", &err));
    b = intend(run, "second", "{\"undo\":2}");
    OK(journal_event(journal, b.id, JOURNAL_FAILED, "exit 1", &err));
    c = intend(run, "look only", "");
    OK(journal_event(journal, c.id, JOURNAL_DONE, "", &err));
    ck_assert_uint_eq(open_steps(both, 2),
                      2); /* the last one first; failed counts; c has no undo */
    OK(journal_event(journal, b.id, JOURNAL_UNDOING, "", &err));
    OK(journal_event(journal, b.id, JOURNAL_STUCK, "host unreachable", &err));
    ck_assert_uint_eq(open_steps(both, 2), 2);
    OK(journal_event(journal, b.id, JOURNAL_UNDONE, "", &err));
    ck_assert_uint_eq(open_steps(first, 1), 1);
    reopen();
    ck_assert_uint_eq(open_steps(first, 1), 1);
    OK(journal_event(journal, a.id, JOURNAL_UNDONE, "", &err));
    ck_assert_uint_eq(open_steps(NULL, 0), 0);
}
END_TEST

START_TEST(steps_come_back_as_they_were_written)
{
    struct journal_step *steps = NULL;
    struct journal_step step = {.lease_until_ms = 123456};
    bool open;
    reopen();
    step.run = begin();
    strcpy(step.name, "stop 'the' service; DROP TABLE step");
    strcpy(step.host, "dell-r640-01-runner");
    strcpy(step.action, "{\"argv\":[\"ssh\",\"\\u00e9\"]}");
    strcpy(step.undo, "{\"argv\":[\"start\"]}");
    OK(journal_intend(journal, &step, &err));
    OK(journal_event(journal, step.id, JOURNAL_DONE, "", &err));
    OK(journal_step(journal, step.id, &steps, &open, &err));
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
    reopen();
    run = begin();
    step = intend(run, "first", "{\"undo\":1}");
    OK(journal_event(journal, step.id, JOURNAL_DONE, "", &err));
    OK(journal_note(journal, run, "t", "x", &err));
    OK(journal_end(journal, run, 0, "held", &err));
    run_sql("UPDATE step SET undo = ''", SQLITE_CONSTRAINT);
    run_sql("DELETE FROM step", SQLITE_CONSTRAINT);
    run_sql("UPDATE step_event SET event = 4", SQLITE_CONSTRAINT);
    run_sql("DELETE FROM step_event", SQLITE_CONSTRAINT);
    run_sql("DELETE FROM note", SQLITE_CONSTRAINT);
    run_sql("DELETE FROM run_end", SQLITE_CONSTRAINT);
    run_sql("DELETE FROM run", SQLITE_CONSTRAINT);
}
END_TEST

START_TEST(runs_tell_how_they_ended)
{
    struct journal_run runs[4];
    size_t n = 4;
    int64_t first, second;
    reopen();
    first = begin();
    OK(journal_end(journal, first, 4, "stopped and rolled back", &err));
    second = begin(); /* died */
    OK(journal_runs(journal, runs, &n, &err));
    ck_assert_uint_eq(n, 2);
    ck_assert_int_eq(runs[0].id, second);
    ck_assert_int_eq(runs[0].ended_ms, -1);
    ck_assert_int_eq(runs[1].exit_code, 4);
    ck_assert_str_eq(runs[1].outcome, "stopped and rolled back");
    ck_assert_int_eq(journal_end(journal, first, 0, "no: it held", &err), UND_SERVICE);
}
END_TEST

START_TEST(newer_and_other_files_are_refused)
{
    FILE *file;
    reopen();
    journal_close(journal);
    run_sql("PRAGMA user_version = 2", SQLITE_OK);
    ck_assert_int_eq(journal_open(&journal, path, &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "got version 2, want at most 1: it was written by a "
                                           "newer understudy"));
    run_sql("PRAGMA user_version = 1; PRAGMA application_id = 7", SQLITE_OK);
    err = (struct und_err){0};
    ck_assert_int_eq(journal_open(&journal, path, &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "got another database, want one of ours"));
    file = fopen(path, "w");
    fputs("Dear diary, this is no database but long enough to be looked at as if it were one.",
          file);
    fclose(file);
    err = (struct und_err){0};
    ck_assert_int_ne(journal_open(&journal, path, &err), UND_OK);
    ck_assert_ptr_nonnull(strstr(err.text, "file is not a database"));
    err = (struct und_err){0};
    ck_assert_int_eq(journal_open_readonly(&journal, "/nowhere/j.db", &err), UND_USAGE);
    ck_assert_ptr_null(journal);
}
END_TEST

/* Whoever could write to it could choose the commands of a rollback. */
static void refused(const char *says)
{
    err = (struct und_err){0};
    ck_assert_int_eq(journal_open(&journal, path, &err), UND_USAGE);
    ck_assert_msg(strstr(err.text, says) != NULL, "%s", err.text);
    ck_assert_ptr_null(journal);
}

START_TEST(journal_that_others_can_write_to_is_refused)
{
    reopen();
    journal_close(journal);
    journal = NULL;
    ck_assert_int_eq(chmod(path, 0660), 0);
    refused("got mode 0660, want one that nobody else may write to (chmod 600 ");
    ck_assert_int_eq(chmod(path, 0644), 0); /* reading does no harm: it holds no credential */
    reopen();
    journal_close(journal);
    journal = NULL;
    ck_assert_int_eq(chmod(folder, 0777), 0);
    refused("anybody may replace it in its folder (mode 0777)");
    ck_assert_int_eq(chmod(folder, 01777), 0); /* like /tmp */
    reopen();
    journal_close(journal);
    journal = NULL;
    if (geteuid() != 0)
        return; /* only root can give a file away */
    ck_assert_int_eq(chown(path, 12345, 12345), 0);
    refused("got owner 12345, want 0");
}
END_TEST

START_TEST(planted_files_beside_the_journal_are_refused)
{
    static const char *const sides[] = {"-wal", "-shm", "-journal", ".lock"};
    char side[160];
    snprintf(side, sizeof side, "%s%s", path, sides[_i]);
    ck_assert_int_eq(symlink("/etc/passwd", side), 0);
    refused("want a regular file, no link");
    ck_assert_int_eq(unlink(side), 0);
    ck_assert_int_eq(mkfifo(side, 0600), 0);
    refused("want a regular file, no link");
}
END_TEST

/* By another name it would have another lock. */
START_TEST(link_to_a_journal_is_refused)
{
    char real[160];
    snprintf(real, sizeof real, "%s/real.db", folder);
    OK(journal_open(&journal, real, &err));
    journal_close(journal);
    journal = NULL;
    ck_assert_int_eq(symlink(real, path), 0);
    refused("want a regular file, no link");
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    refused("want a regular file, no link");
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    refused("Is a directory");
}
END_TEST

START_TEST(journal_without_a_version_is_refused)
{
    reopen();
    journal_close(journal);
    journal = NULL;
    run_sql("PRAGMA user_version = 0", SQLITE_OK);
    refused("got version 0, want 1");
}
END_TEST

/* What cannot be written down must not be done: the caller hears of it. */
START_TEST(full_disk_is_an_error_and_the_past_stays)
{
    const struct rlimit small = {256 * 1024, 256 * 1024};
    struct journal_step step = {.lease_until_ms = -1, .undo = "{}"};
    int i;
    reopen();
    step.run = begin();
    intend(step.run, "first", "{\"undo\":1}");
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    memset(step.action, 'x', sizeof step.action - 1);
    for (i = 0; i < 1000 && journal_intend(journal, &step, &err) == UND_OK; i++)
        ;
    ck_assert_int_gt(i, 1);
    ck_assert_int_eq(err.code, UND_SERVICE);
    ck_assert_ptr_nonnull(strstr(err.text, "journal.db: cannot be written: "));
    err = (struct und_err){0};
    reopen();
    ck_assert_uint_ge(open_steps(NULL, 0), (size_t)i + 1);
}
END_TEST

START_TEST(journal_that_another_process_holds_is_an_error)
{
    struct journal_step step = {.lease_until_ms = -1};
    sqlite3 *db;
    reopen();
    step.run = begin();
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(journal_intend(journal, &step, &err), UND_SERVICE);
    ck_assert_ptr_nonnull(strstr(err.text, "database is locked"));
    sqlite3_close(db);
    err = (struct und_err){0};
    OK(journal_intend(journal, &step, &err));
}
END_TEST

/* Every page but the first overwritten. */
START_TEST(corrupted_journal_is_an_error)
{
    struct journal_step *steps;
    size_t n;
    FILE *file;
    int i;
    reopen();
    intend(begin(), "first", "{\"undo\":1}");
    journal_close(journal);
    journal = NULL;
    file = fopen(path, "r+");
    fseek(file, 4096, SEEK_SET);
    for (i = 0; i < 12 * 4096; i++)
        fputc(0xa5, file);
    fclose(file);
    if (journal_open(&journal, path, &err) == UND_OK) {
        ck_assert_int_eq(journal_open_steps(journal, 0, &steps, &n, &err), UND_SERVICE);
        free(steps);
    }
    ck_assert_ptr_nonnull(strstr(err.text, "malformed"));
}
END_TEST

#define OPENERS 16

static int open_when_released(int gate)
{
    char end;
    if (read(gate, &end, 1) != 0 || journal_open(&journal, path, &err) != UND_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    begin();
    return 0;
}

/* A monitor and a drill, both for the first time; sixteen, released together, so that some meet. */
START_TEST(many_processes_may_create_it_at_once)
{
    pid_t child[OPENERS];
    int i, status, gate[2];
    ck_assert_int_eq(pipe(gate), 0);
    for (i = 0; i < OPENERS; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            close(gate[1]);
            _exit(open_when_released(gate[0]));
        }
    }
    close(gate[0]);
    close(gate[1]);
    for (i = 0; i < OPENERS; i++) {
        waitpid(child[i], &status, 0);
        ck_assert_int_eq(status, 0);
    }
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
    reopen();
    run = begin();
    for (i = 1; i <= 3; i++)
        OK(journal_decision(journal, run, 1000 * i, &view, &plan, &err));
    seen = 0;
    OK(journal_decisions(journal, run, check_decision, &view, &err));
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
    reopen();
    run = begin();
    snprintf(sql, sizeof sql, "INSERT INTO decision VALUES (%d, 7, 0, 0, %s, '{}')", (int)run,
             edits[_i][0]);
    run_sql(sql, SQLITE_OK);
    ck_assert_int_eq(journal_decisions(journal, run, check_decision, NULL, &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "run 1, decision 7: "));
    ck_assert_msg(strstr(err.text, edits[_i][1]) != NULL, "%s", err.text);
}
END_TEST

/* The child says on the pipe what it has been told is on disk; whatever it said must be there. */
static void write_until_killed(int out)
{
    struct journal_step step = {.lease_until_ms = -1, .undo = "{\"undo\":1}"};
    unsigned char one = 1;
    if (journal_open(&journal, path, &err) != UND_OK)
        _exit(1);
    step.run = begin();
    for (;;) {
        if (journal_intend(journal, &step, &err) != UND_OK || write(out, &one, 1) != 1)
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
    reopen();
    ck_assert_uint_ge(open_steps(NULL, 0), (size_t)said);
    ck_assert_uint_le(open_steps(NULL, 0), (size_t)said + 1);
}
END_TEST

static pid_t hold_lock(int *pipes)
{
    unsigned char one = 1;
    pid_t child = fork();
    if (child != 0)
        return child;
    if (journal_open(&journal, path, &err) != UND_OK ||
        journal_lock(journal, "drill of the other one", &err) != UND_OK ||
        write(pipes[1], &one, 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

START_TEST(one_at_a_time_may_act_and_a_dead_holder_holds_nothing)
{
    int pipes[2];
    unsigned char one;
    pid_t child;
    ck_assert_int_eq(pipe(pipes), 0);
    child = hold_lock(pipes);
    ck_assert_int_eq(read(pipes[0], &one, 1), 1);
    reopen();
    ck_assert_int_eq(journal_lock(journal, "mine", &err), UND_SERVICE);
    ck_assert_ptr_nonnull(strstr(err.text, "(drill of the other one)"));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    err = (struct und_err){0};
    OK(journal_lock(journal, "mine", &err));
}
END_TEST

/* The name of the holder is for people: on a full disk there is none, and the lock holds. */
START_TEST(a_lock_without_its_text_holds)
{
    char name[160];
    int pipes[2];
    unsigned char one;
    pid_t child;
    snprintf(name, sizeof name, "%s.lock", path);
    ck_assert_int_eq(pipe(pipes), 0);
    child = hold_lock(pipes);
    ck_assert_int_eq(read(pipes[0], &one, 1), 1);
    ck_assert_int_eq(truncate(name, 0), 0);
    reopen();
    ck_assert_int_eq(journal_lock(journal, "mine", &err), UND_SERVICE);
    ck_assert_ptr_nonnull(strstr(err.text, "held by another process"));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}
END_TEST

static void write_lock(long pid, long long ticks, const char *boot)
{
    char name[160];
    FILE *file;
    snprintf(name, sizeof name, "%s.lock", path);
    file = fopen(name, "w");
    fprintf(file, "%ld %lld %s somebody\n", pid, ticks, boot);
    fclose(file);
}

static long long start_of(long pid)
{
    char name[64], text[1024];
    const char *at;
    int field;
    FILE *file;
    snprintf(name, sizeof name, "/proc/%ld/stat", pid);
    file = fopen(name, "r");
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    for (at = strrchr(text, ')'), field = 2; field < 22; field++)
        at = strchr(at + 1, ' ');
    return atoll(at);
}

/* Where flock is not to be trusted, the process that the file names decides. */
START_TEST(named_holder_counts_only_while_it_is_that_process)
{
    char boot[64] = "";
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
    ck_assert_int_eq(fscanf(file, "%63s", boot), 1);
    fclose(file);
    reopen();
    write_lock(getppid(), start_of(getppid()), boot);
    ck_assert_int_eq(journal_lock(journal, "mine", &err), UND_SERVICE);
    err = (struct und_err){0};
    write_lock(getppid(), start_of(getppid()) + 1, boot); /* the number was used again */
    OK(journal_lock(journal, "mine", &err));
    reopen();
    write_lock(getppid(), start_of(getppid()), "another-boot");
    OK(journal_lock(journal, "mine", &err));
}
END_TEST

/* Where the holder could not tell when it began, its number alone proves nothing. */
START_TEST(holder_without_a_beginning_holds_nothing)
{
    char boot[64] = "";
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
    ck_assert_int_eq(fscanf(file, "%63s", boot), 1);
    fclose(file);
    reopen();
    write_lock(999999999, 0, boot);
    OK(journal_lock(journal, "mine", &err));
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
    OK(record_read_config(&back, value, "policy", &err));
    again = record_config(&back);
    ck_assert(json_equal(again, value));
    json_decref(again);
    ck_assert_int_eq(back.signs[SIGN_PARTIAL].lasts_ms, 600000);
    ck_assert_int_eq(back.hold_ms, 3600000);
    ck_assert_ptr_null(json_object_get(value, "deaf_then"));
    json_object_set_new(value, "partial_then", json_integer(4));
    ck_assert_int_eq(record_read_config(&back, value, "policy", &err), UND_USAGE);
    json_decref(value);
    value = record_view(&view);
    OK(record_read_view(&view, value, "view", &err));
    ck_assert_uint_eq(view.host[0].signs, 1u << SIGN_DEAF);
    ck_assert_int_eq(view.host[0].running, 2);
    json_object_del(json_array_get(json_object_get(value, "host"), 0), "signs");
    OK(record_read_view(&view, value, "view", &err));
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
    OK(record_read_config(&back, value, "policy", &err));
    ck_assert_int_eq(back.persist_ms, 300000);
    ck_assert_int_eq(back.stale_after_ms, 90000);
    ck_assert_int_eq(back.confirm, 3);
    ck_assert_uint_eq(back.severities, 0xc);
    ck_assert(back.overflow);
    json_object_set_new(value, "confirm", json_string("3"));
    ck_assert_int_eq(record_read_config(&back, value, "policy", &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "policy.confirm: want an integer"));
    json_decref(value);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("journal");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, new_journal_is_private_and_read_beside_its_writer);
    tcase_add_test(tcase, every_acknowledged_row_is_on_the_disk);
    tcase_add_test(tcase, an_event_that_nobody_knows_leaves_its_step_open);
    tcase_add_test(tcase, settling_ends_every_open_step_with_that_undo_and_no_other);
    tcase_add_test(tcase, a_lock_without_its_text_holds);
    tcase_add_test(tcase, step_is_open_from_its_intention_to_its_undoing);
    tcase_add_test(tcase, steps_come_back_as_they_were_written);
    tcase_add_test(tcase, history_cannot_be_changed);
    tcase_add_test(tcase, runs_tell_how_they_ended);
    tcase_add_test(tcase, newer_and_other_files_are_refused);
    tcase_add_test(tcase, decisions_come_back_to_the_bit);
    tcase_add_loop_test(tcase, edited_decisions_are_named, 0, 6);
    tcase_add_loop_test(tcase, what_was_acknowledged_survives_kill_9, 0, 5);
    tcase_add_test(tcase, one_at_a_time_may_act_and_a_dead_holder_holds_nothing);
    tcase_add_test(tcase, named_holder_counts_only_while_it_is_that_process);
    tcase_add_test(tcase, holder_without_a_beginning_holds_nothing);
    tcase_add_test(tcase, journal_that_others_can_write_to_is_refused);
    tcase_add_loop_test(tcase, planted_files_beside_the_journal_are_refused, 0, 4);
    tcase_add_test(tcase, link_to_a_journal_is_refused);
    tcase_add_test(tcase, journal_without_a_version_is_refused);
    tcase_add_test(tcase, full_disk_is_an_error_and_the_past_stays);
    tcase_add_test(tcase, journal_that_another_process_holds_is_an_error);
    tcase_add_test(tcase, corrupted_journal_is_an_error);
    tcase_add_loop_test(tcase, many_processes_may_create_it_at_once, 0, 20);
    tcase_add_test(tcase, policy_settings_come_back);
    tcase_add_test(tcase, evidence_beyond_the_document_comes_back_and_may_be_missing);
    suite_add_tcase(all, tcase);
    return all;
}
