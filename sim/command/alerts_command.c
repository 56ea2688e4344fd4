#include "alerts_command.h"
#include "alerts_unit_tests.h"

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

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SIMULATIONS = 10000000 };

/* Of all verbs. */
struct wish {
    const char *rules, *series, *fleet;
    bool json, quiet, strict;
    enum promql_version version;
    struct alerts_delay delay;
    double from;
    int64_t claim_ms;
    const char *sets[OPTIONS_TEXTS];
    int n_sets;
};

/* ---- options ---- */

static const char *const versions[] = {"2", "3", NULL}; /* in the order of enum promql_version */

#define ROW_STRICT                                                                                 \
    {                                                                                              \
        "strict", .type = OPTION_FLAG, OPTION_AT(struct wish, strict),                             \
                  .about = "an alert that is no signal of the model is an error"                   \
    }
#define ROW_PROMETHEUS                                                                             \
    {                                                                                              \
        "prometheus", .type = OPTION_WORD, .words = versions, OPTION_AT(struct wish, version),     \
                      .preset = "2", .about = "as that version reads and evaluates"                \
    }
#define ROWS_COMMON                                                                                \
    OPTION_SEED_IGNORED, OPTION_FORMAT(struct wish, json), OPTION_QUIET(struct wish, quiet)

static const struct option_row check_rows[] = {
    {"fleet", .type = OPTION_TEXT, .argument = "FLEET|SCENARIO", OPTION_AT(struct wish, fleet),
     .about = "what each rule does to that fleet; of one rule file or configuration, or a folder "
              "of them"},
    ROW_STRICT,
    ROW_PROMETHEUS,
    ROWS_COMMON,
    {0}};

static const struct option_row explain_rows[] = {
    {"fleet", .type = OPTION_TEXT, .argument = "FLEET|SCENARIO", OPTION_AT(struct wish, fleet),
     .about = "whether each alert can fire in that fleet, and from what state its series come"},
    ROW_STRICT,
    ROW_PROMETHEUS,
    ROWS_COMMON,
    {0}};

static const struct option_row eval_rows[] = {
    {"series", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct wish, series),
     .required = true, .about = "the samples (README)"},
    {"rules", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct wish, rules),
     .about = "the rules", .otherwise = "those that the cases describe"},
    ROWS_COMMON,
    {0}};

static const struct option_row delay_rows[] = {
    {"rule", .type = OPTION_TEXT, .argument = "NAME", OPTION_AT(struct wish, delay.rule),
     .about = "this one alone"},
    {"from", .type = OPTION_SHARE, .argument = "LOAD", OPTION_AT(struct wish, from),
     .about = "CPU, memory or disk use before it goes to 100%", .otherwise = "10% and 50%"},
    {"claim", .type = OPTION_DURATION, .argument = "DURATION", OPTION_AT(struct wish, claim_ms),
     .about = "the share that is no slower, and settings that would meet it",
     .otherwise = "the scenario's own"},
    {"simulations", .type = OPTION_WHOLE, .argument = "N",
     OPTION_AT(struct wish, delay.simulations), .least = 100, .most = MAX_SIMULATIONS,
     .preset = "20000", .about = "of each delay"},
    {"seed", .type = OPTION_WHOLE, .argument = "N", OPTION_AT(struct wish, delay.seed),
     .most = INT64_MAX, .preset = "1", .about = "of their phases"},
    OPTION_SET(struct wish, sets, n_sets),
    OPTION_FORMAT(struct wish, json),
    OPTION_QUIET(struct wish, quiet),
    {0}};

static const struct option_row unit_rows[] = {ROW_PROMETHEUS, ROWS_COMMON, {0}};

static const struct option_example check_examples[] = {
    {"alerts check rules.yml prometheus.yml alertmanager.yml", "what is used, what is not"},
    {"alerts check rules.yml --fleet scenarios/paws360.yaml", "what each rule does to a fleet"},
    {0}};

static const struct option_example delay_examples[] = {
    {"alerts delay scenarios/primary-hardware-failure.yaml --claim 55s",
     "and what would meet the claim"},
    {0}};

static const struct option_exit exits[] = {
    {UND_OK, "done"}, {UND_USAGE, "usage or input error, or what --strict refuses"}, {0}};

static const struct option_exit delay_exits[] = {
    {UND_OK, "done"},
    {UND_FAILED, "simulation and exact distribution do not agree: a bug here"},
    {UND_USAGE, "usage or input error"},
    {0}};

static const struct option_exit unit_exits[] = {
    {UND_OK, "every unit test passed"},
    {UND_FAILED, "one failed, or its file cannot be read (as promtool's)"},
    {UND_USAGE, "usage error"},
    {0}};

const struct options alerts_check_options = {
    .name = "alerts check",
    .synopsis = "[options] FILE...",
    .purpose = "what the model takes from rule files, and what it does not use",
    .details = "FILE is a rule file, a prometheus.yml or an alertmanager.yml.",
    .rows = check_rows,
    .operand = "rule file or configuration",
    .least = 1,
    .most = OPTIONS_MANY,
    .examples = check_examples,
    .exits = exits,
};

const struct options alerts_explain_options = {
    .name = "alerts explain",
    .synopsis = "[options] FILE...",
    .purpose = "how each rule's expression becomes a signal with a threshold",
    .rows = explain_rows,
    .operand = "rule file or configuration",
    .least = 1,
    .most = OPTIONS_MANY,
    .exits = exits,
};

const struct options alerts_eval_options = {
    .name = "alerts eval",
    .synopsis = "--series FILE [--rules FILE] [options]",
    .purpose = "the alert states at every evaluation for given samples",
    .rows = eval_rows,
    .exits = exits,
};

