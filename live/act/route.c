#include "route.h"
#include "attribution.h"
#include "model/base/assert.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool route_next(const struct fleet *fleet, const struct github_runners *runners,
                const struct plan *plan, struct route_write *out)
{
    struct host_reading hosts[FLEET_HOSTS];
    bool found = false, found_online = false;
    size_t i;
    UND_ASSERT(plan->n == fleet->n_hosts);
    attribution_count(fleet, runners, hosts);
    for (i = 0; i < runners->n; i++) {
        const struct github_runner *runner = &runners->item[i];
        int host = attribution_of_runner(fleet, runner->name);
        bool carries = attribution_admitted(fleet, runner);
        if (host < 0)
            continue;
        if (carries && hosts[host].routed > plan->host[host].admitted) {
            *out = (struct route_write){i, false};
            return true;
        }
        if (!carries && hosts[host].routed < plan->host[host].admitted &&
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
    UND_ASSERT(from != out); /* it is written while that is read */
    UND_ASSERT(from->n >= 0 && from->n <= GITHUB_LABELS);
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

static bool has_label(const struct host *host, const char *label)
{
    int i;
    for (i = 0; i < host->n_labels; i++)
        if (strcmp(host->labels[i], label) == 0)
            return true;
    return false;
}

static bool has_all(const struct host *host, const json_t *labels)
{
    size_t i;
    for (i = 0; i < json_array_size(labels); i++) {
        const char *label = json_string_value(json_array_get(labels, i));
        if (!label || !has_label(host, label))
            return false;
    }
    return json_array_size(labels) > 0;
}

void route_by_value(const struct fleet *fleet, const char *value, int routed[FLEET_HOSTS])
{
    json_t *labels = json_loads(value, 0, NULL);
    int i;
    for (i = 0; i < fleet->n_hosts; i++)
        routed[i] = has_all(&fleet->hosts[i], labels) ? fleet->hosts[i].slots : 0;
    json_decref(labels);
}

/* Of the hosts with a bit in `hosts`; a new reference. */
static json_t *common_labels(const struct fleet *fleet, uint64_t hosts)
{
    json_t *labels = json_array();
    int first = 0, i, host;
    UND_ASSERT(hosts != 0); /* else there is no first */
    while (!(hosts >> first & 1))
        first++;
    for (i = 0; i < fleet->hosts[first].n_labels; i++) {
        const char *label = fleet->hosts[first].labels[i];
        bool common = true;
        for (host = first; host < fleet->n_hosts; host++)
            common = common && (!(hosts >> host & 1) || has_label(&fleet->hosts[host], label));
        if (common)
            json_array_append_new(labels, json_string(label));
    }
    return labels;
}

static uint64_t who_has(const struct fleet *fleet, const json_t *labels)
{
    uint64_t hosts = 0;
    int i;
    for (i = 0; i < fleet->n_hosts; i++)
        hosts |= (uint64_t)has_all(&fleet->hosts[i], labels) << i;
    return hosts;
}

bool route_value(const struct fleet *fleet, const struct plan *plan, char *out, size_t size)
{
    uint64_t admitted = 0;
    int best = -1, i;
    json_t *labels;
    char *text;
    bool tells;
    UND_ASSERT(plan->n == fleet->n_hosts);
    for (i = 0; i < fleet->n_hosts; i++) {
        if (plan->host[i].admitted == 0)
            continue;
        admitted |= 1ULL << i;
        if (best < 0 || fleet->hosts[i].tier < fleet->hosts[best].tier)
            best = i;
    }
    if (best < 0)
        return false;
    UND_ASSERT(admitted >> (fleet->n_hosts - 1) >> 1 == 0);
    labels = common_labels(fleet, admitted);
    if (who_has(fleet, labels) != admitted) {
        json_decref(labels);
        labels = common_labels(fleet, 1ULL << best);
        admitted = 1ULL << best;
    }
    tells = who_has(fleet, labels) == admitted;
    text = json_dumps(labels, JSON_COMPACT);
    snprintf(out, size, "%s", text ? text : "");
    free(text);
    json_decref(labels);
    return tells;
}
