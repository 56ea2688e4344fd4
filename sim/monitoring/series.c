#include "series.h"

#include "model/base/assert.h"

static bool instant(const struct sample *samples, size_t n, int64_t now_ms, int64_t lookback_ms,
                    double *value)
{
    const struct sample *last = n ? &samples[n - 1] : NULL;
    if (!last || last->stale || last->at_ms < now_ms - lookback_ms)
        return false;
    *value = last->value;
    return true;
}

/* extrapolatedRate's last steps: the increase between the first and the last sample, stretched to
 * the edges of the window, or by half a sampling interval where an edge is far from its sample. */
static double extrapolate(double increase, double first_value, size_t n, int64_t first_ms,
                          int64_t last_ms, int64_t now_ms, int64_t window_ms)
{
    double to_start = (double)(first_ms - (now_ms - window_ms)) / 1000;
    double to_end = (double)(now_ms - last_ms) / 1000;
    double sampled = (double)(last_ms - first_ms) / 1000;
    double between = sampled / (double)(n - 1);
    double threshold = between * 1.1;
    double stretched = sampled;
    /* A counter cannot have been below zero: do not extrapolate past where it would be zero. */
    if (increase > 0 && first_value >= 0) {
        double to_zero = sampled * (first_value / increase);
        if (to_zero < to_start)
            to_start = to_zero;
    }
    stretched += to_start < threshold ? to_start : between / 2;
    stretched += to_end < threshold ? to_end : between / 2;
    return increase * (stretched / sampled / ((double)window_ms / 1000));
}

static bool series_rate(const struct sample *samples, size_t n, int64_t now_ms, int64_t window_ms,
                        double *per_s)
{
    const struct sample *first = NULL, *last = NULL;
    double drops = 0, increase;
    size_t found = 0, resets = 0;
    for (size_t i = 0; i < n; i++) {
        if (samples[i].stale || samples[i].at_ms < now_ms - window_ms)
            continue;
        if (last && samples[i].value < last->value)
            resets++;
        last = &samples[i];
        if (!first)
            first = last;
        found++;
    }
    if (found < 2)
        return false;
    increase = last->value - first->value;
    if (resets) {
        /* Added in order and after the difference, as Prometheus does: doubles do not commute. */
        const struct sample *before = first;
        for (const struct sample *s = first + 1; s <= last; s++) {
            if (s->stale)
                continue;
            drops = s->value < before->value ? before->value : 0;
            increase += drops;
            before = s;
        }
    }
    *per_s =
        extrapolate(increase, first->value, found, first->at_ms, last->at_ms, now_ms, window_ms);
    return true;
}

static bool series_irate(const struct sample *samples, size_t n, int64_t now_ms, int64_t window_ms,
                         double *per_s)
{
    const struct sample *last = NULL, *before = NULL;
    for (size_t i = n; i-- > 0 && !before;) {
        if (samples[i].at_ms < now_ms - window_ms)
            break;
        if (samples[i].stale)
            continue;
        if (!last)
            last = &samples[i];
        else
            before = &samples[i];
    }
    if (!before || last->at_ms == before->at_ms)
        return false;
    /* After a reset the counter's whole value is its increase. */
    *per_s = last->value < before->value ? last->value : last->value - before->value;
    *per_s /= (double)(last->at_ms - before->at_ms) / 1000;
    return true;
}

static bool beyond(const struct rule *rule, double value)
{
    double threshold = (double)rule->threshold_pm / 1000;
    return rule->below ? value < threshold : value > threshold;
}

bool series_matches(const struct rule *rule, const struct sample *samples, size_t n, int64_t now_ms,
                    int64_t lookback_ms)
{
    double value = 0;
    switch (rule->signal) {
    case SIGNAL_UP:
        return instant(samples, n, now_ms, lookback_ms, &value) && value == 0;
    case SIGNAL_ABSENT:
        return !instant(samples, n, now_ms, lookback_ms, &value);
    case SIGNAL_CPU_RATE:
        if (rule->window_ms == 0)
            break;
        return series_rate(samples, n, now_ms, rule->window_ms, &value) && beyond(rule, 1 - value);
    case SIGNAL_CPU_IRATE:
        return series_irate(samples, n, now_ms, rule->window_ms, &value) && beyond(rule, 1 - value);
    case SIGNAL_DISK:
        if (rule->window_ms == 0)
            break;
        return series_rate(samples, n, now_ms, rule->window_ms, &value) && beyond(rule, value);
    case SIGNAL_MEMORY:
    case SIGNAL_JOB_DURATION:
        break;
    case SIGNAL_SERIES:
    case SIGNAL_COUNT:
        UND_UNREACHABLE();
    }
    return instant(samples, n, now_ms, lookback_ms, &value) && beyond(rule, value);
}
