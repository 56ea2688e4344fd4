/* Who may do what, and how often: tokens, permissions, GitHub's primary and secondary limits.
 * The windows of the limits (an hour, a minute) are compressed like everything else. */
#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HOUR_MS 3600000
#define MINUTE_MS 60000
#define WRITE_SPACING_MS 1000 /* GitHub's advice; not enforced, but counted in the statistics */

static const char *const permission_names[PERMISSION_COUNT] = {"metadata",
                                                               "actions",
                                                               "administration",
                                                               "actions_variables",
                                                               "organization_self_hosted_runners",
                                                               "organization_actions_variables"};

const char *access_permission_name(enum permission permission)
{
    return permission_names[permission];
}

enum permission access_permission(const char *name)
{
    for (int i = 0; i < PERMISSION_COUNT; i++)
        if (strcmp(permission_names[i], name) == 0)
            return (enum permission)i;
    return PERMISSION_COUNT;
}

static struct token *find_token(struct service *service, const char *text)
{
    for (int i = 0; i < service->n_tokens; i++)
        if (strcmp(service->token[i].text, text) == 0)
            return &service->token[i];
    return NULL;
}

static struct token *spare_token(struct service *service, int64_t now_ms)
{
    for (int i = 0; i < service->n_tokens; i++)
        if (service->token[i].expires_ms >= 0 && now_ms >= service->token[i].expires_ms)
            return &service->token[i];
    return service->n_tokens < SERVICE_TOKENS ? &service->token[service->n_tokens++] : NULL;
}

/* With every permission at the same level; an old token of the same text is set anew. */
struct token *access_grant(struct service *service, const char *text, enum level level,
                           int64_t now_ms)
{
    struct token *token = find_token(service, text);
    if (token == NULL && strlen(text) < SERVICE_TOKEN)
        token = spare_token(service, now_ms);
    if (token == NULL)
        return NULL;
    *token = (struct token){.expires_ms = -1, .last_write_ms = INT64_MIN / 2};
    strcpy(token->text, text);
    for (int i = 0; i < PERMISSION_COUNT; i++)
        token->level[i] = level;
    return token;
}

static const char *bearer(const struct http_call *call)
{
    const char *value = http_request_header(call, "Authorization");
    if (value != NULL && strncasecmp(value, "Bearer ", 7) == 0)
        return value + 7;
    if (value != NULL && strncasecmp(value, "token ", 6) == 0)
        return value + 6;
    return NULL;
}

static void refuse(struct service *service, struct http_call *call, int status, const char *message)
{
    service->stats.refused++;
    http_json_take(call, status, render_error(status, message));
}

static bool is_write(const struct http_call *call)
{
    return strcmp(call->method, "GET") != 0 && strcmp(call->method, "HEAD") != 0;
}

static void renew_windows(const struct service *service, struct token *token, int64_t now_ms)
{
    if (now_ms >= token->reset_ms) {
        token->used = 0;
        token->reset_ms = now_ms + hub_real_ms(service->hub, HOUR_MS);
    }
    if (now_ms >= token->minute_ms) {
        token->points = 0;
        token->writes = 0;
        token->minute_ms = now_ms + hub_real_ms(service->hub, MINUTE_MS);
    }
}

static bool within_limits(struct service *service, struct token *token, struct http_call *call,
                          int64_t now_ms)
{
    bool writes = is_write(call);
    renew_windows(service, token, now_ms);
    if (token->used >= service->hourly) {
        refuse(service, call, 403, "API rate limit exceeded for installation.");
        return false;
    }
    if (token->points + (writes ? 5 : 1) > service->minute_points ||
        (writes && token->writes >= service->minute_writes)) {
        http_header(call, "Retry-After", "%lld",
                    (long long)((token->minute_ms - now_ms + 999) / 1000));
        refuse(service, call, 403,
               "You have exceeded a secondary rate limit. Please wait a few minutes before you "
               "try again.");
        return false;
    }
    return true;
}

