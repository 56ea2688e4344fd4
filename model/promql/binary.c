#include "eval.h"

#include "gomath.h"
#include "model/base/assert.h"
#include "natives.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

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
    case PROMQL_TRIM_UPPER:
    case PROMQL_TRIM_LOWER:
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

static const char *type_word(double value)
{
    return native_is(value) ? "histogram" : "float";
}

/* What comes of two operands: `there` is false where the operation has no sense for them, `keep`
 * where a comparison filters their sample away. */
struct outcome {
    double value;
    bool there, keep;
};

/* What comes of a native histogram on a side. */
static void with_native(struct eval *eval, const struct promql_node *node, const double sides[2],
                        struct outcome *outcome)
{
    const char *word = promql_op_word(node->op);
    bool equal;
    if (native_is(sides[0]) && native_is(sides[1]) &&
        (node->op == PROMQL_EQ || node->op == PROMQL_NE)) {
        equal = native_equal(native_of(sides[0]), native_of(sides[1]));
        outcome->keep = equal == (node->op == PROMQL_EQ);
        return;
    }
    switch (natives_operate(eval, node->op, sides, &outcome->value)) {
    case NATIVES_DONE:
        return;
    case NATIVES_UNFIT:
        eval_warn(eval, "incompatible bucket layout encountered for binary operator %s", word);
        break;
    case NATIVES_SENSELESS:
        eval_info(eval,
                  "incompatible sample types encountered for binary operator \"%s\": %s %s %s",
                  word, type_word(sides[0]), word, type_word(sides[1]));
        break;
    }
    outcome->there = false;
}

static void operate(struct eval *eval, const struct promql_node *node, const double sides[2],
                    struct outcome *outcome)
{
    *outcome = (struct outcome){sides[0], true, true};
    if (native_is(sides[0]) || native_is(sides[1]) || node->op > PROMQL_UNLESS)
        with_native(eval, node, sides, outcome);
    else
        outcome->value = apply(node->op, sides[0], sides[1], &outcome->keep);
    if (node->as_bool)
        outcome->value = outcome->keep;
    outcome->keep |= node->as_bool || eval->relaxed;
}

static enum und_code with_scalar(struct eval *eval, const struct promql_node *node,
                                 const struct vector *vector, double scalar, bool swapped,
                                 struct vector *out)
{
    for (int i = 0; i < vector->n; i++) {
        const struct sample *sample = &vector->list[i];
        double sides[2] = {sample->value, scalar};
        struct outcome outcome;
        struct sample *result;
        if (swapped) {
            sides[0] = scalar;
            sides[1] = sample->value;
        }
        operate(eval, node, sides, &outcome);
        if (!outcome.there || !outcome.keep)
            continue;
        if (promql_is_comparison(node->op) && !node->as_bool)
            outcome.value = sample->value;
        result = vector_push(eval, out, sample->labels, outcome.value);
        result->drop_name = sample->drop_name;
        if (drops_name(eval, node))
            eval_drop_name(eval, result);
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
    return eval_nameless(eval, labels);
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
        if ((signature(eval, node, filtered->list[i].labels)->mark == round) == want ||
            (eval->relaxed && node->op == PROMQL_UNLESS))
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
        labels = eval_nameless(eval, labels);
    if (node->card == PROMQL_ONE_TO_ONE) {
        if (node->grouped && !node->without)
            labels = labels_keep(eval->pool, labels, node->labels, node->n_labels);
        else if (node->n_labels)
            labels = labels_drop(eval->pool, labels, node->labels, node->n_labels);
    }
    for (int i = 0; i < node->n_include; i++)
        labels =
            labels_set(eval->pool, labels, node->include[i], labels_get(one, node->include[i]));
    return node->as_bool && !eval->delayed_names ? eval_nameless(eval, labels) : labels;
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

/* The two sides of a match, and what has come of it. */
struct matching {
    struct eval *eval;
    const struct promql_node *node;
    bool swapped; /* the many are on the right */
    struct pairs pairs;
    struct vector *out;
};

/* Version 3 finds a second match also where a comparison filters its sample away, version 2 only
 * among those that are left. */
static enum und_code pair(struct matching *matching, const struct sample *many,
                          const struct sample *one, const struct labels *group)
{
    struct eval *eval = matching->eval;
    const struct promql_node *node = matching->node;
    double sides[2] = {many->value, one->value};
    struct outcome outcome;
    struct labels *labels;
    struct sample *result;
    if (matching->swapped) {
        sides[0] = one->value;
        sides[1] = many->value;
    }
    operate(eval, node, sides, &outcome);
    if (!outcome.there || (!outcome.keep && !eval->v3))
        return UND_OK;
    labels = result_labels(eval, node, many->labels, one->labels);
    if (!insert_pair(&matching->pairs, group, node->card == PROMQL_ONE_TO_ONE ? group : labels))
        return eval_fail(eval, "multiple matches for labels: %s",
                         node->card == PROMQL_ONE_TO_ONE
                             ? "many-to-one matching must be explicit (group_left/group_right)"
                             : "grouping labels must ensure unique matches");
    if (!outcome.keep)
        return UND_OK;
    result = vector_push(eval, matching->out, labels, outcome.value);
    result->drop_name = eval->delayed_names &&
                        (node->as_bool || (many->drop_name && promql_is_comparison(node->op)));
    return UND_OK;
}

/* Under group_right Prometheus' fill_left() stands for the many, which are on the right then. */
static enum und_code match(struct eval *eval, const struct promql_node *node,
                           const struct vector *left, const struct vector *right,
                           struct vector *out)
{
    bool swapped = node->card == PROMQL_ONE_TO_MANY;
    const struct vector *many = swapped ? right : left, *one = swapped ? left : right;
    struct sample none = {.labels = labels_none(eval->pool), .value = node->fill[1]};
    struct matching matching = {eval, node, swapped, {NULL, 16}, out};
    bool *matched = arena_take(eval->arena, (size_t)one->n + 1);
    uint64_t round;
    if ((left->n == 0 || right->n == 0) && !node->fills[0] && !node->fills[1])
        return UND_OK;
    if (mark_one_side(eval, node, one, &round))
        return UND_USAGE;
    while (matching.pairs.places < 2 * (size_t)(many->n + one->n))
        matching.pairs.places *= 2;
    matching.pairs.keys =
        arena_take(eval->arena, 2 * matching.pairs.places * sizeof *matching.pairs.keys);
    for (int i = 0; i < many->n; i++) {
        struct labels *group = signature(eval, node, many->list[i].labels);
        bool found = group->mark == round;
        if (!found && !node->fills[1])
            continue;
        if (found)
            matched[group->slot] = true;
        if (pair(&matching, &many->list[i], found ? &one->list[group->slot] : &none, group))
            return UND_USAGE;
    }
    for (int i = 0; i < one->n && node->fills[0]; i++) {
        struct labels *group = signature(eval, node, one->list[i].labels);
        struct sample filled = {.labels = group, .value = node->fill[0]};
        if (!matched[i] && pair(&matching, &filled, &one->list[i], group))
            return UND_USAGE;
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
