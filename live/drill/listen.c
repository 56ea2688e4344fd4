#include "listen.h"
#include "live/act/attribution.h"
#include "live/base/address.h"
#include "live/secret/signature.h"
#include "model/base/assert.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct listener {
    const struct fleet *fleet;
    struct secret *token, *signing;
    struct MHD_Daemon *daemon;
    pthread_mutex_t lock;
    pthread_cond_t came_cond;
    struct stage_hint hint[LISTEN_HINTS];
    size_t first, n;
    void (*came)(void *context);
    void *context;
    char delivery[LISTEN_DELIVERIES][64]; /* the listener's thread's; a ring */
    size_t n_deliveries;                  /* ever */
};

struct upload {
    char *body;
    size_t size;
    bool too_large;
};

/* One like the last that waits says nothing new: a storm is one hint. */
static bool repeats_last(const struct listener *listener, const struct stage_hint *hint)
{
    const struct stage_hint *last =
        &listener->hint[(listener->first + listener->n + LISTEN_HINTS - 1) % LISTEN_HINTS];
    return listener->n > 0 && last->host == hint->host && last->severities == hint->severities;
}

static void push(struct listener *listener, struct stage_hint hint)
{
    pthread_mutex_lock(&listener->lock);
    if (listener->n < LISTEN_HINTS && !repeats_last(listener, &hint))
        listener->hint[(listener->first + listener->n++) % LISTEN_HINTS] = hint;
    pthread_cond_signal(&listener->came_cond);
    pthread_mutex_unlock(&listener->lock);
    if (listener->came)
        listener->came(listener->context);
}

void listen_tell(struct listener *listener, void (*came)(void *context), void *context)
{
    if (!listener)
        return;
    listener->came = came;
    listener->context = context;
}

/* GitHub delivers again what it thinks was lost, under the same id. */
static bool is_new_delivery(struct listener *listener, const char *id)
{
    size_t i;
    if (!id || !id[0])
        return true;
    for (i = 0; i < listener->n_deliveries && i < LISTEN_DELIVERIES; i++)
        if (strncmp(listener->delivery[i], id, sizeof listener->delivery[i] - 1) == 0)
            return false;
    snprintf(listener->delivery[listener->n_deliveries++ % LISTEN_DELIVERIES],
             sizeof listener->delivery[0], "%s", id);
    return true;
}

