/*
 * Detection delays of alert rules, for people and as JSON (`alerts delay`). Times in ms, NAN where
 * there is none.
 */
#ifndef REPORTS_TEXT_DELAY_REPORT_H
#define REPORTS_TEXT_DELAY_REPORT_H

#include "model/fleet/fleet.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define DELAY_REPORT_STAGES 3
#define DELAY_REPORT_ENDS 3
#define DELAY_REPORT_CASES 8 /* faults a rule */

struct delay_quantities {
    double min, p5, p50, mean, p95, p99, max;
};

struct delay_report_stage {
    const char *name;    /* "pending", "firing", "webhook" */
    double never;        /* share of phases at which it does not come about; 1: nothing below */
    bool only_simulated; /* other alerts of the fault decide too: there is no exact distribution */
    bool no_form;        /* ... as its rule's expression has no closed form */
    struct delay_quantities exact, simulated;
    double distance, limit; /* Kolmogorov-Smirnov, and what it may be */
    double met;             /* share that meets the claim */
};

struct delay_report_case {
    char fault[64];
    struct delay_report_stage stages[DELAY_REPORT_STAGES];
    struct delay_report_stage ends[DELAY_REPORT_ENDS]; /* "resolved" ...; simulated only */
};

struct delay_report_rule {
    const struct rule *rule; /* borrowed */
    const char *host;        /* borrowed: the one it was computed for */
    const char *second;      /* borrowed: another one of its group; NULL: none */
    struct delay_report_case cases[DELAY_REPORT_CASES];
    int n;
    char advice[512]; /* "" if there is none to give */
};

struct delay_report {
    struct delay_report_rule *rules; /* owned, by who calls alerts_delay */
    int n;
    double claim_ms;           /* NAN: none */
    char claim_of[FLEET_NAME]; /* whose claim it is: a scenario, or "--claim" */
    int64_t simulations;
};

/* A block a rule: each stage of each fault, exact | simulated. */
void delay_report_print(FILE *out, const struct delay_report *report);
json_t *delay_report_json(const struct delay_report *report); /* new reference */

#endif
