#include "eval.h"

#include "function.h"
#include "gomath.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct bucket {
    double bound, count;
};

/* The buckets of one classic histogram. */
struct buckets {
    struct labels *labels; /* without `le` */
    struct bucket *list;
    int n, room;
};

static int by_bound(const void *a, const void *b)
{
    double x = ((const struct bucket *)a)->bound, y = ((const struct bucket *)b)->bound;
    return (x > y) - (x < y);
}

/* Buckets of one bound are added up. */
static void coalesce(struct buckets *buckets)
{
    int n = 0;
    for (int i = 1; i < buckets->n; i++) {
        if (buckets->list[i].bound == buckets->list[n].bound)
            buckets->list[n].count += buckets->list[i].count;
        else
            buckets->list[++n] = buckets->list[i];
    }
    buckets->n = n + 1;
}

static const char *name_of(const struct buckets *buckets)
{
    return labels_get(buckets->labels, LABELS_NAME);
}

/* Counts never fall from bucket to bucket; version 3 takes tiny differences for rounding. */
static void make_monotonic(struct eval *eval, struct buckets *buckets)
{
    double before = buckets->list[0].count;
    bool v3 = eval->v3, forced = false;
    for (int i = 1; i < buckets->n; i++) {
        double *count = &buckets->list[i].count;
        bool tiny = v3 && *count != before &&
                    fabs(*count - before) <= 1e-12 * (fabs(*count) + fabs(before));
        forced |= !tiny && *count < before;
        if (tiny || *count < before)
            *count = before;
        else if (*count > before)
            before = *count;
    }
    if (forced)
        eval_info(eval,
                  "input to histogram_quantile needed to be fixed for monotonicity (see "
                  "https://prometheus.io/docs/prometheus/latest/querying/functions/"
                  "#histogram_quantile)%s%.200s%s",
                  *name_of(buckets) ? " for metric name \"" : "", name_of(buckets),
                  *name_of(buckets) ? "\"" : "");
}

/* Sorted and whole: with a bucket of +Inf. */
static bool prepare(struct buckets *buckets)
{
    qsort(buckets->list, (size_t)buckets->n, sizeof *buckets->list, by_bound);
    if (buckets->list[buckets->n - 1].bound != INFINITY)
        return false;
    coalesce(buckets);
    return true;
}

static double bucket_quantile(struct eval *eval, double q, struct buckets *buckets)
{
    double observations, rank, start = 0, count;
    int b = 0;
    if (isnan(q))
        return NAN;
    if (q < 0 || q > 1)
        return q < 0 ? -INFINITY : INFINITY;
    if (!prepare(buckets))
        return NAN;
    make_monotonic(eval, buckets);
    observations = buckets->list[buckets->n - 1].count;
    if (buckets->n < 2 || observations == 0)
        return NAN;
    rank = q * observations;
    while (b < buckets->n - 1 && !(buckets->list[b].count >= rank))
        b++;
    if (b == buckets->n - 1)
        return buckets->list[b - 1].bound;
    if (b == 0 && buckets->list[0].bound <= 0)
        return buckets->list[0].bound;
    count = buckets->list[b].count;
    if (b > 0) {
        start = buckets->list[b - 1].bound;
        count -= buckets->list[b - 1].count;
        rank -= buckets->list[b - 1].count;
    }
    return start + (buckets->list[b].bound - start) * (rank / count);
}

/* How many observations lie below the bound, by straight lines within buckets. */
static double rank_of(const struct buckets *buckets, double bound)
{
    double below = 0;
    for (int i = 0; i < buckets->n; i++) {
        const struct bucket *bucket = &buckets->list[i];
        double low = i > 0 ? buckets->list[i - 1].bound : bucket->bound > 0 ? 0 : -INFINITY;
        if (low >= bound)
            return below;
        if (bucket->bound > bound)
            return isinf(low) ? bucket->count
                   : isinf(bucket->bound)
                       ? below
                       : below + (bucket->count - below) * (bound - low) / (bucket->bound - low);
        below = bucket->count;
    }
    return below;
}

