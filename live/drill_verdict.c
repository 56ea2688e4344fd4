#include "drill_verdict.h"
#include "model/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const enum metric metrics[DRILL_ROWS] = {METRIC_PENDING,  METRIC_FIRING, METRIC_DETECTION,
                                                METRIC_FAILOVER, METRIC_RTO,    METRIC_JOB_RECOVERY,
                                                METRIC_MTTR};

/* Quantile of sorted values, linear between neighbours (type 7 of Hyndman and Fan). */
static double quantile(const struct samples *samples, double p)
{
    double at = p * (double)(samples->n - 1);
    size_t i = (size_t)at;
    if (samples->n == 0)
        return NAN;
    if (i + 1 >= samples->n)
        return samples->value[samples->n - 1];
    return samples->value[i] + (at - (double)i) * (samples->value[i + 1] - samples->value[i]);
}

static double percentile(const struct samples *samples, double value)
{
    size_t below = 0, equal = 0, i;
    for (i = 0; i < samples->n; i++) {
        below += samples->value[i] < value;
        equal += samples->value[i] == value;
    }
    return 100 * ((double)below + (double)equal / 2) / (double)samples->n;
}

static int64_t claim(const struct documented *documented, enum metric metric)
{
    return metric == METRIC_DETECTION  ? documented->detection_ms
           : metric == METRIC_FAILOVER ? documented->failover_ms
           : metric == METRIC_RTO      ? documented->rto_ms
                                       : -1;
}

/* A drill ends its fault by a stage, the simulated one by the clock: full capacity and the jobs'
 * recovery are then not the same quantity, and not compared. */
static bool comparable(enum metric metric)
{
    return metric != METRIC_MTTR && metric != METRIC_JOB_RECOVERY;
}

void drill_verdict_init(struct drill_verdict *verdict, const struct drill_measure *measure,
                        const struct result *predicted)
{
    int i;
    memset(verdict, 0, sizeof *verdict);
    for (i = 0; i < DRILL_ROWS; i++) {
        struct drill_row *row = &verdict->row[verdict->n++];
        const struct samples *samples = predicted ? &predicted->samples[metrics[i]] : NULL;
        *row =
            (struct drill_row){.metric = metrics[i],
                               .documented_ms = claim(&measure->scenario->documented, metrics[i]),
                               .low_ms = NAN,
                               .p50_ms = NAN,
                               .high_ms = NAN,
                               .percentile = NAN};
        row->measured_ms = measure_metric(measure, metrics[i], &row->error_ms);
        if (!samples || samples->n < 100 || !comparable(metrics[i]))
            continue;
        row->low_ms = quantile(samples, 0.005);
        row->p50_ms = quantile(samples, 0.5);
        row->high_ms = quantile(samples, 0.995);
        if (row->measured_ms < 0)
            continue;
        row->percentile = percentile(samples, (double)row->measured_ms);
        row->wrong = (double)(row->measured_ms + row->error_ms) < row->low_ms ||
                     (double)(row->measured_ms - row->error_ms) > row->high_ms;
        verdict->wrong += row->wrong;
    }
}

static const char *duration(char out[UNITS_TEXT], double ms)
{
    if (isnan(ms))
        return "-";
    /* To the tenth of a second: more would be noise. */
    return units_format_duration((int64_t)(ms / 100 + 0.5) * 100, out);
}

static void title(enum metric metric, char out[32])
{
    const char *name = metric_name(metric);
    size_t n = strlen(name), i;
    snprintf(out, 32, "%.*s", (int)(n > 3 ? n - 3 : n), name);
    for (i = 0; out[i]; i++)
        if (out[i] == '_')
            out[i] = ' ';
}

static void print_row(const struct drill_row *row)
{
    char name[32], a[UNITS_TEXT], b[UNITS_TEXT], c[UNITS_TEXT], d[UNITS_TEXT], e[UNITS_TEXT];
    char predicted[96] = "-", measured[64] = "not reached", verdict[64] = "";
    title(row->metric, name);
    if (!isnan(row->p50_ms))
        snprintf(predicted, sizeof predicted, "%s (%s..%s)", duration(a, row->p50_ms),
                 duration(b, row->low_ms), duration(c, row->high_ms));
    if (row->measured_ms >= 0)
        snprintf(measured, sizeof measured, "%s +-%s", duration(d, (double)row->measured_ms),
                 duration(e, (double)row->error_ms));
    if (row->wrong)
        snprintf(verdict, sizeof verdict, "the model is wrong here (%.1fth percentile)",
                 row->percentile);
    else if (!isnan(row->percentile))
        snprintf(verdict, sizeof verdict, "as predicted (%.0fth percentile)", row->percentile);
    printf("  %-13s %-11s %-38s %-24s %s\n", name,
           row->documented_ms >= 0    ? units_format_duration(row->documented_ms, a)
           : row->documented_ms == -2 ? "N/A"
                                      : "-",
           predicted, measured, verdict);
}

