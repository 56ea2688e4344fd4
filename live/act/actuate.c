#include "actuate.h"
#include "action.h"
#include "live/base/failpoint.h"
#include "route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void actuate_init(struct actuator *actuator, const struct fleet *fleet,
                  struct github_client *github, struct journal *journal, int64_t run)
{
    *actuator = (struct actuator){.fleet = fleet, .github = github, .journal = journal, .run = run};
}

void actuate_fini(struct actuator *actuator)
{
    github_runners_fini(&actuator->runners);
}

static bool by_variable(const struct actuator *actuator)
{
    return actuator->fleet->github.mechanism == MECHANISM_VARIABLE;
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
    attribution_count(actuator->fleet, &actuator->runners, hosts);
    for (i = 0; i < actuator->fleet->n_hosts; i++)
        routed[i] = hosts[i].routed;
}

/* ---- writing ---- */

/* Steps that this very write undoes are over. */
static enum und_code close_steps(struct actuator *actuator, const char *undo, struct und_err *err)
{
    struct journal_step *steps;
    size_t n, i;
    journal_open_steps(actuator->journal, &steps, &n, err);
    for (i = 0; err->code == UND_OK && i < n; i++)
        if (strcmp(steps[i].undo, undo) == 0)
            journal_event(actuator->journal, steps[i].id, JOURNAL_UNDONE, "by the policy", err);
    free(steps);
    return err->code;
}

static enum und_code conclude(struct actuator *actuator, const struct journal_step *step,
                              const struct und_err *wrote, struct und_err *err)
{
    failpoint("GitHub written");
    journal_event(actuator->journal, step->id,
                  wrote->code == UND_OK ? JOURNAL_DONE : JOURNAL_FAILED, wrote->text, err);
    actuator->unsure = actuator->unsure || wrote->code != UND_OK;
    return wrote->code == UND_OK ? err->code : und_fail(err, wrote->code, "%s", wrote->text);
}

/* Taking a label off is what a rollback would have to put back. */
static enum und_code write_label(struct actuator *actuator, struct github_runner *runner, bool add,
                                 struct und_err *err)
{
    const char *label = actuator->fleet->live.github.label;
    struct journal_step step = {.run = actuator->run, .lease_until_ms = -1};
    struct github_labels now;
    struct und_err wrote = {0};
    int host = attribution_of_runner(actuator->fleet, runner->name);
    snprintf(step.name, sizeof step.name, "%s label %.50s %s %.40s", add ? "put" : "take", label,
             add ? "on" : "off", runner->name);
    snprintf(step.host, sizeof step.host, "%s", host >= 0 ? actuator->fleet->hosts[host].name : "");
    action_label(step.action, runner, label, add);
    if (!add)
        action_label(step.undo, runner, label, true);
    if (journal_intend(actuator->journal, &step, err) != UND_OK)
        return err->code;
    failpoint("write intended");
    action_set_label(actuator->github, runner->id, runner->name, label, add, &wrote);
    if (conclude(actuator, &step, &wrote, err) != UND_OK)
        return err->code;
    if (route_labels(&runner->labels, label, add, &now))
        runner->labels = now;
    return add ? close_steps(actuator, step.action, err) : UND_OK;
}

static enum und_code write_variable(struct actuator *actuator, const char *value,
                                    struct und_err *err)
{
    const char *name = actuator->fleet->live.github.variable;
    struct journal_step step = {.run = actuator->run, .lease_until_ms = -1};
    struct und_err wrote = {0};
    snprintf(step.name, sizeof step.name, "set variable %.60s", name);
    if (action_variable(step.action, name, value, err) != UND_OK ||
        (actuator->value[0] && action_variable(step.undo, name, actuator->value, err) != UND_OK) ||
        journal_intend(actuator->journal, &step, err) != UND_OK)
        return err->code;
    failpoint("write intended");
    github_variable_set(actuator->github, name, value, &wrote);
    if (conclude(actuator, &step, &wrote, err) != UND_OK)
        return err->code;
    snprintf(actuator->value, sizeof actuator->value, "%s", value);
    return close_steps(actuator, step.action, err);
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
    if (!route_next(actuator->fleet, &actuator->runners, plan, &write))
        return UND_OK;
    *wrote = true;
    return write_label(actuator, &actuator->runners.item[write.runner], write.add, err);
}

