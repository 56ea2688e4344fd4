/* The HTTP client against a service that misbehaves in every way we could think of. */
#include "live/http/http.h"
#include "tests/support/helpers.h"
#include "tests/support/scripted_server.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOKEN "ghp_TheTokenThatNobodyMaySee1234"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n"

/* Many small headers; filled by set_up. */
static char flood[100000] = HEAD;

static struct secret *token;
static struct http *http;
static struct script *script;
static struct http_response response;
static struct und_err err;

static void set_up(void)
{
    struct und_err none = {0};
    size_t at;
    ck_assert_int_eq(secret_open_copy(&token, TOKEN, strlen(TOKEN), &none), UND_OK);
    for (at = strlen(flood); at + 20 < sizeof flood; at += 10)
        strcpy(flood + at, "X-F: abc\r\n");
    err = (struct und_err){0};
    response = (struct http_response){0};
    http = NULL;
    script = NULL;
}

static void tear_down(void)
{
    http_response_fini(&response);
    http_close(http);
    if (script)
        script_close(script);
    secret_close(token);
}

static struct http_config quick(const char *url)
{
    struct http_config config = {.auth = HTTP_AUTH_BEARER,
                                 .secret = token,
                                 .connect_ms = 500,
                                 .total_ms = 1500,
                                 .stall_ms = 1000,
                                 .backoff_ms = 1,
                                 .patience_ms = 1500,
                                 .body_bytes = 1 << 20};
    snprintf(config.url, sizeof config.url, "%s", url);
    return config;
}

static void serve(const struct script_reply *replies, size_t n)
{
    struct http_config config;
    script = script_open_list(replies, n, NULL);
    config = quick(script_url(script));
    ck_assert_int_eq(http_open(&http, &config, &err), UND_OK);
}

static enum und_code get(const char *path)
{
    struct http_request request = {.path = path};
    return http_send(http, &request, &response, &err);
}

/* What every error must be: the right code, one clean line that says so, and no credential. */
static void check_refused(enum und_code code, const char *says)
{
    const char *c;
    ck_assert_int_eq(err.code, code);
    ck_assert_msg(strstr(err.text, says) != NULL, "want '%s' in: %s", says, err.text);
    ck_assert_msg(strstr(err.text, TOKEN) == NULL, "credential in: %s", err.text);
    for (c = err.text; *c; c++)
        ck_assert_msg((unsigned char)*c >= ' ', "control character in: %s", err.text);
}

/* Broken transport: what the service sends, and what we say of it. */
static const struct {
    struct script_reply reply;
    const char *says;
} broken[] = {
    {{.text = "", .reset = true}, "got no usable answer"},
    {{.text = ""}, "Empty reply"},
    {{.text = "SSH-2.0-OpenSSH_9.2\r\n"}, "got no usable answer"},
    {{.text = HEAD "Content-Length: 100\r\n\r\n{\"a\":", .reset = true}, "got no usable answer"},
    {{.text = HEAD "Content-Length: 100\r\n\r\n{\"a\":"}, "bytes remaining"},
    {{.text = "", .hang = true}, "timed out"},
    {{.text = HEAD "Content-Length: 1000\r\n\r\n", .hang = true}, "timed out"},
    {{.text = HEAD "Content-Length: 1000\r\n\r\n{\"slow\":\"drip drip drip drip", .drip_ms = 100},
     "Less than 100 bytes/sec"},
    {{.text = HEAD "Transfer-Encoding: chunked\r\n\r\nZZ\r\n"}, "got no usable answer"},
    {{.text = HEAD "Content-Length: 209715200\r\n\r\n", .filler = 209715200},
     "got a body of over 1048576 bytes"},
    {{.text = HEAD "\r\n", .filler = 209715200}, "got a body of over 1048576 bytes"},
    {{.text = HEAD "X-Flood: ", .filler = 209715200}, "or a header line has no end"},
    {{.text = (char *)flood, .filler = 0}, "got headers of over 65536 bytes"},
};

START_TEST(broken_transport_is_one_clear_error)
{
    struct http_request request = {.path = "/x?token=" TOKEN, .once = true};
    serve(&broken[_i].reply, 1);
    ck_assert_int_eq(http_send(http, &request, &response, &err), UND_SERVICE);
    check_refused(UND_SERVICE, broken[_i].says);
    ck_assert_ptr_nonnull(strstr(err.text, "GET http://127.0.0.1:"));
    ck_assert_ptr_null(strchr(err.text, '=')); /* the query is not shown */
}
END_TEST

START_TEST(nobody_listens)
{
    struct http_config config = quick("http://127.0.0.1:9");
    ck_assert_int_eq(http_open(&http, &config, &err), UND_OK);
    ck_assert_int_eq(get("/x"), UND_SERVICE);
    check_refused(UND_SERVICE, "check the URL, the network and that the service runs");
    ck_assert_ptr_nonnull(strstr(err.text, "in 4 attempts"));
}
END_TEST

