/*
 * A quantity over time that stays at a whole number between changes: jobs waiting, slots busy.
 * How long it was at each value gives its time average, exact, and its quantiles over time, exact
 * below 1024 and within 0.1% above (the buckets of sketch.h). Integers throughout, so that parts
 * merge in any order.
 *
 * Memory is allocated by level_init alone: 180 KiB.
 */
#ifndef MODEL_LEVEL_H
#define MODEL_LEVEL_H

#include "sketch.h"

struct level {
    int64_t at_ms, value; /* since when it is at what */
    int64_t total_ms;     /* observed so far */
    int128 area;          /* sum of value times ms */
    int64_t min, max;     /* held for at least 1 ms; INT64_MAX and INT64_MIN while none was */
    int64_t *held_ms;     /* owned; by bucket */
};

void level_init(struct level *level);
void level_fini(struct level *level);
void level_clear(struct level *level);
/* Adds what `part` observed; the part stays as it is. */
void level_merge(struct level *level, const struct level *part);

double level_mean(const struct level *level); /* NAN while nothing was observed */
/* The least value that was not exceeded for a share p of the time, 0 < p <= 1. */
double level_quantile(const struct level *level, double p);
/* Values times `scale` (1 / slots makes a utilisation); n and half_width are for the caller. */
void level_quantity(const struct level *level, double scale, struct quantity *quantity);

/* Observation begins, or goes on after a pause: nothing is counted for the time before. */
static inline void level_start(struct level *level, int64_t at_ms, int64_t value)
{
    UND_ASSERT(value >= 0);
    level->at_ms = at_ms;
    level->value = value;
}

/* The quantity becomes `value` at `at_ms`; with the present value it only counts up to now. */
static inline void level_set(struct level *level, int64_t at_ms, int64_t value)
{
    int64_t held = at_ms - level->at_ms;
    UND_ASSERT(held >= 0 && value >= 0);
    if (held > 0) {
        level->held_ms[sketch_bucket(level->value)] += held;
        level->area += (int128)level->value * held;
        level->total_ms += held;
        level->min = level->value < level->min ? level->value : level->min;
        level->max = level->value > level->max ? level->value : level->max;
    }
    level->at_ms = at_ms;
    level->value = value;
}

#endif