const struct options alerts_delay_options = {
    .name = "alerts delay",
    .synopsis = "[options] FLEET|SCENARIO",
    .purpose = "from each fault to pending, firing and the webhook: exact and simulated",
    .details =
        "From each fault's end to resolved and to that notice as well; and what grouping costs a "
        "second host.",
    .rows = delay_rows,
    .operand = "fleet or scenario",
    .least = 1,
    .most = 1,
    .examples = delay_examples,
    .exits = delay_exits,
};

const struct options alerts_test_options = {
    .name = "alerts test",
    .synopsis = "[options] FILE...",
    .purpose = "unit tests of rules in promtool's format, with its verdict",
    .rows = unit_rows,
    .operand = "file of unit tests",
    .least = 1,
    .most = OPTIONS_MANY,
    .exits = unit_exits,
};

/* ---- eval ---- */

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

static enum und_code eval(const struct wish *wish, struct und_err *err)
{
    json_t *input, *output = NULL;
    struct rule_set *set = rule_set_new();
    if (wish->rules && rule_set_read(set, &wish->rules, 1, err) == UND_OK)
        fail_unmapped(set, err);
    input = err->code == UND_OK ? alerts_eval_load(wish->series, err) : NULL;
    if (input)
        output = alerts_eval(input, wish->series, wish->rules ? set->rules : NULL, set->n, err);
    json_decref(input);
    rule_set_free(set);
    if (!output)
        return err->code;
    if (wish->json) {
        json_dumpf(output, stdout, JSON_COMPACT | JSON_SORT_KEYS);
        putchar('\n');
    } else {
        print_states(output);
    }
    json_decref(output);
    return UND_OK;
}

/* ---- check and explain ---- */

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
        rules_print_explanation(stdout, reading->set, fleet);
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
    struct reach_world *world = fleet ? reach_open_set(fleet, reading->set) : NULL;
    for (int i = 0; fleet && i < reading->set->n; i++) {
        char *effect = rules_effect(reading->set, i, fleet, world);
        json_object_set_new(json_array_get(json_object_get(json, "alerts"), (size_t)i), "effect",
                            json_string(effect));
        free(effect);
    }
    reach_close(world);
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

static enum und_code check(const struct wish *wish, char *const *paths, int n, bool explain,
                           struct und_err *err)
{
    struct reading reading = {
        .set = rule_set_new(), .rule_files = json_array(), .problems = json_array()};
    struct scenario *scenario = calloc(1, sizeof *scenario);
    UND_ASSERT(scenario != NULL);
    if (wish->fleet && n > 1) {
        und_fail(err, UND_USAGE,
                 "alerts: --fleet goes with one rule file or configuration, or a "
                 "folder of them");
    } else if (wish->fleet && load_fleet(wish->fleet, paths, n, scenario, err) != UND_OK) {
        /* said */
    } else {
        reading.set->version = wish->version;
        read_all(&reading, paths, n);
        if (wish->json)
            dump_reading(&reading, wish->fleet ? &scenario->fleet : NULL);
        else
            print_reading(&reading, wish->fleet ? &scenario->fleet : NULL, explain);
        judge(&reading, wish->strict, err);
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

/* ---- delay ---- */

static enum und_code delay(struct wish *wish, const char *path, struct und_err *err)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct delay_report *report = calloc(1, sizeof *report);
    enum und_code code;
    UND_ASSERT(scenario && report);
    code = scenario_load(scenario, path, wish->sets, wish->n_sets, err);
    if (code == UND_OK && scenario->fleet.monitoring.n_rules == 0)
        code = und_fail(err, UND_USAGE, "%s: the fleet has no alert rules", path);
    if (code == UND_OK) {
        snprintf(report->claim_of, sizeof report->claim_of, "--claim");
        if (isnan(wish->delay.claim_ms) && scenario->documented.detection_ms > 0) {
            wish->delay.claim_ms = (double)scenario->documented.detection_ms;
            memcpy(report->claim_of, scenario->name, sizeof report->claim_of);
        }
        code = alerts_delay(&wish->delay, &scenario->fleet, report, err);
        if (code != UND_USAGE && wish->json) {
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

/* ---- the verbs ---- */

enum und_code alerts_check_command(int argc, char **argv, struct und_err *err)
{
    struct wish wish = {0};
    int first = options_parse(&alerts_check_options, argc, argv, &wish, err);
    return first == 0 ? err->code : check(&wish, argv + first, argc - first, false, err);
}

enum und_code alerts_explain_command(int argc, char **argv, struct und_err *err)
{
    struct wish wish = {0};
    int first = options_parse(&alerts_explain_options, argc, argv, &wish, err);
    return first == 0 ? err->code : check(&wish, argv + first, argc - first, true, err);
}

enum und_code alerts_eval_command(int argc, char **argv, struct und_err *err)
{
    struct wish wish = {0};
    int first = options_parse(&alerts_eval_options, argc, argv, &wish, err);
    return first == 0 ? err->code : eval(&wish, err);
}

enum und_code alerts_delay_command(int argc, char **argv, struct und_err *err)
{
    struct wish wish = {.from = -1};
    int first = options_parse(&alerts_delay_options, argc, argv, &wish, err);
    if (first == 0)
        return err->code;
    wish.delay.from_pm = wish.from < 0 ? -1 : (int64_t)(wish.from * 1000 + 0.5);
    wish.delay.claim_ms = wish.claim_ms > 0 ? (double)wish.claim_ms : NAN;
    return delay(&wish, argv[first], err);
}

enum und_code alerts_test_command(int argc, char **argv, struct und_err *err)
{
    struct wish wish = {0};
    int first = options_parse(&alerts_test_options, argc, argv, &wish, err);
    if (first == 0)
        return err->code;
    return alerts_unit_tests(wish.version, wish.json, argv + first, argc - first);
}
