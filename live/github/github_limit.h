/*
 * GitHub's rate limits, kept by the client before GitHub must enforce them. Pure: the caller passes
 * its monotonic clock.
 *
 * Source: github-semantics.md (GitHub, "Rate limits for the REST API" and "Best practices"): per
 * minute 900 points (a read 1, a write 5) and 80 writes, at least 1 s between writes; then
 * whatever the answers say: retry-after, or x-ratelimit-remaining 0 until x-ratelimit-reset, or
 * else a minute, doubling with every further refusal.
 */
#ifndef LIVE_GITHUB_GITHUB_LIMIT_H
#define LIVE_GITHUB_GITHUB_LIMIT_H

#include "live/http/http.h"

#define GITHUB_POINTS_A_MINUTE 900
#define GITHUB_WRITES_A_MINUTE 80
#define GITHUB_WRITE_POINTS 5
#define GITHUB_WINDOW_MS (61 * 60 * 1000) /* a primary limit is reset every hour */
#define GITHUB_RETRY_AFTER_MS (24 * 60 * 60 * 1000)
#define GITHUB_STRIKES 6 /* refusals in a row after which the wait stops doubling */

struct github_limit {
    int64_t second_ms; /* 1000; less where the fleet file compresses time */
    int64_t next_write_ms;
    int64_t blocked_until_ms;
    int64_t remaining, limit; /* -1: not told yet */
    int64_t bucket_s;         /* second that bucket[bucket_s % 60] counts */
    int points[60], writes[60];
    int strikes;
};

/* Nothing sent, nothing told; a second is `second_ms` long. */
void github_limit_init(struct github_limit *limit, int64_t second_ms);

/* How long to wait before such a request may go out; 0: now. */
int64_t github_limit_wait_ms(struct github_limit *limit, int64_t now_ms, bool write);
/* So many requests went out. */
void github_limit_sent(struct github_limit *limit, int64_t now_ms, bool write, int times);
/* True if the answer is a refusal for a limit's sake (403 or 429). */
bool github_limit_answer(struct github_limit *limit, int64_t now_ms,
                         const struct http_response *response);

#endif
