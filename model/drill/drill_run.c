/* The course of a drill, from its preconditions to the steady state. */
#include "drill_run.h"
#include "drill_loop.h"
#include "model/base/assert.h"
#include "model/policy/policy_names.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REVERT_TRIES 5
#define REVERT_PAUSE_MS 10000
#define RESTORE_PAUSE_MS 2000 /* after the first failure; doubles */
#define RESTORE_PAUSE_MOST_MS 60000
#define RESTORE_SIGNALS 2    /* while restoring, that end it: with the first of all, three */
#define LEASE_SLACK_MS 60000 /* how late a lease may take effect */

/* The first reason stands, but for one: what cannot be undone outweighs all. */
static void end(struct drill_loop *loop, enum drill_end how, const char *why)
{
    struct drill_report *report = loop->report;
    if (report->end != DRILL_COMPLETED && how != DRILL_STUCK)
        return;
    report->end = how;
    snprintf(report->why, sizeof report->why, "%s", why);
    drill_tell(loop, -1, MARK_NONE, "%s: %s", drill_end_name(how), why);
}

static bool ended(const struct drill_loop *loop)
{
    return loop->report->end != DRILL_COMPLETED;
}

/* A policy that broke a promise moves nobody any more. */
static void end_broken(struct drill_loop *loop)
{
    const struct driver *driver = &loop->driver;
    char why[sizeof loop->report->why];
    if (driver->broken == INVARIANT_HOLDS)
        return;
    snprintf(why, sizeof why, "policy: invariant %s broken for %s at %lld ms",
             invariant_name(driver->broken),
             driver->broken_host >= 0 ? loop->scenario->fleet.hosts[driver->broken_host].name
                                      : "the fleet",
             (long long)driver->broken_ms);
    end(loop, DRILL_BROKEN, why);
}

/* True: go on. */
static bool heed(struct drill_loop *loop, enum stage_wake wake)
{
    if (wake == STAGE_STOP)
        end(loop, DRILL_STOPPED, "the operator's emergency stop");
    if (wake == STAGE_INTERRUPT)
        end(loop, DRILL_INTERRUPTED, "interrupted by a signal");
    if (loop->journal.code != UND_OK)
        end(loop, DRILL_FAILED, loop->journal.text);
    end_broken(loop);
    return !ended(loop);
}

/* ---- before ---- */

static void end_unready(struct drill_loop *loop, const char *why)
{
    end(loop, drill_check_answered(loop) ? DRILL_REFUSED : DRILL_FAILED, why);
}

/* Nothing is due but the next survey, a poll of GitHub later. */
static void await_preconditions(struct drill_loop *loop, int64_t deadline_ms)
{
    char why[sizeof loop->report->why];
    for (;;) {
        struct stage_hint hint;
        int64_t next_ms;
        drill_loop_survey(loop);
        if (drill_check_ready(loop, why, sizeof why))
            return;
        next_ms = loop->now_ms + loop->scenario->fleet.controller.github_poll_ms;
        if (next_ms > deadline_ms) {
            end_unready(loop, why);
            return;
        }
        if (!heed(loop, loop->stage->wait(loop->stage->self, next_ms, &hint)))
            return;
        loop->now_ms = loop->stage->now_ms(loop->stage->self);
    }
}

static void ask_consent(struct drill_loop *loop)
{
    struct und_err err = {0};
    if (loop->stage->confirm(loop->stage->self, &err) != UND_OK)
        end(loop, err.code == UND_SERVICE ? DRILL_FAILED : DRILL_REFUSED, err.text);
}

int64_t drill_baseline_ms(const struct fleet *fleet)
{
    int64_t steady_ms = fleet->controller.github_poll_ms * fleet->policy.confirm;
    return fleet->policy.grace_ms > steady_ms ? fleet->policy.grace_ms : steady_ms;
}

/* With nothing injected; the policy's grace time passes, in which it drains nobody. Do the
 * preconditions still hold then? */
