#include "job_reader.h"
#include "model/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define ACTIVE_RUNS 100 /* of each status */
#define NEWEST_RUNS 30

struct wanted {
    int64_t run[2 * ACTIVE_RUNS + NEWEST_RUNS + JOB_READER_RUNS];
    size_t n;
};

void job_reader_init(struct job_reader *reader, struct github_client *github, const char *canary)
{
    UND_ASSERT(canary != NULL); /* "": there is none */
    *reader = (struct job_reader){.github = github, .canary = canary};
}

void job_reader_fini(struct job_reader *reader)
{
    github_jobs_fini(&reader->jobs);
}

static size_t kept(const struct job_reader *reader)
{
    return reader->n_runs < JOB_READER_RUNS ? reader->n_runs : JOB_READER_RUNS;
}

/* JOB_READER_RUNS if it is not known. */
static size_t place_of(const struct job_reader *reader, int64_t run)
{
    size_t i;
    for (i = 0; i < kept(reader); i++)
        if (reader->run[i].id == run)
            return i;
    return JOB_READER_RUNS;
}

bool job_reader_is_canary(const struct job_reader *reader, int64_t run)
{
    size_t at = place_of(reader, run);
    return at < JOB_READER_RUNS && reader->run[at].canary;
}

static void want(struct wanted *wanted, int64_t run)
{
    size_t i;
    for (i = 0; i < wanted->n; i++)
        if (wanted->run[i] == run)
            return;
    if (wanted->n < sizeof wanted->run / sizeof wanted->run[0])
        wanted->run[wanted->n++] = run;
}

static bool is_canary(const struct job_reader *reader, const struct github_run *run)
{
    const char *slash = strrchr(run->path, '/');
    return reader->canary[0] && strcmp(slash ? slash + 1 : run->path, reader->canary) == 0;
}

static void note_run(struct job_reader *reader, const struct github_run *run)
{
    size_t at = place_of(reader, run->id);
    if (at == JOB_READER_RUNS) {
        at = reader->n_runs++ % JOB_READER_RUNS;
        reader->run[at].id = run->id;
        reader->run[at].attempt = 0;
    }
    if (reader->run[at].attempt != run->attempt)
        reader->run[at].closed = false;
    reader->run[at].attempt = run->attempt;
    reader->run[at].canary = is_canary(reader, run);
}

static enum und_code want_runs(struct job_reader *reader, const char *status, size_t most,
                               int64_t since_wall_ms, struct wanted *wanted, struct und_err *err)
{
    struct github_runs runs = {0};
    size_t i;
    github_runs(reader->github, status, most, &runs, err);
    for (i = 0; i < runs.n; i++) {
        const struct github_run *run = &runs.item[i];
        bool over = strcmp(run->status, "completed") == 0;
        size_t at;
        if (over && run->updated_ms < since_wall_ms)
            continue;
        note_run(reader, run);
        at = place_of(reader, run->id);
        UND_ASSERT(at < JOB_READER_RUNS); /* it has just been noted */
        if (!over || !reader->run[at].closed)
            want(wanted, run->id);
    }
    github_runs_fini(&runs);
    return err->code;
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

/* Of the newest attempt that is there. */
static void note_end(struct job_reader *reader, int64_t run, const struct github_jobs *jobs)
{
    size_t at = place_of(reader, run), i;
    bool known = false, closed = true;
    if (at == JOB_READER_RUNS)
        return;
    for (i = 0; i < jobs->n; i++) {
        if (jobs->item[i].attempt != reader->run[at].attempt)
            continue;
        known = true;
        closed = closed && strcmp(jobs->item[i].status, "completed") == 0;
    }
    reader->run[at].closed = known && closed;
}

/* Somebody deleted it: its jobs end here, unseen. */
static void forget_run(struct job_reader *reader, int64_t run)
{
    size_t at = place_of(reader, run);
    if (at < JOB_READER_RUNS)
        reader->run[at].closed = true;
    if (reader->n_gone < JOB_READER_GONE)
        reader->gone[reader->n_gone++] = run;
    UND_ASSERT(reader->n_gone <= JOB_READER_GONE);
}

static enum und_code read_jobs(struct job_reader *reader, const struct wanted *wanted,
                               struct und_err *err)
{
    size_t i;
    github_jobs_fini(&reader->jobs);
    for (i = 0; i < wanted->n && err->code == UND_OK; i++) {
        struct github_jobs jobs = {0};
        struct und_err failed = {0};
        if (github_jobs(reader->github, wanted->run[i], true, &jobs, &failed) == UND_OK)
            note_end(reader, wanted->run[i], &jobs);
        else if (github_status(reader->github) == 404)
            forget_run(reader, wanted->run[i]);
        else
            und_fail(err, failed.code, "%s", failed.text);
        append(&reader->jobs, &jobs);
        github_jobs_fini(&jobs);
    }
    return err->code;
}

enum und_code job_reader_look(struct job_reader *reader, int64_t since_wall_ms, const int64_t *more,
                              size_t n_more, struct und_err *err)
{
    struct wanted wanted = {.n = 0};
    size_t i;
    UND_ASSERT(more || n_more == 0);
    reader->n_gone = 0;
    if (want_runs(reader, "in_progress", ACTIVE_RUNS, since_wall_ms, &wanted, err) != UND_OK ||
        want_runs(reader, "queued", ACTIVE_RUNS, since_wall_ms, &wanted, err) != UND_OK ||
        want_runs(reader, NULL, NEWEST_RUNS, since_wall_ms, &wanted, err) != UND_OK)
        return err->code;
    for (i = 0; i < n_more; i++)
        want(&wanted, more[i]);
    for (i = 0; i < kept(reader); i++) /* an end that was not seen is still to be learnt */
        if (!reader->run[i].closed)
            want(&wanted, reader->run[i].id);
    return read_jobs(reader, &wanted, err);
}
