/*
 * Measures each occurrence of a fault as DESIGN.md defines it. A job is "held up" if it was handed
 * to a registration that was gone, or had to queue while GitHub still believed in such
 * registrations or while nothing at all could take a job; the RTO is the first start of such a job
 * on a sound host. A fault that leaves its host serving, only badly, holds nobody up: there it is
 * the first start on a sound host after routing has changed.
 */
#include "world.h"

#include "model/base/assert.h"

#define FAILOVER_IN_TIME_MS 600000LL /* the runbook pages when a failover takes longer */

static bool concerns(const struct incident *incident, int host)
{
    return host < 0 ? incident->hosts == 0 : (incident->hosts >> host & 1) != 0;
}

#define FOR_OPEN(world, incident)                                                                  \
    for (int slot_ = 0; slot_ < (world)->n_open; slot_++)                                          \
        if (((incident) = &(world)->incidents[(world)->open[slot_]]) != NULL)

/* Those whose capacity is not yet restored; the others stay open for their RTO alone. */
#define FOR_UNRESTORED(world, incident)                                                            \
    FOR_OPEN(world, incident)                                                                      \
    if ((incident)->mttr_ms < 0)

static void close_slot(struct world *world, int slot)
{
    world->open[slot] = world->open[--world->n_open];
}

/* Once a fault has struck: jobs that already wait are held up like those to come. */
void world_incident_struck(struct world *world)
{
    uint32_t job;
    int i;
    if (!world_incident_impairs(world))
        return;
    for (i = 0; i < world->n_queues; i++)
        for (job = world->queues[i].head; job != NONE; job = world->jobs[job].next)
            world->jobs[job].held_up = true;
}

int world_incident_open(struct world *world, int fault, uint64_t hosts, bool degrading,
                        bool maintenance, int32_t cause)
{
    struct incident *incident;
    if (world->n_incidents == world->max_incidents || world->n_open == WORLD_OPEN_INCIDENTS ||
        world->now_ms < world->stats_from_ms)
        return -1;
    incident = &world->incidents[world->n_incidents];
    *incident = (struct incident){.fault = (int16_t)fault,
                                  .at_ms = world->now_ms,
                                  .detection_ms = -1,
                                  .pending_ms = -1,
                                  .firing_ms = -1,
                                  .webhook_ms = -1,
                                  .failover_ms = -1,
                                  .rto_ms = -1,
                                  .recovery_ms = -1,
                                  .mttr_ms = -1,
                                  .backlog_before = world->queued,
                                  .backlog_most = world->queued,
                                  .worked_off_ms = -1,
                                  .hosts = hosts,
                                  .detected_at_ms = -1,
                                  .decided_at_ms = -1,
                                  .routed_at_ms = -1,
                                  .degrading = degrading,
                                  .maintenance = maintenance,
                                  .cause = cause};
    world->open[world->n_open++] = (int16_t)world->n_incidents;
    if (world->n_backlogs < WORLD_BACKLOGS)
        world->backlog[world->n_backlogs++] = (int16_t)world->n_incidents;
    return world->n_incidents++;
}

void world_incident_ended(struct world *world, int fault, uint64_t hosts)
{
    struct incident *incident;
    FOR_UNRESTORED(world, incident)
    if (incident->fault == fault && incident->hosts == hosts)
        incident->ended = true;
    world_incident_check_full(world);
}

void world_incident_alert(struct world *world, int host, enum alert_change change)
{
    struct incident *incident;
    FOR_UNRESTORED(world, incident)
    {
        int64_t delay_ms = world->now_ms - incident->at_ms;
        if (!concerns(incident, host))
            continue;
        if ((change == ALERT_BEGAN || change == ALERT_FIRED) && incident->pending_ms < 0)
            incident->pending_ms = delay_ms;
        if (change == ALERT_FIRED && incident->firing_ms < 0)
            incident->firing_ms = delay_ms;
    }
}

void world_incident_webhook(struct world *world, int host)
{
    struct incident *incident;
    FOR_UNRESTORED(world, incident)
    if (concerns(incident, host) && incident->webhook_ms < 0)
        incident->webhook_ms = world->now_ms - incident->at_ms;
}

void world_incident_detected(struct world *world, int host)
{
    struct incident *incident;
    FOR_UNRESTORED(world, incident)
    if (concerns(incident, host) && incident->detection_ms < 0 && !incident->maintenance) {
        incident->detection_ms = world->now_ms - incident->at_ms;
        incident->detected_at_ms = world->now_ms;
    }
}

/* A failover is due, decided or held back for want of sight; counted once until it is over. */
void world_incident_due(struct world *world, int host)
{
    world->rep->failovers_due += !world->host[host].failing_over;
    world->host[host].failing_over = true;
}

