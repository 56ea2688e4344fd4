/*
 * GitHub as github-semantics.md describes it: one queue, the oldest eligible job first, a choice
 * among the registrations that it believes idle, pick-up, locks, offline detection, no requeue of
 * running jobs. With `github: ideal` it is an ideal dispatcher that knows everything at once.
 */
#include "world.h"

#include "model/base/assert.h"

#include <math.h>

bool world_github_up(const struct world *world)
{
    return world->github_down == 0;
}

static struct job_queue *queue_of(struct world *world, uint32_t job)
{
    return &world->queues[world->priority_queue[world->jobs[job].job_class]];
}

/* One event for the oldest job of a queue, not one a job: they would outlive their jobs by a day.
 */
static void watch_limit(struct world *world, struct job_queue *queue)
{
    const struct github *github = &world->fleet->github;
    int64_t due_ms;
    if (!github->present || queue->limit_pending || queue->head == NONE)
        return;
    queue->limit_pending = true;
    due_ms = world->jobs[queue->head].created_ms + github->queue_limit_ms;
    world_push(world, due_ms > world->now_ms ? due_ms : world->now_ms, THEN_JOBS, EV_QUEUE_LIMIT,
               (uint32_t)(queue - world->queues), 0);
}

/* Behind every job created no later: new jobs at the tail, requeued ones where they were. */
void world_github_enqueue(struct world *world, uint32_t job)
{
    struct job_queue *queue = queue_of(world, job);
    struct job *j = &world->jobs[job];
    uint32_t after = queue->tail;
    while (after != NONE && world->jobs[after].created_ms > j->created_ms)
        after = world->jobs[after].prev;
    j->state = JOB_QUEUED;
    j->waited = true;
    j->reg = NONE;
    j->prev = after;
    j->next = after == NONE ? queue->head : world->jobs[after].next;
    *(j->prev == NONE ? &queue->head : &world->jobs[j->prev].next) = job;
    *(j->next == NONE ? &queue->tail : &world->jobs[j->next].prev) = job;
    world_account(world);
    world->queued++;
    if (world->n_backlogs > 0)
        world_incident_queue(world);
    watch_limit(world, queue);
    world_curve(world);
}

static void unlink_job(struct world *world, uint32_t job)
{
    struct job_queue *queue = queue_of(world, job);
    const struct job *j = &world->jobs[job];
    *(j->prev == NONE ? &queue->head : &world->jobs[j->prev].next) = j->next;
    *(j->next == NONE ? &queue->tail : &world->jobs[j->next].prev) = j->prev;
    world_account(world);
    world->queued--;
    if (world->n_backlogs > 0)
        world_incident_queue(world);
}

/* Keeps the idle lists and the capacity true to a registration after anything about it changed. */
void world_github_refresh(struct world *world, uint32_t index)
{
    struct reg *reg = &world->regs[index];
    struct world_host *host = &world->host[reg->host];
    bool idle = reg->online && reg->labelled && reg->job == NONE;
    if (idle && reg->idle_at == NONE) {
        reg->idle_at = host->n_idle;
        host->idle[host->n_idle++] = index;
    } else if (!idle && reg->idle_at != NONE) {
        uint32_t last = host->idle[--host->n_idle];
        host->idle[reg->idle_at] = last;
        world->regs[last].idle_at = reg->idle_at;
        reg->idle_at = NONE;
    }
}

void world_github_count(struct world *world, int host)
{
    struct world_host *h = &world->host[host];
    uint32_t reg, able = 0;
    if (h->connected && world_github_up(world) && (world->route >> host & 1))
        for (reg = h->first; reg < h->first + h->slots; reg++)
            able += world->regs[reg].online && world->regs[reg].labelled &&
                    !world->regs[reg].dead && world->regs[reg].hung == HUNG_NOT;
    world_account(world);
    world->able_total += (int64_t)able - h->able;
    h->able = able;
}

