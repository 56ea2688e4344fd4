#include "recover.h"
#include "action.h"
#include "live/base/failpoint.h"
#include "model/base/assert.h"

#include <stdio.h>
#include <string.h>

static const struct github_runner *runner_of(const struct actuator *actuator,
                                             const struct github_job *job)
{
    size_t i;
    for (i = 0; i < actuator->runners.n; i++)
        if (strcmp(actuator->runners.item[i].name, job->runner_name) == 0)
            return &actuator->runners.item[i];
    return NULL;
}

static bool in_progress(const struct github_job *job)
{
    return strcmp(job->status, "in_progress") == 0;
}

static bool is_lost(const struct actuator *actuator, const struct plan *plan,
                    const struct github_job *job)
{
    const struct github_runner *runner = runner_of(actuator, job);
    int host = attribution_of_runner(actuator->fleet, job->runner_name);
    UND_ASSERT(host < plan->n);
    return in_progress(job) && host >= 0 && plan->host[host].admitted == 0 && runner &&
           !runner->online;
}

/* Queued for a drained host, and for no other. */
static bool is_stranded(const struct actuator *actuator, const struct plan *plan,
                        const struct github_job *job)
{
    const struct fleet *fleet = actuator->fleet;
    bool drained = false;
    int i;
    UND_ASSERT(plan->n == fleet->n_hosts);
    if (fleet->github.mechanism != MECHANISM_VARIABLE || strcmp(job->status, "queued") != 0)
        return false;
    for (i = 0; i < fleet->n_hosts; i++) {
        if (job->labels.n == 0 || !attribution_has_labels(&fleet->hosts[i], job))
            continue;
        if (plan->host[i].admitted > 0)
            return false;
        drained = true;
    }
    return drained;
}

/* The first job of the run that is in progress on a runner that lives; NULL: all are lost. */
static const struct github_job *sound_job(const struct actuator *actuator, const struct plan *plan,
                                          const struct github_jobs *jobs, int64_t run)
{
    size_t i;
    for (i = 0; i < jobs->n; i++)
        if (jobs->item[i].run_id == run && in_progress(&jobs->item[i]) &&
            !is_lost(actuator, plan, &jobs->item[i]))
            return &jobs->item[i];
    return NULL;
}

static struct lost_run *known(struct actuator *actuator, const struct github_job *job)
{
    int i;
    for (i = 0; i < actuator->n_lost; i++)
        if (actuator->lost[i].id == job->run_id && actuator->lost[i].attempt == job->attempt)
            return &actuator->lost[i];
    return NULL;
}

/* ---- writing ---- */

/* A refusal (4xx) is an answer: nothing was done, and there is nothing to undo. */
static bool is_refusal(int status)
{
    return status >= 400 && status < 500;
}

static void back_off(const struct actuator *actuator, struct lost_run *lost, int *refusals)
{
    UND_ASSERT(*refusals >= 0 && *refusals < ACTUATE_TRIES);
    UND_ASSERT(!lost->over && actuator->pause_ms >= 0);
    lost->again_ms = http_monotonic_ms() + (actuator->pause_ms << *refusals);
    ++*refusals;
}

static enum und_code note(struct actuator *actuator, struct journal_step *step,
                          const struct und_err *wrote, struct und_err *err)
{
    failpoint("GitHub written");
    journal_event(actuator->journal, step->id,
                  wrote->code == UND_OK ? JOURNAL_DONE : JOURNAL_FAILED, wrote->text, err);
    if (wrote->code != UND_OK && is_refusal(github_status(actuator->github)))
        journal_event(actuator->journal, step->id, JOURNAL_UNDONE, "refused: nothing was done",
                      err);
    return wrote->code == UND_OK ? err->code : und_fail(err, wrote->code, "%s", wrote->text);
}

static enum und_code cancel(struct actuator *actuator, struct lost_run *lost, struct und_err *err)
{
    struct journal_step step = {.run = actuator->run, .lease_until_ms = -1};
    struct und_err wrote = {0};
    UND_ASSERT(!lost->cancelled && !lost->over); /* each once */
    UND_ASSERT(lost->cancel_refusals < ACTUATE_TRIES);
    snprintf(step.name, sizeof step.name, "force-cancel run %lld", (long long)lost->id);
    snprintf(step.action, sizeof step.action,
             "{\"run\":{\"id\":%lld,\"attempt\":%lld,\"verb\":\"force-cancel\"}}",
             (long long)lost->id, (long long)lost->attempt);
    action_rerun(step.undo, lost->id, lost->attempt);
    if (journal_intend(actuator->journal, &step, err) != UND_OK)
        return err->code;
    failpoint("write intended");
    github_force_cancel(actuator->github, lost->id, &wrote);
    if (wrote.code == UND_OK || !is_refusal(github_status(actuator->github)))
        lost->cancelled = true; /* or perhaps: then it is ours to look after as well */
    else
        back_off(actuator, lost, &lost->cancel_refusals);
    return note(actuator, &step, &wrote, err);
}

