#include "promql.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum token {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_NUMBER,
    TOKEN_DURATION,
    TOKEN_STRING,
    TOKEN_SIGN /* an operator or a bracket, in `word` */
};

struct parser {
    struct promql *promql;
    const char *text, *at; /* `at`: behind the present token */
    const char *start;     /* of the present token */
    const char *place;
    struct und_err *err;
    enum token token;
    char word[PROMQL_VALUE];
    double number;
    int64_t ms;
    int depth;
};

static const char *const op_words[PROMQL_OPS] = {
    "+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", ">=", "<=", "and", "or", "unless"};
static const int op_levels[PROMQL_OPS] = {4, 4, 5, 5, 5, 6, 3, 3, 3, 3, 3, 3, 2, 1, 2};

const char *promql_op_word(enum promql_op op)
{
    return op_words[op];
}

int promql_op_level(enum promql_op op)
{
    return op_levels[op];
}

static const char *const aggregations[] = {"sum",      "min",          "max",   "avg",  "group",
                                           "stddev",   "stdvar",       "count", "topk", "bottomk",
                                           "quantile", "count_values", NULL};

/* --- names and durations --------------------------------------------------------------------- */

static bool starts_name(char c)
{
    return isalpha((unsigned char)c) || c == '_' || c == ':';
}

static bool continues_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == ':';
}

bool promql_is_name(const char *text)
{
    if (!starts_name(*text))
        return false;
    while (continues_name(*text))
        text++;
    return *text == '\0';
}

/* The length of a duration at the start of the text, 0 if there is none. */
static size_t scan_duration(const char *text, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"y", 31536000000}, {"w", 604800000}, {"d", 86400000}, {"h", 3600000},
                 {"m", 60000},       {"s", 1000},      {"ms", 1}};
    const char *at = text;
    int64_t sum = 0;
    size_t next = 0;
    while (isdigit((unsigned char)*at)) {
        char *end;
        long long n = strtoll(at, &end, 10);
        size_t i = next, length;
        if (n < 0 || n > 1000000000)
            return 0;
        length = (size_t)(end - at) < 12 ? strspn(end, "ywdhms") : 0;
        if (length == 0)
            return 0;
        if (length > 1 && strncmp(end, "ms", 2) != 0)
            length = 1;
        else if (length > 1)
            length = 2;
        while (i < 7 &&
               (strlen(units[i].unit) != length || strncmp(units[i].unit, end, length) != 0))
            i++;
        if (i == 7)
            return 0;
        sum += n * units[i].ms;
        next = i + 1; /* from large to small, each once */
        at = end + length;
    }
    *ms = sum;
    return (size_t)(at - text);
}

bool promql_duration(const char *text, int64_t *ms)
{
    *ms = 0;
    if (strcmp(text, "0") == 0)
        return true;
    return *text != '\0' && scan_duration(text, ms) == strlen(text);
}

/* --- tokens ---------------------------------------------------------------------------------- */

