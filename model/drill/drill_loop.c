#include "drill_loop.h"
#include "model/base/assert.h"
#include "model/base/units.h"
#include "model/policy/policy_names.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- the story ---- */

int drill_tell(struct drill_loop *loop, int host, enum mark mark, const char *format, ...)
{
    char text[sizeof loop->report->timeline.entry->what];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (drill_track_seen(&loop->track, MOMENT_FAULT) && loop->mark_ms[mark] < 0)
        loop->mark_ms[mark] = loop->now_ms;
    loop->stage->tell(loop->stage->self, loop->now_ms, host, mark, text);
    return timeline_add(&loop->report->timeline, loop->now_ms, loop->cause, host, mark, "%s", text);
}

/* The moments that the policy's own notices do not tell of, when they are first seen. */
static void tell_moments(struct drill_loop *loop)
{
    static const struct {
        enum mark mark;
        const char *what;
    } stories[MOMENT_COUNT] = {
        [MOMENT_PENDING] = {MARK_PENDING, "an alert is pending"},
        [MOMENT_FIRING] = {MARK_FIRING, "an alert fires"},
        [MOMENT_WEBHOOK] = {MARK_NONE, "a notification has come"},
        [MOMENT_ROUTED] = {MARK_ROUTING, "no new job can reach the host: routing has changed"},
        [MOMENT_SHUT] = {MARK_NONE, "GitHub gives the host no more jobs"},
        [MOMENT_FIRST_JOB] = {MARK_FIRST_JOB,
                              "service restored: a job that was held up has started"},
        [MOMENT_RECOVERED] = {MARK_NONE, "every job that was lost has been done again"},
        [MOMENT_FULL] = {MARK_FULL, "full capacity again"},
    };
    int64_t fault_ms = loop->track.moment[MOMENT_FAULT].from_ms;
    int i;
    for (i = 0; i < MOMENT_COUNT; i++) {
        char at[UNITS_TEXT];
        if (!stories[i].what || loop->told[i] ||
            !drill_track_seen(&loop->track, (enum drill_moment)i))
            continue;
        loop->told[i] = true;
        units_format_duration(loop->track.moment[i].from_ms - fault_ms, at);
        drill_tell(loop, -1, stories[i].mark, "%s (%s after the fault)", stories[i].what, at);
    }
}

static void tell_notices(struct drill_loop *loop)
{
    int host, notice;
    for (notice = 0; notice < NOTICE_COUNT; notice++) {
        const char *name = policy_notice_name((enum notice)notice);
        if (loop->plan.notices >> notice & 1)
            drill_tell(loop, -1, mark_of_notice((enum notice)notice), "policy: %s", name);
        for (host = 0; host < loop->plan.n; host++)
            if (loop->plan.host[host].notices >> notice & 1)
                drill_tell(loop, host, mark_of_notice((enum notice)notice), "policy: %s", name);
    }
}

static void draw_curves(struct drill_loop *loop)
{
    struct timeline_point fleet = {.at_ms = loop->now_ms, .host = -1, .phase = -1};
    size_t job;
    int i;
    for (i = 0; i < loop->readings.view.n; i++) {
        const struct stage_reading *alerts = &loop->last[STAGE_ALERTS];
        const struct view_host *host = &loop->readings.view.host[i];
        timeline_point(&loop->report->timeline,
                       (struct timeline_point){.at_ms = loop->now_ms,
                                               .host = i,
                                               .phase = (int)loop->policy.host[i].phase,
                                               .admitted = loop->track.routed[i],
                                               .online = host->online,
                                               .busy = host->busy});
        fleet.alerts_firing += alerts->host[i].firing;
        fleet.alerts_pending += alerts->host[i].pending;
    }
    for (job = 0; job < loop->n_jobs; job++)
        fleet.queue += loop->jobs[job].started_ms < 0 && loop->jobs[job].concluded_ms < 0;
    timeline_point(&loop->report->timeline, fleet);
}

/* ---- the policy ---- */

static void route(struct drill_loop *loop)
{
    struct stage_routing routing;
    struct und_err err = {0};
    if (loop->options->observe)
        return;
    if (loop->stage->reconcile(loop->stage->self, &loop->plan, &loop->policy, &routing, &err) !=
        UND_OK) {
        /* A write that failed is tried again; what stays undone shows in the measures. */
        drill_tell(loop, -1, MARK_NONE, "routing: %.100s", err.text);
        loop->route_ms = loop->now_ms + loop->scenario->fleet.controller.github_poll_ms;
        return;
    }
    loop->now_ms = loop->stage->now_ms(loop->stage->self);
    loop->route_ms = routing.again_ms;
    drill_track_routing(&loop->track, loop->now_ms, &routing);
}

