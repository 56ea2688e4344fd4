#include "rules_diff_report.h"

#include "claim.h"
#include "json.h"
#include "text.h"

#include <math.h>
#include <string.h>

/* How many expectations hold with the old rules and not with the new ones. */
static int rules_diff_newly_failed(const struct rules_diff_report *report)
{
    int n = 0;
    for (int i = 0; i < report->n; i++) {
        for (int j = 0; j < report->scenarios[i].n_verdicts; j++)
            n += report->scenarios[i].verdicts[j].reason[0] != '\0';
    }
    return n;
}

int rules_diff_failed(const struct rules_diff_report *report)
{
    int n = 0;
    for (int i = 0; i < report->n; i++) {
        for (int j = 0; j < report->scenarios[i].n_verdicts; j++)
            n += !report->scenarios[i].verdicts[j].after->pass;
    }
    return n;
}

/* Nothing is in the way of a verdict: all files could be read, all scenarios ran, and no change is
 * left that would move jobs and could not be simulated. */
static bool rules_diff_judged(const struct rules_diff_report *report)
{
    for (int i = 0; i < report->n; i++) {
        if (report->scenarios[i].error)
            return false;
    }
    return !report->trouble && !report->unjudged;
}

/* "+5:00", "-0.2%" */
static const char *signed_value(char out[TEXT_VALUE + 1], enum metric metric, double value)
{
    char text[TEXT_VALUE];
    if (isnan(value))
        return "-";
    snprintf(out, TEXT_VALUE + 1, "%c%s", value < 0 ? '-' : '+',
             text_metric(text, metric, fabs(value)));
    return out;
}

static const char *plain_value(char out[TEXT_VALUE], enum metric metric, double value)
{
    return text_metric(out, metric, value);
}

/* The figures that people compare: a mean for shares and counts, p50 and p95 for times. */
static bool by_quantiles(enum metric metric)
{
    return metric_unit(metric) == UNIT_MS;
}

/* Would a reader see that anything has changed? */
static bool shows(const struct rules_diff_metric *entry)
{
    const double before[] = {entry->before->p50, entry->before->p95, entry->before->mean};
    const double after[] = {entry->after->p50, entry->after->p95, entry->after->mean};
    char a[TEXT_VALUE], b[TEXT_VALUE];
    int first = by_quantiles(entry->metric) ? 0 : 2;
    for (int i = first; i < (first ? 3 : 2); i++) {
        if (strcmp(plain_value(a, entry->metric, before[i]),
                   plain_value(b, entry->metric, after[i])) != 0)
            return true;
    }
    return false;
}

static int count_shown(const struct rules_diff_scenario *scenario)
{
    int n = 0;
    for (int i = 0; i < scenario->n_metrics; i++)
        n += shows(&scenario->metrics[i]);
    return n;
}

/* --- text ------------------------------------------------------------------------------------ */

static void print_metric(FILE *out, const struct rules_diff_metric *entry)
{
    char a[TEXT_VALUE], b[TEXT_VALUE], c[TEXT_VALUE], d[TEXT_VALUE], width[TEXT_VALUE];
    char difference[TEXT_VALUE + 1];
    const struct quantity *before = entry->before, *after = entry->after;
    enum metric metric = entry->metric;
    fprintf(out, "  %-18s", claim_metric_word(metric));
    if (by_quantiles(metric))
        fprintf(out, " p50 %9s -> %-9s p95 %9s -> %-9s", plain_value(a, metric, before->p50),
                plain_value(b, metric, after->p50), plain_value(c, metric, before->p95),
                plain_value(d, metric, after->p95));
    else
        fprintf(out, " mean %8s -> %-9s %23s", plain_value(a, metric, before->mean),
                plain_value(b, metric, after->mean), "");
    fprintf(out, "  mean %s", signed_value(difference, metric, entry->difference));
    if (!isnan(entry->half_width))
        fprintf(out, " +- %s", plain_value(width, metric, entry->half_width));
    putc('\n', out);
}

static void print_scenario(FILE *out, const struct rules_diff_scenario *scenario)
{
    if (scenario->error) {
        fprintf(out, "%s: %s\n", scenario->path, scenario->error);
        return;
    }
    if (scenario->same) {
        fprintf(out, "%s: no change, event by event\n", scenario->name);
        return;
    }
    fprintf(out, "%s: %s\n", scenario->name, scenario->n_metrics ? "" : "no figure changes");
    for (int i = 0; i < scenario->n_metrics; i++)
        print_metric(out, &scenario->metrics[i]);
    for (int i = 0; i < scenario->n_verdicts; i++) {
        const struct rules_diff_verdict *verdict = &scenario->verdicts[i];
        if (verdict->reason[0])
            fprintf(out, "  FAILS NOW: %s\n", verdict->reason);
        else if (!verdict->before->pass && verdict->after->pass)
            fprintf(out, "  holds now: %s %s\n", claim_metric_word(verdict->after->metric),
                    verdict->after->statistic);
    }
}

