#include "target.h"

#include "model/base/assert.h"

#include <stdlib.h>

/* Of a counter before the replication or at a boot, large enough that rate() never takes the
 * counter's zero for the start of its series: 30 days, and an hour. */
#define COUNTED_BEFORE (30 * 86400 * 1000LL * 1000)
#define COUNTED_AT_BOOT (3600 * 1000LL * 1000)
#define UNITS_PER_S 1e6 /* of a counter: per mille * ms */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t target_latency_ms(enum target_state state, int64_t interval_ms, int64_t timeout_ms,
                          int64_t unreachable_ms)
{
    switch (state) {
    case TARGET_UP:
    case TARGET_REFUSED:
        return 1;
    case TARGET_ABSENT:
        return least(unreachable_ms, timeout_ms);
    case TARGET_BLACKHOLE:
        return timeout_ms;
    case TARGET_LOST: /* the marker bears the time of the next scrape, and is written this later */
        return interval_ms + interval_ms / 10;
    case TARGET_STATES:
        break;
    }
    UND_UNREACHABLE();
}

void target_open(struct target *target, const struct scrape_job *job, int64_t longest_window_ms,
                 int64_t unreachable_ms)
{
    /* Both edges of the window, one scrape in flight, two logged before they are visible. */
    size_t needed = (size_t)(longest_window_ms / job->interval_ms) + 5;
    *target = (struct target){.interval_ms = job->interval_ms, .capacity = 4};
    for (int i = 0; i < TARGET_STATES; i++)
        target->latency_ms[i] = target_latency_ms((enum target_state)i, job->interval_ms,
                                                  job->timeout_ms, unreachable_ms);
    while (target->capacity < needed)
        target->capacity *= 2;
    target->log = calloc(target->capacity, sizeof *target->log);
    target->work = calloc(target->capacity, sizeof *target->work);
    UND_ASSERT(target->log && target->work);
}

void target_close(struct target *target)
{
    free(target->log);
    free(target->work);
    *target = (struct target){0};
}

void target_reset(struct target *target, int64_t phase_ms)
{
    UND_ASSERT(phase_ms >= 0 && phase_ms < target->interval_ms);
    target->next_ms = phase_ms - (int64_t)target->capacity * target->interval_ms;
    for (int i = 0; i < COUNTERS; i++)
        target->counter[i] = COUNTED_BEFORE;
    target->counted_ms = 0;
    for (int i = 0; i < VALUES; i++)
        target->value[i] = 0;
    target->state = TARGET_UP;
    target->changed_ms = -1;
    target->n_spells = 0;
    target->scraped = true;
    target->n = 0;
    target_catch_up(target, -1);
}

/* With those values ever since it was counted. */
static int64_t counter_at(const struct target *target, const int64_t values[VALUES],
                          enum target_value value, int64_t at_ms)
{
    int64_t pm = value == VALUE_CPU ? 1000 - values[value] : values[value];
    return target->counter[value] + pm * (at_ms - target->counted_ms);
}

static struct scrape *entry(const struct target *target, uint64_t i)
{
    return &target->log[i & (target->capacity - 1)];
}

static void log_next(struct target *target, const int64_t values[VALUES])
{
    struct scrape *scrape = entry(target, target->n++);
    scrape->at_ms = target->next_ms;
    scrape->visible_ms = target->next_ms + target->latency_ms[target->state];
    for (int i = 0; i < COUNTERS; i++)
        scrape->counter[i] = counter_at(target, values, (enum target_value)i, target->next_ms);
    for (int i = 0; i < VALUES; i++)
        scrape->value[i] = values[i];
    scrape->up = target->state == TARGET_UP;
    scrape->lost = target->state == TARGET_LOST;
    target->next_ms += target->interval_ms;
}

static void log_until(struct target *target, const int64_t values[VALUES], int64_t until_ms)
{
    while (target->next_ms <= until_ms)
        log_next(target, values);
}

/* Brings the counters up to until_ms. */
static void count(struct target *target, const int64_t values[VALUES], int64_t until_ms)
{
    for (int i = 0; i < COUNTERS; i++)
        target->counter[i] = counter_at(target, values, (enum target_value)i, until_ms);
    target->counted_ms = until_ms;
}

/* Passes over scrapes that the log will have forgotten by now_ms. */
static void skip(struct target *target, int64_t now_ms)
{
    int64_t due = (now_ms - target->next_ms) / target->interval_ms + 1;
    int64_t kept = target->scraped ? (int64_t)target->capacity : 0;
    if (due > kept)
        target->next_ms += (due - kept) * target->interval_ms;
}

void target_catch_up(struct target *target, int64_t now_ms)
{
    if (target->next_ms <= now_ms)
        skip(target, now_ms);
    for (int i = 0; i < target->n_spells; i++) {
        const struct spell *spell = &target->spell[i];
        log_until(target, spell->value, spell->until_ms);
        count(target, spell->value, spell->until_ms);
    }
    target->n_spells = 0;
    log_until(target, target->value, now_ms);
}

