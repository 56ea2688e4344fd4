/*
 * Rule groups evaluated on a store as a Prometheus server evaluates them: recording rules write
 * their series, alerting rules keep their states and write ALERTS and ALERTS_FOR_STATE; what a rule
 * gave at the last evaluation and no more now gets a staleness marker.
 *
 * Source: Prometheus 2.42, rules/manager.go, alerting.go, recording.go.
 */
#ifndef MODEL_RULES_RULE_EVAL_H
#define MODEL_RULES_RULE_EVAL_H

#include "model/promql/query.h"

#define RULE_EVAL_RETENTION_MS 900000 /* a resolved alert is remembered */

enum alert_standing { STANDING_INACTIVE, STANDING_PENDING, STANDING_FIRING };

struct active_alert {
    struct labels *labels;
    struct labels *annotations;
    enum alert_standing standing;
    double value;
    int64_t active_ms, resolved_ms, keep_since_ms; /* -1: not */
    bool present;                                  /* in the present evaluation */
};

/* Templates as written. */
struct rule_text {
    char *name, *text; /* owned */
};

struct eval_rule {
    char *name; /* owned */
    bool records;
    struct promql *promql; /* owned */
    int64_t for_ms, keep_firing_ms;
    bool silent;                            /* nobody reads ALERTS: it is not written */
    bool unrestored;                        /* nor after a start, until states are restored */
    struct rule_text *labels, *annotations; /* owned */
    int n_labels, n_annotations;
    /* private */
    struct query *query;
    struct active_alert *alerts;
    int n_alerts, room;
    int *before, *now; /* series of the last and the present evaluation */
    int n_before, n_now, now_room, before_room;
};

struct eval_group {
    char *file, *name; /* owned */
    int64_t interval_ms;
    int limit;
    struct eval_rule *rules; /* owned */
    int n;
};

struct eval_options {
    struct query_options query;
    const struct labels *external_labels;
    const char *external_url;
    enum promql_version version;
};

/* Adds the groups of a rule file, which is owned as realloc has it. Unknown keys are errors, as
 * there; of several documents the first counts. As a server that starts, it ends at the first error
 * and keeps every expression parsed; rule_file.h reads for the model: on past what is bad,
 * Kubernetes' objects too, an expression as the signal that it is. */
enum und_code eval_groups_read(const char *path, enum promql_version version,
                               struct eval_group **groups, int *n, struct und_err *err);
void eval_group_fini(struct eval_group *group);

/* One rule. UND_USAGE: it failed, and stays as it was. */
enum und_code eval_rule_run(struct eval_rule *rule, int limit, struct store *store,
                            const struct eval_options *options, int64_t t_ms, struct und_err *err);
/* The same with alerts that are known, by their labels as eval_rule_labels gives them. */
enum und_code eval_rule_step(struct eval_rule *rule, int limit, struct store *store, int64_t t_ms,
                             struct labels *const *alerts, int n, struct und_err *err);
/* The labels of the alert that a result of these labels is, whatever its value. */
struct labels *eval_rule_labels(struct eval_rule *rule, struct store *store,
                                const struct eval_options *options, struct labels *result);
/* Forgets its alerts and what it wrote, as a server does that starts anew. */
void eval_rule_forget(struct eval_rule *rule);

/* All rules of the group, in their order, at that time. UND_USAGE: the first error, its rule's name
 * in *failed. */
enum und_code eval_group_run(struct eval_group *group, struct store *store,
                             const struct eval_options *options, int64_t t_ms, const char **failed,
                             struct und_err *err);

#endif
