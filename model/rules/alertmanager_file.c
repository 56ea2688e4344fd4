#include "alertmanager_file.h"

#include "model/base/assert.h"
#include "prom_doc.h"
#include "prom_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- matchers -------------------------------------------------------------------------------- */

/* `match` and `match_re`: label to value. */
static enum und_code read_match_map(const struct prom_reader *reader, const json_t *mapping,
                                    const char *key, enum promql_match match,
                                    struct label_matchers *matchers)
{
    json_t *map = json_object_get(mapping, key), *value;
    const char *label;
    char why[REGEX_WHY];
    json_object_foreach (map, label, value) {
        struct spot spot = doc_member(reader->doc, map, label);
        const char *text = json_string_value(value);
        if (!prom_is_label(reader->version, label))
            return doc_fail(&spot, reader->err, "no valid name of a label");
        if (!text && match == PROMQL_LIKE)
            return doc_fail(&spot, reader->err, "want a regular expression");
        if (!label_matchers_add(matchers, label, match, text ? text : "", why))
            return doc_fail(&spot, reader->err, "got '%.100s', want a regular expression: %s", text,
                            why);
    }
    return UND_OK;
}

/* match, match_re and matchers, each with a prefix. */
static enum und_code read_matchers(const struct prom_reader *reader, const json_t *mapping,
                                   const char *prefix, struct label_matchers *matchers)
{
    char match[32], match_re[32], key[32];
    json_t *list, *item;
    size_t i;
    snprintf(match, sizeof match, "%smatch", prefix);
    snprintf(match_re, sizeof match_re, "%smatch_re", prefix);
    snprintf(key, sizeof key, "%smatchers", prefix);
    if (read_match_map(reader, mapping, match, PROMQL_IS, matchers) ||
        read_match_map(reader, mapping, match_re, PROMQL_LIKE, matchers) ||
        prom_list(reader, mapping, key, &list))
        return UND_USAGE;
    json_array_foreach (list, i, item) {
        struct spot spot = doc_item(reader->doc, list, i, key);
        const char *text = json_string_value(item) ? json_string_value(item) : "";
        char why[REGEX_WHY];
        if (!label_matchers_read(matchers, text, why))
            return doc_fail(&spot, reader->err, "got '%.100s': %s", text, why);
    }
    return UND_OK;
}

/* --- time intervals -------------------------------------------------------------------------- */

static const struct named_interval *find_interval(const struct alertmanager_file *file,
                                                  const char *name)
{
    for (int i = 0; i < file->n_intervals; i++) {
        if (strcmp(file->intervals[i].name, name) == 0)
            return &file->intervals[i];
    }
    return NULL;
}

static enum und_code read_intervals(const struct prom_reader *reader, const json_t *root,
                                    const char *key, struct alertmanager_file *file)
{
    const json_t *list = json_object_get(root, key);
    json_t *item;
    size_t i;
    json_array_foreach ((json_t *)list, i, item) {
        struct spot spot = doc_item(reader->doc, list, i, key);
        const char *name = json_string_value(json_object_get(item, "name"));
        struct named_interval *interval;
        if (find_interval(file, name))
            return doc_fail(&spot, reader->err, "a second time interval of the name '%.100s'",
                            name);
        file->intervals =
            realloc(file->intervals, ((size_t)file->n_intervals + 1) * sizeof *file->intervals);
        UND_ASSERT(file->intervals != NULL);
        interval = &file->intervals[file->n_intervals++];
        interval->name = name;
        if (time_interval_read(reader, json_object_get(item, "time_intervals"), &interval->week))
            return UND_USAGE;
    }
    return UND_OK;
}

static enum und_code read_interval_names(const struct prom_reader *reader, const json_t *mapping,
                                         const char *key, const struct alertmanager_file *file,
                                         json_t **names)
{
    json_t *list, *item;
    size_t i;
    if (prom_list(reader, mapping, key, &list))
        return UND_USAGE;
    *names = list ? json_incref(list) : json_array();
    json_array_foreach (list, i, item) {
        struct spot spot = doc_item(reader->doc, list, i, key);
        const char *name = json_string_value(item) ? json_string_value(item) : "";
        if (!find_interval(file, name))
            return doc_fail(&spot, reader->err, "got '%.100s', want one of the time intervals",
                            name);
    }
    return UND_OK;
}

/* --- the routing tree ------------------------------------------------------------------------ */

static enum und_code read_group_by(const struct prom_reader *reader, const json_t *mapping,
                                   struct route_node *node)
{
    json_t *list, *item;
    size_t i, j;
    if (prom_list(reader, mapping, "group_by", &list))
        return UND_USAGE;
    if (!list)
        return UND_OK; /* the parent's */
    json_decref(node->group_by);
    node->group_by = json_array();
    node->group_by_all = false;
    json_array_foreach (list, i, item) {
        struct spot spot = doc_item(reader->doc, list, i, "group_by");
        const char *name = json_string_value(item) ? json_string_value(item) : "";
        if (strcmp(name, "...") == 0) {
            node->group_by_all = true;
            continue;
        }
        if (!prom_is_label(reader->version, name))
            return doc_fail(&spot, reader->err, "want the name of a label");
        for (j = 0; j < i; j++) {
            if (json_equal(item, json_array_get(list, j)))
                return doc_fail(&spot, reader->err, "the label %.100s is there twice", name);
        }
        json_array_append(node->group_by, item);
    }
    if (node->group_by_all && json_array_size(node->group_by) > 0) {
        struct spot spot = doc_member(reader->doc, mapping, "group_by");
        return doc_fail(&spot, reader->err, "'...' stands for every label, and not beside others");
    }
    return UND_OK;
}

