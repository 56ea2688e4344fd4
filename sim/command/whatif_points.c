/* What runs the points of whatif, and keeps them. */
#include "whatif.h"

#include "model/base/assert.h"
#include "model/load/loader.h"
#include "sim/planning/ranks.h"
#include "sim/planning/runs.h"

#include <stdlib.h>
#include <string.h>

void whatif_default_columns(struct whatif *whatif)
{
    static const struct sweep_column columns[] = {
        {.metric = METRIC_QUEUE_WAIT, .mean = true},
        {.metric = METRIC_QUEUE_WAIT, .quantile = 0.95},
        {.metric = METRIC_UTILIZATION, .mean = true},
        {.metric = METRIC_RTO, .quantile = 0.95},
        {.metric = METRIC_JOB_RECOVERY, .quantile = 0.95}};
    struct sweep *sweep = &whatif->sweep;
    bool given_up = false, faults = false;
    int i;
    if (sweep->n_columns > 0)
        return;
    /* What gives up is in no wait: a load beyond what the queue takes would look light. */
    for (i = 0; i < sweep->n_points; i++) {
        const struct sweep_found *found = sweep->point[i].found;
        given_up = given_up || (found && found->metric[METRIC_GIVEN_UP].mean > 0);
        faults = faults || (found && found->faults);
    }
    sweep->n_columns = faults ? 5 : 3;
    memcpy(sweep->column, columns, (size_t)sweep->n_columns * sizeof *columns);
    if (given_up)
        sweep->column[sweep->n_columns++] =
            (struct sweep_column){.metric = METRIC_GIVEN_UP, .mean = true};
}

/* Of this point's fleet: classes and hosts may vary. */
static enum und_code add_facets(const struct sweep *sweep, struct scenario *scenario,
                                struct und_err *err)
{
    int i;
    for (i = 0; i < sweep->n_columns && err->code == UND_OK; i++)
        if (sweep->column[i].facet.name[0])
            scenario_set_measure(scenario, &sweep->column[i].facet, err);
    for (i = 0; i < sweep->n_limits && err->code == UND_OK; i++)
        if (sweep->limit[i].column.facet.name[0])
            scenario_set_measure(scenario, &sweep->limit[i].column.facet, err);
    return err->code;
}

/* What it costs; `result` is the point's. */
static enum und_code judge_money(struct whatif *whatif, const struct scenario *scenario,
                                 const struct result *result, struct sweep_found *found,
                                 struct und_err *err)
{
    const struct result *first = whatif->first;
    const struct sweep_found *of_first = whatif->sweep.point[0].found;
    const struct money_found *money = first && of_first ? &of_first->money : NULL;
    if (!whatif->sweep.prices.given || result->metric[METRIC_QUEUE_WAIT].mean_is_bound)
        return UND_OK;
    if (!runs_a_month(&scenario->fleet.workload, &found->money.runs))
        return und_fail(err, UND_USAGE, "%s: --price: got a trace, want arrivals with a rate",
                        scenario->path);
    found->money.slots = runs_on_slots(&scenario->fleet);
    money_judge(&whatif->sweep.prices, result->by_replication[METRIC_QUEUE_WAIT],
                (int)result->replications, first ? first->by_replication[METRIC_QUEUE_WAIT] : NULL,
                first ? (int)first->replications : 0, money && money->runs > 0 ? money : NULL,
                &found->money);
    return UND_OK;
}

/* The result into what is kept of the point; all of the first one's stays. */
static enum und_code take(struct whatif *whatif, int at, const struct scenario *scenario,
                          struct result *result, struct und_err *err)
{
    struct sweep_point *point = &whatif->sweep.point[at];
    if (at == 0)
        whatif->first = result;
    point->found = sweep_found_of(result, whatif->first);
    point->found->faults = scenario->n_faults > 0;
    judge_money(whatif, scenario, result, point->found, err);
    return err->code;
}

static void free_first(struct whatif *whatif)
{
    if (whatif->first)
        result_fini(whatif->first);
    free(whatif->first);
    whatif->first = NULL;
}

static enum und_code run_point(struct whatif *whatif, int at)
{
    struct sweep_point *point = &whatif->sweep.point[at];
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct result *result = calloc(1, sizeof *result);
    struct und_err err = {.all = at == 0 ? &whatif->errors : NULL};
    struct whatif_sets sets;
    int n = whatif_sets(whatif, at, whatif->losing, &sets);
    UND_ASSERT(scenario != NULL && result != NULL);
    if (scenario_load(scenario, whatif->sweep.path, sets.set, n, &err) == UND_OK) {
        if (add_facets(&whatif->sweep, scenario, &err) == UND_OK &&
            experiment_run(scenario, &whatif->campaign.experiment, result, &err) == UND_OK)
            take(whatif, at, scenario, result, &err);
        scenario_fini(scenario);
    }
    if (err.code != UND_OK) {
        sweep_found_free(point->found);
        point->found = NULL;
        point->error = strdup(err.text);
    }
    if (result != whatif->first) {
        result_fini(result);
        free(result);
    }
    free(scenario);
    return err.code;
}

