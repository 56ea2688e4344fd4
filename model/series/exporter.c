#include "exporter.h"

#include "model/base/assert.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LABELS_A_ROW 8
#define LABELS_A_SERIES 48 /* those of a target that are more are left out */

void exporter_instance(const struct host *host, char out[sizeof host->probe])
{
    const char *start = strstr(host->probe, "://");
    start = start ? start + 3 : host->probe;
    snprintf(out, sizeof host->probe, "%.*s", (int)strcspn(start, "/"), start);
    if (out[0] == '\0')
        snprintf(out, sizeof host->probe, "%s", host->name);
}

/* --- targets --------------------------------------------------------------------------------- */

int exporter_target(const struct fleet *fleet, enum exporter exporter, int host)
{
    int first = 0;
    for (int i = 0; i < (int)exporter; i++)
        first += exporter_words[i].of_host ? fleet->n_hosts : 1;
    return first + (exporter_words[exporter].of_host ? host : 0);
}

static bool has_own_target(const struct fleet *fleet)
{
    for (int i = 0; i < fleet->monitoring.n_metrics; i++) {
        if (exporter_own_place(&fleet->monitoring.metrics[i]) == EXPORTER_OWN)
            return true;
    }
    return false;
}

int exporter_targets(const struct fleet *fleet)
{
    return exporter_target(fleet, EXPORTER_OWN, 0) + has_own_target(fleet);
}

/* Does one of the words stand in the name? */
static bool is_like(const char *name, const char *words)
{
    char word[32];
    while (*words) {
        size_t n = strcspn(words, " ");
        snprintf(word, sizeof word, "%.*s", (int)n, words);
        if (strcasestr(name, word))
            return true;
        words += n + (words[n] == ' ');
    }
    return false;
}

/* The first in the alphabet of the fleet's jobs that are like it, so that their order is nothing;
 * "": none is. */
static const char *alike(const struct monitoring *monitoring, const char *likes)
{
    const char *best = "";
    for (int i = 0; i < monitoring->n_jobs; i++) {
        const char *name = monitoring->jobs[i].name;
        if ((!likes || is_like(name, likes)) && (!*best || strcmp(name, best) < 0))
            best = name;
    }
    return best;
}

/* The jobs' names: the fleet's own where one is like the exporter's; a lone job scrapes nodes. */
static void name_jobs(struct exported_list *exported, const struct fleet *fleet)
{
    const struct monitoring *monitoring = &fleet->monitoring;
    for (int i = 0; i < EXPORTERS; i++) {
        const char *own = alike(monitoring, exporter_words[i].likes);
        if (i == EXPORTER_NODE && !*own)
            own = alike(monitoring, NULL);
        snprintf(exported->jobs[i], JOB_NAME, "%s", *own ? own : exporter_words[i].job);
    }
    if (strcmp(exported->jobs[EXPORTER_RUNNER], exported->jobs[EXPORTER_NODE]) == 0)
        snprintf(exported->jobs[EXPORTER_RUNNER], JOB_NAME, "runner-exporter");
}

/* --- series ---------------------------------------------------------------------------------- */

struct builder {
    struct exported_list *to;
    const struct fleet *fleet;
    enum exporter exporter;
    int host;                          /* of the target; n_hosts: none */
    const struct scrape_target *known; /* what prometheus.yml says of it; NULL: nothing */
};

static struct exported *push(struct exported_list *exported)
{
    if (exported->n == exported->room) {
        exported->room = exported->room ? 2 * exported->room : 256;
        exported->list = realloc(exported->list, (size_t)exported->room * sizeof *exported->list);
        UND_ASSERT(exported->list != NULL);
    }
    exported->list[exported->n] = (struct exported){.labels = NULL};
    return &exported->list[exported->n++];
}

/* Reads a="b",c="d"; the texts are the pool's. */
static int read_labels(struct label_pool *pool, const char *text, struct label *out)
{
    char part[128];
    int n = 0;
    while (*text) {
        size_t name = strcspn(text, "="), value = strcspn(text + name + 2, "\"");
        UND_ASSERT(n < LABELS_A_ROW);
        snprintf(part, sizeof part, "%.*s", (int)name, text);
        out[n].name = label_pool_text(pool, part);
        snprintf(part, sizeof part, "%.*s", (int)value, text + name + 2);
        out[n++].value = label_pool_text(pool, part);
        text += name + value + 3;
        text += *text == ',';
    }
    return n;
}

static double scale_of(const struct builder *builder, const struct exported_row *row, int host)
{
    const struct host *of = &builder->fleet->hosts[host];
    switch (row->scale) {
    case SCALE_ONE:
        return 1;
    case SCALE_CORES:
        return exporter_cores(of);
    case SCALE_MEMORY:
        return (double)exporter_memory(of);
    }
    UND_UNREACHABLE();
}

/* Labels of a series while it is made. */
struct series_labels {
    struct label list[LABELS_A_SERIES];
    int n;
};

