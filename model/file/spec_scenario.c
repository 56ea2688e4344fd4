/* The tables of a scenario file: documented claims, expectations, the drill; faults apart. */
#include "model/base/units.h"
#include "spec.h"
#include "spec_tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORLD_MOST_JOBS 1000000
#define MOMENT_MAX ((double)(10 * UNITS_YEAR))

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

static enum und_code read_count(struct spec *spec, const struct field *field, void *to,
                                json_t *value, const struct spot *spot)
{
    const char *text = json_string_value(value);
    json_int_t n = json_is_integer(value) ? json_integer_value(value) : -1;
    (void)field;
    if (text != NULL && strcmp(text, "N/A") == 0)
        n = -2;
    else if (n < 0 || n > WORLD_MOST_JOBS)
        return spec_refuse(spec, spot, value, "a whole number of jobs, or N/A");
    *(int64_t *)to = n;
    return UND_OK;
}

#define COUNT_SCHEMA "{anyOf: [{type: integer, minimum: 0, maximum: 1000000}, {const: N/A}]}"
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
    {.key = "wait",
     .kind = FIELD_CUSTOM,
     AT(struct documented, wait_ms),
     .read = read_claim,
     .schema = CLAIM_SCHEMA,
     .help = "wait of a job while the fault lasts, as documented"},
    {.key = "backlog",
     .kind = FIELD_CUSTOM,
     AT(struct documented, backlog),
     .read = read_count,
     .schema = COUNT_SCHEMA,
     .help = "most jobs that wait, as documented"},
    {.key = "worked_off",
     .kind = FIELD_CUSTOM,
     AT(struct documented, worked_off_ms),
     .read = read_claim,
     .schema = CLAIM_SCHEMA,
     .help = "fault to the backlog worked off, as documented"},
    {.key = "jobs_lost",
     .kind = FIELD_CUSTOM,
     AT(struct documented, jobs_lost),
     .read = read_count,
     .schema = COUNT_SCHEMA,
     .help = "running jobs that the fault kills, as documented"},
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
    documented->wait_ms = documented->backlog = documented->worked_off_ms = -1;
    documented->jobs_lost = -1;
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
    if (expect->metric == METRIC_COUNT)
        return UND_USAGE; /* its error is noted */
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

#define QUANTILE_SCHEMA                                                                            \
    "anyOf: [{type: string, pattern: '^p(100|[0-9]{1,2}([.][0-9]*)?)$'}, {$ref: "                  \
    "'#/$defs/SHARE'}]"

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
     .schema = "{anyOf: [{const: mean}, {" QUANTILE_SCHEMA "}]}",
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
    struct expect *expect = base;
    memset(expect, 0, sizeof *expect);
    expect->metric = METRIC_COUNT;
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

/* One statistic; and the limit is of the metric's unit. */
static json_t *expect_rules(void)
{
    static const struct {
        enum unit unit;
        const char *schema;
    } units[] = {{UNIT_MS, "DURATION"}, {UNIT_SHARE, "SHARE"}};
    json_t *all = json_array(), *pairs = json_array();
    const char *const keys[] = {"mean", "quantile", "statistic"};
    size_t i;
    int m;
    for (i = 0; i < 3; i++)
        json_array_append_new(pairs,
                              json_pack("{s:[s, s]}", "required", keys[i], keys[(i + 1) % 3]));
    json_array_append_new(all, json_pack("{s:{s:o}}", "not", "anyOf", pairs));
    for (i = 0; i < sizeof units / sizeof *units; i++) {
        json_t *names = json_array();
        for (m = 0; m < METRIC_COUNT; m++) {
            const char *name = metric_name((enum metric)m);
            if (metric_unit((enum metric)m) != units[i].unit)
                continue;
            json_array_append_new(names, json_string(name));
            if (units[i].unit == UNIT_MS)
                json_array_append_new(names, json_stringn(name, strlen(name) - strlen("_ms")));
        }
        json_array_append_new(all,
                              json_pack("{s:{s:{s:{s:o}}}, s:{s:{s:{s:s+}}}}", "if", "properties",
                                        "metric", "enum", names, "then", "properties", "value",
                                        "$ref", "#/$defs/", units[i].schema));
    }
    return json_pack("{s:o}", "allOf", all);
}

