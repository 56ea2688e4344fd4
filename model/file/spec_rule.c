/* The table of an alert rule that the fleet gives itself, or that monitoring_expand.c made of
 * one. */
#include "model/base/units.h"
#include "spec_tables.h"

#include <string.h>

const char *const spec_severities[] = {"info", "warning", "critical", "page", NULL};
const char *const spec_signals[] = {"up",   "absent",       "cpu",    "cpu-irate", "memory",
                                    "disk", "job-duration", "series", NULL};

/* A list of names as a bit set; the hosts have been read before. */
static enum und_code read_hosts(struct spec *spec, const struct field *field, void *base,
                                json_t *value, const struct spot *spot)
{
    struct rule *rule = base;
    size_t i;
    json_t *item;
    (void)field;
    if (!json_is_array(value))
        return spec_refuse(spec, spot, value, "a list of hosts");
    json_array_foreach (value, i, item) {
        struct spot at = doc_item(spec->doc, value, i, "hosts");
        int host = -1;
        if (json_is_string(item))
            host = fleet_host_index(spec->fleet, json_string_value(item));
        if (host < 0)
            return spec_refuse(spec, &at, item, "the name of a host");
        rule->hosts |= (uint64_t)1 << host;
    }
    return UND_OK;
}

static enum und_code read_job(struct spec *spec, const struct field *field, void *base,
                              json_t *value, const struct spot *spot)
{
    const struct monitoring *monitoring = &spec->fleet->monitoring;
    struct rule *rule = base;
    (void)field;
    for (int i = 0; i < monitoring->n_jobs && json_is_string(value); i++) {
        if (strcmp(monitoring->jobs[i].name, json_string_value(value)) == 0) {
            rule->job = i;
            return UND_OK;
        }
    }
    return spec_refuse(spec, spot, value, "the name of one of monitoring.jobs");
}

/* What prometheus.yml and rule files say of each host's alert: the document keeps it for
 * Alertmanager's routes (monitoring_expand.c). */
static enum und_code read_alerts(struct spec *spec, const struct field *field, void *base,
                                 json_t *value, const struct spot *spot)
{
    const char *host;
    json_t *labels;
    (void)field;
    (void)base;
    if (!json_is_object(value))
        return spec_refuse(spec, spot, value, "a mapping of hosts");
    json_object_foreach (value, host, labels) {
        struct spot at = doc_member(spec->doc, value, host);
        if (fleet_host_index(spec->fleet, host) < 0 ||
            (!json_is_object(labels) && !json_is_null(labels)))
            return spec_refuse(spec, &at, labels, "a host's name and its alert's labels");
    }
    return UND_OK;
}

/* Kept in the document only, likewise. */
static enum und_code read_labels(struct spec *spec, const struct field *field, void *base,
                                 json_t *value, const struct spot *spot)
{
    const char *key;
    json_t *text;
    (void)field;
    (void)base;
    if (!json_is_object(value))
        return spec_refuse(spec, spot, value, "a mapping of labels");
    json_object_foreach (value, key, text) {
        struct spot at = doc_member(spec->doc, value, key);
        if (!json_is_string(text))
            return spec_refuse(spec, &at, text, "a text");
    }
    return UND_OK;
}

