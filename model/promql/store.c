#include "store.h"

#include "model/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define STALE 0x7ff0000000000002u /* Prometheus' own */

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

bool store_is_stale(double value)
{
    return bits_of(value) == STALE;
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
    for (int i = 0; i < store->n; i++) {
        free(store->series[i].points);
        free(store->series[i].starts);
    }
    store->n = 0;
    if (store->natives)
        arena_rewind(store->natives);
}

void store_close(struct store *store)
{
    if (!store)
        return;
    store_clear(store);
    free(store->series);
    arena_close(store->natives);
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

/* A copy with the hint that it would have when it is read from a chunk. */
static double kept(struct store *store, const struct series *series, double value)
{
    double before = series->n > 0 ? series->points[series->n - 1].value : 0;
    struct native *native;
    if (!store->natives)
        store->natives = arena_open();
    native = native_copy(store->natives, native_of(value));
    if (native->hint != NATIVE_GAUGE)
        native->hint =
            native_is(before) && native_follows(store->natives, native, native_of(before))
                ? NATIVE_NOT_RESET
                : NATIVE_UNKNOWN;
    return native_box(native);
}

static void grow_starts(struct series *series)
{
    int n = series->starts ? series->n : 0;
    series->starts = realloc(series->starts, (size_t)series->room * sizeof *series->starts);
    UND_ASSERT(series->starts != NULL);
    memset(series->starts + n, 0, (size_t)(series->room - n) * sizeof *series->starts);
}

void store_set_start(struct store *store, int index, int point, int64_t start_ms)
{
    struct series *series = &store->series[index];
    UND_ASSERT(point >= 0 && point < series->n);
    if (!series->starts)
        grow_starts(series);
    series->starts[point] = start_ms;
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
        if (series->starts)
            grow_starts(series);
    }
    series->points[series->n] =
        (struct point){t_ms, native_is(value) ? kept(store, series, value) : value};
    if (series->starts)
        series->starts[series->n] = 0;
    series->n++;
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
        if (series->starts)
            memmove(series->starts, series->starts + n, (size_t)series->n * sizeof *series->starts);
    }
}
