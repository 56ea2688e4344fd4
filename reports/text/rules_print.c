#include "rules_print.h"

#include "model/base/assert.h"
#include "model/base/units.h"
#include "model/file/spec_tables.h"
#include "model/policy/policy_names.h"

#include <stdlib.h>
#include <string.h>

static const char *duration(int64_t ms, char text[UNITS_TEXT])
{
    return units_format_duration(ms, text);
}

/* "cpu above 85% by rate over 5min" */
static void print_signal(FILE *out, const struct rule *rule)
{
    static const char *const words[SIGNAL_COUNT] = {"up == 0",      "absent(up)",    "CPU in use",
                                                    "CPU in use",   "memory in use", "disk busy",
                                                    "job duration", "its expression"};
    bool counter = rule->signal == SIGNAL_CPU_RATE || rule->signal == SIGNAL_CPU_IRATE ||
                   rule->signal == SIGNAL_DISK;
    char text[UNITS_TEXT];
    fputs(words[rule->signal], out);
    if (rule->signal == SIGNAL_UP || rule->signal == SIGNAL_ABSENT || rule->signal == SIGNAL_SERIES)
        return;
    fprintf(out, " %s %g%%", rule->below ? "below" : "above", (double)rule->threshold_pm / 10);
    if (rule->signal == SIGNAL_JOB_DURATION)
        fputs(" of the baseline", out);
    else if (counter && rule->window_ms > 0)
        fprintf(out, ", %s over %s", rule->signal == SIGNAL_CPU_IRATE ? "irate" : "rate",
                duration(rule->window_ms, text));
    else
        fputs(", a gauge", out);
}

/* --- without a fleet ------------------------------------------------------------------------- */

static struct fleet *any_fleet(void)
{
    struct fleet *fleet = calloc(1, sizeof *fleet);
    UND_ASSERT(fleet != NULL);
    fleet->n_hosts = 1;
    fleet->hosts[0].slots = 1;
    memcpy(fleet->hosts[0].name, "host", sizeof "host");
    return fleet;
}

static void find_reach(const struct rule_set *set, int index, struct reach_world *world,
                       struct reach *reach)
{
    struct und_err err = {0};
    struct promql *promql = promql_parse(set->sources[index].text, set->version, "", &err);
    UND_ASSERT(promql != NULL); /* it was read before */
    reach_find(world, promql, reach);
    promql_free(promql);
}

/* Of an alert that is evaluated on series all else depends on the fleet. */
static void print_unmapped(FILE *out, const struct rule_set *set, int index,
                           struct reach_world *world)
{
    struct reach reach;
    find_reach(set, index, world, &reach);
    if (reach.verdict == REACH_NO_SERIES)
        fprintf(out, "no series: never fires, unless a fleet's monitoring.metrics export %s",
                reach.missing);
    else
        fprintf(out, "on simulated series, of %s: --fleet says what it does",
                reach.sources[0] ? reach.sources : "nothing");
}

void rules_print_list(FILE *out, const struct rule_set *set)
{
    struct fleet *any = any_fleet();
    struct reach_world *world = reach_open_set(any, set);
    for (int i = 0; i < set->n; i++) {
        const struct rule *rule = &set->rules[i];
        char text[UNITS_TEXT];
        fprintf(out, "%-28s ", rule->name);
        if (set->sources[i].mapped)
            print_signal(out, rule);
        else
            print_unmapped(out, set, i, world);
        fprintf(out, "; for %s; %s\n", duration(rule->for_ms, text),
                policy_severity_name(rule->severity));
    }
    reach_close(world);
    free(any);
}

int rules_count_unread(const struct rule_set *set)
{
    struct fleet *any = any_fleet();
    struct reach_world *world = reach_open_set(any, set);
    int n = 0;
    for (int i = 0; i < set->n; i++) {
        struct reach reach;
        if (set->sources[i].mapped)
            continue;
        find_reach(set, i, world, &reach);
        n += reach.verdict == REACH_NO_SERIES;
    }
    reach_close(world);
    free(any);
    return n;
}

/* --- what they do to a fleet ----------------------------------------------------------------- */

/* How many of the fleet's hosts a rule of this name watches, and on how many the controller is told
 * of it by webhook. */