static enum und_code fail(struct parser *parser, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum und_code fail(struct parser *parser, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return und_fail(parser->err, UND_USAGE, "%s: character %d: %s", parser->place,
                    (int)(parser->start - parser->text) + 1, text);
}

static void skip_blanks(struct parser *parser)
{
    while (isspace((unsigned char)*parser->at) || *parser->at == '#') {
        if (*parser->at == '#')
            parser->at += strcspn(parser->at, "\n");
        else
            parser->at++;
    }
}

static enum und_code read_string(struct parser *parser)
{
    char quote = *parser->at++;
    size_t n = 0;
    while (*parser->at != quote) {
        char c = *parser->at++;
        if (c == '\0')
            return fail(parser, "a string without its end");
        if (c == '\\' && quote != '`') {
            c = *parser->at++;
            if (c == '\0' || !strchr("\\\"'nt", c)) /* what matchers in rules need */
                return fail(parser, "got the escape \\%c, want one of \\\\ \\\" \\' \\n \\t", c);
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
        if (n + 1 >= sizeof parser->word)
            return fail(parser, "got a string of over %zu bytes", sizeof parser->word - 1);
        parser->word[n++] = c;
    }
    parser->at++;
    parser->word[n] = '\0';
    parser->token = TOKEN_STRING;
    return UND_OK;
}

static enum und_code read_digits(struct parser *parser)
{
    char *end;
    size_t length = scan_duration(parser->at, &parser->ms);
    if (length > 0) {
        parser->token = TOKEN_DURATION;
        snprintf(parser->word, sizeof parser->word, "%.*s", (int)length, parser->at);
        parser->at += length;
    } else {
        parser->number = strtod(parser->at, &end);
        parser->token = TOKEN_NUMBER;
        snprintf(parser->word, sizeof parser->word, "%.*s", (int)(end - parser->at), parser->at);
        parser->at = end;
    }
    if (continues_name(*parser->at))
        return fail(parser, "got '%.20s', want a number or a duration", parser->start);
    return UND_OK;
}

static enum und_code read_name(struct parser *parser)
{
    size_t n = 0;
    while (continues_name(*parser->at)) {
        if (n + 1 >= PROMQL_NAME)
            return fail(parser, "got a name of over %d bytes", PROMQL_NAME - 1);
        parser->word[n++] = *parser->at++;
    }
    parser->word[n] = '\0';
    parser->token = TOKEN_NAME;
    if (strcasecmp(parser->word, "inf") == 0 || strcasecmp(parser->word, "nan") == 0) {
        parser->token = TOKEN_NUMBER;
        parser->number = tolower(parser->word[0]) == 'i' ? INFINITY : NAN;
    }
    return UND_OK;
}

static enum und_code advance(struct parser *parser)
{
    static const char *const signs[] = {"==", "!=", ">=", "<=", "=~", "!~", NULL};
    skip_blanks(parser);
    parser->start = parser->at;
    if (*parser->at == '\0') {
        parser->token = TOKEN_END;
        strcpy(parser->word, "the end");
        return UND_OK;
    }
    if (isdigit((unsigned char)*parser->at) ||
        (*parser->at == '.' && isdigit((unsigned char)parser->at[1])))
        return read_digits(parser);
    if (starts_name(*parser->at) && *parser->at != ':')
        return read_name(parser);
    if (strchr("\"'`", *parser->at))
        return read_string(parser);
    parser->token = TOKEN_SIGN;
    for (int i = 0; signs[i]; i++) {
        if (strncmp(parser->at, signs[i], 2) == 0) {
            strcpy(parser->word, signs[i]);
            parser->at += 2;
            return UND_OK;
        }
    }
    if (!strchr("+-*/%^=<>(){}[],:", *parser->at))
        return fail(parser, "got '%c', want an expression", *parser->at);
    parser->word[0] = *parser->at++;
    parser->word[1] = '\0';
    return UND_OK;
}

static bool is_sign(const struct parser *parser, const char *sign)
{
    return parser->token == TOKEN_SIGN && strcmp(parser->word, sign) == 0;
}

static bool is_word(const struct parser *parser, const char *word)
{
    return parser->token == TOKEN_NAME && strcasecmp(parser->word, word) == 0;
}

static enum und_code expect_sign(struct parser *parser, const char *sign)
{
    if (!is_sign(parser, sign))
        return fail(parser, "got '%.40s', want '%s'", parser->word, sign);
    return advance(parser);
}

/* --- the tree -------------------------------------------------------------------------------- */

static enum und_code parse_expression(struct parser *parser, int level, int *out);

static struct promql_node *node_at(struct parser *parser, int node)
{
    return &parser->promql->nodes[node];
}

static enum und_code new_node(struct parser *parser, enum promql_kind kind, int *out)
{
    if (parser->promql->n_nodes == PROMQL_NODES)
        return fail(parser, "got more than %d parts, want a simpler expression", PROMQL_NODES);
    *out = parser->promql->n_nodes++;
    *node_at(parser, *out) =
        (struct promql_node){.kind = kind, .child = -1, .sibling = -1, .op = PROMQL_OPS};
    return UND_OK;
}

static enum und_code parse_label_list(struct parser *parser, struct promql_node *node)
{
    node->grouped = true;
    node->labels = parser->promql->n_labels;
    if (expect_sign(parser, "("))
        return UND_USAGE;
    while (parser->token == TOKEN_NAME) {
        if (parser->promql->n_labels == PROMQL_LABELS)
            return fail(parser, "got more than %d labels", PROMQL_LABELS);
        snprintf(parser->promql->labels[parser->promql->n_labels++], PROMQL_NAME, "%.*s",
                 PROMQL_NAME - 1, parser->word);
        node->n_labels++;
        if (advance(parser))
            return UND_USAGE;
        if (is_sign(parser, ",") && advance(parser))
            return UND_USAGE;
    }
    return expect_sign(parser, ")");
}

static enum und_code parse_matcher(struct parser *parser)
{
    static const char *const signs[] = {"=", "!=", "=~", "!~"};
    struct promql_matcher *matcher;
    int i = 0;
    if (parser->promql->n_matchers == PROMQL_MATCHERS)
        return fail(parser, "got more than %d matchers", PROMQL_MATCHERS);
    matcher = &parser->promql->matchers[parser->promql->n_matchers++];
    if (parser->token != TOKEN_NAME)
        return fail(parser, "got '%.40s', want a label's name", parser->word);
    snprintf(matcher->name, sizeof matcher->name, "%.*s", PROMQL_NAME - 1, parser->word);
    if (advance(parser))
        return UND_USAGE;
    while (i < 4 && !is_sign(parser, signs[i]))
        i++;
    if (i == 4)
        return fail(parser, "got '%.40s', want = != =~ or !~", parser->word);
    matcher->match = (enum promql_match)i;
    if (advance(parser))
        return UND_USAGE;
    if (parser->token != TOKEN_STRING)
        return fail(parser, "got '%.40s', want a quoted value", parser->word);
    snprintf(matcher->value, sizeof matcher->value, "%s", parser->word);
    return advance(parser);
}

static enum und_code parse_range_and_offset(struct parser *parser, struct promql_node *node)
{
    if (is_sign(parser, "[")) {
        if (advance(parser))
            return UND_USAGE;
        if (parser->token != TOKEN_DURATION || parser->ms <= 0)
            return fail(parser, "got '%.40s', want a duration", parser->word);
        node->range_ms = parser->ms;
        if (advance(parser) || expect_sign(parser, "]"))
            return UND_USAGE;
    }
    if (is_word(parser, "offset")) {
        int sign = 1;
        if (advance(parser))
            return UND_USAGE;
        if (is_sign(parser, "-")) {
            sign = -1;
            if (advance(parser))
                return UND_USAGE;
        }
        if (parser->token != TOKEN_DURATION)
            return fail(parser, "got '%.40s', want a duration", parser->word);
        node->offset_ms = sign * parser->ms;
        return advance(parser);
    }
    return UND_OK;
}

/* What follows a metric's name, or stands without one. */
static enum und_code parse_selector(struct parser *parser, int node)
{
    struct promql_node *selector = node_at(parser, node);
    selector->matchers = parser->promql->n_matchers;
    if (is_sign(parser, "{")) {
        if (advance(parser))
            return UND_USAGE;
        while (!is_sign(parser, "}")) {
            if (parse_matcher(parser))
                return UND_USAGE;
            selector->n_matchers++;
            if (!is_sign(parser, "}") && expect_sign(parser, ","))
                return UND_USAGE;
        }
        if (advance(parser))
            return UND_USAGE;
    }
    if (selector->name[0] == '\0' && selector->n_matchers == 0)
        return fail(parser, "an empty selector");
    return parse_range_and_offset(parser, selector);
}

static enum und_code parse_arguments(struct parser *parser, int node)
{
    int last = -1;
    if (expect_sign(parser, "("))
        return UND_USAGE;
    while (!is_sign(parser, ")")) {
        int argument;
        if (parse_expression(parser, 1, &argument))
            return UND_USAGE;
        if (last < 0)
            node_at(parser, node)->child = argument;
        else
            node_at(parser, last)->sibling = argument;
        last = argument;
        if (!is_sign(parser, ")") && expect_sign(parser, ","))
            return UND_USAGE;
    }
    return advance(parser);
}

static bool is_aggregation(const char *name)
{
    for (int i = 0; aggregations[i]; i++) {
        if (strcasecmp(aggregations[i], name) == 0)
            return true;
    }
    return false;
}

static enum und_code parse_grouping(struct parser *parser, int node)
{
    bool without = is_word(parser, "without");
    if (!without && !is_word(parser, "by"))
        return UND_OK;
    node_at(parser, node)->without = without;
    return advance(parser) ? UND_USAGE : parse_label_list(parser, node_at(parser, node));
}

static enum und_code parse_aggregate(struct parser *parser, int node)
{
    node_at(parser, node)->kind = PROMQL_AGGREGATE;
    if (parse_grouping(parser, node) || parse_arguments(parser, node))
        return UND_USAGE;
    return node_at(parser, node)->grouped ? UND_OK : parse_grouping(parser, node);
}

static enum und_code parse_named(struct parser *parser, int node)
{
    struct promql_node *named = node_at(parser, node);
    snprintf(named->name, sizeof named->name, "%.*s", PROMQL_NAME - 1, parser->word);
    if (advance(parser))
        return UND_USAGE;
    if (is_aggregation(named->name) &&
        (is_sign(parser, "(") || is_word(parser, "by") || is_word(parser, "without")))
        return parse_aggregate(parser, node);
    if (is_sign(parser, "(")) {
        named->kind = PROMQL_CALL;
        return parse_arguments(parser, node);
    }
    return parse_selector(parser, node);
}

static enum und_code parse_primary(struct parser *parser, int *out)
{
    if (is_sign(parser, "(")) {
        if (advance(parser) || parse_expression(parser, 1, out))
            return UND_USAGE;
        return expect_sign(parser, ")");
    }
    if (is_sign(parser, "+") || is_sign(parser, "-")) {
        bool minus = is_sign(parser, "-");
        int operand;
        /* Binds tighter than * and looser than ^. */
        if (advance(parser) || parse_expression(parser, 6, &operand))
            return UND_USAGE;
        *out = operand;
        if (!minus)
            return UND_OK;
        if (new_node(parser, PROMQL_MINUS, out))
            return UND_USAGE;
        node_at(parser, *out)->child = operand;
        return UND_OK;
    }
    if (parser->token == TOKEN_NUMBER) {
        if (new_node(parser, PROMQL_NUMBER, out))
            return UND_USAGE;
        node_at(parser, *out)->number = parser->number;
        return advance(parser);
    }
    if (parser->token != TOKEN_NAME && !is_sign(parser, "{"))
        return fail(parser, "got '%.40s', want an expression", parser->word);
    if (new_node(parser, PROMQL_SELECTOR, out))
        return UND_USAGE;
    return parser->token == TOKEN_NAME ? parse_named(parser, *out) : parse_selector(parser, *out);
}

static enum promql_op present_op(const struct parser *parser)
{
    for (int i = 0; i < PROMQL_OPS; i++) {
        if (is_sign(parser, op_words[i]) || is_word(parser, op_words[i]))
            return (enum promql_op)i;
    }
    return PROMQL_OPS;
}

/* bool, on, ignoring, group_left, group_right: kept where the meaning depends on them. */
static enum und_code parse_modifiers(struct parser *parser, int node)
{
    if (is_word(parser, "bool")) {
        node_at(parser, node)->as_bool = true;
        if (advance(parser))
            return UND_USAGE;
    }
    if (is_word(parser, "on") || is_word(parser, "ignoring")) {
        node_at(parser, node)->without = is_word(parser, "ignoring");
        if (advance(parser) || parse_label_list(parser, node_at(parser, node)))
            return UND_USAGE;
    }
    if (is_word(parser, "group_left") || is_word(parser, "group_right")) {
        struct promql_node ignored = {0};
        if (advance(parser))
            return UND_USAGE;
        if (is_sign(parser, "("))
            return parse_label_list(parser, &ignored);
    }
    return UND_OK;
}

/* Precedence climbing: operators of `level` or above; ^ is right-associative. */
static enum und_code parse_expression(struct parser *parser, int level, int *out)
{
    enum promql_op op;
    if (parser->depth == PROMQL_DEPTH)
        return fail(parser, "nested more than %d deep", PROMQL_DEPTH);
    parser->depth++;
    if (parse_primary(parser, out))
        return UND_USAGE;
    while ((op = present_op(parser)) != PROMQL_OPS && op_levels[op] >= level) {
        int binary, left = *out, right;
        if (new_node(parser, PROMQL_BINARY, &binary) || advance(parser) ||
            parse_modifiers(parser, binary) ||
            parse_expression(parser, op_levels[op] + (op != PROMQL_POW), &right))
            return UND_USAGE;
        node_at(parser, binary)->op = op;
        node_at(parser, binary)->child = left;
        node_at(parser, left)->sibling = right;
        *out = binary;
    }
    parser->depth--;
    return UND_OK;
}

enum und_code promql_parse(struct promql *promql, const char *text, const char *place,
                           struct und_err *err)
{
    struct parser parser = {
        .promql = promql, .text = text, .at = text, .start = text, .place = place, .err = err};
    promql->n_nodes = promql->n_matchers = promql->n_labels = 0;
    promql->root = -1;
    if (advance(&parser) || parse_expression(&parser, 1, &promql->root))
        return UND_USAGE;
    if (parser.token != TOKEN_END)
        return fail(&parser, "got '%.40s', want an operator or the end", parser.word);
    return UND_OK;
}
