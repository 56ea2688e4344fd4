#include "search.h"
#include "model/base/assert.h"
#include "sim/engine/stream.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CANDIDATES 3 /* pairs, of which the least met is the focus */

struct worker {
    struct crew *crew;
    struct scenario *scenario; /* its own copy, whose faults and load change */
    struct trial_stage *stage;
};

struct crew {
    const struct search_options *options;
    double rate_per_ms;
    struct schedule schedule[SEARCH_GENERATION];
    struct trial trial[SEARCH_GENERATION];
    int n;
    atomic_int next;
    int threads;
    struct worker worker[SEARCH_THREADS];
};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Polls that always come cost many times those that sleep. */
static bool is_run_twice(const struct schedule *schedule)
{
    return schedule->number % SEARCH_TWICE_EVERY == 0 && schedule->end_ms <= SEARCH_TWICE_MS;
}

struct trial_options search_trial(const struct schedule *schedule)
{
    return (struct trial_options){.seed = schedule_stream_seed(schedule),
                                  .replications = SEARCH_REPLICATIONS,
                                  .converge = true,
                                  .twice = is_run_twice(schedule) ? 1 : 0,
                                  .expectations = true};
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct crew *crew = worker->crew;
    for (;;) {
        int i = atomic_fetch_add(&crew->next, 1);
        struct trial_options options;
        if (i >= crew->n)
            return NULL;
        options = search_trial(&crew->schedule[i]);
        schedule_apply(&crew->schedule[i], crew->rate_per_ms, worker->scenario);
        trial_on(worker->stage, &options, &crew->trial[i]);
    }
}

/* ---- a generation ---- */

/* Half of the schedules are free of any wish. */
static void draw_focus(const struct fleet *fleet, const struct coverage *coverage, uint64_t seed,
                       int64_t number, enum fault_kind focus[2])
{
    struct stream stream;
    int64_t least = INT64_MAX;
    int i;
    focus[0] = focus[1] = SCHEDULE_ANY;
    stream_seed(&stream, (seed ^ 0xC0FFEEu) + (uint64_t)number * 0x9E3779B97F4A7C15u);
    if (stream_below(&stream, 2) == 0)
        return;
    for (i = 0; i < CANDIDATES; i++) {
        enum fault_kind a = (enum fault_kind)stream_below(&stream, FAULT_KINDS);
        enum fault_kind b = (enum fault_kind)stream_below(&stream, FAULT_KINDS);
        int64_t met = coverage->pair[a < b ? a : b][a < b ? b : a];
        if (met >= least || !schedule_can(fleet, a) || !schedule_can(fleet, b))
            continue;
        least = met;
        focus[0] = a;
        focus[1] = b;
    }
}

static void draw_generation(struct crew *crew, const struct search_result *result)
{
    const struct search_options *options = crew->options;
    const struct fleet *fleet = &crew->worker[0].scenario->fleet;
    int64_t left =
        options->schedules > 0 ? options->schedules - result->schedules : SEARCH_GENERATION;
    int i;
    crew->n = options->only >= 0 ? 1 : left < SEARCH_GENERATION ? (int)left : SEARCH_GENERATION;
    for (i = 0; i < crew->n; i++) {
        int64_t number = options->only >= 0 ? options->only : result->schedules + i;
        enum fault_kind focus[2] = {options->focus[0], options->focus[1]};
        if (options->only < 0)
            draw_focus(fleet, &result->coverage, options->seed, number, focus);
        schedule_draw(fleet, options->seed, number, focus, result->bound_ms, &crew->schedule[i]);
    }
}

static void run_generation(struct crew *crew)
{
    pthread_t thread[SEARCH_THREADS];
    int i;
    atomic_store(&crew->next, 0);
    for (i = 1; i < crew->threads; i++)
        UND_ASSERT(pthread_create(&thread[i], NULL, work, &crew->worker[i]) == 0);
    work(&crew->worker[0]);
    for (i = 1; i < crew->threads; i++)
        pthread_join(thread[i], NULL);
}

static void add_up(const struct crew *crew, struct search_result *result)
{
    int i;
    for (i = 0; i < crew->n && !result->failed; i++) {
        const struct trial *trial = &crew->trial[i];
        result->schedules++;
        result->replications += SEARCH_REPLICATIONS;
        result->simulated_ms += trial->simulated_ms;
        result->events += trial->events;
        result->faults += SEARCH_REPLICATIONS * crew->schedule[i].n;
        result->trouble_ms += SEARCH_REPLICATIONS * schedule_trouble_ms(&crew->schedule[i]);
        coverage_merge(&result->coverage, &trial->coverage);
        if (trial->reason == TRIAL_HOLDS)
            continue;
        result->failed = true;
        result->schedule = crew->schedule[i];
        result->trial = *trial;
    }
}

static bool is_over(const struct search_options *options, const struct search_result *result)
{
    if (result->failed || options->only >= 0)
        return true;
    if (options->schedules > 0 && result->schedules >= options->schedules)
        return true;
    return options->for_ms > 0 && result->seconds * 1000 >= (double)options->for_ms;
}

static void hire(struct crew *crew, const struct scenario *scenario)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int i;
    crew->threads = crew->options->threads > 0 ? crew->options->threads : (int)processors;
    crew->threads = crew->threads > SEARCH_THREADS ? SEARCH_THREADS : crew->threads;
    for (i = 0; i < crew->threads; i++) {
        crew->worker[i].crew = crew;
        crew->worker[i].scenario = malloc(sizeof *scenario);
        UND_ASSERT(crew->worker[i].scenario != NULL);
        *crew->worker[i].scenario = *scenario; /* what it points to is read alone */
        crew->worker[i].stage = trial_open(crew->worker[i].scenario);
    }
}

void search_run(const struct scenario *scenario, const struct search_options *options,
                struct search_result *result)
{
    struct crew *crew = calloc(1, sizeof *crew);
    double start = seconds();
    int i;
    UND_ASSERT(crew != NULL &&
               (options->schedules > 0 || options->for_ms > 0 || options->only >= 0));
    memset(result, 0, sizeof *result);
    result->bound_ms =
        options->bound_ms > 0 ? options->bound_ms : schedule_bound_ms(&scenario->fleet);
    crew->options = options;
    crew->rate_per_ms = scenario->fleet.workload.arrivals.rate_per_ms;
    hire(crew, scenario);
    do {
        draw_generation(crew, result);
        run_generation(crew);
        add_up(crew, result);
        result->seconds = seconds() - start;
        if (options->progress)
            options->progress(options->context, result->schedules,
                              (double)result->simulated_ms / 86400000.0);
    } while (!is_over(options, result));
    for (i = 0; i < crew->threads; i++) {
        trial_close(crew->worker[i].stage);
        free(crew->worker[i].scenario);
    }
    free(crew);
}
