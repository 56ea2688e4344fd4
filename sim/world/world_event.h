/*
 * The events of the simulated world and their order at one instant. world_event.c has one row a
 * kind: who handles it, and whose epoch says that it has passed.
 */
#ifndef SIM_WORLD_WORLD_EVENT_H
#define SIM_WORLD_WORLD_EVENT_H

#include "sim/engine/queue.h"
#include "sim/monitoring/alertmanager.h"
#include "sim/monitoring/prometheus.h"

#include <stdbool.h>

struct world;

/* Digests take in the numbers of some: add at the end. */
enum kind {
    EV_ARRIVAL,      /* the next run */
    EV_JOB_END,      /* who: job */
    EV_PICKUP,       /* who: job */
    EV_REQUEUE,      /* who: job, assigned to a registration that is gone */
    EV_LOCK_EXPIRY,  /* who: job, lost with its host */
    EV_PATIENCE,     /* who: job */
    EV_QUEUE_LIMIT,  /* who: queue, its oldest job has waited as long as GitHub allows */
    EV_TIMEOUT,      /* who: job */
    EV_OFFLINE,      /* who: host, GitHub notices */
    EV_SLOT_OFFLINE, /* who: registration, GitHub notices */
    EV_RECONNECT,    /* who: host, its registrations come back */
    EV_FAULT,        /* who: fault */
    EV_FAULT_END,    /* who: fault */
    EV_BREAKDOWN,    /* who: host, by its own MTBF */
    EV_REPAIR,       /* who: host */
    EV_HUMAN,        /* the paged human has repaired what waits for one */
    EV_POLL,         /* who: enum poll */
    EV_WRITE,        /* the actuator's next write is due */
    EV_PROMETHEUS,
    EV_ALERTMANAGER = EV_PROMETHEUS + PROMETHEUS_EVENTS,
    EV_HANG = EV_ALERTMANAGER + ALERTMANAGER_EVENTS, /* who: fault << 16 | registration */
    EV_CYCLE,                                        /* who: fault, the next crash or scrape */
    EV_HANDOUT,                                      /* who: job, held back by a slow GitHub */
    EV_CANARY,                                       /* who: host */
    EV_KINDS
};

/* Among simultaneous events the world changes first, then jobs, then monitoring (prometheus.h says
 * with which priorities), then the controller that looks at it, each kind of poll with a priority
 * of its own (so that their order does not depend on who slept), then writes. */
enum priority { FIRST_WORLD = 0, THEN_JOBS = 1, THEN_POLLS = 240, THEN_CONTROLLER = 255 };

/* Takes time to the event's and handles it, unless it has passed meanwhile. */
void world_event_happen(struct world *world, const struct event *event);
/* Has nobody any use for it any more? For the queue; `context`: the world. */
bool world_event_is_stale(const void *context, const struct event *event);

#endif
