/*
 * The lab's own port: the private protocol of the runners, and what the lab sets up, reads and
 * makes go wrong. Never reachable for the code under test. JSON in and out.
 *
 *   POST   /runner/session {name}                        201 {session, ...} | 404 | 409 conflict
 *   DELETE /runner/session/S                             204 | 404
 *   GET    /runner/session/S/message?wait_ms=            200 {job, duration_ms, pickup_ms} |
 *                                                        200 {cancel} | 204 | 404 session is gone
 *   POST   /runner/session/S/jobs/J/start|renew|finish   204 | 409 not its job any more
 *   POST   /lab/registrations {name, host, scope, labels}   /lab/runs {title, jobs}
 *   POST   /lab/workflows {file, jobs}   /lab/workload {per_minute, duration_ms, labels}
 *   POST   /lab/mischief {kind, ...}  DELETE /lab/mischief   /lab/lies {name, status, busy}
 *   POST   /lab/lockouts {name, out}  /lab/tokens {token, level, PERMISSION: level}
 *   POST   /lab/timing {KEY_ms}  /lab/limits {hourly, ...}  /lab/notifications (Alertmanager)
 *   GET    /lab/state /lab/events?after= /lab/stats /lab/notifications /metrics
 */
#include "service.h"

#include <gsl/gsl_randist.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECENT_JOBS 10 /* of a host, for its slowness */
#define RECENT_SCAN 2000

static enum http_answer complain(struct http_call *call, int status, const char *what)
{
    return http_json_take(call, status, json_pack("{s:s}", "error", what));
}

static enum http_answer answer(struct http_call *call, enum hub_answer answer)
{
    switch (answer) {
    case HUB_DONE:
        return http_status(call, 204);
    case HUB_MISSING:
        return complain(call, 404, "no such thing");
    case HUB_CONFLICT:
        return complain(call, 409, "conflict");
    case HUB_FORBIDDEN:
        return complain(call, 403, "not now");
    case HUB_INVALID:
        return complain(call, 422, "invalid");
    case HUB_FULL:
        break;
    }
    return complain(call, 507, "the stand-in is full");
}

/* ---- runners ---- */

static enum http_answer session_begin(struct service *service, struct http_call *call,
                                      const json_t *body, int64_t now_ms)
{
    const struct hub *hub = service->hub;
    const char *name = json_string_value(json_object_get(body, "name"));
    uint64_t session = 0;
    enum hub_answer result = hub_session_begin(service->hub, now_ms, name ? name : "", &session);
    if (result != HUB_DONE)
        return answer(call, result);
    return http_json_take(call, 201,
                          json_pack("{s:I, s:I, s:I}", "session", (json_int_t)session, "hold_ms",
                                    (json_int_t)hub_real_ms(hub, hub->timing.hold_ms), "renewal_ms",
                                    (json_int_t)hub_real_ms(hub, hub->timing.renewal_ms)));
}

/* Something to say to this session, or NULL. */
static json_t *message_for(struct hub *hub, const struct hub_registration *registration, bool told)
{
    struct hub_job *job = registration->job >= 0 ? &hub->job[registration->job] : NULL;
    if (job == NULL)
        return NULL;
    if (job->cancel_ms >= 0 && !job->cancel_told && job->status == HUB_IN_PROGRESS) {
        job->cancel_told = true;
        return json_pack("{s:I}", "cancel", (json_int_t)job->id);
    }
    if (job->status != HUB_QUEUED || told)
        return NULL;
    return json_pack("{s:I, s:I, s:I}", "job", (json_int_t)job->id, "duration_ms",
                     (json_int_t)hub_real_ms(hub, job->duration_ms), "pickup_ms",
                     (json_int_t)gsl_ran_flat(hub->rng,
                                              (double)hub_real_ms(hub, hub->timing.pickup_min_ms),
                                              (double)hub_real_ms(hub, hub->timing.pickup_max_ms)));
}

/* The runner says which job it knows of, so that it is told of each only once. */
static enum http_answer message(struct service *service, struct http_call *call, uint64_t session,
                                int64_t now_ms)
{
    struct hub *hub = service->hub;
    int64_t hold_ms = hub_real_ms(hub, hub->timing.hold_ms);
    int64_t wait_ms = http_query_int(call, "wait_ms", hold_ms);
    int64_t knows = http_query_int(call, "knows", 0);
    struct hub_registration *registration = hub_contact(hub, call->arrived_ms, session);
    json_t *text;
    if (registration == NULL)
        return complain(call, 404, "no such session");
    text = message_for(hub, registration,
                       registration->job >= 0 && hub->job[registration->job].id == knows);
    if (text != NULL)
        return http_json_take(call, 200, text);
    if (now_ms < call->arrived_ms + (wait_ms < hold_ms ? wait_ms : hold_ms))
        return HTTP_LATER;
    return http_status(call, 204);
}

