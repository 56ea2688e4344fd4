#include "eval.h"

#include "function.h"
#include "lexer.h"
#include "model/base/assert.h"
#include "model/base/regex.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* --- absent ---------------------------------------------------------------------------------- */

static bool set_before(const struct promql_node *node, int matcher)
{
    for (int i = 0; i < matcher; i++) {
        if (node->matchers[i].match == PROMQL_IS &&
            strcmp(node->matchers[i].name, node->matchers[matcher].name) == 0)
            return true;
    }
    return false;
}

/* What the selector says of a series that would be there: labels with one matcher, of equality. (Go
 * sets a label at its first such matcher and deletes it at every other one.) */
static struct labels *absent_labels(struct eval *eval, const struct promql_node *node)
{
    struct labels *labels = labels_none(eval->pool);
    if (node->kind != PROMQL_SELECTOR)
        return labels;
    for (int i = 0; i < node->n_matchers; i++) {
        const struct promql_matcher *matcher = &node->matchers[i];
        if (strcmp(matcher->name, LABELS_NAME) == 0)
            continue;
        labels =
            labels_set(eval->pool, labels, matcher->name,
                       matcher->match == PROMQL_IS && !set_before(node, i) ? matcher->value : "");
    }
    return labels;
}

enum und_code call_absent(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                          struct vector *out)
{
    struct value value;
    if (eval_node(eval, node->args[0], t_ms, &value))
        return UND_USAGE;
    if ((value.vector.n == 0 && value.matrix.n == 0) || eval->relaxed)
        vector_push(eval, out, absent_labels(eval, node->args[0]), 1);
    return UND_OK;
}

/* --- label_replace, label_join --------------------------------------------------------------- */

bool eval_is_label(const struct eval *eval, const char *name)
{
    if (!eval->v3)
        return promql_is_label(name);
    if (!*name)
        return false;
    while (*name) {
        int n = lexer_utf8(name);
        if (n == 0)
            return false;
        name += n;
    }
    return true;
}

/* A name that is given anew stays. */
static void relabel(struct eval *eval, struct sample *sample, const char *to, const char *value)
{
    sample->labels = labels_set(eval->pool, sample->labels, to, value);
    if (strcmp(to, LABELS_NAME) == 0)
        sample->drop_name = false;
}

enum und_code call_label_replace(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                                 struct vector *out)
{
    const char *to = node->args[1]->name, *template = node->args[2]->name;
    const char *from = node->args[3]->name, *pattern = node->args[4]->name;
    char why[REGEX_WHY];
    struct regex *regex;
    if (eval_vector(eval, node->args[0], t_ms, out))
        return UND_USAGE;
    regex = regex_open(pattern, eval->v3, why);
    if (!regex)
        return eval_fail(eval, "invalid regular expression in label_replace(): %.200s", pattern);
    if (!eval_is_label(eval, to)) {
        regex_close(regex);
        return eval_fail(eval, "invalid destination label name in label_replace(): %.200s", to);
    }
    for (int i = 0; i < out->n; i++) {
        struct sample *sample = &out->list[i];
        char *value;
        if (!regex_expand(regex, labels_get(sample->labels, from), template, &value))
            continue;
        relabel(eval, sample, to, value);
        free(value);
    }
    regex_close(regex);
    return vector_check(eval, out);
}

static const char *joined(struct eval *eval, const struct promql_node *node,
                          const struct labels *labels)
{
    const char *between = node->args[2]->name;
    size_t room = 1;
    char *text, *at;
    for (int i = 3; i < node->n_args; i++)
        room += strlen(labels_get(labels, node->args[i]->name)) + strlen(between);
    text = at = arena_take(eval->arena, room);
    for (int i = 3; i < node->n_args; i++) {
        if (i > 3)
            at = stpcpy(at, between);
        at = stpcpy(at, labels_get(labels, node->args[i]->name));
    }
    return text;
}

enum und_code call_label_join(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                              struct vector *out)
{
    const char *to = node->args[1]->name;
    if (eval_vector(eval, node->args[0], t_ms, out))
        return UND_USAGE;
    for (int i = 3; i < node->n_args; i++) {
        if (!eval_is_label(eval, node->args[i]->name))
            return eval_fail(eval, "invalid source label name in label_join(): %.200s",
                             node->args[i]->name);
    }
    if (!eval_is_label(eval, to))
        return eval_fail(eval, "invalid destination label name in label_join(): %.200s", to);
    for (int i = 0; i < out->n; i++) {
        struct sample *sample = &out->list[i];
        relabel(eval, sample, to, joined(eval, node, sample->labels));
    }
    return vector_check(eval, out);
}

/* --- sort_by_label --------------------------------------------------------------------------- */

static size_t chunk(const char *text)
{
    bool digits = isdigit((unsigned char)*text);
    size_t n = 0;
    while (text[n] && (bool)isdigit((unsigned char)text[n]) == digits)
        n++;
    return n;
}

/* Numbers within texts by their values: "a2" before "a10". */
static int natural_order(const char *a, const char *b)
{
    while (*a && *b) {
        size_t n = chunk(a), m = chunk(b);
        bool numbers = isdigit((unsigned char)*a) && isdigit((unsigned char)*b);
        long long x = numbers ? strtoll(a, NULL, 10) : 0, y = numbers ? strtoll(b, NULL, 10) : 0;
        if (numbers && x != y)
            return x < y ? -1 : 1;
        if (!numbers && (n != m || strncmp(a, b, n) != 0)) {
            int order = strncmp(a, b, n < m ? n : m);
            return order ? order : n < m ? -1 : 1;
        }
        a += n;
        b += m;
    }
    return *a ? 1 : *b ? -1 : 0;
}

static int by_labels(const void *a, const void *b, void *context)
{
    const struct promql_node *node = context;
    const struct labels *x = ((const struct sample *)a)->labels;
    const struct labels *y = ((const struct sample *)b)->labels;
    int order = 0;
    for (int i = 1; i < node->n_args && order == 0; i++) {
        const char *v = labels_get(x, node->args[i]->name), *w = labels_get(y, node->args[i]->name);
        order = strcmp(v, w) == 0 ? 0 : natural_order(v, w);
    }
    if (order == 0)
        order = labels_compare(x, y);
    return node->function->function == F_SORT_BY_LABEL_DESC ? -order : order;
}

enum und_code call_sort_by_label(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                                 struct vector *out)
{
    if (eval_vector(eval, node->args[0], t_ms, out))
        return UND_USAGE;
    if (out->n > 1)
        qsort_r(out->list, (size_t)out->n, sizeof *out->list, by_labels, (void *)node);
    return UND_OK;
}

/* --- limit_ratio ----------------------------------------------------------------------------- */

bool labels_in_ratio(const struct labels *labels, double ratio)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a, spread: the same series on every run */
    double share;
    for (int i = 0; i < labels->n; i++) {
        const char *texts[] = {labels->list[i].name, labels->list[i].value};
        for (int j = 0; j < 2; j++) {
            for (const char *c = texts[j]; *c; c++)
                hash = (hash ^ (unsigned char)*c) * 1099511628211u;
            hash = (hash ^ 0xff) * 1099511628211u;
        }
    }
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
    share = (double)((hash ^ hash >> 33) >> 11) * 0x1p-53;
    return ratio >= 0 ? share < ratio : share >= 1 + ratio;
}
