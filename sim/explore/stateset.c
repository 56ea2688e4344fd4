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

void stateset_fini(struct stateset *set)
{
    free(set->key);
    free(set->index);
}

size_t stateset_bytes(const struct stateset *set)
{
    return set->n * set->stride + set->size * sizeof *set->index;
}

/* Little end first, so that the bytes of a key are the low ones of an integer. */
uint128 stateset_key(const struct stateset *set, uint32_t i)
{
    uint128 key;
    memcpy(&key, set->key + i * set->stride, sizeof key); /* of the next keys too */
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

uint32_t stateset_find(const struct stateset *set, uint128 key)
{
    return set->index[place(set, key)];
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

uint32_t stateset_add(struct stateset *set, uint128 key)
{
    uint32_t at = place(set, key);
    if (set->index[at] != STATESET_NONE)
        return set->index[at];
    UND_ASSERT(set->n < STATESET_MOST / 2);
    if (set->n >= set->size / 8 * 7) {
        grow_index(set);
        at = place(set, key);
    }
    if (set->n == set->reserved) {
        set->reserved += set->reserved / 4 + FIRST_SIZE;
        set->key = realloc(set->key, set->reserved * set->stride + sizeof key);
        UND_ASSERT(set->key != NULL);
    }
    memcpy(set->key + set->n * set->stride, &key, set->stride);
    set->index[at] = set->n;
    return set->n++;
}
