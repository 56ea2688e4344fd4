/*
 * Turns readings (polls, hints, probes, health checks) into the view that the policy sees. Shared
 * by the simulator and the live loop, so that both count consecutive readings the same way.
 *
 * A poll is the truth of its moment; a webhook is a hint that the next poll confirms or corrects.
 * Counters saturate where the policy stops caring, so that a quiet world gives an unchanging view.
 */
#ifndef MODEL_FLEET_READINGS_H
#define MODEL_FLEET_READINGS_H

#include "fleet.h"

struct readings {
    struct view view; /* ages are filled by readings_view */
    int64_t seen_ms[FEED_COUNT];
    int misses[FLEET_HOSTS];
    int confirm, health_checks, probe_misses;
    bool no_alerts; /* the fleet has no monitoring: its feed is never stale */
    bool changed; /* set when a reading changes the view (busy and routed apart); cleared by caller
                   */
};

struct host_reading { /* registrations of a host */
    int online, busy;
    int routed; /* in the rotation, online or not */
};

/* Starts as if every feed had just said that all is well. */
void readings_init(struct readings *readings, const struct fleet *fleet, int64_t now_ms);

void readings_github(struct readings *readings, int64_t now_ms, const struct host_reading *hosts);
void readings_alerts(struct readings *readings, int64_t now_ms, const unsigned *severities);
void readings_alert_hint(struct readings *readings, int host, unsigned severities);
/* `answered` says for each host whether the probe of this round reached it. */
void readings_probe(struct readings *readings, int64_t now_ms, const bool *answered);
void readings_health(struct readings *readings, int host, bool passed);
void readings_maintenance(struct readings *readings, int host, bool asked);
void readings_pause(struct readings *readings, bool paused);

/* The view at now_ms; valid until the next call on `readings`. */
const struct view *readings_view(struct readings *readings, int64_t now_ms);

#endif
