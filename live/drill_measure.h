/*
 * What a drill measures, from the same events that the policy sees: when each stage was reached,
 * and how wrong that may be. Pure; times are fleet time.
 *
 * Definitions as in DESIGN.md and the simulator (sim/world_incident.c). A job is held up if it
 * waits, after the fault, longer than the fleet's pick-up time explains; service is restored when
 * the first such job starts on another host than the target. Where the fault leaves its host
 * serving, only badly, nobody is held up, and it is the first start elsewhere after routing
 * changed.
 */
#ifndef LIVE_DRILL_MEASURE_H
#define LIVE_DRILL_MEASURE_H

#include "model/scenario.h"
#include "watch.h"

#define DRILL_JOBS 4096 /* tracked; further ones are not measured */

struct drill_job {
    int64_t id, run, attempt;
    char name[GITHUB_NAME * 2];
    bool held_up, inflight, recovered;
};

struct drill_stage {
    int64_t at_ms;    /* -1: not reached */
    int64_t error_ms; /* plus or minus */
};

struct drill_measure {
    const struct scenario *scenario;
    const struct pace *pace;
    bool acting, degrading;
    struct drill_stage stage[MARK_COUNT];
    struct drill_stage recovery; /* the last job that was in flight has been done again */
    struct timeline timeline;
    struct drill_job *job; /* owned */
    size_t n_jobs;
    int queue; /* jobs waiting at the last reading */
    bool inflight_known;
    bool anyone_held_up;
    int64_t believed_until_ms;          /* GitHub's belief in the target; -1: it goes on */
    int64_t pickup_ms;                  /* longer than this is held up */
    int64_t offset_ms, offset_error_ms; /* GitHub's clock, real ms; error -1: not known */
    bool fractions;                     /* its times have fractions of a second */
};

void measure_init(struct drill_measure *measure, const struct scenario *scenario,
                  const struct pace *pace, bool acting);
void measure_fini(struct drill_measure *measure);

/* The injection began and ended then: the fault struck somewhere in between. */
void measure_fault(struct drill_measure *measure, int64_t from_ms, int64_t to_ms);
void measure_revert(struct drill_measure *measure, int64_t at_ms);
void measure_event(struct drill_measure *measure, const struct watch_event *event);

/* The metric in fleet ms, or -1; *error_ms is what it may be wrong by. */
int64_t measure_metric(const struct drill_measure *measure, enum metric metric, int64_t *error_ms);

#endif
