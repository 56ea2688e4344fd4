#include "parser.h"

#include "arena.h"
#include "model/base/assert.h"
#include "model/base/regex.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static enum und_code parse_expression(struct parser *parser, int level, struct promql_node **out);

/* --- lists of labels ------------------------------------------------------------------------ */

static enum und_code parse_labels(struct parser *parser, const char ***labels, int *n)
{
    struct label_list list = {NULL, 0};
    if (lexer_expect(LOOK, "("))
        return UND_USAGE;
    while (!lexer_is_sign(LOOK, ")")) {
        bool quoted = LOOK->token == TOKEN_STRING && parser->promql->version >= PROMQL_3;
        bool number = LOOK->token == TOKEN_NUMBER; /* inf and nan are words of the language */
        if ((LOOK->token != TOKEN_NAME && !quoted) || number)
            return lexer_unexpected(LOOK, "a label's name");
        build_push_label(parser, &list, LOOK->word);
        if (lexer_next(LOOK))
            return UND_USAGE;
        if (!lexer_is_sign(LOOK, ")") && lexer_expect(LOOK, ","))
            return UND_USAGE;
    }
    *labels = list.labels;
    *n = list.n;
    return lexer_next(LOOK);
}

/* --- selectors ------------------------------------------------------------------------------- */

struct matchers {
    struct promql_matcher *list;
    int n;
    const char *name; /* version 3: {"a metric's name"} */
};

static void push_matcher(struct parser *parser, struct matchers *matchers,
                         const struct promql_matcher *matcher)
{
    size_t n = (size_t)matchers->n, size = sizeof *matcher;
    if ((n & (n - 1)) == 0)
        matchers->list = arena_grow(LOOK->arena, matchers->list, n * size, (2 * n + 1) * size);
    matchers->list[matchers->n++] = *matcher;
}

static enum und_code parse_matcher(struct parser *parser, struct matchers *matchers)
{
    static const char *const signs[] = {"=", "!=", "=~", "!~"};
    struct promql_matcher matcher;
    const char *name = LOOK->word;
    uint32_t start = LOOK->start;
    bool quoted = LOOK->token == TOKEN_STRING && parser->promql->version >= PROMQL_3;
    int i = 0;
    if (LOOK->token != TOKEN_NAME && !quoted)
        return lexer_unexpected(LOOK, "a label's name");
    if (lexer_next(LOOK))
        return UND_USAGE;
    if (quoted && (lexer_is_sign(LOOK, ",") || lexer_is_sign(LOOK, "}"))) {
        if (matchers->name)
            return FAIL(start, "the metric's name is given twice");
        matchers->name = name;
        return UND_OK;
    }
    while (i < 4 && !lexer_is_sign(LOOK, signs[i]))
        i++;
    if (i == 4)
        return lexer_unexpected(LOOK, "= != =~ or !~");
    if (lexer_next(LOOK))
        return UND_USAGE;
    if (LOOK->token != TOKEN_STRING)
        return lexer_unexpected(LOOK, "a quoted value");
    if (build_matcher(parser, LOOK->start, name, (enum promql_match)i, LOOK->word, &matcher))
        return UND_USAGE;
    push_matcher(parser, matchers, &matcher);
    return lexer_next(LOOK);
}

/* What follows a metric's name, or stands without one. */
static enum und_code parse_selector(struct parser *parser, uint32_t start, const char *name,
                                    struct promql_node **out)
{
    struct matchers matchers = {NULL, 0, NULL};
    if (lexer_is_sign(LOOK, "{")) {
        LOOK->in_braces = true;
        if (lexer_next(LOOK))
            return UND_USAGE;
        while (!lexer_is_sign(LOOK, "}")) {
            if (parse_matcher(parser, &matchers))
                return UND_USAGE;
            if (!lexer_is_sign(LOOK, "}") && lexer_expect(LOOK, ","))
                return UND_USAGE;
        }
        LOOK->in_braces = false;
        if (lexer_next(LOOK))
            return UND_USAGE;
    }
    if (matchers.name && name[0])
        return FAIL(start, "the metric's name is given twice");
    return build_selector(parser, start, matchers.name ? matchers.name : name, matchers.list,
                          matchers.n, out);
}

/* --- calls and aggregations ------------------------------------------------------------------ */

static enum und_code parse_arguments(struct parser *parser, bool of_info, struct node_list *list)
{
    if (lexer_expect(LOOK, "("))
        return UND_USAGE;
    if (lexer_is_sign(LOOK, ")"))
        return lexer_next(LOOK);
    for (;;) {
        struct promql_node *argument;
        parser->any_selector = of_info && list->n > 0;
        if (parse_expression(parser, 1, &argument))
            return UND_USAGE;
        parser->any_selector = false;
        build_push(parser, list, argument);
        if (lexer_is_sign(LOOK, ")"))
            return lexer_next(LOOK);
        if (lexer_expect(LOOK, ","))
            return UND_USAGE;
        if (lexer_is_sign(LOOK, ")"))
            return lexer_unexpected(LOOK, "an argument behind the ','");
    }
}

