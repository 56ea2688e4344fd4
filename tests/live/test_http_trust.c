/* Whom the HTTP client trusts with its credential: the origin that it was given and nobody else. No
 * error shows it, whatever the service repeats. */
#include "tests/support/helpers.h"
#include "tests/support/http_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN HTTP_FIXTURE_TOKEN
#define HEAD HTTP_FIXTURE_OK
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct http_fixture call;

static void set_up(void)
{
    http_fixture_open(&call);
}

static void tear_down(void)
{
    http_fixture_close(&call);
}

START_TEST(token_travels_in_its_header_only)
{
    struct script_reply replies[] = {{.text = HEAD "\r\n{}"}};
    http_fixture_serve(&call, replies, 1);
    ck_assert_int_eq(http_fixture_get(&call, "/x"), UND_OK);
    ck_assert_int_eq(call.response.status, 200);
    ck_assert_str_eq(call.response.body, "{}");
    ck_assert_ptr_nonnull(
        strstr(script_request(call.script, 0), "\r\nAuthorization: Bearer " TOKEN "\r\n"));
    ck_assert_ptr_nonnull(strstr(script_request(call.script, 0), "\r\nUser-Agent: understudy/"));
}
END_TEST

START_TEST(basic_authentication)
{
    struct script_reply replies[] = {{.text = HEAD "\r\n{}"}};
    struct http_config config;
    struct http_request request = {.path = "/x"};
    call.script = script_open_list(replies, 1, NULL);
    config = http_fixture_quick(&call, script_url(call.script));
    config.auth = HTTP_AUTH_BASIC;
    strcpy(config.user, "prom");
    ck_assert_int_eq(http_open(&call.http, &config, &call.err), UND_OK);
    ck_assert_int_eq(http_send(call.http, &request, &call.response, &call.err), UND_OK);
    ck_assert_ptr_nonnull(
        strstr(script_request(call.script, 0), "\r\nAuthorization: Basic cHJvbTpnaH"));
}
END_TEST

