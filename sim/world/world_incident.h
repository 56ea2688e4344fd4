/*
 * Incidents: each occurrence of a fault, measured as DESIGN.md defines it: detection, failover,
 * RTO, job recovery, MTTR, the backlog. It only listens; nothing in the world depends on it but the
 * marks on jobs that a fault holds up.
 *
 * Anyone may read.
 */
#ifndef SIM_WORLD_WORLD_INCIDENT_H
#define SIM_WORLD_WORLD_INCIDENT_H

#include "model/fleet/fleet.h"
#include "world_news.h"

#include <stdbool.h>
#include <stdint.h>

#define WORLD_INCIDENTS 64      /* measured a replication; later ones are not */
#define WORLD_OPEN_INCIDENTS 16 /* at the same time */
#define WORLD_BACKLOGS 32       /* of incidents, watched at the same time */

struct rep;
struct world;

/* One occurrence of a fault, measured. Times are delays, -1 where not observed. */
struct incident {
    int16_t fault; /* -1: a breakdown by MTBF */
    int64_t at_ms;
    int64_t detection_ms, pending_ms, firing_ms, webhook_ms;
    int64_t failover_ms, rto_ms, recovery_ms, mttr_ms;
    uint64_t hosts;                                      /* bit set */
    int64_t detected_at_ms, decided_at_ms, routed_at_ms; /* -1 */
    int inflight; /* jobs it killed that are not yet done again */
    bool lost_for_good, ended, degrading, maintenance;
    int32_t cause; /* timeline entry */
    /* At the end of the replication: what may still come about, a bit a metric, and when that was.
     */
    uint32_t awaits;
    /* Jobs waiting when it struck, at most until as few wait again with full capacity, and when the
     * largest backlog was worked off (-1: not yet); jobs that it killed. */
    int64_t backlog_before, backlog_most, worked_off_ms, jobs_lost;
    int64_t over_ms;
};

struct world_incidents {
    struct incident *all; /* of this replication; the caller's */
    int n, max;
    int16_t open[WORLD_OPEN_INCIDENTS];
    int n_open;
    int16_t backlog[WORLD_BACKLOGS]; /* incidents whose backlog is watched */
    int n_backlogs;
    bool failing_over[FLEET_HOSTS]; /* a failover is due and routing has not changed yet */
    int failovers, failovers_due, failovers_done;
};

/* A replication; `all` has room for `max` and outlives it. */
void world_incident_start(struct world *world, struct incident *all, int max);
/* Fills in what it found, and in each incident what is still awaited. */
void world_incident_finish(struct world *world, struct rep *rep);
bool world_incident_on(const struct world *world);      /* is capacity missing for any? */
bool world_incident_impairs(const struct world *world); /* is any fault holding jobs up? */
bool world_incident_over(const struct world *world);    /* of none is anything awaited */

world_listener world_incident_fault_begins;
world_listener world_incident_fault_struck;
world_listener world_incident_fault_ended;
world_listener world_incident_alert;
world_listener world_incident_webhook;
world_listener world_incident_notice;
world_listener world_incident_routed_away;
world_listener world_incident_capacity; /* it may be full again */
world_listener world_incident_job_started;
world_listener world_incident_job_lost;
world_listener world_incident_job_succeeded;
world_listener world_incident_job_failed;
world_listener world_incident_queue;

#endif
