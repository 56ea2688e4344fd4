/*
 * Which points of a space of settings are looked at: all combinations, or for many paths a Latin
 * hypercube (McKay, Beckman and Conover, "A comparison of three methods for selecting values of
 * input variables", Technometrics 21 (1979)): N points of which each of N equal parts of each range
 * has one, in an order of its own.
 */
#ifndef SIM_PLANNING_DESIGN_H
#define SIM_PLANNING_DESIGN_H

#include "model/base/err.h"
#include "number_range.h"
#include "reports/plan/sweep.h"

#include <stdint.h>

/* The last axis varies fastest; of no axis one point. UND_USAGE: more than SWEEP_POINTS. */
enum und_code design_grid(struct sweep *sweep, struct und_err *err);

/* Axes without values get n of their range, one in each n-th part of it; those with values have
 * them equally often, as nearly as n allows. Depends on the seed alone. */
enum und_code design_latin(struct sweep *sweep, const struct number_range *ranges, int n,
                           uint64_t seed);

#endif