START_TEST(host_name_that_does_not_exist)
{
    struct http_config config = quick("https://no-such-host.invalid");
    ck_assert_int_eq(http_open(&http, &config, &err), UND_OK);
    ck_assert_int_eq(get("/x"), UND_SERVICE);
    check_refused(UND_SERVICE, "no-such-host.invalid");
}
END_TEST

START_TEST(token_travels_in_its_header_only)
{
    struct script_reply replies[] = {{.text = HEAD "\r\n{}"}};
    serve(replies, 1);
    ck_assert_int_eq(get("/x"), UND_OK);
    ck_assert_int_eq(response.status, 200);
    ck_assert_str_eq(response.body, "{}");
    ck_assert_ptr_nonnull(
        strstr(script_request(script, 0), "\r\nAuthorization: Bearer " TOKEN "\r\n"));
    ck_assert_ptr_nonnull(strstr(script_request(script, 0), "\r\nUser-Agent: understudy/"));
}
END_TEST

START_TEST(basic_authentication)
{
    struct script_reply replies[] = {{.text = HEAD "\r\n{}"}};
    struct http_config config;
    struct http_request request = {.path = "/x"};
    script = script_open_list(replies, 1, NULL);
    config = quick(script_url(script));
    config.auth = HTTP_AUTH_BASIC;
    strcpy(config.user, "prom");
    ck_assert_int_eq(http_open(&http, &config, &err), UND_OK);
    ck_assert_int_eq(http_send(http, &request, &response, &err), UND_OK);
    ck_assert_ptr_nonnull(strstr(script_request(script, 0), "\r\nAuthorization: Basic cHJvbTpnaH"));
}
END_TEST

START_TEST(get_is_tried_again_until_the_service_recovers)
{
    struct script_reply replies[] = {{.text = "", .reset = true},
                                     {.text = "HTTP/1.1 502 Bad Gateway\r\n\r\n<html>"},
                                     {.text = "HTTP/1.1 429 Slow\r\nRetry-After: 1\r\n\r\n"},
                                     {.text = HEAD "\r\nok"}};
    int64_t before_ms = http_monotonic_ms();
    serve(replies, 4);
    ck_assert_int_eq(get("/x"), UND_OK);
    ck_assert_int_eq(response.status, 200);
    ck_assert_int_eq(response.attempts, 4);
    ck_assert_int_ge(http_monotonic_ms() - before_ms, 1000); /* retry-after was honoured */
}
END_TEST

START_TEST(writes_are_never_repeated)
{
    enum http_method methods[] = {HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE};
    struct script_reply replies[] = {{.text = "HTTP/1.1 500 Oops\r\n\r\n"}};
    struct http_request request = {.method = methods[_i], .path = "/x", .body = "{}"};
    serve(replies, 1);
    ck_assert_int_eq(http_send(http, &request, &response, &err), UND_OK);
    ck_assert_int_eq(response.status, 500);
    ck_assert_uint_eq(script_requests(script), 1);
    ck_assert_ptr_nonnull(strstr(script_request(script, 0), "\r\n\r\n{}"));
}
END_TEST

