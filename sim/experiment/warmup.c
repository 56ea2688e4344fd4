#include "warmup.h"

#include "model/base/assert.h"
#include "model/stats/stats.h"

#include <stdlib.h>

#define PILOTS 20
#define STRETCHES 1000
#define PILOT_SEED 0x70696c6f74ULL /* so that the pilots' numbers are not the experiment's */

enum und_code warmup_check(const struct scenario *scenario, struct und_err *err)
{
    if (!scenario->warmup_auto)
        return scenario->duration_ms > 0 && scenario->warmup_ms >= scenario->duration_ms
                   ? und_fail(err, UND_USAGE, "%s: warmup: got %.0f s, want less than the duration",
                              scenario->path, (double)scenario->warmup_ms / 1000)
                   : UND_OK;
    return scenario->duration_ms > 0
               ? UND_OK
               : und_fail(err, UND_USAGE,
                          "%s: warmup: got auto without a duration, want a duration or a warmup",
                          scenario->path);
}

/* Jobs in the system, over the stretches, as the mean of the pilots. */
static void run_pilots(struct world *world, uint64_t seed, struct time_slices *slices, double *jobs)
{
    struct rep_host host[FLEET_HOSTS];
    struct rep rep = {.host = host};
    struct stream base;
    size_t i;
    int pilot;
    stream_seed(&base, seed ^ PILOT_SEED);
    for (pilot = 0; pilot < PILOTS; pilot++) {
        world_run(world, &base, &(struct replication){.rep = &rep, .slices = slices});
        for (i = 0; i < slices->n; i++)
            jobs[i] += (double)(slices->stretch[i].queue_ms + slices->stretch[i].busy_ms) / PILOTS;
        stream_long_jump(&base);
    }
    world_forget(world);
}

int64_t warmup_find(struct world *world, uint64_t seed, bool *settled)
{
    const struct scenario *scenario = world->scenario;
    struct time_slices slices = {.n = STRETCHES, .width_ms = scenario->duration_ms / STRETCHES};
    int64_t warmup_ms;
    double *jobs;
    size_t drop;
    slices.stretch = calloc(slices.n, sizeof *slices.stretch);
    jobs = calloc(slices.n, sizeof *jobs);
    UND_ASSERT(slices.stretch != NULL && jobs != NULL);
    run_pilots(world, seed, &slices, jobs);
    *settled = stats_warmup(jobs, slices.n, &drop);
    warmup_ms = (int64_t)drop * slices.width_ms;
    free(slices.stretch);
    free(jobs);
    return warmup_ms;
}
