#include "http.h"
#include "http_cache.h"
#include "live/base/failpoint.h"
#include "live/base/wire.h"
#include "model/base/assert.h"
#include "transfer.h"
#include "wall_step.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

struct http {
    struct http_config config; /* defaults filled in */
    CURL *curl;
    struct http_cache cache;
    struct clock_skew skew;
    struct wall_step wall;
    struct secret *encoded; /* the basic credential as it travels; NULL: another kind */
};

int64_t http_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t http_monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool cancelled(const struct http *http)
{
    return http->config.cancel && atomic_load(http->config.cancel);
}

bool http_pause(const struct http *http, int64_t ms)
{
    int64_t end_ms = http_monotonic_ms() + ms;
    while (!cancelled(http)) {
        int64_t left_ms = end_ms - http_monotonic_ms();
        struct timespec nap = {0, (left_ms < 100 ? left_ms : 100) * 1000000};
        if (left_ms <= 0)
            return true;
        nanosleep(&nap, NULL);
    }
    return false;
}

/* By address, since a name such as 127.evil.example leads anywhere. */
static bool is_loopback(const char *host)
{
    struct in_addr address;
    return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

/* Quotes the URL only once it is known to hold no password. */
static enum und_code check_parts(const struct http_config *config, CURLU *url, struct und_err *err)
{
    char *scheme = NULL, *host = NULL, *user = NULL, *query = NULL;
    if (curl_url_set(url, CURLUPART_URL, config->url, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        und_fail(err, UND_USAGE, "service URL: want https://HOST[:PORT][/PATH]");
    else if (curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK)
        und_fail(err, UND_USAGE,
                 "service URL of %s: got a user or password in it, want them as a token source",
                 host);
    else if (curl_url_get(url, CURLUPART_QUERY, &query, 0) == CURLUE_OK)
        und_fail(err, UND_USAGE, "service URL of %s: got a query, want none", host);
    else if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
        und_fail(err, UND_USAGE, "service URL %s: got scheme %s, want https", config->url, scheme);
    else if (strcmp(scheme, "http") == 0 && !is_loopback(host) && !config->allow_plain)
        und_fail(err, UND_USAGE,
                 "service URL %s: got http to another machine, want https (or allow_plain: true)",
                 config->url);
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    curl_free(query);
    return err->code;
}

/* What goes into a header must not be able to end it. */
static enum und_code check_secret(const struct http_config *config, struct und_err *err)
{
    const char *c;
    if (config->auth == HTTP_AUTH_NONE)
        return UND_OK;
    if (!config->secret)
        return und_fail(err, UND_USAGE, "service URL %s: no credential for it", config->url);
    for (c = secret_text(config->secret); *c; c++)
        if (*c <= ' ' || *c > '~')
            return und_fail(err, UND_USAGE,
                            "credential for %s: got a character that no token has (a space or a "
                            "line end?), want one word",
                            config->url);
    return UND_OK;
}

static void fill_defaults(struct http_config *config)
{
    size_t n = strlen(config->url);
    while (n > 0 && config->url[n - 1] == '/')
        config->url[--n] = '\0';
#define DEFAULT(member, value) config->member = config->member ? config->member : (value)
    DEFAULT(body_bytes, HTTP_BODY_BYTES);
    DEFAULT(connect_ms, 5000);
    DEFAULT(total_ms, 20000);
    DEFAULT(stall_ms, 8000);
    DEFAULT(backoff_ms, HTTP_BACKOFF_MS);
    DEFAULT(patience_ms, 30000);
    DEFAULT(attempts, 4);
#undef DEFAULT
}

static void start_curl(void)
{
    unsetenv("SSLKEYLOGFILE"); /* curl would write there what opens a recorded session */
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

void http_start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_curl);
}

/* Base64 hides nothing: whoever echoes the header gives the password away. Known to secret_redact
 * from here on. */
static enum und_code know_basic(struct http *http, struct und_err *err)
{
    const struct http_config *config = &http->config;
    char plain[sizeof config->user + 1 + SECRET_BYTES + 1];
    unsigned char encoded[sizeof plain / 3 * 4 + 5];
    int n;
    if (config->auth != HTTP_AUTH_BASIC)
        return UND_OK;
    n = snprintf(plain, sizeof plain, "%s:%s", config->user, secret_text(config->secret));
    n = EVP_EncodeBlock(encoded, (unsigned char *)plain, n);
    secret_open_copy(&http->encoded, (char *)encoded, (size_t)n, err);
    explicit_bzero(plain, sizeof plain);
    explicit_bzero(encoded, sizeof encoded);
    return err->code;
}

enum und_code http_open(struct http **out, const struct http_config *config, struct und_err *err)
{
    struct http *http;
    CURLU *url;
    *out = NULL;
    http_start();
    url = curl_url();
    UND_ASSERT(url != NULL);
    check_parts(config, url, err);
    curl_url_cleanup(url);
    if (err->code != UND_OK || check_secret(config, err) != UND_OK)
        return err->code;
    http = calloc(1, sizeof *http);
    UND_ASSERT(http != NULL);
    http->config = *config;
    fill_defaults(&http->config);
    clock_skew_init(&http->skew);
    wall_step_look(&http->wall);
    http->curl = curl_easy_init();
    UND_ASSERT(http->curl != NULL);
    if (know_basic(http, err) == UND_OK)
        *out = http;
    else
        http_close(http);
    return err->code;
}

void http_close(struct http *http)
{
    if (!http)
        return;
    curl_easy_cleanup(http->curl);
    http_cache_fini(&http->cache);
    secret_close(http->encoded);
    free(http);
}

void http_set_bearer(struct http *http, const struct secret *secret)
{
    http->config.auth = HTTP_AUTH_BEARER;
    http->config.secret = secret;
}

const struct http_config *http_config(const struct http *http)
{
    return &http->config;
}

const struct clock_skew *http_skew(struct http *http)
{
    clock_skew_set(&http->skew, wall_step_look(&http->wall));
    return &http->skew;
}

const char *http_method_name(enum http_method method)
{
    static const char *const names[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    return names[method];
}

static bool is_absolute(const char *path)
{
    return path[0] != '/';
}

const char *http_place(const struct http *http, const struct http_request *request,
                       char out[HTTP_PLACE])
{
    const char *base = is_absolute(request->path) ? "" : http->config.url;
    char path[HTTP_URL];
    wire_copy(path, sizeof path, request->path, strcspn(request->path, "?#"));
    wire_clean(path);
    secret_redact(path); /* before it is cut: a next page's path comes from outside */
    snprintf(out, HTTP_PLACE, "%s %.120s%.110s", http_method_name(request->method), base, path);
    return out;
}

void http_response_fini(struct http_response *response)
{
    free(response->body);
    response->body = NULL;
    response->size = 0;
}

static const char *curl_advice(CURLcode code)
{
    /* Only what an operator can act upon; curl's other codes speak for themselves. */
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return "; check the certificate, the host name and ca_file: verification is never off";
    if (code == CURLE_SSL_CACERT_BADFILE)
        return "; check ca_file";
    if (code == CURLE_SSL_CERTPROBLEM)
        return "; check cert_file and key_file";
    if (code == CURLE_OUT_OF_MEMORY)
        return "; or a header line has no end";
    if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT)
        return "; check the URL, the network and that the service runs";
    return "";
}

static enum und_code transport_error(const struct http *http, const struct http_request *request,
                                     const struct transfer *transfer, CURLcode code,
                                     struct und_err *err)
{
    char place[HTTP_PLACE], detail[CURL_ERROR_SIZE];
    const struct http_config *config = &http->config;
    http_place(http, request, place);
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return und_fail(err, UND_INTERRUPTED, "%s: interrupted", place);
    if (transfer->too_large || code == CURLE_FILESIZE_EXCEEDED)
        return und_fail(err, UND_SERVICE, "%s: got a body of over %zu bytes, want at most that",
                        place, config->body_bytes);
    if (transfer->long_headers)
        return und_fail(err, UND_SERVICE, "%s: got headers of over %d bytes, want at most that",
                        place, HTTP_HEADER_BYTES);
    if (transfer->no_memory)
        return und_fail(err, UND_SERVICE, "%s: no memory for the body", place);
    snprintf(detail, sizeof detail, "%s",
             transfer->detail[0] ? transfer->detail : curl_easy_strerror(code));
    wire_clean(detail);
    secret_redact(detail);
    return und_fail(err, UND_SERVICE, "%s: got no usable answer (%s) in %d attempt%s%s", place,
                    detail, transfer->response->attempts,
                    transfer->response->attempts == 1 ? "" : "s", curl_advice(code));
}

/* Trouble that another attempt may not meet. A wrong certificate stays wrong. */
static bool may_pass(CURLcode code, const struct transfer *transfer)
{
    switch ((int)code) {
    case CURLE_OK:
        /* A 429 that names no time means "much later": the caller's limits know how much. */
        return transfer->response->status >= 500 ||
               (transfer->response->status == 429 && transfer->response->retry_after_ms >= 0);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_SSL_CONNECT_ERROR:
        return true;
    default:
        return false;
    }
}

/* Doubling, minus up to a quarter, so that many clients do not come back together. */
static int64_t backoff(const struct http_config *config, int n)
{
    uint32_t random = 0;
    int64_t ms = config->backoff_ms << (n < 8 ? n : 8);
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
        random = 0;
    return ms - (int64_t)random % (ms / 4 + 1);
}

/* How long to wait before the next attempt; -1: there is to be none. */
static int64_t next_attempt(const struct http *http, const struct http_request *request,
                            const struct transfer *transfer, CURLcode code, int n)
{
    int64_t asked_ms = code == CURLE_OK ? transfer->response->retry_after_ms : -1;
    if (request->method != HTTP_GET || request->once || n + 1 >= http->config.attempts ||
        !may_pass(code, transfer) || asked_ms > http->config.patience_ms)
        return -1;
    return asked_ms > 0 ? asked_ms : backoff(&http->config, n);
}

/* One transfer, or what a test has put in its place. */
static CURLcode run(struct http *http, struct transfer *transfer, const char *url, const char *etag)
{
    struct http_response *response = transfer->response;
    enum failpoint_fate fate = FAILPOINT_NONE;
    CURLcode code;
    if (transfer->request->method != HTTP_GET)
        fate = failpoint_call(transfer->request->path);
    if (fate == FAILPOINT_REFUSED) {
        *response = (struct http_response){.status = 403,
                                           .body = strdup("{\"message\":\"refused\"}"),
                                           .retry_after_ms = -1,
                                           .date_ms = -1,
                                           .rate_limit = -1,
                                           .rate_remaining = -1,
                                           .rate_reset_s = -1,
                                           .attempts = 1};
        UND_ASSERT(response->body != NULL);
        response->size = strlen(response->body);
        return CURLE_OK;
    }
    code = transfer_run(http->curl, transfer, url, etag);
    failpoint_called(fate);
    return fate == FAILPOINT_CUT ? CURLE_RECV_ERROR : code;
}

static enum und_code send_once(struct http *http, const struct http_request *request,
                               const char *url, struct http_response *response, struct und_err *err)
{
    int n;
    for (n = 0;; n++) {
        struct transfer transfer = {
            .config = &http->config, .request = request, .response = response};
        const struct http_cached *kept =
            request->revalidate ? http_cache_find(&http->cache, url) : NULL;
        CURLcode code = run(http, &transfer, url, kept ? kept->etag : NULL);
        int64_t wait_ms = next_attempt(http, request, &transfer, code, n);
        if (wait_ms < 0 && code != CURLE_OK)
            return transport_error(http, request, &transfer, code, err);
        if (wait_ms < 0)
            return UND_OK;
        if (!http_pause(http, wait_ms))
            return transport_error(http, request, &transfer, CURLE_ABORTED_BY_CALLBACK, err);
    }
}

/* "next" and "location" are from outside: they may only lead back to the same origin. */
static enum und_code check_origin(const struct http *http, const struct http_request *request,
                                  const char *what, const char *url, struct und_err *err)
{
    char place[HTTP_PLACE], target[HTTP_URL];
    const char *authority;
    int user;
    if (http_same_origin(http->config.url, url))
        return UND_OK;
    wire_copy(target, sizeof target, url, strcspn(url, "?#"));
    wire_clean(target);
    secret_redact(target);
    authority = strstr(target, "//") ? strstr(target, "//") + 2 : target;
    user = (int)(strrchr(authority, '@') ? strrchr(authority, '@') - authority : 0);
    return und_fail(err, UND_SERVICE,
                    "%s: got %s to another origin (%.*s%s%.120s), want one at %s; refused, since "
                    "it would carry the credential away",
                    http_place(http, request, place), what, (int)(authority - target), target,
                    user > 0 ? "***" : "", authority + user, http->config.url);
}

static bool redirects(const struct http_response *response)
{
    return response->location[0] && (response->status == 301 || response->status == 302 ||
                                     response->status == 307 || response->status == 308);
}

/* After a 304 the confirmed body takes the place of none; after a 200 it is kept for the next. */
static enum und_code revalidate(struct http *http, const struct http_request *request,
                                const char *url, struct http_response *response,
                                struct und_err *err)
{
    char place[HTTP_PLACE];
    const struct http_cached *kept;
    if (!request->revalidate)
        return UND_OK;
    if (response->status == 200 && response->etag[0])
        http_cache_put(&http->cache, url, response->etag, response->next, response->body,
                       response->size);
    if (response->status != 304)
        return UND_OK;
    kept = http_cache_find(&http->cache, url);
    if (!kept)
        return und_fail(err, UND_SERVICE, "%s: got 304 without having asked for it, want 200",
                        http_place(http, request, place));
    free(response->body);
    response->body = http_cached_body(kept);
    response->size = kept->size;
    snprintf(response->next, sizeof response->next, "%s", kept->next);
    response->status = 200;
    response->not_modified = true;
    return UND_OK;
}

/* An absolute "next" of page one is only known now; relative ones hang below the URL. */
static enum und_code build_url(const struct http *http, const struct http_request *request,
                               char out[HTTP_URL], struct und_err *err)
{
    char place[HTTP_PLACE];
    const char *base = is_absolute(request->path) ? "" : http->config.url;
    if ((size_t)snprintf(out, HTTP_URL, "%s%s", base, request->path) >= HTTP_URL)
        return und_fail(err, UND_USAGE, "%s: got a URL of over %d characters",
                        http_place(http, request, place), HTTP_URL - 1);
    return is_absolute(request->path) ? check_origin(http, request, "a link", out, err) : UND_OK;
}

enum und_code http_send(struct http *http, const struct http_request *request,
                        struct http_response *response, struct und_err *err)
{
    char url[HTTP_URL];
    int hop;
    *response = (struct http_response){0};
    if (build_url(http, request, url, err) != UND_OK)
        return err->code;
    for (hop = 0;; hop++) {
        if (send_once(http, request, url, response, err) != UND_OK)
            return err->code;
        http_skew(http); /* first what was set in the meantime */
        if (response->date_ms >= 0)
            clock_skew_note(&http->skew, response->sent_ms, response->received_ms,
                            response->date_ms);
        if (!response->body && !(response->body = calloc(1, 1)))
            return und_fail(err, UND_SERVICE, "no memory for an empty body");
        if (!redirects(response) || request->method != HTTP_GET || hop == HTTP_REDIRECTS)
            break;
        if (check_origin(http, request, "a redirect", response->location, err) != UND_OK)
            return err->code;
        snprintf(url, sizeof url, "%s", response->location);
    }
    if (response->next[0] &&
        check_origin(http, request, "a next page", response->next, err) != UND_OK)
        return err->code;
    return revalidate(http, request, url, response, err);
}
