/* GitHub's REST API as far as a fleet controller uses it. */
#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_DEFAULT 30
#define PAGE_MOST 100

struct place { /* what the path named */
    enum hub_scope scope;
    const char *arg[2];
    int n_args;
};

typedef enum http_answer (*route_handler)(struct service *, struct http_call *,
                                          const struct place *, int64_t now_ms);

static enum http_answer error_answer(struct http_call *call, int status, const char *message)
{
    return http_json_take(call, status, render_error(status, message));
}

static enum http_answer not_found(struct http_call *call)
{
    return error_answer(call, 404, "Not Found");
}

/* ---- pages ---- */

struct page {
    int64_t first, end; /* of the items in the list */
};

static void page_link(char *out, size_t size, const char *base, const struct http_call *call,
                      const char *query, int64_t page, const char *rel)
{
    size_t used = strlen(out);
    snprintf(out + used, size - used, "%s<%s%s?%spage=%lld>; rel=\"%s\"", used ? ", " : "", base,
             call->path, query, (long long)page, rel);
}

static struct page paginate(const struct service *service, struct http_call *call, int64_t total)
{
    int64_t size = http_query_int(call, "per_page", PAGE_DEFAULT);
    int64_t number = http_query_int(call, "page", 1), last;
    char base[HTTP_URL], query[HTTP_URL / 2], link[2 * HTTP_URL] = "";
    struct page page;
    size = size < 1 ? PAGE_DEFAULT : size > PAGE_MOST ? PAGE_MOST : size;
    number = number < 1 ? 1 : number;
    last = total == 0 ? 1 : (total + size - 1) / size;
    page.first = (number - 1) * size < total ? (number - 1) * size : total;
    page.end = page.first + size < total ? page.first + size : total;
    render_base(service, call, base, sizeof base);
    http_query_but_page(call, query, sizeof query);
    if (number > 1) {
        page_link(link, sizeof link, base, call, query, number - 1, "prev");
        page_link(link, sizeof link, base, call, query, 1, "first");
    }
    if (number < last) {
        page_link(link, sizeof link, base, call, query, number + 1, "next");
        page_link(link, sizeof link, base, call, query, last, "last");
    }
    if (link[0] != '\0')
        http_header(call, "Link", "%s", link);
    return page;
}

/* ---- registrations and their labels ---- */

