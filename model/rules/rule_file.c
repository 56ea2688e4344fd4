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
    const char *file; /* the set's */
    bool records;     /* this pass takes the recording rules, the other one the alerts */
};

/* A file: its documents stay until both passes are over. */
struct rule_document {
    struct doc doc;
    json_t *roots; /* owned; NULL: unreadable */
    const char *file;
};

/* What the rules of a group have in common. */
struct rule_group {
    struct rule rule;
    const char *name;
    json_t *labels; /* owned */
};

struct rule_set *rule_set_new(void)
{
    struct rule_set *set = calloc(1, sizeof *set);
    UND_ASSERT(set != NULL);
    set->notes = json_array();
    set->seen = json_object();
    set->recorded = json_array();
    set->problems = json_array();
    set->files = json_array();
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
    for (int i = 0; i < set->n; i++) {
        struct rule_source *source = &set->sources[i];
        free(source->name);
        free(source->group);
        free(source->expr);
        free(source->why);
        label_matchers_fini(&source->matchers);
        promql_labels_fini(&source->result);
        json_decref(source->labels);
    }
    free(set->records);
    free(set->rules);
    free(set->sources);
    json_decref(set->notes);
    json_decref(set->seen);
    json_decref(set->recorded);
    json_decref(set->problems);
    json_decref(set->files);
    free(set);
}

static char *copy_text(const char *text)
{
    char *copy = strdup(text);
    UND_ASSERT(copy != NULL);
    return copy;
}

/* A name as struct rule has it: cut between characters. */
static void cut_name(char to[FLEET_NAME], const char *from)
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

