/* A part of a native histogram: what is below a value, or what is above it. */
#include "native.h"

#include "gomath.h"

#include <math.h>

/* What is left of a bucket, and where the middle of that is. */
struct left {
    double count, middle;
};

struct trim {
    const struct native *native;
    double at;
    bool below;
    double count, sum; /* of what is left */
    bool changed;
};

static double or_zero(double value)
{
    return isinf(value) ? 0 : value;
}

static double middle(const struct native *native, double lower, double upper, bool negative)
{
    double between;
    if (isinf(lower))
        return isinf(upper) ? 0 : upper > 0 ? upper / 2 : upper;
    if (isinf(upper))
        return lower;
    if (native_is_custom(native))
        return (lower + upper) / 2;
    between = sqrt(fabs(lower * upper));
    return negative ? -between : between;
}

/* A bucket from -Inf: its observations are taken to lie between 0 and its upper bound, where that
 * is above 0, else at that bound. */
static struct left trim_first(const struct trim *trim, const struct native_range *range)
{
    double at = trim->at, upper = range->upper;
    if (trim->below) {
        if (at >= upper)
            return (struct left){range->count, 0};
        if (at > 0 && upper > 0 && isfinite(upper))
            return (struct left){range->count * at / upper, at / 2};
        return upper <= 0 ? (struct left){range->count, at} : (struct left){0, or_zero(upper)};
    }
    if (at <= range->lower)
        return (struct left){range->count, 0};
    if (at >= 0 && upper > at && isfinite(upper))
        return (struct left){range->count * (1 - at / upper), (at + upper) / 2};
    return (struct left){0, or_zero(upper)};
}

static double share_below(const struct trim *trim, const struct native_range *range, bool negative)
{
    double lower, upper, at;
    if (native_is_custom(trim->native))
        return (trim->at - range->lower) / (range->upper - range->lower);
    lower = go_log2(fabs(range->lower));
    upper = go_log2(fabs(range->upper));
    at = go_log2(fabs(trim->at));
    return negative ? 1 - (at - upper) / (lower - upper) : (at - lower) / (upper - lower);
}

/* Of a bucket in which the value lies. */
static struct left trim_within(const struct trim *trim, const struct native_range *range,
                               bool negative)
{
    double below;
    if (range->lower == -INFINITY)
        return trim_first(trim, range);
    if (range->upper == INFINITY) /* all there is known of them is the bound */
        return trim->below ? (struct left){0, 0} : (struct left){range->count, trim->at};
    below = range->count * share_below(trim, range, negative);
    if (trim->below)
        return (struct left){below, middle(trim->native, range->lower, trim->at, negative)};
    return (struct left){range->count - below,
                         middle(trim->native, trim->at, range->upper, negative)};
}

static struct left trim_bucket(const struct trim *trim, const struct native_range *range,
                               bool negative)
{
    bool whole = trim->below ? range->upper <= trim->at : range->lower >= trim->at;
    bool none = trim->below ? range->lower >= trim->at : range->upper <= trim->at;
    if (whole)
        return (struct left){range->count,
                             middle(trim->native, range->lower, range->upper, negative)};
    if (none)
        return (struct left){0, 0};
    return trim_within(trim, range, negative);
}

static struct left trim_zero(const struct trim *trim, double lower, double upper)
{
    double count = trim->native->zero.value, at = trim->at;
    if (trim->below ? at >= upper : at <= lower)
        return (struct left){count, (lower + upper) / 2};
    if (trim->below ? at <= lower : at >= upper)
        return (struct left){0, 0};
    if (trim->below)
        return (struct left){count * ((at - lower) / (upper - lower)), (lower + at) / 2};
    return (struct left){count * ((upper - at) / (upper - lower)), (at + upper) / 2};
}

static void take(struct trim *trim, struct native_number *count, struct left left)
{
    trim->changed |= count->value != left.count;
    count->value = left.count;
    trim->count += left.count;
    trim->sum += left.middle * left.count;
}

/* True if it has observations. */
static bool trim_side(struct trim *trim, struct native_side *side, bool negative)
{
    bool any = false;
    for (int i = 0; i < side->n; i++) {
        struct native_bucket *bucket = &side->list[i];
        double lower = native_bound(trim->native, bucket->index - 1);
        double upper = native_bound(trim->native, bucket->index);
        struct native_range range = {negative ? -upper : lower, negative ? -lower : upper,
                                     bucket->count.value};
        if (range.count == 0)
            continue;
        any = true;
        take(trim, &bucket->count, trim_bucket(trim, &range, negative));
    }
    return any;
}

struct native *native_trim(struct arena *arena, const struct native *native, double at, bool below)
{
    struct native *left = native_copy(arena, native);
    struct trim trim = {native, at, below, 0, 0, false};
    bool positive = trim_side(&trim, &left->positive, false);
    bool negative = trim_side(&trim, &left->negative, true);
    if (native->zero.value > 0)
        take(&trim, &left->zero,
             trim_zero(&trim, positive && !negative ? 0 : -native->zero_width,
                       negative && !positive ? 0 : native->zero_width));
    if (trim.changed) {
        left->count.value = trim.count;
        left->sum.value = trim.sum;
        native_compact(left);
    }
    return left;
}
