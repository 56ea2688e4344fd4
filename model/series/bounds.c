#include "bounds.h"

#include "model/base/assert.h"
#include "model/promql/function.h"

#include <math.h>
#include <string.h>

#define RECORD_DEPTH 8

struct finder {
    bounds_leaf *leaf;
    void *context;
    struct bounds_fixed fixed;
};

static struct bounds find(const struct finder *finder, const struct promql_node *node);

/* --- which labels stay fixed ----------------------------------------------------------------- */

static bool is_among(const char *name, const char **names, int n)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

/* Keeps those that are among the names, or are not (`without`). */
static struct finder keeping(const struct finder *finder, const char **names, int n, bool without)
{
    struct finder to = *finder;
    for (int i = 0; to.fixed.mask && i < to.fixed.labels->n && i < 32; i++) {
        if (is_among(to.fixed.labels->list[i].name, names, n) == without)
            to.fixed.mask &= ~(1u << i);
    }
    return to;
}

static struct finder freed(const struct finder *finder)
{
    struct finder to = *finder;
    to.fixed.mask = 0;
    return to;
}

/* What one side of a binary operation must share with the result: all of it if the result's labels
 * are that side's, else what the sides are matched by. */
static struct finder side_of(const struct finder *finder, const struct promql_node *node, int side)
{
    bool whole = node->card == PROMQL_MANY_TO_ONE   ? side == 0
                 : node->card == PROMQL_ONE_TO_MANY ? side == 1
                                                    : side == 0;
    if (node->args[0]->type != PROMQL_VECTOR || node->args[1]->type != PROMQL_VECTOR)
        return *finder;
    if (node->op == PROMQL_OR)
        return *finder;
    if (node->n_include > 0 && whole)
        return keeping(finder, node->include, node->n_include, true);
    if (whole)
        return *finder;
    if (!node->grouped || node->without)
        return keeping(finder, node->labels, node->n_labels, true);
    return keeping(finder, node->labels, node->n_labels, false);
}

bool bounds_selects(const struct promql_node *selector, const struct bounds_fixed *fixed,
                    const struct labels *labels)
{
    for (int i = 0; fixed->mask && i < fixed->labels->n && i < 32; i++) {
        const struct label *label = &fixed->labels->list[i];
        if ((fixed->mask >> i & 1) && strcmp(label->name, LABELS_NAME) != 0 &&
            strcmp(labels_get(labels, label->name), label->value) != 0)
            return false;
    }
    for (int i = selector->n_matchers - 1; i >= 0; i--) {
        const struct promql_matcher *matcher = &selector->matchers[i];
        if (!promql_matches(matcher, labels_get(labels, matcher->name)))
            return false;
    }
    return true;
}

struct bounds bounds_none(void)
{
    return (struct bounds){.may = false};
}

struct bounds bounds_any(double most)
{
    return (struct bounds){.may = true, .low = -INFINITY, .high = INFINITY, .most = most};
}

static struct bounds between(double low, double high, double most)
{
    if (isnan(low) || isnan(high))
        return bounds_any(most);
    return (struct bounds){.may = true, .low = low, .high = high, .most = most};
}

static bool is_any(const struct bounds *bounds)
{
    return bounds->low == -INFINITY && bounds->high == INFINITY;
}

struct bounds bounds_join(struct bounds a, struct bounds b)
{
    if (!a.may)
        return b;
    if (!b.may)
        return a;
    return (struct bounds){.may = true,
                           .some = a.some || b.some,
                           .must = a.must && b.must,
                           .low = fmin(a.low, b.low),
                           .high = fmax(a.high, b.high),
                           .most = a.most + b.most};
}

/* --- binary operations ----------------------------------------------------------------------- */

static struct bounds corners(double a, double b, double c, double d, double most)
{
    if (isnan(a) || isnan(b) || isnan(c) || isnan(d))
        return bounds_any(most);
    return between(fmin(fmin(a, b), fmin(c, d)), fmax(fmax(a, b), fmax(c, d)), most);
}

static struct bounds arithmetic(enum promql_op op, struct bounds a, struct bounds b, double most)
{
    if (is_any(&a) || is_any(&b))
        return bounds_any(most);
    switch (op) {
    case PROMQL_ADD:
        return between(a.low + b.low, a.high + b.high, most);
    case PROMQL_SUB:
        return between(a.low - b.high, a.high - b.low, most);
    case PROMQL_MUL:
        return corners(a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high, most);
    case PROMQL_DIV:
        if (b.low <= 0 && b.high >= 0)
            return bounds_any(most);
        return corners(a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high, most);
    case PROMQL_MOD:
    case PROMQL_POW:
    case PROMQL_ATAN2:
    case PROMQL_EQ:
    case PROMQL_NE:
    case PROMQL_GT:
    case PROMQL_LT:
    case PROMQL_GE:
    case PROMQL_LE:
    case PROMQL_AND:
    case PROMQL_OR:
    case PROMQL_UNLESS:
    case PROMQL_OPS:
        break;
    }
    return bounds_any(most);
}

