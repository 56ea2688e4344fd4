#include "search_report.h"
#include "model/base/units.h"
#include "model/policy/policy_names.h"

#include <stdlib.h>

#define DAY_MS 86400000.0

void search_line(char *out, size_t size, const char *options, const struct schedule *schedule)
{
    int n = snprintf(out, size, "understudy search %s --seed %llu --schedule %lld", options,
                     (unsigned long long)schedule->seed, (long long)schedule->number);
    if (schedule->focus[0] != SCHEDULE_ANY && n > 0 && (size_t)n < size)
        snprintf(out + n, size - (size_t)n, " --focus %s,%s", fault_kind_name(schedule->focus[0]),
                 fault_kind_name(schedule->focus[1]));
}

bool search_met_all(const struct search_findings *findings)
{
    struct coverage_item item[COVERAGE_SOMETIMES];
    int i, n = coverage_sometimes(&findings->result->coverage, findings->fleet, item);
    for (i = 0; i < n; i++)
        if (item[i].times == 0)
            return false;
    return true;
}

static void print_faults(FILE *out, const struct fleet *fleet, const struct schedule *schedule)
{
    int i;
    for (i = 0; i < schedule->n; i++) {
        fputs("  ", out);
        schedule_print_fault(out, fleet, &schedule->fault[i]);
        putc('\n', out);
    }
}

static void print_failure(FILE *out, const struct search_findings *findings)
{
    const struct search_result *result = findings->result;
    const struct shrunk *shrunk = findings->shrunk;
    const struct trial *trial = shrunk ? &shrunk->trial : &result->trial;
    char text[UNITS_TEXT];
    fprintf(out, "\nFAILED: %s, at %s of replication %d\n", trial->words,
            units_format_duration(trial->at_ms, text), trial->replication);
    fprintf(out, "reproduce: %s\n", findings->line);
    if (!shrunk) {
        print_faults(out, findings->fleet, &result->schedule);
        return;
    }
    fprintf(out, "Shrunk in %d trials from %d faults and %s to %d, healed after ", shrunk->trials,
            result->schedule.n, units_format_duration(result->schedule.heal_ms, text),
            shrunk->schedule.n);
    fprintf(out, "%s:\n", units_format_duration(shrunk->schedule.heal_ms, text));
    print_faults(out, &shrunk->scenario->fleet, &shrunk->schedule);
    for (int i = shrunk->given; i < shrunk->n_sets; i++)
        fprintf(out, "  with %s\n", shrunk->set[i]);
    if (findings->written)
        fprintf(out, "written: %s\n", findings->written);
}

void search_print(FILE *out, const struct search_findings *findings)
{
    const struct search_result *result = findings->result;
    double days = (double)result->simulated_ms / DAY_MS;
    char text[UNITS_TEXT];
    fprintf(
        out,
        "%lld schedules, %lld replications, %.0f simulated days, %lld million events, %.1f s: "
        "%.0f days a second. %lld faults, one or more in %.0f%% of the time. All must be well %s "
        "after the last.\n",
        (long long)result->schedules, (long long)result->replications, days,
        (long long)(result->events / 1000000), result->seconds, days / result->seconds,
        (long long)result->faults, 100 * (double)result->trouble_ms / (days * DAY_MS),
        units_format_duration(result->bound_ms, text));
    coverage_print(out, &result->coverage, findings->fleet);
    if (result->failed)
        print_failure(out, findings);
    else
        fputs("Nothing failed.\n", out);
}

/* ---- JSON ---- */

static json_t *counts_json(const struct coverage *coverage)
{
    json_t *counts = json_object();
    int notice;
    for (notice = 0; notice < NOTICE_COUNT; notice++)
        json_object_set_new(
            counts, policy_notice_name((enum notice)notice),
            json_integer(coverage->host_notice[notice] + coverage->fleet_notice[notice]));
    return counts;
}

static json_t *never_json(const struct search_findings *findings)
{
    struct coverage_item item[COVERAGE_SOMETIMES];
    int i, n = coverage_sometimes(&findings->result->coverage, findings->fleet, item);
    json_t *never = json_array();
    for (i = 0; i < n; i++)
        if (item[i].times == 0)
            json_array_append_new(never, json_string(item[i].name));
    return never;
}

static json_t *faults_json(const struct fleet *fleet, const struct schedule *schedule)
{
    json_t *faults = json_array();
    int i;
    for (i = 0; i < schedule->n; i++) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        if (!out)
            break;
        schedule_print_fault(out, fleet, &schedule->fault[i]);
        fclose(out);
        json_array_append_new(faults, json_string(text));
        free(text);
    }
    return faults;
}

static json_t *failure_json(const struct search_findings *findings)
{
    const struct search_result *result = findings->result;
    const struct shrunk *shrunk = findings->shrunk;
    const struct trial *trial = shrunk ? &shrunk->trial : &result->trial;
    json_t *failure;
    if (!result->failed)
        return json_null();
    failure = json_pack("{s:s, s:s, s:I, s:i, s:s, s:I, s:o}", "reason",
                        trial_reason_name(trial->reason), "words", trial->words, "at_ms",
                        (json_int_t)trial->at_ms, "replication", trial->replication, "reproduce",
                        findings->line, "schedule", (json_int_t)result->schedule.number, "faults",
                        shrunk ? faults_json(&shrunk->scenario->fleet, &shrunk->schedule)
                               : faults_json(findings->fleet, &result->schedule));
    if (shrunk)
        json_object_set_new(failure, "trials", json_integer(shrunk->trials));
    if (findings->written)
        json_object_set_new(failure, "file", json_string(findings->written));
    return failure;
}

/* The kinds of fault that went on at some step. */
static json_t *kinds_json(const struct coverage *coverage)
{
    json_t *list = json_array();
    int i;
    for (i = 0; i < FAULT_KINDS; i++)
        if (coverage->pair[i][i] > 0)
            json_array_append_new(list, json_string(fault_kind_name((enum fault_kind)i)));
    return list;
}

json_t *search_json(const struct search_findings *findings)
{
    const struct search_result *result = findings->result;
    int met, all;
    coverage_count_pairs(&result->coverage, findings->fleet, &met, &all);
    return json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:{s:i, s:i}, s:o, s:o, s:o}",
                     "version", 1, "schedules", (json_int_t)result->schedules, "replications",
                     (json_int_t)result->replications, "simulated_ms",
                     (json_int_t)result->simulated_ms, "events", (json_int_t)result->events,
                     "faults", (json_int_t)result->faults, "trouble_ms",
                     (json_int_t)result->trouble_ms, "bound_ms", (json_int_t)result->bound_ms,
                     "said", counts_json(&result->coverage), "pairs", "met", met, "all", all,
                     "never", never_json(findings), "failure", failure_json(findings), "kinds",
                     kinds_json(&result->coverage));
}