bool listen_take(struct listener *listener, int64_t timeout_ms, struct stage_hint *hint)
{
    struct timespec end;
    bool took;
    int code = 0;
    if (!listener) {
        struct timespec nap = {timeout_ms / 1000, timeout_ms % 1000 * 1000000};
        nanosleep(&nap, NULL);
        return false;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += timeout_ms / 1000 + (end.tv_nsec + timeout_ms % 1000 * 1000000) / 1000000000;
    end.tv_nsec = (end.tv_nsec + timeout_ms % 1000 * 1000000) % 1000000000;
    pthread_mutex_lock(&listener->lock);
    while (listener->n == 0 && code == 0)
        code = pthread_cond_timedwait(&listener->came_cond, &listener->lock, &end);
    took = listener->n > 0;
    if (took) {
        *hint = listener->hint[listener->first];
        listener->first = (listener->first + 1) % LISTEN_HINTS;
        listener->n--;
    }
    pthread_mutex_unlock(&listener->lock);
    return took;
}

/* ---- what comes in ---- */

/* One hint a host that fires, and one a host that does not any more. */
static bool take_alerts(struct listener *listener, const struct upload *upload)
{
    struct alertmanager_webhook webhook = {0};
    struct und_err err = {0};
    struct stage_hint hints[FLEET_HOSTS];
    bool named[FLEET_HOSTS] = {false};
    json_t *body = payload_parse(upload->body, upload->size, "webhook", &err);
    size_t i;
    int host;
    if (body)
        alertmanager_parse_webhook(body, &webhook, "webhook", &err);
    for (i = 0; err.code == UND_OK && i < webhook.alerts.n; i++) {
        const struct alertmanager_alert *alert = &webhook.alerts.item[i];
        host = attribution_of_labels(listener->fleet, alert->labels);
        if (host < 0)
            continue;
        if (!named[host])
            hints[host] = (struct stage_hint){.host = host};
        named[host] = true;
        if (alert->firing)
            hints[host].severities |= 1u << attribution_severity(alert->severity);
    }
    for (host = 0; err.code == UND_OK && host < listener->fleet->n_hosts; host++)
        if (named[host])
            push(listener, hints[host]);
    alertmanager_webhook_fini(&webhook);
    json_decref(body);
    return err.code == UND_OK;
}

/* Whatever happened to a job: a reason to look. */
static bool take_event(struct listener *listener, const struct upload *upload, const char *id)
{
    struct github_event *event = malloc(sizeof *event);
    struct und_err err = {0};
    json_t *body = payload_parse(upload->body, upload->size, "webhook", &err);
    UND_ASSERT(event != NULL);
    if (body && github_parse_event(body, event, "webhook", &err) == UND_OK &&
        is_new_delivery(listener, id))
        push(listener, (struct stage_hint){.host = -1});
    free(event);
    json_decref(body);
    return err.code == UND_OK;
}

static unsigned judge(struct listener *listener, struct MHD_Connection *connection, const char *url,
                      const struct upload *upload)
{
    const char *token = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
    const char *signature =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Hub-Signature-256");
    bool alerts = strcmp(url, "/alertmanager") == 0;
    if (upload->too_large)
        return MHD_HTTP_CONTENT_TOO_LARGE;
    if (!alerts && (strcmp(url, "/github") != 0 || !listener->signing))
        return MHD_HTTP_NOT_FOUND;
    if (alerts ? listener->token && !signature_is_bearer(listener->token, token)
               : !signature_valid(listener->signing, upload->body, upload->size, signature))
        return MHD_HTTP_UNAUTHORIZED;
    if (alerts ? take_alerts(listener, upload)
               : take_event(
                     listener, upload,
                     MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-GitHub-Delivery")))
        return MHD_HTTP_OK;
    return MHD_HTTP_BAD_REQUEST;
}

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static void append(struct upload *upload, const char *data, size_t size)
{
    char *body;
    if (upload->too_large || upload->size + size > LISTEN_BYTES) {
        upload->too_large = true;
        return;
    }
    body = realloc(upload->body, upload->size + size + 1);
    UND_ASSERT(body != NULL);
    memcpy(body + upload->size, data, size);
    upload->body = body;
    upload->size += size;
    body[upload->size] = '\0';
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
    if (strcmp(method, "POST") != 0)
        return reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED);
    if (*size > 0) {
        append(upload, data, *size);
        *size = 0;
        return MHD_YES;
    }
    if (!upload->body)
        append(upload, "", 0);
    return reply(connection, judge(context, connection, url, upload));
}

static void on_end(void *context, struct MHD_Connection *connection, void **own,
                   enum MHD_RequestTerminationCode code)
{
    struct upload *upload = *own;
    (void)context, (void)connection, (void)code;
    if (upload)
        free(upload->body);
    free(upload);
    *own = NULL;
}

/* ---- opening ---- */

static enum und_code open_secrets(struct listener *listener, const struct sockaddr_in *address,
                                  struct und_err *err)
{
    const struct live *live = &listener->fleet->live;
    if (!live->listen.alertmanager_token[0] && !address_is_loopback(address))
        return und_fail(err, UND_USAGE,
                        "live.listen.alertmanager_token: got nothing, want a token: %s is no "
                        "loopback address",
                        live->listen.address);
    if (live->listen.alertmanager_token[0] &&
        secret_open(&listener->token, live->listen.alertmanager_token, err) != UND_OK)
        return err->code;
    if (live->listen.github_secret[0])
        secret_open(&listener->signing, live->listen.github_secret, err);
    return err->code;
}

static void init_lock(struct listener *listener)
{
    pthread_condattr_t monotonic;
    pthread_mutex_init(&listener->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&listener->came_cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

enum und_code listen_open(struct listener **out, const struct fleet *fleet, struct und_err *err)
{
    struct listener *listener;
    struct sockaddr_in address;
    *out = NULL;
    if (!fleet->live.listen.address[0])
        return UND_OK;
    if (address_read(fleet->live.listen.address, "live.listen.address", &address, err) != UND_OK)
        return err->code;
    listener = calloc(1, sizeof *listener);
    UND_ASSERT(listener != NULL);
    listener->fleet = fleet;
    init_lock(listener);
    if (open_secrets(listener, &address, err) == UND_OK) {
        listener->daemon =
            MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_request, listener,
                             MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT,
                             (unsigned)LISTEN_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, 10u,
                             MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_END);
        if (!listener->daemon)
            und_fail(err, UND_SERVICE, "live.listen.address: cannot listen on %s",
                     fleet->live.listen.address);
    }
    if (err->code == UND_OK)
        *out = listener;
    else
        listen_close(listener);
    return err->code;
}

int listen_port(const struct listener *listener)
{
    return MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

void listen_close(struct listener *listener)
{
    if (!listener)
        return;
    if (listener->daemon)
        MHD_stop_daemon(listener->daemon);
    secret_close(listener->token);
    secret_close(listener->signing);
    pthread_cond_destroy(&listener->came_cond);
    pthread_mutex_destroy(&listener->lock);
    free(listener);
}
