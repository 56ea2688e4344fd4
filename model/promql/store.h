/*
 * Series of float samples in memory: what a Prometheus server has scraped and recorded.
 *
 * Samples of a series come in the order of their times. A staleness marker is a sample of its own
 * (store_stale). Of native histograms (native.h) the store keeps copies, with the hints that
 * Prometheus' chunks give back: of those that could follow the one before that they are no reset.
 */
#ifndef MODEL_PROMQL_STORE_H
#define MODEL_PROMQL_STORE_H

#include "labels.h"
#include "native.h"

#include <stdbool.h>
#include <stdint.h>

struct point {
    int64_t t_ms;
    double value;
};

struct series {
    struct labels *labels;
    struct point *points;
    int64_t *starts; /* when the counter of a point began, a time each: 0 if that is not known; NULL
                        if it is of none */
    int n, room;
};

struct store {
    struct label_pool *pool; /* owned */
    struct series *series;
    int n, room;
    int cleared;           /* how often */
    struct arena *natives; /* contents; NULL if there are none */
};

struct store *store_open(void);
void store_close(struct store *store);
void store_clear(struct store *store); /* takes all series out; the pool stays */

/* The series of these labels, which are of the store's pool; made if it is not there. Its number
 * stays. */
int store_series(struct store *store, struct labels *labels);
/* False, and nothing done, if the series has a sample as late as that. */
bool store_append(struct store *store, int series, int64_t t_ms, double value);
void store_set_start(struct store *store, int series, int point, int64_t start_ms);
/* Forgets samples before that time, but not the last one. */
void store_forget(struct store *store, int series, int64_t before_ms);

double store_stale(void); /* the staleness marker */
bool store_is_stale(double value);

#endif