/* curl itself sends again what met a connection that was closed meanwhile: not a write. */
START_TEST(write_on_a_connection_that_died_is_not_repeated)
{
    struct script_reply replies[] = {
        {.text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", .keep = true}, {.text = ""}};
    struct http_request request = {.method = HTTP_POST, .path = "/dispatches", .body = "{}"};
    serve(replies, 2);
    ck_assert_int_eq(get("/x"), UND_OK);
    http_response_fini(&response);
    ck_assert_int_eq(http_send(http, &request, &response, &err), UND_SERVICE);
    ck_assert_uint_eq(script_requests(script), 2);
}
END_TEST

/* An interim response and its headers are none of the final one's. */
START_TEST(headers_of_an_interim_response_do_not_count)
{
    struct script_reply reply = {
        .text =
            "HTTP/1.1 103 Early Hints\r\nETag: \"early\"\r\nRetry-After: 9\r\n"
            "X-RateLimit-Remaining: 0\r\nLink: <http://evil.example/>; rel=\"next\"\r\n\r\n" HEAD
            "\r\n{}"};
    serve(&reply, 1);
    ck_assert_msg(get("/x") == UND_OK, "%s", err.text);
    ck_assert_str_eq(response.etag, "");
    ck_assert_str_eq(response.next, "");
    ck_assert_int_eq(response.retry_after_ms, -1);
    ck_assert_int_eq(response.rate_remaining, -1);
    ck_assert_int_gt(response.sent_ms, 0);
}
END_TEST

START_TEST(second_link_header_does_not_hide_the_next_page)
{
    struct script_reply reply = {.text = HEAD "Link: </a>; rel=\"prev\"\r\n\r\n"};
    char text[300];
    serve(&reply, 1);
    snprintf(text, sizeof text,
             HEAD "Link: <%s/2>; rel=\"next\"\r\nLink: <%s/9>; rel=\"last\"\r\n\r\n[]",
             script_url(script), script_url(script));
    reply.text = text;
    ck_assert_msg(get("/x") == UND_OK, "%s", err.text);
    ck_assert_ptr_nonnull(strstr(response.next, "/2"));
}
END_TEST

/* Numbers beyond any sense are as good as none, and must not overflow (UBSan watches). */
START_TEST(nonsense_in_headers_is_ignored)
{
    struct script_reply reply = {.text = HEAD "Retry-After: 99999999999999999999\r\n"
                                              "Date: Sun, 06 Nov 2147483647 08:49:37 GMT\r\n"
                                              "X-RateLimit-Limit: -5\r\n"
                                              "X-RateLimit-Remaining: many\r\n"
                                              "X-RateLimit-Reset: 9223372036854775807\r\n\r\n{}"};
    serve(&reply, 1);
    ck_assert_msg(get("/x") == UND_OK, "%s", err.text);
    ck_assert_int_eq(response.retry_after_ms, -1);
    ck_assert_int_eq(response.date_ms, -1);
    ck_assert_int_eq(response.rate_limit, -1);
    ck_assert_int_eq(response.rate_remaining, -1);
    ck_assert_int_eq(response.rate_reset_s, -1);
}
END_TEST

/* Whatever the environment says: a proxy would see or divert what we send and measure. */
START_TEST(proxies_of_the_environment_are_not_used)
{
    static const char *const names[] = {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"};
    struct script_reply reply = {.text = HEAD "\r\n{}"};
    struct http_config config;
    struct http_request request = {.path = "/x"};
    setenv(names[_i], "http://127.0.0.1:1", 1);
    script = script_open_list(&reply, 1, NULL);
    config = quick(script_url(script));
    memcpy(config.url, "HTTP", 4);
    ck_assert_int_eq(http_open(&http, &config, &err), UND_OK);
    ck_assert_msg(http_send(http, &request, &response, &err) == UND_OK, "%s", err.text);
    unsetenv(names[_i]);
}
END_TEST

START_TEST(a_long_retry_after_is_reported_not_waited_for)
{
    struct script_reply replies[] = {{.text = "HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\n\r\n"}};
    struct http_request request = {.path = "/x"};
    serve(replies, 1);
    ck_assert_int_eq(http_send(http, &request, &response, &err), UND_OK);
    ck_assert_int_eq(response.attempts, 1);
    http_refused(http, &request, &response, "200", "", &err);
    check_refused(UND_SERVICE, "it asks to wait 60 min 00 s");
}
END_TEST

START_TEST(refusal_quotes_the_message_without_the_credential)
{
    struct script_reply replies[] = {
        {.text = "HTTP/1.1 401 No\r\n\r\n{\"message\":\"Bad \\u001b[31m token " TOKEN "\"}"}};
    struct http_request request = {.path = "/x"};
    serve(replies, 1);
    ck_assert_int_eq(http_send(http, &request, &response, &err), UND_OK);
    ck_assert_int_eq(http_refused(http, &request, &response, "200", "renew it", &err), UND_SERVICE);
    check_refused(UND_SERVICE, "got 401 \"Bad ?[31m token ***\", want 200; renew it");
}
END_TEST

/* A cut through the echoed credential must not leave its beginning behind. */
START_TEST(credential_at_the_cut_of_a_long_message)
{
    struct http_request request = {.path = "/x"};
    struct script_reply replies[1] = {{0}};
    char body[600];
    snprintf(body, sizeof body, "HTTP/1.1 400 No\r\n\r\n{\"message\":\"%0230d%s\"}", 0, TOKEN);
    replies[0].text = body;
    serve(replies, 1);
    ck_assert_int_eq(http_send(http, &request, &response, &err), UND_OK);
    http_refused(http, &request, &response, "200", "", &err);
    check_refused(UND_SERVICE, "000***\"");
    ck_assert_ptr_null(strstr(err.text, "ghp_"));
}
END_TEST

/* Wherever a service might repeat the credential, at every place where a message cuts. */
static const char *const echoes[] = {
    "HTTP/1.1 400 No\r\nContent-Type: %0*d" TOKEN "\r\n\r\nbody",
    "HTTP/1.1 302 Found\r\nLocation: https://evil.example/%0*d" TOKEN "\r\n\r\n",
    "HTTP/1.1 302 Found\r\nLocation: https://me:" TOKEN "@evil.example/%0*d\r\n\r\n",
    "HTTP/1.1 302 Found\r\nLocation: https://me:somebody-elses-password@evil.example/%0*d\r\n\r\n",
    HEAD "Link: <https://evil.example/%0*d" TOKEN ">; rel=\"next\"\r\n\r\n[]",
    "HTTP/1.1 400 No\r\n\r\n{\"error\":\"%0*d" TOKEN "\"}",
    "HTTP/1.1 400 " TOKEN " %0*d\r\n\r\n",
};

START_TEST(echoed_credential_is_shown_nowhere)
{
    struct http_request request = {.path = "/x"};
    int width;
    for (width = 1; width < 260; width += 3) {
        struct script_reply reply = {0};
        char text[700];
        snprintf(text, sizeof text, echoes[_i], width, 0);
        reply.text = text;
        serve(&reply, 1);
        if (http_send(http, &request, &response, &err) == UND_OK)
            http_refused(http, &request, &response, "200", "", &err);
        ck_assert_int_eq(err.code, UND_SERVICE);
        ck_assert_msg(!strstr(err.text, "ghp_") && !strstr(err.text, "somebody"), "%s", err.text);
        tear_down();
        set_up();
    }
}
END_TEST

/* The path of a next page is the service's. */
START_TEST(credential_in_the_path_of_a_page_is_not_shown)
{
    struct script_reply reply = {.text = "HTTP/1.1 404 No\r\n\r\n"};
    char path[256];
    struct http_request request = {.path = path};
    int width;
    serve(&reply, 1);
    for (width = 60; width < 120; width++) {
        snprintf(path, sizeof path, "/%0*d" TOKEN, width, 0);
        ck_assert_int_eq(http_send(http, &request, &response, &err), UND_OK);
        http_refused(http, &request, &response, "200", "", &err);
        ck_assert_msg(!strstr(err.text, "ghp_"), "%s", err.text);
        http_response_fini(&response);
        err = (struct und_err){0};
    }
}
END_TEST

/* What a proxy's page of errors likes to repeat. */
START_TEST(basic_credential_is_not_shown_in_its_encoded_form)
{
    struct script_reply reply = {.text = "HTTP/1.1 407 No\r\n\r\n{\"message\":\"got Basic "
                                         "cHJvbTpnaHBfVGhlVG9rZW5UaGF0Tm9ib2R5TWF5U2VlMTIzNA==\"}"};
    struct http_request request = {.path = "/x"};
    struct http_config config;
    script = script_open_list(&reply, 1, NULL);
    config = quick(script_url(script));
    config.auth = HTTP_AUTH_BASIC;
    strcpy(config.user, "prom");
    ck_assert_int_eq(http_open(&http, &config, &err), UND_OK);
    ck_assert_int_eq(http_send(http, &request, &response, &err), UND_OK);
    ck_assert_ptr_nonnull(
        strstr(script_request(script, 0), "cHJvbTpnaHBfVGhlVG9rZW5UaGF0Tm9ib2R5TWF5U2VlMTIzNA=="));
    http_refused(http, &request, &response, "200", "", &err);
    check_refused(UND_SERVICE, "got 407 \"got Basic ***\"");
}
END_TEST

START_TEST(html_instead_of_json_is_named_not_quoted)
{
    struct script_reply replies[] = {
        {.text = "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n\r\n<html>" TOKEN}};
    struct http_request request = {.path = "/x", .once = true};
    serve(replies, 1);
    ck_assert_int_eq(http_send(http, &request, &response, &err), UND_OK);
    http_refused(http, &request, &response, "200", "", &err);
    check_refused(UND_SERVICE, "got 502 with 38 bytes of text/html, want 200");
}
END_TEST

START_TEST(redirect_within_the_origin_is_followed)
{
    struct script_reply replies[] = {{.text = "HTTP/1.1 301 Moved\r\nLocation: /y\r\n\r\n"},
                                     {.text = HEAD "\r\nhere"}};
    serve(replies, 2);
    ck_assert_int_eq(get("/x"), UND_OK);
    ck_assert_str_eq(response.body, "here");
    ck_assert_ptr_nonnull(strstr(script_request(script, 1), "GET /y HTTP/1.1"));
}
END_TEST

START_TEST(redirect_loop_ends)
{
    struct script_reply replies[] = {{.text = "HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n"}};
    serve(replies, 1);
    ck_assert_int_eq(get("/x"), UND_OK);
    ck_assert_int_eq(response.status, 302);
    ck_assert_uint_eq(script_requests(script), HTTP_REDIRECTS + 1);
}
END_TEST

static const char *const elsewhere[] = {
    "HTTP/1.1 302 Found\r\nLocation: https://evil.example/x\r\n\r\n",
    "HTTP/1.1 307 Temporary\r\nLocation: http://127.0.0.1:1/x\r\n\r\n",
    "HTTP/1.1 301 Moved\r\nLocation: //evil.example/x?t=" TOKEN "\r\n\r\n",
    HEAD "Link: <https://evil.example/r?page=2>; rel=\"next\"\r\n\r\n[]",
    HEAD "Link: <http://127.0.0.1:1/r?page=2>; rel=\"next\"\r\n\r\n[]",
    HEAD "Link: <http://me@127.0.0.1/r?page=2>; rel=\"next\"\r\n\r\n[]",
    HEAD "Link: <file:///etc/passwd>; rel=\"next\"\r\n\r\n[]",
};

START_TEST(leaving_the_origin_is_refused)
{
    struct script_reply replies[] = {{.text = (char *)(uintptr_t)elsewhere[_i]}};
    serve(replies, 1);
    ck_assert_int_eq(get("/x"), UND_SERVICE);
    check_refused(UND_SERVICE, "to another origin (");
    ck_assert_uint_eq(script_requests(script), 1);
}
END_TEST

START_TEST(not_modified_gives_the_confirmed_body)
{
    struct script_reply replies[] = {{.text = HEAD "ETag: W/\"abc\"\r\n\r\n{\"n\":1}"},
                                     {.text = "HTTP/1.1 304 Not Modified\r\n\r\n"}};
    struct http_request request = {.path = "/x", .revalidate = true};
    serve(replies, 2);
    ck_assert_int_eq(http_send(http, &request, &response, &err), UND_OK);
    ck_assert(!response.not_modified);
    http_response_fini(&response);
    ck_assert_int_eq(http_send(http, &request, &response, &err), UND_OK);
    ck_assert_ptr_nonnull(strstr(script_request(script, 1), "\r\nIf-None-Match: W/\"abc\"\r\n"));
    ck_assert(response.not_modified);
    ck_assert_int_eq(response.status, 200);
    ck_assert_str_eq(response.body, "{\"n\":1}");
}
END_TEST

/* GitHub's 304 has no Link header: the pages after the first would be taken for gone. */
START_TEST(not_modified_leads_to_the_next_page_as_before)
{
    char page[300];
    struct script_reply replies[] = {{.text = page}, {.text = "HTTP/1.1 304 Not Modified\r\n\r\n"}};
    struct http_request request = {.path = "/x", .revalidate = true};
    int i;
    serve(replies, 2);
    snprintf(page, sizeof page, HEAD "ETag: \"a\"\r\nLink: <%s/x?page=2>; rel=\"next\"\r\n\r\n[]",
             script_url(script));
    for (i = 0; i < 2; i++) {
        ck_assert_msg(http_send(http, &request, &response, &err) == UND_OK, "%s", err.text);
        ck_assert_int_eq(response.not_modified, i == 1);
        ck_assert_ptr_nonnull(strstr(response.next, "/x?page=2"));
        http_response_fini(&response);
    }
}
END_TEST

START_TEST(not_modified_out_of_the_blue_is_an_error)
{
    struct script_reply replies[] = {{.text = "HTTP/1.1 304 Not Modified\r\n\r\n"}};
    struct http_request request = {.path = "/x", .revalidate = true};
    serve(replies, 1);
    ck_assert_int_eq(http_send(http, &request, &response, &err), UND_SERVICE);
    check_refused(UND_SERVICE, "got 304 without having asked for it");
}
END_TEST

static const struct {
    const char *url, *says;
} bad_urls[] = {
    {"", "want https://HOST"},
    {"api.example:x", "want https://HOST"},
    {"ftp://api.example", "got scheme ftp, want https"},
    {"http://api.example", "got http to another machine, want https"},
    {"http://127.evil.example", "got http to another machine, want https"},
    {"https://me:" TOKEN "@api.example", "got a user or password in it"},
    {"https://api.example/?token=" TOKEN, "got a query, want none"},
};

START_TEST(unsafe_urls_are_usage_errors)
{
    struct http_config config = quick(bad_urls[_i].url);
    ck_assert_int_eq(http_open(&http, &config, &err), UND_USAGE);
    check_refused(UND_USAGE, bad_urls[_i].says);
    ck_assert_ptr_null(http);
}
END_TEST

START_TEST(token_with_a_line_end_cannot_add_a_header)
{
    struct http_config config = quick("https://api.example");
    struct secret *bad;
    ck_assert_int_eq(secret_open_copy(&bad, "abc\r\nX-Evil: 1", 13, &err), UND_OK);
    config.secret = bad;
    ck_assert_int_eq(http_open(&http, &config, &err), UND_USAGE);
    check_refused(UND_USAGE, "got a character that no token has");
    secret_close(bad);
}
END_TEST

static void *cancel_soon(void *context)
{
    usleep(200000);
    atomic_store((atomic_bool *)context, true);
    return NULL;
}

START_TEST(cancellation_ends_a_request_at_once)
{
    struct script_reply replies[] = {{.text = "", .hang = true}};
    atomic_bool cancel = false;
    struct http_config config;
    int64_t before_ms = http_monotonic_ms();
    pthread_t thread;
    script = script_open_list(replies, 1, NULL);
    config = quick(script_url(script));
    config.cancel = &cancel;
    config.total_ms = 20000;
    config.stall_ms = 20000;
    ck_assert_int_eq(http_open(&http, &config, &err), UND_OK);
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, &cancel), 0);
    ck_assert_int_eq(get("/x"), UND_INTERRUPTED);
    pthread_join(thread, NULL);
    ck_assert_int_lt(http_monotonic_ms() - before_ms, 5000);
}
END_TEST

START_TEST(clock_offset_from_the_date_header)
{
    /* Thu, 01 Jan 2015 00:00:00 GMT: years behind, to within a second and the round trip. */
    struct script_reply replies[] = {
        {.text = HEAD "Date: Thu, 01 Jan 2015 00:00:00 GMT\r\n\r\n{}"}};
    int64_t expected_ms = 1420070400000 - http_wall_ms();
    serve(replies, 1);
    ck_assert_int_eq(clock_skew_error_ms(http_skew(http)), -1);
    ck_assert_int_eq(get("/x"), UND_OK);
    ck_assert_int_le(llabs(clock_skew_offset_ms(http_skew(http)) - expected_ms), 2000);
    ck_assert_int_ge(clock_skew_error_ms(http_skew(http)), 500);
    ck_assert_int_le(clock_skew_error_ms(http_skew(http)), 1500);
}
END_TEST

/* TLS: one server, certificates that are wrong in one way each. */
static const char *folder;

static void tls_up(void)
{
    set_up();
    folder = script_folder();
    script_certificate(folder, "ca", NULL, "", -1, 10);
    script_certificate(folder, "other", NULL, "", -1, 10);
    script_certificate(folder, "good", "ca", "127.0.0.1", -1, 10);
    script_certificate(folder, "expired", "ca", "127.0.0.1", -10, -1);
    script_certificate(folder, "early", "ca", "127.0.0.1", 1, 10);
    script_certificate(folder, "wrong", "ca", "github.example", -1, 10);
    script_certificate(folder, "stranger", "other", "127.0.0.1", -1, 10);
    script_certificate(folder, "client", "ca", "operator.example", -1, 10);
}

static void tls_down(void)
{
    tear_down();
    script_remove_folder(folder);
}

static enum und_code get_tls(const char *label, bool ask_client, bool give_client)
{
    static const struct script_reply reply = {.text = (char *)(uintptr_t)HEAD "\r\n{}"};
    char cert[128], key[128], ca[128];
    struct script_tls tls = {cert, key, ask_client ? ca : NULL};
    struct http_config config;
    snprintf(cert, sizeof cert, "%s/%s.crt", folder, label);
    snprintf(key, sizeof key, "%s/%s.key", folder, label);
    snprintf(ca, sizeof ca, "%s/ca.crt", folder);
    script = script_open_list(&reply, 1, &tls);
    config = quick(script_url(script));
    strcpy(config.ca_file, ca);
    config.attempts = 1;
    if (give_client) {
        snprintf(config.cert_file, sizeof config.cert_file, "%s/client.crt", folder);
        snprintf(config.key_file, sizeof config.key_file, "%s/client.key", folder);
    }
    ck_assert_int_eq(http_open(&http, &config, &err), UND_OK);
    return get("/x");
}

START_TEST(own_certificate_authority)
{
    ck_assert_msg(get_tls("good", false, false) == UND_OK, "%s", err.text);
    ck_assert_str_eq(response.body, "{}");
}
END_TEST

START_TEST(client_certificate)
{
    ck_assert_msg(get_tls("good", true, true) == UND_OK, "%s", err.text);
    ck_assert_str_eq(response.body, "{}");
}
END_TEST

START_TEST(client_certificate_missing)
{
    ck_assert_int_eq(get_tls("good", true, false), UND_SERVICE);
    /* The server's alert and its closing of the connection race: either may be what we hear. */
    check_refused(UND_SERVICE, "got no usable answer (");
}
END_TEST

static const struct {
    const char *label, *says;
} bad_certificates[] = {
    {"expired", "certificate has expired"},
    {"early", "certificate is not yet valid"},
    {"wrong", "no alternative certificate subject name matches"},
    {"stranger", "unable to get local issuer certificate"},
};

START_TEST(bad_certificates_are_refused_before_the_token_is_sent)
{
    ck_assert_int_eq(get_tls(bad_certificates[_i].label, false, false), UND_SERVICE);
    check_refused(UND_SERVICE, bad_certificates[_i].says);
    ck_assert_ptr_nonnull(strstr(err.text, "verification is never off"));
    ck_assert_uint_eq(script_requests(script), 0);
}
END_TEST

/* Stands before OpenSSL's: curl calls it for a folder of authorities. */
static int folders_trusted;

int X509_STORE_load_path(X509_STORE *store, const char *path)
{
    folders_trusted++;
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
    return X509_LOOKUP_add_dir(lookup, path, X509_FILETYPE_PEM);
}

/* A service of one's own is vouched for by one's own authority alone, not by every public one. */
START_TEST(own_authority_replaces_the_systems)
{
    struct http_config config;
    ck_assert_msg(get_tls("good", false, false) == UND_OK, "%s", err.text);
    ck_assert_int_eq(folders_trusted, 0);
    http_response_fini(&response);
    http_close(http);
    config = quick(script_url(script));
    ck_assert_int_eq(http_open(&http, &config, &err), UND_OK);
    ck_assert_int_eq(get("/x"), UND_SERVICE);
    ck_assert_int_gt(folders_trusted, 0); /* without ca_file: this test can see it */
}
END_TEST

static void lock_client_key(void)
{
    char path[128];
    EVP_PKEY *key = EVP_RSA_gen(2048);
    FILE *file;
    snprintf(path, sizeof path, "%s/client.key", folder);
    file = fopen(path, "w");
    PEM_write_PrivateKey(file, key, EVP_aes_256_cbc(), (const unsigned char *)"pass phrase", 11,
                         NULL, NULL);
    fclose(file);
    EVP_PKEY_free(key);
}

/* OpenSSL would ask for the pass phrase on the terminal, and wait. The child has one. */
START_TEST(locked_private_key_is_an_error_not_a_question)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), status, naps;
    char asked[64];
    pid_t child;
    lock_client_key();
    if (terminal < 0 || (grantpt(terminal) | unlockpt(terminal)) != 0) {
        puts("locked_private_key_is_an_error_not_a_question: not tried, no pseudo-terminals here");
        return;
    }
    child = fork();
    if (child == 0) {
        setsid();
        if (open(ptsname(terminal), O_RDWR) < 0)
            _exit(2);
        get_tls("good", true, true);
        _exit(strstr(err.text, "check cert_file and key_file") ? 0 : 1);
    }
    for (naps = 0; waitpid(child, &status, WNOHANG) == 0; naps++) {
        usleep(10000);
        if (naps == 500)
            kill(child, SIGKILL);
    }
    ck_assert_int_eq(status, 0);
    ck_assert_int_lt(read(terminal, asked, sizeof asked), 0);
    close(terminal);
}
END_TEST

