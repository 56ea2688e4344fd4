#include "incident.h"
#include "live/base/wire.h"
#include "model/base/assert.h"
#include "model/policy/policy_names.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void incidents_init(struct incidents *incidents)
{
    int i;
    memset(incidents, 0, sizeof *incidents);
    for (i = 0; i < FLEET_HOSTS; i++)
        incidents->shown_ms[i] = -1;
}

static struct incident *at(struct incidents *incidents, int64_t id)
{
    return &incidents->item[(id - 1) % INCIDENTS];
}

const struct incident *incident_newest(const struct incidents *incidents, int64_t age)
{
    const struct incident *incident;
    if (age >= incidents->last || age >= INCIDENTS)
        return NULL;
    incident = &incidents->item[(incidents->last - age - 1) % INCIDENTS];
    return incident->id == incidents->last - age ? incident : NULL;
}

struct incident *incident_open(struct incidents *incidents, int host)
{
    int64_t age;
    for (age = 0; age < incidents->last && age < INCIDENTS; age++) {
        struct incident *incident = at(incidents, incidents->last - age);
        if (incident->open && incident->host == host)
            return incident;
    }
    return NULL;
}

__attribute__((format(printf, 3, 4))) static void
incident_tell(struct incident *incident, int64_t at_ms, const char *format, ...)
{
    struct incident_line *line;
    va_list args;
    if (incident->n_lines == INCIDENT_LINES)
        return;
    line = &incident->line[incident->n_lines++];
    line->at_ms = at_ms;
    va_start(args, format);
    vsnprintf(line->what, sizeof line->what, format, args);
    va_end(args);
}

/* ---- following ---- */

/* Anything against it, whether the policy minds it yet or not. */
static bool shows_trouble(const struct incident_look *look, int host)
{
    const struct view_host *seen = &look->view->host[host];
    return seen->offline_readings > 0 || seen->probe == PROBE_DOWN ||
           (seen->alerts & look->fleet->policy.severities) != 0 || seen->signs != 0;
}

static void note_trouble(struct incidents *incidents, const struct incident_look *look, int host)
{
    int64_t alert_ms = look->alert_ms ? look->alert_ms[host] : -1;
    if (!shows_trouble(look, host))
        incidents->shown_ms[host] = -1;
    else if (incidents->shown_ms[host] < 0)
        incidents->shown_ms[host] = look->now_ms;
    if (incidents->shown_ms[host] >= 0 && alert_ms >= 0 && alert_ms < incidents->shown_ms[host])
        incidents->shown_ms[host] = alert_ms;
}

static struct incident *begin(struct incidents *incidents, const struct incident_look *look,
                              int host)
{
    struct incident *incident = at(incidents, ++incidents->last);
    int64_t began_ms = incidents->shown_ms[host];
    *incident = (struct incident){.id = incidents->last,
                                  .host = host,
                                  .open = true,
                                  .expected = look->expected && look->expected[host],
                                  .began_ms = began_ms >= 0 ? began_ms : look->now_ms,
                                  .detected_ms = look->now_ms,
                                  .decided_ms = -1,
                                  .routed_ms = -1,
                                  .restored_ms = -1,
                                  .full_ms = -1};
    incident_tell(incident, incident->began_ms, "first sign of trouble");
    return incident;
}

static bool noticed(const struct plan_host *plan, enum notice notice)
{
    return (plan->notices >> notice & 1) != 0;
}

static void tell_notices(struct incident *incident, const struct incident_look *look,
                         unsigned notices)
{
    int notice;
    for (notice = 0; notice < NOTICE_COUNT; notice++)
        if (notices >> notice & 1)
            incident_tell(incident, look->now_ms, "%s", policy_notice_name((enum notice)notice));
}

static bool heed_plan(struct incidents *incidents, const struct incident_look *look, int host)
{
    const struct plan_host *plan = &look->plan->host[host];
    struct incident *incident = incident_open(incidents, host);
    if (!look->stepped || plan->notices == 0)
        return false;
    if (!incident && (noticed(plan, NOTICE_DETECTED) || noticed(plan, NOTICE_RELAPSE)))
        incident = begin(incidents, look, host);
    if (!incident)
        return false;
    tell_notices(incident, look, plan->notices);
    if ((noticed(plan, NOTICE_FAILOVER) || noticed(plan, NOTICE_RELAPSE)) &&
        incident->decided_ms < 0)
        incident->decided_ms = look->now_ms;
    if (noticed(plan, NOTICE_DISMISSED) && incident->decided_ms < 0) {
        incident->dismissed = true;
        incident->open = false;
    }
    return true;
}

