/*
 * Inside of the GitHub client: one call with its limits, credential, permission and judgement; one
 * page; all pages. The endpoints in github.c are written in these terms.
 */
#ifndef LIVE_GITHUB_GITHUB_CALL_H
#define LIVE_GITHUB_GITHUB_CALL_H

#include "github.h"
#include "live/http/service.h"

#define GITHUB_PATH 512

struct github_client {
    struct live_github live;
    struct service service;
    char level[GITHUB_PATH / 2];      /* where runners and variables are: "/repos/o/r", "/orgs/o" */
    char repository[GITHUB_PATH / 2]; /* where runs are; "" if only the organisation is known */
    struct secret *installation;      /* token of the App's installation */
    int64_t expires_ms;               /* of that token */
    struct github_limit limit;
    int status;
};

/* What a call needs, for the advice that a 403 or 404 comes with. */
enum github_permission {
    GITHUB_ADMINISTRATION,
    GITHUB_ACTIONS_READ,
    GITHUB_ACTIONS_WRITE,
    GITHUB_VARIABLES
};

/* Waits for the limits, authenticates, sends. `wanted` lists the statuses that are no error ("200
 * or 404"). The response is the caller's to fini, after an error as well. */
enum und_code github_call(struct github_client *client, const struct http_request *request,
                          enum github_permission permission, const char *wanted,
                          struct http_response *response, struct und_err *err);

/* A GET whose body is one JSON document; NULL and an error otherwise. The new reference is the
 * caller's; `next` (may be NULL; HTTP_URL bytes) gets the next page's URL. */
json_t *github_get(struct github_client *client, const char *path,
                   enum github_permission permission, char *next, char place[HTTP_PLACE],
                   struct und_err *err);

typedef enum und_code github_page(const json_t *page, void *list, int64_t *total, const char *place,
                                  struct und_err *err);

/* Follows "next" until there is none or `most` entries are there (*n is the list's count).
 * *shifted (may be NULL): the list's length changed between two pages. */
enum und_code github_pages(struct github_client *client, const char *path,
                           enum github_permission permission, github_page *parse, void *list,
                           const size_t *n, size_t most, bool *shifted, struct und_err *err);

/* UND_USAGE where the fleet file names no repository. */
enum und_code github_need_repository(const struct github_client *client, struct und_err *err);

#endif
