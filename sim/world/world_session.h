/*
 * The sessions between GitHub and its runners: what a host's death, a partition or a lost slot does
 * to running jobs (locks, no requeue), when GitHub notices, and how registrations come back. And
 * the runner processes: which are dead, which hang.
 *
 * Anyone may read.
 */
#ifndef SIM_WORLD_WORLD_SESSION_H
#define SIM_WORLD_WORLD_SESSION_H

#include "model/fleet/fleet.h"

#include <stdbool.h>
#include <stdint.h>

struct world;

enum hung { HUNG_NOT, HUNG_TAKING, HUNG_DEAF }; /* of a listener; taking: it acknowledges jobs */

struct runner {
    bool dead;    /* did not come back after a crash, or is a lost slot */
    uint8_t hung; /* enum hung */
};

struct session_host {
    bool connected;      /* its runners have a session: reachable, and past any session conflict */
    bool crashed;        /* sessions die with the host, not with the network */
    bool graceful;       /* its service says good-bye when it stops */
    uint32_t epoch;      /* of its reachability */
    int lose_slots;      /* to stay down at the next reconnect */
    int slot_faults;     /* going on */
    int64_t released_ms; /* when GitHub let go of the old sessions */
};

struct world_sessions {
    struct session_host host[FLEET_HOSTS];
    struct runner *runner; /* one a registration; owned */
};

/* For the world's whole life, from the scenario alone; close frees. */
void world_session_open(struct world *world);
void world_session_close(struct world *world);
void world_session_start(struct world *world); /* a replication: all connected */

/* Something that a host's reachability hangs on has changed; `was`, `is`: reachable from GitHub. */
void world_session_host_changed(struct world *world, int host, bool was, bool is);
/* From now on its service says good-bye when it stops, or does not. */
void world_session_graceful(struct world *world, int host, bool graceful);
/* A fault takes that many of the host's runners (sign 1) or gives them back (-1). */
void world_session_slots(struct world *world, int host, int n, int sign);
/* One runner dies, or comes back, while its host lives on. */
void world_session_slot(struct world *world, uint32_t reg, bool lost);
/* A listener hangs, or works again. */
void world_session_hang(struct world *world, uint32_t reg, enum hung how);
/* Would a job that the registration is handed now start? */
bool world_session_works(const struct world *world, uint32_t reg);

/* EV_OFFLINE, EV_SLOT_OFFLINE: GitHub notices. EV_RECONNECT: the host's runners are back. */
void world_session_offline(struct world *world, int host);
void world_session_slot_offline(struct world *world, uint32_t reg);
void world_session_reconnect(struct world *world, int host);

#endif
