#include "http.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum stage { RECEIVING, ASKING, WAITING, READY };

struct request {
    struct http_call call;
    struct http_service *service;
    enum stage stage;
    bool suspended;
    char *path, *segments, *body; /* owned */
    size_t body_size;
    char *spoilt; /* bytes of a reply that leaves by a callback; owned */
    int64_t spoilt_size;
    int64_t next_byte_ms;
    struct request *next; /* in the service's list of all requests */
};

struct http_service {
    struct MHD_Daemon *daemon;
    http_handler handler;
    void *context;
    struct request *requests;
    int64_t now_ms;
};

const char *http_query(const struct http_call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, name);
}

int64_t http_query_int(const struct http_call *call, const char *name, int64_t otherwise)
{
    const char *text = http_query(call, name);
    char *end;
    long long value = text ? strtoll(text, &end, 10) : 0;
    return text == NULL || *text == '\0' || *end != '\0' ? otherwise : value;
}

const char *http_request_header(const struct http_call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name);
}

struct query_text {
    char *out;
    size_t size, used;
};

static enum MHD_Result append_argument(void *closure, enum MHD_ValueKind kind, const char *key,
                                       const char *value)
{
    struct query_text *text = closure;
    int n;
    (void)kind;
    if (strcmp(key, "page") == 0)
        return MHD_YES;
    n = snprintf(text->out + text->used, text->size - text->used, "%s=%s&", key,
                 value ? value : "");
    if (n > 0 && text->used + (size_t)n < text->size)
        text->used += (size_t)n;
    text->out[text->used] = '\0';
    return MHD_YES;
}

void http_query_but_page(const struct http_call *call, char *out, size_t size)
{
    struct query_text text = {out, size, 0};
    out[0] = '\0';
    MHD_get_connection_values(call->connection, MHD_GET_ARGUMENT_KIND, append_argument, &text);
}

void http_header(struct http_call *call, const char *name, const char *format, ...)
{
    struct http_reply *reply = &call->reply;
    char value[2 * HTTP_URL];
    va_list args;
    if (reply->n_headers == HTTP_HEADERS)
        return;
    va_start(args, format);
    vsnprintf(value, sizeof value, format, args);
    va_end(args);
    reply->header[reply->n_headers++] = (struct http_header){strdup(name), strdup(value)};
}

enum http_answer http_json_take(struct http_call *call, int status, json_t *json)
{
    json_decref(call->reply.json);
    call->reply.status = status;
    call->reply.json = json;
    return HTTP_NOW;
}

enum http_answer http_status(struct http_call *call, int status)
{
    call->reply.status = status;
    return HTTP_NOW;
}

enum http_answer http_text(struct http_call *call, int status, const char *type, const char *text)
{
    free(call->reply.text);
    call->reply.status = status;
    call->reply.type = type;
    call->reply.text = strdup(text);
    return HTTP_NOW;
}

void http_reply_reset(struct http_reply *reply)
{
    json_decref(reply->json);
    free(reply->text);
    for (int i = 0; i < reply->n_headers; i++) {
        free(reply->header[i].name);
        free(reply->header[i].value);
    }
    *reply = (struct http_reply){0};
}

/* The bytes of a spoilt reply, as libmicrohttpd asks for them. */
static ssize_t spoilt_bytes(void *closure, uint64_t at, char *buffer, size_t room)
{
    struct request *request = closure;
    const struct http_reply *reply = &request->call.reply;
    size_t text_size = strlen(request->spoilt);
    if (reply->manner == HTTP_CUT && at >= text_size / 2)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (reply->manner == HTTP_DRIP) {
        if (request->service->now_ms < request->next_byte_ms) {
            request->suspended = true;
            MHD_suspend_connection(request->call.connection);
            return 0;
        }
        request->next_byte_ms = request->service->now_ms + reply->fleet_clock_ms;
        room = 1;
    }
    if (at >= text_size) {
        memset(buffer, ' ', room);
        return (ssize_t)room;
    }
    if (reply->manner == HTTP_CUT && room > text_size / 2 - at)
        room = text_size / 2 - at;
    if (room > text_size - at)
        room = text_size - at;
    memcpy(buffer, request->spoilt + at, room);
    return (ssize_t)room;
}

static struct MHD_Response *make_response(struct request *request)
{
    struct http_reply *reply = &request->call.reply;
    char *text = reply->json ? json_dumps(reply->json, JSON_COMPACT | JSON_ENCODE_ANY)
                             : strdup(reply->text ? reply->text : "");
    size_t size = text ? strlen(text) : 0;
    if (text == NULL)
        return NULL;
    if (reply->manner == HTTP_PLAIN)
        return MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
    free(request->spoilt);
    request->spoilt = text;
    request->spoilt_size = (int64_t)size + (reply->manner == HTTP_HUGE ? reply->size : 0);
    return MHD_create_response_from_callback((uint64_t)request->spoilt_size, 16384, spoilt_bytes,
                                             request, NULL);
}

/* Connecting to nowhere makes the kernel send RST; libmicrohttpd's own close would send FIN. */
static enum MHD_Result reset_connection(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    if (info != NULL)
        (void)connect(info->connect_fd, &nowhere, sizeof nowhere);
    return MHD_NO;
}

static enum MHD_Result send_reply(struct request *request)
{
    struct MHD_Connection *connection = request->call.connection;
    struct http_reply *reply = &request->call.reply;
    struct MHD_Response *response;
    enum MHD_Result result;
    if (reply->manner == HTTP_RESET)
        return reset_connection(connection);
    response = make_response(request);
    if (response == NULL)
        return MHD_NO;
    if (reply->json != NULL || reply->text != NULL)
        MHD_add_response_header(response, "Content-Type",
                                reply->type ? reply->type : "application/json; charset=utf-8");
    for (int i = 0; i < reply->n_headers; i++)
        MHD_add_response_header(response, reply->header[i].name, reply->header[i].value);
    result = MHD_queue_response(connection, (unsigned)reply->status, response);
    MHD_destroy_response(response);
    return result;
}

