#include "fleet.h"

#include "model/base/assert.h"

#include <stdlib.h>
#include <string.h>

static void *copy_of(const void *list, int n, size_t size)
{
    void *own = calloc((size_t)n + 1, size);
    UND_ASSERT(own != NULL);
    if (n > 0)
        memcpy(own, list, (size_t)n * size);
    return own;
}

void fleet_own(struct fleet *copy)
{
    struct monitoring *monitoring = &copy->monitoring;
    struct alertmanager_config *config = &copy->alertmanager;
    monitoring->rules = copy_of(monitoring->rules, monitoring->n_rules, sizeof *monitoring->rules);
    monitoring->jobs = copy_of(monitoring->jobs, monitoring->n_jobs, sizeof *monitoring->jobs);
    config->routes = copy_of(config->routes, config->n_routes, sizeof *config->routes);
}

void fleet_disown(struct fleet *copy)
{
    free(copy->monitoring.rules);
    free(copy->monitoring.jobs);
    free(copy->alertmanager.routes);
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
