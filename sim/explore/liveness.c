#include "liveness.h"
#include "model/base/assert.h"
#include "signs.h"

#include <stdlib.h>
#include <string.h>

#define CIRCLE INT16_MAX

enum { UNKNOWN = -1, ON_THE_WAY = -2 };

/* One constant view, and where each state goes under it. Equal hosts keep their places here: the
 * states are all arrangements of those that were explored. */
struct follow {
    struct codec codec; /* tells equal hosts apart */
    struct stateset set;
    uint32_t *origin; /* of each state, in the exploration */
    uint32_t *shape;  /* phases and admitted slots of each state */
    uint32_t *next, *way;
    int16_t *distance; /* units until the shape rests */
    struct host_letter letter[SCALE_HOSTS];
    bool shows[SCALE_HOSTS]; /* a sign that drains */
    struct view view;
    bool not_yet;
    struct policy_state state;
    struct plan plan;
};

static uint32_t shape_of(const struct policy_state *state)
{
    uint32_t shape = 0;
    int i;
    for (i = 0; i < state->n; i++)
        shape =
            shape << 8 | (uint32_t)state->host[i].phase << 4 | (uint32_t)state->host[i].admitted;
    return shape;
}

static enum phase phase_in(uint32_t shape, int host, int n)
{
    return (enum phase)(shape >> (8 * (n - 1 - host) + 4) & 15);
}

static void arrange_all(struct follow *follow, const struct space *space,
                        const struct explore_result *result)
{
    int order[CODEC_ORDERS][SCALE_HOSTS], i, n;
    uint32_t s;
    follow->codec = space->codec;
    follow->origin = malloc(result->set.n * CODEC_ORDERS * sizeof *follow->origin);
    UND_ASSERT(follow->origin != NULL);
    for (i = 0; i < SCALE_HOSTS; i++)
        follow->codec.scale.like_last[i] = false;
    stateset_init(&follow->set, space->codec.bits);
    for (s = 0; s < result->set.n; s++) {
        uint128 key = stateset_key(&result->set, s);
        n = codec_orders(&space->codec, key, order);
        for (i = 0; i < n; i++) {
            codec_unpack(&space->codec, key, order[i], &follow->state);
            follow->origin[stateset_add(
                &follow->set, codec_pack(&follow->codec, &follow->state, CODEC_NOW_MS))] = s;
        }
    }
    follow->shape = malloc(follow->set.n * sizeof *follow->shape);
    follow->next = malloc(follow->set.n * sizeof *follow->next);
    follow->way = malloc(follow->set.n * sizeof *follow->way);
    follow->distance = malloc(follow->set.n * sizeof *follow->distance);
    UND_ASSERT(follow->shape && follow->next && follow->way && follow->distance);
    for (s = 0; s < follow->set.n; s++) {
        codec_unpack(&follow->codec, stateset_key(&follow->set, s), NULL, &follow->state);
        follow->shape[s] = shape_of(&follow->state);
    }
}

/* A unit passes, then a step. */
static uint32_t successor(struct follow *follow, uint32_t from)
{
    const struct codec *codec = &follow->codec;
    struct codec_edges edges = {.n = 0};
    uint32_t to;
    int i;
    codec_unpack(codec, stateset_key(&follow->set, from), NULL, &follow->state);
    codec_unpack(codec, codec_pack(codec, &follow->state, CODEC_NOW_MS + codec->scale.unit_ms),
                 NULL, &follow->state);
    if (follow->not_yet)
        codec_edges(codec, &follow->state, &edges);
    for (i = 0; i < edges.n; i++)
        if (edges.edge[i].add == 1)
            *edges.edge[i].at += 1;
    for (i = 0; i < follow->state.n; i++) /* from some time on a sign that stays has lasted */
        signs_settle(&codec->scale.config, &follow->view.host[i], CODEC_NOW_MS,
                     &follow->state.host[i]);
    policy_step(&codec->scale.config, &follow->state, CODEC_NOW_MS, &follow->view, &follow->plan);
    to = stateset_find(&follow->set, codec_pack(codec, &follow->state, CODEC_NOW_MS));
    UND_ASSERT(to != STATESET_NONE); /* the exploration has been there */
    return to;
}

/* Follows from `start` to a state whose distance is known, or that stays as it is, or to a circle;
 * then counts back. */
static void measure_way(struct follow *follow, uint32_t start)
{
    uint32_t at = start, n = 0;
    int16_t distance;
    while (follow->distance[at] == UNKNOWN && follow->next[at] != at) {
        follow->distance[at] = ON_THE_WAY;
        follow->way[n++] = at;
        at = follow->next[at];
    }
    if (follow->distance[at] == UNKNOWN)
        follow->distance[at] = 0;
    distance = follow->distance[at] == ON_THE_WAY ? CIRCLE : follow->distance[at];
    while (n > 0) {
        uint32_t before = follow->way[--n];
        if (distance != CIRCLE && (distance > 0 || follow->shape[before] != follow->shape[at]))
            distance++;
        follow->distance[before] = distance;
        at = before;
    }
}

