#include "survival.h"
#include "model/base/assert.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#define EQUAL 1e-12 /* of two shares */

/* ---- the curve ---- */

static void allocate(struct survival *survival, size_t most)
{
    *survival = (struct survival){.step = calloc(most > 0 ? most : 1, sizeof *survival->step)};
    UND_ASSERT(survival->step != NULL);
}

/* Times come in order; equal ones are one step. */
static void take(struct survival *survival, double at, int64_t events, int64_t censored)
{
    struct survival_step *last = survival->n > 0 ? &survival->step[survival->n - 1] : NULL;
    if (last == NULL || last->at < at) {
        last = &survival->step[survival->n++];
        *last = (struct survival_step){.at = at};
    }
    last->events += events;
    last->censored += censored;
    survival->events += events;
    survival->censored += censored;
}

/* Who is censored at a time was still at risk then. */
static void complete(struct survival *survival)
{
    int64_t at_risk = survival->events + survival->censored;
    double s = 1, variance = 0;
    size_t i;
    for (i = 0; i < survival->n; i++) {
        struct survival_step *step = &survival->step[i];
        double d = (double)step->events, y = (double)at_risk;
        s = step->events == at_risk ? 0 : s * (1 - d / y);
        variance += d / (y * (y - d)); /* x / 0: INFINITY; 0 / 0 cannot be, d < y or d = y > 0 */
        step->at_risk = at_risk;
        step->s = s;
        step->variance = variance;
        at_risk -= step->events + step->censored;
    }
    UND_ASSERT(at_risk == 0);
}

void survival_of_values(struct survival *survival, const double *event, size_t n_events,
                        const double *censored, size_t n_censored)
{
    size_t i = 0, j = 0;
    allocate(survival, n_events + n_censored);
    while (i < n_events || j < n_censored) {
        if (j == n_censored || (i < n_events && event[i] <= censored[j]))
            take(survival, event[i++], 1, 0);
        else
            take(survival, censored[j++], 0, 1);
    }
    complete(survival);
}

static void of_buckets(struct survival *survival, const struct sketch *event,
                       const struct sketch *censored)
{
    int32_t first = event->n > 0 ? event->first : censored->first, last = event->last, i;
    if (censored->n > 0 && censored->first < first)
        first = censored->first;
    if (censored->last > last)
        last = censored->last;
    allocate(survival, (size_t)(last - first + 1));
    for (i = first; i <= last; i++)
        if (event->count[i] + censored->count[i] > 0)
            take(survival, sketch_bucket_value(i), event->count[i], censored->count[i]);
}

void survival_of_sketches(struct survival *survival, struct sketch *event, struct sketch *censored)
{
    int64_t i = 1, j = 1;
    if (event->n > SKETCH_EXACT || censored->n > SKETCH_EXACT) {
        of_buckets(survival, event, censored);
        complete(survival);
        return;
    }
    allocate(survival, (size_t)(event->n + censored->n));
    while (i <= event->n || j <= censored->n) {
        if (j > censored->n || (i <= event->n && sketch_rank(event, i) <= sketch_rank(censored, j)))
            take(survival, sketch_rank(event, i++), 1, 0);
        else
            take(survival, sketch_rank(censored, j++), 0, 1);
    }
    complete(survival);
}

/* Every step's censored become events; or all of them come after the last step. */
static void bound(struct survival *at_once, struct survival *never)
{
    int64_t censored = never->censored;
    size_t i;
    for (i = 0; i < at_once->n; i++) {
        at_once->step[i].events += at_once->step[i].censored;
        at_once->step[i].censored = 0;
        never->step[i].censored = 0;
    }
    at_once->events += at_once->censored;
    at_once->censored = 0;
    if (never->n > 0)
        never->step[never->n - 1].censored = censored;
    complete(at_once);
    complete(never);
}

void survival_bounds_of_values(struct survival *at_once, struct survival *never,
                               const double *event, size_t n_events, const double *censored,
                               size_t n_censored)
{
    survival_of_values(at_once, event, n_events, censored, n_censored);
    survival_of_values(never, event, n_events, censored, n_censored);
    bound(at_once, never);
}

void survival_bounds_of_sketches(struct survival *at_once, struct survival *never,
                                 struct sketch *event, struct sketch *censored)
{
    survival_of_sketches(at_once, event, censored);
    survival_of_sketches(never, event, censored);
    bound(at_once, never);
}

void survival_fini(struct survival *survival)
{
    free(survival->step);
    *survival = (struct survival){0};
}

/* ---- what it says ---- */

double survival_known_to(const struct survival *survival)
{
    return survival->n > 0 ? survival->step[survival->n - 1].at : NAN;
}

