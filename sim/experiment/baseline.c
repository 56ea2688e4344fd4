#include "baseline.h"
#include "model/base/assert.h"
#include "model/base/units.h"
#include "reports/text/text.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *metrics_json(const struct result *result)
{
    json_t *metrics = json_object();
    int metric;
    for (metric = 0; metric < METRIC_COUNT; metric++) {
        const struct quantity *q = &result->metric[metric];
        if (q->n > 0)
            json_object_set_new(metrics, metric_name((enum metric)metric),
                                json_pack("{s:o, s:o, s:I}", "mean", number(q->mean), "half_width",
                                          number(q->half_width), "n", (json_int_t)q->n));
    }
    return metrics;
}

static void verdict_key(const struct verdict *verdict, char *key, size_t size)
{
    snprintf(key, size, "%s %s %s %.12g", verdict_name(verdict), verdict->statistic, verdict->op,
             verdict->limit);
}

static const char *verdict_word(const struct verdict *verdict)
{
    return verdict->pass ? "pass" : verdict->undecided ? "undecided" : "fail";
}

static json_t *verdicts_json(const struct result *result)
{
    json_t *verdicts = json_object();
    char key[FACET_NAME + 64];
    int i;
    for (i = 0; i < result->n_verdicts; i++) {
        verdict_key(&result->verdicts[i], key, sizeof key);
        json_object_set_new(verdicts, key, json_string(verdict_word(&result->verdicts[i])));
    }
    return verdicts;
}

static json_t *baseline_json(const struct scenario_set *campaign)
{
    json_t *scenarios = json_object();
    int i;
    for (i = 0; i < campaign->n; i++) {
        const struct result *result = campaign->report[i].result;
        if (result)
            json_object_set_new(scenarios, campaign->report[i].path,
                                json_pack("{s:I, s:o, s:o}", "replications",
                                          (json_int_t)result->replications, "metrics",
                                          metrics_json(result), "expect", verdicts_json(result)));
    }
    return json_pack("{s:i, s:I, s:o}", "version", 1, "seed", (json_int_t)campaign->experiment.seed,
                     "scenarios", scenarios);
}

enum und_code baseline_write(const char *path, const struct scenario_set *campaign,
                             struct und_err *err)
{
    json_t *root = baseline_json(campaign);
    int bad = json_dump_file(root, path, JSON_INDENT(1));
    json_decref(root);
    return bad ? und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno)) : UND_OK;
}

/* ---- comparing ---- */

