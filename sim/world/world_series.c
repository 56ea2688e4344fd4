#include "world.h"

#include "model/base/assert.h"

#include <string.h>

/* --- what a host shows ----------------------------------------------------------------------- */

static void count_host(const struct world *world, int host, struct host_state *sum)
{
    const struct github_host *github = &world->github.host[host];
    uint32_t reg;
    for (reg = github->first; reg < github->first + github->slots; reg++) {
        bool online = world->github.reg[reg].online, busy = world->github.reg[reg].job != NONE;
        sum->value[STATE_ONLINE] += online;
        sum->value[STATE_BUSY] += busy;
        sum->value[STATE_IDLE] += online && !busy;
    }
}

/* The age of the job that has waited longest. */
static int64_t oldest_ms(const struct world *world)
{
    int64_t oldest = 0;
    int i;
    for (i = 0; i < world->jobs.n_queues; i++) {
        uint32_t head = world->jobs.queue[i].head;
        int64_t age_ms = head == NONE ? 0 : world->now_ms - world->jobs.job[head].created_ms;
        oldest = age_ms > oldest ? age_ms : oldest;
    }
    return oldest;
}

static void fill_host(const struct world *world, int host, struct host_state *state)
{
    const int *lacks = world->host[host].lacks;
    int64_t *value = state->value;
    value[STATE_SERVICE] = lacks[LACKS_POWER] == 0 && lacks[LACKS_SERVICE] == 0;
    value[STATE_REACHED] = world_host_probed(world, host);
    value[STATE_FILL] = world_disk_filled(world, host, 0);
    value[STATE_FILL_BOOT] = world_disk_filled(world, host, 1);
    count_host(world, host, state);
}

static void fill_fleet(const struct world *world, struct host_state *state)
{
    int host;
    state->value[STATE_SERVICE] = world->monitoring.alertmanager_down == 0;
    state->value[STATE_REACHED] = 1;
    state->value[STATE_QUEUE] = world->jobs.queued;
    state->value[STATE_OLDEST] = oldest_ms(world);
    for (host = 0; host < world->n_hosts; host++)
        count_host(world, host, state);
}

static void show(void *context, int host, struct host_state *state)
{
    const struct world *world = context;
    const struct world_series *series = &world->series;
    if (host < world->n_hosts)
        fill_host(world, host, state);
    else
        fill_fleet(world, state);
    state->value[STATE_LISTED] = state->value[STATE_ONLINE] > 0;
    state->value[STATE_WORKING] = state->value[STATE_BUSY] > 0;
    state->value[STATE_LAST_JOB] = series->last_ms[host];
    state->value[STATE_DONE] = series->done[host];
    state->value[STATE_FAILED] = series->failed[host];
}

void world_series_open(struct world *world)
{
    world->series.wanted = world->monitoring.prometheus && world->fleet->monitoring.n_series > 0;
    if (world->series.wanted)
        prometheus_watch(world->monitoring.prometheus, show, world);
}

/* --- jobs that ended ------------------------------------------------------------------------- */

void world_series_start(struct world *world)
{
    struct world_series *series = &world->series;
    memset(series->last_ms, 0, sizeof series->last_ms);
    memset(series->done, 0, sizeof series->done);
    memset(series->failed, 0, sizeof series->failed);
}

static void note(struct world *world, const struct news *news, int64_t *counts)
{
    const struct job *job = &world->jobs.job[news->job];
    struct world_series *series = &world->series;
    int host = news->host >= 0 ? news->host : world->n_hosts;
    if (!series->wanted)
        return;
    counts[world->n_hosts]++;
    if (job->started_ms >= 0)
        series->last_ms[world->n_hosts] = world->now_ms - job->started_ms;
    if (host == world->n_hosts)
        return;
    counts[host]++;
    series->last_ms[host] = series->last_ms[world->n_hosts];
}

void world_series_job_succeeded(struct world *world, const struct news *news)
{
    note(world, news, world->series.done);
}

void world_series_job_failed(struct world *world, const struct news *news)
{
    note(world, news, world->series.failed);
}