void rules_diff_print(FILE *out, const struct rules_diff_report *report)
{
    int newly = rules_diff_newly_failed(report), failed = rules_diff_failed(report);
    fprintf(out, "%s -> %s\n", report->before, report->after);
    if (report->trouble) {
        fprintf(out, "  not compared: %s\n", report->trouble);
        return;
    }
    for (int i = 0; i < report->n_changes; i++)
        fprintf(out, "  %s%s%s%s\n", report->changes[i].text,
                report->changes[i].aside[0] ? " (" : "", report->changes[i].aside,
                report->changes[i].aside[0] ? ")" : "");
    if (report->n_changes == 0)
        fputs("  no change of behaviour\n", out);
    putc('\n', out);
    for (int i = 0; i < report->n; i++)
        print_scenario(out, &report->scenarios[i]);
    if (report->unjudged)
        fprintf(out, "\nNot judged, since it would move jobs and is not simulated: %s\n",
                report->unjudged);
    fprintf(out,
            "\n%d expectation%s that held fail%s with the new rules; %d fail in all. Seed %llu, "
            "paired by replication.\n",
            newly, newly == 1 ? "" : "s", newly == 1 ? "s" : "", failed,
            (unsigned long long)report->seed);
}

/* --- Markdown -------------------------------------------------------------------------------- */

/* Names come from files: nothing of them may become markup. */
static void markdown(FILE *out, const char *text)
{
    uint32_t c;
    while ((c = text_next(&text)) != 0) {
        if (c < 0x80 && strchr("\\`*_{}[]<>|#", (int)c))
            putc('\\', out);
        if (c < 0x20)
            putc(' ', out);
        else if (c < 0x80)
            putc((int)c, out);
        else if (c < 0x800)
            fprintf(out, "%c%c", (int)(0xC0 | c >> 6), (int)(0x80 | (c & 63)));
        else if (c < 0x10000)
            fprintf(out, "%c%c%c", (int)(0xE0 | c >> 12), (int)(0x80 | (c >> 6 & 63)),
                    (int)(0x80 | (c & 63)));
        else
            fprintf(out, "%c%c%c%c", (int)(0xF0 | c >> 18), (int)(0x80 | (c >> 12 & 63)),
                    (int)(0x80 | (c >> 6 & 63)), (int)(0x80 | (c & 63)));
    }
}

static void markdown_row(FILE *out, const struct rules_diff_scenario *scenario,
                         const struct rules_diff_metric *entry)
{
    char text[TEXT_VALUE], difference[TEXT_VALUE + 1];
    enum metric metric = entry->metric;
    bool quantiles = by_quantiles(metric);
    fputs("| ", out);
    markdown(out, scenario->name);
    fprintf(out, " | %s %s", claim_metric_word(metric), quantiles ? "p95" : "mean");
    fprintf(out, " | %s",
            plain_value(text, metric, quantiles ? entry->before->p95 : entry->before->mean));
    fprintf(out, " | **%s**",
            plain_value(text, metric, quantiles ? entry->after->p95 : entry->after->mean));
    fprintf(out, " | %s", signed_value(difference, metric, entry->difference));
    if (!isnan(entry->half_width))
        fprintf(out, " ± %s", plain_value(text, metric, entry->half_width));
    fputs(" |\n", out);
}

static void markdown_table(FILE *out, const struct rules_diff_report *report)
{
    int rows = 0, same = 0;
    for (int i = 0; i < report->n; i++) {
        const struct rules_diff_scenario *scenario = &report->scenarios[i];
        same += !scenario->error && count_shown(scenario) == 0;
        for (int j = 0; j < scenario->n_metrics; j++) {
            if (!shows(&scenario->metrics[j]))
                continue;
            if (rows++ == 0)
                fputs("\n| scenario | metric | before | after | mean difference (95%) |\n"
                      "|---|---|--:|--:|--:|\n",
                      out);
            markdown_row(out, scenario, &scenario->metrics[j]);
        }
    }
    fprintf(out, "\n%d of %d scenarios show no change.\n", same, report->n);
}

static void markdown_changes(FILE *out, const struct rules_diff_report *report)
{
    for (int i = 0; i < report->n_changes; i++) {
        fputs("- ", out);
        markdown(out, report->changes[i].text);
        if (report->changes[i].aside[0]) {
            fputs(" *(", out);
            markdown(out, report->changes[i].aside);
            fputs(")*", out);
        }
        putc('\n', out);
    }
    if (report->n_changes == 0)
        fputs("No change of behaviour: what differs are comments, annotations or the order.\n",
              out);
}

static void markdown_failures(FILE *out, const struct rules_diff_report *report)
{
    if (rules_diff_newly_failed(report) > 0)
        fputs("\n**These expectations held and fail now:**\n\n", out);
    for (int i = 0; i < report->n; i++) {
        for (int j = 0; j < report->scenarios[i].n_verdicts; j++) {
            if (!report->scenarios[i].verdicts[j].reason[0])
                continue;
            fputs("- :x: ", out);
            markdown(out, report->scenarios[i].verdicts[j].reason);
            putc('\n', out);
        }
    }
}

