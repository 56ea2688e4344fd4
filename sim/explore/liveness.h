/*
 * What must happen in the end, once nothing changes any more: whatever the state, under a view that
 * stays as it is (feeds fresh, nothing paused, no restart) and steps that keep coming,
 *   - a host that stays healthy and checked is back in full within a bound,
 *   - a host that stays in trouble is drained within a bound if another stays healthy; where only
 *     a sign accuses it, or a human asks for it, if another stays healthy and shows no sign (a sign
 *     that stays has lasted, from some time on),
 *   - and nothing goes round in circles: the admitted slots come to rest (no cycle of drain and
 *     return under constant health).
 *
 * Fairness is the assumption that each host's letter is constant from some time on. Under a
 * constant view every state has one next state after "a unit passes, then a step", or two where an
 * age lies exactly at its constant and may be taken for younger; both readings are followed, "at
 * once" and "not yet". (Where the flap guard is forgotten no block stands in the way: it ends by
 * itself.) Each gives a graph in which every state has one edge out: its cycles are its strongly
 * connected components, and the distance to them is the bound, in units.
 */
#ifndef SIM_EXPLORE_LIVENESS_H
#define SIM_EXPLORE_LIVENESS_H

#include "explore.h"

/* The first state (of the exploration's, so that the way there is a shortest one) that does not
 * come to rest as it should, and the view that stays. */
struct lasso {
    bool is, circle;  /* circle: too late, or never; else at rest in a wrong place */
    uint32_t state;   /* of the exploration */
    uint128 key;      /* of its arrangement, with equal hosts told apart */
    bool not_yet;     /* ages at their constants are read as younger */
    struct view view; /* for the hosts of that arrangement */
};

struct liveness {
    struct lasso lasso;
    int64_t followed; /* states times constant views times readings */
    int views;
    int rest;      /* the most units until the admitted slots rest */
    int bound;     /* what the constants allow */
    int64_t late;  /* states that rest only later, or go round in circles for ever */
    int64_t wrong; /* states that come to rest elsewhere than they should */
};

/* Of a complete exploration of the space, every state. */
void liveness_check(const struct space *space, const struct explore_result *result,
                    struct liveness *liveness);

#endif
