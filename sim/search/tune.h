/*
 * Which timers: a fleet at many settings of its policy's and its rules' timers, under common random
 * numbers, and the frontier: the settings than which no other is better in one of
 *     MTTD              a primary loses its power: mean time to detection
 *     failover          the same: from detection until no new job is given to it
 *     RTO               the same: to the first job it held up
 *     false failovers   its scrapes flap for four hours, it is well
 *     flapping          failovers while it comes and goes for four hours
 * and worse in none, by their means. Each setting on the frontier is explored (sim/explore): one
 * whose policy breaks a property is not to be had. Recommended is the one in the middle: where the
 * greatest loss, as a share of each measure's range on the frontier, is least.
 *
 * The first setting is the fleet's own; differences to it are paired replication by replication.
 */
#ifndef SIM_SEARCH_TUNE_H
#define SIM_SEARCH_TUNE_H

#include "model/fleet/scenario.h"
#include "model/stats/stats.h"

#include <jansson.h>
#include <stdio.h>

#define TUNE_POINTS 128
#define TUNE_REPLICATIONS 200

enum tune_measure { TUNE_MTTD, TUNE_FAILOVER, TUNE_RTO, TUNE_FALSE, TUNE_FLAPS, TUNE_MEASURES };

struct tune_point {
    int64_t persist_ms, group_wait_ms;
    int confirm;
    int for_pm;                            /* the rules' `for`, per mille of what it is */
    double value[TUNE_MEASURES];           /* NAN: never observed */
    double *sample[TUNE_MEASURES];         /* by replication; owned */
    struct estimate change[TUNE_MEASURES]; /* to the fleet's own */
    bool frontier, explored, safe;
};

struct tune_options {
    uint64_t seed;
    int64_t replications; /* 0: TUNE_REPLICATIONS */
    int threads;
    void (*progress)(void *context, int done, int all);
    void *context;
};

struct tune {
    struct tune_point point[TUNE_POINTS];
    int n, recommended; /* recommended: -1 none */
    int64_t replications;
    double seconds;
};

/* `path` is the fleet's file. */
enum und_code tune_run(const char *path, const char *const *sets, int n_sets,
                       const struct tune_options *options, struct tune *tune, struct und_err *err);
void tune_fini(struct tune *tune);

/* Marks the settings that no other dominates; a measure that is NAN counts as infinite. */
void tune_find_frontier(struct tune *tune);

void tune_print(FILE *out, const struct tune *tune);
json_t *tune_json(const struct tune *tune); /* new reference */
/* An SVG: detection against false failovers, the frontier marked. UND_SERVICE without gnuplot. */
enum und_code tune_plot(FILE *out, const struct tune *tune, struct und_err *err);

#endif