/* Sets the limit's headers and, unless the answer was 304, counts the call. */
void access_count(struct service *service, struct token *token, struct http_call *call,
                  int64_t now_ms)
{
    int left;
    renew_windows(service, token, now_ms);
    if (call->reply.status != 304)
        token->used++;
    token->points += is_write(call) ? 5 : 1;
    if (is_write(call)) {
        int64_t spacing_ms = hub_real_ms(service->hub, WRITE_SPACING_MS);
        token->writes++;
        service->stats.writes++;
        service->stats.hasty_writes += call->arrived_ms < token->last_write_ms + spacing_ms;
        token->last_write_ms = call->arrived_ms;
    }
    left = service->hourly - token->used;
    http_header(call, "X-RateLimit-Limit", "%d", service->hourly);
    http_header(call, "X-RateLimit-Remaining", "%d", left < 0 ? 0 : left);
    http_header(call, "X-RateLimit-Used", "%d", token->used);
    http_header(call, "X-RateLimit-Reset", "%lld", (long long)((token->reset_ms + 999) / 1000));
    http_header(call, "X-RateLimit-Resource", "core");
}

json_t *access_limits(const struct service *service, const struct token *token)
{
    json_t *core = json_pack("{s:i, s:i, s:i, s:I}", "limit", service->hourly, "used", token->used,
                             "remaining", service->hourly - token->used, "reset",
                             (json_int_t)((token->reset_ms + 999) / 1000));
    return json_pack("{s:{s:O, s:O}, s:o}", "resources", "core", core, "search", core, "rate",
                     core);
}

struct token *access_check(struct service *service, struct http_call *call,
                           enum permission permission, enum level level, int64_t now_ms)
{
    const char *text = bearer(call);
    struct token *token = text ? find_token(service, text) : NULL;
    if (http_request_header(call, "User-Agent") == NULL) {
        refuse(service, call, 403,
               "Request forbidden by administrative rules. Please make sure your request has a "
               "User-Agent header");
        return NULL;
    }
    if (token == NULL || (token->expires_ms >= 0 && now_ms >= token->expires_ms)) {
        refuse(service, call, 401, text ? "Bad credentials" : "Requires authentication");
        return NULL;
    }
    if (!within_limits(service, token, call, now_ms)) {
        access_count(service, token, call, now_ms);
        return NULL;
    }
    if (permission == PERMISSION_NONE || token->level[permission] >= level)
        return token;
    http_header(call, "X-Accepted-GitHub-Permissions", "%s=%s", permission_names[permission],
                level == LEVEL_WRITE ? "write" : "read");
    refuse(service, call, 403, "Resource not accessible by personal access token");
    access_count(service, token, call, now_ms);
    return NULL;
}

enum http_answer access_installation(struct service *service, struct http_call *call,
                                     const char *installation, int64_t now_ms)
{
    const char *jwt = bearer(call);
    const char *refusal = "A JSON web token could not be decoded";
    struct token *token;
    char text[SERVICE_TOKEN];
    if (service->app_id[0] != '\0' && jwt != NULL)
        refusal = jwt_refusal(jwt, service->app_id, service->app_key, now_ms);
    if (refusal != NULL) {
        refuse(service, call, 401, refusal);
        return HTTP_NOW;
    }
    if (installation == NULL)
        return HTTP_NOW;
    if (atoll(installation) != service->installation_id)
        return http_json_take(call, 404, render_error(404, "Not Found"));
    snprintf(text, sizeof text, "ghs_lab%lld", (long long)service->hub->next_id++);
    token = access_grant(service, text, LEVEL_WRITE, now_ms);
    if (token == NULL)
        return http_json_take(call, 422, render_error(422, "Too many tokens in this lab"));
    token->expires_ms = now_ms + service->token_life_ms;
    return http_json_take(call, 201,
                          json_pack("{s:s, s:o, s:{s:s, s:s, s:s}, s:s}", "token", text,
                                    "expires_at", render_time(service, token->expires_ms),
                                    "permissions", "actions", "write", "administration", "write",
                                    "metadata", "read", "repository_selection", "all"));
}
