#include "fetch_jobs.h"
#include "live/base/interrupt.h"
#include "live/base/wire.h"
#include "model/base/assert.h"
#include "model/load/loader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_MS (24 * 3600 * 1000LL)
#define PATIENCE_MS (65 * 60 * 1000LL) /* a primary limit is reset every hour */
#define HEADER                                                                                     \
    "id,run_id,run_attempt,repository,workflow_name,name,status,conclusion,created_at,started_at," \
    "completed_at,runner_name\n"

struct fetch {
    struct github_client *client;
    const struct fetch_wish *wish;
    struct fetched *fetched;
    FILE *file;
    json_t *attempts; /* of the runs in the file: the last one, by id */
    struct und_err *err;
};

/* ---- what is there already ---- */

static enum und_code refuse_file(const struct fetch *fetch, int line, const char *want)
{
    return und_fail(fetch->err, UND_USAGE, "%s:%d: want %s, or no file of that name yet",
                    fetch->wish->file, line, want);
}

static bool of_repository(const struct fetch *fetch, const char *rest)
{
    size_t n = strlen(fetch->wish->repository);
    return strncmp(rest, fetch->wish->repository, n) == 0 && rest[n] == ',';
}

static void know(struct fetch *fetch, long long run, long long attempt)
{
    char key[32];
    snprintf(key, sizeof key, "%lld", run);
    json_object_set_new(fetch->attempts, key, json_integer(attempt));
}

static int64_t known_attempt(const struct fetch *fetch, int64_t run)
{
    char key[32];
    snprintf(key, sizeof key, "%lld", (long long)run);
    return json_integer_value(json_object_get(fetch->attempts, key));
}

/* Which runs are in the file; where its last one begins, which may be half there, it is cut. */
static enum und_code look_through(struct fetch *fetch)
{
    char *line = NULL;
    size_t size = 0;
    long begins = (long)strlen(HEADER), at;
    long long id, run = -1, last = -1, attempt, before = 0;
    int number = 1, taken = 0;
    ssize_t n = getline(&line, &size, fetch->file);
    if (n > 0 && strcmp(line, HEADER) != 0)
        refuse_file(fetch, 1, "a file that fit --github has written");
    for (at = n; n > 0 && fetch->err->code == UND_OK; at += n) {
        if ((n = getline(&line, &size, fetch->file)) <= 0)
            break;
        number++;
        taken = 0;
        if (line[n - 1] != '\n')
            break;
        if (sscanf(line, "%lld,%lld,%lld,%n", &id, &run, &attempt, &taken) != 3 || taken == 0)
            refuse_file(fetch, number, "a row that fit --github has written");
        else if (!of_repository(fetch, line + taken))
            refuse_file(fetch, number, "jobs of the fleet's repository");
        if (run != last) {
            before = known_attempt(fetch, run); /* of an earlier reading */
            begins = at;
        }
        last = run;
        know(fetch, run, attempt > known_attempt(fetch, run) ? attempt : known_attempt(fetch, run));
    }
    free(line);
    if (fetch->err->code == UND_OK && last >= 0) {
        know(fetch, last, before);
        if (fseek(fetch->file, begins, SEEK_SET) != 0 ||
            ftruncate(fileno(fetch->file), begins) != 0)
            und_fail(fetch->err, UND_USAGE, "%s: cannot write: %s", fetch->wish->file,
                     strerror(errno));
    }
    return fetch->err->code;
}

static enum und_code open_file(struct fetch *fetch)
{
    const char *path = fetch->wish->file;
    if ((fetch->file = fopen(path, "r+")) != NULL) {
        bool empty = fgetc(fetch->file) == EOF;
        rewind(fetch->file);
        if (empty)
            fputs(HEADER, fetch->file);
        rewind(fetch->file);
        return look_through(fetch);
    }
    if (errno != ENOENT || (fetch->file = fopen(path, "w")) == NULL)
        return und_fail(fetch->err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
    fputs(HEADER, fetch->file);
    return UND_OK;
}

/* ---- rows ---- */

static void put_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
    }
    fputs("\"", out);
}

