/*
 * Series of float samples in memory: what a Prometheus server has scraped and recorded.
 *
 * Samples of a series come in the order of their times. A staleness marker is a sample of its own
 * (store_stale). A native histogram is a NaN that bears a digest of its content: it can be passed
 * on, counted and compared, not calculated with.
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
    int n, room;
};

struct store {
    struct label_pool *pool; /* owned */
    struct series *series;
    int n, room;
    int cleared; /* how often */
};

struct store *store_open(void);
void store_close(struct store *store);
void store_clear(struct store *store); /* takes all series out; the pool stays */

/* The series of these labels, which are of the store's pool; made if it is not there. Its number
 * stays. */
int store_series(struct store *store, struct labels *labels);
/* False, and nothing done, if the series has a sample as late as that. */
bool store_append(struct store *store, int series, int64_t t_ms, double value);
/* Forgets samples before that time, but not the last one. */
void store_forget(struct store *store, int series, int64_t before_ms);

double store_stale(void); /* the staleness marker */
/* Stands for the native histogram of that digest (native.h). */
double store_histogram(uint64_t digest);
double
store_empty_histogram(double like); /* of the same shape, a gauge: what equal ones differ by */
enum native_hint store_hint(double histogram);
bool store_is_stale(double value);
bool store_is_histogram(double value);
bool store_same_histogram(double a, double b); /* their hints aside */

#endif
