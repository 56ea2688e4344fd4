#include "eval.h"

#include "gomath.h"
#include "model/base/assert.h"
#include "natives.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct group {
    struct labels *labels;
    double count, value, mean; /* of floats */
    struct labels *last;       /* of the histograms of sum and avg, which are members */
    bool drop_name;
    struct kahan sum;      /* since 2.54 */
    struct sum_mean avg;   /* since 2.54 */
    struct vector members; /* of topk, bottomk, quantile and limitk; histograms */
};

struct aggregate {
    struct eval *eval;
    const struct promql_node *node;
    struct group *groups;
    int n, room;
    int64_t k;
    double parameter;
    const char *value_label;
};

/* --- groups ---------------------------------------------------------------------------------- */

static struct labels *group_labels(const struct aggregate *aggregate, struct labels *labels)
{
    const struct promql_node *node = aggregate->node;
    struct label_pool *pool = aggregate->eval->pool;
    if (node->without) {
        labels = labels_drop(pool, labels, node->labels, node->n_labels);
        return eval_nameless(aggregate->eval, labels);
    }
    if (!aggregate->value_label)
        return labels_keep(pool, labels, node->labels, node->n_labels);
    /* The counted value is one of the labels to group by. */
    struct labels *kept = labels_keep(pool, labels, node->labels, node->n_labels);
    return labels_set(pool, kept, aggregate->value_label,
                      labels_get(labels, aggregate->value_label));
}

static struct group *group_of(struct aggregate *aggregate, struct labels *labels, uint64_t round)
{
    struct labels *key = group_labels(aggregate, labels);
    if (key->mark == round)
        return &aggregate->groups[key->slot];
    if (aggregate->n == aggregate->room) {
        size_t size = sizeof *aggregate->groups;
        int room = aggregate->room ? 2 * aggregate->room : 8;
        aggregate->groups = arena_grow(aggregate->eval->arena, aggregate->groups,
                                       (size_t)aggregate->n * size, (size_t)room * size);
        aggregate->room = room;
    }
    key->mark = round;
    key->slot = aggregate->n;
    aggregate->groups[aggregate->n] = (struct group){.labels = key};
    return &aggregate->groups[aggregate->n++];
}

/* --- the k largest or smallest ---------------------------------------------------------------- */

/* Does a come before b in the heap, whose root is the first to go? NaN is. */
static bool goes_first(const struct aggregate *aggregate, const struct sample *a,
                       const struct sample *b)
{
    if (isnan(a->value))
        return true;
    return aggregate->node->aggregation == PROMQL_TOPK ? a->value < b->value : a->value > b->value;
}

static void swap(struct sample *a, struct sample *b)
{
    struct sample kept = *a;
    *a = *b;
    *b = kept;
}

static void sift_down(const struct aggregate *aggregate, struct vector *heap)
{
    int i = 0;
    for (;;) {
        int child = 2 * i + 1;
        if (child >= heap->n)
            return;
        if (child + 1 < heap->n &&
            goes_first(aggregate, &heap->list[child + 1], &heap->list[child]))
            child++;
        if (!goes_first(aggregate, &heap->list[child], &heap->list[i]))
            return;
        swap(&heap->list[i], &heap->list[child]);
        i = child;
    }
}

static void sift_up(const struct aggregate *aggregate, struct vector *heap)
{
    for (int i = heap->n - 1; i > 0;) {
        int parent = (i - 1) / 2;
        if (!goes_first(aggregate, &heap->list[i], &heap->list[parent]))
            return;
        swap(&heap->list[i], &heap->list[parent]);
        i = parent;
    }
}

static void keep_k(struct aggregate *aggregate, struct group *group, const struct sample *sample)
{
    struct vector *heap = &group->members;
    if (heap->n < aggregate->k) {
        *vector_push(aggregate->eval, heap, NULL, 0) = *sample;
        sift_up(aggregate, heap);
        return;
    }
    const struct sample *first = &heap->list[0];
    bool top = aggregate->node->aggregation == PROMQL_TOPK, later = aggregate->eval->later;
    if (!(top ? first->value < sample->value : first->value > sample->value) &&
        !(isnan(first->value) && !(later && isnan(sample->value))))
        return;
    if (later || heap->n == 1) {
        heap->list[0] = *sample;
        sift_down(aggregate, heap);
        return;
    }
    /* Version 2 takes the first out before it puts the other in. */
    swap(&heap->list[0], &heap->list[--heap->n]);
    sift_down(aggregate, heap);
    heap->list[heap->n++] = *sample;
    sift_up(aggregate, heap);
}

