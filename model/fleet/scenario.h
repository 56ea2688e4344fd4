/*
 * A scenario: a fleet, faults, documented claims, expectations. Filled by scenario_load.
 */
#ifndef MODEL_FLEET_SCENARIO_H
#define MODEL_FLEET_SCENARIO_H

#include "drill.h"
#include "fleet.h"
#include "result.h"

#define SCENARIO_FAULTS 64
#define SCENARIO_EXPECTS 64
#define SCENARIO_TARGETS 8

enum fault_kind {
    FAULT_HOST_POWER_LOSS,
    FAULT_OS_CRASH,
    FAULT_SERVICE_STOP,
    FAULT_NETWORK_PARTITION,
    FAULT_CPU_STRESS,
    FAULT_MEMORY_STRESS,
    FAULT_DISK_STRESS,
    FAULT_MONITORING_DOWN,
    FAULT_ALERTMANAGER_DOWN,
    FAULT_GITHUB_OUTAGE,
    FAULT_GITHUB_API_ERRORS,
    FAULT_TOKEN_EXPIRED,
    FAULT_CLOCK_JUMP,
    FAULT_SLOW_HOST,
    FAULT_SLOTS_LOST,
    FAULT_MAINTENANCE,
    FAULT_KINDS
};

enum fault_from { FROM_GITHUB = 1, FROM_MONITORING = 2 }; /* partition; both bits: from both */

struct fault {
    enum fault_kind kind;
    struct dist at;    /* from the start of the scenario (a plain duration is fixed) */
    struct dist lasts; /* how long; has_lasts false: to the end, or until a human repairs */
    bool has_lasts;
    struct dist every; /* recurring: from one end to the next beginning */
    bool has_every;
    double chance;                 /* that an occurrence happens at all, 0..1 */
    int targets[SCENARIO_TARGETS]; /* host indices */
    int n_targets;                 /* 0: not a host fault */
    unsigned from;                 /* partition: enum fault_from bits */
    bool graceful;     /* service-stop: the session is deleted, GitHub knows in seconds */
    int64_t load_pm;   /* stress: resource use it adds, per mille of the host (1000: all) */
    double slowdown;   /* stress, slow-host: jobs take this times as long, >= 1 */
    int slots;         /* slots-lost */
    double error_rate; /* github-api-errors: share of calls that fail */
    int64_t jump_ms;   /* clock-jump */
    int line;          /* in the scenario file, for messages */
};

struct documented { /* -1: the documents make no claim; -2: "N/A" */
    int64_t detection_ms, failover_ms, rto_ms;
    char impact[128];
    char source[160]; /* where the claim stands */
};

enum statistic { STATISTIC_MEAN, STATISTIC_QUANTILE };
enum op { OP_LT, OP_LE, OP_GT, OP_GE, OP_EQ };

struct expect {
    enum metric metric;
    enum statistic statistic;
    double quantile; /* 0..1 */
    enum op op;
    double value; /* ms, share or count by the metric's unit */
    int line;
};

struct scenario {
    char name[FLEET_NAME];
    char about[512];
    char path[FLEET_PATH];
    struct fleet fleet;
    int64_t duration_ms; /* 0 with a trace: until every job is done */
    int64_t warmup_ms;
    bool warmup_auto;
    int64_t start_ms; /* time of the week at which it begins, for the arrival profile */
    int replications; /* 0: the command's default */
    struct fault faults[SCENARIO_FAULTS];
    int n_faults;
    struct documented documented;
    struct expect expects[SCENARIO_EXPECTS];
    int n_expects;
    struct drill drill; /* how to carry it out for real */
};

/* A trace served by a fleet without anything random: one replication says all. */
bool scenario_is_certain(const struct scenario *scenario);

/* The words of the files, in the order of enum fault_kind and enum op; NULL ends each. */
extern const char *const scenario_fault_kinds[];
extern const char *const scenario_ops[];
const char *fault_kind_name(enum fault_kind kind);
const char *op_name(enum op op);

#endif
