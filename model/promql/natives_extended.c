/* Anchored and smoothed ranges of native histograms: extended.c has those of floats. */
#include "natives.h"

struct extended {
    struct eval *eval;
    const struct window *window;
    const struct labels *labels;
    bool counter;
    int first, last; /* points, as extended.c chooses them */
    struct native_met added, subtracted;
};

static const struct native *at(const struct extended *extended, int i)
{
    return native_of(extended->window->points[i].value);
}

/* Between two points; behind a counter's reset it has grown from nothing. NULL if they do not fit
 * together. */
static struct native *between(struct extended *extended, int i, int64_t t_ms)
{
    struct arena *arena = extended->eval->arena;
    const struct point *a = &extended->window->points[i], *b = a + 1;
    double share = (double)(t_ms - a->t_ms) / (double)(b->t_ms - a->t_ms);
    struct native *native = native_copy(arena, native_of(b->value));
    if (t_ms == b->t_ms)
        return native;
    if (extended->counter && native_resets(arena, native, native_of(a->value))) {
        native_scale(native, share);
        return native;
    }
    if (!native_add(arena, native, native_of(a->value), -1, &extended->subtracted))
        return NULL;
    native_settle(native);
    native_scale(native, share);
    native_add(arena, native, native_of(a->value), 1, &extended->added);
    native_settle(native);
    return native;
}

static struct native *left_end(struct extended *extended)
{
    const struct window *window = extended->window;
    if (window->smoothed && window->points[extended->first].t_ms < window->start_ms)
        return between(extended, extended->first, window->start_ms);
    return native_copy(extended->eval->arena, at(extended, extended->first));
}

static struct native *right_end(struct extended *extended)
{
    const struct window *window = extended->window;
    if (window->smoothed && extended->last > 0 &&
        window->points[extended->last].t_ms > window->end_ms)
        return between(extended, extended->last - 1, window->end_ms);
    return native_copy(extended->eval->arena, at(extended, extended->last));
}

/* Adds what a counter had before each of its resets between the two ends. A reset beside which the
 * left end lies is in that. */
static bool add_resets(struct extended *extended, const struct native *left,
                       const struct native *right, struct native *sum)
{
    struct arena *arena = extended->eval->arena;
    const struct native *before = left;
    int first = extended->first + 1;
    bool fits = true;
    if (extended->window->smoothed &&
        extended->window->points[extended->first].t_ms < extended->window->start_ms &&
        native_resets(arena, at(extended, first), at(extended, first - 1)))
        before = at(extended, first++);
    if (first > extended->last)
        return true;
    for (int i = first; i <= extended->last; i++) {
        const struct native *now = i < extended->last ? at(extended, i) : right;
        if (native_resets(arena, now, before))
            fits = fits && native_add(arena, sum, before, 1, &extended->added);
        before = now;
    }
    return fits;
}

static bool check(struct extended *extended)
{
    bool gauge = false;
    for (int i = extended->first; i <= extended->last; i++) {
        if (native_is_custom(at(extended, i)) != native_is_custom(at(extended, extended->first))) {
            natives_warn_kinds(extended->eval, extended->labels);
            return false;
        }
        gauge |= at(extended, i)->hint == NATIVE_GAUGE;
    }
    if (extended->counter && gauge)
        natives_warn_hint(extended->eval, true, extended->labels);
    return true;
}

static struct native *difference(struct extended *extended)
{
    struct arena *arena = extended->eval->arena;
    struct native *left = left_end(extended), *right = right_end(extended), *sum;
    if (!extended->counter && (left->hint != NATIVE_GAUGE || right->hint != NATIVE_GAUGE))
        natives_warn_hint(extended->eval, false, extended->labels);
    sum = native_copy(arena, right);
    if (!native_add(arena, sum, left, -1, &extended->subtracted))
        return NULL;
    if (extended->counter && !add_resets(extended, left, right, sum))
        return NULL;
    native_settle(sum);
    return sum;
}

bool natives_extended(struct eval *eval, const struct window *window, enum function function,
                      const struct labels *labels, double *out)
{
    struct extended extended = {.eval = eval,
                                .window = window,
                                .labels = labels,
                                .counter = function != F_DELTA,
                                .first = window_first(window),
                                .last = window_last(window)};
    struct native *sum;
    if (!window_reaches_in(window) || !check(&extended))
        return false;
    sum = difference(&extended);
    if (!sum)
        return false;
    natives_tell_met(eval, &extended.subtracted, "subtraction");
    natives_tell_met(eval, &extended.added, "addition");
    if (function == F_RATE)
        native_divide(sum, window->range_s);
    sum->hint = NATIVE_GAUGE;
    native_compact(sum);
    *out = native_box(sum);
    return true;
}

bool natives_smooth_at(struct eval *eval, const struct point *before, const struct point *behind,
                       const struct labels *labels, int64_t t_ms, double *out)
{
    struct point points[2] = {*before, *before};
    struct window window = {.points = points, .n = 2};
    struct extended extended = {.eval = eval, .window = &window, .labels = labels};
    struct native *native;
    *out = before->value;
    if (!behind || before->t_ms == t_ms)
        return true;
    points[1] = *behind;
    if (!native_is(before->value) || !native_is(behind->value)) {
        eval_warn_mixed(eval, labels);
        return false;
    }
    native = between(&extended, 0, t_ms);
    if (!native) {
        natives_warn_kinds(eval, labels);
        return false;
    }
    natives_tell_met(eval, &extended.subtracted, "subtraction");
    *out = native_box(native);
    return true;
}
