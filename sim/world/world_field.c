/*
 * What the faults that fleets report do (fault.h, from TAKES_LISTENERS on): registrations that
 * hang, jobs that never end or fail at once, hosts that come and go, targets that flap or vanish, a
 * GitHub that is slow or lies, registrations that are replaced or restart. And the canaries, which
 * look for some of it.
 *
 * Draws come from a stream of their own, so that a fleet without such faults draws what it drew.
 */
#include "world.h"

#include "model/base/assert.h"

#include <math.h>

#define DOOM_MIN_MS 5000LL /* a job whose disk or registry is gone fails between these */
#define DOOM_MAX_MS 60000LL
#define JOB_LIMIT_MS (6 * 3600000LL) /* timeout-minutes: 360, where a class has none */

static struct stream *stream_of(struct world *world)
{
    return &world->streams[world->n_streams - 1];
}

static const struct fault *active(const struct world *world, int i, unsigned takes, int host)
{
    const struct fault *fault = &world->scenario->faults[i];
    if (!world->fault_active[i] || !(fault_takes(fault) & takes))
        return NULL;
    if (host >= 0 && fault->n_targets > 0 && !(world->struck[i] >> host & 1))
        return NULL;
    return fault;
}

/* ---- registrations that hang ---- */

static void hang(struct world *world, uint32_t index, enum hung how)
{
    struct reg *reg = &world->regs[index];
    if (reg->hung == (uint8_t)how)
        return;
    reg->hung = (uint8_t)how;
    if (how == HUNG_NOT)
        reg->online = world->host[reg->host].connected && !reg->dead;
    world_github_refresh(world, index);
    world_github_count(world, reg->host);
}

static void hang_listeners(struct world *world, uint32_t index, int host, bool begins)
{
    const struct fault *fault = &world->scenario->faults[index];
    const struct world_host *h = &world->host[host];
    enum hung how = !begins ? HUNG_NOT : fault->acknowledges ? HUNG_TAKING : HUNG_DEAF;
    uint32_t i, n = fault->slots > 0 ? (uint32_t)fault->slots : h->slots;
    for (i = 0; i < h->slots; i++) {
        uint32_t reg = h->first + i;
        if (!begins || (fault->rate_per_ms <= 0 && i < n))
            hang(world, reg, how);
        else if (fault->rate_per_ms > 0)
            world_push(world,
                       world->now_ms +
                           llround(-log1p(-stream_uniform(stream_of(world))) / fault->rate_per_ms),
                       FIRST_WORLD, EV_HANG, index << 16 | reg, world->fault_turn[index]);
    }
}

void world_field_hang(struct world *world, uint32_t who, uint32_t turn)
{
    uint32_t fault = who >> 16;
    if (!world->fault_active[fault] || world->fault_turn[fault] != turn)
        return;
    hang(world, who & 0xffff,
         world->scenario->faults[fault].acknowledges ? HUNG_TAKING : HUNG_DEAF);
    world_controller_wake(world);
}

bool world_field_swallows(struct world *world, uint32_t job)
{
    struct job *j = &world->jobs[job];
    const struct reg *reg = &world->regs[j->reg];
    if (reg->hung != HUNG_TAKING || reg->dead || !world->host[reg->host].connected)
        return false;
    world_incident_inflight(world, job, reg->host);
    j->state = JOB_LOST;
    j->process_lives = false;
    j->held_up = true;
    j->epoch++;
    j->cause = WORLD_STORY(world, world->host[reg->host].cause, reg->host, MARK_NONE,
                           "job %u was taken by a runner that hangs", job);
    world_push(world, world->now_ms + world->fleet->github.lock_ms, THEN_JOBS, EV_LOCK_EXPIRY, job,
               j->epoch);
    return true;
}

/* GitHub has given up on a job of a runner that hangs, and drops the runner with it. */
void world_field_dropped(struct world *world, uint32_t index)
{
    struct reg *reg = &world->regs[index];
    if (reg->hung != HUNG_TAKING)
        return;
    reg->online = false;
    world_github_refresh(world, index);
    world_github_count(world, reg->host);
    world_controller_wake(world);
}

/* ---- jobs ---- */

