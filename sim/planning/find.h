/*
 * Where along a path does a limit cease to hold? Stochastic root finding by bisection.
 *
 * The range is a lattice of steps. At each point that bisection asks for, replications are doubled
 * until the limit is known to hold or to fail there (sequential.h), or `most` are reached; all
 * points use the same random numbers. Holding points narrow the interval from one side and failing
 * ones from the other; around a point that stays open both edges are looked for, each as near as an
 * eighth of what is between them. What remains between the last point known to hold and the first
 * known to fail is the interval.
 *
 * Its error is answer->error, shared among all looks that the lattice can ask for (Bonferroni), as
 * long as the limit is crossed once: the measure rises or falls along the path.
 */
#ifndef SIM_PLANNING_FIND_H
#define SIM_PLANNING_FIND_H

#include "reports/plan/answer.h"
#include "sim/experiment/experiment.h"

#define FIND_FIRST 100 /* replications at a point's first look */
#define FIND_MOST 1600 /* and at its last */
#define FIND_STEPS 100 /* of a range of numbers that are not whole, unless asked otherwise */

struct find {
    const char *path; /* of the scenario */
    const char *const *sets;
    int n_sets;
    struct experiment experiment; /* its replications: the most at one point; 0: FIND_MOST */
    /* NULL: none. Before each look. */
    void (*progress)(void *context, const char *value);
    void *context;
};

/* "PATH=LOW..HIGH" or "PATH=LOW..HIGH:STEP", the numbers of one unit. */
enum und_code find_range(struct answer_range *range, const char *text, struct und_err *err);

/* answer->range, ->limit and ->error are given. UND_USAGE where a point cannot be loaded or asked;
 * a load beyond the capacity fails every limit on waits and queues. Depends on the scenario, the
 * range and the seed alone. */
enum und_code find_crossing(const struct find *find, struct answer *answer, struct und_err *err);

#endif
