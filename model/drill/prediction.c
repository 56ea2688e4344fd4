#include "prediction.h"
#include "model/base/assert.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void *allocate(int64_t n, size_t size)
{
    void *memory = calloc((size_t)(n > 0 ? n : 1), size);
    UND_ASSERT(memory != NULL);
    return memory;
}

static void count(struct prediction *prediction, const struct drill_report *report)
{
    int kind;
    if (!drill_end_counts(report->end)) {
        prediction->refused += report->end == DRILL_REFUSED;
        prediction->otherwise += report->end != DRILL_REFUSED;
        return;
    }
    prediction->replications++;
    prediction->unsteady += report->end == DRILL_UNSTEADY;
    for (kind = 0; kind < MEASURE_COUNT; kind++) {
        const struct drill_measure *measure = &report->measure[kind];
        struct foretold_measure *into = &prediction->measure[kind];
        if (!isnan(measure->value_ms))
            into->value[into->n++] = measure->value_ms;
        else if (measure->open_ms > 0)
            into->censored[into->n_censored++] = measure->open_ms;
    }
}

/* The same reason but for its numbers: "beta: CPU: got 52%" and "got 61%" are one. */
static bool same_reason(const char *a, const char *b)
{
    static const char *const digits = "0123456789.";
    while (*a && *b) {
        a += strspn(a, digits);
        b += strspn(b, digits);
        if (*a != *b)
            return false;
        if (*a)
            a++, b++;
    }
    a += strspn(a, digits);
    b += strspn(b, digits);
    return !*a && !*b;
}

#define REASONS 32 /* different ones that are counted */

static void find_reason(struct prediction *prediction, const struct drill_report *reports,
                        int64_t n)
{
    struct {
        const char *why;
        int64_t count;
    } found[REASONS];
    int64_t i;
    int known = 0, j;
    for (i = 0; i < n; i++) {
        if (drill_end_counts(reports[i].end))
            continue;
        for (j = 0; j < known && !same_reason(found[j].why, reports[i].why); j++)
            ;
        if (j == REASONS)
            continue;
        if (j == known) {
            found[known].why = reports[i].why;
            found[known++].count = 0;
        }
        if (++found[j].count <= prediction->reason_count)
            continue;
        prediction->reason_count = found[j].count;
        snprintf(prediction->reason, sizeof prediction->reason, "%.150s", found[j].why);
    }
}

void prediction_init(struct prediction *prediction, const struct drill_report *reports, int64_t n)
{
    int64_t i;
    int kind;
    memset(prediction, 0, sizeof *prediction);
    for (kind = 0; kind < MEASURE_COUNT; kind++) {
        prediction->measure[kind].value = allocate(n, sizeof(double));
        prediction->measure[kind].censored = allocate(n, sizeof(double));
    }
    for (i = 0; i < n; i++)
        count(prediction, &reports[i]);
    find_reason(prediction, reports, n);
    if (n > 0)
        snprintf(prediction->scenario, sizeof prediction->scenario, "%s", reports[0].scenario);
    for (kind = 0; kind < MEASURE_COUNT; kind++) {
        struct foretold_measure *measure = &prediction->measure[kind];
        qsort(measure->value, (size_t)measure->n, sizeof(double), compare);
        qsort(measure->censored, (size_t)measure->n_censored, sizeof(double), compare);
    }
}

void prediction_fini(struct prediction *prediction)
{
    int kind;
    for (kind = 0; kind < MEASURE_COUNT; kind++) {
        free(prediction->measure[kind].value);
        free(prediction->measure[kind].censored);
    }
    memset(prediction, 0, sizeof *prediction);
}

/* ---- the file ---- */

static json_t *numbers(const double *value, int64_t n)
{
    json_t *list = json_array();
    int64_t i;
    for (i = 0; i < n; i++)
        json_array_append_new(list, json_real(value[i]));
    return list;
}

json_t *prediction_json(const struct prediction *prediction)
{
    json_t *measures = json_object(), *censored = json_object();
    int kind;
    for (kind = 0; kind < MEASURE_COUNT; kind++) {
        const struct foretold_measure *measure = &prediction->measure[kind];
        const char *name = drill_measure_name((enum drill_measure_kind)kind);
        json_object_set_new(measures, name, numbers(measure->value, measure->n));
        if (measure->n_censored > 0)
            json_object_set_new(censored, name, numbers(measure->censored, measure->n_censored));
    }
    return json_pack("{s:i, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:b, s:o, s:o}", "version",
                     PREDICTION_VERSION, "kind", "understudy prediction", "scenario",
                     prediction->scenario, "seed", (json_int_t)prediction->seed, "replications",
                     (json_int_t)prediction->replications, "unsteady",
                     (json_int_t)prediction->unsteady, "refused", (json_int_t)prediction->refused,
                     "otherwise", (json_int_t)prediction->otherwise, "reason", prediction->reason,
                     "reason_count", (json_int_t)prediction->reason_count, "observe",
                     prediction->observe, "measures", measures, "censored", censored);
}

