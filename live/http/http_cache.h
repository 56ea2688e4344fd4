/*
 * The bodies that a service may confirm with a 304: validator and body by URL, the least recently
 * used ones dropped first. Nothing in here is ever served unconfirmed.
 */
#ifndef LIVE_HTTP_HTTP_CACHE_H
#define LIVE_HTTP_HTTP_CACHE_H

#include <stddef.h>
#include <stdint.h>

#define HTTP_CACHE_ENTRIES 64
#define HTTP_CACHE_BYTES (32u * 1024 * 1024) /* of all bodies together */

struct http_cached {
    char *url, *etag, *body; /* owned by the cache */
    char *next;              /* what its Link header said, which a 304 does not repeat; owned */
    size_t size;
    uint64_t used;
};

struct http_cache {
    struct http_cached entry[HTTP_CACHE_ENTRIES];
    size_t bytes;
    uint64_t clock;
};

/* Frees all, and is empty again; a zeroed cache is one. What is found is the cache's, until the
 * next call; NULL: nothing is kept for the URL. */
void http_cache_fini(struct http_cache *cache);
const struct http_cached *http_cache_find(struct http_cache *cache, const char *url);
char *http_cached_body(const struct http_cached *entry); /* a copy, NUL-terminated; the caller's */
/* Copies all; replaces what was kept for the URL. Does nothing without memory. */
void http_cache_put(struct http_cache *cache, const char *url, const char *etag, const char *next,
                    const char *body, size_t size);

#endif
