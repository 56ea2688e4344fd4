#include "level.h"

#include <math.h>
#include <stdlib.h>

void level_init(struct level *level)
{
    *level = (struct level){.held_ms = calloc(SKETCH_BUCKETS, sizeof *level->held_ms),
                            .min = INT64_MAX,
                            .max = INT64_MIN};
    UND_ASSERT(level->held_ms != NULL);
}

void level_fini(struct level *level)
{
    free(level->held_ms);
    *level = (struct level){0};
}

void level_clear(struct level *level)
{
    int32_t i, last = level->total_ms > 0 ? sketch_bucket(level->max) : -1;
    for (i = 0; i <= last; i++)
        level->held_ms[i] = 0;
    *level = (struct level){.held_ms = level->held_ms, .min = INT64_MAX, .max = INT64_MIN};
}

void level_merge(struct level *level, const struct level *part)
{
    int32_t i, last = part->total_ms > 0 ? sketch_bucket(part->max) : -1;
    for (i = 0; i <= last; i++)
        level->held_ms[i] += part->held_ms[i];
    level->total_ms += part->total_ms;
    level->area += part->area;
    level->min = part->min < level->min ? part->min : level->min;
    level->max = part->max > level->max ? part->max : level->max;
}

double level_mean(const struct level *level)
{
    return level->total_ms > 0 ? (double)level->area / (double)level->total_ms : NAN;
}

double level_quantile(const struct level *level, double p)
{
    double due = p * (double)level->total_ms;
    int64_t below = 0;
    int32_t i, last;
    UND_ASSERT(p > 0 && p <= 1);
    if (level->total_ms == 0)
        return NAN;
    last = sketch_bucket(level->max);
    for (i = 0; i < last && (double)(below + level->held_ms[i]) < due; i++)
        below += level->held_ms[i];
    return fmin(fmax(sketch_bucket_value(i), (double)level->min), (double)level->max);
}

void level_quantity(const struct level *level, double scale, struct quantity *quantity)
{
    bool any = level->total_ms > 0;
    *quantity = (struct quantity){
        .mean = scale * level_mean(level),
        .half_width = NAN,
        .min = any ? scale * (double)level->min : NAN,
        .p5 = scale * level_quantile(level, 0.05),
        .p50 = scale * level_quantile(level, 0.5),
        .p95 = scale * level_quantile(level, 0.95),
        .p99 = scale * level_quantile(level, 0.99),
        .max = any ? scale * (double)level->max : NAN,
        .p50_low = NAN,
        .p50_high = NAN,
        .p95_low = NAN,
        .p95_high = NAN,
        .p99_low = NAN,
        .p99_high = NAN,
        .known_to = NAN,
    };
}