/* The last step no later than t; NULL: none. */
static const struct survival_step *step_at(const struct survival *survival, double t)
{
    size_t low = 0, high = survival->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (survival->step[middle].at <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? &survival->step[low - 1] : NULL;
}

/* S's interval, by that of log(-log S). It has none where the curve is still at 1; where it is down
 * at 0, Greenwood's variance has no end, and any S is possible. */
static struct interval log_log(double s, double variance, double confidence)
{
    double z = gsl_cdf_ugaussian_Pinv((1 + confidence) / 2), half;
    if (s <= 0 || s >= 1)
        return (struct interval){s <= 0 ? 0 : 1, 1};
    half = z * sqrt(variance) / fabs(log(s));
    return (struct interval){pow(s, exp(half)), pow(s, exp(-half))};
}

struct survival_share survival_share(const struct survival *survival, double t, double confidence)
{
    const struct survival_step *step = step_at(survival, t);
    const struct survival_step *last = survival->n > 0 ? &survival->step[survival->n - 1] : NULL;
    struct interval s;
    if (last == NULL || (t > last->at && last->s > 0))
        return (struct survival_share){NAN, NAN, NAN};
    if (step == NULL)
        return (struct survival_share){0, 0, 0};
    s = log_log(step->s, step->variance, confidence);
    if (step->s <= 0 && step > survival->step) /* no more than before the last one was over */
        s.high = log_log(step[-1].s, step[-1].variance, confidence).high;
    return (struct survival_share){1 - step->s, 1 - s.high, 1 - s.low};
}

double survival_quantile(const struct survival *survival, double p)
{
    size_t i;
    UND_ASSERT(p >= 0 && p <= 1);
    for (i = 0; i < survival->n; i++) {
        const struct survival_step *step = &survival->step[i];
        if (step->events == 0 || 1 - step->s < p - EQUAL)
            continue;
        if (1 - step->s > p + EQUAL)
            return step->at;
        for (i++; i < survival->n && survival->step[i].events == 0; i++)
            continue; /* exactly p from here to the next event: the middle */
        return i < survival->n ? (step->at + survival->step[i].at) / 2 : step->at;
    }
    return NAN;
}

double survival_least(const struct survival *survival, double p)
{
    double n = (double)(survival->events + survival->censored);
    int64_t seen = 0;
    size_t i;
    UND_ASSERT(p > 0 && p <= 1);
    for (i = 0; i < survival->n; i++) {
        seen += survival->step[i].events + survival->step[i].censored;
        if ((double)seen / n >= p - EQUAL)
            return survival->step[i].at;
    }
    return NAN;
}

/* All times at which the curve's own interval holds 1 - p. */
struct interval survival_quantile_interval(const struct survival *survival, double p,
                                           double confidence)
{
    struct interval at = {NAN, INFINITY};
    size_t i;
    if (isnan(survival_quantile(survival, p)))
        return (struct interval){NAN, NAN};
    for (i = 0; i < survival->n; i++) {
        const struct survival_step *step = &survival->step[i];
        struct interval s = log_log(step->s, step->variance, confidence);
        if (step->events == 0)
            continue;
        if (isnan(at.low) && s.low <= 1 - p + EQUAL)
            at.low = step->at;
        if (s.high <= 1 - p + EQUAL) {
            at.high = step->at;
            break;
        }
    }
    return at;
}

struct interval survival_quantile_between(const struct survival *survival, double p,
                                          double variance, double confidence)
{
    struct interval s = log_log(1 - p, variance, confidence);
    double high;
    if (isnan(variance) || isnan(survival_quantile(survival, p)))
        return (struct interval){NAN, NAN};
    high = survival_quantile(survival, 1 - s.low);
    return (struct interval){survival_quantile(survival, 1 - s.high),
                             isnan(high) ? INFINITY : high};
}

/* Of the times that were seen, over or not. */
static double mean_seen(const struct survival *survival)
{
    double sum = 0;
    size_t i;
    for (i = 0; i < survival->n; i++)
        sum +=
            survival->step[i].at * (double)(survival->step[i].events + survival->step[i].censored);
    return sum / (double)(survival->events + survival->censored);
}

/* Irwin's restricted mean and its variance (Kaplan and Meier, section 2.2). */
struct survival_mean survival_mean(const struct survival *survival, double confidence)
{
    struct survival_mean mean = {NAN, NAN, false};
    double area = 0, variance = 0, rest = -1; /* rest: on the last event */
    size_t i;
    if (survival->n == 0)
        return mean;
    if (survival->events == 0)
        return (struct survival_mean){mean_seen(survival), 0, true};
    for (i = survival->n; i-- > 0;) { /* `area`: under the curve from this step on */
        const struct survival_step *step = &survival->step[i];
        double y = (double)step->at_risk, d = (double)step->events;
        if (i + 1 < survival->n)
            area += step->s * (survival->step[i + 1].at - step->at);
        if (step->events > 0 && step->events < step->at_risk)
            variance += area * area * d / (y * (y - d));
        if (step->events > 0 && rest < 0)
            rest = i > 0 ? survival->step[i - 1].s : 1;
    }
    mean.mean = area + survival->step[0].at;
    mean.half_width = gsl_cdf_ugaussian_Pinv((1 + confidence) / 2) * sqrt(variance);
    mean.bound =
        survival->censored > 0 && (survival->step[survival->n - 1].s > 0 || rest > SURVIVAL_REST);
    return mean;
}
