/* The tables of a fleet file: hosts, workload, policy and the rest; monitoring in its own file. */
#include "csv.h"
#include "spec.h"
#include "spec_tables.h"
#include "units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const tiers[] = {"primary", "backup", NULL};
static const char *const arrivals_kinds[] = {"none", "poisson", "renewal", "trace", NULL};
static const char *const fan_out_kinds[] = {"fixed", "geometric", "empirical", NULL};
static const char *const on_failures[] = {"fail", "rerun", "resume", NULL};
static const char *const mechanisms[] = {"label", "variable", "hook", NULL};
static const char *const selections[] = {"random", "priority", NULL};

/* --- hosts --- */

static const struct field label = {.kind = FIELD_TEXT, .size = FLEET_NAME};

static const struct field host_fields[] = {
    {.key = "name",
     .kind = FIELD_TEXT,
     TEXT(struct host, name),
     .required = true,
     .help = "name of the host, as its monitoring target is called"},
    {.key = "tier",
     .kind = FIELD_ENUM,
     AT(struct host, tier),
     .names = tiers,
     .fallback = "primary",
     .help = "backups take over"},
    {.key = "slots",
     .kind = FIELD_INT,
     AT(struct host, slots),
     RANGE(1, FLEET_SLOTS),
     .required = true,
     .help = "runner registrations; each runs one job at a time"},
    {.key = "speed",
     .kind = FIELD_NUMBER,
     AT(struct host, speed),
     RANGE(0.01, 100),
     .fallback = "1",
     .help = "a job of 10 min takes 10 min / speed here"},
    {.key = "registrations",
     .kind = FIELD_TEXT,
     TEXT(struct host, registrations),
     .help = "name pattern of its registrations at GitHub (live drills)"},
    {.key = "probe",
     .kind = FIELD_TEXT,
     TEXT(struct host, probe),
     .help = "URL or address:port of an independent probe (live drills)"},
    {.key = "labels",
     .kind = FIELD_LIST,
     AT(struct host, labels),
     .size = FLEET_LABELS,
     .item = &label,
     .stride = FLEET_NAME,
     .count_at = offsetof(struct host, n_labels),
     .help = "labels of its registrations"},
    {.key = "cores",
     .kind = FIELD_INT,
     AT(struct host, cores),
     RANGE(1, 4096),
     .fallback = "8",
     .help = "CPU cores"},
    {.key = "memory",
     .kind = FIELD_SIZE,
     AT(struct host, memory_bytes),
     RANGE(1e6, 1e15),
     .fallback = "32GB",
     .help = "memory"},
    {.key = "mtbf",
     .kind = FIELD_DIST,
     AT(struct host, mtbf),
     HAS(struct host, has_mtbf),
     .mean = true,
     .help = "time between random power losses; a plain duration is the mean of an exponential "
             "one. Left out: none happen"},
    {.key = "mttr",
     .kind = FIELD_DIST,
     AT(struct host, mttr),
     .mean = true,
     .help = "time to repair one; goes with mtbf"},
    {.key = NULL},
};

static enum und_code check_host(struct spec *spec, void *base, json_t *mapping,
                                const struct spot *whole)
{
    const struct host *host = base;
    bool has_mttr = json_object_get(mapping, "mttr") != NULL;
    struct spot spot = spec_spot(spec, mapping, has_mttr ? "mtbf" : "mttr", whole);
    if (has_mttr != host->has_mtbf)
        return doc_fail(&spot, spec->err, "missing: mtbf and mttr go together");
    spot = spec_spot(spec, mapping, "mtbf", whole);
    if (host->has_mtbf && !(dist_mean(&host->mtbf) >= 1000))
        return doc_fail(&spot, spec->err, "want a mean of at least 1s");
    return UND_OK;
}

static const struct table host_table = {
    .name = "host",
    .help = "a machine that runs jobs",
    .fields = host_fields,
    .check = check_host,
};

/* --- workload --- */

static const struct field weight = {.kind = FIELD_NUMBER, RANGE(0, 1e9)};

