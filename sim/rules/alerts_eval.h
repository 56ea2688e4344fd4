/*
 * Alert states for given samples: what Prometheus would say at each evaluation (`alerts eval`).
 *
 * Input is JSON:
 *   {"lookback_s": 300, "cases": [{"id", "kind": "up|gauge|rate", "eval_s", "for_s", "keep_s",
 *     "end_s", "alert", "series": [{"instance", "samples": [[t_s, value|null], ...]}]}]}
 * null is a staleness marker, a time left out no sample. `up` asks for == 0, `gauge` for > 0.85,
 * `rate` for 1 - rate(an idle counter over 5 min) > 0.85. Evaluations are at 0, eval_s, 2 eval_s
 * ... up to end_s. Where rules are given, the case's rule is the one named `alert`, or the only one
 * of the case's kind, and replaces the condition, for_s and keep_s, and eval_s if its group has an
 * interval of its own.
 *
 * Output: {"id": [[t_s, "instance", "pending"|"firing", active_at_s], ...], ...}, in order of time
 * and instance; inactive alerts are left out. Times with up to three decimals.
 * The very functions of the simulated Prometheus decide (series.h, alert.h).
 */
#ifndef SIM_RULES_ALERTS_EVAL_H
#define SIM_RULES_ALERTS_EVAL_H

#include "model/base/err.h"
#include "model/fleet/fleet.h"

#include <jansson.h>

#define ALERTS_EVAL_BYTES (64L * 1024 * 1024)
#define ALERTS_EVAL_STEPS 1000000 /* evaluations of a case */

/* `name` stands for the input in messages. The result is a new reference; NULL on error. */
json_t *alerts_eval(const json_t *input, const char *name, const struct rule *rules, int n_rules,
                    struct und_err *err);

/* Reads the input file; NULL on error. */
json_t *alerts_eval_load(const char *path, struct und_err *err);

#endif
