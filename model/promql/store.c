#include "store.h"

#include "model/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define STALE 0x7ff0000000000002u /* Prometheus' own */
#define HISTOGRAM 0x7ff4u         /* ours: the upper 16 bits, which no calculation gives */

static double of_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

double store_stale(void)
{
    return of_bits(STALE);
}

double store_histogram(uint64_t digest)
{
    return of_bits((uint64_t)HISTOGRAM << 48 | (digest & 0xffffffffffffu));
}

double store_empty_histogram(double like)
{
    uint64_t shape = bits_of(like) & 0x3fff00000000u;
    return store_histogram((uint64_t)NATIVE_GAUGE << 46 | shape);
}

enum native_hint store_hint(double histogram)
{
    return (enum native_hint)(bits_of(histogram) >> 46 & 3);
}

bool store_is_stale(double value)
{
    return bits_of(value) == STALE;
}

bool store_is_histogram(double value)
{
    return bits_of(value) >> 48 == HISTOGRAM;
}

bool store_same_histogram(double a, double b)
{
    return store_is_histogram(a) && store_is_histogram(b) && bits_of(a) << 18 == bits_of(b) << 18;
}

struct store *store_open(void)
{
    struct store *store = calloc(1, sizeof *store);
    UND_ASSERT(store != NULL);
    store->pool = label_pool_open();
    return store;
}

void store_clear(struct store *store)
{
    store->cleared++;
    for (int i = 0; i < store->n; i++)
        free(store->series[i].points);
    store->n = 0;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    store_clear(store);
    free(store->series);
    label_pool_close(store->pool);
    free(store);
}

int store_series(struct store *store, struct labels *labels)
{
    for (int i = 0; i < store->n; i++) {
        if (store->series[i].labels == labels)
            return i;
    }
    if (store->n == store->room) {
        store->room = store->room ? 2 * store->room : 16;
        store->series = realloc(store->series, (size_t)store->room * sizeof *store->series);
        UND_ASSERT(store->series != NULL);
    }
    store->series[store->n] = (struct series){.labels = labels};
    return store->n++;
}

bool store_append(struct store *store, int index, int64_t t_ms, double value)
{
    struct series *series = &store->series[index];
    UND_ASSERT(index >= 0 && index < store->n);
    if (series->n > 0 && series->points[series->n - 1].t_ms >= t_ms)
        return false;
    if (series->n == series->room) {
        series->room = series->room ? 2 * series->room : 16;
        series->points = realloc(series->points, (size_t)series->room * sizeof *series->points);
        UND_ASSERT(series->points != NULL);
    }
    series->points[series->n++] = (struct point){t_ms, value};
    return true;
}

void store_forget(struct store *store, int index, int64_t before_ms)
{
    struct series *series = &store->series[index];
    int n = 0;
    while (n < series->n - 1 && series->points[n + 1].t_ms < before_ms)
        n++;
    if (n > 0) {
        series->n -= n;
        memmove(series->points, series->points + n, (size_t)series->n * sizeof *series->points);
    }
}
