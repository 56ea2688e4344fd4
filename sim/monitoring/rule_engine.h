/*
 * Rules that are no signals, evaluated as they stand on the series that the simulated hosts export:
 * recording rules before what reads them, in the order of their group, by model/promql.
 *
 * Nothing is evaluated that cannot have a result. An alert whose expression is out of its bounds in
 * this fleet is not evaluated ever; any other one is bounded at each evaluation of its group by the
 * scrapes in its windows (model/series/bounds.h), and evaluated only where it might have a result,
 * or has alerts. Results are the same as by evaluating always.
 *
 * It belongs to a simulated Prometheus (prometheus.h), which tells it the time, what changes, and
 * when to scrape.
 */
#ifndef SIM_MONITORING_RULE_ENGINE_H
#define SIM_MONITORING_RULE_ENGINE_H

#include "model/policy/alert.h"
#include "model/series/exporter.h"

/* Fills in what the world knows of a host, or of the fleet (host n_hosts), at this moment: all but
 * the use of CPU, memory and disk, times and load. */
typedef void state_observer(void *context, int host, struct host_state *state);

struct rule_engine;

/* The fleet is borrowed; it has series rules. */
struct rule_engine *rule_engine_open(const struct fleet *fleet);
void rule_engine_close(struct rule_engine *engine);
void rule_engine_observe(struct rule_engine *engine, state_observer *observer, void *context);
/* Evaluates every rule at every evaluation (for tests, that results are the same). */
void rule_engine_always(struct rule_engine *engine, bool always);

/* Does this one of monitoring.series ever have to be evaluated? */
bool rule_engine_live(const struct rule_engine *engine, int rule);

/* --- scrapes --- */

int rule_engine_targets(const struct rule_engine *engine);
/* False: nobody reads its series. */
bool rule_engine_wants(const struct rule_engine *engine, int target);
/* Its interval and timeout. */
const struct scrape_job *rule_engine_job(const struct rule_engine *engine, int target);
/* The host whose machine answers; -1: it is beside the server. */
int rule_engine_answers(const struct rule_engine *engine, int target);
enum exporter rule_engine_exporter(const struct rule_engine *engine, int target);

/* A replication begins: scraped for as long as windows go, every machine idle, no alerts. */
void rule_engine_reset(struct rule_engine *engine);
void rule_engine_phase(struct rule_engine *engine, int target, int64_t phase_ms);
/* One scrape: its outcome, and when it ends. */
void rule_engine_scrape(struct rule_engine *engine, int target, int64_t now_ms, int64_t visible_ms,
                        bool up, bool lost);

/* --- what changes --- */

/* From now on the host uses so much of its processors and memory, per mille. */
void rule_engine_use(struct rule_engine *engine, int64_t now_ms, int host, int64_t cpu_pm,
                     int64_t memory_pm);
/* From now on its disk is busy for so much of the time, per mille. */
void rule_engine_disk(struct rule_engine *engine, int64_t now_ms, int host, int64_t busy_pm);
/* Does a probe reach it? An observer knows better. */
void rule_engine_reach(struct rule_engine *engine, int host, bool reached);
void rule_engine_boot(struct rule_engine *engine, int64_t now_ms, int host);
/* The server dies: alerts are forgotten, all but ALERTS_FOR_STATE, and the scrapes in flight. */
void rule_engine_stop(struct rule_engine *engine, int64_t now_ms);

/* --- evaluation --- */

void rule_engine_run(struct rule_engine *engine, int rule, int64_t now_ms);
/* After the second evaluation since the server's start: its alerts go on waiting where the last
 * process left off, and it writes ALERTS again. */
void rule_engine_restore(struct rule_engine *engine, int rule, int64_t now_ms);
/* Of the alerts of a rule that are about the host: the furthest state that any has, and since when
 * the first of those is active. */
enum alert_state rule_engine_state(const struct rule_engine *engine, int rule, int host,
                                   int64_t *active_ms);
/* Has it no alerts at all, not even resolved ones? */
bool rule_engine_idle(const struct rule_engine *engine, int rule);

#endif
