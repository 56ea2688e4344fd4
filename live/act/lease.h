/*
 * An action of a drill resolved to the very commands, with the lease that undoes it if nobody else
 * can. Pure, but for the two at the end that run them.
 *
 * `arm` starts the lease where it is to be held, `run` injects, `undo` takes it back, `disarm` ends
 * the lease. The lease is armed first and disarmed last, so that there is no moment at which the
 * injection has no other end than ours.
 */
#ifndef LIVE_ACT_LEASE_H
#define LIVE_ACT_LEASE_H

#include "action.h"

struct lease {
    const struct drill_action *action;                   /* borrowed */
    char id[64];                                         /* names units and files on the target */
    struct action_command arm, run, undo, check, disarm; /* argv.n 0: none */
    int64_t lease_s;                                     /* real; 0: none */
};

/* `id` must be unlike any other's, on whatever target; `host` fills {host}. */
enum und_code lease_init(struct lease *lease, const struct drill_action *action, const char *id,
                         const char *host, int64_t lease_s, struct und_err *err);

/* Arms, then injects. `note` gets what the command said. */
enum und_code lease_inject(const struct lease *lease, const struct fleet *fleet, char note[512],
                           const atomic_bool *cancel, struct und_err *err);
/* Undoes, disarms, checks; any number of times. UND_OK only if nothing is in effect any more. */
enum und_code lease_revert(const struct lease *lease, const struct fleet *fleet, char note[512],
                           struct und_err *err);

#endif