static enum und_code parse_grouping(struct parser *parser, struct promql_node *node)
{
    bool without = lexer_is_word(LOOK, "without");
    if (!without && !lexer_is_word(LOOK, "by"))
        return UND_OK;
    node->without = without;
    node->grouped = true;
    return lexer_next(LOOK) ? UND_USAGE : parse_labels(parser, &node->labels, &node->n_labels);
}

static enum und_code parse_aggregate(struct parser *parser, uint32_t start,
                                     enum promql_aggregation aggregation, struct promql_node **out)
{
    struct node_list args = {NULL, 0};
    if (build_node(parser, PROMQL_AGGREGATE, PROMQL_VECTOR, start, out))
        return UND_USAGE;
    (*out)->name = promql_aggregation_word(aggregation);
    (*out)->aggregation = aggregation;
    if (parse_grouping(parser, *out) || parse_arguments(parser, false, &args))
        return UND_USAGE;
    if (!(*out)->grouped && parse_grouping(parser, *out))
        return UND_USAGE;
    (*out)->end = LOOK->start;
    return build_aggregate(parser, *out, &args);
}

static enum und_code parse_named(struct parser *parser, struct promql_node **out)
{
    enum promql_aggregation aggregation;
    uint32_t start = LOOK->start;
    const char *name = LOOK->word;
    bool aggregates = parser_aggregation(parser, &aggregation);
    bool callable = LOOK->token == TOKEN_NAME && !parser_keyword(LOOK) && !aggregates;
    if (parser_reserved(LOOK))
        return lexer_unexpected(LOOK, "an expression");
    if (lexer_next(LOOK))
        return UND_USAGE;
    if (aggregates &&
        (lexer_is_sign(LOOK, "(") || lexer_is_word(LOOK, "by") || lexer_is_word(LOOK, "without")))
        return parse_aggregate(parser, start, aggregation, out);
    if (callable && lexer_is_sign(LOOK, "(")) {
        struct node_list args = {NULL, 0};
        return parse_arguments(parser, strcmp(name, "info") == 0, &args)
                   ? UND_USAGE
                   : build_call(parser, start, name, &args, out);
    }
    return parse_selector(parser, start, name, out);
}

/* --- expressions ----------------------------------------------------------------------------- */

static enum und_code parse_literal(struct parser *parser, struct promql_node **out)
{
    bool text = LOOK->token == TOKEN_STRING;
    const char *word = LOOK->word;
    double number = LOOK->token == TOKEN_DURATION ? (double)LOOK->ms / 1000 : LOOK->number;
    uint32_t start = LOOK->start;
    if (lexer_next(LOOK) || build_node(parser, text ? PROMQL_STRING : PROMQL_NUMBER,
                                       text ? PROMQL_LITERAL : PROMQL_SCALAR, start, out))
        return UND_USAGE;
    (*out)->name = text ? word : "";
    (*out)->number = text ? 0 : number;
    return UND_OK;
}

static enum und_code parse_primary(struct parser *parser, struct promql_node **out)
{
    bool duration = LOOK->token == TOKEN_DURATION && parser->promql->version >= PROMQL_2_LAST;
    if (lexer_is_sign(LOOK, "(")) {
        if (lexer_next(LOOK) || parse_expression(parser, 1, out) || lexer_expect(LOOK, ")"))
            return UND_USAGE;
        (*out)->bracketed = true;
        return UND_OK;
    }
    if (LOOK->token == TOKEN_NUMBER || LOOK->token == TOKEN_STRING || duration)
        return parse_literal(parser, out);
    if (LOOK->token == TOKEN_NAME || LOOK->token == TOKEN_METRIC)
        return parse_named(parser, out);
    if (lexer_is_sign(LOOK, "{"))
        return parse_selector(parser, LOOK->start, "", out);
    return lexer_unexpected(LOOK, "an expression");
}

static enum und_code parse_operand(struct parser *parser, struct promql_node **out)
{
    if (lexer_is_sign(LOOK, "+") || lexer_is_sign(LOOK, "-")) {
        bool minus = lexer_is_sign(LOOK, "-");
        uint32_t start = LOOK->start;
        struct promql_node *operand;
        /* Binds tighter than * and looser than ^. */
        if (lexer_next(LOOK) || parse_expression(parser, promql_op_level(PROMQL_POW), &operand))
            return UND_USAGE;
        return build_unary(parser, start, minus, operand, out);
    }
    return parse_primary(parser, out) ? UND_USAGE : parser_postfix(parser, out);
}

/* on, ignoring, group_left, group_right. */
static enum und_code parse_matching(struct parser *parser, struct promql_node *node)
{
    if (!lexer_is_word(LOOK, "on") && !lexer_is_word(LOOK, "ignoring"))
        return UND_OK;
    node->without = lexer_is_word(LOOK, "ignoring");
    node->grouped = true;
    if (lexer_next(LOOK) || parse_labels(parser, &node->labels, &node->n_labels))
        return UND_USAGE;
    if (!lexer_is_word(LOOK, "group_left") && !lexer_is_word(LOOK, "group_right"))
        return UND_OK;
    node->card = lexer_is_word(LOOK, "group_left") ? PROMQL_MANY_TO_ONE : PROMQL_ONE_TO_MANY;
    if (lexer_next(LOOK))
        return UND_USAGE;
    return lexer_is_sign(LOOK, "(") ? parse_labels(parser, &node->include, &node->n_include)
                                    : UND_OK;
}

