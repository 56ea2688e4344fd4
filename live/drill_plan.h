/*
 * A drill resolved: the very commands, in order, with their leases and undos. Pure.
 *
 * For each action: `arm` starts the lease where it is to be held, `run` injects, `undo` takes it
 * back, `disarm` ends the lease. The lease is armed first and disarmed last, so that there is no
 * moment at which the injection has no other end than ours.
 */
#ifndef LIVE_DRILL_PLAN_H
#define LIVE_DRILL_PLAN_H

#include "action.h"
#include "model/scenario.h"

struct drill_step {
    const struct drill_action *action; /* borrowed */
    char id[64];                       /* "understudy-17-1": names units and files on the target */
    struct action_command arm, run, undo, check, disarm; /* argv.n 0: none */
    int64_t lease_s;                                     /* real; 0: none */
};

struct drill_plan {
    const struct scenario *scenario; /* borrowed */
    struct drill_step step[DRILL_ACTIONS];
    int n;
};

/* `run` is the journal's number of this run (0 while there is none). */
enum und_code drill_plan_init(struct drill_plan *plan, const struct scenario *scenario, int64_t run,
                              struct und_err *err);
/* For people: hosts, registrations, commands, what would be undone, when it ends. */
void drill_plan_print(const struct drill_plan *plan, bool observe);
/* New reference, for the journal and --format json. */
json_t *drill_plan_json(const struct drill_plan *plan);

#endif
