/*
 * The controller: it sees only what its polls and hints have brought, at the time they brought it,
 * steps the policy and reconciles GitHub's labels (or the variable, or the hosts' services) to the
 * plan, one write at a time. The grid of its polls is that of the answers, so that it includes the
 * API's latency; writes draw theirs.
 *
 * While nothing can change it sleeps: no poll is scheduled once each kind of poll has shown nothing
 * new and the policy is settled. Waking puts the polls back on their grid, with the readings that
 * they would have had; results are the same to the bit (always_poll turns sleep off).
 */
#include "world.h"

#include "model/base/assert.h"
#include "model/policy/policy_names.h"

#include <string.h>

#define WRITE_RETRY_MS 5000 /* after a failed write */
#define ALL_QUIET ((1u << POLL_COUNT) - 1)

static bool token_works(const struct world *world)
{
    return world->token_bad == 0 && world_github_up(world);
}

static bool feeds_work(const struct world *world)
{
    return token_works(world) && world->monitoring_down == 0 && world->api_error_rate <= 0;
}

static bool call_fails(struct world *world)
{
    return !token_works(world) ||
           (world->api_error_rate > 0 &&
            stream_uniform(&world->streams[STREAM_API]) < world->api_error_rate);
}

/* ---- writes ---- */

static uint64_t wanted_route(const struct world *world)
{
    uint64_t route = 0;
    int host;
    for (host = 0; host < world->n_hosts; host++)
        if (world->driver.plan.host[host].admitted > 0)
            route |= 1ULL << host;
    return route;
}

/* A lost job of a drained host, for the fast recovery; NONE if there is none. */
static uint32_t lost_job(const struct world *world)
{
    int host;
    if (!world->fleet->github.fast_recovery || world->fleet->workload.on_failure == ON_FAILURE_FAIL)
        return NONE;
    for (host = 0; host < world->n_hosts; host++) {
        const struct world_host *h = &world->host[host];
        uint32_t reg;
        if (world->driver.state.host[host].phase != PHASE_DRAINED)
            continue;
        for (reg = h->first; reg < h->first + h->slots; reg++) {
            uint32_t job = world->regs[reg].job;
            if (job != NONE && world->jobs[job].state == JOB_LOST)
                return job;
        }
    }
    return NONE;
}

/* A queued job whose labels still lead to a host that the variable has left. */
static uint32_t misrouted_job(const struct world *world)
{
    uint32_t job;
    int i;
    for (i = 0; i < world->n_queues; i++)
        for (job = world->queues[i].head; job != NONE; job = world->jobs[job].next)
            if ((world->jobs[job].hosts & ~world->route) != 0)
                return job;
    return NONE;
}

/* The next registration whose label is not as planned: removals first, and among additions those
 * that are online. */
static uint32_t wrong_label(const struct world *world)
{
    uint32_t reg, add = NONE;
    int host;
    for (host = 0; host < world->n_hosts; host++) {
        const struct world_host *h = &world->host[host];
        uint32_t wanted = (uint32_t)world->driver.plan.host[host].admitted;
        for (reg = h->first; h->labelled != wanted && reg < h->first + h->slots; reg++) {
            const struct reg *r = &world->regs[reg];
            if (r->labelled && h->labelled > wanted)
                return reg;
            if (!r->labelled && h->labelled < wanted &&
                (add == NONE || (!world->regs[add].online && r->online)))
                add = reg;
        }
    }
    return add;
}

static bool work_left(const struct world *world)
{
    if (world->variable_routing)
        return world->route != wanted_route(world) || misrouted_job(world) != NONE ||
               lost_job(world) != NONE;
    return wrong_label(world) != NONE || lost_job(world) != NONE;
}

