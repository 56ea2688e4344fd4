/*
 * The grid of its polls is that of the answers, so that it includes the API's latency; writes draw
 * theirs.
 *
 * While nothing can change it sleeps: no poll is scheduled once each kind of poll has shown nothing
 * new and the policy is settled. Waking puts the polls back on their grid, with the readings that
 * they would have had; results are the same to the bit (always_poll turns sleep off).
 *
 * Where the policy looks for signs, GitHub's polls do not sleep but stride: to the first slot of
 * their grid at which a job or a canary can have waited for long enough, or at which the end of a
 * job is read.
 */
#include "world.h"
#include "world_write.h"

#include "model/base/assert.h"

#define WRITE_RETRY_MS 5000 /* after a failed write */
#define ALL_QUIET ((1u << POLL_COUNT) - 1)

static bool token_works(const struct world *world)
{
    return world->faults.token_bad == 0 && world_github_up(world);
}

/* Bit set of the feeds that answer. */
static unsigned feeds_up(const struct world *world)
{
    unsigned up = 1u << FEED_PROBE;
    up |= token_works(world) ? 1u << FEED_GITHUB : 0;
    up |= world->monitoring.down == 0 ? 1u << FEED_ALERTS : 0;
    return up;
}

static bool call_fails(struct world *world)
{
    return !token_works(world) ||
           (world->faults.api_error_rate > 0 &&
            stream_uniform(&world->streams[STREAM_API]) < world->faults.api_error_rate);
}

/* ---- writes ---- */

static void schedule_write(struct world *world, int64_t after_ms)
{
    int64_t latency_ms = world->fleet->github.present ? draw_ms(&world->fleet->github.api_latency,
                                                                &world->streams[STREAM_API])
                                                      : 0;
    int64_t at_ms = world->now_ms + after_ms;
    world->controller.write_pending = true;
    at_ms = at_ms > world->controller.next_write_ms ? at_ms : world->controller.next_write_ms;
    world_push(world, at_ms + latency_ms, THEN_CONTROLLER, EV_WRITE, 0, 0);
}

static void note_routing(struct world *world, int host, bool was_routed, bool is_routed)
{
    if (was_routed && !is_routed)
        world_tell(world, (struct news){.kind = NEWS_ROUTED_AWAY, .host = host});
    world_tell(world, (struct news){.kind = NEWS_ROUTING, .host = host});
}

static void write_label(struct world *world, uint32_t reg)
{
    int host = world->github.reg[reg].host;
    uint32_t before = world->github.host[host].labelled;
    world_github_label(world, reg, !world->github.reg[reg].labelled);
    note_routing(world, host, before > 0, world->github.host[host].labelled > 0);
}

static void write_variable(struct world *world)
{
    uint64_t before = world->github.route;
    int host;
    world_github_route(world, world_write_route(world));
    for (host = 0; host < world->n_hosts; host++)
        if (((before ^ world->github.route) >> host & 1) != 0)
            note_routing(world, host, before >> host & 1, world->github.route >> host & 1);
}

/* The hook stops or starts services over ssh: it needs the host, not GitHub. */
static bool write_possible(struct world *world, uint32_t reg)
{
    if (world->fleet->github.mechanism != MECHANISM_HOOK || reg == NONE)
        return !call_fails(world);
    return world_host_probed(world, world->github.reg[reg].host) || !world->github.reg[reg].online;
}

void world_controller_write(struct world *world)
{
    uint32_t reg = world->github.by_variable ? NONE : world_write_label(world),
             job = world_write_lost(world);
    int writes = 1;
    world->controller.write_pending = false;
    if (!world_write_left(world))
        return;
    if (!write_possible(world, reg)) {
        schedule_write(world, WRITE_RETRY_MS);
        return;
    }
    if (reg != NONE && (job == NONE || world->github.reg[reg].labelled)) {
        write_label(world, reg);
    } else if (world->github.by_variable && world->github.route != world_write_route(world)) {
        write_variable(world);
    } else if (job != NONE) {
        writes = 2; /* force-cancel, then re-run */
        world_github_fail(world, job, "force-cancelled, to be re-run");
    } else {
        writes = 2; /* cancel, then re-run with the new variable */
        world_github_reroute(world, world_write_misrouted(world));
    }
    world->controller.next_write_ms =
        world->now_ms + writes * world->fleet->github.write_spacing_ms;
    if (world_write_left(world))
        schedule_write(world, 0);
}

/* ---- the step ---- */