static const struct field rule_fields[] = {
    {.key = "alert",
     .kind = FIELD_TEXT,
     TEXT(struct rule, name),
     .required = true,
     .help = "name of the alert"},
    {.key = "signal",
     .kind = FIELD_ENUM,
     AT(struct rule, signal),
     .names = spec_signals,
     .required = true,
     .help = "what it watches: up == 0; absent(up); CPU in use by rate() or irate() over window; "
             "memory in use; disk busy; recent job duration over its baseline"},
    {.key = "above",
     .kind = FIELD_SHARE_PM,
     AT(struct rule, threshold_pm),
     RANGE(0, 100),
     .help = "fires above this share (job-duration: of the baseline, so 200% is twice as long)"},
    {.key = "below",
     .kind = FIELD_SHARE_PM,
     AT(struct rule, threshold_pm),
     HAS(struct rule, below),
     RANGE(0, 100),
     .help = "fires below this share"},
    {.key = "window",
     .kind = FIELD_DURATION,
     AT(struct rule, window_ms),
     RANGE(0, (double)UNITS_DAY),
     .fallback = "5min",
     .help = "range of rate() and irate(), for cpu, cpu-irate and disk; 0s: a gauge"},
    {.key = "for",
     .kind = FIELD_DURATION,
     AT(struct rule, for_ms),
     RANGE(0, (double)UNITS_YEAR),
     .fallback = "0s",
     .help = "pending this long before it fires"},
    {.key = "keep_firing_for",
     .kind = FIELD_DURATION,
     AT(struct rule, keep_firing_ms),
     RANGE(0, (double)UNITS_YEAR),
     .fallback = "0s",
     .help = "fires on after the cause has gone"},
    {.key = "severity",
     .kind = FIELD_ENUM,
     AT(struct rule, severity),
     .names = spec_severities,
     .fallback = "warning",
     .help = "policy.severities says which ones move jobs"},
    {.key = "group",
     .kind = FIELD_TEXT,
     TEXT(struct rule, group),
     .fallback = "runners",
     .help = "rule group; the rules of a group are evaluated together"},
    {.key = "interval",
     .kind = FIELD_DURATION,
     AT(struct rule, interval_ms),
     RANGE(0, (double)UNITS_DAY),
     .fallback = "0s",
     .help = "evaluation interval of its group; 0s: monitoring.evaluation_interval"},
    {.key = "hosts",
     .kind = FIELD_CUSTOM,
     .read = read_hosts,
     .refers = true,
     .schema = "{type: array, items: {type: string}, uniqueItems: true}",
     .help = "names of the hosts it watches. Left out: every host"},
    {.key = "job",
     .kind = FIELD_CUSTOM,
     .read = read_job,
     .refers = true,
     .schema = "{type: string}",
     .help = "which of monitoring.jobs scrapes what it reads. Left out: the first"},
    {.key = "labels",
     .kind = FIELD_CUSTOM,
     .read = read_labels,
     .schema = "{type: object, additionalProperties: {type: string}}",
     .help = "labels of its alerts besides alertname, instance and severity, for the "
             "Alertmanager's routes"},
    {.key = "alerts",
     .kind = FIELD_CUSTOM,
     .read = read_alerts,
     .refers = true,
     .schema = "{type: object, additionalProperties: {type: [object, 'null']}}",
     .help = "by host: all labels of its alert, null where it is not sent. Rule files and "
             "monitoring.config give them"},
    {.key = NULL},
};

static enum und_code check_rule(struct spec *spec, void *base, json_t *mapping,
                                const struct spot *whole)
{
    const struct rule *rule = base;
    bool bare =
        rule->signal == SIGNAL_UP || rule->signal == SIGNAL_ABSENT || rule->signal == SIGNAL_SERIES;
    bool above = json_object_get(mapping, "above") != NULL;
    struct spot spot = spec_spot(spec, mapping, above || !rule->below ? "above" : "below", whole);
    if (bare && (above || rule->below))
        return doc_fail(&spot, spec->err, "signal %s has no threshold", spec_signals[rule->signal]);
    if (rule->signal == SIGNAL_CPU_IRATE && rule->window_ms == 0)
        return spec_fail_key(spec, mapping, whole, "window", "got 0s, want 1s..1d for cpu-irate");
    if (!bare && above == rule->below)
        return doc_fail(&spot, spec->err, "%s: either above or below is wanted",
                        above ? "one too many" : "missing");
    return UND_OK;
}

const struct table spec_rule = {
    .name = "rule",
    .help = "an alert rule",
    .fields = rule_fields,
    .check = check_rule,
    .rules = "{if: {properties: {signal: {enum: [up, absent, series]}}}, then: {properties: "
             "{above: false, "
             "below: false}}, else: {oneOf: [{required: [above]}, {required: [below]}]}}",
};

enum und_code spec_check_rules(struct spec *spec, const struct monitoring *monitoring, json_t *list)
{
    for (int i = 0; i < monitoring->n_rules; i++) {
        const struct rule *rule = &monitoring->rules[i];
        json_t *mapping = json_array_get(list, (size_t)i);
        bool of_file = json_object_get(mapping, "alerts") != NULL;
        struct spot whole, spot;
        for (int j = 0; j < i; j++) {
            const struct rule *other = &monitoring->rules[j];
            bool twice = !of_file && strcmp(rule->name, other->name) == 0 &&
                         rule->severity == other->severity;
            if ((!twice && rule->interval_ms == other->interval_ms) ||
                strcmp(rule->group, other->group) != 0)
                continue;
            whole = doc_item(spec->doc, list, (size_t)i, "rules");
            spot = spec_spot(spec, mapping, twice ? "alert" : "interval", &whole);
            /* Prometheus takes two of a name; here it is more likely a slip. */
            return doc_fail(&spot, spec->err,
                            twice ? "an alert of this name is in the group already"
                                  : "differs from that of the group's first rule");
        }
    }
    return UND_OK;
}
