/*
 * One attempt at one request: the only place that touches curl's connections. http.c decides what
 * to make of the outcome.
 */
#ifndef LIVE_HTTP_TRANSFER_H
#define LIVE_HTTP_TRANSFER_H

#include "http.h"

#include <curl/curl.h>

struct transfer {
    const struct http_config *config;
    const struct http_request *request;
    struct http_response *response; /* emptied first, but for `attempts`, which is counted up */
    size_t capacity;                /* of the body */
    size_t header_bytes;
    bool too_large, long_headers, no_memory;
    char detail[CURL_ERROR_SIZE]; /* curl's words; from outside in part */
};

/* `etag` (may be NULL) makes the request conditional. */
CURLcode transfer_run(CURL *curl, struct transfer *transfer, const char *url, const char *etag);

#endif
