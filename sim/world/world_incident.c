/*
 * A job is "held up" if it was handed to a registration that was gone, or had to queue while GitHub
 * still believed in such registrations or while nothing at all could take a job; the RTO is the
 * first start of such a job on a sound host. A fault that leaves its host serving, only badly,
 * holds nobody up: there it is the first start on a sound host after routing has changed.
 */
#include "world.h"
#include "world_incident_check.h"

#include "model/base/assert.h"

#define FAILOVER_IN_TIME_MS 600000LL /* the runbook pages when a failover takes longer */

static bool concerns(const struct incident *incident, int host)
{
    return host < 0 ? incident->hosts == 0 : (incident->hosts >> host & 1) != 0;
}

#define FOR_OPEN(world, incident)                                                                  \
    for (int slot_ = 0; slot_ < (world)->incidents.n_open; slot_++)                                \
        if (((incident) = &(world)->incidents.all[(world)->incidents.open[slot_]]) != NULL)

/* Those whose capacity is not yet restored; the others stay open for their RTO alone. */
#define FOR_UNRESTORED(world, incident)                                                            \
    FOR_OPEN(world, incident)                                                                      \
    if ((incident)->mttr_ms < 0)

static void close_slot(struct world *world, int slot)
{
    UND_ASSERT(slot >= 0 && slot < world->incidents.n_open);
    world->incidents.open[slot] = world->incidents.open[--world->incidents.n_open];
}

static bool anyone_held_up(const struct world *world)
{
    uint32_t job;
    for (job = 0; job < world->jobs.used; job++)
        if (world->jobs.job[job].held_up && world_job_waits(&world->jobs.job[job]))
            return true;
    return false;
}

/* Of those created while capacity was missing, has each had its first start? */
static bool all_waits_known(const struct world *world)
{
    uint32_t job;
    for (job = 0; job < world->jobs.used; job++) {
        const struct job *j = &world->jobs.job[job];
        if (j->during_fault && j->started_ms < 0 && j->attempt == 0 && world_job_waits(j))
            return false;
    }
    return true;
}

static bool full(const struct world *world, const struct incident *incident)
{
    int host;
    UND_ASSERT(incident->mttr_ms < 0);
    for (host = 0; host < world->n_hosts; host++) {
        const struct github_host *h = &world->github.host[host];
        if ((incident->hosts >> host & 1) &&
            (!world_host_sound(world, host) || h->able != h->slots ||
             (world->fleet->has_policy &&
              world->controller.driver.state.host[host].phase != PHASE_SERVING)))
            return false;
    }
    return incident->ended;
}

/* A larger backlog is to be worked off anew; watched until, with full capacity, no more wait than
 * when the fault struck. */
static void watch_backlogs(struct world *world)
{
    int slot;
    for (slot = world->incidents.n_backlogs - 1; slot >= 0; slot--) {
        struct incident *incident = &world->incidents.all[world->incidents.backlog[slot]];
        UND_ASSERT(incident->backlog_most >= incident->backlog_before);
        if (world->jobs.queued > incident->backlog_most) {
            incident->backlog_most = world->jobs.queued;
            incident->worked_off_ms = -1;
        }
        if (world->jobs.queued > incident->backlog_before)
            continue;
        if (incident->worked_off_ms < 0 && incident->backlog_most > incident->backlog_before)
            incident->worked_off_ms = world->now_ms - incident->at_ms;
        if (incident->mttr_ms >= 0)
            world->incidents.backlog[slot] =
                world->incidents.backlog[--world->incidents.n_backlogs];
    }
}

static void check_full(struct world *world)
{
    int slot;
    for (slot = world->incidents.n_open - 1; slot >= 0; slot--) {
        struct incident *incident = &world->incidents.all[world->incidents.open[slot]];
        if (incident->mttr_ms < 0 && full(world, incident)) {
            incident->mttr_ms = world->now_ms - incident->at_ms;
            UND_ASSERT(incident->ended && incident->mttr_ms >= 0);
            world_tell(world, (struct news){.kind = NEWS_FULL_CAPACITY,
                                            .host = -1,
                                            .incident = world->incidents.open[slot]});
            watch_backlogs(world);
        }
        if (incident->mttr_ms >= 0 &&
            (incident->rto_ms >= 0 || incident->degrading || !anyone_held_up(world)))
            close_slot(world, slot);
    }
}

void world_incident_start(struct world *world, struct incident *all, int max)
{
    UND_ASSERT(max >= 0 && (all != NULL || max == 0));
    world->incidents = (struct world_incidents){.all = all, .max = max};
    UND_ASSERT(!world_incident_on(world));
    world_incident_check_counts(&world->incidents);
}

/* ---- faults ---- */

