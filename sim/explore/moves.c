#include "moves.h"
#include "model/base/assert.h"
#include "stateset.h"

#include <stddef.h>
#include <string.h>

enum und_code space_open(struct space *space, const struct scale *scale, struct abstraction forget,
                         struct und_err *err)
{
    static struct policy_state state;
    struct view view = {.n = scale->n};
    int i;
    if (codec_init(&space->codec, scale, forget, err) != UND_OK)
        return err->code;
    space->letters = letters_open(&space->codec.scale);
    for (i = 0; i < scale->n; i++)
        view.host[i] = (struct view_host){.slots = scale->slots[i], .tier = scale->tier[i]};
    policy_init(&scale->config, &state, CODEC_NOW_MS, &view);
    space->first = codec_pack(&space->codec, &state, CODEC_NOW_MS);
    return UND_OK;
}

void space_close(struct space *space)
{
    letters_close(space->letters);
}

void moves_copy(struct policy_state *to, const struct policy_state *from)
{
    memcpy(to, from, offsetof(struct policy_state, host) + (size_t)from->n * sizeof from->host[0]);
}

/* One step of the real policy. */
static bool step(struct mover *mover, bool not_yet)
{
    const struct codec *codec = &mover->space->codec;
    struct move move = {.kind = MOVE_STEP,
                        .now_ms = CODEC_NOW_MS,
                        .before = &mover->before,
                        .after = &mover->after,
                        .view = &mover->view,
                        .meaning = &mover->meaning,
                        .plan = &mover->plan,
                        .turn = mover->turn,
                        .not_yet = not_yet};
    moves_copy(&mover->after, &mover->before);
    policy_step(&codec->scale.config, &mover->after, CODEC_NOW_MS, &mover->view, &mover->plan);
    move.to = codec_pack(codec, &mover->after, CODEC_NOW_MS);
    return mover->visit(mover->context, &move);
}

/* Every combination of the hosts' letters, the last host's first. */
static bool each_view(struct mover *mover, enum feeds_letter feeds, bool paused, bool not_yet)
{
    const struct space *space = mover->space;
    struct choice choices[SCALE_HOSTS][LETTERS_CHOICES], choice[SCALE_HOSTS];
    int n = space->codec.scale.n, most[SCALE_HOSTS], at[SCALE_HOSTS] = {0}, i;
    for (i = 0; i < n; i++) {
        most[i] = letters_for(space->letters, mover->before.host[i].phase, feeds, choices[i]);
        choice[i] = choices[i][0];
    }
    do {
        letters_view(space->letters, feeds, paused, choice, mover->turn++, CODEC_NOW_MS,
                     &mover->view, &mover->meaning, &mover->before);
        if (!step(mover, not_yet))
            return false;
        for (i = n - 1; i >= 0 && ++at[i] == most[i]; i--) {
            at[i] = 0;
            choice[i] = choices[i][0];
        }
        if (i >= 0)
            choice[i] = choices[i][at[i]];
    } while (i >= 0);
    return true;
}

static bool each_fleet(struct mover *mover, bool not_yet)
{
    int feeds;
    for (feeds = 0; feeds < mover->space->letters->feeds; feeds++)
        if (!each_view(mover, (enum feeds_letter)feeds, false, not_yet) ||
            !each_view(mover, (enum feeds_letter)feeds, true, not_yet))
            return false;
    return true;
}

/* Every subset of the ages that lie at their constants, taken for younger. */
static bool each_reading(struct mover *mover)
{
    struct codec_edges edges;
    unsigned subset, last = 0;
    int i;
    codec_edges(&mover->space->codec, &mover->before, &edges);
    UND_ASSERT(edges.n < 16);
    for (subset = 0; subset < 1u << edges.n; subset++) {
        for (i = 0; i < edges.n; i++)
            *edges.edge[i].at +=
                edges.edge[i].add * ((int)(subset >> i & 1) - (int)(last >> i & 1));
        last = subset;
        if (!each_fleet(mover, subset != 0))
            return false;
    }
    return true;
}

/* Time passes, or the controller starts again. */
static bool each_other(struct mover *mover, uint128 key)
{
    const struct codec *codec = &mover->space->codec;
    struct move move = {.kind = MOVE_TICK, .before = &mover->before, .after = &mover->after};
    codec_unpack(codec, key, NULL, &mover->before);
    moves_copy(&mover->after, &mover->before);
    move.to = codec_pack(codec, &mover->after, CODEC_NOW_MS + codec->scale.unit_ms);
    if (!mover->visit(mover->context, &move))
        return false;
    move.kind = MOVE_RESTART;
    policy_restart(&mover->after, CODEC_NOW_MS);
    move.to = codec_pack(codec, &mover->after, CODEC_NOW_MS);
    if (!mover->visit(mover->context, &move))
        return false;
    move.kind = MOVE_LOSS;
    move.to = mover->space->first;
    return mover->visit(mover->context, &move);
}

bool moves_each(struct mover *mover, uint128 key)
{
    int order[CODEC_ORDERS][SCALE_HOSTS];
    int i, n = codec_orders(&mover->space->codec, key, order);
    mover->turn = (uint32_t)stateset_hash(key);
    for (i = 0; i < n; i++) {
        codec_unpack(&mover->space->codec, key, order[i], &mover->before);
        if (!each_reading(mover))
            return false;
    }
    return each_other(mover, key);
}