static enum http_answer runners_list(struct service *service, struct http_call *call,
                                     const struct place *place, int64_t now_ms)
{
    struct hub *hub = service->hub;
    const char *name = http_query(call, "name");
    int64_t crowd = name ? 0 : mischief_crowd(service, now_ms), total = 0;
    int *chosen = malloc(HUB_REGISTRATIONS * sizeof *chosen);
    json_t *list = json_array();
    struct page page;
    for (int i = 0; chosen != NULL && i < hub->n_registrations; i++)
        if (hub->registration[i].scope == place->scope &&
            (name == NULL || strcmp(hub->registration[i].name, name) == 0))
            chosen[total++] = i;
    page = paginate(service, call, total + crowd);
    for (int64_t i = page.first; i < page.end; i++)
        json_array_append_new(list, i < total ? render_registration(&hub->registration[chosen[i]])
                                              : render_stranger(i - total));
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

static enum http_answer runner_get(struct service *service, struct http_call *call,
                                   const struct place *place, int64_t now_ms)
{
    const struct hub_registration *registration = named_registration(service, place);
    (void)now_ms;
    if (registration == NULL)
        return not_found(call);
    return http_json_take(call, 200, render_registration(registration));
}

static enum http_answer labels_answer(struct http_call *call,
                                      const struct hub_registration *registration)
{
    return http_json_take(call, 200,
                          json_pack("{s:i, s:o}", "total_count",
                                    registration->builtin.n + registration->custom.n, "labels",
                                    render_labels(registration)));
}

static enum http_answer labels_get(struct service *service, struct http_call *call,
                                   const struct place *place, int64_t now_ms)
{
    const struct hub_registration *registration = named_registration(service, place);
    (void)now_ms;
    return registration ? labels_answer(call, registration) : not_found(call);
}

static bool labels_from_body(const struct http_call *call, struct hub_labels *labels)
{
    json_t *body = json_loads(call->body, 0, NULL), *label;
    const json_t *list = json_object_get(body, "labels");
    bool good = json_is_array(list) && json_array_size(list) <= HUB_LABELS;
    size_t i;
    json_array_foreach(list, i, label) good =
        good && json_is_string(label) && hub_label_add(labels, json_string_value(label));
    json_decref(body);
    return good;
}

/* POST adds to what is there, PUT starts from nothing. */
static enum http_answer labels_write(struct service *service, struct http_call *call,
                                     const struct place *place, int64_t now_ms)
{
    struct hub_registration *registration = named_registration(service, place);
    bool adds = strcmp(call->method, "POST") == 0;
    struct hub_labels wanted = {.n = 0}, result = {.n = 0};
    if (registration == NULL)
        return not_found(call);
    if (!labels_from_body(call, &wanted) || (adds && wanted.n == 0))
        return error_answer(call, 422, "Validation Failed");
    if (adds)
        result = registration->custom;
    for (int i = 0; i < wanted.n; i++)
        if (!hub_label_has(&registration->builtin, wanted.name[i]) &&
            !hub_label_add(&result, wanted.name[i]))
            return error_answer(call, 422, "Validation Failed");
    registration->custom = result;
    hub_note(service->hub, now_ms, 0, "labels", registration->name);
    return labels_answer(call, registration);
}

static enum http_answer labels_clear(struct service *service, struct http_call *call,
                                     const struct place *place, int64_t now_ms)
{
    struct hub_registration *registration = named_registration(service, place);
    if (registration == NULL)
        return not_found(call);
    registration->custom.n = 0;
    hub_note(service->hub, now_ms, 0, "labels", registration->name);
    return labels_answer(call, registration);
}

static enum http_answer label_remove(struct service *service, struct http_call *call,
                                     const struct place *place, int64_t now_ms)
{
    struct hub_registration *registration = named_registration(service, place);
    struct hub_labels left = {.n = 0};
    if (registration == NULL)
        return not_found(call);
    if (hub_label_has(&registration->builtin, place->arg[1]))
        return error_answer(call, 422, "Read-only labels cannot be removed");
    if (!hub_label_has(&registration->custom, place->arg[1]))
        return not_found(call);
    for (int i = 0; i < registration->custom.n; i++)
        if (strcasecmp(registration->custom.name[i], place->arg[1]) != 0)
            hub_label_add(&left, registration->custom.name[i]);
    registration->custom = left;
    hub_note(service->hub, now_ms, 0, "labels", registration->name);
    return labels_answer(call, registration);
}

/* ---- runs and jobs ---- */

/* GitHub's `status` filter takes statuses and conclusions alike. */
static bool run_matches(const struct hub *hub, const struct hub_run *run, const char *wanted)
{
    static const char *const statuses[] = {"queued", "in_progress", "completed"};
    static const char *const conclusions[] = {"", "success", "failure", "cancelled"};
    return wanted == NULL || strcmp(wanted, statuses[hub_run_status(hub, run)]) == 0 ||
           strcmp(wanted, conclusions[hub_run_conclusion(hub, run)]) == 0;
}

static bool text_matches(const struct http_call *call, const char *key, const char *value)
{
    const char *wanted = http_query(call, key);
    return wanted == NULL || strcmp(wanted, value) == 0;
}

static enum http_answer runs_list(struct service *service, struct http_call *call,
                                  const struct place *place, int64_t now_ms)
{
    struct hub *hub = service->hub;
    int *chosen = malloc(HUB_RUNS * sizeof *chosen), total = 0;
    json_t *list = json_array();
    char base[HTTP_URL];
    struct page page;
    (void)place, (void)now_ms;
    for (int i = hub->n_runs - 1; chosen != NULL && i >= 0; i--)
        if (run_matches(hub, &hub->run[i], http_query(call, "status")) &&
            text_matches(call, "branch", hub->run[i].branch) &&
            text_matches(call, "event", hub->run[i].event))
            chosen[total++] = i;
    render_base(service, call, base, sizeof base);
    page = paginate(service, call, total);
    for (int64_t i = page.first; i < page.end; i++)
        json_array_append_new(list, render_run(service, base, &hub->run[chosen[i]]));
    free(chosen);
    return http_json_take(call, 200,
                          json_pack("{s:i, s:o}", "total_count", total, "workflow_runs", list));
}

static enum http_answer run_get(struct service *service, struct http_call *call,
                                const struct place *place, int64_t now_ms)
{
    const struct hub_run *run = hub_run_by_id(service->hub, atoll(place->arg[0]));
    char base[HTTP_URL];
    (void)now_ms;
    if (run == NULL)
        return not_found(call);
    render_base(service, call, base, sizeof base);
    return http_json_take(call, 200, render_run(service, base, run));
}

static enum http_answer jobs_list(struct service *service, struct http_call *call,
                                  const struct place *place, int64_t now_ms)
{
    struct hub *hub = service->hub;
    const struct hub_run *run = hub_run_by_id(hub, atoll(place->arg[0]));
    const char *filter = http_query(call, "filter");
    bool all = filter != NULL && strcmp(filter, "all") == 0;
    int *chosen, total = 0;
    json_t *list;
    char base[HTTP_URL];
    struct page page;
    (void)now_ms;
    if (run == NULL)
        return not_found(call);
    chosen = malloc(HUB_JOBS * sizeof *chosen);
    for (int i = all ? 0 : run->first_job; chosen != NULL && i < hub->n_jobs; i++)
        if (hub->job[i].run == run - hub->run)
            chosen[total++] = i;
    render_base(service, call, base, sizeof base);
    page = paginate(service, call, total);
    list = json_array();
    for (int64_t i = page.first; i < page.end; i++)
        json_array_append_new(list, render_job(service, base, &hub->job[chosen[i]]));
    free(chosen);
    return http_json_take(call, 200, json_pack("{s:i, s:o}", "total_count", total, "jobs", list));
}

static enum http_answer job_get(struct service *service, struct http_call *call,
                                const struct place *place, int64_t now_ms)
{
    const struct hub_job *job = hub_job_by_id(service->hub, atoll(place->arg[0]));
    char base[HTTP_URL];
    (void)now_ms;
    if (job == NULL)
        return not_found(call);
    render_base(service, call, base, sizeof base);
    return http_json_take(call, 200, render_job(service, base, job));
}

static enum http_answer answer_run(struct http_call *call, enum hub_answer answer, int good,
                                   const char *forbidden)
{
    switch (answer) {
    case HUB_DONE:
        return http_json_take(call, good, json_object());
    case HUB_MISSING:
        return not_found(call);
    case HUB_CONFLICT:
        return error_answer(call, 409, "Cannot cancel a workflow run that is completed.");
    case HUB_FORBIDDEN:
        return error_answer(call, 403, forbidden);
    case HUB_INVALID:
    case HUB_FULL:
        break;
    }
    return error_answer(call, 422, "Validation Failed");
}

static enum http_answer run_cancel(struct service *service, struct http_call *call,
                                   const struct place *place, int64_t now_ms)
{
    bool force = strcmp(call->segment[call->n_segments - 1], "force-cancel") == 0;
    return answer_run(call, hub_cancel(service->hub, now_ms, atoll(place->arg[0]), force), 202, "");
}

static enum http_answer run_rerun(struct service *service, struct http_call *call,
                                  const struct place *place, int64_t now_ms)
{
    bool failed = strcmp(call->segment[call->n_segments - 1], "rerun-failed-jobs") == 0;
    return answer_run(call, hub_rerun(service->hub, now_ms, atoll(place->arg[0]), failed), 201,
                      failed ? "The workflow run containing these jobs is already running, or "
                               "has no failed jobs"
                             : "This workflow is already running");
}

static enum http_answer dispatch(struct service *service, struct http_call *call,
                                 const struct place *place, int64_t now_ms)
{
    struct hub *hub = service->hub;
    json_t *body = json_loads(call->body, 0, NULL);
    bool valid = json_is_string(json_object_get(body, "ref"));
    bool details = json_is_true(json_object_get(body, "return_run_details"));
    char url[3 * HTTP_URL], base[HTTP_URL];
    int64_t run_id;
    int workflow = 0;
    json_decref(body);
    while (workflow < hub->n_workflows &&
           strcmp(hub->workflow[workflow].file, place->arg[0]) != 0 &&
           hub->workflow[workflow].id != atoll(place->arg[0]))
        workflow++;
    if (workflow == hub->n_workflows)
        return not_found(call);
    if (!valid ||
        hub_submit(hub, now_ms, hub->workflow[workflow].file, workflow, hub->workflow[workflow].job,
                   hub->workflow[workflow].n_jobs, &run_id) != HUB_DONE)
        return error_answer(call, 422, "Validation Failed");
    if (!details)
        return http_status(call, 204);
    render_base(service, call, base, sizeof base);
    snprintf(url, sizeof url, "%s/repos/%s/%s/actions/runs/%lld", base, service->owner,
             service->repository, (long long)run_id);
    return http_json_take(call, 200,
                          json_pack("{s:I, s:s, s:s}", "workflow_run_id", (json_int_t)run_id,
                                    "run_url", url, "html_url", url));
}

/* ---- variables ---- */

static enum http_answer variables_list(struct service *service, struct http_call *call,
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
    page = paginate(service, call, total);
    for (int64_t i = page.first; i < page.end; i++)
        json_array_append_new(list, render_variable(service, &hub->variable[chosen[i]]));
    return http_json_take(call, 200,
                          json_pack("{s:i, s:o}", "total_count", total, "variables", list));
}

static enum http_answer variable_get(struct service *service, struct http_call *call,
                                     const struct place *place, int64_t now_ms)
{
    const struct hub_variable *variable =
        hub_variable_get(service->hub, place->scope, place->arg[0]);
    (void)now_ms;
    if (variable == NULL)
        return not_found(call);
    return http_json_take(call, 200, render_variable(service, variable));
}

static enum http_answer variable_write(struct service *service, struct http_call *call,
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
        return not_found(call);
    if (answer == HUB_CONFLICT)
        return error_answer(call, 409, "Already exists - Variable already exists");
    if (answer != HUB_DONE)
        return error_answer(call, 422, "Validation Failed");
    return create ? http_json_take(call, 201, json_object()) : http_status(call, 204);
}

static enum http_answer variable_remove(struct service *service, struct http_call *call,
                                        const struct place *place, int64_t now_ms)
{
    (void)now_ms;
    if (hub_variable_remove(service->hub, place->scope, place->arg[0]) != HUB_DONE)
        return not_found(call);
    return http_status(call, 204);
}

/* ---- routes ---- */

/* The path below /repos/OWNER/REPO/actions or /orgs/ORG/actions; "*" is an argument. A scope's
 * permission PERMISSION_COUNT: the path does not exist there. */
struct route {
    const char *method, *path;
    route_handler handler;
    enum permission repository, organisation;
    enum level level;
};

static const struct route routes[] = {
    {"GET", "runners", runners_list, PERMISSION_ADMINISTRATION, PERMISSION_ORG_RUNNERS, LEVEL_READ},
    {"GET", "runners/*", runner_get, PERMISSION_ADMINISTRATION, PERMISSION_ORG_RUNNERS, LEVEL_READ},
    {"GET", "runners/*/labels", labels_get, PERMISSION_ADMINISTRATION, PERMISSION_ORG_RUNNERS,
     LEVEL_READ},
    {"POST", "runners/*/labels", labels_write, PERMISSION_ADMINISTRATION, PERMISSION_ORG_RUNNERS,
     LEVEL_WRITE},
    {"PUT", "runners/*/labels", labels_write, PERMISSION_ADMINISTRATION, PERMISSION_ORG_RUNNERS,
     LEVEL_WRITE},
    {"DELETE", "runners/*/labels", labels_clear, PERMISSION_ADMINISTRATION, PERMISSION_ORG_RUNNERS,
     LEVEL_WRITE},
    {"DELETE", "runners/*/labels/*", label_remove, PERMISSION_ADMINISTRATION,
     PERMISSION_ORG_RUNNERS, LEVEL_WRITE},
    {"GET", "runs", runs_list, PERMISSION_ACTIONS, PERMISSION_COUNT, LEVEL_READ},
    {"GET", "runs/*", run_get, PERMISSION_ACTIONS, PERMISSION_COUNT, LEVEL_READ},
    {"GET", "runs/*/jobs", jobs_list, PERMISSION_ACTIONS, PERMISSION_COUNT, LEVEL_READ},
    {"GET", "jobs/*", job_get, PERMISSION_ACTIONS, PERMISSION_COUNT, LEVEL_READ},
    {"POST", "runs/*/cancel", run_cancel, PERMISSION_ACTIONS, PERMISSION_COUNT, LEVEL_WRITE},
    {"POST", "runs/*/force-cancel", run_cancel, PERMISSION_ACTIONS, PERMISSION_COUNT, LEVEL_WRITE},
    {"POST", "runs/*/rerun", run_rerun, PERMISSION_ACTIONS, PERMISSION_COUNT, LEVEL_WRITE},
    {"POST", "runs/*/rerun-failed-jobs", run_rerun, PERMISSION_ACTIONS, PERMISSION_COUNT,
     LEVEL_WRITE},
    {"POST", "workflows/*/dispatches", dispatch, PERMISSION_ACTIONS, PERMISSION_COUNT, LEVEL_WRITE},
    {"GET", "variables", variables_list, PERMISSION_VARIABLES, PERMISSION_ORG_VARIABLES,
     LEVEL_READ},
    {"POST", "variables", variable_write, PERMISSION_VARIABLES, PERMISSION_ORG_VARIABLES,
     LEVEL_WRITE},
    {"GET", "variables/*", variable_get, PERMISSION_VARIABLES, PERMISSION_ORG_VARIABLES,
     LEVEL_READ},
    {"PATCH", "variables/*", variable_write, PERMISSION_VARIABLES, PERMISSION_ORG_VARIABLES,
     LEVEL_WRITE},
    {"DELETE", "variables/*", variable_remove, PERMISSION_VARIABLES, PERMISSION_ORG_VARIABLES,
     LEVEL_WRITE},
};

/* Do the segments from `first` on fit the route's path? */
static bool route_fits(const struct route *route, const struct http_call *call, int first,
                       struct place *place)
{
    char path[64], *save = NULL;
    int at = first;
    place->n_args = 0;
    snprintf(path, sizeof path, "%s", route->path);
    for (char *part = strtok_r(path, "/", &save); part; part = strtok_r(NULL, "/", &save), at++) {
        if (at >= call->n_segments)
            return false;
        if (strcmp(part, "*") == 0)
            place->arg[place->n_args++] = call->segment[at];
        else if (strcmp(part, call->segment[at]) != 0)
            return false;
    }
    return at == call->n_segments && strcmp(route->method, call->method) == 0;
}

/* A GET's answer carries its fingerprint; the same one again is 304 and free. */
static void answer_if_changed(struct service *service, struct http_call *call)
{
    const char *known = http_request_header(call, "If-None-Match");
    char *text, etag[32];
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    if (strcmp(call->method, "GET") != 0 || call->reply.status != 200 || !call->reply.json)
        return;
    text = json_dumps(call->reply.json, JSON_COMPACT);
    for (const char *c = text; c != NULL && *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    free(text);
    snprintf(etag, sizeof etag, "W/\"%016llx\"", (unsigned long long)hash);
    http_header(call, "ETag", "%s", etag);
    if (known == NULL || strcmp(known, etag) != 0)
        return;
    service->stats.unchanged++;
    json_decref(call->reply.json);
    call->reply.json = NULL;
    call->reply.status = 304;
}

static enum http_answer carry_out(struct service *service, struct http_call *call,
                                  const struct route *route, const struct place *place,
                                  int64_t now_ms)
{
    enum permission permission =
        place->scope == HUB_REPOSITORY ? route->repository : route->organisation;
    struct token *token = access_check(service, call, permission, route->level, now_ms);
    if (token == NULL)
        return HTTP_NOW;
    route->handler(service, call, place, now_ms);
    answer_if_changed(service, call);
    access_count(service, token, call, now_ms);
    return HTTP_NOW;
}

/* Paths that belong to no repository: the limits, and an App's way to its tokens. */
static bool special(struct service *service, struct http_call *call, int first, int64_t now_ms)
{
    char *const *segment = call->segment + first;
    int n = call->n_segments - first;
    char base[HTTP_URL];
    struct token *token;
    if (n == 1 && strcmp(segment[0], "rate_limit") == 0) {
        token = access_check(service, call, PERMISSION_NONE, LEVEL_READ, now_ms);
        if (token != NULL)
            http_json_take(call, 200, access_limits(service, token));
        return true;
    }
    if (n == 4 && strcmp(segment[0], "app") == 0 && strcmp(segment[1], "installations") == 0 &&
        strcmp(segment[3], "access_tokens") == 0 && strcmp(call->method, "POST") == 0) {
        access_installation(service, call, segment[2], now_ms);
        return true;
    }
    if (n == 4 && strcmp(segment[0], "repos") == 0 && strcmp(segment[3], "installation") == 0) {
        access_installation(service, call, NULL, now_ms);
        if (call->reply.json == NULL) {
            render_base(service, call, base, sizeof base);
            http_json_take(call, 200, render_installation(service, base));
        }
        return true;
    }
    return false;
}

static enum http_answer route_call(struct service *service, struct http_call *call, int64_t now_ms)
{
    struct place place = {HUB_REPOSITORY, {NULL, NULL}, 0};
    bool enterprise = call->n_segments > 2 && strcmp(call->segment[0], "api") == 0 &&
                      strcmp(call->segment[1], "v3") == 0;
    int first = enterprise ? 2 : 0, below;
    char *const *segment = call->segment + first;
    int n = call->n_segments - first;
    if (special(service, call, first, now_ms))
        return HTTP_NOW;
    if (n > 4 && strcmp(segment[0], "repos") == 0 && strcmp(segment[1], service->owner) == 0 &&
        strcmp(segment[2], service->repository) == 0 && strcmp(segment[3], "actions") == 0) {
        below = first + 4;
    } else if (n > 3 && strcmp(segment[0], "orgs") == 0 &&
               strcmp(segment[1], service->owner) == 0 && strcmp(segment[2], "actions") == 0) {
        place.scope = HUB_ORGANISATION;
        below = first + 3;
    } else {
        return not_found(call);
    }
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (place.scope == HUB_ORGANISATION && routes[i].organisation == PERMISSION_COUNT)
            continue;
        if (route_fits(&routes[i], call, below, &place))
            return carry_out(service, call, &routes[i], &place, now_ms);
    }
    return not_found(call);
}

enum http_answer rest_handle(void *context, struct http_call *call, int64_t now_ms)
{
    struct service *service = context;
    enum http_answer answer;
    if (mischief_before(service, call, now_ms, &answer))
        return answer;
    service->stats.calls++;
    route_call(service, call, now_ms);
    http_header(call, "X-GitHub-Media-Type", "github.v3; format=json");
    http_header(call, "X-GitHub-Request-Id", "LAB0:%lld", (long long)service->stats.calls);
    mischief_after(service, call, now_ms);
    return HTTP_NOW;
}
