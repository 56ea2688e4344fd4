/* What the reading and the cleaning of a history share. Private to history*.c. */
#ifndef MODEL_FIT_HISTORY_INTERNAL_H
#define MODEL_FIT_HISTORY_INTERNAL_H

#include "history.h"

/* A row as it was read, before anything is concluded from it. */
struct raw_row {
    struct job_row row; /* times, indices, end, attempt */
    double stated;      /* the duration column, in its own unit; NAN: none */
    double wait_ms;     /* NAN: none */
    int workflow;       /* -1: none */
    bool bad_duration;
};

struct raw_rows {
    struct raw_row *row; /* owned */
    size_t n, capacity;
    bool bare_unit; /* the duration's unit is not in its name */
    bool ms_clock;  /* times are numbers of ms, or it is a program that counts in them */
};

/* Counts it; the first line is kept. */
void history_flaw(struct history *history, enum flaw flaw, int line);
/* The name's index, new or old. */
int history_intern(struct names *names, const char *name);
/* From raw rows to rows: durations, waits, ends; classes; order; what is left out. */
void history_clean(struct history *history, struct raw_rows *raw);

#endif
