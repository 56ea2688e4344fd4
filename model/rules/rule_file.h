/*
 * Prometheus rule files: groups of alerting and recording rules, as the model's rules.
 *
 * Whatever Prometheus accepts is accepted. What the model does not use becomes a note; an alert
 * whose expression is no signal (promql_signal.h) is an error, unless it is left out by name or the
 * reader only looks (`lenient`). Recording rules count where an alert of the same set reads their
 * metric: all files' recording rules are known before the first alert is read.
 *
 * Source: Prometheus, pkg/rulefmt and the documentation of recording and alerting rules.
 */
#ifndef MODEL_RULES_RULE_FILE_H
#define MODEL_RULES_RULE_FILE_H

#include "model/file/doc.h"
#include "model/fleet/fleet.h"
#include "promql_signal.h"

#define RULE_FILE_RECORDS 256
#define RULE_FILE_EXPR 2048

/* Where a rule stands and what was made of it. */
struct rule_source {
    char file[DOC_PATH];
    int line; /* of the rule's name */
    int expr_line;
    char expr[RULE_FILE_EXPR]; /* in canonical form */
    char why[SIGNAL_WHY];      /* the derivation; of an unmapped rule, what is in the way */
    bool mapped;
    struct label_matcher matchers[SIGNAL_MATCHERS];
    int n_matchers;
    json_t *labels; /* owned: of the alert, with alertname; instance and job are the series' */
};

struct rule_set {
    struct rule rules[FLEET_RULES];
    struct rule_source sources[FLEET_RULES];
    int n;
    bool lenient;    /* unmapped rules are kept, with mapped == false */
    json_t *ignored; /* names of alerts to leave out, a list of texts; borrowed, may be NULL */
    json_t *notes;   /* owned: see prom_doc.h */
    struct promql_record records[RULE_FILE_RECORDS]; /* owned */
    int n_records;
};

/* On the heap, being large; NULL never. */
struct rule_set *rule_set_new(void);
void rule_set_free(struct rule_set *set);

/* Adds the rules of these files. */
enum und_code rule_set_read(struct rule_set *set, const char *const *paths, int n_paths,
                            struct und_err *err);

#endif