static int place_of(const struct series_labels *labels, const char *name)
{
    int i = 0;
    while (i < labels->n && strcmp(labels->list[i].name, name) != 0)
        i++;
    return i;
}

static void set_label(struct series_labels *labels, const char *name, const char *value)
{
    int i = place_of(labels, name);
    UND_ASSERT(i < LABELS_A_SERIES);
    labels->list[i] = (struct label){name, value};
    labels->n += i == labels->n;
}

/* What the target's labels hide is called exported_NAME, as without honor_labels. */
static void set_target_label(const struct builder *builder, struct series_labels *labels,
                             const char *name, const char *value)
{
    int i = place_of(labels, name);
    struct label_pool *pool = builder->to->pool;
    if (i < labels->n) {
        char other[FLEET_NAME + 16];
        snprintf(other, sizeof other, "exported_%s", name);
        labels->list[i].name = label_pool_text(pool, other);
    }
    if (labels->n < LABELS_A_SERIES - 2)
        set_label(labels, label_pool_text(pool, name), label_pool_text(pool, value));
}

/* What prometheus.yml says of the builder's target; NULL: nothing. */
static const struct scrape_target *target_known(const struct builder *builder)
{
    const struct monitoring *monitoring = &builder->fleet->monitoring;
    int host = exporter_words[builder->exporter].of_host ? builder->host : -1;
    for (int i = 0; i < monitoring->n_targets; i++) {
        const struct scrape_target *target = &monitoring->targets[i];
        if (target->host == host &&
            strcmp(monitoring->jobs[target->job].name, builder->to->jobs[builder->exporter]) == 0)
            return target;
    }
    return NULL;
}

static void set_target(const struct builder *builder, struct series_labels *labels)
{
    const struct exporter_words *words = &exporter_words[builder->exporter];
    char instance[sizeof builder->fleet->hosts[0].probe];
    json_t *known = builder->known ? json_loads(builder->known->labels, 0, NULL) : NULL, *value;
    const char *name;
    json_object_foreach (known, name, value)
        set_target_label(builder, labels, name, json_string_value(value));
    json_decref(known);
    if (builder->known)
        return;
    if (words->of_host)
        exporter_instance(&builder->fleet->hosts[builder->host], instance);
    else
        snprintf(instance, sizeof instance, "%s", words->instance);
    set_target_label(builder, labels, "instance", instance);
    set_target_label(builder, labels, "job", builder->to->jobs[builder->exporter]);
}

static void add_series(struct builder *builder, const struct exported_row *row, int host,
                       const struct series_labels *labels)
{
    double scale = row->scale == SCALE_ONE ? 1 : scale_of(builder, row, host);
    *push(builder->to) = (struct exported){
        .labels = labels_make(builder->to->pool, labels->list, labels->n),
        .exporter = builder->exporter,
        .host = host,
        .target = exporter_target(builder->fleet, builder->exporter, builder->host),
        .quantity = row->quantity,
        .factor = scale * row->factor,
        .offset = scale * row->offset,
        .is_up = strcmp(row->name, "up") == 0};
}

/* `runner`: the host that the series is about, where that is a label; -1 otherwise. */
static void add_table_series(struct builder *builder, const struct exported_row *row, int cpu,
                             int runner)
{
    struct series_labels labels;
    char number[16];
    int host = runner >= 0 ? runner : builder->host;
    labels.n = read_labels(builder->to->pool, row->labels, labels.list);
    snprintf(number, sizeof number, "%d", cpu);
    set_label(&labels, LABELS_NAME, row->name);
    if (row->each == EACH_CPU)
        set_label(&labels, "cpu", number);
    if (runner >= 0)
        set_label(&labels, "runner", builder->fleet->hosts[runner].name);
    if (strcmp(row->name, "node_uname_info") == 0)
        set_label(&labels, "nodename", builder->fleet->hosts[host].name);
    set_target(builder, &labels);
    add_series(builder, row, host, &labels);
}

static bool is_own(const struct fleet *fleet, const char *name)
{
    for (int i = 0; i < fleet->monitoring.n_metrics; i++) {
        if (strcmp(fleet->monitoring.metrics[i].name, name) == 0)
            return true;
    }
    return false;
}

/* A metric of the team's own stands in place of the tables'. */
static void add_row(struct builder *builder, const struct exported_row *row)
{
    bool of_host = exporter_words[builder->exporter].of_host;
    int n = 1;
    if (is_own(builder->fleet, row->name))
        return;
    if (row->each == EACH_CPU)
        n = exporter_cores(&builder->fleet->hosts[builder->host]);
    if (row->each == EACH_HOST && !of_host)
        n = builder->fleet->n_hosts;
    for (int i = 0; i < n; i++)
        add_table_series(builder, row, i,
                         row->each != EACH_HOST ? -1
                         : of_host              ? builder->host
                                                : i);
}

