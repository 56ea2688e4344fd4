#include "route.h"
#include "roster.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool route_carries(const struct github_runner *runner, const char *label)
{
    int i;
    for (i = 0; i < runner->labels.n; i++)
        if (strcmp(runner->labels.name[i], label) == 0)
            return true;
    return false;
}

void route_count(const struct fleet *fleet, const struct github_runners *runners,
                 int labelled[FLEET_HOSTS])
{
    size_t i;
    memset(labelled, 0, FLEET_HOSTS * sizeof labelled[0]);
    for (i = 0; i < runners->n; i++) {
        int host = roster_of_runner(fleet, runners->item[i].name);
        if (host >= 0)
            labelled[host] += route_carries(&runners->item[i], fleet->live.github.label);
    }
}

bool route_next(const struct fleet *fleet, const struct github_runners *runners,
                const struct plan *plan, struct route_write *out)
{
    int labelled[FLEET_HOSTS];
    bool found = false, found_online = false;
    size_t i;
    route_count(fleet, runners, labelled);
    for (i = 0; i < runners->n; i++) {
        const struct github_runner *runner = &runners->item[i];
        int host = roster_of_runner(fleet, runner->name);
        bool carries = route_carries(runner, fleet->live.github.label);
        if (host < 0)
            continue;
        if (carries && labelled[host] > plan->host[host].admitted) {
            *out = (struct route_write){i, false};
            return true;
        }
        if (!carries && labelled[host] < plan->host[host].admitted &&
            (!found || (runner->online && !found_online))) {
            *out = (struct route_write){i, true};
            found = true;
            found_online = runner->online;
        }
    }
    return found;
}

bool route_labels(const struct github_labels *from, const char *label, bool with,
                  struct github_labels *out)
{
    int i;
    out->n = 0;
    for (i = 0; i < from->n; i++) {
        if (strcmp(from->name[i], label) == 0)
            continue;
        memcpy(out->name[out->n], from->name[i], sizeof out->name[0]);
        out->custom[out->n++] = from->custom[i];
    }
    if (!with)
        return true;
    if (out->n == GITHUB_LABELS || strlen(label) >= sizeof out->name[0])
        return false;
    strcpy(out->name[out->n], label);
    out->custom[out->n++] = true;
    return true;
}

bool route_value(const struct fleet *fleet, const struct plan *plan, char *out, size_t size)
{
    const struct host *best = NULL;
    json_t *labels;
    char *text;
    int i;
    for (i = 0; i < fleet->n_hosts; i++)
        if (plan->host[i].admitted > 0 && (!best || fleet->hosts[i].tier < best->tier))
            best = &fleet->hosts[i];
    if (!best || best->n_labels == 0)
        return false;
    labels = json_array();
    for (i = 0; i < best->n_labels; i++)
        json_array_append_new(labels, json_string(best->labels[i]));
    text = json_dumps(labels, JSON_COMPACT);
    json_decref(labels);
    snprintf(out, size, "%s", text ? text : "");
    free(text);
    return out[0] != '\0';
}
