/* The tables of a fleet's workload: arrivals, fan-out, the queue; classes of jobs apart. */
#include "csv.h"
#include "model/base/units.h"
#include "spec_tables.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const arrivals_kinds[] = {"none", "poisson", "renewal", "trace", NULL};
static const char *const fan_out_kinds[] = {"fixed", "geometric", "empirical", NULL};
static const char *const on_failures[] = {"fail", "rerun", "resume", NULL};

static const struct field weight = {.kind = FIELD_NUMBER, RANGE(0, 1e9)};

#define ARRIVALS(member) AT(struct workload, arrivals.member)

static const struct field modulation_fields[] = {
    {.key = "cv2",
     .kind = FIELD_NUMBER,
     ARRIVALS(modulation.cv2),
     RANGE(0, 100),
     .required = true,
     .help = "squared coefficient of variation of the factor; 0: none"},
    {.key = "every",
     .kind = FIELD_DURATION,
     ARRIVALS(modulation.every_ms),
     RANGE((double)UNITS_MINUTE, (double)(7 * UNITS_DAY)),
     .fallback = "1h",
     .help = "how long a factor lasts"},
    {.key = NULL},
};

static const struct table modulation_table = {
    .name = "modulation",
    .help = "a rate that is itself random: times a gamma variate of mean 1, a new one every so "
            "often, so that counts are negative binomial",
    .fields = modulation_fields,
};

static const struct field arrivals_fields[] = {
    {.key = "kind",
     .kind = FIELD_ENUM,
     ARRIVALS(kind),
     .names = arrivals_kinds,
     .fallback = "poisson",
     .help = "how runs arrive"},
    {.key = "rate",
     .kind = FIELD_RATE,
     ARRIVALS(rate_per_ms),
     RANGE(0, 1000),
     .help = "runs in a time, on average over the profile (poisson)"},
    {.key = "profile",
     .kind = FIELD_LIST,
     ARRIVALS(profile),
     .size = 168,
     .item = &weight,
     .stride = sizeof(double),
     .count_at = offsetof(struct workload, arrivals.n_profile),
     .wanted = "24 or ",
     .help = "relative rates by hour: 24 of a day, or 168 of a week from Monday 0:00"},
    {.key = "amplitude",
     .kind = FIELD_SHARE,
     ARRIVALS(amplitude),
     RANGE(0, 1),
     .fallback = "0",
     .help = "sinusoidal day: the rate swings by this share around its mean"},
    {.key = "modulation",
     .kind = FIELD_TABLE,
     .table = &modulation_table,
     .help = "busy and quiet spells beyond the profile (poisson)"},
    {.key = "interval",
     .kind = FIELD_DIST,
     ARRIVALS(interval),
     .help = "time between runs (renewal)"},
    {.key = "file",
     .kind = FIELD_TEXT,
     TEXT(struct workload, arrivals.trace.path),
     .help = "CSV file with submit_s,duration_s and optionally class (trace), relative to the file "
             "that names it"},
    {.key = "origin",
     .kind = FIELD_DURATION,
     ARRIVALS(trace.origin_ms),
     RANGE(0, (double)(7 * UNITS_DAY)),
     .help = "time of the week of the trace's second 0, from Monday 0:00, for a scenario with "
             "`start` (trace); left out: Monday 0:00, or as the clock has it where the seconds are "
             "those since 1970"},
    {.key = NULL},
};

static void init_arrivals(void *base)
{
    struct workload *workload = base;
    workload->arrivals.trace.origin_ms = -1;
}

static enum und_code check_profile(struct spec *spec, const struct workload *workload,
                                   json_t *mapping, const struct spot *whole)
{
    double sum = 0;
    int i, n = workload->arrivals.n_profile;
    char why[80];
    for (i = 0; i < n; i++)
        sum += workload->arrivals.profile[i];
    snprintf(why, sizeof why, "got %d weights, want 24 or 168", n);
    if (n != 0 && n != 24 && n != 168)
        return spec_fail_key(spec, mapping, whole, "profile", why);
    if (n != 0 && sum <= 0)
        return spec_fail_key(spec, mapping, whole, "profile", "all weights are 0");
    if (n != 0 && workload->arrivals.amplitude > 0)
        return spec_fail_key(spec, mapping, whole, "amplitude", "goes without profile");
    return UND_OK;
}