/* The heap emptied from its root on gives the samples in the reverse order. */
static void put_k(struct aggregate *aggregate, struct group *group, struct vector *out)
{
    struct vector *heap = &group->members;
    int n = heap->n;
    while (heap->n > 0) {
        heap->n--;
        swap(&heap->list[0], &heap->list[heap->n]);
        sift_down(aggregate, heap);
    }
    for (int i = 0; i < n; i++)
        *vector_push(aggregate->eval, out, NULL, 0) = heap->list[i];
}

/* --- sums and means ----------------------------------------------------------------------------
 */

static void start_group(const struct aggregate *aggregate, struct group *group, double value)
{
    bool spread = aggregate->node->aggregation == PROMQL_STDDEV ||
                  aggregate->node->aggregation == PROMQL_STDVAR;
    group->count = 1;
    group->mean = value;
    group->value = aggregate->node->aggregation == PROMQL_GROUP ? 1 : spread ? 0 : value;
    if (spread && aggregate->eval->later && !isfinite(value))
        group->value = NAN;
    group->sum = (struct kahan){value, 0};
    mean_add(&group->avg, value);
}

static void add_spread(struct group *group, double value)
{
    double delta = value - group->mean;
    group->mean += delta / group->count;
    group->value += delta * (value - group->mean);
}

static void add_to_group(const struct aggregate *aggregate, struct group *group, double value)
{
    double increment;
    group->count++;
    switch (aggregate->node->aggregation) {
    case PROMQL_SUM:
        group->value += value;
        kahan_add(&group->sum, value, true);
        break;
    case PROMQL_AVG:
        mean_add(&group->avg, value);
        if (mean_step(&group->mean, value, group->count, &increment))
            group->mean += increment;
        break;
    case PROMQL_MIN:
        if (group->value > value || isnan(group->value))
            group->value = value;
        break;
    case PROMQL_MAX:
        if (group->value < value || isnan(group->value))
            group->value = value;
        break;
    case PROMQL_STDDEV:
    case PROMQL_STDVAR:
        add_spread(group, value);
        break;
    case PROMQL_COUNT:
    case PROMQL_COUNT_VALUES:
    case PROMQL_GROUP:
    case PROMQL_TOPK:
    case PROMQL_BOTTOMK:
    case PROMQL_QUANTILE:
    case PROMQL_LIMITK:
    case PROMQL_LIMIT_RATIO:
    case PROMQL_AGGREGATIONS:
        break;
    }
}

static double quantile_of_group(struct aggregate *aggregate, struct group *group)
{
    int n = group->members.n;
    double *values = arena_take(aggregate->eval->arena, (size_t)n * sizeof *values);
    for (int i = 0; i < n; i++)
        values[i] = group->members.list[i].value;
    return quantile_of(aggregate->parameter, values, n);
}

static double group_value(struct aggregate *aggregate, struct group *group)
{
    bool later = aggregate->eval->later;
    switch (aggregate->node->aggregation) {
    case PROMQL_SUM:
        if (!later || isinf(group->sum.sum))
            return later ? group->sum.sum : group->value;
        return group->sum.sum + group->sum.c;
    case PROMQL_AVG:
        return later ? mean_value(&group->avg) : group->mean;
    case PROMQL_COUNT:
    case PROMQL_COUNT_VALUES:
        return group->count;
    case PROMQL_STDDEV:
        return sqrt(group->value / group->count);
    case PROMQL_STDVAR:
        return group->value / group->count;
    case PROMQL_QUANTILE:
        return quantile_of_group(aggregate, group);
    case PROMQL_MIN:
    case PROMQL_MAX:
    case PROMQL_GROUP:
    case PROMQL_TOPK:
    case PROMQL_BOTTOMK:
    case PROMQL_LIMITK:
    case PROMQL_LIMIT_RATIO:
    case PROMQL_AGGREGATIONS:
        break;
    }
    return group->value;
}

