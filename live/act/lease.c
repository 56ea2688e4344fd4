#include "lease.h"
#include "live/base/failpoint.h"
#include "model/base/assert.h"

#include <stdio.h>
#include <string.h>

#define ARM_MS 30000 /* arming or disarming a lease; real time */

/* $0 is the id, $1 the seconds, the rest the undo. The folder is the lease: whoever removes it ends
 * the guard; mkdir fails if it is there already, whatever it may be. An undo that fails is tried
 * again for five minutes. */
static const char guard[] =
    "mkdir \"/tmp/$0\" && { setsid sh -c 'd=$0; sleep \"$1\"; shift; n=0; while [ -d \"$d\" ] && "
    "[ $n -lt 99 ]; do \"$@\" && rmdir \"$d\"; n=$((n+1)); sleep 3; done' \"/tmp/$0\" \"$@\" "
    "</dev/null >/dev/null 2>&1 & }";

/* What lease_init leaves: arming and disarming come together and only with a lease, on one place
 * and with something to undo by. */
static void check_lease(const struct lease *lease)
{
    UND_ASSERT(lease->action && lease->id[0]);
    UND_ASSERT((lease->arm.argv.n > 0) == (lease->disarm.argv.n > 0));
    UND_ASSERT(lease->arm.argv.n == 0 || lease->action->lease != DRILL_LEASE_NONE);
    UND_ASSERT(strcmp(lease->arm.on, lease->disarm.on) == 0);
    UND_ASSERT(strcmp(lease->run.on, lease->undo.on) == 0);
    UND_ASSERT(lease->lease_s >= 0);
    UND_ASSERT(lease->lease_s == 0 || lease->action->lease != DRILL_LEASE_NONE);
}

static enum und_code add(struct live_argv *argv, const char *text, struct und_err *err)
{
    UND_ASSERT(argv->n >= 0 && argv->n <= LIVE_ARGS);
    if (argv->n == LIVE_ARGS)
        return und_fail(err, UND_USAGE, "drill: got more than %d arguments with its lease: %.60s",
                        LIVE_ARGS, argv->arg[0]);
    if (strlen(text) >= LIVE_ARG)
        return und_fail(err, UND_USAGE, "drill: got an argument of %zu bytes: %.60s", strlen(text),
                        text);
    strcpy(argv->arg[argv->n++], text);
    return UND_OK;
}

static enum und_code fill(struct live_argv *out, const struct live_argv *from,
                          const struct lease *lease, const char *host, struct und_err *err)
{
    char seconds[32];
    const struct {
        const char *name, *value;
    } words[] = {{"{lease_s}", seconds}, {"{id}", lease->id}, {"{host}", host}};
    int i;
    snprintf(seconds, sizeof seconds, "%lld", (long long)lease->lease_s);
    for (i = 0; i < from->n; i++) {
        char text[2 * LIVE_ARG] = "";
        const char *at = from->arg[i];
        size_t n = 0, w;
        while (*at && n < sizeof text - 1) {
            for (w = 0; w < 3; w++)
                if (strncmp(at, words[w].name, strlen(words[w].name)) == 0)
                    break;
            if (w < 3) {
                n += (size_t)snprintf(text + n, sizeof text - n, "%s", words[w].value);
                at += strlen(words[w].name);
            } else {
                text[n++] = *at++;
            }
        }
        text[n < sizeof text ? n : sizeof text - 1] = '\0';
        UND_ASSERT(out->n == i); /* word for word */
        if (add(out, text, err) != UND_OK)
            return err->code;
    }
    return UND_OK;
}

static enum und_code add_all(struct live_argv *out, const char *const *words,
                             const struct live_argv *rest, struct und_err *err)
{
    int i;
    for (; *words; words++)
        if (add(out, *words, err) != UND_OK)
            return err->code;
    for (i = 0; rest && i < rest->n; i++)
        if (add(out, rest->arg[i], err) != UND_OK)
            return err->code;
    return UND_OK;
}

