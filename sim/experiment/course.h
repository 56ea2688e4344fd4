/* The course of a scenario over its time: how many jobs wait, in equal stretches. */
#ifndef SIM_EXPERIMENT_COURSE_H
#define SIM_EXPERIMENT_COURSE_H

#include "experiment.h"
#include "reports/plan/curve.h"

#define COURSE_STRETCHES 240

/* From the warm-up on, of the same replications as experiment_run has, one after the other.
 * UND_USAGE: the scenario has no duration, or a warm-up that is to be found. The caller's to
 * curve_fini. */
enum und_code course_run(const struct scenario *scenario, const struct experiment *experiment,
                         struct curve *curve, struct und_err *err);

#endif
