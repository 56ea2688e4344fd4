/*
 * What the readers of Prometheus' and Alertmanager's own files share: known keys, texts, durations
 * in Prometheus' notation, and notes on what stands in a file without the model using it.
 *
 * Errors: UND_USAGE, "file:line: key: got X, want Y".
 */
#ifndef MODEL_RULES_PROM_DOC_H
#define MODEL_RULES_PROM_DOC_H

#include "model/file/doc.h"
#include "model/promql/promql.h"

#include <stdbool.h>
#include <stdint.h>

#define PROM_NOTES 1000

/* A reader: its document, where errors and notes go. */
struct prom_reader {
    struct doc *doc;
    json_t *notes; /* list of {"file", "line", "text"}; borrowed */
    struct und_err *err;
    enum promql_version version; /* from 3 on a name is any text */
};

/* The value must be a mapping without other keys than these (ended by NULL). `unused` names keys
 * that may be there and the model does not use: each found is a note. */
enum und_code prom_mapping(const struct prom_reader *reader, const json_t *value,
                           const struct spot *spot, const char *const *keys,
                           const char *const *unused);
/* A list, or nothing (then *list is NULL). */
enum und_code prom_list(const struct prom_reader *reader, const json_t *mapping, const char *key,
                        json_t **list);
/* A text, as the file has it (its doc is foreign); "" if there is none. Borrowed. */
enum und_code prom_string(const struct prom_reader *reader, const json_t *mapping, const char *key,
                          const char **text);
/* A duration; *ms stays as it is if there is none. */
enum und_code prom_duration(const struct prom_reader *reader, const json_t *mapping,
                            const char *key, int64_t *ms);
/* true, yes, on ...; *value stays as it is if there is none. */
enum und_code prom_flag(const struct prom_reader *reader, const json_t *mapping, const char *key,
                        bool *value);
bool prom_bool(const char *text, bool *value); /* false: neither true nor false */
bool prom_has(const json_t *mapping, const char *key);
/* Of a label, of a metric: as that version has them. */
bool prom_is_label(enum promql_version version, const char *name);
bool prom_is_name(enum promql_version version, const char *name);
/* Of all keys of a mapping of labels, or of nothing. */
enum und_code prom_label_names(const struct prom_reader *reader, const json_t *labels);

/* A value as the file has it: its doc being foreign, 5 and "5" are one. */
const char *prom_show(const json_t *value, char text[DOC_SHOWN]);

void prom_note(const struct prom_reader *reader, const struct spot *spot, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A note for each of these keys (ended by NULL) that is there. */
void prom_note_unused(const struct prom_reader *reader, const json_t *mapping,
                      const char *const *keys);

#endif
