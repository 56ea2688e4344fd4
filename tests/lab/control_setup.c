/* What the lab sets up and makes go wrong; see control.h. */
#include "control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_labels(const json_t *list, struct hub_labels *labels)
{
    bool good = list == NULL || json_is_array(list);
    json_t *label;
    size_t i;
    labels->n = 0;
    json_array_foreach (list, i, label)
        good = good && json_is_string(label) && hub_label_add(labels, json_string_value(label));
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
    json_array_foreach (list, i, json)
        if (!read_order(json, &orders[i]))
            return -1;
    return (int)json_array_size(list);
}

static enum http_answer add_registration(struct service *service, struct http_call *call,
                                         const json_t *body, int64_t now_ms)
{
    const char *name = "", *host = "", *scope = "repository";
    json_t *list = NULL;
    struct hub_labels labels;
    json_int_t group = 1;
    int ephemeral = 0;
    enum hub_answer result;
    (void)now_ms;
    if (json_unpack((json_t *)body, "{s:s, s:s, s?s, s?o, s?b, s?I}", "name", &name, "host", &host,
                    "scope", &scope, "labels", &list, "ephemeral", &ephemeral, "group",
                    &group) != 0 ||
        !read_labels(list, &labels))
        return control_complain(call, 422, "want {name, host, scope, labels, ephemeral, group}");
    result = hub_register(service->hub, name, host,
                          strcmp(scope, "organisation") == 0 ? HUB_ORGANISATION : HUB_REPOSITORY,
                          &labels);
    if (result == HUB_DONE) {
        hub_registration_by_name(service->hub, name)->ephemeral = ephemeral;
        hub_registration_by_name(service->hub, name)->group = group;
    }
    return control_answer(call, result);
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
        return control_answer(call, result);
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
        return control_answer(call, HUB_FULL);
    workflow->n_jobs = read_orders(json_object_get(body, "jobs"), workflow->job);
    if (file == NULL || workflow->n_jobs < 1)
        return control_complain(call, 422, "want {file, jobs}");
    snprintf(workflow->file, sizeof workflow->file, "%s", file);
    workflow->id = hub->next_id++;
    hub->n_workflows++;
    return http_json_take(call, 201, json_pack("{s:I}", "workflow", (json_int_t)workflow->id));
}

/* A Poisson stream of one-job runs; per_minute counts GitHub's minutes, 0 ends it. With `rerun`
 * runs that fail are run again at once. */
static enum http_answer set_workload(struct service *service, struct http_call *call,
                                     const json_t *body, int64_t now_ms)
{
    double per_minute = json_number_value(json_object_get(body, "per_minute"));
    struct hub *hub = service->hub;
    if (per_minute < 0 || per_minute > 100000 || !read_order((json_t *)body, &hub->workload.order))
        return control_complain(call, 422, "want {per_minute, duration_ms, labels, rerun}");
    hub->workload.rerun = json_is_true(json_object_get(body, "rerun"));
    hub->workload.interval_ms = per_minute > 0 ? (int64_t)(60000 / per_minute) : 0;
    hub->workload.next_ms = now_ms;
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
        return control_complain(call, 422, "want {token, level, PERMISSION: level, life_ms}");
    if (json_is_integer(life))
        token->expires_ms = now_ms + json_integer_value(life);
    json_object_foreach ((json_t *)body, key, value) {
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
    json_object_foreach ((json_t *)body, key, value) {
        bool known = false;
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
            if (strcmp(fields[i].key, key) == 0 && json_is_integer(value)) {
                *fields[i].ms = json_integer_value(value);
                known = true;
            }
        if (!known)
            return control_complain(call, 422, key);
    }
    return http_status(call, 204);
}

static enum http_answer set_limits(struct service *service, struct http_call *call,
                                   const json_t *body, int64_t now_ms)
{
    (void)now_ms;
    if (json_unpack((json_t *)body, "{s?i, s?i, s?i}", "hourly", &service->hourly, "minute_points",
                    &service->minute_points, "minute_writes", &service->minute_writes) != 0)
        return control_complain(call, 422, "want {hourly, minute_points, minute_writes}");
    return http_status(call, 204);
}

static enum http_answer add_mischief(struct service *service, struct http_call *call,
                                     const json_t *body, int64_t now_ms)
{
    const char *wrong = mischief_add(service, body, now_ms);
    return wrong ? control_complain(call, 422, wrong) : http_status(call, 204);
}

static enum http_answer add_notification(struct service *service, struct http_call *call,
                                         const json_t *body, int64_t now_ms)
{
    if (json_array_size(service->notifications) < SERVICE_NOTIFICATIONS)
        json_array_append_new(service->notifications,
                              json_pack("{s:I, s:O}", "at_ms", (json_int_t)now_ms, "body", body));
    return http_status(call, 200);
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
               {"lies", control_lie},
               {"lockouts", control_lockout},
               {"hangs", control_hang},
               {"fates", control_fate},
               {"delays", control_delay},
               {"replacements", control_replace},
               {"groups", control_group},
               {"admissions", control_admission},
               {"variables", control_variable},
               {"tokens", set_token},
               {"timing", set_timing},
               {"limits", set_limits},
               {"notifications", add_notification}};

enum http_answer control_set(struct service *service, struct http_call *call, const char *name,
                             const json_t *body, int64_t now_ms)
{
    for (size_t i = 0; i < sizeof setters / sizeof *setters; i++)
        if (strcmp(setters[i].name, name) == 0 && body != NULL)
            return setters[i].set(service, call, body, now_ms);
    return control_complain(call, body ? 404 : 400, body ? "no such path" : "want a JSON object");
}
