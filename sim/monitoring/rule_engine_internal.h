/*
 * Private to rule_engine.c (rules, evaluation), rule_engine_scrape.c (hosts, scrapes),
 * rule_engine_restore.c (what outlives the server),
 * rule_engine_cases.c (possible results of a rule) and rule_engine_bounds.c (what the scrapes in a
 * rule's windows allow).
 */
#ifndef SIM_MONITORING_RULE_ENGINE_INTERNAL_H
#define SIM_MONITORING_RULE_ENGINE_INTERNAL_H

#include "model/rules/rule_eval.h"
#include "model/series/reach.h"
#include "rule_engine.h"
#include "scrape_log.h"

/* Series of one log that are the same number. */
struct term {
    int source; /* log */
    enum state_quantity quantity;
    double factor, offset;
    bool is_up;
    int n;
    struct state_range range; /* whatever happens */
};

/* A selector, for results of certain labels. */
struct leaf {
    struct term *terms; /* owned */
    int n;
    struct bounds others; /* of what is no series of a host: recorded metrics, ALERTS */
    int count;            /* of a count() instead: of what, when all is there; 0: that depends */
};

/* A possible result of a rule. */
struct result_case {
    struct leaf *leaves;   /* owned; by node id of the selector or the count() */
    struct labels *labels; /* of the alert, the store's */
    bool present;          /* by the last verdict */
};

struct watched {
    int source;
    enum state_quantity quantity;
};

/* What the scrapes say of a rule's results. */
enum engine_verdict {
    ENGINE_KNOWN, /* which of its cases are present, and that there are no others */
    ENGINE_OPEN   /* it is to be evaluated */
};

struct engine_rule {
    struct eval_rule eval;
    const struct series_rule *from;
    bool live;
    struct result_case *cases; /* owned */
    int n_cases;
    bool labels_known; /* its alerts' labels are those of its cases, whatever the values */
    int *reads;        /* owned: series of the exported ones */
    int n_reads;
    struct watched *watched; /* owned: what its cases read */
    int n_watched;
    int n_present; /* of its cases, by the last verdict */
    struct about {
        const struct labels *labels;
        int host;
    } * about; /* owned: hosts that alerts of these labels are about */
    int n_about;
    bool settled;          /* nothing has changed, so the next evaluation is like the last one */
    uint64_t settled_at;   /* what had happened then */
    int64_t calm_until_ms; /* the verdict holds as long as no scrape fails and nothing boots */
    uint64_t calm_at;
    int64_t shortest_ms; /* of the windows of its rates; 0: there are none */
    int tries;           /* before a look ahead is worth the while again */
    int vain;            /* how many of those, since one was not in vain */
    int64_t ahead_ms;    /* how far the next one goes */
    struct kept_state {
        const struct labels *labels;
        struct alert_stored stored;
        bool written; /* by the process that runs */
    } * kept;         /* owned: ALERTS_FOR_STATE, which outlives the server */
    int n_kept;
};

/* An exported series that some rule reads, in the store. */
struct fed {
    int series;      /* the store's; -1: nobody reads it */
    uint64_t next;   /* entry of its log */
    int64_t keep_ms; /* samples older than this are not read */
    bool ended;      /* with a staleness marker */
};

struct live_host {
    int64_t cpu_pm, memory_pm, disk_pm, counted_ms, cpu_time, disk_time, boot_ms;
    int64_t load_ms; /* up to which the load averages are */
    double load[3];
    bool unreached; /* by probes; where nobody observes */
};

struct rule_engine {
    const struct fleet *fleet; /* borrowed */
    struct store *store;
    struct exported_list exported;
    struct eval_options options;
    struct engine_rule *rules; /* owned; of monitoring.series */
    int n_rules;
    struct fed *feds;        /* owned; of the exported series */
    struct scrape_log *logs; /* owned; by engine_source */
    int n_logs, n_targets;
    struct engine_target {
        struct scrape_job job;
        enum exporter exporter;
    } * targets;  /* owned */
    bool *wanted; /* owned; target */
    struct live_host live[FLEET_HOSTS];
    state_observer *observer;
    void *context;
    bool always;
    struct labels **known; /* owned: room for a rule's cases */
};

/* A target shows the state of one host, GitHub's view that of all: a log each. */
static inline int engine_source(const struct rule_engine *engine, enum exporter exporter, int host)
{
    return (int)exporter * (engine->fleet->n_hosts + 1) + host;
}

/* Finds the cases of a rule, and whether it can have a result in this fleet at all. */
void engine_learn_cases(struct rule_engine *engine, struct reach_world *world,
                        struct engine_rule *rule);
/* What an evaluation writes to ALERTS_FOR_STATE. */
void engine_keep_state(struct engine_rule *rule, int64_t t_ms);
enum engine_verdict engine_judge(struct rule_engine *engine, struct engine_rule *rule,
                                 int64_t now_ms);

#endif
