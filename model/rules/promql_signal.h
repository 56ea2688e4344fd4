/*
 * What an alert's expression says about a host: which signal, on which side of which threshold.
 *
 * The expression is taken apart as arithmetic: both sides of its comparison become a constant plus
 * multiples of a few known quantities (idle CPU time per second, memory available over total ...),
 * and the comparison is solved for the one that is left. So "100 - avg by (instance) (rate(
 * node_cpu_seconds_total{mode="idle"}[5m])) * 100 > 85" and "(1 - ...) > 0.85" are the same signal.
 *
 * Recognised quantities
 *   up                    up; absent(up)
 *   CPU                   rate, irate or increase of node_cpu_seconds_total, idle or not idle,
 *                         averaged over the CPUs of an instance; a few gauges by their names
 *   memory                node_memory_MemAvailable_bytes (or Free + Buffers + Cached) over
 *                         node_memory_MemTotal_bytes; a few gauges by their names
 *   disk                  rate or irate of node_disk_io_time_seconds_total
 *   job duration          a job-duration metric against another or against itself at another time:
 *                         the recent one over the baseline
 * Metrics that recording rules of the same file define are replaced by their expressions.
 */
#ifndef MODEL_RULES_PROMQL_SIGNAL_H
#define MODEL_RULES_PROMQL_SIGNAL_H

#include "model/fleet/fleet.h"
#include "model/promql/promql.h"

#define SIGNAL_MATCHERS 16
#define SIGNAL_WHY 640

/* Expressions of recording rules, by metric name; borrowed. */
struct promql_record {
    const char *name;
    const struct promql *promql;
};

struct promql_signal {
    enum signal signal;
    bool below;
    int64_t threshold_pm;
    int64_t window_ms;    /* of rate and irate; 0: a gauge */
    bool rounded;         /* the threshold was not a whole per mille */
    bool per_cpu;         /* each CPU of a host is an alert of its own: the mean stands for them */
    char why[SIGNAL_WHY]; /* the derivation, in a sentence or two */
    /* Matchers on the selectors, e.g. job="node", without those that choose the quantity. */
    const struct promql_matcher *matchers[SIGNAL_MATCHERS]; /* the trees' */
    int n_matchers;
    char record[128]; /* the first recorded metric that it reads, "" if there is none */
};

/* UND_USAGE: what keeps the expression from being a signal; `place` and ": " go before it. */
enum und_code promql_signal(struct promql_signal *signal, const struct promql *promql,
                            const struct promql_record *records, int n_records, const char *place,
                            struct und_err *err);

#endif
