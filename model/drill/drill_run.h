/*
 * A drill, from its preconditions to its verdict: one piece of code for reality and rehearsal.
 *
 *   preconditions   both hosts online, the ones that take over idle enough, no alert, monitoring
 *                   healthy, the window, no protected workflow; they may be waited for
 *   consent         the operator's
 *   baseline        the policy's grace time watched with nothing injected; the preconditions again
 *                   (if they hold no more, they are waited for once more)
 *   injection       each action recorded, injected, recorded
 *   observation     local probes every second, GitHub, alerts, probes and health checks at the
 *                   controller's intervals; the policy steps after every reading and hint
 *                   (model/policy/driver.h); its plan is carried out, or only recorded
 *   revert          every action that was intended, the last first, whatever happened before
 *   validation      until the steady state is back: registrations, probes, alerts, full admission
 *
 * Whatever ends a drill early (a stop condition, the operator, a signal, an error, a policy that
 * breaks an invariant) leads to the
 * revert; a drill that the operator ends waits for no steady state, but puts everybody back into
 * the rotation and runs again what it has cancelled. That is tried for drill.restore_ms, whatever
 * fails meanwhile; each signal after the first ends a pause, and the third one the trying. The
 * measures are those of DESIGN.md; each has its error, from the moments between which its two ends
 * must lie: the grid of polls, the time an injection took, the clock offset of what GitHub says.
 *
 * Nothing here reads a clock, draws a random number or does I/O: the stage does. Times are the
 * stage's ms. Runs on one thread; memory is allocated by drill_run and freed by drill_report_fini.
 */
#ifndef MODEL_DRILL_DRILL_RUN_H
#define MODEL_DRILL_DRILL_RUN_H

#include "drill_track.h"
#include "model/fleet/scenario.h"
#include "model/fleet/timeline.h"
#include "stage.h"

enum drill_end {
    DRILL_COMPLETED, /* injected, observed, reverted, steady again: the measures count */
    DRILL_REFUSED,   /* a precondition did not hold, or no consent: nothing was done */
    DRILL_STOPPED,   /* by a stop condition or the operator; rolled back */
    DRILL_INTERRUPTED,
    DRILL_FAILED,   /* a service failed the drill; rolled back */
    DRILL_BROKEN,   /* the policy broke an invariant: nothing it planned is carried out any more;
                       rolled back */
    DRILL_UNSTEADY, /* rolled back, but the steady state did not return in time */
    DRILL_STUCK,    /* something is still in effect: `why` says what and how to undo it */
    DRILL_WATCHED,  /* nothing was to be injected: the preconditions held, and were watched */
    DRILL_ENDS
};

struct drill_options {
    bool watch;                   /* nothing is injected, nothing is changed: only looked at */
    bool observe;                 /* the plan is recorded, never carried out */
    int64_t phase_ms[POLL_COUNT]; /* of each poll's grid from the drill's start: drawn by the
                                      caller from 0..interval, or measures would not be random */
    int64_t watch_ms;             /* between local probes; 0: DRILL_WATCH_MS */
};

#define DRILL_WATCH_MS 1000

struct drill_report {
    enum drill_end end;
    char why[sizeof((struct und_err *)0)->text]; /* in one line; empty where all went well */
    char scenario[FLEET_NAME], path[FLEET_PATH];
    bool watched, observed;                               /* drill_options */
    bool injected;                                        /* anything at all */
    bool reverted;                                        /* nothing of ours is in effect */
    int64_t began_ms, injected_ms, reverted_ms, ended_ms; /* -1: not reached */
    int64_t fault_ms; /* the middle of the injection, from which the measures count; -1 */
    struct drill_measure measure[MEASURE_COUNT];
    struct {
        enum stage_event last;
        int64_t intended_ms, done_ms, undone_ms; /* -1 */
    } action[DRILL_ACTIONS];
    int failovers;           /* drains that the policy asked for */
    int inflight, recovered; /* jobs that the fault killed; of them, done again */
    int polls, failed_polls;
    struct timeline timeline; /* owned */
};

/* UND_OK even for a drill that was stopped: `report` says how it ended. Otherwise (the scenario has
 * no drill) err. The report is the caller's to fini in every case. */
enum und_code drill_run(const struct scenario *scenario, const struct drill_options *options,
                        struct stage *stage, struct drill_report *report, struct und_err *err);
void drill_report_fini(struct drill_report *report);

/* How long a drill watches before it injects: the policy's grace, and a few polls. */
int64_t drill_baseline_ms(const struct fleet *fleet);

/* The program's exit code for it (before the verdict on its measures). */
enum und_code drill_exit_code(const struct drill_report *report);
/* Was it looked at to its end, or until its time was up? Then its measures count. */
bool drill_end_counts(enum drill_end end);
const char *drill_end_name(enum drill_end end);

#endif
