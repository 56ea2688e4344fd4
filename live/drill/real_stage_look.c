/* The eyes of the real stage: registrations, alerts, probes, loads (stage.h). */
#include "model/base/assert.h"
#include "real_stage_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static enum und_code look_at_github(struct real_stage *live, struct stage_reading *reading,
                                    struct und_err *err)
{
    const struct fleet *fleet = &live->scenario->fleet;
    int routed[FLEET_HOSTS], i;
    if (actuate_read(&live->actuator, err) != UND_OK)
        return err->code;
    attribution_count(fleet, &live->actuator.runners, reading->host);
    actuate_routed(&live->actuator, routed);
    for (i = 0; i < fleet->n_hosts; i++)
        reading->host[i].routed = routed[i];
    real_stage_count_jobs(live, reading->host);
    return UND_OK;
}

/* By the server's clock, brought to ours. */
static int64_t their_time(const struct real_stage *live, const struct clock_skew *skew,
                          int64_t wall_ms)
{
    return fleet_clock_of_wall_ms(&live->pace, wall_ms - (skew ? clock_skew_offset_ms(skew) : 0));
}

static enum und_code look_at_alerts(struct real_stage *live, struct stage_reading *reading,
                                    struct und_err *err)
{
    struct prometheus_alerts pending = {0};
    struct alertmanager_alerts listed = {0};
    const struct clock_skew *skew = NULL;
    int i;
    if (live->prometheus) {
        if (prometheus_client_alerts(live->prometheus, &pending, err) == UND_OK)
            attribution_alerts(&live->scenario->fleet, &pending, live->alerts);
        skew = prometheus_client_skew(live->prometheus);
    } else if (live->alertmanager &&
               alertmanager_client_alerts(live->alertmanager, &listed, err) == UND_OK) {
        attribution_listed(&live->scenario->fleet, &listed, live->alerts);
    }
    for (i = 0; err->code == UND_OK && i < live->scenario->fleet.n_hosts; i++) {
        const struct attribution_alerts *alerts = &live->alerts[i];
        reading->host[i].severities = alerts->severities;
        reading->alerts[i].pending = alerts->pending;
        reading->alerts[i].firing = alerts->firing;
        reading->alerts[i].pending_since_ms =
            alerts->active_wall_ms < 0 ? -1 : their_time(live, skew, alerts->active_wall_ms);
    }
    prometheus_alerts_fini(&pending);
    alertmanager_alerts_fini(&listed);
    return err->code;
}

/* Each host has its own moment; the reading spans them all. */
static void look_at_hosts(struct real_stage *live, struct stage_reading *reading)
{
    struct probe_result results[FLEET_HOSTS];
    int i;
    probe_look(live->probe, results);
    reading->asked_ms = fleet_clock_now_ms(&live->pace);
    reading->answered_ms = 0;
    for (i = 0; i < live->scenario->fleet.n_hosts; i++) {
        int64_t asked_ms = fleet_clock_of_monotonic_ms(&live->pace, results[i].asked_ms);
        int64_t answered_ms = fleet_clock_of_monotonic_ms(&live->pace, results[i].answered_ms);
        reading->host[i].answered = results[i].answered;
        if (asked_ms < reading->asked_ms)
            reading->asked_ms = asked_ms;
        if (answered_ms > reading->answered_ms)
            reading->answered_ms = answered_ms;
    }
}

enum und_code real_stage_poll(void *self, enum feed feed, struct stage_reading *reading,
                              struct und_err *err)
{
    struct real_stage *live = self;
    memset(reading, 0, sizeof *reading);
    reading->asked_ms = fleet_clock_now_ms(&live->pace);
    switch (feed) {
    case FEED_GITHUB:
        look_at_github(live, reading, err);
        break;
    case FEED_ALERTS:
        look_at_alerts(live, reading, err);
        break;
    case FEED_PROBE:
        look_at_hosts(live, reading);
        return UND_OK;
    case FEED_COUNT:
        UND_UNREACHABLE();
    }
    reading->answered_ms = fleet_clock_now_ms(&live->pace);
    return err->code;
}

/* ---- loads and other conditions ---- */

enum load { LOAD_CPU, LOAD_MEMORY, LOAD_DISK, LOADS };

