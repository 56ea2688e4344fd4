#include "stream.h"

#include <pthread.h>

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

void stream_long_jump(struct stream *base)
{
    advance(base, long_jump_polynomial);
}

/* A jump is linear over GF(2), so that of a state is the sum (xor) of those of its 64 groups of
 * four bits: 64 look-ups instead of 256 steps. */
static struct stream jump_of[64][16];
static pthread_once_t jump_once = PTHREAD_ONCE_INIT;

static inline void add(struct stream *sum, const struct stream *other)
{
    sum->s[0] ^= other->s[0];
    sum->s[1] ^= other->s[1];
    sum->s[2] ^= other->s[2];
    sum->s[3] ^= other->s[3];
}

static void build_jump_table(void)
{
    int group, bit, low;
    for (group = 0; group < 64; group++) {
        for (bit = 1; bit < 16; bit *= 2) {
            struct stream *jumped = &jump_of[group][bit];
            jumped->s[group / 16] = (uint64_t)bit << (4 * (group % 16));
            advance(jumped, jump_polynomial);
            for (low = 1; low < bit; low++) {
                jump_of[group][bit + low] = *jumped;
                add(&jump_of[group][bit + low], &jump_of[group][low]);
            }
        }
    }
}

static struct stream jumped(const struct stream *stream)
{
    struct stream sum = {{0}};
    int word, group;
    for (word = 0; word < 4; word++) {
        uint64_t bits = stream->s[word];
        for (group = 16 * word; group < 16 * word + 16; group++, bits >>= 4)
            add(&sum, &jump_of[group][bits & 15]);
    }
    return sum;
}

void stream_split(const struct stream *base, struct stream *streams, size_t n)
{
    size_t i;
    pthread_once(&jump_once, build_jump_table);
    for (i = 0; i < n; i++)
        streams[i] = i == 0 ? *base : jumped(&streams[i - 1]);
}
