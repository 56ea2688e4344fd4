/* What Prometheus answers, as structs (prometheus_client.h). Pure. */
#include "live/base/list.h"
#include "live/base/wire.h"
#include "prometheus_client.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* {"status":"success","data":{...}}, or the error that the envelope brings. */
static const json_t *data_of(const json_t *body, const char *place, struct und_err *err)
{
    struct {
        char status[16], type[64], error[256];
    } raw = {"", "", ""};
    const struct payload_field fields[] = {
        {"status", PAYLOAD_NAME, true, 0, sizeof raw.status},
        {"errorType", PAYLOAD_TEXT, false, sizeof raw.status, sizeof raw.type},
        {"error", PAYLOAD_TEXT, false, sizeof raw.status + sizeof raw.type, sizeof raw.error},
    };
    if (payload_fields(body, fields, COUNT(fields), &raw, place, err) != UND_OK)
        return NULL;
    if (strcmp(raw.status, "success") != 0) {
        und_fail(err, UND_SERVICE, "%s: got %s (%s: %s), want success", place, raw.status, raw.type,
                 raw.error);
        return NULL;
    }
    return payload_object(body, "data", place, err);
}

static void copy_label(const json_t *labels, const char *name, char *out, size_t size)
{
    const json_t *value = json_object_get(labels, name);
    out[0] = '\0';
    if (json_is_string(value))
        wire_copy(out, size, json_string_value(value), json_string_length(value));
    wire_clean(out);
}

/* The labels of an alert or a series: strings only. */
static enum und_code check_labels(const json_t *labels, const char *place, struct und_err *err)
{
    const char *name;
    const json_t *value;
    void *at;
    for (at = json_object_iter((json_t *)(uintptr_t)labels); at;
         at = json_object_iter_next((json_t *)(uintptr_t)labels, at)) {
        name = json_object_iter_key(at);
        value = json_object_iter_value(at);
        if (!json_is_string(value))
            return und_fail(err, UND_SERVICE, "%s.%.40s: got %s, want string", place, name,
                            payload_type(value));
    }
    return UND_OK;
}

static enum und_code parse_alert(const json_t *body, struct prometheus_alert *alert,
                                 const char *place, struct und_err *err)
{
    const json_t *labels = payload_object(body, "labels", place, err);
    struct {
        char state[16];
    } raw = {""};
    const struct payload_field fields[] = {{"state", PAYLOAD_NAME, true, 0, sizeof raw.state}};
    const struct payload_field active =
        PAYLOAD_FIELD(struct prometheus_alert, active_ms, "activeAt", PAYLOAD_TIME, true);
    *alert = (struct prometheus_alert){0};
    if (!labels || check_labels(labels, place, err) != UND_OK ||
        payload_fields(body, fields, COUNT(fields), &raw, place, err) != UND_OK ||
        payload_fields(body, &active, 1, alert, place, err) != UND_OK)
        return err->code;
    alert->firing = strcmp(raw.state, "firing") == 0;
    if (!alert->firing && strcmp(raw.state, "pending") != 0)
        return und_fail(err, UND_SERVICE, "%s.state: got \"%s\", want pending or firing", place,
                        raw.state);
    copy_label(labels, "alertname", alert->name, sizeof alert->name);
    copy_label(labels, "severity", alert->severity, sizeof alert->severity);
    copy_label(labels, "instance", alert->instance, sizeof alert->instance);
    alert->labels = json_deep_copy(labels);
    return UND_OK;
}

enum und_code prometheus_parse_alerts(const json_t *body, struct prometheus_alerts *out,
                                      const char *place, struct und_err *err)
{
    const json_t *data = data_of(body, place, err);
    const json_t *list = data ? payload_array(data, "alerts", place, err) : NULL;
    char at[PAYLOAD_PLACE];
    size_t i;
    for (i = 0; list && i < json_array_size(list); i++) {
        struct prometheus_alert *item = list_grow(out->item, out->n, &out->capacity, sizeof *item,
                                                  PROMETHEUS_ALERTS, place, err);
        if (!item)
            return err->code;
        out->item = item;
        snprintf(at, sizeof at, "%.200s: alerts[%zu]", place, i);
        if (parse_alert(json_array_get(list, i), &item[out->n], at, err) != UND_OK)
            return err->code;
        out->n++;
    }
    return err->code;
}

