#include "trial.h"
#include "model/base/assert.h"
#include "model/policy/policy_names.h"
#include "sim/experiment/experiment.h"
#include "sim/explore/property.h"
#include "sim/world/world.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* What is watched of one replication. */
struct looking {
    struct trial *trial;
    int replication;
    uint64_t met[FAULT_KINDS]; /* pairs of kinds, see coverage.h */
    uint64_t last_kinds;
};

const char *trial_reason_name(enum trial_reason reason)
{
    static const char *const names[TRIAL_REASONS] = {
        "holds", "invariant", "property", "phase", "online", "labels", "digest", "expectation"};
    return names[reason];
}

bool trial_same(const struct trial *a, const struct trial *b)
{
    return a->reason == b->reason && a->which == b->which;
}

/* The first failure stands. */
__attribute__((format(printf, 7, 8))) static void fail(struct trial *trial,
                                                       enum trial_reason reason, int which,
                                                       int host, int replication, int64_t at_ms,
                                                       const char *format, ...)
{
    va_list arguments;
    if (trial->reason != TRIAL_HOLDS)
        return;
    trial->reason = reason;
    trial->which = which;
    trial->host = host;
    trial->replication = replication;
    trial->at_ms = at_ms;
    va_start(arguments, format);
    vsnprintf(trial->words, sizeof trial->words, format, arguments);
    va_end(arguments);
}

static const char *host_name(const struct world *world, int host)
{
    return host >= 0 ? world->fleet->hosts[host].name : "the fleet";
}

/* ---- at every step ---- */

static uint64_t kinds_now(const struct world *world)
{
    uint64_t kinds = 0;
    int i;
    for (i = 0; i < world->scenario->n_faults; i++)
        if (world->faults.active[i])
            kinds |= 1ULL << world->scenario->faults[i].kind;
    return kinds;
}

static void stepped(void *context, const struct world *world)
{
    struct looking *watch = context;
    const struct driver *driver = &world->controller.driver;
    uint64_t kinds = kinds_now(world), left;
    int host = -1;
    coverage_step(&watch->trial->coverage, &driver->before, &driver->state, &driver->plan);
    if (kinds != watch->last_kinds)
        for (left = kinds; left != 0; left &= left - 1)
            watch->met[__builtin_ctzll(left)] |= left;
    watch->last_kinds = kinds;
    if (world->n_hosts <= SCALE_HOSTS && watch->trial->reason == TRIAL_HOLDS) {
        enum property broken =
            property_check(driver->config, &driver->before, &driver->state, world->now_ms,
                           &driver->readings.view, NULL, &driver->plan, &host);
        if (broken != PROPERTY_HOLDS && broken < PROPERTY_INVARIANT)
            fail(watch->trial, TRIAL_PROPERTY, (int)broken, host, watch->replication, world->now_ms,
                 "property %s (%s): %s", property_name(broken), host_name(world, host),
                 property_words(broken));
    }
}

/* ---- at the end ---- */

/* More jobs wait than it has slots: its canaries are late, and nobody can say that it is well. */
static bool overloaded(const struct world *world)
{
    int64_t slots = 0;
    int host;
    for (host = 0; host < world->n_hosts; host++)
        slots += world->github.host[host].slots;
    return world->jobs.queued > slots;
}

static void check_host(const struct world *world, struct looking *watch, int host)
{
    const struct policy_host *is = &world->controller.driver.state.host[host];
    const struct github_host *h = &world->github.host[host];
    int slots = (int)h->slots, wanted = world->controller.driver.plan.host[host].admitted,
        online = 0, dead = 0;
    const char *name = host_name(world, host);
    uint32_t reg;
    for (reg = h->first; reg < h->first + h->slots; reg++) {
        online += world->github.reg[reg].online;
        dead += world->sessions.runner[reg].dead;
    }
    if (is->phase != PHASE_SERVING || is->admitted != slots)
        fail(watch->trial, TRIAL_PHASE, (int)is->phase, host, watch->replication, world->now_ms,
             "%s is %s with %d of %d slots long after everything has healed", name,
             policy_phase_name(is->phase), is->admitted, slots);
    else if (online + dead != slots)
        fail(watch->trial, TRIAL_ONLINE, 0, host, watch->replication, world->now_ms,
             "%s has %d of %d registrations online long after everything has healed", name, online,
             slots);
    else if (world->fleet->github.mechanism == MECHANISM_LABEL && (int)h->labelled != wanted)
        fail(watch->trial, TRIAL_LABELS, 0, host, watch->replication, world->now_ms,
             "%s has %u labels, the plan says %d, long after everything has healed", name,
             h->labelled, wanted);
}

