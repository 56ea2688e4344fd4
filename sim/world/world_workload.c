#include "world.h"

#include "model/base/assert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS 3600000LL
#define DAY_MS (24 * HOUR_MS)

static double rate_at(const struct world *world, int64_t clock_ms)
{
    const struct workload *workload = &world->fleet->workload;
    double rate = workload->arrivals.rate_per_ms, angle;
    if (workload->arrivals.n_profile > 0)
        return rate * world->workload.profile_scale *
               workload->arrivals.profile[clock_ms / HOUR_MS % workload->arrivals.n_profile];
    if (workload->arrivals.amplitude <= 0)
        return rate;
    angle = 2 * M_PI * (double)((clock_ms - (ARRIVALS_PEAK_HOUR - 6) * HOUR_MS) % DAY_MS) /
            (double)DAY_MS;
    return rate * (1 + workload->arrivals.amplitude * sin(angle));
}

/* The sinusoid rises or falls through whole hours, so that its ends bound each; a hair apart from
 * them, no rounding decides. */
static void bound_rates(struct world *world)
{
    const double hair = 1e-9;
    bool bounded = world->fleet->workload.arrivals.n_profile == 0;
    int hour;
    for (hour = 0; hour < 24; hour++) {
        double begin = rate_at(world, hour * HOUR_MS), end = rate_at(world, (hour + 1) * HOUR_MS);
        world->workload.rate_below[hour] = bounded ? fmin(begin, end) * (1 - hair) : 0;
        world->workload.rate_above[hour] = bounded ? fmax(begin, end) * (1 + hair) : INFINITY;
    }
}

void world_workload_open(struct world *world)
{
    const struct workload *workload = &world->fleet->workload;
    double sum = 0, peak = 0;
    int i;
    world->workload = (struct world_workload){0};
    for (i = 0; i < workload->n_classes; i++) {
        world->workload.class_weight_sum += workload->classes[i].weight;
        world->workload.class_mcores[i] = llround(workload->classes[i].cores * 1000);
        world->workload.class_pm_a_ms[i] =
            1000 / fmax(dist_mean(&workload->classes[i].duration), 1);
    }
    if (workload->fan_out.kind == FAN_OUT_GEOMETRIC && workload->fan_out.mean > 1)
        world->workload.fan_out_scale = 1 / log1p(-1 / workload->fan_out.mean);
    world->workload.rate_peak = workload->arrivals.rate_per_ms * (1 + workload->arrivals.amplitude);
    bound_rates(world);
    if (workload->arrivals.n_profile == 0)
        return;
    for (i = 0; i < workload->arrivals.n_profile; i++) {
        sum += workload->arrivals.profile[i];
        peak = fmax(peak, workload->arrivals.profile[i]);
    }
    world->workload.profile_scale = workload->arrivals.n_profile / sum;
    world->workload.rate_peak =
        workload->arrivals.rate_per_ms * peak * world->workload.profile_scale;
}

/* Is the rate at that instant greater? Mostly the hour's bounds say so without a sine. */
static bool accepts(const struct world *world, double rate, int64_t at_ms)
{
    int64_t clock_ms = at_ms + world->scenario->start_ms;
    int64_t hour = clock_ms / HOUR_MS % 24;
    if (rate < world->workload.rate_below[hour])
        return true;
    return rate < world->workload.rate_above[hour] && rate < rate_at(world, clock_ms);
}

static void begin_spell(struct world *world)
{
    const struct workload *workload = &world->fleet->workload;
    double cv2 = workload->arrivals.modulation.cv2;
    double u = stream_uniform(world_modulation_stream(world));
    world->workload.spell_factor = cv2 * dist_gamma_quantile(1 / cv2, u);
    world->workload.spell_end_ms += (double)workload->arrivals.modulation.every_ms;
}

/* One more candidate of the thinned process; what a spell leaves of the wait is for the next one,
 * at its rate. */
