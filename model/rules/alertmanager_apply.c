/* Which route of alertmanager.yml tells the controller of which alert, and what mutes it. */
#include "alertmanager_file.h"

#include "label_match.h"

#include <stdio.h>
#include <string.h>

/* An alert: a rule's for a host. */
struct labelled {
    const json_t *labels;
    const struct host *host;
    const char *job;
};

struct applier {
    const struct alertmanager_file *file;
    const char *receiver;
    const struct rule_set *set;
    const struct fleet *fleet;
    const struct monitoring *monitoring;
    struct alertmanager_config *config;
    int node_of[FLEET_ROUTES]; /* the tree's node behind each of config->routes */
};

static struct labelled labelled(const struct applier *applier, int rule, int host)
{
    int job = applier->set->rules[rule].job;
    return (struct labelled){
        .labels = applier->set->sources[rule].labels,
        .host = &applier->fleet->hosts[host],
        .job = applier->monitoring->n_jobs > 0 ? applier->monitoring->jobs[job].name : ""};
}

/* A rule's own labels win over those of the series. */
static const char *label_of(const struct labelled *alert, const char *name)
{
    const char *value = json_string_value(json_object_get(alert->labels, name));
    if (!value && strcmp(name, "job") == 0)
        return alert->job;
    return value ? value : "";
}

