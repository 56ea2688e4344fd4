/* The tables of a scenario file: faults, documented claims, expectations, the drill. */
#include "spec.h"
#include "spec_tables.h"
#include "suggest.h"
#include "units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOMENT_MAX ((double)(10 * UNITS_YEAR))

/* --- faults --- */

/* What a kind of fault takes. Keys that it has no use for are errors, not ignored. */
enum use { USE_NONE, USE_MAY, USE_MUST };

struct fault_use {
    enum use target, from, graceful, load, slowdown, slots, error_rate, jump;
};

static const struct fault_use uses[FAULT_KINDS] = {
    [FAULT_HOST_POWER_LOSS] = {.target = USE_MUST},
    [FAULT_OS_CRASH] = {.target = USE_MUST},
    [FAULT_SERVICE_STOP] = {.target = USE_MUST, .graceful = USE_MAY},
    [FAULT_NETWORK_PARTITION] = {.target = USE_MUST, .from = USE_MUST},
    [FAULT_CPU_STRESS] = {.target = USE_MUST, .load = USE_MAY, .slowdown = USE_MAY},
    [FAULT_MEMORY_STRESS] = {.target = USE_MUST, .load = USE_MAY, .slowdown = USE_MAY},
    [FAULT_DISK_STRESS] = {.target = USE_MUST, .load = USE_MAY, .slowdown = USE_MAY},
    [FAULT_GITHUB_API_ERRORS] = {.error_rate = USE_MUST},
    [FAULT_CLOCK_JUMP] = {.target = USE_MUST, .jump = USE_MUST},
    [FAULT_SLOW_HOST] = {.target = USE_MUST, .slowdown = USE_MUST},
    [FAULT_SLOTS_LOST] = {.target = USE_MUST, .slots = USE_MUST},
    [FAULT_MAINTENANCE] = {.target = USE_MUST},
};

static const char *const froms[] = {"github", "monitoring", "both", NULL};

static enum und_code read_from(struct spec *spec, const struct field *field, void *to,
                               json_t *value, const struct spot *spot)
{
    static const unsigned sides[] = {FROM_GITHUB, FROM_MONITORING, FROM_GITHUB | FROM_MONITORING};
    int number = spec_name(spec, value, spot, froms);
    (void)field;
    if (number < 0)
        return UND_USAGE;
    *(unsigned *)to = sides[number];
    return UND_OK;
}

static enum und_code add_target(struct spec *spec, struct fault *fault, int host,
                                const struct spot *spot)
{
    int i;
    for (i = 0; i < fault->n_targets; i++)
        if (fault->targets[i] == host)
            return doc_fail(spot, spec->err, "%s is named twice", spec->fleet->hosts[host].name);
    if (fault->n_targets == SCENARIO_TARGETS)
        return doc_fail(spot, spec->err, "too many hosts, want at most %d", SCENARIO_TARGETS);
    fault->targets[fault->n_targets++] = host;
    return UND_OK;
}

static bool has_role(const struct host *host, const char *role)
{
    return strcmp(role, "all") == 0 ||
           strcmp(role, host->tier == TIER_PRIMARY ? "primary" : "backup") == 0;
}

/* A host by name, or all hosts of a role; a host's name comes before a role of the same name. */
static enum und_code read_target(struct spec *spec, struct fault *fault, const json_t *value,
                                 const struct spot *spot)
{
    const char *names[FLEET_HOSTS + 4] = {"primary", "backup", "all"};
    const struct fleet *fleet = spec->fleet;
    int i, host, role;
    for (i = 0; i < fleet->n_hosts; i++)
        names[3 + i] = fleet->hosts[i].name;
    names[3 + i] = NULL;
    if (json_is_string(value) && (host = fleet_host_index(fleet, json_string_value(value))) >= 0)
        return add_target(spec, fault, host, spot);
    if ((role = spec_name(spec, value, spot, names)) < 0)
        return UND_USAGE;
    for (i = 0, host = -1; i < fleet->n_hosts; i++) {
        if (!has_role(&fleet->hosts[i], names[role]))
            continue;
        host = i;
        if (add_target(spec, fault, i, spot) != UND_OK)
            return UND_USAGE;
    }
    if (host < 0)
        return doc_fail(spot, spec->err, "no host has tier %s", names[role]);
    return UND_OK;
}

