#include "alerts_command.h"
#include "alerts_test_command.h"

#include "model/base/assert.h"
#include "model/base/units.h"
#include "model/load/loader.h"
#include "model/rules/alertmanager_file.h"
#include "model/rules/prom_kind.h"
#include "model/rules/prometheus_file.h"
#include "model/rules/rule_file.h"
#include "reports/text/delay_report.h"
#include "reports/text/rules_print.h"
#include "sim/rules/alerts_delay.h"
#include "sim/rules/alerts_eval.h"
#include "sim/rules/rules_input.h"

#include <getopt.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: understudy alerts check FILE...\n"
    "         what the model takes from rule files, a prometheus.yml or an alertmanager.yml, and\n"
    "         what it does not use\n"
    "         with --fleet FLEET|SCENARIO: what each rule does to that fleet\n"
    "       understudy alerts explain FILE...\n"
    "         how each rule's expression becomes a signal with a threshold\n"
    "       understudy alerts eval --series FILE [--rules FILE]\n"
    "         the alert states at every evaluation for given samples\n"
    "       understudy alerts delay FLEET|SCENARIO [--rule NAME] [--from LOAD] [--claim DURATION]\n"
    "         from each fault to pending, firing and the webhook: exact and simulated; from its\n"
    "         end to resolved and to that notice; what grouping costs a second host; the share\n"
    "         that meets the claim (a scenario's own by default), and settings that would meet "
    "it\n"
    "       understudy alerts test FILE...\n"
    "         unit tests of rules in promtool's format, with its verdict\n\n"
    "  --from LOAD        CPU, memory or disk use before it goes to 100% (default: 10% and 50%)\n"
    "  --simulations N    of each delay (default 20000)\n"
    "  --seed N           of their phases (default 1)\n"
    "  --set PATH=VALUE   override any value of the fleet; may be repeated\n"
    "  --strict           check and explain: an alert that is no signal of the model is an error\n"
    "  --prometheus 2|3   check, explain and test: as that version reads and evaluates (default "
    "2)\n"
    "  --format text|json\n"
    "  --help\n"
    "Exit codes: 0 done; 1 a unit test failed, or its file cannot be read (as promtool's);\n"
    "2 usage or input error, or what --strict refuses.\n";

enum {
    OPTION_RULES = 256,
    OPTION_SERIES,
    OPTION_RULE,
    OPTION_FROM,
    OPTION_CLAIM,
    OPTION_SIMULATIONS,
    OPTION_SEED,
    OPTION_SET,
    OPTION_STRICT,
    OPTION_FLEET,
    OPTION_PROMETHEUS
};
enum { MAX_SETS = 64, MAX_SIMULATIONS = 10000000 };

struct options {
    const char *rules, *series, *fleet;
    bool json, strict;
    enum promql_version version;
    struct alerts_delay delay;
    const char *sets[MAX_SETS];
    int n_sets;
};

static const struct option option_table[] = {
    {"help", no_argument, NULL, 'h'},
    {"format", required_argument, NULL, 'f'},
    {"quiet", no_argument, NULL, 'q'},
    {"rules", required_argument, NULL, OPTION_RULES},
    {"series", required_argument, NULL, OPTION_SERIES},
    {"rule", required_argument, NULL, OPTION_RULE},
    {"from", required_argument, NULL, OPTION_FROM},
    {"claim", required_argument, NULL, OPTION_CLAIM},
    {"simulations", required_argument, NULL, OPTION_SIMULATIONS},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"set", required_argument, NULL, OPTION_SET},
    {"strict", no_argument, NULL, OPTION_STRICT},
    {"fleet", required_argument, NULL, OPTION_FLEET},
    {"prometheus", required_argument, NULL, OPTION_PROMETHEUS},
    {0}};

static int64_t read_count(const char *option, const char *text, int64_t least, int64_t most,
                          struct und_err *err)
{
    char *end;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || value < least || value > most)
        und_fail(err, UND_USAGE, "alerts: %s: got '%.40s', want %lld..%lld", option, text,
                 (long long)least, (long long)most);
    return value;
}

/* The options of `delay`. */
static void parse_delay(int option, struct options *options, struct und_err *err)
{
    char hint[UNITS_HINT];
    int64_t ms;
    double share;
    switch (option) {
    case OPTION_RULE:
        options->delay.rule = optarg;
        break;
    case OPTION_FROM:
        if (!units_share(optarg, &share, hint) || !(share >= 0 && share <= 1))
            und_fail(err, UND_USAGE, "alerts: --from: got '%.40s', want 0%%..100%%", optarg);
        options->delay.from_pm = (int64_t)(share * 1000 + 0.5);
        break;
    case OPTION_CLAIM:
        if (!units_duration(optarg, &ms, hint) || ms <= 0)
            und_fail(err, UND_USAGE, "alerts: --claim: got '%.40s', want a time such as 2min",
                     optarg);
        options->delay.claim_ms = (double)ms;
        break;
    case OPTION_SIMULATIONS:
        options->delay.simulations = read_count("--simulations", optarg, 100, MAX_SIMULATIONS, err);
        break;
    case OPTION_SEED:
        options->delay.seed = (uint64_t)read_count("--seed", optarg, 0, INT64_MAX, err);
        break;
    case OPTION_SET:
        if (options->n_sets == MAX_SETS)
            und_fail(err, UND_USAGE, "alerts: --set: got more than %d", MAX_SETS);
        else
            options->sets[options->n_sets++] = optarg;
        break;
    }
}

