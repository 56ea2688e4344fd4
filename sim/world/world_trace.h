/*
 * The story: what happens becomes an entry of the timeline, with the entry that caused it. Nothing
 * in the world depends on it. It alone knows causes: the last word about each job, host, rule.
 */
#ifndef SIM_WORLD_WORLD_TRACE_H
#define SIM_WORLD_WORLD_TRACE_H

#include "model/fleet/timeline.h"
#include "world_news.h"

struct world;

struct world_trace {
    struct timeline *timeline; /* borrowed; NULL: not traced */
    int32_t last;              /* entry; -1: not traced, or past the timeline's ceiling */
    /* The entry that explains what happens next; -1: none. */
    int32_t *job, *rule; /* of each job of the pool; host by host; owned */
    int32_t host[FLEET_HOSTS], alert[FLEET_HOSTS], detection[FLEET_HOSTS], decision[FLEET_HOSTS];
};

/* For the world's whole life, from the scenario alone; close frees. */
void world_trace_open(struct world *world);
void world_trace_close(struct world *world);
/* A replication; `timeline` may be NULL and outlives it. */
void world_trace_start(struct world *world, struct timeline *timeline);

world_listener world_trace_job_arrived;
world_listener world_trace_job; /* most other news of one */
world_listener world_trace_job_failed;
world_listener world_trace_restored;
world_listener world_trace_host;
world_listener world_trace_fault;
world_listener world_trace_alert;
world_listener world_trace_webhook;
world_listener world_trace_notice;
world_listener world_trace_full;
world_listener world_trace_levels; /* a point of the curves */

#endif
