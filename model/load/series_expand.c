#include "series_expand.h"

#include "model/base/assert.h"
#include "model/rules/alert_template.h"

#include <stdlib.h>
#include <string.h>

static bool reads_alerts(const struct rule_set *set)
{
    size_t i;
    json_t *record;
    for (int j = 0; j < set->n; j++) {
        if (strstr(set->sources[j].text, "ALERTS"))
            return true;
    }
    json_array_foreach (set->recorded, i, record) {
        if (strstr(json_string_value(json_object_get(record, "text")), "ALERTS"))
            return true;
    }
    return false;
}

bool series_closed_form(struct series_expand *expand, int index)
{
    const struct rule_source *source = &expand->set->sources[index];
    if (expand->alerts == ALERTS_UNKNOWN)
        expand->alerts = reads_alerts(expand->set) ? ALERTS_READ : ALERTS_UNREAD;
    return source->mapped && source->limit == 0 && source->offset_ms == 0 &&
           expand->alerts == ALERTS_UNREAD;
}

void series_expand_find(struct series_expand *expand, int index, struct reach *out)
{
    struct und_err err = {0};
    struct promql *promql;
    if (!expand->world)
        expand->world = reach_open_set(expand->hosts, expand->set);
    promql = promql_parse(expand->set->sources[index].text, expand->set->version, "", &err);
    UND_ASSERT(promql != NULL); /* it was read before */
    reach_find(expand->world, promql, out);
    promql_free(promql);
}

/* The labels of the alert for a result of these labels, which is taken, as they leave for the
 * Alertmanager. */
static json_t *labels_sent(const struct series_expand *expand, int index, json_t *result)
{
    json_t *labels = alert_template_labels(result, expand->set->sources[index].labels, NULL);
    json_decref(result);
    return expand->file ? prometheus_file_send(expand->file, labels) : labels;
}

json_t *series_expand_labels(const struct series_expand *expand, int index,
                             const struct reach *reach, int host)
{
    json_t *result = json_object();
    for (int i = 0; i < reach->of_host[host]->n; i++)
        json_object_set_new(result, reach->of_host[host]->list[i].name,
                            json_string(reach->of_host[host]->list[i].value));
    return labels_sent(expand, index, result);
}

json_t *series_expand_own_labels(const struct series_expand *expand, int index)
{
    return labels_sent(expand, index, json_object());
}

void series_expand_alert(struct series_expand *expand, int index, const char *group, int rule)
{
    const struct rule_source *source = &expand->set->sources[index];
    const struct rule *settings = &expand->set->rules[index];
    json_array_append_new(
        expand->series,
        json_pack("{s:s, s:s, s:s, s:i, s:b, s:i, s:I, s:I, s:I, s:I, s:i, s:O}", "name",
                  source->name, "expr", source->text, "group", group, "position", source->position,
                  "records", 0, "rule", rule, "interval_ms", (json_int_t)settings->interval_ms,
                  "for_ms", (json_int_t)settings->for_ms, "keep_firing_ms",
                  (json_int_t)settings->keep_firing_ms, "offset_ms", (json_int_t)source->offset_ms,
                  "limit", source->limit, "labels", source->labels));
}

void series_expand_record(struct series_expand *expand, const json_t *record, const char *group)
{
    json_array_append_new(
        expand->series,
        json_pack("{s:O, s:O, s:s, s:O, s:b, s:O, s:O, s:O, s:O}", "name",
                  json_object_get(record, "record"), "expr", json_object_get(record, "text"),
                  "group", group, "position", json_object_get(record, "position"), "records", 1,
                  "interval_ms", json_object_get(record, "interval_ms"), "offset_ms",
                  json_object_get(record, "offset_ms"), "limit", json_object_get(record, "limit"),
                  "labels", json_object_get(record, "labels")));
}

static int by_place(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    int order = strcmp(json_string_value(json_object_get(x, "group")),
                       json_string_value(json_object_get(y, "group")));
    json_int_t i = json_integer_value(json_object_get(x, "position"));
    json_int_t j = json_integer_value(json_object_get(y, "position"));
    return order ? order : (i > j) - (i < j);
}

void series_expand_sort(struct series_expand *expand)
{
    size_t n = json_array_size(expand->series), i;
    json_t **list = calloc(n + 1, sizeof *list), *sorted = json_array(), *item;
    UND_ASSERT(list != NULL);
    json_array_foreach (expand->series, i, item)
        list[i] = item;
    qsort(list, n, sizeof *list, by_place);
    for (i = 0; i < n; i++)
        json_array_append(sorted, list[i]);
    free(list);
    json_decref(expand->series);
    expand->series = sorted;
}

void series_expand_fini(struct series_expand *expand)
{
    reach_close(expand->world);
    json_decref(expand->series);
    *expand = (struct series_expand){.series = NULL};
}
