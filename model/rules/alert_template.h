/*
 * Templates in the labels of an alert, as far as they follow from its series' labels:
 * {{ $labels.NAME }} or {{ .Labels.NAME }}, also through toUpper, toLower, title and stripPort.
 * A value ({{ $value }}) or a query is known to a running server only, and is left as it stands:
 * go_template.h, which has the server's data at a given time, expands it or fails.
 *
 * Source: Prometheus, template/template.go.
 */
#ifndef MODEL_RULES_ALERT_TEMPLATE_H
#define MODEL_RULES_ALERT_TEMPLATE_H

#include <jansson.h>

/* A new object: an alert's labels, those of its series and over them the rule's own, expanded; one
 * that comes out empty is none. `left` is given those in which something stands as it was written;
 * it may be NULL. */
json_t *alert_template_labels(const json_t *series, const json_t *own, json_t *left);

#endif
