/* Variables, of a repository or an organisation. */
#include "rest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum http_answer rest_variables_list(struct service *service, struct http_call *call,
                                     const struct place *place, int64_t now_ms)
{
    struct hub *hub = service->hub;
    int chosen[HUB_VARIABLES], total = 0;
    json_t *list = json_array();
    struct page page;
    (void)now_ms;
    for (int i = 0; i < hub->n_variables; i++)
        if (hub->variable[i].scope == place->scope)
            chosen[total++] = i;
    page = rest_page(service, call, total);
    for (int64_t i = page.first; i < page.end; i++)
        json_array_append_new(list, render_variable(service, &hub->variable[chosen[i]]));
    return http_json_take(call, 200,
                          json_pack("{s:i, s:o}", "total_count", total, "variables", list));
}

enum http_answer rest_variable_get(struct service *service, struct http_call *call,
                                   const struct place *place, int64_t now_ms)
{
    const struct hub_variable *variable =
        hub_variable_get(service->hub, place->scope, place->arg[0]);
    (void)now_ms;
    if (variable == NULL)
        return rest_not_found(call);
    return http_json_take(call, 200, render_variable(service, variable));
}

enum http_answer rest_variable_write(struct service *service, struct http_call *call,
                                     const struct place *place, int64_t now_ms)
{
    bool create = place->n_args == 0;
    json_t *body = json_loads(call->body, 0, NULL);
    const char *name = create ? json_string_value(json_object_get(body, "name")) : place->arg[0];
    const char *value = json_string_value(json_object_get(body, "value"));
    enum hub_answer answer = HUB_INVALID;
    if (name != NULL && value != NULL)
        answer = hub_variable_set(service->hub, now_ms, place->scope, name, value, create);
    json_decref(body);
    if (answer == HUB_MISSING)
        return rest_not_found(call);
    if (answer == HUB_CONFLICT)
        return rest_error(call, 409, "Already exists - Variable already exists");
    if (answer != HUB_DONE)
        return rest_error(call, 422, "Validation Failed");
    return create ? http_json_take(call, 201, json_object()) : http_status(call, 204);
}

enum http_answer rest_variable_remove(struct service *service, struct http_call *call,
                                      const struct place *place, int64_t now_ms)
{
    (void)now_ms;
    if (hub_variable_remove(service->hub, place->scope, place->arg[0]) != HUB_DONE)
        return rest_not_found(call);
    return http_status(call, 204);
}