static enum und_code check_arrivals(struct spec *spec, void *base, json_t *mapping,
                                    const struct spot *whole)
{
    static const struct {
        const char *key;
        enum arrivals_kind kind;
        bool needed;
    } keys[] = {
        {"rate", ARRIVALS_POISSON, true},       {"profile", ARRIVALS_POISSON, false},
        {"amplitude", ARRIVALS_POISSON, false}, {"modulation", ARRIVALS_POISSON, false},
        {"interval", ARRIVALS_RENEWAL, true},   {"file", ARRIVALS_TRACE, true},
        {"origin", ARRIVALS_TRACE, false},
    };
    const struct workload *workload = base;
    enum arrivals_kind kind = workload->arrivals.kind;
    char why[80];
    size_t i;
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        bool given = json_object_get(mapping, keys[i].key) != NULL;
        bool belongs = kind == keys[i].kind;
        snprintf(why, sizeof why, given ? "goes with %s arrivals only" : "missing for %s arrivals",
                 arrivals_kinds[keys[i].kind]);
        if (given ? !belongs : belongs && keys[i].needed)
            return spec_fail_key(spec, mapping, whole, keys[i].key, why);
    }
    if (kind == ARRIVALS_RENEWAL && !(dist_mean(&workload->arrivals.interval) > 0))
        return spec_fail_key(spec, mapping, whole, "interval", "want a mean of more than 0s");
    return check_profile(spec, workload, mapping, whole);
}

static const struct table arrivals_table = {
    .name = "arrivals",
    .help = "when workflow runs are triggered",
    .fields = arrivals_fields,
    .init = init_arrivals,
    .check = check_arrivals,
    .rules =
        "{dependentSchemas: {profile: {properties: {profile: {anyOf: [{maxItems: 0}, "
        "{minItems: 24, maxItems: 24}, {minItems: 168, maxItems: 168}], "
        "not: {minItems: 1, items: {const: 0}}}}}}, "
        "allOf: ["
        "{if: {properties: {kind: {const: poisson}}}, then: {required: [rate], properties: "
        "{interval: false, file: false, origin: false}}}, "
        "{if: {properties: {kind: {const: renewal}}, required: [kind]}, then: {required: "
        "[interval], properties: {rate: false, profile: false, amplitude: false, modulation: "
        "false, file: false, "
        "origin: false}}}, "
        "{if: {properties: {kind: {const: trace}}, required: [kind]}, then: {required: [file], "
        "properties: {rate: false, profile: false, amplitude: false, modulation: false, interval: "
        "false}}}, "
        "{if: {properties: {kind: {const: none}}, required: [kind]}, then: {properties: {rate: "
        "false, profile: false, amplitude: false, modulation: false, interval: false, file: false, "
        "origin: "
        "false}}}]}",
};

static const struct field fan_out_fields[] = {
    {.key = "kind",
     .kind = FIELD_ENUM,
     AT(struct workload, fan_out.kind),
     .names = fan_out_kinds,
     .fallback = "fixed",
     .help = "distribution of the number of jobs"},
    {.key = "mean",
     .kind = FIELD_NUMBER,
     AT(struct workload, fan_out.mean),
     RANGE(1, 10000),
     .fallback = "1",
     .help = "jobs a run, on average (fixed: exactly)"},
    {.key = "weights",
     .kind = FIELD_LIST,
     AT(struct workload, fan_out.weights),
     .size = 64,
     .item = &weight,
     .stride = sizeof(double),
     .count_at = offsetof(struct workload, fan_out.n_weights),
     .help = "relative frequencies of 1, 2, 3 ... jobs (empirical)"},
    {.key = NULL},
};

static enum und_code check_fan_out(struct spec *spec, void *base, json_t *mapping,
                                   const struct spot *whole)
{
    struct workload *workload = base;
    enum fan_out_kind kind = workload->fan_out.kind;
    double sum = 0, jobs = 0;
    int i;
    for (i = 0; i < workload->fan_out.n_weights; i++) {
        sum += workload->fan_out.weights[i];
        jobs += (i + 1) * workload->fan_out.weights[i];
    }
    if (kind == FAN_OUT_FIXED && workload->fan_out.mean != floor(workload->fan_out.mean))
        return spec_fail_key(spec, mapping, whole, "mean", "want a whole number, as kind is fixed");
    if (kind != FAN_OUT_EMPIRICAL && workload->fan_out.n_weights > 0)
        return spec_fail_key(spec, mapping, whole, "weights", "goes with kind empirical only");
    if (kind != FAN_OUT_EMPIRICAL)
        return UND_OK;
    if (json_object_get(mapping, "mean") != NULL)
        return spec_fail_key(spec, mapping, whole, "mean",
                             "follows from the weights, leave it out");
    if (sum <= 0)
        return spec_fail_key(spec, mapping, whole, "weights",
                             "all weights are 0, or none are there");
    workload->fan_out.mean = jobs / sum;
    return UND_OK;
}

static const struct table fan_out_table = {
    .name = "fan_out",
    .help = "jobs a run",
    .fields = fan_out_fields,
    .check = check_fan_out,
    .rules = "{if: {properties: {kind: {const: fixed}}}, then: {properties: {mean: {type: "
             "integer}}}}",
};

