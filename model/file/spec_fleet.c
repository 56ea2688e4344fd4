/* The tables of a fleet file and its hosts; the sections have files of their own. */
#include "model/base/units.h"
#include "model/fleet/registration.h"
#include "spec.h"
#include "spec_tables.h"

#include <stdio.h>
#include <string.h>

static const char *const tiers[] = {"primary", "backup", NULL};

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
     .help = "name pattern of its registrations at GitHub (live drills), as in a shell. Left out: "
             "its own name, and that with a dash and a number"},
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
    .rules = "{dependentRequired: {mtbf: [mttr], mttr: [mtbf]}}",
};

/* --- the fleet --- */

/* GitHub as it is, unless the file asks for a queue that knows everything at once. */
static enum und_code read_github(struct spec *spec, const struct field *field, void *to,
                                 json_t *value, const struct spot *spot)
{
    struct github *github = to;
    const char *text = json_string_value(value);
    if (text != NULL && strcmp(text, "ideal") == 0)
        return UND_OK;
    github->present = true;
    if (!json_is_object(value) && !json_is_null(value))
        return spec_refuse(spec, spot, value, "a mapping (key: value), or ideal");
    return spec_read(spec, field->table, github, value, spot);
}

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
     .referred = true,
     .help = "the machines that run jobs"},
    {.key = "workload",
     .kind = FIELD_TABLE,
     AT(struct fleet, workload),
     .table = &spec_workload,
     .required = true,
     .help = "what they have to run"},
    {.key = "github",
     .kind = FIELD_CUSTOM,
     AT(struct fleet, github),
     .read = read_github,
     .table = &spec_github,
     .schema = "{anyOf: [{$ref: '#/$defs/github'}, {const: ideal}]}",
     .fallback = "{}",
     .help = "how GitHub behaves. Left out: as it does; ideal: the queue alone, without delays"},
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
     .table = &spec_policy,
     .help = "when jobs move, and when they move back. Left out: never"},
    {.key = "controller",
     .kind = FIELD_TABLE,
     AT(struct fleet, controller),
     .table = &spec_controller,
     .fallback = "{}",
     .help = "how often the controller looks"},
    {.key = "objectives",
     .kind = FIELD_TABLE,
     AT(struct fleet, objectives),
     .table = &spec_objectives,
     .fallback = "{}",
     .help = "service level objectives"},
    {.key = "live",
     .kind = FIELD_TABLE,
     AT(struct fleet, live),
     HAS(struct fleet, live.present),
     .table = &spec_live,
     .help = "the real services, for monitor and drill. Left out: nothing real is touched"},
    {.key = NULL},
};

/* A registration that two hosts have would count for both. Without a live section only what the
 * file itself says is judged. */
static enum und_code check_claims(struct spec *spec, const struct fleet *fleet, int host,
                                  json_t *mapping, const struct spot *spot)
{
    const struct host *a = &fleet->hosts[host];
    int i;
    for (i = 0; i < host; i++) {
        const struct host *b = &fleet->hosts[i];
        bool said = a->registrations[0] && b->registrations[0];
        char text[256];
        if (!(said || fleet->live.present) || !registration_shared(a, b))
            continue;
        snprintf(text, sizeof text,
                 "%.60s and %.60s both have a registration of some name: want patterns that no "
                 "name fits twice",
                 b->name, a->name);
        return spec_fail_key(spec, mapping, spot, "registrations", text);
    }
    return UND_OK;
}

static bool has_all_labels(const struct host *of, const struct host *host)
{
    int i, j;
    for (i = 0; i < of->n_labels; i++) {
        for (j = 0; j < host->n_labels && strcmp(of->labels[i], host->labels[j]) != 0; j++)
            ;
        if (j == host->n_labels)
            return false;
    }
    return true;
}

/* A canary that another host could run would prove nothing. */
static enum und_code check_canary(struct spec *spec, const struct fleet *fleet, int host,
                                  json_t *mapping, const struct spot *spot)
{
    char text[256];
    int i;
    if (!fleet->live.present || !fleet->live.canary.workflow[0])
        return UND_OK;
    for (i = 0; i < fleet->n_hosts; i++) {
        if (i == host || !has_all_labels(&fleet->hosts[host], &fleet->hosts[i]))
            continue;
        snprintf(text, sizeof text,
                 "%.60s has all of these: want labels that %.60s alone has, since live.canary pins "
                 "a job by them",
                 fleet->hosts[i].name, fleet->hosts[host].name);
        return spec_fail_key(spec, mapping, spot, "labels", text);
    }
    return UND_OK;
}

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
                return spec_fail_key(spec, json_array_get(list, (size_t)i), &spot, "name",
                                     "a host of this name is there already");
        if (check_claims(spec, fleet, i, json_array_get(list, (size_t)i), &spot) != UND_OK ||
            check_canary(spec, fleet, i, json_array_get(list, (size_t)i), &spot) != UND_OK)
            return UND_USAGE;
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
    .rules = "{dependentSchemas: {hosts: {properties: {hosts: {not: {minItems: 1, items: "
             "{properties: {tier: {const: backup}}, required: [tier]}}}}}}}",
};
