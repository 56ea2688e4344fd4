#include "world.h"

#include "model/base/assert.h"

#include <string.h>

/* One count up (sign 1) or down (-1) for each thing that the fault takes from its host. */
static void touch_host(struct world *world, const struct fault *fault, int host, int sign)
{
    static const struct {
        unsigned takes;
        enum host_lack lack;
    } lacks[] = {{TAKES_POWER, LACKS_POWER},
                 {TAKES_SERVICE, LACKS_SERVICE},
                 {TAKES_NET_GITHUB, LACKS_NET_GITHUB},
                 {TAKES_NET_MONITORING, LACKS_NET_MONITORING},
                 {TAKES_LOAD | TAKES_SPEED, LACKS_HEALTH}};
    unsigned takes = fault_takes(fault);
    bool reachable = world_host_reachable(world, host);
    size_t i;
    for (i = 0; i < sizeof lacks / sizeof *lacks; i++)
        if (takes & lacks[i].takes)
            world_host_lack(world, host, lacks[i].lack, sign);
    if (takes & TAKES_SERVICE)
        world_session_graceful(world, host, fault->graceful && sign > 0);
    if (takes & TAKES_LOAD)
        world_host_stress(world, host, fault_row(fault->kind)->signal, sign * fault->load_pm);
    if (takes & TAKES_SPEED)
        world_host_slow(world, host, sign > 0 ? fault->slowdown : 1 / fault->slowdown);
    if (takes & TAKES_SLOTS)
        world_session_slots(world, host, fault->slots, sign);
    if (takes & TAKES_HANDS) {
        world->faults.maintenances[host] += sign;
        world_controller_maintenance(world, host, world->faults.maintenances[host] > 0);
    }
    world_host_changed(world, host, reachable);
}

