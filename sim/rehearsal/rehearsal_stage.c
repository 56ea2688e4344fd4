#include "rehearsal_stage.h"

#include "model/base/assert.h"
#include "sim/engine/draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WRITE_WATCH_MS 250 /* how closely the drill follows the writes */
#define LAN_MS 50          /* at most that an answer from our own network takes; assumption */
#define NEVER_MS ((int64_t)DIST_MAX_MS)
#define DAY_MS 86400000LL

static struct rehearsal_stage *of(void *self)
{
    return self;
}

/* ---- time ---- */

static int64_t now_ms(void *self)
{
    return of(self)->world->now_ms;
}

static enum stage_wake wait_until(void *self, int64_t until_ms, struct stage_hint *hint)
{
    struct rehearsal_stage *stage = self;
    if (stage->n_hints == 0)
        world_advance(stage->world, until_ms);
    if (stage->n_hints == 0)
        return STAGE_TIME;
    *hint = stage->hints[0];
    stage->n_hints--;
    memmove(stage->hints, stage->hints + 1, (size_t)stage->n_hints * sizeof *stage->hints);
    return STAGE_HINT;
}

static void notified(void *context, int host, unsigned severities)
{
    struct rehearsal_stage *stage = context;
    if (stage->n_hints < REHEARSAL_HINTS)
        stage->hints[stage->n_hints++] = (struct stage_hint){host, severities};
}

/* ---- looking ---- */

/* Answers take their time, differently each time: so the readings of a live drill come off their
 * grid, and its policy's patience ends at the next one. Drawn from a stream of the stage's own. */
static void take_time(struct rehearsal_stage *stage, enum feed feed)
{
    const struct github *github = &stage->scenario.fleet.github;
    int64_t until_ms = stage->world->now_ms;
    if (stage->instant)
        return;
    if (feed == FEED_GITHUB && github->present)
        until_ms += draw_ms(&github->api_latency, &stage->latency);
    else
        until_ms += stream_below(&stage->latency, LAN_MS);
    while (stage->world->now_ms < until_ms)
        world_advance(stage->world, until_ms);
}

/* What only the measures are about. */
static void note_alerts(const struct world *world, struct stage_reading *reading)
{
    int i;
    for (i = 0; i < world->n_hosts; i++) {
        int64_t pending_ms, firing_ms;
        reading->alerts[i].pending_since_ms = -1;
        if (!world->monitoring.prometheus)
            continue;
        reading->alerts[i].pending =
            prometheus_alerts(world->monitoring.prometheus, i, ALERT_PENDING, &pending_ms) > 0;
        reading->alerts[i].firing =
            prometheus_alerts(world->monitoring.prometheus, i, ALERT_FIRING, &firing_ms) > 0;
        reading->alerts[i].pending_since_ms =
            pending_ms < 0 || (firing_ms >= 0 && firing_ms < pending_ms) ? firing_ms : pending_ms;
    }
}

static enum und_code poll(void *self, enum feed feed, struct stage_reading *reading,
                          struct und_err *err)
{
    static const char *const silent[FEED_COUNT] = {"GitHub", "Prometheus", "the probe"};
    struct rehearsal_stage *stage = self;
    reading->asked_ms = stage->world->now_ms;
    take_time(stage, feed);
    reading->answered_ms = stage->world->now_ms;
    if (!world_controller_look(stage->world, feed, reading->host))
        return und_fail(err, UND_SERVICE, "%s: no answer", silent[feed]);
    if (feed == FEED_ALERTS)
        note_alerts(stage->world, reading);
    return UND_OK;
}

