/*
 * The journal's file before SQLite opens it. Whoever can write to it chooses the commands that a
 * rollback will run, so it must be ours, and nobody else's: the file, what SQLite keeps beside it,
 * the lock, and the folder. A link is refused, since the lock goes by the name.
 * Errors: UND_USAGE.
 */
#ifndef LIVE_JOURNAL_JOURNAL_FILE_H
#define LIVE_JOURNAL_JOURNAL_FILE_H

#include "model/base/err.h"

/* Creates the file, empty and with mode 0600, where there is none. */
enum und_code journal_file_ready(const char *path, struct und_err *err);

#endif
