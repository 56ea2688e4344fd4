/*
 * Draws from the distributions of model/stats/dist.h. Each draw of one dist takes a fixed number of
 * uniforms (the stages of an Erlang distribution, none of a fixed one, else one: inversion), so
 * that streams stay aligned whatever values come out.
 */
#ifndef SIM_ENGINE_DRAW_H
#define SIM_ENGINE_DRAW_H

#include "model/stats/dist.h"
#include "stream.h"

#include <math.h>

/* One draw in ms, not rounded; for all kinds. The dist must be resolved (dist.h). */
double draw_by_kind(const struct dist *dist, struct stream *stream);

/* Rounded to ms, in 0..DIST_MAX_MS. The dist must be resolved. Exponential draws are inline: they
 * are so cheap that the call would show. */
static inline int64_t draw_ms(const struct dist *dist, struct stream *stream)
{
    double ms = dist->kind == DIST_EXPONENTIAL ? -dist->a * log(stream_uniform(stream))
                                               : draw_by_kind(dist, stream);
    return ms < DIST_MAX_MS ? (int64_t)(ms + 0.5) : (int64_t)DIST_MAX_MS;
}

#endif
