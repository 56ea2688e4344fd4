#include "reach.h"

#include "model/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES 3
#define SAMPLE_MS 15000
#define MOST 2000000 /* samples and steps of a query */

static const struct query_options relaxed = {.most = MOST, .relaxed = true};

const char *reach_words(enum reach_verdict verdict)
{
    switch (verdict) {
    case REACH_NO_SERIES:
        return "no series here: never fires";
    case REACH_NEVER:
        return "its series never reach the threshold here: never fires";
    case REACH_BY_FAULT:
        return "can fire by a fault, not by load alone";
    case REACH_BY_JOBS:
        return "can fire";
    }
    UND_UNREACHABLE();
}

/* --- the world ------------------------------------------------------------------------------- */

static void add_samples(struct reach_world *world, struct labels *labels, double value)
{
    int series = store_series(world->store, labels);
    for (int i = 0; i < SAMPLES; i++)
        store_append(world->store, series, (i - SAMPLES + 1) * SAMPLE_MS, value);
}

static void record_one(struct reach_world *world, const struct reach_record *record)
{
    struct label_pool *pool = world->store->pool;
    struct query *query = query_open(record->promql, world->store, &relaxed);
    json_t *value;
    struct value result;
    struct und_err err = {0};
    const char *name;
    if (query_at(query, 0, &result, &err) == UND_OK) {
        struct sample scalar = {.labels = labels_none(pool), .value = 1};
        struct vector vector = result.vector;
        if (result.type == PROMQL_SCALAR)
            vector = (struct vector){&scalar, 1, 1};
        for (int i = 0; i < vector.n; i++) {
            struct labels *of = labels_set(pool, vector.list[i].labels, LABELS_NAME, record->name);
            json_object_foreach ((json_t *)record->labels, name, value)
                of = labels_set(pool, of, name, json_string_value(value));
            add_samples(world, of, 1);
        }
    }
    query_close(query);
}

struct reach_world *reach_open(const struct fleet *fleet, const struct reach_record *records,
                               int n_records)
{
    struct reach_world *world = calloc(1, sizeof *world);
    const struct host_state state = {.value = {[STATE_ONE] = 1}};
    UND_ASSERT(world != NULL);
    world->fleet = fleet;
    world->store = store_open();
    exported_open(&world->exported, fleet, world->store->pool);
    for (int i = 0; i < world->exported.n; i++)
        add_samples(world, world->exported.list[i].labels,
                    exported_value(&world->exported.list[i], &state));
    world->n_records = n_records;
    world->records = calloc((size_t)n_records + 1, sizeof *world->records);
    UND_ASSERT(world->records != NULL);
    /* Twice, for those that read one that comes later. */
    for (int i = 0; i < 2 * n_records; i++)
        record_one(world, &records[i % n_records]);
    for (int i = 0; i < n_records; i++)
        world->records[i] = (struct bounds_record){records[i].name, records[i].promql};
    return world;
}

struct reach_world *reach_open_set(const struct fleet *fleet, const struct rule_set *set)
{
    struct reach_record *records = calloc((size_t)set->n_records + 1, sizeof *records);
    struct reach_world *world;
    UND_ASSERT(records != NULL);
    for (int i = 0; i < set->n_records; i++)
        records[i] = (struct reach_record){
            set->records[i].name, set->records[i].promql,
            json_object_get(json_array_get(set->recorded, (size_t)i), "labels")};
    world = reach_open(fleet, records, set->n_records);
    free(records);
    return world;
}

void reach_close(struct reach_world *world)
{
    if (!world)
        return;
    exported_close(&world->exported);
    store_close(world->store);
    free(world->records);
    free(world);
}

/* --- what it reads --------------------------------------------------------------------------- */

static void add_text(char *to, size_t size, const char *text)
{
    size_t n = strlen(to);
    if (strstr(to, text) || n + strlen(text) + 3 > size)
        return;
    snprintf(to + n, size - n, "%s%s", n ? ", " : "", text);
}

static bool is_recorded(const struct reach_world *world, const char *name)
{
    for (int i = 0; i < world->n_records; i++) {
        if (strcmp(world->records[i].name, name) == 0)
            return true;
    }
    return false;
}

static void note_selector(const struct reach_world *world, const struct promql_node *node,
                          struct reach *out)
{
    const struct bounds_fixed any = {NULL, 0};
    char source[160], shown[160];
    int found = 0;
    for (int i = 0; i < world->exported.n; i++) {
        const struct exported *series = &world->exported.list[i];
        if (!bounds_selects(node, &any, series->labels))
            continue;
        found++;
        snprintf(source, sizeof source, "%s (%s%s)",
                 series->is_up ? "whether scrapes succeed" : state_words(series->quantity),
                 series->own ? "monitoring.metrics: " : "", exporter_words[series->exporter].title);
        add_text(out->sources, sizeof out->sources, source);
    }
    if (node->name && is_recorded(world, node->name))
        add_text(out->sources, sizeof out->sources, "recording rules");
    else if (found == 0 && strncmp(node->name ? node->name : "", "ALERTS", 6) != 0) {
        promql_print(node, shown, sizeof shown);
        shown[strcspn(shown, "[")] = '\0';
        add_text(out->missing, sizeof out->missing, shown);
    }
}

