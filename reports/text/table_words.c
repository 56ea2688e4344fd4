/* The sentences of the table, which the page has as well. */
#include "claim.h"
#include "table.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SOME 0.005 /* of the jobs: worth a word */

/* In seconds or percent, or with all digits where that would hide why it failed ("got 4:00, want
 * <= 4:00"). */
static void exact(char out[TEXT_VALUE], enum metric metric, double value)
{
    if (metric_unit(metric) == UNIT_MS)
        snprintf(out, TEXT_VALUE, "%.3fs", value / 1000);
    else
        snprintf(out, TEXT_VALUE, "%.8g", value);
}

void table_expectation(const struct verdict *verdict, char *out, size_t size)
{
    char limit[TEXT_VALUE], value[TEXT_VALUE], half[TEXT_VALUE];
    enum metric like = verdict_reads_as(verdict);
    size_t end;
    text_metric(limit, like, verdict->limit);
    text_metric(value, like, verdict->value);
    if (strcmp(limit, value) == 0 && verdict->limit != verdict->value) {
        exact(limit, like, verdict->limit);
        exact(value, like, verdict->value);
    }
    end = (size_t)snprintf(out, size, "%s %s %s %s: got %s%s", verdict->statistic,
                           verdict->facet.name[0] ? verdict->facet.said : verdict_name(verdict),
                           verdict->op, limit, verdict->value_is_bound ? "at least " : "",
                           isfinite(verdict->value) ? value : "nothing observed");
    if (end < size && isfinite(verdict->value) && !verdict->value_is_bound)
        end += (size_t)snprintf(out + end, size - end, "%s",
                                text_spread(half, like, verdict->value, verdict->half_width));
    if (end < size && verdict->undecided)
        snprintf(out + end, size - end, "; not decided: %s", verdict->why);
}

/* Jobs that had not started when the run ended, where they are more than a few. */
static void still_waiting(const struct quantity *wait, char *out, size_t size)
{
    int64_t all = wait->n + wait->censored;
    char share[TEXT_VALUE];
    size_t end = strlen(out);
    if ((double)wait->censored >= SOME * (double)all && wait->censored > 0 && end < size)
        snprintf(out + end, size - end, "; %s of the jobs had not started when the run ended",
                 text_share(share, (double)wait->censored / (double)all));
}

/* They are in no wait. */
static void gave_up(const struct quantity *share, char *out, size_t size)
{
    char text[TEXT_VALUE];
    size_t end = strlen(out);
    if (share->n > 0 && share->mean > 0 && end < size)
        snprintf(out + end, size - end, "; %s of the jobs gave up waiting",
                 text_share(text, share->mean));
}

void table_load(const struct report *report, char *out, size_t size)
{
    const struct quantity *metric = report->result->metric;
    char wait[TEXT_VALUE], late[TEXT_VALUE], busy[TEXT_VALUE], done[TEXT_VALUE], lost[TEXT_VALUE];
    out[0] = '\0';
    if (metric[METRIC_JOBS_DONE].n == 0)
        return;
    snprintf(out, size,
             "load: %s jobs done, %s failed a replication; slots busy %s; wait mean %s, p95 %s",
             text_metric(done, METRIC_JOBS_DONE, round(metric[METRIC_JOBS_DONE].mean)),
             text_metric(lost, METRIC_JOBS_FAILED,
                         metric[METRIC_JOBS_FAILED].n ? metric[METRIC_JOBS_FAILED].mean : NAN),
             text_share(busy, metric[METRIC_UTILIZATION].n ? metric[METRIC_UTILIZATION].mean : NAN),
             text_mean(wait, METRIC_QUEUE_WAIT, &metric[METRIC_QUEUE_WAIT]),
             text_quantile(late, METRIC_QUEUE_WAIT, &metric[METRIC_QUEUE_WAIT], 0.95));
    still_waiting(&metric[METRIC_QUEUE_WAIT], out, size);
    gave_up(&metric[METRIC_GIVEN_UP], out, size);
}

/* Different beyond both intervals together. Common random numbers make the true interval of the
 * difference smaller, so this errs on the side of "no change". */
