/*
 * One scrape target, a host as one scrape job sees it: the true values behind its metrics, and what
 * the last scrapes found.
 *
 * Scrapes are not events. They start at phase + k * interval, and what a scrape finds follows from
 * the true values just before it starts; so the log is filled in whenever a true value is about to
 * change or somebody reads, however long after. Filling early or late gives the same log.
 * Counters are integrated in integers (per mille * ms), so nothing depends on the number of steps.
 * Spells between changes of values therefore only wait, in a short list, until then or until the
 * list is full: a fleet changes them with every job, and most of the time nobody looks for hours.
 *
 * A sample carries the time its scrape started and is visible from the time the scrape ended
 * (prometheus-semantics.md, S2); a failed scrape leaves up = 0 and ends the other series (S3).
 */
#ifndef SIM_MONITORING_TARGET_H
#define SIM_MONITORING_TARGET_H

#include "model/base/assert.h"
#include "series.h"

#include <string.h>

enum target_state {
    TARGET_UP,
    TARGET_REFUSED,   /* the exporter's port is closed: 1 ms */
    TARGET_ABSENT,    /* host gone from the same LAN: EHOSTUNREACH after 3070 ms. Back from this, it
                         has booted: its counters begin anew */
    TARGET_BLACKHOLE, /* dropped, hung, partitioned: scrape_timeout */
    TARGET_LOST,      /* service discovery has dropped it: all of its series end, `up` as well */
    TARGET_STATES
};

/* CPU and disk are counters as well as gauges: of the CPU time not in use, of the disk's in use. */
enum target_value { VALUE_CPU, VALUE_DISK, VALUE_MEMORY, VALUE_JOB_DURATION, VALUES };
#define COUNTERS (VALUE_DISK + 1)

#define TARGET_SPELLS 64 /* ceiling on those that wait; more would save little */

struct scrape {
    int64_t at_ms, visible_ms;
    int64_t counter[COUNTERS]; /* per mille * ms */
    int64_t value[VALUES];     /* per mille */
    bool up;
    bool lost; /* no scrape: the marker that ends the series */
};

struct spell { /* between two changes, not yet in counters and log */
    int64_t until_ms, value[VALUES];
};

struct target {
    int64_t interval_ms;
    int64_t latency_ms[TARGET_STATES];     /* of a scrape, by how the target answers */
    int64_t next_ms;                       /* first scrape that is not in the log yet */
    int64_t counter[COUNTERS], counted_ms; /* the counters, and when they had these values */
    int64_t value[VALUES], changed_ms;     /* true values now, per mille, and since when */
    struct spell spell[TARGET_SPELLS];     /* the first n_spells wait */
    int n_spells;
    enum target_state state;
    bool scraped;        /* false while the server is down */
    struct scrape *log;  /* owned ring; entry i is log[i & (capacity - 1)] */
    size_t capacity;     /* a power of two */
    uint64_t n;          /* scrapes ever logged */
    struct sample *work; /* owned: room for `capacity` samples */
};

/* How long a scrape takes, by how the target answers. */
int64_t target_latency_ms(enum target_state state, int64_t interval_ms, int64_t timeout_ms,
                          int64_t unreachable_ms);

/* Room for the samples of the longest window. */
void target_open(struct target *target, const struct scrape_job *job, int64_t longest_window_ms,
                 int64_t unreachable_ms);
void target_close(struct target *target);
/* Time 0 of a replication: scraped successfully, with every value 0, for as long as windows go. */
void target_reset(struct target *target, int64_t phase_ms);

/* Logs every scrape that started at or before now_ms, and counts the spells that wait. */
void target_catch_up(struct target *target, int64_t now_ms);

/* From now on; a scrape that starts at now_ms itself still finds what was there before. */
void target_change(struct target *target, int64_t now_ms, enum target_state state);
static inline void target_end_spell(struct target *target, int64_t now_ms)
{
    struct spell *spell;
    if (target->n_spells == TARGET_SPELLS)
        target_catch_up(target, now_ms);
    spell = &target->spell[target->n_spells++];
    spell->until_ms = target->changed_ms = now_ms;
    memcpy(spell->value, target->value, sizeof spell->value);
}
static inline void target_set(struct target *target, int64_t now_ms, enum target_value value,
                              int64_t value_pm)
{
    if (target->changed_ms != now_ms)
        target_end_spell(target, now_ms);
    target->value[value] = value_pm;
}
/* Both values that follow from a host's jobs. */
static inline void target_use(struct target *target, int64_t now_ms, int64_t cpu_pm,
                              int64_t memory_pm)
{
    target_set(target, now_ms, VALUE_CPU, cpu_pm);
    target->value[VALUE_MEMORY] = memory_pm;
}

/* The server dies, with the scrape in flight; and comes back, scraping from first_ms on. */
void target_forsake(struct target *target, int64_t now_ms);
void target_resume(struct target *target, int64_t first_ms);

/* Would the rule's expression have a result for this target at now_ms? */
bool target_matches(struct target *target, const struct rule *rule, int64_t now_ms,
                    int64_t lookback_ms);

/* The value that a signal reads; VALUES for `up`, and for what is no single value. */
static inline enum target_value target_value_of(enum signal signal)
{
    switch (signal) {
    case SIGNAL_UP:
    case SIGNAL_ABSENT:
    case SIGNAL_SERIES:
        return VALUES;
    case SIGNAL_CPU_RATE:
    case SIGNAL_CPU_IRATE:
        return VALUE_CPU;
    case SIGNAL_MEMORY:
        return VALUE_MEMORY;
    case SIGNAL_DISK:
        return VALUE_DISK;
    case SIGNAL_JOB_DURATION:
        return VALUE_JOB_DURATION;
    case SIGNAL_COUNT:
        break;
    }
    UND_UNREACHABLE();
}

/* Could a value of value_pm, lasting, make the rule's expression true? */
bool target_suspicious(const struct rule *rule, int64_t value_pm);
/* After an evaluation at now_ms without a result, with every scrape of the longest window
 * successful: can no later one have a result unless a value changes to a suspicious one? (False may
 * mean: not known.) */
bool target_calm(struct target *target, const struct rule *rule, int64_t now_ms);

#endif
