#include "rollback.h"
#include "action.h"
#include "command.h"
#include "live/base/failpoint.h"
#include "live/base/interrupt.h"
#include "live/base/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAUSE_MS 1000 /* between two tries */

static void show_command(const struct fleet *fleet, const json_t *value, char *out, size_t size)
{
    const char *on = json_string_value(json_object_get(value, "on"));
    const json_t *list = json_object_get(value, "argv");
    struct live_argv argv = {.n = 0};
    struct command command = {.n = 0};
    struct und_err err = {0};
    size_t i;
    for (i = 0; i < json_array_size(list) && i < LIVE_ARGS; i++) {
        const char *argument = json_string_value(json_array_get(list, i));
        snprintf(argv.arg[argv.n++], LIVE_ARG, "%s", argument ? argument : "");
    }
    if (argv.n > 0 && command_init(&command, fleet, on ? on : "", &argv, &err) == UND_OK)
        command_show(&command, out, size);
    else
        snprintf(out, size, "(a command on %s, which the fleet no longer has)", on ? on : "?");
    command_fini(&command);
}

void rollback_show(const struct fleet *fleet, const struct journal_step *step, char *out,
                   size_t size)
{
    json_t *undo = json_loads(step->undo, 0, NULL);
    const json_t *command = json_object_get(undo, "command");
    const json_t *label = json_object_get(undo, "label");
    const json_t *variable = json_object_get(undo, "variable");
    const char *name, *text;
    int with;
    if (command)
        show_command(fleet, command, out, size);
    else if (json_unpack((json_t *)(uintptr_t)label, "{s:s, s:s, s:b}", "name", &name, "label",
                         &text, "with", &with) == 0)
        snprintf(out, size, "at GitHub, %s the label %s %s the runner %s", with ? "put" : "take",
                 text, with ? "on" : "off", name);
    else if (json_unpack((json_t *)(uintptr_t)variable, "{s:s, s:s}", "name", &name, "value",
                         &text) == 0)
        snprintf(out, size, "at GitHub, set the variable %s to %s", name, text);
    else
        snprintf(out, size, "%s", step->undo);
    json_decref(undo);
    wire_clean(out);
}

static enum und_code need_github(const struct fleet *fleet, const struct journal_step *step,
                                 struct github_client **github, const atomic_bool *cancel,
                                 struct und_err *err)
{
    struct http_config base = {.cancel = cancel};
    if (*github || !action_needs_github(step->undo))
        return UND_OK;
    if (!fleet->live.present)
        return und_fail(err, UND_USAGE, "%s: has no live section to undo it by", fleet->path);
    return github_open(github, &fleet->live, &base, err);
}

enum und_code rollback_step(struct journal *journal, const struct fleet *fleet,
                            const struct journal_step *step, struct github_client **github,
                            const atomic_bool *cancel, struct und_err *err)
{
    struct und_err tried = {0};
    char note[512] = "";
    failpoint("before undo");
    if (journal_event(journal, step->id, JOURNAL_UNDOING, "", err) != UND_OK)
        return err->code;
    failpoint("undo journalled");
    if (need_github(fleet, step, github, cancel, &tried) == UND_OK)
        action_perform(step->undo, fleet, *github, note, cancel, &tried);
    failpoint("undone");
    if (tried.code == UND_OK)
        return journal_event(journal, step->id, JOURNAL_UNDONE, note, err);
    if (journal_event(journal, step->id, JOURNAL_STUCK, tried.text, err) != UND_OK)
        return err->code;
    return und_fail(err, tried.code, "%s", tried.text);
}

enum und_code rollback_stuck(const struct fleet *fleet, const struct journal_step *step,
                             const char *why, struct und_err *err)
{
    char by_hand[512], when[WIRE_TIME], lease[96] = "";
    rollback_show(fleet, step, by_hand, sizeof by_hand);
    if (step->lease_until_ms > http_wall_ms())
        snprintf(lease, sizeof lease, "; its lease undoes it at %s",
                 wire_time(when, step->lease_until_ms));
    return und_fail(err, UND_STUCK, "left undone: %.100s%s%.60s (%.200s)%s; by hand: %.300s",
                    step->name, step->host[0] ? " on " : "", step->host, why, lease, by_hand);
}

/* One step, as often as it takes; false: it stays. */
static bool insist(struct journal *journal, const struct fleet *fleet,
                   const struct journal_step *step, struct github_client **github,
                   struct und_err *why)
{
    int try;
    for (try = 0; try < ROLLBACK_TRIES; try++) {
        struct timespec pause = {PAUSE_MS / 1000, 0};
        *why = (struct und_err){0};
        if (rollback_step(journal, fleet, step, github, interrupt_flag(), why) == UND_OK)
            return true;
        if (why->code == UND_USAGE || why->code == UND_INTERRUPTED)
            return false;
        if (try + 1 < ROLLBACK_TRIES)
            nanosleep(&pause, NULL);
    }
    return false;
}

enum und_code rollback_all(struct journal *journal, const struct fleet *fleet, rollback_teller *say,
                           void *context, struct und_err *err)
{
    struct journal_step *steps;
    struct github_client *github = NULL;
    size_t i, n;
    char line[256];
    if (journal_open_steps(journal, &steps, &n, err) != UND_OK)
        n = 0;
    for (i = 0; i < n; i++) {
        struct und_err why = {0};
        bool done = insist(journal, fleet, &steps[i], &github, &why);
        snprintf(line, sizeof line, "%s: %s%s%s", done ? "undone" : "NOT undone", steps[i].name,
                 steps[i].host[0] ? " on " : "", steps[i].host);
        if (say)
            say(context, line);
        if (!done) /* the first one is told; on with the rest */
            rollback_stuck(fleet, &steps[i], why.text, err);
    }
    github_close(github);
    free(steps);
    return err->code;
}

#define RUNS 1000

enum und_code rollback_finish(struct journal *journal, const struct fleet *fleet,
                              rollback_teller *say, void *context, struct und_err *err)
{
    struct journal_run *runs = calloc(RUNS, sizeof *runs);
    size_t n = RUNS;
    char line[256];
    if (!runs)
        return und_fail(err, UND_SERVICE, "journal: no memory");
    rollback_all(journal, fleet, say, context, err);
    if (err->code == UND_OK)
        journal_runs(journal, runs, &n, err);
    for (; err->code == UND_OK && n > 0; n--) {
        const struct journal_run *run = &runs[n - 1];
        if (run->kind != JOURNAL_DRILL || run->ended_ms >= 0)
            continue;
        journal_end(journal, run->id, UND_STOPPED, "died; rolled back by a later start", err);
        snprintf(line, sizeof line,
                 "run %lld (%.100s) had died before its end; nothing of it is "
                 "left",
                 (long long)run->id, run->name);
        if (say)
            say(context, line);
    }
    free(runs);
    return err->code;
}
