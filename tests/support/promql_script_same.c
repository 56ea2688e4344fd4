/* What an expression gave, held to what the script expects. */
#include "model/base/regex.h"
#include "model/promql/gomath.h"
#include "promql_script_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool almost_equal(double a, double b)
{
    const double normal = 0x1p-1022, epsilon = 0.000001;
    double difference = fabs(a - b);
    if ((isnan(a) && isnan(b)) || a == b)
        return true;
    if (a == 0 || b == 0 || difference < normal)
        return difference < epsilon * normal;
    return difference / (fabs(a) + fabs(b)) < epsilon;
}

static const char *shown(const struct labels *labels)
{
    static char *text;
    size_t size;
    FILE *out;
    free(text);
    out = open_memstream(&text, &size);
    labels_write(labels, out);
    fclose(out);
    return text;
}

static int find(const struct expected *expected, const struct labels *labels)
{
    for (int i = expected->n - 1; i >= 0; i--) {
        if (expected->series[i].labels == labels)
            return i;
    }
    return -1;
}

static bool same_vector(struct script *script, int line, const struct expected *expected,
                        const struct vector *vector)
{
    char got[GO_NUMBER], want[GO_NUMBER];
    for (int i = 0; i < vector->n; i++) {
        const struct sample *sample = &vector->list[i];
        int at = find(expected, sample->labels);
        if (at < 0) {
            promql_script_failure(script, line, "got %s %s, which is not expected",
                                  shown(sample->labels), go_format(sample->value, got));
            return false;
        }
        if (expected->ordered && at != i) {
            promql_script_failure(script, line, "got %s as number %d, want it as number %d",
                                  shown(sample->labels), i + 1, at + 1);
            return false;
        }
        if (expected->series[at].n < 1 || !expected->series[at].values[0].there ||
            !almost_equal(expected->series[at].values[0].value, sample->value)) {
            promql_script_failure(script, line, "%s: got %s, want %s", shown(sample->labels),
                                  go_format(sample->value, got),
                                  expected->series[at].n
                                      ? go_format(expected->series[at].values[0].value, want)
                                      : "none");
            return false;
        }
    }
    if (vector->n < expected->n) {
        promql_script_failure(script, line, "got %d series, want %d", vector->n, expected->n);
        return false;
    }
    return true;
}

static const struct point *point_at(const struct range *range, int64_t t_ms)
{
    for (int i = 0; i < range->n; i++) {
        if (range->points[i].t_ms == t_ms)
            return &range->points[i];
    }
    return NULL;
}

static bool same_matrix(struct script *script, int line, const struct expected *expected,
                        const struct matrix *matrix, int64_t start_ms, int64_t step_ms)
{
    char got[GO_NUMBER], want[GO_NUMBER];
    for (int i = 0; i < matrix->n; i++) {
        const struct range *range = &matrix->list[i];
        int at = find(expected, range->labels), there = 0;
        if (at < 0) {
            promql_script_failure(script, line, "got %s, which is not expected",
                                  shown(range->labels));
            return false;
        }
        for (int step = 0; step < expected->series[at].n; step++) {
            const struct notation_value *value = &expected->series[at].values[step];
            const struct point *point = point_at(range, start_ms + step * step_ms);
            there += value->there;
            if (value->there == (point != NULL) &&
                (!point || almost_equal(value->value, point->value)))
                continue;
            promql_script_failure(script, line, "%s at step %d: got %s, want %s",
                                  shown(range->labels), step,
                                  point ? go_format(point->value, got) : "none",
                                  value->there ? go_format(value->value, want) : "none");
            return false;
        }
        if (there != range->n) {
            promql_script_failure(script, line, "%s: got %d points, want %d", shown(range->labels),
                                  range->n, there);
            return false;
        }
    }
    if (matrix->n < expected->n) {
        promql_script_failure(script, line, "got %d series, want %d", matrix->n, expected->n);
        return false;
    }
    return true;
}

bool promql_script_same_error(struct script *script, int line, const struct expected *expected,
                              const struct und_err *err)
{
    char why[REGEX_WHY];
    struct regex *regex;
    bool same;
    if (expected->message && strcmp(expected->message, err->text) != 0) {
        promql_script_failure(script, line, "got the error '%s', want '%s'", err->text,
                              expected->message);
        return false;
    }
    if (!expected->pattern)
        return true;
    regex = regex_open(expected->pattern, true, why);
    same = regex && regex_matches(regex, err->text);
    regex_close(regex);
    if (!same)
        promql_script_failure(script, line, "got the error '%s', want '%s'", err->text,
                              expected->pattern);
    return same;
}

bool promql_script_same_value(struct script *script, int line, const struct expected *expected,
                              const struct value *value, int64_t start_ms, int64_t step_ms)
{
    char got[GO_NUMBER];
    switch (value->type) {
    case PROMQL_SCALAR:
        if (expected->scalar && almost_equal(expected->number, value->scalar))
            return true;
        promql_script_failure(script, line, "got the scalar %s", go_format(value->scalar, got));
        return false;
    case PROMQL_VECTOR:
        return same_vector(script, line, expected, &value->vector);
    case PROMQL_MATRIX:
        return expected->range_vector
                   ? same_matrix(script, line, expected, &value->matrix, expected->start_ms,
                                 expected->step_ms)
                   : same_matrix(script, line, expected, &value->matrix, start_ms, step_ms);
    case PROMQL_LITERAL:
        if (expected->has_text && strcmp(expected->text, value->text) == 0)
            return true;
        promql_script_failure(script, line, "got the text '%s'", value->text);
        return false;
    }
    return false;
}
