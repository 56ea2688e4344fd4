#include "page.h"
#include "assets.h"
#include "live/base/address.h"
#include "live/http/http.h"
#include "live/secret/signature.h"
#include "live/status/metrics.h"
#include "live/status/state_json.h"
#include "model/base/assert.h"
#include "page_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CERTIFICATE_BYTES 65536

struct upload {
    char body[PAGE_BYTES];
    size_t size;
    bool too_large;
};

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* ---- what is answered ---- */

static enum MHD_Result answer_state(struct page *page, struct MHD_Connection *connection)
{
    enum MHD_Result result;
    json_t *state;
    char *text;
    pthread_mutex_lock(&page->lock);
    state = page->published ? state_json(&page->status) : NULL;
    pthread_mutex_unlock(&page->lock);
    if (!state)
        return answer_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "not ready yet\n");
    text = json_dumps(state, JSON_INDENT(1) | JSON_ENSURE_ASCII);
    UND_ASSERT(text != NULL);
    result = answer(connection, MHD_HTTP_OK, "application/json", text, strlen(text));
    free(text);
    json_decref(state);
    return result;
}

static enum MHD_Result answer_metrics(struct page *page, struct MHD_Connection *connection)
{
    const char *accept = header(connection, "Accept");
    bool open = accept && strstr(accept, "application/openmetrics-text");
    enum MHD_Result result;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    UND_ASSERT(out != NULL);
    pthread_mutex_lock(&page->lock);
    if (page->published)
        metrics_print(out, &page->status, open);
    pthread_mutex_unlock(&page->lock);
    fclose(out);
    result = size == 0
                 ? answer_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "not ready yet\n")
                 : answer(connection, MHD_HTTP_OK, open ? METRICS_OPEN : METRICS_TEXT, text, size);
    free(text);
    return result;
}

static enum MHD_Result answer_plot(struct page *page, struct MHD_Connection *connection)
{
    const char *theme = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "theme");
    char why[200], *picture = plots_take(page->plots, theme && strcmp(theme, "dark") == 0, why);
    enum MHD_Result result;
    if (!picture)
        return answer_text(connection, MHD_HTTP_NOT_FOUND, why);
    result = answer(connection, MHD_HTTP_OK, "image/svg+xml", picture, strlen(picture));
    free(picture);
    return result;
}

/* Alive: the loop that decides goes round. Ready: it sees what it needs to decide. */
static enum MHD_Result answer_health(struct page *page, struct MHD_Connection *connection,
                                     bool ready)
{
    char why[200] = "not started yet", line[220];
    bool well = false;
    pthread_mutex_lock(&page->lock);
    if (page->published && ready) {
        well = status_ready(&page->status, why);
    } else if (page->published) {
        well = http_monotonic_ms() - page->woken_ms < PAGE_STALLED_MS;
        snprintf(why, sizeof why, "the loop has not gone round for a minute");
    }
    pthread_mutex_unlock(&page->lock);
    snprintf(line, sizeof line, "%s\n", well ? "ok" : why);
    return answer_text(connection, well ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, line);
}

/* ---- words ---- */

/* A page of another site cannot set these as ours does. */
static bool same_origin(const struct page *page, struct MHD_Connection *connection)
{
    const char *origin = header(connection, "Origin"), *host = header(connection, "Host");
    const char *site = header(connection, "Sec-Fetch-Site");
    char ours[300];
    if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return false;
    snprintf(ours, sizeof ours, "%s://%s", page->tls ? "https" : "http", host ? host : "");
    return !origin || strcmp(origin, ours) == 0;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, const char *why)
{
    json_t *line = json_pack("{s:s}", "error", why);
    char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
    enum MHD_Result result =
        answer(connection, status, "application/json", text ? text : "{}", text ? strlen(text) : 2);
    free(text);
    json_decref(line);
    return result;
}