/* True: go on. False: help was printed, or err is set. */
static bool parse(int argc, char **argv, struct options *options, struct und_err *err)
{
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, ":", option_table, NULL)) != -1) {
        switch (option) {
        case 'h':
            fputs(help, stdout);
            return false;
        case 'f':
            options->json = strcmp(optarg, "json") == 0;
            if (!options->json && strcmp(optarg, "text") != 0)
                und_fail(err, UND_USAGE, "alerts: --format: got '%.40s', want text or json",
                         optarg);
            break;
        case 'q':
            break;
        case OPTION_STRICT:
            options->strict = true;
            break;
        case OPTION_FLEET:
            options->fleet = optarg;
            break;
        case OPTION_PROMETHEUS:
            options->version = strcmp(optarg, "3") == 0 ? PROMQL_3 : PROMQL_2;
            if (strcmp(optarg, "2") != 0 && strcmp(optarg, "3") != 0)
                und_fail(err, UND_USAGE, "alerts: --prometheus: got '%.40s', want 2 or 3", optarg);
            break;
        case OPTION_RULES:
            options->rules = optarg;
            break;
        case OPTION_SERIES:
            options->series = optarg;
            break;
        case OPTION_RULE:
        case OPTION_FROM:
        case OPTION_CLAIM:
        case OPTION_SIMULATIONS:
        case OPTION_SEED:
        case OPTION_SET:
            parse_delay(option, options, err);
            break;
        default:
            und_fail(err, UND_USAGE,
                     "alerts: got option '%.60s', want one of `understudy alerts --help`",
                     argv[optind - 1]);
        }
    }
    return err->code == UND_OK;
}

static void print_states(const json_t *output)
{
    const char *id;
    json_t *rows, *row;
    size_t i;
    json_object_foreach ((json_t *)output, id, rows) {
        json_array_foreach (rows, i, row) {
            printf("%-16s %10.10g s  %-24s %-8s active since %.10g s\n", id,
                   json_number_value(json_array_get(row, 0)),
                   json_string_value(json_array_get(row, 1)),
                   json_string_value(json_array_get(row, 2)),
                   json_number_value(json_array_get(row, 3)));
        }
    }
}

static void fail_unmapped(const struct rule_set *set, struct und_err *err)
{
    for (int i = 0; i < set->n; i++) {
        const struct rule_source *source = &set->sources[i];
        if (!source->mapped)
            und_fail(err, UND_USAGE, "%s:%d: %.60s: %.200s: cannot be mapped to a signal: %.200s",
                     source->file, source->expr_line, source->name, source->expr, source->why);
    }
}

static enum und_code eval_command(const struct options *options, struct und_err *err)
{
    json_t *input, *output = NULL;
    struct rule_set *set = rule_set_new();
    if (!options->series)
        und_fail(err, UND_USAGE, "alerts eval: --series FILE is missing");
    if (err->code == UND_OK && options->rules &&
        rule_set_read(set, &options->rules, 1, err) == UND_OK)
        fail_unmapped(set, err);
    input = err->code == UND_OK ? alerts_eval_load(options->series, err) : NULL;
    if (input)
        output =
            alerts_eval(input, options->series, options->rules ? set->rules : NULL, set->n, err);
    json_decref(input);
    rule_set_free(set);
    if (!output)
        return err->code;
    if (options->json) {
        json_dumpf(output, stdout, JSON_COMPACT | JSON_SORT_KEYS);
        putchar('\n');
    } else {
        print_states(output);
    }
    json_decref(output);
    return UND_OK;
}

/* --- check and explain ----------------------------------------------------------------------- */

/* What is known of the files given: one of each kind, any number of rule files. */
struct reading {
    struct rule_set *set;
    struct prometheus_file prometheus;
    struct alertmanager_file *alertmanager;
    json_t *rule_files; /* owned: paths */
    json_t *problems;   /* owned: texts "file:line: ..." of all that is bad */
    bool has_prometheus;
};

static void add_problem(struct reading *reading, const struct und_err *err)
{
    if (err->code != UND_OK)
        json_array_append_new(reading->problems, json_string(err->text));
}

