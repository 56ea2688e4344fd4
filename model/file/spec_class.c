/* The table of a class of jobs; classes against each other and against the hosts. */
#include "model/base/units.h"
#include "spec_tables.h"

#include <string.h>
#include <strings.h>

#define NAMES_SCHEMA                                                                               \
    "{anyOf: [{type: string, minLength: 1, maxLength: 63}, {type: array, minItems: 1, maxItems: "  \
    "16, items: {type: string, minLength: 1, maxLength: 63}}]}"

/* One name, or a list of names, as workflows write them. */
static const json_t *name_at(const json_t *value, size_t i)
{
    if (json_is_array(value))
        return json_array_get(value, i);
    return i == 0 ? value : NULL;
}

static struct spot name_spot(const struct spec *spec, const json_t *value, size_t i,
                             const struct spot *spot, const char *key)
{
    return json_is_array(value) ? doc_item(spec->doc, value, i, key) : *spot;
}

static enum und_code check_names(struct spec *spec, const json_t *value, const struct spot *spot,
                                 const char *key)
{
    size_t i;
    if (json_is_array(value) && (json_array_size(value) == 0 || json_array_size(value) > 16))
        return spec_refuse(spec, spot, value, "a list of 1..16");
    for (i = 0; name_at(value, i) != NULL; i++) {
        struct spot at = name_spot(spec, value, i, spot, key);
        const char *name = json_string_value(name_at(value, i));
        if (name == NULL || *name == '\0' || strlen(name) >= FLEET_NAME)
            return spec_refuse(spec, &at, name_at(value, i), "text of 1..63 bytes");
    }
    return UND_OK;
}

static bool has_label(const struct host *host, const char *label)
{
    int i;
    for (i = 0; i < host->n_labels; i++)
        if (strcasecmp(host->labels[i], label) == 0) /* as GitHub compares them */
            return true;
    return strcasecmp(label, "self-hosted") == 0;
}

/* The hosts have been read before. None may have the labels: that job waits for ever, as it would
 * at GitHub, and the table says so. */
static enum und_code read_runs_on(struct spec *spec, const struct field *field, void *base,
                                  json_t *value, const struct spot *spot)
{
    struct job_class *job_class = base;
    size_t i;
    int host;
    if (check_names(spec, value, spot, field->key) != UND_OK)
        return UND_USAGE;
    job_class->hosts = UINT64_MAX >> (64 - spec->fleet->n_hosts);
    for (i = 0; name_at(value, i) != NULL; i++) {
        const char *label = json_string_value(name_at(value, i));
        memcpy(job_class->runs_on[job_class->n_runs_on++], label, strlen(label) + 1);
        for (host = 0; host < spec->fleet->n_hosts; host++)
            if (!has_label(&spec->fleet->hosts[host], label))
                job_class->hosts &= ~((uint64_t)1 << host);
    }
    return UND_OK;
}

/* Which classes these are is known when all have been read (bind_needs). */
static enum und_code read_needs(struct spec *spec, const struct field *field, void *base,
                                json_t *value, const struct spot *spot)
{
    (void)base;
    return check_names(spec, value, spot, field->key);
}

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
    {.key = "runs_on",
     .kind = FIELD_CUSTOM,
     .read = read_runs_on,
     .refers = true,
     .schema = NAMES_SCHEMA,
     .help = "a label, or a list of labels that a host must have, all of them, to be given its "
             "jobs; every host has self-hosted. Left out: every host"},
    {.key = "jobs",
     .kind = FIELD_INT,
     AT(struct job_class, jobs),
     RANGE(1, 1000),
     .help = "so many of its jobs are in each run, and fan_out and weight have no say; for every "
             "class or for none"},
    {.key = "needs",
     .kind = FIELD_CUSTOM,
     .read = read_needs,
     .schema = NAMES_SCHEMA,
     .help = "a class, or a list of classes: its jobs are created when those of the same run are "
             "done, and fail if one of them failed"},
    {.key = NULL},
};

const struct table spec_class = {
    .name = "class",
    .help = "a class of jobs",
    .fields = class_fields,
    .rules = "{dependentSchemas: {jobs: {properties: {weight: false}}}}",
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
            return spec_fail_key(spec, mapping, &spot, "duration",
                                 "missing: how long its jobs run");
        for (j = 0; j < i; j++)
            if (strcmp(workload->classes[i].name, workload->classes[j].name) == 0)
                return spec_fail_key(spec, mapping, &spot, "name",
                                     "a class of this name is there "
                                     "already");
    }
    spot = doc_item(spec->doc, list, 0, "classes");
    if (workload->n_classes > 0 && sum <= 0)
        return doc_fail(&spot, spec->err, "all weights are 0");
    return UND_OK;
}

