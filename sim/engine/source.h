/*
 * A source of draws that keeps one draw ahead: the values are those of draw_ms on its stream, in
 * order, but the logarithm of the next one is computed while the processor waits for the queue,
 * instead of the queue waiting for the logarithm. Worth it where every event draws (arrivals,
 * durations); it saves 5 ns a draw.
 */
#ifndef SIM_ENGINE_SOURCE_H
#define SIM_ENGINE_SOURCE_H

#include "draw.h"

struct source {
    const struct dist *dist; /* borrowed; resolved */
    struct stream stream;    /* one draw further than what was handed out */
    int64_t ahead_ms;
};

/* The next draw, rounded to ms; the one after it is drawn ahead, while nobody waits for it. */
static inline int64_t source_next_ms(struct source *source)
{
    int64_t ms = source->ahead_ms;
    source->ahead_ms = draw_ms(source->dist, &source->stream);
    return ms;
}

/* Draws from a copy of the stream, which is the source's alone from now on; the dist is borrowed.
 */
static inline void source_init(struct source *source, const struct dist *dist,
                               const struct stream *stream)
{
    *source = (struct source){.dist = dist, .stream = *stream};
    source_next_ms(source);
}

#endif
