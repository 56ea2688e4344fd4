#include "parser.h"

#include "arena.h"
#include "function.h"
#include "model/base/regex.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum und_code build_node(struct parser *parser, enum promql_kind kind, enum promql_type type,
                         uint32_t start, struct promql_node **out)
{
    struct promql_node *node;
    if (parser->promql->n_nodes == PROMQL_NODES)
        return FAIL(start, "got more than %d parts, want a simpler expression", PROMQL_NODES);
    node = arena_take(parser->lexer.arena, sizeof *node);
    *node = (struct promql_node){.kind = kind,
                                 .type = type,
                                 .id = parser->promql->n_nodes++,
                                 .depth = 1,
                                 .start = start,
                                 .end = parser->lexer.start,
                                 .op = PROMQL_OPS,
                                 .name = ""};
    *out = node;
    return UND_OK;
}

static enum und_code build_args(struct parser *parser, struct promql_node *node,
                                struct promql_node **args, int n)
{
    node->args =
        arena_grow(parser->lexer.arena, args, (size_t)n * sizeof *args, (size_t)n * sizeof *args);
    node->n_args = n;
    for (int i = 0; i < n; i++) {
        if (args[i]->depth >= node->depth)
            node->depth = args[i]->depth + 1;
    }
    if (node->depth > PROMQL_DEPTH)
        return FAIL(node->start, "nested more than %d deep", PROMQL_DEPTH);
    return UND_OK;
}

/* Lists double: their length is a power of two whenever they have to grow. */
void build_push(struct parser *parser, struct node_list *list, struct promql_node *node)
{
    size_t n = (size_t)list->n, size = sizeof *list->nodes;
    if ((n & (n - 1)) == 0)
        list->nodes = arena_grow(parser->lexer.arena, list->nodes, n * size, (2 * n + 1) * size);
    list->nodes[list->n++] = node;
}

void build_push_label(struct parser *parser, struct label_list *list, const char *label)
{
    size_t n = (size_t)list->n, size = sizeof *list->labels;
    if ((n & (n - 1)) == 0)
        list->labels = arena_grow(parser->lexer.arena, list->labels, n * size, (2 * n + 1) * size);
    list->labels[list->n++] = label;
}

static enum und_code expect_type(struct parser *parser, const struct promql_node *node,
                                 enum promql_type want, const char *where)
{
    if (node->type == want)
        return UND_OK;
    return FAIL(node->start, "got %s, want %s in %.60s", promql_type_words(node->type),
                promql_type_words(want), where);
}

/* --- selectors ------------------------------------------------------------------------------- */

static void keep_regex(struct parser *parser, struct regex *regex)
{
    struct promql *promql = parser->promql;
    size_t n = (size_t)promql->n_regexes, size = sizeof regex;
    if ((n & (n - 1)) == 0)
        promql->regexes =
            arena_grow(parser->lexer.arena, promql->regexes, n * size, (2 * n + 1) * size);
    promql->regexes[promql->n_regexes++] = regex;
}

enum und_code build_matcher(struct parser *parser, uint32_t start, const char *name,
                            enum promql_match match, const char *value, struct promql_matcher *out)
{
    char why[REGEX_WHY];
    *out = (struct promql_matcher){.name = name, .value = value, .match = match};
    if (match == PROMQL_IS || match == PROMQL_IS_NOT)
        return UND_OK;
    out->regex = regex_open(value, parser->promql->version >= PROMQL_3, why);
    if (!out->regex)
        return FAIL(start, "no regular expression: %s", why);
    keep_regex(parser, out->regex);
    return UND_OK;
}

enum und_code build_selector(struct parser *parser, uint32_t start, const char *name,
                             struct promql_matcher *matchers, int n, struct promql_node **out)
{
    bool selects = false;
    for (int i = 0; i < n; i++) {
        if (name[0] && strcmp(matchers[i].name, "__name__") == 0)
            return FAIL(start, "the metric's name is given twice: %.60s and %.60s", name,
                        matchers[i].value);
        selects |= !promql_matches(&matchers[i], "");
    }
    if (!name[0] && !selects && !parser->any_selector)
        return FAIL(start, "an empty selector: want a name, or a matcher that does not match \"\"");
    if (build_node(parser, PROMQL_SELECTOR, PROMQL_VECTOR, start, out))
        return UND_USAGE;
    (*out)->name = name;
    (*out)->n_matchers = n + (name[0] != '\0');
    (*out)->matchers = arena_grow(parser->lexer.arena, matchers, (size_t)n * sizeof *matchers,
                                  (size_t)(n + 1) * sizeof *matchers);
    if (name[0])
        (*out)->matchers[n] =
            (struct promql_matcher){.name = "__name__", .value = name, .match = PROMQL_IS};
    for (int i = 0; i < n; i++) {
        if (strcmp(matchers[i].name, "__name__") == 0 && matchers[i].match == PROMQL_IS)
            (*out)->name = matchers[i].value;
    }
    return UND_OK;
}

