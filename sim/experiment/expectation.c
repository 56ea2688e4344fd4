#include "expectation.h"
#include "measure_facet.h"

#include "model/base/assert.h"
#include "model/stats/stats.h"
#include "model/stats/survival.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static double over_replications(const struct result *result, const double *by_replication, double p,
                                struct interval *interval)
{
    size_t n = (size_t)result->replications;
    double *value = measure_new(result->replications), quantile;
    struct quantity ignored;
    memcpy(value, by_replication, n * sizeof *value);
    n = stats_quantity(value, n, &ignored); /* sorts */
    *interval = stats_quantile_interval(value, n, p, STATS_CONFIDENCE);
    quantile = stats_quantile(value, n, p);
    free(value);
    return quantile;
}

/* Jobs waiting, or slots busy as a share of all: over all the time observed. */
static double over_time(const struct world *world, const struct result *result, enum metric metric,
                        double p, struct interval *interval)
{
    bool queue = metric == METRIC_QUEUE_LENGTH;
    const struct level *level = queue ? &world->measures.queue_level : &world->measures.busy_level;
    double scale = queue ? 1 : 1.0 / world->github.n_regs;
    if (result->metric[metric].n == 0)
        return NAN;
    *interval = cluster_level_quantile(queue ? &world->measures.queue_clusters
                                             : &world->measures.busy_clusters,
                                       level, p, STATS_CONFIDENCE);
    interval->low *= scale;
    interval->high *= scale;
    return level_quantile(level, fmax(p, LEVEL_LEAST)) * scale;
}

/* NULL: it is about no waits of jobs. */
static struct waits *waits_of(struct world *world, const struct expect *expect)
{
    if (expect->metric != METRIC_QUEUE_WAIT && expect->metric != METRIC_FAULT_WAIT)
        return NULL;
    return expect->facet > 0                     ? &world->facets.of[expect->facet - 1].waits
           : expect->metric == METRIC_FAULT_WAIT ? &world->measures.fault_waits
                                                 : &world->measures.waits;
}

static double facet_quantile(struct world *world, const struct result *result,
                             const struct expect *expect, struct interval *interval)
{
    const struct facet_result *one = &result->facets[expect->facet - 1];
    if (one->facet.beyond)
        return over_replications(result, one->by_replication, expect->quantile, interval);
    return measure_facet_quantile(world, expect->facet - 1, expect->quantile, interval);
}

static double quantile_of(const struct findings *f, struct world *world,
                          const struct result *result, const struct expect *expect,
                          struct interval *interval)
{
    const struct quantity *q = result_quantity(result, expect->metric, expect->facet);
    enum metric metric = expect->metric;
    double p = expect->quantile;
    *interval = (struct interval){NAN, NAN};
    if (measure_is_delay(metric))
        return measure_delay_quantile(f, result, metric, p, interval);
    if (q->n + q->censored == 0)
        return NAN;
    if (expect->facet > 0)
        return facet_quantile(world, result, expect, interval);
    if (waits_of(world, expect) != NULL)
        return waits_quantile(waits_of(world, expect), p, interval);
    if (metric == METRIC_QUEUE_LENGTH || metric == METRIC_UTILIZATION)
        return over_time(world, result, metric, p, interval);
    return over_replications(result, result->by_replication[metric], p, interval);
}

/* ---- what was not over ---- */

/* The least and the greatest that the quantile can be: all that was not over ends at once, or
 * never. */
static struct interval bounds(struct world *world, const struct result *result,
                              const struct expect *expect)
{
    const struct samples *samples = &result->samples[expect->metric];
    struct waits *waits = waits_of(world, expect);
    double p = expect->quantile;
    struct survival at_once, never;
    struct interval interval;
    if (waits != NULL) {
        survival_bounds_of_sketches(&at_once, &never, &waits->all, &waits->open);
    } else {
        survival_bounds_of_values(&at_once, &never, samples->value, samples->n, samples->censored,
                                  samples->n_censored);
    }
    interval = (struct interval){survival_quantile(&at_once, p), survival_quantile(&never, p)};
    if (isnan(interval.high))
        interval.high = INFINITY;
    survival_fini(&at_once);
    survival_fini(&never);
    return interval;
}

/* Of due failovers: those that are open at the end all fail, or all come in time. */
static struct interval failover_bounds(const struct findings *f, int64_t *due)
{
    double done = 0, open = 0;
    int64_t r;
    *due = 0;
    for (r = 0; r < f->n; r++) {
        *due += f->rep[r].failovers_due;
        done += f->rep[r].failovers_done;
        open += f->rep[r].failovers_open;
    }
    return (struct interval){done / (double)*due, (done + open) / (double)*due};
}

static bool is_share_of_jobs(const struct result *result, const struct expect *expect)
{
    return expect->facet > 0 && result->facets[expect->facet - 1].facet.beyond;
}

