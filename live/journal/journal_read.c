/* Reading the journal (journal.h): steps, runs, decisions. */
#include "journal_internal.h"
#include "model/base/assert.h"
#include "record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool journal_has_run(struct journal *journal, int64_t run)
{
    sqlite3_stmt *statement = NULL;
    bool has = sqlite3_prepare_v2(journal->db, "SELECT 1 FROM run WHERE id = ?", -1, &statement,
                                  NULL) == SQLITE_OK &&
               sqlite3_bind_int64(statement, 1, run) == SQLITE_OK &&
               sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_finalize(statement);
    return has;
}

static void column(sqlite3_stmt *statement, int i, char *out, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(statement, i);
    snprintf(out, size, "%s", text ? text : "");
}

#define STEP_COLUMNS                                                                               \
    "SELECT s.id, s.run, s.name, s.host, s.action, s.undo, s.at_ms, s.lease_until_ms,"             \
    " coalesce(e.event, 0), coalesce(e.at_ms, s.at_ms), r.kind = 'monitor' FROM step s"            \
    " LEFT JOIN run r ON r.id = s.run LEFT JOIN step_event e"                                      \
    " ON e.id = (SELECT max(id) FROM step_event WHERE step = s.id) "

static void read_step(sqlite3_stmt *row, struct journal_step *step)
{
    int64_t last = sqlite3_column_int64(row, 8);
    *step = (struct journal_step){.id = sqlite3_column_int64(row, 0),
                                  .run = sqlite3_column_int64(row, 1),
                                  .at_ms = sqlite3_column_int64(row, 6),
                                  .lease_until_ms = sqlite3_column_int64(row, 7),
                                  .last_ms = sqlite3_column_int64(row, 9),
                                  .by_monitor = sqlite3_column_int(row, 10) != 0};
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
        read_step(statement, &(*out)[(*n)++]);
        code = SQLITE_OK;
    }
    if (code != SQLITE_DONE)
        journal_failed(journal, "cannot be read", err);
    sqlite3_finalize(statement);
    return err->code;
}

#define LIMIT " LIMIT 1024"
_Static_assert(JOURNAL_STEPS == 1024, "as LIMIT says");

enum und_code journal_open_steps(struct journal *journal, int64_t before, struct journal_step **out,
                                 size_t *n, struct und_err *err)
{
    return read_steps(
        journal, STEP_COLUMNS "WHERE " JOURNAL_IS_OPEN " AND s.id < ?1 ORDER BY s.id DESC" LIMIT,
        before > 0 ? before : INT64_MAX, out, n, err);
}

enum und_code journal_step(struct journal *journal, int64_t id, struct journal_step **out,
                           bool *open, struct und_err *err)
{
    size_t n = 0;
    if (read_steps(journal, STEP_COLUMNS "WHERE s.id = ?1", id, out, &n, err) == UND_OK && n == 0)
        und_fail(err, UND_USAGE, "journal %s: there is no step %lld", journal->path, (long long)id);
    *open = n > 0 && (*out)->undo[0] && (*out)->last != JOURNAL_UNDONE &&
            (*out)->last != JOURNAL_CLOSED;
    return err->code;
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
        journal_failed(journal, "cannot be read", err);
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
        journal_failed(journal, "cannot be read", err);
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
        journal_failed(journal, "cannot be read", err);
    sqlite3_finalize(statement);
    return err->code;
}

enum und_code journal_notes(struct journal *journal, const char *topic, int64_t since_ms,
                            journal_note_visitor *each, void *context, struct und_err *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(journal->db,
                                  "SELECT at_ms, text FROM note WHERE topic = ? AND at_ms >= ?"
                                  " ORDER BY id",
                                  -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 1, topic, -1, SQLITE_TRANSIENT);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 2, since_ms);
    while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW)
        code = each(context, sqlite3_column_int64(statement, 0),
                    (const char *)sqlite3_column_text(statement, 1), err) == UND_OK
                   ? SQLITE_OK
                   : SQLITE_ABORT;
    if (code != SQLITE_DONE)
        journal_failed(journal, "cannot be read", err);
    sqlite3_finalize(statement);
    return err->code;
}

static enum und_code one_note(struct journal *journal, const char *sql, const char *topic,
                              int64_t run, char **text, struct und_err *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(journal->db, sql, -1, &statement, NULL);
    *text = NULL;
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 1, topic, -1, SQLITE_TRANSIENT);
    if (code == SQLITE_OK && run > 0)
        code = sqlite3_bind_int64(statement, 2, run);
    if (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *found = (const char *)sqlite3_column_text(statement, 0);
        *text = strdup(found ? found : "");
        UND_ASSERT(*text != NULL);
    } else if (code != SQLITE_DONE) {
        journal_failed(journal, "cannot be read", err);
    }
    sqlite3_finalize(statement);
    return err->code;
}

enum und_code journal_last_note(struct journal *journal, const char *topic, char **text,
                                struct und_err *err)
{
    return one_note(journal, "SELECT text FROM note WHERE topic = ?1 ORDER BY id DESC LIMIT 1",
                    topic, 0, text, err);
}

enum und_code journal_first_note(struct journal *journal, int64_t run, const char *topic,
                                 char **text, struct und_err *err)
{
    return one_note(journal,
                    "SELECT text FROM note WHERE topic = ?1 AND run = ?2 ORDER BY id LIMIT 1",
                    topic, run, text, err);
}

int64_t journal_monitor_steps(struct journal *journal, int64_t since_ms)
{
    sqlite3_stmt *statement = NULL;
    int64_t n = -1;
    if (sqlite3_prepare_v2(journal->db,
                           "SELECT count(*) FROM step s JOIN run r ON r.id = s.run"
                           " WHERE r.kind = 'monitor' AND s.at_ms >= ?"
                           " AND s.action NOT LIKE '{\"dispatch\"%'",
                           -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_bind_int64(statement, 1, since_ms) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        n = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return n;
}
