/* Verdicts on a scenario's expectations, each with the half width of its statistic's interval. */
#ifndef SIM_EXPERIMENT_EXPECTATION_H
#define SIM_EXPERIMENT_EXPECTATION_H

#include "measure.h"

/* The metrics are measured; `world` holds the merged sketch and levels. */
void judge(const struct scenario *scenario, const struct findings *findings, struct world *world,
           struct result *result);

#endif
