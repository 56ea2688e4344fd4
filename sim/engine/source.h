/*
 * A source of draws that works ahead: the values are those of draw_ms on its stream, in order, but
 * a few are drawn together, so that the processor works at several logarithms at once instead of
 * waiting for each. Worth it where every event draws (arrivals, durations).
 */
#ifndef SIM_ENGINE_SOURCE_H
#define SIM_ENGINE_SOURCE_H

#include "draw.h"

#define SOURCE_AHEAD 8

struct source {
    const struct dist *dist; /* borrowed; resolved */
    struct stream stream;    /* n draws further than what was handed out */
    int64_t ahead_ms[SOURCE_AHEAD];
    int n; /* of them are still to be handed out, the last ones */
};

/* Draws as many as there is room for. */
void source_fill(struct source *source);

/* The next draw, rounded to ms. */
static inline int64_t source_next_ms(struct source *source)
{
    if (source->n == 0)
        source_fill(source);
    return source->ahead_ms[SOURCE_AHEAD - source->n--];
}

/* Draws from a copy of the stream, which is the source's alone from now on; the dist is borrowed.
 */
static inline void source_init(struct source *source, const struct dist *dist,
                               const struct stream *stream)
{
    source->dist = dist;
    source->stream = *stream;
    source->n = 0;
}

#endif
