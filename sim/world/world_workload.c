/* Arrivals of runs, their fan-out into jobs, the pool of jobs. */
#include "world.h"

#include "model/base/assert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS 3600000LL
#define DAY_MS (24 * HOUR_MS)
#define PEAK_HOUR 14 /* the sinusoidal day peaks here */

static double rate_at(const struct world *world, int64_t clock_ms)
{
    const struct workload *workload = &world->fleet->workload;
    double rate = workload->arrivals.rate_per_ms, angle;
    if (workload->arrivals.n_profile > 0)
        return rate * world->profile_scale *
               workload->arrivals.profile[clock_ms / HOUR_MS % workload->arrivals.n_profile];
    if (workload->arrivals.amplitude <= 0)
        return rate;
    angle = 2 * M_PI * (double)((clock_ms - (PEAK_HOUR - 6) * HOUR_MS) % DAY_MS) / (double)DAY_MS;
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
        world->rate_below[hour] = bounded ? fmin(begin, end) * (1 - hair) : 0;
        world->rate_above[hour] = bounded ? fmax(begin, end) * (1 + hair) : INFINITY;
    }
}

void world_workload_open(struct world *world)
{
    const struct workload *workload = &world->fleet->workload;
    double sum = 0, peak = 0;
    int i;
    for (i = 0; i < workload->n_classes; i++)
        world->class_weight_sum += workload->classes[i].weight;
    if (workload->fan_out.kind == FAN_OUT_GEOMETRIC && workload->fan_out.mean > 1)
        world->fan_out_scale = 1 / log1p(-1 / workload->fan_out.mean);
    world->rate_peak = workload->arrivals.rate_per_ms * (1 + workload->arrivals.amplitude);
    bound_rates(world);
    if (workload->arrivals.n_profile == 0)
        return;
    for (i = 0; i < workload->arrivals.n_profile; i++) {
        sum += workload->arrivals.profile[i];
        peak = fmax(peak, workload->arrivals.profile[i]);
    }
    world->profile_scale = workload->arrivals.n_profile / sum;
    world->rate_peak = workload->arrivals.rate_per_ms * peak * world->profile_scale;
}

/* Is the rate at that instant greater? Mostly the hour's bounds say so without a sine. */
static bool accepts(const struct world *world, double rate, int64_t at_ms)
{
    int64_t clock_ms = at_ms + world->scenario->start_ms;
    int64_t hour = clock_ms / HOUR_MS % 24;
    if (rate < world->rate_below[hour])
        return true;
    return rate < world->rate_above[hour] && rate < rate_at(world, clock_ms);
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
        from_ms -= log(stream_uniform(stream)) / world->rate_peak;
        if (steady || from_ms >= (double)world->end_ms)
            break;
        rate = stream_uniform(stream) * world->rate_peak;
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
        world->next_arrival_ms = next_poisson(world, world->next_arrival_ms);
        break;
    case ARRIVALS_RENEWAL:
        world->next_arrival_ms += (double)source_next_ms(&world->interval);
        break;
    case ARRIVALS_TRACE:
        if (world->next_trace >= workload->arrivals.trace.n)
            return;
        world->next_arrival_ms = (double)workload->arrivals.trace.submit_ms[world->next_trace];
        break;
    }
    if (world->next_arrival_ms < (double)world->end_ms)
        world_push(world, llround(world->next_arrival_ms), THEN_JOBS, EV_ARRIVAL, 0, 0);
}

void world_workload_start(struct world *world)
{
    const struct workload *workload = &world->fleet->workload;
    int i;
    for (i = 0; i < workload->n_classes && workload->arrivals.kind != ARRIVALS_TRACE; i++)
        source_init(&world->duration[i], &workload->classes[i].duration,
                    &world->streams[STREAM_CLASS_0 + i]);
    if (workload->arrivals.kind == ARRIVALS_RENEWAL)
        source_init(&world->interval, &workload->arrivals.interval,
                    &world->streams[STREAM_ARRIVAL]);
    world->next_arrival_ms = 0;
    world->next_trace = 0;
    world->jobs_used = world->jobs_created = 0;
    world->free_job = NONE;
    schedule_next(world);
}