static enum und_code inspect(void *self, struct stage_state *state, struct und_err *err)
{
    const struct world *world = of(self)->world;
    int64_t clock_ms = world->scenario->start_ms + world->now_ms;
    int i;
    (void)err;
    *state = (struct stage_state){.monitoring_healthy = world->monitoring.down == 0,
                                  .weekday = (int)(clock_ms / DAY_MS % 7),
                                  .minute = (int)(clock_ms % DAY_MS / 60000)};
    for (i = 0; i < world->n_hosts; i++) {
        const struct world_host *h = &world->host[i];
        const struct host *host = &world->fleet->hosts[i];
        state->host[i].cpu = (double)h->stress_pm[SIGNAL_CPU_RATE] / 1000;
        state->host[i].memory = (double)h->stress_pm[SIGNAL_MEMORY] / 1000;
        state->host[i].disk = (double)h->stress_pm[SIGNAL_DISK] / 1000;
        if (host->cores > 0)
            state->host[i].cpu += (double)h->load_mcores / 1000 / host->cores;
        if (host->memory_bytes > 0)
            state->host[i].memory += (double)h->load_bytes / (double)host->memory_bytes;
    }
    return UND_OK;
}

/* ---- jobs ---- */

static int64_t job_id(const struct rehearsal_stage *stage, uint32_t job)
{
    return (int64_t)stage->generation[job] << 24 | (job + 1);
}

static struct stage_job describe(const struct rehearsal_stage *stage, uint32_t job)
{
    const struct job *j = &stage->world->jobs.job[job];
    struct stage_job seen = {.id = job_id(stage, job),
                             .attempt = j->attempt + 1,
                             .host = -1,
                             .created_ms = j->created_ms,
                             .started_ms = j->started_ms,
                             .concluded_ms = -1};
    seen.origin = stage->origin[job] ? stage->origin[job] : seen.id;
    if (j->started_ms >= 0 && j->reg != NONE)
        seen.host = stage->world->github.reg[j->reg].host;
    return seen;
}

static void job_over(void *context, uint32_t job, bool success, uint32_t again)
{
    struct rehearsal_stage *stage = context;
    struct stage_job seen = describe(stage, job);
    seen.concluded_ms = stage->world->now_ms;
    seen.success = success;
    if (stage->n_concluded == stage->capacity) {
        stage->capacity = stage->capacity ? 2 * stage->capacity : 256;
        stage->concluded = realloc(stage->concluded, stage->capacity * sizeof *stage->concluded);
        UND_ASSERT(stage->concluded != NULL);
    }
    stage->concluded[stage->n_concluded++] = seen;
    if (again != NONE)
        stage->origin[again] = seen.origin;
    stage->origin[job] = 0;
    stage->generation[job]++;
}

static enum und_code list_jobs(void *self, int64_t since_ms, struct stage_job *jobs, size_t *n,
                               struct und_err *err)
{
    const struct rehearsal_stage *stage = self;
    const struct world *world = stage->world;
    size_t i, found = 0;
    uint32_t job;
    (void)err;
    for (job = 0; job < world->jobs.used && found < STAGE_JOBS; job++)
        if (world->jobs.job[job].state != JOB_FREE)
            jobs[found++] = describe(stage, job);
    for (i = stage->n_concluded; i-- > 0 && found < STAGE_JOBS;) {
        if (stage->concluded[i].concluded_ms < since_ms)
            break;
        jobs[found++] = stage->concluded[i];
    }
    *n = found;
    return UND_OK;
}

/* ---- acting ---- */

static enum und_code record(void *self, enum stage_event event, int action, int64_t lease_until_ms,
                            const char *note, struct und_err *err)
{
    (void)self, (void)event, (void)action, (void)lease_until_ms, (void)note, (void)err;
    return UND_OK;
}

static enum und_code inject(void *self, int action, int64_t lease_ms, struct und_err *err)
{
    struct rehearsal_stage *stage = self;
    int fault = stage->scenario.drill.inject[action].fault;
    (void)lease_ms, (void)err;
    if (stage->injected[action])
        return UND_OK;
    stage->injected[action] = true;
    if (fault >= 0 && stage->users[fault]++ == 0)
        world_fault_begin(stage->world, (uint32_t)fault);
    return UND_OK;
}

static void pass(struct world *world, int64_t ms)
{
    int64_t until_ms = world->now_ms + ms;
    while (world->now_ms < until_ms)
        world_advance(world, until_ms);
}

