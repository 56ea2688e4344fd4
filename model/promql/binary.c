#include "eval.h"

#include "gomath.h"
#include "model/base/assert.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- numbers --------------------------------------------------------------------------------- */

/* The operation's value, of a comparison its left side; `keep` is what the comparison says. */
static double apply(enum promql_op op, double left, double right, bool *keep)
{
    *keep = true;
    switch (op) {
    case PROMQL_ADD:
        return left + right;
    case PROMQL_SUB:
        return left - right;
    case PROMQL_MUL:
        return left * right;
    case PROMQL_DIV:
        return left / right;
    case PROMQL_MOD:
        return fmod(left, right);
    case PROMQL_POW:
        return go_pow(left, right);
    case PROMQL_ATAN2:
        return atan2(left, right);
    case PROMQL_EQ:
        *keep = left == right;
        return left;
    case PROMQL_NE:
        *keep = left != right;
        return left;
    case PROMQL_GT:
        *keep = left > right;
        return left;
    case PROMQL_LT:
        *keep = left < right;
        return left;
    case PROMQL_GE:
        *keep = left >= right;
        return left;
    case PROMQL_LE:
        *keep = left <= right;
        return left;
    case PROMQL_AND:
    case PROMQL_OR:
    case PROMQL_UNLESS:
    case PROMQL_OPS:
        break;
    }
    UND_UNREACHABLE();
}

static bool drops_name(const struct eval *eval, const struct promql_node *node)
{
    if (node->as_bool)
        return true;
    return node->op <= PROMQL_POW || (node->op == PROMQL_ATAN2 && eval->v3);
}

static enum und_code with_scalar(struct eval *eval, const struct promql_node *node,
                                 const struct vector *vector, double scalar, bool swapped,
                                 struct vector *out)
{
    for (int i = 0; i < vector->n; i++) {
        const struct sample *sample = &vector->list[i];
        struct labels *labels = sample->labels;
        bool keep;
        double value = swapped ? apply(node->op, scalar, sample->value, &keep)
                               : apply(node->op, sample->value, scalar, &keep);
        if (promql_is_comparison(node->op))
            value = sample->value;
        if (node->as_bool)
            value = keep;
        else if (!keep)
            continue;
        if (drops_name(eval, node))
            labels = labels_nameless(eval->pool, labels);
        vector_push(eval, out, labels, value);
    }
    return vector_check(eval, out);
}

/* --- matching -------------------------------------------------------------------------------- */

/* What a series of one side is looked up by on the other. */
static struct labels *signature(struct eval *eval, const struct promql_node *node,
                                struct labels *labels)
{
    if (node->grouped && !node->without)
        return labels_keep(eval->pool, labels, node->labels, node->n_labels);
    if (node->n_labels)
        labels = labels_drop(eval->pool, labels, node->labels, node->n_labels);
    return labels_nameless(eval->pool, labels);
}

/* Marks the signatures of a side; the slot is the number of the last sample of it. */
static uint64_t mark_side(struct eval *eval, const struct promql_node *node,
                          const struct vector *side)
{
    uint64_t round = labels_round(eval->pool);
    for (int i = 0; i < side->n; i++)
        signature(eval, node, side->list[i].labels)->mark = round;
    return round;
}

static enum und_code set_operation(struct eval *eval, const struct promql_node *node,
                                   const struct vector *left, const struct vector *right,
                                   struct vector *out)
{
    bool is_or = node->op == PROMQL_OR;
    uint64_t round = mark_side(eval, node, is_or ? left : right);
    const struct vector *filtered = is_or ? right : left;
    bool want = node->op == PROMQL_AND;
    for (int i = 0; is_or && i < left->n; i++)
        *vector_push(eval, out, NULL, 0) = left->list[i];
    for (int i = 0; i < filtered->n; i++) {
        if ((signature(eval, node, filtered->list[i].labels)->mark == round) == want)
            *vector_push(eval, out, NULL, 0) = filtered->list[i];
    }
    return vector_check(eval, out);
}

static enum und_code twice_on_one_side(struct eval *eval, const struct promql_node *node,
                                       const struct labels *group, const struct labels *a,
                                       const struct labels *b)
{
    char *texts[3] = {NULL, NULL, NULL};
    const struct labels *sets[] = {group, a, b};
    enum und_code code;
    for (int i = 0; i < 3; i++) {
        size_t size;
        FILE *out = open_memstream(&texts[i], &size);
        UND_ASSERT(out != NULL);
        labels_write_all(sets[i], out);
        fclose(out);
    }
    code = eval_fail(eval,
                     "found duplicate series for the match group %.200s on the %s hand-side of the "
                     "operation: [%.200s, %.200s];many-to-many matching not allowed: matching "
                     "labels must be unique on one side",
                     texts[0], node->card == PROMQL_ONE_TO_MANY ? "left" : "right", texts[1],
                     texts[2]);
    for (int i = 0; i < 3; i++)
        free(texts[i]);
    return code;
}

