/* Inside of the journal: what its writing (journal.c) and its reading (journal_read.c) share. */
#ifndef LIVE_JOURNAL_JOURNAL_INTERNAL_H
#define LIVE_JOURNAL_JOURNAL_INTERNAL_H

#include "journal.h"

#include <pthread.h>
#include <sqlite3.h>
#include <sys/types.h>

struct journal {
    sqlite3 *db;            /* serialized by SQLite */
    pthread_mutex_t insert; /* an INSERT and the id that it was given belong together */
    char path[512];
    int lock;
    dev_t device; /* of the file as it was opened; 0 when read only */
    ino_t inode;
    bool exclusive; /* no shared memory: the disk has no room for it */
};

/* undone (4) or closed by hand (6) */
#define JOURNAL_IS_OPEN "s.undo <> '' AND coalesce(e.event, 0) NOT IN (4, 6)"
_Static_assert(JOURNAL_UNDONE == 4 && JOURNAL_CLOSED == 6, "as the queries say");

/* An error in SQLite's words. */
enum und_code journal_failed(const struct journal *journal, const char *what, struct und_err *err);
/* Is there such a run in the file? */
bool journal_has_run(struct journal *journal, int64_t run);

#endif
