#include "find.h"
#include "number_range.h"

#include "model/base/assert.h"
#include "model/load/loader.h"
#include "sim/experiment/scenario_set.h"
#include "sim/experiment/sequential.h"
#include "sim/experiment/steady.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_STEPS 1000000
#define EDGE 8 /* the edges of what stays open: to one in so many of the interval */

/* ---- the range ---- */

static enum und_code bad_range(const char *text, struct und_err *err)
{
    return und_fail(err, UND_USAGE,
                    "--find: got '%.80s', want PATH=LOW..HIGH or PATH=LOW..HIGH:STEP, numbers of "
                    "one unit, e.g. fleet.workload.arrivals.rate=200/d..400/d",
                    text);
}

enum und_code find_range(struct answer_range *range, const char *text, struct und_err *err)
{
    const char *equals = strchr(text, '=');
    struct number_range numbers;
    memset(range, 0, sizeof *range);
    if (!equals || equals == text || equals - text >= (long)sizeof range->path ||
        !number_range_read(&numbers, equals + 1) ||
        (numbers.stepped && strcmp(numbers.step_unit, numbers.unit) != 0))
        return bad_range(text, err);
    snprintf(range->path, sizeof range->path, "%.*s", (int)(equals - text), text);
    memcpy(range->unit, numbers.unit, sizeof range->unit);
    range->low = numbers.low;
    range->high = numbers.high;
    range->step = numbers.step;
    if (!(range->low < range->high) || (numbers.stepped && !(range->step > 0)))
        return und_fail(err, UND_USAGE, "--find %s: got '%.80s', want LOW < HIGH and a step > 0",
                        range->path, equals + 1);
    if (numbers.stepped && (range->high - range->low) / range->step > MOST_STEPS)
        return und_fail(err, UND_USAGE, "--find %s: got '%.80s', want at most %d steps",
                        range->path, equals + 1, MOST_STEPS);
    return UND_OK;
}

/* ---- one point ---- */

struct search {
    const struct find *find;
    struct answer *answer;
    double error; /* of one look */
    struct scenario *scenario;
};

static enum und_code load(const struct search *search, double at, struct und_err *err)
{
    const struct find *find = search->find;
    const struct answer_range *range = &search->answer->range;
    char value[SWEEP_VALUE], set[ANSWER_PATH + SWEEP_VALUE + 1];
    const char **sets = calloc((size_t)find->n_sets + 1, sizeof *sets);
    UND_ASSERT(sets != NULL);
    if (find->n_sets > 0)
        memcpy(sets, find->sets, (size_t)find->n_sets * sizeof *sets);
    snprintf(set, sizeof set, "%s=%s", range->path, answer_value(range, at, value));
    sets[find->n_sets] = set;
    memset(search->scenario, 0, sizeof *search->scenario);
    scenario_load(search->scenario, find->path, sets, find->n_sets + 1, err);
    free(sets);
    return err->code;
}

/* The limit as the one thing that the scenario expects. */
static enum und_code expect_limit(const struct sweep_limit *limit, struct scenario *scenario,
                                  struct und_err *err)
{
    const struct sweep_column *column = &limit->column;
    struct facet placed = column->facet;
    char why[FACET_WHY];
    struct expect expect = {.metric = column->metric,
                            .statistic = column->mean ? STATISTIC_MEAN : STATISTIC_QUANTILE,
                            .quantile = column->quantile,
                            .op = limit->at_least ? OP_GE : OP_LE,
                            .value = limit->value};
    if (column->facet.name[0]) {
        if (scenario_set_measure(scenario, &column->facet, err) != UND_OK)
            return err->code;
        facet_place(&placed, &scenario->fleet, why);
        expect.facet = scenario_facet(scenario, &placed);
    }
    scenario->expects[0] = expect;
    scenario->n_expects = 1;
    return UND_OK;
}

/* Of all jobs and at all times: a class of its own hosts may wait as ever. */
static bool knows_no_bound(const struct sweep_column *column)
{
    bool all = !column->facet.name[0] ||
               !(column->facet.job_class[0] || column->facet.host[0] || column->facet.down[0]);
    return all && (column->metric == METRIC_QUEUE_WAIT || column->metric == METRIC_QUEUE_LENGTH ||
                   column->metric == METRIC_WAIT_PROBABILITY || column->metric == METRIC_BACKLOG);
}

