/* What the lab makes go wrong with registrations and jobs; see control.h. */
#include "control.h"

#include <stdio.h>
#include <string.h>

/* Calls `change` for the registration `name`, or for all of `host`. */
static enum http_answer on_registrations(struct service *service, struct http_call *call,
                                         const json_t *body,
                                         void (*change)(struct hub_registration *, const json_t *))
{
    const char *name = json_string_value(json_object_get(body, "name"));
    const char *host = json_string_value(json_object_get(body, "host"));
    struct hub *hub = service->hub;
    int found = 0;
    for (int i = 0; i < hub->n_registrations; i++) {
        struct hub_registration *registration = &hub->registration[i];
        if ((name == NULL || strcmp(name, registration->name) != 0) &&
            (host == NULL || strcmp(host, registration->host) != 0))
            continue;
        change(registration, body);
        found++;
    }
    return control_answer(call, found > 0 ? HUB_DONE : HUB_MISSING);
}

static void lie(struct hub_registration *registration, const json_t *body)
{
    const char *status = json_string_value(json_object_get(body, "status"));
    const json_t *busy = json_object_get(body, "busy");
    registration->lie.status = status != NULL;
    registration->lie.online_said = status != NULL && strcmp(status, "online") == 0;
    registration->lie.busy = json_is_boolean(busy);
    registration->lie.busy_said = json_is_true(busy);
    registration->lie.missing = json_is_true(json_object_get(body, "missing"));
}

enum http_answer control_lie(struct service *service, struct http_call *call, const json_t *body,
                             int64_t now_ms)
{
    (void)now_ms;
    return on_registrations(service, call, body, lie);
}

static void lock_out(struct hub_registration *registration, const json_t *body)
{
    registration->locked_out = json_is_true(json_object_get(body, "out"));
}

enum http_answer control_lockout(struct service *service, struct http_call *call,
                                 const json_t *body, int64_t now_ms)
{
    (void)now_ms;
    return on_registrations(service, call, body, lock_out);
}

enum http_answer control_hang(struct service *service, struct http_call *call, const json_t *body,
                              int64_t now_ms)
{
    const char *host = "", *how = "";
    int slots = 0;
    (void)now_ms;
    if (json_unpack((json_t *)body, "{s:s, s:s, s?i}", "host", &host, "how", &how, "slots",
                    &slots) != 0)
        return control_complain(call, 422, "want {host, how: deaf|taking|well, slots}");
    return control_answer(call, hub_hang(service->hub, host, slots,
                                         strcmp(how, "deaf") == 0     ? HUB_DEAF
                                         : strcmp(how, "taking") == 0 ? HUB_TAKING
                                                                      : HUB_WELL));
}

enum http_answer control_fate(struct service *service, struct http_call *call, const json_t *body,
                              int64_t now_ms)
{
    const char *host = "", *fate = "";
    double share = 1;
    if (json_unpack((json_t *)body, "{s?s, s:s, s?F}", "host", &host, "fate", &fate, "share",
                    &share) != 0)
        return control_complain(call, 422, "want {host, fate: endless|failure, share}");
    return control_answer(call, hub_doom(service->hub, now_ms, host,
                                         strcmp(fate, "endless") == 0   ? HUB_ENDLESS
                                         : strcmp(fate, "failure") == 0 ? HUB_DOOMED
                                                                        : HUB_NATURAL,
                                         share));
}

enum http_answer control_delay(struct service *service, struct http_call *call, const json_t *body,
                               int64_t now_ms)
{
    const json_t *assignment = json_object_get(body, "assignment_ms");
    (void)now_ms;
    if (!json_is_integer(assignment) || json_integer_value(assignment) < 0)
        return control_complain(call, 422, "want {assignment_ms}");
    service->hub->slow_ms = json_integer_value(assignment);
    return http_status(call, 204);
}

enum http_answer control_replace(struct service *service, struct http_call *call,
                                 const json_t *body, int64_t now_ms)
{
    const char *host = "";
    int slots = 0;
    if (json_unpack((json_t *)body, "{s:s, s?i}", "host", &host, "slots", &slots) != 0)
        return control_complain(call, 422, "want {host, slots}");
    return control_answer(call, hub_replace(service->hub, now_ms, host, slots));
}

enum http_answer control_group(struct service *service, struct http_call *call, const json_t *body,
                               int64_t now_ms)
{
    struct hub *hub = service->hub;
    struct hub_group *group = &hub->group[hub->n_groups];
    const char *name = "", *visibility = "all", *repository = "";
    json_int_t id = 0;
    (void)now_ms;
    if (hub->n_groups == HUB_GROUPS)
        return control_answer(call, HUB_FULL);
    if (json_unpack((json_t *)body, "{s:I, s:s, s?s, s?s}", "id", &id, "name", &name, "visibility",
                    &visibility, "repository", &repository) != 0)
        return control_complain(call, 422, "want {id, name, visibility, repository}");
    *group = (struct hub_group){.id = id};
    snprintf(group->name, sizeof group->name, "%s", name);
    snprintf(group->visibility, sizeof group->visibility, "%s", visibility);
    snprintf(group->repository, sizeof group->repository, "%s", repository);
    hub->n_groups++;
    return http_status(call, 204);
}

enum http_answer control_admission(struct service *service, struct http_call *call,
                                   const json_t *body, int64_t now_ms)
{
    const char *host = "";
    int slots = 0;
    if (json_unpack((json_t *)body, "{s:s, s:i}", "host", &host, "slots", &slots) != 0)
        return control_complain(call, 422, "want {host, slots}");
    return control_answer(call, hub_admit(service->hub, now_ms, host, slots));
}

enum http_answer control_variable(struct service *service, struct http_call *call,
                                  const json_t *body, int64_t now_ms)
{
    const char *name = "", *value = "";
    if (json_unpack((json_t *)body, "{s:s, s:s}", "name", &name, "value", &value) != 0)
        return control_complain(call, 422, "want {name, value}");
    return control_answer(call,
                          hub_variable_set(service->hub, now_ms, HUB_REPOSITORY, name, value,
                                           !hub_variable_get(service->hub, HUB_REPOSITORY, name)));
}
