/*
 * The facets that a scenario asks for (model/fleet/facet.h), from what the replications found.
 *
 * Jobs of one replication depend on one another, and so do moments of its time: the unit of every
 * interval is the replication. Waits that were not over when the run ended are Kaplan and Meier's,
 * with a variance between groups of replications (sim/stats/cohort.h).
 */
#ifndef SIM_EXPERIMENT_MEASURE_FACET_H
#define SIM_EXPERIMENT_MEASURE_FACET_H

#include "measure.h"

/* Into result->facets; `world` holds what all workers gathered. */
void measure_facets(const struct findings *findings, struct world *world, struct result *result);

/* Of facet i that is no share; NAN where it is beyond what was seen. */
double measure_facet_quantile(struct world *world, int i, double p, struct interval *interval);

#endif
