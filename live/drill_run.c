#include "drill_run.h"
#include "failpoint.h"
#include "interrupt.h"
#include "model/policy_names.h"
#include "rollback.h"
#include "wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_READINGS_MS 120000 /* fleet time in which every feed must have spoken */
#define LOADS_EVERY_MS 15000     /* fleet time between two looks at the other hosts' loads */

void drill_run_init(struct drill_run *run, const struct scenario *scenario, struct journal *journal)
{
    memset(run, 0, sizeof *run);
    run->scenario = scenario;
    run->journal = journal;
}

void drill_run_fini(struct drill_run *run)
{
    watch_close(run->watch);
    prometheus_client_close(run->prometheus);
    github_close(run->github);
    measure_fini(&run->measure);
    run->watch = NULL;
}

void drill_say(struct drill_run *run, const char *format, ...)
{
    char line[900], when[WIRE_TIME];
    struct und_err ignored = {0};
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (!run->quiet) {
        printf("%s  %s\n", wire_time(when, http_wall_ms()), line);
        fflush(stdout);
    }
    if (run->run > 0)
        journal_note(run->journal, run->run, "drill", line, &ignored);
}

static void say_rollback(void *context, const char *line)
{
    drill_say(context, "%s", line);
}

static void say_stages(struct drill_run *run)
{
    for (; run->told < run->measure.timeline.n; run->told++) {
        const struct timeline_entry *entry = &run->measure.timeline.entry[run->told];
        if (entry->mark == MARK_NONE)
            continue;
        drill_say(run, "%s: %s", mark_name(entry->mark), entry->what);
        failpoint(mark_name(entry->mark));
    }
}

/* ---- the loop ---- */

/* One event of the watch, noted everywhere. */
static enum und_code next(struct drill_run *run, struct watch_event *event, struct und_err *err)
{
    if (watch_next(run->watch, event, err) != UND_OK)
        return err->code;
    measure_event(&run->measure, event);
    if (event->reading) {
        if (!event->reading->good)
            drill_say(run, "%s cannot be read: %s", policy_feed_name(event->reading->feed),
                      event->reading->error.text);
        if (event->reading->write_error.code != UND_OK)
            drill_say(run, "GitHub was not changed: %s", event->reading->write_error.text);
        drill_facts_note(&run->facts, event->reading);
    }
    say_stages(run);
    return UND_OK;
}

static bool overloaded(struct drill_run *run, int64_t now_ms, char why[256])
{
    if (!run->prometheus || now_ms < run->next_load_ms)
        return false;
    run->next_load_ms = now_ms + LOADS_EVERY_MS;
    return drill_overloaded(run->scenario, run->prometheus, why);
}

/* ---- stages ---- */

static enum und_code open_all(struct drill_run *run, struct und_err *err)
{
    const struct live *live = &run->scenario->fleet.live;
    const struct feed_options options = {
        .act = !run->observe && live->allow_actions, .jobs = true, .cancel = interrupt_flag()};
    /* The main loop asks: it must not hang for long. */
    const struct http_config brief = {
        .connect_ms = 1000, .total_ms = 3000, .attempts = 1, .cancel = interrupt_flag()};
    pace_start(&run->pace, live->time_factor > 1 ? live->time_factor : 1);
    measure_init(&run->measure, run->scenario, &run->pace, options.act);
    if (live->prometheus.url[0] &&
        prometheus_client_open(&run->prometheus, &live->prometheus, &brief, err) != UND_OK)
        return err->code;
    if (github_open(&run->github, live, &brief, err) != UND_OK)
        return err->code;
    return watch_open(&run->watch, &run->scenario->fleet, &run->pace, &options, run->journal,
                      run->run, err);
}

static enum und_code first_readings(struct drill_run *run, struct und_err *err)
{
    struct watch_event event;
    while (!drill_facts_complete(&run->facts, &run->scenario->fleet)) {
        if (next(run, &event, err) != UND_OK)
            return err->code;
        if (event.now_ms > FIRST_READINGS_MS)
            return und_fail(err, UND_SERVICE, "not begun: %s has not been read yet%s%.500s",
                            !run->facts.has_github  ? "GitHub"
                            : !run->facts.has_probe ? "the probe"
                                                    : "the alerts",
                            !run->facts.has_github || !run->facts.has_alerts ? ": " : "",
                            !run->facts.has_github ? run->facts.github.error.text
                                                   : run->facts.alerts.error.text);
    }
    memcpy(run->labelled, run->facts.github.labelled, sizeof run->labelled);
    return UND_OK;
}

