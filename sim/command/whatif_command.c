#include "sim_command.h"
#include "whatif.h"

#include "model/base/assert.h"
#include "model/load/loader.h"
#include "reports/text/table.h"
#include "reports/text/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row rows[] = {
    {"vary", .type = OPTION_TEXTS, .argument = "PATH=VALUES", OPTION_AT(struct whatif, vary),
     .beside = offsetof(struct whatif, n_vary), .most = SWEEP_AXES,
     .about = "values: a,b,c, A..B:STEP or A..B:4% (growth); up to 4 paths, all combinations"},
    {"metric", .type = OPTION_TEXTS, .argument = "METRIC[:STAT]", OPTION_AT(struct whatif, metric),
     .beside = offsetof(struct whatif, n_metrics), .most = SWEEP_COLUMNS,
     .about = "a column; STAT mean, p5, p50, p95 or p99; `--metric help` lists metrics and their "
              "parts, such as 'queue_wait[class=NAME]' or 'queue_wait > 5min'",
     .otherwise = "queue_wait, queue_wait:p95, utilization, with faults rto:p95 and "
                  "job_recovery:p95 as well"},
    {"until", .type = OPTION_TEXTS, .argument = "METRIC[:STAT]<=V", OPTION_AT(struct whatif, until),
     .beside = offsetof(struct whatif, n_until), .most = WHATIF_UNTIL,
     .about = "or >=V: up to where does this hold, interval included? With --find up to 8"},
    {"find", .type = OPTION_TEXT, .argument = "PATH=LOW..HIGH", OPTION_AT(struct whatif, find),
     .about = "where between the two does --until cease (or begin) to hold, as an interval; "
              "LOW..HIGH:STEP for steps other than whole numbers or a hundredth; --replications: "
              "the most at one point (1600)"},
    {"growth", .type = OPTION_TEXT, .argument = "SHARE|LOW..HIGH", OPTION_AT(struct whatif, growth),
     .about = "of the path of --find in a month of 30 days, LOW being today's value: when is each "
              "limit passed? 4%, or an interval of 95% as fit prints it, 1%..7%"},
    {"from", .type = OPTION_TEXT, .argument = "DATE", OPTION_AT(struct whatif, from),
     .about = "today, as 2026-11-28, so that dates come out", .otherwise = "months are counted"},
    {"n-1", .type = OPTION_FLAG, OPTION_AT(struct whatif, lost),
     .about =
         "every answer also with the primary lost at the busiest hour, for the 24 hours after"},
    {"plot", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct whatif, plot),
     .about = "the first column over the values, SVG"},
    SCENARIO_SET_ROWS(struct whatif, campaign),
    {0}};

static const struct option_rule rules[] = {{"metric=help", OPTION_EXCLUDES, "*"},
                                           SCENARIO_SET_RULES,
                                           {"find", OPTION_NEEDS, "until"},
                                           {"growth", OPTION_NEEDS, "find"},
                                           {"from", OPTION_NEEDS, "growth"},
                                           {"find", OPTION_EXCLUDES, "plot metric precision"},
                                           {0}};

static const struct option_example examples[] = {
    {"whatif scenarios/capacity.yaml --vary fleet.workload.arrivals.rate=200/d..300/d:20/d "
     "--until 'queue_wait<=5min'",
     "what would half as many runs again do?"},
    {"whatif scenarios/capacity.yaml --find fleet.workload.arrivals.rate=200/d..400/d "
     "--until 'queue_wait<=5min' --n-1",
     "how many runs a day can it take, and how many with the primary lost?"},
    {"whatif scenarios/capacity.yaml --find fleet.workload.arrivals.rate=200/d..400/d "
     "--until 'queue_wait<=5min' --until 'queue_wait<=10min' --growth 2%..6% --from 2026-11-28",
     "when are the runbook's thresholds passed?"},
    {"whatif scenarios/cpu-degradation.yaml --vary fleet.policy.persist=1min,2min,5min",
     "how long should the policy wait?"},
    {0}};

static const struct option_exit exits[] = {
    {UND_OK, "done"}, {UND_USAGE, "usage or input error, or no setting could be simulated"}, {0}};