/* Can the comparison hold, and can it fail? NaN holds in none but !=. */
static void compare(enum promql_op op, const struct bounds *a, const struct bounds *b, bool *holds,
                    bool *fails)
{
    bool apart = a->high < b->low || a->low > b->high;
    bool same = a->low == a->high && b->low == b->high && a->low == b->low;
    bool greater = a->low > b->high, less = a->high < b->low;
    bool at_least = a->low >= b->high, at_most = a->high <= b->low;
    *holds = *fails = true;
    if (op == PROMQL_EQ)
        *holds = !apart, *fails = !same;
    if (op == PROMQL_NE)
        *holds = !same, *fails = !apart;
    if (op == PROMQL_GT)
        *holds = !at_most, *fails = !greater;
    if (op == PROMQL_LT)
        *holds = !at_least, *fails = !less;
    if (op == PROMQL_GE)
        *holds = !less, *fails = !at_least;
    if (op == PROMQL_LE)
        *holds = !greater, *fails = !at_most;
}

/* What of `a` is left by the comparison. */
static struct bounds narrowed(enum promql_op op, struct bounds a, const struct bounds *b)
{
    if (op == PROMQL_EQ || op == PROMQL_GT || op == PROMQL_GE)
        a.low = fmax(a.low, b->low);
    if (op == PROMQL_EQ || op == PROMQL_LT || op == PROMQL_LE)
        a.high = fmin(a.high, b->high);
    return a;
}

static struct bounds comparison(const struct promql_node *node, struct bounds a, struct bounds b,
                                double most, bool must)
{
    bool holds, fails, scalars = node->type == PROMQL_SCALAR;
    bool swapped = node->args[0]->type == PROMQL_SCALAR; /* the vector's values stay */
    struct bounds left;
    compare(node->op, &a, &b, &holds, &fails);
    if (scalars || node->as_bool) {
        left = between(fails ? 0 : 1, holds ? 1 : 0, most);
        left.must = left.some = must;
        return left;
    }
    if (!holds)
        return bounds_none();
    if (swapped) {
        b.most = most;
        b.must = b.some = must && !fails;
        return b;
    }
    left = narrowed(node->op, a, &b);
    left.most = most;
    left.must = left.some = must && !fails;
    return left;
}

static struct bounds binary(const struct finder *finder, const struct promql_node *node)
{
    struct finder left = side_of(finder, node, 0), right = side_of(finder, node, 1);
    struct bounds a = find(&left, node->args[0]), b = find(&right, node->args[1]);
    bool vectors = node->args[0]->type == PROMQL_VECTOR && node->args[1]->type == PROMQL_VECTOR;
    double most = node->args[0]->type != PROMQL_VECTOR ? b.most : a.most;
    struct bounds all;
    bool must;
    if (node->op == PROMQL_OR)
        return bounds_join(a, b);
    if (node->op == PROMQL_UNLESS) {
        a.must = a.must && !b.may;
        a.some = a.must;
        return a;
    }
    if (!a.may || !b.may)
        return bounds_none();
    must = a.must && b.must;
    if (node->op == PROMQL_AND) {
        a.must = a.some = must;
        return a;
    }
    if (vectors && node->card == PROMQL_ONE_TO_MANY)
        most = b.most;
    if (promql_is_comparison(node->op))
        return comparison(node, a, b, most, must);
    all = arithmetic(node->op, a, b, most);
    all.must = all.some = must;
    return all;
}

/* Sums round. */
static struct bounds widen(struct bounds of)
{
    if (is_any(&of))
        return of;
    of.low -= 1e-9 * fabs(of.low);
    of.high += 1e-9 * fabs(of.high);
    return of;
}

/* --- aggregations ---------------------------------------------------------------------------- */

