#include "measure_facet.h"

#include "model/base/assert.h"
#include "model/stats/survival.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

static void set_quantiles(struct quantity *q, struct world *world, int i)
{
    struct interval p50, p95, p99;
    measure_facet_quantile(world, i, 0.5, &p50);
    measure_facet_quantile(world, i, 0.95, &p95);
    measure_facet_quantile(world, i, 0.99, &p99);
    q->p50_low = p50.low;
    q->p50_high = p50.high;
    q->p95_low = p95.low;
    q->p95_high = p95.high;
    q->p99_low = p99.low;
    q->p99_high = p99.high;
}

/* Values of a level times this are in the facet's unit. */
static double scale_of(const struct world *world, const struct facet *facet)
{
    return facet->metric != METRIC_UTILIZATION ? 1
           : facet->host_at >= 0               ? 1.0 / world->github.host[facet->host_at].slots
                                               : 1.0 / world->github.n_regs;
}

double measure_facet_quantile(struct world *world, int i, double p, struct interval *interval)
{
    struct facet_gather *gather = &world->facets.of[i];
    double scale = scale_of(world, gather->facet);
    UND_ASSERT(!gather->facet->beyond);
    if (world_facet_of_jobs(gather->facet))
        return waits_quantile(&gather->waits, p, interval);
    *interval = cluster_level_quantile(&gather->clusters, &gather->level, p, STATS_CONFIDENCE);
    interval->low *= scale;
    interval->high *= scale;
    return level_quantile(&gather->level, fmax(p, LEVEL_LEAST)) * scale;
}

/* ---- shares ---- */

/* No replication had any, or all had nothing else: as many of them as there are can show no more.
 * A share is at most the probability that a replication has any. */
static void never_or_always(struct quantity *q, int64_t replications)
{
    struct interval interval;
    if (!(q->mean <= 0 || q->mean >= 1) || replications == 0)
        return;
    interval =
        stats_clopper_pearson(q->mean >= 1 ? replications : 0, replications, STATS_CONFIDENCE);
    q->half_width = interval.high - interval.low;
    q->method = METHOD_CLOPPER_PEARSON;
}

/* Jobs wait that have not waited so long yet: 1 - S at the limit, or from where S is known to the
 * end a lower bound. */
static void share_of_open(struct facet_gather *gather, struct facet_result *result)
{
    struct survival survival;
    struct survival_share over;
    struct quantity *q = &result->quantity;
    double limit = gather->facet->limit, variance;
    int groups = __builtin_popcountll(gather->waits.cohort.groups);
    survival_of_sketches(&survival, &gather->waits.all, &gather->waits.open);
    over = survival_share(&survival, limit, STATS_CONFIDENCE);
    q->method = METHOD_KAPLAN_MEIER;
    if (isnan(over.share)) {
        q->mean = result->least;
        q->mean_is_bound = true;
        q->half_width = NAN;
    } else {
        variance = cohort_variance(&gather->waits.cohort, limit);
        q->mean = 1 - over.share;
        q->half_width = groups < 2 ? NAN
                                   : gsl_cdf_tdist_Pinv((1 + STATS_CONFIDENCE) / 2, groups - 1) *
                                         q->mean * sqrt(variance);
    }
    survival_fini(&survival);
}

static void measure_share(const struct findings *f, struct facet_gather *gather, int i,
                          struct facet_result *result)
{
    struct quantity *q = &result->quantity;
    int64_t r, sum = 0, of = 0, open = 0, seen = 0;
    for (r = 0; r < f->n; r++) {
        const struct rep_facet *found = &f->rep[r].facet[i];
        sum += found->sum;
        of += found->of;
        open += found->open;
        seen += found->of > 0;
    }
    never_or_always(q, seen);
    if (!world_facet_of_jobs(&result->facet) || of == 0)
        return;
    q->n = of - open;
    q->censored = open;
    result->least = (double)sum / (double)of;
    result->most = (double)(sum + open) / (double)of;
    if (open > 0)
        share_of_open(gather, result);
}

/* ---- waits and levels ---- */

static void measure_waits_of(struct world *world, int i, struct facet_result *result)
{
    struct quantity ratio = result->quantity;
    measure_waits_quantity(&world->facets.of[i].waits, &ratio, &result->quantity);
}

static void measure_level_of(struct world *world, int i, struct facet_result *result)
{
    struct quantity ratio = result->quantity;
    if (world->facets.of[i].level.total_ms == 0)
        return;
    level_quantity(&world->facets.of[i].level, scale_of(world, &result->facet), &result->quantity);
    result->quantity.n = ratio.n;
    result->quantity.mean = ratio.mean;
    result->quantity.half_width = ratio.half_width;
    set_quantiles(&result->quantity, world, i);
}

/* ---- all of them ---- */

/* Each replication counts alike in a mean over all its time, as in the metrics; by how long a host
 * was down in a mean over that. */
static void by_replication(const struct findings *f, const struct world *world, int i,
                           struct facet_result *result)
{
    const struct facet *facet = &result->facet;
    double *a = measure_new(f->n), *b = measure_new(f->n);
    double scale = facet->beyond ? 1 : scale_of(world, facet);
    bool alike = !world_facet_of_jobs(facet) && !facet->down[0];
    int64_t r;
    for (r = 0; r < f->n; r++) {
        const struct rep_facet *found = &f->rep[r].facet[i];
        a[r] = scale * (double)found->sum;
        b[r] = (double)found->of;
        if (alike && found->of > 0) {
            a[r] /= b[r];
            b[r] = 1;
        }
    }
    measure_ratio(a, b, f->n, false, &result->quantity, &result->by_replication);
    free(a);
    free(b);
}

static void void_facet(struct facet_result *result, int64_t n)
{
    int64_t r;
    quantity_void(&result->quantity);
    for (r = 0; r < n; r++)
        result->by_replication[r] = NAN;
}

void measure_facets(const struct findings *f, struct world *world, struct result *result)
{
    int i;
    result->n_facets = f->n_facets;
    result->facets = calloc((size_t)f->n_facets + 1, sizeof *result->facets);
    UND_ASSERT(result->facets != NULL);
    for (i = 0; i < f->n_facets; i++) {
        struct facet_result *one = &result->facets[i];
        one->facet = *world->facets.of[i].facet;
        by_replication(f, world, i, one);
        if (result->unstable)
            void_facet(one, f->n);
        else if (one->facet.beyond)
            measure_share(f, &world->facets.of[i], i, one);
        else if (world_facet_of_jobs(&one->facet))
            measure_waits_of(world, i, one);
        else
            measure_level_of(world, i, one);
    }
}
