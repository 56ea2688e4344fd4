/*
 * How the policy comes to a state: a shortest path through what was explored, played through the
 * real policy from its beginning, in words.
 *
 * The path is found backwards, level by level, by taking the moves of the level before again;
 * nothing is stored for it. Playing it needs real times: of a step that takes an age at its
 * constant for younger (codec.h) the time is some milliseconds less than whole units. A path whose
 * every state is met again on the way is real; one that is not (an abstraction allowed it) says so.
 */
#ifndef SIM_EXPLORE_STORY_H
#define SIM_EXPLORE_STORY_H

#include "explore.h"
#include "sequence.h"

#include <jansson.h>

#define STORY_MOVES 512

struct story_move {
    enum move_kind kind;
    int64_t at_ms;
    struct view view; /* of a step */
};

struct story {
    struct scale scale;
    struct story_move *move;
    int n;
    bool real; /* the last step breaks what it is told to break, in the real policy */
    enum property
        broken; /* by the last step; PROPERTY_HOLDS: a story of how something is reached */
    int host;
    int stem; /* of a lasso: moves before the view stays as it is, which is then for ever; else 0 */
    int circle; /* of its moves, that from which on they come again; n: it is at rest */
};

/* The path to a state, and then the move that `last` accepts (NULL: none), which of all moves from
 * there and of their real counterparts is asked. */
typedef bool story_wanted(void *context, const struct move *move);
void story_tell(const struct space *space, const struct explore_result *result, uint32_t state,
                story_wanted *last, void *context, struct story *story);
/* To the first state from which a wanted move leads, and the move; a real one if there is one among
 * the first. False: there is none. */
bool story_find(const struct space *space, const struct explore_result *result,
                story_wanted *wanted, void *context, struct story *story);
/* To the violation. */
void story_of_violation(const struct space *space, const struct explore_result *result,
                        struct story *story);
void story_fini(struct story *story);

/* In words, a line a step. */
void story_print(const struct story *story, FILE *out);
json_t *story_json(const struct story *story); /* an array of them; new reference */
/* The same as decisions (sequence.h). */
void story_print_case(const struct story *story, const char *name, FILE *out);

#endif
