/*
 * What an experiment found: the metrics of CONTRACT.md with intervals, raw samples for the plots,
 * a timeline of one replication, verdicts. Plain data that sim and live fill and reports print.
 */
#ifndef MODEL_FLEET_RESULT_H
#define MODEL_FLEET_RESULT_H

#include "facet.h"
#include "model/stats/quantity.h"
#include "timeline.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
    struct facet facet;              /* of it, where one was asked for; else without a name */
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

/* What a scenario asks for beyond the metrics (facet.h). */
struct facet_result {
    struct facet facet;
    struct quantity quantity; /* void where nothing was observed: no such job, never down */
    double *by_replication;   /* as the metrics'; owned */
    /* Of a share of jobs: what it may come to when the waits that were not over are. */
    double least, most;
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
    struct facet_result *facets; /* owned; in the order of the scenario's */
    int n_facets;
    struct verdict *verdicts;
    int n_verdicts;
    struct verdict *claims; /* owned; of the scenario's documented.measures */
    int n_claims;
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

/* What was found of a metric, or of a facet of it (1 + its place; 0: the metric itself). */
const struct quantity *result_quantity(const struct result *result, enum metric metric, int facet);
/* Of that name; NULL: none. */
const struct facet_result *result_facet(const struct result *result, const char *name);
/* "queue_wait_ms[class=build]"; and a metric of its unit, for whoever prints values. */
const char *verdict_name(const struct verdict *verdict);
enum metric verdict_reads_as(const struct verdict *verdict);

/* Frees what it owns, not itself; a zeroed one is fine. */
void result_fini(struct result *result);

#endif