static void step(struct drill_loop *loop)
{
    const struct view *view = readings_view(&loop->readings, loop->now_ms);
    int i;
    if (!loop->scenario->fleet.has_policy)
        return;
    policy_step(&loop->scenario->fleet.policy, &loop->policy, loop->now_ms, view, &loop->plan);
    loop->stage->decision(loop->stage->self, loop->now_ms, view, &loop->plan, &loop->journal);
    for (i = 0; i < loop->plan.n; i++)
        loop->report->failovers += (loop->plan.host[i].notices & 1u << NOTICE_FAILOVER) != 0;
    drill_track_step(&loop->track, loop->now_ms, &loop->plan, &loop->policy);
    tell_notices(loop);
    route(loop);
}

/* ---- looking ---- */

static int64_t interval(const struct drill_loop *loop, enum stage_poll poll)
{
    const struct controller *controller = &loop->scenario->fleet.controller;
    const int64_t intervals[STAGE_POLLS] = {controller->github_poll_ms, controller->alerts_poll_ms,
                                            controller->probe_interval_ms,
                                            controller->health_interval_ms};
    return intervals[poll];
}

static bool ask(struct drill_loop *loop, enum stage_poll poll)
{
    struct stage_reading reading = {0};
    struct und_err err = {0};
    bool good = loop->stage->poll(loop->stage->self, poll, &reading, &err) == UND_OK;
    loop->report->polls++;
    loop->report->failed_polls += !good;
    if (!good && loop->good[poll])
        drill_tell(loop, -1, MARK_NONE, "no answer: %.100s", err.text);
    if (good)
        loop->last[poll] = reading;
    loop->good[poll] = good;
    loop->trouble[poll] = err;
    loop->now_ms = loop->stage->now_ms(loop->stage->self);
    return good;
}

static void inspect(struct drill_loop *loop)
{
    loop->state_trouble = (struct und_err){0};
    loop->stage->inspect(loop->stage->self, &loop->state, &loop->state_trouble);
}

static void list_jobs(struct drill_loop *loop)
{
    struct und_err err = {0};
    size_t n = STAGE_JOBS;
    if (loop->stage->jobs(loop->stage->self, loop->jobs_since_ms, loop->jobs, &n, &err) != UND_OK)
        return;
    loop->n_jobs = n;
    drill_track_jobs(&loop->track, loop->jobs, n);
    loop->report->inflight = loop->track.inflight;
    loop->report->recovered = loop->track.recovered;
}

/* A round of probes counts once: while a host keeps the next one waiting there is nothing new. */
static bool is_news(struct drill_loop *loop, enum stage_poll poll)
{
    if (poll != STAGE_PROBE)
        return true;
    if (loop->last[poll].asked_ms == loop->counted_ms)
        return false;
    loop->counted_ms = loop->last[poll].asked_ms;
    return true;
}

static void take_in(struct drill_loop *loop, enum stage_poll poll)
{
    const struct stage_reading *reading = &loop->last[poll];
    struct host_reading hosts[FLEET_HOSTS];
    unsigned severities[FLEET_HOSTS];
    bool passed[FLEET_HOSTS];
    int i;
    for (i = 0; i < loop->readings.view.n; i++) {
        hosts[i] = (struct host_reading){reading->host[i].online, reading->host[i].busy,
                                         reading->host[i].routed};
        severities[i] = reading->host[i].severities;
        passed[i] = reading->host[i].passed;
        if (poll == STAGE_HEALTH)
            readings_health(&loop->readings, i, passed[i]);
    }
    if (poll == STAGE_GITHUB)
        readings_github(&loop->readings, loop->now_ms, hosts);
    else if (poll == STAGE_ALERTS)
        readings_alerts(&loop->readings, loop->now_ms, severities);
    else if (poll == STAGE_PROBE)
        readings_probe(&loop->readings, loop->now_ms, passed);
}

