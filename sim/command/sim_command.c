#include "sim_command.h"
#include "left_out.h"

#include "model/base/assert.h"
#include "model/load/loader.h"
#include "reports/page/html.h"
#include "reports/plot/plot.h"
#include "reports/store/record.h"
#include "reports/text/json.h"
#include "reports/text/junit.h"
#include "reports/text/markdown.h"
#include "reports/text/schema_page.h"
#include "reports/text/table.h"
#include "reports/text/trace.h"
#include "sim/experiment/baseline.h"
#include "sim/experiment/scenario_set.h"
#include "sim/experiment/sequential.h"
#include "sim/rules/rules_diff.h"
#include "version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct wish {
    struct scenario_set campaign;
    const char *html, *plots, *junit, *store;
    struct rules_diff diff;
    const char *baseline, *write_baseline, *markdown;
    struct sequential sequential;
    bool decide;
    bool trace, strict, no_documented, man;
};

#define ROW_HTML                                                                                   \
    {                                                                                              \
        "html", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct wish, html),             \
                .about = "write a page with tables and plots"                                      \
    }
#define ROW_PLOTS                                                                                  \
    {                                                                                              \
        "plots", .type = OPTION_TEXT, .argument = "FOLDER", OPTION_AT(struct wish, plots),         \
                 .about = "write the plots (SVG), two a scenario"                                  \
    }
#define ROW_JUNIT                                                                                  \
    {                                                                                              \
        "junit", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct wish, junit),           \
                 .about = "write the verdicts as JUnit XML"                                        \
    }
#define ROW_STORE                                                                                  \
    {                                                                                              \
        "store", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct wish, store),           \
                 .about = "keep a record of each, for history", .otherwise = "$UNDERSTUDY_STORE"   \
    }
#define ROW_STRICT                                                                                 \
    {                                                                                              \
        "strict", .type = OPTION_FLAG, OPTION_AT(struct wish, strict),                             \
                  .about = "alerts that would move jobs and have no series here are an error"      \
    }

static const struct option_row sim_rows[] = {
    SCENARIO_SET_ROWS(struct wish, campaign),
    OPTION_FORMAT(struct wish, campaign.json),
    {"trace", .type = OPTION_FLAG, OPTION_AT(struct wish, trace),
     .about = "print one replication's timeline: every event with its cause"},
    {"metric", .type = OPTION_TEXTS, .argument = "MEASURE",
     OPTION_AT(struct wish, campaign.measures),
     .beside = offsetof(struct wish, campaign.n_measures), .most = SCENARIO_FACETS,
     .about = "show it as well: 'queue_wait[class=NAME]', 'queue_wait > 5min', "
              "'utilization[host=NAME] > 90%' ...; `--metric help` lists them"},
    ROW_HTML,
    ROW_PLOTS,
    ROW_JUNIT,
    ROW_STORE,
    {"no-documented", .type = OPTION_FLAG, OPTION_AT(struct wish, no_documented),
     .about = "do not simulate the documented mechanisms for comparison"},
    {"rare", .type = OPTION_FLAG, OPTION_AT(struct wish, campaign.experiment.rare),
     .about = "estimate how often all hosts are down at once, by importance sampling"},
    ROW_STRICT,
    {0}};

static const struct option_row test_rows[] = {
    SCENARIO_SET_ROWS(struct wish, campaign),
    OPTION_FORMAT(struct wish, campaign.json),
    ROW_JUNIT,
    {"rules-diff", .type = OPTION_PAIR, .argument = "OLD NEW", OPTION_AT(struct wish, diff.before),
     .beside = offsetof(struct wish, diff.after),
     .about = "what an edit changes: OLD against NEW, by the same random numbers; rule files, a "
              "prometheus.yml, an alertmanager.yml, or folders of these"},
    {"decide", .type = OPTION_FLAG, OPTION_AT(struct wish, decide),
     .about = "each expectation for good: replications until it is known to hold or to fail; "
              "--replications is the most"},
    {"error", .type = OPTION_SHARE, .argument = "SHARE", OPTION_AT(struct wish, sequential.error),
     .open = true, .preset = "1%", .about = "how often one may be decided wrongly"},
    {"baseline", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct wish, baseline),
     .about = "fail where something is worse than it was then, beyond noise"},
    {"write-baseline", .type = OPTION_TEXT, .argument = "FILE",
     OPTION_AT(struct wish, write_baseline), .about = "keep what this run came to"},
    {"markdown", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct wish, markdown),
     .about = "write the verdicts, or the difference, as a comment for a pull request"},
    ROW_HTML,
    ROW_PLOTS,
    ROW_STORE,
    ROW_STRICT,
    {0}};

