/* What the engine knows of the hosts: their own counters, and what is scraped of them. */
#include "rule_engine_internal.h"

#include <string.h>

#define BOOTED_BEFORE_MS (-30 * 86400000LL) /* at time 0 the machines have run for long */
#define LOAD_TICK_MS 5000LL                 /* the kernel's LOAD_FREQ */

/* --- the hosts' own counters ----------------------------------------------------------------- */

/* e^(-5/60), e^(-5/300), e^(-5/900): products of constants, the same on every machine. */
static const double decay[3] = {0.9200444146293233, 0.9834714538216175, 0.9944598480048967};

static double power(double base, int64_t n)
{
    double result = 1;
    for (; n > 0; n /= 2) {
        if (n % 2)
            result *= base;
        base *= base;
    }
    return result;
}

static void count(struct live_host *live, int64_t now_ms)
{
    int64_t ticks = (now_ms - live->load_ms) / LOAD_TICK_MS;
    for (int i = 0; i < 3 && ticks > 0; i++) {
        double left = power(decay[i], ticks);
        live->load[i] = live->load[i] * left + (double)live->cpu_pm * (1 - left);
    }
    live->load_ms += ticks * LOAD_TICK_MS;
    live->cpu_time += live->cpu_pm * (now_ms - live->counted_ms);
    live->disk_time += live->disk_pm * (now_ms - live->counted_ms);
    live->counted_ms = now_ms;
}

void rule_engine_use(struct rule_engine *engine, int64_t now_ms, int host, int64_t cpu_pm,
                     int64_t memory_pm)
{
    struct live_host *live = &engine->live[host];
    if (live->cpu_pm != cpu_pm)
        count(live, now_ms);
    live->cpu_pm = cpu_pm;
    live->memory_pm = memory_pm;
}

void rule_engine_disk(struct rule_engine *engine, int64_t now_ms, int host, int64_t busy_pm)
{
    count(&engine->live[host], now_ms);
    engine->live[host].disk_pm = busy_pm;
}

void rule_engine_reach(struct rule_engine *engine, int host, bool reached)
{
    engine->live[host].unreached = !reached;
}

void rule_engine_boot(struct rule_engine *engine, int64_t now_ms, int host)
{
    struct live_host *live = &engine->live[host];
    count(live, now_ms);
    live->boot_ms = now_ms;
    live->cpu_time = live->disk_time = 0;
    memset(live->load, 0, sizeof live->load);
}

/* At that time, with everything as it is now. */
static void fill_own(const struct live_host *live, int64_t at_ms, struct host_state *state)
{
    int64_t *value = state->value;
    value[STATE_ONE] = 1;
    value[STATE_CPU] = live->cpu_pm;
    value[STATE_CPU_TIME] = live->cpu_time;
    value[STATE_UP_TIME] = at_ms - live->boot_ms;
    value[STATE_IDLE_TIME] = 1000 * value[STATE_UP_TIME] - live->cpu_time;
    value[STATE_DISK_TIME] = live->disk_time;
    value[STATE_MEMORY] = live->memory_pm;
    for (int i = 0; i < 3; i++)
        value[STATE_LOAD1 + i] = (int64_t)(live->load[i] * 2.048 + 0.5);
    value[STATE_BOOT] = live->boot_ms;
    value[STATE_NOW] = at_ms;
}

/* --- scrapes --------------------------------------------------------------------------------- */

int rule_engine_targets(const struct rule_engine *engine)
{
    return engine->n_targets;
}

bool rule_engine_wants(const struct rule_engine *engine, int target)
{
    return engine->wanted[target];
}

const struct scrape_job *rule_engine_job(const struct rule_engine *engine, int target)
{
    return &engine->targets[target].job;
}

enum exporter rule_engine_exporter(const struct rule_engine *engine, int target)
{
    return engine->targets[target].exporter;
}

int rule_engine_answers(const struct rule_engine *engine, int target)
{
    enum exporter exporter = rule_engine_exporter(engine, target);
    if (!exporter_words[exporter].on_host)
        return -1;
    return target - exporter_target(engine->fleet, exporter, 0);
}

/* The hosts whose state the target shows, in turn; n_hosts is the fleet. */
static bool shows(const struct rule_engine *engine, int target, enum exporter exporter, int host)
{
    if (!exporter_words[exporter].of_host)
        return exporter == EXPORTER_GITHUB || host == engine->fleet->n_hosts;
    return host == target - exporter_target(engine->fleet, exporter, 0);
}