static void split_path(struct request *request)
{
    char *save = NULL;
    for (char *part = strtok_r(request->segments, "/", &save);
         part != NULL && request->call.n_segments < HTTP_SEGMENTS;
         part = strtok_r(NULL, "/", &save))
        request->call.segment[request->call.n_segments++] = part;
}

static struct request *begin(struct http_service *service, struct MHD_Connection *connection,
                             const char *url, const char *method)
{
    struct request *request = calloc(1, sizeof *request);
    if (request == NULL)
        return NULL;
    request->service = service;
    request->path = strdup(url);
    request->segments = strdup(url);
    request->body = calloc(1, 1);
    request->call.connection = connection;
    request->call.method = method;
    request->call.path = request->path;
    request->call.arrived_ms = service->now_ms;
    request->next = service->requests;
    service->requests = request;
    if (request->segments != NULL)
        split_path(request);
    return request;
}

static enum MHD_Result receive(struct request *request, const char *data, size_t *size)
{
    char *larger;
    if (request->body_size + *size > HTTP_BODY)
        return MHD_NO;
    larger = realloc(request->body, request->body_size + *size + 1);
    if (larger == NULL)
        return MHD_NO;
    memcpy(larger + request->body_size, data, *size);
    request->body = larger;
    request->body_size += *size;
    request->body[request->body_size] = '\0';
    *size = 0;
    return MHD_YES;
}

static void ask(struct request *request)
{
    struct http_service *service = request->service;
    enum http_answer answer = service->handler(service->context, &request->call, service->now_ms);
    bool silent = request->call.reply.manner == HTTP_HANG;
    request->stage = answer == HTTP_NOW && !silent ? READY : WAITING;
}

static enum MHD_Result on_request(void *closure, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **own)
{
    struct http_service *service = closure;
    struct request *request = *own;
    (void)version;
    if (request == NULL) {
        *own = begin(service, connection, url, method);
        return *own ? MHD_YES : MHD_NO;
    }
    if (*size > 0)
        return receive(request, data, size);
    if (request->stage == RECEIVING) {
        request->call.body = request->body;
        request->call.body_size = request->body_size;
        request->stage = ASKING;
    }
    if (request->stage == ASKING)
        ask(request);
    if (request->stage == READY)
        return send_reply(request);
    request->suspended = true;
    MHD_suspend_connection(connection);
    return MHD_YES;
}

static void on_completed(void *closure, struct MHD_Connection *connection, void **own,
                         enum MHD_RequestTerminationCode code)
{
    struct http_service *service = closure;
    struct request *request = *own;
    (void)connection, (void)code;
    if (request == NULL)
        return;
    for (struct request **link = &service->requests; *link != NULL; link = &(*link)->next)
        if (*link == request) {
            *link = request->next;
            break;
        }
    http_reply_reset(&request->call.reply);
    free(request->path);
    free(request->segments);
    free(request->body);
    free(request->spoilt);
    free(request);
}

struct http_service *http_open(const char *address, int port, const char *certificate,
                               const char *key, http_handler handler, void *context)
{
    struct http_service *service = calloc(1, sizeof *service);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)certificate},
                                   {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key},
                                   {MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    if (service == NULL || inet_pton(AF_INET, address, &at.sin_addr) != 1) {
        fprintf(stderr, "github: listen address: got %s, want an IPv4 address\n", address);
        free(service);
        return NULL;
    }
    if (certificate == NULL)
        tls[0].option = MHD_OPTION_END;
    else
        flags |= MHD_USE_TLS;
    service->handler = handler;
    service->context = context;
    service->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, service, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&at,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, service, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
        MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    if (service->daemon == NULL) {
        fprintf(stderr, "github: cannot listen on %s port %d\n", address, port);
        free(service);
        return NULL;
    }
    return service;
}

/* Suspended connections must be resumed before the daemon may stop. */
void http_close(struct http_service *service)
{
    if (service == NULL)
        return;
    for (struct request *request = service->requests; request != NULL; request = request->next) {
        request->call.reply.manner = HTTP_RESET;
        request->stage = READY;
        if (request->suspended)
            MHD_resume_connection(request->call.connection);
        request->suspended = false;
    }
    MHD_run(service->daemon);
    MHD_stop_daemon(service->daemon);
    free(service);
}

int http_port(const struct http_service *service)
{
    return MHD_get_daemon_info(service->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

int http_descriptor(const struct http_service *service)
{
    return MHD_get_daemon_info(service->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int64_t http_patience_ms(const struct http_service *service)
{
    MHD_UNSIGNED_LONG_LONG ms;
    if (MHD_get_timeout(service->daemon, &ms) != MHD_YES || ms > 1000)
        return 1000;
    return (int64_t)ms;
}

/* Asks again for those that wait, and wakes the drips. */
void http_turn(struct http_service *service, int64_t now_ms)
{
    service->now_ms = now_ms;
    for (struct request *request = service->requests; request != NULL; request = request->next) {
        bool drips = request->stage == READY && request->call.reply.manner == HTTP_DRIP;
        if (!request->suspended)
            continue;
        if (request->stage == WAITING && request->call.reply.manner != HTTP_HANG)
            ask(request);
        if (request->stage == READY && (!drips || now_ms >= request->next_byte_ms)) {
            request->suspended = false;
            MHD_resume_connection(request->call.connection);
        }
    }
    MHD_run(service->daemon);
}