static enum und_code read_targets(struct spec *spec, const struct field *field, void *base,
                                  json_t *value, const struct spot *spot)
{
    struct fault *fault = base;
    json_t *item;
    size_t i;
    if (!json_is_array(value))
        return read_target(spec, fault, value, spot);
    json_array_foreach(value, i, item)
    {
        struct spot at = doc_item(spec->doc, value, i, field->key);
        if (read_target(spec, fault, item, &at) != UND_OK)
            return UND_USAGE;
    }
    return UND_OK;
}

static const struct field fault_fields[] = {
    {.key = "at",
     .kind = FIELD_DIST,
     AT(struct fault, at),
     .fallback = "0s",
     .help = "when it begins, from the start of the scenario"},
    {.key = "kind",
     .kind = FIELD_ENUM,
     AT(struct fault, kind),
     .names = scenario_fault_kinds,
     .required = true,
     .help = "what happens"},
    {.key = "target",
     .kind = FIELD_CUSTOM,
     .read = read_targets,
     .schema = "{anyOf: [{type: string}, {type: array, maxItems: 8, items: {type: string}}]}",
     .help = "to which host: a name, a list of names, or primary, backup, all"},
    {.key = "lasts",
     .kind = FIELD_DIST,
     AT(struct fault, lasts),
     HAS(struct fault, has_lasts),
     .help = "how long; left out: to the end, or until a human repairs it"},
    {.key = "every",
     .kind = FIELD_DIST,
     AT(struct fault, every),
     HAS(struct fault, has_every),
     .help = "it recurs: time from one end to the next beginning"},
    {.key = "chance",
     .kind = FIELD_SHARE,
     AT(struct fault, chance),
     RANGE(0, 1),
     .fallback = "100%",
     .help = "chance that an occurrence happens at all"},
    {.key = "from",
     .kind = FIELD_CUSTOM,
     AT(struct fault, from),
     .read = read_from,
     .schema = "{enum: [github, monitoring, both]}",
     .help = "network-partition: what the host cannot reach, and cannot be reached by"},
    {.key = "graceful",
     .kind = FIELD_BOOL,
     AT(struct fault, graceful),
     .fallback = "true",
     .help = "service-stop: GitHub is told, and knows in seconds"},
    {.key = "load",
     .kind = FIELD_SHARE_PM,
     AT(struct fault, load_pm),
     RANGE(0, 1),
     .fallback = "100%",
     .help = "stress: share of the host's resource that it takes"},
    {.key = "slowdown",
     .kind = FIELD_NUMBER,
     AT(struct fault, slowdown),
     RANGE(1, 1000),
     .fallback = "1",
     .help = "stress, slow-host: jobs take this times as long"},
    {.key = "slots",
     .kind = FIELD_INT,
     AT(struct fault, slots),
     RANGE(1, FLEET_SLOTS),
     .help = "slots-lost: how many registrations stay away"},
    {.key = "error_rate",
     .kind = FIELD_SHARE,
     AT(struct fault, error_rate),
     RANGE(0, 1),
     .help = "github-api-errors: share of calls that fail"},
    {.key = "jump",
     .kind = FIELD_DURATION,
     AT(struct fault, jump_ms),
     RANGE((double)(-365 * UNITS_DAY), (double)(365 * UNITS_DAY)),
     .help = "clock-jump: how far the wall clock jumps"},
    {.key = NULL},
};

static void init_fault(void *base)
{
    memset(base, 0, sizeof(struct fault));
}

