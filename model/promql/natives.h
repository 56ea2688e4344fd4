/*
 * Private to the evaluator: what expressions make of native histograms, with their annotations.
 */
#ifndef MODEL_PROMQL_NATIVES_H
#define MODEL_PROMQL_NATIVES_H

#include "eval.h"
#include "native.h"
#include "window.h"

enum natives_outcome {
    NATIVES_DONE,
    NATIVES_SENSELESS, /* the operation has no sense for such operands */
    NATIVES_UNFIT      /* one has custom bounds, the other has not */
};

double natives_scaled(struct eval *eval, double histogram, double factor);
/* Arithmetic with one or two of them. */
enum natives_outcome natives_operate(struct eval *eval, enum promql_op op, const double sides[2],
                                     double *out);

/* The sum or the mean of n of them. Each of these is false where there is none, after a warning. */
bool natives_sum(struct eval *eval, const double *values, int n, bool mean,
                 const struct labels *labels, double *out);
/* rate, increase, delta, irate, idelta, sum_over_time and avg_over_time of a window of them. */
bool natives_over(struct eval *eval, const struct window *window, enum function function,
                  const struct labels *labels, double *out);

/* The same of anchored and smoothed ranges, and a value between two points. */
bool natives_extended(struct eval *eval, const struct window *window, enum function function,
                      const struct labels *labels, double *out);
bool natives_smooth_at(struct eval *eval, const struct point *before, const struct point *behind,
                       const struct labels *labels, int64_t t_ms, double *out);

void natives_warn_kinds(struct eval *eval, const struct labels *labels);
void natives_warn_hint(struct eval *eval, bool counter, const struct labels *labels);
void natives_tell_met(struct eval *eval, const struct native_met *met, const char *during);

#endif
