#include "window.h"

#include "eval.h"
#include "model/base/assert.h"

#include <math.h>

/* --- rates ----------------------------------------------------------------------------------- */

/* Does a point say that its counter began behind the one before? Where it began just then it is a
 * difference, and a reset, unless that one does not know when its own began. */
static bool starts_anew(const struct window *window, int i)
{
    int64_t before_ms = window->points[i - 1].t_ms;
    if (!window->starts || window->starts[i] == 0 || window->starts[i] >= window->points[i].t_ms ||
        window->starts[i] < before_ms)
        return false;
    return window->starts[i] > before_ms ||
           (window->starts[i - 1] < before_ms && window->starts[i - 1] != 0);
}

static bool is_reset(const struct window *window, int i)
{
    return window->points[i].value < window->points[i - 1].value || starts_anew(window, i);
}

static double sum_of_changes(const struct window *window, bool counter)
{
    double sum = window->points[window->n - 1].value - window->points[0].value;
    for (int i = 1; counter && i < window->n; i++) {
        if (is_reset(window, i))
            sum += window->points[i - 1].value;
    }
    return sum;
}

/* Version 2.42 looks at the counter's zero first and at the distance between samples then; later
 * ones the other way round. */
static double extrapolated(const struct window *window, bool counter, double first_value,
                           double result)
{
    const struct point *first = &window->points[0], *last = &window->points[window->n - 1];
    double to_start = (double)(first->t_ms - window->start_ms) / 1000;
    double to_end = (double)(window->end_ms - last->t_ms) / 1000;
    double sampled = (double)(last->t_ms - first->t_ms) / 1000;
    double average = sampled / (double)(window->n - 1), threshold = average * 1.1;
    double to_zero = sampled * (first_value / result);
    bool near_zero = counter && result > 0 && first_value >= 0;
    double interval = sampled;
    if (window->later && to_start >= threshold)
        to_start = average / 2;
    if (near_zero && to_zero < to_start)
        to_start = to_zero;
    if (window->later) {
        if (to_end >= threshold)
            to_end = average / 2;
        return (sampled + to_start + to_end) / sampled;
    }
    interval += to_start < threshold ? to_start : average / 2;
    interval += to_end < threshold ? to_end : average / 2;
    return interval / sampled;
}

double window_factor(const struct window *window, bool counter, bool per_second, double first,
                     double difference)
{
    double factor = extrapolated(window, counter, first, difference);
    return per_second ? factor / window->range_s : factor;
}

/* A counter that began within the range was 0 then: there is no need to extrapolate to its left. */
static double rate_since_start(const struct window *window, bool per_second)
{
    const struct point *first = &window->points[0], *last = &window->points[window->n - 1];
    double to_end = (double)(window->end_ms - last->t_ms) / 1000;
    double sampled = (double)(last->t_ms - window->starts[0]) / 1000;
    double average = 0;
    if (window->n > 1)
        average = (double)(last->t_ms - first->t_ms) / 1000 / (window->n - 1);
    if (to_end >= average * 1.1)
        to_end = average / 2;
    double increase = sum_of_changes(window, true) + first->value;
    increase *= (sampled + to_end) / sampled;
    return per_second ? increase / window->range_s : increase;
}

static bool rate(const struct window *window, bool counter, bool per_second, double *out)
{
    if (counter && window->starts && window->starts[0] != 0 &&
        window->starts[0] > window->start_ms && window->starts[0] < window->points[0].t_ms) {
        *out = rate_since_start(window, per_second);
        return true;
    }
    if (window->n < 2)
        return false;
    *out = sum_of_changes(window, counter);
    *out *= window_factor(window, counter, per_second, window->points[0].value, *out);
    return true;
}

static bool last_change(const struct window *window, bool per_second, double *out)
{
    const struct point *a, *b;
    if (window->n < 2)
        return false;
    a = &window->points[window->n - 2];
    b = a + 1;
    *out = per_second && is_reset(window, window->n - 1) ? b->value : b->value - a->value;
    if (per_second)
        *out /= (double)(b->t_ms - a->t_ms) / 1000;
    return true;
}

