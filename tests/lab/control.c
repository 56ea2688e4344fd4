/* The control port: its paths, and what can be read there. control.h has the protocol. */
#include "control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECENT_JOBS 10 /* of a host, for its slowness */
#define RECENT_SCAN 2000

enum http_answer control_complain(struct http_call *call, int status, const char *what)
{
    return http_json_take(call, status, json_pack("{s:s}", "error", what));
}

enum http_answer control_answer(struct http_call *call, enum hub_answer answer)
{
    switch (answer) {
    case HUB_DONE:
        return http_status(call, 204);
    case HUB_MISSING:
        return control_complain(call, 404, "no such thing");
    case HUB_CONFLICT:
        return control_complain(call, 409, "conflict");
    case HUB_FORBIDDEN:
        return control_complain(call, 403, "not now");
    case HUB_INVALID:
        return control_complain(call, 422, "invalid");
    case HUB_FULL:
        break;
    }
    return control_complain(call, 507, "the stand-in is full");
}

static bool has_lie(const struct hub_registration *registration)
{
    return registration->lie.status || registration->lie.busy || registration->lie.missing;
}

static json_t *fates_json(const struct hub *hub)
{
    json_t *list = json_array();
    for (int i = 0; i < hub->n_troubles; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:f}", "host", hub->trouble[i].host, "fate",
                                        hub->trouble[i].fate == HUB_ENDLESS ? "endless" : "failure",
                                        "share", hub->trouble[i].share));
    return list;
}

static json_t *state_json(const struct hub *hub)
{
    json_t *registrations = json_array();
    int queued = 0, running = 0, concluded[4] = {0};
    for (int i = 0; i < hub->n_registrations; i++) {
        const struct hub_registration *registration = &hub->registration[i];
        json_array_append_new(
            registrations,
            json_pack("{s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:b, s:o}", "name", registration->name,
                      "host", registration->host, "online", registration->online, "session",
                      registration->session != 0, "busy", registration->job >= 0, "hung",
                      registration->hung != HUB_WELL, "lie", has_lie(registration), "shut",
                      registration->shut, "labels", render_labels(registration)));
    }
    for (int i = 0; i < hub->n_jobs; i++) {
        queued += hub->job[i].status == HUB_QUEUED;
        running += hub->job[i].status == HUB_IN_PROGRESS;
        concluded[hub->job[i].carried ? HUB_NONE : hub->job[i].conclusion]++;
    }
    return json_pack("{s:o, s:o, s:I, s:{s:i, s:i, s:i, s:i, s:i}}", "registrations", registrations,
                     "fates", fates_json(hub), "slow_ms", (json_int_t)hub->slow_ms, "jobs",
                     "queued", queued, "in_progress", running, "success", concluded[HUB_SUCCESS],
                     "failure", concluded[HUB_FAILURE], "cancelled", concluded[HUB_CANCELLED]);
}

static json_t *events_json(const struct hub *hub, int64_t after)
{
    json_t *list = json_array();
    for (int64_t i = after < 0 ? 0 : after; i < hub->n_events; i++)
        json_array_append_new(list, json_pack("{s:I, s:s, s:s, s:I}", "at_ms",
                                              (json_int_t)hub->event[i].at_ms, "what",
                                              hub->event[i].what, "who", hub->event[i].who, "job",
                                              (json_int_t)hub->event[i].job));
    return json_pack("{s:i, s:o}", "next", hub->n_events, "events", list);
}

static json_t *stats_json(const struct service *service)
{
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I}", "calls", (json_int_t)service->stats.calls, "unchanged",
        (json_int_t)service->stats.unchanged, "writes", (json_int_t)service->stats.writes,
        "hasty_writes", (json_int_t)service->stats.hasty_writes, "refused",
        (json_int_t)service->stats.refused, "spoilt", (json_int_t)service->stats.spoilt);
}

