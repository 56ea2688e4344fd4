/* Faults: when they come, what they do to the world, how they end. */
#include "world.h"

#include "model/base/assert.h"

/* Loses or returns single registrations; their host stays. */
static void lose_slots(struct world *world, int host, int n, bool lost)
{
    struct world_host *h = &world->host[host];
    uint32_t reg;
    for (reg = h->first; reg < h->first + h->slots && n > 0; reg++) {
        if (world->regs[reg].dead == lost)
            continue;
        world_session_slot(world, reg, lost);
        n--;
    }
}

/* One count up (sign 1) or down (-1) for each thing that the fault takes from its host. */
static void touch_host(struct world *world, const struct fault *fault, int host, int sign)
{
    struct world_host *h = &world->host[host];
    unsigned takes = fault_takes(fault);
    bool reachable = world_host_reachable(world, host);
    if (takes & TAKES_POWER)
        h->down += sign;
    if (takes & TAKES_SERVICE) {
        h->graceful = fault->graceful && sign > 0;
        h->stopped += sign;
    }
    if (takes & TAKES_NET_GITHUB)
        h->cut_github += sign;
    if (takes & TAKES_NET_MONITORING)
        h->cut_monitoring += sign;
    if (takes & (TAKES_LOAD | TAKES_SPEED))
        h->impaired += sign;
    if (takes & TAKES_LOAD)
        world_host_stress(world, host, fault_row(fault->kind)->signal, sign * fault->load_pm);
    if (takes & TAKES_SPEED)
        world_host_slow(world, host, sign > 0 ? fault->slowdown : 1 / fault->slowdown);
    if (takes & TAKES_SLOTS) {
        h->slot_faults += sign;
        lose_slots(world, host, fault->slots, sign > 0);
    }
    if (takes & TAKES_HANDS) {
        h->maintenances += sign;
        driver_maintenance(&world->driver, host, h->maintenances > 0);
    }
    world_host_changed(world, host, reachable);
}

static void touch_monitoring(struct world *world, unsigned takes, int sign)
{
    int was = world->monitoring_down, was_am = world->alertmanager_down;
    world->monitoring_down += takes & TAKES_PROMETHEUS ? sign : 0;
    world->alertmanager_down += takes & TAKES_ALERTMANAGER ? sign : 0;
    if (!world->prometheus)
        return;
    if (was == 0 && world->monitoring_down > 0)
        prometheus_stop(world->prometheus, world->now_ms);
    else if (was > 0 && world->monitoring_down == 0)
        prometheus_start(world->prometheus, world->now_ms);
    if (!world->alertmanager)
        return;
    if (was_am == 0 && world->alertmanager_down > 0)
        alertmanager_stop(world->alertmanager, world->now_ms);
    else if (was_am > 0 && world->alertmanager_down == 0)
        alertmanager_start(world->alertmanager, world->now_ms);
}

/* The worst of those that go on. */
static double api_error_rate(const struct world *world)
{
    double rate = 0;
    int i;
    for (i = 0; i < world->scenario->n_faults; i++) {
        const struct fault *fault = &world->scenario->faults[i];
        if (world->fault_active[i] && (fault_takes(fault) & TAKES_CALLS) &&
            fault->error_rate > rate)
            rate = fault->error_rate;
    }
    return rate;
}

static void touch(struct world *world, uint32_t index, int sign)
{
    const struct fault *fault = &world->scenario->faults[index];
    unsigned takes = fault_takes(fault);
    int host;
    for (host = 0; host < world->n_hosts; host++)
        if (world->struck[index] >> host & 1)
            touch_host(world, fault, host, sign);
    if (takes & (TAKES_PROMETHEUS | TAKES_ALERTMANAGER))
        touch_monitoring(world, takes, sign);
    if (takes & TAKES_GITHUB) {
        world->github_down += sign;
        world_github_changed(world);
    }
    if (takes & TAKES_CALLS)
        world->api_error_rate = api_error_rate(world);
    if (takes & TAKES_TOKEN)
        world->token_bad += sign;
    if (takes & TAKES_AUTOMATION) {
        world->pauses += sign;
        driver_pause(&world->driver, world->pauses > 0);
    }
    world_field_touch(world, index, sign);
    world_controller_wake(world);
}

static void schedule(struct world *world, uint32_t fault, int64_t at_ms)
{
    if (at_ms >= world->end_ms)
        return;
    world_push(world, at_ms, FIRST_WORLD, EV_FAULT, fault, 0);
    world->faults_to_come++;
}

void world_fault_start(struct world *world)
{
    uint32_t i;
    int host;
    world->faults_to_come = 0;
    for (i = 0; i < (uint32_t)world->scenario->n_faults; i++) {
        world->fault_active[i] = false;
        schedule(world, i, draw_ms(&world->scenario->faults[i].at, world_fault_stream(world, i)));
    }
    for (host = 0; host < world->n_hosts; host++)
        if (world->fleet->hosts[host].has_mtbf)
            world_push(world,
                       draw_ms(&world->fleet->hosts[host].mtbf,
                               world_host_stream(world, host, HOST_STREAM_BREAKDOWN)),
                       FIRST_WORLD, EV_BREAKDOWN, (uint32_t)host, 0);
}

