/*
 * `understudy alerts test FILE...`: unit tests of rules, as promtool runs them.
 *
 * Exit codes are promtool's: 0, or 1 where a test fails or a file cannot be read.
 */
#ifndef SIM_COMMAND_ALERTS_UNIT_TESTS_H
#define SIM_COMMAND_ALERTS_UNIT_TESTS_H

#include "model/base/err.h"
#include "model/promql/promql.h"

/* Runs the n files at `paths` in order and prints what of them failed, as JSON or as text. */
enum und_code alerts_unit_tests(enum promql_version version, bool json, char *const *paths, int n);

#endif