static void tell(struct world *world, int host, enum notice notice)
{
    world_tell(world, (struct news){.kind = NEWS_NOTICE, .host = host, .notice = (uint8_t)notice});
}

static void act_on_fleet(struct world *world)
{
    unsigned notices = world->controller.driver.plan.notices;
    if (notices & 1u << NOTICE_BLIND)
        tell(world, -1, NOTICE_BLIND);
    if (notices & 1u << NOTICE_SIGHTED)
        tell(world, -1, NOTICE_SIGHTED);
    if ((notices & 1u << NOTICE_PAGE) && !world->faults.human_called) {
        tell(world, -1, NOTICE_PAGE);
        world_fault_call_human(world);
    }
}

static void act_on_host(struct world *world, int host)
{
    unsigned notices = world->controller.driver.plan.host[host].notices;
    int notice;
    if (notices == 0)
        return;
    for (notice = 0; notice < NOTICE_COUNT; notice++)
        if (notices >> notice & 1)
            tell(world, host, (enum notice)notice);
    world_digest(world, EV_POLL, (uint64_t)host << 32 | notices,
                 (uint64_t)world->controller.driver.plan.host[host].admitted);
}

/* What the plan says is told and begun. */
static void act(struct world *world)
{
    int host;
    act_on_fleet(world);
    for (host = 0; host < world->n_hosts; host++)
        act_on_host(world, host);
    if (!world->controller.write_pending && world_write_left(world))
        schedule_write(world, 0);
    world_tell(world, (struct news){.kind = NEWS_LEVELS});
}

void world_controller_obey(struct world *world, const struct policy_state *policy,
                           const struct plan *plan)
{
    world->controller.driver.state = *policy;
    world->controller.driver.plan = *plan;
    act(world);
}

bool world_controller_busy(const struct world *world)
{
    return world->controller.write_pending;
}

/* The last slot of a poll's grid before now; before the first one, where it would have been. */
static int64_t slot_before(const struct world *world, enum poll poll)
{
    int64_t every = fleet_poll_ms(world->fleet, poll),
            since = world->now_ms - 1 - world->controller.poll_phase_ms[poll];
    return (since < 0 ? -1 : since / every) * every + world->controller.poll_phase_ms[poll];
}

/* A feed that answered while its poll slept was last seen in its grid's last slot. Whoever changes
 * what answers wakes the polls. */
static void see_sleeping_feeds(struct world *world)
{
    unsigned up = world->controller.up;
    int feed;
    world->controller.up = feeds_up(world);
    for (feed = 0; feed < FEED_COUNT; feed++) {
        int64_t slot_ms;
        if (world->controller.poll_pending[feed] || !(up >> feed & 1))
            continue;
        slot_ms = slot_before(world, (enum poll)feed);
        if (slot_ms > world->controller.driver.readings.seen_ms[feed])
            world->controller.driver.readings.seen_ms[feed] = slot_ms;
    }
}

static void step(struct world *world)
{
    see_sleeping_feeds(world);
    driver_step(&world->controller.driver, world->now_ms);
    if (world->controller.watch.stepped)
        world->controller.watch.stepped(world->controller.watch.context, world);
    act(world);
}

/* ---- polls and hints ---- */

static bool read_registrations(struct world *world, struct host_reading *hosts)
{
    int host;
    if (call_fails(world))
        return false;
    for (host = 0; host < world->n_hosts; host++) {
        const struct github_host *h = &world->github.host[host];
        uint32_t reg;
        hosts[host] = (struct host_reading){.routed = world_github_routed(world, host)};
        for (reg = h->first; reg < h->first + h->slots; reg++) {
            hosts[host].online += world->github.reg[reg].online;
            hosts[host].busy += world_field_looks_busy(world, reg);
        }
    }
    if (world_field_looks(world))
        world_field_look(world, hosts);
    if (world->field.lies > 0)
        world_field_distort(world, hosts);
    return true;
}

bool world_controller_look(struct world *world, enum feed feed, struct host_reading *hosts)
{
    int host;
    if (feed == FEED_GITHUB)
        return read_registrations(world, hosts);
    if (feed == FEED_ALERTS && world->monitoring.down > 0)
        return false;
    for (host = 0; host < world->n_hosts; host++)
        hosts[host] = (struct host_reading){
            .severities = world->monitoring.prometheus
                              ? prometheus_firing(world->monitoring.prometheus, host)
                              : 0,
            .answered = world_host_probed(world, host)};
    return true;
}

