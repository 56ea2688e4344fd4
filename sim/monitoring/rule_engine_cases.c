/* The possible results of a rule in this fleet, and the series that each is made of. */
#include "rule_engine_internal.h"

#include "model/base/assert.h"
#include "model/promql/function.h"

#include <stdlib.h>
#include <string.h>

struct learner {
    struct rule_engine *engine;
    struct bounds_fleet fleet;
    struct result_case *to;
};

static struct term *same_term(struct leaf *leaf, const struct term *term)
{
    for (int i = 0; i < leaf->n; i++) {
        struct term *other = &leaf->terms[i];
        if (other->source == term->source && other->quantity == term->quantity &&
            other->factor == term->factor && other->offset == term->offset &&
            other->is_up == term->is_up)
            return other;
    }
    return NULL;
}

static void add_term(struct leaf *leaf, const struct term *term)
{
    struct term *same = same_term(leaf, term);
    if (same) {
        same->n++;
        return;
    }
    leaf->terms = realloc(leaf->terms, ((size_t)leaf->n + 1) * sizeof *leaf->terms);
    UND_ASSERT(leaf->terms != NULL);
    leaf->terms[leaf->n++] = *term;
}

/* Notes the selector's series on the way. */
static struct bounds learn_leaf(void *context, const struct promql_node *selector,
                                const struct promql_function *function,
                                const struct bounds_fixed *fixed)
{
    struct learner *learner = context;
    struct rule_engine *engine = learner->engine;
    struct leaf *leaf = &learner->to->leaves[selector->id];
    struct bounds_fleet others = learner->fleet;
    struct exported_list none = {.n = 0};
    if (selector->kind != PROMQL_SELECTOR)
        return bounds_none();
    for (int i = 0; i < engine->exported.n; i++) {
        const struct exported *series = &engine->exported.list[i];
        struct term term = {.source = engine_source(engine, series->exporter, series->host),
                            .quantity = series->quantity,
                            .factor = series->factor,
                            .offset = series->offset,
                            .is_up = series->is_up,
                            .n = 1,
                            .range =
                                state_range(engine->fleet, series->host, series->quantity, false)};
        if (bounds_selects(selector, fixed, series->labels))
            add_term(leaf, &term);
    }
    others.exported = &none;
    leaf->others = bounds_of_fleet(&others, selector, function, fixed);
    return bounds_of_fleet(&learner->fleet, selector, function, fixed);
}

/* With which labels fixed count()s are asked for: what they count. */
struct counter {
    struct reach_world *world;
    const struct promql *promql;
    struct result_case *to;
};

static struct bounds learn_count(void *context, const struct promql_node *node,
                                 const struct promql_function *function,
                                 const struct bounds_fixed *fixed)
{
    const struct counter *counter = context;
    (void)function;
    if (node->kind != PROMQL_SELECTOR) {
        counter->to->leaves[node->id].count =
            reach_count(counter->world, counter->promql, node, fixed);
        return bounds_none();
    }
    return (struct bounds){.may = true, .some = true, .must = true, .low = 1, .high = 1, .most = 1};
}

static bool learn_case(struct rule_engine *engine, struct reach_world *world,
                       struct engine_rule *rule, const struct labels *labels)
{
    struct learner learner = {.engine = engine,
                              .fleet = {.fleet = engine->fleet,
                                        .exported = &engine->exported,
                                        .records = world->records,
                                        .n_records = world->n_records}};
    const struct promql *promql = rule->eval.promql;
    struct result_case *to = &rule->cases[rule->n_cases++];
    to->leaves = calloc((size_t)promql->n_nodes, sizeof *to->leaves);
    UND_ASSERT(to->leaves != NULL);
    learner.to = to;
    bounds_find(promql->root, labels, learn_count, &(struct counter){world, promql, to});
    return bounds_find(promql->root, labels, learn_leaf, &learner).may;
}

static void drop_last_case(struct engine_rule *rule)
{
    struct result_case *last = &rule->cases[--rule->n_cases];
    for (int i = 0; i < rule->eval.promql->n_nodes; i++)
        free(last->leaves[i].terms);
    free(last->leaves);
}

static void watch(struct engine_rule *rule, const struct term *term)
{
    for (int i = 0; i < rule->n_watched; i++) {
        if (rule->watched[i].source == term->source && rule->watched[i].quantity == term->quantity)
            return;
    }
    rule->watched = realloc(rule->watched, ((size_t)rule->n_watched + 1) * sizeof *rule->watched);
    UND_ASSERT(rule->watched != NULL);
    rule->watched[rule->n_watched++] = (struct watched){term->source, term->quantity};
}

static void find_shortest(struct engine_rule *rule, const struct promql_node *node)
{
    if (node->kind == PROMQL_SELECTOR && node->range_ms > 0 &&
        (rule->shortest_ms == 0 || node->range_ms < rule->shortest_ms))
        rule->shortest_ms = node->range_ms;
    for (int i = 0; i < node->n_args; i++)
        find_shortest(rule, node->args[i]);
}

static void learn_watched(struct engine_rule *rule)
{
    find_shortest(rule, rule->eval.promql->root);
    for (int i = 0; i < rule->n_cases; i++) {
        for (int j = 0; j < rule->eval.promql->n_nodes; j++) {
            const struct leaf *leaf = &rule->cases[i].leaves[j];
            for (int k = 0; k < leaf->n; k++)
                watch(rule, &leaf->terms[k]);
        }
    }
}

void engine_learn_cases(struct rule_engine *engine, struct reach_world *world,
                        struct engine_rule *rule)
{
    struct reach_results results;
    reach_results_find(world, rule->eval.promql, &results);
    rule->cases = calloc((size_t)results.n + 1, sizeof *rule->cases);
    UND_ASSERT(rule->cases != NULL);
    rule->n_cases = 0;
    if (results.guessed)
        results.n = 1;
    rule->labels_known = !results.guessed && !strstr(rule->from->labels, "alue") &&
                         !strstr(rule->from->labels, "query") &&
                         !strstr(rule->from->expr, "count_values");
    for (int i = 0; i < results.n; i++) {
        const struct labels *labels = results.guessed ? NULL : results.list[i];
        if (!learn_case(engine, world, rule, labels))
            drop_last_case(rule);
        else if (labels)
            rule->cases[rule->n_cases - 1].labels =
                eval_rule_labels(&rule->eval, engine->store, &engine->options,
                                 labels_make(engine->store->pool, labels->list, labels->n));
    }
    rule->live = rule->n_cases > 0;
    learn_watched(rule);
    reach_results_fini(&results);
}
