/* What the series that a fleet exports and records can be. */
#include "bounds_internal.h"

#include "model/promql/function.h"

#include <string.h>

#define RECORD_DEPTH 8

bool bounds_may_be_named(const struct promql_node *selector, const char *name)
{
    for (int i = 0; i < selector->n_matchers; i++) {
        if (strcmp(selector->matchers[i].name, LABELS_NAME) == 0 &&
            !promql_matches(&selector->matchers[i], name))
            return false;
    }
    return true;
}

/* Each sample of a series, and how it grows. */
static struct bounds of_series(const struct bounds_fleet *fleet, const struct exported *series,
                               const struct promql_node *selector,
                               const struct promql_function *function)
{
    struct state_range range =
        state_range(fleet->fleet, series->host, series->quantity, fleet->calm);
    double a = series->factor * range.low, b = series->factor * range.high;
    struct bounds values = between(series->offset + fmin(a, b), series->offset + fmax(a, b), 1);
    struct bounds slope = values;
    values.some = values.must = fleet->calm;
    if (series->is_up)
        values.low = fleet->calm, values.high = 1;
    if (series->factor == 0) /* 0 times infinity */
        values.low = values.high = series->offset;
    if (!state_is_counter(series->quantity))
        return bounds_over(function, selector->range_ms, values, NULL, fleet->calm);
    slope.low -= series->offset;
    slope.high -= series->offset;
    values.low = fmin(series->offset, -INFINITY * (series->factor < 0));
    values.high = INFINITY;
    if (isnan(values.low))
        values.low = series->offset;
    return bounds_over(function, selector->range_ms, values, &slope, fleet->calm);
}

static struct bounds of_records(struct bounds_fleet *fleet, const struct promql_node *selector,
                                const struct promql_function *function)
{
    struct bounds all = bounds_none();
    for (int i = 0; i < fleet->n_records; i++) {
        struct bounds of;
        if (!bounds_may_be_named(selector, fleet->records[i].name))
            continue;
        if (fleet->depth == RECORD_DEPTH)
            return bounds_any(1e9);
        fleet->depth++;
        of = bounds_find(fleet->records[i].promql->root, NULL, bounds_of_fleet, fleet);
        fleet->depth--;
        if (!of.may && function && function->function == F_ABSENT_OVER_TIME)
            continue;
        of.must = of.some = false;
        all = bounds_join(all, bounds_over(function, selector->range_ms, of, NULL, false));
    }
    return all;
}

struct bounds bounds_of_fleet(void *context, const struct promql_node *selector,
                              const struct promql_function *function,
                              const struct bounds_fixed *fixed)
{
    struct bounds_fleet *fleet = context;
    struct bounds all = bounds_none();
    bool absent = function && function->function == F_ABSENT_OVER_TIME, there = false;
    if (selector->kind != PROMQL_SELECTOR)
        return bounds_none();
    if (bounds_may_be_named(selector, "ALERTS") ||
        bounds_may_be_named(selector, "ALERTS_FOR_STATE"))
        all = bounds_may_be_named(selector, "ALERTS") ? between(1, 1, 1e6) : bounds_any(1e6);
    for (int i = 0; i < fleet->exported->n; i++) {
        const struct exported *series = &fleet->exported->list[i];
        if (!bounds_selects(selector, fixed, series->labels))
            continue;
        there = there || fleet->calm;
        all = bounds_join(all, of_series(fleet, series, selector, function));
    }
    if (absent)
        return there ? bounds_none() : between(1, 1, 1);
    return bounds_join(all, of_records(fleet, selector, function));
}
