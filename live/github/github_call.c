#include "github_call.h"
#include "github_app.h"
#include "live/base/wire.h"
#include "model/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGES (GITHUB_RUNNERS / 100 + 2)
#define RENEW_BEFORE_MS (5 * 60 * 1000)

static const char *const headers[] = {"Accept: application/vnd.github+json",
                                      "X-GitHub-Api-Version: 2022-11-28", NULL};

/* What goes into a path unescaped must be what GitHub itself allows in a name. */
static enum und_code check_name(const char *what, const char *name, struct und_err *err)
{
    static const char *const allowed =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
    if (name[0] && strspn(name, allowed) == strlen(name) && strcmp(name, ".") != 0 &&
        strcmp(name, "..") != 0)
        return UND_OK;
    return und_fail(err, UND_USAGE, "live.github.%s: got \"%s\", want a name as GitHub shows it",
                    what, name);
}

static enum und_code set_levels(struct github_client *client, struct und_err *err)
{
    const struct live_github *live = &client->live;
    if (check_name("owner", live->owner, err) != UND_OK)
        return err->code;
    if (live->repository[0] || !live->organisation) {
        if (check_name("repository", live->repository, err) != UND_OK)
            return err->code;
        snprintf(client->repository, sizeof client->repository, "/repos/%s/%s", live->owner,
                 live->repository);
    }
    if (live->organisation)
        snprintf(client->level, sizeof client->level, "/orgs/%s", live->owner);
    else
        memcpy(client->level, client->repository, sizeof client->level);
    return UND_OK;
}

/* An App's key never travels: its handle gets a token of the installation before the first call. */
static enum und_code open_service(struct github_client *client, const struct http_config *base,
                                  struct und_err *err)
{
    struct live_service from = client->live.service;
    struct http_config config = *base;
    config.headers = headers;
    if (!from.token[0])
        return und_fail(err, UND_USAGE,
                        "live.github.token: got nothing, want file:PATH, env:NAME "
                        "or credential:NAME");
    if (!from.url[0])
        strcpy(from.url, "https://api.github.com");
    if (!client->live.app_id[0])
        return service_open(&client->service, &from, &config, "live.github", err);
    from.token[0] = '\0';
    if (service_open(&client->service, &from, &config, "live.github", err) == UND_OK)
        secret_open(&client->service.secret, client->live.service.token, err);
    return err->code;
}

enum und_code github_open(struct github_client **out, const struct live *live,
                          const struct http_config *base, struct und_err *err)
{
    struct github_client *client = calloc(1, sizeof *client);
    int64_t second_ms = live->time_factor > 1 ? (int64_t)(1000 / live->time_factor) : 1000;
    UND_ASSERT(client != NULL);
    *out = NULL;
    client->live = live->github;
    github_limit_init(&client->limit, second_ms > 0 ? second_ms : 1);
    if (set_levels(client, err) == UND_OK && open_service(client, base, err) == UND_OK)
        *out = client;
    else
        github_close(client);
    return err->code;
}

void github_close(struct github_client *client)
{
    if (!client)
        return;
    service_close(&client->service);
    secret_close(client->installation);
    free(client);
}

const struct github_limit *github_limits(const struct github_client *client)
{
    return &client->limit;
}

const struct clock_skew *github_skew(const struct github_client *client)
{
    return http_skew(client->service.http);
}

int github_status(const struct github_client *client)
{
    return client->status;
}

/* A token that was refused may have been replaced since: it is read anew. (An environment is
 * not.) */
static void read_token_again(struct github_client *client)
{
    struct secret *fresh = NULL;
    struct und_err unread = {0};
    if (client->status != 401 || client->live.app_id[0] ||
        strncmp(client->live.service.token, "env:", 4) == 0 ||
        secret_open(&fresh, client->live.service.token, &unread) != UND_OK)
        return;
    http_set_bearer(client->service.http, fresh);
    secret_close(client->service.secret);
    client->service.secret = fresh;
}

