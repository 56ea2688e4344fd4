/*
 * The stage on which a drill is played: the seam between the drill (model/drill/drill_run.h), of
 * which there is one, and the world, of which there are two: sim/rehearsal/rehearsal.c plays in
 * simulated time, live/drill/real_stage.c in the real one. The drill decides what happens and when;
 * a stage only looks and does what it is told. It decides nothing, remembers nothing for the drill
 * and measures nothing.
 *
 * Time: every *_ms is the fleet's, from a monotonic clock of the stage: where live.time_factor
 * compresses time, the stage multiplies what it reads and divides what it waits. Times that a
 * service reports (jobs, activeAt) are brought to that same clock, with the error that its clock's
 * offset and resolution leave.
 *
 * Who guarantees what:
 *   drill   calls everything from one thread; calls `record` and gets UND_OK before it calls the
 *           `inject` or `revert` that it announces, and again after it; reverts every action whose
 *           intention was recorded, the last first, also those whose injection failed; never calls
 *           `reconcile` when it only observes.
 *   stage   `record` has made it durable when it returns UND_OK. `inject` arms the action's lease
 *           on the target before it acts. `revert` may be called any number of times, for an action
 *           that was never injected or that ended by itself, and leaves the same: nothing of ours
 *           in effect, its lease disarmed. A poll that fails says so and changes nothing. Every
 *           call but `wait` and `confirm` returns within the action's or the service's time-out.
 *
 * Errors: UND_SERVICE for what is out of reach or refused. A failed poll is no end of a drill; a
 * failed `record` or `inject` is, and leads to the rollback.
 */
#ifndef MODEL_DRILL_STAGE_H
#define MODEL_DRILL_STAGE_H

#include "model/base/err.h"
#include "model/fleet/drill.h"
#include "model/fleet/fleet.h"
#include "model/fleet/timeline.h"

#define STAGE_JOBS 4096 /* seen at a time; more are not looked at */

/* The answer to one poll: the truth of some moment between asked and answered. */
struct stage_reading {
    int64_t asked_ms, answered_ms;
    struct host_reading host[FLEET_HOSTS]; /* what the policy is to see of it */
    struct {
        bool pending, firing;     /* any, whatever its severity */
        int64_t pending_since_ms; /* activeAt of the earliest; -1: none */
    } alerts[FLEET_HOSTS];        /* ALERTS only: for the measures */
};

/* A job in GitHub's books: one attempt of it. */
struct stage_job {
    int64_t id;     /* of this attempt */
    int64_t origin; /* the same for all attempts at one job */
    int attempt;    /* from 1 */
    int host;       /* index in the fleet; -1: not given to one, or to none of ours */
    int64_t created_ms, started_ms, concluded_ms; /* -1: not yet */
    int64_t error_ms;                             /* each is right to plus or minus this */
    bool success;                                 /* once concluded */
};

/* What preconditions and stop conditions ask for beyond the feeds. Shares 0..1, NAN: not known. */
struct stage_state {
    struct {
        double cpu, memory, disk;
    } host[FLEET_HOSTS];
    bool monitoring_healthy;            /* Prometheus ready, its rules evaluated without errors */
    char monitoring_why[160];           /* if not */
    char protected_workflow[LIVE_NAME]; /* one that runs now; "": none does */
    char registrations[480];            /* what is wrong with them, and what to do; "": nothing */
    int weekday, minute;                /* local time: Monday 0, minute of the day */
};

/* Why a wait ended. */
enum stage_wake {
    STAGE_TIME,
    STAGE_HINT,     /* something was pushed to us */
    STAGE_STOP,     /* the operator's emergency stop */
    STAGE_INTERRUPT /* a signal: as STAGE_STOP, with exit code 130 */
};

/* A notification, before any poll can confirm it. */
struct stage_hint {
    int host;            /* -1: of no host: only a reason to poll now */
    unsigned severities; /* firing, to be added to what is known; 0: resolved */
};

enum stage_event { /* the life of an action; a journal's words are the same */
                   STAGE_INTENDED,
                   STAGE_DONE,
                   STAGE_FAILED, /* it said that it failed: it may have worked in part */
                   STAGE_UNDOING,
                   STAGE_UNDONE,
                   STAGE_STUCK, /* the undo failed or the action is still in effect */
                   STAGE_EVENTS
};

/* What reconciling has come to. */
struct stage_routing {
    int routed[FLEET_HOSTS]; /* registrations in the rotation, as far as is known */
    int64_t again_ms;        /* when to call again; -1: the world is as planned */
    int64_t since_ms;        /* what this call changed was not so before that */
};

struct stage {
    void *self;

    /* Monotonic, never back. */
    int64_t (*now_ms)(void *self);
    /* Until `until_ms`, or a hint (filled in), or a stop. Never later than `until_ms` by more than
     * the machine's fault; checks for a stop at least every second of real time. A time that has
     * passed only looks for hints and stops. Each stop is reported once, so that the rollback can
     * wait; a second one (a second signal) is reported again. */
    enum stage_wake (*wait)(void *self, int64_t until_ms, struct stage_hint *hint);

    enum und_code (*poll)(void *self, enum feed feed, struct stage_reading *reading,
                          struct und_err *err);
    /* Every job that has not concluded, and those that concluded at `since_ms` or later; at most
     * STAGE_JOBS into `jobs`, in any order. */
    enum und_code (*jobs)(void *self, int64_t since_ms, struct stage_job *jobs, size_t *n,
                          struct und_err *err);
    enum und_code (*inspect)(void *self, struct stage_state *state, struct und_err *err);

    /* What is about to happen, or has happened, to action `action` (index into drill.inject). With
     * STAGE_INTENDED the stage stores the action, its undo and its lease's end. */
    enum und_code (*record)(void *self, enum stage_event event, int action, int64_t lease_until_ms,
                            const char *note, struct und_err *err);
    enum und_code (*inject)(void *self, int action, int64_t lease_ms, struct und_err *err);
    /* Submits small jobs that ask for what the fleet's jobs ask for now (drill.canary). Never
     * called when the drill only observes. */
    enum und_code (*canary)(void *self, int jobs, struct und_err *err);
    /* UND_OK only if the action is known to be in effect no more (its `check`, where it has one);
     * otherwise err says what is left and how to undo it by hand. */
    enum und_code (*revert)(void *self, int action, struct und_err *err);

    /* One step towards the plan: at most one write, and none before the time that the last call
     * named. Label, variable or hook, as the fleet's mechanism says; removals first, among
     * additions those that are online. Once nothing is left to route, and where
     * github.fast_recovery asks for it, jobs lost with a drained host (`policy` says which are) are
     * cancelled by force and run again, each once. Forgets older plans. The stage itself records
     * every write with its undo before it does it, and as undone once the rotation is whole again.
     */
    enum und_code (*reconcile)(void *self, const struct plan *plan,
                               const struct policy_state *policy, struct stage_routing *routing,
                               struct und_err *err);

    /* What the policy was shown and what it answered; for the journal. */
    enum und_code (*decision)(void *self, int64_t now_ms, const struct view *view,
                              const struct plan *plan, struct und_err *err);
    /* The story as it happens; for the journal and whoever watches. Must not fail. */
    void (*tell)(void *self, int64_t at_ms, int host, enum mark mark, const char *text);
    /* Asked once, after the preconditions held: proves that the writes which the plan may need are
     * permitted, by some that change nothing (UND_SERVICE where one is not), then asks for the
     * operator's consent (UND_STOPPED without it). */
    enum und_code (*confirm)(void *self, struct und_err *err);
};

const char *stage_event_name(enum stage_event event);

#endif
