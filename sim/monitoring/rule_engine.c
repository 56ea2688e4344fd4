/* Opens the rules that are evaluated on series, and evaluates them. */
#include "rule_engine.h"
#include "rule_engine_internal.h"

#include "model/base/assert.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define ALERTS_MATCH "ALERTS"

/* --- opening: rules -------------------------------------------------------------------------- */

static void read_texts(struct eval_rule *to, const char *json)
{
    json_t *labels = json_loads(json, 0, NULL), *text;
    const char *name;
    to->labels = calloc(json_object_size(labels) + 1, sizeof *to->labels);
    UND_ASSERT(to->labels != NULL);
    json_object_foreach (labels, name, text) {
        if (strcmp(name, "alertname") == 0)
            continue;
        to->labels[to->n_labels].name = strdup(name);
        to->labels[to->n_labels++].text = strdup(json_string_value(text));
    }
    json_decref(labels);
}

static void open_rule(struct rule_engine *engine, int index)
{
    const struct series_rule *from = &engine->fleet->monitoring.series[index];
    struct engine_rule *rule = &engine->rules[index];
    struct und_err err = {0};
    rule->from = from;
    rule->eval = (struct eval_rule){.name = strdup(from->name),
                                    .records = from->records,
                                    .for_ms = from->for_ms,
                                    .keep_firing_ms = from->keep_firing_ms};
    rule->eval.promql = promql_parse(from->expr, engine->options.version, "", &err);
    UND_ASSERT(rule->eval.promql && rule->eval.name); /* the loader has parsed it */
    read_texts(&rule->eval, from->labels);
}

/* Does the expression read a metric that the other rule writes? */
static bool reads_rule(const struct promql_node *node, const struct engine_rule *other)
{
    if (node->kind == PROMQL_SELECTOR) {
        if (other->from->records)
            return bounds_may_be_named(node, other->from->name);
        return bounds_may_be_named(node, ALERTS_MATCH) ||
               bounds_may_be_named(node, "ALERTS_FOR_STATE");
    }
    for (int i = 0; i < node->n_args; i++) {
        if (reads_rule(node->args[i], other))
            return true;
    }
    return false;
}

/* By any rule. */
static bool alerts_are_read(const struct rule_engine *engine)
{
    for (int i = 0; i < engine->n_rules; i++) {
        if (strstr(engine->rules[i].from->expr, ALERTS_MATCH) ||
            strstr(engine->rules[i].from->expr, "__name__"))
            return true;
    }
    return false;
}

/* What a rule that is evaluated reads is evaluated, too. */
static void keep_what_is_read(struct rule_engine *engine)
{
    bool more = true;
    while (more) {
        more = false;
        for (int i = 0; i < engine->n_rules; i++) {
            for (int j = 0; j < engine->n_rules && engine->rules[i].live; j++) {
                if (engine->rules[j].live ||
                    (!engine->rules[j].from->records && engine->rules[j].n_cases == 0) ||
                    !reads_rule(engine->rules[i].eval.promql->root, &engine->rules[j]))
                    continue;
                engine->rules[j].live = more = true;
            }
        }
    }
}

/* Alerts about no host move nobody: only what reads them makes them worth evaluating. */
static void learn_rules(struct rule_engine *engine)
{
    struct reach_record *records = calloc((size_t)engine->n_rules + 1, sizeof *records);
    struct reach_world *world;
    bool silent;
    int n = 0;
    UND_ASSERT(records != NULL);
    for (int i = 0; i < engine->n_rules; i++) {
        const struct engine_rule *rule = &engine->rules[i];
        if (rule->from->records)
            records[n++] = (struct reach_record){rule->from->name, rule->eval.promql,
                                                 json_loads(rule->from->labels, 0, NULL)};
    }
    world = reach_open(engine->fleet, records, n);
    for (int i = 0; i < engine->n_rules; i++) {
        if (engine->rules[i].from->records)
            continue;
        engine_learn_cases(engine, world, &engine->rules[i]);
        engine->rules[i].live = engine->rules[i].live && engine->rules[i].from->rule >= 0;
    }
    keep_what_is_read(engine);
    silent = !alerts_are_read(engine);
    for (int i = 0; i < engine->n_rules; i++)
        engine->rules[i].eval.silent = silent;
    reach_close(world);
    for (int i = 0; i < n; i++)
        json_decref((json_t *)records[i].labels);
    free(records);
}

