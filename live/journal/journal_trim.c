/*
 * What a journal forgets (journal.h): views, plans and settled canaries of old monitor runs, but
 * never the last memory of a policy (live/watch/memory.h). The one place that deletes; the
 * triggers that forbid it are taken away and put back in the same transaction, so that nobody
 * ever finds the journal without them.
 */
#include "journal_internal.h"

#include <stdio.h>

#define ONE_TRIM 256 /* runs at most, so that a trim is short */

static int64_t ask(struct journal *journal, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t value = -1;
    if (sqlite3_prepare_v2(journal->db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

int64_t journal_bytes(struct journal *journal)
{
    return (ask(journal, "PRAGMA page_count") - ask(journal, "PRAGMA freelist_count")) *
           ask(journal, "PRAGMA page_size");
}

/* The oldest monitor run that has ended and still has decisions; -1: none. */
static int64_t oldest(struct journal *journal, int64_t *ended_ms)
{
    static const char sql[] =
        "SELECT r.id, e.ended_ms FROM run r JOIN run_end e ON e.run = r.id WHERE r.kind = 'monitor'"
        " AND EXISTS (SELECT 1 FROM decision d WHERE d.run = r.id) ORDER BY r.id LIMIT 1";
    sqlite3_stmt *statement = NULL;
    int64_t run = -1;
    if (sqlite3_prepare_v2(journal->db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        run = sqlite3_column_int64(statement, 0);
        *ended_ms = sqlite3_column_int64(statement, 1);
    }
    sqlite3_finalize(statement);
    return run;
}

/* A canary that has ended, or was taken back, is like a reading: there is one every few minutes. */
#define CANARIES "SELECT s.id FROM step s WHERE s.run = %lld AND s.action LIKE '{\"dispatch\"%%'"
#define SETTLED                                                                                    \
    CANARIES " AND EXISTS (SELECT 1 FROM step_event e WHERE e.step = s.id AND e.event IN (4, 6))"
_Static_assert(JOURNAL_UNDONE == 4 && JOURNAL_CLOSED == 6, "as the query says");

static enum und_code forget(struct journal *journal, int64_t run, struct und_err *err)
{
    static const char *const guarded[] = {"decision", "note", "step", "step_event"};
    const long long id = (long long)run;
    char sql[3000];
    size_t n = (size_t)snprintf(sql, sizeof sql, "BEGIN IMMEDIATE;"), i;
    for (i = 0; i < sizeof guarded / sizeof guarded[0]; i++)
        n += (size_t)snprintf(sql + n, sizeof sql - n, "DROP TRIGGER %s_stays;", guarded[i]);
    n += (size_t)snprintf(
        sql + n, sizeof sql - n,
        "DELETE FROM decision WHERE run = %lld;"
        "DELETE FROM note WHERE run = %lld AND topic NOT IN ('word', 'incident') AND id NOT IN"
        " (SELECT max(id) FROM note WHERE topic LIKE 'memory/%%' GROUP BY topic);"
        "CREATE TEMP TABLE settled AS " SETTLED ";"
        "DELETE FROM step_event WHERE step IN settled; DELETE FROM step WHERE id IN settled;"
        "DROP TABLE settled;",
        id, id, id);
    for (i = 0; i < sizeof guarded / sizeof guarded[0]; i++)
        n += (size_t)snprintf(sql + n, sizeof sql - n,
                              "CREATE TRIGGER %s_stays BEFORE DELETE ON %s BEGIN SELECT"
                              " RAISE(ABORT, 'the journal is append-only'); END;",
                              guarded[i], guarded[i]);
    snprintf(sql + n, sizeof sql - n, "COMMIT");
    if (sqlite3_exec(journal->db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return UND_OK;
    journal_failed(journal, "cannot be trimmed", err);
    sqlite3_exec(journal->db, "ROLLBACK", NULL, NULL, NULL);
    return err->code;
}

enum und_code journal_trim(struct journal *journal, int64_t ended_before_ms, int64_t most_bytes,
                           int *forgotten, struct und_err *err)
{
    *forgotten = 0;
    while (*forgotten < ONE_TRIM) {
        int64_t ended_ms = 0, run = oldest(journal, &ended_ms);
        if (run < 0 || (ended_ms >= ended_before_ms && journal_bytes(journal) <= most_bytes))
            break;
        if (forget(journal, run, err) != UND_OK)
            return err->code;
        ++*forgotten;
    }
    sqlite3_exec(journal->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    return UND_OK;
}
