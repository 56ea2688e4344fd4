#include "sim_command.h"

#include "model/load/loader.h"
#include "reports/page/html.h"
#include "reports/plot/plot.h"
#include "reports/text/json.h"
#include "reports/text/junit.h"
#include "reports/text/table.h"
#include "reports/text/trace.h"
#include "sim/experiment/scenario_set.h"
#include "sim/rules/rules_diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    OPTION_HTML = 256,
    OPTION_PLOTS,
    OPTION_JUNIT,
    OPTION_TRACE,
    OPTION_DOCUMENTED,
    OPTION_RARE,
    OPTION_RULES_DIFF,
    OPTION_MARKDOWN,
    OPTION_STRICT
};

static const char sim_help[] =
    "usage: understudy sim [options] FILE|FOLDER...\n"
    "Simulates scenarios and prints documented | simulated, with intervals.\n\n" SCENARIO_SET_HELP
    "  --trace            print one replication's timeline: every event with its cause\n"
    "  --html FILE        write a page with tables and plots\n"
    "  --plots FOLDER     write the plots (SVG), two a scenario\n"
    "  --no-documented    do not simulate the documented mechanisms for comparison\n"
    "  --rare             estimate how often all hosts are down at once, by importance sampling\n"
    "  --strict           alerts that would move jobs and are not simulated are an error\n"
    "  --help\n"
    "Exit codes: 0 every expectation held; 1 one failed; 2 usage or input error.\n";

static const char test_help[] =
    "usage: understudy test [options] FILE|FOLDER...\n"
    "Judges every `expect` of every scenario, for CI.\n\n" SCENARIO_SET_HELP
    "  --junit FILE       write JUnit XML as well\n"
    "  --rules-diff OLD NEW  what an edit changes: OLD against NEW, by the same random numbers; "
    "rule\n"
    "                     files, a prometheus.yml, an alertmanager.yml, or folders of these\n"
    "  --strict           alerts that would move jobs and are not simulated are an error\n"
    "  --markdown FILE    with --rules-diff: write it as a comment for a pull request\n"
    "  --help\n"
    "Exit codes: 0 every expectation held; 1 one failed; 2 usage or input error.\n";

struct outputs {
    const char *html, *plots, *junit;
    struct rules_diff diff;
    bool trace, strict;
};

static const struct option options[] = {SCENARIO_SET_OPTIONS,
                                        {"help", no_argument, NULL, 'h'},
                                        {"html", required_argument, NULL, OPTION_HTML},
                                        {"plots", required_argument, NULL, OPTION_PLOTS},
                                        {"junit", required_argument, NULL, OPTION_JUNIT},
                                        {"trace", no_argument, NULL, OPTION_TRACE},
                                        {"no-documented", no_argument, NULL, OPTION_DOCUMENTED},
                                        {"rare", no_argument, NULL, OPTION_RARE},
                                        {"rules-diff", required_argument, NULL, OPTION_RULES_DIFF},
                                        {"markdown", required_argument, NULL, OPTION_MARKDOWN},
                                        {"strict", no_argument, NULL, OPTION_STRICT},
                                        {0}};

/* True: go on with the files from optind. False: help was printed, or err is set. */
static bool parse(int argc, char **argv, const char *help, struct scenario_set *campaign,
                  struct outputs *outputs, struct und_err *err)
{
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1 && err->code == UND_OK) {
        switch (option) {
        case 'h':
            fputs(help, stdout);
            return false;
        case OPTION_HTML:
            outputs->html = optarg;
            break;
        case OPTION_PLOTS:
            outputs->plots = optarg;
            break;
        case OPTION_JUNIT:
            outputs->junit = optarg;
            break;
        case OPTION_TRACE:
            outputs->trace = true;
            break;
        case OPTION_DOCUMENTED:
            campaign->compare = false;
            break;
        case OPTION_RARE:
            campaign->experiment.rare = true;
            break;
        case OPTION_RULES_DIFF:
            outputs->diff.before = optarg;
            if (optind < argc)
                outputs->diff.after = argv[optind++];
            break;
        case OPTION_STRICT:
            outputs->strict = true;
            break;
        case OPTION_MARKDOWN:
            outputs->diff.markdown = optarg;
            break;
        default:
            if (!scenario_set_option(campaign, option, optarg, err))
                scenario_set_refuse_option(option, argv, err);
        }
    }
    if (outputs->diff.before && !outputs->diff.after)
        und_fail(err, UND_USAGE, "--rules-diff: got one rule file, want OLD and NEW");
    if (err->code == UND_OK && optind == argc)
        und_fail(err, UND_USAGE, "%s: got no file, want at least one scenario file or folder",
                 argv[0]);
    if (outputs->diff.before && strcmp(argv[0], "test") != 0)
        und_fail(err, UND_USAGE, "--rules-diff: belongs to `understudy test`");
    outputs->diff.junit = outputs->junit;
    if (outputs->diff.before && (outputs->html || outputs->plots || outputs->trace))
        und_fail(err, UND_USAGE, "--rules-diff: --html, --plots and --trace do nothing beside it");
    if (outputs->diff.markdown && !outputs->diff.before)
        und_fail(err, UND_USAGE, "--markdown: goes with --rules-diff OLD NEW");
    return err->code == UND_OK;
}

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