static void read_one(struct reading *reading, const char *path)
{
    struct und_err err = {0};
    switch (prom_kind_of(path)) {
    case PROM_OTHER:
        und_fail(&err, UND_USAGE,
                 "%s: want a rule file (groups), a prometheus.yml (scrape_configs) or an "
                 "alertmanager.yml (route)",
                 path);
        break;
    case PROM_RULES:
        json_array_append_new(reading->rule_files, json_string(path));
        break;
    case PROM_ALERTMANAGER:
        alertmanager_file_free(reading->alertmanager);
        reading->alertmanager = alertmanager_file_read(path, &err);
        break;
    case PROM_CONFIG:
        if (reading->has_prometheus)
            prometheus_file_fini(&reading->prometheus);
        reading->has_prometheus = true;
        if (prometheus_file_read(&reading->prometheus, path, &err) == UND_OK) {
            json_array_extend(reading->rule_files, reading->prometheus.rule_files);
            json_array_extend(reading->problems, reading->prometheus.missing);
        }
        break;
    }
    add_problem(reading, &err);
}

static void read_all(struct reading *reading, char *const *paths, int n)
{
    size_t n_files, i;
    const char **files;
    json_t *path;
    struct und_err err = {0};
    for (int j = 0; j < n; j++)
        read_one(reading, paths[j]);
    n_files = json_array_size(reading->rule_files);
    files = calloc(n_files + 1, sizeof *files);
    UND_ASSERT(files != NULL);
    json_array_foreach (reading->rule_files, i, path)
        files[i] = json_string_value(path);
    rule_set_read(reading->set, files, (int)n_files, &err);
    json_array_extend(reading->problems, reading->set->problems);
    free(files);
}

/* The one problem of a file is the error; of several it can only be the first. */
static void print_problems(const json_t *problems)
{
    size_t i;
    json_t *problem;
    if (json_array_size(problems) < 2)
        return;
    json_array_foreach ((json_t *)problems, i, problem) {
        if (i == RULE_FILE_PROBLEMS) {
            printf("... and %zu more\n", json_array_size(problems) - i);
            break;
        }
        printf("%s\n", json_string_value(problem));
    }
    putchar('\n');
}

static void print_reading(const struct reading *reading, const struct fleet *fleet, bool explain)
{
    json_t *notes = json_copy(reading->set->notes);
    print_problems(reading->problems);
    if (reading->has_prometheus) {
        rules_print_jobs(stdout, &reading->prometheus);
        json_array_extend(notes, reading->prometheus.notes);
    }
    if (explain)
        rules_print_explanation(stdout, reading->set);
    else if (fleet)
        rules_print_effects(stdout, reading->set, fleet);
    else
        rules_print_list(stdout, reading->set);
    if (reading->alertmanager) {
        rules_print_routes(stdout, reading->alertmanager);
        json_array_extend(notes, reading->alertmanager->notes);
    }
    if (!explain)
        rules_print_notes(stdout, notes);
    json_decref(notes);
}

static void dump_reading(const struct reading *reading, const struct fleet *fleet)
{
    json_t *notes = json_copy(reading->set->notes);
    json_t *json = json_pack("{s:o}", "alerts", rules_json(reading->set));
    for (int i = 0; fleet && i < reading->set->n; i++) {
        char *effect = rules_effect(reading->set, i, fleet);
        json_object_set_new(json_array_get(json_object_get(json, "alerts"), (size_t)i), "effect",
                            json_string(effect));
        free(effect);
    }
    if (reading->has_prometheus) {
        json_array_extend(notes, reading->prometheus.notes);
        json_object_set_new(json, "evaluation_interval_ms",
                            json_integer(reading->prometheus.evaluation_interval_ms));
        json_object_set_new(json, "jobs", rules_jobs_json(&reading->prometheus));
    }
    if (reading->alertmanager) {
        json_array_extend(notes, reading->alertmanager->notes);
        json_object_set_new(json, "routes", rules_routes_json(reading->alertmanager));
    }
    json_object_set_new(json, "notes", notes);
    json_object_set(json, "problems", reading->problems);
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
}

/* What cannot be read is an error; what is no signal is one where it is asked for (--strict). */
static enum und_code judge(const struct reading *reading, bool strict, struct und_err *err)
{
    size_t n = json_array_size(reading->problems);
    const char *first = json_string_value(json_array_get(reading->problems, 0));
    int unmapped = 0;
    for (int i = 0; i < reading->set->n; i++)
        unmapped += !reading->set->sources[i].mapped;
    if (n == 1)
        return und_fail(err, UND_USAGE, "%s", first);
    if (n > 1)
        return und_fail(err, UND_USAGE, "%.600s (and %zu more)", first, n - 1);
    if (strict && unmapped > 0)
        return und_fail(err, UND_USAGE, "%d of %d alerts are no signals of the model", unmapped,
                        reading->set->n);
    return UND_OK;
}

