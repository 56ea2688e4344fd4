#include "rule_eval.h"

#include "go_template.h"
#include "model/base/assert.h"

#include <stdlib.h>
#include <string.h>

/* What an evaluation of a rule needs. */
struct evaluation {
    struct eval_rule *rule;
    struct store *store;
    const struct eval_options *options;
    int64_t t_ms;
    int limit;
    struct und_err *err;
    struct query *template_query; /* of the last {{ query }} */
    struct promql *template_promql;
};

static void free_texts(struct rule_text *texts, int n)
{
    for (int i = 0; i < n; i++) {
        free(texts[i].name);
        free(texts[i].text);
    }
    free(texts);
}

void eval_group_fini(struct eval_group *group)
{
    for (int i = 0; i < group->n; i++) {
        struct eval_rule *rule = &group->rules[i];
        query_close(rule->query);
        promql_free(rule->promql);
        free(rule->name);
        free_texts(rule->labels, rule->n_labels);
        free_texts(rule->annotations, rule->n_annotations);
        free(rule->alerts);
        free(rule->before);
        free(rule->now);
    }
    free(group->rules);
    free(group->file);
    free(group->name);
}

/* --- series ---------------------------------------------------------------------------------- */

static void write_sample(const struct evaluation *evaluation, struct labels *labels, double value)
{
    struct eval_rule *rule = evaluation->rule;
    int series = store_series(evaluation->store, labels);
    store_append(evaluation->store, series, evaluation->t_ms, value);
    if (rule->n_now == rule->now_room) {
        rule->now_room = rule->now_room ? 2 * rule->now_room : 8;
        rule->now = realloc(rule->now, (size_t)rule->now_room * sizeof *rule->now);
        UND_ASSERT(rule->now != NULL);
    }
    rule->now[rule->n_now++] = series;
}

/* What was there and is no more becomes stale. */
static void end_series(const struct evaluation *evaluation)
{
    struct eval_rule *rule = evaluation->rule;
    int *kept = rule->before, room = rule->before_room;
    for (int i = 0; i < rule->n_before; i++) {
        int j = 0;
        while (j < rule->n_now && rule->now[j] != rule->before[i])
            j++;
        if (j == rule->n_now)
            store_append(evaluation->store, rule->before[i], evaluation->t_ms, store_stale());
    }
    rule->before = rule->now;
    rule->before_room = rule->now_room;
    rule->n_before = rule->n_now;
    rule->now = kept;
    rule->now_room = room;
    rule->n_now = 0;
}

static struct labels *set_labels(struct label_pool *pool, struct labels *labels,
                                 const struct rule_text *texts, int n)
{
    for (int i = 0; i < n; i++)
        labels = labels_set(pool, labels, texts[i].name, texts[i].text);
    return labels;
}

static enum und_code same_labels(const struct evaluation *evaluation, struct labels *labels,
                                 uint64_t round, const char *what)
{
    if (labels->mark == round)
        return und_fail(evaluation->err, UND_USAGE,
                        "vector contains metrics with the same labelset after applying %s labels",
                        what);
    labels->mark = round;
    return UND_OK;
}

static enum und_code record(const struct evaluation *evaluation, const struct vector *vector)
{
    struct eval_rule *rule = evaluation->rule;
    struct label_pool *pool = evaluation->store->pool;
    uint64_t round = labels_round(pool);
    struct labels **all = calloc((size_t)vector->n + 1, sizeof *all);
    enum und_code code = UND_OK;
    UND_ASSERT(all != NULL);
    for (int i = 0; i < vector->n && code == UND_OK; i++) {
        all[i] = labels_set(pool, vector->list[i].labels, LABELS_NAME, rule->name);
        all[i] = set_labels(pool, all[i], rule->labels, rule->n_labels);
        code = same_labels(evaluation, all[i], round, "rule");
    }
    if (code == UND_OK && evaluation->limit > 0 && vector->n > evaluation->limit)
        code = und_fail(evaluation->err, UND_USAGE, "exceeded limit of %d with %d series",
                        evaluation->limit, vector->n);
    for (int i = 0; i < vector->n && code == UND_OK; i++)
        write_sample(evaluation, all[i], vector->list[i].value);
    free(all);
    return code;
}

/* --- alerts ---------------------------------------------------------------------------------- */

static enum und_code query_in_template(void *context, const char *expression, struct vector *out,
                                       struct und_err *err)
{
    struct evaluation *evaluation = context;
    struct value value;
    query_close(evaluation->template_query);
    promql_free(evaluation->template_promql);
    evaluation->template_query = NULL;
    evaluation->template_promql =
        promql_parse(expression, evaluation->options->version, "query", err);
    if (!evaluation->template_promql)
        return UND_USAGE;
    evaluation->template_query =
        query_open(evaluation->template_promql, evaluation->store, &evaluation->options->query);
    if (query_at(evaluation->template_query, evaluation->t_ms, &value, err))
        return UND_USAGE;
    *out = value.vector;
    return UND_OK;
}

