/*
 * `test --rules-diff OLD NEW`: every scenario with the old rules and with the new ones, by the same
 * random numbers, and what that changes in figures and verdicts.
 */
#ifndef SIM_RULES_RULES_DIFF_H
#define SIM_RULES_RULES_DIFF_H

#include "sim/experiment/scenario_set.h"

struct rules_diff {
    const char *before, *after; /* rule files, configurations, or folders: see rules_input.h */
    const char *markdown;       /* file to write the comment to; NULL: none */
    const char *junit;          /* file to write the new rules' verdicts to; NULL: none */
};

/* Prints what it found. UND_FAILED where an expectation fails with the new rules; UND_USAGE where
 * something could not be read or simulated, so that there is no verdict. */
enum und_code rules_diff_run(const struct rules_diff *diff, const struct scenario_set *campaign,
                             char *const *paths, int n, struct und_err *err);

#endif
