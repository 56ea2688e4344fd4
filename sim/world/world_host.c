/* Hosts: power and network as counts of causes, load, speed, the return of registrations. */
#include "world.h"

#include "model/base/assert.h"

#include <math.h>

bool world_host_reachable(const struct world *world, int host)
{
    const struct world_host *h = &world->host[host];
    return h->down == 0 && h->stopped == 0 && h->cut_github == 0;
}

/* The controller sits beside Prometheus, so the same cut separates both. */
bool world_host_probed(const struct world *world, int host)
{
    return world->host[host].down == 0 && world->host[host].cut_monitoring == 0;
}

bool world_host_sound(const struct world *world, int host)
{
    return world_host_reachable(world, host) && world_host_probed(world, host) &&
           world->host[host].impaired == 0;
}

static void tell_target(struct world *world, int host)
{
    const struct world_host *h = &world->host[host];
    enum target_state state = h->lost_target > 0      ? TARGET_LOST
                              : h->down > 0           ? TARGET_ABSENT
                              : h->cut_monitoring > 0 ? TARGET_BLACKHOLE
                              : h->flapping > 0       ? TARGET_REFUSED
                                                      : TARGET_UP;
    if (world->prometheus)
        prometheus_target(world->prometheus, world->now_ms, host, state);
}

#define HAIR 1e-6 /* what is this close to a whole per mille is one */

static int64_t in_use_pm(int64_t stress_pm, int64_t load, double pm_a_unit)
{
    int64_t pm = stress_pm + (int64_t)((double)load * pm_a_unit + HAIR);
    return pm < 1000 ? pm : 1000;
}

static void tell_load(struct world *world, int host)
{
    const struct world_host *h = &world->host[host];
    if (world->wants_load)
        prometheus_use(world->prometheus, world->now_ms, host,
                       in_use_pm(h->stress_pm[SIGNAL_CPU_RATE], h->load_mcores, h->pm_a_mcore),
                       in_use_pm(h->stress_pm[SIGNAL_MEMORY], h->load_bytes, h->pm_a_byte));
}

void world_host_load(struct world *world, int host, int64_t mcores, int64_t bytes)
{
    struct world_host *h = &world->host[host];
    h->load_mcores += mcores;
    h->load_bytes += bytes;
    UND_ASSERT(h->load_mcores >= 0 && h->load_bytes >= 0);
    if (mcores != 0 || bytes != 0)
        tell_load(world, host);
}

void world_host_stress(struct world *world, int host, enum signal signal, int64_t pm)
{
    int64_t *stress_pm = &world->host[host].stress_pm[signal];
    *stress_pm += pm;
    if (signal == SIGNAL_CPU_RATE || signal == SIGNAL_MEMORY)
        tell_load(world, host);
    else if (world->wants_load)
        prometheus_load(world->prometheus, world->now_ms, host, signal,
                        *stress_pm < 1000 ? *stress_pm : 1000);
}

/* Running jobs keep the work they have left and take it on at the new speed. */
void world_host_slow(struct world *world, int host, double factor)
{
    struct world_host *h = &world->host[host];
    uint32_t reg;
    h->slowdown *= factor;
    h->pace = h->slowdown / h->speed;
    for (reg = h->first; reg < h->first + h->slots; reg++) {
        struct job *job;
        if (world->regs[reg].job == NONE)
            continue;
        job = &world->jobs[world->regs[reg].job];
        if (job->state != JOB_RUNNING)
            continue;
        job->ends_ms = world->now_ms + llround((double)(job->ends_ms - world->now_ms) * factor);
        world_github_schedule_end(world, world->regs[reg].job);
    }
}

/* The gauge of RunnerPerformanceDegradation: the mean of the last jobs over their baseline. */
void world_host_finished(struct world *world, int host, uint32_t job)
{
    struct world_host *h = &world->host[host];
    const struct job *j = &world->jobs[job];
    int64_t *recent = &h->recent_pm[h->n_recent % WORLD_RECENT];
    if (!world->wants_duration || world->fleet->workload.n_classes == 0)
        return;
    h->recent_sum_pm -= *recent; /* 0 until the ring is full */
    *recent = (int64_t)((double)(world->now_ms - j->started_ms) *
                            (world->class_pm_a_ms[j->job_class] * h->speed) +
                        HAIR);
    h->recent_sum_pm += *recent;
    if (++h->n_recent >= WORLD_RECENT)
        prometheus_load(world->prometheus, world->now_ms, host, SIGNAL_JOB_DURATION,
                        h->recent_sum_pm / WORLD_RECENT);
}

void world_host_changed(struct world *world, int host, bool was_reachable)
{
    struct world_host *h = &world->host[host];
    bool reachable = world_host_reachable(world, host);
    h->crashed = h->crashed || h->down > 0;
    tell_target(world, host);
    if (was_reachable != reachable)
        h->epoch++;
    if (was_reachable && !reachable)
        world_session_host_lost(world, host);
    else if (!was_reachable && reachable)
        world_session_host_back(world, host);
    if (h->down > 0 || h->stopped > 0)
        world_session_kill(world, host);
    world_controller_wake(world);
}