static enum und_code canary(void *self, int jobs, struct und_err *err)
{
    struct rehearsal_stage *stage = self;
    const struct fleet *fleet = &stage->scenario.fleet;
    (void)err;
    for (; jobs > 0; jobs--) { /* spaced from one beginning to the next */
        int64_t next_ms = stage->world->now_ms + fleet->github.write_spacing_ms;
        take_time(stage, FEED_GITHUB);
        world_workload_canary(stage->world, stage->scenario.drill.canary.takes_ms);
        if (jobs > 1 && next_ms > stage->world->now_ms)
            pass(stage->world, next_ms - stage->world->now_ms);
    }
    return UND_OK;
}

static enum und_code revert(void *self, int action, struct und_err *err)
{
    struct rehearsal_stage *stage = self;
    const struct drill_action *what = &stage->scenario.drill.inject[action];
    (void)err;
    if (!stage->injected[action])
        return UND_OK;
    stage->injected[action] = false;
    if (dist_mean(&what->undo_takes) > 0)
        pass(stage->world, draw_ms(&what->undo_takes, &stage->latency));
    if (what->fault >= 0 && --stage->users[what->fault] == 0 && what->undo.n > 0)
        world_fault_end(stage->world, (uint32_t)what->fault);
    return UND_OK;
}

static bool same_plan(const struct plan *a, const struct plan *b)
{
    return a->n == b->n && a->notices == b->notices &&
           memcmp(a->host, b->host, (size_t)a->n * sizeof *a->host) == 0;
}

/* What a plan says is said once; what it asks for is seen to until it is so. */
static enum und_code reconcile(void *self, const struct plan *plan,
                               const struct policy_state *policy, struct stage_routing *routing,
                               struct und_err *err)
{
    struct rehearsal_stage *stage = self;
    struct world *world = stage->world;
    struct plan wanted = *plan;
    int i;
    (void)err;
    if (same_plan(plan, &stage->plan)) {
        wanted.notices = 0;
        for (i = 0; i < wanted.n; i++)
            wanted.host[i].notices = 0;
    }
    stage->plan = *plan;
    world_controller_obey(world, policy, &wanted);
    for (i = 0; i < world->n_hosts; i++)
        routing->routed[i] = world_github_routed(world, i);
    routing->since_ms = -1; /* followed closely: since the last call, at most */
    routing->again_ms = world_controller_busy(world) ? world->now_ms + WRITE_WATCH_MS : -1;
    return UND_OK;
}

static enum und_code decision(void *self, int64_t at_ms, const struct view *view,
                              const struct plan *plan, struct und_err *err)
{
    (void)self, (void)at_ms, (void)view, (void)plan, (void)err;
    return UND_OK;
}

static void tell(void *self, int64_t at_ms, int host, enum mark mark, const char *text)
{
    (void)self, (void)at_ms, (void)host, (void)mark, (void)text;
}

static enum und_code confirm(void *self, struct und_err *err)
{
    (void)self, (void)err;
    return UND_OK;
}

/* ---- the stage ---- */

static bool brought_about(const struct drill *drill, int fault)
{
    int i;
    for (i = 0; i < drill->n_inject; i++)
        if (drill->inject[i].fault == fault)
            return true;
    return false;
}

static bool undone(const struct drill *drill, int fault)
{
    int i;
    for (i = 0; i < drill->n_inject; i++)
        if (drill->inject[i].fault == fault && drill->inject[i].undo.n > 0)
            return true;
    return false;
}

/* The drill brings about the scenario's faults, so that they do not come by themselves. A human who
 * is paged meanwhile leaves them alone: they have an end, if a far one. */
static void prepare_faults(struct rehearsal_stage *stage)
{
    struct scenario *scenario = &stage->scenario;
    int i;
    for (i = 0; i < scenario->n_faults; i++) {
        struct fault *fault = &scenario->faults[i];
        if (!fault_by_hand(fault) && !brought_about(&scenario->drill, i))
            continue;
        fault->at = dist_fixed(NEVER_MS);
        fault->chance = 1;
        fault->has_every = false;
        if (fault->has_lasts && !undone(&scenario->drill, i))
            continue;
        fault->has_lasts = true;
        fault->lasts = dist_fixed(NEVER_MS);
    }
    /* Room for the whole drill, however late it begins. */
    if (scenario->duration_ms > 0)
        scenario->duration_ms += scenario->drill.preconditions.wait_ms +
                                 scenario->drill.observe_ms + scenario->drill.recover_ms + DAY_MS;
    scenario->warmup_ms = 0;
}