enum und_code prediction_save(const struct prediction *prediction, const char *path,
                              struct und_err *err)
{
    json_t *json = prediction_json(prediction);
    FILE *file = fopen(path, "w");
    bool good =
        file != NULL && json_dumpf(json, file, JSON_REAL_PRECISION(12) | JSON_INDENT(1)) == 0;
    if (file && fclose(file) != 0)
        good = false;
    json_decref(json);
    return good ? UND_OK : und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
}

/* A list of at most `most` sorted times; `*value` is owned, also after an error. */
static enum und_code read_times(const json_t *list, const char *section, const char *name,
                                int64_t most, double **value, int64_t *count, const char *path,
                                struct und_err *err)
{
    size_t i, n = json_array_size(list);
    if (!json_is_array(list) || (int64_t)n > most)
        return und_fail(err, UND_USAGE,
                        "%s: %s.%s: want a list of at most %lld numbers, one a replication", path,
                        section, name, (long long)most);
    *value = allocate((int64_t)n, sizeof **value);
    *count = (int64_t)n;
    for (i = 0; i < n; i++) {
        (*value)[i] = json_number_value(json_array_get(list, i));
        if (!json_is_number(json_array_get(list, i)) || !((*value)[i] >= 0) ||
            (i > 0 && (*value)[i] < (*value)[i - 1]))
            return und_fail(err, UND_USAGE, "%s: %s.%s[%zu]: want sorted numbers of at least 0",
                            path, section, name, i);
    }
    return UND_OK;
}

/* Older files have no `censored`. */
static enum und_code read_measures(struct prediction *prediction, const json_t *measures,
                                   const json_t *censored, const char *path, struct und_err *err)
{
    int kind;
    for (kind = 0; kind < MEASURE_COUNT && err->code == UND_OK; kind++) {
        struct foretold_measure *measure = &prediction->measure[kind];
        const char *name = drill_measure_name((enum drill_measure_kind)kind);
        const json_t *open = json_object_get(censored, name);
        if (read_times(json_object_get(measures, name), "measures", name, prediction->replications,
                       &measure->value, &measure->n, path, err) == UND_OK &&
            open != NULL)
            read_times(open, "censored", name, prediction->replications - measure->n,
                       &measure->censored, &measure->n_censored, path, err);
    }
    return err->code;
}

static enum und_code unpack(struct prediction *prediction, const json_t *root, const char *path,
                            struct und_err *err)
{
    const char *kind_text, *scenario, *reason;
    json_t *measures;
    json_int_t seed, n, refused, otherwise;
    json_error_t error;
    int version, observe;
    if (json_unpack_ex((json_t *)(uintptr_t)root, &error, 0,
                       "{s:i, s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:b, s:o}", "version", &version,
                       "kind", &kind_text, "scenario", &scenario, "seed", &seed, "replications", &n,
                       "refused", &refused, "otherwise", &otherwise, "reason", &reason, "observe",
                       &observe, "measures", &measures) != 0)
        return und_fail(err, UND_USAGE, "%s: not a prediction: %.100s", path, error.text);
    if (strcmp(kind_text, "understudy prediction") != 0 || version != PREDICTION_VERSION)
        return und_fail(err, UND_USAGE, "%s: got version %d of '%.40s', want %d of %s", path,
                        version, kind_text, PREDICTION_VERSION, "understudy prediction");
    snprintf(prediction->scenario, sizeof prediction->scenario, "%s", scenario);
    snprintf(prediction->reason, sizeof prediction->reason, "%s", reason);
    prediction->seed = (uint64_t)seed;
    prediction->replications = n;
    prediction->refused = refused;
    prediction->otherwise = otherwise;
    prediction->observe = observe != 0;
    prediction->reason_count = json_integer_value(json_object_get(root, "reason_count"));
    prediction->unsteady = json_integer_value(json_object_get(root, "unsteady"));
    return read_measures(prediction, measures, json_object_get(root, "censored"), path, err);
}

enum und_code prediction_load(struct prediction *prediction, const char *path, struct und_err *err)
{
    json_error_t error;
    json_t *root;
    memset(prediction, 0, sizeof *prediction);
    root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return und_fail(err, UND_USAGE, "%s:%d: %.200s", path, error.line > 0 ? error.line : 0,
                        error.text);
    unpack(prediction, root, path, err);
    json_decref(root);
    if (err->code != UND_OK)
        prediction_fini(prediction);
    return err->code;
}

enum und_code prediction_fits(const struct prediction *prediction, const char *path,
                              const struct scenario *scenario, bool observe, struct und_err *err)
{
    if (strcmp(prediction->scenario, scenario->name) != 0)
        return und_fail(err, UND_USAGE, "%s: scenario: got %s, want %s", path, prediction->scenario,
                        scenario->name);
    if (prediction->observe != observe)
        return und_fail(err, UND_USAGE, "%s: rehearsed %s --observe, want it %s", path,
                        prediction->observe ? "with" : "without", observe ? "with" : "without");
    return UND_OK;
}
