#include "alerts_eval.h"

#include "model/base/assert.h"
#include "model/policy/alert.h"
#include "sim/monitoring/series.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LONGEST_S 1e10 /* of any time in the input: 300 years */

/* One case while it is read and evaluated. `place` prefixes messages: "series.json: case 'x'". */
struct eval_case {
    const json_t *json;
    const char *id;
    char place[256];
    struct rule rule;
    int64_t eval_ms, end_ms, lookback_ms;
    struct und_err *err;
};

struct eval_series {
    const char *instance;
    struct sample *samples; /* owned */
    size_t n, seen, first;  /* visible so far; the first one that may still matter */
    struct alert alert;
};

static const char *const kinds[] = {"up", "gauge", "rate"};

/* --- reading --------------------------------------------------------------------------------- */

json_t *alerts_eval_load(const char *path, struct und_err *err)
{
    json_error_t error;
    struct stat status;
    FILE *file = fopen(path, "r");
    json_t *json;
    if (!file) {
        und_fail(err, UND_USAGE, "%s: cannot read: %s", path, strerror(errno));
        return NULL;
    }
    if (fstat(fileno(file), &status) == 0 && status.st_size > ALERTS_EVAL_BYTES) {
        und_fail(err, UND_USAGE, "%s: got %lld bytes, want at most %ld", path,
                 (long long)status.st_size, ALERTS_EVAL_BYTES);
        fclose(file);
        return NULL;
    }
    json = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    fclose(file);
    if (!json)
        und_fail(err, UND_USAGE, "%s:%d: not JSON: %s", path, error.line, error.text);
    return json;
}

static bool known_keys(const json_t *object, const char *place, const char *const *keys,
                       struct und_err *err)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)object, key, value) {
        const char *const *known = keys;
        while (*known && strcmp(*known, key) != 0)
            known++;
        if (!*known) {
            und_fail(err, UND_USAGE, "%s: unknown key '%.40s'", place, key);
            return false;
        }
    }
    return true;
}

/* Seconds as a member of the object; `fallback_ms` < 0: it has to be there. */
static int64_t read_s(const json_t *object, const char *key, int64_t least_ms, int64_t fallback_ms,
                      const char *place, struct und_err *err)
{
    const json_t *value = json_object_get(object, key);
    double s = json_number_value(value);
    if (!value && fallback_ms >= 0)
        return fallback_ms;
    if (!json_is_number(value) || !(s * 1000 >= (double)least_ms) || s > LONGEST_S) {
        und_fail(err, UND_USAGE, "%s: %s: got %s, want seconds from %g", place, key,
                 !value                  ? "nothing"
                 : json_is_number(value) ? "a number out of range"
                                         : "no number",
                 (double)least_ms / 1000);
        return least_ms;
    }
    return llround(s * 1000);
}

/* The kind of case that a rule can judge. */
static const char *kind_of(const struct rule *rule)
{
    switch (rule->signal) {
    case SIGNAL_UP:
    case SIGNAL_ABSENT:
        return "up";
    case SIGNAL_CPU_RATE:
    case SIGNAL_CPU_IRATE:
        return "rate";
    case SIGNAL_MEMORY:
    case SIGNAL_DISK:
    case SIGNAL_JOB_DURATION:
        return "gauge";
    case SIGNAL_SERIES:
    case SIGNAL_COUNT:
        break;
    }
    UND_UNREACHABLE();
}

static void choose_rule(struct eval_case *eval, const char *kind, const struct rule *rules,
                        int n_rules)
{
    const char *alert = json_string_value(json_object_get(eval->json, "alert"));
    const struct rule *found = NULL;
    for (int i = 0; i < n_rules; i++) {
        if (strcmp(kind_of(&rules[i]), kind) != 0 || (alert && strcmp(rules[i].name, alert) != 0))
            continue;
        if (found) {
            und_fail(eval->err, UND_USAGE,
                     "%s: rules '%s' and '%s' are both of kind %s, want \"alert\" to name one",
                     eval->place, found->name, rules[i].name, kind);
            return;
        }
        found = &rules[i];
    }
    if (!found) {
        und_fail(eval->err, UND_USAGE, "%s: alert: got %s, want the name of a rule of kind %s",
                 eval->place, alert ? alert : "nothing", kind);
        return;
    }
    eval->rule = *found;
    if (found->interval_ms > 0)
        eval->eval_ms = found->interval_ms;
}