/* --- the whole ---------------------------------------------------------------------------------
 */

static bool keeps_members(enum promql_aggregation aggregation)
{
    return aggregation == PROMQL_TOPK || aggregation == PROMQL_BOTTOMK ||
           aggregation == PROMQL_LIMITK || aggregation == PROMQL_LIMIT_RATIO;
}

static void add_member(struct aggregate *aggregate, struct group *group,
                       const struct sample *sample)
{
    enum promql_aggregation aggregation = aggregate->node->aggregation;
    if (aggregation == PROMQL_TOPK || aggregation == PROMQL_BOTTOMK)
        keep_k(aggregate, group, sample);
    else if (aggregation == PROMQL_QUANTILE ||
             (aggregation == PROMQL_LIMITK && group->members.n < aggregate->k) ||
             (aggregation == PROMQL_LIMIT_RATIO &&
              labels_in_ratio(sample->labels, aggregate->parameter)))
        *vector_push(aggregate->eval, &group->members, NULL, 0) = *sample;
}

/* A sum of floats and histograms there is not. */
static void finish_histograms(struct aggregate *aggregate, struct group *group, struct vector *out)
{
    struct eval *eval = aggregate->eval;
    double *values = arena_take(eval->arena, (size_t)group->members.n * sizeof *values);
    double value;
    if (group->count > 0) {
        eval_warn(eval, "encountered a mix of histograms and floats for aggregation");
        return;
    }
    for (int i = 0; i < group->members.n; i++)
        values[i] = group->members.list[i].value;
    if (natives_sum(eval, values, group->members.n, aggregate->node->aggregation == PROMQL_AVG,
                    group->last, &value))
        vector_push(eval, out, group->labels, value)->drop_name = group->drop_name;
}

static void finish(struct aggregate *aggregate, struct vector *out)
{
    enum promql_aggregation aggregation = aggregate->node->aggregation;
    for (int i = 0; i < aggregate->n; i++) {
        struct group *group = &aggregate->groups[i];
        if (aggregation == PROMQL_TOPK || aggregation == PROMQL_BOTTOMK) {
            put_k(aggregate, group, out);
        } else if (keeps_members(aggregation)) {
            for (int j = 0; j < group->members.n; j++)
                *vector_push(aggregate->eval, out, NULL, 0) = group->members.list[j];
        } else if (group->last) {
            finish_histograms(aggregate, group, out);
        } else {
            vector_push(aggregate->eval, out, group->labels, group_value(aggregate, group))
                ->drop_name = group->drop_name;
        }
    }
}

static enum und_code read_ratio(struct aggregate *aggregate)
{
    double given = aggregate->parameter, capped = go_max(-1, go_min(1, given));
    char text[GO_NUMBER];
    if (isnan(given))
        return eval_fail(aggregate->eval, "Ratio value is NaN");
    if (capped != given)
        eval_warn(aggregate->eval,
                  "ratio value should be between -1 and 1, got %s, capping to %.0f",
                  go_format_short(given, text), capped);
    aggregate->parameter = capped;
    return UND_OK;
}

/* 2.55 reads a parameter at the first of the steps only. */
static enum und_code read_parameter(struct aggregate *aggregate, int64_t step_ms)
{
    struct eval *eval = aggregate->eval;
    int64_t t_ms = eval->later && !eval->v3 ? eval->first_ms : step_ms;
    const struct promql_node *node = aggregate->node;
    char text[GO_NUMBER], label[PROMQL_TEXT];
    if (node->aggregation == PROMQL_COUNT_VALUES) {
        aggregate->value_label = node->args[0]->name;
        if (!eval_is_label(eval, aggregate->value_label))
            return eval_fail(eval, "invalid label name %.200s",
                             promql_print(node->args[0], label, sizeof label));
        return UND_OK;
    }
    if (eval_scalar(eval, node->args[0], t_ms, &aggregate->parameter))
        return UND_USAGE;
    if (node->aggregation == PROMQL_QUANTILE)
        eval_warn_quantile(eval, aggregate->parameter);
    if (node->aggregation == PROMQL_QUANTILE)
        return UND_OK;
    if (node->aggregation == PROMQL_LIMIT_RATIO)
        return read_ratio(aggregate);
    if (!(aggregate->parameter <= 9223372036854774784.0 &&
          aggregate->parameter >= -9223372036854775808.0))
        return isnan(aggregate->parameter) && eval->v3
                   ? eval_fail(eval, "Parameter value is NaN")
                   : eval_fail(eval, "Scalar value %s overflows int64",
                               go_format_short(aggregate->parameter, text));
    aggregate->k = (int64_t)aggregate->parameter;
    return UND_OK;
}

