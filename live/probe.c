#include "probe.h"
#include "http.h"
#include "model/assert.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct witness {
    CURL *curl; /* NULL: the host has no probe */
    bool heard; /* bytes in this round */
};

struct probe_set {
    int n;
    CURLM *multi;
    struct witness host[FLEET_HOSTS];
};

/* Aborts at the first bytes: they are all that is wanted. */
static size_t on_bytes(char *data, size_t one, size_t size, void *context)
{
    struct witness *witness = context;
    (void)data, (void)one;
    witness->heard = witness->heard || size > 0;
    return 0;
}

#define SET(option, value) UND_ASSERT(curl_easy_setopt(witness->curl, option, value) == CURLE_OK)

static void prepare(struct witness *witness, const char *probe)
{
    char url[FLEET_PATH];
    if (!probe[0])
        return;
    snprintf(url, sizeof url, strstr(probe, "://") ? "%s" : "http://%s/", probe);
    witness->curl = curl_easy_init();
    UND_ASSERT(witness->curl != NULL);
    SET(CURLOPT_URL, url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOSIGNAL, 1L);
    /* A dead connection must not answer for a living host, nor the other way round. */
    SET(CURLOPT_FRESH_CONNECT, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L);
    SET(CURLOPT_WRITEFUNCTION, on_bytes);
    SET(CURLOPT_WRITEDATA, witness);
    SET(CURLOPT_HEADERFUNCTION, on_bytes);
    SET(CURLOPT_HEADERDATA, witness);
    SET(CURLOPT_PRIVATE, witness);
}

void probe_open(struct probe_set **out, const struct fleet *fleet)
{
    struct probe_set *set = calloc(1, sizeof *set);
    int i;
    UND_ASSERT(set != NULL);
    http_start();
    set->n = fleet->n_hosts;
    set->multi = curl_multi_init();
    UND_ASSERT(set->multi != NULL);
    for (i = 0; i < set->n; i++)
        prepare(&set->host[i], fleet->hosts[i].probe);
    *out = set;
}

void probe_close(struct probe_set *set)
{
    int i;
    if (!set)
        return;
    for (i = 0; i < set->n; i++)
        curl_easy_cleanup(set->host[i].curl);
    curl_multi_cleanup(set->multi);
    free(set);
}

/* HTTP/0.9 or another protocol's greeting is an answer too. */
static void conclude(struct probe_set *set)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(set->multi, &left)) != NULL) {
        struct witness *witness;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&witness);
        witness->heard = witness->heard || message->data.result == CURLE_OK ||
                         message->data.result == CURLE_UNSUPPORTED_PROTOCOL ||
                         message->data.result == CURLE_WEIRD_SERVER_REPLY;
    }
}

void probe_round(struct probe_set *set, int64_t timeout_ms, bool answered[FLEET_HOSTS],
                 const atomic_bool *cancel)
{
    int64_t end_ms = http_monotonic_ms() + timeout_ms;
    int i, running = 1;
    for (i = 0; i < set->n; i++) {
        struct witness *witness = &set->host[i];
        witness->heard = witness->curl == NULL;
        if (!witness->curl)
            continue;
        SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms);
        curl_multi_add_handle(set->multi, witness->curl);
    }
    while (running > 0 && http_monotonic_ms() < end_ms && !(cancel && atomic_load(cancel))) {
        curl_multi_perform(set->multi, &running);
        conclude(set);
        if (running > 0)
            curl_multi_poll(set->multi, NULL, 0, 50, NULL);
    }
    for (i = 0; i < set->n; i++) {
        if (set->host[i].curl)
            curl_multi_remove_handle(set->multi, set->host[i].curl);
        answered[i] = set->host[i].heard;
    }
}
