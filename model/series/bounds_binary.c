/* What arithmetic and comparisons of two intervals can give. */
#include "bounds_internal.h"

static struct bounds corners(double a, double b, double c, double d, double most)
{
    if (isnan(a) || isnan(b) || isnan(c) || isnan(d))
        return bounds_any(most);
    return between(fmin(fmin(a, b), fmin(c, d)), fmax(fmax(a, b), fmax(c, d)), most);
}

struct bounds bounds_arithmetic(enum promql_op op, struct bounds a, struct bounds b, double most)
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
    case PROMQL_TRIM_UPPER:
    case PROMQL_TRIM_LOWER:
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

struct bounds bounds_comparison(const struct promql_node *node, struct bounds a, struct bounds b,
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
