#include "experiment.h"
#include "measure.h"
#include "rare.h"
#include "sim/world/world.h"
#include "steady.h"
#include "warmup.h"

#include "model/base/assert.h"
#include "model/policy/policy_names.h"
#include "model/stats/stats.h"

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
    double reached; /* relative half width, for the progress */
    struct timeline *timeline;
};

struct worker {
    struct crew *crew;
    int index;
};

static void replicate(struct crew *crew, struct world *world, int64_t r)
{
    struct findings *f = &crew->findings;
    struct time_slices slices = f->slices;
    struct replication found = {.rep = &f->rep[r],
                                .incidents = f->incidents + r * f->max_incidents,
                                .max_incidents = f->max_incidents,
                                .slices = slices.n > 0 ? &slices : NULL,
                                .timeline = r == 0 ? crew->timeline : NULL,
                                .group = (int)(r % COHORT_GROUPS)};
    slices.stretch = f->stretch + r * (int64_t)slices.n;
    world_run(world, &crew->base[r], &found);
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
                                       crew->end, crew->reached);
    }
}

/* Replications from..to-1, on all threads. */
static void run_batch(struct crew *crew, int64_t from, int64_t to)
{
    pthread_t thread[MAX_THREADS];
    struct worker worker[MAX_THREADS] = {{crew, 0}};
    int i;
    crew->next = from;
    crew->done = from;
    crew->end = to;
    for (i = 1; i < crew->threads; i++) {
        worker[i] = (struct worker){crew, i};
        UND_ASSERT(pthread_create(&thread[i], NULL, work, &worker[i]) == 0);
    }
    work(&worker[0]);
    for (i = 1; i < crew->threads; i++)
        pthread_join(thread[i], NULL);
}

static void *grow(void *memory, int64_t n, int64_t each, size_t size)
{
    memory = realloc(memory, (size_t)(n * each + 1) * size);
    UND_ASSERT(memory != NULL);
    return memory;
}