static bool watch_baseline(struct drill_loop *loop)
{
    char why[sizeof loop->report->why];
    int64_t until_ms;
    drill_loop_begin(loop);
    until_ms = loop->now_ms + drill_baseline_ms(&loop->scenario->fleet);
    while (loop->now_ms < until_ms)
        if (!heed(loop, drill_loop_turn(loop, until_ms)))
            return false;
    drill_loop_survey(loop);
    return drill_check_ready(loop, why, sizeof why);
}

static void prepare(struct drill_loop *loop)
{
    int64_t deadline_ms = loop->now_ms + loop->drill->preconditions.wait_ms;
    bool consented = loop->options->watch, ready = false;
    while (!ready) {
        await_preconditions(loop, deadline_ms);
        if (!ended(loop) && !consented)
            ask_consent(loop);
        consented = true;
        if (ended(loop))
            return;
        ready = watch_baseline(loop);
        if (ended(loop))
            return;
    }
}

/* ---- injection ---- */

static const char *action_name(const struct drill_loop *loop, int action)
{
    return loop->drill->inject[action].name;
}

static bool inject_action(struct drill_loop *loop, int action)
{
    struct stage *stage = loop->stage;
    struct drill_report *report = loop->report;
    int64_t lease_ms = loop->drill->lease_ms;
    struct und_err err = {0}, late = {0};
    enum und_code code;
    loop->now_ms = stage->now_ms(stage->self);
    if (stage->record(stage->self, STAGE_INTENDED, action, loop->now_ms + lease_ms, "", &err) !=
        UND_OK) {
        end(loop, DRILL_FAILED, err.text);
        return false;
    }
    report->action[action].intended_ms = loop->now_ms;
    report->action[action].last = STAGE_INTENDED;
    report->injected = true;
    code = stage->inject(stage->self, action, lease_ms, &err);
    loop->now_ms = stage->now_ms(stage->self);
    report->action[action].last = code == UND_OK ? STAGE_DONE : STAGE_FAILED;
    report->action[action].done_ms = loop->now_ms;
    if (stage->record(stage->self, report->action[action].last, action, -1, err.text, &late) !=
        UND_OK)
        end(loop, DRILL_FAILED, late.text);
    if (code != UND_OK)
        end(loop, DRILL_FAILED, err.text);
    return !ended(loop);
}

/* What no action brings about, because it is a word to the policy. */
static void ask_by_hand(struct drill_loop *loop, bool asked)
{
    const struct scenario *scenario = loop->scenario;
    int i, j;
    for (i = 0; i < scenario->n_faults; i++) {
        const struct fault *fault = &scenario->faults[i];
        if (fault_takes(fault) & TAKES_AUTOMATION)
            driver_pause(&loop->driver, asked);
        for (j = 0; j < fault->n_targets; j++)
            if (fault_takes(fault) & TAKES_HANDS)
                driver_maintenance(&loop->driver, fault->targets[j], asked);
    }
}

/* After the fault: each is held up, or runs at once where the fault is not. */
static void submit_canaries(struct drill_loop *loop)
{
    struct und_err err = {0};
    int jobs = loop->drill->canary.jobs;
    if (jobs == 0 || loop->options->observe || ended(loop))
        return;
    if (loop->stage->canary(loop->stage->self, jobs, &err) != UND_OK)
        drill_tell(loop, -1, MARK_NONE, "canaries: %s", err.text);
    loop->now_ms = loop->stage->now_ms(loop->stage->self);
}

static void inject(struct drill_loop *loop)
{
    int64_t from_ms = loop->stage->now_ms(loop->stage->self);
    int action;
    ask_by_hand(loop, true);
    for (action = 0; action < loop->drill->n_inject; action++)
        if (!inject_action(loop, action))
            break;
    loop->now_ms = loop->stage->now_ms(loop->stage->self);
    loop->report->injected_ms = loop->now_ms;
    loop->report->fault_ms = (from_ms + loop->now_ms) / 2;
    drill_track_fault(&loop->track, from_ms, loop->now_ms);
    for (action = 0; action < loop->drill->n_inject; action++)
        if (loop->report->action[action].intended_ms >= 0)
            loop->cause =
                drill_tell(loop, loop->drill->target, MARK_FAULT, "%s", action_name(loop, action));
    if (loop->drill->n_inject == 0)
        loop->cause = drill_tell(loop, loop->drill->target, MARK_FAULT, "maintenance is asked for");
    submit_canaries(loop);
}

