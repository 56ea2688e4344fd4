/* What rule files and prometheus.yml say of the monitoring, as monitoring_expand.c writes it. */
#include "model/base/assert.h"
#include "spec_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum und_code spec_read_left_out(struct spec *spec, const struct field *field, void *base,
                                 json_t *value, const struct spot *spot)
{
    size_t i;
    json_t *item;
    (void)field;
    if (!json_is_array(value))
        return spec_refuse(spec, spot, value, "a list");
    json_array_foreach (value, i, item) {
        const char *severity = json_string_value(json_object_get(item, "severity"));
        int s = 0;
        while (severity && spec_severities[s] && strcmp(spec_severities[s], severity) != 0)
            s++;
        if (!json_is_string(json_object_get(item, "alert")) || !severity || !spec_severities[s])
            return spec_refuse(spec, spot, item, "alert, severity and why");
        /* null: it never leaves Prometheus */
        if (!json_is_null(json_object_get(item, "labels")))
            spec_leave_out(base, item);
    }
    return UND_OK;
}

void spec_leave_out(struct monitoring *monitoring, const json_t *item)
{
    const char *severity = json_string_value(json_object_get(item, "severity"));
    struct left_out *left = monitoring->left_out;
    size_t n;
    for (int s = 0; strcmp(spec_severities[s], severity) != 0; s++)
        left++;
    n = strlen(left->names);
    if (left->n++ < LEFT_OUT_NAMES)
        snprintf(left->names + n, sizeof left->names - n, "%s%s", n ? ", " : "",
                 json_string_value(json_object_get(item, "alert")));
}

static char *text_of(const json_t *item, const char *key)
{
    const char *text = json_string_value(json_object_get(item, key));
    char *copy = strdup(text ? text : "");
    UND_ASSERT(copy != NULL);
    return copy;
}

static int64_t number_of(const json_t *item, const char *key)
{
    return json_integer_value(json_object_get(item, key));
}

static void read_one_series(const json_t *item, struct series_rule *rule)
{
    const json_t *index = json_object_get(item, "rule");
    char *group = text_of(item, "group");
    *rule = (struct series_rule){.name = text_of(item, "name"),
                                 .expr = text_of(item, "expr"),
                                 .labels = json_dumps(json_object_get(item, "labels"), 0),
                                 .records = json_is_true(json_object_get(item, "records")),
                                 .rule = index ? (int)json_integer_value(index) : -1,
                                 .interval_ms = number_of(item, "interval_ms"),
                                 .for_ms = number_of(item, "for_ms"),
                                 .keep_firing_ms = number_of(item, "keep_firing_ms"),
                                 .offset_ms = number_of(item, "offset_ms"),
                                 .limit = (int)number_of(item, "limit")};
    snprintf(rule->group, sizeof rule->group, "%s", group);
    free(group);
}

/* monitoring_expand.c has written them, from files that are known to be good. */
enum und_code spec_read_series(struct spec *spec, const struct field *field, void *base,
                               json_t *value, const struct spot *spot)
{
    struct monitoring *monitoring = base;
    size_t i;
    json_t *item;
    (void)field;
    if (!json_is_array(value))
        return spec_refuse(spec, spot, value, "a list");
    monitoring->series = calloc(json_array_size(value) + 1, sizeof *monitoring->series);
    UND_ASSERT(monitoring->series != NULL);
    json_array_foreach (value, i, item) {
        struct series_rule *rule = &monitoring->series[i];
        if (!json_is_string(json_object_get(item, "name")) ||
            !json_is_string(json_object_get(item, "expr")) ||
            !json_is_object(json_object_get(item, "labels")))
            return spec_refuse(spec, spot, item, "name, expr and labels of a rule");
        read_one_series(item, rule);
        monitoring->n_series++;
        if (rule->rule < -1 || rule->rule >= monitoring->n_rules ||
            (rule->rule >= 0 && monitoring->rules[rule->rule].signal != SIGNAL_SERIES))
            return spec_refuse(spec, spot, item, "the place of a rule of signal series");
    }
    return UND_OK;
}

/* Targets come in the order of their jobs: `from` is where the last one's was. */
static int job_of(const struct monitoring *monitoring, const char *name, int from)
{
    for (int i = 0; name && i < monitoring->n_jobs; i++) {
        int job = (from + i) % monitoring->n_jobs;
        if (strcmp(monitoring->jobs[job].name, name) == 0)
            return job;
    }
    return -1;
}

/* Likewise; after the jobs. Labels that are null: the job does not scrape that host. */
enum und_code spec_read_targets(struct spec *spec, const struct field *field, void *base,
                                json_t *value, const struct spot *spot)
{
    struct monitoring *monitoring = base;
    int job = 0;
    size_t i;
    json_t *item;
    (void)field;
    if (!json_is_array(value))
        return spec_refuse(spec, spot, value, "a list");
    monitoring->targets = calloc(json_array_size(value) + 1, sizeof *monitoring->targets);
    UND_ASSERT(monitoring->targets != NULL);
    json_array_foreach (value, i, item) {
        const char *host = json_string_value(json_object_get(item, "host"));
        json_t *labels = json_object_get(item, "labels");
        struct scrape_target *to = &monitoring->targets[i];
        to->job = job = job_of(monitoring, json_string_value(json_object_get(item, "job")), job);
        to->host = host ? fleet_host_index(spec->fleet, host) : -1;
        if (to->job < 0 || (host && to->host < 0) ||
            (!json_is_object(labels) && !json_is_null(labels)))
            return spec_refuse(spec, spot, item, "job, host and labels of a target");
        to->labels = json_is_object(labels) ? json_dumps(labels, 0) : NULL;
        monitoring->n_targets++;
    }
    return UND_OK;
}
