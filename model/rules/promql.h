/*
 * PromQL expressions as trees: enough of the language to read the alert rules that teams write.
 *
 * Grammar and precedence are Prometheus' (promql/parser). Subqueries, @ and string literals outside
 * of matchers are refused; everything else parses, whether or not signal.h can make sense of it.
 * A tree is plain data without pointers; nodes refer to each other by index.
 */
#ifndef MODEL_RULES_PROMQL_H
#define MODEL_RULES_PROMQL_H

#include "model/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROMQL_NODES 128
#define PROMQL_MATCHERS 32
#define PROMQL_LABELS 32
#define PROMQL_NAME 96
#define PROMQL_VALUE 160
#define PROMQL_DEPTH 48
#define PROMQL_TEXT 1024

enum promql_kind {
    PROMQL_NUMBER,
    PROMQL_SELECTOR,  /* range_ms > 0: a range vector */
    PROMQL_CALL,      /* a function */
    PROMQL_AGGREGATE, /* sum, avg ... with by or without */
    PROMQL_BINARY,
    PROMQL_MINUS /* unary */
};

enum promql_op {
    PROMQL_ADD,
    PROMQL_SUB,
    PROMQL_MUL,
    PROMQL_DIV,
    PROMQL_MOD,
    PROMQL_POW,
    PROMQL_EQ,
    PROMQL_NE,
    PROMQL_GT,
    PROMQL_LT,
    PROMQL_GE,
    PROMQL_LE,
    PROMQL_AND,
    PROMQL_OR,
    PROMQL_UNLESS,
    PROMQL_OPS
};

enum promql_match { PROMQL_IS, PROMQL_IS_NOT, PROMQL_LIKE, PROMQL_NOT_LIKE };

struct promql_matcher {
    char name[PROMQL_NAME];
    enum promql_match match;
    char value[PROMQL_VALUE];
};

struct promql_node {
    enum promql_kind kind;
    enum promql_op op; /* of a binary node */
    double number;
    char name[PROMQL_NAME]; /* metric, function or aggregation */
    int matchers, n_matchers;
    int64_t range_ms, offset_ms;
    int labels, n_labels; /* by, without, on, ignoring */
    bool without;         /* `without` or `ignoring` */
    bool grouped;         /* by, without, on or ignoring is written */
    bool as_bool;         /* `bool` after a comparison */
    int child, sibling;   /* first argument, next one of its parent; -1 */
};

struct promql {
    struct promql_node nodes[PROMQL_NODES];
    struct promql_matcher matchers[PROMQL_MATCHERS];
    char labels[PROMQL_LABELS][PROMQL_NAME];
    int n_nodes, n_matchers, n_labels;
    int root;
};

/* UND_USAGE: "character 12: got ')', want ..."; `place` and ": " go before it. */
enum und_code promql_parse(struct promql *promql, const char *text, const char *place,
                           struct und_err *err);

/* The expression of a node in a canonical form, cut to size. */
const char *promql_print(const struct promql *promql, int node, char *text, size_t size);

const char *promql_op_word(enum promql_op op);
int promql_op_level(enum promql_op op); /* precedence: higher binds tighter */

/* A duration as Prometheus accepts it: "5m", "1h30m", "1d", "0"; false otherwise. */
bool promql_duration(const char *text, int64_t *ms);

/* A metric or label name. */
bool promql_is_name(const char *text);

#endif
