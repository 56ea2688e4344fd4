/* How long to run, what to drop from the front, and what one long run says. */
#include "model/base/assert.h"
#include "stats.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

static int64_t least_replications(const struct stopping *stopping)
{
    int64_t least = (int64_t)ceil(1 / stopping->precision);
    UND_ASSERT(stopping->precision > 0 && stopping->minimum >= 2);
    return least > stopping->minimum ? least : stopping->minimum;
}

enum stop stats_stop(const struct stopping *stopping, const double *value, size_t n)
{
    struct estimate mean = stats_skewed_mean(value, n, stopping->confidence);
    if (mean.n >= least_replications(stopping) &&
        mean.half_width <= stopping->precision * fabs(mean.mean))
        return STOP_PRECISE;
    return (int64_t)n >= stopping->maximum ? STOP_MAXIMUM : STOP_CONTINUE;
}

int64_t stats_next_look(const struct stopping *stopping, const double *value, size_t n)
{
    struct estimate mean = stats_skewed_mean(value, n, stopping->confidence);
    double ratio = mean.half_width / (stopping->precision * fabs(mean.mean));
    double wanted = (double)n * ratio * ratio, now = (double)n;
    int64_t next, least = least_replications(stopping);
    if (!(wanted <= 2 * now)) /* also when nothing is known yet */
        wanted = 2 * now;
    next = (int64_t)ceil(fmax(wanted, 1.1 * now));
    next = next < least ? least : next;
    return next > stopping->maximum ? stopping->maximum : next;
}

#define MSER_BATCH 5

/* Minimises sum((x - mean)^2) / m^2 over the last m batch means. Walking from the end, the sum
 * grows by Welford's step. It looks beyond the first half: a minimum in the third quarter means
 * that the run was still warming up there. */
bool stats_warmup(const double *value, size_t n, size_t *drop)
{
    size_t batches = n / MSER_BATCH, batch, kept, i;
    double mean = 0, squares = 0, least = INFINITY;
    *drop = 0;
    for (batch = batches; batch-- > 0;) {
        double x = 0, delta, score;
        for (i = 0; i < MSER_BATCH; i++)
            x += value[batch * MSER_BATCH + i] / MSER_BATCH;
        kept = batches - batch;
        delta = x - mean;
        mean += delta / (double)kept;
        squares += delta * (x - mean);
        score = squares / ((double)kept * (double)kept);
        /* The last few have too little spread to be believed (White, Cobb and Spratt); nor has a
         * last quarter, which may be one quiet night. */
        if (kept > MSER_BATCH && 4 * kept >= batches && score <= least) {
            least = score;
            *drop = batch * MSER_BATCH;
        }
    }
    if (2 * *drop <= n)
        return batches > MSER_BATCH;
    *drop = n / 2;
    return false;
}

#define MOST_CORRELATION 0.8 /* of batches; beyond it they are too short for any correction */
#define WINDOW 5             /* correlations are summed over so many times their sum */

static double batch_mean(const double *value, size_t size)
{
    double sum = 0;
    size_t i;
    for (i = 0; i < size; i++)
        sum += value[i];
    return sum / (double)size;
}

/* Of batch means that add up to nothing around their mean. */
static double batch_skewness(double squares, double cubes, size_t count)
{
    double n = (double)count, deviation = sqrt(squares / (n - 1));
    return deviation > 0 ? cubes / pow(deviation, 3) * n / ((n - 1) * (n - 2)) : 0;
}

/* What is left of their correlation makes their mean vary more, as in an autoregression. */
static double wider_for_correlation(double correlation)
{
    double positive = fmin(fmax(correlation, 0), MOST_CORRELATION);
    return sqrt((1 + positive) / (1 - positive));
}

struct batches stats_batch_means(const double *value, size_t n, double confidence)
{
    size_t count = (size_t)sqrt((double)n), size = n / (count > 0 ? count : 1), i;
    const double *first = value + (n - count * size);
    double mean, last = 0, squares = 0, cubes = 0, products = 0, t;
    struct batches batches = {.size = size};
    UND_ASSERT(n >= STATS_BATCHED && confidence > 0 && confidence < 1);
    mean = batch_mean(first, count * size);
    for (i = 0; i < count; i++) {
        double delta = batch_mean(first + i * size, size) - mean;
        squares += delta * delta;
        cubes += delta * delta * delta;
        products += i > 0 ? delta * last : 0;
        last = delta;
    }
    t = gsl_cdf_tdist_Pinv((1 + confidence) / 2, (double)(count - 1));
    batches.correlation = products / squares;
    batches.estimate = (struct estimate){
        .n = (int64_t)count, .mean = mean, .variance = squares / (double)(count - 1)};
    batches.estimate.half_width =
        t * sqrt(batches.estimate.variance / (double)count) *
        stats_wider_for_skewness(batch_skewness(squares, cubes, count), (double)count, t) *
        (squares > 0 ? wider_for_correlation(batches.correlation) : 1);
    return batches;
}

/* Sum over i of the products of what is `lag` apart, of `runs` runs of n values each. */
static double lagged(const double *residual, size_t runs, size_t n, size_t lag)
{
    double sum = 0;
    size_t run, i;
    for (run = 0; run < runs; run++)
        for (i = lag; i < n; i++)
            sum += residual[run * n + i] * residual[run * n + i - lag];
    return sum / (double)(n - lag);
}

double stats_memory(const double *residual, size_t runs, size_t n)
{
    double all = lagged(residual, runs, n, 0), sum = 0.5;
    size_t lag;
    if (!(all > 0))
        return 0;
    for (lag = 1; lag < n / 2 && (double)lag < WINDOW * sum; lag++)
        sum += lagged(residual, runs, n, lag) / all;
    return fmax(sum, 0);
}
