/* The table of a team's own metric. */
#include "spec_tables.h"

#include <ctype.h>
#include <float.h>
#include <stdio.h>
#include <string.h>

static const char *const places[] = {"host", "probe", "fleet", NULL}; /* enum metric_on */

/* In the order of enum metric_from: of a host, of the fleet, and where it is by itself. */
static const char *const quantities[] = {"queue_length",   "oldest_job_age", "busy_slots",
                                         "online_slots",   "idle_slots",     "last_job_duration",
                                         "jobs_succeeded", "jobs_failed",    "host_up",
                                         "runner_up",      "service_up",     "cpu_used",
                                         "memory_used",    "load1",          "load5",
                                         "load15",         "disk_written",   "uptime",
                                         "boot_time",      "time",           NULL};
#define OF_HOST 1u
#define OF_FLEET 2u
static const unsigned whose[FROM_COUNT] = {
    [FROM_QUEUE_LENGTH] = OF_FLEET,
    [FROM_OLDEST_JOB_AGE] = OF_FLEET,
    [FROM_BUSY_SLOTS] = OF_HOST | OF_FLEET,
    [FROM_ONLINE_SLOTS] = OF_HOST | OF_FLEET,
    [FROM_IDLE_SLOTS] = OF_HOST | OF_FLEET,
    [FROM_LAST_JOB_DURATION] = OF_HOST | OF_FLEET,
    [FROM_JOBS_SUCCEEDED] = OF_HOST | OF_FLEET,
    [FROM_JOBS_FAILED] = OF_HOST | OF_FLEET,
    [FROM_HOST_UP] = OF_HOST,
    [FROM_RUNNER_UP] = OF_HOST | OF_FLEET,
    [FROM_SERVICE_UP] = OF_HOST,
    [FROM_CPU_USED] = OF_HOST,
    [FROM_MEMORY_USED] = OF_HOST,
    [FROM_LOAD1] = OF_HOST,
    [FROM_LOAD5] = OF_HOST,
    [FROM_LOAD15] = OF_HOST,
    [FROM_DISK_WRITTEN] = OF_HOST,
    [FROM_UPTIME] = OF_HOST,
    [FROM_BOOT_TIME] = OF_HOST,
    [FROM_TIME] = OF_HOST | OF_FLEET,
};

/* [a-zA-Z_][a-zA-Z0-9_]*, and colons where they may be */
static bool is_name(const char *text, bool colons)
{
    if (!isalpha((unsigned char)*text) && *text != '_' && !(colons && *text == ':'))
        return false;
    for (; *text; text++) {
        if (!isalnum((unsigned char)*text) && *text != '_' && !(colons && *text == ':'))
            return false;
    }
    return true;
}

static enum und_code read_name(struct spec *spec, const struct field *field, void *base,
                               json_t *value, const struct spot *spot)
{
    struct own_metric *metric = base;
    const char *text = json_string_value(value);
    (void)field;
    if (!text || strlen(text) >= METRIC_NAME || !is_name(text, true))
        return spec_refuse(spec, spot, value, "the name of a metric: letters, digits, _ and :");
    if (strcmp(text, "up") == 0 || strncmp(text, "scrape_", 7) == 0 ||
        strncmp(text, "ALERTS", 6) == 0)
        return spec_refuse(spec, spot, value, "a name that Prometheus does not write itself");
    snprintf(metric->name, sizeof metric->name, "%s", text);
    return UND_OK;
}

static enum und_code read_labels(struct spec *spec, const struct field *field, void *base,
                                 json_t *value, const struct spot *spot)
{
    struct own_metric *metric = base;
    const char *name;
    json_t *text;
    (void)field;
    if (!json_is_object(value) || json_object_size(value) > METRIC_LABELS)
        return spec_refuse(spec, spot, value, "a mapping of at most 8 labels");
    json_object_foreach (value, name, text) {
        struct spot at = doc_member(spec->doc, value, name);
        struct metric_label *label = &metric->labels[metric->n_labels];
        if (!is_name(name, false) || strlen(name) >= FLEET_NAME || strncmp(name, "__", 2) == 0)
            return doc_fail(&at, spec->err,
                            "want the name of a label: letters, digits and _, not __ first");
        if (!json_is_string(text) || json_string_length(text) >= FLEET_NAME)
            return spec_refuse(spec, &at, text, "a text of at most 63 bytes");
        snprintf(label->name, sizeof label->name, "%s", name);
        snprintf(label->value, sizeof label->value, "%s", json_string_value(text));
        metric->n_labels++;
    }
    return UND_OK;
}

