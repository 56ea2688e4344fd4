/*
 * What a suite of scenarios came to, kept in a file, and a later run compared with it: what got
 * worse beyond noise, and which expectations no longer hold.
 *
 * A metric is worse if the difference of the means goes the wrong way (times, waits, backlogs,
 * failures: up; availability, success, jobs done: down) and beyond the interval of the difference,
 * whose error is shared among all comparisons (Bonferroni), so that a suite in which nothing has
 * changed but its seed fails with a probability of at most BASELINE_ERROR. With the same seed,
 * what has not changed differs by nothing at all.
 *
 * {"version":1,"seed":N,"scenarios":{PATH:{"replications":N,"metrics":{NAME:{"mean","half_width",
 * "n"}},"expect":{"metric statistic op limit":"pass|fail|undecided"}}}}
 */
#ifndef SIM_EXPERIMENT_BASELINE_H
#define SIM_EXPERIMENT_BASELINE_H

#include "scenario_set.h"

#include <jansson.h>

#define BASELINE_ERROR 0.05
#define BASELINE_CHANGES 256
#define BASELINE_TEXT 256

/* One difference beyond noise, or a verdict that is another. */
struct change {
    char text[BASELINE_TEXT];
    bool regression; /* else for the better, or a note */
};

struct baseline_changes {
    struct change change[BASELINE_CHANGES];
    int n, regressions, compared; /* metrics and expectations */
    bool more;                    /* than there is room for */
};

/* In place of what the file held. UND_USAGE if it cannot be written. */
enum und_code baseline_write(const char *path, const struct scenario_set *campaign,
                             struct und_err *err);

/* Fills `changes`; what is in the file and was not run is a note, no regression. UND_USAGE for a
 * file that is no baseline of this version. */
enum und_code baseline_compare(const char *path, const struct scenario_set *campaign,
                               struct baseline_changes *changes, struct und_err *err);

/* As lines, or as a Markdown list. */
void baseline_print(FILE *out, const char *path, const struct baseline_changes *changes,
                    bool markdown);

/* New reference: {"path", "compared", "regressions", "changes": [{"regression", "text"}], "more"};
 * `more`: there are others. */
json_t *baseline_changes_json(const char *path, const struct baseline_changes *changes);

#endif
