/* Durations that are calculated, some of them from a query's step and range. */
#include "function.h"
#include "parser.h"

#include "gomath.h"

#include <math.h>

struct steps {
    double step_s, range_s;
};

bool duration_has_steps(const struct promql_node *node)
{
    if (node->kind == PROMQL_CALL &&
        (node->function->function == F_STEP || node->function->function == F_RANGE))
        return true;
    for (int i = 0; i < node->n_args; i++) {
        if (duration_has_steps(node->args[i]))
            return true;
    }
    return false;
}

/* Why it has no value, NULL if it has one. */
static const char *calculate(const struct promql_node *node, const struct steps *steps, double *out)
{
    double of[2] = {0, 0};
    for (int i = 0; i < node->n_args && i < 2; i++) {
        const char *why = calculate(node->args[i], steps, &of[i]);
        if (why)
            return why;
    }
    *out = node->number;
    if (node->kind == PROMQL_MINUS)
        *out = -of[0];
    if (node->kind == PROMQL_CALL)
        *out = node->function->function == F_STEP     ? steps->step_s
               : node->function->function == F_RANGE  ? steps->range_s
               : node->function->function == F_MIN_OF ? go_min(of[0], of[1])
                                                      : go_max(of[0], of[1]);
    if (node->kind != PROMQL_BINARY)
        return NULL;
    if ((node->op == PROMQL_DIV || node->op == PROMQL_MOD) && of[1] == 0)
        return node->op == PROMQL_DIV ? "division by zero" : "modulo by zero";
    *out = node->op == PROMQL_ADD   ? of[0] + of[1]
           : node->op == PROMQL_SUB ? of[0] - of[1]
           : node->op == PROMQL_MUL ? of[0] * of[1]
           : node->op == PROMQL_DIV ? of[0] / of[1]
           : node->op == PROMQL_MOD ? fmod(of[0], of[1])
                                    : go_pow(of[0], of[1]);
    return NULL;
}

const char *duration_value(const struct promql_node *node, const struct steps *steps, bool offset,
                           int64_t *ms)
{
    double seconds;
    const char *why = calculate(node, steps, &seconds);
    if (why)
        return why;
    if (!(fabs(seconds) < PARSER_SECONDS))
        return "duration is out of range";
    *ms = node->kind == PROMQL_NUMBER ? (int64_t)round(seconds * 1000) : (int64_t)(seconds * 1000);
    return *ms <= 0 && !offset ? "duration must be greater than 0" : NULL;
}

static const char *set(const struct promql_node *node, const struct steps *steps, bool offset,
                       int64_t *ms)
{
    return node ? duration_value(node, steps, offset, ms) : NULL;
}

static const char *set_all(struct promql_node *node, const struct steps *steps)
{
    const char *why = set(node->range, steps, false, &node->range_ms);
    if (!why)
        why = set(node->step, steps, false, &node->step_ms);
    if (!why)
        why = set(node->offset, steps, true, &node->offset_ms);
    for (int i = 0; i < node->n_args && !why; i++)
        why = set_all(node->args[i], steps);
    return why;
}

enum und_code promql_set_steps(struct promql *promql, int64_t step_ms, int64_t range_ms,
                               struct und_err *err)
{
    struct steps steps = {(double)step_ms / 1000, (double)range_ms / 1000};
    const char *why = set_all(promql->root, &steps);
    return why ? und_fail(err, UND_USAGE, "%s", why) : UND_OK;
}
