/* Delays of incidents: detection, failover, RTO and so on, pooled over all replications. */
#include "measure.h"

#include "model/base/assert.h"
#include "model/stats/stats.h"
#include "model/stats/survival.h"
#include "sim/stats/cluster.h"
#include "sim/stats/cohort.h"

#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>

/* -1: not observed, or no delay of an incident. */
static int64_t delay(const struct incident *incident, enum metric metric)
{
    return metric == METRIC_DETECTION      ? incident->detection_ms
           : metric == METRIC_FAILOVER     ? incident->failover_ms
           : metric == METRIC_RTO          ? incident->rto_ms
           : metric == METRIC_JOB_RECOVERY ? incident->recovery_ms
           : metric == METRIC_MTTR         ? incident->mttr_ms
           : metric == METRIC_PENDING      ? incident->pending_ms
           : metric == METRIC_FIRING       ? incident->firing_ms
           : metric == METRIC_WEBHOOK      ? incident->webhook_ms
           : metric == METRIC_BACKLOG      ? incident->backlog_most
           : metric == METRIC_WORKED_OFF   ? incident->worked_off_ms
           : metric == METRIC_JOBS_LOST    ? incident->jobs_lost
                                           : -1;
}

bool measure_is_delay(enum metric metric)
{
    static const struct incident nothing = {0};
    return delay(&nothing, metric) == 0;
}

/* Planned maintenance is no failure: it is measured only where nothing else happened. */
static bool only_maintenance(const struct findings *f)
{
    int64_t r;
    int i;
    for (r = 0; r < f->n; r++)
        for (i = 0; i < f->rep[r].n_incidents; i++)
            if (!f->incidents[r * f->max_incidents + i].maintenance)
                return false;
    return true;
}

/* Every case of a metric: over after a time, or not over when its replication ended. */
struct delays {
    double *value;
    int64_t *rep; /* replication of each */
    bool *open;   /* not over: the value is its age */
    size_t n, n_open;
    int64_t never; /* cases that were over without it */
    bool several;  /* in one replication */
};

/* How long it had been awaited: a change of routes from the detection on. */
static int64_t age(const struct incident *incident, enum metric metric)
{
    if (metric == METRIC_BACKLOG)
        return incident->backlog_most; /* so far */
    if (metric != METRIC_FAILOVER || incident->maintenance)
        return incident->over_ms - incident->at_ms;
    return incident->detected_at_ms < 0 ? 0 : incident->over_ms - incident->detected_at_ms;
}

static void take(struct delays *delays, int64_t rep, int64_t value_ms, bool open)
{
    delays->several = delays->several || (delays->n > 0 && delays->rep[delays->n - 1] == rep);
    delays->value[delays->n] = (double)value_ms;
    delays->open[delays->n] = open;
    delays->rep[delays->n++] = rep;
    delays->n_open += open;
}

static struct delays collect(const struct findings *f, enum metric metric)
{
    struct delays delays = {0};
    bool maintenance = only_maintenance(f);
    int64_t r, most = 0;
    int i;
    for (r = 0; r < f->n; r++)
        most += f->rep[r].n_incidents;
    delays.value = measure_new(most);
    delays.rep = calloc((size_t)most + 1, sizeof *delays.rep);
    delays.open = calloc((size_t)most + 1, sizeof *delays.open);
    UND_ASSERT(delays.rep != NULL && delays.open != NULL);
    for (r = 0; r < f->n; r++)
        for (i = 0; i < f->rep[r].n_incidents; i++) {
            const struct incident *incident = &f->incidents[r * f->max_incidents + i];
            if (incident->maintenance != maintenance)
                continue;
            if (incident->awaits >> metric & 1)
                take(&delays, r, age(incident, metric), true);
            else if (delay(incident, metric) >= 0)
                take(&delays, r, delay(incident, metric), false);
            else
                delays.never++;
        }
    return delays;
}

static void discard(struct delays *delays)
{
    free(delays->value);
    free(delays->rep);
    free(delays->open);
}

/* As cluster.h has it; `sorted` holds the same values. */
static struct interval clustered(const struct delays *delays, const double *sorted, double p)
{
    double n = (double)delays->n, at = stats_quantile(sorted, delays->n, p);
    double up_to = 0, squares = 0, residual = 0, half;
    int64_t clusters = 0;
    size_t i;
    for (i = 0; i < delays->n; i++)
        up_to += sorted[i] <= at;
    for (i = 0; i < delays->n; i++) {
        residual += (delays->value[i] <= at) - up_to / n;
        if (i + 1 < delays->n && delays->rep[i + 1] == delays->rep[i])
            continue;
        squares += residual * residual;
        residual = 0;
        clusters++;
    }
    half = cluster_share_half_width(squares, n, clusters, STATS_CONFIDENCE);
    if (!(p - half > 0 && p + half < 1))
        return (struct interval){NAN, NAN};
    return (struct interval){stats_quantile(sorted, delays->n, p - half),
                             stats_quantile(sorted, delays->n, p + half)};
}

static struct cohort cohort_of(const struct delays *delays)
{
    struct cohort cohort;
    size_t i;
    cohort_init(&cohort);
    for (i = 0; i < delays->n; i++)
        cohort_add_one(&cohort, (int)(delays->rep[i] % COHORT_GROUPS), delays->value[i],
                       delays->open[i]);
    return cohort;
}

