/* What must hold before a drill begins, and what ends it early. Pure: looks at what was seen. */
#include "drill_loop.h"
#include "model/base/units.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

/* Says why, and that it does not hold. */
__attribute__((format(printf, 3, 4))) static bool no(char *why, size_t size, const char *format,
                                                     ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, size, format, arguments);
    va_end(arguments);
    return false;
}

static const char *host_name(const struct drill_loop *loop, int host)
{
    return loop->scenario->fleet.hosts[host].name;
}

/* A host that serves while the others cannot; where the drill hits none, the backups. */
static bool takes_over(const struct drill_loop *loop, int host)
{
    if (loop->track.hosts == 0)
        return loop->scenario->fleet.hosts[host].tier == TIER_BACKUP;
    return !(loop->track.hosts >> host & 1);
}

static bool hosts_online(const struct drill_loop *loop, char *why, size_t size)
{
    const struct fleet *fleet = &loop->scenario->fleet;
    const struct stage_reading *github = &loop->last[FEED_GITHUB];
    int i;
    if (!loop->good[FEED_GITHUB])
        return no(why, size, "GitHub did not answer: %s", loop->trouble[FEED_GITHUB].text);
    if (!loop->good[FEED_PROBE])
        return no(why, size, "the hosts could not be probed");
    if (loop->state.registrations[0])
        return no(why, size, "%s", loop->state.registrations);
    for (i = 0; i < fleet->n_hosts; i++) {
        int slots = fleet->hosts[i].slots;
        if (github->host[i].online != slots)
            return no(why, size, "%s: got %d registrations online, want %d", host_name(loop, i),
                      github->host[i].online, slots);
        if (github->host[i].routed != fleet_rotation(fleet, i))
            return no(why, size, "%s: got %d registrations in the rotation, want %d",
                      host_name(loop, i), github->host[i].routed, fleet_rotation(fleet, i));
        if (!loop->last[FEED_PROBE].host[i].answered)
            return no(why, size, "%s: does not answer the probe", host_name(loop, i));
    }
    return true;
}

static bool monitoring_quiet(const struct drill_loop *loop, char *why, size_t size)
{
    const struct stage_reading *last = &loop->last[FEED_ALERTS];
    int i;
    if (!loop->scenario->fleet.monitoring.present)
        return true;
    if (loop->drill->preconditions.monitoring && !loop->good[FEED_ALERTS])
        return no(why, size, "monitoring did not answer: %s", loop->trouble[FEED_ALERTS].text);
    if (loop->drill->preconditions.monitoring && !loop->state.monitoring_healthy)
        return no(why, size, "monitoring is not healthy: %s", loop->state.monitoring_why);
    for (i = 0; i < loop->scenario->fleet.n_hosts && loop->drill->preconditions.no_alerts; i++)
        if (loop->good[FEED_ALERTS] && (last->alerts[i].firing || last->alerts[i].pending))
            return no(why, size, "%s: an alert is %s", host_name(loop, i),
                      last->alerts[i].firing ? "firing" : "pending");
    return true;
}

struct limits {
    double cpu, memory, disk;
    bool must_know; /* a precondition; what is not known stops no drill that has begun */
};

/* A limit of 100% asks nothing, so that the resource need not be known. */
static bool below(const char *host, const char *what, double value, double limit, bool must_know,
                  char *why, size_t size)
{
    if (limit >= 1 || value < limit)
        return true;
    if (!isnan(value))
        return no(why, size, "%s: %s: got %.0f%%, want below %.0f%%", host, what, 100 * value,
                  100 * limit);
    return !must_know ||
           no(why, size, "%s: %s is not known, want below %.0f%%", host, what, 100 * limit);
}

static bool idle_enough(const struct drill_loop *loop, const struct limits *limits, char *why,
                        size_t size)
{
    int i;
    for (i = 0; i < loop->scenario->fleet.n_hosts; i++) {
        const char *name = host_name(loop, i);
        if (!takes_over(loop, i))
            continue;
        if (!below(name, "CPU", loop->state.host[i].cpu, limits->cpu, limits->must_know, why,
                   size) ||
            !below(name, "memory", loop->state.host[i].memory, limits->memory, limits->must_know,
                   why, size) ||
            !below(name, "disk", loop->state.host[i].disk, limits->disk, limits->must_know, why,
                   size))
            return false;
    }
    return true;
}

