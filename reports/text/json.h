/*
 * Results as JSON, with the keys of CONTRACT.md ("JSON of one simulated scenario") and some more:
 * the times to the alerts, `claims` with their verdicts, `reproduce`, `unstable`,
 * `documented_mechanisms` (null unless they were simulated as well). Times in ms,
 * shares 0..1; null where nothing was observed. jobs_done and jobs_failed are counts over all
 * replications, as simulated_ms and events are.
 */
#ifndef REPORTS_TEXT_JSON_H
#define REPORTS_TEXT_JSON_H

#include "report.h"

#include <jansson.h>

#define JSON_VERSION 1

/* One report is an object; two-space indentation and a newline at the end. `against`, borrowed, is
 * added as "baseline"; NULL: nothing is. */
void json_print(FILE *out, const struct report *report, json_t *against);
/* {"version":1,"results":[...],"passed_over":N}; `passed_over`: files that are no scenarios. */
void json_print_list(FILE *out, const struct report *reports, int n, int passed_over,
                     json_t *against);

/* New reference; {"version", "scenario", "error"} where there is no result. */
json_t *json_report(const struct report *report);
/* Q of CONTRACT.md; new reference. */
json_t *json_quantity(const struct quantity *quantity);

#endif
