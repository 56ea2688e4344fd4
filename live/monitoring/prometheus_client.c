#include "prometheus_client.h"
#include "model/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUERY 768

struct prometheus_client {
    struct service service;
};

enum und_code prometheus_client_open(struct prometheus_client **out,
                                     const struct live_service *from,
                                     const struct http_config *base, struct und_err *err)
{
    struct prometheus_client *client = calloc(1, sizeof *client);
    UND_ASSERT(client != NULL);
    *out = NULL;
    if (service_open(&client->service, from, base, "live.prometheus", err) == UND_OK)
        *out = client;
    else
        free(client);
    return err->code;
}

void prometheus_client_close(struct prometheus_client *client)
{
    if (!client)
        return;
    service_close(&client->service);
    free(client);
}

const struct clock_skew *prometheus_client_skew(const struct prometheus_client *client)
{
    return http_skew(client->service.http);
}

/* Prometheus puts its errors into the envelope with a 400, 422 or 503: the envelope says more than
 * the status. NULL and an error unless the answer is a JSON document. */
static json_t *get(struct prometheus_client *client, const char *path, char place[HTTP_PLACE],
                   struct und_err *err)
{
    struct http_request request = {.path = path};
    struct http_response response;
    json_t *body = NULL;
    http_place(client->service.http, &request, place);
    if (http_send(client->service.http, &request, &response, err) == UND_OK) {
        if (response.status == 401 || response.status == 403)
            http_refused(client->service.http, &request, &response, "200",
                         "check live.prometheus.user and .token", err);
        else if (response.status != 200 && response.body[0] != '{')
            http_refused(client->service.http, &request, &response, "200",
                         response.status == 503 ? "it is still starting"
                                                : "is this URL a Prometheus server's?",
                         err);
        else
            body = payload_parse(response.body, response.size, place, err);
    }
    http_response_fini(&response);
    return body;
}

enum und_code prometheus_client_alerts(struct prometheus_client *client,
                                       struct prometheus_alerts *out, struct und_err *err)
{
    char place[HTTP_PLACE];
    json_t *body = get(client, "/api/v1/alerts", place, err);
    prometheus_alerts_fini(out);
    if (body)
        prometheus_parse_alerts(body, out, place, err);
    json_decref(body);
    return err->code;
}

enum und_code prometheus_client_rules(struct prometheus_client *client,
                                      struct prometheus_rules *out, struct und_err *err)
{
    char place[HTTP_PLACE];
    json_t *body = get(client, "/api/v1/rules?type=alert", place, err);
    prometheus_rules_fini(out);
    if (body)
        prometheus_parse_rules(body, out, place, err);
    json_decref(body);
    return err->code;
}

static enum und_code ask(struct prometheus_client *client, const char *path,
                         struct prometheus_matrix *out, struct und_err *err)
{
    char place[HTTP_PLACE];
    json_t *body = get(client, path, place, err);
    prometheus_matrix_fini(out);
    if (body)
        prometheus_parse_matrix(body, out, place, err);
    json_decref(body);
    return err->code;
}

static enum und_code escape(char out[QUERY], const char *query, struct und_err *err)
{
    if (http_escape(out, QUERY, query))
        return UND_OK;
    return und_fail(err, UND_USAGE, "query \"%.60s...\": got %zu characters, want fewer", query,
                    strlen(query));
}

enum und_code prometheus_client_query(struct prometheus_client *client, const char *query,
                                      int64_t at_ms, struct prometheus_matrix *out,
                                      struct und_err *err)
{
    char escaped[QUERY], path[QUERY + 96];
    int n;
    if (escape(escaped, query, err) != UND_OK)
        return err->code;
    n = snprintf(path, sizeof path, "/api/v1/query?query=%s", escaped);
    if (at_ms >= 0)
        snprintf(path + n, sizeof path - (size_t)n, "&time=%lld.%03d", (long long)(at_ms / 1000),
                 (int)(at_ms % 1000));
    return ask(client, path, out, err);
}

enum und_code prometheus_client_range(struct prometheus_client *client, const char *query,
                                      int64_t from_ms, int64_t to_ms, int64_t step_ms,
                                      struct prometheus_matrix *out, struct und_err *err)
{
    char escaped[QUERY], path[QUERY + 160];
    if (escape(escaped, query, err) != UND_OK)
        return err->code;
    snprintf(path, sizeof path,
             "/api/v1/query_range?query=%s&start=%lld.%03d&end=%lld.%03d&step=%lld.%03d", escaped,
             (long long)(from_ms / 1000), (int)(from_ms % 1000), (long long)(to_ms / 1000),
             (int)(to_ms % 1000), (long long)(step_ms / 1000), (int)(step_ms % 1000));
    return ask(client, path, out, err);
}

static enum und_code check(struct prometheus_client *client, const char *path, struct und_err *err)
{
    struct http_request request = {.path = path, .once = true};
    struct http_response response;
    if (http_send(client->service.http, &request, &response, err) == UND_OK &&
        response.status != 200)
        http_refused(client->service.http, &request, &response, "200", "", err);
    http_response_fini(&response);
    return err->code;
}

enum und_code prometheus_client_ready(struct prometheus_client *client, struct und_err *err)
{
    return check(client, "/-/ready", err);
}
