/* Runs and jobs of the hub, and all that time alone brings about. */
#include "hub.h"

#include "model/base/assert.h"

#include <gsl/gsl_randist.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hub_conclude(struct hub *hub, int64_t now_ms, struct hub_job *job,
                  enum hub_conclusion conclusion, const char *why)
{
    UND_ASSERT(job->status != HUB_COMPLETED);
    job->status = HUB_COMPLETED;
    job->conclusion = conclusion;
    job->completed_ms = now_ms;
    hub->run[job->run].updated_ms = now_ms;
    hub_note(hub, now_ms, job->id, why,
             job->registration < 0 ? "" : hub->registration[job->registration].name);
    if (conclusion == HUB_FAILURE && hub->n_failed < HUB_FAILED)
        hub->failed[hub->n_failed++] = hub->run[job->run].id;
    if (job->registration < 0 || hub->registration[job->registration].job != job - hub->job)
        return;
    hub->registration[job->registration].job = -1;
    if (hub->registration[job->registration].ephemeral)
        hub_make_anew(hub, now_ms, &hub->registration[job->registration]);
}

/* runs-on: ${{ fromJSON(vars.NAME) }}: a label or a list of them, as the variable stands now. */
static bool resolve_labels(struct hub *hub, const struct hub_order *order, struct hub_labels *out)
{
    const struct hub_variable *variable;
    json_t *value, *label;
    size_t i;
    bool good = true;
    *out = order->labels;
    if (order->variable[0] == '\0')
        return true;
    variable = hub_variable_get(hub, HUB_REPOSITORY, order->variable);
    if (variable == NULL)
        variable = hub_variable_get(hub, HUB_ORGANISATION, order->variable);
    value = variable ? json_loads(variable->value, JSON_DECODE_ANY, NULL) : NULL;
    if (json_is_string(value))
        good = hub_label_add(out, json_string_value(value));
    else if (json_is_array(value))
        json_array_foreach (value, i, label)
            good = good && json_is_string(label) && hub_label_add(out, json_string_value(label));
    else
        good = false;
    json_decref(value);
    return good;
}

/* The order's labels, and what its variable says now. */
static struct hub_job *add_job(struct hub *hub, int64_t now_ms, int run,
                               const struct hub_order *order, const struct hub_labels *labels)
{
    struct hub_job *job = &hub->job[hub->n_jobs];
    struct hub_labels *copy = malloc(sizeof *copy);
    if (copy == NULL)
        return NULL;
    *copy = *labels;
    *job = (struct hub_job){.id = hub->next_id++,
                            .run = run,
                            .attempt = hub->run[run].attempt,
                            .labels = copy,
                            .n_own = order->labels.n,
                            .duration_ms = order->duration_ms,
                            .created_ms = now_ms,
                            .assigned_ms = -1,
                            .started_ms = -1,
                            .completed_ms = -1,
                            .registration = -1,
                            .shunned = -1,
                            .cancel_ms = -1};
    memcpy(job->name, order->name, sizeof job->name);
    memcpy(job->variable, order->variable, sizeof job->variable);
    hub->n_jobs++;
    hub_note(hub, now_ms, job->id, "queued", "");
    return job;
}

