#include "prediction.h"
#include "model/base/assert.h"
#include "model/stats/stats.h"

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
    if (report->end != DRILL_COMPLETED) {
        prediction->refused += report->end == DRILL_REFUSED;
        prediction->otherwise += report->end != DRILL_REFUSED;
        return;
    }
    prediction->replications++;
    for (kind = 0; kind < MEASURE_COUNT; kind++)
        if (!isnan(report->measure[kind].value_ms))
            prediction->measure[kind].value[prediction->measure[kind].n++] =
                report->measure[kind].value_ms;
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
        if (reports[i].end == DRILL_COMPLETED)
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
    for (kind = 0; kind < MEASURE_COUNT; kind++)
        prediction->measure[kind].value = allocate(n, sizeof(double));
    for (i = 0; i < n; i++)
        count(prediction, &reports[i]);
    find_reason(prediction, reports, n);
    if (n > 0)
        snprintf(prediction->scenario, sizeof prediction->scenario, "%s", reports[0].scenario);
    for (kind = 0; kind < MEASURE_COUNT; kind++)
        qsort(prediction->measure[kind].value, (size_t)prediction->measure[kind].n, sizeof(double),
              compare);
}

void prediction_fini(struct prediction *prediction)
{
    int kind;
    for (kind = 0; kind < MEASURE_COUNT; kind++)
        free(prediction->measure[kind].value);
    memset(prediction, 0, sizeof *prediction);
}

/* ---- the file ---- */