static struct labels *expand(struct evaluation *evaluation, const struct sample *sample,
                             struct labels *labels, const struct rule_text *texts, int n)
{
    struct template_data data = {.labels = sample->labels,
                                 .external_labels = evaluation->options->external_labels,
                                 .external_url = evaluation->options->external_url,
                                 .value = sample->value,
                                 .query = query_in_template,
                                 .context = evaluation};
    for (int i = 0; i < n; i++) {
        struct und_err err = {0};
        char *text = strstr(texts[i].text, "{{") ? go_template_expand(texts[i].text, &data, &err)
                                                 : strdup(texts[i].text);
        if (!text && asprintf(&text,
                              "<error expanding template: error executing template "
                              "__alert_%s: %s>",
                              evaluation->rule->name, err.text) < 0)
            abort();
        labels = labels_set(evaluation->store->pool, labels, texts[i].name, text);
        free(text);
    }
    return labels;
}

static struct active_alert *find_alert(struct eval_rule *rule, const struct labels *labels)
{
    for (int i = 0; i < rule->n_alerts; i++) {
        if (rule->alerts[i].labels == labels)
            return &rule->alerts[i];
    }
    return NULL;
}

static void see_alert(struct evaluation *evaluation, struct labels *labels,
                      struct labels *annotations, double value)
{
    struct eval_rule *rule = evaluation->rule;
    struct active_alert *alert = find_alert(rule, labels);
    if (alert && alert->standing != STANDING_INACTIVE) {
        alert->value = value;
        alert->annotations = annotations;
        alert->present = true;
        return;
    }
    if (!alert) {
        if (rule->n_alerts == rule->room) {
            rule->room = rule->room ? 2 * rule->room : 8;
            rule->alerts = realloc(rule->alerts, (size_t)rule->room * sizeof *rule->alerts);
            UND_ASSERT(rule->alerts != NULL);
        }
        alert = &rule->alerts[rule->n_alerts++];
    }
    *alert = (struct active_alert){.labels = labels,
                                   .annotations = annotations,
                                   .standing = STANDING_PENDING,
                                   .value = value,
                                   .active_ms = evaluation->t_ms,
                                   .resolved_ms = -1,
                                   .keep_since_ms = -1,
                                   .present = true};
}

/* The alert has no result any more. False if it is to be forgotten, or does not count. */
static bool absent_alert(const struct evaluation *evaluation, struct active_alert *alert,
                         bool *forget)
{
    int64_t t_ms = evaluation->t_ms;
    bool keep = false;
    if (alert->standing == STANDING_FIRING && evaluation->rule->keep_firing_ms > 0) {
        if (alert->keep_since_ms < 0)
            alert->keep_since_ms = t_ms;
        keep = t_ms - alert->keep_since_ms < evaluation->rule->keep_firing_ms;
    }
    *forget = alert->standing == STANDING_PENDING ||
              (alert->resolved_ms >= 0 && t_ms - alert->resolved_ms > RULE_EVAL_RETENTION_MS);
    if (alert->standing != STANDING_INACTIVE && !keep) {
        alert->standing = STANDING_INACTIVE;
        alert->resolved_ms = t_ms;
    }
    return keep;
}

static void write_alert(const struct evaluation *evaluation, const struct active_alert *alert)
{
    struct eval_rule *rule = evaluation->rule;
    struct label_pool *pool = evaluation->store->pool;
    struct labels *labels = labels_set(pool, alert->labels, "alertname", rule->name);
    struct labels *state = labels_set(pool, labels, LABELS_NAME, "ALERTS");
    int64_t since_s = alert->active_ms / 1000; /* whole seconds, as Prometheus writes it */
    state = labels_set(pool, state, "alertstate",
                       alert->standing == STANDING_FIRING ? "firing" : "pending");
    write_sample(evaluation, state, 1);
    write_sample(evaluation, labels_set(pool, labels, LABELS_NAME, "ALERTS_FOR_STATE"),
                 (double)since_s);
}

static enum und_code advance_alerts(const struct evaluation *evaluation)
{
    struct eval_rule *rule = evaluation->rule;
    int kept = 0, counted = 0;
    for (int i = 0; i < rule->n_alerts; i++) {
        struct active_alert *alert = &rule->alerts[i];
        bool forget = false, counts = true;
        if (alert->present)
            alert->keep_since_ms = -1;
        else
            counts = absent_alert(evaluation, alert, &forget);
        alert->present = false;
        if (counts) {
            counted++;
            if (alert->standing == STANDING_PENDING &&
                evaluation->t_ms - alert->active_ms >= rule->for_ms)
                alert->standing = STANDING_FIRING;
            if (!rule->silent && !rule->unrestored)
                write_alert(evaluation, alert);
        }
        if (!forget)
            rule->alerts[kept++] = *alert;
    }
    rule->n_alerts = kept;
    if (evaluation->limit <= 0 || counted <= evaluation->limit)
        return UND_OK;
    rule->n_alerts = 0;
    return und_fail(evaluation->err, UND_USAGE, "exceeded limit of %d with %d alerts",
                    evaluation->limit, counted);
}