/* ---- observation ---- */

static int64_t observe_until_ms(const struct drill_loop *loop)
{
    const struct drill *drill = loop->drill;
    int64_t latest_ms = loop->report->injected_ms + drill->observe_ms, at_ms;
    if (drill->revert_after == MARK_NONE || loop->mark_ms[drill->revert_after] < 0)
        return latest_ms;
    at_ms = loop->mark_ms[drill->revert_after] + drill->hold_ms;
    return at_ms < latest_ms ? at_ms : latest_ms;
}

static void observe(struct drill_loop *loop)
{
    char why[sizeof loop->report->why];
    while (loop->now_ms < observe_until_ms(loop)) {
        if (!heed(loop, drill_loop_turn(loop, observe_until_ms(loop))))
            return;
        if (!drill_check_go_on(loop, why, sizeof why)) {
            end(loop, DRILL_STOPPED, why);
            return;
        }
    }
}

/* ---- revert ---- */

/* Tried again a few times: the network may be part of what was injected. The journal is told but
 * not asked: what cannot be recorded is undone nevertheless. */
static bool revert_action(struct drill_loop *loop, int action, struct und_err *err)
{
    struct stage *stage = loop->stage;
    struct und_err ignored = {0};
    struct stage_hint hint;
    int tries;
    stage->record(stage->self, STAGE_UNDOING, action, -1, "", &ignored);
    for (tries = 1;; tries++) {
        *err = (struct und_err){0};
        if (stage->revert(stage->self, action, err) == UND_OK)
            break;
        loop->now_ms = stage->now_ms(stage->self);
        drill_tell(loop, loop->drill->target, MARK_NONE, "undoing it failed: %s", err->text);
        if (tries == REVERT_TRIES)
            break;
        stage->wait(stage->self, loop->now_ms + REVERT_PAUSE_MS, &hint);
    }
    loop->now_ms = stage->now_ms(stage->self);
    loop->report->action[action].last = err->code == UND_OK ? STAGE_UNDONE : STAGE_STUCK;
    stage->record(stage->self, loop->report->action[action].last, action, -1, err->text, &ignored);
    if (err->code == UND_OK)
        loop->report->action[action].undone_ms = loop->now_ms;
    return err->code == UND_OK;
}

/* This program slept (stopped, suspended, starved) beyond the end of a lease: the fault ended then,
 * and what was measured is not what the drill was to measure. */
static bool lease_fired(struct drill_loop *loop, int64_t now_ms, struct drill_span *when)
{
    bool fired = false;
    int action;
    for (action = 0; action < loop->drill->n_inject; action++) {
        const struct drill_action *what = &loop->drill->inject[action];
        int64_t from_ms = loop->report->action[action].intended_ms + loop->drill->lease_ms;
        int64_t to_ms = loop->report->action[action].done_ms + loop->drill->lease_ms;
        if (loop->report->action[action].intended_ms < 0 || what->lease == DRILL_LEASE_NONE ||
            what->undo.n == 0 || from_ms > now_ms)
            continue;
        to_ms = to_ms + LEASE_SLACK_MS < now_ms ? to_ms + LEASE_SLACK_MS : now_ms;
        if (!fired || from_ms > when->from_ms)
            *when = (struct drill_span){from_ms, to_ms > from_ms ? to_ms : from_ms};
        fired = true;
    }
    return fired;
}