static enum und_code plan_guardian(struct lease *lease, struct und_err *err)
{
    char active[64], unit[80], timer[80], folder[80], seconds[32];
    const struct drill_action *action = lease->action;
    UND_ASSERT(lease->undo.argv.n == action->undo.n); /* it carries the undo with it */
    snprintf(active, sizeof active, "--on-active=%llds", (long long)lease->lease_s);
    snprintf(unit, sizeof unit, "--unit=%s", lease->id);
    snprintf(timer, sizeof timer, "%s.timer", lease->id);
    snprintf(folder, sizeof folder, "/tmp/%s", lease->id);
    snprintf(seconds, sizeof seconds, "%lld", (long long)lease->lease_s);
    const char *const systemd[] = {"systemd-run", "--quiet", active, unit, "--", NULL};
    const char *const systemd_end[] = {"systemctl", "stop", timer, NULL};
    const char *const guarded[] = {"sh", "-c", guard, lease->id, seconds, NULL};
    const char *const guard_end[] = {"rmdir", folder, NULL};
    const char *on = action->lease_on[0] ? action->lease_on : action->on;
    bool by_guard = action->lease == DRILL_LEASE_GUARD;
    snprintf(lease->arm.on, sizeof lease->arm.on, "%s", on);
    snprintf(lease->disarm.on, sizeof lease->disarm.on, "%s", on);
    lease->arm.timeout_ms = lease->disarm.timeout_ms = ARM_MS;
    if (action->lease != DRILL_LEASE_SYSTEMD && !by_guard)
        return UND_OK;
    if (add_all(&lease->arm.argv, by_guard ? guarded : systemd, &lease->undo.argv, err) != UND_OK)
        return err->code;
    return add_all(&lease->disarm.argv, by_guard ? guard_end : systemd_end, NULL, err);
}

enum und_code lease_init(struct lease *lease, const struct drill_action *action, const char *id,
                         const char *host, int64_t lease_s, struct und_err *err)
{
    struct action_command *const commands[] = {&lease->run, &lease->undo, &lease->check};
    const struct live_argv *const from[] = {&action->run, &action->undo, &action->check};
    size_t i;
    UND_ASSERT(action && id[0]);
    memset(lease, 0, sizeof *lease);
    lease->action = action;
    lease->lease_s = action->lease == DRILL_LEASE_NONE ? 0 : lease_s;
    snprintf(lease->id, sizeof lease->id, "%s", id);
    for (i = 0; i < 3; i++) {
        snprintf(commands[i]->on, sizeof commands[i]->on, "%s", action->on);
        commands[i]->timeout_ms = action->timeout_ms;
        if (fill(&commands[i]->argv, from[i], lease, host, err) != UND_OK)
            return err->code;
    }
    if (plan_guardian(lease, err) == UND_OK)
        check_lease(lease);
    return err->code;
}

enum und_code lease_inject(const struct lease *lease, const struct fleet *fleet, char note[512],
                           const atomic_bool *cancel, struct und_err *err)
{
    note[0] = '\0';
    check_lease(lease);
    if (lease->arm.argv.n > 0 && action_run(&lease->arm, fleet, note, cancel, err) != UND_OK)
        return err->code;
    failpoint("lease armed");
    action_run(&lease->run, fleet, note, cancel, err);
    failpoint("injected");
    return err->code;
}

enum und_code lease_revert(const struct lease *lease, const struct fleet *fleet, char note[512],
                           struct und_err *err)
{
    struct und_err ignored = {0}, gone = {0};
    char said[512];
    note[0] = '\0';
    check_lease(lease);
    failpoint("before undo");
    if (lease->undo.argv.n > 0 && action_run(&lease->undo, fleet, note, NULL, err) != UND_OK)
        return err->code;
    failpoint("undone");
    if (lease->disarm.argv.n > 0) /* it may have done its work already, and be gone */
        action_run(&lease->disarm, fleet, said, NULL, &ignored);
    failpoint("disarmed");
    if (lease->check.argv.n > 0 && lease->undo.argv.n > 0 &&
        action_run(&lease->check, fleet, said, NULL, &gone) == UND_OK)
        return und_fail(err, UND_STUCK, "%s: is still in effect after its undo (%.200s)",
                        lease->action->name, said);
    return UND_OK;
}
