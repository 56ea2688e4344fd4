#include "story_cases.h"
#include "model/base/assert.h"

#include <stdlib.h>

/* The kinds seen so far, and from which state first. */
struct kinds {
    uint64_t kind[STORY_CASES];
    uint32_t from[STORY_CASES];
    int n;
    uint32_t state;
};

static uint64_t kind_of(const struct move *move)
{
    uint64_t kind = move->plan->notices;
    int i;
    for (i = 0; i < move->after->n; i++) {
        uint64_t host = (uint64_t)move->before->host[i].phase * PHASE_COUNT +
                        (uint64_t)move->after->host[i].phase;
        kind = (kind * 0x100000001B3u ^ host) * 0x100000001B3u ^ move->plan->host[i].notices;
    }
    return kind;
}

/* Steps in which something is said or changes. */
static bool collect(void *context, const struct move *move)
{
    struct kinds *kinds = context;
    uint64_t kind;
    int i;
    if (move->kind != MOVE_STEP || kinds->n == STORY_CASES)
        return true;
    kind = kind_of(move);
    for (i = 0; i < kinds->n; i++)
        if (kinds->kind[i] == kind)
            return true;
    kinds->kind[kinds->n] = kind;
    kinds->from[kinds->n++] = kinds->state;
    return true;
}

static bool of_kind(void *context, const struct move *move)
{
    const uint64_t *kind = context;
    return move->kind == MOVE_STEP && kind_of(move) == *kind;
}

int story_cases(const struct space *space, const struct explore_result *result, FILE *out)
{
    struct mover *mover = calloc(1, sizeof *mover);
    struct kinds *kinds = calloc(1, sizeof *kinds);
    int i, told = 0;
    UND_ASSERT(mover != NULL && kinds != NULL);
    mover->space = space;
    mover->visit = collect;
    mover->context = kinds;
    for (kinds->state = 0; kinds->state < result->set.n; kinds->state++)
        moves_each(mover, stateset_key(&result->set, kinds->state));
    for (i = 0; i < kinds->n; i++) {
        struct story story;
        char name[32];
        story_tell(space, result, kinds->from[i], of_kind, &kinds->kind[i], &story);
        snprintf(name, sizeof name, "story-%d", told + 1);
        if (story.real) {
            story_print_case(&story, name, out);
            putc('\n', out);
            told++;
        }
        story_fini(&story);
    }
    free(kinds);
    free(mover);
    return told;
}
