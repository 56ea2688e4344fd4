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

void readings_init(struct readings *readings, const struct fleet *fleet, int64_t now_ms)
{
    struct view *view = &readings->view;
    int i, feed;
    view->n = fleet->n_hosts;
    view->paused = false;
    for (i = 0; i < view->n; i++) {
        view->host[i] = (struct view_host){
            .slots = fleet->hosts[i].slots,
            .online = fleet->hosts[i].slots,
            .routed = fleet->hosts[i].slots,
            .probe = PROBE_UP,
            .health_passes = fleet->policy.health_checks,
            .tier = fleet->hosts[i].tier,
        };
        readings->misses[i] = 0;
    }
    for (feed = 0; feed < FEED_COUNT; feed++)
        readings->seen_ms[feed] = now_ms;
    readings->confirm = fleet->policy.confirm;
    readings->health_checks = fleet->policy.health_checks;
    readings->probe_misses = fleet->controller.probe_misses;
    readings->no_alerts = !fleet->monitoring.present;
    readings->changed = true;
}

void readings_github(struct readings *readings, int64_t now_ms, const struct host_reading *hosts)
{
    int i;
    for (i = 0; i < readings->view.n; i++) {
        struct view_host *host = &readings->view.host[i];
        int offline = hosts[i].online > 0                          ? 0
                      : host->offline_readings < readings->confirm ? host->offline_readings + 1
                                                                   : readings->confirm;
        UPDATE(readings, host->online, hosts[i].online);
        UPDATE(readings, host->offline_readings, offline);
        host->busy = hosts[i].busy;
        host->routed = hosts[i].routed;
    }
    readings->seen_ms[FEED_GITHUB] = now_ms;
}

void readings_alerts(struct readings *readings, int64_t now_ms, const unsigned *severities)
{
    int i;
    for (i = 0; i < readings->view.n; i++)
        UPDATE(readings, readings->view.host[i].alerts, severities[i]);
    readings->seen_ms[FEED_ALERTS] = now_ms;
}

void readings_alert_hint(struct readings *readings, int host, unsigned severities)
{
    UND_ASSERT(host >= 0 && host < readings->view.n);
    UPDATE(readings, readings->view.host[host].alerts, severities);
}

void readings_probe(struct readings *readings, int64_t now_ms, const bool *answered)
{
    int i;
    for (i = 0; i < readings->view.n; i++) {
        enum probe probe = PROBE_UP;
        if (answered[i])
            readings->misses[i] = 0;
        else if (readings->misses[i] < readings->probe_misses)
            UPDATE(readings, readings->misses[i], readings->misses[i] + 1);
        if (readings->misses[i] >= readings->probe_misses)
            probe = PROBE_DOWN;
        else if (readings->misses[i] > 0)
            probe = PROBE_UNKNOWN;
        UPDATE(readings, readings->view.host[i].probe, probe);
    }
    readings->seen_ms[FEED_PROBE] = now_ms;
}

void readings_health(struct readings *readings, int host, bool passed)
{
    int *passes = &readings->view.host[host].health_passes;
    int next = !passed ? 0 : *passes < readings->health_checks ? *passes + 1 : *passes;
    UPDATE(readings, *passes, next);
}

void readings_maintenance(struct readings *readings, int host, bool asked)
{
    UPDATE(readings, readings->view.host[host].maintenance, asked);
}

void readings_pause(struct readings *readings, bool paused)
{
    UPDATE(readings, readings->view.paused, paused);
}

const struct view *readings_view(struct readings *readings, int64_t now_ms)
{
    int feed;
    for (feed = 0; feed < FEED_COUNT; feed++)
        readings->view.age_ms[feed] = now_ms - readings->seen_ms[feed];
    if (readings->no_alerts)
        readings->view.age_ms[FEED_ALERTS] = 0;
    return &readings->view;
}