static enum und_code preconditions(struct drill_run *run, struct und_err *err)
{
    struct drill_reasons reasons;
    int i;
    drill_preconditions(run->scenario, &run->facts, run->prometheus, run->github, &reasons);
    for (i = 0; i < reasons.n; i++)
        drill_say(run, "precondition: %s", reasons.text[i]);
    if (reasons.n > 0)
        return und_fail(err, UND_STOPPED,
                        "not begun, nothing was injected: %d precondition%s not met: %.500s",
                        reasons.n, reasons.n == 1 ? " is" : "s are", reasons.text[0]);
    drill_say(run, "every precondition holds");
    return UND_OK;
}

/* Journal, lease, injection, journal. Whatever fails in here is rolled back by the caller. */
static enum und_code inject_one(struct drill_run *run, const struct drill_step *step,
                                struct und_err *err)
{
    const struct fleet *fleet = &run->scenario->fleet;
    struct journal_step entry = {.run = run->run, .lease_until_ms = -1};
    struct und_err failed = {0};
    char note[512] = "";
    snprintf(entry.name, sizeof entry.name, "%s", step->action->name);
    snprintf(entry.host, sizeof entry.host, "%s", step->action->on);
    if (step->lease_s > 0)
        entry.lease_until_ms = http_wall_ms() + step->lease_s * 1000;
    failpoint("before intention");
    if (action_command(entry.action, &step->run, NULL, err) != UND_OK ||
        (step->undo.argv.n > 0 &&
         action_command(entry.undo, &step->undo, &step->disarm, err) != UND_OK) ||
        journal_intend(run->journal, &entry, err) != UND_OK)
        return err->code;
    run->injected = true;
    failpoint("intended");
    if (step->arm.argv.n > 0)
        action_run(&step->arm, fleet, note, interrupt_flag(), &failed);
    failpoint("lease armed");
    if (failed.code == UND_OK)
        action_run(&step->run, fleet, note, interrupt_flag(), &failed);
    failpoint("injected");
    journal_event(run->journal, entry.id, failed.code == UND_OK ? JOURNAL_DONE : JOURNAL_FAILED,
                  failed.code == UND_OK ? note : failed.text, err);
    failpoint("injection recorded");
    if (failed.code == UND_INTERRUPTED)
        return und_fail(err, UND_INTERRUPTED, "%s", failed.text);
    if (failed.code != UND_OK)
        return und_fail(err, UND_STOPPED, "%s: %.600s", step->action->name, failed.text);
    drill_say(run, "injected: %s%s%s", step->action->name, step->action->on[0] ? " on " : "",
              step->action->on);
    return UND_OK;
}

static enum und_code inject(struct drill_run *run, struct und_err *err)
{
    int64_t from_ms = pace_now_ms(&run->pace);
    int i;
    for (i = 0; i < run->plan.n; i++)
        if (inject_one(run, &run->plan.step[i], err) != UND_OK)
            return err->code;
    measure_fault(&run->measure, from_ms, pace_now_ms(&run->pace));
    say_stages(run);
    return UND_OK;
}

static bool observed(const struct drill_run *run, int64_t now_ms)
{
    const struct drill *drill = &run->scenario->drill;
    int64_t fault_ms = run->measure.stage[MARK_FAULT].at_ms;
    int64_t reached_ms =
        drill->revert_after == MARK_NONE ? fault_ms : run->measure.stage[drill->revert_after].at_ms;
    return now_ms - fault_ms >= drill->observe_ms ||
           (reached_ms >= 0 && now_ms - reached_ms >= drill->hold_ms);
}

static enum und_code observe(struct drill_run *run, struct und_err *err)
{
    struct watch_event event;
    char why[256];
    failpoint("observing");
    do {
        if (next(run, &event, err) != UND_OK)
            return err->code;
        if (drill_must_stop(run->scenario, &run->facts, event.view, why) ||
            overloaded(run, event.now_ms, why))
            return und_fail(err, UND_STOPPED, "stopped: %s", why);
    } while (!observed(run, event.now_ms));
    return UND_OK;
}

