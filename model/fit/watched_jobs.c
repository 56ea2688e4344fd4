/* Jobs out of busy slots. */
#include "history_internal.h"
#include "model/base/assert.h"
#include "model/base/units.h"
#include "watched.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct jobs {
    struct watched *watched;
    struct history *history;
    struct raw_rows raw;
    size_t *running; /* rows of the jobs that run on the host at hand, the oldest first */
    size_t n, capacity;
    int before; /* jobs of unknown start that run there: they end first */
};

static void begin(struct jobs *jobs, int64_t at_ms)
{
    struct raw_row *raw;
    if (jobs->raw.n == jobs->raw.capacity) {
        jobs->raw.capacity = jobs->raw.capacity ? 2 * jobs->raw.capacity : 1024;
        jobs->raw.row = realloc(jobs->raw.row, jobs->raw.capacity * sizeof *jobs->raw.row);
    }
    if (jobs->n == jobs->capacity) {
        jobs->capacity = jobs->capacity ? 2 * jobs->capacity : 64;
        jobs->running = realloc(jobs->running, jobs->capacity * sizeof *jobs->running);
    }
    UND_ASSERT(jobs->raw.row != NULL && jobs->running != NULL);
    jobs->running[jobs->n++] = jobs->raw.n;
    raw = &jobs->raw.row[jobs->raw.n++];
    memset(raw, 0, sizeof *raw);
    raw->stated = raw->wait_ms = NAN;
    raw->workflow = -1;
    raw->row = (struct job_row){.created_ms = at_ms,
                                .started_ms = at_ms,
                                .finished_ms = HISTORY_NONE,
                                .job_class = -1,
                                .runner = -1,
                                .attempt = 1,
                                .line = (int)jobs->raw.n,
                                .end = END_OPEN};
}

/* The oldest goes: it ended, or (`cut`) nothing is known of it any more. */
static void end(struct jobs *jobs, int64_t at_ms, bool cut)
{
    struct job_row *row;
    if (jobs->before > 0) {
        jobs->before--;
        return;
    }
    UND_ASSERT(jobs->n > 0 && jobs->running != NULL);
    row = &jobs->raw.row[jobs->running[0]].row;
    memmove(jobs->running, jobs->running + 1, --jobs->n * sizeof *jobs->running);
    row->end = cut ? END_FAILURE : END_SUCCESS;
    row->finished_ms = cut ? HISTORY_NONE : at_ms;
    jobs->watched->cut += cut;
    jobs->watched->seen += !cut;
}

static void take_host(struct jobs *jobs, const struct watched_host *host)
{
    double rises = 0, falls = 0, rows = 0;
    bool known = false;
    size_t i;
    jobs->n = 0;
    jobs->before = 0;
    for (i = 0; i < host->n; i++) {
        const struct watched_row *row = &host->row[i];
        int busy = row->value[WATCHED_BUSY], run = (int)jobs->n + jobs->before;
        bool gone = row->value[WATCHED_UP] == 0;
        rows += known;
        rises += known && busy > run ? busy - run : 0;
        falls += known && busy >= 0 && busy < run ? run - busy : 0;
        for (; run > (busy < 0 ? 0 : busy); run--)
            end(jobs, row->at_ms, busy < 0 || gone);
        if (busy > run && !known)
            jobs->before = busy - run;
        for (; known && run < busy; run++)
            begin(jobs, row->at_ms);
        known = busy >= 0;
    }
    /* As many as chance puts together of so many beginnings and ends. */
    jobs->watched->hidden += rows > 0 ? rises * falls / rows : 0;
}

static bool is_told(const struct watched_host *host)
{
    size_t i;
    for (i = 0; i < host->n; i++)
        if (host->row[i].value[WATCHED_BUSY] >= 0)
            return true;
    return false;
}

/* ---- waits ---- */

static int compare_starts(const void *a, const void *b)
{
    const struct raw_row *x = a, *y = b;
    return (x->row.started_ms > y->row.started_ms) - (x->row.started_ms < y->row.started_ms);
}

/* What came between two rows of the queue is what started and what the queue has grown by; who came
 * first starts first. */
static void find_waits(struct jobs *jobs)
{
    const struct watched_host *fleet = &jobs->watched->fleet;
    size_t i, k = 0, first = 0, last = 0, room = jobs->raw.n + 1;
    int64_t *came = NULL;
    int before = WATCHED_UNKNOWN;
    for (i = 0; i < fleet->n; i++)
        room += fleet->row[i].value[WATCHED_QUEUED] > 0
                    ? (size_t)fleet->row[i].value[WATCHED_QUEUED]
                    : 0;
    came = malloc(room * sizeof *came);
    UND_ASSERT(came != NULL);
    for (i = 0; i < fleet->n; i++) {
        const struct watched_row *row = &fleet->row[i];
        int queued = row->value[WATCHED_QUEUED];
        size_t until = k;
        int64_t more;
        while (until < jobs->raw.n && jobs->raw.row[until].row.started_ms <= row->at_ms)
            until++;
        more = (int64_t)(until - k) + queued - before;
        if (queued < 0 || before < 0) {
            first = last; /* nothing is known of who waits */
            more = 0;
        }
        jobs->watched->queued = jobs->watched->queued || queued >= 0;
        for (; more > 0; more--)
            came[last++] = row->at_ms;
        for (; more < 0 && last > first; more++)
            last--; /* cancelled while they waited */
        for (; k < until; k++)
            if (first < last)
                jobs->raw.row[k].row.created_ms = came[first] < jobs->raw.row[k].row.started_ms
                                                      ? came[first]
                                                      : jobs->raw.row[k].row.started_ms,
                first++;
        before = queued;
    }
    free(came);
}

static void count(struct watched *watched)
{
    size_t i;
    for (i = 0; i < watched->fleet.n; i++) {
        const int *value = watched->fleet.row[i].value;
        watched->succeeded += value[WATCHED_SUCCEEDED] > 0 ? value[WATCHED_SUCCEEDED] : 0;
        watched->failed += value[WATCHED_FAILED] > 0 ? value[WATCHED_FAILED] : 0;
        watched->counted = watched->counted || value[WATCHED_SUCCEEDED] >= 0;
    }
}

enum und_code watched_jobs(struct watched *watched, struct history *history, struct und_err *err)
{
    struct jobs jobs = {.watched = watched, .history = history};
    bool any = false;
    int h;
    memset(history, 0, sizeof *history);
    history->offset_changed = HISTORY_NONE;
    history->clocked = history->zoned = true;
    history->sampled_ms = watched->step_ms > 0 ? watched->step_ms : UNITS_SECOND;
    snprintf(history->path, sizeof history->path, "%s", watched->path);
    for (h = 0; h < watched->n_hosts; h++) {
        take_host(&jobs, &watched->host[h]);
        any = any || is_told(&watched->host[h]);
    }
    if (!any) /* only how many are busy in all */
        take_host(&jobs, &watched->fleet);
    if (jobs.raw.n > 0) {
        qsort(jobs.raw.row, jobs.raw.n, sizeof *jobs.raw.row, compare_starts);
        find_waits(&jobs);
    }
    count(watched);
    history->read = jobs.raw.n;
    if (jobs.raw.n > 0)
        history_clean(history, &jobs.raw);
    history->waits = watched->queued;
    free(jobs.raw.row);
    free(jobs.running);
    if (history->n == 0)
        und_fail(err, UND_USAGE,
                 "%s: busy: got no slot that becomes busy, want those of a few jobs; or give a CSV "
                 "file of jobs beside it",
                 watched->path);
    return err->code;
}