#define ARRIVALS(member) AT(struct workload, arrivals.member)

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
     .help = "relative rates by hour: 24 of a day, or 168 of a week from Monday 0:00"},
    {.key = "amplitude",
     .kind = FIELD_SHARE,
     ARRIVALS(amplitude),
     RANGE(0, 1),
     .fallback = "0",
     .help = "sinusoidal day: the rate swings by this share around its mean"},
    {.key = "interval",
     .kind = FIELD_DIST,
     ARRIVALS(interval),
     .help = "time between runs (renewal)"},
    {.key = "file",
     .kind = FIELD_TEXT,
     TEXT(struct workload, arrivals.trace.path),
     .help = "CSV file with submit_s,duration_s and optionally class (trace), relative to the file "
             "that names it"},
    {.key = NULL},
};

static enum und_code refuse_extra(struct spec *spec, json_t *mapping, const struct spot *whole,
                                  const char *key, const char *why)
{
    struct spot spot = spec_spot(spec, mapping, key, whole);
    return doc_fail(&spot, spec->err, "%s", why);
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
        return refuse_extra(spec, mapping, whole, "profile", why);
    if (n != 0 && sum <= 0)
        return refuse_extra(spec, mapping, whole, "profile", "all weights are 0");
    if (n != 0 && workload->arrivals.amplitude > 0)
        return refuse_extra(spec, mapping, whole, "amplitude", "goes without profile");
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
        {"amplitude", ARRIVALS_POISSON, false}, {"interval", ARRIVALS_RENEWAL, true},
        {"file", ARRIVALS_TRACE, true},
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
            return refuse_extra(spec, mapping, whole, keys[i].key, why);
    }
    if (kind == ARRIVALS_RENEWAL && !(dist_mean(&workload->arrivals.interval) > 0))
        return refuse_extra(spec, mapping, whole, "interval", "want a mean of more than 0s");
    return check_profile(spec, workload, mapping, whole);
}

static const struct table arrivals_table = {
    .name = "arrivals",
    .help = "when workflow runs are triggered",
    .fields = arrivals_fields,
    .check = check_arrivals,
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
        return refuse_extra(spec, mapping, whole, "mean", "want a whole number, as kind is fixed");
    if (kind != FAN_OUT_EMPIRICAL && workload->fan_out.n_weights > 0)
        return refuse_extra(spec, mapping, whole, "weights", "goes with kind empirical only");
    if (kind != FAN_OUT_EMPIRICAL)
        return UND_OK;
    if (json_object_get(mapping, "mean") != NULL)
        return refuse_extra(spec, mapping, whole, "mean", "follows from the weights, leave it out");
    if (sum <= 0)
        return refuse_extra(spec, mapping, whole, "weights",
                            "all weights are 0, or none are there");
    workload->fan_out.mean = jobs / sum;
    return UND_OK;
}

static const struct table fan_out_table = {
    .name = "fan_out",
    .help = "jobs a run",
    .fields = fan_out_fields,
    .check = check_fan_out,
};

static const struct field class_fields[] = {
    {.key = "name",
     .kind = FIELD_TEXT,
     TEXT(struct job_class, name),
     .fallback = "job",
     .help = "name of the class"},
    {.key = "weight",
     .kind = FIELD_NUMBER,
     AT(struct job_class, weight),
     RANGE(0, 1e9),
     .fallback = "1",
     .help = "relative frequency"},
    {.key = "duration",
     .kind = FIELD_DIST,
     AT(struct job_class, duration),
     .help = "how long its jobs run; a trace brings its own"},
    {.key = "timeout",
     .kind = FIELD_DURATION,
     AT(struct job_class, timeout_ms),
     RANGE(0, (double)(5 * UNITS_DAY)),
     .fallback = "0",
     .help = "timeout-minutes: a job that runs longer fails; 0: none"},
    {.key = "priority",
     .kind = FIELD_INT,
     AT(struct job_class, priority),
     RANGE(-1000, 1000),
     .fallback = "0",
     .help = "higher goes first, without preemption; GitHub has none"},
    {.key = "cores",
     .kind = FIELD_NUMBER,
     AT(struct job_class, cores),
     RANGE(0, 4096),
     .fallback = "1",
     .help = "CPU cores that a running job keeps busy"},
    {.key = "memory",
     .kind = FIELD_SIZE,
     AT(struct job_class, memory_bytes),
     RANGE(0, 1e15),
     .fallback = "0",
     .help = "memory that a running job uses"},
    {.key = NULL},
};

