/*
 * Random streams. One stream per purpose and entity, so that changing one thing leaves every other
 * draw the same (common random numbers); replications are far apart in the same sequence.
 * xoshiro256++ with jump and long-jump (Blackman, Vigna 2019), also offered as a gsl_rng_type.
 */
#ifndef SIM_STREAM_H
#define SIM_STREAM_H

#include <stddef.h>
#include <stdint.h>

struct stream {
    uint64_t s[4];
};

/* The base of replication 0 for a seed (SplitMix64 expansion). */
void stream_seed(struct stream *base, uint64_t seed);
/* The base of the next replication: 2^192 draws further. */
void stream_long_jump(struct stream *base);
/* n streams of one replication, 2^128 draws apart; stream i depends on base and i only. */
void stream_split(const struct stream *base, struct stream *streams, size_t n);

uint64_t stream_next(struct stream *stream);
double stream_uniform(struct stream *stream);             /* in (0, 1), 53 bits */
uint32_t stream_below(struct stream *stream, uint32_t n); /* 0..n-1 by one draw */

#endif