static void schedule_write(struct world *world, int64_t after_ms)
{
    int64_t latency_ms = world->fleet->github.present ? draw_ms(&world->fleet->github.api_latency,
                                                                &world->streams[STREAM_API])
                                                      : 0;
    int64_t at_ms = world->now_ms + after_ms;
    world->write_pending = true;
    at_ms = at_ms > world->next_write_ms ? at_ms : world->next_write_ms;
    world_push(world, at_ms + latency_ms, THEN_CONTROLLER, EV_WRITE, 0, 0);
}

static void note_routing(struct world *world, int host, bool was_routed, bool is_routed)
{
    if (was_routed && !is_routed) {
        WORLD_STORY(world, world->decision_cause[host], host, MARK_ROUTING,
                    "no new job can reach the host: routing has changed");
        world_incident_routed(world, host);
    }
    world_incident_check_full(world);
    world_curve(world);
}

static void write_label(struct world *world, uint32_t reg)
{
    int host = world->regs[reg].host;
    uint32_t before = world->host[host].labelled;
    world_github_label(world, reg, !world->regs[reg].labelled);
    note_routing(world, host, before > 0, world->host[host].labelled > 0);
}

static void write_variable(struct world *world)
{
    uint64_t before = world->route;
    int host;
    world_github_route(world, wanted_route(world));
    for (host = 0; host < world->n_hosts; host++)
        if (((before ^ world->route) >> host & 1) != 0)
            note_routing(world, host, before >> host & 1, world->route >> host & 1);
}

/* The hook stops or starts services over ssh: it needs the host, not GitHub. */
static bool write_possible(struct world *world, uint32_t reg)
{
    if (world->fleet->github.mechanism != MECHANISM_HOOK || reg == NONE)
        return !call_fails(world);
    return world_host_probed(world, world->regs[reg].host) || !world->regs[reg].online;
}

void world_controller_write(struct world *world)
{
    uint32_t reg = world->variable_routing ? NONE : wrong_label(world), job = lost_job(world);
    int writes = 1;
    world->write_pending = false;
    if (!work_left(world))
        return;
    if (!write_possible(world, reg)) {
        schedule_write(world, WRITE_RETRY_MS);
        return;
    }
    if (reg != NONE && (job == NONE || world->regs[reg].labelled)) {
        write_label(world, reg);
    } else if (world->variable_routing && world->route != wanted_route(world)) {
        write_variable(world);
    } else if (job != NONE) {
        writes = 2; /* force-cancel, then re-run */
        world_github_fail(world, job, "force-cancelled, to be re-run");
    } else {
        writes = 2; /* cancel, then re-run with the new variable */
        world_github_reroute(world, misrouted_job(world));
    }
    world->next_write_ms = world->now_ms + writes * world->fleet->github.write_spacing_ms;
    if (work_left(world))
        schedule_write(world, 0);
}

/* ---- the step ---- */

static int32_t tell(struct world *world, int host, enum notice notice, int32_t cause)
{
    return WORLD_STORY(world, cause, host, mark_of_notice(notice), "policy: %s",
                       policy_notice_name(notice));
}

/* What made the policy say this: what it saw, or its own earlier word. */
static int32_t cause_of(const struct world *world, int host, enum notice notice)
{
    if (notice == NOTICE_DETECTED || notice == NOTICE_RELAPSE)
        return world->driver.readings.view.host[host].alerts & world->fleet->policy.severities
                   ? world->alert_cause[host]
                   : world->host[host].cause;
    if (notice == NOTICE_FAILBACK || notice == NOTICE_DISMISSED)
        return world->alert_cause[host] > world->host[host].cause ? world->alert_cause[host]
                                                                  : world->host[host].cause;
    return notice == NOTICE_FAILOVER ? world->detection_cause[host] : world->decision_cause[host];
}

