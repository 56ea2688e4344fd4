#include "natives.h"

#include "gomath.h"
#include "model/base/assert.h"

#include <math.h>

/* --- annotations ----------------------------------------------------------------------------- */

void natives_warn_kinds(struct eval *eval, const struct labels *labels)
{
    eval_warn(eval,
              "vector contains a mix of histograms with exponential and custom buckets schemas for "
              "metric name \"%.200s\"",
              labels_get(labels, LABELS_NAME));
}

void natives_warn_hint(struct eval *eval, bool counter, const struct labels *labels)
{
    eval_warn(eval, "this native histogram metric is not a %s: \"%.200s\"",
              counter ? "counter" : "gauge", labels_get(labels, LABELS_NAME));
}

void natives_tell_met(struct eval *eval, const struct native_met *met, const char *during)
{
    if (met->reconciled)
        eval_info(eval, "mismatched custom buckets were reconciled during %s", during);
}

static void warn_of_collision(struct eval *eval, const char *during)
{
    eval_warn(eval, "conflicting counter resets during histogram %s", during);
}

/* --- arithmetic ------------------------------------------------------------------------------ */

static double boxed(struct native *native)
{
    native_settle(native);
    native_compact(native);
    return native_box(native);
}

double natives_scaled(struct eval *eval, double histogram, double factor)
{
    struct native *native = native_copy(eval->arena, native_of(histogram));
    native_scale(native, factor);
    return boxed(native);
}

/* A sum, or a difference, which is a gauge. */
static enum natives_outcome add(struct eval *eval, const double sides[2], bool minus, double *out)
{
    const char *during = minus ? "subtraction" : "addition";
    struct native *native = native_copy(eval->arena, native_of(sides[0]));
    struct native_met met = {false, false};
    if (!native_add(eval->arena, native, native_of(sides[1]), minus ? -1 : 1, &met))
        return NATIVES_UNFIT;
    natives_tell_met(eval, &met, during);
    if (met.collided)
        warn_of_collision(eval, during);
    if (minus)
        native->hint = NATIVE_GAUGE;
    *out = boxed(native);
    return NATIVES_DONE;
}

enum natives_outcome natives_operate(struct eval *eval, enum promql_op op, const double sides[2],
                                     double *out)
{
    bool left = native_is(sides[0]), right = native_is(sides[1]);
    struct native *native;
    if (left && right)
        return op == PROMQL_ADD || op == PROMQL_SUB ? add(eval, sides, op == PROMQL_SUB, out)
                                                    : NATIVES_SENSELESS;
    if ((left || right) && op == PROMQL_MUL) {
        *out = natives_scaled(eval, sides[left ? 0 : 1], sides[left ? 1 : 0]);
        return NATIVES_DONE;
    }
    if (!left || (op != PROMQL_DIV && op != PROMQL_TRIM_UPPER && op != PROMQL_TRIM_LOWER))
        return NATIVES_SENSELESS;
    if (op == PROMQL_DIV) {
        native = native_copy(eval->arena, native_of(sides[0]));
        native_divide(native, sides[1]);
    } else {
        native = native_trim(eval->arena, native_of(sides[0]), sides[1], op == PROMQL_TRIM_UPPER);
    }
    *out = boxed(native);
    return NATIVES_DONE;
}

/* --- sums and means -------------------------------------------------------------------------- */

static struct native *sum_of(struct eval *eval, const double *values, int n, struct native_met *met)
{
    struct native *sum = native_copy(eval->arena, native_of(values[0]));
    for (int i = 1; i < n; i++) {
        if (!native_add(eval->arena, sum, native_of(values[i]), 1, met))
            return NULL;
    }
    native_settle(sum);
    return sum;
}

/* Without a sum, which overflows. */
static struct native *running_mean(struct eval *eval, const double *values, int n,
                                   struct native_met *met)
{
    struct native *mean = native_copy(eval->arena, native_of(values[0]));
    for (int i = 1; i < n; i++) {
        struct native *one = native_copy(eval->arena, native_of(values[i]));
        native_scale(mean, (double)i / (i + 1));
        native_divide(one, i + 1);
        native_add(eval->arena, mean, one, 1, met);
    }
    native_settle(mean);
    return mean;
}

static bool any_hint(const double *values, int n, enum native_hint hint)
{
    for (int i = 0; i < n; i++) {
        if (native_of(values[i])->hint == hint)
            return true;
    }
    return false;
}

bool natives_sum(struct eval *eval, const double *values, int n, bool mean,
                 const struct labels *labels, double *out)
{
    struct native_met met = {false, false};
    struct native *sum = sum_of(eval, values, n, &met);
    if (!sum) {
        natives_warn_kinds(eval, labels);
        return false;
    }
    if (mean && native_overflows(sum))
        sum = running_mean(eval, values, n, &met);
    else if (mean)
        native_divide(sum, n);
    natives_tell_met(eval, &met, "aggregation");
    if (any_hint(values, n, NATIVE_RESET) && any_hint(values, n, NATIVE_NOT_RESET))
        warn_of_collision(eval, "aggregation");
    *out = boxed(sum);
    return true;
}