/* A fresh installation token where the App's is about to end. */
static enum und_code authenticate(struct github_client *client, struct und_err *err)
{
    struct github_token token;
    struct secret *fresh = NULL;
    int64_t offset_ms = clock_skew_offset_ms(github_skew(client));
    if (!client->live.app_id[0] ||
        (client->installation && http_wall_ms() + offset_ms < client->expires_ms - RENEW_BEFORE_MS))
        return UND_OK;
    if (github_app_token(&token, http_config(client->service.http), client->service.secret,
                         client->live.app_id, client->live.installation, offset_ms,
                         err) == UND_OK &&
        secret_open_copy(&fresh, token.token, strlen(token.token), err) == UND_OK) {
        http_set_bearer(client->service.http, fresh);
        secret_close(client->installation);
        client->installation = fresh;
        client->expires_ms = token.expires_ms;
    }
    explicit_bzero(token.token, sizeof token.token);
    return err->code;
}

static const char *permission_advice(enum github_permission permission, bool organisation, bool app)
{
    switch (permission) {
    case GITHUB_ADMINISTRATION:
        if (organisation)
            return "it needs the organisation permission \"Self-hosted runners\" read and write "
                   "(classic token: admin:org)";
        return "it needs the repository permission \"Administration\" read and write (classic "
               "token: repo, of an administrator)";
    case GITHUB_ACTIONS_READ:
        return "it needs the repository permission \"Actions\" read (classic token: repo)";
    case GITHUB_ACTIONS_WRITE:
        return "it needs the repository permission \"Actions\" read and write (classic token: "
               "repo)";
    case GITHUB_VARIABLES:
        return app ? "the App needs the repository permission \"Variables\" read and write"
                   : "it needs the repository permission \"Variables\" read and write (classic "
                     "token: repo)";
    }
    UND_UNREACHABLE();
}

static enum und_code refused(struct github_client *client, const struct http_request *request,
                             const struct http_response *response,
                             enum github_permission permission, const char *wanted,
                             struct und_err *err)
{
    char advice[512] = "", when[WIRE_TIME];
    bool app = client->live.app_id[0] != '\0';
    int64_t now_ms = http_monotonic_ms();
    switch (response->status) {
    case 401:
        snprintf(advice, sizeof advice, "the %s is wrong, expired or revoked",
                 app ? "App's key or installation" : "token");
        break;
    case 403:
    case 429:
        if (client->limit.blocked_until_ms > now_ms && client->limit.limit >= 0)
            snprintf(advice, sizeof advice, "a rate limit (%lld of %lld left); free again in %s",
                     (long long)client->limit.remaining, (long long)client->limit.limit,
                     wire_duration(when, client->limit.blocked_until_ms - now_ms));
        else if (client->limit.blocked_until_ms > now_ms)
            snprintf(advice, sizeof advice, "a rate limit; free again in %s",
                     wire_duration(when, client->limit.blocked_until_ms - now_ms));
        else if (response->permissions[0])
            snprintf(advice, sizeof advice, "the token lacks a permission; GitHub accepts: %s",
                     response->permissions);
        else
            snprintf(advice, sizeof advice, "%s",
                     permission_advice(permission, client->live.organisation, app));
        break;
    case 404:
        snprintf(advice, sizeof advice, "there is no such thing, or the token may not see it: %s",
                 permission_advice(permission, client->live.organisation, app));
        break;
    case 301:
    case 302:
    case 307:
    case 308:
        snprintf(advice, sizeof advice, "the repository has moved: give its new name");
        break;
    default:
        break;
    }
    return http_refused(client->service.http, request, response, wanted, advice, err);
}

static bool accepted(int status, const char *wanted)
{
    char text[16];
    snprintf(text, sizeof text, "%d", status);
    return strstr(wanted, text) != NULL;
}

