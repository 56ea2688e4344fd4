/*
 * Label sets, each held once: two sets are equal if their pointers are. Names and values are held
 * once, too. Sorted by name, none with an empty value.
 *
 * The pool only grows: by the sets that its user's series and results ever had.
 */
#ifndef MODEL_PROMQL_LABELS_H
#define MODEL_PROMQL_LABELS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define LABELS_NAME "__name__"

struct label {
    const char *name, *value;
};

struct labels {
    uint64_t hash;
    struct labels *next; /* in its bucket */
    uint64_t mark;       /* a pool's user's note: see labels_mark */
    int slot;
    int n;
    struct label list[];
};

struct label_pool;

struct label_pool *label_pool_open(void);
void label_pool_close(struct label_pool *pool);

/* The pool's own copy of a text. */
const char *label_pool_text(struct label_pool *pool, const char *text);

/* Of n pairs in any order, later ones of a name winning. */
struct labels *labels_make(struct label_pool *pool, const struct label *list, int n);
struct labels *labels_none(struct label_pool *pool);

const char *labels_get(const struct labels *labels, const char *name); /* "" if it is not there */
struct labels *labels_set(struct label_pool *pool, struct labels *labels, const char *name,
                          const char *value); /* "": takes it out */
struct labels *labels_keep(struct label_pool *pool, struct labels *labels, const char *const *names,
                           int n);
struct labels *labels_drop(struct label_pool *pool, struct labels *labels, const char *const *names,
                           int n);
struct labels *labels_nameless(struct label_pool *pool, struct labels *labels);

/* A new round of marks: in it no set is marked. A marked one has a slot. */
uint64_t labels_round(struct label_pool *pool);

/* By name and value, as Prometheus orders them: <0, 0, >0. */
int labels_compare(const struct labels *a, const struct labels *b);
/* {a="b", c="d"}, the metric's name before it. */
void labels_write(const struct labels *labels, FILE *out);
/* {__name__="x", a="b"}: the name as a label, as errors have it. */
void labels_write_all(const struct labels *labels, FILE *out);

#endif
