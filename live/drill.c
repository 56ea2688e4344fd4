#include "drill.h"
#include "drill_run.h"
#include "drill_verdict.h"
#include "failpoint.h"
#include "interrupt.h"
#include "model/assert.h"
#include "model/loader.h"
#include "rollback.h"
#include "wire.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: understudy drill [options] SCENARIO\n"
    "Carries the scenario's drill out on the real fleet, measures it, takes it back.\n\n"
    "  --plan             print what would be done and undone; touch nothing\n"
    "  --rehearse         simulate it and print what to expect; touch nothing\n"
    "  --observe          record what the policy would do, but do not change GitHub\n"
    "  --rollback         only finish what an earlier drill left open\n"
    "  --yes              do not ask for confirmation\n"
    "  --journal FILE     instead of the fleet's live.journal\n"
    "  --set PATH=VALUE   override any value of the file; may be repeated\n"
    "  --format text|json\n"
    "  --quiet            the verdict only\n"
    "  --help\n"
    "To stop it at any time: Ctrl-C, or create the fleet's live.stop_file.\n"
    "Exit codes: 0 done, every expectation held and the steady state is back; 1 not so; 2 usage "
    "or\n"
    "input error; 3 a service was out of reach; 4 stopped, and rolled back if anything was begun;\n"
    "5 something could not be undone (it says what, and how); 130 interrupted, rolled back.\n";

#define SETS 64

struct drill_options {
    const char *path, *journal_path;
    const char *sets[SETS];
    int n_sets;
    bool plan, rehearse, observe, rollback, yes, json, quiet;
};

enum {
    OPTION_PLAN = 256,
    OPTION_REHEARSE,
    OPTION_OBSERVE,
    OPTION_ROLLBACK,
    OPTION_YES,
    OPTION_JOURNAL,
    OPTION_SET,
    OPTION_FORMAT
};

static const struct option long_options[] = {{"help", no_argument, NULL, 'h'},
                                             {"quiet", no_argument, NULL, 'q'},
                                             {"plan", no_argument, NULL, OPTION_PLAN},
                                             {"rehearse", no_argument, NULL, OPTION_REHEARSE},
                                             {"observe", no_argument, NULL, OPTION_OBSERVE},
                                             {"rollback", no_argument, NULL, OPTION_ROLLBACK},
                                             {"yes", no_argument, NULL, OPTION_YES},
                                             {"journal", required_argument, NULL, OPTION_JOURNAL},
                                             {"set", required_argument, NULL, OPTION_SET},
                                             {"format", required_argument, NULL, OPTION_FORMAT},
                                             {0}};

static bool *flag_of(struct drill_options *options, int option)
{
    switch (option) {
    case OPTION_PLAN:
        return &options->plan;
    case OPTION_REHEARSE:
        return &options->rehearse;
    case OPTION_OBSERVE:
        return &options->observe;
    case OPTION_ROLLBACK:
        return &options->rollback;
    case OPTION_YES:
        return &options->yes;
    case 'q':
        return &options->quiet;
    default:
        return NULL;
    }
}

static enum und_code take_option(struct drill_options *options, int option, char **argv,
                                 struct und_err *err)
{
    bool *flag = flag_of(options, option);
    if (flag) {
        *flag = true;
    } else if (option == OPTION_JOURNAL) {
        options->journal_path = optarg;
    } else if (option == OPTION_SET) {
        if (options->n_sets == SETS)
            return und_fail(err, UND_USAGE, "--set: want at most %d", SETS);
        options->sets[options->n_sets++] = optarg;
    } else if (option == OPTION_FORMAT) {
        options->json = strcmp(optarg, "json") == 0;
        if (!options->json && strcmp(optarg, "text") != 0)
            return und_fail(err, UND_USAGE, "--format: got '%.20s', want text or json", optarg);
    } else {
        return und_fail(err, UND_USAGE, "drill: got '%.60s', want options of --help",
                        argv[optind - 1]);
    }
    return UND_OK;
}

/* True: go on. False: help was printed, or err is set. */
static bool parse(struct drill_options *options, int argc, char **argv, struct und_err *err)
{
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, ":", long_options, NULL)) != -1 &&
           err->code == UND_OK) {
        if (option == 'h') {
            fputs(help, stdout);
            return false;
        }
        take_option(options, option, argv, err);
    }
    if (err->code == UND_OK && argc - optind != 1)
        und_fail(err, UND_USAGE, "drill: got %d files, want one scenario", argc - optind);
    options->path = argv[optind];
    return err->code == UND_OK;
}