static double next_candidate(struct world *world, double from_ms)
{
    struct stream *stream = &world->streams[STREAM_ARRIVAL];
    double wait_ms = -log(stream_uniform(stream)) / world->workload.rate_peak;
    if (world->fleet->workload.arrivals.modulation.cv2 <= 0)
        return from_ms + wait_ms;
    while (from_ms < (double)world->end_ms) {
        double left_ms = world->workload.spell_end_ms - from_ms;
        if (wait_ms <= left_ms * world->workload.spell_factor)
            return from_ms + wait_ms / world->workload.spell_factor;
        wait_ms -= left_ms * world->workload.spell_factor;
        from_ms = world->workload.spell_end_ms;
        begin_spell(world);
    }
    return from_ms;
}

/* The next arrival of a Poisson process, by thinning where its rate varies (Lewis, Shedler 1979).
 * Rounding each instant, not each interval, keeps the rate exact. */
static double next_poisson(struct world *world, double from_ms)
{
    struct stream *stream = &world->streams[STREAM_ARRIVAL];
    bool steady = world->fleet->workload.arrivals.n_profile == 0 &&
                  world->fleet->workload.arrivals.amplitude <= 0;
    double rate;
    do {
        from_ms = next_candidate(world, from_ms);
        if (steady || from_ms >= (double)world->end_ms)
            break;
        rate = stream_uniform(stream) * world->workload.rate_peak;
    } while (!accepts(world, rate, (int64_t)from_ms));
    return from_ms;
}

static void schedule_next(struct world *world)
{
    const struct workload *workload = &world->fleet->workload;
    switch (workload->arrivals.kind) {
    case ARRIVALS_NONE:
        return;
    case ARRIVALS_POISSON:
        world->workload.next_arrival_ms = next_poisson(world, world->workload.next_arrival_ms);
        break;
    case ARRIVALS_RENEWAL:
        world->workload.next_arrival_ms += (double)source_next_ms(&world->workload.interval);
        break;
    case ARRIVALS_TRACE:
        if (world->workload.next_trace >= workload->arrivals.trace.n)
            return;
        world->workload.next_arrival_ms =
            (double)workload->arrivals.trace.submit_ms[world->workload.next_trace];
        break;
    }
    if (world->workload.next_arrival_ms < (double)world->end_ms)
        world_push(world, llround(world->workload.next_arrival_ms), THEN_JOBS, EV_ARRIVAL, 0, 0);
}

void world_workload_start(struct world *world)
{
    const struct workload *workload = &world->fleet->workload;
    int i;
    for (i = 0; i < workload->n_classes && workload->arrivals.kind != ARRIVALS_TRACE; i++)
        source_init(&world->workload.duration[i], &workload->classes[i].duration,
                    &world->streams[STREAM_CLASS_0 + i]);
    if (workload->arrivals.kind == ARRIVALS_RENEWAL)
        source_init(&world->workload.interval, &workload->arrivals.interval,
                    &world->streams[STREAM_ARRIVAL]);
    world->workload.next_arrival_ms = 0;
    world->workload.next_trace = 0;
    world->workload.spell_end_ms = 0;
    if (workload->arrivals.modulation.cv2 > 0)
        begin_spell(world);
    schedule_next(world);
}

static int draw_fan_out(struct world *world)
{
    const struct workload *workload = &world->fleet->workload;
    struct stream *stream = &world->streams[STREAM_FAN_OUT];
    double u, sum = 0;
    int i;
    switch (workload->fan_out.kind) {
    case FAN_OUT_FIXED:
        return (int)lround(workload->fan_out.mean);
    case FAN_OUT_GEOMETRIC:
        if (workload->fan_out.mean <= 1)
            return 1;
        u = stream_uniform(stream);
        return 1 + (int)fmin(log(u) * world->workload.fan_out_scale, 1e6);
    case FAN_OUT_EMPIRICAL:
        u = stream_uniform(stream);
        for (i = 0; i < workload->fan_out.n_weights; i++)
            sum += workload->fan_out.weights[i];
        for (i = 0; i < workload->fan_out.n_weights - 1; i++)
            if ((u -= workload->fan_out.weights[i] / sum) < 0)
                break;
        return i + 1;
    }
    UND_UNREACHABLE();
}