static void put_time(FILE *out, int64_t at_ms, char end)
{
    char text[WIRE_TIME];
    if (at_ms >= 0)
        fputs(wire_time(text, at_ms), out);
    fputc(end, out);
}

static void put_job(FILE *out, const struct fetch *fetch, const struct github_run *run,
                    const struct github_job *job)
{
    fprintf(out, "%lld,%lld,%lld,%s,", (long long)job->id, (long long)run->id,
            (long long)job->attempt, fetch->wish->repository);
    put_text(out, run->name);
    fputc(',', out);
    put_text(out, job->name);
    fprintf(out, ",%s,%s,", job->status, job->conclusion);
    put_time(out, job->created_ms, ',');
    put_time(out, job->started_ms, ',');
    put_time(out, job->completed_ms, ',');
    put_text(out, job->runner_name);
    fputs("\n", out);
}

static bool is_ours(const struct fetch *fetch, const struct github_job *job)
{
    int i;
    for (i = 0; i < job->labels.n; i++)
        if (strcmp(job->labels.name[i], "self-hosted") == 0 ||
            (fetch->wish->label[0] && strcmp(job->labels.name[i], fetch->wish->label) == 0))
            return true;
    return false;
}

/* All rows of the run in one write. */
static enum und_code write_run(struct fetch *fetch, const struct github_run *run,
                               const struct github_jobs *jobs, int64_t known)
{
    char *text = NULL;
    size_t length = 0, i;
    FILE *out = open_memstream(&text, &length);
    UND_ASSERT(out != NULL);
    for (i = 0; i < jobs->n; i++) {
        if (jobs->item[i].attempt <= known)
            continue;
        if (!is_ours(fetch, &jobs->item[i])) {
            fetch->fetched->hosted++;
            continue;
        }
        put_job(out, fetch, run, &jobs->item[i]);
        fetch->fetched->jobs++;
    }
    fclose(out);
    if (fwrite(text, 1, length, fetch->file) != length || fflush(fetch->file) != 0)
        und_fail(fetch->err, UND_USAGE, "%s: cannot write: %s", fetch->wish->file, strerror(errno));
    free(text);
    return fetch->err->code;
}

/* ---- runs ---- */

static void show(const struct fetch *fetch, int64_t at_ms)
{
    char when[WIRE_TIME];
    if (fetch->wish->progress != NULL)
        fprintf(fetch->wish->progress,
                "\r  %.10s: %lld runs and %lld jobs read, %lld runs known; %lld calls left \033[K",
                wire_time(when, at_ms), (long long)fetch->fetched->runs,
                (long long)fetch->fetched->jobs, (long long)fetch->fetched->known,
                (long long)github_limits(fetch->client)->remaining);
}

static enum und_code take_run(struct fetch *fetch, const struct github_run *run)
{
    struct github_jobs jobs = {0};
    int64_t known = known_attempt(fetch, run->id);
    if (strcmp(run->status, "completed") != 0) {
        fetch->fetched->open++;
        return UND_OK;
    }
    if (known >= run->attempt) {
        fetch->fetched->known++;
        return UND_OK;
    }
    if (github_jobs(fetch->client, run->id, true, &jobs, fetch->err) == UND_OK &&
        write_run(fetch, run, &jobs, known) == UND_OK) {
        know(fetch, run->id, run->attempt); /* a list may show it twice */
        fetch->fetched->runs++;
        show(fetch, run->created_ms);
    }
    github_jobs_fini(&jobs);
    return fetch->err->code;
}

