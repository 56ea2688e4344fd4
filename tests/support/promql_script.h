/*
 * Prometheus' own test scripts: load, clear, eval instant, eval range, with what is expected.
 *
 * Scripts run as a version's own do: those of 3 with all its feature flags, those of 3 and of 2.55
 * with names that are dropped at the end, and held to the annotations that they expect. As 2.42 a
 * script has the language of 2.55, and what 2.42 calculates.
 * Source: Prometheus, promql/promqltest/README.md.
 */
#ifndef TESTS_SUPPORT_PROMQL_SCRIPT_H
#define TESTS_SUPPORT_PROMQL_SCRIPT_H

#include "model/promql/promql.h"

#include <stdio.h>

struct script_result {
    int passed, failed;
};

/* Runs a script, writing a line for each failure: "name:12: ...". */
void promql_script_run(const char *name, char *text, enum promql_version version,
                       struct script_result *result, FILE *out);

/* A script does not say which version it is written for. It is taken for the one among these
 * (PROMQL_2, PROMQL_2_LAST and PROMQL_3, in this order) under which least of it fails; of equal
 * ones for 3 if it has what only that version's own do (expect, eval_warn, eval_info,
 * load_with_nhcb), else for the first. */
enum promql_version promql_script_version(const char *text, enum promql_version first,
                                          enum promql_version last);
/* "2.42", "2.55" or "3". */
const char *promql_script_version_word(enum promql_version version);

#endif
