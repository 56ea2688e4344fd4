#include "rare.h"
#include "sim/engine/draw.h"

#include "model/base/assert.h"
#include "model/stats/stats.h"

#include <math.h>
#include <stdlib.h>

#define SOURCES (FLEET_HOSTS + SCENARIO_FAULTS)
#define RARE_SEED 0x72617265ULL /* so that the numbers are not the experiment's */

/* One thing that takes hosts down again and again: up for a while, down for a while. */
struct source_of_failure {
    const struct dist *up, *down; /* time to failure, outage */
    const struct dist *first;     /* time to the first failure */
    uint64_t hosts;               /* bit set */
    double chance;                /* that a failure happens at all when it is due */
    bool recurs;
    /* state */
    bool failed, over;
    const struct dist *clock; /* the time to failure that runs */
    double left;              /* to failure: of an exponential clock in means, else ms; to repair */
};

struct model {
    struct source_of_failure source[SOURCES];
    int n, n_hosts;
    double horizon_ms;
    double bias[2]; /* of rates while nothing is down, and else */
    struct stream stream;
    /* one replication */
    int down[FLEET_HOSTS], n_down;
    double likelihood;              /* ratio so far */
    double dark_ms, first, entries; /* weighted: time in the dark, did it come, how often */
};

/* ---- what takes hosts down ---- */

static enum und_code collect(struct model *model, const struct scenario *scenario,
                             struct und_err *err)
{
    const struct fleet *fleet = &scenario->fleet;
    uint64_t covered = 0;
    int i;
    for (i = 0; i < fleet->n_hosts; i++)
        if (fleet->hosts[i].has_mtbf)
            model->source[model->n++] = (struct source_of_failure){&fleet->hosts[i].mtbf,
                                                                   &fleet->hosts[i].mttr,
                                                                   &fleet->hosts[i].mtbf,
                                                                   1ULL << i,
                                                                   1,
                                                                   true,
                                                                   false,
                                                                   false,
                                                                   NULL,
                                                                   0};
    for (i = 0; i < scenario->n_faults; i++) {
        const struct fault *fault = &scenario->faults[i];
        struct source_of_failure *source = &model->source[model->n];
        if (!fault_severs(fault))
            continue;
        if (!fault->has_lasts)
            return und_fail(err, UND_USAGE,
                            "%s:%d: --rare: got a %s that only a human ends, want `lasts`",
                            scenario->path, fault->line, fault_kind_name(fault->kind));
        if (fault->any)
            return und_fail(err, UND_USAGE,
                            "%s:%d: --rare: got target %s, want hosts by name or all of a tier",
                            scenario->path, fault->line, fault->role);
        *source = (struct source_of_failure){.up = &fault->every,
                                             .down = &fault->lasts,
                                             .first = &fault->at,
                                             .chance = fault->chance,
                                             .hosts = fault_hosts(fault),
                                             .recurs = fault->has_every};
        model->n++;
    }
    for (i = 0; i < model->n; i++)
        covered |= model->source[i].hosts;
    for (i = 0; i < fleet->n_hosts; i++)
        if (!(covered >> i & 1))
            return und_fail(err, UND_USAGE,
                            "%s: --rare: got nothing that takes down host %s, want its mtbf or a "
                            "fault",
                            scenario->path, fleet->hosts[i].name);
    return UND_OK;
}

/* ---- biases ---- */

/* So large that a first failure is due about once in the horizon, and that one such time in
 * (number of them) leads on to all hosts being down; never below 1. */
static void choose_biases(struct model *model)
{
    double rate = 0, repair_ms = 0, firsts, share, others;
    int i;
    for (i = 0; i < model->n; i++) {
        const struct source_of_failure *source = &model->source[i];
        double of_source;
        if (source->first->kind != DIST_EXPONENTIAL)
            continue;
        of_source = source->chance / dist_mean(source->first);
        rate += of_source;
        repair_ms += of_source * dist_mean(source->down);
    }
    model->bias[0] = model->bias[1] = 1;
    if (rate <= 0 || model->n_hosts < 2 || !isfinite(repair_ms))
        return;
    repair_ms /= rate;
    firsts = fmax(1, rate * model->horizon_ms);
    share = pow(firsts, -1.0 / (model->n_hosts - 1));
    others = rate * (model->n_hosts - 1) / model->n_hosts;
    model->bias[0] = fmax(1, 1 / (rate * model->horizon_ms));
    model->bias[1] = fmax(1, share / (others * repair_ms));
}

/* ---- one replication ---- */

static void start_clock(struct model *model, struct source_of_failure *source,
                        const struct dist *clock)
{
    source->failed = false;
    source->clock = clock;
    source->left = clock->kind == DIST_EXPONENTIAL ? -log(stream_uniform(&model->stream))
                                                   : (double)draw_ms(clock, &model->stream);
}

static bool all_targets_down(const struct model *model, const struct source_of_failure *source)
{
    int host;
    for (host = 0; host < model->n_hosts; host++)
        if ((source->hosts >> host & 1) && model->down[host] == 0)
            return false;
    return true;
}

/* By how much the source's clock runs faster. What would take down nobody is left alone. */
static double bias_of(const struct model *model, const struct source_of_failure *source)
{
    if (source->failed || source->clock->kind != DIST_EXPONENTIAL ||
        all_targets_down(model, source))
        return 1;
    return model->bias[model->n_down > 0];
}

/* Of `left`, a ms. */
static double pace(const struct model *model, const struct source_of_failure *source)
{
    if (source->failed || source->clock->kind != DIST_EXPONENTIAL)
        return 1;
    return bias_of(model, source) / source->clock->a;
}