static enum http_answer job_report(struct service *service, struct http_call *call,
                                   uint64_t session, int64_t now_ms)
{
    const char *verb = call->segment[5];
    const char *conclusion = http_query(call, "conclusion");
    int64_t job = atoll(call->segment[4]);
    if (strcmp(verb, "start") == 0)
        return answer(call, hub_job_start(service->hub, now_ms, session, job));
    if (strcmp(verb, "renew") == 0)
        return answer(call, hub_job_renew(service->hub, now_ms, session, job));
    if (strcmp(verb, "finish") != 0 || conclusion == NULL)
        return complain(call, 404, "want start, renew or finish");
    return answer(call, hub_job_finish(service->hub, now_ms, session, job,
                                       strcmp(conclusion, "success") == 0     ? HUB_SUCCESS
                                       : strcmp(conclusion, "cancelled") == 0 ? HUB_CANCELLED
                                                                              : HUB_FAILURE));
}

static enum http_answer runner_handle(struct service *service, struct http_call *call,
                                      const json_t *body, int64_t now_ms)
{
    uint64_t session = call->n_segments > 2 ? strtoull(call->segment[2], NULL, 10) : 0;
    if (call->n_segments == 2 && strcmp(call->method, "POST") == 0)
        return session_begin(service, call, body, now_ms);
    if (call->n_segments == 3 && strcmp(call->method, "DELETE") == 0)
        return answer(call, hub_session_end(service->hub, now_ms, session));
    if (call->n_segments == 4 && strcmp(call->segment[3], "message") == 0)
        return message(service, call, session, now_ms);
    if (call->n_segments == 6 && strcmp(call->segment[3], "jobs") == 0)
        return job_report(service, call, session, now_ms);
    return complain(call, 404, "no such path");
}

/* ---- what the lab sets up ---- */

static bool read_labels(const json_t *list, struct hub_labels *labels)
{
    bool good = list == NULL || json_is_array(list);
    json_t *label;
    size_t i;
    labels->n = 0;
    json_array_foreach(list, i, label) good =
        good && json_is_string(label) && hub_label_add(labels, json_string_value(label));
    return good;
}

static bool read_order(json_t *json, struct hub_order *order)
{
    const char *name = "build", *variable = "";
    json_int_t duration_ms = 600000;
    json_t *labels = NULL;
    if (json_unpack(json, "{s?s, s?s, s?I, s?o}", "name", &name, "variable", &variable,
                    "duration_ms", &duration_ms, "labels", &labels) != 0)
        return false;
    snprintf(order->name, sizeof order->name, "%s", name);
    snprintf(order->variable, sizeof order->variable, "%s", variable);
    order->duration_ms = duration_ms;
    return read_labels(labels, &order->labels);
}

/* -1 if the list is none. */
static int read_orders(const json_t *list, struct hub_order *orders)
{
    json_t *json;
    size_t i;
    if (json_array_size(list) < 1 || json_array_size(list) > HUB_RUN_JOBS)
        return -1;
    json_array_foreach(list, i, json) if (!read_order(json, &orders[i])) return -1;
    return (int)json_array_size(list);
}

static enum http_answer add_registration(struct service *service, struct http_call *call,
                                         const json_t *body, int64_t now_ms)
{
    const char *name = "", *host = "", *scope = "repository";
    json_t *list = NULL;
    struct hub_labels labels;
    (void)now_ms;
    if (json_unpack((json_t *)body, "{s:s, s:s, s?s, s?o}", "name", &name, "host", &host, "scope",
                    &scope, "labels", &list) != 0 ||
        !read_labels(list, &labels))
        return complain(call, 422, "want {name, host, scope, labels}");
    return answer(
        call, hub_register(service->hub, name, host,
                           strcmp(scope, "organisation") == 0 ? HUB_ORGANISATION : HUB_REPOSITORY,
                           &labels));
}

static enum http_answer add_run(struct service *service, struct http_call *call, const json_t *body,
                                int64_t now_ms)
{
    struct hub_order *orders = calloc(HUB_RUN_JOBS, sizeof *orders);
    const char *title = json_string_value(json_object_get(body, "title"));
    int n = orders ? read_orders(json_object_get(body, "jobs"), orders) : -1;
    enum hub_answer result = HUB_INVALID;
    int64_t run_id = 0;
    if (n > 0)
        result = hub_submit(service->hub, now_ms, title ? title : "lab", -1, orders, n, &run_id);
    free(orders);
    if (result != HUB_DONE)
        return answer(call, result);
    return http_json_take(call, 201, json_pack("{s:I}", "run", (json_int_t)run_id));
}

