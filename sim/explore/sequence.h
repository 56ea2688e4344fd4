/*
 * Decisions as text that people review: a sequence of views and what the real policy made of each.
 *
 *     case primary-dies
 *     hosts primary:3 backup:2
 *     policy persist=5min ramp=10min ... severities=critical overflow=yes
 *     0s -> serving 3, serving 2
 *     20s 1.online=0 1.readings=3 1.probe=down -> suspect 3 detected, serving 2
 *     5min20s -> drained 0 failover, serving 2
 *     6min restart
 *
 * A line is one policy step: when, what is seen otherwise than in the line before (hosts count from
 * 1; at first all is well), and after the arrow each host's phase, admitted slots (the plan's in
 * parentheses where they differ: a backup standing by) and notices, then the fleet's notices after
 * a bar, and whether it calls itself settled: nothing would change by waiting. `restart` begins the
 * controller anew from its stored state, `loss` without it. Lines that are empty or begin with #
 * are comments. Times go up.
 *
 * What may be seen: N.online N.busy N.routed N.readings N.passes N.running (numbers), N.alerts
 * (severities joined by +, or none), N.signs (likewise), N.probe (up, down, unknown), N.maintenance
 * and N.acknowledged (yes, no); paused (yes, no); github, alerts, probe (the age of that feed).
 *
 * The policy begins on memory that is not clean, and behind the last host stands one that it must
 * not see (stray.h).
 */
#ifndef SIM_EXPLORE_SEQUENCE_H
#define SIM_EXPLORE_SEQUENCE_H

#include "model/base/err.h"
#include "property.h"

#include <stdio.h>

/* One sequence in the making: it owns the policy's state. */
struct sequence {
    FILE *out; /* borrowed; NULL: decide, write nothing */
    struct policy_config config;
    struct policy_state state;
    struct view view; /* as last written */
    struct plan plan;
    int64_t at_ms;
    enum property broken; /* the first property that a step broke */
    int broken_host;
};

/* All is well in `view`'s fleet: its hosts' slots and tiers count, no more. */
void sequence_begin(struct sequence *sequence, FILE *out, const char *name,
                    const struct policy_config *config, const struct view *fleet);
void sequence_well(const struct policy_config *config, struct view *view); /* the view at first */
void sequence_step(struct sequence *sequence, int64_t at_ms, const struct view *view);
void sequence_restart(struct sequence *sequence, int64_t at_ms, bool loss);

/* Reads sequences and writes them again, decided anew: the same text if nothing has changed,
 * comments included. *cases and *steps count them; `broken` has the first property broken,
 * PROPERTY_HOLDS if none. `name` stands for the text in errors. */
struct sequence_replay {
    int cases, steps;
    enum property broken;
};
enum und_code sequence_replay(const char *name, const char *text, FILE *out,
                              struct sequence_replay *replay, struct und_err *err);

#endif