/* For all instances at once; node_exporter's metrics. */
static void write_query(const struct real_stage *live, enum load load, char out[512])
{
    const struct monitoring *monitoring = &live->scenario->fleet.monitoring;
    /* Four scrapes: one may be missing, and rate() needs two. */
    int64_t window_ms = 4 * (monitoring->present ? monitoring->scrape_interval_ms : 30000);
    if (load == LOAD_CPU)
        snprintf(out, 512,
                 "1 - avg by (instance) (rate(node_cpu_seconds_total{mode=\"idle\"}[%lldms]))",
                 (long long)fleet_clock_real_ms(&live->pace, window_ms));
    else if (load == LOAD_MEMORY)
        snprintf(out, 512, "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes");
    else
        snprintf(out, 512,
                 "1 - max by (instance) (node_filesystem_avail_bytes{mountpoint=\"/\"}) / "
                 "max by (instance) (node_filesystem_size_bytes{mountpoint=\"/\"})");
}

static double *load_of(struct stage_state *state, int host, enum load load)
{
    return load == LOAD_CPU      ? &state->host[host].cpu
           : load == LOAD_MEMORY ? &state->host[host].memory
                                 : &state->host[host].disk;
}

static enum und_code read_load(struct real_stage *live, enum load load, struct stage_state *state,
                               struct und_err *err)
{
    struct prometheus_matrix matrix = {0};
    char query[512];
    size_t i;
    write_query(live, load, query);
    prometheus_client_query(live->prometheus, query, -1, &matrix, err);
    for (i = 0; err->code == UND_OK && i < matrix.n; i++) {
        int host = attribution_of_labels(&live->scenario->fleet, matrix.item[i].labels);
        if (host >= 0 && matrix.item[i].n > 0)
            *load_of(state, host, load) = matrix.item[i].point[0].value;
    }
    prometheus_matrix_fini(&matrix);
    return err->code;
}

static void judge_monitoring(struct real_stage *live, struct stage_state *state)
{
    struct prometheus_rules rules = {0};
    struct und_err err = {0};
    size_t i;
    if (prometheus_client_ready(live->prometheus, &err) != UND_OK ||
        prometheus_client_rules(live->prometheus, &rules, &err) != UND_OK)
        snprintf(state->monitoring_why, sizeof state->monitoring_why, "%.150s", err.text);
    else if (rules.n == 0)
        snprintf(state->monitoring_why, sizeof state->monitoring_why,
                 "Prometheus has no alerting rule");
    for (i = 0; i < rules.n && !state->monitoring_why[0]; i++)
        if (strcmp(rules.item[i].health, "err") == 0)
            snprintf(state->monitoring_why, sizeof state->monitoring_why, "rule %.40s fails: %.90s",
                     rules.item[i].name, rules.item[i].last_error);
    state->monitoring_healthy = !state->monitoring_why[0];
    prometheus_rules_fini(&rules);
}

static bool is_protected(const struct live *live, const char *path)
{
    const char *slash = strrchr(path, '/');
    int i;
    for (i = 0; i < live->n_protected_workflows; i++)
        if (strcmp(live->protected_workflows[i], path) == 0 ||
            (slash && strcmp(live->protected_workflows[i], slash + 1) == 0))
            return true;
    return false;
}

static enum und_code find_protected(struct real_stage *live, struct stage_state *state,
                                    struct und_err *err)
{
    static const char *const statuses[] = {"in_progress", "queued"};
    const struct live *config = &live->scenario->fleet.live;
    size_t s, i;
    for (s = 0; s < 2 && err->code == UND_OK && config->n_protected_workflows > 0; s++) {
        struct github_runs runs = {0};
        github_runs(live->github, statuses[s], 100, &runs, err);
        for (i = 0; i < runs.n; i++)
            if (is_protected(config, runs.item[i].path))
                snprintf(state->protected_workflow, sizeof state->protected_workflow, "%.100s",
                         runs.item[i].path);
        github_runs_fini(&runs);
    }
    return err->code;
}

enum und_code real_stage_inspect(void *self, struct stage_state *state, struct und_err *err)
{
    struct real_stage *live = self;
    time_t now = time(NULL);
    struct tm local;
    int host, load;
    memset(state, 0, sizeof *state);
    real_stage_find_leftovers(live, state);
    for (host = 0; host < FLEET_HOSTS; host++)
        for (load = 0; load < LOADS; load++)
            *load_of(state, host, (enum load)load) = NAN;
    localtime_r(&now, &local);
    state->weekday = (local.tm_wday + 6) % 7;
    state->minute = local.tm_hour * 60 + local.tm_min;
    if (!live->prometheus) {
        snprintf(state->monitoring_why, sizeof state->monitoring_why,
                 "the fleet has no live.prometheus");
    } else {
        judge_monitoring(live, state);
        for (load = 0; load < LOADS && state->monitoring_healthy; load++)
            if (read_load(live, (enum load)load, state, err) != UND_OK)
                return err->code;
    }
    return find_protected(live, state, err);
}
