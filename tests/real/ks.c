#include "ks.h"

#include <gsl/gsl_sort.h>
#include <math.h>

double ks_probability(double distance, size_t n)
{
    double root = sqrt((double)n), sum = 0, sign = 1;
    double lambda = (root + 0.12 + 0.11 / root) * distance;
    if (lambda < 0.3)
        return 1; /* to five digits; the series converges slowly there */
    for (int k = 1; k <= 100; k++, sign = -sign)
        sum += sign * exp(-2 * k * k * lambda * lambda);
    return fmin(fmax(2 * sum, 0), 1);
}

double ks_distance_uniform(double *values, size_t n)
{
    double distance = 0;
    gsl_sort(values, 1, n);
    for (size_t i = 0; i < n; i++) {
        distance = fmax(distance, values[i] - (double)i / (double)n);
        distance = fmax(distance, (double)(i + 1) / (double)n - values[i]);
    }
    return distance;
}