/* The fleet with the files given in place of its own. */
static enum und_code load_fleet(const char *path, char *const *files, int n,
                                struct scenario *scenario, struct und_err *err)
{
    struct rules_input input = {.n_sets = 0};
    enum und_code code = UND_OK;
    if (n == 1)
        code = rules_input_read(&input, files[0], files[0], err);
    if (code == UND_OK)
        code = scenario_load(scenario, path, (const char *const *)input.sets, input.n_sets, err);
    rules_input_fini(&input);
    return code;
}

static enum und_code check_command(const struct options *options, char *const *paths, int n,
                                   bool explain, struct und_err *err)
{
    struct reading reading = {
        .set = rule_set_new(), .rule_files = json_array(), .problems = json_array()};
    struct scenario *scenario = calloc(1, sizeof *scenario);
    UND_ASSERT(scenario != NULL);
    if (options->fleet && n > 1) {
        und_fail(err, UND_USAGE,
                 "alerts: --fleet goes with one rule file or configuration, or a "
                 "folder of them");
    } else if (options->fleet && load_fleet(options->fleet, paths, n, scenario, err) != UND_OK) {
        /* said */
    } else if (n == 0) {
        und_fail(err, UND_USAGE, "alerts %s: got no file", explain ? "explain" : "check");
    } else {
        reading.set->version = options->version;
        read_all(&reading, paths, n);
        if (options->json)
            dump_reading(&reading, options->fleet ? &scenario->fleet : NULL);
        else
            print_reading(&reading, options->fleet ? &scenario->fleet : NULL, explain);
        judge(&reading, options->strict, err);
    }
    scenario_fini(scenario);
    free(scenario);
    rule_set_free(reading.set);
    if (reading.has_prometheus)
        prometheus_file_fini(&reading.prometheus);
    alertmanager_file_free(reading.alertmanager);
    json_decref(reading.rule_files);
    json_decref(reading.problems);
    return err->code;
}

/* --- delay ----------------------------------------------------------------------------------- */

static enum und_code delay_command(struct options *options, const char *path, struct und_err *err)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct delay_report *report = calloc(1, sizeof *report);
    enum und_code code;
    UND_ASSERT(scenario && report);
    code = scenario_load(scenario, path, options->sets, options->n_sets, err);
    if (code == UND_OK && scenario->fleet.monitoring.n_rules == 0)
        code = und_fail(err, UND_USAGE, "%s: the fleet has no alert rules", path);
    if (code == UND_OK) {
        snprintf(report->claim_of, sizeof report->claim_of, "--claim");
        if (isnan(options->delay.claim_ms) && scenario->documented.detection_ms > 0) {
            options->delay.claim_ms = (double)scenario->documented.detection_ms;
            memcpy(report->claim_of, scenario->name, sizeof report->claim_of);
        }
        code = alerts_delay(&options->delay, &scenario->fleet, report, err);
        if (code != UND_USAGE && options->json) {
            json_t *json = delay_report_json(report);
            json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
            putchar('\n');
            json_decref(json);
        } else if (code != UND_USAGE) {
            delay_report_print(stdout, report);
        }
    }
    scenario_fini(scenario);
    free(scenario);
    free(report);
    return code;
}

enum und_code alerts_command(int argc, char **argv, struct und_err *err)
{
    struct options options = {
        .delay = {
            .from_pm = -1, .claim_ms = NAN, .seed = 1, .simulations = ALERTS_DELAY_SIMULATIONS}};
    const char *verb;
    if (!parse(argc, argv, &options, err))
        return err->code;
    verb = optind < argc ? argv[optind] : "nothing";
    if (strcmp(verb, "check") == 0 || strcmp(verb, "explain") == 0)
        return check_command(&options, argv + optind + 1, argc - optind - 1,
                             strcmp(verb, "explain") == 0, err);
    if (strcmp(verb, "test") == 0)
        return alerts_test_command(options.version, options.json, argv + optind + 1,
                                   argc - optind - 1, err);
    if (strcmp(verb, "delay") == 0 && optind + 2 == argc)
        return delay_command(&options, argv[optind + 1], err);
    if (strcmp(verb, "delay") == 0)
        return und_fail(err, UND_USAGE, "alerts delay: got %d files, want one", argc - optind - 1);
    if (optind + 1 < argc)
        return und_fail(err, UND_USAGE, "alerts: got '%.60s' as well, want nothing after '%.60s'",
                        argv[optind + 1], verb);
    if (strcmp(verb, "eval") == 0)
        return eval_command(&options, err);
    return und_fail(err, UND_USAGE, "alerts: got '%.60s', want check, explain, eval, delay or test",
                    verb);
}
