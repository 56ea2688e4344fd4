#include "rule_file.h"

#include "model/base/assert.h"
#include "model/policy/policy_names.h"
#include "prom_doc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct rule_reader {
    struct prom_reader prom;
    struct rule_set *set;
    bool records; /* this pass takes the recording rules, the other one the alerts */
};

struct rule_set *rule_set_new(void)
{
    struct rule_set *set = calloc(1, sizeof *set);
    UND_ASSERT(set != NULL);
    set->notes = json_array();
    return set;
}

void rule_set_free(struct rule_set *set)
{
    if (!set)
        return;
    for (int i = 0; i < set->n_records; i++) {
        free((char *)set->records[i].name);
        promql_free((struct promql *)set->records[i].promql);
    }
    for (int i = 0; i < set->n; i++)
        json_decref(set->sources[i].labels);
    json_decref(set->notes);
    free(set);
}

/* --- recording rules ------------------------------------------------------------------------- */

static enum und_code read_record(struct rule_reader *reader, const json_t *rule)
{
    struct rule_set *set = reader->set;
    struct spot spot = doc_member(reader->prom.doc, rule, "record");
    struct spot expr = doc_member(reader->prom.doc, rule, "expr");
    char name[LABEL_NAME], text[RULE_FILE_EXPR], place[DOC_WHERE];
    struct promql *promql;
    if (prom_text(&reader->prom, rule, "record", name, sizeof name) ||
        prom_text(&reader->prom, rule, "expr", text, sizeof text))
        return UND_USAGE;
    if (!promql_is_name(name))
        return doc_fail(&spot, reader->prom.err, "got '%s', want a metric's name", name);
    if (prom_has(rule, "for") || prom_has(rule, "keep_firing_for") || prom_has(rule, "annotations"))
        return doc_fail(&spot, reader->prom.err,
                        "a recording rule has no for, keep_firing_for or annotations");
    if (set->n_records == RULE_FILE_RECORDS)
        return doc_fail(&spot, reader->prom.err, "more than %d recording rules", RULE_FILE_RECORDS);
    promql = promql_parse(text, PROMQL_2, doc_where(&expr, place), reader->prom.err);
    if (!promql)
        return UND_USAGE;
    set->records[set->n_records++] = (struct promql_record){.name = strdup(name), .promql = promql};
    return UND_OK;
}

/* --- alerts ---------------------------------------------------------------------------------- */

static enum und_code read_labels(struct rule_reader *reader, const json_t *mapping, json_t *labels)
{
    struct spot spot = doc_member(reader->prom.doc, mapping, "labels");
    json_t *given = json_object_get(mapping, "labels"), *value;
    const char *key;
    char shown[DOC_SHOWN];
    if (!prom_has(mapping, "labels"))
        return UND_OK;
    if (!json_is_object(given))
        return doc_fail(&spot, reader->prom.err, "got %s, want a mapping", doc_show(given, shown));
    json_object_foreach(given, key, value)
    {
        struct spot at = doc_member(reader->prom.doc, given, key);
        char text[FLEET_PATH];
        if (!promql_is_name(key) || strchr(key, ':') || strcmp(key, "__name__") == 0)
            return doc_fail(&at, reader->prom.err, "no valid name of a label");
        if (prom_text(&reader->prom, given, key, text, sizeof text))
            return UND_USAGE;
        if (strstr(text, "{{"))
            return doc_fail(&at, reader->prom.err,
                            "got a template (%s), want a fixed text: its alerts would be told "
                            "apart and routed by what only a running server knows",
                            doc_show(value, shown));
        json_object_set_new(labels, key, json_string(text));
    }
    return UND_OK;
}

static void read_severity(struct rule_reader *reader, const json_t *labels, struct rule *rule,
                          const struct spot *spot)
{
    const char *text = json_string_value(json_object_get(labels, "severity"));
    rule->severity = SEVERITY_WARNING;
    for (int i = 0; text && i < SEVERITY_COUNT; i++) {
        if (strcasecmp(text, policy_severity_name((enum severity)i)) == 0) {
            rule->severity = (enum severity)i;
            return;
        }
    }
    if (text)
        prom_note(&reader->prom, spot,
                  "%s: severity %s is none of info, warning, critical, page: taken as warning",
                  rule->name, text);
}

