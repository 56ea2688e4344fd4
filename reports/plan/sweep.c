#include "sweep.h"

#include "model/base/assert.h"
#include "model/stats/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void sweep_found_free(struct sweep_found *found)
{
    if (found)
        free(found->facet);
    free(found);
}

void sweep_clear(struct sweep *sweep)
{
    int i;
    for (i = 0; i < sweep->n_points; i++) {
        sweep_found_free(sweep->point[i].found);
        free(sweep->point[i].error);
    }
    free(sweep->point);
    sweep->point = NULL;
    sweep->n_points = 0;
}

void sweep_fini(struct sweep *sweep)
{
    int i;
    sweep_clear(sweep);
    for (i = 0; i < sweep->n_axes; i++)
        free(sweep->axis[i].value);
    sweep->n_axes = 0;
}

/* ---- what is kept of a point ---- */

static struct spread differ(const struct quantity *from, const struct quantity *to,
                            const double *first, int64_t n_first, const double *other,
                            int64_t n_other)
{
    struct comparison comparison;
    if (!first || !other || from->mean_is_bound || to->mean_is_bound)
        return (struct spread){NAN, NAN}; /* bounds have no difference */
    comparison = stats_compare(first, other, (size_t)(n_first < n_other ? n_first : n_other),
                               STATS_CONFIDENCE);
    return (struct spread){comparison.difference.mean, comparison.difference.half_width};
}

static void keep_facets(const struct result *result, const struct result *first,
                        struct sweep_found *found)
{
    int i;
    found->n_facets = result->n_facets;
    found->facet = calloc((size_t)result->n_facets + 1, sizeof *found->facet);
    UND_ASSERT(found->facet != NULL);
    for (i = 0; i < result->n_facets; i++) {
        const struct facet_result *to = &result->facets[i];
        const struct facet_result *from = first ? result_facet(first, to->facet.name) : NULL;
        found->facet[i] = (struct sweep_facet){to->facet, to->quantity, {NAN, NAN}};
        if (from)
            found->facet[i].difference =
                differ(&from->quantity, &to->quantity, from->by_replication, first->replications,
                       to->by_replication, result->replications);
    }
}

struct sweep_found *sweep_found_of(const struct result *result, const struct result *first)
{
    struct sweep_found *found = calloc(1, sizeof *found);
    int i;
    UND_ASSERT(found != NULL);
    found->seed = result->seed;
    found->digest = result->digest;
    found->replications = result->replications;
    for (i = 0; i < METRIC_COUNT; i++) {
        found->metric[i] = result->metric[i];
        found->difference[i] =
            first ? differ(&first->metric[i], &result->metric[i], first->by_replication[i],
                           first->replications, result->by_replication[i], result->replications)
                  : (struct spread){NAN, NAN};
    }
    keep_facets(result, first, found);
    return found;
}

/* ---- asked of a point ---- */

const char *sweep_text(const struct sweep *sweep, int point, int axis)
{
    return sweep->axis[axis].value[sweep->point[point].value[axis]];
}

const char *sweep_point_name(const struct sweep *sweep, int point, char *out, size_t size)
{
    size_t end = 0;
    int i;
    out[0] = '\0';
    for (i = 0; i < sweep->n_axes && end < size; i++) {
        const char *dot = strrchr(sweep->axis[i].path, '.');
        end += (size_t)snprintf(out + end, size - end, "%s%s=%s", i > 0 ? ", " : "",
                                dot ? dot + 1 : sweep->axis[i].path, sweep_text(sweep, point, i));
    }
    return out;
}

static const struct sweep_facet *facet_of(const struct sweep_point *point,
                                          const struct sweep_column *column)
{
    int i;
    for (i = 0; point->found && i < point->found->n_facets; i++)
        if (strcmp(point->found->facet[i].facet.name, column->facet.name) == 0)
            return &point->found->facet[i];
    return NULL;
}

const struct quantity *sweep_quantity(const struct sweep_point *point,
                                      const struct sweep_column *column)
{
    const struct sweep_facet *facet;
    if (!point->found || !column->facet.name[0])
        return point->found ? &point->found->metric[column->metric] : NULL;
    facet = facet_of(point, column);
    return facet ? &facet->quantity : NULL;
}

enum metric sweep_reads_as(const struct sweep_column *column)
{
    return column->facet.name[0] ? facet_reads_as(&column->facet) : column->metric;
}

double sweep_value(const struct sweep_point *point, const struct sweep_column *column,
                   double *half_width)
{
    const struct quantity *q = sweep_quantity(point, column);
    struct interval around;
    *half_width = NAN;
    if (!q)
        return NAN;
    if (column->mean) {
        *half_width = q->half_width;
        return q->mean;
    }
    around = quantity_around(q, column->quantile);
    *half_width = (around.high - around.low) / 2;
    return quantity_quantile(q, column->quantile);
}

/* The two intervals together: the same random numbers can only make the true one narrower. */
static struct spread apart(const struct sweep_point *first, const struct sweep_point *other,
                           const struct sweep_column *column)
{
    double of_first, of_other, from = sweep_value(first, column, &of_first);
    double to = sweep_value(other, column, &of_other);
    return (struct spread){to - from, hypot(of_first, of_other)};
}

struct spread sweep_difference(const struct sweep *sweep, int point,
                               const struct sweep_column *column)
{
    const struct sweep_point *at = &sweep->point[point];
    const struct sweep_facet *facet;
    if (!at->found || !sweep_quantity(&sweep->point[0], column))
        return (struct spread){NAN, NAN};
    if (!column->mean)
        return apart(&sweep->point[0], at, column);
    if (!column->facet.name[0])
        return at->found->difference[column->metric];
    facet = facet_of(at, column);
    return facet ? facet->difference : (struct spread){NAN, NAN};
}

/* Beyond the 97% point there is no interval: the estimate itself has to do. */
bool sweep_is_far_out(const struct sweep_column *column)
{
    return !column->mean && column->quantile >= 0.97;
}

bool sweep_holds(const struct sweep_limit *limit, const struct sweep_point *point)
{
    const struct quantity *q = sweep_quantity(point, &limit->column);
    double half_width, value = sweep_value(point, &limit->column, &half_width);
    half_width = sweep_is_far_out(&limit->column) ? 0 : half_width;
    if (!limit->at_least && limit->column.mean && q && q->mean_is_bound)
        return false; /* it is more than that, nobody knows how much */
    return limit->at_least ? value - half_width >= limit->value
                           : value + half_width <= limit->value;
}
