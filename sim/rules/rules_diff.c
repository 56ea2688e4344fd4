#include "rules_diff.h"

#include "model/base/assert.h"
#include "model/base/units.h"
#include "model/file/spec_tables.h"
#include "model/policy/policy_names.h"
#include "model/stats/stats.h"
#include "reports/text/claim.h"
#include "reports/text/rules_diff_report.h"
#include "reports/text/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- the rules ------------------------------------------------------------------------------- */

struct change {
    char text[RULES_DIFF_CHANGE];
    size_t n;
};

static void say(struct change *change, const char *what, const char *before, const char *after)
{
    if (strcmp(before, after) == 0 || change->n >= sizeof change->text)
        return;
    change->n += (size_t)snprintf(change->text + change->n, sizeof change->text - change->n,
                                  "%s%s %s -> %s", change->n ? ", " : "", what, before, after);
}

static void say_duration(struct change *change, const char *what, int64_t before, int64_t after)
{
    char a[UNITS_TEXT], b[UNITS_TEXT];
    say(change, what, units_format_duration(before, a), units_format_duration(after, b));
}

static void say_threshold(struct change *change, const struct rule *before,
                          const struct rule *after)
{
    char a[48], b[48];
    snprintf(a, sizeof a, "%s %g%%", before->below ? "below" : "above",
             (double)before->threshold_pm / 10);
    snprintf(b, sizeof b, "%s %g%%", after->below ? "below" : "above",
             (double)after->threshold_pm / 10);
    say(change, "threshold", a, b);
}

/* "RunnerOffline: for 2min -> 5min, severity critical -> warning"; "" if they are the same. */
static void describe(const struct rule *before, const struct rule *after,
                     char out[RULES_DIFF_CHANGE])
{
    struct change change = {.n = 0};
    say(&change, "signal", spec_signals[before->signal], spec_signals[after->signal]);
    say_threshold(&change, before, after);
    say_duration(&change, "window", before->window_ms, after->window_ms);
    say_duration(&change, "for", before->for_ms, after->for_ms);
    say_duration(&change, "keep_firing_for", before->keep_firing_ms, after->keep_firing_ms);
    say_duration(&change, "interval", before->interval_ms, after->interval_ms);
    say(&change, "severity", policy_severity_name(before->severity),
        policy_severity_name(after->severity));
    if (before->hosts != after->hosts)
        say(&change, "hosts", "some", "others");
    out[0] = '\0';
    if (change.n > 0)
        snprintf(out, RULES_DIFF_CHANGE, "%.60s: %.190s", after->name, change.text);
}

/* The rule that `rule` was, or became: by name and severity, else by name. */
static const struct rule *counterpart(const struct monitoring *other, const struct rule *rule)
{
    const struct rule *by_name = NULL;
    for (int i = 0; i < other->n_rules; i++) {
        if (strcmp(other->rules[i].name, rule->name) != 0)
            continue;
        if (other->rules[i].severity == rule->severity)
            return &other->rules[i];
        by_name = by_name ? by_name : &other->rules[i];
    }
    return by_name;
}

static void add_change(struct rules_diff_report *report, const char text[RULES_DIFF_CHANGE])
{
    if (text[0] && report->n_changes < RULES_DIFF_CHANGES)
        memcpy(report->changes[report->n_changes++], text, RULES_DIFF_CHANGE);
}

static void compare_rules(const struct monitoring *before, const struct monitoring *after,
                          struct rules_diff_report *report)
{
    char text[RULES_DIFF_CHANGE];
    for (int i = 0; i < before->n_rules; i++) {
        const struct rule *now = counterpart(after, &before->rules[i]);
        if (now)
            describe(&before->rules[i], now, text);
        else
            snprintf(text, sizeof text, "%s: gone", before->rules[i].name);
        add_change(report, text);
    }
    for (int i = 0; i < after->n_rules; i++) {
        snprintf(text, sizeof text, "%s: new", after->rules[i].name);
        if (!counterpart(before, &after->rules[i]))
            add_change(report, text);
    }
}

/* --- the results ----------------------------------------------------------------------------- */

static bool differs(double a, double b)
{
    return !(a == b || (isnan(a) && isnan(b)));
}

static void compare_metrics(const struct result *before, const struct result *after,
                            struct rules_diff_scenario *out)
{
    size_t n = (size_t)(before->replications < after->replications ? before->replications
                                                                   : after->replications);
    for (int i = 0; i < METRIC_COUNT; i++) {
        const struct quantity *a = &before->metric[i], *b = &after->metric[i];
        struct rules_diff_metric *entry = &out->metrics[out->n_metrics];
        if (!differs(a->mean, b->mean) && !differs(a->p50, b->p50) && !differs(a->p95, b->p95))
            continue;
        *entry = (struct rules_diff_metric){(enum metric)i, a, b, b->mean - a->mean, NAN};
        if (before->by_replication[i] && after->by_replication[i]) {
            struct comparison pairs = stats_compare(before->by_replication[i],
                                                    after->by_replication[i], n, STATS_CONFIDENCE);
            entry->difference = pairs.difference.mean;
            entry->half_width = pairs.difference.half_width;
        }
        out->n_metrics++;
    }
}

/* "cpu-degradation: detection p95 goes from 9:57 to 19:57, over its limit of 10:30 (FILE:31),
 * because of RunnerHighCPU: for 5min -> 15min" */
