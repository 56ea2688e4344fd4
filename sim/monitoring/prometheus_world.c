/* What the world does to the simulated Prometheus: targets, values, its own deaths and starts. */
#include "prometheus_internal.h"

#include "model/base/assert.h"

#include <string.h>

static void forget_alerts(struct prometheus *prometheus)
{
    int n_pairs = prometheus->n_hosts * prometheus->monitoring->n_rules;
    for (int i = 0; i < n_pairs; i++) {
        alert_init(&prometheus->pairs[i].alert);
        prometheus->pairs[i].sent_ms = NEVER_SENT;
    }
    memset(prometheus->count, 0, sizeof prometheus->count);
    memset(prometheus->firing, 0, sizeof prometheus->firing);
    prometheus->count[ALERT_INACTIVE] = n_pairs;
}

static inline void wake_if_suspicious(struct prometheus *prometheus, int host,
                                      enum target_value value, int64_t value_pm, int64_t now_ms)
{
    if (value_pm >= prometheus->above_pm[value] || value_pm <= prometheus->below_pm[value])
        prometheus_wake_value(prometheus, host, value, now_ms);
}

/* The signals' target of the host that the same job scrapes; NULL: there is none. */
static const struct target *same_target(struct prometheus *prometheus, int target)
{
    const struct scrape_job *job = rule_engine_job(prometheus->engine, target);
    int host = rule_engine_answers(prometheus->engine, target);
    for (int i = 0; i < prometheus->n_jobs && host >= 0; i++) {
        if (strcmp(prometheus->jobs[i].name, job->name) == 0)
            return target_of(prometheus, host, i);
    }
    return NULL;
}

/* What node_exporter exports is scraped when the signals' target of the host is. */
static void reset_series(struct prometheus *prometheus, struct stream *phases)
{
    if (!prometheus->engine)
        return;
    rule_engine_reset(prometheus->engine);
    for (int i = 0; i < rule_engine_targets(prometheus->engine); i++) {
        int64_t interval_ms = rule_engine_job(prometheus->engine, i)->interval_ms;
        bool node = rule_engine_exporter(prometheus->engine, i) == EXPORTER_NODE;
        const struct target *same = node ? same_target(prometheus, i) : NULL;
        int64_t phase_ms = stream_below(phases, (uint32_t)interval_ms);
        if (same && same->interval_ms == interval_ms)
            phase_ms = same->next_ms % interval_ms;
        prometheus->series_targets[i].next_ms = phase_ms;
        rule_engine_phase(prometheus->engine, i, phase_ms);
        if (rule_engine_wants(prometheus->engine, i))
            prometheus_push_series(prometheus, i);
    }
}

void prometheus_reset(struct prometheus *prometheus, struct stream *phases)
{
    prometheus->running = true;
    prometheus->started_ms = -DISCOVERY_MS;
    forget_alerts(prometheus);
    for (int i = 0; i < prometheus->n_hosts * prometheus->monitoring->n_rules; i++) {
        prometheus->pairs[i].stored.at_ms = -1;
        prometheus->pairs[i].hot = false;
    }
    memset(prometheus->unsettled_until_ms, 0, sizeof prometheus->unsettled_until_ms);
    for (int i = 0; i < prometheus->n_hosts * prometheus->n_jobs; i++) {
        struct target *target = &prometheus->targets[i];
        target_reset(target, stream_below(phases, (uint32_t)target->interval_ms));
        if (prometheus->always)
            prometheus_push_scrape(prometheus, i);
    }
    for (int i = 0; i < prometheus->n_groups; i++) {
        struct group *group = &prometheus->groups[i];
        group->phase_ms = stream_below(phases, (uint32_t)group->interval_ms);
        group->evaluations = 3; /* long past any restoration */
        group->awake = group->hot = false;
        if (prometheus->always || group->ticks)
            prometheus_wake_group(prometheus, i, -1);
    }
    reset_series(prometheus, phases);
    for (int i = 0; i < prometheus->n_hosts * VALUES; i++)
        prometheus_wake_value(prometheus, i / VALUES, (enum target_value)(i % VALUES), -1);
}