enum fate world_field_fate(struct world *world, int host)
{
    enum fate fate = FATE_NONE;
    int i;
    for (i = 0; i < world->scenario->n_faults; i++) {
        const struct fault *fault =
            active(world, i, TAKES_WORKERS | TAKES_DISK | TAKES_DEPENDENCY, host);
        if (!fault || stream_uniform(stream_of(world)) >= fault->share)
            continue;
        if (!(fault_takes(fault) & TAKES_WORKERS))
            return FATE_FAILS;
        fate = FATE_HANGS;
    }
    return fate;
}

int64_t world_field_doom_ms(struct world *world)
{
    return DOOM_MIN_MS +
           llround(stream_uniform(stream_of(world)) * (double)(DOOM_MAX_MS - DOOM_MIN_MS));
}

int64_t world_field_limit_ms(const struct world *world, uint32_t job)
{
    int64_t timeout_ms = world->fleet->workload.classes[world->jobs[job].job_class].timeout_ms;
    return timeout_ms > 0 ? timeout_ms : JOB_LIMIT_MS;
}

/* What runs when the disk fills up, or the registry goes, has it ahead as well. */
static void doom_running(struct world *world, int host, double share)
{
    const struct world_host *h = &world->host[host];
    uint32_t reg;
    for (reg = h->first; reg < h->first + h->slots; reg++) {
        uint32_t job = world->regs[reg].job;
        int64_t ends_ms;
        if (job == NONE || world->jobs[job].state != JOB_RUNNING ||
            stream_uniform(stream_of(world)) >= share)
            continue;
        ends_ms = world->now_ms + world_field_doom_ms(world);
        if (world->jobs[job].fate != FATE_NONE || world->jobs[job].ends_ms <= ends_ms)
            continue;
        world->jobs[job].fate = FATE_FAILS;
        world->jobs[job].ends_ms = ends_ms;
        world_github_schedule_end(world, job);
    }
}

/* ---- GitHub ---- */

bool world_field_delays(struct world *world, uint32_t job)
{
    struct job *j = &world->jobs[job];
    int64_t delay_ms = 0;
    int i;
    for (i = 0; i < world->scenario->n_faults; i++) {
        const struct fault *fault = active(world, i, TAKES_ASSIGNMENT, -1);
        int64_t own_ms = fault ? draw_ms(&fault->delay, stream_of(world)) : 0;
        delay_ms = own_ms > delay_ms ? own_ms : delay_ms;
    }
    if (delay_ms == 0)
        return false;
    j->state = JOB_HELD;
    j->held_up = true;
    j->cause =
        WORLD_STORY(world, j->cause, -1, MARK_NONE, "GitHub is slow to hand out job %u", job);
    world->held++;
    world_push(world, world->now_ms + delay_ms, THEN_JOBS, EV_HANDOUT, job, j->epoch);
    return true;
}

void world_field_distort(const struct world *world, struct host_reading *hosts)
{
    int i, host;
    for (i = 0; i < world->scenario->n_faults; i++) {
        const struct fault *fault = active(world, i, TAKES_TRUTH, -1);
        for (host = 0; fault && host < world->n_hosts; host++) {
            if (!(world->struck[i] >> host & 1))
                continue;
            if (fault->lie != LIE_IDLE)
                hosts[host].online = 0;
            if (fault->lie != LIE_OFFLINE)
                hosts[host].busy = 0;
            if (fault->lie == LIE_MISSING)
                hosts[host].routed = 0;
        }
    }
}

/* The same names with new ids: what they ran is lost, and so is the label, until it is put back. */
static void replace_registrations(struct world *world, const struct fault *fault, int host)
{
    const struct world_host *h = &world->host[host];
    uint32_t i, n = fault->slots > 0 ? (uint32_t)fault->slots : h->slots;
    for (i = 0; i < n; i++) {
        uint32_t reg = h->first + i;
        if (world->regs[reg].dead)
            continue;
        world_session_slot(world, reg, true);
        world_session_slot(world, reg, false);
        if (!world->variable_routing)
            world_github_label(world, reg, false);
    }
}

/* Listeners that run no job are away for the update; the others change when theirs is done, which
 * nobody notices. */
static void restart_listeners(struct world *world, int host, bool begins)
{
    const struct world_host *h = &world->host[host];
    uint32_t reg;
    for (reg = h->first; reg < h->first + h->slots; reg++) {
        struct reg *r = &world->regs[reg];
        if (begins ? r->dead || r->job != NONE : !r->updating)
            continue;
        r->updating = begins;
        world_session_slot(world, reg, begins);
    }
}

