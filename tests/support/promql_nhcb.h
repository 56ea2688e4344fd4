/*
 * Native histograms with custom buckets, made of classic ones that a script loads (load_with_nhcb).
 */
#ifndef TESTS_SUPPORT_PROMQL_NHCB_H
#define TESTS_SUPPORT_PROMQL_NHCB_H

#include "model/promql/store.h"

/* Adds the native histograms of these series' samples from number `before` on. */
void promql_nhcb_add(struct store *store, const int *series, const int *before, int n);

#endif
