/*
 * The event queue: pops events in the order (at_ms, priority, sequence), so that simultaneous
 * events have one defined order everywhere. There is no cancellation: an event carries the epoch of
 * the thing it is about, and whoever handles it ignores an epoch that has passed.
 *
 * Memory is allocated by queue_init alone; pushing past `capacity` is a bug of the model
 * (asserted), because every model bounds what it keeps pending.
 */
#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

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

struct queue {
    struct event *heap; /* owned */
    size_t n, capacity;
    uint64_t sequence;
};

void queue_init(struct queue *queue, size_t capacity);
void queue_fini(struct queue *queue);
void queue_clear(struct queue *queue); /* empty, sequence 0: the next replication */

/* Lower priority first among simultaneous events. */
void queue_push(struct queue *queue, int64_t at_ms, uint8_t priority, uint16_t kind, uint32_t who,
                uint16_t epoch);
bool queue_pop(struct queue *queue, struct event *event); /* false: empty */
int64_t queue_next_ms(const struct queue *queue);          /* INT64_MAX: empty */

#endif