static struct bounds aggregated(const struct finder *finder, const struct promql_node *node)
{
    bool picks = node->aggregation == PROMQL_TOPK || node->aggregation == PROMQL_BOTTOMK ||
                 node->aggregation == PROMQL_LIMITK || node->aggregation == PROMQL_LIMIT_RATIO;
    struct finder inner = keeping(finder, node->labels, node->n_labels, node->without);
    struct bounds of = find(picks ? finder : &inner, node->args[node->n_args - 1]);
    if (node->aggregation == PROMQL_COUNT_VALUES) {
        inner = freed(finder);
        of = find(&inner, node->args[node->n_args - 1]);
    }
    if (!of.may)
        return of;
    switch (node->aggregation) {
    case PROMQL_SUM:
        if (!is_any(&of)) {
            of.low = fmin(of.low, of.low * of.most);
            of.high = fmax(of.high, of.high * of.most);
        }
        return widen(of);
    case PROMQL_COUNT:
        if (of.must) {
            struct bounds exact = finder->leaf(finder->context, node, NULL, &finder->fixed);
            if (exact.may)
                return exact;
        }
        return between(1, of.most, of.most);
    case PROMQL_COUNT_VALUES:
        return between(1, of.most, of.most);
    case PROMQL_GROUP:
        return between(1, 1, of.most);
    case PROMQL_STDDEV:
    case PROMQL_STDVAR:
        return is_any(&of)
                   ? of
                   : between(0, of.low == of.high ? 1e-12 * of.high * of.high : INFINITY, of.most);
    case PROMQL_QUANTILE: {
        struct bounds q = find(finder, node->args[0]);
        return q.low >= 0 && q.high <= 1 ? of : bounds_any(of.most);
    }
    case PROMQL_AVG:
        return widen(of);
    case PROMQL_MIN:
    case PROMQL_MAX:
    case PROMQL_TOPK:
    case PROMQL_BOTTOMK:
    case PROMQL_LIMITK:
    case PROMQL_LIMIT_RATIO:
        return of;
    case PROMQL_AGGREGATIONS:
        break;
    }
    UND_UNREACHABLE();
}

/* Of all samples of a group there is one; which of them topk and its like choose is not known. */
static struct bounds aggregate(const struct finder *finder, const struct promql_node *node)
{
    struct bounds all = aggregated(finder, node);
    bool must =
        all.must && (node->aggregation == PROMQL_MIN || node->aggregation == PROMQL_MAX ||
                     node->aggregation == PROMQL_AVG || node->aggregation == PROMQL_SUM ||
                     node->aggregation == PROMQL_GROUP || node->aggregation == PROMQL_COUNT);
    all.must = all.some = must;
    return all;
}

/* --- functions ------------------------------------------------------------------------------- */

static double range_s(int64_t range_ms)
{
    return (double)range_ms / 1000;
}

/* Rounding of Prometheus' own arithmetic over a window. */
static struct bounds widened(double low, double high, double most)
{
    return between(low - 1e-9 * fabs(low), high + 1e-9 * fabs(high), most);
}

static struct bounds slope_over(enum function function, int64_t range_ms, struct bounds values,
                                const struct bounds *slope, bool whole)
{
    double low, high;
    bool still = values.low == values.high;
    if (function == F_CHANGES || function == F_RESETS)
        return still ? between(0, 0, values.most) : bounds_any(values.most);
    if (function == F_DERIV && slope) /* a mean of slopes between samples; a reset only lowers it */
        return widened(whole ? slope->low : -INFINITY, slope->high, values.most);
    if (function == F_DERIV || function == F_DELTA || function == F_IDELTA)
        return still ? between(0, 0, values.most) : bounds_any(values.most);
    if (function == F_PREDICT_LINEAR)
        return still ? widened(values.low, values.high, values.most) : bounds_any(values.most);
    if (!slope)
        return still ? between(0, 0, values.most) : bounds_any(values.most);
    low = whole ? slope->low : fmin(slope->low, 0);
    high = fmax(slope->high, 0);
    if (function == F_INCREASE)
        return widened(low * range_s(range_ms), high * range_s(range_ms), values.most);
    return widened(low, high, values.most);
}

static struct bounds over(const struct promql_function *function, int64_t range_ms,
                          struct bounds values, const struct bounds *slope, bool whole)
{
    enum function which = function ? function->function : F_LAST_OVER_TIME;
    if (!values.may && which != F_ABSENT_OVER_TIME)
        return bounds_none();
    if (!function)
        return values;
    if (which == F_RATE || which == F_INCREASE || which == F_IRATE || which == F_DERIV ||
        which == F_DELTA || which == F_IDELTA || which == F_CHANGES || which == F_RESETS ||
        which == F_PREDICT_LINEAR)
        return slope_over(which, range_ms, values, slope, whole);
    if (which == F_MIN_OVER_TIME || which == F_MAX_OVER_TIME || which == F_LAST_OVER_TIME ||
        which == F_FIRST_OVER_TIME)
        return values;
    if (which == F_AVG_OVER_TIME)
        return is_any(&values) ? values : widened(values.low, values.high, values.most);
    if (which == F_PRESENT_OVER_TIME)
        return between(1, 1, values.most);
    if (which == F_COUNT_OVER_TIME)
        return between(1, range_s(range_ms) + 1, values.most);
    if (which == F_ABSENT_OVER_TIME)
        return values.some ? bounds_none() : between(1, 1, 1);
    return bounds_any(values.most);
}

