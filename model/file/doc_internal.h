/* What doc.c (positions, messages, files), doc_yaml.c (the parser) and doc_scalar.c share. */
#ifndef MODEL_FILE_DOC_INTERNAL_H
#define MODEL_FILE_DOC_INTERNAL_H

#include "doc.h"

#include <stdint.h>

/* What tells places apart: never 0. */
uint64_t doc_member_place(const json_t *mapping, const char *key);
uint64_t doc_item_place(const json_t *list, size_t index);
uint64_t doc_root_place(const json_t *root);
void doc_remember(struct doc *doc, uint64_t place, int file, int line, int key_line);
const char *doc_file_name(const struct doc *doc, int64_t file);

/* All documents of a foreign doc's text, as a list. */
enum und_code doc_parse_all(struct doc *doc, const char *name, const char *text, size_t length,
                            json_t **list, struct und_err *err);

/* A plain scalar by its looks (core schema); NULL with a reason for what no field could take. */
json_t *doc_resolve(const char *text, const char **why);
bool doc_is_null(const char *text);
/* How a number was written, where that is not how it would be printed. */
void doc_remember_text(struct doc *doc, const json_t *number, const char *text);

#endif