static int count_hosts(const struct fleet *fleet, const char *name, int *told)
{
    const struct alertmanager_config *config = &fleet->alertmanager;
    int watched = 0;
    *told = 0;
    for (int host = 0; host < fleet->n_hosts; host++) {
        bool here = false, tells = false;
        for (int i = 0; i < fleet->monitoring.n_rules; i++) {
            const struct rule *rule = &fleet->monitoring.rules[i];
            if (strncmp(rule->name, name, FLEET_NAME - 1) != 0 ||
                (rule->hosts != 0 && (rule->hosts >> host & 1) == 0))
                continue;
            here = true;
            tells |= config->present && (config->n_routes == 0 || config->route_of[i][host] >= 0);
        }
        watched += here;
        *told += tells;
    }
    return watched;
}

/* False: it does nothing to the fleet, and that is said. */
static bool print_reach(FILE *out, const struct reach *reach)
{
    if (reach->verdict == REACH_NO_SERIES)
        fprintf(out, "no series here: never fires (nobody exports %s)", reach->missing);
    else if (reach->verdict == REACH_NEVER)
        fputs("never fires here: what it reads never goes so far", out);
    else if (reach->hosts == 0)
        fputs("is about no host: moves no jobs", out);
    else
        return true;
    return false;
}

static void print_effect(FILE *out, const struct rule_set *set, int index,
                         const struct fleet *fleet, struct reach_world *world)
{
    const struct rule *rule = &set->rules[index];
    const struct rule_source *source = &set->sources[index];
    bool moves = fleet->has_policy && (fleet->policy.severities >> rule->severity & 1) != 0;
    int told, watched = count_hosts(fleet, source->name, &told);
    char text[UNITS_TEXT];
    struct reach reach;
    if (!source->mapped) {
        find_reach(set, index, world, &reach);
        if (!print_reach(out, &reach))
            return;
    }
    if (watched == 0) {
        fputs("watches no host of this fleet, or is left out: does nothing", out);
        return;
    }
    fputs(moves ? "moves jobs: " : "moves no jobs: ", out);
    if (source->mapped)
        print_signal(out, rule);
    else
        fprintf(out, "its expression, which %s make true",
                reach.verdict == REACH_BY_JOBS ? "faults and load can" : "only faults can");
    if (rule->for_ms > 0)
        fprintf(out, "%s for %s", source->mapped ? "" : ",", duration(rule->for_ms, text));
    fprintf(out, ", on %d of %d hosts", watched, fleet->n_hosts);
    if (!moves)
        fprintf(out, ", severity %s", policy_severity_name(rule->severity));
    else if (fleet->controller.webhook && told < watched)
        fprintf(out, "; the webhook tells of %d", told);
}

char *rules_effect(const struct rule_set *set, int index, const struct fleet *fleet,
                   struct reach_world *world)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    UND_ASSERT(out != NULL);
    print_effect(out, set, index, fleet, world);
    fclose(out);
    UND_ASSERT(text != NULL);
    return text;
}

void rules_print_effects(FILE *out, const struct rule_set *set, const struct fleet *fleet)
{
    struct reach_world *world = reach_open_set(fleet, set);
    for (int i = 0; i < set->n; i++) {
        fprintf(out, "%-36s ", set->sources[i].name);
        print_effect(out, set, i, fleet, world);
        putc('\n', out);
    }
    reach_close(world);
}

/* --- how they were read ---------------------------------------------------------------------- */

static void print_matchers(FILE *out, const struct label_matchers *matchers)
{
    for (int i = 0; i < matchers->n; i++)
        fprintf(out, "%s%s%s\"%s\"", i ? ", " : "", matchers->list[i].name,
                label_match_sign(matchers->list[i].match), matchers->list[i].value);
    if (matchers->n == 0)
        fputs("every alert", out);
}

static void print_timing(FILE *out, const struct rule *rule)
{
    char interval[UNITS_TEXT], hold[UNITS_TEXT], keep[UNITS_TEXT];
    fprintf(out, "  timing    group %s, evaluated every %s; ", rule->group,
            rule->interval_ms ? duration(rule->interval_ms, interval) : "evaluation_interval");
    if (rule->for_ms == 0)
        fputs("fires at the first evaluation that sees it", out);
    else
        fprintf(out, "fires at the first evaluation %s or more after the one that first saw it",
                duration(rule->for_ms, hold));
    if (rule->keep_firing_ms > 0)
        fprintf(out, "; fires on for %s after it is gone", duration(rule->keep_firing_ms, keep));
    putc('\n', out);
}

