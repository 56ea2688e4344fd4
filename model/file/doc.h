/*
 * YAML 1.2 core (and so JSON) text as jansson values that know where they stand.
 *
 * libyaml parses; what it yields are events, so that every ceiling holds before memory is spent.
 * A struct doc remembers, for each member of each mapping and each item of each list, the file and
 * the line; values of several files may be joined in one doc. Core schema: only true, false, null
 * and ~ are special, numbers are decimal, 0o17 or 0xf; `yes` and `on` are strings. Refused, with
 * one line "file:line: ...": duplicate keys, tags, .nan and .inf, several documents, NUL bytes,
 * text that is not UTF-8, and whatever exceeds the ceilings below.
 *
 * Files of programs written in Go are read as those read them (`foreign`): every scalar but a plain
 * null is a string as it was written (a label "1.10" is no number), `<<` merges mappings, tags say
 * nothing, nothing at all is null, and a stream may hold several documents: doc_load gives the
 * first, doc_load_all a list of all.
 *
 * Files: regular files or pipes. Errors: UND_USAGE. Ownership: values are the caller's references;
 * the doc owns only the positions, and must live as long as they are asked for.
 */
#ifndef MODEL_FILE_DOC_H
#define MODEL_FILE_DOC_H

#include "model/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define DOC_BYTES (8 * 1024 * 1024)           /* a file */
#define DOC_FOREIGN_BYTES (128 * 1024 * 1024) /* 100,000 rules, each with its annotations */
#define DOC_DEPTH 16                          /* nesting */
#define DOC_FOREIGN_DEPTH 100                 /* routes in routes in routes */
#define DOC_VALUES 100000                     /* in all files of a doc, aliases expanded */
#define DOC_FOREIGN_VALUES 4000000
#define DOC_FILES 1000
#define DOC_PATH 512
#define DOC_SHOWN 64 /* bytes of doc_show's text */

struct doc {
    struct doc_position *positions; /* by parent and key, see doc.c */
    size_t n_positions, capacity;
    json_t *files;   /* names, as the user gave them */
    json_t *written; /* numbers that would be printed otherwise, by address -> text */
    size_t n_values, n_aliased;
    bool foreign; /* read as Go's YAML does; set it before loading */
    bool shallow; /* only the keys of mappings: their values are all null; set it before loading */
};

/* Where a value stands, and how messages call it. */
struct spot {
    const char *file; /* the doc's */
    int line;         /* of the value, from 1; 0: no lines there */
    int key_line;     /* of its key */
    char name[64];    /* "slots", "labels[2]" */
};

/* An empty doc in the caller's memory; fini forgets the positions, values stay their owners'. */
void doc_init(struct doc *doc);
void doc_fini(struct doc *doc);

/* `root` is a new reference; on error NULL. */
enum und_code doc_load(struct doc *doc, const char *path, json_t **root, struct und_err *err);
/* Of a foreign doc: the list of the documents in the file, which may be empty. */
enum und_code doc_load_all(struct doc *doc, const char *path, json_t **list, struct und_err *err);

enum doc_source { DOC_FILE, DOC_ARGUMENT }; /* an argument of the command line has no lines */

/* `name` stands for the file in messages. */
enum und_code doc_parse(struct doc *doc, enum doc_source source, const char *name, const char *text,
                        size_t length, json_t **root, struct und_err *err);

/* Where a member, an item or a whole document stands in its file. */
struct spot doc_member(const struct doc *doc, const json_t *mapping, const char *key);
struct spot doc_item(const struct doc *doc, const json_t *list, size_t index, const char *name);
struct spot doc_root(const struct doc *doc, const json_t *root);
/* Says that `key` of `mapping` (whose value is about to be set) stands where `spot` is. */
void doc_place(struct doc *doc, const json_t *mapping, const char *key, const struct spot *spot);
/* The same for an item. */
void doc_place_item(struct doc *doc, const json_t *list, size_t index, const struct spot *spot);

#define DOC_WHERE (DOC_PATH + 96)

/* "file:line: name", as far as there are such. */
const char *doc_where(const struct spot *spot, char text[DOC_WHERE]);
/* doc_where, ": " and the message; UND_USAGE. */
enum und_code doc_fail(const struct spot *spot, struct und_err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A value as messages show it: on one line, printable, cut to size; numbers as they were written
 * (NULL: values of a foreign doc, which has none). */
const char *doc_show(const struct doc *doc, const json_t *value, char text[DOC_SHOWN]);
/* A text, without quotes that it does not have. */
const char *doc_show_text(const char *value, char text[DOC_SHOWN]);

/* `path` as seen from the folder of the file that names it (of an argument: from here); an error at
 * `spot` if that file is not there to be read. */
enum und_code doc_relative(const struct spot *spot, const char *path, char out[DOC_PATH],
                           struct und_err *err);

#endif