static void check_rep(const struct world *world, const struct rep *rep, struct looking *watch)
{
    if (rep->broken != INVARIANT_HOLDS)
        fail(watch->trial, TRIAL_INVARIANT, (int)rep->broken, world->controller.driver.broken_host,
             watch->replication, rep->broken_ms, "invariant %s (%s)", invariant_name(rep->broken),
             host_name(world, world->controller.driver.broken_host));
}

/* ---- a replication ---- */

struct trial_stage {
    const struct scenario *scenario;
    struct world *world, *again; /* that polls always; opened when somebody wants it */
    struct rep rep;
    struct rep_host host[FLEET_HOSTS];
    struct incident incidents[WORLD_INCIDENTS];
};

struct trial_stage *trial_open(const struct scenario *scenario)
{
    struct trial_stage *stage = calloc(1, sizeof *stage);
    UND_ASSERT(stage != NULL);
    stage->scenario = scenario;
    stage->world = world_open(scenario, false);
    return stage;
}

void trial_close(struct trial_stage *stage)
{
    if (stage->again)
        world_close(stage->again);
    world_close(stage->world);
    free(stage);
}

static uint64_t replicate(struct trial_stage *stage, struct world *world, const struct stream *base,
                          struct looking *watch, bool converge)
{
    const struct replication found = {.rep = &stage->rep,
                                      .incidents = stage->incidents,
                                      .max_incidents = WORLD_INCIDENTS,
                                      .group = -1};
    int host;
    memset(&stage->rep, 0, sizeof stage->rep);
    stage->rep.host = stage->host;
    world_controller_watch(world, watch ? &(struct watch){stepped, watch} : NULL);
    world_start(world, base, &found);
    world_advance(world, world->end_ms - 1);
    for (host = 0; watch && converge && !overloaded(world) && host < world->n_hosts; host++)
        check_host(world, watch, host);
    world_finish(world);
    if (watch) {
        check_rep(world, &stage->rep, watch);
        coverage_pairs(&watch->trial->coverage, watch->met);
        watch->trial->simulated_ms += world->end_ms;
        watch->trial->events += stage->rep.events;
    }
    return stage->rep.digest;
}

static struct world *open_again(struct trial_stage *stage)
{
    if (!stage->again)
        stage->again = world_open(stage->scenario, true);
    else
        world_reopen(stage->again);
    return stage->again;
}

static void replicate_all(struct trial_stage *stage, const struct trial_options *options,
                          struct trial *trial)
{
    struct world *again = options->twice > 0 ? open_again(stage) : NULL;
    struct stream base;
    int r;
    world_reopen(stage->world);
    stream_seed(&base, options->seed);
    for (r = 0; r < options->replications && trial->reason == TRIAL_HOLDS; r++) {
        struct looking watch = {.trial = trial, .replication = r};
        uint64_t digest = replicate(stage, stage->world, &base, &watch, options->converge);
        if (r < options->twice && replicate(stage, again, &base, NULL, false) != digest)
            fail(trial, TRIAL_DIGEST, 0, -1, r, 0, "a second run of the same replication differs");
        stream_long_jump(&base);
    }
}

static void judge_all(const struct scenario *scenario, const struct trial_options *options,
                      struct trial *trial)
{
    struct experiment experiment = {
        .seed = options->seed, .replications = options->replications, .threads = 1};
    struct result result;
    struct und_err err = {0};
    int i;
    if (experiment_run(scenario, &experiment, &result, &err) != UND_OK)
        return; /* what it cannot be asked, or what the steps have said already */
    for (i = 0; i < result.n_verdicts; i++) {
        const struct verdict *verdict = &result.verdicts[i];
        if (!verdict->pass && !verdict->undecided)
            fail(trial, TRIAL_EXPECTATION, i, -1, 0, 0, "expect %s %s: got %g, want %s %g",
                 metric_name(verdict->metric), verdict->statistic, verdict->value, verdict->op,
                 verdict->limit);
    }
    result_fini(&result);
}

void trial_on(struct trial_stage *stage, const struct trial_options *options, struct trial *trial)
{
    memset(trial, 0, sizeof *trial);
    trial->host = -1;
    replicate_all(stage, options, trial);
    if (options->expectations && stage->scenario->n_expects > 0 && trial->reason == TRIAL_HOLDS)
        judge_all(stage->scenario, options, trial);
}

void trial_run(const struct scenario *scenario, const struct trial_options *options,
               struct trial *trial)
{
    struct trial_stage *stage = trial_open(scenario);
    trial_on(stage, options, trial);
    trial_close(stage);
}
