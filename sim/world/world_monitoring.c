#include "world.h"

#include "model/base/assert.h"

/* Prometheus changed an alert: nobody knows before the next poll or notification. */
static void hear_alert(void *context, int64_t now_ms, int host, int rule, enum alert_change change)
{
    struct world *world = context;
    UND_ASSERT(now_ms == world->now_ms);
    world_digest(world, EV_PROMETHEUS, (uint64_t)host << 32 | (uint32_t)rule, change);
    world_tell(world, (struct news){.kind = NEWS_ALERT,
                                    .host = host,
                                    .rule = (int16_t)rule,
                                    .change = (uint8_t)change});
}

/* What a notification says of each host: bit sets by severity of what fires, and of what it
 * bears. */
static void hear_notification(void *context, int64_t now_ms, const struct notification *n)
{
    struct world *world = context;
    uint8_t told[FLEET_HOSTS] = {0}, firing[FLEET_HOSTS] = {0};
    int i, host;
    UND_ASSERT(now_ms == world->now_ms);
    for (i = 0; i < n->n; i++) {
        const struct notified *alert = &n->list[i];
        unsigned severity = world->fleet->monitoring.rules[alert->rule].severity;
        told[alert->host] |= (uint8_t)(alert->told << severity);
        firing[alert->host] |= (uint8_t)(alert->firing << severity);
    }
    for (host = 0; host < world->n_hosts; host++)
        if (told[host] != 0)
            world_tell(world, (struct news){.kind = NEWS_WEBHOOK,
                                            .host = host,
                                            .severities = firing[host],
                                            .notification = n});
}

void world_monitoring_open(struct world *world, bool always_tick)
{
    const struct fleet *fleet = world->fleet;
    struct world_monitoring *m = &world->monitoring;
    int i;
    if (!fleet->monitoring.present)
        return;
    if (fleet->alertmanager.present) {
        m->alertmanager =
            alertmanager_open(fleet, &world->queue, EV_ALERTMANAGER, hear_notification, world);
        alertmanager_clock(m->alertmanager, world->scenario->start_ms);
    }
    m->prometheus =
        prometheus_open(fleet, &world->queue, EV_PROMETHEUS, m->alertmanager, hear_alert, world);
    prometheus_always_tick(m->prometheus, always_tick);
    for (i = 0; i < fleet->monitoring.n_rules; i++) {
        enum signal signal = fleet->monitoring.rules[i].signal;
        m->wants_load = m->wants_load || (signal != SIGNAL_UP && signal != SIGNAL_ABSENT);
        m->wants_duration = m->wants_duration || signal == SIGNAL_JOB_DURATION;
    }
}

void world_monitoring_close(struct world *world)
{
    if (world->monitoring.prometheus)
        prometheus_close(world->monitoring.prometheus);
    if (world->monitoring.alertmanager)
        alertmanager_close(world->monitoring.alertmanager);
}

void world_monitoring_start(struct world *world)
{
    struct world_monitoring *m = &world->monitoring;
    m->down = m->alertmanager_down = 0;
    if (m->alertmanager)
        alertmanager_reset(m->alertmanager);
    if (m->prometheus)
        prometheus_reset(m->prometheus, &world->streams[STREAM_PHASE]);
}

void world_monitoring_touch(struct world *world, unsigned takes, int sign)
{
    struct world_monitoring *m = &world->monitoring;
    int was = m->down, was_am = m->alertmanager_down;
    m->down += takes & TAKES_PROMETHEUS ? sign : 0;
    m->alertmanager_down += takes & TAKES_ALERTMANAGER ? sign : 0;
    UND_ASSERT(m->down >= 0 && m->alertmanager_down >= 0);
    if (!m->prometheus)
        return;
    if (was == 0 && m->down > 0)
        prometheus_stop(m->prometheus, world->now_ms);
    else if (was > 0 && m->down == 0)
        prometheus_start(m->prometheus, world->now_ms);
    if (!m->alertmanager)
        return;
    if (was_am == 0 && m->alertmanager_down > 0)
        alertmanager_stop(m->alertmanager, world->now_ms);
    else if (was_am > 0 && m->alertmanager_down == 0)
        alertmanager_start(m->alertmanager, world->now_ms);
}

bool world_monitoring_acts(const struct world *world, int rule)
{
    return world->fleet->policy.severities >> world->fleet->monitoring.rules[rule].severity & 1;
}

bool world_monitoring_concerns(const struct world *world, const struct news *news)
{
    int i;
    for (i = 0; i < news->notification->n; i++) {
        const struct notified *alert = &news->notification->list[i];
        if (alert->host == news->host && alert->told && world_monitoring_acts(world, alert->rule))
            return true;
    }
    return false;
}
