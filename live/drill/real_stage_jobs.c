/*
 * Jobs as the drill wants them: every attempt that has not concluded, and those that have since.
 *
 * GitHub lists runs, and jobs by run. Read are the jobs of every run that is in progress or queued,
 * of the newest runs of any status (what began and ended between two looks), and of those that the
 * actuator waits for; not those of runs all of whose jobs are known to have ended.
 */
#include "real_stage_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ACTIVE_RUNS 100 /* of each status */
#define NEWEST_RUNS 30
#define DEAF_MS 180000 /* a job that an idle runner does not take for so long is told of */

struct wanted {
    int64_t run[2 * ACTIVE_RUNS + NEWEST_RUNS + ACTUATE_RUNS];
    size_t n;
};

static void want(struct wanted *wanted, int64_t run)
{
    size_t i;
    for (i = 0; i < wanted->n; i++)
        if (wanted->run[i] == run)
            return;
    if (wanted->n < sizeof wanted->run / sizeof wanted->run[0])
        wanted->run[wanted->n++] = run;
}

/* Every job of the run's latest attempt is known to have concluded. */
static bool is_closed(const struct real_stage *live, const struct github_run *run)
{
    bool known = false;
    size_t i;
    for (i = 0; i < live->n_jobs; i++) {
        if (live->job_run[i] != run->id || live->job_attempt[i] != run->attempt)
            continue;
        known = true;
        if (live->job[i].concluded_ms < 0)
            return false;
    }
    return known;
}

static enum und_code want_runs(struct real_stage *live, const char *status, size_t most,
                               int64_t since_wall_ms, struct wanted *wanted, struct und_err *err)
{
    struct github_runs runs = {0};
    size_t i;
    github_runs(live->github, status, most, &runs, err);
    for (i = 0; i < runs.n; i++) {
        const struct github_run *run = &runs.item[i];
        bool over = strcmp(run->status, "completed") == 0;
        if (!over || (run->updated_ms >= since_wall_ms && !is_closed(live, run)))
            want(wanted, run->id);
    }
    github_runs_fini(&runs);
    return err->code;
}

/* A time of GitHub's in fleet time. Whole seconds are cut, not rounded. */
static int64_t their_time(const struct real_stage *live, int64_t wall_ms)
{
    const struct clock_skew *skew = github_skew(live->github);
    if (wall_ms < 0)
        return -1;
    return fleet_clock_of_wall_ms(&live->pace, wall_ms - clock_skew_offset_ms(skew) +
                                                   (live->fractions ? 0 : 500));
}

static int64_t their_error_ms(const struct real_stage *live)
{
    int64_t clock_ms = clock_skew_error_ms(github_skew(live->github));
    return fleet_clock_fleet_ms(&live->pace,
                                (clock_ms >= 0 ? clock_ms : 1000) + (live->fractions ? 0 : 500));
}

