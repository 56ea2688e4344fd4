/*
 * Scenarios on stage: YAML text in, results out, through the loader and experiment_run.
 */
#ifndef TESTS_STAGED_H
#define TESTS_STAGED_H

#include "model/loader.h"
#include "sim/experiment.h"

#define SECOND 1000LL
#define MINUTE 60000LL
#define HOUR 3600000LL
#define DAY (24 * HOUR)

struct staged {
    struct scenario scenario;
    struct result result;
};

/* Loads the text, which is written as printf would; fails the test on any error. */
void staged_load(struct staged *staged, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Runs it once more, as asked; an earlier result is forgotten. */
void staged_run(struct staged *staged, struct experiment experiment);
void staged_fini(struct staged *staged);

/* Of the timeline: the first entry at or after from_ms whose text holds `words`; -1 if none. */
int64_t staged_when(const struct staged *staged, int64_t from_ms, const char *words);
int staged_count(const struct staged *staged, const char *words);
double staged_mean(const struct staged *staged, enum metric metric);

/* A fleet of P (8 slots) and B (4 slots) as documented, monitored and governed; no arrivals: append
 * what the scenario needs. Sections as YAML text, indented for "fleet:". */
extern const char staged_hosts[], staged_github[], staged_monitoring[], staged_policy[];

#endif
