#include "promql_labels.h"

#include <string.h>

void promql_labels_fini(struct promql_labels *labels)
{
    json_decref(labels->names);
    json_decref(labels->set);
    *labels = (struct promql_labels){.only = false};
}

json_t *promql_labels_of(const struct promql_labels *labels, const json_t *series)
{
    json_t *left = json_object(), *value;
    const char *name;
    json_object_foreach ((json_t *)series, name, value) {
        bool named = json_object_get(labels->names, name) != NULL;
        if (named == labels->only)
            json_object_set(left, name, value);
    }
    json_object_update(left, labels->set);
    return left;
}

static void start(struct promql_labels *labels, bool only)
{
    labels->only = only;
    json_object_clear(labels->names);
    json_object_clear(labels->set);
}

static void keep_only(struct promql_labels *labels, const char *const *names, int n)
{
    json_t *kept = json_object();
    for (int i = 0; i < n; i++) {
        bool named = json_object_get(labels->names, names[i]) != NULL;
        if (named == labels->only)
            json_object_set_new(kept, names[i], json_true());
    }
    json_decref(labels->names);
    labels->names = kept;
    labels->only = true;
}

static void drop(struct promql_labels *labels, const char *const *names, int n)
{
    for (int i = 0; i < n; i++) {
        if (labels->only)
            json_object_del(labels->names, names[i]);
        else
            json_object_set_new(labels->names, names[i], json_true());
    }
}

static void add(struct promql_labels *labels, const char *name)
{
    if (labels->only)
        json_object_set_new(labels->names, name, json_true());
    else
        json_object_del(labels->names, name);
}

/* Labels by which a series is asked for with =, once each. */
static void of_absent(struct promql_labels *labels, const struct promql_node *selector)
{
    start(labels, true);
    for (int i = 0; i < selector->n_matchers; i++) {
        const struct promql_matcher *matcher = &selector->matchers[i];
        int same = 0;
        for (int j = 0; j < selector->n_matchers; j++)
            same += strcmp(selector->matchers[j].name, matcher->name) == 0;
        if (matcher->match == PROMQL_IS && same == 1 && strcmp(matcher->name, "__name__") != 0)
            json_object_set_new(labels->set, matcher->name, json_string(matcher->value));
    }
}

/* Recorded metrics may refer to each other, in circles too. */
#define NESTED 8

static void find(struct promql_labels *labels, const struct promql_node *node);

static void of_selector(struct promql_labels *labels, const struct promql_node *node)
{
    start(labels, false);
    for (int i = 0; i < labels->n_records && labels->nested < NESTED; i++) {
        if (strcmp(labels->records[i].name, node->name) == 0) {
            labels->nested++;
            find(labels, labels->records[i].promql->root);
            labels->nested--;
            return;
        }
    }
}

static void of_call(struct promql_labels *labels, const struct promql_node *node)
{
    bool absent = strcmp(node->name, "absent") == 0 || strcmp(node->name, "absent_over_time") == 0;
    static const char *const le[] = {"le"};
    start(labels, true);
    if (absent) {
        if (node->args[0]->kind == PROMQL_SELECTOR)
            of_absent(labels, node->args[0]);
        return;
    }
    for (int i = 0; i < node->n_args; i++) {
        if (node->args[i]->type == PROMQL_VECTOR || node->args[i]->type == PROMQL_MATRIX) {
            find(labels, node->args[i]);
            break;
        }
    }
    if (strcmp(node->name, "histogram_quantile") == 0)
        drop(labels, le, 1);
    if (strcmp(node->name, "scalar") == 0 || strcmp(node->name, "vector") == 0)
        start(labels, true);
}

static void of_aggregate(struct promql_labels *labels, const struct promql_node *node)
{
    find(labels, node->args[node->n_args - 1]);
    if (node->aggregation == PROMQL_TOPK || node->aggregation == PROMQL_BOTTOMK ||
        node->aggregation == PROMQL_LIMITK || node->aggregation == PROMQL_LIMIT_RATIO)
        return;
    if (node->without)
        drop(labels, node->labels, node->n_labels);
    else
        keep_only(labels, node->labels, node->n_labels);
}

static void of_binary(struct promql_labels *labels, const struct promql_node *node)
{
    bool left_scalar = node->args[0]->type == PROMQL_SCALAR;
    bool right_scalar = node->args[1]->type == PROMQL_SCALAR;
    bool many_right = node->card == PROMQL_ONE_TO_MANY;
    find(labels, node->args[left_scalar || (many_right && !right_scalar) ? 1 : 0]);
    if (left_scalar || right_scalar || promql_is_set_op(node->op))
        return;
    if (node->card == PROMQL_ONE_TO_ONE) {
        if (node->grouped && !node->without)
            keep_only(labels, node->labels, node->n_labels);
        else
            drop(labels, node->labels, node->n_labels);
    }
    for (int i = 0; i < node->n_include; i++)
        add(labels, node->include[i]);
}

/* Depth is bounded by the tree's (PROMQL_DEPTH). */
static void find(struct promql_labels *labels, const struct promql_node *node)
{
    switch (node->kind) {
    case PROMQL_NUMBER:
    case PROMQL_STRING:
        start(labels, true);
        return;
    case PROMQL_SELECTOR:
        of_selector(labels, node);
        return;
    case PROMQL_SUBQUERY:
    case PROMQL_MINUS:
        find(labels, node->args[0]);
        return;
    case PROMQL_CALL:
        of_call(labels, node);
        return;
    case PROMQL_AGGREGATE:
        of_aggregate(labels, node);
        return;
    case PROMQL_BINARY:
        of_binary(labels, node);
        return;
    }
}

void promql_labels_find(struct promql_labels *labels, const struct promql_node *node,
                        const struct promql_record *records, int n_records)
{
    *labels = (struct promql_labels){
        .names = json_object(), .set = json_object(), .records = records, .n_records = n_records};
    find(labels, node);
    labels->records = NULL;
    labels->n_records = 0;
}
