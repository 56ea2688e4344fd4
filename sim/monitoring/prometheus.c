/* Opens the simulated Prometheus as a fleet configures it, and reads it as a controller could. */
#include "prometheus.h"
#include "prometheus_internal.h"

#include "model/base/assert.h"

#include <stdlib.h>
#include <string.h>

/* --- opening --------------------------------------------------------------------------------- */

/* A scrape of each target, an evaluation of each group. */
size_t prometheus_pending(const struct fleet *fleet)
{
    return FLEET_HOSTS * ((size_t)fleet->monitoring.n_jobs + 1 + EXPORTERS) +
           (size_t)(fleet->monitoring.n_rules + fleet->monitoring.n_series) + 1;
}

static int find_group(struct prometheus *prometheus, const char *name, int64_t interval_ms)
{
    if (interval_ms == 0)
        interval_ms = prometheus->monitoring->evaluation_interval_ms;
    for (int i = 0; i < prometheus->n_groups; i++) {
        struct group *group = &prometheus->groups[i];
        if (group->interval_ms == interval_ms && strcmp(group->name, name) == 0)
            return i;
    }
    UND_ASSERT(prometheus->n_groups < prometheus->groups_room);
    prometheus->groups[prometheus->n_groups].interval_ms = interval_ms;
    prometheus->groups[prometheus->n_groups].name = name;
    return prometheus->n_groups++;
}

static void append(int **list, int *n, int item)
{
    *list = realloc(*list, ((size_t)*n + 1) * sizeof **list);
    UND_ASSERT(*list != NULL);
    (*list)[(*n)++] = item;
}

static void learn_rule(struct prometheus *prometheus, int index)
{
    const struct rule *rule = &prometheus->monitoring->rules[index];
    enum target_value value = target_value_of(rule->signal);
    struct group *group;
    prometheus->group_of[index] = find_group(prometheus, rule->group, rule->interval_ms);
    group = &prometheus->groups[prometheus->group_of[index]];
    if (rule->signal != SIGNAL_SERIES)
        append(&group->rules, &group->n_rules, index);
    if (value == VALUES)
        return;
    if (rule->below && rule->threshold_pm > prometheus->below_pm[value])
        prometheus->below_pm[value] = rule->threshold_pm;
    if (!rule->below && rule->threshold_pm < prometheus->above_pm[value])
        prometheus->above_pm[value] = rule->threshold_pm;
}

static void list_live(struct prometheus *prometheus)
{
    const struct monitoring *monitoring = prometheus->monitoring;
    for (int i = 0; i < prometheus->n_groups; i++)
        prometheus->groups[i].n_series = 0;
    for (int i = 0; i < monitoring->n_series; i++) {
        const struct series_rule *rule = &monitoring->series[i];
        struct group *group =
            &prometheus->groups[find_group(prometheus, rule->group, rule->interval_ms)];
        if (!rule_engine_live(prometheus->engine, i))
            continue;
        append(&group->series, &group->n_series, i);
        group->ticks = true;
    }
}

static void learn_series(struct prometheus *prometheus, const struct fleet *fleet)
{
    const struct monitoring *monitoring = prometheus->monitoring;
    int n_targets;
    if (monitoring->n_series == 0)
        return;
    prometheus->engine = rule_engine_open(fleet);
    n_targets = rule_engine_targets(prometheus->engine);
    prometheus->series_targets = calloc((size_t)n_targets, sizeof *prometheus->series_targets);
    prometheus->told = calloc((size_t)monitoring->n_series, sizeof *prometheus->told);
    UND_ASSERT(prometheus->series_targets && prometheus->told);
    for (int i = 0; i < monitoring->n_series; i++)
        find_group(prometheus, monitoring->series[i].group, monitoring->series[i].interval_ms);
    list_live(prometheus);
}

static void learn_jobs(struct prometheus *prometheus, int n_hosts)
{
    const struct monitoring *monitoring = prometheus->monitoring;
    int64_t longest_ms = 0;
    prometheus->n_jobs = monitoring->n_jobs > 0 ? monitoring->n_jobs : 1;
    prometheus->jobs = calloc((size_t)prometheus->n_jobs, sizeof *prometheus->jobs);
    UND_ASSERT(prometheus->jobs != NULL);
    prometheus->jobs[0] = (struct scrape_job){.interval_ms = monitoring->scrape_interval_ms,
                                              .timeout_ms = monitoring->scrape_timeout_ms};
    for (int i = 0; i < monitoring->n_jobs; i++)
        prometheus->jobs[i] = monitoring->jobs[i];
    for (int i = 0; i < monitoring->n_rules; i++) {
        UND_ASSERT(monitoring->rules[i].job < prometheus->n_jobs);
        if (monitoring->rules[i].window_ms > longest_ms)
            longest_ms = monitoring->rules[i].window_ms;
    }
    prometheus->targets =
        calloc((size_t)(n_hosts * prometheus->n_jobs) + 1, sizeof *prometheus->targets);
    UND_ASSERT(prometheus->targets != NULL);
    for (int i = 0; i < prometheus->n_hosts * prometheus->n_jobs; i++)
        target_open(&prometheus->targets[i], &prometheus->jobs[i % prometheus->n_jobs], longest_ms,
                    monitoring->unreachable_ms);
}