static const struct table class_table = {
    .name = "class",
    .help = "a class of jobs",
    .fields = class_fields,
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

static const struct field a_class = {.kind = FIELD_TABLE, .table = &class_table};

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

static enum und_code check_classes(struct spec *spec, const struct workload *workload, json_t *list)
{
    double sum = 0;
    int i, j;
    struct spot spot;
    for (i = 0; i < workload->n_classes; i++) {
        json_t *mapping = json_array_get(list, (size_t)i);
        spot = doc_item(spec->doc, list, (size_t)i, "classes");
        sum += workload->classes[i].weight;
        if (workload->arrivals.kind != ARRIVALS_TRACE && !json_object_get(mapping, "duration"))
            return refuse_extra(spec, mapping, &spot, "duration", "missing: how long its jobs run");
        for (j = 0; j < i; j++)
            if (strcmp(workload->classes[i].name, workload->classes[j].name) == 0)
                return refuse_extra(spec, mapping, &spot, "name",
                                    "a class of this name is there "
                                    "already");
    }
    spot = doc_item(spec->doc, list, 0, "classes");
    if (workload->n_classes > 0 && sum <= 0)
        return doc_fail(&spot, spec->err, "all weights are 0");
    return UND_OK;
}

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
    if (check_classes(spec, workload, json_object_get(mapping, "classes")) != UND_OK)
        return UND_USAGE;
    if (workload->n_classes == 0 && workload->arrivals.kind == ARRIVALS_POISSON)
        return refuse_extra(spec, mapping, whole, "classes", "missing: at least one class of jobs");
    if (workload->n_classes == 0 && workload->arrivals.kind == ARRIVALS_RENEWAL)
        return refuse_extra(spec, mapping, whole, "classes", "missing: at least one class of jobs");
    if (workload->arrivals.kind == ARRIVALS_TRACE &&
        load_trace(spec, workload, mapping, whole) != UND_OK)
        return UND_USAGE;
    if (workload->n_classes == 0) { /* the jobs of a trace without classes are all of one */
        struct spot spot = *whole;
        json_t *nothing = json_null();
        workload->n_classes = 1;
        return spec_read(spec, &class_table, &workload->classes[0], nothing, &spot);
    }
    return UND_OK;
}

static const struct table workload_table = {
    .name = "workload",
    .help = "what the fleet has to run",
    .fields = workload_fields,
    .check = check_workload,
};

/* --- GitHub; sources: the README's page on GitHub's behaviour --- */