static bool differs(const struct quantity *a, const struct quantity *b)
{
    return a->n > 0 && b->n > 0 && !a->mean_is_bound && !b->mean_is_bound &&
           fabs(a->mean - b->mean) > hypot(a->half_width, b->half_width);
}

void table_difference(const struct report *report, char *out, size_t size)
{
    static const enum metric shown[] = {METRIC_DETECTION,    METRIC_FAILOVER, METRIC_RTO,
                                        METRIC_JOB_RECOVERY, METRIC_MTTR,     METRIC_QUEUE_WAIT,
                                        METRIC_JOBS_FAILED};
    char from[TEXT_VALUE], to[TEXT_VALUE],
        how[3 * sizeof report->scenario->fleet.github.documented];
    const char *before = "";
    size_t i, end;
    out[0] = '\0';
    if (report->documented == NULL)
        return;
    text_clean(how, sizeof how, report->scenario->fleet.github.documented);
    end = (size_t)snprintf(out, size, "with the documented mechanisms (%s): ", how);
    for (i = 0; i < sizeof shown / sizeof *shown && end < size; i++) {
        const struct quantity *real = &report->result->metric[shown[i]];
        const struct quantity *other = &report->documented->metric[shown[i]];
        if (!differs(real, other))
            continue;
        end += (size_t)snprintf(out + end, size - end, "%s%s mean %s instead of %s", before,
                                claim_metric_word(shown[i]), text_metric(to, shown[i], other->mean),
                                text_metric(from, shown[i], real->mean));
        before = ", ";
    }
    if (*before == '\0' && end < size)
        snprintf(out + end, size - end, "no row would change beyond its interval");
}

void table_method(const struct result *result, char *out, size_t size)
{
    const struct precision *precision = &result->precision;
    char warmup[TEXT_VALUE];
    size_t end = 0;
    out[0] = '\0';
    if (result->warmup_auto)
        end += (size_t)snprintf(
            out, size, "warm-up: %s, by MSER-5%s", text_time(warmup, (double)result->warmup_ms),
            result->warmup_unsettled ? "; still warming up: the duration is too short" : "");
    if (end >= size || precision->asked <= 0 || precision->reached <= precision->asked)
        return;
    end +=
        (size_t)snprintf(out + end, size - end, "%sprecision not reached: ", end > 0 ? "; " : "");
    if (end < size && isnan(precision->reached))
        snprintf(out + end, size - end, "%s was never observed", metric_name(precision->metric));
    else if (end < size)
        snprintf(out + end, size - end, "%s is known to %.2g%%, asked for %g%%",
                 metric_name(precision->metric), 100 * precision->reached, 100 * precision->asked);
}

void table_rare(const struct rare_result *rare, char *out, size_t size)
{
    out[0] = '\0';
    if (rare->replications > 0)
        snprintf(
            out, size,
            "all hosts down at once: %.3g of the time (%.3g to %.3g); at least once in %.3g of "
            "the runs (%.3g to %.3g); by failure biasing, %lld runs of the hosts alone",
            rare->unavailability.mean, rare->unavailability.low, rare->unavailability.high,
            rare->probability.mean, rare->probability.low, rare->probability.high,
            (long long)rare->replications);
}

void table_target(const struct report *report, int index, char *out, size_t size)
{
    const struct fault *fault = &report->scenario->faults[index];
    size_t end;
    int i;
    out[0] = '\0';
    if (fault->role[0] == '\0' || fault->n_targets < 2)
        return;
    end = (size_t)snprintf(out, size, "target %s of %s: %s ", fault->role,
                           fault_kind_name(fault->kind),
                           fault->any ? "one of them each time," : "all at once,");
    for (i = 0; i < fault->n_targets && end < size; i++)
        end += (size_t)snprintf(out + end, size - end, "%s%s",
                                i == 0                      ? ""
                                : i == fault->n_targets - 1 ? (fault->any ? " or " : " and ")
                                                            : ", ",
                                report->scenario->fleet.hosts[fault->targets[i]].name);
}
