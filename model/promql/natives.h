/*
 * Private to the evaluator: what expressions make of native histograms, with their annotations.
 */
#ifndef MODEL_PROMQL_NATIVES_H
#define MODEL_PROMQL_NATIVES_H

#include "eval.h"
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

#endif