void prometheus_target(struct prometheus *prometheus, int64_t now_ms, int host,
                       enum target_state state)
{
    if (host >= prometheus->n_hosts || target_of(prometheus, host, 0)->state == state)
        return;
    if (prometheus->engine && state == TARGET_UP &&
        target_of(prometheus, host, 0)->state == TARGET_ABSENT)
        rule_engine_boot(prometheus->engine, now_ms, host);
    if (prometheus->engine)
        rule_engine_reach(prometheus->engine, host,
                          state != TARGET_ABSENT && state != TARGET_BLACKHOLE);
    for (int i = 0; i < prometheus->n_jobs; i++)
        target_change(target_of(prometheus, host, i), now_ms, state);
    prometheus->unsettled_until_ms[host] =
        state == TARGET_UP ? now_ms + prometheus->unsettled_ms : INT64_MAX;
    prometheus_wake_host(prometheus, host, now_ms);
}

void prometheus_load(struct prometheus *prometheus, int64_t now_ms, int host, enum signal signal,
                     int64_t value_pm)
{
    enum target_value value = target_value_of(signal);
    UND_ASSERT(value != VALUES);
    if (host >= prometheus->n_hosts)
        return;
    if (value < COUNTERS)
        value_pm = value_pm < 0 ? 0 : value_pm > 1000 ? 1000 : value_pm;
    for (int i = 0; i < prometheus->n_jobs; i++)
        target_set(target_of(prometheus, host, i), now_ms, value, value_pm);
    if (prometheus->engine && (value == VALUE_CPU || value == VALUE_MEMORY))
        rule_engine_use(prometheus->engine, now_ms, host,
                        target_of(prometheus, host, 0)->value[VALUE_CPU],
                        target_of(prometheus, host, 0)->value[VALUE_MEMORY]);
    if (prometheus->engine && value == VALUE_DISK)
        rule_engine_disk(prometheus->engine, now_ms, host, value_pm);
    wake_if_suspicious(prometheus, host, value, value_pm, now_ms);
}

void prometheus_use(struct prometheus *prometheus, int64_t now_ms, int host, int64_t cpu_pm,
                    int64_t memory_pm)
{
    UND_ASSERT(cpu_pm >= 0 && cpu_pm <= 1000 && memory_pm >= 0 && memory_pm <= 1000);
    if (host >= prometheus->n_hosts)
        return;
    for (int i = 0; i < prometheus->n_jobs; i++)
        target_use(target_of(prometheus, host, i), now_ms, cpu_pm, memory_pm);
    if (prometheus->engine)
        rule_engine_use(prometheus->engine, now_ms, host, cpu_pm, memory_pm);
    wake_if_suspicious(prometheus, host, VALUE_CPU, cpu_pm, now_ms);
    wake_if_suspicious(prometheus, host, VALUE_MEMORY, memory_pm, now_ms);
}

void prometheus_stop(struct prometheus *prometheus, int64_t now_ms)
{
    UND_ASSERT(!prometheus->evaluating);
    if (!prometheus->running)
        return;
    prometheus->running = false;
    forget_alerts(prometheus);
    if (prometheus->engine)
        rule_engine_stop(prometheus->engine, now_ms);
    for (int i = 0; i < prometheus->n_hosts * prometheus->n_jobs; i++)
        target_forsake(&prometheus->targets[i], now_ms);
}

void prometheus_start(struct prometheus *prometheus, int64_t now_ms)
{
    if (prometheus->running)
        return;
    prometheus->running = true;
    prometheus->started_ms = now_ms;
    for (int i = 0; i < prometheus->n_groups; i++) {
        prometheus->groups[i].evaluations = 0;
        prometheus_wake_group(prometheus, i, now_ms);
    }
    for (int i = 0; i < prometheus->n_hosts * prometheus->n_jobs; i++)
        target_resume(&prometheus->targets[i], now_ms + DISCOVERY_MS);
    for (int i = 0; i < prometheus->n_hosts; i++) {
        int64_t until_ms = now_ms + prometheus->unsettled_ms;
        if (prometheus->unsettled_until_ms[i] < until_ms)
            prometheus->unsettled_until_ms[i] = until_ms;
        prometheus_wake_host(prometheus, i, now_ms);
    }
}