static const struct field github_fields[] = {
    {.key = "pickup",
     .kind = FIELD_DIST,
     AT(struct github, pickup),
     .fallback = "{kind: lognormal, p50: 4s, p95: 8s}",
     .help = "job assigned to an idle runner, to job started"},
    {.key = "offline_after",
     .kind = FIELD_DIST,
     AT(struct github, offline_after),
     .fallback = "{kind: uniform, min: 60s, max: 150s}",
     .help = "death of a host, to its registrations shown offline"},
    {.key = "sweep",
     .kind = FIELD_DIST,
     AT(struct github, sweep),
     .fallback = "{kind: uniform, min: 0s, max: 15s}",
     .help = "expiry of a job's lock, to the job's failure"},
    {.key = "lock",
     .kind = FIELD_DURATION,
     AT(struct github, lock_ms),
     RANGE(0, (double)UNITS_DAY),
     .fallback = "10min",
     .help = "validity of a job's lock"},
    {.key = "renewal",
     .kind = FIELD_DURATION,
     AT(struct github, renewal_ms),
     RANGE(1, (double)UNITS_DAY),
     .fallback = "60s",
     .help = "how often a runner renews its lock"},
    {.key = "requeue_after",
     .kind = FIELD_DURATION,
     AT(struct github, requeue_after_ms),
     RANGE(0, (double)UNITS_DAY),
     .fallback = "60s",
     .help = "a job assigned but not picked up goes back to the queue"},
    {.key = "queue_limit",
     .kind = FIELD_DURATION,
     AT(struct github, queue_limit_ms),
     RANGE(1, (double)(365 * UNITS_DAY)),
     .fallback = "24h",
     .help = "a job that waited this long fails"},
    {.key = "write_spacing",
     .kind = FIELD_DURATION,
     AT(struct github, write_spacing_ms),
     RANGE(0, (double)UNITS_HOUR),
     .fallback = "1s",
     .help = "between two writes of the controller"},
    {.key = "api_latency",
     .kind = FIELD_DIST,
     AT(struct github, api_latency),
     .fallback = "{kind: lognormal, p50: 300ms, p95: 1s}",
     .help = "one call of the API"},
    {.key = "lost_slots",
     .kind = FIELD_SHARE,
     AT(struct github, lost_slots),
     RANGE(0, 1),
     .fallback = "0",
     .help = "chance that a registration stays down after its host has rebooted"},
    {.key = "session_retry",
     .kind = FIELD_DURATION,
     AT(struct github, session_retry_ms),
     RANGE(1, (double)UNITS_DAY),
     .fallback = "30s",
     .help = "how often a rebooted registration retries its session"},
    {.key = "session_limit",
     .kind = FIELD_DURATION,
     AT(struct github, session_limit_ms),
     RANGE(0, (double)UNITS_DAY),
     .fallback = "240s",
     .help = "and when it gives up"},
    {.key = "mechanism",
     .kind = FIELD_ENUM,
     AT(struct github, mechanism),
     .names = mechanisms,
     .fallback = "label",
     .help = "how the controller moves jobs"},
    {.key = "selection",
     .kind = FIELD_ENUM,
     AT(struct github, selection),
     .names = selections,
     .fallback = "random",
     .help = "choice among idle runners; GitHub's is random"},
    {.key = "fast_recovery",
     .kind = FIELD_BOOL,
     AT(struct github, fast_recovery),
     .fallback = "true",
     .help = "after a failover, force-cancel and re-run what ran on the lost host"},
    {.key = NULL},
};

static const struct table github_table = {
    .name = "github",
    .help = "how GitHub behaves. Left out: an ideal dispatcher without delays",
    .fields = github_fields,
};

/* --- policy, controller, objectives --- */

static const struct field failback_fields[] = {
    {.key = "ramp",
     .kind = FIELD_DURATION,
     AT(struct policy_config, ramp_ms),
     RANGE(0, (double)UNITS_DAY),
     .fallback = "10min",
     .help = "from the first to the last slot"},
    {.key = "clear_for",
     .kind = FIELD_DURATION,
     AT(struct policy_config, clear_for_ms),
     RANGE(0, (double)UNITS_DAY),
     .fallback = "0s",
     .help = "the evidence must be gone this long before failback"},
    {.key = "health_checks",
     .kind = FIELD_INT,
     AT(struct policy_config, health_checks),
     RANGE(0, 100),
     .fallback = "1",
     .help = "consecutive passes that failback needs"},
    {.key = NULL},
};

static const struct table failback_table = {
    .name = "failback", .help = "how a host comes back", .fields = failback_fields};

static const struct field guard_fields[] = {
    {.key = "max_failovers_per_hour",
     .kind = FIELD_INT,
     AT(struct policy_config, max_failovers),
     RANGE(1, POLICY_FAILOVER_LOG),
     .fallback = "3",
     .help = "more is flapping"},
    {.key = "block",
     .kind = FIELD_DURATION,
     AT(struct policy_config, block_ms),
     RANGE(0, (double)(30 * UNITS_DAY)),
     .fallback = "1h",
     .help = "a flapping host stays out"},
    {.key = "stale_after",
     .kind = FIELD_DURATION,
     AT(struct policy_config, stale_after_ms),
     RANGE(1000, (double)UNITS_DAY),
     .fallback = "2min",
     .help = "evidence older than this moves nothing"},
    {.key = "grace",
     .kind = FIELD_DURATION,
     AT(struct policy_config, grace_ms),
     RANGE(0, (double)UNITS_DAY),
     .fallback = "2min",
     .help = "no failover so soon after the controller's start"},
    {.key = NULL},
};