static enum und_code check_scenario(const struct scenario *scenario, struct und_err *err)
{
    if (!scenario->drill.present)
        return und_fail(err, UND_USAGE, "%s: has no drill section, want one: what to inject",
                        scenario->path);
    if (!scenario->fleet.live.present)
        return und_fail(err, UND_USAGE,
                        "%s: its fleet has no live section, want one: where the services are",
                        scenario->path);
    if (!scenario->fleet.has_policy)
        return und_fail(err, UND_USAGE, "%s: its fleet has no policy section", scenario->path);
    if (scenario->fleet.live.allow_actions && scenario->fleet.github.mechanism == MECHANISM_HOOK)
        return und_fail(err, UND_USAGE,
                        "%s: mechanism hook is not carried out live; want label or variable (or "
                        "--set fleet.live.allow_actions=false)",
                        scenario->path);
    return UND_OK;
}

static enum und_code confirm(const struct drill_options *options, const struct scenario *scenario,
                             struct und_err *err)
{
    const char *word = scenario->drill.target >= 0
                           ? scenario->fleet.hosts[scenario->drill.target].name
                           : scenario->name;
    char line[256];
    if (options->yes)
        return UND_OK;
    fprintf(stderr, "Type %s to begin: ", word);
    if (!fgets(line, sizeof line, stdin))
        line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, word) == 0)
        return UND_OK;
    return und_fail(err, UND_USAGE, "not confirmed, nothing was done: want %s typed, or --yes",
                    word);
}

/* ---- judging ---- */

static bool holds(const struct expect *expect, double value)
{
    switch (expect->op) {
    case OP_LT:
        return value < expect->value;
    case OP_LE:
        return value <= expect->value;
    case OP_GT:
        return value > expect->value;
    case OP_GE:
        return value >= expect->value;
    case OP_EQ:
        return value == expect->value;
    }
    UND_UNREACHABLE();
}

/* What one drill can tell: the times of its stages. A stage that was never reached took for ever.
 */
static int judge(const struct drill_run *run, bool print)
{
    const struct scenario *scenario = run->scenario;
    int i, failed = 0;
    for (i = 0; i < scenario->n_expects; i++) {
        const struct expect *expect = &scenario->expects[i];
        int64_t error_ms, ms = measure_metric(&run->measure, expect->metric, &error_ms);
        bool timed = expect->metric == METRIC_DETECTION || expect->metric == METRIC_FAILOVER ||
                     expect->metric == METRIC_RTO || expect->metric == METRIC_PENDING ||
                     expect->metric == METRIC_FIRING;
        if (!timed)
            continue;
        if (!holds(expect, ms < 0 ? (double)INT64_MAX : (double)ms)) {
            failed++;
            if (print)
                printf("  %s:%d: expectation not held: %s %s %.0f ms, got %s%lld ms\n",
                       scenario->path, expect->line, metric_name(expect->metric),
                       op_name(expect->op), expect->value, ms < 0 ? "none: " : "", (long long)ms);
        }
    }
    return failed;
}

static void report(struct drill_run *run, const struct drill_options *options,
                   const struct result *predicted, int *failed)
{
    struct drill_verdict verdict;
    struct und_err ignored = {0};
    json_t *json;
    char *text;
    drill_verdict_init(&verdict, &run->measure, predicted);
    json = drill_verdict_json(&verdict, &run->measure);
    text = json_dumps(json, JSON_COMPACT);
    journal_note(run->journal, run->run, "verdict", text ? text : "", &ignored);
    if (options->json)
        json_dumpf(json, stdout, JSON_INDENT(2));
    else
        drill_verdict_print(&verdict, &run->measure);
    if (options->json)
        putchar('\n');
    *failed = judge(run, !options->json);
    free(text);
    json_decref(json);
}

/* ---- the command ---- */

static json_t *about(const struct drill_run *run, const struct result *predicted)
{
    json_t *value = watch_about(&run->scenario->fleet);
    json_object_set_new(value, "drill", drill_plan_json(&run->plan));
    if (predicted)
        json_object_set_new(value, "prediction", drill_prediction_json(predicted));
    return value;
}

/* The plan is made twice: its names hold the number that the journal gives the run. */
static enum und_code begin(struct drill_run *run, const struct result *predicted,
                           struct und_err *err)
{
    json_t *value;
    if (drill_plan_init(&run->plan, run->scenario, 0, err) != UND_OK)
        return err->code;
    value = about(run, predicted);
    journal_begin(run->journal, JOURNAL_DRILL, run->scenario->name, value, &run->run, err);
    json_decref(value);
    if (err->code != UND_OK)
        return err->code;
    failpoint("begun");
    return drill_plan_init(&run->plan, run->scenario, run->run, err);
}

