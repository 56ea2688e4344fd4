#include "http_cache.h"
#include "model/base/assert.h"

#include <stdlib.h>
#include <string.h>

static void drop(struct http_cache *cache, struct http_cached *entry)
{
    cache->bytes -= entry->size;
    free(entry->url);
    free(entry->etag);
    free(entry->next);
    free(entry->body);
    *entry = (struct http_cached){0};
}

void http_cache_fini(struct http_cache *cache)
{
    size_t i;
    for (i = 0; i < HTTP_CACHE_ENTRIES; i++)
        drop(cache, &cache->entry[i]);
}

static struct http_cached *find(struct http_cache *cache, const char *url)
{
    size_t i;
    for (i = 0; i < HTTP_CACHE_ENTRIES; i++)
        if (cache->entry[i].url && strcmp(cache->entry[i].url, url) == 0)
            return &cache->entry[i];
    return NULL;
}

const struct http_cached *http_cache_find(struct http_cache *cache, const char *url)
{
    struct http_cached *entry = find(cache, url);
    if (entry)
        entry->used = ++cache->clock;
    return entry;
}

char *http_cached_body(const struct http_cached *entry)
{
    char *body = malloc(entry->size + 1);
    UND_ASSERT(body != NULL);
    return memcpy(body, entry->body, entry->size + 1);
}

/* An empty entry, or else the one that was used longest ago. */
static struct http_cached *oldest(struct http_cache *cache)
{
    struct http_cached *best = &cache->entry[0];
    size_t i;
    for (i = 1; i < HTTP_CACHE_ENTRIES; i++)
        if (cache->entry[i].used < best->used)
            best = &cache->entry[i];
    return best;
}

/* The fullest choice is not needed: whatever was used longest ago goes until there is room. */
static void make_room(struct http_cache *cache, size_t size)
{
    while (cache->bytes + size > HTTP_CACHE_BYTES) {
        struct http_cached *best = NULL;
        size_t i;
        for (i = 0; i < HTTP_CACHE_ENTRIES; i++)
            if (cache->entry[i].url && (!best || cache->entry[i].used < best->used))
                best = &cache->entry[i];
        if (!best)
            return;
        drop(cache, best);
    }
}

void http_cache_put(struct http_cache *cache, const char *url, const char *etag, const char *next,
                    const char *body, size_t size)
{
    struct http_cached *entry = find(cache, url);
    if (entry)
        drop(cache, entry);
    if (size > HTTP_CACHE_BYTES)
        return;
    make_room(cache, size);
    entry = oldest(cache);
    drop(cache, entry);
    entry->url = strdup(url);
    entry->etag = strdup(etag);
    entry->next = strdup(next);
    entry->body = malloc(size + 1);
    if (!entry->url || !entry->etag || !entry->next || !entry->body) {
        drop(cache, entry);
        return;
    }
    memcpy(entry->body, body, size);
    entry->body[size] = '\0';
    entry->size = size;
    entry->used = ++cache->clock;
    cache->bytes += size;
}
