/*
 * Probability distributions of durations, as a fleet file gives them (CONTRACT.md, DIST).
 *
 * A file may give a distribution by its mean and squared coefficient of variation (cv2), by two
 * quantiles (p50, p95), or by its own parameters (k, min, max); dist_resolve turns whatever was
 * given into the parameters below, or says why it cannot be. Everything is in milliseconds.
 * Sampling lives in sim/engine/draw.h; here are the exact moments and quantiles (GSL).
 *
 *     fixed             mean
 *     uniform           min and max | mean and cv2 | p50 and p95
 *     exponential       mean | mean and cv2 (1) | p50 | p95
 *     erlang            mean and k | mean and cv2 (1/k)
 *     hyperexponential  mean and cv2 (at least 1)
 *     lognormal         mean and cv2 | p50 and p95
 *     loglogistic       mean and cv2 | p50 and p95 | k (the shape) and mean or p50
 *     weibull           mean and cv2 | p50 and p95 | k (the shape) and mean
 *     gamma             mean and cv2 (1/k) | k (the shape) and mean
 *     empirical         values (a file's column); each is as likely as any other
 *
 * A mean alone is not enough where the spread is what matters: there is no default cv2.
 * p50 and p95 are met exactly.
 */
#ifndef MODEL_STATS_DIST_H
#define MODEL_STATS_DIST_H

#include "model/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define DIST_MAX_MS 1e15 /* 31,700 years: ceiling of every parameter and of every draw */
#define DIST_CV2_MAX 1e6
#define DIST_STAGES 1000 /* of an Erlang distribution */
/* Shapes of a Weibull distribution; its cv2 is 184755 and 0.00016 there. */
#define DIST_WEIBULL_MIN 0.1
#define DIST_WEIBULL_MAX 100.0
/* Shapes of a gamma distribution: beyond, quantiles are no longer found. */
#define DIST_GAMMA_MIN 0.01
#define DIST_GAMMA_MAX 10000.0

enum dist_kind {
    DIST_FIXED,
    DIST_UNIFORM,
    DIST_EXPONENTIAL,
    DIST_ERLANG,
    DIST_HYPEREXPONENTIAL, /* two phases, balanced means */
    DIST_LOGNORMAL,
    DIST_LOGLOGISTIC,
    DIST_WEIBULL,
    DIST_GAMMA,
    DIST_EMPIRICAL,
    DIST_KINDS
};

struct dist {
    enum dist_kind kind;
    /* As given; NAN where the file gave nothing. Times in ms. */
    double mean_ms, cv2, p50_ms, p95_ms, k, min_ms, max_ms;
    /* Resolved: fixed a; uniform a..b; exponential mean a; erlang a = stages, b = stage mean;
     * hyperexponential a = probability of phase 1, b and c = means of the phases; lognormal
     * a = mu, b = sigma of ln ms; loglogistic a = scale, b = shape; weibull and gamma a = scale,
     * b = shape. */
    double a, b, c;
    /* Empirical: sorted values in ms, owned. */
    int64_t *values;
    size_t n_values;
};

/* "lognormal", as files have it; static. */
const char *dist_kind_name(enum dist_kind kind);

/* Every "as given" field NAN, kind fixed, nothing owned. */
void dist_init(struct dist *dist);
void dist_fini(struct dist *dist);  /* frees the values, not itself */
struct dist dist_fixed(int64_t ms); /* resolved; owns nothing */

/* `place` ("file:line: duration") prefixes the error. */
enum und_code dist_resolve(struct dist *dist, const char *place, struct und_err *err);

double dist_mean(const struct dist *dist);               /* ms; INFINITY where it has none */
double dist_quantile(const struct dist *dist, double p); /* ms, 0 < p < 1 */
double dist_cdf(const struct dist *dist, double ms);

/* Of the gamma distribution of this shape and scale 1. */
double dist_gamma_quantile(double shape, double p);

#endif