enum und_code build_subquery(struct parser *parser, struct promql_node *operand, int64_t range_ms,
                             int64_t step_ms, struct promql_node **out)
{
    if (operand->type != PROMQL_VECTOR)
        return FAIL(operand->start, "got a %s, want an instant vector before [:]",
                    promql_type_words(operand->type));
    if (build_node(parser, PROMQL_SUBQUERY, PROMQL_MATRIX, operand->start, out))
        return UND_USAGE;
    (*out)->range_ms = range_ms;
    (*out)->step_ms = step_ms;
    return build_args(parser, *out, &operand, 1);
}

/* --- calls and aggregations ------------------------------------------------------------------ */

static enum und_code check_count(struct parser *parser, const struct promql_node *call)
{
    const struct promql_function *function = call->function;
    int least = function->n_args - (function->variadic != 0);
    int most = function->variadic < 0    ? call->n_args
               : function->variadic == 0 ? function->n_args
                                         : least + function->variadic;
    if (call->n_args >= least && call->n_args <= most)
        return UND_OK;
    return FAIL(call->start, "got %d argument%s in %s(), want %s%d", call->n_args,
                call->n_args == 1 ? "" : "s", call->name,
                function->variadic == 0 ? ""
                : call->n_args < least  ? "at least "
                                        : "at most ",
                call->n_args < least ? least : most);
}

/* info's second argument is a selector that gives no name before its braces. */
static enum und_code check_info(struct parser *parser, const struct promql_node *call)
{
    const struct promql_node *wanted = call->n_args > 1 ? call->args[1] : NULL;
    if (!wanted)
        return UND_OK;
    if (wanted->kind == PROMQL_SELECTOR && parser->lexer.text[wanted->start] == '{' &&
        !wanted->smoothed && !wanted->offset_ms && wanted->at == PROMQL_NO_AT)
        return UND_OK;
    return FAIL(wanted->start, "want label matchers as {data=~\".+\"} in info()");
}

