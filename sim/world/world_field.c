/* Draws come from a stream of their own, so that a fleet without such faults draws what it drew. */
#include "world.h"

#include "model/base/assert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DOOM_MIN_MS 5000LL /* a job whose disk or registry is gone fails between these */
#define DOOM_MAX_MS 60000LL
#define JOB_LIMIT_MS (6 * 3600000LL) /* timeout-minutes: 360, where a class has none */

/* ---- registrations that hang ---- */

static void hang_listeners(struct world *world, uint32_t index, int host, bool begins)
{
    const struct fault *fault = &world->scenario->faults[index];
    const struct github_host *h = &world->github.host[host];
    enum hung how = !begins ? HUNG_NOT : fault->acknowledges ? HUNG_TAKING : HUNG_DEAF;
    uint32_t i, n = fault->slots > 0 ? (uint32_t)fault->slots : h->slots;
    for (i = 0; i < h->slots; i++) {
        uint32_t reg = h->first + i;
        if (!begins || (fault->rate_per_ms <= 0 && i < n))
            world_session_hang(world, reg, how);
        else if (fault->rate_per_ms > 0)
            world_push(world,
                       world->now_ms + llround(-log1p(-stream_uniform(world_field_stream(world))) /
                                               fault->rate_per_ms),
                       FIRST_WORLD, EV_HANG, index << 16 | reg, world->field.turn[index]);
    }
}

void world_field_hang(struct world *world, uint32_t who)
{
    uint32_t fault = who >> 16;
    if (!world->faults.active[fault])
        return;
    world_session_hang(world, who & 0xffff,
                       world->scenario->faults[fault].acknowledges ? HUNG_TAKING : HUNG_DEAF);
    world_tell(world, (struct news){.kind = NEWS_VISIBLE});
}

bool world_field_swallows(struct world *world, uint32_t job)
{
    uint32_t index = world->jobs.job[job].reg;
    const struct runner *runner = &world->sessions.runner[index];
    int host = world->github.reg[index].host;
    if (runner->hung != HUNG_TAKING || runner->dead || !world->sessions.host[host].connected)
        return false;
    world_job_lose(world, job, false, world->fleet->github.lock_ms);
    world_tell(world, (struct news){.kind = NEWS_JOB_SWALLOWED, .job = job, .host = host});
    return true;
}

/* ---- jobs ---- */