static bool heed_world(struct incidents *incidents, const struct incident_look *look, int host)
{
    struct incident *incident = incident_open(incidents, host);
    const struct view_host *seen = &look->view->host[host];
    bool changed = false;
    int other;
    if (!incident)
        return false;
    if (incident->decided_ms >= 0 && incident->routed_ms < 0 && seen->routed == 0) {
        incident->routed_ms = look->now_ms;
        incident_tell(incident, look->now_ms, "out of the rotation");
        changed = true;
    }
    for (other = 0; look->start_ms && incident->restored_ms < 0 && other < look->view->n; other++)
        if (other != host && look->start_ms[other] >= incident->detected_ms) {
            incident->restored_ms = look->start_ms[other];
            incident_tell(incident, incident->restored_ms, "a job that had waited starts on %s",
                          look->fleet->hosts[other].name);
            changed = true;
        }
    if (incident->decided_ms >= 0 && look->state->host[host].phase == PHASE_SERVING &&
        seen->online >= seen->slots) {
        incident->full_ms = look->now_ms;
        incident->open = false;
        incident_tell(incident, look->now_ms, "full capacity");
        changed = true;
    }
    return changed;
}

uint64_t incidents_look(struct incidents *incidents, const struct incident_look *look)
{
    uint64_t changed = 0;
    int i;
    for (i = 0; i < look->view->n; i++) {
        bool planned, seen;
        note_trouble(incidents, look, i);
        planned = heed_plan(incidents, look, i);
        seen = heed_world(incidents, look, i);
        if (planned || seen)
            changed |= (uint64_t)1 << i;
    }
    return changed;
}

static void move(int64_t *at_ms, int64_t by_ms)
{
    if (*at_ms >= 0)
        *at_ms += by_ms;
}

uint64_t incidents_set_clock(struct incidents *incidents, int64_t by_ms)
{
    uint64_t changed = 0;
    int host, k;
    for (host = 0; host < FLEET_HOSTS; host++) {
        struct incident *incident = incident_open(incidents, host);
        move(&incidents->shown_ms[host], by_ms);
        if (!incident)
            continue;
        move(&incident->began_ms, by_ms);
        move(&incident->detected_ms, by_ms);
        move(&incident->decided_ms, by_ms);
        move(&incident->routed_ms, by_ms);
        move(&incident->restored_ms, by_ms);
        for (k = 0; k < incident->n_lines; k++)
            move(&incident->line[k].at_ms, by_ms);
        changed |= (uint64_t)1 << host;
    }
    return changed;
}

/* ---- JSON ---- */

static json_t *moment(int64_t at_ms)
{
    char text[WIRE_TIME];
    return at_ms < 0 ? json_null() : json_string(wire_time(text, at_ms));
}

static const char *const moments[] = {"began", "detected", "decided", "routed", "restored", "full"};

static int64_t *moment_of(struct incident *incident, size_t i)
{
    int64_t *const all[] = {&incident->began_ms,  &incident->detected_ms, &incident->decided_ms,
                            &incident->routed_ms, &incident->restored_ms, &incident->full_ms};
    return all[i];
}

json_t *incident_json(const struct fleet *fleet, const struct incident *incident)
{
    struct incident copy = *incident;
    json_t *lines = json_array(), *out;
    size_t i;
    int k;
    for (k = 0; k < incident->n_lines; k++)
        json_array_append_new(lines, json_pack("{s:o, s:s}", "at", moment(incident->line[k].at_ms),
                                               "what", incident->line[k].what));
    out = json_pack("{s:I, s:s, s:b, s:b, s:b, s:o}", "id", (json_int_t)incident->id, "host",
                    fleet->hosts[incident->host].name, "open", incident->open, "dismissed",
                    incident->dismissed, "expected", incident->expected, "timeline", lines);
    for (i = 0; i < sizeof moments / sizeof moments[0]; i++)
        json_object_set_new(out, moments[i], moment(*moment_of(&copy, i)));
    return out;
}

static void recall_lines(struct incident *incident, const json_t *lines)
{
    const json_t *line;
    int64_t at_ms;
    size_t i;
    json_array_foreach (lines, i, line) {
        const char *when = json_string_value(json_object_get(line, "at"));
        const char *what = json_string_value(json_object_get(line, "what"));
        if (when && what && wire_time_ms(when, &at_ms))
            incident_tell(incident, at_ms, "%s", what);
    }
}

bool incidents_recall(struct incidents *incidents, const struct fleet *fleet, const json_t *line)
{
    int64_t id = json_integer_value(json_object_get(line, "id"));
    const char *host = json_string_value(json_object_get(line, "host"));
    struct incident incident = {.id = id, .host = host ? fleet_host_index(fleet, host) : -1};
    size_t i;
    if (id < 1 || incident.host < 0)
        return false;
    incident.open = json_is_true(json_object_get(line, "open"));
    incident.dismissed = json_is_true(json_object_get(line, "dismissed"));
    incident.expected = json_is_true(json_object_get(line, "expected"));
    for (i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        const char *text = json_string_value(json_object_get(line, moments[i]));
        if (!text || !wire_time_ms(text, moment_of(&incident, i)))
            *moment_of(&incident, i) = -1;
    }
    recall_lines(&incident, json_object_get(line, "timeline"));
    if (id > incidents->last)
        incidents->last = id;
    *at(incidents, id) = incident;
    return true;
}
