/*
 * Regular expressions as Prometheus and Alertmanager have them: RE2's language, anchored at both
 * ends, matched by PCRE2.
 *
 * What RE2 does not have (back-references, look-around, possessive and atomic groups, recursion,
 * counts above 1000 ...) is refused, as there. A match is given up, as none, after
 * REGEX_MATCH_LIMIT steps: RE2 would have needed linear time, which no back-tracking can promise.
 * Source: https://github.com/google/re2/wiki/Syntax, Go's regexp/syntax.
 */
#ifndef MODEL_BASE_REGEX_H
#define MODEL_BASE_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#define REGEX_WHY 128
#define REGEX_MATCH_LIMIT 1000000
#define REGEX_BYTES 65536 /* of a pattern */

struct regex;

/* NULL, and why, for what RE2 would refuse. `dot_all`: `.` takes a newline too (Prometheus 3). */
struct regex *regex_open(const char *pattern, bool dot_all, char why[REGEX_WHY]);
void regex_close(struct regex *regex);

bool regex_matches(const struct regex *regex, const char *text);

/* Bounds of the groups of a match in `text`: 2 * n offsets, SIZE_MAX where a group took no part.
 * -1: no match; otherwise how many groups there are, the whole being the first. */
int regex_groups(const struct regex *regex, const char *text, size_t *bounds, int n);
/* The number of the group of this name, -1 if there is none. */
int regex_group_number(const struct regex *regex, const char *name);

#endif
