/* The tables of a scenario's `drill` section. */
#include "model/base/units.h"
#include "spec_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const leases[] = {"systemd", "guard", "command", "none", NULL};
/* In the order of enum mark from MARK_DETECTION on; the others end no observation. */
static const char *const marks[] = {"time",     "fault",     "fault-end", "pending", "firing",
                                    "resolved", "detection", "decision",  "routing", "first-job",
                                    "failback", "full",      NULL};

#define NO_FAULT_GIVEN (-2)

/* --- actions --- */

static const struct field action_fields[] = {
    {.key = "name",
     .kind = FIELD_TEXT,
     TEXT(struct drill_action, name),
     .required = true,
     .help = "what it does, in a few words"},
    {.key = "on",
     .kind = FIELD_TEXT,
     TEXT(struct drill_action, on),
     .help = "place (live.places) where it runs; left out: here"},
    {.key = "run",
     .kind = FIELD_LIST,
     SPEC_ARGV(struct drill_action, run),
     .required = true,
     .help = "the command, as a list of arguments; {lease_s}, {id} and {host} are filled in"},
    {.key = "undo",
     .kind = FIELD_LIST,
     SPEC_ARGV(struct drill_action, undo),
     .help = "the command that takes it back; must do no harm when run twice. Left out: nothing is "
             "to be undone"},
    {.key = "check",
     .kind = FIELD_LIST,
     SPEC_ARGV(struct drill_action, check),
     .help = "a command that succeeds while the action is in effect; asked after the undo, when it "
             "must fail"},
    {.key = "lease",
     .kind = FIELD_ENUM,
     AT(struct drill_action, lease),
     .names = leases,
     .fallback = "systemd",
     .help =
         "what undoes it on the target if nobody else can: systemd (a timer), guard (a detached "
         "shell), command (it ends by itself, given {lease_s}), none"},
    {.key = "lease_on",
     .kind = FIELD_TEXT,
     TEXT(struct drill_action, lease_on),
     .help = "place that holds the lease, where the target cannot (its power goes)"},
    {.key = "unleased",
     .kind = FIELD_BOOL,
     AT(struct drill_action, unleased),
     .fallback = "false",
     .help = "yes, lease: none is meant, although there is something to undo"},
    {.key = "fault",
     .kind = FIELD_INT,
     AT(struct drill_action, fault),
     RANGE(-1, SCENARIO_FAULTS - 1),
     .help =
         "which of the scenario's faults (from 0) it brings about, for the rehearsal; -1: none. "
         "Left out: the one in the same place, or the last"},
    {.key = "timeout",
     .kind = FIELD_DURATION,
     AT(struct drill_action, timeout_ms),
     RANGE(100, (double)UNITS_HOUR),
     .fallback = "30s",
     .help = "how long one of its commands may take (real time)"},
    {.key = "undo_takes",
     .kind = FIELD_DIST,
     AT(struct drill_action, undo_takes),
     .fallback = "0s",
     .help =
         "how long its undo takes until the fault is over, for the rehearsal (the fleet's time)"},
    {.key = NULL},
};

static enum und_code check_place(struct spec *spec, json_t *mapping, const struct spot *whole,
                                 const char *key, const char *name)
{
    const char *names[LIVE_PLACES + 1];
    const struct live *live = &spec->fleet->live;
    struct spot spot = spec_spot(spec, mapping, key, whole);
    int i;
    if (!name[0])
        return UND_OK;
    for (i = 0; i < live->n_places; i++)
        names[i] = live->places[i].name;
    names[i] = NULL;
    if (live->n_places == 0)
        return doc_fail(&spot, spec->err, "got %s, but the fleet has no live.places", name);
    return spec_name(spec, json_object_get(mapping, key), &spot, names) < 0 ? UND_USAGE : UND_OK;
}

static bool mentions(const struct live_argv *argv, const char *what)
{
    int i;
    for (i = 0; i < argv->n; i++)
        if (strstr(argv->arg[i], what))
            return true;
    return false;
}

static enum und_code check_action(struct spec *spec, void *base, json_t *mapping,
                                  const struct spot *whole)
{
    struct drill_action *action = base;
    struct spot spot = spec_spot(spec, mapping, "lease", whole);
    if (check_place(spec, mapping, whole, "on", action->on) != UND_OK ||
        check_place(spec, mapping, whole, "lease_on", action->lease_on) != UND_OK)
        return UND_USAGE;
    if (action->undo.n == 0)
        action->lease = DRILL_LEASE_NONE;
    else if (action->lease == DRILL_LEASE_COMMAND && !mentions(&action->run, "{lease_s}"))
        return doc_fail(&spot, spec->err, "got command, but run is not given {lease_s}");
    else if (action->lease == DRILL_LEASE_NONE && !action->unleased)
        return doc_fail(&spot, spec->err,
                        "got none for an action that has an undo: nothing would take it back if "
                        "this program, its host or the network dies; want a lease (or unleased: "
                        "true)");
    return UND_OK;
}

