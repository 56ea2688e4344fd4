#include "steady.h"

#include "model/base/assert.h"
#include "model/base/units.h"
#include "model/stats/stats.h"

#include <math.h>
#include <stdlib.h>

#define SECTIONS 3
#define LONG_RUN_SECTIONS 8
#define GROWING 0.9 /* share of the replications */
#define LINEAR 0.75 /* second half's growth over the first half's */

/* Nothing happens just once, and the run has an end. */
static bool is_asked(const struct scenario *scenario)
{
    int i;
    for (i = 0; i < scenario->n_faults; i++)
        if (!scenario->faults[i].has_every)
            return false;
    return scenario->duration_ms > 0 && scenario->fleet.workload.arrivals.kind != ARRIVALS_TRACE;
}

/* The load's own: a day, a week, or 1 where it is the same at all times. */
static int64_t period_ms(const struct workload *workload)
{
    if (workload->arrivals.kind != ARRIVALS_POISSON)
        return 1;
    if (workload->arrivals.n_profile > 0)
        return workload->arrivals.n_profile * UNITS_HOUR;
    return workload->arrivals.amplitude > 0 ? UNITS_DAY : 1;
}

/* ---- is the load below the capacity? ---- */

static double jobs_per_run(const struct workload *workload)
{
    double sum = 0, jobs = 0;
    int i;
    if (workload->fan_out.kind != FAN_OUT_EMPIRICAL)
        return workload->fan_out.mean;
    for (i = 0; i < workload->fan_out.n_weights; i++) {
        sum += workload->fan_out.weights[i];
        jobs += (i + 1) * workload->fan_out.weights[i];
    }
    return jobs / sum;
}

/* Jobs are killed at their time-out, so that work beyond it is never done: then the mean duration
 * is only a bound, and no statement about the load. */
static double mean_work(const struct workload *workload, bool *bounded)
{
    double weights = 0, work = 0;
    int i;
    for (i = 0; i < workload->n_classes; i++) {
        weights += workload->classes[i].weight;
        work += workload->classes[i].weight * dist_mean(&workload->classes[i].duration);
        *bounded = *bounded || workload->classes[i].timeout_ms > 0;
    }
    return work / weights;
}

static double capacity(const struct fleet *fleet)
{
    double slots = 0;
    int i;
    for (i = 0; i < fleet->n_hosts; i++) {
        const struct host *host = &fleet->hosts[i];
        double up = 1;
        if (host->has_mtbf)
            up = dist_mean(&host->mtbf) / (dist_mean(&host->mtbf) + dist_mean(&host->mttr));
        slots += up * host->slots * host->speed;
    }
    return slots;
}

enum und_code steady_check(const struct scenario *scenario, struct und_err *err)
{
    const struct workload *workload = &scenario->fleet.workload;
    bool bounded = workload->queue.capacity >= 0 || workload->queue.has_patience;
    double rate = workload->arrivals.rate_per_ms, work, load;
    if (!is_asked(scenario) || workload->arrivals.kind == ARRIVALS_NONE)
        return UND_OK;
    if (workload->arrivals.kind == ARRIVALS_RENEWAL)
        rate = 1 / dist_mean(&workload->arrivals.interval);
    work = mean_work(workload, &bounded);
    load = rate * jobs_per_run(workload) * work / capacity(&scenario->fleet);
    if (bounded || load < 1)
        return UND_OK;
    return und_fail(err, UND_USAGE,
                    "%s: workload: unstable: got an offered load of %.1f%% of the capacity, want "
                    "below 100%% (or a queue capacity, patience or a fault)",
                    scenario->path, 100 * load);
}

/* ---- does the queue grow? ---- */

void steady_lay_out(const struct scenario *scenario, int64_t warmup_ms, int64_t replications,
                    struct time_slices *slices)
{
    bool few = replications < STEADY_FEW;
    int64_t n = few ? STEADY_LONG_RUN : SECTIONS;
    int64_t whole = period_ms(&scenario->fleet.workload);
    int64_t observed_ms = scenario->duration_ms - warmup_ms;
    *slices = (struct time_slices){.from_ms = scenario->duration_ms};
    if (!is_asked(scenario))
        return;
    /* Sections of whole days (weeks), or the day alone would make the queue grow. */
    whole *= few ? LONG_RUN_SECTIONS : SECTIONS;
    observed_ms -= observed_ms % whole;
    slices->width_ms = observed_ms / n;
    if (slices->width_ms == 0)
        return;
    slices->n = (size_t)n;
    slices->from_ms = scenario->duration_ms - n * slices->width_ms;
}

