#include "course.h"

#include "model/base/assert.h"
#include "model/stats/stats.h"
#include "sim/world/world.h"

#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>

/* All replications; jobs waiting on average, by stretch and then by replication. */
static void run(const struct scenario *scenario, const struct experiment *experiment,
                struct time_slices *slices, int64_t n, double *value)
{
    struct world *world = world_open(scenario, experiment->always_tick);
    struct rep_host host[FLEET_HOSTS];
    struct rep_facet facet[SCENARIO_FACETS + 1];
    struct stream base;
    int64_t r;
    size_t i;
    stream_seed(&base, experiment->seed);
    for (r = 0; r < n; r++) {
        struct rep rep = {.host = host, .facet = facet};
        world_run(world, &base, &(struct replication){.rep = &rep, .slices = slices});
        for (i = 0; i < slices->n; i++)
            value[(int64_t)i * n + r] =
                (double)slices->stretch[i].queue_ms / (double)slices->width_ms;
        stream_long_jump(&base);
    }
    world_close(world);
}

static struct curve_stretch summarise(double *value, int64_t n)
{
    struct estimate mean = stats_skewed_mean(value, (size_t)n, STATS_CONFIDENCE);
    struct curve_stretch stretch = {.mean = mean.mean, .half_width = mean.half_width};
    gsl_sort(value, 1, (size_t)n);
    stretch.p5 = stats_quantile(value, (size_t)n, 0.05);
    stretch.p95 = stats_quantile(value, (size_t)n, 0.95);
    return stretch;
}

enum und_code course_run(const struct scenario *scenario, const struct experiment *experiment,
                         struct curve *curve, struct und_err *err)
{
    struct time_slices slices = {.n = COURSE_STRETCHES, .from_ms = scenario->warmup_ms};
    int64_t n = experiment_replications(scenario, experiment);
    double *value;
    int i;
    slices.width_ms = (scenario->duration_ms - scenario->warmup_ms) / COURSE_STRETCHES;
    if (scenario->duration_ms <= 0 || scenario->warmup_auto || slices.width_ms <= 0)
        return und_fail(err, UND_USAGE,
                        "%s: --curve: want a duration, and a warmup that is shorter and not auto",
                        scenario->path);
    if (n > (int64_t)(EXPERIMENT_BYTES / sizeof(double) / COURSE_STRETCHES))
        return und_fail(err, UND_USAGE, "%s: --curve: got %lld replications, want fewer",
                        scenario->path, (long long)n);
    slices.stretch = calloc(slices.n, sizeof *slices.stretch);
    value = calloc((size_t)n * slices.n, sizeof *value);
    *curve = (struct curve){.path = scenario->path,
                            .seed = experiment->seed,
                            .replications = n,
                            .from_ms = slices.from_ms,
                            .width_ms = slices.width_ms,
                            .stretch = calloc(slices.n, sizeof *curve->stretch),
                            .n = COURSE_STRETCHES};
    UND_ASSERT(slices.stretch != NULL && value != NULL && curve->stretch != NULL);
    run(scenario, experiment, &slices, n, value);
    for (i = 0; i < COURSE_STRETCHES; i++)
        curve->stretch[i] = summarise(value + (int64_t)i * n, n);
    free(value);
    free(slices.stretch);
    return UND_OK;
}
