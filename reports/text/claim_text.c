/* The words around a verdict; the verdict itself is in claim.c. */
#include "claim.h"

#include "text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *claim_metric_word(enum metric metric)
{
    static const char *const words[METRIC_COUNT] = {
        [METRIC_DETECTION] = "detection",
        [METRIC_FAILOVER] = "failover",
        [METRIC_RTO] = "RTO (new jobs)",
        [METRIC_JOB_RECOVERY] = "job recovery",
        [METRIC_MTTR] = "MTTR (all slots)",
        [METRIC_PENDING] = "alert pending",
        [METRIC_FIRING] = "alert firing",
        [METRIC_WEBHOOK] = "notified",
        [METRIC_QUEUE_WAIT] = "queue wait",
        [METRIC_QUEUE_LENGTH] = "queue length",
        [METRIC_UTILIZATION] = "utilization",
        [METRIC_WAIT_PROBABILITY] = "jobs that wait",
        [METRIC_AVAILABILITY] = "availability",
        [METRIC_JOB_SUCCESS] = "job success",
        [METRIC_FAILOVER_SUCCESS] = "failover success",
        [METRIC_FAILOVERS] = "failovers",
        [METRIC_JOBS_DONE] = "jobs done",
        [METRIC_JOBS_FAILED] = "jobs failed",
        [METRIC_FAULT_WAIT] = "wait meanwhile",
        [METRIC_BACKLOG] = "largest backlog",
        [METRIC_WORKED_OFF] = "worked off after",
        [METRIC_JOBS_LOST] = "jobs lost",
        [METRIC_GIVEN_UP] = "gave up",
    };
    return words[metric];
}

const char *claim_word(const struct claim *claim)
{
    bool facet = claim->measure && claim->measure->facet.name[0];
    return facet ? claim->measure->facet.said : claim_metric_word(claim->metric);
}

const char *claim_name(const struct claim *claim)
{
    return claim->measure ? verdict_name(claim->measure) : metric_name(claim->metric);
}

const struct quantity *claim_quantity(const struct claim *claim, const struct result *result)
{
    const struct facet_result *facet =
        claim->measure ? result_facet(result, verdict_name(claim->measure)) : NULL;
    return facet ? &facet->quantity : &result->metric[claim->metric];
}

void claim_limit_text(const struct claim *claim, char *out, size_t size)
{
    char value[TEXT_VALUE];
    if (claim->status == CLAIM_NONE || claim->status == CLAIM_NOT_APPLICABLE) {
        snprintf(out, size, "%s", claim->status == CLAIM_NONE ? "-" : "N/A");
        return;
    }
    text_metric(value, claim->measure ? verdict_reads_as(claim->measure) : claim->metric,
                claim->limit);
    if (claim->measure)
        snprintf(out, size, "%s %s %s", claim->measure->statistic, claim->measure->op, value);
    else if (claim->objective)
        snprintf(out, size, "%s %s", claim->at_least ? ">=" : "mean", value);
    else
        snprintf(out, size, "%s", value);
}

/* The fastest case, told apart from the limit that it exceeds even by less than a second. */
static const char *fastest(char out[TEXT_VALUE], const struct claim *claim, double min_ms)
{
    char limit[TEXT_VALUE];
    text_metric(out, claim->metric, min_ms);
    text_metric(limit, claim->metric, claim->limit);
    return strcmp(out, limit) == 0 && metric_unit(claim->metric) == UNIT_MS
               ? text_time_exact(out, min_ms)
               : out;
}

/* "99.0-99.9%": the first percent sign is dropped to save a column. */
static void interval_text(const struct claim *claim, char *out, size_t size)
{
    enum metric about = claim->objective || claim->waits ? claim->metric : METRIC_JOB_SUCCESS;
    char low[TEXT_VALUE], high[TEXT_VALUE];
    text_metric(low, about, claim->low);
    text_metric(high, about, claim->high);
    low[strcspn(low, "%")] = '\0';
    snprintf(out, size, "%s-%s", low, high);
}

/* Where no case has a value. */
static void nothing_seen(const struct claim *claim, char out[CLAIM_DETAIL])
{
    if (claim->censored > 0)
        snprintf(out, CLAIM_DETAIL, "not over in %" PRId64 " of %" PRId64, claim->censored,
                 claim->n);
    else
        snprintf(out, CLAIM_DETAIL, "never came about");
}

static void share_detail(const struct claim *claim, const struct result *result,
                         char out[CLAIM_DETAIL])
{
    char value[TEXT_VALUE], interval[2 * TEXT_VALUE + 2];
    interval_text(claim, interval, sizeof interval);
    if (result->samples[claim->metric].n == 0)
        nothing_seen(claim, out);
    else if (claim->status == CLAIM_IMPOSSIBLE)
        snprintf(out, CLAIM_DETAIL, "never below %s",
                 fastest(value, claim, result->metric[claim->metric].min));
    else if (isnan(claim->share)) /* beyond what the run could see */
        snprintf(out, CLAIM_DETAIL, "%" PRId64 " of %" PRId64 " were not over", claim->open,
                 claim->n);
    else if (claim->held == 0)
        snprintf(out, CLAIM_DETAIL, "holds in 0 of %" PRId64 " (%s)", claim->n, interval);
    else
        snprintf(out, CLAIM_DETAIL, "holds in %s (%s)", text_share(value, claim->share), interval);
}