/* What the choice is among: `random` as GitHub does it, `priority` as the document has it. */
static uint32_t choose(struct world *world, uint64_t hosts)
{
    uint32_t total = 0, pick;
    int host, tier;
    if (world->fleet->github.selection == SELECTION_PRIORITY) {
        for (tier = TIER_PRIMARY; tier <= TIER_BACKUP; tier++)
            for (host = 0; host < world->n_hosts; host++)
                if ((hosts >> host & 1) && (int)world->fleet->hosts[host].tier == tier &&
                    world->host[host].n_idle > 0)
                    return world->host[host].idle[world->host[host].n_idle - 1];
        return NONE;
    }
    for (host = 0; host < world->n_hosts; host++)
        total += (hosts >> host & 1) ? world->host[host].n_idle : 0;
    if (total == 0)
        return NONE;
    pick = total == 1 || world->n_hosts == 1
               ? 0
               : stream_below(&world->streams[STREAM_SELECTION], total);
    for (host = 0; host < world->n_hosts; host++) {
        uint32_t n = (hosts >> host & 1) ? world->host[host].n_idle : 0;
        if (pick < n)
            return world->host[host].idle[pick];
        pick -= n;
    }
    UND_UNREACHABLE();
}

/* A running job ends when its work is done, or at its class's time-out. */
void world_github_schedule_end(struct world *world, uint32_t job)
{
    struct job *j = &world->jobs[job];
    bool hangs = j->fate == FATE_HANGS;
    int64_t timeout_ms = hangs ? world_field_limit_ms(world, job)
                               : world->fleet->workload.classes[j->job_class].timeout_ms;
    int64_t latest_ms = j->started_ms + timeout_ms;
    UND_ASSERT(j->state == JOB_RUNNING);
    j->epoch++;
    if (timeout_ms > 0 && (hangs || j->ends_ms > latest_ms))
        world_push(world, latest_ms > world->now_ms ? latest_ms : world->now_ms, THEN_JOBS,
                   EV_TIMEOUT, job, j->epoch);
    else
        world_push(world, j->ends_ms, THEN_JOBS, EV_JOB_END, job, j->epoch);
}

static void fault_wait(struct world *world, struct sketch *waits, int64_t wait_ms)
{
    sketch_add(waits, wait_ms);
    world->rep->fault_waits++;
    world->rep->fault_wait_sum_ms += wait_ms;
}

static void start(struct world *world, uint32_t job)
{
    struct job *j = &world->jobs[job];
    int host = world->regs[j->reg].host;
    const struct job_class *c = &world->fleet->workload.classes[j->job_class];
    double pace = world->host[host].pace;
    int64_t run_ms = pace == 1.0 ? j->work_ms : (int64_t)((double)j->work_ms * pace + 0.5);
    if (j->started_ms < 0 && j->attempt == 0 && j->created_ms >= world->stats_from_ms &&
        world->now_ms >= world->stats_from_ms) {
        int64_t wait_ms = world->now_ms - j->created_ms;
        sketch_add(&world->waits.rep, wait_ms);
        if (j->during_fault)
            fault_wait(world, &world->fault_waits.rep, wait_ms);
        world->rep->started++;
        world->rep->waited += j->waited && wait_ms > 0;
        world->rep->wait_sum_ms += wait_ms;
        if (world->slices)
            time_slices_start(world->slices, world->now_ms, wait_ms, j->waited && wait_ms > 0);
    }
    j->state = JOB_RUNNING;
    j->started_ms = world->host[host].started_ms = world->now_ms;
    j->fate = (uint8_t)(world->fates > 0 ? world_field_fate(world, host) : FATE_NONE);
    if (j->fate == FATE_FAILS) {
        int64_t doom_ms = world_field_doom_ms(world);
        run_ms = run_ms < doom_ms ? run_ms : doom_ms;
    }
    j->ends_ms = world->now_ms + run_ms;
    world_github_schedule_end(world, job);
    world_digest(world, EV_PICKUP, job, j->reg);
    world_host_load(world, host, world->class_mcores[j->job_class], c->memory_bytes);
    if (world->n_open > 0)
        world_incident_job_started(world, job, host);
    if (world->timeline) {
        j->cause = WORLD_STORY(world, j->cause, host, MARK_NONE, "job %u starts", j->number);
        world_curve(world);
    }
}