/* The worst of those that go on. */
static double api_error_rate(const struct world *world)
{
    double rate = 0;
    int i;
    for (i = 0; i < world->scenario->n_faults; i++) {
        const struct fault *fault = &world->scenario->faults[i];
        if (world->faults.active[i] && (fault_takes(fault) & TAKES_CALLS) &&
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
        if (world->faults.struck[index] >> host & 1)
            touch_host(world, fault, host, sign);
    if (takes & (TAKES_PROMETHEUS | TAKES_ALERTMANAGER))
        world_monitoring_touch(world, takes, sign);
    if (takes & TAKES_GITHUB) {
        world->faults.github_down += sign;
        world_github_changed(world);
    }
    if (takes & TAKES_CALLS)
        world->faults.api_error_rate = api_error_rate(world);
    if (takes & TAKES_TOKEN)
        world->faults.token_bad += sign;
    if ((takes & TAKES_CONTROLLER) && sign > 0)
        world_controller_restart(world, fault->graceful);
    if (takes & TAKES_AUTOMATION) {
        world->faults.pauses += sign;
        world_controller_pause(world, world->faults.pauses > 0);
    }
    world_field_touch(world, index, sign);
    world_tell(world, (struct news){.kind = NEWS_VISIBLE});
}

static void schedule(struct world *world, uint32_t fault, int64_t at_ms)
{
    if (at_ms >= world->end_ms)
        return;
    world_push(world, at_ms, FIRST_WORLD, EV_FAULT, fault, 0);
    world->faults.to_come++;
}

static void schedule_breakdown(struct world *world, int host)
{
    world_push(world,
               world->now_ms + draw_ms(&world->fleet->hosts[host].mtbf,
                                       world_host_stream(world, host, HOST_STREAM_BREAKDOWN)),
               FIRST_WORLD, EV_BREAKDOWN, (uint32_t)host, 0);
}

const struct fault *world_fault_on(const struct world *world, int i, unsigned takes, int host)
{
    const struct fault *fault = &world->scenario->faults[i];
    if (!world->faults.active[i] || !(fault_takes(fault) & takes))
        return NULL;
    if (host >= 0 && fault->n_targets > 0 && !(world->faults.struck[i] >> host & 1))
        return NULL;
    return fault;
}

void world_fault_start(struct world *world)
{
    uint32_t i;
    int host;
    memset(&world->faults, 0, sizeof world->faults);
    for (i = 0; i < (uint32_t)world->scenario->n_faults; i++)
        schedule(world, i, draw_ms(&world->scenario->faults[i].at, world_fault_stream(world, i)));
    for (host = 0; host < world->n_hosts; host++)
        if (world->fleet->hosts[host].has_mtbf)
            schedule_breakdown(world, host);
}

/* Those that an occurrence strikes: all of them, or one that is drawn. */
static uint64_t choose_targets(const struct fault *fault, struct stream *stream)
{
    if (fault->any)
        return 1ULL << fault->targets[stream_below(stream, (uint32_t)fault->n_targets)];
    return fault_hosts(fault);
}

void world_fault_begin(struct world *world, uint32_t index)
{
    const struct fault *fault = &world->scenario->faults[index];
    struct stream *stream = world_fault_stream(world, index);
    struct news news = {.kind = NEWS_FAULT_BEGINS, .host = -1, .fault = (int16_t)index};
    UND_ASSERT(index < (uint32_t)world->scenario->n_faults);
    world->faults.to_come--;
    if (fault->chance < 1 && stream_uniform(stream) >= fault->chance) {
        if (fault->has_every)
            schedule(world, index, world->now_ms + draw_ms(&fault->every, stream));
        return;
    }
    world->faults.active[index] = true;
    world_digest(world, EV_FAULT, index, 0);
    world->faults.struck[index] = news.hosts = choose_targets(fault, stream);
    world_tell(world, news);
    touch(world, index, 1);
    news.kind = NEWS_FAULT_STRUCK;
    world_tell(world, news);
    if (fault_row(fault->kind)->instant)
        world_push(world, world->now_ms, FIRST_WORLD, EV_FAULT_END, index, 0);
    else if (fault->has_lasts)
        world_push(world, world->now_ms + draw_ms(&fault->lasts, stream), FIRST_WORLD, EV_FAULT_END,
                   index, 0);
}

void world_fault_end(struct world *world, uint32_t index)
{
    const struct fault *fault = &world->scenario->faults[index];
    struct news news = {.kind = NEWS_FAULT_ENDS,
                        .host = -1,
                        .fault = (int16_t)index,
                        .hosts = world->faults.struck[index]};
    if (!world->faults.active[index])
        return;
    world->faults.active[index] = false;
    world_digest(world, EV_FAULT_END, index, 0);
    world_tell(world, news);
    touch(world, index, -1);
    news.kind = NEWS_FAULT_ENDED;
    world_tell(world, news);
    if (fault->has_every)
        schedule(world, index,
                 world->now_ms + draw_ms(&fault->every, world_fault_stream(world, index)));
}

/* ---- breakdowns ---- */

/* The host loses its power (sign 1), or has it again (-1). */
static void break_down(struct world *world, int host, int sign)
{
    bool reachable = world_host_reachable(world, host);
    struct news news = {.kind = sign > 0 ? NEWS_FAULT_BEGINS : NEWS_FAULT_ENDS,
                        .host = -1,
                        .fault = -1,
                        .hosts = 1ULL << host};
    world_tell(world, news);
    world_host_lack(world, host, LACKS_POWER, sign);
    world_host_changed(world, host, reachable);
    news.kind = sign > 0 ? NEWS_FAULT_STRUCK : NEWS_FAULT_ENDED;
    world_tell(world, news);
}

void world_fault_breakdown(struct world *world, int host)
{
    world_digest(world, EV_BREAKDOWN, (uint64_t)host, 0);
    break_down(world, host, 1);
    world_push(world,
               world->now_ms + draw_ms(&world->fleet->hosts[host].mttr,
                                       world_host_stream(world, host, HOST_STREAM_REPAIR)),
               FIRST_WORLD, EV_REPAIR, (uint32_t)host, 0);
}

void world_fault_repair(struct world *world, int host)
{
    break_down(world, host, -1);
    schedule_breakdown(world, host);
}

bool world_fault_over(const struct world *world)
{
    int i;
    for (i = 0; i < world->scenario->n_faults; i++)
        if (world->faults.active[i])
            return false;
    return world->faults.to_come == 0;
}

/* ---- the human ---- */

void world_fault_call_human(struct world *world)
{
    UND_ASSERT(!world->faults.human_called);
    world->faults.human_called = true;
    world_push(world,
               world->now_ms +
                   draw_ms(&world->fleet->controller.manual_repair, &world->streams[STREAM_HUMAN]),
               FIRST_WORLD, EV_HUMAN, 0, 0);
}

void world_fault_human(struct world *world)
{
    uint32_t i;
    world->faults.human_called = false;
    for (i = 0; i < (uint32_t)world->scenario->n_faults; i++)
        if (world->faults.active[i] && !world->scenario->faults[i].has_lasts)
            world_fault_end(world, i);
}
