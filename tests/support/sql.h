/*
 * One number out of a journal, read beside whoever writes it.
 */
#ifndef TESTS_SUPPORT_SQL_H
#define TESTS_SUPPORT_SQL_H

#include <stddef.h>
#include <stdint.h>

/* The first column of the query's first row, which must be there, in the file `path`. */
int64_t sql_number(const char *path, const char *query);
/* The same as a text; "" for NULL. */
void sql_text(const char *path, const char *query, char *out, size_t size);

#endif