/* What keeps the comment from a verdict, each on a line. */
static void markdown_troubles(FILE *out, const struct rules_diff_report *report)
{
    if (!rules_diff_judged(report))
        fputs("\n**This could not be judged:**\n\n", out);
    for (int i = 0; i < report->n; i++) {
        if (report->scenarios[i].error) {
            fputs("- :x: ", out);
            markdown(out, report->scenarios[i].error);
            putc('\n', out);
        }
    }
    if (report->trouble) {
        fputs("- :x: ", out);
        markdown(out, report->trouble);
        putc('\n', out);
    }
    if (report->unjudged) {
        fputs("- :x: would move jobs, and is not simulated: ", out);
        markdown(out, report->unjudged);
        putc('\n', out);
    }
}

/* Folded: every rule of the new set, and what it does here. */
static void markdown_rules(FILE *out, const struct rules_diff_report *report)
{
    if (report->n_rules == 0)
        return;
    fprintf(out, "\n<details><summary>What each of the %d alerts does to this fleet</summary>\n\n",
            report->n_rules);
    fputs("| alert | what it does |\n|---|---|\n", out);
    for (int i = 0; i < report->n_rules; i++) {
        fputs("| ", out);
        markdown(out, report->rules[i].alert);
        fputs(" | ", out);
        markdown(out, report->rules[i].effect);
        fputs(" |\n", out);
    }
    fputs("\n</details>\n", out);
}

void rules_diff_print_markdown(FILE *out, const struct rules_diff_report *report)
{
    int newly = rules_diff_newly_failed(report), failed = rules_diff_failed(report);
    bool judged = rules_diff_judged(report);
    fputs("### Alert rules: what failover will do now\n\n", out);
    if (!report->trouble)
        markdown_changes(out, report);
    markdown_failures(out, report);
    markdown_troubles(out, report);
    if (!report->trouble)
        markdown_table(out, report);
    if (newly == 0 && judged)
        fprintf(out, "\n%s Every expectation that held still holds%s.\n",
                failed ? ":warning:" : ":white_check_mark:",
                failed ? "; some failed before and fail still" : "");
    markdown_rules(out, report);
    fprintf(out,
            "\n<sub>understudy, seed %llu; old and new simulated with the same random "
            "numbers.</sub>\n",
            (unsigned long long)report->seed);
}

/* --- JSON ------------------------------------------------------------------------------------ */

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *verdict_json(const struct rules_diff_verdict *verdict)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:b, s:b, s:i, s:s}", "metric",
                     verdict_name(verdict->after), "statistic", verdict->after->statistic, "op",
                     verdict->after->op, "limit", number(verdict->after->limit), "before",
                     number(verdict->before->value), "after", number(verdict->after->value),
                     "passed_before", verdict->before->pass, "passes", verdict->after->pass, "line",
                     verdict->after->line, "reason", verdict->reason);
}

static json_t *scenario_json(const struct rules_diff_scenario *scenario)
{
    json_t *metrics = json_object(), *verdicts = json_array();
    for (int i = 0; i < scenario->n_metrics; i++) {
        const struct rules_diff_metric *entry = &scenario->metrics[i];
        json_object_set_new(
            metrics, metric_name(entry->metric),
            json_pack("{s:o, s:o, s:{s:o, s:o}}", "before", json_quantity(entry->before), "after",
                      json_quantity(entry->after), "difference", "mean", number(entry->difference),
                      "half_width", number(entry->half_width)));
    }
    for (int i = 0; i < scenario->n_verdicts; i++)
        json_array_append_new(verdicts, verdict_json(&scenario->verdicts[i]));
    return json_pack("{s:s, s:s, s:s?, s:b, s:o, s:o}", "scenario", scenario->name, "path",
                     scenario->path, "error", scenario->error, "same", scenario->same, "metrics",
                     metrics, "verdicts", verdicts);
}

json_t *rules_diff_json(const struct rules_diff_report *report)
{
    json_t *changes = json_array(), *asides = json_array(), *rules = json_array(),
           *scenarios = json_array();
    for (int i = 0; i < report->n_changes; i++) {
        json_array_append_new(changes, json_string(report->changes[i].text));
        json_array_append_new(asides, json_string(report->changes[i].aside));
    }
    for (int i = 0; i < report->n_rules; i++)
        json_array_append_new(rules, json_pack("{s:s, s:s}", "alert", report->rules[i].alert,
                                               "effect", report->rules[i].effect));
    for (int i = 0; i < report->n; i++)
        json_array_append_new(scenarios, scenario_json(&report->scenarios[i]));
    return json_pack("{s:i, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:i, s:i, s:b, s:s?, s:s?}",
                     "version", 1, "before", report->before, "after", report->after, "seed",
                     (json_int_t)report->seed, "changes", changes, "asides", asides, "rules", rules,
                     "scenarios", scenarios, "newly_failed", rules_diff_newly_failed(report),
                     "failed", rules_diff_failed(report), "judged", rules_diff_judged(report),
                     "trouble", report->trouble, "unjudged", report->unjudged);
}