void world_incident_decided(struct world *world, int host, bool by_hand)
{
    struct incident *incident;
    bool routed =
        world->variable_routing ? (world->route >> host & 1) != 0 : world->host[host].labelled > 0;
    world->rep->failovers += !by_hand;
    if (by_hand)
        world->host[host].failing_over = false;
    else
        world_incident_due(world, host);
    FOR_UNRESTORED(world, incident)
    if (concerns(incident, host) && incident->decided_at_ms < 0)
        incident->decided_at_ms = world->now_ms;
    if (!routed) /* a relapse before the first slot was back */
        world_incident_routed(world, host);
}

void world_incident_routed(struct world *world, int host)
{
    struct incident *incident;
    int64_t detected_ms = world->driver.state.host[host].detected_ms;
    FOR_UNRESTORED(world, incident)
    {
        int64_t from_ms = incident->maintenance ? incident->at_ms : incident->detected_at_ms;
        if (!concerns(incident, host) || incident->routed_at_ms >= 0)
            continue;
        incident->routed_at_ms = world->now_ms;
        if (from_ms >= 0)
            incident->failover_ms = world->now_ms - from_ms;
    }
    if (world->host[host].failing_over && world->now_ms - detected_ms <= FAILOVER_IN_TIME_MS)
        world->rep->failovers_done++;
    world->host[host].failing_over = false;
}

void world_incident_job_started(struct world *world, uint32_t job, int host)
{
    struct incident *incident;
    bool over = false;
    if (!world_host_sound(world, host))
        return;
    FOR_OPEN(world, incident)
    {
        bool restores = incident->degrading ? incident->routed_at_ms >= 0 && incident->mttr_ms < 0
                                            : world->jobs[job].held_up;
        if (incident->rto_ms >= 0 || incident->maintenance || !restores)
            continue;
        incident->rto_ms = world->now_ms - incident->at_ms;
        over = over || incident->mttr_ms >= 0;
        WORLD_STORY(world, world->jobs[job].cause, host, MARK_FIRST_JOB,
                    "service restored: job %u starts on sound capacity", world->jobs[job].number);
    }
    if (over) /* capacity was there first: without a controller nothing else would look */
        world_incident_check_full(world);
}

void world_incident_inflight(struct world *world, uint32_t job, int host)
{
    struct incident *incident;
    if (world->jobs[job].incident >= 0)
        return; /* lost again: the first incident still waits for it */
    FOR_UNRESTORED(world, incident)
    if (concerns(incident, host) && !incident->maintenance && incident->mttr_ms < 0) {
        world->jobs[job].incident = world->open[slot_];
        incident->inflight++;
        incident->jobs_lost++;
        return;
    }
}

/* A job that is never done again leaves its incident without a job recovery time. */
void world_incident_job_over(struct world *world, uint32_t job, bool success)
{
    struct incident *incident = &world->incidents[world->jobs[job].incident];
    if (!success)
        incident->lost_for_good = true;
    incident->inflight--;
    if (incident->inflight == 0 && !incident->lost_for_good)
        incident->recovery_ms = world->now_ms - incident->at_ms;
}

static bool waits(const struct job *job)
{
    return job->state == JOB_QUEUED || job->state == JOB_ASSIGNED || job->state == JOB_STRANDED ||
           job->state == JOB_HELD;
}

static bool anyone_held_up(const struct world *world)
{
    uint32_t job;
    for (job = 0; job < world->jobs_used; job++)
        if (world->jobs[job].held_up && waits(&world->jobs[job]))
            return true;
    return false;
}

/* Of those created while capacity was missing, has each had its first start? */
static bool all_waits_known(const struct world *world)
{
    uint32_t job;
    for (job = 0; job < world->jobs_used; job++)
        if (world->jobs[job].during_fault && world->jobs[job].started_ms < 0 &&
            world->jobs[job].attempt == 0 && waits(&world->jobs[job]))
            return false;
    return true;
}

static bool full(const struct world *world, const struct incident *incident)
{
    int host;
    for (host = 0; host < world->n_hosts; host++) {
        const struct world_host *h = &world->host[host];
        if ((incident->hosts >> host & 1) &&
            (!world_host_sound(world, host) || h->able != h->slots ||
             (world->fleet->has_policy && world->driver.state.host[host].phase != PHASE_SERVING)))
            return false;
    }
    return incident->ended;
}

/* A larger backlog is to be worked off anew; watched until, with full capacity, no more wait than
 * when the fault struck. */