static enum MHD_Result answer_word(struct page *page, struct MHD_Connection *connection,
                                   const struct upload *upload)
{
    const char *type = header(connection, "Content-Type");
    struct und_err err = {0};
    struct word word;
    json_t *body;
    if (!page->token)
        return refuse(connection, MHD_HTTP_FORBIDDEN,
                      "live.page.token is not set, so that nobody can act here");
    if (!signature_is_bearer(page->token, header(connection, "Authorization")))
        return refuse(connection, MHD_HTTP_UNAUTHORIZED, "the token is missing or wrong");
    if (!same_origin(page, connection))
        return refuse(connection, MHD_HTTP_FORBIDDEN, "the request comes from another site");
    if (!type || strncmp(type, "application/json", 16) != 0)
        return refuse(connection, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "want application/json");
    if (upload->too_large)
        return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE, "the request is too large");
    body = json_loadb(upload->body, upload->size, JSON_REJECT_DUPLICATES, NULL);
    if (word_read(&word, page->config.fleet, body, http_wall_ms(), &err) == UND_OK)
        page->config.hear(page->config.context, &word, &err);
    json_decref(body);
    if (err.code != UND_OK)
        return refuse(connection,
                      err.code == UND_USAGE ? MHD_HTTP_BAD_REQUEST : MHD_HTTP_SERVICE_UNAVAILABLE,
                      err.text);
    return answer(connection, MHD_HTTP_OK, "application/json", "{\"ok\":true}", 11);
}

/* ---- routes ---- */

/* A name that another site has made point at us is no name of ours. */
static bool is_our_host(const struct page *page, const char *host)
{
    struct in_addr address;
    char name[64];
    if (!page->loopback)
        return true; /* the certificate and the token say who is who */
    snprintf(name, sizeof name, "%.*s", host ? (int)strcspn(host, ":") : 0, host ? host : "");
    return strcmp(name, "localhost") == 0 ||
           (inet_pton(AF_INET, name, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

static bool may_read(const struct page *page, struct MHD_Connection *connection)
{
    return page->loopback || signature_is_bearer(page->token, header(connection, "Authorization"));
}

static enum MHD_Result answer_get(struct page *page, struct MHD_Connection *connection,
                                  const char *url)
{
    const struct asset *asset = asset_find(url);
    if (asset)
        return answer(connection, MHD_HTTP_OK, asset->type, asset->bytes, asset->size);
    if (strcmp(url, "/healthz") == 0 || strcmp(url, "/readyz") == 0)
        return answer_health(page, connection, url[1] == 'r');
    if (!may_read(page, connection))
        return refuse(connection, MHD_HTTP_UNAUTHORIZED, "the token is missing or wrong");
    if (strcmp(url, "/metrics") == 0)
        return answer_metrics(page, connection);
    if (strcmp(url, "/api/v1/state") == 0)
        return answer_state(page, connection);
    if (strcmp(url, "/api/v1/plot.svg") == 0)
        return answer_plot(page, connection);
    if (strcmp(url, "/api/v1/events") == 0)
        return stream_answer(page, connection);
    return answer_text(connection, MHD_HTTP_NOT_FOUND, "not found\n");
}

static enum MHD_Result route(struct page *page, struct MHD_Connection *connection, const char *url,
                             const char *method, const struct upload *upload)
{
    if (!is_our_host(page, header(connection, "Host")))
        return answer_text(connection, MHD_HTTP_MISDIRECTED_REQUEST, "not a name of this page\n");
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        return answer_get(page, connection, url);
    if (strcmp(method, "POST") != 0)
        return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "want GET or POST\n");
    if (strcmp(url, "/api/v1/words") != 0)
        return answer_text(connection, MHD_HTTP_NOT_FOUND, "not found\n");
    return answer_word(page, connection, upload);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **own)
{
    struct upload *upload = *own;
    (void)version;
    if (!upload) {
        *own = calloc(1, sizeof *upload);
        return *own ? MHD_YES : MHD_NO;
    }
    if (*size > 0) {
        upload->too_large = upload->too_large || *size > PAGE_BYTES - upload->size;
        if (!upload->too_large) {
            memcpy(upload->body + upload->size, data, *size);
            upload->size += *size;
        }
        *size = 0;
        return MHD_YES;
    }
    return route(context, connection, url, method, upload);
}

static void on_end(void *context, struct MHD_Connection *connection, void **own,
                   enum MHD_RequestTerminationCode code)
{
    (void)context, (void)connection, (void)code;
    free(*own);
    *own = NULL;
}

/* ---- opening ---- */

static enum und_code read_certificate(struct page *page, const struct live *live,
                                      struct und_err *err)
{
    char source[LIVE_FILE + 8];
    FILE *file = fopen(live->page.cert_file, "r");
    size_t n;
    if (!file)
        return und_fail(err, UND_USAGE, "live.page.cert_file: %s: %s", live->page.cert_file,
                        strerror(errno));
    page->certificate = calloc(1, CERTIFICATE_BYTES + 1);
    UND_ASSERT(page->certificate != NULL);
    n = fread(page->certificate, 1, CERTIFICATE_BYTES, file);
    fclose(file);
    if (n == 0 || n == CERTIFICATE_BYTES)
        return und_fail(err, UND_USAGE, "live.page.cert_file: %s: got %zu bytes, want PEM",
                        live->page.cert_file, n);
    snprintf(source, sizeof source, "file:%s", live->page.key_file);
    page->tls = true;
    return secret_open(&page->key, source, err);
}

static enum und_code open_guards(struct page *page, const char *address, struct und_err *err)
{
    const struct live *live = &page->config.fleet->live;
    if (!page->loopback && (!live->page.token[0] || !live->page.cert_file[0]))
        return und_fail(err, UND_USAGE,
                        "live.page: got %s, which others can reach, want token, cert_file and "
                        "key_file with it",
                        address);
    if (live->page.token[0] && secret_open(&page->token, live->page.token, err) != UND_OK)
        return err->code;
    return live->page.cert_file[0] ? read_certificate(page, live, err) : UND_OK;
}

static enum und_code start(struct page *page, const struct sockaddr_in *address, const char *text,
                           struct und_err *err)
{
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, page->certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, page->key ? (void *)(uintptr_t)secret_text(page->key) : NULL},
        {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    page->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME | (page->tls ? MHD_USE_TLS : 0u),
        0, NULL, NULL, on_request, page, MHD_OPTION_SOCK_ADDR, address, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)PAGE_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, 30u, MHD_OPTION_NOTIFY_COMPLETED,
        on_end, NULL, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_ARRAY,
        page->tls ? tls : none, MHD_OPTION_END);
    return page->daemon
               ? UND_OK
               : und_fail(err, UND_SERVICE, "live.page.address: cannot listen on %s%s", text,
                          page->tls ? ", or the certificate and its key cannot be used" : "");
}

