#include "world.h"

#include "model/base/assert.h"

#include <math.h>
#include <stdlib.h>

void world_session_open(struct world *world)
{
    world->sessions.runner = world_allocate(world->github.n_regs, sizeof *world->sessions.runner);
}

void world_session_close(struct world *world)
{
    free(world->sessions.runner);
}

void world_session_start(struct world *world)
{
    uint32_t reg;
    int host;
    for (reg = 0; reg < world->github.n_regs; reg++)
        world->sessions.runner[reg] = (struct runner){.dead = false, .hung = HUNG_NOT};
    for (host = 0; host < world->n_hosts; host++)
        world->sessions.host[host] = (struct session_host){.connected = true};
}

bool world_session_works(const struct world *world, uint32_t reg)
{
    const struct runner *runner = &world->sessions.runner[reg];
    return world->sessions.host[world->github.reg[reg].host].connected && !runner->dead &&
           runner->hung == HUNG_NOT;
}

/* What a host's session is between any two events. */
static void check_session(const struct world *world, int host)
{
    const struct session_host *session;
    UND_ASSERT(host >= 0 && host < world->n_hosts);
    session = &world->sessions.host[host];
    UND_ASSERT(!session->connected || world_host_reachable(world, host));
    UND_ASSERT(!session->connected || (!session->crashed && session->lose_slots == 0));
    UND_ASSERT(session->slot_faults >= 0 && session->released_ms >= 0);
    UND_ASSERT(session->lose_slots >= 0 &&
               (uint32_t)session->lose_slots <= world->github.host[host].slots);
}

/* The job of a registration; NONE unless it is in that state. */
static uint32_t job_of(const struct world *world, uint32_t reg, enum job_state state)
{
    uint32_t job = world->github.reg[reg].job;
    return job != NONE && world->jobs.job[job].state == state ? job : NONE;
}

/* ---- what is lost ---- */

/* An ideal dispatcher takes the job back at once, to where it stood in the queue. */
static void interrupt(struct world *world, uint32_t job)
{
    const struct job *j = &world->jobs.job[job];
    int host = world->github.reg[j->reg].host;
    double speed = world->fleet->hosts[host].speed / world->host[host].slowdown;
    /* None of one that hangs: its work is done, and its end is its time-out. */
    int64_t left_ms = j->ends_ms > world->now_ms ? j->ends_ms - world->now_ms : 0, work_ms;
    UND_ASSERT(world->github.ideal && j->state == JOB_RUNNING);
    world_tell(world, (struct news){.kind = NEWS_JOB_INTERRUPTED, .job = job, .host = host});
    if (!world_workload_reruns(world)) {
        world_github_fail(world, job, "its host went down");
        return;
    }
    world_github_leave_host(world, job);
    work_ms = world->fleet->workload.on_failure == ON_FAILURE_RERUN
                  ? world_workload_redraw(world, job)
                  : llround((double)left_ms * speed);
    world_job_requeue(world, job, work_ms);
}

/* The job is lost with its host; GitHub learns it when the lock runs out: the last renewal was
 * U(0, renewal) before the loss, and a sweep finds the expired lock. */
static void lose(struct world *world, uint32_t job)
{
    const struct job *j = &world->jobs.job[job];
    const struct github *github = &world->fleet->github;
    int host = world->github.reg[j->reg].host;
    struct stream *stream = &world->streams[STREAM_LOCK];
    int64_t sweep_ms = draw_ms(&github->sweep, stream);
    int64_t since_renewal_ms = (int64_t)(stream_uniform(stream) * (double)github->renewal_ms);
    int64_t left_ms =
        github->lock_ms - since_renewal_ms; /* none, of one shorter than its renewal */
    UND_ASSERT(!world->github.ideal && j->state == JOB_RUNNING);
    if (world->sessions.host[host].graceful || left_ms < 0)
        left_ms = 0;
    UND_ASSERT(sweep_ms >= 0 && since_renewal_ms >= 0 && left_ms <= github->lock_ms);
    world_host_load(world, host, -world->workload.class_mcores[j->job_class],
                    -world->fleet->workload.classes[j->job_class].memory_bytes);
    world_job_lose(world, job, !world->sessions.runner[j->reg].dead, sweep_ms + left_ms);
    world_tell(world, (struct news){.kind = NEWS_JOB_LOST, .job = job, .host = host});
}

