/*
 * What the faults that fleets report do (fault.h, from TAKES_LISTENERS on): registrations that
 * hang, jobs that never end or fail at once, hosts that come and go, targets that flap or vanish, a
 * GitHub that is slow or lies, registrations that are replaced or restart. And the canaries, and
 * the other signs of it that the policy may look for.
 *
 * Anyone may read `fates`, `slow`, `lies` and `turn`; the rest is its own.
 */
#ifndef SIM_WORLD_WORLD_FIELD_H
#define SIM_WORLD_WORLD_FIELD_H

#include "model/fleet/scenario.h"
#include "model/policy/readings.h"
#include "world_job.h"
#include "world_news.h"

#define TAKES_FIELD (~0u << 16) /* the bits of enum fault_taken that it looks after */

struct field_host {
    int64_t canary_ms;               /* since when its canary has waited; -1: it does not */
    int64_t ended_well, ended_badly; /* jobs since the controller last asked */
    int64_t started_ms;              /* when the last job started on it */
};

struct world_field {
    int fates, slow, lies;          /* faults going on that touch jobs, handing out, the list */
    bool off[SCENARIO_FAULTS];      /* of a cycle: off the grid just now */
    uint32_t turn[SCENARIO_FAULTS]; /* counts beginnings and ends */
    struct field_host host[FLEET_HOSTS];
    bool *updating; /* registrations away for an update of their runner; owned */
};

/* For the world's whole life, from the scenario alone; close frees. */
void world_field_open(struct world *world);
void world_field_close(struct world *world);
/* A replication, with its first canaries. */
void world_field_start(struct world *world);
/* The field's part of a fault's beginning (sign 1) or end (-1). */
void world_field_touch(struct world *world, uint32_t fault, int sign);
/* EV_HANG (who: fault << 16 | registration), EV_CYCLE, EV_CANARY (again: handed out once more). */
void world_field_hang(struct world *world, uint32_t who);
void world_field_cycle(struct world *world, uint32_t fault);
void world_field_canary(struct world *world, int host, bool again);

/* An assigned job is picked up: does its registration take it and do nothing? Then it is lost. */
bool world_field_swallows(struct world *world, uint32_t job);
/* A job starts on the host; asked only while `fates` > 0. */
enum fate world_field_fate(struct world *world, int host);
int64_t world_field_doom_ms(struct world *world); /* from its start to its failure */
int64_t world_field_limit_ms(const struct world *world, uint32_t job); /* of one that hangs */
/* A new job: is it held back? Then it is. Asked only while `slow` > 0. */
bool world_field_delays(struct world *world, uint32_t job);

/* A share (0..1) of the host's running jobs will fail. */
void world_field_doom(struct world *world, int host, double share);

bool world_field_looks_busy(const struct world *world, uint32_t reg); /* in GitHub's list */
/* Makes of the truth, one reading a host, what a lying list says. */
void world_field_distort(const struct world *world, struct host_reading *hosts);
/* The signs of the policy: are any looked for, and what is there to see since the last look? */
bool world_field_looks(const struct world *world);
void world_field_look(struct world *world, struct host_reading *hosts);
/* For so long no sign of what waits can come up that none is to be seen of now, whatever happens to
 * new jobs and canaries; 0 or less: at any time. A job that returns to the queue is older than that
 * (NEWS_JOB_REQUEUED, NEWS_JOB_INTERRUPTED), and the ends of jobs are a matter of their own. */
int64_t world_field_still_ms(const struct world *world);

world_listener world_field_job_started;
world_listener world_field_job_succeeded;
world_listener world_field_job_failed;

#endif
