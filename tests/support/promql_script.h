/*
 * Prometheus' own test scripts: load, clear, eval instant, eval range, with what is expected.
 *
 * Of version 3's `expect` lines fail, ordered, string and range vector are held to; those of
 * annotations (warn, info) are read and passed over, since the evaluator makes none.
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

#endif