static const struct table guard_table = {
    .name = "guard", .help = "what holds the policy back", .fields = guard_fields};

static const struct field policy_fields[] = {
    {.key = "persist",
     .kind = FIELD_DURATION,
     AT(struct policy_config, persist_ms),
     RANGE(0, (double)UNITS_DAY),
     .fallback = "5min",
     .help = "trouble must persist this long before failover"},
    {.key = "confirm",
     .kind = FIELD_INT,
     AT(struct policy_config, confirm),
     RANGE(1, 100),
     .fallback = "3",
     .help = "consecutive offline readings that make evidence"},
    {.key = "failback",
     .kind = FIELD_TABLE,
     .table = &failback_table,
     .fallback = "{}",
     .help = "how a host comes back"},
    {.key = "guard",
     .kind = FIELD_TABLE,
     .table = &guard_table,
     .fallback = "{}",
     .help = "what holds the policy back"},
    {.key = "severities",
     .kind = FIELD_ENUM_SET,
     AT(struct policy_config, severities),
     .names = spec_severities,
     .fallback = "[critical]",
     .help = "alerts that move jobs"},
    {.key = "page_after",
     .kind = FIELD_DURATION,
     AT(struct policy_config, page_after_ms),
     RANGE(0, (double)UNITS_DAY),
     .fallback = "5min",
     .help = "a human is paged when no host has been healthy for this long"},
    {.key = "overflow",
     .kind = FIELD_BOOL,
     AT(struct policy_config, overflow),
     .fallback = "true",
     .help = "backups serve in normal times as well"},
    {.key = NULL},
};

static const struct table policy_table = {
    .name = "policy",
    .help = "when jobs move, and when they move back. Left out: never",
    .fields = policy_fields,
};

static const struct field controller_fields[] = {
    {.key = "github_poll",
     .kind = FIELD_DURATION,
     AT(struct controller, github_poll_ms),
     RANGE(100, (double)UNITS_DAY),
     .fallback = "20s",
     .help = "between two readings of GitHub"},
    {.key = "alerts_poll",
     .kind = FIELD_DURATION,
     AT(struct controller, alerts_poll_ms),
     RANGE(100, (double)UNITS_DAY),
     .fallback = "15s",
     .help = "between two readings of the alerts"},
    {.key = "probe_interval",
     .kind = FIELD_DURATION,
     AT(struct controller, probe_interval_ms),
     RANGE(100, (double)UNITS_DAY),
     .fallback = "10s",
     .help = "between two probes of a host"},
    {.key = "probe_misses",
     .kind = FIELD_INT,
     AT(struct controller, probe_misses),
     RANGE(1, 100),
     .fallback = "3",
     .help = "consecutive misses that make a host down"},
    {.key = "health_interval",
     .kind = FIELD_DURATION,
     AT(struct controller, health_interval_ms),
     RANGE(1000, (double)UNITS_DAY),
     .fallback = "1min",
     .help = "between two health checks"},
    {.key = "webhook",
     .kind = FIELD_BOOL,
     AT(struct controller, webhook),
     .fallback = "true",
     .help = "Alertmanager notifies the controller"},
    {.key = "manual_repair",
     .kind = FIELD_DIST,
     AT(struct controller, manual_repair),
     .fallback = "30min",
     .help = "page to service restored by a human, when no host is left"},
    {.key = NULL},
};

static const struct table controller_table = {
    .name = "controller", .help = "how often the controller looks", .fields = controller_fields};

