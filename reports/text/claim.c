#include "claim.h"

#include "model/base/assert.h"
#include "model/stats/survival.h"

#include <math.h>

/* Sorted values that are no greater than the limit. */
static int64_t count_within(const struct samples *samples, double limit)
{
    size_t low = 0, high = samples->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (samples->value[middle] <= limit)
            low = middle + 1;
        else
            high = middle;
    }
    return (int64_t)low;
}

static void share_interval(struct claim *claim, int64_t held, int64_t n)
{
    struct interval interval = stats_clopper_pearson(held, n, STATS_CONFIDENCE);
    claim->low = interval.low;
    claim->high = interval.high;
}

/* By the worst and the best that the open cases may come to. */
static enum claim_status status_of_share(const struct claim *claim)
{
    struct interval worst, best;
    if (claim->n == 0)
        return CLAIM_NO_CASE;
    worst = stats_clopper_pearson(claim->held, claim->n, STATS_CONFIDENCE);
    best = stats_clopper_pearson(claim->held + claim->open, claim->n, STATS_CONFIDENCE);
    if (worst.low >= CLAIM_SHARE)
        return CLAIM_MET;
    if (claim->held + claim->open == 0 && best.high < CLAIM_NEVER)
        return CLAIM_IMPOSSIBLE;
    if (best.high < CLAIM_SHARE)
        return CLAIM_NOT_MET;
    /* A longer run tells only where what they come to can make a difference. */
    return best.low >= CLAIM_SHARE || worst.high < CLAIM_SHARE ? CLAIM_NOT_DECIDED
                                                               : CLAIM_NOT_SHOWN;
}

/* Kaplan and Meier's, where some were not over by then. */
static void estimate_share(struct claim *claim, const struct result *result)
{
    struct survival survival;
    struct survival_share over;
    if (claim->n == 0)
        return;
    if (claim->open == 0) {
        claim->share = (double)claim->held / (double)claim->n;
        share_interval(claim, claim->held, claim->n);
        return;
    }
    result_survival(result, claim->metric, &survival);
    over = survival_share(&survival, claim->limit, STATS_CONFIDENCE);
    claim->share = over.share;
    claim->low = over.low;
    claim->high = over.high;
    survival_fini(&survival);
}

/* What had lasted no longer than the limit when the run ended may still be within it. */
static int64_t count_open(const struct samples *samples, double limit)
{
    int64_t n = 0;
    size_t i;
    for (i = 0; i < samples->n_censored; i++)
        n += samples->censored[i] <= limit;
    return n;
}

struct claim claim_judge(enum metric metric, int64_t limit_ms, const struct result *result)
{
    const struct samples *samples = &result->samples[metric];
    struct claim claim = {.metric = metric, .limit = NAN, .share = NAN, .low = NAN, .high = NAN};
    claim.censored = (int64_t)samples->n_censored;
    claim.n = (int64_t)samples->n + claim.censored;
    claim.unobserved = samples->never;
    if (limit_ms < 0) {
        claim.status = limit_ms == -2 ? CLAIM_NOT_APPLICABLE : CLAIM_NONE;
        return claim;
    }
    claim.limit = (double)limit_ms;
    claim.held = count_within(samples, claim.limit);
    claim.open = count_open(samples, claim.limit);
    if (metric == METRIC_DETECTION)
        claim.n += claim.unobserved;
    estimate_share(&claim, result);
    claim.status = status_of_share(&claim);
    return claim;
}

struct claim claim_judge_waits(enum metric metric, int64_t limit_ms, const struct result *result)
{
    const struct quantity *q = &result->metric[metric];
    struct claim claim = {.metric = metric, .waits = true, .limit = NAN, .share = NAN};
    claim.censored = q->censored;
    claim.n = q->n + q->censored;
    claim.low = q->p95_low;
    claim.high = q->p95_high;
    if (limit_ms < 0) {
        claim.status = limit_ms == -2 ? CLAIM_NOT_APPLICABLE : CLAIM_NONE;
        return claim;
    }
    claim.limit = (double)limit_ms;
    claim.status = claim.n == 0                                          ? CLAIM_NO_CASE
                   : isfinite(q->p95_high) && q->p95_high <= claim.limit ? CLAIM_MET
                   : q->p95_low > claim.limit                            ? CLAIM_NOT_MET
                   : isnan(q->p95) && q->censored > 0                    ? CLAIM_NOT_DECIDED
                                                                         : CLAIM_NOT_SHOWN;
    return claim;
}

/* The interval of a mean. A share without any spread has a half width of 0, however few the
 * observations: there the exact interval of a proportion says what so many can show. */
static void mean_interval(const struct quantity *quantity, enum unit unit, struct claim *claim)
{
    bool extreme = quantity->mean >= 1 || quantity->mean <= 0;
    if (unit == UNIT_SHARE && extreme) {
        share_interval(claim, quantity->mean >= 1 ? quantity->n : 0, quantity->n);
    } else {
        claim->low = quantity->mean - quantity->half_width;
        claim->high = quantity->mean + quantity->half_width;
    }
}