static void look(struct drill_loop *loop, enum stage_poll poll)
{
    if (ask(loop, poll)) {
        if (is_news(loop, poll))
            take_in(loop, poll);
        drill_track_reading(&loop->track, poll, &loop->last[poll]);
    }
    step(loop);
    if (poll == STAGE_GITHUB)
        list_jobs(loop);
    if (poll == STAGE_ALERTS)
        inspect(loop);
    if (poll == STAGE_GITHUB)
        draw_curves(loop);
    tell_moments(loop);
}

/* The world every second, for the measures alone: the policy's probes keep their own interval. */
static void watch(struct drill_loop *loop)
{
    if (ask(loop, STAGE_PROBE))
        drill_track_reading(&loop->track, STAGE_PROBE, &loop->last[STAGE_PROBE]);
    tell_moments(loop);
}

static void hear(struct drill_loop *loop, const struct stage_hint *hint)
{
    drill_track_hint(&loop->track, loop->listened_ms, loop->now_ms, hint);
    if (hint->host >= 0 && loop->scenario->fleet.controller.webhook) {
        /* A resolved notification speaks for its own group only: the next poll settles the rest. */
        readings_alert_hint(&loop->readings, hint->host,
                            loop->readings.view.host[hint->host].alerts | hint->severities);
        step(loop);
    } else if (hint->host < 0) {
        look(loop, STAGE_GITHUB);
    }
    tell_moments(loop);
}

/* ---- the loop ---- */

static int64_t watch_every_ms(const struct drill_loop *loop)
{
    return loop->options->watch_ms > 0 ? loop->options->watch_ms : DRILL_WATCH_MS;
}

void drill_loop_survey(struct drill_loop *loop)
{
    int poll;
    for (poll = 0; poll < STAGE_POLLS; poll++)
        ask(loop, (enum stage_poll)poll);
    inspect(loop);
}

void drill_loop_begin(struct drill_loop *loop)
{
    const struct fleet *fleet = &loop->scenario->fleet;
    int i;
    loop->now_ms = loop->stage->now_ms(loop->stage->self);
    readings_init(&loop->readings, fleet, loop->now_ms);
    drill_track_init(&loop->track, loop->scenario, loop->now_ms, watch_every_ms(loop));
    policy_init(&fleet->policy, &loop->policy, loop->now_ms,
                readings_view(&loop->readings, loop->now_ms));
    loop->plan.n = fleet->n_hosts;
    for (i = 0; i < fleet->n_hosts; i++)
        loop->plan.host[i] = (struct plan_host){.admitted = fleet->hosts[i].slots};
    for (i = 0; i < STAGE_POLLS; i++)
        loop->due_ms[i] = loop->now_ms + loop->options->phase_ms[i];
    loop->watch_ms = loop->listened_ms = loop->now_ms;
    loop->route_ms = -1;
    loop->counted_ms = -1;
    loop->jobs_since_ms = loop->now_ms;
}

/* The next point of the grid after now: those that a slow answer has passed are left out. */
static void advance(int64_t *due_ms, int64_t every_ms, int64_t now_ms)
{
    UND_ASSERT(*due_ms <= now_ms && every_ms > 0);
    *due_ms += ((now_ms - *due_ms) / every_ms + 1) * every_ms;
}

static int64_t earlier(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

enum stage_wake drill_loop_turn(struct drill_loop *loop, int64_t until_ms)
{
    struct stage_hint hint = {.host = -1};
    int poll;
    loop->now_ms = loop->stage->now_ms(loop->stage->self);
    if (loop->now_ms >= loop->watch_ms) {
        watch(loop);
        advance(&loop->watch_ms, watch_every_ms(loop), loop->now_ms);
    }
    for (poll = 0; poll < STAGE_POLLS; poll++) {
        if (loop->now_ms >= loop->due_ms[poll]) {
            look(loop, (enum stage_poll)poll);
            advance(&loop->due_ms[poll], interval(loop, (enum stage_poll)poll), loop->now_ms);
        }
        until_ms = earlier(until_ms, loop->due_ms[poll]);
    }
    if (loop->route_ms >= 0 && loop->now_ms >= loop->route_ms)
        route(loop);
    until_ms = earlier(until_ms, loop->watch_ms);
    if (loop->route_ms >= 0)
        until_ms = earlier(until_ms, loop->route_ms);
    tell_moments(loop);
    loop->wake = loop->stage->wait(loop->stage->self, until_ms, &hint);
    loop->now_ms = loop->stage->now_ms(loop->stage->self);
    if (loop->wake == STAGE_HINT)
        hear(loop, &hint);
    loop->listened_ms = loop->now_ms;
    return loop->wake;
}
