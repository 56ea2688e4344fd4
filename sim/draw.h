/*
 * Draws from the distributions of model/dist.h. Each draw of one dist takes a fixed number of
 * uniforms, so that streams stay aligned.
 */
#ifndef SIM_DRAW_H
#define SIM_DRAW_H

#include "model/dist.h"
#include "stream.h"

int64_t draw_ms(const struct dist *dist, struct stream *stream); /* rounded to ms, >= 0 */

#endif
