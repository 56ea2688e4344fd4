/* Inside of the scripts: what running and comparing share. */
#ifndef TESTS_SUPPORT_PROMQL_SCRIPT_INTERNAL_H
#define TESTS_SUPPORT_PROMQL_SCRIPT_INTERNAL_H

#include "model/promql/notation.h"
#include "model/promql/query.h"
#include "promql_script.h"

#define EXPECTED 4096

struct script {
    const char *name;
    char **lines;
    int n, at;
    enum promql_version version;
    struct store *store;
    struct script_result *result;
    FILE *out;
};

struct expected {
    struct notation series[EXPECTED];
    int n;
    bool fail, ordered, scalar, has_text, range_vector;
    double number;
    char *message, *pattern, *text;
    int64_t start_ms, end_ms, step_ms;
};

/* A line of the script that does not give what it says: counted and told. */
void promql_script_failure(struct script *script, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Is it what is expected? Otherwise the failure is told. */
bool promql_script_same_error(struct script *script, int line, const struct expected *expected,
                              const struct und_err *err);
bool promql_script_same_value(struct script *script, int line, const struct expected *expected,
                              const struct value *value, int64_t start_ms, int64_t step_ms);

#endif