/* Mean duration of the host's last jobs over that of their orders; false without any. */
static bool recent_slowness(const struct hub *hub, const char *host, double *slowness)
{
    int64_t took_ms = 0, ordered_ms = 0;
    int n = 0;
    for (int i = hub->n_jobs - 1; i >= 0 && i >= hub->n_jobs - RECENT_SCAN && n < RECENT_JOBS;
         i--) {
        const struct hub_job *job = &hub->job[i];
        if (job->conclusion != HUB_SUCCESS || job->carried ||
            strcmp(hub->registration[job->registration].host, host) != 0)
            continue;
        took_ms += (job->completed_ms - job->started_ms) * hub->compress;
        ordered_ms += job->duration_ms;
        n++;
    }
    *slowness = ordered_ms > 0 ? (double)took_ms / (double)ordered_ms : 0;
    return ordered_ms > 0;
}

/* The document's own exporter ("custom: runner health"): GitHub's view, in GitHub's time. */
static enum http_answer metrics(const struct service *service, struct http_call *call)
{
    const struct hub *hub = service->hub;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return control_complain(call, 500, "out of memory");
    fputs("# TYPE runner_health gauge\n# TYPE runner_busy gauge\n", out);
    for (int i = 0; i < hub->n_registrations; i++) {
        const struct hub_registration *r = &hub->registration[i];
        fprintf(out,
                "runner_health{runner=\"%s\",host=\"%s\"} %d\n"
                "runner_busy{runner=\"%s\",host=\"%s\"} %d\n",
                r->name, r->host, r->online, r->name, r->host, r->job >= 0);
    }
    fputs("# TYPE runner_job_slowness gauge\n", out);
    for (int i = 0; i < hub->n_registrations; i++) {
        const char *host = hub->registration[i].host;
        double slowness;
        bool first = i == 0 || strcmp(host, hub->registration[i - 1].host) != 0;
        if (first && recent_slowness(hub, host, &slowness))
            fprintf(out, "runner_job_slowness{host=\"%s\"} %.3f\n", host, slowness);
    }
    fclose(out);
    http_text(call, 200, "text/plain; version=0.0.4", text);
    free(text);
    return HTTP_NOW;
}

static enum http_answer lab_read(struct service *service, struct http_call *call, const char *name)
{
    if (strcmp(name, "state") == 0)
        return http_json_take(call, 200, state_json(service->hub));
    if (strcmp(name, "events") == 0)
        return http_json_take(call, 200,
                              events_json(service->hub, http_query_int(call, "after", 0)));
    if (strcmp(name, "stats") == 0)
        return http_json_take(call, 200, stats_json(service));
    if (strcmp(name, "notifications") == 0)
        return http_json_take(call, 200, json_incref(service->notifications));
    return control_complain(call, 404, "no such path");
}

static enum http_answer lab_handle(struct service *service, struct http_call *call,
                                   const json_t *body, int64_t now_ms)
{
    const char *name = call->segment[1];
    if (strcmp(call->method, "GET") == 0)
        return lab_read(service, call, name);
    if (strcmp(call->method, "DELETE") == 0 && strcmp(name, "mischief") == 0) {
        service->n_mischief = 0;
        return http_status(call, 204);
    }
    return control_set(service, call, name, body, now_ms);
}

enum http_answer control_handle(void *context, struct http_call *call, int64_t now_ms)
{
    struct service *service = context;
    json_t *body = json_loadb(call->body, call->body_size, 0, NULL);
    enum http_answer result;
    if (call->n_segments == 1 && strcmp(call->segment[0], "metrics") == 0)
        result = metrics(service, call);
    else if (call->n_segments >= 2 && strcmp(call->segment[0], "runner") == 0)
        result = control_runner(service, call, body, now_ms);
    else if (call->n_segments == 2 && strcmp(call->segment[0], "lab") == 0)
        result = lab_handle(service, call, body, now_ms);
    else
        result = control_complain(call, 404, "no such path");
    json_decref(body);
    return result;
}