/* Finds the signal, or says what is in the way. */
static enum und_code map_rule(struct rule_reader *reader, const struct promql *promql,
                              struct rule *rule, struct rule_source *source)
{
    struct promql_signal signal;
    struct und_err why = {0};
    char place[RULE_FILE_EXPR];
    if (promql_signal(&signal, promql, reader->set->records, reader->set->n_records, "", &why) !=
        UND_OK) {
        snprintf(source->why, sizeof source->why, "%.*s", (int)sizeof source->why - 1,
                 why.text + 2);
        if (reader->set->lenient)
            return UND_OK;
        snprintf(place, sizeof place, "%.200s:%d: %.60s: %.200s", source->file, source->expr_line,
                 rule->name, source->expr);
        return und_fail(reader->prom.err, UND_USAGE, "%s: cannot be mapped to a signal: %.180s",
                        place, source->why);
    }
    source->mapped = true;
    rule->signal = signal.signal;
    rule->below = signal.below;
    rule->threshold_pm = signal.threshold_pm;
    rule->window_ms = signal.window_ms;
    memcpy(source->why, signal.why, sizeof source->why);
    memcpy(source->matchers, signal.matchers, sizeof source->matchers);
    source->n_matchers = signal.n_matchers;
    struct spot spot = {.file = source->file, .line = source->expr_line};
    if (signal.rounded)
        prom_note(&reader->prom, &spot, "%s: the threshold is rounded to %.1f%%", rule->name,
                  (double)rule->threshold_pm / 10);
    if (signal.per_cpu)
        prom_note(&reader->prom, &spot,
                  "%s: each CPU is an alert of its own; the model takes the mean of a host's CPUs",
                  rule->name);
    return UND_OK;
}

static bool is_ignored(const struct rule_set *set, const char *name)
{
    size_t i;
    json_t *value;
    json_array_foreach(set->ignored, i, value)
    {
        if (strcmp(json_string_value(value), name) == 0)
            return true;
    }
    return false;
}

static enum und_code read_alert_times(struct rule_reader *reader, const json_t *mapping,
                                      struct rule *rule)
{
    return prom_duration(&reader->prom, mapping, "for", &rule->for_ms) ||
                   prom_duration(&reader->prom, mapping, "keep_firing_for", &rule->keep_firing_ms)
               ? UND_USAGE
               : UND_OK;
}

static enum und_code read_alert(struct rule_reader *reader, const json_t *mapping,
                                const struct rule *of_group)
{
    struct rule_set *set = reader->set;
    struct rule *rule = &set->rules[set->n];
    struct rule_source *source = &set->sources[set->n];
    struct spot spot = doc_member(reader->prom.doc, mapping, "alert");
    struct spot expr = doc_member(reader->prom.doc, mapping, "expr");
    char text[RULE_FILE_EXPR], name[FLEET_NAME], place[DOC_WHERE];
    struct promql *promql;
    enum und_code code;
    if (prom_text(&reader->prom, mapping, "alert", name, sizeof name) ||
        prom_text(&reader->prom, mapping, "expr", text, sizeof text))
        return UND_USAGE;
    promql = promql_parse(text, PROMQL_2, doc_where(&expr, place), reader->prom.err);
    if (!promql)
        return UND_USAGE;
    if (is_ignored(set, name)) {
        promql_free(promql);
        prom_note(&reader->prom, &spot, "%s is left out, as asked for", name);
        return UND_OK;
    }
    if (set->n == FLEET_RULES) {
        promql_free(promql);
        return doc_fail(&spot, reader->prom.err, "more than %d alerting rules", FLEET_RULES);
    }
    *rule = *of_group;
    memcpy(rule->name, name, sizeof rule->name);
    *source = (struct rule_source){.line = spot.line, .expr_line = expr.line};
    snprintf(source->file, sizeof source->file, "%s", spot.file);
    promql_print(promql->root, source->expr, sizeof source->expr);
    source->labels = json_pack("{s:s}", "alertname", rule->name);
    set->n++;
    code = read_labels(reader, mapping, source->labels) || read_alert_times(reader, mapping, rule)
               ? UND_USAGE
               : UND_OK;
    if (code == UND_OK) {
        read_severity(reader, source->labels, rule, &spot);
        code = map_rule(reader, promql, rule, source);
    }
    promql_free(promql);
    return code;
}

