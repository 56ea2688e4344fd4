/*
 * A file of a test's own.
 */
#ifndef TESTS_SUPPORT_TEMPORARY_H
#define TESTS_SUPPORT_TEMPORARY_H

#include <stddef.h>

/* Its path, until the next call; whoever asked for it removes it. */
const char *temporary_file(const char *text, size_t length);

#endif