enum hub_answer hub_submit(struct hub *hub, int64_t now_ms, const char *title, int workflow,
                           const struct hub_order *orders, int n, int64_t *run_id)
{
    struct hub_run *run = &hub->run[hub->n_runs];
    struct hub_labels labels;
    if (n < 1 || n > HUB_RUN_JOBS)
        return HUB_INVALID;
    if (hub->n_runs == HUB_RUNS || hub->n_jobs + n > HUB_JOBS)
        return HUB_FULL;
    for (int i = 0; i < n; i++)
        if (!resolve_labels(hub, &orders[i], &labels) || labels.n == 0)
            return HUB_INVALID;
    *run = (struct hub_run){.id = hub->next_id++,
                            .number = hub->n_runs + 1,
                            .attempt = 1,
                            .workflow = workflow,
                            .created_ms = now_ms,
                            .updated_ms = now_ms,
                            .first_job = hub->n_jobs,
                            .n_jobs = n};
    snprintf(run->title, sizeof run->title, "%s", title);
    strcpy(run->branch, "main");
    strcpy(run->event, workflow < 0 ? "push" : "workflow_dispatch");
    for (int i = 0; i < n; i++) {
        resolve_labels(hub, &orders[i], &labels);
        if (!add_job(hub, now_ms, hub->n_runs, &orders[i], &labels))
            return HUB_FULL;
    }
    *run_id = run->id;
    hub->n_runs++;
    return HUB_DONE;
}

struct hub_run *hub_run_by_id(struct hub *hub, int64_t id)
{
    for (int i = hub->n_runs - 1; i >= 0; i--)
        if (hub->run[i].id == id)
            return &hub->run[i];
    return NULL;
}

struct hub_job *hub_job_by_id(struct hub *hub, int64_t id)
{
    for (int i = hub->n_jobs - 1; i >= 0; i--)
        if (hub->job[i].id == id)
            return &hub->job[i];
    return NULL;
}

enum hub_status hub_run_status(const struct hub *hub, const struct hub_run *run)
{
    int queued = 0, completed = 0;
    for (int i = run->first_job; i < run->first_job + run->n_jobs; i++) {
        queued += hub->job[i].status == HUB_QUEUED;
        completed += hub->job[i].status == HUB_COMPLETED;
    }
    if (completed == run->n_jobs)
        return HUB_COMPLETED;
    return queued == run->n_jobs ? HUB_QUEUED : HUB_IN_PROGRESS;
}

enum hub_conclusion hub_run_conclusion(const struct hub *hub, const struct hub_run *run)
{
    enum hub_conclusion worst = HUB_SUCCESS;
    if (hub_run_status(hub, run) != HUB_COMPLETED)
        return HUB_NONE;
    for (int i = run->first_job; i < run->first_job + run->n_jobs; i++) {
        if (hub->job[i].conclusion == HUB_CANCELLED)
            return HUB_CANCELLED;
        if (hub->job[i].conclusion == HUB_FAILURE)
            worst = HUB_FAILURE;
    }
    return worst;
}

/* A job nobody has begun goes at once; a live runner is told at its next poll and stops; only a
 * dead one lets the time run out. */
enum hub_answer hub_cancel(struct hub *hub, int64_t now_ms, int64_t run_id, bool force)
{
    struct hub_run *run = hub_run_by_id(hub, run_id);
    int64_t quick_ms = now_ms + hub_real_ms(hub, hub->timing.force_cancel_ms);
    int64_t slow_ms = now_ms + hub_real_ms(hub, hub->timing.cancel_ms);
    if (run == NULL)
        return HUB_MISSING;
    if (hub_run_status(hub, run) == HUB_COMPLETED)
        return HUB_CONFLICT;
    for (int i = run->first_job; i < run->first_job + run->n_jobs; i++) {
        struct hub_job *job = &hub->job[i];
        int64_t due_ms = force || job->status == HUB_QUEUED ? quick_ms : slow_ms;
        if (job->status != HUB_COMPLETED && (job->cancel_ms < 0 || due_ms < job->cancel_ms))
            job->cancel_ms = due_ms;
    }
    hub_note(hub, now_ms, run_id, force ? "force-cancel" : "cancel", "");
    return HUB_DONE;
}

static struct hub_order order_of(const struct hub_job *job)
{
    struct hub_order order = {.labels = *job->labels, .duration_ms = job->duration_ms};
    order.labels.n = job->n_own;
    memcpy(order.name, job->name, sizeof order.name);
    memcpy(order.variable, job->variable, sizeof order.variable);
    return order;
}

