/*
 * The HTTP client against one scripted server, for its suites: short limits, a credential that must
 * never be shown.
 */
#ifndef TESTS_SUPPORT_HTTP_FIXTURE_H
#define TESTS_SUPPORT_HTTP_FIXTURE_H

#include "live/http/http.h"
#include "scripted_server.h"

#define HTTP_FIXTURE_TOKEN "ghp_TheTokenThatNobodyMaySee1234"
/* Of an answer whose connection ends with it; more headers and an empty line follow. */
#define HTTP_FIXTURE_OK "HTTP/1.1 200 OK\r\nConnection: close\r\n"

struct http_fixture {
    struct secret *token;
    struct http *http;     /* NULL until it is served or opened */
    struct script *script; /* likewise */
    struct http_response response;
    struct und_err err;
};

void http_fixture_open(struct http_fixture *call);
void http_fixture_close(struct http_fixture *call);

/* Settings for that URL: a second and a half for everything, four attempts. */
struct http_config http_fixture_quick(const struct http_fixture *call, const char *url);
/* Starts the server with these replies, and opens the client on it. */
void http_fixture_serve(struct http_fixture *call, const struct script_reply *replies, size_t n);
enum und_code http_fixture_get(struct http_fixture *call, const char *path);

/* What every error must be: the right code, one clean line that says so, and no credential. */
void http_fixture_refused(const struct http_fixture *call, enum und_code code, const char *says);

#endif
