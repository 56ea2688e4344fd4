#include "measure.h"
#include "expectation.h"
#include "measure_facet.h"
#include "steady.h"

#include "model/base/assert.h"
#include "model/stats/stats.h"
#include "model/stats/survival.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Of the jobs had not started when the run ended: so few leave the interval of the mean as it is.
 */
#define FEW 0.01

double *measure_new(int64_t n)
{
    double *value = calloc((size_t)(n > 0 ? n : 1), sizeof *value);
    UND_ASSERT(value != NULL);
    return value;
}

/* Every trial came out alike, and still the share is not known exactly. */
static void all_alike(struct quantity *q, int64_t hits, int64_t n)
{
    struct interval interval = stats_clopper_pearson(hits, n, STATS_CONFIDENCE);
    q->half_width = interval.high - interval.low;
    q->method = METHOD_CLOPPER_PEARSON;
}

/* ---- ratios: sum of a over sum of b ---- */

/* The ratio estimator's interval over replications (Law, section 9.5.3; Cochran): the residuals
 * a - ratio * b of replications are independent. Those of a proportion are near normal already:
 * each sums up many trials, and what skewness they show is noise. A ratio of 0 or 1 without any
 * spread gets Clopper-Pearson's interval over its trials instead of 0 +- 0. */
void measure_ratio(const double *a, const double *b, int64_t n, bool proportion, struct quantity *q,
                   double **by_replication)
{
    double sum_a = 0, sum_b = 0, *residual = measure_new(n), *each = measure_new(n);
    struct estimate estimate;
    int64_t r;
    for (r = 0; r < n; r++) {
        sum_a += a[r];
        sum_b += b[r];
        residual[r] = each[r] = a[r] / b[r]; /* 0 / 0: NAN */
    }
    quantity_void(q);
    if (sum_b > 0) {
        stats_quantity(residual, (size_t)n, q);
        q->mean = sum_a / sum_b;
        for (r = 0; r < n; r++)
            residual[r] = a[r] - q->mean * b[r];
        estimate =
            (proportion ? stats_mean : stats_skewed_mean)(residual, (size_t)n, STATS_CONFIDENCE);
        q->half_width = estimate.half_width / (sum_b / (double)n);
        if (proportion && (sum_a <= 0 || sum_a >= sum_b))
            all_alike(q, llround(sum_a), llround(sum_b));
    }
    free(residual);
    *by_replication = each;
}

/* Numerators and denominators of a metric that is a ratio of sums over replications; false: it is
 * a mean over replications. */
static bool parts(const struct findings *f, enum metric metric, double *a, double *b)
{
    int64_t r;
    if (measure_is_delay(metric)) {
        measure_delay_parts(f, metric, a, b);
        return true;
    }
    for (r = 0; r < f->n; r++) {
        const struct rep *rep = &f->rep[r];
        if (metric == METRIC_QUEUE_WAIT || metric == METRIC_WAIT_PROBABILITY) {
            a[r] = (double)(metric == METRIC_QUEUE_WAIT ? rep->wait_sum_ms + rep->waiting_sum_ms
                                                        : rep->waited + rep->waiting_for_slot);
            b[r] = (double)(rep->started + rep->waiting);
        } else if (metric == METRIC_FAULT_WAIT) {
            a[r] = (double)rep->fault_wait_sum_ms;
            b[r] = (double)rep->fault_waits;
        } else if (metric == METRIC_JOB_SUCCESS) {
            a[r] = (double)rep->first_done;
            b[r] = (double)(rep->first_done + rep->first_failed);
        } else if (metric == METRIC_GIVEN_UP) {
            a[r] = (double)rep->given_up;
            b[r] = (double)(rep->first_done + rep->first_failed);
        } else if (metric == METRIC_FAILOVER_SUCCESS) {
            a[r] = (double)rep->failovers_done;
            b[r] = (double)(rep->failovers_due - rep->failovers_open);
        } else {
            return false;
        }
    }
    return true;
}

static void measure_ratio_of(const struct findings *f, enum metric metric, struct quantity *q,
                             double **by_replication)
{
    double *a = measure_new(f->n), *b = measure_new(f->n);
    bool is_ratio = parts(f, metric, a, b);
    UND_ASSERT(is_ratio);
    measure_ratio(a, b, f->n, metric_unit(metric) == UNIT_SHARE, q, by_replication);
    free(a);
    free(b);
}

