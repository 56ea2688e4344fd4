/*
 * A scenario: a fleet, faults, documented claims, expectations. Filled by scenario_load.
 */
#ifndef MODEL_FLEET_SCENARIO_H
#define MODEL_FLEET_SCENARIO_H

#include "drill.h"
#include "fault.h"
#include "result.h"

#define SCENARIO_RECOVERY_MS (7 * 24 * 3600 * 1000LL) /* the longest that is waited for */
#define SCENARIO_EXPECTS 64
#define SCENARIO_CLAIMS 16
#define SCENARIO_FACETS 32
#define SCENARIO_REPLICATIONS 1000000

enum statistic { STATISTIC_MEAN, STATISTIC_QUANTILE };
enum op { OP_LT, OP_LE, OP_GT, OP_GE, OP_EQ };

struct expect {
    enum metric metric;
    int facet; /* 1 + its place in the scenario's; 0: the metric itself */
    enum statistic statistic;
    double quantile; /* 0..1 */
    enum op op;
    double value; /* ms, share or count by the metric's unit */
    int line;
};

struct documented { /* -1: the documents make no claim; -2: "N/A" */
    int64_t detection_ms, failover_ms, rto_ms;
    char impact[128];
    char source[160]; /* where the claim stands */
    int64_t wait_ms, backlog, worked_off_ms, jobs_lost;
    struct expect measures[SCENARIO_CLAIMS]; /* of any metric or facet: shown, not a gate */
    int n_measures;
};

struct scenario {
    char name[FLEET_NAME];
    char about[512];
    char path[FLEET_PATH];
    struct fleet fleet;
    int64_t duration_ms;  /* 0 with a trace: until every job is done */
    bool until_recovered; /* it ends as soon as every fault's recovery is over; the duration at most
                           */
    int64_t warmup_ms;
    bool warmup_auto;
    int64_t start_ms; /* time of the week at which it begins, for profile and trace */
    bool has_start;
    int replications; /* 0: the command's default */
    struct fault faults[SCENARIO_FAULTS];
    int n_faults;
    struct documented documented;
    struct expect expects[SCENARIO_EXPECTS];
    int n_expects;
    struct facet facets[SCENARIO_FACETS]; /* that are measured: asked for, claimed, expected */
    int n_facets;
    uint32_t asked;     /* 1 << metric: asked for as a whole, to be shown */
    struct drill drill; /* how to carry it out for real */
};

/* A trace served by a fleet without anything random: one replication says all. */
bool scenario_is_certain(const struct scenario *scenario);

/* Of a facet in its place: 1 + where it stands in the scenario's, added where it is new; 0: there
 * is no room. */
int scenario_facet(struct scenario *scenario, const struct facet *facet);

bool scenario_asks(const struct scenario *scenario, enum metric metric);

/* The words of the files, in the order of enum op; NULL ends them. */
extern const char *const scenario_ops[];
const char *op_name(enum op op);

#endif