static enum und_code run_again(struct actuator *actuator, struct lost_run *lost,
                               struct und_err *err)
{
    struct journal_step step = {.run = actuator->run, .lease_until_ms = -1};
    struct und_err wrote = {0}, ignored = {0};
    char undo[JOURNAL_TEXT];
    UND_ASSERT(!lost->over);
    UND_ASSERT(lost->rerun_refusals < ACTUATE_TRIES);
    snprintf(step.name, sizeof step.name, "re-run failed jobs of run %lld", (long long)lost->id);
    action_rerun(step.action, lost->id, lost->attempt);
    action_rerun(undo, lost->id, lost->attempt);
    if (journal_intend(actuator->journal, &step, &ignored) == UND_OK)
        failpoint("write intended");
    action_run_again(actuator->github, lost->id, lost->attempt, NULL, &wrote);
    if (wrote.code != UND_OK) {
        back_off(actuator, lost, &lost->rerun_refusals);
        if (lost->rerun_refusals == ACTUATE_TRIES) {
            lost->over = true;
            snprintf(actuator->said, sizeof actuator->said,
                     "run %lld is not run again, after %d tries: left to do", (long long)lost->id,
                     ACTUATE_TRIES);
        }
    } else {
        lost->over = true;
    }
    if (step.id > 0)
        note(actuator, &step, &wrote, err);
    else if (wrote.code != UND_OK)
        und_fail(err, wrote.code, "%s", wrote.text);
    if (wrote.code == UND_OK && lost->cancelled)
        journal_settle(actuator->journal, undo, "by the policy", &ignored);
    return err->code;
}

/* ---- what is due ---- */

enum fate { FATE_RUNS, FATE_WELL, FATE_FAILED };

static enum fate fate_of(const struct github_jobs *jobs, const struct lost_run *lost)
{
    bool seen = false, failed = false;
    size_t i;
    for (i = 0; i < jobs->n; i++) {
        const struct github_job *job = &jobs->item[i];
        if (job->run_id != lost->id)
            continue;
        if (strcmp(job->status, "completed") != 0)
            return FATE_RUNS;
        seen = true;
        failed =
            failed || (job->attempt == lost->attempt && strcmp(job->conclusion, "success") != 0 &&
                       strcmp(job->conclusion, "skipped") != 0);
    }
    return !seen ? FATE_RUNS : failed ? FATE_FAILED : FATE_WELL;
}

bool actuate_waits(const struct actuator *actuator)
{
    int i;
    UND_ASSERT(actuator->n_lost <= ACTUATE_RUNS);
    for (i = 0; i < actuator->n_lost; i++)
        if (actuator->lost[i].cancelled && !actuator->lost[i].over)
            return true;
    return false;
}

size_t actuate_awaited(const struct actuator *actuator, int64_t run[ACTUATE_RUNS])
{
    size_t n = 0;
    int i;
    for (i = 0; i < actuator->n_lost; i++)
        if (!actuator->lost[i].over)
            run[n++] = actuator->lost[i].id;
    return n;
}

static bool rerun_due(struct actuator *actuator, const struct github_jobs *jobs,
                      struct lost_run **due)
{
    int i;
    for (i = 0; i < actuator->n_lost; i++) {
        struct lost_run *lost = &actuator->lost[i];
        enum fate fate = lost->over ? FATE_RUNS : fate_of(jobs, lost);
        if (fate == FATE_WELL && !lost->cancelled)
            lost->over = true;
        if (fate == FATE_RUNS || lost->over || http_monotonic_ms() < lost->again_ms)
            continue;
        *due = lost;
        return true;
    }
    return false;
}

static struct lost_run *remember(struct actuator *actuator, const struct github_job *job)
{
    struct lost_run *lost = known(actuator, job);
    UND_ASSERT(actuator->n_lost <= ACTUATE_RUNS);
    if (lost || actuator->n_lost == ACTUATE_RUNS)
        return lost;
    lost = &actuator->lost[actuator->n_lost++];
    *lost = (struct lost_run){.id = job->run_id, .attempt = job->attempt};
    return lost;
}

/* The next run that is to be cancelled; those that must not be are only waited for. */
static bool cancel_due(struct actuator *actuator, const struct plan *plan,
                       const struct github_jobs *jobs, struct lost_run **due)
{
    size_t j;
    for (j = 0; j < jobs->n; j++) {
        const struct github_job *job = &jobs->item[j], *sound;
        bool first = known(actuator, job) == NULL;
        struct lost_run *lost;
        if ((!is_lost(actuator, plan, job) && !is_stranded(actuator, plan, job)) ||
            !(lost = remember(actuator, job)) || lost->cancelled || lost->over ||
            lost->cancel_refusals >= ACTUATE_TRIES || http_monotonic_ms() < lost->again_ms)
            continue;
        sound = sound_job(actuator, plan, jobs, job->run_id);
        if (sound && first)
            snprintf(actuator->said, sizeof actuator->said,
                     "run %lld is not cancelled, since its job %.40s runs on %.40s: the lock of "
                     "its lost job %.40s is waited for",
                     (long long)job->run_id, sound->name, sound->runner_name, job->name);
        if (sound)
            continue;
        *due = lost;
        return true;
    }
    return false;
}

enum und_code recover_step(struct actuator *actuator, const struct plan *plan,
                           const struct github_jobs *jobs, bool *wrote, struct und_err *err)
{
    struct lost_run *due = NULL;
    UND_ASSERT(plan->n == actuator->fleet->n_hosts);
    if (rerun_due(actuator, jobs, &due)) {
        *wrote = true;
        return run_again(actuator, due, err);
    }
    if (cancel_due(actuator, plan, jobs, &due)) {
        *wrote = true;
        return cancel(actuator, due, err);
    }
    return UND_OK;
}
