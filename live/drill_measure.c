#include "drill_measure.h"
#include "model/assert.h"
#include "model/policy_names.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUTING_ERROR_MS 100 /* real: the last write's answer took about that long to come */

static bool leaves_host_serving(const struct scenario *scenario)
{
    enum fault_kind kind = scenario->n_faults > 0 ? scenario->faults[0].kind : FAULT_KINDS;
    return kind == FAULT_CPU_STRESS || kind == FAULT_MEMORY_STRESS || kind == FAULT_DISK_STRESS ||
           kind == FAULT_SLOW_HOST || kind == FAULT_SLOTS_LOST;
}

void measure_init(struct drill_measure *measure, const struct scenario *scenario,
                  const struct pace *pace, bool acting)
{
    double pickup =
        scenario->fleet.github.present ? dist_quantile(&scenario->fleet.github.pickup, 0.99) : 0;
    int mark;
    memset(measure, 0, sizeof *measure);
    measure->scenario = scenario;
    measure->pace = pace;
    measure->acting = acting;
    measure->degrading = leaves_host_serving(scenario);
    measure->pickup_ms = (isfinite(pickup) ? (int64_t)pickup : 0) + 5000;
    measure->offset_error_ms = -1;
    measure->believed_until_ms = -1;
    for (mark = 0; mark < MARK_COUNT; mark++)
        measure->stage[mark].at_ms = -1;
    measure->recovery.at_ms = -1;
    timeline_init(&measure->timeline);
    measure->job = calloc(DRILL_JOBS, sizeof *measure->job);
    UND_ASSERT(measure->job != NULL);
}

void measure_fini(struct drill_measure *measure)
{
    timeline_fini(&measure->timeline);
    free(measure->job);
    measure->job = NULL;
}

static void reach(struct drill_measure *measure, enum mark mark, int64_t at_ms, int64_t error_ms,
                  const char *what)
{
    int target = measure->scenario->drill.target;
    if (measure->stage[mark].at_ms >= 0)
        return;
    measure->stage[mark] = (struct drill_stage){at_ms, error_ms};
    timeline_add(&measure->timeline, at_ms, -1, target, mark, "%s", what);
}

void measure_fault(struct drill_measure *measure, int64_t from_ms, int64_t to_ms)
{
    reach(measure, MARK_FAULT, (from_ms + to_ms) / 2, (to_ms - from_ms + 1) / 2, "injected");
}

void measure_revert(struct drill_measure *measure, int64_t at_ms)
{
    reach(measure, MARK_FAULT_END, at_ms, 0, "reverted");
}

/* A time of GitHub's in fleet time, and what it may be wrong by. */
static int64_t github_time(const struct drill_measure *measure, int64_t their_wall_ms,
                           int64_t *error_ms)
{
    int64_t real_error_ms = measure->offset_error_ms >= 0 ? measure->offset_error_ms : 1000;
    int64_t half_ms = measure->fractions ? 0 : 500; /* whole seconds are cut, not rounded */
    if (error_ms)
        *error_ms = pace_fleet_ms(measure->pace, real_error_ms + half_ms);
    return pace_of_wall_ms(measure->pace, their_wall_ms - measure->offset_ms + half_ms);
}

static struct drill_job *track(struct drill_measure *measure, const struct github_job *job)
{
    struct drill_job *tracked;
    size_t i;
    for (i = 0; i < measure->n_jobs; i++)
        if (measure->job[i].id == job->id)
            return &measure->job[i];
    if (measure->n_jobs == DRILL_JOBS)
        return NULL;
    tracked = &measure->job[measure->n_jobs++];
    *tracked = (struct drill_job){.id = job->id, .run = job->run_id, .attempt = job->attempt};
    memcpy(tracked->name, job->name, sizeof tracked->name);
    return tracked;
}

/* Waited, or has waited by now, longer after the fault than a pick-up takes, and began to while
 * GitHub might have handed it to a registration that was gone. */
static bool is_held_up(const struct drill_measure *measure, const struct github_job *job,
                       int64_t now_ms)
{
    int64_t fault_ms = measure->stage[MARK_FAULT].at_ms;
    int64_t since_ms = github_time(measure, job->created_ms, NULL);
    int64_t until_ms = job->started_ms < 0 ? now_ms : github_time(measure, job->started_ms, NULL);
    if (since_ms < fault_ms)
        since_ms = fault_ms;
    return until_ms - since_ms > measure->pickup_ms &&
           (measure->believed_until_ms < 0 || since_ms <= measure->believed_until_ms);
}

