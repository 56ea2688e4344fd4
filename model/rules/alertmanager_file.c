#include "alertmanager_file.h"

#include "label_match.h"
#include "model/base/assert.h"
#include "prom_doc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- matchers -------------------------------------------------------------------------------- */

static enum und_code add_matcher(const struct prom_reader *reader, const struct spot *spot,
                                 const struct label_matcher *matcher,
                                 struct route_matchers *matchers)
{
    if (matchers->n == ALERTMANAGER_FILE_MATCHERS)
        return doc_fail(spot, reader->err, "more than %d matchers", ALERTMANAGER_FILE_MATCHERS);
    if (!label_matcher_valid(matcher))
        return doc_fail(spot, reader->err, "got '%s', want a regular expression", matcher->value);
    matchers->list[matchers->n++] = *matcher;
    return UND_OK;
}

/* `match` and `match_re`: label to value. */
static enum und_code read_match_map(const struct prom_reader *reader, const json_t *mapping,
                                    const char *key, enum promql_match match,
                                    struct route_matchers *matchers)
{
    struct spot spot = doc_member(reader->doc, mapping, key);
    json_t *map = json_object_get(mapping, key), *value;
    const char *label;
    char shown[DOC_SHOWN];
    if (!prom_has(mapping, key))
        return UND_OK;
    if (!json_is_object(map))
        return doc_fail(&spot, reader->err, "got %s, want a mapping", doc_show(map, shown));
    json_object_foreach(map, label, value)
    {
        struct label_matcher matcher = {.match = match};
        snprintf(matcher.name, sizeof matcher.name, "%.*s", (int)sizeof matcher.name - 1, label);
        spot = doc_member(reader->doc, map, label);
        if (prom_text(reader, map, label, matcher.value, sizeof matcher.value) ||
            add_matcher(reader, &spot, &matcher, matchers))
            return UND_USAGE;
    }
    return UND_OK;
}

/* One text of `matchers`: one matcher, or several in braces with commas between them. */
static enum und_code read_matcher_text(const struct prom_reader *reader, const struct spot *spot,
                                       const char *text, struct route_matchers *matchers)
{
    char copy[1024], *at = copy, *comma;
    size_t n = strlen(text);
    if (n >= sizeof copy)
        return doc_fail(spot, reader->err, "got %zu bytes, want at most %zu", n, sizeof copy - 1);
    if (n >= 2 && text[0] == '{' && text[n - 1] == '}') {
        text++;
        n -= 2;
    }
    snprintf(copy, sizeof copy, "%.*s", (int)n, text);
    do {
        struct label_matcher matcher;
        bool quoted = false;
        for (comma = at; *comma && (quoted || *comma != ','); comma++)
            quoted ^= *comma == '"';
        comma = *comma ? comma : NULL;
        if (comma)
            *comma = '\0';
        if (!label_matcher_read(at, &matcher))
            return doc_fail(spot, reader->err, "got '%.100s', want a matcher such as a=\"b\"", at);
        if (add_matcher(reader, spot, &matcher, matchers))
            return UND_USAGE;
        at = comma ? comma + 1 : NULL;
    } while (at);
    return UND_OK;
}

static enum und_code read_matchers(const struct prom_reader *reader, const json_t *mapping,
                                   const char *prefix, struct route_matchers *matchers)
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
    json_array_foreach(list, i, item)
    {
        struct spot spot = doc_item(reader->doc, list, i, key);
        char shown[DOC_SHOWN];
        if (!json_is_string(item))
            return doc_fail(&spot, reader->err, "got %s, want a text", doc_show(item, shown));
        if (read_matcher_text(reader, &spot, json_string_value(item), matchers))
            return UND_USAGE;
    }
    return UND_OK;
}

