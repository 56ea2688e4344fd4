/* The hands of the real stage: time, the journal, injection, routing, consent (stage.h). */
#include "real_stage.h"
#include "live/act/rollback.h"
#include "live/act/target_lock.h"
#include "live/base/failpoint.h"
#include "live/base/interrupt.h"
#include "live/base/wire.h"
#include "model/base/assert.h"
#include "model/drill/drill_run.h"
#include "model/fleet/timeline.h"
#include "real_stage_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define NAP_MS 100         /* between two looks for a stop */
#define PROBE_LEAST_MS 100 /* real; a living host answers within that, whatever the lab's pace */

/* ---- time ---- */

static int64_t now_ms(void *self)
{
    const struct real_stage *live = self;
    return fleet_clock_now_ms(&live->pace);
}

static bool stop_asked(struct real_stage *live)
{
    const char *path = live->scenario->fleet.live.stop_file;
    if (live->stopped || !path[0] || access(path, F_OK) != 0)
        return false;
    live->stopped = true;
    return true;
}

/* The flag that stopped us is taken down, so that the rollback's own calls are not cancelled. */
static bool interrupted(struct real_stage *live)
{
    if (interrupt_count() == live->signals)
        return false;
    live->signals = interrupt_count();
    interrupt_clear();
    return true;
}

static enum stage_wake wait_until(void *self, int64_t until_ms, struct stage_hint *hint)
{
    struct real_stage *live = self;
    for (;;) {
        if (live->options.alive >= 0)
            (void)!write(live->options.alive, "h", 1);
        int64_t left_ms = until_ms - fleet_clock_now_ms(&live->pace), real_ms = 0;
        if (interrupted(live))
            return STAGE_INTERRUPT;
        if (stop_asked(live))
            return STAGE_STOP;
        if (left_ms > 0)
            real_ms = fleet_clock_real_ms(&live->pace, left_ms);
        if (listen_take(live->listener, real_ms < NAP_MS ? real_ms : NAP_MS, hint))
            return STAGE_HINT;
        if (left_ms <= 0)
            return STAGE_TIME;
    }
}

/* ---- actions ---- */

static enum und_code lease_of(const struct real_stage *live, int action, struct lease *lease,
                              struct und_err *err)
{
    const struct scenario *scenario = live->scenario;
    const char *host =
        scenario->drill.target >= 0 ? scenario->fleet.hosts[scenario->drill.target].name : "";
    int64_t lease_s = (fleet_clock_real_ms(&live->pace, scenario->drill.lease_ms) + 999) / 1000;
    char id[64];
    snprintf(id, sizeof id, "understudy-%lld-%d-%08x", (long long)live->run, action + 1,
             live->nonce);
    return lease_init(lease, &scenario->drill.inject[action], id, host, lease_s, err);
}

static enum und_code intend(struct real_stage *live, int action, int64_t lease_until_ms,
                            struct und_err *err)
{
    struct journal_step *step = &live->step[action];
    struct lease lease;
    if (lease_of(live, action, &lease, err) != UND_OK)
        return err->code;
    *step = (struct journal_step){.run = live->run, .lease_until_ms = -1};
    snprintf(step->name, sizeof step->name, "%s", lease.action->name);
    snprintf(step->host, sizeof step->host, "%s", lease.action->on);
    if (lease.lease_s > 0)
        step->lease_until_ms =
            http_wall_ms() +
            fleet_clock_real_ms(&live->pace, lease_until_ms - fleet_clock_now_ms(&live->pace)) +
            1000;
    if (action_command(step->action, &lease.run, NULL, err) != UND_OK ||
        (lease.undo.argv.n > 0 &&
         action_command(step->undo, &lease.undo, &lease.disarm, err) != UND_OK))
        return err->code;
    return journal_intend(live->journal, step, err);
}

static enum und_code record(void *self, enum stage_event event, int action, int64_t lease_until_ms,
                            const char *note, struct und_err *err)
{
    static const enum journal_event words[STAGE_EVENTS] = {JOURNAL_INTENDED, JOURNAL_DONE,
                                                           JOURNAL_FAILED,   JOURNAL_UNDOING,
                                                           JOURNAL_UNDONE,   JOURNAL_STUCK};
    struct real_stage *live = self;
    enum und_code code;
    failpoint("before the record");
    if (event == STAGE_INTENDED)
        code = intend(live, action, lease_until_ms, err);
    else
        code = journal_event(live->journal, live->step[action].id, words[event], note, err);
    failpoint(stage_event_name(event));
    return code;
}