static void assign(struct world *world, uint32_t job, uint32_t reg)
{
    struct job *j = &world->jobs[job];
    UND_ASSERT(world->regs[reg].job == NONE);
    j->state = JOB_ASSIGNED;
    j->reg = reg;
    j->epoch++;
    world->regs[reg].job = job;
    world_github_refresh(world, reg);
    world_account(world);
    world->occupied++;
    world->host[world->regs[reg].host].busy++;
    if (world->instant_pickup) {
        start(world, job);
    } else {
        world_push(world, world->now_ms + source_next_ms(&world->pickup), THEN_JOBS, EV_PICKUP, job,
                   j->epoch);
    }
}

/* Takes the registration from its job, for GitHub's books. */
void world_github_free(struct world *world, uint32_t reg)
{
    struct world_host *host = &world->host[world->regs[reg].host];
    world->regs[reg].job = NONE;
    world_account(world);
    world->occupied--;
    host->busy--;
    world_github_refresh(world, reg);
}

static uint32_t first_eligible(struct world *world, const struct job_queue *queue, uint32_t *reg)
{
    uint32_t job;
    for (job = queue->head; job != NONE; job = world->jobs[job].next) {
        *reg = choose(world, world->jobs[job].hosts);
        if (*reg != NONE)
            return job;
    }
    return NONE;
}

void world_github_dispatch(struct world *world)
{
    int i;
    if (!world_github_up(world))
        return;
    for (i = 0; i < world->n_queues && world->queued > 0; i++) {
        struct job_queue *queue = &world->queues[i];
        uint32_t job, reg;
        while (queue->head != NONE) {
            if (world->variable_routing) {
                job = first_eligible(world, queue, &reg);
            } else {
                job = queue->head;
                reg = choose(world, world->jobs[job].hosts);
            }
            if (job == NONE || reg == NONE)
                break;
            unlink_job(world, job);
            assign(world, job, reg);
        }
    }
}

void world_github_submit(struct world *world, uint32_t job)
{
    const struct workload *workload = &world->fleet->workload;
    struct job *j = &world->jobs[job];
    uint32_t reg;
    int64_t patience_ms = 0;
    world_digest(world, EV_ARRIVAL, job, (uint64_t)j->work_ms);
    j->during_fault = world->n_open > 0 && world_incident_on(world);
    j->cause = WORLD_STORY(world, j->cause, -1, MARK_NONE, "job %u %s: %.3f s of work", j->number,
                           j->attempt == 0 ? "arrives" : "is run again", (double)j->work_ms / 1000);
    if (world->slow > 0 && world_field_delays(world, job))
        return;
    reg = world->queued == 0 && world_github_up(world) ? choose(world, j->hosts) : NONE;
    /* Drawn whether it will have to wait or not, so that each job's is its own in every fleet. */
    if (workload->queue.has_patience)
        patience_ms = draw_ms(&workload->queue.patience,
                              &world->streams[j->attempt > 0 ? STREAM_RERUN : STREAM_PATIENCE]);
    if (reg != NONE) {
        assign(world, job, reg);
        return;
    }
    if (workload->queue.capacity >= 0 && world->queued >= workload->queue.capacity) {
        world_github_fail(world, job, "queue is full");
        return;
    }
    world_github_enqueue(world, job);
    if (world_incident_impairs(world))
        j->held_up = true;
    if (workload->queue.has_patience)
        world_push(world, world->now_ms + patience_ms, THEN_JOBS, EV_PATIENCE, job, j->epoch);
    world_github_dispatch(world);
}

void world_github_hand_out(struct world *world, uint32_t job)
{
    UND_ASSERT(world->jobs[job].state == JOB_HELD);
    world->held--;
    world->jobs[job].epoch++;
    world_github_enqueue(world, job);
    world_github_dispatch(world);
}