/* Labels of a rule or a group, or its annotations, which are only looked at (`labels` is NULL). */
static enum und_code read_labels(struct rule_reader *reader, const json_t *mapping, const char *key,
                                 json_t *labels)
{
    struct spot spot = doc_member(reader->prom.doc, mapping, key);
    json_t *given = json_object_get(mapping, key), *value;
    const char *name;
    char shown[DOC_SHOWN];
    if (!prom_has(mapping, key))
        return UND_OK;
    if (!json_is_object(given))
        return doc_fail(&spot, reader->prom.err, "got %s, want a mapping", prom_show(given, shown));
    json_object_foreach(given, name, value)
    {
        struct spot at = doc_member(reader->prom.doc, given, name);
        if (!promql_is_label(name) || (labels && strcmp(name, "__name__") == 0))
            return doc_fail(&at, reader->prom.err, "no valid name of a label");
        if (!json_is_string(value) && !json_is_null(value))
            return doc_fail(&at, reader->prom.err, "got %s, want a text", prom_show(value, shown));
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
    if (!promql_is_name(name))
        return doc_fail(&spot, reader->prom.err, "got '%.100s', want a metric's name", name);
    if (prom_has(rule, "for") || prom_has(rule, "keep_firing_for") || prom_has(rule, "annotations"))
        return doc_fail(&spot, reader->prom.err,
                        "a recording rule has no for, keep_firing_for or annotations");
    labels = json_copy(group->labels);
    if (read_labels(reader, rule, "labels", labels) ||
        (promql = promql_parse(text, PROMQL_2, doc_where(&expr, place), reader->prom.err)) ==
            NULL) {
        json_decref(labels);
        return UND_USAGE;
    }
    promql_print(promql->root, shown, sizeof shown);
    json_array_append_new(reader->set->recorded,
                          json_pack("{s:s, s:s, s:I, s:s, s:o}", "record", name, "group",
                                    group->name, "interval_ms", (json_int_t)group->rule.interval_ms,
                                    "expr", shown, "labels", labels));
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
    json_array_foreach(reader->set->recorded, i, record)
    {
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
    json_array_foreach(set->ignored, i, value)
    {
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
                      const char *name, const struct spot *spot, int expr_line)
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
        read_labels(reader, mapping, "labels", labels) ||
        read_labels(reader, mapping, "annotations", NULL) ||
        prom_duration(&reader->prom, mapping, "for", &rule.for_ms) ||
        prom_duration(&reader->prom, mapping, "keep_firing_for", &rule.keep_firing_ms) ||
        (promql = promql_parse(text, PROMQL_2, doc_where(&expr, place), reader->prom.err)) ==
            NULL) {
        json_decref(labels);
        return UND_USAGE;
    }
    cut_name(rule.name, name);
    json_object_set_new(labels, "alertname", json_string(name));
    add_alert(reader, promql, &rule, labels, group, name, &spot, expr.line);
    promql_free(promql);
    return UND_OK;
}

/* --- groups and files ------------------------------------------------------------------------ */

static enum und_code read_rule(struct rule_reader *reader, const json_t *mapping,
                               const struct spot *spot, const struct rule_group *group)
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

/* Both passes meet most problems: those of recording rules count in the first, all others in the
 * second. */
static void add_problem(const struct rule_reader *reader, bool of_record, const struct und_err *err)
{
    if (of_record == reader->records)
        json_array_append_new(reader->set->problems, json_string(err->text));
}

static void read_rules(struct rule_reader *reader, const json_t *rules,
                       const struct rule_group *group)
{
    struct und_err *outer = reader->prom.err;
    size_t i;
    json_t *rule;
    json_array_foreach((json_t *)rules, i, rule)
    {
        struct und_err err = {0};
        struct spot at = doc_item(reader->prom.doc, rules, i, "rules");
        reader->prom.err = &err;
        if (read_rule(reader, rule, &at, group) != UND_OK)
            add_problem(reader, prom_has(rule, "record"), &err);
    }
    reader->prom.err = outer;
}

static enum und_code check_limit(struct rule_reader *reader, const json_t *mapping)
{
    struct spot spot = doc_member(reader->prom.doc, mapping, "limit");
    const char *text;
    char *end;
    long limit;
    if (prom_string(&reader->prom, mapping, "limit", &text) || *text == '\0')
        return reader->prom.err->code;
    limit = strtol(text, &end, 10);
    if (*end != '\0')
        return doc_fail(&spot, reader->prom.err, "got '%.40s', want a whole number", text);
    if (limit > 0 && !reader->records)
        prom_note(&reader->prom, &spot,
                  "limit: with more than %ld alerts at once a rule fails, and says nothing; the "
                  "model lets them all come",
                  limit);
    return UND_OK;
}

static enum und_code read_group_head(struct rule_reader *reader, const json_t *mapping,
                                     struct rule_group *group)
{
    struct spot offset = doc_member(reader->prom.doc, mapping, "query_offset");
    int64_t offset_ms = 0;
    if (prom_string(&reader->prom, mapping, "name", &group->name) ||
        prom_duration(&reader->prom, mapping, "interval", &group->rule.interval_ms) ||
        prom_duration(&reader->prom, mapping, "query_offset", &offset_ms) ||
        check_limit(reader, mapping) || read_labels(reader, mapping, "labels", group->labels))
        return UND_USAGE;
    if (offset_ms > 0 && !reader->records)
        prom_note(&reader->prom, &offset,
                  "query_offset is not used: alerts come that much later than in the model");
    cut_name(group->rule.group, group->name);
    return UND_OK;
}

static enum und_code read_group(struct rule_reader *reader, const json_t *mapping,
                                const struct spot *spot, json_t *seen)
{
    static const char *const keys[] = {"name",         "interval", "rules", "limit",
                                       "query_offset", "labels",   NULL};
    static const char *const unused[] = {"partial_response_strategy", "source_tenants", NULL};
    struct prom_reader prom = reader->prom;
    struct rule_group group = {.name = ""};
    struct spot at;
    json_t *rules;
    enum und_code code = UND_USAGE;
    if (reader->records)
        prom.notes = NULL; /* said in the other pass */
    if (prom_mapping(&prom, mapping, spot, keys, unused) ||
        prom_list(&prom, mapping, "rules", &rules))
        return UND_USAGE;
    group.labels = json_object();
    at = doc_member(reader->prom.doc, mapping, "name");
    if (read_group_head(reader, mapping, &group) != UND_OK) {
        /* said */
    } else if (group.name[0] == '\0') {
        doc_fail(spot, prom.err, "a group without a name");
    } else if (json_object_get(seen, group.name)) {
        doc_fail(&at, prom.err, "a group of the name '%.100s' stands there already", group.name);
    } else {
        json_object_set_new(seen, group.name, json_true());
        read_rules(reader, rules, &group);
        code = UND_OK;
    }
    json_decref(group.labels);
    return code;
}

static void read_groups(struct rule_reader *reader, const json_t *groups)
{
    json_t *seen = json_object(), *group;
    size_t i;
    json_array_foreach((json_t *)groups, i, group)
    {
        struct und_err err = {0};
        struct spot spot = doc_item(reader->prom.doc, groups, i, "groups");
        reader->prom.err = &err;
        if (read_group(reader, group, &spot, seen) != UND_OK)
            add_problem(reader, false, &err);
    }
    json_decref(seen);
}

/* A rule file's mapping, or the spec of a PrometheusRule: it has groups. */
static enum und_code read_body(struct rule_reader *reader, const json_t *body,
                               const struct spot *spot)
{
    static const char *const keys[] = {"groups", NULL};
    json_t *groups;
    if (json_is_null(body))
        return UND_OK;
    if (prom_mapping(&reader->prom, body, spot, keys, NULL) ||
        prom_list(&reader->prom, body, "groups", &groups))
        return UND_USAGE;
    read_groups(reader, groups);
    return UND_OK;
}

static bool is_kubernetes(const json_t *root)
{
    return prom_has(root, "kind") && prom_has(root, "apiVersion");
}

/* A PrometheusRule, or a list of Kubernetes' objects. Lists do not nest. */
static enum und_code read_object(struct rule_reader *reader, const json_t *object,
                                 const struct spot *spot, bool in_list)
{
    const char *kind = json_string_value(json_object_get(object, "kind"));
    struct spot at;
    json_t *items, *item;
    size_t i;
    kind = kind ? kind : "";
    if (strcmp(kind, "PrometheusRule") == 0) {
        at = doc_member(reader->prom.doc, object, "spec");
        if (!prom_has(object, "spec"))
            return doc_fail(spot, reader->prom.err, "a PrometheusRule without a spec");
        return read_body(reader, json_object_get(object, "spec"), &at);
    }
    if (in_list || !prom_has(object, "items")) {
        if (!reader->records)
            prom_note(&reader->prom, spot, "a %.60s is no PrometheusRule: passed over", kind);
        return UND_OK;
    }
    if (prom_list(&reader->prom, object, "items", &items))
        return UND_USAGE;
    json_array_foreach(items, i, item)
    {
        at = doc_item(reader->prom.doc, items, i, "items");
        if (read_object(reader, item, &at, true))
            return UND_USAGE;
    }
    return UND_OK;
}

static void read_documents(struct rule_reader *reader, const json_t *roots)
{
    size_t i;
    json_t *root;
    json_array_foreach((json_t *)roots, i, root)
    {
        struct und_err err = {0};
        struct spot spot = doc_root(reader->prom.doc, root);
        reader->prom.err = &err;
        if (is_kubernetes(root))
            read_object(reader, root, &spot, false);
        else if (i == 0)
            read_body(reader, root, &spot);
        else if (!json_is_null(root) && !reader->records)
            prom_note(&reader->prom, &spot, "Prometheus reads only the first document of a file");
        if (err.code != UND_OK)
            add_problem(reader, false, &err);
    }
}

static void load(struct rule_set *set, struct rule_document *document, const char *path)
{
    struct und_err err = {0};
    json_array_append_new(set->files, json_string(path));
    document->file = json_string_value(json_array_get(set->files, json_array_size(set->files) - 1));
    doc_init(&document->doc);
    document->doc.foreign = true;
    if (doc_load_all(&document->doc, path, &document->roots, &err) != UND_OK)
        json_array_append_new(set->problems, json_string(err.text));
}

static enum und_code sum_up(const struct rule_set *set, struct und_err *err)
{
    size_t n = json_array_size(set->problems);
    const char *first = json_string_value(json_array_get(set->problems, 0));
    if (n == 0)
        return UND_OK;
    if (n == 1)
        return und_fail(err, UND_USAGE, "%s", first);
    return und_fail(err, UND_USAGE, "%.600s (and %zu more: `understudy alerts check` lists them)",
                    first, n - 1);
}

enum und_code rule_set_read(struct rule_set *set, const char *const *paths, int n_paths,
                            struct und_err *err)
{
    struct rule_document *documents = calloc((size_t)n_paths + 1, sizeof *documents);
    UND_ASSERT(documents != NULL);
    for (int i = 0; i < n_paths; i++)
        load(set, &documents[i], paths[i]);
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < n_paths; i++) {
            struct rule_reader reader = {.set = set,
                                         .file = documents[i].file,
                                         .records = pass == 0,
                                         .prom = {.notes = set->notes, .doc = &documents[i].doc}};
            read_documents(&reader, documents[i].roots);
        }
    }
    for (int i = 0; i < n_paths; i++) {
        json_decref(documents[i].roots);
        doc_fini(&documents[i].doc);
    }
    free(documents);
    return sum_up(set, err);
}