/* Does whatever the open cases come to leave the expectation as it is? Then it is decided. */
static void judge_open(const struct expect *expect, const struct findings *f, struct world *world,
                       const struct result *result, struct verdict *verdict)
{
    const struct quantity *q = result_quantity(result, expect->metric, expect->facet);
    struct interval range = {q->mean, q->mean_is_bound ? INFINITY : q->mean};
    int64_t cases = q->n + q->censored;
    bool least, most;
    if (expect->metric == METRIC_FAILOVER_SUCCESS) {
        range = failover_bounds(f, &cases);
    } else if (is_share_of_jobs(result, expect)) {
        const struct facet_result *one = &result->facets[expect->facet - 1];
        range = (struct interval){one->least, one->most};
        verdict->value_is_bound = q->mean_is_bound;
    } else if (expect->statistic == STATISTIC_QUANTILE) {
        range = bounds(world, result, expect);
        if (isnan(verdict->value)) { /* beyond what was seen, and so at least the least */
            verdict->value = range.low;
            verdict->value_is_bound = true;
        }
    } else {
        verdict->value_is_bound = q->mean_is_bound;
    }
    least = holds(expect->op, range.low, expect->value);
    most = holds(expect->op, range.high, expect->value);
    verdict->pass = least && most;
    verdict->undecided = least != most || (expect->op == OP_EQ && range.low < range.high);
    if (verdict->undecided)
        snprintf(verdict->why, sizeof verdict->why,
                 "%lld of %lld were not over when the run ended; lengthen it",
                 (long long)q->censored, (long long)cases);
    else if (verdict->value_is_bound && isnan(verdict->half_width))
        verdict->half_width = 0; /* a bound has none: it is what was seen */
}

/* ---- verdicts ---- */

/* The extremes are of what was simulated, and exactly so; they say nothing of what was not. */
static bool is_exact(const struct scenario *scenario, const struct expect *expect)
{
    return scenario_is_certain(scenario) || (expect->statistic == STATISTIC_QUANTILE &&
                                             (expect->quantile <= 0 || expect->quantile >= 1));
}

static void estimate(const struct expect *expect, const struct findings *f, struct world *world,
                     const struct result *result, struct verdict *verdict)
{
    const struct quantity *q = result_quantity(result, expect->metric, expect->facet);
    struct interval interval;
    if (expect->statistic == STATISTIC_MEAN) {
        snprintf(verdict->statistic, sizeof verdict->statistic, "mean");
        verdict->value = q->mean;
        verdict->half_width = q->half_width;
        return;
    }
    snprintf(verdict->statistic, sizeof verdict->statistic, "p%g", 100 * expect->quantile);
    verdict->value = quantile_of(f, world, result, expect, &interval);
    verdict->half_width = (interval.high - interval.low) / 2;
    if (!isfinite(verdict->half_width))
        verdict->half_width = NAN;
}

/* Nothing observed holds nothing: comparisons with NAN are false. */
static void judge_one(const struct scenario *scenario, const struct expect *expect,
                      const struct findings *f, struct world *world, struct result *result,
                      struct verdict *verdict)
{
    const struct quantity *q = result_quantity(result, expect->metric, expect->facet);
    *verdict = (struct verdict){.metric = expect->metric,
                                .limit = expect->value,
                                .line = expect->line,
                                .n = q->n,
                                .censored = q->censored};
    if (expect->facet > 0)
        verdict->facet = scenario->facets[expect->facet - 1];
    snprintf(verdict->op, sizeof verdict->op, "%s", op_name(expect->op));
    estimate(expect, f, world, result, verdict);
    verdict->pass = holds(expect->op, verdict->value, expect->value);
    /* A quantile over replications of a share has no cases. */
    if (q->censored > 0 &&
        (expect->statistic == STATISTIC_MEAN ||
         (expect->metric != METRIC_FAILOVER_SUCCESS && !is_share_of_jobs(result, expect))))
        judge_open(expect, f, world, result, verdict);
    if (isnan(verdict->half_width) && !isnan(verdict->value) && is_exact(scenario, expect))
        verdict->half_width = 0;
    if (verdict->pass && isnan(verdict->half_width)) {
        verdict->pass = false;
        verdict->undecided = true;
        snprintf(verdict->why, sizeof verdict->why,
                 "too few were observed for an interval (%lld in %lld replications); more "
                 "replications are needed",
                 (long long)q->n, (long long)f->n);
    }
}

static struct verdict *judge_all(const struct scenario *scenario, const struct expect *expects,
                                 int n, const struct findings *f, struct world *world,
                                 struct result *result)
{
    struct verdict *verdicts = calloc((size_t)n + 1, sizeof *verdicts);
    int i;
    UND_ASSERT(verdicts != NULL);
    for (i = 0; i < n; i++)
        judge_one(scenario, &expects[i], f, world, result, &verdicts[i]);
    return verdicts;
}

void judge(const struct scenario *scenario, const struct findings *f, struct world *world,
           struct result *result)
{
    const struct documented *documented = &scenario->documented;
    result->n_verdicts = scenario->n_expects;
    result->verdicts =
        judge_all(scenario, scenario->expects, scenario->n_expects, f, world, result);
    result->n_claims = documented->n_measures;
    result->claims =
        judge_all(scenario, documented->measures, documented->n_measures, f, world, result);
}
