#include "job_signs.h"
#include "model/base/assert.h"

#include <string.h>
#include <strings.h>

void job_signs_init(struct job_signs *signs, const struct fleet *fleet,
                    const struct fleet_clock *pace)
{
    int i;
    *signs = (struct job_signs){
        .fleet = fleet, .pace = pace, .began_ms = fleet_clock_now_ms(pace), .n_counted = 0};
    for (i = 0; i < FLEET_HOSTS; i++)
        signs->started_ms[i] = signs->began_ms;
}

static int64_t our_time(const struct job_signs *signs, const struct job_reader *reader,
                        int64_t wall_ms)
{
    return fleet_clock_of_wall_ms(signs->pace,
                                  wall_ms - clock_skew_offset_ms(github_skew(reader->github)));
}

/* False: it was counted before. */
static bool count_once(struct job_signs *signs, int64_t job)
{
    size_t i;
    for (i = 0; i < signs->n_counted && i < JOB_SIGNS_ENDS; i++)
        if (signs->counted[i] == job)
            return false;
    signs->counted[signs->n_counted++ % JOB_SIGNS_ENDS] = job;
    return true;
}

static void keep_end(struct job_signs *signs, const struct github_job *job)
{
    if (signs->n_ends == JOB_SIGNS_KEPT)
        memmove(signs->end, signs->end + 1, (size_t)--signs->n_ends * sizeof *signs->end);
    signs->end[signs->n_ends++] =
        (struct job_end){job->created_ms, job->completed_ms - job->started_ms};
}

/* Cancelled or skipped says nothing of the host. */
static void note_end(struct job_signs *signs, const struct github_job *job, int host)
{
    bool well = strcmp(job->conclusion, "success") == 0;
    bool badly =
        strcmp(job->conclusion, "failure") == 0 || strcmp(job->conclusion, "timed_out") == 0;
    UND_ASSERT(host >= 0 && host < signs->fleet->n_hosts);
    if ((well || badly) && count_once(signs, job->id)) {
        signs->done[host] += well;
        signs->failed[host] += badly;
        keep_end(signs, job);
    }
}

int job_signs_ends(struct job_signs *signs, struct job_end out[JOB_SIGNS_TOLD])
{
    int n = signs->n_ends < JOB_SIGNS_TOLD ? signs->n_ends : JOB_SIGNS_TOLD;
    memcpy(out, signs->end, (size_t)n * sizeof *out);
    signs->n_ends -= n;
    memmove(signs->end, signs->end + n, (size_t)signs->n_ends * sizeof *out);
    return n;
}

void job_signs_note(struct job_signs *signs, const struct job_reader *reader)
{
    size_t i;
    for (i = 0; i < reader->jobs.n; i++) {
        const struct github_job *job = &reader->jobs.item[i];
        int host = attribution_of_runner(signs->fleet, job->runner_name);
        int64_t started_ms;
        if (host < 0 || job->started_ms < 0)
            continue;
        started_ms = our_time(signs, reader, job->started_ms);
        if (started_ms > signs->started_ms[host])
            signs->started_ms[host] = started_ms;
        if (job->completed_ms >= 0 && !job_reader_is_canary(reader, job->run_id) &&
            our_time(signs, reader, job->completed_ms) >= signs->began_ms)
            note_end(signs, job, host);
    }
}

static bool runs_something(const struct job_reader *reader, const struct github_runner *runner)
{
    size_t i;
    for (i = 0; i < reader->jobs.n; i++)
        if (strcmp(reader->jobs.item[i].status, "in_progress") == 0 &&
            strcmp(reader->jobs.item[i].runner_name, runner->name) == 0)
            return true;
    return false;
}

static bool fits(const struct github_runner *runner, const struct github_job *job)
{
    int i, j;
    for (i = 0; i < job->labels.n; i++) {
        for (j = 0; j < runner->labels.n; j++)
            if (strcasecmp(job->labels.name[i], runner->labels.name[j]) == 0)
                break;
        if (j == runner->labels.n)
            return false;
    }
    return true;
}

bool job_signs_could_take(const struct job_reader *reader, const struct github_runner *runner,
                          const struct github_job *job)
{
    return runner->online && !runner->busy && fits(runner, job) && !runs_something(reader, runner);
}

int64_t job_signs_waited_ms(const struct job_signs *signs, const struct job_reader *reader,
                            const struct github_job *job)
{
    int64_t waited_ms;
    if (strcmp(job->status, "queued") != 0)
        return -1;
    waited_ms = fleet_clock_now_ms(signs->pace) - our_time(signs, reader, job->created_ms);
    return waited_ms > 0 ? waited_ms : 0;
}

static void note_waiting(const struct job_signs *signs, const struct job_reader *reader,
                         const struct github_runners *runners, const struct github_job *job,
                         struct host_reading *host)
{
    int64_t waited_ms = job_signs_waited_ms(signs, reader, job);
    size_t i;
    if (waited_ms < 0 || job_reader_is_canary(reader, job->run_id))
        return;
    for (i = 0; i < runners->n; i++) {
        int on = attribution_of_runner(signs->fleet, runners->item[i].name);
        if (on >= 0 && waited_ms > host[on].waiting_ms &&
            job_signs_could_take(reader, &runners->item[i], job))
            host[on].waiting_ms = waited_ms;
    }
}

void job_signs_fill(struct job_signs *signs, const struct job_reader *reader,
                    const struct github_runners *runners, struct host_reading host[FLEET_HOSTS])
{
    int64_t now_ms = fleet_clock_now_ms(signs->pace);
    size_t i;
    int h;
    for (h = 0; h < signs->fleet->n_hosts; h++) {
        UND_ASSERT(signs->started_ms[h] >= signs->began_ms); /* starts only move on */
        UND_ASSERT(signs->done[h] >= 0 && signs->failed[h] >= 0);
        host[h].quiet_ms = now_ms - signs->started_ms[h];
        host[h].done = signs->done[h];
        host[h].failed = signs->failed[h];
        signs->done[h] = signs->failed[h] = 0;
    }
    for (i = 0; i < reader->jobs.n; i++) {
        const struct github_job *job = &reader->jobs.item[i];
        int on = attribution_of_runner(signs->fleet, job->runner_name);
        if (strcmp(job->status, "in_progress") == 0 && on >= 0)
            host[on].running++;
        note_waiting(signs, reader, runners, job, host);
    }
}