void world_github_pickup(struct world *world, uint32_t job)
{
    struct job *j = &world->jobs[job];
    const struct reg *reg = &world->regs[j->reg];
    UND_ASSERT(j->state == JOB_ASSIGNED);
    if (world->host[reg->host].connected && !reg->dead && reg->hung == HUNG_NOT) {
        start(world, job);
        return;
    }
    if (world_field_swallows(world, job))
        return;
    j->state = JOB_STRANDED;
    j->epoch++;
    j->held_up = true;
    j->cause = WORLD_STORY(world, world->host[reg->host].cause, reg->host, MARK_NONE,
                           "job %u was assigned to a runner that is gone", j->number);
    world_push(world, world->now_ms + world->fleet->github.requeue_after_ms, THEN_JOBS, EV_REQUEUE,
               job, j->epoch);
}

void world_github_requeue(struct world *world, uint32_t job)
{
    struct job *j = &world->jobs[job];
    UND_ASSERT(j->state == JOB_STRANDED);
    world_github_free(world, j->reg);
    j->cause = WORLD_STORY(world, j->cause, world->regs[j->reg].host, MARK_NONE,
                           "job %u is requeued", j->number);
    j->epoch++;
    world_github_enqueue(world, job);
    world_github_dispatch(world);
}

void world_github_leave_host(struct world *world, uint32_t job)
{
    struct job *j = &world->jobs[job];
    int host = world->regs[j->reg].host;
    if (j->state == JOB_RUNNING)
        world_host_load(world, host, -world->class_mcores[j->job_class],
                        -world->fleet->workload.classes[j->job_class].memory_bytes);
    if (world->regs[j->reg].job == job)
        world_github_free(world, j->reg);
}

void world_github_end(struct world *world, uint32_t job)
{
    struct job *j = &world->jobs[job];
    int host = world->regs[j->reg].host;
    bool counted = world->now_ms >= world->stats_from_ms;
    UND_ASSERT(j->state == JOB_RUNNING);
    if (j->fate == FATE_FAILS) {
        world_github_fail(world, job, "what it needs is not there");
        return;
    }
    world->host[host].ended_well++;
    world_digest(world, EV_JOB_END, job, j->reg);
    world_host_finished(world, host, job);
    world_github_leave_host(world, job);
    world->rep->jobs_done += counted;
    world->rep->first_done += counted && j->attempt == 0;
    world->host[host].done += counted;
    WORLD_STORY(world, j->cause, host, MARK_NONE, "job %u succeeds", j->number);
    if (world->audience)
        world->audience->job_over(world->audience->context, job, true, NONE);
    if (j->incident >= 0)
        world_incident_job_over(world, job, true);
    world_workload_release(world, job);
    if (world->queued > 0)
        world_github_dispatch(world);
    world_curve(world);
}

/* The job concludes as a failure, whatever state it is in; what then happens is `on_failure`. */
void world_github_fail(struct world *world, uint32_t job, const char *why)
{
    struct job *j = &world->jobs[job];
    bool counted = world->now_ms >= world->stats_from_ms;
    bool lost = j->state == JOB_LOST;
    uint32_t again = NONE;
    world_digest(world, EV_LOCK_EXPIRY, job, j->reg);
    if (j->reg != NONE) {
        world->host[world->regs[j->reg].host].failed += counted;
        world->host[world->regs[j->reg].host].ended_badly += !lost;
        world_github_leave_host(world, job);
        if (lost)
            world_field_dropped(world, j->reg);
    }
    world->rep->jobs_failed += counted;
    world->rep->first_failed += counted && j->attempt == 0;
    j->cause = WORLD_STORY(world, j->cause, j->reg == NONE ? -1 : world->regs[j->reg].host,
                           MARK_NONE, "job %u fails: %s", j->number, why);
    if (lost && world->fleet->workload.on_failure != ON_FAILURE_FAIL)
        again = world_workload_rerun(world, job);
    if (world->audience)
        world->audience->job_over(world->audience->context, job, false, again);
    if (lost && world->fleet->workload.on_failure != ON_FAILURE_FAIL) {
        world_workload_release(world, job);
        if (again != NONE)
            world_github_submit(world, again);
    } else {
        if (j->incident >= 0)
            world_incident_job_over(world, job, false);
        world_workload_release(world, job);
    }
    if (world->queued > 0)
        world_github_dispatch(world);
}

