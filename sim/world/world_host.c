#include "world.h"

#include "model/base/assert.h"

#include <math.h>

void world_host_start(struct world *world)
{
    int i;
    for (i = 0; i < world->n_hosts; i++) {
        const struct host *host = &world->fleet->hosts[i];
        world->host[i] =
            (struct world_host){.speed = host->speed, .slowdown = 1, .pace = 1 / host->speed};
        if (host->cores > 0)
            world->host[i].pm_a_mcore = 1.0 / host->cores;
        if (host->memory_bytes > 0)
            world->host[i].pm_a_byte = 1000.0 / (double)host->memory_bytes;
    }
}

bool world_host_reachable(const struct world *world, int host)
{
    const int *lacks = world->host[host].lacks;
    return lacks[LACKS_POWER] == 0 && lacks[LACKS_SERVICE] == 0 && lacks[LACKS_NET_GITHUB] == 0;
}

/* The controller sits beside Prometheus, so the same cut separates both. */
bool world_host_probed(const struct world *world, int host)
{
    const int *lacks = world->host[host].lacks;
    return lacks[LACKS_POWER] == 0 && lacks[LACKS_NET_MONITORING] == 0;
}

bool world_host_sound(const struct world *world, int host)
{
    return world_host_reachable(world, host) && world_host_probed(world, host) &&
           world->host[host].lacks[LACKS_HEALTH] == 0;
}

void world_host_lack(struct world *world, int host, enum host_lack what, int sign)
{
    UND_ASSERT(sign == 1 || sign == -1);
    world->host[host].lacks[what] += sign;
    UND_ASSERT(world->host[host].lacks[what] >= 0);
}

static enum target_state target_of(const struct world *world, int host)
{
    const int *lacks = world->host[host].lacks;
    return lacks[LACKS_TARGET] > 0           ? TARGET_LOST
           : lacks[LACKS_POWER] > 0          ? TARGET_ABSENT
           : lacks[LACKS_NET_MONITORING] > 0 ? TARGET_BLACKHOLE
           : lacks[LACKS_SCRAPES] > 0        ? TARGET_REFUSED
                                             : TARGET_UP;
}

void world_host_changed(struct world *world, int host, bool was_reachable)
{
    struct prometheus *prometheus = world->monitoring.prometheus;
    if (prometheus)
        prometheus_target(prometheus, world->now_ms, host, target_of(world, host));
    world_session_host_changed(world, host, was_reachable, world_host_reachable(world, host));
    world_tell(world, (struct news){.kind = NEWS_VISIBLE});
}

/* ---- load and speed ---- */

#define HAIR 1e-6 /* what is this close to a whole per mille is one */

static int64_t in_use_pm(int64_t stress_pm, int64_t load, double pm_a_unit)
{
    int64_t pm = stress_pm + (int64_t)((double)load * pm_a_unit + HAIR);
    return pm < 1000 ? pm : 1000;
}

static void tell_load(struct world *world, int host)
{
    const struct world_host *h = &world->host[host];
    if (world->monitoring.wants_load)
        prometheus_use(world->monitoring.prometheus, world->now_ms, host,
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
    else if (world->monitoring.wants_load)
        prometheus_load(world->monitoring.prometheus, world->now_ms, host, signal,
                        *stress_pm < 1000 ? *stress_pm : 1000);
}

/* Running jobs keep the work they have left and take it on at the new speed. */
void world_host_slow(struct world *world, int host, double factor)
{
    const struct github_host *github = &world->github.host[host];
    struct world_host *h = &world->host[host];
    uint32_t reg;
    UND_ASSERT(factor > 0);
    h->slowdown *= factor;
    h->pace = h->slowdown / h->speed;
    for (reg = github->first; reg < github->first + github->slots; reg++) {
        uint32_t job = world->github.reg[reg].job;
        const struct job *j = &world->jobs.job[job];
        if (job == NONE || j->state != JOB_RUNNING)
            continue;
        world_job_end_at(world, job,
                         world->now_ms + llround((double)(j->ends_ms - world->now_ms) * factor));
    }
}

/* The gauge of RunnerPerformanceDegradation: the mean of the last jobs over their baseline. */
void world_host_job_succeeded(struct world *world, const struct news *news)
{
    struct world_host *h = &world->host[news->host];
    const struct job *j = &world->jobs.job[news->job];
    int64_t *recent = &h->recent_pm[h->n_recent % WORLD_RECENT];
    if (!world->monitoring.wants_duration || world->fleet->workload.n_classes == 0)
        return;
    h->recent_sum_pm -= *recent; /* 0 until the ring is full */
    *recent = (int64_t)((double)(world->now_ms - j->started_ms) *
                            (world->workload.class_pm_a_ms[j->job_class] * h->speed) +
                        HAIR);
    h->recent_sum_pm += *recent;
    if (++h->n_recent >= WORLD_RECENT)
        prometheus_load(world->monitoring.prometheus, world->now_ms, news->host,
                        SIGNAL_JOB_DURATION, h->recent_sum_pm / WORLD_RECENT);
}