static void push_poll(struct world *world, enum poll poll, int64_t at_ms)
{
    world->controller.poll_pending[poll] = true;
    world_push(world, at_ms, (enum priority)(THEN_POLLS + (int)poll), EV_POLL, (uint32_t)poll, 0);
}

/* A poll due at this very instant is still to come. */
static int64_t next_slot(const struct world *world, enum poll poll)
{
    return slot_before(world, poll) + fleet_poll_ms(world->fleet, poll);
}

static void wake(struct world *world)
{
    int poll;
    if (!world->fleet->has_policy || world->controller.audience)
        return;
    world->controller.quiet = 0;
    world->controller.stride_ms = -1;
    see_sleeping_feeds(world);
    for (poll = 0; poll < POLL_COUNT; poll++)
        if (!world->controller.poll_pending[poll])
            push_poll(world, (enum poll)poll, next_slot(world, (enum poll)poll));
}

/* ---- strides ---- */

static void stride_to(struct world *world, int64_t at_ms)
{
    struct world_controller *c = &world->controller;
    if (c->stride_ms == at_ms)
        return;
    c->stride_ms = at_ms;
    c->stride = c->stride == UINT32_MAX ? 1 : c->stride + 1;
    world_push(world, at_ms, (enum priority)(THEN_POLLS + (int)POLL_GITHUB), EV_POLL, POLL_GITHUB,
               c->stride);
}

/* From a slot of the grid. */
static void stride(struct world *world)
{
    int64_t every_ms = fleet_poll_ms(world->fleet, POLL_GITHUB),
            still_ms = world_field_still_ms(world), left_ms = world->end_ms - world->now_ms, slots;
    still_ms = still_ms > left_ms ? left_ms : still_ms;
    slots = (still_ms + every_ms - 1) / every_ms;
    stride_to(world, world->now_ms + (slots > 1 ? slots : 1) * every_ms);
}

bool world_controller_strode(const struct world *world, uint32_t epoch)
{
    return world->controller.stride_ms < 0 || world->controller.stride != epoch;
}

void world_controller_nudge(struct world *world, const struct news *news)
{
    (void)news;
    if (world->controller.stride_ms >= 0)
        stride_to(world, next_slot(world, POLL_GITHUB));
}

/* Does each feed stay as fresh or stale as it is? Polls rarer than `stale_after` go blind between
 * themselves. */
static bool feeds_stay(const struct world *world)
{
    const struct view *view = &world->controller.driver.readings.view;
    int64_t stale_ms = world->fleet->policy.stale_after_ms;
    unsigned up = feeds_up(world);
    int feed;
    for (feed = 0; feed < FEED_COUNT; feed++) {
        bool fresh = view->age_ms[feed] <= stale_ms;
        if (fresh != (up >> feed & 1) ||
            (fresh && fleet_poll_ms(world->fleet, (enum poll)feed) > stale_ms))
            return false;
    }
    return world->faults.api_error_rate <= 0;
}

/* The health check is rare and goes by what is known: it is waited for with the feeds asleep, and
 * wakes them if it counts otherwise. */
static bool may_sleep(const struct world *world, enum poll poll)
{
    const struct driver *driver = &world->controller.driver;
    unsigned quiet = poll == POLL_HEALTH ? ALL_QUIET : ALL_QUIET & ~(1u << POLL_HEALTH);
    return !world->controller.always_poll && (world->controller.quiet & quiet) == quiet &&
           feeds_stay(world) &&
           (driver_settled(driver) || driver_waits_blind(driver, world->now_ms)) &&
           (!world_field_looks(world) || readings_still(&driver->readings, world->now_ms));
}

/* Does a poll show other alerts than known, of those that the policy acts on? */
static bool shows_alerts(const struct world *world, const struct host_reading *hosts)
{
    const struct view *view = &world->controller.driver.readings.view;
    int host;
    for (host = 0; host < world->n_hosts; host++)
        if ((view->host[host].alerts ^ hosts[host].severities) & world->fleet->policy.severities)
            return true;
    return false;
}

