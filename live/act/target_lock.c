#include "target_lock.h"
#include "model/base/assert.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK_MS 30000 /* real time; to take it or to give it back */

/* Where locks of services are kept (a service's /tmp may be its own), and what there is
 * elsewhere. */
#define FOLDERS                                                                                    \
    "\"${UNDERSTUDY_LOCKS:-/run/lock}\" \"${XDG_RUNTIME_DIR:-/run/lock}\" \"${TMPDIR:-/tmp}\""

/* $0 is the drill, $1 the seconds, $2 what the lock's name ends in. An old lock is taken over, and
 * looked at again a second later: of two that did so at once one has lost it. */
static const char take[] =
    "for d in " FOLDERS "; do [ -d \"$d\" ] && [ -w \"$d\" ] && break; done; "
    "l=\"$d/understudy-drill$2.lock\"; n=$(date +%s); w=\"$((n+$1)) $0\"; "
    "ln -sn \"$w\" \"$l\" 2>/dev/null && exit 0; "
    "h=$(readlink \"$l\") || { echo \"cannot make $l\"; exit 1; }; "
    "[ \"${h#* }\" = \"$0\" ] && exit 0; "
    "[ \"${h%% *}\" -le \"$n\" ] && rm -f \"$l\" && ln -sn \"$w\" \"$l\" && sleep 1 && "
    "[ \"$(readlink \"$l\")\" = \"$w\" ] && exit 0; "
    "echo \"another drill (${h#* }) has $l, for $((${h%% *}-n)) s at most\"; exit 1";
/* Whoever takes it back may have another environment than the drill had. */
static const char give[] = "for d in " FOLDERS "; do l=\"$d/understudy-drill$2.lock\"; "
                           "h=$(readlink \"$l\"); [ \"${h#* }\" != \"$0\" ] || rm -f \"$l\"; done";

static void add(struct live_argv *argv, const char *text, size_t size)
{
    UND_ASSERT(argv->n >= 0 && argv->n < LIVE_ARGS);
    UND_ASSERT(size < LIVE_ARG); /* cut short it would be another command */
    snprintf(argv->arg[argv->n++], LIVE_ARG, "%.*s", (int)size, text);
}

/* An argument is shorter than the script: the shell puts the pieces together again. */
static void fill(struct action_command *command, const char *on, const char *id, int64_t seconds,
                 const char *suffix, const char *script)
{
    static const char join[] = "eval \"$3$4$5$6\"";
    const size_t piece = LIVE_ARG - 1, n = strlen(script);
    char text[32];
    size_t at;
    UND_ASSERT(n <= 4 * piece); /* as many as `join` puts together */
    memset(command, 0, sizeof *command);
    snprintf(command->on, sizeof command->on, "%s", on);
    snprintf(text, sizeof text, "%lld", (long long)seconds);
    command->timeout_ms = LOCK_MS;
    add(&command->argv, "sh", 2);
    add(&command->argv, "-c", 2);
    add(&command->argv, join, strlen(join));
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
    UND_ASSERT(seconds > 0);
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

/* The same however the letters are written, and for nobody else: the GitHub that gives the host its
 * jobs, or (where there is none) the way to where the first fault is injected. FNV-1a. */
static uint64_t identity(const struct scenario *scenario)
{
    const struct live *live = &scenario->fleet.live;
    const struct live_github *github = &live->github;
    const char *parts[4 + LIVE_ARGS] = {github->service.url, github->owner,
                                        github->organisation ? "" : github->repository};
    uint64_t hash = 14695981039346656037u;
    size_t n = 3, i;
    const char *c;
    int p, a;
    for (p = 0; p < live->n_places && !github->owner[0] && scenario->drill.n_inject > 0; p++)
        if (strcmp(live->places[p].name, scenario->drill.inject[0].on) == 0) {
            n = 3; /* of two with that name the last one counts, as where commands run */
            for (a = 0; a < live->places[p].via.n; a++)
                parts[n++] = live->places[p].via.arg[a];
        }
    UND_ASSERT(n <= sizeof parts / sizeof parts[0]);
    for (i = 0; i < n; i++) {
        for (c = parts[i]; *c; c++)
            hash = (hash ^ (unsigned char)tolower((unsigned char)*c)) * 1099511628211u;
        hash = (hash ^ '\n') * 1099511628211u;
    }
    return hash;
}

static void name_target(const struct scenario *scenario, char *out, size_t size)
{
    const struct drill *drill = &scenario->drill;
    const char *host = "fleet";
    char *c;
    int n;
    UND_ASSERT(drill->target < scenario->fleet.n_hosts);
    if (drill->target >= 0)
        host = scenario->fleet.hosts[drill->target].name;
    n = snprintf(out, size, "-%s-%016llx", host, (unsigned long long)identity(scenario));
    UND_ASSERT(n > 0 && (size_t)n < size); /* its end tells it from others */
    for (c = out; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '.' && *c != '-')
            *c = '_';
}

void target_lock_show(const struct scenario *scenario, char *out, size_t size)
{
    const char *folder = getenv("UNDERSTUDY_LOCKS");
    char suffix[FLEET_NAME + 24];
    name_target(scenario, suffix, sizeof suffix);
    snprintf(out, size, "%s/understudy-drill%s.lock", folder ? folder : "/run/lock", suffix);
}

enum und_code target_lock_take(struct journal *journal, int64_t run,
                               const struct scenario *scenario, const char *id, int64_t seconds,
                               struct und_err *err)
{
    const struct drill *drill = &scenario->drill;
    char suffix[FLEET_NAME + 24];
    int i, j;
    UND_ASSERT(id[0]);
    name_target(scenario, suffix, sizeof suffix);
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
