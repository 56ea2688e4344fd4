/*
 * What an expression can give at most: intervals instead of values, without labels.
 *
 * Each selector, with the function over it, is an interval that holds all of its series; from these
 * follows one that holds every sample of the result, or that there is none. It says what cannot be:
 * a comparison whose sides do not overlap is empty, whatever the labels are. Where every series
 * that a result needs is there, it says too that there must be one.
 *
 * With the labels of one possible result (reach.h) only the series that such a result can come from
 * count: which of its labels they must share follows from the matching and grouping on the way.
 *
 * So "this alert cannot fire in this fleet", from the ranges of the quantities behind its series
 * (bounds_of_fleet), and "nothing to evaluate now", from what was just scraped
 * (sim/monitoring/rule_engine_bounds.c).
 */
#ifndef MODEL_SERIES_BOUNDS_H
#define MODEL_SERIES_BOUNDS_H

#include "exporter.h"
#include "model/promql/promql.h"

struct bounds {
    bool may;         /* false: no sample at all */
    bool some;        /* there is one */
    bool must;        /* there are all that there can be, so that what they match is known */
    double low, high; /* of every sample; -INFINITY, INFINITY: anything, NaN too */
    double most;      /* samples */
};

/* Labels of a result that the series of a selector must have, by a bit each. */
struct bounds_fixed {
    const struct labels *labels; /* NULL: none */
    uint32_t mask;
};

/* Of a selector; `function` is the call right over it where it is a range vector, NULL where that
 * is no function of it (or it is no range). Of a count() whose every sample is there: its value, or
 * none where that is not known. */
typedef struct bounds bounds_leaf(void *context, const struct promql_node *selector,
                                  const struct promql_function *function,
                                  const struct bounds_fixed *fixed);

/* `labels`: of the result, NULL: of any. */
struct bounds bounds_find(const struct promql_node *node, const struct labels *labels,
                          bounds_leaf *leaf, void *context);
/* Does the selector select a series of these labels, in a result that fixes some? */
bool bounds_selects(const struct promql_node *selector, const struct bounds_fixed *fixed,
                    const struct labels *labels);
/* Do its matchers on the name allow that one? The others are not looked at. */
bool bounds_may_be_named(const struct promql_node *selector, const char *name);

struct bounds bounds_none(void);
struct bounds bounds_any(double most);
struct bounds bounds_join(struct bounds a, struct bounds b);
/* Of a function over a range whose samples lie in `values`, of a counter that grows by `slope` a
 * second; `whole`: the window is full of samples, so that no rate comes out too low. */
struct bounds bounds_over(const struct promql_function *function, int64_t range_ms,
                          struct bounds values, const struct bounds *slope, bool whole);

/* Recorded metrics, by name. */
struct bounds_record {
    const char *name;
    const struct promql *promql;
};

struct bounds_fleet {
    const struct fleet *fleet;
    const struct exported_list *exported;
    const struct bounds_record *records;
    int n_records;
    bool calm; /* as state_range has it */
    int depth; /* of records in records; 0 to begin with */
};
/* The leaf for it; `context` is a struct bounds_fleet. */
bounds_leaf bounds_of_fleet;

#endif
