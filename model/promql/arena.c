#include "arena.h"

#include "model/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 4096
#define BLOCK_MOST (1 << 20)

struct block {
    struct block *next;
    size_t size, used;
    _Alignas(16) char bytes[];
};

struct arena {
    struct block *first, *now;
    size_t next_size;
};

struct arena *arena_open(void)
{
    struct arena *arena = calloc(1, sizeof *arena);
    UND_ASSERT(arena != NULL);
    arena->next_size = BLOCK;
    return arena;
}

void arena_close(struct arena *arena)
{
    if (!arena)
        return;
    for (struct block *block = arena->first, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    free(arena);
}

void arena_rewind(struct arena *arena)
{
    for (struct block *block = arena->first; block; block = block->next)
        block->used = 0;
    arena->now = arena->first;
}

/* The next block with room, from those that a rewind left or a new one. */
static struct block *find_block(struct arena *arena, size_t bytes)
{
    struct block *block = arena->now, *fresh;
    size_t size = arena->next_size;
    while (block && block->size - block->used < bytes && block->next)
        block = block->next;
    if (block && block->size - block->used >= bytes) {
        arena->now = block;
        return block;
    }
    if (size < bytes)
        size = bytes;
    fresh = malloc(sizeof *fresh + size);
    UND_ASSERT(fresh != NULL);
    fresh->next = NULL;
    fresh->size = size;
    fresh->used = 0;
    if (block)
        block->next = fresh;
    else
        arena->first = fresh;
    if (arena->next_size < BLOCK_MOST)
        arena->next_size *= 2;
    return arena->now = fresh;
}

void *arena_take(struct arena *arena, size_t bytes)
{
    struct block *block = arena->now;
    void *taken;
    bytes = (bytes + 15) & ~(size_t)15;
    if (!block || block->size - block->used < bytes)
        block = find_block(arena, bytes);
    taken = block->bytes + block->used;
    block->used += bytes;
    return memset(taken, 0, bytes);
}

char *arena_text(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_take(arena, length + 1);
    memcpy(copy, text, length);
    return copy;
}

void *arena_grow(struct arena *arena, const void *old, size_t old_bytes, size_t new_bytes)
{
    void *grown = arena_take(arena, new_bytes);
    if (old_bytes)
        memcpy(grown, old, old_bytes);
    return grown;
}
