#include "experiment.h"
#include "measure.h"
#include "world.h"

#include "model/assert.h"
#include "model/policy_names.h"
#include "model/stats.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_THREADS 64
#define CHUNK 4 /* replications a thread takes at a time */

struct crew {
    const struct scenario *scenario;
    const struct experiment *experiment;
    struct world *world[MAX_THREADS];
    int threads;
    struct stream *base; /* of each replication */
    struct findings findings;
    _Atomic int64_t next, done;
    int64_t end;
    struct timeline *timeline;
};

struct worker {
    struct crew *crew;
    int index;
};

static void replicate(struct crew *crew, struct world *world, int64_t r)
{
    struct findings *f = &crew->findings;
    world->timeline = r == 0 ? crew->timeline : NULL;
    world_run(world, &crew->base[r], &f->rep[r], f->incidents + r * f->max_incidents,
              f->max_incidents);
    world->timeline = NULL;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct crew *crew = worker->crew;
    for (;;) {
        int64_t first = atomic_fetch_add(&crew->next, CHUNK), r;
        if (first >= crew->end)
            return NULL;
        for (r = first; r < first + CHUNK && r < crew->end; r++)
            replicate(crew, crew->world[worker->index], r);
        r = atomic_fetch_add(&crew->done, CHUNK) + CHUNK;
        if (worker->index == 0 && crew->experiment->progress)
            crew->experiment->progress(crew->experiment->context, r < crew->end ? r : crew->end,
                                       crew->end);
    }
}

/* Replications from..to-1, on all threads. */
static void run_batch(struct crew *crew, int64_t from, int64_t to)
{
    pthread_t thread[MAX_THREADS];
    struct worker worker[MAX_THREADS];
    int i;
    crew->next = from;
    crew->done = from;
    crew->end = to;
    for (i = 0; i < crew->threads; i++)
        worker[i] = (struct worker){crew, i};
    for (i = 1; i < crew->threads; i++)
        UND_ASSERT(pthread_create(&thread[i], NULL, work, &worker[i]) == 0);
    work(&worker[0]);
    for (i = 1; i < crew->threads; i++)
        pthread_join(thread[i], NULL);
}

/* Room for more replications; their bases follow from the last one's. */
static void extend(struct crew *crew, int64_t to, uint64_t seed)
{
    struct findings *f = &crew->findings;
    int64_t r, from = f->n;
    f->rep = realloc(f->rep, (size_t)to * sizeof *f->rep);
    f->incidents =
        realloc(f->incidents, (size_t)(to * f->max_incidents + 1) * sizeof *f->incidents);
    crew->base = realloc(crew->base, (size_t)to * sizeof *crew->base);
    UND_ASSERT(f->rep && f->incidents && crew->base);
    for (r = from; r < to; r++) {
        if (r == 0) {
            stream_seed(&crew->base[0], seed);
            continue;
        }
        crew->base[r] = crew->base[r - 1];
        stream_long_jump(&crew->base[r]);
    }
    f->n = to;
}

static int max_incidents(const struct scenario *scenario)
{
    bool recurring = false;
    int i;
    for (i = 0; i < scenario->n_faults; i++)
        recurring = recurring || scenario->faults[i].has_every;
    for (i = 0; i < scenario->fleet.n_hosts; i++)
        recurring = recurring || scenario->fleet.hosts[i].has_mtbf;
    return recurring ? WORLD_INCIDENTS : scenario->n_faults;
}

/* Offered load over capacity, 0 where the question has no such limit. */
static double offered_load(const struct scenario *scenario)
{
    const struct fleet *fleet = &scenario->fleet;
    const struct workload *workload = &fleet->workload;
    double rate = workload->arrivals.rate_per_ms, fan_out = workload->fan_out.mean;
    double weights = 0, work = 0, capacity = 0;
    int i;
    if (workload->arrivals.kind == ARRIVALS_RENEWAL)
        rate = 1 / dist_mean(&workload->arrivals.interval);
    if (workload->arrivals.kind == ARRIVALS_NONE || workload->arrivals.kind == ARRIVALS_TRACE ||
        scenario->n_faults > 0 || workload->queue.capacity >= 0 || workload->queue.has_patience)
        return 0;
    if (workload->fan_out.kind == FAN_OUT_EMPIRICAL) {
        double sum = 0;
        fan_out = 0;
        for (i = 0; i < workload->fan_out.n_weights; i++) {
            sum += workload->fan_out.weights[i];
            fan_out += (i + 1) * workload->fan_out.weights[i];
        }
        fan_out /= sum;
    }
    for (i = 0; i < workload->n_classes; i++) {
        weights += workload->classes[i].weight;
        work += workload->classes[i].weight * dist_mean(&workload->classes[i].duration);
    }
    for (i = 0; i < fleet->n_hosts; i++) {
        const struct host *host = &fleet->hosts[i];
        double up = 1;
        if (host->has_mtbf)
            up = dist_mean(&host->mtbf) / (dist_mean(&host->mtbf) + dist_mean(&host->mttr));
        capacity += up * host->slots * host->speed;
    }
    return rate * fan_out * work / weights / capacity;
}

