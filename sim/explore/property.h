/*
 * What must be true of every single step, stated from the outside: the promises of policy.h as
 * relations between the state before, what was seen, and the state and plan after. Together with
 * the invariants (model/policy/invariant.h, which hold for whatever may decide) they say what this
 * policy does; none of them is derived from policy.c. Bounds over many steps follow by induction
 * (a host is drained within persist_ms because its clock starts at once, keeps running and is
 * obeyed); liveness.h follows them over the whole graph all the same.
 */
#ifndef SIM_EXPLORE_PROPERTY_H
#define SIM_EXPLORE_PROPERTY_H

#include "letters.h"
#include "model/policy/invariant.h"

enum property {
    PROPERTY_HOLDS,
    PROPERTY_NEVER_NOBODY, /* someone is admitted while a host known to be healthy could be */
    PROPERTY_SHAPE,        /* phase and admitted fit each other */
    PROPERTY_DETECTION, /* trouble at a serving host is a detection at once, and nothing else is */
    PROPERTY_DISMISSAL, /* trouble that is acquitted in time moves nothing */
    PROPERTY_DRAIN_BOUND,  /* trouble that lasted persist_ms, with nothing against it, drains now */
    PROPERTY_RELAPSE,      /* trouble at a ramping host drains now */
    PROPERTY_CLEAR_CLOCK,  /* the time without trouble is counted without a gap */
    PROPERTY_RETURN_BOUND, /* a recovered host comes back now, and not before */
    PROPERTY_RAMP_CLOCK,   /* slots come back on their schedule, which stands still meanwhile */
    PROPERTY_MAINTENANCE,  /* by hand: in and out at once, unless it takes the last healthy host */
    PROPERTY_FLAP_GUARD, /* every failover is counted; too many an hour block; nothing else does */
    PROPERTY_NOTICES,    /* what is said is what has happened, once */
    PROPERTY_HELD,       /* the reason why a due drain waits is the true one, said once */
    PROPERTY_DARKNESS,   /* nobody fit for page_after_ms pages, once, and only that */
    PROPERTY_SIGNS,      /* signs are timed, told once, and page as configured */
    PROPERTY_EVERYWHERE, /* what shows everywhere drains nobody */
    PROPERTY_RETURNS,    /* trouble that returns is counted, and told; what hides keeps out */
    PROPERTY_PURE,       /* nothing else has changed */
    PROPERTY_SETTLED,    /* what calls itself settled changes nothing by waiting */
    /* Of whole runs (liveness.h), never of a step. */
    PROPERTY_COMES_TO_REST,
    PROPERTY_RESTS_WELL,
    PROPERTY_INVARIANT, /* PROPERTY_INVARIANT + enum invariant: one of those */
};

/* The first property that the step breaks; *host is the culprit, -1 for the fleet. `meaning` is
 * that of the view, for whoever knows it already; else NULL. */
enum property property_check(const struct policy_config *config, const struct policy_state *before,
                             const struct policy_state *after, int64_t now_ms,
                             const struct view *view, const struct meaning *meaning,
                             const struct plan *plan, int *host);

/* After a step: if the policy calls itself settled with this view, a step a day later with the same
 * view must change nothing and say nothing. */
enum property property_check_settled(const struct policy_config *config,
                                     const struct policy_state *after, int64_t now_ms,
                                     const struct view *view, const struct plan *plan, int *host);

/* May a host change so in one step (or stay)? */
bool property_change(enum phase from, enum phase to);

/* "flap-guard", and a sentence that says how it is violated; both static. */
const char *property_name(enum property property);
const char *property_words(enum property property);

#endif
