/*
 * A simulated Alertmanager: groups, group_wait, group_interval, repeat_interval, resolve, and the
 * resolve-and-refire between two ticks that never notifies. Semantics: prometheus-semantics.md
 * section 7 (Alertmanager 0.25).
 */
#ifndef SIM_MONITORING_ALERTMANAGER_H
#define SIM_MONITORING_ALERTMANAGER_H

#include "model/fleet/fleet.h"
#include "sim/engine/queue.h"

/* One notification has left for the webhook: the alerts that its group can hold. */
struct notified {
    int rule, host;
    bool firing; /* now */
    bool told;   /* the notification bears it, firing or resolved */
};
struct notification {
    const struct notified *list; /* borrowed, until the observer returns */
    int n;
};

typedef void alertmanager_observer(void *context, int64_t now_ms,
                                   const struct notification *notification);

struct alertmanager;

#define ALERTMANAGER_EVENTS 4
#define ALERTMANAGER_PRIORITY 97 /* of its events */
/* Ceiling of its events in the queue. */
size_t alertmanager_pending(const struct fleet *fleet);
/* All memory is allocated here; alertmanager_close frees it. Fleet and queue are borrowed. Event
 * kinds first_kind..first_kind+ALERTMANAGER_EVENTS-1 are its own. `observer` hears each
 * notification as it is sent. */
struct alertmanager *alertmanager_open(const struct fleet *fleet, struct queue *queue,
                                       uint8_t first_kind, alertmanager_observer *observer,
                                       void *context);
/* What the clock of the week says at time 0 (Monday 0:00 being 0). Without it, the time intervals
 * of routes are taken never to be. */
void alertmanager_clock(struct alertmanager *alertmanager, int64_t week_ms);
void alertmanager_close(struct alertmanager *alertmanager);
/* A replication begins: no alerts, running. The queue must be empty of its events. */
void alertmanager_reset(struct alertmanager *alertmanager);
/* The process dies and forgets its alerts and groups, and it comes back; in turns. What it had sent
 * is kept as its notification log says, so that it repeats nothing. */
void alertmanager_stop(struct alertmanager *alertmanager, int64_t now_ms);
void alertmanager_start(struct alertmanager *alertmanager, int64_t now_ms);

/* What Prometheus posts: the alert of `rule` for `host`, resolved iff ends_ms <= now_ms. */
void alertmanager_receive(struct alertmanager *alertmanager, int64_t now_ms, int rule, int host,
                          int64_t starts_ms, int64_t ends_ms);
/* One of the events that it pushed is due. */
void alertmanager_event(struct alertmanager *alertmanager, const struct event *event);

#endif
