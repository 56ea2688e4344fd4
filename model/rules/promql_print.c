#include "promql.h"

#include <stdarg.h>
#include <stdio.h>

struct printer {
    const struct promql *promql;
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

static void print_duration(struct printer *printer, int64_t ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    for (int i = 0; i < 5; i++) {
        if (ms >= units[i].ms)
            print(printer, "%lld%s", (long long)(ms / units[i].ms), units[i].unit);
        ms %= units[i].ms;
    }
}

static void print_node(struct printer *printer, int index, int level);

static void print_labels(struct printer *printer, const struct promql_node *node, const char *word)
{
    print(printer, "%s (", word);
    for (int i = 0; i < node->n_labels; i++)
        print(printer, "%s%s", i ? ", " : "", printer->promql->labels[node->labels + i]);
    print(printer, ") ");
}

static void print_selector(struct printer *printer, const struct promql_node *node)
{
    static const char *const signs[] = {"=", "!=", "=~", "!~"};
    print(printer, "%s", node->name);
    for (int i = 0; i < node->n_matchers; i++) {
        const struct promql_matcher *matcher = &printer->promql->matchers[node->matchers + i];
        print(printer, "%s%s%s\"%s\"", i ? "," : "{", matcher->name, signs[matcher->match],
              matcher->value);
    }
    print(printer, "%s", node->n_matchers ? "}" : "");
    if (node->range_ms) {
        print(printer, "[");
        print_duration(printer, node->range_ms);
        print(printer, "]");
    }
    if (node->offset_ms) {
        print(printer, " offset %s", node->offset_ms < 0 ? "-" : "");
        print_duration(printer, node->offset_ms < 0 ? -node->offset_ms : node->offset_ms);
    }
}

static void print_call(struct printer *printer, const struct promql_node *node)
{
    print(printer, "%s", node->name);
    if (node->grouped)
        print_labels(printer, node, node->without ? " without" : " by");
    print(printer, "(");
    for (int i = node->child; i >= 0; i = printer->promql->nodes[i].sibling) {
        print_node(printer, i, 0);
        if (printer->promql->nodes[i].sibling >= 0)
            print(printer, ", ");
    }
    print(printer, ")");
}

static void print_binary(struct printer *printer, const struct promql_node *node, int level)
{
    int own = promql_op_level(node->op);
    bool brackets = own < level, from_right = node->op == PROMQL_POW;
    print(printer, "%s", brackets ? "(" : "");
    print_node(printer, node->child, own + from_right);
    print(printer, " %s %s", promql_op_word(node->op), node->as_bool ? "bool " : "");
    if (node->grouped)
        print_labels(printer, node, node->without ? "ignoring" : "on");
    print_node(printer, printer->promql->nodes[node->child].sibling, own + !from_right);
    print(printer, "%s", brackets ? ")" : "");
}

static void print_node(struct printer *printer, int index, int level)
{
    const struct promql_node *node = &printer->promql->nodes[index];
    switch (node->kind) {
    case PROMQL_NUMBER:
        print(printer, "%.12g", node->number);
        break;
    case PROMQL_SELECTOR:
        print_selector(printer, node);
        break;
    case PROMQL_CALL:
    case PROMQL_AGGREGATE:
        print_call(printer, node);
        break;
    case PROMQL_BINARY:
        print_binary(printer, node, level);
        break;
    case PROMQL_MINUS:
        print(printer, "-");
        print_node(printer, node->child, 6);
        break;
    }
}

const char *promql_print(const struct promql *promql, int node, char *text, size_t size)
{
    struct printer printer = {promql, text, size};
    text[0] = '\0';
    print_node(&printer, node, 0);
    return text;
}
