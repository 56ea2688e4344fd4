#include "eval.h"

#include "function.h"
#include "gomath.h"
#include "model/base/assert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double sign(double value)
{
    return value < 0 ? -1 : value > 0 ? 1 : value;
}

/* Functions of one number; NULL if it is none. */
static double (*number_function(enum function function))(double)
{
    static const struct {
        enum function function;
        double (*of)(double);
    } table[] = {{F_ABS, fabs},      {F_ACOS, acos}, {F_ACOSH, acosh}, {F_ASIN, asin},
                 {F_ASINH, asinh},   {F_ATAN, atan}, {F_ATANH, atanh}, {F_CEIL, ceil},
                 {F_COS, cos},       {F_COSH, cosh}, {F_EXP, exp},     {F_FLOOR, floor},
                 {F_LN, log},        {F_SGN, sign},  {F_SIN, sin},     {F_SINH, sinh},
                 {F_SQRT, sqrt},     {F_TAN, tan},   {F_TANH, tanh},   {F_LOG2, go_log2},
                 {F_LOG10, go_log10}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].function == function)
            return table[i].of;
    }
    return NULL;
}

static bool is_date(enum function function)
{
    return function == F_MINUTE || function == F_HOUR || function == F_DAY_OF_WEEK ||
           function == F_DAY_OF_MONTH || function == F_DAY_OF_YEAR || function == F_DAYS_IN_MONTH ||
           function == F_MONTH || function == F_YEAR;
}

/* A number of each sample, by what the function's name says. */
static double of_sample(const struct sample *sample, enum function function,
                        const double *parameters)
{
    double (*of)(double) = number_function(function);
    double value = sample->value;
    if (of)
        return of(value);
    if (is_date(function))
        return date_part(value, (int)function);
    if (function == F_CLAMP)
        return go_max(parameters[0], go_min(parameters[1], value));
    if (function == F_CLAMP_MAX)
        return go_min(parameters[0], value);
    if (function == F_CLAMP_MIN)
        return go_max(parameters[0], value);
    if (function == F_ROUND)
        return floor(value * (1 / parameters[0]) + 0.5) / (1 / parameters[0]);
    if (function == F_DEG)
        return value * 180 / M_PI;
    if (function == F_RAD)
        return value * M_PI / 180;
    UND_ASSERT(function == F_TIMESTAMP);
    return (double)sample->t_ms / 1000;
}

static enum und_code map(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                         struct vector *out)
{
    enum function function = node->function->function;
    double parameters[2] = {1, 1}; /* round's default */
    bool times = function == F_TIMESTAMP && node->args[0]->kind == PROMQL_SELECTOR;
    struct vector vector;
    if (eval_vector(eval, node->args[0], t_ms, &vector))
        return UND_USAGE;
    for (int i = 1; i < node->n_args; i++) {
        if (eval_scalar(eval, node->args[i], t_ms, &parameters[i - 1]))
            return UND_USAGE;
    }
    if (function == F_CLAMP && parameters[1] < parameters[0])
        return UND_OK;
    for (int i = 0; i < vector.n; i++) {
        struct sample *sample = &vector.list[i];
        if (native_is(sample->value) && function != F_TIMESTAMP)
            continue;
        if (!times)
            sample->t_ms = t_ms;
        eval_drop_name(
            eval, vector_push(eval, out, sample->labels, of_sample(sample, function, parameters)));
    }
    return vector_check(eval, out);
}

/* --- sorting --------------------------------------------------------------------------------- */

/* NaN last in both orders. */
static int by_value(const void *a, const void *b, void *down)
{
    double x = ((const struct sample *)a)->value, y = ((const struct sample *)b)->value;
    int order = (x > y) - (x < y);
    if (isnan(x) || isnan(y))
        return isnan(x) - isnan(y);
    return *(bool *)down ? -order : order;
}

static void drop_histograms(struct vector *vector)
{
    int n = 0;
    for (int i = 0; i < vector->n; i++) {
        if (!native_is(vector->list[i].value))
            vector->list[n++] = vector->list[i];
    }
    vector->n = n;
}

