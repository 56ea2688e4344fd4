/* Are the counts Poisson, given profile and trend? If not, a gamma variate on the rate. */
#include "arrival_internal.h"
#include "model/base/assert.h"
#include "model/base/units.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_min.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>

static const int64_t lengths[] = {15 * UNITS_MINUTE, UNITS_HOUR,     2 * UNITS_HOUR,
                                  4 * UNITS_HOUR,    8 * UNITS_HOUR, UNITS_DAY};
enum { LENGTHS = sizeof lengths / sizeof *lengths };
#define LOG_CV2_MIN (-9.2) /* 1e-4 */
#define LOG_CV2_MAX 4.6    /* 100 */

struct stretches {
    double *count, *mean; /* owned by the first */
    size_t n;
};

/* Of counts of a Poisson process whose rate is times a gamma variate of this cv2 in each stretch,
 * over that of the plain process. What happens within a stretch cancels, so that stretches of any
 * length can be compared. */
static double gain(const struct stretches *stretches, double log_cv2)
{
    double k = exp(-log_cv2), sum = 0;
    size_t i;
    for (i = 0; i < stretches->n; i++) {
        double n = stretches->count[i], m = stretches->mean[i];
        if (m <= 0)
            continue;
        sum += gsl_sf_lngamma(k + n) - gsl_sf_lngamma(k) - n * log(k + m) - k * log1p(m / k) + m;
    }
    return sum;
}

static double loss(double log_cv2, void *params)
{
    return -gain(params, log_cv2);
}

/* The maximum, from the best of a row of points; its log cv2. */
static double climb(struct stretches *stretches)
{
    const int points = 28;
    const double step = (LOG_CV2_MAX - LOG_CV2_MIN) / points;
    gsl_function function = {loss, stretches};
    gsl_min_fminimizer *minimizer;
    double best = LOG_CV2_MIN, most = gain(stretches, LOG_CV2_MIN);
    int i, status = GSL_CONTINUE;
    for (i = 1; i <= points; i++) {
        double value = gain(stretches, LOG_CV2_MIN + i * step);
        if (value > most) {
            most = value;
            best = LOG_CV2_MIN + i * step;
        }
    }
    if (best <= LOG_CV2_MIN || best >= LOG_CV2_MAX - step / 2)
        return best;
    minimizer = gsl_min_fminimizer_alloc(gsl_min_fminimizer_brent);
    UND_ASSERT(minimizer != NULL);
    if (gsl_min_fminimizer_set(minimizer, &function, best, best - step, best + step) == GSL_SUCCESS)
        for (i = 0; i < 100 && status == GSL_CONTINUE; i++) {
            gsl_min_fminimizer_iterate(minimizer);
            best = gsl_min_fminimizer_x_minimum(minimizer);
            status = gsl_min_test_interval(gsl_min_fminimizer_x_lower(minimizer),
                                           gsl_min_fminimizer_x_upper(minimizer), 1e-6, 0);
        }
    gsl_min_fminimizer_free(minimizer);
    return best;
}

static void set_cv2(struct arrivals *arrivals, const struct stretches *stretches, double log_cv2,
                    int64_t every_ms)
{
    const double h = 0.05;
    double z = gsl_cdf_ugaussian_Pinv(0.5 + STATS_CONFIDENCE / 2);
    double curvature = (gain(stretches, log_cv2 + h) - 2 * gain(stretches, log_cv2) +
                        gain(stretches, log_cv2 - h)) /
                       (h * h);
    double error = curvature < 0 ? 1 / sqrt(-curvature) : 2;
    int spent = arrival_parameters(arrivals->kind, every_ms);
    /* The profile has taken its share of the spread. */
    double n = (double)stretches->n, value = exp(log_cv2) * n / fmax(n - spent, 1);
    arrivals->modulation.every_ms = every_ms;
    arrivals->modulation.cv2 = (struct measured){
        fmin(value, 100), {fmin(value * exp(-z * error), 100), fmin(value * exp(z * error), 100)}};
}