__attribute__((format(printf, 3, 4))) static void note(struct baseline_changes *changes,
                                                       bool regression, const char *format, ...)
{
    va_list arguments;
    changes->regressions += regression;
    if (changes->n == BASELINE_CHANGES) {
        changes->more = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(changes->change[changes->n].text, BASELINE_TEXT, format, arguments);
    va_end(arguments);
    changes->change[changes->n++].regression = regression;
}

/* 1: more is worse; -1: less is; 0: it is neither good nor bad. */
static int worse(enum metric metric)
{
    switch (metric) {
    case METRIC_AVAILABILITY:
    case METRIC_JOB_SUCCESS:
    case METRIC_FAILOVER_SUCCESS:
    case METRIC_JOBS_DONE:
        return -1;
    case METRIC_UTILIZATION:
    case METRIC_PENDING:
    case METRIC_FIRING:
    case METRIC_WEBHOOK:
    case METRIC_FAILOVERS:
        return 0;
    case METRIC_DETECTION:
    case METRIC_FAILOVER:
    case METRIC_RTO:
    case METRIC_JOB_RECOVERY:
    case METRIC_MTTR:
    case METRIC_QUEUE_WAIT:
    case METRIC_QUEUE_LENGTH:
    case METRIC_WAIT_PROBABILITY:
    case METRIC_JOBS_FAILED:
    case METRIC_FAULT_WAIT:
    case METRIC_BACKLOG:
    case METRIC_WORKED_OFF:
    case METRIC_JOBS_LOST:
    case METRIC_GIVEN_UP:
        return 1;
    case METRIC_COUNT:
        break;
    }
    UND_UNREACHABLE();
}

static void print_value(char *out, size_t size, enum metric metric, double value)
{
    char text[UNITS_TEXT];
    switch (metric_unit(metric)) {
    case UNIT_MS:
        snprintf(out, size, "%s", units_format_duration((int64_t)llround(value), text));
        break;
    case UNIT_SHARE:
        snprintf(out, size, "%.3f%%", 100 * value);
        break;
    case UNIT_COUNT:
        snprintf(out, size, "%.4g", value);
        break;
    }
}

static void compare_metric(const char *path, enum metric metric, const json_t *was,
                           const struct quantity *is, double z, struct baseline_changes *changes)
{
    const json_t *mean = json_object_get(was, "mean"), *half = json_object_get(was, "half_width");
    char before[64], after[64];
    double difference, noise;
    if (!json_is_number(mean) || !isfinite(is->mean) || worse(metric) == 0)
        return;
    difference = is->mean - json_number_value(mean);
    noise = json_is_number(half) && isfinite(is->half_width)
                ? z * hypot(json_number_value(half), is->half_width)
                : INFINITY;
    if (fabs(difference) <= noise)
        return;
    print_value(before, sizeof before, metric, json_number_value(mean));
    print_value(after, sizeof after, metric, is->mean);
    note(changes, difference * worse(metric) > 0, "%s: %s was %s, is %s", path, metric_name(metric),
         before, after);
}

static void compare_verdicts(const char *path, const json_t *was, const struct result *result,
                             struct baseline_changes *changes)
{
    char key[FACET_NAME + 64];
    int i;
    for (i = 0; i < result->n_verdicts; i++) {
        const struct verdict *verdict = &result->verdicts[i];
        const char *before, *now = verdict_word(verdict);
        verdict_key(verdict, key, sizeof key);
        before = json_string_value(json_object_get(was, key));
        if (!before)
            note(changes, false, "%s: expect %s: new, %s", path, key, now);
        else if (strcmp(before, now) != 0)
            note(changes, strcmp(before, "pass") == 0 && strcmp(now, "fail") == 0,
                 "%s: expect %s: was %s, is %s", path, key, before, now);
    }
}

static int count(const json_t *scenarios, const struct scenario_set *campaign)
{
    int i, metric, n = 0;
    for (i = 0; i < campaign->n; i++) {
        const json_t *was = json_object_get(scenarios, campaign->report[i].path);
        for (metric = 0; campaign->report[i].result && metric < METRIC_COUNT; metric++)
            n += json_object_get(json_object_get(was, "metrics"),
                                 metric_name((enum metric)metric)) != NULL &&
                 worse((enum metric)metric) != 0;
    }
    return n;
}

static void compare_all(const json_t *scenarios, const struct scenario_set *campaign,
                        struct baseline_changes *changes)
{
    double share = BASELINE_ERROR / (changes->compared > 0 ? changes->compared : 1);
    double z = gsl_cdf_ugaussian_Qinv(share / 2) / gsl_cdf_ugaussian_Qinv(0.025);
    int i, metric;
    for (i = 0; i < campaign->n; i++) {
        const struct result *result = campaign->report[i].result;
        const char *path = campaign->report[i].path;
        const json_t *was = json_object_get(scenarios, path);
        if (!result)
            continue;
        if (!was) {
            note(changes, false, "%s: not in the baseline", path);
            continue;
        }
        for (metric = 0; metric < METRIC_COUNT; metric++)
            compare_metric(
                path, (enum metric)metric,
                json_object_get(json_object_get(was, "metrics"), metric_name((enum metric)metric)),
                &result->metric[metric], z, changes);
        compare_verdicts(path, json_object_get(was, "expect"), result, changes);
    }
}

static bool is_run(const struct scenario_set *campaign, const char *path)
{
    int i;
    for (i = 0; i < campaign->n; i++)
        if (strcmp(campaign->report[i].path, path) == 0)
            return true;
    return false;
}

enum und_code baseline_compare(const char *path, const struct scenario_set *campaign,
                               struct baseline_changes *changes, struct und_err *err)
{
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error), *scenarios;
    const char *key;
    json_t *ignored;
    memset(changes, 0, sizeof *changes);
    if (!root)
        return error.line > 0 ? und_fail(err, UND_USAGE, "%s:%d: no baseline: %s", path, error.line,
                                         error.text)
                              : und_fail(err, UND_USAGE, "%s: no baseline: %s", path, error.text);
    scenarios = json_object_get(root, "scenarios");
    if (json_integer_value(json_object_get(root, "version")) != 1 || !json_is_object(scenarios)) {
        json_decref(root);
        return und_fail(err, UND_USAGE,
                        "%s: got no baseline of version 1, want what --write-baseline writes",
                        path);
    }
    changes->compared = count(scenarios, campaign);
    compare_all(scenarios, campaign, changes);
    json_object_foreach (scenarios, key, ignored)
        if (!is_run(campaign, key))
            note(changes, false, "%s: in the baseline, not run", key);
    json_decref(root);
    return UND_OK;
}

void baseline_print(FILE *out, const char *path, const struct baseline_changes *changes,
                    bool markdown)
{
    int i;
    fprintf(out, "%s%s: %d regression%s in %d metrics compared%s\n%s",
            markdown ? "\n### Against " : "\nagainst ", path, changes->regressions,
            changes->regressions == 1 ? "" : "s", changes->compared,
            changes->more ? "; more than can be listed" : "", markdown ? "\n" : "");
    for (i = 0; i < changes->n; i++)
        fprintf(out, "%s%s %s\n", markdown ? "- " : "  ",
                changes->change[i].regression ? (markdown ? "**WORSE**" : "WORSE") : "other",
                changes->change[i].text);
}

/* Steals the value; names may be of any bytes. */
static void put(json_t *object, const char *key, json_t *value)
{
    int failed = json_object_set_new(object, key, value);
    UND_ASSERT(failed == 0);
}

static json_t *string(const char *text)
{
    char clean[1024];
    text_clean(clean, sizeof clean, text);
    return json_string(clean);
}

json_t *baseline_changes_json(const char *path, const struct baseline_changes *changes)
{
    json_t *object = json_object(), *list = json_array();
    int i;
    for (i = 0; i < changes->n; i++) {
        json_t *change = json_object();
        put(change, "regression", json_boolean(changes->change[i].regression));
        put(change, "text", string(changes->change[i].text));
        json_array_append_new(list, change);
    }
    put(object, "path", string(path));
    put(object, "compared", json_integer(changes->compared));
    put(object, "regressions", json_integer(changes->regressions));
    put(object, "changes", list);
    put(object, "more", json_boolean(changes->more));
    return object;
}