/* Where it rests, is every host where it should be? */
static bool rests_well(const struct follow *follow, uint32_t shape)
{
    int i, j, n = follow->codec.scale.n;
    for (i = 0; i < n; i++) {
        const struct host_letter *letter = &follow->letter[i];
        enum phase phase = phase_in(shape, i, n);
        bool another = false, clean = false, fit = letter->evidence == LETTER_FIT;
        for (j = 0; j < n; j++) {
            bool serves = j != i && follow->letter[j].evidence == LETTER_FIT &&
                          follow->letter[j].checked && !follow->letter[j].maintenance;
            another = another || serves;
            clean = clean || (serves && !follow->shows[j]);
        }
        if (!letter->maintenance && fit && letter->checked && !follow->shows[i] &&
            phase != PHASE_SERVING)
            return false;
        if (!letter->maintenance && fit && follow->shows[i] && clean && phase != PHASE_DRAINED)
            return false;
        if (!letter->maintenance && letter->evidence == LETTER_BAD && another &&
            phase != PHASE_DRAINED)
            return false;
        if (letter->maintenance && clean && phase != PHASE_MAINTENANCE)
            return false;
    }
    return true;
}

/* Keeps the one that is reached first. */
static void note_lasso(const struct follow *follow, uint32_t s, bool circle, struct lasso *lasso)
{
    if (lasso->is && lasso->state <= follow->origin[s])
        return;
    *lasso = (struct lasso){.is = true,
                            .circle = circle,
                            .state = follow->origin[s],
                            .key = stateset_key(&follow->set, s),
                            .not_yet = follow->not_yet,
                            .view = follow->view};
}

static void follow_view(struct follow *follow, struct liveness *liveness)
{
    uint32_t s;
    for (s = 0; s < follow->set.n; s++) {
        follow->next[s] = successor(follow, s);
        follow->distance[s] = UNKNOWN;
    }
    for (s = 0; s < follow->set.n; s++) {
        int16_t distance;
        measure_way(follow, s);
        distance = follow->distance[s];
        if (distance > liveness->bound) {
            liveness->late++;
            note_lasso(follow, s, true, &liveness->lasso);
        } else if (distance > liveness->rest) {
            liveness->rest = distance;
        }
        if (follow->next[s] == s && !rests_well(follow, follow->shape[s])) {
            liveness->wrong++;
            note_lasso(follow, s, false, &liveness->lasso);
        }
    }
    liveness->followed += follow->set.n;
}

/* The letters that a fresh view can have; who is seen empty says nothing more here. */
static int constant_letters(const struct letters *letters, struct choice choice[LETTERS_CHOICES])
{
    struct choice all[LETTERS_CHOICES];
    int i, n = 0, most = letters_for(letters, PHASE_MAINTENANCE, FEEDS_FRESH, all);
    for (i = 0; i < most; i++)
        if (!letters_of(all[i].letter).empty)
            choice[n++] = all[i];
    return n;
}

static void each_view(struct follow *follow, const struct space *space, struct liveness *liveness)
{
    struct choice choices[LETTERS_CHOICES], choice[SCALE_HOSTS];
    int at[SCALE_HOSTS] = {0}, n = space->codec.scale.n, i;
    int most = constant_letters(space->letters, choices);
    struct meaning meaning;
    do {
        for (i = 0; i < n; i++)
            choice[i] = choices[at[i]];
        letters_view(space->letters, FEEDS_FRESH, false, choice, (uint32_t)liveness->views++,
                     CODEC_NOW_MS, &follow->view, &meaning, &follow->state);
        for (i = 0; i < n; i++) {
            follow->letter[i] = meaning.host[i];
            follow->shows[i] = (signs_seen(&space->codec.scale.config, &follow->view.host[i]) &
                                signs_draining(&space->codec.scale.config)) != 0;
        }
        follow->not_yet = false;
        follow_view(follow, liveness);
        follow->not_yet = true;
        follow_view(follow, liveness);
        for (i = n - 1; i >= 0 && ++at[i] == most; i--)
            at[i] = 0;
    } while (i >= 0);
}

void liveness_check(const struct space *space, const struct explore_result *result,
                    struct liveness *liveness)
{
    const struct scale *scale = &space->codec.scale;
    struct follow *follow = calloc(1, sizeof *follow);
    UND_ASSERT(follow != NULL);
    *liveness = (struct liveness){0};
    /* One host after the other: grace and persistence of the trouble that stands in its way, then
     * its own block, clearing and ramp; one unit more for each that is read as "not yet". */
    liveness->bound = scale_cap(scale->grace) + scale_cap(scale->persist) +
                      scale_cap(scale->block) + scale_cap(scale->clear_for) +
                      2 * scale_cap(scale->ramp) + scale->n;
    arrange_all(follow, space, result);
    each_view(follow, space, liveness);
    free(follow->origin);
    free(follow->shape);
    free(follow->next);
    free(follow->way);
    free(follow->distance);
    stateset_fini(&follow->set);
    free(follow);
}
