/*
 * N-1: the same question with the primary lost at the worst hour. What is asked is what becomes of
 * the 24 hours from then on, the primary staying away; the 24 hours before them warm up.
 *
 * The primary is the host of the tier with the most slots (the first of those); the worst hour is
 * the busiest of the load's profile, 14:00 of a sinusoidal day and of a load that knows no hours.
 * Faults of the scenario's own make way.
 */
#ifndef SIM_PLANNING_N_1_H
#define SIM_PLANNING_N_1_H

#include "model/base/err.h"
#include "model/fleet/fleet.h"

#define N_1_SETS 4

struct n_1 {
    char text[N_1_SETS][FLEET_NAME + 96];
    char where[FLEET_NAME + 64]; /* "with NAME lost on Tuesday at 14:00" */
};

/* The overrides that make it so, to follow `sets`. UND_USAGE where nobody is left. */
enum und_code n_1_make(struct n_1 *n_1, const char *path, const char *const *sets, int n_sets,
                       struct und_err *err);

#endif
