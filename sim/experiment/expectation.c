#include "expectation.h"

#include "model/base/assert.h"
#include "model/stats/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAST 1e-12 /* quantile: the minimum */

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

static double over_replications(const struct result *result, enum metric metric, double p,
                                struct interval *interval)
{
    size_t n = (size_t)result->replications;
    double *value = measure_new(result->replications), quantile;
    struct quantity ignored;
    memcpy(value, result->by_replication[metric], n * sizeof *value);
    n = stats_quantity(value, n, &ignored); /* sorts */
    *interval = stats_quantile_interval(value, n, p, STATS_CONFIDENCE);
    quantile = stats_quantile(value, n, p);
    free(value);
    return quantile;
}

static double quantile_of(const struct findings *f, struct world *world,
                          const struct result *result, enum metric metric, double p,
                          struct interval *interval)
{
    const struct samples *samples = &result->samples[metric];
    *interval = (struct interval){NAN, NAN};
    if (result->metric[metric].n == 0)
        return NAN;
    if (measure_is_delay(metric)) {
        *interval = measure_delay_interval(f, result, metric, p);
        return stats_quantile(samples->value, samples->n, p);
    }
    if (metric == METRIC_QUEUE_WAIT) {
        *interval = cluster_quantile(&world->wait_clusters, &world->waits, p, STATS_CONFIDENCE);
        return sketch_quantile(&world->waits, p);
    }
    if (metric == METRIC_QUEUE_LENGTH)
        return level_quantile(&world->queue_level, fmax(p, LEAST));
    if (metric == METRIC_UTILIZATION)
        return level_quantile(&world->busy_level, fmax(p, LEAST)) / world->n_regs;
    return over_replications(result, metric, p, interval);
}

void judge(const struct scenario *scenario, const struct findings *f, struct world *world,
           struct result *result)
{
    int i;
    result->n_verdicts = scenario->n_expects;
    result->verdicts = calloc((size_t)scenario->n_expects + 1, sizeof *result->verdicts);
    UND_ASSERT(result->verdicts != NULL);
    for (i = 0; i < scenario->n_expects; i++) {
        const struct expect *expect = &scenario->expects[i];
        struct verdict *verdict = &result->verdicts[i];
        struct interval interval;
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
                quantile_of(f, world, result, expect->metric, expect->quantile, &interval);
            verdict->half_width = (interval.high - interval.low) / 2;
        }
        /* Nothing observed holds nothing: comparisons with NAN are false. */
        verdict->pass = holds(expect->op, verdict->value, expect->value);
    }
}
