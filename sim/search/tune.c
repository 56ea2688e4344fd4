#include "tune.h"
#include "model/base/assert.h"
#include "model/load/loader.h"
#include "sim/experiment/experiment.h"
#include "sim/explore/liveness.h"
#include "versus.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MINUTE_MS 60000LL

/* The scenarios that give the measures. */
enum { LOSS, FLAP, COMES_AND_GOES, SCENARIOS };
static const enum versus_question question_of[SCENARIOS] = {VERSUS_RTO, VERSUS_FALSE, VERSUS_FLAPS};
static const struct {
    int scenario;
    enum metric metric;
} measures[TUNE_MEASURES] = {[TUNE_MTTD] = {LOSS, METRIC_DETECTION},
                             [TUNE_FAILOVER] = {LOSS, METRIC_FAILOVER},
                             [TUNE_RTO] = {LOSS, METRIC_RTO},
                             [TUNE_FALSE] = {FLAP, METRIC_FAILOVERS},
                             [TUNE_FLAPS] = {COMES_AND_GOES, METRIC_FAILOVERS}};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- settings ---- */

static void add_point(struct tune *tune, int64_t persist_ms, int confirm, int for_pm,
                      int64_t group_wait_ms)
{
    const struct tune_point *own = &tune->point[0];
    if (tune->n == TUNE_POINTS)
        return;
    if (tune->n > 0 && own->persist_ms == persist_ms && own->confirm == confirm &&
        own->for_pm == for_pm && own->group_wait_ms == group_wait_ms)
        return;
    tune->point[tune->n++] = (struct tune_point){.persist_ms = persist_ms,
                                                 .confirm = confirm,
                                                 .for_pm = for_pm,
                                                 .group_wait_ms = group_wait_ms};
}

/* The fleet's own first, then all combinations. */
static void choose_points(const struct fleet *fleet, struct tune *tune)
{
    static const int64_t persists[] = {0, 1, 2, 3, 5, 8}, waits[] = {0, 30000};
    static const int confirms[] = {2, 3}, fors[] = {500, 1000, 2000};
    size_t i, j, k, l;
    add_point(tune, fleet->policy.persist_ms, fleet->policy.confirm, 1000,
              fleet->alertmanager.group_wait_ms);
    for (i = 0; i < sizeof persists / sizeof *persists; i++)
        for (j = 0; j < sizeof confirms / sizeof *confirms; j++)
            for (k = 0; k < sizeof fors / sizeof *fors; k++)
                for (l = 0; l < sizeof waits / sizeof *waits; l++)
                    add_point(tune, persists[i] * MINUTE_MS, confirms[j], fors[k], waits[l]);
}

/* `was` has the fleet's own rules and routes. */
static void set_point(const struct fleet *was, const struct tune_point *point, struct fleet *fleet)
{
    int i;
    fleet->policy.persist_ms = point->persist_ms;
    fleet->policy.confirm = point->confirm;
    for (i = 0; i < fleet->monitoring.n_rules; i++)
        fleet->monitoring.rules[i].for_ms = was->monitoring.rules[i].for_ms * point->for_pm / 1000;
    fleet->alertmanager.group_wait_ms = point->group_wait_ms;
    for (i = 0; i < fleet->alertmanager.n_routes; i++)
        fleet->alertmanager.routes[i].group_wait_ms = point->group_wait_ms;
}

/* ---- measuring ---- */

static enum und_code measure(const struct scenario *scenario, int which,
                             const struct tune_options *options, struct tune *tune,
                             struct tune_point *point, struct und_err *err)
{
    struct experiment experiment = {
        .seed = options->seed, .replications = tune->replications, .threads = options->threads};
    struct result result;
    size_t n = (size_t)tune->replications;
    int i;
    if (experiment_run(scenario, &experiment, &result, err) != UND_OK)
        return err->code;
    for (i = 0; i < TUNE_MEASURES; i++) {
        if (measures[i].scenario != which)
            continue;
        point->value[i] = result.metric[measures[i].metric].mean;
        point->sample[i] = malloc(n * sizeof(double));
        UND_ASSERT(point->sample[i] != NULL);
        memcpy(point->sample[i], result.by_replication[measures[i].metric], n * sizeof(double));
    }
    result_fini(&result);
    return UND_OK;
}

