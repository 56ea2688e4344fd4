/* info(): a vector's series get the labels of the info series of the same instance and job. */
#include "eval.h"

#include "model/base/assert.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TARGET_INFO "target_info"

static const char *const identifying[] = {"instance", "job"};
static const char *const signing[] = {LABELS_NAME, "instance", "job"};

struct info {
    struct eval *eval;
    const struct promql_node *wanted; /* the selector of info series; NULL: target_info */
    bool named;                       /* it has matchers of the name */
    bool negative;                    /* all of them say what it is not */
    struct sample *list;
    int n, room;
};

static bool is_name(const struct promql_matcher *matcher)
{
    return strcmp(matcher->name, LABELS_NAME) == 0;
}

/* By name: is it one of those that are looked for? */
static bool name_matches(const struct info *info, const struct labels *labels)
{
    const char *name = labels_get(labels, LABELS_NAME);
    size_t n = strlen(name);
    if (!info->named)
        return strcmp(name, TARGET_INFO) == 0;
    if (info->negative && (n <= 5 || strcmp(name + n - 5, "_info") != 0))
        return false;
    for (int i = 0; i < info->wanted->n_matchers; i++) {
        if (is_name(&info->wanted->matchers[i]) &&
            !promql_matches(&info->wanted->matchers[i], name))
            return false;
    }
    return true;
}

/* A series that is an info series itself gets none. */
static bool is_ignored(const struct info *info, const struct labels *labels)
{
    return (info->named || !info->wanted) && name_matches(info, labels);
}

static bool data_matches(const struct info *info, const struct labels *labels)
{
    for (int i = 0; info->wanted && i < info->wanted->n_matchers; i++) {
        const struct promql_matcher *matcher = &info->wanted->matchers[i];
        if (!is_name(matcher) && !promql_matches(matcher, labels_get(labels, matcher->name)))
            return false;
    }
    return true;
}

/* Only what could belong to one of the base series: each identifying label that any of them has
 * must have one of their values. */
static bool identifies(const struct info *info, const struct vector *base,
                       const struct labels *labels)
{
    bool any_at_all = false;
    for (int i = 0; i < 2; i++) {
        const char *value = labels_get(labels, identifying[i]);
        bool any = false, found = false;
        for (int j = 0; j < base->n; j++) {
            const char *own = labels_get(base->list[j].labels, identifying[i]);
            if (!*own || is_ignored(info, base->list[j].labels))
                continue;
            any = true;
            found |= strcmp(own, value) == 0;
        }
        if (any && !found)
            return false;
        any_at_all |= any;
    }
    return any_at_all;
}

static enum und_code conflict(struct info *info, const struct sample *old, const struct sample *new)
{
    const struct sample *both[2] = {old, new};
    char *texts[2] = {NULL, NULL};
    enum und_code code;
    for (int i = 0; i < 2; i++) {
        size_t size;
        FILE *out = open_memstream(&texts[i], &size);
        labels_write(both[i]->labels, out);
        fclose(out);
    }
    code = eval_fail(info->eval,
                     "found duplicate series for info metric: existing %.150s @ %" PRId64
                     ", new %.150s @ %" PRId64,
                     texts[0], old->t_ms, texts[1], new->t_ms);
    free(texts[0]);
    free(texts[1]);
    return code;
}

/* Of the series with the same signature the one with the latest sample. */
static enum und_code keep_latest(struct info *info, const struct sample *sample, uint64_t round)
{
    struct labels *key = labels_keep(info->eval->pool, sample->labels, signing, 3);
    if (key->mark != round) {
        struct vector vector = {info->list, info->n, info->room};
        key->mark = round;
        key->slot = info->n;
        *vector_push(info->eval, &vector, NULL, 0) = *sample;
        info->list = vector.list;
        info->n = vector.n;
        info->room = vector.room;
        return UND_OK;
    }
    UND_ASSERT(info->list != NULL);
    if (info->list[key->slot].t_ms == sample->t_ms)
        return conflict(info, &info->list[key->slot], sample);
    if (info->list[key->slot].t_ms < sample->t_ms)
        info->list[key->slot] = *sample;
    return UND_OK;
}

