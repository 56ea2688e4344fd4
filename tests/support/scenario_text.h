/*
 * Scenarios on stage: YAML text in, results out, through the loader and experiment_run.
 */
#ifndef TESTS_SUPPORT_SCENARIO_TEXT_H
#define TESTS_SUPPORT_SCENARIO_TEXT_H

#include "model/load/loader.h"
#include "sim/experiment/experiment.h"

#define SECOND 1000LL
#define MINUTE 60000LL
#define HOUR 3600000LL
#define DAY (24 * HOUR)

struct scenario_text {
    struct scenario scenario;
    struct result result;
};

/* Loads the text, which is written as printf would; fails the test on any error. */
void scenario_text_load(struct scenario_text *staged, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Runs it once more, as asked; an earlier result is forgotten. */
void scenario_text_run(struct scenario_text *staged, struct experiment experiment);
void scenario_text_fini(struct scenario_text *staged);

/* Of the timeline: the first entry at or after from_ms whose text holds `words`; -1 if none. */
int64_t scenario_text_when(const struct scenario_text *staged, int64_t from_ms, const char *words);
int scenario_text_count(const struct scenario_text *staged, const char *words);
double scenario_text_mean(const struct scenario_text *staged, enum metric metric);

/* A fleet of P (8 slots) and B (4 slots) as documented, monitored and governed; no arrivals: append
 * what the scenario needs. Sections as YAML text, indented for "fleet:". */
extern const char scenario_text_hosts[], scenario_text_github[], scenario_text_monitoring[],
    scenario_text_policy[];

#endif