/* --- groups and files ------------------------------------------------------------------------ */

static enum und_code read_rule(struct rule_reader *reader, const json_t *mapping,
                               const struct spot *spot, const struct rule *of_group)
{
    static const char *const keys[] = {"alert",       "record",          "expr", "for", "labels",
                                       "annotations", "keep_firing_for", NULL};
    bool alert, record;
    if (prom_mapping(&reader->prom, mapping, spot, keys, NULL))
        return UND_USAGE;
    alert = prom_has(mapping, "alert");
    record = prom_has(mapping, "record");
    if (alert == record)
        return doc_fail(spot, reader->prom.err, "%s",
                        alert ? "got both alert and record, want one"
                              : "got neither alert nor record");
    if (!prom_has(mapping, "expr")) {
        struct spot at = doc_member(reader->prom.doc, mapping, alert ? "alert" : "record");
        char shown[DOC_SHOWN];
        return doc_fail(&at, reader->prom.err, "%s has no expr",
                        doc_show(json_object_get(mapping, alert ? "alert" : "record"), shown));
    }
    if (reader->records)
        return record ? read_record(reader, mapping) : UND_OK;
    return alert ? read_alert(reader, mapping, of_group) : UND_OK;
}

static enum und_code read_group(struct rule_reader *reader, const json_t *mapping,
                                const struct spot *spot, const json_t *groups, size_t index)
{
    static const char *const keys[] = {"name", "interval", "rules", NULL};
    static const char *const unused[] = {"limit", "query_offset", "labels",
                                         "partial_response_strategy", NULL};
    struct prom_reader prom = reader->prom;
    struct rule of_group = {.interval_ms = 0};
    json_t *rules, *rule;
    size_t i;
    if (reader->records)
        prom.notes = NULL; /* said in the other pass */
    if (prom_mapping(&prom, mapping, spot, keys, unused))
        return UND_USAGE;
    if (prom_text(&prom, mapping, "name", of_group.group, sizeof of_group.group) ||
        prom_duration(&prom, mapping, "interval", &of_group.interval_ms) ||
        prom_list(&prom, mapping, "rules", &rules))
        return UND_USAGE;
    if (of_group.group[0] == '\0')
        return doc_fail(spot, prom.err, "a group without a name");
    for (i = 0; i < index; i++) {
        const char *other = json_string_value(json_object_get(json_array_get(groups, i), "name"));
        struct spot at = doc_member(reader->prom.doc, mapping, "name");
        if (other && strcmp(other, of_group.group) == 0)
            return doc_fail(&at, prom.err, "a group of the name '%s' stands there already", other);
    }
    json_array_foreach(rules, i, rule)
    {
        struct spot at = doc_item(reader->prom.doc, rules, i, "rules");
        if (read_rule(reader, rule, &at, &of_group))
            return UND_USAGE;
    }
    return UND_OK;
}

static enum und_code read_file(struct rule_reader *reader, const char *path)
{
    static const char *const keys[] = {"groups", NULL};
    struct doc doc;
    json_t *root = NULL, *groups = NULL, *group;
    enum und_code code;
    size_t i;
    doc_init(&doc);
    reader->prom.doc = &doc;
    code = doc_load(&doc, path, &root, reader->prom.err);
    if (code == UND_OK) {
        struct spot spot = doc_root(&doc, root);
        code = prom_mapping(&reader->prom, root, &spot, keys, NULL);
    }
    if (code == UND_OK)
        code = prom_list(&reader->prom, root, "groups", &groups);
    json_array_foreach(groups, i, group)
    {
        struct spot spot = doc_item(&doc, groups, i, "groups");
        if (code == UND_OK)
            code = read_group(reader, group, &spot, groups, i);
    }
    json_decref(root);
    doc_fini(&doc);
    return code;
}

enum und_code rule_set_read(struct rule_set *set, const char *const *paths, int n_paths,
                            struct und_err *err)
{
    struct rule_reader reader = {.set = set, .prom = {.notes = set->notes, .err = err}};
    for (int pass = 0; pass < 2; pass++) {
        reader.records = pass == 0;
        for (int i = 0; i < n_paths; i++) {
            if (read_file(&reader, paths[i]))
                return UND_USAGE;
        }
    }
    return UND_OK;
}
