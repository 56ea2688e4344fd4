/*
 * Improvised scenarios: fleets, workloads and faults of every kind, drawn from a stream, as YAML.
 */
#ifndef TESTS_SUPPORT_RANDOM_SCENARIO_H
#define TESTS_SUPPORT_RANDOM_SCENARIO_H

#include "sim/engine/stream.h"

#include <stdbool.h>
#include <stdio.h>

/* The sections of `fleet:`. With a trace of jobs, each of which fails if its host does; or, with
 * NULL, random arrivals. */
void random_scenario_fleet(FILE *out, struct stream *stream, const char *trace);
/* One item of `faults:`, at a random time within 5 h, overlapping others or not, for good or not
 * (`ends`: never for good). */
void random_scenario_fault(FILE *out, struct stream *stream, bool ends);
/* A whole scenario of 6 h, different for each seed; the caller frees it. */
char *random_scenario_scenario(uint64_t seed);

#endif