void measure_waits_quantity(struct waits *waits, const struct quantity *by_replication,
                            struct quantity *q)
{
    struct interval p50, p95, p99;
    if (waits->open.n > 0) {
        struct survival survival;
        survival_of_sketches(&survival, &waits->all, &waits->open);
        measure_survival(&survival, q);
        if ((double)q->censored > FEW * (double)(q->n + q->censored)) {
            q->half_width = cohort_mean_half_width(&waits->cohort, STATS_CONFIDENCE);
        } else {
            q->half_width = by_replication->half_width;
            q->method = METHOD_REPLICATIONS;
        }
        survival_fini(&survival);
    } else {
        sketch_quantity(&waits->all, q);
        q->half_width = by_replication->half_width;
    }
    waits_quantile(waits, 0.5, &p50);
    waits_quantile(waits, 0.95, &p95);
    waits_quantile(waits, 0.99, &p99);
    q->p50_low = p50.low;
    q->p50_high = p50.high;
    q->p95_low = p95.low;
    q->p95_high = p95.high;
    q->p99_low = p99.low;
    q->p99_high = p99.high;
}

static void measure_waits(const struct findings *f, enum metric metric, struct waits *waits,
                          struct result *result)
{
    struct quantity by_replication;
    measure_ratio_of(f, metric, &by_replication, &result->by_replication[metric]);
    measure_waits_quantity(waits, &by_replication, &result->metric[metric]);
}

/* ---- values of whole replications ---- */

static double value_of(const struct rep *rep, enum metric metric)
{
    return metric == METRIC_QUEUE_LENGTH   ? rep->queue_length
           : metric == METRIC_UTILIZATION  ? rep->utilization
           : metric == METRIC_AVAILABILITY ? rep->availability
           : metric == METRIC_JOBS_DONE    ? (double)rep->jobs_done
           : metric == METRIC_JOBS_FAILED  ? (double)rep->jobs_failed
           : metric == METRIC_FAILOVERS    ? (double)rep->failovers
                                           : NAN;
}

double *measure_each(const struct findings *f, enum metric metric)
{
    double *value = measure_new(f->n), *b = measure_new(f->n), sum_a = 0, sum_b = 0;
    int64_t r;
    if (parts(f, metric, value, b)) {
        for (r = 0; r < f->n; r++) {
            sum_a += value[r];
            sum_b += b[r];
        }
        for (r = 0; r < f->n; r++) /* the ratio and its residual */
            value[r] = (sum_a + (value[r] - sum_a / sum_b * b[r]) * (double)f->n) / sum_b;
    } else {
        for (r = 0; r < f->n; r++)
            value[r] = value_of(&f->rep[r], metric);
    }
    free(b);
    return value;
}

static void over_replications(const struct findings *f, enum metric metric, struct result *result)
{
    double *value = measure_each(f, metric);
    result->by_replication[metric] = measure_each(f, metric);
    stats_quantity(value, (size_t)f->n, &result->metric[metric]);
    free(value);
}

