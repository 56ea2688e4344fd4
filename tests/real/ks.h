/*
 * The Kolmogorov-Smirnov test of one sample, two-sided: how probable is a distance of at least
 * `distance` among n independent draws from the very distribution? By Kolmogorov's series with
 * Stephens' correction for small n (M. A. Stephens, "Use of the Kolmogorov-Smirnov, Cramer-von
 * Mises and related statistics without extensive tables", J. R. Stat. Soc. B 32 (1970)), which near
 * 1% is right to a few hundredths of it from n = 5 on.
 */
#ifndef TESTS_REAL_KS_H
#define TESTS_REAL_KS_H

#include <stddef.h>

double ks_probability(double distance, size_t n);
/* The distance of values that should be uniform on 0..1; sorts them. */
double ks_distance_uniform(double *values, size_t n);

#endif