static struct interval survival_interval(const struct delays *delays,
                                         const struct survival *survival, double p)
{
    struct cohort cohort;
    struct interval interval;
    if (p <= 0 || p >= 1)
        return (struct interval){NAN, NAN};
    if (!delays->several)
        return survival_quantile_interval(survival, p, STATS_CONFIDENCE);
    cohort = cohort_of(delays);
    interval = survival_quantile_between(
        survival, p, cohort_variance(&cohort, survival_quantile(survival, p)), STATS_CONFIDENCE);
    cohort_fini(&cohort);
    return interval;
}

double measure_delay_quantile(const struct findings *f, const struct result *result,
                              enum metric metric, double p, struct interval *interval)
{
    const struct samples *samples = &result->samples[metric];
    struct delays delays = collect(f, metric);
    double quantile;
    if (delays.n_open > 0) {
        struct survival survival;
        result_survival(result, metric, &survival);
        quantile = survival_quantile(&survival, p);
        *interval = survival_interval(&delays, &survival, p);
        survival_fini(&survival);
    } else {
        quantile = stats_quantile(samples->value, samples->n, p);
        *interval = delays.several
                        ? clustered(&delays, samples->value, p)
                        : stats_quantile_interval(samples->value, samples->n, p, STATS_CONFIDENCE);
    }
    discard(&delays);
    return quantile;
}

void measure_delay_parts(const struct findings *f, enum metric metric, double *sum, double *count)
{
    struct delays delays = collect(f, metric);
    size_t i;
    for (i = 0; i < delays.n; i++) {
        sum[delays.rep[i]] += delays.value[i];
        count[delays.rep[i]]++;
    }
    discard(&delays);
}

/* Sorted, apart from each other. */
static void keep_samples(const struct delays *delays, struct samples *samples)
{
    size_t i;
    samples->value = measure_new((int64_t)(delays->n - delays->n_open));
    samples->censored = measure_new((int64_t)delays->n_open);
    samples->never = delays->never;
    for (i = 0; i < delays->n; i++)
        if (delays->open[i])
            samples->censored[samples->n_censored++] = delays->value[i];
        else
            samples->value[samples->n++] = delays->value[i];
    gsl_sort(samples->value, 1, samples->n);
    gsl_sort(samples->censored, 1, samples->n_censored);
}

void measure_survival(const struct survival *survival, struct quantity *q)
{
    struct survival_mean mean = survival_mean(survival, STATS_CONFIDENCE);
    size_t first = 0, last = survival->n;
    while (first < survival->n && survival->step[first].events == 0)
        first++;
    *q = (struct quantity){
        .n = survival->events,
        .mean = mean.mean,
        .half_width = mean.half_width,
        .min = first < last ? survival->step[first].at : NAN,
        .p5 = survival_quantile(survival, 0.05),
        .p50 = survival_quantile(survival, 0.5),
        .p95 = survival_quantile(survival, 0.95),
        .p99 = survival_quantile(survival, 0.99),
        .max = last > 0 && survival->step[last - 1].s <= 0 ? survival->step[last - 1].at : NAN,
        .censored = survival->censored,
        .known_to = survival_known_to(survival),
        .p5_least = survival_least(survival, 0.05),
        .p50_least = survival_least(survival, 0.5),
        .p95_least = survival_least(survival, 0.95),
        .p99_least = survival_least(survival, 0.99),
        .mean_is_bound = mean.bound,
        .method = METHOD_KAPLAN_MEIER,
    };
}

/* Some were not over. */
static void measure_open(const struct delays *delays, const struct result *result,
                         enum metric metric, struct quantity *q)
{
    struct survival survival;
    struct interval p50, p95, p99;
    result_survival(result, metric, &survival);
    measure_survival(&survival, q);
    p50 = survival_interval(delays, &survival, 0.5);
    p95 = survival_interval(delays, &survival, 0.95);
    p99 = survival_interval(delays, &survival, 0.99);
    q->p50_low = p50.low;
    q->p50_high = p50.high;
    q->p95_low = p95.low;
    q->p95_high = p95.high;
    q->p99_low = p99.low;
    q->p99_high = p99.high;
    if (delays->several) {
        struct cohort cohort = cohort_of(delays);
        q->half_width = cohort_mean_half_width(&cohort, STATS_CONFIDENCE);
        cohort_fini(&cohort);
    }
    survival_fini(&survival);
}

/* All were over. */
static void measure_over(const struct delays *delays, const struct samples *samples,
                         double half_width, struct quantity *q)
{
    struct interval p50, p95, p99;
    stats_quantity(samples->value, samples->n, q);
    if (!delays->several)
        return;
    /* Those of one replication are not independent of each other. */
    p50 = clustered(delays, samples->value, 0.5);
    p95 = clustered(delays, samples->value, 0.95);
    p99 = clustered(delays, samples->value, 0.99);
    q->half_width = half_width;
    q->p50_low = p50.low;
    q->p50_high = p50.high;
    q->p95_low = p95.low;
    q->p95_high = p95.high;
    q->p99_low = p99.low;
    q->p99_high = p99.high;
}

void measure_delays(const struct findings *f, enum metric metric, struct result *result)
{
    struct delays delays = collect(f, metric);
    struct quantity *q = &result->metric[metric], of_ratio;
    double *sum = measure_new(f->n), *count = measure_new(f->n);
    measure_delay_parts(f, metric, sum, count);
    measure_ratio(sum, count, f->n, false, &of_ratio, &result->by_replication[metric]);
    keep_samples(&delays, &result->samples[metric]);
    if (delays.n_open > 0)
        measure_open(&delays, result, metric, q);
    else
        measure_over(&delays, &result->samples[metric], of_ratio.half_width, q);
    discard(&delays);
    free(sum);
    free(count);
}