void drill_verdict_print(const struct drill_verdict *verdict, const struct drill_measure *measure)
{
    char at[UNITS_TEXT];
    size_t i;
    int64_t origin_ms = measure->stage[MARK_FAULT].at_ms;
    printf("What happened (from the injection):\n");
    for (i = 0; i < measure->timeline.n; i++) {
        const struct timeline_entry *entry = &measure->timeline.entry[i];
        printf("  %10s  %-14s %s\n", duration(at, (double)(entry->at_ms - origin_ms)),
               mark_name(entry->mark), entry->what);
    }
    printf("  %-13s %-11s %-38s %-24s\n", "stage", "documented", "predicted median (99%)",
           "measured");
    for (i = 0; i < (size_t)verdict->n; i++)
        print_row(&verdict->row[i]);
}

static json_t *number(double value)
{
    return isnan(value) ? json_null() : json_real(value);
}

json_t *drill_verdict_json(const struct drill_verdict *verdict, const struct drill_measure *measure)
{
    json_t *rows = json_array(), *story = json_array();
    size_t i;
    for (i = 0; i < (size_t)verdict->n; i++) {
        const struct drill_row *row = &verdict->row[i];
        json_array_append_new(
            rows, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:b}", "metric",
                            metric_name(row->metric), "documented_ms",
                            row->documented_ms < 0 ? json_null() : json_integer(row->documented_ms),
                            "predicted_p0_5_ms", number(row->low_ms), "predicted_p50_ms",
                            number(row->p50_ms), "predicted_p99_5_ms", number(row->high_ms),
                            "measured_ms",
                            row->measured_ms < 0 ? json_null() : json_integer(row->measured_ms),
                            "error_ms", (json_int_t)row->error_ms, "percentile",
                            number(row->percentile), "model_wrong", row->wrong));
    }
    for (i = 0; i < measure->timeline.n; i++) {
        const struct timeline_entry *entry = &measure->timeline.entry[i];
        json_array_append_new(
            story, json_pack("{s:I, s:s, s:s}", "at_ms",
                             (json_int_t)(entry->at_ms - measure->stage[MARK_FAULT].at_ms), "mark",
                             mark_name(entry->mark), "what", entry->what));
    }
    return json_pack("{s:i, s:s, s:o, s:o}", "version", 1, "scenario", measure->scenario->name,
                     "stages", rows, "timeline", story);
}

void drill_prediction_print(const struct scenario *scenario, const struct result *predicted)
{
    char name[32], a[UNITS_TEXT], b[UNITS_TEXT], c[UNITS_TEXT];
    int i;
    printf("Predicted by %lld simulated drills of %s:\n", (long long)predicted->replications,
           scenario->name);
    for (i = 0; i < DRILL_ROWS; i++) {
        const struct samples *samples = &predicted->samples[metrics[i]];
        title(metrics[i], name);
        if (samples->n > 0 && comparable(metrics[i]))
            printf("  %-13s median %s, 99%% of them %s..%s\n", name,
                   duration(a, quantile(samples, 0.5)), duration(b, quantile(samples, 0.005)),
                   duration(c, quantile(samples, 0.995)));
    }
}

json_t *drill_prediction_json(const struct result *predicted)
{
    json_t *stages = json_object();
    int i;
    for (i = 0; i < DRILL_ROWS; i++) {
        const struct samples *samples = &predicted->samples[metrics[i]];
        json_t *quantiles = json_array();
        int p;
        for (p = 0; samples->n > 0 && p <= 200; p++)
            json_array_append_new(quantiles, json_real(quantile(samples, p / 200.0)));
        json_object_set_new(stages, metric_name(metrics[i]),
                            json_pack("{s:I, s:o}", "n", (json_int_t)samples->n,
                                      "quantiles_0_5_percent", quantiles));
    }
    return json_pack("{s:I, s:I, s:o}", "seed", (json_int_t)predicted->seed, "replications",
                     (json_int_t)predicted->replications, "stages", stages);
}