static void revert(struct drill_loop *loop)
{
    int64_t from_ms = loop->stage->now_ms(loop->stage->self);
    struct drill_span fired;
    bool slept = lease_fired(loop, from_ms, &fired);
    int action;
    if (slept)
        end(loop, DRILL_STOPPED,
            "its lease ended the fault while this program did not run: what was measured is not "
            "the drill's");
    ask_by_hand(loop, false);
    loop->report->reverted = true;
    for (action = loop->drill->n_inject - 1; action >= 0; action--) {
        struct und_err err = {0};
        if (loop->report->action[action].intended_ms < 0)
            continue;
        if (revert_action(loop, action, &err))
            drill_tell(loop, loop->drill->target, MARK_FAULT_END, "undone: %s",
                       action_name(loop, action));
        else {
            loop->report->reverted = false;
            end(loop, DRILL_STUCK, err.text);
        }
    }
    loop->now_ms = loop->stage->now_ms(loop->stage->self);
    loop->report->reverted_ms = slept ? fired.to_ms : loop->now_ms;
    if (slept)
        drill_track_ended(&loop->track, fired.from_ms, fired.to_ms);
    else if (loop->report->reverted)
        drill_track_ended(&loop->track, loop->now_ms,
                          loop->now_ms); /* the undo's own time counts */
}

/* ---- the steady state ---- */

/* True: on with it. The operator's further signals shorten the trying. */
static bool restore_waits(struct drill_loop *loop, int64_t until_ms, int *signals)
{
    struct stage_hint hint;
    enum stage_wake wake;
    do {
        wake = loop->stage->wait(loop->stage->self, until_ms, &hint);
        *signals += wake == STAGE_INTERRUPT;
    } while (wake == STAGE_HINT || wake == STAGE_STOP);
    loop->now_ms = loop->stage->now_ms(loop->stage->self);
    return *signals < RESTORE_SIGNALS;
}

/* One step of it; true once nothing is left. */
static bool restore_step(struct drill_loop *loop, int64_t *pause_ms, int64_t *next_ms,
                         struct und_err *err)
{
    struct stage_routing routing = {.again_ms = -1};
    struct stage *stage = loop->stage;
    enum und_code code;
    *err = (struct und_err){0};
    code = stage->reconcile(stage->self, &loop->driver.plan, &loop->driver.state, &routing, err);
    loop->now_ms = stage->now_ms(stage->self);
    if (code == UND_OK) {
        drill_track_routing(&loop->track, loop->now_ms, &routing);
        *pause_ms = RESTORE_PAUSE_MS;
        *next_ms = routing.again_ms;
        if (routing.again_ms < 0)
            return true;
        drill_loop_jobs(loop); /* what was cancelled must have ended before it is run again */
        return false;
    }
    drill_tell(loop, -1, MARK_NONE, "putting back failed: %s", err->text);
    *next_ms = loop->now_ms + *pause_ms;
    *pause_ms = 2 * *pause_ms < RESTORE_PAUSE_MOST_MS ? 2 * *pause_ms : RESTORE_PAUSE_MOST_MS;
    return false;
}

/* Whatever the policy still wants: a drill leaves nobody out of the rotation. One failure is no
 * reason to stop. */
static void restore_routing(struct drill_loop *loop)
{
    const struct fleet *fleet = &loop->scenario->fleet;
    int64_t deadline_ms = loop->now_ms + loop->drill->restore_ms, next_ms = -1;
    int64_t pause_ms = RESTORE_PAUSE_MS;
    struct und_err err = {0};
    int i, signals = 0;
    if (loop->options->observe)
        return;
    for (i = 0; i < fleet->n_hosts; i++) {
        loop->driver.plan.host[i] = (struct plan_host){.admitted = fleet_rotation(fleet, i)};
        loop->driver.state.host[i].phase = PHASE_SERVING;
    }
    loop->driver.plan.notices = 0;
    while (!restore_step(loop, &pause_ms, &next_ms, &err)) {
        if (loop->now_ms >= deadline_ms ||
            !restore_waits(loop, next_ms < deadline_ms ? next_ms : deadline_ms, &signals)) {
            end(loop, DRILL_STUCK,
                err.code != UND_OK ? err.text : "not everything could be put back in time");
            return;
        }
    }
}

