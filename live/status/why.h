/*
 * Why a host is in its phase: the decision in words, with the evidence for it, and the timers that
 * run for it. Pure: words about what the policy has decided, never a decision.
 */
#ifndef LIVE_STATUS_WHY_H
#define LIVE_STATUS_WHY_H

#include "status.h"

#define WHY_TEXT 480
#define WHY_TIMERS 6 /* a host */

/* "suspect: GitHub shows 0 of 8 registrations online (3 readings) and the probe is down; drained
 * unless that goes away first". */
void why_host(const struct status *status, int host, char out[WHY_TEXT]);

struct why_timer {
    const char *what; /* static: "drain" */
    int64_t left_ms;  /* fleet time, above 0 */
};

/* Those that run, the soonest first; returns their number. */
int why_timers(const struct status *status, int host, struct why_timer out[WHY_TIMERS]);

#endif