/* ---- what is kept ---- */

/* Once the first point is known, so that its digest is. What is in it already need not be
 * simulated. */
static enum und_code open_kept(struct whatif *whatif, struct und_err *err)
{
    struct keep_head head = {whatif->asked, whatif->sweep.n_points,
                             whatif->first ? whatif->first->digest : 0};
    if (!whatif->keep || whatif->kept)
        return UND_OK;
    return keep_open(&whatif->kept, whatif->keep, &head, &whatif->lines, err);
}

int whatif_take_lines(struct whatif *whatif, const json_t *lines)
{
    const json_t *line;
    size_t i;
    int taken = 0;
    json_array_foreach (lines, i, line)
        taken += keep_take(&whatif->sweep, json_string_value(line), whatif->losing);
    return taken;
}

static enum und_code keep_new(struct whatif *whatif, int at, struct und_err *err)
{
    char *line;
    if (!whatif->kept && !whatif->news)
        return UND_OK;
    line = keep_line(&whatif->sweep, at, whatif->losing);
    if (whatif->news)
        json_array_append_new(whatif->news, json_string(line));
    if (whatif->kept)
        keep_point(whatif->kept, line, err);
    free(line);
    return err->code;
}

/* ---- all of them ---- */

static void show(const struct whatif *whatif, int at)
{
    char line[1024];
    snprintf(line, sizeof line, "point %d of %d  %s", at + 1, whatif->sweep.n_points,
             whatif->sweep.path);
    scenario_set_show_often(line);
}

static bool is_mine(const struct whatif *whatif, int at)
{
    return at % whatif->parts == whatif->part - 1;
}

/* Of what was read; the first point itself was simulated anyway, to compare with. */
static bool has_line(const json_t *lines, int at, bool lost)
{
    struct sweep_point *none = calloc((size_t)at + 1, sizeof *none);
    struct sweep sweep = {.point = none, .n_points = at + 1};
    const json_t *line;
    size_t i;
    bool found = false;
    UND_ASSERT(none != NULL);
    json_array_foreach (lines, i, line)
        found = found || keep_take(&sweep, json_string_value(line), lost);
    sweep_clear(&sweep);
    return found;
}

/* What a rank has from an earlier run is news to the first one. */
static void tell_kept(struct whatif *whatif)
{
    int i;
    for (i = 1; whatif->news && i < whatif->sweep.n_points; i++)
        if (whatif->sweep.point[i].found || whatif->sweep.point[i].error) {
            char *line = keep_line(&whatif->sweep, i, whatif->losing);
            json_array_append_new(whatif->news, json_string(line));
            free(line);
        }
}

static enum und_code run_rest(struct whatif *whatif, bool shows, struct und_err *err)
{
    struct sweep *sweep = &whatif->sweep;
    int i;
    if (open_kept(whatif, err) != UND_OK)
        return err->code;
    whatif_take_lines(whatif, whatif->lines);
    tell_kept(whatif);
    if (is_mine(whatif, 0) && !has_line(whatif->lines, 0, whatif->losing))
        keep_new(whatif, 0, err);
    for (i = 1; i < sweep->n_points && err->code == UND_OK; i++) {
        if (!is_mine(whatif, i) || sweep->point[i].found || sweep->point[i].error)
            continue;
        if (shows)
            show(whatif, i);
        run_point(whatif, i);
        keep_new(whatif, i, err);
    }
    return err->code;
}

/* What all ranks have found, on the first of them. */
static void gather(struct whatif *whatif)
{
    json_t *lines = ranks_gather(whatif->news);
    whatif_take_lines(whatif, lines);
    json_decref(lines);
    json_array_clear(whatif->news);
}

enum und_code whatif_run_points(struct whatif *whatif, struct und_err *err)
{
    bool shows = !whatif->campaign.quiet && scenario_set_shows_progress() && ranks_mine() == 0;
    enum und_code code;
    if (shows)
        show(whatif, 0);
    code = run_point(whatif, 0);
    run_rest(whatif, shows, err);
    free_first(whatif);
    if (ranks_all() > 1)
        gather(whatif);
    if (shows)
        fputs("\r\033[K", stderr);
    whatif->code = code;
    return err->code;
}

/* Some settings may be unstable or impossible, which the table says; none at all is an error. */
enum und_code whatif_check_points(struct whatif *whatif, struct und_err *err)
{
    const struct sweep *sweep = &whatif->sweep;
    int i;
    for (i = 0; i < sweep->n_points; i++)
        if (!sweep->point[i].error)
            return UND_OK;
    whatif->errors.every = whatif->campaign.all_errors;
    if (err->all)
        *err->all = whatif->errors;
    return und_fail(err, whatif->code != UND_OK ? whatif->code : UND_USAGE, "%s",
                    sweep->point[0].error);
}
