/*
 * Runs as records of the store. What goes wrong with the store is the run's error only where it has
 * none of its own; else it is a line on standard error: the result has been printed by then, and
 * what became of a drill matters more.
 */
#ifndef REPORTS_STORE_RECORD_H
#define REPORTS_STORE_RECORD_H

#include "reports/drill/drill.h"
#include "reports/text/report.h"
#include "store.h"

#define RECORD_WHO 300

/* "ada at host", "ada as root at host". */
void record_who(char *out, size_t size);
/* SHA-256 over the bytes of the fleet file and of every file that it names (fleets, rules, targets,
 * traces), in the order in which they are read, and the --set overrides, each with its NUL: its
 * first 16 hex digits; "" where the file cannot be read. */
void record_fleet(char out[17], const char *path, const char *const *sets, int n_sets);

/* The failure mode: the kinds of its faults, each once, "+" between them; "": none. */
void record_mode(char *out, size_t size, const struct scenario *scenario);
/* Those that have a result. `path` NULL: nothing is kept. */
enum und_code record_reports(const char *path, enum record_kind kind, const struct report *reports,
                             int n, struct und_err *err);
/* A drill, or its rehearsal where the page has no report. */
enum und_code record_drill(const char *path, const struct drill_page *page, const char *const *sets,
                           int n_sets, struct und_err *err);
/* An exploration or a search: what it tried is in `detail` (borrowed), as its command's JSON. */
enum und_code record_states(const char *path, enum record_kind kind,
                            const struct scenario *scenario, const char *const *sets, int n_sets,
                            int64_t seed, int code, json_t *detail, struct und_err *err);
/* An incident that is over, once: one that is there already is not added again. Its scenario is the
 * host. `incident` is borrowed. */
enum und_code record_incident(const char *path, const struct fleet *fleet, const char *const *sets,
                              int n_sets, json_t *incident, int64_t at_ms, const char *version,
                              struct und_err *err);

#endif
