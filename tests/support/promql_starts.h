/*
 * Start timestamps, as scripts load them: a line of metric{a="b"}@st beside the one of its samples,
 * with times relative to theirs: -30s-1mx2 _ 0.
 */
#ifndef TESTS_SUPPORT_PROMQL_STARTS_H
#define TESTS_SUPPORT_PROMQL_STARTS_H

#include "model/promql/promql.h"
#include "model/promql/store.h"

/* Is it such a line? */
bool promql_starts_is(const char *line);
/* To be called when the samples are there, which are step_ms apart from 0 on. UND_USAGE: what is
 * wrong with it. */
enum und_code promql_starts_set(struct store *store, const char *line, enum promql_version version,
                                int64_t step_ms, struct und_err *err);

#endif
