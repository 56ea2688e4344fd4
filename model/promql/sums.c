#include "eval.h"

#include <math.h>
#include <stdlib.h>

void kahan_add(struct kahan *kahan, double value, bool later)
{
    double t = kahan->sum + value;
    if (later && isinf(t))
        kahan->c = 0;
    else if (fabs(kahan->sum) >= fabs(value))
        kahan->c += (kahan->sum - t) + value;
    else
        kahan->c += (value - t) + kahan->sum;
    kahan->sum = t;
}

void mean_add(struct sum_mean *mean, double value)
{
    double q;
    if (mean->count++ == 0) {
        mean->sum = (struct kahan){value, 0};
        return;
    }
    if (!mean->incremental) {
        struct kahan sum = mean->sum;
        kahan_add(&sum, value, true);
        if (!isinf(sum.sum)) {
            mean->sum = sum;
            return;
        }
        mean->incremental = true;
        mean->sum.sum /= mean->count - 1;
        mean->sum.c /= mean->count - 1;
    }
    q = (mean->count - 1) / mean->count;
    mean->sum.sum *= q;
    mean->sum.c *= q;
    kahan_add(&mean->sum, value / mean->count, true);
}

double mean_value(const struct sum_mean *mean)
{
    if (mean->incremental)
        return mean->sum.sum + mean->sum.c;
    return mean->sum.sum / mean->count + mean->sum.c / mean->count;
}

bool mean_step(double *mean, double value, double count, double *increment)
{
    if (isinf(*mean)) {
        if (isinf(value) && (*mean > 0) == (value > 0))
            return false;
        if (isfinite(value))
            return false;
    }
    *increment = value / count - *mean / count;
    return true;
}

/* NaN first. */
static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    if (isnan(x) || isnan(y))
        return isnan(y) - isnan(x);
    return (x > y) - (x < y);
}

double quantile_of(double q, double *values, int n)
{
    double rank, lower, upper, weight;
    if (n == 0 || isnan(q))
        return NAN;
    if (q < 0 || q > 1)
        return q < 0 ? -INFINITY : INFINITY;
    qsort(values, (size_t)n, sizeof *values, by_value);
    rank = q * (n - 1);
    lower = fmax(0, floor(rank));
    upper = fmin(n - 1, lower + 1);
    weight = rank - floor(rank);
    return values[(int)lower] * (1 - weight) + values[(int)upper] * weight;
}
