/*
 * Prometheus' own test scripts: load, clear, eval instant, eval range, with what is expected.
 *
 * Scripts of version 3 run as that version's own do: with all its feature flags, with names that
 * are dropped at the end, and held to the annotations that they expect. Scripts of version 2 have
 * what its last releases read, too.
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

/* The version that a script is written for: the one under which less of it fails; of equal ones 3
 * if it has what only that version's own do (expect, eval_warn, eval_info, load_with_nhcb). */
enum promql_version promql_script_version(const char *text);

#endif
