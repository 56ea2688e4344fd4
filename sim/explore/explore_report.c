#include "explore_report.h"
#include "model/base/assert.h"
#include "model/base/units.h"
#include "model/policy/policy_names.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- what can be reached ---- */

struct list {
    struct explore_item *item;
    int n;
};

__attribute__((format(printf, 3, 4))) static void add(struct list *list, int64_t visits,
                                                      const char *format, ...)
{
    va_list arguments;
    UND_ASSERT(list->n < EXPLORE_ITEMS);
    va_start(arguments, format);
    vsnprintf(list->item[list->n].name, sizeof list->item->name, format, arguments);
    va_end(arguments);
    list->item[list->n++].visits = visits;
}

static bool can_ramp(const struct scale *scale)
{
    int i;
    for (i = 0; i < scale->n && scale->ramp > 0; i++)
        if (scale->slots[i] > 1)
            return scale->n > 1;
    return false;
}

static bool can_stand_by(const struct scale *scale)
{
    int i;
    for (i = 0; i < scale->n && !scale->config.overflow; i++)
        if (scale->tier[i] == TIER_BACKUP)
            return true;
    return false;
}

/* A fleet of one never drains by itself, and so never comes back. */
static bool change_possible(const struct scale *scale, enum phase from, enum phase to)
{
    if ((from == PHASE_RAMPING || to == PHASE_RAMPING) && !can_ramp(scale))
        return false;
    if (scale->n == 1)
        return from <= PHASE_SUSPECT && to <= PHASE_SUSPECT;
    if (from == PHASE_MAINTENANCE && (to == PHASE_SERVING || to == PHASE_RAMPING) &&
        scale->clear_for > 0)
        return false;
    return property_change(from, to);
}

static void add_changes(struct list *list, const struct scale *scale,
                        const struct explore_visits *visits)
{
    int from, to;
    for (from = 0; from < PHASE_COUNT; from++)
        for (to = 0; to < PHASE_COUNT; to++)
            if (change_possible(scale, (enum phase)from, (enum phase)to))
                add(list, visits->change[from][to], "%s to %s", policy_phase_name((enum phase)from),
                    policy_phase_name((enum phase)to));
}

static void add_notices(struct list *list, const struct scale *scale, struct abstraction forget,
                        const struct explore_visits *visits)
{
    int notice;
    for (notice = 0; notice < NOTICE_COUNT; notice++) {
        bool fleet = notice == NOTICE_BLIND || notice == NOTICE_SIGHTED || notice == NOTICE_PAGE;
        bool moves = notice != NOTICE_DETECTED && notice != NOTICE_DISMISSED && !fleet &&
                     (notice < NOTICE_HELD_LAST || notice > NOTICE_HELD_GRACE) &&
                     (notice < NOTICE_PARTIAL || notice == NOTICE_RETURNS);
        if (notice == NOTICE_RETURNS && scale->config.returns_within_ms == 0)
            continue;
        if (notice >= NOTICE_PARTIAL && notice < NOTICE_RETURNS &&
            scale->config.signs[notice - NOTICE_PARTIAL].then == 0)
            continue;
        if ((notice == NOTICE_SIGHTED || (notice == NOTICE_PAGE && scale->page_after > 0)) &&
            forget.words)
            continue;
        if (notice == NOTICE_HELD_GRACE && (scale->grace == 0 || scale->n == 1))
            continue;
        if ((moves && scale->n == 1) || (notice == NOTICE_RELAPSE && !can_ramp(scale)))
            continue;
        add(list, fleet ? visits->fleet_notice[notice] : visits->host_notice[notice], "says %s",
            policy_notice_name((enum notice)notice));
    }
}

/* Which phases wait for what. Serving hosts wait with a maintenance that was asked for; so may any
 * that still serves. */
