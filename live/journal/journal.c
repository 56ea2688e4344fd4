#include "journal_file.h"
#include "journal_internal.h"
#include "journal_lock.h"
#include "live/http/http.h"
#include "model/base/assert.h"
#include "record.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
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

enum und_code journal_failed(const struct journal *journal, const char *what, struct und_err *err)
{
    return und_fail(err, UND_SERVICE, "journal %s: %s: %s", journal->path, what,
                    sqlite3_errmsg(journal->db));
}

static enum und_code execute(struct journal *journal, const char *sql, struct und_err *err)
{
    return sqlite3_exec(journal->db, sql, NULL, NULL, NULL) == SQLITE_OK
               ? UND_OK
               : journal_failed(journal, "cannot be written", err);
}

static enum und_code pragma(struct journal *journal, const char *name, int64_t *value,
                            struct und_err *err)
{
    sqlite3_stmt *statement = NULL;
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA %s", name);
    if (sqlite3_prepare_v2(journal->db, sql, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW)
        journal_failed(journal, "cannot be read", err);
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
    struct stat status;
    int code = sqlite3_open_v2(journal->path, &journal->db, flags | SQLITE_OPEN_FULLMUTEX, NULL);
    if (code != SQLITE_OK)
        return und_fail(err, UND_USAGE, "journal %s: %s", journal->path,
                        journal->db ? sqlite3_errmsg(journal->db) : "no memory");
    sqlite3_busy_timeout(journal->db, BUSY_MS);
    sqlite3_db_config(journal->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if ((flags & SQLITE_OPEN_READWRITE) && stat(journal->path, &status) == 0) {
        journal->device = status.st_dev;
        journal->inode = status.st_ino;
    }
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
    return code == SQLITE_OK ? UND_OK : journal_failed(journal, "cannot be written", err);
}

static bool settle_in(struct journal *journal, struct und_err *err)
{
    return open_database(journal, SQLITE_OPEN_READWRITE, err) == UND_OK &&
           (!journal->exclusive ||
            execute(journal, "PRAGMA locking_mode = EXCLUSIVE", err) == UND_OK) &&
           switch_to_wal(journal, err) == UND_OK &&
           execute(journal,
                   "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                   " PRAGMA cache_size = -512;", /* KiB: most of what is written is never read */
                   err) == UND_OK &&
           check(journal, true, err) == UND_OK;
}

/* WAL needs a file of shared memory beside it, for which a full disk has no room; a process that is
 * alone with the journal can do without. */
static bool open_alone(struct journal *journal)
{
    struct und_err alone = {0};
    sqlite3_close(journal->db);
    journal->db = NULL;
    journal->exclusive = true;
    return settle_in(journal, &alone);
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
        (settle_in(journal, err) || (err->code == UND_SERVICE && open_alone(journal)))) {
        *err = (struct und_err){0};
        *out = journal;
    } else {
        journal_close(journal);
    }
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
    int64_t run = 0;
    UND_ASSERT(journal->lock < 0);
    snprintf(path, sizeof path, "%s.lock", journal->path);
    if (journal_lock_take(&journal->lock, path, purpose, &run, err) != UND_OK)
        return err->code;
    if (run > 0 && !journal_has_run(journal, run)) {
        und_fail(err, UND_STUCK,
                 "journal %s: a drill died in its run %lld, which this file does not know: the "
                 "journal was removed or cut; what that drill left must be undone by hand (below), "
                 "then remove %s",
                 journal->path, (long long)run, path);
        close(journal->lock); /* its text stays, for whoever comes next */
        journal->lock = -1;
    }
    return err->code;
}

enum und_code journal_lock_within(struct journal *journal, const char *purpose, int64_t patience_ms,
                                  const atomic_bool *cancel, struct und_err *err)
{
    const struct timespec nap = {0, 50000000};
    int64_t end_ms = http_monotonic_ms() + patience_ms;
    for (;;) {
        struct und_err taken = {0};
        if (journal_lock(journal, purpose, &taken) == UND_OK)
            return UND_OK;
        if (taken.code == UND_STUCK || http_monotonic_ms() >= end_ms ||
            (cancel && atomic_load(cancel)))
            return und_fail(err, taken.code, "%s", taken.text);
        nanosleep(&nap, NULL);
    }
}

void journal_unlock(struct journal *journal)
{
    journal_lock_give(journal->lock);
    journal->lock = -1;
}

/* ---- writing ---- */

/* What is written to a file that has no name any more, or has been cut, is lost with it. */
static enum und_code check_there(const struct journal *journal, struct und_err *err)
{
    struct stat status;
    if (journal->inode == 0)
        return UND_OK;
    if (stat(journal->path, &status) != 0 || status.st_dev != journal->device ||
        status.st_ino != journal->inode)
        return und_fail(err, UND_SERVICE, "journal %s: was removed or replaced while in use",
                        journal->path);
    if (status.st_size == 0)
        return und_fail(err, UND_SERVICE, "journal %s: was cut to nothing while in use",
                        journal->path);
    return UND_OK;
}

bool journal_there(const struct journal *journal)
{
    struct und_err err = {0};
    return check_there(journal, &err) == UND_OK;
}

/* *id (may be NULL) gets the new row's. `types` has a letter a parameter: i (int64_t) or s (const
 * char *). One INSERT is one transaction, and durable when this returns. */
static enum und_code insert(struct journal *journal, int64_t *id, struct und_err *err,
                            const char *sql, const char *types, ...)
{
    sqlite3_stmt *statement = NULL;
    va_list args;
    int i, code;
    if (check_there(journal, err) != UND_OK)
        return err->code;
    code = sqlite3_prepare_v2(journal->db, sql, -1, &statement, NULL);
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
        journal_failed(journal, "cannot be written", err);
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

enum und_code journal_begin(struct journal *journal, enum journal_kind kind, const char *name,
                            const json_t *about, int64_t *run, struct und_err *err)
{
    char *text = json_dumps(about, JSON_COMPACT | JSON_SORT_KEYS);
    UND_ASSERT(text != NULL);
    insert(journal, run, err,
           "INSERT INTO run (kind, name, version, began_ms, about) VALUES (?,?,?,?,?)", "sssis",
           journal_kind_name(kind), name, UND_VERSION, http_wall_ms(), text);
    free(text);
    if (err->code == UND_OK && kind == JOURNAL_DRILL && journal->lock >= 0)
        journal_lock_note(journal->lock, *run, err);
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

enum und_code journal_settle(struct journal *journal, const char *undo, const char *note,
                             struct und_err *err)
{
    return insert(journal, NULL, err,
                  "INSERT INTO step_event (step, at_ms, event, note)"
                  " SELECT s.id, ?1, ?2, ?3 FROM step s LEFT JOIN step_event e"
                  " ON e.id = (SELECT max(id) FROM step_event WHERE step = s.id)"
                  " WHERE " JOURNAL_IS_OPEN " AND s.undo = ?4",
                  "iiss", http_wall_ms(), (int64_t)JOURNAL_UNDONE, note, undo);
}