const struct options whatif_options = {
    .name = "whatif",
    .synopsis = "FILE --vary PATH=LIST|A..B:STEP ... [options]\n"
                "FILE --find PATH=LOW..HIGH --until METRIC<=V [options]\n--metric help",
    .purpose = "sweeps of any setting, and how far one can go, under common random numbers",
    .rows = rows,
    .rules = rules,
    .operand = "scenario",
    .most = 1,
    .examples = examples,
    .exits = exits,
};

/* ---- running ---- */

static void default_columns(struct sweep *sweep, bool faults)
{
    static const struct sweep_column columns[] = {
        {.metric = METRIC_QUEUE_WAIT, .mean = true},
        {.metric = METRIC_QUEUE_WAIT, .quantile = 0.95},
        {.metric = METRIC_UTILIZATION, .mean = true},
        {.metric = METRIC_RTO, .quantile = 0.95},
        {.metric = METRIC_JOB_RECOVERY, .quantile = 0.95}};
    int n = faults ? 5 : 3, i;
    bool given_up = false;
    if (sweep->n_columns > 0)
        return;
    memcpy(sweep->column, columns, (size_t)n * sizeof *columns);
    sweep->n_columns = n;
    /* What gives up is in no wait: a load beyond what the queue takes would look light. */
    for (i = 0; i < sweep->n_points; i++)
        given_up = given_up || (sweep->point[i].result &&
                                sweep->point[i].result->metric[METRIC_GIVEN_UP].mean > 0);
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
    if (sweep->limit.given && sweep->limit.column.facet.name[0] && err->code == UND_OK)
        scenario_set_measure(scenario, &sweep->limit.column.facet, err);
    return err->code;
}

static enum und_code run_point(struct whatif *whatif, struct sweep_point *point, bool *faults)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct und_err err = {.all = point == whatif->sweep.point ? &whatif->errors : NULL};
    struct whatif_sets sets;
    int n = whatif_sets(whatif, point, whatif->now, &sets);
    UND_ASSERT(scenario != NULL);
    point->result = calloc(1, sizeof *point->result);
    UND_ASSERT(point->result != NULL);
    if (scenario_load(scenario, whatif->sweep.path, sets.set, n, &err) == UND_OK) {
        *faults = *faults || scenario->n_faults > 0;
        if (add_facets(&whatif->sweep, scenario, &err) == UND_OK)
            experiment_run(scenario, &whatif->campaign.experiment, point->result, &err);
        scenario_fini(scenario);
    }
    if (err.code != UND_OK) {
        free(point->result);
        point->result = NULL;
        point->error = strdup(err.text);
    }
    free(scenario);
    return err.code;
}

static void write_plot(const struct whatif *whatif, struct und_err *err)
{
    struct und_err plots = {0};
    FILE *file;
    if (!sweep_can_plot(&whatif->sweep)) {
        fprintf(stderr, "understudy: no plot: want one path with two or more numbers\n");
        return;
    }
    if (!(file = fopen(whatif->plot, "w"))) {
        und_fail(err, UND_USAGE, "%s: cannot write: %s", whatif->plot, strerror(errno));
        return;
    }
    if (sweep_plot(file, &whatif->sweep, &plots) != UND_OK)
        fprintf(stderr, "understudy: no plot: %s\n", plots.text);
    else if (ferror(file))
        und_fail(err, UND_USAGE, "%s: cannot write", whatif->plot);
    if (fclose(file) != 0)
        und_fail(err, UND_USAGE, "%s: cannot write: %s", whatif->plot, strerror(errno));
    if (plots.code != UND_OK)
        remove(whatif->plot);
}

