/* Inside of bounds: what expressions (bounds.c), binary operations (bounds_binary.c), functions
 * over ranges (bounds_over.c) and a fleet's own series (bounds_fleet.c) share. */
#ifndef MODEL_SERIES_BOUNDS_INTERNAL_H
#define MODEL_SERIES_BOUNDS_INTERNAL_H

#include "bounds.h"

#include <math.h>

static inline struct bounds between(double low, double high, double most)
{
    if (isnan(low) || isnan(high))
        return bounds_any(most);
    return (struct bounds){.may = true, .low = low, .high = high, .most = most};
}

static inline bool is_any(const struct bounds *bounds)
{
    return bounds->low == -INFINITY && bounds->high == INFINITY;
}

/* Rounding of Prometheus' own arithmetic over a window. */
static inline struct bounds widened(double low, double high, double most)
{
    return between(low - 1e-9 * fabs(low), high + 1e-9 * fabs(high), most);
}

/* Of samples in `a` and `b` that are matched: at most so many. */
struct bounds bounds_arithmetic(enum promql_op op, struct bounds a, struct bounds b, double most);
/* The same of the comparison `node`; `must`: each side has all that it can have. */
struct bounds bounds_comparison(const struct promql_node *node, struct bounds a, struct bounds b,
                                double most, bool must);

#endif
