#include "drill_check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void drill_facts_note(struct drill_facts *facts, const struct feed_reading *reading)
{
    struct feed_reading copy = *reading;
    size_t i;
    copy.jobs = (struct github_jobs){0}; /* the event's own */
    switch (reading->feed) {
    case FEED_GITHUB:
        facts->github = copy;
        facts->has_github = facts->has_github || reading->good;
        facts->queue = 0;
        for (i = 0; i < reading->jobs.n; i++)
            facts->queue += strcmp(reading->jobs.item[i].status, "queued") == 0;
        return;
    case FEED_ALERTS:
        facts->alerts = copy;
        facts->has_alerts = facts->has_alerts || reading->good;
        return;
    case FEED_PROBE:
        facts->probe = copy;
        facts->has_probe = facts->has_probe || reading->good;
        return;
    case FEED_COUNT:
        return;
    }
}

bool drill_facts_complete(const struct drill_facts *facts, const struct fleet *fleet)
{
    bool alerts = fleet->live.prometheus.url[0] || fleet->live.alertmanager.url[0];
    return facts->has_github && facts->has_probe && (facts->has_alerts || !alerts);
}

static void add(struct drill_reasons *reasons, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void add(struct drill_reasons *reasons, const char *format, ...)
{
    va_list args;
    if (reasons->n == DRILL_REASONS)
        return;
    va_start(args, format);
    vsnprintf(reasons->text[reasons->n++], sizeof reasons->text[0], format, args);
    va_end(args);
}

/* ---- loads ---- */

enum load { LOAD_CPU, LOAD_MEMORY, LOAD_DISK, LOADS };
static const char *const load_names[LOADS] = {"CPU", "memory", "disk"};

static void instance_of(const struct host *host, char out[256])
{
    const char *scheme = strstr(host->probe, "://");
    const char *at = scheme ? scheme + 3 : host->probe;
    snprintf(out, 256, "%.*s", (int)strcspn(at, "/"), at);
}

static void write_query(const struct fleet *fleet, enum load load, const char *instance,
                        char out[700])
{
    /* Four scrapes: one may be missing, and rate() needs two. */
    int64_t window_ms =
        4 * (fleet->monitoring.present ? fleet->monitoring.scrape_interval_ms : 30000);
    double factor = fleet->live.time_factor > 1 ? fleet->live.time_factor : 1;
    if (load == LOAD_CPU)
        snprintf(out, 700,
                 "1 - avg(rate(node_cpu_seconds_total{mode=\"idle\",instance=\"%s\"}[%lldms]))",
                 instance, (long long)((double)window_ms / factor));
    else if (load == LOAD_MEMORY)
        snprintf(out, 700,
                 "1 - max(node_memory_MemAvailable_bytes{instance=\"%s\"}) / "
                 "max(node_memory_MemTotal_bytes{instance=\"%s\"})",
                 instance, instance);
    else
        snprintf(out, 700,
                 "1 - max(node_filesystem_avail_bytes{instance=\"%s\",mountpoint=\"/\"}) / "
                 "max(node_filesystem_size_bytes{instance=\"%s\",mountpoint=\"/\"})",
                 instance, instance);
}

/* NAN: Prometheus does not know; why is in err if it could not be asked. */
static double read_load(const struct fleet *fleet, struct prometheus_client *prometheus,
                        enum load load, int host, struct und_err *err)
{
    struct prometheus_matrix matrix = {0};
    char instance[256], query[700];
    double value = NAN;
    instance_of(&fleet->hosts[host], instance);
    write_query(fleet, load, instance, query);
    if (prometheus_client_query(prometheus, query, -1, &matrix, err) == UND_OK && matrix.n > 0 &&
        matrix.item[0].n > 0)
        value = matrix.item[0].point[0].value;
    prometheus_matrix_fini(&matrix);
    return value;
}

static void check_loads(const struct scenario *scenario, struct prometheus_client *prometheus,
                        struct drill_reasons *reasons)
{
    const struct fleet *fleet = &scenario->fleet;
    const double limits[LOADS] = {scenario->drill.preconditions.cpu,
                                  scenario->drill.preconditions.memory,
                                  scenario->drill.preconditions.disk};
    int host, load;
    for (host = 0; host < fleet->n_hosts; host++) {
        for (load = 0; load < LOADS; load++) {
            struct und_err err = {0};
            double value;
            if (host == scenario->drill.target || limits[load] >= 1)
                continue;
            value = prometheus ? read_load(fleet, prometheus, (enum load)load, host, &err) : NAN;
            if (err.code != UND_OK)
                add(reasons, "%s of %s: %.180s", load_names[load], fleet->hosts[host].name,
                    err.text);
            else if (isnan(value))
                add(reasons, "%s of %s: not known to Prometheus, want at most %.0f%%",
                    load_names[load], fleet->hosts[host].name, 100 * limits[load]);
            else if (value > limits[load])
                add(reasons, "%s of %s: got %.0f%%, want at most %.0f%%", load_names[load],
                    fleet->hosts[host].name, 100 * value, 100 * limits[load]);
        }
    }
}

bool drill_overloaded(const struct scenario *scenario, struct prometheus_client *prometheus,
                      char why[256])
{
    const struct fleet *fleet = &scenario->fleet;
    const double limits[LOADS] = {scenario->drill.stop_when.cpu, scenario->drill.stop_when.memory,
                                  scenario->drill.stop_when.disk};
    int host, load;
    for (host = 0; host < fleet->n_hosts; host++) {
        for (load = 0; load < LOADS; load++) {
            struct und_err err = {0};
            double value;
            if (host == scenario->drill.target || limits[load] >= 1)
                continue;
            value = read_load(fleet, prometheus, (enum load)load, host, &err);
            if (err.code != UND_OK)
                return false;
            if (value > limits[load]) {
                snprintf(why, 256, "%s of %s: got %.0f%%, want at most %.0f%%", load_names[load],
                         fleet->hosts[host].name, 100 * value, 100 * limits[load]);
                return true;
            }
        }
    }
    return false;
}

/* ---- preconditions ---- */

static void check_hosts(const struct scenario *scenario, const struct drill_facts *facts,
                        struct drill_reasons *reasons)
{
    const struct fleet *fleet = &scenario->fleet;
    int i;
    if (!facts->github.good)
        add(reasons, "GitHub: %.230s", facts->github.error.text);
    for (i = 0; i < fleet->n_hosts; i++) {
        if (facts->github.good && facts->github.hosts[i].online < fleet->hosts[i].slots)
            add(reasons, "%s: got %d registrations online, want %d", fleet->hosts[i].name,
                facts->github.hosts[i].online, fleet->hosts[i].slots);
        if (!facts->probe.answered[i])
            add(reasons, "%s: its probe %s does not answer", fleet->hosts[i].name,
                fleet->hosts[i].probe);
    }
}

static void check_alerts(const struct scenario *scenario, const struct drill_facts *facts,
                         struct drill_reasons *reasons)
{
    const struct fleet *fleet = &scenario->fleet;
    int i;
    if (facts->has_alerts && !facts->alerts.good)
        add(reasons, "alerts: %.230s", facts->alerts.error.text);
    for (i = 0; facts->alerts.good && i < fleet->n_hosts; i++)
        if (facts->alerts.severities[i] != 0 || facts->alerts.pending[i])
            add(reasons, "%s: an alert %s for it", fleet->hosts[i].name,
                facts->alerts.severities[i] ? "fires" : "is pending");
}

static void check_monitoring(struct prometheus_client *prometheus, struct drill_reasons *reasons)
{
    struct prometheus_rules rules = {0};
    struct und_err err = {0};
    size_t i;
    if (prometheus_client_ready(prometheus, &err) != UND_OK ||
        prometheus_client_rules(prometheus, &rules, &err) != UND_OK)
        add(reasons, "monitoring: %.230s", err.text);
    else if (rules.n == 0)
        add(reasons, "monitoring: Prometheus has no alerting rule");
    for (i = 0; i < rules.n; i++)
        if (strcmp(rules.item[i].health, "err") == 0)
            add(reasons, "monitoring: rule %.60s fails: %.120s", rules.item[i].name,
                rules.item[i].last_error);
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

static void check_workflows(const struct scenario *scenario, struct github_client *github,
                            struct drill_reasons *reasons)
{
    static const char *const statuses[] = {"in_progress", "queued"};
    struct und_err err = {0};
    size_t i, s;
    if (scenario->fleet.live.n_protected_workflows == 0)
        return;
    for (s = 0; s < 2 && err.code == UND_OK; s++) {
        struct github_runs runs = {0};
        github_runs(github, statuses[s], 100, &runs, &err);
        for (i = 0; i < runs.n; i++)
            if (is_protected(&scenario->fleet.live, runs.item[i].path))
                add(reasons, "workflow %.100s is %s (run %lld), and protected", runs.item[i].path,
                    runs.item[i].status, (long long)runs.item[i].id);
        github_runs_fini(&runs);
    }
    if (err.code != UND_OK)
        add(reasons, "workflows: %.230s", err.text);
}

bool drill_in_window(const struct drill_window *window, int64_t now_s)
{
    time_t at = (time_t)now_s;
    struct tm tm;
    int minute;
    if (!localtime_r(&at, &tm))
        return false;
    minute = tm.tm_hour * 60 + tm.tm_min;
    return (window->days >> (tm.tm_wday + 6) % 7 & 1) && minute >= window->from_min &&
           minute < window->to_min;
}

void drill_preconditions(const struct scenario *scenario, const struct drill_facts *facts,
                         struct prometheus_client *prometheus, struct github_client *github,
                         struct drill_reasons *reasons)
{
    const struct drill *drill = &scenario->drill;
    reasons->n = 0;
    if (drill->preconditions.has_window &&
        !drill_in_window(&drill->preconditions.window, (int64_t)time(NULL)))
        add(reasons, "time: now is outside of the permitted window");
    if (drill_stop_file(&scenario->fleet))
        add(reasons, "the stop file %.200s exists", scenario->fleet.live.stop_file);
    if (drill->preconditions.hosts_online)
        check_hosts(scenario, facts, reasons);
    if (drill->preconditions.no_alerts)
        check_alerts(scenario, facts, reasons);
    if (drill->preconditions.monitoring && prometheus)
        check_monitoring(prometheus, reasons);
    check_loads(scenario, prometheus, reasons);
    if (github)
        check_workflows(scenario, github, reasons);
}

/* ---- stop conditions ---- */

bool drill_stop_file(const struct fleet *fleet)
{
    return fleet->live.stop_file[0] && access(fleet->live.stop_file, F_OK) == 0;
}

bool drill_must_stop(const struct scenario *scenario, const struct drill_facts *facts,
                     const struct view *view, char why[256])
{
    const struct fleet *fleet = &scenario->fleet;
    int i;
    if (drill_stop_file(fleet)) {
        snprintf(why, 256, "the stop file %.200s exists", fleet->live.stop_file);
        return true;
    }
    if (scenario->drill.stop_when.queue > 0 && facts->queue > scenario->drill.stop_when.queue) {
        snprintf(why, 256, "queue: got %d jobs waiting, want at most %d", facts->queue,
                 scenario->drill.stop_when.queue);
        return true;
    }
    for (i = 0; i < view->n && scenario->drill.stop_when.others_offline; i++) {
        if (i == scenario->drill.target || view->host[i].offline_readings < fleet->policy.confirm)
            continue;
        snprintf(why, 256, "%s, which is not the target, is offline", fleet->hosts[i].name);
        return true;
    }
    return false;
}
