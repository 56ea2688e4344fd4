#include "journal.h"
#include "journal_file.h"
#include "journal_lock.h"
#include "live/http/http.h"
#include "model/base/assert.h"
#include "record.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define APPLICATION 0x554e4453 /* "UNDS", so that no other database is taken for a journal */
#define BUSY_MS 5000           /* to wait for another process */
#define SWITCH_NAP_MS 5

struct journal {
    sqlite3 *db;            /* serialized by SQLite */
    pthread_mutex_t insert; /* an INSERT and the id that it was given belong together */
    char path[512];
    int lock;
};

static const char schema[] =
    "CREATE TABLE run (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL,"
    " version TEXT NOT NULL, began_ms INTEGER NOT NULL, about TEXT NOT NULL);"
    "CREATE TABLE run_end (run INTEGER PRIMARY KEY REFERENCES run, ended_ms INTEGER NOT NULL,"
    " exit_code INTEGER NOT NULL, outcome TEXT NOT NULL);"
    "CREATE TABLE step (id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES run,"
    " at_ms INTEGER NOT NULL, name TEXT NOT NULL, host TEXT NOT NULL, action TEXT NOT NULL,"
    " undo TEXT NOT NULL, lease_until_ms INTEGER NOT NULL);"
    "CREATE TABLE step_event (id INTEGER PRIMARY KEY, step INTEGER NOT NULL REFERENCES step,"
    " at_ms INTEGER NOT NULL, event INTEGER NOT NULL, note TEXT NOT NULL);"
    "CREATE INDEX step_events ON step_event (step, id);"
    "CREATE TABLE decision (run INTEGER NOT NULL REFERENCES run, number INTEGER NOT NULL,"
    " now_ms INTEGER NOT NULL, wall_ms INTEGER NOT NULL, view TEXT NOT NULL, plan TEXT NOT NULL,"
    " PRIMARY KEY (run, number)) WITHOUT ROWID;"
    "CREATE TABLE note (id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES run,"
    " at_ms INTEGER NOT NULL, topic TEXT NOT NULL, text TEXT NOT NULL);";

static const char *const tables[] = {"run", "run_end", "step", "step_event", "decision", "note"};

static enum und_code failed(const struct journal *journal, const char *what, struct und_err *err)
{
    return und_fail(err, UND_SERVICE, "journal %s: %s: %s", journal->path, what,
                    sqlite3_errmsg(journal->db));
}

static enum und_code execute(struct journal *journal, const char *sql, struct und_err *err)
{
    return sqlite3_exec(journal->db, sql, NULL, NULL, NULL) == SQLITE_OK
               ? UND_OK
               : failed(journal, "cannot be written", err);
}

static enum und_code pragma(struct journal *journal, const char *name, int64_t *value,
                            struct und_err *err)
{
    sqlite3_stmt *statement = NULL;
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA %s", name);
    if (sqlite3_prepare_v2(journal->db, sql, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW)
        failed(journal, "cannot be read", err);
    else
        *value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return err->code;
}

static enum und_code create(struct journal *journal, struct und_err *err)
{
    int64_t tables_made = 0;
    char sql[256];
    size_t i;
    if (execute(journal, "BEGIN IMMEDIATE", err) != UND_OK ||
        pragma(journal, "schema_version", &tables_made, err) != UND_OK)
        return err->code;
    if (tables_made > 0) /* by another process, while we waited for our turn */
        return execute(journal, "COMMIT", err);
    if (execute(journal, schema, err) != UND_OK)
        return err->code;
    for (i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        snprintf(sql, sizeof sql,
                 "CREATE TRIGGER %s_kept BEFORE UPDATE ON %s BEGIN SELECT RAISE(ABORT,"
                 "'the journal is append-only'); END;"
                 "CREATE TRIGGER %s_stays BEFORE DELETE ON %s BEGIN SELECT RAISE(ABORT,"
                 "'the journal is append-only'); END;",
                 tables[i], tables[i], tables[i], tables[i]);
        if (execute(journal, sql, err) != UND_OK)
            return err->code;
    }
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
             APPLICATION, JOURNAL_VERSION);
    return execute(journal, sql, err);
}