void world_incident_fault_begins(struct world *world, const struct news *news)
{
    const struct fault *fault = news->fault < 0 ? NULL : &world->scenario->faults[news->fault];
    struct world_incidents *i = &world->incidents;
    if ((fault && fault_is_circumstance(fault)) || i->n == i->max ||
        i->n_open == WORLD_OPEN_INCIDENTS || world->now_ms < world->stats_from_ms)
        return;
    UND_ASSERT(news->hosts >> (world->n_hosts - 1) >> 1 == 0);
    i->all[i->n] = (struct incident){.fault = (int16_t)news->fault,
                                     .at_ms = world->now_ms,
                                     .detection_ms = -1,
                                     .pending_ms = -1,
                                     .firing_ms = -1,
                                     .webhook_ms = -1,
                                     .failover_ms = -1,
                                     .rto_ms = -1,
                                     .recovery_ms = -1,
                                     .mttr_ms = -1,
                                     .backlog_before = world->jobs.queued,
                                     .backlog_most = world->jobs.queued,
                                     .worked_off_ms = -1,
                                     .hosts = news->hosts,
                                     .detected_at_ms = -1,
                                     .decided_at_ms = -1,
                                     .routed_at_ms = -1,
                                     .degrading = fault && fault_degrades(fault),
                                     .maintenance = fault && fault_drains_by_hand(fault),
                                     .cause = world->trace.last};
    i->open[i->n_open++] = (int16_t)i->n;
    if (i->n_backlogs < WORLD_BACKLOGS)
        i->backlog[i->n_backlogs++] = (int16_t)i->n;
    i->n++;
    world_incident_check_counts(i);
}

/* Jobs that already wait are held up like those to come. */
void world_incident_fault_struck(struct world *world, const struct news *news)
{
    uint32_t job;
    int i;
    (void)news;
    if (!world_incident_impairs(world))
        return;
    for (i = 0; i < world->jobs.n_queues; i++)
        for (job = world->jobs.queue[i].head; job != NONE; job = world->jobs.job[job].next)
            world_job_hold_up(world, job);
}

void world_incident_fault_ended(struct world *world, const struct news *news)
{
    struct incident *incident;
    FOR_UNRESTORED(world, incident)
    if (incident->fault == news->fault && incident->hosts == news->hosts)
        incident->ended = true;
    check_full(world);
}

/* ---- monitoring and the policy ---- */

void world_incident_alert(struct world *world, const struct news *news)
{
    struct incident *incident;
    FOR_UNRESTORED(world, incident)
    {
        int64_t delay_ms = world->now_ms - incident->at_ms;
        UND_ASSERT(delay_ms >= 0);
        if (!concerns(incident, news->host))
            continue;
        if ((news->change == ALERT_BEGAN || news->change == ALERT_FIRED) &&
            incident->pending_ms < 0)
            incident->pending_ms = delay_ms;
        if (news->change == ALERT_FIRED && incident->firing_ms < 0)
            incident->firing_ms = delay_ms;
    }
}

void world_incident_webhook(struct world *world, const struct news *news)
{
    struct incident *incident;
    UND_ASSERT(news->host < world->n_hosts);
    if (news->severities == 0)
        return;
    FOR_UNRESTORED(world, incident)
    if (concerns(incident, news->host) && incident->webhook_ms < 0)
        incident->webhook_ms = world->now_ms - incident->at_ms;
}

static void detected(struct world *world, int host)
{
    struct incident *incident;
    UND_ASSERT(host < world->n_hosts);
    FOR_UNRESTORED(world, incident)
    if (concerns(incident, host) && incident->detection_ms < 0 && !incident->maintenance) {
        incident->detection_ms = world->now_ms - incident->at_ms;
        incident->detected_at_ms = world->now_ms;
    }
}

/* A failover is due, decided or held back for want of sight; counted once until it is over. */
static void due(struct world *world, int host)
{
    UND_ASSERT(host >= 0 && host < world->n_hosts);
    world->incidents.failovers_due += !world->incidents.failing_over[host];
    world->incidents.failing_over[host] = true;
}

static bool in_time(const struct world *world, int host)
{
    UND_ASSERT(host >= 0 && host < world->n_hosts);
    return world->incidents.failing_over[host] &&
           world->now_ms - world->controller.driver.state.host[host].detected_ms <=
               FAILOVER_IN_TIME_MS;
}

static void routed_away(struct world *world, int host)
{
    struct incident *incident;
    FOR_UNRESTORED(world, incident)
    {
        int64_t from_ms = incident->maintenance ? incident->at_ms : incident->detected_at_ms;
        if (!concerns(incident, host) || incident->routed_at_ms >= 0)
            continue;
        incident->routed_at_ms = world->now_ms;
        if (from_ms >= 0)
            incident->failover_ms = world->now_ms - from_ms;
    }
    UND_ASSERT(world_github_routed(world, host) == 0);
    world->incidents.failovers_done += in_time(world, host);
    world->incidents.failing_over[host] = false;
    world_incident_check_counts(&world->incidents);
}

