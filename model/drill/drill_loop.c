#include "drill_loop.h"
#include "model/base/assert.h"
#include "model/base/units.h"
#include "model/policy/policy_names.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ROUTE_DOUBLINGS 3 /* of the pause between two writes that fail */

/* ---- the story ---- */

/* What was learnt now of `at_ms`; `aside` is for whoever watches. */
static int tell_at(struct drill_loop *loop, int64_t at_ms, int host, enum mark mark,
                   const char *text, const char *aside)
{
    char line[sizeof loop->report->timeline.entry->what + 64];
    if (drill_track_seen(&loop->track, MOMENT_FAULT) && loop->mark_ms[mark] < 0)
        loop->mark_ms[mark] = loop->now_ms;
    snprintf(line, sizeof line, "%s%s", text, aside);
    loop->stage->tell(loop->stage->self, loop->now_ms, host, mark, line);
    return timeline_add(&loop->report->timeline, at_ms, loop->cause, host, mark, "%s", text);
}

int drill_tell(struct drill_loop *loop, int host, enum mark mark, const char *format, ...)
{
    char text[sizeof loop->report->timeline.entry->what];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return tell_at(loop, loop->now_ms, host, mark, text, "");
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
    int64_t fault_ms =
        (loop->track.moment[MOMENT_FAULT].from_ms + loop->track.moment[MOMENT_FAULT].to_ms) / 2;
    int i;
    for (i = 0; i < MOMENT_COUNT; i++) {
        const struct drill_span *span = &loop->track.moment[i];
        char at[UNITS_TEXT], aside[UNITS_TEXT + 32];
        if (!stories[i].what || loop->told[i] ||
            !drill_track_seen(&loop->track, (enum drill_moment)i))
            continue;
        loop->told[i] = true;
        units_format_duration((span->from_ms + span->to_ms) / 2 - fault_ms, at);
        snprintf(aside, sizeof aside, " (%s after the fault)", at);
        tell_at(loop, (span->from_ms + span->to_ms) / 2, -1, stories[i].mark, stories[i].what,
                aside);
    }
}

static void tell_notices(struct drill_loop *loop)
{
    int host, notice;
    for (notice = 0; notice < NOTICE_COUNT; notice++) {
        const char *name = policy_notice_name((enum notice)notice);
        if (loop->driver.plan.notices >> notice & 1)
            drill_tell(loop, -1, mark_of_notice((enum notice)notice), "policy: %s", name);
        for (host = 0; host < loop->driver.plan.n; host++)
            if (loop->driver.plan.host[host].notices >> notice & 1)
                drill_tell(loop, host, mark_of_notice((enum notice)notice), "policy: %s", name);
    }
}

