/*
 * The event queue: pops events in the order (at_ms, priority, sequence), so that simultaneous
 * events have one defined order everywhere. There is no cancellation: an event carries the epoch of
 * the thing it is about, and whoever handles it ignores an epoch that has passed.
 *
 * A 4-ary heap (Johnson 1975; LaMarca and Ladner 1996: fewer levels, siblings side by side). What
 * makes it fast:
 *   - keys stand apart from what the events are about, so that four siblings' keys are one line of
 *     the cache, and compare as 128-bit numbers without branches;
 *   - behind the last key stand sentinels, so that the first of four siblings is always found by a
 *     knockout, without a special case for the last ones;
 *   - an event that is popped leaves a hole at the root which the next push fills: a simulation
 *     that answers most events with a new one sifts once for both.
 * Push and pop are inline because they are most of what a simulator does; bench and fleet model go
 * through these same functions.
 *
 * Memory is allocated by queue_init alone. Events whose epoch has passed stay where they are until
 * their time: when the queue is full, those that `stale` knows are dropped. Pushing past `capacity`
 * even so is a bug of the model (asserted), because every model bounds what it waits for.
 */
#ifndef SIM_ENGINE_QUEUE_H
#define SIM_ENGINE_QUEUE_H

#include "model/base/assert.h"
#include "model/base/int128.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event {
    int64_t at_ms;
    uint64_t order; /* priority in the top 8 bits, then the sequence number */
    uint32_t who;   /* entity it is about: a job, registration, host ... by kind */
    uint32_t epoch; /* of the entity when the event was pushed */
    uint8_t kind;   /* the model's own enumeration */
};

/* Of a million entities, and four thousand million epochs each: a number that comes round again
 * would bring a dead event back to life. */
#define QUEUE_WHO_BITS 24
#define QUEUE_WHO_MAX ((1u << QUEUE_WHO_BITS) - 1)
struct queue_subject {
    uint32_t who : QUEUE_WHO_BITS;
    uint32_t kind : 8;
    uint32_t epoch;
};

/* Has nobody any use for this event any more? */
typedef bool queue_judge(const void *context, const struct event *event);

struct queue {
    int128 *key; /* at_ms and order; pending events, then sentinels */
    struct queue_subject *subject;
    void *memory;       /* owned: what holds both, key[1] at the start of a line of the cache */
    size_t n, capacity; /* pending events; the hole does not count */
    size_t marked;      /* up to there stand keys or sentinels; pages beyond are untouched */
    uint64_t sequence;
    int64_t now_ms;     /* of the last event popped; nothing may be pushed before it */
    bool hole;          /* the root was popped and not refilled yet */
    queue_judge *stale; /* NULL: every event is still wanted */
    const void *context;
};

/* Room for `capacity` pending events; ends the program where there is no memory. queue_fini frees.
 */
void queue_init(struct queue *queue, size_t capacity);
/* Which events may be dropped when there is no room: asked for all of them then, in no order. */
void queue_drop_stale(struct queue *queue, queue_judge *stale, const void *context);
void queue_mark(struct queue *queue); /* makes room for one more; asserts the capacity */
void queue_fini(struct queue *queue);
void queue_clear(struct queue *queue); /* empty, sequence 0, any time: the next replication */

/* Keys of as many events surely stay in the first-level cache. */
#define QUEUE_CACHED 2048

/* Later than any event. */
#define QUEUE_SENTINEL ((int128)((uint128)INT64_MAX << 64 | UINT64_MAX))

static inline void queue_place(struct queue *queue, size_t at, int128 key,
                               struct queue_subject subject)
{
    queue->key[at] = key;
    queue->subject[at] = subject;
}

static inline void queue_move(struct queue *queue, size_t to, size_t from)
{
    queue_place(queue, to, queue->key[from], queue->subject[from]);
}

/* Places the event at `at` or above, below the first ancestor that is due earlier. */
static inline void queue_sift_up(struct queue *queue, size_t at, int128 key,
                                 struct queue_subject subject)
{
    while (at > 0) {
        size_t parent = (at - 1) / 4;
        if (queue->key[parent] < key)
            break;
        queue_move(queue, at, parent);
        at = parent;
    }
    queue_place(queue, at, key, subject);
}