static void finish(struct drill_run *run, struct und_err *err)
{
    struct und_err ignored = {0};
    failpoint("before the end");
    journal_end(run->journal, run->run, (int)err->code, err->code == UND_OK ? "done" : err->text,
                &ignored);
    failpoint("ended");
}

static enum und_code carry_out(const struct drill_options *options, const struct scenario *scenario,
                               struct journal *journal, const struct result *predicted,
                               struct und_err *err)
{
    struct drill_run *run = calloc(1, sizeof *run);
    int failed = 0;
    UND_ASSERT(run != NULL);
    drill_run_init(run, scenario, journal);
    run->observe = options->observe;
    run->quiet = options->quiet || options->json;
    if (begin(run, predicted, err) == UND_OK) {
        drill_run_all(run, err);
        if (run->measure.stage[MARK_FAULT].at_ms >= 0 && run->injected)
            report(run, options, predicted, &failed);
        if (err->code == UND_OK && !run->steady)
            und_fail(err, UND_FAILED, "%s: the steady state did not come back in time",
                     scenario->name);
        else if (err->code == UND_OK && failed > 0)
            und_fail(err, UND_FAILED, "%s: %d expectation%s not hold", scenario->name, failed,
                     failed == 1 ? " did" : "s did");
        finish(run, err);
    }
    drill_run_fini(run);
    free(run);
    return err->code;
}

static void say_finished(void *context, const char *line)
{
    const struct drill_options *options = context;
    char when[WIRE_TIME];
    if (!options->quiet && !options->json)
        printf("%s  %s\n", wire_time(when, http_wall_ms()), line);
}

static enum und_code act(struct drill_options *options, const struct scenario *scenario,
                         const struct result *predicted, struct und_err *err)
{
    struct journal *journal = NULL;
    char purpose[160];
    const char *path = options->journal_path ? options->journal_path : scenario->fleet.live.journal;
    snprintf(purpose, sizeof purpose, "drill %s", scenario->name);
    if (journal_open(&journal, path, err) == UND_OK &&
        journal_lock(journal, purpose, err) == UND_OK &&
        rollback_finish(journal, &scenario->fleet, say_finished, options, err) == UND_OK &&
        !options->rollback)
        carry_out(options, scenario, journal, predicted, err);
    journal_close(journal);
    return err->code;
}

static enum und_code show_plan(const struct drill_options *options, const struct scenario *scenario,
                               struct und_err *err)
{
    struct drill_plan *plan = malloc(sizeof *plan);
    json_t *json;
    UND_ASSERT(plan != NULL);
    if (drill_plan_init(plan, scenario, 0, err) == UND_OK && options->json) {
        json = drill_plan_json(plan);
        json_dumpf(json, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(json);
    } else if (err->code == UND_OK) {
        drill_plan_print(plan, options->observe);
    }
    free(plan);
    return err->code;
}

static enum und_code run_drill(struct drill_options *options, const struct scenario *scenario,
                               drill_predictor *predict, struct und_err *err)
{
    struct result predicted = {0};
    bool has = false;
    if (check_scenario(scenario, err) != UND_OK)
        return err->code;
    if (options->rollback)
        return act(options, scenario, NULL, err);
    if (!options->quiet && (!options->json || options->plan) && !options->rehearse)
        show_plan(options, scenario, err);
    if (err->code != UND_OK || options->plan)
        return err->code;
    if (predict && scenario->n_faults > 0) {
        if (predict(scenario, &predicted, err) != UND_OK)
            return err->code;
        has = true;
        if (!options->quiet && !options->json)
            drill_prediction_print(scenario, &predicted);
    }
    if (!options->rehearse && confirm(options, scenario, err) == UND_OK)
        act(options, scenario, has ? &predicted : NULL, err);
    if (has)
        result_fini(&predicted);
    return err->code;
}

enum und_code drill_command(int argc, char **argv, drill_predictor *predict, struct und_err *err)
{
    struct drill_options options = {0};
    struct scenario *scenario = calloc(1, sizeof *scenario);
    UND_ASSERT(scenario != NULL);
    secret_harden();
    interrupt_install();
    if (parse(&options, argc, argv, err) &&
        scenario_load(scenario, options.path, options.sets, options.n_sets, err) == UND_OK) {
        run_drill(&options, scenario, predict, err);
        scenario_fini(scenario);
    }
    free(scenario);
    return err->code;
}
