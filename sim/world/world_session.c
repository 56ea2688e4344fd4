/*
 * The sessions between GitHub and its runners: what a host's death, a partition or a lost slot does
 * to running jobs (locks, no requeue), when GitHub notices, and how registrations come back.
 */
#include "world.h"

#include "model/base/assert.h"

#include <math.h>

/* An ideal dispatcher takes the job back at once, to where it stood in the queue. */
static void interrupt(struct world *world, uint32_t job)
{
    struct job *j = &world->jobs[job];
    int host = world->regs[j->reg].host;
    double speed = world->fleet->hosts[host].speed / world->host[host].slowdown;
    switch (world->fleet->workload.on_failure) {
    case ON_FAILURE_FAIL:
        world_github_fail(world, job, "its host went down");
        return;
    case ON_FAILURE_RERUN:
        world_incident_inflight(world, job, host);
        world_github_leave_host(world, job);
        j->work_ms = world_workload_redraw(world, job);
        break;
    case ON_FAILURE_RESUME:
        world_incident_inflight(world, job, host);
        world_github_leave_host(world, job);
        j->work_ms = llround((double)(j->ends_ms - world->now_ms) * speed);
        break;
    }
    j->epoch++;
    world_github_enqueue(world, job);
}

/* The job is lost with its host; GitHub learns it when the lock runs out: the last renewal was
 * U(0, renewal) before the loss, and a sweep finds the expired lock. */
static void lose(struct world *world, uint32_t job)
{
    struct job *j = &world->jobs[job];
    const struct github *github = &world->fleet->github;
    int host = world->regs[j->reg].host;
    struct stream *stream = &world->streams[STREAM_LOCK];
    int64_t sweep_ms = draw_ms(&github->sweep, stream);
    int64_t since_renewal_ms = (int64_t)(stream_uniform(stream) * (double)github->renewal_ms);
    int64_t left_ms =
        github->lock_ms - since_renewal_ms; /* none, of one shorter than its renewal */
    world_host_load(world, host, -world->class_mcores[j->job_class],
                    -world->fleet->workload.classes[j->job_class].memory_bytes);
    world_incident_inflight(world, job, host);
    j->state = JOB_LOST;
    j->process_lives = !world->regs[j->reg].dead;
    j->epoch++;
    j->cause = WORLD_STORY(world, world->host[host].cause, host, MARK_NONE,
                           "job %u is lost from GitHub's sight", world->jobs[job].number);
    world_push(world,
               world->now_ms + sweep_ms + (world->host[host].graceful || left_ms < 0 ? 0 : left_ms),
               THEN_JOBS, EV_LOCK_EXPIRY, job, j->epoch);
}

void world_session_host_lost(struct world *world, int host)
{
    struct world_host *h = &world->host[host];
    const struct github *github = &world->fleet->github;
    bool ideal = !github->present;
    int64_t notice_ms = 0;
    uint32_t reg;
    if (!ideal)
        notice_ms =
            draw_ms(&github->offline_after, world_host_stream(world, host, HOST_STREAM_OFFLINE));
    if (h->graceful)
        notice_ms = draw_ms(&github->sweep, &world->streams[STREAM_LOCK]) / 3;
    h->released_ms = world->now_ms + notice_ms;
    h->connected = false;
    if (ideal)
        world_session_offline(world, host);
    for (reg = h->first; reg < h->first + h->slots; reg++) {
        uint32_t job = world->regs[reg].job;
        if (job == NONE || world->jobs[job].state != JOB_RUNNING)
            continue;
        if (ideal)
            interrupt(world, job);
        else
            lose(world, job);
    }
    world_github_count(world, host);
    if (!ideal)
        world_push(world, h->released_ms, FIRST_WORLD, EV_OFFLINE, (uint32_t)host, h->epoch);
    else
        world_github_dispatch(world);
}

void world_session_offline(struct world *world, int host)
{
    struct world_host *h = &world->host[host];
    uint32_t reg;
    for (reg = h->first; reg < h->first + h->slots; reg++) {
        world->regs[reg].online = false;
        world_github_refresh(world, reg);
    }
    world_github_count(world, host);
    world_digest(world, EV_OFFLINE, (uint64_t)host, 0);
    if (world->fleet->github.present)
        WORLD_STORY(world, h->cause, host, MARK_NONE, "GitHub shows the host's runners offline");
    world_controller_wake(world);
}