/* ---- hosts and targets that come and go ---- */

static void schedule_cycle(struct world *world, uint32_t index)
{
    const struct fault *fault = &world->scenario->faults[index];
    int64_t after_ms = world->fleet->monitoring.scrape_interval_ms;
    if (fault_takes(fault) & TAKES_UPTIME)
        after_ms = draw_ms(world->fault_on[index] ? &fault->down : &fault->up, stream_of(world));
    if (after_ms > 0)
        world_push(world, world->now_ms + after_ms, FIRST_WORLD, EV_CYCLE, index,
                   world->fault_turn[index]);
}

/* A crash loop: off, or on again. A flap: the next scrape fails, or does not. */
static void turn(struct world *world, uint32_t index, bool on)
{
    const struct fault *fault = &world->scenario->faults[index];
    int host, sign = on - world->fault_on[index];
    world->fault_on[index] = on;
    for (host = 0; host < world->n_hosts && sign != 0; host++) {
        bool reachable = world_host_reachable(world, host);
        if (!(world->struck[index] >> host & 1))
            continue;
        if (fault_takes(fault) & TAKES_UPTIME)
            world->host[host].down += sign;
        else
            world->host[host].flapping += sign;
        world_host_changed(world, host, reachable);
    }
}

void world_field_cycle(struct world *world, uint32_t index, uint32_t turn_of)
{
    const struct fault *fault = &world->scenario->faults[index];
    bool on = !world->fault_on[index];
    if (!world->fault_active[index] || world->fault_turn[index] != turn_of)
        return;
    if (fault_takes(fault) & TAKES_SCRAPES)
        on = stream_uniform(stream_of(world)) < fault->share;
    turn(world, index, on);
    schedule_cycle(world, index);
}

/* ---- a fault begins or ends ---- */

static void touch_host(struct world *world, uint32_t index, int host, int sign)
{
    const struct fault *fault = &world->scenario->faults[index];
    unsigned takes = fault_takes(fault);
    struct world_host *h = &world->host[host];
    bool reachable = world_host_reachable(world, host);
    if (takes & (TAKES_LISTENERS | TAKES_WORKERS | TAKES_DISK))
        h->impaired += sign;
    if (takes & TAKES_LISTENERS)
        hang_listeners(world, index, host, sign > 0);
    if ((takes & TAKES_DISK) && sign > 0)
        doom_running(world, host, fault->share);
    if (takes & TAKES_TARGET)
        h->lost_target += sign;
    if ((takes & TAKES_LABELS) && sign > 0)
        replace_registrations(world, fault, host);
    if (takes & TAKES_SESSIONS)
        restart_listeners(world, host, sign > 0);
    world_host_changed(world, host, reachable);
}

void world_field_touch(struct world *world, uint32_t index, int sign)
{
    const struct fault *fault = &world->scenario->faults[index];
    unsigned takes = fault_takes(fault);
    int i;
    if ((takes & TAKES_FIELD) == 0)
        return;
    world->fault_turn[index]++;
    world->fates += takes & (TAKES_WORKERS | TAKES_DISK | TAKES_DEPENDENCY) ? sign : 0;
    world->slow += takes & TAKES_ASSIGNMENT ? sign : 0;
    world->lies += takes & TAKES_TRUTH ? sign : 0;
    for (i = 0; i < world->n_hosts; i++)
        if (world->struck[index] >> i & 1)
            touch_host(world, index, i, sign);
    for (i = 0; i < world->n_hosts && (takes & TAKES_DEPENDENCY) && sign > 0; i++)
        doom_running(world, i, fault->share);
    if (!(takes & (TAKES_UPTIME | TAKES_SCRAPES)))
        return;
    turn(world, index, sign > 0 && (takes & TAKES_UPTIME));
    if (sign > 0)
        schedule_cycle(world, index);
}

/* ---- canaries ---- */

/* A listener that does not answer is no less idle for GitHub, whatever it has been handed. */
static bool looks_idle(const struct world *world, const struct reg *reg)
{
    return reg->online && (reg->job == NONE ||
                           (reg->hung == HUNG_DEAF && world->jobs[reg->job].state != JOB_RUNNING));
}

