#include "world_incident_check.h"
#include "model/base/assert.h"

void world_incident_check_counts(const struct world_incidents *i)
{
    UND_ASSERT(i->n >= 0 && i->n <= i->max);
    UND_ASSERT(i->n_open >= 0 && i->n_open <= i->n && i->n_open <= WORLD_OPEN_INCIDENTS);
    UND_ASSERT(i->n_backlogs >= 0 && i->n_backlogs <= i->n && i->n_backlogs <= WORLD_BACKLOGS);
    UND_ASSERT(i->failovers_done >= 0 && i->failovers_done <= i->failovers_due);
    UND_ASSERT(i->failovers >= 0);
}

/* Did it come about while the replication was watched, or not at all? */
static bool within(int64_t delay_ms, int64_t all_ms)
{
    return delay_ms >= -1 && delay_ms <= all_ms;
}

/* What monitoring and the controller made of an incident came in its order. */
static void check_order(const struct incident *incident)
{
    UND_ASSERT(incident->firing_ms < 0 || incident->pending_ms >= 0);
    UND_ASSERT(incident->firing_ms < 0 || incident->firing_ms >= incident->pending_ms);
    UND_ASSERT((incident->detection_ms < 0) == (incident->detected_at_ms < 0));
    UND_ASSERT(incident->detection_ms < 0 ||
               incident->detected_at_ms == incident->at_ms + incident->detection_ms);
    UND_ASSERT(incident->decided_at_ms < 0 || incident->decided_at_ms >= incident->at_ms);
    UND_ASSERT(incident->failover_ms < 0 || incident->routed_at_ms >= incident->at_ms);
    UND_ASSERT(incident->mttr_ms < 0 || incident->ended);
}

void world_incident_check(const struct incident *incident, int64_t now_ms)
{
    int64_t all_ms = now_ms - incident->at_ms;
    UND_ASSERT(all_ms >= 0);
    UND_ASSERT(within(incident->pending_ms, all_ms) && within(incident->firing_ms, all_ms));
    UND_ASSERT(within(incident->webhook_ms, all_ms) && within(incident->detection_ms, all_ms));
    UND_ASSERT(within(incident->failover_ms, all_ms) && within(incident->rto_ms, all_ms));
    UND_ASSERT(within(incident->recovery_ms, all_ms) && within(incident->mttr_ms, all_ms));
    UND_ASSERT(within(incident->worked_off_ms, all_ms));
    check_order(incident);
    UND_ASSERT(incident->inflight >= 0 && incident->inflight <= incident->jobs_lost);
    UND_ASSERT(incident->backlog_before >= 0 && incident->backlog_most >= incident->backlog_before);
    UND_ASSERT(incident->worked_off_ms < 0 || incident->backlog_most > incident->backlog_before);
    /* Work by hand is no failure: nobody detects it, loses a job by it or is held up. */
    UND_ASSERT(!incident->maintenance || incident->detection_ms < 0);
    UND_ASSERT(!incident->maintenance || (incident->rto_ms < 0 && incident->jobs_lost == 0));
}