static void explain(const struct rules_diff_report *report, const char *name, const char *path,
                    const struct verdict *before, const struct verdict *after,
                    char reason[RULES_DIFF_REASON])
{
    char a[TEXT_VALUE], b[TEXT_VALUE], limit[TEXT_VALUE], because[600] = "";
    const char *side = after->op[0] == '<'   ? "over its limit of"
                       : after->op[0] == '>' ? "under its limit of"
                                             : "off the wanted";
    size_t n = 0;
    for (int i = 0; i < report->n_changes && n < sizeof because; i++)
        n += (size_t)snprintf(because + n, sizeof because - n, "%s%s", i ? "; " : "",
                              report->changes[i]);
    snprintf(reason, RULES_DIFF_REASON,
             "%.60s: %s %s goes from %s to %s, %s %s (%.200s:%d), because of %.500s", name,
             claim_metric_word(after->metric), after->statistic,
             text_metric(a, before->metric, before->value),
             text_metric(b, after->metric, after->value), side,
             text_metric(limit, after->metric, after->limit), path, after->line, because);
}

static void compare_verdicts(const struct result *before, const struct result *after,
                             const struct rules_diff_report *report,
                             struct rules_diff_scenario *out)
{
    for (int i = 0; i < after->n_verdicts && i < before->n_verdicts; i++) {
        struct rules_diff_verdict *verdict = &out->verdicts[out->n_verdicts++];
        char reason[RULES_DIFF_REASON] = "";
        if (before->verdicts[i].pass && !after->verdicts[i].pass)
            explain(report, out->name, out->path, &before->verdicts[i], &after->verdicts[i],
                    reason);
        *verdict = (struct rules_diff_verdict){&before->verdicts[i], &after->verdicts[i], ""};
        memcpy(verdict->reason, reason, sizeof reason);
    }
}

static void compare(const struct report *before, const struct report *after,
                    const struct rules_diff_report *report, struct rules_diff_scenario *out)
{
    out->path = after->path;
    out->error = after->error ? after->error : before->error;
    if (out->error || !before->result || !after->result)
        return;
    memcpy(out->name, after->scenario->name, sizeof out->name);
    out->same = before->result->digest == after->result->digest;
    if (!out->same)
        compare_metrics(before->result, after->result, out);
    compare_verdicts(before->result, after->result, report, out);
}

/* --- running --------------------------------------------------------------------------------- */

/* The campaign with its rules from `rules`; an override of the caller's comes after and wins. */
static void take_rules(struct scenario_set *campaign, const struct scenario_set *given,
                       const char *rules, char set[4200])
{
    *campaign = *given;
    campaign->compare = false;
    snprintf(set, 4200, "fleet.monitoring.rules=%s", rules);
    memmove(campaign->sets + 1, campaign->sets, (size_t)given->n_sets * sizeof *campaign->sets);
    campaign->sets[0] = set;
    campaign->n_sets++;
}

static enum und_code write_markdown(const char *path, const struct rules_diff_report *report,
                                    struct und_err *err)
{
    FILE *file = fopen(path, "w");
    bool bad;
    if (!file)
        return und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
    rules_diff_print_markdown(file, report);
    bad = ferror(file) != 0;
    if (fclose(file) != 0 || bad)
        return und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
    return UND_OK;
}

static enum und_code show(const struct rules_diff *diff, const struct scenario_set *campaign,
                          const struct rules_diff_report *report, struct und_err *err)
{
    if (campaign->json) {
        json_t *json = rules_diff_json(report);
        json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
        putchar('\n');
        json_decref(json);
    } else {
        rules_diff_print(stdout, report);
    }
    if (diff->markdown && write_markdown(diff->markdown, report, err) != UND_OK)
        return err->code;
    return rules_diff_failed(report) > 0 ? UND_FAILED : UND_OK;
}

static enum und_code first_error(const struct rules_diff_report *report, struct und_err *err)
{
    for (int i = 0; i < report->n; i++) {
        if (report->scenarios[i].error)
            return und_fail(err, UND_USAGE, "%s", report->scenarios[i].error);
    }
    return UND_OK;
}

enum und_code rules_diff_run(const struct rules_diff *diff, const struct scenario_set *campaign,
                             char *const *paths, int n, struct und_err *err)
{
    struct scenario_set before, after;
    char set_before[4200], set_after[4200];
    struct rules_diff_report report = {.before = diff->before,
                                       .after = diff->after,
                                       .seed = campaign->experiment.seed,
                                       .scenarios = calloc((size_t)n + 1, sizeof *report.scenarios),
                                       .n = n};
    enum und_code code;
    UND_ASSERT(report.scenarios != NULL);
    if (campaign->n_sets == SCENARIO_SET_SETS) {
        free(report.scenarios);
        return und_fail(err, UND_USAGE, "--set: got more than %d", SCENARIO_SET_SETS - 1);
    }
    take_rules(&before, campaign, diff->before, set_before);
    take_rules(&after, campaign, diff->after, set_after);
    scenario_set_run(&before, paths, n);
    scenario_set_run(&after, paths, n);
    for (int i = 0; i < n && report.n_changes == 0; i++) {
        if (before.report[i].scenario && after.report[i].scenario)
            compare_rules(&before.report[i].scenario->fleet.monitoring,
                          &after.report[i].scenario->fleet.monitoring, &report);
    }
    for (int i = 0; i < n; i++)
        compare(&before.report[i], &after.report[i], &report, &report.scenarios[i]);
    code = show(diff, campaign, &report, err);
    if (first_error(&report, err) != UND_OK)
        code = err->code;
    free(report.scenarios);
    scenario_set_fini(&before);
    scenario_set_fini(&after);
    return code;
}