enum und_code github_call(struct github_client *client, const struct http_request *request,
                          enum github_permission permission, const char *wanted,
                          struct http_response *response, struct und_err *err)
{
    bool write = request->method != HTTP_GET;
    const struct http_config *config = http_config(client->service.http);
    int64_t wait_ms, sent_ms;
    char place[HTTP_PLACE], when[WIRE_TIME];
    *response = (struct http_response){0};
    read_token_again(client);
    client->status = 0;
    if (authenticate(client, err) != UND_OK)
        return err->code;
    while ((wait_ms = github_limit_wait_ms(&client->limit, http_monotonic_ms(), write)) > 0) {
        http_place(client->service.http, request, place);
        if (wait_ms > config->patience_ms)
            return und_fail(err, UND_SERVICE,
                            "%s: not sent, since GitHub's rate limit is used up; "
                            "free again in %s",
                            place, wire_duration(when, wait_ms));
        if (!http_pause(client->service.http, wait_ms))
            return und_fail(err, UND_INTERRUPTED, "%s: interrupted", place);
    }
    sent_ms = http_monotonic_ms();
    http_send(client->service.http, request, response, err);
    github_limit_sent(&client->limit, sent_ms, write, response->attempts);
    if (err->code != UND_OK)
        return err->code;
    client->status = response->status;
    github_limit_answer(&client->limit, http_monotonic_ms(), response);
    if (accepted(response->status, wanted))
        return UND_OK;
    return refused(client, request, response, permission, wanted, err);
}

json_t *github_get(struct github_client *client, const char *path,
                   enum github_permission permission, char *next, char place[HTTP_PLACE],
                   struct und_err *err)
{
    struct http_request request = {.path = path, .revalidate = true};
    struct http_response response;
    json_t *body = NULL;
    http_place(client->service.http, &request, place);
    if (github_call(client, &request, permission, "200", &response, err) == UND_OK)
        body = payload_parse(response.body, response.size, place, err);
    if (next)
        snprintf(next, HTTP_URL, "%s", response.next);
    http_response_fini(&response);
    return body;
}

/* True where there is nothing to follow, or an error says that it leads nowhere. A list with fewer
 * entries than GitHub counts must not pass for whole: what is missing would count as offline. (Of
 * runs it counts more than it ever shows, so those are asked for by number.) */
static bool page_is_last(const char *next, const char *url, size_t n, int64_t total, size_t most,
                         const char *place, struct und_err *err)
{
    if (!next[0] && most == SIZE_MAX && (int64_t)n < total)
        und_fail(err, UND_SERVICE, "%s: got %zu of %lld entries and no next page", place, n,
                 (long long)total);
    else if (next[0] && (int64_t)n >= total)
        und_fail(err, UND_SERVICE, "%s: got a next page after all %lld entries", place,
                 (long long)total);
    else if (strcmp(next, url) == 0)
        und_fail(err, UND_SERVICE, "%s: got itself as its next page", place);
    return !next[0] || err->code != UND_OK;
}

enum und_code github_pages(struct github_client *client, const char *path,
                           enum github_permission permission, github_page *parse, void *list,
                           const size_t *n, size_t most, bool *shifted, struct und_err *err)
{
    char url[HTTP_URL], next[HTTP_URL], place[HTTP_PLACE];
    int64_t first = 0;
    int page;
    snprintf(url, sizeof url, "%s", path);
    for (page = 0; page < PAGES; page++) {
        int64_t total = 0;
        json_t *body = github_get(client, url, permission, next, place, err);
        if (body)
            parse(body, list, &total, place, err);
        json_decref(body);
        first = page == 0 ? total : first;
        if (shifted && total != first)
            *shifted = true;
        if (err->code != UND_OK || *n >= most ||
            page_is_last(next, url, *n, total, most, place, err))
            return err->code;
        memcpy(url, next, sizeof url);
    }
    return und_fail(err, UND_SERVICE, "%s: got more than %d pages, want at most that", place,
                    PAGES);
}