static void job_started(struct drill_measure *measure, const struct drill_job *tracked,
                        const struct github_job *job)
{
    int host = roster_of_runner(&measure->scenario->fleet, job->runner_name);
    int64_t error_ms, at_ms = github_time(measure, job->started_ms, &error_ms);
    int64_t routed_ms = measure->stage[MARK_ROUTING].at_ms;
    bool restores = measure->degrading ? routed_ms >= 0 && at_ms >= routed_ms : tracked->held_up;
    if (host < 0 || host == measure->scenario->drill.target || !restores ||
        at_ms < measure->stage[MARK_FAULT].at_ms)
        return;
    /* Jobs come in no order: an earlier start that is seen later counts. */
    if (measure->stage[MARK_FIRST_JOB].at_ms > at_ms)
        measure->stage[MARK_FIRST_JOB].at_ms = at_ms;
    reach(measure, MARK_FIRST_JOB, at_ms, error_ms, "service restored: a held up job starts");
}

/* Done: by itself, or by a later attempt of the same job. */
static void check_recovered(struct drill_measure *measure, const struct github_job *job)
{
    int64_t error_ms, at_ms;
    size_t i;
    if (strcmp(job->conclusion, "success") != 0 || job->completed_ms < 0)
        return;
    at_ms = github_time(measure, job->completed_ms, &error_ms);
    for (i = 0; i < measure->n_jobs; i++) {
        struct drill_job *lost = &measure->job[i];
        if (!lost->inflight || lost->recovered || lost->run != job->run_id ||
            strcmp(lost->name, job->name) != 0 || job->attempt < lost->attempt)
            continue;
        lost->recovered = true;
        if (at_ms > measure->recovery.at_ms)
            measure->recovery = (struct drill_stage){at_ms, error_ms};
    }
}

static void see_job(struct drill_measure *measure, const struct github_job *job, int64_t now_ms)
{
    struct drill_job *tracked = track(measure, job);
    int host = roster_of_runner(&measure->scenario->fleet, job->runner_name);
    bool faulted = measure->stage[MARK_FAULT].at_ms >= 0;
    if (job->created_ms % 1000 != 0 || (job->started_ms >= 0 && job->started_ms % 1000 != 0))
        measure->fractions = true;
    if (job->started_ms < 0 && strcmp(job->status, "queued") == 0)
        measure->queue++;
    if (!tracked || !faulted)
        return;
    if (!measure->inflight_known && host == measure->scenario->drill.target &&
        strcmp(job->status, "in_progress") == 0)
        tracked->inflight = true;
    tracked->held_up = tracked->held_up || is_held_up(measure, job, now_ms);
    measure->anyone_held_up = measure->anyone_held_up || tracked->held_up;
    if (job->started_ms >= 0)
        job_started(measure, tracked, job);
    check_recovered(measure, job);
}

static void see_belief(struct drill_measure *measure, const struct feed_reading *reading)
{
    int i, others = 0, target = measure->scenario->drill.target;
    for (i = 0; i < measure->scenario->fleet.n_hosts; i++)
        others += i == target ? 0 : reading->hosts[i].online;
    if (measure->believed_until_ms < 0 && measure->stage[MARK_FAULT].at_ms >= 0 && target >= 0 &&
        reading->begun_ms >= measure->stage[MARK_FAULT].at_ms &&
        reading->hosts[target].online == 0 && others > 0)
        measure->believed_until_ms = reading->at_ms;
}

static void see_github(struct drill_measure *measure, const struct feed_reading *reading,
                       int64_t now_ms)
{
    int target = measure->scenario->drill.target;
    bool faulted = measure->stage[MARK_FAULT].at_ms >= 0;
    size_t i;
    measure->offset_ms = reading->offset_ms;
    measure->offset_error_ms = reading->offset_error_ms;
    measure->queue = 0;
    see_belief(measure, reading);
    for (i = 0; i < reading->jobs.n; i++)
        see_job(measure, &reading->jobs.item[i], now_ms);
    if (faulted && reading->begun_ms >= measure->stage[MARK_FAULT].at_ms)
        measure->inflight_known = true;
    if (target >= 0 && measure->acting && measure->stage[MARK_DECISION].at_ms >= 0 &&
        reading->labelled[target] == 0)
        reach(measure, MARK_ROUTING, reading->written_ms,
              pace_fleet_ms(measure->pace, ROUTING_ERROR_MS), "no new job can reach the host");
}