/* What a command printed, for whoever asks later: nothing depends on it. */
static void keep_output(const struct real_stage *live, int action, const char *note)
{
    char text[600];
    if (!note[0])
        return;
    snprintf(text, sizeof text, "%.80s: %s", live->step[action].name, note);
    secret_redact(text);
    journal_note(live->journal, live->run, "output", text, &(struct und_err){0});
}

static enum und_code inject(void *self, int action, int64_t lease_ms, struct und_err *err)
{
    struct real_stage *live = self;
    struct lease lease;
    char note[512];
    (void)lease_ms; /* the scenario's own, as lease_of has it */
    if (lease_of(live, action, &lease, err) != UND_OK)
        return err->code;
    lease_inject(&lease, &live->scenario->fleet, note, interrupt_flag(), err);
    keep_output(live, action, note);
    return err->code;
}

static enum und_code revert(void *self, int action, struct und_err *err)
{
    struct real_stage *live = self;
    struct und_err failed = {0};
    struct lease lease;
    char note[512] = "";
    if (lease_of(live, action, &lease, &failed) == UND_OK)
        lease_revert(&lease, &live->scenario->fleet, note, &failed);
    keep_output(live, action, note);
    if (failed.code == UND_OK)
        return UND_OK;
    return rollback_stuck(&live->scenario->fleet, &live->step[action], failed.text, err);
}

/* ---- telling ---- */

static void tell(void *self, int64_t at_ms, int host, enum mark mark, const char *text)
{
    struct real_stage *live = self;
    struct und_err ignored = {0};
    char when[WIRE_TIME], line[512];
    (void)at_ms;
    snprintf(line, sizeof line, "%s%s%s", host >= 0 ? live->scenario->fleet.hosts[host].name : "",
             host >= 0 ? ": " : "", text);
    wire_clean(line);
    secret_redact(line);
    if (!live->options.quiet) {
        printf("%s  %s\n", wire_time(when, http_wall_ms()), line);
        fflush(stdout);
    }
    journal_note(live->journal, live->run, mark == MARK_NONE ? "story" : mark_name(mark), line,
                 &ignored);
    if (mark != MARK_NONE)
        failpoint(mark_name(mark));
}

/* ---- routing ---- */

static enum und_code reconcile(void *self, const struct plan *plan,
                               const struct policy_state *policy, struct stage_routing *routing,
                               struct und_err *err)
{
    struct real_stage *live = self;
    const struct fleet *fleet = &live->scenario->fleet;
    int64_t now = fleet_clock_now_ms(&live->pace);
    bool wrote = false;
    (void)policy; /* who is drained is told by the plan: nothing is admitted there */
    routing->since_ms = now;
    routing->again_ms = live->write_ms;
    if (now >= live->write_ms) {
        actuate_step(&live->actuator, plan, &live->reader.jobs, &wrote, err);
        if (live->actuator.said[0])
            tell(live, now, -1, MARK_NONE, live->actuator.said);
        live->actuator.said[0] = '\0';
        if (wrote) /* from one beginning to the next: requests are serial anyway */
            live->write_ms = now + fleet->github.write_spacing_ms;
        now = fleet_clock_now_ms(&live->pace);
        routing->again_ms = wrote ? live->write_ms
                            : actuate_waits(&live->actuator)
                                ? now + fleet->controller.github_poll_ms
                                : -1;
    }
    actuate_routed(&live->actuator, routing->routed);
    return err->code;
}

/* ---- the journal and the operator ---- */

static enum und_code decision(void *self, int64_t at_ms, const struct view *view,
                              const struct plan *plan, struct und_err *err)
{
    struct real_stage *live = self;
    return journal_decision(live->journal, live->run, at_ms, view, plan, err);
}

/* Long enough for all that a drill may wait for. */
static int64_t lock_seconds(const struct real_stage *live)
{
    const struct drill *drill = &live->scenario->drill;
    return fleet_clock_real_ms(&live->pace, drill->preconditions.wait_ms + drill->lease_ms +
                                                drill_baseline_ms(&live->scenario->fleet) +
                                                drill->recover_ms + drill->restore_ms) /
               1000 +
           1;
}

/* What the drill will need, before anything is injected: the right to write, and the target to
 * itself. */
static enum und_code prepare(struct real_stage *live, struct und_err *err)
{
    char unproven[160] = "", id[64];
    if (live->options.alive >= 0)
        (void)!write(live->options.alive, "a", 1);
    if (!live->options.observe && actuate_prove(&live->actuator, unproven, err) != UND_OK)
        return err->code;
    if (unproven[0])
        tell(live, 0, -1, MARK_NONE, unproven);
    real_stage_tell_kinds(live);
    snprintf(id, sizeof id, "understudy-%lld-%08x", (long long)live->run, live->nonce);
    return target_lock_take(live->journal, live->run, live->scenario, id, lock_seconds(live), err);
}

