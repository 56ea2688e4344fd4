/*
 * Relabeling: what relabel_configs and alert_relabel_configs do to a set of labels.
 *
 * Labels are a JSON object of texts; an empty text and no label are the same. Source: Prometheus,
 * model/relabel, and the configuration page's <relabel_config>.
 */
#ifndef MODEL_RULES_RELABEL_H
#define MODEL_RULES_RELABEL_H

#include "prom_doc.h"

struct relabel;

/* The list behind `key`, which may be missing. *out is NULL on error, and for an empty list. */
enum und_code relabel_read(const struct prom_reader *reader, const json_t *mapping, const char *key,
                           struct relabel **out);
void relabel_free(struct relabel *relabel);

/* False: dropped. `relabel` may be NULL. */
bool relabel_apply(const struct relabel *relabel, json_t *labels);

#endif
