/* Inside of promql_linear.c: the metrics that the model knows, by their names. */
#ifndef MODEL_RULES_PROMQL_METRIC_H
#define MODEL_RULES_PROMQL_METRIC_H

#include "promql_linear.h"

/* A gauge that is a share in use, or what common rule sets record as one. */
struct promql_metric_gauge {
    const char *name;
    enum quantity quantity;
    double factor;     /* 100: per cent */
    int64_t window_ms; /* of a recorded rate */
};

/* Static; NULL: it is none. */
const struct promql_metric_gauge *promql_metric_gauge(const char *name);

/* Durations of jobs and runs, as runners' exporters name them; node_exporter's counters. */
bool promql_metric_is_duration(const char *name);
bool promql_metric_is_cpu(const char *name);
bool promql_metric_is_disk(const char *name);
/* One of node_exporter's figures of memory, in bytes; *quantity says which. */
bool promql_metric_is_memory(const char *name, enum quantity *quantity);

#endif
