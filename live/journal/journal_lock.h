/* Inside of the journal: its lock file. */
#ifndef LIVE_JOURNAL_JOURNAL_LOCK_H
#define LIVE_JOURNAL_JOURNAL_LOCK_H

#include "model/base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* *file (to be given back) keeps the lock; -1 on error. *run is that of a drill that died holding
 * it (journal_lock_note); 0: none did. */
enum und_code journal_lock_take(int *file, const char *path, const char *purpose, int64_t *run,
                                struct und_err *err);
/* The holder acts in this run from now on; durable. */
enum und_code journal_lock_note(int file, int64_t run, struct und_err *err);
/* Closes the file, and with that gives the lock back; -1 is fine. */
void journal_lock_give(int file);

#endif
