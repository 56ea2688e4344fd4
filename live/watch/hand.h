/*
 * The hand of the active monitor: a thread of its own that carries the last plan out at GitHub by
 * the drill's own code (live/act/actuate.h), one write at a time and one write a
 * github.write_spacing, each in the journal before it is made, and read back.
 *
 * It keeps still, and says why (struct hand_state, `held`), while
 *   - another controller has the lease (live/act/controller_lease.h): asked before every write;
 *   - a feed is stale or the monitor is paused;
 *   - all hosts look bad at once, and no witness (witness.h) bears that out: then it is not the
 *     hosts, but what looks at them;
 *   - it has written live.writes_per_hour times within the hour (those before it are counted too);
 *   - a write failed: then for a while, and what GitHub made of it is read first.
 * It never admits more of a host that looks bad: not after a start, nor when somebody has taken its
 * label off by hand.
 *
 * Its writes have no undo in the journal: nothing that ends the monitor puts jobs back on a host
 * that was drained. (Runs that it cancelled are run again by whoever starts next.)
 */
#ifndef LIVE_WATCH_HAND_H
#define LIVE_WATCH_HAND_H

#include "live/http/fleet_clock.h"
#include "live/journal/journal.h"
#include "model/fleet/fleet.h"
#include "witness.h"

struct hand;

struct hand_state {
    bool leads;       /* the lease is ours */
    char other[96];   /* who has it, while it is not */
    char held[320];   /* why nothing is written; "": nothing is held */
    int64_t writes;   /* so far */
    int64_t failures; /* writes or reads that went wrong, so far */
    bool done;        /* the world is as planned, as far as is known */
};

/* What is wished, and what is known of the world that wishes it. */
struct hand_wish {
    struct plan plan;
    bool fit[FLEET_HOSTS]; /* looks well by the policy's evidence */
    bool blind, paused;
    bool unwritten; /* the journal cannot be written */
    struct witness_state witness;
};

/* UND_USAGE where the fleet file does not allow actions. `run` is of the journal, whose lock the
 * caller holds. All is borrowed until hand_close. Writes since `hour_ms` (wall) count as done in
 * the last hour. */
enum und_code hand_open(struct hand **out, const struct fleet *fleet,
                        const struct fleet_clock *pace, struct journal *journal, int64_t run,
                        int64_t hour_ms, struct und_err *err);
/* Gives the lease back; a second or so, even where GitHub hangs. NULL is fine. */
void hand_close(struct hand *hand);

/* The last one counts. */
void hand_wish(struct hand *hand, const struct hand_wish *wish);
void hand_look(struct hand *hand, struct hand_state *out);

/* Pure: the plan as it may be carried out, given what is in the rotation. */
struct plan hand_limit(const struct hand_wish *wish, const int routed[FLEET_HOSTS]);
/* Pure: why nothing may be written whatever the plan; "" (static): nothing forbids it. */
const char *hand_forbids(const struct hand_wish *wish);
/* Pure: what becomes of it that every host looks bad at once (static). Nothing is written unless
 * the witness agrees. */
const char *hand_suspicion(const struct witness_state *witness);

#endif
