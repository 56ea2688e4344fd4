/* Where reality falls among what rehearsals foretold. */
#include "model/base/assert.h"
#include "model/stats/stats.h"
#include "model/stats/survival.h"
#include "prediction.h"

#include <math.h>

/* How many are below `v` (strictly, or not). */
static int64_t below(const double *value, int64_t n, double v, bool or_equal)
{
    int64_t low = 0, high = n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (value[middle] < v || (or_equal && value[middle] <= v))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool foretold_is_wrong(enum foretold foretold)
{
    return foretold == FORETOLD_EARLY || foretold == FORETOLD_LATE || foretold == FORETOLD_UNSEEN ||
           foretold == FORETOLD_UNEXPECTED;
}

/* The p of so many alike among n, at its least and its greatest. */
struct range {
    double least, most;
};

static struct range rank_of(int64_t least, int64_t most, int64_t n)
{
    return (struct range){(double)(1 + least) / (double)(n + 1),
                          (double)(1 + most) / (double)(n + 1)};
}

/* Was it to be expected that the measure is observed, or not? What was not over may have become
 * either. */
static struct judgement judge_presence(const struct prediction *prediction,
                                       enum drill_measure_kind kind, bool seen)
{
    const struct foretold_measure *measure = &prediction->measure[kind];
    int64_t n = prediction->replications, alike = seen ? measure->n : n - measure->n;
    struct judgement judgement = {seen ? FORETOLD_UNKNOWN : FORETOLD_NEITHER, NAN, NAN, NAN, NAN};
    struct range p = seen ? rank_of(alike, alike + measure->n_censored, n)
                          : rank_of(alike - measure->n_censored, alike, n);
    judgement.p = p.most;
    if (p.most <= PREDICTION_ALPHA)
        judgement.foretold = seen ? FORETOLD_UNEXPECTED : FORETOLD_UNSEEN;
    else if (p.least <= PREDICTION_ALPHA)
        judgement.foretold = FORETOLD_UNDECIDED;
    return judgement;
}

/* The drill's own time was up first. Late, where it is later already than all but a few, and hardly
 * any rehearsal went without; else nobody knows. */
static struct judgement judge_open(const struct prediction *prediction,
                                   enum drill_measure_kind kind, double age_ms)
{
    const struct foretold_measure *measure = &prediction->measure[kind];
    int64_t n = measure->n + measure->n_censored;
    int64_t over = below(measure->value, measure->n, age_ms, true);
    struct judgement judgement = {FORETOLD_UNDECIDED, NAN, NAN, NAN, NAN};
    double late = fmin(1, 2 * rank_of(0, n - over, n).most);
    double without =
        rank_of(0, prediction->replications - measure->n, prediction->replications).most;
    if (n == 0)
        return judgement;
    judgement.low = 100 * (double)over / (double)n;
    judgement.high = 100;
    judgement.p = fmax(late, without);
    if (judgement.p <= PREDICTION_ALPHA)
        judgement.foretold = FORETOLD_LATE;
    return judgement;
}

static void survival_of_measure(struct survival *survival, const struct foretold_measure *measure)
{
    survival_of_values(survival, measure->value, (size_t)measure->n, measure->censored,
                       (size_t)measure->n_censored);
}

/* Kaplan and Meier's share of those that are over by then, ties counted by half, in percent; NAN
 * beyond what is known. */
static double percentile_of(const struct foretold_measure *measure, double v)
{
    struct survival survival;
    double percentile;
    survival_of_measure(&survival, measure);
    percentile = 50 * (survival_share(&survival, nextafter(v, -INFINITY), STATS_CONFIDENCE).share +
                       survival_share(&survival, v, STATS_CONFIDENCE).share);
    survival_fini(&survival);
    return percentile;
}

static struct judgement judge_value(const struct foretold_measure *measure,
                                    struct drill_measure measured)
{
    struct judgement judgement = {FORETOLD_UNDECIDED, NAN, NAN, NAN, NAN};
    double least = measured.value_ms - measured.error_ms;
    double most = measured.value_ms + measured.error_ms;
    int64_t n = measure->n + measure->n_censored;
    int64_t before = below(measure->value, measure->n, least, false);
    int64_t within = below(measure->value, measure->n, most, true);
    /* Younger than that: they may have ended before it or after it. */
    int64_t either = below(measure->censored, measure->n_censored, most, false);
    int64_t either_least = below(measure->censored, measure->n_censored, least, false);
    struct range early = rank_of(within, within + either, n);
    struct range late = rank_of(n - before - either_least, n - before, n);
    judgement.low = 100 * (double)before / (double)n;
    judgement.high = 100 * (double)(within + either) / (double)n;
    judgement.percentile = percentile_of(measure, measured.value_ms);
    judgement.p = fmin(1, 2 * fmin(early.most, late.most));
    if (judgement.p <= PREDICTION_ALPHA)
        judgement.foretold = early.most < late.most ? FORETOLD_EARLY : FORETOLD_LATE;
    else if (2 * fmin(early.least, late.least) > PREDICTION_ALPHA)
        judgement.foretold = FORETOLD_INSIDE;
    return judgement;
}

struct judgement prediction_judge(const struct prediction *prediction, enum drill_measure_kind kind,
                                  struct drill_measure measure)
{
    const struct judgement unknown = {FORETOLD_UNKNOWN, NAN, NAN, NAN, NAN};
    bool seen = !isnan(measure.value_ms);
    if (!prediction || prediction->replications < PREDICTION_LEAST)
        return unknown;
    if (!seen && measure.open_ms > 0)
        return judge_open(prediction, kind, measure.open_ms);
    if (!seen ||
        prediction->measure[kind].n + prediction->measure[kind].n_censored < PREDICTION_LEAST)
        return judge_presence(prediction, kind, seen);
    return judge_value(&prediction->measure[kind], measure);
}

const char *prediction_wrong_stage(const struct prediction *prediction,
                                   const struct drill_measure measure[MEASURE_COUNT])
{
    /* Sums of stages come after the stages that they are made of. */
    static const struct {
        enum drill_measure_kind kind;
        const char *stage;
    } stages[] = {{MEASURE_PENDING, "detection (monitoring)"},
                  {MEASURE_FIRING, "detection (monitoring)"},
                  {MEASURE_WEBHOOK, "detection (notification)"},
                  {MEASURE_DETECTION, "detection"},
                  {MEASURE_DECISION, "decision"},
                  {MEASURE_ROUTING, "routing"},
                  {MEASURE_FAILOVER, "failover"},
                  {MEASURE_RTO, "first job"},
                  {MEASURE_JOB_RECOVERY, "recovery of jobs"},
                  {MEASURE_MTTR, "recovery of capacity"}};
    size_t i;
    for (i = 0; i < sizeof stages / sizeof *stages; i++)
        if (foretold_is_wrong(
                prediction_judge(prediction, stages[i].kind, measure[stages[i].kind]).foretold))
            return stages[i].stage;
    return NULL;
}

double prediction_quantile(const struct prediction *prediction, enum drill_measure_kind kind,
                           double p)
{
    const struct foretold_measure *measure = &prediction->measure[kind];
    struct survival survival;
    double quantile;
    if (measure->n_censored == 0)
        return stats_quantile(measure->value, (size_t)measure->n, p);
    survival_of_measure(&survival, measure);
    quantile = survival_quantile(&survival, p);
    survival_fini(&survival);
    return quantile;
}

double prediction_least(const struct prediction *prediction, enum drill_measure_kind kind, double p)
{
    struct survival survival;
    double least;
    survival_of_measure(&survival, &prediction->measure[kind]);
    least = survival_least(&survival, p);
    survival_fini(&survival);
    return least;
}

double prediction_known_to(const struct prediction *prediction, enum drill_measure_kind kind)
{
    const struct foretold_measure *measure = &prediction->measure[kind];
    double known_ms = measure->n > 0 ? measure->value[measure->n - 1] : NAN;
    return measure->n_censored > 0 ? fmax(known_ms, measure->censored[measure->n_censored - 1])
                                   : known_ms;
}
