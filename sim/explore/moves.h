/*
 * Everything that can happen to a state, one move at a time:
 *   a step      of the real policy_step at this very instant, with any view (letters.h)
 *   a tick      a unit of time passes without a step; several give a pause of any length
 *   a restart   of the controller from its stored state: its grace begins anew
 *   a loss      of that state: it begins as policy_init does
 * Steps take every arrangement of equal hosts, every reading of an age that lies exactly at its
 * constant (codec.h), and any clocks of the hosts' signs (signs.h).
 */
#ifndef SIM_EXPLORE_MOVES_H
#define SIM_EXPLORE_MOVES_H

#include "codec.h"
#include "letters.h"

enum move_kind { MOVE_STEP, MOVE_TICK, MOVE_RESTART, MOVE_LOSS, MOVE_KINDS };

/* Where states live. */
struct space {
    struct codec codec;
    struct letters *letters;
    uint128 first; /* the state of policy_init, when every host is well */
};

/* Refuses what codec_init refuses; space_close frees. The scale is copied. */
enum und_code space_open(struct space *space, const struct scale *scale, struct abstraction forget,
                         struct und_err *err);
void space_close(struct space *space);

/* The pointers are good until the next move. Of a tick and the like only `to` has a meaning. */
struct move {
    enum move_kind kind;
    uint128 to;
    int64_t now_ms; /* of a step */
    const struct policy_state *before, *after;
    const struct view *view;
    const struct meaning *meaning; /* of the view */
    const struct plan *plan;
    uint32_t turn; /* of a step: its number, from a place that depends on the state */
    bool not_yet;  /* some age exactly at its constant was taken for younger */
};

/* What a walk over moves needs besides, one a thread. */
struct mover {
    const struct space *space;
    bool (*visit)(void *context, const struct move *move); /* false ends the walk */
    void *context;
    struct policy_state before, after;
    struct view view;
    struct meaning meaning;
    struct plan plan;
    uint32_t turn;
};

/* All moves from `key`, in an order that depends on it alone. False: a visit ended the walk. */
bool moves_each(struct mover *mover, uint128 key);

/* Copies what a fleet of its size uses. */
void moves_copy(struct policy_state *to, const struct policy_state *from);

#endif
