#include "drill_command.h"
#include "drill_play.h"
#include "guardian.h"
#include "live/act/action.h"
#include "live/act/command.h"
#include "live/act/rollback.h"
#include "live/act/target_lock.h"
#include "live/base/interrupt.h"
#include "live/base/wire.h"
#include "model/base/assert.h"
#include "model/load/loader.h"
#include "reports/drill/drill.h"
#include "version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROLLBACK_WAIT_MS 10000
#define LOCK_WAIT_MS 200 /* one who gives it back takes no longer */

static enum und_code check(const struct drill_wish *wish, const struct scenario *scenario,
                           struct und_err *err)
{
    const struct fleet *fleet = &scenario->fleet;
    if (!fleet->live.present)
        return und_fail(err, UND_USAGE,
                        "%s: its fleet has no live section, want one: where the services are",
                        scenario->path);
    if (wish->close && (!wish->by[0] || !wish->reason[0]))
        return und_fail(err, UND_USAGE,
                        "--close: want --by NAME and --reason TEXT with it, not empty: who has "
                        "seen to it, and how");
    if (wish->rollback || wish->close)
        return UND_OK;
    if (!scenario->drill.present)
        return und_fail(err, UND_USAGE, "%s: has no drill section, want one: what to inject",
                        scenario->path);
    if (!wish->observe && !wish->watch && fleet->has_policy &&
        fleet->github.mechanism == MECHANISM_HOOK && fleet->live.hook.run.n == 0)
        return und_fail(err, UND_USAGE,
                        "%s: github.mechanism is hook, want live.hook: the command that carries it "
                        "out; or --observe",
                        scenario->path);
    return UND_OK;
}

static void say(void *context, const char *line)
{
    const struct drill_wish *wish = context;
    char when[WIRE_TIME];
    if (!wish->quiet && !wish->json)
        printf("%s  %s\n", wire_time(when, http_wall_ms()), line);
}

static enum drill_mode mode_of(const struct drill_wish *wish)
{
    return wish->watch ? DRILL_MODE_WATCH : wish->observe ? DRILL_MODE_OBSERVE : DRILL_MODE_ACT;
}

/* A person has seen to it, and says so. */
static enum und_code close_step(const struct drill_wish *wish, struct journal *journal,
                                struct und_err *err)
{
    struct journal_step *step = NULL;
    char note[512];
    const int64_t id = wish->close;
    bool open = false;
    snprintf(note, sizeof note, "by %.100s: %.380s", wish->by, wish->reason);
    wire_clean(note);
    secret_redact(note);
    if (journal_step(journal, id, &step, &open, err) == UND_OK && !open)
        und_fail(err, UND_USAGE, "--close: step %lld (%.100s) is not open", (long long)id,
                 step->name);
    if (err->code == UND_OK && journal_event(journal, id, JOURNAL_CLOSED, note, err) == UND_OK) {
        printf("closed: step %lld, %s (%s)\n", (long long)id, step->name, note);
        snprintf(note, sizeof note, "step %lld closed by %.100s: %.350s", (long long)id, wish->by,
                 wish->reason);
        journal_note(journal, step->run, "closed", note, err);
    }
    free(step);
    return err->code;
}

static void show_github(const struct scenario *scenario)
{
    const struct fleet *fleet = &scenario->fleet;
    char by_hand[ROLLBACK_BY_HAND];
    int i;
    for (i = 0; i < fleet->n_hosts && fleet->github.mechanism == MECHANISM_LABEL; i++) {
        const struct host *host = &fleet->hosts[i];
        rollback_show_labels(fleet, i, by_hand, sizeof by_hand);
        fprintf(stderr, "  each runner %s that lacks its label: %s\n",
                host->registrations[0] ? host->registrations : host->name, by_hand);
    }
    if (fleet->github.mechanism == MECHANISM_VARIABLE)
        fprintf(stderr, "  the variable %s, as it was before\n", fleet->live.github.variable);
    if (fleet->live.canary.workflow[0]) {
        rollback_show_canaries(fleet, by_hand, sizeof by_hand);
        fprintf(stderr, "  each run of %s that waits or runs: %s\n", fleet->live.canary.workflow,
                by_hand);
    }
    if (fleet->github.fast_recovery)
        fprintf(stderr,
                "  runs that were cancelled by force, to be run again: gh run list --status "
                "cancelled\n");
}

