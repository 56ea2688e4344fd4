/* Delays of incidents: detection, failover, RTO and so on, pooled over all replications. */
#include "measure.h"

#include "model/base/assert.h"
#include "model/stats/stats.h"
#include "sim/stats/cluster.h"

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

struct delays {
    double *value;
    int64_t *rep; /* replication of each */
    size_t n;
    bool several; /* in one replication */
};

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
    UND_ASSERT(delays.rep != NULL);
    for (r = 0; r < f->n; r++)
        for (i = 0; i < f->rep[r].n_incidents; i++) {
            const struct incident *incident = &f->incidents[r * f->max_incidents + i];
            if (delay(incident, metric) < 0 || incident->maintenance != maintenance)
                continue;
            delays.several = delays.several || (delays.n > 0 && delays.rep[delays.n - 1] == r);
            delays.value[delays.n] = (double)delay(incident, metric);
            delays.rep[delays.n++] = r;
        }
    return delays;
}

static void discard(struct delays *delays)
{
    free(delays->value);
    free(delays->rep);
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

struct interval measure_delay_interval(const struct findings *f, const struct result *result,
                                       enum metric metric, double p)
{
    const struct samples *samples = &result->samples[metric];
    struct delays delays = collect(f, metric);
    struct interval interval =
        delays.several ? clustered(&delays, samples->value, p)
                       : stats_quantile_interval(samples->value, samples->n, p, STATS_CONFIDENCE);
    discard(&delays);
    return interval;
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

void measure_delays(const struct findings *f, enum metric metric, struct result *result)
{
    struct delays delays = collect(f, metric);
    struct quantity *q = &result->metric[metric], of_ratio;
    double *sum = measure_new(f->n), *count = measure_new(f->n);
    struct interval p50, p95;
    measure_delay_parts(f, metric, sum, count);
    measure_ratio(sum, count, f->n, false, &of_ratio, &result->by_replication[metric]);
    result->samples[metric] = (struct samples){delays.value, delays.n};
    delays.value = NULL;
    stats_quantity(result->samples[metric].value, delays.n, q);
    if (delays.several) { /* those of one replication are not independent of each other */
        p50 = measure_delay_interval(f, result, metric, 0.5);
        p95 = measure_delay_interval(f, result, metric, 0.95);
        q->half_width = of_ratio.half_width;
        q->p50_low = p50.low;
        q->p50_high = p50.high;
        q->p95_low = p95.low;
        q->p95_high = p95.high;
    }
    discard(&delays);
    free(sum);
    free(count);
}