static bool permitted_now(const struct drill_loop *loop, char *why, size_t size)
{
    const struct drill_window *window = &loop->drill->preconditions.window;
    int minute = loop->state.minute;
    if (loop->state.protected_workflow[0])
        return no(why, size, "the protected workflow %s is running",
                  loop->state.protected_workflow);
    if (loop->drill->preconditions.has_window &&
        (!(window->days >> loop->state.weekday & 1) || minute < window->from_min ||
         minute >= window->to_min))
        return no(why, size,
                  "outside the permitted window: it is %02d:%02d, want %02d:%02d-%02d:%02d%s",
                  minute / 60, minute % 60, window->from_min / 60, window->from_min % 60,
                  window->to_min / 60, window->to_min % 60,
                  window->days >> loop->state.weekday & 1 ? "" : " on another day");
    return true;
}

bool drill_check_ready(const struct drill_loop *loop, char *why, size_t size)
{
    const struct drill *drill = loop->drill;
    const struct limits limits = {drill->preconditions.cpu, drill->preconditions.memory,
                                  drill->preconditions.disk, true};
    if (loop->state_trouble.code != UND_OK)
        return no(why, size, "the state of hosts and monitoring could not be read: %s",
                  loop->state_trouble.text);
    return permitted_now(loop, why, size) &&
           (!drill->preconditions.hosts_online || hosts_online(loop, why, size)) &&
           monitoring_quiet(loop, why, size) && idle_enough(loop, &limits, why, size);
}

bool drill_check_answered(const struct drill_loop *loop)
{
    const struct drill *drill = loop->drill;
    bool alerts = loop->scenario->fleet.monitoring.present && drill->preconditions.monitoring;
    return loop->state_trouble.code == UND_OK &&
           (loop->good[FEED_GITHUB] || !drill->preconditions.hosts_online) &&
           (loop->good[FEED_ALERTS] || !alerts);
}

static int waiting_jobs(const struct drill_loop *loop)
{
    int n = 0;
    size_t i;
    for (i = 0; i < loop->n_jobs; i++)
        n += loop->jobs[i].started_ms < 0 && loop->jobs[i].concluded_ms < 0;
    return n;
}

/* One reading may lie: offline counts when confirmed, a probe when it has missed often enough. */
static bool others_there(const struct drill_loop *loop, char *why, size_t size)
{
    int i;
    for (i = 0; i < loop->scenario->fleet.n_hosts; i++) {
        const struct view_host *host = &loop->driver.readings.view.host[i];
        if (loop->track.hosts >> i & 1)
            continue;
        if (host->offline_readings >= loop->scenario->fleet.policy.confirm &&
            host->offline_readings > 0)
            return no(why, size, "%s is not part of the drill and went offline",
                      host_name(loop, i));
        if (host->probe == PROBE_DOWN)
            return no(why, size, "%s is not part of the drill and does not answer any more",
                      host_name(loop, i));
    }
    return true;
}

/* Whether the fault itself takes this feed away from the controller. */
static bool is_meant(const struct drill_loop *loop, enum feed feed)
{
    const unsigned takes =
        feed == FEED_GITHUB ? TAKES_GITHUB | TAKES_CALLS | TAKES_TOKEN : TAKES_PROMETHEUS;
    const struct scenario *scenario = loop->scenario;
    int i;
    for (i = 0; i < scenario->n_faults; i++)
        if (fault_takes(&scenario->faults[i]) & takes)
            return true;
    return false;
}

/* A fault must not be held on blindly. */
static bool sighted(const struct drill_loop *loop, enum feed feed, const char *name,
                    int64_t limit_ms, char *why, size_t size)
{
    int64_t since_ms = loop->track.answered_ms[feed];
    char text[UNITS_TEXT];
    if (limit_ms == 0 || loop->good[feed] || is_meant(loop, feed) ||
        loop->now_ms - since_ms <= limit_ms)
        return true;
    return no(why, size, "%s has not answered for more than %s: %s", name,
              units_format_duration(limit_ms, text), loop->trouble[feed].text);
}

bool drill_check_go_on(const struct drill_loop *loop, char *why, size_t size)
{
    const struct drill *drill = loop->drill;
    const struct limits limits = {drill->stop_when.cpu, drill->stop_when.memory,
                                  drill->stop_when.disk, false};
    int queue = waiting_jobs(loop);
    if (drill->stop_when.others_offline && !others_there(loop, why, size))
        return false;
    if (!sighted(loop, FEED_GITHUB, "GitHub", drill->stop_when.github_lost_ms, why, size) ||
        (loop->scenario->fleet.monitoring.present &&
         !sighted(loop, FEED_ALERTS, "Prometheus", drill->stop_when.monitoring_lost_ms, why, size)))
        return false;
    if (drill->stop_when.queue > 0 && queue > drill->stop_when.queue)
        return no(why, size, "%d jobs are waiting, more than %d", queue, drill->stop_when.queue);
    return loop->state_trouble.code != UND_OK || idle_enough(loop, &limits, why, size);
}
