#include "sim_command.h"

#include "model/base/assert.h"
#include "model/base/units.h"
#include "model/load/loader.h"
#include "reports/plot/sweep.h"
#include "reports/text/table.h"
#include "reports/text/text.h"
#include "sim/experiment/scenario_set.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct axis {
    char path[256];
    char value[SWEEP_POINTS][SWEEP_VALUE];
    int n;
};

struct whatif {
    struct axis axis[SWEEP_AXES];
    struct sweep sweep;
    struct scenario_set campaign;
    const char *vary[SWEEP_AXES], *metric[SWEEP_COLUMNS], *until, *plot; /* as they were given */
    int n_vary, n_metrics;
    struct und_errors errors; /* of the first point */
};

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
    {"until", .type = OPTION_TEXT, .argument = "METRIC[:STAT]<=V", OPTION_AT(struct whatif, until),
     .about = "or >=V: up to where does this hold, interval included?"},
    {"plot", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct whatif, plot),
     .about = "the first column over the values, SVG"},
    SCENARIO_SET_ROWS(struct whatif, campaign),
    {0}};

static const struct option_rule rules[] = {SCENARIO_SET_RULES, {0}};

static const struct option_example examples[] = {
    {"whatif scenarios/capacity.yaml --vary fleet.workload.arrivals.rate=200/d..300/d:20/d "
     "--until 'queue_wait<=5min'",
     "what would half as many runs again do?"},
    {"whatif scenarios/cpu-degradation.yaml --vary fleet.policy.persist=1min,2min,5min",
     "how long should the policy wait?"},
    {0}};

static const struct option_exit exits[] = {
    {UND_OK, "done"}, {UND_USAGE, "usage or input error, or no setting could be simulated"}, {0}};

const struct options whatif_options = {
    .name = "whatif",
    .synopsis = "FILE --vary PATH=LIST|A..B:STEP ... [options]\n--metric help",
    .purpose = "sweeps of any setting, under common random numbers",
    .rows = rows,
    .rules = rules,
    .operand = "scenario",
    .most = 1,
    .examples = examples,
    .exits = exits,
};

/* ---- options ---- */

static enum und_code add_value(struct axis *axis, const char *value, size_t length,
                               struct und_err *err)
{
    if (axis->n == SWEEP_POINTS)
        return und_fail(err, UND_USAGE, "--vary %s: got more than %d values", axis->path,
                        SWEEP_POINTS);
    if (length == 0 || length >= SWEEP_VALUE)
        return und_fail(err, UND_USAGE, "--vary %s: got a value of %zu characters, want 1..%d",
                        axis->path, length, SWEEP_VALUE - 1);
    snprintf(axis->value[axis->n++], SWEEP_VALUE, "%.*s", (int)length, value);
    return UND_OK;
}

/* One number and its unit out of a range; false if there is none. */
static bool read_bound(const char *text, size_t length, double *number, char unit[SWEEP_VALUE])
{
    char bound[SWEEP_VALUE], *end;
    snprintf(bound, sizeof bound, "%.*s", (int)(length < sizeof bound ? length : 0), text);
    *number = strtod(bound, &end);
    snprintf(unit, SWEEP_VALUE, "%s", end);
    return end != bound;
}

/* A, and so many per cent more each time, up to B. */
static enum und_code add_growth(struct axis *axis, double a, double b, double percent,
                                const char *unit, struct und_err *err)
{
    double growth = 1 + percent / 100;
    if (!(percent > 0) || !(a > 0) || !(b >= a) || log(b / a) / log(growth) >= SWEEP_POINTS)
        return und_fail(err, UND_USAGE,
                        "--vary %s: got %g..%g:%g%%, want 0 < A <= B and at most %d steps",
                        axis->path, a, b, percent, SWEEP_POINTS - 1);
    while (a <= b * (1 + 1e-9)) {
        char value[2 * SWEEP_VALUE];
        int length = snprintf(value, sizeof value, "%.6g%s", a, unit);
        if (add_value(axis, value, (size_t)length, err) != UND_OK)
            return err->code;
        a *= growth;
    }
    return UND_OK;
}

/* A..B:STEP; all three with the same unit, which is whatever follows the number; or the step is
 * growth, "4%". */
