#include "store.h"

#include "model/base/assert.h"
#include "reports/text/text.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPLICATION 0x554e4452 /* "UNDR": a journal is "UNDS" */
#define BUSY_MS 10000

const char *const record_kinds[] = {"sim",      "test",    "rehearsal", "drill",
                                    "incident", "explore", "search",    NULL};

/* What makes version i + 1 of version i; a new store goes through all of them. In brackets, so that
 * clang takes no missing comma for granted. */
static const char *const migrations[STORE_VERSION] = {
    ("CREATE TABLE run (id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL,"
     " who TEXT NOT NULL, version TEXT NOT NULL, fleet TEXT NOT NULL, scenario TEXT NOT NULL,"
     " seed INTEGER NOT NULL, digest TEXT NOT NULL, exit_code INTEGER NOT NULL,"
     " detail TEXT NOT NULL)"),
    /* Of a record that is older, the failure mode is not known. */
    ("ALTER TABLE run ADD COLUMN mode TEXT NOT NULL DEFAULT '';"
     "CREATE INDEX run_times ON run (at_ms)"),
    /* A monitor that begins again tells of the same incidents. */
    "CREATE UNIQUE INDEX incident_once ON run (digest) WHERE kind = 'incident'",
};

const char *store_path(const char *given)
{
    const char *path = given ? given : getenv("UNDERSTUDY_STORE");
    return path && path[0] ? path : NULL;
}

static enum und_code failed(sqlite3 *db, const char *path, struct und_err *err)
{
    int code = sqlite3_errcode(db) & 0xff;
    return und_fail(err, code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? UND_USAGE : UND_SERVICE,
                    "store %.400s: %s", path, sqlite3_errmsg(db));
}

static enum und_code execute(sqlite3 *db, const char *path, const char *sql, struct und_err *err)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? UND_OK : failed(db, path, err);
}

static int64_t number(sqlite3 *db, const char *path, const char *sql, struct und_err *err)
{
    sqlite3_stmt *statement = NULL;
    int64_t value = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW)
        failed(db, path, err);
    else
        value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

/* A store of ours, of a version that we know, which is returned; a new file is version 0. */
static int64_t version_of(sqlite3 *db, const char *path, struct und_err *err)
{
    int64_t tables = number(db, path, "SELECT count(*) FROM sqlite_master", err);
    int64_t application = number(db, path, "PRAGMA application_id", err);
    int64_t version = number(db, path, "PRAGMA user_version", err);
    if (err->code != UND_OK || (tables == 0 && application == 0 && version == 0))
        return 0;
    if (application != APPLICATION || version < 1)
        und_fail(err, UND_USAGE, "store %.400s: got another database, want one of ours", path);
    else if (version > STORE_VERSION)
        und_fail(err, UND_USAGE,
                 "store %.400s: got version %lld, want at most %d: it was written by a newer "
                 "understudy",
                 path, (long long)version, STORE_VERSION);
    return version;
}

/* In the transaction that the caller has begun. */
static enum und_code migrate(sqlite3 *db, const char *path, struct und_err *err)
{
    int64_t version = version_of(db, path, err);
    char sql[96];
    if (err->code != UND_OK || version == STORE_VERSION)
        return err->code;
    for (; version < STORE_VERSION && err->code == UND_OK; version++)
        execute(db, path, migrations[version], err);
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION,
             STORE_VERSION);
    return err->code == UND_OK ? execute(db, path, sql, err) : err->code;
}

static sqlite3 *open_store(const char *path, int flags, struct und_err *err)
{
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK)
        failed(db, path, err);
    else
        sqlite3_busy_timeout(db, BUSY_MS);
    return db;
}

