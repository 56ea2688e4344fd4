/*
 * Unit tests of rules in the format of `promtool test rules`, with its verdict: alert_rule_test and
 * promql_expr_test on input_series.
 *
 * As there, samples are loaded up to the last evaluation, rules are evaluated from 0 on at each
 * evaluation_interval, alerts are compared with the evaluation at or before their eval_time, and
 * numbers must be equal (fuzzy_compare: within a relative 1e-14). Nothing in a test is an input
 * error but for promtool: what is wrong with a file fails the file.
 *
 * Source: Prometheus 2.42, cmd/promtool/unittest.go; the documentation of unit testing for rules.
 */
#ifndef SIM_RULES_ALERTS_TEST_H
#define SIM_RULES_ALERTS_TEST_H

#include "model/promql/promql.h"

#include <jansson.h>

/* Adds a text to `failures` for each failure and to `warnings`; true if there is no failure. */
bool alerts_test_file(const char *path, enum promql_version version, json_t *failures,
                      json_t *warnings);

#endif