struct rehearsal_stage *rehearsal_stage_open(const struct scenario *scenario)
{
    struct rehearsal_stage *stage = calloc(1, sizeof *stage);
    UND_ASSERT(stage != NULL);
    stage->scenario = *scenario;
    prepare_faults(stage);
    stage->audience = (struct audience){stage, notified, job_over};
    stage->world = world_open(&stage->scenario, false);
    world_controller_hand_over(stage->world, &stage->audience);
    stage->rep.host = stage->rep_host;
    stage->generation = calloc(WORLD_JOBS, sizeof *stage->generation);
    stage->origin = calloc(WORLD_JOBS, sizeof *stage->origin);
    UND_ASSERT(stage->generation && stage->origin);
    stage->stage = (struct stage){.self = stage,
                                  .now_ms = now_ms,
                                  .wait = wait_until,
                                  .poll = poll,
                                  .jobs = list_jobs,
                                  .inspect = inspect,
                                  .record = record,
                                  .inject = inject,
                                  .canary = canary,
                                  .revert = revert,
                                  .reconcile = reconcile,
                                  .decision = decision,
                                  .tell = tell,
                                  .confirm = confirm};
    return stage;
}

void rehearsal_stage_close(struct rehearsal_stage *stage)
{
    world_close(stage->world);
    free(stage->concluded);
    free(stage->origin);
    free(stage->generation);
    free(stage);
}

/* The polls of the drill are to come when the simulated controller's would. */
static void draw_phases(struct rehearsal_stage *stage, int64_t begin_ms,
                        int64_t phase_ms[POLL_COUNT])
{
    struct stream *stream = &stage->world->streams[STREAM_POLL];
    int i;
    for (i = 0; i < POLL_COUNT; i++) {
        int64_t every_ms = fleet_poll_ms(&stage->scenario.fleet, (enum poll)i);
        int64_t grid_ms = (int64_t)(stream_uniform(stream) * (double)every_ms);
        int64_t since_ms = begin_ms - grid_ms; /* the last point before the beginning */
        phase_ms[i] = since_ms <= 0 ? -since_ms : (every_ms - since_ms % every_ms) % every_ms;
    }
}

void rehearsal_stage_start(struct rehearsal_stage *stage, const struct stream *base,
                           int64_t before_ms, const struct dist *at, int64_t phase_ms[POLL_COUNT])
{
    struct world *world = stage->world;
    int64_t begin_ms;
    memset(stage->injected, 0, sizeof stage->injected);
    memset(stage->users, 0, sizeof stage->users);
    memset(&stage->plan, 0, sizeof stage->plan);
    memset(stage->origin, 0, world->jobs.used * sizeof *stage->origin);
    memset(stage->generation, 0, world->jobs.used * sizeof *stage->generation);
    stage->n_hints = 0;
    stage->n_concluded = 0;
    world_start(world, base,
                &(struct replication){.rep = &stage->rep,
                                      .incidents = stage->incidents,
                                      .max_incidents = WORLD_INCIDENTS});
    begin_ms = draw_ms(at, world_fault_stream(world, 0)) - before_ms;
    begin_ms = begin_ms > 0 ? begin_ms : 0;
    draw_phases(stage, begin_ms, phase_ms);
    stream_seed(&stage->latency, stream_next(&world->streams[STREAM_POLL]));
    while (world->now_ms < begin_ms)
        world_advance(world, begin_ms);
    stage->n_hints = 0;
    stage->n_concluded = 0;
}

void rehearsal_stage_finish(struct rehearsal_stage *stage)
{
    world_stop(stage->world);
    world_finish(stage->world);
}