static void init_action(void *base)
{
    struct drill_action *action = base;
    memset(action, 0, sizeof *action);
    action->fault = NO_FAULT_GIVEN;
}

static const struct table action_table = {
    .name = "action",
    .help = "what is injected, how it is taken back, and by whom if we cannot",
    .fields = action_fields,
    .init = init_action,
    .check = check_action,
};

/* --- preconditions, stop conditions, revert --- */

/* "Mon-Fri 09:00-16:00" or "09:00-16:00" */
static enum und_code read_window(struct spec *spec, const struct field *field, void *to,
                                 json_t *value, const struct spot *spot)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    struct drill_window *window = to;
    const char *text = json_string_value(value);
    char first[4] = "Mon", last[4] = "Sun";
    int from = -1, until = -1, h1, m1, h2, m2, n = 0, i;
    (void)field;
    if (text && text[0] >= 'A' && sscanf(text, "%3[A-Za-z]-%3[A-Za-z] %n", first, last, &n) == 2)
        text += n;
    for (i = 0; i < 7; i++) {
        from = strcmp(first, days[i]) == 0 ? i : from;
        until = strcmp(last, days[i]) == 0 ? i : until;
    }
    n = 0;
    if (!text || from < 0 || until < from ||
        sscanf(text, "%2d:%2d-%2d:%2d%n", &h1, &m1, &h2, &m2, &n) != 4 || text[n] != '\0' ||
        h1 < 0 || h1 > 23 || m1 < 0 || m1 > 59 || h2 < 0 || h2 > 24 || m2 < 0 || m2 > 59 ||
        h1 * 60 + m1 >= h2 * 60 + m2)
        return spec_refuse(spec, spot, value, "e.g. \"Mon-Fri 09:00-16:00\" (local time)");
    for (window->days = 0, i = from; i <= until; i++)
        window->days |= 1u << i;
    window->from_min = h1 * 60 + m1;
    window->to_min = h2 * 60 + m2;
    return UND_OK;
}

#define BEFORE(member) AT(struct drill, preconditions.member)

static const struct field precondition_fields[] = {
    {.key = "hosts_online",
     .kind = FIELD_BOOL,
     BEFORE(hosts_online),
     .fallback = "true",
     .help = "every registration of every host is online, and every probe answers"},
    {.key = "monitoring",
     .kind = FIELD_BOOL,
     BEFORE(monitoring),
     .fallback = "true",
     .help = "Prometheus is ready, and its rules are healthy"},
    {.key = "no_alerts",
     .kind = FIELD_BOOL,
     BEFORE(no_alerts),
     .fallback = "true",
     .help = "no alert of a host is firing or pending"},
    {.key = "cpu",
     .kind = FIELD_SHARE,
     BEFORE(cpu),
     RANGE(0, 1),
     .fallback = "50%",
     .help = "CPU in use on hosts that take over, at most (failover runbook)"},
    {.key = "memory",
     .kind = FIELD_SHARE,
     BEFORE(memory),
     RANGE(0, 1),
     .fallback = "60%",
     .help = "memory in use there, at most"},
    {.key = "disk",
     .kind = FIELD_SHARE,
     BEFORE(disk),
     RANGE(0, 1),
     .fallback = "70%",
     .help = "file system in use there, at most"},
    {.key = "wait",
     .kind = FIELD_DURATION,
     BEFORE(wait_ms),
     RANGE(0, (double)UNITS_DAY),
     .fallback = "0s",
     .help = "how long to wait for all that to hold, before the drill is refused"},
    {.key = "window",
     .kind = FIELD_CUSTOM,
     BEFORE(window),
     HAS(struct drill, preconditions.has_window),
     .read = read_window,
     .schema = "{type: string}",
     .help = "when it may begin: \"Mon-Fri 09:00-16:00\", local time. Left out: always"},
    {.key = NULL},
};

static const struct table precondition_table = {
    .name = "preconditions",
    .help = "what must hold before anything is injected",
    .fields = precondition_fields,
};

#define STOP(member) AT(struct drill, stop_when.member)

