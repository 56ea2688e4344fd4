/*
 * A fit to the first part of a history, against the rest: waits that were predicted through the
 * simulator beside those of the jobs that came, served by the same slots. Plain data.
 */
#ifndef REPORTS_FIT_HOLDOUT_H
#define REPORTS_FIT_HOLDOUT_H

#include "model/stats/stats.h"

#include <stdint.h>

enum holdout_of {
    HOLDOUT_JOBS, /* a day */
    HOLDOUT_BUSY, /* slots over the time: the work that came */
    HOLDOUT_MEAN, /* wait, ms */
    HOLDOUT_P50,
    HOLDOUT_P95,
    HOLDOUT_P99,
    HOLDOUT_WAITED, /* share of the jobs that waited for a slot */
    HOLDOUT_COUNT
};

struct holdout {
    char why[256];          /* there is none; "" */
    int64_t from_ms, to_ms; /* of the rest */
    double share;           /* of the time, left out */
    int slots;
    int64_t replications, jobs; /* jobs of the rest */
    struct {
        double measured, predicted; /* of the rest, replayed; the median of the replications */
        struct interval interval;   /* the central 95% of the replications */
        bool inside;
    } row[HOLDOUT_COUNT];
    int inside, of;       /* of the rows with both */
    double recorded_mean; /* as recorded in the history, ms; NAN: no waits recorded */
};

#endif
