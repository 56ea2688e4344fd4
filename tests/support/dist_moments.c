#include "dist_moments.h"

#include "model/base/assert.h"
#include "model/stats/dist_internal.h"

#include <math.h>

static double empirical_cv2(const struct dist *dist)
{
    double mean = dist_mean(dist), sum = 0;
    size_t i;
    for (i = 0; i < dist->n_values; i++)
        sum += ((double)dist->values[i] - mean) * ((double)dist->values[i] - mean);
    return mean > 0 ? sum / (double)dist->n_values / (mean * mean) : 0;
}

double dist_moments_cv2(const struct dist *dist)
{
    double mean = dist_mean(dist), width = dist->b - dist->a;
    switch (dist->kind) {
    case DIST_FIXED:
        return 0;
    case DIST_EXPONENTIAL:
        return 1;
    case DIST_UNIFORM:
        return width * width / 12 / (mean * mean);
    case DIST_ERLANG:
        return 1 / dist->a;
    case DIST_HYPEREXPONENTIAL:
        return 2 * (dist->a * dist->b * dist->b + (1 - dist->a) * dist->c * dist->c) /
                   (mean * mean) -
               1;
    case DIST_LOGNORMAL:
        return expm1(dist->b * dist->b);
    case DIST_LOGLOGISTIC:
        return dist->b > 2 ? tan(M_PI / dist->b) * dist->b / M_PI - 1 : INFINITY;
    case DIST_WEIBULL:
        return dist_weibull_cv2(dist->b);
    case DIST_GAMMA:
        return 1 / dist->b;
    case DIST_EMPIRICAL:
        return empirical_cv2(dist);
    case DIST_KINDS:
        break;
    }
    UND_UNREACHABLE();
}