static enum und_code load_question(const char *path, const char *const *sets, int n_sets, int which,
                                   struct scenario *scenario, struct und_err *err)
{
    char file[VERSUS_FILE];
    if (versus_write(path, question_of[which], file, err) != UND_OK)
        return err->code;
    scenario_load(scenario, file, sets, n_sets, err);
    unlink(file);
    if (err->code == UND_OK &&
        (!scenario->fleet.has_policy || !scenario->fleet.monitoring.present)) {
        scenario_fini(scenario);
        und_fail(err, UND_USAGE, "%s: got no policy or no monitoring, want both to tune", path);
    }
    return err->code;
}

static enum und_code measure_all(const char *path, const char *const *sets, int n_sets, int which,
                                 const struct tune_options *options, struct tune *tune,
                                 struct und_err *err)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct fleet *was = malloc(sizeof *was);
    int i;
    UND_ASSERT(scenario != NULL && was != NULL);
    if (load_question(path, sets, n_sets, which, scenario, err) == UND_OK) {
        *was = scenario->fleet; /* what it owns stays the scenario's */
        fleet_own(was);
        if (tune->n == 0)
            choose_points(was, tune);
        for (i = 0; i < tune->n && err->code == UND_OK; i++) {
            set_point(was, &tune->point[i], &scenario->fleet);
            measure(scenario, which, options, tune, &tune->point[i], err);
            if (options->progress)
                options->progress(options->context, which * tune->n + i + 1, SCENARIOS * tune->n);
        }
        fleet_disown(was);
        scenario_fini(scenario);
    }
    free(was);
    free(scenario);
    return err->code;
}

/* ---- the frontier ---- */

static double cost(const struct tune_point *point, int measure)
{
    return isnan(point->value[measure]) ? INFINITY : point->value[measure];
}

static bool dominates(const struct tune_point *a, const struct tune_point *b)
{
    bool better = false;
    int i;
    for (i = 0; i < TUNE_MEASURES; i++) {
        if (cost(a, i) > cost(b, i))
            return false;
        better = better || cost(a, i) < cost(b, i);
    }
    return better;
}

void tune_find_frontier(struct tune *tune)
{
    int i, j;
    for (i = 0; i < tune->n; i++) {
        tune->point[i].frontier = true;
        for (j = 0; j < tune->n; j++)
            if (dominates(&tune->point[j], &tune->point[i]))
                tune->point[i].frontier = false;
    }
}

static void compare_with_own(struct tune *tune)
{
    int i, m;
    for (i = 0; i < tune->n; i++)
        for (m = 0; m < TUNE_MEASURES; m++)
            tune->point[i].change[m] =
                stats_compare(tune->point[0].sample[m], tune->point[i].sample[m],
                              (size_t)tune->replications, STATS_CONFIDENCE)
                    .difference;
}

/* ---- safety ---- */

static bool explored_safe(const struct scale *scale, struct und_err *err)
{
    struct space *space = calloc(1, sizeof *space);
    struct explore_result *result = calloc(1, sizeof *result);
    struct explore_options options = {0};
    struct liveness liveness;
    bool safe = false;
    UND_ASSERT(space != NULL && result != NULL);
    if (space_open(space, scale, (struct abstraction){true, true}, err) == UND_OK) {
        explore_run(space, &options, result);
        if (result->complete && result->violation.property == PROPERTY_HOLDS) {
            liveness_check(space, result, &liveness);
            safe = liveness.late == 0 && liveness.wrong == 0;
        }
        explore_fini(result);
        space_close(space);
    }
    free(result);
    free(space);
    return safe;
}