/* Behind a partition the processes lived on: their jobs go on unless their lock ran out. */
static void resume_lost(struct world *world, uint32_t job)
{
    struct job *j = &world->jobs[job];
    int host = world->regs[j->reg].host;
    j->state = JOB_RUNNING;
    world_host_load(world, host, world->class_mcores[j->job_class],
                    world->fleet->workload.classes[j->job_class].memory_bytes);
    j->ends_ms = j->ends_ms > world->now_ms ? j->ends_ms : world->now_ms;
    world_github_schedule_end(world, job);
}

/* Power or service went as well: what lived on behind a partition is dead now. */
void world_session_kill(struct world *world, int host)
{
    const struct world_host *h = &world->host[host];
    uint32_t reg;
    for (reg = h->first; reg < h->first + h->slots; reg++)
        if (world->regs[reg].job != NONE)
            world->jobs[world->regs[reg].job].process_lives = false;
}

/* After a crash GitHub refuses a new session while it still holds the old one: the runner retries
 * every session_retry until session_limit, then exits and stays down. */
void world_session_host_back(struct world *world, int host)
{
    struct world_host *h = &world->host[host];
    const struct github *github = &world->fleet->github;
    int64_t delay_ms = 0;
    h->cause = WORLD_STORY(world, h->cause, host, MARK_NONE, "the host is back");
    if (github->present && h->crashed && h->released_ms > world->now_ms) {
        int64_t retry_ms = github->session_retry_ms > 0 ? github->session_retry_ms : 1;
        delay_ms = (h->released_ms - world->now_ms + retry_ms - 1) / retry_ms * retry_ms;
        if (delay_ms > github->session_limit_ms)
            h->lose_slots = (int)h->slots;
    }
    world_push(world, world->now_ms + delay_ms, FIRST_WORLD, EV_RECONNECT, (uint32_t)host,
               h->epoch);
}

void world_session_reconnect(struct world *world, int host)
{
    struct world_host *h = &world->host[host];
    const struct github *github = &world->fleet->github;
    struct stream *stream = world_host_stream(world, host, HOST_STREAM_SLOTS);
    uint32_t i;
    for (i = 0; i < h->slots; i++) {
        struct reg *reg = &world->regs[h->first + i];
        bool stays_down = h->crashed && (i < (uint32_t)h->lose_slots ||
                                         (github->present && github->lost_slots > 0 &&
                                          stream_uniform(stream) < github->lost_slots));
        /* Booting starts every service anew, but not what a fault still keeps down. */
        reg->dead = stays_down || (reg->dead && (!h->crashed || h->slot_faults > 0));
        if (reg->job != NONE && world->jobs[reg->job].state == JOB_LOST) {
            if (world->jobs[reg->job].process_lives)
                resume_lost(world, reg->job);
            else
                world_github_free(world, h->first + i);
        }
        reg->online = !reg->dead;
        world_github_refresh(world, h->first + i);
    }
    h->lose_slots = 0;
    h->crashed = false;
    h->connected = true;
    world_github_count(world, host);
    world_digest(world, EV_RECONNECT, (uint64_t)host, 0);
    world_controller_wake(world);
    world_github_dispatch(world);
    world_incident_check_full(world);
}

/* One registration dies, or comes back, while its host lives on. */
void world_session_slot(struct world *world, uint32_t index, bool lost)
{
    struct reg *reg = &world->regs[index];
    int host = reg->host;
    reg->dead = lost;
    if (lost && !world->fleet->github.present) {
        reg->online = false; /* before its job goes back, or it might come back here */
        world_github_refresh(world, index);
    }
    if (lost && reg->job != NONE && world->jobs[reg->job].state == JOB_RUNNING) {
        if (world->fleet->github.present)
            lose(world, reg->job);
        else
            interrupt(world, reg->job);
    }
    if (lost && world->fleet->github.present)
        world_push(world,
                   world->now_ms + draw_ms(&world->fleet->github.offline_after,
                                           world_host_stream(world, host, HOST_STREAM_OFFLINE)),
                   FIRST_WORLD, EV_SLOT_OFFLINE, index, 0);
    else
        reg->online = !lost && world->host[host].connected;
    if (!lost && reg->job != NONE && world->jobs[reg->job].state == JOB_LOST)
        world_github_free(world, index);
    world_github_refresh(world, index);
    world_github_count(world, host);
    world_github_dispatch(world);
}

void world_session_slot_offline(struct world *world, uint32_t index)
{
    if (!world->regs[index].dead)
        return;
    world->regs[index].online = false;
    world_github_refresh(world, index);
    world_controller_wake(world);
}
