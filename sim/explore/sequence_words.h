/*
 * The words of sequences (sequence.h): which field each stands for, how its value is written and
 * read.
 */
#ifndef SIM_EXPLORE_SEQUENCE_WORDS_H
#define SIM_EXPLORE_SEQUENCE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum kind { KIND_NUMBER, KIND_DURATION, KIND_YES, KIND_ONE, KIND_SET, KIND_PER_MILLE };

struct word {
    const char *name;
    enum kind kind;
    size_t offset;
    const char *const *names; /* of one, or of a set's bits */
};

/* Tables, each ended by a word without a name: of struct view_host, of struct view, of struct
 * policy_config, and of what it has beyond the document: written only where it is not off. */
extern const struct word sequence_words_host[], sequence_words_fleet[], sequence_words_policy[],
    sequence_words_more[];

/* "name=value", from the field in `base`, the struct of the word's table. */
void sequence_words_write(FILE *out, const struct word *word, const void *base);
bool sequence_words_same(const struct word *word, const void *a, const void *b);
/* "name=value" into its field, by the first table or, unless NULL, by `more`. What else it should
 * have been (static); NULL: it is read. */
const char *sequence_words_read(const struct word *words, const struct word *more, const char *text,
                                void *base);

/* The index of a name of that length, -1: it is not among them. */
int sequence_words_find(const char *const *names, const char *text, size_t length);
bool sequence_words_number(const char *text, int *value);

#endif
