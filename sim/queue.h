/*
 * The event queue: pops events in the order (at_ms, priority, sequence), so that simultaneous
 * events have one defined order everywhere. There is no cancellation: an event carries the epoch of
 * the thing it is about, and whoever handles it ignores an epoch that has passed.
 *
 * A 4-ary heap (Johnson 1975; LaMarca and Ladner 1996: fewer levels, children side by side). Three
 * things make it fast. An event that is popped leaves a hole at the root which the next push
 * fills: a simulation that answers most events with a new one then sifts once for both. Keys
 * compare as 128-bit numbers without branches. Behind the last event stand sentinels, so that the
 * least of four children is always a knockout of four, without a special case for the last ones.
 * Push and pop are inline because they are most of what a simulator does; bench and fleet model go
 * through these same functions.
 *
 * Memory is allocated by queue_init alone; pushing past `capacity` is a bug of the model
 * (asserted), because every model bounds what it keeps pending.
 */
#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

#include "model/assert.h"
#include "model/int128.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event {
    int64_t at_ms;
    uint64_t order; /* priority in the top 8 bits, then the sequence number */
    uint32_t who;   /* entity it is about: a job, registration, host ... by kind */
    uint16_t kind;  /* the model's own enumeration */
    uint16_t epoch; /* of the entity when the event was pushed */
};

/* Later than any event. */
#define QUEUE_SENTINEL ((struct event){.at_ms = INT64_MAX, .order = UINT64_MAX})

struct queue {
    struct event *heap; /* owned; pending events, then sentinels */
    size_t n, capacity; /* pending events; the hole does not count */
    size_t marked;      /* from heap[n] to there are sentinels; pages beyond are untouched */
    uint64_t sequence;
    int64_t now_ms; /* of the last event popped; nothing may be pushed before it */
    bool hole;      /* heap[0] was popped and not refilled yet */
};

void queue_init(struct queue *queue, size_t capacity);
void queue_mark(struct queue *queue); /* more sentinels; asserts the capacity */
void queue_fini(struct queue *queue);
void queue_clear(struct queue *queue); /* empty, sequence 0, any time: the next replication */

/* Both words as one number: compares without branches. */
static inline int128 event_key(const struct event *event)
{
    return (int128)((uint128)event->at_ms << 64 | event->order);
}

static inline size_t queue_earlier(const struct event *heap, size_t a, size_t b)
{
    return event_key(&heap[b]) < event_key(&heap[a]) ? b : a;
}

/* Writes `event` at `at` or above, below the first ancestor that is due earlier. */
static inline void queue_sift_up(struct event *heap, size_t at, struct event event)
{
    int128 key = event_key(&event);
    while (at > 0) {
        size_t parent = (at - 1) / 4;
        if (event_key(&heap[parent]) < key)
            break;
        heap[at] = heap[parent];
        at = parent;
    }
    heap[at] = event;
}

/* Writes `event` at the root or below, in a heap of n events of which the root is void. */
static inline void queue_sift_down(struct event *heap, size_t n, struct event event)
{
    int128 key = event_key(&event);
    size_t at = 0, child = 1;
    while (child < n) {
        size_t left = queue_earlier(heap, child, child + 1);
        size_t right = queue_earlier(heap, child + 2, child + 3);
        size_t first = queue_earlier(heap, left, right);
        if (key < event_key(&heap[first]))
            break;
        heap[at] = heap[first];
        at = first;
        child = 4 * at + 1;
    }
    heap[at] = event;
}

/* Lower priority first among simultaneous events. */
static inline void queue_push(struct queue *queue, int64_t at_ms, uint8_t priority, uint16_t kind,
                              uint32_t who, uint16_t epoch)
{
    struct event event = {at_ms, (uint64_t)priority << 56 | queue->sequence++, who, kind, epoch};
    if (__builtin_expect(queue->n >= queue->marked, 0))
        queue_mark(queue);
    UND_ASSERT(at_ms >= queue->now_ms);
    queue->n++;
    if (queue->hole)
        queue_sift_down(queue->heap, queue->n, event);
    else
        queue_sift_up(queue->heap, queue->n - 1, event);
    queue->hole = false;
}

/* For a pop that no push followed: the last event goes into the hole. */
static inline void queue_fill_hole(struct queue *queue)
{
    struct event last = queue->heap[queue->n];
    queue->heap[queue->n] = QUEUE_SENTINEL;
    if (queue->n > 0)
        queue_sift_down(queue->heap, queue->n, last);
    queue->hole = false;
}

/* False: empty. */
static inline bool queue_pop(struct queue *queue, struct event *event)
{
    if (queue->hole)
        queue_fill_hole(queue);
    if (queue->n == 0)
        return false;
    *event = queue->heap[0];
    queue->now_ms = event->at_ms;
    queue->n--;
    queue->hole = true;
    return true;
}

int64_t queue_next_ms(struct queue *queue); /* INT64_MAX: empty */

#endif