/* What is watched, from what state, and whether it can fire; without a fleet for a host of no
 * particular size. */
static void print_series(FILE *out, const struct rule_set *set, int index,
                         struct reach_world *world, bool unnamed)
{
    struct reach reach;
    find_reach(set, index, world, &reach);
    if (reach.sources[0])
        fprintf(out, "  reads     %s\n", reach.sources);
    if (reach.missing[0])
        fprintf(out, "  missing   %s: nobody exports it\n", reach.missing);
    if (reach.n > 0 && reach.hosts == 0)
        fputs("  about     no host: its alerts move no jobs\n", out);
    if (!unnamed)
        fprintf(out, "  verdict   %s\n", reach_words(reach.verdict));
    else if (reach.verdict == REACH_NO_SERIES)
        fputs("  verdict   never fires, unless a fleet's monitoring.metrics export it\n", out);
    else
        fputs("  verdict   a fleet decides: --fleet\n", out);
}

void rules_print_explanation(FILE *out, const struct rule_set *set, const struct fleet *fleet)
{
    struct fleet *any = fleet ? NULL : any_fleet();
    struct reach_world *world = reach_open_set(fleet ? fleet : any, set);
    for (int i = 0; i < set->n; i++) {
        const struct rule *rule = &set->rules[i];
        const struct rule_source *source = &set->sources[i];
        fprintf(out, "%s%s  (%s:%d)\n  expr      %s\n", i ? "\n" : "", rule->name, source->file,
                source->expr_line, source->expr);
        if (!source->mapped) {
            fprintf(out, "  meaning   as it stands, on simulated series (no closed form: %s)\n",
                    source->why);
            print_series(out, set, i, world, any != NULL);
            print_timing(out, rule);
            fprintf(out, "  severity  %s\n", policy_severity_name(rule->severity));
            continue;
        }
        fprintf(out, "  meaning   %s\n  signal    ", source->why);
        print_signal(out, rule);
        putc('\n', out);
        if (source->matchers.n > 0) {
            fputs("  only for  ", out);
            print_matchers(out, &source->matchers);
            putc('\n', out);
        }
        print_series(out, set, i, world, any != NULL);
        print_timing(out, rule);
        fprintf(out, "  severity  %s\n", policy_severity_name(rule->severity));
    }
    reach_close(world);
    free(any);
}

void rules_print_jobs(FILE *out, const struct prometheus_file *file)
{
    char interval[UNITS_TEXT], timeout[UNITS_TEXT];
    size_t i;
    json_t *path;
    fprintf(out, "evaluation every %s\n", duration(file->evaluation_interval_ms, interval));
    for (int j = 0; j < file->n_jobs; j++) {
        const struct prometheus_job *job = &file->jobs[j];
        fprintf(out, "job %-24s scraped every %s, timeout %s, %d targets", job->name,
                duration(job->job.interval_ms, interval), duration(job->job.timeout_ms, timeout),
                job->n_targets);
        if (job->n_dropped > 0)
            fprintf(out, ", %d dropped by relabeling", job->n_dropped);
        if (job->discovers)
            fprintf(out, ", others by %s", job->discovers);
        putc('\n', out);
    }
    json_array_foreach (file->rule_files, i, path)
        fprintf(out, "rule file %s\n", json_string_value(path));
}

static void print_intervals(FILE *out, const char *words, const json_t *names)
{
    size_t i;
    json_t *name;
    json_array_foreach ((json_t *)names, i, name)
        fprintf(out, "%s%s", i ? ", " : words, json_string_value(name));
}