/* A queue that grows without end: waits are beyond every limit. */
static enum und_code judge_unstable(const struct search *search, struct answer_look *look,
                                    struct und_err *err)
{
    const struct sweep_limit *limit = &search->answer->limit;
    char value[SWEEP_VALUE];
    look->unstable = true;
    look->half_width = NAN;
    look->estimate = NAN;
    if (knows_no_bound(&limit->column)) {
        look->says = limit->at_least ? ANSWER_HOLDS : ANSWER_FAILS;
        return UND_OK;
    }
    return und_fail(
        err, UND_USAGE,
        "--find: %s cannot carry the load at %s, and of a queue that grows without end "
        "that measure says nothing; want a range that it can carry",
        search->find->path,
        answer_value(&search->answer->range, answer_at(&search->answer->range, look->at), value));
}

static enum und_code simulate(const struct search *search, struct answer_look *look,
                              struct und_err *err)
{
    const struct find *find = search->find;
    struct experiment experiment = find->experiment;
    struct sequential sequential = {.error = search->error, .first = FIND_FIRST};
    struct und_err unstable = {0};
    struct result result;
    sequential.most = experiment.replications > 0 ? experiment.replications : FIND_MOST;
    experiment.replications = 0; /* `sequential` says how many */
    if (steady_check(search->scenario, &unstable) != UND_OK)
        return judge_unstable(search, look, err);
    if (sequential_run(search->scenario, &experiment, &sequential, &result, err) != UND_OK)
        return err->code;
    look->estimate = result.verdicts[0].value;
    look->half_width = result.verdicts[0].half_width;
    look->is_bound = result.verdicts[0].value_is_bound;
    look->replications = result.replications;
    look->says = result.verdicts[0].undecided || result.verdicts[0].n == 0 ? ANSWER_OPEN
                 : result.verdicts[0].pass                                 ? ANSWER_HOLDS
                                                                           : ANSWER_FAILS;
    if (result.unstable)
        judge_unstable(search, look, err);
    search->answer->seed = result.seed;
    result_fini(&result);
    return err->code;
}

static enum und_code look_at(struct search *search, int at, enum answer_says *says,
                             struct und_err *err)
{
    struct answer *answer = search->answer;
    struct answer_look look = {.at = at};
    char value[SWEEP_VALUE];
    int i;
    if (search->find->progress)
        search->find->progress(search->find->context,
                               answer_value(&answer->range, answer_at(&answer->range, at), value));
    if (load(search, answer_at(&answer->range, at), err) != UND_OK)
        return err->code;
    if (expect_limit(&answer->limit, search->scenario, err) == UND_OK)
        simulate(search, &look, err);
    scenario_fini(search->scenario);
    if (err->code != UND_OK)
        return err->code;
    UND_ASSERT(answer->n < ANSWER_LOOKS);
    for (i = answer->n++; i > 0 && answer->look[i - 1].at > at; i--)
        answer->look[i] = answer->look[i - 1];
    answer->look[i] = look;
    *says = look.says;
    return UND_OK;
}

/* ---- the search ---- */

/* Half way between `known`, where it says `side`, and `open`, where it says nothing. */
static enum und_code halve(struct search *search, int *known, int *open, enum answer_says side,
                           struct und_err *err)
{
    int middle = (*known + *open) / 2;
    enum answer_says says;
    if (look_at(search, middle, &says, err) != UND_OK)
        return err->code;
    *(says == side ? known : open) = middle;
    return UND_OK;
}

/* Both edges of what stays open around `middle`, the one that is less well known first. */
static enum und_code find_edges(struct search *search, int middle, struct und_err *err)
{
    struct answer *answer = search->answer;
    int open_inner = middle, open_outer = middle;
    for (;;) {
        int inner = abs(open_inner - answer->inner), outer = abs(answer->outer - open_outer);
        int enough = abs(answer->outer - answer->inner) / EDGE;
        if ((inner > outer ? inner : outer) <= (enough > 1 ? enough : 1))
            return UND_OK;
        if ((inner >= outer
                 ? halve(search, &answer->inner, &open_inner, ANSWER_HOLDS, err)
                 : halve(search, &answer->outer, &open_outer, ANSWER_FAILS, err)) != UND_OK)
            return err->code;
    }
}