static enum und_code read_labels(const struct prom_reader *reader, const json_t *mapping,
                                 const char *key, struct label_set *labels)
{
    json_t *list, *item;
    size_t i;
    if (prom_list(reader, mapping, key, &list))
        return UND_USAGE;
    if (list)
        *labels = (struct label_set){.n = 0};
    json_array_foreach(list, i, item)
    {
        struct spot spot = doc_item(reader->doc, list, i, key);
        const char *name = json_string_value(item);
        if (name && strcmp(name, "...") == 0) {
            labels->all = true;
            continue;
        }
        if (!name || !promql_is_name(name) || strlen(name) >= FLEET_NAME)
            return doc_fail(&spot, reader->err, "want the name of a label");
        if (labels->n == ALERTMANAGER_FILE_LABELS)
            return doc_fail(&spot, reader->err, "more than %d labels", ALERTMANAGER_FILE_LABELS);
        snprintf(labels->name[labels->n++], FLEET_NAME, "%s", name);
    }
    return UND_OK;
}

/* --- the routing tree ------------------------------------------------------------------------ */

static enum und_code read_route_times(const struct prom_reader *reader, const json_t *mapping,
                                      struct route_node *node)
{
    struct spot spot = doc_member(reader->doc, mapping, "group_interval");
    if (prom_duration(reader, mapping, "group_wait", &node->group_wait_ms) ||
        prom_duration(reader, mapping, "group_interval", &node->group_interval_ms) ||
        prom_duration(reader, mapping, "repeat_interval", &node->repeat_interval_ms))
        return UND_USAGE;
    if (node->group_interval_ms <= 0 || node->repeat_interval_ms <= 0)
        return doc_fail(&spot, reader->err, "group_interval and repeat_interval cannot be 0");
    return UND_OK;
}

static enum und_code read_route(const struct prom_reader *reader, const json_t *mapping,
                                const struct spot *spot, const struct route_node *parent, int depth,
                                struct alertmanager_file *file)
{
    static const char *const keys[] = {
        "receiver",        "group_by", "group_wait", "group_interval",
        "repeat_interval", "match",    "match_re",   "matchers",
        "continue",        "routes",   NULL};
    static const char *const unused[] = {"mute_time_intervals", "active_time_intervals", NULL};
    struct route_node *node = &file->routes[file->n_routes];
    char receiver[FLEET_NAME];
    json_t *children, *child;
    size_t i;
    if (file->n_routes == ALERTMANAGER_FILE_ROUTES || depth == ALERTMANAGER_FILE_DEPTH)
        return doc_fail(spot, reader->err, "more than %d routes, or nested more than %d deep",
                        ALERTMANAGER_FILE_ROUTES, ALERTMANAGER_FILE_DEPTH);
    if (prom_mapping(reader, mapping, spot, keys, unused))
        return UND_USAGE;
    *node = *parent;
    node->matchers.n = 0;
    node->line = spot->line;
    node->go_on = json_is_true(json_object_get(mapping, "continue"));
    file->n_routes++;
    if (prom_text(reader, mapping, "receiver", receiver, sizeof receiver) ||
        read_labels(reader, mapping, "group_by", &node->group_by) ||
        read_matchers(reader, mapping, "", &node->matchers) ||
        read_route_times(reader, mapping, node) || prom_list(reader, mapping, "routes", &children))
        return UND_USAGE;
    if (receiver[0])
        memcpy(node->receiver, receiver, sizeof receiver);
    if (!json_object_get(file->receivers, node->receiver))
        return doc_fail(spot, reader->err, "receiver: got '%s', want one of the receivers",
                        node->receiver);
    json_array_foreach(children, i, child)
    {
        struct spot at = doc_item(reader->doc, children, i, "routes");
        if (read_route(reader, child, &at, node, depth + 1, file))
            return UND_USAGE;
    }
    node->end = file->n_routes;
    return UND_OK;
}

