/* Jobs a run: always the same, geometric, or as they were. */
#include "fit_internal.h"
#include "model/base/assert.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

#define CELL 5 /* expected of a cell of Pearson's test */

/* Pearson's test of a geometric distribution from 1 with that mean; NAN: too few cells. */
static double test_geometric(const double counts[FIT_FAN_OUT], double runs, double mean)
{
    double q = 1 / mean, left = runs, seen = 0, expected = 0, gone = 0, sum = 0;
    int i, cells = 0;
    for (i = 0; i < FIT_FAN_OUT; i++) {
        double of = runs * q * pow(1 - q, i);
        seen += counts[i];
        expected += of;
        left -= of;
        if (expected < CELL || left < CELL)
            continue;
        sum += (seen - expected) * (seen - expected) / expected;
        gone += seen;
        seen = expected = 0;
        cells++;
    }
    seen = runs - gone;
    expected += fmax(left, 0);
    if (expected > 0) {
        sum += (seen - expected) * (seen - expected) / expected;
        cells++;
    }
    return cells > 2 ? gsl_cdf_chisq_Q(sum, cells - 2) : NAN;
}

void fit_fan_out(struct fit *fit, const struct part *part)
{
    struct fan_out_fit *fan_out = &fit->fan_out;
    double counts[FIT_FAN_OUT] = {0}, runs = part->n_runs, squares = 0, half;
    double z = gsl_cdf_ugaussian_Pinv(0.5 + STATS_CONFIDENCE / 2);
    bool same = true;
    int i;
    fan_out->mean.value = (double)part->n / runs;
    for (i = 0; i < part->n_runs; i++) {
        int n = part->jobs[i], cell = n < FIT_FAN_OUT ? n : FIT_FAN_OUT;
        counts[cell - 1]++;
        fan_out->above += n > FIT_FAN_OUT;
        same = same && n == part->jobs[0];
        squares += (n - fan_out->mean.value) * (n - fan_out->mean.value);
    }
    half = part->n_runs > 1 ? z * sqrt(squares / (runs - 1) / runs) : NAN;
    fan_out->mean.interval =
        (struct interval){fan_out->mean.value - half, fan_out->mean.value + half};
    fan_out->p = NAN;
    fan_out->kind = same && part->jobs[0] <= 10000 ? FAN_OUT_FIXED : FAN_OUT_EMPIRICAL;
    if (fan_out->kind == FAN_OUT_FIXED)
        return;
    fan_out->p = test_geometric(counts, runs, fan_out->mean.value);
    if (fan_out->p >= LIFETIME_REJECTED && fan_out->above == 0) {
        fan_out->kind = FAN_OUT_GEOMETRIC;
        return;
    }
    for (i = 0; i < FIT_FAN_OUT; i++) {
        fan_out->weights[i] = counts[i] / runs;
        fan_out->interval[i] =
            stats_clopper_pearson((int64_t)counts[i], part->n_runs, STATS_CONFIDENCE);
        if (counts[i] > 0)
            fan_out->n_weights = i + 1;
    }
}