/* Where there are samples enough there is a result: the caller knows. */
struct bounds bounds_over(const struct promql_function *function, int64_t range_ms,
                          struct bounds values, const struct bounds *slope, bool whole)
{
    struct bounds all = over(function, range_ms, values, slope, whole);
    if (!function || function->function == F_ABSENT_OVER_TIME)
        return all;
    all.must = values.must;
    all.some = values.some;
    return all;
}

static struct bounds clamped(const struct finder *finder, const struct promql_node *node,
                             struct bounds of)
{
    enum function function = node->function->function;
    struct bounds first = find(finder, node->args[1]), second = first;
    if (function == F_CLAMP)
        second = find(finder, node->args[2]);
    of.must = of.some = false;
    if (function != F_CLAMP_MAX) {
        of.low = fmax(of.low, first.low);
        of.high = fmax(of.high, first.high);
    }
    if (function != F_CLAMP_MIN) {
        of.low = fmin(of.low, second.low);
        of.high = fmin(of.high, second.high);
    }
    return of;
}

/* Functions of one number that never turn. */
static struct bounds rising(enum function function, struct bounds of)
{
    double (*rises)(double) = function == F_CEIL    ? ceil
                              : function == F_FLOOR ? floor
                              : function == F_EXP   ? exp
                              : function == F_SQRT  ? sqrt
                              : function == F_LN    ? log
                                                    : NULL;
    if (is_any(&of) || !rises)
        return bounds_any(of.most);
    return widened(rises(of.low), rises(of.high), of.most);
}

static const struct promql_node *range_of(const struct promql_node *node)
{
    for (int i = 0; i < node->n_args; i++) {
        if (node->args[i]->type == PROMQL_MATRIX)
            return node->args[i];
    }
    return NULL;
}

static struct bounds over_range(const struct finder *finder, const struct promql_node *node,
                                const struct promql_node *range)
{
    /* A subquery sees the past, about which the leaves say nothing. */
    if (range->kind == PROMQL_SELECTOR)
        return finder->leaf(finder->context, range, node->function, &finder->fixed);
    return bounds_any(1e9);
}

static struct bounds call(const struct finder *finder, const struct promql_node *node)
{
    enum function function = node->function->function;
    const struct promql_node *range = range_of(node);
    struct finder inner = *finder;
    struct bounds of;
    if (function == F_LABEL_REPLACE || function == F_LABEL_JOIN || function == F_ABSENT ||
        function == F_ABSENT_OVER_TIME || function == F_SCALAR || function == F_VECTOR ||
        function == F_HISTOGRAM_QUANTILE)
        inner = freed(finder);
    finder = &inner;
    if (range)
        return over_range(finder, node, range);
    if (function == F_TIME)
        return between(0, INFINITY, 1);
    if (function == F_PI)
        return between(M_PI, M_PI, 1);
    if (node->n_args == 0)
        return bounds_any(1);
    of = find(finder, node->args[function == F_HISTOGRAM_QUANTILE ? 1 : 0]);
    if (function == F_ABSENT)
        return of.some ? bounds_none() : between(1, 1, 1);
    if (function == F_SCALAR)
        return of.must && of.most <= 1 ? between(of.low, of.high, 1) : bounds_any(1);
    if (function == F_VECTOR)
        return (struct bounds){
            .may = true, .some = true, .must = true, .low = of.low, .high = of.high, .most = 1};
    if (!of.may)
        return of;
    if (function == F_LABEL_REPLACE || function == F_LABEL_JOIN || function == F_SORT ||
        function == F_SORT_DESC || function == F_SORT_BY_LABEL || function == F_SORT_BY_LABEL_DESC)
        return of;
    if (function == F_CLAMP || function == F_CLAMP_MIN || function == F_CLAMP_MAX)
        return clamped(finder, node, of);
    of.must = of.some = false;
    if (function == F_ABS && !is_any(&of))
        return of.low >= 0 ? of : between(0, fmax(fabs(of.low), fabs(of.high)), of.most);
    if (function == F_ROUND && node->n_args == 1 && !is_any(&of))
        return between(floor(of.low), ceil(of.high), of.most);
    return rising(function, of);
}