/* The same for every attempt at one job of a run (FNV-1a). */
static int64_t origin_of(const struct github_job *job)
{
    uint64_t hash = 14695981039346656037u ^ (uint64_t)job->run_id;
    const char *c;
    for (c = job->name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    return (int64_t)(hash >> 1);
}

/* Where there is no room, the attempt that concluded first makes some. */
static size_t place_for(struct real_stage *live, int64_t id)
{
    size_t i, oldest = STAGE_JOBS;
    for (i = 0; i < live->n_jobs; i++)
        if (live->job[i].id == id)
            return i;
    if (live->n_jobs < STAGE_JOBS)
        return live->n_jobs++;
    for (i = 0; i < live->n_jobs; i++)
        if (live->job[i].concluded_ms >= 0 &&
            (oldest == STAGE_JOBS || live->job[i].concluded_ms < live->job[oldest].concluded_ms))
            oldest = i;
    return oldest; /* STAGE_JOBS: all of them run */
}

static void note_job(struct real_stage *live, const struct github_job *job)
{
    size_t at = place_for(live, job->id);
    if (at == STAGE_JOBS)
        return;
    if (job->created_ms % 1000 != 0 || (job->started_ms >= 0 && job->started_ms % 1000 != 0))
        live->fractions = true;
    live->job_run[at] = job->run_id;
    live->job_attempt[at] = job->attempt;
    live->job[at] = (struct stage_job){
        .id = job->id,
        .origin = origin_of(job),
        .attempt = (int)job->attempt,
        .host = attribution_of_runner(&live->scenario->fleet, job->runner_name),
        .created_ms = their_time(live, job->created_ms),
        .started_ms = their_time(live, job->started_ms),
        .concluded_ms = their_time(live, job->completed_ms),
        .error_ms = their_error_ms(live),
        .success = strcmp(job->conclusion, "success") == 0,
    };
    if (!job->runner_name[0])
        live->job[at].host = -1;
}

static void append(struct github_jobs *to, const struct github_jobs *from)
{
    struct github_job *item;
    if (from->n == 0)
        return;
    item = realloc(to->item, (to->n + from->n) * sizeof *item);
    if (!item)
        return; /* the next look brings them */
    memcpy(item + to->n, from->item, from->n * sizeof *item);
    to->item = item;
    to->n += from->n;
    to->capacity = to->n;
}

/* A run that somebody deleted: its jobs end here, unseen. */
static void forget_run(struct real_stage *live, int64_t run)
{
    size_t i;
    for (i = 0; i < live->n_jobs; i++)
        if (live->job_run[i] == run && live->job[i].concluded_ms < 0)
            live->job[i].concluded_ms = fleet_clock_now_ms(&live->pace);
}

static enum und_code read_jobs(struct real_stage *live, const struct wanted *wanted,
                               struct und_err *err)
{
    size_t i, j;
    github_jobs_fini(&live->recent);
    for (i = 0; i < wanted->n && err->code == UND_OK; i++) {
        struct github_jobs jobs = {0};
        struct und_err failed = {0};
        if (github_jobs(live->github, wanted->run[i], true, &jobs, &failed) != UND_OK) {
            if (github_status(live->github) == 404)
                forget_run(live, wanted->run[i]);
            else
                und_fail(err, failed.code, "%s", failed.text);
        }
        for (j = 0; j < jobs.n; j++)
            note_job(live, &jobs.item[j]);
        append(&live->recent, &jobs);
        github_jobs_fini(&jobs);
    }
    return err->code;
}

enum und_code real_stage_jobs(void *self, int64_t since_ms, struct stage_job *jobs, size_t *n,
                              struct und_err *err)
{
    struct real_stage *live = self;
    struct wanted wanted = {.n = 0};
    size_t most = *n, i;
    int64_t since_wall_ms = http_wall_ms() -
                            fleet_clock_real_ms(&live->pace, fleet_clock_now_ms(&live->pace) -
                                                                 (since_ms > 0 ? since_ms : 0)) -
                            5000;
    int r;
    *n = 0;
    if (want_runs(live, "in_progress", ACTIVE_RUNS, since_wall_ms, &wanted, err) != UND_OK ||
        want_runs(live, "queued", ACTIVE_RUNS, since_wall_ms, &wanted, err) != UND_OK ||
        want_runs(live, NULL, NEWEST_RUNS, since_wall_ms, &wanted, err) != UND_OK)
        return err->code;
    for (r = 0; r < live->actuator.n_lost; r++)
        if (!live->actuator.lost[r].over)
            want(&wanted, live->actuator.lost[r].id);
    for (i = 0; i < live->n_jobs; i++) /* an end that was not seen is still to be learnt */
        if (live->job[i].concluded_ms < 0)
            want(&wanted, live->job_run[i]);
    if (read_jobs(live, &wanted, err) != UND_OK)
        return err->code;
    for (i = 0; i < live->n_jobs && *n < most; i++)
        if (live->job[i].concluded_ms < 0 || live->job[i].concluded_ms >= since_ms)
            jobs[(*n)++] = live->job[i];
    return UND_OK;
}

/* ---- what they say of the hosts ---- */

static bool is_queued(const struct github_job *job)
{
    return strcmp(job->status, "queued") == 0;
}

/* Could this registration run the job? */
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

static bool runs_something(const struct real_stage *live, const struct github_runner *runner)
{
    size_t i;
    for (i = 0; i < live->recent.n; i++)
        if (strcmp(live->recent.item[i].status, "in_progress") == 0 &&
            strcmp(live->recent.item[i].runner_name, runner->name) == 0)
            return true;
    return false;
}

/* A queue beside runners that are idle: whoever GitHub believes to listen may not (it shows a dead
 * listener as online for up to an hour). */
static void tell_deaf(struct real_stage *live, const struct github_runner *runner,
                      const struct github_job *job, int64_t waited_ms)
{
    char line[300];
    if (live->said_deaf || waited_ms < DEAF_MS)
        return;
    live->said_deaf = true;
    snprintf(line, sizeof line,
             "a job (%.60s) has waited for %lld s although %.60s is online and idle: its listener "
             "may be dead, or the job may not use its runner group",
             job->name, (long long)(waited_ms / 1000), runner->name);
    live->stage.tell(live, 0, attribution_of_runner(&live->scenario->fleet, runner->name),
                     MARK_NONE, line);
}

/* The list of runners has said idle over running jobs, so that of the jobs counts as well. */
void real_stage_count_jobs(struct real_stage *live, struct host_reading host[FLEET_HOSTS])
{
    const struct fleet *fleet = &live->scenario->fleet;
    int64_t now_ms = fleet_clock_now_ms(&live->pace);
    size_t i, r;
    for (i = 0; i < live->recent.n; i++) {
        const struct github_job *job = &live->recent.item[i];
        int on = attribution_of_runner(fleet, job->runner_name);
        if (strcmp(job->status, "in_progress") == 0 && on >= 0)
            host[on].running++;
        for (r = 0; is_queued(job) && r < live->actuator.runners.n; r++) {
            const struct github_runner *runner = &live->actuator.runners.item[r];
            int64_t waited_ms = now_ms - their_time(live, job->created_ms);
            on = attribution_of_runner(fleet, runner->name);
            if (on < 0 || !runner->online || runner->busy || !fits(runner, job) ||
                runs_something(live, runner))
                continue;
            if (waited_ms > host[on].waiting_ms)
                host[on].waiting_ms = waited_ms;
            tell_deaf(live, runner, job, waited_ms);
        }
    }
}
