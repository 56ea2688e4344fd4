#include "rule_file.h"

#include "model/base/assert.h"
#include "rule_reader.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file: its documents stay until both passes are over. */
struct rule_document {
    struct doc doc;
    json_t *roots; /* owned; NULL: unreadable */
    const char *file;
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
        free(source->text);
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

/* --- groups and files ------------------------------------------------------------------------ */

/* Both passes meet most problems: those of recording rules count in the first, all others in the
 * second. */
static void add_problem(const struct rule_reader *reader, bool of_record, const struct und_err *err)
{
    if (of_record == reader->records)
        json_array_append_new(reader->set->problems, json_string(err->text));
}

static void read_rules(struct rule_reader *reader, const json_t *rules, struct rule_group *group)
{
    struct und_err *outer = reader->prom.err;
    size_t i;
    json_t *rule;
    json_array_foreach ((json_t *)rules, i, rule) {
        struct und_err err = {0};
        struct spot at = doc_item(reader->prom.doc, rules, i, "rules");
        reader->prom.err = &err;
        group->position = (int)i;
        if (rule_read(reader, rule, &at, group) != UND_OK)
            add_problem(reader, prom_has(rule, "record"), &err);
    }
    reader->prom.err = outer;
}

static enum und_code read_limit(struct rule_reader *reader, const json_t *mapping,
                                struct rule_group *group)
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
    group->limit = limit > 0 && limit < INT_MAX ? (int)limit : 0;
    return UND_OK;
}

static enum und_code read_group_head(struct rule_reader *reader, const json_t *mapping,
                                     struct rule_group *group)
{
    if (prom_string(&reader->prom, mapping, "name", &group->name) ||
        prom_duration(&reader->prom, mapping, "interval", &group->rule.interval_ms) ||
        prom_duration(&reader->prom, mapping, "query_offset", &group->offset_ms) ||
        read_limit(reader, mapping, group) ||
        rule_read_labels(reader, mapping, "labels", group->labels))
        return UND_USAGE;
    rule_cut_name(group->rule.group, group->name);
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
    struct und_err *outer = reader->prom.err;
    json_t *seen = json_object(), *group;
    size_t i;
    json_array_foreach ((json_t *)groups, i, group) {
        struct und_err err = {0};
        struct spot spot = doc_item(reader->prom.doc, groups, i, "groups");
        reader->prom.err = &err;
        if (read_group(reader, group, &spot, seen) != UND_OK)
            add_problem(reader, false, &err);
    }
    reader->prom.err = outer;
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
    json_array_foreach (items, i, item) {
        at = doc_item(reader->prom.doc, items, i, "items");
        if (read_object(reader, item, &at, true))
            return UND_USAGE;
    }
    return UND_OK;
}

static void read_documents(struct rule_reader *reader, const json_t *roots)
{
    struct und_err *outer = reader->prom.err;
    size_t i;
    json_t *root;
    json_array_foreach ((json_t *)roots, i, root) {
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
    reader->prom.err = outer;
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