static void host_lost(struct world *world, int host)
{
    const struct github_host *h = &world->github.host[host];
    struct session_host *session = &world->sessions.host[host];
    const struct github *github = &world->fleet->github;
    bool ideal = world->github.ideal;
    int64_t notice_ms = 0;
    uint32_t reg;
    UND_ASSERT(!world_host_reachable(world, host));
    if (!ideal)
        notice_ms =
            draw_ms(&github->offline_after, world_host_stream(world, host, HOST_STREAM_OFFLINE));
    if (session->graceful)
        notice_ms = draw_ms(&github->sweep, &world->streams[STREAM_LOCK]) / 3;
    UND_ASSERT(notice_ms >= 0);
    session->released_ms = world->now_ms + notice_ms;
    session->connected = false;
    if (ideal)
        world_session_offline(world, host);
    for (reg = h->first; reg < h->first + h->slots; reg++) {
        uint32_t job = job_of(world, reg, JOB_RUNNING);
        if (job != NONE)
            (ideal ? interrupt : lose)(world, job);
    }
    world_github_count(world, host);
    if (!ideal)
        world_push(world, session->released_ms, FIRST_WORLD, EV_OFFLINE, (uint32_t)host,
                   session->epoch);
    else
        world_github_dispatch(world);
}

/* The host may be back meanwhile, with a session of its own. */
void world_session_offline(struct world *world, int host)
{
    const struct github_host *h = &world->github.host[host];
    uint32_t reg;
    if (world->sessions.host[host].connected)
        return;
    UND_ASSERT(world->github.ideal || world->sessions.host[host].released_ms == world->now_ms);
    for (reg = h->first; reg < h->first + h->slots; reg++)
        world_github_see(world, reg, false);
    world_github_count(world, host);
    world_digest(world, EV_OFFLINE, (uint64_t)host, 0);
    world_tell(world, (struct news){.kind = NEWS_HOST_OFFLINE, .host = host});
}

/* Power or service went as well: what lived on behind a partition is dead now. */
static void kill_jobs(struct world *world, int host)
{
    const struct github_host *h = &world->github.host[host];
    uint32_t reg;
    UND_ASSERT(!world_host_reachable(world, host));
    for (reg = h->first; reg < h->first + h->slots; reg++)
        if (world->github.reg[reg].job != NONE)
            world_job_kill(world, world->github.reg[reg].job);
}

/* ---- the way back ---- */

/* After a crash GitHub refuses a new session while it still holds the old one: the runner retries
 * every session_retry until session_limit, then exits and stays down. */
static void host_back(struct world *world, int host)
{
    struct session_host *session = &world->sessions.host[host];
    const struct github *github = &world->fleet->github;
    int64_t delay_ms = 0;
    UND_ASSERT(world_host_reachable(world, host) && !session->connected);
    world_tell(world, (struct news){.kind = NEWS_HOST_BACK, .host = host});
    if (github->present && session->crashed && session->released_ms > world->now_ms) {
        int64_t retry_ms = github->session_retry_ms > 0 ? github->session_retry_ms : 1;
        delay_ms = (session->released_ms - world->now_ms + retry_ms - 1) / retry_ms * retry_ms;
        if (delay_ms > github->session_limit_ms)
            session->lose_slots = (int)world->github.host[host].slots;
    }
    UND_ASSERT(delay_ms >= 0);
    world_push(world, world->now_ms + delay_ms, FIRST_WORLD, EV_RECONNECT, (uint32_t)host,
               session->epoch);
}

void world_session_host_changed(struct world *world, int host, bool was, bool is)
{
    struct session_host *session = &world->sessions.host[host];
    const int *lacks = world->host[host].lacks;
    UND_ASSERT(is == world_host_reachable(world, host));
    session->crashed = session->crashed || lacks[LACKS_POWER] > 0;
    UND_ASSERT(!session->connected || was);
    if (was != is)
        session->epoch++;
    if (was && !is)
        host_lost(world, host);
    else if (!was && is)
        host_back(world, host);
    if (lacks[LACKS_POWER] > 0 || lacks[LACKS_SERVICE] > 0)
        kill_jobs(world, host);
    UND_ASSERT(is || !session->connected);
    check_session(world, host);
}

/* Booting starts every service anew, but not what a fault still keeps down; some are lost. */
static bool stays_dead(struct world *world, int host, uint32_t i, bool dead)
{
    const struct session_host *session = &world->sessions.host[host];
    const struct github *github = &world->fleet->github;
    struct stream *stream = world_host_stream(world, host, HOST_STREAM_SLOTS);
    UND_ASSERT(!session->connected && i < world->github.host[host].slots);
    if (session->crashed &&
        (i < (uint32_t)session->lose_slots || (github->present && github->lost_slots > 0 &&
                                               stream_uniform(stream) < github->lost_slots)))
        return true;
    return dead && (!session->crashed || session->slot_faults > 0);
}

