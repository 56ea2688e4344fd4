/* The tables of a scenario file; faults, expectations and the drill apart. */
#include "model/base/units.h"
#include "spec.h"
#include "spec_tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORLD_MOST_JOBS 1000000

/* --- documented claims --- */

static enum und_code read_claim(struct spec *spec, const struct field *field, void *to,
                                json_t *value, const struct spot *spot)
{
    const char *text = json_string_value(value);
    double ms = -2; /* N/A */
    (void)field;
    if (text == NULL || strcmp(text, "N/A") != 0) {
        if (spec_duration(spec, value, spot, 0, SPEC_MOMENT_MAX, &ms) != UND_OK)
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

#define CLAIM(name, member, what)                                                                  \
    {                                                                                              \
        .key = (name), .kind = FIELD_CUSTOM, AT(struct documented, member), .read = read_claim,    \
        .schema = "{anyOf: [{$ref: '#/$defs/DURATION'}, {const: N/A}]}", .help = (what)            \
    }
#define COUNT(name, member, what)                                                                  \
    {                                                                                              \
        .key = (name), .kind = FIELD_CUSTOM, AT(struct documented, member), .read = read_count,    \
        .schema = "{anyOf: [{type: integer, minimum: 0, maximum: 1000000}, {const: N/A}]}",        \
        .help = (what)                                                                             \
    }

static const struct field a_measure = {.kind = FIELD_TABLE, .table = &spec_expect};

static const struct field documented_fields[] = {
    CLAIM("detection", detection_ms, "fault to detection, as documented"),
    CLAIM("failover", failover_ms, "detection to jobs moved, as documented"),
    CLAIM("rto", rto_ms, "fault to service restored, as documented"),
    CLAIM("wait", wait_ms, "wait of a job while the fault lasts, as documented"),
    COUNT("backlog", backlog, "most jobs that wait, as documented"),
    CLAIM("worked_off", worked_off_ms, "fault to the backlog worked off, as documented"),
    COUNT("jobs_lost", jobs_lost, "running jobs that the fault kills, as documented"),
    {.key = "measures",
     .kind = FIELD_LIST,
     AT(struct documented, measures),
     .size = SCENARIO_CLAIMS,
     .item = &a_measure,
     .stride = sizeof(struct expect),
     .count_at = offsetof(struct documented, n_measures),
     .help = "claims about any metric or part of one, in the form of expect; shown, not a gate"},
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

/* --- the scenario --- */

static enum und_code read_warmup(struct spec *spec, const struct field *field, void *base,
                                 json_t *value, const struct spot *spot)
{
    struct scenario *scenario = base;
    const char *text = json_string_value(value);
    double ms = 0;
    (void)field;
    scenario->warmup_auto = text != NULL && strcmp(text, "auto") == 0;
    if (!scenario->warmup_auto &&
        spec_duration(spec, value, spot, 0, SPEC_MOMENT_MAX, &ms) != UND_OK)
        return UND_USAGE;
    scenario->warmup_ms = (int64_t)ms;
    return UND_OK;
}

/* Carried out before anything is read (loader.c); here only that it is what it should be. */
static enum und_code read_set(struct spec *spec, const struct field *field, void *to, json_t *value,
                              const struct spot *spot)
{
    json_t *item;
    size_t i;
    (void)to;
    if (!json_is_array(value))
        return spec_refuse(spec, spot, value, "a list of path=value");
    json_array_foreach (value, i, item) {
        struct spot at = doc_item(spec->doc, value, i, field->key);
        if (!json_is_string(item))
            return spec_refuse(spec, &at, item, "path=value");
    }
    return UND_OK;
}

static const struct field a_fault = {.kind = FIELD_TABLE, .table = &spec_fault};
static const struct field an_expect = {.kind = FIELD_TABLE, .table = &spec_expect};

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
    {.key = "set",
     .kind = FIELD_CUSTOM,
     .read = read_set,
     .schema = "{type: array, items: {type: string, pattern: '='}}",
     .help = "what differs from the fleet's file, as --set has it: a list of path=value"},
    {.key = "duration",
     .kind = FIELD_DURATION,
     AT(struct scenario, duration_ms),
     RANGE(1000, SPEC_MOMENT_MAX),
     .help = "simulated time; left out: until the recovery from every fault is over, 7d at most; "
             "24h, or until all jobs of a trace are done, where there is none or one has no end"},
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
    {.key = "measures",
     .kind = FIELD_CUSTOM,
     .read = spec_read_measures,
     .make_schema = spec_measures_schema,
     .help = "parts of metrics to be shown, e.g. 'queue_wait[class=build]' (see expect.metric)"},
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

/* The week that the seconds of a trace are in. */
static int64_t origin_ms(const struct trace *trace)
{
    return trace->origin_ms >= 0            ? trace->origin_ms
           : trace->first_ms >= EPOCH_LEAST ? EPOCH_ORIGIN
                                            : 0;
}

/* How long before its first job a trace has begun: at its second 0, or at that day's midnight. */
static int64_t lead_ms(const struct trace *trace)
{
    int64_t midnight_ms = (trace->first_ms + origin_ms(trace)) % UNITS_DAY;
    return trace->first_ms >= 0 && trace->first_ms < midnight_ms ? trace->first_ms : midnight_ms;
}

/* How far into the trace the first `start` of a week is; where there is none, how far before its
 * first job, if it has begun by then. */
static int64_t entry_ms(const struct scenario *scenario)
{
    const struct trace *trace = &scenario->fleet.workload.arrivals.trace;
    int64_t first_ms = (trace->first_ms + origin_ms(trace)) % (7 * UNITS_DAY);
    int64_t from_ms = (scenario->start_ms - first_ms + 14 * UNITS_DAY) % (7 * UNITS_DAY);
    bool ends = trace->n == 0 || trace->submit_ms[trace->n - 1] < from_ms;
    return ends && 7 * UNITS_DAY - from_ms <= lead_ms(trace) ? from_ms - 7 * UNITS_DAY : from_ms;
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

/* Left out: until the recovery is over, whatever follows in a trace. Faults may strike late in it;
 * where nobody knows when, all of it is run. */
static void set_duration(struct scenario *scenario)
{
    bool trace = scenario->fleet.workload.arrivals.kind == ARRIVALS_TRACE;
    double latest_ms = 0;
    int i;
    if (scenario->duration_ms > 0)
        return;
    scenario->until_recovered = has_an_end(scenario);
    for (i = 0; trace && i < scenario->n_faults; i++) {
        const struct dist *at = &scenario->faults[i].at;
        scenario->until_recovered = scenario->until_recovered && at->kind == DIST_FIXED;
        latest_ms = at->kind == DIST_FIXED ? fmax(latest_ms, at->a) : latest_ms;
    }
    if (scenario->until_recovered)
        scenario->duration_ms = SCENARIO_RECOVERY_MS + (int64_t)latest_ms;
    else if (!trace)
        scenario->duration_ms = UNITS_DAY;
}

static enum und_code check_scenario(struct spec *spec, void *base, json_t *mapping,
                                    const struct spot *whole)
{
    struct scenario *scenario = base;
    struct spot spot = spec_spot(spec, mapping, "warmup", whole);
    char text[UNITS_TEXT];
    set_duration(scenario);
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