static const struct option_rule sim_rules[] = {
    {"metric=help", OPTION_EXCLUDES, "*"},
    SCENARIO_SET_RULES,
    {"trace", OPTION_EXCLUDES, "format=json rare no-documented"},
    /* One replication's, whatever is asked of all: files tell of these. */
    {"trace", OPTION_EXCLUDES, "replications precision metric unless html plots junit store"},
    {"quiet", OPTION_EXCLUDES, "metric no-documented unless format=json html"},
    {0}};

/* --rules-diff is strict about what it compares, whether asked or not. */
static const struct option_rule test_rules[] = {
    SCENARIO_SET_RULES,
    {"rules-diff", OPTION_EXCLUDES, "html plots store strict decide baseline write-baseline"},
    {"error", OPTION_NEEDS, "decide"},
    {"decide", OPTION_EXCLUDES, "precision"},
    {"rules-diff", OPTION_EXCLUDES, "all-errors"},
    {0}};

static const struct option_example sim_examples[] = {
    {"sim scenarios/primary-hardware-failure.yaml", "one scenario: documented | simulated"},
    {"sim scenarios/capacity.yaml --set fleet.policy.persist=2min", "what if we waited less?"},
    {"sim scenarios --html page.html", "a folder of scenarios, as a page to show"},
    {0}};

static const struct option_example test_examples[] = {
    {"test scenarios --junit results.xml", "every expectation of a folder, for CI"},
    {"test scenarios --decide --baseline main.json", "a gate: decided, and nothing worse"},
    {"test --rules-diff old.yml new.yml scenarios", "what an edit of alert rules changes"},
    {0}};

static const struct option_exit exits[] = {{UND_OK, "every expectation held"},
                                           {UND_FAILED, "one failed"},
                                           {UND_USAGE, "usage or input error"},
                                           {0}};

const struct options sim_options = {
    .name = "sim",
    .synopsis = "[options] FILE|FOLDER...\n--metric help",
    .purpose = "simulate scenarios: documented | simulated, with intervals",
    .rows = sim_rows,
    .rules = sim_rules,
    .operand = "scenario file or folder",
    .most = OPTIONS_MANY,
    .examples = sim_examples,
    .exits = exits,
};

const struct options test_options = {
    .name = "test",
    .synopsis = "[options] FILE|FOLDER...",
    .purpose = "regression: judge every `expect` of every scenario",
    .rows = test_rows,
    .rules = test_rules,
    .operand = "scenario file or folder",
    .least = 1,
    .most = OPTIONS_MANY,
    .examples = test_examples,
    .exits = exits,
};

static FILE *create(const char *path, struct und_err *err)
{
    FILE *file = fopen(path, "w");
    if (!file)
        und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
    return file;
}

static void finish(FILE *file, const char *path, struct und_err *err)
{
    bool bad = ferror(file) != 0;
    if (fclose(file) != 0 || bad)
        und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
}

static void write_html(const struct scenario_set *campaign, const char *path, struct und_err *err)
{
    struct und_err plots = {0};
    FILE *file = create(path, err);
    if (!file)
        return;
    html_print(file, campaign->report, campaign->n, &plots);
    finish(file, path, err);
    if (plots.code != UND_OK)
        fprintf(stderr, "understudy: no plots: %s\n", plots.text);
}

/* The scenario's name, fit for a file name. */
static void plot_name(char *out, size_t size, const struct report *report)
{
    report_name(out, size, report);
    for (; *out; out++)
        if (*out == '/')
            *out = '_';
}

static void write_plots(const struct scenario_set *campaign, const char *folder,
                        struct und_err *err)
{
    static const char *const names[PLOT_COUNT] = {"ecdf", "strip"};
    struct und_err plots = {0};
    int i, plot;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        und_fail(err, UND_USAGE, "%s: cannot create: %s", folder, strerror(errno));
        return;
    }
    for (i = 0; i < campaign->n; i++)
        for (plot = 0; plot < PLOT_COUNT && plots.code == UND_OK; plot++) {
            const struct report *report = &campaign->report[i];
            char name[3 * FLEET_NAME], path[4096];
            FILE *file;
            if (!report->result || !plot_has(report, (enum plot)plot))
                continue;
            plot_name(name, sizeof name, report);
            snprintf(path, sizeof path, "%s/%s-%s.svg", folder, name, names[plot]);
            if (!(file = create(path, err)))
                return;
            plot_print(file, report, (enum plot)plot, PLOT_SVG, &plots);
            finish(file, path, err);
            if (plots.code != UND_OK)
                remove(path);
        }
    if (plots.code != UND_OK)
        fprintf(stderr, "understudy: no plots: %s\n", plots.text);
}

