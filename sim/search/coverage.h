/*
 * What a search has met: how often each host's phase changed to which, what was said, what was
 * waited for in which phase, and which two kinds of fault went on at the same step of the policy
 * (a kind with itself: it alone counts too). Sums, so that they merge in any order.
 */
#ifndef SIM_SEARCH_COVERAGE_H
#define SIM_SEARCH_COVERAGE_H

#include "model/fleet/fault.h"
#include "model/policy/policy.h"

#include <stdio.h>

struct coverage {
    int64_t change[PHASE_COUNT][PHASE_COUNT];
    int64_t host_notice[NOTICE_COUNT], fleet_notice[NOTICE_COUNT];
    int64_t held[PHASE_COUNT][NOTICE_COUNT];
    int64_t pair[FAULT_KINDS][FAULT_KINDS]; /* [smaller][larger] */
};

/* Adds every count of `more` to `sum`. */
void coverage_merge(struct coverage *sum, const struct coverage *more);

/* One step of a policy. */
void coverage_step(struct coverage *coverage, const struct policy_state *before,
                   const struct policy_state *after, const struct plan *plan);

/* Counted once a replication: steps of it have seen these pairs, row by row. */
void coverage_pairs(struct coverage *coverage, const uint64_t met[FAULT_KINDS]);

/* Of all pairs that this fleet can have, how many have been met. */
void coverage_count_pairs(const struct coverage *coverage, const struct fleet *fleet, int *met,
                          int *all);

/* What must come about sometimes in a search that is not blind: its name and how often. Returns
 * how many there are; a fleet of one host has fewer. */
#define COVERAGE_SOMETIMES 24
struct coverage_item {
    const char *name;
    int64_t times;
};
int coverage_sometimes(const struct coverage *coverage, const struct fleet *fleet,
                       struct coverage_item item[COVERAGE_SOMETIMES]);

void coverage_print(FILE *out, const struct coverage *coverage, const struct fleet *fleet);

#endif
