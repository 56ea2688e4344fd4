/*
 * What a test script expects of an evaluation: values, an error, annotations. A script's failures
 * are lines of their own: "name:12: ...".
 * Source: Prometheus, promql/promqltest/README.md.
 */
#ifndef TESTS_SUPPORT_PROMQL_EXPECT_H
#define TESTS_SUPPORT_PROMQL_EXPECT_H

#include "promql_script.h"

#include "model/promql/notation.h"
#include "model/promql/query.h"

#define EXPECTED 4096
#define EXPECTED_TEXTS 8

struct script_report {
    const char *name;
    struct script_result *result;
    FILE *out;
};

/* `line` counts from 0. */
void script_fail(struct script_report *report, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A text that some annotation has, or the error: NULL if any will do. */
struct expected_text {
    char *text;
    bool pattern;
};

struct expected_texts {
    struct expected_text list[EXPECTED_TEXTS];
    int n;
    bool none, any; /* no_warn and no_info; eval_warn and eval_info */
};

struct expected {
    struct notation series[EXPECTED];
    int n;
    bool fail, ordered, scalar, has_text, range_vector;
    double number;
    struct expected_text error;
    struct expected_texts warn, info;
    char *text;
    int64_t start_ms, end_ms, step_ms;
};

/* "5m", "90", "1h30m" and "-5m" in milliseconds. */
bool script_time(const char *text, int64_t *ms);
/* The next word, ended in place; NULL at the end. */
char *script_word(char **at);

/* What stands behind "expect "; false if it is not understood. */
bool expect_read(struct expected *expected, char *rest);

/* Each is false after it has reported why. */
bool expect_value(struct script_report *report, int line, const struct expected *expected,
                  const struct value *value, int64_t start_ms, int64_t step_ms);
bool expect_error(struct script_report *report, int line, const struct expected *expected,
                  const char *error);
bool expect_annotations(struct script_report *report, int line, const struct expected *expected,
                        const char *const *annotations);

#endif