/* --- rates ----------------------------------------------------------------------------------- */

static const struct native *native_at(const struct window *window, int i)
{
    return native_of(window->points[i].value);
}

/* Warns where a rate is one of gauges, or a difference one of counters. */
static void doubt_hints(struct eval *eval, const struct window *window, bool counter,
                        const struct labels *labels)
{
    bool doubtful = false;
    for (int i = 0; i < window->n; i++) {
        bool inner = i > 0 && i < window->n - 1;
        bool gauge = native_at(window, i)->hint == NATIVE_GAUGE;
        doubtful = doubtful || (counter ? gauge : !gauge && !inner);
    }
    if (doubtful)
        natives_warn_hint(eval, counter, labels);
}

/* What a counter's first sample stands for: behind a reset nothing, in the layout of the second. */
static const struct native *first_of(struct eval *eval, const struct window *window, bool counter)
{
    const struct native *second = native_at(window, 1);
    struct native *none;
    if (!counter || !native_resets(eval->arena, second, native_at(window, 0)))
        return native_at(window, 0);
    none = arena_take(eval->arena, sizeof *none);
    *none = (struct native){
        .schema = second->schema, .bounds = second->bounds, .n_bounds = second->n_bounds};
    return none;
}

/* The last minus the first, and of a counter what there was before each reset. */
static struct native *difference(struct eval *eval, const struct window *window, bool counter,
                                 const struct labels *labels)
{
    const struct native *before = first_of(eval, window, counter);
    struct native *sum = native_copy(eval->arena, native_at(window, window->n - 1));
    struct native_met subtracted = {false, false}, added = {false, false};
    bool fits = native_is_custom(sum) == native_is_custom(before);
    for (int i = 1; counter && i < window->n; i++)
        fits = fits && native_is_custom(native_at(window, i)) == native_is_custom(before);
    if (!fits) {
        natives_warn_kinds(eval, labels);
        return NULL;
    }
    native_add(eval->arena, sum, before, -1, &subtracted);
    for (int i = 1; counter && i < window->n; i++) {
        if (native_resets(eval->arena, native_at(window, i), before))
            native_add(eval->arena, sum, before, 1, &added);
        before = native_at(window, i);
    }
    natives_tell_met(eval, &subtracted, "subtraction");
    natives_tell_met(eval, &added, "addition");
    native_settle(sum);
    sum->hint = NATIVE_GAUGE;
    return sum;
}

static bool rate(struct eval *eval, const struct window *window, enum function function,
                 const struct labels *labels, double *out)
{
    bool counter = function != F_DELTA;
    struct native *sum = difference(eval, window, counter, labels);
    if (!sum)
        return false;
    doubt_hints(eval, window, counter, labels);
    native_scale(sum, window_factor(window, counter, function == F_RATE,
                                    native_at(window, 0)->count.value, sum->count.value));
    *out = boxed(sum);
    return true;
}

/* Of the last two. */
static bool last_change(struct eval *eval, struct window *window, enum function function,
                        const struct labels *labels, double *out)
{
    bool counter = function == F_IRATE;
    struct native_met met = {false, false};
    struct native *sum;
    window->points += window->n - 2;
    window->n = 2;
    doubt_hints(eval, window, counter, labels);
    sum = native_copy(eval->arena, native_at(window, 1));
    if (!counter || !native_resets(eval->arena, native_at(window, 1), native_at(window, 0))) {
        if (!native_add(eval->arena, sum, native_at(window, 0), -1, &met)) {
            natives_warn_kinds(eval, labels);
            return false;
        }
    }
    natives_tell_met(eval, &met, "subtraction");
    sum->hint = NATIVE_GAUGE;
    native_settle(sum);
    if (counter)
        native_divide(sum, (double)(window->points[1].t_ms - window->points[0].t_ms) / 1000);
    *out = boxed(sum);
    return true;
}

bool natives_over(struct eval *eval, const struct window *window, enum function function,
                  const struct labels *labels, double *out)
{
    struct window seen = *window;
    double *values;
    if (function == F_IRATE || function == F_IDELTA)
        return seen.n >= 2 && last_change(eval, &seen, function, labels, out);
    if (function != F_SUM_OVER_TIME && function != F_AVG_OVER_TIME)
        return seen.n >= 2 && rate(eval, &seen, function, labels, out);
    values = arena_take(eval->arena, (size_t)seen.n * sizeof *values);
    for (int i = 0; i < seen.n; i++)
        values[i] = seen.points[i].value;
    return natives_sum(eval, values, seen.n, function == F_AVG_OVER_TIME, labels, out);
}
