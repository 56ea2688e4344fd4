#include "lasso.h"
#include "model/base/assert.h"

#include <stdlib.h>
#include <string.h>

/* The view for the hosts as they really stand: false: the stem has led elsewhere. */
static bool arrange_view(const struct codec *codec, const struct lasso *lasso,
                         const struct policy_state *state, int64_t now_ms, struct view *view)
{
    static const int factorial[] = {1, 1, 2, 6, 24};
    struct codec apart = *codec;
    struct policy_state *arranged = malloc(sizeof *arranged);
    int number, i, order[SCALE_HOSTS];
    bool found = false;
    UND_ASSERT(arranged != NULL);
    memset(apart.scale.like_last, 0, sizeof apart.scale.like_last);
    *view = lasso->view;
    for (number = 0; number < factorial[codec->scale.n] && !found; number++) {
        if (!scale_order(&codec->scale, number, order))
            continue;
        moves_copy(arranged, state);
        for (i = 0; i < state->n; i++)
            arranged->host[i] = state->host[order[i]];
        found = codec_pack(&apart, arranged, now_ms) == lasso->key;
        for (i = 0; i < state->n && found; i++)
            view->host[order[i]] = lasso->view.host[i];
    }
    free(arranged);
    return found;
}

/* The stem once more; returns the time of its last unit. */
static int64_t play_stem(const struct story *story, struct sequence *sequence)
{
    struct view fleet = {.n = story->scale.n};
    int64_t unit_ms = 0;
    int i;
    for (i = 0; i < fleet.n; i++)
        fleet.host[i] =
            (struct view_host){.slots = story->scale.slots[i], .tier = story->scale.tier[i]};
    sequence_begin(sequence, NULL, "", &story->scale.config, &fleet);
    for (i = 0; i < story->n; i++) {
        const struct story_move *move = &story->move[i];
        if (move->kind == MOVE_STEP)
            sequence_step(sequence, move->at_ms, &move->view);
        else if (move->kind == MOVE_TICK)
            unit_ms = move->at_ms;
        else
            sequence_restart(sequence, move->at_ms, move->kind == MOVE_LOSS);
    }
    return unit_ms;
}

void lasso_tell(const struct space *space, const struct explore_result *result,
                const struct lasso *lasso, struct story *story)
{
    const struct codec *codec = &space->codec;
    struct sequence *sequence = calloc(1, sizeof *sequence);
    uint128 *key = calloc(LASSO_STEPS + 1, sizeof *key);
    struct view view;
    int64_t unit_ms;
    int k, j, less_ms = lasso->not_yet ? 1 : 0;
    story_tell(space, result, lasso->state, NULL, NULL, story);
    UND_ASSERT(sequence != NULL && key != NULL);
    unit_ms = play_stem(story, sequence);
    story->real = arrange_view(codec, lasso, &sequence->state, unit_ms, &view) && story->real;
    story->stem = story->n;
    story->broken = lasso->circle ? PROPERTY_COMES_TO_REST : PROPERTY_RESTS_WELL;
    story->move = realloc(story->move, (size_t)(story->n + LASSO_STEPS) * sizeof *story->move);
    UND_ASSERT(story->move != NULL);
    key[0] = codec_pack(codec, &sequence->state, unit_ms);
    for (k = 1, j = -1; k < LASSO_STEPS && j < 0; k++) {
        int64_t at_ms = unit_ms + k * (codec->scale.unit_ms - less_ms);
        sequence_step(sequence, at_ms, &view);
        story->move[story->n++] = (struct story_move){.kind = MOVE_STEP, at_ms, view};
        key[k] = codec_pack(codec, &sequence->state, at_ms);
        for (j = k - 1; j >= 0 && key[j] != key[k]; j--)
            ;
    }
    story->circle = j < 0 || j == k - 2 ? story->n : story->stem + j;
    free(key);
    free(sequence);
}