static bool satisfies(const struct labelled *alert, const struct route_matchers *matchers)
{
    for (int i = 0; i < matchers->n; i++) {
        const struct label_matcher *matcher = &matchers->list[i];
        bool host =
            label_names_host(matcher->name) && !json_object_get(alert->labels, matcher->name);
        if (host ? !label_matches_host(matcher, alert->host)
                 : !label_matches(matcher, label_of(alert, matcher->name)))
            return false;
    }
    return true;
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
static int match(const struct applier *applier, int node, const struct labelled *alert, bool *taken)
{
    const struct alertmanager_file *file = applier->file;
    int found = -1;
    bool by_child = false;
    *taken = satisfies(alert, &file->routes[node].matchers);
    if (!*taken)
        return -1;
    for (int child = node + 1; child < file->routes[node].end; child = file->routes[child].end) {
        bool child_took;
        int of_child = match(applier, child, alert, &child_took);
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

static bool groups_by_host(const struct label_set *labels)
{
    for (int i = 0; i < labels->n; i++) {
        if (label_names_host(labels->name[i]))
            return true;
    }
    return labels->all;
}

/* Do the alerts of two rules for one host come into one group of the node? */
static bool same_group(const struct applier *applier, const struct label_set *labels, int a, int b)
{
    struct labelled first = labelled(applier, a, 0), second = labelled(applier, b, 0);
    if (labels->all)
        return json_equal((json_t *)first.labels, (json_t *)second.labels);
    for (int i = 0; i < labels->n; i++) {
        if (strcmp(label_of(&first, labels->name[i]), label_of(&second, labels->name[i])) != 0)
            return false;
    }
    return true;
}

static enum und_code use_node(struct applier *applier, int node, int *route, struct und_err *err)
{
    const struct route_node *from = &applier->file->routes[node];
    struct alertmanager_config *config = applier->config;
    struct alert_route *to;
    for (*route = 0; *route < config->n_routes; ++*route) {
        if (applier->node_of[*route] == node)
            return UND_OK;
    }
    if (config->n_routes == FLEET_ROUTES)
        return und_fail(err, UND_USAGE, "%s:%d: more than %d routes tell the controller",
                        applier->file->path, from->line, FLEET_ROUTES);
    to = &config->routes[config->n_routes];
    applier->node_of[config->n_routes++] = node;
    *to = (struct alert_route){.group_wait_ms = from->group_wait_ms,
                               .group_interval_ms = from->group_interval_ms,
                               .repeat_interval_ms = from->repeat_interval_ms,
                               .by_instance = groups_by_host(&from->group_by)};
    for (int rule = 0; rule < applier->set->n; rule++) {
        int same = 0;
        while (!same_group(applier, &from->group_by, same, rule))
            same++;
        to->group_of[rule] = (uint8_t)same;
    }
    return UND_OK;
}

static enum und_code apply_routes(struct applier *applier, struct und_err *err)
{
    for (int rule = 0; rule < applier->set->n; rule++) {
        for (int host = 0; host < applier->fleet->n_hosts; host++) {
            struct labelled alert = labelled(applier, rule, host);
            bool taken;
            int node = match(applier, 0, &alert, &taken), route = -1;
            if (node >= 0 && use_node(applier, node, &route, err))
                return UND_USAGE;
            applier->config->route_of[rule][host] = (int8_t)route;
        }
    }
    if (applier->config->n_routes > 0)
        return UND_OK;
    /* A route that nothing takes, so that the fleet's own keys do not come back into force. */
    applier->config->n_routes = 1;
    applier->config->routes[0].group_interval_ms = 300000;
    return UND_OK;
}

/* --- inhibition ------------------------------------------------------------------------------ */

/* Labels of `equal` other than the host's have to agree. */
static bool equal_labels(const struct label_set *equal, const struct labelled *a,
                         const struct labelled *b)
{
    for (int i = 0; i < equal->n; i++) {
        if (!label_names_host(equal->name[i]) &&
            strcmp(label_of(a, equal->name[i]), label_of(b, equal->name[i])) != 0)
            return false;
    }
    return true;
}

/* Matchers on hosts are judged for the target's host; a source elsewhere has to satisfy them by
 * its rule's labels. Alerts that match both sides do not mute each other. */
static void apply_inhibit(struct applier *applier, const struct inhibit_rule *inhibit, int source,
                          int target)
{
    struct alertmanager_config *config = applier->config;
    struct labelled from = labelled(applier, source, 0), to = labelled(applier, target, 0);
    if (!satisfies(&from, &inhibit->source) || !satisfies(&to, &inhibit->target) ||
        !equal_labels(&inhibit->equal, &from, &to))
        return;
    if (satisfies(&to, &inhibit->source) && satisfies(&from, &inhibit->target))
        return;
    if (groups_by_host(&inhibit->equal))
        config->muted_by_same_host[target] |= (uint32_t)1 << source;
    else
        config->muted_by_any_host[target] |= (uint32_t)1 << source;
}

static enum und_code check_inhibit(const struct applier *applier,
                                   const struct inhibit_rule *inhibit, struct und_err *err)
{
    const struct route_matchers *sides[] = {&inhibit->source, &inhibit->target};
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < sides[i]->n; j++) {
            if (label_names_host(sides[i]->list[j].name))
                return und_fail(err, UND_USAGE,
                                "%s: inhibit_rules: a matcher on %s; the model has inhibition by "
                                "the labels of rules",
                                applier->file->path, sides[i]->list[j].name);
        }
    }
    return UND_OK;
}

enum und_code alertmanager_file_apply(const struct alertmanager_file *file, const char *receiver,
                                      const struct rule_set *set, const struct fleet *fleet,
                                      const struct monitoring *monitoring,
                                      struct alertmanager_config *config, struct und_err *err)
{
    struct applier applier = {.file = file,
                              .receiver = receiver,
                              .set = set,
                              .fleet = fleet,
                              .monitoring = monitoring,
                              .config = config};
    config->n_routes = 0;
    if (receiver[0] && !json_object_get(file->receivers, receiver))
        return und_fail(err, UND_USAGE, "%s: receivers: none is called '%s'", file->path, receiver);
    if (apply_routes(&applier, err))
        return UND_USAGE;
    for (int i = 0; i < file->n_inhibits; i++) {
        if (check_inhibit(&applier, &file->inhibits[i], err))
            return UND_USAGE;
        for (int source = 0; source < set->n; source++) {
            for (int target = 0; target < set->n; target++)
                apply_inhibit(&applier, &file->inhibits[i], source, target);
        }
    }
    return UND_OK;
}
