/*
 * GitHub as github-semantics.md describes it: a choice among the registrations that it believes
 * idle, pick-up, conclusion, labels or the variable, capacity. With `github: ideal` it is an ideal
 * dispatcher that knows everything at once.
 *
 * Anyone may read what GitHub believes. `able` counts what could truly take a job now, which GitHub
 * does not know.
 */
#ifndef SIM_WORLD_WORLD_GITHUB_H
#define SIM_WORLD_WORLD_GITHUB_H

#include "model/fleet/fleet.h"
#include "sim/engine/source.h"

#include <stdbool.h>
#include <stdint.h>

struct world;

struct reg {          /* a registration, one runner process, as GitHub knows it */
    uint32_t job;     /* NONE */
    uint32_t idle_at; /* position in its host's idle list, NONE if not idle */
    uint16_t host;
    bool online;   /* as GitHub believes */
    bool labelled; /* in the rotation */
};

struct github_host {
    uint32_t first, slots;      /* registrations; fixed */
    uint32_t idle[FLEET_SLOTS]; /* those that GitHub would give a job */
    uint32_t n_idle, labelled, busy;
    uint32_t able;
};

struct world_github {
    struct reg *reg; /* owned */
    uint32_t n_regs;
    struct github_host host[FLEET_HOSTS];
    uint64_t route;   /* bit set of hosts that new jobs may run on (variable) */
    int64_t occupied; /* registrations with a job */
    int64_t able;     /* of all hosts */
    bool ideal;       /* no GitHub: jobs start when they are assigned */
    bool by_variable; /* routing */
    struct source pickup;
};

/* For the world's whole life, from the scenario alone; close frees. */
void world_github_open(struct world *world);
void world_github_close(struct world *world);
void world_github_start(struct world *world); /* a replication: all online, labelled, idle */

/* Does it hand out jobs and answer? */
bool world_github_up(const struct world *world);
/* How many of the host's registrations are in the rotation: by label, or by the variable. */
int world_github_routed(const struct world *world, int host);

/* A new job or attempt: assigned, queued, held back or refused. */
void world_github_submit(struct world *world, uint32_t job);
/* EV_PICKUP, EV_REQUEUE, EV_HANDOUT, EV_JOB_END: of a job that is assigned, stranded, held,
 * running. */
void world_github_pickup(struct world *world, uint32_t job);
void world_github_requeue(struct world *world, uint32_t job);
void world_github_hand_out(struct world *world, uint32_t job);
void world_github_end(struct world *world, uint32_t job);
/* The job concludes as a failure, whatever state it is in but queued; what then happens is
 * `on_failure`. `why` is borrowed. */
void world_github_fail(struct world *world, uint32_t job, const char *why);
/* A queued job has waited too long: it fails. */
void world_github_abandon(struct world *world, uint32_t job);
/* Waiting jobs to idle registrations, as long as there are both. */
void world_github_dispatch(struct world *world);

/* An assigned, running, lost or stranded job gives up registration and load. */
void world_github_leave_host(struct world *world, uint32_t job);
/* The registration has no job any more, in GitHub's books. */
void world_github_free(struct world *world, uint32_t reg);
/* GitHub believes it online, or not. The capacity is to be counted by the caller afterwards. */
void world_github_see(struct world *world, uint32_t reg, bool online);
/* Counts those of the host that are able to take a job, after any change of what makes them so. */
void world_github_count(struct world *world, int host);
/* GitHub itself went away or came back. */
void world_github_changed(struct world *world);

/* Writes: a label; the variable; one queued job cancelled and run again with the new variable. */
void world_github_label(struct world *world, uint32_t reg, bool labelled);
void world_github_route(struct world *world, uint64_t hosts);
void world_github_reroute(struct world *world, uint32_t job);

#endif