static enum und_code add_range(struct axis *axis, const char *text, struct und_err *err)
{
    const char *dots = strstr(text, ".."), *colon = dots ? strchr(dots, ':') : NULL;
    char unit_a[SWEEP_VALUE], unit_b[SWEEP_VALUE], unit_step[SWEEP_VALUE];
    double a, b, step;
    long i, n;
    bool good = colon && read_bound(text, (size_t)(dots - text), &a, unit_a) &&
                read_bound(dots + 2, (size_t)(colon - dots - 2), &b, unit_b) &&
                read_bound(colon + 1, strlen(colon + 1), &step, unit_step) &&
                strcmp(unit_a, unit_b) == 0;
    if (good && strcmp(unit_step, "%") == 0 && strcmp(unit_a, "%") != 0)
        return add_growth(axis, a, b, step, unit_a, err);
    if (!good || strcmp(unit_a, unit_step) != 0)
        return und_fail(err, UND_USAGE,
                        "--vary %s: got '%.60s', want A..B:STEP, three numbers of one unit, or a "
                        "growth such as 4%% as step",
                        axis->path, text);
    if (!(step > 0) || !(b >= a) || (b - a) / step >= SWEEP_POINTS)
        return und_fail(err, UND_USAGE, "--vary %s: got '%.60s', want A <= B and at most %d steps",
                        axis->path, text, SWEEP_POINTS - 1);
    n = lround(floor((b - a) / step + 1e-9));
    for (i = 0; i <= n; i++) {
        char value[2 * SWEEP_VALUE];
        int length = snprintf(value, sizeof value, "%.10g%s", a + (double)i * step, unit_step);
        if (add_value(axis, value, (size_t)length, err) != UND_OK)
            return err->code;
    }
    return UND_OK;
}

static enum und_code add_axis(struct whatif *whatif, const char *text, struct und_err *err)
{
    struct axis *axis = &whatif->axis[whatif->sweep.n_axes];
    const char *equals = strchr(text, '='), *value;
    if (!equals || equals == text || equals - text >= (long)sizeof axis->path)
        return und_fail(err, UND_USAGE, "--vary: got '%.60s', want PATH=a,b,c or PATH=A..B:STEP",
                        text);
    snprintf(axis->path, sizeof axis->path, "%.*s", (int)(equals - text), text);
    value = equals + 1;
    whatif->sweep.axis[whatif->sweep.n_axes++] = axis->path;
    if (strstr(value, ".."))
        return add_range(axis, value, err);
    for (;;) {
        size_t length = strcspn(value, ",");
        if (add_value(axis, value, length, err) != UND_OK || value[length] == '\0')
            return err->code;
        value += length + 1;
    }
}