void world_controller_poll(struct world *world, enum poll poll)
{
    struct host_reading hosts[FLEET_HOSTS];
    bool idle;
    bool good = poll == POLL_HEALTH || world_controller_look(world, (enum feed)poll, hosts);
    if (poll == POLL_GITHUB)
        world->controller.stride_ms = -1;
    world->controller.poll_pending[poll] = true; /* if it strode: else so it was */
    see_sleeping_feeds(world);
    idle = poll == POLL_ALERTS && good && !shows_alerts(world, hosts);
    if (good && driver_take(&world->controller.driver, poll, world->now_ms, hosts) && !idle)
        wake(world);
    else
        world->controller.quiet |= 1u << poll;
    step(world);
    world->controller.poll_pending[poll] = false;
    if (!may_sleep(world, poll))
        push_poll(world, poll, world->now_ms + fleet_poll_ms(world->fleet, poll));
    else if (poll == POLL_GITHUB && world_field_looks(world))
        stride(world);
}

/* ---- what it hears ---- */

void world_controller_wake(struct world *world, const struct news *news)
{
    if (news->kind != NEWS_ALERT || world_monitoring_acts(world, news->rule))
        wake(world);
}

static bool is_asleep(const struct world *world)
{
    int poll;
    for (poll = 0; poll < POLL_COUNT; poll++)
        if (world->controller.poll_pending[poll])
            return false;
    return true;
}

bool world_controller_has_webhook(const struct world *world)
{
    return world->fleet->has_policy && world->fleet->controller.webhook;
}

void world_controller_webhook(struct world *world, const struct news *news)
{
    const struct audience *audience = world->controller.audience;
    if (!world_controller_has_webhook(world))
        return;
    if (audience) {
        audience->notified(audience->context, news->host, news->severities);
        world->controller.noticed = true;
        return;
    }
    /* Asleep means settled, which other alerts do not change. */
    if (world_monitoring_concerns(world, news))
        wake(world);
    else if (is_asleep(world))
        return;
    driver_hint(&world->controller.driver, news->host, news->severities);
    step(world);
}

void world_controller_job_over(struct world *world, const struct news *news)
{
    const struct audience *audience = world->controller.audience;
    if (audience)
        audience->job_over(audience->context, news->job, news->kind == NEWS_JOB_SUCCEEDED,
                           news->again);
}

void world_controller_maintenance(struct world *world, int host, bool asked)
{
    driver_maintenance(&world->controller.driver, host, asked);
}

void world_controller_watch(struct world *world, const struct watch *watch)
{
    world->controller.watch = watch ? *watch : (struct watch){NULL, NULL};
}

void world_controller_restart(struct world *world, bool stored)
{
    driver_restart(&world->controller.driver, world->now_ms, stored);
}

void world_controller_pause(struct world *world, bool paused)
{
    driver_pause(&world->controller.driver, paused);
}

/* ---- a replication ---- */

void world_controller_open(struct world *world, bool always_tick)
{
    world->controller.always_poll = always_tick;
}

void world_controller_hand_over(struct world *world, const struct audience *audience)
{
    UND_ASSERT(audience->notified != NULL && audience->job_over != NULL);
    world->controller.audience = audience;
}

void world_controller_attend(struct world *world)
{
    world->controller.noticed = false;
}

void world_controller_finish(const struct world *world, struct rep *rep)
{
    rep->broken = world->controller.driver.broken;
    rep->broken_ms = world->controller.driver.broken_ms;
}

/* The fleet has long been running as the policy wants a fleet in good health: backups that stand by
 * are out of the rotation. */
static void begin_routed(struct world *world)
{
    int host;
    uint32_t i;
    driver_step(&world->controller.driver, 0);
    if (world->github.by_variable)
        world_github_route(world, world_write_route(world));
    else
        for (host = 0; host < world->n_hosts; host++)
            for (i = (uint32_t)world->controller.driver.plan.host[host].admitted;
                 i < world->github.host[host].slots; i++)
                world_github_label(world, world->github.host[host].first + i, false);
}

void world_controller_start(struct world *world)
{
    const struct readings_setup setup = fleet_readings(world->fleet);
    struct world_controller *c = &world->controller;
    int poll;
    c->write_pending = c->noticed = false;
    c->next_write_ms = 0;
    c->quiet = 0;
    c->up = feeds_up(world);
    c->stride_ms = -1;
    c->stride = 0;
    driver_init(&c->driver, &world->fleet->policy, &setup, 0);
    if (!world->fleet->has_policy)
        return;
    begin_routed(world);
    for (poll = 0; poll < POLL_COUNT; poll++) {
        c->poll_phase_ms[poll] = (int64_t)(stream_uniform(&world->streams[STREAM_POLL]) *
                                           (double)fleet_poll_ms(world->fleet, (enum poll)poll));
        c->poll_pending[poll] = false;
    }
    wake(world);
}
