#include "facts.h"

#include "model/policy/policy_names.h"
#include "reports/run/run.h"

#include <math.h>
#include <string.h>
#include <time.h>

#define WORD "policy: " /* begins what the policy says in a timeline */

const char *const way_names[WAYS] = {"explored",  "searched", "simulated",
                                     "rehearsed", "drilled",  "live"};
const char *const told_words[TOLD_STAGES] = {"detection", "failover", "rto"};
static const char *const stage_keys[TOLD_STAGES] = {"detection_ms", "failover_ms", "rto_ms"};

enum way facts_way(const struct record *record)
{
    static const enum way ways[RECORD_KINDS] = {
        [RECORD_SIM] = WAY_SIMULATED,  [RECORD_TEST] = WAY_SIMULATED,
        [RECORD_DRILL] = WAY_DRILLED,  [RECORD_REHEARSAL] = WAY_REHEARSED,
        [RECORD_INCIDENT] = WAY_LIVE,  [RECORD_EXPLORE] = WAY_EXPLORED,
        [RECORD_SEARCH] = WAY_SEARCHED};
    return ways[record->kind];
}

/* One of the kinds of "a+b". */
static bool has_kind(const char *mode, const char *kind)
{
    size_t length = strlen(kind);
    for (; *mode; mode += strcspn(mode, "+") + (mode[strcspn(mode, "+")] == '+'))
        if (strcspn(mode, "+") == length && strncmp(mode, kind, length) == 0)
            return true;
    return false;
}

bool facts_tries(const struct record *record, const char *mode)
{
    const json_t *kinds = json_object_get(record->detail, "kinds"), *kind;
    size_t i;
    if (record->kind == RECORD_DRILL && !facts_counts(record))
        return false;
    if (strcmp(record->mode, mode) == 0 || has_kind(record->mode, mode))
        return true;
    json_array_foreach ((json_t *)kinds, i, kind)
        if (json_is_string(kind) && strcmp(json_string_value(kind), mode) == 0)
            return true;
    return false;
}

bool facts_said(const struct record *record, enum notice notice)
{
    const char *name = policy_notice_name(notice);
    const json_t *line, *lines = json_object_get(record->detail, "timeline");
    size_t i;
    if (run_number(json_object_get(record->detail, "said"), name) > 0)
        return true;
    json_array_foreach ((json_t *)lines, i, line) {
        const char *what = run_text(line, "what");
        if (record->kind != RECORD_INCIDENT && strncmp(what, WORD, strlen(WORD)) == 0)
            what += strlen(WORD);
        else if (record->kind != RECORD_INCIDENT)
            continue;
        if (strcmp(what, name) == 0)
            return true;
    }
    return false;
}

bool facts_counts(const struct record *record)
{
    return record->kind == RECORD_DRILL &&
           json_is_true(json_object_get(record->detail, "injected")) &&
           strcmp(run_text(record->detail, "end"), "completed") == 0;
}

double facts_measure(const struct record *record, const char *key)
{
    const json_t *measure = json_object_get(json_object_get(record->detail, "measures"), key);
    return facts_counts(record) ? run_number(measure, "value") : NAN;
}

double facts_moment(const struct record *record, const char *what)
{
    const json_t *line, *lines = json_object_get(record->detail, "timeline");
    size_t i;
    if (!facts_counts(record))
        return NAN;
    json_array_foreach ((json_t *)lines, i, line)
        if (strcmp(run_text(line, "what"), what) == 0)
            return run_number(line, "at_ms") - run_number(record->detail, "from_ms");
    return NAN;
}

static double moment(const json_t *json, const char *key)
{
    struct tm tm = {0};
    return strptime(run_text(json, key), "%Y-%m-%dT%H:%M:%S", &tm) ? (double)timegm(&tm) * 1000
                                                                   : NAN;
}

double facts_span(const struct record *record, const char *from, const char *to)
{
    double ms = moment(record->detail, to) - moment(record->detail, from);
    return record->kind == RECORD_INCIDENT && ms >= 0 &&
                   !json_is_true(json_object_get(record->detail, "dismissed"))
               ? ms
               : NAN;
}

struct told_fact facts_stage(const struct record *record, enum told stage)
{
    static const char *const spans[TOLD_STAGES][2] = {
        {"began", "detected"}, {"detected", "routed"}, {"began", "restored"}};
    const json_t *detail = record->detail;
    const json_t *measure = json_object_get(json_object_get(detail, "measures"), stage_keys[stage]);
    const json_t *metric = json_object_get(json_object_get(detail, "metrics"), stage_keys[stage]);
    struct told_fact fact = {run_number(measure, "documented_ms"),
                             run_number(json_object_get(measure, "predicted"), "p50"),
                             facts_measure(record, stage_keys[stage])};
    double documented = run_number(json_object_get(detail, "documented"), stage_keys[stage]);
    if (metric)
        fact.predicted_ms = run_number(metric, "p50");
    if (documented >= 0)
        fact.documented_ms = documented;
    if (record->kind == RECORD_INCIDENT)
        fact.measured_ms = facts_span(record, spans[stage][0], spans[stage][1]);
    return fact;
}