static void act_on_host(struct world *world, int host)
{
    unsigned notices = world->driver.plan.host[host].notices;
    int notice;
    if (notices == 0)
        return;
    for (notice = 0; notice < NOTICE_COUNT; notice++) {
        int32_t cause;
        if (!(notices >> notice & 1))
            continue;
        cause = tell(world, host, (enum notice)notice, cause_of(world, host, (enum notice)notice));
        if (mark_of_notice((enum notice)notice) == MARK_DETECTION || notice == NOTICE_RELAPSE)
            world_incident_detected(world, host);
        if (notice == NOTICE_DETECTED) {
            world->detection_cause[host] = cause;
        } else if (notice == NOTICE_HELD_BLIND) {
            world_incident_due(world, host);
        } else if (mark_of_notice((enum notice)notice) == MARK_DECISION) {
            world->decision_cause[host] = cause;
            world_incident_decided(world, host, notice == NOTICE_MAINTENANCE);
        } else if (notice == NOTICE_FAILBACK) {
            world->decision_cause[host] = cause;
        } else if (notice == NOTICE_RESTORED || notice == NOTICE_DISMISSED) {
            world->host[host].failing_over = false;
            world_incident_check_full(world);
        }
    }
    world_digest(world, EV_POLL, (uint64_t)host << 32 | notices,
                 (uint64_t)world->driver.plan.host[host].admitted);
}

static int32_t last_detection(const struct world *world)
{
    int32_t last = -1;
    int host;
    for (host = 0; host < world->n_hosts; host++)
        last = world->detection_cause[host] > last ? world->detection_cause[host] : last;
    return last;
}

static void act_on_fleet(struct world *world)
{
    unsigned notices = world->driver.plan.notices;
    if (notices & 1u << NOTICE_BLIND) {
        tell(world, -1, NOTICE_BLIND, -1);
        world_incident_detected(world, -1);
    }
    if (notices & 1u << NOTICE_SIGHTED)
        tell(world, -1, NOTICE_SIGHTED, -1);
    if ((notices & 1u << NOTICE_PAGE) && !world->repair_called) {
        tell(world, -1, NOTICE_PAGE, last_detection(world));
        world->repair_called = true;
        world_push(world,
                   world->now_ms + draw_ms(&world->fleet->controller.manual_repair,
                                           &world->streams[STREAM_HUMAN]),
                   FIRST_WORLD, EV_HUMAN, 0, 0);
    }
}

/* What the plan says is told, measured and begun. */
static void act(struct world *world)
{
    int host;
    act_on_fleet(world);
    for (host = 0; host < world->n_hosts; host++)
        act_on_host(world, host);
    if (!world->write_pending && work_left(world))
        schedule_write(world, 0);
    world_curve(world);
}

void world_controller_obey(struct world *world, const struct policy_state *policy,
                           const struct plan *plan)
{
    world->driver.state = *policy;
    world->driver.plan = *plan;
    act(world);
}

bool world_controller_busy(const struct world *world)
{
    return world->write_pending;
}

/* The last slot of a poll's grid before now; before the first one, where it would have been. */
static int64_t slot_before(const struct world *world, enum poll poll)
{
    int64_t every = fleet_poll_ms(world->fleet, poll),
            since = world->now_ms - 1 - world->poll_phase_ms[poll];
    return (since < 0 ? -1 : since / every) * every + world->poll_phase_ms[poll];
}

/* A feed was good while its poll slept, or it would not have slept: it was last seen in its grid's
 * last slot. */
static void see_sleeping_feeds(struct world *world)
{
    int feed;
    for (feed = 0; feed < FEED_COUNT; feed++) {
        int64_t slot_ms;
        if (world->poll_pending[feed])
            continue;
        slot_ms = slot_before(world, (enum poll)feed);
        if (slot_ms > world->driver.readings.seen_ms[feed])
            world->driver.readings.seen_ms[feed] = slot_ms;
    }
}

static void step(struct world *world)
{
    see_sleeping_feeds(world);
    if (!driver_step(&world->driver, world->now_ms)) {
        world->rep->broken = world->driver.broken;
        world->rep->broken_ms = world->driver.broken_ms;
    }
    act(world);
}