static enum und_code read_route_times(const struct prom_reader *reader, const json_t *mapping,
                                      struct route_node *node)
{
    static const char *const keys[] = {"group_wait", "group_interval", "repeat_interval"};
    int64_t *const times[] = {&node->group_wait_ms, &node->group_interval_ms,
                              &node->repeat_interval_ms};
    for (int i = 0; i < 3; i++) {
        struct spot spot = doc_member(reader->doc, mapping, keys[i]);
        if (prom_duration(reader, mapping, keys[i], times[i]))
            return UND_USAGE;
        if (i > 0 && *times[i] <= 0)
            return doc_fail(&spot, reader->err, "got 0");
    }
    return UND_OK;
}

static enum und_code check_root_route(const struct prom_reader *reader, const json_t *mapping,
                                      const struct spot *spot, const struct route_node *node)
{
    if (!prom_has(mapping, "receiver") || node->receiver[0] == '\0')
        return doc_fail(spot, reader->err, "the first route has no receiver");
    if (node->matchers.n > 0)
        return doc_fail(spot, reader->err, "the first route takes every alert, it has no matchers");
    if (node->go_on)
        return doc_fail(spot, reader->err, "the first route cannot have continue");
    if (json_array_size(node->mute) + json_array_size(node->active) > 0)
        return doc_fail(spot, reader->err, "the first route has no time intervals");
    return UND_OK;
}

/* A new node, with what it has from its parent. The array may move. */
static struct route_node *add_node(struct alertmanager_file *file, int parent, int line)
{
    static const struct route_node defaults = {.receiver = "",
                                               .group_wait_ms = 30000,
                                               .group_interval_ms = 300000,
                                               .repeat_interval_ms = 14400000};
    struct route_node *node;
    file->routes = realloc(file->routes, ((size_t)file->n_routes + 1) * sizeof *file->routes);
    UND_ASSERT(file->routes != NULL);
    node = &file->routes[file->n_routes++];
    *node = parent < 0 ? defaults : file->routes[parent];
    node->matchers = (struct label_matchers){0};
    node->mute = node->active = NULL;
    node->group_by = parent < 0 ? json_array() : json_incref(node->group_by);
    node->go_on = false;
    node->line = line;
    node->end = file->n_routes;
    return node;
}

static enum und_code read_receiver(const struct prom_reader *reader, const json_t *mapping,
                                   const struct spot *spot, const struct alertmanager_file *file,
                                   struct route_node *node)
{
    const char *receiver;
    if (prom_string(reader, mapping, "receiver", &receiver))
        return UND_USAGE;
    if (receiver[0])
        node->receiver = receiver;
    if (node->receiver[0] && !json_object_get(file->receivers, node->receiver))
        return doc_fail(spot, reader->err, "receiver: got '%.100s', want one of the receivers",
                        node->receiver);
    return UND_OK;
}

/* Depth is bounded by the document's. */
static enum und_code read_route(const struct prom_reader *reader, const json_t *mapping,
                                const struct spot *spot, int parent, struct alertmanager_file *file)
{
    struct route_node *node = add_node(file, parent, spot->line);
    int index = file->n_routes - 1;
    json_t *children, *child;
    size_t i;
    if (read_receiver(reader, mapping, spot, file, node) || read_group_by(reader, mapping, node) ||
        read_matchers(reader, mapping, "", &node->matchers) ||
        read_route_times(reader, mapping, node) ||
        prom_flag(reader, mapping, "continue", &node->go_on) ||
        read_interval_names(reader, mapping, "mute_time_intervals", file, &node->mute) ||
        read_interval_names(reader, mapping, "active_time_intervals", file, &node->active) ||
        prom_list(reader, mapping, "routes", &children))
        return UND_USAGE;
    if (parent < 0 && check_root_route(reader, mapping, spot, node))
        return UND_USAGE;
    json_array_foreach (children, i, child) {
        struct spot at = doc_item(reader->doc, children, i, "routes");
        if (read_route(reader, child, &at, index, file))
            return UND_USAGE;
    }
    file->routes[index].end = file->n_routes;
    return UND_OK;
}