static enum und_code read_capacity(struct spec *spec, const struct field *field, void *to,
                                   json_t *value, const struct spot *spot)
{
    const char *text = json_string_value(value);
    (void)field;
    *(int64_t *)to = -1;
    if (text != NULL && strcmp(text, "unlimited") == 0)
        return UND_OK;
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > 1000000000)
        return spec_refuse(spec, spot, value, "0..1000000000 or unlimited");
    *(int64_t *)to = json_integer_value(value);
    return UND_OK;
}

static const struct field queue_fields[] = {
    {.key = "capacity",
     .kind = FIELD_CUSTOM,
     AT(struct workload, queue.capacity),
     .read = read_capacity,
     .fallback = "unlimited",
     .schema = "{anyOf: [{type: integer, minimum: 0, maximum: 1000000000}, {const: unlimited}]}",
     .help = "jobs that may wait; one more is refused"},
    {.key = "patience",
     .kind = FIELD_DIST,
     AT(struct workload, queue.patience),
     HAS(struct workload, queue.has_patience),
     .help = "how long a job waits before it is given up; left out: for ever"},
    {.key = NULL},
};

static const struct table queue_table = {
    .name = "queue",
    .help = "limits of the queue",
    .fields = queue_fields,
};

static const struct field a_class = {.kind = FIELD_TABLE, .table = &spec_class};

static const struct field workload_fields[] = {
    {.key = "arrivals",
     .kind = FIELD_TABLE,
     .table = &arrivals_table,
     .required = true,
     .help = "when workflow runs are triggered"},
    {.key = "fan_out",
     .kind = FIELD_TABLE,
     .table = &fan_out_table,
     .fallback = "{}",
     .help = "jobs a run"},
    {.key = "classes",
     .kind = FIELD_LIST,
     AT(struct workload, classes),
     .size = FLEET_CLASSES,
     .item = &a_class,
     .stride = sizeof(struct job_class),
     .count_at = offsetof(struct workload, n_classes),
     .help = "classes of jobs; needed unless a trace brings the durations"},
    {.key = "queue",
     .kind = FIELD_TABLE,
     .table = &queue_table,
     .fallback = "{}",
     .help = "limits of the queue"},
    {.key = "on_failure",
     .kind = FIELD_ENUM,
     AT(struct workload, on_failure),
     .names = on_failures,
     .fallback = "fail",
     .help = "a job whose host dies: fails, is run again from the start with a new duration, or "
             "resumes where it was"},
    {.key = NULL},
};

static enum und_code load_trace(struct spec *spec, struct workload *workload, json_t *mapping,
                                const struct spot *whole)
{
    struct trace *trace = &workload->arrivals.trace;
    json_t *arrivals = json_object_get(mapping, "arrivals");
    struct spot spot = spec_spot(spec, arrivals, "file", whole);
    char path[DOC_PATH];
    if (doc_relative(&spot, trace->path, path, spec->err) != UND_OK)
        return UND_USAGE;
    return csv_trace(trace, path, workload->classes, workload->n_classes, spec->err);
}

static enum und_code check_workload(struct spec *spec, void *base, json_t *mapping,
                                    const struct spot *whole)
{
    struct workload *workload = base;
    if (spec_check_classes(spec, workload, mapping, whole) != UND_OK)
        return UND_USAGE;
    if (workload->n_classes == 0 && workload->arrivals.kind == ARRIVALS_POISSON)
        return spec_fail_key(spec, mapping, whole, "classes",
                             "missing: at least one class of jobs");
    if (workload->n_classes == 0 && workload->arrivals.kind == ARRIVALS_RENEWAL)
        return spec_fail_key(spec, mapping, whole, "classes",
                             "missing: at least one class of jobs");
    if (workload->arrivals.kind == ARRIVALS_TRACE &&
        load_trace(spec, workload, mapping, whole) != UND_OK)
        return UND_USAGE;
    if (workload->n_classes == 0) { /* the jobs of a trace without classes are all of one */
        struct spot spot = *whole;
        json_t *nothing = json_null();
        workload->n_classes = 1;
        return spec_read(spec, &spec_class, &workload->classes[0], nothing, &spot);
    }
    return UND_OK;
}

const struct table spec_workload = {
    .name = "workload",
    .help = "what the fleet has to run",
    .fields = workload_fields,
    .check = check_workload,
    .rules = "{anyOf: [{required: [classes], properties: {classes: {minItems: 1}}}, {properties: "
             "{arrivals: {properties: {kind: {enum: [trace, none]}}, required: [kind]}}}], "
             "if: {not: {required: [arrivals], properties: {arrivals: {required: [kind], "
             "properties: {kind: {const: trace}}}}}}, "
             "then: {properties: {classes: {items: {required: [duration]}}}}}",
};
