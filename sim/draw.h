/*
 * Draws from the distributions of model/dist.h. Each draw of one dist takes a fixed number of
 * uniforms (the stages of an Erlang distribution, none of a fixed one, else one: inversion), so
 * that streams stay aligned whatever values come out.
 */
#ifndef SIM_DRAW_H
#define SIM_DRAW_H

#include "model/dist.h"
#include "stream.h"

/* Rounded to ms, in 0..DIST_MAX_MS. The dist must be resolved. */
int64_t draw_ms(const struct dist *dist, struct stream *stream);

#endif