static void write_junit(const struct scenario_set *campaign, const char *path, struct und_err *err)
{
    FILE *file = create(path, err);
    if (!file)
        return;
    junit_print(file, campaign->report, campaign->n);
    finish(file, path, err);
}

static bool all_held(const struct scenario_set *campaign)
{
    int i, j;
    for (i = 0; i < campaign->n; i++)
        for (j = 0; campaign->report[i].result && j < campaign->report[i].result->n_verdicts; j++)
            if (!campaign->report[i].result->verdicts[j].pass)
                return false;
    return true;
}

static enum und_code check_left_out(const struct scenario_set *campaign, struct und_err *err)
{
    int i;
    for (i = 0; i < campaign->n && err->code == UND_OK; i++)
        if (campaign->report[i].scenario)
            left_out_check(campaign->report[i].path, &campaign->report[i].scenario->fleet, err);
    return err->code;
}

static void write_markdown(const struct wish *wish, const struct baseline_changes *changes,
                           struct und_err *err)
{
    FILE *file = create(wish->markdown, err);
    if (!file)
        return;
    markdown_print(file, wish->campaign.report, wish->campaign.n);
    if (changes)
        baseline_print(file, wish->baseline, changes, true);
    finish(file, wish->markdown, err);
}

/* Against what was kept; NULL: nothing is asked, or nothing can be said. The caller frees. */
static struct baseline_changes *compare(const struct wish *wish, struct und_err *err)
{
    struct baseline_changes *changes;
    if (!wish->baseline)
        return NULL;
    changes = calloc(1, sizeof *changes);
    UND_ASSERT(changes != NULL);
    if (baseline_compare(wish->baseline, &wish->campaign, changes, err) == UND_OK)
        return changes;
    free(changes);
    return NULL;
}

/* What was kept, and what is to be; JSON has said it already. False: something is worse. */
static bool gate(const struct wish *wish, const struct baseline_changes *changes,
                 struct und_err *err)
{
    if (changes && !wish->campaign.json)
        baseline_print(stdout, wish->baseline, changes, false);
    if (wish->markdown)
        write_markdown(wish, changes, err);
    if (wish->write_baseline)
        baseline_write(wish->write_baseline, &wish->campaign, err);
    return !changes || changes->regressions == 0;
}

static void print_traces(const struct scenario_set *campaign)
{
    int i;
    for (i = 0; i < campaign->n; i++) {
        const struct report *report = &campaign->report[i];
        char name[3 * FLEET_NAME];
        if (!report->result)
            continue;
        report_name(name, sizeof name, report);
        printf("%s%s\n", i > 0 ? "\n" : "", name);
        trace_print(stdout, &report->result->timeline, &report->scenario->fleet);
    }
}

/* Errors of single files go to standard error; the first one's code stands. */
static void print_errors(const struct scenario_set *campaign)
{
    int i;
    for (i = 0; i < campaign->n; i++)
        if (campaign->report[i].error)
            und_print(stderr, campaign->report[i].error, campaign->report[i].errors);
}

static void print_json(const struct wish *wish, const struct baseline_changes *changes)
{
    const struct scenario_set *campaign = &wish->campaign;
    json_t *against = changes ? baseline_changes_json(wish->baseline, changes) : NULL;
    if (campaign->list)
        json_print_list(stdout, campaign->report, campaign->n, campaign->passed_over, against);
    else
        json_print(stdout, &campaign->report[0], against);
    json_decref(against);
}

static void print_tables(const struct scenario_set *campaign)
{
    table_print(stdout, campaign->report, campaign->n, campaign->quiet);
    if (campaign->passed_over > 0)
        printf("passed over: %d file%s that %s no scenario%s\n", campaign->passed_over,
               campaign->passed_over == 1 ? "" : "s", campaign->passed_over == 1 ? "is" : "are",
               campaign->passed_over == 1 ? "" : "s");
}