START_TEST(refusal_quotes_the_message_without_the_credential)
{
    struct script_reply replies[] = {
        {.text = "HTTP/1.1 401 No\r\n\r\n{\"message\":\"Bad \\u001b[31m token " TOKEN "\"}"}};
    struct http_request request = {.path = "/x"};
    http_fixture_serve(&call, replies, 1);
    ck_assert_int_eq(http_send(call.http, &request, &call.response, &call.err), UND_OK);
    ck_assert_int_eq(
        http_refused(call.http, &request, &call.response, "200", "renew it", &call.err),
        UND_SERVICE);
    http_fixture_refused(&call, UND_SERVICE, "got 401 \"Bad ?[31m token ***\", want 200; renew it");
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
    http_fixture_serve(&call, replies, 1);
    ck_assert_int_eq(http_send(call.http, &request, &call.response, &call.err), UND_OK);
    http_refused(call.http, &request, &call.response, "200", "", &call.err);
    http_fixture_refused(&call, UND_SERVICE, "000***\"");
    ck_assert_ptr_null(strstr(call.err.text, "ghp_"));
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
        http_fixture_serve(&call, &reply, 1);
        if (http_send(call.http, &request, &call.response, &call.err) == UND_OK)
            http_refused(call.http, &request, &call.response, "200", "", &call.err);
        ck_assert_int_eq(call.err.code, UND_SERVICE);
        ck_assert_msg(!strstr(call.err.text, "ghp_") && !strstr(call.err.text, "somebody"), "%s",
                      call.err.text);
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
    http_fixture_serve(&call, &reply, 1);
    for (width = 60; width < 120; width++) {
        snprintf(path, sizeof path, "/%0*d" TOKEN, width, 0);
        ck_assert_int_eq(http_send(call.http, &request, &call.response, &call.err), UND_OK);
        http_refused(call.http, &request, &call.response, "200", "", &call.err);
        ck_assert_msg(!strstr(call.err.text, "ghp_"), "%s", call.err.text);
        http_response_fini(&call.response);
        call.err = (struct und_err){0};
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
    call.script = script_open_list(&reply, 1, NULL);
    config = http_fixture_quick(&call, script_url(call.script));
    config.auth = HTTP_AUTH_BASIC;
    strcpy(config.user, "prom");
    ck_assert_int_eq(http_open(&call.http, &config, &call.err), UND_OK);
    ck_assert_int_eq(http_send(call.http, &request, &call.response, &call.err), UND_OK);
    ck_assert_ptr_nonnull(strstr(script_request(call.script, 0),
                                 "cHJvbTpnaHBfVGhlVG9rZW5UaGF0Tm9ib2R5TWF5U2VlMTIzNA=="));
    http_refused(call.http, &request, &call.response, "200", "", &call.err);
    http_fixture_refused(&call, UND_SERVICE, "got 407 \"got Basic ***\"");
}
END_TEST

START_TEST(html_instead_of_json_is_named_not_quoted)
{
    struct script_reply replies[] = {
        {.text = "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n\r\n<html>" TOKEN}};
    struct http_request request = {.path = "/x", .once = true};
    http_fixture_serve(&call, replies, 1);
    ck_assert_int_eq(http_send(call.http, &request, &call.response, &call.err), UND_OK);
    http_refused(call.http, &request, &call.response, "200", "", &call.err);
    http_fixture_refused(&call, UND_SERVICE, "got 502 with 38 bytes of text/html, want 200");
}
END_TEST

START_TEST(redirect_within_the_origin_is_followed)
{
    struct script_reply replies[] = {{.text = "HTTP/1.1 301 Moved\r\nLocation: /y\r\n\r\n"},
                                     {.text = HEAD "\r\nhere"}};
    http_fixture_serve(&call, replies, 2);
    ck_assert_int_eq(http_fixture_get(&call, "/x"), UND_OK);
    ck_assert_str_eq(call.response.body, "here");
    ck_assert_ptr_nonnull(strstr(script_request(call.script, 1), "GET /y HTTP/1.1"));
}
END_TEST

START_TEST(redirect_loop_ends)
{
    struct script_reply replies[] = {{.text = "HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n"}};
    http_fixture_serve(&call, replies, 1);
    ck_assert_int_eq(http_fixture_get(&call, "/x"), UND_OK);
    ck_assert_int_eq(call.response.status, 302);
    ck_assert_uint_eq(script_requests(call.script), HTTP_REDIRECTS + 1);
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
    http_fixture_serve(&call, replies, 1);
    ck_assert_int_eq(http_fixture_get(&call, "/x"), UND_SERVICE);
    http_fixture_refused(&call, UND_SERVICE, "to another origin (");
    ck_assert_uint_eq(script_requests(call.script), 1);
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
    call.script = script_open_list(&reply, 1, NULL);
    config = http_fixture_quick(&call, script_url(call.script));
    memcpy(config.url, "HTTP", 4);
    ck_assert_int_eq(http_open(&call.http, &config, &call.err), UND_OK);
    ck_assert_msg(http_send(call.http, &request, &call.response, &call.err) == UND_OK, "%s",
                  call.err.text);
    unsetenv(names[_i]);
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
    struct http_config config = http_fixture_quick(&call, bad_urls[_i].url);
    ck_assert_int_eq(http_open(&call.http, &config, &call.err), UND_USAGE);
    http_fixture_refused(&call, UND_USAGE, bad_urls[_i].says);
    ck_assert_ptr_null(call.http);
}
END_TEST

START_TEST(token_with_a_line_end_cannot_add_a_header)
{
    struct http_config config = http_fixture_quick(&call, "https://api.example");
    struct secret *bad;
    ck_assert_int_eq(secret_open_copy(&bad, "abc\r\nX-Evil: 1", 13, &call.err), UND_OK);
    config.secret = bad;
    ck_assert_int_eq(http_open(&call.http, &config, &call.err), UND_USAGE);
    http_fixture_refused(&call, UND_USAGE, "got a character that no token has");
    secret_close(bad);
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

Suite *suite(void)
{
    Suite *all = suite_create("http trust");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, token_travels_in_its_header_only);
    tcase_add_test(tcase, basic_authentication);
    tcase_add_test(tcase, refusal_quotes_the_message_without_the_credential);
    tcase_add_test(tcase, credential_at_the_cut_of_a_long_message);
    tcase_add_loop_test(tcase, echoed_credential_is_shown_nowhere, 0, COUNT(echoes));
    tcase_add_test(tcase, credential_in_the_path_of_a_page_is_not_shown);
    tcase_add_test(tcase, basic_credential_is_not_shown_in_its_encoded_form);
    tcase_add_test(tcase, html_instead_of_json_is_named_not_quoted);
    tcase_add_test(tcase, redirect_within_the_origin_is_followed);
    tcase_add_test(tcase, redirect_loop_ends);
    tcase_add_loop_test(tcase, leaving_the_origin_is_refused, 0, COUNT(elsewhere));
    tcase_add_loop_test(tcase, proxies_of_the_environment_are_not_used, 0, 4);
    tcase_add_loop_test(tcase, unsafe_urls_are_usage_errors, 0, COUNT(bad_urls));
    tcase_add_test(tcase, token_with_a_line_end_cannot_add_a_header);
    tcase_add_test(tcase, links_and_origins);
    tcase_add_test(tcase, disguised_origins);
    suite_add_tcase(all, tcase);
    return all;
}
