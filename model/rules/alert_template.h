/*
 * Templates in the labels of an alert, as far as they follow from its series' labels:
 * {{ $labels.NAME }} or {{ .Labels.NAME }}, also through toUpper, toLower, title and stripPort.
 * A value ({{ $value }}) or a query is known to a running server only.
 *
 * Source: Prometheus, template/template.go.
 */
#ifndef MODEL_RULES_ALERT_TEMPLATE_H
#define MODEL_RULES_ALERT_TEMPLATE_H

#include <jansson.h>
#include <stdbool.h>

/* Malloc'd. *whole is false where something was left as it stands. */
char *alert_template_expand(const char *text, const json_t *labels, bool *whole);

#endif
