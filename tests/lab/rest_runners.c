/* Registrations and their labels, of a repository or an organisation. */
#include "rest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum http_answer rest_runners_list(struct service *service, struct http_call *call,
                                   const struct place *place, int64_t now_ms)
{
    struct hub *hub = service->hub;
    const char *name = http_query(call, "name");
    int64_t crowd = name ? 0 : mischief_crowd(service, now_ms), total = 0, turn, all;
    int *chosen = malloc(HUB_REGISTRATIONS * sizeof *chosen);
    json_t *list = json_array();
    struct page page;
    for (int i = 0; chosen != NULL && i < hub->n_registrations; i++)
        if (hub->registration[i].scope == place->scope && !hub->registration[i].lie.missing &&
            (name == NULL || strcmp(hub->registration[i].name, name) == 0))
            chosen[total++] = i;
    page = rest_page(service, call, total + crowd);
    turn = mischief_turn(service, http_query_int(call, "page", 1), now_ms);
    all = total + crowd;
    for (int64_t i = page.first; all > 0 && chosen != NULL && i < page.end; i++) {
        int64_t at = (i + all - turn % all) % all;
        json_array_append_new(list, at < total
                                        ? render_registration(hub, &hub->registration[chosen[at]])
                                        : render_stranger(at - total));
    }
    free(chosen);
    return http_json_take(
        call, 200,
        json_pack("{s:I, s:o}", "total_count", (json_int_t)(total + crowd), "runners", list));
}

static struct hub_registration *named_registration(struct service *service,
                                                   const struct place *place)
{
    struct hub_registration *registration =
        hub_registration_by_id(service->hub, atoll(place->arg[0]));
    return registration != NULL && registration->scope == place->scope ? registration : NULL;
}

enum http_answer rest_runner_get(struct service *service, struct http_call *call,
                                 const struct place *place, int64_t now_ms)
{
    const struct hub_registration *registration = named_registration(service, place);
    (void)now_ms;
    if (registration == NULL)
        return rest_not_found(call);
    return http_json_take(call, 200, render_registration(service->hub, registration));
}

static enum http_answer labels_answer(struct http_call *call,
                                      const struct hub_registration *registration)
{
    return http_json_take(call, 200,
                          json_pack("{s:i, s:o}", "total_count",
                                    registration->builtin.n + registration->custom.n, "labels",
                                    render_labels(registration)));
}

enum http_answer rest_labels_get(struct service *service, struct http_call *call,
                                 const struct place *place, int64_t now_ms)
{
    const struct hub_registration *registration = named_registration(service, place);
    (void)now_ms;
    return registration ? labels_answer(call, registration) : rest_not_found(call);
}

static bool labels_from_body(const struct http_call *call, struct hub_labels *labels)
{
    json_t *body = json_loads(call->body, 0, NULL), *label;
    const json_t *list = json_object_get(body, "labels");
    bool good = json_is_array(list) && json_array_size(list) <= HUB_LABELS;
    size_t i;
    json_array_foreach (list, i, label)
        good = good && json_is_string(label) && hub_label_add(labels, json_string_value(label));
    json_decref(body);
    return good;
}

/* POST adds to what is there, PUT starts from nothing. */
enum http_answer rest_labels_write(struct service *service, struct http_call *call,
                                   const struct place *place, int64_t now_ms)
{
    struct hub_registration *registration = named_registration(service, place);
    bool adds = strcmp(call->method, "POST") == 0;
    struct hub_labels wanted = {.n = 0}, result = {.n = 0};
    if (registration == NULL)
        return rest_not_found(call);
    if (!labels_from_body(call, &wanted) || (adds && wanted.n == 0))
        return rest_error(call, 422, "Validation Failed");
    if (adds)
        result = registration->custom;
    for (int i = 0; i < wanted.n; i++)
        if (!hub_label_has(&registration->builtin, wanted.name[i]) &&
            !hub_label_add(&result, wanted.name[i]))
            return rest_error(call, 422, "Validation Failed");
    registration->custom = result;
    hub_note(service->hub, now_ms, 0, "labels", registration->name);
    return labels_answer(call, registration);
}

enum http_answer rest_labels_clear(struct service *service, struct http_call *call,
                                   const struct place *place, int64_t now_ms)
{
    struct hub_registration *registration = named_registration(service, place);
    if (registration == NULL)
        return rest_not_found(call);
    registration->custom.n = 0;
    hub_note(service->hub, now_ms, 0, "labels", registration->name);
    return labels_answer(call, registration);
}

enum http_answer rest_label_remove(struct service *service, struct http_call *call,
                                   const struct place *place, int64_t now_ms)
{
    struct hub_registration *registration = named_registration(service, place);
    struct hub_labels left = {.n = 0};
    if (registration == NULL)
        return rest_not_found(call);
    if (hub_label_has(&registration->builtin, place->arg[1]))
        return rest_error(call, 422, "Read-only labels cannot be removed");
    if (!hub_label_has(&registration->custom, place->arg[1]))
        return rest_not_found(call);
    for (int i = 0; i < registration->custom.n; i++)
        if (strcasecmp(registration->custom.name[i], place->arg[1]) != 0)
            hub_label_add(&left, registration->custom.name[i]);
    registration->custom = left;
    hub_note(service->hub, now_ms, 0, "labels", registration->name);
    return labels_answer(call, registration);
}

/* ---- groups, which organisations have ---- */

enum http_answer rest_groups_list(struct service *service, struct http_call *call,
                                  const struct place *place, int64_t now_ms)
{
    const struct hub *hub = service->hub;
    struct page page = rest_page(service, call, hub->n_groups);
    json_t *list = json_array();
    (void)place, (void)now_ms;
    for (int64_t i = page.first; i < page.end; i++)
        json_array_append_new(list, render_group(&hub->group[i]));
    return http_json_take(
        call, 200, json_pack("{s:i, s:o}", "total_count", hub->n_groups, "runner_groups", list));
}

enum http_answer rest_group_repositories(struct service *service, struct http_call *call,
                                         const struct place *place, int64_t now_ms)
{
    const struct hub *hub = service->hub;
    json_t *list = json_array();
    (void)now_ms;
    for (int i = 0; i < hub->n_groups; i++) {
        if (hub->group[i].id != atoll(place->arg[0]))
            continue;
        if (hub->group[i].repository[0] != '\0')
            json_array_append_new(
                list, json_pack("{s:i, s:s, s:s+++}", "id", 1, "name", hub->group[i].repository,
                                "full_name", service->owner, "/", hub->group[i].repository, ""));
        return http_json_take(call, 200,
                              json_pack("{s:i, s:o}", "total_count", (int)json_array_size(list),
                                        "repositories", list));
    }
    json_decref(list);
    return rest_not_found(call);
}
