/* What stands behind a selector or an expression: [5m], [1h:5m], offset 5m, @ start(). */
#include "parser.h"

#include <math.h>
#include <string.h>

/* A duration that is written, or one that depends on the query's steps. */
struct duration {
    int64_t ms;
    struct promql_node *steps;
};

/* --- as they are written --------------------------------------------------------------------- */

static enum und_code no_calculation(struct parser *parser)
{
    return FAIL(LOOK->start,
                "got '%.20s': Prometheus 3 calculates durations only with "
                "--enable-feature=promql-duration-expr",
                LOOK->word);
}

static bool is_operator(const struct lexer *lexer)
{
    enum promql_op op = parser_op(lexer);
    return op <= PROMQL_POW;
}

/* Since 2.54 seconds will do for a duration. */
static enum und_code parse_plain(struct parser *parser, bool offset, int64_t *ms)
{
    bool v3 = parser->promql->version >= PROMQL_3;
    bool numbers = parser->promql->version >= PROMQL_2_LAST;
    bool number = LOOK->token == TOKEN_NUMBER && numbers;
    if (v3 && (lexer_is_sign(LOOK, "(") || (!offset && is_operator(LOOK))))
        return no_calculation(parser);
    if (LOOK->token != TOKEN_DURATION && !number)
        return lexer_unexpected(LOOK, "a duration");
    *ms = LOOK->ms;
    if (number) {
        if (!(fabs(LOOK->number) < PARSER_SECONDS))
            return FAIL(LOOK->start, "got a duration that is out of range");
        *ms = (int64_t)round(LOOK->number * 1000);
    }
    if (*ms < 0 || (*ms == 0 && !(offset && numbers)))
        return FAIL(LOOK->start, "got '%.40s', want a duration over 0", LOOK->word);
    if (lexer_next(LOOK))
        return UND_USAGE;
    return v3 && !offset && is_operator(LOOK) ? no_calculation(parser) : UND_OK;
}

/* --- calculated ------------------------------------------------------------------------------ */

static enum und_code parse_calculated(struct parser *parser, int level, struct promql_node **out);

/* step(), range(), min(a, b), max(a, b). */
static enum und_code parse_function(struct parser *parser, struct promql_node **out)
{
    static const char *const words[] = {"step", "range", "min", "max", "min_of", "max_of"};
    static const char *const names[] = {"step", "range", "min_of", "max_of", "min_of", "max_of"};
    struct node_list args = {NULL, 0};
    uint32_t start = LOOK->start;
    int i = 0;
    while (i < 6 && !lexer_is_word(LOOK, words[i]))
        i++;
    if (i == 6)
        return lexer_unexpected(LOOK, "a duration");
    if (lexer_next(LOOK) || lexer_expect(LOOK, "("))
        return UND_USAGE;
    while (!lexer_is_sign(LOOK, ")")) {
        struct promql_node *argument;
        if (parse_calculated(parser, 1, &argument))
            return UND_USAGE;
        build_push(parser, &args, argument);
        if (!lexer_is_sign(LOOK, ")") && lexer_expect(LOOK, ","))
            return UND_USAGE;
    }
    return lexer_next(LOOK) ? UND_USAGE : build_call(parser, start, names[i], &args, out);
}

static enum und_code parse_part(struct parser *parser, struct promql_node **out)
{
    if (LOOK->token == TOKEN_NUMBER || LOOK->token == TOKEN_DURATION) {
        double seconds = LOOK->token == TOKEN_NUMBER ? LOOK->number : (double)LOOK->ms / 1000;
        uint32_t start = LOOK->start;
        if (lexer_next(LOOK) || build_node(parser, PROMQL_NUMBER, PROMQL_SCALAR, start, out))
            return UND_USAGE;
        (*out)->number = seconds;
        return UND_OK;
    }
    if (!lexer_is_sign(LOOK, "("))
        return parse_function(parser, out);
    return lexer_next(LOOK) || parse_calculated(parser, 1, out) || lexer_expect(LOOK, ")")
               ? UND_USAGE
               : UND_OK;
}

