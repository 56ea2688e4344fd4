/* The HTTP client against a service that misbehaves in every way we could think of: broken answers,
 * what is tried again and what never, headers, and answers kept from before. */
#include "tests/support/helpers.h"
#include "tests/support/http_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOKEN HTTP_FIXTURE_TOKEN
#define HEAD HTTP_FIXTURE_OK
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Many small headers; filled by set_up. */
static char flood[100000] = HEAD;

static struct http_fixture call;

static void set_up(void)
{
    size_t at;
    http_fixture_open(&call);
    for (at = strlen(flood); at + 20 < sizeof flood; at += 10)
        strcpy(flood + at, "X-F: abc\r\n");
}

static void tear_down(void)
{
    http_fixture_close(&call);
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
    http_fixture_serve(&call, &broken[_i].reply, 1);
    ck_assert_int_eq(http_send(call.http, &request, &call.response, &call.err), UND_SERVICE);
    http_fixture_refused(&call, UND_SERVICE, broken[_i].says);
    ck_assert_ptr_nonnull(strstr(call.err.text, "GET http://127.0.0.1:"));
    ck_assert_ptr_null(strchr(call.err.text, '=')); /* the query is not shown */
}
END_TEST

START_TEST(nobody_listens)
{
    struct http_config config = http_fixture_quick(&call, "http://127.0.0.1:9");
    ck_assert_int_eq(http_open(&call.http, &config, &call.err), UND_OK);
    ck_assert_int_eq(http_fixture_get(&call, "/x"), UND_SERVICE);
    http_fixture_refused(&call, UND_SERVICE,
                         "check the URL, the network and that the service runs");
    ck_assert_ptr_nonnull(strstr(call.err.text, "in 4 attempts"));
}
END_TEST

START_TEST(host_name_that_does_not_exist)
{
    struct http_config config = http_fixture_quick(&call, "https://no-such-host.invalid");
    ck_assert_int_eq(http_open(&call.http, &config, &call.err), UND_OK);
    ck_assert_int_eq(http_fixture_get(&call, "/x"), UND_SERVICE);
    http_fixture_refused(&call, UND_SERVICE, "no-such-host.invalid");
}
END_TEST

START_TEST(get_is_tried_again_until_the_service_recovers)
{
    struct script_reply replies[] = {{.text = "", .reset = true},
                                     {.text = "HTTP/1.1 502 Bad Gateway\r\n\r\n<html>"},
                                     {.text = "HTTP/1.1 429 Slow\r\nRetry-After: 1\r\n\r\n"},
                                     {.text = HEAD "\r\nok"}};
    int64_t before_ms = http_monotonic_ms();
    http_fixture_serve(&call, replies, 4);
    ck_assert_int_eq(http_fixture_get(&call, "/x"), UND_OK);
    ck_assert_int_eq(call.response.status, 200);
    ck_assert_int_eq(call.response.attempts, 4);
    ck_assert_int_ge(http_monotonic_ms() - before_ms, 1000); /* retry-after was honoured */
}
END_TEST

START_TEST(writes_are_never_repeated)
{
    enum http_method methods[] = {HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE};
    struct script_reply replies[] = {{.text = "HTTP/1.1 500 Oops\r\n\r\n"}};
    struct http_request request = {.method = methods[_i], .path = "/x", .body = "{}"};
    http_fixture_serve(&call, replies, 1);
    ck_assert_int_eq(http_send(call.http, &request, &call.response, &call.err), UND_OK);
    ck_assert_int_eq(call.response.status, 500);
    ck_assert_uint_eq(script_requests(call.script), 1);
    ck_assert_ptr_nonnull(strstr(script_request(call.script, 0), "\r\n\r\n{}"));
}
END_TEST