static void take(struct model *model, const struct source_of_failure *source, int sign)
{
    bool was_dark = model->n_down == model->n_hosts;
    int host;
    for (host = 0; host < model->n_hosts; host++) {
        if (!(source->hosts >> host & 1))
            continue;
        model->n_down -= model->down[host] > 0;
        model->down[host] += sign;
        model->n_down += model->down[host] > 0;
    }
    if (was_dark || model->n_down < model->n_hosts)
        return;
    model->first = model->entries > 0 ? model->first : model->likelihood;
    model->entries += model->likelihood;
}

static void fire(struct model *model, struct source_of_failure *source)
{
    if (source->failed) {
        take(model, source, -1);
        if (source->recurs)
            start_clock(model, source, source->up);
        source->failed = false;
        source->over = !source->recurs;
        return;
    }
    model->likelihood /= bias_of(model, source);
    if (source->chance < 1 && stream_uniform(&model->stream) >= source->chance) {
        source->over = !source->recurs;
        if (source->recurs)
            start_clock(model, source, source->up);
        return;
    }
    source->failed = true;
    source->left = (double)draw_ms(source->down, &model->stream);
    take(model, source, 1);
}

/* The likelihood ratio of a clock that ran `bias` times as fast for ms: exp((bias - 1) rate ms) for
 * not having fired, 1 / bias for firing (in fire). */
static void pass(struct model *model, double ms)
{
    double exposure = 0;
    int i;
    if (model->n_down == model->n_hosts)
        model->dark_ms += model->likelihood * ms;
    for (i = 0; i < model->n; i++) {
        struct source_of_failure *source = &model->source[i];
        double bias = source->over ? 1 : bias_of(model, source);
        if (source->over)
            continue;
        if (bias > 1)
            exposure += (bias - 1) * ms / source->clock->a;
        source->left -= pace(model, source) * ms;
    }
    if (exposure > 0)
        model->likelihood *= exp(exposure);
}

static void replicate(struct model *model)
{
    double now_ms = 0;
    int i;
    model->n_down = 0;
    model->likelihood = 1;
    model->dark_ms = model->first = model->entries = 0;
    for (i = 0; i < model->n_hosts; i++)
        model->down[i] = 0;
    for (i = 0; i < model->n; i++) {
        model->source[i].over = false;
        start_clock(model, &model->source[i], model->source[i].first);
    }
    for (;;) {
        double ahead_ms = INFINITY;
        int next = -1;
        for (i = 0; i < model->n; i++) {
            const struct source_of_failure *source = &model->source[i];
            double ms = source->over ? INFINITY : source->left / pace(model, source);
            if (ms < ahead_ms) {
                ahead_ms = ms;
                next = i;
            }
        }
        if (next < 0 || now_ms + ahead_ms >= model->horizon_ms) {
            pass(model, model->horizon_ms - now_ms);
            return;
        }
        pass(model, ahead_ms);
        now_ms += ahead_ms;
        fire(model, &model->source[next]);
    }
}

/* ---- estimates ---- */

static struct bounded estimate(const double *value, int64_t n, int64_t hits, double most)
{
    struct estimate mean = stats_mean(value, (size_t)n, STATS_CONFIDENCE);
    if (hits < RARE_HITS)
        return (struct bounded){mean.mean, NAN, NAN};
    return (struct bounded){mean.mean, fmax(0, mean.mean - mean.half_width),
                            fmin(most, mean.mean + mean.half_width)};
}

static void summarise(const struct model *model, double *const value[3], int64_t n,
                      struct rare_result *result)
{
    bool plain = model->bias[0] <= 1 && model->bias[1] <= 1;
    struct interval interval;
    int64_t r;
    result->replications = n;
    result->bias_first = model->bias[0];
    result->bias_next = model->bias[1];
    for (r = 0; r < n; r++)
        result->hits += value[1][r] > 0;
    result->unavailability = estimate(value[0], n, result->hits, 1);
    result->probability = estimate(value[1], n, result->hits, 1);
    result->entries = estimate(value[2], n, result->hits, INFINITY);
    if (!plain)
        return;
    interval = stats_clopper_pearson(result->hits, n, STATS_CONFIDENCE);
    result->probability.low = interval.low;
    result->probability.high = interval.high;
    if (result->hits == 0) { /* a share of the time is at most the chance that there is any */
        result->unavailability.low = 0;
        result->unavailability.high = interval.high;
    }
}

enum und_code rare_run(const struct scenario *scenario, uint64_t seed, int64_t replications,
                       struct rare_result *result, struct und_err *err)
{
    struct model *model;
    double *value[3];
    int64_t r;
    int i;
    *result = (struct rare_result){0};
    if (scenario->duration_ms <= 0)
        return und_fail(err, UND_USAGE, "%s: --rare: got no duration, want one", scenario->path);
    model = calloc(1, sizeof *model);
    UND_ASSERT(model != NULL);
    model->n_hosts = scenario->fleet.n_hosts;
    model->horizon_ms = (double)scenario->duration_ms;
    if (collect(model, scenario, err) == UND_OK) {
        choose_biases(model);
        stream_seed(&model->stream, seed ^ RARE_SEED);
        for (i = 0; i < 3; i++) {
            value[i] = calloc((size_t)replications, sizeof *value[i]);
            UND_ASSERT(value[i] != NULL);
        }
        for (r = 0; r < replications; r++) {
            replicate(model);
            value[0][r] = model->dark_ms / model->horizon_ms;
            value[1][r] = model->first;
            value[2][r] = model->entries;
        }
        summarise(model, value, replications, result);
        for (i = 0; i < 3; i++)
            free(value[i]);
    }
    free(model);
    return err->code;
}
