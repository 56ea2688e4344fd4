#include "wait_sums.h"

#include "model/stats/stats.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

void wait_sums_begin(struct wait_sums *sums)
{
    sums->rep_n = sums->rep_ms = 0;
}

void wait_sums_end(struct wait_sums *sums)
{
    sums->reps++;
    sums->n += sums->rep_n;
    sums->ms += sums->rep_ms;
    sums->n_n += (int128)sums->rep_n * sums->rep_n;
    sums->n_ms += (int128)sums->rep_n * sums->rep_ms;
    sums->ms_ms += (int128)sums->rep_ms * sums->rep_ms;
    wait_sums_begin(sums);
}

void wait_sums_merge(struct wait_sums *sums, const struct wait_sums *part)
{
    sums->reps += part->reps;
    sums->n += part->n;
    sums->open += part->open;
    sums->ms += part->ms;
    sums->n_n += part->n_n;
    sums->n_ms += part->n_ms;
    sums->ms_ms += part->ms_ms;
}

void wait_sums_quantity(const struct wait_sums *sums, struct quantity *quantity)
{
    double reps = (double)sums->reps, n = (double)sums->n, mean, square;
    quantity_void(quantity);
    quantity->n = sums->n - sums->open;
    quantity->censored = sums->open;
    if (sums->n == 0)
        return;
    quantity->mean = mean = (double)sums->ms / n;
    quantity->mean_is_bound = sums->open > 0;
    quantity->method = METHOD_REPLICATIONS;
    if (sums->reps < 2)
        return;
    /* The residuals ms - mean * n of replications, which add up to nothing. */
    square = (double)sums->ms_ms - 2 * mean * (double)sums->n_ms + mean * mean * (double)sums->n_n;
    quantity->half_width = gsl_cdf_tdist_Pinv((1 + STATS_CONFIDENCE) / 2, reps - 1) *
                           sqrt(fmax(square, 0) / (reps - 1) / reps) / (n / reps);
}
