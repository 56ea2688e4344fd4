#include "fleet.h"

#include "model/base/assert.h"

#include <stdlib.h>
#include <string.h>

struct rule *fleet_own_rules(struct fleet *copy)
{
    size_t size = (size_t)copy->monitoring.n_rules * sizeof *copy->monitoring.rules;
    struct rule *own = malloc(size + 1);
    UND_ASSERT(own != NULL);
    if (size > 0)
        memcpy(own, copy->monitoring.rules, size);
    copy->monitoring.rules = own;
    return own;
}

int fleet_slots(const struct fleet *fleet)
{
    int i, slots = 0;
    for (i = 0; i < fleet->n_hosts; i++)
        slots += fleet->hosts[i].slots;
    return slots;
}

int fleet_host_index(const struct fleet *fleet, const char *name)
{
    int i;
    for (i = 0; i < fleet->n_hosts; i++)
        if (strcmp(fleet->hosts[i].name, name) == 0)
            return i;
    return -1;
}

struct readings_setup fleet_readings(const struct fleet *fleet)
{
    struct readings_setup setup = {.n = fleet->n_hosts,
                                   .probe_misses = fleet->controller.probe_misses,
                                   .no_alerts = !fleet->monitoring.present};
    int i;
    for (i = 0; i < fleet->n_hosts; i++) {
        setup.host[i].slots = fleet->hosts[i].slots;
        setup.host[i].tier = fleet->hosts[i].tier;
    }
    return setup;
}

int fleet_rotation(const struct fleet *fleet, int host)
{
    bool waits =
        fleet->has_policy && !fleet->policy.overflow && fleet->hosts[host].tier == TIER_BACKUP;
    return waits ? 0 : fleet->hosts[host].slots;
}

uint64_t fleet_class_hosts(const struct job_class *job_class, int n_hosts)
{
    return job_class->n_runs_on > 0 ? job_class->hosts : UINT64_MAX >> (64 - n_hosts);
}
