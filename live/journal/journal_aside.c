/* A journal that is spoilt (journal.h): found out, and moved aside. */
#include "journal.h"
#include "live/base/wire.h"
#include "live/http/http.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static bool is_damage(int code)
{
    return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

/* SQLite's own check, to its first finding. */
static bool is_spoilt(const char *path)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    bool spoilt = false;
    int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *says = (const char *)sqlite3_column_text(statement, 0);
        spoilt = !says || strcmp(says, "ok") != 0;
    }
    spoilt = spoilt || is_damage(code);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return spoilt;
}

bool journal_set_aside(const char *path, char aside[600])
{
    static const char *const beside[] = {"-wal", "-shm"};
    char when[WIRE_TIME], from[600], to[640];
    size_t i;
    if (!is_spoilt(path))
        return false;
    wire_time(when, http_wall_ms());
    if (snprintf(aside, 600, "%s.spoilt-%s", path, when) >= 600 || rename(path, aside) != 0)
        return false;
    for (i = 0; i < 2; i++) {
        snprintf(from, sizeof from, "%.590s%s", path, beside[i]);
        snprintf(to, sizeof to, "%s%s", aside, beside[i]);
        rename(from, to); /* most often it is not there */
    }
    return true;
}
