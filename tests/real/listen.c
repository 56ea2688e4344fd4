#include "listen.h"

#include "model/base/assert.h"
#include "real.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY 65536
#define MEMORY_BYTES 128e9
#define IDLE_BEFORE_S                                                                              \
    86400.0 /* of the counter at the start, so that rate() never sees its zero                     \
             */

struct load {
    int64_t busy_pm, full_pm;
    int64_t since_ns; /* the counter is right up to here */
    double idle_s;
};

struct listener {
    pthread_mutex_t mutex;
    struct MHD_Daemon *daemon;
    FILE *webhooks;
    struct victims victims;
    int heard[REAL_VICTIMS];
    struct load load[REAL_VICTIMS];
};

/* A request's body as it comes in; owned by the connection. */
struct request {
    int64_t arrived_ns;
    size_t size;
    char body[BODY];
};

static void count_idle(struct load *load, int64_t now_ns)
{
    load->idle_s += (double)(1000 - load->busy_pm) / 1000 * (double)(now_ns - load->since_ns) / 1e9;
    load->since_ns = now_ns;
}

/* --- the webhook ----------------------------------------------------------------------------- */

static void note_alert(struct listener *listener, const json_t *alert, int64_t arrived_ns)
{
    const json_t *labels = json_object_get(alert, "labels");
    const char *status = json_string_value(json_object_get(alert, "status"));
    const char *name = json_string_value(json_object_get(labels, "alertname"));
    const char *instance = json_string_value(json_object_get(labels, "instance"));
    int host = instance ? victims_find(&listener->victims, instance) : -1;
    if (host < 0 || !status || !name)
        return;
    fprintf(listener->webhooks, "%lld %s %s %s\n", (long long)arrived_ns, status, name, instance);
    listener->heard[host] += strcmp(status, "firing") == 0;
}

static unsigned take_webhook(struct listener *listener, const struct request *request)
{
    json_t *root = json_loadb(request->body, request->size, 0, NULL), *alert;
    size_t i;
    if (!root)
        return MHD_HTTP_BAD_REQUEST;
    json_array_foreach (json_object_get(root, "alerts"), i, alert)
        note_alert(listener, alert, request->arrived_ns);
    fflush(listener->webhooks);
    json_decref(root);
    return MHD_HTTP_OK;
}

/* --- the instruments ------------------------------------------------------------------------- */

static unsigned write_load(struct listener *listener, const char *url, char *text, size_t size)
{
    struct load *load;
    int i;
    if (sscanf(url, "/load/%d/metrics", &i) != 1 || i < 0 || i >= REAL_VICTIMS)
        return MHD_HTTP_NOT_FOUND;
    load = &listener->load[i];
    count_idle(load, real_now_ns());
    snprintf(text, size,
             "# TYPE node_cpu_seconds_total counter\n"
             "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} %.9f\n"
             "# TYPE node_memory_MemTotal_bytes gauge\nnode_memory_MemTotal_bytes %.0f\n"
             "# TYPE node_memory_MemAvailable_bytes gauge\nnode_memory_MemAvailable_bytes %.0f\n",
             load->idle_s, MEMORY_BYTES, MEMORY_BYTES * (double)(1000 - load->full_pm) / 1000);
    return MHD_HTTP_OK;
}

/* --- the port -------------------------------------------------------------------------------- */

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, char *text)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result;
    MHD_add_response_header(response, "Content-Type", "text/plain; version=0.0.4");
    result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **state)
{
    struct listener *listener = context;
    struct request *request = *state;
    char text[1024] = "";
    unsigned status;
    (void)version;
    if (!request) {
        *state = request = calloc(1, sizeof *request);
        if (!request)
            return MHD_NO;
        request->arrived_ns = real_now_ns();
        return MHD_YES;
    }
    if (*size > 0) {
        if (request->size + *size > sizeof request->body)
            return MHD_NO;
        memcpy(request->body + request->size, data, *size);
        request->size += *size;
        *size = 0;
        return MHD_YES;
    }
    pthread_mutex_lock(&listener->mutex);
    status = strcmp(method, "POST") == 0 ? take_webhook(listener, request)
                                         : write_load(listener, url, text, sizeof text);
    pthread_mutex_unlock(&listener->mutex);
    return reply(connection, status, text);
}

static void forget(void *context, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    free(*state);
}

struct listener *listener_open(int port, struct und_err *err)
{
    struct listener *listener = calloc(1, sizeof *listener);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    UND_ASSERT(listener != NULL);
    if (victims_read(&listener->victims, err) != UND_OK) {
        free(listener);
        return NULL;
    }
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    pthread_mutex_init(&listener->mutex, NULL);
    for (int i = 0; i < REAL_VICTIMS; i++)
        listener->load[i] =
            (struct load){LOAD_BEFORE_PM, LOAD_BEFORE_PM, real_now_ns(), IDLE_BEFORE_S};
    listener->webhooks = fopen("webhooks", "w");
    if (listener->webhooks)
        listener->daemon = MHD_start_daemon(
            MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, handle, listener, MHD_OPTION_SOCK_ADDR,
            (struct sockaddr *)&here, MHD_OPTION_NOTIFY_COMPLETED, forget, NULL, MHD_OPTION_END);
    if (!listener->daemon) {
        und_fail(err, UND_SERVICE, "director: port %d of the loopback address is not free", port);
        listener_close(listener);
        return NULL;
    }
    return listener;
}

void listener_close(struct listener *listener)
{
    if (!listener)
        return;
    if (listener->daemon)
        MHD_stop_daemon(listener->daemon);
    if (listener->webhooks)
        fclose(listener->webhooks);
    pthread_mutex_destroy(&listener->mutex);
    free(listener);
}

int64_t listener_busy(struct listener *listener, int host, int64_t pm)
{
    int64_t now_ns;
    pthread_mutex_lock(&listener->mutex);
    now_ns = real_now_ns();
    count_idle(&listener->load[host], now_ns);
    listener->load[host].busy_pm = pm;
    pthread_mutex_unlock(&listener->mutex);
    return now_ns;
}

int64_t listener_full(struct listener *listener, int host, int64_t pm)
{
    int64_t now_ns;
    pthread_mutex_lock(&listener->mutex);
    now_ns = real_now_ns();
    listener->load[host].full_pm = pm;
    pthread_mutex_unlock(&listener->mutex);
    return now_ns;
}

int listener_heard(struct listener *listener, int host)
{
    int heard;
    pthread_mutex_lock(&listener->mutex);
    heard = listener->heard[host];
    pthread_mutex_unlock(&listener->mutex);
    return heard;
}