static enum und_code parse_rule(const json_t *body, struct prometheus_rule *rule, const char *place,
                                struct und_err *err)
{
    static const struct payload_field fields[] = {
        PAYLOAD_FIELD(struct prometheus_rule, name, "name", PAYLOAD_TEXT, true),
        PAYLOAD_FIELD(struct prometheus_rule, state, "state", PAYLOAD_NAME, false),
        PAYLOAD_FIELD(struct prometheus_rule, health, "health", PAYLOAD_NAME, true),
        PAYLOAD_FIELD(struct prometheus_rule, last_error, "lastError", PAYLOAD_TEXT, false),
        PAYLOAD_FIELD(struct prometheus_rule, for_ms, "duration", PAYLOAD_SECONDS, true),
        PAYLOAD_FIELD(struct prometheus_rule, keep_firing_ms, "keepFiringFor", PAYLOAD_SECONDS,
                      false),
        PAYLOAD_FIELD(struct prometheus_rule, evaluated_ms, "lastEvaluation", PAYLOAD_TIME, false),
    };
    return payload_fields(body, fields, COUNT(fields), rule, place, err);
}

static enum und_code parse_group(const json_t *body, struct prometheus_rules *out,
                                 const char *place, struct und_err *err)
{
    struct prometheus_rule common = {0};
    const struct payload_field fields[] = {
        PAYLOAD_FIELD(struct prometheus_rule, group, "name", PAYLOAD_TEXT, true),
        PAYLOAD_FIELD(struct prometheus_rule, interval_ms, "interval", PAYLOAD_SECONDS, true),
    };
    const json_t *list = payload_array(body, "rules", place, err);
    char at[PAYLOAD_PLACE];
    size_t i;
    payload_fields(body, fields, COUNT(fields), &common, place, err);
    for (i = 0; err->code == UND_OK && i < json_array_size(list); i++) {
        const json_t *rule = json_array_get(list, i);
        const char *type = json_string_value(json_object_get(rule, "type"));
        struct prometheus_rule *item;
        if (!type || strcmp(type, "alerting") != 0)
            continue;
        item = list_grow(out->item, out->n, &out->capacity, sizeof *item, PROMETHEUS_RULES, place,
                         err);
        if (!item)
            return err->code;
        out->item = item;
        item[out->n] = common;
        snprintf(at, sizeof at, "%.200s.rules[%zu]", place, i);
        if (parse_rule(rule, &item[out->n], at, err) == UND_OK)
            out->n++;
    }
    return err->code;
}

enum und_code prometheus_parse_rules(const json_t *body, struct prometheus_rules *out,
                                     const char *place, struct und_err *err)
{
    const json_t *data = data_of(body, place, err);
    const json_t *list = data ? payload_array(data, "groups", place, err) : NULL;
    char at[PAYLOAD_PLACE];
    size_t i;
    for (i = 0; list && err->code == UND_OK && i < json_array_size(list); i++) {
        snprintf(at, sizeof at, "%.180s: groups[%zu]", place, i);
        parse_group(json_array_get(list, i), out, at, err);
    }
    return err->code;
}

/* [1700000000.123, "0.5"]; the text may be NaN, +Inf or -Inf. */
static enum und_code parse_point(const json_t *body, struct prometheus_point *point,
                                 const char *place, struct und_err *err)
{
    const json_t *at = json_array_get(body, 0), *value = json_array_get(body, 1);
    double seconds = json_number_value(at);
    char *end = NULL;
    if (json_array_size(body) != 2 || !json_is_number(at) || !json_is_string(value) ||
        !(seconds > -1e14 && seconds < 1e14))
        return und_fail(err, UND_SERVICE, "%s: got %s of %zu, want [time, \"value\"]", place,
                        payload_type(body), json_array_size(body));
    point->at_ms = (int64_t)llround(seconds * 1000);
    point->value = strtod(json_string_value(value), &end);
    if (end == json_string_value(value) || *end != '\0')
        return und_fail(err, UND_SERVICE, "%s: got a value that is no number", place);
    return UND_OK;
}

