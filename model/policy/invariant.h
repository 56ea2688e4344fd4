/*
 * What must hold after every policy step, whoever drove it: the promises of policy.h stated from
 * the outside, without the policy's own reasoning. Pure (ring 0).
 */
#ifndef MODEL_POLICY_INVARIANT_H
#define MODEL_POLICY_INVARIANT_H

#include "policy.h"

enum invariant {
    INVARIANT_HOLDS,
    INVARIANT_ADMITTED_RANGE, /* 0 <= admitted <= slots */
    INVARIANT_STATIC,         /* paused or blind: nobody's admission changes but by hand */
    INVARIANT_LAST_HEALTHY,   /* a drain leaves another host, in good health, admitted; and the
                                 plan never leaves nobody */
    INVARIANT_PERSISTENCE,    /* a serving host is drained only persist_ms after its detection */
    INVARIANT_RECOVERY,       /* a drained host returns, or gets more, only online, without alerts,
                                 checked */
    INVARIANT_RAMP,           /* a ramp is never ahead of its schedule while another serves */
    INVARIANT_FLAP,           /* a blocked host stays out while another serves */
    INVARIANT_STEADY,         /* no evidence at all: a fully admitted host stays so */
    INVARIANT_STAND_BY,       /* the plan differs from the state only by backups standing by */
    INVARIANT_COUNT
};

/* The first invariant broken by the step from `before` to `after` under `view`; *host is the
 * culprit. `before` is the state that the step began with. */
enum invariant invariant_check(const struct policy_config *config,
                               const struct policy_state *before, const struct policy_state *after,
                               int64_t now_ms, const struct view *view, const struct plan *plan,
                               int *host);

#endif