/* curl itself sends again what met a connection that was closed meanwhile: not a write. */
START_TEST(write_on_a_connection_that_died_is_not_repeated)
{
    struct script_reply replies[] = {
        {.text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", .keep = true}, {.text = ""}};
    struct http_request request = {.method = HTTP_POST, .path = "/dispatches", .body = "{}"};
    http_fixture_serve(&call, replies, 2);
    ck_assert_int_eq(http_fixture_get(&call, "/x"), UND_OK);
    http_response_fini(&call.response);
    ck_assert_int_eq(http_send(call.http, &request, &call.response, &call.err), UND_SERVICE);
    ck_assert_uint_eq(script_requests(call.script), 2);
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
    http_fixture_serve(&call, &reply, 1);
    ck_assert_msg(http_fixture_get(&call, "/x") == UND_OK, "%s", call.err.text);
    ck_assert_str_eq(call.response.etag, "");
    ck_assert_str_eq(call.response.next, "");
    ck_assert_int_eq(call.response.retry_after_ms, -1);
    ck_assert_int_eq(call.response.rate_remaining, -1);
    ck_assert_int_gt(call.response.sent_ms, 0);
}
END_TEST

START_TEST(second_link_header_does_not_hide_the_next_page)
{
    struct script_reply reply = {.text = HEAD "Link: </a>; rel=\"prev\"\r\n\r\n"};
    char text[300];
    http_fixture_serve(&call, &reply, 1);
    snprintf(text, sizeof text,
             HEAD "Link: <%s/2>; rel=\"next\"\r\nLink: <%s/9>; rel=\"last\"\r\n\r\n[]",
             script_url(call.script), script_url(call.script));
    reply.text = text;
    ck_assert_msg(http_fixture_get(&call, "/x") == UND_OK, "%s", call.err.text);
    ck_assert_ptr_nonnull(strstr(call.response.next, "/2"));
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
    http_fixture_serve(&call, &reply, 1);
    ck_assert_msg(http_fixture_get(&call, "/x") == UND_OK, "%s", call.err.text);
    ck_assert_int_eq(call.response.retry_after_ms, -1);
    ck_assert_int_eq(call.response.date_ms, -1);
    ck_assert_int_eq(call.response.rate_limit, -1);
    ck_assert_int_eq(call.response.rate_remaining, -1);
    ck_assert_int_eq(call.response.rate_reset_s, -1);
}
END_TEST

START_TEST(a_long_retry_after_is_reported_not_waited_for)
{
    struct script_reply replies[] = {{.text = "HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\n\r\n"}};
    struct http_request request = {.path = "/x"};
    http_fixture_serve(&call, replies, 1);
    ck_assert_int_eq(http_send(call.http, &request, &call.response, &call.err), UND_OK);
    ck_assert_int_eq(call.response.attempts, 1);
    http_refused(call.http, &request, &call.response, "200", "", &call.err);
    http_fixture_refused(&call, UND_SERVICE, "it asks to wait 60 min 00 s");
}
END_TEST

START_TEST(not_modified_gives_the_confirmed_body)
{
    struct script_reply replies[] = {{.text = HEAD "ETag: W/\"abc\"\r\n\r\n{\"n\":1}"},
                                     {.text = "HTTP/1.1 304 Not Modified\r\n\r\n"}};
    struct http_request request = {.path = "/x", .revalidate = true};
    http_fixture_serve(&call, replies, 2);
    ck_assert_int_eq(http_send(call.http, &request, &call.response, &call.err), UND_OK);
    ck_assert(!call.response.not_modified);
    http_response_fini(&call.response);
    ck_assert_int_eq(http_send(call.http, &request, &call.response, &call.err), UND_OK);
    ck_assert_ptr_nonnull(
        strstr(script_request(call.script, 1), "\r\nIf-None-Match: W/\"abc\"\r\n"));
    ck_assert(call.response.not_modified);
    ck_assert_int_eq(call.response.status, 200);
    ck_assert_str_eq(call.response.body, "{\"n\":1}");
}
END_TEST

/* GitHub's 304 has no Link header: the pages after the first would be taken for gone. */
START_TEST(not_modified_leads_to_the_next_page_as_before)
{
    char page[300];
    struct script_reply replies[] = {{.text = page}, {.text = "HTTP/1.1 304 Not Modified\r\n\r\n"}};
    struct http_request request = {.path = "/x", .revalidate = true};
    int i;
    http_fixture_serve(&call, replies, 2);
    snprintf(page, sizeof page, HEAD "ETag: \"a\"\r\nLink: <%s/x?page=2>; rel=\"next\"\r\n\r\n[]",
             script_url(call.script));
    for (i = 0; i < 2; i++) {
        ck_assert_msg(http_send(call.http, &request, &call.response, &call.err) == UND_OK, "%s",
                      call.err.text);
        ck_assert_int_eq(call.response.not_modified, i == 1);
        ck_assert_ptr_nonnull(strstr(call.response.next, "/x?page=2"));
        http_response_fini(&call.response);
    }
}
END_TEST

START_TEST(not_modified_out_of_the_blue_is_an_error)
{
    struct script_reply replies[] = {{.text = "HTTP/1.1 304 Not Modified\r\n\r\n"}};
    struct http_request request = {.path = "/x", .revalidate = true};
    http_fixture_serve(&call, replies, 1);
    ck_assert_int_eq(http_send(call.http, &request, &call.response, &call.err), UND_SERVICE);
    http_fixture_refused(&call, UND_SERVICE, "got 304 without having asked for it");
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
    call.script = script_open_list(replies, 1, NULL);
    config = http_fixture_quick(&call, script_url(call.script));
    config.cancel = &cancel;
    config.total_ms = 20000;
    config.stall_ms = 20000;
    ck_assert_int_eq(http_open(&call.http, &config, &call.err), UND_OK);
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, &cancel), 0);
    ck_assert_int_eq(http_fixture_get(&call, "/x"), UND_INTERRUPTED);
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
    http_fixture_serve(&call, replies, 1);
    ck_assert_int_eq(clock_skew_error_ms(http_skew(call.http)), -1);
    ck_assert_int_eq(http_fixture_get(&call, "/x"), UND_OK);
    ck_assert_int_le(llabs(clock_skew_offset_ms(http_skew(call.http)) - expected_ms), 2000);
    ck_assert_int_ge(clock_skew_error_ms(http_skew(call.http)), 500);
    ck_assert_int_le(clock_skew_error_ms(http_skew(call.http)), 1500);
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

Suite *suite(void)
{
    Suite *all = suite_create("http");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, broken_transport_is_one_clear_error, 0, COUNT(broken));
    tcase_add_test(tcase, nobody_listens);
    tcase_add_test(tcase, host_name_that_does_not_exist);
    tcase_add_test(tcase, get_is_tried_again_until_the_service_recovers);
    tcase_add_loop_test(tcase, writes_are_never_repeated, 0, 4);
    tcase_add_test(tcase, write_on_a_connection_that_died_is_not_repeated);
    tcase_add_test(tcase, headers_of_an_interim_response_do_not_count);
    tcase_add_test(tcase, second_link_header_does_not_hide_the_next_page);
    tcase_add_test(tcase, nonsense_in_headers_is_ignored);
    tcase_add_test(tcase, a_long_retry_after_is_reported_not_waited_for);
    tcase_add_test(tcase, not_modified_gives_the_confirmed_body);
    tcase_add_test(tcase, not_modified_leads_to_the_next_page_as_before);
    tcase_add_test(tcase, not_modified_out_of_the_blue_is_an_error);
    tcase_add_test(tcase, cancellation_ends_a_request_at_once);
    tcase_add_test(tcase, clock_offset_from_the_date_header);
    tcase_add_test(tcase, clock_skew_narrows_and_notices_a_set_clock);
    suite_add_tcase(all, tcase);
    return all;
}