static struct bounds find(const struct finder *finder, const struct promql_node *node)
{
    struct bounds of;
    switch (node->kind) {
    case PROMQL_NUMBER:
        if (isnan(node->number))
            return bounds_any(1);
        return (struct bounds){true, true, true, node->number, node->number, 1};
    case PROMQL_STRING:
        return bounds_any(1);
    case PROMQL_SELECTOR:
        return finder->leaf(finder->context, node, NULL, &finder->fixed);
    case PROMQL_SUBQUERY:
        return bounds_any(1e9);
    case PROMQL_CALL:
        return call(finder, node);
    case PROMQL_AGGREGATE:
        return aggregate(finder, node);
    case PROMQL_BINARY:
        return binary(finder, node);
    case PROMQL_MINUS:
        of = find(finder, node->args[0]);
        return of.may && !is_any(&of)
                   ? (struct bounds){true, of.some, of.must, -of.high, -of.low, of.most}
                   : of;
    }
    UND_UNREACHABLE();
}

struct bounds bounds_find(const struct promql_node *node, const struct labels *labels,
                          bounds_leaf *leaf, void *context)
{
    struct finder finder = {leaf, context, {labels, labels ? UINT32_MAX : 0}};
    return find(&finder, node);
}

/* --- a fleet's own --------------------------------------------------------------------------- */

/* A matcher of the name that a recorded metric's passes. */
static bool may_be_named(const struct promql_node *selector, const char *name)
{
    for (int i = 0; i < selector->n_matchers; i++) {
        if (strcmp(selector->matchers[i].name, LABELS_NAME) == 0 &&
            !promql_matches(&selector->matchers[i], name))
            return false;
    }
    return true;
}

/* Each sample of a series, and how it grows. */
static struct bounds of_series(const struct bounds_fleet *fleet, const struct exported *series,
                               const struct promql_node *selector,
                               const struct promql_function *function)
{
    struct state_range range =
        state_range(fleet->fleet, series->host, series->quantity, fleet->calm);
    double a = series->factor * range.low, b = series->factor * range.high;
    struct bounds values = between(series->offset + fmin(a, b), series->offset + fmax(a, b), 1);
    struct bounds slope = values;
    values.some = values.must = fleet->calm;
    if (series->is_up)
        values.low = fleet->calm, values.high = 1;
    if (series->factor == 0) /* 0 times infinity */
        values.low = values.high = series->offset;
    if (!state_is_counter(series->quantity))
        return bounds_over(function, selector->range_ms, values, NULL, fleet->calm);
    slope.low -= series->offset;
    slope.high -= series->offset;
    values.low = fmin(series->offset, -INFINITY * (series->factor < 0));
    values.high = INFINITY;
    if (isnan(values.low))
        values.low = series->offset;
    return bounds_over(function, selector->range_ms, values, &slope, fleet->calm);
}

static struct bounds of_records(struct bounds_fleet *fleet, const struct promql_node *selector,
                                const struct promql_function *function)
{
    struct bounds all = bounds_none();
    for (int i = 0; i < fleet->n_records; i++) {
        struct bounds of;
        if (!may_be_named(selector, fleet->records[i].name))
            continue;
        if (fleet->depth == RECORD_DEPTH)
            return bounds_any(1e9);
        fleet->depth++;
        of = bounds_find(fleet->records[i].promql->root, NULL, bounds_of_fleet, fleet);
        fleet->depth--;
        if (!of.may && function && function->function == F_ABSENT_OVER_TIME)
            continue;
        of.must = of.some = false;
        all = bounds_join(all, bounds_over(function, selector->range_ms, of, NULL, false));
    }
    return all;
}

struct bounds bounds_of_fleet(void *context, const struct promql_node *selector,
                              const struct promql_function *function,
                              const struct bounds_fixed *fixed)
{
    struct bounds_fleet *fleet = context;
    struct bounds all = bounds_none();
    bool absent = function && function->function == F_ABSENT_OVER_TIME, there = false;
    if (selector->kind != PROMQL_SELECTOR)
        return bounds_none();
    if (may_be_named(selector, "ALERTS") || may_be_named(selector, "ALERTS_FOR_STATE"))
        all = may_be_named(selector, "ALERTS") ? between(1, 1, 1e6) : bounds_any(1e6);
    for (int i = 0; i < fleet->exported->n; i++) {
        const struct exported *series = &fleet->exported->list[i];
        if (!bounds_selects(selector, fixed, series->labels))
            continue;
        there = there || fleet->calm;
        all = bounds_join(all, of_series(fleet, series, selector, function));
    }
    if (absent)
        return there ? bounds_none() : between(1, 1, 1);
    return bounds_join(all, of_records(fleet, selector, function));
}
