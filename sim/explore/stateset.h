/*
 * A set of states in the order in which they were found: the packed keys side by side, and a hash
 * index of 32-bit numbers into them (open addressing, at most 7/8 full, grown by half).
 *
 * Memory: ceil(bits / 8) + 4.6 to 6.9 bytes a state, plus what the arrays have in reserve. Finding
 * is safe from several threads while nobody adds.
 *
 * Beyond memory, bits instead of an index (Holzmann's bitstate hashing, "The Model Checker SPIN",
 * 1997): a state is taken for an old one if its two bits in a table of fixed size are set, which
 * other states may have done, and keys are kept only as long as somebody means to read them. States
 * may be missed; none is taken for new that is old.
 */
#ifndef SIM_EXPLORE_STATESET_H
#define SIM_EXPLORE_STATESET_H

#include "model/base/int128.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATESET_NONE UINT32_MAX
#define STATESET_MOST (UINT32_MAX - 1)

struct stateset {
    unsigned char *key;
    size_t stride, reserved;
    uint128 mask; /* the bits of a key */
    uint32_t n;
    uint32_t *index; /* STATESET_NONE where empty; NULL with bits */
    uint32_t size;
    unsigned char *seen; /* the bits; NULL with an index */
    uint64_t seen_bits;
    uint32_t first; /* whose key is kept; 0 with an index */
};

/* Empty, for keys of that many bits; stateset_fini frees. Ends the program where there is no
 * memory. */
void stateset_init(struct stateset *set, int bits);
void stateset_init_bits(struct stateset *set, int bits, size_t bytes); /* of memory for the table */
void stateset_fini(struct stateset *set);
size_t stateset_bytes(const struct stateset *set); /* in use */

uint32_t stateset_find(const struct stateset *set,
                       uint128 key);                      /* or STATESET_NONE; with bits any */
uint32_t stateset_add(struct stateset *set, uint128 key); /* new or old */
/* Of state i < n; with bits of those not forgotten. */
uint128 stateset_key(const struct stateset *set, uint32_t i);

/* With bits: the keys before the state are no longer needed. */
void stateset_forget(struct stateset *set, uint32_t before);

static inline uint64_t stateset_hash(uint128 key)
{
    uint64_t hash = ((uint64_t)key ^ 0x9E3779B97F4A7C15u) * 0xFF51AFD7ED558CCDu;
    hash ^= hash >> 32;
    hash = (hash ^ (uint64_t)(key >> 64)) * 0xC4CEB9FE1A85EC53u;
    return hash ^ hash >> 29;
}

#endif