static uint32_t take_job(struct world *world)
{
    uint32_t job = world->free_job;
    if (job != NONE) {
        world->free_job = world->jobs[job].next;
        return job;
    }
    if (world->jobs_used == WORLD_JOBS)
        return NONE;
    world->jobs[world->jobs_used].epoch = 0;
    return world->jobs_used++;
}

void world_workload_release(struct world *world, uint32_t job)
{
    UND_ASSERT(world->jobs[job].state != JOB_FREE && world->in_system > 0);
    world->jobs[job].state = JOB_FREE;
    world->jobs[job].epoch++;
    world->jobs[job].next = world->free_job;
    world->free_job = job;
    world->in_system--;
}

static uint32_t new_job(struct world *world, int job_class, int64_t work_ms)
{
    uint32_t job = take_job(world);
    uint32_t epoch;
    if (job == NONE) {
        world->rep->unstable = true;
        world->end_ms = world->now_ms;
        return NONE;
    }
    epoch = world->jobs[job].epoch;
    world->jobs[job] = (struct job){.created_ms = world->now_ms,
                                    .work_ms = work_ms,
                                    .started_ms = -1,
                                    .reg = NONE,
                                    .hosts = world->route,
                                    .cause = -1,
                                    .incident = -1,
                                    .epoch = epoch,
                                    .number = world->jobs_created++,
                                    .state = JOB_QUEUED,
                                    .job_class = (uint8_t)job_class};
    world->in_system++;
    return job;
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
        return 1 + (int)fmin(log(u) * world->fan_out_scale, 1e6);
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
    u = stream_uniform(&world->streams[STREAM_CLASS]) * world->class_weight_sum;
    for (i = 0; i < workload->n_classes - 1; i++)
        if ((u -= workload->classes[i].weight) < 0)
            break;
    return i;
}

static void submit_trace(struct world *world)
{
    const struct workload *workload = &world->fleet->workload;
    const struct trace *trace = &workload->arrivals.trace;
    size_t i = world->next_trace++;
    int job_class = trace->job_class ? trace->job_class[i] : 0;
    uint32_t job = new_job(world, job_class, trace->duration_ms[i]);
    if (job != NONE)
        world_github_submit(world, job);
}

void world_workload_arrival(struct world *world)
{
    const struct workload *workload = &world->fleet->workload;
    if (workload->arrivals.kind == ARRIVALS_TRACE) {
        submit_trace(world);
    } else {
        int n = draw_fan_out(world);
        while (n-- > 0) {
            int job_class = draw_class(world);
            int64_t work_ms = source_next_ms(&world->duration[job_class]);
            uint32_t job = new_job(world, job_class, work_ms);
            if (job == NONE)
                return;
            world_github_submit(world, job);
        }
    }
    schedule_next(world);
}

/* A re-run's duration is drawn afresh: restarting identical heavy-tailed work after each failure
 * would have an infinite mean. A trace without classes has nothing to draw from. */
int64_t world_workload_redraw(struct world *world, uint32_t job)
{
    const struct workload *workload = &world->fleet->workload;
    if (workload->n_classes == 0)
        return world->jobs[job].work_ms;
    return draw_ms(&workload->classes[world->jobs[job].job_class].duration,
                   &world->streams[STREAM_RERUN]);
}

uint32_t world_workload_rerun(struct world *world, uint32_t old)
{
    uint32_t job = new_job(world, world->jobs[old].job_class, world_workload_redraw(world, old));
    const struct job *before = &world->jobs[old];
    if (job == NONE)
        return NONE;
    world->jobs[job].attempt = (uint8_t)(before->attempt < 255 ? before->attempt + 1 : 255);
    world->jobs[job].incident = before->incident;
    world->jobs[job].cause = before->cause;
    return job;
}