static enum und_code check_question(const struct scenario *scenario, struct und_err *err)
{
    double load = offered_load(scenario);
    if (scenario->warmup_ms >= scenario->duration_ms && scenario->duration_ms > 0)
        return und_fail(err, UND_USAGE, "%s: warmup: got %.0f s, want less than the duration",
                        scenario->path, (double)scenario->warmup_ms / 1000);
    if (load < 1)
        return UND_OK;
    return und_fail(err, UND_USAGE,
                    "%s: workload: unstable: got an offered load of %.1f%% of the capacity, want "
                    "below 100%% (or a queue capacity, patience or a fault)",
                    scenario->path, 100 * load);
}

static enum und_code check_findings(const struct scenario *scenario,
                                    const struct experiment *experiment, const struct findings *f,
                                    struct und_err *err)
{
    int64_t r;
    for (r = 0; r < f->n; r++)
        if (f->rep[r].broken != INVARIANT_HOLDS)
            return und_fail(err, UND_FAILED,
                            "%s: invariant %s broken at %lld ms of replication %lld; reproduce: "
                            "understudy sim %s --seed %llu --replications %lld",
                            scenario->path, invariant_name(f->rep[r].broken),
                            (long long)f->rep[r].broken_ms, (long long)r, scenario->path,
                            (unsigned long long)experiment->seed, (long long)r + 1);
    return UND_OK;
}

static int thread_count(const struct experiment *experiment, int64_t replications)
{
    long n = experiment->threads > 0 ? experiment->threads : sysconf(_SC_NPROCESSORS_ONLN);
    n = n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : n;
    return (int)(n < replications ? n : replications);
}

static int64_t replication_count(const struct scenario *scenario,
                                 const struct experiment *experiment)
{
    const struct workload *workload = &scenario->fleet.workload;
    if (experiment->replications > 0)
        return experiment->replications;
    if (scenario->replications > 0)
        return scenario->replications;
    if (workload->arrivals.kind == ARRIVALS_TRACE && scenario->n_faults == 0)
        return 1; /* nothing is random */
    return scenario->n_faults > 0 ? EXPERIMENT_REPLICATIONS : EXPERIMENT_STEADY_REPLICATIONS;
}

/* More replications until the mean wait is known well enough. */
static void run_to_precision(struct crew *crew, const struct experiment *experiment)
{
    struct stopping stopping = {.precision = experiment->precision,
                                .confidence = STATS_CONFIDENCE,
                                .minimum = 30,
                                .maximum = EXPERIMENT_MAX_REPLICATIONS};
    for (;;) {
        int64_t n = crew->findings.n, next;
        double *value = measure_mean_waits(&crew->findings);
        enum stop stop = stats_stop(&stopping, value, (size_t)n);
        next = stats_next_look(&stopping, value, (size_t)n);
        free(value);
        if (stop != STOP_CONTINUE)
            return;
        extend(crew, next, experiment->seed);
        run_batch(crew, n, next);
    }
}

static void merge_workers(struct crew *crew)
{
    int i;
    for (i = 1; i < crew->threads; i++)
        world_merge(crew->world[0], crew->world[i]);
}

enum und_code experiment_run(const struct scenario *scenario, const struct experiment *experiment,
                             struct result *result, struct und_err *err)
{
    struct crew crew = {.scenario = scenario, .experiment = experiment};
    int64_t n = replication_count(scenario, experiment);
    int i;
    memset(result, 0, sizeof *result);
    if (check_question(scenario, err) != UND_OK)
        return err->code;
    crew.threads = thread_count(experiment, experiment->precision > 0 ? MAX_THREADS : n);
    crew.timeline = experiment->trace ? &result->timeline : NULL;
    crew.findings.max_incidents = max_incidents(scenario);
    for (i = 0; i < crew.threads; i++)
        crew.world[i] = world_open(scenario, experiment->always_tick);
    extend(&crew, n, experiment->seed);
    run_batch(&crew, 0, n);
    if (experiment->precision > 0)
        run_to_precision(&crew, experiment);
    merge_workers(&crew);
    if (check_findings(scenario, experiment, &crew.findings, err) == UND_OK)
        measure_result(scenario, experiment->seed, &crew.findings, crew.world[0], result);
    else
        timeline_fini(&result->timeline);
    for (i = 0; i < crew.threads; i++)
        world_close(crew.world[i]);
    free(crew.base);
    free(crew.findings.rep);
    free(crew.findings.incidents);
    return err->code;
}
