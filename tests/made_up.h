/*
 * Made-up results for the suites of the reports: shaped like the primary's hardware failure, with
 * numbers that nobody measured. Everything is computed from integers, so the golden files hold
 * with every compiler.
 */
#ifndef TESTS_MADE_UP_H
#define TESTS_MADE_UP_H

#include "reports/report.h"

#define MADE_UP_N 1000

struct made_up {
    struct scenario scenario;
    struct result result, documented;
    struct report report;
};

/* A fault with claims, samples, hosts, expectations and a timeline. */
void made_up_failure(struct made_up *made, const char *name);
/* The same fault with a claim that holds, one that is never observed, and no expectations. */
void made_up_mixed(struct made_up *made);
/* A year judged against the objectives. */
void made_up_year(struct made_up *made);
/* A steady-state question: no faults, no claims. */
void made_up_steady(struct made_up *made);
void made_up_fini(struct made_up *made);

#endif
