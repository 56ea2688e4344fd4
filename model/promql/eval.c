#include "eval.h"

#include "model/base/assert.h"
#include "natives.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct query {
    struct eval eval;
    struct arena *arena;
};

enum und_code eval_fail(struct eval *eval, const char *format, ...)
{
    char text[sizeof eval->err->text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return und_fail(eval->err, UND_USAGE, "%s", text);
}

enum und_code eval_spend(struct eval *eval, int64_t samples)
{
    eval->left -= samples;
    if (eval->left >= 0)
        return UND_OK;
    return eval_fail(eval, "given up: more than %" PRId64 " samples and steps", eval->most);
}

/* --- vectors and matrices -------------------------------------------------------------------- */

struct sample *vector_push(struct eval *eval, struct vector *vector, struct labels *labels,
                           double value)
{
    if (vector->n == vector->room) {
        size_t size = sizeof *vector->list;
        int room = vector->room ? 2 * vector->room : 8;
        vector->list =
            arena_grow(eval->arena, vector->list, (size_t)vector->n * size, (size_t)room * size);
        vector->room = room;
    }
    vector->list[vector->n] = (struct sample){.labels = labels, .value = value};
    return &vector->list[vector->n++];
}

struct range *matrix_push(struct eval *eval, struct matrix *matrix, struct labels *labels)
{
    if (matrix->n == matrix->room) {
        size_t size = sizeof *matrix->list;
        int room = matrix->room ? 2 * matrix->room : 8;
        matrix->list =
            arena_grow(eval->arena, matrix->list, (size_t)matrix->n * size, (size_t)room * size);
        matrix->room = room;
    }
    matrix->list[matrix->n] = (struct range){.labels = labels};
    return &matrix->list[matrix->n++];
}

enum und_code vector_check(struct eval *eval, const struct vector *vector)
{
    uint64_t round = labels_round(eval->pool);
    for (int i = 0; i < vector->n; i++) {
        struct labels *labels = vector->list[i].labels;
        if (labels->mark == round)
            return eval_fail(eval, "vector cannot contain metrics with the same labelset");
        labels->mark = round;
    }
    return eval_spend(eval, vector->n);
}

/* --- nodes ----------------------------------------------------------------------------------- */

int64_t eval_shift(const struct eval *eval, const struct promql_node *node, int64_t t_ms)
{
    int64_t at = node->at == PROMQL_AT_TIME    ? node->at_ms
                 : node->at == PROMQL_AT_START ? eval->start_ms
                 : node->at == PROMQL_AT_END   ? eval->end_ms
                                               : t_ms;
    return at - node->offset_ms + (node->at != PROMQL_NO_AT ? eval->pin_shift_ms : 0);
}

static enum und_code eval_minus(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                                struct value *out)
{
    if (eval_node(eval, node->args[0], t_ms, out))
        return UND_USAGE;
    out->scalar = -out->scalar;
    for (int i = 0; i < out->vector.n; i++) {
        struct sample *sample = &out->vector.list[i];
        sample->value =
            native_is(sample->value) ? natives_scaled(eval, sample->value, -1) : -sample->value;
        eval_drop_name(eval, sample);
    }
    return vector_check(eval, &out->vector);
}

enum und_code eval_node(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                        struct value *out)
{
    *out = (struct value){.type = node->type};
    if (eval_spend(eval, 1))
        return UND_USAGE;
    switch (node->kind) {
    case PROMQL_NUMBER:
        out->scalar = node->number;
        return UND_OK;
    case PROMQL_STRING:
        out->text = node->name;
        return UND_OK;
    case PROMQL_SELECTOR:
        return eval_selector(eval, node, t_ms, out);
    case PROMQL_SUBQUERY:
        return eval_subquery(eval, node, t_ms, out);
    case PROMQL_CALL:
        return eval_call(eval, node, t_ms, out);
    case PROMQL_AGGREGATE:
        return eval_aggregate(eval, node, t_ms, out);
    case PROMQL_BINARY:
        return eval_binary(eval, node, t_ms, out);
    case PROMQL_MINUS:
        return eval_minus(eval, node, t_ms, out);
    }
    UND_UNREACHABLE();
}

enum und_code eval_scalar(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                          double *out)
{
    struct value value;
    *out = 0;
    if (eval_node(eval, node, t_ms, &value))
        return UND_USAGE;
    *out = value.scalar;
    return UND_OK;
}

enum und_code eval_vector(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                          struct vector *out)
{
    struct value value;
    if (eval_node(eval, node, t_ms, &value))
        return UND_USAGE;
    *out = value.vector;
    return UND_OK;
}

/* --- queries --------------------------------------------------------------------------------- */

struct query *query_open(const struct promql *promql, struct store *store,
                         const struct query_options *options)
{
    struct query *query = calloc(1, sizeof *query);
    UND_ASSERT(query != NULL);
    query->arena = arena_open();
    query->eval = (struct eval){
        .promql = promql,
        .store = store,
        .pool = store->pool,
        .v3 = promql->version >= PROMQL_3,
        .later = promql->version >= PROMQL_2_LAST && !options->early,
        .relaxed = options->relaxed,
        .delayed_names = promql->version >= PROMQL_2_LAST && options->delayed_names,
        .annotate = promql->version >= PROMQL_2_LAST && options->annotate,
        .lookback_ms = options->lookback_ms ? options->lookback_ms : QUERY_LOOKBACK_MS,
        .step_ms = options->step_ms ? options->step_ms : QUERY_STEP_MS,
        .most = options->most ? options->most : QUERY_MOST,
        .selections = calloc((size_t)promql->n_nodes, sizeof *query->eval.selections)};
    UND_ASSERT(query->eval.selections != NULL);
    return query;
}

void query_close(struct query *query)
{
    if (!query)
        return;
    for (int i = 0; i < query->eval.promql->n_nodes; i++)
        free(query->eval.selections[i].series);
    free(query->eval.selections);
    for (size_t i = 0; i < sizeof query->eval.steps / sizeof *query->eval.steps; i++)
        arena_close(query->eval.steps[i]);
    arena_close(query->arena);
    annotations_clear(&query->eval.annotations);
    free(query);
}

static void prepare(struct query *query, int64_t start_ms, int64_t end_ms, struct und_err *err)
{
    struct eval *eval = &query->eval;
    arena_rewind(query->arena);
    eval->arena = query->arena;
    eval->level = 0;
    eval->left = eval->most;
    eval->start_ms = eval->first_ms = eval->reset_ms = start_ms;
    eval->pin_shift_ms = 0;
    eval->end_ms = end_ms;
    eval->query_step_ms = 0;
    eval->hinting = false;
    eval->err = err;
    annotations_clear(&eval->annotations);
    if (eval->cleared != eval->store->cleared) {
        for (int i = 0; i < eval->promql->n_nodes; i++)
            eval->selections[i].n = eval->selections[i].seen = 0;
        eval->cleared = eval->store->cleared;
    }
}

enum und_code query_at(struct query *query, int64_t t_ms, struct value *out, struct und_err *err)
{
    prepare(query, t_ms, t_ms, err);
    return eval_node(&query->eval, query->eval.promql->root, t_ms, out)
               ? UND_USAGE
               : eval_finish(&query->eval, out);
}

enum und_code query_range(struct query *query, int64_t start_ms, int64_t end_ms, int64_t step_ms,
                          struct value *out, struct und_err *err)
{
    const struct promql_node *root = query->eval.promql->root;
    struct promql_node steps = {.kind = PROMQL_SUBQUERY,
                                .range_ms = end_ms - start_ms,
                                .step_ms = step_ms,
                                .args = (struct promql_node *[]){(struct promql_node *)root}};
    *out = (struct value){.type = PROMQL_MATRIX};
    prepare(query, start_ms, end_ms, err);
    if (root->type != PROMQL_SCALAR && root->type != PROMQL_VECTOR)
        return eval_fail(&query->eval,
                         "invalid expression type \"%s\" for range query, must be Scalar or "
                         "instant Vector",
                         promql_type_words(root->type));
    query->eval.query_step_ms = step_ms;
    return eval_steps(&query->eval, &steps, start_ms, end_ms, out) ? UND_USAGE
                                                                   : eval_finish(&query->eval, out);
}

const char *const *query_annotations(const struct query *query)
{
    static const char *const none[] = {NULL};
    return query->eval.annotations.list ? query->eval.annotations.list : none;
}
