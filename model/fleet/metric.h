/*
 * The metrics of CONTRACT.md: what each is called, what it is, its unit, and which facets it has.
 */
#ifndef MODEL_FLEET_METRIC_H
#define MODEL_FLEET_METRIC_H

enum unit { UNIT_MS, UNIT_SHARE, UNIT_COUNT };

enum metric {
    METRIC_DETECTION,        /* fault to first detection by the controller (MTTD) */
    METRIC_FAILOVER,         /* detection to routing changed */
    METRIC_RTO,              /* fault to the first job it held up started on healthy capacity */
    METRIC_JOB_RECOVERY,     /* fault to the last in-flight job's re-run finished */
    METRIC_MTTR,             /* fault to full capacity */
    METRIC_PENDING,          /* fault to the first alert pending */
    METRIC_FIRING,           /* fault to the first alert firing */
    METRIC_WEBHOOK,          /* fault to the first notification received */
    METRIC_QUEUE_WAIT,       /* over jobs: created to started */
    METRIC_QUEUE_LENGTH,     /* over time: jobs waiting */
    METRIC_UTILIZATION,      /* over time: busy slots over all slots */
    METRIC_WAIT_PROBABILITY, /* share of jobs that waited for a slot, not only for pick-up */
    METRIC_AVAILABILITY,     /* share of time with at least one slot able to take a job */
    METRIC_JOB_SUCCESS,      /* share of concluded jobs that succeeded at the first attempt */
    METRIC_FAILOVER_SUCCESS, /* share of due failovers that completed in time */
    METRIC_FAILOVERS,        /* drains decided, a replication */
    METRIC_JOBS_DONE,        /* a replication */
    METRIC_JOBS_FAILED,      /* a replication */
    METRIC_FAULT_WAIT,       /* over jobs created while a fault's capacity was missing */
    METRIC_BACKLOG,          /* most jobs waiting, from the fault until it is worked off */
    METRIC_WORKED_OFF,       /* fault to the largest backlog worked off */
    METRIC_JOBS_LOST,        /* running jobs that a fault killed */
    METRIC_GIVEN_UP,         /* share of jobs that gave up waiting, at their first attempt */
    METRIC_COUNT
};

/* What a facet of a metric may be about (facet.h), a bit each. */
enum metric_part { PART_CLASS = 1, PART_HOST = 2, PART_DOWN = 4, PART_BEYOND = 8 };

const char *metric_name(enum metric metric); /* as in the JSON: "detection_ms" */
int metric_bare(enum metric metric); /* so much of the name is as users write it: "detection" */
const char *metric_about(enum metric metric); /* what it is, in a few words */
enum unit metric_unit(enum metric metric);
unsigned metric_parts(enum metric metric); /* 0: it has no facets */
/* The metric of that name, METRIC_COUNT if none; the "_ms" may be left out. */
enum metric metric_by_name(const char *name);

#endif
