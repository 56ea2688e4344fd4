/*
 * The store: a record of every run, drill, rehearsal, incident, exploration and search that was
 * asked to be kept, in one SQLite file. Nothing is kept unless --store or UNDERSTUDY_STORE names
 * it.
 *
 * Unlike the journal, which is written throughout a drill and read beside it, a store is written
 * once a command, by whichever command comes: SQLite's rollback journal leaves nothing beside the
 * file between two of them, and a writer takes its lock before it reads (BEGIN IMMEDIATE), so that
 * two wait for each other instead of failing. All records of a command are one transaction.
 *
 * An older store is brought up to this version by whoever opens it next; a newer one is refused.
 * Errors: UND_USAGE for a file that is no store, is damaged or too new; UND_SERVICE for one that
 * cannot be written (read-only, disk full, held by another). The file is then as it was.
 */
#ifndef REPORTS_STORE_STORE_H
#define REPORTS_STORE_STORE_H

#include "model/base/err.h"

#include <jansson.h>
#include <stdint.h>

#define STORE_VERSION 3

enum record_kind {
    RECORD_SIM,
    RECORD_TEST,
    RECORD_REHEARSAL,
    RECORD_DRILL,
    RECORD_INCIDENT,
    RECORD_EXPLORE,
    RECORD_SEARCH,
    RECORD_KINDS
};

struct record {
    int64_t id, at_ms; /* since 1970; the end of the run */
    enum record_kind kind;
    char who[300], version[64];
    char fleet[17];     /* the first 16 hex digits of what record_fleet says; "": unknown */
    char scenario[192]; /* its name */
    char mode[256];     /* kinds of its faults, "+" between them; "": none */
    char digest[17];    /* "": a drill has none */
    int64_t seed;       /* bit for bit an uint64_t */
    int exit_code;      /* of this run alone */
    json_t *detail;     /* prediction, measures, claims, verdicts, as the command's JSON */
};

/* What is asked for; NULL, -1 and RECORD_KINDS: anything. */
struct store_filter {
    enum record_kind kind;
    const char *mode, *scenario, *fleet; /* a hash may be cut short */
    int64_t since_ms, until_ms;          /* from then; to before then */
    int64_t id;                          /* 0: any */
};

/* What was given, else what the environment says; NULL: nothing is kept. */
const char *store_path(const char *given);

/* Adds all or none; the file is made where there is none. */
enum und_code store_add(const char *path, const struct record *records, int n, struct und_err *err);

/* Calls `each` for those that the filter leaves, the oldest first; a record is the store's and gone
 * after the call. Makes no file. */
typedef void store_visitor(void *context, const struct record *record);
enum und_code store_read(const char *path, const struct store_filter *filter, store_visitor *each,
                         void *context, struct und_err *err);

/* Somebody says which failure mode an incident was. UND_USAGE for a run that is none. */
enum und_code store_name(const char *path, int64_t id, const char *mode, struct und_err *err);

extern const char *const record_kinds[]; /* the words, in the enum's order; NULL ends them */

#endif
