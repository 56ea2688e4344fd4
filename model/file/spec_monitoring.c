/* The tables of Prometheus and Alertmanager; alert rules apart. */
#include "model/base/assert.h"
#include "model/base/units.h"
#include "spec_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const group_labels[] = {"alertname", "instance", NULL};

/* --- Prometheus --- */

static const struct field a_rule = {.kind = FIELD_TABLE, .table = &spec_rule};

/* Paths of rule files have become lists by now (monitoring_expand.c). */
static enum und_code read_rules(struct spec *spec, const struct field *field, void *base,
                                json_t *value, const struct spot *spot)
{
    struct monitoring *monitoring = base;
    enum und_code code = UND_OK;
    size_t i;
    json_t *item;
    (void)field;
    if (!json_is_array(value))
        return spec_refuse(spec, spot, value, "a list of rules, or the path of a rule file");
    if (json_array_size(value) > FLEET_RULES)
        return doc_fail(spot, spec->err, "got a list of %zu, want at most %d",
                        json_array_size(value), FLEET_RULES);
    monitoring->rules = calloc(json_array_size(value) + 1, sizeof *monitoring->rules);
    UND_ASSERT(monitoring->rules != NULL);
    json_array_foreach (value, i, item) {
        struct spot at = doc_item(spec->doc, value, i, "rules");
        struct rule *rule = &monitoring->rules[monitoring->n_rules++];
        if (spec_read_field(spec, &a_rule, rule, item, &at) == UND_OK)
            continue;
        code = UND_USAGE;
        if (!und_note(spec->err))
            break;
    }
    return code;
}

static const struct field job_fields[] = {
    {.key = "name",
     .kind = FIELD_TEXT,
     TEXT(struct scrape_job, name),
     .required = true,
     .help = "job_name of prometheus.yml"},
    {.key = "scrape_interval",
     .kind = FIELD_DURATION,
     AT(struct scrape_job, interval_ms),
     RANGE(0, (double)UNITS_HOUR),
     .fallback = "0s",
     .help = "0s: that of the monitoring"},
    {.key = "scrape_timeout",
     .kind = FIELD_DURATION,
     AT(struct scrape_job, timeout_ms),
     RANGE(0, (double)UNITS_HOUR),
     .fallback = "0s",
     .help = "0s: that of the monitoring"},
    {.key = NULL},
};

static const struct table job_table = {
    .name = "job",
    .help = "a scrape job that finds every host",
    .fields = job_fields,
};

static const struct field a_job = {.kind = FIELD_TABLE, .table = &job_table};

/* A path, or names, that monitoring_expand.c has used by now. */
static enum und_code read_elsewhere(struct spec *spec, const struct field *field, void *base,
                                    json_t *value, const struct spot *spot)
{
    size_t i;
    json_t *item;
    (void)base;
    if (strcmp(field->key, "ignore") != 0)
        return json_is_string(value) ? UND_OK : spec_refuse(spec, spot, value, "a text");
    if (!json_is_array(value))
        return spec_refuse(spec, spot, value, "a list of names of alerts");
    json_array_foreach (value, i, item) {
        struct spot at = doc_item(spec->doc, value, i, field->key);
        if (!json_is_string(item))
            return spec_refuse(spec, &at, item, "the name of an alert");
    }
    return UND_OK;
}