static enum und_code check_uses(struct spec *spec, const struct fault *fault, json_t *mapping,
                                const struct spot *whole)
{
    const struct fault_use *use = &uses[fault->kind];
    const struct {
        const char *key;
        enum use use;
    } keys[] = {
        {"target", use->target},         {"from", use->from},
        {"graceful", use->graceful},     {"load", use->load},
        {"slots", use->slots},           {"slowdown", use->slowdown},
        {"error_rate", use->error_rate}, {"jump", use->jump},
    };
    size_t i;
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        bool given = json_object_get(mapping, keys[i].key) != NULL;
        struct spot spot = spec_spot(spec, mapping, keys[i].key, whole);
        if (given && keys[i].use == USE_NONE)
            return doc_fail(&spot, spec->err, "has no meaning for kind %s",
                            fault_kind_name(fault->kind));
        if (!given && keys[i].use == USE_MUST)
            return doc_fail(&spot, spec->err, "missing for kind %s", fault_kind_name(fault->kind));
    }
    return UND_OK;
}

static enum und_code check_fault(struct spec *spec, void *base, json_t *mapping,
                                 const struct spot *whole)
{
    struct fault *fault = base;
    struct spot spot;
    int i;
    fault->line = whole->line;
    if (check_uses(spec, fault, mapping, whole) != UND_OK)
        return UND_USAGE;
    spot = spec_spot(spec, mapping, "target", whole);
    if (uses[fault->kind].target == USE_MUST && fault->n_targets == 0)
        return doc_fail(&spot, spec->err, "got an empty list, want at least one host");
    spot = spec_spot(spec, mapping, "every", whole);
    if (fault->has_every && !(dist_mean(&fault->every) >= 1000))
        return doc_fail(&spot, spec->err, "want a mean of at least 1s");
    if (fault->has_every && !fault->has_lasts)
        return doc_fail(&spot, spec->err, "goes with lasts: what recurs must end");
    spot = spec_spot(spec, mapping, "slots", whole);
    for (i = 0; i < fault->n_targets; i++) {
        const struct host *host = &spec->fleet->hosts[fault->targets[i]];
        if (fault->slots > host->slots)
            return doc_fail(&spot, spec->err, "got %d, but %s has %d", fault->slots, host->name,
                            host->slots);
    }
    return UND_OK;
}

static const struct table fault_table = {
    .name = "fault",
    .help = "something that goes wrong",
    .fields = fault_fields,
    .init = init_fault,
    .check = check_fault,
};

/* --- documented claims --- */

static enum und_code read_claim(struct spec *spec, const struct field *field, void *to,
                                json_t *value, const struct spot *spot)
{
    const char *text = json_string_value(value);
    double ms = -2; /* N/A */
    (void)field;
    if (text == NULL || strcmp(text, "N/A") != 0) {
        if (spec_duration(spec, value, spot, 0, MOMENT_MAX, &ms) != UND_OK)
            return UND_USAGE;
    }
    *(int64_t *)to = (int64_t)ms;
    return UND_OK;
}

#define CLAIM_SCHEMA "{anyOf: [{$ref: '#/$defs/DURATION'}, {const: N/A}]}"

static const struct field documented_fields[] = {
    {.key = "detection",
     .kind = FIELD_CUSTOM,
     AT(struct documented, detection_ms),
     .read = read_claim,
     .schema = CLAIM_SCHEMA,
     .help = "fault to detection, as documented"},
    {.key = "failover",
     .kind = FIELD_CUSTOM,
     AT(struct documented, failover_ms),
     .read = read_claim,
     .schema = CLAIM_SCHEMA,
     .help = "detection to jobs moved, as documented"},
    {.key = "rto",
     .kind = FIELD_CUSTOM,
     AT(struct documented, rto_ms),
     .read = read_claim,
     .schema = CLAIM_SCHEMA,
     .help = "fault to service restored, as documented"},
    {.key = "impact",
     .kind = FIELD_TEXT,
     TEXT(struct documented, impact),
     .help = "what users feel, as documented"},
    {.key = "source",
     .kind = FIELD_TEXT,
     TEXT(struct documented, source),
     .help = "where the claim stands"},
    {.key = NULL},
};

static void init_documented(void *base)
{
    struct documented *documented = base;
    memset(documented, 0, sizeof *documented);
    documented->detection_ms = documented->failover_ms = documented->rto_ms = -1;
}

