/*
 * Private to the evaluator: what functions over ranges make of one series.
 */
#ifndef MODEL_PROMQL_WINDOW_H
#define MODEL_PROMQL_WINDOW_H

#include "function.h"
#include "store.h"

/* A series' points in a range, and what the function has besides. */
struct window {
    const struct point *points;
    const int64_t *starts; /* when their counters began: see struct series; NULL if not known */
    int n;
    int histograms; /* among the points */
    int64_t start_ms, end_ms, now_ms;
    double range_s;
    double parameters[2];
    bool later;
    bool anchored, smoothed; /* the points go beyond the range by the look-back */
    double *room;            /* for n values */
    struct arena *arena;
};

/* By what rate, increase and delta multiply a difference: to the ends of the range, of counters (of
 * which `first` is the first value and `difference` what it rose by) not to below zero. */
double window_factor(const struct window *window, bool counter, bool per_second, double first,
                     double difference);
/* False if the series gives nothing. */
bool window_apply(const struct window *window, enum function function, double *out);
/* The same of an extended range: rates between its very ends. */
bool window_extended_rate(const struct window *window, bool counter, bool per_second, double *out);
/* The points at which an extended range begins and ends, and whether it has any. */
int window_first(const struct window *window);
int window_last(const struct window *window);
bool window_reaches_in(const struct window *window);
/* Changes of an anchored range count from the sample at or before its start (of two the first). */
void window_anchor(struct window *window);
/* A value between two points of which either may be NULL; false without one before. */
bool window_smooth_at(const struct point *before, const struct point *behind, int64_t t_ms,
                      double *out);

#endif