static enum http_answer add_workflow(struct service *service, struct http_call *call,
                                     const json_t *body, int64_t now_ms)
{
    struct hub *hub = service->hub;
    struct hub_workflow *workflow = &hub->workflow[hub->n_workflows];
    const char *file = json_string_value(json_object_get(body, "file"));
    (void)now_ms;
    if (hub->n_workflows == HUB_WORKFLOWS)
        return answer(call, HUB_FULL);
    workflow->n_jobs = read_orders(json_object_get(body, "jobs"), workflow->job);
    if (file == NULL || workflow->n_jobs < 1)
        return complain(call, 422, "want {file, jobs}");
    snprintf(workflow->file, sizeof workflow->file, "%s", file);
    workflow->id = hub->next_id++;
    hub->n_workflows++;
    return http_json_take(call, 201, json_pack("{s:I}", "workflow", (json_int_t)workflow->id));
}

/* A Poisson stream of one-job runs; per_minute counts GitHub's minutes, 0 ends it. */
static enum http_answer set_workload(struct service *service, struct http_call *call,
                                     const json_t *body, int64_t now_ms)
{
    double per_minute = json_number_value(json_object_get(body, "per_minute"));
    struct hub *hub = service->hub;
    if (per_minute < 0 || per_minute > 100000 || !read_order((json_t *)body, &hub->workload.order))
        return complain(call, 422, "want {per_minute, duration_ms, labels}");
    hub->workload.interval_ms = per_minute > 0 ? (int64_t)(60000 / per_minute) : 0;
    hub->workload.next_ms = now_ms;
    return http_status(call, 204);
}

static enum http_answer set_lie(struct service *service, struct http_call *call, const json_t *body,
                                int64_t now_ms)
{
    const char *name = json_string_value(json_object_get(body, "name"));
    const char *status = json_string_value(json_object_get(body, "status"));
    const json_t *busy = json_object_get(body, "busy");
    struct hub_registration *registration =
        name ? hub_registration_by_name(service->hub, name) : NULL;
    (void)now_ms;
    if (registration == NULL)
        return answer(call, HUB_MISSING);
    registration->lie.status = status != NULL;
    registration->lie.online_said = status != NULL && strcmp(status, "online") == 0;
    registration->lie.busy = json_is_boolean(busy);
    registration->lie.busy_said = json_is_true(busy);
    return http_status(call, 204);
}

static enum http_answer set_lockout(struct service *service, struct http_call *call,
                                    const json_t *body, int64_t now_ms)
{
    const char *name = json_string_value(json_object_get(body, "name"));
    struct hub_registration *registration =
        name ? hub_registration_by_name(service->hub, name) : NULL;
    (void)now_ms;
    if (registration == NULL)
        return answer(call, HUB_MISSING);
    registration->locked_out = json_is_true(json_object_get(body, "out"));
    return http_status(call, 204);
}

static bool read_level(const json_t *json, enum level *level)
{
    static const char *const names[] = {"none", "read", "write"};
    for (int i = LEVEL_NONE; json_is_string(json) && i <= LEVEL_WRITE; i++)
        if (strcmp(names[i], json_string_value(json)) == 0) {
            *level = (enum level)i;
            return true;
        }
    return false;
}

/* {token, level} for every permission at once, then single ones by GitHub's names; life_ms. */
static enum http_answer set_token(struct service *service, struct http_call *call,
                                  const json_t *body, int64_t now_ms)
{
    const char *text = json_string_value(json_object_get(body, "token")), *key;
    const json_t *life = json_object_get(body, "life_ms");
    enum level level = LEVEL_WRITE;
    struct token *token;
    json_t *value;
    read_level(json_object_get(body, "level"), &level);
    token = text ? access_grant(service, text, level, now_ms) : NULL;
    if (token == NULL)
        return complain(call, 422, "want {token, level, PERMISSION: level, life_ms}");
    if (json_is_integer(life))
        token->expires_ms = now_ms + json_integer_value(life);
    json_object_foreach((json_t *)body, key, value)
    {
        enum permission permission = access_permission(key);
        if (permission != PERMISSION_COUNT)
            read_level(value, &token->level[permission]);
    }
    return http_status(call, 204);
}

