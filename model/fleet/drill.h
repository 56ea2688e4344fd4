/*
 * The `drill:` section of a scenario: how to carry it out for real, and how to take it back. Plain
 * data, filled by the loader. Durations are the fleet's: where the fleet file compresses time, a
 * drill of 30 minutes takes 30 min / time_factor.
 */
#ifndef MODEL_FLEET_DRILL_H
#define MODEL_FLEET_DRILL_H

#include "live.h"
#include "model/stats/dist.h"
#include "timeline.h"

#define DRILL_ACTIONS 6

/* What undoes an action on the target if nobody else can: this program, its host or the network
 * may be gone by then. */
enum drill_lease {
    DRILL_LEASE_SYSTEMD, /* a timer unit, armed before the action and disarmed after its undo */
    DRILL_LEASE_GUARD,   /* the same by a detached shell, where there is no systemd */
    DRILL_LEASE_COMMAND, /* the command ends by itself: it is given {lease_s} */
    DRILL_LEASE_NONE     /* refused unless nothing is to be undone, or `unleased: true` says so */
};

/* In the arguments, {lease_s} is the lease in seconds, {id} a name that is unique to the action,
 * and {host} the target's name. */
struct drill_action {
    char name[64];     /* "stop the runner service" */
    char on[64];       /* place; "": here */
    char lease_on[64]; /* place that holds the lease; "": the same */
    struct live_argv run, undo,
        check; /* check: exits 0 while the action is in effect; may be empty */
    enum drill_lease lease;
    bool unleased;
    int fault;              /* index of the scenario's fault that it brings about; -1: none */
    int64_t timeout_ms;     /* of one command, real time */
    struct dist undo_takes; /* for the rehearsal: the fault lasts until its undo has ended */
};

/* Bits: the days on which a drill may run, Monday first; minutes of the day, local time. */
struct drill_window {
    unsigned days;
    int from_min, to_min;
};

struct drill {
    bool present;
    int target; /* index of the host that the drill is about; -1: none */
    int64_t lease_ms;
    struct drill_action inject[DRILL_ACTIONS];
    int n_inject;
    struct {
        bool hosts_online, monitoring, no_alerts;
        double cpu, memory, disk; /* of every host that has to take over; shares */
        int64_t wait_ms;          /* for all that to hold */
        bool has_window;
        struct drill_window window;
    } preconditions;
    struct {
        bool others_offline;      /* a host that is not the target goes offline */
        double cpu, memory, disk; /* of such a host */
        int queue;                /* jobs waiting; 0: any number */
        int64_t github_lost_ms;   /* no answer for so long; 0: held on without */
        int64_t monitoring_lost_ms;
    } stop_when;
    /* Small jobs that ask for what the fleet's jobs ask for, submitted as soon as the fault is
     * there, so that there are some that it holds up. */
    struct {
        int jobs; /* 0: none */
        int64_t takes_ms;
    } canary;
    enum mark revert_after; /* what ends the observation */
    int64_t hold_ms;        /* and so long after it */
    int64_t observe_ms;     /* at the latest */
    int64_t recover_ms;     /* from the revert to the steady state */
    int64_t restore_ms;     /* for so long a write that puts something back is tried again */
};

#endif