static enum und_code parse_filling(struct parser *parser, bool left, bool right,
                                   struct promql_node *node)
{
    double sign = lexer_is_sign(LOOK, "-") ? -1 : 1;
    if ((sign < 0 || lexer_is_sign(LOOK, "+")) && lexer_next(LOOK))
        return UND_USAGE;
    if (LOOK->token != TOKEN_NUMBER)
        return lexer_unexpected(LOOK, "a number");
    for (int i = 0; i < 2; i++) {
        if (i ? right : left) {
            node->fills[i] = true;
            node->fill[i] = sign * LOOK->number;
        }
    }
    return lexer_next(LOOK) || lexer_expect(LOOK, ")") ? UND_USAGE : UND_OK;
}

/* fill(0), fill_left(0), fill_right(0): a metric of that name has no bracket behind it. */
static enum und_code parse_fill(struct parser *parser, struct promql_node *node)
{
    for (;;) {
        struct lexer before = *LOOK;
        bool both = lexer_is_word(LOOK, "fill");
        bool left = both || lexer_is_word(LOOK, "fill_left");
        bool right = both || lexer_is_word(LOOK, "fill_right");
        if ((!left && !right) || parser->promql->version < PROMQL_3)
            return UND_OK;
        if (lexer_next(LOOK))
            return UND_USAGE;
        if (!lexer_is_sign(LOOK, "(")) {
            *LOOK = before;
            return UND_OK;
        }
        if (parser->promql->version == PROMQL_3)
            return FAIL(before.start,
                        "%s(), which Prometheus 3 has only with --enable-feature="
                        "promql-binop-fill-modifiers",
                        before.word);
        if (lexer_next(LOOK) || parse_filling(parser, left, right, node))
            return UND_USAGE;
    }
}

static enum und_code parse_modifiers(struct parser *parser, struct promql_node *node)
{
    if (lexer_is_word(LOOK, "bool")) {
        node->as_bool = true;
        if (lexer_next(LOOK))
            return UND_USAGE;
    }
    return parse_matching(parser, node) || parse_fill(parser, node) ? UND_USAGE : UND_OK;
}

static enum und_code parse_binary(struct parser *parser, enum promql_op op,
                                  struct promql_node **left)
{
    uint32_t operator_at = LOOK->start;
    struct promql_node *node, *right;
    if (lexer_next(LOOK) ||
        build_node(parser, PROMQL_BINARY, PROMQL_VECTOR, (*left)->start, &node) ||
        parse_modifiers(parser, node) ||
        parse_expression(parser, promql_op_level(op) + (op != PROMQL_POW), &right))
        return UND_USAGE;
    node->op = op;
    if (build_binary(parser, node, operator_at, *left, right))
        return UND_USAGE;
    *left = node;
    return UND_OK;
}

static enum und_code parse_expression(struct parser *parser, int level, struct promql_node **out)
{
    enum und_code code;
    if (++parser->depth > PROMQL_DEPTH)
        return FAIL(LOOK->start, "nested more than %d deep", PROMQL_DEPTH);
    code = parse_operand(parser, out);
    while (code == UND_OK) {
        enum promql_op op = parser_op(LOOK);
        if (op == PROMQL_OPS || promql_op_level(op) < level)
            break;
        code = parse_binary(parser, op, out);
    }
    parser->depth--;
    return code;
}

static enum und_code parse_all(struct parser *parser, struct promql_node **root)
{
    if (strlen(LOOK->text) > PROMQL_BYTES)
        return und_fail(LOOK->err, UND_USAGE, "%s: an expression of over %d bytes", LOOK->place,
                        PROMQL_BYTES);
    if (lexer_next(LOOK) || parse_expression(parser, 1, root))
        return UND_USAGE;
    return LOOK->token == TOKEN_END ? UND_OK : lexer_unexpected(LOOK, "an operator or the end");
}

struct promql *promql_parse(const char *text, enum promql_version version, const char *place,
                            struct und_err *err)
{
    struct promql *promql = calloc(1, sizeof *promql);
    struct parser parser = {.promql = promql};
    UND_ASSERT(promql != NULL);
    promql->version = version;
    promql->arena = arena_open();
    parser.lexer = (struct lexer){
        .text = text, .version = version, .arena = promql->arena, .place = place, .err = err};
    if (parse_all(&parser, &promql->root)) {
        promql_free(promql);
        return NULL;
    }
    return promql;
}

void promql_free(struct promql *promql)
{
    if (!promql)
        return;
    for (int i = 0; i < promql->n_regexes; i++)
        regex_close(promql->regexes[i]);
    arena_close(promql->arena);
    free(promql);
}
