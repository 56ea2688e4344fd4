/* Set-up, the event loop, accounting over time, digest, world invariants. */
#include "world.h"

#include "model/base/assert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(size_t n, size_t size)
{
    void *memory = calloc(n, size);
    UND_ASSERT(memory != NULL);
    return memory;
}

static void open_hosts(struct world *world)
{
    const struct fleet *fleet = world->fleet;
    uint32_t reg;
    int i;
    world->n_hosts = fleet->n_hosts;
    for (i = 0; i < fleet->n_hosts; i++) {
        world->host[i].first = world->n_regs;
        world->host[i].slots = (uint32_t)fleet->hosts[i].slots;
        world->n_regs += world->host[i].slots;
    }
    world->regs = allocate(world->n_regs, sizeof *world->regs);
    for (i = 0; i < fleet->n_hosts; i++)
        for (reg = 0; reg < world->host[i].slots; reg++)
            world->regs[world->host[i].first + reg].host = (uint16_t)i;
}

/* One queue for each distinct priority, the highest first. */
static void open_queues(struct world *world)
{
    const struct workload *workload = &world->fleet->workload;
    int i, j;
    for (i = 0; i < workload->n_classes; i++) {
        world->class_mcores[i] = llround(workload->classes[i].cores * 1000);
        world->class_pm_a_ms[i] = 1000 / fmax(dist_mean(&workload->classes[i].duration), 1);
        for (j = 0; j < workload->n_classes; j++) {
            bool first_of_its_kind = true;
            int k;
            for (k = 0; k < j; k++)
                first_of_its_kind = first_of_its_kind &&
                                    workload->classes[k].priority != workload->classes[j].priority;
            world->priority_queue[i] +=
                first_of_its_kind && workload->classes[j].priority > workload->classes[i].priority;
        }
        world->n_queues = world->priority_queue[i] + 1 > world->n_queues
                              ? world->priority_queue[i] + 1
                              : world->n_queues;
    }
    world->n_queues = world->n_queues > 0 ? world->n_queues : 1;
    world->queues = allocate((size_t)world->n_queues, sizeof *world->queues);
}

static void open_monitoring(struct world *world)
{
    const struct fleet *fleet = world->fleet;
    int i;
    if (!fleet->monitoring.present)
        return;
    if (fleet->alertmanager.present)
        world->alertmanager = alertmanager_open(fleet, &world->queue, EV_ALERTMANAGER,
                                                world_controller_notified, world);
    if (world->alertmanager)
        alertmanager_clock(world->alertmanager, world->scenario->start_ms);
    world->prometheus = prometheus_open(fleet, &world->queue, EV_PROMETHEUS, world->alertmanager,
                                        world_controller_alert, world);
    for (i = 0; i < fleet->monitoring.n_rules; i++) {
        enum signal signal = fleet->monitoring.rules[i].signal;
        world->wants_load = world->wants_load || (signal != SIGNAL_UP && signal != SIGNAL_ABSENT);
        world->wants_duration = world->wants_duration || signal == SIGNAL_JOB_DURATION;
    }
}

/* Of each job and each host one event is wanted at a time; the others outlive what they were about,
 * by days where patience, durations or time-outs are long. */
static bool is_stale(const void *context, const struct event *event)
{
    const struct world *world = context;
    switch ((enum kind)event->kind) {
    case EV_JOB_END:
    case EV_PICKUP:
    case EV_REQUEUE:
    case EV_LOCK_EXPIRY:
    case EV_PATIENCE:
    case EV_TIMEOUT:
    case EV_HANDOUT:
        return world->jobs[event->who].epoch != event->epoch;
    case EV_HANG:
        return world->fault_turn[event->who >> 16] != event->epoch;
    case EV_CYCLE:
        return world->fault_turn[event->who] != event->epoch;
    case EV_OFFLINE: /* the host may be back, and its old session still held */
        return world->host[event->who].released_ms != event->at_ms;
    case EV_RECONNECT:
        return world->host[event->who].epoch != event->epoch;
    case EV_ARRIVAL:
    case EV_QUEUE_LIMIT:
    case EV_SLOT_OFFLINE:
    case EV_FAULT:
    case EV_FAULT_END:
    case EV_BREAKDOWN:
    case EV_REPAIR:
    case EV_HUMAN:
    case EV_POLL:
    case EV_WRITE:
    case EV_PROMETHEUS:
    case EV_ALERTMANAGER:
    case EV_CANARY:
    case EV_KINDS:
        return false;
    }
    return false; /* monitoring's own kinds */
}

