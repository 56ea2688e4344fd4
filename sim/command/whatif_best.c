/* --best: which of the points is the best one, with a stated probability. */
#include "whatif.h"

#include "model/base/assert.h"
#include "model/load/loader.h"
#include "reports/text/text.h"
#include "sim/planning/best.h"
#include "sim/planning/runs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_POINTS 200

struct contest {
    struct whatif *whatif;
    struct sweep_column column;
    bool by_cost, largest;
    double within;
    struct best_system of[MOST_POINTS];
    int chosen;
    bool sure;
};

/* Of each replication the metric, or what a month of it costs. */
static void take_values(const struct contest *contest, const struct scenario *scenario,
                        const struct result *result, int64_t n, double *value)
{
    const struct facet_result *facet =
        contest->column.facet.name[0] ? result_facet(result, contest->column.facet.name) : NULL;
    const double *from =
        facet ? facet->by_replication : result->by_replication[contest->column.metric];
    double runs = 0, slots = runs_on_slots(&scenario->fleet);
    int64_t r;
    if (contest->by_cost)
        runs_a_month(&scenario->fleet.workload, &runs);
    for (r = 0; r < n; r++)
        value[r] = contest->by_cost
                       ? money_of_month(&contest->whatif->sweep.prices, slots, runs, from[r])
                       : (contest->largest ? -from[r] : from[r]);
}

static void nothing(int64_t n, double *value)
{
    int64_t r;
    for (r = 0; r < n; r++)
        value[r] = NAN;
}

static enum und_code sample(void *context, int point, int64_t n, double *value, struct und_err *err)
{
    struct contest *contest = context;
    struct whatif *whatif = contest->whatif;
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct experiment experiment = whatif->campaign.experiment;
    struct und_err unstable = {0};
    struct whatif_sets sets;
    struct result result;
    int n_sets = whatif_sets(whatif, point, false, &sets);
    UND_ASSERT(scenario != NULL);
    experiment.replications = n;
    if (scenario_load(scenario, whatif->sweep.path, sets.set, n_sets, err) == UND_OK) {
        if (contest->column.facet.name[0])
            scenario_set_measure(scenario, &contest->column.facet, err);
        if (err->code == UND_OK &&
            experiment_run(scenario, &experiment, &result, &unstable) == UND_OK) {
            take_values(contest, scenario, &result, n, value);
            result_fini(&result);
        } else {
            nothing(n, value); /* it falls out, and its point says why */
            whatif->sweep.point[point].error = strdup(unstable.text);
        }
        scenario_fini(scenario);
    }
    free(scenario);
    return err->code;
}

static enum und_code take_contest(struct contest *contest, struct und_err *err)
{
    const struct whatif *whatif = contest->whatif;
    struct sweep_limit within;
    char text[SWEEP_NAME + 64], *end;
    contest->by_cost = strcmp(whatif->best, "cost") == 0;
    if (contest->by_cost) {
        contest->column = (struct sweep_column){.metric = METRIC_QUEUE_WAIT, .mean = true};
        contest->within = strtod(whatif->within, &end);
        if (!whatif->sweep.prices.given)
            return und_fail(err, UND_USAGE, "--best: got cost without --price-slot");
        if (end == whatif->within || *end != '\0' || !(contest->within > 0))
            return und_fail(err, UND_USAGE, "--within: got '%.40s', want an amount, e.g. 50",
                            whatif->within);
        return UND_OK;
    }
    if (whatif->sweep.prices.given)
        return und_fail(
            err, UND_USAGE,
            "whatif: got --best %.60s --within and --price-slot%s%s%s, want one of them, "
            "or --best cost: the other would do nothing",
            whatif->best, whatif->run_price ? " --price-run" : "",
            whatif->hour_price ? " --price-hour" : "", whatif->currency ? " --currency" : "");
    if (whatif_column(&contest->column, whatif->best, strlen(whatif->best), err) != UND_OK)
        return err->code;
    if (!contest->column.mean)
        return und_fail(err, UND_USAGE, "--best: got '%.60s', want a mean", whatif->best);
    snprintf(text, sizeof text, "%.*s<=%.30s", SWEEP_NAME, whatif->best, whatif->within);
    if (whatif_limit(&within, text, err) != UND_OK)
        return err->code;
    contest->within = within.value;
    contest->largest = contest->column.metric == METRIC_AVAILABILITY ||
                       contest->column.metric == METRIC_JOB_SUCCESS ||
                       contest->column.metric == METRIC_FAILOVER_SUCCESS;
    return contest->within > 0 ? UND_OK
                               : und_fail(err, UND_USAGE, "--within: got '%.40s', want more than 0",
                                          whatif->within);
}

