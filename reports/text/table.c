#include "table.h"

#include "advice.h"
#include "claim.h"
#include "text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define INDENT 2
#define HANG 4
#define NOTE 8 /* columns of "  note: " */
#define NAME_COLUMNS 32
#define MEASURE_COLUMNS 42
#define SENTENCE 1024
#define SOME 0.005 /* of the jobs: worth a word */
#define ROW " %11s %8s %8s %8s   "

/* One that is longer than its column has a line of its own. */
static void print_name(FILE *out, const char *name, int columns)
{
    char clean[3 * FACET_NAME];
    int pad;
    text_clean(clean, sizeof clean, name);
    pad = columns - text_columns(clean);
    fprintf(out, "  %s%*s", clean, pad > 0 ? pad : 0, "");
    if (pad < 0)
        fprintf(out, "\n  %*s", columns, "");
}

static void print_row(FILE *out, const struct claim *claim, const struct result *result)
{
    const struct quantity *quantity = claim_quantity(claim, result);
    enum metric like = claim->measure ? verdict_reads_as(claim->measure) : claim->metric;
    char limit[TEXT_VALUE], low[TEXT_VALUE], middle[TEXT_VALUE], high[TEXT_VALUE];
    char detail[CLAIM_DETAIL];
    claim_limit_text(claim, limit, sizeof limit);
    claim_detail(claim, result, detail);
    print_name(out, claim_word(claim), 16);
    fprintf(out, ROW, limit, text_quantile(low, like, quantity, 0.05),
            text_quantile(middle, like, quantity, 0.5), text_quantile(high, like, quantity, 0.95));
    if (detail[0] == '\0')
        fprintf(out, "%s\n", claim_status_word(claim->status));
    else
        fprintf(out, "%-10s  %s\n", claim_status_word(claim->status), detail);
}

static void print_sentence(FILE *out, const char *sentence)
{
    if (*sentence == '\0')
        return;
    fprintf(out, "%*s", INDENT, "");
    text_wrap(out, sentence, INDENT, TABLE_COLUMNS, HANG);
}

static double per_replication(const struct result *result)
{
    return result->replications > 0 ? (double)result->simulated_ms / (double)result->replications
                                    : NAN;
}

static void print_title(FILE *out, const struct report *report)
{
    char name[3 * FLEET_NAME], about[3 * sizeof report->scenario->about];
    char each[TEXT_VALUE], facts[128];
    int rule;
    report_name(name, sizeof name, report);
    snprintf(facts, sizeof facts, "%" PRId64 " replications of %s, seed %" PRIu64,
             report->result->replications, text_time(each, per_replication(report->result)),
             report->result->seed);
    rule = TABLE_COLUMNS - text_columns(name) - (int)strlen(facts) - 2;
    fputs(name, out);
    fputs(rule > 0 ? " " : "\n ", out);
    while (rule-- > 0)
        fputc('-', out);
    fprintf(out, " %s\n", facts);
    text_clean(about, sizeof about, report->scenario->about);
    print_sentence(out, about);
}

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

static int count_failed(const struct result *result)
{
    int i, failed = 0;
    for (i = 0; i < result->n_verdicts; i++)
        failed += !result->verdicts[i].pass;
    return failed;
}

