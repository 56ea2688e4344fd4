/*
 * What another policy would have done to the RTO and to the queue: the jobs and the losses of hosts
 * that the journal recorded, played in the simulator under the recorded policy and under the other
 * one, with the same random numbers (pick-up, polls, scrapes), so that the two are compared in
 * pairs.
 *
 * Jobs come from the monitor's notes of ended jobs (topic "ended": [[created, duration], ...] in
 * ms); those that were cancelled are not among them. A host was lost while the recorded views show
 * it with no registration online: host-power-loss where its probe failed too, service-stop where it
 * answered. Everything else (machines, monitoring, GitHub) is as the other policy's file says.
 */
#ifndef LIVE_COMMAND_REPLAY_WHAT_IF_H
#define LIVE_COMMAND_REPLAY_WHAT_IF_H

#include "live/journal/journal.h"
#include "model/fleet/result.h"
#include "model/fleet/scenario.h"

#include <jansson.h>

#define WHAT_IF_JOBS 20            /* fewer say nothing of a queue */
#define WHAT_IF_LEAST_MS 3600000LL /* fleet time */

/* Many replications of the scenario; the result is the caller's to fini. Live code does not know
 * the simulator: main brings it. */
typedef enum und_code replay_simulator(const struct scenario *scenario, struct result *result,
                                       struct und_err *err);

struct what_if_loss {
    int host;
    bool answers;           /* its probe */
    int64_t from_ms, to_ms; /* wall clock; to -1: it was not seen to come back */
};

struct what_if {
    int n_hosts;
    char host[POLICY_HOSTS][64];
    struct policy_config config; /* the recorded one: of the newest run */
    double pace;                 /* fleet ms a wall ms */
    int64_t from_ms, to_ms;      /* of what was recorded, wall clock; -1: nothing */
    struct what_if_loss loss[SCENARIO_FAULTS];
    int n_losses, more;      /* more: those that there was no room for, the oldest */
    struct job_end_row *job; /* owned */
    size_t n_jobs, room;
};

void what_if_init(struct what_if *what);
void what_if_fini(struct what_if *what);

/* A run begins: whose policy, and which hosts. */
void what_if_run(struct what_if *what, const struct policy_config *config, int n_hosts,
                 const char (*host)[64], double pace);
/* One recorded view. */
void what_if_see(struct what_if *what, int64_t wall_ms, const struct view *view);

/* Reads the jobs and simulates. New reference in *out: {"too_little": WHY}, or {"fleet_ms", "jobs",
 * "losses", "replications", "rto_ms": P, "queue_minutes": P} with
 * P = {"then", "now", "difference", "half_width", "n"}, null where no job was held up. */
enum und_code what_if_simulate(struct what_if *what, struct journal *journal, const char *policy,
                               replay_simulator *simulate, json_t **out, struct und_err *err);
/* The same for people. */
void what_if_print(const json_t *simulated);

#endif
