/*
 * The simulated stage: struct world behind model/drill/stage.h. The world's own controller is
 * silent; the drill polls, decides and acts in its place. Private to sim/rehearsal*.c and the
 * tests.
 *
 * What an action does here is the scenario's fault that it stands for (drill_action.fault). An
 * action with an undo lasts until it is reverted; one without ends as the fault's `lasts` says.
 */
#ifndef SIM_REHEARSAL_REHEARSAL_STAGE_H
#define SIM_REHEARSAL_REHEARSAL_STAGE_H

#include "model/drill/stage.h"
#include "sim/world/world.h"

#define REHEARSAL_HINTS 256

struct rehearsal_stage {
    struct stage stage;
    struct scenario scenario; /* as the drill has it; what it owns is borrowed */
    struct world *world;      /* owned */
    struct audience audience;
    struct rep rep;
    struct rep_host rep_host[FLEET_HOSTS];
    struct incident incidents[WORLD_INCIDENTS];
    struct plan plan;      /* the last one carried out */
    bool instant;          /* answers take no time, as those of the simulated controller */
    struct stream latency; /* otherwise drawn from here */
    bool injected[DRILL_ACTIONS];
    int users[SCENARIO_FAULTS]; /* actions in effect that stand for this fault */
    struct stage_hint hints[REHEARSAL_HINTS];
    int n_hints;
    /* Of the job that is at each place of the world's pool. */
    uint32_t *generation;        /* owned */
    int64_t *origin;             /* owned; 0: it is its own */
    struct stage_job *concluded; /* owned */
    size_t n_concluded, capacity;
};

/* The scenario has a drill and is borrowed; rehearsal_stage_close frees. */
struct rehearsal_stage *rehearsal_stage_open(const struct scenario *scenario);
void rehearsal_stage_close(struct rehearsal_stage *stage);

/* A new replication, advanced to `before_ms` before the moment that `at` says (what the simulation
 * of the scenario would draw for its first fault). `phase_ms` gets the phases of the drill's polls.
 */
void rehearsal_stage_start(struct rehearsal_stage *stage, const struct stream *base,
                           int64_t before_ms, const struct dist *at, int64_t phase_ms[POLL_COUNT]);
void rehearsal_stage_finish(struct rehearsal_stage *stage);

#endif
