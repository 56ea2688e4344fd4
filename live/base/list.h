/*
 * Growing a list of what an answer holds, up to a named ceiling. Every list here is a struct with
 * `item`, `n` and `capacity`.
 */
#ifndef LIVE_BASE_LIST_H
#define LIVE_BASE_LIST_H

#include "model/base/err.h"

#include <stddef.h>

/* Room for one more item of `size` bytes: the (possibly moved) array, or NULL and an error. */
void *list_grow(void *item, size_t n, size_t *capacity, size_t size, size_t ceiling,
                const char *place, struct und_err *err);

#endif
