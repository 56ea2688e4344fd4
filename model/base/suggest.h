/*
 * "Did you mean ...?" for a mistyped key, name or unit: the candidate with the least edit distance
 * (Damerau's restricted form: insert, delete, replace, swap neighbours), case ignored.
 */
#ifndef MODEL_BASE_SUGGEST_H
#define MODEL_BASE_SUGGEST_H

/* The nearest of `candidates` (ended by NULL), or NULL if none is near enough to be meant. */
const char *suggest_nearest(const char *got, const char *const *candidates);

#endif