static const struct table documented_table = {
    .name = "documented",
    .help = "what the documents claim, to be shown beside what happens",
    .fields = documented_fields,
    .init = init_documented,
};

/* --- expectations --- */

static enum und_code read_metric(struct spec *spec, const struct field *field, void *to,
                                 json_t *value, const struct spot *spot)
{
    const char *names[METRIC_COUNT + 1];
    const char *text = json_string_value(value);
    enum metric metric = text != NULL ? metric_by_name(text) : METRIC_COUNT;
    int i;
    (void)field;
    if (metric == METRIC_COUNT) {
        for (i = 0; i < METRIC_COUNT; i++)
            names[i] = metric_name((enum metric)i);
        names[i] = NULL;
        return spec_name(spec, value, spot, names) < 0 ? UND_USAGE : UND_OK;
    }
    *(enum metric *)to = metric;
    return UND_OK;
}

/* Both names of each. */
static json_t *metric_schema(void)
{
    json_t *names = json_array();
    int i;
    for (i = 0; i < METRIC_COUNT; i++) {
        const char *name = metric_name((enum metric)i);
        json_array_append_new(names, json_string(name));
        if (metric_unit((enum metric)i) == UNIT_MS)
            json_array_append_new(names, json_stringn(name, strlen(name) - strlen("_ms")));
    }
    return json_pack("{s:o}", "enum", names);
}

/* p95, 0.95 or 95%. */
static enum und_code read_quantile(struct spec *spec, const struct field *field, void *base,
                                   json_t *value, const struct spot *spot)
{
    struct expect *expect = base;
    const char *text = json_string_value(value);
    char hint[UNITS_HINT], *end;
    double quantile = json_number_value(value);
    bool good = json_is_number(value);
    (void)field;
    if (text != NULL && *text == 'p' && text[1] >= '0' && text[1] <= '9') {
        quantile = strtod(text + 1, &end) / 100;
        good = *end == '\0';
    } else if (text != NULL) {
        good = units_share(text, &quantile, hint);
    }
    if (!good || !(quantile >= 0 && quantile <= 1))
        return spec_refuse(spec, spot, value, "e.g. p95, 0.95 or 95%");
    expect->statistic = STATISTIC_QUANTILE;
    expect->quantile = quantile;
    return UND_OK;
}

static enum und_code read_statistic(struct spec *spec, const struct field *field, void *base,
                                    json_t *value, const struct spot *spot)
{
    const char *text = json_string_value(value);
    if (text == NULL || strcmp(text, "mean") != 0)
        return read_quantile(spec, field, base, value, spot);
    return UND_OK;
}

static enum und_code read_mean(struct spec *spec, const struct field *field, void *base,
                               json_t *value, const struct spot *spot)
{
    (void)field, (void)base;
    return json_is_true(value) ? UND_OK
                               : spec_refuse(spec, spot, value, "true, or a quantile instead");
}

/* By the unit of the metric, which is read before. */
static enum und_code read_limit(struct spec *spec, const struct field *field, void *base,
                                json_t *value, const struct spot *spot)
{
    static const struct field share = {.kind = FIELD_SHARE, AT(struct expect, value), RANGE(0, 1)};
    static const struct field number = {
        .kind = FIELD_NUMBER, AT(struct expect, value), RANGE(0, 1e12)};
    struct expect *expect = base;
    (void)field;
    switch (metric_unit(expect->metric)) {
    case UNIT_MS:
        return spec_duration(spec, value, spot, 0, MOMENT_MAX, &expect->value);
    case UNIT_SHARE:
        return spec_read_field(spec, &share, base, value, spot);
    case UNIT_COUNT:
        break;
    }
    return spec_read_field(spec, &number, base, value, spot);
}

#define QUANTILE_SCHEMA "anyOf: [{type: string, pattern: '^p[0-9]'}, {$ref: '#/$defs/SHARE'}]"

