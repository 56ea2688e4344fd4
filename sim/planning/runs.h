/* How much a load and a fleet are, in what money counts. */
#ifndef SIM_PLANNING_RUNS_H
#define SIM_PLANNING_RUNS_H

#include "model/fleet/fleet.h"

/* Runs in a month of 30 days, on average. False: a trace, which has no rate. */
bool runs_a_month(const struct workload *workload, double *runs);
double runs_on_slots(const struct fleet *fleet);

#endif
