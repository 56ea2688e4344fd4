/*
 * What dist.c (exact moments and quantiles) and dist_resolve.c (files to parameters) share.
 */
#ifndef MODEL_STATS_DIST_INTERNAL_H
#define MODEL_STATS_DIST_INTERNAL_H

#include "dist.h"

/* The root of a monotone f with a change of sign between low and high, to 14 digits. */
double dist_solve(double (*f)(double x, void *params), void *params, double low, double high);

double dist_loglogistic_mean(double shape); /* of scale 1 */
double dist_weibull_cv2(double shape);

#endif