static const struct field expect_fields[] = {
    {.key = "metric",
     .kind = FIELD_CUSTOM,
     AT(struct expect, metric),
     .read = read_metric,
     .required = true,
     .make_schema = metric_schema,
     .help = "what is judged; _ms may be left out"},
    {.key = "mean",
     .kind = FIELD_CUSTOM,
     .read = read_mean,
     .schema = "{const: true}",
     .help = "judge the mean over replications (this is what happens without quantile)"},
    {.key = "quantile",
     .kind = FIELD_CUSTOM,
     .read = read_quantile,
     .schema = "{" QUANTILE_SCHEMA "}",
     .help = "judge a quantile: p95, 0.95 or 95%"},
    {.key = "statistic",
     .kind = FIELD_CUSTOM,
     .read = read_statistic,
     .schema = "{" QUANTILE_SCHEMA "}",
     .help = "mean, or a quantile"},
    {.key = "op",
     .kind = FIELD_ENUM,
     AT(struct expect, op),
     .names = scenario_ops,
     .required = true,
     .help = "how it must compare"},
    {.key = "value",
     .kind = FIELD_CUSTOM,
     .read = read_limit,
     .required = true,
     .schema = "{type: [string, number]}",
     .help = "with what: a duration, share or number, as the metric is one"},
    {.key = NULL},
};

static void init_expect(void *base)
{
    memset(base, 0, sizeof(struct expect));
}

static enum und_code check_expect(struct spec *spec, void *base, json_t *mapping,
                                  const struct spot *whole)
{
    struct expect *expect = base;
    const char *given = NULL, *const keys[] = {"mean", "quantile", "statistic"};
    size_t i;
    expect->line = whole->line;
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct spot spot = spec_spot(spec, mapping, keys[i], whole);
        if (json_object_get(mapping, keys[i]) == NULL)
            continue;
        if (given != NULL)
            return doc_fail(&spot, spec->err, "%s is given already, want one of them", given);
        given = keys[i];
    }
    return UND_OK;
}

static const struct table expect_table = {
    .name = "expect",
    .help = "what must hold, or the test fails",
    .fields = expect_fields,
    .init = init_expect,
    .check = check_expect,
};

/* --- the scenario --- */

static enum und_code read_warmup(struct spec *spec, const struct field *field, void *base,
                                 json_t *value, const struct spot *spot)
{
    struct scenario *scenario = base;
    const char *text = json_string_value(value);
    double ms = 0;
    (void)field;
    scenario->warmup_auto = text != NULL && strcmp(text, "auto") == 0;
    if (!scenario->warmup_auto && spec_duration(spec, value, spot, 0, MOMENT_MAX, &ms) != UND_OK)
        return UND_USAGE;
    scenario->warmup_ms = (int64_t)ms;
    return UND_OK;
}

static enum und_code read_drill(struct spec *spec, const struct field *field, void *to,
                                json_t *value, const struct spot *spot)
{
    (void)field;
    if (!json_is_object(value))
        return spec_refuse(spec, spot, value, "a mapping (key: value)");
    *(json_t **)to = json_incref(value);
    return UND_OK;
}

static const struct field a_fault = {.kind = FIELD_TABLE, .table = &fault_table};
static const struct field an_expect = {.kind = FIELD_TABLE, .table = &expect_table};

