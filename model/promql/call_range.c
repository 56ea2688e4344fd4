#include "eval.h"

#include "window.h"

#include <math.h>
#include <string.h>

static enum und_code check_smoothing(struct eval *eval, const double *parameters)
{
    for (int i = 0; i < 2; i++) {
        if (parameters[i] <= 0 || parameters[i] >= 1)
            return eval_fail(eval, "invalid %s factor. Expected: 0 < %s < 1, got: %f",
                             i ? "trend" : "smoothing", i ? "tf" : "sf", parameters[i]);
    }
    return UND_OK;
}

/* Version 2 pins a range only at the first of several steps, unless the whole call is the same at
 * every step; from then on its beginning moves with the steps, a subquery's end, too. */
static int64_t slide_of(const struct eval *eval, const struct promql_node *call,
                        const struct promql_node *range, int64_t t_ms)
{
    if (eval->v3 || range->at == PROMQL_NO_AT || t_ms == eval->first_ms || eval_is_invariant(call))
        return 0;
    return t_ms - eval->first_ms;
}

static void forget_before(struct matrix *matrix, int64_t t_ms)
{
    for (int i = 0; i < matrix->n; i++) {
        struct range *range = &matrix->list[i];
        while (range->n > 0 && range->points[0].t_ms < t_ms) {
            range->points++;
            range->n--;
        }
    }
}

static enum und_code read_range(struct eval *eval, const struct promql_node *call,
                                const struct promql_node *node, int64_t t_ms, struct window *window,
                                struct matrix *matrix)
{
    int64_t slide_ms = slide_of(eval, call, node, t_ms);
    struct promql_node moved = *node;
    struct value value;
    if (slide_ms && node->kind == PROMQL_SUBQUERY) {
        moved.at = PROMQL_AT_TIME;
        moved.at_ms = eval_shift(eval, node, t_ms) + node->offset_ms + slide_ms;
    }
    if (eval_node(eval, &moved, t_ms, &value))
        return UND_USAGE;
    *matrix = value.matrix;
    window->anchored = node->anchored;
    window->smoothed = node->smoothed;
    window->range_s = (double)node->range_ms / 1000;
    window->end_ms = eval_shift(eval, node, t_ms);
    window->start_ms = window->end_ms - node->range_ms;
    if (slide_ms)
        forget_before(matrix, window->start_ms + slide_ms);
    return UND_OK;
}

static enum und_code check_extension(struct eval *eval, const struct promql_node *call,
                                     const struct promql_node *range)
{
    enum function function = call->function->function;
    bool rates = function == F_DELTA || function == F_INCREASE || function == F_RATE;
    if (range->smoothed && !rates)
        return eval_fail(eval,
                         "smoothed modifier can only be used with: delta, increase, rate - not "
                         "with %s",
                         call->name);
    if (range->anchored && !rates && function != F_CHANGES && function != F_RESETS)
        return eval_fail(eval,
                         "anchored modifier can only be used with: changes, delta, increase, rate, "
                         "resets - not with %s",
                         call->name);
    return UND_OK;
}

/* Evaluates the scalars among the arguments and the range, in their order. */
static enum und_code read_arguments(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                                    struct window *window, struct matrix *matrix)
{
    int n = 0;
    for (int i = 0; i < node->n_args; i++) {
        const struct promql_node *arg = node->args[i];
        if (arg->type == PROMQL_MATRIX) {
            if (check_extension(eval, node, arg) ||
                read_range(eval, node, arg, t_ms, window, matrix))
                return UND_USAGE;
        } else if (eval_scalar(eval, arg, t_ms, &window->parameters[n++])) {
            return UND_USAGE;
        }
    }
    return UND_OK;
}

/* --- native histograms ----------------------------------------------------------------------- */

