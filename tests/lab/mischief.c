/* Answers spoilt on request, one rule a wish: which calls (method, path pattern, share of them,
 * how many, how long) and what happens to them. The first rule that matches a call acts. */
#include "service.h"

#include <fnmatch.h>
#include <gsl/gsl_rng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum kind {
    /* instead of carrying the request out */
    STATUS, /* value: the status, with GitHub's error body; text: the message */
    UNAUTHORIZED,
    RATE_LIMIT, /* the primary limit is used up; value: seconds to the reset */
    SECONDARY,  /* the secondary limit; value: retry-after in seconds */
    HTML,       /* 502 from something in front of GitHub */
    REDIRECT,   /* 302 to text */
    RESET,      /* TCP reset */
    HANG,       /* no answer */
    DELAY,      /* value: ms; then carried out */
    /* carried out, and then */
    AFTERWARDS,  /* 500 although it was done */
    CUT,         /* closed in the middle of the body */
    DRIP,        /* value: ms a byte */
    HUGE_BODY,   /* value: bytes */
    TRUNCATE,    /* half of the JSON, as if that were all */
    GARBAGE,     /* not JSON */
    WRONG_TYPES, /* integers become strings, arrays objects */
    NESTED,      /* value: levels */
    NEXT,        /* Link: next goes to text */
    SKEW,        /* value: seconds that the Date header is off */
    CROWD,       /* value: registrations of strangers in every list */
    SHIFT,       /* value: places by which the list of registrations turns with each page */
    KINDS
};

static const char *const names[KINDS] = {
    "status", "unauthorized", "rate-limit", "secondary-limit", "html",   "redirect",
    "reset",  "hang",         "delay",      "afterwards",      "cut",    "drip",
    "huge",   "truncate",     "garbage",    "wrong-types",     "nested", "next",
    "skew",   "crowd",        "shift"};

/* NULL, or what is wrong with the wish. */
const char *mischief_add(struct service *service, const json_t *wish, int64_t now_ms)
{
    struct mischief mischief = {.kind = KINDS, .count = -1, .until_ms = -1, .share = 1};
    const char *kind = "", *method = "", *path = "", *text = "";
    json_int_t count = -1, for_ms = -1, value = 0;
    if (json_unpack((json_t *)wish, "{s:s, s?s, s?s, s?s, s?I, s?I, s?I, s?F}", "kind", &kind,
                    "method", &method, "path", &path, "text", &text, "count", &count, "for_ms",
                    &for_ms, "value", &value, "share", &mischief.share) != 0)
        return "want {kind, method, path, text, count, for_ms, value, share}";
    for (int i = 0; i < KINDS; i++)
        if (strcmp(names[i], kind) == 0)
            mischief.kind = i;
    if (mischief.kind == KINDS)
        return "unknown kind";
    if (service->n_mischief == SERVICE_MISCHIEF)
        return "too many rules";
    snprintf(mischief.method, sizeof mischief.method, "%s", method);
    snprintf(mischief.path, sizeof mischief.path, "%s", path);
    snprintf(mischief.text, sizeof mischief.text, "%s", text);
    mischief.count = count;
    mischief.value = value;
    if (for_ms >= 0)
        mischief.until_ms = now_ms + for_ms;
    service->mischief[service->n_mischief++] = mischief;
    return NULL;
}

static bool applies(const struct mischief *mischief, const struct http_call *call, int64_t now_ms)
{
    if (mischief->count == 0 || (mischief->until_ms >= 0 && now_ms >= mischief->until_ms))
        return false;
    if (mischief->method[0] != '\0' && strcmp(mischief->method, call->method) != 0)
        return false;
    return mischief->path[0] == '\0' || fnmatch(mischief->path, call->path, 0) == 0;
}

/* state[0] remembers the rule (its index + 1, -1 for none), so that a call that waits, or that is
 * looked at before and after it was carried out, meets the same one and counts once. */
static struct mischief *choose(struct service *service, struct http_call *call, int64_t now_ms)
{
    if (call->state[0] == 0) {
        call->state[0] = -1;
        for (int i = 0; i < service->n_mischief; i++) {
            struct mischief *mischief = &service->mischief[i];
            if (!applies(mischief, call, now_ms) ||
                gsl_rng_uniform(service->hub->rng) >= mischief->share)
                continue;
            if (mischief->count > 0)
                mischief->count--;
            service->stats.spoilt++;
            call->state[0] = i + 1;
            break;
        }
    }
    if (call->state[0] < 1 || call->state[0] > service->n_mischief)
        return NULL;
    return &service->mischief[call->state[0] - 1];
}

static void refuse_by_limit(struct http_call *call, const struct mischief *mischief, int64_t now_ms)
{
    http_header(call, "X-RateLimit-Limit", "5000");
    http_header(call, "X-RateLimit-Remaining", "0");
    http_header(call, "X-RateLimit-Used", "5000");
    http_header(call, "X-RateLimit-Reset", "%lld", (long long)(now_ms / 1000 + mischief->value));
    http_header(call, "X-RateLimit-Resource", "core");
    http_json_take(call, 403, render_error(403, "API rate limit exceeded for user ID 1."));
}

static void refuse_by_secondary(struct http_call *call, const struct mischief *mischief)
{
    http_header(call, "Retry-After", "%lld", (long long)mischief->value);
    http_json_take(call, 429,
                   render_error(429, "You have exceeded a secondary rate limit. Please wait a few "
                                     "minutes before you try again."));
}