/* ---- polls and hints ---- */

/* What GitHub's answer says of the rotation: the labels, or the variable. */
static int routed(const struct world *world, int host)
{
    if (world->variable_routing)
        return world->route >> host & 1 ? (int)world->host[host].slots : 0;
    return (int)world->host[host].labelled;
}

static bool read_registrations(struct world *world, struct host_reading *hosts)
{
    int host;
    if (call_fails(world))
        return false;
    for (host = 0; host < world->n_hosts; host++) {
        const struct world_host *h = &world->host[host];
        uint32_t reg;
        hosts[host] = (struct host_reading){.routed = routed(world, host)};
        for (reg = h->first; reg < h->first + h->slots; reg++) {
            hosts[host].online += world->regs[reg].online;
            hosts[host].busy += world_field_looks_busy(world, reg);
        }
    }
    if (world_field_looks(world))
        world_field_look(world, hosts);
    if (world->lies > 0)
        world_field_distort(world, hosts);
    return true;
}

bool world_controller_look(struct world *world, enum feed feed, struct host_reading *hosts)
{
    int host;
    if (feed == FEED_GITHUB)
        return read_registrations(world, hosts);
    if (feed == FEED_ALERTS && world->monitoring_down > 0)
        return false;
    for (host = 0; host < world->n_hosts; host++)
        hosts[host] = (struct host_reading){
            .severities = world->prometheus ? prometheus_firing(world->prometheus, host) : 0,
            .answered = world_host_probed(world, host)};
    return true;
}

static void push_poll(struct world *world, enum poll poll, int64_t at_ms)
{
    world->poll_pending[poll] = true;
    world_push(world, at_ms, (enum priority)(THEN_POLLS + (int)poll), EV_POLL, (uint32_t)poll, 0);
}

/* Polls rarer than `stale_after` go blind between themselves. */
static bool feeds_stay_fresh(const struct world *world)
{
    int feed;
    for (feed = 0; feed < FEED_COUNT; feed++)
        if (fleet_poll_ms(world->fleet, (enum poll)feed) > world->fleet->policy.stale_after_ms)
            return false;
    return feeds_work(world);
}

static bool may_sleep(const struct world *world)
{
    return !world->always_poll && !world_field_looks(world) && world->quiet == ALL_QUIET &&
           feeds_stay_fresh(world) && driver_settled(&world->driver);
}

void world_controller_poll(struct world *world, enum poll poll)
{
    struct host_reading hosts[FLEET_HOSTS];
    bool good = poll == POLL_HEALTH || world_controller_look(world, (enum feed)poll, hosts);
    see_sleeping_feeds(world);
    if (good && driver_take(&world->driver, poll, world->now_ms, hosts))
        world_controller_wake(world);
    else
        world->quiet |= 1u << poll;
    step(world);
    world->poll_pending[poll] = false;
    if (!may_sleep(world))
        push_poll(world, poll, world->now_ms + fleet_poll_ms(world->fleet, poll));
}

/* A poll due at this very instant is still to come. */
void world_controller_wake(struct world *world)
{
    int poll;
    if (!world->fleet->has_policy || world->audience)
        return;
    world->quiet = 0;
    see_sleeping_feeds(world);
    for (poll = 0; poll < POLL_COUNT; poll++) {
        if (!world->poll_pending[poll])
            push_poll(world, (enum poll)poll,
                      slot_before(world, (enum poll)poll) +
                          fleet_poll_ms(world->fleet, (enum poll)poll));
    }
}

static int32_t *rule_cause(const struct world *world, int host, int rule)
{
    return &world->rule_cause[host * world->fleet->monitoring.n_rules + rule];
}