/* Hosts and faults take turns, so that one more of either leaves every other stream where it is. */
static size_t stream_count(const struct fleet *fleet, const struct scenario *scenario)
{
    size_t hosts = HOST_STREAMS * (size_t)fleet->n_hosts, faults = (size_t)scenario->n_faults;
    /* And one behind them for what happens in the field. */
    return STREAM_HOST_0 + 2 * (hosts > faults ? hosts : faults) + 1;
}

struct world *world_open(const struct scenario *scenario, bool always_tick)
{
    struct world *world = allocate(1, sizeof *world);
    const struct fleet *fleet = &scenario->fleet;
    world->scenario = scenario;
    world->fleet = fleet;
    world->rule_cause = allocate((size_t)(fleet->n_hosts * fleet->monitoring.n_rules) + 1,
                                 sizeof *world->rule_cause);
    open_hosts(world);
    open_queues(world);
    world_workload_open(world);
    world->instant_pickup = !fleet->github.present;
    world->variable_routing = fleet->github.mechanism == MECHANISM_VARIABLE;
    world->n_streams = stream_count(fleet, scenario);
    world->streams = allocate(world->n_streams, sizeof *world->streams);
    /* Untouched pages of the ceilings cost nothing. */
    world->jobs = allocate(WORLD_JOBS, sizeof *world->jobs);
    queue_init(&world->queue, 4 * WORLD_JOBS);
    queue_drop_stale(&world->queue, is_stale, world);
    level_init(&world->queue_level);
    level_init(&world->busy_level);
    level_init(&world->rep_queue_level);
    level_init(&world->rep_busy_level);
    cluster_init(&world->queue_clusters);
    cluster_init(&world->busy_clusters);
    waits_init(&world->waits);
    waits_init(&world->fault_waits);
    open_monitoring(world);
    world->warmup_ms = scenario->warmup_ms;
    world->always_poll = always_tick;
    if (world->prometheus)
        prometheus_always_tick(world->prometheus, always_tick);
    return world;
}

void world_close(struct world *world)
{
    if (world->prometheus)
        prometheus_close(world->prometheus);
    if (world->alertmanager)
        alertmanager_close(world->alertmanager);
    waits_fini(&world->waits);
    waits_fini(&world->fault_waits);
    queue_fini(&world->queue);
    cluster_fini(&world->busy_clusters);
    cluster_fini(&world->queue_clusters);
    level_fini(&world->rep_busy_level);
    level_fini(&world->rep_queue_level);
    level_fini(&world->busy_level);
    level_fini(&world->queue_level);
    free(world->jobs);
    free(world->streams);
    free(world->queues);
    free(world->regs);
    free(world->rule_cause);
    free(world);
}

void world_merge(struct world *world, const struct world *part)
{
    waits_merge(&world->waits, &part->waits);
    waits_merge(&world->fault_waits, &part->fault_waits);
    level_merge(&world->queue_level, &part->queue_level);
    level_merge(&world->busy_level, &part->busy_level);
    cluster_merge(&world->queue_clusters, &part->queue_clusters);
    cluster_merge(&world->busy_clusters, &part->busy_clusters);
}

void world_forget(struct world *world)
{
    waits_clear(&world->waits);
    waits_clear(&world->fault_waits);
    level_clear(&world->queue_level);
    level_clear(&world->busy_level);
    cluster_clear(&world->queue_clusters);
    cluster_clear(&world->busy_clusters);
}

struct stream *world_host_stream(struct world *world, int host, enum host_stream stream)
{
    return &world->streams[STREAM_HOST_0 + 2 * (HOST_STREAMS * (size_t)host + stream)];
}

struct stream *world_fault_stream(struct world *world, uint32_t fault)
{
    return &world->streams[STREAM_HOST_0 + 2 * (size_t)fault + 1];
}

