#include "promql.h"

#include "function.h"
#include "lexer.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct printer {
    char *at;
    size_t left;
};

static void print(struct printer *printer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void print(struct printer *printer, const char *format, ...)
{
    va_list args;
    int n;
    va_start(args, format);
    n = vsnprintf(printer->at, printer->left, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= printer->left)
        n = printer->left > 0 ? (int)printer->left - 1 : 0;
    printer->at += n;
    printer->left -= (size_t)n;
}

static void print_node(struct printer *printer, const struct promql_node *node, int level);

/* The fewest digits that read back as the number. */
static void print_number(struct printer *printer, double number)
{
    char text[40];
    int digits = 6;
    if (!isfinite(number)) {
        print(printer, "%s", isnan(number) ? "NaN" : number > 0 ? "Inf" : "-Inf");
        return;
    }
    do
        snprintf(text, sizeof text, "%.*g", digits, number);
    while (strtod(text, NULL) != number && ++digits < 18);
    print(printer, "%s", text);
}

static void print_text(struct printer *printer, const char *text)
{
    static const char from[] = "\a\b\f\n\r\t\v\\\"", to[] = "abfnrtv\\\"";
    print(printer, "\"");
    for (; *text; text++) {
        const char *escape = strchr(from, *text);
        int n = lexer_utf8(text);
        if (text[0] == '\xc0' && text[1] == '\x80') { /* see promql.h */
            print(printer, "\\x00");
            text++;
        } else if (escape) {
            print(printer, "\\%c", to[escape - from]);
        } else if (n == 0 || (unsigned char)*text < ' ' || *text == 0x7f) {
            print(printer, "\\x%02x", (unsigned)(unsigned char)*text);
        } else {
            print(printer, "%.*s", n, text);
            text += n - 1;
        }
    }
    print(printer, "\"");
}

static void print_label(struct printer *printer, const char *label)
{
    if (promql_is_label(label))
        print(printer, "%s", label);
    else
        print_text(printer, label);
}

static void print_labels(struct printer *printer, const char *word, const char **labels, int n)
{
    print(printer, "%s (", word);
    for (int i = 0; i < n; i++) {
        print(printer, "%s", i ? ", " : "");
        print_label(printer, labels[i]);
    }
    print(printer, ") ");
}

static void print_duration(struct printer *printer, const char *before, int64_t ms)
{
    char text[64];
    print(printer, "%s%s%s", before, ms < 0 ? "-" : "",
          promql_duration_text(ms < 0 ? -ms : ms, text));
}

/* One that is calculated anew for every query stands as its calculation. */
static void print_calculated(struct printer *printer, const char *before,
                             const struct promql_node *calculation, int64_t ms, const char *after)
{
    if (calculation) {
        print(printer, "%s", before);
        print_node(printer, calculation, 0);
    } else {
        print_duration(printer, before, ms);
    }
    print(printer, "%s", after);
}

static void print_shift(struct printer *printer, const struct promql_node *node)
{
    if (node->at == PROMQL_AT_TIME)
        print(printer, " @ %s%lld.%03lld", node->at_ms < 0 ? "-" : "",
              llabs((long long)node->at_ms) / 1000, llabs((long long)node->at_ms) % 1000);
    else if (node->at != PROMQL_NO_AT)
        print(printer, " @ %s()", node->at == PROMQL_AT_START ? "start" : "end");
    if (node->offset)
        print_calculated(printer, " offset (", node->offset, 0, ")");
    else if (node->offset_ms)
        print_duration(printer, " offset ", node->offset_ms);
}

/* The metric's name before the braces if it is `named`, else in them. */
static void print_series(struct printer *printer, const struct promql_node *node, bool named)
{
    static const char *const signs[] = {"=", "!=", "=~", "!~"};
    int written = 0;
    if (named)
        print(printer, "%s", node->name);
    for (int i = 0; i < node->n_matchers; i++) {
        const struct promql_matcher *matcher = &node->matchers[i];
        bool is_name =
            node->name[0] && matcher->match == PROMQL_IS && strcmp(matcher->name, "__name__") == 0;
        if (is_name && named)
            continue;
        print(printer, "%s", written++ ? "," : "{");
        print_label(printer, matcher->name);
        print(printer, "%s", signs[matcher->match]);
        print_text(printer, matcher->value);
    }
    print(printer, "%s", written ? "}" : named ? "" : "{}");
}

static void print_selector(struct printer *printer, const struct promql_node *node)
{
    print_series(printer, node, promql_is_name(node->name));
    if (node->range_ms)
        print_calculated(printer, "[", node->range, node->range_ms, "]");
    if (node->anchored || node->smoothed)
        print(printer, node->anchored ? " anchored" : " smoothed");
    print_shift(printer, node);
}

static void print_subquery(struct printer *printer, const struct promql_node *node)
{
    const struct promql_node *operand = node->args[0];
    bool brackets = operand->kind == PROMQL_BINARY || operand->kind == PROMQL_MINUS;
    print(printer, "%s", brackets ? "(" : "");
    print_node(printer, operand, 0);
    print_calculated(printer, brackets ? ")[" : "[", node->range, node->range_ms, ":");
    if (node->step_ms)
        print_calculated(printer, "", node->step, node->step_ms, "]");
    else
        print(printer, "]");
    print_shift(printer, node);
}

static void print_call(struct printer *printer, const struct promql_node *node)
{
    print(printer, "%s", node->name);
    if (node->kind == PROMQL_AGGREGATE && node->grouped)
        print_labels(printer, node->without ? " without" : " by", node->labels, node->n_labels);
    print(printer, "(");
    for (int i = 0; i < node->n_args; i++) {
        print(printer, "%s", i ? ", " : "");
        if (i > 0 && node->function && node->function->function == F_INFO)
            print_series(printer, node->args[i], false);
        else
            print_node(printer, node->args[i], 0);
    }
    print(printer, ")");
}

static void print_modifiers(struct printer *printer, const struct promql_node *node)
{
    print(printer, " %s %s", promql_op_word(node->op), node->as_bool ? "bool " : "");
    if (node->grouped)
        print_labels(printer, node->without ? "ignoring" : "on", node->labels, node->n_labels);
    if (node->card == PROMQL_MANY_TO_ONE || node->card == PROMQL_ONE_TO_MANY)
        print_labels(printer, node->card == PROMQL_MANY_TO_ONE ? "group_left" : "group_right",
                     node->include, node->n_include);
    for (int i = 0; i < 2; i++) {
        if (!node->fills[i])
            continue;
        print(printer, i ? "fill_right(" : "fill_left(");
        print_number(printer, node->fill[i]);
        print(printer, ") ");
    }
}

static void print_binary(struct printer *printer, const struct promql_node *node, int level)
{
    int own = promql_op_level(node->op);
    bool brackets = own < level, from_right = node->op == PROMQL_POW;
    print(printer, "%s", brackets ? "(" : "");
    print_node(printer, node->args[0], own + from_right);
    print_modifiers(printer, node);
    print_node(printer, node->args[1], own + !from_right);
    print(printer, "%s", brackets ? ")" : "");
}

static void print_node(struct printer *printer, const struct promql_node *node, int level)
{
    bool brackets = level > promql_op_level(PROMQL_POW);
    switch (node->kind) {
    case PROMQL_NUMBER:
        brackets &= signbit(node->number) && !isnan(node->number);
        print(printer, "%s", brackets ? "(" : "");
        print_number(printer, node->number);
        print(printer, "%s", brackets ? ")" : "");
        break;
    case PROMQL_STRING:
        print_text(printer, node->name);
        break;
    case PROMQL_SELECTOR:
        print_selector(printer, node);
        break;
    case PROMQL_SUBQUERY:
        print_subquery(printer, node);
        break;
    case PROMQL_CALL:
    case PROMQL_AGGREGATE:
        print_call(printer, node);
        break;
    case PROMQL_BINARY:
        print_binary(printer, node, level);
        break;
    case PROMQL_MINUS:
        print(printer, "%s", brackets ? "(-" : "-");
        print_node(printer, node->args[0], promql_op_level(PROMQL_POW));
        print(printer, "%s", brackets ? ")" : "");
        break;
    }
}

const char *promql_print(const struct promql_node *node, char *text, size_t size)
{
    struct printer printer = {text, size};
    text[0] = '\0';
    print_node(&printer, node, 0);
    return text;
}
