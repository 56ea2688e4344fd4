/* GitHub's thread: one poll of runners (and jobs), then what the plan wants written (feed.h). */
#include "action.h"
#include "feed_internal.h"
#include "route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS 100 /* of each status */

/* ---- runs and jobs ---- */

static void add_run(struct feed_runs *runs, int64_t id)
{
    size_t i;
    for (i = 0; i < runs->n; i++)
        if (runs->id[i] == id)
            return;
    if (runs->n < 2 * FEED_RUNS)
        runs->id[runs->n++] = id;
}

static void add_active(struct feeds *feeds, const char *status, struct feed_runs *runs,
                       struct und_err *err)
{
    struct github_runs list = {0};
    size_t i;
    if (err->code == UND_OK)
        github_runs(feeds->github, status, RUNS, &list, err);
    for (i = 0; i < list.n && i < FEED_RUNS; i++)
        add_run(runs, list.item[i].id);
    github_runs_fini(&list);
}

static void append_jobs(struct github_jobs *to, const struct github_jobs *from)
{
    struct github_job *item;
    if (from->n == 0)
        return;
    item = realloc(to->item, (to->n + from->n) * sizeof *item);
    if (!item)
        return; /* fewer jobs are known at this poll: the next one brings them */
    memcpy(item + to->n, from->item, from->n * sizeof *item);
    to->item = item;
    to->n += from->n;
    to->capacity = to->n;
}

/* Of every run that is not over, and once more of those that were not at the last poll: that is how
 * one learns how they ended. */
static void read_jobs(struct feeds *feeds, struct feed_reading *reading)
{
    struct feed_runs active = {.n = 0}, all;
    struct und_err *err = &reading->error;
    size_t i;
    add_active(feeds, "in_progress", &active, err);
    add_active(feeds, "queued", &active, err);
    all = active;
    for (i = 0; i < feeds->active.n; i++)
        add_run(&all, feeds->active.id[i]);
    for (i = 0; i < (size_t)feeds->recovery.n; i++)
        if (!feeds->recovery.rerun[i])
            add_run(&all, feeds->recovery.run[i]);
    for (i = 0; i < all.n && err->code == UND_OK; i++) {
        struct github_jobs jobs = {0};
        github_jobs(feeds->github, all.id[i], true, &jobs, err);
        append_jobs(&reading->jobs, &jobs);
        github_jobs_fini(&jobs);
    }
    if (err->code == UND_OK)
        feeds->active = active;
}

/* ---- writing ---- */

static bool take_plan(struct feeds *feeds, struct plan *plan)
{
    pthread_mutex_lock(&feeds->lock);
    *plan = feeds->plan;
    pthread_mutex_unlock(&feeds->lock);
    return plan->n > 0;
}

/* Steps that took this label off this registration are undone by putting it back. */
static void close_steps(struct feeds *feeds, const char *undo, struct und_err *err)
{
    struct journal_step *steps;
    size_t n, i;
    if (journal_open_steps(feeds->journal, &steps, &n, err) == UND_OK)
        for (i = 0; i < n; i++)
            if (strcmp(steps[i].undo, undo) == 0)
                journal_event(feeds->journal, steps[i].id, JOURNAL_UNDONE, "by the policy", err);
    free(steps);
}

/* Intention, write, outcome. Taking a label off is what a rollback would have to put back. */
static enum und_code write_label(struct feeds *feeds, const struct github_runner *runner, bool add,
                                 struct und_err *err)
{
    const char *label = feeds->fleet->live.github.label;
    struct journal_step step = {.run = feeds->run, .lease_until_ms = -1};
    struct und_err wrote = {0};
    int host = roster_of_runner(feeds->fleet, runner->name);
    snprintf(step.name, sizeof step.name, "%s label %.50s %s %.40s", add ? "put" : "take", label,
             add ? "on" : "off", runner->name);
    snprintf(step.host, sizeof step.host, "%s", host >= 0 ? feeds->fleet->hosts[host].name : "");
    action_label(step.action, runner, label, add);
    if (!add)
        action_label(step.undo, runner, label, true);
    if (journal_intend(feeds->journal, &step, err) != UND_OK)
        return err->code;
    action_set_label(feeds->github, runner->id, runner->name, label, add, &wrote);
    journal_event(feeds->journal, step.id, wrote.code == UND_OK ? JOURNAL_DONE : JOURNAL_FAILED,
                  wrote.text, err);
    if (wrote.code != UND_OK)
        return und_fail(err, wrote.code, "%s", wrote.text);
    if (add)
        close_steps(feeds, step.action, err);
    return err->code;
}

