/*
 * The one loop body around the policy: what comes in, a step, its invariants, what goes out. The
 * simulator, drills on both stages, the monitor and replay all decide through it; they differ in
 * where readings come from and what becomes of the plan.
 *
 *     driver_take / _hint / _maintenance / _pause     (any number)
 *     driver_step   ->  plan (admitted, notices), state (phases), broken
 *
 * After every step the invariants (invariant.h) are checked, whoever drives. The first one that
 * breaks is kept in `broken`: from then on the policy is not to be trusted. What that means is the
 * caller's: a simulation fails with the line that reproduces it; whoever acts on a real fleet
 * carries out no plan any more, says so and takes back what it did.
 *
 * The policy begins with the first step, so that its time of grace counts from there.
 *
 * Plain data, no allocation, no I/O. Time is the caller's monotonic ms, never back between calls.
 */
#ifndef MODEL_POLICY_DRIVER_H
#define MODEL_POLICY_DRIVER_H

#include "invariant.h"
#include "readings.h"

struct driver {
    const struct policy_config *config; /* borrowed */
    struct readings readings;
    bool begun;
    struct policy_state state;
    struct policy_state before; /* the last step; the hosts' part of it */
    struct plan plan;           /* of the last step */
    enum invariant broken;      /* the first, by the step at broken_ms; INVARIANT_HOLDS: none */
    int broken_host;
    int64_t broken_ms;
};

/* Until the first step the plan is what a fleet in good health has: every slot admitted. `config`
 * is borrowed and outlives it. */
void driver_init(struct driver *driver, const struct policy_config *config,
                 const struct readings_setup *setup, int64_t now_ms);

/* A good answer to a poll, as readings_take has it. True: the policy sees something new. */
bool driver_take(struct driver *driver, enum poll poll, int64_t now_ms,
                 const struct host_reading *hosts);
/* A webhook: see readings_hint. */
void driver_hint(struct driver *driver, int host, unsigned severities);
/* By hand: one host is to be emptied; nothing is to be changed. */
void driver_maintenance(struct driver *driver, int host, bool asked);
void driver_pause(struct driver *driver, bool paused);
/* Likewise: somebody has said, since the host was last drained, that he sees to it. */
void driver_acknowledge(struct driver *driver, int host, bool acknowledged);

/* Steps the policy with what is known at now_ms. False: an invariant broke, now or before. */
bool driver_step(struct driver *driver, int64_t now_ms);
/* The same with a view from elsewhere (a recorded one): it must have the hosts that the first one
 * had, each with its slots, and now_ms must not go back. */
bool driver_decide(struct driver *driver, int64_t now_ms, const struct view *view);

/* The controller starts again: its grace begins anew; without its stored state so does the policy,
 * with the next step. What the feeds said is known again at once. */
void driver_restart(struct driver *driver, int64_t now_ms, bool stored);

/* Takes up the state that an earlier controller left, before the first step: driver_restart,
 * stored, where that controller was another process. What it knew by its feeds is not known any
 * more, so no health check counts as passed. */
void driver_resume(struct driver *driver, const struct policy_state *state, int64_t now_ms);
/* Why this can be no state of the driver's fleet at now_ms (static), or NULL: driver_resume takes
 * it. */
const char *driver_misfit(const struct driver *driver, const struct policy_state *state,
                          int64_t now_ms);
/* Begins without a memory, in the place of the first step's beginning: hosts that are `out` stay
 * out until they recover, and for block_ms unless nothing else serves. */
void driver_begin(struct driver *driver, int64_t now_ms, const bool out[POLICY_HOSTS],
                  int64_t block_ms);

/* As if the last step had not been: for whoever could not record it. `plan` is the one before. */
void driver_take_back(struct driver *driver, const struct plan *plan);

/* Would a step at now_ms change nothing? Nothing new has come in since the last one, no feed has
 * gone stale or come back, and the policy is settled. */
bool driver_idle(struct driver *driver, int64_t now_ms);
/* After a step: is it settled, for as long as the feeds stay fresh and show nothing new? */
bool driver_settled(const struct driver *driver);
/* After a step at now_ms that was blind: would no later one change anything, for as long as each
 * feed stays as fresh or stale as it is and shows nothing new? Found by asking the policy. */
bool driver_waits_blind(const struct driver *driver, int64_t now_ms);

#endif