/* The first of four siblings, by arithmetic: compilers make branches of `?:` here, and every other
 * one of those is mispredicted. */
static inline size_t queue_first(const int128 *key, size_t child)
{
    size_t left = child + (key[child + 1] < key[child]);
    size_t right = child + 2 + (key[child + 3] < key[child + 2]);
    return left ^ ((left ^ right) & (0 - (size_t)(key[right] < key[left])));
}

/* Fetches sixteen grandchildren while their parents are being compared. A macro, because gcc 12
 * takes a function that only prefetches for one without effect and drops its call. */
#define QUEUE_PREFETCH(key, grandchild)                                                            \
    (__builtin_prefetch(&(key)[(grandchild)]), __builtin_prefetch(&(key)[(grandchild) + 4]),       \
     __builtin_prefetch(&(key)[(grandchild) + 8]), __builtin_prefetch(&(key)[(grandchild) + 12]))

/* Places the event at the root, which is void, or below. Two events, as in a system of one server,
 * need no knockout. */
static inline void queue_sift_down(struct queue *queue, int128 key, struct queue_subject subject)
{
    size_t n = queue->n, at = 0, child = 1;
    if (n <= 2) {
        if (n == 2 && queue->key[1] < key) {
            queue_move(queue, 0, 1);
            at = 1;
        }
        queue_place(queue, at, key, subject);
        return;
    }
    while (child < n) {
        size_t first;
        if (n > QUEUE_CACHED)
            QUEUE_PREFETCH(queue->key, 4 * child + 1);
        first = queue_first(queue->key, child);
        if (key < queue->key[first])
            break;
        queue_move(queue, at, first);
        at = first;
        child = 4 * at + 1;
    }
    queue_place(queue, at, key, subject);
}

/* Lower priority first among simultaneous events, then the order of the pushes. Neither the past
 * (before the last event popped) nor more than QUEUE_WHO_MAX: either is a bug of the model. */
static inline void queue_push(struct queue *queue, int64_t at_ms, uint8_t priority, uint8_t kind,
                              uint32_t who, uint32_t epoch)
{
    uint64_t order = (uint64_t)priority << 56 | queue->sequence++;
    int128 key = (int128)((uint128)at_ms << 64 | order);
    struct queue_subject subject = {who & QUEUE_WHO_MAX, kind, epoch};
    if (__builtin_expect(queue->n >= queue->marked, 0))
        queue_mark(queue);
    UND_ASSERT(at_ms >= queue->now_ms && who <= QUEUE_WHO_MAX);
    queue->n++;
    if (queue->hole)
        queue_sift_down(queue, key, subject);
    else
        queue_sift_up(queue, queue->n - 1, key, subject);
    queue->hole = false;
}

/* For a pop that no push followed: the last event goes into the hole. */
static inline void queue_fill_hole(struct queue *queue)
{
    int128 last = queue->key[queue->n];
    queue->key[queue->n] = QUEUE_SENTINEL;
    if (queue->n > 0)
        queue_sift_down(queue, last, queue->subject[queue->n]);
    queue->hole = false;
}

static inline struct event queue_event(const struct queue *queue, size_t at)
{
    return (struct event){.at_ms = (int64_t)(queue->key[at] >> 64),
                          .order = (uint64_t)queue->key[at],
                          .who = queue->subject[at].who,
                          .epoch = queue->subject[at].epoch,
                          .kind = (uint8_t)queue->subject[at].kind};
}

/* The next event, and time is its; false: there is none, and *event is as it was. */
static inline bool queue_pop(struct queue *queue, struct event *event)
{
    if (queue->hole)
        queue_fill_hole(queue);
    if (queue->n == 0)
        return false;
    *event = queue_event(queue, 0);
    queue->now_ms = event->at_ms;
    queue->n--;
    queue->hole = true;
    return true;
}

int64_t queue_next_ms(struct queue *queue); /* INT64_MAX: empty */

#endif
