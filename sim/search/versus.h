/*
 * Two builds of the program, side by side in the full simulator: what a change of the policy does
 * to a fleet, and which drills it makes stale.
 *
 * Both run the same scenarios with the same seeds (common random numbers), as processes of their
 * own, `BUILD sim FILE --format json`; the differences are paired seed by seed (Student's t over
 * VERSUS_SEEDS means). A drill is stale if its rehearsal by the other build is another to the bit:
 * what was predicted for it, and measured by it, was of another policy.
 */
#ifndef SIM_SEARCH_VERSUS_H
#define SIM_SEARCH_VERSUS_H

#include "model/base/err.h"
#include "model/stats/stats.h"

#include <jansson.h>
#include <stdio.h>

#define VERSUS_SEEDS 12
#define VERSUS_REPLICATIONS 50 /* of each seed */
#define VERSUS_DRILLS 64
#define VERSUS_PATH 512

enum versus_question {
    VERSUS_RTO,      /* a primary loses its power: the RTO */
    VERSUS_FAILOVER, /* the same: detection to routing changed */
    VERSUS_FALSE,    /* its scrapes flap, it is well: failovers */
    VERSUS_FLAPS,    /* it comes and goes: failovers */
    VERSUS_QUESTIONS
};

struct versus {
    struct {
        double here, there;           /* means of the seeds' means; NAN: not observed */
        struct comparison comparison; /* there less here */
    } answer[VERSUS_QUESTIONS];
    char stale[VERSUS_DRILLS][VERSUS_PATH]; /* files */
    int n_stale, n_drills;
};

/* The question as a scenario of that fleet, in a file of its own at `path`, to be removed. */
#define VERSUS_FILE 64
enum und_code versus_write(const char *fleet, enum versus_question question, char path[VERSUS_FILE],
                           struct und_err *err);

/* `fleet` is the fleet's or scenario's file; `here`, `there` the two programs; `sets` go to both.
 * Drills are looked for in the fleet's folder. */
enum und_code versus_run(const char *here, const char *there, const char *fleet,
                         const char *const *sets, int n_sets, struct versus *versus,
                         struct und_err *err);

void versus_print(FILE *out, const struct versus *versus);
json_t *versus_json(const struct versus *versus); /* new reference */

#endif
