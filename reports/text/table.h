/*
 * The text table of `understudy sim`: a block a scenario (documented | simulated | verdict), in
 * plain words why a claim cannot hold, and one line that sums everything up. No line is wider than
 * TABLE_COLUMNS; nothing but text, so that it works in a pipe.
 */
#ifndef REPORTS_TEXT_TABLE_H
#define REPORTS_TEXT_TABLE_H

#include "report.h"

#include <stdbool.h>

#define TABLE_COLUMNS 100

/* A steady-state question has no faults and so no claims: its answer is the workload. */
#define TABLE_WORKLOAD 7
extern const enum metric table_workload[TABLE_WORKLOAD];

/* With `quiet` one line a scenario and the summary. A scenario that did not run is named; its error
 * is for standard error. */
void table_print(FILE *out, const struct report *reports, int n, bool quiet);

/* Counts over all reports, for the summary line and the HTML page. */
struct table_summary {
    int scenarios, errors, claims, met, not_met, impossible, not_shown, not_decided, no_case;
    int expectations, failed;
};

/* Counts the verdicts and expectations of n reports. */
struct table_summary table_summarise(const struct report *reports, int n);
/* "7 scenarios. 19 documented claims: 2 met, 5 not met, ..." without the end of the line. */
void table_summary_text(const struct table_summary *summary, char *out, size_t size);

/* What the documented mechanisms would change, one line; empty if the report has no such variant.
 */
void table_difference(const struct report *report, char *out, size_t size);
/* "p95 rto_ms <= 9:00: got 8:40 +-0:05", for failed expectations, JUnit and HTML. */
void table_expectation(const struct verdict *verdict, char *out, size_t size);
/* What was left out as a warm-up that was found; whether the precision asked for was missed. */
void table_method(const struct result *result, char *out, size_t size);
/* How often all hosts are down at once, where that was asked. */
void table_rare(const struct rare_result *rare, char *out, size_t size);
/* What a target of several hosts resolves to; empty where the file names the hosts. */
void table_target(const struct report *report, int fault, char *out, size_t size);
/* Jobs, waiting and utilization of a scenario in one line. */
void table_load(const struct report *report, char *out, size_t size);

#endif
