/*
 * What happened when and why: the story of one replication, drill or incident, and the curves
 * that a strip plot shows. Written by simulator and drills, printed by --trace and the plots.
 */
#ifndef MODEL_FLEET_TIMELINE_H
#define MODEL_FLEET_TIMELINE_H

#include "model/policy/policy.h"

#include <stddef.h>
#include <stdint.h>

#define TIMELINE_ENTRIES 200000 /* ceiling; later entries are counted in `dropped` */

enum mark {
    MARK_NONE,      /* a line of the trace only */
    MARK_FAULT,     /* injected */
    MARK_FAULT_END, /* repaired or reverted */
    MARK_PENDING,   /* an alert began */
    MARK_FIRING,    /* an alert fires */
    MARK_RESOLVED,  /* an alert resolved */
    MARK_DETECTION, /* the controller knows */
    MARK_DECISION,  /* the policy drained a host */
    MARK_ROUTING,   /* the last registration left the rotation */
    MARK_FIRST_JOB, /* service restored */
    MARK_FAILBACK,  /* the ramp begins */
    MARK_FULL,      /* full capacity */
    MARK_COUNT
};

struct timeline_entry {
    int64_t at_ms;
    int cause; /* index of the entry that caused this one; -1: none (the outside) */
    int host;  /* -1: no host */
    enum mark mark;
    int job_class; /* of a job that arrives: index into the fleet's */
    char what[240];
};

/* The state of the fleet from at_ms on (a step curve). */
struct timeline_point {
    int64_t at_ms;
    int host;  /* -1: fleet-wide values */
    int phase; /* enum phase of the policy; -1 unknown */
    int admitted;
    int online;
    int busy;
    int queue; /* fleet-wide only */
    int alerts_pending;
    int alerts_firing;
};

struct timeline {
    struct timeline_entry *entry; /* owned, in the order in which it was told: of time, but for what
                                     a drill learns late */
    size_t n, capacity, dropped;
    struct timeline_point *point; /* owned, in order of time */
    size_t n_points, points_capacity;
};

/* Empty, nothing allocated yet; and its entries freed. */
void timeline_init(struct timeline *timeline);
void timeline_fini(struct timeline *timeline);
/* Returns the new entry's index, to be given as a later one's cause; -1 past the ceiling. */
int timeline_add(struct timeline *timeline, int64_t at_ms, int cause, int host, enum mark mark,
                 const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Past the ceiling it is dropped. */
void timeline_point(struct timeline *timeline, struct timeline_point point);
/* "fault"; static. */
const char *mark_name(enum mark mark);
/* What the policy's word marks on the timeline; MARK_NONE: nothing. */
enum mark mark_of_notice(enum notice notice);

#endif
