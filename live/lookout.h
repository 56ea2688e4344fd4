/*
 * The drill's probes in a thread of their own: a host that does not answer holds up a round until
 * its time-out, and must not hold up the routing. One round follows the other; whoever asks gets
 * the last one that ended.
 */
#ifndef LIVE_LOOKOUT_H
#define LIVE_LOOKOUT_H

#include "pace.h"
#include "probe.h"

struct lookout;

struct lookout_round { /* times are fleet time */
    int64_t asked_ms, answered_ms;
    bool answered[FLEET_HOSTS];
};

/* Borrows `fleet` and `pace`, which outlive it. `every_ms` is fleet time, `timeout_ms` real. */
void lookout_open(struct lookout **out, const struct fleet *fleet, const struct pace *pace,
                  int64_t every_ms, int64_t timeout_ms);
void lookout_close(struct lookout *lookout);

/* The last round; waits for the first one. */
void lookout_read(struct lookout *lookout, struct lookout_round *round);

#endif
