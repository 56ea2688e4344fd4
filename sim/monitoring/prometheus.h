/*
 * A simulated Prometheus server: scrapes with a fixed phase a target, rule groups with a fixed
 * phase each, samples visible when their scrape ends, staleness, range windows, alert states.
 * Semantics and numbers: prometheus-semantics.md sections 1 to 6 (Prometheus 2.42).
 *
 * It lives inside a simulated world that owns the event queue. The world tells it what changes
 * (targets, loads), hands it the events that it pushed, and reads what a controller could read.
 * Scrapes and evaluations that cannot change anything are not events at all: the server sleeps
 * until something it would notice happens, with results bit-identical to ticking (`always_tick`).
 */
#ifndef SIM_MONITORING_PROMETHEUS_H
#define SIM_MONITORING_PROMETHEUS_H

#include "model/fleet/fleet.h"
#include "model/policy/alert.h"
#include "rule_engine.h"
#include "sim/engine/queue.h"
#include "sim/engine/stream.h"
#include "target.h"

struct alertmanager;

/* Called at each change of an alert's state; `context` as given to prometheus_open. It may change
 * targets and values, but not stop the server. */
typedef void prometheus_observer(void *context, int64_t now_ms, int host, int rule,
                                 enum alert_change change);

struct prometheus;

/* All memory is allocated here. Event kinds first_kind..first_kind+PROMETHEUS_EVENTS-1 are its
 * own. `alertmanager` may be NULL. */
#define PROMETHEUS_EVENTS 4
#define PROMETHEUS_PRIORITY 64 /* of its events: 64..96; the Alertmanager's come after them */
#define PROMETHEUS_GROUPS 33   /* later groups have the last one's priority */
/* Ceiling of its events in the queue. */
size_t prometheus_pending(const struct fleet *fleet);
struct prometheus *prometheus_open(const struct fleet *fleet, struct queue *queue,
                                   uint8_t first_kind, struct alertmanager *alertmanager,
                                   prometheus_observer *observer, void *context);
void prometheus_close(struct prometheus *prometheus);
/* Who knows the state that exporters show; only asked where rules are evaluated on series. */
void prometheus_watch(struct prometheus *prometheus, state_observer *observer, void *context);
/* Never sleeps: every scrape and evaluation is an event (for tests, that results are the same). */
void prometheus_always_tick(struct prometheus *prometheus, bool always);

/* Starts a replication at time 0: the server has been running for long, every target up, every
 * value 0, no alerts. Draws the phase of each target and group from `phases`, in a fixed order. The
 * queue must be empty of its events. */
void prometheus_reset(struct prometheus *prometheus, struct stream *phases);

/* How the host answers scrapes from now_ms on. */
void prometheus_target(struct prometheus *prometheus, int64_t now_ms, int host,
                       enum target_state state);
/* The true value of a signal (per mille) from now on: CPU in use (SIGNAL_CPU_RATE and _IRATE are
 * the same value), memory in use, disk busy, recent job duration over its baseline. A scrape that
 * starts at now_ms still sees the value before it, so that simultaneous events may come in any
 * order. */
void prometheus_load(struct prometheus *prometheus, int64_t now_ms, int host, enum signal signal,
                     int64_t value_pm);
/* The same for CPU and memory in use at once, 0..1000: a fleet changes both with every job. */
void prometheus_use(struct prometheus *prometheus, int64_t now_ms, int host, int64_t cpu_pm,
                    int64_t memory_pm);
/* The server dies, and forgets its alerts without a call of the observer; and it comes back:
 * targets and Alertmanager are known 5 s later (S6), alerts begin anew or are restored (section 5).
 */
void prometheus_stop(struct prometheus *prometheus, int64_t now_ms);
void prometheus_start(struct prometheus *prometheus, int64_t now_ms);

void prometheus_event(struct prometheus *prometheus, const struct event *event);

/* What /api/v1/alerts would say now: bit set by severity of the alerts firing for this host. */
unsigned prometheus_firing(const struct prometheus *prometheus, int host);
/* Of the alerts for this host, whatever their severity: how many are in `state`, and since when the
 * earliest of them is active (-1: none). */
int prometheus_alerts(const struct prometheus *prometheus, int host, enum alert_state state,
                      int64_t *active_ms);
int prometheus_count(const struct prometheus *prometheus, enum alert_state state);

#endif