/* An undo that says it worked, and an effect that is still there, is a rollback not completed. */
static enum und_code check_undone(struct drill_run *run, struct und_err *err)
{
    int i;
    for (i = 0; i < run->plan.n; i++) {
        const struct drill_step *step = &run->plan.step[i];
        struct und_err failed = {0};
        char note[512];
        if (step->check.argv.n == 0 || step->undo.argv.n == 0)
            continue;
        if (action_run(&step->check, &run->scenario->fleet, note, NULL, &failed) == UND_OK)
            return und_fail(err, UND_STUCK, "%s: is still in effect after its undo (%s)",
                            step->action->name, note);
    }
    return UND_OK;
}

static enum und_code revert(struct drill_run *run, struct und_err *err)
{
    size_t n;
    failpoint("reverting");
    if (rollback_all(run->journal, &run->scenario->fleet, run->run, &n, say_rollback, run, err) !=
        UND_OK)
        return err->code;
    measure_revert(&run->measure, pace_now_ms(&run->pace));
    say_stages(run);
    return check_undone(run, err);
}

static bool steady(const struct drill_run *run, const struct watch_event *event)
{
    const struct fleet *fleet = &run->scenario->fleet;
    bool by_label = run->measure.acting && fleet->github.mechanism == MECHANISM_LABEL;
    int i;
    if (!run->facts.github.good || (run->facts.has_alerts && !run->facts.alerts.good))
        return false;
    for (i = 0; i < fleet->n_hosts; i++)
        if (run->facts.github.hosts[i].online < fleet->hosts[i].slots ||
            !run->facts.probe.answered[i] || run->facts.alerts.severities[i] != 0 ||
            event->state->host[i].phase != PHASE_SERVING ||
            (by_label && run->facts.github.labelled[i] < run->labelled[i]))
            return false;
    return true;
}

static enum und_code recover(struct drill_run *run, struct und_err *err)
{
    int64_t end_ms = pace_now_ms(&run->pace) + run->scenario->drill.recover_ms;
    /* A reading of each feed that was begun after the revert, before anything is called steady. */
    int64_t from_ms = pace_now_ms(&run->pace);
    struct watch_event event;
    failpoint("recovering");
    do {
        if (next(run, &event, err) != UND_OK)
            return err->code;
        run->steady = run->facts.github.begun_ms >= from_ms &&
                      run->facts.probe.begun_ms >= from_ms &&
                      (!run->facts.has_alerts || run->facts.alerts.begun_ms >= from_ms) &&
                      steady(run, &event);
    } while (!run->steady && event.now_ms < end_ms);
    drill_say(run, run->steady ? "the steady state is back"
                               : "the steady state is NOT back in the time allowed");
    return UND_OK;
}

/* Whatever the reason: nothing of ours stays. Labels too, since no policy will put them back. */
static enum und_code roll_back(struct drill_run *run, struct und_err *err)
{
    struct und_err stuck = {0};
    size_t n;
    drill_say(run, "rolling back: %s", err->text);
    interrupt_clear();       /* the signal that brought us here must not end the rollback too */
    watch_close(run->watch); /* GitHub's thread would take off again what we put back */
    run->watch = NULL;
    rollback_all(run->journal, &run->scenario->fleet, ROLLBACK_EVERY_RUN, &n, say_rollback, run,
                 &stuck);
    if (stuck.code == UND_OK)
        check_undone(run, &stuck);
    if (stuck.code != UND_OK)
        *err = stuck;
    else if (err->code != UND_INTERRUPTED && err->code != UND_FAILED)
        err->code = UND_STOPPED;
    return err->code;
}

enum und_code drill_run_all(struct drill_run *run, struct und_err *err)
{
    if (open_all(run, err) != UND_OK || first_readings(run, err) != UND_OK ||
        preconditions(run, err) != UND_OK)
        return err->code;
    if (inject(run, err) == UND_OK && observe(run, err) == UND_OK && revert(run, err) == UND_OK)
        recover(run, err);
    if (err->code != UND_OK && run->injected)
        roll_back(run, err);
    return err->code;
}
