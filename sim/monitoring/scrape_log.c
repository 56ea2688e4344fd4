#include "scrape_log.h"

#include "model/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define SPARE 6 /* both edges, one in flight, some failed ones that are late */

void scrape_log_open(struct scrape_log *log, int64_t reach_ms, int64_t interval_ms)
{
    uint64_t wanted = (uint64_t)(reach_ms / interval_ms) + SPARE;
    *log = (struct scrape_log){.capacity = 8, .interval_ms = interval_ms};
    while (log->capacity < wanted)
        log->capacity *= 2;
    log->ring = calloc(log->capacity, sizeof *log->ring);
    UND_ASSERT(log->ring != NULL);
}

void scrape_log_read(struct scrape_log *log, enum state_quantity quantity)
{
    for (int i = 0; i < log->n_read; i++) {
        if (log->read[i] == (int)quantity)
            return;
    }
    log->read[log->n_read++] = (int)quantity;
}

void scrape_log_close(struct scrape_log *log)
{
    free(log->ring);
    *log = (struct scrape_log){.ring = NULL};
}

void scrape_log_clear(struct scrape_log *log)
{
    log->n = log->failed = log->booted = 0;
    memset(log->changed, 0, sizeof log->changed);
}

static void carry(struct scrape_entry *to, const struct scrape_entry *before, bool failed)
{
    bool booted = before && to->state.value[STATE_UP_TIME] < before->state.value[STATE_UP_TIME];
    to->n_well = (before ? before->n_well : 0) + !failed;
    for (int i = 0; i < STATE_RESTARTS; i++) {
        to->carried[i] = before ? before->carried[i] : 0;
        if (booted)
            to->carried[i] += before->state.value[i];
    }
}

void scrape_log_push(struct scrape_log *log, const struct scrape_entry *entry)
{
    const struct scrape_entry *before = log->n ? scrape_log_at(log, log->n - 1) : NULL;
    struct scrape_entry *to = &log->ring[log->n & (log->capacity - 1)];
    const struct host_state *old = before ? &before->state : &entry->state;
    bool failed = !entry->up || entry->lost;
    UND_ASSERT(log->ring != NULL);
    *to = *entry;
    if (failed)
        to->state = *old;
    carry(to, before, failed);
    log->n++;
    if (failed)
        log->failed = log->n;
    if (to->state.value[STATE_UP_TIME] < old->value[STATE_UP_TIME])
        log->booted = log->n;
    for (int i = 0; i < log->n_read; i++) {
        int quantity = log->read[i];
        if (to->state.value[quantity] != old->value[quantity])
            log->changed[quantity] = log->n;
    }
}

void scrape_log_cut(struct scrape_log *log, int64_t now_ms)
{
    log->n = scrape_log_visible(log, now_ms);
}

/* Scrapes come steadily, so the place is known unless there was a gap. */
uint64_t scrape_log_find(const struct scrape_log *log, int64_t at_ms)
{
    uint64_t low = scrape_log_first(log), high = log->n;
    if (high > low) {
        int64_t newest_ms = scrape_log_at(log, high - 1)->at_ms;
        int64_t back = newest_ms >= at_ms ? (newest_ms - at_ms) / log->interval_ms + 1 : 0;
        uint64_t guess = (uint64_t)back > high - low ? low : high - (uint64_t)back;
        if ((guess == high || scrape_log_at(log, guess)->at_ms >= at_ms) &&
            (guess == low || scrape_log_at(log, guess - 1)->at_ms < at_ms))
            return guess;
    }
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (scrape_log_at(log, middle)->at_ms < at_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t scrape_log_visible(const struct scrape_log *log, int64_t now_ms)
{
    uint64_t end = log->n, first = scrape_log_first(log);
    while (end > first && scrape_log_at(log, end - 1)->visible_ms > now_ms)
        end--;
    return end;
}