bool mischief_before(struct service *service, struct http_call *call, int64_t now_ms,
                     enum http_answer *answer)
{
    const struct mischief *mischief = choose(service, call, now_ms);
    *answer = HTTP_NOW;
    if (mischief == NULL)
        return false;
    switch ((enum kind)mischief->kind) {
    case STATUS:
        http_json_take(call, (int)mischief->value,
                       render_error((int)mischief->value,
                                    mischief->text[0] ? mischief->text : "As the lab wished"));
        return true;
    case UNAUTHORIZED:
        http_json_take(call, 401, render_error(401, "Bad credentials"));
        return true;
    case RATE_LIMIT:
        refuse_by_limit(call, mischief, now_ms);
        return true;
    case SECONDARY:
        refuse_by_secondary(call, mischief);
        return true;
    case HTML:
        http_text(call, 502, "text/html",
                  "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>\n");
        return true;
    case REDIRECT:
        http_header(call, "Location", "%s", mischief->text);
        http_status(call, 302);
        return true;
    case RESET:
        call->reply.manner = HTTP_RESET;
        return true;
    case HANG:
        call->reply.manner = HTTP_HANG;
        return true;
    case DELAY:
        *answer = HTTP_LATER;
        return now_ms < call->arrived_ms + mischief->value;
    case AFTERWARDS:
    case CUT:
    case DRIP:
    case HUGE_BODY:
    case TRUNCATE:
    case GARBAGE:
    case WRONG_TYPES:
    case NESTED:
    case NEXT:
    case SKEW:
    case CROWD:
    case SHIFT:
    case KINDS:
        break;
    }
    return false;
}

static json_t *twist(const json_t *json)
{
    const char *key;
    json_t *value, *twisted;
    if (json_is_integer(json))
        return json_sprintf("%lld", (long long)json_integer_value(json));
    if (json_is_array(json))
        return json_pack("{s:s}", "not", "a list");
    if (json_is_string(json))
        return json_integer(7);
    if (!json_is_object(json))
        return json_string("?");
    twisted = json_object();
    json_object_foreach ((json_t *)json, key, value)
        json_object_set_new(twisted, key, twist(value));
    return twisted;
}

static void body_becomes_text(struct http_reply *reply, char *text)
{
    free(reply->text);
    json_decref(reply->json);
    reply->json = NULL;
    reply->text = text;
}

static void truncate_body(struct http_reply *reply)
{
    char *text = reply->json ? json_dumps(reply->json, JSON_COMPACT) : NULL;
    if (text == NULL)
        return;
    text[strlen(text) / 2] = '\0';
    body_becomes_text(reply, text);
}

static void nest_body(struct http_reply *reply, int64_t levels)
{
    size_t n = levels > 0 && levels < HTTP_BODY ? (size_t)levels : 100000;
    char *text = malloc(2 * n + 1);
    if (text == NULL)
        return;
    memset(text, '[', n);
    memset(text + n, ']', n);
    text[2 * n] = '\0';
    body_becomes_text(reply, text);
}

static void wrong_date(struct http_call *call, int64_t now_ms, int64_t off_s)
{
    time_t at = (time_t)(now_ms / 1000 + off_s);
    struct tm utc;
    char text[64];
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&at, &utc));
    http_header(call, "Date", "%s", text);
}

void mischief_after(struct service *service, struct http_call *call, int64_t now_ms)
{
    const struct mischief *mischief = choose(service, call, now_ms);
    struct http_reply *reply = &call->reply;
    if (mischief == NULL)
        return;
    switch ((enum kind)mischief->kind) {
    case AFTERWARDS:
        http_json_take(call, 500, render_error(500, "Server Error"));
        return;
    case CUT:
        reply->manner = HTTP_CUT;
        return;
    case DRIP:
        reply->manner = HTTP_DRIP;
        reply->fleet_clock_ms = mischief->value;
        return;
    case HUGE_BODY:
        reply->manner = HTTP_HUGE;
        reply->size = mischief->value;
        return;
    case TRUNCATE:
        truncate_body(reply);
        return;
    case GARBAGE:
        body_becomes_text(reply, strdup("{\"total_count\": 1, <<<"));
        return;
    case WRONG_TYPES:
        http_json_take(call, reply->status, twist(reply->json));
        return;
    case NESTED:
        nest_body(reply, mischief->value);
        return;
    case NEXT:
        http_header(call, "Link", "<%s>; rel=\"next\"", mischief->text);
        return;
    case SKEW:
        wrong_date(call, now_ms, mischief->value);
        return;
    case STATUS:
    case UNAUTHORIZED:
    case RATE_LIMIT:
    case SECONDARY:
    case HTML:
    case REDIRECT:
    case RESET:
    case HANG:
    case DELAY:
    case CROWD:
    case SHIFT:
    case KINDS:
        return;
    }
}

/* The value of the first rule of that kind that is in force; 0. */
static int64_t standing(const struct service *service, enum kind kind, int64_t now_ms)
{
    for (int i = 0; i < service->n_mischief; i++)
        if (service->mischief[i].kind == (int)kind && service->mischief[i].count != 0 &&
            (service->mischief[i].until_ms < 0 || now_ms < service->mischief[i].until_ms))
            return service->mischief[i].value;
    return 0;
}

/* How many strangers stand in every list of registrations just now. */
int64_t mischief_crowd(const struct service *service, int64_t now_ms)
{
    return standing(service, CROWD, now_ms);
}

int64_t mischief_turn(const struct service *service, int64_t number, int64_t now_ms)
{
    return (number - 1) * standing(service, SHIFT, now_ms);
}
