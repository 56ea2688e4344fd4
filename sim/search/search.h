/*
 * Random schedules, one after the other, until one fails or the time is over.
 *
 * Schedules come in generations of a fixed size. Within a generation threads take them as they
 * come; between generations, in the schedules' order, what they met is added up, and the next
 * generation's focus is drawn from it: of three random pairs of kinds of fault the one that has
 * been met least. So a search of N schedules is the same with any number of threads, and a single
 * schedule can be run again from its number and focus alone.
 *
 * The first failing schedule of a generation is shrunk (shrink.h) and ends the search.
 */
#ifndef SIM_SEARCH_SEARCH_H
#define SIM_SEARCH_SEARCH_H

#include "schedule.h"
#include "trial.h"

#define SEARCH_GENERATION 64
#define SEARCH_REPLICATIONS 4 /* of a schedule */
#define SEARCH_TWICE_EVERY 16 /* schedules, of which one compares digests, of a replication ... */
#define SEARCH_TWICE_MS (12 * 3600000LL) /* ... unless it is longer */
#define SEARCH_THREADS 64

struct search_options {
    uint64_t seed;
    int64_t schedules; /* at most; 0: as time allows */
    int64_t for_ms;    /* of this machine's clock; 0: as schedules say */
    int64_t bound_ms;  /* until all must be well again; 0: schedule_bound_ms */
    int64_t only;      /* this schedule alone, with `focus`; -1: all */
    enum fault_kind focus[2];
    int threads; /* 0: one a processor */
    void (*progress)(void *context, int64_t schedules, double days);
    void *context;
};

struct search_result {
    int64_t schedules, replications, simulated_ms, events;
    int64_t faults, trouble_ms; /* of all replications; the time in which any went on */
    double seconds;
    int64_t bound_ms;
    struct coverage coverage;
    bool failed;
    struct schedule schedule; /* that failed, as drawn */
    struct trial trial;       /* how */
};

/* `scenario` has a policy. */
void search_run(const struct scenario *scenario, const struct search_options *options,
                struct search_result *result);

/* The trial that a search gives a schedule. */
struct trial_options search_trial(const struct schedule *schedule);

#endif