double arrival_excess(const struct arrivals *arrivals, const struct grid *grid, int64_t window_ms)
{
    int64_t every_ms = arrivals->modulation.every_ms;
    struct stretches stretches;
    double sum = 0, squares = 0;
    size_t i;
    if (!arrivals->modulation.present)
        return 0;
    stretches.count = malloc(2 * grid->n * sizeof *stretches.count);
    UND_ASSERT(stretches.count != NULL);
    stretches.mean = stretches.count + grid->n;
    stretches.n = arrival_stretches(grid, window_ms < every_ms ? window_ms : every_ms,
                                    stretches.count, stretches.mean);
    for (i = 0; i < stretches.n; i++) {
        sum += stretches.mean[i];
        squares += stretches.mean[i] * stretches.mean[i];
    }
    free(stretches.count);
    return sum > 0 ? arrivals->modulation.cv2.value * squares / sum : 0;
}

/* Counts may also be more even than a Poisson process': of a schedule. Pearson's sum, from below,
 * of the first window in which counts are nearly normal. */
static void test_regular(struct arrivals *arrivals, double squares, double sum, double n,
                         double spent)
{
    if (isnan(arrivals->regular_p) && sum >= 5 * n && n >= spent + 10)
        arrivals->regular_p = gsl_cdf_chisq_P(squares / (sum / n), n - spent);
}

static void set_dispersions(struct arrivals *arrivals, const struct grid *grid,
                            struct stretches *room)
{
    static const int64_t windows[ARRIVAL_WINDOWS] = {15 * UNITS_MINUTE, UNITS_HOUR, 4 * UNITS_HOUR,
                                                     UNITS_DAY, 7 * UNITS_DAY};
    size_t i;
    int w;
    arrivals->regular_p = NAN;
    for (w = 0; w < ARRIVAL_WINDOWS; w++) {
        double sum = 0, squares = 0, n;
        int spent = arrival_parameters(arrivals->kind, windows[w]) + 1;
        room->n = arrival_stretches(grid, windows[w], room->count, room->mean);
        for (i = 0; i < room->n; i++) {
            double apart = room->count[i] - room->mean[i];
            squares += apart * apart;
            sum += room->mean[i];
        }
        n = (double)room->n;
        test_regular(arrivals, squares, sum, n, spent);
        arrivals->dispersion[w].window_ms = windows[w];
        arrivals->dispersion[w].fitted = 1 + arrival_excess(arrivals, grid, windows[w]);
        arrivals->dispersion[w].measured =
            n > spent + 3 && sum > 0 ? squares / sum * n / (n - spent) : NAN;
    }
}

void arrival_modulation(struct arrivals *arrivals, const struct grid *grid)
{
    struct stretches stretches;
    double most = 0, log_cv2 = 0, p;
    size_t i, best = 0;
    stretches.count = malloc(2 * grid->n * sizeof *stretches.count);
    UND_ASSERT(stretches.count != NULL);
    stretches.mean = stretches.count + grid->n;
    arrivals->modulation.p = NAN;
    for (i = 0; i < LENGTHS && arrivals->n >= ARRIVAL_LEAST; i++) {
        double at, value;
        stretches.n = arrival_stretches(grid, lengths[i], stretches.count, stretches.mean);
        if (stretches.n < (size_t)arrival_parameters(arrivals->kind, lengths[i]) + 10)
            continue;
        at = climb(&stretches);
        value = gain(&stretches, at);
        if (value > most) {
            most = value;
            log_cv2 = at;
            best = i;
        }
    }
    if (arrivals->n >= ARRIVAL_LEAST) {
        /* No spread at all is the end of the range: half of the samples are there. Six lengths were
         * tried. */
        p = fmin(1, 0.5 * (double)LENGTHS * gsl_cdf_chisq_Q(2 * most, 1));
        arrivals->modulation.p = p;
        arrivals->modulation.present = p < ARRIVAL_ERROR;
    }
    if (arrivals->modulation.present) {
        stretches.n = arrival_stretches(grid, lengths[best], stretches.count, stretches.mean);
        set_cv2(arrivals, &stretches, log_cv2, lengths[best]);
    }
    set_dispersions(arrivals, grid, &stretches);
    free(stretches.count);
}
