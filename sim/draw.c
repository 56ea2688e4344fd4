#include "draw.h"
#include "model/assert.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

/* The sum of the stages: minus the logarithm of a product, taken in pieces that cannot underflow
 * (a uniform is at least 2^-53). */
static double draw_erlang(const struct dist *dist, struct stream *stream)
{
    double sum = 0, product = 1;
    int i, k = (int)dist->a;
    for (i = 1; i <= k; i++) {
        product *= stream_uniform(stream);
        if (i % 16 == 0 || i == k) {
            sum -= log(product);
            product = 1;
        }
    }
    return sum * dist->b;
}

/* The part of the uniform that chose the phase is uniform again. */
static double draw_hyperexponential(const struct dist *dist, double u)
{
    if (u < dist->a)
        return -dist->b * log(u / dist->a);
    return -dist->c * log((1 - u) / (1 - dist->a));
}

double draw_by_kind(const struct dist *dist, struct stream *stream)
{
    double u;
    if (dist->kind == DIST_FIXED)
        return dist->a;
    if (dist->kind == DIST_ERLANG)
        return draw_erlang(dist, stream);
    u = stream_uniform(stream);
    switch (dist->kind) {
    case DIST_UNIFORM:
        return dist->a + (dist->b - dist->a) * u;
    case DIST_EXPONENTIAL:
        return -dist->a * log(u);
    case DIST_HYPEREXPONENTIAL:
        return draw_hyperexponential(dist, u);
    case DIST_LOGNORMAL:
        return exp(dist->a + dist->b * gsl_cdf_ugaussian_Pinv(u));
    case DIST_LOGLOGISTIC:
        return dist->a * exp(log(u / (1 - u)) / dist->b);
    case DIST_WEIBULL:
        return dist->a * exp(log(-log(u)) / dist->b);
    case DIST_EMPIRICAL:
        return (double)dist->values[(size_t)(u * (double)dist->n_values)];
    case DIST_FIXED:
    case DIST_ERLANG:
    case DIST_KINDS:
        break;
    }
    UND_UNREACHABLE();
}