static int class_of(const struct workload *workload, const char *name)
{
    int i;
    for (i = 0; i < workload->n_classes; i++)
        if (strcmp(workload->classes[i].name, name) == 0)
            return i;
    return -1;
}

static enum und_code bind_needs(struct spec *spec, struct workload *workload, int i,
                                const json_t *value, const struct spot *spot)
{
    const char *names[FLEET_CLASSES + 1];
    size_t k;
    int j;
    for (j = 0; j < workload->n_classes; j++)
        names[j] = workload->classes[j].name;
    names[j] = NULL;
    for (k = 0; name_at(value, k) != NULL; k++) {
        struct spot at = name_spot(spec, value, k, spot, "needs");
        if ((j = class_of(workload, json_string_value(name_at(value, k)))) < 0)
            return spec_name(spec, name_at(value, k), &at, names) < 0 ? UND_USAGE : UND_OK;
        workload->classes[i].needs |= (uint32_t)1 << j;
    }
    return UND_OK;
}

/* A class that needs itself in the end would never begin. */
static bool is_circular(const struct workload *workload, int i)
{
    uint32_t seen = workload->classes[i].needs, before = 0;
    int j;
    while (seen != before) {
        before = seen;
        for (j = 0; j < workload->n_classes; j++)
            if (seen >> j & 1)
                seen |= workload->classes[j].needs;
    }
    return seen >> i & 1;
}

/* Runs whose jobs are given: what a draw by weight would say of them on average holds exactly. */
static enum und_code check_run(struct spec *spec, struct workload *workload, json_t *mapping,
                               json_t *list, const struct spot *whole)
{
    int i, given = 0, jobs = 0;
    for (i = 0; i < workload->n_classes; i++) {
        given += workload->classes[i].jobs > 0;
        jobs += workload->classes[i].jobs;
    }
    if (given == 0)
        return UND_OK;
    if (json_object_get(mapping, "fan_out") != NULL)
        return spec_fail_key(spec, mapping, whole, "fan_out", "goes without `jobs` of classes");
    for (i = 0; i < workload->n_classes; i++) {
        json_t *one = json_array_get(list, (size_t)i);
        struct spot spot = doc_item(spec->doc, list, (size_t)i, "classes");
        if (workload->classes[i].jobs == 0)
            return spec_fail_key(spec, one, &spot, "jobs", "missing: other classes give it");
        if (json_object_get(one, "weight") != NULL)
            return spec_fail_key(spec, one, &spot, "weight", "goes without jobs");
        workload->classes[i].weight = workload->classes[i].jobs;
    }
    workload->fan_out.kind = FAN_OUT_FIXED;
    workload->fan_out.mean = jobs;
    return UND_OK;
}

static enum und_code check_needs(struct spec *spec, struct workload *workload, json_t *list)
{
    bool trace = workload->arrivals.kind == ARRIVALS_TRACE;
    int i;
    for (i = 0; i < workload->n_classes; i++) {
        json_t *one = json_array_get(list, (size_t)i), *needs = json_object_get(one, "needs");
        struct spot spot = doc_item(spec->doc, list, (size_t)i, "classes");
        const char *key = workload->classes[i].jobs > 0 ? "jobs" : "needs";
        if (trace && json_object_get(one, key) != NULL)
            return spec_fail_key(spec, one, &spot, key, "a trace has no runs, only jobs");
        spot = spec_spot(spec, one, "needs", &spot);
        if (needs != NULL && bind_needs(spec, workload, i, needs, &spot) != UND_OK)
            return UND_USAGE;
    }
    for (i = 0; i < workload->n_classes; i++) {
        struct spot spot = doc_item(spec->doc, list, (size_t)i, "classes");
        if (is_circular(workload, i))
            return spec_fail_key(spec, json_array_get(list, (size_t)i), &spot, "needs",
                                 "the class would wait for itself");
    }
    return UND_OK;
}

enum und_code spec_check_classes(struct spec *spec, struct workload *workload, json_t *mapping,
                                 const struct spot *whole)
{
    json_t *list = json_object_get(mapping, "classes");
    if (check_classes(spec, workload, list) != UND_OK ||
        check_needs(spec, workload, list) != UND_OK)
        return UND_USAGE;
    return check_run(spec, workload, mapping, list, whole);
}
