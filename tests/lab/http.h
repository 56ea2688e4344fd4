/*
 * HTTP for the GitHub stand-in: two services (the API, and the lab's own control port) on
 * libmicrohttpd, driven by one thread, so that nothing in the stand-in needs a lock.
 *
 * A handler is called with a complete request and either fills the reply or returns HTTP_LATER;
 * then it is called again with the same request after every turn of the loop, until it has an
 * answer (long polls, delays). `call->state` is its own to remember things by, zero at first.
 *
 * Ceilings: HTTP_BODY bytes a request, HTTP_SEGMENTS path segments, HTTP_HEADERS reply headers.
 * Ownership: the reply's strings and JSON are the call's and freed with it.
 */
#ifndef TESTS_LAB_HTTP_H
#define TESTS_LAB_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_BODY (1 << 20)
#define HTTP_SEGMENTS 12
#define HTTP_HEADERS 24
#define HTTP_URL 1024

enum http_answer { HTTP_NOW, HTTP_LATER };

/* How the reply leaves: as it should, or spoilt on purpose. */
enum http_manner {
    HTTP_PLAIN,
    HTTP_CUT,   /* announced in full, closed half-way */
    HTTP_RESET, /* no answer at all, a TCP reset */
    HTTP_HANG,  /* no answer at all, the connection stays */
    HTTP_DRIP,  /* `fleet_clock_ms` between one byte and the next */
    HTTP_HUGE,  /* `size` bytes of JSON white space follow */
};

struct http_header {
    char *name, *value; /* owned */
};

struct http_reply {
    int status;
    json_t *json;     /* owned; NULL: `text` is the body */
    char *text;       /* owned; NULL: no body */
    const char *type; /* NULL: application/json; charset=utf-8 */
    struct http_header header[HTTP_HEADERS];
    int n_headers;
    enum http_manner manner;
    int64_t fleet_clock_ms;
    int64_t size;
};

struct http_call {
    const char *method;
    const char *path;             /* as requested, decoded, without the query */
    char *segment[HTTP_SEGMENTS]; /* of the path; borrowed */
    int n_segments;
    const char *body; /* NUL-terminated */
    size_t body_size;
    int64_t arrived_ms;
    void *connection;
    struct http_reply reply;
    int64_t state[4]; /* the handler's own; see above */
};

typedef enum http_answer (*http_handler)(void *context, struct http_call *call, int64_t now_ms);

struct http_service;

/* `address` "127.0.0.1", port 0 for a free one; the certificate and key are PEM text, NULL for
 * plain HTTP. NULL and a line on standard error if that is not possible. */
struct http_service *http_open(const char *address, int port, const char *certificate,
                               const char *key, http_handler handler, void *context);
void http_close(struct http_service *service);
int http_port(const struct http_service *service);
int http_descriptor(const struct http_service *service); /* readable when there is work */
void http_turn(struct http_service *service, int64_t now_ms);
/* How long the caller may sleep at most. */
int64_t http_patience_ms(const struct http_service *service);

/* NULL if there is none; borrowed. */
const char *http_query(const struct http_call *call, const char *name);
int64_t http_query_int(const struct http_call *call, const char *name, int64_t otherwise);
const char *http_request_header(const struct http_call *call, const char *name);
/* The request's query string rebuilt without `page`, for Link headers; ends in '&' or empty. */
void http_query_but_page(const struct http_call *call, char *out, size_t size);

void http_header(struct http_call *call, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Both take `json` over. */
enum http_answer http_json_take(struct http_call *call, int status, json_t *json);
enum http_answer http_status(struct http_call *call, int status); /* no body */
enum http_answer http_text(struct http_call *call, int status, const char *type, const char *text);
void http_reply_reset(struct http_reply *reply); /* frees what it holds; empty again */

#endif
