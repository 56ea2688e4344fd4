#include "warmup.h"

#include "model/base/assert.h"
#include "model/stats/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PILOTS 20
#define STRETCHES 1000
#define MEMORIES 4                 /* autocorrelation times until the start is forgotten */
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

/* Of each pilot, over the stretches: jobs in the system, and the time that a job could start. */
struct courses {
    double *jobs, *up;
};

static void run_pilots(struct world *world, uint64_t seed, struct time_slices *slices,
                       struct courses *courses)
{
    struct rep_host host[FLEET_HOSTS];
    struct rep rep = {.host = host};
    struct stream base;
    size_t i, pilot;
    stream_seed(&base, seed ^ PILOT_SEED);
    for (pilot = 0; pilot < PILOTS; pilot++) {
        world_run(world, &base, &(struct replication){.rep = &rep, .slices = slices});
        for (i = 0; i < slices->n; i++) {
            const struct stretch *stretch = &slices->stretch[i];
            courses->jobs[pilot * STRETCHES + i] = (double)(stretch->queue_ms + stretch->busy_ms);
            courses->up[pilot * STRETCHES + i] = (double)stretch->up_ms;
        }
        stream_long_jump(&base);
    }
    world_forget(world);
}

/* How many stretches of one quantity's course to drop. Leaves its residuals in `course`. */
static size_t drop_of(double *course, bool *settled)
{
    double mean[STRETCHES] = {0};
    size_t i, pilot, drop, kept;
    for (i = 0; i < PILOTS * STRETCHES; i++)
        mean[i % STRETCHES] += course[i] / PILOTS;
    *settled = stats_warmup(mean, STRETCHES, &drop) && *settled;
    for (i = 0; i < PILOTS * STRETCHES; i++)
        course[i] -= mean[i % STRETCHES];
    kept = STRETCHES - drop;
    for (pilot = 0; pilot < PILOTS; pilot++) /* what is kept of each, one behind the other */
        memmove(course + pilot * kept, course + pilot * STRETCHES + drop, kept * sizeof *course);
    i = (size_t)ceil(MEMORIES * stats_memory(course, PILOTS, kept));
    if (i > STRETCHES / 2) {
        *settled = false;
        i = STRETCHES / 2;
    }
    return i > drop ? i : drop;
}

int64_t warmup_find(struct world *world, uint64_t seed, bool *settled)
{
    const struct scenario *scenario = world->scenario;
    struct time_slices slices = {.n = STRETCHES, .width_ms = scenario->duration_ms / STRETCHES};
    struct courses courses = {calloc(PILOTS * STRETCHES, sizeof(double)),
                              calloc(PILOTS * STRETCHES, sizeof(double))};
    size_t of_jobs, of_hosts;
    slices.stretch = calloc(slices.n, sizeof *slices.stretch);
    UND_ASSERT(slices.stretch != NULL && courses.jobs != NULL && courses.up != NULL);
    run_pilots(world, seed, &slices, &courses);
    *settled = true;
    of_jobs = drop_of(courses.jobs, settled);
    of_hosts = drop_of(courses.up, settled);
    free(slices.stretch);
    free(courses.jobs);
    free(courses.up);
    return (int64_t)(of_jobs > of_hosts ? of_jobs : of_hosts) * slices.width_ms;
}
