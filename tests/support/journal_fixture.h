/*
 * A journal in a folder of its own, for the suites of journals.
 */
#ifndef TESTS_SUPPORT_JOURNAL_FIXTURE_H
#define TESTS_SUPPORT_JOURNAL_FIXTURE_H

#include "live/journal/journal.h"

struct journal_fixture {
    const char *folder;
    char path[128];
    struct journal *journal; /* NULL until it is reopened */
    struct und_err err;
};

/* Fails the test with what the call says, which gets &FIXTURE.err. */
#define JOURNAL_OK(fixture, call) ck_assert_msg((call) == UND_OK, "%s", (fixture).err.text)

/* A folder without a journal. */
void journal_fixture_open(struct journal_fixture *kept);
void journal_fixture_close(struct journal_fixture *kept);

/* As another process would find it; makes it if there is none. */
void journal_fixture_reopen(struct journal_fixture *kept);
/* The number of a new drill's run. */
int64_t journal_fixture_begin(struct journal_fixture *kept);
/* A step that has been recorded as intended; `undo` "": there is nothing to undo. */
struct journal_step journal_fixture_intend(struct journal_fixture *kept, int64_t run,
                                           const char *name, const char *undo);
/* How many steps are open; the first of them (at most n) must have these names. */
size_t journal_fixture_open_steps(struct journal_fixture *kept, const char *const *names, size_t n);
/* What another program does to the file; it must end with that code of SQLite's. */
void journal_fixture_sql(const struct journal_fixture *kept, const char *sql, int expected);

#endif
