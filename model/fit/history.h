/*
 * What a team's jobs were: rows of a CSV export, cleaned. Every row that is not used, or only in
 * part, is counted with its reason and the first line that it was seen on.
 *
 * Times are ms since 1970 (or since any second 0: `clocked` is false then), HISTORY_NONE where the
 * row has none. Rows are in the order of their creation. Offsets are those of the row's own zone,
 * so that an hour of the day is the team's.
 */
#ifndef MODEL_FIT_HISTORY_H
#define MODEL_FIT_HISTORY_H

#include "model/base/err.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_NONE INT64_MIN
#define HISTORY_COLUMN 128
#define HISTORY_SEEN 48
/* GitHub ends a job of a self-hosted runner after five days: what is longer is no duration. */
#define HISTORY_LONGEST_MS (5 * 24 * 3600 * 1000LL)

enum role {
    ROLE_CREATED,
    ROLE_STARTED,
    ROLE_FINISHED,
    ROLE_DURATION,
    ROLE_WAIT,
    ROLE_RUN,
    ROLE_JOB,
    ROLE_WORKFLOW,
    ROLE_STATUS,
    ROLE_ATTEMPT,
    ROLE_RUNNER,
    ROLE_ID,
    ROLE_COUNT
};
extern const char *const role_names[]; /* "created"; NULL ends them */

enum job_end { END_UNKNOWN, END_SUCCESS, END_FAILURE, END_CANCELLED, END_SKIPPED, END_OPEN };

/* What is odd about a row. Those before FLAW_KEPT are left out. */
enum flaw {
    FLAW_FIELDS,    /* fewer or more fields than columns */
    FLAW_NO_TIME,   /* neither created nor started */
    FLAW_BAD_TIME,  /* a time that cannot be read */
    FLAW_FAR,       /* created years apart from all others */
    FLAW_NEVER_RAN, /* skipped, or over without having started */
    FLAW_DUPLICATE, /* the same job again */
    FLAW_KEPT,
    FLAW_NEGATIVE = FLAW_KEPT, /* over before it started */
    FLAW_TOO_LONG,             /* longer than any job may be */
    FLAW_BAD_DURATION,         /* cannot be read */
    FLAW_LOST,                 /* no end, and older than any job may be */
    FLAW_OPEN,                 /* no end yet: known to last longer than so much */
    FLAW_ZERO,                 /* took 0 s: taken as half a second */
    FLAW_EARLY,                /* started before it was created: no wait is known of it */
    FLAW_SAME,                 /* as another in every field, and no id tells them apart */
    FLAW_OVERLAP,              /* its runner ran another job at the same time */
    FLAW_OUTAGE,               /* its host went down while it ran */
    FLAW_COUNT
};

struct job_row {
    int64_t created_ms, started_ms, finished_ms;
    int64_t duration_ms; /* -1: not known; of an open one so far */
    int run;             /* index of run and attempt; runs are numbered as they are met */
    int job_class;       /* index into classes; -1: none */
    int runner;          /* -1: none */
    int attempt;         /* from 1 */
    int offset_min;      /* of its zone */
    int line;
    enum job_end end;
    bool censored; /* it was still running: the duration is at least so long */
};

struct names {
    char **name; /* owned */
    int n;
    json_t *index;
};

struct history {
    char path[512];
    struct job_row *row; /* owned */
    size_t n, read;      /* kept; rows of the file */
    struct names classes, workflows, runners;
    int n_runs;
    char column[ROLE_COUNT][HISTORY_COLUMN]; /* which column it is; "" none */
    bool named[ROLE_COUNT];                  /* by the caller; else guessed */
    int64_t flaw[FLAW_COUNT];
    int flaw_line[FLAW_COUNT];
    char flaw_seen[FLAW_COUNT][HISTORY_SEEN]; /* what stood there; "": it is the whole row */
    bool clocked;                             /* times are of the calendar */
    bool zoned;                               /* and say which zone */
    bool slashed;                             /* dates are 3/4/2026: */
    bool day_first;                           /* 3 April, not March 4 */
    bool order_known;                         /* as there is a 13th in one */
    bool waits;                               /* created and started are both known */
    bool runs;                                /* a column says which jobs are of one run */
    bool by_workflow;       /* classes are workflows, as there are too many names of jobs */
    int offset_min[2];      /* the least and the greatest seen */
    int64_t offset_changed; /* when it first did; HISTORY_NONE */
    int64_t from_ms, to_ms; /* first created; the last time seen at all */
    const char *duration_unit;
    int64_t sampled_ms; /* times are only as fine: of samples (watched.h); 0: as they are */
};

/* `columns` are ROLE=NAME, as options give them. The history is the caller's to fini whatever is
 * returned. */
enum und_code history_read(struct history *history, const char *path, const char *const *columns,
                           int n_columns, struct und_err *err);
void history_fini(struct history *history);

/* In words, for one row or several: "had no end and ..."; static. */
const char *flaw_text(enum flaw flaw);
/* Why nothing is left, in words: "; 5 rows ... (the first: line 2, 'x')"; "" if no row is odd. */
void history_say_why(const struct history *history, char *out, size_t size);

/* ---- parts ---- */

/* ISO 8601 with or without zone, a date as spreadsheets and mail have it (of 3/4/2026 `day_first`
 * says what it is), or a number of seconds, ms, us or ns. False: cannot be read. `offset_min` is
 * the zone's; *zoned whether it has one; *clocked whether it is of the calendar. */
struct instant {
    int64_t ms;
    int offset_min;
    bool zoned, clocked, slashed;
};
bool history_time(const char *text, bool day_first, struct instant *instant);
/* 90, 1:30, 1-02:03:04, 00:54:39.07, 1m30s, 1 min 30 sec, PT1M30S, 0 days 00:01:30; in units of
 * unit_ms where it has none. */
bool history_duration(const char *text, double unit_ms, double *ms);
/* The role that a column of this name has, ROLE_COUNT if none; *rank says how good a guess. */
enum role history_guess(const char *column, int *rank);
enum job_end history_end(const char *status);

#endif