/* The journal is gone: what may be left can only be told from the scenario. */
static void show_everything(const struct scenario *scenario)
{
    struct journal_step step = {.lease_until_ms = -1};
    struct action_command undo = {.timeout_ms = 1};
    char by_hand[ROLLBACK_BY_HAND];
    int i;
    fprintf(stderr, "What the drill may have left, and how to undo it by hand:\n");
    for (i = 0; i < scenario->drill.n_inject; i++) {
        const struct drill_action *action = &scenario->drill.inject[i];
        struct und_err ignored = {0};
        snprintf(undo.on, sizeof undo.on, "%s", action->on);
        undo.argv = action->undo;
        if (undo.argv.n == 0 || action_command(step.undo, &undo, NULL, &ignored) != UND_OK)
            continue;
        rollback_show(&scenario->fleet, &step, by_hand, sizeof by_hand);
        fprintf(stderr, "  %s: %s\n", action->name, by_hand);
    }
    show_github(scenario);
    target_lock_show(scenario, by_hand, sizeof by_hand);
    fprintf(stderr, "  the lock against other drills, on this machine: rm -f %s\n", by_hand);
}

static enum und_code lock(const struct drill_wish *wish, const struct scenario *scenario,
                          struct journal *journal, struct und_err *err)
{
    struct und_err first = {0};
    char purpose[160];
    snprintf(purpose, sizeof purpose, "drill %s", scenario->name);
    /* A guardian that is at it comes to its end soon; a drill does not. */
    if (journal_lock_within(journal, purpose, LOCK_WAIT_MS, interrupt_flag(), &first) != UND_OK)
        journal_lock_within(
            journal, purpose,
            wish->rollback || strstr(first.text, GUARDIAN_PURPOSE) ? ROLLBACK_WAIT_MS : 0,
            interrupt_flag(), err);
    if (err->code == UND_STUCK)
        show_everything(scenario);
    return err->code;
}

static enum und_code act(struct drill_wish *wish, const struct scenario *scenario,
                         drill_rehearser *rehearse, int guardian, struct und_err *err)
{
    struct prediction *prediction = calloc(1, sizeof *prediction);
    struct journal *journal = NULL;
    const char *path = wish->journal ? wish->journal : scenario->fleet.live.journal;
    int64_t patience_ms = rollback_patience_ms(
        &scenario->fleet, wish->rollback && scenario->drill.present ? scenario->drill.restore_ms
                                                                    : ROLLBACK_PATIENCE_MS);
    bool has = false;
    UND_ASSERT(prediction != NULL);
    if (journal_open(&journal, path, err) == UND_OK &&
        lock(wish, scenario, journal, err) == UND_OK) {
        if (wish->close)
            close_step(wish, journal, err);
        else if (rollback_finish(journal, &scenario->fleet, patience_ms, say, wish, err) ==
                     UND_OK &&
                 !wish->rollback &&
                 drill_predict(wish, scenario, rehearse, prediction, &has, err) == UND_OK) {
            const struct drill_page page = {.scenario = scenario,
                                            .prediction = has ? prediction : NULL,
                                            .version = UND_VERSION,
                                            .mode = mode_of(wish)};
            if (!wish->quiet && !wish->json)
                drill_print_plan(stdout, &page);
            fflush(stdout);
            drill_play(wish, scenario, has ? prediction : NULL, journal, guardian, err);
        }
    }
    if (has)
        prediction_fini(prediction);
    free(prediction);
    journal_close(journal);
    return err->code;
}

/* Nobody watches over what changes nothing. */
static void guarded(struct drill_wish *wish, const struct scenario *scenario,
                    drill_rehearser *rehearse, struct und_err *err)
{
    int guardian = -1;
    command_know_credentials(&scenario->fleet.live);
    if (!wish->close && !wish->rollback && !wish->watch)
        guardian =
            guardian_start(scenario, wish->journal ? wish->journal : scenario->fleet.live.journal);
    act(wish, scenario, rehearse, guardian, err);
    guardian_dismiss(guardian);
}

enum und_code drill_command(struct drill_wish *wish, drill_rehearser *rehearse, struct und_err *err)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    UND_ASSERT(scenario != NULL);
    secret_harden();
    interrupt_install();
    if (scenario_load(scenario, wish->path, wish->sets, wish->n_sets, err) == UND_OK) {
        /* Without the fleet's leave nothing is injected, and nothing is changed at GitHub. */
        wish->watch = !scenario->fleet.live.allow_actions;
        wish->observe = wish->observe || wish->watch;
        if (check(wish, scenario, err) == UND_OK)
            guarded(wish, scenario, rehearse, err);
        scenario_fini(scenario);
    }
    free(scenario);
    return err->code;
}
