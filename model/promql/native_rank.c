/* What native histograms tell: quantiles, fractions, their spread, a part of them, their text. */
#include "native.h"

#include "eval.h"
#include "gomath.h"

#include <math.h>

/* --- buckets as ranges ----------------------------------------------------------------------- */

static struct native_range range_of(const struct native *native, const struct native_bucket *bucket,
                                    bool negative)
{
    struct native_range range = {native_bound(native, bucket->index - 1),
                                 native_bound(native, bucket->index), bucket->count.value};
    double lower = range.lower;
    if (!native_is_custom(native) && range.lower < native->zero_width &&
        native->zero_width < range.upper)
        range.lower = lower = native->zero_width;
    if (negative) {
        range.lower = -range.upper;
        range.upper = -lower;
    }
    return range;
}

/* All that have observations in ascending order, the zero bucket among them. */
static struct native_range *ranges_of(struct arena *arena, const struct native *native, int *n)
{
    const struct native_side *negative = &native->negative, *positive = &native->positive;
    struct native_range *ranges =
        arena_take(arena, (size_t)(negative->n + positive->n + 1) * sizeof *ranges);
    *n = 0;
    for (int i = negative->n - 1; i >= 0; i--) {
        if (negative->list[i].count.value != 0)
            ranges[(*n)++] = range_of(native, &negative->list[i], true);
    }
    if (native->zero.value > 0)
        ranges[(*n)++] =
            (struct native_range){-native->zero_width, native->zero_width, native->zero.value};
    for (int i = 0; i < positive->n; i++) {
        if (positive->list[i].count.value != 0)
            ranges[(*n)++] = range_of(native, &positive->list[i], false);
    }
    return ranges;
}

static bool has_zero(const struct native_range *range)
{
    return range->lower <= 0 && range->upper >= 0;
}

/* Within the zero bucket observations are as those beside it: all positive, all negative or both.
 * The first custom bucket begins at 0 if that is in it. */
static void narrow(const struct native *native, struct native_range *range)
{
    if (native_is_custom(native)) {
        if (range->lower == -INFINITY && range->upper > 0)
            range->lower = 0;
    } else if (has_zero(range)) {
        if (native->negative.n == 0 && native->positive.n > 0)
            range->lower = 0;
        else if (native->positive.n == 0 && native->negative.n > 0)
            range->upper = 0;
    }
}

/* Observations are taken to be spread evenly in it; else evenly by their logarithms. */
static bool is_linear(const struct native *native, const struct native_range *range, bool linear)
{
    return linear || native_is_custom(native) || has_zero(range);
}

/* --- quantiles ------------------------------------------------------------------------------- */

static double value_at(const struct native *native, const struct native_range *range, bool linear,
                       double fraction)
{
    double lower, upper;
    if (is_linear(native, range, linear))
        return range->lower + (range->upper - range->lower) * fraction;
    lower = go_log2(fabs(range->lower));
    upper = go_log2(fabs(range->upper));
    if (range->lower > 0)
        return exp2(lower + (upper - lower) * fraction);
    return -exp2(upper + (lower - upper) * (1 - fraction));
}

/* Ranks count from the end that is nearer; with observations that are NaN, which stand behind all
 * others, from below. */
double native_quantile(struct arena *arena, const struct native *native, double q, bool linear,
                       enum native_nan *nan)
{
    bool has_nan = isnan(native->sum.value) != 0, upwards = has_nan || q < 0.5;
    double observations = native->count.value, count = 0;
    double rank = (upwards ? q : 1 - q) * observations;
    struct native_range range = {0, 0, 0}, *ranges;
    int n;
    *nan = NATIVE_NO_NAN;
    if (q < 0 || q > 1)
        return q < 0 ? -INFINITY : INFINITY;
    if (observations == 0 || isnan(q))
        return NAN;
    ranges = ranges_of(arena, native, &n);
    for (int i = 0; i < n; i++) {
        range = ranges[upwards ? i : n - 1 - i];
        count += range.count;
        if (count >= rank)
            break;
    }
    *nan = !has_nan ? NATIVE_NO_NAN : count < rank ? NATIVE_ALL_NAN : NATIVE_SKEWED;
    if (*nan == NATIVE_ALL_NAN)
        return NAN;
    narrow(native, &range);
    if (native_is_custom(native) && range.lower == -INFINITY)
        return range.upper;
    if (native_is_custom(native) && range.upper == INFINITY)
        return range.lower;
    if (count > observations)
        count = observations;
    if (count < rank)
        return NAN;
    rank = upwards ? rank - (count - range.count) : count - rank;
    return value_at(native, &range, linear, rank / range.count);
}

