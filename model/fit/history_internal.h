/* What the reading and the cleaning of a history share. Private to history*.c. */
#ifndef MODEL_FIT_HISTORY_INTERNAL_H
#define MODEL_FIT_HISTORY_INTERNAL_H

#include "history.h"

#include <time.h>

/* A row as it was read, before anything is concluded from it. */
struct raw_row {
    struct job_row row;              /* times, indices, end, attempt */
    double stated;                   /* the duration column, in its own unit; NAN: none */
    double wait_ms;                  /* NAN: none */
    int workflow;                    /* -1: none */
    char bad_duration[HISTORY_SEEN]; /* what stood there; "": it could be read */
};

struct raw_rows {
    struct raw_row *row; /* owned */
    size_t n, capacity;
    bool bare_unit; /* the duration's unit is not in its name */
    bool ms_clock;  /* times are numbers of ms, or it is a program that counts in them */
};

/* Counts it; the first line is kept, and what stood there ("": nothing to show). */
void history_flaw(struct history *history, enum flaw flaw, int line);
void history_flaw_seen(struct history *history, enum flaw flaw, int line, const char *text);
/* A zone's name, if it means one offset only. */
bool history_zone(const char *text, int *offset_min);
/* A date and, if there is one, its time of day; returns what is behind, NULL: it is none. *slashed:
 * it is 3/4/2026, of which `day_first` says what it is. */
const char *history_date(const char *text, bool day_first, struct tm *tm, bool *slashed);
/* The name's index, new or old. */
int history_intern(struct names *names, const char *name);
/* From raw rows to rows: durations, waits, ends; classes; order; what is left out. */
void history_clean(struct history *history, struct raw_rows *raw);

#endif