static void section_queues(const struct findings *f, int64_t r, int sections, double *queue)
{
    size_t each = f->slices.n / (size_t)sections, i;
    for (i = 0; i < (size_t)sections; i++)
        queue[i] = 0;
    for (i = 0; i < f->slices.n; i++)
        queue[i / each] += (double)f->stretch[(size_t)r * f->slices.n + i].queue_ms;
}

bool steady_grows(const struct findings *f)
{
    int sections = f->slices.n == SECTIONS ? SECTIONS : LONG_RUN_SECTIONS, i;
    double queue[LONG_RUN_SECTIONS], first_half = 0, second_half = 0;
    int64_t r, growing = 0;
    if (f->slices.n == 0)
        return false;
    for (r = 0; r < f->n; r++) {
        bool grows = true;
        section_queues(f, r, sections, queue);
        for (i = 1; i < sections; i++)
            grows = grows && queue[i] > queue[i - 1];
        growing += grows;
        first_half += queue[(sections - 1) / 2] - queue[0];
        second_half += queue[sections - 1] - queue[sections / 2];
    }
    return (double)growing >= GROWING * (double)f->n && second_half >= LINEAR * first_half;
}

/* ---- batch means ---- */

/* Sums neighbours. */
static size_t coarsen(double *value, size_t n)
{
    size_t i;
    for (i = 0; i < n / 2; i++)
        value[i] = value[2 * i] + value[2 * i + 1];
    return n / 2;
}

/* Half the width of the mean's interval over batches that are long enough: neighbours are no more
 * correlated than independent ones would be. NAN where the run is too short for such. */
static double batched_half_width(double *value, size_t n)
{
    double scale = 1;
    for (; n >= STATS_BATCHED; scale /= 2, n = coarsen(value, n)) {
        struct batches batches = stats_batch_means(value, n, STATS_CONFIDENCE);
        if (batches.correlation <= 2 / sqrt((double)batches.estimate.n))
            return scale * batches.estimate.half_width;
    }
    return NAN;
}

typedef int64_t part(const struct stretch *stretch);

static int64_t queue_ms(const struct stretch *stretch)
{
    return stretch->queue_ms;
}

static int64_t busy_ms(const struct stretch *stretch)
{
    return stretch->busy_ms;
}

static int64_t up_ms(const struct stretch *stretch)
{
    return stretch->up_ms;
}

static int64_t wait_sum_ms(const struct stretch *stretch)
{
    return stretch->wait_sum_ms;
}

static int64_t waited(const struct stretch *stretch)
{
    return stretch->waited;
}

static int64_t started(const struct stretch *stretch)
{
    return stretch->started;
}

/* Of the ratio of sums of a and b (b NULL: time), by its residuals a - ratio b. */
static void ratio(const struct findings *f, part *a, part *b, double scale, struct quantity *q)
{
    size_t n = f->slices.n * (size_t)f->n, i;
    double *residual = calloc(n, sizeof *residual), sum_a = 0, sum_b = 0, each, half_width;
    UND_ASSERT(residual != NULL);
    for (i = 0; i < n; i++) {
        sum_a += (double)a(&f->stretch[i]);
        sum_b += b ? (double)b(&f->stretch[i]) : (double)f->slices.width_ms;
    }
    each = sum_b / (double)n;
    for (i = 0; i < n && sum_b > 0; i++)
        residual[i] = (double)a(&f->stretch[i]) -
                      sum_a / sum_b * (b ? (double)b(&f->stretch[i]) : (double)f->slices.width_ms);
    half_width = sum_b > 0 ? batched_half_width(residual, n) * scale / each : NAN;
    if (half_width > 0) { /* no spread at all is no certainty */
        q->half_width = half_width;
        q->method = METHOD_BATCH_MEANS;
    }
    free(residual);
}

void steady_batch_means(const struct findings *f, int64_t slots, struct result *result)
{
    struct quantity *metric = result->metric;
    if (f->slices.n < STEADY_LONG_RUN)
        return;
    ratio(f, wait_sum_ms, started, 1, &metric[METRIC_QUEUE_WAIT]);
    ratio(f, waited, started, 1, &metric[METRIC_WAIT_PROBABILITY]);
    ratio(f, queue_ms, NULL, 1, &metric[METRIC_QUEUE_LENGTH]);
    ratio(f, busy_ms, NULL, 1.0 / (double)slots, &metric[METRIC_UTILIZATION]);
    ratio(f, up_ms, NULL, 1, &metric[METRIC_AVAILABILITY]);
}
