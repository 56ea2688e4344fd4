#include "world.h"

#include "model/base/assert.h"

#include <math.h>
#include <string.h>

void world_measure_open(struct world *world)
{
    struct world_measures *m = &world->measures;
    level_init(&m->queue_level);
    level_init(&m->busy_level);
    level_init(&m->rep_queue_level);
    level_init(&m->rep_busy_level);
    cluster_init(&m->queue_clusters);
    cluster_init(&m->busy_clusters);
    waits_init(&m->waits);
    waits_init(&m->fault_waits);
    world_facet_open(world);
}

void world_measure_close(struct world *world)
{
    struct world_measures *m = &world->measures;
    world_facet_close(world);
    waits_fini(&m->waits);
    waits_fini(&m->fault_waits);
    cluster_fini(&m->busy_clusters);
    cluster_fini(&m->queue_clusters);
    level_fini(&m->rep_busy_level);
    level_fini(&m->rep_queue_level);
    level_fini(&m->busy_level);
    level_fini(&m->queue_level);
}

void world_measure_merge(struct world *world, const struct world *part)
{
    struct world_measures *m = &world->measures;
    int i;
    waits_merge(&m->waits, &part->measures.waits);
    waits_merge(&m->fault_waits, &part->measures.fault_waits);
    for (i = 0; i < FLEET_CLASSES; i++)
        wait_sums_merge(&m->class_waits[i], &part->measures.class_waits[i]);
    for (i = 0; i < FLEET_HOSTS; i++)
        wait_sums_merge(&m->host_waits[i], &part->measures.host_waits[i]);
    level_merge(&m->queue_level, &part->measures.queue_level);
    level_merge(&m->busy_level, &part->measures.busy_level);
    cluster_merge(&m->queue_clusters, &part->measures.queue_clusters);
    cluster_merge(&m->busy_clusters, &part->measures.busy_clusters);
    world_facet_merge(world, part);
}

void world_measure_forget(struct world *world)
{
    struct world_measures *m = &world->measures;
    waits_clear(&m->waits);
    waits_clear(&m->fault_waits);
    memset(m->class_waits, 0, sizeof m->class_waits);
    memset(m->host_waits, 0, sizeof m->host_waits);
    level_clear(&m->queue_level);
    level_clear(&m->busy_level);
    cluster_clear(&m->queue_clusters);
    cluster_clear(&m->busy_clusters);
    world_facet_forget(world);
}

void world_measure_start(struct world *world, int group, struct time_slices *slices)
{
    struct world_measures *m = &world->measures;
    int i;
    m->group = group;
    m->slices = slices;
    m->since_ms = 0;
    m->available_ms = 0;
    m->jobs_done = m->jobs_failed = m->first_done = m->first_failed = m->given_up = 0;
    m->waited = m->started = m->wait_sum_ms = 0;
    m->n_fault_waits = m->fault_wait_sum_ms = 0;
    memset(m->host, 0, sizeof m->host);
    waits_begin(&m->waits);
    waits_begin(&m->fault_waits);
    for (i = 0; i < world->fleet->workload.n_classes; i++)
        wait_sums_begin(&m->class_waits[i]);
    for (i = 0; i < world->n_hosts; i++)
        wait_sums_begin(&m->host_waits[i]);
    level_clear(&m->rep_queue_level);
    level_clear(&m->rep_busy_level);
    world_facet_start(world);
    if (slices)
        time_slices_clear(slices);
}

/* ---- over time ---- */

void world_measure_account(struct world *world)
{
    struct world_measures *m = &world->measures;
    int64_t queued = world->jobs.queued, occupied = world->github.occupied;
    int64_t since_ms = m->since_ms > world->stats_from_ms ? m->since_ms : world->stats_from_ms;
    int64_t ms = world->now_ms - since_ms;
    bool up = world->github.able > 0;
    int host;
    UND_ASSERT(queued >= 0 && occupied >= 0);
    UND_ASSERT(occupied <= (int64_t)world->github.n_regs);
    UND_ASSERT(queued + occupied <= world->jobs.in_system);
    if (ms <= 0)
        return;
    m->since_ms = world->now_ms;
    level_hold(&m->rep_queue_level, queued, ms);
    level_hold(&m->rep_busy_level, occupied, ms);
    m->available_ms += up ? ms : 0;
    if (m->slices)
        time_slices_hold(m->slices, since_ms, world->now_ms, queued, occupied, up);
    if (world->facets.n > 0)
        world_facet_hold(world, ms);
    for (host = 0; host < world->n_hosts; host++) {
        m->host[host].busy_ms += world->github.host[host].busy * ms;
        m->host[host].able_ms += world->github.host[host].able > 0 ? ms : 0;
    }
}

/* ---- jobs ---- */

static bool counts(const struct world *world)
{
    return world->now_ms >= world->stats_from_ms;
}

static void fault_wait(struct world_measures *m, struct sketch *waits, int64_t wait_ms)
{
    sketch_add(waits, wait_ms);
    m->n_fault_waits++;
    m->fault_wait_sum_ms += wait_ms;
}

