/* The parts of HTTP that need no connection: headers, links, origins. */
#include "http.h"
#include "live/base/wire.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FAR_S 1000000000000 /* no number or time beyond this means anything */

static int64_t sensible(int64_t n)
{
    return n >= 0 && n <= FAR_S ? n : -1;
}

/* A non-negative integer, -1 for anything else. */
static int64_t whole(const char *text)
{
    char *end;
    long long n = strtoll(text, &end, 10);
    return end == text || *end != '\0' ? -1 : sensible(n);
}

/* RFC 9110 section 5.6.7, as ms since 1970; -1 for anything else. */
static int64_t date(const char *text)
{
    int64_t at_s = sensible(curl_getdate(text, NULL));
    return at_s < 0 ? -1 : at_s * 1000;
}

/* Seconds, or an HTTP date, which is told from the response's own Date if that came first. */
static int64_t retry_after(const struct http_response *response, const char *text)
{
    int64_t seconds = whole(text), at_ms = date(text), now_ms;
    if (seconds >= 0)
        return seconds * 1000;
    if (at_ms < 0)
        return -1;
    now_ms = response->date_ms >= 0 ? response->date_ms : http_wall_ms();
    return at_ms > now_ms ? at_ms - now_ms : 0;
}

/* Text to be shown: redacted before it is cut, which could leave half a credential. */
static void copy_shown(char *out, size_t size, char *value)
{
    secret_redact(value);
    wire_copy(out, size, value, strlen(value));
}

static void known_header(struct http_response *response, const char *name, char *value)
{
    size_t size = strlen(value);
    if (strcasecmp(name, "etag") == 0) {
        if (!wire_copy(response->etag, sizeof response->etag, value, size))
            response->etag[0] = '\0'; /* half a validator validates nothing */
    } else if (strcasecmp(name, "link") == 0) {
        if (!response->next[0]) /* there may be several such lines */
            http_link_next(value, response->next, sizeof response->next);
    } else if (strcasecmp(name, "content-type") == 0) {
        copy_shown(response->content_type, sizeof response->content_type, value);
    } else if (strcasecmp(name, "x-accepted-github-permissions") == 0) {
        copy_shown(response->permissions, sizeof response->permissions, value);
    } else if (strcasecmp(name, "retry-after") == 0) {
        response->retry_after_ms = retry_after(response, value);
    } else if (strcasecmp(name, "date") == 0) {
        response->date_ms = date(value);
    } else if (strcasecmp(name, "x-ratelimit-limit") == 0) {
        response->rate_limit = whole(value);
    } else if (strcasecmp(name, "x-ratelimit-remaining") == 0) {
        response->rate_remaining = whole(value);
    } else if (strcasecmp(name, "x-ratelimit-reset") == 0) {
        response->rate_reset_s = whole(value);
    }
}

void http_header(struct http_response *response, const char *line, size_t size)
{
    char name[64], value[2 * HTTP_URL];
    const char *colon = memchr(line, ':', size);
    const char *end = line + size;
    if (!colon || !wire_copy(name, sizeof name, line, (size_t)(colon - line)))
        return;
    for (colon++; colon < end && (*colon == ' ' || *colon == '\t'); colon++)
        ;
    for (; end > colon && (end[-1] == ' ' || end[-1] == '\t'); end--)
        ;
    if (!wire_copy(value, sizeof value, colon, (size_t)(end - colon)))
        return;
    wire_clean(value);
    known_header(response, name, value);
}

/* `<url>; rel="prev", <url>; rel="next"` (RFC 8288). */
bool http_link_next(const char *header, char *out, size_t size)
{
    const char *at = header;
    out[0] = '\0';
    while ((at = strchr(at, '<')) != NULL) {
        const char *close = strchr(at, '>');
        const char *following, *rel;
        if (!close)
            return false;
        following = strchr(close, '<');
        rel = strstr(close, "rel=\"next\"");
        if (rel && (!following || rel < following)) {
            if (wire_copy(out, size, at + 1, (size_t)(close - at - 1)))
                return true;
            out[0] = '\0';
            return false;
        }
        at = close;
    }
    return false;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part, unsigned flags)
{
    char *left = NULL, *right = NULL;
    bool same = curl_url_get(a, part, &left, flags) == CURLUE_OK &&
                curl_url_get(b, part, &right, flags) == CURLUE_OK && strcasecmp(left, right) == 0;
    curl_free(left);
    curl_free(right);
    return same;
}

/* fe80::1 is another machine on another link. */
static bool same_zone(CURLU *a, CURLU *b)
{
    char *left = NULL, *right = NULL;
    bool same;
    curl_url_get(a, CURLUPART_ZONEID, &left, 0);
    curl_url_get(b, CURLUPART_ZONEID, &right, 0);
    same = strcmp(left ? left : "", right ? right : "") == 0;
    curl_free(left);
    curl_free(right);
    return same;
}

/* No user either: "https://api.github.com@elsewhere" is not to be reasoned about. */
static bool has_user(CURLU *url)
{
    char *user = NULL;
    bool has = curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK;
    curl_free(user);
    return has;
}

bool http_same_origin(const char *a, const char *b)
{
    CURLU *left = curl_url(), *right = curl_url();
    bool same = left && right && curl_url_set(left, CURLUPART_URL, a, 0) == CURLUE_OK &&
                curl_url_set(right, CURLUPART_URL, b, 0) == CURLUE_OK && !has_user(left) &&
                !has_user(right) && same_part(left, right, CURLUPART_SCHEME, 0) &&
                same_part(left, right, CURLUPART_HOST, 0) && same_zone(left, right) &&
                same_part(left, right, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    curl_url_cleanup(left);
    curl_url_cleanup(right);
    return same;
}

bool http_escape(char *out, size_t size, const char *text)
{
    static const char *const plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    size_t n = 0;
    for (; *text; text++) {
        if (n + 4 > size)
            return false;
        if (strchr(plain, *text))
            out[n++] = *text;
        else
            n += (size_t)snprintf(out + n, size - n, "%%%02X", (unsigned)(unsigned char)*text);
    }
    out[n] = '\0';
    return true;
}