static void see_alerts(struct drill_measure *measure, const struct feed_reading *reading)
{
    int host = measure->scenario->drill.target;
    int64_t fault_ms = measure->stage[MARK_FAULT].at_ms, active_ms;
    if (host < 0 || fault_ms < 0)
        return;
    active_ms = reading->active_wall_ms[host];
    if (active_ms >= 0 && pace_of_wall_ms(measure->pace, active_ms) >= fault_ms)
        reach(measure, MARK_PENDING, pace_of_wall_ms(measure->pace, active_ms),
              pace_fleet_ms(measure->pace, 20), "an alert of the host is pending");
    if (reading->severities[host] != 0)
        reach(measure, MARK_FIRING, reading->at_ms,
              measure->scenario->fleet.controller.alerts_poll_ms, "an alert of the host fires");
    else if (measure->stage[MARK_FIRING].at_ms >= 0 && active_ms < 0)
        reach(measure, MARK_RESOLVED, reading->at_ms,
              measure->scenario->fleet.controller.alerts_poll_ms, "no alert of the host is left");
}

/* The controller's own words: exact to the tick of its loop. */
static void see_plan(struct drill_measure *measure, const struct watch_event *event)
{
    static const struct {
        enum notice notice;
        enum mark mark;
    } words[] = {{NOTICE_DETECTED, MARK_DETECTION},
                 {NOTICE_FAILOVER, MARK_DECISION},
                 {NOTICE_FAILBACK, MARK_FAILBACK},
                 {NOTICE_RESTORED, MARK_FULL}};
    int host = measure->scenario->drill.target;
    size_t i;
    if (host < 0 || measure->stage[MARK_FAULT].at_ms < 0)
        return;
    for (i = 0; i < sizeof words / sizeof words[0]; i++)
        if (event->plan->host[host].notices >> words[i].notice & 1)
            reach(measure, words[i].mark, event->now_ms, WATCH_TICK_MS / 2,
                  policy_notice_name(words[i].notice));
}

static void add_point(struct drill_measure *measure, const struct watch_event *event)
{
    int host;
    for (host = 0; host < event->view->n; host++)
        timeline_point(&measure->timeline,
                       (struct timeline_point){.at_ms = event->now_ms,
                                               .host = host,
                                               .phase = event->state->host[host].phase,
                                               .admitted = event->plan->host[host].admitted,
                                               .online = event->view->host[host].online,
                                               .busy = event->view->host[host].busy,
                                               .queue = measure->queue});
}

void measure_event(struct drill_measure *measure, const struct watch_event *event)
{
    if (event->stepped)
        see_plan(measure, event);
    if (!event->reading || !event->reading->good)
        return;
    if (event->reading->feed == FEED_GITHUB)
        see_github(measure, event->reading, event->now_ms);
    else if (event->reading->feed == FEED_ALERTS)
        see_alerts(measure, event->reading);
    add_point(measure, event);
}

static int64_t between(const struct drill_stage *from, const struct drill_stage *to,
                       int64_t *error_ms)
{
    *error_ms = from->error_ms + to->error_ms;
    return from->at_ms < 0 || to->at_ms < 0 ? -1 : to->at_ms - from->at_ms;
}

int64_t measure_metric(const struct drill_measure *measure, enum metric metric, int64_t *error_ms)
{
    const struct drill_stage *stage = measure->stage;
    *error_ms = 0;
    if (metric == METRIC_DETECTION)
        return between(&stage[MARK_FAULT], &stage[MARK_DETECTION], error_ms);
    if (metric == METRIC_FAILOVER)
        return between(&stage[MARK_DETECTION],
                       &stage[measure->acting ? MARK_ROUTING : MARK_DECISION], error_ms);
    if (metric == METRIC_RTO)
        return between(&stage[MARK_FAULT], &stage[MARK_FIRST_JOB], error_ms);
    if (metric == METRIC_PENDING)
        return between(&stage[MARK_FAULT], &stage[MARK_PENDING], error_ms);
    if (metric == METRIC_FIRING)
        return between(&stage[MARK_FAULT], &stage[MARK_FIRING], error_ms);
    if (metric == METRIC_MTTR)
        return between(&stage[MARK_FAULT], &stage[MARK_FULL], error_ms);
    if (metric == METRIC_JOB_RECOVERY) {
        size_t i;
        for (i = 0; i < measure->n_jobs; i++)
            if (measure->job[i].inflight && !measure->job[i].recovered)
                return -1;
        return between(&stage[MARK_FAULT], &measure->recovery, error_ms);
    }
    return -1;
}
