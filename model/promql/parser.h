/*
 * Private to the parser: what the grammar (parser.c, parser_postfix.c, parser_words.c), durations
 * (duration.c) and the nodes' own rules (build.c) share.
 */
#ifndef MODEL_PROMQL_PARSER_H
#define MODEL_PROMQL_PARSER_H

#include "lexer.h"

#define PARSER_SECONDS 9223372037.0 /* of a duration: what Go holds in nanoseconds */

struct parser {
    struct lexer lexer;
    struct promql *promql;
    int depth;
    bool any_selector; /* info()'s second argument may match everything */
};

#define LOOK (&parser->lexer) /* at the present token */
#define FAIL(start, ...) lexer_fail(&parser->lexer, start, __VA_ARGS__)

/* A list that grows in the arena. */
struct node_list {
    struct promql_node **nodes;
    int n;
};

struct label_list {
    const char **labels;
    int n;
};

/* A node that starts at `start` and ends before the present token. */
enum und_code build_node(struct parser *parser, enum promql_kind kind, enum promql_type type,
                         uint32_t start, struct promql_node **out);

void build_push(struct parser *parser, struct node_list *list, struct promql_node *node);
void build_push_label(struct parser *parser, struct label_list *list, const char *label);

/* Each checks what its kind demands of its parts. */
enum und_code build_selector(struct parser *parser, uint32_t start, const char *name,
                             struct promql_matcher *matchers, int n, struct promql_node **out);
enum und_code build_matcher(struct parser *parser, uint32_t start, const char *name,
                            enum promql_match match, const char *value, struct promql_matcher *out);
enum und_code build_call(struct parser *parser, uint32_t start, const char *name,
                         const struct node_list *args, struct promql_node **out);
enum und_code build_aggregate(struct parser *parser, struct promql_node *node,
                              const struct node_list *args);
enum und_code build_binary(struct parser *parser, struct promql_node *node, uint32_t operator_at,
                           struct promql_node *left, struct promql_node *right);
enum und_code build_unary(struct parser *parser, uint32_t start, bool minus,
                          struct promql_node *operand, struct promql_node **out);
enum und_code build_subquery(struct parser *parser, struct promql_node *operand, int64_t range_ms,
                             int64_t step_ms, struct promql_node **out);

/* Ranges, subqueries, offset, @, anchored and smoothed behind a node. */
enum und_code parser_postfix(struct parser *parser, struct promql_node **node);

/* A tree of numbers of seconds: does it name step() or range()? Its value in `ms`, or why it has
 * none; `steps` may be NULL if it does not. An offset may be 0 and less. */
struct steps;
bool duration_has_steps(const struct promql_node *node);
const char *duration_value(const struct promql_node *node, const struct steps *steps, bool offset,
                           int64_t *ms);

/* Words of the language at the present token: those that can be no metric; those that can, but no
 * function; an aggregation; an operator, or PROMQL_OPS. */
bool parser_reserved(const struct lexer *lexer);
bool parser_keyword(const struct lexer *lexer);
bool parser_aggregation(const struct parser *parser, enum promql_aggregation *aggregation);
enum promql_op parser_op(const struct lexer *lexer);

#endif