static void learn_unsettled(struct prometheus *prometheus)
{
    const struct monitoring *monitoring = prometheus->monitoring;
    int64_t window_ms = monitoring->lookback_ms, interval_ms = 0, scrape_ms = 0;
    for (int i = 0; i < monitoring->n_rules; i++) {
        if (monitoring->rules[i].window_ms > window_ms)
            window_ms = monitoring->rules[i].window_ms;
    }
    for (int i = 0; i < prometheus->n_groups; i++) {
        if (prometheus->groups[i].interval_ms > interval_ms)
            interval_ms = prometheus->groups[i].interval_ms;
    }
    for (int i = 0; i < prometheus->n_jobs; i++) {
        if (prometheus->jobs[i].interval_ms > scrape_ms)
            scrape_ms = prometheus->jobs[i].interval_ms;
    }
    /* Three scrapes: one that is late to be seen, one that is late to come, one that fails only
     * when the next is due. A restored state needs its three evaluations as well. */
    prometheus->unsettled_ms = DISCOVERY_MS + window_ms + 3 * scrape_ms + 3 * interval_ms;
}

struct prometheus *prometheus_open(const struct fleet *fleet, struct queue *queue,
                                   uint8_t first_kind, struct alertmanager *alertmanager,
                                   prometheus_observer *observer, void *context)
{
    struct prometheus *prometheus = calloc(1, sizeof *prometheus);
    int n_rules = fleet->monitoring.present ? fleet->monitoring.n_rules : 0;
    UND_ASSERT(prometheus != NULL);
    prometheus->monitoring = &fleet->monitoring;
    prometheus->queue = queue;
    prometheus->alertmanager = alertmanager;
    prometheus->observer = observer;
    prometheus->context = context;
    prometheus->first_kind = first_kind;
    prometheus->n_hosts = fleet->monitoring.present ? fleet->n_hosts : 0;
    prometheus->groups_room = n_rules + fleet->monitoring.n_series + 1;
    prometheus->groups = calloc((size_t)prometheus->groups_room, sizeof *prometheus->groups);
    UND_ASSERT(prometheus->groups != NULL);
    for (int i = 0; i < VALUES; i++) {
        prometheus->above_pm[i] = INT64_MAX;
        prometheus->below_pm[i] = INT64_MIN;
    }
    prometheus->pairs = calloc((size_t)(n_rules * fleet->n_hosts) + 1, sizeof *prometheus->pairs);
    prometheus->group_of = calloc((size_t)n_rules + 1, sizeof *prometheus->group_of);
    UND_ASSERT(prometheus->pairs && prometheus->group_of);
    for (int i = 0; i < n_rules; i++)
        learn_rule(prometheus, i);
    learn_series(prometheus, fleet);
    learn_jobs(prometheus, prometheus->n_hosts);
    learn_unsettled(prometheus);
    return prometheus;
}

void prometheus_close(struct prometheus *prometheus)
{
    if (!prometheus)
        return;
    for (int i = 0; i < prometheus->n_hosts * prometheus->n_jobs; i++)
        target_close(&prometheus->targets[i]);
    free(prometheus->targets);
    free(prometheus->jobs);
    free(prometheus->pairs);
    rule_engine_close(prometheus->engine);
    free(prometheus->series_targets);
    free(prometheus->told);
    for (int i = 0; i < prometheus->n_groups; i++) {
        free(prometheus->groups[i].rules);
        free(prometheus->groups[i].series);
    }
    free(prometheus->groups);
    free(prometheus->group_of);
    free(prometheus);
}

void prometheus_always_tick(struct prometheus *prometheus, bool always)
{
    prometheus->always = always;
    if (!prometheus->engine || !always)
        return;
    rule_engine_always(prometheus->engine, always);
    list_live(prometheus);
}

void prometheus_watch(struct prometheus *prometheus, state_observer *observer, void *context)
{
    if (prometheus->engine)
        rule_engine_observe(prometheus->engine, observer, context);
}

/* --- what a controller can read -------------------------------------------------------------- */

unsigned prometheus_firing(const struct prometheus *prometheus, int host)
{
    unsigned severities = 0;
    for (int i = 0; i < SEVERITY_COUNT; i++) {
        if (prometheus->firing[host][i] > 0)
            severities |= 1u << i;
    }
    return severities;
}

int prometheus_alerts(const struct prometheus *prometheus, int host, enum alert_state state,
                      int64_t *active_ms)
{
    int n = 0;
    *active_ms = -1;
    for (int rule = 0; rule < prometheus->monitoring->n_rules; rule++) {
        const struct alert *alert = &prometheus->pairs[rule * prometheus->n_hosts + host].alert;
        if (alert->state != state)
            continue;
        if (n++ == 0 || alert->active_ms < *active_ms)
            *active_ms = alert->active_ms;
    }
    return n;
}

int prometheus_count(const struct prometheus *prometheus, enum alert_state state)
{
    return prometheus->count[state];
}
