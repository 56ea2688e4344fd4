#include "actuate.h"
#include "action.h"
#include "live/base/failpoint.h"
#include "live/base/interrupt.h"
#include "model/base/assert.h"
#include "recover.h"
#include "route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Between two calls: no more runs are looked after than there is room for, none is refused more
 * often than it is tried, and the hook has been told of no more registrations than a host has. */
static void check_actuator(const struct actuator *actuator)
{
    int i;
    UND_ASSERT(actuator->n_lost >= 0 && actuator->n_lost <= ACTUATE_RUNS);
    for (i = 0; i < actuator->n_lost; i++) {
        const struct lost_run *lost = &actuator->lost[i];
        UND_ASSERT(lost->cancel_refusals >= 0 && lost->cancel_refusals <= ACTUATE_TRIES);
        UND_ASSERT(lost->rerun_refusals >= 0 && lost->rerun_refusals <= ACTUATE_TRIES);
        UND_ASSERT(lost->rerun_refusals < ACTUATE_TRIES || lost->over); /* given up */
    }
    for (i = 0; i < actuator->fleet->n_hosts; i++) {
        UND_ASSERT(actuator->admitted[i] >= 0);
        UND_ASSERT(actuator->admitted[i] <= actuator->fleet->hosts[i].slots);
    }
}

void actuate_init(struct actuator *actuator, const struct fleet *fleet,
                  struct github_client *github, struct journal *journal, int64_t run)
{
    int i;
    UND_ASSERT(fleet->n_hosts > 0 && fleet->n_hosts <= FLEET_HOSTS);
    *actuator = (struct actuator){.fleet = fleet, .github = github, .journal = journal, .run = run};
    for (i = 0; i < fleet->n_hosts; i++)
        actuator->admitted[i] = fleet_rotation(fleet, i);
    check_actuator(actuator);
}

void actuate_fini(struct actuator *actuator)
{
    github_runners_fini(&actuator->runners);
}

static bool by_variable(const struct actuator *actuator)
{
    return actuator->fleet->github.mechanism == MECHANISM_VARIABLE;
}

static bool by_hook(const struct actuator *actuator)
{
    return actuator->fleet->github.mechanism == MECHANISM_HOOK;
}

enum und_code actuate_read(struct actuator *actuator, struct und_err *err)
{
    if (github_runners(actuator->github, &actuator->runners, err) == UND_OK &&
        by_variable(actuator))
        github_variable(actuator->github, actuator->fleet->live.github.variable, actuator->value,
                        sizeof actuator->value, err);
    actuator->unsure = actuator->unsure && err->code != UND_OK;
    return err->code;
}

void actuate_routed(const struct actuator *actuator, int routed[FLEET_HOSTS])
{
    struct host_reading hosts[FLEET_HOSTS];
    int i;
    if (by_variable(actuator)) {
        route_by_value(actuator->fleet, actuator->value, routed);
        return;
    }
    if (by_hook(actuator)) {
        memcpy(routed, actuator->admitted, sizeof actuator->admitted);
        return;
    }
    attribution_count(actuator->fleet, &actuator->runners, hosts);
    for (i = 0; i < actuator->fleet->n_hosts; i++)
        routed[i] = hosts[i].routed;
}

/* ---- writing ---- */

/* `recorded` tells of the journal so far. */
static enum und_code conclude(struct actuator *actuator, const struct journal_step *step,
                              const struct und_err *wrote, struct und_err *recorded, bool restores,
                              struct und_err *err)
{
    failpoint("GitHub written");
    if (step->id > 0)
        journal_event(actuator->journal, step->id,
                      wrote->code == UND_OK ? JOURNAL_DONE : JOURNAL_FAILED, wrote->text, recorded);
    actuator->unsure = actuator->unsure || wrote->code != UND_OK;
    if (wrote->code != UND_OK)
        return und_fail(err, wrote->code, "%s", wrote->text);
    if (recorded->code != UND_OK && !restores)
        return und_fail(err, recorded->code, "%s", recorded->text);
    return UND_OK;
}

/* Taking a label off is what a rollback would have to put back, so that it must be recorded first;
 * putting it on is done whether it can be or not. */
