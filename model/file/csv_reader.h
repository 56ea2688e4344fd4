/*
 * Records out of CSV files as programs write them (RFC 4180, and what is not in it): fields apart
 * by commas, semicolons, tabs or bars, whichever the first line has most of; in double quotes where
 * they hold one of these, a line's end or a quote (written twice); lines that end in CR LF, or CR
 * alone; a byte order mark; Excel's first line "sep=;". The first record names the columns. Empty
 * lines are skipped.
 *
 * Everything is checked, nothing asserted: errors are "file:line: ...", UND_USAGE. A file that is
 * no text, a record longer than the opener allows, a quote that is never closed.
 */
#ifndef MODEL_FILE_CSV_READER_H
#define MODEL_FILE_CSV_READER_H

#include "model/base/err.h"

#include <stddef.h>

#define CSV_LINES 20000000 /* ceiling */
#define CSV_COLUMNS 256

struct csv_reader {
    const char *path; /* borrowed */
    FILE *file;       /* owned */
    char *text;       /* owned; the record, cut into fields */
    size_t most;      /* bytes of a record */
    char *field[CSV_COLUMNS];
    int n_fields;
    int n_columns; /* of the header */
    int line;      /* on which the record ends; begins: `first` */
    int first;
    char delimiter;
    bool old_mac; /* lines end in CR alone */
    struct und_err *err;
};

/* Reads the header, which is in `field`. The caller closes it whatever it returns. */
enum und_code csv_open(struct csv_reader *csv, const char *path, size_t most, struct und_err *err);
/* The next record; false at the end of the file or after an error. */
bool csv_next(struct csv_reader *csv);
void csv_close(struct csv_reader *csv);

/* "file:line: what: got X, want Y" */
enum und_code csv_fail(struct csv_reader *csv, const char *what, const char *got, const char *want);

#endif
