/* Version 3's anchored and smoothed ranges: they reach to the samples around their ends. */
#include "window.h"

/* The last point at or before the range's start, else the first. */
int window_first(const struct window *window)
{
    int first = 0;
    while (first + 1 < window->n && window->points[first + 1].t_ms <= window->start_ms)
        first++;
    return first;
}

/* Of a smoothed range the first point at or behind its end, else the last. */
int window_last(const struct window *window)
{
    int last = 0;
    if (!window->smoothed)
        return window->n - 1;
    while (last < window->n - 1 && window->points[last].t_ms < window->end_ms)
        last++;
    return last;
}

bool window_reaches_in(const struct window *window)
{
    return window->points[window_last(window)].t_ms > window->start_ms &&
           !(window->smoothed && window->points[window_first(window)].t_ms > window->end_ms);
}

/* A counter's reset lies at the end that is looked for. */
static double between(const struct point *a, const struct point *b, int64_t t_ms, bool counter,
                      bool left)
{
    double y1 = a->value, y2 = b->value;
    if (counter && y2 < y1) {
        if (left)
            y1 = 0;
        else
            y2 += y1;
    }
    return y1 + (y2 - y1) * (double)(t_ms - a->t_ms) / (double)(b->t_ms - a->t_ms);
}

static double left_end(const struct window *window, int first, bool counter)
{
    const struct point *point = &window->points[first];
    if (window->smoothed && point->t_ms < window->start_ms && first + 1 < window->n)
        return between(point, point + 1, window->start_ms, counter, true);
    return point->value;
}

static double right_end(const struct window *window, int last, bool counter)
{
    const struct point *point = &window->points[last];
    if (window->smoothed && last > 0 && point->t_ms > window->end_ms)
        return between(point - 1, point, window->end_ms, counter, false);
    return point->value;
}

bool window_extended_rate(const struct window *window, bool counter, bool per_second, double *out)
{
    int first = window_first(window), last = window_last(window);
    double left, right, before;
    if (!window_reaches_in(window))
        return false;
    left = before = left_end(window, first, counter);
    right = right_end(window, last, counter);
    *out = right - left;
    first += window->points[first].t_ms <= window->start_ms;
    last -= window->points[last].t_ms >= window->end_ms;
    for (int i = first; counter && i <= last; i++) {
        if (window->points[i].value < before)
            *out += before;
        before = window->points[i].value;
    }
    if (counter && right < before)
        *out += before;
    if (per_second)
        *out /= window->range_s;
    return true;
}

void window_anchor(struct window *window)
{
    while (window->n > 2 && window->points[1].t_ms <= window->start_ms) {
        window->points++;
        window->starts += window->starts ? 1 : 0;
        window->n--;
    }
}

bool window_smooth_at(const struct point *before, const struct point *behind, int64_t t_ms,
                      double *out)
{
    if (!before)
        return false;
    *out = before->value;
    if (behind && before->t_ms < t_ms)
        *out = between(before, behind, t_ms, false, true);
    return true;
}
