/* Walks an expression: the bounds of each node from those of what is under it. */
#include "bounds.h"
#include "bounds_internal.h"

#include "model/base/assert.h"
#include "model/promql/function.h"

#include <math.h>
#include <string.h>

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
        return bounds_comparison(node, a, b, most, must);
    all = bounds_arithmetic(node->op, a, b, most);
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