static void add_holds(struct list *list, const struct scale *scale,
                      const struct explore_visits *visits)
{
    static const struct {
        enum phase phase;
        enum notice reason;
    } holds[] = {
        {PHASE_SERVING, NOTICE_HELD_LAST},  {PHASE_SERVING, NOTICE_HELD_PAUSED},
        {PHASE_SUSPECT, NOTICE_HELD_LAST},  {PHASE_SUSPECT, NOTICE_HELD_PAUSED},
        {PHASE_SUSPECT, NOTICE_HELD_BLIND}, {PHASE_SUSPECT, NOTICE_HELD_GRACE},
        {PHASE_RAMPING, NOTICE_HELD_LAST},  {PHASE_RAMPING, NOTICE_HELD_PAUSED},
        {PHASE_RAMPING, NOTICE_HELD_BLIND}, {PHASE_MAINTENANCE, NOTICE_EMPTY},
    };
    size_t i;
    for (i = 0; i < sizeof holds / sizeof *holds; i++) {
        if (holds[i].phase == PHASE_RAMPING && !can_ramp(scale))
            continue;
        if (holds[i].reason == NOTICE_HELD_GRACE && (scale->grace == 0 || scale->n == 1))
            continue;
        if (holds[i].phase == PHASE_MAINTENANCE && scale->n == 1)
            continue;
        add(list, visits->held[holds[i].phase][holds[i].reason], "%s, %s",
            policy_phase_name(holds[i].phase), policy_notice_name(holds[i].reason));
    }
}

int explore_items(const struct space *space, const struct explore_result *result,
                  struct explore_item item[EXPLORE_ITEMS])
{
    const struct scale *scale = &space->codec.scale;
    struct list list = {.item = item};
    add_changes(&list, scale, &result->visits);
    add_notices(&list, scale, space->codec.forget, &result->visits);
    add_holds(&list, scale, &result->visits);
    if (can_stand_by(scale))
        add(&list, result->visits.stand_by, "backups stand by");
    return list.n;
}

/* ---- text ---- */

static void print_duration(FILE *out, const char *name, int64_t ms, int units)
{
    char text[UNITS_TEXT];
    fprintf(out, " %s %s = %d;", name, units_format_duration(ms, text), units);
}

static void print_scale(FILE *out, const struct explore_findings *findings)
{
    const struct scale *scale = &findings->space->codec.scale;
    const struct policy_config *real = &findings->fleet->policy;
    struct abstraction forget = findings->space->codec.forget;
    char text[UNITS_TEXT];
    int i;
    fprintf(out, "Scaled down, in units:");
    print_duration(out, "hour", SCALE_HOUR_MS, scale->hour);
    print_duration(out, "grace", real->grace_ms, scale->grace);
    print_duration(out, "clear_for", real->clear_for_ms, scale->clear_for);
    print_duration(out, "persist", real->persist_ms, scale->persist);
    print_duration(out, "page_after", real->page_after_ms, scale->page_after);
    print_duration(out, "ramp", real->ramp_ms, scale->ramp);
    print_duration(out, "block", real->block_ms, scale->block);
    fprintf(out, " max_failovers %d = %d;", real->max_failovers, scale->config.max_failovers);
    for (i = 0; i < scale->n; i++)
        fprintf(out, " %s %d slots = %d%s", scale->name[i], findings->fleet->hosts[i].slots,
                scale->slots[i], i + 1 < scale->n ? "," : "\n");
    fprintf(out, "A unit is %s of the policy's clock.%s%s\n",
            units_format_duration(scale->unit_ms, text),
            forget.words ? " Forgotten: what is kept to say things once." : "",
            forget.guard ? " Forgotten: the flap guard's memory; any host that is out may be "
                           "blocked at any step."
                         : "");
}

static void print_reached(FILE *out, const struct explore_findings *findings)
{
    struct explore_item item[EXPLORE_ITEMS];
    int i, n = explore_items(findings->space, findings->result, item), unvisited = 0;
    for (i = 0; i < n; i++)
        unvisited += item[i].visits == 0;
    fprintf(out, "\nReached, in steps (%d of %d):\n", n - unvisited, n);
    for (i = 0; i < n; i++)
        fprintf(out, "  %-46s %12lld%s\n", item[i].name, (long long)item[i].visits,
                item[i].visits == 0 ? "  NEVER" : "");
}

static void print_liveness(FILE *out, const struct liveness *liveness)
{
    fprintf(out,
            "\nIn the end, under each of %d constant views (%lld runs): at rest within %d units "
            "(bound %d); too late or in circles %lld; at rest in a wrong place %lld.\n",
            liveness->views, (long long)liveness->followed, liveness->rest, liveness->bound,
            (long long)liveness->late, (long long)liveness->wrong);
}