static enum und_code read_receivers(const struct prom_reader *reader, const json_t *root,
                                    struct alertmanager_file *file)
{
    const json_t *list = json_object_get(root, "receivers");
    json_t *item, *hook;
    size_t i, j;
    json_array_foreach ((json_t *)list, i, item) {
        struct spot spot = doc_item(reader->doc, list, i, "receivers");
        const json_t *hooks = json_object_get(item, "webhook_configs");
        const char *name = json_string_value(json_object_get(item, "name"));
        if (json_object_get(file->receivers, name))
            return doc_fail(&spot, reader->err, "a second receiver of the name '%.100s'", name);
        json_object_set_new(file->receivers, name, json_boolean(json_array_size(hooks) > 0));
        if (json_array_size(hooks) > 0)
            json_object_set_new(file->silent, name, json_true());
        json_array_foreach ((json_t *)hooks, j, hook) {
            bool resolved = true;
            if (prom_flag(reader, hook, "send_resolved", &resolved))
                return UND_USAGE;
            if (resolved)
                json_object_del(file->silent, name);
        }
    }
    return UND_OK;
}

/* --- inhibition ------------------------------------------------------------------------------ */

static enum und_code read_inhibit(const struct prom_reader *reader, const json_t *mapping,
                                  const struct spot *spot, struct alertmanager_file *file)
{
    struct inhibit_rule *inhibit;
    json_t *equal, *item;
    size_t i;
    file->inhibits =
        realloc(file->inhibits, ((size_t)file->n_inhibits + 1) * sizeof *file->inhibits);
    UND_ASSERT(file->inhibits != NULL);
    inhibit = &file->inhibits[file->n_inhibits++];
    *inhibit = (struct inhibit_rule){.equal = NULL};
    if (read_matchers(reader, mapping, "source_", &inhibit->source) ||
        read_matchers(reader, mapping, "target_", &inhibit->target) ||
        prom_list(reader, mapping, "equal", &equal))
        return UND_USAGE;
    if (prom_has(mapping, "sources"))
        prom_note(reader, spot, "sources is not used: want source_matchers");
    inhibit->equal = equal ? json_incref(equal) : json_array();
    json_array_foreach (equal, i, item) {
        struct spot at = doc_item(reader->doc, equal, i, "equal");
        if (!json_is_string(item) || !prom_is_label(reader->version, json_string_value(item)))
            return doc_fail(&at, reader->err, "want the name of a label");
    }
    return UND_OK;
}

static enum und_code read_inhibits(const struct prom_reader *reader, const json_t *root,
                                   struct alertmanager_file *file)
{
    const json_t *list = json_object_get(root, "inhibit_rules");
    json_t *item;
    size_t i;
    json_array_foreach ((json_t *)list, i, item) {
        struct spot spot = doc_item(reader->doc, list, i, "inhibit_rules");
        if (read_inhibit(reader, item, &spot, file))
            return UND_USAGE;
    }
    return UND_OK;
}

/* --- the file -------------------------------------------------------------------------------- */

static enum und_code read_root(const struct prom_reader *reader, const json_t *root,
                               struct alertmanager_file *file)
{
    static const char *const unused[] = {"global", "templates", "tracing", NULL};
    struct spot spot = doc_root(reader->doc, root);
    if (prom_schema_check(reader, "alertmanager", root, &spot))
        return UND_USAGE;
    prom_note_unused(reader, root, unused);
    if (read_receivers(reader, root, file) ||
        read_intervals(reader, root, "mute_time_intervals", file) ||
        read_intervals(reader, root, "time_intervals", file))
        return UND_USAGE;
    if (!prom_has(root, "route"))
        return doc_fail(&spot, reader->err, "no route");
    spot = doc_member(reader->doc, root, "route");
    if (read_route(reader, json_object_get(root, "route"), &spot, -1, file))
        return UND_USAGE;
    return read_inhibits(reader, root, file);
}

struct alertmanager_file *alertmanager_file_read(const char *path, enum promql_version version,
                                                 struct und_err *err)
{
    struct alertmanager_file *file = calloc(1, sizeof *file);
    struct doc doc;
    struct prom_reader reader = {.doc = &doc, .err = err, .version = version};
    enum und_code code;
    UND_ASSERT(file != NULL);
    snprintf(file->path, sizeof file->path, "%.*s", DOC_PATH - 1, path);
    file->receivers = json_object();
    file->silent = json_object();
    file->notes = reader.notes = json_array();
    doc_init(&doc);
    doc.foreign = true;
    code = doc_load(&doc, path, &file->root, err);
    if (code == UND_OK)
        code = read_root(&reader, file->root, file);
    doc_fini(&doc);
    if (code == UND_OK)
        return file;
    alertmanager_file_free(file);
    return NULL;
}

void alertmanager_file_free(struct alertmanager_file *file)
{
    if (!file)
        return;
    for (int i = 0; i < file->n_routes; i++) {
        label_matchers_fini(&file->routes[i].matchers);
        json_decref(file->routes[i].group_by);
        json_decref(file->routes[i].mute);
        json_decref(file->routes[i].active);
    }
    for (int i = 0; i < file->n_inhibits; i++) {
        label_matchers_fini(&file->inhibits[i].source);
        label_matchers_fini(&file->inhibits[i].target);
        json_decref(file->inhibits[i].equal);
    }
    free(file->routes);
    free(file->inhibits);
    free(file->intervals);
    json_decref(file->receivers);
    json_decref(file->silent);
    json_decref(file->root);
    json_decref(file->notes);
    free(file);
}
