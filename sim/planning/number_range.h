/*
 * A range as options have it: "LOW..HIGH" or "LOW..HIGH:STEP", three numbers, each with what
 * follows it as its unit.
 */
#ifndef SIM_PLANNING_NUMBER_RANGE_H
#define SIM_PLANNING_NUMBER_RANGE_H

#include "reports/plan/sweep.h"

#include <stdbool.h>

struct number_range {
    double low, high, step;
    char unit[SWEEP_VALUE], step_unit[SWEEP_VALUE]; /* "" where nothing follows */
    bool stepped;                                   /* a step is given */
};

/* False where it is none, or its ends have two units; the step's may be another. */
bool number_range_read(struct number_range *range, const char *text);

#endif