static const struct table expect_table = {
    .name = "expect",
    .help = "what must hold, or the test fails",
    .fields = expect_fields,
    .init = init_expect,
    .check = check_expect,
    .make_rules = expect_rules,
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

static const struct field a_fault = {.kind = FIELD_TABLE, .table = &spec_fault};
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
     .help = "simulated time; left out: until the recovery from every fault is over, 7d at most; "
             "24h where there is none or one has no end; with a trace until all jobs are done"},
    {.key = "warmup",
     .kind = FIELD_CUSTOM,
     .read = read_warmup,
     .fallback = "0s",
     .schema = "{anyOf: [{$ref: '#/$defs/DURATION'}, {const: auto}]}",
     .help = "left out of the steady-state statistics; auto: found by MSER-5"},
    {.key = "start",
     .kind = FIELD_DURATION,
     AT(struct scenario, start_ms),
     HAS(struct scenario, has_start),
     RANGE(0, (double)(7 * UNITS_DAY)),
     .help = "time of the week at which it begins, from Monday 0:00 (the default); a trace is "
             "entered at the first such time in it (see origin; default: at its first job)"},
    {.key = "replications",
     .kind = FIELD_INT,
     AT(struct scenario, replications),
     RANGE(0, SCENARIO_REPLICATIONS),
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
     .kind = FIELD_TABLE,
     AT(struct scenario, drill),
     HAS(struct scenario, drill.present),
     .table = &spec_drill,
     .help = "how to carry it out for real"},
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
        spot = spec_spot(spec, json_array_get(list, (size_t)i), "target", &whole);
        if (scenario->drill.present && fault->any)
            return doc_fail(&spot, spec->err, "got %s, want a host: a drill says which",
                            fault->role);
    }
    return UND_OK;
}

#define EPOCH_LEAST (1000000000LL * 1000) /* later seconds are those since 1970: a Thursday */
#define EPOCH_ORIGIN (3 * UNITS_DAY)

/* How far into the trace the first `start` of a week is. */
static int64_t entry_ms(const struct scenario *scenario)
{
    const struct trace *trace = &scenario->fleet.workload.arrivals.trace;
    int64_t origin_ms = trace->origin_ms >= 0            ? trace->origin_ms
                        : trace->first_ms >= EPOCH_LEAST ? EPOCH_ORIGIN
                                                         : 0;
    int64_t first_ms = (trace->first_ms + origin_ms) % (7 * UNITS_DAY);
    return (scenario->start_ms - first_ms + 14 * UNITS_DAY) % (7 * UNITS_DAY);
}

/* Leaves out the jobs before. */
static enum und_code enter_trace(struct spec *spec, struct scenario *scenario, json_t *mapping,
                                 const struct spot *whole)
{
    struct trace *trace = &scenario->fleet.workload.arrivals.trace;
    int64_t from_ms = entry_ms(scenario);
    size_t before = 0, i;
    char text[UNITS_TEXT], why[200];
    if (!scenario->has_start || scenario->fleet.workload.arrivals.kind != ARRIVALS_TRACE)
        return UND_OK;
    while (before < trace->n && trace->submit_ms[before] < from_ms)
        before++;
    if (before == trace->n) {
        snprintf(why, sizeof why,
                 "the trace ends before that time of the week, which it reaches %s after its first "
                 "job",
                 units_format_duration(from_ms, text));
        return spec_fail_key(spec, mapping, whole, "start", why);
    }
    for (i = before; i < trace->n; i++) {
        trace->submit_ms[i - before] = trace->submit_ms[i] - from_ms;
        trace->duration_ms[i - before] = trace->duration_ms[i];
        if (trace->job_class)
            trace->job_class[i - before] = trace->job_class[i];
    }
    trace->n -= before;
    return UND_OK;
}

/* Faults that strike once and end: their recovery is over some time. */
static bool has_an_end(const struct scenario *scenario)
{
    int i;
    for (i = 0; i < scenario->n_faults; i++)
        if (!scenario->faults[i].has_lasts || scenario->faults[i].has_every)
            return false;
    for (i = 0; i < scenario->fleet.n_hosts; i++)
        if (scenario->fleet.hosts[i].has_mtbf)
            return false;
    return scenario->n_faults > 0;
}

static enum und_code check_scenario(struct spec *spec, void *base, json_t *mapping,
                                    const struct spot *whole)
{
    struct scenario *scenario = base;
    struct spot spot = spec_spot(spec, mapping, "warmup", whole);
    char text[UNITS_TEXT];
    if (scenario->duration_ms == 0 && scenario->fleet.workload.arrivals.kind != ARRIVALS_TRACE)
        scenario->until_recovered = has_an_end(scenario);
    if (scenario->until_recovered)
        scenario->duration_ms = SCENARIO_RECOVERY_MS;
    else if (scenario->duration_ms == 0 && scenario->fleet.workload.arrivals.kind != ARRIVALS_TRACE)
        scenario->duration_ms = UNITS_DAY;
    if (scenario->duration_ms > 0 && scenario->warmup_ms >= scenario->duration_ms)
        return doc_fail(&spot, spec->err, "got %s, want less than the duration",
                        units_format_duration(scenario->warmup_ms, text));
    if (enter_trace(spec, scenario, mapping, whole) != UND_OK)
        return UND_USAGE;
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