/* With the keys of the session anybody could read the credential from a recording of it. */
START_TEST(session_keys_are_not_logged)
{
    char path[128];
    snprintf(path, sizeof path, "%s/keys", folder);
    setenv("SSLKEYLOGFILE", path, 1);
    ck_assert_msg(get_tls("good", false, false) == UND_OK, "%s", err.text);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(links_and_origins)
{
    char next[64];
    ck_assert(http_link_next("<https://a/1>; rel=\"prev\", <https://a/3>; rel=\"next\"", next, 64));
    ck_assert_str_eq(next, "https://a/3");
    ck_assert(!http_link_next("<https://a/1>; rel=\"last\"", next, 64));
    ck_assert(!http_link_next("<https://a/1; rel=\"next\"", next, 64));
    ck_assert(!http_link_next("rel=\"next\"", next, 64));
    ck_assert(!http_link_next("<https://a/123456>; rel=\"next\"", next, 8));
    ck_assert(http_same_origin("https://a.example/x", "https://A.example:443/y?z"));
    ck_assert(!http_same_origin("https://a.example", "http://a.example"));
    ck_assert(!http_same_origin("https://a.example", "https://a.example:444"));
    ck_assert(!http_same_origin("https://a.example", "https://a.example.evil.example"));
    ck_assert(!http_same_origin("https://a.example", "https://a.example@evil.example"));
    ck_assert(!http_same_origin("https://a.example", "nonsense:"));
}
END_TEST

/* Ways to write another origin so that it looks like ours, and ours so that it looks like another.
 */
START_TEST(disguised_origins)
{
    static const char *const others[] = {
        "https://a.example\\@evil.example/",
        "https://evil.example\\@a.example/",
        "https://:pw@a.example/",
        "https://@a.example/",
        "https://a.example./",
        "https://a.example%2f@evil.example/",
        "https://a.example%00.evil.example",
        "https://a.example;evil.example/",
        "https://a.example\t.evil.example/",
        "//a.example/",
        "/x",
        "a.example/x",
        "",
        "file://a.example/x",
        "gopher://a.example:443/",
        "https://a.example:0/",
        "https://a.example:65536/",
        "https://a.example:443@evil.example/",
        "https://[::1]/",
        "javascript:https://a.example/",
    };
    static const char *const ours[] = {
        "HTTPS://A.EXAMPLE/", "https://a.example:443", "https://a.example:0443/x",
        "https://a.example?@evil.example", "https://a.example#@evil.example"};
    size_t i;
    for (i = 0; i < COUNT(others); i++)
        ck_assert_msg(!http_same_origin("https://a.example", others[i]), "%s", others[i]);
    for (i = 0; i < COUNT(ours); i++)
        ck_assert_msg(http_same_origin("https://a.example", ours[i]), "%s", ours[i]);
    ck_assert(http_same_origin("https://[fe80::1%25eth0]/", "https://[fe80::1%25eth0]/x"));
    ck_assert(!http_same_origin("https://[fe80::1%25eth0]/", "https://[fe80::1%25eth1]/"));
    ck_assert(!http_same_origin("https://[fe80::1]/", "https://[fe80::1%25eth1]/"));
}
END_TEST

START_TEST(clock_skew_narrows_and_notices_a_set_clock)
{
    struct clock_skew skew;
    clock_skew_init(&skew);
    clock_skew_note(&skew, 10000, 10100, 10000); /* -100..1000 */
    ck_assert_int_eq(clock_skew_error_ms(&skew), 550);
    clock_skew_note(&skew, 10900, 10990, 11000); /* 10..1100 */
    ck_assert_int_eq(skew.low_ms, 10);
    ck_assert_int_eq(skew.high_ms, 1000);
    clock_skew_note(&skew, 20900, 20990, 81000); /* a minute ahead: set */
    ck_assert_int_eq(skew.steps, 1);
    ck_assert_int_ge(clock_skew_offset_ms(&skew), 60000);
}
END_TEST

static TCase *plain(void)
{
    TCase *tcase = tcase_create("plain");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, broken_transport_is_one_clear_error, 0, COUNT(broken));
    tcase_add_test(tcase, nobody_listens);
    tcase_add_test(tcase, host_name_that_does_not_exist);
    tcase_add_test(tcase, token_travels_in_its_header_only);
    tcase_add_test(tcase, basic_authentication);
    tcase_add_test(tcase, get_is_tried_again_until_the_service_recovers);
    tcase_add_loop_test(tcase, writes_are_never_repeated, 0, 4);
    tcase_add_test(tcase, write_on_a_connection_that_died_is_not_repeated);
    tcase_add_test(tcase, headers_of_an_interim_response_do_not_count);
    tcase_add_test(tcase, second_link_header_does_not_hide_the_next_page);
    tcase_add_test(tcase, nonsense_in_headers_is_ignored);
    tcase_add_loop_test(tcase, proxies_of_the_environment_are_not_used, 0, 4);
    tcase_add_test(tcase, a_long_retry_after_is_reported_not_waited_for);
    tcase_add_test(tcase, refusal_quotes_the_message_without_the_credential);
    tcase_add_test(tcase, credential_at_the_cut_of_a_long_message);
    tcase_add_loop_test(tcase, echoed_credential_is_shown_nowhere, 0, COUNT(echoes));
    tcase_add_test(tcase, credential_in_the_path_of_a_page_is_not_shown);
    tcase_add_test(tcase, basic_credential_is_not_shown_in_its_encoded_form);
    tcase_add_test(tcase, html_instead_of_json_is_named_not_quoted);
    tcase_add_test(tcase, redirect_within_the_origin_is_followed);
    tcase_add_test(tcase, redirect_loop_ends);
    tcase_add_loop_test(tcase, leaving_the_origin_is_refused, 0, COUNT(elsewhere));
    tcase_add_test(tcase, not_modified_gives_the_confirmed_body);
    tcase_add_test(tcase, not_modified_leads_to_the_next_page_as_before);
    tcase_add_test(tcase, not_modified_out_of_the_blue_is_an_error);
    tcase_add_loop_test(tcase, unsafe_urls_are_usage_errors, 0, COUNT(bad_urls));
    tcase_add_test(tcase, token_with_a_line_end_cannot_add_a_header);
    tcase_add_test(tcase, cancellation_ends_a_request_at_once);
    tcase_add_test(tcase, clock_offset_from_the_date_header);
    tcase_add_test(tcase, links_and_origins);
    tcase_add_test(tcase, disguised_origins);
    tcase_add_test(tcase, clock_skew_narrows_and_notices_a_set_clock);
    return tcase;
}

Suite *suite(void)
{
    Suite *all = suite_create("http");
    TCase *tls = tcase_create("tls");
    suite_add_tcase(all, plain());
    tcase_add_checked_fixture(tls, tls_up, tls_down);
    tcase_set_timeout(tls, 30);
    tcase_add_test(tls, own_certificate_authority);
    tcase_add_test(tls, client_certificate);
    tcase_add_test(tls, client_certificate_missing);
    tcase_add_test(tls, own_authority_replaces_the_systems);
    tcase_add_test(tls, locked_private_key_is_an_error_not_a_question);
    tcase_add_test(tls, session_keys_are_not_logged);
    tcase_add_loop_test(tls, bad_certificates_are_refused_before_the_token_is_sent, 0,
                        COUNT(bad_certificates));
    suite_add_tcase(all, tls);
    return all;
}
