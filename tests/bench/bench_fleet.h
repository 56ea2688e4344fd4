/* What the fleet model itself costs: scenarios as they are shipped, through experiment_run. */
#ifndef TESTS_BENCH_BENCH_FLEET_H
#define TESTS_BENCH_BENCH_FLEET_H

#include <jansson.h>
#include <stdbool.h>

/* ns of processor time an event, over a replication of scenarios/year.yaml: streams, digest,
 * invariants, monitoring, policy, outages. */
double bench_fleet_event(void);

/* First of all, while nothing else has taken memory: resident MiB of an experiment on two threads.
 * Prints a line, appends to the list, returns whether the limit holds; so do the others. */
bool bench_fleet_memory(json_t *list);
bool bench_fleet_times(json_t *list);
/* A year under rules that are evaluated on series, against one without. */
bool bench_fleet_rules(json_t *list);
/* Two threads against one; nothing to measure on one processor. */
bool bench_fleet_threads(json_t *list);

#endif