/* Where there are as many as GitHub lists at most, there may be more: by halves. */
static enum und_code take_stretch(struct fetch *fetch, int64_t from_ms, int64_t to_ms)
{
    struct github_runs runs = {0};
    int64_t middle_ms = from_ms + (to_ms - from_ms) / 2000 * 1000;
    size_t i;
    if (github_runs_created(fetch->client, from_ms, to_ms, &runs, fetch->err) == UND_OK &&
        runs.n >= GITHUB_FILTERED && middle_ms > from_ms) {
        if (take_stretch(fetch, from_ms, middle_ms) == UND_OK)
            take_stretch(fetch, middle_ms + 1000, to_ms);
    } else {
        for (i = runs.n; i > 0 && fetch->err->code == UND_OK; i--) /* the oldest first */
            take_run(fetch, &runs.item[i - 1]);
    }
    github_runs_fini(&runs);
    return fetch->err->code;
}

enum und_code fetch_jobs(struct github_client *client, const struct fetch_wish *wish,
                         struct fetched *fetched, struct und_err *err)
{
    struct fetch fetch = {.client = client, .wish = wish, .fetched = fetched, .err = err};
    int64_t at_ms = wish->since_ms / 1000 * 1000;
    *fetched = (struct fetched){0};
    fetch.attempts = json_object();
    if (open_file(&fetch) == UND_OK)
        for (; at_ms <= wish->now_ms && err->code == UND_OK; at_ms += DAY_MS) {
            show(&fetch, at_ms);
            take_stretch(&fetch, at_ms, at_ms + DAY_MS - 1000);
        }
    if (wish->progress != NULL)
        fputs("\r\033[K", wish->progress);
    if (fetch.file != NULL && fclose(fetch.file) != 0 && err->code == UND_OK)
        und_fail(err, UND_USAGE, "%s: cannot write: %s", wish->file, strerror(errno));
    json_decref(fetch.attempts);
    return err->code;
}

/* ---- by a fleet file ---- */

static void say(const struct fetched *fetched, const char *file)
{
    fprintf(stderr,
            "%s: %lld jobs of %lld runs read, %lld runs known already; left out: %lld jobs of "
            "GitHub's own machines, %lld runs that are not over\n",
            file, (long long)fetched->jobs, (long long)fetched->runs, (long long)fetched->known,
            (long long)fetched->hosted, (long long)fetched->open);
}

static enum und_code fetch_by(const struct scenario *scenario, const char *fleet,
                              const struct fetch_wish *asked, bool quiet, struct und_err *err)
{
    const struct live *live = &scenario->fleet.live;
    const struct http_config base = {.cancel = interrupt_flag(), .patience_ms = PATIENCE_MS};
    struct github_client *client = NULL;
    struct fetched fetched;
    struct fetch_wish wish = *asked;
    char repository[300];
    if (!live->present || !live->github.repository[0])
        return und_fail(err, UND_USAGE,
                        "%s: live.github.repository: got none, want where the jobs "
                        "are",
                        fleet);
    snprintf(repository, sizeof repository, "%s/%s", live->github.owner, live->github.repository);
    wish.repository = repository;
    wish.label = live->github.label;
    interrupt_install();
    if (github_open(&client, live, &base, err) == UND_OK) {
        fetch_jobs(client, &wish, &fetched, err);
        if (!quiet)
            say(&fetched, wish.file);
        if (err->code == UND_SERVICE || err->code == UND_INTERRUPTED)
            fprintf(stderr, "%s: keeps what was read; the same command goes on\n", wish.file);
    }
    github_close(client);
    return err->code;
}

enum und_code fetch_jobs_of(const char *fleet, int64_t since_ms, const char *file, bool quiet,
                            struct und_err *err)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct fetch_wish wish = {.file = file, .since_ms = since_ms, .now_ms = http_wall_ms()};
    UND_ASSERT(scenario != NULL);
    if (since_ms >= wish.now_ms) {
        und_fail(err, UND_USAGE, "--since: got a time that is still to come");
    } else if (scenario_load(scenario, fleet, NULL, 0, err) == UND_OK) {
        wish.progress = !quiet && isatty(STDERR_FILENO) ? stderr : NULL;
        fetch_by(scenario, fleet, &wish, quiet, err);
        scenario_fini(scenario);
    }
    free(scenario);
    return err->code;
}