/* Two settings that scale alike are the same policy to the explorer. */
static bool alike(const struct scale *a, const struct scale *b)
{
    return a->persist == b->persist && a->grace == b->grace && a->ramp == b->ramp &&
           a->block == b->block && a->clear_for == b->clear_for && a->hour == b->hour &&
           a->page_after == b->page_after && a->config.confirm == b->config.confirm;
}

static enum und_code explore_frontier(const struct fleet *was, struct tune *tune,
                                      struct und_err *err)
{
    struct scale *scale = calloc(TUNE_POINTS, sizeof *scale);
    struct fleet *fleet = malloc(sizeof *fleet);
    struct scale_limits limits = {0};
    int i, j;
    UND_ASSERT(scale != NULL && fleet != NULL);
    *fleet = *was;
    fleet_own(fleet);
    for (i = 0; i < tune->n && err->code == UND_OK; i++) {
        struct tune_point *point = &tune->point[i];
        if (!point->frontier)
            continue;
        set_point(was, point, fleet);
        if (scale_fleet(fleet, &limits, &scale[i], err) != UND_OK)
            break;
        for (j = 0; j < i && !(tune->point[j].explored && alike(&scale[i], &scale[j])); j++)
            ;
        point->safe = j < i ? tune->point[j].safe : explored_safe(&scale[i], err);
        point->explored = true;
    }
    fleet_disown(fleet);
    free(fleet);
    free(scale);
    return err->code;
}

/* ---- the middle ---- */

static void ranges(const struct tune *tune, double low[TUNE_MEASURES], double high[TUNE_MEASURES])
{
    int i, m;
    for (m = 0; m < TUNE_MEASURES; m++) {
        low[m] = INFINITY;
        high[m] = -INFINITY;
        for (i = 0; i < tune->n; i++)
            if (tune->point[i].safe) {
                low[m] = fmin(low[m], cost(&tune->point[i], m));
                high[m] = fmax(high[m], cost(&tune->point[i], m));
            }
    }
}

static void recommend(struct tune *tune)
{
    double low[TUNE_MEASURES], high[TUNE_MEASURES], least = INFINITY;
    int i, m;
    tune->recommended = -1;
    ranges(tune, low, high);
    for (i = 0; i < tune->n; i++) {
        double worst = 0, sum = 0;
        if (!tune->point[i].safe)
            continue;
        for (m = 0; m < TUNE_MEASURES; m++) {
            double range = high[m] - low[m], loss = cost(&tune->point[i], m) - low[m];
            double share = range > 0 && isfinite(range) ? loss / range : isfinite(loss) ? 0 : 1;
            worst = fmax(worst, share);
            sum += share;
        }
        if (worst + 0.01 * sum < least) { /* of equals the one that loses less in all */
            least = worst + 0.01 * sum;
            tune->recommended = i;
        }
    }
}

enum und_code tune_run(const char *path, const char *const *sets, int n_sets,
                       const struct tune_options *options, struct tune *tune, struct und_err *err)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    double start = seconds();
    int which;
    UND_ASSERT(scenario != NULL);
    memset(tune, 0, sizeof *tune);
    tune->replications = options->replications > 0 ? options->replications : TUNE_REPLICATIONS;
    for (which = 0; which < SCENARIOS && err->code == UND_OK; which++)
        measure_all(path, sets, n_sets, which, options, tune, err);
    if (err->code == UND_OK) {
        compare_with_own(tune);
        tune_find_frontier(tune);
    }
    if (err->code == UND_OK && load_question(path, sets, n_sets, LOSS, scenario, err) == UND_OK) {
        explore_frontier(&scenario->fleet, tune, err);
        scenario_fini(scenario);
    }
    recommend(tune);
    free(scenario);
    tune->seconds = seconds() - start;
    return err->code;
}

void tune_fini(struct tune *tune)
{
    int i, m;
    for (i = 0; i < tune->n; i++)
        for (m = 0; m < TUNE_MEASURES; m++)
            free(tune->point[i].sample[m]);
    tune->n = 0;
}