/* A share that was 0 or 1 in every replication: the interval of that many trials. */
static void never_certain(struct quantity *q)
{
    if (q->n > 0 && q->min == q->max && (q->mean <= 0 || q->mean >= 1))
        all_alike(q, q->mean >= 1 ? q->n : 0, q->n);
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

/* ---- hosts ---- */

static void measure_host(const struct findings *f, int host, struct host_result *result)
{
    double *value[4];
    int64_t r;
    size_t i;
    for (i = 0; i < 4; i++)
        value[i] = measure_new(f->n);
    for (r = 0; r < f->n; r++) {
        const struct rep_host *of = &f->rep[r].host[host];
        value[0][r] = of->utilization;
        value[1][r] = of->availability;
        value[2][r] = (double)of->done;
        value[3][r] = (double)of->failed;
    }
    stats_quantity(value[0], (size_t)f->n, &result->utilization);
    stats_quantity(value[1], (size_t)f->n, &result->availability);
    stats_quantity(value[2], (size_t)f->n, &result->jobs_done);
    stats_quantity(value[3], (size_t)f->n, &result->jobs_failed);
    never_certain(&result->availability);
    for (i = 0; i < 4; i++)
        free(value[i]);
}

static void measure_hosts(const struct findings *f, const struct fleet *fleet,
                          const struct world_measures *measures, struct result *result)
{
    int i;
    result->n_hosts = fleet->n_hosts;
    result->hosts = calloc((size_t)fleet->n_hosts, sizeof *result->hosts);
    UND_ASSERT(result->hosts != NULL);
    for (i = 0; i < fleet->n_hosts; i++) {
        snprintf(result->hosts[i].name, sizeof result->hosts[i].name, "%s", fleet->hosts[i].name);
        measure_host(f, i, &result->hosts[i]);
        if (!result->unstable) /* else there is no mean to know */
            wait_sums_quantity(&measures->host_waits[i], &result->hosts[i].queue_wait);
    }
}

static void measure_classes(const struct workload *workload, const struct world_measures *measures,
                            struct result *result)
{
    int i;
    if (workload->n_classes < 2 || result->unstable)
        return;
    result->n_classes = workload->n_classes;
    result->classes = calloc((size_t)workload->n_classes, sizeof *result->classes);
    UND_ASSERT(result->classes != NULL);
    for (i = 0; i < workload->n_classes; i++) {
        snprintf(result->classes[i].name, sizeof result->classes[i].name, "%s",
                 workload->classes[i].name);
        wait_sums_quantity(&measures->class_waits[i], &result->classes[i].queue_wait);
    }
}

/* ---- all of it ---- */

static void measure_totals(const struct findings *f, struct result *result)
{
    int64_t r;
    result->replications = f->n;
    for (r = 0; r < f->n; r++) {
        result->digest = (result->digest ^ f->rep[r].digest) * 0x100000001b3ULL;
        result->events += f->rep[r].events;
        result->simulated_ms += f->rep[r].simulated_ms;
        result->unstable = result->unstable || f->rep[r].unstable;
    }
    result->unstable = result->unstable || steady_grows(f);
}

/* What an unstable system has no finite value of. */
static void void_steady_means(struct result *result)
{
    static const enum metric metrics[] = {METRIC_QUEUE_WAIT, METRIC_QUEUE_LENGTH,
                                          METRIC_UTILIZATION, METRIC_WAIT_PROBABILITY};
    size_t i;
    int64_t r;
    for (i = 0; i < sizeof metrics / sizeof *metrics; i++) {
        quantity_void(&result->metric[metrics[i]]);
        for (r = 0; r < result->replications; r++)
            result->by_replication[metrics[i]][r] = NAN;
    }
}

/* The precision that was reached is that of the interval that is reported. */
static void reach(struct result *result)
{
    const struct quantity *q = &result->metric[result->precision.metric];
    if (result->precision.asked > 0 && q->half_width > 0)
        result->precision.reached = q->half_width / fabs(q->mean);
}

void measure_result(const struct scenario *scenario, uint64_t seed, const struct findings *f,
                    struct world *world, struct result *result)
{
    static const enum metric whole[] = {METRIC_QUEUE_LENGTH, METRIC_UTILIZATION,
                                        METRIC_AVAILABILITY, METRIC_JOBS_DONE,
                                        METRIC_JOBS_FAILED,  METRIC_FAILOVERS};
    static const enum metric shares[] = {METRIC_WAIT_PROBABILITY, METRIC_JOB_SUCCESS,
                                         METRIC_GIVEN_UP, METRIC_FAILOVER_SUCCESS};
    struct quantity *metric = result->metric;
    size_t i;
    int64_t r;
    int m;
    snprintf(result->scenario, sizeof result->scenario, "%s", scenario->name);
    snprintf(result->path, sizeof result->path, "%s", scenario->path);
    result->seed = seed;
    measure_totals(f, result);
    for (m = 0; m < METRIC_COUNT; m++)
        if (measure_is_delay((enum metric)m))
            measure_delays(f, (enum metric)m, result);
    measure_waits(f, METRIC_QUEUE_WAIT, &world->measures.waits, result);
    measure_waits(f, METRIC_FAULT_WAIT, &world->measures.fault_waits, result);
    for (i = 0; i < sizeof shares / sizeof *shares; i++)
        measure_ratio_of(f, shares[i], &metric[shares[i]], &result->by_replication[shares[i]]);
    for (r = 0; r < f->n; r++)
        metric[METRIC_FAILOVER_SUCCESS].censored += f->rep[r].failovers_open;
    for (i = 0; i < sizeof whole / sizeof *whole; i++)
        over_replications(f, whole[i], result);
    never_certain(&metric[METRIC_AVAILABILITY]);
    over_time(&world->measures.queue_level, 1, &metric[METRIC_QUEUE_LENGTH]);
    over_time(&world->measures.busy_level, 1.0 / world->github.n_regs, &metric[METRIC_UTILIZATION]);
    steady_batch_means(f, world->github.n_regs, result);
    if (result->unstable)
        void_steady_means(result);
    measure_hosts(f, &scenario->fleet, &world->measures, result);
    measure_classes(&scenario->fleet.workload, &world->measures, result);
    reach(result);
    measure_facets(f, world, result);
    measure_undetected(scenario, f, result);
    judge(scenario, f, world, result);
}