/* An operator who stops a drill does not want to wait for anything but the rollback, and a policy
 * that broke an invariant is not to be waited for. */
static bool nothing_to_await(const struct drill_loop *loop)
{
    return loop->wake == STAGE_STOP || loop->wake == STAGE_INTERRUPT ||
           loop->driver.broken != INVARIANT_HOLDS;
}

static void validate(struct drill_loop *loop)
{
    int64_t deadline_ms = loop->now_ms + loop->drill->recover_ms;
    while (!drill_track_settled(&loop->track) && loop->now_ms < deadline_ms &&
           !nothing_to_await(loop))
        if (drill_loop_turn(loop, deadline_ms) != STAGE_TIME)
            heed(loop, loop->wake);
    end_broken(loop);
    loop->looked_ms = loop->now_ms;
    if (drill_track_steady(&loop->track) && loop->driver.broken == INVARIANT_HOLDS)
        return;
    if (!nothing_to_await(loop))
        end(loop, DRILL_UNSTEADY, "the steady state did not return in time");
    restore_routing(loop);
}

/* ---- the whole ---- */

static void play(struct drill_loop *loop)
{
    prepare(loop);
    if (!ended(loop) && loop->options->watch)
        end(loop, DRILL_WATCHED, "every precondition holds; nothing was injected");
    if (ended(loop))
        return;
    inject(loop);
    if (!ended(loop))
        observe(loop);
    revert(loop);
    if (loop->report->reverted)
        validate(loop);
    else
        restore_routing(loop);
}

static void open_report(struct drill_report *report, const struct scenario *scenario,
                        const struct drill_options *options)
{
    int i;
    memset(report, 0, sizeof *report);
    timeline_init(&report->timeline);
    snprintf(report->scenario, sizeof report->scenario, "%s", scenario->name);
    snprintf(report->path, sizeof report->path, "%s", scenario->path);
    report->observed = options->observe;
    report->watched = options->watch;
    report->reverted = true;
    report->injected_ms = report->reverted_ms = report->fault_ms = -1;
    for (i = 0; i < MEASURE_COUNT; i++)
        report->measure[i] = (struct drill_measure){NAN, NAN, 0};
    for (i = 0; i < DRILL_ACTIONS; i++)
        report->action[i].intended_ms = report->action[i].done_ms = report->action[i].undone_ms =
            -1;
}

enum und_code drill_run(const struct scenario *scenario, const struct drill_options *options,
                        struct stage *stage, struct drill_report *report, struct und_err *err)
{
    struct drill_loop *loop;
    int i;
    open_report(report, scenario, options);
    if (!scenario->drill.present)
        return und_fail(err, UND_USAGE,
                        "%s: has no `drill` section, want one (see `understudy schema`)",
                        scenario->path);
    loop = calloc(1, sizeof *loop);
    UND_ASSERT(loop != NULL);
    loop->jobs = calloc(STAGE_JOBS, sizeof *loop->jobs);
    UND_ASSERT(loop->jobs != NULL);
    loop->scenario = scenario;
    loop->drill = &scenario->drill;
    loop->options = options;
    loop->stage = stage;
    loop->report = report;
    loop->cause = -1;
    for (i = 0; i < MARK_COUNT; i++)
        loop->mark_ms[i] = -1;
    drill_loop_begin(loop);
    report->began_ms = loop->now_ms;
    play(loop);
    report->ended_ms = stage->now_ms(stage->self);
    for (i = 0; i < MEASURE_COUNT; i++)
        if (report->injected_ms >= 0 && (report->injected || scenario->drill.n_inject == 0))
            report->measure[i] =
                drill_track_measure(&loop->track, (enum drill_measure_kind)i, loop->looked_ms);
    free(loop->jobs);
    free(loop);
    return UND_OK;
}