/* --- straight lines -------------------------------------------------------------------------- */

static bool is_level(const struct window *window)
{
    for (int i = 1; i < window->n; i++) {
        if (window->points[i].value != window->points[0].value)
            return false;
    }
    return true;
}

static void regression(const struct window *window, int64_t origin_ms, double *slope,
                       double *intercept)
{
    struct kahan x = {0, 0}, y = {0, 0}, xy = {0, 0}, x2 = {0, 0};
    double n = window->n, sum_x, sum_y, cov, var;
    if (is_level(window)) {
        *slope = isinf(window->points[0].value) ? NAN : 0;
        *intercept = isinf(window->points[0].value) ? NAN : window->points[0].value;
        return;
    }
    for (int i = 0; i < window->n; i++) {
        double at = (double)(window->points[i].t_ms - origin_ms) / 1e3;
        double value = window->points[i].value;
        kahan_add(&x, at, window->later);
        kahan_add(&y, value, window->later);
        kahan_add(&xy, at * value, window->later);
        kahan_add(&x2, at * at, window->later);
    }
    sum_x = x.sum + x.c;
    sum_y = y.sum + y.c;
    cov = xy.sum + xy.c - sum_x * sum_y / n;
    var = x2.sum + x2.c - sum_x * sum_x / n;
    *slope = cov / var;
    *intercept = sum_y / n - *slope * sum_x / n;
}

static bool line(const struct window *window, bool predict, double *out)
{
    double slope, intercept;
    if (window->n < 2)
        return false;
    regression(window, predict ? window->now_ms : window->points[0].t_ms, &slope, &intercept);
    *out = predict ? slope * window->parameters[0] + intercept : slope;
    return true;
}

static bool smooth(const struct window *window, double *out)
{
    double sf = window->parameters[0], tf = window->parameters[1], s0 = 0, s1, trend;
    if (window->n < 2)
        return false;
    s1 = window->points[0].value;
    trend = window->points[1].value - window->points[0].value;
    for (int i = 1; i < window->n; i++) {
        double x = sf * window->points[i].value, y;
        if (i > 1) {
            double a = tf * (s1 - s0), b = (1 - tf) * trend;
            trend = a + b;
        }
        y = (1 - sf) * (s1 + trend);
        s0 = s1;
        s1 = x + y;
    }
    *out = s1;
    return true;
}

/* --- sums and the like ----------------------------------------------------------------------- */

static double sum_over(const struct window *window)
{
    struct kahan sum = {0, 0};
    for (int i = 0; i < window->n; i++)
        kahan_add(&sum, window->points[i].value, window->later);
    return isinf(sum.sum) ? sum.sum : sum.sum + sum.c;
}

static double avg_over(const struct window *window)
{
    struct kahan mean = {0, 0};
    struct sum_mean of_3 = {.count = 0};
    for (int i = 0; i < window->n; i++) {
        double increment;
        mean_add(&of_3, window->points[i].value);
        if (mean_step(&mean.sum, window->points[i].value, i + 1, &increment))
            kahan_add(&mean, increment, false);
    }
    if (window->later)
        return mean_value(&of_3);
    return isinf(mean.sum) ? mean.sum : mean.sum + mean.c;
}

static double variance_over(const struct window *window)
{
    struct kahan mean = {0, 0}, aux = {0, 0};
    for (int i = 0; i < window->n; i++) {
        double value = window->points[i].value, delta = value - (mean.sum + mean.c);
        kahan_add(&mean, delta / (i + 1), window->later);
        kahan_add(&aux, delta * (value - (mean.sum + mean.c)), window->later);
    }
    return (aux.sum + aux.c) / window->n;
}

