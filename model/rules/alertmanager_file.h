/*
 * alertmanager.yml: the routing tree, inhibition and time intervals, as far as they decide when the
 * controller is told of an alert.
 *
 * The controller hears from one receiver: the one named, or every receiver with a webhook. What
 * Alertmanager refuses in routes, matchers, inhibition and time intervals is refused. Everything
 * else in the file becomes a note. Defaults are Alertmanager's: 30s, 5m, 4h.
 * Source: Alertmanager 0.25 to 0.27, config/config.go, dispatch/route.go, inhibit/inhibit.go,
 * timeinterval/timeinterval.go.
 */
#ifndef MODEL_RULES_ALERTMANAGER_FILE_H
#define MODEL_RULES_ALERTMANAGER_FILE_H

#include "label_match.h"
#include "model/file/doc.h"
#include "model/fleet/fleet.h"
#include "time_interval.h"

/* A node of the routing tree; its children follow it up to `end`, each with its own. */
struct route_node {
    struct label_matchers matchers; /* owned */
    json_t *group_by;               /* owned: names of labels */
    bool group_by_all;              /* '...' */
    const char *receiver;           /* of the file's receivers */
    json_t *mute, *active;          /* owned: names of time intervals; of this node alone */
    int64_t group_wait_ms, group_interval_ms, repeat_interval_ms;
    bool go_on; /* `continue` */
    int end;    /* index behind the last descendant */
    int line;
};

struct inhibit_rule {
    struct label_matchers source, target; /* owned */
    json_t *equal;                        /* owned: names of labels */
};

struct named_interval {
    const char *name; /* of the file's document */
    struct week week;
};

struct alertmanager_file {
    struct route_node *routes; /* owned */
    int n_routes;
    struct inhibit_rule *inhibits; /* owned */
    int n_inhibits;
    struct named_interval *intervals; /* owned */
    int n_intervals;
    json_t *receivers; /* owned: name -> has a webhook */
    json_t *silent;    /* owned: those of them that are not told of what has resolved */
    json_t *root;      /* owned: what names point into */
    json_t *notes;     /* owned: see prom_doc.h */
    char path[DOC_PATH];
};

/* On the heap; free it with alertmanager_file_free. NULL on error. */
struct alertmanager_file *alertmanager_file_read(const char *path, enum promql_version version,
                                                 struct und_err *err);
void alertmanager_file_free(struct alertmanager_file *file);

/* The labels of each rule's alert for each host; NULL: there is no such alert. */
struct alert_labels {
    json_t *(*of)[FLEET_HOSTS]; /* owned */
    int n_rules, n_hosts;
};
void alert_labels_free(struct alert_labels *labels);

/* Does a route take an alert of these labels to the controller? `receiver` as below. */
bool alertmanager_file_tells(const struct alertmanager_file *file, const char *receiver,
                             const json_t *labels);
/* Which route takes each alert to the controller, with which others it is grouped, and what mutes
 * it. `receiver` may be "": every one with a webhook. */
enum und_code alertmanager_file_apply(const struct alertmanager_file *file, const char *receiver,
                                      const struct alert_labels *labels,
                                      struct alertmanager_config *config, struct und_err *err);

#endif
