/*
 * What a query finds in one series: the instant selector, rate and irate, and the condition of an
 * alert rule over them, with Prometheus 2.42's own arithmetic (promql/functions.go), so that the
 * simulator and `alerts eval` decide alike, and both like the real server.
 *
 * Samples are in order of time and all visible at the time of the query. Times are milliseconds.
 * Only + - * / on doubles, in Prometheus' order: the same bits on every machine and build.
 * Source: prometheus-semantics.md section 2 (windows are closed on both sides in 2.x).
 */
#ifndef SIM_MONITORING_SERIES_H
#define SIM_MONITORING_SERIES_H

#include "model/fleet/fleet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sample {
    int64_t at_ms;
    double value;
    bool stale; /* a staleness marker: the series ended here */
};

/* Does the rule's expression have a result? The samples are those of the series that its signal
 * reads: `up`, seconds of CPU idle or of disk busy (counters), or a gauge in units of 1. */
bool series_matches(const struct rule *rule, const struct sample *samples, size_t n, int64_t now_ms,
                    int64_t lookback_ms);

#endif