static enum und_code write_label(struct actuator *actuator, struct github_runner *runner, bool add,
                                 struct und_err *err)
{
    const char *label = actuator->fleet->live.github.label;
    struct journal_step step = {.run = actuator->run, .lease_until_ms = -1};
    struct github_labels now;
    struct und_err wrote = {0}, unrecorded = {0};
    int host = attribution_of_runner(actuator->fleet, runner->name);
    UND_ASSERT(host >= 0); /* nobody else's registration is written to */
    UND_ASSERT(attribution_admitted(actuator->fleet, runner) != add);
    snprintf(step.name, sizeof step.name, "%s label %.50s %s %.40s", add ? "put" : "take", label,
             add ? "on" : "off", runner->name);
    snprintf(step.host, sizeof step.host, "%s", actuator->fleet->hosts[host].name);
    action_label(step.action, runner, label, add);
    if (!add && !actuator->keeps)
        action_label(step.undo, runner, label, true);
    if (journal_intend(actuator->journal, &step, &unrecorded) != UND_OK && !add)
        return und_fail(err, unrecorded.code, "%s", unrecorded.text);
    failpoint("write intended");
    action_set_label(actuator->github, runner->id, runner->name, label, add, &wrote);
    if (conclude(actuator, &step, &wrote, &unrecorded, add, err) != UND_OK)
        return err->code;
    if (route_labels(&runner->labels, label, add, &now)) {
        runner->labels = now;
        UND_ASSERT(attribution_admitted(actuator->fleet, runner) == add);
    }
    if (add)
        journal_settle(actuator->journal, step.action, "by the policy", &unrecorded);
    return UND_OK;
}

/* Only the first write away from home has an undo; the one that leads back there settles it. */
static enum und_code write_variable(struct actuator *actuator, const char *value,
                                    struct und_err *err)
{
    const char *name = actuator->fleet->live.github.variable;
    struct journal_step step = {.run = actuator->run, .lease_until_ms = -1};
    struct und_err wrote = {0}, unrecorded = {0};
    bool leaves = !actuator->home[0] && actuator->value[0];
    bool returns = actuator->home[0] && strcmp(value, actuator->home) == 0;
    UND_ASSERT(strlen(value) < sizeof actuator->value);
    UND_ASSERT(strcmp(value, actuator->value) != 0); /* a write that changes nothing */
    snprintf(step.name, sizeof step.name, "set variable %.60s", name);
    if (action_variable(step.action, name, value, err) != UND_OK ||
        (leaves && !actuator->keeps &&
         action_variable(step.undo, name, actuator->value, err) != UND_OK))
        return err->code;
    if (journal_intend(actuator->journal, &step, &unrecorded) != UND_OK && !returns)
        return und_fail(err, unrecorded.code, "%s", unrecorded.text);
    if (leaves)
        strcpy(actuator->home, actuator->value);
    failpoint("write intended");
    github_variable_set(actuator->github, name, value, &wrote);
    if (conclude(actuator, &step, &wrote, &unrecorded, returns, err) != UND_OK)
        return err->code;
    snprintf(actuator->value, sizeof actuator->value, "%s", value);
    if (!returns)
        return UND_OK;
    actuator->home[0] = '\0';
    journal_settle(actuator->journal, step.action, "by the policy", &unrecorded);
    return UND_OK;
}

/* ---- the hook ---- */

static void add_word(char out[LIVE_ARG], const char *word)
{
    size_t n = strlen(out);
    snprintf(out + n, LIVE_ARG - n, "%s", word);
}

static struct action_command hook_for(const struct fleet *fleet, int host, int slots)
{
    const struct live_hook *hook = &fleet->live.hook;
    struct action_command out = {.timeout_ms = hook->timeout_ms};
    char number[16], letter[2] = "";
    int i;
    UND_ASSERT(host >= 0 && host < fleet->n_hosts);
    UND_ASSERT(slots >= 0 && slots <= fleet->hosts[host].slots);
    snprintf(number, sizeof number, "%d", slots);
    memcpy(out.on, hook->on, sizeof out.on);
    for (i = 0; i < hook->run.n; i++) {
        const char *at = hook->run.arg[i];
        char *to = out.argv.arg[out.argv.n++];
        while (*at) {
            bool is_host = strncmp(at, "{host}", 6) == 0;
            bool is_slots = strncmp(at, "{slots}", 7) == 0;
            letter[0] = *at;
            add_word(to, is_host ? fleet->hosts[host].name : is_slots ? number : letter);
            at += is_host ? 6 : is_slots ? 7 : 1;
        }
    }
    return out;
}

/* The first change away from home has the undo; the one that leads back there settles it. */
static enum und_code write_hook(struct actuator *actuator, int host, int slots, struct und_err *err)
{
    const struct fleet *fleet = actuator->fleet;
    int home = fleet_rotation(fleet, host);
    struct action_command command = hook_for(fleet, host, slots);
    struct action_command back = hook_for(fleet, host, home);
    struct journal_step step = {.run = actuator->run, .lease_until_ms = -1};
    struct und_err wrote = {0}, unrecorded = {0};
    UND_ASSERT(abs(slots - actuator->admitted[host]) == 1); /* one a write */
    snprintf(step.name, sizeof step.name, "admit %d registrations", slots);
    snprintf(step.host, sizeof step.host, "%s", fleet->hosts[host].name);
    if (action_command(step.action, &command, NULL, err) != UND_OK ||
        (actuator->admitted[host] == home && !actuator->keeps &&
         action_command(step.undo, &back, NULL, err) != UND_OK))
        return err->code;
    if (journal_intend(actuator->journal, &step, &unrecorded) != UND_OK && slots != home)
        return und_fail(err, unrecorded.code, "%s", unrecorded.text);
    failpoint("write intended");
    action_run(&command, fleet, NULL, interrupt_flag(), &wrote);
    if (conclude(actuator, &step, &wrote, &unrecorded, slots == home, err) != UND_OK)
        return err->code;
    actuator->admitted[host] = slots;
    if (slots == home)
        journal_settle(actuator->journal, step.action, "by the policy", &unrecorded);
    return UND_OK;
}