enum hub_answer hub_rerun(struct hub *hub, int64_t now_ms, int64_t run_id, bool failed_only)
{
    struct hub_run *run = hub_run_by_id(hub, run_id);
    int first, n;
    if (run == NULL)
        return HUB_MISSING;
    if (hub_run_status(hub, run) != HUB_COMPLETED || run->attempt > HUB_RERUNS ||
        (failed_only && hub_run_conclusion(hub, run) == HUB_SUCCESS))
        return HUB_FORBIDDEN;
    if (hub->n_jobs + run->n_jobs > HUB_JOBS)
        return HUB_FULL;
    first = run->first_job;
    n = run->n_jobs;
    run->attempt++;
    run->first_job = hub->n_jobs;
    run->updated_ms = now_ms;
    for (int i = first; i < first + n; i++) {
        const struct hub_job *old = &hub->job[i];
        struct hub_order order = order_of(old);
        struct hub_labels labels;
        struct hub_job *job;
        if (!resolve_labels(hub, &order, &labels))
            labels = *old->labels;
        job = add_job(hub, now_ms, old->run, &order, &labels);
        if (job == NULL)
            return HUB_FULL;
        if (!failed_only || old->conclusion != HUB_SUCCESS)
            continue;
        job->status = HUB_COMPLETED;
        job->conclusion = HUB_SUCCESS;
        job->carried = true;
        job->created_ms = old->created_ms;
        job->started_ms = old->started_ms;
        job->completed_ms = old->completed_ms;
        job->registration = old->registration;
    }
    hub_note(hub, now_ms, run_id, "rerun", "");
    return HUB_DONE;
}

/* Contact is known only at the beginning of a long poll; the runner went, on average, half a hold
 * after it. */
static void notice_absence(struct hub *hub, int64_t now_ms, struct hub_registration *registration)
{
    int64_t vanished_ms = registration->contact_ms + hub_real_ms(hub, hub->timing.hold_ms) / 2;
    bool lapsed = now_ms >= vanished_ms + registration->offline_after_ms;
    bool gone = registration->goodbye_ms >= 0 && now_ms >= registration->goodbye_ms;
    if (!registration->online || (registration->session != 0 ? !lapsed : !gone))
        return;
    registration->online = false;
    registration->session = 0;
    registration->goodbye_ms = -1;
    hub_note(hub, now_ms, 0, "offline", registration->name);
}

static void requeue(struct hub *hub, int64_t now_ms, struct hub_job *job)
{
    struct hub_registration *registration = &hub->registration[job->registration];
    hub_note(hub, now_ms, job->id, "requeued", registration->name);
    registration->job = -1;
    job->shunned = job->registration;
    job->registration = -1;
    job->assigned_ms = -1;
}

static bool is_taken(const struct hub *hub, const struct hub_job *job)
{
    return job->registration >= 0 && hub->registration[job->registration].hung == HUB_TAKING;
}

static void job_step(struct hub *hub, int64_t now_ms, struct hub_job *job)
{
    if (job->cancel_ms >= 0 && now_ms >= job->cancel_ms) {
        hub_conclude(hub, now_ms, job, HUB_CANCELLED, "cancelled");
    } else if (job->status == HUB_IN_PROGRESS) {
        if (now_ms >= job->fails_ms)
            hub_conclude(hub, now_ms, job, HUB_FAILURE, "lost");
        else if (now_ms >= job->started_ms + hub_real_ms(hub, hub->timing.job_limit_ms))
            hub_conclude(hub, now_ms, job, HUB_CANCELLED, "timed out");
    } else if (is_taken(hub, job)) {
        if (now_ms >= job->assigned_ms + hub_real_ms(hub, hub->timing.lock_ms))
            hub_conclude(hub, now_ms, job, HUB_FAILURE, "never started");
    } else if (now_ms >= job->created_ms + hub_real_ms(hub, hub->timing.queue_limit_ms)) {
        hub_conclude(hub, now_ms, job, HUB_FAILURE, "starved");
    } else if (job->registration >= 0 &&
               now_ms >= job->assigned_ms + hub_real_ms(hub, hub->timing.requeue_ms)) {
        requeue(hub, now_ms, job);
    }
}

