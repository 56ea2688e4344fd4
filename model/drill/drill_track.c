#include "drill_track.h"
#include "model/base/assert.h"

#include <math.h>
#include <string.h>

#define GRACEFUL_MS 3000 /* GitHub knows of a graceful stop within seconds, before any poll */
#define PICKUP_MOST 0.95
#define PICKUP_ALL 0.999 /* beyond it a job is taken to have waited for a slot */

static bool hit(const struct drill_track *track, int host)
{
    return host >= 0 && (track->hosts >> host & 1) != 0;
}

/* All is well before the fault: the preconditions have seen to that. */
void drill_track_init(struct drill_track *track, const struct scenario *scenario, int64_t now_ms,
                      int64_t resolution_ms)
{
    const struct fleet *fleet = &scenario->fleet;
    int i;
    memset(track, 0, sizeof *track);
    track->scenario = scenario;
    track->resolution_ms = resolution_ms;
    track->quiet = true;
    for (i = 0; i < scenario->n_faults; i++) {
        const struct fault *fault = &scenario->faults[i];
        track->hosts |= fault_hosts(fault);
        track->degrading = track->degrading || fault_degrades(fault);
        track->severing = track->severing || fault_severs(fault);
        track->maintenance = track->maintenance || fault_drains_by_hand(fault);
    }
    track->degrading = track->degrading && !track->severing;
    track->self_ending = track->severing;
    for (i = 0; i < scenario->drill.n_inject; i++)
        track->self_ending = track->self_ending && scenario->drill.inject[i].undo.n == 0;
    for (i = 0, track->graceful = true; i < scenario->n_faults; i++)
        track->graceful = track->graceful && fault_takes(&scenario->faults[i]) == TAKES_SERVICE &&
                          scenario->faults[i].graceful;
    track->all = true;
    for (i = 0; i < fleet->n_hosts; i++) {
        track->all = track->all && hit(track, i);
        track->routed[i] = fleet->hosts[i].slots;
    }
    track->routed_ms = now_ms;
    if (fleet->github.present) {
        track->pickup_most_ms = llround(dist_quantile(&fleet->github.pickup, PICKUP_MOST));
        track->pickup_all_ms = llround(dist_quantile(&fleet->github.pickup, PICKUP_ALL));
    }
    for (i = 0; i < MOMENT_COUNT; i++)
        track->moment[i] = (struct drill_span){-1, -1};
    for (i = 0; i < FEED_COUNT; i++)
        track->answered_ms[i] = now_ms;
    for (i = 0; i < CONDITION_COUNT; i++) {
        /* Only a feed that the fault cuts off says anything about capacity. */
        track->condition[i].holds =
            i != CONDITION_ENDED && (i != CONDITION_SIGHTED || track->hosts != 0);
        track->condition[i].since = (struct drill_span){now_ms, now_ms};
    }
}

bool drill_track_seen(const struct drill_track *track, enum drill_moment moment)
{
    return track->moment[moment].from_ms >= 0;
}

/* What comes once capacity is full again is no part of this story: an alert that fires late. */
static bool too_late(const struct drill_track *track, enum drill_moment moment, int64_t from_ms)
{
    return moment >= MOMENT_PENDING && moment <= MOMENT_ROUTED &&
           drill_track_seen(track, MOMENT_FULL) && from_ms > track->moment[MOMENT_FULL].to_ms;
}

/* Only the first time counts, and nothing that was seen before the fault. */
static void see(struct drill_track *track, enum drill_moment moment, int64_t from_ms, int64_t to_ms)
{
    struct drill_span fault = track->moment[MOMENT_FAULT];
    UND_ASSERT(from_ms <= to_ms);
    if (drill_track_seen(track, moment) || fault.from_ms < 0 || to_ms < fault.from_ms ||
        too_late(track, moment, from_ms))
        return;
    from_ms = from_ms > fault.from_ms ? from_ms : fault.from_ms;
    track->moment[moment] = (struct drill_span){from_ms, to_ms};
}

/* ---- full capacity ---- */

static void check_full(struct drill_track *track)
{
    struct drill_span full = track->moment[MOMENT_ENDED];
    int i;
    for (i = 0; i < CONDITION_COUNT; i++) {
        const struct drill_span *since = &track->condition[i].since;
        if (!track->condition[i].holds)
            return;
        full.from_ms = since->from_ms > full.from_ms ? since->from_ms : full.from_ms;
        full.to_ms = since->to_ms > full.to_ms ? since->to_ms : full.to_ms;
    }
    see(track, MOMENT_FULL, full.from_ms, full.to_ms);
}

