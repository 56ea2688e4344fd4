/*
 * Regular expressions as Prometheus and Alertmanager have them: Go's regexp package (RE2's
 * language), anchored at both ends, run by PCRE2.
 *
 * The pattern is read by Go's grammar and written anew for PCRE2, so that what the two read in
 * different ways (\s, \v, $, {,2}, stacked repetitions ...) means what Go means, and what RE2 does
 * not have (back-references, look-around, possessive and atomic groups, conditions, \Z, counts
 * above 1000 ...) is refused, as there. A text that needs more than REGEX_MATCH_LIMIT steps is
 * tried again by PCRE2's other matcher, which does not backtrack; one that is too much for that is
 * taken for no match. Threads can share a regex.
 *
 * Source: https://github.com/google/re2/wiki/Syntax, Go's regexp/syntax; pcre2pattern(3).
 */
#ifndef MODEL_BASE_REGEX_H
#define MODEL_BASE_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#define REGEX_WHY 160
#define REGEX_MATCH_LIMIT 200000
#define REGEX_BYTES 65536 /* of a pattern */

struct regex;

/* NULL, and why, for what RE2 would refuse. `dot_all`: `.` takes a newline too (Prometheus 3). */
struct regex *regex_open(const char *pattern, bool dot_all, char why[REGEX_WHY]);
void regex_close(struct regex *regex); /* NULL is fine */

/* The whole text. */
bool regex_matches(const struct regex *regex, const char *text);

/* As regex_matches, and `out` is the template with $1, ${1}, ${name} and $$ filled in as Go's
 * Expand does; malloc'd, NULL without a match. */
bool regex_expand(const struct regex *regex, const char *text, const char *template, char **out);
/* The same for every match within the text, not anchored: Go's ReplaceAllString. Malloc'd. */
char *regex_replace_all(const struct regex *regex, const char *text, const char *template);

#endif