/* Those that an occurrence strikes: all of them, or one that is drawn. */
static uint64_t choose_targets(const struct fault *fault, struct stream *stream)
{
    if (fault->any)
        return 1ULL << fault->targets[stream_below(stream, (uint32_t)fault->n_targets)];
    return fault_hosts(fault);
}

static int first_host(uint64_t hosts)
{
    return hosts ? __builtin_ctzll(hosts) : -1;
}

static void blame(struct world *world, uint64_t hosts, int32_t cause)
{
    int host;
    for (host = 0; host < world->n_hosts; host++)
        if (hosts >> host & 1)
            world->host[host].cause = cause;
}

void world_fault_begin(struct world *world, uint32_t index)
{
    const struct fault *fault = &world->scenario->faults[index];
    struct stream *stream = world_fault_stream(world, index);
    int32_t cause;
    uint64_t hosts;
    world->faults_to_come--;
    if (fault->chance < 1 && stream_uniform(stream) >= fault->chance) {
        if (fault->has_every)
            schedule(world, index, world->now_ms + draw_ms(&fault->every, stream));
        return;
    }
    world->fault_active[index] = true;
    world_digest(world, EV_FAULT, index, 0);
    world->struck[index] = hosts = choose_targets(fault, stream);
    cause =
        WORLD_STORY(world, -1, first_host(hosts), MARK_FAULT, "%s%s", fault_kind_name(fault->kind),
                    hosts & (hosts - 1) ? " (several hosts)" : "");
    blame(world, hosts, cause);
    if (!fault_is_circumstance(fault))
        world_incident_open(world, (int)index, hosts, fault_degrades(fault),
                            fault_drains_by_hand(fault), cause);
    touch(world, index, 1);
    world_incident_struck(world);
    if (fault_row(fault->kind)->instant)
        world_push(world, world->now_ms, FIRST_WORLD, EV_FAULT_END, index, 0);
    else if (fault->has_lasts)
        world_push(world, world->now_ms + draw_ms(&fault->lasts, stream), FIRST_WORLD, EV_FAULT_END,
                   index, 0);
}

void world_fault_end(struct world *world, uint32_t index)
{
    const struct fault *fault = &world->scenario->faults[index];
    int host = first_host(world->struck[index]);
    int32_t cause;
    if (!world->fault_active[index])
        return;
    world->fault_active[index] = false;
    world_digest(world, EV_FAULT_END, index, 0);
    cause = WORLD_STORY(world, host >= 0 ? world->host[host].cause : -1, host, MARK_FAULT_END,
                        "%s ends", fault_kind_name(fault->kind));
    blame(world, world->struck[index], cause);
    touch(world, index, -1);
    world_incident_ended(world, (int)index, world->struck[index]);
    if (fault->has_every)
        schedule(world, index,
                 world->now_ms + draw_ms(&fault->every, world_fault_stream(world, index)));
}

void world_fault_breakdown(struct world *world, int host)
{
    bool reachable = world_host_reachable(world, host);
    struct world_host *h = &world->host[host];
    world_digest(world, EV_BREAKDOWN, (uint64_t)host, 0);
    h->cause = WORLD_STORY(world, -1, host, MARK_FAULT, "host breaks down (MTBF)");
    world_incident_open(world, -1, 1ULL << host, false, false, h->cause);
    h->down++;
    world_host_changed(world, host, reachable);
    world_incident_struck(world);
    world_push(world,
               world->now_ms + draw_ms(&world->fleet->hosts[host].mttr,
                                       world_host_stream(world, host, HOST_STREAM_REPAIR)),
               FIRST_WORLD, EV_REPAIR, (uint32_t)host, 0);
}

void world_fault_repair(struct world *world, int host)
{
    bool reachable = world_host_reachable(world, host);
    struct world_host *h = &world->host[host];
    h->cause = WORLD_STORY(world, h->cause, host, MARK_FAULT_END, "host is repaired");
    h->down--;
    world_host_changed(world, host, reachable);
    world_incident_ended(world, -1, 1ULL << host);
    world_push(world,
               world->now_ms + draw_ms(&world->fleet->hosts[host].mtbf,
                                       world_host_stream(world, host, HOST_STREAM_BREAKDOWN)),
               FIRST_WORLD, EV_BREAKDOWN, (uint32_t)host, 0);
}

bool world_fault_over(const struct world *world)
{
    int i;
    for (i = 0; i < world->scenario->n_faults; i++)
        if (world->fault_active[i])
            return false;
    return world->faults_to_come == 0;
}

/* The paged human repairs what has no end of its own. */
void world_fault_human(struct world *world)
{
    uint32_t i;
    world->repair_called = false;
    for (i = 0; i < (uint32_t)world->scenario->n_faults; i++)
        if (world->fault_active[i] && !world->scenario->faults[i].has_lasts)
            world_fault_end(world, i);
}