static enum und_code add_point(struct prometheus_matrix *out, struct prometheus_series *series,
                               const json_t *body, const char *place, struct und_err *err)
{
    if (out->points++ >= PROMETHEUS_POINTS)
        return und_fail(err, UND_SERVICE, "%s: got more than %d points, want at most that", place,
                        PROMETHEUS_POINTS);
    if (parse_point(body, &series->point[series->n], place, err) == UND_OK)
        series->n++;
    return err->code;
}

static enum und_code parse_series(const json_t *body, struct prometheus_matrix *out,
                                  const char *place, struct und_err *err)
{
    struct prometheus_series *item, *series;
    const json_t *labels = payload_object(body, "metric", place, err);
    const json_t *values = json_object_get(body, "values"), *value = json_object_get(body, "value");
    size_t i, n = values ? json_array_size(values) : 1;
    if (!labels || check_labels(labels, place, err) != UND_OK)
        return err->code;
    item =
        list_grow(out->item, out->n, &out->capacity, sizeof *item, PROMETHEUS_SERIES, place, err);
    if (!item)
        return err->code;
    out->item = item;
    series = &item[out->n++];
    *series = (struct prometheus_series){.labels = json_deep_copy(labels)};
    series->point = calloc(n ? n : 1, sizeof *series->point);
    if (!series->point)
        return und_fail(err, UND_SERVICE, "%s: no memory for %zu points", place, n);
    if (!values)
        return add_point(out, series, value, place, err);
    if (!json_is_array(values))
        return und_fail(err, UND_SERVICE, "%s.values: got %s, want array", place,
                        payload_type(values));
    for (i = 0; i < n && err->code == UND_OK; i++)
        add_point(out, series, json_array_get(values, i), place, err);
    return err->code;
}

static enum und_code parse_scalar(const json_t *body, struct prometheus_matrix *out,
                                  const char *place, struct und_err *err)
{
    json_t *series = json_pack("{s:{}, s:O}", "metric", "value", body);
    parse_series(series, out, place, err);
    json_decref(series);
    return err->code;
}

enum und_code prometheus_parse_matrix(const json_t *body, struct prometheus_matrix *out,
                                      const char *place, struct und_err *err)
{
    const json_t *data = data_of(body, place, err);
    const char *type = json_string_value(json_object_get(data, "resultType"));
    const json_t *list;
    char at[PAYLOAD_PLACE];
    size_t i;
    if (!data || !(list = payload_array(data, "result", place, err)))
        return err->code;
    if (type && strcmp(type, "scalar") == 0)
        return parse_scalar(list, out, place, err);
    if (!type || (strcmp(type, "vector") != 0 && strcmp(type, "matrix") != 0))
        return und_fail(err, UND_SERVICE, "%s.resultType: got %s, want vector, matrix or scalar",
                        place, type ? "another type" : "nothing");
    for (i = 0; i < json_array_size(list) && err->code == UND_OK; i++) {
        snprintf(at, sizeof at, "%.200s: result[%zu]", place, i);
        parse_series(json_array_get(list, i), out, at, err);
    }
    return err->code;
}

void prometheus_alerts_fini(struct prometheus_alerts *alerts)
{
    size_t i;
    for (i = 0; i < alerts->n; i++)
        json_decref(alerts->item[i].labels);
    free(alerts->item);
    *alerts = (struct prometheus_alerts){0};
}

void prometheus_rules_fini(struct prometheus_rules *rules)
{
    free(rules->item);
    *rules = (struct prometheus_rules){0};
}

void prometheus_matrix_fini(struct prometheus_matrix *matrix)
{
    size_t i;
    for (i = 0; i < matrix->n; i++) {
        json_decref(matrix->item[i].labels);
        free(matrix->item[i].point);
    }
    free(matrix->item);
    *matrix = (struct prometheus_matrix){0};
}
