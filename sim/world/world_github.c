#include "world.h"

#include "model/base/assert.h"

#include <stdlib.h>

void world_github_open(struct world *world)
{
    const struct fleet *fleet = world->fleet;
    struct world_github *github = &world->github;
    uint32_t reg;
    int i;
    github->ideal = !fleet->github.present;
    github->by_variable = fleet->github.mechanism == MECHANISM_VARIABLE;
    for (i = 0; i < fleet->n_hosts; i++) {
        github->host[i].first = github->n_regs;
        github->host[i].slots = (uint32_t)fleet->hosts[i].slots;
        github->n_regs += github->host[i].slots;
    }
    github->reg = world_allocate(github->n_regs, sizeof *github->reg);
    for (i = 0; i < fleet->n_hosts; i++)
        for (reg = 0; reg < github->host[i].slots; reg++)
            github->reg[github->host[i].first + reg].host = (uint16_t)i;
}

void world_github_close(struct world *world)
{
    free(world->github.reg);
}

bool world_github_up(const struct world *world)
{
    return world->faults.github_down == 0;
}

int world_github_routed(const struct world *world, int host)
{
    const struct world_github *github = &world->github;
    if (github->by_variable)
        return github->route >> host & 1 ? (int)github->host[host].slots : 0;
    return (int)github->host[host].labelled;
}

/* ---- registrations ---- */

/* Keeps the idle lists true to a registration after anything about it changed. */
static void refresh(struct world *world, uint32_t index)
{
    struct reg *reg = &world->github.reg[index];
    struct github_host *host = &world->github.host[reg->host];
    bool idle = reg->online && reg->labelled && reg->job == NONE;
    if (idle && reg->idle_at == NONE) {
        reg->idle_at = host->n_idle;
        host->idle[host->n_idle++] = index;
    } else if (!idle && reg->idle_at != NONE) {
        uint32_t last = host->idle[--host->n_idle];
        host->idle[reg->idle_at] = last;
        world->github.reg[last].idle_at = reg->idle_at;
        reg->idle_at = NONE;
    }
}

void world_github_see(struct world *world, uint32_t reg, bool online)
{
    world->github.reg[reg].online = online;
    refresh(world, reg);
}

void world_github_count(struct world *world, int host)
{
    struct github_host *h = &world->github.host[host];
    uint32_t reg, able = 0;
    if (world->sessions.host[host].connected && world_github_up(world) &&
        (world->github.route >> host & 1))
        for (reg = h->first; reg < h->first + h->slots; reg++)
            able += world->github.reg[reg].online && world->github.reg[reg].labelled &&
                    !world->sessions.runner[reg].dead &&
                    world->sessions.runner[reg].hung == HUNG_NOT;
    world_account(world);
    world->github.able += (int64_t)able - h->able;
    h->able = able;
}

void world_github_free(struct world *world, uint32_t reg)
{
    struct github_host *host = &world->github.host[world->github.reg[reg].host];
    UND_ASSERT(world->github.reg[reg].job != NONE && host->busy > 0);
    world->github.reg[reg].job = NONE;
    world_account(world);
    world->github.occupied--;
    host->busy--;
    refresh(world, reg);
}

/* What the choice is among: `random` as GitHub does it, `priority` as the document has it. */
static uint32_t choose(struct world *world, uint64_t hosts)
{
    const struct github_host *h = world->github.host;
    uint32_t total = 0, pick;
    int host, tier;
    if (world->fleet->github.selection == SELECTION_PRIORITY) {
        for (tier = TIER_PRIMARY; tier <= TIER_BACKUP; tier++)
            for (host = 0; host < world->n_hosts; host++)
                if ((hosts >> host & 1) && (int)world->fleet->hosts[host].tier == tier &&
                    h[host].n_idle > 0)
                    return h[host].idle[h[host].n_idle - 1];
        return NONE;
    }
    for (host = 0; host < world->n_hosts; host++)
        total += (hosts >> host & 1) ? h[host].n_idle : 0;
    if (total == 0)
        return NONE;
    pick = total == 1 || world->n_hosts == 1
               ? 0
               : stream_below(&world->streams[STREAM_SELECTION], total);
    for (host = 0; host < world->n_hosts; host++) {
        uint32_t n = (hosts >> host & 1) ? h[host].n_idle : 0;
        if (pick < n)
            return h[host].idle[pick];
        pick -= n;
    }
    UND_UNREACHABLE();
}

