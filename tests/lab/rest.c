/* GitHub's REST API as far as a fleet controller uses it: paths, pages, revalidation. */
#include "rest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_DEFAULT 30
#define PAGE_MOST 100

enum http_answer rest_error(struct http_call *call, int status, const char *message)
{
    return http_json_take(call, status, render_error(status, message));
}

enum http_answer rest_not_found(struct http_call *call)
{
    return rest_error(call, 404, "Not Found");
}

static void page_link(char *out, size_t size, const char *base, const struct http_call *call,
                      const char *query, int64_t page, const char *rel)
{
    size_t used = strlen(out);
    snprintf(out + used, size - used, "%s<%s%s?%spage=%lld>; rel=\"%s\"", used ? ", " : "", base,
             call->path, query, (long long)page, rel);
}

struct page rest_page(const struct service *service, struct http_call *call, int64_t total)
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

/* The path below /repos/OWNER/REPO/actions or /orgs/ORG/actions; "*" is an argument. A scope's
 * permission PERMISSION_COUNT: the path does not exist there. */
struct route {
    const char *method, *path;
    rest_handler handler;
    enum permission repository, organisation;
    enum level level;
};

static const struct route routes[] = {
    {"GET", "runners", rest_runners_list, PERMISSION_ADMINISTRATION, PERMISSION_ORG_RUNNERS,
     LEVEL_READ},
    {"GET", "runners/*", rest_runner_get, PERMISSION_ADMINISTRATION, PERMISSION_ORG_RUNNERS,
     LEVEL_READ},
    {"GET", "runners/*/labels", rest_labels_get, PERMISSION_ADMINISTRATION, PERMISSION_ORG_RUNNERS,
     LEVEL_READ},
    {"POST", "runners/*/labels", rest_labels_write, PERMISSION_ADMINISTRATION,
     PERMISSION_ORG_RUNNERS, LEVEL_WRITE},
    {"PUT", "runners/*/labels", rest_labels_write, PERMISSION_ADMINISTRATION,
     PERMISSION_ORG_RUNNERS, LEVEL_WRITE},
    {"DELETE", "runners/*/labels", rest_labels_clear, PERMISSION_ADMINISTRATION,
     PERMISSION_ORG_RUNNERS, LEVEL_WRITE},
    {"DELETE", "runners/*/labels/*", rest_label_remove, PERMISSION_ADMINISTRATION,
     PERMISSION_ORG_RUNNERS, LEVEL_WRITE},
    {"GET", "runner-groups", rest_groups_list, PERMISSION_COUNT, PERMISSION_ORG_RUNNERS,
     LEVEL_READ},
    {"GET", "runner-groups/*/repositories", rest_group_repositories, PERMISSION_COUNT,
     PERMISSION_ORG_RUNNERS, LEVEL_READ},
    {"GET", "runs", rest_runs_list, PERMISSION_ACTIONS, PERMISSION_COUNT, LEVEL_READ},
    {"GET", "runs/*", rest_run_get, PERMISSION_ACTIONS, PERMISSION_COUNT, LEVEL_READ},
    {"GET", "runs/*/jobs", rest_jobs_list, PERMISSION_ACTIONS, PERMISSION_COUNT, LEVEL_READ},
    {"GET", "jobs/*", rest_job_get, PERMISSION_ACTIONS, PERMISSION_COUNT, LEVEL_READ},
    {"POST", "runs/*/cancel", rest_run_cancel, PERMISSION_ACTIONS, PERMISSION_COUNT, LEVEL_WRITE},
    {"POST", "runs/*/force-cancel", rest_run_cancel, PERMISSION_ACTIONS, PERMISSION_COUNT,
     LEVEL_WRITE},
    {"POST", "runs/*/rerun", rest_run_rerun, PERMISSION_ACTIONS, PERMISSION_COUNT, LEVEL_WRITE},
    {"POST", "runs/*/rerun-failed-jobs", rest_run_rerun, PERMISSION_ACTIONS, PERMISSION_COUNT,
     LEVEL_WRITE},
    {"POST", "workflows/*/dispatches", rest_dispatch, PERMISSION_ACTIONS, PERMISSION_COUNT,
     LEVEL_WRITE},
    {"GET", "variables", rest_variables_list, PERMISSION_VARIABLES, PERMISSION_ORG_VARIABLES,
     LEVEL_READ},
    {"POST", "variables", rest_variable_write, PERMISSION_VARIABLES, PERMISSION_ORG_VARIABLES,
     LEVEL_WRITE},
    {"GET", "variables/*", rest_variable_get, PERMISSION_VARIABLES, PERMISSION_ORG_VARIABLES,
     LEVEL_READ},
    {"PATCH", "variables/*", rest_variable_write, PERMISSION_VARIABLES, PERMISSION_ORG_VARIABLES,
     LEVEL_WRITE},
    {"DELETE", "variables/*", rest_variable_remove, PERMISSION_VARIABLES, PERMISSION_ORG_VARIABLES,
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
        return rest_not_found(call);
    }
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if ((place.scope == HUB_ORGANISATION ? routes[i].organisation : routes[i].repository) ==
            PERMISSION_COUNT)
            continue;
        if (route_fits(&routes[i], call, below, &place))
            return carry_out(service, call, &routes[i], &place, now_ms);
    }
    return rest_not_found(call);
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