/* A result with its labels and annotations filled in. */
struct seen {
    struct labels *labels, *annotations;
};

static enum und_code alert(struct evaluation *evaluation, const struct vector *vector)
{
    struct eval_rule *rule = evaluation->rule;
    struct label_pool *pool = evaluation->store->pool;
    struct seen *all = calloc((size_t)vector->n + 1, sizeof *all);
    enum und_code code = UND_OK;
    uint64_t round;
    UND_ASSERT(all != NULL);
    for (int i = 0; i < vector->n; i++) {
        const struct sample *sample = &vector->list[i];
        struct labels *labels = labels_nameless(pool, sample->labels);
        labels = expand(evaluation, sample, labels, rule->labels, rule->n_labels);
        all[i].labels = labels_set(pool, labels, "alertname", rule->name);
        all[i].annotations =
            expand(evaluation, sample, labels_none(pool), rule->annotations, rule->n_annotations);
    }
    round = labels_round(pool);
    for (int i = 0; i < vector->n && code == UND_OK; i++)
        code = same_labels(evaluation, all[i].labels, round, "alert");
    for (int i = 0; i < vector->n && code == UND_OK; i++)
        see_alert(evaluation, all[i].labels, all[i].annotations, vector->list[i].value);
    free(all);
    return code ? code : advance_alerts(evaluation);
}

/* What the rule makes of its results. */
static enum und_code take(struct evaluation *evaluation, const struct vector *vector)
{
    struct eval_rule *rule = evaluation->rule;
    enum und_code code = rule->records ? record(evaluation, vector) : alert(evaluation, vector);
    query_close(evaluation->template_query);
    promql_free(evaluation->template_promql);
    if (code == UND_OK)
        end_series(evaluation);
    else
        rule->n_now = 0;
    return code;
}

/* --- rules ----------------------------------------------------------------------------------- */

static enum und_code run(struct evaluation *evaluation)
{
    struct eval_rule *rule = evaluation->rule;
    struct value value;
    struct sample scalar;
    if (!rule->query)
        rule->query = query_open(rule->promql, evaluation->store, &evaluation->options->query);
    if (query_at(rule->query, evaluation->t_ms, &value, evaluation->err))
        return UND_USAGE;
    if (value.type == PROMQL_SCALAR) {
        scalar =
            (struct sample){.labels = labels_none(evaluation->store->pool), .value = value.scalar};
        value.vector = (struct vector){&scalar, 1, 1};
    } else if (value.type != PROMQL_VECTOR) {
        return und_fail(evaluation->err, UND_USAGE, "rule result is not a vector or scalar");
    }
    return take(evaluation, &value.vector);
}

enum und_code eval_rule_run(struct eval_rule *rule, int limit, struct store *store,
                            const struct eval_options *options, int64_t t_ms, struct und_err *err)
{
    struct evaluation evaluation = {
        .rule = rule, .store = store, .options = options, .t_ms = t_ms, .limit = limit, .err = err};
    return run(&evaluation);
}

enum und_code eval_rule_step(struct eval_rule *rule, int limit, struct store *store, int64_t t_ms,
                             struct labels *const *alerts, int n, struct und_err *err)
{
    struct evaluation evaluation = {
        .rule = rule, .store = store, .t_ms = t_ms, .limit = limit, .err = err};
    enum und_code code;
    for (int i = 0; i < n; i++)
        see_alert(&evaluation, alerts[i], NULL, 0);
    code = advance_alerts(&evaluation);
    if (code == UND_OK)
        end_series(&evaluation);
    else
        rule->n_now = 0;
    return code;
}

struct labels *eval_rule_labels(struct eval_rule *rule, struct store *store,
                                const struct eval_options *options, struct labels *result)
{
    struct evaluation evaluation = {.rule = rule, .store = store, .options = options};
    const struct sample sample = {.labels = result};
    struct labels *labels = labels_nameless(store->pool, result);
    labels = expand(&evaluation, &sample, labels, rule->labels, rule->n_labels);
    return labels_set(store->pool, labels, "alertname", rule->name);
}

void eval_rule_forget(struct eval_rule *rule)
{
    rule->n_alerts = rule->n_before = rule->n_now = 0;
}

enum und_code eval_group_run(struct eval_group *group, struct store *store,
                             const struct eval_options *options, int64_t t_ms, const char **failed,
                             struct und_err *err)
{
    for (int i = 0; i < group->n; i++) {
        enum und_code before = err->code;
        if (eval_rule_run(&group->rules[i], group->limit, store, options, t_ms, err) != UND_OK &&
            before == UND_OK)
            *failed = group->rules[i].name;
    }
    return err->code;
}