static enum http_answer set_timing(struct service *service, struct http_call *call,
                                   const json_t *body, int64_t now_ms)
{
    struct hub_timing *timing = &service->hub->timing;
    const struct {
        const char *key;
        int64_t *ms;
    } fields[] = {
        {"offline_min_ms", &timing->offline_min_ms}, {"offline_max_ms", &timing->offline_max_ms},
        {"goodbye_ms", &timing->goodbye_ms},         {"lock_ms", &timing->lock_ms},
        {"renewal_ms", &timing->renewal_ms},         {"sweep_ms", &timing->sweep_ms},
        {"pickup_min_ms", &timing->pickup_min_ms},   {"pickup_max_ms", &timing->pickup_max_ms},
        {"requeue_ms", &timing->requeue_ms},         {"queue_limit_ms", &timing->queue_limit_ms},
        {"cancel_ms", &timing->cancel_ms},           {"force_cancel_ms", &timing->force_cancel_ms},
        {"token_life_ms", &service->token_life_ms}};
    const char *key;
    json_t *value;
    (void)now_ms;
    json_object_foreach((json_t *)body, key, value)
    {
        bool known = false;
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
            if (strcmp(fields[i].key, key) == 0 && json_is_integer(value)) {
                *fields[i].ms = json_integer_value(value);
                known = true;
            }
        if (!known)
            return complain(call, 422, key);
    }
    return http_status(call, 204);
}

static enum http_answer set_limits(struct service *service, struct http_call *call,
                                   const json_t *body, int64_t now_ms)
{
    (void)now_ms;
    if (json_unpack((json_t *)body, "{s?i, s?i, s?i}", "hourly", &service->hourly, "minute_points",
                    &service->minute_points, "minute_writes", &service->minute_writes) != 0)
        return complain(call, 422, "want {hourly, minute_points, minute_writes}");
    return http_status(call, 204);
}

static enum http_answer add_mischief(struct service *service, struct http_call *call,
                                     const json_t *body, int64_t now_ms)
{
    const char *wrong = mischief_add(service, body, now_ms);
    return wrong ? complain(call, 422, wrong) : http_status(call, 204);
}

static enum http_answer add_notification(struct service *service, struct http_call *call,
                                         const json_t *body, int64_t now_ms)
{
    if (json_array_size(service->notifications) < SERVICE_NOTIFICATIONS)
        json_array_append_new(service->notifications,
                              json_pack("{s:I, s:O}", "at_ms", (json_int_t)now_ms, "body", body));
    return http_status(call, 200);
}

/* ---- what the lab reads ---- */

static json_t *state_json(const struct hub *hub)
{
    json_t *registrations = json_array();
    int queued = 0, running = 0, concluded[4] = {0};
    for (int i = 0; i < hub->n_registrations; i++) {
        const struct hub_registration *registration = &hub->registration[i];
        json_array_append_new(registrations,
                              json_pack("{s:s, s:s, s:b, s:b, s:b, s:o}", "name",
                                        registration->name, "host", registration->host, "online",
                                        registration->online, "session", registration->session != 0,
                                        "busy", registration->job >= 0, "labels",
                                        render_labels(registration)));
    }
    for (int i = 0; i < hub->n_jobs; i++) {
        queued += hub->job[i].status == HUB_QUEUED;
        running += hub->job[i].status == HUB_IN_PROGRESS;
        concluded[hub->job[i].carried ? HUB_NONE : hub->job[i].conclusion]++;
    }
    return json_pack("{s:o, s:{s:i, s:i, s:i, s:i, s:i}}", "registrations", registrations, "jobs",
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
        return complain(call, 500, "out of memory");
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

typedef enum http_answer (*setter)(struct service *, struct http_call *, const json_t *, int64_t);

static const struct {
    const char *name;
    setter set;
} setters[] = {{"registrations", add_registration},
               {"runs", add_run},
               {"workflows", add_workflow},
               {"workload", set_workload},
               {"mischief", add_mischief},
               {"lies", set_lie},
               {"lockouts", set_lockout},
               {"tokens", set_token},
               {"timing", set_timing},
               {"limits", set_limits},
               {"notifications", add_notification}};

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
    return complain(call, 404, "no such path");
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
    for (size_t i = 0; i < sizeof setters / sizeof *setters; i++)
        if (strcmp(setters[i].name, name) == 0 && body != NULL)
            return setters[i].set(service, call, body, now_ms);
    return complain(call, body ? 404 : 400, body ? "no such path" : "want a JSON object");
}

enum http_answer control_handle(void *context, struct http_call *call, int64_t now_ms)
{
    struct service *service = context;
    json_t *body = json_loadb(call->body, call->body_size, 0, NULL);
    enum http_answer result;
    if (call->n_segments == 1 && strcmp(call->segment[0], "metrics") == 0)
        result = metrics(service, call);
    else if (call->n_segments >= 2 && strcmp(call->segment[0], "runner") == 0)
        result = runner_handle(service, call, body, now_ms);
    else if (call->n_segments == 2 && strcmp(call->segment[0], "lab") == 0)
        result = lab_handle(service, call, body, now_ms);
    else
        result = complain(call, 404, "no such path");
    json_decref(body);
    return result;
}
