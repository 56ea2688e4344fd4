#include "hub.h"

#include "model/base/assert.h"

#include <gsl/gsl_randist.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* github-semantics: pick-up, offline, lock, requeue, queue limit, cancel and session times. */
const struct hub_timing hub_timing_default = {
    .offline_min_ms = 60000,
    .offline_max_ms = 150000,
    .goodbye_ms = 2000,
    .lock_ms = 600000,
    .renewal_ms = 60000,
    .sweep_ms = 15000,
    .pickup_min_ms = 2000,
    .pickup_max_ms = 8000,
    .requeue_ms = 60000,
    .queue_limit_ms = 24 * 3600 * 1000LL,
    .cancel_ms = 300000,
    .job_limit_ms = 6 * 3600 * 1000LL,
    .force_cancel_ms = 1000,
    .hold_ms = 6000,
    .session_retry_ms = 30000,
    .session_limit_ms = 240000,
};

struct hub *hub_open(int compress, unsigned long seed)
{
    struct hub *hub = calloc(1, sizeof *hub);
    UND_ASSERT(compress >= 1);
    if (hub == NULL)
        return NULL;
    hub->timing = hub_timing_default;
    hub->compress = compress;
    hub->next_id = 1000;
    hub->rng = gsl_rng_alloc(gsl_rng_mt19937);
    hub->registration = calloc(HUB_REGISTRATIONS, sizeof *hub->registration);
    hub->job = calloc(HUB_JOBS, sizeof *hub->job);
    hub->run = calloc(HUB_RUNS, sizeof *hub->run);
    hub->workflow = calloc(HUB_WORKFLOWS, sizeof *hub->workflow);
    hub->event = calloc(HUB_EVENTS, sizeof *hub->event);
    if (!hub->rng || !hub->registration || !hub->job || !hub->run || !hub->workflow ||
        !hub->event) {
        hub_close(hub);
        return NULL;
    }
    gsl_rng_set(hub->rng, seed);
    return hub;
}

void hub_close(struct hub *hub)
{
    if (hub == NULL)
        return;
    for (int i = 0; hub->job != NULL && i < hub->n_jobs; i++)
        free(hub->job[i].labels);
    if (hub->rng != NULL)
        gsl_rng_free(hub->rng);
    free(hub->registration);
    free(hub->job);
    free(hub->run);
    free(hub->workflow);
    free(hub->event);
    free(hub);
}

int64_t hub_real_ms(const struct hub *hub, int64_t github_ms)
{
    return github_ms / hub->compress;
}

void hub_note(struct hub *hub, int64_t now_ms, int64_t job, const char *what, const char *who)
{
    struct hub_event *event;
    if (hub->n_events == HUB_EVENTS)
        return;
    event = &hub->event[hub->n_events++];
    event->at_ms = now_ms;
    event->job = job;
    strncpy(event->what, what, sizeof event->what - 1);
    strncpy(event->who, who, sizeof event->who - 1);
}

bool hub_label_has(const struct hub_labels *labels, const char *name)
{
    for (int i = 0; i < labels->n; i++)
        if (strcasecmp(labels->name[i], name) == 0)
            return true;
    return false;
}

bool hub_label_add(struct hub_labels *labels, const char *name)
{
    if (name[0] == '\0' || strlen(name) >= HUB_NAME)
        return false;
    if (hub_label_has(labels, name))
        return true;
    if (labels->n == HUB_LABELS)
        return false;
    strcpy(labels->name[labels->n++], name);
    return true;
}

enum hub_answer hub_register(struct hub *hub, const char *name, const char *host,
                             enum hub_scope scope, const struct hub_labels *custom)
{
    struct hub_registration *registration;
    if (name[0] == '\0' || strlen(name) >= HUB_NAME || strlen(host) >= HUB_NAME)
        return HUB_INVALID;
    if (hub_registration_by_name(hub, name) != NULL)
        return HUB_CONFLICT;
    if (hub->n_registrations == HUB_REGISTRATIONS)
        return HUB_FULL;
    registration = &hub->registration[hub->n_registrations++];
    *registration = (struct hub_registration){
        .id = hub->next_id++, .scope = scope, .goodbye_ms = -1, .job = -1};
    strcpy(registration->name, name);
    strcpy(registration->host, host);
    hub_label_add(&registration->builtin, "self-hosted");
    hub_label_add(&registration->builtin, "Linux");
    hub_label_add(&registration->builtin, "X64");
    for (int i = 0; i < custom->n; i++)
        if (!hub_label_has(&registration->builtin, custom->name[i]))
            hub_label_add(&registration->custom, custom->name[i]);
    registration->configured = registration->custom;
    registration->group = 1;
    return HUB_DONE;
}

struct hub_registration *hub_registration_by_id(struct hub *hub, int64_t id)
{
    for (int i = 0; i < hub->n_registrations; i++)
        if (hub->registration[i].id == id)
            return &hub->registration[i];
    return NULL;
}

struct hub_registration *hub_registration_by_name(struct hub *hub, const char *name)
{
    for (int i = 0; i < hub->n_registrations; i++)
        if (strcmp(hub->registration[i].name, name) == 0)
            return &hub->registration[i];
    return NULL;
}

struct hub_variable *hub_variable_get(struct hub *hub, enum hub_scope scope, const char *name)
{
    for (int i = 0; i < hub->n_variables; i++)
        if (hub->variable[i].scope == scope && strcasecmp(hub->variable[i].name, name) == 0)
            return &hub->variable[i];
    return NULL;
}

enum hub_answer hub_variable_set(struct hub *hub, int64_t now_ms, enum hub_scope scope,
                                 const char *name, const char *value, bool create)
{
    struct hub_variable *variable = hub_variable_get(hub, scope, name);
    if (strlen(name) >= HUB_NAME || name[0] == '\0' || strlen(value) >= HUB_VALUE)
        return HUB_INVALID;
    if (create && variable != NULL)
        return HUB_CONFLICT;
    if (!create && variable == NULL)
        return HUB_MISSING;
    if (variable == NULL) {
        if (hub->n_variables == HUB_VARIABLES)
            return HUB_FULL;
        variable = &hub->variable[hub->n_variables++];
        *variable = (struct hub_variable){.scope = scope, .created_ms = now_ms};
        strcpy(variable->name, name);
    }
    strcpy(variable->value, value);
    variable->updated_ms = now_ms;
    hub_note(hub, now_ms, 0, "variable", name);
    return HUB_DONE;
}

enum hub_answer hub_variable_remove(struct hub *hub, enum hub_scope scope, const char *name)
{
    struct hub_variable *variable = hub_variable_get(hub, scope, name);
    if (variable == NULL)
        return HUB_MISSING;
    *variable = hub->variable[--hub->n_variables];
    return HUB_DONE;
}
