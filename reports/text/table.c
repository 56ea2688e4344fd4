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

static void print_advice(FILE *out, const struct report *report)
{
    char line[ADVICE_LINES][ADVICE_TEXT];
    int n = advice_lines(report, line), i;
    for (i = 0; i < n; i++) {
        fputs("  note: ", out);
        text_wrap(out, line[i], NOTE, TABLE_COLUMNS, HANG);
    }
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
