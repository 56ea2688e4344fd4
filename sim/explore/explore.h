/*
 * Every state that the policy can reach, breadth first, with every move from it checked (moves.h,
 * property.h), level by level, so that the first violation found is a shortest one.
 *
 * Threads share a level: they only look states up, gather what is new in pieces of the level, and
 * the pieces are added in the level's order. States, their order and every count are therefore the
 * same with any number of threads.
 */
#ifndef SIM_EXPLORE_EXPLORE_H
#define SIM_EXPLORE_EXPLORE_H

#include "moves.h"
#include "property.h"
#include "stateset.h"

#define EXPLORE_THREADS 16
#define EXPLORE_LEVELS 4096

struct explore_options {
    int threads;         /* 0: one a processor */
    uint32_t max_states; /* 0: as many as a stateset holds; beyond, the exploration is incomplete */
    size_t bitstate;     /* bytes of bits instead of an index, see stateset.h; 0: exact */
    void (*progress)(void *context, const struct stateset *set, int depth);
    void *context;
};

/* What was ever seen, as counts of steps. */
struct explore_visits {
    int64_t change[PHASE_COUNT][PHASE_COUNT]; /* a host's phase before and after */
    int64_t host_notice[NOTICE_COUNT];
    int64_t fleet_notice[NOTICE_COUNT];
    int64_t held[PHASE_COUNT][NOTICE_COUNT]; /* what hosts of a phase wait for after a step */
    int64_t stand_by;                        /* backups standing by */
};

struct explore_violation {
    enum property property; /* PROPERTY_HOLDS: none */
    int host;
    uint32_t state; /* whence */
};

struct explore_result {
    struct stateset set;
    uint32_t level[EXPLORE_LEVELS + 1]; /* the first state of each */
    int depth;                          /* levels, less one */
    int64_t transitions;
    double seconds;
    bool complete;
    bool bitstate; /* states may have been missed: no proof, and no story of a violation */
    struct explore_visits visits;
    struct explore_violation violation;
};

/* Every state that can be reached, from space->first on; explore_fini frees the result. Ends early,
 * `complete` false, at the options' ceilings or the first violation. */
void explore_run(const struct space *space, const struct explore_options *options,
                 struct explore_result *result);
void explore_fini(struct explore_result *result);

#endif