static void read_rule(struct eval_case *eval, const struct rule *rules, int n_rules)
{
    static const enum signal signals[] = {SIGNAL_UP, SIGNAL_MEMORY, SIGNAL_CPU_RATE};
    const char *kind = json_string_value(json_object_get(eval->json, "kind"));
    int i = 0;
    while (kind && i < 3 && strcmp(kinds[i], kind) != 0)
        i++;
    if (!kind || i == 3) {
        und_fail(eval->err, UND_USAGE, "%s: kind: got %s, want up, gauge or rate", eval->place,
                 kind ? kind : "nothing");
        return;
    }
    if (rules) {
        choose_rule(eval, kind, rules, n_rules);
        return;
    }
    eval->rule = (struct rule){.signal = signals[i], .threshold_pm = 850, .window_ms = 300000};
    eval->rule.for_ms = read_s(eval->json, "for_s", 0, 0, eval->place, eval->err);
    eval->rule.keep_firing_ms = read_s(eval->json, "keep_s", 0, 0, eval->place, eval->err);
}

static void read_case(struct eval_case *eval, const struct rule *rules, int n_rules)
{
    static const char *const keys[] = {"id",    "kind",  "eval_s", "for_s", "keep_s",
                                       "end_s", "alert", "series", NULL};
    if (!known_keys(eval->json, eval->place, keys, eval->err))
        return;
    eval->eval_ms = read_s(eval->json, "eval_s", 1, -1, eval->place, eval->err);
    eval->end_ms = read_s(eval->json, "end_s", 0, -1, eval->place, eval->err);
    read_rule(eval, rules, n_rules);
    if (eval->err->code == UND_OK && eval->end_ms / eval->eval_ms >= ALERTS_EVAL_STEPS)
        und_fail(eval->err, UND_USAGE, "%s: end_s: got %lld evaluations, want at most %d",
                 eval->place, (long long)(eval->end_ms / eval->eval_ms), ALERTS_EVAL_STEPS);
}

static void read_samples(const struct eval_case *eval, const json_t *json,
                         struct eval_series *series)
{
    size_t i;
    json_t *pair;
    json_array_foreach ((json_t *)json, i, pair) {
        const json_t *t = json_array_get(pair, 0), *value = json_array_get(pair, 1);
        struct sample *sample = &series->samples[i];
        bool good = json_array_size(pair) == 2 && json_is_number(t) &&
                    (json_is_number(value) || json_is_null(value)) &&
                    fabs(json_number_value(t)) <= LONGEST_S;
        if (!good) {
            und_fail(eval->err, UND_USAGE,
                     "%s: instance '%.60s': sample %zu: want [seconds, number or null]",
                     eval->place, series->instance, i + 1);
            return;
        }
        sample->at_ms = llround(json_number_value(t) * 1000);
        sample->value = json_number_value(value);
        sample->stale = json_is_null(value);
        if (i > 0 && sample->at_ms <= series->samples[i - 1].at_ms) {
            und_fail(eval->err, UND_USAGE,
                     "%s: instance '%.60s': sample %zu: got time %g, want one after %g",
                     eval->place, series->instance, i + 1, (double)sample->at_ms / 1000,
                     (double)series->samples[i - 1].at_ms / 1000);
            return;
        }
    }
}

static int by_instance(const void *a, const void *b)
{
    return strcmp(((const struct eval_series *)a)->instance,
                  ((const struct eval_series *)b)->instance);
}

static struct eval_series *read_all_series(const struct eval_case *eval, size_t *n)
{
    static const char *const keys[] = {"instance", "samples", NULL};
    const json_t *list = json_object_get(eval->json, "series");
    struct eval_series *all = calloc(json_array_size(list) + 1, sizeof *all);
    size_t i;
    json_t *json;
    UND_ASSERT(all != NULL);
    *n = json_array_size(list);
    if (!json_is_array(list))
        und_fail(eval->err, UND_USAGE, "%s: series: want a list", eval->place);
    json_array_foreach ((json_t *)list, i, json) {
        const json_t *samples = json_object_get(json, "samples");
        all[i].instance = json_string_value(json_object_get(json, "instance"));
        alert_init(&all[i].alert);
        if (!all[i].instance || !json_is_array(samples)) {
            und_fail(eval->err, UND_USAGE, "%s: series %zu: want \"instance\" and \"samples\"",
                     eval->place, i + 1);
            all[i].instance = "";
            continue;
        }
        known_keys(json, eval->place, keys, eval->err);
        all[i].n = json_array_size(samples);
        all[i].samples = calloc(all[i].n + 1, sizeof *all[i].samples);
        UND_ASSERT(all[i].samples != NULL);
        read_samples(eval, samples, &all[i]);
    }
    qsort(all, *n, sizeof *all, by_instance);
    for (i = 1; i < *n; i++) {
        if (strcmp(all[i].instance, all[i - 1].instance) == 0)
            und_fail(eval->err, UND_USAGE, "%s: instance '%.60s' stands there twice", eval->place,
                     all[i].instance);
    }
    return all;
}

