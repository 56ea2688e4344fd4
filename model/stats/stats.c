#include "stats.h"
#include "dist_internal.h"
#include "model/base/assert.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

/* Welford's running mean and sum of squares: no cancellation, no second pass. */
struct running {
    int64_t n;
    double mean, squares;
};

static void add(struct running *running, double value)
{
    double delta = value - running->mean;
    running->n++;
    running->mean += delta / (double)running->n;
    running->squares += delta * (value - running->mean);
}

static struct estimate estimate(const struct running *running, double confidence)
{
    struct estimate result = {running->n, running->mean, NAN, NAN};
    UND_ASSERT(confidence > 0 && confidence < 1);
    if (running->n == 0)
        result.mean = NAN;
    if (running->n < 2)
        return result;
    result.variance = running->squares / (double)(running->n - 1);
    result.half_width = gsl_cdf_tdist_Pinv((1 + confidence) / 2, (double)(running->n - 1)) *
                        sqrt(result.variance / (double)running->n);
    return result;
}

struct estimate stats_mean(const double *value, size_t n, double confidence)
{
    struct running running = {0};
    size_t i;
    for (i = 0; i < n; i++) {
        if (!isnan(value[i]))
            add(&running, value[i]);
    }
    return estimate(&running, confidence);
}

/* Of n values, with Bessel's correction and its like (Fisher's G1); 0 where there is no spread. */
static double skewness(const double *value, size_t count, const struct estimate *mean)
{
    double n = (double)mean->n, cubes = 0, deviation = sqrt(mean->variance);
    size_t i;
    if (!(deviation > 0) || mean->n < 3)
        return 0;
    for (i = 0; i < count; i++)
        if (!isnan(value[i]))
            cubes += pow((value[i] - mean->mean) / deviation, 3);
    return cubes * n / ((n - 1) * (n - 2));
}

#define SMALL 1.5 /* the skewness of a sample is too small: of 20 exponential values by a quarter */

double stats_wider_for_skewness(double skewness, double n, double t)
{
    double square = t * t;
    return 1 + SMALL * skewness * skewness / n * (square * square + 2 * square - 3) / 18;
}

struct estimate stats_skewed_mean(const double *value, size_t n, double confidence)
{
    struct estimate mean = stats_mean(value, n, confidence);
    if (mean.n < STATS_FEWEST)
        mean.half_width = mean.variance > 0 ? NAN : mean.half_width;
    else
        mean.half_width *= stats_wider_for_skewness(
            skewness(value, n, &mean), (double)mean.n,
            gsl_cdf_tdist_Pinv((1 + confidence) / 2, (double)(mean.n - 1)));
    return mean;
}

double stats_quantile(const double *sorted, size_t n, double p)
{
    UND_ASSERT(p >= 0 && p <= 1);
    return n == 0 ? NAN : gsl_stats_quantile_from_sorted_data(sorted, 1, n, p);
}

size_t stats_quantity(double *value, size_t n, struct quantity *quantity)
{
    struct estimate mean = stats_skewed_mean(value, n, STATS_CONFIDENCE);
    struct interval p50, p95, p99;
    size_t i, count = 0;
    for (i = 0; i < n; i++) {
        double swap = value[i];
        if (isnan(swap))
            continue;
        value[i] = value[count];
        value[count++] = swap;
    }
    gsl_sort(value, 1, count);
    p50 = stats_quantile_interval(value, count, 0.5, STATS_CONFIDENCE);
    p95 = stats_quantile_interval(value, count, 0.95, STATS_CONFIDENCE);
    p99 = stats_quantile_interval(value, count, 0.99, STATS_CONFIDENCE);
    *quantity = (struct quantity){
        .n = mean.n,
        .mean = mean.mean,
        .half_width = mean.half_width,
        .min = count > 0 ? value[0] : NAN,
        .p5 = stats_quantile(value, count, 0.05),
        .p50 = stats_quantile(value, count, 0.5),
        .p95 = stats_quantile(value, count, 0.95),
        .p99 = stats_quantile(value, count, 0.99),
        .max = count > 0 ? value[count - 1] : NAN,
        .p50_low = p50.low,
        .p50_high = p50.high,
        .p95_low = p95.low,
        .p95_high = p95.high,
        .p99_low = p99.low,
        .p99_high = p99.high,
        .known_to = NAN,
    };
    return count;
}

/* The least k with P(Binomial(n, p) <= k) >= target. */
static int64_t binomial_quantile(int64_t n, double p, double target)
{
    int64_t low = 0, high = n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (gsl_cdf_binomial_P((unsigned)middle, p, (unsigned)n) >= target)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The number N of values below the quantile is binomial. The value of rank low is above it when
 * N < low, that of rank high below it when N >= high; each may happen with half of alpha. */
bool stats_quantile_ranks(int64_t n, double p, double confidence, int64_t *low, int64_t *high)
{
    double tail = (1 - confidence) / 2;
    UND_ASSERT(p > 0 && p < 1 && confidence > 0 && confidence < 1);
    UND_ASSERT(n >= 0 && n <= UINT32_MAX);
    *low = binomial_quantile(n, p, tail);
    *high = binomial_quantile(n, p, 1 - tail) + 1;
    return *low >= 1 && *high <= n;
}

struct interval stats_quantile_interval(const double *sorted, size_t n, double p, double confidence)
{
    int64_t low, high;
    if (p <= 0 || p >= 1 || !stats_quantile_ranks((int64_t)n, p, confidence, &low, &high))
        return (struct interval){NAN, NAN};
    return (struct interval){sorted[low - 1], sorted[high - 1]};
}

struct beta {
    double a, b, p;
};

static double beta_error(double x, void *params)
{
    const struct beta *beta = params;
    return gsl_cdf_beta_P(x, beta->a, beta->b) - beta->p;
}

/* GSL's iteration does not always arrive: of 821 in 16,376 it gives no upper end. */
static double beta_quantile(double p, double a, double b)
{
    struct beta beta = {a, b, p};
    double x = p < 0.5 ? gsl_cdf_beta_Pinv(p, a, b) : gsl_cdf_beta_Qinv(1 - p, a, b);
    if (fabs(beta_error(x, &beta)) < 1e-9)
        return x;
    return dist_solve(beta_error, &beta, 0, 1);
}

struct interval stats_share_interval(double hits, double n, double confidence)
{
    double tail = (1 - confidence) / 2, misses = n - hits;
    UND_ASSERT(hits >= 0 && hits <= n);
    return (struct interval){hits <= 0 ? 0 : beta_quantile(tail, hits, misses + 1),
                             misses <= 0 ? 1 : beta_quantile(1 - tail, hits + 1, misses)};
}

struct interval stats_clopper_pearson(int64_t hits, int64_t n, double confidence)
{
    return stats_share_interval((double)hits, (double)n, confidence);
}

struct comparison stats_compare(const double *x, const double *y, size_t n, double confidence)
{
    struct running of_x = {0}, of_y = {0}, difference = {0}, sum = {0};
    struct comparison result;
    size_t i;
    for (i = 0; i < n; i++) {
        if (isnan(x[i]) || isnan(y[i]))
            continue;
        add(&of_x, x[i]);
        add(&of_y, y[i]);
        add(&difference, y[i] - x[i]);
        add(&sum, y[i] + x[i]);
    }
    result.difference = estimate(&difference, confidence);
    /* Var(x + y) - Var(x - y) = 4 Cov(x, y); 0 / 0 is the NAN of no spread. */
    result.correlation = (sum.squares - difference.squares) / 4 / sqrt(of_x.squares * of_y.squares);
    return result;
}
