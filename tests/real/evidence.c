#include "evidence.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *evidence_alert(enum way way)
{
    switch (way) {
    case WAY_BUSY:
        return "RunnerHighCPU";
    case WAY_FULL:
        return "RunnerHighMemory";
    case WAY_KILLED:
    case WAY_STOPPED:
    case WAY_DROPPED:
    case WAY_UNLINKED:
    case WAY_AGAIN:
    case WAY_FAR:
    case WAYS:
        break;
    }
    return "RunnerOffline";
}

/* --- what the director wrote ----------------------------------------------------------------- */

static enum und_code read_faults(struct evidence *evidence, struct und_err *err)
{
    char instance[REAL_NAME];
    int64_t before_ns, after_ns;
    FILE *file = fopen("faults", "r");
    if (!file)
        return und_fail(err, UND_USAGE, "faults: cannot be read");
    while (fscanf(file, "%39s %" SCNd64 " %" SCNd64, instance, &before_ns, &after_ns) == 3) {
        int host = victims_find(&evidence->victims, instance);
        struct seen *seen = &evidence->seen[host < 0 ? 0 : host];
        if (host < 0)
            und_fail(err, UND_USAGE, "faults: unknown host %s", instance);
        if (seen->before_ns != NOT_SEEN) {
            seen->again_ns = before_ns;
            continue;
        }
        seen->before_ns = before_ns;
        seen->after_ns = after_ns;
    }
    fclose(file);
    for (int i = 0; i < evidence->victims.n; i++) {
        if (evidence->seen[i].before_ns == NOT_SEEN)
            und_fail(err, UND_USAGE, "faults: got none of %s, want one",
                     evidence->victims.victim[i].instance);
    }
    return err->code;
}

static enum und_code read_heard(struct evidence *evidence, struct und_err *err)
{
    char status[REAL_NAME], instance[REAL_NAME];
    FILE *file = fopen("webhooks", "r");
    if (!file)
        return und_fail(err, UND_USAGE, "webhooks: cannot be read");
    while (evidence->n_heard < EVIDENCE_HEARD) {
        struct heard *heard = &evidence->heard[evidence->n_heard];
        if (fscanf(file, "%" SCNd64 " %39s %39s %39s", &heard->at_ns, status, heard->alert,
                   instance) != 4)
            break;
        heard->host = victims_find(&evidence->victims, instance);
        heard->firing = strcmp(status, "firing") == 0;
        evidence->n_heard++;
    }
    fclose(file);
    return UND_OK;
}

static enum und_code read_lags(struct evidence *evidence, struct und_err *err)
{
    FILE *file = fopen("lags", "r");
    if (!file)
        return und_fail(err, UND_USAGE, "lags: cannot be read");
    while (evidence->n_lags < EVIDENCE_LAGS) {
        struct lag *lag = &evidence->lag[evidence->n_lags];
        if (fscanf(file, "%" SCNd64 " %" SCNd64, &lag->due_ns, &lag->lag_ns) != 2)
            break;
        evidence->n_lags++;
    }
    fclose(file);
    return UND_OK;
}

/* --- what Prometheus stored ------------------------------------------------------------------ */

/* Called for every sample of a range query's answer, in the order of time within a series. */
typedef void take_sample(struct evidence *evidence, int host, const json_t *labels, int64_t at_ns,
                         double value);

static enum und_code read_samples(struct evidence *evidence, const char *path, take_sample *take,
                                  struct und_err *err)
{
    json_t *root = json_load_file(path, 0, NULL), *series, *pair;
    const json_t *result = json_object_get(json_object_get(root, "data"), "result");
    size_t i, j;
    if (json_array_size(result) == 0)
        und_fail(err, UND_USAGE, "%s: got no series of Prometheus", path);
    json_array_foreach (result, i, series) {
        const json_t *labels = json_object_get(series, "metric");
        const char *instance = json_string_value(json_object_get(labels, "instance"));
        int host = instance ? victims_find(&evidence->victims, instance) : -1;
        json_array_foreach (json_object_get(series, "values"), j, pair) {
            /* Timestamps are whole milliseconds. */
            double at_ms = round(json_number_value(json_array_get(pair, 0)) * 1000);
            const char *value = json_string_value(json_array_get(pair, 1));
            if (host >= 0 && value)
                take(evidence, host, labels, (int64_t)at_ms * 1000000, atof(value));
        }
    }
    json_decref(root);
    return err->code;
}

static void first(int64_t *earliest_ns, int64_t at_ns)
{
    if (*earliest_ns == NOT_SEEN || at_ns < *earliest_ns)
        *earliest_ns = at_ns;
}

