/*
 * Native histograms: what they hold, and how Prometheus calculates with them.
 *
 * A sample's value that is a native histogram is a NaN whose lower 48 bits are the address of its
 * content (native_box, native_of), so that floats pay nothing for it. Contents live in arenas: a
 * store's (series), an evaluation's (results), a notation's. A boxed content is not changed any
 * more; what is calculated is a copy.
 *
 * Buckets: number i of an exponential histogram is (b^(i-1), b^i] with b = 2^(2^-schema), mirrored
 * for negative ones; number i of a custom one (schema -53) is (bounds[i-1], bounds[i]], the first
 * from -Inf and the last to +Inf. Empty ones count as none.
 *
 * Source: Prometheus, model/histogram (float histograms), promql/quantile.go, and the specification
 * of native histograms.
 */
#ifndef MODEL_PROMQL_NATIVE_H
#define MODEL_PROMQL_NATIVE_H

#include "arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define NATIVE_CUSTOM (-53)  /* the schema of custom bounds */
#define NATIVE_BUCKETS 4096  /* of one side, as written */
#define NATIVE_REACH 1000000 /* the largest bucket number, either sign */

/* What a histogram says of its counter: counter_reset_hint. */
enum native_hint { NATIVE_UNKNOWN, NATIVE_NOT_RESET, NATIVE_RESET, NATIVE_GAUGE };

/* A number, and what a Kahan sum has lost of it so far: see native_settle. */
struct native_number {
    double value, lost;
};

struct native_bucket {
    int index;
    struct native_number count;
};

struct native_side { /* in the order of the indices */
    struct native_bucket *list;
    int n;
};

struct native {
    enum native_hint hint;
    int schema;
    double zero_width; /* the zero bucket is [-zero_width, zero_width] */
    struct native_number sum, count, zero;
    struct native_side positive, negative; /* custom ones are positive */
    const double *bounds;
    int n_bounds;
};

/* --- values ---------------------------------------------------------------------------------- */

static inline bool native_is(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 48 == 0x7ff4; /* no calculation gives it */
}

double native_box(const struct native *native);
const struct native *native_of(double value);

struct native *native_copy(struct arena *arena, const struct native *native);
/* The same value with a copy of its content in another arena. */
double native_keep(struct arena *arena, double value);

/* --- arithmetic ------------------------------------------------------------------------------ */

/* What an addition has met. */
struct native_met {
    bool reconciled; /* custom bounds that differ: those that both have are left */
    bool collided;   /* one says that its counter was reset, the other that it was not */
};

/* Adds `times` the other to it, in the coarser of their two layouts. False, with nothing done,
 * where only one of them has custom bounds. */
bool native_add(struct arena *arena, struct native *to, const struct native *from, double times,
                struct native_met *met);
/* Puts what Kahan sums have lost back: what was added to is read only after it. */
void native_settle(struct native *native);
/* Negative factors and divisors make a gauge of it; divided by 0 it has no buckets. */
void native_scale(struct native *native, double factor);
void native_divide(struct native *native, double by);
void native_compact(struct native *native);         /* without empty buckets */
bool native_overflows(const struct native *native); /* an infinity in it? */

bool native_is_custom(const struct native *native);
/* The upper bound of a positive bucket; -Inf of custom number -1. */
double native_bound(const struct native *native, int index);
bool native_same_bounds(const struct native *a, const struct native *b);
bool native_equal(const struct native *a, const struct native *b); /* their hints aside */
/* Is there a reset of the counter between the two? */
bool native_resets(struct arena *arena, const struct native *now, const struct native *before);
/* Could the one follow the other in a chunk, which knows that there was no reset then? */
bool native_follows(struct arena *arena, const struct native *now, const struct native *before);

/* --- what they tell -------------------------------------------------------------------------- */

struct native_range {
    double lower, upper, count;
};

enum native_nan { NATIVE_NO_NAN, NATIVE_SKEWED, NATIVE_ALL_NAN };

/* `linear`: within every bucket observations are spread evenly, as version 2 has it, not by their
 * logarithms. `nan`: what observations that are NaN do to the result. */
double native_quantile(struct arena *arena, const struct native *native, double q, bool linear,
                       enum native_nan *nan);
double native_fraction(struct arena *arena, const struct native *native, double lower, double upper,
                       bool linear, enum native_nan *nan);
double native_variance(struct arena *arena, const struct native *native);
/* Only what is below that value, or only what is above it. */
struct native *native_trim(struct arena *arena, const struct native *native, double at, bool below);

/* --- texts ----------------------------------------------------------------------------------- */

/* As Prometheus' test files write them: {{schema:1 sum:3 count:22 buckets:[5 10 7]}}. The text
 * behind it begins at `*at`; NULL, and what is wanted there in `want` otherwise. `hinted`: it says
 * its hint. */
struct native *native_read(struct arena *arena, const char **at, bool *hinted, const char **want);
/* The same from its content, without empty ends: what unit tests of rules are compared by. */
void native_write_notation(struct arena *arena, const struct native *native, FILE *out);
/* As a label of count_values has it: {count:22, sum:3, (1,2]:5}. */
void native_write(struct arena *arena, const struct native *native, FILE *out);

#endif
