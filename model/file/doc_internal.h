/* What doc.c (positions, messages, files) and doc_yaml.c (the parser) share. */
#ifndef MODEL_FILE_DOC_INTERNAL_H
#define MODEL_FILE_DOC_INTERNAL_H

#include "doc.h"

#include <stdint.h>

/* Long keys are never asked for by name; their positions need not be told apart. */
#define DOC_PLACE 128

const char *doc_member_place(char place[DOC_PLACE], const json_t *mapping, const char *key);
const char *doc_item_place(char place[DOC_PLACE], const json_t *list, size_t index);
const char *doc_root_place(char place[DOC_PLACE], const json_t *root);
void doc_remember(struct doc *doc, const char *place, int file, int line, int key_line);
const char *doc_file_name(const struct doc *doc, int64_t file);

/* A plain scalar by its looks (core schema); NULL with a reason for what no field could take. */
json_t *doc_resolve(const char *text, const char **why);

#endif
