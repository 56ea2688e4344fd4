/*
 * What an experiment found: the metrics of CONTRACT.md with intervals, raw samples for the plots,
 * a timeline of one replication, verdicts. Plain data that sim and live fill and reports print.
 */
#ifndef MODEL_FLEET_RESULT_H
#define MODEL_FLEET_RESULT_H

#include "model/stats/quantity.h"
#include "timeline.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

const char *metric_name(enum metric metric);  /* as in the JSON: "detection_ms" */
const char *metric_about(enum metric metric); /* what it is, in a few words */
enum unit metric_unit(enum metric metric);
/* The metric of that name, METRIC_COUNT if none; the "_ms" may be left out. */
enum metric metric_by_name(const char *name);

struct verdict {
    enum metric metric;
    char statistic[16]; /* "mean", "p95" */
    char op[4];
    double limit, value, half_width; /* half width of the statistic's 95% interval, NAN if none */
    bool pass;                       /* never without a half width */
    int line;                        /* of the `expect` in the scenario file */
    bool undecided;                  /* neither held nor failed, as far as can be told */
    bool value_is_bound;             /* the value is a lower bound */
    int64_t n, censored;             /* observations behind it; not over when the run ended */
    char why[128];                   /* it is undecided */
};

/* A fault of the scenario that took capacity and was never detected in some of its occurrences. */
struct undetected {
    int fault;      /* index */
    int64_t n, of;  /* occurrences undetected, of so many measured */
    double mean_ms; /* how long capacity was missing in those */
};

struct host_result {
    char name[64];
    struct quantity utilization, availability, jobs_done, jobs_failed;
    struct quantity queue_wait; /* of jobs that started there: mean and interval */
};

struct class_result {
    char name[64];
    struct quantity queue_wait; /* mean and interval */
};

/* Raw values of one metric, sorted, for the ECDF plots and quantile intervals; owned. Of each case
 * (an occurrence of a fault) there is one: a value; or its age when the run ended before it came
 * about; or neither, where it was over without it (a host back before anyone noticed). */
struct samples {
    double *value;
    size_t n;
    double *censored; /* ages */
    size_t n_censored;
    int64_t never;
};

/* All hosts down at once, by importance sampling (sim/experiment/rare.h). */
struct rare_result {
    int64_t replications; /* 0: not asked for */
    int64_t hits;         /* replications in which it happened */
    double bias_first, bias_next;
    struct bounded unavailability; /* share of the time */
    struct bounded probability;    /* that it happens at all during the scenario */
    struct bounded entries;        /* how often it does */
};

struct result {
    char scenario[64];
    char path[512];
    uint64_t seed;
    int64_t replications;
    uint64_t digest;
    int64_t simulated_ms; /* of all replications */
    int64_t events;
    struct quantity metric[METRIC_COUNT];
    struct samples samples[METRIC_COUNT]; /* only per-replication metrics; else n == 0 */
    /* Of each replication, in order, NAN where it observed nothing; owned. What paired comparisons
     * under common random numbers need. */
    double *by_replication[METRIC_COUNT];
    struct host_result *hosts;
    int n_hosts;
    struct class_result *classes; /* owned; where there are several */
    int n_classes;
    struct verdict *verdicts;
    int n_verdicts;
    struct undetected *undetected; /* owned */
    int n_undetected;
    struct timeline timeline; /* of replication 0, when asked for; else empty */
    bool unstable;            /* the queue grew without bound: steady-state means are void */
    int64_t warmup_ms;        /* left out of every replication */
    bool warmup_auto;         /* found by MSER-5, not given */
    bool warmup_unsettled;    /* and the runs are too short to tell */
    struct precision {
        double asked;   /* relative half width of the metric's mean; 0: not asked for */
        double reached; /* NAN: nothing to measure */
        enum metric metric;
    } precision;
    struct rare_result rare;
};

/* Of the metric's samples; the caller's to fini. */
struct survival;
/* The curve of a metric over cases that were over and cases that were not; the caller's to
 * survival_fini. */
void result_survival(const struct result *result, enum metric metric, struct survival *survival);

/* Frees what it owns, not itself; a zeroed one is fine. */
void result_fini(struct result *result);

#endif