static const struct field scenario_fields[] = {
    {.key = "name",
     .kind = FIELD_TEXT,
     TEXT(struct scenario, name),
     .help = "name of the scenario; left out: that of the file"},
    {.key = "about",
     .kind = FIELD_TEXT,
     TEXT(struct scenario, about),
     .help = "what it is about, in a sentence"},
    {.key = "fleet",
     .kind = FIELD_TABLE,
     AT(struct scenario, fleet),
     .table = &spec_fleet,
     .path = true,
     .required = true,
     .help = "the fleet: a path relative to the file that names it, or inline"},
    {.key = "duration",
     .kind = FIELD_DURATION,
     AT(struct scenario, duration_ms),
     RANGE(1000, MOMENT_MAX),
     .help = "simulated time; left out: 24h, or with a trace until all jobs are done"},
    {.key = "warmup",
     .kind = FIELD_CUSTOM,
     .read = read_warmup,
     .fallback = "0s",
     .schema = "{anyOf: [{$ref: '#/$defs/DURATION'}, {const: auto}]}",
     .help = "left out of the steady-state statistics; auto: found by MSER-5"},
    {.key = "start",
     .kind = FIELD_DURATION,
     AT(struct scenario, start_ms),
     RANGE(0, (double)(7 * UNITS_DAY)),
     .fallback = "0s",
     .help = "time of the week at which it begins, from Monday 0:00"},
    {.key = "replications",
     .kind = FIELD_INT,
     AT(struct scenario, replications),
     RANGE(0, 1e7),
     .fallback = "0",
     .help = "independent runs; 0: the command's default"},
    {.key = "faults",
     .kind = FIELD_LIST,
     AT(struct scenario, faults),
     .size = SCENARIO_FAULTS,
     .item = &a_fault,
     .stride = sizeof(struct fault),
     .count_at = offsetof(struct scenario, n_faults),
     .help = "what goes wrong"},
    {.key = "documented",
     .kind = FIELD_TABLE,
     AT(struct scenario, documented),
     .table = &documented_table,
     .fallback = "{}",
     .help = "what the documents claim"},
    {.key = "expect",
     .kind = FIELD_LIST,
     AT(struct scenario, expects),
     .size = SCENARIO_EXPECTS,
     .item = &an_expect,
     .stride = sizeof(struct expect),
     .count_at = offsetof(struct scenario, n_expects),
     .help = "what must hold"},
    {.key = "drill",
     .kind = FIELD_CUSTOM,
     AT(struct scenario, drill),
     .read = read_drill,
     .schema = "{type: object}",
     .help = "how to carry it out for real: preconditions, stop_when, inject, revert, lease"},
    {.key = NULL},
};

static enum und_code check_faults(struct spec *spec, const struct scenario *scenario, json_t *list)
{
    int i;
    for (i = 0; i < scenario->n_faults; i++) {
        const struct fault *fault = &scenario->faults[i];
        struct spot whole = doc_item(spec->doc, list, (size_t)i, "faults");
        struct spot spot = spec_spot(spec, json_array_get(list, (size_t)i), "at", &whole);
        char text[UNITS_TEXT];
        if (scenario->duration_ms > 0 && fault->at.kind == DIST_FIXED &&
            fault->at.a >= (double)scenario->duration_ms)
            return doc_fail(&spot, spec->err, "the scenario has ended by then, after %s",
                            units_format_duration(scenario->duration_ms, text));
    }
    return UND_OK;
}

static enum und_code check_scenario(struct spec *spec, void *base, json_t *mapping,
                                    const struct spot *whole)
{
    struct scenario *scenario = base;
    struct spot spot = spec_spot(spec, mapping, "warmup", whole);
    char text[UNITS_TEXT];
    if (scenario->duration_ms == 0 && scenario->fleet.workload.arrivals.kind != ARRIVALS_TRACE)
        scenario->duration_ms = UNITS_DAY;
    if (scenario->duration_ms > 0 && scenario->warmup_ms >= scenario->duration_ms)
        return doc_fail(&spot, spec->err, "got %s, want less than the duration",
                        units_format_duration(scenario->warmup_ms, text));
    return check_faults(spec, scenario, json_object_get(mapping, "faults"));
}

const struct table spec_scenario = {
    .name = "scenario",
    .help = "a fleet, what goes wrong with it, what the documents claim, what must hold",
    .fields = scenario_fields,
    .check = check_scenario,
};

/* --- a fleet file --- */

static const struct field fleet_file_fields[] = {
    {.key = "name", .kind = FIELD_TEXT, TEXT(struct scenario, name), .help = "name of the fleet"},
    {.key = "about", .kind = FIELD_TEXT, TEXT(struct scenario, about), .help = "what it is"},
    {.key = "fleet",
     .kind = FIELD_TABLE,
     AT(struct scenario, fleet),
     .table = &spec_fleet,
     .path = true,
     .required = true,
     .help = "the fleet: a path relative to the file that names it, or inline"},
    {.key = NULL},
};

const struct table spec_fleet_file = {
    .name = "fleet_file",
    .help = "a fleet",
    .fields = fleet_file_fields,
};