/* ---- from the queue to a runner ---- */

static void start(struct world *world, uint32_t job)
{
    const struct job *j = &world->jobs.job[job];
    int host = world->github.reg[j->reg].host;
    double pace = world->host[host].pace;
    int64_t run_ms = pace == 1.0 ? j->work_ms : (int64_t)((double)j->work_ms * pace + 0.5);
    enum fate fate = world->field.fates > 0 ? world_field_fate(world, host) : FATE_NONE;
    bool first = j->started_ms < 0;
    if (fate == FATE_FAILS) {
        int64_t doom_ms = world_field_doom_ms(world);
        run_ms = run_ms < doom_ms ? run_ms : doom_ms;
    }
    world_job_run(world, job, fate, run_ms);
    world_digest(world, EV_PICKUP, job, j->reg);
    world_host_load(world, host, world->workload.class_mcores[j->job_class],
                    world->fleet->workload.classes[j->job_class].memory_bytes);
    world_tell(world,
               (struct news){.kind = NEWS_JOB_STARTED, .job = job, .host = host, .first = first});
}

static void assign(struct world *world, uint32_t job, uint32_t reg)
{
    UND_ASSERT(world->github.reg[reg].job == NONE);
    world_job_assign(world, job, reg);
    world->github.reg[reg].job = job;
    refresh(world, reg);
    world_account(world);
    world->github.occupied++;
    world->github.host[world->github.reg[reg].host].busy++;
    if (world->github.ideal) {
        start(world, job);
    } else {
        world_push(world, world->now_ms + source_next_ms(&world->github.pickup), THEN_JOBS,
                   EV_PICKUP, job, world->jobs.job[job].epoch);
    }
}

static bool any_idle(const struct world *world, uint64_t hosts)
{
    int host;
    for (host = 0; host < world->n_hosts; host++)
        if ((hosts >> host & 1) && world->github.host[host].n_idle > 0)
            return true;
    return false;
}

/* The oldest of the queue that some idle registration could take. All of a queue have the same
 * labels, unless the variable says when they were created. */
static uint32_t first_eligible(const struct world *world, const struct job_queue *queue)
{
    uint32_t job = queue->head;
    while (job != NONE && !any_idle(world, world->jobs.job[job].hosts))
        job = world->github.by_variable ? world->jobs.job[job].next : NONE;
    return job;
}

/* Of the queues first..end-1, which are of one priority: jobs go by their time of creation. */
static uint32_t oldest_eligible(const struct world *world, int first, int end)
{
    uint32_t oldest = NONE;
    int i;
    for (i = first; i < end; i++) {
        uint32_t job = first_eligible(world, &world->jobs.queue[i]);
        const struct job *j = &world->jobs.job[job == NONE ? 0 : job];
        const struct job *than = &world->jobs.job[oldest == NONE ? 0 : oldest];
        if (job != NONE && (oldest == NONE || j->created_ms < than->created_ms ||
                            (j->created_ms == than->created_ms && j->number < than->number)))
            oldest = job;
    }
    return oldest;
}

void world_github_dispatch(struct world *world)
{
    const struct world_jobs *jobs = &world->jobs;
    int i, end;
    if (!world_github_up(world))
        return;
    for (i = 0; i < jobs->n_queues && jobs->queued > 0; i = end) {
        uint32_t job;
        for (end = i + 1; end < jobs->n_queues; end++)
            if (jobs->queue[end].priority != jobs->queue[i].priority)
                break;
        while ((job = oldest_eligible(world, i, end)) != NONE) {
            uint32_t reg = choose(world, jobs->job[job].hosts);
            world_job_dequeue(world, job);
            assign(world, job, reg);
        }
    }
}

