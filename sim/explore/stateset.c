#include "stateset.h"
#include "model/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 1024

void stateset_init(struct stateset *set, int bits)
{
    UND_ASSERT(bits > 0 && bits <= 128);
    *set = (struct stateset){.stride = (size_t)(bits + 7) / 8, .size = FIRST_SIZE};
    set->mask = ~(uint128)0 >> (128 - bits);
    set->index = malloc(set->size * sizeof *set->index);
    UND_ASSERT(set->index != NULL);
    memset(set->index, 0xFF, set->size * sizeof *set->index);
}

void stateset_init_bits(struct stateset *set, int bits, size_t bytes)
{
    stateset_init(set, bits);
    free(set->index);
    set->index = NULL;
    set->size = 0;
    set->seen_bits = (uint64_t)bytes * 8;
    set->seen = calloc(1, bytes);
    UND_ASSERT(set->seen != NULL);
}

void stateset_fini(struct stateset *set)
{
    free(set->seen);
    free(set->key);
    free(set->index);
}

size_t stateset_bytes(const struct stateset *set)
{
    return (set->n - set->first) * set->stride + set->size * sizeof *set->index +
           (size_t)(set->seen_bits / 8);
}

/* Little end first, so that the bytes of a key are the low ones of an integer. */
uint128 stateset_key(const struct stateset *set, uint32_t i)
{
    uint128 key;
    memcpy(&key, set->key + (i - set->first) * set->stride, sizeof key); /* of the next keys too */
    return key & set->mask;
}

static uint32_t home(const struct stateset *set, uint128 key)
{
    return (uint32_t)((stateset_hash(key) >> 32) * set->size >> 32);
}

/* Where the key is, or the empty place where it belongs. */
static uint32_t place(const struct stateset *set, uint128 key)
{
    uint32_t at = home(set, key);
    while (set->index[at] != STATESET_NONE && stateset_key(set, set->index[at]) != key)
        at = at + 1 == set->size ? 0 : at + 1;
    return at;
}

/* ---- bits ---- */

static void places(const struct stateset *set, uint128 key, uint64_t place[2])
{
    uint64_t hash = stateset_hash(key);
    place[0] = (uint64_t)((uint128)hash * set->seen_bits >> 64);
    hash = stateset_hash(key ^ 0x9E3779B97F4A7C15u) * 0xD6E8FEB86659FD93u;
    place[1] = (uint64_t)((uint128)hash * set->seen_bits >> 64);
}

static bool seen(const struct stateset *set, const uint64_t place[2])
{
    return set->seen[place[0] / 8] >> place[0] % 8 & set->seen[place[1] / 8] >> place[1] % 8 & 1;
}

void stateset_forget(struct stateset *set, uint32_t before)
{
    if (!set->seen)
        return;
    memmove(set->key, set->key + (before - set->first) * set->stride,
            (set->n - before) * set->stride);
    set->first = before;
}

/* ---- all ---- */

static void append(struct stateset *set, uint128 key)
{
    if (set->n - set->first == set->reserved) {
        set->reserved += set->reserved / 4 + FIRST_SIZE;
        set->key = realloc(set->key, set->reserved * set->stride + sizeof key);
        UND_ASSERT(set->key != NULL);
    }
    memcpy(set->key + (set->n++ - set->first) * set->stride, &key, set->stride);
}

uint32_t stateset_find(const struct stateset *set, uint128 key)
{
    uint64_t bits[2];
    if (!set->seen)
        return set->index[place(set, key)];
    places(set, key, bits);
    return seen(set, bits) ? 0 : STATESET_NONE;
}

static void grow_index(struct stateset *set)
{
    uint32_t i;
    free(set->index);
    set->size += set->size / 2;
    set->index = malloc(set->size * sizeof *set->index);
    UND_ASSERT(set->index != NULL);
    memset(set->index, 0xFF, set->size * sizeof *set->index);
    for (i = 0; i < set->n; i++)
        set->index[place(set, stateset_key(set, i))] = i;
}

static uint32_t add_bits(struct stateset *set, uint128 key)
{
    uint64_t bits[2];
    int i;
    places(set, key, bits);
    if (seen(set, bits))
        return 0;
    for (i = 0; i < 2; i++)
        set->seen[bits[i] / 8] |= (unsigned char)(1 << bits[i] % 8);
    append(set, key);
    return set->n - 1;
}

uint32_t stateset_add(struct stateset *set, uint128 key)
{
    uint32_t at;
    UND_ASSERT(set->n < STATESET_MOST / 2);
    if (set->seen)
        return add_bits(set, key);
    at = place(set, key);
    if (set->index[at] != STATESET_NONE)
        return set->index[at];
    if (set->n >= set->size / 8 * 7) {
        grow_index(set);
        at = place(set, key);
    }
    set->index[at] = set->n;
    append(set, key);
    return set->n - 1;
}