/* How many of a bucket's observations lie below a value within it. */
static double below_in(const struct native *native, const struct native_range *range, bool linear,
                       double value)
{
    double lower, upper, at;
    if (range->upper == INFINITY)
        return 0;
    if (range->lower == -INFINITY)
        return range->count;
    if (is_linear(native, range, linear))
        return range->count * (value - range->lower) / (range->upper - range->lower);
    lower = go_log2(fabs(range->lower));
    upper = go_log2(fabs(range->upper));
    at = go_log2(fabs(value));
    if (value > 0)
        return range->count * ((at - lower) / (upper - lower));
    return range->count * (1 - (at - upper) / (lower - upper));
}

static double rank_of(const struct native *native, const struct native_range *ranges, int n,
                      bool linear, double value)
{
    double rank = 0;
    for (int i = 0; i < n; i++) {
        struct native_range range = ranges[i];
        narrow(native, &range);
        if (range.lower >= value)
            return rank;
        if (range.upper > value)
            return rank + below_in(native, &range, linear, value);
        rank += range.count;
    }
    return isnan(native->sum.value) ? rank : native->count.value;
}

double native_fraction(struct arena *arena, const struct native *native, double lower, double upper,
                       bool linear, enum native_nan *nan)
{
    double observations = native->count.value, ranks[2];
    struct native_range *ranges;
    int n;
    *nan = NATIVE_NO_NAN;
    if (observations == 0 || isnan(lower) || isnan(upper))
        return NAN;
    if (isnan(native->sum.value))
        *nan = NATIVE_SKEWED;
    if (lower >= upper)
        return 0;
    ranges = ranges_of(arena, native, &n);
    ranks[0] = rank_of(native, ranges, n, linear, lower);
    ranks[1] = rank_of(native, ranges, n, linear, upper);
    for (int i = 0; i < 2; i++)
        ranks[i] = ranks[i] > observations ? observations : ranks[i];
    return (ranks[1] - ranks[0]) / observations;
}

/* --- spread ---------------------------------------------------------------------------------- */

static double middle_of(const struct native *native, const struct native_range *range)
{
    if (native_is_custom(native))
        return (range->upper + range->lower) / 2;
    if (has_zero(range))
        return 0;
    return copysign(sqrt(range->upper * range->lower), range->upper);
}

double native_variance(struct arena *arena, const struct native *native)
{
    double mean = native->sum.value / native->count.value;
    struct kahan variance = {0, 0};
    int n;
    struct native_range *ranges = ranges_of(arena, native, &n);
    for (int i = 0; i < n; i++) {
        double delta = middle_of(native, &ranges[i]) - mean;
        kahan_add(&variance, ranges[i].count * delta * delta, true);
    }
    return (variance.sum + variance.c) / native->count.value;
}

/* --- texts ----------------------------------------------------------------------------------- */

void native_write(struct arena *arena, const struct native *native, FILE *out)
{
    char texts[2][GO_NUMBER];
    int n;
    struct native_range *ranges = ranges_of(arena, native, &n);
    fprintf(out, "{count:%s, sum:%s", go_format_short(native->count.value, texts[0]),
            go_format_short(native->sum.value, texts[1]));
    for (int i = 0; i < n; i++) {
        const struct native_range *range = &ranges[i];
        bool custom = native_is_custom(native);
        bool from = custom ? range->lower == -INFINITY : range->lower < 0;
        bool to = custom || range->upper > 0;
        fprintf(out, ", %s%s,", from ? "[" : "(", go_format_short(range->lower, texts[0]));
        fprintf(out, "%s%s:%s", go_format_short(range->upper, texts[0]), to ? "]" : ")",
                go_format_short(range->count, texts[1]));
    }
    fputc('}', out);
}
