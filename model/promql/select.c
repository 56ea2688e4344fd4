#include "eval.h"

#include "natives.h"

#include "model/base/assert.h"

#include <stdlib.h>
#include <string.h>

static bool selects(const struct promql_node *node, const struct labels *labels)
{
    for (int i = node->n_matchers - 1; i >= 0; i--) { /* the metric's name, given first, is last */
        if (!promql_matches(&node->matchers[i], labels_get(labels, node->matchers[i].name)))
            return false;
    }
    return true;
}

/* Takes what is new in the store. */
static const struct selection *selection_of(struct eval *eval, const struct promql_node *node)
{
    struct selection *selection = &eval->selections[node->id];
    for (; selection->seen < eval->store->n; selection->seen++) {
        if (!selects(node, eval->store->series[selection->seen].labels))
            continue;
        if (selection->n == selection->room) {
            selection->room = selection->room ? 2 * selection->room : 8;
            selection->series =
                realloc(selection->series, (size_t)selection->room * sizeof *selection->series);
            UND_ASSERT(selection->series != NULL);
        }
        selection->series[selection->n++] = selection->seen;
    }
    return selection;
}

/* How many points are at `t_ms` or before it. */
static int points_until(const struct series *series, int64_t t_ms)
{
    int low = 0, high = series->n;
    if (high > 0 && series->points[high - 1].t_ms <= t_ms)
        return high;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (series->points[middle].t_ms <= t_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Where version 2 moves what is pinned, it has loaded no samples but those of the right place. */
static int64_t pinned_at(const struct eval *eval, const struct promql_node *node, int64_t ref_ms)
{
    return node->at == PROMQL_NO_AT ? ref_ms : ref_ms - eval->pin_shift_ms;
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

bool eval_latest(const struct eval *eval, const struct series *series, int64_t t_ms,
                 struct sample *sample)
{
    int n = points_until(series, t_ms);
    const struct point *point = n ? &series->points[n - 1] : NULL;
    if (!point || store_is_stale(point->value) || point->t_ms < t_ms - eval->lookback_ms + eval->v3)
        return false;
    sample->value = point->value;
    sample->t_ms = point->t_ms;
    return true;
}

static const struct point *fresh(const struct eval *eval, const struct point *point, int64_t t_ms)
{
    bool near = point->t_ms > t_ms - eval->lookback_ms && point->t_ms < t_ms + eval->lookback_ms;
    return near && !store_is_stale(point->value) ? point : NULL;
}

/* The value between the samples around that time. */
static enum und_code select_smoothed(struct eval *eval, const struct promql_node *node,
                                     int64_t ref_ms, struct vector *out)
{
    const struct selection *selection = selection_of(eval, node);
    for (int i = 0; i < selection->n; i++) {
        const struct series *series = &eval->store->series[selection->series[i]];
        int n = points_until(series, ref_ms);
        const struct point *before = n > 0 ? fresh(eval, &series->points[n - 1], ref_ms) : NULL;
        const struct point *behind = n < series->n ? fresh(eval, &series->points[n], ref_ms) : NULL;
        double value;
        bool natives = before && (native_is(before->value) || (behind && native_is(behind->value)));
        if (natives ? natives_smooth_at(eval, before, behind, series->labels, ref_ms, &value)
                    : window_smooth_at(before, behind, ref_ms, &value))
            vector_push(eval, out, series->labels, value)->t_ms = ref_ms;
    }
    return eval_spend(eval, selection->n);
}

/* The value of a point; of a native histogram of which a chunk does not know it with a hint whether
 * its counter was reset since the point before. */
static double hinted(struct eval *eval, const struct point *points, int i)
{
    double value = points[i].value;
    struct native *native;
    if (!eval->hinting || !native_is(value) || i == 0 || !native_is(points[i - 1].value) ||
        native_of(value)->hint != NATIVE_UNKNOWN)
        return value;
    native = native_copy(eval->arena, native_of(value));
    native->hint = native_resets(eval->arena, native, native_of(points[i - 1].value))
                       ? NATIVE_RESET
                       : NATIVE_NOT_RESET;
    return native_box(native);
}

static void hint_range(struct eval *eval, struct range *range)
{
    struct point *points = arena_take(eval->arena, (size_t)range->n * sizeof *points);
    for (int i = 0; i < range->n; i++)
        points[i] = (struct point){range->points[i].t_ms, hinted(eval, range->points, i)};
    range->points = points;
}

static enum und_code select_instant(struct eval *eval, const struct promql_node *node,
                                    int64_t ref_ms, struct vector *out)
{
    const struct selection *selection = selection_of(eval, node);
    for (int i = 0; i < selection->n; i++) {
        const struct series *series = &eval->store->series[selection->series[i]];
        int64_t right_ms = pinned_at(eval, node, ref_ms);
        int n = eval->relaxed ? series->n : points_until(series, lesser(ref_ms, right_ms));
        const struct point *point = n ? &series->points[n - 1] : NULL;
        if (!point || store_is_stale(point->value) ||
            (!eval->relaxed &&
             point->t_ms < greater(ref_ms, right_ms) - eval->lookback_ms + eval->v3))
            continue;
        vector_push(eval, out, series->labels, hinted(eval, series->points, n - 1))->t_ms =
            point->t_ms;
    }
    return eval_spend(eval, selection->n);
}

/* The times at which the counters of the points that are no staleness markers began. */
static int64_t *fresh_starts(struct eval *eval, const struct series *series, int first, int end)
{
    int64_t *starts = arena_take(eval->arena, (size_t)(end - first) * sizeof *starts);
    int n = 0;
    for (int i = first; i < end; i++) {
        if (!store_is_stale(series->points[i].value))
            starts[n++] = series->starts[i];
    }
    return starts;
}

/* The points without staleness markers: the series' own where there is none. */
static enum und_code fresh_points(struct eval *eval, const struct series *series, int first,
                                  int end, struct range *range)
{
    const struct point *points = series->points + first;
    struct point *fresh = NULL;
    int n = end - first, kept = 0;
    for (int i = 0; i < n; i++) {
        if (points[i].value == points[i].value && !fresh)
            continue; /* a number: markers and histograms are none */
        range->histograms += native_is(points[i].value);
        if (store_is_stale(points[i].value) && !fresh) {
            fresh = arena_take(eval->arena, (size_t)n * sizeof *fresh);
            memcpy(fresh, points, (size_t)i * sizeof *fresh);
            kept = i;
        } else if (fresh && !store_is_stale(points[i].value)) {
            fresh[kept++] = points[i];
        }
    }
    range->points = fresh ? fresh : points;
    range->n = fresh ? kept : n;
    if (series->starts)
        range->starts = fresh ? fresh_starts(eval, series, first, end) : series->starts + first;
    return eval_spend(eval, n);
}

static enum und_code select_range(struct eval *eval, const struct promql_node *node, int64_t ref_ms,
                                  struct matrix *out)
{
    const struct selection *selection = selection_of(eval, node);
    for (int i = 0; i < selection->n; i++) {
        const struct series *series = &eval->store->series[selection->series[i]];
        int64_t right_ms = pinned_at(eval, node, ref_ms);
        int64_t more_ms = node->anchored || node->smoothed ? eval->lookback_ms : 0;
        int first =
            points_until(series, greater(ref_ms, right_ms) - node->range_ms - more_ms - !eval->v3);
        int end = points_until(series, lesser(ref_ms, right_ms) + (node->smoothed ? more_ms : 0));
        struct range range = {.labels = series->labels};
        if (eval->relaxed) {
            first = 0;
            end = series->n;
        }
        if (first >= end)
            continue;
        if (fresh_points(eval, series, first, end, &range))
            return UND_USAGE;
        if (eval->hinting && range.histograms)
            hint_range(eval, &range);
        if (range.n > 0)
            *matrix_push(eval, out, series->labels) = range;
    }
    return eval_spend(eval, selection->n);
}

enum und_code eval_selector(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                            struct value *out)
{
    int64_t ref_ms = eval_shift(eval, node, t_ms);
    if (node->range_ms)
        return select_range(eval, node, ref_ms, &out->matrix);
    return node->smoothed ? select_smoothed(eval, node, ref_ms, &out->vector)
                          : select_instant(eval, node, ref_ms, &out->vector);
}

/* --- subqueries ------------------------------------------------------------------------------ */

/* A range that grows in the arena of the subquery. */
struct gathered {
    struct labels *labels;
    struct point *points;
    int n, room, histograms;
    bool drop_name;
    struct gathered *next; /* of the same hash */
};

struct gatherer {
    struct gathered **buckets;
    struct gathered **order;
    size_t n_buckets;
    int n, room;
};

static struct gathered *gather(struct arena *arena, struct gatherer *gatherer,
                               struct labels *labels)
{
    struct gathered *found = gatherer->buckets[labels->hash & (gatherer->n_buckets - 1)];
    while (found && found->labels != labels)
        found = found->next;
    if (found)
        return found;
    found = arena_take(arena, sizeof *found);
    found->labels = labels;
    found->next = gatherer->buckets[labels->hash & (gatherer->n_buckets - 1)];
    gatherer->buckets[labels->hash & (gatherer->n_buckets - 1)] = found;
    if (gatherer->n == gatherer->room) {
        size_t size = sizeof *gatherer->order;
        int room = gatherer->room ? 2 * gatherer->room : 8;
        gatherer->order =
            arena_grow(arena, gatherer->order, (size_t)gatherer->n * size, (size_t)room * size);
        gatherer->room = room;
    }
    gatherer->order[gatherer->n++] = found;
    return found;
}

static void gather_point(struct arena *arena, struct gatherer *gatherer,
                         const struct sample *sample, int64_t t_ms)
{
    struct gathered *found = gather(arena, gatherer, sample->labels);
    if (found->n == found->room) {
        size_t size = sizeof *found->points;
        int room = found->room ? 2 * found->room : 8;
        found->points =
            arena_grow(arena, found->points, (size_t)found->n * size, (size_t)room * size);
        found->room = room;
    }
    found->points[found->n] = (struct point){t_ms, sample->value};
    if (native_is(sample->value)) {
        found->points[found->n].value = native_keep(arena, sample->value);
        found->histograms++;
    }
    found->n++;
    found->drop_name |= sample->drop_name;
}

bool eval_is_invariant(const struct promql_node *node)
{
    bool pinned = node->at != PROMQL_NO_AT;
    if (node->kind == PROMQL_SELECTOR || node->kind == PROMQL_SUBQUERY)
        return pinned;
    if (node->kind == PROMQL_CALL &&
        (node->function->function == F_PREDICT_LINEAR || node->function->function == F_TIME ||
         node->n_args == 0 || node->function->function == F_TIMESTAMP))
        return node->function->function == F_PI;
    for (int i = 0; i < node->n_args; i++) {
        if (!eval_is_invariant(node->args[i]))
            return false;
    }
    return true;
}

/* Without a step the parts that are the same at every step are evaluated all the same, and so are
 * subqueries that reach back to where there are steps, since they may fail. */
static enum und_code eval_invariants(struct eval *eval, const struct promql_node *node,
                                     int64_t first_ms, int64_t last_ms)
{
    struct value value = {.type = PROMQL_MATRIX};
    if (eval_is_invariant(node))
        return eval_node(eval, node, first_ms, &value);
    if (node->kind == PROMQL_SUBQUERY) {
        int64_t step_ms = node->step_ms ? node->step_ms : eval->step_ms;
        int64_t begin_ms = first_ms - node->offset_ms - node->range_ms;
        int64_t from_ms = begin_ms / step_ms * step_ms;
        from_ms += from_ms < begin_ms + eval->v3 ? step_ms : 0;
        return eval_steps(eval, node, from_ms, last_ms - node->offset_ms, &value);
    }
    for (int i = 0; i < node->n_args; i++) {
        if (eval_invariants(eval, node->args[i], first_ms, last_ms))
            return UND_USAGE;
    }
    return UND_OK;
}

enum und_code eval_steps(struct eval *eval, const struct promql_node *node, int64_t first_ms,
                         int64_t last_ms, struct value *out)
{
    int64_t step_ms = node->step_ms ? node->step_ms : eval->step_ms;
    struct arena *outer = eval->arena, *inner;
    int64_t outer_first_ms = eval->first_ms;
    struct gatherer gatherer = {.n_buckets = 256};
    gatherer.buckets = arena_take(outer, gatherer.n_buckets * sizeof *gatherer.buckets);
    if (eval->level == (int)(sizeof eval->steps / sizeof *eval->steps))
        return eval_fail(eval, "given up: more than %d subqueries, one in another", eval->level);
    if (!eval->steps[eval->level])
        eval->steps[eval->level] = arena_open();
    inner = eval->steps[eval->level++];
    eval->first_ms = first_ms;
    for (int64_t t_ms = first_ms; t_ms <= last_ms; t_ms += step_ms) {
        struct value value;
        arena_rewind(inner);
        eval->arena = inner;
        if (eval_node(eval, node->args[0], t_ms, &value))
            return UND_USAGE;
        if (value.type == PROMQL_SCALAR)
            vector_push(eval, &value.vector, labels_none(eval->pool), value.scalar);
        for (int i = 0; i < value.vector.n; i++)
            gather_point(outer, &gatherer, &value.vector.list[i], t_ms);
    }
    if (first_ms > last_ms && eval_invariants(eval, node->args[0], first_ms, last_ms))
        return UND_USAGE;
    eval->level--;
    eval->first_ms = outer_first_ms;
    eval->arena = outer;
    for (int i = 0; i < gatherer.n; i++) {
        struct range *range = matrix_push(eval, &out->matrix, gatherer.order[i]->labels);
        range->points = gatherer.order[i]->points;
        range->n = gatherer.order[i]->n;
        range->histograms = gatherer.order[i]->histograms;
        range->drop_name = gatherer.order[i]->drop_name;
    }
    return UND_OK;
}

/* Version 2 works out anew what @ pins inside a subquery only where its first step is not the
 * outer one; else what is pinned moves by the subquery's own offset. */
static void move_pins(struct eval *eval, const struct promql_node *node, int64_t first_ms)
{
    if (eval->v3)
        return;
    if (first_ms != eval->first_ms) {
        eval->reset_ms = first_ms;
        eval->pin_shift_ms = 0;
    } else if (node->at == PROMQL_NO_AT) {
        eval->pin_shift_ms += node->offset_ms;
    } else {
        int64_t at_ms = eval_shift(eval, node, 0) + node->offset_ms - eval->pin_shift_ms;
        eval->pin_shift_ms = node->offset_ms + eval->reset_ms - at_ms;
    }
}

/* What a native histogram says of its counter it says of the sample before, not of the step. */
static void forget_hints(struct arena *arena, struct matrix *matrix)
{
    for (int i = 0; i < matrix->n; i++) {
        struct range *range = &matrix->list[i];
        struct point *points;
        if (range->histograms == 0)
            continue;
        points = arena_grow(arena, range->points, (size_t)range->n * sizeof *points,
                            (size_t)range->n * sizeof *points);
        for (int j = 0; j < range->n; j++) {
            struct native *native;
            if (!native_is(points[j].value) || native_of(points[j].value)->hint == NATIVE_GAUGE)
                continue;
            native = native_copy(arena, native_of(points[j].value));
            native->hint = NATIVE_UNKNOWN;
            points[j].value = native_box(native);
        }
        range->points = points;
    }
}

enum und_code eval_subquery(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                            struct value *out)
{
    int64_t end_ms = eval_shift(eval, node, t_ms), begin_ms = end_ms - node->range_ms;
    int64_t step_ms = node->step_ms ? node->step_ms : eval->step_ms;
    int64_t first_ms = begin_ms / step_ms * step_ms;
    int64_t reset_ms = eval->reset_ms, shift_ms = eval->pin_shift_ms;
    bool hinting = eval->hinting;
    enum und_code code;
    /* Steps are multiples of the step; as version 3 the range is left-open. */
    if (first_ms < begin_ms + eval->v3)
        first_ms += step_ms;
    move_pins(eval, node, first_ms);
    eval->hinting = false;
    code = eval_steps(eval, node, first_ms, end_ms, out);
    eval->hinting = hinting;
    forget_hints(eval->arena, &out->matrix);
    eval->reset_ms = reset_ms;
    eval->pin_shift_ms = shift_ms;
    return code;
}
