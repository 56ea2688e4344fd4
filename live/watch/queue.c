#include "queue.h"
#include "live/act/attribution.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Of the fleet's time: picking a job up takes seconds, and one that took longer had waited. */
#define HELD_UP_MS 60000

static bool has_label(const struct github_labels *labels, const char *name)
{
    int i;
    for (i = 0; i < labels->n; i++)
        if (strcasecmp(labels->name[i], name) == 0)
            return true;
    return false;
}

static bool can_take(const struct github_runner *runner, const struct github_job *job)
{
    int i;
    for (i = 0; i < job->labels.n; i++)
        if (!has_label(&runner->labels, job->labels.name[i]))
            return false;
    return true;
}

/* GitHub's own machines take what asks for no `self-hosted`: not ours to judge. */
static bool is_ours(const struct github_runners *runners, const struct github_job *job)
{
    size_t i;
    if (has_label(&job->labels, "self-hosted"))
        return true;
    for (i = 0; i < runners->n; i++)
        if (can_take(&runners->item[i], job))
            return job->labels.n > 0;
    return false;
}

static bool nobody_can(const struct github_runners *runners, const struct github_job *job)
{
    size_t i;
    for (i = 0; i < runners->n; i++)
        if (can_take(&runners->item[i], job))
            return false;
    return true;
}

static struct queue_job describe(const struct github_job *job)
{
    struct queue_job out = {.id = job->id, .run = job->run_id, .created_ms = job->created_ms};
    size_t n = 0;
    int i;
    snprintf(out.name, sizeof out.name, "%.95s", job->name);
    for (i = 0; i < job->labels.n && n < sizeof out.labels; i++)
        n += (size_t)snprintf(out.labels + n, sizeof out.labels - n, "%s%s", i ? ", " : "",
                              job->labels.name[i]);
    return out;
}

/* The youngest of those that are named makes room. */
static void note_stuck(struct queue_summary *out, const struct github_job *job)
{
    int at = out->unmatched++, i;
    if (at >= QUEUE_STUCK)
        for (i = 1, at = 0; i < QUEUE_STUCK; i++)
            if (out->stuck[i].created_ms > out->stuck[at].created_ms)
                at = i;
    if (out->unmatched <= QUEUE_STUCK || job->created_ms < out->stuck[at].created_ms)
        out->stuck[at] = describe(job);
}

static void note_waiting(struct queue_summary *out, const struct github_runners *runners,
                         const struct github_job *job)
{
    if (!is_ours(runners, job))
        return;
    out->waiting++;
    if (out->oldest_ms < 0 || job->created_ms < out->oldest_ms) {
        out->oldest_ms = job->created_ms;
        out->oldest = describe(job);
    }
    if (nobody_can(runners, job))
        note_stuck(out, job);
}

static void note_running(struct queue_summary *out, const struct fleet *fleet,
                         const struct github_job *job)
{
    int host = job->runner_name[0] ? attribution_of_runner(fleet, job->runner_name) : -1;
    double pace = fleet->live.time_factor > 1 ? fleet->live.time_factor : 1;
    if (host < 0)
        return;
    out->running += job->completed_ms < 0;
    if ((double)(job->started_ms - job->created_ms) * pace > HELD_UP_MS &&
        job->started_ms > out->start_ms[host])
        out->start_ms[host] = job->started_ms;
}

void queue_sum_up(struct queue_summary *out, const struct fleet *fleet,
                  const struct github_runners *runners, const struct job_reader *reader)
{
    size_t i;
    *out = (struct queue_summary){.known = true, .oldest_ms = -1, .read_ms = http_wall_ms()};
    for (i = 0; i < FLEET_HOSTS; i++)
        out->start_ms[i] = -1;
    for (i = 0; i < reader->jobs.n; i++) {
        const struct github_job *job = &reader->jobs.item[i];
        if (job_reader_is_canary(reader, job->run_id))
            continue;
        if (strcmp(job->status, "queued") == 0)
            note_waiting(out, runners, job);
        else if (job->started_ms >= 0)
            note_running(out, fleet, job);
    }
}
