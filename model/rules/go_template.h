/*
 * Prometheus' templates in labels and annotations of alerts: Go's text/template as far as rules use
 * it, with Prometheus' functions.
 *
 * Actions: pipelines, if, else if, else, with, range, end, variables, comments, {{- and -}}. Data:
 * .Labels, .Value, .ExternalLabels, .ExternalURL, $labels, $value, $externalLabels, $externalURL.
 * Functions: humanize and its kin, printf, print, query, first, value, label, strvalue, match,
 * reReplaceAll, title, toUpper, toLower, stripPort, stripDomain, parseDuration, comparisons, and,
 * or, not, len, index. define, template and block are refused.
 *
 * Source: Prometheus, template/template.go; Go's text/template.
 */
#ifndef MODEL_RULES_GO_TEMPLATE_H
#define MODEL_RULES_GO_TEMPLATE_H

#include "model/promql/query.h"

struct template_data {
    const struct labels *labels, *external_labels;
    double value;
    const char *external_url;
    /* Evaluates an expression at the alert's time; the vector lives as long as the expansion. */
    enum und_code (*query)(void *context, const char *expression, struct vector *out,
                           struct und_err *err);
    void *context;
};

/* Malloc'd. NULL, and what is wrong, for a template that fails. */
char *go_template_expand(const char *text, const struct template_data *data, struct und_err *err);

#endif
