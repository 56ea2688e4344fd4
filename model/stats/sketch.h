/*
 * Quantiles of any number of values in fixed memory, whatever the order they come in.
 *
 * Up to SKETCH_EXACT values a sketch keeps them all and its quantiles are exact. Beyond that it
 * answers from a log-linear histogram (as Tene's HdrHistogram): values below 1024 have a bucket
 * each, larger ones 512 buckets an octave, so that the middle of a bucket is within 0.1% of every
 * value in it. Counts and sums are integers: sketches of parts merge to the sketch of the whole,
 * bit by bit, in any order and from any number of threads.
 *
 * Values are ms (any non-negative integer will do). Memory is allocated by sketch_init:
 * 440 KiB a sketch, touched as far as values reach; 180 KiB once it was merged to more than
 * SKETCH_EXACT, until it is cleared. A level (level.h) uses the same buckets, weighted by time.
 */
#ifndef MODEL_STATS_SKETCH_H
#define MODEL_STATS_SKETCH_H

#include "model/base/assert.h"
#include "model/base/int128.h"
#include "quantity.h"

#include <stdbool.h>
#include <stdint.h>

#define SKETCH_EXACT 32768
#define SKETCH_LINEAR 1024 /* buckets of one value */
#define SKETCH_OCTAVE 512  /* buckets an octave above */
#define SKETCH_BITS 53     /* greater values share the last */
#define SKETCH_BUCKETS (SKETCH_LINEAR + (SKETCH_BITS - 10) * SKETCH_OCTAVE)

struct sketch {
    int64_t n;
    int128 sum;
    int64_t min, max;    /* INT64_MAX and INT64_MIN while empty */
    int64_t *value;      /* owned; the n values while n <= SKETCH_EXACT; NULL: more were merged */
    int64_t *count;      /* owned; by bucket */
    int32_t first, last; /* buckets in use: first..last */
    bool sorted;
};

/* Allocates, empty; frees; empties and keeps the memory. */
void sketch_init(struct sketch *sketch);
void sketch_fini(struct sketch *sketch);
void sketch_clear(struct sketch *sketch);
/* Adds what `part` holds; the part stays as it is. */
void sketch_merge(struct sketch *sketch, const struct sketch *part);

double sketch_mean(const struct sketch *sketch); /* NAN while empty */
/* The value of that rank, 1 (least) .. n: exact, or within 0.1%. */
double sketch_rank(struct sketch *sketch, int64_t rank);
/* 0 <= p <= 1: interpolates between the ranks around 1 + p (n - 1), as GSL and most programs do
 * (Hyndman and Fan's definition 7); NAN while empty. */
double sketch_quantile(struct sketch *sketch, double p);
/* All but half_width, which needs independent replications; that becomes NAN. */
void sketch_quantity(struct sketch *sketch, struct quantity *quantity);

static inline int32_t sketch_bucket(int64_t value)
{
    int32_t octave;
    if (value < SKETCH_LINEAR)
        return (int32_t)value;
    if (value >= (int64_t)1 << SKETCH_BITS)
        return SKETCH_BUCKETS - 1;
    octave = 63 - __builtin_clzll((unsigned long long)value) - 10; /* 0: 1024..2047 */
    return SKETCH_LINEAR + octave * SKETCH_OCTAVE + (int32_t)(value >> (octave + 1)) -
           SKETCH_OCTAVE;
}

/* The middle of a bucket's values. */
double sketch_bucket_value(int32_t bucket);

static inline void sketch_add(struct sketch *sketch, int64_t value)
{
    int32_t bucket = sketch_bucket(value);
    UND_ASSERT(value >= 0);
    if (sketch->n < SKETCH_EXACT)
        sketch->value[sketch->n] = value;
    sketch->sorted = false;
    sketch->n++;
    sketch->sum += value;
    sketch->count[bucket]++;
    if (value < sketch->min) {
        sketch->min = value;
        sketch->first = bucket;
    }
    if (value > sketch->max) {
        sketch->max = value;
        sketch->last = bucket;
    }
}

#endif
