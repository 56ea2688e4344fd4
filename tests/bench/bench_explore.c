#include "bench_explore.h"

#include "model/base/assert.h"
#include "model/load/loader.h"
#include "sim/explore/explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PAIR "scenarios/paws360.yaml"
#define SAMPLES 512
#define EVERY 997 /* moves between two samples */
#define STEPS 2000000

static struct space *space;

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void open_space(void)
{
    struct fleet *fleet;
    struct scale_limits limits = {.units = 1};
    struct abstraction forget = {.words = true};
    struct scale scale;
    struct und_err err = {0};
    if (space)
        return;
    fleet = calloc(1, sizeof *fleet);
    space = calloc(1, sizeof *space);
    UND_ASSERT(fleet != NULL && space != NULL);
    if (fleet_load(fleet, PAIR, NULL, 0, &err) != UND_OK ||
        scale_fleet(fleet, &limits, &scale, &err) != UND_OK ||
        space_open(space, &scale, forget, &err) != UND_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(UND_USAGE);
    }
    fleet_fini(fleet);
    free(fleet);
}

double bench_explore_transition(void)
{
    struct explore_options options = {.threads = 1};
    struct explore_result *result = calloc(1, sizeof *result);
    double start, ns;
    UND_ASSERT(result != NULL);
    open_space();
    start = now_ns();
    explore_run(space, &options, result);
    UND_ASSERT(result->complete);
    ns = (now_ns() - start) / (double)result->transitions;
    explore_fini(result);
    free(result);
    return ns;
}

struct moment {
    struct policy_state state;
    struct view view;
};

struct taking {
    struct moment *sample;
    int n, moves;
};

static bool take(void *context, const struct move *move)
{
    struct taking *samples = context;
    if (move->kind != MOVE_STEP || samples->moves++ % EVERY != 0)
        return true;
    samples->sample[samples->n].state = *move->before;
    samples->sample[samples->n++].view = *move->view;
    return samples->n < SAMPLES;
}

double bench_explore_step(void)
{
    static struct policy_state state;
    static struct plan plan;
    static struct moment sample[SAMPLES];
    static struct taking samples = {.sample = sample};
    struct mover *mover;
    double start;
    int i;
    open_space();
    if (samples.n == 0) {
        struct explore_options options = {.threads = 1};
        struct explore_result *result = calloc(1, sizeof *result);
        uint32_t s;
        mover = calloc(1, sizeof *mover);
        UND_ASSERT(result != NULL && mover != NULL);
        *mover = (struct mover){.space = space, .visit = take, .context = &samples};
        explore_run(space, &options, result);
        for (s = 0; s < result->set.n && samples.n < SAMPLES; s += 8)
            moves_each(mover, stateset_key(&result->set, s));
        explore_fini(result);
        free(result);
        free(mover);
    }
    start = now_ns();
    for (i = 0; i < STEPS; i++) {
        const struct moment *from = &sample[i % samples.n];
        moves_copy(&state, &from->state);
        policy_step(&space->codec.scale.config, &state, CODEC_NOW_MS, &from->view, &plan);
    }
    return (now_ns() - start) / STEPS;
}
