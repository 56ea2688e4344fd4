/*
 * A sweep: one scenario at several settings under common random numbers, each compared with the
 * first one pair by pair of replications. Text, JSON, and a plot with error bars.
 */
#ifndef REPORTS_PLOT_SWEEP_H
#define REPORTS_PLOT_SWEEP_H

#include "model/base/err.h"
#include "model/fleet/result.h"
#include "plot.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define SWEEP_AXES 4
#define SWEEP_COLUMNS (5 * METRIC_COUNT) /* every statistic of every metric */
#define SWEEP_POINTS 1000
#define SWEEP_VALUE 64
#define SWEEP_NAME (FACET_NAME + 8)

/* One column of the table: a statistic of a metric. */
struct sweep_column {
    enum metric metric;
    bool mean;
    double quantile;    /* unless mean: one of 0.05, 0.5, 0.95, 0.99 */
    struct facet facet; /* of the metric; without a name: all of it */
};

struct sweep_point {
    char value[SWEEP_AXES][SWEEP_VALUE];
    struct result *result; /* owned; NULL with an error */
    char *error;           /* owned */
};

/* "column op limit" that is to hold along the sweep. */
struct sweep_limit {
    bool given;
    struct sweep_column column;
    bool at_least; /* else at most */
    double value;
};

struct sweep {
    const char *path;             /* of the scenario */
    const char *where;            /* under what circumstances, for JSON; NULL: as it is */
    const char *axis[SWEEP_AXES]; /* paths that vary; borrowed */
    int n_axes;
    struct sweep_column column[SWEEP_COLUMNS];
    int n_columns;
    struct sweep_limit limit;
    struct sweep_point *point; /* owned; the last axis varies fastest */
    int n_points;
};

/* Frees the points with their results; a zeroed sweep is fine. */
void sweep_fini(struct sweep *sweep);

/* The statistic's value and the half width of its 95% interval, NAN where there is none. */
double sweep_value(const struct sweep_point *point, const struct sweep_column *column,
                   double *half_width);

enum metric sweep_reads_as(const struct sweep_column *column); /* whose values print alike */
/* "queue_wait p95", as the table heads it. */
void sweep_column_name(const struct sweep_column *column, char *out, size_t size);
/* Lines of at most so many columns. */
void sweep_print(FILE *out, const struct sweep *sweep, int columns);
/* The same points with intervals and differences, for scripts; new reference. */
json_t *sweep_json(const struct sweep *sweep);
/* The first column over the first axis, which must be numbers. */
bool sweep_can_plot(const struct sweep *sweep);
/* An SVG; UND_SERVICE where gnuplot is missing or fails. */
enum und_code sweep_plot(FILE *out, const struct sweep *sweep, struct und_err *err);

#endif