static enum und_code find_info(struct info *info, const struct vector *base, int64_t t_ms,
                               uint64_t round)
{
    struct eval *eval = info->eval;
    if (eval_spend(eval, (int64_t)eval->store->n * (base->n + 1)))
        return UND_USAGE;
    for (int i = 0; i < eval->store->n; i++) {
        const struct series *series = &eval->store->series[i];
        struct sample sample = {.labels = series->labels};
        if (!name_matches(info, series->labels) || !data_matches(info, series->labels) ||
            !identifies(info, base, series->labels) || !eval_latest(eval, series, t_ms, &sample))
            continue;
        if (native_is(sample.value))
            return eval_fail(eval, "info sample should be float");
        if (keep_latest(info, &sample, round))
            return UND_USAGE;
    }
    return UND_OK;
}

/* A data label is one that the selector names or, where it names none, any. */
static bool is_wanted(const struct info *info, const char *name)
{
    bool any = false;
    for (int i = 0; info->wanted && i < info->wanted->n_matchers; i++) {
        if (is_name(&info->wanted->matchers[i]))
            continue;
        any = true;
        if (strcmp(info->wanted->matchers[i].name, name) == 0)
            return true;
    }
    return !any;
}

static enum und_code add_labels(struct info *info, const struct labels *base,
                                const struct labels *from, struct labels **out)
{
    for (int i = 0; i < from->n; i++) {
        const struct label *label = &from->list[i];
        const char *now = labels_get(*out, label->name);
        if (strcmp(label->name, LABELS_NAME) == 0 || !is_wanted(info, label->name) ||
            *labels_get(base, label->name))
            continue;
        if (*now && strcmp(now, label->value) != 0)
            return eval_fail(info->eval, "conflicting label: %.100s", label->name);
        *out = labels_set(info->eval->pool, *out, label->name, label->value);
    }
    return UND_OK;
}

/* `found`: is there an info series of it? */
static enum und_code enrich(struct info *info, const struct labels *base, struct labels **out,
                            bool *found)
{
    *found = false;
    for (int i = 0; i < info->n; i++) {
        const struct labels *from = info->list[i].labels;
        if (strcmp(labels_get(from, "instance"), labels_get(base, "instance")) != 0 ||
            strcmp(labels_get(from, "job"), labels_get(base, "job")) != 0)
            continue;
        *found = true;
        if (add_labels(info, base, from, out))
            return UND_USAGE;
    }
    return UND_OK;
}

static bool matches_nothing(const struct info *info)
{
    for (int i = 0; info->wanted && i < info->wanted->n_matchers; i++) {
        if (!is_name(&info->wanted->matchers[i]) && !promql_matches(&info->wanted->matchers[i], ""))
            return false;
    }
    return true;
}

static void look_at_name(struct info *info, const struct promql_matcher *matcher)
{
    bool negative = matcher->match == PROMQL_IS_NOT || matcher->match == PROMQL_NOT_LIKE;
    if (!is_name(matcher))
        return;
    info->negative = negative && (!info->named || info->negative);
    info->named = true;
}

enum und_code call_info(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                        struct vector *out)
{
    struct info info = {.eval = eval, .wanted = node->n_args > 1 ? node->args[1] : NULL};
    struct vector base;
    for (int i = 0; info.wanted && i < info.wanted->n_matchers; i++)
        look_at_name(&info, &info.wanted->matchers[i]);
    if (eval_vector(eval, node->args[0], t_ms, &base) ||
        find_info(&info, &base, t_ms, labels_round(eval->pool)))
        return UND_USAGE;
    for (int i = 0; i < base.n; i++) {
        struct sample sample = base.list[i];
        bool found = false, ignored = is_ignored(&info, sample.labels);
        struct labels *own = sample.labels;
        if (!ignored && enrich(&info, own, &sample.labels, &found))
            return UND_USAGE;
        if (ignored || found || matches_nothing(&info))
            *vector_push(eval, out, NULL, 0) = sample;
    }
    return vector_check(eval, out);
}
