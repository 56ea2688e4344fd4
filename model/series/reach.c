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

static void record_one(struct reach_world *world, const struct rule_set *set, int index)
{
    struct label_pool *pool = world->store->pool;
    struct query *query = query_open(set->records[index].promql, world->store, &relaxed);
    json_t *labels = json_object_get(json_array_get(set->recorded, (size_t)index), "labels"),
           *value;
    struct value result;
    struct und_err err = {0};
    const char *name;
    if (query_at(query, 0, &result, &err) == UND_OK) {
        for (int i = 0; i < result.vector.n; i++) {
            struct labels *of = result.vector.list[i].labels;
            of = labels_set(pool, of, LABELS_NAME, set->records[index].name);
            json_object_foreach (labels, name, value)
                of = labels_set(pool, of, name, json_string_value(value));
            add_samples(world, of, 1);
        }
        if (result.type == PROMQL_SCALAR)
            add_samples(world,
                        labels_set(pool, labels_none(pool), LABELS_NAME, set->records[index].name),
                        1);
    }
    query_close(query);
}

struct reach_world *reach_open(const struct fleet *fleet, const struct rule_set *set)
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
    world->n_records = set ? set->n_records : 0;
    world->records = calloc((size_t)world->n_records + 1, sizeof *world->records);
    UND_ASSERT(world->records != NULL);
    /* Twice, for those that read one that comes later. */
    for (int i = 0; i < 2 * world->n_records; i++)
        record_one(world, set, i % world->n_records);
    for (int i = 0; i < world->n_records; i++)
        world->records[i] = (struct bounds_record){set->records[i].name, set->records[i].promql};
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
        snprintf(source, sizeof source, "%s (%s)",
                 series->is_up ? "whether scrapes succeed" : state_words(series->quantity),
                 exporter_words[series->exporter].title);
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

/* Can this result come about? The least that brings any about is the verdict. */
static void judge(const struct reach_world *world, const struct promql *promql,
                  const struct labels *labels, struct reach *out)
{
    struct bounds_fleet bounds = {.fleet = world->fleet,
                                  .exported = &world->exported,
                                  .records = world->records,
                                  .n_records = world->n_records};
    enum reach_verdict verdict = REACH_NEVER;
    if (bounds_find(promql->root, labels, bounds_of_fleet, &bounds).may) {
        bounds.calm = true;
        verdict = bounds_find(promql->root, labels, bounds_of_fleet, &bounds).may ? REACH_BY_JOBS
                                                                                  : REACH_BY_FAULT;
    }
    if (verdict > out->verdict)
        out->verdict = verdict;
}

static void note_results(struct reach_world *world, const struct promql *promql, struct reach *out)
{
    struct query *query = query_open(promql, world->store, &relaxed);
    struct value result;
    struct und_err err = {0};
    if (query_at(query, 0, &result, &err) == UND_OK) {
        out->n = result.type == PROMQL_SCALAR ? 1 : result.vector.n;
        out->homeless = result.type == PROMQL_SCALAR;
        for (int i = 0; i < result.vector.n; i++)
            judge(world, promql, result.vector.list[i].labels, out);
        if (result.type == PROMQL_SCALAR)
            judge(world, promql, NULL, out);
        for (int i = 0; i < result.vector.n; i++) {
            struct labels *labels = result.vector.list[i].labels;
            int host = exported_host_of(world->fleet, labels);
            out->homeless += host < 0;
            if (host < 0 || out->of_host[host])
                continue;
            out->of_host[host] = labels_nameless(world->store->pool, labels);
            out->hosts |= 1ULL << host;
        }
    }
    query_close(query);
}

void reach_find(struct reach_world *world, const struct promql *promql, struct reach *out)
{
    *out = (struct reach){.verdict = REACH_NO_SERIES};
    note_selectors(world, promql->root, out);
    note_results(world, promql, out);
}
