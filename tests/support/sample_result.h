/*
 * Made-up results for the suites of the reports: shaped like the primary's hardware failure, with
 * numbers that nobody measured. Everything is computed from integers, so the golden files hold
 * with every compiler.
 */
#ifndef TESTS_SUPPORT_SAMPLE_RESULT_H
#define TESTS_SUPPORT_SAMPLE_RESULT_H

#include "reports/text/report.h"

#define SAMPLE_RESULT_N 1000

struct sample_result {
    struct scenario scenario;
    struct result result, documented;
    struct report report;
};

/* A fault with claims, samples, hosts, expectations and a timeline. */
void sample_result_failure(struct sample_result *made, const char *name);
/* The same fault with a claim that holds, one that is never observed, and no expectations. */
void sample_result_mixed(struct sample_result *made);
/* A year judged against the objectives. */
void sample_result_year(struct sample_result *made);
/* A steady-state question: no faults, no claims. */
void sample_result_steady(struct sample_result *made);
void sample_result_fini(struct sample_result *made);

#endif
