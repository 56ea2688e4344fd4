#include "sketch.h"

#include <gsl/gsl_sort_long.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(long) == sizeof(int64_t), "gsl_sort_long sorts int64_t");

static int64_t *new_values(void)
{
    int64_t *value = malloc(SKETCH_EXACT * sizeof *value);
    UND_ASSERT(value != NULL);
    return value;
}

void sketch_init(struct sketch *sketch)
{
    *sketch = (struct sketch){.value = new_values(),
                              .count = calloc(SKETCH_BUCKETS, sizeof *sketch->count),
                              .min = INT64_MAX,
                              .max = INT64_MIN,
                              .last = -1};
    UND_ASSERT(sketch->count != NULL);
}

void sketch_fini(struct sketch *sketch)
{
    free(sketch->value);
    free(sketch->count);
    *sketch = (struct sketch){0};
}

void sketch_clear(struct sketch *sketch)
{
    int32_t i;
    for (i = sketch->first; i <= sketch->last; i++)
        sketch->count[i] = 0;
    if (!sketch->value)
        sketch->value = new_values();
    sketch->n = 0;
    sketch->sum = 0;
    sketch->min = INT64_MAX;
    sketch->max = INT64_MIN;
    sketch->last = -1;
}

/* Values are only ever read while the whole has at most SKETCH_EXACT; then every part had, too. A
 * whole that has more needs its own no longer: of many replications that is most of its memory. */
void sketch_merge(struct sketch *sketch, const struct sketch *part)
{
    int32_t i;
    if (part->n == 0)
        return;
    if (sketch->n + part->n <= SKETCH_EXACT) {
        memcpy(sketch->value + sketch->n, part->value, (size_t)part->n * sizeof *part->value);
    } else {
        free(sketch->value);
        sketch->value = NULL;
    }
    for (i = part->first; i <= part->last; i++)
        sketch->count[i] += part->count[i];
    sketch->n += part->n;
    sketch->sum += part->sum;
    sketch->min = part->min < sketch->min ? part->min : sketch->min;
    sketch->max = part->max > sketch->max ? part->max : sketch->max;
    sketch->first = sketch_bucket(sketch->min);
    sketch->last = sketch_bucket(sketch->max);
    sketch->sorted = false;
}

double sketch_mean(const struct sketch *sketch)
{
    return sketch->n > 0 ? (double)sketch->sum / (double)sketch->n : NAN;
}

double sketch_bucket_value(int32_t bucket)
{
    int32_t octave = (bucket - SKETCH_LINEAR) / SKETCH_OCTAVE;
    int64_t width, low;
    if (bucket < SKETCH_LINEAR)
        return bucket;
    width = (int64_t)2 << octave;
    low = (SKETCH_OCTAVE + (bucket - SKETCH_LINEAR) % SKETCH_OCTAVE) * width;
    return (double)low + (double)(width - 1) / 2;
}

double sketch_rank(struct sketch *sketch, int64_t rank)
{
    int64_t below = 0;
    int32_t i;
    UND_ASSERT(rank >= 1 && rank <= sketch->n);
    if (sketch->n <= SKETCH_EXACT) {
        if (!sketch->sorted) /* by GSL's heap sort: qsort would allocate */
            gsl_sort_long(sketch->value, 1, (size_t)sketch->n);
        sketch->sorted = true;
        return (double)sketch->value[rank - 1];
    }
    for (i = sketch->first; below + sketch->count[i] < rank; i++)
        below += sketch->count[i];
    return fmin(fmax(sketch_bucket_value(i), (double)sketch->min), (double)sketch->max);
}

double sketch_quantile(struct sketch *sketch, double p)
{
    double place, low;
    int64_t rank;
    UND_ASSERT(p >= 0 && p <= 1);
    if (sketch->n == 0)
        return NAN;
    place = p * (double)(sketch->n - 1);
    rank = (int64_t)place + 1;
    low = sketch_rank(sketch, rank);
    if (rank == sketch->n)
        return low;
    return low + (place - floor(place)) * (sketch_rank(sketch, rank + 1) - low);
}

void sketch_quantity(struct sketch *sketch, struct quantity *quantity)
{
    bool any = sketch->n > 0;
    *quantity = (struct quantity){
        .n = sketch->n,
        .mean = sketch_mean(sketch),
        .half_width = NAN,
        .min = any ? (double)sketch->min : NAN,
        .p5 = sketch_quantile(sketch, 0.05),
        .p50 = sketch_quantile(sketch, 0.5),
        .p95 = sketch_quantile(sketch, 0.95),
        .p99 = sketch_quantile(sketch, 0.99),
        .max = any ? (double)sketch->max : NAN,
        .p50_low = NAN,
        .p50_high = NAN,
        .p95_low = NAN,
        .p95_high = NAN,
        .p99_low = NAN,
        .p99_high = NAN,
        .known_to = NAN,
    };
}
