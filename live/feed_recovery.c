/*
 * The fast recovery of jobs: GitHub lets a job on a dead runner sit for ten minutes until its lock
 * expires, and never requeues it. Once the policy has drained the host and GitHub itself calls the
 * job's runner offline, the run is force-cancelled, and re-run when it has concluded (a re-run is
 * refused before that). github-semantics.md, "Timing".
 *
 * A job whose runner is online is left alone: the host may be slow, but it works.
 */
#include "feed_internal.h"

#include <stdio.h>
#include <string.h>

static const struct github_runner *runner_of(const struct github_runners *runners,
                                             const struct github_job *job)
{
    size_t i;
    for (i = 0; i < runners->n; i++)
        if (strcmp(runners->item[i].name, job->runner_name) == 0)
            return &runners->item[i];
    return NULL;
}

static int find(const struct feed_recovery *recovery, int64_t run)
{
    int i;
    for (i = 0; i < recovery->n; i++)
        if (recovery->run[i] == run)
            return i;
    return -1;
}

static bool is_lost(struct feeds *feeds, const struct github_runners *runners,
                    const struct github_job *job)
{
    const struct github_runner *runner = runner_of(runners, job);
    int host = roster_of_runner(feeds->fleet, job->runner_name);
    struct plan plan;
    pthread_mutex_lock(&feeds->lock);
    plan = feeds->plan;
    pthread_mutex_unlock(&feeds->lock);
    return strcmp(job->status, "in_progress") == 0 && host >= 0 && host < plan.n &&
           plan.host[host].admitted == 0 && runner && !runner->online;
}

/* Journalled like every write, but with nothing to undo. */
static enum und_code perform(struct feeds *feeds, int64_t run, bool rerun, struct und_err *err)
{
    struct journal_step step = {.run = feeds->run, .lease_until_ms = -1};
    struct und_err wrote = {0};
    snprintf(step.name, sizeof step.name, "%s run %lld",
             rerun ? "re-run failed jobs of" : "force-cancel", (long long)run);
    snprintf(step.action, sizeof step.action, "{\"run\":{\"id\":%lld,\"verb\":\"%s\"}}",
             (long long)run, rerun ? "rerun-failed-jobs" : "force-cancel");
    if (journal_intend(feeds->journal, &step, err) != UND_OK)
        return err->code;
    if (rerun)
        github_rerun_failed(feeds->github, run, &wrote);
    else
        github_force_cancel(feeds->github, run, &wrote);
    journal_event(feeds->journal, step.id, wrote.code == UND_OK ? JOURNAL_DONE : JOURNAL_FAILED,
                  wrote.text, err);
    return wrote.code == UND_OK ? err->code : und_fail(err, wrote.code, "%s", wrote.text);
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

/* Cancels are remembered only when they worked, so that what failed is tried at the next poll. */
void feed_recover(struct feeds *feeds, const struct github_runners *runners,
                  const struct github_jobs *jobs, struct und_err *err)
{
    struct feed_recovery *recovery = &feeds->recovery;
    size_t j;
    int i;
    for (j = 0; j < jobs->n && err->code == UND_OK; j++) {
        int64_t run = jobs->item[j].run_id;
        if (recovery->n == FEED_RUNS || find(recovery, run) >= 0 ||
            !is_lost(feeds, runners, &jobs->item[j]))
            continue;
        if (perform(feeds, run, false, err) == UND_OK)
            recovery->run[recovery->n++] = run;
    }
    for (i = 0; i < recovery->n && err->code == UND_OK; i++)
        if (!recovery->rerun[i] && is_over(jobs, recovery->run[i]))
            recovery->rerun[i] = perform(feeds, recovery->run[i], true, err) == UND_OK;
}