/* Before anything has happened. */
static void fill_idle(const struct fleet *fleet, int host, struct host_state *state)
{
    int64_t slots = host < fleet->n_hosts ? fleet->hosts[host].slots : fleet_slots(fleet);
    state->value[STATE_SERVICE] = state->value[STATE_REACHED] = state->value[STATE_LISTED] = 1;
    state->value[STATE_ONLINE] = state->value[STATE_IDLE] = slots;
}

/* What faults of the servers' own trials do. */
static void fill_unobserved(const struct rule_engine *engine, int host, struct host_state *state)
{
    fill_idle(engine->fleet, host, state);
    if (host < engine->fleet->n_hosts && engine->live[host].unreached)
        state->value[STATE_REACHED] = 0;
}

void rule_engine_scrape(struct rule_engine *engine, int target, int64_t now_ms, int64_t visible_ms,
                        bool up, bool lost)
{
    enum exporter exporter = rule_engine_exporter(engine, target);
    for (int host = 0; host <= engine->fleet->n_hosts; host++) {
        struct scrape_entry entry = {
            .at_ms = now_ms, .visible_ms = visible_ms, .up = up, .lost = lost};
        struct scrape_log *log = &engine->logs[engine_source(engine, exporter, host)];
        if (!log->ring || !shows(engine, target, exporter, host))
            continue;
        if (host < engine->fleet->n_hosts)
            count(&engine->live[host], now_ms);
        fill_own(&engine->live[host < engine->fleet->n_hosts ? host : 0], now_ms, &entry.state);
        if (engine->observer)
            engine->observer(engine->context, host, &entry.state);
        else
            fill_unobserved(engine, host, &entry.state);
        if (exporter == EXPORTER_ALERTMANAGER)
            entry.up = entry.state.value[STATE_SERVICE] != 0;
        scrape_log_push(log, &entry);
    }
}

void rule_engine_phase(struct rule_engine *engine, int target, int64_t phase_ms)
{
    enum exporter exporter = rule_engine_exporter(engine, target);
    int64_t interval_ms = engine->targets[target].job.interval_ms;
    for (int host = 0; host <= engine->fleet->n_hosts; host++) {
        struct scrape_log *log = &engine->logs[engine_source(engine, exporter, host)];
        if (!log->ring || !shows(engine, target, exporter, host))
            continue;
        for (int64_t i = (int64_t)log->capacity; i > 0; i--) {
            int64_t at_ms = phase_ms - i * interval_ms;
            struct scrape_entry entry = {.at_ms = at_ms, .visible_ms = at_ms + 1, .up = true};
            struct live_host idle = {.boot_ms = BOOTED_BEFORE_MS};
            fill_own(&idle, at_ms, &entry.state);
            fill_idle(engine->fleet, host, &entry.state);
            scrape_log_push(log, &entry);
        }
    }
}

static void forget(struct rule_engine *engine)
{
    for (int i = 0; i < engine->n_rules; i++) {
        eval_rule_forget(&engine->rules[i].eval);
        engine->rules[i].settled = false;
        engine->rules[i].calm_until_ms = INT64_MIN;
        engine->rules[i].tries = engine->rules[i].vain = 0;
        engine->rules[i].ahead_ms = 0;
    }
}

void rule_engine_reset(struct rule_engine *engine)
{
    forget(engine);
    for (int i = 0; i < engine->n_rules; i++) {
        engine->rules[i].eval.unrestored = false;
        engine->rules[i].n_kept = 0;
    }
    for (int i = 0; i < engine->store->n; i++)
        engine->store->series[i].n = 0;
    for (int i = 0; i < engine->exported.n; i++) {
        engine->feds[i].next = 0;
        engine->feds[i].ended = false;
    }
    for (int i = 0; i < engine->n_logs; i++)
        scrape_log_clear(&engine->logs[i]);
    for (int i = 0; i < engine->fleet->n_hosts; i++)
        engine->live[i] = (struct live_host){.boot_ms = BOOTED_BEFORE_MS};
}

void rule_engine_stop(struct rule_engine *engine, int64_t now_ms)
{
    forget(engine);
    for (int i = 0; i < engine->n_rules; i++) {
        engine->rules[i].eval.unrestored = true;
        for (int j = 0; j < engine->rules[i].n_kept; j++)
            engine->rules[i].kept[j].written = false;
    }
    for (int i = 0; i < engine->n_logs; i++) {
        if (engine->logs[i].ring)
            scrape_log_cut(&engine->logs[i], now_ms);
    }
}