static void decided(struct world *world, int host, bool by_hand)
{
    struct incident *incident;
    UND_ASSERT(host >= 0 && host < world->n_hosts);
    world->incidents.failovers += !by_hand;
    if (by_hand)
        world->incidents.failing_over[host] = false;
    else
        due(world, host);
    FOR_UNRESTORED(world, incident)
    if (concerns(incident, host) && incident->decided_at_ms < 0)
        incident->decided_at_ms = world->now_ms;
    if (world_github_routed(world, host) == 0) /* a relapse before the first slot was back */
        routed_away(world, host);
}

void world_incident_notice(struct world *world, const struct news *news)
{
    enum notice notice = news->notice;
    enum mark mark = mark_of_notice(notice);
    UND_ASSERT(notice < NOTICE_COUNT);
    if (notice == NOTICE_BLIND || mark == MARK_DETECTION || notice == NOTICE_RELAPSE)
        detected(world, news->host);
    if (notice == NOTICE_HELD_BLIND) {
        due(world, news->host);
    } else if (mark == MARK_DECISION) {
        decided(world, news->host, notice == NOTICE_MAINTENANCE);
    } else if (notice == NOTICE_RESTORED || notice == NOTICE_DISMISSED) {
        world->incidents.failing_over[news->host] = false;
        check_full(world);
    }
}

void world_incident_routed_away(struct world *world, const struct news *news)
{
    routed_away(world, news->host);
}

/* ---- jobs ---- */

void world_incident_job_started(struct world *world, const struct news *news)
{
    struct incident *incident;
    bool over = false;
    UND_ASSERT(news->host >= 0 && world->jobs.job[news->job].state == JOB_RUNNING);
    if (world->incidents.n_open == 0 || !world_host_sound(world, news->host))
        return;
    FOR_OPEN(world, incident)
    {
        bool restores = incident->degrading ? incident->routed_at_ms >= 0 && incident->mttr_ms < 0
                                            : world->jobs.job[news->job].held_up;
        if (incident->rto_ms >= 0 || incident->maintenance || !restores)
            continue;
        incident->rto_ms = world->now_ms - incident->at_ms;
        over = over || incident->mttr_ms >= 0;
        world_tell(world, (struct news){
                              .kind = NEWS_SERVICE_RESTORED, .job = news->job, .host = news->host});
    }
    if (over) /* capacity was there first: without a controller nothing else would look */
        check_full(world);
}

void world_incident_job_lost(struct world *world, const struct news *news)
{
    struct incident *incident;
    UND_ASSERT(news->host >= 0 && news->job < world->jobs.used);
    if (world->jobs.job[news->job].incident >= 0)
        return; /* lost again: the first incident still waits for it */
    FOR_UNRESTORED(world, incident)
    if (concerns(incident, news->host) && !incident->maintenance) {
        world_job_joins(world, news->job, world->incidents.open[slot_]);
        incident->inflight++;
        incident->jobs_lost++;
        UND_ASSERT(incident->inflight <= incident->jobs_lost);
        return;
    }
}

/* A job that is never done again leaves its incident without a job recovery time. */
static void job_over(struct world *world, uint32_t job, bool success)
{
    int index = world->jobs.job[job].incident;
    struct incident *incident;
    UND_ASSERT(index < world->incidents.n);
    if (index < 0)
        return;
    incident = &world->incidents.all[index];
    UND_ASSERT(incident->inflight > 0);
    UND_ASSERT(incident->recovery_ms < 0 || incident->jobs_lost > 1);
    if (!success)
        incident->lost_for_good = true;
    incident->inflight--;
    if (incident->inflight == 0 && !incident->lost_for_good)
        incident->recovery_ms = world->now_ms - incident->at_ms;
}

void world_incident_job_succeeded(struct world *world, const struct news *news)
{
    job_over(world, news->job, true);
}

/* One that is run again is not over. */
void world_incident_job_failed(struct world *world, const struct news *news)
{
    if (world->jobs.job[news->job].state != JOB_LOST || !world_workload_reruns(world))
        job_over(world, news->job, false);
}

/* ---- capacity ---- */

void world_incident_capacity(struct world *world, const struct news *news)
{
    (void)news;
    check_full(world);
}

void world_incident_queue(struct world *world, const struct news *news)
{
    (void)news;
    watch_backlogs(world);
}

bool world_incident_on(const struct world *world)
{
    int slot;
    for (slot = 0; slot < world->incidents.n_open; slot++)
        if (world->incidents.all[world->incidents.open[slot]].mttr_ms < 0)
            return true;
    return false;
}