static enum und_code read_metrics(struct spec *spec, const struct field *field, void *base,
                                  json_t *value, const struct spot *spot)
{
    (void)field;
    return spec_read_metrics(spec, base, value, spot);
}

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
    {.key = "prometheus",
     .kind = FIELD_INT,
     AT(struct monitoring, prometheus),
     RANGE(2, 3),
     .fallback = "2",
     .help = "the server's version, whose PromQL the rules are"},
    {.key = "unreachable_after",
     .kind = FIELD_DURATION,
     AT(struct monitoring, unreachable_ms),
     RANGE(1000, (double)UNITS_DAY),
     .fallback = "3070ms",
     .help = "a scrape of a host that is gone from the same LAN fails after this (ARP: "
             "EHOSTUNREACH), at the latest at its time-out"},
    {.key = "jobs",
     .kind = FIELD_LIST,
     AT(struct monitoring, jobs),
     .size = FLEET_JOBS,
     .item = &a_job,
     .stride = sizeof(struct scrape_job),
     .owned = true,
     .count_at = offsetof(struct monitoring, n_jobs),
     .referred = true,
     .help = "scrape jobs with times of their own. Left out: one"},
    {.key = "rules",
     .kind = FIELD_CUSTOM,
     .read = read_rules,
     .fallback = "[]",
     .schema = "{anyOf: [{type: string}, {type: array, items: {type: string}}, {type: array, "
               "maxItems: 16384, items: {$ref: '#/$defs/rule'}}]}",
     .table = &spec_rule,
     .help = "alert rules: a list, or the path of a Prometheus rule file, or a list of paths"},
    {.key = "ignore",
     .kind = FIELD_CUSTOM,
     .read = read_elsewhere,
     .schema = "{type: array, items: {type: string}}",
     .help = "alerts of the rule files that this fleet leaves out"},
    {.key = "left_out",
     .kind = FIELD_CUSTOM,
     .read = spec_read_left_out,
     .schema = "{type: array, items: {type: object}}",
     .help = "alerts of the rule files that never fire here: rule files give them"},
    {.key = "series",
     .kind = FIELD_CUSTOM,
     .read = spec_read_series,
     .schema = "{type: array, items: {type: object}}",
     .help = "rules that are evaluated on the simulated series: rule files give them"},
    {.key = "metrics",
     .kind = FIELD_CUSTOM,
     .read = read_metrics,
     .schema = "{type: array, maxItems: 64, items: {$ref: '#/$defs/metric'}}",
     .table = &spec_metric,
     .help = "series of one's own that rules may read"},
    {.key = "targets",
     .kind = FIELD_CUSTOM,
     .read = spec_read_targets,
     .schema = "{type: array, items: {type: object}}",
     .help = "labels of the targets of the scrape jobs: config gives them"},
    {.key = "config",
     .kind = FIELD_CUSTOM,
     .read = read_elsewhere,
     .schema = "{type: string}",
     .help = "path of a prometheus.yml: intervals, jobs and rule files that this fleet does not "
             "give itself"},
    {.key = NULL},
};

/* What a job does not say itself is the monitoring's. */
static enum und_code check_jobs(struct spec *spec, struct monitoring *monitoring, json_t *list)
{
    for (int i = 0; i < monitoring->n_jobs; i++) {
        struct scrape_job *job = &monitoring->jobs[i];
        struct spot spot = doc_item(spec->doc, list, (size_t)i, "jobs");
        bool own = job->timeout_ms > 0;
        if (job->interval_ms == 0)
            job->interval_ms = monitoring->scrape_interval_ms;
        if (!own)
            job->timeout_ms = monitoring->scrape_timeout_ms;
        if (job->timeout_ms <= job->interval_ms)
            continue;
        if (own)
            return doc_fail(&spot, spec->err, "scrape_timeout is above scrape_interval");
        job->timeout_ms = job->interval_ms;
    }
    return UND_OK;
}

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
    if (check_jobs(spec, monitoring, json_object_get(mapping, "jobs")) != UND_OK ||
        spec_check_metrics(spec, monitoring, json_object_get(mapping, "metrics")) != UND_OK)
        return UND_USAGE;
    return json_is_array(rules) ? spec_check_rules(spec, monitoring, rules) : UND_OK;
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

static enum und_code read_send_resolved(struct spec *spec, const struct field *field, void *base,
                                        json_t *value, const struct spot *spot)
{
    struct alertmanager_config *alertmanager = base;
    (void)field;
    if (!json_is_boolean(value))
        return spec_refuse(spec, spot, value, "true or false");
    alertmanager->silent_resolved = json_is_false(value);
    return UND_OK;
}

static const struct field alertmanager_fields[] = {
    {.key = "config",
     .kind = FIELD_CUSTOM,
     .read = read_elsewhere,
     .schema = "{type: string}",
     .help =
         "path of an alertmanager.yml: routes and inhibition; the times below, where this fleet "
         "gives them, then hold for every route"},
    {.key = "receiver",
     .kind = FIELD_CUSTOM,
     .read = read_elsewhere,
     .schema = "{type: string}",
     .help = "the receiver by which the controller hears. Left out: every one with a webhook"},
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
    {.key = "send_resolved",
     .kind = FIELD_CUSTOM,
     .read = read_send_resolved,
     .fallback = "true",
     .schema = "{type: boolean}",
     .help = "the controller's webhook is told of what has resolved"},
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