/* --- opening: series ------------------------------------------------------------------------- */

static int64_t positive(int64_t ms)
{
    return ms > 0 ? ms : 0;
}

/* Notes which series the node reads, and how far back. */
static void read_series(struct rule_engine *engine, struct engine_rule *rule,
                        const struct promql_node *node, int64_t back_ms)
{
    const struct bounds_fixed any = {NULL, 0};
    if (node->kind == PROMQL_SUBQUERY)
        back_ms += node->range_ms + positive(node->offset_ms) + engine->options.query.step_ms;
    for (int i = 0; i < node->n_args; i++)
        read_series(engine, rule, node->args[i], back_ms);
    if (node->kind != PROMQL_SELECTOR)
        return;
    back_ms += positive(node->offset_ms) +
               (node->range_ms ? node->range_ms : engine->options.query.lookback_ms);
    for (int i = 0; i < engine->exported.n; i++) {
        struct fed *fed = &engine->feds[i];
        if (!bounds_selects(node, &any, engine->exported.list[i].labels))
            continue;
        if (fed->series < 0)
            fed->series = store_series(engine->store, engine->exported.list[i].labels);
        fed->keep_ms = back_ms > fed->keep_ms ? back_ms : fed->keep_ms;
        rule->reads = realloc(rule->reads, ((size_t)rule->n_reads + 1) * sizeof *rule->reads);
        UND_ASSERT(rule->reads != NULL);
        rule->reads[rule->n_reads++] = i;
    }
}

/* The job that scrapes the exporter; one of no job of the fleet is scraped as the fleet says. */
static struct scrape_job job_of(const struct rule_engine *engine, enum exporter exporter)
{
    const struct monitoring *monitoring = &engine->fleet->monitoring;
    for (int i = 0; i < monitoring->n_jobs; i++) {
        if (strcmp(monitoring->jobs[i].name, engine->exported.jobs[exporter]) == 0)
            return monitoring->jobs[i];
    }
    return (struct scrape_job){.interval_ms = monitoring->scrape_interval_ms,
                               .timeout_ms = monitoring->scrape_timeout_ms};
}

static enum exporter exporter_of(const struct fleet *fleet, int target)
{
    int exporter = 0;
    while (exporter + 1 < EXPORTERS &&
           exporter_target(fleet, (enum exporter)(exporter + 1), 0) <= target)
        exporter++;
    return (enum exporter)exporter;
}

static void open_logs(struct rule_engine *engine)
{
    int64_t *reach_ms;
    engine->n_logs = EXPORTERS * (engine->fleet->n_hosts + 1);
    engine->n_targets = exporter_targets(engine->fleet);
    engine->logs = calloc((size_t)engine->n_logs, sizeof *engine->logs);
    engine->targets = calloc((size_t)engine->n_targets, sizeof *engine->targets);
    engine->wanted = calloc((size_t)engine->n_targets, sizeof *engine->wanted);
    reach_ms = calloc((size_t)engine->n_logs, sizeof *reach_ms);
    UND_ASSERT(engine->logs && engine->targets && engine->wanted && reach_ms);
    for (int i = 0; i < engine->n_targets; i++) {
        enum exporter exporter = exporter_of(engine->fleet, i);
        engine->targets[i] = (struct engine_target){job_of(engine, exporter), exporter};
    }
    for (int i = 0; i < engine->exported.n; i++) {
        const struct exported *series = &engine->exported.list[i];
        int source = engine_source(engine, series->exporter, series->host);
        if (engine->feds[i].series < 0)
            continue;
        engine->wanted[series->target] = true;
        if (engine->feds[i].keep_ms > reach_ms[source])
            reach_ms[source] = engine->feds[i].keep_ms;
    }
    for (int i = 0; i < engine->n_logs; i++) {
        enum exporter exporter = (enum exporter)(i / (engine->fleet->n_hosts + 1));
        if (reach_ms[i] > 0)
            scrape_log_open(&engine->logs[i], reach_ms[i], job_of(engine, exporter).interval_ms);
    }
    for (int i = 0; i < engine->exported.n; i++) {
        const struct exported *series = &engine->exported.list[i];
        if (engine->feds[i].series >= 0)
            scrape_log_read(&engine->logs[engine_source(engine, series->exporter, series->host)],
                            series->quantity);
    }
    free(reach_ms);
}

