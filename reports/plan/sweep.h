/*
 * A sweep: one scenario at several settings under common random numbers, each compared with the
 * first one pair by pair of replications. Text, JSON, CSV, and a plot with error bars.
 *
 * Files: sweep.c keeps and compares, sweep_print.c prints the table, sweep_json.c JSON and CSV,
 * sweep_plot.c draws.
 */
#ifndef REPORTS_PLAN_SWEEP_H
#define REPORTS_PLAN_SWEEP_H

#include "model/base/err.h"
#include "model/fleet/result.h"
#include "money.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define SWEEP_AXES 16
#define SWEEP_COLUMNS (5 * METRIC_COUNT) /* every statistic of every metric */
#define SWEEP_LIMITS 8
#define SWEEP_POINTS 100000
#define SWEEP_VALUE 64
#define SWEEP_PATH 256
#define SWEEP_NAME (FACET_NAME + 8)

/* One column of the table: a statistic of a metric. */
struct sweep_column {
    enum metric metric;
    bool mean;
    double quantile;    /* unless mean: one of 0.05, 0.5, 0.95, 0.99 */
    struct facet facet; /* of the metric; without a name: all of it */
};

struct sweep_axis {
    char path[SWEEP_PATH];
    char (*value)[SWEEP_VALUE]; /* owned */
    int n;
};

/* A mean with half the width of its 95% interval; NAN where there is none. */
struct spread {
    double mean, half_width;
};

struct sweep_facet {
    struct facet facet;
    struct quantity quantity;
    struct spread difference;
};

/* What is kept of a point; differences are to the first point, pair by pair of replications. */
struct sweep_found {
    uint64_t seed, digest;
    int64_t replications;
    bool faults; /* something goes wrong in the scenario */
    struct quantity metric[METRIC_COUNT];
    struct spread difference[METRIC_COUNT];
    struct sweep_facet *facet; /* owned */
    int n_facets;
    struct money_found money; /* where prices are given */
};

struct sweep_point {
    int value[SWEEP_AXES];     /* which of its axis */
    struct sweep_found *found; /* owned; NULL with an error, or while it is not known */
    char *error;               /* owned */
};

/* "column op limit" that is to hold along the sweep. */
struct sweep_limit {
    struct sweep_column column;
    bool at_least; /* else at most */
    double value;
};

struct sweep {
    const char *path;  /* of the scenario */
    const char *where; /* under what circumstances, for JSON; NULL: as it is */
    struct sweep_axis axis[SWEEP_AXES];
    int n_axes;
    struct sweep_column column[SWEEP_COLUMNS];
    int n_columns;
    struct sweep_limit limit[SWEEP_LIMITS];
    int n_limits;
    struct prices prices;
    struct sweep_point *point; /* owned; of a grid, the last axis varies fastest */
    int n_points;
};

/* What is to be kept of a point's result, `first` being the first point's, NULL where it has none:
 * the caller's to free with sweep_found_free. */
struct sweep_found *sweep_found_of(const struct result *result, const struct result *first);
void sweep_found_free(struct sweep_found *found);

/* The value of a point along an axis, as the file has it. */
const char *sweep_text(const struct sweep *sweep, int point, int axis);
/* "slots=4, rate=200/d"; "" without an axis. */
const char *sweep_point_name(const struct sweep *sweep, int point, char *out, size_t size);

/* NULL: it could not be simulated. */
const struct quantity *sweep_quantity(const struct sweep_point *point,
                                      const struct sweep_column *column);
/* To the first point: of means over pairs of replications; of quantiles with both intervals. */
struct spread sweep_difference(const struct sweep *sweep, int point,
                               const struct sweep_column *column);
bool sweep_is_far_out(const struct sweep_column *column); /* the estimate alone has to do */
/* Whether the limit holds there, interval included (beyond the 97% point the estimate alone). */
bool sweep_holds(const struct sweep_limit *limit, const struct sweep_point *point);

/* Frees the points, and with `fini` the axes as well; a zeroed sweep is fine. */
void sweep_clear(struct sweep *sweep);
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
/* A line a point, all columns with both ends of their intervals; RFC 4180. */
void sweep_csv(FILE *out, const struct sweep *sweep, bool head);
/* The only axis as numbers of one unit, n_points of them; false: it has none. */
bool sweep_numbers(const struct sweep *sweep, double *value);
bool sweep_can_plot(const struct sweep *sweep);
/* A column over the only axis, an SVG; UND_SERVICE where gnuplot is missing or fails. */
enum und_code sweep_plot(FILE *out, const struct sweep *sweep, int column, struct und_err *err);
/* "queue wait <= 5:00" */
void sweep_limit_name(const struct sweep_limit *limit, char *out, size_t size);
/* "queue wait <= 5:00 (with its interval): holds up to 240/d, not at 260/d" */
void sweep_limit_text(const struct sweep *sweep, const struct sweep_limit *limit, char *out,
                      size_t size);

#endif