static void set(struct drill_track *track, enum drill_condition condition, bool holds,
                int64_t from_ms, int64_t to_ms)
{
    if (holds != track->condition[condition].holds) {
        track->condition[condition].holds = holds;
        track->condition[condition].since = (struct drill_span){from_ms, to_ms};
    }
    check_full(track);
}

/* Feeds that were cut off count as full capacity once each has answered again. */
static void check_sighted(struct drill_track *track, int64_t from_ms, int64_t now_ms)
{
    int64_t ended_ms = track->moment[MOMENT_ENDED].from_ms;
    int feed;
    if (ended_ms < 0)
        return;
    for (feed = 0; feed < FEED_COUNT; feed++) {
        bool absent = feed == FEED_ALERTS && !track->scenario->fleet.monitoring.present;
        if (!absent && track->answered_ms[feed] < ended_ms)
            return;
    }
    set(track, CONDITION_SIGHTED, true, from_ms, now_ms);
}

/* A host that crashed comes back by itself: the fault is over when all of it is there again. */
static void check_ended(struct drill_track *track)
{
    const struct drill_span *online = &track->condition[CONDITION_ONLINE].since;
    const struct drill_span *probed = &track->condition[CONDITION_PROBED].since;
    bool whole =
        track->condition[CONDITION_ONLINE].holds && track->condition[CONDITION_PROBED].holds;
    if (!track->self_ending || !drill_track_seen(track, MOMENT_FAULT))
        return;
    track->broken = track->broken || !whole;
    if (whole && track->broken)
        drill_track_ended(track,
                          online->from_ms > probed->from_ms ? online->from_ms : probed->from_ms,
                          online->to_ms > probed->to_ms ? online->to_ms : probed->to_ms);
}

/* ---- what is seen ---- */

void drill_track_fault(struct drill_track *track, int64_t from_ms, int64_t to_ms)
{
    UND_ASSERT(from_ms <= to_ms && from_ms >= 0);
    track->moment[MOMENT_FAULT] = (struct drill_span){from_ms, to_ms};
}

void drill_track_ended(struct drill_track *track, int64_t from_ms, int64_t to_ms)
{
    see(track, MOMENT_ENDED, from_ms, to_ms);
    if (drill_track_seen(track, MOMENT_ENDED))
        set(track, CONDITION_ENDED, true, track->moment[MOMENT_ENDED].from_ms, to_ms);
}

static void read_github(struct drill_track *track, const struct stage_reading *reading,
                        int64_t from_ms)
{
    const struct fleet *fleet = &track->scenario->fleet;
    int64_t since_ms = track->routed_ms > from_ms ? track->routed_ms : from_ms;
    bool online = true, routed = true, shut = true;
    int i;
    for (i = 0; i < fleet->n_hosts; i++) {
        if (hit(track, i)) {
            online = online && reading->host[i].online == fleet->hosts[i].slots;
            routed = routed && reading->host[i].routed == fleet->hosts[i].slots;
            shut = shut && (reading->host[i].online == 0 || reading->host[i].routed == 0);
        }
        if (hit(track, i) && track->routed[i] > 0 && reading->host[i].routed == 0)
            see(track, MOMENT_ROUTED, since_ms, reading->answered_ms);
        track->routed[i] = reading->host[i].routed;
    }
    track->routed_ms = reading->answered_ms;
    if (track->severing && shut)
        see(track, MOMENT_SHUT, from_ms, reading->answered_ms);
    set(track, CONDITION_ONLINE, online, from_ms, reading->answered_ms);
    set(track, CONDITION_ROUTED, routed, from_ms, reading->answered_ms);
}

static void read_alerts(struct drill_track *track, const struct stage_reading *reading,
                        int64_t from_ms)
{
    bool firing = false;
    int i;
    track->quiet = true;
    for (i = 0; i < track->scenario->fleet.n_hosts; i++) {
        int64_t since_ms = reading->alerts[i].pending_since_ms;
        if (!hit(track, i))
            continue;
        firing = firing || reading->alerts[i].firing;
        track->quiet = track->quiet && !reading->alerts[i].firing && !reading->alerts[i].pending;
        if (since_ms >= 0 && since_ms >= track->moment[MOMENT_FAULT].from_ms)
            see(track, MOMENT_PENDING, since_ms, since_ms);
    }
    if (firing && !track->was_firing)
        see(track, MOMENT_FIRING, from_ms, reading->answered_ms);
    if (!drill_track_seen(track, MOMENT_FAULT))
        track->was_firing = firing;
}

