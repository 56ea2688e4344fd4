#include "rule_eval.h"

#include "model/base/assert.h"
#include "prom_doc.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *mapping, const char *key)
{
    const char *text = json_string_value(json_object_get(mapping, key));
    return text ? text : "";
}

static char *copy(const char *text)
{
    char *own = strdup(text);
    UND_ASSERT(own != NULL);
    return own;
}

/* A mapping of texts; those that are there already keep their place and take the new text. */
static enum und_code read_texts(struct prom_reader *reader, const json_t *mapping, const char *key,
                                struct rule_text **texts, int *n)
{
    struct spot spot = doc_member(reader->doc, mapping, key);
    json_t *given = json_object_get(mapping, key), *value;
    const char *name;
    if (!prom_has(mapping, key))
        return UND_OK;
    if (!json_is_object(given))
        return doc_fail(&spot, reader->err, "want a mapping of texts");
    *texts = realloc(*texts, ((size_t)*n + json_object_size(given) + 1) * sizeof **texts);
    UND_ASSERT(*texts != NULL);
    json_object_foreach (given, name, value) {
        struct spot at = doc_member(reader->doc, given, name);
        int i = 0;
        if (!prom_is_label(reader->version, name) || strcmp(name, LABELS_NAME) == 0)
            return doc_fail(&at, reader->err, "no valid name of a label");
        while (i < *n && strcmp((*texts)[i].name, name) != 0)
            i++;
        if (i == *n)
            (*texts)[(*n)++] = (struct rule_text){copy(name), NULL};
        free((*texts)[i].text);
        (*texts)[i].text = copy(text_of(given, name));
    }
    return UND_OK;
}

static enum und_code read_rule(struct prom_reader *reader, const json_t *group,
                               const json_t *mapping, const struct spot *spot,
                               struct eval_rule *rule)
{
    static const char *const keys[] = {"alert",       "record",          "expr", "for", "labels",
                                       "annotations", "keep_firing_for", NULL};
    struct spot expr;
    char place[DOC_WHERE];
    if (prom_mapping(reader, mapping, spot, keys, NULL))
        return UND_USAGE;
    rule->records = prom_has(mapping, "record");
    if (rule->records == prom_has(mapping, "alert"))
        return doc_fail(spot, reader->err, "want one of alert and record");
    rule->name = copy(text_of(mapping, rule->records ? "record" : "alert"));
    if (rule->records && !prom_is_name(reader->version, rule->name))
        return doc_fail(spot, reader->err, "got '%.100s', want a metric's name", rule->name);
    if (!rule->name[0] || !prom_has(mapping, "expr"))
        return doc_fail(spot, reader->err, "a rule without %s", rule->name[0] ? "expr" : "name");
    if (rule->records && (prom_has(mapping, "for") || prom_has(mapping, "annotations") ||
                          prom_has(mapping, "keep_firing_for")))
        return doc_fail(spot, reader->err,
                        "a recording rule has no for, keep_firing_for or annotations");
    expr = doc_member(reader->doc, mapping, "expr");
    rule->promql = promql_parse(text_of(mapping, "expr"), reader->version, doc_where(&expr, place),
                                reader->err);
    if (!rule->promql)
        return UND_USAGE;
    return prom_duration(reader, mapping, "for", &rule->for_ms) ||
                   prom_duration(reader, mapping, "keep_firing_for", &rule->keep_firing_ms) ||
                   read_texts(reader, group, "labels", &rule->labels, &rule->n_labels) ||
                   read_texts(reader, mapping, "labels", &rule->labels, &rule->n_labels) ||
                   read_texts(reader, mapping, "annotations", &rule->annotations,
                              &rule->n_annotations)
               ? UND_USAGE
               : UND_OK;
}

static enum und_code read_group(struct prom_reader *reader, const json_t *mapping,
                                const struct spot *spot, struct eval_group *group)
{
    static const char *const keys[] = {"name",         "interval", "rules", "limit",
                                       "query_offset", "labels",   NULL};
    json_t *rules = NULL, *rule;
    size_t i;
    if (prom_mapping(reader, mapping, spot, keys, NULL) ||
        prom_list(reader, mapping, "rules", &rules) ||
        prom_duration(reader, mapping, "interval", &group->interval_ms))
        return UND_USAGE;
    group->name = copy(text_of(mapping, "name"));
    group->limit = atoi(text_of(mapping, "limit"));
    if (!group->name[0])
        return doc_fail(spot, reader->err, "a group without a name");
    group->rules = calloc(json_array_size(rules) + 1, sizeof *group->rules);
    UND_ASSERT(group->rules != NULL);
    json_array_foreach (rules, i, rule) {
        struct spot at = doc_item(reader->doc, rules, i, "rules");
        if (read_rule(reader, mapping, rule, &at, &group->rules[group->n++]))
            return UND_USAGE;
    }
    return UND_OK;
}

static enum und_code read_groups(struct prom_reader *reader, const char *path, const json_t *list,
                                 struct eval_group **groups, int *n)
{
    size_t i;
    json_t *mapping;
    int first = *n;
    *groups = realloc(*groups, ((size_t)*n + json_array_size(list) + 1) * sizeof **groups);
    UND_ASSERT(*groups != NULL);
    json_array_foreach ((json_t *)list, i, mapping) {
        struct spot spot = doc_item(reader->doc, list, i, "groups");
        struct eval_group *group = &(*groups)[(*n)++];
        *group = (struct eval_group){.file = copy(path)};
        if (read_group(reader, mapping, &spot, group))
            return UND_USAGE;
        for (int other = first; other < *n - 1; other++) {
            if (strcmp((*groups)[other].name, group->name) == 0)
                return doc_fail(&spot, reader->err,
                                "a group of the name '%.100s' stands there already", group->name);
        }
    }
    return UND_OK;
}

enum und_code eval_groups_read(const char *path, enum promql_version version,
                               struct eval_group **groups, int *n, struct und_err *err)
{
    static const char *const keys[] = {"groups", NULL};
    struct doc doc;
    struct prom_reader reader = {.doc = &doc, .err = err, .version = version};
    json_t *root = NULL, *list = NULL;
    struct spot spot;
    enum und_code code;
    doc_init(&doc);
    doc.foreign = true;
    code = doc_load(&doc, path, &root, err);
    if (code == UND_OK && json_is_object(root)) { /* an empty file has no groups */
        spot = doc_root(&doc, root);
        code = prom_mapping(&reader, root, &spot, keys, NULL);
        if (code == UND_OK)
            code = prom_list(&reader, root, "groups", &list);
        if (code == UND_OK)
            code = read_groups(&reader, path, list, groups, n);
    }
    json_decref(root);
    doc_fini(&doc);
    return code;
}