void world_github_abandon(struct world *world, uint32_t job)
{
    UND_ASSERT(world->jobs[job].state == JOB_QUEUED);
    unlink_job(world, job);
    world_github_fail(world, job, "waited too long");
}

void world_github_queue_limit(struct world *world, uint32_t index)
{
    struct job_queue *queue = &world->queues[index];
    int64_t born_ms = world->now_ms - world->fleet->github.queue_limit_ms;
    queue->limit_pending = false;
    while (queue->head != NONE && world->jobs[queue->head].created_ms <= born_ms)
        world_github_abandon(world, queue->head);
    watch_limit(world, queue);
}

void world_github_label(struct world *world, uint32_t index, bool labelled)
{
    struct reg *reg = &world->regs[index];
    struct world_host *host = &world->host[reg->host];
    if (reg->labelled == labelled)
        return;
    reg->labelled = labelled;
    host->labelled += labelled ? 1 : UINT32_MAX;
    world_github_refresh(world, index);
    world_github_count(world, reg->host);
    world_digest(world, EV_WRITE, index, labelled);
    if (labelled)
        world_github_dispatch(world);
}

/* New jobs take the variable's new value; jobs already queued keep the labels they were created
 * with, until the controller cancels them and runs them again (reroute). */
void world_github_route(struct world *world, uint64_t hosts)
{
    int host;
    world->route = hosts;
    world_digest(world, EV_WRITE, hosts, 2);
    for (host = 0; host < world->n_hosts; host++)
        world_github_count(world, host);
}

void world_github_reroute(struct world *world, uint32_t job)
{
    world->jobs[job].hosts = world->route;
    world_github_dispatch(world);
}

/* GitHub itself went away or came back: capacity counts for every host. */
void world_github_changed(struct world *world)
{
    int host;
    for (host = 0; host < world->n_hosts; host++)
        world_github_count(world, host);
    world_controller_wake(world);
    world_github_dispatch(world);
}

void world_github_start(struct world *world)
{
    uint32_t reg;
    int i;
    if (!world->instant_pickup)
        source_init(&world->pickup, &world->fleet->github.pickup, &world->streams[STREAM_PICKUP]);
    for (i = 0; i < world->n_queues; i++)
        world->queues[i] = (struct job_queue){NONE, NONE, false};
    for (reg = 0; reg < world->n_regs; reg++) {
        struct reg *r = &world->regs[reg];
        *r = (struct reg){
            .job = NONE, .idle_at = NONE, .host = r->host, .online = true, .labelled = true};
    }
    for (i = 0; i < world->n_hosts; i++) {
        world->host[i].labelled = world->host[i].slots;
        for (reg = 0; reg < world->host[i].slots; reg++)
            world_github_refresh(world, world->host[i].first + reg);
        world_github_count(world, i);
    }
}

/* Jobs that have not started when the replication ends have waited at least this long. */
void world_github_finish(struct world *world)
{
    struct rep *rep = world->rep;
    uint32_t job;
    for (job = 0; job < world->jobs_used; job++) {
        const struct job *j = &world->jobs[job];
        int64_t age_ms = world->now_ms - j->created_ms;
        if ((j->state != JOB_QUEUED && j->state != JOB_ASSIGNED && j->state != JOB_STRANDED &&
             j->state != JOB_HELD) ||
            j->started_ms >= 0 || j->attempt > 0 || j->created_ms < world->stats_from_ms)
            continue;
        sketch_add(&world->waits.rep_open, age_ms);
        if (j->during_fault)
            fault_wait(world, &world->fault_waits.rep_open, age_ms);
        rep->waiting++;
        rep->waiting_sum_ms += age_ms;
        rep->waiting_for_slot += j->waited && age_ms > 0;
    }
}
