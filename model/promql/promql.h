/*
 * PromQL: expressions as typed trees.
 *
 * Whatever `promtool check rules` of Prometheus 2.42 accepts is read, whatever it refuses is
 * refused with the place; as version 3 the language has what that version added (quoted names,
 * numbers as durations and durations as numbers, functions). Types are checked as the tree is
 * built. Brackets leave no node: the tree says what they said.
 *
 * Ceilings, none of which a rule that someone wrote comes near: the text 1 MiB, 100,000 nodes,
 * nesting of 1,000. Texts are NUL-ended; a NUL that an escape asks for is held as the two bytes
 * 0xc0 0x80.
 *
 * Source: Prometheus, promql/parser (grammar, lexer, checks) and the documentation's querying
 * pages.
 */
#ifndef MODEL_PROMQL_PROMQL_H
#define MODEL_PROMQL_PROMQL_H

#include "model/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROMQL_BYTES (1 << 20)
#define PROMQL_NODES 100000
#define PROMQL_DEPTH 1000
#define PROMQL_TEXT 1024 /* bytes for promql_print of what people write */

struct arena;
struct regex;
struct promql_function;

enum promql_version {
    PROMQL_2,      /* 2.42 */
    PROMQL_2_LAST, /* 2.55: durations and numbers are one, underscores in numbers, limitk and
                      limit_ratio, functions; sums and rates are calculated as in version 3 */
    PROMQL_3,
    PROMQL_3_ALL /* with what its feature flags switch on: durations that are calculated, ranges
                    anchored or smoothed, fill(), step() ... */
};

enum promql_kind {
    PROMQL_NUMBER,
    PROMQL_STRING,    /* in `name` */
    PROMQL_SELECTOR,  /* range_ms > 0: a range vector */
    PROMQL_SUBQUERY,  /* args[0]; range_ms, step_ms (0: the default) */
    PROMQL_CALL,      /* a function */
    PROMQL_AGGREGATE, /* sum, avg ...; the parameter, where there is one, comes before the vector */
    PROMQL_BINARY,
    PROMQL_MINUS /* unary */
};

enum promql_type { PROMQL_SCALAR, PROMQL_VECTOR, PROMQL_MATRIX, PROMQL_LITERAL };

enum promql_op {
    PROMQL_ADD,
    PROMQL_SUB,
    PROMQL_MUL,
    PROMQL_DIV,
    PROMQL_MOD,
    PROMQL_POW,
    PROMQL_ATAN2,
    PROMQL_EQ,
    PROMQL_NE,
    PROMQL_GT,
    PROMQL_LT,
    PROMQL_GE,
    PROMQL_LE,
    PROMQL_AND,
    PROMQL_OR,
    PROMQL_UNLESS,
    PROMQL_TRIM_UPPER, /* </ and >/: what a native histogram holds below, or above */
    PROMQL_TRIM_LOWER,
    PROMQL_OPS
};

enum promql_aggregation {
    PROMQL_SUM,
    PROMQL_AVG,
    PROMQL_COUNT,
    PROMQL_MIN,
    PROMQL_MAX,
    PROMQL_GROUP,
    PROMQL_STDDEV,
    PROMQL_STDVAR,
    PROMQL_TOPK,
    PROMQL_BOTTOMK,
    PROMQL_COUNT_VALUES,
    PROMQL_QUANTILE,
    PROMQL_LIMITK,      /* since 2.54 */
    PROMQL_LIMIT_RATIO, /* since 2.54 */
    PROMQL_AGGREGATIONS
};

enum promql_match { PROMQL_IS, PROMQL_IS_NOT, PROMQL_LIKE, PROMQL_NOT_LIKE };

struct promql_matcher {
    const char *name;
    const char *value;
    enum promql_match match;
    struct regex *regex; /* of LIKE and NOT_LIKE */
};

enum promql_at { PROMQL_NO_AT, PROMQL_AT_TIME, PROMQL_AT_START, PROMQL_AT_END };

/* How many series of each side of a binary operation may share their labels. */
enum promql_card { PROMQL_ONE_TO_ONE, PROMQL_MANY_TO_ONE, PROMQL_ONE_TO_MANY, PROMQL_MANY_TO_MANY };

struct promql_node {
    enum promql_kind kind;
    enum promql_type type;
    int id;              /* from 0, in the order of building: children first */
    int depth;           /* of the tree below it, itself included */
    uint32_t start, end; /* bytes of the text */
    bool bracketed;      /* as written */

    double number;
    const char *name; /* metric ("": none is written), function, aggregation, literal */

    struct promql_matcher *matchers; /* of a selector; the metric's name is among them */
    int n_matchers;
    int64_t range_ms, step_ms, offset_ms, at_ms;
    enum promql_at at;
    struct promql_node *range, *step, *offset; /* durations that name step() or range() */
    bool anchored, smoothed;

    enum promql_op op;                   /* of a binary node */
    enum promql_card card;               /* of a binary node between vectors */
    enum promql_aggregation aggregation; /* of an aggregate */
    const struct promql_function *function;
    const char **labels;  /* by, without, on, ignoring */
    const char **include; /* group_left, group_right */
    int n_labels, n_include;
    bool without;   /* `without` or `ignoring` */
    bool grouped;   /* by, without, on or ignoring is written */
    bool as_bool;   /* `bool` after a comparison */
    bool fills[2];  /* fill_left(), fill_right(): of the many, of the one */
    double fill[2]; /* what stands for a missing series */

    struct promql_node **args;
    int n_args;
};

struct promql {
    struct promql_node *root;
    int n_nodes;
    enum promql_version version;
    /* private */
    struct arena *arena;
    struct regex **regexes;
    int n_regexes;
};

/* The expression, to be freed with promql_free; NULL and UND_USAGE in `err` otherwise:
 * "character 12: got ')', want ..." (of a text of several lines "line 2, character 5: ..."), with
 * `place` and ": " before it. */
struct promql *promql_parse(const char *text, enum promql_version version, const char *place,
                            struct und_err *err);
void promql_free(struct promql *promql);
/* The durations that depend on a query's step and range, anew; those that are 0 or less of what
 * cannot be are an error. */
enum und_code promql_set_steps(struct promql *promql, int64_t step_ms, int64_t range_ms,
                               struct und_err *err);

/* The expression of a node in a canonical form, cut to size. */
const char *promql_print(const struct promql_node *node, char *text, size_t size);

const char *promql_op_word(enum promql_op op);
int promql_op_level(enum promql_op op); /* precedence: higher binds tighter */
const char *promql_aggregation_word(enum promql_aggregation aggregation);
bool promql_has_parameter(enum promql_aggregation aggregation); /* topk, quantile ... */
const char *promql_type_words(enum promql_type type);           /* "instant vector" ... */

bool promql_is_comparison(enum promql_op op);
bool promql_is_set_op(enum promql_op op); /* and, or, unless */

/* A missing label has the value "". */
bool promql_matches(const struct promql_matcher *matcher, const char *value);
/* The same of its parts: `regex` is what =~ and !~ match by, `wanted` the value of = and !=. */
bool promql_match_holds(enum promql_match match, const char *wanted, const struct regex *regex,
                        const char *value);

/* A duration as Prometheus accepts it: "5m", "1h30m", "1d", "0"; false otherwise. */
bool promql_duration(const char *text, int64_t *ms);
/* As Prometheus writes it: "1h30m". */
const char *promql_duration_text(int64_t ms, char text[64]);

/* A metric's name; a label's, which has no colon. */
bool promql_is_name(const char *text);
bool promql_is_label(const char *text);

#endif