void rules_print_routes(FILE *out, const struct alertmanager_file *file)
{
    char wait[UNITS_TEXT], interval[UNITS_TEXT], repeat[UNITS_TEXT];
    for (int i = 0; i < file->n_routes; i++) {
        const struct route_node *node = &file->routes[i];
        fputs("route for ", out);
        print_matchers(out, &node->matchers);
        fprintf(out, ": to %s%s; group_wait %s, group_interval %s, repeat_interval %s; group_by [",
                node->receiver,
                json_is_true(json_object_get(file->receivers, node->receiver)) ? " (webhook)" : "",
                duration(node->group_wait_ms, wait), duration(node->group_interval_ms, interval),
                duration(node->repeat_interval_ms, repeat));
        for (size_t j = 0; j < json_array_size(node->group_by); j++)
            fprintf(out, "%s%s", j ? ", " : "",
                    json_string_value(json_array_get(node->group_by, j)));
        fprintf(out, "%s]", node->group_by_all ? "..." : "");
        print_intervals(out, "; mute in ", node->mute);
        print_intervals(out, "; active in ", node->active);
        putc('\n', out);
    }
    for (int i = 0; i < file->n_inhibits; i++) {
        fputs("inhibition: ", out);
        print_matchers(out, &file->inhibits[i].source);
        fputs(" mutes ", out);
        print_matchers(out, &file->inhibits[i].target);
        putc('\n', out);
    }
}

void rules_print_notes(FILE *out, const json_t *notes)
{
    size_t i;
    json_t *note;
    json_array_foreach ((json_t *)notes, i, note) {
        if (i == 0)
            fputs("\nNot used, or used in the model's own way:\n", out);
        fprintf(out, "  %s:%d: %s\n", json_string_value(json_object_get(note, "file")),
                (int)json_integer_value(json_object_get(note, "line")),
                json_string_value(json_object_get(note, "text")));
    }
}

/* --- JSON ------------------------------------------------------------------------------------ */

static json_t *rule_json(const struct rule *rule, const struct rule_source *source)
{
    json_t *json = json_pack("{s:s, s:s, s:i, s:s, s:b, s:s}", "alert", rule->name, "file",
                             source->file, "line", source->expr_line, "expr", source->expr,
                             "mapped", source->mapped, "why", source->why);
    if (!source->mapped)
        return json;
    json_object_set_new(json, "signal", json_string(spec_signals[rule->signal]));
    if (rule->signal != SIGNAL_UP && rule->signal != SIGNAL_ABSENT) {
        json_object_set_new(json, rule->below ? "below" : "above",
                            json_real((double)rule->threshold_pm / 1000));
        json_object_set_new(json, "window_ms", json_integer(rule->window_ms));
    }
    json_object_set_new(json, "for_ms", json_integer(rule->for_ms));
    json_object_set_new(json, "keep_firing_for_ms", json_integer(rule->keep_firing_ms));
    json_object_set_new(json, "interval_ms", json_integer(rule->interval_ms));
    json_object_set_new(json, "group", json_string(rule->group));
    json_object_set_new(json, "severity", json_string(policy_severity_name(rule->severity)));
    return json;
}

json_t *rules_json(const struct rule_set *set)
{
    json_t *list = json_array();
    for (int i = 0; i < set->n; i++)
        json_array_append_new(list, rule_json(&set->rules[i], &set->sources[i]));
    return list;
}

static json_t *targets_json(const struct prometheus_job *job)
{
    json_t *targets = json_array();
    for (int i = 0; i < job->n_targets; i++)
        json_array_append_new(targets, json_string(job->targets[i].address));
    return targets;
}

json_t *rules_jobs_json(const struct prometheus_file *file)
{
    json_t *list = json_array();
    for (int i = 0; i < file->n_jobs; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:I, s:I, s:o}", "job", file->jobs[i].name, "scrape_interval_ms",
                            (json_int_t)file->jobs[i].job.interval_ms, "scrape_timeout_ms",
                            (json_int_t)file->jobs[i].job.timeout_ms, "targets",
                            targets_json(&file->jobs[i])));
    return list;
}

json_t *rules_routes_json(const struct alertmanager_file *file)
{
    json_t *list = json_array();
    for (int i = 0; i < file->n_routes; i++) {
        const struct route_node *node = &file->routes[i];
        json_t *by = json_copy(node->group_by);
        if (node->group_by_all)
            json_array_append_new(by, json_string("..."));
        json_array_append_new(list,
                              json_pack("{s:i, s:s, s:I, s:I, s:I, s:o}", "line", node->line,
                                        "receiver", node->receiver, "group_wait_ms",
                                        (json_int_t)node->group_wait_ms, "group_interval_ms",
                                        (json_int_t)node->group_interval_ms, "repeat_interval_ms",
                                        (json_int_t)node->repeat_interval_ms, "group_by", by));
    }
    return list;
}
