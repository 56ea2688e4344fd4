/* Jobs as the drill wants them (live/act/job_reader.h reads them), and what they say of the
 * hosts. */
#include "live/act/dispatch.h"
#include "real_stage_internal.h"

#include <stdio.h>
#include <string.h>

#define DEAF_MS 180000 /* a job that an idle runner does not take for so long is told of */

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

/* GitHub's clock is known the better the more it has answered, so that what was read before is
 * brought to ours anew each time. */
static struct stage_job in_our_time(const struct real_stage *live, const struct stage_job *theirs)
{
    struct stage_job ours = *theirs;
    ours.created_ms = their_time(live, theirs->created_ms);
    ours.started_ms = their_time(live, theirs->started_ms);
    ours.concluded_ms = their_time(live, theirs->concluded_ms);
    ours.error_ms = their_error_ms(live);
    return ours;
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
        .created_ms = job->created_ms,
        .started_ms = job->started_ms,
        .concluded_ms = job->completed_ms,
        .success = strcmp(job->conclusion, "success") == 0,
    };
    if (!job->runner_name[0])
        live->job[at].host = -1;
}

/* A run that somebody deleted: its jobs end here, unseen. */
static void forget_run(struct real_stage *live, int64_t run)
{
    size_t i;
    for (i = 0; i < live->n_jobs; i++)
        if (live->job_run[i] == run && live->job[i].concluded_ms < 0)
            live->job[i].concluded_ms =
                http_wall_ms() + clock_skew_offset_ms(github_skew(live->github));
}

enum und_code real_stage_jobs(void *self, int64_t since_ms, struct stage_job *jobs, size_t *n,
                              struct und_err *err)
{
    struct real_stage *live = self;
    int64_t since_wall_ms = http_wall_ms() -
                            fleet_clock_real_ms(&live->pace, fleet_clock_now_ms(&live->pace) -
                                                                 (since_ms > 0 ? since_ms : 0)) -
                            5000;
    int64_t lost[ACTUATE_RUNS];
    size_t most = *n, n_lost = actuate_awaited(&live->actuator, lost), i;
    int r;
    *n = 0;
    if (job_reader_look(&live->reader, since_wall_ms, lost, n_lost, err) != UND_OK)
        return err->code;
    job_signs_note(&live->signs, &live->reader);
    for (i = 0; i < live->reader.jobs.n; i++)
        note_job(live, &live->reader.jobs.item[i]);
    for (r = 0; r < live->reader.n_gone; r++)
        forget_run(live, live->reader.gone[r]);
    for (i = 0; i < live->n_jobs && *n < most; i++) {
        jobs[*n] = in_our_time(live, &live->job[i]);
        *n += jobs[*n].concluded_ms < 0 || jobs[*n].concluded_ms >= since_ms;
    }
    return UND_OK;
}

/* ---- what they say of the hosts ---- */

/* A queue beside runners that are idle: whoever GitHub believes to listen may not (it shows a dead
 * listener as online for up to an hour). */
static void tell_deaf(struct real_stage *live, const struct github_runner *runner,
                      const struct github_job *job, int64_t waited_ms)
{
    int host = attribution_of_runner(&live->scenario->fleet, runner->name);
    char line[300];
    if (live->said_deaf || waited_ms < DEAF_MS || host < 0 ||
        !job_signs_could_take(&live->reader, runner, job))
        return;
    live->said_deaf = true;
    snprintf(line, sizeof line,
             "a job (%.60s) has waited for %lld s although %.60s is online and idle: its listener "
             "may be dead, or the job may not use its runner group",
             job->name, (long long)(waited_ms / 1000), runner->name);
    live->stage.tell(live, 0, host, MARK_NONE, line);
}

/* Only with the fleet's leave: a canary is a run of a workflow. */
static void send_canary(struct real_stage *live, const struct host_reading host[FLEET_HOSTS])
{
    const struct fleet *fleet = &live->scenario->fleet;
    struct und_err err = {0};
    char said[200];
    if (!canary_wanted(fleet) || !fleet->live.allow_actions || live->options.observe)
        return;
    if (canary_send(&live->canary, host, said, &err) != UND_OK)
        snprintf(said, sizeof said, "no canary: %.180s", err.text);
    if (said[0])
        live->stage.tell(live, 0, -1, MARK_NONE, said);
}

void real_stage_count_jobs(struct real_stage *live, struct host_reading host[FLEET_HOSTS])
{
    const struct job_reader *reader = &live->reader;
    const struct github_runners *runners = &live->actuator.runners;
    size_t i, r;
    job_signs_fill(&live->signs, reader, runners, host);
    canary_note(&live->canary, reader, host);
    send_canary(live, host);
    for (i = 0; i < reader->jobs.n; i++) {
        int64_t waited_ms = job_signs_waited_ms(&live->signs, reader, &reader->jobs.item[i]);
        for (r = 0; r < runners->n; r++)
            tell_deaf(live, &runners->item[r], &reader->jobs.item[i], waited_ms);
    }
}

/* One dispatch each: what a job asks for is what the fleet's jobs ask for now. */
enum und_code real_stage_canary(void *self, int jobs, struct und_err *err)
{
    struct real_stage *live = self;
    const struct live *config = &live->scenario->fleet.live;
    char line[200];
    json_t *inputs;
    int sent;
    if (!config->canary.workflow[0])
        return und_fail(err, UND_USAGE, "drill.canary: the fleet has no live.canary, want one");
    inputs = canary_inputs(&live->scenario->fleet, live->actuator.value);
    for (sent = 0; sent < jobs && err->code == UND_OK; sent++) {
        struct dispatched made;
        dispatch_canary(live->github, &config->canary, inputs, live->journal, live->run, &made,
                        err);
    }
    json_decref(inputs);
    if (err->code != UND_OK)
        return err->code;
    snprintf(line, sizeof line, "%d canaries are submitted (%.80s)", sent, config->canary.workflow);
    live->stage.tell(live, 0, -1, MARK_NONE, line);
    return UND_OK;
}