static bool takes_all(enum function function)
{
    return function == F_COUNT_OVER_TIME || function == F_PRESENT_OVER_TIME ||
           function == F_LAST_OVER_TIME || function == F_FIRST_OVER_TIME ||
           function == F_TS_OF_FIRST_OVER_TIME || function == F_TS_OF_LAST_OVER_TIME ||
           function == F_CHANGES || function == F_RESETS;
}

/* Is a change, or a counter's reset, a matter of what is in two histograms that follow each other?
 * One that says it is a reset is so whatever is in it. */
static bool needs_content(const struct window *window)
{
    for (int i = 1; i < window->n; i++) {
        double a = window->points[i - 1].value, b = window->points[i].value;
        if (store_is_histogram(a) && store_is_histogram(b) &&
            (!store_same_histogram(a, b) || store_hint(b) == NATIVE_RESET))
            return true;
    }
    return false;
}

/* Warns where a rate is one of gauges, or a difference one of counters. */
static void doubt_hints(struct eval *eval, const struct window *window, bool counter,
                        const struct labels *labels)
{
    bool doubtful = false;
    for (int i = 0; i < window->n; i++) {
        bool inner = i > 0 && i < window->n - 1;
        bool gauge = store_hint(window->points[i].value) == NATIVE_GAUGE;
        doubtful = doubtful || (counter ? gauge : !gauge && !inner);
    }
    if (doubtful)
        eval_warn(eval, "this native histogram metric is not a %s: \"%.200s\"",
                  counter ? "counter" : "gauge", labels_get(labels, LABELS_NAME));
}

static bool is_rate(enum function function)
{
    return function == F_RATE || function == F_INCREASE || function == F_DELTA ||
           function == F_IRATE || function == F_IDELTA;
}

/* What no content has a say in: equal histograms differ by an empty one, their mean is any of them,
 * and one is its own sum. */
static bool of_equals(struct eval *eval, const struct window *window, enum function function,
                      const struct labels *labels, double *out)
{
    struct window seen = *window;
    bool counter = function != F_DELTA && function != F_IDELTA;
    if ((function == F_IRATE || function == F_IDELTA) && seen.n > 2) {
        seen.points += seen.n - 2;
        seen.n = 2;
    }
    for (int i = 0; i < seen.n; i++) {
        if (!store_is_histogram(seen.points[i].value))
            return false;
    }
    *out = seen.points[seen.n - 1].value;
    if (needs_content(&seen))
        return false;
    if (!is_rate(function))
        return function == F_AVG_OVER_TIME || (function == F_SUM_OVER_TIME && seen.n == 1);
    if (seen.n < 2)
        return false;
    doubt_hints(eval, &seen, counter, labels);
    *out = store_empty_histogram(*out);
    return true;
}

static void floats_only(struct eval *eval, struct window *window)
{
    int n = window->n - window->histograms, kept = 0;
    struct point *floats = arena_take(eval->arena, (size_t)(n + 1) * sizeof *floats);
    for (int i = 0; i < window->n; i++) {
        if (!store_is_histogram(window->points[i].value))
            floats[kept++] = window->points[i];
    }
    window->points = floats;
    window->n = kept;
}

/* irate and idelta look at the last two. */
static enum und_code last_two(struct eval *eval, struct window *window, const struct labels *labels,
                              bool *skip)
{
    bool a, b;
    *skip = window->n < 2;
    if (*skip)
        return UND_OK;
    a = store_is_histogram(window->points[window->n - 2].value);
    b = store_is_histogram(window->points[window->n - 1].value);
    if (a && b)
        return eval_fail_histogram(eval, labels);
    *skip = a || b;
    if (*skip)
        eval_warn_mixed(eval, labels);
    return UND_OK;
}