/* The most extreme value's place; of equal ones the first, or the last. */
static int extreme_over(const struct window *window, bool largest, bool last)
{
    int found = 0;
    for (int i = 0; i < window->n; i++) {
        double value = window->points[i].value, kept = window->points[found].value;
        if (isnan(kept) || (largest ? value > kept : value < kept) || (last && value == kept))
            found = i;
    }
    return found;
}

static double quantile_over(const struct window *window, double q)
{
    for (int i = 0; i < window->n; i++)
        window->room[i] = window->points[i].value;
    return quantile_of(q, window->room, window->n);
}

static double deviation_over(const struct window *window)
{
    double median = quantile_over(window, 0.5);
    for (int i = 0; i < window->n; i++)
        window->room[i] = fabs(window->points[i].value - median);
    return quantile_of(0.5, window->room, window->n);
}

static double changes_over(const struct window *window, bool only_down)
{
    double n = 0;
    for (int i = 1; i < window->n; i++) {
        double before = window->points[i - 1].value, now = window->points[i].value;
        if (native_is(before) && native_is(now))
            n += only_down ? native_resets(window->arena, native_of(now), native_of(before))
                           : !native_equal(native_of(now), native_of(before));
        else if (native_is(before) || native_is(now))
            n++;
        else if (only_down)
            n += is_reset(window, i);
        else
            n += now != before && !(isnan(now) && isnan(before));
    }
    return n;
}

/* --- the table ------------------------------------------------------------------------------- */

static double seconds(int64_t ms)
{
    return (double)ms / 1000;
}

static double reduce(const struct window *window, enum function function)
{
    const struct point *first = &window->points[0], *last = &window->points[window->n - 1];
    if (function == F_SUM_OVER_TIME)
        return sum_over(window);
    if (function == F_AVG_OVER_TIME)
        return avg_over(window);
    if (function == F_COUNT_OVER_TIME)
        return window->n;
    if (function == F_MIN_OVER_TIME || function == F_MAX_OVER_TIME)
        return window->points[extreme_over(window, function == F_MAX_OVER_TIME, false)].value;
    if (function == F_TS_OF_MIN_OVER_TIME || function == F_TS_OF_MAX_OVER_TIME)
        return seconds(
            window->points[extreme_over(window, function == F_TS_OF_MAX_OVER_TIME, true)].t_ms);
    if (function == F_LAST_OVER_TIME)
        return last->value;
    if (function == F_FIRST_OVER_TIME)
        return first->value;
    if (function == F_TS_OF_FIRST_OVER_TIME)
        return seconds(first->t_ms);
    if (function == F_TS_OF_LAST_OVER_TIME)
        return seconds(last->t_ms);
    if (function == F_STDVAR_OVER_TIME)
        return variance_over(window);
    if (function == F_STDDEV_OVER_TIME)
        return sqrt(variance_over(window));
    if (function == F_QUANTILE_OVER_TIME)
        return quantile_over(window, window->parameters[0]);
    if (function == F_MAD_OVER_TIME)
        return deviation_over(window);
    if (function == F_CHANGES || function == F_RESETS)
        return changes_over(window, function == F_RESETS);
    UND_ASSERT(function == F_PRESENT_OVER_TIME);
    return 1;
}

bool window_apply(const struct window *window, enum function function, double *out)
{
    bool is_rate = function == F_RATE || function == F_INCREASE || function == F_DELTA;
    if (is_rate && (window->anchored || window->smoothed))
        return window_extended_rate(window, function != F_DELTA, function == F_RATE, out);
    if (is_rate)
        return rate(window, function != F_DELTA, function == F_RATE, out);
    if (function == F_IRATE || function == F_IDELTA)
        return last_change(window, function == F_IRATE, out);
    if (function == F_DERIV || function == F_PREDICT_LINEAR)
        return line(window, function == F_PREDICT_LINEAR, out);
    if (function == F_HOLT_WINTERS)
        return smooth(window, out);
    *out = reduce(window, function);
    return true;
}