/* A file of ours, of a version that we know. Version 0 without a table is a new file. */
static enum und_code check(struct journal *journal, bool may_create, struct und_err *err)
{
    int64_t application = 0, version = 0, tables_made = 0;
    if (pragma(journal, "schema_version", &tables_made, err) != UND_OK ||
        (tables_made == 0 && may_create && create(journal, err) != UND_OK) ||
        pragma(journal, "application_id", &application, err) != UND_OK ||
        pragma(journal, "user_version", &version, err) != UND_OK)
        return err->code;
    if (application != APPLICATION)
        return und_fail(err, UND_USAGE, "journal %s: got another database, want one of ours",
                        journal->path);
    if (version > JOURNAL_VERSION)
        return und_fail(err, UND_USAGE,
                        "journal %s: got version %lld, want at most %d: it was written by a newer "
                        "understudy",
                        journal->path, (long long)version, JOURNAL_VERSION);
    if (version < 1)
        return und_fail(err, UND_USAGE, "journal %s: got version %lld, want %d", journal->path,
                        (long long)version, JOURNAL_VERSION);
    return UND_OK;
}

static enum und_code open_database(struct journal *journal, int flags, struct und_err *err)
{
    int code = sqlite3_open_v2(journal->path, &journal->db, flags | SQLITE_OPEN_FULLMUTEX, NULL);
    if (code != SQLITE_OK)
        return und_fail(err, UND_USAGE, "journal %s: %s", journal->path,
                        journal->db ? sqlite3_errmsg(journal->db) : "no memory");
    sqlite3_busy_timeout(journal->db, BUSY_MS);
    sqlite3_db_config(journal->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return UND_OK;
}

/* SQLite does not wait here: it answers "busy" at once while others open the file, for two that
 * both switch could wait for each other for ever. So whoever hears it lets go and asks again. */
static enum und_code switch_to_wal(struct journal *journal, struct und_err *err)
{
    const struct timespec nap = {0, SWITCH_NAP_MS * 1000000};
    int tries = BUSY_MS / SWITCH_NAP_MS, code;
    while ((code = sqlite3_exec(journal->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL)) ==
               SQLITE_BUSY &&
           --tries > 0)
        nanosleep(&nap, NULL);
    return code == SQLITE_OK ? UND_OK : failed(journal, "cannot be written", err);
}

static struct journal *allocate(const char *path, struct und_err *err)
{
    struct journal *journal = calloc(1, sizeof *journal);
    UND_ASSERT(journal != NULL);
    journal->lock = -1;
    pthread_mutex_init(&journal->insert, NULL);
    if (snprintf(journal->path, sizeof journal->path, "%s", path) >= (int)sizeof journal->path)
        und_fail(err, UND_USAGE, "journal: got a path of %zu characters", strlen(path));
    return journal;
}

enum und_code journal_open(struct journal **out, const char *path, struct und_err *err)
{
    struct journal *journal = allocate(path, err);
    *out = NULL;
    if (err->code == UND_OK && journal_file_ready(path, err) == UND_OK &&
        open_database(journal, SQLITE_OPEN_READWRITE, err) == UND_OK &&
        switch_to_wal(journal, err) == UND_OK &&
        execute(journal, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;", err) == UND_OK &&
        check(journal, true, err) == UND_OK)
        *out = journal;
    else
        journal_close(journal);
    return err->code;
}

enum und_code journal_open_readonly(struct journal **out, const char *path, struct und_err *err)
{
    struct journal *journal = allocate(path, err);
    *out = NULL;
    if (err->code == UND_OK && open_database(journal, SQLITE_OPEN_READONLY, err) == UND_OK &&
        check(journal, false, err) == UND_OK)
        *out = journal;
    else
        journal_close(journal);
    return err->code;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    sqlite3_close(journal->db);
    journal_lock_give(journal->lock);
    pthread_mutex_destroy(&journal->insert);
    free(journal);
}

enum und_code journal_lock(struct journal *journal, const char *purpose, struct und_err *err)
{
    char path[520];
    UND_ASSERT(journal->lock < 0);
    snprintf(path, sizeof path, "%s.lock", journal->path);
    return journal_lock_take(&journal->lock, path, purpose, err);
}

void journal_unlock(struct journal *journal)
{
    journal_lock_give(journal->lock);
    journal->lock = -1;
}

/* ---- writing ---- */

/* *id (may be NULL) gets the new row's. `types` has a letter a parameter: i (int64_t) or s (const
 * char *). One INSERT is one transaction, and durable when this returns. */
static enum und_code insert(struct journal *journal, int64_t *id, struct und_err *err,
                            const char *sql, const char *types, ...)
{
    sqlite3_stmt *statement = NULL;
    va_list args;
    int i, code = sqlite3_prepare_v2(journal->db, sql, -1, &statement, NULL);
    va_start(args, types);
    for (i = 0; code == SQLITE_OK && types[i]; i++) {
        if (types[i] == 'i')
            code = sqlite3_bind_int64(statement, i + 1, va_arg(args, int64_t));
        else
            code = sqlite3_bind_text(statement, i + 1, va_arg(args, const char *), -1,
                                     SQLITE_TRANSIENT);
    }
    va_end(args);
    pthread_mutex_lock(&journal->insert);
    if (code != SQLITE_OK || sqlite3_step(statement) != SQLITE_DONE)
        failed(journal, "cannot be written", err);
    if (id)
        *id = sqlite3_last_insert_rowid(journal->db);
    pthread_mutex_unlock(&journal->insert);
    sqlite3_finalize(statement);
    return err->code;
}

const char *journal_kind_name(enum journal_kind kind)
{
    static const char *const names[JOURNAL_KINDS] = {"drill", "monitor"};
    return names[kind];
}

const char *journal_event_name(enum journal_event event)
{
    static const char *const names[JOURNAL_EVENTS] = {"intended", "done",   "failed",
                                                      "undoing",  "undone", "stuck"};
    return names[event];
}

enum und_code journal_begin(struct journal *journal, enum journal_kind kind, const char *name,
                            const json_t *about, int64_t *run, struct und_err *err)
{
    char *text = json_dumps(about, JSON_COMPACT | JSON_SORT_KEYS);
    UND_ASSERT(text != NULL);
    insert(journal, run, err,
           "INSERT INTO run (kind, name, version, began_ms, about) VALUES (?,?,?,?,?)", "sssis",
           journal_kind_name(kind), name, UND_VERSION, http_wall_ms(), text);
    free(text);
    return err->code;
}

enum und_code journal_end(struct journal *journal, int64_t run, int exit_code, const char *outcome,
                          struct und_err *err)
{
    return insert(journal, NULL, err, "INSERT INTO run_end VALUES (?,?,?,?)", "iiis", run,
                  http_wall_ms(), (int64_t)exit_code, outcome);
}

enum und_code journal_intend(struct journal *journal, struct journal_step *step,
                             struct und_err *err)
{
    step->at_ms = http_wall_ms();
    step->last = JOURNAL_INTENDED;
    step->last_ms = step->at_ms;
    insert(journal, &step->id, err,
           "INSERT INTO step (run, at_ms, name, host, action, undo, lease_until_ms)"
           " VALUES (?,?,?,?,?,?,?)",
           "iissssi", step->run, step->at_ms, step->name, step->host, step->action, step->undo,
           step->lease_until_ms);
    return err->code;
}

enum und_code journal_event(struct journal *journal, int64_t step, enum journal_event event,
                            const char *note, struct und_err *err)
{
    return insert(journal, NULL, err,
                  "INSERT INTO step_event (step, at_ms, event, note) VALUES (?,?,?,?)", "iiis",
                  step, http_wall_ms(), (int64_t)event, note);
}

enum und_code journal_decision(struct journal *journal, int64_t run, int64_t now_ms,
                               const struct view *view, const struct plan *plan,
                               struct und_err *err)
{
    json_t *saw = record_view(view), *said = record_plan(plan);
    char *view_text = json_dumps(saw, JSON_COMPACT), *plan_text = json_dumps(said, JSON_COMPACT);
    UND_ASSERT(view_text != NULL && plan_text != NULL);
    insert(journal, NULL, err,
           "INSERT INTO decision SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5"
           " FROM decision WHERE run = ?1",
           "iiiss", run, now_ms, http_wall_ms(), view_text, plan_text);
    free(view_text);
    free(plan_text);
    json_decref(saw);
    json_decref(said);
    return err->code;
}

enum und_code journal_note(struct journal *journal, int64_t run, const char *topic,
                           const char *text, struct und_err *err)
{
    return insert(journal, NULL, err, "INSERT INTO note (run, at_ms, topic, text) VALUES (?,?,?,?)",
                  "iiss", run, http_wall_ms(), topic, text);
}

/* ---- reading ---- */

static void column(sqlite3_stmt *statement, int i, char *out, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(statement, i);
    snprintf(out, size, "%s", text ? text : "");
}

#define STEP_COLUMNS                                                                               \
    "SELECT s.id, s.run, s.name, s.host, s.action, s.undo, s.at_ms, s.lease_until_ms,"             \
    " coalesce(e.event, 0), coalesce(e.at_ms, s.at_ms) FROM step s LEFT JOIN step_event e"         \
    " ON e.id = (SELECT max(id) FROM step_event WHERE step = s.id) "

static void read_step(sqlite3_stmt *row, struct journal_step *step)
{
    int64_t last = sqlite3_column_int64(row, 8);
    *step = (struct journal_step){.id = sqlite3_column_int64(row, 0),
                                  .run = sqlite3_column_int64(row, 1),
                                  .at_ms = sqlite3_column_int64(row, 6),
                                  .lease_until_ms = sqlite3_column_int64(row, 7),
                                  .last_ms = sqlite3_column_int64(row, 9)};
    /* An event that this version does not know leaves the step open: undoing twice is harmless. */
    step->last = last >= 0 && last < JOURNAL_EVENTS ? (enum journal_event)last : JOURNAL_INTENDED;
    column(row, 2, step->name, sizeof step->name);
    column(row, 3, step->host, sizeof step->host);
    column(row, 4, step->action, sizeof step->action);
    column(row, 5, step->undo, sizeof step->undo);
}

static enum und_code read_steps(struct journal *journal, const char *sql, int64_t parameter,
                                struct journal_step **out, size_t *n, struct und_err *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(journal->db, sql, -1, &statement, NULL);
    *n = 0;
    *out = calloc(JOURNAL_STEPS, sizeof **out);
    UND_ASSERT(*out != NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 1, parameter);
    while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        if (*n == JOURNAL_STEPS) {
            und_fail(err, UND_SERVICE, "journal %s: got more than %d steps", journal->path,
                     JOURNAL_STEPS);
            break;
        }
        read_step(statement, &(*out)[(*n)++]);
        code = SQLITE_OK;
    }
    if (code != SQLITE_DONE)
        failed(journal, "cannot be read", err);
    sqlite3_finalize(statement);
    return err->code;
}

enum und_code journal_open_steps(struct journal *journal, struct journal_step **out, size_t *n,
                                 struct und_err *err)
{
    return read_steps(journal,
                      STEP_COLUMNS "WHERE s.undo <> '' AND coalesce(e.event, 0) <> ?1"
                                   " ORDER BY s.id DESC",
                      JOURNAL_UNDONE, out, n, err);
}

enum und_code journal_steps(struct journal *journal, int64_t run, struct journal_step **out,
                            size_t *n, struct und_err *err)
{
    return read_steps(journal, STEP_COLUMNS "WHERE s.run = ?1 ORDER BY s.id", run, out, n, err);
}

static void read_run(sqlite3_stmt *row, struct journal_run *run)
{
    char kind[32];
    column(row, 1, kind, sizeof kind);
    *run = (struct journal_run){
        .id = sqlite3_column_int64(row, 0),
        .kind = strcmp(kind, "drill") == 0 ? JOURNAL_DRILL : JOURNAL_MONITOR,
        .began_ms = sqlite3_column_int64(row, 4),
        .ended_ms = sqlite3_column_type(row, 5) == SQLITE_NULL ? -1 : sqlite3_column_int64(row, 5),
        .exit_code = sqlite3_column_int(row, 6)};
    column(row, 2, run->name, sizeof run->name);
    column(row, 3, run->version, sizeof run->version);
    column(row, 7, run->outcome, sizeof run->outcome);
}

enum und_code journal_runs(struct journal *journal, struct journal_run *out, size_t *n,
                           struct und_err *err)
{
    sqlite3_stmt *statement = NULL;
    size_t most = *n;
    int code = sqlite3_prepare_v2(
        journal->db,
        "SELECT r.id, r.kind, r.name, r.version, r.began_ms, e.ended_ms, e.exit_code, e.outcome"
        " FROM run r LEFT JOIN run_end e ON e.run = r.id ORDER BY r.id DESC",
        -1, &statement, NULL);
    *n = 0;
    while (code == SQLITE_OK && *n < most && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        read_run(statement, &out[(*n)++]);
        code = SQLITE_OK;
    }
    if (code != SQLITE_DONE && code != SQLITE_OK)
        failed(journal, "cannot be read", err);
    sqlite3_finalize(statement);
    return err->code;
}

enum und_code journal_about(struct journal *journal, int64_t run, json_t **about,
                            struct und_err *err)
{
    sqlite3_stmt *statement = NULL;
    *about = NULL;
    if (sqlite3_prepare_v2(journal->db, "SELECT about FROM run WHERE id = ?", -1, &statement,
                           NULL) != SQLITE_OK ||
        sqlite3_bind_int64(statement, 1, run) != SQLITE_OK)
        failed(journal, "cannot be read", err);
    else if (sqlite3_step(statement) != SQLITE_ROW)
        und_fail(err, UND_USAGE, "journal %s: there is no run %lld", journal->path, (long long)run);
    else if (!(*about = json_loads((const char *)sqlite3_column_text(statement, 0), 0, NULL)))
        und_fail(err, UND_USAGE, "journal %s: run %lld has no readable description", journal->path,
                 (long long)run);
    sqlite3_finalize(statement);
    return err->code;
}

static enum und_code visit(const struct journal *journal, int64_t run, sqlite3_stmt *row,
                           journal_visitor *each, void *context, struct und_err *err)
{
    json_t *saw = json_loads((const char *)sqlite3_column_text(row, 3), 0, NULL);
    json_t *said = json_loads((const char *)sqlite3_column_text(row, 4), 0, NULL);
    int64_t number = sqlite3_column_int64(row, 0);
    struct view view;
    struct plan plan;
    char place[640];
    snprintf(place, sizeof place, "journal %.500s: run %lld, decision %lld: view", journal->path,
             (long long)run, (long long)number);
    if (record_read_view(&view, saw, place, err) == UND_OK &&
        record_read_plan(&plan, said, place, err) == UND_OK)
        each(context, number, sqlite3_column_int64(row, 1), sqlite3_column_int64(row, 2), &view,
             &plan, err);
    json_decref(saw);
    json_decref(said);
    return err->code;
}

enum und_code journal_decisions(struct journal *journal, int64_t run, journal_visitor *each,
                                void *context, struct und_err *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(journal->db,
                                  "SELECT number, now_ms, wall_ms, view, plan FROM decision"
                                  " WHERE run = ? ORDER BY number",
                                  -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 1, run);
    while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW)
        code =
            visit(journal, run, statement, each, context, err) == UND_OK ? SQLITE_OK : SQLITE_ABORT;
    if (code != SQLITE_DONE)
        failed(journal, "cannot be read", err);
    sqlite3_finalize(statement);
    return err->code;
}