void world_incident_queue(struct world *world)
{
    int slot;
    for (slot = world->n_backlogs - 1; slot >= 0; slot--) {
        struct incident *incident = &world->incidents[world->backlog[slot]];
        if (world->queued > incident->backlog_most) {
            incident->backlog_most = world->queued;
            incident->worked_off_ms = -1;
        }
        if (world->queued > incident->backlog_before)
            continue;
        if (incident->worked_off_ms < 0 && incident->backlog_most > incident->backlog_before)
            incident->worked_off_ms = world->now_ms - incident->at_ms;
        if (incident->mttr_ms >= 0)
            world->backlog[slot] = world->backlog[--world->n_backlogs];
    }
}

bool world_incident_on(const struct world *world)
{
    int slot;
    for (slot = 0; slot < world->n_open; slot++)
        if (world->incidents[world->open[slot]].mttr_ms < 0)
            return true;
    return false;
}

void world_incident_check_full(struct world *world)
{
    int slot;
    for (slot = world->n_open - 1; slot >= 0; slot--) {
        struct incident *incident = &world->incidents[world->open[slot]];
        if (incident->mttr_ms < 0 && full(world, incident)) {
            incident->mttr_ms = world->now_ms - incident->at_ms;
            WORLD_STORY(world, incident->cause, -1, MARK_FULL, "full capacity again");
            world_incident_queue(world);
        }
        if (incident->mttr_ms >= 0 &&
            (incident->rto_ms >= 0 || incident->degrading || !anyone_held_up(world)))
            close_slot(world, slot);
    }
}

/* Does GitHub still hand jobs to registrations of these hosts that are gone? */
static bool swallows(const struct world *world, uint64_t hosts)
{
    uint32_t reg;
    for (reg = 0; reg < world->n_regs; reg++) {
        const struct reg *r = &world->regs[reg];
        if ((hosts >> r->host & 1) && r->online && r->labelled &&
            (r->dead || r->hung != HUNG_NOT || !world->host[r->host].connected))
            return true;
    }
    return false;
}

/* While registrations that are gone take jobs, or nothing can take any, a job that has to wait is
 * held up by the fault; later it waits for want of capacity. */
static bool impairs(const struct world *world, const struct incident *incident)
{
    return incident->mttr_ms < 0 && !incident->maintenance && !incident->degrading &&
           (world->able_total == 0 || swallows(world, incident->hosts));
}

bool world_incident_impairs(const struct world *world)
{
    int slot;
    for (slot = 0; slot < world->n_open; slot++)
        if (impairs(world, &world->incidents[world->open[slot]]))
            return true;
    return false;
}

/* ---- the end of a replication ---- */

static uint32_t bit(enum metric metric, bool set)
{
    return set ? 1u << metric : 0;
}

/* Alerts, their notice, the detection and the change of routes come while capacity is missing. */
static uint32_t awaits_controller(const struct world *world, const struct incident *incident)
{
    const struct fleet *fleet = world->fleet;
    bool fault = !incident->maintenance, policy = fleet->has_policy;
    if (incident->mttr_ms >= 0)
        return 0;
    return bit(METRIC_PENDING, fault && incident->pending_ms < 0 && world->prometheus) |
           bit(METRIC_FIRING, fault && incident->firing_ms < 0 && world->prometheus) |
           bit(METRIC_WEBHOOK, fault && incident->webhook_ms < 0 && world->alertmanager) |
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
void world_incident_finish(struct world *world)
{
    bool held_up = world->n_open > 0 && anyone_held_up(world);
    int i, slot;
    for (i = 0; i < world->n_incidents; i++) {
        struct incident *incident = &world->incidents[i];
        incident->over_ms = world->now_ms;
        incident->awaits =
            awaits_controller(world, incident) |
            bit(METRIC_JOB_RECOVERY, incident->inflight > 0 && !incident->lost_for_good);
    }
    for (slot = 0; slot < world->n_open; slot++) {
        struct incident *incident = &world->incidents[world->open[slot]];
        incident->awaits |= bit(METRIC_RTO, awaits_service(world, incident, held_up));
    }
    for (slot = 0; slot < world->n_backlogs; slot++) {
        struct incident *incident = &world->incidents[world->backlog[slot]];
        bool some = incident->backlog_most > incident->backlog_before;
        incident->awaits |=
            bit(METRIC_BACKLOG, true) | bit(METRIC_WORKED_OFF, some && incident->worked_off_ms < 0);
    }
    for (i = 0; i < world->n_hosts; i++)
        world->rep->failovers_open +=
            world->host[i].failing_over &&
            world->now_ms - world->driver.state.host[i].detected_ms <= FAILOVER_IN_TIME_MS;
}

bool world_incident_over(const struct world *world)
{
    int i;
    for (i = 0; i < world->n_incidents; i++)
        if (world->incidents[i].inflight > 0 && !world->incidents[i].lost_for_good)
            return false;
    return world->n_open == 0 && world->n_backlogs == 0 && all_waits_known(world);
}
