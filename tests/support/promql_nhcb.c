#include "promql_nhcb.h"

#include "model/promql/gomath.h"
#include "model/promql/native.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CLASSIC_BUCKETS 512

/* One classic histogram at one time. */
struct classic {
    int64_t t_ms;
    struct {
        double bound, count;
    } buckets[CLASSIC_BUCKETS];
    int n;
    double sum, count;
    bool counted;
};

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

/* The labels of the native histogram that a classic one's series belongs to, NULL if to none. */
static struct labels *base_of(struct store *store, struct labels *labels)
{
    const char *name = labels_get(labels, LABELS_NAME);
    bool bucket = ends_with(name, "_bucket");
    char base[512];
    double bound;
    if (!bucket && !ends_with(name, "_count") && !ends_with(name, "_sum"))
        return NULL;
    if (bucket && !go_parse(labels_get(labels, "le"), &bound))
        return NULL;
    snprintf(base, sizeof base, "%s", name);
    *strrchr(base, '_') = '\0';
    return labels_set(store->pool, labels_set(store->pool, labels, LABELS_NAME, base), "le", "");
}

static void add_bucket(struct classic *classic, double bound, double count)
{
    int at = 0;
    while (at < classic->n && classic->buckets[at].bound < bound)
        at++;
    if (at < classic->n && classic->buckets[at].bound == bound) {
        classic->buckets[at].count = count;
        return;
    }
    if (classic->n == CLASSIC_BUCKETS)
        return;
    memmove(&classic->buckets[at + 1], &classic->buckets[at],
            (size_t)(classic->n - at) * sizeof *classic->buckets);
    classic->buckets[at].bound = bound;
    classic->buckets[at].count = count;
    classic->n++;
}

static void add_sample(struct classic *classic, const struct labels *labels, double value)
{
    const char *name = labels_get(labels, LABELS_NAME);
    double bound;
    if (ends_with(name, "_sum")) {
        classic->sum = value;
    } else if (ends_with(name, "_count")) {
        classic->count = value;
        classic->counted = true;
    } else if (go_parse(labels_get(labels, "le"), &bound) && !isnan(bound)) {
        add_bucket(classic, bound, value);
    }
}

static double as_native(struct arena *arena, const struct classic *classic)
{
    struct native *native = arena_take(arena, sizeof *native);
    double *bounds = arena_take(arena, (size_t)(classic->n + 1) * sizeof *bounds), before = 0;
    struct native_bucket *list = arena_take(arena, (size_t)(classic->n + 1) * sizeof *list);
    int n = 0;
    *native = (struct native){.schema = NATIVE_CUSTOM, .bounds = bounds};
    native->sum.value = classic->sum;
    native->count.value = classic->count;
    if (!classic->counted && classic->n > 0)
        native->count.value = classic->buckets[classic->n - 1].count;
    for (int i = 0; i < classic->n; i++) {
        if (!isinf(classic->buckets[i].bound))
            bounds[native->n_bounds++] = classic->buckets[i].bound;
        list[n] = (struct native_bucket){n, {classic->buckets[i].count - before, 0}};
        before = classic->buckets[i].count;
        n++;
    }
    if (n == native->n_bounds) { /* over the last bound */
        list[n] = (struct native_bucket){n, {native->count.value - before, 0}};
        n++;
    }
    native->positive = (struct native_side){list, n};
    return native_box(native);
}

static const double *value_at(const struct series *series, int from, int64_t t_ms)
{
    for (int i = from; i < series->n; i++) {
        if (series->points[i].t_ms == t_ms)
            return &series->points[i].value;
    }
    return NULL;
}

void promql_nhcb_add(struct store *store, const int *series, const int *before, int n)
{
    struct arena *arena = arena_open();
    struct classic *classic = arena_take(arena, sizeof *classic);
    for (int i = 0; i < n; i++) {
        struct labels *base = base_of(store, store->series[series[i]].labels);
        int to = base ? store_series(store, base) : -1;
        for (int point = before[i]; base && point < store->series[series[i]].n; point++) {
            memset(classic, 0, sizeof *classic);
            classic->t_ms = store->series[series[i]].points[point].t_ms;
            for (int j = 0; j < n; j++) {
                const struct series *one = &store->series[series[j]];
                const double *value = value_at(one, before[j], classic->t_ms);
                if (value && base_of(store, one->labels) == base)
                    add_sample(classic, one->labels, *value);
            }
            /* False, and nothing done, if another series of the histogram has brought it. */
            store_append(store, to, classic->t_ms, as_native(arena, classic));
        }
    }
    arena_close(arena);
}
