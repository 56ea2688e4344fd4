/* What a function over a range can make of samples in an interval. */
#include "bounds_internal.h"

#include "model/promql/function.h"

static double range_s(int64_t range_ms)
{
    return (double)range_ms / 1000;
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
