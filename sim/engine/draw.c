#include "draw.h"
#include "model/base/assert.h"

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

/* What stands above and below a fraction's line, evaluated by the same instructions. */
typedef double fraction __attribute__((vector_size(2 * sizeof(double))));

/* factor * above / below, each polynomial as a tree, which takes a third of the time of Horner's
 * rule. */
static inline double rational(const fraction c[8], double x, double factor)
{
    double x2 = x * x;
    fraction value = (c[0] + c[1] * x) + (c[2] + c[3] * x) * x2 +
                     ((c[4] + c[5] * x) + (c[6] + c[7] * x) * x2) * (x2 * x2);
    return factor * value[0] / value[1];
}

/* The quantile of the standard normal distribution as gsl_cdf_ugaussian_Pinv (Wichura's algorithm
 * AS 241, Applied Statistics 37 (1988)), but for the polynomials; what is rarer than e^-25 is left
 * to GSL. Every lognormal draw needs one. */
static double normal_quantile(double u)
{
    static const fraction middle[8] = {{3.3871328727963666080e0, 1},
                                       {1.3314166789178437745e2, 4.2313330701600911252e1},
                                       {1.9715909503065514427e3, 6.8718700749205790830e2},
                                       {1.3731693765509461125e4, 5.3941960214247511077e3},
                                       {4.5921953931549871457e4, 2.1213794301586595867e4},
                                       {6.7265770927008700853e4, 3.9307895800092710610e4},
                                       {3.3430575583588128105e4, 2.8729085735721942674e4},
                                       {2.5090809287301226727e3, 5.2264952788528545610e3}};
    static const fraction tail[8] = {{1.42343711074968357734e0, 1},
                                     {4.63033784615654529590e0, 2.05319162663775882187e0},
                                     {5.76949722146069140550e0, 1.67638483018380384940e0},
                                     {3.64784832476320460504e0, 6.89767334985100004550e-1},
                                     {1.27045825245236838258e0, 1.48103976427480074590e-1},
                                     {2.41780725177450611770e-1, 1.51986665636164571966e-2},
                                     {2.27238449892691845833e-2, 5.47593808499534494600e-4},
                                     {7.74545014278341407640e-4, 1.05075007164441684324e-9}};
    double q = u - 0.5, r = 0.180625 - q * q;
    if (fabs(q) <= 0.425)
        return rational(middle, r, q);
    r = sqrt(-log(q < 0 ? u : 1 - u));
    if (r > 5)
        return gsl_cdf_ugaussian_Pinv(u);
    return copysign(rational(tail, r - 1.6, 1), q);
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
    case DIST_GAMMA: /* by inversion: one uniform a draw, whatever the shape */
        return dist->a * dist_gamma_quantile(dist->b, u);
    case DIST_EMPIRICAL:
        return (double)dist->values[(size_t)(u * (double)dist->n_values)];
    case DIST_FIXED:
    case DIST_ERLANG:
    case DIST_KINDS:
        break;
    }
    UND_UNREACHABLE();
}
