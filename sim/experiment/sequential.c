#include "sequential.h"
#include "measure.h"
#include "model/base/assert.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>

double sequential_confidence(double error, int look)
{
    UND_ASSERT(look > 0 && error > 0 && error < 1);
    return 1 - error * 6 / (M_PI * M_PI * look * look);
}

enum decision sequential_decide(struct interval interval, enum op op, double limit)
{
    if (isnan(interval.low) || isnan(interval.high))
        return DECISION_OPEN;
    switch (op) {
    case OP_LT:
    case OP_LE:
        return interval.high < limit || (op == OP_LE && interval.high <= limit) ? DECISION_HOLDS
               : interval.low > limit || (op == OP_LT && interval.low >= limit) ? DECISION_FAILS
                                                                                : DECISION_OPEN;
    case OP_GT:
    case OP_GE:
        return interval.low > limit || (op == OP_GE && interval.low >= limit)     ? DECISION_HOLDS
               : interval.high < limit || (op == OP_GT && interval.high <= limit) ? DECISION_FAILS
                                                                                  : DECISION_OPEN;
    case OP_EQ:
        return interval.low == limit && interval.high == limit ? DECISION_HOLDS
               : interval.low > limit || interval.high < limit ? DECISION_FAILS
                                                               : DECISION_OPEN;
    }
    UND_UNREACHABLE();
}

enum decision sequential_quantile(int64_t least, int64_t most, int64_t n, double p, enum op op,
                                  double confidence)
{
    double low = stats_clopper_pearson(least, n, confidence).low;
    double high = stats_clopper_pearson(most, n, confidence).high;
    bool upper = op == OP_LT || op == OP_LE;
    if (n == 0)
        return DECISION_OPEN;
    if (upper)
        return low >= p ? DECISION_HOLDS : high < p ? DECISION_FAILS : DECISION_OPEN;
    return high <= p ? DECISION_HOLDS : low > p ? DECISION_FAILS : DECISION_OPEN;
}

/* ---- one expectation ---- */

/* What is left open, and how far the truth seems to be from its limit, in half widths. */
struct opinion {
    enum decision decision;
    double distance;
};

/* Each replication gave at most one delay, so that they are independent. */
static bool is_share(const struct expect *expect, const struct result *result)
{
    const struct samples *samples = &result->samples[expect->metric];
    return expect->statistic == STATISTIC_QUANTILE && measure_is_delay(expect->metric) &&
           expect->op != OP_EQ && expect->quantile > 0 && expect->quantile < 1 &&
           (int64_t)(samples->n + samples->n_censored) <= result->replications;
}

static struct opinion of_share(const struct expect *expect, const struct result *result,
                               double confidence)
{
    const struct samples *samples = &result->samples[expect->metric];
    bool with_limit = expect->op == OP_LE || expect->op == OP_GT;
    int64_t least = 0, most, n = (int64_t)(samples->n + samples->n_censored);
    struct interval both;
    struct opinion opinion;
    size_t i;
    for (i = 0; i < samples->n; i++)
        least +=
            samples->value[i] < expect->value || (with_limit && samples->value[i] == expect->value);
    most = least;
    for (i = 0; i < samples->n_censored; i++)
        most += samples->censored[i] < expect->value;
    opinion.decision =
        sequential_quantile(least, most, n, expect->quantile, expect->op, confidence);
    both.low = stats_clopper_pearson(least, n, confidence).low;
    both.high = stats_clopper_pearson(most, n, confidence).high;
    opinion.distance = n == 0 || most > least ? NAN
                                              : fabs((double)least / (double)n - expect->quantile) /
                                                    ((both.high - both.low) / 2);
    return opinion;
}