static enum und_code run_points(struct whatif *whatif, bool *faults, struct und_err *err)
{
    struct sweep *sweep = &whatif->sweep;
    bool shows = !whatif->campaign.quiet && scenario_set_shows_progress();
    enum und_code code = UND_OK;
    int i, failed = 0;
    for (i = 0; i < sweep->n_points; i++) {
        enum und_code point_code;
        if (shows) {
            char line[1024];
            snprintf(line, sizeof line, "point %d of %d  %s", i + 1, sweep->n_points, sweep->path);
            scenario_set_show_often(line);
        }
        point_code = run_point(whatif, &sweep->point[i], faults);
        failed += point_code != UND_OK;
        code = code == UND_OK ? point_code : code;
    }
    if (shows)
        fputs("\r\033[K", stderr);
    /* Some settings may be unstable or impossible, which the table says; none at all is an error.
     */
    if (failed == sweep->n_points) {
        whatif->errors.every = whatif->campaign.all_errors;
        if (err->all)
            *err->all = whatif->errors;
        return und_fail(err, code, "%s", sweep->point[0].error);
    }
    return UND_OK;
}

static enum und_code sweep_once(struct whatif *whatif, json_t **json, struct und_err *err)
{
    struct sweep *sweep = &whatif->sweep;
    bool faults = false;
    if (whatif_lay_out(whatif, err) != UND_OK || run_points(whatif, &faults, err) != UND_OK)
        return err->code;
    default_columns(sweep, faults);
    if (whatif->campaign.json)
        *json = sweep_json(sweep);
    else
        sweep_print(stdout, sweep, text_terminal_columns(stdout, TABLE_COLUMNS));
    if (whatif->plot && !whatif->now)
        write_plot(whatif, err);
    return err->code;
}

/* By the first point: which host is the primary is the same at all of them. */
static enum und_code prepare_lost(struct whatif *whatif, struct und_err *err)
{
    struct whatif_sets sets;
    int n;
    if (whatif_lay_out(whatif, err) != UND_OK)
        return err->code;
    n = whatif_sets(whatif, &whatif->sweep.point[0], NULL, &sets);
    n_1_make(&whatif->loss, whatif->sweep.path, sets.set, n, err);
    sweep_fini(&whatif->sweep);
    return err->code;
}

/* And once more with the primary lost; the columns that were asked for are the same. */
static enum und_code sweep_all(struct whatif *whatif, struct und_err *err)
{
    int asked = whatif->sweep.n_columns;
    json_t *json = NULL, *then = NULL;
    if (whatif->lost && prepare_lost(whatif, err) != UND_OK)
        return err->code;
    if (sweep_once(whatif, &json, err) == UND_OK && whatif->lost) {
        sweep_fini(&whatif->sweep);
        whatif->sweep.n_columns = asked;
        whatif->now = &whatif->loss;
        whatif->sweep.where = whatif->loss.where;
        if (!whatif->campaign.json)
            printf("\n%s:\n", whatif->loss.where);
        if (sweep_once(whatif, &then, err) == UND_OK && json)
            json_object_set_new(json, "n_1", then);
    }
    if (json && err->code == UND_OK) {
        json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
        putchar('\n');
    }
    json_decref(json);
    return err->code;
}

static enum und_code run(struct whatif *whatif, struct und_err *err)
{
    if (!whatif->find)
        return sweep_all(whatif, err);
    if (whatif_lay_out(whatif, err) == UND_OK)
        whatif_find(whatif, err);
    return err->code;
}

enum und_code whatif_command(int argc, char **argv, struct und_err *err)
{
    struct whatif *whatif = calloc(1, sizeof *whatif);
    int first;
    UND_ASSERT(whatif != NULL);
    first = scenario_set_parse(&whatif_options, argc, argv, whatif, &whatif->campaign, err);
    if (first != 0 && scenario_set_lists_metrics(whatif->metric, whatif->n_metrics)) {
        puts("Each with :mean (the default), :p5, :p50, :p95 or :p99, e.g. rto:p95.");
    } else if (first != 0 && (first == argc || (whatif->n_vary == 0 && !whatif->find))) {
        und_fail(err, UND_USAGE,
                 "whatif: want one FILE and at least one --vary PATH=VALUES, or --find");
    } else if (first != 0 && whatif_take_options(whatif, err) == UND_OK) {
        whatif->sweep.path = argv[first];
        if (err->all)
            err->all->every = whatif->campaign.all_errors;
        run(whatif, err);
    }
    sweep_fini(&whatif->sweep);
    free(whatif);
    return err->code;
}