/* "queue_wait:p95" or "queue_wait[class=build]:p95", of the given length; names may have colons. */
static enum und_code parse_column(struct sweep_column *column, const char *text, size_t length,
                                  struct und_err *err)
{
    static const struct {
        const char *name;
        double quantile;
    } statistics[] = {{"p5", 0.05}, {"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}};
    char name[FACET_NAME], why[FACET_WHY], *colon, *bracket;
    size_t i;
    snprintf(name, sizeof name, "%.*s", (int)length, text);
    *column = (struct sweep_column){.mean = true};
    bracket = strrchr(name, ']');
    if ((colon = strrchr(bracket ? bracket : name, ':')) != NULL) {
        *colon++ = '\0';
        column->mean = strncmp(colon, "mean", 4) == 0 && colon[4 + strspn(colon + 4, " ")] == '\0';
        for (i = 0; i < sizeof statistics / sizeof *statistics; i++)
            if (strncmp(colon, statistics[i].name, strcspn(colon, " ")) == 0 &&
                strlen(statistics[i].name) == strcspn(colon, " "))
                column->quantile = statistics[i].quantile;
        if (!column->mean && column->quantile <= 0)
            return und_fail(err, UND_USAGE,
                            "got metric '%.60s', want :mean, :p5, :p50, :p95 or :p99 behind it",
                            text);
    }
    if (!facet_parse(&column->facet, name, why))
        return und_fail(err, UND_USAGE, "got metric '%.60s', %s", text, why);
    column->metric = column->facet.metric;
    if (facet_is_metric(&column->facet))
        column->facet.name[0] = '\0';
    return UND_OK;
}

/* The last "<=" or ">=": a limit of its own may stand before it. */
static const char *comparison(const char *text)
{
    const char *at = NULL;
    for (; *text; text++)
        if ((*text == '<' || *text == '>') && text[1] == '=')
            at = text;
    return at;
}

static enum und_code parse_until(struct sweep_limit *limit, const char *text, struct und_err *err)
{
    const char *op = comparison(text), *value;
    char hint[UNITS_HINT] = "", *end;
    int64_t ms = 0;
    bool good = false;
    if (op == NULL)
        return und_fail(err, UND_USAGE, "--until: got '%.60s', want e.g. queue_wait:p95<=5min",
                        text);
    if (parse_column(&limit->column, text, (size_t)(op - text), err) != UND_OK)
        return err->code;
    value = op + 2 + strspn(op + 2, " ");
    limit->given = true;
    limit->at_least = *op == '>';
    switch (metric_unit(sweep_reads_as(&limit->column))) {
    case UNIT_MS:
        good = units_duration(value, &ms, hint);
        limit->value = (double)ms;
        break;
    case UNIT_SHARE:
        good = units_share(value, &limit->value, hint);
        break;
    case UNIT_COUNT:
        limit->value = strtod(value, &end);
        good = end != value && *end == '\0';
        break;
    }
    if (!good)
        return und_fail(err, UND_USAGE, "--until: got the value '%.40s'; %s", value, hint);
    return UND_OK;
}

static enum und_code take_options(struct whatif *whatif, struct und_err *err)
{
    struct sweep *sweep = &whatif->sweep;
    int i;
    for (i = 0; i < whatif->n_vary && err->code == UND_OK; i++)
        add_axis(whatif, whatif->vary[i], err);
    for (i = 0; i < whatif->n_metrics && err->code == UND_OK; i++)
        parse_column(&sweep->column[sweep->n_columns++], whatif->metric[i],
                     strlen(whatif->metric[i]), err);
    if (whatif->until && err->code == UND_OK)
        parse_until(&sweep->limit, whatif->until, err);
    return err->code;
}

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
    const char *sets[SCENARIO_SET_SETS + SWEEP_AXES];
    char set[SWEEP_AXES][sizeof whatif->axis->path + SWEEP_VALUE + 1];
    struct und_err err = {.all = point == whatif->sweep.point ? &whatif->errors : NULL};
    int i, n = whatif->campaign.n_sets;
    UND_ASSERT(scenario != NULL);
    memcpy(sets, whatif->campaign.sets, (size_t)n * sizeof *sets);
    for (i = 0; i < whatif->sweep.n_axes; i++) {
        snprintf(set[i], sizeof set[i], "%s=%s", whatif->axis[i].path, point->value[i]);
        sets[n++] = set[i];
    }
    point->result = calloc(1, sizeof *point->result);
    UND_ASSERT(point->result != NULL);
    if (scenario_load(scenario, whatif->sweep.path, sets, n, &err) == UND_OK) {
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

/* All combinations; the last axis varies fastest. */
static enum und_code lay_out(struct whatif *whatif, struct und_err *err)
{
    struct sweep *sweep = &whatif->sweep;
    int i, j, n = 1;
    for (i = 0; i < sweep->n_axes; i++) {
        n *= whatif->axis[i].n;
        if (n > SWEEP_POINTS)
            return und_fail(err, UND_USAGE, "--vary: got more than %d combinations", SWEEP_POINTS);
    }
    sweep->point = calloc((size_t)n, sizeof *sweep->point);
    UND_ASSERT(sweep->point != NULL);
    sweep->n_points = n;
    for (i = 0; i < n; i++) {
        int rest = i;
        for (j = sweep->n_axes - 1; j >= 0; j--) {
            memcpy(sweep->point[i].value[j], whatif->axis[j].value[rest % whatif->axis[j].n],
                   SWEEP_VALUE);
            rest /= whatif->axis[j].n;
        }
    }
    return UND_OK;
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

static enum und_code run(struct whatif *whatif, struct und_err *err)
{
    struct sweep *sweep = &whatif->sweep;
    bool faults = false, shows = !whatif->campaign.quiet && scenario_set_shows_progress();
    enum und_code code = UND_OK;
    int i, failed = 0;
    if (lay_out(whatif, err) != UND_OK)
        return err->code;
    for (i = 0; i < sweep->n_points; i++) {
        enum und_code point_code;
        if (shows) {
            char line[1024];
            snprintf(line, sizeof line, "point %d of %d  %s", i + 1, sweep->n_points, sweep->path);
            scenario_set_show_often(line);
        }
        point_code = run_point(whatif, &sweep->point[i], &faults);
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
    default_columns(sweep, faults);
    if (whatif->campaign.json)
        sweep_print_json(stdout, sweep);
    else
        sweep_print(stdout, sweep, text_terminal_columns(stdout, TABLE_COLUMNS));
    if (whatif->plot)
        write_plot(whatif, err);
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
    } else if (first != 0 && (first == argc || whatif->n_vary == 0)) {
        und_fail(err, UND_USAGE, "whatif: want one FILE and at least one --vary PATH=VALUES");
    } else if (first != 0 && take_options(whatif, err) == UND_OK) {
        whatif->sweep.path = argv[first];
        run(whatif, err);
    }
    sweep_fini(&whatif->sweep);
    free(whatif);
    return err->code;
}