static enum und_code read_receivers(const struct prom_reader *reader, const json_t *root,
                                    struct alertmanager_file *file)
{
    json_t *list, *item, *hooks, *hook;
    size_t i, j;
    if (prom_list(reader, root, "receivers", &list))
        return UND_USAGE;
    json_array_foreach(list, i, item)
    {
        struct spot spot = doc_item(reader->doc, list, i, "receivers");
        char name[FLEET_NAME];
        if (!json_is_object(item))
            return doc_fail(&spot, reader->err, "want a mapping");
        if (prom_text(reader, item, "name", name, sizeof name) ||
            prom_list(reader, item, "webhook_configs", &hooks))
            return UND_USAGE;
        if (name[0] == '\0')
            return doc_fail(&spot, reader->err, "a receiver without a name");
        json_object_set_new(file->receivers, name, json_boolean(json_array_size(hooks) > 0));
        json_array_foreach(hooks, j, hook)
        {
            struct spot at = doc_item(reader->doc, hooks, j, "webhook_configs");
            if (json_is_false(json_object_get(hook, "send_resolved")))
                prom_note(reader, &at,
                          "send_resolved: false is not used: the model notifies of "
                          "what has resolved");
        }
    }
    return UND_OK;
}

static enum und_code read_inhibits(const struct prom_reader *reader, const json_t *root,
                                   struct alertmanager_file *file)
{
    static const char *const keys[] = {
        "source_match",    "source_match_re", "source_matchers", "target_match",
        "target_match_re", "target_matchers", "equal",           NULL};
    json_t *list, *item;
    size_t i;
    if (prom_list(reader, root, "inhibit_rules", &list))
        return UND_USAGE;
    json_array_foreach(list, i, item)
    {
        struct spot spot = doc_item(reader->doc, list, i, "inhibit_rules");
        struct inhibit_rule *inhibit = &file->inhibits[file->n_inhibits];
        if (file->n_inhibits == ALERTMANAGER_FILE_INHIBITS)
            return doc_fail(&spot, reader->err, "more than %d inhibition rules",
                            ALERTMANAGER_FILE_INHIBITS);
        if (prom_mapping(reader, item, &spot, keys, NULL) ||
            read_matchers(reader, item, "source_", &inhibit->source) ||
            read_matchers(reader, item, "target_", &inhibit->target) ||
            read_labels(reader, item, "equal", &inhibit->equal))
            return UND_USAGE;
        file->n_inhibits++;
    }
    return UND_OK;
}

static enum und_code read_root(const struct prom_reader *reader, const json_t *root,
                               struct alertmanager_file *file)
{
    static const char *const keys[] = {"route", "receivers", "inhibit_rules", NULL};
    static const char *const unused[] = {"global",         "templates", "mute_time_intervals",
                                         "time_intervals", "tracing",   NULL};
    static const struct route_node defaults = {
        .group_wait_ms = 30000, .group_interval_ms = 300000, .repeat_interval_ms = 14400000};
    struct spot spot = doc_root(reader->doc, root);
    if (prom_mapping(reader, root, &spot, keys, unused) || read_receivers(reader, root, file))
        return UND_USAGE;
    if (!prom_has(root, "route"))
        return doc_fail(&spot, reader->err, "no route");
    spot = doc_member(reader->doc, root, "route");
    if (read_route(reader, json_object_get(root, "route"), &spot, &defaults, 0, file))
        return UND_USAGE;
    if (file->routes[0].matchers.n > 0)
        return doc_fail(&spot, reader->err,
                        "the first route takes every alert, it has no matchers");
    return read_inhibits(reader, root, file);
}

struct alertmanager_file *alertmanager_file_read(const char *path, struct und_err *err)
{
    struct alertmanager_file *file = calloc(1, sizeof *file);
    struct doc doc;
    struct prom_reader reader = {.doc = &doc, .err = err};
    json_t *root = NULL;
    enum und_code code;
    UND_ASSERT(file != NULL);
    snprintf(file->path, sizeof file->path, "%s", path);
    file->receivers = json_object();
    file->notes = reader.notes = json_array();
    doc_init(&doc);
    code = doc_load(&doc, path, &root, err);
    if (code == UND_OK)
        code = read_root(&reader, root, file);
    json_decref(root);
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
    json_decref(file->receivers);
    json_decref(file->notes);
    free(file);
}
