#include "world.h"

#include "model/base/assert.h"

/* Whose epoch is in the event: where it has gone on since, the event has passed. Of each job and
 * each host one event is wanted at a time; the others outlive what they were about, by days where
 * patience, durations or time-outs are long. */
enum subject {
    OF_NONE, /* it stays true */
    OF_JOB,
    OF_HOST,    /* its reachability */
    OF_SESSION, /* of a host: the host may be back, and its old session still held */
    OF_FAULT,
    OF_STRIDE,      /* of GitHub's polls, when it has one */
    OF_FAULT_OF_REG /* fault << 16 | registration */
};

static void arrival(struct world *world, const struct event *event)
{
    (void)event;
    world_workload_arrival(world);
}

static void job_end(struct world *world, const struct event *event)
{
    world_github_end(world, event->who);
}

static void pickup(struct world *world, const struct event *event)
{
    world_github_pickup(world, event->who);
}

static void requeue(struct world *world, const struct event *event)
{
    world_github_requeue(world, event->who);
}

static void lock_expiry(struct world *world, const struct event *event)
{
    world_github_fail(world, event->who, "its lock ran out");
}

static void patience(struct world *world, const struct event *event)
{
    world_github_abandon(world, event->who);
}

static void queue_limit(struct world *world, const struct event *event)
{
    world_job_queue_limit(world, event->who);
}

static void timeout(struct world *world, const struct event *event)
{
    world_github_fail(world, event->who, "it ran longer than its time-out");
}

static void hand_out(struct world *world, const struct event *event)
{
    world_github_hand_out(world, event->who);
}

static void offline(struct world *world, const struct event *event)
{
    world_session_offline(world, (int)event->who);
}

static void slot_offline(struct world *world, const struct event *event)
{
    world_session_slot_offline(world, event->who);
}

static void reconnect(struct world *world, const struct event *event)
{
    world_session_reconnect(world, (int)event->who);
}

static void fault(struct world *world, const struct event *event)
{
    world_fault_begin(world, event->who);
}

static void fault_end(struct world *world, const struct event *event)
{
    world_fault_end(world, event->who);
}

static void breakdown(struct world *world, const struct event *event)
{
    world_fault_breakdown(world, (int)event->who);
}

static void repair(struct world *world, const struct event *event)
{
    world_fault_repair(world, (int)event->who);
}

static void human(struct world *world, const struct event *event)
{
    (void)event;
    world_fault_human(world);
}

static void poll(struct world *world, const struct event *event)
{
    world_controller_poll(world, (enum poll)event->who);
}

static void write(struct world *world, const struct event *event)
{
    (void)event;
    world_controller_write(world);
}

static void prometheus(struct world *world, const struct event *event)
{
    prometheus_event(world->monitoring.prometheus, event);
}

static void alertmanager(struct world *world, const struct event *event)
{
    alertmanager_event(world->monitoring.alertmanager, event);
}

static void hang(struct world *world, const struct event *event)
{
    world_field_hang(world, event->who);
}

static void cycle(struct world *world, const struct event *event)
{
    world_field_cycle(world, event->who);
}

static void canary(struct world *world, const struct event *event)
{
    world_field_canary(world, (int)event->who, event->epoch != 0);
}

_Static_assert(PROMETHEUS_EVENTS == 4 && ALERTMANAGER_EVENTS == 4, "a row for each of their kinds");

static const struct {
    void (*handle)(struct world *world, const struct event *event);
    enum subject subject;
} events[EV_KINDS] = {
    [EV_ARRIVAL] = {arrival, OF_NONE},
    [EV_JOB_END] = {job_end, OF_JOB},
    [EV_PICKUP] = {pickup, OF_JOB},
    [EV_REQUEUE] = {requeue, OF_JOB},
    [EV_LOCK_EXPIRY] = {lock_expiry, OF_JOB},
    [EV_PATIENCE] = {patience, OF_JOB},
    [EV_QUEUE_LIMIT] = {queue_limit, OF_NONE},
    [EV_TIMEOUT] = {timeout, OF_JOB},
    [EV_OFFLINE] = {offline, OF_SESSION},
    [EV_SLOT_OFFLINE] = {slot_offline, OF_NONE},
    [EV_RECONNECT] = {reconnect, OF_HOST},
    [EV_FAULT] = {fault, OF_NONE},
    [EV_FAULT_END] = {fault_end, OF_NONE},
    [EV_BREAKDOWN] = {breakdown, OF_NONE},
    [EV_REPAIR] = {repair, OF_NONE},
    [EV_HUMAN] = {human, OF_NONE},
    [EV_POLL] = {poll, OF_STRIDE},
    [EV_WRITE] = {write, OF_NONE},
    [EV_PROMETHEUS] = {prometheus, OF_NONE},
    [EV_PROMETHEUS + 1] = {prometheus, OF_NONE},
    [EV_PROMETHEUS + 2] = {prometheus, OF_NONE},
    [EV_PROMETHEUS + 3] = {prometheus, OF_NONE},
    [EV_ALERTMANAGER] = {alertmanager, OF_NONE},
    [EV_ALERTMANAGER + 1] = {alertmanager, OF_NONE},
    [EV_ALERTMANAGER + 2] = {alertmanager, OF_NONE},
    [EV_ALERTMANAGER + 3] = {alertmanager, OF_NONE},
    [EV_HANG] = {hang, OF_FAULT_OF_REG},
    [EV_CYCLE] = {cycle, OF_FAULT},
    [EV_HANDOUT] = {hand_out, OF_JOB},
    [EV_CANARY] = {canary, OF_NONE},
};

static inline bool has_passed(const struct world *world, const struct event *event)
{
    enum subject subject = events[event->kind].subject;
    if (subject == OF_JOB) /* most are */
        return world->jobs.job[event->who].epoch != event->epoch;
    switch (subject) {
    case OF_NONE:
    case OF_JOB:
        return false;
    case OF_HOST:
        return world->sessions.host[event->who].epoch != event->epoch;
    case OF_SESSION:
        return world->sessions.host[event->who].released_ms != event->at_ms;
    case OF_STRIDE:
        return event->epoch != 0 && world_controller_strode(world, event->epoch);
    case OF_FAULT:
        return world->field.turn[event->who] != event->epoch;
    case OF_FAULT_OF_REG:
        return world->field.turn[event->who >> 16] != event->epoch;
    }
    UND_UNREACHABLE();
}

bool world_event_is_stale(const void *context, const struct event *event)
{
    return has_passed(context, event);
}

void world_event_happen(struct world *world, const struct event *event)
{
    UND_ASSERT(event->kind < EV_KINDS);
    world_pass(world, event);
    if (!has_passed(world, event))
        events[event->kind].handle(world, event);
}