static enum und_code ask(const struct real_stage *live, struct und_err *err)
{
    const struct scenario *scenario = live->scenario;
    const char *word = scenario->drill.target >= 0
                           ? scenario->fleet.hosts[scenario->drill.target].name
                           : scenario->name;
    char line[256];
    if (live->options.yes)
        return UND_OK;
    fprintf(stderr, "Every precondition holds. Type %s to begin: ", word);
    if (!fgets(line, sizeof line, stdin))
        line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, word) == 0)
        return UND_OK;
    return und_fail(err, UND_STOPPED, "not confirmed: want %s typed, or --yes", word);
}

static enum und_code confirm(void *self, struct und_err *err)
{
    struct real_stage *live = self;
    return ask(live, err) == UND_OK ? prepare(live, err) : err->code;
}

/* ---- opening ---- */

static enum und_code open_clients(struct real_stage *live, struct und_err *err)
{
    const struct live *from = &live->scenario->fleet.live;
    /* The drill's one thread asks: nothing may hang for long, by the fleet's time. */
    const struct http_config base = {.connect_ms = 2000,
                                     .total_ms = 8000,
                                     .stall_ms = 4000,
                                     .attempts = 2,
                                     .backoff_ms =
                                         fleet_clock_real_ms(&live->pace, HTTP_BACKOFF_MS),
                                     .patience_ms = 5000,
                                     .cancel = interrupt_flag()};
    int64_t watch_ms;
    if (github_open(&live->github, from, &base, err) != UND_OK)
        return err->code;
    watch_ms = fleet_clock_real_ms(&live->pace, DRILL_WATCH_MS);
    probe_open(&live->probe, &live->scenario->fleet, watch_ms,
               watch_ms > PROBE_LEAST_MS ? watch_ms : PROBE_LEAST_MS);
    if (from->prometheus.url[0])
        prometheus_client_open(&live->prometheus, &from->prometheus, &base, err);
    else if (from->alertmanager.url[0])
        alertmanager_client_open(&live->alertmanager, &from->alertmanager, &base, err);
    return err->code == UND_OK ? listen_open(&live->listener, &live->scenario->fleet, err)
                               : err->code;
}

enum und_code real_stage_open(struct real_stage **out, const struct scenario *scenario,
                              struct journal *journal, int64_t run,
                              const struct real_stage_options *options, struct und_err *err)
{
    struct real_stage *live = calloc(1, sizeof *live);
    int i;
    UND_ASSERT(live != NULL);
    *out = NULL;
    live->stage = (struct stage){
        live,   now_ms, wait_until,        real_stage_poll, real_stage_jobs, real_stage_inspect,
        record, inject, real_stage_canary, revert,          reconcile,       decision,
        tell,   confirm};
    live->scenario = scenario;
    live->journal = journal;
    live->run = run;
    live->options = *options;
    if (getrandom(&live->nonce, sizeof live->nonce, 0) != (ssize_t)sizeof live->nonce)
        live->nonce = (unsigned)http_wall_ms();
    for (i = 0; i < FLEET_HOSTS; i++)
        live->alerts[i].active_wall_ms = -1;
    fleet_clock_start(&live->pace, scenario->fleet.live.time_factor);
    if (open_clients(live, err) == UND_OK) {
        actuate_init(&live->actuator, &scenario->fleet, live->github, journal, run);
        job_reader_init(&live->reader, live->github, scenario->fleet.live.canary.workflow);
        job_signs_init(&live->signs, &scenario->fleet, &live->pace);
        canary_open(&live->canary, &scenario->fleet, &live->pace, live->github, journal, run);
        live->actuator.pause_ms =
            fleet_clock_real_ms(&live->pace, scenario->fleet.controller.github_poll_ms);
        *out = live;
    } else {
        real_stage_close(live);
    }
    return err->code;
}

void real_stage_close(struct real_stage *live)
{
    if (!live)
        return;
    listen_close(live->listener);
    actuate_fini(&live->actuator);
    canary_close(&live->canary);
    job_reader_fini(&live->reader);
    github_close(live->github);
    prometheus_client_close(live->prometheus);
    alertmanager_client_close(live->alertmanager);
    probe_close(live->probe);
    free(live);
}

struct stage *real_stage_interface(struct real_stage *live)
{
    return &live->stage;
}
