/* The table: the settings, and for each metric its value and its difference to the first. */
#include "sweep.h"

#include "reports/text/text.h"

#include <math.h>
#include <string.h>

#define CELL 22

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
    const struct quantity *q = sweep_quantity(point, column);
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

/* Too few replications have none. */
static bool has_interval(const struct sweep_limit *limit, const struct sweep_point *point)
{
    double half_width, value = sweep_value(point, &limit->column, &half_width);
    return isnan(value) || isfinite(half_width) || sweep_is_far_out(&limit->column);
}

static void crossing(const struct sweep *sweep, const struct sweep_limit *limit, int *last,
                     int *fails)
{
    int i;
    *last = *fails = -1;
    for (i = 0; i < sweep->n_points && *fails < 0; i++)
        *(sweep_holds(limit, &sweep->point[i]) ? last : fails) = i;
}

/* From where on it holds at all points; -1: nowhere. */
static int holds_from(const struct sweep *sweep, const struct sweep_limit *limit)
{
    int i = sweep->n_points;
    while (i > 0 && sweep_holds(limit, &sweep->point[i - 1]))
        i--;
    return i < sweep->n_points ? i : -1;
}

void sweep_limit_name(const struct sweep_limit *limit, char *out, size_t size)
{
    char name[SWEEP_NAME], value[TEXT_VALUE];
    sweep_column_name(&limit->column, name, sizeof name);
    snprintf(out, size, "%s %s %s", name, limit->at_least ? ">=" : "<=",
             text_metric(value, sweep_reads_as(&limit->column), limit->value));
}

void sweep_limit_text(const struct sweep *sweep, const struct sweep_limit *limit, char *out,
                      size_t size)
{
    char name[SWEEP_NAME + TEXT_VALUE], up_to[SWEEP_VALUE + 16] = "", at[128] = "";
    char from[SWEEP_VALUE + 32] = "";
    int last, fails, first = holds_from(sweep, limit);
    crossing(sweep, limit, &last, &fails);
    sweep_limit_name(limit, name, sizeof name);
    if (last >= 0)
        snprintf(up_to, sizeof up_to, "holds up to %s", sweep_text(sweep, last, 0));
    if (fails >= 0)
        snprintf(at, sizeof at, "%s%s at %s", last >= 0 ? ", " : "",
                 has_interval(limit, &sweep->point[fails]) ? "not"
                                                           : "not known without an interval",
                 sweep_text(sweep, fails, 0));
    if (fails >= 0 && first > fails && sweep->n_axes == 1)
        snprintf(from, sizeof from, ", holds from %s on", sweep_text(sweep, first, 0));
    snprintf(out, size, "%s (%s): %s%s%s", name,
             sweep_is_far_out(&limit->column) ? "the estimate" : "with its interval", up_to, at,
             from);
}

/* A table of text: the settings, and for each metric its value and its difference to the first. */
#define CELLS (SWEEP_AXES + 2 * SWEEP_COLUMNS + 4)
#define HEAD SWEEP_NAME

static void difference_cell(char out[HEAD], const struct sweep *sweep, int index, int column)
{
    struct spread more = sweep_difference(sweep, index, &sweep->column[column]);
    cell(out, sweep_reads_as(&sweep->column[column]), index == 0 ? NAN : more.mean, more.half_width,
         true);
}

static void amount(char out[HEAD], const struct sweep *sweep, double value, double half, bool sign)
{
    char text[48], around[48];
    if (!isfinite(value)) {
        snprintf(out, HEAD, "-");
        return;
    }
    money_text(&(struct prices){0}, half, around);
    snprintf(out, HEAD, "%s%s%s%s", sign && value >= 0 ? "+" : "",
             money_text(&sweep->prices, value, text), isfinite(half) ? " +-" : "",
             isfinite(half) ? around : "");
}

/* What it costs, what more than the first, its slots, what each slot more than there saves. */
static void money_cell(char out[HEAD], const struct sweep *sweep, int row, int at)
{
    static const char *const heads[] = {"cost a month", "difference", "slots", "a slot saves"};
    const struct sweep_found *found = row < 0 ? NULL : sweep->point[row].found;
    if (row < 0)
        snprintf(out, HEAD, "%s", heads[at]);
    else if (!found || !(found->money.runs > 0))
        snprintf(out, HEAD, "-");
    else if (at == 0)
        amount(out, sweep, found->money.cost, found->money.cost_half, false);
    else if (at == 1)
        amount(out, sweep, row == 0 ? NAN : found->money.more, found->money.more_half, true);
    else if (at == 2)
        snprintf(out, HEAD, "%g", found->money.slots);
    else
        amount(out, sweep, row == 0 ? NAN : found->money.value, found->money.value_half, false);
}

/* Row -1 holds the heads. */
static void fill_cell(char out[HEAD], const struct sweep *sweep, int row, int at)
{
    int column = (at - sweep->n_axes) / 2;
    char name[SWEEP_NAME];
    if (at < sweep->n_axes) {
        const char *dot = strrchr(sweep->axis[at].path, '.');
        snprintf(out, HEAD, "%.29s",
                 row >= 0 ? sweep_text(sweep, row, at)
                 : dot    ? dot + 1
                          : sweep->axis[at].path);
    } else if (column >= sweep->n_columns) {
        money_cell(out, sweep, row, at - sweep->n_axes - 2 * sweep->n_columns);
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
    cells = sweep->n_axes + 2 * sweep->n_columns + (sweep->prices.given ? 4 : 0);
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
    const struct sweep_found *first = NULL;
    char text[512];
    int i;
    for (i = 0; i < sweep->n_points && !first; i++)
        first = sweep->point[i].found;
    fprintf(out, "%s", sweep->path);
    if (first)
        fprintf(out, ": %lld replications a point, seed %llu\n", (long long)first->replications,
                (unsigned long long)first->seed);
    else
        fputc('\n', out);
    for (i = 0; i < sweep->n_axes; i++)
        fprintf(out, "  vary %s\n", sweep->axis[i].path);
    print_table(out, sweep, columns);
    fputs("  +-: 95%; differences are to the first line, by the same random numbers\n", out);
    if (has_quantiles(sweep))
        fputs("  (of quantiles: the two intervals together, so at most that)\n", out);
    for (i = 0; i < sweep->n_limits; i++) {
        sweep_limit_text(sweep, &sweep->limit[i], text, sizeof text);
        fprintf(out, "  %s\n", text);
    }
}