json_t *prediction_json(const struct prediction *prediction)
{
    json_t *measures = json_object();
    int kind;
    int64_t i;
    for (kind = 0; kind < MEASURE_COUNT; kind++) {
        json_t *values = json_array();
        for (i = 0; i < prediction->measure[kind].n; i++)
            json_array_append_new(values, json_real(prediction->measure[kind].value[i]));
        json_object_set_new(measures, drill_measure_name((enum drill_measure_kind)kind), values);
    }
    return json_pack(
        "{s:i, s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:I, s:b, s:o}", "version", PREDICTION_VERSION,
        "kind", "understudy prediction", "scenario", prediction->scenario, "seed",
        (json_int_t)prediction->seed, "replications", (json_int_t)prediction->replications,
        "refused", (json_int_t)prediction->refused, "otherwise", (json_int_t)prediction->otherwise,
        "reason", prediction->reason, "reason_count", (json_int_t)prediction->reason_count,
        "observe", prediction->observe, "measures", measures);
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

static enum und_code read_measure(struct prediction *prediction, int kind, const json_t *values,
                                  const char *path, struct und_err *err)
{
    const char *name = drill_measure_name((enum drill_measure_kind)kind);
    size_t i, n = json_array_size(values);
    double *value;
    if (!json_is_array(values) || (int64_t)n > prediction->replications)
        return und_fail(err, UND_USAGE,
                        "%s: measures.%s: want a list of at most %lld numbers, one a replication",
                        path, name, (long long)prediction->replications);
    value = prediction->measure[kind].value = allocate((int64_t)n, sizeof *value);
    prediction->measure[kind].n = (int64_t)n;
    for (i = 0; i < n; i++) {
        value[i] = json_number_value(json_array_get(values, i));
        if (!json_is_number(json_array_get(values, i)) || !(value[i] >= 0) ||
            (i > 0 && value[i] < value[i - 1]))
            return und_fail(err, UND_USAGE,
                            "%s: measures.%s[%zu]: want sorted numbers of at least 0", path, name,
                            i);
    }
    return UND_OK;
}

static enum und_code unpack(struct prediction *prediction, const json_t *root, const char *path,
                            struct und_err *err)
{
    const char *kind_text, *scenario, *reason;
    json_t *measures;
    json_int_t seed, n, refused, otherwise;
    json_error_t error;
    int version, observe, kind;
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
    for (kind = 0; kind < MEASURE_COUNT; kind++) {
        const char *name = drill_measure_name((enum drill_measure_kind)kind);
        if (read_measure(prediction, kind, json_object_get(measures, name), path, err) != UND_OK)
            return err->code;
    }
    return UND_OK;
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

/* ---- the judgement ---- */

/* How many are below `v` (strictly, or not). */
static int64_t below(const struct prediction *prediction, enum drill_measure_kind kind, double v,
                     bool or_equal)
{
    const double *value = prediction->measure[kind].value;
    int64_t low = 0, high = prediction->measure[kind].n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (value[middle] < v || (or_equal && value[middle] <= v))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool foretold_is_wrong(enum foretold foretold)
{
    return foretold == FORETOLD_EARLY || foretold == FORETOLD_LATE || foretold == FORETOLD_UNSEEN ||
           foretold == FORETOLD_UNEXPECTED;
}

/* Was it to be expected that the measure is observed, or not? */
static struct judgement judge_presence(const struct prediction *prediction,
                                       enum drill_measure_kind kind, bool seen)
{
    int64_t n = prediction->replications, with = prediction->measure[kind].n;
    struct judgement judgement = {seen ? FORETOLD_UNKNOWN : FORETOLD_NEITHER, NAN, NAN, NAN, NAN};
    judgement.p = (double)(1 + (seen ? with : n - with)) / (double)(n + 1);
    if (judgement.p <= PREDICTION_ALPHA)
        judgement.foretold = seen ? FORETOLD_UNEXPECTED : FORETOLD_UNSEEN;
    return judgement;
}

struct judgement prediction_judge(const struct prediction *prediction, enum drill_measure_kind kind,
                                  struct drill_measure measure)
{
    struct judgement judgement = {FORETOLD_UNKNOWN, NAN, NAN, NAN, NAN};
    double n, least = measure.value_ms - measure.error_ms,
              most = measure.value_ms + measure.error_ms;
    double at_most, at_least;
    if (!prediction || prediction->replications < PREDICTION_LEAST)
        return judgement;
    n = (double)prediction->measure[kind].n;
    if (isnan(measure.value_ms) || n < PREDICTION_LEAST)
        return judge_presence(prediction, kind, !isnan(measure.value_ms));
    judgement.low = 100 * (double)below(prediction, kind, least, false) / n;
    judgement.high = 100 * (double)below(prediction, kind, most, true) / n;
    judgement.percentile = 50 *
                           (double)(below(prediction, kind, measure.value_ms, false) +
                                    below(prediction, kind, measure.value_ms, true)) /
                           n;
    at_most = 1 + (double)below(prediction, kind, most, true);
    at_least = 1 + n - (double)below(prediction, kind, least, false);
    judgement.p = fmin(1, 2 * fmin(at_most, at_least) / (n + 1));
    judgement.foretold = judgement.p > PREDICTION_ALPHA ? FORETOLD_INSIDE
                         : at_most < at_least           ? FORETOLD_EARLY
                                                        : FORETOLD_LATE;
    return judgement;
}

const char *prediction_wrong_stage(const struct prediction *prediction,
                                   const struct drill_measure measure[MEASURE_COUNT])
{
    /* Sums of stages come after the stages that they are made of. */
    static const struct {
        enum drill_measure_kind kind;
        const char *stage;
    } stages[] = {{MEASURE_PENDING, "detection (monitoring)"},
                  {MEASURE_FIRING, "detection (monitoring)"},
                  {MEASURE_WEBHOOK, "detection (notification)"},
                  {MEASURE_DETECTION, "detection"},
                  {MEASURE_DECISION, "decision"},
                  {MEASURE_ROUTING, "routing"},
                  {MEASURE_FAILOVER, "failover"},
                  {MEASURE_RTO, "first job"},
                  {MEASURE_JOB_RECOVERY, "recovery of jobs"},
                  {MEASURE_MTTR, "recovery of capacity"}};
    size_t i;
    for (i = 0; i < sizeof stages / sizeof *stages; i++)
        if (foretold_is_wrong(
                prediction_judge(prediction, stages[i].kind, measure[stages[i].kind]).foretold))
            return stages[i].stage;
    return NULL;
}

double prediction_quantile(const struct prediction *prediction, enum drill_measure_kind kind,
                           double p)
{
    return stats_quantile(prediction->measure[kind].value, (size_t)prediction->measure[kind].n, p);
}
