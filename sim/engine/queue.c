#include "queue.h"

#include <stdlib.h>

/* Keys behind the last event that a knockout may look at; the hole takes one more. */
#define SPARE 4
/* The root stands at the end of a line of the cache, so that siblings (4i + 1 ...) share one. */
#define LINE 64
#define ROOT (LINE / sizeof(int128) - 1)

void queue_init(struct queue *queue, size_t capacity)
{
    size_t places = ROOT + capacity + SPARE, bytes;
    int128 *keys;
    bytes = places * (sizeof *queue->key + sizeof *queue->subject);
    keys = aligned_alloc(LINE, (bytes + LINE - 1) / LINE * LINE);
    UND_ASSERT(keys != NULL);
    *queue = (struct queue){.memory = keys,
                            .key = keys + ROOT,
                            .subject = (struct queue_subject *)(keys + places),
                            .capacity = capacity};
    queue_clear(queue);
}

void queue_drop_stale(struct queue *queue, queue_judge *stale, const void *context)
{
    queue->stale = stale;
    queue->context = context;
}

/* Those that are wanted move up in their place, each below the first ancestor that is due earlier.
 */
static void purge(struct queue *queue)
{
    size_t kept = 0, i;
    if (queue->hole)
        queue_fill_hole(queue);
    for (i = 0; i < queue->n; i++) {
        struct event event = queue_event(queue, i);
        if (queue->stale(queue->context, &event))
            continue;
        queue_sift_up(queue, kept++, queue->key[i], queue->subject[i]);
    }
    for (i = kept; i < queue->n; i++)
        queue->key[i] = QUEUE_SENTINEL;
    queue->n = kept;
}

void queue_mark(struct queue *queue)
{
    size_t from = queue->marked > 0 ? queue->marked + SPARE : 0, i;
    if (queue->n == queue->capacity && queue->stale)
        purge(queue);
    UND_ASSERT(queue->n < queue->capacity);
    if (queue->n < queue->marked)
        return;
    queue->marked = 2 * queue->marked + 256;
    queue->marked = queue->marked < queue->capacity ? queue->marked : queue->capacity;
    for (i = from; i < queue->marked + SPARE; i++)
        queue->key[i] = QUEUE_SENTINEL;
}

void queue_fini(struct queue *queue)
{
    free(queue->memory);
    *queue = (struct queue){0};
}

void queue_clear(struct queue *queue)
{
    size_t i, used = queue->n + queue->hole;
    for (i = 0; i < used; i++)
        queue->key[i] = QUEUE_SENTINEL;
    queue->n = 0;
    queue->hole = false;
    queue->sequence = 0;
    queue->now_ms = INT64_MIN;
}

int64_t queue_next_ms(struct queue *queue)
{
    if (queue->hole)
        queue_fill_hole(queue);
    return queue->n > 0 ? (int64_t)(queue->key[0] >> 64) : INT64_MAX;
}
