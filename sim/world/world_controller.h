/*
 * The controller: it sees only what its polls and hints have brought, at the time they brought it,
 * steps the policy and reconciles GitHub's labels (or the variable, or the hosts' services) to the
 * plan, one write at a time.
 *
 * Anyone may read the driver: phases, plan, readings.
 */
#ifndef SIM_WORLD_WORLD_CONTROLLER_H
#define SIM_WORLD_WORLD_CONTROLLER_H

#include "model/policy/driver.h"
#include "world_news.h"

#include <stdbool.h>
#include <stdint.h>

struct rep;
struct world;

/* Who plays a drill in this world: the controller's part is theirs, not the world's own. They may
 * look at the world, and change nothing while they are called. */
struct audience {
    void *context;
    void (*notified)(void *context, int host, unsigned severities);
    /* `again`: the attempt that follows, or NONE. */
    void (*job_over)(void *context, uint32_t job, bool success, uint32_t again);
};

/* Who looks at every step of the world's own policy, before anything comes of it. */
struct watch {
    void (*stepped)(void *context, const struct world *world); /* NULL: nobody looks */
    void *context;
};

struct world_controller {
    struct driver driver;
    struct watch watch;
    const struct audience *audience; /* borrowed; NULL: the world's own controller acts */
    bool noticed;                    /* the audience was notified: world_advance returns */
    int64_t poll_phase_ms[POLL_COUNT];
    bool poll_pending[POLL_COUNT];
    uint32_t stride; /* epoch of GitHub's next poll while the others sleep */
    int64_t stride_ms;
    unsigned quiet; /* bit set of polls since the last change that showed nothing new */
    unsigned up;    /* bit set of feeds that answer, since the last change */
    bool always_poll;
    bool write_pending;
    int64_t next_write_ms; /* the earliest that write spacing allows */
};

/* For the world's whole life; `always_tick`: its polls never sleep. */
void world_controller_open(struct world *world, bool always_tick);
void world_controller_start(struct world *world); /* a replication, routed as the policy wants */
/* Fills in which invariant broke. */
void world_controller_finish(const struct world *world, struct rep *rep);
void world_controller_poll(struct world *world, enum poll poll); /* EV_POLL */
/* EV_POLL of GitHub's list with an epoch: has it passed? */
bool world_controller_strode(const struct world *world, uint32_t epoch);
void world_controller_write(struct world *world); /* EV_WRITE */

/* By hand: the host is to be emptied, or no longer; the policy changes nothing, or does again. */
void world_controller_maintenance(struct world *world, int host, bool asked);
void world_controller_pause(struct world *world, bool paused);
/* It starts again, with its stored state or without. */
void world_controller_restart(struct world *world, bool stored);
bool world_controller_has_webhook(const struct world *world); /* and a policy that listens */

/* For who plays a drill. From now on they act in the controller's place. */
void world_controller_hand_over(struct world *world, const struct audience *audience);
/* Before time goes on: what they were notified of is dealt with. */
void world_controller_attend(struct world *world);
/* For whoever looks at every step, from now on; NULL: nobody. */
void world_controller_watch(struct world *world, const struct watch *watch);
/* What an answer to a poll of this feed would say now of every host; false: it fails. */
bool world_controller_look(struct world *world, enum feed feed, struct host_reading *hosts);
/* A step of a policy that runs elsewhere, carried out here; both are copied. */
void world_controller_obey(struct world *world, const struct policy_state *policy,
                           const struct plan *plan);
bool world_controller_busy(const struct world *world); /* writes are left to do */

world_listener world_controller_wake;  /* something that a reading could show has changed */
world_listener world_controller_nudge; /* something that only its signs are made of has changed */
world_listener world_controller_webhook;
world_listener world_controller_job_over; /* for the audience */

#endif