static void measure_detail(const struct verdict *verdict, char out[CLAIM_DETAIL])
{
    enum metric like = verdict_reads_as(verdict);
    char value[TEXT_VALUE], spread[TEXT_VALUE];
    if (verdict->n + verdict->censored == 0)
        snprintf(out, CLAIM_DETAIL, "never came about");
    else
        snprintf(out, CLAIM_DETAIL, "%s %s%s%s", verdict->statistic,
                 verdict->value_is_bound ? ">=" : "", text_metric(value, like, verdict->value),
                 text_spread(spread, like, verdict->value,
                             verdict->value_is_bound ? NAN : verdict->half_width));
}

void claim_detail(const struct claim *claim, const struct result *result, char out[CLAIM_DETAIL])
{
    const struct quantity *quantity = &result->metric[claim->metric];
    char value[TEXT_VALUE], interval[2 * TEXT_VALUE + 2];
    out[0] = '\0';
    if (claim->measure) {
        measure_detail(claim->measure, out);
        return;
    }
    if (claim->status == CLAIM_NONE || claim->status == CLAIM_NOT_APPLICABLE) {
        if (quantity->n == 0)
            nothing_seen(claim, out);
        return;
    }
    if (!claim->objective && !claim->waits) {
        share_detail(claim, result, out);
        return;
    }
    if (quantity->n == 0) {
        nothing_seen(claim, out);
        return;
    }
    interval_text(claim, interval, sizeof interval);
    if (claim->waits)
        snprintf(out, CLAIM_DETAIL, "p95 %s (%s)",
                 text_quantile(value, claim->metric, quantity, 0.95), interval);
    else
        snprintf(out, CLAIM_DETAIL, "%s%s (%s)", claim->at_least ? "mean " : "",
                 text_mean(value, claim->metric, quantity), interval);
}

/* Where the time to the detection goes: the medians of the stages on the way. */
static void why_detection(const struct report *report, char *out, size_t size)
{
    static const struct {
        enum metric metric;
        const char *what;
    } stages[] = {{METRIC_PENDING, "an alert is pending after"},
                  {METRIC_FIRING, "firing after"},
                  {METRIC_WEBHOOK, "notified after"},
                  {METRIC_DETECTION, "acted upon after"}};
    double known_ms = report->result->metric[METRIC_DETECTION].p50;
    const char *before = " Typically ";
    char value[TEXT_VALUE];
    size_t i, end = strlen(out);
    if (report->result->metric[METRIC_PENDING].n == 0)
        return;
    for (i = 0; i < sizeof stages / sizeof *stages && end < size; i++) {
        const struct quantity *quantity = &report->result->metric[stages[i].metric];
        if (quantity->n == 0 || !(quantity->p50 <= known_ms))
            continue; /* a stage that comes after the detection explains nothing */
        end += (size_t)snprintf(out + end, size - end, "%s%s %s", before, stages[i].what,
                                text_time(value, quantity->p50));
        before = ", ";
    }
    if (end < size)
        snprintf(out + end, size - end, ".");
}

static void why_failover(const struct claim *claim, const struct report *report, char *out,
                         size_t size)
{
    const struct fleet *fleet = &report->scenario->fleet;
    char persist[TEXT_VALUE];
    size_t end = strlen(out);
    if (!fleet->has_policy || (double)fleet->policy.persist_ms < claim->limit)
        return;
    snprintf(out + end, size - end,
             " The policy itself waits %s before it drains a host: that alone uses up the claim, "
             "and changing the routes comes on top.",
             text_time(persist, (double)fleet->policy.persist_ms));
}

static void why_rto(const struct report *report, char *out, size_t size)
{
    const struct quantity *metric = report->result->metric;
    char detection[TEXT_VALUE], failover[TEXT_VALUE];
    size_t end = strlen(out);
    if (metric[METRIC_DETECTION].n == 0 || metric[METRIC_FAILOVER].n == 0)
        return;
    snprintf(out + end, size - end, " Detection takes %s and failover %s (medians).",
             text_time(detection, metric[METRIC_DETECTION].p50),
             text_time(failover, metric[METRIC_FAILOVER].p50));
}

/* GitHub fails a dead host's jobs only when their locks have run out; nobody documented that. */
static void why_job_recovery(const struct report *report, char *out, size_t size)
{
    const struct quantity *recovery = &report->result->metric[METRIC_JOB_RECOVERY];
    const struct github *github = &report->scenario->fleet.github;
    char lock[TEXT_VALUE];
    double lock_ms = (double)github->lock_ms, renewal_ms = (double)github->renewal_ms;
    out[0] = '\0';
    if (!github->present || github->fast_recovery || recovery->n == 0 || lock_ms <= 0 ||
        !(recovery->p50 >= lock_ms - renewal_ms))
        return;
    snprintf(out, size,
             "%s: GitHub fails the jobs of a dead host only when their lock of %s has run out, and "
             "re-runs none by itself.",
             claim_metric_word(METRIC_JOB_RECOVERY), text_time(lock, lock_ms));
}

