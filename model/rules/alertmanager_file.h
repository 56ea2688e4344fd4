/*
 * alertmanager.yml: the routing tree and the inhibition rules, as far as they decide when the
 * controller is told of a rule's alert.
 *
 * The controller hears from one receiver: the one named, or every receiver with a webhook. Labels
 * of an alert are those of its rule, alertname, job (of the scrape) and instance (the host).
 * Everything else in the file becomes a note. Defaults are Alertmanager's: 30s, 5m, 4h.
 * Source: Alertmanager 0.25, config/config.go, dispatch/route.go, inhibit/inhibit.go.
 */
#ifndef MODEL_RULES_ALERTMANAGER_FILE_H
#define MODEL_RULES_ALERTMANAGER_FILE_H

#include "model/fleet/fleet.h"
#include "rule_file.h"

#define ALERTMANAGER_FILE_ROUTES 128
#define ALERTMANAGER_FILE_MATCHERS 16
#define ALERTMANAGER_FILE_LABELS 16
#define ALERTMANAGER_FILE_INHIBITS 64
#define ALERTMANAGER_FILE_DEPTH 12

struct route_matchers {
    struct label_matcher list[ALERTMANAGER_FILE_MATCHERS];
    int n;
};

struct label_set {
    char name[ALERTMANAGER_FILE_LABELS][FLEET_NAME];
    int n;
    bool all; /* '...': every label */
};

/* A node of the routing tree; its children follow it up to `end`, each with its own. */
struct route_node {
    struct route_matchers matchers;
    struct label_set group_by;
    char receiver[FLEET_NAME];
    int64_t group_wait_ms, group_interval_ms, repeat_interval_ms;
    bool go_on; /* `continue` */
    int end;    /* index behind the last descendant */
    int line;
};

struct inhibit_rule {
    struct route_matchers source, target;
    struct label_set equal;
};

struct alertmanager_file {
    struct route_node routes[ALERTMANAGER_FILE_ROUTES];
    int n_routes;
    struct inhibit_rule inhibits[ALERTMANAGER_FILE_INHIBITS];
    int n_inhibits;
    json_t *receivers; /* owned: name -> has a webhook */
    json_t *notes;     /* owned: see prom_doc.h */
    char path[DOC_PATH];
};

/* On the heap, being large; free it with alertmanager_file_free. NULL on error. */
struct alertmanager_file *alertmanager_file_read(const char *path, struct und_err *err);
void alertmanager_file_free(struct alertmanager_file *file);

/* Which route takes each rule's alerts for each host to the controller, and what mutes them.
 * `receiver` may be "": every one with a webhook. */
enum und_code alertmanager_file_apply(const struct alertmanager_file *file, const char *receiver,
                                      const struct rule_set *set, const struct fleet *fleet,
                                      const struct monitoring *monitoring,
                                      struct alertmanager_config *config, struct und_err *err);

#endif
