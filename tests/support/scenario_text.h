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
/* Loads and runs three hours of the fleet below, once and traced. Workload and GitHub are sections
 * of "fleet:", `extra` stands at the top level. */
void scenario_text_play(struct scenario_text *staged, const char *workload, const char *github,
                        const char *extra);
void scenario_text_fini(struct scenario_text *staged);

/* Of the timeline: the first entry at or after from_ms whose text holds `words`; -1 if none. */
int64_t scenario_text_when(const struct scenario_text *staged, int64_t from_ms, const char *words);
int scenario_text_count(const struct scenario_text *staged, const char *words);
/* When the host first has so many slots in the rotation, at or after from_ms; -1: never. */
int64_t scenario_text_admits(const struct scenario_text *staged, int host, int64_t from_ms,
                             int admitted);
/* How many jobs start on the host, until before until_ms. */
int scenario_text_starts(const struct scenario_text *staged, int host, int64_t from_ms,
                         int64_t until_ms);
double scenario_text_mean(const struct scenario_text *staged, enum metric metric);

/* A fleet of P (8 slots) and B (4 slots) as documented, monitored and governed; no arrivals: append
 * what the scenario needs. Sections as YAML text, indented for "fleet:". */
extern const char scenario_text_hosts[], scenario_text_github[], scenario_text_monitoring[],
    scenario_text_policy[];
/* Workloads: a job every half minute, about six run at any time; more than both hosts can do. And
 * the faults in which P has no power from 1 h to 1 h 30 min. */
extern const char scenario_text_calm[], scenario_text_crowded[], scenario_text_dies[];

/* As text to load: one server, exponential service of mean 6 min; the rate of its Poisson arrivals,
 * and what else stands at the top level. */
#define SCENARIO_TEXT_MM1                                                                          \
    "name: mm1\n"                                                                                  \
    "fleet:\n"                                                                                     \
    "  hosts: [{name: P, tier: primary, slots: 1}]\n"                                              \
    "  github: ideal\n"                                                                            \
    "  workload:\n"                                                                                \
    "    arrivals: {kind: poisson, rate: %s}\n"                                                    \
    "    classes: [{name: x, weight: 1, duration: {kind: exponential, mean: 6min}}]\n"             \
    "%s"

#endif