void world_measure_job_started(struct world *world, const struct news *news)
{
    struct world_measures *m = &world->measures;
    const struct job *j = &world->jobs.job[news->job];
    int64_t wait_ms = world->now_ms - j->created_ms;
    bool waited = j->waited && wait_ms > 0;
    if (!news->first || j->attempt > 0 || j->created_ms < world->stats_from_ms || !counts(world))
        return;
    sketch_add(&m->waits.rep, wait_ms);
    wait_sums_add(&m->class_waits[j->job_class], wait_ms);
    wait_sums_add(&m->host_waits[news->host], wait_ms);
    if (j->during_fault)
        fault_wait(m, &m->fault_waits.rep, wait_ms);
    if (world->facets.n > 0)
        world_facet_wait(world, j, news->host, wait_ms);
    m->started++;
    m->waited += waited;
    m->wait_sum_ms += wait_ms;
    if (m->slices)
        time_slices_start(m->slices, world->now_ms, wait_ms, waited);
}

void world_measure_job_succeeded(struct world *world, const struct news *news)
{
    bool counted = counts(world);
    world->measures.jobs_done += counted;
    world->measures.first_done += counted && world->jobs.job[news->job].attempt == 0;
    world->measures.host[news->host].done += counted;
}

void world_measure_job_failed(struct world *world, const struct news *news)
{
    bool counted = counts(world);
    world->measures.jobs_failed += counted;
    world->measures.first_failed += counted && world->jobs.job[news->job].attempt == 0;
    world->measures.given_up += counted && news->gave_up && world->jobs.job[news->job].attempt == 0;
    if (news->host >= 0)
        world->measures.host[news->host].failed += counted;
}

/* ---- the end of a replication ---- */

/* Jobs that have not started when the replication ends have waited at least this long. */
static void count_waiting(struct world *world, struct rep *rep)
{
    struct world_measures *m = &world->measures;
    uint32_t job;
    for (job = 0; job < world->jobs.used; job++) {
        const struct job *j = &world->jobs.job[job];
        int64_t age_ms = world->now_ms - j->created_ms;
        if (!world_job_waits(j) || j->started_ms >= 0 || j->attempt > 0 ||
            j->created_ms < world->stats_from_ms)
            continue;
        sketch_add(&m->waits.rep_open, age_ms);
        wait_sums_add(&m->class_waits[j->job_class], age_ms);
        m->class_waits[j->job_class].open++;
        if (j->during_fault)
            fault_wait(m, &m->fault_waits.rep_open, age_ms);
        if (world->facets.n > 0)
            world_facet_wait(world, j, -1, age_ms);
        rep->waiting++;
        rep->waiting_sum_ms += age_ms;
        rep->waiting_for_slot += j->waited && age_ms > 0;
    }
}

static void fill_in(const struct world *world, struct rep *rep)
{
    const struct world_measures *m = &world->measures;
    double ms = (double)(world->now_ms - world->stats_from_ms);
    int i;
    ms = ms > 0 ? ms : NAN;
    rep->queue_length = (double)m->rep_queue_level.area / ms;
    rep->utilization = (double)m->rep_busy_level.area / ms / (double)world->github.n_regs;
    rep->availability = (double)m->available_ms / ms;
    rep->jobs_done = m->jobs_done;
    rep->jobs_failed = m->jobs_failed;
    rep->first_done = m->first_done;
    rep->first_failed = m->first_failed;
    rep->given_up = m->given_up;
    rep->waited = m->waited;
    rep->started = m->started;
    rep->wait_sum_ms = m->wait_sum_ms;
    rep->fault_waits = m->n_fault_waits;
    rep->fault_wait_sum_ms = m->fault_wait_sum_ms;
    for (i = 0; i < world->n_hosts; i++)
        rep->host[i] = (struct rep_host){.utilization = (double)m->host[i].busy_ms / ms /
                                                        world->github.host[i].slots,
                                         .availability = (double)m->host[i].able_ms / ms,
                                         .done = m->host[i].done,
                                         .failed = m->host[i].failed};
}

static void gather(struct world *world, struct rep *rep)
{
    struct world_measures *m = &world->measures;
    int i;
    waits_end(&m->waits, m->group);
    waits_end(&m->fault_waits, m->group);
    for (i = 0; i < world->fleet->workload.n_classes; i++)
        wait_sums_end(&m->class_waits[i]);
    for (i = 0; i < world->n_hosts; i++)
        wait_sums_end(&m->host_waits[i]);
    level_merge(&m->queue_level, &m->rep_queue_level);
    level_merge(&m->busy_level, &m->rep_busy_level);
    cluster_add_level(&m->queue_clusters, &m->rep_queue_level);
    cluster_add_level(&m->busy_clusters, &m->rep_busy_level);
    world_facet_finish(world, m->group, rep->facet);
}

void world_measure_finish(struct world *world, struct rep *rep)
{
    world_account(world);
    count_waiting(world, rep);
    if (world->measures.group >= 0)
        gather(world, rep);
    fill_in(world, rep);
}