/* What version 3 does with a range that has histograms; `skip` if the series gives nothing. */
static enum und_code meet_histograms(struct eval *eval, struct window *window,
                                     enum function function, const struct labels *labels,
                                     bool *skip)
{
    bool mixed = window->histograms < window->n;
    *skip = false;
    if (function == F_RESETS && needs_content(window))
        return eval_fail_histogram(eval, labels);
    if (takes_all(function))
        return UND_OK;
    if (function == F_IRATE || function == F_IDELTA)
        return last_two(eval, window, labels, skip);
    if (is_rate(function) || function == F_SUM_OVER_TIME || function == F_AVG_OVER_TIME) {
        bool over_time = function == F_SUM_OVER_TIME || function == F_AVG_OVER_TIME;
        *skip = mixed || (!over_time && window->n < 2);
        if (mixed)
            eval_warn_mixed(eval, labels);
        return *skip ? UND_OK : eval_fail_histogram(eval, labels);
    }
    *skip = !mixed;
    floats_only(eval, window);
    if (mixed)
        eval_info(eval,
                  "ignored histograms in a range containing both floats and histograms for metric "
                  "name \"%.200s\"",
                  labels_get(labels, LABELS_NAME));
    return UND_OK;
}

/* --- the whole ------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *with)
{
    size_t n = strlen(text), m = strlen(with);
    return n >= m && strcmp(text + n - m, with) == 0;
}

static void doubt_counter(struct eval *eval, const struct labels *labels)
{
    const char *name = labels_get(labels, LABELS_NAME);
    if (eval->annotate && *name && !ends_with(name, "_total") && !ends_with(name, "_sum") &&
        !ends_with(name, "_count") && !ends_with(name, "_bucket"))
        eval_info(eval,
                  "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "
                  "\"%.200s\"",
                  name);
}

/* The function's value of the window; `skip` if there is none. */
static enum und_code apply(struct eval *eval, struct window *window, enum function function,
                           const struct range *range, double *value, bool *skip)
{
    *skip = false;
    if (range->histograms && of_equals(eval, window, function, range->labels, value))
        return UND_OK;
    if (range->histograms && meet_histograms(eval, window, function, range->labels, skip))
        return UND_USAGE;
    if (*skip)
        return UND_OK;
    if (function == F_QUANTILE_OVER_TIME || function == F_MAD_OVER_TIME)
        window->room = arena_take(eval->arena, (size_t)range->n * sizeof *window->room);
    *skip = !window_apply(window, function, value);
    if (!*skip && (function == F_RATE || function == F_INCREASE))
        doubt_counter(eval, range->labels);
    return UND_OK;
}

static enum und_code range_of_series(struct eval *eval, struct window *window,
                                     enum function function, const struct range *range,
                                     struct vector *out)
{
    bool keeps = function == F_LAST_OVER_TIME || function == F_FIRST_OVER_TIME, skip;
    struct sample *sample;
    double value;
    window->points = range->points;
    window->n = range->n;
    window->histograms = range->histograms;
    if (range->histograms && (window->anchored || window->smoothed))
        return eval_fail_histogram(eval, range->labels);
    if (window->anchored && (function == F_CHANGES || function == F_RESETS))
        window_anchor(window);
    if (apply(eval, window, function, range, &value, &skip))
        return UND_USAGE;
    if (skip)
        return UND_OK;
    if (function == F_QUANTILE_OVER_TIME)
        eval_warn_quantile(eval, window->parameters[0]);
    sample = vector_push(eval, out, range->labels, value);
    sample->drop_name = range->drop_name;
    if (!keeps)
        eval_drop_name(eval, sample);
    return UND_OK;
}

enum und_code call_range(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                         struct vector *out)
{
    enum function function = node->function->function;
    struct window window = {.now_ms = t_ms, .later = eval->later};
    struct matrix matrix = {NULL, 0, 0};
    if (read_arguments(eval, node, t_ms, &window, &matrix))
        return UND_USAGE;
    if (function == F_HOLT_WINTERS && matrix.n > 0 && check_smoothing(eval, window.parameters))
        return UND_USAGE;
    for (int i = 0; i < matrix.n; i++) {
        if (matrix.list[i].n > 0 && range_of_series(eval, &window, function, &matrix.list[i], out))
            return UND_USAGE;
    }
    return vector_check(eval, out);
}
