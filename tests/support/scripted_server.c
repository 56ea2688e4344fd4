#include "scripted_server.h"
#include "helpers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUESTS 4096 /* the first are kept to be looked at */
#define REQUEST_BYTES 65536

struct script {
    script_handler *handler;
    void *context;
    SSL_CTX *tls;
    int listener;
    char url[64];
    pthread_t thread;
    atomic_bool closing;
    atomic_size_t n;
    char *request[REQUESTS];
    const struct script_reply *replies; /* of the usual handler */
    size_t n_replies;
};

struct connection {
    int socket;
    SSL *tls;
};

static void nap(int ms)
{
    struct timespec span = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&span, NULL);
}

static ssize_t receive(const struct connection *connection, char *to, size_t size)
{
    if (connection->tls)
        return SSL_read(connection->tls, to, (int)size);
    return recv(connection->socket, to, size, 0);
}

static bool transmit(const struct connection *connection, const char *from, size_t size)
{
    while (size > 0) {
        size_t part = size < 1 << 20 ? size : 1 << 20;
        ssize_t n = connection->tls ? SSL_write(connection->tls, from, (int)part)
                                    : send(connection->socket, from, part, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        from += n;
        size -= (size_t)n;
    }
    return true;
}

/* The whole request: headers, and as much body as Content-Length says. */
static char *read_request(const struct connection *connection)
{
    char *text = calloc(1, REQUEST_BYTES + 1);
    size_t n = 0;
    for (;;) {
        ssize_t got = receive(connection, text + n, REQUEST_BYTES - n);
        const char *end, *length;
        if (got <= 0)
            break;
        n += (size_t)got;
        end = strstr(text, "\r\n\r\n");
        length = strcasestr(text, "Content-Length:");
        if (end && n >= (size_t)(end + 4 - text) + (length ? strtoul(length + 15, NULL, 10) : 0))
            return text;
    }
    free(text);
    return NULL;
}

static void send_filler(const struct connection *connection, size_t size)
{
    static char block[65536];
    memset(block, 'x', sizeof block);
    while (size > 0) {
        size_t part = size < sizeof block ? size : sizeof block;
        if (!transmit(connection, block, part))
            return;
        size -= part;
    }
}

static void send_reply(const struct script *script, const struct connection *connection,
                       const struct script_reply *reply)
{
    const char *text = reply->text ? reply->text : "";
    if (reply->delay_ms > 0)
        nap(reply->delay_ms);
    if (reply->drip_ms == 0)
        transmit(connection, text, strlen(text));
    for (; reply->drip_ms > 0 && *text && !atomic_load(&script->closing); text++) {
        if (!transmit(connection, text, 1))
            return;
        nap(reply->drip_ms);
    }
    send_filler(connection, reply->filler);
    while (reply->hang && !atomic_load(&script->closing))
        nap(10);
}

/* One request and its answer; false: there was none. */
static bool answer(struct script *script, const struct connection *connection,
                   struct script_reply *reply)
{
    char *request = read_request(connection);
    size_t n = atomic_load(&script->n);
    *reply = (struct script_reply){0};
    if (!request)
        return false;
    if (n < REQUESTS)
        script->request[n] = request;
    atomic_store(&script->n, n + 1);
    script->handler(script->context, request, reply);
    send_reply(script, connection, reply);
    free(reply->text);
    if (n >= REQUESTS)
        free(request);
    return true;
}

static void serve(struct script *script, const struct connection *connection)
{
    struct script_reply reply;
    struct linger at_once = {1, 0};
    struct pollfd more = {connection->socket, POLLIN, 0};
    do {
        if (!answer(script, connection, &reply))
            return;
    } while (reply.keep && poll(&more, 1, 200) > 0);
    if (reply.reset)
        setsockopt(connection->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    else if (connection->tls)
        SSL_shutdown(connection->tls);
    else
        shutdown(connection->socket, SHUT_WR);
}

static void *run(void *context)
{
    struct script *script = context;
    while (!atomic_load(&script->closing)) {
        struct pollfd ready = {script->listener, POLLIN, 0};
        struct connection connection = {-1, NULL};
        if (poll(&ready, 1, 20) <= 0)
            continue;
        connection.socket = accept(script->listener, NULL, NULL);
        if (connection.socket < 0)
            continue;
        if (script->tls) {
            connection.tls = SSL_new(script->tls);
            SSL_set_fd(connection.tls, connection.socket);
        }
        if (!connection.tls || SSL_accept(connection.tls) == 1)
            serve(script, &connection);
        SSL_free(connection.tls);
        close(connection.socket);
    }
    return NULL;
}

static SSL_CTX *tls_context(const struct script_tls *tls)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    ck_assert_int_eq(SSL_CTX_use_certificate_chain_file(context, tls->cert_file), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey_file(context, tls->key_file, SSL_FILETYPE_PEM), 1);
    if (tls->client_ca_file) {
        ck_assert_int_eq(SSL_CTX_load_verify_locations(context, tls->client_ca_file, NULL), 1);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    return context;
}

struct script *script_open(script_handler *handler, void *context, const struct script_tls *tls)
{
    struct script *script = calloc(1, sizeof *script);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    signal(SIGPIPE, SIG_IGN);
    script->handler = handler;
    script->context = context;
    script->tls = tls ? tls_context(tls) : NULL;
    script->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(script->listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(script->listener, 64), 0);
    ck_assert_int_eq(getsockname(script->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(script->url, sizeof script->url, "%s://127.0.0.1:%d", tls ? "https" : "http",
             ntohs(address.sin_port));
    ck_assert_int_eq(pthread_create(&script->thread, NULL, run, script), 0);
    return script;
}

static void next_of_list(void *context, const char *request, struct script_reply *reply)
{
    const struct script *script = context;
    size_t i = atomic_load(&script->n) - 1;
    (void)request;
    *reply = script->replies[i < script->n_replies ? i : script->n_replies - 1];
    reply->text = reply->text ? strdup(reply->text) : NULL;
}

struct script *script_open_list(const struct script_reply *replies, size_t n,
                                const struct script_tls *tls)
{
    struct script *script = script_open(next_of_list, NULL, tls);
    script->context = script;
    script->replies = replies;
    script->n_replies = n;
    return script;
}

void script_close(struct script *script)
{
    size_t i;
    atomic_store(&script->closing, true);
    pthread_join(script->thread, NULL);
    close(script->listener);
    SSL_CTX_free(script->tls);
    for (i = 0; i < script->n && i < REQUESTS; i++)
        free(script->request[i]);
    free(script);
}

const char *script_url(const struct script *script)
{
    return script->url;
}

size_t script_requests(const struct script *script)
{
    return atomic_load(&script->n);
}

const char *script_request(const struct script *script, size_t i)
{
    ck_assert_uint_lt(i, atomic_load(&script->n));
    ck_assert_uint_lt(i, REQUESTS);
    return script->request[i];
}

char *script_response(const char *status, const char *headers, const char *body)
{
    char *text;
    ck_assert_int_gt(asprintf(&text,
                              "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                              "Content-Length: %zu\r\nConnection: close\r\n%s\r\n%s",
                              status, strlen(body), headers, body),
                     0);
    return text;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

const char *script_folder(void)
{
    static char folder[64];
    strcpy(folder, "/tmp/understudy-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    return folder;
}

void script_remove_folder(const char *folder)
{
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