static void print_violation(FILE *out, const struct explore_findings *findings)
{
    const struct story *story = findings->story;
    fprintf(out, "\nVIOLATION of %s: %s", property_name(story->broken),
            property_words(story->broken));
    if (story->host >= 0 && story->stem == 0)
        fprintf(out, " (%s)", findings->space->codec.scale.name[story->host]);
    fprintf(out, "\n%s\n",
            findings->story->real
                ? "A shortest way there, played through the real policy:"
                : "A shortest way there, in the abstraction; with these times the real policy does "
                  "otherwise:");
    story_print(findings->story, out);
}

void explore_print(FILE *out, const struct explore_findings *findings)
{
    const struct explore_result *result = findings->result;
    print_scale(out, findings);
    fprintf(out,
            "%u states, %lld transitions, depth %d, %.1f million transitions/s, %.1f bytes a "
            "state: %s\n",
            result->set.n, (long long)result->transitions, result->depth,
            (double)result->transitions / result->seconds * 1e-6,
            (double)stateset_bytes(&result->set) / result->set.n,
            findings->story                                ? "a violation"
            : result->violation.property != PROPERTY_HOLDS ? "a violation"
            : !result->complete                            ? "INCOMPLETE, no proof"
            : result->bitstate ? "nothing broken where it has been; BITSTATE, no proof"
                               : "every property holds at every transition");
    if (result->complete)
        print_reached(out, findings);
    if (findings->liveness)
        print_liveness(out, findings->liveness);
    if (findings->story)
        print_violation(out, findings);
    else if (result->violation.property != PROPERTY_HOLDS)
        fprintf(out,
                "\nVIOLATION of %s: %s, at depth %d (its story needs the states: run without "
                "--bitstate)\n",
                property_name(result->violation.property),
                property_words(result->violation.property), result->depth + 1);
    if (findings->against)
        against_print(out, findings->space, result, findings->against);
}

/* ---- JSON ---- */

static json_t *violations_json(const struct explore_findings *findings)
{
    const struct liveness *liveness = findings->liveness;
    json_t *violations = json_array();
    if (findings->story)
        json_array_append_new(violations, json_pack("{s:s, s:o, s:b}", "property",
                                                    property_name(findings->story->broken), "steps",
                                                    story_json(findings->story), "real",
                                                    findings->story->real));
    else if (findings->result->violation.property != PROPERTY_HOLDS)
        json_array_append_new(
            violations, json_pack("{s:s, s:[]}", "property",
                                  property_name(findings->result->violation.property), "steps"));
    if (liveness && liveness->late > 0 && !liveness->lasso.circle)
        json_array_append_new(violations,
                              json_pack("{s:s, s:[]}", "property", "comes-to-rest", "steps"));
    if (liveness && liveness->wrong > 0 && liveness->lasso.circle)
        json_array_append_new(violations,
                              json_pack("{s:s, s:[]}", "property", "rests-well", "steps"));
    return violations;
}

/* How often each of the policy's words was said, in all steps. */
static json_t *said_json(const struct explore_visits *visits)
{
    json_t *said = json_object();
    int i;
    for (i = 0; i < NOTICE_COUNT; i++)
        json_object_set_new(said, policy_notice_name((enum notice)i),
                            json_integer(visits->host_notice[i] + visits->fleet_notice[i]));
    return said;
}

json_t *explore_json(const struct explore_findings *findings)
{
    const struct explore_result *result = findings->result;
    struct explore_item item[EXPLORE_ITEMS];
    json_t *unvisited = json_array(), *root;
    int i, n = explore_items(findings->space, result, item);
    for (i = 0; i < n && result->complete; i++)
        if (item[i].visits == 0)
            json_array_append_new(unvisited, json_string(item[i].name));
    root = json_pack("{s:i, s:I, s:I, s:i, s:f, s:b, s:o, s:o, s:o}", "version", 1, "states",
                     (json_int_t)result->set.n, "transitions", (json_int_t)result->transitions,
                     "depth", result->depth, "bytes_per_state",
                     (double)stateset_bytes(&result->set) / result->set.n, "complete",
                     result->complete && !result->bitstate, "violations", violations_json(findings),
                     "unvisited", unvisited, "said", said_json(&result->visits));
    if (findings->liveness)
        json_object_set_new(root, "rest_units", json_integer(findings->liveness->rest));
    if (findings->against)
        json_object_set_new(root, "against",
                            against_json(findings->space, result, findings->against));
    return root;
}