static const struct field objectives_fields[] = {
    {.key = "availability",
     .kind = FIELD_SHARE,
     AT(struct objectives, availability),
     RANGE(0, 1),
     .help = "share of time with at least one slot able to take a job"},
    {.key = "job_success",
     .kind = FIELD_SHARE,
     AT(struct objectives, job_success),
     RANGE(0, 1),
     .help = "share of jobs that succeed at the first attempt"},
    {.key = "mttd",
     .kind = FIELD_DURATION,
     AT(struct objectives, mttd_ms),
     RANGE(0, (double)(30 * UNITS_DAY)),
     .help = "mean time to detect"},
    {.key = "mttr",
     .kind = FIELD_DURATION,
     AT(struct objectives, mttr_ms),
     RANGE(0, (double)(30 * UNITS_DAY)),
     .help = "mean time to recover"},
    {.key = "failover_success",
     .kind = FIELD_SHARE,
     AT(struct objectives, failover_success),
     RANGE(0, 1),
     .help = "share of due failovers that complete in time"},
    {.key = NULL},
};

static void init_objectives(void *base)
{
    struct objectives *objectives = base;
    objectives->availability = objectives->job_success = objectives->failover_success = NAN;
    objectives->mttd_ms = objectives->mttr_ms = -1;
}

static const struct table objectives_table = {
    .name = "objectives",
    .help = "service level objectives",
    .fields = objectives_fields,
    .init = init_objectives,
};

/* --- the fleet --- */

static const struct field a_host = {.kind = FIELD_TABLE, .table = &host_table};

static const struct field fleet_fields[] = {
    {.key = "hosts",
     .kind = FIELD_LIST,
     AT(struct fleet, hosts),
     .size = FLEET_HOSTS,
     .item = &a_host,
     .stride = sizeof(struct host),
     .count_at = offsetof(struct fleet, n_hosts),
     .required = true,
     .help = "the machines that run jobs"},
    {.key = "workload",
     .kind = FIELD_TABLE,
     AT(struct fleet, workload),
     .table = &workload_table,
     .required = true,
     .help = "what they have to run"},
    {.key = "github",
     .kind = FIELD_TABLE,
     AT(struct fleet, github),
     HAS(struct fleet, github.present),
     .table = &github_table,
     .help = "how GitHub behaves. Left out: an ideal dispatcher without delays"},
    {.key = "monitoring",
     .kind = FIELD_TABLE,
     AT(struct fleet, monitoring),
     HAS(struct fleet, monitoring.present),
     .table = &spec_monitoring,
     .help = "Prometheus. Left out: no alerts"},
    {.key = "alertmanager",
     .kind = FIELD_TABLE,
     AT(struct fleet, alertmanager),
     HAS(struct fleet, alertmanager.present),
     .table = &spec_alertmanager,
     .help = "Alertmanager. Left out: no notifications"},
    {.key = "policy",
     .kind = FIELD_TABLE,
     AT(struct fleet, policy),
     HAS(struct fleet, has_policy),
     .table = &policy_table,
     .help = "when jobs move, and when they move back. Left out: never"},
    {.key = "controller",
     .kind = FIELD_TABLE,
     AT(struct fleet, controller),
     .table = &controller_table,
     .fallback = "{}",
     .help = "how often the controller looks"},
    {.key = "objectives",
     .kind = FIELD_TABLE,
     AT(struct fleet, objectives),
     .table = &objectives_table,
     .fallback = "{}",
     .help = "service level objectives"},
    {.key = NULL},
};

static enum und_code check_fleet(struct spec *spec, void *base, json_t *mapping,
                                 const struct spot *whole)
{
    const struct fleet *fleet = base;
    json_t *list = json_object_get(mapping, "hosts");
    struct spot spot;
    bool primary = false;
    int i, j;
    for (i = 0; i < fleet->n_hosts; i++) {
        spot = doc_item(spec->doc, list, (size_t)i, "hosts");
        primary |= fleet->hosts[i].tier == TIER_PRIMARY;
        for (j = 0; j < i; j++)
            if (strcmp(fleet->hosts[i].name, fleet->hosts[j].name) == 0)
                return refuse_extra(spec, json_array_get(list, (size_t)i), &spot, "name",
                                    "a host of this name is there already");
    }
    spot = spec_spot(spec, mapping, "hosts", whole);
    if (!primary)
        return doc_fail(&spot, spec->err, "no host has tier primary, want at least one");
    return UND_OK;
}

const struct table spec_fleet = {
    .name = "fleet",
    .help = "hosts, workload, GitHub, monitoring, policy and objectives",
    .fields = fleet_fields,
    .check = check_fleet,
};
