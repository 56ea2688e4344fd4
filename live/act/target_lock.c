#include "target_lock.h"

#include <stdio.h>
#include <string.h>

#define LOCK_MS 30000 /* real time; to take it or to give it back */

/* $0 is the drill, $1 the seconds, $2 what the lock's name ends in. An old lock is taken over, and
 * looked at again a second later: of two that did so at once one has lost it. */
static const char take[] =
    "l=\"${TMPDIR:-/tmp}/understudy-drill$2.lock\"; n=$(date +%s); w=\"$((n+$1)) $0\"; "
    "ln -sn \"$w\" \"$l\" 2>/dev/null && exit 0; "
    "h=$(readlink \"$l\") || { echo \"cannot make $l\"; exit 1; }; "
    "[ \"${h#* }\" = \"$0\" ] && exit 0; "
    "[ \"${h%% *}\" -le \"$n\" ] && rm -f \"$l\" && ln -sn \"$w\" \"$l\" && sleep 1 && "
    "[ \"$(readlink \"$l\")\" = \"$w\" ] && exit 0; "
    "echo \"another drill (${h#* }) has $l, for $((${h%% *}-n)) s at most\"; exit 1";
static const char give[] = "l=\"${TMPDIR:-/tmp}/understudy-drill$2.lock\"; h=$(readlink \"$l\"); "
                           "[ \"${h#* }\" != \"$0\" ] || rm -f \"$l\"";

static void add(struct live_argv *argv, const char *text, size_t size)
{
    snprintf(argv->arg[argv->n++], LIVE_ARG, "%.*s", (int)size, text);
}

/* An argument is shorter than the script: the shell puts the pieces together again. */
static void fill(struct action_command *command, const char *on, const char *id, int64_t seconds,
                 const char *suffix, const char *script)
{
    const size_t piece = LIVE_ARG - 1, n = strlen(script);
    char text[32];
    size_t at;
    memset(command, 0, sizeof *command);
    snprintf(command->on, sizeof command->on, "%s", on);
    snprintf(text, sizeof text, "%lld", (long long)seconds);
    command->timeout_ms = LOCK_MS;
    add(&command->argv, "sh", 2);
    add(&command->argv, "-c", 2);
    add(&command->argv, "eval \"$3$4$5\"", 13);
    add(&command->argv, id, strlen(id));
    add(&command->argv, text, strlen(text));
    add(&command->argv, suffix, strlen(suffix));
    for (at = 0; at < n; at += piece)
        add(&command->argv, script + at, n - at < piece ? n - at : piece);
}

static enum und_code take_one(struct journal *journal, int64_t run, const struct fleet *fleet,
                              const char *on, const char *id, int64_t seconds, const char *suffix,
                              struct und_err *err)
{
    struct journal_step step = {.run = run};
    struct action_command command, undo;
    struct und_err took = {0};
    char note[512];
    fill(&command, on, id, seconds, suffix, take);
    fill(&undo, on, id, seconds, suffix, give);
    snprintf(step.name, sizeof step.name, "lock %.60s against other drills",
             on[0] ? on : "this machine");
    snprintf(step.host, sizeof step.host, "%s", on);
    step.lease_until_ms = http_wall_ms() + seconds * 1000;
    if (action_command(step.action, &command, NULL, err) != UND_OK ||
        action_command(step.undo, &undo, NULL, err) != UND_OK ||
        journal_intend(journal, &step, err) != UND_OK)
        return err->code;
    if (action_run(&command, fleet, note, NULL, &took) == UND_OK)
        return journal_event(journal, step.id, JOURNAL_DONE, note, err);
    journal_event(journal, step.id, JOURNAL_FAILED, took.text, err);
    return und_fail(err, UND_SERVICE, "%s", took.text);
}

/* Where a lease of ours runs there is a shell; a place may also be a program of its own. */
static const char *shell_of(const struct drill_action *action)
{
    bool leased = action->lease == DRILL_LEASE_SYSTEMD || action->lease == DRILL_LEASE_GUARD;
    return leased && action->undo.n > 0 ? action->on : "";
}

enum und_code target_lock_take(struct journal *journal, int64_t run,
                               const struct scenario *scenario, const char *id, int64_t seconds,
                               struct und_err *err)
{
    const struct drill *drill = &scenario->drill;
    char suffix[80] = "";
    int i, j;
    if (drill->target >= 0)
        snprintf(suffix, sizeof suffix, "-%s", scenario->fleet.hosts[drill->target].name);
    if (take_one(journal, run, &scenario->fleet, "", id, seconds, suffix, err) != UND_OK)
        return err->code;
    for (i = 0; i < drill->n_inject; i++) {
        const char *on = shell_of(&drill->inject[i]);
        for (j = 0; j < i; j++)
            if (strcmp(on, shell_of(&drill->inject[j])) == 0)
                break;
        if (on[0] && j == i &&
            take_one(journal, run, &scenario->fleet, on, id, seconds, "", err) != UND_OK)
            return err->code;
    }
    return UND_OK;
}
