#include "transfer.h"
#include "model/base/assert.h"
#include "version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nothing said yet: before an attempt, and at every status line (interim responses, 1xx, come with
 * headers of their own). */
static void forget_headers(struct http_response *response)
{
    response->etag[0] = response->next[0] = '\0';
    response->content_type[0] = response->permissions[0] = '\0';
    response->retry_after_ms = response->date_ms = -1;
    response->rate_limit = response->rate_remaining = response->rate_reset_s = -1;
}

static void response_reset(struct http_response *response)
{
    http_response_fini(response);
    *response = (struct http_response){.attempts = response->attempts};
    forget_headers(response);
}

static size_t on_body(char *data, size_t one, size_t size, void *context)
{
    struct transfer *transfer = context;
    struct http_response *response = transfer->response;
    (void)one;
    if (size > transfer->config->body_bytes - response->size) {
        transfer->too_large = true;
        return 0;
    }
    if (response->size + size + 1 > transfer->capacity) {
        size_t capacity = 2 * (response->size + size + 1);
        char *body = realloc(response->body, capacity);
        if (!body) {
            transfer->no_memory = true;
            return 0;
        }
        response->body = body;
        transfer->capacity = capacity;
    }
    memcpy(response->body + response->size, data, size);
    response->size += size;
    response->body[response->size] = '\0';
    return size;
}

static size_t on_header(char *data, size_t one, size_t size, void *context)
{
    struct transfer *transfer = context;
    size_t n = size;
    (void)one;
    transfer->header_bytes += size;
    if (transfer->header_bytes > HTTP_HEADER_BYTES) {
        transfer->long_headers = true;
        return 0;
    }
    if (n > 5 && memcmp(data, "HTTP/", 5) == 0)
        forget_headers(transfer->response);
    while (n > 0 && (data[n - 1] == '\n' || data[n - 1] == '\r'))
        n--;
    http_header(transfer->response, data, n);
    return size;
}

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct transfer *transfer = context;
    (void)a, (void)b, (void)c, (void)d;
    return transfer->config->cancel && atomic_load(transfer->config->cancel);
}

/* A setting that curl refuses is a bug of ours (or a curl too old): never go on without it. */
#define SET(option, value) UND_ASSERT(curl_easy_setopt(curl, option, value) == CURLE_OK)

static void set_security(CURL *curl, const struct http_config *config)
{
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NOSIGNAL, 1L);
    if (config->ca_file[0]) {
        SET(CURLOPT_CAINFO, config->ca_file);
        SET(CURLOPT_CAPATH, NULL); /* else every public authority could vouch for it as well */
    }
    if (config->cert_file[0])
        SET(CURLOPT_SSLCERT, config->cert_file);
    if (config->key_file[0])
        SET(CURLOPT_SSLKEY, config->key_file);
    SET(CURLOPT_KEYPASSWD, ""); /* else OpenSSL asks for it on the terminal, and waits */
    SET(CURLOPT_PROXY, "");     /* not even the environment's: it would see and divert */
    if (config->auth == HTTP_AUTH_BASIC) {
        SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        SET(CURLOPT_USERNAME, config->user);
        SET(CURLOPT_PASSWORD, secret_text(config->secret));
    } else if (config->auth == HTTP_AUTH_BEARER) {
        SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        SET(CURLOPT_XOAUTH2_BEARER, secret_text(config->secret));
    }
}

static void set_limits(CURL *curl, const struct http_config *config)
{
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)config->connect_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)config->total_ms);
    SET(CURLOPT_LOW_SPEED_LIMIT, 100L);
    SET(CURLOPT_LOW_SPEED_TIME, (long)((config->stall_ms + 999) / 1000));
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)config->body_bytes);
}

static void set_callbacks(CURL *curl, struct transfer *transfer)
{
    SET(CURLOPT_ERRORBUFFER, transfer->detail);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, transfer);
    SET(CURLOPT_NOPROGRESS, 0L);
}

static struct curl_slist *append(struct curl_slist *list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(list, line);
    UND_ASSERT(longer != NULL);
    return longer;
}

static struct curl_slist *request_headers(const struct transfer *transfer, const char *etag)
{
    const char *const *header;
    char line[320];
    struct curl_slist *list = append(NULL, "User-Agent: understudy/" UND_VERSION);
    for (header = transfer->config->headers; header && *header; header++)
        list = append(list, *header);
    list = append(list, "Expect:");
    if (transfer->request->body)
        list = append(list, "Content-Type: application/json");
    if (etag) {
        snprintf(line, sizeof line, "If-None-Match: %s", etag);
        list = append(list, line);
    }
    return list;
}

static void set_request(CURL *curl, const struct http_request *request, const char *url,
                        struct curl_slist *headers)
{
    SET(CURLOPT_URL, url);
    SET(CURLOPT_HTTPHEADER, headers);
    if (request->method != HTTP_GET) {
        SET(CURLOPT_CUSTOMREQUEST, http_method_name(request->method));
        /* curl itself repeats what an idle connection has lost: a write must not meet one. */
        SET(CURLOPT_FRESH_CONNECT, 1L);
    }
    if (request->body || request->method == HTTP_POST || request->method == HTTP_PUT)
        SET(CURLOPT_POSTFIELDS, request->body ? request->body : "");
}

CURLcode transfer_run(CURL *curl, struct transfer *transfer, const char *url, const char *etag)
{
    struct curl_slist *headers = request_headers(transfer, etag);
    struct http_response *response = transfer->response;
    const char *target = NULL;
    long status = 0;
    CURLcode code;
    response_reset(response);
    response->attempts++;
    curl_easy_reset(curl);
    set_security(curl, transfer->config);
    set_limits(curl, transfer->config);
    set_callbacks(curl, transfer);
    set_request(curl, transfer->request, url, headers);
    response->sent_ms = http_wall_ms();
    code = curl_easy_perform(curl);
    response->received_ms = http_wall_ms();
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    response->status = (int)status;
    if (curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &target) == CURLE_OK && target &&
        strlen(target) < sizeof response->location) /* half a URL leads anywhere */
        strcpy(response->location, target);
    curl_slist_free_all(headers);
    return code;
}
