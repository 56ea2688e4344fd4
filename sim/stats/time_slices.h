/*
 * The slices of one replication: what happened in each of a number of equal stretches of time, from
 * `from_ms` on. What the questions about time need: has the warm-up passed (warmup.h), what does
 * one long run say (batch means), does the queue grow without end?
 *
 * Integrals are exact integers, so that any number of stretches adds up to the whole.
 */
#ifndef SIM_STATS_BATCHES_H
#define SIM_STATS_BATCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stretch {
    int64_t queue_ms, busy_ms, up_ms; /* jobs waiting, slots busy, able to take a job; times ms */
    int64_t started, waited, wait_sum_ms; /* of jobs, by the time at which they start */
};

struct time_slices {
    struct stretch *stretch; /* the caller's; n of them, each width_ms long */
    size_t n, at;            /* `at`: where the last time held began or ended */
    int64_t from_ms, width_ms;
};

/* The beginning of a replication: nothing has happened. */
void time_slices_clear(struct time_slices *slices);
/* Adds a time during which nothing changed; never earlier than the one before. What is before
 * from_ms or behind the last stretch is left out. */
void time_slices_hold(struct time_slices *slices, int64_t from_ms, int64_t to_ms, int64_t queued,
                      int64_t busy, bool up);
/* A job starts. */
void time_slices_start(struct time_slices *slices, int64_t at_ms, int64_t wait_ms, bool waited);

#endif
