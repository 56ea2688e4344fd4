#include "queue.h"

#include <stdlib.h>

/* The last event's children may be looked at: three siblings after it. The hole takes one more. */
#define QUEUE_SPARE 4

void queue_init(struct queue *queue, size_t capacity)
{
    *queue = (struct queue){.capacity = capacity};
    queue->heap = malloc((capacity + QUEUE_SPARE) * sizeof *queue->heap);
    UND_ASSERT(queue->heap != NULL);
    queue_clear(queue);
}

/* A ceiling is no reason to touch its memory: sentinels are written as far as the heap has been. */
void queue_mark(struct queue *queue)
{
    size_t from = queue->marked > 0 ? queue->marked + QUEUE_SPARE : 0, i;
    UND_ASSERT(queue->n < queue->capacity);
    queue->marked = 2 * queue->marked + 256;
    queue->marked = queue->marked < queue->capacity ? queue->marked : queue->capacity;
    for (i = from; i < queue->marked + QUEUE_SPARE; i++)
        queue->heap[i] = QUEUE_SENTINEL;
}

void queue_fini(struct queue *queue)
{
    free(queue->heap);
    *queue = (struct queue){0};
}

void queue_clear(struct queue *queue)
{
    size_t i, used = queue->n + queue->hole;
    for (i = 0; i < used; i++)
        queue->heap[i] = QUEUE_SENTINEL;
    queue->n = 0;
    queue->hole = false;
    queue->sequence = 0;
    queue->now_ms = INT64_MIN;
}

int64_t queue_next_ms(struct queue *queue)
{
    if (queue->hole)
        queue_fill_hole(queue);
    return queue->n > 0 ? queue->heap[0].at_ms : INT64_MAX;
}