/* Writes by label until nothing is left to write, the plan changes under our hands included. */
static void reconcile_labels(struct feeds *feeds, struct github_runners *runners,
                             struct und_err *err)
{
    struct route_write write;
    struct plan plan;
    while (err->code == UND_OK && !feeds_closing(feeds) && take_plan(feeds, &plan) &&
           route_next(feeds->fleet, runners, &plan, &write)) {
        struct github_runner *runner = &runners->item[write.runner];
        struct github_labels now;
        if (write_label(feeds, runner, write.add, err) == UND_OK &&
            route_labels(&runner->labels, feeds->fleet->live.github.label, write.add, &now))
            runner->labels = now;
    }
}

static void reconcile_variable(struct feeds *feeds, struct und_err *err)
{
    const char *name = feeds->fleet->live.github.variable;
    struct journal_step step = {.run = feeds->run, .lease_until_ms = -1};
    char wanted[1024], now[1024];
    struct plan plan;
    struct und_err wrote = {0};
    if (!take_plan(feeds, &plan) || !route_value(feeds->fleet, &plan, wanted, sizeof wanted) ||
        github_variable(feeds->github, name, now, sizeof now, err) != UND_OK ||
        strcmp(now, wanted) == 0)
        return;
    snprintf(step.name, sizeof step.name, "set variable %.60s", name);
    if (action_variable(step.action, name, wanted, err) != UND_OK ||
        (now[0] && action_variable(step.undo, name, now, err) != UND_OK) ||
        journal_intend(feeds->journal, &step, err) != UND_OK)
        return;
    github_variable_set(feeds->github, name, wanted, &wrote);
    journal_event(feeds->journal, step.id, wrote.code == UND_OK ? JOURNAL_DONE : JOURNAL_FAILED,
                  wrote.text, err);
    if (wrote.code != UND_OK)
        und_fail(err, wrote.code, "%s", wrote.text);
    else
        close_steps(feeds, step.action, err);
}

/* ---- the poll ---- */

static void sum_up(struct feeds *feeds, const struct github_runners *runners,
                   struct feed_reading *reading)
{
    int i;
    reading->strays = roster_count(feeds->fleet, runners, reading->hosts);
    for (i = 0; i < feeds->fleet->n_hosts; i++)
        if (reading->hosts[i].online > feeds->fleet->hosts[i].slots)
            reading->hosts[i].online = feeds->fleet->hosts[i].slots;
    route_count(feeds->fleet, runners, reading->labelled);
}

void feed_github_poll(struct feeds *feeds, struct feed_reading *reading)
{
    bool recovers = feeds->options.act && feeds->fleet->github.fast_recovery;
    struct github_runners runners = {0};
    struct und_err *err = &reading->error, *wrote = &reading->write_error;
    if (github_runners(feeds->github, &runners, err) == UND_OK) {
        sum_up(feeds, &runners, reading);
        if (feeds->options.act && feeds->fleet->github.mechanism == MECHANISM_VARIABLE)
            reconcile_variable(feeds, wrote);
        else if (feeds->options.act)
            reconcile_labels(feeds, &runners, wrote);
        route_count(feeds->fleet, &runners, reading->labelled);
        reading->written_ms = pace_now_ms(feeds->pace);
    }
    if (err->code == UND_OK && (feeds->options.jobs || recovers))
        read_jobs(feeds, reading);
    if (err->code == UND_OK && recovers)
        feed_recover(feeds, &runners, &reading->jobs, wrote);
    reading->requests_left = github_limits(feeds->github)->remaining;
    reading->offset_ms = skew_offset_ms(github_skew(feeds->github));
    reading->offset_error_ms = skew_error_ms(github_skew(feeds->github));
    github_runners_fini(&runners);
}