static void print_expectations(FILE *out, const struct report *report)
{
    const struct result *result = report->result;
    char line[2 * SENTENCE], path[SENTENCE / 2], text[FACET_NAME + 200];
    int i, failed = count_failed(result);
    text_clean(path, sizeof path, report->path);
    for (i = 0; i < result->n_verdicts; i++) {
        if (result->verdicts[i].pass)
            continue;
        table_expectation(&result->verdicts[i], text, sizeof text);
        snprintf(line, sizeof line, "expectation %s: %s:%d: %s",
                 result->verdicts[i].undecided ? "not decided" : "failed", path,
                 result->verdicts[i].line, text);
        print_sentence(out, line);
    }
    if (failed > 0) {
        fputs("  reproduce: ", out);
        report_reproduce(out, report);
        fputc('\n', out);
    } else if (result->n_verdicts > 0) {
        fprintf(out, "  all %d expectations of the scenario held\n", result->n_verdicts);
    }
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

const enum metric table_workload[TABLE_WORKLOAD] = {
    METRIC_QUEUE_WAIT,   METRIC_QUEUE_LENGTH, METRIC_WAIT_PROBABILITY, METRIC_UTILIZATION,
    METRIC_AVAILABILITY, METRIC_JOB_SUCCESS,  METRIC_GIVEN_UP};

static void print_workload(FILE *out, const struct result *result)
{
    const enum metric *shown = table_workload;
    char mean[TEXT_VALUE], half[TEXT_VALUE], p50[TEXT_VALUE], p95[TEXT_VALUE], p99[TEXT_VALUE];
    size_t i;
    fprintf(out, "  %-16s %11s %11s %9s %9s %9s\n", "", "mean", "+-95%", "p50", "p95", "p99");
    for (i = 0; i < TABLE_WORKLOAD; i++) {
        const struct quantity *quantity = &result->metric[shown[i]];
        if (quantity->n + quantity->censored == 0 ||
            (shown[i] == METRIC_GIVEN_UP && quantity->mean <= 0))
            continue;
        fprintf(out, "  %-16s %11s %11s %9s %9s %9s\n", claim_metric_word(shown[i]),
                text_mean(mean, shown[i], quantity), text_around(half, shown[i], quantity),
                text_quantile(p50, shown[i], quantity, 0.5),
                text_quantile(p95, shown[i], quantity, 0.95),
                text_quantile(p99, shown[i], quantity, 0.99));
    }
}

/* The words, where there is nothing to show; NULL where there is. */
static const char *never(const struct result *result, const struct quantity *q, const char *words)
{
    return q->n + q->censored == 0 && !result->unstable ? words : NULL;
}

static void print_measure(FILE *out, const char *name, enum metric like, const struct quantity *q,
                          const char *nothing)
{
    char mean[TEXT_VALUE], half[TEXT_VALUE], p50[TEXT_VALUE], p95[TEXT_VALUE], p99[TEXT_VALUE];
    print_name(out, name, MEASURE_COLUMNS);
    if (nothing)
        fprintf(out, " %s\n", nothing);
    else
        fprintf(out, " %11s %11s %9s %9s %9s\n", text_mean(mean, like, q),
                text_around(half, like, q), text_quantile(p50, like, q, 0.5),
                text_quantile(p95, like, q, 0.95), text_quantile(p99, like, q, 0.99));
}

/* Metrics that were asked for by name, and what the scenario asks for beyond them. */
static void print_measures(FILE *out, const struct report *report)
{
    const struct result *result = report->result;
    bool any = result->n_facets > 0 || report->scenario->asked != 0;
    int i;
    if (any)
        fprintf(out, "  %-*s %11s %11s %9s %9s %9s\n", MEASURE_COLUMNS, "measure", "mean", "+-95%",
                "p50", "p95", "p99");
    for (i = 0; i < METRIC_COUNT; i++) {
        char name[FACET_NAME];
        snprintf(name, sizeof name, "%.*s", metric_bare((enum metric)i),
                 metric_name((enum metric)i));
        if (scenario_asks(report->scenario, (enum metric)i))
            print_measure(out, name, (enum metric)i, &result->metric[i],
                          never(result, &result->metric[i], "never came about"));
    }
    for (i = 0; i < result->n_facets; i++) {
        const struct facet_result *one = &result->facets[i];
        print_measure(out, one->facet.said, facet_reads_as(&one->facet), &one->quantity,
                      never(result, &one->quantity, facet_never(&one->facet)));
    }
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

static void print_advice(FILE *out, const struct report *report)
{
    char line[ADVICE_LINES][ADVICE_TEXT];
    int n = advice_lines(report, line), i;
    for (i = 0; i < n; i++) {
        fputs("  note: ", out);
        text_wrap(out, line[i], NOTE, TABLE_COLUMNS, HANG);
    }
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

static void print_block(FILE *out, const struct report *report)
{
    struct claim rows[CLAIM_ROWS];
    int n = claim_rows(report, rows), i;
    char sentence[SENTENCE];
    print_title(out, report);
    for (i = 0; i < report->result->n_undetected; i++) {
        advice_undetected(report, &report->result->undetected[i], sentence, sizeof sentence);
        print_sentence(out, sentence);
    }
    for (i = 0; i < report->scenario->n_faults; i++) {
        table_target(report, i, sentence, sizeof sentence);
        print_sentence(out, sentence);
    }
    if (n > 0)
        fprintf(out, "  %-16s" ROW "verdict\n", "", "documented", "p5", "p50", "p95");
    else
        print_workload(out, report->result);
    for (i = 0; i < n; i++)
        print_row(out, &rows[i], report->result);
    print_measures(out, report);
    for (i = 0; i < n; i++) {
        claim_why(&rows[i], report, sentence, sizeof sentence);
        print_sentence(out, sentence);
        claim_unobserved(&rows[i], report->result, sentence, sizeof sentence);
        print_sentence(out, sentence);
    }
    if (report->result->unstable)
        print_sentence(out, "unstable: the queue grew without bound, so the means say nothing.");
    table_method(report->result, sentence, sizeof sentence);
    print_sentence(out, sentence);
    table_rare(&report->result->rare, sentence, sizeof sentence);
    print_sentence(out, sentence);
    if (n > 0) { /* else the rows have said it */
        table_load(report, sentence, sizeof sentence);
        print_sentence(out, sentence);
    }
    table_difference(report, sentence, sizeof sentence);
    print_sentence(out, sentence);
    print_advice(out, report);
    print_expectations(out, report);
    fputc('\n', out);
}

/* "detection IMPOSSIBLE, failover NOT MET, RTO met" */
static void verdict_words(const struct report *report, char *out, size_t size)
{
    struct claim rows[CLAIM_ROWS];
    int n = claim_rows(report, rows), failed = count_failed(report->result), i;
    const char *before = "";
    size_t end = 0;
    out[0] = '\0';
    for (i = 0; i < n && end < size; i++) {
        const char *word = claim_word(&rows[i]);
        const char *aside = strstr(word, " (");
        if (rows[i].status < CLAIM_MET)
            continue;
        end += (size_t)snprintf(out + end, size - end, "%s%.*s %s", before,
                                (int)(aside ? (size_t)(aside - word) : strlen(word)), word,
                                claim_status_word(rows[i].status));
        before = ", ";
    }
    if (failed > 0 && end < size)
        snprintf(out + end, size - end, "%s%d of %d expectations FAILED", before, failed,
                 report->result->n_verdicts);
    else if (end == 0)
        snprintf(out, size, "no claims");
}

static void print_short(FILE *out, const struct report *report)
{
    char words[SENTENCE], name[3 * FLEET_NAME];
    int pad;
    report_name(name, sizeof name, report);
    if (report->result)
        verdict_words(report, words, sizeof words);
    else
        snprintf(words, sizeof words, "did not run");
    pad = NAME_COLUMNS - text_columns(name);
    fprintf(out, "%s%*s", name, pad > 2 ? pad : 2, "");
    text_wrap(out, words, text_columns(name) + (pad > 2 ? pad : 2), TABLE_COLUMNS, NAME_COLUMNS);
}

struct table_summary table_summarise(const struct report *reports, int n)
{
    struct table_summary summary = {.scenarios = n};
    struct claim rows[CLAIM_ROWS];
    int i, j, n_rows;
    for (i = 0; i < n; i++) {
        if (reports[i].result == NULL) {
            summary.errors++;
            continue;
        }
        n_rows = claim_rows(&reports[i], rows);
        for (j = 0; j < n_rows; j++) {
            summary.claims += rows[j].status >= CLAIM_MET;
            summary.met += rows[j].status == CLAIM_MET;
            summary.not_met += rows[j].status == CLAIM_NOT_MET;
            summary.impossible += rows[j].status == CLAIM_IMPOSSIBLE;
            summary.not_shown += rows[j].status == CLAIM_NOT_SHOWN;
            summary.not_decided += rows[j].status == CLAIM_NOT_DECIDED;
            summary.no_case += rows[j].status == CLAIM_NO_CASE;
        }
        summary.failed += count_failed(reports[i].result);
        summary.expectations += reports[i].result->n_verdicts;
    }
    return summary;
}

static size_t claims_text(const struct table_summary *summary, char *out, size_t size)
{
    size_t end =
        (size_t)snprintf(out, size, "%d claim%s: %d met, %d not met, %d impossible, %d not shown",
                         summary->claims, summary->claims == 1 ? "" : "s", summary->met,
                         summary->not_met, summary->impossible, summary->not_shown);
    if (summary->not_decided > 0)
        end += (size_t)snprintf(out + end, size - end, ", %d not decided", summary->not_decided);
    if (summary->no_case > 0)
        end += (size_t)snprintf(out + end, size - end, ", %d without a case", summary->no_case);
    return end + (size_t)snprintf(out + end, size - end, ".");
}

void table_summary_text(const struct table_summary *summary, char *out, size_t size)
{
    size_t end = (size_t)snprintf(out, size, "%d scenario%s, ", summary->scenarios,
                                  summary->scenarios == 1 ? "" : "s");
    if (summary->claims == 0)
        end += (size_t)snprintf(out + end, size - end, "no claims.");
    else
        end += claims_text(summary, out + end, size - end);
    if (summary->expectations > 0 && end < size)
        end += (size_t)snprintf(out + end, size - end, " %d of %d expectations held.",
                                summary->expectations - summary->failed, summary->expectations);
    if (summary->errors > 0 && end < size)
        snprintf(out + end, size - end, " %d could not run.", summary->errors);
}

void table_print(FILE *out, const struct report *reports, int n, bool quiet)
{
    struct table_summary summary = table_summarise(reports, n);
    char text[SENTENCE];
    int i;
    for (i = 0; i < n; i++)
        if (reports[i].result && !quiet)
            print_block(out, &reports[i]);
    for (i = 0; i < n && (quiet || n > 1); i++)
        print_short(out, &reports[i]);
    table_summary_text(&summary, text, sizeof text);
    text_wrap(out, text, 0, TABLE_COLUMNS, HANG);
    if (!quiet && summary.claims > 0)
        fputs("met: true of at least 95% of all cases, at 95% confidence; IMPOSSIBLE: true of "
              "none;\nnot shown: more replications are needed to tell.\n",
              out);
    if (!quiet && summary.not_decided > 0)
        fputs("not decided: too much was not over when the run ended; a longer duration would "
              "tell.\n",
              out);
    if (!quiet && summary.no_case > 0)
        fputs("no case: it never comes about, so that no number of replications would tell.\n",
              out);
}