void drill_track_reading(struct drill_track *track, enum feed feed,
                         const struct stage_reading *reading)
{
    int64_t from_ms = track->answered_ms[feed];
    bool probed = true;
    int i;
    if (from_ms > reading->asked_ms) /* a grid finer than its answers */
        from_ms = reading->asked_ms;
    track->answered_ms[feed] = reading->answered_ms;
    switch (feed) {
    case FEED_GITHUB:
        read_github(track, reading, from_ms);
        break;
    case FEED_ALERTS:
        read_alerts(track, reading, from_ms);
        break;
    case FEED_PROBE:
        for (i = 0; i < track->scenario->fleet.n_hosts; i++)
            probed = probed && (!hit(track, i) || reading->host[i].answered);
        set(track, CONDITION_PROBED, probed, from_ms, reading->answered_ms);
        break;
    case FEED_COUNT:
        break;
    }
    check_ended(track);
    check_sighted(track, from_ms, reading->answered_ms);
}

void drill_track_hint(struct drill_track *track, int64_t from_ms, int64_t now_ms,
                      const struct stage_hint *hint)
{
    if (hit(track, hint->host) && hint->severities != 0)
        see(track, MOMENT_WEBHOOK, from_ms, now_ms);
}

void drill_track_step(struct drill_track *track, int64_t now_ms, const struct plan *plan,
                      const struct policy_state *policy)
{
    static const unsigned drained =
        1u << NOTICE_FAILOVER | 1u << NOTICE_RELAPSE | 1u << NOTICE_MAINTENANCE;
    bool serving = true;
    int i;
    if (track->hosts == 0 && (plan->notices & 1u << NOTICE_BLIND))
        see(track, MOMENT_DETECTED, now_ms, now_ms);
    for (i = 0; i < plan->n; i++) {
        if (!hit(track, i))
            continue;
        serving = serving && policy->host[i].phase == PHASE_SERVING;
        if ((plan->host[i].notices & 1u << NOTICE_DETECTED) && !track->maintenance)
            see(track, MOMENT_DETECTED, now_ms, now_ms);
        if (plan->host[i].notices & drained)
            see(track, MOMENT_DECIDED, now_ms, now_ms);
    }
    set(track, CONDITION_SERVING, serving, now_ms, now_ms);
}

void drill_track_routing(struct drill_track *track, int64_t now_ms,
                         const struct stage_routing *routing)
{
    const struct fleet *fleet = &track->scenario->fleet;
    int64_t from_ms = track->routed_ms > routing->since_ms ? track->routed_ms : routing->since_ms;
    bool full = true;
    int i;
    from_ms = from_ms < now_ms ? from_ms : now_ms;
    for (i = 0; i < fleet->n_hosts; i++) {
        if (hit(track, i) && track->routed[i] > 0 && routing->routed[i] == 0)
            see(track, MOMENT_ROUTED, from_ms, now_ms);
        full = full && (!hit(track, i) || routing->routed[i] == fleet->hosts[i].slots);
        track->routed[i] = routing->routed[i];
    }
    track->routed_ms = now_ms;
    set(track, CONDITION_ROUTED, full, from_ms, now_ms);
}

/* ---- jobs ---- */

/* Until when a job that had to wait was held up by the fault, not by want of capacity: between the
 * last look at which GitHub still gave jobs to what was hit and the next. */
static int64_t held_until_ms(const struct drill_track *track)
{
    const struct drill_span *shut = &track->moment[MOMENT_SHUT];
    const struct drill_span *ended = &track->moment[MOMENT_ENDED];
    int64_t end_ms = ended->from_ms < 0 ? INT64_MAX : ended->to_ms, shut_ms;
    if (track->all || shut->from_ms < 0) /* nothing else could take it, or GitHub never noticed */
        return end_ms;
    shut_ms = (shut->from_ms + shut->to_ms) / 2;
    if (track->graceful && shut_ms > track->moment[MOMENT_FAULT].to_ms + GRACEFUL_MS)
        shut_ms = track->moment[MOMENT_FAULT].to_ms + GRACEFUL_MS;
    return shut_ms < end_ms ? shut_ms : end_ms;
}

/* Since when the job has waited: one that was cancelled in the queue and run again, because its
 * variable had changed, has waited since its first attempt. */
static int64_t asked_at_ms(const struct stage_job *jobs, size_t n, const struct stage_job *job)
{
    int64_t asked_ms = job->created_ms;
    size_t i;
    for (i = 0; i < n && job->attempt > 1; i++) {
        if (jobs[i].origin != job->origin || jobs[i].attempt >= job->attempt)
            continue;
        if (jobs[i].host >= 0 || jobs[i].concluded_ms < 0)
            return job->created_ms; /* it had begun, or is another one of that name */
        if (jobs[i].created_ms < asked_ms)
            asked_ms = jobs[i].created_ms;
    }
    return asked_ms;
}

/* Whoever waited for longer than picking up takes, and was not being picked up when the fault came.
 */
