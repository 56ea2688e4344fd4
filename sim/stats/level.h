/*
 * A quantity over time that stays at a whole number between changes: jobs waiting, slots busy.
 * How long it was at each value gives its time average, exact, and its quantiles over time, exact
 * below 1024 and within 0.1% above (the buckets of sketch.h). Integers throughout, so that parts
 * merge in any order.
 *
 * Memory is allocated by level_init alone: 180 KiB.
 */
#ifndef SIM_STATS_LEVEL_H
#define SIM_STATS_LEVEL_H

#include "model/stats/sketch.h"

struct level {
    int64_t total_ms; /* observed so far */
    int128 area;      /* sum of value times ms */
    int64_t min, max; /* INT64_MAX and INT64_MIN while none was */
    int64_t *held_ms; /* owned; by bucket */
};

/* The struct is the caller's; clear forgets what was observed and keeps the memory. */
void level_init(struct level *level);
void level_fini(struct level *level);
void level_clear(struct level *level);
/* Adds what `part` observed; the part stays as it is. */
void level_merge(struct level *level, const struct level *part);

#define LEVEL_LEAST 1e-12 /* p of the minimum */

double level_mean(const struct level *level); /* NAN while nothing was observed */
/* The least value that was not exceeded for a share p of the time, 0 < p <= 1. */
double level_quantile(const struct level *level, double p);
/* Values times `scale` (1 / slots makes a utilisation); n and half_width are for the caller. */
void level_quantity(const struct level *level, double scale, struct quantity *quantity);

/* It was at `value` for that long. */
static inline void level_hold(struct level *level, int64_t value, int64_t ms)
{
    int64_t *held_ms = &level->held_ms[sketch_bucket(value)];
    UND_ASSERT(value >= 0 && ms > 0);
    if (*held_ms == 0 || value >= SKETCH_LINEAR) { /* below that, a bucket is one value */
        level->min = value < level->min ? value : level->min;
        level->max = value > level->max ? value : level->max;
    }
    *held_ms += ms;
    level->area += (int128)value * ms;
    level->total_ms += ms;
}

#endif