/* Room for more replications; their bases follow from the last one's. */
static void extend(struct crew *crew, int64_t to, uint64_t seed)
{
    struct findings *f = &crew->findings;
    int64_t r, from = f->n;
    f->rep = grow(f->rep, to, 1, sizeof *f->rep);
    f->hosts = grow(f->hosts, to, f->n_hosts, sizeof *f->hosts);
    f->facets = grow(f->facets, to, f->n_facets, sizeof *f->facets);
    f->incidents = grow(f->incidents, to, f->max_incidents, sizeof *f->incidents);
    f->stretch = grow(f->stretch, to, (int64_t)f->slices.n, sizeof *f->stretch);
    crew->base = grow(crew->base, to, 1, sizeof *crew->base);
    for (r = 0; r < to; r++) { /* they may have moved */
        f->rep[r].host = f->hosts + r * f->n_hosts;
        f->rep[r].facet = f->facets + r * f->n_facets;
    }
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

int64_t experiment_replications(const struct scenario *scenario,
                                const struct experiment *experiment)
{
    const struct workload *workload = &scenario->fleet.workload;
    if (experiment->replications > 0)
        return experiment->replications;
    if (scenario->replications > 0)
        return scenario->replications;
    if (scenario_is_certain(scenario))
        return 1;
    if (workload->arrivals.kind == ARRIVALS_TRACE && scenario->n_faults == 0)
        return EXPERIMENT_TRACE_REPLICATIONS;
    return scenario->n_faults > 0 ? EXPERIMENT_REPLICATIONS : EXPERIMENT_STEADY_REPLICATIONS;
}

/* More replications until the mean is known well enough, by the interval that will be reported. */
static void run_to_precision(struct crew *crew, struct precision *precision)
{
    const struct experiment *experiment = crew->experiment;
    struct stopping stopping = {.precision = experiment->precision,
                                .confidence = STATS_CONFIDENCE,
                                .minimum = EXPERIMENT_PRECISION_REPLICATIONS,
                                .maximum = EXPERIMENT_PRECISION_CEILING};
    for (;;) {
        int64_t n = crew->findings.n, next;
        double *value = measure_each(&crew->findings, experiment->precision_of);
        struct estimate mean = stats_skewed_mean(value, (size_t)n, STATS_CONFIDENCE);
        enum stop stop = stats_stop(&stopping, value, (size_t)n);
        next = stats_next_look(&stopping, value, (size_t)n);
        free(value);
        crew->reached = mean.half_width <= 0 ? 0 : mean.half_width / fabs(mean.mean);
        *precision =
            (struct precision){experiment->precision, crew->reached, experiment->precision_of};
        /* What is not observed in so many replications would take the ceiling to no avail. */
        if (stop != STOP_CONTINUE || (mean.n == 0 && n >= stopping.minimum))
            return;
        extend(crew, next, experiment->seed);
        run_batch(crew, n, next);
    }
}

static void open_crew(struct crew *crew, int64_t n, struct result *result)
{
    const struct scenario *scenario = crew->scenario;
    const struct experiment *experiment = crew->experiment;
    struct findings *f = &crew->findings;
    bool settled = true;
    int i;
    crew->threads = thread_count(experiment, experiment->precision > 0 ? MAX_THREADS : n);
    crew->timeline = experiment->trace ? &result->timeline : NULL;
    crew->reached = NAN;
    for (i = 0; i < crew->threads; i++)
        crew->world[i] = world_open(scenario, experiment->always_tick);
    result->warmup_ms = scenario->warmup_ms;
    result->warmup_auto = scenario->warmup_auto;
    if (scenario->warmup_auto)
        result->warmup_ms = warmup_find(crew->world[0], experiment->seed, &settled);
    result->warmup_unsettled = !settled;
    for (i = 0; i < crew->threads; i++)
        world_warm_up(crew->world[i], result->warmup_ms);
    f->max_incidents = max_incidents(scenario);
    f->n_hosts = scenario->fleet.n_hosts;
    f->n_facets = scenario->n_facets;
    steady_lay_out(scenario, result->warmup_ms,
                   experiment->precision > 0 ? EXPERIMENT_PRECISION_CEILING : n, &f->slices);
    extend(crew, n, experiment->seed);
}

/* What all have gathered into the first one's; the others are not needed any more. */
static void gather(struct crew *crew)
{
    for (; crew->threads > 1; crew->threads--) {
        world_merge(crew->world[0], crew->world[crew->threads - 1]);
        world_close(crew->world[crew->threads - 1]);
    }
}

static void close_crew(struct crew *crew)
{
    world_close(crew->world[0]);
    free(crew->base);
    free(crew->findings.rep);
    free(crew->findings.hosts);
    free(crew->findings.facets);
    free(crew->findings.incidents);
    free(crew->findings.stretch);
}

/* By what extend() allocates for each. */
static enum und_code check_room(const struct scenario *scenario, int64_t n, struct und_err *err)
{
    int64_t each = (int64_t)(sizeof(struct rep) + sizeof(struct stream) +
                             (size_t)scenario->fleet.n_hosts * sizeof(struct rep_host) +
                             (size_t)scenario->n_facets * sizeof(struct rep_facet) +
                             (size_t)max_incidents(scenario) * sizeof(struct incident));
    if (n <= EXPERIMENT_BYTES / each)
        return UND_OK;
    return und_fail(err, UND_USAGE,
                    "%s: replications: got %lld, want at most %lld: what each has found is kept, "
                    "in %lld bytes",
                    scenario->path, (long long)n, (long long)(EXPERIMENT_BYTES / each),
                    (long long)each);
}

enum und_code experiment_run(const struct scenario *scenario, const struct experiment *experiment,
                             struct result *result, struct und_err *err)
{
    struct crew crew = {.scenario = scenario, .experiment = experiment};
    int64_t n = experiment_replications(scenario, experiment);
    memset(result, 0, sizeof *result);
    if (warmup_check(scenario, err) != UND_OK || steady_check(scenario, err) != UND_OK ||
        check_room(scenario, n, err) != UND_OK)
        return err->code;
    if (experiment->rare &&
        rare_run(scenario, experiment->seed, RARE_REPLICATIONS, &result->rare, err) != UND_OK)
        return err->code;
    open_crew(&crew, n, result);
    run_batch(&crew, 0, n);
    if (experiment->precision > 0)
        run_to_precision(&crew, &result->precision);
    gather(&crew);
    if (check_findings(scenario, experiment, &crew.findings, err) == UND_OK)
        measure_result(scenario, experiment->seed, &crew.findings, crew.world[0], result);
    else
        timeline_fini(&result->timeline);
    close_crew(&crew);
    return err->code;
}
