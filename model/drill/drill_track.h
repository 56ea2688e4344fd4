/*
 * What a drill measures: when things happened, as far as someone who only polls can know, and from
 * that the measures of DESIGN.md, each with its error.
 *
 * A moment is a span of time in which something must have happened: between the last look that did
 * not show it and the first that did. A measure runs from the middle of one span to the middle of
 * another; its error is half of both spans together.
 *
 * The definitions are those of sim/world/world_incident.c as they look from outside:
 *   held up    created before GitHub stopped giving jobs to the hosts that were hit (or waiting
 *              when the fault came), and started later than picking up takes
 *   in flight  running on a host that was hit, if the fault takes it away from GitHub
 *
 * Plain data and arithmetic; nothing here reads a clock or allocates.
 */
#ifndef MODEL_DRILL_DRILL_TRACK_H
#define MODEL_DRILL_DRILL_TRACK_H

#include "model/fleet/result.h"
#include "model/fleet/scenario.h"
#include "stage.h"

enum drill_moment {
    MOMENT_FAULT,
    MOMENT_ENDED,   /* the fault, by itself or by the revert */
    MOMENT_PENDING, /* an alert for a host that was hit */
    MOMENT_FIRING,
    MOMENT_WEBHOOK,
    MOMENT_DETECTED, /* by the policy */
    MOMENT_DECIDED,
    MOMENT_ROUTED,
    MOMENT_SHUT, /* GitHub gives no more jobs to what was hit */
    MOMENT_FIRST_JOB,
    MOMENT_RECOVERED, /* the last job in flight has been done again */
    MOMENT_FULL,      /* capacity */
    MOMENT_COUNT
};

struct drill_span {
    int64_t from_ms, to_ms; /* from -1: not seen */
};

/* In the order in which they follow from each other: the first that is off names the stage. */
enum drill_measure_kind {
    MEASURE_PENDING,   /* fault to the first alert pending */
    MEASURE_FIRING,    /* fault to the first alert firing */
    MEASURE_WEBHOOK,   /* fault to the first notification */
    MEASURE_DETECTION, /* MTTD */
    MEASURE_DECISION,  /* detection to drained */
    MEASURE_ROUTING,   /* drained to routing changed */
    MEASURE_FAILOVER,  /* detection to routing changed */
    MEASURE_RTO,
    MEASURE_JOB_RECOVERY,
    MEASURE_MTTR,
    MEASURE_COUNT
};

/* NAN where nothing was observed. */
struct drill_measure {
    double value_ms, error_ms; /* the truth is within plus or minus */
    double
        open_ms; /* where it was not: how long it had not come about when the looking ended; 0: it
                       had not begun, or could no longer come about */
};

/* What must all be so for full capacity. */
enum drill_condition {
    CONDITION_ENDED,
    CONDITION_ONLINE, /* every registration of every host that was hit */
    CONDITION_PROBED,
    CONDITION_SERVING, /* the policy's phase */
    CONDITION_ROUTED,  /* every registration is in the rotation */
    CONDITION_SIGHTED, /* every feed has answered since */
    CONDITION_COUNT
};

struct drill_track {
    const struct scenario *scenario;
    uint64_t hosts;        /* bit set of those that the faults hit */
    bool all;              /* no other host is left */
    bool degrading;        /* the faults leave their hosts serving, only badly */
    bool severing;         /* they take their hosts away from GitHub */
    bool graceful;         /* GitHub is told of it */
    bool maintenance;      /* asked for by hand: there is nothing to detect */
    bool self_ending;      /* no action has an undo: the world shows when the fault is over */
    bool broken;           /* and it has shown that the fault was there */
    int64_t resolution_ms; /* no error is less: waits overshoot, clocks have steps */
    int64_t pickup_most_ms, pickup_all_ms; /* picking up a job takes less, mostly and always */
    struct drill_span moment[MOMENT_COUNT];
    struct {
        bool holds;
        struct drill_span since;
    } condition[CONDITION_COUNT];
    int64_t answered_ms[FEED_COUNT]; /* last good answer; -1 */
    bool was_firing;
    bool quiet; /* no alert of a host that was hit is pending or firing; true without monitoring */
    int routed[FLEET_HOSTS];
    int64_t routed_ms; /* when that was last known */
    int inflight, recovered;
    bool waiting; /* a job that the fault holds up has not started yet */
};

/* All is well at now_ms. The scenario is borrowed and outlives the track; `resolution_ms` is the
 * least error of any measure. */
void drill_track_init(struct drill_track *track, const struct scenario *scenario, int64_t now_ms,
                      int64_t resolution_ms);

/* What follows is told in the order in which it happens; times are the stage's. */
/* The injection took from..to, once; nothing before it is a moment of the story. */
void drill_track_fault(struct drill_track *track, int64_t from_ms, int64_t to_ms);
/* The revert, or the world, ended it within from..to; only the first counts. */
void drill_track_ended(struct drill_track *track, int64_t from_ms, int64_t to_ms);
/* A good answer to a poll of this feed, also one that the policy does not count. */
void drill_track_reading(struct drill_track *track, enum feed feed,
                         const struct stage_reading *reading);
/* It came after `from_ms`, when there was none yet. */
void drill_track_hint(struct drill_track *track, int64_t from_ms, int64_t now_ms,
                      const struct stage_hint *hint);
/* After a step: what the policy said, and the phases that it left. */
void drill_track_step(struct drill_track *track, int64_t now_ms, const struct plan *plan,
                      const struct policy_state *policy);
/* What reconciling has come to: what is in the rotation at now_ms. */
void drill_track_routing(struct drill_track *track, int64_t now_ms,
                         const struct stage_routing *routing);
/* All jobs known since the baseline; every call takes them all in anew. */
void drill_track_jobs(struct drill_track *track, const struct stage_job *jobs, size_t n);

/* Has it been seen since the fault? */
bool drill_track_seen(const struct drill_track *track, enum drill_moment moment);
/* NAN where one of its ends was not seen until `until_ms`, when the looking ended; else the truth
 * is within plus or minus its error. */
struct drill_measure drill_track_measure(const struct drill_track *track,
                                         enum drill_measure_kind kind, int64_t until_ms);
/* Capacity has been full since the fault and is so now, and no alert is left. */
bool drill_track_steady(const struct drill_track *track);
/* Steady, and nothing is left to be measured: jobs in flight are done again, nobody waits. */
bool drill_track_settled(const struct drill_track *track);

const char *drill_measure_name(enum drill_measure_kind kind); /* "rto_ms" */

#endif
