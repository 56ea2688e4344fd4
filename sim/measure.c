#include "measure.h"

#include "model/assert.h"
#include "model/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double *new_values(int64_t n)
{
    double *value = calloc((size_t)(n > 0 ? n : 1), sizeof *value);
    UND_ASSERT(value != NULL);
    return value;
}

static void unobserved(struct quantity *q)
{
    *q = (struct quantity){.n = 0,
                           .mean = NAN,
                           .half_width = NAN,
                           .min = NAN,
                           .p5 = NAN,
                           .p50 = NAN,
                           .p95 = NAN,
                           .p99 = NAN,
                           .max = NAN};
}

double *measure_mean_waits(const struct findings *f)
{
    double *value = new_values(f->n);
    int64_t r;
    for (r = 0; r < f->n; r++)
        value[r] =
            f->rep[r].started > 0 ? (double)f->rep[r].wait_sum_ms / (double)f->rep[r].started : NAN;
    return value;
}

/* ---- delays of incidents ---- */

static int64_t delay(const struct incident *incident, enum metric metric)
{
    switch (metric) {
    case METRIC_DETECTION:
        return incident->detection_ms;
    case METRIC_FAILOVER:
        return incident->failover_ms;
    case METRIC_RTO:
        return incident->rto_ms;
    case METRIC_JOB_RECOVERY:
        return incident->recovery_ms;
    case METRIC_MTTR:
        return incident->mttr_ms;
    case METRIC_PENDING:
        return incident->pending_ms;
    case METRIC_FIRING:
        return incident->firing_ms;
    case METRIC_WEBHOOK:
        return incident->webhook_ms;
    case METRIC_QUEUE_WAIT:
    case METRIC_QUEUE_LENGTH:
    case METRIC_UTILIZATION:
    case METRIC_WAIT_PROBABILITY:
    case METRIC_AVAILABILITY:
    case METRIC_JOB_SUCCESS:
    case METRIC_FAILOVER_SUCCESS:
    case METRIC_FAILOVERS:
    case METRIC_JOBS_DONE:
    case METRIC_JOBS_FAILED:
    case METRIC_COUNT:
        break;
    }
    UND_UNREACHABLE();
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

static void pool_delays(const struct findings *f, enum metric metric, struct result *result)
{
    struct samples *samples = &result->samples[metric];
    bool maintenance = only_maintenance(f);
    double *mean = result->by_replication[metric] = new_values(f->n);
    int64_t r, most = 0;
    int i;
    for (r = 0; r < f->n; r++)
        most += f->rep[r].n_incidents;
    samples->value = new_values(most);
    for (r = 0; r < f->n; r++) {
        size_t before = samples->n;
        for (i = 0; i < f->rep[r].n_incidents; i++) {
            const struct incident *incident = &f->incidents[r * f->max_incidents + i];
            if (delay(incident, metric) < 0 || incident->maintenance != maintenance)
                continue;
            samples->value[samples->n++] = (double)delay(incident, metric);
            mean[r] += samples->value[samples->n - 1];
        }
        mean[r] /= (double)(samples->n - before); /* 0 / 0: NAN, nothing observed */
    }
    stats_quantity(samples->value, samples->n, &result->metric[metric]);
}

/* ---- ratios: sum of a over sum of b ---- */

/* The ratio estimator's interval over replications (Law, section 9.5.3; Cochran): the residuals
 * a - ratio * b of replications are independent. A ratio of 0 or 1 without any spread gets
 * Clopper-Pearson's interval over its trials instead of 0 +- 0. */
static void ratio(const double *a, const double *b, int64_t n, bool proportion, struct quantity *q,
                  double **by_replication)
{
    double sum_a = 0, sum_b = 0, *residual = new_values(n), *each = new_values(n);
    struct estimate estimate;
    int64_t r;
    for (r = 0; r < n; r++) {
        sum_a += a[r];
        sum_b += b[r];
        residual[r] = each[r] = a[r] / b[r]; /* 0 / 0: NAN */
    }
    unobserved(q);
    if (sum_b > 0) {
        stats_quantity(residual, (size_t)n, q);
        q->mean = sum_a / sum_b;
        for (r = 0; r < n; r++)
            residual[r] = a[r] - q->mean * b[r];
        estimate = stats_mean(residual, (size_t)n, STATS_CONFIDENCE);
        q->half_width = estimate.half_width / (sum_b / (double)n);
        if (proportion && (sum_a <= 0 || sum_a >= sum_b)) {
            struct interval interval =
                stats_clopper_pearson(llround(sum_a), llround(sum_b), STATS_CONFIDENCE);
            q->half_width = interval.high - interval.low;
        }
    }
    free(residual);
    *by_replication = each;
}

static void measure_waits(const struct findings *f, struct world *world, struct result *result)
{
    double *sum = new_values(f->n), *started = new_values(f->n), *waited = new_values(f->n);
    struct quantity by_replication;
    int64_t r;
    for (r = 0; r < f->n; r++) {
        sum[r] = (double)f->rep[r].wait_sum_ms;
        started[r] = (double)f->rep[r].started;
        waited[r] = (double)f->rep[r].waited;
    }
    ratio(sum, started, f->n, false, &by_replication, &result->by_replication[METRIC_QUEUE_WAIT]);
    sketch_quantity(&world->waits, &result->metric[METRIC_QUEUE_WAIT]);
    result->metric[METRIC_QUEUE_WAIT].half_width = by_replication.half_width;
    ratio(waited, started, f->n, true, &result->metric[METRIC_WAIT_PROBABILITY],
          &result->by_replication[METRIC_WAIT_PROBABILITY]);
    free(sum);
    free(started);
    free(waited);
}

static void measure_success(const struct findings *f, struct result *result)
{
    double *good = new_values(f->n), *all = new_values(f->n);
    int64_t r;
    for (r = 0; r < f->n; r++) {
        good[r] = (double)f->rep[r].first_done;
        all[r] = good[r] + (double)f->rep[r].first_failed;
    }
    ratio(good, all, f->n, true, &result->metric[METRIC_JOB_SUCCESS],
          &result->by_replication[METRIC_JOB_SUCCESS]);
    for (r = 0; r < f->n; r++) {
        good[r] = (double)f->rep[r].failovers_done;
        all[r] = (double)f->rep[r].failovers_due;
    }
    ratio(good, all, f->n, true, &result->metric[METRIC_FAILOVER_SUCCESS],
          &result->by_replication[METRIC_FAILOVER_SUCCESS]);
    free(good);
    free(all);
}

/* ---- values of whole replications ---- */

typedef double pick(const struct rep *rep, int host);

static double pick_queue_length(const struct rep *rep, int host)
{
    (void)host;
    return rep->queue_length;
}

static double pick_utilization(const struct rep *rep, int host)
{
    return host < 0 ? rep->utilization : rep->host[host].utilization;
}

static double pick_availability(const struct rep *rep, int host)
{
    return host < 0 ? rep->availability : rep->host[host].availability;
}

static double pick_done(const struct rep *rep, int host)
{
    return (double)(host < 0 ? rep->jobs_done : rep->host[host].done);
}

static double pick_failed(const struct rep *rep, int host)
{
    return (double)(host < 0 ? rep->jobs_failed : rep->host[host].failed);
}

static double pick_failovers(const struct rep *rep, int host)
{
    (void)host;
    return (double)rep->failovers;
}

/* `each` gets the values in the order of the replications, unless NULL. */
static void over_replications(const struct findings *f, pick *value_of, int host,
                              struct quantity *q, double **each)
{
    double *value = new_values(f->n);
    int64_t r;
    for (r = 0; r < f->n; r++)
        value[r] = value_of(&f->rep[r], host);
    if (each) {
        *each = new_values(f->n);
        memcpy(*each, value, (size_t)f->n * sizeof *value);
    }
    stats_quantity(value, (size_t)f->n, q);
    free(value);
}

/* A share that was 0 or 1 in every replication still is not known exactly: the interval of that
 * many trials. */
static void never_certain(struct quantity *q)
{
    if (q->n > 0 && q->min == q->max && (q->mean <= 0 || q->mean >= 1)) {
        struct interval interval =
            stats_clopper_pearson(q->mean >= 1 ? q->n : 0, q->n, STATS_CONFIDENCE);
        q->half_width = interval.high - interval.low;
    }
}

/* Means and intervals come from the replications, the rest from all the time observed. */
static void over_time(const struct level *level, double scale, struct quantity *q)
{
    struct quantity by_replication = *q;
    level_quantity(level, scale, q);
    q->n = by_replication.n;
    q->mean = by_replication.mean;
    q->half_width = by_replication.half_width;
}

static void measure_hosts(const struct findings *f, const struct fleet *fleet,
                          struct result *result)
{
    int i;
    result->n_hosts = fleet->n_hosts;
    result->hosts = calloc((size_t)fleet->n_hosts, sizeof *result->hosts);
    UND_ASSERT(result->hosts != NULL);
    for (i = 0; i < fleet->n_hosts; i++) {
        struct host_result *host = &result->hosts[i];
        snprintf(host->name, sizeof host->name, "%s", fleet->hosts[i].name);
        over_replications(f, pick_utilization, i, &host->utilization, NULL);
        over_replications(f, pick_availability, i, &host->availability, NULL);
        over_replications(f, pick_done, i, &host->jobs_done, NULL);
        over_replications(f, pick_failed, i, &host->jobs_failed, NULL);
        never_certain(&host->availability);
    }
}

/* ---- verdicts ---- */

static bool holds(enum op op, double value, double limit)
{
    switch (op) {
    case OP_LT:
        return value < limit;
    case OP_LE:
        return value <= limit;
    case OP_GT:
        return value > limit;
    case OP_GE:
        return value >= limit;
    case OP_EQ:
        return value == limit;
    }
    UND_UNREACHABLE();
}

static double quantile_of_sorted(const double *value, size_t n, double p, double *half_width)
{
    struct interval interval = stats_quantile_interval(value, n, p, STATS_CONFIDENCE);
    *half_width = (interval.high - interval.low) / 2;
    return stats_quantile(value, n, p);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of the replications that observed something; NAN if none did. */
static double quantile_of_values(const double *value, size_t n, double p, double *half_width)
{
    double *sorted = new_values((int64_t)n), quantile = NAN;
    size_t i, observed = 0;
    for (i = 0; i < n; i++)
        if (!isnan(value[i]))
            sorted[observed++] = value[i];
    qsort(sorted, observed, sizeof *sorted, by_size);
    if (observed > 0)
        quantile = quantile_of_sorted(sorted, observed, p, half_width);
    free(sorted);
    return quantile;
}

static double quantile_of(const struct result *result, struct world *world, enum metric metric,
                          double p, double *half_width)
{
    const struct samples *samples = &result->samples[metric];
    const struct quantity *q = &result->metric[metric];
    *half_width = NAN;
    if (p <= 0 || p >= 1)
        return p <= 0 ? q->min : q->max;
    if (metric == METRIC_QUEUE_WAIT)
        return sketch_quantile(&world->waits, p);
    if (metric == METRIC_QUEUE_LENGTH)
        return level_quantile(&world->queue_level, p);
    if (metric == METRIC_UTILIZATION)
        return level_quantile(&world->busy_level, p) / world->n_regs;
    if (samples->n == 0)
        return quantile_of_values(result->by_replication[metric], (size_t)result->replications, p,
                                  half_width);
    return quantile_of_sorted(samples->value, samples->n, p, half_width);
}

static void judge(const struct scenario *scenario, struct world *world, struct result *result)
{
    int i;
    result->n_verdicts = scenario->n_expects;
    result->verdicts = calloc((size_t)scenario->n_expects + 1, sizeof *result->verdicts);
    UND_ASSERT(result->verdicts != NULL);
    for (i = 0; i < scenario->n_expects; i++) {
        const struct expect *expect = &scenario->expects[i];
        struct verdict *verdict = &result->verdicts[i];
        verdict->metric = expect->metric;
        verdict->limit = expect->value;
        verdict->line = expect->line;
        snprintf(verdict->op, sizeof verdict->op, "%s", op_name(expect->op));
        if (expect->statistic == STATISTIC_MEAN) {
            snprintf(verdict->statistic, sizeof verdict->statistic, "mean");
            verdict->value = result->metric[expect->metric].mean;
            verdict->half_width = result->metric[expect->metric].half_width;
        } else {
            snprintf(verdict->statistic, sizeof verdict->statistic, "p%g", 100 * expect->quantile);
            verdict->value =
                quantile_of(result, world, expect->metric, expect->quantile, &verdict->half_width);
        }
        /* Nothing observed holds nothing: comparisons with NAN are false. */
        verdict->pass = holds(expect->op, verdict->value, expect->value);
    }
}

void measure_result(const struct scenario *scenario, uint64_t seed, const struct findings *f,
                    struct world *world, struct result *result)
{
    static const enum metric delays[] = {METRIC_DETECTION,    METRIC_FAILOVER, METRIC_RTO,
                                         METRIC_JOB_RECOVERY, METRIC_MTTR,     METRIC_PENDING,
                                         METRIC_FIRING,       METRIC_WEBHOOK};
    static const struct {
        enum metric metric;
        pick *pick;
    } whole[] = {{METRIC_QUEUE_LENGTH, pick_queue_length}, {METRIC_UTILIZATION, pick_utilization},
                 {METRIC_AVAILABILITY, pick_availability}, {METRIC_JOBS_DONE, pick_done},
                 {METRIC_JOBS_FAILED, pick_failed},        {METRIC_FAILOVERS, pick_failovers}};
    struct quantity *metric = result->metric;
    int64_t r;
    size_t i;
    snprintf(result->scenario, sizeof result->scenario, "%s", scenario->name);
    snprintf(result->path, sizeof result->path, "%s", scenario->path);
    result->seed = seed;
    result->replications = f->n;
    for (r = 0; r < f->n; r++) {
        result->digest = (result->digest ^ f->rep[r].digest) * 0x100000001b3ULL;
        result->events += f->rep[r].events;
        result->simulated_ms += f->rep[r].simulated_ms;
        result->unstable = result->unstable || f->rep[r].unstable;
    }
    for (i = 0; i < sizeof delays / sizeof *delays; i++)
        pool_delays(f, delays[i], result);
    measure_waits(f, world, result);
    measure_success(f, result);
    for (i = 0; i < sizeof whole / sizeof *whole; i++)
        over_replications(f, whole[i].pick, -1, &metric[whole[i].metric],
                          &result->by_replication[whole[i].metric]);
    never_certain(&metric[METRIC_AVAILABILITY]);
    over_time(&world->queue_level, 1, &metric[METRIC_QUEUE_LENGTH]);
    over_time(&world->busy_level, 1.0 / world->n_regs, &metric[METRIC_UTILIZATION]);
    measure_hosts(f, &scenario->fleet, result);
    judge(scenario, world, result);
}