/* Behind a partition the processes lived on: their jobs go on unless their lock ran out. */
static void reconnect_job(struct world *world, uint32_t reg, uint32_t job)
{
    const struct job *j = &world->jobs.job[job];
    UND_ASSERT(j->state == JOB_LOST && j->reg == reg);
    if (!j->process_lives) {
        world_github_free(world, reg);
        return;
    }
    world_host_load(world, world->github.reg[reg].host, world->workload.class_mcores[j->job_class],
                    world->fleet->workload.classes[j->job_class].memory_bytes);
    world_job_resume(world, job);
}

void world_session_reconnect(struct world *world, int host)
{
    const struct github_host *h = &world->github.host[host];
    struct session_host *session = &world->sessions.host[host];
    uint32_t i;
    UND_ASSERT(world_host_reachable(world, host) && !session->connected);
    for (i = 0; i < h->slots; i++) {
        uint32_t reg = h->first + i, job = job_of(world, reg, JOB_LOST);
        struct runner *runner = &world->sessions.runner[reg];
        runner->dead = stays_dead(world, host, i, runner->dead);
        if (job != NONE)
            reconnect_job(world, reg, job);
        world_github_see(world, reg, !runner->dead);
    }
    session->lose_slots = 0;
    session->crashed = false;
    session->connected = true;
    check_session(world, host);
    world_github_count(world, host);
    world_digest(world, EV_RECONNECT, (uint64_t)host, 0);
    world_github_dispatch(world);
    world_tell(world, (struct news){.kind = NEWS_HOST_CONNECTED, .host = host});
}

/* ---- single runners ---- */

void world_session_graceful(struct world *world, int host, bool graceful)
{
    UND_ASSERT(host >= 0 && host < world->n_hosts);
    world->sessions.host[host].graceful = graceful;
}

void world_session_slot(struct world *world, uint32_t reg, bool lost)
{
    bool ideal = world->github.ideal;
    int host = world->github.reg[reg].host;
    UND_ASSERT(reg < world->github.n_regs);
    UND_ASSERT(host < world->n_hosts);
    world->sessions.runner[reg].dead = lost;
    if (lost && ideal) /* before its job goes back, or it might come back here */
        world_github_see(world, reg, false);
    if (lost && job_of(world, reg, JOB_LOST) != NONE) /* lived on behind a partition */
        world_job_kill(world, world->github.reg[reg].job);
    if (lost && job_of(world, reg, JOB_RUNNING) != NONE)
        (ideal ? interrupt : lose)(world, world->github.reg[reg].job);
    if (lost && !ideal)
        world_push(world,
                   world->now_ms + draw_ms(&world->fleet->github.offline_after,
                                           world_host_stream(world, host, HOST_STREAM_OFFLINE)),
                   FIRST_WORLD, EV_SLOT_OFFLINE, reg, 0);
    else
        world_github_see(world, reg, !lost && world->sessions.host[host].connected);
    if (!lost && job_of(world, reg, JOB_LOST) != NONE)
        world_github_free(world, reg);
    world_github_count(world, host);
    world_github_dispatch(world);
    UND_ASSERT(world->sessions.runner[reg].dead == lost);
}

void world_session_slots(struct world *world, int host, int n, int sign)
{
    const struct github_host *h = &world->github.host[host];
    bool lost = sign > 0;
    uint32_t reg;
    UND_ASSERT(n >= 0 && (sign == 1 || sign == -1));
    world->sessions.host[host].slot_faults += sign;
    check_session(world, host);
    for (reg = h->first; reg < h->first + h->slots && n > 0; reg++) {
        if (world->sessions.runner[reg].dead == lost)
            continue;
        world_session_slot(world, reg, lost);
        n--;
    }
}

void world_session_slot_offline(struct world *world, uint32_t reg)
{
    UND_ASSERT(reg < world->github.n_regs && !world->github.ideal);
    if (!world->sessions.runner[reg].dead)
        return;
    world_github_see(world, reg, false);
    world_tell(world, (struct news){.kind = NEWS_VISIBLE});
}

void world_session_hang(struct world *world, uint32_t reg, enum hung how)
{
    struct runner *runner = &world->sessions.runner[reg];
    int host = world->github.reg[reg].host;
    UND_ASSERT(reg < world->github.n_regs && how <= HUNG_DEAF);
    if (runner->hung == (uint8_t)how)
        return;
    runner->hung = (uint8_t)how;
    if (how == HUNG_NOT)
        world_github_see(world, reg, world->sessions.host[host].connected && !runner->dead);
    world_github_count(world, host);
}
