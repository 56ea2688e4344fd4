#include "rehearsal.h"

#include "model/base/assert.h"
#include "rehearsal_stage.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_THREADS 64
#define ATTEMPTS 4 /* at most so many for each that is wanted */

struct troupe {
    const struct scenario *scenario;
    const struct rehearsal *rehearsal;
    struct stream *base; /* of each replication */
    struct drill_report *report;
    int64_t n;
    _Atomic int64_t next;
};

static enum und_code play(struct rehearsal_stage *stage, const struct scenario *scenario,
                          const struct rehearsal *rehearsal, const struct stream *base,
                          struct drill_report *report, struct und_err *err)
{
    static const struct dist at_once = {.kind = DIST_FIXED};
    struct drill_options options = {.observe = rehearsal->observe};
    const struct dist *at = scenario->n_faults > 0 ? &scenario->faults[0].at : &at_once;
    stage->instant = rehearsal->instant;
    rehearsal_stage_start(stage, base, drill_baseline_ms(&scenario->fleet), at, options.phase_ms);
    drill_run(scenario, &options, &stage->stage, report, err);
    rehearsal_stage_finish(stage);
    return err->code;
}

static void *work(void *argument)
{
    struct troupe *troupe = argument;
    struct rehearsal_stage *stage = rehearsal_stage_open(troupe->scenario);
    struct und_err err = {0};
    int64_t r;
    while ((r = atomic_fetch_add(&troupe->next, 1)) < troupe->n) {
        play(stage, troupe->scenario, troupe->rehearsal, &troupe->base[r], &troupe->report[r],
             &err);
        UND_ASSERT(err.code == UND_OK); /* a scenario without a drill was refused before */
        timeline_fini(&troupe->report[r].timeline);
        if (troupe->rehearsal->progress)
            troupe->rehearsal->progress(troupe->rehearsal->context, r + 1, troupe->n);
    }
    rehearsal_stage_close(stage);
    return NULL;
}

static int thread_count(const struct rehearsal *rehearsal)
{
    long n = rehearsal->threads > 0 ? rehearsal->threads : sysconf(_SC_NPROCESSORS_ONLN);
    n = n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : n;
    return (int)(n < rehearsal->replications ? n : rehearsal->replications);
}

static void run_all(struct troupe *troupe)
{
    pthread_t thread[MAX_THREADS];
    int i, threads = thread_count(troupe->rehearsal);
    for (i = 1; i < threads; i++)
        UND_ASSERT(pthread_create(&thread[i], NULL, work, troupe) == 0);
    work(troupe);
    for (i = 1; i < threads; i++)
        pthread_join(thread[i], NULL);
}

/* As experiment.c gives them to the replications of `understudy sim`. */
static struct stream *bases(uint64_t seed, int64_t n)
{
    struct stream *base = calloc((size_t)n, sizeof *base);
    int64_t r;
    UND_ASSERT(base != NULL && n > 0);
    stream_seed(&base[0], seed);
    for (r = 1; r < n; r++) {
        base[r] = base[r - 1];
        stream_long_jump(&base[r]);
    }
    return base;
}

static enum und_code check(const struct scenario *scenario, struct und_err *err)
{
    if (scenario->drill.present)
        return UND_OK;
    return und_fail(err, UND_USAGE, "%s: drill: missing, want one (see `understudy schema`)",
                    scenario->path);
}

static int64_t counted(const struct troupe *troupe, int64_t most)
{
    int64_t r, n = 0;
    for (r = 0; r < troupe->n; r++)
        n += drill_end_counts(troupe->report[r].end) && n < most;
    return n;
}

/* A policy that breaks a promise foretells nothing; as in experiment.c, one line shows it again. */
static enum und_code check_reports(const struct troupe *troupe, struct und_err *err)
{
    const struct rehearsal *rehearsal = troupe->rehearsal;
    int64_t r;
    for (r = 0; r < troupe->n; r++)
        if (troupe->report[r].end == DRILL_BROKEN)
            return und_fail(err, UND_FAILED,
                            "%s: %s of rehearsal %lld; reproduce: understudy drill %s --rehearse%s "
                            "--seed %llu --replications %lld",
                            troupe->scenario->path, troupe->report[r].why, (long long)r,
                            troupe->scenario->path, rehearsal->observe ? " --observe" : "",
                            (unsigned long long)rehearsal->seed, (long long)r + 1);
    return UND_OK;
}

/* As many more as are still missing: those that were refused say nothing. */
static void run_until_complete(struct troupe *troupe)
{
    int64_t wanted = troupe->rehearsal->replications, most = wanted * ATTEMPTS, missing = wanted;
    while (missing > 0 && troupe->n < most) {
        troupe->next = troupe->n;
        troupe->n = troupe->n + missing < most ? troupe->n + missing : most;
        run_all(troupe);
        missing = wanted - counted(troupe, wanted);
    }
}

static enum und_code foretell(const struct troupe *troupe, struct prediction *prediction,
                              struct und_err *err)
{
    prediction_init(prediction, troupe->report, troupe->n);
    prediction->seed = troupe->rehearsal->seed;
    prediction->observe = troupe->rehearsal->observe;
    if (prediction->replications > 0)
        return UND_OK;
    und_fail(err, UND_FAILED, "%s: none of %lld rehearsals was completed; the first: %s",
             troupe->scenario->path, (long long)troupe->n, prediction->reason);
    prediction_fini(prediction);
    return err->code;
}

enum und_code rehearsal_run(const struct scenario *scenario, const struct rehearsal *rehearsal,
                            struct prediction *prediction, struct und_err *err)
{
    struct troupe troupe = {.scenario = scenario, .rehearsal = rehearsal};
    int64_t most = rehearsal->replications * ATTEMPTS;
    if (check(scenario, err) != UND_OK)
        return err->code;
    troupe.base = bases(rehearsal->seed, most);
    troupe.report = calloc((size_t)most, sizeof *troupe.report);
    UND_ASSERT(troupe.report != NULL);
    run_until_complete(&troupe);
    if (check_reports(&troupe, err) == UND_OK)
        foretell(&troupe, prediction, err);
    free(troupe.report);
    free(troupe.base);
    return err->code;
}

enum und_code rehearsal_play(const struct scenario *scenario, const struct rehearsal *rehearsal,
                             int64_t replication, struct drill_report *report,
                             struct incident *truth, int *n_truth, struct und_err *err)
{
    struct rehearsal_stage *stage;
    struct stream *base;
    if (check(scenario, err) != UND_OK)
        return err->code;
    stage = rehearsal_stage_open(scenario);
    base = bases(rehearsal->seed, replication + 1);
    play(stage, scenario, rehearsal, &base[replication], report, err);
    *n_truth = stage->rep.n_incidents < *n_truth ? stage->rep.n_incidents : *n_truth;
    memcpy(truth, stage->incidents, (size_t)*n_truth * sizeof *truth);
    free(base);
    rehearsal_stage_close(stage);
    return err->code;
}
