/*
 * Rehearsals: the drill of a scenario played in the simulated world, many times, by the same code
 * (model/drill/drill_run.h) that plays it in the real one. What comes out is the prediction that a
 * live drill is judged by.
 *
 * Replication r draws what replication r of `understudy sim` with the same seed draws: the same
 * jobs, the same phases of polls, scrapes and evaluations, the fault at the same moment (unless the
 * preconditions did not hold then). So the prediction agrees with the simulation but for what a
 * drill adds: its errors of measurement, and answers that take their time. The result depends on
 * (scenario, seed, number of replications) alone, whatever the number of threads.
 */
#ifndef SIM_REHEARSAL_REHEARSAL_H
#define SIM_REHEARSAL_REHEARSAL_H

#include "model/drill/drill_run.h"
#include "model/drill/prediction.h"

#define REHEARSAL_REPLICATIONS                                                                     \
    1000 /* so that what one rehearsal in five observes can be judged                              \
          */

struct rehearsal {
    uint64_t seed;
    int64_t replications; /* that are completed; those that were refused are made up for */
    bool observe;         /* the plan is only recorded */
    bool instant; /* answers take no time, as in the simulation: then the measures are the same */
    int threads;  /* 0: one a processor */
    void (*progress)(void *context, int64_t done, int64_t total); /* NULL: none */
    void *context;
};

/* UND_USAGE for a scenario without a drill; UND_FAILED if every replication was refused (with the
 * first reason), or if the policy broke an invariant in one (with the line that reproduces it).
 * `prediction` is the caller's to fini if UND_OK. */
enum und_code rehearsal_run(const struct scenario *scenario, const struct rehearsal *rehearsal,
                            struct prediction *prediction, struct und_err *err);

/* One replication, to be looked at closely; `truth` gets the world's own measures of its incidents
 * (room for `*n_truth`, which becomes their number). */
struct incident;
enum und_code rehearsal_play(const struct scenario *scenario, const struct rehearsal *rehearsal,
                             int64_t replication, struct drill_report *report,
                             struct incident *truth, int *n_truth, struct und_err *err);

#endif