/* As a label has it. */
static const char *value_text(struct eval *eval, double value, char text[GO_NUMBER])
{
    char *written, *kept;
    size_t size;
    FILE *out;
    if (!native_is(value))
        return go_format(value, text);
    out = open_memstream(&written, &size);
    UND_ASSERT(out != NULL);
    native_write(eval->arena, native_of(value), out);
    fclose(out);
    kept = arena_text(eval->arena, written, size);
    free(written);
    return kept;
}

static void add_sample(struct aggregate *aggregate, const struct sample *sample, uint64_t round)
{
    struct labels *labels = sample->labels;
    struct group *group;
    char text[GO_NUMBER];
    if (aggregate->value_label)
        labels = labels_set(aggregate->eval->pool, labels, aggregate->value_label,
                            value_text(aggregate->eval, sample->value, text));
    group = group_of(aggregate, labels, round);
    group->drop_name |= sample->drop_name;
    if (group->count == 0)
        start_group(aggregate, group, sample->value);
    else
        add_to_group(aggregate, group, sample->value);
    add_member(aggregate, group, sample);
}

static void add_histogram(struct aggregate *aggregate, const struct sample *sample, uint64_t round)
{
    enum promql_aggregation aggregation = aggregate->node->aggregation;
    struct group *group;
    switch (aggregation) {
    case PROMQL_COUNT:
    case PROMQL_GROUP:
    case PROMQL_COUNT_VALUES:
    case PROMQL_LIMITK:
    case PROMQL_LIMIT_RATIO:
        add_sample(aggregate, sample, round);
        return;
    case PROMQL_SUM:
    case PROMQL_AVG:
        group = group_of(aggregate, sample->labels, round);
        group->drop_name |= sample->drop_name;
        group->last = sample->labels;
        *vector_push(aggregate->eval, &group->members, NULL, 0) = *sample;
        return;
    case PROMQL_MIN:
    case PROMQL_MAX:
    case PROMQL_STDDEV:
    case PROMQL_STDVAR:
    case PROMQL_TOPK:
    case PROMQL_BOTTOMK:
    case PROMQL_QUANTILE:
    case PROMQL_AGGREGATIONS:
        break;
    }
    eval_info(aggregate->eval, "ignored histogram in %s aggregation",
              promql_aggregation_word(aggregation));
}

enum und_code eval_aggregate(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                             struct value *out)
{
    struct aggregate aggregate = {.eval = eval, .node = node};
    bool ranked = node->aggregation == PROMQL_TOPK || node->aggregation == PROMQL_BOTTOMK ||
                  node->aggregation == PROMQL_LIMITK;
    struct vector vector;
    uint64_t round;
    if (promql_has_parameter(node->aggregation) && read_parameter(&aggregate, t_ms))
        return UND_USAGE;
    if (eval_vector(eval, node->args[node->n_args - 1], t_ms, &vector))
        return UND_USAGE;
    if (ranked && aggregate.k < 1)
        return UND_OK;
    round = labels_round(eval->pool);
    for (int i = 0; i < vector.n; i++) {
        const struct sample *sample = &vector.list[i];
        if (native_is(sample->value))
            add_histogram(&aggregate, sample, round);
        else
            add_sample(&aggregate, sample, round);
    }
    finish(&aggregate, &out->vector);
    return vector_check(eval, &out->vector);
}