/* One registration a write, like labels, and as the simulator has it. Removals first. */
static enum und_code route_by_hook(struct actuator *actuator, const struct plan *plan, bool *wrote,
                                   struct und_err *err)
{
    int i, host = -1;
    for (i = actuator->fleet->n_hosts - 1; i >= 0; i--)
        if (plan->host[i].admitted > actuator->admitted[i])
            host = i;
    for (i = actuator->fleet->n_hosts - 1; i >= 0; i--)
        if (plan->host[i].admitted < actuator->admitted[i])
            host = i;
    if (host < 0)
        return UND_OK;
    *wrote = true;
    return write_hook(actuator, host,
                      actuator->admitted[host] +
                          (plan->host[host].admitted > actuator->admitted[host] ? 1 : -1),
                      err);
}

static enum und_code route(struct actuator *actuator, const struct plan *plan, bool *wrote,
                           struct und_err *err)
{
    struct route_write write;
    char value[sizeof actuator->value];
    if (by_variable(actuator)) {
        if (!route_value(actuator->fleet, plan, value, sizeof value) ||
            strcmp(value, actuator->value) == 0)
            return UND_OK;
        *wrote = true;
        return write_variable(actuator, value, err);
    }
    if (by_hook(actuator))
        return route_by_hook(actuator, plan, wrote, err);
    if (!route_next(actuator->fleet, &actuator->runners, plan, &write))
        return UND_OK;
    UND_ASSERT(write.runner < actuator->runners.n);
    *wrote = true;
    return write_label(actuator, &actuator->runners.item[write.runner], write.add, err);
}

enum und_code actuate_step(struct actuator *actuator, const struct plan *plan,
                           const struct github_jobs *jobs, bool *wrote, struct und_err *err)
{
    *wrote = false;
    check_actuator(actuator);
    UND_ASSERT(plan->n == actuator->fleet->n_hosts);
    if (actuator->unsure && actuate_read(actuator, err) != UND_OK)
        return err->code;
    if (route(actuator, plan, wrote, err) != UND_OK || *wrote ||
        !actuator->fleet->github.fast_recovery)
        return err->code;
    return recover_step(actuator, plan, jobs, wrote, err);
}

/* ---- permissions ---- */

static enum und_code prove_labels(struct actuator *actuator, char unproven[160],
                                  struct und_err *err)
{
    size_t i;
    for (i = 0; i < actuator->runners.n; i++) {
        const struct github_runner *runner = &actuator->runners.item[i];
        if (attribution_of_runner(actuator->fleet, runner->name) >= 0 &&
            attribution_admitted(actuator->fleet, runner))
            return github_labels_add(actuator->github, runner->id,
                                     actuator->fleet->live.github.label, err);
    }
    snprintf(unproven, 160, "no registration carries the label, so that writing it is not tried");
    return UND_OK;
}

/* GitHub answers 409 to the cancelling of a run that is over, if we may cancel at all. */
static enum und_code prove_runs(struct actuator *actuator, char unproven[160], struct und_err *err)
{
    struct github_runs runs = {0};
    if (github_runs(actuator->github, "completed", 1, &runs, err) == UND_OK) {
        if (runs.n > 0 && strcmp(runs.item[0].status, "completed") == 0)
            github_cancel(actuator->github, runs.item[0].id, err);
        else
            snprintf(unproven, 160,
                     "no run is over, so that cancelling and re-running is not "
                     "tried");
    }
    github_runs_fini(&runs);
    return err->code;
}

enum und_code actuate_prove(struct actuator *actuator, char unproven[160], struct und_err *err)
{
    unproven[0] = '\0';
    check_actuator(actuator);
    if (actuate_read(actuator, err) != UND_OK)
        return err->code;
    if (by_hook(actuator)) {
        const struct action_command same = hook_for(actuator->fleet, 0, actuator->admitted[0]);
        action_run(&same, actuator->fleet, NULL, interrupt_flag(), err);
    } else if (!by_variable(actuator))
        prove_labels(actuator, unproven, err);
    else if (actuator->value[0])
        github_variable_set(actuator->github, actuator->fleet->live.github.variable,
                            actuator->value, err);
    else
        snprintf(unproven, 160, "the variable is not there, so that writing it is not tried");
    if (err->code == UND_OK && actuator->fleet->github.fast_recovery)
        prove_runs(actuator, unproven, err);
    return err->code;
}