static void note_selectors(const struct reach_world *world, const struct promql_node *node,
                           struct reach *out)
{
    if (node->kind == PROMQL_SELECTOR)
        note_selector(world, node, out);
    for (int i = 0; i < node->n_args; i++)
        note_selectors(world, node->args[i], out);
}

/* --- what it gives --------------------------------------------------------------------------- */

/* As bounds_of_fleet, and it knows what is counted. */
struct judge {
    struct bounds_fleet fleet;
    struct reach_world *world;
    const struct promql *promql;
};

static struct bounds judge_leaf(void *context, const struct promql_node *node,
                                const struct promql_function *function,
                                const struct bounds_fixed *fixed)
{
    struct judge *judge = context;
    int count;
    if (node->kind == PROMQL_SELECTOR)
        return bounds_of_fleet(&judge->fleet, node, function, fixed);
    count = reach_count(judge->world, judge->promql, node, fixed);
    return count == 0 ? bounds_none() : (struct bounds){true, true, true, count, count, 1};
}

/* Can this result come about? The least that brings any about is the verdict. */
static void judge(struct reach_world *world, const struct promql *promql,
                  const struct labels *labels, struct reach *out)
{
    struct judge judge = {.fleet = {.fleet = world->fleet,
                                    .exported = &world->exported,
                                    .records = world->records,
                                    .n_records = world->n_records},
                          .world = world,
                          .promql = promql};
    enum reach_verdict verdict = REACH_NEVER;
    if (bounds_find(promql->root, labels, judge_leaf, &judge).may) {
        judge.fleet.calm = true;
        verdict = bounds_find(promql->root, labels, judge_leaf, &judge).may ? REACH_BY_JOBS
                                                                            : REACH_BY_FAULT;
    }
    if (verdict > out->verdict)
        out->verdict = verdict;
}

/* Two that only filters keep apart do not match: then each host is taken to have a result. */
static void guess(struct reach_world *world, struct reach_results *out)
{
    struct label_pool *pool = world->store->pool;
    out->guessed = true;
    out->list = calloc((size_t)world->fleet->n_hosts + 1, sizeof *out->list);
    UND_ASSERT(out->list != NULL);
    for (int i = 0; i < world->fleet->n_hosts; i++) {
        char instance[sizeof world->fleet->hosts[i].probe];
        exporter_instance(&world->fleet->hosts[i], instance);
        out->list[out->n++] = labels_set(pool, labels_none(pool), "instance", instance);
    }
}

void reach_results_find(struct reach_world *world, const struct promql *promql,
                        struct reach_results *out)
{
    struct query *query = query_open(promql, world->store, &relaxed);
    struct value result;
    struct und_err err = {0};
    *out = (struct reach_results){.n = 0};
    if (query_at(query, 0, &result, &err) != UND_OK) {
        guess(world, out);
    } else {
        out->list = calloc((size_t)result.vector.n + 1, sizeof *out->list);
        UND_ASSERT(out->list != NULL);
        for (int i = 0; i < result.vector.n; i++)
            out->list[out->n++] = labels_nameless(world->store->pool, result.vector.list[i].labels);
        out->n += result.type == PROMQL_SCALAR; /* NULL */
    }
    query_close(query);
}

static bool agrees(const struct bounds_fixed *fixed, const struct labels *labels)
{
    for (int i = 0; fixed->mask && i < fixed->labels->n && i < 32; i++) {
        const char *value = labels_get(labels, fixed->labels->list[i].name);
        if ((fixed->mask >> i & 1) && *value && strcmp(value, fixed->labels->list[i].value) != 0)
            return false;
    }
    return true;
}

int reach_count(struct reach_world *world, const struct promql *promql,
                const struct promql_node *count, const struct bounds_fixed *fixed)
{
    struct promql part = *promql;
    struct query *query;
    struct value result;
    struct und_err err = {0};
    double found = 0;
    part.root = (struct promql_node *)count;
    query = query_open(&part, world->store, &relaxed);
    if (query_at(query, 0, &result, &err) == UND_OK) {
        for (int i = 0; i < result.vector.n; i++) {
            const struct sample *sample = &result.vector.list[i];
            if (!agrees(fixed, sample->labels))
                continue;
            if (found != 0 && found != sample->value)
                found = -1;
            if (found == 0)
                found = sample->value;
        }
    }
    query_close(query);
    return found > 0 ? (int)found : 0;
}

void reach_results_fini(struct reach_results *results)
{
    free(results->list);
    *results = (struct reach_results){.n = 0};
}

static void note_results(struct reach_world *world, const struct promql *promql, struct reach *out)
{
    struct reach_results results;
    reach_results_find(world, promql, &results);
    out->n = results.n;
    for (int i = 0; i < results.n; i++) {
        struct labels *labels = results.list[i];
        int host = labels ? exported_host_of(world->fleet, labels) : -1;
        judge(world, promql, results.guessed ? NULL : labels, out);
        out->homeless += host < 0;
        if (host < 0 || out->of_host[host])
            continue;
        out->of_host[host] = labels;
        out->hosts |= 1ULL << host;
    }
    reach_results_fini(&results);
}

void reach_find(struct reach_world *world, const struct promql *promql, struct reach *out)
{
    *out = (struct reach){.verdict = REACH_NO_SERIES};
    note_selectors(world, promql->root, out);
    note_results(world, promql, out);
}