static void insert(sqlite3 *db, const char *path, const struct record *record, struct und_err *err)
{
    sqlite3_stmt *statement = NULL;
    char *detail = json_dumps(record->detail, JSON_COMPACT | JSON_REAL_PRECISION(12));
    const char *texts[] = {
        record_kinds[record->kind], record->who,    record->version, record->fleet,
        record->scenario,           record->digest, detail,          record->mode};
    int i, n = (int)(sizeof texts / sizeof *texts);
    UND_ASSERT(detail != NULL);
    if (sqlite3_prepare_v2(
            db,
            "INSERT OR IGNORE INTO run (kind, who, version, fleet, scenario, digest, detail,"
            " mode, at_ms, seed, exit_code) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            -1, &statement, NULL) == SQLITE_OK) {
        for (i = 0; i < n; i++)
            sqlite3_bind_text(statement, i + 1, texts[i], -1, SQLITE_TRANSIENT);
        sqlite3_bind_int64(statement, n + 1, record->at_ms);
        sqlite3_bind_int64(statement, n + 2, record->seed);
        sqlite3_bind_int(statement, n + 3, record->exit_code);
        sqlite3_step(statement);
    }
    if (sqlite3_errcode(db) != SQLITE_DONE)
        failed(db, path, err);
    sqlite3_finalize(statement);
    free(detail);
}

enum und_code store_add(const char *path, const struct record *records, int n, struct und_err *err)
{
    sqlite3 *db = open_store(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
    int i;
    if (err->code == UND_OK && execute(db, path, "BEGIN IMMEDIATE", err) == UND_OK) {
        migrate(db, path, err);
        for (i = 0; i < n && err->code == UND_OK; i++)
            insert(db, path, &records[i], err);
        if (err->code == UND_OK)
            execute(db, path, "COMMIT", err);
    }
    sqlite3_close(db); /* what was not committed is undone */
    return err->code;
}

/* ---- reading ---- */

static void copy(char *out, size_t size, sqlite3_stmt *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    text_clean(out, size, text ? (const char *)text : "");
}

static enum und_code fill(struct record *record, sqlite3_stmt *statement, const char *path,
                          struct und_err *err)
{
    const char *kind = (const char *)sqlite3_column_text(statement, 3);
    const char *detail = (const char *)sqlite3_column_text(statement, 11);
    int k = 0;
    *record = (struct record){.id = sqlite3_column_int64(statement, 0),
                              .at_ms = sqlite3_column_int64(statement, 1),
                              .seed = sqlite3_column_int64(statement, 2),
                              .exit_code = sqlite3_column_int(statement, 10)};
    while (record_kinds[k] && (!kind || strcmp(record_kinds[k], kind) != 0))
        k++;
    record->kind = (enum record_kind)k;
    copy(record->who, sizeof record->who, statement, 4);
    copy(record->version, sizeof record->version, statement, 5);
    copy(record->fleet, sizeof record->fleet, statement, 6);
    copy(record->scenario, sizeof record->scenario, statement, 7);
    copy(record->mode, sizeof record->mode, statement, 8);
    copy(record->digest, sizeof record->digest, statement, 9);
    record->detail = json_loads(detail ? detail : "", 0, NULL);
    if (record->detail && k < RECORD_KINDS)
        return UND_OK;
    json_decref(record->detail);
    return und_fail(err, UND_USAGE, "store %.400s: run %lld cannot be read: it was edited", path,
                    (long long)record->id);
}

static void bind(sqlite3_stmt *statement, const struct store_filter *filter)
{
    const char *texts[] = {filter->kind < RECORD_KINDS ? record_kinds[filter->kind] : NULL,
                           filter->mode, filter->scenario, filter->fleet};
    int i;
    for (i = 0; i < 4; i++) /* what is not bound is NULL */
        if (texts[i])
            sqlite3_bind_text(statement, i + 1, texts[i], -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(statement, 5, filter->since_ms);
    sqlite3_bind_int64(statement, 6, filter->until_ms);
    sqlite3_bind_int64(statement, 7, filter->id);
}

static void visit(sqlite3 *db, const char *path, const struct store_filter *filter,
                  store_visitor *each, void *context, struct und_err *err)
{
    sqlite3_stmt *statement = NULL;
    struct record record;
    int code = sqlite3_prepare_v2(
        db,
        "SELECT id, at_ms, seed, kind, who, version, fleet, scenario, mode, digest, exit_code,"
        " detail FROM run WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR mode = ?2)"
        " AND (?3 IS NULL OR scenario = ?3) AND (?4 IS NULL OR substr(fleet, 1, length(?4)) = ?4)"
        " AND (?5 < 0 OR at_ms >= ?5) AND (?6 < 0 OR at_ms < ?6) AND (?7 = 0 OR id = ?7)"
        " ORDER BY id",
        -1, &statement, NULL);
    if (code == SQLITE_OK)
        bind(statement, filter);
    while (err->code == UND_OK && (code == SQLITE_OK || code == SQLITE_ROW)) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW && fill(&record, statement, path, err) == UND_OK) {
            each(context, &record);
            json_decref(record.detail);
        }
    }
    if (err->code == UND_OK && code != SQLITE_DONE)
        failed(db, path, err);
    sqlite3_finalize(statement);
}

enum und_code store_read(const char *path, const struct store_filter *filter, store_visitor *each,
                         void *context, struct und_err *err)
{
    sqlite3 *db = open_store(path, SQLITE_OPEN_READWRITE, err);
    if (err->code == UND_OK && version_of(db, path, err) < STORE_VERSION && err->code == UND_OK &&
        execute(db, path, "BEGIN IMMEDIATE", err) == UND_OK && migrate(db, path, err) == UND_OK)
        execute(db, path, "COMMIT", err);
    if (err->code == UND_OK)
        visit(db, path, filter, each, context, err);
    sqlite3_close(db);
    return err->code;
}

enum und_code store_name(const char *path, int64_t id, const char *mode, struct und_err *err)
{
    sqlite3 *db = open_store(path, SQLITE_OPEN_READWRITE, err);
    sqlite3_stmt *statement = NULL;
    if (err->code == UND_OK && execute(db, path, "BEGIN IMMEDIATE", err) == UND_OK &&
        migrate(db, path, err) == UND_OK) {
        if (sqlite3_prepare_v2(db, "UPDATE run SET mode = ?1 WHERE id = ?2 AND kind = 'incident'",
                               -1, &statement, NULL) == SQLITE_OK) {
            sqlite3_bind_text(statement, 1, mode, -1, SQLITE_TRANSIENT);
            sqlite3_bind_int64(statement, 2, id);
            sqlite3_step(statement);
        }
        if (sqlite3_finalize(statement) != SQLITE_OK)
            failed(db, path, err);
        else if (sqlite3_changes(db) == 0)
            und_fail(err, UND_USAGE, "store %.400s: run %lld is no incident", path, (long long)id);
        else
            execute(db, path, "COMMIT", err);
    }
    sqlite3_close(db);
    return err->code;
}
