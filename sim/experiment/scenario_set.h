/*
 * A campaign: scenario files and common options in, one report a file out. What the commands sim,
 * test and whatif share.
 */
#ifndef SIM_EXPERIMENT_SCENARIO_SET_H
#define SIM_EXPERIMENT_SCENARIO_SET_H

#include "experiment.h"
#include "model/options/options.h"
#include "reports/text/report.h"

#include <stdbool.h>

#define SCENARIO_SET_SETS OPTIONS_TEXTS
#define SCENARIO_SET_FILES 1024

struct sequential;

struct scenario_set {
    struct experiment experiment;
    const char *sets[SCENARIO_SET_SETS];
    int n_sets;
    const char *precision_of;              /* as it was given; settled in experiment */
    const char *measures[SCENARIO_FACETS]; /* facets that sim's --metric asks for */
    int n_measures;
    bool json, quiet, all_errors;
    bool list;                           /* a folder, or more than one file: JSON is a list */
    int passed_over;                     /* files of folders that are no scenarios */
    const struct sequential *sequential; /* expectations are decided so; NULL: once, as they are */
    bool compare;                        /* simulate the documented mechanisms as well */
    struct report *report;               /* owned, one a file */
    int n;
};

/* The rows of the options that all simulating commands take, for a struct that has the scenario set
 * as `member`; a command appends its own, and --format. */
#define SCENARIO_SET_ROWS(of, member)                                                              \
    SCENARIO_SET_SEED(of, member),                                                                 \
        {"replications",                                                                           \
         .type = OPTION_WHOLE,                                                                     \
         .argument = "N",                                                                          \
         OPTION_AT(of, member.experiment.replications),                                            \
         .least = 1,                                                                               \
         .most = EXPERIMENT_MAX_REPLICATIONS,                                                      \
         .about = "of each scenario",                                                              \
         .otherwise = "the scenario's own, else 1000 with faults, 100 without"},                   \
        {"precision",                                                                              \
         .type = OPTION_SHARE,                                                                     \
         .argument = "SHARE",                                                                      \
         OPTION_AT(of, member.experiment.precision),                                               \
         .open = true,                                                                             \
         .about = "more replications until a mean's interval is within so much, e.g. 1%"},         \
        {"precision-of",         .type = OPTION_TEXT,                                              \
         .argument = "METRIC",   OPTION_AT(of, member.precision_of),                               \
         .preset = "queue_wait", .about = "whose mean"},                                           \
        SCENARIO_SET_THREADS(of, member), OPTION_SET(of, member.sets, member.n_sets),              \
        {"all-errors", .type = OPTION_FLAG, OPTION_AT(of, member.all_errors),                      \
         .about = "of a file that cannot be used: up to ten, not the first three"},                \
        OPTION_QUIET(of, member.quiet)
#define SCENARIO_SET_SEED(of, member)                                                              \
    {                                                                                              \
        "seed", .type = OPTION_WHOLE, .argument = "N", OPTION_AT(of, member.experiment.seed),      \
                .most = INT64_MAX, .preset = "1", .about = "of the random streams"                 \
    }
#define SCENARIO_SET_THREADS(of, member)                                                           \
    {                                                                                              \
        "threads", .type = OPTION_WHOLE, .argument = "N",                                          \
                   OPTION_AT(of, member.experiment.threads), .least = 1, .most = 64,               \
                   .about = "the result does not depend on them", .otherwise = "one a processor"   \
    }
#define SCENARIO_SET_RULES                                                                         \
    {                                                                                              \
        "precision-of", OPTION_NEEDS, "precision"                                                  \
    }

/* The facet is measured as well; UND_USAGE where the fleet has no such class or host. */
enum und_code scenario_set_measure(struct scenario *scenario, const struct facet *facet,
                                   struct und_err *err);
/* Whether "help" is among what was given to --metric; the list of what it takes is printed then. */
bool scenario_set_lists_metrics(const char *const *given, int n);

bool scenario_set_shows_progress(void); /* on a terminal, not in a pipe */
/* Writes over the last line, at most ten times a second, by any thread. */
void scenario_set_show_often(const char *line);

/* Parses a table that has SCENARIO_SET_ROWS; `out` is the struct that it fills, and `campaign` the
 * set in it. As options_parse. */
int scenario_set_parse(const struct options *options, int argc, char **argv, void *out,
                       struct scenario_set *campaign, struct und_err *err);

/* Files as given; folders stand for the *.yaml, *.yml and *.json scenarios in them, sorted. The
 * strings and the array are the caller's to free with scenario_set_free_paths. */
enum und_code scenario_set_paths(struct scenario_set *campaign, char *const *arguments, int n,
                                 char ***paths, int *n_paths, struct und_err *err);
void scenario_set_free_paths(char **paths, int n);

/* Runs one file after the other; a file that does not load becomes a report with an error, and the
 * first such error's code is returned. */
enum und_code scenario_set_run(struct scenario_set *campaign, char *const *paths, int n);
void scenario_set_fini(struct scenario_set *campaign);

#endif