static const struct field metric_fields[] = {
    {.key = "name",
     .kind = FIELD_CUSTOM,
     .read = read_name,
     .schema = "{type: string, pattern: '^[a-zA-Z_:][a-zA-Z0-9_:]*$', maxLength: 127, not: "
               "{pattern: '^(up$|scrape_|ALERTS)'}}",
     .required = true,
     .help = "of the metric; in place of what the model exports by that name"},
    {.key = "labels",
     .kind = FIELD_CUSTOM,
     .read = read_labels,
     .schema = "{type: object, additionalProperties: {type: string, maxLength: 63}}",
     .help = "its labels besides instance and job, which are its target's unless given here"},
    {.key = "value",
     .kind = FIELD_NUMBER,
     AT(struct own_metric, value),
     HAS(struct own_metric, constant),
     RANGE(-DBL_MAX, DBL_MAX),
     .help = "a constant; or else from"},
    {.key = "from",
     .kind = FIELD_ENUM,
     AT(struct own_metric, from),
     .names = quantities,
     .help = "a quantity of the model, in seconds, bytes and shares of 1"},
    {.key = "on",
     .kind = FIELD_ENUM,
     AT(struct own_metric, on),
     .names = places,
     .help = "host: each host exports it, and it is gone with the host; probe: something beside "
             "the server says it of each host; fleet: one series. Left out: fleet for "
             "queue_length and oldest_job_age, probe for host_up and runner_up, else host"},
    {.key = NULL},
};

static enum metric_on usual_place(const struct own_metric *metric)
{
    if (metric->constant)
        return METRIC_ON_HOST;
    if (whose[metric->from] == OF_FLEET)
        return METRIC_ON_FLEET;
    return metric->from == FROM_HOST_UP || metric->from == FROM_RUNNER_UP ? METRIC_ON_PROBE
                                                                          : METRIC_ON_HOST;
}

static enum und_code check_metric(struct spec *spec, void *base, json_t *mapping,
                                  const struct spot *whole)
{
    struct own_metric *metric = base;
    bool from = json_object_get(mapping, "from") != NULL, on = json_object_get(mapping, "on");
    struct spot spot;
    if (from == metric->constant)
        return spec_fail_key(spec, mapping, whole, from ? "from" : "value",
                             from ? "either value or from is wanted: one too many"
                                  : "either value or from is wanted: missing");
    if (!on)
        metric->on = usual_place(metric);
    spot = spec_spot(spec, mapping, "on", whole);
    if (from && metric->on == METRIC_ON_FLEET && !(whose[metric->from] & OF_FLEET))
        return doc_fail(&spot, spec->err, "got fleet, but %s is a host's: want host or probe",
                        quantities[metric->from]);
    if (from && metric->on != METRIC_ON_FLEET && !(whose[metric->from] & OF_HOST))
        return doc_fail(&spot, spec->err, "got %s, but %s is the fleet's: want fleet",
                        places[metric->on], quantities[metric->from]);
    for (int i = 0; metric->on != METRIC_ON_FLEET && i < metric->n_labels; i++) {
        if (strcmp(metric->labels[i].name, "instance") == 0)
            return spec_fail_key(spec, mapping, whole, "labels",
                                 "instance is the host's, unless it is on: fleet");
    }
    return UND_OK;
}

const struct table spec_metric = {
    .name = "metric",
    .help = "a series of one's own, constant or a quantity of the model",
    .fields = metric_fields,
    .check = check_metric,
    .rules = "{oneOf: [{required: [value]}, {required: [from]}]}",
};

static const struct field a_metric = {.kind = FIELD_TABLE, .table = &spec_metric};
static const struct field metric_list = {.key = "metrics",
                                         .kind = FIELD_LIST,
                                         AT(struct monitoring, metrics),
                                         .size = FLEET_METRICS,
                                         .item = &a_metric,
                                         .stride = sizeof(struct own_metric),
                                         .count_at = offsetof(struct monitoring, n_metrics)};

enum und_code spec_read_metrics(struct spec *spec, struct monitoring *monitoring, json_t *list,
                                const struct spot *spot)
{
    return spec_read_field(spec, &metric_list, monitoring, list, spot);
}

/* --- against each other ---------------------------------------------------------------------- */

static bool has_label(const struct own_metric *metric, const struct metric_label *label)
{
    for (int i = 0; i < metric->n_labels; i++) {
        if (strcmp(metric->labels[i].name, label->name) == 0)
            return strcmp(metric->labels[i].value, label->value) == 0;
    }
    return false;
}

static bool same_series(const struct own_metric *a, const struct own_metric *b)
{
    if (strcmp(a->name, b->name) != 0 || a->on != b->on || a->n_labels != b->n_labels)
        return false;
    for (int i = 0; i < a->n_labels; i++) {
        if (!has_label(b, &a->labels[i]))
            return false;
    }
    return true;
}

enum und_code spec_check_metrics(struct spec *spec, const struct monitoring *monitoring,
                                 json_t *list)
{
    for (int i = 0; i < monitoring->n_metrics; i++) {
        for (int j = 0; j < i; j++) {
            struct spot spot;
            if (!same_series(&monitoring->metrics[i], &monitoring->metrics[j]))
                continue;
            spot = doc_item(spec->doc, list, (size_t)i, "metrics");
            return doc_fail(&spot, spec->err, "%s with these labels is there twice",
                            monitoring->metrics[i].name);
        }
    }
    return UND_OK;
}