static bool held_up(const struct drill_track *track, const struct stage_job *job, int64_t asked_ms)
{
    int64_t fault_ms = track->moment[MOMENT_FAULT].to_ms;
    if (asked_ms > held_until_ms(track))
        return false;
    if (job->started_ms < 0)
        return true;
    return job->started_ms - asked_ms > track->pickup_all_ms &&
           job->started_ms - fault_ms > track->pickup_most_ms;
}

/* On a host that works: another one, or this one once the fault was over. */
static bool on_sound_host(const struct drill_track *track, const struct stage_job *job)
{
    const struct drill_span *ended = &track->moment[MOMENT_ENDED];
    return job->host >= 0 &&
           (!hit(track, job->host) || (ended->from_ms >= 0 && job->started_ms >= ended->from_ms));
}

static bool restores(const struct drill_track *track, const struct stage_job *job, int64_t asked_ms)
{
    if (job->started_ms < 0 || !on_sound_host(track, job))
        return false;
    if (track->severing)
        return held_up(track, job, asked_ms);
    return track->degrading && drill_track_seen(track, MOMENT_ROUTED) &&
           job->started_ms >= track->moment[MOMENT_ROUTED].from_ms &&
           (!drill_track_seen(track, MOMENT_FULL) ||
            job->started_ms < track->moment[MOMENT_FULL].to_ms);
}

/* The first start is found anew each time: GitHub may tell of an earlier one later. */
static void find_first_job(struct drill_track *track, const struct stage_job *jobs, size_t n)
{
    const struct stage_job *first = NULL;
    size_t i;
    track->waiting = false;
    for (i = 0; i < n; i++) {
        int64_t asked_ms = asked_at_ms(jobs, n, &jobs[i]);
        if (restores(track, &jobs[i], asked_ms) &&
            (!first || jobs[i].started_ms < first->started_ms))
            first = &jobs[i];
        track->waiting =
            track->waiting || (track->severing && jobs[i].concluded_ms < 0 &&
                               jobs[i].started_ms < 0 && held_up(track, &jobs[i], asked_ms));
    }
    track->waiting = track->waiting && !first;
    track->moment[MOMENT_FIRST_JOB] = (struct drill_span){-1, -1};
    if (first)
        see(track, MOMENT_FIRST_JOB, first->started_ms - first->error_ms,
            first->started_ms + first->error_ms);
}

/* When one of the attempts at this job succeeded; NULL: none has. */
static const struct stage_job *success_of(const struct stage_job *jobs, size_t n, int64_t origin)
{
    const struct stage_job *best = NULL;
    size_t i;
    for (i = 0; i < n; i++)
        if (jobs[i].origin == origin && jobs[i].concluded_ms >= 0 && jobs[i].success &&
            (!best || jobs[i].concluded_ms < best->concluded_ms))
            best = &jobs[i];
    return best;
}

static bool in_flight(const struct drill_track *track, const struct stage_job *job)
{
    const struct drill_span *fault = &track->moment[MOMENT_FAULT];
    return hit(track, job->host) && job->started_ms >= 0 && job->started_ms <= fault->to_ms &&
           (job->concluded_ms < 0 || job->concluded_ms > fault->to_ms);
}

static void find_recovery(struct drill_track *track, const struct stage_job *jobs, size_t n)
{
    const struct stage_job *last = NULL;
    size_t i;
    track->inflight = track->recovered = 0;
    track->moment[MOMENT_RECOVERED] = (struct drill_span){-1, -1};
    if (!track->severing)
        return;
    for (i = 0; i < n; i++) {
        const struct stage_job *success;
        if (!in_flight(track, &jobs[i]))
            continue;
        track->inflight++;
        success = success_of(jobs, n, jobs[i].origin);
        track->recovered += success != NULL;
        if (success && (!last || success->concluded_ms > last->concluded_ms))
            last = success;
    }
    if (last && track->recovered == track->inflight)
        see(track, MOMENT_RECOVERED, last->concluded_ms - last->error_ms,
            last->concluded_ms + last->error_ms);
}

void drill_track_jobs(struct drill_track *track, const struct stage_job *jobs, size_t n)
{
    if (!drill_track_seen(track, MOMENT_FAULT))
        return;
    find_first_job(track, jobs, n);
    find_recovery(track, jobs, n);
}

/* ---- is it over? ---- */

bool drill_track_steady(const struct drill_track *track)
{
    bool quiet = track->quiet || !track->scenario->drill.preconditions.no_alerts;
    int i;
    for (i = 0; i < CONDITION_COUNT; i++)
        quiet = quiet && track->condition[i].holds;
    return quiet && drill_track_seen(track, MOMENT_FULL);
}

bool drill_track_settled(const struct drill_track *track)
{
    return drill_track_steady(track) && track->recovered == track->inflight && !track->waiting;
}