static bool eligible(const struct hub_registration *registration, const struct hub_job *job)
{
    if (!registration->online || registration->session == 0 || registration->job >= 0 ||
        registration->shut)
        return false;
    for (int i = 0; i < job->labels->n; i++)
        if (!hub_label_has(&registration->builtin, job->labels->name[i]) &&
            !hub_label_has(&registration->custom, job->labels->name[i]))
            return false;
    return true;
}

static void assign(struct hub *hub, int64_t now_ms, int index)
{
    struct hub_job *job = &hub->job[index];
    int candidate[HUB_REGISTRATIONS], n = 0, chosen;
    for (int i = 0; i < hub->n_registrations; i++)
        if (i != job->shunned && eligible(&hub->registration[i], job))
            candidate[n++] = i;
    if (n == 0 && job->shunned >= 0 && eligible(&hub->registration[job->shunned], job))
        candidate[n++] = job->shunned;
    if (n == 0)
        return;
    chosen = candidate[gsl_rng_uniform_int(hub->rng, (unsigned long)n)];
    job->registration = chosen;
    job->assigned_ms = now_ms;
    job->fate = hub_fate_of_job(hub, &hub->registration[chosen]);
    hub->registration[chosen].job = index;
    hub_note(hub, now_ms, job->id, "assigned", hub->registration[chosen].name);
}

/* A Poisson stream of one-job runs; durations uniform within half of the order's around it. */
static void work_arrives(struct hub *hub, int64_t now_ms)
{
    double mean_ms = (double)hub->workload.interval_ms / hub->compress;
    while (hub->workload.interval_ms > 0 && hub->workload.next_ms <= now_ms) {
        struct hub_order order = hub->workload.order;
        int64_t run_id;
        order.duration_ms = (int64_t)((double)order.duration_ms * gsl_ran_flat(hub->rng, 0.5, 1.5));
        if (hub_submit(hub, now_ms, "workload", -1, &order, 1, &run_id) != HUB_DONE)
            hub->workload.interval_ms = 0;
        hub->workload.next_ms += (int64_t)(gsl_ran_exponential(hub->rng, mean_ms) + 0.5);
    }
}

/* As the simulator's `on_failure: rerun` has it; what was submitted by hand is its submitter's. */
static void run_failed_again(struct hub *hub, int64_t now_ms)
{
    for (int i = 0; i < hub->n_failed; i++) {
        const struct hub_run *run = hub_run_by_id(hub, hub->failed[i]);
        bool watched = run != NULL && (run->workflow >= 0 || strcmp(run->title, "workload") == 0);
        if (hub->workload.rerun && watched && run->attempt <= HUB_TRIES)
            hub_rerun(hub, now_ms, run->id, true);
    }
    hub->n_failed = 0;
}

void hub_step(struct hub *hub, int64_t now_ms)
{
    run_failed_again(hub, now_ms);
    for (int i = 0; i < hub->n_registrations; i++)
        notice_absence(hub, now_ms, &hub->registration[i]);
    work_arrives(hub, now_ms);
    while (hub->first_open < hub->n_jobs && hub->job[hub->first_open].status == HUB_COMPLETED)
        hub->first_open++;
    for (int i = hub->first_open; i < hub->n_jobs; i++) {
        struct hub_job *job = &hub->job[i];
        if (job->status != HUB_COMPLETED)
            job_step(hub, now_ms, job);
        if (job->status == HUB_QUEUED && job->registration < 0 &&
            now_ms >= job->created_ms + hub_real_ms(hub, hub->slow_ms))
            assign(hub, now_ms, i);
    }
}
