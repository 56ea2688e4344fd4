#include "eval.h"

#include "function.h"
#include "gomath.h"
#include "model/base/assert.h"
#include "native.h"

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
    bool later = eval->later, forced = false;
    for (int i = 1; i < buckets->n; i++) {
        double *count = &buckets->list[i].count;
        bool tiny = later && *count != before &&
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

static const char *const le[] = {"le"};

/* The samples with a bound in `le`, by their other labels. */
static struct buckets *gather(struct eval *eval, const struct vector *vector, uint64_t round,
                              int *n)
{
    struct buckets *all = arena_take(eval->arena, (size_t)(vector->n + 1) * sizeof *all);
    *n = 0;
    for (int i = 0; i < vector->n; i++) {
        struct labels *labels = vector->list[i].labels;
        struct labels *key = labels_drop(eval->pool, labels, le, 1);
        struct buckets *buckets;
        double bound;
        if (native_is(vector->list[i].value))
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

/* What a call asks of each histogram. */
struct asked {
    enum function function;
    double *parameters; /* quantiles, or two bounds */
    int n;
    bool quantiles;
    const char *label; /* of histogram_quantiles: where each result says its quantile */
};

/* As OpenMetrics writes numbers: 1.0 */
static const char *as_label(double number, char text[GO_NUMBER])
{
    go_format_short(number, text);
    return isfinite(number) && !strpbrk(text, ".e") ? strcat(text, ".0") : text;
}

static void give(struct eval *eval, const struct asked *asked, struct labels *labels, int i,
                 double value, struct vector *out)
{
    struct sample *sample = vector_push(eval, out, labels, value);
    char text[GO_NUMBER];
    eval_drop_name(eval, sample);
    if (asked->label)
        sample->labels = labels_set(eval->pool, sample->labels, asked->label,
                                    as_label(asked->parameters[i], text));
}

static void of_buckets(struct eval *eval, const struct asked *asked, struct buckets *buckets,
                       struct vector *out)
{
    if (asked->function == F_HISTOGRAM_FRACTION) {
        give(eval, asked, buckets->labels, 0,
             bucket_fraction(asked->parameters[0], asked->parameters[1], buckets), out);
        return;
    }
    for (int i = 0; i < asked->n; i++)
        give(eval, asked, buckets->labels, i, bucket_quantile(eval, asked->parameters[i], buckets),
             out);
}

static void tell_nan(struct eval *eval, const struct labels *labels, bool fraction,
                     enum native_nan nan)
{
    const char *name = labels_get(labels, LABELS_NAME);
    if (nan == NATIVE_NO_NAN)
        return;
    eval_info(eval, "input to %s has NaN observations, %s%s%.200s%s",
              fraction ? "histogram_fraction" : "histogram_quantile",
              fraction                ? "which are excluded from all fractions"
              : nan == NATIVE_ALL_NAN ? "result is NaN"
                                      : "result is skewed higher",
              *name ? " for metric name \"" : "", name, *name ? "\"" : "");
}

/* What the function says of one native histogram. */
static double of_content(struct eval *eval, enum function function, const struct native *native)
{
    if (function == F_HISTOGRAM_COUNT)
        return native->count.value;
    if (function == F_HISTOGRAM_SUM)
        return native->sum.value;
    if (function == F_HISTOGRAM_AVG)
        return native->sum.value / native->count.value;
    if (function == F_HISTOGRAM_STDVAR)
        return native_variance(eval->arena, native);
    UND_ASSERT(function == F_HISTOGRAM_STDDEV);
    return sqrt(native_variance(eval->arena, native));
}

static void of_native(struct eval *eval, const struct asked *asked, const struct sample *sample,
                      struct vector *out)
{
    const struct native *native = native_of(sample->value);
    enum native_nan nan;
    double value;
    if (asked->function == F_HISTOGRAM_FRACTION) {
        value = native_fraction(eval->arena, native, asked->parameters[0], asked->parameters[1],
                                !eval->v3, &nan);
        tell_nan(eval, sample->labels, true, nan);
        give(eval, asked, sample->labels, 0, value, out);
        return;
    }
    if (!asked->quantiles) {
        give(eval, asked, sample->labels, 0, of_content(eval, asked->function, native), out);
        return;
    }
    for (int i = 0; i < asked->n; i++) {
        value = native_quantile(eval->arena, native, asked->parameters[i], !eval->v3, &nan);
        tell_nan(eval, sample->labels, false, nan);
        give(eval, asked, sample->labels, i, value, out);
    }
}

/* Neither of a classic and a native histogram of the same labels has a result. */
static void conflict(struct eval *eval, struct buckets *buckets)
{
    const char *name = name_of(buckets);
    buckets->n = 0;
    eval_warn(eval, "vector contains a mix of classic and native histograms%s%.200s%s",
              *name ? " for metric name \"" : "", name, *name ? "\"" : "");
}

static void of_natives(struct eval *eval, const struct asked *asked, const struct vector *vector,
                       uint64_t round, struct buckets *all, struct vector *out)
{
    for (int i = 0; i < vector->n; i++) {
        const struct sample *sample = &vector->list[i];
        struct labels *key = labels_drop(eval->pool, sample->labels, le, 1);
        if (!native_is(sample->value))
            continue;
        if (all && key->mark == round)
            conflict(eval, &all[key->slot]);
        else
            of_native(eval, asked, sample, out);
    }
}

static enum und_code read_asked(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                                struct asked *asked, struct vector *vector)
{
    enum function function = node->function->function;
    bool hinting = eval->hinting;
    *asked = (struct asked){.function = function,
                            .quantiles = function == F_HISTOGRAM_QUANTILE ||
                                         function == F_HISTOGRAM_QUANTILES};
    eval->hinting =
        function == F_HISTOGRAM_COUNT || function == F_HISTOGRAM_SUM || function == F_HISTOGRAM_AVG;
    asked->parameters =
        arena_take(eval->arena, (size_t)(node->n_args + 1) * sizeof *asked->parameters);
    for (int i = 0; i < node->n_args; i++) {
        const struct promql_node *arg = node->args[i];
        if (arg->type == PROMQL_LITERAL)
            asked->label = arg->name;
        else if (arg->type == PROMQL_VECTOR
                     ? eval_vector(eval, arg, t_ms, vector)
                     : eval_scalar(eval, arg, t_ms, &asked->parameters[asked->n++]))
            return UND_USAGE;
    }
    eval->hinting = hinting;
    if (asked->label && !*asked->label)
        return eval_fail(eval, "invalid label name \"\"");
    for (int i = 0; i < asked->n && asked->function != F_HISTOGRAM_FRACTION; i++)
        eval_warn_quantile(eval, asked->parameters[i]);
    return UND_OK;
}

enum und_code call_histogram(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                             struct vector *out)
{
    bool fraction = node->function->function == F_HISTOGRAM_FRACTION && eval->v3;
    struct buckets *all = NULL;
    struct vector vector = {NULL, 0, 0};
    struct asked asked;
    uint64_t round;
    int n = 0;
    if (read_asked(eval, node, t_ms, &asked, &vector))
        return UND_USAGE;
    round = labels_round(eval->pool);
    if (asked.quantiles || fraction)
        all = gather(eval, &vector, round, &n);
    of_natives(eval, &asked, &vector, round, all, out);
    for (int i = 0; i < n; i++) {
        if (all[i].n > 0)
            of_buckets(eval, &asked, &all[i], out);
    }
    return vector_check(eval, out);
}
