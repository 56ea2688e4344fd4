/*
 * A web server that does exactly what a test tells it to, broken protocol included: raw bytes over
 * TCP or TLS, one request a connection, on a thread of its own on loopback. It records what it was
 * asked. Certificates are made by the tests themselves, in a temporary folder.
 */
#ifndef TESTS_SUPPORT_SCRIPTED_SERVER_H
#define TESTS_SUPPORT_SCRIPTED_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What to send for one request. `text` is owned by the server if a handler sets it (malloc). */
struct script_reply {
    char *text;    /* status line, headers, empty line, body: sent as it is */
    size_t filler; /* then so many bytes of 'x' */
    int delay_ms;  /* before the first byte */
    int drip_ms;   /* between two bytes of the text */
    bool reset;    /* end with RST instead of FIN */
    bool keep;     /* then serve one more request on this connection; the text says its length */
    bool hang;     /* send nothing more and keep the connection open until the server closes */
};

struct script;

/* `request` is NUL-terminated: request line, headers, empty line, body. */
typedef void script_handler(void *context, const char *request, struct script_reply *reply);

struct script_tls {
    const char *cert_file, *key_file; /* PEM */
    const char *client_ca_file;       /* NULL: ask for no client certificate */
};

struct script *script_open(script_handler *handler, void *context, const struct script_tls *tls);
/* The usual handler: replies from the list in order; the last one again and again. */
struct script *script_open_list(const struct script_reply *replies, size_t n,
                                const struct script_tls *tls);
void script_close(struct script *script);

const char *script_url(const struct script *script); /* "http://127.0.0.1:PORT" */
size_t script_requests(const struct script *script); /* so far */
const char *script_request(const struct script *script, size_t i);

/* printf into a reply: status line "HTTP/1.1 %s", Content-Length, extra headers (each ended by
 * \r\n), body. */
char *script_response(const char *status, const char *headers, const char *body);

/* A certificate for `name` ("127.0.0.1" or a host name), valid from now + from_days to now +
 * to_days, signed by the CA at `ca` (files ca.crt and ca.key; NULL: self-signed CA). Writes
 * folder/label.crt and folder/label.key. */
void script_certificate(const char *folder, const char *label, const char *ca, const char *name,
                        int from_days, int to_days);

/* A fresh temporary folder (static memory), removed with all its files by script_remove_folder. */
const char *script_folder(void);
void script_remove_folder(const char *folder);

#endif
