/* The private protocol of the runners; see control.h. */
#include "control.h"

#include <gsl/gsl_randist.h>
#include <stdlib.h>
#include <string.h>

static enum http_answer session_begin(struct service *service, struct http_call *call,
                                      const json_t *body, int64_t now_ms)
{
    const struct hub *hub = service->hub;
    const char *name = json_string_value(json_object_get(body, "name"));
    uint64_t session = 0;
    enum hub_answer result = hub_session_begin(service->hub, now_ms, name ? name : "", &session);
    if (result != HUB_DONE)
        return control_answer(call, result);
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
    if (job->status != HUB_QUEUED || told || registration->hung != HUB_WELL)
        return NULL;
    return json_pack("{s:I, s:I, s:I}", "job", (json_int_t)job->id, "duration_ms",
                     (json_int_t)hub_real_ms(hub, hub_duration_ms(hub, job)), "pickup_ms",
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
        return control_complain(call, 404, "no such session");
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
        return control_answer(call, hub_job_start(service->hub, now_ms, session, job));
    if (strcmp(verb, "renew") == 0)
        return control_answer(call, hub_job_renew(service->hub, now_ms, session, job));
    if (strcmp(verb, "finish") != 0 || conclusion == NULL)
        return control_complain(call, 404, "want start, renew or finish");
    return control_answer(call,
                          hub_job_finish(service->hub, now_ms, session, job,
                                         strcmp(conclusion, "success") == 0     ? HUB_SUCCESS
                                         : strcmp(conclusion, "cancelled") == 0 ? HUB_CANCELLED
                                                                                : HUB_FAILURE));
}

enum http_answer control_runner(struct service *service, struct http_call *call, const json_t *body,
                                int64_t now_ms)
{
    uint64_t session = call->n_segments > 2 ? strtoull(call->segment[2], NULL, 10) : 0;
    if (call->n_segments == 2 && strcmp(call->method, "POST") == 0)
        return session_begin(service, call, body, now_ms);
    if (call->n_segments == 3 && strcmp(call->method, "DELETE") == 0)
        return control_answer(call, hub_session_end(service->hub, now_ms, session));
    if (call->n_segments == 4 && strcmp(call->segment[3], "message") == 0)
        return message(service, call, session, now_ms);
    if (call->n_segments == 6 && strcmp(call->segment[3], "jobs") == 0)
        return job_report(service, call, session, now_ms);
    return control_complain(call, 404, "no such path");
}
