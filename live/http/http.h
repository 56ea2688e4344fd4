/*
 * One HTTP service behind one origin, on libcurl: what every client of ours shares.
 *
 * Safe by construction: TLS always verified (by ca_file alone where there is one); plain http only
 * to loopback or where the fleet file allows it; no proxy, whatever the environment says; redirects
 * and "next" links never leave the origin; bodies, headers, pages, times and retries have ceilings;
 * only GETs are retried; the credential goes into the request and nowhere else. A GET may be
 * revalidated (If-None-Match): a 304 costs nothing at GitHub and comes back as the body that the
 * service has just confirmed, never as an unconfirmed one.
 *
 * One handle belongs to one thread. Times are int64_t ms; wall-clock ones since 1970.
 * Errors: UND_USAGE for a bad configuration; UND_SERVICE for whatever the network or the service
 * did; UND_INTERRUPTED once *cancel is set. A message reads
 *     GET https://host/path: got 503 "no server is available", want 200; <what to do>
 * without query, user or credential. A status is no error of http_send; http_refused makes it one.
 */
#ifndef LIVE_HTTP_HTTP_H
#define LIVE_HTTP_HTTP_H

#include "clock_skew.h"
#include "live/secret/secret.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_URL 1024
#define HTTP_REDIRECTS 3
#define HTTP_HEADER_BYTES (64 * 1024)     /* of all headers, interim responses' included */
#define HTTP_BACKOFF_MS 500               /* unless the configuration sets another */
#define HTTP_BODY_BYTES (8 * 1024 * 1024) /* ceiling unless the configuration sets another */

enum http_auth { HTTP_AUTH_NONE, HTTP_AUTH_BASIC, HTTP_AUTH_BEARER };

struct http_config {
    char url[512]; /* "https://api.github.com", "https://ghe.example/api/v3" */
    enum http_auth auth;
    char user[128];                     /* basic */
    const struct secret *secret;        /* password or token; borrowed, outlives the handle */
    char ca_file[512];                  /* "": the system's */
    char cert_file[512], key_file[512]; /* client certificate; "": none */
    bool allow_plain;                   /* http:// to other than loopback */
    const char *const *headers;         /* more request headers, NULL-terminated; borrowed */
    size_t body_bytes;                  /* the rest: 0 means the default below */
    int64_t connect_ms;                 /* 5 s */
    int64_t total_ms;                   /* 20 s for one attempt */
    int64_t stall_ms;          /* 8 s below 100 bytes/s, the wait for the first one included */
    int64_t backoff_ms;        /* HTTP_BACKOFF_MS before the second attempt, then doubling */
    int64_t patience_ms;       /* 30 s: a retry-after beyond this is not waited for */
    int attempts;              /* 4, for GET */
    const atomic_bool *cancel; /* may be NULL */
};

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE };

struct http_request {
    enum http_method method;
    const char *path; /* appended to the URL; or an absolute URL of the same origin */
    const char *body; /* JSON; NULL: none */
    bool revalidate;  /* GET: keep the body, ask with If-None-Match the next time */
    bool once;        /* GET: no retries (a probe wants to know) */
};

/* Numbers are -1 and texts empty where the service did not say. */
struct http_response {
    int status;
    char *body; /* owned; NUL-terminated, never NULL after http_send succeeded */
    size_t size;
    bool not_modified; /* the service confirmed the body that we had */
    char etag[256];
    char next[HTTP_URL];     /* Link: rel="next", checked to stay on the origin */
    char location[HTTP_URL]; /* where a redirect leads, made absolute */
    char content_type[64];
    char permissions[256]; /* x-accepted-github-permissions */
    int64_t retry_after_ms;
    int64_t date_ms;
    int64_t rate_limit, rate_remaining, rate_reset_s; /* x-ratelimit-* */
    int64_t sent_ms, received_ms;                     /* wall clock of the last attempt */
    int attempts;
};

struct http;

void http_start(void); /* libcurl, once; http_open calls it */

/* The config is copied; what it points to (secret, cancel) is borrowed and must outlive *out.
 * UND_USAGE for a URL, a file or a token that cannot be used; then *out is NULL. */
enum und_code http_open(struct http **out, const struct http_config *config, struct und_err *err);
void http_close(struct http *http); /* NULL is fine */
/* Bearer authentication with this token from now on; borrowed, as above. */
void http_set_bearer(struct http *http, const struct secret *secret);
const struct http_config *http_config(const struct http *http); /* defaults filled in */

/* The response is the caller's to http_response_fini, after an error as well. */
enum und_code http_send(struct http *http, const struct http_request *request,
                        struct http_response *response, struct und_err *err);
/* Frees the body; a zeroed one is fine. */
void http_response_fini(struct http_response *response);

/* The error for a status that the caller cannot use; `wanted` as in "200", `advice` may be "". */
enum und_code http_refused(const struct http *http, const struct http_request *request,
                           const struct http_response *response, const char *wanted,
                           const char *advice, struct und_err *err);

/* "GET"; static. */
const char *http_method_name(enum http_method method);

/* "GET https://host/path", for the place of an error about a body. */
#define HTTP_PLACE 256
const char *http_place(const struct http *http, const struct http_request *request,
                       char out[HTTP_PLACE]);

/* What the Date headers so far say about our clock. */
const struct clock_skew *http_skew(struct http *http);

/* Sleeps, but not past a cancellation; false if that came. */
bool http_pause(const struct http *http, int64_t ms);

/* Since 1970, as the wall clock shows it, which may jump; and by a clock that never does, from an
 * origin of its own, time in suspension included. */
int64_t http_wall_ms(void);
int64_t http_monotonic_ms(void);

/* The parsers, pure: one header line (without its line end) into the response; the target of
 * rel="next" in a Link header; whether two URLs share scheme, host and port. */
void http_header(struct http_response *response, const char *line, size_t size);
bool http_link_next(const char *header, char *out, size_t size);
bool http_same_origin(const char *a, const char *b);

/* Percent-encodes what may not stand in a path segment or a query value; false if it does not
 * fit. */
bool http_escape(char *out, size_t size, const char *text);

#endif