static const struct field stop_fields[] = {
    {.key = "others_offline",
     .kind = FIELD_BOOL,
     STOP(others_offline),
     .fallback = "true",
     .help = "a host that is not the target goes offline"},
    {.key = "cpu",
     .kind = FIELD_SHARE,
     STOP(cpu),
     RANGE(0, 1),
     .fallback = "100%",
     .help = "CPU in use on such a host, more than"},
    {.key = "memory",
     .kind = FIELD_SHARE,
     STOP(memory),
     RANGE(0, 1),
     .fallback = "95%",
     .help = "memory in use there, more than"},
    {.key = "disk",
     .kind = FIELD_SHARE,
     STOP(disk),
     RANGE(0, 1),
     .fallback = "95%",
     .help = "file system in use there, more than"},
    {.key = "queue",
     .kind = FIELD_INT,
     STOP(queue),
     RANGE(0, 100000),
     .fallback = "0",
     .help = "jobs waiting, more than; 0: any number"},
    {.key = "github_lost",
     .kind = FIELD_DURATION,
     STOP(github_lost_ms),
     RANGE(0, (double)UNITS_DAY),
     .fallback = "5min",
     .help =
         "GitHub has not answered for so long (unless that is the fault); 0s: the fault is held "
         "on without"},
    {.key = "monitoring_lost",
     .kind = FIELD_DURATION,
     STOP(monitoring_lost_ms),
     RANGE(0, (double)UNITS_DAY),
     .fallback = "5min",
     .help = "Prometheus has not answered for so long (unless that is the fault)"},
    {.key = NULL},
};

static const struct table stop_table = {
    .name = "stop_when",
    .help = "what ends a drill early, with a rollback",
    .fields = stop_fields,
};

static const struct field revert_fields[] = {
    {.key = "after",
     .kind = FIELD_ENUM,
     AT(struct drill, revert_after),
     .names = marks,
     .fallback = "time",
     .help = "what ends the observation: time, or a stage (detection, routing, first-job ...)"},
    {.key = "hold",
     .kind = FIELD_DURATION,
     AT(struct drill, hold_ms),
     RANGE(0, (double)UNITS_DAY),
     .fallback = "2min",
     .help = "and so long after it"},
    {.key = "at_the_latest",
     .kind = FIELD_DURATION,
     AT(struct drill, observe_ms),
     RANGE(1000, (double)UNITS_DAY),
     .help =
         "or after this time in any case. Left out: as long as the scenario's faults last (their "
         "mean), or 30min"},
    {.key = "recovery",
     .kind = FIELD_DURATION,
     AT(struct drill, recover_ms),
     RANGE(1000, (double)UNITS_DAY),
     .fallback = "45min",
     .help = "the steady state must be back this long after the revert"},
    {.key = "restore",
     .kind = FIELD_DURATION,
     AT(struct drill, restore_ms),
     RANGE(1000, (double)UNITS_DAY),
     .fallback = "15min",
     .help = "for so long what puts something back is tried again, with pauses that double, before "
             "it is left to you"},
    {.key = NULL},
};

static const struct table revert_table = {
    .name = "revert",
    .help = "when everything is taken back",
    .fields = revert_fields,
};

static const struct field canary_fields[] = {
    {.key = "jobs",
     .kind = FIELD_INT,
     AT(struct drill, canary.jobs),
     RANGE(0, 64),
     .fallback = "0",
     .help = "so many small jobs are submitted as soon as the fault is there. With as many as the "
             "fleet has slots some are sure to be held up, and every drill measures the RTO"},
    {.key = "takes",
     .kind = FIELD_DURATION,
     AT(struct drill, canary.takes_ms),
     RANGE(1, (double)UNITS_HOUR),
     .fallback = "10s",
     .help = "how long one of them takes, for the rehearsal"},
    {.key = NULL},
};

static const struct table canary_table = {
    .name = "drill_canary",
    .help = "jobs of the drill's own, dispatched from the fleet's live.canary",
    .fields = canary_fields,
};

/* --- the drill --- */

static enum und_code read_host(struct spec *spec, const struct field *field, void *to,
                               json_t *value, const struct spot *spot)
{
    const char *names[FLEET_HOSTS + 4] = {"none", "primary", "backup"};
    const struct fleet *fleet = spec->fleet;
    int i, found;
    (void)field;
    for (i = 0; i < fleet->n_hosts; i++)
        names[3 + i] = fleet->hosts[i].name;
    names[3 + i] = NULL;
    if ((found = spec_name(spec, value, spot, names)) < 0)
        return UND_USAGE;
    *(int *)to = found - 3;
    if (found == 0)
        *(int *)to = -1;
    if (found != 1 && found != 2)
        return UND_OK;
    for (i = 0; i < fleet->n_hosts; i++)
        if (fleet->hosts[i].tier == (found == 1 ? TIER_PRIMARY : TIER_BACKUP))
            break;
    if (i == fleet->n_hosts)
        return doc_fail(spot, spec->err, "no host has tier %s", names[found]);
    *(int *)to = i;
    return UND_OK;
}