/* Nobody waits, or nobody that could take what this one can. */
static bool is_next(const struct world *world, const struct job *job)
{
    int i;
    for (i = 0; i < world->jobs.n_queues && world->jobs.queued > 0; i++)
        if (world->jobs.queue[i].head != NONE && (world->jobs.queue[i].hosts & job->hosts) != 0)
            return false;
    return true;
}

static void fail(struct world *world, uint32_t job, const char *why, bool gave_up);

void world_github_submit(struct world *world, uint32_t job)
{
    const struct workload *workload = &world->fleet->workload;
    const struct job *j = &world->jobs.job[job];
    uint32_t reg;
    int64_t patience_ms = 0;
    world_digest(world, EV_ARRIVAL, job, (uint64_t)j->work_ms);
    if (world->incidents.n_open > 0 && world_incident_on(world))
        world_job_during_fault(world, job);
    world_tell(world, (struct news){.kind = NEWS_JOB_ARRIVED, .job = job, .host = -1});
    if (world->field.slow > 0 && world_field_delays(world, job))
        return;
    reg = is_next(world, j) && world_github_up(world) ? choose(world, j->hosts) : NONE;
    /* Drawn whether it will have to wait or not, so that each job's is its own in every fleet. */
    if (workload->queue.has_patience)
        patience_ms = draw_ms(&workload->queue.patience,
                              &world->streams[j->attempt > 0 ? STREAM_RERUN : STREAM_PATIENCE]);
    if (reg != NONE) {
        assign(world, job, reg);
        return;
    }
    if (workload->queue.capacity >= 0 && world->jobs.queued >= workload->queue.capacity) {
        fail(world, job, "queue is full", true);
        return;
    }
    world_job_enqueue(world, job);
    if (world_incident_impairs(world))
        world_job_hold_up(world, job);
    if (workload->queue.has_patience)
        world_push(world, world->now_ms + patience_ms, THEN_JOBS, EV_PATIENCE, job, j->epoch);
    world_github_dispatch(world);
}

static void take_back(struct world *world, uint32_t job)
{
    world_job_requeue(world, job, world->jobs.job[job].work_ms);
    world_github_dispatch(world);
}

void world_github_hand_out(struct world *world, uint32_t job)
{
    UND_ASSERT(world->jobs.job[job].state == JOB_HELD);
    take_back(world, job);
}

void world_github_pickup(struct world *world, uint32_t job)
{
    uint32_t reg = world->jobs.job[job].reg;
    UND_ASSERT(world->jobs.job[job].state == JOB_ASSIGNED);
    if (world_session_works(world, reg)) {
        start(world, job);
        return;
    }
    if (world_field_swallows(world, job))
        return;
    world_job_strand(world, job);
    world_tell(
        world,
        (struct news){.kind = NEWS_JOB_STRANDED, .job = job, .host = world->github.reg[reg].host});
}

void world_github_requeue(struct world *world, uint32_t job)
{
    uint32_t reg = world->jobs.job[job].reg;
    UND_ASSERT(world->jobs.job[job].state == JOB_STRANDED);
    world_github_free(world, reg);
    world_tell(
        world,
        (struct news){.kind = NEWS_JOB_REQUEUED, .job = job, .host = world->github.reg[reg].host});
    take_back(world, job);
}

/* ---- conclusion ---- */

void world_github_leave_host(struct world *world, uint32_t job)
{
    const struct job *j = &world->jobs.job[job];
    if (j->state == JOB_RUNNING)
        world_host_load(world, world->github.reg[j->reg].host,
                        -world->workload.class_mcores[j->job_class],
                        -world->fleet->workload.classes[j->job_class].memory_bytes);
    if (world->github.reg[j->reg].job == job)
        world_github_free(world, j->reg);
}

