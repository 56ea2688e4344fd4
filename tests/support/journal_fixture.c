#include "journal_fixture.h"

#include "scripted_server.h"

#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void journal_fixture_open(struct journal_fixture *kept)
{
    kept->folder = script_folder();
    snprintf(kept->path, sizeof kept->path, "%s/journal.db", kept->folder);
    kept->err = (struct und_err){0};
    kept->journal = NULL;
}

void journal_fixture_close(struct journal_fixture *kept)
{
    journal_close(kept->journal);
    script_remove_folder(kept->folder);
}

void journal_fixture_reopen(struct journal_fixture *kept)
{
    journal_close(kept->journal);
    kept->journal = NULL;
    kept->err = (struct und_err){0};
    JOURNAL_OK(*kept, journal_open(&kept->journal, kept->path, &kept->err));
}

int64_t journal_fixture_begin(struct journal_fixture *kept)
{
    json_t *about = json_pack("{s:s}", "plan", "none");
    int64_t run;
    JOURNAL_OK(*kept, journal_begin(kept->journal, JOURNAL_DRILL, "primary-hard-stop", about, &run,
                                    &kept->err));
    json_decref(about);
    return run;
}

struct journal_step journal_fixture_intend(struct journal_fixture *kept, int64_t run,
                                           const char *name, const char *undo)
{
    struct journal_step step = {.run = run, .lease_until_ms = -1, .action = "{\"do\":1}"};
    strcpy(step.name, name);
    strcpy(step.undo, undo);
    JOURNAL_OK(*kept, journal_intend(kept->journal, &step, &kept->err));
    return step;
}

size_t journal_fixture_open_steps(struct journal_fixture *kept, const char *const *names, size_t n)
{
    struct journal_step *steps;
    size_t got, i;
    JOURNAL_OK(*kept, journal_open_steps(kept->journal, 0, &steps, &got, &kept->err));
    for (i = 0; i < n && i < got; i++)
        ck_assert_str_eq(steps[i].name, names[i]);
    free(steps);
    return got;
}

void journal_fixture_sql(const struct journal_fixture *kept, const char *sql, int expected)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(kept->path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), expected);
    sqlite3_close(db);
}