/* --strict: an alert that would move jobs and is not simulated is an error. */
static enum und_code check_left_out(const struct scenario_set *campaign, struct und_err *err)
{
    int i, severity;
    for (i = 0; i < campaign->n; i++)
        for (severity = 0; campaign->report[i].scenario && severity < SEVERITY_COUNT; severity++) {
            const struct fleet *fleet = &campaign->report[i].scenario->fleet;
            const struct left_out *left = &fleet->monitoring.left_out[severity];
            if (left->n > 0 && fleet->has_policy && fleet->policy.severities >> severity & 1)
                return und_fail(err, UND_USAGE,
                                "%s: %d alert%s that would move jobs %s not simulated: %s%s",
                                campaign->report[i].path, left->n, left->n == 1 ? "" : "s",
                                left->n == 1 ? "is" : "are", left->names,
                                left->n > LEFT_OUT_NAMES ? " ..." : "");
        }
    return UND_OK;
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

static void print_json(const struct scenario_set *campaign)
{
    if (campaign->list)
        json_print_list(stdout, campaign->report, campaign->n, campaign->passed_over);
    else
        json_print(stdout, &campaign->report[0]);
}

static void print_tables(const struct scenario_set *campaign)
{
    table_print(stdout, campaign->report, campaign->n, campaign->quiet);
    if (campaign->passed_over > 0)
        printf("passed over: %d file%s that %s no scenario%s\n", campaign->passed_over,
               campaign->passed_over == 1 ? "" : "s", campaign->passed_over == 1 ? "is" : "are",
               campaign->passed_over == 1 ? "" : "s");
}

static enum und_code run(struct scenario_set *campaign, const struct outputs *outputs, int argc,
                         char **argv, struct und_err *err)
{
    char **paths = NULL;
    int n = 0;
    enum und_code code;
    code = scenario_set_paths(campaign, argv + optind, argc - optind, &paths, &n, err);
    if (code == UND_OK && outputs->diff.before) {
        code = rules_diff_run(&outputs->diff, campaign, paths, n, err);
    } else if (code == UND_OK) {
        code = scenario_set_run(campaign, paths, n);
        if (outputs->html)
            write_html(campaign, outputs->html, err);
        if (outputs->plots)
            write_plots(campaign, outputs->plots, err);
        if (outputs->junit)
            write_junit(campaign, outputs->junit, err);
        if (campaign->json)
            print_json(campaign);
        else if (outputs->trace)
            print_traces(campaign);
        else if (code == UND_OK || n > 1)
            print_tables(campaign);
        print_errors(campaign);
        if (outputs->strict)
            check_left_out(campaign, err);
        if (code == UND_OK && !all_held(campaign))
            code = UND_FAILED;
    }
    scenario_set_fini(campaign);
    scenario_set_free_paths(paths, n);
    return err->code != UND_OK ? err->code : code;
}

enum und_code sim_command(int argc, char **argv, struct und_err *err)
{
    struct scenario_set campaign;
    struct outputs outputs = {0};
    scenario_set_init(&campaign);
    campaign.compare = true;
    if (!parse(argc, argv, sim_help, &campaign, &outputs, err))
        return err->code;
    campaign.experiment.trace = outputs.trace || outputs.html || outputs.plots;
    campaign.compare = campaign.compare && !outputs.trace;
    return run(&campaign, &outputs, argc, argv, err);
}

enum und_code test_command(int argc, char **argv, struct und_err *err)
{
    struct scenario_set campaign;
    struct outputs outputs = {0};
    scenario_set_init(&campaign);
    if (!parse(argc, argv, test_help, &campaign, &outputs, err))
        return err->code;
    return run(&campaign, &outputs, argc, argv, err);
}

enum und_code schema_command(int argc, char **argv, struct und_err *err)
{
    struct scenario_set
        campaign; /* the common options mean nothing here, but scripts may give them */
    json_t *schema;
    int option;
    scenario_set_init(&campaign);
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1 && err->code == UND_OK) {
        if (option == 'h') {
            puts("usage: understudy schema\nPrints the JSON Schema of fleet and scenario files.");
            return UND_OK;
        }
        if (!scenario_set_option(&campaign, option, optarg, err))
            scenario_set_refuse_option(option, argv, err);
    }
    if (err->code == UND_OK && optind < argc)
        und_fail(err, UND_USAGE, "schema: got '%.60s', want no arguments", argv[optind]);
    if (err->code != UND_OK)
        return err->code;
    schema = loader_schema();
    json_dumpf(schema, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(schema);
    return UND_OK;
}