/* How much wider than at 95%. */
static double wider(const struct expect *expect, const struct result *result, double confidence)
{
    double df = (double)result->replications - 1;
    if (expect->statistic == STATISTIC_MEAN &&
        result_quantity(result, expect->metric, expect->facet)->method == METHOD_CLOPPER_PEARSON)
        return log((1 - confidence) / 2) / log((1 - STATS_CONFIDENCE) / 2); /* of n alike of n */
    if (expect->statistic == STATISTIC_MEAN && df >= 1)
        return gsl_cdf_tdist_Pinv(0.5 + confidence / 2, df) /
               gsl_cdf_tdist_Pinv(0.5 + STATS_CONFIDENCE / 2, df);
    return gsl_cdf_ugaussian_Pinv(0.5 + confidence / 2) /
           gsl_cdf_ugaussian_Pinv(0.5 + STATS_CONFIDENCE / 2);
}

static struct opinion of_interval(const struct expect *expect, const struct result *result,
                                  const struct verdict *verdict, double confidence)
{
    double half = verdict->half_width * wider(expect, result, confidence);
    struct interval interval = {verdict->value - half, verdict->value + half};
    struct opinion opinion;
    opinion.decision = sequential_decide(interval, expect->op, expect->value);
    opinion.distance = half > 0 ? fabs(verdict->value - expect->value) / half : NAN;
    return opinion;
}

/* A bound says nothing more for more replications, and neither does what hangs on cases that were
 * not over: that stays as it was judged. Where they make no difference, the interval decides. */
static void judge_again(const struct expect *expect, const struct result *result,
                        struct verdict *verdict, double confidence)
{
    struct opinion opinion;
    bool alike =
        result_quantity(result, expect->metric, expect->facet)->method == METHOD_CLOPPER_PEARSON;
    double more;
    if (!is_share(expect, result) && (verdict->value_is_bound || verdict->half_width == 0 ||
                                      (verdict->censored > 0 && verdict->undecided)))
        return;
    opinion = is_share(expect, result) ? of_share(expect, result, confidence)
                                       : of_interval(expect, result, verdict, confidence);
    verdict->pass = opinion.decision == DECISION_HOLDS;
    verdict->undecided = opinion.decision == DECISION_OPEN;
    if (!verdict->undecided)
        return;
    /* Intervals shrink as the square root of the number; of what comes out all alike, as it. */
    more = alike ? 1 / opinion.distance : 1 / (opinion.distance * opinion.distance);
    more = (double)result->replications * (more - 1);
    if (isfinite(more) && more < 1e9)
        snprintf(verdict->why, sizeof verdict->why, "about %.0f more replications would tell",
                 ceil(fmax(more, 1) / 10) * 10);
    else
        snprintf(verdict->why, sizeof verdict->why,
                 verdict->n == 0 ? "nothing was observed"
                                 : "it lies on its limit: no number of replications would tell");
}

/* ---- looking ---- */

static bool all_decided(const struct result *result)
{
    int i;
    for (i = 0; i < result->n_verdicts; i++)
        if (result->verdicts[i].undecided)
            return false;
    return true;
}

enum und_code sequential_run(const struct scenario *scenario, const struct experiment *experiment,
                             const struct sequential *sequential, struct result *result,
                             struct und_err *err)
{
    int64_t most = sequential->most > 0 ? sequential->most : SEQUENTIAL_MOST;
    struct experiment look = *experiment;
    int k, i;
    if (scenario_is_certain(scenario) || scenario->n_expects == 0)
        return experiment_run(scenario, experiment, result, err);
    look.replications = sequential->first > 0 ? sequential->first : SEQUENTIAL_FIRST;
    for (k = 1;; k++) {
        if (look.replications > most)
            look.replications = most;
        if (experiment_run(scenario, &look, result, err) != UND_OK)
            return err->code;
        for (i = 0; i < result->n_verdicts; i++)
            judge_again(&scenario->expects[i], result, &result->verdicts[i],
                        sequential_confidence(sequential->error, k));
        if (all_decided(result) || look.replications == most)
            return UND_OK;
        result_fini(result);
        look.replications *= 2;
    }
}