bool world_field_looks_busy(const struct world *world, uint32_t reg)
{
    return world->regs[reg].job != NONE &&
           !(world->regs[reg].hung == HUNG_DEAF && looks_idle(world, &world->regs[reg]));
}

/* One small job for each host, pinned to it: GitHub hands it to one of its idle registrations, and
 * it starts if that one works. Else it is handed out again after a while (`again`), or is taken by
 * one that hangs until it fails. It takes no time, and no job waits for it. */
void world_field_canary(struct world *world, int host, bool again)
{
    struct world_host *h = &world->host[host];
    uint32_t reg, pick, idle = 0;
    if (again && h->canary_ms < 0)
        return; /* a later one has started */
    if (!again)
        world_push(world, world->now_ms + world->fleet->policy.canary_every_ms, THEN_JOBS,
                   EV_CANARY, (uint32_t)host, 0);
    for (reg = h->first; reg < h->first + h->slots; reg++)
        idle += looks_idle(world, &world->regs[reg]);
    if (idle == 0 || !world_github_up(world))
        return; /* it waits in the queue; what it would say is not known yet */
    pick = stream_below(stream_of(world), idle);
    for (reg = h->first;; reg++)
        if (looks_idle(world, &world->regs[reg]) && pick-- == 0)
            break;
    if (h->connected && !world->regs[reg].dead && world->regs[reg].hung == HUNG_NOT) {
        h->canary_ms = -1;
        return;
    }
    if (h->canary_ms < 0)
        h->canary_ms = world->now_ms;
    if (world->regs[reg].hung != HUNG_TAKING)
        world_push(world, world->now_ms + world->fleet->github.requeue_after_ms + 1, THEN_JOBS,
                   EV_CANARY, (uint32_t)host, 1);
}

/* What the list of jobs shows: only asked for where something is made of it. */
void world_field_look(struct world *world, struct host_reading *hosts)
{
    int64_t oldest_ms = world->now_ms;
    uint32_t job;
    int i;
    for (i = 0; i < world->n_queues; i++)
        if (world->queues[i].head != NONE &&
            world->jobs[world->queues[i].head].created_ms < oldest_ms)
            oldest_ms = world->jobs[world->queues[i].head].created_ms;
    for (job = 0; job < world->jobs_used && world->held > 0; job++)
        if (world->jobs[job].state == JOB_HELD && world->jobs[job].created_ms < oldest_ms)
            oldest_ms = world->jobs[job].created_ms;
    for (i = 0; i < world->n_hosts; i++) {
        struct world_host *h = &world->host[i];
        uint32_t reg;
        for (reg = h->first; reg < h->first + h->slots; reg++)
            hosts[i].running += world->regs[reg].job != NONE &&
                                (world->jobs[world->regs[reg].job].state == JOB_RUNNING ||
                                 world->jobs[world->regs[reg].job].state == JOB_LOST);
        hosts[i].waiting_ms = world->now_ms - oldest_ms;
        hosts[i].quiet_ms = world->now_ms - h->started_ms;
        hosts[i].canary_ms = h->canary_ms < 0 ? 0 : world->now_ms - h->canary_ms;
        hosts[i].done = (int)h->ended_well;
        hosts[i].failed = (int)h->ended_badly;
        h->ended_well = h->ended_badly = 0;
    }
}

bool world_field_looks(const struct world *world)
{
    const struct policy_config *policy = &world->fleet->policy;
    return policy->deaf_after_ms > 0 || policy->canary_every_ms > 0 || policy->failure_jobs > 0;
}

void world_field_start(struct world *world)
{
    int i;
    world->fates = world->slow = world->lies = 0;
    world->held = 0;
    for (i = 0; i < world->scenario->n_faults; i++) {
        world->fault_on[i] = false;
        world->fault_turn[i] = 0;
    }
    for (i = 0; i < world->n_hosts; i++) {
        world->host[i].canary_ms = -1;
        world->host[i].started_ms = 0;
        if (world->fleet->has_policy && world->fleet->policy.canary_every_ms > 0)
            world_push(world,
                       (int64_t)(stream_uniform(stream_of(world)) *
                                 (double)world->fleet->policy.canary_every_ms),
                       THEN_JOBS, EV_CANARY, (uint32_t)i, 0);
    }
}
