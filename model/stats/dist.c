#include "dist.h"
#include "dist_internal.h"
#include "model/base/assert.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>

static const char *const kind_names[DIST_KINDS] = {
    "fixed",     "uniform",     "exponential", "erlang", "hyperexponential",
    "lognormal", "loglogistic", "weibull",     "gamma",  "empirical"};

const char *dist_kind_name(enum dist_kind kind)
{
    return kind_names[kind];
}

void dist_init(struct dist *dist)
{
    *dist = (struct dist){.kind = DIST_FIXED,
                          .mean_ms = NAN,
                          .cv2 = NAN,
                          .p50_ms = NAN,
                          .p95_ms = NAN,
                          .k = NAN,
                          .min_ms = NAN,
                          .max_ms = NAN};
}

void dist_fini(struct dist *dist)
{
    free(dist->values);
    dist_init(dist);
}

struct dist dist_fixed(int64_t ms)
{
    struct dist dist;
    dist_init(&dist);
    dist.mean_ms = dist.a = (double)ms;
    return dist;
}

double dist_solve(double (*f)(double x, void *params), void *params, double low, double high)
{
    gsl_function function = {f, params};
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    double root;
    int status = GSL_CONTINUE, i;
    UND_ASSERT(solver != NULL);
    UND_ASSERT(gsl_root_fsolver_set(solver, &function, low, high) == GSL_SUCCESS);
    for (i = 0; i < 200 && status == GSL_CONTINUE; i++) {
        gsl_root_fsolver_iterate(solver);
        status = gsl_root_test_interval(gsl_root_fsolver_x_lower(solver),
                                        gsl_root_fsolver_x_upper(solver), 0, 1e-14);
    }
    root = gsl_root_fsolver_root(solver);
    gsl_root_fsolver_free(solver);
    return root;
}

double dist_loglogistic_mean(double shape)
{
    double x = M_PI / shape;
    return shape > 1 ? x / sin(x) : INFINITY;
}

double dist_weibull_cv2(double shape)
{
    return expm1(gsl_sf_lngamma(1 + 2 / shape) - 2 * gsl_sf_lngamma(1 + 1 / shape));
}

static double empirical_mean(const struct dist *dist)
{
    double sum = 0;
    size_t i;
    for (i = 0; i < dist->n_values; i++)
        sum += (double)dist->values[i];
    return sum / (double)dist->n_values;
}

double dist_mean(const struct dist *dist)
{
    switch (dist->kind) {
    case DIST_FIXED:
    case DIST_EXPONENTIAL:
        return dist->a;
    case DIST_UNIFORM:
        return (dist->a + dist->b) / 2;
    case DIST_ERLANG:
        return dist->a * dist->b;
    case DIST_HYPEREXPONENTIAL:
        return dist->a * dist->b + (1 - dist->a) * dist->c;
    case DIST_LOGNORMAL:
        return exp(dist->a + dist->b * dist->b / 2);
    case DIST_LOGLOGISTIC:
        return dist->a * dist_loglogistic_mean(dist->b);
    case DIST_GAMMA:
        return dist->a * dist->b;
    case DIST_WEIBULL:
        return dist->a * exp(gsl_sf_lngamma(1 + 1 / dist->b));
    case DIST_EMPIRICAL:
        return empirical_mean(dist);
    case DIST_KINDS:
        break;
    }
    UND_UNREACHABLE();
}