void world_github_end(struct world *world, uint32_t job)
{
    const struct job *j = &world->jobs.job[job];
    uint32_t run = j->run;
    int job_class = j->job_class;
    UND_ASSERT(j->state == JOB_RUNNING);
    if (j->fate == FATE_FAILS) {
        world_github_fail(world, job, "what it needs is not there");
        return;
    }
    world_digest(world, EV_JOB_END, job, j->reg);
    world_github_leave_host(world, job);
    world_tell(world, (struct news){.kind = NEWS_JOB_SUCCEEDED,
                                    .job = job,
                                    .host = world->github.reg[j->reg].host,
                                    .again = NONE});
    world_job_release(world, job);
    if (run != NONE)
        world_needs_over(world, run, job_class, true);
    if (world->jobs.queued > 0)
        world_github_dispatch(world);
    world_tell(world, (struct news){.kind = NEWS_LEVELS});
}

static void fail(struct world *world, uint32_t job, const char *why, bool gave_up)
{
    const struct job *j = &world->jobs.job[job];
    uint32_t again = NONE, run = j->run;
    int job_class = j->job_class;
    world_digest(world, EV_LOCK_EXPIRY, job, j->reg);
    if (j->reg != NONE)
        world_github_leave_host(world, job);
    if (j->state == JOB_LOST && world_workload_reruns(world))
        again = world_workload_rerun(world, job);
    world_tell(world, (struct news){.kind = NEWS_JOB_FAILED,
                                    .job = job,
                                    .host = j->reg == NONE ? -1 : world->github.reg[j->reg].host,
                                    .why = why,
                                    .gave_up = gave_up,
                                    .again = again});
    world_job_release(world, job);
    if (again != NONE)
        world_github_submit(world, again);
    else if (run != NONE)
        world_needs_over(world, run, job_class, false);
    if (world->jobs.queued > 0)
        world_github_dispatch(world);
}

void world_github_fail(struct world *world, uint32_t job, const char *why)
{
    fail(world, job, why, false);
}

void world_github_abandon(struct world *world, uint32_t job)
{
    world_job_dequeue(world, job);
    fail(world, job, "waited too long", true);
}

/* ---- routing ---- */

void world_github_label(struct world *world, uint32_t index, bool labelled)
{
    struct reg *reg = &world->github.reg[index];
    if (reg->labelled == labelled)
        return;
    reg->labelled = labelled;
    world->github.host[reg->host].labelled += labelled ? 1 : UINT32_MAX;
    refresh(world, index);
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
    world->github.route = hosts;
    world_digest(world, EV_WRITE, hosts, 2);
    for (host = 0; host < world->n_hosts; host++)
        world_github_count(world, host);
}

void world_github_reroute(struct world *world, uint32_t job)
{
    world_job_route(world, job);
    world_github_dispatch(world);
}

void world_github_changed(struct world *world)
{
    int host;
    for (host = 0; host < world->n_hosts; host++)
        world_github_count(world, host);
    world_tell(world, (struct news){.kind = NEWS_VISIBLE});
    world_github_dispatch(world);
}

void world_github_start(struct world *world)
{
    struct world_github *github = &world->github;
    uint32_t reg;
    int i;
    if (!github->ideal)
        source_init(&github->pickup, &world->fleet->github.pickup, &world->streams[STREAM_PICKUP]);
    github->route = UINT64_MAX >> (64 - world->n_hosts);
    github->occupied = github->able = 0;
    for (reg = 0; reg < github->n_regs; reg++)
        github->reg[reg] = (struct reg){.job = NONE,
                                        .idle_at = NONE,
                                        .host = github->reg[reg].host,
                                        .online = true,
                                        .labelled = true};
    for (i = 0; i < world->n_hosts; i++) {
        struct github_host *host = &github->host[i];
        *host = (struct github_host){
            .first = host->first, .slots = host->slots, .labelled = host->slots};
        for (reg = 0; reg < host->slots; reg++)
            refresh(world, host->first + reg);
        world_github_count(world, i);
    }
}