/* The digest takes in what happened and when, not how often somebody looked: ticking and sleeping
 * give the same one. One multiply-xor round a word (wyhash's mixer). */
void world_digest(struct world *world, enum kind kind, uint64_t a, uint64_t b)
{
    uint128 mixed = (uint128)(world->digest ^ (uint64_t)world->now_ms ^ (uint64_t)kind << 48) *
                    (a * 0x9e3779b97f4a7c15ULL ^ b ^ 0xe7037ed1a0b428dbULL);
    world->digest = (uint64_t)mixed ^ (uint64_t)(mixed >> 64);
}

/* Adds the time since the last change to every integral; call before a change takes place. */
void world_account_since(struct world *world)
{
    int64_t since_ms =
        world->level_since_ms > world->stats_from_ms ? world->level_since_ms : world->stats_from_ms;
    int64_t ms = world->now_ms - since_ms;
    int host;
    UND_ASSERT(world->queued >= 0 && world->occupied >= 0);
    UND_ASSERT(world->occupied <= (int64_t)world->n_regs);
    UND_ASSERT(world->queued + world->occupied <= world->in_system);
    if (ms <= 0)
        return;
    world->level_since_ms = world->now_ms;
    level_hold(&world->rep_queue_level, world->queued, ms);
    level_hold(&world->rep_busy_level, world->occupied, ms);
    world->queue_integral += world->queued * ms;
    world->busy_integral += world->occupied * ms;
    world->available_ms += world->able_total > 0 ? ms : 0;
    if (world->slices)
        time_slices_hold(world->slices, since_ms, world->now_ms, world->queued, world->occupied,
                         world->able_total > 0);
    for (host = 0; host < world->n_hosts; host++) {
        world->host[host].busy_ms += world->host[host].busy * ms;
        world->host[host].able_ms += world->host[host].able > 0 ? ms : 0;
    }
}

void world_curve(struct world *world)
{
    int host;
    if (!world->timeline)
        return;
    for (host = 0; host < world->n_hosts; host++) {
        struct timeline_point point = {.at_ms = world->now_ms, .host = host, .phase = -1};
        uint32_t reg;
        if (world->fleet->has_policy) {
            point.phase = (int)world->driver.state.host[host].phase;
            point.admitted = (int)world->host[host].labelled;
        }
        for (reg = 0; reg < world->host[host].slots; reg++)
            point.online += world->regs[world->host[host].first + reg].online;
        point.busy = (int)world->host[host].busy;
        timeline_point(world->timeline, point);
    }
    timeline_point(
        world->timeline,
        (struct timeline_point){
            .at_ms = world->now_ms,
            .host = -1,
            .phase = -1,
            .queue = (int)world->queued,
            .alerts_pending =
                world->prometheus ? prometheus_count(world->prometheus, ALERT_PENDING) : 0,
            .alerts_firing =
                world->prometheus ? prometheus_count(world->prometheus, ALERT_FIRING) : 0});
}

static void reset(struct world *world, const struct stream *base, struct rep *rep)
{
    const struct scenario *scenario = world->scenario;
    int i;
    queue_clear(&world->queue);
    stream_split(base, world->streams, world->n_streams);
    *rep = (struct rep){.host = rep->host};
    world->rep = rep;
    waits_begin(&world->waits);
    waits_begin(&world->fault_waits);
    level_clear(&world->rep_queue_level);
    level_clear(&world->rep_busy_level);
    if (world->slices)
        time_slices_clear(world->slices);
    world->now_ms = 0;
    world->end_ms = scenario->duration_ms > 0 ? scenario->duration_ms : INT64_MAX / 4;
    world->stats_from_ms = world->warmup_ms;
    world->digest = 0x243f6a8885a308d3ULL;
    world->events = 0;
    world->queued = world->occupied = world->in_system = world->able_total = 0;
    world->route = UINT64_MAX >> (64 - world->n_hosts);
    world->github_down = world->token_bad = world->pauses = 0;
    world->monitoring_down = world->alertmanager_down = 0;
    world->api_error_rate = 0;
    world->n_incidents = world->n_open = world->n_backlogs = 0;
    world->level_since_ms = 0;
    world->queue_integral = world->busy_integral = world->available_ms = 0;
    for (i = 0; i < world->n_hosts; i++) {
        uint32_t first = world->host[i].first, slots = world->host[i].slots;
        memset(&world->host[i], 0, sizeof world->host[i]);
        world->host[i].first = first;
        world->host[i].slots = slots;
        world->host[i].speed = world->fleet->hosts[i].speed;
        world->host[i].slowdown = 1;
        world->host[i].pace = 1 / world->host[i].speed;
        if (world->fleet->hosts[i].cores > 0)
            world->host[i].pm_a_mcore = 1.0 / world->fleet->hosts[i].cores;
        if (world->fleet->hosts[i].memory_bytes > 0)
            world->host[i].pm_a_byte = 1000.0 / (double)world->fleet->hosts[i].memory_bytes;
        world->host[i].connected = true;
        world->host[i].cause = -1;
    }
    if (world->alertmanager)
        alertmanager_reset(world->alertmanager);
    if (world->prometheus)
        prometheus_reset(world->prometheus, &world->streams[STREAM_PHASE]);
    world_github_start(world);
    world_controller_start(world);
    world_field_start(world);
    world_fault_start(world);
    world_workload_start(world);
}