/* A sign binds tighter than * and looser than ^; behind offset it is the part's own. */
static enum und_code parse_signed(struct parser *parser, bool part, struct promql_node **out)
{
    bool minus = lexer_is_sign(LOOK, "-");
    uint32_t start = LOOK->start;
    struct promql_node *operand;
    if (!minus && !lexer_is_sign(LOOK, "+"))
        return parse_part(parser, out);
    if (lexer_next(LOOK) ||
        (part ? parse_part(parser, &operand)
              : parse_calculated(parser, promql_op_level(PROMQL_POW), &operand)))
        return UND_USAGE;
    return build_unary(parser, start, minus, operand, out);
}

static enum und_code parse_calculated(struct parser *parser, int level, struct promql_node **out)
{
    if (++parser->depth > PROMQL_DEPTH)
        return FAIL(LOOK->start, "nested more than %d deep", PROMQL_DEPTH);
    if (parse_signed(parser, false, out))
        return UND_USAGE;
    while (is_operator(LOOK) && promql_op_level(parser_op(LOOK)) >= level) {
        enum promql_op op = parser_op(LOOK);
        uint32_t at = LOOK->start;
        struct promql_node *node, *right;
        if (lexer_next(LOOK) ||
            build_node(parser, PROMQL_BINARY, PROMQL_SCALAR, (*out)->start, &node) ||
            parse_calculated(parser, promql_op_level(op) + (op != PROMQL_POW), &right))
            return UND_USAGE;
        node->op = op;
        if (build_binary(parser, node, at, *out, right))
            return UND_USAGE;
        *out = node;
    }
    parser->depth--;
    return UND_OK;
}

static enum und_code parse_duration(struct parser *parser, bool offset, struct duration *out)
{
    uint32_t start = LOOK->start;
    struct promql_node *node;
    const char *why;
    *out = (struct duration){0, NULL};
    if (parser->promql->version != PROMQL_3_ALL)
        return parse_plain(parser, offset, &out->ms);
    if (offset ? parse_signed(parser, true, &node) : parse_calculated(parser, 1, &node))
        return UND_USAGE;
    if (duration_has_steps(node)) {
        *out = (struct duration){1, node};
        return UND_OK;
    }
    why = duration_value(node, NULL, offset, &out->ms);
    return why ? FAIL(start, "%s", why) : UND_OK;
}

/* --- ranges ---------------------------------------------------------------------------------- */

static bool is_plain_selector(const struct promql_node *node)
{
    return node->kind == PROMQL_SELECTOR && !node->bracketed;
}

static enum und_code parse_subquery(struct parser *parser, const struct duration *range,
                                    struct promql_node **node)
{
    struct duration step = {0, NULL};
    if (lexer_next(LOOK))
        return UND_USAGE;
    if (!lexer_is_sign(LOOK, "]") && parse_duration(parser, false, &step))
        return UND_USAGE;
    LOOK->in_brackets = false;
    if (lexer_expect(LOOK, "]") || build_subquery(parser, *node, range->ms, step.ms, node))
        return UND_USAGE;
    (*node)->range = range->steps;
    (*node)->step = step.steps;
    return UND_OK;
}

static enum und_code parse_range(struct parser *parser, struct promql_node **node)
{
    uint32_t start = LOOK->start;
    struct duration range;
    LOOK->in_brackets = true;
    if (lexer_next(LOOK) || parse_duration(parser, false, &range))
        return UND_USAGE;
    if (lexer_is_sign(LOOK, ":"))
        return parse_subquery(parser, &range, node);
    LOOK->in_brackets = false;
    if (lexer_expect(LOOK, "]"))
        return UND_USAGE;
    if (!is_plain_selector(*node) || (*node)->range_ms)
        return FAIL(start, "a range is only for a selector; elsewhere a subquery: [5m:]");
    if ((*node)->offset_ms || (*node)->at != PROMQL_NO_AT)
        return FAIL(start, "the range belongs before %s", (*node)->offset_ms ? "offset" : "@");
    (*node)->range_ms = range.ms;
    (*node)->range = range.steps;
    (*node)->type = PROMQL_MATRIX;
    return UND_OK;
}

