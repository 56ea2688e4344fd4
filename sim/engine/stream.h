/*
 * Random streams. One stream per purpose and entity, so that changing one thing leaves every other
 * draw the same (common random numbers); replications are far apart in the same sequence.
 *
 * The generator is xoshiro256++ 1.0, seeded by SplitMix64, with the authors' jump (2^128 draws) and
 * long jump (2^192 draws): Blackman and Vigna, "Scrambled linear pseudorandom number generators",
 * ACM Transactions on Mathematical Software 47 (2021).
 */
#ifndef SIM_ENGINE_STREAM_H
#define SIM_ENGINE_STREAM_H

#include "model/base/int128.h"

#include <stddef.h>
#include <stdint.h>

struct stream {
    uint64_t s[4]; /* never all zero */
};

/* The base of replication 0 for a seed (SplitMix64 expansion). */
void stream_seed(struct stream *base, uint64_t seed);
/* The base of the next replication: 2^192 draws further. */
void stream_long_jump(struct stream *base);
/* n streams of one replication, 2^128 draws apart; stream i depends on base and i only. */
void stream_split(const struct stream *base, struct stream *streams, size_t n);

static inline uint64_t stream_rotate(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

static inline uint64_t stream_next(struct stream *stream)
{
    uint64_t *s = stream->s;
    uint64_t result = stream_rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = stream_rotate(s[3], 45);
    return result;
}

/* In (0, 1), never an end: the odd multiples of 2^-53, so that 1 - u is exact and drawn as often
 * as u. */
static inline double stream_uniform(struct stream *stream)
{
    return (double)(int64_t)(stream_next(stream) >> 11 | 1) * 0x1p-53;
}

/* 0..n-1 by one draw (Lemire's multiply-shift); the bias is below n / 2^64. */
static inline uint32_t stream_below(struct stream *stream, uint32_t n)
{
    return (uint32_t)((uint128)stream_next(stream) * n >> 64);
}

#endif
