#include "http_fixture.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

void http_fixture_open(struct http_fixture *call)
{
    struct und_err none = {0};
    memset(call, 0, sizeof *call);
    ck_assert_int_eq(
        secret_open_copy(&call->token, HTTP_FIXTURE_TOKEN, strlen(HTTP_FIXTURE_TOKEN), &none),
        UND_OK);
}

void http_fixture_close(struct http_fixture *call)
{
    http_response_fini(&call->response);
    http_close(call->http);
    if (call->script)
        script_close(call->script);
    secret_close(call->token);
}

struct http_config http_fixture_quick(const struct http_fixture *call, const char *url)
{
    struct http_config config = {.auth = HTTP_AUTH_BEARER,
                                 .secret = call->token,
                                 .connect_ms = 500,
                                 .total_ms = 1500,
                                 .stall_ms = 1000,
                                 .backoff_ms = 1,
                                 .patience_ms = 1500,
                                 .body_bytes = 1 << 20};
    snprintf(config.url, sizeof config.url, "%s", url);
    return config;
}

void http_fixture_serve(struct http_fixture *call, const struct script_reply *replies, size_t n)
{
    struct http_config config;
    call->script = script_open_list(replies, n, NULL);
    config = http_fixture_quick(call, script_url(call->script));
    ck_assert_int_eq(http_open(&call->http, &config, &call->err), UND_OK);
}

enum und_code http_fixture_get(struct http_fixture *call, const char *path)
{
    struct http_request request = {.path = path};
    return http_send(call->http, &request, &call->response, &call->err);
}

void http_fixture_refused(const struct http_fixture *call, enum und_code code, const char *says)
{
    const char *c;
    ck_assert_int_eq(call->err.code, code);
    ck_assert_msg(strstr(call->err.text, says) != NULL, "want '%s' in: %s", says, call->err.text);
    ck_assert_msg(strstr(call->err.text, HTTP_FIXTURE_TOKEN) == NULL, "credential in: %s",
                  call->err.text);
    for (c = call->err.text; *c; c++)
        ck_assert_msg((unsigned char)*c >= ' ', "control character in: %s", call->err.text);
}