struct claim claim_judge_objective(enum metric metric, double limit, const struct result *result)
{
    const struct quantity *quantity = &result->metric[metric];
    enum unit unit = metric_unit(metric);
    struct claim claim = {.metric = metric,
                          .objective = true,
                          .at_least = unit == UNIT_SHARE,
                          .limit = limit,
                          .share = NAN,
                          .low = NAN,
                          .high = NAN,
                          .n = quantity->n};
    claim.status = CLAIM_NOT_SHOWN;
    claim.censored = quantity->censored;
    if (!isfinite(limit) || limit < 0) {
        claim.limit = NAN;
        claim.status = CLAIM_NONE;
        return claim;
    }
    if (quantity->n == 0 || !isfinite(quantity->mean))
        return claim;
    mean_interval(quantity, unit, &claim);
    if (claim.at_least ? claim.low >= limit : claim.high <= limit)
        claim.status = CLAIM_MET;
    else if (claim.at_least ? claim.high < limit : claim.low > limit)
        claim.status = CLAIM_NOT_MET;
    if (quantity->mean_is_bound && claim.status != CLAIM_NOT_MET)
        claim.status = CLAIM_NOT_DECIDED; /* the mean is greater, nobody knows by how much */
    return claim;
}

/* One of documented.measures: by the interval of its statistic, whole. */
static struct claim claim_judge_measure(const struct verdict *verdict)
{
    double half = verdict->half_width, least = verdict->value - half, most = verdict->value + half;
    bool up = verdict->op[0] == '>', strict = verdict->op[1] == '\0';
    struct claim claim = {.metric = verdict->metric,
                          .measure = verdict,
                          .limit = verdict->limit,
                          .n = verdict->n,
                          .censored = verdict->censored,
                          .share = NAN,
                          .low = least,
                          .high = most,
                          .status = CLAIM_NOT_SHOWN};
    double worst = up ? least : most, best = up ? most : least, sign = up ? 1 : -1;
    if (verdict->n + verdict->censored == 0)
        claim.status = CLAIM_NO_CASE;
    else if (verdict->undecided && verdict->censored > 0)
        claim.status = CLAIM_NOT_DECIDED;
    else if (sign * (worst - verdict->limit) > 0 || (!strict && worst == verdict->limit))
        claim.status = CLAIM_MET;
    else if (sign * (best - verdict->limit) < 0 || (strict && best == verdict->limit))
        claim.status = CLAIM_NOT_MET;
    return claim;
}

static int objective_rows(const struct report *report, struct claim *rows)
{
    const struct objectives *objectives = &report->scenario->fleet.objectives;
    const struct {
        enum metric metric;
        double limit;
    } wanted[] = {{METRIC_AVAILABILITY, objectives->availability},
                  {METRIC_JOB_SUCCESS, objectives->job_success},
                  {METRIC_DETECTION, (double)objectives->mttd_ms},
                  {METRIC_MTTR, (double)objectives->mttr_ms},
                  {METRIC_FAILOVER_SUCCESS, objectives->failover_success}};
    size_t i;
    int n = 0;
    if (report->scenario->duration_ms < CLAIM_OBJECTIVE_MS)
        return 0;
    for (i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        rows[n] = claim_judge_objective(wanted[i].metric, wanted[i].limit, report->result);
        n += rows[n].status != CLAIM_NONE;
    }
    return n;
}

int claim_rows(const struct report *report, struct claim rows[CLAIM_ROWS])
{
    const struct documented *documented = &report->scenario->documented;
    const struct result *result = report->result;
    bool claimed = documented->detection_ms >= 0 || documented->failover_ms >= 0 ||
                   documented->rto_ms >= 0 || documented->wait_ms >= 0 ||
                   documented->backlog >= 0 || documented->worked_off_ms >= 0 ||
                   documented->jobs_lost >= 0;
    int n = 0, i;
    if (claimed || report->scenario->n_faults > 0 || result->metric[METRIC_DETECTION].n > 0) {
        rows[n++] = claim_judge(METRIC_DETECTION, documented->detection_ms, result);
        rows[n++] = claim_judge(METRIC_FAILOVER, documented->failover_ms, result);
        rows[n++] = claim_judge(METRIC_RTO, documented->rto_ms, result);
        rows[n++] = claim_judge(METRIC_JOB_RECOVERY, -1, result);
        rows[n++] = claim_judge(METRIC_MTTR, -1, result);
        rows[n++] = claim_judge_waits(METRIC_FAULT_WAIT, documented->wait_ms, result);
        rows[n++] = claim_judge(METRIC_BACKLOG, documented->backlog, result);
        rows[n++] = claim_judge(METRIC_WORKED_OFF, documented->worked_off_ms, result);
        rows[n++] = claim_judge(METRIC_JOBS_LOST, documented->jobs_lost, result);
    }
    for (i = 0; i < result->n_claims; i++)
        rows[n++] = claim_judge_measure(&result->claims[i]);
    return n + objective_rows(report, rows + n);
}

const char *claim_status_name(enum claim_status status)
{
    static const char *const names[CLAIM_STATUSES] = {"no-claim",    "not-applicable", "met",
                                                      "not-met",     "impossible",     "not-shown",
                                                      "not-decided", "no-case"};
    return names[status];
}

const char *claim_status_word(enum claim_status status)
{
    static const char *const words[CLAIM_STATUSES] = {"no claim",    "no claim",   "met",
                                                      "NOT MET",     "IMPOSSIBLE", "not shown",
                                                      "not decided", "no case"};
    return words[status];
}
