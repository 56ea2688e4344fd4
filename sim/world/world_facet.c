#include "world.h"

#include "model/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define HAIR 1e-9 /* a share of slots this close to a limit is not beyond it */

bool world_facet_of_jobs(const struct facet *facet)
{
    return facet->metric == METRIC_QUEUE_WAIT || facet->metric == METRIC_FAULT_WAIT;
}

/* Slots that its share is of. */
static double slots(const struct world *world, const struct facet *facet)
{
    return facet->metric != METRIC_UTILIZATION ? 1
           : facet->host_at >= 0               ? (double)world->github.host[facet->host_at].slots
                                               : (double)world->github.n_regs;
}

void world_facet_open(struct world *world)
{
    struct world_facets *facets = &world->facets;
    int i;
    facets->n = world->scenario->n_facets;
    if (facets->n == 0)
        return;
    facets->of = world_allocate((size_t)facets->n, sizeof *facets->of);
    for (i = 0; i < facets->n; i++) {
        struct facet_gather *gather = &facets->of[i];
        gather->facet = &world->scenario->facets[i];
        gather->limit = gather->facet->limit * slots(world, gather->facet) * (1 + HAIR);
        if (world_facet_of_jobs(gather->facet)) {
            waits_init(&gather->waits);
            continue;
        }
        level_init(&gather->level);
        level_init(&gather->rep_level);
        cluster_init(&gather->clusters);
    }
}

void world_facet_close(struct world *world)
{
    int i;
    for (i = 0; i < world->facets.n; i++) {
        struct facet_gather *gather = &world->facets.of[i];
        if (world_facet_of_jobs(gather->facet)) {
            waits_fini(&gather->waits);
            continue;
        }
        cluster_fini(&gather->clusters);
        level_fini(&gather->rep_level);
        level_fini(&gather->level);
    }
    free(world->facets.of);
}

void world_facet_start(struct world *world)
{
    int i;
    for (i = 0; i < world->facets.n; i++) {
        struct facet_gather *gather = &world->facets.of[i];
        gather->beyond = gather->within = 0;
        if (world_facet_of_jobs(gather->facet))
            waits_begin(&gather->waits);
        else
            level_clear(&gather->rep_level);
    }
}

void world_facet_merge(struct world *world, const struct world *part)
{
    int i;
    for (i = 0; i < world->facets.n; i++) {
        struct facet_gather *gather = &world->facets.of[i];
        const struct facet_gather *other = &part->facets.of[i];
        if (world_facet_of_jobs(gather->facet)) {
            waits_merge(&gather->waits, &other->waits);
            continue;
        }
        level_merge(&gather->level, &other->level);
        cluster_merge(&gather->clusters, &other->clusters);
    }
}

void world_facet_forget(struct world *world)
{
    int i;
    for (i = 0; i < world->facets.n; i++) {
        struct facet_gather *gather = &world->facets.of[i];
        if (world_facet_of_jobs(gather->facet)) {
            waits_clear(&gather->waits);
            continue;
        }
        level_clear(&gather->level);
        cluster_clear(&gather->clusters);
    }
}

/* ---- over time ---- */

/* None of its slots could take a job: dead, cut off, drained, or GitHub is away. */
static bool is_down(const struct world *world, const struct facet *facet)
{
    int host;
    if (facet->down_at >= 0)
        return world->github.host[facet->down_at].able == 0;
    for (host = 0; host < world->n_hosts; host++)
        if (world->github.host[host].able == 0)
            return true;
    return false;
}

static int64_t value_of(const struct world *world, const struct facet *facet)
{
    return facet->metric == METRIC_QUEUE_LENGTH ? world->jobs.queued
           : facet->host_at >= 0                ? world->github.host[facet->host_at].busy
                                                : world->github.occupied;
}

void world_facet_hold(struct world *world, int64_t ms)
{
    int i;
    for (i = 0; i < world->facets.n; i++) {
        struct facet_gather *gather = &world->facets.of[i];
        int64_t value;
        if (world_facet_of_jobs(gather->facet) ||
            (gather->facet->down[0] && !is_down(world, gather->facet)))
            continue;
        value = value_of(world, gather->facet);
        level_hold(&gather->rep_level, value, ms);
        gather->beyond += (double)value > gather->limit ? ms : 0;
    }
}

/* ---- of jobs ---- */

/* One that still waits is of the only host that may run it, and else of none. */
static bool is_of(const struct world *world, const struct facet *facet, const struct job *job,
                  int host)
{
    const struct job_class *of = &world->fleet->workload.classes[job->job_class];
    if (facet->class_at >= 0 && facet->class_at != job->job_class)
        return false;
    if (facet->metric == METRIC_FAULT_WAIT && !job->during_fault)
        return false;
    return facet->host_at < 0 || facet->host_at == host ||
           (host < 0 && fleet_class_hosts(of, world->n_hosts) == 1ULL << facet->host_at);
}

void world_facet_wait(struct world *world, const struct job *job, int host, int64_t wait_ms)
{
    int i;
    for (i = 0; i < world->facets.n; i++) {
        struct facet_gather *gather = &world->facets.of[i];
        if (!world_facet_of_jobs(gather->facet) || !is_of(world, gather->facet, job, host))
            continue;
        sketch_add(host < 0 ? &gather->waits.rep_open : &gather->waits.rep, wait_ms);
        if ((double)wait_ms > gather->limit)
            gather->beyond++;
        else if (host < 0)
            gather->within++;
    }
}

/* ---- the end of a replication ---- */

static struct rep_facet of_jobs(struct facet_gather *gather, int group)
{
    struct sketch *over = &gather->waits.rep, *open = &gather->waits.rep_open;
    struct rep_facet found = {
        .sum = (int64_t)(over->sum + open->sum), .of = over->n + open->n, .open = open->n};
    if (gather->facet->beyond) {
        found.sum = gather->beyond;
        found.open = gather->within;
    }
    waits_end(&gather->waits, group);
    return found;
}

static struct rep_facet of_time(struct facet_gather *gather)
{
    struct rep_facet found = {.of = gather->rep_level.total_ms};
    found.sum = gather->facet->beyond ? gather->beyond : (int64_t)gather->rep_level.area;
    level_merge(&gather->level, &gather->rep_level);
    cluster_add_level(&gather->clusters, &gather->rep_level);
    return found;
}

void world_facet_finish(struct world *world, int group, struct rep_facet *found)
{
    int i;
    for (i = 0; i < world->facets.n; i++) {
        struct facet_gather *gather = &world->facets.of[i];
        struct rep_facet of =
            world_facet_of_jobs(gather->facet) ? of_jobs(gather, group) : of_time(gather);
        if (found)
            found[i] = of;
    }
}