static void draw_curves(struct drill_loop *loop)
{
    struct timeline_point fleet = {.at_ms = loop->now_ms, .host = -1, .phase = -1};
    size_t job;
    int i;
    for (i = 0; i < loop->driver.readings.view.n; i++) {
        const struct stage_reading *last = &loop->last[FEED_ALERTS];
        const struct view_host *host = &loop->driver.readings.view.host[i];
        timeline_point(&loop->report->timeline,
                       (struct timeline_point){.at_ms = loop->now_ms,
                                               .host = i,
                                               .phase = (int)loop->driver.state.host[i].phase,
                                               .admitted = loop->track.routed[i],
                                               .online = host->online,
                                               .busy = host->busy});
        fleet.alerts_firing += last->alerts[i].firing;
        fleet.alerts_pending += last->alerts[i].pending;
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
    if (loop->options->observe || loop->options->watch || loop->route_held_ms > loop->now_ms)
        return;
    if (loop->stage->reconcile(loop->stage->self, &loop->driver.plan, &loop->driver.state, &routing,
                               &err) != UND_OK) {
        /* Tried again after pauses that double; what stays undone shows in the measures. */
        drill_tell(loop, -1, MARK_NONE, "routing: %s", err.text);
        loop->route_held_ms = loop->now_ms + (loop->scenario->fleet.controller.github_poll_ms
                                              << loop->route_failures);
        loop->route_ms = loop->route_held_ms;
        loop->route_failures += loop->route_failures < ROUTE_DOUBLINGS;
        return;
    }
    loop->route_failures = 0;
    loop->now_ms = loop->stage->now_ms(loop->stage->self);
    loop->route_ms = routing.again_ms;
    drill_track_routing(&loop->track, loop->now_ms, &routing);
}

/* Recorded whatever it is: replay begins with the first, and shows the one that broke an
 * invariant. */
static bool decide(struct drill_loop *loop)
{
    bool sound = driver_step(&loop->driver, loop->now_ms);
    loop->stage->decision(loop->stage->self, loop->now_ms, &loop->driver.readings.view,
                          &loop->driver.plan, &loop->journal);
    return sound;
}

static void step(struct drill_loop *loop)
{
    bool sound;
    int i;
    if (!loop->scenario->fleet.has_policy)
        return;
    sound = decide(loop);
    for (i = 0; i < loop->driver.plan.n; i++)
        loop->report->failovers += (loop->driver.plan.host[i].notices & 1u << NOTICE_FAILOVER) != 0;
    drill_track_step(&loop->track, loop->now_ms, &loop->driver.plan, &loop->driver.state);
    tell_notices(loop);
    if (sound)
        route(loop);
    else
        loop->route_ms = -1; /* a plan that breaks a promise is never carried out */
}

/* ---- looking ---- */

static bool ask(struct drill_loop *loop, enum feed feed)
{
    struct stage_reading reading = {0};
    struct und_err err = {0};
    bool good = loop->stage->poll(loop->stage->self, feed, &reading, &err) == UND_OK;
    loop->report->polls++;
    loop->report->failed_polls += !good;
    if (!good && loop->good[feed])
        drill_tell(loop, -1, MARK_NONE, "no answer: %s", err.text);
    if (good)
        loop->last[feed] = reading;
    loop->good[feed] = good;
    loop->trouble[feed] = err;
    loop->now_ms = loop->stage->now_ms(loop->stage->self);
    return good;
}

static void inspect(struct drill_loop *loop)
{
    loop->state_trouble = (struct und_err){0};
    loop->stage->inspect(loop->stage->self, &loop->state, &loop->state_trouble);
}

void drill_loop_jobs(struct drill_loop *loop)
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
static bool is_news(struct drill_loop *loop, enum feed feed)
{
    if (feed != FEED_PROBE)
        return true;
    if (loop->last[feed].asked_ms == loop->counted_ms)
        return false;
    loop->counted_ms = loop->last[feed].asked_ms;
    return true;
}

static void look(struct drill_loop *loop, enum feed feed)
{
    if (ask(loop, feed)) {
        if (is_news(loop, feed))
            driver_take(&loop->driver, (enum poll)feed, loop->now_ms, loop->last[feed].host);
        drill_track_reading(&loop->track, feed, &loop->last[feed]);
    }
    step(loop);
    if (feed == FEED_GITHUB)
        drill_loop_jobs(loop);
    if (feed == FEED_ALERTS)
        inspect(loop);
    if (feed == FEED_GITHUB)
        draw_curves(loop);
    tell_moments(loop);
}

/* Asks nobody: what has been read says whether a host is healthy. */
static void check_health(struct drill_loop *loop)
{
    driver_take(&loop->driver, POLL_HEALTH, loop->now_ms, NULL);
    step(loop);
    tell_moments(loop);
}

/* The world every second, for the measures alone: the policy's probes keep their own interval. */
static void watch(struct drill_loop *loop)
{
    if (ask(loop, FEED_PROBE))
        drill_track_reading(&loop->track, FEED_PROBE, &loop->last[FEED_PROBE]);
    tell_moments(loop);
}

static void hear(struct drill_loop *loop, const struct stage_hint *hint)
{
    drill_track_hint(&loop->track, loop->listened_ms, loop->now_ms, hint);
    if (hint->host >= 0 && loop->scenario->fleet.controller.webhook) {
        driver_hint(&loop->driver, hint->host, hint->severities);
        step(loop);
    } else if (hint->host < 0) {
        look(loop, FEED_GITHUB);
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
    int feed;
    for (feed = 0; feed < FEED_COUNT; feed++)
        ask(loop, (enum feed)feed);
    inspect(loop);
}

void drill_loop_begin(struct drill_loop *loop)
{
    const struct fleet *fleet = &loop->scenario->fleet;
    const struct readings_setup setup = fleet_readings(fleet);
    int i;
    loop->now_ms = loop->stage->now_ms(loop->stage->self);
    driver_init(&loop->driver, &fleet->policy, &setup, loop->now_ms);
    drill_track_init(&loop->track, loop->scenario, loop->now_ms, watch_every_ms(loop));
    if (fleet->has_policy)
        decide(loop); /* its time of grace begins */
    for (i = 0; i < POLL_COUNT; i++)
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
    for (poll = 0; poll < POLL_COUNT; poll++) {
        if (loop->now_ms >= loop->due_ms[poll]) {
            if (poll == POLL_HEALTH)
                check_health(loop);
            else
                look(loop, (enum feed)poll);
            advance(&loop->due_ms[poll], fleet_poll_ms(&loop->scenario->fleet, (enum poll)poll),
                    loop->now_ms);
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