static int most_cases(const struct rule_engine *engine)
{
    int most = 0;
    for (int i = 0; i < engine->n_rules; i++)
        most = engine->rules[i].n_cases > most ? engine->rules[i].n_cases : most;
    return most;
}

static void close_logs(struct rule_engine *engine)
{
    for (int i = 0; i < engine->n_logs; i++)
        scrape_log_close(&engine->logs[i]);
    free(engine->logs);
    free(engine->targets);
    free(engine->wanted);
}

struct rule_engine *rule_engine_open(const struct fleet *fleet)
{
    struct rule_engine *engine = calloc(1, sizeof *engine);
    const struct monitoring *monitoring = &fleet->monitoring;
    UND_ASSERT(engine != NULL);
    engine->fleet = fleet;
    engine->store = store_open();
    exported_open(&engine->exported, fleet, engine->store->pool);
    engine->options =
        (struct eval_options){.query = {.lookback_ms = monitoring->lookback_ms,
                                        .step_ms = monitoring->evaluation_interval_ms},
                              .external_labels = labels_none(engine->store->pool),
                              .external_url = "",
                              .version = monitoring->prometheus == 3 ? PROMQL_3 : PROMQL_2};
    engine->n_rules = monitoring->n_series;
    engine->rules = calloc((size_t)engine->n_rules + 1, sizeof *engine->rules);
    engine->feds = calloc((size_t)engine->exported.n + 1, sizeof *engine->feds);
    UND_ASSERT(engine->rules && engine->feds);
    for (int i = 0; i < engine->exported.n; i++)
        engine->feds[i].series = -1;
    for (int i = 0; i < engine->n_rules; i++)
        open_rule(engine, i);
    learn_rules(engine);
    engine->known = calloc((size_t)most_cases(engine) + 1, sizeof *engine->known);
    UND_ASSERT(engine->known != NULL);
    for (int i = 0; i < engine->n_rules; i++) {
        struct engine_rule *rule = &engine->rules[i];
        if (rule->live)
            read_series(engine, rule, rule->eval.promql->root, positive(rule->from->offset_ms));
    }
    open_logs(engine);
    return engine;
}

static void close_rule(struct engine_rule *rule)
{
    struct eval_group group = {.rules = calloc(1, sizeof *group.rules), .n = 1};
    UND_ASSERT(group.rules != NULL);
    for (int i = 0; i < rule->n_cases; i++) {
        for (int j = 0; j < rule->eval.promql->n_nodes; j++)
            free(rule->cases[i].leaves[j].terms);
        free(rule->cases[i].leaves);
    }
    free(rule->cases);
    free(rule->reads);
    free(rule->watched);
    free(rule->kept);
    free(rule->about);
    group.rules[0] = rule->eval;
    eval_group_fini(&group);
}

void rule_engine_close(struct rule_engine *engine)
{
    if (!engine)
        return;
    for (int i = 0; i < engine->n_rules; i++)
        close_rule(&engine->rules[i]);
    close_logs(engine);
    exported_close(&engine->exported);
    store_close(engine->store);
    free(engine->rules);
    free(engine->feds);
    free(engine->known);
    free(engine);
}

void rule_engine_observe(struct rule_engine *engine, state_observer *observer, void *context)
{
    engine->observer = observer;
    engine->context = context;
}

/* What is never evaluated otherwise is read now, too. */
void rule_engine_always(struct rule_engine *engine, bool always)
{
    engine->always = always;
    for (int i = 0; i < engine->n_rules && always; i++) {
        struct engine_rule *rule = &engine->rules[i];
        if (!rule->live)
            read_series(engine, rule, rule->eval.promql->root, positive(rule->from->offset_ms));
        rule->live = true;
    }
    close_logs(engine);
    open_logs(engine);
}

bool rule_engine_live(const struct rule_engine *engine, int rule)
{
    return engine->rules[rule].live;
}

/* --- evaluation ------------------------------------------------------------------------------ */

#define FORGET_POINTS 64

