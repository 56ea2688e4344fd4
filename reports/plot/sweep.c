#include "sweep.h"

#include "model/stats/stats.h"
#include "reports/text/json.h"
#include "reports/text/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CELL 22

void sweep_fini(struct sweep *sweep)
{
    int i;
    for (i = 0; i < sweep->n_points; i++) {
        if (sweep->point[i].result) {
            result_fini(sweep->point[i].result);
            free(sweep->point[i].result);
        }
        free(sweep->point[i].error);
    }
    free(sweep->point);
    sweep->point = NULL;
    sweep->n_points = 0;
}

/* NULL: it could not be simulated. */
static const struct quantity *quantity_of(const struct sweep_point *point,
                                          const struct sweep_column *column)
{
    const struct facet_result *facet;
    if (!point->result || !column->facet.name[0])
        return point->result ? &point->result->metric[column->metric] : NULL;
    facet = result_facet(point->result, column->facet.name);
    return facet ? &facet->quantity : NULL;
}

static const double *by_replication(const struct sweep_point *point,
                                    const struct sweep_column *column)
{
    const struct facet_result *facet;
    if (!column->facet.name[0])
        return point->result->by_replication[column->metric];
    facet = result_facet(point->result, column->facet.name);
    return facet ? facet->by_replication : NULL;
}

enum metric sweep_reads_as(const struct sweep_column *column)
{
    return column->facet.name[0] ? facet_reads_as(&column->facet) : column->metric;
}

double sweep_value(const struct sweep_point *point, const struct sweep_column *column,
                   double *half_width)
{
    const struct quantity *q = quantity_of(point, column);
    *half_width = NAN;
    if (!q)
        return NAN;
    if (column->mean) {
        *half_width = q->half_width;
        return q->mean;
    }
    if (column->quantile < 0.1)
        return q->p5;
    if (column->quantile < 0.9) {
        *half_width = (q->p50_high - q->p50_low) / 2;
        return q->p50;
    }
    if (column->quantile < 0.97) {
        *half_width = (q->p95_high - q->p95_low) / 2;
        return q->p95;
    }
    *half_width = (q->p99_high - q->p99_low) / 2;
    return q->p99;
}

/* The two intervals together: the same random numbers can only make the true one narrower. */
static double apart(const struct sweep_point *first, const struct sweep_point *other,
                    const struct sweep_column *column, double *half_width)
{
    double of_first, of_other, from = sweep_value(first, column, &of_first);
    double to = sweep_value(other, column, &of_other);
    *half_width = hypot(of_first, of_other);
    return to - from;
}

/* Difference to the first point: of means over pairs of replications; of quantiles with both
 * intervals. */
static double sweep_difference(const struct sweep *sweep, int point,
                               const struct sweep_column *column, double *half_width)
{
    const struct result *first = sweep->point[0].result, *other = sweep->point[point].result;
    const struct quantity *from = quantity_of(&sweep->point[0], column);
    const struct quantity *to = quantity_of(&sweep->point[point], column);
    struct comparison comparison;
    size_t n;
    *half_width = NAN;
    if (!from || !to)
        return NAN;
    if (!column->mean)
        return apart(&sweep->point[0], &sweep->point[point], column, half_width);
    if (!by_replication(&sweep->point[0], column) || from->mean_is_bound || to->mean_is_bound)
        return NAN; /* bounds have no difference */
    n = (size_t)(first->replications < other->replications ? first->replications
                                                           : other->replications);
    comparison = stats_compare(by_replication(&sweep->point[0], column),
                               by_replication(&sweep->point[point], column), n, STATS_CONFIDENCE);
    *half_width = comparison.difference.half_width;
    return comparison.difference.mean;
}

void sweep_column_name(const struct sweep_column *column, char *out, size_t size)
{
    char name[FACET_NAME];
    size_t i, bare = (size_t)metric_bare(column->metric);
    snprintf(name, sizeof name, "%.*s%s", (int)bare, metric_name(column->metric),
             column->facet.name + strcspn(column->facet.name, "[>"));
    for (i = 0; i < bare; i++)
        name[i] = name[i] == '_' ? ' ' : name[i];
    if (column->mean)
        snprintf(out, size, "%s", name);
    else
        snprintf(out, size, "%s p%.0f", name, 100 * column->quantile);
}

/* Below a minute m:ss says too little. */
static const char *figure(char out[TEXT_VALUE], enum metric metric, double value)
{
    if (metric_unit(metric) == UNIT_MS && fabs(value) < 60000) {
        snprintf(out, TEXT_VALUE, "%.3gs", value / 1000);
        return out;
    }
    return text_metric(out, metric, value);
}

/* "2:15 +-8s", or with a sign for differences. */
static void cell(char out[CELL + 8], enum metric metric, double value, double half_width, bool sign)
{
    char text[TEXT_VALUE], width[TEXT_VALUE];
    if (!isfinite(value)) {
        snprintf(out, CELL + 8, "-");
        return;
    }
    figure(text, metric, sign ? fabs(value) : value);
    if (!sign && metric_unit(metric) == UNIT_SHARE)
        snprintf(out, CELL + 8, "%.10s%.18s", text, text_spread(width, metric, value, half_width));
    else if (isfinite(half_width))
        snprintf(out, CELL + 8, "%s%.12s +-%.10s",
                 !sign       ? ""
                 : value < 0 ? "-"
                             : "+",
                 text, figure(width, metric, half_width));
    else
        snprintf(out, CELL + 8, "%s%.12s", !sign ? "" : value < 0 ? "-" : "+", text);
}