enum und_code page_open(struct page **out, const struct page_config *config, struct und_err *err)
{
    const char *text = config->address ? config->address : config->fleet->live.page.address;
    struct sockaddr_in address;
    struct page *page;
    *out = NULL;
    if (!text[0])
        return UND_OK;
    if (address_read(text, "live.page.address", &address, err) != UND_OK)
        return err->code;
    page = calloc(1, sizeof *page);
    UND_ASSERT(page != NULL);
    pthread_mutex_init(&page->lock, NULL);
    page->config = *config;
    page->loopback = address_is_loopback(&address);
    page->plots = plots_open();
    if (open_guards(page, text, err) == UND_OK)
        start(page, &address, text, err);
    if (err->code == UND_OK)
        *out = page;
    else
        page_close(page);
    return err->code;
}

void page_close(struct page *page)
{
    if (!page)
        return;
    pthread_mutex_lock(&page->lock);
    page->closing = true;
    if (page->daemon)
        stream_wake(page);
    pthread_mutex_unlock(&page->lock);
    if (page->daemon)
        MHD_stop_daemon(page->daemon);
    plots_close(page->plots);
    secret_close(page->token);
    secret_close(page->key);
    free(page->certificate);
    pthread_mutex_destroy(&page->lock);
    free(page);
}

int page_port(const struct page *page)
{
    return MHD_get_daemon_info(page->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

void page_publish(struct page *page, const struct status *status)
{
    int64_t now_ms = http_monotonic_ms();
    if (!page)
        return;
    pthread_mutex_lock(&page->lock);
    page->status = *status;
    page->published = true;
    plots_follow(page->plots, status);
    if (now_ms - page->woken_ms >= PAGE_PACE_MS) {
        page->woken_ms = now_ms;
        page->version++;
        stream_wake(page);
    }
    pthread_mutex_unlock(&page->lock);
}
