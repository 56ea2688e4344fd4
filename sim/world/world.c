/* Set-up, a replication from start to finish. */
#include "world.h"

#include "model/base/assert.h"

#include <math.h>
#include <stdlib.h>

void *world_allocate(size_t n, size_t size)
{
    void *memory = calloc(n, size);
    UND_ASSERT(memory != NULL);
    return memory;
}

/* Hosts and faults take turns, so that one more of either leaves every other stream where it is. */
static size_t stream_count(const struct fleet *fleet, const struct scenario *scenario)
{
    size_t hosts = HOST_STREAMS * (size_t)fleet->n_hosts, faults = (size_t)scenario->n_faults;
    /* And two behind them: what happens in the field, busy and quiet spells. */
    return STREAM_HOST_0 + 2 * (hosts > faults ? hosts : faults) + 2;
}

struct stream *world_host_stream(struct world *world, int host, enum host_stream stream)
{
    return &world->streams[STREAM_HOST_0 + 2 * (HOST_STREAMS * (size_t)host + stream)];
}

struct stream *world_fault_stream(struct world *world, uint32_t fault)
{
    return &world->streams[STREAM_HOST_0 + 2 * (size_t)fault + 1];
}

struct stream *world_field_stream(struct world *world)
{
    return &world->streams[world->n_streams - 2];
}

struct stream *world_modulation_stream(struct world *world)
{
    return &world->streams[world->n_streams - 1];
}

/* What faults, duration and rate decide. */
static void open_scenario(struct world *world)
{
    free(world->streams);
    world->warmup_ms = world->scenario->warmup_ms;
    world->n_streams = stream_count(world->fleet, world->scenario);
    world->streams = world_allocate(world->n_streams, sizeof *world->streams);
    world_workload_open(world);
}

void world_reopen(struct world *world)
{
    open_scenario(world);
    world_forget(world);
}

struct world *world_open(const struct scenario *scenario, bool always_tick)
{
    struct world *world = world_allocate(1, sizeof *world);
    world->scenario = scenario;
    world->fleet = &scenario->fleet;
    world->n_hosts = scenario->fleet.n_hosts;
    open_scenario(world);
    queue_init(&world->queue, 4 * WORLD_JOBS);
    queue_drop_stale(&world->queue, world_event_is_stale, world);
    world_github_open(world);
    world_session_open(world);
    world_job_open(world);
    world_needs_open(world);
    world_field_open(world);
    world_monitoring_open(world, always_tick);
    world_series_open(world);
    world_controller_open(world, always_tick);
    world_measure_open(world);
    world_trace_open(world);
    return world;
}

void world_close(struct world *world)
{
    world_trace_close(world);
    world_measure_close(world);
    world_monitoring_close(world);
    world_field_close(world);
    world_needs_close(world);
    world_job_close(world);
    world_session_close(world);
    world_github_close(world);
    queue_fini(&world->queue);
    free(world->streams);
    free(world);
}

void world_warm_up(struct world *world, int64_t warmup_ms)
{
    UND_ASSERT(warmup_ms >= 0);
    world->warmup_ms = warmup_ms;
}

void world_merge(struct world *world, const struct world *part)
{
    UND_ASSERT(world != part && world->scenario == part->scenario);
    world_measure_merge(world, part);
}

void world_forget(struct world *world)
{
    world_measure_forget(world);
}

void world_give_up(struct world *world)
{
    world->unstable = true;
    world->end_ms = world->now_ms;
}

/* ---- a replication ---- */

static void reset(struct world *world, const struct stream *base)
{
    const struct scenario *scenario = world->scenario;
    queue_clear(&world->queue);
    stream_split(base, world->streams, world->n_streams);
    world->now_ms = 0;
    world->end_ms = scenario->duration_ms > 0 ? scenario->duration_ms : INT64_MAX / 4;
    world->stats_from_ms = world->warmup_ms;
    world->unstable = false;
    world->digest = 0x243f6a8885a308d3ULL;
    world->events = 0;
}

void world_start(struct world *world, const struct stream *base, const struct replication *found)
{
    world->found = *found;
    reset(world, base);
    world_trace_start(world, found->timeline);
    world_measure_start(world, found->group, found->slices);
    world_incident_start(world, found->incidents, found->max_incidents);
    world_job_start(world);
    world_needs_start(world);
    world_host_start(world);
    world_session_start(world);
    world_fault_start(world);
    world_series_start(world);
    world_monitoring_start(world);
    world_github_start(world);
    world_controller_start(world);
    world_field_start(world);
    world_disk_start(world);
    world_workload_start(world);
    world_tell(world, (struct news){.kind = NEWS_LEVELS});
}

void world_advance(struct world *world, int64_t until_ms)
{
    struct event event;
    world_controller_attend(world);
    while (queue_next_ms(&world->queue) <= until_ms && queue_pop(&world->queue, &event)) {
        world_event_happen(world, &event);
        if (world->controller.noticed)
            return;
    }
    if (until_ms > world->now_ms)
        world->now_ms = until_ms;
}

void world_stop(struct world *world)
{
    world->end_ms = world->now_ms;
}

void world_finish(struct world *world)
{
    struct rep *rep = world->found.rep;
    *rep = (struct rep){.host = rep->host, .facet = rep->facet, .unstable = world->unstable};
    if (world->end_ms < INT64_MAX / 4 && !world->unstable)
        world->now_ms = world->end_ms;
    rep->digest = world->digest;
    rep->events = world->events;
    rep->simulated_ms = world->now_ms;
    world_measure_finish(world, rep);
    world_incident_finish(world, rep);
    world_controller_finish(world, rep);
    world_tell(world, (struct news){.kind = NEWS_LEVELS});
}

/* Without a duration a scenario of faults ends when the recovery from all of them is over. */
static bool has_recovered(struct world *world)
{
    if (!world->scenario->until_recovered || !world_fault_over(world) ||
        !world_incident_over(world))
        return false;
    world->end_ms = world->now_ms;
    return true;
}

void world_run(struct world *world, const struct stream *base, const struct replication *found)
{
    struct event event;
    world_start(world, base, found);
    while (!(world->scenario->duration_ms == 0 && world_workload_over(world)) &&
           !has_recovered(world) && queue_pop(&world->queue, &event) && event.at_ms < world->end_ms)
        world_event_happen(world, &event);
    world_finish(world);
}
