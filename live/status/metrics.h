/*
 * GET /metrics: the state as metrics, in OpenMetrics 1.0 or in the text format 0.0.4 that came
 * before it (which promtool and an old Prometheus read). Every family stands in one table, with its
 * kind, its help and the function that reads it from the state; a value that is not known is left
 * out. Names end in their unit; counters count since the monitor started.
 *
 * Source: OpenMetrics 1.0.0 (prometheus.io/docs/specs/om/open_metrics_spec).
 */
#ifndef LIVE_STATUS_METRICS_H
#define LIVE_STATUS_METRICS_H

#include "status.h"

#include <stdio.h>

#define METRICS_OPEN "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define METRICS_TEXT "text/plain; version=0.0.4; charset=utf-8"

void metrics_print(FILE *out, const struct status *status, bool open);

#endif
