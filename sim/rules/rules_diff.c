#include "rules_diff.h"

#include "fleet_compare.h"
#include "model/base/assert.h"
#include "model/rules/rules_compare.h"
#include "model/stats/stats.h"
#include "reports/text/claim.h"
#include "reports/text/junit.h"
#include "reports/text/rules_diff_report.h"
#include "reports/text/rules_print.h"
#include "reports/text/text.h"
#include "rules_input.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- the changes ----------------------------------------------------------------------------- */

/* What the comparison holds on to while its report is made. */
struct comparison_of_rules {
    struct rules_input before, after;
    struct rules_changes rules;
    json_t *fleets;   /* texts of what differs besides the rules */
    json_t *unjudged; /* names of changed alerts that would move jobs and are not simulated */
    char *unjudged_text;
    struct rules_diff_change *changes;
    struct rules_diff_rule *effects; /* of the new rules; `effect` is owned */
    int n_effects;
};

/* Does a scenario's fleet, before or after, have this alert? */
static bool is_simulated(const struct scenario_set *set, const char *name)
{
    for (int i = 0; i < set->n; i++) {
        if (set->report[i].scenario && fleet_has_alert(&set->report[i].scenario->fleet, name))
            return true;
    }
    return false;
}

static bool moves_jobs(const struct scenario_set *set, const struct rule *rule)
{
    for (int i = 0; i < set->n; i++) {
        const struct scenario *scenario = set->report[i].scenario;
        if (scenario && scenario->fleet.has_policy &&
            (scenario->fleet.policy.severities >> rule->severity & 1) != 0)
            return true;
    }
    return false;
}

/* Why no scenario shows what becomes of this rule; "" if they do. */
static const char *aside_of(struct comparison_of_rules *all, const struct rules_change *change,
                            const struct scenario_set *before, const struct scenario_set *after)
{
    bool now = change->after >= 0;
    const struct rule_set *set = now ? all->after.rules : all->before.rules;
    int i = now ? change->after : change->before;
    bool shown_now, shown_before;
    if (change->before < 0 && change->after < 0)
        return "";
    shown_now = now && is_simulated(after, all->after.rules->sources[change->after].name);
    shown_before = change->before >= 0 &&
                   is_simulated(before, all->before.rules->sources[change->before].name);
    /* An alert that could fire and now has no series is no shown change but a lost sight. */
    if (shown_now || (shown_before && (!now || set->sources[i].mapped)))
        return "";
    if (set->sources[i].mapped)
        return "left out by these fleets, or about other machines";
    if (moves_jobs(now ? after : before, &set->rules[i]))
        json_array_append_new(all->unjudged, json_string(set->sources[i].name));
    return "no series here: never fires";
}

static void collect_changes(struct comparison_of_rules *all, const struct scenario_set *before,
                            const struct scenario_set *after, struct rules_diff_report *report)
{
    size_t n, i;
    json_t *text;
    for (int s = 0; s < before->n && json_array_size(all->fleets) == 0; s++) {
        if (before->report[s].scenario && after->report[s].scenario)
            fleet_compare(all->fleets, &before->report[s].scenario->fleet,
                          &after->report[s].scenario->fleet);
    }
    n = (size_t)all->rules.n + json_array_size(all->fleets);
    all->changes = calloc(n + 1, sizeof *all->changes);
    UND_ASSERT(all->changes != NULL);
    for (int c = 0; c < all->rules.n; c++)
        all->changes[report->n_changes++] = (struct rules_diff_change){
            all->rules.list[c].text, aside_of(all, &all->rules.list[c], before, after)};
    json_array_foreach (all->fleets, i, text)
        all->changes[report->n_changes++] = (struct rules_diff_change){json_string_value(text), ""};
    report->changes = all->changes;
}

/* What every new rule does to the first fleet that loads. */
static void collect_effects(struct comparison_of_rules *all, const struct scenario_set *after,
                            struct rules_diff_report *report)
{
    const struct rule_set *set = all->after.rules;
    const struct fleet *fleet = NULL;
    struct reach_world *world;
    for (int i = 0; i < after->n && !fleet; i++)
        fleet = after->report[i].scenario ? &after->report[i].scenario->fleet : NULL;
    if (!fleet)
        return;
    all->effects = calloc((size_t)set->n + 1, sizeof *all->effects);
    UND_ASSERT(all->effects != NULL);
    world = reach_open_set(fleet, set);
    for (int i = 0; i < set->n; i++)
        all->effects[all->n_effects++] =
            (struct rules_diff_rule){set->sources[i].name, rules_effect(set, i, fleet, world)};
    reach_close(world);
    report->rules = all->effects;
    report->n_rules = all->n_effects;
}

