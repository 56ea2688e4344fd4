#include "exporter.h"

#include "model/base/assert.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CORES 8 /* of a host whose file does not say */
#define MEMORY 32000000000LL
#define LABELS_A_ROW 8

int exporter_cores(const struct host *host)
{
    return host->cores > 0 ? host->cores : CORES;
}

int64_t exporter_memory(const struct host *host)
{
    return host->memory_bytes > 0 ? host->memory_bytes : MEMORY;
}

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

int exporter_targets(const struct fleet *fleet)
{
    return exporter_target(fleet, EXPORTERS - 1, 0) + 1;
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
        snprintf(exported->jobs[i], FLEET_NAME, "%s", *own ? own : exporter_words[i].job);
    }
    if (strcmp(exported->jobs[EXPORTER_RUNNER], exported->jobs[EXPORTER_NODE]) == 0)
        snprintf(exported->jobs[EXPORTER_RUNNER], FLEET_NAME, "runner-exporter");
}

/* --- series ---------------------------------------------------------------------------------- */

struct builder {
    struct exported_list *to;
    const struct fleet *fleet;
    enum exporter exporter;
    int host; /* of the target; n_hosts: none */
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

/* `runner`: the host that the series is about, where that is a label; -1 otherwise. */
static void add_series(struct builder *builder, const struct exported_row *row, int cpu, int runner)
{
    struct label_pool *pool = builder->to->pool;
    struct label labels[LABELS_A_ROW + 5];
    struct exported *series = push(builder->to);
    char instance[sizeof builder->fleet->hosts[0].probe], number[16];
    int host = runner >= 0 ? runner : builder->host, n = read_labels(pool, row->labels, labels);
    double scale = row->scale == SCALE_ONE ? 1 : scale_of(builder, row, host);
    if (exporter_words[builder->exporter].of_host)
        exporter_instance(&builder->fleet->hosts[builder->host], instance);
    else
        snprintf(instance, sizeof instance, "%s", exporter_words[builder->exporter].instance);
    snprintf(number, sizeof number, "%d", cpu);
    labels[n++] = (struct label){LABELS_NAME, row->name};
    labels[n++] = (struct label){"instance", instance};
    labels[n++] = (struct label){"job", builder->to->jobs[builder->exporter]};
    if (row->each == EACH_CPU)
        labels[n++] = (struct label){"cpu", number};
    if (runner >= 0)
        labels[n++] = (struct label){"runner", builder->fleet->hosts[runner].name};
    if (strcmp(row->name, "node_uname_info") == 0)
        labels[n++] = (struct label){"nodename", builder->fleet->hosts[host].name};
    *series = (struct exported){
        .labels = labels_make(pool, labels, n),
        .exporter = builder->exporter,
        .host = host,
        .target = exporter_target(builder->fleet, builder->exporter, builder->host),
        .quantity = row->quantity,
        .factor = scale * row->factor,
        .offset = scale * row->offset,
        .is_up = strcmp(row->name, "up") == 0};
}

static void add_row(struct builder *builder, const struct exported_row *row)
{
    bool of_host = exporter_words[builder->exporter].of_host;
    int n = 1;
    if (row->each == EACH_CPU)
        n = exporter_cores(&builder->fleet->hosts[builder->host]);
    if (row->each == EACH_HOST && !of_host)
        n = builder->fleet->n_hosts;
    for (int i = 0; i < n; i++)
        add_series(builder, row, i, row->each != EACH_HOST ? -1 : of_host ? builder->host : i);
}

static void add_target(struct builder *builder)
{
    static const struct exported_row *const tables[EXPORTERS] = {
        [EXPORTER_NODE] = exporter_node,
        [EXPORTER_RUNNER] = exporter_runner,
        [EXPORTER_BLACKBOX] = exporter_blackbox,
        [EXPORTER_GITHUB] = exporter_github,
        [EXPORTER_PROMETHEUS] = exporter_prometheus,
        [EXPORTER_ALERTMANAGER] = exporter_alertmanager};
    static const struct exported_row scrape[] = {
        {"up", "", STATE_ONE, 1, 0, SCALE_ONE, EACH_TARGET},
        {"scrape_duration_seconds", "", STATE_ONE, 0.02, 0, SCALE_ONE, EACH_TARGET},
        {"scrape_samples_scraped", "", STATE_ONE, 900, 0, SCALE_ONE, EACH_TARGET},
        {"scrape_samples_post_metric_relabeling", "", STATE_ONE, 900, 0, SCALE_ONE, EACH_TARGET},
        {"scrape_series_added", "", STATE_ONE, 0, 0, SCALE_ONE, EACH_TARGET},
        {NULL, NULL, STATE_ONE, 0, 0, SCALE_ONE, EACH_TARGET}};
    for (const struct exported_row *row = scrape; row->name; row++)
        add_row(builder, row);
    for (const struct exported_row *row = tables[builder->exporter]; row->name; row++)
        add_row(builder, row);
}

void exported_open(struct exported_list *exported, const struct fleet *fleet,
                   struct label_pool *pool)
{
    *exported = (struct exported_list){.pool = pool};
    name_jobs(exported, fleet);
    for (int i = 0; i < EXPORTERS; i++) {
        struct builder builder = {exported, fleet, (enum exporter)i, fleet->n_hosts};
        for (int host = 0; exporter_words[i].of_host && host < fleet->n_hosts; host++) {
            builder.host = host;
            add_target(&builder);
        }
        if (!exporter_words[i].of_host)
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
    }
    return -1;
}

/* --- ranges ---------------------------------------------------------------------------------- */

static const struct {
    bool counter;
    const char *words;
} facts[STATE_QUANTITIES] = {
    [STATE_ONE] = {false, "a constant"},
    [STATE_CPU] = {false, "the share of CPU in use"},
    [STATE_CPU_TIME] = {true, "CPU time in use"},
    [STATE_IDLE_TIME] = {true, "idle CPU time"},
    [STATE_DISK_TIME] = {true, "time that the disk is busy"},
    [STATE_UP_TIME] = {true, "time since the boot, at a steady rate"},
    [STATE_MEMORY] = {false, "memory in use"},
    [STATE_LOAD1] = {false, "cores in use, averaged over 1 min"},
    [STATE_LOAD5] = {false, "cores in use, averaged over 5 min"},
    [STATE_LOAD15] = {false, "cores in use, averaged over 15 min"},
    [STATE_FILL] = {false, "what disk-fill has written to /"},
    [STATE_FILL_BOOT] = {false, "what disk-fill has written to /boot"},
    [STATE_BOOT] = {false, "when the host booted"},
    [STATE_NOW] = {false, "the clock"},
    [STATE_SERVICE] = {false, "whether the runner service runs"},
    [STATE_REACHED] = {false, "whether a probe reaches the host"},
    [STATE_ONLINE] = {false, "registrations that GitHub calls online"},
    [STATE_LISTED] = {false, "whether GitHub calls any registration online"},
    [STATE_BUSY] = {false, "jobs that run"},
    [STATE_WORKING] = {false, "whether any job runs"},
    [STATE_IDLE] = {false, "online registrations without a job"},
    [STATE_LAST_JOB] = {false, "duration of the last job"},
    [STATE_DONE] = {true, "jobs that went well"},
    [STATE_FAILED] = {true, "jobs that failed"},
    [STATE_QUEUE] = {false, "jobs that wait"},
    [STATE_OLDEST] = {false, "age of the oldest waiting job"},
};

bool state_is_counter(enum state_quantity quantity)
{
    return facts[quantity].counter;
}

const char *state_words(enum state_quantity quantity)
{
    return facts[quantity].words;
}

/* The most of the host, per mille, that its jobs can use together. */
static double busiest_pm(const struct fleet *fleet, int host, bool memory)
{
    const struct host *h = &fleet->hosts[host];
    double most = 0, whole;
    for (int i = 0; i < fleet->workload.n_classes; i++) {
        const struct job_class *job_class = &fleet->workload.classes[i];
        most = fmax(most, memory ? (double)job_class->memory_bytes : job_class->cores);
    }
    whole = memory ? (double)h->memory_bytes : h->cores;
    return whole > 0 ? fmin(1000, 1000 * most * h->slots / whole) : 0;
}

static double fullest(enum state_quantity quantity)
{
    for (int i = 0; i < MOUNTS; i++) {
        if (exporter_mounts[i].fill == quantity)
            return (double)exporter_mounts[i].free_bytes;
    }
    return 0;
}

struct state_range state_range(const struct fleet *fleet, int host, enum state_quantity quantity,
                               bool calm)
{
    bool of_host = host < fleet->n_hosts;
    double cpu = calm && of_host ? busiest_pm(fleet, host, false) : 1000;
    double slots = of_host ? fleet->hosts[host].slots : fleet_slots(fleet);
    switch (quantity) {
    case STATE_ONE:
        return (struct state_range){1, 1};
    case STATE_CPU:
        return (struct state_range){0, cpu};
    case STATE_CPU_TIME: /* per mille * ms a second */
        return (struct state_range){0, 1000 * cpu};
    case STATE_IDLE_TIME:
        return (struct state_range){1000 * (1000 - cpu), 1e6};
    case STATE_DISK_TIME:
        return (struct state_range){0, calm ? 0 : 1e6};
    case STATE_UP_TIME:
        return (struct state_range){1000, 1000};
    case STATE_MEMORY:
        return (struct state_range){0, calm && of_host ? busiest_pm(fleet, host, true) : 1000};
    case STATE_LOAD1:
    case STATE_LOAD5:
    case STATE_LOAD15:
        return (struct state_range){0, 2048 * cpu / 1000};
    case STATE_FILL:
    case STATE_FILL_BOOT:
        return (struct state_range){0, calm ? 0 : fullest(quantity)};
    case STATE_SERVICE:
    case STATE_REACHED:
    case STATE_LISTED:
        return (struct state_range){calm, 1};
    case STATE_WORKING:
        return (struct state_range){0, 1};
    case STATE_ONLINE:
        return (struct state_range){calm ? slots : 0, slots};
    case STATE_BUSY:
    case STATE_IDLE:
        return (struct state_range){0, slots};
    case STATE_BOOT:
    case STATE_NOW:
        return (struct state_range){-INFINITY, INFINITY};
    case STATE_LAST_JOB:
    case STATE_DONE:
    case STATE_FAILED:
    case STATE_QUEUE:
    case STATE_OLDEST:
        return (struct state_range){0, INFINITY};
    case STATE_QUANTITIES:
        break;
    }
    UND_UNREACHABLE();
}
