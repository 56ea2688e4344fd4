/*
 * Policy states as keys: every instant as an age, everything that no later step can tell apart
 * made equal, packed into as few bits as the scale needs (128 at most).
 *
 * Why integer ages lose nothing. The policy compares ages with constants that are whole units, so
 * a run of it is a timed run with guards `age >= c` and `age < c`. Make the second kind closed
 * (`age <= c`): at an age of exactly c both ways are open, and the explorer takes both, once with
 * the instant as it is and once a millisecond younger ("not yet"). All guards are then closed with
 * integer constants, and by Henzinger, Manna and Pnueli ("What good are digital clocks?", ICALP
 * 1992) rounding every time of a run, down where its fraction is at most some epsilon and else up,
 * gives again a run, with the same decisions in the same order: each real run has a digital one.
 * The converse need not hold; a counterexample is therefore played through the real policy before
 * it is believed (story.h). An age beyond c is c + 1: it is past every comparison, and c itself is
 * not. The same for the time that is left of a block. Of the failover log only what lies within the
 * hour is compared, and only as many entries as the limit.
 *
 * What is made equal: instants that their phase does not use; a log's older entries; how long the
 * fleet has been dark once a human is paged; equal hosts (same tier and slots) in any order.
 *
 * Two abstractions make more equal, for fleets that are too large otherwise; each run is still
 * among the explored ones:
 *   words  what is kept only to say things once (held, blind, paged, dark_ms) is forgotten after
 *          every step. It decides nothing but notices, and pages.
 *   guard  the flap guard's memory (failovers, blocked_until_ms) is forgotten, and every host that
 *          is out may be found blocked or not at every step, which is more than can happen.
 * What beyond the document's evidence is remembered is never packed, by the same argument: the
 * signs' clocks (signs.h), how often trouble has returned (a suspect host may be found returning or
 * not at every step), and how long a drain hides its reason (a host that is out may be found hidden
 * or not). Each decides by one comparison, and both its outcomes are taken.
 */
#ifndef SIM_EXPLORE_CODEC_H
#define SIM_EXPLORE_CODEC_H

#include "model/base/int128.h"
#include "scale.h"

#define CODEC_NOW_MS (1000 * SCALE_HOUR_MS) /* when an unpacked state is */
#define CODEC_TIMERS (SCALE_HOSTS * (3 + POLICY_FAILOVER_LOG) + 2)

struct abstraction {
    bool words, guard; /* true: forgotten */
};

struct codec {
    struct scale scale;
    struct abstraction forget;
    double per_ms; /* units */
    int age_bits, slot_bits, log;
    int host_bits, bits; /* of a host, of a key */
};

/* Where an unpacked state is ambiguous: *at lies exactly at its constant, and adding a millisecond
 * makes it "not yet"; or a host that is out may be blocked or hidden, a suspect one returning. */
struct codec_edges {
    struct {
        int64_t *at, add;
    } edge[CODEC_TIMERS];
    int n;
};

/* The scale is copied. Refuses states of more bits than a key has. */
enum und_code codec_init(struct codec *codec, const struct scale *scale, struct abstraction forget,
                         struct und_err *err);

/* Ages are rounded to the nearest unit. */
uint128 codec_pack(const struct codec *codec, const struct policy_state *state, int64_t now_ms);
/* Writes the hosts of the fleet and no others. `order` says which packed host becomes which; NULL:
 * as packed. */
void codec_unpack(const struct codec *codec, uint128 key, const int *order,
                  struct policy_state *state);
void codec_edges(const struct codec *codec, struct policy_state *state, struct codec_edges *edges);

/* The arrangements of equal hosts that differ, as permutations; returns their number. */
#define CODEC_ORDERS 24
int codec_orders(const struct codec *codec, uint128 key, int order[CODEC_ORDERS][SCALE_HOSTS]);

#endif
