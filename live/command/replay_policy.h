/*
 * A recorded run under another policy: what it would have decided from the same views, and what
 * that comes to. Views are what was seen under the recorded policy: a host that the other one would
 * have drained goes on being busy in them. So moments and durations are told, and nothing is said
 * of queues (replay_what_if.h asks the simulator).
 *
 * Between two recorded views the world stood still, but clocks of the other policy may run out: it
 * is stepped each second until it is settled.
 */
#ifndef LIVE_COMMAND_REPLAY_POLICY_H
#define LIVE_COMMAND_REPLAY_POLICY_H

#include "model/base/err.h"
#include "model/policy/driver.h"

#include <jansson.h>

#define REPLAY_POLICY_LINES 200 /* moments told; all are counted */

struct replay_policy {
    const struct policy_config *config; /* borrowed */
    const struct policy_state *from;    /* what the run began with; NULL; borrowed */
    const char (*host)[64];             /* names, borrowed */
    struct driver driver;
    struct view view; /* the last one recorded */
    bool begun;
    int64_t last_ms, last_wall_ms;
    struct plan then;                /* the last one recorded */
    int failovers[2][POLICY_HOSTS];  /* then, now */
    int64_t out_ms[2][POLICY_HOSTS]; /* slots out of the rotation, times ms */
    int64_t differences;             /* moments that only one of the two has */
    json_t *moments;                 /* {"at", "host", "then": [...], "now": [...]}; owned */
};

/* A driver for the fleet that a recorded run's first view shows, in the state that the run began
 * with (NULL: it was a new one). UND_USAGE where that is no state of this fleet. May another
 * view and its plan be of that fleet? */
enum und_code replay_begin(struct driver *driver, const struct policy_config *config,
                           const struct policy_state *from, const struct view *view, int64_t now_ms,
                           struct und_err *err);
bool replay_follows(const struct driver *driver, const struct view *view, const struct plan *plan);

void replay_policy_init(struct replay_policy *replay, const struct policy_config *config,
                        const char (*host)[64]);
void replay_policy_fini(struct replay_policy *replay);
/* One recorded decision, in order. UND_USAGE where it does not follow from the one before. */
enum und_code replay_policy_see(struct replay_policy *replay, int64_t number, int64_t now_ms,
                                int64_t wall_ms, const struct view *view, const struct plan *plan,
                                struct und_err *err);
/* {"hosts": [{"name", "failovers": {"then", "now"}, "out_slot_ms": {...}}], "differences",
 * "moments"}. New reference. */
json_t *replay_policy_json(const struct replay_policy *replay);
/* The same for people. */
void replay_policy_print(const struct replay_policy *replay);

#endif
