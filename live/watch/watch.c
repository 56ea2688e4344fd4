#include "watch.h"
#include "live/journal/record.h"
#include "model/base/assert.h"
#include "model/policy/invariant.h"
#include "model/policy/policy_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct watch {
    const struct fleet *fleet;
    const struct fleet_clock *pace;
    const atomic_bool *cancel;
    struct journal *journal;
    int64_t run;
    struct feeds *feeds;
    struct readings readings;
    struct policy_state state, before;
    struct plan plan;
    struct feed_reading reading; /* of the last event */
    bool has_reading, begun;
    bool heard[FEED_COUNT]; /* a good reading at all */
    bool answered[FLEET_HOSTS];
    int64_t next_tick_ms, next_health_ms;
};

json_t *watch_about(const struct fleet *fleet)
{
    json_t *hosts = json_array();
    int i;
    for (i = 0; i < fleet->n_hosts; i++)
        json_array_append_new(hosts, json_string(fleet->hosts[i].name));
    return json_pack("{s:o, s:o, s:f, s:s}", "policy", record_config(&fleet->policy), "hosts",
                     hosts, "time_factor", fleet->live.time_factor, "fleet", fleet->path);
}

enum und_code watch_open(struct watch **out, const struct fleet *fleet,
                         const struct fleet_clock *pace, const atomic_bool *cancel,
                         struct journal *journal, int64_t run, struct und_err *err)
{
    struct watch *watch = calloc(1, sizeof *watch);
    UND_ASSERT(watch != NULL);
    *out = NULL;
    watch->fleet = fleet;
    watch->pace = pace;
    watch->cancel = cancel;
    watch->journal = journal;
    watch->run = run;
    if (!fleet->live.present)
        und_fail(err, UND_USAGE, "%s: has no live section, want one: where the services are",
                 fleet->path);
    else if (!fleet->has_policy)
        und_fail(err, UND_USAGE, "%s: has no policy section, want one: what to decide by",
                 fleet->path);
    else
        feeds_open(&watch->feeds, fleet, pace, cancel, err);
    if (err->code != UND_OK) {
        watch_close(watch);
        return err->code;
    }
    readings_init(&watch->readings, fleet, fleet_clock_now_ms(pace));
    watch->readings.no_alerts = !feeds_have_alerts(watch->feeds);
    watch->next_health_ms = fleet_clock_now_ms(pace) + fleet->controller.health_interval_ms;
    *out = watch;
    return UND_OK;
}

void watch_close(struct watch *watch)
{
    if (!watch)
        return;
    feeds_close(watch->feeds);
    free(watch);
}

static void apply(struct watch *watch, const struct feed_reading *reading)
{
    unsigned severities[FLEET_HOSTS];
    int i;
    if (!reading->good)
        return;
    watch->heard[reading->feed] = true;
    switch (reading->feed) {
    case FEED_GITHUB:
        readings_github(&watch->readings, reading->at_ms, reading->hosts);
        return;
    case FEED_ALERTS:
        for (i = 0; i < watch->fleet->n_hosts; i++)
            severities[i] = reading->alerts[i].severities;
        readings_alerts(&watch->readings, reading->at_ms, severities);
        return;
    case FEED_PROBE:
        memcpy(watch->answered, reading->answered, sizeof watch->answered);
        readings_probe(&watch->readings, reading->at_ms, reading->answered);
        return;
    case FEED_COUNT:
        break;
    }
    UND_UNREACHABLE();
}

/* Sound: GitHub sees it, the probe sees it, and nothing fires for it that would move jobs. */
static void check_health(struct watch *watch, int64_t now_ms)
{
    int i;
    if (now_ms < watch->next_health_ms)
        return;
    watch->next_health_ms = now_ms + watch->fleet->controller.health_interval_ms;
    for (i = 0; i < watch->fleet->n_hosts; i++) {
        const struct view_host *host = &watch->readings.view.host[i];
        readings_health(&watch->readings, i,
                        host->online > 0 && watch->answered[i] &&
                            (host->alerts & watch->fleet->policy.severities) == 0);
    }
}

