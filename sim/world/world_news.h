/*
 * News: what has happened in the world, told once by whoever brought it about: world_tell(world,
 * news). Who hears it, and in which order, is the list in world_tell.h and nowhere else.
 *
 * A listener changes its own part and may tell further news; it must not change what the news is
 * about. All of it is borrowed for the time of the call.
 */
#ifndef SIM_WORLD_WORLD_NEWS_H
#define SIM_WORLD_WORLD_NEWS_H

#include "model/policy/alert.h"
#include "model/policy/policy.h"

#include <stdbool.h>
#include <stdint.h>

struct notification;
struct world;

enum news_kind {
    NEWS_JOB_ARRIVED,      /* job: a new one, or the next attempt */
    NEWS_JOB_DELAYED,      /* job: GitHub is slow to look at it */
    NEWS_JOB_STARTED,      /* job, host, first */
    NEWS_JOB_STRANDED,     /* job, host: handed to a registration that is gone */
    NEWS_JOB_SWALLOWED,    /* job, host: taken by a runner that hangs; lost */
    NEWS_JOB_LOST,         /* job, host: from GitHub's sight, while it ran */
    NEWS_JOB_INTERRUPTED,  /* job, host: to be taken back by an ideal dispatcher, or failed */
    NEWS_JOB_REQUEUED,     /* job, host: back from a registration that is gone */
    NEWS_JOB_SUCCEEDED,    /* job, host */
    NEWS_JOB_FAILED,       /* job, host or -1, why, again */
    NEWS_QUEUE,            /* one job more waits, or one less */
    NEWS_HOST_OFFLINE,     /* host: GitHub has noticed */
    NEWS_HOST_BACK,        /* host: reachable again; its runners are to reconnect */
    NEWS_HOST_CONNECTED,   /* host: they have */
    NEWS_FAULT_BEGINS,     /* fault, hosts: before it does anything */
    NEWS_FAULT_STRUCK,     /* the same, once it has done what it does */
    NEWS_FAULT_ENDS,       /* fault, hosts: before anything is as it was */
    NEWS_FAULT_ENDED,      /* the same, once it is */
    NEWS_ALERT,            /* host, rule, change: nobody knows before the next poll or webhook */
    NEWS_WEBHOOK,          /* host, severities (of what fires), notification */
    NEWS_NOTICE,           /* host or -1, notice: a word of the policy */
    NEWS_ROUTED_AWAY,      /* host: no new job can reach it any more */
    NEWS_ROUTING,          /* the rotation is different */
    NEWS_SERVICE_RESTORED, /* job, host: of an incident, the RTO */
    NEWS_FULL_CAPACITY,    /* incident: is over */
    NEWS_VISIBLE,          /* something that a reading shows has changed, or may have */
    NEWS_LEVELS            /* what curves show is different: queue, slots, phases */
};

struct news {
    enum news_kind kind;
    int host;       /* -1: none, or the whole fleet */
    uint32_t job;   /* index in the pool */
    uint32_t again; /* the attempt that follows a failed one; NONE */
    bool first;     /* start of this attempt */
    bool gave_up;   /* it failed for waiting in vain */
    uint8_t severities;
    int16_t fault; /* of the scenario; -1: a breakdown by MTBF */
    int16_t rule, incident;
    uint8_t change; /* enum alert_change */
    uint8_t notice; /* enum notice */
    uint64_t hosts; /* bit set */
    const char *why;
    const struct notification *notification;
};

typedef void world_listener(struct world *world, const struct news *news);

#endif