static const struct field an_action = {.kind = FIELD_TABLE, .table = &action_table};

static const struct field drill_fields[] = {
    {.key = "target",
     .kind = FIELD_CUSTOM,
     AT(struct drill, target),
     .read = read_host,
     .refers = true,
     .fallback = "primary",
     .schema = "{type: string}",
     .help = "the host that it is about: its name, primary or backup (the first one), or none"},
    {.key = "lease",
     .kind = FIELD_DURATION,
     AT(struct drill, lease_ms),
     RANGE(1000, (double)UNITS_DAY),
     .fallback = "1h",
     .help = "after this time the target takes the injection back by itself"},
    {.key = "inject",
     .kind = FIELD_LIST,
     AT(struct drill, inject),
     .size = DRILL_ACTIONS,
     .item = &an_action,
     .stride = sizeof(struct drill_action),
     .count_at = offsetof(struct drill, n_inject),
     .help = "what is done, in this order; undone in the opposite one. Only a scenario of "
             "maintenance may do without"},
    {.key = "preconditions",
     .kind = FIELD_TABLE,
     .table = &precondition_table,
     .fallback = "{}",
     .help = "what must hold before anything is injected"},
    {.key = "stop_when",
     .kind = FIELD_TABLE,
     .table = &stop_table,
     .fallback = "{}",
     .help = "what ends it early, with a rollback"},
    {.key = "canary",
     .kind = FIELD_TABLE,
     .table = &canary_table,
     .fallback = "{}",
     .help = "jobs of the drill's own. Left out: those of the fleet have to do"},
    {.key = "revert",
     .kind = FIELD_TABLE,
     .table = &revert_table,
     .fallback = "{}",
     .help = "when everything is taken back"},
    {.key = NULL},
};

/* What the scenario's faults say where the drill is silent. */
static void follow_faults(struct drill *drill, const struct scenario *scenario)
{
    int i;
    for (i = 0; i < drill->n_inject; i++)
        if (drill->inject[i].fault == NO_FAULT_GIVEN)
            drill->inject[i].fault = i < scenario->n_faults ? i : scenario->n_faults - 1;
    for (i = 0; i < scenario->n_faults && drill->observe_ms == 0; i++)
        if (scenario->faults[i].has_lasts)
            drill->observe_ms = (int64_t)dist_mean(&scenario->faults[i].lasts);
    if (drill->observe_ms == 0)
        drill->observe_ms = 30 * UNITS_MINUTE;
}

static enum und_code check_inject(struct spec *spec, const struct drill *drill, json_t *mapping,
                                  const struct spot *whole)
{
    const struct scenario *scenario = spec->scenario;
    struct spot spot = spec_spot(spec, mapping, "inject", whole);
    bool by_hand = false;
    int i;
    for (i = 0; i < scenario->n_faults; i++)
        by_hand = by_hand || fault_drains_by_hand(&scenario->faults[i]);
    if (drill->n_inject == 0 && !by_hand)
        return doc_fail(&spot, spec->err, "missing: want at least one action");
    for (i = 0; i < drill->n_inject; i++)
        if (drill->inject[i].fault >= scenario->n_faults)
            return doc_fail(&spot, spec->err, "fault: got %d, want at most %d",
                            drill->inject[i].fault, scenario->n_faults - 1);
    return UND_OK;
}

static enum und_code check_drill(struct spec *spec, void *base, json_t *mapping,
                                 const struct spot *whole)
{
    struct drill *drill = base;
    struct spot spot = spec_spot(spec, mapping, "lease", whole);
    char text[UNITS_TEXT];
    follow_faults(drill, spec->scenario);
    if (check_inject(spec, drill, mapping, whole) != UND_OK)
        return UND_USAGE;
    if (drill->lease_ms <= drill->observe_ms)
        return doc_fail(&spot, spec->err,
                        "want more than revert.at_the_latest (%s): the lease is for accidents",
                        units_format_duration(drill->observe_ms, text));
    return UND_OK;
}

const struct table spec_drill = {
    .name = "drill",
    .help = "how to carry a scenario out for real, and how to take it back",
    .fields = drill_fields,
    .check = check_drill,
};