void target_change(struct target *target, int64_t now_ms, enum target_state state)
{
    target_catch_up(target, now_ms);
    count(target, target->value, now_ms);
    for (int i = 0; i < COUNTERS && target->state == TARGET_ABSENT && state == TARGET_UP; i++)
        target->counter[i] = COUNTED_AT_BOOT;
    target->state = state;
}

void target_forsake(struct target *target, int64_t now_ms)
{
    target_catch_up(target, now_ms);
    while (target->n > 0 && entry(target, target->n - 1)->visible_ms > now_ms)
        target->n--;
    target->scraped = false;
}

void target_resume(struct target *target, int64_t first_ms)
{
    target_catch_up(target, first_ms - 1);
    target->scraped = true;
}

/* How many of the log's entries may be read: one less than there is room for, because a scrape in
 * flight when the server died took the place of the oldest and was then taken back. */
static uint64_t logged(const struct target *target)
{
    return target->n < target->capacity ? target->n : target->capacity - 1;
}

/* Newest scrape visible at now_ms; NULL if there is none in the log. */
static const struct scrape *target_newest(struct target *target, int64_t now_ms)
{
    uint64_t end;
    target_catch_up(target, now_ms);
    end = target->n - logged(target);
    for (uint64_t i = target->n; i > end; i--) {
        if (entry(target, i - 1)->visible_ms <= now_ms)
            return entry(target, i - 1);
    }
    return NULL;
}

/* Does the rule read a counter over a window? */
static bool reads_counter(const struct rule *rule)
{
    return target_value_of(rule->signal) < COUNTERS && rule->window_ms > 0;
}

static struct sample sample_of(const struct scrape *scrape, const struct rule *rule)
{
    enum target_value value = target_value_of(rule->signal);
    struct sample sample = {.at_ms = scrape->at_ms,
                            .stale = scrape->lost || (value != VALUES && !scrape->up)};
    if (value == VALUES)
        sample.value = scrape->up;
    else if (reads_counter(rule))
        sample.value = (double)scrape->counter[value] / UNITS_PER_S;
    else
        sample.value = (double)scrape->value[value] / 1000;
    return sample;
}

bool target_matches(struct target *target, const struct rule *rule, int64_t now_ms,
                    int64_t lookback_ms)
{
    const struct scrape *newest = target_newest(target, now_ms);
    struct sample *end = target->work + target->capacity, *first = end;
    uint64_t i, oldest = target->n - logged(target);
    if (!newest)
        return series_matches(rule, end, 0, now_ms, lookback_ms);
    *--first = sample_of(newest, rule);
    if (reads_counter(rule)) {
        for (i = target->n; entry(target, i - 1) != newest;)
            i--;
        for (i--; i > oldest && entry(target, i - 1)->at_ms >= now_ms - rule->window_ms; i--)
            *--first = sample_of(entry(target, i - 1), rule);
    }
    return series_matches(rule, first, (size_t)(end - first), now_ms, lookback_ms);
}

bool target_suspicious(const struct rule *rule, int64_t value_pm)
{
    return rule->below ? value_pm <= rule->threshold_pm : value_pm >= rule->threshold_pm;
}

/* A mean over a window is never beyond the threshold when none of its parts is. */
static bool counter_calm(const struct target *target, const struct rule *rule, int64_t now_ms)
{
    enum target_value value = target_value_of(rule->signal);
    int64_t later_ms = now_ms, later = counter_at(target, target->value, value, now_ms);
    uint64_t oldest = target->n - logged(target);
    for (uint64_t i = target->n; i > oldest; i--) {
        const struct scrape *scrape = entry(target, i - 1);
        int64_t spell = later_ms - scrape->at_ms, used = later - scrape->counter[value];
        int64_t limit = rule->threshold_pm * spell;
        if (value == VALUE_CPU)
            used = 1000 * spell - used;
        if (spell > 0 && (rule->below ? used <= limit : used >= limit))
            return false;
        if (scrape->at_ms < now_ms - rule->window_ms)
            break;
        later_ms = scrape->at_ms;
        later = scrape->counter[value];
    }
    return true;
}

bool target_calm(struct target *target, const struct rule *rule, int64_t now_ms)
{
    enum target_value value = target_value_of(rule->signal);
    target_catch_up(target, now_ms);
    if (value == VALUES)
        return true;
    if (target_suspicious(rule, target->value[value]))
        return false;
    if (reads_counter(rule))
        return counter_calm(target, rule, now_ms);
    /* What was visible has just been evaluated; at most the newest scrape is still to be seen. */
    return !target_suspicious(rule, entry(target, target->n - 1)->value[value]);
}