static void name_unjudged(struct comparison_of_rules *all, struct rules_diff_report *report)
{
    size_t size, i;
    json_t *name;
    FILE *out;
    if (json_array_size(all->unjudged) == 0)
        return;
    out = open_memstream(&all->unjudged_text, &size);
    UND_ASSERT(out != NULL);
    json_array_foreach (all->unjudged, i, name)
        fprintf(out, "%s%s", i ? ", " : "", json_string_value(name));
    fclose(out);
    report->unjudged = all->unjudged_text;
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
    int causes = 0;
    for (int i = 0; i < report->n_changes && n < sizeof because; i++) {
        if (report->changes[i].aside[0])
            continue; /* no scenario has it: it is no cause */
        causes++;
        n += (size_t)snprintf(because + n, sizeof because - n, "%s%s", n ? "; " : "",
                              report->changes[i].text);
    }
    snprintf(reason, RULES_DIFF_REASON,
             "%.60s: %s %s goes from %s to %s, %s %s (%.200s:%d), because of %s%.500s", name,
             claim_metric_word(after->metric), after->statistic,
             text_metric(a, before->metric, before->value),
             text_metric(b, after->metric, after->value), side,
             text_metric(limit, after->metric, after->limit), path, after->line,
             causes > 1 ? "one or more of " : "", because);
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

/* The campaign with these rules; an override of the caller's comes after and wins. */
static void take_rules(struct scenario_set *campaign, const struct scenario_set *given,
                       const struct rules_input *input)
{
    *campaign = *given;
    campaign->compare = false;
    memmove(campaign->sets + input->n_sets, campaign->sets,
            (size_t)given->n_sets * sizeof *campaign->sets);
    for (int i = 0; i < input->n_sets; i++)
        campaign->sets[i] = input->sets[i];
    campaign->n_sets += input->n_sets;
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

static enum und_code write_junit(const char *path, const struct scenario_set *after,
                                 struct und_err *err)
{
    FILE *file = fopen(path, "w");
    bool bad;
    if (!file)
        return und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
    junit_print(file, after->report, after->n);
    bad = ferror(file) != 0;
    if (fclose(file) != 0 || bad)
        return und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
    return UND_OK;
}

/* What rules are called may be anything. */
static void print_clean(const struct rules_diff_report *report)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    UND_ASSERT(out != NULL);
    rules_diff_print(out, report);
    UND_ASSERT(fclose(out) == 0);
    text_lines(stdout, text);
    free(text);
}

static void show(const struct rules_diff *diff, const struct scenario_set *campaign,
                 const struct rules_diff_report *report, struct und_err *err)
{
    if (campaign->json) {
        json_t *json = rules_diff_json(report);
        json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
        putchar('\n');
        json_decref(json);
    } else {
        print_clean(report);
    }
    if (diff->markdown)
        write_markdown(diff->markdown, report, err);
}

/* What could not be judged is an error, and no difference at all is none, whatever else fails. */
static enum und_code verdict(const struct rules_diff_report *report, struct und_err *err)
{
    if (report->trouble)
        return und_fail(err, UND_USAGE, "%s", report->trouble);
    for (int i = 0; i < report->n; i++) {
        if (report->scenarios[i].error)
            return und_fail(err, UND_USAGE, "%s", report->scenarios[i].error);
    }
    if (report->unjudged)
        return und_fail(err, UND_USAGE, "%s: would move jobs, and is not simulated: %.400s",
                        report->after, report->unjudged);
    return report->n_changes > 0 && rules_diff_failed(report) > 0 ? UND_FAILED : UND_OK;
}

static enum und_code run_both(const struct rules_diff *diff, const struct scenario_set *campaign,
                              struct comparison_of_rules *all, char *const *paths,
                              struct rules_diff_report *report, struct und_err *err)
{
    struct scenario_set before, after;
    enum und_code code;
    take_rules(&before, campaign, &all->before);
    take_rules(&after, campaign, &all->after);
    scenario_set_run(&before, paths, report->n);
    scenario_set_run(&after, paths, report->n);
    rules_compare(&all->rules, all->before.rules, all->after.rules);
    collect_changes(all, &before, &after, report);
    name_unjudged(all, report);
    collect_effects(all, &after, report);
    for (int i = 0; i < report->n; i++)
        compare(&before.report[i], &after.report[i], report, &report->scenarios[i]);
    show(diff, campaign, report, err);
    if (diff->junit)
        write_junit(diff->junit, &after, err);
    code = verdict(report, err);
    scenario_set_fini(&before);
    scenario_set_fini(&after);
    return code;
}

enum und_code rules_diff_run(const struct rules_diff *diff, const struct scenario_set *campaign,
                             char *const *paths, int n, struct und_err *err)
{
    struct comparison_of_rules all = {.fleets = json_array(), .unjudged = json_array()};
    struct und_err trouble = {0};
    struct rules_diff_report report = {.before = diff->before,
                                       .after = diff->after,
                                       .seed = campaign->experiment.seed,
                                       .scenarios = calloc((size_t)n + 1, sizeof *report.scenarios),
                                       .n = n};
    enum und_code code;
    UND_ASSERT(report.scenarios != NULL);
    if (campaign->n_sets + RULES_INPUT_SETS > SCENARIO_SET_SETS)
        und_fail(&trouble, UND_USAGE, "--set: got more than %d",
                 SCENARIO_SET_SETS - RULES_INPUT_SETS);
    if (trouble.code == UND_OK &&
        rules_input_read(&all.before, diff->before, diff->after, &trouble) == UND_OK)
        rules_input_read(&all.after, diff->after, diff->before, &trouble);
    if (trouble.code == UND_OK) {
        code = run_both(diff, campaign, &all, paths, &report, err);
    } else {
        report.trouble = trouble.text;
        report.n = 0;
        show(diff, campaign, &report, err);
        code = verdict(&report, err);
    }
    if (err->code != UND_OK)
        code = err->code;
    rules_changes_fini(&all.rules);
    rules_input_fini(&all.before);
    rules_input_fini(&all.after);
    json_decref(all.fleets);
    json_decref(all.unjudged);
    free(all.unjudged_text);
    free(all.changes);
    while (all.n_effects > 0)
        free((char *)all.effects[--all.n_effects].effect);
    free(all.effects);
    free(report.scenarios);
    return code;
}
