/* The tables of Prometheus, its inline alert rules and Alertmanager. */
#include "model/base/units.h"
#include "spec_tables.h"

#include <stdio.h>
#include <string.h>

const char *const spec_severities[] = {"info", "warning", "critical", "page", NULL};
const char *const spec_signals[] = {"up",     "absent", "cpu",          "cpu-irate",
                                    "memory", "disk",   "job-duration", NULL};
static const char *const group_labels[] = {"alertname", "instance", NULL};

/* --- rules --- */

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
    bool bare = rule->signal == SIGNAL_UP || rule->signal == SIGNAL_ABSENT;
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

static const struct table rule_table = {
    .name = "rule",
    .help = "an alert rule",
    .fields = rule_fields,
    .check = check_rule,
    .rules = "{if: {properties: {signal: {enum: [up, absent]}}}, then: {properties: {above: false, "
             "below: false}}, else: {oneOf: [{required: [above]}, {required: [below]}]}}",
};

static const struct field a_rule = {.kind = FIELD_TABLE, .table = &rule_table};
static const struct field rule_list = {.key = "rules",
                                       .kind = FIELD_LIST,
                                       AT(struct monitoring, rules),
                                       .size = FLEET_RULES,
                                       .item = &a_rule,
                                       .stride = sizeof(struct rule),
                                       .count_at = offsetof(struct monitoring, n_rules)};

/* Paths of rule files have become lists by now (monitoring_expand.c). */
static enum und_code read_rules(struct spec *spec, const struct field *field, void *base,
                                json_t *value, const struct spot *spot)
{
    (void)field;
    return spec_read_field(spec, &rule_list, base, value, spot);
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
            /* Prometheus takes two of a name; here it is more likely a slip. */
            if (strcmp(rule->name, other->name) == 0 && strcmp(rule->group, other->group) == 0 &&
                rule->severity == other->severity && !json_object_get(mapping, "alerts"))
                return doc_fail(&spot, spec->err, "an alert of this name is in the group already");
            spot = spec_spot(spec, mapping, "interval", &whole);
            if (strcmp(rule->group, other->group) == 0 && rule->interval_ms != other->interval_ms)
                return doc_fail(&spot, spec->err, "differs from that of the group's first rule");
        }
    }
    return UND_OK;
}

/* --- Prometheus --- */

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

/* Counted by severity, with the first names. */
static enum und_code read_left_out(struct spec *spec, const struct field *field, void *base,
                                   json_t *value, const struct spot *spot)
{
    struct monitoring *monitoring = base;
    size_t i;
    json_t *item;
    (void)field;
    if (!json_is_array(value))
        return spec_refuse(spec, spot, value, "a list");
    json_array_foreach (value, i, item) {
        const char *name = json_string_value(json_object_get(item, "alert"));
        const char *severity = json_string_value(json_object_get(item, "severity"));
        int s = 0;
        while (severity && spec_severities[s] && strcmp(spec_severities[s], severity) != 0)
            s++;
        if (!name || !severity || !spec_severities[s])
            return spec_refuse(spec, spot, item, "alert, severity and why");
        struct left_out *left = &monitoring->left_out[s];
        size_t n = strlen(left->names);
        if (left->n++ < LEFT_OUT_NAMES)
            snprintf(left->names + n, sizeof left->names - n, "%s%s", n ? ", " : "", name);
    }
    return UND_OK;
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
     .count_at = offsetof(struct monitoring, n_jobs),
     .referred = true,
     .help = "scrape jobs with times of their own. Left out: one"},
    {.key = "rules",
     .kind = FIELD_CUSTOM,
     .read = read_rules,
     .fallback = "[]",
     .schema = "{anyOf: [{type: string}, {type: array, items: {type: string}}, {type: array, "
               "maxItems: 256, items: {$ref: '#/$defs/rule'}}]}",
     .table = &rule_table,
     .help = "alert rules: a list, or the path of a Prometheus rule file, or a list of paths"},
    {.key = "ignore",
     .kind = FIELD_CUSTOM,
     .read = read_elsewhere,
     .schema = "{type: array, items: {type: string}}",
     .help = "alerts of the rule files that this fleet leaves out"},
    {.key = "left_out",
     .kind = FIELD_CUSTOM,
     .read = read_left_out,
     .schema = "{type: array, items: {type: object}}",
     .help = "alerts of the rule files that are not simulated: rule files give them"},
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
    if (check_jobs(spec, monitoring, json_object_get(mapping, "jobs")) != UND_OK)
        return UND_USAGE;
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
