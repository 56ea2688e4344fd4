/*
 * The policy's memory across restarts: phases, flap blocks, the log of failovers and every
 * timer, as the journal has them (topics "memory/active" and "memory/shadow", each for its own
 * kind), written after each step that changed them and before anything is done about it.
 *
 *     {"version": 1, "fleet_ms": N, "wall_ms": N, "boot": ID or "", "boot_ms": N,
 *      "hosts": [NAME, ...], "state": record_state}
 *
 * A monitor that starts goes on with the fleet time where that one's clock would stand now, so that
 * no time of the state has to be touched: by the clock of the same boot, otherwise by the one on
 * the wall, which may have been set back: then no time has passed. Hosts go by their names: new
 * ones serve, ones that are gone are forgotten, and changed slots change what a ramp has reached.
 *
 * What cannot be read, is of another version or of another fleet is refused, and said. The monitor
 * then begins with nothing: whatever is out of the rotation stays out (driver_begin).
 */
#ifndef LIVE_WATCH_MEMORY_H
#define LIVE_WATCH_MEMORY_H

#include "live/journal/journal.h"
#include "model/fleet/fleet.h"
#include "model/policy/driver.h"

enum memory_kind {
    MEMORY_NONE,    /* none was left: a first start */
    MEMORY_KEPT,    /* `state` */
    MEMORY_REFUSED, /* there was one; `said` has why it is not used */
    MEMORY_KINDS
};

struct memory {
    enum memory_kind kind;
    bool active; /* whose it is */
    struct policy_state state;
    int64_t fleet_ms; /* of that clock now; 0: of a new one */
    char said[320];   /* one line for people; "": nothing to say */
};

/* What the last monitor of this kind left, for this fleet, now. Errors: the journal's alone. */
enum und_code memory_recall(struct memory *out, const struct fleet *fleet, struct journal *journal,
                            bool active, struct und_err *err);

/* The same from its text: pure but for the clocks, which are `wall_ms`, `boot` and `boot_ms`. */
void memory_read(struct memory *out, const struct fleet *fleet, const char *text, int64_t wall_ms,
                 const char *boot, int64_t boot_ms);

/* There was a memory, but it is not to be used. */
void memory_refuse(struct memory *out, const char *why);

/* As the journal keeps it; the caller's to free. */
char *memory_text(const struct fleet *fleet, const struct policy_state *state, int64_t fleet_ms);

/* "memory/active"; static. */
const char *memory_topic(bool active);

#endif