static struct labels *result_labels(struct eval *eval, const struct promql_node *node,
                                    struct labels *many, const struct labels *one)
{
    struct labels *labels = many;
    if (!promql_is_comparison(node->op) && drops_name(eval, node))
        labels = labels_nameless(eval->pool, labels);
    if (node->card == PROMQL_ONE_TO_ONE) {
        if (node->grouped && !node->without)
            labels = labels_keep(eval->pool, labels, node->labels, node->n_labels);
        else if (node->n_labels)
            labels = labels_drop(eval->pool, labels, node->labels, node->n_labels);
    }
    for (int i = 0; i < node->n_include; i++)
        labels =
            labels_set(eval->pool, labels, node->include[i], labels_get(one, node->include[i]));
    return node->as_bool ? labels_nameless(eval->pool, labels) : labels;
}

/* Pairs of signature and result of a many-to-one match, to find the second of a kind. */
struct pairs {
    const struct labels **keys; /* two a place */
    size_t places;
};

static bool insert_pair(struct pairs *pairs, const struct labels *a, const struct labels *b)
{
    size_t at = (a->hash * 31 + b->hash) & (pairs->places - 1);
    while (pairs->keys[2 * at] && (pairs->keys[2 * at] != a || pairs->keys[2 * at + 1] != b))
        at = (at + 1) & (pairs->places - 1);
    if (pairs->keys[2 * at])
        return false;
    pairs->keys[2 * at] = a;
    pairs->keys[2 * at + 1] = b;
    return true;
}

static enum und_code mark_one_side(struct eval *eval, const struct promql_node *node,
                                   const struct vector *one, uint64_t *round)
{
    *round = labels_round(eval->pool);
    for (int i = 0; i < one->n; i++) {
        struct labels *group = signature(eval, node, one->list[i].labels);
        if (group->mark == *round)
            return twice_on_one_side(eval, node, group, one->list[i].labels,
                                     one->list[group->slot].labels);
        group->mark = *round;
        group->slot = i;
    }
    return UND_OK;
}

static enum und_code match(struct eval *eval, const struct promql_node *node,
                           const struct vector *left, const struct vector *right,
                           struct vector *out)
{
    bool swapped = node->card == PROMQL_ONE_TO_MANY;
    const struct vector *many = swapped ? right : left, *one = swapped ? left : right;
    struct pairs pairs = {NULL, 16};
    uint64_t round;
    if (left->n == 0 || right->n == 0)
        return UND_OK;
    if (mark_one_side(eval, node, one, &round))
        return UND_USAGE;
    while (pairs.places < 2 * (size_t)many->n)
        pairs.places *= 2;
    pairs.keys = arena_take(eval->arena, 2 * pairs.places * sizeof *pairs.keys);
    for (int i = 0; i < many->n; i++) {
        const struct sample *a = &many->list[i], *b;
        struct labels *group = signature(eval, node, a->labels), *labels;
        bool keep;
        double value;
        if (group->mark != round)
            continue;
        b = &one->list[group->slot];
        value = swapped ? apply(node->op, b->value, a->value, &keep)
                        : apply(node->op, a->value, b->value, &keep);
        if (node->as_bool)
            value = keep;
        else if (!keep)
            continue;
        labels = result_labels(eval, node, a->labels, b->labels);
        if (!insert_pair(&pairs, group, node->card == PROMQL_ONE_TO_ONE ? group : labels))
            return eval_fail(eval, "multiple matches for labels: %s",
                             node->card == PROMQL_ONE_TO_ONE
                                 ? "many-to-one matching must be explicit (group_left/group_right)"
                                 : "grouping labels must ensure unique matches");
        vector_push(eval, out, labels, value);
    }
    return vector_check(eval, out);
}

enum und_code eval_binary(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                          struct value *out)
{
    struct value left, right;
    bool keep;
    if (eval_node(eval, node->args[0], t_ms, &left) || eval_node(eval, node->args[1], t_ms, &right))
        return UND_USAGE;
    if (left.type == PROMQL_SCALAR && right.type == PROMQL_SCALAR) {
        out->scalar = apply(node->op, left.scalar, right.scalar, &keep);
        if (promql_is_comparison(node->op))
            out->scalar = keep;
        return UND_OK;
    }
    if (left.type == PROMQL_SCALAR)
        return with_scalar(eval, node, &right.vector, left.scalar, true, &out->vector);
    if (right.type == PROMQL_SCALAR)
        return with_scalar(eval, node, &left.vector, right.scalar, false, &out->vector);
    if (promql_is_set_op(node->op))
        return set_operation(eval, node, &left.vector, &right.vector, &out->vector);
    return match(eval, node, &left.vector, &right.vector, &out->vector);
}
