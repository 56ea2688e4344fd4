/* Inside of the simulated Prometheus: what its opening (prometheus.c), its evaluations
 * (prometheus_evaluate.c) and what the world does to it (prometheus_world.c) share. */
#ifndef SIM_MONITORING_PROMETHEUS_INTERNAL_H
#define SIM_MONITORING_PROMETHEUS_INTERNAL_H

#include "prometheus.h"

#define DISCOVERY_MS 5000LL /* start to targets and Alertmanager known */
#define NEVER_SENT (INT64_MIN / 2)

/* One rule for one host. */
struct pair {
    struct alert alert;
    int64_t sent_ms; /* last sent to the Alertmanager */
    struct alert_stored stored;
    bool hot; /* an evaluation could find or send something: evaluate it */
};

struct group {
    int64_t interval_ms, phase_ms;
    int64_t evaluations; /* since the server's start */
    bool awake;          /* its next slot is in the queue, though the server may have died */
    bool hot;            /* one of its pairs is */
    bool ticks;          /* one of its rules is evaluated on series: nobody knows when in advance */
    const char *name;    /* borrowed */
    int *rules;          /* owned: those in closed form */
    int n_rules;
    int *series; /* owned: those of monitoring.series that are ever evaluated */
    int n_series;
};

struct prometheus {
    const struct monitoring *monitoring; /* borrowed */
    struct queue *queue;
    struct alertmanager *alertmanager;
    prometheus_observer *observer;
    void *context;
    uint8_t first_kind;
    bool always, running, evaluating;
    int n_hosts, n_groups, n_jobs;
    int64_t started_ms;
    /* After a target or the server came back, everything may happen until all windows are full. */
    int64_t unsettled_ms;
    int64_t unsettled_until_ms[FLEET_HOSTS];
    int64_t above_pm[VALUES],
        below_pm[VALUES]; /* values that no rule calls suspicious lie between */
    int count[ALERT_FIRING + 1];
    int firing[FLEET_HOSTS][SEVERITY_COUNT];
    int *group_of;        /* owned: of each rule */
    struct group *groups; /* owned */
    int groups_room;
    struct scrape_job *jobs;    /* owned */
    struct target *targets;     /* owned: n_hosts * n_jobs */
    struct pair *pairs;         /* owned: n_rules * n_hosts */
    struct rule_engine *engine; /* of the rules that are no signals; NULL: there are none */
    bool *told; /* owned: of each of monitoring.series, whether a pair of it is or was active */
    struct series_target {
        int64_t next_ms;
    } * series_targets; /* owned: of the engine's */
};

static inline struct target *target_of(struct prometheus *prometheus, int host, int job)
{
    return &prometheus->targets[host * prometheus->n_jobs + job];
}

/* From now_ms on evaluations of the group are events again (prometheus_evaluate.c). */
void prometheus_wake_group(struct prometheus *prometheus, int index, int64_t now_ms);
/* The same of every rule for the host, or of those that find its value of now suspicious. */
void prometheus_wake_host(struct prometheus *prometheus, int host, int64_t now_ms);
void prometheus_wake_value(struct prometheus *prometheus, int host, enum target_value value,
                           int64_t now_ms);
/* The next scrape becomes an event: of one of `targets`, of one of `series_targets`. */
void prometheus_push_scrape(struct prometheus *prometheus, int target);
void prometheus_push_series(struct prometheus *prometheus, int target);

#endif
