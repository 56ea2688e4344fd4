#include "warmup.h"

#include "model/assert.h"
#include "model/stats.h"
#include "model/units.h"
#include "steady.h"

#include <gsl/gsl_statistics_double.h>
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
static void run_pilots(struct world *world, uint64_t seed, struct course *course, double *jobs)
{
    struct rep_host host[FLEET_HOSTS];
    struct rep rep = {.host = host};
    struct stream base;
    size_t i;
    int pilot;
    stream_seed(&base, seed ^ PILOT_SEED);
    world->course = course;
    for (pilot = 0; pilot < PILOTS; pilot++) {
        world_run(world, &base, &rep, NULL, 0);
        for (i = 0; i < course->n; i++)
            jobs[i] += (double)(course->stretch[i].queue_ms + course->stretch[i].busy_ms) / PILOTS;
        stream_long_jump(&base);
    }
    world->course = NULL;
    world_forget(world);
}

/* Takes from each value the median of those at the same place of all periods: half of them know
 * nothing of the start. */
static void take_out_period(double *value, size_t n, size_t period)
{
    double *same = calloc(n / period + 1, sizeof *same);
    size_t place, i;
    UND_ASSERT(same != NULL);
    for (place = 0; place < period; place++) {
        double median;
        size_t count = 0;
        for (i = place; i < n; i += period)
            same[count++] = value[i];
        median = gsl_stats_median(same, 1, count);
        for (i = place; i < n; i += period)
            value[i] -= median;
    }
    free(same);
}

int64_t warmup_find(struct world *world, uint64_t seed, bool *settled)
{
    const struct scenario *scenario = world->scenario;
    int64_t period_ms = steady_period_ms(&scenario->fleet.workload), warmup_ms;
    bool periodic = period_ms > 1 && scenario->duration_ms >= 2 * period_ms;
    struct course course = {.n = STRETCHES, .width_ms = scenario->duration_ms / STRETCHES};
    double *jobs;
    size_t drop;
    if (periodic)
        course = (struct course){.n = (size_t)(scenario->duration_ms / UNITS_HOUR),
                                 .width_ms = UNITS_HOUR};
    course.stretch = calloc(course.n, sizeof *course.stretch);
    jobs = calloc(course.n, sizeof *jobs);
    UND_ASSERT(course.stretch != NULL && jobs != NULL);
    run_pilots(world, seed, &course, jobs);
    if (periodic)
        take_out_period(jobs, course.n, (size_t)(period_ms / UNITS_HOUR));
    *settled = stats_warmup(jobs, course.n, &drop);
    warmup_ms = (int64_t)drop * course.width_ms;
    free(course.stretch);
    free(jobs);
    return warmup_ms;
}
