/*
 * One step as every property sees it: the states around it, the view and its meaning, and what the
 * signs (policy.h) come to, worked out here from the outside and not by policy.c.
 */
#ifndef SIM_EXPLORE_STEP_H
#define SIM_EXPLORE_STEP_H

#include "property.h"

struct step {
    const struct policy_config *config;
    const struct policy_state *before, *after;
    int64_t now_ms;
    const struct view *view;
    const struct plan *plan;
    struct meaning meaning;
    unsigned shows[SCALE_HOSTS]; /* signs that drain, in the view */
    unsigned told[SCALE_HOSTS];  /* what should have been told by now: all that has lasted */
    bool accused[SCALE_HOSTS];   /* by a sign that drains and has lasted, seen just now */
};

/* Fills `shows`, `told` and `accused` from the rest. */
void step_read_signs(struct step *step);

/* Is this host in trouble, by the document's evidence or by a sign? */
bool step_bad(const struct step *step, int i);
/* The document's evidence does not accuse it, and nobody asks for maintenance. */
bool step_by_sign(const struct step *step, int i);
/* Has trouble come so often within the window that it need not persist? */
bool step_returns(const struct step *step, int i);

/* Hosts are stepped in some order, so what another host does in the same step may count as done or
 * not. `stays`: some other host serves in good health either way; `nobody`: none does either way.
 * `clean`: and shows no sign that drains. */
bool step_another_stays(const struct step *step, int i, bool clean);
bool step_nobody_else(const struct step *step, int i, bool clean);

/* The signs' clocks and what is said of them; that returning trouble is counted, and what a drain
 * hides keeps its host out. */
enum property step_check_signs(const struct step *step, int i);
enum property step_check_returns(const struct step *step, int i, bool drained);
/* What signs say to the fleet: a page. */
bool step_signs_page(const struct step *step);

#endif
