#include "github_limit.h"
#include "model/base/assert.h"

#include <string.h>

void github_limit_init(struct github_limit *limit, int64_t second_ms)
{
    UND_ASSERT(second_ms > 0);
    *limit = (struct github_limit){.second_ms = second_ms, .remaining = -1, .limit = -1};
}

/* Forgets the seconds that have passed. */
static void advance(struct github_limit *limit, int64_t now_ms)
{
    int64_t now_s = now_ms / limit->second_ms;
    int64_t passed = now_s - limit->bucket_s;
    int64_t i;
    for (i = 1; i <= (passed < 60 ? passed : 60); i++) {
        limit->points[(limit->bucket_s + i) % 60] = 0;
        limit->writes[(limit->bucket_s + i) % 60] = 0;
    }
    if (passed > 0)
        limit->bucket_s = now_s;
}

static int sum(const int *buckets)
{
    int i, total = 0;
    for (i = 0; i < 60; i++)
        total += buckets[i];
    return total;
}

int64_t github_limit_wait_ms(struct github_limit *limit, int64_t now_ms, bool write)
{
    int64_t until_ms = limit->blocked_until_ms;
    int points = write ? GITHUB_WRITE_POINTS : 1;
    advance(limit, now_ms);
    if (write && limit->next_write_ms > until_ms)
        until_ms = limit->next_write_ms;
    /* A full minute frees itself second by second: look again at the next one. */
    if (sum(limit->points) + points > GITHUB_POINTS_A_MINUTE ||
        (write && sum(limit->writes) + 1 > GITHUB_WRITES_A_MINUTE)) {
        int64_t next_ms = (limit->bucket_s + 1) * limit->second_ms;
        until_ms = next_ms > until_ms ? next_ms : until_ms;
    }
    return until_ms > now_ms ? until_ms - now_ms : 0;
}

void github_limit_sent(struct github_limit *limit, int64_t now_ms, bool write, int times)
{
    advance(limit, now_ms);
    limit->points[limit->bucket_s % 60] += times * (write ? GITHUB_WRITE_POINTS : 1);
    if (!write)
        return;
    limit->writes[limit->bucket_s % 60] += times;
    limit->next_write_ms = now_ms + limit->second_ms;
}

/* Never for longer than a limit can last, so that one absurd header does not blind us for good. */
static void block(struct github_limit *limit, int64_t now_ms, int64_t wait_ms, int64_t most_ms)
{
    int64_t until_ms = now_ms + (wait_ms < most_ms ? wait_ms : most_ms);
    if (until_ms > limit->blocked_until_ms)
        limit->blocked_until_ms = until_ms;
}

bool github_limit_answer(struct github_limit *limit, int64_t now_ms,
                         const struct http_response *response)
{
    bool refused = response->status == 403 || response->status == 429;
    int strike = limit->strikes < GITHUB_STRIKES ? limit->strikes : GITHUB_STRIKES;
    if (response->rate_remaining >= 0) {
        limit->remaining = response->rate_remaining;
        limit->limit = response->rate_limit;
    }
    if (!refused) {
        limit->strikes = 0;
        return false;
    }
    if (response->retry_after_ms >= 0) {
        block(limit, now_ms, response->retry_after_ms, GITHUB_RETRY_AFTER_MS);
    } else if (response->rate_remaining == 0 && response->rate_reset_s >= 0) {
        /* In the service's own time, so that our clock may be wrong. */
        int64_t there_ms = response->date_ms >= 0 ? response->date_ms : http_wall_ms();
        int64_t left_ms = response->rate_reset_s * 1000 - there_ms;
        block(limit, now_ms, (left_ms > 0 ? left_ms : 0) + limit->second_ms, GITHUB_WINDOW_MS);
    } else if (response->status == 429 || strstr(response->body, "rate limit")) {
        block(limit, now_ms, 60 * limit->second_ms << strike, GITHUB_RETRY_AFTER_MS);
    } else {
        return false; /* a 403 for want of a permission */
    }
    limit->strikes++;
    return true;
}
