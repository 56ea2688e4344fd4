/* The fields of a fault; which kind has which of them is said in model/fleet/fault.c. */
#include "model/base/units.h"
#include "spec_tables.h"

#include <stdio.h>
#include <string.h>

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

/* What stands for several hosts. */
static const char *const roles[] = {"primary", "backup", "all", "any", "any primary", "any backup"};
#define ROLES ((int)(sizeof roles / sizeof roles[0]))

static bool has_role(const struct host *host, const char *role)
{
    if (strncmp(role, "any ", 4) == 0)
        role += 4;
    return strcmp(role, "all") == 0 || strcmp(role, "any") == 0 ||
           strcmp(role, host->tier == TIER_PRIMARY ? "primary" : "backup") == 0;
}

static enum und_code add_role(struct spec *spec, struct fault *fault, const char *role,
                              const struct spot *spot)
{
    const struct fleet *fleet = spec->fleet;
    int i, n = fault->n_targets;
    for (i = 0; i < fleet->n_hosts; i++)
        if (has_role(&fleet->hosts[i], role) && add_target(spec, fault, i, spot) != UND_OK)
            return UND_USAGE;
    if (fault->n_targets == n)
        return doc_fail(spot, spec->err, "no host has tier %s",
                        strncmp(role, "any ", 4) == 0 ? role + 4 : role);
    fault->any = strncmp(role, "any", 3) == 0;
    snprintf(fault->role, sizeof fault->role, "%s", role);
    return UND_OK;
}

/* A host by name, or hosts of a role; a host's name comes before a role of the same name. */
static enum und_code read_target(struct spec *spec, struct fault *fault, const json_t *value,
                                 const struct spot *spot, bool alone)
{
    const char *names[FLEET_HOSTS + ROLES + 1];
    const struct fleet *fleet = spec->fleet;
    int i, host, role;
    for (i = 0; i < ROLES; i++)
        names[i] = roles[i];
    for (i = 0; i < fleet->n_hosts; i++)
        names[ROLES + i] = fleet->hosts[i].name;
    names[ROLES + i] = NULL;
    if (json_is_string(value) && (host = fleet_host_index(fleet, json_string_value(value))) >= 0)
        return add_target(spec, fault, host, spot);
    if ((role = spec_name(spec, value, spot, names)) < 0)
        return UND_USAGE;
    if (!alone && strncmp(roles[role], "any", 3) == 0)
        return doc_fail(spot, spec->err, "%s stands alone, want no list", roles[role]);
    return add_role(spec, fault, roles[role], spot);
}

static enum und_code read_targets(struct spec *spec, const struct field *field, void *base,
                                  json_t *value, const struct spot *spot)
{
    struct fault *fault = base;
    json_t *item;
    size_t i;
    if (!json_is_array(value))
        return read_target(spec, fault, value, spot, true);
    json_array_foreach (value, i, item) {
        struct spot at = doc_item(spec->doc, value, i, field->key);
        if (read_target(spec, fault, item, &at, false) != UND_OK)
            return UND_USAGE;
    }
    return UND_OK;
}

static const char *const lies[] = {"offline", "idle", "missing", NULL};
static const char *const mounts[] = {"/", "/boot", NULL};

static const struct field fault_fields[] = {
    {.key = "at",
     .kind = FIELD_DIST,
     AT(struct fault, at),
     .fallback = "0s",
     .help = "when it begins, from the start of the scenario"},
    {.key = "kind",
     .kind = FIELD_ENUM,
     AT(struct fault, kind),
     .names = fault_kind_names,
     .required = true,
     .help = "what happens"},
    {.key = "target",
     .kind = FIELD_CUSTOM,
     .read = read_targets,
     .refers = true,
     .schema = "{anyOf: [{type: string}, {type: array, minItems: 1, maxItems: 64, items: {type: "
               "string}}]}",
     .help = "which host: a name or a list of names; primary, backup or all: every such host at "
             "once; any, any primary or any backup: one of them, drawn for each occurrence"},
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
     .help = "service-stop: GitHub is told, and knows in seconds; controller-restart: it finds its "
             "stored state"},
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
     .help = "slots-lost, runner-hung, registration-replaced: how many registrations; left out, "
             "where it may be: all of the host"},
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
    {.key = "share",
     .kind = FIELD_SHARE,
     AT(struct fault, share),
     RANGE(0, 1),
     .fallback = "100%",
     .help = "job-hung, disk-full, dependency-down: of the jobs; scrape-flap: of the scrapes"},
    {.key = "acknowledges",
     .kind = FIELD_BOOL,
     AT(struct fault, acknowledges),
     .fallback = "true",
     .help = "runner-hung: it takes a job, which fails ten minutes later; false: the job goes back "
             "to the queue"},
    {.key = "rate",
     .kind = FIELD_RATE,
     AT(struct fault, rate_per_ms),
     RANGE(0, 1000),
     .help = "runner-hung: how often each registration hangs; left out: all at once"},
    {.key = "up",
     .kind = FIELD_DIST,
     AT(struct fault, up),
     .fallback = "70s",
     .help = "crash-loop: from a boot to the next crash"},
    {.key = "down",
     .kind = FIELD_DIST,
     AT(struct fault, down),
     .fallback = "80s",
     .help = "crash-loop: from a crash to the next boot"},
    {.key = "delay",
     .kind = FIELD_DIST,
     AT(struct fault, delay),
     .help = "github-slow: how late a job is handed to an idle runner"},
    {.key = "lie",
     .kind = FIELD_ENUM,
     AT(struct fault, lie),
     .names = lies,
     .help =
         "github-lies: what the list of runners says: offline although they work, idle although "
         "they are busy, missing although they are there"},
    {.key = "size",
     .kind = FIELD_SIZE,
     AT(struct fault, size_bytes),
     RANGE(1, 1e15),
     .help = "disk-fill: how much is written, at once or in every `per`"},
    {.key = "per",
     .kind = FIELD_DURATION,
     AT(struct fault, per_ms),
     RANGE(1000, (double)UNITS_YEAR),
     .help = "disk-fill: size is written in every such time; left out: at once"},
    {.key = "mount",
     .kind = FIELD_ENUM,
     AT(struct fault, mount),
     .names = mounts,
     .fallback = "/",
     .help = "disk-fill: the file system; once / is full, jobs fail in their first minute"},
    {.key = "cleanup",
     .kind = FIELD_DURATION,
     AT(struct fault, cleanup_ms),
     RANGE(0, (double)UNITS_YEAR),
     .fallback = "1d",
     .help = "disk-fill: what it has written is deleted at every multiple of this time of the "
             "scenario; 0s: never"},
    {.key = NULL},
};

