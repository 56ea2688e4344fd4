/* One rule of a file: an alert or a recording. */
#include "rule_reader.h"

#include "model/base/assert.h"
#include "model/policy/policy_names.h"
#include "template_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static char *copy_text(const char *text)
{
    char *copy = strdup(text);
    UND_ASSERT(copy != NULL);
    return copy;
}

void rule_cut_name(char to[FLEET_NAME], const char *from)
{
    size_t n = strlen(from);
    if (n >= FLEET_NAME) {
        n = FLEET_NAME - 1;
        while (n > 0 && ((unsigned char)from[n] & 0xC0) == 0x80)
            n--;
    }
    memcpy(to, from, n);
    memset(to + n, 0, FLEET_NAME - n);
}

/* --- labels ---------------------------------------------------------------------------------- */

enum und_code rule_read_labels(struct rule_reader *reader, const json_t *mapping, const char *key,
                               json_t *labels)
{
    struct spot spot = doc_member(reader->prom.doc, mapping, key);
    json_t *given = json_object_get(mapping, key), *value;
    const char *name;
    char shown[DOC_SHOWN], why[TEMPLATE_WHY];
    if (!prom_has(mapping, key))
        return UND_OK;
    if (!json_is_object(given))
        return doc_fail(&spot, reader->prom.err, "got %s, want a mapping", prom_show(given, shown));
    json_object_foreach (given, name, value) {
        struct spot at = doc_member(reader->prom.doc, given, name);
        if (!prom_is_label(reader->set->version, name) || (labels && strcmp(name, "__name__") == 0))
            return doc_fail(&at, reader->prom.err, "no valid name of a label");
        if (!json_is_string(value) && !json_is_null(value))
            return doc_fail(&at, reader->prom.err, "got %s, want a text", prom_show(value, shown));
        if (json_is_string(value) && !template_check(json_string_value(value), why))
            return doc_fail(&at, reader->prom.err, "its template does not parse: %s", why);
        if (labels)
            json_object_set_new(labels, name,
                                json_is_null(value) ? json_string("") : json_incref(value));
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

/* --- recording rules ------------------------------------------------------------------------- */

static void add_record(struct rule_set *set, const char *name, struct promql *promql)
{
    if (set->n_records == set->records_capacity) {
        set->records_capacity = set->records_capacity ? 2 * set->records_capacity : 16;
        set->records = realloc(set->records, (size_t)set->records_capacity * sizeof *set->records);
        UND_ASSERT(set->records != NULL);
    }
    set->records[set->n_records++] =
        (struct promql_record){.name = copy_text(name), .promql = promql};
}

static enum und_code read_record(struct rule_reader *reader, const json_t *rule,
                                 const struct rule_group *group)
{
    struct spot spot = doc_member(reader->prom.doc, rule, "record");
    struct spot expr = doc_member(reader->prom.doc, rule, "expr");
    const char *name, *text;
    char place[DOC_WHERE], shown[RULE_FILE_EXPR];
    json_t *labels;
    struct promql *promql;
    if (prom_string(&reader->prom, rule, "record", &name) ||
        prom_string(&reader->prom, rule, "expr", &text))
        return UND_USAGE;
    if (!prom_is_name(reader->set->version, name))
        return doc_fail(&spot, reader->prom.err, "got '%.100s', want a metric's name", name);
    if (prom_has(rule, "for") || prom_has(rule, "keep_firing_for") || prom_has(rule, "annotations"))
        return doc_fail(&spot, reader->prom.err,
                        "a recording rule has no for, keep_firing_for or annotations");
    labels = json_copy(group->labels);
    if (rule_read_labels(reader, rule, "labels", labels) ||
        (promql = promql_parse(text, reader->set->version, doc_where(&expr, place),
                               reader->prom.err)) == NULL) {
        json_decref(labels);
        return UND_USAGE;
    }
    promql_print(promql->root, shown, sizeof shown);
    json_array_append_new(
        reader->set->recorded,
        json_pack("{s:s, s:s, s:s, s:i, s:I, s:I, s:i, s:s, s:s, s:o}", "record", name, "file",
                  reader->file, "group", group->name, "position", group->position, "interval_ms",
                  (json_int_t)group->rule.interval_ms, "offset_ms", (json_int_t)group->offset_ms,
                  "limit", group->limit, "expr", shown, "text", text, "labels", labels));
    add_record(reader->set, name, promql);
    return UND_OK;
}

/* --- alerts ---------------------------------------------------------------------------------- */

/* A recorded metric is as old as its group's last evaluation: nothing to an alert that follows it
 * in its own group, up to an interval to any other. */
static void note_record(struct rule_reader *reader, const char *name, const struct rule *rule,
                        const struct rule_source *source)
{
    struct spot spot = {.file = source->file, .line = source->expr_line};
    size_t i;
    json_t *record;
    json_array_foreach (reader->set->recorded, i, record) {
        const char *group = json_string_value(json_object_get(record, "group"));
        if (strcmp(json_string_value(json_object_get(record, "record")), name) != 0)
            continue;
        if (strcmp(group, source->group) != 0)
            prom_note(&reader->prom, &spot,
                      "%s reads %s, which group %s records: it comes up to an interval of that "
                      "group later than in the model",
                      rule->name, name, group);
        return;
    }
}

/* Finds the signal, or says what is in the way. */
static void map_rule(struct rule_reader *reader, const struct promql *promql, struct rule *rule,
                     struct rule_source *source)
{
    struct promql_signal signal;
    struct und_err why = {0};
    struct spot spot = {.file = source->file, .line = source->expr_line};
    if (promql_signal(&signal, promql, reader->set->records, reader->set->n_records, "", &why) !=
        UND_OK) {
        source->why = copy_text(strncmp(why.text, ": ", 2) == 0 ? why.text + 2 : why.text);
        return;
    }
    source->mapped = true;
    rule->signal = signal.signal;
    rule->below = signal.below;
    rule->threshold_pm = signal.threshold_pm;
    rule->window_ms = signal.window_ms;
    source->why = copy_text(signal.why);
    for (int i = 0; i < signal.n_matchers; i++) {
        const struct promql_matcher *matcher = signal.matchers[i];
        char bad[REGEX_WHY];
        /* The parser has compiled it already. */
        label_matchers_add(&source->matchers, matcher->name, matcher->match, matcher->value, bad);
    }
    note_record(reader, signal.record, rule, source);
    if (signal.rounded)
        prom_note(&reader->prom, &spot, "%s: the threshold is rounded to %.1f%%", rule->name,
                  (double)rule->threshold_pm / 10);
    if (signal.per_cpu)
        prom_note(&reader->prom, &spot,
                  "%s: each CPU is an alert of its own; the model takes the mean of a host's CPUs",
                  rule->name);
}

static bool is_ignored(const struct rule_set *set, const char *name)
{
    size_t i;
    json_t *value;
    json_array_foreach (set->ignored, i, value) {
        if (json_is_string(value) && strcmp(json_string_value(value), name) == 0)
            return true;
    }
    return false;
}

/* Room for one more; the new one is empty. */
static void grow(struct rule_set *set)
{
    if (set->n < set->capacity)
        return;
    set->capacity = set->capacity ? 2 * set->capacity : 16;
    set->rules = realloc(set->rules, (size_t)set->capacity * sizeof *set->rules);
    set->sources = realloc(set->sources, (size_t)set->capacity * sizeof *set->sources);
    UND_ASSERT(set->rules && set->sources);
}

static void add_alert(struct rule_reader *reader, const struct promql *promql,
                      const struct rule *rule, json_t *labels, const struct rule_group *group,
                      const char *name, const struct spot *spot, int expr_line, const char *text)
{
    struct rule_set *set = reader->set;
    struct rule_source *source;
    char expr[RULE_FILE_EXPR];
    grow(set);
    source = &set->sources[set->n];
    set->rules[set->n] = *rule;
    *source = (struct rule_source){.file = reader->file,
                                   .line = spot->line,
                                   .expr_line = expr_line,
                                   .name = copy_text(name),
                                   .group = copy_text(group->name),
                                   .text = copy_text(text),
                                   .position = group->position,
                                   .limit = group->limit,
                                   .offset_ms = group->offset_ms,
                                   .labels = labels};
    promql_print(promql->root, expr, sizeof expr);
    source->expr = copy_text(expr);
    promql_labels_find(&source->result, promql->root, set->records, set->n_records);
    read_severity(reader, labels, &set->rules[set->n], spot);
    map_rule(reader, promql, &set->rules[set->n], source);
    set->n++;
}

static enum und_code read_alert(struct rule_reader *reader, const json_t *mapping,
                                const struct rule_group *group)
{
    struct rule rule = group->rule;
    struct spot spot = doc_member(reader->prom.doc, mapping, "alert");
    struct spot expr = doc_member(reader->prom.doc, mapping, "expr");
    const char *text, *name;
    char place[DOC_WHERE];
    json_t *labels;
    struct promql *promql;
    if (prom_string(&reader->prom, mapping, "alert", &name))
        return UND_USAGE;
    json_object_set_new(reader->set->seen, name, json_true());
    if (is_ignored(reader->set, name)) {
        prom_note(&reader->prom, &spot, "%s is left out, as asked for", name);
        return UND_OK;
    }
    if (reader->set->n == RULE_FILE_RULES)
        return doc_fail(&spot, reader->prom.err, "more than %d alerting rules", RULE_FILE_RULES);
    labels = json_copy(group->labels);
    if (prom_string(&reader->prom, mapping, "expr", &text) ||
        rule_read_labels(reader, mapping, "labels", labels) ||
        rule_read_labels(reader, mapping, "annotations", NULL) ||
        prom_duration(&reader->prom, mapping, "for", &rule.for_ms) ||
        prom_duration(&reader->prom, mapping, "keep_firing_for", &rule.keep_firing_ms) ||
        (promql = promql_parse(text, reader->set->version, doc_where(&expr, place),
                               reader->prom.err)) == NULL) {
        json_decref(labels);
        return UND_USAGE;
    }
    rule_cut_name(rule.name, name);
    json_object_set_new(labels, "alertname", json_string(name));
    add_alert(reader, promql, &rule, labels, group, name, &spot, expr.line, text);
    promql_free(promql);
    return UND_OK;
}

/* --- either ---------------------------------------------------------------------------------- */

enum und_code rule_read(struct rule_reader *reader, const json_t *mapping, const struct spot *spot,
                        const struct rule_group *group)
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
                        prom_show(json_object_get(mapping, alert ? "alert" : "record"), shown));
    }
    if (reader->records)
        return record ? read_record(reader, mapping, group) : UND_OK;
    return alert ? read_alert(reader, mapping, group) : UND_OK;
}