static const char *value_text(const struct contest *contest, double value, char out[48])
{
    char text[TEXT_VALUE];
    if (isnan(value))
        snprintf(out, 48, "-");
    else if (contest->by_cost)
        money_text(&contest->whatif->sweep.prices, value, out);
    else
        snprintf(
            out, 48, "%s",
            text_metric(text, sweep_reads_as(&contest->column), contest->largest ? -value : value));
    return out;
}

static void print(const struct contest *contest)
{
    const struct sweep *sweep = &contest->whatif->sweep;
    char name[512], value[48];
    int i;
    printf("%s: seed %llu, the best of %d by %s\n", sweep->path,
           (unsigned long long)contest->whatif->campaign.experiment.seed, sweep->n_points,
           contest->whatif->best);
    for (i = 0; i < sweep->n_points; i++)
        printf(
            "  %-40s %16s  %6lld replications  %s\n", sweep_point_name(sweep, i, name, sizeof name),
            value_text(contest, contest->of[i].mean, value), (long long)contest->of[i].replications,
            i == contest->chosen                                  ? "the best"
            : sweep->point[i].error && isnan(contest->of[i].mean) ? sweep->point[i].error
            : contest->of[i].out                                  ? "worse"
                                                                  : "not told apart");
    sweep_point_name(sweep, contest->chosen, name, sizeof name);
    if (contest->sure)
        printf("  %s: with 95%% no other one is better by more than %s\n", name,
               contest->whatif->within);
    else
        printf("  %s has the best mean, but --replications ended before it was sure\n", name);
}

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static void print_json(const struct contest *contest)
{
    const struct sweep *sweep = &contest->whatif->sweep;
    json_t *points = json_array(), *root;
    char name[512];
    int i, j;
    for (i = 0; i < sweep->n_points; i++) {
        const struct best_system *of = &contest->of[i];
        json_t *values = json_object();
        for (j = 0; j < sweep->n_axes; j++)
            json_object_set_new(values, sweep->axis[j].path, json_string(sweep_text(sweep, i, j)));
        json_array_append_new(points, json_pack("{s:o,s:o,s:I,s:b,s:b}", "values", values, "mean",
                                                number(contest->largest ? -of->mean : of->mean),
                                                "replications", (json_int_t)of->replications,
                                                "best", i == contest->chosen, "worse", of->out));
    }
    root = json_pack("{s:i,s:s,s:s,s:s,s:s,s:o,s:o}", "version", 1, "whatif", sweep->path,
                     "best_by", contest->whatif->best, "best",
                     sweep_point_name(sweep, contest->chosen, name, sizeof name), "within",
                     contest->whatif->within, "confidence",
                     contest->sure ? json_real(BEST_CONFIDENCE) : json_null(), "points", points);
    json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    putchar('\n');
    json_decref(root);
}

static enum und_code contend(struct contest *contest, struct und_err *err)
{
    struct whatif *whatif = contest->whatif;
    int64_t most = whatif->campaign.experiment.replications;
    struct best best = {.k = whatif->sweep.n_points,
                        .indifference = contest->within,
                        .confidence = BEST_CONFIDENCE,
                        .most = most > 0 ? most : BEST_MOST,
                        .sample = sample,
                        .context = contest};
    if (best.k < 2 || best.k > MOST_POINTS || best.most < 2)
        return und_fail(
            err, UND_USAGE,
            "--best: got %d points and at most %lld replications, want 2..%d, 2 or more", best.k,
            (long long)best.most, MOST_POINTS);
    return best_of(&best, contest->of, &contest->chosen, &contest->sure, err);
}

enum und_code whatif_best(struct whatif *whatif, struct und_err *err)
{
    struct contest *contest = calloc(1, sizeof *contest);
    UND_ASSERT(contest != NULL);
    contest->whatif = whatif;
    if (take_contest(contest, err) == UND_OK && contend(contest, err) == UND_OK) {
        if (whatif->format == WHATIF_JSON)
            print_json(contest);
        else
            print(contest);
    }
    free(contest);
    return err->code;
}