static enum und_code run(struct wish *wish, enum record_kind kind, char *const *arguments,
                         int n_arguments, struct und_err *err)
{
    struct scenario_set *campaign = &wish->campaign;
    char **paths = NULL;
    int n = 0;
    enum und_code code;
    code = scenario_set_paths(campaign, arguments, n_arguments, &paths, &n, err);
    if (code == UND_OK && wish->diff.before) {
        code = rules_diff_run(&wish->diff, campaign, paths, n, err);
    } else if (code == UND_OK) {
        struct baseline_changes *changes;
        code = scenario_set_run(campaign, paths, n);
        if (wish->html)
            write_html(campaign, wish->html, err);
        if (wish->plots)
            write_plots(campaign, wish->plots, err);
        if (wish->junit)
            write_junit(campaign, wish->junit, err);
        changes = compare(wish, err);
        if (campaign->json)
            print_json(wish, changes);
        else if (wish->trace)
            print_traces(campaign);
        else if (code == UND_OK || n > 1)
            print_tables(campaign);
        print_errors(campaign);
        if (wish->strict)
            check_left_out(campaign, err);
        if (!gate(wish, changes, err) && code == UND_OK)
            code = UND_FAILED;
        free(changes);
        record_reports(store_path(wish->store), kind, campaign->report, campaign->n, err);
        if (code == UND_OK && !all_held(campaign))
            code = UND_FAILED;
    }
    scenario_set_fini(campaign);
    scenario_set_free_paths(paths, n);
    return err->code != UND_OK ? err->code : code;
}

enum und_code sim_command(int argc, char **argv, struct und_err *err)
{
    struct wish wish = {0};
    int first = scenario_set_parse(&sim_options, argc, argv, &wish, &wish.campaign, err);
    if (first == 0 || scenario_set_lists_metrics(wish.campaign.measures, wish.campaign.n_measures))
        return err->code;
    if (first == argc)
        return und_fail(err, UND_USAGE, "sim: got no file, want at least one %s",
                        sim_options.operand);
    wish.campaign.experiment.trace =
        wish.trace || wish.html || wish.plots || wish.campaign.json || store_path(wish.store);
    wish.campaign.compare = !wish.no_documented && !wish.trace;
    return run(&wish, RECORD_SIM, argv + first, argc - first, err);
}

enum und_code test_command(int argc, char **argv, struct und_err *err)
{
    struct wish wish = {0};
    int first = scenario_set_parse(&test_options, argc, argv, &wish, &wish.campaign, err);
    if (first == 0)
        return err->code;
    wish.diff.junit = wish.junit;
    wish.diff.markdown = wish.markdown;
    wish.sequential.most = wish.campaign.experiment.replications;
    wish.campaign.sequential = wish.decide ? &wish.sequential : NULL;
    wish.campaign.experiment.trace =
        wish.html || wish.plots || wish.campaign.json || store_path(wish.store);
    return run(&wish, RECORD_TEST, argv + first, argc - first, err);
}

static const struct option_row schema_rows[] = {OPTION_SEED_IGNORED,
                                                OPTION_FORMAT(struct wish, campaign.json),
                                                OPTION_QUIET(struct wish, campaign.quiet),
                                                {"man", .type = OPTION_FLAG,
                                                 OPTION_AT(struct wish, man),
                                                 .about = "the same keys as a manual page"},
                                                {0}};
static const struct option_rule schema_rules[] = {{"man", OPTION_EXCLUDES, "format"}, {0}};

static const struct option_example schema_examples[] = {
    {"schema >understudy.schema.json", "for an editor"},
    {"schema --man | man -l -", "to read; once installed: man 5 understudy"},
    {0}};

static const struct option_exit schema_exits[] = {
    {UND_OK, "printed"}, {UND_USAGE, "usage error"}, {0}};

const struct options schema_options = {
    .name = "schema",
    .synopsis = "",
    .purpose = "JSON Schema of fleet and scenario files",
    .details = "Every key with its unit, range and default. Editors complete and check by it. It "
               "is JSON, whatever the format, but for --man.",
    .rows = schema_rows,
    .rules = schema_rules,
    .examples = schema_examples,
    .exits = schema_exits,
};

enum und_code schema_command(int argc, char **argv, struct und_err *err)
{
    struct wish wish = {0};
    json_t *schema;
    if (options_parse(&schema_options, argc, argv, &wish, err) == 0)
        return err->code;
    schema = loader_schema();
    if (wish.man) {
        schema_page_print(stdout, schema, UND_VERSION, UND_DATE);
    } else {
        json_dumpf(schema, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(schema);
    return UND_OK;
}
