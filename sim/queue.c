#include "queue.h"

#include <stdlib.h>

void queue_init(struct queue *queue, size_t capacity)
{
    *queue = (struct queue){.capacity = capacity};
    /* A hole and the push that fills it never need more than `capacity` places. */
    queue->heap = malloc((capacity + 1) * sizeof *queue->heap);
    UND_ASSERT(queue->heap != NULL);
}

void queue_fini(struct queue *queue)
{
    free(queue->heap);
    *queue = (struct queue){0};
}

void queue_clear(struct queue *queue)
{
    queue->n = 0;
    queue->hole = 0;
    queue->sequence = 0;
}

int64_t queue_next_ms(struct queue *queue)
{
    if (queue->hole)
        queue_fill_hole(queue);
    return queue->n > 0 ? queue->heap[0].at_ms : INT64_MAX;
}
