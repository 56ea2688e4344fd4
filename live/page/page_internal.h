/* What page.c (opening, routes), answer.c (what is answered) and stream.c (events) share. */
#ifndef LIVE_PAGE_PAGE_INTERNAL_H
#define LIVE_PAGE_PAGE_INTERNAL_H

#include "page.h"
#include "plots.h"

#include <microhttpd.h>
#include <pthread.h>

struct stream;

struct page {
    struct page_config config;
    struct secret *token, *key;
    char *certificate;
    struct MHD_Daemon *daemon;
    bool loopback, tls;
    /* Under the lock. */
    pthread_mutex_t lock;
    struct status status; /* as last published */
    bool published, closing;
    int64_t version, woken_ms; /* of the status; monotonic */
    struct stream *stream[PAGE_STREAMS];
    struct plots *plots; /* NULL: none */
};

/* Queues what is answered; `type` NULL: text. The body is copied. */
enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
                       const void *body, size_t size);
enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status, const char *text);
void answer_guard(struct MHD_Response *response);

/* Begins a stream of events. */
enum MHD_Result stream_answer(struct page *page, struct MHD_Connection *connection);
/* Wakes those that wait; the lock is the caller's. */
void stream_wake(struct page *page);

#endif