static void init_fault(void *base)
{
    memset(base, 0, sizeof(struct fault));
}

static const struct {
    const char *name;
    enum fault_key bit;
} keys[] = {
    {"target", KEY_TARGET},
    {"from", KEY_FROM},
    {"graceful", KEY_GRACEFUL},
    {"load", KEY_LOAD},
    {"slots", KEY_SLOTS},
    {"slowdown", KEY_SLOWDOWN},
    {"error_rate", KEY_ERROR_RATE},
    {"jump", KEY_JUMP},
    {"share", KEY_SHARE},
    {"acknowledges", KEY_ACKNOWLEDGES},
    {"rate", KEY_RATE},
    {"up", KEY_CYCLE},
    {"down", KEY_CYCLE},
    {"delay", KEY_DELAY},
    {"lie", KEY_LIE},
    {"size", KEY_SIZE},
    {"per", KEY_FILL},
    {"mount", KEY_FILL},
    {"cleanup", KEY_FILL},
};

/* Keys that a kind has no use for are errors, not ignored. */
static enum und_code check_keys(struct spec *spec, const struct fault *fault, json_t *mapping,
                                const struct spot *whole)
{
    const struct fault_row *row = fault_row(fault->kind);
    size_t i;
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        bool given = json_object_get(mapping, keys[i].name) != NULL;
        struct spot spot = spec_spot(spec, mapping, keys[i].name, whole);
        if (given && !((row->must | row->may) & keys[i].bit))
            return doc_fail(&spot, spec->err, "has no meaning for kind %s",
                            fault_kind_name(fault->kind));
        if (!given && (row->must & keys[i].bit))
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
    if (check_keys(spec, fault, mapping, whole) != UND_OK)
        return UND_USAGE;
    spot = spec_spot(spec, mapping, "kind", whole);
    if (fault_row(fault->kind)->real_github && !spec->fleet->github.present)
        return doc_fail(&spot, spec->err,
                        "%s needs GitHub as it is, and the fleet has github: ideal",
                        fault_kind_name(fault->kind));
    spot = spec_spot(spec, mapping, "lasts", whole);
    if (fault_row(fault->kind)->instant && fault->has_lasts)
        return doc_fail(&spot, spec->err, "has no meaning for kind %s: it is over at once",
                        fault_kind_name(fault->kind));
    if (fault->kind == FAULT_CRASH_LOOP &&
        !(dist_mean(&fault->up) >= 1000 && dist_mean(&fault->down) >= 1000))
        return spec_fail_key(spec, mapping, whole, "up", "want means of at least 1s, up and down");
    spot = spec_spot(spec, mapping, "target", whole);
    if ((fault_row(fault->kind)->must & KEY_TARGET) && fault->n_targets == 0)
        return doc_fail(&spot, spec->err, "got an empty list, want at least one host");
    spot = spec_spot(spec, mapping, "every", whole);
    if (fault->has_every && !(dist_mean(&fault->every) >= 1000))
        return doc_fail(&spot, spec->err, "want a mean of at least 1s");
    if (fault->has_every && !fault->has_lasts && !fault_row(fault->kind)->instant)
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

/* Of each kind: the keys that it must have, and those that mean nothing to it. */
static json_t *fault_rules(void)
{
    json_t *all = json_array();
    int kind;
    size_t i;
    for (kind = 0; kind < FAULT_KINDS; kind++) {
        const struct fault_row *row = fault_row((enum fault_kind)kind);
        json_t *must = json_array(), *never = json_object();
        for (i = 0; i < sizeof keys / sizeof keys[0]; i++)
            if (row->must & keys[i].bit)
                json_array_append_new(must, json_string(keys[i].name));
            else if (!(row->may & keys[i].bit))
                json_object_set_new(never, keys[i].name, json_false());
        json_array_append_new(all,
                              json_pack("{s:{s:{s:{s:s}}}, s:{s:o, s:o}}", "if", "properties",
                                        "kind", "const", fault_kind_name((enum fault_kind)kind),
                                        "then", "required", must, "properties", never));
    }
    return json_pack("{s:o, s:{s:[s]}}", "allOf", all, "dependentRequired", "every", "lasts");
}

const struct table spec_fault = {
    .name = "fault",
    .help = "something that goes wrong",
    .fields = fault_fields,
    .init = init_fault,
    .check = check_fault,
    .make_rules = fault_rules,
};
