#include "drill_plan.h"
#include "command.h"
#include "model/units.h"

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

static enum und_code add(struct live_argv *argv, const char *text, struct und_err *err)
{
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
                          const struct drill_step *step, const char *host, struct und_err *err)
{
    char seconds[32];
    const struct {
        const char *name, *value;
    } words[] = {{"{lease_s}", seconds}, {"{id}", step->id}, {"{host}", host}};
    int i;
    snprintf(seconds, sizeof seconds, "%lld", (long long)step->lease_s);
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

static enum und_code plan_lease(struct drill_step *step, struct und_err *err)
{
    char active[64], unit[80], timer[80], folder[80], seconds[32];
    const struct drill_action *action = step->action;
    snprintf(active, sizeof active, "--on-active=%llds", (long long)step->lease_s);
    snprintf(unit, sizeof unit, "--unit=%s", step->id);
    snprintf(timer, sizeof timer, "%s.timer", step->id);
    snprintf(folder, sizeof folder, "/tmp/%s", step->id);
    snprintf(seconds, sizeof seconds, "%lld", (long long)step->lease_s);
    const char *const systemd[] = {"systemd-run", "--quiet", active, unit, "--", NULL};
    const char *const systemd_end[] = {"systemctl", "stop", timer, NULL};
    const char *const guarded[] = {"sh", "-c", guard, step->id, seconds, NULL};
    const char *const guard_end[] = {"rmdir", folder, NULL};
    const char *on = action->lease_on[0] ? action->lease_on : action->on;
    bool by_guard = action->lease == DRILL_LEASE_GUARD;
    snprintf(step->arm.on, sizeof step->arm.on, "%s", on);
    snprintf(step->disarm.on, sizeof step->disarm.on, "%s", on);
    step->arm.timeout_ms = step->disarm.timeout_ms = ARM_MS;
    if (action->lease != DRILL_LEASE_SYSTEMD && !by_guard)
        return UND_OK;
    if (add_all(&step->arm.argv, by_guard ? guarded : systemd, &step->undo.argv, err) != UND_OK)
        return err->code;
    return add_all(&step->disarm.argv, by_guard ? guard_end : systemd_end, NULL, err);
}

static enum und_code plan_step(struct drill_step *step, const struct drill_action *action,
                               const char *host, struct und_err *err)
{
    struct action_command *const commands[] = {&step->run, &step->undo, &step->check};
    const struct live_argv *const from[] = {&action->run, &action->undo, &action->check};
    size_t i;
    step->action = action;
    for (i = 0; i < 3; i++) {
        snprintf(commands[i]->on, sizeof commands[i]->on, "%s", action->on);
        commands[i]->timeout_ms = action->timeout_ms;
        if (fill(&commands[i]->argv, from[i], step, host, err) != UND_OK)
            return err->code;
    }
    return plan_lease(step, err);
}

enum und_code drill_plan_init(struct drill_plan *plan, const struct scenario *scenario, int64_t run,
                              struct und_err *err)
{
    const struct drill *drill = &scenario->drill;
    const char *host = drill->target >= 0 ? scenario->fleet.hosts[drill->target].name : "";
    double factor = scenario->fleet.live.time_factor > 1 ? scenario->fleet.live.time_factor : 1;
    int i;
    memset(plan, 0, sizeof *plan);
    plan->scenario = scenario;
    for (i = 0; i < drill->n_inject; i++) {
        struct drill_step *step = &plan->step[plan->n++];
        snprintf(step->id, sizeof step->id, "understudy-%lld-%d", (long long)run, i + 1);
        if (drill->inject[i].lease != DRILL_LEASE_NONE)
            step->lease_s = (int64_t)((double)drill->lease_ms / factor + 999) / 1000;
        if (plan_step(step, &drill->inject[i], host, err) != UND_OK)
            return err->code;
    }
    return UND_OK;
}

static void print_command(const struct fleet *fleet, const char *what,
                          const struct action_command *action)
{
    struct command command;
    struct und_err err = {0};
    char line[4096];
    if (action->argv.n == 0)
        return;
    if (command_init(&command, fleet, action->on, &action->argv, &err) == UND_OK)
        command_show(&command, line, sizeof line);
    else
        snprintf(line, sizeof line, "%s", err.text);
    command_fini(&command);
    printf("     %-9s %s\n", what, line);
}

static void print_hosts(const struct scenario *scenario)
{
    int i;
    for (i = 0; i < scenario->fleet.n_hosts; i++) {
        const struct host *host = &scenario->fleet.hosts[i];
        printf("  %s %s: %d registrations named %s%s, probe %s\n",
               i == scenario->drill.target ? "target" : "other ", host->name, host->slots,
               host->registrations[0] ? host->registrations : host->name,
               host->registrations[0] ? "" : "*", host->probe[0] ? host->probe : "none");
    }
}

static const char *lease_text(const struct drill_step *step, char out[96])
{
    switch (step->action->lease) {
    case DRILL_LEASE_SYSTEMD:
        snprintf(out, 96, "a systemd timer undoes it after %lld s", (long long)step->lease_s);
        break;
    case DRILL_LEASE_GUARD:
        snprintf(out, 96, "a detached shell undoes it after %lld s", (long long)step->lease_s);
        break;
    case DRILL_LEASE_COMMAND:
        snprintf(out, 96, "it ends by itself after %lld s", (long long)step->lease_s);
        break;
    case DRILL_LEASE_NONE:
        snprintf(out, 96, "%s",
                 step->undo.argv.n ? "NONE: if we die, it stays" : "nothing to undo");
        break;
    }
    return out;
}

void drill_plan_print(const struct drill_plan *plan, bool observe)
{
    const struct scenario *scenario = plan->scenario;
    const struct drill *drill = &scenario->drill;
    char a[UNITS_TEXT], b[UNITS_TEXT], c[UNITS_TEXT], lease[96];
    int i;
    printf("Drill %s%s%s\n", scenario->name, scenario->about[0] ? ": " : "", scenario->about);
    print_hosts(scenario);
    printf("  the policy's plan is %s\n", observe || !scenario->fleet.live.allow_actions
                                              ? "only recorded"
                                              : "carried out at GitHub");
    for (i = 0; i < plan->n; i++) {
        const struct drill_step *step = &plan->step[i];
        printf("  %d. %s\n     lease     %s\n", i + 1, step->action->name, lease_text(step, lease));
        print_command(&scenario->fleet, "arm", &step->arm);
        print_command(&scenario->fleet, "inject", &step->run);
        print_command(&scenario->fleet, "undo", &step->undo);
        print_command(&scenario->fleet, "check", &step->check);
        print_command(&scenario->fleet, "disarm", &step->disarm);
    }
    printf("  reverted %s after the stage \"%s\", at the latest after %s; the steady state is "
           "waited for %s\n",
           units_format_duration(drill->hold_ms, a),
           drill->revert_after == MARK_NONE ? "time" : mark_name(drill->revert_after),
           units_format_duration(drill->observe_ms, b),
           units_format_duration(drill->recover_ms, c));
    if (scenario->fleet.live.time_factor > 1)
        printf("  durations are the fleet's: its time runs %g times as fast\n",
               scenario->fleet.live.time_factor);
}

static json_t *argv_json(const struct action_command *command)
{
    json_t *list = json_array();
    int i;
    for (i = 0; i < command->argv.n; i++)
        json_array_append_new(list, json_string(command->argv.arg[i]));
    return json_pack("{s:s, s:o}", "on", command->on, "argv", list);
}

json_t *drill_plan_json(const struct drill_plan *plan)
{
    json_t *steps = json_array();
    int i;
    for (i = 0; i < plan->n; i++) {
        const struct drill_step *step = &plan->step[i];
        json_array_append_new(
            steps, json_pack("{s:s, s:s, s:I, s:o, s:o, s:o, s:o}", "id", step->id, "name",
                             step->action->name, "lease_s", (json_int_t)step->lease_s, "arm",
                             argv_json(&step->arm), "run", argv_json(&step->run), "undo",
                             argv_json(&step->undo), "disarm", argv_json(&step->disarm)));
    }
    return json_pack("{s:s, s:o}", "scenario", plan->scenario->name, "steps", steps);
}
