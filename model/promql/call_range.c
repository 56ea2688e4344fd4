#include "eval.h"

#include "natives.h"

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

static bool is_rate(enum function function)
{
    return function == F_RATE || function == F_INCREASE || function == F_DELTA ||
           function == F_IRATE || function == F_IDELTA;
}

static void floats_only(struct eval *eval, struct window *window)
{
    int n = window->n - window->histograms, kept = 0;
    struct point *floats = arena_take(eval->arena, (size_t)(n + 1) * sizeof *floats);
    for (int i = 0; i < window->n; i++) {
        if (!native_is(window->points[i].value))
            floats[kept++] = window->points[i];
    }
    window->points = floats;
    window->starts = NULL;
    window->n = kept;
}

/* Are there only floats, or only histograms, where the function looks? irate and idelta look at the
 * last two. */
static bool is_mixed(const struct window *window, enum function function)
{
    int first = 0;
    if (function == F_IRATE || function == F_IDELTA)
        first = window->n > 2 ? window->n - 2 : 0;
    for (int i = first + 1; i < window->n; i++) {
        if (native_is(window->points[i].value) != native_is(window->points[first].value))
            return true;
    }
    return false;
}

/* What a function does with a range that has histograms: it has the value, or `left` is what the
 * function of floats is to look at, or there is none. */
enum met { MET_VALUE, MET_LEFT, MET_NOTHING };

static enum met meet_histograms(struct eval *eval, struct window *window, enum function function,
                                const struct labels *labels, double *value)
{
    bool floats = window->histograms < window->n;
    if (takes_all(function))
        return MET_LEFT;
    if (is_rate(function) || function == F_SUM_OVER_TIME || function == F_AVG_OVER_TIME) {
        if (is_mixed(window, function)) {
            eval_warn_mixed(eval, labels);
            return MET_NOTHING;
        }
        if (!native_is(window->points[window->n - 1].value))
            return MET_LEFT;
        return (window->anchored || window->smoothed ? natives_extended : natives_over)(
                   eval, window, function, labels, value)
                   ? MET_VALUE
                   : MET_NOTHING;
    }
    floats_only(eval, window);
    if (!floats)
        return MET_NOTHING;
    eval_info(eval,
              "ignored histograms in a range containing both floats and histograms for metric "
              "name \"%.200s\"",
              labels_get(labels, LABELS_NAME));
    return MET_LEFT;
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

/* The function's value of the window; false if there is none. */
static bool apply(struct eval *eval, struct window *window, enum function function,
                  const struct range *range, double *value)
{
    enum met met = MET_LEFT;
    if (range->histograms)
        met = meet_histograms(eval, window, function, range->labels, value);
    if (met == MET_NOTHING)
        return false;
    if (function == F_QUANTILE_OVER_TIME || function == F_MAD_OVER_TIME)
        window->room = arena_take(eval->arena, (size_t)range->n * sizeof *window->room);
    if (met == MET_LEFT && !window_apply(window, function, value))
        return false;
    if (met == MET_LEFT && (function == F_RATE || function == F_INCREASE))
        doubt_counter(eval, range->labels);
    return true;
}

static enum und_code range_of_series(struct eval *eval, struct window *window,
                                     enum function function, const struct range *range,
                                     struct vector *out)
{
    bool keeps = function == F_LAST_OVER_TIME || function == F_FIRST_OVER_TIME;
    struct sample *sample;
    double value;
    window->points = range->points;
    window->starts = range->starts;
    window->n = range->n;
    window->histograms = range->histograms;
    if (window->anchored && (function == F_CHANGES || function == F_RESETS))
        window_anchor(window);
    if (!apply(eval, window, function, range, &value))
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
    struct window window = {.now_ms = t_ms, .later = eval->later, .arena = eval->arena};
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