static enum und_code bisect(struct search *search, struct und_err *err)
{
    struct answer *answer = search->answer;
    while (abs(answer->outer - answer->inner) > 1) {
        int middle = (answer->inner + answer->outer) / 2;
        enum answer_says says;
        if (look_at(search, middle, &says, err) != UND_OK)
            return err->code;
        if (says == ANSWER_HOLDS) {
            answer->inner = middle;
        } else if (says == ANSWER_FAILS) {
            answer->outer = middle;
        } else {
            return find_edges(search, middle, err);
        }
    }
    return UND_OK;
}

/* Between the last two neighbours whose estimates are on both sides of the limit. */
static double crossing(const struct answer *answer)
{
    const struct answer_range *range = &answer->range;
    double low = answer_at(range, answer->inner), high = answer_at(range, answer->outer);
    double limit = answer->limit.value, at = NAN;
    int i;
    for (i = 1; i < answer->n; i++) {
        const struct answer_look *a = &answer->look[i - 1], *b = &answer->look[i];
        double x = answer_at(range, a->at), y = answer_at(range, b->at);
        if (!isfinite(a->estimate) || !isfinite(b->estimate) || a->is_bound || b->is_bound ||
            (a->estimate <= limit) == (b->estimate <= limit))
            continue;
        at = x + (y - x) * (limit - a->estimate) / (b->estimate - a->estimate);
    }
    return fmin(fmax(at, fmin(low, high)), fmax(low, high));
}

/* Whole numbers alone, where the file refuses what is between two. */
static enum und_code settle_range(struct search *search, struct und_err *err)
{
    struct answer_range *range = &search->answer->range;
    bool given = range->step > 0;
    struct und_err refused = {0};
    /* Both the ends and, if anything is wrong with the file, its own message first. */
    if (load(search, range->high, err) != UND_OK)
        return err->code;
    scenario_fini(search->scenario);
    if (load(search, range->low, err) != UND_OK)
        return err->code;
    scenario_fini(search->scenario);
    if (!given && range->unit[0] == '\0' && range->low == floor(range->low) &&
        range->high == floor(range->high)) {
        if (load(search, range->low + 0.5, &refused) == UND_OK)
            scenario_fini(search->scenario);
        range->whole = refused.code != UND_OK;
    }
    if (!given)
        range->step = range->whole ? 1 : (range->high - range->low) / FIND_STEPS;
    range->steps = (int)lround(floor((range->high - range->low) / range->step + 1e-9));
    if (range->steps < 1 || range->steps > MOST_STEPS)
        return und_fail(err, UND_USAGE, "--find %s: got %d steps, want 1 to %d", range->path,
                        range->steps, MOST_STEPS);
    return UND_OK;
}

static enum und_code search_range(struct search *search, struct und_err *err)
{
    struct answer *answer = search->answer;
    enum answer_says low, high;
    if (settle_range(search, err) != UND_OK)
        return err->code;
    search->error = answer->error / (2 + 2 * ceil(log2(answer->range.steps + 1)));
    if (look_at(search, 0, &low, err) != UND_OK ||
        look_at(search, answer->range.steps, &high, err) != UND_OK)
        return err->code;
    answer->reached = low == ANSWER_OPEN || high == ANSWER_OPEN ? ANSWER_UNKNOWN
                      : low != high                             ? ANSWER_WITHIN
                      : low == ANSWER_HOLDS                     ? ANSWER_EVERYWHERE
                                                                : ANSWER_NOWHERE;
    answer->inner = low == ANSWER_HOLDS ? 0 : answer->range.steps;
    answer->outer = answer->range.steps - answer->inner;
    if (answer->reached != ANSWER_WITHIN)
        return UND_OK;
    if (bisect(search, err) == UND_OK)
        answer->estimate = crossing(answer);
    return err->code;
}

enum und_code find_crossing(const struct find *find, struct answer *answer, struct und_err *err)
{
    struct search search = {.find = find, .answer = answer};
    search.scenario = calloc(1, sizeof *search.scenario);
    UND_ASSERT(search.scenario != NULL);
    answer->n = 0;
    answer->estimate = NAN;
    search_range(&search, err);
    free(search.scenario);
    return err->code;
}
