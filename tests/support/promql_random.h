/*
 * Random PromQL over random series, for comparisons with the real promtool.
 */
#ifndef TESTS_SUPPORT_PROMQL_RANDOM_H
#define TESTS_SUPPORT_PROMQL_RANDOM_H

#include <stdint.h>
#include <stdio.h>

struct promql_random {
    uint64_t state;
    int depth;
    FILE *out;
};

/* 0 .. n - 1 */
int promql_random_below(struct promql_random *random, int n);
/* Values in the notation of test files: gaps, resets, staleness, NaN, infinities. */
void promql_random_values(struct promql_random *random, int n);
/* An expression of the whole grammar of version 2; one in ten is broken. */
void promql_random_expression(struct promql_random *random);

#endif
