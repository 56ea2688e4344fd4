/*
 * Prometheus rule files: groups of alerting and recording rules, as the model's rules; also
 * Kubernetes' PrometheusRule objects, lists of them, and streams of both.
 *
 * Whatever Prometheus accepts is accepted, whatever it refuses is refused: every bad rule becomes a
 * problem, and reading goes on. What the model does not use becomes a note. An alert whose
 * expression is no signal (promql_signal.h) is kept with mapped == false and the reason. Recording
 * rules count where an alert of the same set reads their metric: all files' recording rules are
 * known before the first alert is read.
 *
 * Of a file with several documents Prometheus reads the first; of Kubernetes' objects all count.
 * Source: Prometheus, pkg/rulefmt and the documentation of recording and alerting rules.
 */
#ifndef MODEL_RULES_RULE_FILE_H
#define MODEL_RULES_RULE_FILE_H

#include "label_match.h"
#include "model/file/doc.h"
#include "model/fleet/fleet.h"
#include "promql_labels.h"
#include "promql_signal.h"

#define RULE_FILE_RULES 1000000 /* of a set */
#define RULE_FILE_EXPR 2048     /* of an expression that is shown; a longer one is cut */
#define RULE_FILE_PROBLEMS 10   /* shown; the others are counted */

/* Where a rule stands and what was made of it. */
struct rule_source {
    const char *file; /* the set's */
    int line;         /* of the rule's name */
    int expr_line;
    char *name;        /* owned: in full; struct rule has it cut to its size */
    char *group;       /* owned: likewise */
    char *expr;        /* owned: in canonical form, cut */
    char *text;        /* owned: as written */
    int position;      /* in its group */
    int limit;         /* of its group; 0: none */
    int64_t offset_ms; /* its group's query_offset */
    char *why;         /* owned: the derivation; of an unmapped rule, what is in the way */
    bool mapped;
    struct label_matchers matchers; /* owned: of what it reads, without those of its quantity */
    struct promql_labels result;    /* owned: of its alerts, besides the rule's own */
    json_t *labels; /* owned: of the group and the rule, with alertname; templates as they stand */
};

struct rule_set {
    struct rule *rules;          /* owned; alerting rules */
    struct rule_source *sources; /* owned; of each of them */
    int n, capacity;
    enum promql_version version;   /* of the expressions: set it before reading */
    json_t *ignored;               /* names of alerts to leave out; borrowed, may be NULL */
    json_t *seen;                  /* owned: names of all alerts, those left out too -> true */
    json_t *notes;                 /* owned: see prom_doc.h */
    json_t *problems;              /* owned: texts "file:line: ...", one for each bad rule */
    json_t *files;                 /* owned: names */
    struct promql_record *records; /* owned */
    int n_records, records_capacity;
    json_t *recorded; /* owned: the same as texts: {record, file, group, position,
                        interval_ms, offset_ms, limit, expr, text, labels} */
};

/* NULL never. */
struct rule_set *rule_set_new(void);
void rule_set_free(struct rule_set *set);

/* Adds the rules of these files. UND_USAGE where a file or a rule is bad, the error being the first
 * problem and how many there are; the good ones are there nevertheless. */
enum und_code rule_set_read(struct rule_set *set, const char *const *paths, int n_paths,
                            struct und_err *err);

#endif
