/* Which route of alertmanager.yml tells the controller of which alert, and what mutes it. */
#include "alertmanager_file.h"

#include "model/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct applier {
    const struct alertmanager_file *file;
    const char *receiver;
    const struct alert_labels *labels;
    struct alertmanager_config *config;
    int *route_of;  /* owned: of each node of the tree, its place in config->routes; or -1 */
    json_t *groups; /* route and labels, as a text -> number of the group */
    struct und_err *err;
};

void alert_labels_free(struct alert_labels *labels)
{
    if (!labels)
        return;
    for (int rule = 0; rule < labels->n_rules; rule++) {
        for (int host = 0; host < FLEET_HOSTS; host++)
            json_decref(labels->of[rule][host]);
    }
    free(labels->of);
    free(labels);
}

/* --- routes ---------------------------------------------------------------------------------- */

static bool tells_controller(const struct applier *applier, int node)
{
    const char *name = applier->file->routes[node].receiver;
    if (applier->receiver[0])
        return strcmp(name, applier->receiver) == 0;
    return json_is_true(json_object_get(applier->file->receivers, name));
}

/* Route.Match: the deepest routes that take the alert, in order; the first one that tells the
 * controller is returned, -1 if none does. *taken: did this subtree take it at all? */
static int match(const struct applier *applier, int node, const json_t *labels, bool *taken)
{
    const struct alertmanager_file *file = applier->file;
    int found = -1;
    bool by_child = false;
    *taken = label_matchers_hold(&file->routes[node].matchers, labels);
    if (!*taken)
        return -1;
    for (int child = node + 1; child < file->routes[node].end; child = file->routes[child].end) {
        bool child_took;
        int of_child = match(applier, child, labels, &child_took);
        if (found < 0)
            found = of_child;
        by_child |= child_took;
        if (child_took && !file->routes[child].go_on)
            break;
    }
    if (!by_child && tells_controller(applier, node))
        return node;
    return found;
}

bool alertmanager_file_tells(const struct alertmanager_file *file, const char *receiver,
                             const json_t *labels)
{
    const struct applier applier = {.file = file, .receiver = receiver};
    bool taken;
    return match(&applier, 0, labels, &taken) >= 0;
}

static const struct named_interval *interval_of(const struct applier *applier, const json_t *name)
{
    int i = 0;
    while (strcmp(applier->file->intervals[i].name, json_string_value(name)) != 0)
        i++;
    UND_ASSERT(i < applier->file->n_intervals);
    return &applier->file->intervals[i];
}

static void add_week(const struct applier *applier, const json_t *names, struct week_minutes *to)
{
    size_t i;
    json_t *name;
    json_array_foreach ((json_t *)names, i, name) {
        const struct named_interval *interval = interval_of(applier, name);
        for (size_t byte = 0; byte < sizeof to->bits; byte++)
            to->bits[byte] |= interval->week.in.bits[byte];
    }
}

/* The minutes of a week in which the route is mute: in one of its mute intervals, or outside of all
 * its active ones. */
static void learn_mute(const struct applier *applier, const struct route_node *node,
                       struct alert_route *route)
{
    struct week_minutes active = {{0}};
    add_week(applier, node->mute, &route->mute);
    add_week(applier, node->active, &active);
    route->has_mute = json_array_size(node->mute) + json_array_size(node->active) > 0;
    for (size_t byte = 0; json_array_size(node->active) > 0 && byte < sizeof active.bits; byte++)
        route->mute.bits[byte] |= (uint8_t)~active.bits[byte];
}

static enum und_code use_node(struct applier *applier, int node, int *route)
{
    const struct route_node *from = &applier->file->routes[node];
    struct alertmanager_config *config = applier->config;
    struct alert_route *to;
    *route = applier->route_of[node];
    if (*route >= 0)
        return UND_OK;
    if (config->n_routes == FLEET_ROUTES)
        return und_fail(applier->err, UND_USAGE, "%s:%d: more than %d routes tell the controller",
                        applier->file->path, from->line, FLEET_ROUTES);
    config->routes =
        realloc(config->routes, ((size_t)config->n_routes + 1) * sizeof *config->routes);
    UND_ASSERT(config->routes != NULL);
    to = &config->routes[config->n_routes];
    *route = applier->route_of[node] = config->n_routes++;
    *to = (struct alert_route){.group_wait_ms = from->group_wait_ms,
                               .group_interval_ms = from->group_interval_ms,
                               .repeat_interval_ms = from->repeat_interval_ms,
                               .silent_resolved =
                                   json_object_get(applier->file->silent, from->receiver) != NULL};
    learn_mute(applier, from, to);
    return UND_OK;
}