static bool is_about(const struct evidence *evidence, int host, const json_t *labels)
{
    const char *alert = json_string_value(json_object_get(labels, "alertname"));
    return alert && strcmp(alert, evidence_alert(evidence->victims.victim[host].way)) == 0;
}

static bool is_firing(const json_t *labels)
{
    const char *state = json_string_value(json_object_get(labels, "alertstate"));
    return state && strcmp(state, "firing") == 0;
}

static void take_alert(struct evidence *evidence, int host, const json_t *labels, int64_t at_ns,
                       double value)
{
    struct seen *seen = &evidence->seen[host];
    (void)value;
    if (!is_about(evidence, host, labels))
        return;
    if (at_ns < seen->before_ns) {
        if (at_ns > seen->active_before_ns)
            seen->active_before_ns = at_ns;
        return;
    }
    first(&seen->stage_ns[is_firing(labels) ? DELAY_FIRING : DELAY_PENDING], at_ns);
    if (!is_firing(labels))
        return;
    first(&seen->firing_ns[0], at_ns);
    if (seen->again_ns != NOT_SEEN && at_ns > seen->again_ns)
        first(&seen->firing_ns[1], at_ns);
}

static void take_up(struct evidence *evidence, int host, const json_t *labels, int64_t at_ns,
                    double value)
{
    (void)labels;
    if (value == 0 && at_ns >= evidence->seen[host].before_ns)
        first(&evidence->seen[host].failed_ns, at_ns);
}

static void take_duration(struct evidence *evidence, int host, const json_t *labels, int64_t at_ns,
                          double value)
{
    struct seen *seen = &evidence->seen[host];
    int64_t took_ms = (int64_t)ceil(value * 1000);
    (void)labels;
    if (at_ns == seen->failed_ns)
        seen->failed_ms = took_ms;
    else if (seen->failed_ns != NOT_SEEN && at_ns > seen->failed_ns)
        seen->last_ms = took_ms;
}

static void take_restarted(struct evidence *evidence, int host, const json_t *labels, int64_t at_ns,
                           double value)
{
    (void)value;
    if (is_about(evidence, host, labels) && is_firing(labels) && at_ns > evidence->restarted_ns)
        first(&evidence->seen[host].firing_after_restart_ns, at_ns);
}

/* --- all of it ------------------------------------------------------------------------------- */

static void match_webhooks(struct evidence *evidence)
{
    for (int i = 0; i < evidence->n_heard; i++) {
        const struct heard *heard = &evidence->heard[i];
        struct seen *seen = heard->host < 0 ? NULL : &evidence->seen[heard->host];
        if (seen && heard->firing && heard->at_ns >= seen->before_ns &&
            strcmp(heard->alert, evidence_alert(evidence->victims.victim[heard->host].way)) == 0)
            first(&seen->stage_ns[DELAY_WEBHOOK], heard->at_ns);
    }
}

static enum und_code read_restart(struct evidence *evidence, struct und_err *err)
{
    FILE *file = fopen("restarted", "r");
    int64_t at_ms = 0;
    if (!file || fscanf(file, "%" SCNd64, &at_ms) != 1)
        und_fail(err, UND_USAGE, "restarted: got no time");
    if (file)
        fclose(file);
    evidence->restarted_ns = at_ms * 1000000;
    return err->code;
}

enum und_code evidence_read(struct evidence *evidence, struct und_err *err)
{
    evidence->n_heard = evidence->n_lags = 0;
    for (int i = 0; i < REAL_VICTIMS; i++)
        evidence->seen[i] =
            (struct seen){NOT_SEEN, NOT_SEEN, NOT_SEEN, {NOT_SEEN, NOT_SEEN, NOT_SEEN}, NOT_SEEN,
                          NOT_SEEN, NOT_SEEN, NOT_SEEN, {NOT_SEEN, NOT_SEEN},           NOT_SEEN};
    if (victims_read(&evidence->victims, err) || read_faults(evidence, err) ||
        read_heard(evidence, err) || read_lags(evidence, err) || read_restart(evidence, err) ||
        read_samples(evidence, "alerts.json", take_alert, err) ||
        read_samples(evidence, "up.json", take_up, err) ||
        read_samples(evidence, "took.json", take_duration, err) ||
        read_samples(evidence, "again.json", take_restarted, err))
        return err->code;
    match_webhooks(evidence);
    return UND_OK;
}

int64_t evidence_lag_ns(const struct evidence *evidence, int64_t from_ns, int64_t to_ns)
{
    int64_t worst_ns = 0;
    for (int i = 0; i < evidence->n_lags; i++) {
        const struct lag *lag = &evidence->lag[i];
        if (lag->due_ns + lag->lag_ns >= from_ns && lag->due_ns <= to_ns && lag->lag_ns > worst_ns)
            worst_ns = lag->lag_ns;
    }
    return worst_ns;
}