enum und_code build_call(struct parser *parser, uint32_t start, const char *name,
                         const struct node_list *args, struct promql_node **out)
{
    const struct promql_function *function = function_find(name, parser->promql->version);
    const char *nearest = function_suggest(name);
    char where[80];
    if (!function && parser->promql->version == PROMQL_3 && function_find(name, PROMQL_3_ALL))
        return FAIL(start,
                    "got the function %s, which Prometheus 3 has only with "
                    "--enable-feature=promql-experimental-functions",
                    name);
    if (!function && nearest && strcmp(nearest, name) == 0)
        return FAIL(start, "got the function %s, which Prometheus %d does not have", name,
                    parser->promql->version >= PROMQL_3 ? 3 : 2);
    if (!function)
        return FAIL(start, "got the function '%.60s', which there is not%s%s%s", name,
                    nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    if (build_node(parser, PROMQL_CALL, function->returns, start, out))
        return UND_USAGE;
    (*out)->name = function->name;
    (*out)->function = function;
    (*out)->bracketed = true; /* nothing binds to a call but a subquery */
    if (build_args(parser, *out, args->nodes, args->n) || check_count(parser, *out))
        return UND_USAGE;
    snprintf(where, sizeof where, "%s()", name);
    for (int i = 0; i < args->n; i++) {
        int type = i < function->n_args ? i : function->n_args - 1;
        if (expect_type(parser, args->nodes[i], function->args[type], where))
            return UND_USAGE;
    }
    return function->function == F_INFO ? check_info(parser, *out) : UND_OK;
}

enum und_code build_aggregate(struct parser *parser, struct promql_node *node,
                              const struct node_list *args)
{
    int want = promql_has_parameter(node->aggregation) ? 2 : 1;
    enum promql_type parameter =
        node->aggregation == PROMQL_COUNT_VALUES ? PROMQL_LITERAL : PROMQL_SCALAR;
    if (args->n != want)
        return FAIL(node->start, "got %d argument%s in %s(), want %d", args->n,
                    args->n == 1 ? "" : "s", node->name, want);
    if (build_args(parser, node, args->nodes, args->n) ||
        expect_type(parser, args->nodes[want - 1], PROMQL_VECTOR, node->name))
        return UND_USAGE;
    return want == 2 ? expect_type(parser, args->nodes[0], parameter, node->name) : UND_OK;
}

/* --- operators ------------------------------------------------------------------------------- */

static enum und_code check_matching(struct parser *parser, struct promql_node *node,
                                    uint32_t operator_at)
{
    for (int i = 0; i < node->n_labels && !node->without; i++) {
        for (int j = 0; j < node->n_include; j++) {
            if (strcmp(node->labels[i], node->include[j]) == 0)
                return FAIL(operator_at, "the label %.60s is both in on and in group",
                            node->labels[i]);
        }
    }
    if (promql_is_set_op(node->op)) {
        if (node->fills[0] || node->fills[1])
            return FAIL(node->start, "no filling in is allowed for '%s'", promql_op_word(node->op));
        if (node->card != PROMQL_ONE_TO_ONE)
            return FAIL(node->start, "no grouping is allowed for '%s'", promql_op_word(node->op));
        node->card = PROMQL_MANY_TO_MANY;
    }
    return UND_OK;
}

enum und_code build_binary(struct parser *parser, struct promql_node *node, uint32_t operator_at,
                           struct promql_node *left, struct promql_node *right)
{
    bool scalars = left->type == PROMQL_SCALAR && right->type == PROMQL_SCALAR;
    struct promql_node *sides[] = {left, right};
    node->type = scalars ? PROMQL_SCALAR : PROMQL_VECTOR;
    node->end = right->end;
    if (build_args(parser, node, sides, 2))
        return UND_USAGE;
    if (node->as_bool && !promql_is_comparison(node->op))
        return FAIL(operator_at, "'bool' after '%s', want it after a comparison",
                    promql_op_word(node->op));
    if (scalars && node->op > PROMQL_UNLESS)
        return FAIL(node->start, "'%s' between scalars, want a vector", promql_op_word(node->op));
    if (scalars && promql_is_comparison(node->op) && !node->as_bool)
        return FAIL(operator_at, "a comparison of two scalars wants 'bool' behind the '%s'",
                    promql_op_word(node->op));
    for (int i = 0; i < 2; i++) {
        if (sides[i]->type != PROMQL_SCALAR && sides[i]->type != PROMQL_VECTOR)
            return FAIL(sides[i]->start, "got a %s beside '%s', want a scalar or an instant vector",
                        promql_type_words(sides[i]->type), promql_op_word(node->op));
    }
    if (check_matching(parser, node, operator_at))
        return UND_USAGE;
    if (left->type == PROMQL_VECTOR && right->type == PROMQL_VECTOR)
        return UND_OK;
    if (node->fills[0] || node->fills[1])
        return FAIL(node->start, "filling in is only for two instant vectors");
    if (node->n_labels > 0)
        return FAIL(node->start, "on and ignoring are only for two instant vectors");
    if (promql_is_set_op(node->op))
        return FAIL(node->start, "got a scalar beside '%s', want two instant vectors",
                    promql_op_word(node->op));
    return UND_OK;
}

enum und_code build_unary(struct parser *parser, uint32_t start, bool minus,
                          struct promql_node *operand, struct promql_node **out)
{
    if (operand->type != PROMQL_SCALAR && operand->type != PROMQL_VECTOR)
        return FAIL(start, "got a %s behind '%c', want a scalar or an instant vector",
                    promql_type_words(operand->type), minus ? '-' : '+');
    *out = operand;
    if (!minus)
        return UND_OK;
    if (operand->kind == PROMQL_NUMBER) {
        operand->number = -operand->number;
        return UND_OK;
    }
    if (build_node(parser, PROMQL_MINUS, operand->type, start, out))
        return UND_USAGE;
    return build_args(parser, *out, &operand, 1);
}
