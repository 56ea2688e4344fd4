/*
 * A campaign: scenario files and common options in, one report a file out. What the commands sim,
 * test and whatif share.
 */
#ifndef SIM_EXPERIMENT_SCENARIO_SET_H
#define SIM_EXPERIMENT_SCENARIO_SET_H

#include "experiment.h"
#include "reports/text/report.h"

#include <getopt.h>
#include <stdbool.h>

#define SCENARIO_SET_SETS 64
#define SCENARIO_SET_FILES 1024

struct scenario_set {
    struct experiment experiment;
    const char *sets[SCENARIO_SET_SETS];
    int n_sets;
    bool json, quiet, all_errors;
    bool list;             /* a folder, or more than one file: JSON is a list */
    int passed_over;       /* files of folders that are no scenarios */
    bool compare;          /* simulate the documented mechanisms as well */
    struct report *report; /* owned, one a file */
    int n;
};

/* The options that all simulating commands take, for getopt_long; a command appends its own. */
#define SCENARIO_SET_OPTIONS                                                                       \
    {"seed", required_argument, NULL, 's'}, {"format", required_argument, NULL, 'f'},              \
        {"quiet", no_argument, NULL, 'q'}, {"all-errors", no_argument, NULL, 'E'},                 \
        {"set", required_argument, NULL, 'S'}, {"replications", required_argument, NULL, 'n'},     \
        {"threads", required_argument, NULL, 'j'}, {"precision", required_argument, NULL, 'p'},    \
    {                                                                                              \
        "precision-of", required_argument, NULL, 'P'                                               \
    }
#define SCENARIO_SET_HELP                                                                          \
    "  --seed N           of the random streams (default 1)\n"                                     \
    "  --replications N   of each scenario (default: the scenario's, else 1000 with faults, 100\n" \
    "                     without)\n"                                                              \
    "  --precision P      more replications until a mean's interval is within P, e.g. 1%\n"        \
    "  --precision-of M   whose mean (default: queue_wait)\n"                                      \
    "  --threads N        (default: one a processor; the result does not depend on it)\n"          \
    "  --set PATH=VALUE   override any value, e.g. fleet.policy.persist=2min; may be repeated\n"   \
    "  --all-errors       of a file that cannot be used: up to ten, not the first three\n"         \
    "  --format text|json\n"                                                                       \
    "  --quiet            the least output; no progress line\n"

bool scenario_set_shows_progress(void);   /* on a terminal, not in a pipe */
void scenario_set_show(const char *line); /* writes over the last one */

void scenario_set_init(struct scenario_set *campaign);
/* One option of getopt_long; false if it is none of ours. Errors go to err. */
bool scenario_set_option(struct scenario_set *campaign, int option, const char *value,
                         struct und_err *err);

/* Says what is wrong with the option that getopt_long has just refused (':' or '?'). */
void scenario_set_refuse_option(int option, char **argv, struct und_err *err);

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