static double bucket_fraction(double lower, double upper, struct buckets *buckets)
{
    double observations;
    if (!prepare(buckets))
        return NAN;
    observations = buckets->list[buckets->n - 1].count;
    if (observations == 0 || isnan(lower) || isnan(upper))
        return NAN;
    if (lower >= upper)
        return 0;
    return (rank_of(buckets, upper) - rank_of(buckets, lower)) / observations;
}

static void warn_of_bound(struct eval *eval, const struct labels *labels)
{
    const char *name = labels_get(labels, LABELS_NAME);
    eval_warn(
        eval, "bucket label \"le\" is missing or has a malformed value of \"%.100s\"%s%.200s%s",
        labels_get(labels, "le"), *name ? " for metric name \"" : "", name, *name ? "\"" : "");
}

/* The samples with a bound in `le`, by their other labels. */
static struct buckets *gather(struct eval *eval, const struct vector *vector, int *n)
{
    static const char *const le[] = {"le"};
    struct buckets *all = arena_take(eval->arena, (size_t)(vector->n + 1) * sizeof *all);
    uint64_t round = labels_round(eval->pool);
    *n = 0;
    for (int i = 0; i < vector->n; i++) {
        struct labels *labels = vector->list[i].labels;
        struct labels *key = labels_drop(eval->pool, labels, le, 1);
        struct buckets *buckets;
        double bound;
        if (store_is_histogram(vector->list[i].value))
            continue;
        if (!go_parse(labels_get(labels, "le"), &bound)) {
            warn_of_bound(eval, labels);
            continue;
        }
        if (key->mark != round) {
            key->mark = round;
            key->slot = *n;
            all[*n].labels = key;
            ++*n;
        }
        buckets = &all[key->slot];
        if (buckets->n == buckets->room) {
            size_t size = sizeof *buckets->list;
            int room = buckets->room ? 2 * buckets->room : 16;
            buckets->list = arena_grow(eval->arena, buckets->list, (size_t)buckets->n * size,
                                       (size_t)room * size);
            buckets->room = room;
        }
        buckets->list[buckets->n++] = (struct bucket){bound, vector->list[i].value};
    }
    return all;
}

/* A native histogram's quantile that no content has a say in; all else is an error. */
static enum und_code native(struct eval *eval, const struct promql_node *node, double q,
                            struct sample *sample, struct vector *out)
{
    if (node->function->function != F_HISTOGRAM_QUANTILE || (q >= 0 && q <= 1))
        return eval_fail_histogram(eval, sample->labels);
    eval_drop_name(eval, vector_push(eval, out, sample->labels,
                                     isnan(q) ? NAN
                                     : q < 0  ? -INFINITY
                                              : INFINITY));
    return UND_OK;
}

enum und_code call_histogram(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                             struct vector *out)
{
    bool quantile = node->function->function == F_HISTOGRAM_QUANTILE;
    bool fraction = node->function->function == F_HISTOGRAM_FRACTION && eval->v3;
    double parameters[2] = {0, 0};
    struct buckets *all;
    struct vector vector;
    int n;
    for (int i = 0; i < node->n_args - 1; i++) {
        if (eval_scalar(eval, node->args[i], t_ms, &parameters[i]))
            return UND_USAGE;
    }
    if (eval_vector(eval, node->args[node->n_args - 1], t_ms, &vector))
        return UND_USAGE;
    if (quantile)
        eval_warn_quantile(eval, parameters[0]);
    for (int i = 0; i < vector.n; i++) {
        if (store_is_histogram(vector.list[i].value) &&
            native(eval, node, parameters[0], &vector.list[i], out))
            return UND_USAGE;
    }
    if (!quantile && !fraction) /* of native histograms only */
        return UND_OK;
    all = gather(eval, &vector, &n);
    for (int i = 0; i < n; i++)
        eval_drop_name(
            eval, vector_push(eval, out, all[i].labels,
                              quantile ? bucket_quantile(eval, parameters[0], &all[i])
                                       : bucket_fraction(parameters[0], parameters[1], &all[i])));
    return vector_check(eval, out);
}
