/*
 * Three hours of a fleet in which something fails as fleets report it.
 */
#ifndef TESTS_SUPPORT_FIELD_FIXTURE_H
#define TESTS_SUPPORT_FIELD_FIXTURE_H

#include "scenario_text.h"

/* A job of three minutes every half minute, run again where it fails: about six run at any time, on
 * twelve slots. */
extern const char field_workload[];

/* Loads and runs it once, traced; the policy's evidence and the faults are YAML in flow style. */
void field_play(struct scenario_text *staged, const char *evidence, const char *faults);
/* Entries of a host (-1: of any) that say `words` in [from_ms, to_ms). */
int field_count(const struct scenario_text *staged, int host, int64_t from_ms, int64_t to_ms,
                const char *words);

#endif