/* The values of these labels, as a text that tells them apart. */
static char *values_of(const json_t *names, const json_t *labels)
{
    json_t *values = json_array(), *name;
    size_t i;
    char *text;
    json_array_foreach ((json_t *)names, i, name) {
        const json_t *value = json_object_get(labels, json_string_value(name));
        json_array_append_new(values, json_string(value ? json_string_value(value) : ""));
    }
    text = json_dumps(values, JSON_COMPACT);
    UND_ASSERT(text != NULL);
    json_decref(values);
    return text;
}

/* The number that belongs to `key`, a new one if it is new. */
static int number_of(json_t *numbers, const char *key)
{
    const json_t *known = json_object_get(numbers, key);
    int number = known ? (int)json_integer_value(known) : (int)json_object_size(numbers);
    if (!known)
        json_object_set_new(numbers, key, json_integer(number));
    return number;
}

static int group_of(struct applier *applier, int node, int route, const json_t *labels)
{
    const struct route_node *from = &applier->file->routes[node];
    char *values = from->group_by_all ? json_dumps(labels, JSON_COMPACT | JSON_SORT_KEYS)
                                      : values_of(from->group_by, labels);
    size_t n = strlen(values) + 16;
    char *key = malloc(n);
    int number;
    UND_ASSERT(key != NULL);
    snprintf(key, n, "%d %s", route, values);
    number = number_of(applier->groups, key);
    free(key);
    free(values);
    return number;
}

static enum und_code apply_routes(struct applier *applier)
{
    struct alertmanager_config *config = applier->config;
    size_t n = (size_t)applier->labels->n_rules + 1;
    config->route_of = calloc(n, sizeof *config->route_of);
    config->group_of = calloc(n, sizeof *config->group_of);
    UND_ASSERT(config->route_of && config->group_of);
    for (int rule = 0; rule < applier->labels->n_rules; rule++) {
        for (int host = 0; host < applier->labels->n_hosts; host++) {
            const json_t *labels = applier->labels->of[rule][host];
            bool taken;
            int node = labels ? match(applier, 0, labels, &taken) : -1, route = -1;
            if (node >= 0 && use_node(applier, node, &route))
                return UND_USAGE;
            config->route_of[rule][host] = (int16_t)route;
            if (route >= 0)
                config->group_of[rule][host] = (uint32_t)group_of(applier, node, route, labels);
        }
    }
    if (config->n_routes > 0)
        return UND_OK;
    /* A route that nothing takes, so that the fleet's own keys do not come back into force. */
    config->n_routes = 1;
    config->routes = calloc(1, sizeof *config->routes);
    UND_ASSERT(config->routes != NULL);
    config->routes[0].group_interval_ms = 300000;
    return UND_OK;
}

/* --- inhibition ------------------------------------------------------------------------------ */

/* Alerts that match both sides do not mute each other: such a target is muted only by sources that
 * are not targets themselves (inhibit.go, hasEqual with excludeTwoSidedMatch). */
static void apply_inhibit(struct applier *applier, const struct inhibit_rule *from,
                          struct inhibition *to)
{
    json_t *keys = json_object();
    to->alert = calloc((size_t)applier->labels->n_rules + 1, sizeof *to->alert);
    UND_ASSERT(to->alert != NULL);
    for (int rule = 0; rule < applier->labels->n_rules; rule++) {
        for (int host = 0; host < applier->labels->n_hosts; host++) {
            const json_t *labels = applier->labels->of[rule][host];
            struct inhibited *alert = &to->alert[rule][host];
            char *key;
            *alert = (struct inhibited){.source = false};
            if (!labels)
                continue;
            alert->source = label_matchers_hold(&from->source, labels);
            alert->target = label_matchers_hold(&from->target, labels);
            key = values_of(from->equal, labels);
            alert->key = (uint32_t)number_of(keys, key);
            free(key);
        }
    }
    json_decref(keys);
}

enum und_code alertmanager_file_apply(const struct alertmanager_file *file, const char *receiver,
                                      const struct alert_labels *labels,
                                      struct alertmanager_config *config, struct und_err *err)
{
    struct applier applier = {
        .file = file, .receiver = receiver, .labels = labels, .config = config, .err = err};
    enum und_code code;
    config->n_routes = 0;
    if (receiver[0] && !json_object_get(file->receivers, receiver))
        return und_fail(err, UND_USAGE, "%s: receivers: none is called '%s'", file->path, receiver);
    applier.groups = json_object();
    applier.route_of = malloc((size_t)file->n_routes * sizeof *applier.route_of);
    UND_ASSERT(applier.route_of != NULL);
    for (int i = 0; i < file->n_routes; i++)
        applier.route_of[i] = -1;
    code = apply_routes(&applier);
    free(applier.route_of);
    json_decref(applier.groups);
    config->inhibitions = calloc((size_t)file->n_inhibits + 1, sizeof *config->inhibitions);
    UND_ASSERT(config->inhibitions != NULL);
    for (int i = 0; i < file->n_inhibits; i++)
        apply_inhibit(&applier, &file->inhibits[i], &config->inhibitions[config->n_inhibitions++]);
    return code;
}