enum fate world_field_fate(struct world *world, int host)
{
    enum fate fate = FATE_NONE;
    int i;
    for (i = 0; i < world->scenario->n_faults; i++) {
        const struct fault *fault = world_fault_on(
            world, i, TAKES_WORKERS | TAKES_DISK | TAKES_DEPENDENCY | TAKES_ROOM, host);
        if (fault && (fault_takes(fault) & TAKES_ROOM) &&
            (!world->field.off[i] || fault->mount != FILLS_ROOT))
            continue;
        if (!fault || stream_uniform(world_field_stream(world)) >= fault->share)
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
           llround(stream_uniform(world_field_stream(world)) * (double)(DOOM_MAX_MS - DOOM_MIN_MS));
}

int64_t world_field_limit_ms(const struct world *world, uint32_t job)
{
    int64_t timeout_ms = world->fleet->workload.classes[world->jobs.job[job].job_class].timeout_ms;
    return timeout_ms > 0 ? timeout_ms : JOB_LIMIT_MS;
}

/* What runs when the disk fills up, or the registry goes, has it ahead as well. */
void world_field_doom(struct world *world, int host, double share)
{
    const struct github_host *h = &world->github.host[host];
    uint32_t reg;
    for (reg = h->first; reg < h->first + h->slots; reg++) {
        uint32_t job = world->github.reg[reg].job;
        int64_t ends_ms;
        if (job == NONE || world->jobs.job[job].state != JOB_RUNNING ||
            stream_uniform(world_field_stream(world)) >= share)
            continue;
        ends_ms = world->now_ms + world_field_doom_ms(world);
        if (world->jobs.job[job].fate != FATE_NONE || world->jobs.job[job].ends_ms <= ends_ms)
            continue;
        world_job_doom(world, job, ends_ms);
    }
}

/* ---- GitHub ---- */

bool world_field_delays(struct world *world, uint32_t job)
{
    int64_t delay_ms = 0;
    int i;
    for (i = 0; i < world->scenario->n_faults; i++) {
        const struct fault *fault = world_fault_on(world, i, TAKES_ASSIGNMENT, -1);
        int64_t own_ms = fault ? draw_ms(&fault->delay, world_field_stream(world)) : 0;
        delay_ms = own_ms > delay_ms ? own_ms : delay_ms;
    }
    if (delay_ms == 0)
        return false;
    world_job_hold(world, job, delay_ms);
    world_tell(world, (struct news){.kind = NEWS_JOB_DELAYED, .job = job, .host = -1});
    return true;
}

void world_field_distort(const struct world *world, struct host_reading *hosts)
{
    int i, host;
    for (i = 0; i < world->scenario->n_faults; i++) {
        const struct fault *fault = world_fault_on(world, i, TAKES_TRUTH, -1);
        for (host = 0; fault && host < world->n_hosts; host++) {
            if (!(world->faults.struck[i] >> host & 1))
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
    const struct github_host *h = &world->github.host[host];
    uint32_t i, n = fault->slots > 0 ? (uint32_t)fault->slots : h->slots;
    for (i = 0; i < n; i++) {
        uint32_t reg = h->first + i;
        if (world->sessions.runner[reg].dead)
            continue;
        world_session_slot(world, reg, true);
        world_session_slot(world, reg, false);
        if (!world->github.by_variable)
            world_github_label(world, reg, false);
    }
}

/* Listeners that run no job are away for the update; the others change when theirs is done, which
 * nobody notices. */
static void restart_listeners(struct world *world, int host, bool begins)
{
    const struct github_host *h = &world->github.host[host];
    uint32_t reg;
    for (reg = h->first; reg < h->first + h->slots; reg++) {
        bool *updating = &world->field.updating[reg];
        if (begins ? world->sessions.runner[reg].dead || world->github.reg[reg].job != NONE
                   : !*updating)
            continue;
        *updating = begins;
        world_session_slot(world, reg, begins);
    }
}

/* ---- hosts and targets that come and go ---- */

static void schedule_cycle(struct world *world, uint32_t index)
{
    const struct fault *fault = &world->scenario->faults[index];
    int64_t after_ms = world->fleet->monitoring.scrape_interval_ms;
    if (fault_takes(fault) & TAKES_UPTIME)
        after_ms =
            draw_ms(world->field.off[index] ? &fault->down : &fault->up, world_field_stream(world));
    if (after_ms > 0)
        world_push(world, world->now_ms + after_ms, FIRST_WORLD, EV_CYCLE, index,
                   world->field.turn[index]);
}

/* A crash loop: off, or on again. A flap: the next scrape fails, or does not. */
static void turn(struct world *world, uint32_t index, bool on)
{
    const struct fault *fault = &world->scenario->faults[index];
    int host, sign = on - world->field.off[index];
    world->field.off[index] = on;
    for (host = 0; host < world->n_hosts && sign != 0; host++) {
        bool reachable = world_host_reachable(world, host);
        if (!(world->faults.struck[index] >> host & 1))
            continue;
        world_host_lack(world, host,
                        fault_takes(fault) & TAKES_UPTIME ? LACKS_POWER : LACKS_SCRAPES, sign);
        world_host_changed(world, host, reachable);
    }
}

void world_field_cycle(struct world *world, uint32_t index)
{
    const struct fault *fault = &world->scenario->faults[index];
    bool on = !world->field.off[index];
    if (!world->faults.active[index])
        return;
    if (fault_takes(fault) & TAKES_ROOM) {
        world_disk_turn(world, index);
        return;
    }
    if (fault_takes(fault) & TAKES_SCRAPES)
        on = stream_uniform(world_field_stream(world)) < fault->share;
    turn(world, index, on);
    schedule_cycle(world, index);
}

/* ---- a fault begins or ends ---- */

static void touch_host(struct world *world, uint32_t index, int host, int sign)
{
    const struct fault *fault = &world->scenario->faults[index];
    unsigned takes = fault_takes(fault);
    bool reachable = world_host_reachable(world, host);
    if (takes & (TAKES_LISTENERS | TAKES_WORKERS | TAKES_DISK))
        world_host_lack(world, host, LACKS_HEALTH, sign);
    if (takes & TAKES_LISTENERS)
        hang_listeners(world, index, host, sign > 0);
    if ((takes & TAKES_DISK) && sign > 0)
        world_field_doom(world, host, fault->share);
    if (takes & TAKES_TARGET)
        world_host_lack(world, host, LACKS_TARGET, sign);
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
    world->field.turn[index]++;
    world->field.fates +=
        takes & (TAKES_WORKERS | TAKES_DISK | TAKES_DEPENDENCY | TAKES_ROOM) ? sign : 0;
    world->field.slow += takes & TAKES_ASSIGNMENT ? sign : 0;
    world->field.lies += takes & TAKES_TRUTH ? sign : 0;
    for (i = 0; i < world->n_hosts; i++)
        if (world->faults.struck[index] >> i & 1)
            touch_host(world, index, i, sign);
    for (i = 0; i < world->n_hosts && (takes & TAKES_DEPENDENCY) && sign > 0; i++)
        world_field_doom(world, i, fault->share);
    if (takes & TAKES_ROOM)
        world_disk_touch(world, index, sign > 0);
    if (!(takes & (TAKES_UPTIME | TAKES_SCRAPES)))
        return;
    turn(world, index, sign > 0 && (takes & TAKES_UPTIME));
    if (sign > 0)
        schedule_cycle(world, index);
}

/* ---- canaries ---- */

/* A listener that does not answer is no less idle for GitHub, whatever it has been handed. */
static bool looks_idle(const struct world *world, uint32_t index)
{
    const struct reg *reg = &world->github.reg[index];
    return reg->online && (reg->job == NONE || (world->sessions.runner[index].hung == HUNG_DEAF &&
                                                world->jobs.job[reg->job].state != JOB_RUNNING));
}

bool world_field_looks_busy(const struct world *world, uint32_t reg)
{
    return world->github.reg[reg].job != NONE &&
           !(world->sessions.runner[reg].hung == HUNG_DEAF && looks_idle(world, reg));
}

/* One of the host's registrations that look idle; NONE: none does. */
static uint32_t draw_idle(struct world *world, int host)
{
    const struct github_host *h = &world->github.host[host];
    uint32_t reg, pick, idle = 0;
    for (reg = h->first; reg < h->first + h->slots; reg++)
        idle += looks_idle(world, reg);
    if (idle == 0)
        return NONE;
    pick = stream_below(world_field_stream(world), idle);
    for (reg = h->first;; reg++)
        if (looks_idle(world, reg) && pick-- == 0)
            return reg;
}

static void wait_for_slot(struct world *world, int host)
{
    const struct github_host *h = &world->github.host[host];
    uint32_t reg, online = 0;
    for (reg = h->first; reg < h->first + h->slots; reg++)
        online += world->github.reg[reg].online;
    if (online > 0)
        world->field.host[host].canary_ms = -1;
    else /* nobody is there to take it: it goes on waiting */
        world_push(world, world->now_ms + world->fleet->github.requeue_after_ms + 1, THEN_JOBS,
                   EV_CANARY, (uint32_t)host, 1);
}

/* One small job for each host, pinned to it: GitHub hands it to one of its idle registrations, and
 * it starts if that one works. Else it is handed out again after a while (`again`), or is taken by
 * one that hangs until it fails. It takes no time, and no job waits for it. */
void world_field_canary(struct world *world, int host, bool again)
{
    int64_t *canary_ms = &world->field.host[host].canary_ms;
    uint32_t reg;
    if (again && *canary_ms < 0)
        return; /* a later one has started */
    if (!again)
        world_push(world, world->now_ms + world->fleet->policy.canary_every_ms, THEN_JOBS,
                   EV_CANARY, (uint32_t)host, 0);
    reg = world_github_up(world) ? draw_idle(world, host) : NONE;
    if (reg == NONE) {
        if (again) /* it waits for a slot: what it would say is not known */
            wait_for_slot(world, host);
        return;
    }
    if (world_session_works(world, reg)) {
        *canary_ms = -1;
        return;
    }
    if (*canary_ms < 0)
        *canary_ms = world->now_ms;
    if (world->sessions.runner[reg].hung != HUNG_TAKING)
        world_push(world, world->now_ms + world->fleet->github.requeue_after_ms + 1, THEN_JOBS,
                   EV_CANARY, (uint32_t)host, 1);
}

/* ---- what the policy looks for ---- */

void world_field_job_started(struct world *world, const struct news *news)
{
    world->field.host[news->host].started_ms = world->now_ms;
}

void world_field_job_succeeded(struct world *world, const struct news *news)
{
    world->field.host[news->host].ended_well++;
}

/* When GitHub gives up on a job of a runner that hangs, it drops the runner with it. */
void world_field_job_failed(struct world *world, const struct news *news)
{
    const struct job *j = &world->jobs.job[news->job];
    if (j->state != JOB_LOST) {
        if (j->reg != NONE)
            world->field.host[news->host].ended_badly++;
        return;
    }
    if (world->sessions.runner[j->reg].hung != HUNG_TAKING)
        return;
    world_github_see(world, j->reg, false);
    world_github_count(world, news->host);
    world_tell(world, (struct news){.kind = NEWS_VISIBLE});
}

/* Since when the job at the head of the queues, or that GitHub is slow to look at, has waited. */
static int64_t oldest_ms(const struct world *world)
{
    int64_t oldest = world->now_ms;
    uint32_t job;
    int i;
    for (i = 0; i < world->jobs.n_queues; i++) {
        job = world->jobs.queue[i].head;
        if (job != NONE && world->jobs.job[job].created_ms < oldest)
            oldest = world->jobs.job[job].created_ms;
    }
    for (job = 0; job < world->jobs.used && world->jobs.held > 0; job++)
        if (world->jobs.job[job].state == JOB_HELD && world->jobs.job[job].created_ms < oldest)
            oldest = world->jobs.job[job].created_ms;
    return oldest;
}

/* What the list of jobs shows: only asked for where something is made of it. */
void world_field_look(struct world *world, struct host_reading *hosts)
{
    int64_t since_ms = oldest_ms(world);
    int i;
    for (i = 0; i < world->n_hosts; i++) {
        const struct github_host *h = &world->github.host[i];
        struct field_host *field = &world->field.host[i];
        uint32_t reg, job;
        for (reg = h->first; reg < h->first + h->slots; reg++) {
            job = world->github.reg[reg].job;
            hosts[i].running += job != NONE && (world->jobs.job[job].state == JOB_RUNNING ||
                                                world->jobs.job[job].state == JOB_LOST);
        }
        hosts[i].waiting_ms = world->now_ms - since_ms;
        hosts[i].quiet_ms = world->now_ms - field->started_ms;
        hosts[i].canary_ms = field->canary_ms < 0 ? 0 : world->now_ms - field->canary_ms;
        hosts[i].done = (int)field->ended_well;
        hosts[i].failed = (int)field->ended_badly;
        field->ended_well = field->ended_badly = 0;
    }
}

int64_t world_field_still_ms(const struct world *world)
{
    const struct policy_config *policy = &world->fleet->policy;
    int64_t still_ms = INT64_MAX, left_ms;
    int i;
    if (policy->deaf_after_ms > 0)
        still_ms = policy->deaf_after_ms - (world->now_ms - oldest_ms(world));
    for (i = 0; i < world->n_hosts && policy->canary_late_ms > 0; i++) {
        int64_t since_ms = world->field.host[i].canary_ms;
        left_ms = policy->canary_late_ms - (since_ms < 0 ? 0 : world->now_ms - since_ms);
        still_ms = left_ms < still_ms ? left_ms : still_ms;
    }
    return still_ms;
}

bool world_field_looks(const struct world *world)
{
    const struct policy_config *policy = &world->fleet->policy;
    return policy->deaf_after_ms > 0 || policy->canary_every_ms > 0 || policy->failure_jobs > 0;
}

void world_field_open(struct world *world)
{
    world->field.updating = world_allocate(world->github.n_regs, sizeof *world->field.updating);
}

void world_field_close(struct world *world)
{
    free(world->field.updating);
}

void world_field_start(struct world *world)
{
    const struct fleet *fleet = world->fleet;
    bool *updating = world->field.updating;
    int i;
    memset(updating, 0, world->github.n_regs * sizeof *updating);
    world->field = (struct world_field){.updating = updating};
    for (i = 0; i < world->n_hosts; i++) {
        world->field.host[i].canary_ms = -1;
        if (fleet->has_policy && fleet->policy.canary_every_ms > 0)
            world_push(world,
                       (int64_t)(stream_uniform(world_field_stream(world)) *
                                 (double)fleet->policy.canary_every_ms),
                       THEN_JOBS, EV_CANARY, (uint32_t)i, 0);
    }
}