static void handle_job(struct world *world, const struct event *event)
{
    if (world->jobs[event->who].epoch != event->epoch)
        return;
    switch ((enum kind)event->kind) {
    case EV_JOB_END:
        world_github_end(world, event->who);
        break;
    case EV_PICKUP:
        world_github_pickup(world, event->who);
        break;
    case EV_REQUEUE:
        world_github_requeue(world, event->who);
        break;
    case EV_LOCK_EXPIRY:
        world_github_fail(world, event->who, "its lock ran out");
        break;
    case EV_TIMEOUT:
        world_github_fail(world, event->who, "it ran longer than its time-out");
        break;
    case EV_PATIENCE:
        world_github_abandon(world, event->who);
        break;
    case EV_ARRIVAL:
    case EV_QUEUE_LIMIT:
    case EV_OFFLINE:
    case EV_SLOT_OFFLINE:
    case EV_RECONNECT:
    case EV_FAULT:
    case EV_FAULT_END:
    case EV_BREAKDOWN:
    case EV_REPAIR:
    case EV_HUMAN:
    case EV_POLL:
    case EV_WRITE:
    case EV_PROMETHEUS:
    case EV_ALERTMANAGER:
    case EV_HANG:
    case EV_CYCLE:
    case EV_HANDOUT:
    case EV_CANARY:
    case EV_KINDS:
        UND_UNREACHABLE();
    }
}

static void handle(struct world *world, const struct event *event)
{
    int host = (int)event->who;
    switch ((enum kind)event->kind) {
    case EV_ARRIVAL:
        world_workload_arrival(world);
        break;
    case EV_JOB_END:
    case EV_PICKUP:
    case EV_REQUEUE:
    case EV_LOCK_EXPIRY:
    case EV_PATIENCE:
    case EV_TIMEOUT:
        handle_job(world, event);
        break;
    case EV_OFFLINE:
        if (!world->host[host].connected && world->host[host].released_ms == event->at_ms)
            world_session_offline(world, host);
        break;
    case EV_QUEUE_LIMIT:
        world_github_queue_limit(world, event->who);
        break;
    case EV_SLOT_OFFLINE:
        world_session_slot_offline(world, event->who);
        break;
    case EV_RECONNECT:
        if (world->host[host].epoch == event->epoch)
            world_session_reconnect(world, host);
        break;
    case EV_FAULT:
        world_fault_begin(world, event->who);
        break;
    case EV_FAULT_END:
        world_fault_end(world, event->who);
        break;
    case EV_BREAKDOWN:
        world_fault_breakdown(world, host);
        break;
    case EV_REPAIR:
        world_fault_repair(world, host);
        break;
    case EV_HUMAN:
        world_fault_human(world);
        break;
    case EV_POLL:
        world_controller_poll(world, (enum poll)event->who);
        break;
    case EV_WRITE:
        world_controller_write(world);
        break;
    case EV_PROMETHEUS:
    case EV_ALERTMANAGER:
    case EV_HANG:
    case EV_CYCLE:
    case EV_HANDOUT:
    case EV_CANARY:
    case EV_KINDS:
        UND_UNREACHABLE();
    }
}

