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

/* The quantile of the standard normal distribution: in the middle 85% as gsl_cdf_ugaussian_Pinv
 * (Wichura's algorithm AS 241, Applied Statistics 37 (1988)), but with both polynomials as trees,
 * which takes a third of the time; the tails are left to GSL. Every lognormal draw needs one. */
static double normal_quantile(double u)
{
    double q = u - 0.5, r = 0.180625 - q * q, r2 = r * r, r4 = r2 * r2, above, below;
    if (fabs(q) > 0.425)
        return gsl_cdf_ugaussian_Pinv(u);
    above = (3.3871328727963666080e0 + 1.3314166789178437745e2 * r) +
            (1.9715909503065514427e3 + 1.3731693765509461125e4 * r) * r2 +
            ((4.5921953931549871457e4 + 6.7265770927008700853e4 * r) +
             (3.3430575583588128105e4 + 2.5090809287301226727e3 * r) * r2) *
                r4;
    below = (1 + 4.2313330701600911252e1 * r) +
            (6.8718700749205790830e2 + 5.3941960214247511077e3 * r) * r2 +
            ((2.1213794301586595867e4 + 3.9307895800092710610e4 * r) +
             (2.8729085735721942674e4 + 5.2264952788528545610e3 * r) * r2) *
                r4;
    return q * above / below;
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
        return exp(dist->a + dist->b * normal_quantile(u));
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