/* A value of its own: ">50:00" beyond what was seen, ">=48:55" where the mean is a lower bound. */
static void value_cell(char out[CELL + 8], const struct sweep_point *point,
                       const struct sweep_column *column)
{
    const struct quantity *q = quantity_of(point, column);
    double half_width, value = sweep_value(point, column, &half_width);
    char text[CELL + 8];
    if (q && !column->mean && isfinite(quantity_beyond(q, column->quantile))) {
        cell(text, sweep_reads_as(column), quantity_beyond(q, column->quantile), NAN, false);
        snprintf(out, CELL + 8, ">%.24s", text);
    } else if (q && column->mean && q->mean_is_bound) {
        cell(text, sweep_reads_as(column), value, NAN, false);
        snprintf(out, CELL + 8, ">=%.24s", text);
    } else {
        cell(out, sweep_reads_as(column), value, half_width, false);
    }
}

/* Beyond the 97% point there is no interval: the estimate itself has to do. */
static bool is_far_out(const struct sweep_column *column)
{
    return !column->mean && column->quantile >= 0.97;
}

static bool holds(const struct sweep_limit *limit, const struct sweep_point *point)
{
    const struct quantity *q = quantity_of(point, &limit->column);
    double half_width, value = sweep_value(point, &limit->column, &half_width);
    half_width = is_far_out(&limit->column) ? 0 : half_width;
    if (!limit->at_least && limit->column.mean && q && q->mean_is_bound)
        return false; /* it is more than that, nobody knows how much */
    return limit->at_least ? value - half_width >= limit->value
                           : value + half_width <= limit->value;
}

/* Too few replications have none. */
static bool has_interval(const struct sweep *sweep, int index)
{
    double half_width, value = sweep_value(&sweep->point[index], &sweep->limit.column, &half_width);
    return isnan(value) || isfinite(half_width) || is_far_out(&sweep->limit.column);
}

static void print_limit(FILE *out, const struct sweep *sweep)
{
    char name[SWEEP_NAME], value[TEXT_VALUE];
    int i, last = -1, fails = -1;
    for (i = 0; i < sweep->n_points && fails < 0; i++) {
        if (holds(&sweep->limit, &sweep->point[i]))
            last = i;
        else
            fails = i;
    }
    sweep_column_name(&sweep->limit.column, name, sizeof name);
    fprintf(out, "  %s %s %s (%s): ", name, sweep->limit.at_least ? ">=" : "<=",
            text_metric(value, sweep_reads_as(&sweep->limit.column), sweep->limit.value),
            is_far_out(&sweep->limit.column) ? "the estimate" : "with its interval");
    if (last >= 0)
        fprintf(out, "holds up to %s", sweep->point[last].value[0]);
    if (last >= 0 && fails >= 0)
        fputs(", ", out);
    if (fails >= 0)
        fprintf(out, "%s at %s",
                has_interval(sweep, fails) ? "not" : "not known without an interval",
                sweep->point[fails].value[0]);
    fputc('\n', out);
}

/* A table of text: the settings, and for each metric its value and its difference to the first. */
#define CELLS (SWEEP_AXES + 2 * SWEEP_COLUMNS)
#define HEAD SWEEP_NAME

static void difference_cell(char out[HEAD], const struct sweep *sweep, int index, int column)
{
    double half_width, value = sweep_difference(sweep, index, &sweep->column[column], &half_width);
    if (index == 0)
        value = NAN;
    cell(out, sweep_reads_as(&sweep->column[column]), value, half_width, true);
}

/* Row -1 holds the heads. */
static void fill_cell(char out[HEAD], const struct sweep *sweep, int row, int at)
{
    int column = (at - sweep->n_axes) / 2;
    char name[SWEEP_NAME];
    if (at < sweep->n_axes) {
        const char *dot = strrchr(sweep->axis[at], '.');
        snprintf(out, HEAD, "%.29s",
                 row >= 0 ? sweep->point[row].value[at]
                 : dot    ? dot + 1
                          : sweep->axis[at]);
    } else if ((at - sweep->n_axes) % 2 == 1) {
        if (row < 0)
            snprintf(out, HEAD, "difference");
        else
            difference_cell(out, sweep, row, column);
    } else if (row < 0) {
        sweep_column_name(&sweep->column[column], name, sizeof name);
        snprintf(out, HEAD, "%s", name);
    } else {
        value_cell(out, &sweep->point[row], &sweep->column[column]);
    }
}

static int width_of(const struct sweep *sweep, int at)
{
    char text[HEAD];
    int row, width = 0;
    for (row = -1; row < sweep->n_points; row++) {
        if (row >= 0 && sweep->point[row].error && at >= sweep->n_axes)
            continue;
        fill_cell(text, sweep, row, at);
        if (text_columns(text) > width)
            width = text_columns(text);
    }
    return width;
}

