/*
 * Memory that is freed all at once: the nodes and names of an expression, the values of one
 * evaluation. What is taken is zeroed and stays where it is until the arena is rewound or closed.
 */
#ifndef MODEL_PROMQL_ARENA_H
#define MODEL_PROMQL_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_open(void); /* never NULL */
void arena_close(struct arena *arena);
/* Forgets all that was taken and keeps the memory for what comes next. */
void arena_rewind(struct arena *arena);

void *arena_take(struct arena *arena, size_t bytes);
char *arena_text(struct arena *arena, const char *text, size_t length); /* ended by NUL */
/* A copy of an array with room for more. */
void *arena_grow(struct arena *arena, const void *old, size_t old_bytes, size_t new_bytes);

#endif