static void why_missed(const struct claim *claim, const struct report *report, char *out,
                       size_t size)
{
    const struct quantity *quantity = &report->result->metric[claim->metric];
    char value[TEXT_VALUE], other[TEXT_VALUE], limit[TEXT_VALUE];
    text_metric(limit, claim->metric, claim->limit);
    if (claim->waits)
        return; /* the row says it */
    if (quantity->n == 0 && claim->censored > 0)
        snprintf(out, size, "%s: it had not come about in any of %" PRId64 " when the run ended.",
                 claim_metric_word(claim->metric), claim->n);
    else if (quantity->n == 0)
        snprintf(out, size, "%s: it never came about in %" PRId64 " replications.",
                 claim_metric_word(claim->metric), report->result->replications);
    else if (claim->held == 0)
        snprintf(out, size, "%s: %s documented, but the fastest of %" PRId64 " took %s.",
                 claim_metric_word(claim->metric), limit, quantity->n,
                 fastest(value, claim, quantity->min));
    else
        snprintf(out, size, "%s: %s take longer than the documented %s, one in twenty over %s.",
                 claim_metric_word(claim->metric), text_share(value, 1 - claim->share), limit,
                 text_metric(other, claim->metric,
                             isnan(quantity->p95) ? quantity->p95_least : quantity->p95));
}

/* What a claim is about: each replication has one fault, or they are counted. */
static const char *cases(const struct claim *claim, const struct result *result)
{
    const struct samples *samples = &result->samples[claim->metric];
    int64_t n = (int64_t)(samples->n + samples->n_censored) + samples->never;
    return n == result->replications ? "replications" : "faults";
}

static void without_it(const struct claim *claim, const struct result *result, int64_t all,
                       char *out, size_t size)
{
    snprintf(out, size, "%s: never came about in %" PRId64 " of %" PRId64 " %s%s",
             claim_metric_word(claim->metric), claim->unobserved, all, cases(claim, result),
             claim->metric == METRIC_DETECTION && isfinite(claim->limit)
                 ? ", which count as later than documented."
                 : "; judged over the others.");
}

/* Why no number of replications would decide it. */
static void no_case(const struct claim *claim, int64_t all, char *out, size_t size)
{
    const char *word = claim_metric_word(claim->metric);
    if (all == 0)
        snprintf(out, size,
                 "%s: no number of replications decides it, since no fault strikes before the end "
                 "of the run.",
                 word);
    else
        snprintf(out, size,
                 "%s: no number of replications decides it, since %s in any of %" PRId64 " faults.",
                 word,
                 claim->metric == METRIC_RTO        ? "no job is held up"
                 : claim->metric == METRIC_FAILOVER ? "no routes are changed"
                                                    : "it comes about",
                 all);
}

void claim_unobserved(const struct claim *claim, const struct result *result, char *out,
                      size_t size)
{
    const struct samples *samples = &result->samples[claim->metric];
    int64_t all = (int64_t)(samples->n + samples->n_censored) + samples->never;
    size_t end;
    out[0] = '\0';
    if (claim->measure || claim->waits ||
        (claim->metric == METRIC_WORKED_OFF && claim->status < CLAIM_MET))
        return; /* jobs; or no backlog, which needs no word */
    if (claim->status == CLAIM_NO_CASE)
        no_case(claim, all, out, size);
    if (claim->objective ? !result->metric[claim->metric].mean_is_bound
                         : claim->status == CLAIM_NO_CASE)
        return;
    if (!claim->objective && claim->unobserved > 0 && claim->unobserved < all)
        without_it(claim, result, all, out, size);
    if (claim->censored == 0)
        return;
    end = strlen(out);
    if (end > 0)
        end += (size_t)snprintf(out + end, size - end, " ");
    snprintf(out + end, size - end,
             "%s: %" PRId64 " of %" PRId64 " were not over when the run ended%s",
             claim_metric_word(claim->metric), claim->censored, all - samples->never,
             claim->status == CLAIM_NOT_DECIDED ? ": lengthen it." : ".");
}

void claim_why(const struct claim *claim, const struct report *report, char *out, size_t size)
{
    out[0] = '\0';
    if (claim->measure)
        return; /* the row says it */
    if (claim->metric == METRIC_JOB_RECOVERY)
        why_job_recovery(report, out, size);
    if (claim->objective || (claim->status != CLAIM_NOT_MET && claim->status != CLAIM_IMPOSSIBLE))
        return;
    why_missed(claim, report, out, size);
    if (claim->metric == METRIC_DETECTION)
        why_detection(report, out, size);
    else if (claim->metric == METRIC_FAILOVER)
        why_failover(claim, report, out, size);
    else if (claim->metric == METRIC_RTO)
        why_rto(report, out, size);
}
