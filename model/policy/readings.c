#include "readings.h"
#include "model/base/assert.h"

/* Assigns and notes whether that changed anything the policy would see. */
#define UPDATE(readings, field, value)                                                             \
    do {                                                                                           \
        if ((field) != (value)) {                                                                  \
            (field) = (value);                                                                     \
            (readings)->changed = true;                                                            \
        }                                                                                          \
    } while (0)

static void begin_host(struct view_host *host, int slots, enum tier tier, int health_checks)
{
    host->slots = slots;
    host->online = slots;
    host->busy = 0;
    host->routed = slots;
    host->offline_readings = 0;
    host->health_passes = health_checks;
    host->alerts = 0;
    host->probe = PROBE_UP;
    host->tier = tier;
    host->maintenance = false;
}

void readings_init(struct readings *readings, const struct policy_config *config,
                   const struct readings_setup *setup, int64_t now_ms)
{
    int i, feed;
    UND_ASSERT(setup->n > 0 && setup->n <= POLICY_HOSTS);
    readings->config = config;
    readings->view.n = setup->n;
    readings->view.paused = false;
    for (i = 0; i < setup->n; i++) {
        UND_ASSERT(setup->host[i].slots > 0);
        begin_host(&readings->view.host[i], setup->host[i].slots, setup->host[i].tier,
                   config->health_checks);
        readings->misses[i] = 0;
    }
    for (feed = 0; feed < FEED_COUNT; feed++)
        readings->seen_ms[feed] = now_ms;
    readings->probe_misses = setup->probe_misses;
    readings->no_alerts = setup->no_alerts;
    readings->changed = true;
}

static void take_registrations(struct readings *readings, struct view_host *host,
                               const struct host_reading *seen)
{
    int confirm = readings->config->confirm;
    int offline = seen->online > 0                   ? 0
                  : host->offline_readings < confirm ? host->offline_readings + 1
                                                     : confirm;
    UPDATE(readings, host->online, seen->online);
    UPDATE(readings, host->offline_readings, offline);
    host->busy = seen->busy;
    host->routed = seen->routed;
}

static void take_probe(struct readings *readings, int i, bool answered)
{
    enum probe probe = PROBE_UP;
    if (answered)
        readings->misses[i] = 0;
    else if (readings->misses[i] < readings->probe_misses)
        UPDATE(readings, readings->misses[i], readings->misses[i] + 1);
    if (readings->misses[i] >= readings->probe_misses)
        probe = PROBE_DOWN;
    else if (readings->misses[i] > 0)
        probe = PROBE_UNKNOWN;
    UPDATE(readings, readings->view.host[i].probe, probe);
}

bool readings_healthy(const struct policy_config *config, const struct view *view, int host)
{
    const struct view_host *seen = &view->host[host];
    int feed;
    for (feed = 0; feed < FEED_COUNT; feed++)
        if (view->age_ms[feed] > config->stale_after_ms)
            return false;
    return seen->online > 0 && seen->probe == PROBE_UP && (seen->alerts & config->severities) == 0;
}

static void check_health(struct readings *readings, int i)
{
    const struct policy_config *config = readings->config;
    int *passes = &readings->view.host[i].health_passes;
    int next = *passes < config->health_checks ? *passes + 1 : *passes;
    if (!readings_healthy(config, &readings->view, i))
        next = 0;
    UPDATE(readings, *passes, next);
}

void readings_take(struct readings *readings, enum poll poll, int64_t now_ms,
                   const struct host_reading *hosts)
{
    struct view *view = &readings->view;
    int i;
    UND_ASSERT(hosts || poll == POLL_HEALTH);
    switch (poll) {
    case POLL_GITHUB:
        for (i = 0; i < view->n; i++)
            take_registrations(readings, &view->host[i], &hosts[i]);
        break;
    case POLL_ALERTS:
        for (i = 0; i < view->n; i++)
            UPDATE(readings, view->host[i].alerts, hosts[i].severities);
        break;
    case POLL_PROBE:
        for (i = 0; i < view->n; i++)
            take_probe(readings, i, hosts[i].answered);
        break;
    case POLL_HEALTH:
        readings_view(readings, now_ms);
        for (i = 0; i < view->n; i++)
            check_health(readings, i);
        return;
    case POLL_COUNT:
        UND_UNREACHABLE();
    }
    readings->seen_ms[poll] = now_ms;
}

void readings_hint(struct readings *readings, int host, unsigned severities)
{
    UND_ASSERT(host >= 0 && host < readings->view.n);
    UPDATE(readings, readings->view.host[host].alerts,
           readings->view.host[host].alerts | severities);
}

void readings_maintenance(struct readings *readings, int host, bool asked)
{
    UND_ASSERT(host >= 0 && host < readings->view.n);
    UPDATE(readings, readings->view.host[host].maintenance, asked);
}

void readings_pause(struct readings *readings, bool paused)
{
    UPDATE(readings, readings->view.paused, paused);
}

const struct view *readings_view(struct readings *readings, int64_t now_ms)
{
    int feed;
    for (feed = 0; feed < FEED_COUNT; feed++) {
        UND_ASSERT(readings->seen_ms[feed] <= now_ms);
        readings->view.age_ms[feed] = now_ms - readings->seen_ms[feed];
    }
    if (readings->no_alerts)
        readings->view.age_ms[FEED_ALERTS] = 0;
    return &readings->view;
}