/* --- evaluating ------------------------------------------------------------------------------ */

static json_t *seconds(int64_t ms)
{
    return ms % 1000 == 0 ? json_integer(ms / 1000) : json_real((double)ms / 1000);
}

static void evaluate(const struct eval_case *eval, struct eval_series *series, int64_t now_ms,
                     json_t *rows)
{
    struct alert_timing timing = {eval->rule.for_ms, eval->rule.keep_firing_ms};
    int64_t reach_ms =
        eval->rule.window_ms > eval->lookback_ms ? eval->rule.window_ms : eval->lookback_ms;
    bool match;
    json_t *row;
    while (series->seen < series->n && series->samples[series->seen].at_ms <= now_ms)
        series->seen++;
    while (series->first < series->seen && series->samples[series->first].at_ms < now_ms - reach_ms)
        series->first++;
    match = series_matches(&eval->rule, series->samples + series->first,
                           series->seen - series->first, now_ms, eval->lookback_ms);
    alert_step(&timing, &series->alert, now_ms, match);
    if (series->alert.state == ALERT_INACTIVE)
        return;
    row = json_array();
    json_array_append_new(row, seconds(now_ms));
    json_array_append_new(row, json_string(series->instance));
    json_array_append_new(row,
                          json_string(series->alert.state == ALERT_FIRING ? "firing" : "pending"));
    json_array_append_new(row, seconds(series->alert.active_ms));
    json_array_append_new(rows, row);
}

static json_t *eval_rows(struct eval_case *eval, const struct rule *rules, int n_rules)
{
    struct eval_series *all;
    size_t n = 0;
    json_t *rows = json_array();
    read_case(eval, rules, n_rules);
    all = read_all_series(eval, &n);
    for (int64_t at_ms = 0; eval->err->code == UND_OK && at_ms <= eval->end_ms;
         at_ms += eval->eval_ms) {
        for (size_t i = 0; i < n; i++)
            evaluate(eval, &all[i], at_ms, rows);
    }
    for (size_t i = 0; i < n; i++)
        free(all[i].samples);
    free(all);
    return rows;
}

json_t *alerts_eval(const json_t *input, const char *name, const struct rule *rules, int n_rules,
                    struct und_err *err)
{
    static const char *const keys[] = {"lookback_s", "cases", NULL};
    const json_t *cases = json_object_get(input, "cases");
    json_t *output = json_object(), *json;
    int64_t lookback_ms = 0;
    size_t i;
    if (!json_is_array(cases))
        und_fail(err, UND_USAGE, "%s: want {\"lookback_s\", \"cases\": [...]}", name);
    else if (known_keys(input, name, keys, err))
        lookback_ms = read_s(input, "lookback_s", 1, 300000, name, err);
    json_array_foreach ((json_t *)cases, i, json) {
        struct eval_case eval = {.json = json, .lookback_ms = lookback_ms, .err = err};
        if (err->code != UND_OK)
            break;
        eval.id = json_string_value(json_object_get(json, "id"));
        snprintf(eval.place, sizeof eval.place, "%.150s: case %zu", name, i + 1);
        if (!eval.id || json_object_get(output, eval.id)) {
            und_fail(err, UND_USAGE, "%s: id: want a text that no other case has", eval.place);
            break;
        }
        snprintf(eval.place, sizeof eval.place, "%.150s: case '%.60s'", name, eval.id);
        json_object_set_new(output, eval.id, eval_rows(&eval, rules, n_rules));
    }
    if (err->code == UND_OK)
        return output;
    json_decref(output);
    return NULL;
}