static bool stale(const struct watch *watch, const struct view *view)
{
    int feed;
    for (feed = 0; feed < FEED_COUNT; feed++)
        if (view->age_ms[feed] > watch->fleet->policy.stale_after_ms)
            return true;
    return false;
}

/* Nothing would come of a step: the policy says so itself, for fresh feeds. */
static bool idle(const struct watch *watch, const struct view *view)
{
    return watch->begun && !watch->readings.changed && stale(watch, view) == watch->state.blind &&
           policy_settled(&watch->fleet->policy, &watch->state, view);
}

static enum und_code step(struct watch *watch, int64_t now_ms, const struct view *view,
                          struct und_err *err)
{
    const struct policy_config *policy = &watch->fleet->policy;
    enum invariant broken;
    int host = -1;
    if (!watch->begun)
        policy_init(policy, &watch->state, now_ms, view);
    watch->begun = true;
    watch->before = watch->state;
    policy_step(policy, &watch->state, now_ms, view, &watch->plan);
    watch->readings.changed = false;
    broken =
        invariant_check(policy, &watch->before, &watch->state, now_ms, view, &watch->plan, &host);
    if (journal_decision(watch->journal, watch->run, now_ms, view, &watch->plan, err) != UND_OK)
        return err->code;
    if (broken != INVARIANT_HOLDS)
        return und_fail(err, UND_FAILED, "policy: invariant %s broken for %s; replay the journal",
                        invariant_name(broken),
                        host >= 0 ? watch->fleet->hosts[host].name : "the fleet");
    return UND_OK;
}

/* The first step waits until every feed has spoken once, or has had time to. */
static bool ready(const struct watch *watch, int64_t now_ms)
{
    int feed;
    if (watch->begun || now_ms > watch->fleet->policy.stale_after_ms)
        return true;
    for (feed = 0; feed < FEED_COUNT; feed++)
        if (!watch->heard[feed] && !(feed == FEED_ALERTS && watch->readings.no_alerts))
            return false;
    return true;
}

enum und_code watch_next(struct watch *watch, struct watch_event *event, struct und_err *err)
{
    int64_t now_ms, wait_ms = watch->next_tick_ms - fleet_clock_now_ms(watch->pace);
    const struct view *view;
    if (watch->cancel && atomic_load(watch->cancel))
        return und_fail(err, UND_INTERRUPTED, "interrupted");
    watch->has_reading = feeds_take(
        watch->feeds, wait_ms > 0 ? fleet_clock_real_ms(watch->pace, wait_ms) : 0, &watch->reading);
    now_ms = fleet_clock_now_ms(watch->pace);
    if (watch->has_reading)
        apply(watch, &watch->reading);
    check_health(watch, now_ms);
    if (now_ms >= watch->next_tick_ms)
        watch->next_tick_ms = now_ms + WATCH_TICK_MS;
    view = readings_view(&watch->readings, now_ms);
    *event = (struct watch_event){.reading = watch->has_reading ? &watch->reading : NULL,
                                  .now_ms = now_ms,
                                  .view = view,
                                  .plan = &watch->plan,
                                  .state = &watch->state};
    if (!ready(watch, now_ms) || idle(watch, view))
        return UND_OK;
    event->stepped = true;
    return step(watch, now_ms, view, err);
}

void watch_hint(struct watch *watch, int host, unsigned severities)
{
    readings_alert_hint(&watch->readings, host, severities);
}

void watch_describe(const struct watch *watch, int host, char *out, size_t size)
{
    static const char *const probes[] = {"unknown", "up", "down"};
    const struct view_host *seen = &watch->readings.view.host[host];
    size_t n = (size_t)snprintf(
        out, size, "%s: %s, %d of %d admitted, %d online, %d busy, probe %s",
        watch->fleet->hosts[host].name, policy_phase_name(watch->state.host[host].phase),
        watch->plan.host[host].admitted, seen->slots, seen->online, seen->busy,
        probes[seen->probe]);
    int severity;
    for (severity = 0; severity < SEVERITY_COUNT && n < size; severity++)
        if (seen->alerts >> severity & 1)
            n += (size_t)snprintf(out + n, size - n, ", %s alert",
                                  policy_severity_name((enum severity)severity));
}
