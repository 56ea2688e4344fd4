/*
 * Private to regex.c and regex_syntax.c.
 */
#ifndef MODEL_BASE_REGEX_INTERNAL_H
#define MODEL_BASE_REGEX_INTERNAL_H

#include "regex.h"

/* The names of the groups, "" where a group has none; the first group is the first of them. */
struct regex_names {
    char **names; /* owned */
    int n;
};

/* The next group has this name, of `length` characters; 0: none. Copied. */
void regex_name(struct regex_names *names, const char *name, size_t length);

/* Go's pattern as PCRE2's, which is valid UTF-8; malloc'd, or NULL and why not. */
char *regex_syntax(const char *pattern, bool newer, struct regex_names *names, char why[REGEX_WHY]);

#endif
