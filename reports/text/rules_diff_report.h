/*
 * What an edit of the alert rules does to every scenario: for a terminal, as JSON, and as a comment
 * on a pull request (Markdown). Old and new were simulated with the same random numbers, so that
 * differences are paired by replication.
 */
#ifndef REPORTS_TEXT_RULES_DIFF_REPORT_H
#define REPORTS_TEXT_RULES_DIFF_REPORT_H

#include "model/fleet/result.h"
#include "model/fleet/scenario.h"

#include <jansson.h>
#include <stdio.h>

#define RULES_DIFF_REASON 1024

/* "RunnerOffline: for 2min -> 5min" */
struct rules_diff_change {
    const char *text;
    const char *aside; /* why no scenario shows it; "" if they do */
};

/* What a rule of the new set does to the first scenario's fleet. */
struct rules_diff_rule {
    const char *alert, *effect; /* borrowed */
};

struct rules_diff_metric {
    enum metric metric;
    const struct quantity *before, *after; /* borrowed */
    double difference, half_width;         /* of the means, paired; NAN where there is none */
};

struct rules_diff_verdict {
    const struct verdict *before, *after; /* borrowed */
    char reason[RULES_DIFF_REASON]; /* of one that held and does not now: a sentence; else "" */
};

struct rules_diff_scenario {
    char name[FLEET_NAME];
    const char *path;  /* borrowed */
    const char *error; /* borrowed; why there is nothing below, NULL if there is */
    bool same;         /* the two runs are the same, event by event */
    struct rules_diff_metric metrics[METRIC_COUNT];
    int n_metrics; /* those that differ in any figure shown */
    struct rules_diff_verdict verdicts[SCENARIO_EXPECTS];
    int n_verdicts;
};

struct rules_diff_report {
    const char *before, *after;        /* what was compared, borrowed */
    struct rules_diff_change *changes; /* borrowed */
    int n_changes;
    struct rules_diff_rule *rules; /* borrowed */
    int n_rules;
    const char *trouble;  /* borrowed; why nothing could be compared, or NULL */
    const char *unjudged; /* borrowed; changed alerts that would move jobs and are not simulated:
                             their names, or NULL */
    struct rules_diff_scenario *scenarios; /* owned by who fills it */
    int n;
    uint64_t seed;
};

/* How many expectations fail with the new rules, whatever they did before. */
int rules_diff_failed(const struct rules_diff_report *report);

/* For a terminal; as a comment for a pull request; for scripts. */
void rules_diff_print(FILE *out, const struct rules_diff_report *report);
void rules_diff_print_markdown(FILE *out, const struct rules_diff_report *report);
json_t *rules_diff_json(const struct rules_diff_report *report); /* new reference */

#endif