/* Prometheus changed an alert: nobody knows before the next poll or notification. */
void world_controller_alert(void *context, int64_t now_ms, int host, int rule,
                            enum alert_change change)
{
    static const enum mark marks[] = {MARK_NONE, MARK_PENDING, MARK_FIRING, MARK_NONE,
                                      MARK_RESOLVED};
    static const char *const words[] = {"", "pending", "firing", "dropped", "resolved"};
    struct world *world = context;
    UND_ASSERT(now_ms == world->now_ms);
    world_digest(world, EV_PROMETHEUS, (uint64_t)host << 32 | (uint32_t)rule, change);
    world->alert_cause[host] = *rule_cause(world, host, rule) = WORLD_STORY(
        world, change == ALERT_FIRED ? *rule_cause(world, host, rule) : world->host[host].cause,
        host, marks[change], "alert %s %s", world->fleet->monitoring.rules[rule].name,
        words[change]);
    world_incident_alert(world, host, change);
    world_controller_wake(world);
    world_curve(world);
}

void world_controller_notified(void *context, int64_t now_ms, const struct notification *n)
{
    struct world *world = context;
    const struct monitoring *monitoring = &world->fleet->monitoring;
    int host, rule;
    UND_ASSERT(now_ms == world->now_ms);
    for (host = 0; host < world->n_hosts; host++) {
        unsigned severities = 0, spoken = 0;
        int32_t cause = -1;
        for (rule = 0; rule < monitoring->n_rules; rule++) {
            severities |= (unsigned)rule_bits_have(&n->firing[host], rule)
                          << monitoring->rules[rule].severity;
            spoken |= (unsigned)rule_bits_have(&n->told[host], rule)
                      << monitoring->rules[rule].severity;
            if (rule_bits_have(&n->told[host], rule) && *rule_cause(world, host, rule) > cause)
                cause = *rule_cause(world, host, rule);
        }
        if (spoken == 0)
            continue;
        if (severities)
            world_incident_webhook(world, host);
        if (!world->fleet->has_policy || !world->fleet->controller.webhook)
            continue;
        WORLD_STORY(world, cause, host, MARK_NONE, "notification: %s",
                    severities ? "firing" : "resolved");
        if (world->audience) {
            world->audience->notified(world->audience->context, host, severities);
            world->noticed = true;
            continue;
        }
        world_controller_wake(world);
        driver_hint(&world->driver, host, severities);
        step(world);
    }
}

/* The fleet has long been running as the policy wants a fleet in good health: backups that stand by
 * are out of the rotation. */
static void begin_routed(struct world *world)
{
    int host;
    uint32_t i;
    driver_step(&world->driver, 0);
    if (world->variable_routing)
        world_github_route(world, wanted_route(world));
    else
        for (host = 0; host < world->n_hosts; host++)
            for (i = (uint32_t)world->driver.plan.host[host].admitted; i < world->host[host].slots;
                 i++)
                world_github_label(world, world->host[host].first + i, false);
}

void world_controller_start(struct world *world)
{
    const struct readings_setup setup = fleet_readings(world->fleet);
    struct stream *stream = &world->streams[STREAM_POLL];
    int poll, host, rule;
    world->write_pending = false;
    world->next_write_ms = 0;
    world->quiet = 0;
    world->repair_called = false;
    driver_init(&world->driver, &world->fleet->policy, &setup, 0);
    for (host = 0; host < world->n_hosts; host++) {
        world->alert_cause[host] = world->detection_cause[host] = world->decision_cause[host] = -1;
        for (rule = 0; rule < world->fleet->monitoring.n_rules; rule++)
            *rule_cause(world, host, rule) = -1;
    }
    if (!world->fleet->has_policy)
        return;
    begin_routed(world);
    for (poll = 0; poll < POLL_COUNT; poll++) {
        world->poll_phase_ms[poll] =
            (int64_t)(stream_uniform(stream) *
                      (double)fleet_poll_ms(world->fleet, (enum poll)poll));
        world->poll_pending[poll] = false;
    }
    world_controller_wake(world);
}