double dist_cdf(const struct dist *dist, double ms)
{
    size_t low = 0, high = dist->n_values;
    if (ms < 0)
        return 0;
    switch (dist->kind) {
    case DIST_FIXED:
        return ms >= dist->a ? 1 : 0;
    case DIST_EXPONENTIAL:
        return gsl_cdf_exponential_P(ms, dist->a);
    case DIST_UNIFORM:
        return gsl_cdf_flat_P(ms, dist->a, dist->b);
    case DIST_ERLANG:
        return gsl_cdf_gamma_P(ms, dist->a, dist->b);
    case DIST_HYPEREXPONENTIAL:
        return dist->a * gsl_cdf_exponential_P(ms, dist->b) +
               (1 - dist->a) * gsl_cdf_exponential_P(ms, dist->c);
    case DIST_LOGNORMAL:
        return ms > 0 ? gsl_cdf_lognormal_P(ms, dist->a, dist->b) : 0;
    case DIST_LOGLOGISTIC:
        return ms > 0 ? 1 / (1 + pow(ms / dist->a, -dist->b)) : 0;
    case DIST_WEIBULL:
        return gsl_cdf_weibull_P(ms, dist->a, dist->b);
    case DIST_GAMMA:
        return gsl_cdf_gamma_P(ms, dist->b, dist->a);
    case DIST_EMPIRICAL:
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if ((double)dist->values[middle] <= ms)
                low = middle + 1;
            else
                high = middle;
        }
        return (double)low / (double)dist->n_values;
    case DIST_KINDS:
        break;
    }
    UND_UNREACHABLE();
}

struct target {
    const struct dist *dist;
    double p;
};

static double cdf_error(double ms, void *params)
{
    const struct target *target = params;
    return dist_cdf(target->dist, ms) - target->p;
}

/* Between the quantiles of its two phases. */
static double hyperexponential_quantile(const struct dist *dist, double p)
{
    struct target target = {dist, p};
    double low = gsl_cdf_exponential_Pinv(p, dist->b), high = gsl_cdf_exponential_Pinv(p, dist->c);
    return high - low <= 1e-12 * high ? low : dist_solve(cdf_error, &target, low, high);
}

static double gamma_error(double log_x, void *params)
{
    const double *shape_p = params;
    return log(gsl_cdf_gamma_P(exp(log_x), shape_p[0], 1)) - log(shape_p[1]);
}

/* Near 0 the distribution is x^shape / (shape gamma(shape)), and GSL's iteration does not converge;
 * where else it does not, a root is sought. */
double dist_gamma_quantile(double shape, double p)
{
    double log_small = (log(p) + gsl_sf_lngamma(shape + 1)) / shape, shape_p[] = {shape, p}, x;
    if (log_small < log(1e-9))
        return exp(log_small);
    x = gsl_cdf_gamma_Pinv(p, shape, 1);
    if (x > 0 && fabs(gsl_cdf_gamma_P(x, shape, 1) - p) < 1e-10 * p)
        return x;
    return exp(dist_solve(gamma_error, shape_p, log_small, log(shape + 1 - 2 * log1p(-p)) + 10));
}

double dist_quantile(const struct dist *dist, double p)
{
    UND_ASSERT(p > 0 && p < 1);
    switch (dist->kind) {
    case DIST_FIXED:
        return dist->a;
    case DIST_EXPONENTIAL:
        return gsl_cdf_exponential_Pinv(p, dist->a);
    case DIST_UNIFORM:
        return gsl_cdf_flat_Pinv(p, dist->a, dist->b);
    case DIST_ERLANG:
        return gsl_cdf_gamma_Pinv(p, dist->a, dist->b);
    case DIST_HYPEREXPONENTIAL:
        return hyperexponential_quantile(dist, p);
    case DIST_LOGNORMAL:
        return gsl_cdf_lognormal_Pinv(p, dist->a, dist->b);
    case DIST_LOGLOGISTIC:
        return dist->a * pow(p / (1 - p), 1 / dist->b);
    case DIST_WEIBULL:
        return gsl_cdf_weibull_Pinv(p, dist->a, dist->b);
    case DIST_GAMMA:
        return dist->a * dist_gamma_quantile(dist->b, p);
    case DIST_EMPIRICAL:
        return (double)dist->values[(size_t)ceil(p * (double)dist->n_values) - 1];
    case DIST_KINDS:
        break;
    }
    UND_UNREACHABLE();
}