/* Does GitHub still hand jobs to registrations of these hosts that are gone? */
static bool swallows(const struct world *world, uint64_t hosts)
{
    uint32_t reg;
    for (reg = 0; reg < world->github.n_regs; reg++) {
        const struct reg *r = &world->github.reg[reg];
        if ((hosts >> r->host & 1) && r->online && r->labelled && !world_session_works(world, reg))
            return true;
    }
    return false;
}

/* While registrations that are gone take jobs, or nothing can take any, a job that has to wait is
 * held up by the fault; later it waits for want of capacity. */
static bool impairs(const struct world *world, const struct incident *incident)
{
    return incident->mttr_ms < 0 && !incident->maintenance && !incident->degrading &&
           (world->github.able == 0 || swallows(world, incident->hosts));
}

bool world_incident_impairs(const struct world *world)
{
    int slot;
    for (slot = 0; slot < world->incidents.n_open; slot++)
        if (impairs(world, &world->incidents.all[world->incidents.open[slot]]))
            return true;
    return false;
}

/* ---- the end of a replication ---- */

static uint32_t bit(enum metric metric, bool set)
{
    UND_ASSERT((unsigned)metric < 32); /* of the incident's `awaits` */
    return set ? 1u << metric : 0;
}

/* Alerts, their notice, the detection and the change of routes come while capacity is missing. */
static uint32_t awaits_controller(const struct world *world, const struct incident *incident)
{
    const struct fleet *fleet = world->fleet;
    bool fault = !incident->maintenance, policy = fleet->has_policy;
    if (incident->mttr_ms >= 0)
        return 0;
    return bit(METRIC_PENDING, fault && incident->pending_ms < 0 && world->monitoring.prometheus) |
           bit(METRIC_FIRING, fault && incident->firing_ms < 0 && world->monitoring.prometheus) |
           bit(METRIC_WEBHOOK,
               fault && incident->webhook_ms < 0 && world->monitoring.alertmanager) |
           bit(METRIC_DETECTION, fault && incident->detection_ms < 0 && policy) |
           bit(METRIC_FAILOVER, incident->hosts != 0 && incident->routed_at_ms < 0 && policy) |
           bit(METRIC_MTTR, true);
}

/* Someone is held up and has not started; or may yet be, as the fault still holds jobs up. */
static bool awaits_service(const struct world *world, const struct incident *incident, bool held_up)
{
    if (incident->rto_ms >= 0 || incident->maintenance)
        return false;
    if (incident->degrading)
        return incident->mttr_ms < 0 && incident->hosts != 0 && world->fleet->has_policy;
    return held_up || impairs(world, incident);
}

/* What had not come about when the replication ended is not over; what can no longer is. */
void world_incident_finish(struct world *world, struct rep *rep)
{
    bool held_up = world->incidents.n_open > 0 && anyone_held_up(world);
    int i, slot;
    world_incident_check_counts(&world->incidents);
    for (i = 0; i < world->incidents.n; i++) {
        struct incident *incident = &world->incidents.all[i];
        world_incident_check(incident, world->now_ms);
        incident->over_ms = world->now_ms;
        incident->awaits =
            awaits_controller(world, incident) |
            bit(METRIC_JOB_RECOVERY, incident->inflight > 0 && !incident->lost_for_good);
    }
    for (slot = 0; slot < world->incidents.n_open; slot++) {
        struct incident *incident = &world->incidents.all[world->incidents.open[slot]];
        incident->awaits |= bit(METRIC_RTO, awaits_service(world, incident, held_up));
    }
    for (slot = 0; slot < world->incidents.n_backlogs; slot++) {
        struct incident *incident = &world->incidents.all[world->incidents.backlog[slot]];
        bool some = incident->backlog_most > incident->backlog_before;
        incident->awaits |=
            bit(METRIC_BACKLOG, true) | bit(METRIC_WORKED_OFF, some && incident->worked_off_ms < 0);
    }
    rep->n_incidents = world->incidents.n;
    rep->failovers = world->incidents.failovers;
    rep->failovers_due = world->incidents.failovers_due;
    rep->failovers_done = world->incidents.failovers_done;
    for (i = 0; i < world->n_hosts; i++)
        rep->failovers_open += in_time(world, i);
    UND_ASSERT(rep->failovers_done + rep->failovers_open <= rep->failovers_due);
}

bool world_incident_over(const struct world *world)
{
    int i;
    for (i = 0; i < world->incidents.n; i++)
        if (world->incidents.all[i].inflight > 0 && !world->incidents.all[i].lost_for_good)
            return false;
    return world->incidents.n_open == 0 && world->incidents.n_backlogs == 0 &&
           all_waits_known(world);
}