/* qsort_r of glibc merges: equal ones keep their order. */
static enum und_code sort_values(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                                 struct vector *out)
{
    bool down = node->function->function == F_SORT_DESC;
    if (eval_vector(eval, node->args[0], t_ms, out))
        return UND_USAGE;
    drop_histograms(out);
    if (out->n > 1)
        qsort_r(out->list, (size_t)out->n, sizeof *out->list, by_value, &down);
    return UND_OK;
}

/* --- scalars --------------------------------------------------------------------------------- */

static enum und_code to_scalar(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                               struct value *out)
{
    struct vector vector;
    if (eval_vector(eval, node->args[0], t_ms, &vector))
        return UND_USAGE;
    drop_histograms(&vector);
    out->scalar = vector.n == 1 ? vector.list[0].value : NAN;
    return UND_OK;
}

static enum und_code to_vector(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                               struct value *out)
{
    double number;
    if (eval_scalar(eval, node->args[0], t_ms, &number))
        return UND_USAGE;
    vector_push(eval, &out->vector, labels_none(eval->pool), number);
    return UND_OK;
}

static enum und_code date_of_now(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                                 struct value *out)
{
    int64_t now = t_ms / 1000;
    vector_push(eval, &out->vector, labels_none(eval->pool),
                date_part((double)now, (int)node->function->function));
    return UND_OK;
}

static bool is_histogram(enum function function)
{
    return function == F_HISTOGRAM_AVG || function == F_HISTOGRAM_COUNT ||
           function == F_HISTOGRAM_FRACTION || function == F_HISTOGRAM_QUANTILE ||
           function == F_HISTOGRAM_QUANTILES || function == F_HISTOGRAM_STDDEV ||
           function == F_HISTOGRAM_STDVAR || function == F_HISTOGRAM_SUM;
}

static bool takes_range(const struct promql_node *node)
{
    for (int i = 0; i < node->n_args; i++) {
        if (node->args[i]->type == PROMQL_MATRIX)
            return true;
    }
    return false;
}

/* Numbers that no series gives: time(), pi() and what version 3 has besides. */
static enum und_code number(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                            double *out)
{
    enum function function = node->function->function;
    double of[2] = {0, 0};
    for (int i = 0; i < node->n_args; i++) {
        if (eval_scalar(eval, node->args[i], t_ms, &of[i]))
            return UND_USAGE;
    }
    if (function == F_PI)
        *out = M_PI;
    else if (function == F_START || function == F_END)
        *out = (double)(function == F_END ? eval->end_ms : eval->start_ms) / 1000;
    else if (function == F_RANGE)
        *out = (double)(eval->end_ms - eval->start_ms) / 1000;
    else if (function == F_STEP)
        *out = (double)eval->query_step_ms / 1000;
    else if (function == F_MIN_OF || function == F_MAX_OF)
        *out = function == F_MIN_OF ? go_min(of[0], of[1]) : go_max(of[0], of[1]);
    else
        *out = (double)t_ms / 1000;
    return UND_OK;
}

enum und_code eval_call(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                        struct value *out)
{
    enum function function = node->function->function;
    if (node->type == PROMQL_SCALAR && function != F_SCALAR)
        return number(eval, node, t_ms, &out->scalar);
    if (function == F_ABSENT || function == F_ABSENT_OVER_TIME)
        return call_absent(eval, node, t_ms, &out->vector);
    if (takes_range(node))
        return call_range(eval, node, t_ms, &out->vector);
    if (function == F_SCALAR)
        return to_scalar(eval, node, t_ms, out);
    if (function == F_VECTOR)
        return to_vector(eval, node, t_ms, out);
    if (is_date(function) && node->n_args == 0)
        return date_of_now(eval, node, t_ms, out);
    if (function == F_LABEL_REPLACE)
        return call_label_replace(eval, node, t_ms, &out->vector);
    if (function == F_LABEL_JOIN)
        return call_label_join(eval, node, t_ms, &out->vector);
    if (function == F_SORT || function == F_SORT_DESC)
        return sort_values(eval, node, t_ms, &out->vector);
    if (function == F_SORT_BY_LABEL || function == F_SORT_BY_LABEL_DESC)
        return call_sort_by_label(eval, node, t_ms, &out->vector);
    if (function == F_INFO)
        return call_info(eval, node, t_ms, &out->vector);
    if (is_histogram(function))
        return call_histogram(eval, node, t_ms, &out->vector);
    return map(eval, node, t_ms, &out->vector);
}