static void finish(struct world *world)
{
    struct rep *rep = world->rep;
    double ms, slots = (double)world->n_regs;
    int i;
    world->now_ms = world->end_ms < INT64_MAX / 4 && !rep->unstable ? world->end_ms : world->now_ms;
    world_account(world);
    world_incident_finish(world);
    world_github_finish(world);
    waits_end(&world->waits, world->group);
    waits_end(&world->fault_waits, world->group);
    level_merge(&world->queue_level, &world->rep_queue_level);
    level_merge(&world->busy_level, &world->rep_busy_level);
    cluster_add_level(&world->queue_clusters, &world->rep_queue_level);
    cluster_add_level(&world->busy_clusters, &world->rep_busy_level);
    ms = (double)(world->now_ms - world->stats_from_ms);
    ms = ms > 0 ? ms : NAN;
    rep->digest = world->digest;
    rep->events = world->events;
    rep->simulated_ms = world->now_ms;
    rep->n_incidents = world->n_incidents;
    rep->queue_length = (double)world->queue_integral / ms;
    rep->utilization = (double)world->busy_integral / ms / slots;
    rep->availability = (double)world->available_ms / ms;
    for (i = 0; i < world->n_hosts; i++) {
        const struct world_host *h = &world->host[i];
        rep->host[i].utilization = (double)h->busy_ms / ms / h->slots;
        rep->host[i].availability = (double)h->able_ms / ms;
        rep->host[i].done = h->done;
        rep->host[i].failed = h->failed;
    }
}

/* Without a duration a scenario of faults ends when the recovery from all of them is over. */
static bool has_recovered(struct world *world)
{
    if (!world->scenario->until_recovered || !world_fault_over(world) ||
        !world_incident_over(world))
        return false;
    world->end_ms = world->now_ms;
    return true;
}

/* Without a duration a trace is replayed until its last job is done. */
static bool trace_is_done(const struct world *world)
{
    return world->scenario->duration_ms == 0 && world->in_system == 0 &&
           world->next_trace >= world->fleet->workload.arrivals.trace.n;
}

static void handle_field(struct world *world, const struct event *event)
{
    uint32_t who = event->who;
    if (event->kind == EV_HANG)
        world_field_hang(world, who, event->epoch);
    else if (event->kind == EV_CYCLE)
        world_field_cycle(world, who, event->epoch);
    else if (event->kind == EV_CANARY)
        world_field_canary(world, (int)who, event->epoch != 0);
    else if (world->jobs[who].epoch == event->epoch)
        world_github_hand_out(world, who);
}

static void happen(struct world *world, const struct event *event)
{
    UND_ASSERT(event->at_ms >= world->now_ms);
    world->now_ms = event->at_ms;
    world->events++;
    if (event->kind >= EV_HANG)
        handle_field(world, event);
    else if (event->kind >= EV_ALERTMANAGER)
        alertmanager_event(world->alertmanager, event);
    else if (event->kind >= EV_PROMETHEUS)
        prometheus_event(world->prometheus, event);
    else
        handle(world, event);
}

void world_start(struct world *world, const struct stream *base, struct rep *rep,
                 struct incident *incidents, int max_incidents)
{
    world->incidents = incidents;
    world->max_incidents = max_incidents;
    reset(world, base, rep);
    world_curve(world);
}

void world_advance(struct world *world, int64_t until_ms)
{
    struct event event;
    world->noticed = false;
    while (queue_next_ms(&world->queue) <= until_ms && queue_pop(&world->queue, &event)) {
        happen(world, &event);
        if (world->noticed)
            return;
    }
    if (until_ms > world->now_ms)
        world->now_ms = until_ms;
}

void world_finish(struct world *world)
{
    finish(world);
    world_curve(world);
}

void world_run(struct world *world, const struct stream *base, struct rep *rep,
               struct incident *incidents, int max_incidents)
{
    struct event event;
    world_start(world, base, rep, incidents, max_incidents);
    while (!trace_is_done(world) && !has_recovered(world) && queue_pop(&world->queue, &event) &&
           event.at_ms < world->end_ms)
        happen(world, &event);
    world_finish(world);
}