static int draw_class(struct world *world)
{
    const struct workload *workload = &world->fleet->workload;
    double u;
    int i;
    if (workload->n_classes <= 1)
        return 0;
    u = stream_uniform(&world->streams[STREAM_CLASS]) * world->workload.class_weight_sum;
    for (i = 0; i < workload->n_classes - 1; i++)
        if ((u -= workload->classes[i].weight) < 0)
            break;
    return i;
}

/* Of the run's job number n: drawn, or as the file gives them. */
static int class_of(struct world *world, int n)
{
    const struct workload *workload = &world->fleet->workload;
    int i = 0;
    if (workload->n_classes == 0 || workload->classes[0].jobs == 0)
        return draw_class(world);
    while (i < workload->n_classes - 1 && n >= workload->classes[i].jobs)
        n -= workload->classes[i++].jobs;
    return i;
}

static void submit_trace(struct world *world)
{
    const struct workload *workload = &world->fleet->workload;
    const struct trace *trace = &workload->arrivals.trace;
    size_t i = world->workload.next_trace++;
    int job_class = trace->job_class ? trace->job_class[i] : 0;
    uint32_t job = world_job_new(world, job_class, trace->duration_ms[i]);
    if (job != NONE)
        world_github_submit(world, job);
}

/* False: there is no room for all of it. */
static bool submit_run(struct world *world)
{
    bool needs = world_needs_any(world);
    uint32_t run = needs ? world_needs_begin(world) : NONE, job;
    int i, n = draw_fan_out(world);
    if (needs && run == NONE)
        return false;
    for (i = 0; i < n; i++) {
        int job_class = class_of(world, i);
        int64_t work_ms = source_next_ms(&world->workload.duration[job_class]);
        if (needs) {
            if (!world_needs_add(world, run, job_class, work_ms))
                return false;
            continue;
        }
        if ((job = world_job_new(world, job_class, work_ms)) == NONE)
            return false;
        world_github_submit(world, job);
    }
    if (needs)
        world_needs_go(world, run);
    return true;
}

void world_workload_canary(struct world *world, int64_t work_ms)
{
    uint32_t job = world_job_new(world, 0, work_ms);
    if (job != NONE)
        world_github_submit(world, job);
}

void world_workload_arrival(struct world *world)
{
    const struct workload *workload = &world->fleet->workload;
    if (workload->arrivals.kind == ARRIVALS_TRACE) {
        submit_trace(world);
    } else if (!submit_run(world)) {
        return;
    }
    schedule_next(world);
}

/* A re-run's duration is drawn afresh: restarting identical heavy-tailed work after each failure
 * would have an infinite mean. A trace brings its own where its classes say nothing. */
int64_t world_workload_redraw(struct world *world, uint32_t job)
{
    const struct workload *workload = &world->fleet->workload;
    const struct job *j = &world->jobs.job[job];
    const struct dist *duration = &workload->classes[j->job_class].duration;
    if (workload->arrivals.kind == ARRIVALS_TRACE && dist_mean(duration) <= 0)
        return j->work_ms;
    return draw_ms(duration, &world->streams[STREAM_RERUN]);
}

bool world_workload_reruns(const struct world *world)
{
    return world->fleet->workload.on_failure != ON_FAILURE_FAIL;
}

uint32_t world_workload_rerun(struct world *world, uint32_t old)
{
    return world_job_again(world, old, world_workload_redraw(world, old));
}

bool world_workload_over(const struct world *world)
{
    return world->jobs.in_system == 0 &&
           world->workload.next_trace >= world->fleet->workload.arrivals.trace.n;
}