/* Brings a series in the store up to date. */
static void feed(struct rule_engine *engine, int index, int64_t now_ms)
{
    const struct exported *series = &engine->exported.list[index];
    struct fed *fed = &engine->feds[index];
    const struct scrape_log *log =
        &engine->logs[engine_source(engine, series->exporter, series->host)];
    const struct series *stored = &engine->store->series[fed->series];
    int64_t since_ms = now_ms - fed->keep_ms - log->interval_ms;
    uint64_t end = scrape_log_visible(log, now_ms), first;
    if (fed->next >= end)
        return;
    first = scrape_log_find(log, since_ms);
    for (uint64_t i = fed->next > first ? fed->next : first; i < end; i++) {
        const struct scrape_entry *entry = scrape_log_at(log, i);
        bool has = !entry->lost && (entry->up || series->is_up);
        if (has)
            store_append(engine->store, fed->series, entry->at_ms,
                         series->is_up ? entry->up : exported_value(series, &entry->state));
        else if (!fed->ended)
            store_append(engine->store, fed->series, entry->at_ms, store_stale());
        fed->ended = !has;
    }
    fed->next = end;
    if (stored->n > FORGET_POINTS && stored->points[stored->n / 2].t_ms < since_ms)
        store_forget(engine->store, fed->series, since_ms);
}

/* The results are known: the alerts go on without an evaluation. Without any there is nothing to
 * do. */
static void step_known(struct rule_engine *engine, struct engine_rule *rule, int64_t now_ms)
{
    struct und_err err = {0};
    int n = 0;
    for (int i = 0; i < rule->n_cases; i++) {
        if (rule->cases[i].present)
            engine->known[n++] = rule->cases[i].labels;
    }
    eval_rule_step(&rule->eval, rule->from->limit, engine->store, now_ms - rule->from->offset_ms,
                   engine->known, n, &err);
    engine_keep_state(rule, now_ms - rule->from->offset_ms);
}

/* An expression that fails leaves its alerts as they are. */
static void step_evaluated(struct rule_engine *engine, struct engine_rule *rule, int64_t now_ms)
{
    struct und_err err = {0};
    for (int i = 0; i < rule->n_reads; i++)
        feed(engine, rule->reads[i], now_ms);
    if (eval_rule_run(&rule->eval, rule->from->limit, engine->store, &engine->options,
                      now_ms - rule->from->offset_ms, &err) == UND_OK)
        engine_keep_state(rule, now_ms - rule->from->offset_ms);
}

void rule_engine_run(struct rule_engine *engine, int index, int64_t now_ms)
{
    struct engine_rule *rule = &engine->rules[index];
    if (!rule->live)
        return;
    if (engine->always || rule->eval.records || engine_judge(engine, rule, now_ms) == ENGINE_OPEN)
        step_evaluated(engine, rule, now_ms);
    else if (rule->n_present + rule->eval.n_alerts + rule->eval.n_before + rule->n_kept > 0)
        step_known(engine, rule, now_ms);
}

static enum alert_state state_of(const struct active_alert *alert)
{
    return alert->standing == STANDING_FIRING    ? ALERT_FIRING
           : alert->standing == STANDING_PENDING ? ALERT_PENDING
                                                 : ALERT_INACTIVE;
}

/* Labels with values in them may be new ones each time. */
#define ABOUT 256

static int host_of(const struct rule_engine *engine, struct engine_rule *rule,
                   const struct labels *labels)
{
    for (int i = 0; i < rule->n_about; i++) {
        if (rule->about[i].labels == labels)
            return rule->about[i].host;
    }
    if (!rule->about)
        rule->about = calloc(ABOUT, sizeof *rule->about);
    UND_ASSERT(rule->about != NULL);
    if (rule->n_about == ABOUT)
        rule->n_about = 0;
    rule->about[rule->n_about] = (struct about){labels, exported_host_of(engine->fleet, labels)};
    return rule->about[rule->n_about++].host;
}

bool rule_engine_idle(const struct rule_engine *engine, int rule)
{
    return engine->rules[rule].eval.n_alerts == 0;
}

enum alert_state rule_engine_state(const struct rule_engine *engine, int rule, int host,
                                   int64_t *active_ms)
{
    const struct eval_rule *eval = &engine->rules[rule].eval;
    enum alert_state furthest = ALERT_INACTIVE;
    *active_ms = -1;
    for (int i = 0; i < eval->n_alerts; i++) {
        const struct active_alert *alert = &eval->alerts[i];
        enum alert_state state = state_of(alert);
        int64_t since_ms = alert->active_ms + engine->rules[rule].from->offset_ms;
        if (state < furthest || state == ALERT_INACTIVE ||
            host_of(engine, &engine->rules[rule], alert->labels) != host)
            continue;
        if (state > furthest || since_ms < *active_ms)
            *active_ms = since_ms;
        furthest = state;
    }
    return furthest;
}
