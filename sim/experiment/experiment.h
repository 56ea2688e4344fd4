/*
 * Experiments: independent replications of a scenario in threads, merged into a struct result.
 *
 * The result depends on (scenario, seed, number of replications) alone: replication r draws from
 * the seed's r-th substream whatever thread runs it, and everything is merged in the order of the
 * replications or by integer sums.
 */
#ifndef SIM_EXPERIMENT_EXPERIMENT_H
#define SIM_EXPERIMENT_EXPERIMENT_H

#include "model/base/err.h"
#include "model/fleet/result.h"
#include "model/fleet/scenario.h"

#define EXPERIMENT_REPLICATIONS 1000       /* default of scenarios with faults */
#define EXPERIMENT_STEADY_REPLICATIONS 100 /* default of steady-state questions */
#define EXPERIMENT_TRACE_REPLICATIONS 30   /* of a trace where something is random, 1 else */
#define EXPERIMENT_MAX_REPLICATIONS SCENARIO_REPLICATIONS
#define EXPERIMENT_BYTES (4LL << 30) /* what replications have found is kept; at most so much */
#define EXPERIMENT_PRECISION_REPLICATIONS 30 /* the least on which --precision stops */
#define EXPERIMENT_PRECISION_CEILING 100000  /* and the most, if they do not reach it */

struct experiment {
    uint64_t seed;
    int64_t replications;     /* 0: the scenario's own, or the default */
    double precision;         /* relative half width of a mean to reach; 0: none asked for */
    enum metric precision_of; /* whose mean */
    int threads;              /* 0: one a processor */
    bool trace;               /* fill result.timeline from replication 0 */
    bool rare;                /* fill result.rare: all hosts down at once */
    bool always_tick; /* no sleeping: every scrape, evaluation and poll happens (for tests) */
    /* NULL: none. `reached`: the relative half width so far, NAN where none is asked for. */
    void (*progress)(void *context, int64_t done, int64_t total, double reached);
    void *context;
};

/* How many it begins with. */
int64_t experiment_replications(const struct scenario *scenario,
                                const struct experiment *experiment);

/* UND_USAGE where the scenario cannot be asked (unstable steady state, more replications than can
 * be kept); UND_FAILED with the reproducing line where an invariant broke. `result` is the caller's
 * to fini if UND_OK. */
enum und_code experiment_run(const struct scenario *scenario, const struct experiment *experiment,
                             struct result *result, struct und_err *err);

#endif
