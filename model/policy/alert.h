/*
 * The life of one alert in Prometheus 2.42 (rules/alerting.go, Eval), as a pure state machine
 * (ring 0). One struct alert is one label set of one rule; the caller evaluates the expression.
 *
 * Times are milliseconds on the evaluation clock; evaluations come in increasing order.
 * Source: prometheus-semantics.md section 4: equality fires; absence resolves; keep_firing_for
 * counts from the first absent evaluation; a resolved entry is kept 15 minutes for re-sending.
 */
#ifndef MODEL_POLICY_ALERT_H
#define MODEL_POLICY_ALERT_H

#include <stdbool.h>
#include <stdint.h>

#define ALERT_RESOLVED_RETENTION_MS (15 * 60 * 1000LL)

enum alert_state { ALERT_INACTIVE, ALERT_PENDING, ALERT_FIRING };

struct alert_timing {
    int64_t for_ms;
    int64_t keep_firing_ms;
};

struct alert {
    enum alert_state state;
    int64_t active_ms;     /* evaluation that first saw it; valid unless inactive */
    int64_t fired_ms;      /* evaluation at which it began to fire */
    int64_t keep_since_ms; /* first absent evaluation while kept firing; -1 if none */
    int64_t resolved_ms;   /* evaluation at which it stopped firing; -1 if it has not */
};

/* What one evaluation changed. */
enum alert_change { ALERT_SAME, ALERT_BEGAN, ALERT_FIRED, ALERT_DROPPED, ALERT_RESOLVED };

/* Inactive, never seen. */
void alert_init(struct alert *alert);
/* One evaluation at now_ms, not before the last: is the label set in the result? Returns what it
 * changed. */
enum alert_change alert_step(const struct alert_timing *timing, struct alert *alert, int64_t now_ms,
                             bool present);

/* The last sample of ALERTS_FOR_STATE, which outlives the server. */
struct alert_stored {
    int64_t at_ms, active_ms; /* at_ms -1: there is none, or it is stale */
};
/* Group.RestoreForState, after the second evaluation since the server's start: since when an alert
 * that is active again counts as active; -1: that stays as it is. */
int64_t alert_restored_ms(int64_t for_ms, const struct alert_stored *stored, int64_t now_ms);

#endif
