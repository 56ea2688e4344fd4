#include "targets_expand.h"

#include "model/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a probe stands between, the address is its own, and instance is what it looks at. */
static int host_of(const struct prometheus_target *target, const struct fleet *hosts)
{
    const char *instance = json_string_value(json_object_get(target->labels, "instance"));
    const char *start = instance ? strstr(instance, "://") : NULL;
    struct prometheus_target probed = *target;
    int host = prometheus_target_host(target, hosts);
    if (host >= 0 || !instance)
        return host;
    start = start ? start + 3 : instance;
    probed.address = strndup(start, strcspn(start, "/"));
    UND_ASSERT(probed.address != NULL);
    host = prometheus_target_host(&probed, hosts);
    free(probed.address);
    return host;
}

static void add(struct monitoring *monitoring, int host, const json_t *labels)
{
    struct scrape_target *to;
    monitoring->targets =
        realloc(monitoring->targets, ((size_t)monitoring->n_targets + 1) * sizeof *to);
    UND_ASSERT(monitoring->targets != NULL);
    to = &monitoring->targets[monitoring->n_targets++];
    *to = (struct scrape_target){.job = monitoring->n_jobs - 1,
                                 .host = host,
                                 .labels = labels ? json_dumps(labels, 0) : NULL};
}

static void take_targets(struct monitoring *monitoring, const struct prometheus_job *job,
                         const struct fleet *hosts)
{
    const json_t *of_host[FLEET_HOSTS] = {NULL}, *other = NULL;
    bool any = false;
    for (int i = 0; i < job->n_targets; i++) {
        int host = host_of(&job->targets[i], hosts);
        const json_t **to = host < 0 ? &other : &of_host[host];
        any = any || host >= 0;
        if (!*to)
            *to = job->targets[i].labels;
    }
    for (int i = 0; i < hosts->n_hosts; i++) {
        if (of_host[i] || (any && !job->discovers))
            add(monitoring, i, of_host[i]);
    }
    if (other)
        add(monitoring, -1, other);
}

void targets_add_job(struct monitoring *monitoring, const char *name)
{
    struct scrape_job *job;
    monitoring->jobs = realloc(monitoring->jobs, ((size_t)monitoring->n_jobs + 1) * sizeof *job);
    UND_ASSERT(monitoring->jobs != NULL);
    job = &monitoring->jobs[monitoring->n_jobs++];
    *job = (struct scrape_job){.interval_ms = 0};
    snprintf(job->name, sizeof job->name, "%.*s", JOB_NAME - 1, name);
}

void targets_take_jobs(struct monitoring *monitoring, const struct prometheus_file *file,
                       const struct fleet *hosts)
{
    for (int i = 0; i < file->n_jobs; i++) {
        targets_add_job(monitoring, file->jobs[i].job.name);
        take_targets(monitoring, &file->jobs[i], hosts);
    }
}

static json_t *names_of(const json_t *jobs)
{
    json_t *names = json_object(), *job;
    size_t i;
    json_array_foreach ((json_t *)jobs, i, job)
        json_object_set_new(names, json_string_value(json_object_get(job, "name")), json_true());
    return names;
}

json_t *targets_list(const struct monitoring *monitoring, const struct fleet *hosts,
                     const json_t *jobs)
{
    json_t *list = json_array(), *listed = names_of(jobs);
    for (int i = 0; i < monitoring->n_targets; i++) {
        const struct scrape_target *target = &monitoring->targets[i];
        const char *job = monitoring->jobs[target->job].name;
        json_t *item;
        if (!json_object_get(listed, job))
            continue;
        item = json_pack("{s:s, s:o}", "job", job, "labels",
                         target->labels ? json_loads(target->labels, 0, NULL) : json_null());
        if (target->host >= 0)
            json_object_set_new(item, "host", json_string(hosts->hosts[target->host].name));
        json_array_append_new(list, item);
    }
    json_decref(listed);
    return list;
}

void targets_fini(struct monitoring *monitoring)
{
    for (int i = 0; i < monitoring->n_targets; i++)
        free(monitoring->targets[i].labels);
    free(monitoring->targets);
    free(monitoring->jobs);
    monitoring->jobs = NULL;
    monitoring->n_jobs = 0;
    monitoring->targets = NULL;
    monitoring->n_targets = 0;
}
