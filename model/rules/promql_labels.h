/*
 * Which labels the result of an expression has, given those of the series it reads: an alert has
 * these, and its rule's own.
 *
 * Source: Prometheus, promql/engine.go (aggregation, resultMetric, createLabelsForAbsentFunction).
 */
#ifndef MODEL_RULES_PROMQL_LABELS_H
#define MODEL_RULES_PROMQL_LABELS_H

#include "model/promql/promql.h"
#include "promql_signal.h"

#include <jansson.h>

struct promql_labels {
    bool only;     /* these names and no others; otherwise all but these */
    json_t *names; /* owned: name -> true */
    json_t *set;   /* owned: labels that the expression itself gives (absent) */
    /* private */
    const struct promql_record *records;
    int n_records, nested;
};

/* `records`: recorded metrics, whose labels are those of their expressions. */
void promql_labels_find(struct promql_labels *labels, const struct promql_node *node,
                        const struct promql_record *records, int n_records);
void promql_labels_fini(struct promql_labels *labels);

/* A new object: what is left of a series' labels. */
json_t *promql_labels_of(const struct promql_labels *labels, const json_t *series);

#endif