/* ---- lost jobs ---- */

static const struct github_runner *runner_of(const struct actuator *actuator,
                                             const struct github_job *job)
{
    size_t i;
    for (i = 0; i < actuator->runners.n; i++)
        if (strcmp(actuator->runners.item[i].name, job->runner_name) == 0)
            return &actuator->runners.item[i];
    return NULL;
}

static bool is_lost(const struct actuator *actuator, const struct plan *plan,
                    const struct github_job *job)
{
    const struct github_runner *runner = runner_of(actuator, job);
    int host = attribution_of_runner(actuator->fleet, job->runner_name);
    return strcmp(job->status, "in_progress") == 0 && host >= 0 && plan->host[host].admitted == 0 &&
           runner && !runner->online;
}

static bool is_cancelled(const struct actuator *actuator, int64_t run)
{
    int i;
    for (i = 0; i < actuator->n_cancelled; i++)
        if (actuator->cancelled[i] == run)
            return true;
    return false;
}

/* Journalled like every write, but with nothing to undo. */
static enum und_code write_run(struct actuator *actuator, int64_t run, bool rerun,
                               struct und_err *err)
{
    struct journal_step step = {.run = actuator->run, .lease_until_ms = -1};
    struct und_err wrote = {0};
    snprintf(step.name, sizeof step.name, "%s run %lld",
             rerun ? "re-run failed jobs of" : "force-cancel", (long long)run);
    snprintf(step.action, sizeof step.action, "{\"run\":{\"id\":%lld,\"verb\":\"%s\"}}",
             (long long)run, rerun ? "rerun-failed-jobs" : "force-cancel");
    if (journal_intend(actuator->journal, &step, err) != UND_OK)
        return err->code;
    if (rerun)
        github_rerun_failed(actuator->github, run, &wrote);
    else
        github_force_cancel(actuator->github, run, &wrote);
    return conclude(actuator, &step, &wrote, err);
}

static bool is_over(const struct github_jobs *jobs, int64_t run)
{
    bool seen = false;
    size_t i;
    for (i = 0; i < jobs->n; i++) {
        if (jobs->item[i].run_id != run)
            continue;
        seen = true;
        if (strcmp(jobs->item[i].status, "completed") != 0)
            return false;
    }
    return seen;
}

bool actuate_waits(const struct actuator *actuator)
{
    int i;
    for (i = 0; i < actuator->n_cancelled; i++)
        if (!actuator->rerun[i])
            return true;
    return false;
}

/* What failed is not remembered, and so tried again with the next call. */
static enum und_code recover(struct actuator *actuator, const struct plan *plan,
                             const struct github_jobs *jobs, bool *wrote, struct und_err *err)
{
    size_t j;
    int i;
    for (i = 0; i < actuator->n_cancelled; i++) {
        if (actuator->rerun[i] || !is_over(jobs, actuator->cancelled[i]))
            continue;
        *wrote = true;
        actuator->rerun[i] = write_run(actuator, actuator->cancelled[i], true, err) == UND_OK;
        return err->code;
    }
    for (j = 0; j < jobs->n && actuator->n_cancelled < ACTUATE_RUNS; j++) {
        int64_t run = jobs->item[j].run_id;
        if (is_cancelled(actuator, run) || !is_lost(actuator, plan, &jobs->item[j]))
            continue;
        *wrote = true;
        if (write_run(actuator, run, false, err) == UND_OK)
            actuator->cancelled[actuator->n_cancelled++] = run;
        return err->code;
    }
    return UND_OK;
}

enum und_code actuate_step(struct actuator *actuator, const struct plan *plan,
                           const struct github_jobs *jobs, bool *wrote, struct und_err *err)
{
    *wrote = false;
    if (actuator->unsure && actuate_read(actuator, err) != UND_OK)
        return err->code;
    if (route(actuator, plan, wrote, err) != UND_OK || *wrote ||
        !actuator->fleet->github.fast_recovery)
        return err->code;
    return recover(actuator, plan, jobs, wrote, err);
}
