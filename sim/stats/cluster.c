#include "cluster.h"
#include "level.h"
#include "model/base/assert.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

void cluster_init(struct cluster_set *set)
{
    *set = (struct cluster_set){.squares = calloc(SKETCH_BUCKETS, sizeof *set->squares),
                                .products = calloc(SKETCH_BUCKETS, sizeof *set->products),
                                .last = -1};
    UND_ASSERT(set->squares != NULL && set->products != NULL);
}

void cluster_fini(struct cluster_set *set)
{
    free(set->squares);
    free(set->products);
    *set = (struct cluster_set){0};
}

void cluster_clear(struct cluster_set *set)
{
    int32_t i;
    for (i = 0; i <= set->last; i++)
        set->squares[i] = set->products[i] = 0;
    set->n = 0;
    set->size_squares = 0;
    set->last = -1;
}

static void add(struct cluster_set *set, const int64_t *counts, int32_t first, int32_t last,
                int64_t n)
{
    int128 below = 0, size = n;
    int32_t i;
    if (n == 0)
        return;
    for (i = first; i <= last; i++) {
        int128 count = counts[i];
        if (count == 0)
            continue;
        set->squares[i] += count * (2 * below + count);
        set->products[i] += count * size;
        below += count;
    }
    UND_ASSERT(below == size);
    set->n++;
    set->size_squares += size * size;
    set->last = last > set->last ? last : set->last;
}

void cluster_add(struct cluster_set *set, const struct sketch *values)
{
    add(set, values->count, values->first, values->last, values->n);
}

void cluster_add_level(struct cluster_set *set, const struct level *level)
{
    if (level->total_ms > 0)
        add(set, level->held_ms, sketch_bucket(level->min), sketch_bucket(level->max),
            level->total_ms);
}

void cluster_merge(struct cluster_set *set, const struct cluster_set *part)
{
    int32_t i;
    for (i = 0; i <= part->last; i++) {
        set->squares[i] += part->squares[i];
        set->products[i] += part->products[i];
    }
    set->n += part->n;
    set->size_squares += part->size_squares;
    set->last = part->last > set->last ? part->last : set->last;
}

double cluster_share_half_width(double squares, double total, int64_t n, double confidence)
{
    double clusters = (double)n;
    if (n < 2)
        return NAN;
    return gsl_cdf_tdist_Pinv((1 + confidence) / 2, clusters - 1) *
           sqrt(fmax(squares, 0) * clusters / (clusters - 1)) / total;
}

/* Of the share of `total` values that are in the buckets up to `at`. */
static double share_half_width(const struct cluster_set *set, const int64_t *counts, double total,
                               int32_t at, double confidence)
{
    int128 squares = 0, products = 0, below = 0;
    double share;
    int32_t i;
    for (i = 0; i <= at; i++) {
        squares += set->squares[i];
        products += set->products[i];
        below += counts[i];
    }
    share = (double)below / total;
    return cluster_share_half_width((double)squares - 2 * share * (double)products +
                                        share * share * (double)set->size_squares,
                                    total, set->n, confidence);
}

struct interval cluster_quantile(const struct cluster_set *set, struct sketch *whole, double p,
                                 double confidence)
{
    double half;
    if (whole->n == 0)
        return (struct interval){NAN, NAN};
    half = share_half_width(set, whole->count, (double)whole->n,
                            sketch_bucket((int64_t)sketch_quantile(whole, p)), confidence);
    if (!(p - half > 0 && p + half < 1))
        return (struct interval){NAN, NAN};
    return (struct interval){sketch_quantile(whole, p - half), sketch_quantile(whole, p + half)};
}

struct interval cluster_level_quantile(const struct cluster_set *set, const struct level *whole,
                                       double p, double confidence)
{
    double half;
    if (whole->total_ms == 0 || p <= 0)
        return (struct interval){NAN, NAN};
    half = share_half_width(set, whole->held_ms, (double)whole->total_ms,
                            sketch_bucket((int64_t)level_quantile(whole, p)), confidence);
    if (!(p - half > 0 && p + half < 1))
        return (struct interval){NAN, NAN};
    return (struct interval){level_quantile(whole, p - half), level_quantile(whole, p + half)};
}
