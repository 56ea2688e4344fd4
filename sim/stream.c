#include "stream.h"

/* Polynomials x^(2^128) and x^(2^192) modulo the generator's characteristic polynomial, as
 * published with xoshiro256++. */
static const uint64_t jump_polynomial[4] = {0x180ec6d33cfd0aba, 0xd5a61266f0c9392c,
                                            0xa9582618e03fc9aa, 0x39abdc4529b1661c};
static const uint64_t long_jump_polynomial[4] = {0x76e15d3efefdcbbf, 0xc5004e441c522fb3,
                                                 0x77710069854ee241, 0x39109bb02acbe635};

static uint64_t split_mix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

void stream_seed(struct stream *base, uint64_t seed)
{
    int i;
    for (i = 0; i < 4; i++)
        base->s[i] = split_mix(&seed);
}

static void advance(struct stream *stream, const uint64_t polynomial[4])
{
    struct stream sum = {{0}};
    int word, bit, i;
    for (word = 0; word < 4; word++) {
        for (bit = 0; bit < 64; bit++) {
            uint64_t mask = 0 - (polynomial[word] >> bit & 1);
            for (i = 0; i < 4; i++)
                sum.s[i] ^= stream->s[i] & mask;
            stream_next(stream);
        }
    }
    *stream = sum;
}

void stream_jump(struct stream *stream)
{
    advance(stream, jump_polynomial);
}

void stream_long_jump(struct stream *base)
{
    advance(base, long_jump_polynomial);
}

void stream_split(const struct stream *base, struct stream *streams, size_t n)
{
    struct stream next = *base;
    size_t i;
    for (i = 0; i < n; i++) {
        streams[i] = next;
        stream_jump(&next);
    }
}

static void gsl_set(void *state, unsigned long seed)
{
    stream_seed(state, seed);
}

static unsigned long gsl_get(void *state)
{
    return stream_next(state);
}

static double gsl_get_double(void *state)
{
    return stream_uniform(state);
}

static const gsl_rng_type xoshiro256pp = {
    .name = "xoshiro256++",
    .max = UINT64_MAX,
    .min = 0,
    .size = sizeof(struct stream),
    .set = gsl_set,
    .get = gsl_get,
    .get_double = gsl_get_double,
};

const gsl_rng_type *const stream_gsl_type = &xoshiro256pp;