/* One block of lines: the settings and the cells from..to-1. */
static void print_cells(FILE *out, const struct sweep *sweep, const int *width, int from, int to)
{
    char text[HEAD];
    int row, at;
    for (row = -1; row < sweep->n_points; row++) {
        for (at = 0; at < to; at = at + 1 == sweep->n_axes ? from : at + 1) {
            if (at >= sweep->n_axes && row >= 0 && sweep->point[row].error)
                break;
            fill_cell(text, sweep, row, at);
            fprintf(out, "  %*s", width[at], text);
        }
        if (row >= 0 && sweep->point[row].error)
            fprintf(out, "  %s", sweep->point[row].error);
        fputc('\n', out);
    }
}

/* As many metrics beside each other as a line holds, each with its difference; the others below. */
static void print_table(FILE *out, const struct sweep *sweep, int columns)
{
    int width[CELLS] = {0}, axes = 0, from = sweep->n_axes, cells, at;
    cells = sweep->n_axes + 2 * sweep->n_columns;
    for (at = 0; at < cells; at++)
        width[at] = width_of(sweep, at);
    for (at = 0; at < sweep->n_axes; at++)
        axes += width[at] + 2;
    while (from < cells) {
        int to = from + 2, line = axes + width[from] + width[from + 1] + 4;
        while (to < cells && line + width[to] + width[to + 1] + 4 <= columns) {
            line += width[to] + width[to + 1] + 4;
            to += 2;
        }
        if (from > sweep->n_axes)
            fputc('\n', out);
        print_cells(out, sweep, width, from, to);
        from = to;
    }
}

static bool has_quantiles(const struct sweep *sweep)
{
    int i;
    for (i = 0; i < sweep->n_columns; i++)
        if (!sweep->column[i].mean)
            return true;
    return false;
}

void sweep_print(FILE *out, const struct sweep *sweep, int columns)
{
    const struct result *first = NULL;
    int i;
    for (i = 0; i < sweep->n_points && !first; i++)
        first = sweep->point[i].result;
    fprintf(out, "%s", sweep->path);
    if (first)
        fprintf(out, ": %lld replications a point, seed %llu\n", (long long)first->replications,
                (unsigned long long)first->seed);
    else
        fputc('\n', out);
    for (i = 0; i < sweep->n_axes; i++)
        fprintf(out, "  vary %s\n", sweep->axis[i]);
    print_table(out, sweep, columns);
    fputs("  +-: 95%; differences are to the first line, by the same random numbers\n", out);
    if (has_quantiles(sweep))
        fputs("  (of quantiles: the two intervals together, so at most that)\n", out);
    if (sweep->limit.given)
        print_limit(out, sweep);
}

/* ---- JSON ---- */

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static void put_column(const struct sweep *sweep, int index, const struct sweep_column *column,
                       json_t *metrics, json_t *differences)
{
    double half_width, value = sweep_difference(sweep, index, column, &half_width);
    const char *key = column->facet.name[0] ? column->facet.name : metric_name(column->metric);
    json_object_set_new(metrics, key, json_quantity(quantity_of(&sweep->point[index], column)));
    json_object_set_new(
        differences, key,
        json_pack("{s:o,s:o}", "mean", number(value), "half_width", number(half_width)));
}

static json_t *point_json(const struct sweep *sweep, int index)
{
    const struct sweep_point *point = &sweep->point[index];
    json_t *object = json_object(), *values = json_object(), *metrics = json_object();
    json_t *differences = json_object();
    int i;
    for (i = 0; i < sweep->n_axes; i++)
        json_object_set_new(values, sweep->axis[i], json_string(point->value[i]));
    json_object_set_new(object, "values", values);
    if (point->error)
        json_object_set_new(object, "error", json_string(point->error));
    for (i = 0; i < METRIC_COUNT && point->result; i++) {
        struct sweep_column column = {.metric = (enum metric)i, .mean = true};
        put_column(sweep, index, &column, metrics, differences);
    }
    for (i = 0; point->result && i < point->result->n_facets; i++) {
        const struct facet *facet = &point->result->facets[i].facet;
        struct sweep_column column = {.metric = facet->metric, .mean = true, .facet = *facet};
        put_column(sweep, index, &column, metrics, differences);
    }
    json_object_set_new(object, "metrics", metrics);
    json_object_set_new(object, "difference_to_first", differences);
    return object;
}

json_t *sweep_json(const struct sweep *sweep)
{
    json_t *points = json_array(), *axes = json_array(), *object;
    int i;
    for (i = 0; i < sweep->n_axes; i++)
        json_array_append_new(axes, json_string(sweep->axis[i]));
    for (i = 0; i < sweep->n_points; i++)
        json_array_append_new(points, point_json(sweep, i));
    object = json_pack("{s:i,s:s,s:o,s:o}", "version", JSON_VERSION, "whatif", sweep->path, "vary",
                       axes, "points", points);
    if (sweep->where)
        json_object_set_new(object, "where", json_string(sweep->where));
    return object;
}