/* anchored, smoothed */
static enum und_code parse_extension(struct parser *parser, struct promql_node *node)
{
    bool anchored = lexer_is_word(LOOK, "anchored");
    if (parser->promql->version == PROMQL_3)
        return FAIL(LOOK->start,
                    "got '%s', which Prometheus 3 has only with "
                    "--enable-feature=promql-extended-range-selectors",
                    LOOK->word);
    if (!is_plain_selector(node) || (anchored && !node->range_ms) || node->anchored ||
        node->smoothed)
        return FAIL(LOOK->start, "%s belongs behind a selector%s", LOOK->word,
                    anchored ? "'s range" : "");
    node->anchored = anchored;
    node->smoothed = !anchored;
    return lexer_next(LOOK);
}

/* --- offset and @ ---------------------------------------------------------------------------- */

static bool can_shift(const struct promql_node *node)
{
    return (node->kind == PROMQL_SELECTOR || node->kind == PROMQL_SUBQUERY) && !node->bracketed;
}

static enum und_code parse_offset(struct parser *parser, struct promql_node *node)
{
    struct duration offset;
    bool minus, plus;
    if (lexer_next(LOOK))
        return UND_USAGE;
    minus = lexer_is_sign(LOOK, "-") && parser->promql->version != PROMQL_3_ALL;
    plus = lexer_is_sign(LOOK, "+") && parser->promql->version == PROMQL_3;
    if ((minus || plus) && lexer_next(LOOK))
        return UND_USAGE;
    if (parse_duration(parser, true, &offset))
        return UND_USAGE;
    if (!can_shift(node))
        return FAIL(node->start, "offset belongs behind a selector or a subquery");
    if (node->offset_ms)
        return FAIL(node->start, "offset is given twice");
    node->offset_ms = minus ? -offset.ms : offset.ms;
    node->offset = offset.steps;
    return UND_OK;
}

/* Since 2.54 a duration will do for seconds. */
static enum und_code parse_at_time(struct parser *parser, struct promql_node *node)
{
    double sign = 1, seconds;
    if (lexer_is_sign(LOOK, "-") || lexer_is_sign(LOOK, "+")) {
        sign = lexer_is_sign(LOOK, "-") ? -1 : 1;
        if (lexer_next(LOOK))
            return UND_USAGE;
    }
    if (LOOK->token == TOKEN_DURATION && parser->promql->version >= PROMQL_2_LAST)
        seconds = (double)LOOK->ms / 1000;
    else if (LOOK->token == TOKEN_NUMBER)
        seconds = LOOK->number;
    else
        return lexer_unexpected(LOOK, "a time in seconds, start() or end()");
    seconds *= sign;
    if (!(fabs(seconds) < 9.2e15))
        return FAIL(LOOK->start, "got a time that is out of bounds");
    node->at = PROMQL_AT_TIME;
    node->at_ms = (int64_t)round(seconds * 1000);
    return lexer_next(LOOK);
}

static enum und_code parse_at(struct parser *parser, struct promql_node *node)
{
    if (lexer_next(LOOK))
        return UND_USAGE;
    if (!can_shift(node))
        return FAIL(node->start, "@ belongs behind a selector or a subquery");
    if (node->at != PROMQL_NO_AT)
        return FAIL(node->start, "@ is given twice");
    if (!lexer_is_word(LOOK, "start") && !lexer_is_word(LOOK, "end"))
        return parse_at_time(parser, node);
    node->at = lexer_is_word(LOOK, "start") ? PROMQL_AT_START : PROMQL_AT_END;
    return lexer_next(LOOK) || lexer_expect(LOOK, "(") || lexer_expect(LOOK, ")") ? UND_USAGE
                                                                                  : UND_OK;
}

enum und_code parser_postfix(struct parser *parser, struct promql_node **node)
{
    for (;;) {
        enum und_code code = UND_OK;
        if (lexer_is_sign(LOOK, "["))
            code = parse_range(parser, node);
        else if (lexer_is_word(LOOK, "offset"))
            code = parse_offset(parser, *node);
        else if (lexer_is_sign(LOOK, "@"))
            code = parse_at(parser, *node);
        else if (parser->promql->version >= PROMQL_3 &&
                 (lexer_is_word(LOOK, "anchored") || lexer_is_word(LOOK, "smoothed")))
            code = parse_extension(parser, *node);
        else
            return UND_OK;
        if (code != UND_OK)
            return code;
        (*node)->end = LOOK->start;
    }
}
