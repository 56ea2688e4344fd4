#include "probe.h"
#include "live/http/http.h"
#include "model/base/assert.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct witness {
    CURL *curl; /* NULL: the host has no probe */
    bool asked; /* a question is under way */
    bool heard; /* bytes in reply to it */
    int64_t asked_ms;
    int64_t next_ms; /* when to ask again */
};

struct probe_set {
    int n;
    int64_t every_ms, timeout_ms;
    CURLM *multi; /* these two: the thread's own */
    struct witness host[FLEET_HOSTS];
    pthread_t thread;
    atomic_bool closing;
    pthread_mutex_t lock;
    pthread_cond_t decided;
    struct probe_result result[FLEET_HOSTS]; /* under the lock; answered_ms 0: none yet */
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

static void prepare(struct witness *witness, const char *probe, int64_t timeout_ms)
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
    SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    /* A dead connection must not answer for a living host, nor the other way round. */
    SET(CURLOPT_FRESH_CONNECT, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L);
    SET(CURLOPT_WRITEFUNCTION, on_bytes);
    SET(CURLOPT_WRITEDATA, witness);
    SET(CURLOPT_HEADERFUNCTION, on_bytes);
    SET(CURLOPT_HEADERDATA, witness);
    SET(CURLOPT_PRIVATE, witness);
}

static void store(struct probe_set *set, const struct witness *witness, bool answered)
{
    pthread_mutex_lock(&set->lock);
    set->result[witness - set->host] =
        (struct probe_result){witness->asked_ms, http_monotonic_ms(), answered};
    pthread_cond_broadcast(&set->decided);
    pthread_mutex_unlock(&set->lock);
}

static void ask(struct probe_set *set, struct witness *witness, int64_t now_ms)
{
    witness->asked = true;
    witness->heard = false;
    witness->asked_ms = now_ms;
    witness->next_ms = now_ms + set->every_ms;
    UND_ASSERT(curl_multi_add_handle(set->multi, witness->curl) == CURLM_OK);
}

/* HTTP/0.9 or another protocol's greeting is an answer too. */
static void conclude(struct probe_set *set)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(set->multi, &left)) != NULL) {
        struct witness *witness;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&witness);
        curl_multi_remove_handle(set->multi, witness->curl);
        witness->asked = false;
        store(set, witness,
              witness->heard || code == CURLE_OK || code == CURLE_UNSUPPORTED_PROTOCOL ||
                  code == CURLE_WEIRD_SERVER_REPLY);
    }
}

/* Real ms until the next question is due; answers wake the thread by themselves. */
static int idle_ms(const struct probe_set *set, int64_t now_ms)
{
    int64_t next_ms = now_ms + 1000;
    int i;
    for (i = 0; i < set->n; i++)
        if (set->host[i].curl && !set->host[i].asked && set->host[i].next_ms < next_ms)
            next_ms = set->host[i].next_ms;
    return next_ms > now_ms ? (int)(next_ms - now_ms) : 0;
}

static void *run(void *context)
{
    struct probe_set *set = context;
    int i, running;
    while (!atomic_load(&set->closing)) {
        int64_t now_ms = http_monotonic_ms();
        for (i = 0; i < set->n; i++)
            if (set->host[i].curl && !set->host[i].asked && set->host[i].next_ms <= now_ms)
                ask(set, &set->host[i], now_ms);
        curl_multi_perform(set->multi, &running);
        conclude(set);
        curl_multi_poll(set->multi, NULL, 0, idle_ms(set, http_monotonic_ms()), NULL);
    }
    return NULL;
}

static void init_lock(struct probe_set *set)
{
    pthread_condattr_t monotonic;
    pthread_mutex_init(&set->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&set->decided, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

void probe_open(struct probe_set **out, const struct fleet *fleet, int64_t every_ms,
                int64_t timeout_ms)
{
    struct probe_set *set = calloc(1, sizeof *set);
    int i;
    UND_ASSERT(set != NULL && every_ms > 0 && timeout_ms > 0);
    http_start();
    set->n = fleet->n_hosts;
    set->every_ms = every_ms;
    set->timeout_ms = timeout_ms;
    set->multi = curl_multi_init();
    UND_ASSERT(set->multi != NULL);
    init_lock(set);
    for (i = 0; i < set->n; i++) {
        prepare(&set->host[i], fleet->hosts[i].probe, timeout_ms);
        if (!set->host[i].curl)
            set->result[i] = (struct probe_result){1, 1, true};
    }
    UND_ASSERT(pthread_create(&set->thread, NULL, run, set) == 0);
    *out = set;
}

void probe_close(struct probe_set *set)
{
    int i;
    if (!set)
        return;
    atomic_store(&set->closing, true);
    curl_multi_wakeup(set->multi);
    pthread_join(set->thread, NULL);
    for (i = 0; i < set->n; i++) {
        if (set->host[i].asked)
            curl_multi_remove_handle(set->multi, set->host[i].curl);
        curl_easy_cleanup(set->host[i].curl);
    }
    curl_multi_cleanup(set->multi);
    pthread_cond_destroy(&set->decided);
    pthread_mutex_destroy(&set->lock);
    free(set);
}

static bool all_decided(const struct probe_set *set)
{
    int i;
    for (i = 0; i < set->n; i++)
        if (set->result[i].answered_ms == 0)
            return false;
    return true;
}

void probe_look(struct probe_set *set, struct probe_result out[FLEET_HOSTS])
{
    int64_t now_ms = http_monotonic_ms(), limit_ms = set->timeout_ms + 500;
    struct timespec end;
    int i, code = 0;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += limit_ms / 1000 + (end.tv_nsec + limit_ms % 1000 * 1000000) / 1000000000;
    end.tv_nsec = (end.tv_nsec + limit_ms % 1000 * 1000000) % 1000000000;
    pthread_mutex_lock(&set->lock);
    while (!all_decided(set) && code == 0)
        code = pthread_cond_timedwait(&set->decided, &set->lock, &end);
    for (i = 0; i < set->n; i++) {
        out[i] = set->result[i];
        if (!set->host[i].curl)
            out[i] = (struct probe_result){now_ms, now_ms, true};
        else if (out[i].answered_ms == 0)
            out[i] = (struct probe_result){now_ms, http_monotonic_ms(), false};
    }
    pthread_mutex_unlock(&set->lock);
}