/* Its labels win over its target's, as with honor_labels. */
static void add_own(struct builder *builder, const struct own_metric *metric)
{
    struct exported_row row = exporter_own_row(metric);
    struct label_pool *pool = builder->to->pool;
    struct series_labels labels = {.n = 0};
    if (exporter_own_place(metric) != builder->exporter)
        return;
    set_target(builder, &labels);
    set_label(&labels, LABELS_NAME, label_pool_text(pool, metric->name));
    for (int i = 0; i < metric->n_labels && labels.n < LABELS_A_SERIES - 1; i++)
        set_label(&labels, label_pool_text(pool, metric->labels[i].name),
                  label_pool_text(pool, metric->labels[i].value));
    add_series(builder, &row, builder->host, &labels);
    builder->to->list[builder->to->n - 1].own = true;
}

static void add_target(struct builder *builder)
{
    static const struct exported_row none[] = {
        {NULL, NULL, STATE_ONE, 0, 0, SCALE_ONE, EACH_TARGET}};
    static const struct exported_row *const tables[EXPORTERS] = {
        [EXPORTER_NODE] = exporter_node,
        [EXPORTER_RUNNER] = exporter_runner,
        [EXPORTER_BLACKBOX] = exporter_blackbox,
        [EXPORTER_GITHUB] = exporter_github,
        [EXPORTER_PROMETHEUS] = exporter_prometheus,
        [EXPORTER_ALERTMANAGER] = exporter_alertmanager,
        [EXPORTER_OWN] = none};
    static const struct exported_row scrape[] = {
        {"up", "", STATE_ONE, 1, 0, SCALE_ONE, EACH_TARGET},
        {"scrape_duration_seconds", "", STATE_ONE, 0.02, 0, SCALE_ONE, EACH_TARGET},
        {"scrape_samples_scraped", "", STATE_ONE, 900, 0, SCALE_ONE, EACH_TARGET},
        {"scrape_samples_post_metric_relabeling", "", STATE_ONE, 900, 0, SCALE_ONE, EACH_TARGET},
        {"scrape_series_added", "", STATE_ONE, 0, 0, SCALE_ONE, EACH_TARGET},
        {NULL, NULL, STATE_ONE, 0, 0, SCALE_ONE, EACH_TARGET}};
    builder->known = target_known(builder);
    if (builder->known && !builder->known->labels)
        return;
    for (const struct exported_row *row = scrape; row->name; row++)
        add_row(builder, row);
    for (const struct exported_row *row = tables[builder->exporter]; row->name; row++)
        add_row(builder, row);
    for (int i = 0; i < builder->fleet->monitoring.n_metrics; i++)
        add_own(builder, &builder->fleet->monitoring.metrics[i]);
}

void exported_open(struct exported_list *exported, const struct fleet *fleet,
                   struct label_pool *pool)
{
    *exported = (struct exported_list){.pool = pool};
    name_jobs(exported, fleet);
    for (int i = 0; i < EXPORTERS; i++) {
        struct builder builder = {
            .to = exported, .fleet = fleet, .exporter = (enum exporter)i, .host = fleet->n_hosts};
        for (int host = 0; exporter_words[i].of_host && host < fleet->n_hosts; host++) {
            builder.host = host;
            add_target(&builder);
        }
        if (!exporter_words[i].of_host && (i != EXPORTER_OWN || has_own_target(fleet)))
            add_target(&builder);
    }
}

void exported_close(struct exported_list *exported)
{
    free(exported->list);
    *exported = (struct exported_list){0};
}

double exported_value(const struct exported *series, const struct host_state *state)
{
    return series->offset + series->factor * (double)state->value[series->quantity];
}

/* The host of whose targets one has that label; -1: none. */
static int host_of_target(const struct fleet *fleet, const char *name, const char *value)
{
    const struct monitoring *monitoring = &fleet->monitoring;
    int host = -1;
    for (int i = 0; i < monitoring->n_targets && host < 0; i++) {
        const struct scrape_target *target = &monitoring->targets[i];
        json_t *labels =
            target->labels && target->host >= 0 ? json_loads(target->labels, 0, NULL) : NULL;
        const char *own = json_string_value(json_object_get(labels, name));
        if (own && strcmp(own, value) == 0)
            host = target->host;
        json_decref(labels);
    }
    return host;
}

int exported_host_of(const struct fleet *fleet, const struct labels *labels)
{
    static const char *const names[] = {"instance", "runner", "nodename", "host", "name"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = labels_get(labels, names[i]);
        for (int host = 0; *value && host < fleet->n_hosts; host++) {
            char instance[sizeof fleet->hosts[host].probe];
            exporter_instance(&fleet->hosts[host], instance);
            if (strcmp(value, instance) == 0 || strcmp(value, fleet->hosts[host].name) == 0)
                return host;
        }
        if (*value && i == 0) {
            int host = host_of_target(fleet, names[i], value);
            if (host >= 0)
                return host;
        }
    }
    return -1;
}
