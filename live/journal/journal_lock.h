/* Inside of the journal: its lock file. */
#ifndef LIVE_JOURNAL_JOURNAL_LOCK_H
#define LIVE_JOURNAL_JOURNAL_LOCK_H

#include "model/base/err.h"

#include <stdbool.h>

/* *file (to be given back) keeps the lock; -1 on error. */
enum und_code journal_lock_take(int *file, const char *path, const char *purpose,
                                struct und_err *err);
void journal_lock_give(int file);

#endif
