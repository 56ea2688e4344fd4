/* The tables of Prometheus, its inline alert rules and Alertmanager. */
#include "spec_tables.h"
#include "units.h"

#include <stdio.h>
#include <string.h>

const char *const spec_severities[] = {"info", "warning", "critical", "page", NULL};
static const char *const signals[] = {"up",     "absent", "cpu",          "cpu-irate",
                                      "memory", "disk",   "job-duration", NULL};
static const char *const group_labels[] = {"alertname", "instance", NULL};

/* --- rules --- */

static const struct field rule_fields[] = {
    {.key = "alert",
     .kind = FIELD_TEXT,
     TEXT(struct rule, name),
     .required = true,
     .help = "name of the alert"},
    {.key = "signal",
     .kind = FIELD_ENUM,
     AT(struct rule, signal),
     .names = signals,
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
     RANGE(1000, (double)UNITS_DAY),
     .fallback = "5min",
     .help = "range of rate() and irate()"},
    {.key = "for",
     .kind = FIELD_DURATION,
     AT(struct rule, for_ms),
     RANGE(0, (double)UNITS_DAY),
     .fallback = "0s",
     .help = "pending this long before it fires"},
    {.key = "keep_firing_for",
     .kind = FIELD_DURATION,
     AT(struct rule, keep_firing_ms),
     RANGE(0, (double)UNITS_DAY),
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
    {.key = NULL},
};

static enum und_code check_rule(struct spec *spec, void *base, json_t *mapping,
                                const struct spot *whole)
{
    const struct rule *rule = base;
    bool bare = rule->signal == SIGNAL_UP || rule->signal == SIGNAL_ABSENT;
    bool above = json_object_get(mapping, "above") != NULL;
    struct spot spot = spec_spot(spec, mapping, above || !rule->below ? "above" : "below", whole);
    if (bare && (above || rule->below))
        return doc_fail(&spot, spec->err, "signal %s has no threshold", signals[rule->signal]);
    if (!bare && above == rule->below)
        return doc_fail(&spot, spec->err, "%s: either above or below is wanted",
                        above ? "one too many" : "missing");
    return UND_OK;
}

static const struct table rule_table = {
    .name = "rule",
    .help = "an alert rule",
    .fields = rule_fields,
    .check = check_rule,
};

static const struct field a_rule = {.kind = FIELD_TABLE, .table = &rule_table};
static const struct field rule_list = {.key = "rules",
                                       .kind = FIELD_LIST,
                                       AT(struct monitoring, rules),
                                       .size = FLEET_RULES,
                                       .item = &a_rule,
                                       .stride = sizeof(struct rule),
                                       .count_at = offsetof(struct monitoring, n_rules)};

/* The seam for real Prometheus rule files. */
static enum und_code read_rule_file(struct spec *spec, struct monitoring *monitoring,
                                    const char *path, const struct spot *spot)
{
    (void)monitoring;
    return doc_fail(spot, spec->err, "got %s, want a list of rules", path);
}

static enum und_code read_rules(struct spec *spec, const struct field *field, void *base,
                                json_t *value, const struct spot *spot)
{
    char path[DOC_PATH];
    (void)field;
    if (!json_is_string(value))
        return spec_read_field(spec, &rule_list, base, value, spot);
    if (doc_relative(spot, json_string_value(value), path, spec->err) != UND_OK)
        return UND_USAGE;
    return read_rule_file(spec, base, path, spot);
}

static enum und_code check_rule_list(struct spec *spec, const struct monitoring *monitoring,
                                     json_t *list)
{
    int i, j;
    for (i = 0; i < monitoring->n_rules; i++) {
        const struct rule *rule = &monitoring->rules[i];
        struct spot whole = doc_item(spec->doc, list, (size_t)i, "rules");
        json_t *mapping = json_array_get(list, (size_t)i);
        for (j = 0; j < i; j++) {
            const struct rule *other = &monitoring->rules[j];
            struct spot spot = spec_spot(spec, mapping, "alert", &whole);
            if (strcmp(rule->name, other->name) == 0 && strcmp(rule->group, other->group) == 0)
                return doc_fail(&spot, spec->err, "an alert of this name is in the group already");
            spot = spec_spot(spec, mapping, "interval", &whole);
            if (strcmp(rule->group, other->group) == 0 && rule->interval_ms != other->interval_ms)
                return doc_fail(&spot, spec->err, "differs from that of the group's first rule");
        }
    }
    return UND_OK;
}

/* --- Prometheus --- */

static const struct field monitoring_fields[] = {
    {.key = "scrape_interval",
     .kind = FIELD_DURATION,
     AT(struct monitoring, scrape_interval_ms),
     RANGE(1000, (double)UNITS_HOUR),
     .fallback = "1min",
     .help = "between two scrapes of a host"},
    {.key = "scrape_timeout",
     .kind = FIELD_DURATION,
     AT(struct monitoring, scrape_timeout_ms),
     RANGE(1, (double)UNITS_HOUR),
     .fallback = "10s",
     .help = "a scrape that takes longer has failed; at most scrape_interval"},
    {.key = "evaluation_interval",
     .kind = FIELD_DURATION,
     AT(struct monitoring, evaluation_interval_ms),
     RANGE(1000, (double)UNITS_HOUR),
     .fallback = "1min",
     .help = "between two evaluations of a rule"},
    {.key = "lookback",
     .kind = FIELD_DURATION,
     AT(struct monitoring, lookback_ms),
     RANGE(1000, (double)UNITS_DAY),
     .fallback = "5min",
     .help = "a sample older than this is not seen (query.lookback-delta)"},
    {.key = "rules",
     .kind = FIELD_CUSTOM,
     .read = read_rules,
     .fallback = "[]",
     .schema = "{anyOf: [{type: string}, {type: array, maxItems: 32, items: {$ref: "
               "'#/$defs/rule'}}]}",
     .table = &rule_table,
     .help = "alert rules: a list, or the path of a Prometheus rule file"},
    {.key = NULL},
};

static enum und_code check_monitoring(struct spec *spec, void *base, json_t *mapping,
                                      const struct spot *whole)
{
    struct monitoring *monitoring = base;
    json_t *rules = json_object_get(mapping, "rules");
    if (monitoring->scrape_timeout_ms > monitoring->scrape_interval_ms) {
        char low[UNITS_TEXT], high[UNITS_TEXT];
        struct spot spot = spec_spot(spec, mapping, "scrape_timeout", whole);
        if (json_object_get(mapping, "scrape_timeout") != NULL)
            return doc_fail(&spot, spec->err, "got %s, want at most scrape_interval (%s)",
                            units_format_duration(monitoring->scrape_timeout_ms, low),
                            units_format_duration(monitoring->scrape_interval_ms, high));
        /* Prometheus too cuts its default, config.go, GlobalConfig.UnmarshalYAML. */
        monitoring->scrape_timeout_ms = monitoring->scrape_interval_ms;
    }
    return json_is_array(rules) ? check_rule_list(spec, monitoring, rules) : UND_OK;
}

const struct table spec_monitoring = {
    .name = "monitoring",
    .help = "a Prometheus server",
    .fields = monitoring_fields,
    .check = check_monitoring,
};

/* --- Alertmanager --- */

static enum und_code read_group_by(struct spec *spec, const struct field *field, void *base,
                                   json_t *value, const struct spot *spot)
{
    static const struct field set = {
        .key = "group_by", .kind = FIELD_ENUM_SET, .names = group_labels};
    struct alertmanager_config *alertmanager = base;
    unsigned labels;
    (void)field;
    if (spec_read_field(spec, &set, &labels, value, spot) != UND_OK)
        return UND_USAGE;
    alertmanager->group_by_alertname = (labels & 1) != 0;
    alertmanager->group_by_instance = (labels & 2) != 0;
    return UND_OK;
}

static const struct field alertmanager_fields[] = {
    {.key = "group_wait",
     .kind = FIELD_DURATION,
     AT(struct alertmanager_config, group_wait_ms),
     RANGE(0, (double)UNITS_DAY),
     .fallback = "30s",
     .help = "before a new group's first flush"},
    {.key = "group_interval",
     .kind = FIELD_DURATION,
     AT(struct alertmanager_config, group_interval_ms),
     RANGE(1000, (double)UNITS_DAY),
     .fallback = "5min",
     .help = "between two flushes of a group"},
    {.key = "repeat_interval",
     .kind = FIELD_DURATION,
     AT(struct alertmanager_config, repeat_interval_ms),
     RANGE(1000, (double)(30 * UNITS_DAY)),
     .fallback = "4h",
     .help = "before an unchanged notification is sent again"},
    {.key = "group_by",
     .kind = FIELD_CUSTOM,
     .read = read_group_by,
     .fallback = "[alertname, instance]",
     .schema = "{type: array, items: {enum: [alertname, instance]}, uniqueItems: true}",
     .help = "labels that tell groups apart"},
    {.key = NULL},
};

const struct table spec_alertmanager = {
    .name = "alertmanager",
    .help = "an Alertmanager",
    .fields = alertmanager_fields,
};
